//! What all mechanisms have in common.

use core::fmt;

use rand_core::Rng;

use crate::epsilon::Epsilon;
use crate::reading::Reading;

/// A report as it travels: the low [`bits`](Mechanism::bits) of a word.
pub type Report = u64;

/// How likely a report is, exactly: a sum of products of whole numbers. All products have the same number of factors, and
/// all readings the same scale, so that likelihoods of one report compare.
pub type Likelihood = Vec<Vec<u128>>;

/// A mechanism that lets a meter report about its reading, and others estimate a mean of many readings.
pub trait Mechanism: fmt::Debug + Send + Sync {
    /// Its name, as tables have it.
    fn name(&self) -> &'static str;

    /// The budget that was asked for.
    fn epsilon(&self) -> Epsilon;

    /// The budget that is really spent by a report, after rounding to whole chances: at most what was asked for. Rounded up.
    fn spent(&self) -> f64;

    /// How many bits a report has.
    fn bits(&self) -> u32;

    /// What a meter reports.
    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report;

    /// A report drawn alike from all that there are: of who does not care, or wants to do harm.
    fn any(&self, rng: &mut dyn Rng) -> Report;

    /// How likely that report is of that reading.
    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood;

    /// How many counters a tally needs.
    fn counters(&self) -> usize;

    /// Counts a report.
    ///
    /// # Errors
    /// If no meter can have made it.
    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible>;

    /// The mean of the readings behind `n` reports, as a share of the range, without bias. Nothing without reports.
    fn mean(&self, tally: &Tally) -> Option<f64>;

    /// The variance of one report's part in the mean, of a meter whose reading is that share of the range.
    fn variance(&self, share: f64) -> f64;

    /// How far the readings behind a tally lie apart: their variance, where [`variance`](Mechanism::variance) does not include it. It
    /// is estimated from frequencies; of mechanisms that tell the mean alone it is the most that it can be with that mean.
    fn spread(&self, tally: &Tally, mean: f64) -> f64 {
        let inside = mean.clamp(0.0, 1.0);
        let most = inside * (1.0 - inside);
        let Some(frequencies) = self.frequencies(tally) else {
            return most;
        };
        let last = frequencies.len().saturating_sub(1).max(1) as f64;
        let square = |(level, f): (usize, &f64)| f * (level as f64 / last) * (level as f64 / last);
        let second: f64 = frequencies.iter().enumerate().map(square).sum();
        (second - inside * inside).clamp(0.0, most)
    }

    /// How likely a report supports a level, of mechanisms whose counters are levels.
    fn support(&self) -> Option<Support> {
        None
    }

    /// How many readings are at each level, as shares of all, without bias: some may be negative. Nothing of mechanisms that
    /// tell the mean alone.
    fn frequencies(&self, _tally: &Tally) -> Option<Vec<f64>> {
        None
    }
}

/// How likely a report supports a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Support {
    /// The meter's own.
    pub own: f64,
    /// Another.
    pub other: f64,
    /// Any, if the report is drawn alike from all that there are.
    pub any: f64,
}

/// A report that no meter can have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no meter can have made this report")]
pub struct Impossible;

/// Reports, counted: all that is needed of them. Tallies add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// How many reports.
    pub n: u64,
    /// What was counted of them.
    pub counters: Vec<u64>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(mechanism: &dyn Mechanism) -> Tally {
        Tally {
            n: 0,
            counters: vec![0; mechanism.counters()],
        }
    }

    /// Counts a report.
    ///
    /// # Errors
    /// If no meter can have made it; it is not counted then.
    pub fn add(&mut self, mechanism: &dyn Mechanism, report: Report) -> Result<(), Impossible> {
        mechanism.count(report, &mut self.counters)?;
        self.n += 1;
        Ok(())
    }

    /// Adds another tally of the same mechanism.
    ///
    /// # Errors
    /// If it has other counters, or if they overflow.
    pub fn merge(&mut self, other: &Tally) -> Result<(), Impossible> {
        if self.counters.len() != other.counters.len() {
            return Err(Impossible);
        }
        let sums = self
            .counters
            .iter()
            .zip(&other.counters)
            .map(|(one, other)| one.checked_add(*other));
        let counters = sums.collect::<Option<_>>().ok_or(Impossible)?;
        let n = self.n.checked_add(other.n).ok_or(Impossible)?;
        *self = Tally { n, counters };
        Ok(())
    }
}

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean, as a share of the range; it may lie outside of 0 and 1.
    pub mean: f64,
    /// Its variance.
    pub variance: f64,
}

impl Estimate {
    /// Of a tally: the variance is that of a report at the mean itself, and that of readings over meters, by the number of reports.
    /// So an interval holds for the mean of all meters of which those who reported are a sample.
    pub fn of(mechanism: &dyn Mechanism, tally: &Tally) -> Option<Estimate> {
        let mean = mechanism.mean(tally)?;
        let of_one = mechanism.variance(mean.clamp(0.0, 1.0)) + mechanism.spread(tally, mean);
        let variance = of_one / tally.n as f64;
        Some(Estimate { mean, variance })
    }

    /// Half of the interval that holds the truth 95 times in a hundred, if there are many reports.
    pub fn radius(&self) -> f64 {
        1.959_963_984_540_054 * libm::sqrt(self.variance.max(0.0))
    }

    /// Several estimates of one mean, each weighted by the inverse of its variance: the best without bias. Nothing of nothing.
    pub fn combine(estimates: &[Estimate]) -> Option<Estimate> {
        let weights = || estimates.iter().map(|one| 1.0 / one.variance.max(f64::MIN_POSITIVE));
        let all: f64 = weights().sum();
        let sum: f64 = estimates
            .iter()
            .zip(weights())
            .map(|(one, weight)| one.mean * weight)
            .sum();
        (!estimates.is_empty()).then(|| Estimate {
            mean: sum / all,
            variance: 1.0 / all,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_combined_by_what_they_are_worth() {
        let of = |mean, variance| Estimate { mean, variance };
        let both = Estimate::combine(&[of(0.2, 0.01), of(0.5, 0.02)]).expect("two");
        assert!((both.mean - 0.3).abs() < 1e-12 && (both.variance - 1.0 / 150.0).abs() < 1e-12);
        assert_eq!(Estimate::combine(&[]), None);
        assert!((of(0.0, 0.01).radius() - 0.196).abs() < 1e-4);
    }
}
