//! The piecewise mechanism, PM, and the hybrid of it and one bit, HM (Wang, Xiao, Yang, Zhao, Hui, Shin, Shin and Yu 2019), on a
//! public grid of outputs.
//!
//! A window of the grid around the reading has the larger weight, all else the smaller; the window moves by whole cells with
//! the reading's level. So chances are whole numbers, the mean of a report is a line in the reading exactly, and no
//! floating-point number tells anything. As published outputs are real numbers.

use rand_core::Rng;

use crate::draw::{Chance, ONE, below};
use crate::epsilon::Epsilon;
use crate::mechanism::{Impossible, Likelihood, Mechanism, Report, Tally};
use crate::one_bit::OneBit;
use crate::reading::{Levels, Reading, Rounding};
use crate::sets::rounding_variance;

/// Levels of a reading, less one, and by how many cells the window moves from one to the next.
const STEPS: u64 = 256;
const STRIDE: u64 = 8;

/// The piecewise mechanism.
#[derive(Clone, Debug)]
pub struct Piecewise {
    epsilon: Epsilon,
    levels: Levels,
    /// Cells of the window, and of the grid.
    window: u64,
    cells: u64,
    /// The weight of a cell inside, and outside.
    inside: u64,
    outside: u64,
}

impl Piecewise {
    /// With the window that makes the least error: `1/(e^(epsilon/2) + 1)` of the grid.
    pub fn new(epsilon: Epsilon) -> Piecewise {
        let moves = STEPS * STRIDE;
        let window = (libm::round(moves as f64 / libm::exp(epsilon.get() / 2.0)) as u64).max(1);
        let cells = moves + window;
        let odds = epsilon.exp_below();
        let share = window as f64 * epsilon.exp() + moves as f64;
        let outside = ((1u64 << 62) as f64 / share) as u64;
        // All cells together weigh about 2^62.
        let inside = odds.most(u128::from(outside)) as u64;
        Piecewise {
            epsilon,
            levels: Levels::new(STEPS as u32 + 1, Rounding::Stochastic),
            window,
            cells,
            inside,
            outside,
        }
    }

    fn whole(&self) -> u64 {
        self.window * self.inside + (self.cells - self.window) * self.outside
    }

    fn start(level: u32) -> u64 {
        u64::from(level) * STRIDE
    }

    fn weight(&self, level: u32, cell: u64) -> u64 {
        let start = Piecewise::start(level);
        if (start..start + self.window).contains(&cell) {
            self.inside
        } else {
            self.outside
        }
    }

    /// The mean of a report at a reading of 0, and how much it rises to the full range.
    fn line(&self) -> (f64, f64) {
        let (whole, cells, window) = (self.whole() as f64, self.cells as f64, self.window as f64);
        let more = (self.inside - self.outside) as f64 / whole;
        let all = self.outside as f64 / whole * cells * (cells - 1.0) / 2.0;
        let low = all + more * window * (window - 1.0) / 2.0;
        (low, more * window * (STEPS * STRIDE) as f64)
    }

    /// The mean of the squared report at a level.
    fn square(&self, level: u32) -> f64 {
        let squares = |n: f64| (n - 1.0) * n * (2.0 * n - 1.0) / 6.0;
        let (whole, start) = (self.whole() as f64, Piecewise::start(level) as f64);
        let more = (self.inside - self.outside) as f64 / whole;
        let all = self.outside as f64 / whole * squares(self.cells as f64);
        all + more * (squares(start + self.window as f64) - squares(start))
    }
}

