//! One node, over the whole screen: what it is, how it stands, what it sent and heard lately.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::flow::outcome;
use crate::event::NodeId;
use crate::metrics::scene::{Entry, Scene};
use crate::tui::names;
use crate::tui::text::{bar, padded, put, scrolled};
use crate::tui::theme::{Ink, KeyState};
use crate::tui::ui::{Pane, Ui};

/// How many of its messages are listed.
const MAX_MESSAGES: usize = 200;

/// Draws the node; returns how far it can be scrolled.
pub fn draw(scene: &Scene, ui: &Ui, area: Rect, buffer: &mut Buffer) -> usize {
    let Some(id) = ui.node() else {
        put(
            buffer,
            (area.x, area.y),
            area.width,
            "no node is selected",
            ui.theme().style(Ink::Dim),
        );
        return 0;
    };
    scrolled(&lines(scene, ui, id), ui.scroll(Pane::Node), area, buffer)
}

fn lines(scene: &Scene, ui: &Ui, id: NodeId) -> Vec<Line<'static>> {
    let theme = ui.theme();
    let (Some(node), Some(cast)) = (scene.node(id), scene.cast().nodes.get(id.index())) else {
        return Vec::new();
    };
    let pair = |name: &str, value: String, ink: Ink| {
        Line::from(vec![
            Span::styled(padded(name, 12), theme.style(Ink::Dim)),
            Span::styled(value, theme.style(ink)),
        ])
    };
    let mut lines = vec![Line::styled(cast.name.clone(), theme.style(Ink::Title))];
    let kind = if cast.mobile { "moves" } else { "stands" };
    lines.push(pair("device", format!("{}, {kind}", cast.profile), Ink::Plain));
    lines.push(match node.position.filter(|_| node.present) {
        Some(at) => {
            let (x, y) = at.metres();
            let mut place = format!("{x:.1} m east, {y:.1} m north");
            if cast.mobile {
                let speed = f64::from(at.speed_cm) / 100.0 * 3.6;
                place += &format!(", {speed:.1} km/h, {}°", at.heading_cdeg / 100);
            }
            pair("place", place, Ink::Plain)
        }
        None => pair("place", "not there".to_owned(), Ink::Bad),
    });
    if let Some(addr) = node.addr {
        lines.push(pair("address", addr.to_string(), Ink::Plain));
    }
    for (role, state) in cast.roles.iter().zip(&node.states) {
        let known = KeyState::of(state.as_deref());
        lines.push(pair(role, state.as_deref().unwrap_or("–").to_owned(), known.ink()));
    }
    let busy = f64::from(node.busy) / 1000.0;
    lines.push(pair(
        "processor",
        format!("{} {:.1} %", padded(&bar(busy, 20), 20), busy * 100.0),
        Ink::Plain,
    ));
    lines.push(pair(
        "queue",
        format!("{} frames", node.queued),
        if node.queued > 0 { Ink::Warn } else { Ink::Plain },
    ));
    lines.push(pair(
        "receives",
        format!("{} frames/s", node.received_per_s),
        Ink::Plain,
    ));
    if node.addr.is_some() {
        let channel = f64::from(node.channel) / 1000.0;
        lines.push(pair(
            "channel",
            format!("{} {:.1} % busy", padded(&bar(channel, 20), 20), channel * 100.0),
            Ink::Plain,
        ));
    }
    let counts = scene.counts(id);
    lines.push(pair(
        "so far",
        format!(
            "{} sent, {} received, {} lost, {} refused, {} unsent",
            counts.sent, counts.delivered, counts.lost, counts.rejected, counts.unsent
        ),
        Ink::Plain,
    ));
    lines.push(Line::default());
    lines.push(Line::styled(
        "its latest messages, newest first",
        theme.style(Ink::Title),
    ));
    let own = scene
        .flow()
        .iter()
        .rev()
        .filter_map(|entry| message(scene, ui, id, entry));
    lines.extend(own.take(MAX_MESSAGES));
    lines
}

/// A message that it sent or that could have reached it.
fn message(scene: &Scene, ui: &Ui, id: NodeId, entry: &Entry) -> Option<Line<'static>> {
    let theme = ui.theme();
    let name = names::message(ui.protocols(), entry.head());
    let (way, other, (text, ink)) = if entry.sender == Some(id) {
        ("sent to", names::addressee(scene, entry), outcome(scene, entry))
    } else {
        // Candidates are in the order of their numbers, as the stream has them.
        let reception = entry.receptions.iter().find(|reception| reception.node == id)?;
        let outcome = match entry.outcome(reception) {
            None => ("✓".to_owned(), Ink::Good),
            Some(why) => (format!("✗ {why}"), Ink::Bad),
        };
        ("from", names::sender(scene, entry), outcome)
    };
    Some(Line::from(vec![
        Span::styled(format!("{:>10}  ", names::seconds(entry.at)), theme.style(Ink::Dim)),
        Span::styled(padded(way, 8), theme.style(Ink::Dim)),
        Span::styled(padded(&other, 12), theme.style(Ink::Plain)),
        Span::styled(padded(&name, 22), theme.style(Ink::Plain)),
        Span::styled(text, theme.style(ink)),
    ]))
}
