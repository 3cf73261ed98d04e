//! Remembered bits about some buckets: dBitFlipPM (Ding, Kulkarni and Yekhanin 2017, section 3).
//!
//! Readings are rounded to `b` buckets. A meter draws `d` of them once, and says so once, at enrolment. For each of
//! them, and for *outside*, it draws once `d` bits, each of which says by symmetric randomised response whether its
//! bucket is the meter's: and says those bits again whenever it is there. Two answers differ in two bits at most, so
//! that one costs `epsilon`; a meter has `d + 1` answers at most (`b`, if it drew all buckets). What costs is a *new
//! answer*: to move among buckets that were not drawn shows nothing and is free.
//!
//! Reconstruction: that buckets are reached by the meter's own threshold, and what is said when the budget is spent.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::account::Nano;
use crate::draw::{Chance, ONE};
use crate::epsilon::Epsilon;
use crate::mechanism::{Estimate, Impossible, Report, Tally};
use crate::memo::Said;
use crate::noise::{Noise, power_sum};
use crate::reading::{Levels, Reading, Rounding};
use crate::recall::Recall;
use crate::sets;
use crate::unary::Unary;

/// The mechanism, alike for all meters.
#[derive(Clone, Debug)]
pub struct DBit {
    epsilon: Epsilon,
    levels: Levels,
    drawn: u32,
    /// The chances that the bit of the meter's bucket is set, and that another is: together one.
    own: u128,
    other: u128,
}

/// Why there is no such mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDBit {
    /// Too few or too many buckets.
    #[error("buckets is {0}: expected 2 to 64")]
    Buckets(u32),
    /// A meter cannot draw so many.
    #[error("a meter draws {drawn} of {buckets} buckets: expected 1 to all of them")]
    Drawn {
        /// How many it draws.
        drawn: u32,
        /// How many there are.
        buckets: u32,
    },
}

impl DBit {
    /// With so many buckets, of which each meter draws so many.
    ///
    /// # Errors
    /// If bits would not fit into a word, or if more would be drawn than there are.
    pub fn new(epsilon: Epsilon, buckets: u32, drawn: u32) -> Result<DBit, NoDBit> {
        if !(2..=sets::MOST).contains(&buckets) {
            return Err(NoDBit::Buckets(buckets));
        }
        if !(1..=buckets).contains(&drawn) {
            return Err(NoDBit::Drawn { drawn, buckets });
        }
        let levels = Levels::new(buckets, Rounding::Stochastic);
        let (own, other) = Unary::symmetric(epsilon, levels).weights();
        Ok(DBit {
            epsilon,
            levels,
            drawn,
            own,
            other,
        })
    }

    /// What a new answer costs.
    pub fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    /// The buckets, as levels of the range.
    pub fn levels(&self) -> Levels {
        self.levels
    }

    /// How many buckets a meter draws: as many bits has a report.
    pub fn drawn(&self) -> u32 {
        self.drawn
    }

    /// How many different answers a meter has, at most: times `epsilon`, it is what its life may cost.
    pub fn answers(&self) -> u32 {
        (self.drawn + 1).min(self.levels.count())
    }

    /// The buckets of a new meter, as bits of a word: all sets of the size alike.
    pub fn draw(&self, rng: &mut dyn Rng) -> u64 {
        sets::choose(0..self.levels.count(), self.drawn, rng)
    }

    /// The answer that a level calls for: its bucket's place among those that were drawn, or, outside, how many they
    /// are.
    fn state(&self, buckets: u64, level: u32) -> u32 {
        let below = (1u64 << level) - 1;
        if buckets >> level & 1 == 1 {
            (buckets & below).count_ones()
        } else {
            self.drawn
        }
    }

    /// The chance that the bit at a place is set in an answer.
    fn bit(&self, state: u32, place: u32) -> Chance {
        Chance::of(if state == place { self.own } else { self.other })
    }

    /// An answer, which is drawn once and remembered.
    fn answer(&self, state: u32, rng: &mut dyn Rng) -> Report {
        (0..self.drawn).fold(0, |bits, place| {
            bits | u64::from(self.bit(state, place).happens(rng)) << place
        })
    }

