//! What stands around the panes: header, timeline, titles, footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::commands;
use super::layout::Place;
use super::names::{self, count};
use super::panes::nodes;
use super::text::{put, put_right};
use super::theme::Ink;
use super::ui::{Pane, Ui};
use crate::feed::{Speed, Status};
use crate::metrics::scene::Scene;

/// A pace as a person reads it.
pub fn pace(speed: f64) -> String {
    if speed >= 10.0 {
        format!("{speed:.0}x")
    } else if speed >= 1.0 {
        let text = format!("{speed:.1}");
        format!("{}x", text.strip_suffix(".0").unwrap_or(&text))
    } else {
        format!("{}x", format!("{speed:.3}").trim_end_matches('0').trim_end_matches('.'))
    }
}

/// First row: which run, when, how fast, how much.
pub fn header(scene: &Scene, ui: &Ui, status: &Status, area: Rect, buffer: &mut Buffer) {
    let theme = ui.theme();
    let cast = scene.cast();
    let y = area.y;
    let mut x = put(buffer, (area.x, y), area.width, " roadveil ", theme.style(Ink::Focus));
    let name = area.width.saturating_sub(58).clamp(8, 40);
    x = put(buffer, (x, y), name, &cast.scenario, theme.style(Ink::Title)) + 2;

    let (mark, ink) = match (status.finished, status.paused) {
        (true, _) => ("■ ended", Ink::Warn),
        (_, true) => ("‖ paused", Ink::Warn),
        _ => ("▶", Ink::Good),
    };
    x = put(buffer, (x, y), area.right().saturating_sub(x), mark, theme.style(ink)) + 1;
    let asked = match status.speed {
        Speed::Max => "max".to_owned(),
        Speed::Times(times) => pace(times),
    };
    // While nothing moves, what was achieved lately would only flicker.
    let speed = if status.paused || status.finished {
        asked
    } else {
        format!("{asked} (does {})", pace(status.rate))
    };
    x = put(
        buffer,
        (x, y),
        area.right().saturating_sub(x),
        &speed,
        theme.style(Ink::Plain),
    ) + 2;

    let share = scene
        .totals()
        .share()
        .map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0));
    let mut right = format!("{} msg/s  {share} delivered ", count(scene.sent_per_s().into()));
    if status.replay {
        right = format!("REPLAY  {right}");
    }
    put_right(
        buffer,
        (x, y),
        area.right().saturating_sub(x),
        &right,
        theme.style(Ink::Plain),
    );
}

/// Second row: where in the run it is.
pub fn timeline(ui: &Ui, status: &Status, area: Rect, buffer: &mut Buffer) {
    let theme = ui.theme();
    let focused = ui.active() == Pane::Timeline;
    let ink = if focused { Ink::Focus } else { Ink::Dim };
    let y = area.y;
    let now = format!(" {} s ", names::seconds(status.now));
    let end = format!(" {} s ", names::seconds(status.end));
    // A place that does not depend on how many digits the time has.
    let from = area.x + u16::try_from(end.len()).unwrap_or(0).max(12);
    put_right(buffer, (area.x, y), from - area.x, &now, theme.style(Ink::Title));
    let to = area.right().saturating_sub(u16::try_from(end.len()).unwrap_or(0));
    put(
        buffer,
        (to, y),
        area.right().saturating_sub(to),
        &end,
        theme.style(Ink::Dim),
    );
    let length = to.saturating_sub(from);
    if length == 0 {
        return;
    }
    let share = if status.end.0 == 0 {
        0.0
    } else {
        (status.now.0 as f64 / status.end.0 as f64).clamp(0.0, 1.0)
    };
    let at = (share * f64::from(length - 1)).round() as u16;
    let (done, rest) = if focused { ("━", "━") } else { ("━", "─") };
    for step in 0..length {
        let (symbol, ink) = match step.cmp(&at) {
            core::cmp::Ordering::Less => (done, ink),
            core::cmp::Ordering::Equal => ("●", Ink::Focus),
            core::cmp::Ordering::Greater => (rest, Ink::Dim),
        };
        put(buffer, (from + step, y), 1, symbol, theme.style(ink));
    }
}

