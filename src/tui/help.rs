//! The help: every key, from the table that also drives the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::commands::{COMMANDS, Group};
use super::text::{padded, put, scrolled};
use super::theme::{Ink, KeyState, Theme};
use super::ui::Ui;

/// How wide a column of the help is.
const COLUMN: u16 = 76;

/// Draws the help over everything else; returns how far it can be scrolled.
pub fn draw(ui: &Ui, area: Rect, buffer: &mut Buffer) -> usize {
    let theme = ui.theme();
    Clear.render(area, buffer);
    if area.height == 0 {
        return 0;
    }
    let title = " roadveil: keys   ↑ ↓ scroll   ? or Esc closes ";
    put(
        buffer,
        (area.x, area.y),
        area.width,
        &"━".repeat(usize::from(area.width)),
        theme.style(Ink::Focus),
    );
    put(
        buffer,
        (area.x + 1.min(area.width), area.y),
        area.width.saturating_sub(1),
        title,
        theme.style(Ink::Focus),
    );
    let body = Rect {
        y: area.y + 1,
        height: area.height - 1,
        ..area
    };
    let body = Rect {
        x: body.x + 2.min(body.width),
        width: body.width.saturating_sub(2),
        ..body
    };
    let lines = lines(theme);
    if body.width < COLUMN * 2 || usize::from(body.height) >= lines.len() {
        return scrolled(&lines, ui.help_scroll(), body, buffer);
    }
    // Room for two columns: the second goes on where the first ends.
    let half = lines.len().div_ceil(2);
    let (left, right) = lines.split_at(half);
    let second = Rect {
        x: body.x + COLUMN,
        width: body.width - COLUMN,
        ..body
    };
    let limit = scrolled(
        left,
        ui.help_scroll(),
        Rect {
            width: COLUMN - 2,
            ..body
        },
        buffer,
    );
    limit.max(scrolled(right, ui.help_scroll(), second, buffer))
}

fn lines(theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(Line::styled(group.title(), theme.style(Ink::Title)));
        for command in COMMANDS.iter().filter(|command| command.group == group) {
            let keys: Vec<String> = command.keys.iter().map(|key| key.name()).collect();
            lines.push(Line::from(vec![
                Span::styled(format!("  {}", padded(&keys.join(" "), 14)), theme.style(Ink::Focus)),
                Span::raw(format!(" {}", command.help)),
            ]));
        }
    }
    lines.push(Line::styled("On the map", theme.style(Ink::Title)));
    let states = [
        (KeyState::Keyed, "holds a key"),
        (KeyState::Requesting, "asks for one"),
        (KeyState::Keyless, "has none"),
        (KeyState::Revoked, "lost it, or was refused one"),
        (KeyState::Other, "says nothing of its key"),
    ];
    for (state, meaning) in states {
        lines.push(Line::from(vec![
            Span::styled(
                format!("  {}", padded(&state.symbol().to_string(), 14)),
                theme.style(state.ink()),
            ),
            Span::raw(format!(" a vehicle that {meaning}")),
        ]));
    }
    for (symbol, ink, meaning) in [
        ("◆ ■", Ink::Fixed, "a road-side unit; any other node that stands"),
        ("rings", Ink::Ring, "a broadcast that has just begun"),
        (
            "lines",
            Ink::Unicast,
            "a message to one receiver; broken lines run over the wires",
        ),
    ] {
        lines.push(Line::from(vec![
            Span::styled(format!("  {}", padded(symbol, 14)), theme.style(ink)),
            Span::raw(format!(" {meaning}")),
        ]));
    }
    lines
}
