//! Messages as they happen, the newest at the bottom. Selecting one makes the list stand still around it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::metrics::scene::{Entry, Medium, Scene};
use crate::tui::names;
use crate::tui::text::{put, put_right};
use crate::tui::theme::Ink;
use crate::tui::ui::{Pane, Ui};

/// Widths of the columns; what is left over goes to the message's name.
struct Columns {
    time: u16,
    from: u16,
    to: u16,
    bytes: u16,
    outcome: u16,
}

impl Columns {
    fn of(width: u16) -> Columns {
        match width {
            70.. => Columns {
                time: 9,
                from: 12,
                to: 12,
                bytes: 6,
                outcome: 18,
            },
            50.. => Columns {
                time: 7,
                from: 8,
                to: 8,
                bytes: 0,
                outcome: 13,
            },
            _ => Columns {
                time: 7,
                from: 7,
                to: 7,
                bytes: 0,
                outcome: 8,
            },
        }
    }
}

/// Draws the flow.
pub fn draw(scene: &Scene, ui: &Ui, area: Rect, buffer: &mut Buffer) {
    let (entries, selected) = window(scene, ui, usize::from(area.height));
    let dim = ui.theme().style(Ink::Dim);
    if entries.is_empty() {
        let text = if ui.filter().is_empty() {
            "nothing has been sent yet"
        } else {
            "no message that is remembered matches"
        };
        put(buffer, (area.x, area.y), area.width, text, dim);
        return;
    }
    let focused = ui.active() == Pane::Flow;
    for (y, (index, entry)) in (area.top()..area.bottom()).zip(entries.iter().enumerate()) {
        row(scene, ui, entry, Rect { y, height: 1, ..area }, buffer);
        if selected == Some(index) {
            buffer.set_style(Rect { y, height: 1, ..area }, ui.theme().selected(focused));
        }
    }
}

/// The entries in sight, and which of them is selected.
fn window<'a>(scene: &'a Scene, ui: &Ui, rows: usize) -> (Vec<&'a Entry>, Option<usize>) {
    let passes = |entry: &&Entry| ui.filter().matches(entry);
    let flow = scene.flow();
    let Some(tx) = ui.selected().map(|entry| entry.tx) else {
        let mut entries: Vec<_> = flow.iter().rev().filter(passes).take(rows).collect();
        entries.reverse();
        return (entries, None);
    };
    // Where it was forgotten, the list stands at the oldest that is left.
    let here = flow.index_of(tx);
    let from = here.unwrap_or(0);
    let mut entries: Vec<_> = flow
        .iter()
        .take(from)
        .rev()
        .filter(passes)
        .take(ui.selected_row().min(rows))
        .collect();
    entries.reverse();
    let above = entries.len();
    // The selected one is shown even if a later filter would hide it.
    let below = flow.iter().skip(from).filter(|entry| entry.tx == tx || passes(entry));
    entries.extend(below.take(rows.saturating_sub(above)));
    (entries, here.map(|_| above))
}

fn row(scene: &Scene, ui: &Ui, entry: &Entry, area: Rect, buffer: &mut Buffer) {
    let theme = ui.theme();
    let columns = Columns::of(area.width);
    let y = area.y;
    let mut x = area.x;
    put_right(
        buffer,
        (x, y),
        columns.time,
        &names::seconds(entry.at),
        theme.style(Ink::Dim),
    );
    x += columns.time + 1;
    put_right(
        buffer,
        (x, y),
        columns.from,
        &names::sender(scene, entry),
        theme.style(Ink::Plain),
    );
    x += columns.from;
    let (arrow, ink) = match entry.medium {
        Medium::Wire { .. } => ("⇢", Ink::Wire),
        Medium::Air { .. } if entry.is_broadcast() => ("→", Ink::Ring),
        Medium::Air { .. } => ("→", Ink::Unicast),
    };
    x = put(buffer, (x, y), 1, arrow, theme.style(ink));
    let to = if entry.is_broadcast() { Ink::Dim } else { Ink::Plain };
    put(
        buffer,
        (x, y),
        columns.to,
        &names::addressee(scene, entry),
        theme.style(to),
    );
    x += columns.to + 1;
    let rest = area.right().saturating_sub(x);
    let fixed = columns.outcome + 1 + if columns.bytes > 0 { columns.bytes + 1 } else { 0 };
    let name = rest.saturating_sub(fixed);
    let end = put(
        buffer,
        (x, y),
        name,
        &names::message(ui.protocols(), entry.head()),
        theme.style(Ink::Plain),
    );
    if entry.attempt > 0 {
        put(
            buffer,
            (end, y),
            (x + name).saturating_sub(end),
            &format!(" ×{}", u16::from(entry.attempt) + 1),
            theme.style(Ink::Warn),
        );
    }
    x += name + 1;
    if columns.bytes > 0 {
        put_right(
            buffer,
            (x, y),
            columns.bytes,
            &format!("{} B", entry.bytes.len()),
            theme.style(Ink::Dim),
        );
        x += columns.bytes + 1;
    }
    let (text, ink) = outcome(scene, entry);
    put(buffer, (x, y), area.right().saturating_sub(x), &text, theme.style(ink));
}

/// What became of it, in a word or a share.
pub fn outcome(scene: &Scene, entry: &Entry) -> (String, Ink) {
    if !entry.ended {
        return (pending(scene, entry).to_owned(), Ink::Dim);
    }
    if let [only] = entry.receptions.as_slice() {
        return match entry.outcome(only) {
            None => ("✓".to_owned(), Ink::Good),
            Some(why) => (format!("✗ {why}"), Ink::Bad),
        };
    }
    let all = entry.delivered + entry.lost;
    if all == 0 {
        return ("nobody".to_owned(), Ink::Dim);
    }
    let refused = if entry.rejected > 0 {
        format!(" !{}", entry.rejected)
    } else {
        String::new()
    };
    let ink = match entry.delivered {
        _ if entry.rejected > 0 => Ink::Bad,
        0 => Ink::Bad,
        delivered if delivered == all => Ink::Good,
        _ => Ink::Warn,
    };
    (format!("{}/{all}{refused}", entry.delivered), ink)
}

/// Why there are no outcomes: the frame is under way, or it has ended and the stream does not say, as in a log without its
/// truth.
pub fn pending(scene: &Scene, entry: &Entry) -> &'static str {
    match entry.medium {
        Medium::Air { airtime, .. } if entry.at.0.saturating_add(airtime) < scene.now().0 => "not known",
        _ => "on air",
    }
}
