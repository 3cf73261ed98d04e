//! What stands still: roads and buildings, drawn once for each viewport.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::{Grid, Viewport};
use crate::event::Cast;
use crate::tui::theme::Ink;

/// Further out than this, metres a dot, a building is smaller than a dot and only makes the map grey.
const BUILDINGS_UNTIL: f64 = 6.0;

/// The ground as it was last drawn, and the extent of each line, so that most are skipped when one looks closely.
#[derive(Debug, Default)]
pub struct Ground {
    cast: Option<Arc<Cast>>,
    roads: Vec<Extent>,
    buildings: Vec<Extent>,
    drawn: Option<(Viewport, u16, u16)>,
    grid: Grid,
}

/// Left, lower, right, upper edge of a line.
type Extent = [f32; 4];

impl Ground {
    /// The ground in that viewport.
    pub fn grid(&mut self, cast: &Arc<Cast>, view: Viewport, area: Rect) -> &Grid {
        if !self.cast.as_ref().is_some_and(|known| Arc::ptr_eq(known, cast)) {
            self.roads = cast.map.roads.iter().map(|line| extent(line)).collect();
            self.buildings = cast.map.buildings.iter().map(|line| extent(line)).collect();
            self.cast = Some(cast.clone());
            self.drawn = None;
        }
        let key = (view, area.width, area.height);
        if self.drawn != Some(key) {
            self.grid.reset(area.width, area.height);
            if view.scale <= BUILDINGS_UNTIL {
                draw(
                    &mut self.grid,
                    &cast.map.buildings,
                    &self.buildings,
                    view,
                    Ink::Building,
                    true,
                );
            }
            draw(&mut self.grid, &cast.map.roads, &self.roads, view, Ink::Road, false);
            self.drawn = Some(key);
        }
        &self.grid
    }
}

fn extent(line: &[(f32, f32)]) -> Extent {
    line.iter().fold(
        [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY],
        |extent, &(x, y)| [extent[0].min(x), extent[1].min(y), extent[2].max(x), extent[3].max(y)],
    )
}

fn draw(grid: &mut Grid, lines: &[Vec<(f32, f32)>], extents: &[Extent], view: Viewport, ink: Ink, closed: bool) {
    let right = view.left + f64::from(grid.dots_wide()) * view.scale;
    let bottom = view.top - f64::from(grid.dots_high()) * view.scale;
    for (line, extent) in lines.iter().zip(extents) {
        let [low_x, low_y, high_x, high_y] = extent.map(f64::from);
        if high_x < view.left || low_x > right || high_y < bottom || low_y > view.top {
            continue;
        }
        let dots = |&(x, y): &(f32, f32)| view.dots((f64::from(x), f64::from(y)));
        for pair in line.windows(2) {
            grid.line(dots(&pair[0]), dots(&pair[1]), ink, 1);
        }
        if let (true, [first, .., last]) = (closed, line.as_slice()) {
            grid.line(dots(last), dots(first), ink, 1);
        }
    }
}