/// The title row of a place: its tabs, the shown one marked, and a word about what is shown.
pub fn title(scene: &Scene, ui: &Ui, place: &Place, buffer: &mut Buffer) {
    let theme = ui.theme();
    let area = place.area;
    let shown = ui.opened().unwrap_or_else(|| ui.shown(place.panes));
    let focused = ui.active() == shown;
    let rule = theme.style(if focused { Ink::Focus } else { Ink::Dim });
    let line = if focused { "━" } else { "─" };
    put(
        buffer,
        (area.x, area.y),
        area.width,
        &line.repeat(usize::from(area.width)),
        rule,
    );
    let mut x = area.x + 1;
    for pane in place.panes {
        let style = match (*pane == shown, focused) {
            (true, true) => theme.style(Ink::Focus).add_modifier(Modifier::REVERSED),
            (true, false) => theme.style(Ink::Title),
            (false, _) => theme.style(Ink::Dim),
        };
        x = put(buffer, (x, area.y), area.right().saturating_sub(x), &tab(*pane), style);
    }
    let about = about(scene, ui, shown, place);
    if !about.is_empty() {
        let room = area.right().saturating_sub(x + 2);
        put_right(
            buffer,
            (x + 1, area.y),
            room,
            &format!(" {about} "),
            theme.style(Ink::Dim),
        );
    }
}

/// A pane's title with the number of its key, where it has one.
fn tab(pane: Pane) -> String {
    match Pane::ALL.iter().position(|other| *other == pane) {
        Some(index @ 0..7) => format!(" {} {} ", index + 1, pane.title()),
        _ => format!(" {} ", pane.title()),
    }
}

/// A word about what a pane shows.
fn about(scene: &Scene, ui: &Ui, pane: Pane, place: &Place) -> String {
    match pane {
        Pane::Map => {
            let scale = ui.camera().viewport(scene, place.inner()).scale;
            match ui.followed() {
                Some(node) => format!("{scale:.1} m/dot, follows {}", scene.name(node)),
                None => format!("{scale:.1} m/dot"),
            }
        }
        Pane::Flow => match (ui.filter().is_empty(), ui.selected()) {
            (false, _) => format!("only {}", ui.filter().text()),
            (true, Some(_)) if ui.active() == Pane::Flow => "stands; G goes on".to_owned(),
            (true, Some(_)) => "stands".to_owned(),
            (true, None) => String::new(),
        },
        Pane::Nodes => nodes::census(scene),
        Pane::Events => format!("{} so far", count(scene.lines().total())),
        _ => String::new(),
    }
}

/// Last row: the filter while it is typed, else a note, else the keys that work now.
pub fn footer(ui: &Ui, status: &Status, area: Rect, buffer: &mut Buffer) {
    let theme = ui.theme();
    let (x, y) = (area.x, area.y);
    if let Some(text) = ui.editing() {
        let end = put(buffer, (x, y), area.width, " filter: ", theme.style(Ink::Focus));
        let end = put(buffer, (end, y), area.right().saturating_sub(end), text, Style::new());
        let end = put(
            buffer,
            (end, y),
            area.right().saturating_sub(end),
            " ",
            Style::new().add_modifier(Modifier::REVERSED),
        );
        let hint = " a message, node or reason; lost, refused, wire, air ";
        return put_right(
            buffer,
            (end + 1, y),
            area.right().saturating_sub(end + 1),
            hint,
            theme.style(Ink::Dim),
        );
    }
    let mut x = x;
    if let Some(note) = ui.note().or(status.note.as_deref()) {
        // What the feed has to say stays, so it must leave room for keys.
        let room = if ui.note().is_some() {
            area.width
        } else {
            area.width / 2
        };
        x = put(buffer, (x, y), room, &format!(" {note} "), theme.style(Ink::Warn));
    }
    for command in commands::for_footer(ui, status) {
        let Some(key) = command.keys.first() else { continue };
        let (key, label) = (format!(" {}", key.name()), format!(" {} ", (command.label)(ui, status)));
        let length = key.chars().count() + label.chars().count();
        if usize::from(area.right().saturating_sub(x)) < length {
            break;
        }
        x = put(
            buffer,
            (x, y),
            area.right().saturating_sub(x),
            &key,
            theme.style(Ink::Title),
        );
        x = put(
            buffer,
            (x, y),
            area.right().saturating_sub(x),
            &label,
            theme.style(Ink::Dim),
        );
    }
}
