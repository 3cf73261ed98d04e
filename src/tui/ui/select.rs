//! Moving selections, cursors and the camera.

use roadveil_role::tree;

use super::{Pane, Ui};
use crate::metrics::scene::{Entry, Scene};
use crate::tui::names;
use crate::tui::panes::{message, nodes};

impl Ui {
    /// Up or down by one, or by a page.
    pub(super) fn vertical(&mut self, scene: &Scene, by: isize, page: bool) {
        if self.help {
            self.help_scroll = self.help_scroll.saturating_add_signed(if page { by * 10 } else { by });
            return;
        }
        let pane = self.active();
        let rows = self
            .inner(pane)
            .map_or(1, |area| usize::from(area.height).saturating_sub(1).max(1));
        let step = if page { by * rows.cast_signed() } else { by };
        match pane {
            Pane::Map if page => self.pan(scene, 0.0, -4.0 * by as f64),
            Pane::Map => self.pan(scene, 0.0, -by as f64),
            Pane::Flow => self.select_by(scene, step),
            Pane::Nodes => self.node_by(scene, step),
            Pane::Message if !page => {
                let last = self.fields().saturating_sub(1);
                self.field = self.field.saturating_add_signed(step).min(last);
            }
            // Events are read from their end.
            Pane::Events => self.scroll_by(pane, -step),
            _ => self.scroll_by(pane, step),
        }
    }

    /// To the first or the last.
    pub(super) fn end(&mut self, scene: &Scene, last: bool) {
        if self.help {
            self.help_scroll = if last { usize::MAX / 2 } else { 0 };
            return;
        }
        let far = if last { usize::MAX / 2 } else { 0 };
        match self.active() {
            // The flow's end moves: to be there is to move along.
            Pane::Flow if last => self.selected = None,
            Pane::Flow => {
                let first = scene.flow().iter().find(|entry| self.filter.matches(entry)).cloned();
                self.select(first, 0);
            }
            Pane::Nodes => {
                let rows = nodes::rows(scene, self.sort);
                self.node = if last { rows.last() } else { rows.first() }.copied();
            }
            Pane::Message => self.field = if last { self.fields().saturating_sub(1) } else { 0 },
            Pane::Events => drop(self.scroll.insert(Pane::Events, if last { 0 } else { usize::MAX / 2 })),
            pane => drop(self.scroll.insert(pane, far)),
        }
    }

    /// The latest message that passes the filter.
    pub(super) fn select_latest(&mut self, scene: &Scene) {
        let latest = scene
            .flow()
            .iter()
            .rev()
            .find(|entry| self.filter.matches(entry))
            .cloned();
        self.select(latest, usize::MAX);
    }

    fn select(&mut self, entry: Option<Entry>, row: usize) {
        let rows = self.inner(Pane::Flow).map_or(1, |area| usize::from(area.height));
        self.selected_row = row.min(rows.saturating_sub(1));
        if entry.as_ref().map(|entry| entry.tx) != self.selected.as_ref().map(|entry| entry.tx) {
            self.field = 0;
            self.scroll.remove(&Pane::Message);
        }
        if entry.is_some() {
            self.show(Pane::Message);
        }
        self.selected = entry.map(Box::new);
    }

    /// Shows a pane where others share its place, and leaves the focus where it is.
    fn show(&mut self, pane: Pane) {
        if self.active() != pane && self.opened.is_empty() {
            self.order.retain(|other| *other != pane);
            self.order.insert(1.min(self.order.len()), pane);
        }
    }

    fn select_by(&mut self, scene: &Scene, by: isize) {
        let Some(selected) = &self.selected else {
            // The newest is the last row: up goes there, down is already there.
            if by < 0 {
                self.select_latest(scene);
            }
            return;
        };
        let flow = scene.flow();
        let Some(here) = flow.index_of(selected.tx) else {
            // Forgotten meanwhile: the oldest that is left is the nearest.
            let oldest = flow.iter().find(|entry| self.filter.matches(entry)).cloned();
            self.select(oldest, 0);
            return;
        };
        let far = by.unsigned_abs();
        let passing: Vec<usize> = if by < 0 {
            (0..here)
                .rev()
                .filter(|&index| self.passes(scene, index))
                .take(far)
                .collect()
        } else {
            (here + 1..flow.len())
                .filter(|&index| self.passes(scene, index))
                .take(far)
                .collect()
        };
        if let Some(&there) = passing.last() {
            let row = self
                .selected_row
                .saturating_add_signed(passing.len().cast_signed() * by.signum());
            self.select(flow.at(there).cloned(), row);
        }
    }

    fn passes(&self, scene: &Scene, index: usize) -> bool {
        scene.flow().at(index).is_some_and(|entry| self.filter.matches(entry))
    }

    /// The next or previous message that was lost or refused somewhere.
    pub(super) fn next_loss(&mut self, scene: &Scene, forward: bool) {
        let flow = scene.flow();
        let here = self.selected.as_ref().and_then(|entry| flow.index_of(entry.tx));
        let fits = |&index: &usize| {
            flow.at(index)
                .is_some_and(|entry| entry.failed() && self.filter.matches(entry))
        };
        let there = match (here, forward) {
            (Some(here), true) => (here + 1..flow.len()).find(fits),
            (Some(here), false) => (0..here).rev().find(fits),
            (None, _) => (0..flow.len()).rev().find(fits),
        };
        match there.and_then(|index| flow.at(index)) {
            Some(entry) => {
                let rows = self.inner(Pane::Flow).map_or(1, |area| usize::from(area.height));
                if self.opened.is_empty() && !matches!(self.active(), Pane::Flow | Pane::Message | Pane::Map) {
                    // What has the focus may stand where the message is to be seen.
                    self.focus(Pane::Flow);
                }
                self.select(Some(entry.clone()), rows / 2);
            }
            None => {
                self.note = Some(
                    if forward {
                        "no later loss is remembered"
                    } else {
                        "no earlier loss is remembered"
                    }
                    .to_owned(),
                )
            }
        }
    }

    fn node_by(&mut self, scene: &Scene, by: isize) {
        let rows = nodes::rows(scene, self.sort);
        let here = self.node.and_then(|node| rows.iter().position(|row| *row == node));
        let there = match here {
            Some(here) => here.saturating_add_signed(by).min(rows.len().saturating_sub(1)),
            None => 0,
        };
        self.node = rows.get(there).copied();
    }

    fn scroll_by(&mut self, pane: Pane, by: isize) {
        let scroll = self.scroll.entry(pane).or_insert(0);
        *scroll = scroll.saturating_add_signed(by);
    }

    /// How many fields the selected message has.
    fn fields(&self) -> usize {
        let Some(entry) = &self.selected else { return 0 };
        names::protocol(self.protocols, entry.head()[0]).map_or(0, |protocol| {
            message::flatten(&tree::describe(protocol.messages, &entry.bytes)).len()
        })
    }

    /// Moves the map by so many eighths of what it shows.
    pub(super) fn pan(&mut self, scene: &Scene, east: f64, north: f64) {
        if let Some(area) = self.inner(Pane::Map) {
            self.camera.pan(scene, area, east / 8.0, north / 8.0);
        }
    }

    pub(super) fn zoom(&mut self, scene: &Scene, by: f64) {
        if let Some(area) = self.inner(Pane::Map) {
            self.camera.zoom(scene, area, by);
        }
    }
}
