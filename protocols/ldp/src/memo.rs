//! Answers that are remembered: two rounds of randomised response (RAPPOR: Erlingsson, Pihur and Korolova 2014; L-SUE, L-OSUE and
//! L-GRR: Arcolezi, Couchot, Al Bouna and Xiao 2022).
//!
//! Fresh noise in each slot averages out: who collects many reports of one meter learns its reading. Here a meter draws an answer
//! for each level once, at `forever`, remembers it, and reports of the answer with fresh noise, so that one report alone costs
//! `single`. However many reports there are, no more is learnt of a level than its answer tells. That protects each level
//! by itself: a meter whose level changes has an answer for each, and *that* it changed shows.
//!
//! The chances of the second round are those at which a report alone spends `single` exactly; literature gives a form for L-GRR
//! that spends less than it says.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::account::Nano;
use crate::draw::{Chance, ONE, below};
use crate::epsilon::Epsilon;
use crate::k_ary::KAry;
use crate::mechanism::{Estimate, Impossible, Report, Tally};
use crate::noise::Noise;
use crate::reading::{Levels, Rounding};
use crate::recall::Recall;
use crate::response::Response;
use crate::sets;
use crate::unary::Unary;

/// How the rounds encode a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A bit for each level, both rounds symmetric: RAPPOR's.
    LSue,
    /// The first round optimised, the second symmetric.
    LOsue,
    /// A level.
    LGrr,
}

/// Why there is no such pair of rounds.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoMemo {
    /// One report would tell as much as all.
    #[error("epsilon of one report is {single}: expected less than that of all, {forever}")]
    Single {
        /// Of one report.
        single: f64,
        /// Of all.
        forever: f64,
    },
    /// Too few or too many levels.
    #[error("levels is {0}: expected 2 to 64")]
    Levels(u32),
}

/// What of a second round is rounded away, so that a report alone spends no more than it may: `2^-40` of a chance.
const MARGIN: u128 = 1 << 24;

/// Two rounds.
#[derive(Clone, Debug)]
pub struct Memoised {
    form: Form,
    forever: Epsilon,
    single: Epsilon,
    levels: Levels,
    /// The chances of the first round, of the level itself and of another: and of the second.
    first: (u128, u128),
    second: (u128, u128),
}

impl Memoised {
    /// Rounds of which all reports together spend `forever` on a level, and one alone `single`.
    ///
    /// # Errors
    /// If `single` is not below `forever`, or if a report would not fit into a word.
    pub fn new(form: Form, forever: Epsilon, single: Epsilon, levels: u32) -> Result<Memoised, NoMemo> {
        if single >= forever {
            let (single, forever) = (single.get(), forever.get());
            return Err(NoMemo::Single { single, forever });
        }
        if !(2..=sets::MOST).contains(&levels) {
            return Err(NoMemo::Levels(levels));
        }
        let count = levels;
        let levels = Levels::new(levels, Rounding::Stochastic);
        let (e1, half) = (single.exp(), libm::exp(single.get() / 2.0));
        let (first, second) = match form {
            Form::LSue => {
                let (own, other) = Unary::symmetric(forever, levels).weights();
                let (p1, q1) = (share(own), share(other));
                let both = half / (half + 1.0);
                ((own, other), symmetric((both - q1) / (p1 - q1)))
            }
            Form::LOsue => {
                let (own, other) = Unary::optimised(forever, levels).weights();
                let e = forever.exp();
                let p2 = (1.0 - e1 * e) / (e1 - e - e1 * e + 1.0);
                ((own, other), symmetric(p2))
            }
            Form::LGrr => {
                let (own, other) = KAry::grr(forever, levels).weights();
                let (p1, q1) = (share(own), share(other));
                let others = f64::from(count - 1);
                let p2 = (e1 / (e1 + others) - q1) / (p1 - q1);
                // A float cast saturates.
                let other_second = ((1.0 - p2) / others * ONE as f64) as u128 + MARGIN;
                ((own, other), (ONE - u128::from(count - 1) * other_second, other_second))
            }
        };
        Ok(Memoised {
            form,
            forever,
            single,
            levels,
            first,
            second,
        })
    }

