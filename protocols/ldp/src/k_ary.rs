//! k-ary randomised response: a level, or with some chance any other.
//!
//! With levels of a reading that are rounded to by chance it is the mechanism of Waudby-Smith, Wu and Ramdas (2023), RR-k;
//! with categories it is generalised randomised response, GRR (Kairouz, Bonawitz and Ramage 2016). The sum over levels of
//! GRR's frequencies is the same estimate of the mean.

use rand_core::Rng;

use crate::draw::below;
use crate::epsilon::Epsilon;
use crate::mechanism::{Impossible, Likelihood, Mechanism, Report, Support, Tally};
use crate::noise::Noise;
use crate::reading::{Levels, Reading};
use crate::response::Response;

/// The mechanism.
#[derive(Clone, Debug)]
pub struct KAry {
    name: &'static str,
    epsilon: Epsilon,
    levels: Levels,
    response: Response,
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
        KAry {
            name,
            epsilon,
            levels,
            response: Response::new(epsilon, levels.count()),
        }
    }

    /// The chances of the level itself and of each other.
    pub fn chances(&self) -> (f64, f64) {
        self.response.chances()
    }

    /// The same as whole weights.
    pub(crate) fn weights(&self) -> (u128, u128) {
        self.response.weights()
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
        self.epsilon.spent(&[self.response.weights()])
    }

    fn bits(&self) -> u32 {
        u32::BITS - (self.levels.count() - 1).leading_zeros()
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        let level = self.levels.round(reading, rng);
        u64::from(self.response.say(level, rng))
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        below(rng, u64::from(self.levels.count()))
    }

    fn support(&self) -> Option<Support> {
        let (own, other) = self.chances();
        let any = 1.0 / f64::from(self.levels.count());
        Some(Support { own, other, any })
    }

    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        self.levels
            .likelihood(reading, |level| vec![self.response.weight(level, report)])
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
        Noise::single(self.levels, own, other).variance(self.levels, share)
    }

    fn frequencies(&self, tally: &Tally) -> Option<Vec<f64>> {
        let (own, other) = self.chances();
        let f = |count: &u64| (*count as f64 / tally.n as f64 - other) / (own - other);
        (tally.n > 0).then(|| tally.counters.iter().map(f).collect())
    }
}
