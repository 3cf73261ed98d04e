//! Subset selection (Ye and Barg 2018; Wang and others 2016): a set of levels that has the meter's own in it by chance.

use rand_core::Rng;

use crate::draw::{Chance, ONE, below, least};
use crate::epsilon::Epsilon;
use crate::mechanism::{Impossible, Likelihood, Mechanism, Report, Support, Tally};
use crate::reading::{Levels, Reading};
use crate::sets;

/// The mechanism. Levels are 64 at most.
#[derive(Clone, Debug)]
pub struct Subset {
    epsilon: Epsilon,
    levels: Levels,
    /// How many levels a report has.
    size: u32,
    /// The chance that the meter's own is among them.
    own: Chance,
}

impl Subset {
    /// With sets of the best size, `d/(e^epsilon + 1)`.
    pub fn new(epsilon: Epsilon, levels: Levels) -> Subset {
        let levels = sets::bounded(levels);
        let d = levels.count();
        let best = libm::round(f64::from(d) / (epsilon.exp() + 1.0)) as u32;
        let size = best.clamp(1, d - 1);
        let odds = epsilon.exp_below();
        // A set with the level and one without it: `own / C(d-1, size-1)` and `not / C(d-1, size)`, whose ratio is
        // `own (d - size)` to `not size`. What is found is the least chance of not.
        let not = least(|not| odds.allow_product((ONE - not, d - size), (not, size)));
        Subset {
            epsilon,
            levels,
            size,
            own: Chance::of(not).complement(),
        }
    }

    /// A set of the size with a level in it or not, all such sets alike.
    fn set(&self, level: u32, has: bool, rng: &mut dyn Rng) -> Report {
        let others: Vec<u32> = (0..self.levels.count()).filter(|other| *other != level).collect();
        u64::from(has) << level | sets::choose(others.into_iter(), self.size - u32::from(has), rng)
    }

    /// The chance that a set has a level that is not the meter's own.
    fn other(&self) -> f64 {
        let (own, size, rest) = (self.own.get(), f64::from(self.size), f64::from(self.levels.count() - 1));
        own * (size - 1.0) / rest + (1.0 - own) * size / rest
    }
}

impl Mechanism for Subset {
    fn name(&self) -> &'static str {
        "SS"
    }

    fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    fn spent(&self) -> f64 {
        let (d, size) = (u128::from(self.levels.count()), u128::from(self.size));
        self.epsilon
            .spent(&[(self.own.weight(), self.own.complement().weight()), (d - size, size)])
    }

    fn bits(&self) -> u32 {
        self.levels.count()
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        let level = self.levels.round(reading, rng);
        let has = self.own.happens(rng);
        self.set(level, has, rng)
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        // Of a level drawn alike, with the chance that a set of this size has it: then all sets are alike.
        let level = below(rng, u64::from(self.levels.count())) as u32;
        let has = Chance::ratio(u64::from(self.size), u64::from(self.levels.count()));
        self.set(level, has.happens(rng), rng)
    }

    fn support(&self) -> Option<Support> {
        let (own, other) = (self.own.get(), self.other());
        let any = f64::from(self.size) / f64::from(self.levels.count());
        Some(Support { own, other, any })
    }

    /// Up to a factor that all readings share.
    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        let (d, size) = (u128::from(self.levels.count()), u128::from(self.size));
        self.levels.likelihood(reading, |level| {
            if report >> level & 1 == 1 {
                vec![self.own.weight(), d - size]
            } else {
                vec![self.own.complement().weight(), size]
            }
        })
    }

    fn counters(&self) -> usize {
        self.levels.count() as usize
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        if report.count_ones() != self.size {
            return Err(Impossible);
        }
        sets::count(report, counters)
    }

    fn mean(&self, tally: &Tally) -> Option<f64> {
        sets::mean(self.levels, &self.frequencies(tally)?)
    }

    fn variance(&self, share: f64) -> f64 {
        let levels = self.levels;
        let (own, other) = (self.own.get(), self.other());
        let rest = f64::from(levels.count() - 1);
        let sums = |level: u32| {
            let others = (0..levels.count())
                .filter(|other| *other != level)
                .map(|other| levels.share(other));
            others.fold((0.0, 0.0), |(sum, squares), share| {
                (sum + share, squares + share * share)
            })
        };
        // Given whether its own level is in: a sample without replacement of the others.
        let given = |level: u32| {
            let (sum, squares) = sums(level);
            let (mean, spread) = (sum / rest, (squares - sum * sum / rest).max(0.0));
            let sample = |m: f64| {
                if rest > 1.0 {
                    m * (rest - m) / (rest * (rest - 1.0)) * spread
                } else {
                    0.0
                }
            };
            let size = f64::from(self.size);
            let within = own * sample(size - 1.0) + (1.0 - own) * sample(size);
            // With its own in, one of the others is out.
            let step = levels.share(level) - mean;
            within + own * (1.0 - own) * step * step
        };
        let noise: f64 = levels.mixture(share).iter().map(|(level, p)| p * given(*level)).sum();
        noise / ((own - other) * (own - other)) + sets::rounding_variance(levels, share)
    }

    fn frequencies(&self, tally: &Tally) -> Option<Vec<f64>> {
        sets::frequencies(tally, self.own.get(), self.other())
    }
}
