//! One remembered bit a meter and grid value: 1BitMean with alpha-point rounding (Ding, Kulkarni and Yekhanin 2017).
//!
//! Reconstruction of its details. A meter draws `alpha` once, and rounds each reading to a grid by it: up if the reading is within
//! `alpha` of the next value. Over meters that is unbiased; within a meter a reading that moves a little stays where it was. For
//! each value of the grid it draws one bit once, as in [`one_bit`](crate::one_bit), and says it again whenever it is there. A bit
//! may be flipped each time it is said, so that a change does not show at once.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::account::Nano;
use crate::draw::{Chance, ONE};
use crate::mechanism::{Estimate, Mechanism, Tally};
use crate::memo::Said;
use crate::one_bit::OneBit;
use crate::reading::{Levels, Reading, Rounding};
use crate::recall::Recall;

/// The mechanism, alike for all meters.
#[derive(Clone, Debug)]
pub struct AlphaPoint {
    one_bit: OneBit,
    /// The values to which readings are rounded.
    grid: Levels,
    /// The chance that a bit is flipped when it is said.
    flip: Chance,
}

impl AlphaPoint {
    /// With bits of that mechanism, on a grid of so many gaps (one at least), each flipped with the chance `flip` below a half.
    pub fn new(one_bit: OneBit, gaps: u32, flip: f64) -> AlphaPoint {
        let flip = if flip.is_finite() { flip.clamp(0.0, 0.49) } else { 0.0 };
        AlphaPoint {
            one_bit,
            grid: Levels::new(gaps.clamp(1, Reading::FULL.steps()) + 1, Rounding::Stochastic),
            // A float cast saturates.
            flip: Chance::of((flip * ONE as f64) as u128),
        }
    }

    /// What draws the bits.
    pub fn one_bit(&self) -> &OneBit {
        &self.one_bit
    }

    /// The values to which readings are rounded.
    pub fn grid(&self) -> Levels {
        self.grid
    }

    /// The chance that a bit is flipped when it is said.
    pub fn flip(&self) -> Chance {
        self.flip
    }

    /// How much the chance that a 1 is said rises over the range.
    pub(crate) fn rise(&self) -> f64 {
        (1.0 - 2.0 * self.flip.get()) / (self.one_bit.debias(true) - self.one_bit.debias(false))
    }

    /// The mean of the readings behind bits, as a share of the range, without bias.
    pub fn mean(&self, tally: &Tally) -> Option<f64> {
        let ones = *tally.counters.first()? as f64;
        let flip = self.flip.get();
        let unflipped = (ones - flip * tally.n as f64) / (1.0 - 2.0 * flip);
        let (zero, one) = (self.one_bit.debias(false), self.one_bit.debias(true));
        (tally.n > 0).then(|| zero + (one - zero) * unflipped / tally.n as f64)
    }

    /// The mean of what readings are drawn from, with its variance. How far readings lie apart is in it: a bit is of a meter drawn by
    /// chance, and varies by its own chance alone. Of one bit a meter: those of other slots are the same bits.
    pub fn estimate(&self, tally: &Tally) -> Option<Estimate> {
        let mean = self.mean(tally)?;
        // The chance of a 1 at a mean within the range: with few bits their own share may be one that no mean has.
        let ones = *tally.counters.first()? as f64 / tally.n as f64 + self.rise() * (mean.clamp(0.0, 1.0) - mean);
        let variance = ones * (1.0 - ones) / (self.rise() * self.rise()) / tally.n as f64;
        Some(Estimate { mean, variance })
    }
}

/// What a meter remembers: stored and read it says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    alpha: u32,
    recall: Recall,
}

impl Meter {
    /// A meter with a budget for all the values that it will ever be at.
    pub fn new(mechanism: &AlphaPoint, budget: f64, rng: &mut dyn Rng) -> Meter {
        Meter {
            alpha: Levels::threshold(rng),
            recall: Recall::new(budget, mechanism.one_bit.epsilon().get()),
        }
    }

    /// What was spent so far.
    pub fn spent(&self) -> Nano {
        self.recall.spent()
    }

