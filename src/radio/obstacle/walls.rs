//! The walls of all buildings, sorted into a grid, and the walk along a ray.

/// A place in the plane, metres.
pub(super) type Point = (f64, f64);

/// All walls.
///
/// Corners, and the ends of rays ([`Walls::place`]), lie on a raster of 1/256 m from an origin near the south-western
/// corner of the buildings. So the products and differences below are exact in `f64` (up to some 100 km): which side of a
/// ray a corner is on has one answer, whichever wall of the two that meet there, whichever cell and whichever direction it
/// is asked from.
#[derive(Clone, Debug, Default)]
pub(super) struct Walls {
    origin: Point,
    /// From corner to corner, one building after the other, each in the order of its outline.
    walls: Vec<Wall>,
    /// The first wall of each building, and the end of the last.
    first: Vec<u32>,
    /// The building of each wall.
    owner: Vec<u32>,
    grid: Grid,
}

/// A wall: the corners it runs between, metres from the origin.
#[derive(Clone, Copy, Debug, Default)]
struct Wall {
    from: (f32, f32),
    to: (f32, f32),
}

/// Walls by cell, in compressed rows. No wall stands in the outermost cells.
#[derive(Clone, Debug, Default)]
struct Grid {
    cell: f64,
    columns: usize,
    rows: usize,
    start: Vec<u32>,
    fours: Vec<Four>,
    numbers: Vec<[u32; 4]>,
    blur: f64,
}

/// Four walls of a cell, metres from its middle; the last of a cell may be there more than once.
#[derive(Clone, Copy, Debug, Default)]
struct Four {
    from: ([f32; 4], [f32; 4]),
    to: ([f32; 4], [f32; 4]),
}

impl Four {
    /// How far each of them stays from a line, times the length of `by`. One that the line may cross: nothing, or less.
    #[inline(always)]
    fn aside(&self, by: (f32, f32), line: f32, blur: f32) -> [f32; 4] {
        core::array::from_fn(|wall| {
            let middle = by.0 * self.from.1[wall] - by.1 * self.from.0[wall] - line;
            let half = by.0 * self.to.1[wall] - by.1 * self.to.0[wall];
            middle.abs() - (half.abs() + blur)
        })
    }
}

/// Side of a grid cell, metres, or a power of two times that.
const CELL: f64 = 48.0;
/// Most columns and rows of the grid.
const MAX_SIDE: f64 = 2048.0;
/// Beyond this many metres nothing stands.
const WORLD: f64 = 1e8;
/// Walls are entered into cells from so far away, metres: what is not in a ray's cells is farther than that from the ray.
pub(super) const ASIDE: f64 = 8.0;
/// Adding and taking away this number rounds to the raster: the numbers around it are 1/256 apart.
const RASTER: f64 = (3_u64 << 43) as f64;

/// Between two places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ray {
    pub(super) a: Point,
    pub(super) b: Point,
    /// From one end to the other; the same for both directions.
    by: Point,
    line: f64,
}

impl Ray {
    pub(super) fn new(a: Point, b: Point) -> Ray {
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let sign = if dy > 0.0 || (dy == 0.0 && dx > 0.0) { 1.0 } else { -1.0 };
        let by = (dx * sign, dy * sign);
        Ray {
            a,
            b,
            by,
            line: by.0 * a.1 - by.1 * a.0,
        }
    }

    /// Is a corner on the right-hand side? One on the line is not.
    fn right(&self, corner: (f32, f32)) -> bool {
        self.by.0 * f64::from(corner.1) - self.by.1 * f64::from(corner.0) < self.line
    }

    /// Does the ray cross the wall? A corner on the line belongs to the left, so that a ray through a corner between its
    /// two sides crosses one of the two walls that meet there. A wall on which an end lies is crossed.
    fn crosses(&self, wall: &Wall) -> bool {
        if self.right(wall.from) == self.right(wall.to) {
            return false;
        }
        let (a, b) = (wall.left(self.a), wall.left(self.b));
        (a <= 0.0 && b >= 0.0) || (a >= 0.0 && b <= 0.0)
    }

