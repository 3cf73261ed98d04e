//! A frame as SVG, for pages that cannot show a terminal. The same buffer always gives the same bytes.

use core::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Pixels of a cell.
const CELL: (u32, u32) = (8, 16);

/// Pixels around the screen, and of the title above it.
const MARGIN: (u32, u32) = (12, 30);

const BACKGROUND: &str = "#14181f";
const FOREGROUND: &str = "#d5dae2";

/// Draws a buffer.
pub fn svg(buffer: &Buffer, title: &str) -> String {
    let area = buffer.area;
    let width = u32::from(area.width) * CELL.0 + 2 * MARGIN.0;
    let height = u32::from(area.height) * CELL.1 + MARGIN.1 + MARGIN.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"13\" xml:space=\"preserve\">\n\
         <title>{title}</title>\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n\
         <text x=\"{}\" y=\"20\" text-anchor=\"middle\" fill=\"#8a93a3\">{title}</text>\n",
        width / 2,
        title = escaped(title),
    );
    for y in 0..area.height {
        row(buffer, y, &mut svg);
    }
    svg.push_str("</svg>\n");
    svg
}

/// One row: runs of cells that look alike become one piece each.
fn row(buffer: &Buffer, y: u16, svg: &mut String) {
    let area = buffer.area;
    let cell = |x: u16| &buffer[(area.x + x, area.y + y)];
    let mut start = 0;
    while start < area.width {
        let look = Look::of(cell(start));
        let dots = pattern(cell(start)).is_some();
        let mut end = start + 1;
        while end < area.width && Look::of(cell(end)) == look && pattern(cell(end)).is_some() == dots {
            end += 1;
        }
        piece((start..end).map(|x| (x, cell(x))), y, &look, dots, svg);
        start = end;
    }
}

fn piece<'a>(cells: impl Iterator<Item = (u16, &'a Cell)> + Clone, y: u16, look: &Look, dots: bool, svg: &mut String) {
    let left = |x: u16| MARGIN.0 + u32::from(x) * CELL.0;
    let top = MARGIN.1 + u32::from(y) * CELL.1;
    let count = u32::try_from(cells.clone().count()).unwrap_or(0);
    let Some(start) = cells.clone().next().map(|(x, _)| left(x)) else {
        return;
    };
    // Writing to a string cannot fail, here and below.
    if look.back != BACKGROUND {
        let _ = writeln!(
            svg,
            "<rect x=\"{start}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
            count * CELL.0,
            CELL.1,
            look.back
        );
    }
    let opacity = if look.dim { " opacity=\".65\"" } else { "" };
    if dots {
        // Fonts disagree about braille, so its dots are drawn.
        let mut path = String::new();
        for (x, cell) in cells {
            for (index, place) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
                .into_iter()
                .enumerate()
            {
                if pattern(cell).unwrap_or(0) & (1 << index) != 0 {
                    let _ = write!(path, "M{} {}h2v2h-2z", left(x) + 1 + place.0 * 4, top + 1 + place.1 * 4);
                }
            }
        }
        if !path.is_empty() {
            let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{}\"{opacity}/>", look.fore);
        }
        return;
    }
    let text: String = cells.map(|(_, cell)| cell.symbol()).collect();
    if text.trim().is_empty() {
        return;
    }
    let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
    let line = if look.underlined {
        " text-decoration=\"underline\""
    } else {
        ""
    };
    // The length is given, so that no font moves what stands to the right.
    let _ = writeln!(
        svg,
        "<text x=\"{start}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{bold}{line}{opacity}>{}</text>",
        top + 12,
        count * CELL.0,
        look.fore,
        escaped(&text)
    );
}

/// The dots of a braille cell.
fn pattern(cell: &Cell) -> Option<u32> {
    let letter = cell.symbol().chars().next()?;
    u32::from(letter).checked_sub(0x2800).filter(|bits| *bits < 256)
}

/// How a cell looks, its text apart.
#[derive(PartialEq, Eq)]
struct Look {
    fore: &'static str,
    back: &'static str,
    bold: bool,
    dim: bool,
    underlined: bool,
}

impl Look {
    fn of(cell: &Cell) -> Look {
        let (mut fore, mut back) = (colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND));
        if cell.modifier.contains(Modifier::REVERSED) {
            core::mem::swap(&mut fore, &mut back);
        }
        Look {
            fore,
            back,
            bold: cell.modifier.contains(Modifier::BOLD),
            dim: cell.modifier.contains(Modifier::DIM),
            underlined: cell.modifier.contains(Modifier::UNDERLINED),
        }
    }
}

/// The sixteen colours that the screen uses; whatever else there is looks like text.
fn colour(colour: Color, default: &'static str) -> &'static str {
    match colour {
        Color::Black => "#0d1016",
        Color::Red => "#e5686f",
        Color::Green => "#7fc27a",
        Color::Yellow => "#d9b25f",
        Color::Blue => "#6c9bf2",
        Color::Magenta => "#c58af0",
        Color::Cyan => "#5cc4cf",
        Color::Gray => "#b3bac6",
        Color::DarkGray => "#677184",
        Color::LightRed => "#ff8b90",
        Color::LightGreen => "#a4e29c",
        Color::LightYellow => "#f5d487",
        Color::LightBlue => "#95bbff",
        Color::LightMagenta => "#deb0ff",
        Color::LightCyan => "#8be3ec",
        Color::White => "#ffffff",
        _ => default,
    }
}

fn escaped(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut escaped, letter| {
            match letter {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                letter if letter.is_control() => escaped.push(' '),
                letter => escaped.push(letter),
            }
            escaped
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn text_is_escaped_and_braille_is_drawn() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
        buffer.set_string(0, 0, "a<b", Style::new().fg(Color::Red));
        buffer.set_string(4, 0, "⠁", Style::new());
        let svg = svg(&buffer, "x & y");
        assert!(svg.contains("<title>x &amp; y</title>"));
        assert!(svg.contains("fill=\"#e5686f\">a&lt;b</text>"));
        assert!(svg.contains("<path d=\"M45 31h2v2h-2z\""));
    }

    #[test]
    fn reversed_cells_swap_their_colours() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 1, 1));
        buffer.set_string(0, 0, "x", Style::new().add_modifier(Modifier::REVERSED));
        let svg = svg(&buffer, "");
        assert!(svg.contains(&format!("height=\"16\" fill=\"{FOREGROUND}\"")));
    }
}
