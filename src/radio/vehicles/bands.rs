//! Which bodies a ray may cross: bodies sorted into bands of ground, and along each band.

use super::{Body, HALF_DIAGONAL, SLACK};

/// Width of a band, and length of a cell of it, metres.
const CELL: f64 = 20.0;
/// Most cells: bounds memory where one vehicle strays far away.
pub(super) const MAX_CELLS: usize = 1 << 20;
/// Rounding of places as `f32`, and of what is computed of them: a share of the ground's width and length.
const ROUNDING: f64 = 5e-7;

/// Bodies in bands from south to north, and in others from west to east: whatever its direction, a ray touches few bands of
/// one of the two, and in each of them the bodies that it may cross lie in a row.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    northward: Bands,
    eastward: Bands,
}

impl Default for Ground {
    fn default() -> Ground {
        let turned = |turned| Bands {
            turned,
            ..Bands::default()
        };
        Ground {
            northward: turned(false),
            eastward: turned(true),
        }
    }
}

impl Ground {
    /// Sorts in the bodies that are there, in the memory that is held already.
    pub(super) fn build(&mut self, bodies: &[Body]) {
        self.northward.build(bodies);
        self.eastward.build(bodies);
    }

    /// Calls `visit` with every body that a ray may cross, with some of them twice, as long as it wants to go on.
    #[inline]
    pub(super) fn along(&self, from: (f64, f64), to: (f64, f64), visit: impl FnMut(u32) -> bool) {
        if (to.0 - from.0).abs() < (to.1 - from.1).abs() {
            self.northward.along(from, to, visit);
        } else {
            self.eastward.along(from, to, visit);
        }
    }

    /// How many cells there are.
    #[cfg(test)]
    pub(super) fn cells(&self) -> usize {
        self.northward.start.len().max(self.eastward.start.len())
    }
}

/// Bands along the second coordinate, or if they are turned, along the first. The bodies of the cells `first..=last` of one
/// band are `entries[start[first]..start[last + 1]]`. A body is in each cell that it touches.
#[derive(Clone, Debug, Default)]
struct Bands {
    turned: bool,
    origin: (f64, f64),
    side: f64,
    cells_per_metre: f64,
    /// A ray that passes farther from a body's middle does not cross it, metres.
    near: f64,
    bands: usize,
    cells: usize,
    start: Vec<u32>,
    entries: Vec<Entry>,
}

/// A body, and its middle in metres from the origin.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    at: (f32, f32),
    node: u32,
}

impl Bands {
    /// Across the bands, and along them.
    #[inline]
    fn turn(&self, (x, y): (f64, f64)) -> (f64, f64) {
        if self.turned { (y, x) } else { (x, y) }
    }

    fn build(&mut self, bodies: &[Body]) {
        let there = || (0u32..).zip(bodies).filter(|(_, body)| body.present);
        self.start.clear();
        self.entries.clear();
        let Some((_, first)) = there().next() else {
            (self.bands, self.cells) = (0, 0);
            return;
        };
        let first = self.turn(first.at);
        let (mut low, mut high) = (first, first);
        for (_, body) in there() {
            let (at, extent) = (self.turn(body.at), self.turn(body.extent()));
            low = (low.0.min(at.0 - extent.0), low.1.min(at.1 - extent.1));
            high = (high.0.max(at.0 + extent.0), high.1.max(at.1 + extent.1));
        }
        self.origin = low;
        self.near = HALF_DIAGONAL + SLACK + ROUNDING * (high.0 - low.0).max(high.1 - low.1);
        self.side = CELL;
        loop {
            self.bands = ((high.0 - low.0) / self.side) as usize + 1;
            self.cells = ((high.1 - low.1) / self.side) as usize + 1;
            if self.bands.saturating_mul(self.cells) <= MAX_CELLS {
                break;
            }
            self.side *= 2.0;
        }
        self.cells_per_metre = 1.0 / self.side;
        // Count, sum up, and fill from behind, so that the sums become the beginnings.
        self.start.resize(self.bands * self.cells + 1, 0);
        for (_, body) in there() {
            self.touched(body, |start, cell| start[cell] += 1);
        }
        let mut sum = 0;
        for start in &mut self.start {
            sum += *start;
            *start = sum;
        }
        let mut entries = core::mem::take(&mut self.entries);
        entries.resize(sum as usize, Entry::default());
        for (node, body) in there() {
            let at = self.turn(body.at);
            let at = ((at.0 - low.0) as f32, (at.1 - low.1) as f32);
            self.touched(body, |start, cell| {
                start[cell] -= 1;
                entries[start[cell] as usize] = Entry { at, node };
            });
        }
        self.entries = entries;
    }

