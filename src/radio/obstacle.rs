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
    wall_db: f64,
    indoor_db_per_m: f64,
    walls: Vec<Wall>,
    origin: (f64, f64),
    columns: usize,
    rows: usize,
    start: Vec<u32>,
    entries: Vec<u32>,
    memory: Vec<(u128, Loss)>,
    crossings: Vec<(u32, u32, f64)>,
}

/// What is known of a ray, dB.
#[derive(Clone, Copy, Debug)]
enum Loss {
    /// Exactly this much is lost.
    Exact(f32),
    /// More than this; the walk ended there.
    Above(f32),
}

/// Side of a grid cell, metres: about the size of a block's buildings.
const CELL: f64 = 40.0;
/// Walls are entered this much beyond their ends, metres, so that rounding cannot make a ray pass between two cells.
const SLACK: f64 = 1e-6;
/// Raster of the ends of a ray, metres.
const RASTER: f64 = 2.0;
/// Rays remembered: a power of two.
const MEMORY: usize = 1 << 19;
/// Most columns and rows of the grid.
const MAX_SIDE: usize = 2048;

impl Obstacles {
    /// Sorts the walls of `buildings` (outlines in metres, closed or not) into the grid; each wall takes `wall_db`, each
    /// metre inside `indoor_db_per_m`.
    pub fn new<'a>(
        buildings: impl IntoIterator<Item = &'a [(f64, f64)]>,
        wall_db: f64,
        indoor_db_per_m: f64,
    ) -> Obstacles {
        let mut walls = Vec::new();
        for (building, outline) in buildings.into_iter().enumerate() {
            let next = outline.iter().cycle().skip(1);
            for (&from, &to) in outline.iter().zip(next) {
                if from != to {
                    walls.push(Wall {
                        building: building as u32,
                        from,
                        to,
                    });
                }
            }
        }
        let mut obstacles = Obstacles {
            walls,
            wall_db,
            indoor_db_per_m,
            ..Obstacles::default()
        };
        if !obstacles.walls.is_empty() {
            obstacles.sort_into_grid();
            obstacles.memory = vec![(u128::MAX, Loss::Exact(0.0)); MEMORY];
        }
        obstacles
    }

    /// Is there no wall at all?
    pub fn is_empty(&self) -> bool {
        self.walls.is_empty()
    }

    fn sort_into_grid(&mut self) {
        let corners = || self.walls.iter().flat_map(|wall| [wall.from, wall.to]);
        let low = corners().fold((f64::MAX, f64::MAX), |low, at| (low.0.min(at.0), low.1.min(at.1)));
        let high = corners().fold((f64::MIN, f64::MIN), |high, at| (high.0.max(at.0), high.1.max(at.1)));
        self.origin = low;
        self.columns = (((high.0 - low.0) / CELL) as usize + 1).min(MAX_SIDE);
        self.rows = (((high.1 - low.1) / CELL) as usize + 1).min(MAX_SIDE);
        let mut cells: Vec<Vec<u32>> = vec![Vec::new(); self.columns * self.rows];
        for (index, wall) in self.walls.iter().enumerate() {
            let low = (wall.from.0.min(wall.to.0) - SLACK, wall.from.1.min(wall.to.1) - SLACK);
            let high = (wall.from.0.max(wall.to.0) + SLACK, wall.from.1.max(wall.to.1) + SLACK);
            let (first, last) = (self.cell(low), self.cell(high));
            for row in first.1..=last.1 {
                for column in first.0..=last.0 {
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

    /// The cell of a place; places beyond the rim belong to the cells at the rim.
    fn cell(&self, at: (f64, f64)) -> (usize, usize) {
        let along = |value: f64, count: usize| ((value / CELL).max(0.0) as usize).min(count - 1);
        (
            along(at.0 - self.origin.0, self.columns),
            along(at.1 - self.origin.1, self.rows),
        )
    }

    /// What walls and rooms between two places take, dB; `None` if it is more than `margin_db`.
    pub fn loss(&mut self, a: (f64, f64), b: (f64, f64), margin_db: f64) -> Option<f64> {
        if self.walls.is_empty() {
            return (margin_db >= 0.0).then_some(0.0);
        }
        let raster = |at: (f64, f64)| ((at.0 / RASTER).round() as i32, (at.1 / RASTER).round() as i32);
        let on = |at: (f64, f64)| ((at.0 / RASTER).round() * RASTER, (at.1 / RASTER).round() * RASTER);
        let (mut key_a, mut key_b, mut from, mut to) = (raster(a), raster(b), on(a), on(b));
        if key_b < key_a {
            (key_a, key_b, from, to) = (key_b, key_a, to, from);
        }
        let corner = |key: (i32, i32)| u64::from(key.0.cast_unsigned()) << 32 | u64::from(key.1.cast_unsigned());
        let (first, second) = (corner(key_a), corner(key_b));
        let key = u128::from(first) << 64 | u128::from(second);
        let mixed = (first.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ second).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let slot = (mixed >> 45) as usize % MEMORY;
        let known = match self.memory[slot] {
            (held, loss) if held == key => Some(loss),
            _ => None,
        };
        let loss = match known {
            Some(Loss::Above(bound)) if f64::from(bound) > margin_db => return None,
            Some(loss @ Loss::Exact(_)) => loss,
            _ => {
                let loss = self.walk(from, to, margin_db);
                self.memory[slot] = (key, loss);
                loss
            }
        };
        match loss {
            Loss::Exact(loss) if f64::from(loss) <= margin_db => Some(f64::from(loss)),
            _ => None,
        }
    }

    /// Walks the grid along a ray, cell by cell (Amanatides and Woo, Eurographics 1987), until it ends or until the walls
    /// found take more than the margin.
    fn walk(&mut self, from: (f64, f64), to: (f64, f64), margin_db: f64) -> Loss {
        let mut crossings = core::mem::take(&mut self.crossings);
        crossings.clear();
        let by = (to.0 - from.0, to.1 - from.1);
        let mut cells = Ray::new(self, from, to);
        let mut loss = None;
        while let Some((column, row)) = cells.next() {
            self.cross_cell(column, row, from, by, &mut crossings);
            let bound = crossings.len() as f64 * self.wall_db;
            if bound > margin_db {
                loss = Some(Loss::Above(bound.min(margin_db + self.wall_db) as f32));
                break;
            }
        }
        let loss = loss.unwrap_or_else(|| {
            let length = (by.0 * by.0 + by.1 * by.1).sqrt();
            let inside = self.share_inside(&mut crossings, from) * length;
            Loss::Exact((crossings.len() as f64 * self.wall_db + inside * self.indoor_db_per_m) as f32)
        });
        self.crossings = crossings;
        loss
    }

    /// The share of a ray that lies inside of buildings, from where it crosses their walls.
    fn share_inside(&self, crossings: &mut [(u32, u32, f64)], from: (f64, f64)) -> f64 {
        crossings.sort_unstable_by(|x, y| {
            (x.0, x.2, x.1)
                .partial_cmp(&(y.0, y.2, y.1))
                .unwrap_or(core::cmp::Ordering::Equal)
        });
        let mut inside = 0.0;
        for crossed in crossings.chunk_by(|x, y| x.0 == y.0) {
            let begins_inside = crossed.len() % 2 == 1 && self.contains(crossed[0].0, from);
            let turns = begins_inside
                .then_some(0.0)
                .into_iter()
                .chain(crossed.iter().map(|crossing| crossing.2));
            let mut entered = None;
            for turn in turns {
                match entered.take() {
                    None => entered = Some(turn),
                    Some(entered) => inside += turn - entered,
                }
            }
            inside += entered.map_or(0.0, |entered| 1.0 - entered);
        }
        inside
    }

    /// Is a place inside of a building? By the even-odd rule.
    fn contains(&self, building: u32, at: (f64, f64)) -> bool {
        let first = self.walls.partition_point(|wall| wall.building < building);
        let walls = self.walls[first..].iter().take_while(|wall| wall.building == building);
        let east = walls.filter(|wall| {
            let (low, high) = if wall.from.1 < wall.to.1 {
                (wall.from, wall.to)
            } else {
                (wall.to, wall.from)
            };
            (low.1..high.1).contains(&at.1) && (at.1 - low.1) * (high.0 - low.0) > (at.0 - low.0) * (high.1 - low.1)
        });
        east.count() % 2 == 1
    }

    /// Adds the walls of one cell that the ray crosses and that are not known yet.
    fn cross_cell(
        &self,
        column: usize,
        row: usize,
        from: (f64, f64),
        by: (f64, f64),
        crossings: &mut Vec<(u32, u32, f64)>,
    ) {
        let cell = row * self.columns + column;
        for &index in &self.entries[self.start[cell] as usize..self.start[cell + 1] as usize] {
            let wall = &self.walls[index as usize];
            if let Some(along) = meet(from, by, wall)
                && !crossings.iter().any(|crossing| crossing.1 == index)
            {
                crossings.push((wall.building, index, along));
            }
        }
    }
}

/// The cells that a ray touches, in order.
struct Ray {
    at: (usize, usize),
    last: (usize, usize),
    step: (isize, isize),
    /// Share of the ray at which the next column and row begin, and the share that one cell takes.
    next: (f64, f64),
    each: (f64, f64),
    over: bool,
}

impl Ray {
    fn new(grid: &Obstacles, from: (f64, f64), to: (f64, f64)) -> Ray {
        let by = (to.0 - from.0, to.1 - from.1);
        let (at, last) = (grid.cell(from), grid.cell(to));
        // Where the first border in the ray's direction lies: beyond the rim there are none, and a rim cell is entered
        // at once.
        let border = |from: f64, by: f64, origin: f64, cell: usize| {
            let edge = origin + CELL * (cell as f64 + f64::from(u8::from(by > 0.0)));
            if by == 0.0 { f64::INFINITY } else { (edge - from) / by }
        };
        let each = |by: f64| if by == 0.0 { f64::INFINITY } else { CELL / by.abs() };
        Ray {
            at,
            last,
            step: (by.0.signum() as isize, by.1.signum() as isize),
            next: (
                border(from.0, by.0, grid.origin.0, at.0),
                border(from.1, by.1, grid.origin.1, at.1),
            ),
            each: (each(by.0), each(by.1)),
            over: false,
        }
    }

    fn next(&mut self) -> Option<(usize, usize)> {
        if self.over {
            return None;
        }
        let here = self.at;
        if here == self.last {
            self.over = true;
        } else if self.at.1 == self.last.1 || (self.at.0 != self.last.0 && self.next.0 < self.next.1) {
            self.at.0 = self.at.0.saturating_add_signed(self.step.0);
            self.next.0 += self.each.0;
        } else {
            self.at.1 = self.at.1.saturating_add_signed(self.step.1);
            self.next.1 += self.each.1;
        }
        Some(here)
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
        Obstacles::new(buildings.iter().map(Vec::as_slice), 9.0, 0.4)
    }

    #[test]
    fn a_building_in_between_is_two_walls_and_its_depth() {
        let mut obstacles = of(&[square(101.0, -9.0, 20.0), square(301.0, -9.0, 10.0)]);
        let mut loss = |a, b| obstacles.loss(a, b, 100.0).expect("within the margin");
        let close = |loss: f64, expected: f64| assert!((loss - expected).abs() < 1e-4, "{loss}, expected {expected}");
        close(loss((0.0, 0.0), (400.0, 0.0)), 4.0 * 9.0 + 30.0 * 0.4);
        close(loss((400.0, 0.0), (0.0, 0.0)), 4.0 * 9.0 + 30.0 * 0.4);
        close(loss((0.0, 0.0), (200.0, 0.0)), 2.0 * 9.0 + 20.0 * 0.4);
        close(loss((0.0, 100.0), (400.0, 100.0)), 0.0);
        // From within: one wall, and eleven metres up to it; the same from without.
        close(loss((110.0, 0.0), (200.0, 0.0)), 9.0 + 11.0 * 0.4);
        close(loss((10.0, 0.0), (110.0, 0.0)), 9.0 + 9.0 * 0.4);
        // Within one building: no wall, and no metre counted, since no wall tells of it.
        close(loss((106.0, 0.0), (116.0, 2.0)), 0.0);
    }

    #[test]
    fn what_takes_more_than_the_margin_is_nothing_whatever_was_asked_before() {
        let mut obstacles = of(&[square(101.0, -9.0, 20.0), square(301.0, -9.0, 10.0)]);
        let (a, b) = ((0.0, 0.0), (400.0, 0.0));
        for margin in [5.0, 30.0, 100.0, 30.0, 47.9, 48.1, 5.0] {
            assert_eq!(obstacles.loss(a, b, margin).is_some(), margin > 48.0, "margin {margin}");
            assert_eq!(
                of(&[square(101.0, -9.0, 20.0), square(301.0, -9.0, 10.0)]).loss(b, a, margin),
                obstacles.loss(a, b, margin)
            );
        }
    }

    #[test]
    fn no_buildings_cost_nothing() {
        assert_eq!(of(&[]).loss((0.0, 0.0), (10.0, 0.0), 3.0), Some(0.0));
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
            let mut crossings = Vec::new();
            for (index, wall) in obstacles.walls.iter().enumerate() {
                crossings.extend(meet(a, by, wall).map(|along| (wall.building, index as u32, along)));
            }
            let length = (by.0 * by.0 + by.1 * by.1).sqrt();
            let expected = crossings.len() as f64 * 9.0 + obstacles.share_inside(&mut crossings, a) * length * 0.4;
            let Loss::Exact(loss) = obstacles.walk(a, b, f64::INFINITY) else { panic!("no margin was exceeded") };
            prop_assert!((f64::from(loss) - expected).abs() < 1e-3, "{} instead of {}", loss, expected);
        }
    }
}
