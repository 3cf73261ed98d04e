//! Remembered hashes: LOLOHA (Arcolezi, Pinzón, Palamidessi and Gambs 2023).
//!
//! A meter draws a hash function once, and says which once, at enrolment: it takes levels to `g` hashes. Of hashes, and
//! no longer of levels, answers are drawn and remembered, in the two rounds of L-GRR ([`memo`](crate::memo), with its
//! corrected second round). A meter has `g` answers at most, so that its life costs `g` times `forever` at most,
//! however many levels there are; and a change to a level with the same hash shows nothing. With two hashes, BiLOLOHA,
//! that is the least; more of them make the error less.
//!
//! Reconstruction: that levels are reached by the meter's own threshold, what is said when the budget is spent, and the
//! hash functions.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::account::Nano;
use crate::epsilon::Epsilon;
use crate::mechanism::{Estimate, Impossible, Report, Tally};
use crate::memo::{Form, Memo, Memoised, NoMemo, Said};
use crate::noise::Noise;
use crate::olh::hash;
use crate::reading::{Levels, Reading, Rounding};
use crate::sets;

/// As many levels as have been tried.
const MOST: u32 = 4096;

/// The mechanism, alike for all meters.
#[derive(Clone, Debug)]
pub struct Loloha {
    levels: Levels,
    /// Of hashes.
    rounds: Memoised,
}

impl Loloha {
    /// With the published number of hashes ([`best_hashes`]).
    ///
    /// # Errors
    /// If `single` is not below `forever`, or if there are fewer than 2 levels or more than 4096.
    pub fn new(forever: Epsilon, single: Epsilon, levels: u32) -> Result<Loloha, NoMemo> {
        Loloha::with_hashes(forever, single, levels, best_hashes(forever, single))
    }

    /// With two hashes, BiLOLOHA: a life costs least.
    ///
    /// # Errors
    /// As [`new`](Loloha::new).
    pub fn binary(forever: Epsilon, single: Epsilon, levels: u32) -> Result<Loloha, NoMemo> {
        Loloha::with_hashes(forever, single, levels, 2)
    }

    fn with_hashes(forever: Epsilon, single: Epsilon, levels: u32, hashes: u32) -> Result<Loloha, NoMemo> {
        if !(2..=MOST).contains(&levels) {
            return Err(NoMemo::Levels(levels));
        }
        Ok(Loloha {
            levels: Levels::new(levels, Rounding::Stochastic),
            rounds: Memoised::new(Form::LGrr, forever, single, hashes)?,
        })
    }

    /// The levels to which readings are rounded.
    pub fn levels(&self) -> Levels {
        self.levels
    }

    /// How many hashes there are: times `forever`, it is what a life may cost.
    pub fn hashes(&self) -> u32 {
        self.rounds.levels().count()
    }

    /// The rounds, of hashes.
    pub fn rounds(&self) -> &Memoised {
        &self.rounds
    }

    /// Nothing counted yet.
    pub fn tally(&self) -> Tally {
        Tally {
            n: 0,
            counters: vec![0; self.levels.count() as usize],
        }
    }

    /// Counts a report of a meter with that function: it supports the levels that have that hash.
    ///
    /// # Errors
    /// If no meter can have made it.
    pub fn count(&self, function: u32, report: Report, tally: &mut Tally) -> Result<(), Impossible> {
        if report >= u64::from(self.hashes()) {
            return Err(Impossible);
        }
        for (level, counter) in (0..).zip(&mut tally.counters) {
            *counter += u64::from(u64::from(hash(function, level, self.hashes())) == report);
        }
        tally.n += 1;
        Ok(())
    }

    /// How likely a report supports the meter's own level, over both rounds, and another, over functions.
    fn support(&self) -> (f64, f64) {
        (self.rounds.support().0, 1.0 / f64::from(self.hashes()))
    }

    /// How many readings are at each level, as shares, without bias.
    pub fn frequencies(&self, tally: &Tally) -> Option<Vec<f64>> {
        let (own, other) = self.support();
        sets::frequencies(tally, own, other)
    }

    /// The variance of the estimated share of a level whose true share is `f`, of one report.
    pub fn frequency_variance(&self, f: f64) -> f64 {
        let (own, other) = self.support();
        sets::frequency_variance(f, own, other)
    }

    /// The mean of the readings, as a share of the range, without bias.
    pub fn mean(&self, tally: &Tally) -> Option<f64> {
        sets::mean(self.levels, &self.frequencies(tally)?)
    }

    /// The mean of what readings are drawn from, with its variance: readings lie apart, functions differ, answers are
    /// random.
    pub fn estimate(&self, tally: &Tally) -> Option<Estimate> {
        self.noise().estimate(self.levels, &self.frequencies(tally)?, tally.n)
    }

    fn noise(&self) -> Noise {
        let (own, other) = self.support();
        Noise::independent(self.levels, own, other)
    }
}

