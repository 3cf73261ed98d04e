//! A course over time with its band of confidence, and what it is compared with, in a few lines of text.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::text::padded;
use crate::tui::theme::{Ink, Theme};

/// Lines of a chart.
const HEIGHT: usize = 8;
/// Columns left of it, for numbers.
const MARGIN: usize = 9;

/// The latest points that have room, each a column: `●` the value, `░` its band, `×` what it is compared with, `◆` both at once.
pub fn chart(
    points: &[(f64, f64)],
    band: &[(f64, f64)],
    beside: Option<&(String, Vec<(f64, f64)>)>,
    width: usize,
    theme: Theme,
) -> Vec<Line<'static>> {
    let room = width.saturating_sub(MARGIN + 1).max(1);
    let from = points.len().saturating_sub(room);
    let points = &points[from..];
    let band = band.get(from..).unwrap_or_default();
    let other = |at: f64| {
        let (_, course) = beside?;
        let index = course.partition_point(|(moment, _)| *moment < at);
        course
            .get(index)
            .filter(|(moment, _)| *moment <= at)
            .map(|(_, value)| *value)
    };
    let bounds = band.iter().flat_map(|(low, high)| [*low, *high]);
    let values = points.iter().map(|(_, value)| *value);
    let others = points.iter().filter_map(|(at, _)| other(*at));
    let all = bounds.chain(values).chain(others).filter(|value| value.is_finite());
    let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let Some((at, last)) = points.last().filter(|_| low.is_finite()) else {
        return Vec::new();
    };
    let step = ((high - low) / (HEIGHT - 1) as f64).max(f64::MIN_POSITIVE);
    // The nearest line, counted from below.
    let row = |value: f64| libm::round((value - low) / step) as usize;
    let mut lines: Vec<Line<'static>> = (0..HEIGHT)
        .rev()
        .map(|line| {
            let label = match line {
                0 => format!("{low:>8.1} "),
                line if line + 1 == HEIGHT => format!("{high:>8.1} "),
                _ => " ".repeat(MARGIN),
            };
            let cells = points.iter().enumerate().map(|(index, (at, value))| {
                let here = row(*value) == line && value.is_finite();
                let there = other(*at).is_some_and(|value| row(value) == line);
                let inside = band
                    .get(index)
                    .is_some_and(|(low, high)| (row(*low)..=row(*high)).contains(&line));
                match (here, there, inside) {
                    (true, true, _) => Span::styled("◆", theme.style(Ink::Keyed)),
                    (true, false, _) => Span::styled("●", theme.style(Ink::Ring)),
                    (false, true, _) => Span::styled("×", Style::new()),
                    (false, false, true) => Span::styled("░", theme.style(Ink::Dim)),
                    _ => Span::raw(" "),
                }
            });
            let head = Span::styled(label, theme.style(Ink::Dim));
            Line::from(core::iter::once(head).chain(cells).collect::<Vec<_>>())
        })
        .collect();
    let mut text = format!("● now {last:.1}");
    if let Some((lower, upper)) = band.last() {
        text += &format!("  ░ between {lower:.1} and {upper:.1}");
    }
    if let (Some((name, _)), Some(value)) = (beside, other(*at)) {
        text += &format!("  × {name} {value:.1}  ◆ both");
    }
    if let Some((first, _)) = points.first() {
        text += &format!("  {first:.0} s to {at:.0} s");
    }
    lines.push(Line::styled(padded(&text, width), theme.style(Ink::Dim)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Line<'_>]) -> String {
        let line = |line: &Line<'_>| line.to_string().trim_end().to_owned();
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn value_band_and_truth_stand_in_their_lines() {
        let points = [(1.0, 3.0), (2.0, 4.0), (3.0, 7.0)];
        let band = [(1.0, 5.0), (3.0, 6.0), (6.0, 8.0)];
        let truth = ("truth".to_owned(), vec![(1.0, 4.0), (2.0, 4.0)]);
        let drawn = chart(&points, &band, Some(&truth), 60, Theme::new(false));
        let expected = [
            "     8.0   ░",
            "           ●",
            "          ░░",
            "         ░░",
            "         ×◆",
            "         ●░",
            "         ░",
            "     1.0 ░",
            "● now 7.0  ░ between 6.0 and 8.0  1 s to 3 s",
        ];
        assert_eq!(text(&drawn), expected.join("\n"));
    }

    #[test]
    fn what_has_no_room_or_no_numbers_is_left_out() {
        let many: Vec<(f64, f64)> = (0..500).map(|index| (f64::from(index), 1.0)).collect();
        let drawn = chart(&many, &[], None, 20, Theme::new(false));
        assert!(drawn.iter().all(|line| line.width() <= 20));
        assert!(chart(&[], &[], None, 20, Theme::new(false)).is_empty());
        assert!(chart(&[(0.0, f64::NAN)], &[], None, 20, Theme::new(false)).is_empty());
        assert!(!chart(&[(0.0, 5.0)], &[], None, 3, Theme::new(false)).is_empty());
    }
}
