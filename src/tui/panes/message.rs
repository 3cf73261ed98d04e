//! The selected message: its fields, its bytes, and what became of it at each receiver.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use roadveil_role::tree::{self, Tree};

use super::flow;
use crate::event::Reception;
use crate::metrics::scene::{Entry, Medium, Scene};
use crate::tui::names;
use crate::tui::text::{put, put_right};
use crate::tui::theme::Ink;
use crate::tui::ui::{Pane, Ui};

/// The fields of a tree in the order in which they are shown, with their depth.
pub fn flatten(tree: &Tree) -> Vec<(usize, &Tree)> {
    fn walk<'a>(tree: &'a Tree, depth: usize, fields: &mut Vec<(usize, &'a Tree)>) {
        fields.push((depth, tree));
        tree.parts.iter().for_each(|part| walk(part, depth + 1, fields));
    }
    let mut fields = Vec::new();
    walk(tree, 0, &mut fields);
    fields
}

/// Draws the message; returns how far its receivers can be scrolled.
pub fn draw(scene: &Scene, ui: &Ui, area: Rect, buffer: &mut Buffer) -> usize {
    let Some(entry) = ui.selected() else {
        put(
            buffer,
            (area.x, area.y),
            area.width,
            "no message is selected: choose one in the flow with ↑ ↓",
            ui.theme().style(Ink::Dim),
        );
        return 0;
    };
    if area.height == 0 {
        return 0;
    }
    summary(scene, ui, entry, Rect { height: 1, ..area }, buffer);
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let right = (body.width * 2 / 5).clamp(28, 46).min(body.width);
    let left = body.width.saturating_sub(right + 1);
    content(ui, entry, Rect { width: left, ..body }, buffer);
    for y in body.top()..body.bottom() {
        put(buffer, (body.x + left, y), 1, "│", ui.theme().style(Ink::Dim));
    }
    receivers(
        scene,
        ui,
        entry,
        Rect {
            x: body.x + body.width.min(left + 1),
            width: body.width.saturating_sub(left + 1),
            ..body
        },
        buffer,
    )
}

fn summary(scene: &Scene, ui: &Ui, entry: &Entry, area: Rect, buffer: &mut Buffer) {
    let theme = ui.theme();
    let name = names::message(ui.protocols(), entry.head());
    let end = put(buffer, (area.x, area.y), area.width, &name, theme.style(Ink::Title));
    let from = names::sender(scene, entry);
    let to = names::addressee(scene, entry);
    let mut text = format!("  {from} → {to}  {} s  {} B", entry.at, entry.bytes.len());
    match entry.medium {
        Medium::Air { from, to, airtime } => {
            text += &format!("  {} µs on air", airtime / 1000);
            if entry.attempt > 0 {
                text += &format!("  attempt {}", u16::from(entry.attempt) + 1);
            }
            text += &format!("  {from}");
            if !to.is_broadcast() {
                text += &format!(" → {to}");
            }
        }
        Medium::Wire { fate: Ok(arrives) } => {
            text += &format!("  {} µs on the wires", arrives.since(entry.at).as_micros());
        }
        Medium::Wire { fate: Err(why) } => text += &format!("  lost on the wires: {why}"),
    }
    text += &format!("  #{}", entry.tx.0);
    put(
        buffer,
        (end, area.y),
        area.right().saturating_sub(end),
        &text,
        theme.style(Ink::Plain),
    );
}

/// The fields above, the bytes below.
fn content(ui: &Ui, entry: &Entry, area: Rect, buffer: &mut Buffer) {
    let Some(protocol) = names::protocol(ui.protocols(), entry.head()[0]) else {
        return hex(ui, entry, 0..0, area, buffer);
    };
    let tree = tree::describe(protocol.messages, &entry.bytes);
    let fields = flatten(&tree);
    let cursor = ui.field().min(fields.len().saturating_sub(1));
    let bytes = fields.get(cursor).map_or(0..0, |(_, field)| field.bytes.clone());
    let per_row = bytes_a_row(area.width);
    let wanted = u16::try_from(entry.bytes.len().div_ceil(per_row)).unwrap_or(u16::MAX) + 1;
    // Little room is better spent on fields; of the bytes, the row with the cursor's is the one to see.
    let below = if area.height >= 10 {
        wanted.min(area.height / 2)
    } else {
        1.min(area.height / 3)
    };
    let above = Rect {
        height: area.height - below,
        ..area
    };
    let top = (cursor + 1).saturating_sub(usize::from(above.height));
    for (y, (index, (depth, field))) in (above.top()..above.bottom()).zip(fields.iter().enumerate().skip(top)) {
        let line = Rect { y, height: 1, ..above };
        row(ui, *depth, field, line, buffer);
        if index == cursor {
            buffer.set_style(line, ui.theme().selected(ui.active() == Pane::Message));
        }
    }
    let mut below = Rect {
        y: above.bottom(),
        height: below,
        ..area
    };
    if below.height > 2 {
        put(
            buffer,
            (below.x, below.y),
            below.width,
            &"─".repeat(usize::from(below.width)),
            ui.theme().style(Ink::Dim),
        );
        below = Rect {
            y: below.y + 1,
            height: below.height - 1,
            ..below
        };
    }
    hex(ui, entry, bytes, below, buffer);
}

