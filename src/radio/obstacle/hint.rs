//! Which building to try first: the one that was in the way last time, as seen from about there in about that direction.

use super::walls::{Point, Walls};

/// For every few metres of ground and every sector of the horizon, the building that was found in the way last.
///
/// What is remembered here decides nothing. Whatever building is tried, it is in the way or it is not, and whoever tries
/// none finds the same by walking. So pieces of ground may share a place, and nothing need be right.
#[derive(Clone, Debug, Default)]
pub(super) struct Hints {
    /// Every building from every side.
    screens: Vec<Screen>,
    /// Buildings, by ground and sector.
    hints: Vec<u32>,
    /// Where the last ray began, and its piece of ground: one sender asks for many receivers.
    viewer: Point,
    ground: usize,
}

/// A place for a hint, and the side from which a building is seen there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    hint: usize,
    side: usize,
}

/// A building seen from one side, as a screen between its two outermost corners.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
struct Screen {
    right: (f32, f32),
    left: (f32, f32),
    /// The whole building lies between two parallels to the screen: how far this side of it, and how far beyond it
    /// (negative), times the screen's length.
    front: f32,
    back: f32,
}

/// Side of the ground that shares its hints, metres.
const GROUND: f64 = 8.0;
/// Pieces of ground: a power of two.
const GROUNDS: usize = 1 << 12;
/// Sectors of the horizon: a power of two.
const SECTORS: usize = 128;
/// Sides from which buildings are seen.
const SIDES: usize = 16;
/// Hints are for rays that begin, and end, at most this far from the origin, metres: there, the products are exact.
const FARTHEST: f64 = 100_000.0;
/// Adding this number rounds to whole numbers, in the lowest bits.
const WHOLE: f64 = (1_u64 << 52) as f64;

impl Hints {
    pub(super) fn new(walls: &Walls) -> Hints {
        let screens = |building| (0..SIDES).map(move |side| screen(walls, building, direction(side)));
        Hints {
            screens: (0..walls.buildings()).flat_map(screens).collect(),
            hints: vec![0; GROUNDS * SECTORS],
            viewer: (f64::NAN, f64::NAN),
            ground: 0,
        }
    }

    /// The place of the hint for a ray from `a` by so much; `None` for a ray that is too long or has no length.
    #[inline]
    pub(super) fn slot(&mut self, a: Point, by: Point) -> Option<Slot> {
        let span = by.0.abs() + by.1.abs();
        if !(span > 0.0 && span < FARTHEST) {
            return None;
        }
        if a != self.viewer {
            self.ground = ground(a)?;
            self.viewer = a;
        }
        // Sectors are alike along the sides of a square, not of a circle: so there is no angle to compute.
        let east = by.0 / span;
        let turn = if by.1 >= 0.0 { 1.0 - east } else { 3.0 + east };
        let sector = (turn * (SECTORS / 4) as f64 + WHOLE).to_bits() as usize % SECTORS;
        Some(Slot {
            hint: self.ground * SECTORS + sector,
            side: sector / (SECTORS / SIDES),
        })
    }

    /// Does the building that is remembered stand between `a` and `a + by`, so that two of its walls at least are crossed?
    ///
    /// The ray's line passes strictly between two corners, so the outline, which is closed, goes from one side to the
    /// other and back: at two walls. Both ends are strictly outside two parallels between which all of it lies, on
    /// opposite sides: so both crossings lie on the ray.
    #[inline]
    pub(super) fn blocks(&self, slot: Slot, a: Point, by: Point) -> bool {
        self.screens[self.hints[slot.hint] as usize].blocks(a, by)
    }

    /// Remembers a building.
    pub(super) fn learn(&mut self, slot: Slot, building: u32, a: Point, by: Point) {
        let screens = building * SIDES as u32;
        for side in [0, 1, SIDES - 1, 2, SIDES - 2] {
            let hint = screens + ((slot.side + side) % SIDES) as u32;
            if self.screens[hint as usize].blocks(a, by) {
                self.hints[slot.hint] = hint;
                return;
            }
        }
    }
}

impl Screen {
    #[inline(always)]
    fn blocks(&self, a: Point, by: Point) -> bool {
        let right = (f64::from(self.right.0) - a.0, f64::from(self.right.1) - a.1);
        let left = (f64::from(self.left.0) - a.0, f64::from(self.left.1) - a.1);
        let across = (left.0 - right.0, left.1 - right.1);
        let near = cross(right, across);
        let far = near + cross(across, by);
        (cross(by, right) < 0.0)
            & (cross(by, left) > 0.0)
            & (near > f64::from(self.front))
            & (far < f64::from(self.back))
    }
}

/// The piece of ground of a place, by number.
fn ground(at: Point) -> Option<usize> {
    if !(at.0.abs() < FARTHEST && at.1.abs() < FARTHEST) {
        return None;
    }
    let piece = |value: f64| ((value / GROUND) as i32).cast_unsigned();
    let mixed = piece(at.0).wrapping_mul(0x9e37_79b9) ^ piece(at.1).wrapping_mul(0x85eb_ca6b);
    Some((mixed.wrapping_mul(0x2c1b_3c6d) >> 16) as usize % GROUNDS)
}

/// The direction in the middle of the sectors in which buildings are seen from one side.
fn direction(side: usize) -> Point {
    let turn = (side as f64 + 0.5) * 4.0 / SIDES as f64;
    let east = if turn < 2.0 { 1.0 - turn } else { turn - 3.0 };
    let north = 1.0 - east.abs();
    (east, if turn < 2.0 { north } else { -north })
}

fn cross(a: Point, b: Point) -> f64 {
    a.0 * b.1 - a.1 * b.0
}

/// A building seen in a direction.
fn screen(walls: &Walls, building: u32, direction: Point) -> Screen {
    let wide = |corner: (f32, f32)| (f64::from(corner.0), f64::from(corner.1));
    let mut corners = walls.corners(building);
    let first = corners.next().unwrap_or_default();
    let (mut right, mut left) = (first, first);
    for corner in corners {
        let aside = cross(direction, wide(corner));
        if aside < cross(direction, wide(right)) {
            right = corner;
        }
        if aside > cross(direction, wide(left)) {
            left = corner;
        }
    }
    let (from, to) = (wide(right), wide(left));
    let across = (to.0 - from.0, to.1 - from.1);
    let (mut front, mut back) = (0.0_f64, 0.0_f64);
    for corner in walls.corners(building) {
        let corner = wide(corner);
        let depth = cross(across, (corner.0 - from.0, corner.1 - from.1));
        front = front.max(depth);
        back = back.min(depth);
    }
    // A little more than that, since it is rounded.
    Screen {
        right,
        left,
        front: (front * 1.000_001 + 1e-3) as f32,
        back: (back * 1.000_001 - 1e-3) as f32,
    }
}
