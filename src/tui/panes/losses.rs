//! How much was delivered, what was lost or refused, and why.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use roadveil_role::reason::Layer;

use crate::metrics::scene::{Rate, Scene};
use crate::tui::names::{self, count, percent};
use crate::tui::text::{bar, padded, scrolled, spark};
use crate::tui::theme::Ink;
use crate::tui::ui::{Pane, Ui};

/// Draws the pane; returns how far it can be scrolled.
pub fn draw(scene: &Scene, ui: &Ui, area: Rect, buffer: &mut Buffer) -> usize {
    scrolled(
        &lines(scene, ui, usize::from(area.width)),
        ui.scroll(Pane::Losses),
        area,
        buffer,
    )
}

fn lines(scene: &Scene, ui: &Ui, width: usize) -> Vec<Line<'static>> {
    let theme = ui.theme();
    let title = |text: String| Line::styled(text, theme.style(Ink::Title));
    let totals = scene.totals();
    let mut lines = vec![title(format!(
        "{} sent, {} of {} pairs delivered, {} refused, {} unsent",
        count(totals.sent),
        percent(totals.delivered, totals.delivered + totals.lost),
        count(totals.delivered + totals.lost),
        count(totals.rejected),
        count(totals.unsent)
    ))];
    lines.extend(rates(scene, ui, width));

    let reasons: Vec<_> = scene.reasons().collect();
    let all = reasons.iter().map(|(_, count)| count).sum::<u64>();
    let most = reasons.iter().map(|(_, count)| *count).max().unwrap_or(0);
    if reasons.is_empty() {
        lines.push(Line::styled("nothing was lost or refused yet", theme.style(Ink::Dim)));
    }
    for (why, times) in reasons {
        let layer = match why.layer() {
            Layer::Radio => "radio",
            Layer::Backhaul => "wires",
            Layer::Node => "node",
            Layer::Role => "role",
        };
        let room = u16::try_from(width.saturating_sub(46)).unwrap_or(0);
        lines.push(Line::from(vec![
            Span::styled(padded(why.name(), 18), theme.style(Ink::Bad)),
            Span::styled(padded(layer, 6), theme.style(Ink::Dim)),
            Span::raw(format!("{:>8} {:>8}  ", count(times), percent(times, all))),
            Span::styled(bar(times as f64 / most.max(1) as f64, room), theme.style(Ink::Bad)),
        ]));
    }

    lines.push(title(format!(
        "{}{:>8}{:>9}{:>11}{:>9}",
        padded("message", 20),
        "sent",
        "bytes",
        "delivered",
        "refused"
    )));
    for (head, message) in scene.messages() {
        lines.push(Line::from(vec![
            Span::raw(padded(&names::message(ui.protocols(), head), 20)),
            Span::raw(format!("{:>8}{:>9}", count(message.sent), count(message.bytes))),
            Span::raw(format!(
                "{:>11}",
                percent(message.delivered, message.delivered + message.lost)
            )),
            Span::styled(
                format!("{:>9}", count(message.rejected)),
                theme.style(if message.rejected > 0 { Ink::Bad } else { Ink::Dim }),
            ),
        ]));
    }
    for (a, b) in scene.links_down() {
        lines.push(Line::styled(
            format!("link {} – {} is down", scene.name(a), scene.name(b)),
            theme.style(Ink::Bad),
        ));
    }
    lines
}

/// The last seconds as bars: the second that is not over yet is left out.
fn rates(scene: &Scene, ui: &Ui, width: usize) -> Vec<Line<'static>> {
    let theme = ui.theme();
    let now = scene.now().0 / 1_000_000_000;
    let over: Vec<Rate> = scene.rates().iter().filter(|rate| rate.second < now).copied().collect();
    let shown = &over[over.len().saturating_sub(width.saturating_sub(20))..];
    let line = |name: &str, ink: Ink, value: fn(&Rate) -> u32| {
        let most = shown.iter().map(value).max().unwrap_or(0);
        Line::from(vec![
            Span::styled(padded(name, 10), theme.style(Ink::Dim)),
            Span::styled(
                spark(shown.iter().map(value).map(f64::from), f64::from(most)),
                theme.style(ink),
            ),
            Span::styled(format!(" ≤ {}/s", count(most.into())), theme.style(Ink::Dim)),
        ])
    };
    if shown.is_empty() {
        return Vec::new();
    }
    vec![
        line("sent", Ink::Ring, |rate| rate.sent),
        line("delivered", Ink::Good, |rate| rate.delivered),
        line("lost", Ink::Bad, |rate| rate.lost),
    ]
}