    /// How likely an answer is at a level, of a meter that drew those buckets: the product of whole numbers, of `2^-64`
    /// each.
    pub fn likelihood(&self, buckets: u64, level: u32, report: Report) -> Vec<u128> {
        let state = self.state(buckets, level);
        let weight = |place: u32| {
            let set = self.bit(state, place).weight();
            if report >> place & 1 == 1 { set } else { ONE - set }
        };
        (0..self.drawn).map(weight).collect()
    }

    /// Nothing counted yet: of each bucket how many bits are set, and then of each how many meters drew it.
    pub fn tally(&self) -> Tally {
        Tally {
            n: 0,
            counters: vec![0; 2 * self.levels.count() as usize],
        }
    }

    /// Counts a report of a meter that drew those buckets.
    ///
    /// # Errors
    /// If no meter can have made it, or drawn them.
    pub fn count(&self, buckets: u64, report: Report, tally: &mut Tally) -> Result<(), Impossible> {
        let beyond = |word: u64, bits: u32| word.checked_shr(bits).unwrap_or(0) != 0;
        let count = self.levels.count();
        if buckets.count_ones() != self.drawn || beyond(buckets, count) || beyond(report, self.drawn) {
            return Err(Impossible);
        }
        let (set, asked) = tally.counters.split_at_mut_checked(count as usize).ok_or(Impossible)?;
        let mut rest = report;
        for ((bucket, set), asked) in (0..count).zip(set).zip(asked) {
            if buckets >> bucket & 1 == 1 {
                *set += rest & 1;
                *asked += 1;
                rest >>= 1;
            }
        }
        tally.n += 1;
        Ok(())
    }

    /// How many buckets there are to one that is drawn.
    fn ratio(&self) -> f64 {
        f64::from(self.levels.count()) / f64::from(self.drawn)
    }

    fn chances(&self) -> (f64, f64) {
        (Chance::of(self.own).get(), Chance::of(self.other).get())
    }

    /// How many readings are in each bucket, as shares, without bias: `b/(n d)` times the sum of what bits say.
    pub fn frequencies(&self, tally: &Tally) -> Option<Vec<f64>> {
        let (own, other) = self.chances();
        let (set, asked) = tally.counters.split_at_checked(self.levels.count() as usize)?;
        let f = |(set, asked): (&u64, &u64)| {
            self.ratio() * (*set as f64 - other * *asked as f64) / (own - other) / tally.n as f64
        };
        (tally.n > 0).then(|| set.iter().zip(asked).map(f).collect())
    }

    /// The variance of the estimated share of a bucket whose true share is `f`, of one report.
    pub fn frequency_variance(&self, f: f64) -> f64 {
        let (own, other) = self.chances();
        // What a bit says, squared, of a meter that is there and of one that is not.
        let square =
            |p: f64| (p * (1.0 - other) * (1.0 - other) + (1.0 - p) * other * other) / ((own - other) * (own - other));
        self.ratio() * (f * square(own) + (1.0 - f) * square(other)) - f * f
    }

    /// The mean of the readings, as a share of the range, without bias.
    pub fn mean(&self, tally: &Tally) -> Option<f64> {
        sets::mean(self.levels, &self.frequencies(tally)?)
    }

    /// The mean of what readings are drawn from, with its variance: readings lie apart, meters draw other buckets, bits
    /// are flipped.
    pub fn estimate(&self, tally: &Tally) -> Option<Estimate> {
        self.noise().estimate(self.levels, &self.frequencies(tally)?, tally.n)
    }

    fn noise(&self) -> Noise {
        let (own, other) = self.chances();
        Noise {
            flat: self.ratio() * power_sum(self.levels, 2) * own * other / ((own - other) * (own - other)),
            linear: 0.0,
            // Of the meters at a level some drew it, and count for those who did not.
            square: self.ratio() - 1.0,
        }
    }
}

/// What a meter remembers: stored and read it says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    buckets: u64,
    threshold: u32,
    recall: Recall,
}

