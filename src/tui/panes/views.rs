//! What protocols have to show, in the neutral shapes of [`View`]. No protocol knows how they are drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use roadveil_role::view::View;

use crate::tui::panes::chart::chart;
use crate::tui::text::{bar, padded, put, scrolled, spark};
use crate::tui::theme::{Ink, Theme};
use crate::tui::ui::{Pane, Ui};

/// Most rows of a table or edges of a graph.
const MAX_ROWS: usize = 500;

/// The views of one protocol.
pub type Named = (&'static str, Vec<View>);

/// Draws all views, one under the other; returns how far one can scroll.
pub fn draw(views: &[Named], ui: &Ui, area: Rect, buffer: &mut Buffer) -> usize {
    let theme = ui.theme();
    let width = usize::from(area.width);
    let lines: Vec<Line<'static>> = views
        .iter()
        .flat_map(|(protocol, views)| views.iter().flat_map(move |view| lines(protocol, view, width, theme)))
        .collect();
    if lines.is_empty() {
        put(
            buffer,
            (area.x, area.y),
            area.width,
            "no protocol of this run has anything to show yet",
            theme.style(Ink::Dim),
        );
        return 0;
    }
    scrolled(&lines, ui.scroll(Pane::Views), area, buffer)
}

fn lines(protocol: &str, view: &View, width: usize, theme: Theme) -> Vec<Line<'static>> {
    let (View::Table { title, .. }
    | View::KeyValue { title, .. }
    | View::Gauge { title, .. }
    | View::Series { title, .. }
    | View::Histogram { title, .. }
    | View::States { title, .. }
    | View::Graph { title, .. }) = view;
    let mut lines = vec![Line::from(vec![
        Span::styled(title.clone(), theme.style(Ink::Title)),
        Span::styled(format!("  {protocol}"), theme.style(Ink::Dim)),
    ])];
    match view {
        View::Table { columns, rows, .. } => lines.extend(table(columns, rows, width, theme)),
        View::KeyValue { pairs, .. } => {
            let names = pairs
                .iter()
                .map(|(name, _)| name.chars().count())
                .max()
                .unwrap_or(0)
                .min(width / 2);
            lines.extend(pairs.iter().take(MAX_ROWS).map(|(name, value)| {
                Line::from(vec![
                    Span::styled(padded(name, names + 2), theme.style(Ink::Dim)),
                    Span::raw(value.clone()),
                ])
            }));
        }
        View::Gauge { share, label, .. } => {
            let room = u16::try_from(width.saturating_sub(label.chars().count() + 4).min(60)).unwrap_or(0);
            lines.push(Line::from(vec![
                Span::styled(padded(&bar(*share, room), usize::from(room)), theme.style(Ink::Keyed)),
                Span::raw(format!("  {label}")),
            ]));
        }
        View::Series {
            points, band, beside, ..
        } if !band.is_empty() || beside.is_some() => lines.extend(chart(points, band, beside.as_ref(), width, theme)),
        View::Series { points, .. } => lines.extend(series(points, width, theme)),
        View::Histogram { bins, .. } => {
            lines.extend(counted(
                bins.iter().map(|(edge, count)| (format!("≥ {edge}"), *count)),
                width,
                theme,
            ));
        }
        View::States { states, .. } => lines.extend(counted(states.iter().cloned(), width, theme)),
        View::Graph { vertices, edges, .. } => lines.extend(edges.iter().take(MAX_ROWS).map(|(from, to, label)| {
            let name = |index: &usize| vertices.get(*index).map_or("?", String::as_str);
            Line::from(vec![
                Span::raw(format!("{} ", name(from))),
                Span::styled(format!("─ {label} → "), theme.style(Ink::Dim)),
                Span::raw(name(to).to_owned()),
            ])
        })),
    }
    lines.push(Line::default());
    lines
}

/// A table whose columns are as wide as their widest cell, as far as there is room.
fn table(columns: &[String], rows: &[Vec<String>], width: usize, theme: Theme) -> Vec<Line<'static>> {
    let rows = &rows[..rows.len().min(MAX_ROWS)];
    let widest = |index: usize| {
        let cells = rows.iter().filter_map(|row| row.get(index)).chain(columns.get(index));
        cells.map(|cell| Span::raw(cell.as_str()).width()).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    while widths.iter().map(|width| width + 2).sum::<usize>() > width {
        // The widest gives way first; when all are narrow, the last columns run off the pane.
        match widths.iter_mut().max() {
            Some(widest) if *widest > 6 => *widest -= 1,
            _ => break,
        }
    }
    let line = |cells: &[String], style: Style| {
        let cells = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| Span::styled(padded(cell, width + 2), style));
        Line::from(cells.collect::<Vec<_>>())
    };
    let mut lines = vec![line(columns, theme.style(Ink::Dim))];
    lines.extend(rows.iter().map(|row| line(row, Style::new())));
    lines
}

/// Names, bars and counts.
fn counted(counts: impl Iterator<Item = (String, u64)>, width: usize, theme: Theme) -> Vec<Line<'static>> {
    let counts: Vec<_> = counts.take(MAX_ROWS).collect();
    let names = counts
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0)
        .min(width / 2);
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let room = u16::try_from(width.saturating_sub(names + 12).min(60)).unwrap_or(0);
    let line = |(name, count): (String, u64)| {
        Line::from(vec![
            Span::raw(padded(&name, names + 2)),
            Span::styled(bar(count as f64 / most as f64, room), theme.style(Ink::Ring)),
            Span::raw(format!(" {count}")),
        ])
    };
    counts.into_iter().map(line).collect()
}

/// The latest points as bars above the lowest, with the last value in numbers.
fn series(points: &[(f64, f64)], width: usize, theme: Theme) -> Vec<Line<'static>> {
    let shown = &points[points.len().saturating_sub(width.saturating_sub(2))..];
    let values = || shown.iter().map(|(_, value)| *value).filter(|value| value.is_finite());
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let Some((_, last)) = shown.last() else {
        return Vec::new();
    };
    let span = (high - low).max(f64::MIN_POSITIVE);
    // The lowest value is seen too: a bar of one eighth.
    let bars = spark(shown.iter().map(|(_, value)| (value - low) / span * 7.0 + 1.0), 8.0);
    let text = format!("now {last:.3}, from {low:.3} to {high:.3}");
    vec![
        Line::styled(bars, theme.style(Ink::Ring)),
        Line::styled(text, theme.style(Ink::Dim)),
    ]
}
