//! How far one sees: for every few metres of ground and every direction, the distance beyond which a building hides all.
//!
//! Most of those within reach of a sender in a city are behind the houses next to it. To walk along the ray to each would be
//! most of what the air costs; here it is one look into a table that belongs to the ground on which the sender stands.
//!
//! What is told here is never a guess. A building hides what is behind it in a sector if, from every place of the piece of
//! ground and for every direction of the sector, one of its corners is strictly to the right and another strictly to the
//! left: its outline is closed, so it goes from one side to the other and back, and two walls at least are crossed. All of
//! the building is ahead and nearer than the distance in the table, so both crossings lie between viewer and viewed.

use super::walls::{Point, Walls};

/// Directions: a power of two.
const SECTORS: usize = 256;
/// Side of a piece of ground, metres, or a power of two times that.
const PIECE: f64 = 8.0;
/// Most pieces of ground, and most of them that are looked at before all are forgotten: bounds of memory (16 and 32 MiB).
const MAX_PIECES: f64 = (1 << 22) as f64;
const MAX_VIEWS: usize = 1 << 16;
/// Buildings farther away than this are not looked at: nearer ones hide most of what they could.
const NEAR: f64 = 150.0;
/// Places may be off by this much, metres: more than rounding makes of them.
const SLACK: f64 = 0.05;

/// The view from one piece of ground: whole metres beyond which everything is hidden, by sector; [`NEVER`] where nothing is.
#[derive(Clone, Copy, Debug)]
pub struct View([u16; SECTORS]);

/// Nothing is hidden in a sector.
const NEVER: u16 = u16::MAX;
/// Nothing is hidden at all.
const OPEN: View = View([NEVER; SECTORS]);

impl View {
    /// Is what lies so many metres east and north certainly behind two walls? Nearer than a kilometre or so, they may be a
    /// centimetre off.
    #[inline(always)]
    pub fn hides(&self, by: Point) -> bool {
        let beyond = self.0[sector(by)];
        let metres = f64::from(beyond);
        (beyond != NEVER) & (by.0 * by.0 + by.1 * by.1 > metres * metres)
    }
}

/// The views from all pieces of ground. They are made when somebody stands there.
#[derive(Clone, Debug, Default)]
pub(super) struct Horizons {
    side: f64,
    columns: usize,
    rows: usize,
    /// Number of each piece's view; nought if nobody has looked yet.
    numbers: Vec<u32>,
    views: Vec<View>,
    near: Vec<u32>,
}

impl Horizons {
    /// Nobody has looked yet.
    pub(super) fn new(walls: &Walls) -> Horizons {
        let (width, height) = walls.extent();
        let mut side = PIECE;
        while (width / side + 1.0) * (height / side + 1.0) > MAX_PIECES {
            side *= 2.0;
        }
        let (columns, rows) = ((width / side) as usize + 1, (height / side) as usize + 1);
        Horizons {
            side,
            columns,
            rows,
            numbers: vec![0; columns * rows],
            views: vec![OPEN],
            near: Vec::new(),
        }
    }

    /// The view from a place, relative to the walls' origin.
    pub(super) fn from(&mut self, walls: &Walls, a: Point) -> &View {
        let number = self.number(walls, a);
        &self.views[number as usize]
    }

    /// The number of the view from a place.
    fn number(&mut self, walls: &Walls, a: Point) -> u32 {
        let (column, row) = ((a.0 / self.side).floor(), (a.1 / self.side).floor());
        if !(column >= 0.0 && row >= 0.0 && column < self.columns as f64 && row < self.rows as f64) {
            return 0;
        }
        let piece = row as usize * self.columns + column as usize;
        if self.numbers[piece] == 0 {
            if self.views.len() > MAX_VIEWS {
                self.views.truncate(1);
                self.numbers.fill(0);
            }
            let middle = ((column + 0.5) * self.side, (row + 0.5) * self.side);
            let view = self.make(walls, middle);
            self.numbers[piece] = self.views.len() as u32;
            self.views.push(view);
        }
        self.numbers[piece]
    }