fn row(ui: &Ui, depth: usize, field: &Tree, area: Rect, buffer: &mut Buffer) {
    let theme = ui.theme();
    let indent = u16::try_from(depth * 2).unwrap_or(u16::MAX).min(area.width / 2);
    let x = area.x + indent;
    let broken = field.name == "malformed";
    let name = put(
        buffer,
        (x, area.y),
        area.width - indent,
        &field.name,
        theme.style(if broken { Ink::Bad } else { Ink::Dim }),
    );
    let start = name + 1;
    let value = put(
        buffer,
        (start, area.y),
        area.right().saturating_sub(start),
        &field.value,
        theme.style(Ink::Plain),
    );
    let room = area.right().saturating_sub(value + 2);
    // The schema's name of a container says nothing that its parts do not.
    if usize::from(room) >= field.kind.len() && field.kind.chars().all(char::is_alphanumeric) {
        put_right(buffer, (value + 2, area.y), room, field.kind, theme.style(Ink::Dim));
    }
}

/// As many bytes in a row as fit beside their place and their letters.
fn bytes_a_row(width: u16) -> usize {
    match width {
        71.. => 16,
        39.. => 8,
        _ => 4,
    }
}

/// The bytes, those of a field marked, from the row on in which the field begins.
fn hex(ui: &Ui, entry: &Entry, marked: core::ops::Range<usize>, area: Rect, buffer: &mut Buffer) {
    let theme = ui.theme();
    let per_row = bytes_a_row(area.width);
    let rows = entry.bytes.len().div_ceil(per_row);
    let last_top = rows.saturating_sub(usize::from(area.height));
    let top = (marked.start / per_row).min(last_top);
    for (y, (index, bytes)) in (area.top()..area.bottom()).zip(entry.bytes.chunks(per_row).enumerate().skip(top)) {
        let mut x = put(
            buffer,
            (area.x, y),
            area.width,
            &format!("{:04x} ", index * per_row),
            theme.style(Ink::Dim),
        );
        let letters = area.x + 6 + u16::try_from(per_row * 3).unwrap_or(0) + 1;
        for (place, byte) in (index * per_row..).zip(bytes) {
            let style = if marked.contains(&place) {
                theme.selected(true)
            } else {
                Style::new()
            };
            put(buffer, (x, y), 1, " ", Style::new());
            x = put(
                buffer,
                (x + 1, y),
                area.right().saturating_sub(x + 1),
                &format!("{byte:02x}"),
                style,
            );
            let letter = if byte.is_ascii_graphic() {
                char::from(*byte)
            } else {
                '·'
            };
            let at = letters + u16::try_from(place % per_row).unwrap_or(0);
            put(
                buffer,
                (at, y),
                area.right().saturating_sub(at),
                letter.encode_utf8(&mut [0; 4]),
                style,
            );
        }
    }
}

/// The outcome at each candidate: refusals first, then losses, then those that took it in.
fn receivers(scene: &Scene, ui: &Ui, entry: &Entry, area: Rect, buffer: &mut Buffer) -> usize {
    let theme = ui.theme();
    if area.height == 0 {
        return 0;
    }
    let head = match (entry.ended, entry.receptions.len()) {
        (false, _) => flow::pending(scene, entry).to_owned(),
        (true, 0) => "nobody in reach".to_owned(),
        (true, all) => match entry.rejected {
            0 => format!("{} of {all} received it", entry.delivered),
            rejected => format!("{} of {all} received, {rejected} refused", entry.delivered),
        },
    };
    put(buffer, (area.x, area.y), area.width, &head, theme.style(Ink::Title));
    let mut outcomes: Vec<_> = entry
        .receptions
        .iter()
        .map(|reception| {
            let after = entry.after.iter().find(|after| after.node == reception.node);
            let rank = match (reception.lost, after) {
                (None, Some(after)) if after.role.is_some() => 0,
                (Some(_), _) | (None, Some(_)) => 1,
                (None, None) => 2,
            };
            (rank, reception, after)
        })
        .collect();
    outcomes.sort_by_key(|(rank, reception, _)| (*rank, reception.node));
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let limit = outcomes.len().saturating_sub(usize::from(body.height));
    let scroll = ui.scroll(Pane::Message).min(limit);
    for (y, (rank, reception, after)) in (body.top()..body.bottom()).zip(outcomes.into_iter().skip(scroll)) {
        let (mark, ink) = [("!", Ink::Bad), ("✗", Ink::Bad), ("✓", Ink::Good)][rank];
        let mut x = put(buffer, (body.x, y), 2, mark, theme.style(ink)) + 1;
        put(buffer, (x, y), 9, &scene.name(reception.node), Style::new());
        x += 10;
        if matches!(entry.medium, Medium::Air { .. }) {
            let dbm = match reception.dbm {
                Reception::NO_POWER => "—".to_owned(),
                dbm => dbm.to_string(),
            };
            put_right(buffer, (x, y), 4, &dbm, theme.style(Ink::Dim));
            x += 5;
        }
        let mut text = reception
            .lost
            .or(after.map(|after| after.why))
            .map_or_else(String::new, |why| why.to_string());
        if let Some(role) = after.and_then(|after| after.role) {
            text += &format!(" by {}", names::role(scene, reception.node, role));
        }
        put(buffer, (x, y), body.right().saturating_sub(x), &text, theme.style(ink));
    }
    limit
}