    /// Calls `visit` with the beginnings and the number of each cell that a body touches.
    fn touched(&mut self, body: &Body, mut visit: impl FnMut(&mut [u32], usize)) {
        let (at, extent) = (self.turn(body.at), self.turn(body.extent()));
        let bands = self.band(at.0 - extent.0)..=self.band(at.0 + extent.0);
        let cells = self.cell(at.1 - extent.1)..=self.cell(at.1 + extent.1);
        for band in bands {
            for cell in cells.clone() {
                visit(&mut self.start, band * self.cells + cell);
            }
        }
    }

    /// The band of a place; what is beyond the rim belongs to the one at the rim.
    #[inline]
    fn band(&self, across: f64) -> usize {
        whole((across - self.origin.0) * self.cells_per_metre, self.bands)
    }

    #[inline]
    fn cell(&self, along: f64) -> usize {
        whole((along - self.origin.1) * self.cells_per_metre, self.cells)
    }

    #[inline]
    fn along(&self, from: (f64, f64), to: (f64, f64), mut visit: impl FnMut(u32) -> bool) {
        let (from, to) = (self.turn(from), self.turn(to));
        let (first, last) = if from.0 <= to.0 { (from, to) } else { (to, from) };
        let end = self.origin.0 + self.bands as f64 * self.side;
        if self.bands == 0 || last.0 < self.origin.0 || first.0 > end {
            return;
        }
        let passes = Passes::new(self.origin, first, last, self.near);
        let bands = self.band(first.0)..self.band(last.0) + 1;
        // Mostly a street's ray is in one band, where its slope does not matter.
        let slope = if bands.len() == 1 {
            0.0
        } else {
            (last.1 - first.1) / (last.0 - first.0)
        };
        for band in bands {
            let border = self.origin.0 + band as f64 * self.side;
            // Where the ray enters and leaves the band; one that goes along it is in it as a whole.
            let along = |across: f64| {
                if across <= first.0 {
                    first.1
                } else if across >= last.0 {
                    last.1
                } else {
                    first.1 + slope * (across - first.0)
                }
            };
            let (enters, leaves) = (along(border), along(border + self.side));
            let (low, high) = (enters.min(leaves) - SLACK, enters.max(leaves) + SLACK);
            if high < self.origin.1 || low > self.origin.1 + self.cells as f64 * self.side {
                continue;
            }
            let begin = self.start[band * self.cells + self.cell(low)];
            let end = self.start[band * self.cells + self.cell(high) + 1];
            for entry in &self.entries[begin as usize..end as usize] {
                if passes.near(entry.at) && !visit(entry.node) {
                    return;
                }
            }
        }
    }
}

/// Tells, without a division, how near a ray's line passes.
struct Passes {
    from: (f32, f32),
    by: (f32, f32),
    limit: f32,
}

impl Passes {
    fn new(origin: (f64, f64), from: (f64, f64), to: (f64, f64), near: f64) -> Passes {
        let by = ((to.0 - from.0) as f32, (to.1 - from.1) as f32);
        Passes {
            from: ((from.0 - origin.0) as f32, (from.1 - origin.1) as f32),
            by,
            limit: (near * near) as f32 * (by.0 * by.0 + by.1 * by.1),
        }
    }

    /// May it cross a body in that place?
    #[inline(always)]
    fn near(&self, at: (f32, f32)) -> bool {
        let aside = (at.0 - self.from.0) * self.by.1 - (at.1 - self.from.1) * self.by.0;
        aside * aside <= self.limit
    }
}

/// The whole part, between the first and the last of so many cells. By way of i32, which is one instruction.
#[inline]
fn whole(at: f64, count: usize) -> usize {
    usize::try_from(at as i32).unwrap_or(0).min(count - 1)
}