    /// How a level is encoded.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The levels to which readings are rounded.
    pub fn levels(&self) -> Levels {
        self.levels
    }

    /// How many different reports there are; more than a word counts are all that there are.
    pub fn reports(&self) -> u64 {
        let levels = self.levels.count();
        match self.form {
            Form::LGrr => u64::from(levels),
            _ => 1u64.checked_shl(levels).unwrap_or(u64::MAX),
        }
    }

    /// How many bits a report has.
    pub fn bits(&self) -> u32 {
        match self.form {
            Form::LGrr => u32::BITS - (self.levels.count() - 1).leading_zeros(),
            _ => self.levels.count(),
        }
    }

    /// What an answer costs: once for each level.
    pub fn forever(&self) -> Epsilon {
        self.forever
    }

    /// What one report alone costs.
    pub fn single(&self) -> Epsilon {
        self.single
    }

    /// The whole chances `(p1, q1, p2, q2)`, in `2^-64`.
    pub fn weights(&self) -> [u128; 4] {
        [self.first.0, self.first.1, self.second.0, self.second.1]
    }

    /// The answer to a level, which is drawn once and remembered.
    pub fn answer(&self, level: u32, rng: &mut dyn Rng) -> Report {
        let (own, other) = self.first;
        match self.form {
            Form::LGrr => u64::from(Response::with(self.levels.count(), other).say(level, rng)),
            _ => self.draw_bits(rng, |bit| Chance::of(if bit == level { own } else { other })),
        }
    }

    /// An answer drawn alike from all that there are: to no level.
    pub(crate) fn nothing(&self, rng: &mut dyn Rng) -> Report {
        match self.form {
            Form::LGrr => below(rng, u64::from(self.levels.count())),
            _ => rng.next_u64() >> (u64::BITS - self.levels.count()),
        }
    }

    /// A report of an answer, drawn each time.
    pub fn report(&self, answer: Report, rng: &mut dyn Rng) -> Report {
        let (own, other) = self.second;
        match self.form {
            Form::LGrr => u64::from(Response::with(self.levels.count(), other).say(answer as u32, rng)),
            _ => self.draw_bits(rng, |bit| Chance::of(if answer >> bit & 1 == 1 { own } else { other })),
        }
    }

    fn draw_bits(&self, rng: &mut dyn Rng, chance: impl Fn(u32) -> Chance) -> Report {
        (0..self.levels.count()).fold(0, |bits, bit| bits | u64::from(chance(bit).happens(rng)) << bit)
    }

    /// Nothing counted yet.
    pub fn tally(&self) -> Tally {
        Tally {
            n: 0,
            counters: vec![0; self.levels.count() as usize],
        }
    }

    /// Counts a report.
    ///
    /// # Errors
    /// If no meter can have made it.
    pub fn count(&self, report: Report, tally: &mut Tally) -> Result<(), Impossible> {
        self.count_in(report, &mut tally.counters)?;
        tally.n += 1;
        Ok(())
    }

    /// Counts a report in counters of levels.
    pub(crate) fn count_in(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        match self.form {
            Form::LGrr => {
                let place = usize::try_from(report).map_err(|_| Impossible)?;
                *counters.get_mut(place).ok_or(Impossible)? += 1;
                Ok(())
            }
            _ => sets::count(report, counters),
        }
    }

    /// How likely a report supports the meter's own level, and another, over both rounds.
    pub(crate) fn support(&self) -> (f64, f64) {
        let [p1, q1, p2, q2] = self.weights().map(share);
        match self.form {
            // Another level may be answered and reported, or reported alone.
            Form::LGrr => {
                let others = f64::from(self.levels.count() - 1);
                let own = p1 * p2 + others * q1 * q2;
                (own, (1.0 - own) / others)
            }
            _ => (p1 * p2 + (1.0 - p1) * q2, q1 * p2 + (1.0 - q1) * q2),
        }
    }

    /// The chances of the second round: that an answer is said, and a certain other.
    pub(crate) fn second(&self) -> (f64, f64) {
        (share(self.second.0), share(self.second.1))
    }

