//! k-ary randomised response: a level, or with some chance any other.
//!
//! With levels of a reading that are rounded to by chance it is the mechanism of Waudby-Smith, Wu and Ramdas (2023), RR-k;
//! with categories it is generalised randomised response, GRR (Kairouz, Bonawitz and Ramage 2016). The sum over levels of
//! GRR's frequencies is the same estimate of the mean.

use rand_core::Rng;

use crate::draw::{Chance, ONE, below, least};
use crate::epsilon::Epsilon;
use crate::mechanism::{Impossible, Likelihood, Mechanism, Report, Tally};
use crate::reading::{Levels, Reading};

/// The mechanism.
#[derive(Clone, Debug)]
pub struct KAry {
    name: &'static str,
    epsilon: Epsilon,
    levels: Levels,
    /// The chance of each other level.
    other: u128,
}

impl KAry {
    /// RR-k.
    pub fn new(epsilon: Epsilon, levels: Levels) -> KAry {
        KAry::named("RR-k", epsilon, levels)
    }

    /// GRR.
    pub fn grr(epsilon: Epsilon, levels: Levels) -> KAry {
        KAry::named("GRR", epsilon, levels)
    }

    fn named(name: &'static str, epsilon: Epsilon, levels: Levels) -> KAry {
        let odds = epsilon.exp_below();
        let others = u128::from(levels.count() - 1);
        // The level itself has what the others leave.
        let holds = |other: u128| others * other <= ONE && odds.allow(ONE - others * other, other);
        let most = ONE / (others + 1);
        let other = least(|other| other >= most || holds(other));
        KAry {
            name,
            epsilon,
            levels,
            other,
        }
    }

    fn own(&self) -> u128 {
        ONE - u128::from(self.levels.count() - 1) * self.other
    }

    /// The chances of the level itself and of each other.
    pub fn chances(&self) -> (f64, f64) {
        (Chance::of(self.own()).get(), Chance::of(self.other).get())
    }

    /// The whole chances of the level itself and of each other.
    pub(crate) fn weights(&self) -> (u128, u128) {
        (self.own(), self.other)
    }

    fn perturb(&self, level: u32, rng: &mut dyn Rng) -> u32 {
        let word = u128::from(rng.next_u64());
        match word.checked_sub(self.own()) {
            None => level,
            Some(rest) => {
                // Below the number of other levels.
                let other = (rest / self.other) as u32;
                other + u32::from(other >= level)
            }
        }
    }
}

impl Mechanism for KAry {
    fn name(&self) -> &'static str {
        self.name
    }

    fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    fn spent(&self) -> f64 {
        self.epsilon.spent(&[(self.own(), self.other)])
    }

    fn bits(&self) -> u32 {
        u32::BITS - (self.levels.count() - 1).leading_zeros()
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        let level = self.levels.round(reading, rng);
        u64::from(self.perturb(level, rng))
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        below(rng, u64::from(self.levels.count()))
    }

    fn support(&self) -> Option<(f64, f64)> {
        Some(self.chances())
    }

    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        let (low, up) = self.levels.split(reading);
        let of = |level: u32| {
            if u64::from(level) == report {
                self.own()
            } else {
                self.other
            }
        };
        vec![vec![up.complement().weight(), of(low)], vec![up.weight(), of(low + 1)]]
    }

    fn counters(&self) -> usize {
        self.levels.count() as usize
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        let place = usize::try_from(report).map_err(|_| Impossible)?;
        *counters.get_mut(place).ok_or(Impossible)? += 1;
        Ok(())
    }

    fn mean(&self, tally: &Tally) -> Option<f64> {
        let shares = (0..self.levels.count()).map(|level| self.levels.share(level));
        Some(
            self.frequencies(tally)?
                .iter()
                .zip(shares)
                .map(|(f, share)| f * share)
                .sum(),
        )
    }

    fn variance(&self, share: f64) -> f64 {
        let (own, other) = self.chances();
        let levels = self.levels;
        let moment = |power: i32| -> f64 {
            let all: f64 = (0..levels.count()).map(|level| levels.share(level).powi(power)).sum();
            let here: f64 = levels
                .mixture(share)
                .iter()
                .map(|(level, p)| p * levels.share(*level).powi(power))
                .sum();
            other * all + (own - other) * here
        };
        (moment(2) - moment(1) * moment(1)) / ((own - other) * (own - other))
    }

    fn frequencies(&self, tally: &Tally) -> Option<Vec<f64>> {
        let (own, other) = self.chances();
        let f = |count: &u64| (*count as f64 / tally.n as f64 - other) / (own - other);
        (tally.n > 0).then(|| tally.counters.iter().map(f).collect())
    }
}