    fn length(&self) -> f64 {
        (self.by.0 * self.by.0 + self.by.1 * self.by.1).sqrt()
    }

    /// How many metres the ends may move, whichever way, while the ray goes on to cross a wall, or not to: as far as either is
    /// from the ends of the other, since there a crossing begins and ceases.
    fn steady(&self, wall: &Wall) -> f64 {
        let to_wall = |at: Point| apart(at, wall.from(), wall.to());
        let to_ray = |at: Point| apart(at, self.a, self.b);
        let squared = to_wall(self.a)
            .min(to_wall(self.b))
            .min(to_ray(wall.from()))
            .min(to_ray(wall.to()));
        squared.sqrt()
    }
}

/// Square of the distance from a place to the nearest between two others.
fn apart(at: Point, from: Point, to: Point) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (x, y) = (at.0 - from.0, at.1 - from.1);
    let squared = dx * dx + dy * dy;
    let share = if squared > 0.0 {
        ((x * dx + y * dy) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (x, y) = (x - share * dx, y - share * dy);
    x * x + y * y
}

impl Wall {
    fn from(&self) -> Point {
        (f64::from(self.from.0), f64::from(self.from.1))
    }

    fn to(&self) -> Point {
        (f64::from(self.to.0), f64::from(self.to.1))
    }

    /// How far to the left of the wall's line, times the wall's length.
    fn left(&self, at: Point) -> f64 {
        let (from, to) = (self.from(), self.to());
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        dx * (at.1 - from.1) - dy * (at.0 - from.0)
    }
}

impl Walls {
    /// Sorts the walls of `buildings` (outlines in metres, closed or not) into the grid.
    pub(super) fn new<'a>(buildings: impl IntoIterator<Item = &'a [Point]>) -> Walls {
        let somewhere = |outline: &&[Point]| outline.iter().all(|at| at.0.abs() < WORLD && at.1.abs() < WORLD);
        let outlines: Vec<&[Point]> = buildings.into_iter().filter(somewhere).collect();
        let corners = || outlines.iter().flat_map(|outline| outline.iter());
        let low = corners().fold((f64::MAX, f64::MAX), |low, at| (low.0.min(at.0), low.1.min(at.1)));
        let high = corners().fold((f64::MIN, f64::MIN), |high, at| (high.0.max(at.0), high.1.max(at.1)));
        let mut walls = Walls {
            grid: Grid::empty((high.0 - low.0).max(high.1 - low.1)),
            ..Walls::default()
        };
        let cell = walls.grid.cell;
        walls.origin = (low.0.floor() - cell, low.1.floor() - cell);
        for outline in outlines {
            walls.add(outline);
        }
        walls.first.push(walls.walls.len() as u32);
        walls.grid.fill(&walls.walls);
        walls
    }

    fn add(&mut self, outline: &[Point]) {
        let building = self.first.len() as u32;
        self.first.push(self.walls.len() as u32);
        let place = |at: &Point| {
            let at = self.place(*at);
            (at.0 as f32, at.1 as f32)
        };
        let corners: Vec<(f32, f32)> = outline.iter().map(place).collect();
        let next = corners.iter().cycle().skip(1);
        for (&from, &to) in corners.iter().zip(next) {
            if from != to {
                self.walls.push(Wall { from, to });
                self.owner.push(building);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.walls.is_empty()
    }

    /// A place on the raster, metres from the origin.
    pub(super) fn place(&self, at: Point) -> Point {
        (
            (at.0 - self.origin.0) + RASTER - RASTER,
            (at.1 - self.origin.1) + RASTER - RASTER,
        )
    }

    /// The building that a wall belongs to.
    pub(super) fn owner(&self, wall: u32) -> u32 {
        self.owner[wall as usize]
    }

    /// The walls of a building.
    fn of(&self, building: u32) -> &[Wall] {
        let building = building as usize;
        &self.walls[self.first[building] as usize..self.first[building + 1] as usize]
    }

    /// The corners of a building, in order.
    pub(super) fn corners(&self, building: u32) -> impl Iterator<Item = (f32, f32)> {
        self.of(building).iter().map(|wall| wall.from)
    }

    /// Metres from the origin to the far rim of the cells.
    pub(super) fn extent(&self) -> Point {
        (
            self.grid.columns as f64 * self.grid.cell,
            self.grid.rows as f64 * self.grid.cell,
        )
    }

    /// Finds the buildings of which a wall is in a cell within so many metres of a place, by number.
    pub(super) fn near(&self, at: Point, metres: f64, found: &mut Vec<u32>) {
        found.clear();
        let first = self.grid.cell((at.0 - metres, at.1 - metres));
        let last = self.grid.cell((at.0 + metres, at.1 + metres));
        for row in first.1..=last.1 {
            let cells = row * self.grid.columns + first.0..=row * self.grid.columns + last.0;
            let fours = self.grid.start[*cells.start()] as usize..self.grid.start[*cells.end() + 1] as usize;
            found.extend(self.grid.numbers[fours].iter().flatten().map(|&wall| self.owner(wall)));
        }
        found.sort_unstable();
        found.dedup();
    }

    /// Where along a ray that crosses it a wall is, as a share of the way from `from` to `to`.
    pub(super) fn along(&self, wall: u32, from: Point, to: Point) -> f64 {
        let wall = &self.walls[wall as usize];
        let (from, to) = (wall.left(from), wall.left(to));
        from / (from - to)
    }

    /// Is a place inside of a building? By the even-odd rule.
    pub(super) fn contains(&self, building: u32, at: Point) -> bool {
        let east = self.of(building).iter().filter(|wall| {
            let (low, high) = if wall.from.1 < wall.to.1 {
                (wall.from, wall.to)
            } else {
                (wall.to, wall.from)
            };
            let upward = Wall { from: low, to: high };
            (f64::from(low.1)..f64::from(high.1)).contains(&at.1) && upward.left(at) > 0.0
        });
        east.count() % 2 == 1
    }

    /// Collects the numbers of the walls that a ray crosses, beginning near `ray.a`, until there are `enough`.
    ///
    /// Returns how many metres each end may move, whichever way, while the ray crosses these walls; and no other, unless
    /// there were enough.
    pub(super) fn cross(&self, ray: &Ray, enough: impl Fn(usize) -> bool, found: &mut Vec<u32>) -> f64 {
        found.clear();
        let Some((from, to)) = self.grid.clip(ray.a, ray.b) else {
            return ASIDE;
        };
        let mut walk = Walk::new(&self.grid, from, to);
        let by = (ray.by.0 as f32, ray.by.1 as f32);
        let blur = ((ray.by.0.abs() + ray.by.1.abs()) * self.grid.blur) as f32;
        // How far the walls stay from the ray that are crossed, and the others: these also by the ray's line alone.
        let (mut held, mut others, mut beside) = (ASIDE, ASIDE, [f32::INFINITY; 4]);
        loop {
            let fours = self.grid.start[walk.cell] as usize..self.grid.start[walk.cell + 1] as usize;
            if !fours.is_empty() {
                let line = (ray.line - (ray.by.0 * walk.middle.1 - ray.by.1 * walk.middle.0)) as f32;
                for (four, numbers) in self.grid.fours[fours.clone()].iter().zip(&self.grid.numbers[fours]) {
                    let aside = four.aside(by, line, blur);
                    if aside.iter().all(|&aside| aside > 0.0) {
                        beside = core::array::from_fn(|wall| beside[wall].min(aside[wall]));
                        continue;
                    }
                    for number in numbers {
                        let wall = &self.walls[*number as usize];
                        if !ray.crosses(wall) {
                            others = others.min(ray.steady(wall));
                        } else if !found.contains(number) {
                            found.push(*number);
                            held = held.min(ray.steady(wall));
                            if enough(found.len()) {
                                return held;
                            }
                        }
                    }
                }
            }
            if !walk.step() {
                let beside = beside.into_iter().fold(f32::INFINITY, f32::min);
                return held.min(others).min(f64::from(beside) / ray.length());
            }
        }
    }
}

impl Grid {
    /// A grid without walls, for buildings that together are so wide or high.
    fn empty(side: f64) -> Grid {
        let mut cell = CELL;
        while side / cell > MAX_SIDE {
            cell *= 2.0;
        }
        Grid {
            cell,
            ..Grid::default()
        }
    }

    /// Sorts walls in, all of them at least one cell from the south-western rim.
    fn fill(&mut self, walls: &[Wall]) {
        let far = |side: fn(&Wall) -> f32| walls.iter().map(|wall| f64::from(side(wall))).fold(0.0, f64::max);
        let cells = |metres: f64| (metres / self.cell) as usize + 2;
        self.columns = cells(far(|wall| wall.from.0));
        self.rows = cells(far(|wall| wall.from.1));
        let mut count = vec![0_u32; self.columns * self.rows];
        for wall in walls {
            self.touched(wall, |cell| count[cell] += 1);
        }
        let mut start = vec![0_u32; count.len() + 1];
        for cell in 0..count.len() {
            start[cell + 1] = start[cell] + count[cell].div_ceil(4);
        }
        let entries = start.last().map_or(0, |end| *end as usize);
        let (mut fours, mut numbers) = (vec![Four::default(); entries], vec![[0; 4]; entries]);
        let mut next: Vec<usize> = start.iter().map(|start| *start as usize * 4).collect();
        for (number, wall) in walls.iter().enumerate() {
            self.touched(wall, |cell| {
                let middle = (
                    ((cell % self.columns) as f64 + 0.5) * self.cell,
                    ((cell / self.columns) as f64 + 0.5) * self.cell,
                );
                for lane in next[cell]..next[cell].next_multiple_of(4).max(next[cell] + 1) {
                    let (four, lane) = (lane / 4, lane % 4);
                    numbers[four][lane] = number as u32;
                    let four = &mut fours[four];
                    four.from.0[lane] = ((f64::from(wall.from.0) + f64::from(wall.to.0)) / 2.0 - middle.0) as f32;
                    four.from.1[lane] = ((f64::from(wall.from.1) + f64::from(wall.to.1)) / 2.0 - middle.1) as f32;
                    four.to.0[lane] = ((f64::from(wall.to.0) - f64::from(wall.from.0)) / 2.0) as f32;
                    four.to.1[lane] = ((f64::from(wall.to.1) - f64::from(wall.from.1)) / 2.0) as f32;
                }
                next[cell] += 1;
            });
        }
        let longest = walls
            .iter()
            .map(|wall| (wall.to.0 - wall.from.0).abs().max((wall.to.1 - wall.from.1).abs()))
            .fold(0.0, f32::max);
        self.blur = 1e-6 * (self.cell + f64::from(longest));
        (self.start, self.fours, self.numbers) = (start, fours, numbers);
    }

    /// Calls `visit` with each cell that a wall touches, or comes near to.
    fn touched(&self, wall: &Wall, mut visit: impl FnMut(usize)) {
        let (x, y) = (
            (f64::from(wall.from.0), f64::from(wall.to.0)),
            (f64::from(wall.from.1), f64::from(wall.to.1)),
        );
        let first = self.cell((x.0.min(x.1) - ASIDE, y.0.min(y.1) - ASIDE));
        let last = self.cell((x.0.max(x.1) + ASIDE, y.0.max(y.1) + ASIDE));
        let reach = (self.cell / 2.0 + ASIDE) * ((x.1 - x.0).abs() + (y.1 - y.0).abs());
        for row in first.1..=last.1 {
            for column in first.0..=last.0 {
                let middle = ((column as f64 + 0.5) * self.cell, (row as f64 + 0.5) * self.cell);
                if wall.left(middle).abs() <= reach {
                    visit(row * self.columns + column);
                }
            }
        }
    }

    /// Column and row of a place.
    fn cell(&self, at: Point) -> (usize, usize) {
        let along = |value: f64, count: usize| ((value / self.cell) as usize).min(count - 1);
        (along(at.0, self.columns), along(at.1, self.rows))
    }

    /// The part of a ray where there may be walls: up to the middle of the outermost cells.
    fn clip(&self, a: Point, b: Point) -> Option<(Point, Point)> {
        let rim = self.cell / 2.0;
        let (x, y) = (
            self.columns as f64 * self.cell - rim,
            self.rows as f64 * self.cell - rim,
        );
        let within = |at: Point| at.0 >= rim && at.0 <= x && at.1 >= rim && at.1 <= y;
        if within(a) && within(b) {
            return Some((a, b));
        }
        let by = (b.0 - a.0, b.1 - a.1);
        let (mut begin, mut end) = (0.0_f64, 1.0_f64);
        for (at, by, high) in [(a.0, by.0, x), (a.1, by.1, y)] {
            if by == 0.0 {
                if at < rim || at > high {
                    return None;
                }
                continue;
            }
            let (low, high) = ((rim - at) / by, (high - at) / by);
            begin = begin.max(low.min(high));
            end = end.min(low.max(high));
        }
        let at = |share: f64| ((a.0 + by.0 * share).clamp(rim, x), (a.1 + by.1 * share).clamp(rim, y));
        (begin <= end).then(|| (at(begin), at(end)))
    }
}

/// The cells that a ray touches, in order (Amanatides and Woo, Eurographics 1987).
struct Walk {
    cell: usize,
    middle: Point,
    steps: usize,
    /// What leads to the next column and to the next row: in cells, and metres.
    stride: (usize, usize),
    advance: Point,
    /// Share of the ray at which the next column and row begin, and the share that one cell takes.
    next: Point,
    each: Point,
}

impl Walk {
    /// Both ends at least half a cell inside the grid: where rounding at the last border decides for the wrong one of two
    /// cells, that cell exists.
    fn new(grid: &Grid, from: Point, to: Point) -> Walk {
        let (first, last) = (grid.cell(from), grid.cell(to));
        let corner = (first.0 as f64 * grid.cell, first.1 as f64 * grid.cell);
        let axis = |from: f64, to: f64, corner: f64, by: usize| {
            let (ahead, stride, advance) = if to >= from {
                (corner + grid.cell - from, by, grid.cell)
            } else {
                (from - corner, by.wrapping_neg(), -grid.cell)
            };
            // Where a ray runs along a column it never comes to the next one: the share is infinite.
            let length = (to - from).abs();
            (ahead / length, grid.cell / length, stride, advance)
        };
        let x = axis(from.0, to.0, corner.0, 1);
        let y = axis(from.1, to.1, corner.1, grid.columns);
        Walk {
            cell: first.1 * grid.columns + first.0,
            middle: (corner.0 + grid.cell / 2.0, corner.1 + grid.cell / 2.0),
            steps: first.0.abs_diff(last.0) + first.1.abs_diff(last.1),
            stride: (x.2, y.2),
            advance: (x.3, y.3),
            next: (x.0, y.0),
            each: (x.1, y.1),
        }
    }

    /// Goes on to the next cell, if the ray does.
    #[inline(always)]
    fn step(&mut self) -> bool {
        if self.steps == 0 {
            return false;
        }
        self.steps -= 1;
        let column = self.next.0 < self.next.1;
        self.cell = self
            .cell
            .wrapping_add(if column { self.stride.0 } else { self.stride.1 });
        self.middle.0 += if column { self.advance.0 } else { 0.0 };
        self.middle.1 += if column { 0.0 } else { self.advance.1 };
        self.next.0 += if column { self.each.0 } else { 0.0 };
        self.next.1 += if column { 0.0 } else { self.each.1 };
        true
    }
}