    /// How many readings are at each level, as shares, without bias.
    pub fn frequencies(&self, tally: &Tally) -> Option<Vec<f64>> {
        let (own, other) = self.support();
        sets::frequencies(tally, own, other)
    }

    /// The mean of the readings, as a share of the range, without bias.
    pub fn mean(&self, tally: &Tally) -> Option<f64> {
        sets::mean(self.levels, &self.frequencies(tally)?)
    }

    /// The variance of the estimated share of a level whose true share is `f`, of one report.
    pub fn frequency_variance(&self, f: f64) -> f64 {
        let (own, other) = self.support();
        sets::frequency_variance(f, own, other)
    }

    /// The mean of what readings are drawn from, with its variance: readings lie apart, and both rounds are random. Of one report a
    /// meter: those of other slots are of the same answers.
    pub fn estimate(&self, tally: &Tally) -> Option<Estimate> {
        self.noise().estimate(self.levels, &self.frequencies(tally)?, tally.n)
    }

    /// How much one report alone varies.
    pub(crate) fn noise(&self) -> Noise {
        let (own, other) = self.support();
        match self.form {
            Form::LGrr => Noise::single(self.levels, own, other),
            _ => Noise::independent(self.levels, own, other),
        }
    }
}

fn share(weight: u128) -> f64 {
    Chance::of(weight).get()
}

/// A symmetric second round, a little flatter than the budget allows.
fn symmetric(p2: f64) -> (u128, u128) {
    // A float cast saturates.
    let own = ((p2 * ONE as f64) as u128).min(ONE).saturating_sub(MARGIN).max(ONE / 2);
    (own, ONE - own)
}

/// What a meter remembers. It is stored and read as it was: after a restart it gives the same answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memo {
    recall: Recall,
}

/// What a meter has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A report of the answer to its level.
    Level(Report),
    /// The budget is spent: a report that does not depend on its level. To say nothing would say something.
    Exhausted(Report),
}

impl Said {
    /// What is sent: it does not tell which of both it is.
    pub fn report(self) -> Report {
        match self {
            Said::Level(report) | Said::Exhausted(report) => report,
        }
    }

    /// The same with another report in it.
    pub(crate) fn map(self, change: impl FnOnce(Report) -> Report) -> Said {
        match self {
            Said::Level(report) => Said::Level(change(report)),
            Said::Exhausted(report) => Said::Exhausted(change(report)),
        }
    }
}

impl Memo {
    /// With a budget for all levels together.
    pub fn new(mechanism: &Memoised, budget: f64) -> Memo {
        Memo {
            recall: Recall::new(budget, mechanism.forever.get()),
        }
    }

    /// What was spent so far.
    pub fn spent(&self) -> Nano {
        self.recall.spent()
    }

