//! Buildings in the way: walls crossed and metres inside (Sommer, Eckhoff, German, Dressler, WONS 2011).

/// A wall: the segment between two corners of a building.
#[derive(Clone, Copy, Debug)]
struct Wall {
    building: u32,
    from: (f64, f64),
    to: (f64, f64),
}

/// All buildings, their walls sorted into a grid, with a memory of rays asked before.
///
/// A ray is taken between the corners of a 2 m raster nearest to its ends: a vehicle's place is not known better than
/// that, both directions are alike, and standing or slow traffic asks for the same rays again and again. The memory
/// holds a function's values and decides nothing.
#[derive(Clone, Debug, Default)]
pub struct Obstacles {
    walls: Vec<Wall>,
    origin: (f64, f64),
    columns: usize,
    rows: usize,
    start: Vec<u32>,
    entries: Vec<u32>,
    memory: Vec<(u64, f32, f32)>,
    crossings: Vec<(u32, u32, f64)>,
}

/// Side of a grid cell, metres: about the size of a block's buildings.
const CELL: f64 = 40.0;
/// Raster of the ends of a ray, metres.
const RASTER: f64 = 2.0;
/// Rays remembered: a power of two.
const MEMORY: usize = 1 << 18;
/// Most cells of the grid.
const MAX_CELLS: usize = 1 << 22;

impl Obstacles {
    /// Sorts the walls of `buildings` (outlines in metres, closed or not) into the grid.
    pub fn new<'a>(buildings: impl IntoIterator<Item = &'a [(f64, f64)]>) -> Obstacles {
        let mut walls = Vec::new();
        for (building, outline) in buildings.into_iter().enumerate() {
            let next = outline.iter().cycle().skip(1);
            for (&from, &to) in outline.iter().zip(next) {
                if from != to {
                    walls.push(Wall { building: building as u32, from, to });
                }
            }
        }
        let mut obstacles = Obstacles { walls, ..Obstacles::default() };
        if !obstacles.walls.is_empty() {
            obstacles.sort_into_grid();
            obstacles.memory = vec![(u64::MAX, 0.0, 0.0); MEMORY];
        }
        obstacles
    }

    fn sort_into_grid(&mut self) {
        let corners = || self.walls.iter().flat_map(|wall| [wall.from, wall.to]);
        let low = corners().fold((f64::MAX, f64::MAX), |low, at| (low.0.min(at.0), low.1.min(at.1)));
        let high = corners().fold((f64::MIN, f64::MIN), |high, at| (high.0.max(at.0), high.1.max(at.1)));
        self.origin = low;
        self.columns = (((high.0 - low.0) / CELL) as usize + 1).min(2048);
        self.rows = (((high.1 - low.1) / CELL) as usize + 1).min(MAX_CELLS / 2048);
        let mut cells: Vec<Vec<u32>> = vec![Vec::new(); self.columns * self.rows];
        for (index, wall) in self.walls.iter().enumerate() {
            let (a, b) = (self.cell(wall.from), self.cell(wall.to));
            for row in a.1.min(b.1)..=a.1.max(b.1) {
                for column in a.0.min(b.0)..=a.0.max(b.0) {
                    cells[row * self.columns + column].push(index as u32);
                }
            }
        }
        self.start.push(0);
        for cell in cells {
            self.entries.extend(cell);
            self.start.push(self.entries.len() as u32);
        }
    }

    fn cell(&self, at: (f64, f64)) -> (usize, usize) {
        let along = |value: f64, count: usize| ((value / CELL).max(0.0) as usize).min(count - 1);
        (along(at.0 - self.origin.0, self.columns), along(at.1 - self.origin.1, self.rows))
    }

    /// Walls crossed between two places, and metres inside of buildings.
    pub fn between(&mut self, a: (f64, f64), b: (f64, f64)) -> (f32, f32) {
        if self.walls.is_empty() {
            return (0.0, 0.0);
        }
        let raster = |at: (f64, f64)| ((at.0 / RASTER).round() as i64 as u16, (at.1 / RASTER).round() as i64 as u16);
        let on = |at: (f64, f64)| ((at.0 / RASTER).round() * RASTER, (at.1 / RASTER).round() * RASTER);
        let (mut key_a, mut key_b, mut from, mut to) = (raster(a), raster(b), on(a), on(b));
        if key_b < key_a {
            (key_a, key_b, from, to) = (key_b, key_a, to, from);
        }
        let key = u64::from(key_a.0) << 48 | u64::from(key_a.1) << 32 | u64::from(key_b.0) << 16 | u64::from(key_b.1);
        let slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 46) as usize % MEMORY;
        // The key wraps every 131 km: places farther apart than that are out of each other's reach anyway.
        if self.memory[slot].0 != key {
            let (walls, inside) = self.cross(from, to);
            self.memory[slot] = (key, walls, inside);
        }
        (self.memory[slot].1, self.memory[slot].2)
    }

    /// Walks the grid along a ray.
    fn cross(&mut self, from: (f64, f64), to: (f64, f64)) -> (f32, f32) {
        let mut crossings = core::mem::take(&mut self.crossings);
        crossings.clear();
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).sqrt();
        // Samples a cell's side apart can skip a corner's cell; half a side with the neighbouring cells of each sample
        // would be dear, so the ray's own rows and columns are walked instead.
        let (a, b) = (self.cell(from), self.cell(to));
        for row in a.1.min(b.1)..=a.1.max(b.1) {
            let (first, last) = self.columns_of_row(row, from, to, (a.0.min(b.0), a.0.max(b.0)));
            let begin = self.start[row * self.columns + first] as usize;
            let end = self.start[row * self.columns + last + 1] as usize;
            for &index in &self.entries[begin..end] {
                let wall = &self.walls[index as usize];
                if let Some(along) = meet(from, (dx, dy), wall) {
                    crossings.push((wall.building, index, along));
                }
            }
        }
        crossings.sort_unstable_by(|x, y| (x.0, x.2, x.1).partial_cmp(&(y.0, y.2, y.1)).unwrap_or(core::cmp::Ordering::Equal));
        crossings.dedup_by_key(|crossing| (crossing.0, crossing.1));
        let mut inside = 0.0;
        for building in crossings.chunk_by(|x, y| x.0 == y.0) {
            for pair in building.chunks(2) {
                inside += pair.get(1).map_or(1.0, |leave| leave.2) - pair[0].2;
            }
        }
        let result = (crossings.len() as f32, (inside * length) as f32);
        self.crossings = crossings;
        result
    }

    /// The columns that the ray touches within a row of cells, one more on each side against rounding.
    fn columns_of_row(&self, row: usize, from: (f64, f64), to: (f64, f64), all: (usize, usize)) -> (usize, usize) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        if dy.abs() < 1e-9 {
            return all;
        }
        let south = self.origin.1 + row as f64 * CELL;
        let at = |y: f64| from.0 + dx * ((y - from.1) / dy).clamp(0.0, 1.0);
        let (west, east) = (at(south).min(at(south + CELL)), at(south).max(at(south + CELL)));
        let first = self.cell((west, south)).0.saturating_sub(1).max(all.0.saturating_sub(1));
        let last = (self.cell((east, south)).0 + 1).min(self.columns - 1).min(all.1 + 1);
        (first, last)
    }
}

