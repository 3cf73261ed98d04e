//! Dots: two by four in a cell, one ink for each cell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::theme::{Ink, Theme};

/// First of the 256 braille patterns; the pattern's bits are added to it.
const BRAILLE: u32 = 0x2800;

/// The bit of each dot, by column and row within its cell.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A grid of dots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    width: u16,
    height: u16,
    cells: Vec<(u8, Ink)>,
}

impl Grid {
    /// An empty grid of so many cells.
    pub fn new(width: u16, height: u16) -> Grid {
        Grid {
            width,
            height,
            cells: vec![(0, Ink::Plain); usize::from(width) * usize::from(height)],
        }
    }

    /// Dots across.
    pub fn dots_wide(&self) -> i32 {
        i32::from(self.width) * 2
    }

    /// Dots down.
    pub fn dots_high(&self) -> i32 {
        i32::from(self.height) * 4
    }

    /// Empties it, and gives it this size.
    pub fn reset(&mut self, width: u16, height: u16) {
        self.width = width;
        self.height = height;
        self.cells.clear();
        self.cells
            .resize(usize::from(width) * usize::from(height), (0, Ink::Plain));
    }

    /// Sets a dot; outside the grid, nothing. The greater ink takes the cell.
    pub fn dot(&mut self, x: i32, y: i32, ink: Ink) {
        if x < 0 || y < 0 || x >= self.dots_wide() || y >= self.dots_high() {
            return;
        }
        // Both are within the grid, so neither is negative.
        let (x, y) = (x.unsigned_abs() as usize, y.unsigned_abs() as usize);
        let cell = &mut self.cells[y / 4 * usize::from(self.width) + x / 2];
        cell.0 |= BITS[x % 2][y % 4];
        cell.1 = cell.1.max(ink);
    }

    /// Draws a line between two points in dots, whatever they are: only what crosses the grid costs anything. With `gap`
    /// above 1, only every so many dots.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, gap: i32) {
        let Some((from, to)) = clip(
            from,
            to,
            f64::from(self.dots_wide()) - 1.0,
            f64::from(self.dots_high()) - 1.0,
        ) else {
            return;
        };
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        // Clipped, so the length is at most that of the grid.
        let steps = dx.abs().max(dy.abs()).ceil() as i32;
        let (sx, sy) = if steps == 0 {
            (0.0, 0.0)
        } else {
            (dx / f64::from(steps), dy / f64::from(steps))
        };
        for step in (0..=steps).step_by(gap.max(1).unsigned_abs() as usize) {
            let at = f64::from(step);
            self.dot(
                (from.0 + sx * at).round() as i32,
                (from.1 + sy * at).round() as i32,
                ink,
            );
        }
    }

    /// Draws a circle.
    pub fn circle(&mut self, centre: (f64, f64), radius: f64, ink: Ink) {
        let (width, height) = (f64::from(self.dots_wide()), f64::from(self.dots_high()));
        let near = |at: f64, length: f64| at + radius >= 0.0 && at - radius <= length;
        // Also false for what is not a number.
        if !(near(centre.0, width) && near(centre.1, height) && radius < width + height) {
            return;
        }
        // A dot's width between two points, so that the circle has no holes, and a bound for the largest.
        let points = (radius * core::f64::consts::TAU).ceil().clamp(8.0, 512.0);
        for point in 0..points as i32 {
            let (sin, cos) = libm::sincos(f64::from(point) * core::f64::consts::TAU / points);
            self.dot(
                (centre.0 + cos * radius).round() as i32,
                (centre.1 + sin * radius).round() as i32,
                ink,
            );
        }
    }

    /// Copies the cells that have dots to the screen, over what is there.
    pub fn blit(&self, area: Rect, buffer: &mut Buffer, theme: Theme) {
        let area = area.intersection(buffer.area);
        for y in 0..area.height.min(self.height) {
            let row = usize::from(y) * usize::from(self.width);
            for x in 0..area.width.min(self.width) {
                let (bits, ink) = self.cells[row + usize::from(x)];
                if bits == 0 {
                    continue;
                }
                if let (Some(pattern), Some(cell)) = (
                    char::from_u32(BRAILLE + u32::from(bits)),
                    buffer.cell_mut((area.x + x, area.y + y)),
                ) {
                    cell.set_char(pattern).set_style(theme.style(ink));
                }
            }
        }
    }

    /// How many cells have dots.
    pub fn covered(&self) -> usize {
        self.cells.iter().filter(|(bits, _)| *bits != 0).count()
    }
}

/// The part of a line that lies within `0..=width` and `0..=height` (Liang and Barsky); `None` if none does, or if a
/// coordinate is not a number.
fn clip(from: (f64, f64), to: (f64, f64), width: f64, height: f64) -> Option<((f64, f64), (f64, f64))> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    if !(dx.is_finite() && dy.is_finite()) {
        return None;
    }
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (step, room) in [
        (-dx, from.0),
        (dx, width - from.0),
        (-dy, from.1),
        (dy, height - from.1),
    ] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    (enter <= leave).then_some((
        (from.0 + dx * enter, from.1 + dy * enter),
        (from.0 + dx * leave, from.1 + dy * leave),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(grid: &Grid) -> Vec<String> {
        let area = Rect::new(0, 0, grid.width, grid.height);
        let mut buffer = Buffer::empty(area);
        grid.blit(area, &mut buffer, Theme::new(false));
        (0..grid.height)
            .map(|y| (0..grid.width).map(|x| buffer[(x, y)].symbol().to_owned()).collect())
            .collect()
    }

    #[test]
    fn dots_make_braille() {
        let mut grid = Grid::new(2, 1);
        grid.dot(0, 0, Ink::Road);
        grid.dot(3, 3, Ink::Road);
        assert_eq!(text(&grid), ["⠁⢀"]);
        assert_eq!(grid.covered(), 2);
    }

    #[test]
    fn lines_are_clipped_to_the_grid() {
        let mut grid = Grid::new(4, 1);
        grid.line((-1e9, 0.0), (1e9, 0.0), Ink::Road, 1);
        assert_eq!(text(&grid), ["⠉⠉⠉⠉"]);
        let mut grid = Grid::new(4, 1);
        grid.line((-5.0, -1.0), (9.0, -1.0), Ink::Road, 1);
        grid.line((f64::NAN, 0.0), (1.0, 1.0), Ink::Road, 1);
        assert_eq!(grid.covered(), 0);
    }

    #[test]
    fn the_greater_ink_takes_the_cell() {
        let mut grid = Grid::new(1, 1);
        grid.dot(0, 0, Ink::Ring);
        grid.dot(1, 0, Ink::Road);
        assert_eq!(grid.cells[0].1, Ink::Ring);
    }

    #[test]
    fn a_circle_is_round() {
        let mut grid = Grid::new(6, 3);
        grid.circle((5.0, 5.0), 4.0, Ink::Ring);
        assert_eq!(text(&grid), ["⢀⠤⠒⠢⢄ ", "⢸   ⢸ ", " ⠉⠒⠊⠁ "].map(str::to_owned));
    }

    proptest! {
        #[test]
        fn no_shape_panics(x in any::<f64>(), y in any::<f64>(), u in any::<f64>(), v in any::<f64>(), w in 0u16..40, h in 0u16..20) {
            let mut grid = Grid::new(w, h);
            grid.line((x, y), (u, v), Ink::Road, 1);
            grid.circle((x, y), u, Ink::Ring);
        }
    }
}