    /// A report for a level. With the budget spent it is one of the answer that was given last, or, without any, of nothing.
    pub fn say(&mut self, mechanism: &Memoised, level: u32, rng: &mut dyn Rng) -> Said {
        let draw = |rng: &mut dyn Rng| mechanism.answer(level, rng);
        let answer = self.recall.answer(level, rng, draw, |rng| mechanism.nothing(rng));
        answer.map(|answer| mechanism.report(answer, rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha12Rng;
    use rand_core::SeedableRng;

    fn build(form: Form, forever: f64, single: f64, levels: u32) -> Memoised {
        let epsilon = |number| Epsilon::new(number).expect("a budget");
        Memoised::new(form, epsilon(forever), epsilon(single), levels).expect("rounds")
    }

    #[test]
    fn second_rounds_are_the_corrected_ones() {
        let second = |form, forever, single, levels| share(build(form, forever, single, levels).second.0);
        assert!((second(Form::LSue, 2.0, 1.0, 8) - 0.764_996).abs() < 1e-6);
        assert!((second(Form::LGrr, 2.0, 1.0, 10) - 0.438_52).abs() < 1e-5);
        let (e1, e) = (libm::exp(1.0), libm::exp(2.0));
        let published = (1.0 - e1 * e) / (e1 - e - e1 * e + 1.0);
        assert!((second(Form::LOsue, 2.0, 1.0, 8) - published).abs() < 1e-9);
    }

    #[test]
    fn what_makes_no_rounds_is_refused() {
        let epsilon = |number| Epsilon::new(number).expect("a budget");
        let refused =
            |forever, single, levels| Memoised::new(Form::LGrr, epsilon(forever), epsilon(single), levels).is_err();
        assert!(refused(1.0, 1.0, 4) && refused(1.0, 2.0, 4) && refused(2.0, 1.0, 1) && refused(2.0, 1.0, 65));
        assert!(!refused(2.0, 1.0, 64));
    }

    /// Many meters, each with its answers: shares come out, within five standard errors.
    #[test]
    fn many_meters_tell_their_levels() {
        let mut rng = ChaCha12Rng::from_seed([7; 32]);
        for form in [Form::LSue, Form::LOsue, Form::LGrr] {
            let mechanism = build(form, 3.0, 1.5, 6);
            let (mut tally, n) = (mechanism.tally(), 60_000u32);
            for meter in 0..n {
                let mut memo = Memo::new(&mechanism, 100.0);
                let level = if meter % 10 < 3 { 2 } else { 5 };
                let Said::Level(report) = memo.say(&mechanism, level, &mut rng) else {
                    panic!("there is budget")
                };
                mechanism.count(report, &mut tally).expect("possible");
            }
            let frequencies = mechanism.frequencies(&tally).expect("reports");
            for (level, expected) in [(0, 0.0), (2, 0.3), (5, 0.7)] {
                let error = libm::sqrt(mechanism.frequency_variance(expected) / f64::from(n));
                let found = frequencies[level];
                assert!(
                    (found - expected).abs() < 5.0 * error,
                    "{form:?} {level}: {found} +- {error}"
                );
            }
            let mean = mechanism.mean(&tally).expect("reports");
            assert!((mean - (0.3 * 0.4 + 0.7)).abs() < 0.05, "{form:?}: {mean}");
        }
    }

    /// What many reports of one meter tell is its answer and no more: they do not get nearer to the level.
    #[test]
    fn averaging_leads_to_the_answer_and_not_to_the_level() {
        let mut rng = ChaCha12Rng::from_seed([8; 32]);
        let mechanism = build(Form::LGrr, 1.0, 0.5, 4);
        let mut right = 0;
        let meters = 2000u32;
        for _ in 0..meters {
            let mut memo = Memo::new(&mechanism, 10.0);
            let mut counts = [0u32; 4];
            for _ in 0..300 {
                if let Said::Level(report) = memo.say(&mechanism, 1, &mut rng) {
                    counts[report as usize] += 1;
                }
            }
            let guess = (0..4).max_by_key(|level| counts[*level]).expect("four");
            right += u32::from(guess == 1);
        }
        // The chance of the first round: E/(E+3), 0.475.
        let share = f64::from(right) / f64::from(meters);
        let chance = share_of(mechanism.weights()[0]);
        assert!((share - chance).abs() < 0.05, "{share}, not {chance}");
    }

    fn share_of(weight: u128) -> f64 {
        share(weight)
    }

    #[test]
    fn a_spent_budget_is_answered_all_the_same() {
        let mut rng = ChaCha12Rng::from_seed([9; 32]);
        let mechanism = build(Form::LSue, 2.0, 1.0, 8);
        let mut memo = Memo::new(&mechanism, 5.0);
        let says =
            |memo: &mut Memo, level, rng: &mut ChaCha12Rng| matches!(memo.say(&mechanism, level, rng), Said::Level(_));
        assert!(says(&mut memo, 0, &mut rng) && says(&mut memo, 1, &mut rng) && says(&mut memo, 0, &mut rng));
        assert!(!says(&mut memo, 2, &mut rng), "a third level would cost 6");
        assert!(says(&mut memo, 1, &mut rng), "what is known costs nothing");
        let stored = serde_json::to_string(&memo).expect("stores");
        let read: Memo = serde_json::from_str(&stored).expect("reads");
        assert_eq!((&read, read.spent()), (&memo, Nano(4_000_000_000)));
        let mut poor = Memo::new(&mechanism, 1.0);
        assert!(!says(&mut poor, 3, &mut rng) && poor.spent() == Nano(0));
    }
}
