//! All nodes: state, load, queue, counts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::event::NodeId;
use crate::metrics::scene::Scene;
use crate::tui::names;
use crate::tui::text::{bar, put, put_right};
use crate::tui::theme::{Ink, KeyState};
use crate::tui::ui::{Pane, Sort, Ui};

/// The nodes that the table has, in its order: fixed ones always, vehicles while they are there.
pub fn rows(scene: &Scene, sort: Sort) -> Vec<NodeId> {
    let all = (0u32..).map(NodeId).zip(&scene.cast().nodes).zip(scene.nodes());
    let mut rows: Vec<_> = all
        .filter(|((_, cast), node)| node.present || !cast.mobile)
        .map(|((id, _), node)| (id, node))
        .collect();
    let most = core::cmp::Reverse::<u64>;
    // Stable: equals keep the order of their numbers.
    match sort {
        Sort::Number => {}
        Sort::Load => rows.sort_by_key(|(_, node)| most(node.busy.into())),
        Sort::Queue => rows.sort_by_key(|(_, node)| most(node.queued.into())),
        Sort::Refusals => rows.sort_by_key(|(id, _)| most(scene.counts(*id).rejected)),
    }
    rows.into_iter().map(|(id, _)| id).collect()
}

/// A column of the table: heading, width, right-aligned?
type Column = (&'static str, u16, bool);

/// The columns that fit.
fn columns(width: u16) -> Vec<Column> {
    let mut columns = vec![
        ("node", 10, false),
        ("state", 11, false),
        ("load", 11, false),
        ("queue", 5, true),
    ];
    let more: [Column; 6] = [
        ("rx/s", 5, true),
        ("refused", 7, true),
        ("lost", 7, true),
        ("got", 7, true),
        ("sent", 7, true),
        ("address", 17, false),
    ];
    let mut used: u16 = columns.iter().map(|(_, width, _)| width + 1).sum();
    for column in more {
        if used + column.1 > width {
            break;
        }
        used += column.1 + 1;
        columns.push(column);
    }
    // What is left over goes to the state, which is in words.
    columns[1].1 += width.saturating_sub(used).min(12);
    columns
}

/// Draws the table; the selected node stays in sight.
pub fn draw(scene: &Scene, ui: &Ui, area: Rect, buffer: &mut Buffer) {
    let theme = ui.theme();
    if area.height == 0 {
        return;
    }
    let columns = columns(area.width);
    let mut x = area.x;
    for (heading, width, right) in &columns {
        let heading = if Some(*heading) == ui.sort().column() {
            format!("{heading}↓")
        } else {
            (*heading).to_owned()
        };
        if *right {
            put_right(buffer, (x, area.y), *width, &heading, theme.style(Ink::Dim));
        } else {
            put(buffer, (x, area.y), *width, &heading, theme.style(Ink::Dim));
        }
        x += width + 1;
    }
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let rows = rows(scene, ui.sort());
    let height = usize::from(body.height);
    let selected = ui.node().and_then(|node| rows.iter().position(|row| *row == node));
    let top = selected
        .map_or(0, |selected| selected.saturating_sub(height / 2))
        .min(rows.len().saturating_sub(height));
    for (y, id) in (body.top()..body.bottom()).zip(rows.iter().skip(top)) {
        let mut x = body.x;
        for column in &columns {
            cell(scene, ui, *id, *column, (x, y), buffer);
            x += column.1 + 1;
        }
        if ui.node() == Some(*id) {
            buffer.set_style(
                Rect { y, height: 1, ..body },
                theme.selected(ui.active() == Pane::Nodes),
            );
        }
    }
}

fn cell(scene: &Scene, ui: &Ui, id: NodeId, (column, width, _): Column, at: (u16, u16), buffer: &mut Buffer) {
    let theme = ui.theme();
    let Some(node) = scene.node(id) else { return };
    let counts = scene.counts(id);
    let right = |count: u64, ink: Ink, buffer: &mut Buffer| {
        put_right(buffer, at, width, &names::count(count), theme.style(ink))
    };
    let alarm = |count: u64| if count > 0 { Ink::Bad } else { Ink::Dim };
    match column {
        "node" => {
            let ink = if node.present { Ink::Plain } else { Ink::Dim };
            put(buffer, at, width, &scene.name(id), theme.style(ink));
        }
        "state" => {
            let (text, ink) = match node.state() {
                _ if !node.present => ("gone", Ink::Bad),
                Some(state) => (state, KeyState::of(Some(state)).ink()),
                None => ("–", Ink::Dim),
            };
            put(buffer, at, width, text, theme.style(ink));
        }
        "load" => {
            let ink = match node.busy {
                900.. => Ink::Bad,
                600.. => Ink::Warn,
                _ => Ink::Good,
            };
            put(buffer, at, 6, &bar(f64::from(node.busy) / 1000.0, 6), theme.style(ink));
            put_right(
                buffer,
                (at.0 + 6, at.1),
                width.saturating_sub(6),
                &format!("{} %", (node.busy + 5) / 10),
                theme.style(Ink::Plain),
            );
        }
        "queue" => right(
            node.queued.into(),
            if node.queued > 0 { Ink::Warn } else { Ink::Dim },
            buffer,
        ),
        "rx/s" => right(node.received_per_s.into(), Ink::Plain, buffer),
        "refused" => right(counts.rejected, alarm(counts.rejected), buffer),
        "lost" => right(counts.lost, Ink::Plain, buffer),
        "got" => right(counts.delivered, Ink::Plain, buffer),
        "sent" => right(counts.sent, Ink::Plain, buffer),
        _ => {
            if let Some(addr) = node.addr {
                put(buffer, at, width, &addr.to_string(), theme.style(Ink::Dim));
            }
        }
    }
}

/// How many nodes are in which state, for the table's title: the states as the roles name them, most frequent first.
pub fn census(scene: &Scene) -> String {
    let mut states: Vec<(&str, usize)> = Vec::new();
    let present = scene
        .cast()
        .nodes
        .iter()
        .zip(scene.nodes())
        .filter(|(cast, node)| cast.mobile && node.present);
    let mut count = 0;
    for (_, node) in present {
        count += 1;
        let Some(state) = node.state() else { continue };
        let room = states.len() < 8;
        match states.iter_mut().find(|(known, _)| *known == state) {
            Some((_, count)) => *count += 1,
            // A role that invents states without end does not make the title longer.
            None if room => states.push((state, 1)),
            None => {}
        }
    }
    states.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
    let states: Vec<String> = states
        .iter()
        .take(3)
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    match states.as_slice() {
        [] => format!("{count} vehicles"),
        states => format!("{count} vehicles: {}", states.join(", ")),
    }
}