    /// Says a bit for a reading. With the budget spent it is the one of the value before.
    pub fn say(&mut self, mechanism: &AlphaPoint, reading: Reading, rng: &mut dyn Rng) -> Said {
        let place = mechanism.grid.round_by(reading, self.alpha);
        let chance = mechanism.one_bit.chance(mechanism.grid.reading(place));
        let draw = |rng: &mut dyn Rng| u64::from(chance.happens(rng));
        let bit = self.recall.answer(place, rng, draw, |rng| rng.next_u64() >> 63);
        bit.map(|bit| bit ^ u64::from(mechanism.flip.happens(rng)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epsilon::Epsilon;
    use crate::mechanism::Report;
    use chacha20::ChaCha12Rng;
    use rand_core::SeedableRng;

    fn mechanism(gaps: u32, flip: f64) -> AlphaPoint {
        AlphaPoint::new(OneBit::new(Epsilon::new(2.0).expect("a budget")), gaps, flip)
    }

    fn bit(said: Said) -> Report {
        said.report()
    }

    /// Over meters the mean is that of the readings, wherever they lie between values of the grid, flipped or not.
    #[test]
    fn over_meters_it_is_unbiased() {
        let mut rng = ChaCha12Rng::from_seed([12; 32]);
        for (gaps, flip, share) in [(1, 0.0, 0.37), (4, 0.0, 0.37), (4, 0.2, 0.9), (16, 0.1, 0.03)] {
            let mechanism = mechanism(gaps, flip);
            let n = 60_000u64;
            let ones = (0..n).map(|_| {
                let mut meter = Meter::new(&mechanism, 100.0, &mut rng);
                bit(meter.say(&mechanism, Reading::from_share(share), &mut rng))
            });
            let counters = vec![ones.sum()];
            let mean = mechanism.mean(&Tally { n, counters }).expect("reports");
            // A bit has a deviation of a half at most, and rises by 0.76 of the range, less what flips take.
            let error = 0.5 / (0.76 * (1.0 - 2.0 * flip)) / libm::sqrt(n as f64);
            assert!((mean - share).abs() < 5.0 * error, "{gaps} {flip}: {mean}, not {share}");
        }
    }

    /// A reading that moves within its rounding says the same bit; what it costs is a matter of values, not of slots.
    #[test]
    fn a_meter_says_the_same_of_the_same() {
        let mut rng = ChaCha12Rng::from_seed([13; 32]);
        let mechanism = mechanism(8, 0.0);
        let mut meter = Meter::new(&mechanism, 100.0, &mut rng);
        let mut said = Vec::new();
        for slot in 0..200u32 {
            // About an eighth, from either side.
            let share = 0.125 + if slot.is_multiple_of(2) { 0.0005 } else { -0.0005 };
            said.push(bit(meter.say(&mechanism, Reading::from_share(share), &mut rng)));
        }
        let costs = meter.spent();
        assert!(costs <= Nano::above(4.0), "two values at most: {costs:?}");
        if costs == Nano::above(2.0) {
            assert!(said.iter().all(|bit| *bit == said[0]));
        }
        let stored = serde_json::to_string(&meter).expect("stores");
        let mut read: Meter = serde_json::from_str(&stored).expect("reads");
        let there = Reading::from_share(0.1255);
        assert_eq!(
            read.say(&mechanism, there, &mut rng),
            meter.say(&mechanism, there, &mut rng)
        );
    }

    #[test]
    fn a_spent_budget_is_answered_by_the_last_bit() {
        let mut rng = ChaCha12Rng::from_seed([14; 32]);
        let mechanism = mechanism(8, 0.0);
        let mut meter = Meter::new(&mechanism, 2.5, &mut rng);
        let first = meter.say(&mechanism, Reading::from_share(0.0), &mut rng);
        assert!(matches!(first, Said::Level(_)));
        let second = meter.say(&mechanism, Reading::FULL, &mut rng);
        assert_eq!(
            second,
            Said::Exhausted(bit(first)),
            "the second value cannot be paid for"
        );
        assert_eq!(meter.spent(), Nano::above(2.0));
    }
}