impl Mechanism for Piecewise {
    fn name(&self) -> &'static str {
        "PM"
    }

    fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    fn spent(&self) -> f64 {
        self.epsilon
            .spent(&[(u128::from(self.inside), u128::from(self.outside))])
    }

    fn bits(&self) -> u32 {
        u64::BITS - (self.cells - 1).leading_zeros()
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        let start = Piecewise::start(self.levels.round(reading, rng));
        let word = below(rng, self.whole());
        match word.checked_sub(self.window * self.inside) {
            None => start + word / self.inside,
            Some(rest) => {
                let cell = rest / self.outside;
                cell + if cell >= start { self.window } else { 0 }
            }
        }
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        below(rng, self.cells)
    }

    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        self.levels
            .likelihood(reading, |level| vec![u128::from(self.weight(level, report))])
    }

    fn counters(&self) -> usize {
        1
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        if report >= self.cells {
            return Err(Impossible);
        }
        *counters.first_mut().ok_or(Impossible)? += report;
        Ok(())
    }

    fn mean(&self, tally: &Tally) -> Option<f64> {
        let sum = *tally.counters.first()? as f64;
        let (low, rise) = self.line();
        (tally.n > 0).then(|| (sum / tally.n as f64 - low) / rise)
    }

    fn variance(&self, share: f64) -> f64 {
        let (low, rise) = self.line();
        let given = |level: u32| {
            let mean = low + rise * self.levels.share(level);
            self.square(level) - mean * mean
        };
        let noise: f64 = self
            .levels
            .mixture(share)
            .iter()
            .map(|(level, p)| p * given(*level))
            .sum();
        noise / (rise * rise) + rounding_variance(self.levels, share)
    }
}

/// The hybrid mechanism: the piecewise one with a chance that depends on the budget alone, one bit otherwise.
#[derive(Clone, Debug)]
pub struct Hybrid {
    piecewise: Piecewise,
    one_bit: OneBit,
    /// The chance of the piecewise one.
    first: Chance,
}

impl Hybrid {
    /// What is set in a report of the one bit: the bit above those of the other.
    fn mark(&self) -> Report {
        1 << self.piecewise.bits()
    }

    /// `1 - e^(-epsilon/2)` of the piecewise mechanism if `epsilon` is above 0.61, and none below.
    pub fn new(epsilon: Epsilon) -> Hybrid {
        let share = if epsilon.get() > 0.61 {
            1.0 - libm::exp(-epsilon.get() / 2.0)
        } else {
            0.0
        };
        Hybrid {
            piecewise: Piecewise::new(epsilon),
            one_bit: OneBit::new(epsilon),
            // A float cast saturates, and the share is below 1.
            first: Chance::of((share * ONE as f64) as u128),
        }
    }
}

impl Mechanism for Hybrid {
    fn name(&self) -> &'static str {
        "HM"
    }

    fn epsilon(&self) -> Epsilon {
        self.one_bit.epsilon()
    }

    fn spent(&self) -> f64 {
        self.piecewise.spent().max(self.one_bit.spent())
    }

    fn bits(&self) -> u32 {
        1 + self.piecewise.bits()
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        if self.first.happens(rng) {
            self.piecewise.report(reading, rng)
        } else {
            self.mark() | self.one_bit.report(reading, rng)
        }
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        if self.first.happens(rng) {
            self.piecewise.any(rng)
        } else {
            self.mark() | self.one_bit.any(rng)
        }
    }

    /// Of the mechanism that made it, which is chosen alike for all readings.
    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        if report & self.mark() == 0 {
            self.piecewise.likelihood(reading, report)
        } else {
            self.one_bit.likelihood(reading, report & !self.mark())
        }
    }

    /// Of the piecewise mechanism the sum and how many; of one bit the sum.
    fn counters(&self) -> usize {
        3
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        let [sum, n, ones] = counters else {
            return Err(Impossible);
        };
        if report & self.mark() == 0 {
            self.piecewise.count(report, core::slice::from_mut(sum))?;
            *n += 1;
            Ok(())
        } else {
            self.one_bit.count(report & !self.mark(), core::slice::from_mut(ones))
        }
    }

    fn mean(&self, tally: &Tally) -> Option<f64> {
        let [sum, n, ones] = tally.counters[..] else {
            return None;
        };
        let part = |mechanism: &dyn Mechanism, counter, n: u64| {
            let counters = vec![counter];
            mechanism
                .mean(&Tally { n, counters })
                .map_or(0.0, |mean| mean * n as f64)
        };
        let all = part(&self.piecewise, sum, n) + part(&self.one_bit, ones, tally.n.checked_sub(n)?);
        (tally.n > 0).then(|| all / tally.n as f64)
    }

    fn variance(&self, share: f64) -> f64 {
        let first = self.first.get();
        first * self.piecewise.variance(share) + (1.0 - first) * self.one_bit.variance(share)
    }
}