/// The published number of hashes, with `a = e^forever` and `z = e^single` (Arcolezi and others 2023, as their program
/// has it): at least 2, and no more than the 64 that two rounds here take.
///
/// It is the best for the published second round, which spends less than `single` on more than two hashes. With the
/// corrected one the variance does not depend on `forever`, and would be least at about `e^single + 1` hashes: by 4 %
/// at most, for a life that costs more. So the published number stands.
pub fn best_hashes(forever: Epsilon, single: Epsilon) -> u32 {
    let (a, z) = (forever.exp(), single.exp());
    let (a2, a3) = (a * a, a * a * a);
    let root = libm::sqrt(a2 * a2 - 14.0 * a2 - 12.0 * a2 * z * z + 12.0 * a * z + 12.0 * a3 * z + 1.0);
    let best = libm::round((root - a2 + 6.0 * a - 6.0 * z + 1.0) / (6.0 * (a - z)));
    // A float cast saturates, and what is no number is zero.
    (best as u32).clamp(2, sets::MOST)
}

/// What a meter remembers: stored and read it says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    function: u32,
    threshold: u32,
    memo: Memo,
}

impl Meter {
    /// A meter with a budget for all hashes together.
    pub fn new(mechanism: &Loloha, budget: f64, rng: &mut dyn Rng) -> Meter {
        Meter {
            // The upper half of a word.
            function: (rng.next_u64() >> 32) as u32,
            threshold: Levels::threshold(rng),
            memo: Memo::new(&mechanism.rounds, budget),
        }
    }

    /// Its hash function: it says so once, and it depends on no reading.
    pub fn function(&self) -> u32 {
        self.function
    }

    /// What was spent so far.
    pub fn spent(&self) -> Nano {
        self.memo.spent()
    }

