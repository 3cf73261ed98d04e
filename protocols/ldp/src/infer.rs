//! What a curious aggregator infers of one meter: a belief in its reading, whether somebody is at home, its mean over
//! many slots, and when its reading changed. Each with a closed form of how well it can go at best.
//!
//! All of it is by the exact likelihoods of a mechanism (Bayes): no guess from the same report is right more often.
//! What is *believed before*, which readings are how frequent and how often a home is occupied, is the attacker's and
//! no secret here.
//!
//! Of remembered answers ([`memo`](crate::memo), [`alpha`](crate::alpha)) a second report is not another draw: to
//! observe the same bit again tells nothing, and [`alone`](crate::alone) is the mechanism of the first.

use crate::mechanism::{Mechanism, Report, Tally};
use crate::memo::Memoised;
use crate::reading::Reading;

/// What is believed of a reading: weights over bins of its range, evenly spaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Belief {
    /// Together one.
    weights: Vec<f64>,
}

impl Belief {
    /// Of those weights, which need not sum up to one. Nothing if there is none, if one is negative or no number, or if
    /// all are zero.
    pub fn new(weights: &[f64]) -> Option<Belief> {
        let sum: f64 = weights.iter().sum();
        let sound = weights.iter().all(|weight| *weight >= 0.0) && sum > 0.0 && sum.is_finite();
        sound.then(|| Belief {
            weights: weights.iter().map(|weight| weight / sum).collect(),
        })
    }

    /// The weights of the bins, together one.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The share of the range at the centre of a bin.
    fn centre(&self, bin: usize) -> f64 {
        (bin as f64 + 0.5) / self.weights.len() as f64
    }

    /// For each bin the logarithm of how likely it is together with a report, up to what all share.
    fn joint(&self, mechanism: &dyn Mechanism, report: Report) -> Vec<f64> {
        let bins = self.weights.iter().enumerate();
        bins.map(|(bin, weight)| {
            let reading = Reading::from_share(self.centre(bin));
            libm::log(*weight) + log_likelihood(mechanism, reading, report)
        })
        .collect()
    }

    /// Learns from a report, by the mechanism's likelihoods. From one that no bin can explain nothing is learnt.
    pub fn observe(&mut self, mechanism: &dyn Mechanism, report: Report) {
        let joint = self.joint(mechanism, report);
        let all = log_sum(&joint);
        if all.is_finite() {
            self.weights = joint.iter().map(|one| libm::exp(one - all)).collect();
        }
    }

    /// The mean, as a share of the range.
    pub fn mean(&self) -> f64 {
        let bins = self.weights.iter().enumerate();
        bins.map(|(bin, weight)| weight * self.centre(bin)).sum()
    }

    /// The share at the centre of the likeliest bin: of several, the lowest.
    pub fn likeliest(&self) -> f64 {
        let bins = self.weights.iter().enumerate();
        let best = bins.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or(0.5, |(bin, _)| self.centre(bin))
    }
}

/// The logarithm of how likely a report is of a reading, up to what all readings share. Logarithms, as a product of 64
/// small chances is below all that a float has.
fn log_likelihood(mechanism: &dyn Mechanism, reading: Reading, report: Report) -> f64 {
    let product = |factors: &Vec<u128>| factors.iter().map(|factor| libm::log(*factor as f64)).sum();
    let terms: Vec<f64> = mechanism.likelihood(reading, report).iter().map(product).collect();
    log_sum(&terms)
}

/// The logarithm of a sum, of logarithms: minus infinity of nothing.
fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most.is_finite() {
        most + libm::log(logs.iter().map(|log| libm::exp(log - most)).sum())
    } else {
        most
    }
}

/// The belief that a home is occupied, after a report: of what readings look like when it is and when it is not, and
/// how often it is. A report that neither explains changes nothing.
///
/// For several reports of one state: the belief of before takes the place of `share_at_home`, and both beliefs observe
/// each report.
pub fn occupied(mechanism: &dyn Mechanism, report: Report, at_home: &Belief, away: &Belief, share_at_home: f64) -> f64 {
    let log = |belief: &Belief| log_sum(&belief.joint(mechanism, report));
    let share_at_home = share_at_home.clamp(0.0, 1.0);
    let both = [
        libm::log(share_at_home) + log(at_home),
        libm::log(1.0 - share_at_home) + log(away),
    ];
    let all = log_sum(&both);
    if all.is_finite() {
        libm::exp(both[0] - all)
    } else {
        share_at_home
    }
}

/// How often the best guess between two is right, of which the first is so frequent: given how likely each output is of
/// either. To sum over outputs is exact.
pub fn accuracy(outputs: impl IntoIterator<Item = (f64, f64)>, share: f64) -> f64 {
    let right = |(first, second): (f64, f64)| (share * first).max((1.0 - share) * second);
    outputs.into_iter().map(right).sum()
}

/// How many bits a report may have for a sum over all reports.
const MOST_BITS: u32 = 16;

/// How likely each report is of a belief, exactly but for the last bits of a float, in the order of reports: of those
/// that a meter can make. Nothing of mechanisms with more reports than can be summed over.
pub fn chances(mechanism: &dyn Mechanism, belief: &Belief) -> Option<Vec<f64>> {
    if mechanism.bits() > MOST_BITS {
        return None;
    }
    let possible = |report: &Report| {
        let mut counters = vec![0; mechanism.counters()];
        mechanism.count(*report, &mut counters).is_ok()
    };
    let reports = (0..1u64 << mechanism.bits()).filter(possible);
    let logs: Vec<f64> = reports
        .map(|report| log_sum(&belief.joint(mechanism, report)))
        .collect();
    // Chances are likelihoods by their sum.
    let all = log_sum(&logs);
    Some(logs.iter().map(|log| libm::exp(log - all)).collect())
}