impl Meter {
    /// A meter with a budget for all answers that it will ever give.
    pub fn new(mechanism: &DBit, budget: f64, rng: &mut dyn Rng) -> Meter {
        Meter {
            buckets: mechanism.draw(rng),
            threshold: Levels::threshold(rng),
            recall: Recall::new(budget, mechanism.epsilon.get()),
        }
    }

    /// The buckets that it drew: it says so once, and they depend on no reading.
    pub fn buckets(&self) -> u64 {
        self.buckets
    }

    /// What was spent so far.
    pub fn spent(&self) -> Nano {
        self.recall.spent()
    }

    /// Says the bits for a reading. With the budget spent they are those that were said last.
    pub fn say(&mut self, mechanism: &DBit, reading: Reading, rng: &mut dyn Rng) -> Said {
        let level = mechanism.levels.round_by(reading, self.threshold);
        let state = mechanism.state(self.buckets, level);
        let draw = |rng: &mut dyn Rng| mechanism.answer(state, rng);
        self.recall
            .answer(state, rng, draw, |rng| rng.next_u64() >> (u64::BITS - mechanism.drawn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha12Rng;
    use proptest::prelude::*;
    use rand_core::SeedableRng;

    fn build(epsilon: f64, buckets: u32, drawn: u32) -> DBit {
        DBit::new(Epsilon::new(epsilon).expect("a budget"), buckets, drawn).expect("a mechanism")
    }

    #[test]
    fn what_makes_no_mechanism_is_refused() {
        let refused = |buckets, drawn| {
            let epsilon = Epsilon::new(1.0).expect("a budget");
            DBit::new(epsilon, buckets, drawn)
                .map(|_| ())
                .map_err(|no| no.to_string())
        };
        assert!(refused(1, 1).is_err() && refused(65, 1).is_err() && refused(4, 0).is_err());
        assert!(refused(4, 5).is_err_and(|no| no == "a meter draws 5 of 4 buckets: expected 1 to all of them"));
        assert!(refused(64, 64).is_ok() && refused(2, 1).is_ok());
    }

    /// Over meters shares and the mean are those of the readings, within five standard errors.
    #[test]
    fn over_meters_it_is_unbiased() {
        let mut rng = ChaCha12Rng::from_seed([21; 32]);
        for (buckets, drawn) in [(6, 1), (6, 3), (6, 6), (2, 2), (64, 64)] {
            let mechanism = build(2.0, buckets, drawn);
            let (mut tally, n) = (mechanism.tally(), 40_000u32);
            for meter in 0..n {
                let reading = Reading::from_share(if meter % 10 < 3 { 0.2 } else { 0.9 });
                let mut meter = Meter::new(&mechanism, 100.0, &mut rng);
                let said = meter.say(&mechanism, reading, &mut rng);
                mechanism
                    .count(meter.buckets(), said.report(), &mut tally)
                    .expect("possible");
            }
            let estimate = mechanism.estimate(&tally).expect("reports");
            let error = libm::sqrt(estimate.variance);
            assert!(
                (estimate.mean - 0.69).abs() < 5.0 * error,
                "{buckets} {drawn}: {} +- {error}",
                estimate.mean
            );
            if buckets == 6 {
                let found = mechanism.frequencies(&tally).expect("reports");
                for (bucket, expected) in [(0, 0.0), (1, 0.3), (4, 0.35), (5, 0.35)] {
                    let error = libm::sqrt(mechanism.frequency_variance(expected) / f64::from(n));
                    let found: f64 = found[bucket];
                    assert!(
                        (found - expected).abs() < 5.0 * error,
                        "{drawn} {bucket}: {found} +- {error}"
                    );
                }
            }
        }
    }

    /// Summed over all answers and all draws of buckets: an estimate is a level's own share on average, and varies as
    /// stated.
    #[test]
    fn a_report_is_unbiased_and_varies_as_stated() {
        for drawn in 1..=5 {
            let mechanism = build(1.5, 5, drawn);
            let sets: Vec<u64> = (0..32u64).filter(|set| set.count_ones() == drawn).collect();
            for level in 0..5 {
                let (mut mean, mut square, mut f, mut f_square) = (0.0, 0.0, 0.0, 0.0);
                for (set, report) in sets
                    .iter()
                    .flat_map(|set| (0..1u64 << drawn).map(move |report| (*set, report)))
                {
                    let weights = mechanism.likelihood(set, level, report);
                    let p: f64 = weights.iter().map(|weight| Chance::of(*weight).get()).product();
                    let p = p / sets.len() as f64;
                    let mut tally = mechanism.tally();
                    mechanism.count(set, report, &mut tally).expect("possible");
                    let one = mechanism.mean(&tally).expect("one");
                    let there = mechanism.frequencies(&tally).expect("one")[1];
                    (mean, square) = (mean + p * one, square + p * one * one);
                    (f, f_square) = (f + p * there, f_square + p * there * there);
                }
                let share = mechanism.levels.share(level);
                let stated = mechanism.noise().variance(mechanism.levels, share);
                assert!((mean - share).abs() < 1e-9, "{drawn} {level}: {mean}");
                assert!(
                    (square - mean * mean - stated).abs() < 1e-9 * stated,
                    "{drawn} {level}: {stated}"
                );
                let truth = f64::from(u8::from(level == 1));
                let stated = mechanism.frequency_variance(truth);
                assert!((f - truth).abs() < 1e-9 && (f_square - f * f - stated).abs() < 1e-9 * stated);
            }
        }
    }

    #[test]
    fn a_spent_budget_is_answered_by_the_last_bits() {
        let mut rng = ChaCha12Rng::from_seed([22; 32]);
        let mechanism = build(1.0, 8, 8);
        let mut meter = Meter::new(&mechanism, 1.5, &mut rng);
        let first = meter.say(&mechanism, Reading::from_share(0.0), &mut rng);
        assert!(matches!(first, Said::Level(_)));
        let second = meter.say(&mechanism, Reading::FULL, &mut rng);
        assert_eq!(second, Said::Exhausted(first.report()));
        let mut poor = Meter::new(&mechanism, 0.5, &mut rng);
        let said = poor.say(&mechanism, Reading::FULL, &mut rng);
        assert_eq!(poor.say(&mechanism, Reading::from_share(0.3), &mut rng), said);
        assert!(matches!(said, Said::Exhausted(_)) && poor.spent() == Nano(0));
    }

    proptest! {
        /// Whatever is read, in whatever order, with restarts: the same of the same, and neither the budget nor what
        /// all answers cost is overrun.
        #[test]
        fn what_was_said_is_said_again(
            seed in any::<u8>(), drawn in 1u32..7, budget in 0.0f64..8.0,
            readings in prop::collection::vec(0u32..1 << 20, 1..60),
        ) {
            let mut rng = ChaCha12Rng::from_seed([seed; 32]);
            let mechanism = build(1.0, 6, drawn);
            let mut meter = Meter::new(&mechanism, budget, &mut rng);
            let mut said = std::collections::BTreeMap::new();
            for reading in readings {
                let reading = Reading::of(reading);
                let state = mechanism.state(meter.buckets, mechanism.levels.round_by(reading, meter.threshold));
                if let Said::Level(bits) = meter.say(&mechanism, reading, &mut rng) {
                    prop_assert_eq!(*said.entry(state).or_insert(bits), bits);
                }
                prop_assert!(meter.spent() <= Nano::below(budget));
                prop_assert!(meter.spent() <= Nano::above(f64::from(mechanism.answers())));
                let stored = serde_json::to_string(&meter).expect("stores");
                meter = serde_json::from_str(&stored).expect("reads");
            }
        }
    }

    #[test]
    fn a_report_that_nobody_made_is_not_counted() {
        let mechanism = build(1.0, 6, 2);
        let mut tally = mechanism.tally();
        for (buckets, report) in [(0b11, 4), (0b111, 0), (0b1000_0001, 0), (1, 0)] {
            assert_eq!(mechanism.count(buckets, report, &mut tally), Err(Impossible));
        }
        assert_eq!((tally.clone(), mechanism.mean(&tally)), (mechanism.tally(), None));
        assert_eq!(mechanism.count(0b10_0001, 3, &mut tally), Ok(()));
    }
}