    /// Says a hash for a reading. With the budget spent it is of the answer that was given last.
    pub fn say(&mut self, mechanism: &Loloha, reading: Reading, rng: &mut dyn Rng) -> Said {
        let level = mechanism.levels.round_by(reading, self.threshold);
        let hashed = hash(self.function, level, mechanism.hashes());
        self.memo.say(&mechanism.rounds, hashed, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k_ary::KAry;
    use chacha20::ChaCha12Rng;
    use proptest::prelude::*;
    use rand_core::SeedableRng;

    fn budget(number: f64) -> Epsilon {
        Epsilon::new(number).expect("a budget")
    }

    fn build(forever: f64, single: f64, levels: u32) -> Loloha {
        Loloha::new(budget(forever), budget(single), levels).expect("a mechanism")
    }

    #[test]
    fn what_makes_no_mechanism_is_refused() {
        let refused = |forever, single, levels| Loloha::new(budget(forever), budget(single), levels).is_err();
        assert!(refused(1.0, 1.0, 4) && refused(1.0, 2.0, 4) && refused(2.0, 1.0, 1) && refused(2.0, 1.0, 4097));
        assert!(!refused(2.0, 1.0, 4096) && !refused(16.0, 15.0, 4));
    }

    /// The published form finds the number with which a frequency varies least with the published second round, by
    /// trying all. With the second round here the variance is less, and so near to its least that the smaller number is
    /// worth it.
    #[test]
    fn the_number_of_hashes_is_the_published_best() {
        for (forever, single) in [(0.5, 0.25), (2.0, 1.0), (3.0, 1.5), (4.0, 2.0), (5.0, 4.0), (5.0, 1.0)] {
            let (a, z) = (libm::exp(forever), libm::exp(single));
            let published = |hashes: u32| {
                let g = f64::from(hashes);
                let c = (a * z - 1.0) / (a - z);
                let (p1, p2, q2) = (a / (a + g - 1.0), c / (c + g - 1.0), 1.0 / (c + g - 1.0));
                sets::frequency_variance(0.0, p1 * p2 + (1.0 - p1) * q2, (p2 - q2) / g + q2)
            };
            let (forever, single) = (budget(forever), budget(single));
            let here = |hashes| {
                let with = Loloha::with_hashes(forever, single, 10, hashes).expect("a mechanism");
                with.frequency_variance(0.0)
            };
            let best = |variance: &dyn Fn(u32) -> f64| {
                let least = (2..=64).min_by(|one, other| variance(*one).total_cmp(&variance(*other)));
                least.expect("some")
            };
            let found = best_hashes(forever, single);
            assert_eq!(found, best(&published), "{forever:?} {single:?}");
            let best = best(&here);
            assert!(
                best.abs_diff((z + 1.0).round() as u32) <= 1 && found <= best,
                "{best} {z}"
            );
            assert!(here(found) <= 1.04 * here(best), "{forever:?} {single:?}");
            assert!(here(found) <= published(found) * (1.0 + 1e-9), "{forever:?} {single:?}");
        }
    }

    /// Over meters shares and the mean are those of the readings, within five standard errors.
    #[test]
    fn over_meters_it_is_unbiased() {
        let mut rng = ChaCha12Rng::from_seed([31; 32]);
        let binary = Loloha::binary(budget(3.0), budget(1.5), 6).expect("a mechanism");
        for mechanism in [build(3.0, 1.5, 6), build(4.0, 3.0, 6), binary] {
            let (mut tally, n) = (mechanism.tally(), 40_000u32);
            for meter in 0..n {
                let reading = Reading::from_share(if meter % 10 < 3 { 0.2 } else { 0.9 });
                let mut meter = Meter::new(&mechanism, 100.0, &mut rng);
                let said = meter.say(&mechanism, reading, &mut rng);
                mechanism
                    .count(meter.function(), said.report(), &mut tally)
                    .expect("possible");
            }
            let estimate = mechanism.estimate(&tally).expect("reports");
            let error = libm::sqrt(estimate.variance);
            assert!(
                (estimate.mean - 0.69).abs() < 5.0 * error,
                "{} +- {error}",
                estimate.mean
            );
            let found = mechanism.frequencies(&tally).expect("reports");
            for (level, expected) in [(0, 0.0), (1, 0.3), (4, 0.35), (5, 0.35)] {
                let error = libm::sqrt(mechanism.frequency_variance(expected) / f64::from(n));
                let found: f64 = found[level];
                assert!((found - expected).abs() < 5.0 * error, "{level}: {found} +- {error}");
            }
        }
    }

    /// Over functions and draws one report's mean varies as is stated.
    #[test]
    fn a_report_varies_as_stated() {
        let mut rng = ChaCha12Rng::from_seed([32; 32]);
        for (forever, single, share) in [(3.0, 1.5, 0.3), (5.0, 4.0, 0.8)] {
            let (mechanism, n) = (build(forever, single, 11), 20_000u32);
            let squares = (0..n).map(|_| {
                let mut meter = Meter::new(&mechanism, 100.0, &mut rng);
                let said = meter.say(&mechanism, Reading::from_share(share), &mut rng);
                let mut tally = mechanism.tally();
                mechanism
                    .count(meter.function(), said.report(), &mut tally)
                    .expect("possible");
                let error = mechanism.mean(&tally).expect("one") - share;
                error * error
            });
            let found = squares.sum::<f64>() / f64::from(n);
            let stated = mechanism.noise().variance(mechanism.levels, share);
            assert!(
                (found / stated - 1.0).abs() < 0.06,
                "{forever}: {found}, stated {stated}"
            );
        }
    }

    /// Of one function: an answer is that of randomised response among hashes, whole weights and all, so that what is
    /// exact of two rounds is exact here. Levels with one hash are never told apart.
    #[test]
    fn likelihoods_are_those_of_two_rounds_among_hashes() {
        let mechanism = build(2.0, 1.0, 40);
        let [own, other, ..] = mechanism.rounds.weights();
        let hashes = Levels::new(mechanism.hashes(), Rounding::Stochastic);
        assert_eq!((own, other), KAry::grr(budget(2.0), hashes).weights());
        assert!(budget(2.0).exp_below().allow(own, other));
    }

    #[test]
    fn a_spent_budget_is_answered_all_the_same() {
        let mut rng = ChaCha12Rng::from_seed([33; 32]);
        let mechanism = build(4.0, 2.0, 64);
        let mut meter = Meter::new(&mechanism, 5.0, &mut rng);
        let exhausted = (0..64).filter(|level| {
            let reading = mechanism.levels.reading(*level);
            matches!(meter.say(&mechanism, reading, &mut rng), Said::Exhausted(_))
        });
        assert!(
            exhausted.count() > 10 && meter.spent() == Nano::above(4.0),
            "one hash is paid for"
        );
    }

    proptest! {
        /// Whatever is read, with restarts: neither the budget nor `g` answers' cost is overrun, and who says the same
        /// before and after a restart draws the same.
        #[test]
        fn a_life_costs_no_more_than_its_hashes(
            seed in any::<u8>(), budget in 0.0f64..20.0, readings in prop::collection::vec(0u32..1 << 20, 1..60),
        ) {
            let mut rng = ChaCha12Rng::from_seed([seed; 32]);
            let mechanism = build(3.0, 2.0, 48);
            let mut meter = Meter::new(&mechanism, budget, &mut rng);
            for (step, reading) in (0u8..).zip(readings) {
                let reading = Reading::of(reading);
                let draws = || ChaCha12Rng::from_seed([seed ^ step; 32]);
                let stored = serde_json::to_string(&meter).expect("stores");
                let mut read: Meter = serde_json::from_str(&stored).expect("reads");
                                let said = meter.say(&mechanism, reading, &mut draws());
                prop_assert_eq!(read.say(&mechanism, reading, &mut draws()), said);
                prop_assert!(meter.spent() <= Nano::below(budget));
                prop_assert!(meter.spent() <= Nano::above(3.0 * f64::from(mechanism.hashes())));
            }
        }
    }

    #[test]
    fn a_report_that_nobody_made_is_not_counted() {
        let mechanism = build(2.0, 1.0, 6);
        let mut tally = mechanism.tally();
        let beyond = u64::from(mechanism.hashes());
        assert_eq!(mechanism.count(7, beyond, &mut tally), Err(Impossible));
        assert_eq!((tally.clone(), mechanism.mean(&tally)), (mechanism.tally(), None));
    }
}