/// How often [`occupied`] guesses right from one report, exactly: summed over all reports. Nothing of mechanisms with
/// more reports than can be summed over.
pub fn occupancy_accuracy(
    mechanism: &dyn Mechanism,
    at_home: &Belief,
    away: &Belief,
    share_at_home: f64,
) -> Option<f64> {
    let pairs = chances(mechanism, at_home)?.into_iter().zip(chances(mechanism, away)?);
    Some(accuracy(pairs, share_at_home))
}

/// What an accuracy is better than always to guess the more frequent of two.
pub fn advantage(accuracy: f64, share: f64) -> f64 {
    accuracy - share.max(1.0 - share)
}

/// Averages debiased reports of one meter: the averaging attack. Reports may be of different mechanisms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Averaged {
    sum: f64,
    reports: u64,
}

impl Averaged {
    /// No report yet.
    pub fn new() -> Averaged {
        Averaged::default()
    }

    /// Adds what a report says of the reading. One that no meter can have made is left out.
    pub fn add(&mut self, mechanism: &dyn Mechanism, report: Report) {
        let mut tally = Tally::new(mechanism);
        if tally.add(mechanism, report).is_ok()
            && let Some(says) = mechanism.mean(&tally)
        {
            self.sum += says;
            self.reports += 1;
        }
    }

    /// The mean of what reports said, as a share of the range. Nothing without reports.
    pub fn mean(&self) -> Option<f64> {
        (self.reports > 0).then(|| self.sum / self.reports as f64)
    }

    /// How many reports.
    pub fn reports(&self) -> u64 {
        self.reports
    }
}

/// How far the average of so many fresh reports of one reading is off, root mean square, where one varies so much.
pub fn averaging_error(variance: f64, reports: u64) -> f64 {
    libm::sqrt(variance / reports as f64)
}

/// Finds changes: a report that differs from the one before says that the level is another. True of remembered answers
/// that are said as they are; a guess where noise is added each time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    last: Option<Report>,
}

impl Changes {
    /// No report yet.
    pub fn new() -> Changes {
        Changes::default()
    }

    /// Does a report say that the level changed? Nothing of the first.
    pub fn differs(&mut self, report: Report) -> Option<bool> {
        self.last.replace(report).map(|last| last != report)
    }
}

/// How well something is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Found, and true.
    pub hits: u64,
    /// Found, and not true.
    pub false_alarms: u64,
    /// True, and not found.
    pub missed: u64,
    /// Neither.
    pub quiet: u64,
}

impl Score {
    /// Counts what was found beside what was true.
    pub fn add(&mut self, found: bool, truth: bool) {
        let counter = match (found, truth) {
            (true, true) => &mut self.hits,
            (true, false) => &mut self.false_alarms,
            (false, true) => &mut self.missed,
            (false, false) => &mut self.quiet,
        };
        *counter += 1;
    }

    /// The share of what was found that is true. Nothing if nothing was found.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.hits, self.false_alarms)
    }

    /// The share of what is true that was found. Nothing if nothing is true.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.hits, self.missed)
    }
}

fn ratio(part: u64, rest: u64) -> Option<f64> {
    (part + rest > 0).then(|| part as f64 / (part + rest) as f64)
}

/// How well changes show, as a closed form: how often two reports in a row differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Showing {
    /// Where the level changed: the recall.
    pub changed: f64,
    /// Where it did not.
    pub same: f64,
}

impl Showing {
    /// Of remembered bits that are 1 with those chances at two levels, each flipped with a chance when it is said.
    pub fn of_bits(one: f64, other: f64, flip: f64) -> Showing {
        let apart = one * (1.0 - other) + other * (1.0 - one);
        // Two flips: one of them happens and the other not.
        let same = 2.0 * flip * (1.0 - flip);
        Showing {
            changed: apart * (1.0 - same) + (1.0 - apart) * same,
            same,
        }
    }

    /// Of fresh bits that are 1 with those chances at two levels, which are as frequent.
    pub fn of_fresh_bits(one: f64, other: f64) -> Showing {
        Showing {
            changed: one * (1.0 - other) + other * (1.0 - one),
            same: one * (1.0 - one) + other * (1.0 - other),
        }
    }

    /// Of levels that are remembered and reported in two rounds, L-GRR.
    pub fn of_levels(rounds: &Memoised) -> Showing {
        let others = f64::from(rounds.levels().count() - 1);
        let (own, other) = rounds.support();
        let second = rounds.second();
        Showing {
            changed: 1.0 - 2.0 * own * other - (others - 1.0) * other * other,
            same: 1.0 - second.0 * second.0 - others * second.1 * second.1,
        }
    }

    /// The share of what is found that is true, where the level changes in that share of slots.
    pub fn precision(&self, changes: f64) -> f64 {
        let (hits, false_alarms) = (changes * self.changed, (1.0 - changes) * self.same);
        hits / (hits + false_alarms)
    }
}

#[cfg(test)]
mod tests;
