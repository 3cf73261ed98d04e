//! One report of a remembered form by itself, as a mechanism: of a meter that reports once, or as who sees one report
//! believes.
//!
//! Of *many* reports of one meter this is not true: they are of one answer, and tell no more than it does. Who takes
//! them for independent believes too much.

use rand_core::Rng;

use crate::alpha::AlphaPoint;
use crate::draw::ONE;
use crate::epsilon::Epsilon;
use crate::mechanism::{Impossible, Likelihood, Mechanism, Report, Support, Tally};
use crate::memo::{Form, Memoised};
use crate::reading::Reading;

/// Two rounds, both drawn anew.
#[derive(Clone, Debug)]
pub struct Rounds(pub Memoised);

impl Rounds {
    /// The weights, of `2^-128`, that the bit of a level is set and not set, whose chance in the first round is that.
    fn bit(&self, first: u128) -> (u128, u128) {
        let [_, _, p2, q2] = self.0.weights();
        // Each is below one, as no second round is certain.
        let set = first * p2 + (ONE - first) * q2;
        (set, first * (ONE - p2) + (ONE - first) * (ONE - q2))
    }

    /// The weights, of `2^-128`, that a level is reported as itself and as a certain other.
    fn level(&self) -> (u128, u128) {
        let [p1, q1, p2, q2] = self.0.weights();
        let others = u128::from(self.0.levels().count() - 1);
        (p1 * p2 + others * q1 * q2, p1 * q2 + q1 * p2 + (others - 1) * q1 * q2)
    }
}

impl Mechanism for Rounds {
    fn name(&self) -> &'static str {
        match self.0.form() {
            Form::LSue => "L-SUE",
            Form::LOsue => "L-OSUE",
            Form::LGrr => "L-GRR",
        }
    }

    fn epsilon(&self) -> Epsilon {
        self.0.single()
    }

    fn spent(&self) -> f64 {
        let [p1, q1, ..] = self.0.weights();
        match self.0.form() {
            Form::LGrr => self.epsilon().spent(&[self.level()]),
            _ => {
                let (own, other) = (self.bit(p1), self.bit(q1));
                self.epsilon().spent(&[(own.0, other.0), (other.1, own.1)])
            }
        }
    }

    fn bits(&self) -> u32 {
        let count = self.0.levels().count();
        match self.0.form() {
            Form::LGrr => u32::BITS - (count - 1).leading_zeros(),
            _ => count,
        }
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        let level = self.0.levels().round(reading, rng);
        let answer = self.0.answer(level, rng);
        self.0.report(answer, rng)
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        self.0.nothing(rng)
    }

    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        let levels = self.0.levels();
        let [p1, q1, ..] = self.0.weights();
        levels.likelihood(reading, |level| match self.0.form() {
            Form::LGrr => {
                let (own, other) = self.level();
                vec![if report == u64::from(level) { own } else { other }]
            }
            _ => {
                let bits = (0..levels.count()).map(|bit| {
                    let (set, unset) = self.bit(if bit == level { p1 } else { q1 });
                    if report >> bit & 1 == 1 { set } else { unset }
                });
                bits.collect()
            }
        })
    }

    fn counters(&self) -> usize {
        self.0.levels().count() as usize
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        self.0.count_in(report, counters)
    }

    fn mean(&self, tally: &Tally) -> Option<f64> {
        self.0.mean(tally)
    }

    fn variance(&self, share: f64) -> f64 {
        self.0.noise().variance(self.0.levels(), share)
    }

    fn support(&self) -> Option<Support> {
        let (own, other) = self.0.support();
        let any = match self.0.form() {
            Form::LGrr => 1.0 / f64::from(self.0.levels().count()),
            _ => 0.5,
        };
        Some(Support { own, other, any })
    }

    fn frequencies(&self, tally: &Tally) -> Option<Vec<f64>> {
        self.0.frequencies(tally)
    }
}

/// A bit of a meter with its own threshold, and the flip when it is said, all drawn anew.
#[derive(Clone, Debug)]
pub struct Bit(pub AlphaPoint);

impl Bit {
    /// The weights of a 0 and a 1, of `2^-128`, at a value of the grid.
    fn weights(&self, reading: Reading) -> [u128; 2] {
        let (one, flip) = (self.0.one_bit().chance(reading).weight(), self.0.flip().weight());
        // Each is below one: no bit is certain.
        [
            (ONE - one) * (ONE - flip) + one * flip,
            one * (ONE - flip) + (ONE - one) * flip,
        ]
    }
}

impl Mechanism for Bit {
    fn name(&self) -> &'static str {
        "1BitMean"
    }

    /// Of the bit that is remembered: where it is flipped, one alone spends less.
    fn epsilon(&self) -> Epsilon {
        self.0.one_bit().epsilon()
    }

    fn spent(&self) -> f64 {
        let [zero, one] = self.weights(Reading::FULL);
        self.epsilon().spent(&[(one, zero)])
    }

    fn bits(&self) -> u32 {
        1
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        let grid = self.0.grid();
        let place = grid.round(reading, rng);
        let bit = self.0.one_bit().chance(grid.reading(place)).happens(rng);
        u64::from(bit ^ self.0.flip().happens(rng))
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        rng.next_u64() >> 63
    }

    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        let grid = self.0.grid();
        grid.likelihood(reading, |place| {
            let [zero, one] = self.weights(grid.reading(place));
            vec![if report == 0 { zero } else { one }]
        })
    }

    fn counters(&self) -> usize {
        1
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        self.0.one_bit().count(report, counters)
    }

    fn mean(&self, tally: &Tally) -> Option<f64> {
        self.0.mean(tally)
    }

    fn variance(&self, share: f64) -> f64 {
        let rise = self.0.rise();
        let low = (1.0 - rise) / 2.0;
        let one = low + rise * share;
        one * (1.0 - one) / (rise * rise)
    }
}
