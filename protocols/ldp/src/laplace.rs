//! The Laplace mechanism, on a public grid: a reading's level with noise of the two-sided geometric distribution (Ghosh,
//! Roughgarden and Sundararajan 2012), held within a range of outputs.

use rand_core::Rng;

use crate::draw::{below, least};
use crate::epsilon::{Epsilon, Odds};
use crate::mechanism::{Impossible, Likelihood, Mechanism, Report, Tally};
use crate::reading::{Levels, Reading, Rounding};
use crate::sets::rounding_variance;

/// Levels of a reading, less one: the sensitivity in cells.
const STEPS: usize = 64;

/// How far the noise goes: what lies beyond weighs `e^-REACH`, and stands at the end.
const REACH: f64 = 24.0;

/// The mechanism.
#[derive(Clone, Debug)]
pub struct Laplace {
    epsilon: Epsilon,
    levels: Levels,
    /// The weight of noise of that size, to either side.
    weights: Vec<u64>,
    /// `sums[d]` is the weight of all noise above `-reach` and up to `d - reach`.
    sums: Vec<u64>,
    /// Outputs go so far beyond either end of the range.
    margin: u64,
    variance: f64,
}

impl Laplace {
    /// Noise of the scale `1/epsilon` of the range.
    pub fn new(epsilon: Epsilon) -> Laplace {
        let reach = (libm::ceil(REACH / epsilon.get()) as usize + 1) * STEPS;
        // A little flatter than the budget allows, for rounding: the check below is exact.
        let decay = -epsilon.get() * (1.0 - 1e-9) / STEPS as f64;
        let norm: f64 = (1.0 - libm::exp(decay)) / (1.0 + libm::exp(decay));
        let top = (1u64 << 62) as f64 * norm;
        // Rounded up: the far ones must not be too small for the near ones.
        let weight = |d: usize| libm::ceil(top * libm::exp(decay * d as f64)) as u64;
        let weights: Vec<u64> = (0..=reach).map(weight).collect();
        let weights = tailed(flattened(weights, epsilon.exp_below()), epsilon.exp_below());
        let both = weights.iter().skip(1).rev().chain(weights.iter());
        let sums: Vec<u64> = both
            .scan(0u64, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let whole = sums.last().copied().unwrap_or(1) as f64;
        let square = |(d, weight): (usize, &u64)| {
            let size = d as f64 / STEPS as f64;
            2.0 * size * size * *weight as f64 / whole
        };
        Laplace {
            epsilon,
            levels: Levels::new(STEPS as u32 + 1, Rounding::Stochastic),
            margin: (reach - STEPS) as u64,
            variance: weights.iter().enumerate().map(square).sum(),
            weights,
            sums,
        }
    }

    fn whole(&self) -> u64 {
        self.sums.last().copied().unwrap_or(1)
    }

    fn reach(&self) -> u64 {
        self.weights.len() as u64 - 1
    }

    fn last(&self) -> u64 {
        2 * self.margin + STEPS as u64
    }

    /// The weight of an output given a level: of noise that leads there, or beyond at either end.
    fn weight(&self, level: u32, output: u64) -> u64 {
        // In cells from the lowest noise of that level; the range of noise covers all outputs.
        let place = |output: u64| (output + self.reach()).saturating_sub(self.margin + u64::from(level)) as usize;
        let sum = |place: usize| self.sums.get(place).copied().unwrap_or_else(|| self.whole());
        let up_to = |output: u64| sum(place(output));
        if output == 0 {
            up_to(0)
        } else if output == self.last() {
            self.whole() - up_to(output - 1)
        } else {
            up_to(output) - up_to(output - 1)
        }
    }
}

/// Weights that fall by no more than the budget allows over the sensitivity: too large ones are lowered, from the far end on.
/// They still fall with the distance, so that no other pair is further apart.
fn flattened(mut weights: Vec<u64>, odds: Odds) -> Vec<u64> {
    for d in (0..weights.len().saturating_sub(STEPS)).rev() {
        let most = odds.most(u128::from(weights[d + STEPS]));
        weights[d] = u128::from(weights[d]).min(most) as u64;
    }
    weights
}

/// The last weight for all that lies beyond: so much that an end of the range is no more than the budget allows likelier from
/// the nearest level than from the farthest, from which nothing but the tail leads there. No output but the ends has it.
fn tailed(mut weights: Vec<u64>, odds: Odds) -> Vec<u64> {
    let near: u128 = weights
        .iter()
        .rev()
        .skip(1)
        .take(STEPS)
        .map(|weight| u128::from(*weight))
        .sum();
    let tail = least(|tail| odds.allow(near + tail, tail));
    if let Some(last) = weights.last_mut() {
        *last = u64::try_from(tail).unwrap_or(u64::MAX);
    }
    weights
}

impl Mechanism for Laplace {
    fn name(&self) -> &'static str {
        "Laplace"
    }

    fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    fn spent(&self) -> f64 {
        let inner = &self.weights[..self.weights.len() - 1];
        let pairs = inner
            .iter()
            .zip(inner.iter().skip(STEPS))
            .chain(self.sums.get(STEPS).zip(self.sums.first()));
        let spent = pairs.map(|(near, far)| self.epsilon.spent(&[(u128::from(*near), u128::from(*far))]));
        spent.fold(0.0, f64::max)
    }

    fn bits(&self) -> u32 {
        u64::BITS - self.last().leading_zeros()
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        let level = u64::from(self.levels.round(reading, rng));
        let word = below(rng, self.whole());
        // The first noise whose sum is above the word.
        let noise = self.sums.partition_point(|sum| *sum <= word) as u64;
        (noise + level + self.margin)
            .saturating_sub(self.reach())
            .min(self.last())
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        below(rng, self.last() + 1)
    }

    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        self.levels
            .likelihood(reading, |level| vec![u128::from(self.weight(level, report))])
    }

    fn counters(&self) -> usize {
        1
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        if report > self.last() {
            return Err(Impossible);
        }
        *counters.first_mut().ok_or(Impossible)? += report;
        Ok(())
    }

    /// Unbiased but for what the ends hold back, less than `10^-9` of the range.
    fn mean(&self, tally: &Tally) -> Option<f64> {
        let sum = *tally.counters.first()? as f64;
        (tally.n > 0).then(|| (sum / tally.n as f64 - self.margin as f64) / STEPS as f64)
    }

    fn variance(&self, share: f64) -> f64 {
        self.variance + rounding_variance(self.levels, share)
    }
}