/// Where along the ray from `from` by `by` a wall is crossed, as a share of its length.
fn meet(from: (f64, f64), by: (f64, f64), wall: &Wall) -> Option<f64> {
    let (wx, wy) = (wall.to.0 - wall.from.0, wall.to.1 - wall.from.1);
    let cross = by.0 * wy - by.1 * wx;
    if cross == 0.0 {
        return None;
    }
    let (ox, oy) = (wall.from.0 - from.0, wall.from.1 - from.1);
    let along = (ox * wy - oy * wx) / cross;
    let up = (ox * by.1 - oy * by.0) / cross;
    // Half-open along the wall, so that a ray through a corner crosses one of its two walls.
    ((0.0..=1.0).contains(&along) && (0.0..1.0).contains(&up)).then_some(along)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn square(x: f64, y: f64, side: f64) -> Vec<(f64, f64)> {
        vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    }

    fn of(buildings: &[Vec<(f64, f64)>]) -> Obstacles {
        Obstacles::new(buildings.iter().map(Vec::as_slice))
    }

    #[test]
    fn a_building_in_between_is_two_walls_and_its_depth() {
        let mut obstacles = of(&[square(101.0, -9.0, 20.0), square(301.0, -9.0, 10.0)]);
        assert_eq!(obstacles.between((0.0, 0.0), (400.0, 0.0)), (4.0, 30.0));
        assert_eq!(obstacles.between((400.0, 0.0), (0.0, 0.0)), (4.0, 30.0));
        assert_eq!(obstacles.between((0.0, 0.0), (200.0, 0.0)), (2.0, 20.0));
        assert_eq!(obstacles.between((0.0, 100.0), (400.0, 100.0)), (0.0, 0.0));
        // From within: one wall.
        assert_eq!(obstacles.between((110.0, 0.0), (200.0, 0.0)).0, 1.0);
    }

    #[test]
    fn no_buildings_cost_nothing() {
        assert_eq!(of(&[]).between((0.0, 0.0), (10.0, 0.0)), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn the_grid_finds_what_trying_every_wall_finds(
            squares in proptest::collection::vec((0.0..800.0f64, 0.0..600.0f64, 5.0..90.0f64), 1..25),
            a in (-100i32..500, -100i32..400), b in (-100i32..500, -100i32..400),
        ) {
            let buildings: Vec<_> = squares.iter().map(|&(x, y, side)| square(x, y, side)).collect();
            let mut obstacles = of(&buildings);
            let (a, b) = ((f64::from(a.0) * 2.0, f64::from(a.1) * 2.0), (f64::from(b.0) * 2.0, f64::from(b.1) * 2.0));
            let by = (b.0 - a.0, b.1 - a.1);
            let expected = obstacles.walls.iter().filter(|wall| meet(a, by, wall).is_some()).count();
            let (walls, _) = obstacles.cross(a, b);
            prop_assert_eq!(walls as usize, expected);
        }
    }
}
