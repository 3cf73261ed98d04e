//! The screen, drawn from a scene and from what the person chose. Nothing here changes either.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::StatefulWidget;

use super::layout::{self, Layout, Place};
use super::map::{self, Grid, Ground};
use super::panes::{events, flow, losses, message, node, nodes, views};
use super::text::put;
use super::theme::Ink;
use super::ui::{Pane, Ui};
use super::{chrome, help};
use crate::feed::Status;
use crate::metrics::scene::Scene;

/// Everything that a frame shows.
///
/// ```text
///  roadveil SCENARIO  ▶ 1x (does 1x)                812 msg/s  93.2 % delivered
///     12.345 s ━━━━━━━━━●──────────────────────────────────────────── 60.000 s
/// ━ Map ━━━━━━━━━━━━━━━━━━━ 3.1 m/dot ━│─ Flow ────────────────────────────────
///      ⢀⠔⠉⠉⠢⡀     ⡇                    │   12.340   car-1→all     Beacon   4/5
///  ⠤⠤⠤⠤●⠤car-1⠤⠤⠤⠤⡧⠤⠤◆rsu-1            │   12.345   car-2→rsu-1   Request  ✓
/// ─ Message  Nodes  Losses  Views  Events ──────────────────────────────────────
/// Request  car-2 → rsu-1  12.345678 s  312 B  488 µs    │ 1 of 1 received it
///   time: 12345                                     u64 │ ✓ rsu-1     -67
///  ? help  q quit  Space pause  . step  Tab next pane  Enter open  ↑ select
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Screen<'a> {
    /// The run as it stands.
    pub scene: &'a Scene,
    /// What the person chose.
    pub ui: &'a Ui,
    /// How the feed stands.
    pub status: &'a Status,
    /// What protocols have to show; asked for only while it is seen.
    pub views: &'a [views::Named],
}

/// What is kept from frame to frame: it makes frames cheap and never changes what they show.
#[derive(Debug, Default)]
pub struct Cache {
    ground: Ground,
    moving: Grid,
    /// How far each pane could be scrolled when it was last drawn.
    pub limits: BTreeMap<Pane, usize>,
    /// The same of the help.
    pub help_limit: usize,
}

impl StatefulWidget for &Screen<'_> {
    type State = Cache;

    fn render(self, area: Rect, buffer: &mut Buffer, cache: &mut Cache) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        if self.ui.help_is_open() {
            cache.help_limit = help::draw(self.ui, area, buffer);
            return;
        }
        if layout::too_small(area) {
            return self.too_small(area, buffer);
        }
        let layout = layout::layout(area);
        chrome::header(self.scene, self.ui, self.status, layout.header, buffer);
        chrome::timeline(self.ui, self.status, layout.timeline, buffer);
        self.panes(&layout, buffer, cache);
        chrome::footer(self.ui, self.status, layout.footer, buffer);
    }
}

impl Screen<'_> {
    fn panes(&self, layout: &Layout, buffer: &mut Buffer, cache: &mut Cache) {
        if let Some(pane) = self.ui.opened() {
            let alone = Place {
                panes: only(pane).unwrap_or(&[]),
                area: layout.main,
            };
            chrome::title(self.scene, self.ui, &alone, buffer);
            self.pane(pane, alone.inner(), buffer, cache);
            return;
        }
        for y in layout.gap.top()..layout.gap.bottom() {
            put(buffer, (layout.gap.x, y), 1, "│", self.ui.theme().style(Ink::Dim));
        }
        for place in &layout.places {
            chrome::title(self.scene, self.ui, place, buffer);
            self.pane(self.ui.shown(place.panes), place.inner(), buffer, cache);
        }
    }

    fn pane(&self, pane: Pane, area: Rect, buffer: &mut Buffer, cache: &mut Cache) {
        let Screen { scene, ui, .. } = self;
        let limit = match pane {
            Pane::Map => {
                map::draw(scene, ui, area, buffer, &mut cache.ground, &mut cache.moving);
                return;
            }
            Pane::Flow => return flow::draw(scene, ui, area, buffer),
            Pane::Nodes => return nodes::draw(scene, ui, area, buffer),
            Pane::Timeline => return,
            Pane::Message => message::draw(scene, ui, area, buffer),
            Pane::Losses => losses::draw(scene, ui, area, buffer),
            Pane::Views => views::draw(self.views, ui, area, buffer),
            Pane::Events => events::draw(scene, ui, area, buffer),
            Pane::Node => node::draw(scene, ui, area, buffer),
        };
        cache.limits.insert(pane, limit);
    }

    fn too_small(&self, area: Rect, buffer: &mut Buffer) {
        let (width, height) = layout::MIN;
        let lines = [
            format!("roadveil needs {width}x{height}"),
            format!("this terminal has {}x{}", area.width, area.height),
            "make it larger, or  ? help  q quit".to_owned(),
        ];
        let top = area.y + area.height.saturating_sub(3) / 2;
        for (y, line) in (top..area.bottom()).zip(&lines) {
            let length = u16::try_from(line.chars().count()).unwrap_or(u16::MAX);
            put(
                buffer,
                (area.x + area.width.saturating_sub(length) / 2, y),
                area.width,
                line,
                Style::new(),
            );
        }
    }
}

/// A pane as a list of one.
fn only(pane: Pane) -> Option<&'static [Pane]> {
    static ALL: [Pane; 9] = Pane::ALL;
    ALL.iter()
        .position(|other| *other == pane)
        .and_then(|index| ALL.get(index..=index))
}
