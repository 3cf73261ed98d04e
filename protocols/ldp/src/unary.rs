//! Unary encoding: a bit for each level, each flipped by chance. Symmetric (SUE, basic one-time RAPPOR: Erlingsson, Pihur and
//! Korolova 2014) and optimised (OUE: Wang, Blocki, Li and Jha 2017).

use rand_core::Rng;

use crate::draw::{Chance, ONE, least};
use crate::epsilon::Epsilon;
use crate::mechanism::{Impossible, Likelihood, Mechanism, Report, Support, Tally};
use crate::noise::Noise;
use crate::reading::{Levels, Reading};
use crate::sets;

/// The mechanism. Levels are 64 at most.
#[derive(Clone, Debug)]
pub struct Unary {
    name: &'static str,
    epsilon: Epsilon,
    levels: Levels,
    /// The chance that the bit of the level is set, and that another is.
    own: u128,
    other: u128,
}

impl Unary {
    /// Both kinds of bits are flipped alike.
    pub fn symmetric(epsilon: Epsilon, levels: Levels) -> Unary {
        let odds = epsilon.half_exp_below();
        let other = least(|other| odds.allow(ONE - other, other));
        let own = ONE - other;
        Unary {
            name: "SUE",
            epsilon,
            levels: sets::bounded(levels),
            own,
            other,
        }
    }

    /// The level's own bit is a coin.
    pub fn optimised(epsilon: Epsilon, levels: Levels) -> Unary {
        let odds = epsilon.exp_below();
        let other = least(|other| odds.allow(ONE - other, other));
        Unary {
            name: "OUE",
            epsilon,
            levels: sets::bounded(levels),
            own: ONE / 2,
            other,
        }
    }

    /// The whole chances that the bit of the level is set, and that another is.
    pub(crate) fn weights(&self) -> (u128, u128) {
        (self.own, self.other)
    }

    fn bit(&self, level: u32, of: u32) -> Chance {
        Chance::of(if level == of { self.own } else { self.other })
    }
}

impl Mechanism for Unary {
    fn name(&self) -> &'static str {
        self.name
    }

    fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    fn spent(&self) -> f64 {
        self.epsilon
            .spent(&[(self.own, self.other), (ONE - self.other, ONE - self.own)])
    }

    fn bits(&self) -> u32 {
        self.levels.count()
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        let level = self.levels.round(reading, rng);
        let bits = (0..self.levels.count()).map(|bit| u64::from(self.bit(level, bit).happens(rng)) << bit);
        bits.fold(0, |report, bit| report | bit)
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        rng.next_u64() >> (u64::BITS - self.levels.count())
    }

    fn support(&self) -> Option<Support> {
        let (own, other) = (Chance::of(self.own).get(), Chance::of(self.other).get());
        Some(Support { own, other, any: 0.5 })
    }

    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        self.levels.likelihood(reading, |level| {
            let bits = (0..self.levels.count()).map(|bit| {
                let set = self.bit(level, bit);
                if report >> bit & 1 == 1 {
                    set.weight()
                } else {
                    set.complement().weight()
                }
            });
            bits.collect()
        })
    }

    fn counters(&self) -> usize {
        self.levels.count() as usize
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        sets::count(report, counters)
    }

    fn mean(&self, tally: &Tally) -> Option<f64> {
        sets::mean(self.levels, &self.frequencies(tally)?)
    }

    fn variance(&self, share: f64) -> f64 {
        let (own, other) = (Chance::of(self.own).get(), Chance::of(self.other).get());
        Noise::independent(self.levels, own, other).variance(self.levels, share)
    }

    fn frequencies(&self, tally: &Tally) -> Option<Vec<f64>> {
        sets::frequencies(tally, Chance::of(self.own).get(), Chance::of(self.other).get())
    }
}
