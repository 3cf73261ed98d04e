//! One bit a report: randomised response on a reading (RR-1), which is Duchi's mechanism for `t = 2x - 1`.
//!
//! Reconstruction of the scheme of Gai et al. (2022), whose encoding is not public: this is its likeliest form.
//! `Pr[1] = 1/(E+1) + x (E-1)/(E+1)` with `E = e^epsilon`, rounded so that no ratio exceeds `E`.

use rand_core::Rng;

use crate::draw::{Chance, ONE, least};
use crate::epsilon::Epsilon;
use crate::mechanism::{Impossible, Likelihood, Mechanism, Report, Tally};
use crate::reading::Reading;

/// The mechanism.
#[derive(Clone, Debug)]
pub struct OneBit {
    name: &'static str,
    epsilon: Epsilon,
    /// The chance of a 1 at a reading of 0; that of a 0 at the full range.
    low: u128,
}

impl OneBit {
    /// Randomised response on a reading.
    pub fn new(epsilon: Epsilon) -> OneBit {
        OneBit::named("RR-1", epsilon)
    }

    /// The same, by its other name.
    pub fn duchi(epsilon: Epsilon) -> OneBit {
        OneBit::named("Duchi", epsilon)
    }

    fn named(name: &'static str, epsilon: Epsilon) -> OneBit {
        let odds = epsilon.exp_below();
        let low = least(|low| odds.allow(ONE - low, low));
        OneBit { name, epsilon, low }
    }

    /// The chance of a 1.
    pub fn chance(&self, reading: Reading) -> Chance {
        let span = ONE - 2 * self.low;
        let risen = span * u128::from(reading.steps()) / u128::from(Reading::FULL.steps());
        Chance::of(self.low + risen)
    }

    /// The chance of a 1 at a reading of 0, and how much it rises to the full range.
    fn line(&self) -> (f64, f64) {
        let low = Chance::of(self.low).get();
        (low, 1.0 - 2.0 * low)
    }

    /// What one bit says of the mean: outside of the range, as a rule.
    pub fn debias(&self, bit: bool) -> f64 {
        let (low, rise) = self.line();
        (f64::from(u8::from(bit)) - low) / rise
    }
}

impl Mechanism for OneBit {
    fn name(&self) -> &'static str {
        self.name
    }

    fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    fn spent(&self) -> f64 {
        self.epsilon.spent(&[(ONE - self.low, self.low)])
    }

    fn bits(&self) -> u32 {
        1
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        u64::from(self.chance(reading).happens(rng))
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        rng.next_u64() >> 63
    }

    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        let one = self.chance(reading);
        let chance = if report == 0 { one.complement() } else { one };
        vec![vec![chance.weight()]]
    }

    fn counters(&self) -> usize {
        1
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        if report > 1 {
            return Err(Impossible);
        }
        *counters.first_mut().ok_or(Impossible)? += report;
        Ok(())
    }

    fn mean(&self, tally: &Tally) -> Option<f64> {
        let ones = *tally.counters.first()? as f64;
        let (low, rise) = self.line();
        (tally.n > 0).then(|| (ones / tally.n as f64 - low) / rise)
    }

    /// A bit varies as its chance says, whatever readings are behind it: nothing is to be added.
    fn spread(&self, _: &Tally, _: f64) -> f64 {
        0.0
    }

    fn variance(&self, share: f64) -> f64 {
        let (low, rise) = self.line();
        let p = low + rise * share;
        p * (1.0 - p) / (rise * rise)
    }
}
