//! Text in cells: cut where it does not fit, aligned where it is a number.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Writes text into at most `width` columns; what does not fit ends in an ellipsis. Returns the column after it.
pub fn put(buffer: &mut Buffer, (x, y): (u16, u16), width: u16, text: &str, style: Style) -> u16 {
    let area = buffer.area;
    if width == 0 || y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
        return x;
    }
    let width = width.min(area.right() - x);
    if Span::raw(text).width() <= usize::from(width) {
        return buffer.set_stringn(x, y, text, usize::from(width), style).0;
    }
    let (end, _) = buffer.set_stringn(x, y, text, usize::from(width) - 1, style);
    buffer.set_stringn(end, y, "…", 1, style).0
}

/// The same at the right end of the columns.
pub fn put_right(buffer: &mut Buffer, (x, y): (u16, u16), width: u16, text: &str, style: Style) {
    let length = u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX);
    put(
        buffer,
        (x.saturating_add(width.saturating_sub(length)), y),
        width,
        text,
        style,
    );
}

/// Draws the lines that are in sight `scroll` lines down, and returns how far one can scroll.
pub fn scrolled(lines: &[Line<'_>], scroll: usize, area: Rect, buffer: &mut Buffer) -> usize {
    let limit = lines.len().saturating_sub(usize::from(area.height));
    for (y, line) in (area.top()..area.bottom()).zip(lines.iter().skip(scroll.min(limit))) {
        buffer.set_line(area.x, y, line, area.width);
    }
    limit
}

/// A bar of eighths of cells, `width` cells long, filled to a share from 0 to 1.
pub fn bar(share: f64, width: u16) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let filled = (share * f64::from(width) * 8.0).round() as usize;
    let mut bar = "█".repeat(filled / 8);
    if !filled.is_multiple_of(8) {
        bar.push(EIGHTHS[filled % 8]);
    }
    bar
}

/// Columns of values as a line of bars, one character each, the highest as high as `most`.
pub fn spark(values: impl Iterator<Item = f64>, most: f64) -> String {
    const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let level = |value: f64| {
        if most > 0.0 {
            (value / most * 8.0).ceil().clamp(0.0, 8.0) as usize
        } else {
            0
        }
    };
    values.map(|value| LEVELS[level(value)]).collect()
}

/// The text in exactly `width` columns, cut or filled with blanks.
pub fn padded(text: &str, width: usize) -> String {
    let length = Span::raw(text).width();
    if length <= width {
        return format!("{text}{}", " ".repeat(width - length));
    }
    let mut cut = String::new();
    for letter in text.chars() {
        if Span::raw(cut.as_str()).width() + Span::raw(letter.to_string()).width() + 1 > width {
            break;
        }
        cut.push(letter);
    }
    cut.push('…');
    let length = Span::raw(cut.as_str()).width();
    format!("{cut}{}", " ".repeat(width.saturating_sub(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        assert_eq!(put(&mut buffer, (0, 0), 4, "abcdef", Style::new()), 4);
        assert_eq!(buffer, Buffer::with_lines(["abc…  "]));
        assert_eq!(put(&mut buffer, (9, 0), 4, "x", Style::new()), 9);
        assert_eq!(padded("abcdef", 4), "abc…");
        assert_eq!(padded("ab", 4), "ab  ");
    }

    #[test]
    fn bars_and_sparks_are_as_long_as_their_values() {
        assert_eq!(bar(0.5, 4), "██");
        assert_eq!(bar(f64::NAN, 4), "");
        assert_eq!(bar(9.0, 2), "██");
        assert_eq!(spark([0.0, 1.0, 8.0].into_iter(), 8.0), " ▁█");
    }
}
