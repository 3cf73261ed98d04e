//! Steps, states and events of roles, and what happened to the run itself; the newest at the bottom.

use core::fmt::Write;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line as Text, Span};

use roadveil_role::Value;

use crate::metrics::scene::{Line, Scene, What};
use crate::tui::names;
use crate::tui::text::{padded, put};
use crate::tui::theme::{Ink, KeyState};
use crate::tui::ui::{Pane, Ui};

/// Draws the last lines; returns how far one can scroll.
pub fn draw(scene: &Scene, ui: &Ui, area: Rect, buffer: &mut Buffer) -> usize {
    let lines = scene.lines();
    if lines.is_empty() {
        put(
            buffer,
            (area.x, area.y),
            area.width,
            "no role has said anything yet",
            ui.theme().style(Ink::Dim),
        );
        return 0;
    }
    let shown: Vec<&Line> = lines.iter().filter(|line| shows(scene, ui, line)).collect();
    if shown.is_empty() {
        let none = "no event that is remembered matches";
        put(buffer, (area.x, area.y), area.width, none, ui.theme().style(Ink::Dim));
    }
    let height = usize::from(area.height);
    let limit = shown.len().saturating_sub(height);
    let top = limit - ui.scroll(Pane::Events).min(limit);
    for (y, line) in (area.top()..area.bottom()).zip(shown.into_iter().skip(top)) {
        let line = within(text(scene, ui, line), usize::from(area.width));
        buffer.set_line(area.x, y, &line, area.width);
    }
    limit
}

/// A line that has no room is cut, and says so: half a number must not pass for one.
fn within(mut line: Text<'static>, width: usize) -> Text<'static> {
    let over = line.width().saturating_sub(width);
    if let Some(last) = line.spans.last_mut().filter(|_| over > 0) {
        let room = last.width().saturating_sub(over);
        last.content = padded(&last.content, room).into();
    }
    line
}

/// A value as there is room for it: the log has all digits.
fn short(value: &Value) -> String {
    match value {
        Value::F64(number) if number.abs() >= 100.0 => format!("{number:.0}"),
        Value::F64(number) => format!("{number:.3}"),
        value => value.to_string(),
    }
}

/// With a filter what it matches; without one all but what every node says all the time.
fn shows(scene: &Scene, ui: &Ui, line: &Line) -> bool {
    if !ui.filter().is_empty() {
        let spans = text(scene, ui, line).spans;
        return ui
            .filter()
            .has(&spans.iter().map(|span| span.content.as_ref()).collect::<String>());
    }
    match &line.what {
        What::Emitted { name, .. } => !ui
            .protocols()
            .iter()
            .any(|protocol| protocol.routine.contains(&&**name)),
        _ => true,
    }
}

fn text(scene: &Scene, ui: &Ui, line: &Line) -> Text<'static> {
    let theme = ui.theme();
    let node = line.node.map_or_else(String::new, |node| scene.name(node).into_owned());
    let role = line.node.map_or("", |node| names::role(scene, node, line.role));
    let (kind, what, ink) = match &line.what {
        What::Step { name, exchange } => (role, format!("step {name} ({exchange})"), Ink::Plain),
        What::State(state) => (role, format!("is {state}"), KeyState::of(Some(state)).ink()),
        What::Emitted { name, fields } => {
            let mut what = name.to_string();
            for (key, value) in fields {
                // Writing to a string cannot fail.
                let _ = write!(what, "  {key} {}", short(value));
            }
            (role, what, Ink::Plain)
        }
        What::Rejected(why) => (role, format!("refused: {why}"), Ink::Bad),
        What::Unsent { why, head } => (
            "",
            format!("{} not sent: {why}", names::message(ui.protocols(), *head)),
            Ink::Bad,
        ),
        What::Joined => ("", "joined".to_owned(), Ink::Dim),
        What::Left { fault: true } => ("", "failed".to_owned(), Ink::Bad),
        What::Left { fault: false } => ("", "left".to_owned(), Ink::Dim),
        What::Link { other, up: true } => ("", format!("link to {} is up again", scene.name(*other)), Ink::Good),
        What::Link { other, up: false } => ("", format!("link to {} is down", scene.name(*other)), Ink::Bad),
        What::Command(command) => ("", format!("command: {command}"), Ink::Title),
    };
    Text::from(vec![
        Span::styled(format!("{:>9} ", names::seconds(line.at)), theme.style(Ink::Dim)),
        Span::raw(padded(&node, 10)),
        Span::raw(" "),
        Span::styled(padded(kind, 10), theme.style(Ink::Dim)),
        Span::raw(" "),
        Span::styled(what, theme.style(ink)),
    ])
}