    fn make(&mut self, walls: &Walls, middle: Point) -> View {
        let mut view = OPEN;
        walls.near(middle, NEAR, &mut self.near);
        for &building in &self.near {
            if let Some(shade) = Shade::of(walls, building, middle, self.side / 2.0) {
                shade.draw(&mut view);
            }
        }
        view
    }
}

/// What a building hides from everywhere on a piece of ground.
struct Shade {
    /// From the right to the left, in turns of [`turn`]; from -4 to 8.
    right: f64,
    left: f64,
    /// Metres.
    far: f64,
}

impl Shade {
    /// `None` if it is not wholly ahead of the piece of ground, a square of twice `half`.
    fn of(walls: &Walls, building: u32, middle: Point, half: f64) -> Option<Shade> {
        let half = half + SLACK;
        let radius = half * core::f64::consts::SQRT_2;
        let corners = || {
            let seen = |corner: (f32, f32)| (f64::from(corner.0) - middle.0, f64::from(corner.1) - middle.1);
            walls.corners(building).map(seen)
        };
        let sum = corners().fold((0.0, 0.0), |sum, corner| (sum.0 + corner.0, sum.1 + corner.1));
        let length = (sum.0 * sum.0 + sum.1 * sum.1).sqrt();
        if length == 0.0 {
            // It stands around the ground's middle.
            return None;
        }
        let ahead = (sum.0 / length, sum.1 / length);
        let (mut right, mut left) = ((f64::INFINITY, (0.0, 0.0)), (f64::NEG_INFINITY, (0.0, 0.0)));
        let (mut nearest, mut farthest) = (f64::INFINITY, 0.0_f64);
        for corner in corners() {
            let along = corner.0 * ahead.0 + corner.1 * ahead.1;
            let aside = ahead.0 * corner.1 - ahead.1 * corner.0;
            nearest = nearest.min(along);
            farthest = farthest.max(corner.0 * corner.0 + corner.1 * corner.1);
            let slope = aside / along;
            if slope < right.0 {
                right = (slope, corner);
            }
            if slope > left.0 {
                left = (slope, corner);
            }
        }
        // All of it must be ahead of every place of the ground.
        if nearest <= radius + SLACK {
            return None;
        }
        let facing = turn(ahead);
        let seen_from = |corner: Point, pick: fn(f64, f64) -> f64| {
            let turns = [(-half, -half), (-half, half), (half, -half), (half, half)].map(|from| {
                let turn = turn((corner.0 - from.0, corner.1 - from.1));
                // The short way round: ahead is less than half a turn away.
                if turn > facing + 2.0 {
                    turn - 4.0
                } else if turn < facing - 2.0 {
                    turn + 4.0
                } else {
                    turn
                }
            });
            turns.into_iter().reduce(pick).unwrap_or(facing)
        };
        let blur = SLACK / (nearest - radius) + 1e-6;
        Some(Shade {
            right: seen_from(right.1, f64::max) + blur,
            left: seen_from(left.1, f64::min) - blur,
            far: farthest.sqrt() + radius + SLACK,
        })
    }

    /// Enters it into a view: into the sectors that it fills.
    fn draw(&self, view: &mut View) {
        let whole = |turn: f64| turn * (SECTORS / 4) as f64;
        // Farther than the table can tell is never.
        let far = self.far.ceil() as u16;
        let (first, end) = (whole(self.right).ceil() as i64, whole(self.left).floor() as i64);
        for sector in first..end {
            let entry = &mut view.0[sector.rem_euclid(SECTORS as i64) as usize];
            *entry = far.min(*entry);
        }
    }
}

/// A direction as a number from 0 (east) through 1 (north) to 4, growing with the angle: sectors are alike along the sides of
/// a square instead of a circle, and there is no angle to compute.
#[inline(always)]
fn turn(by: Point) -> f64 {
    let east = by.0 / (by.0.abs() + by.1.abs());
    if by.1 >= 0.0 { 1.0 - east } else { 3.0 + east }
}

#[inline(always)]
fn sector(by: Point) -> usize {
    // No direction at all is NaN, and sector 0: there, nothing is farther than anything.
    (turn(by) * (SECTORS / 4) as f64) as usize % SECTORS
}
