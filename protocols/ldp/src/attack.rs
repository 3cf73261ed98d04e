//! False reports: attacks on frequencies and on the mean, their gains as closed forms, and normalisation as a defence.
//!
//! Of `n + m` reports `m` are false, `beta = m / (n + m)` of all. On frequencies (Cao, Jia and Gong, USENIX Security 2021) the attacker
//! wants the levels of a target set `T` to seem frequent. With `p` and `q` the chances that an honest report supports the meter's
//! own level and any other, and `s` the expected number of targets that a false report supports, the share of `T` is estimated
//! too high by `beta (s - |T| q) / (p - q) - beta f_T`, where `f_T` is its true share. Nothing about a single report is wrong.

use rand_core::Rng;

use crate::draw::below;
use crate::mechanism::{Mechanism, Report, Support};
use crate::reading::{Levels, Reading, Rounding};

/// What false meters report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// RPA: any report.
    RandomReport,
    /// RIA: of a level of the target set, as an honest meter there would.
    RandomItem,
    /// MGA: the report that supports the most targets.
    MaximalGain,
}

/// How many reports MGA looks at, where it cannot make one.
const TRIES: u32 = 4000;

impl Attack {
    /// All of them.
    pub const ALL: [Attack; 3] = [Attack::RandomReport, Attack::RandomItem, Attack::MaximalGain];

    /// The name in the literature.
    pub fn name(self) -> &'static str {
        match self {
            Attack::RandomReport => "RPA",
            Attack::RandomItem => "RIA",
            Attack::MaximalGain => "MGA",
        }
    }

    /// A false report. `best` is what [`strongest`] found.
    pub fn forge(self, mechanism: &dyn Mechanism, targets: &[u32], best: Report, rng: &mut dyn Rng) -> Report {
        match self {
            Attack::RandomReport => mechanism.any(rng),
            Attack::RandomItem => {
                let target = targets
                    .get(below(rng, targets.len() as u64) as usize)
                    .copied()
                    .unwrap_or(0);
                mechanism.report(reading_at(mechanism, target), rng)
            }
            Attack::MaximalGain => best,
        }
    }

    /// How many targets a false report supports, on average; nothing of a mechanism without levels.
    pub fn expected_support(self, mechanism: &dyn Mechanism, targets: &[u32], best: Report) -> Option<f64> {
        let Support { own, other, any } = mechanism.support()?;
        let r = targets.len() as f64;
        Some(match self {
            Attack::RandomReport => r * any,
            Attack::RandomItem => own + (r - 1.0) * other,
            Attack::MaximalGain => f64::from(supported(mechanism, best, targets)),
        })
    }
}

/// The reading that is a level exactly.
pub fn reading_at(mechanism: &dyn Mechanism, level: u32) -> Reading {
    let levels = Levels::new(
        u32::try_from(mechanism.counters()).unwrap_or(u32::MAX),
        Rounding::Stochastic,
    );
    Reading::from_share(levels.share(level))
}

/// How many targets a report supports.
fn supported(mechanism: &dyn Mechanism, report: Report, targets: &[u32]) -> u32 {
    let mut counters = vec![0; mechanism.counters()];
    if mechanism.count(report, &mut counters).is_err() {
        return 0;
    }
    let has = |target: &&u32| counters.get(**target as usize).is_some_and(|count| *count > 0);
    targets.iter().filter(has).count() as u32
}

/// The report that supports the most targets and, of those, nothing else if that can be: a level, the targets' own bits, or the
/// best of many that are drawn.
pub fn strongest(mechanism: &dyn Mechanism, targets: &[u32], rng: &mut dyn Rng) -> Report {
    let bits = targets
        .iter()
        .filter(|target| **target < 64)
        .fold(0u64, |bits, target| bits | 1 << target);
    let level = targets.first().map_or(0, |target| u64::from(*target));
    let drawn: Vec<Report> = (0..TRIES).map(|_| mechanism.any(rng)).collect();
    let all = [bits, level].into_iter().chain(drawn);
    // The first of the best.
    let best = all
        .map(|report| (supported(mechanism, report, targets), report))
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map_or(0, |(_, report)| report)
}

/// By how much the share of the targets is estimated too high.
pub fn gain(beta: f64, support: f64, targets: f64, true_share: f64, honest: Support) -> f64 {
    let Support { own, other, .. } = honest;
    beta * (support - targets * other) / (own - other) - beta * true_share
}

/// By how much a mean is moved by false reports that each say `claimed`, of a true mean.
pub fn shift(beta: f64, claimed: f64, mean: f64) -> f64 {
    beta * (claimed - mean)
}

/// Frequencies as shares: negative ones are nothing, and the rest sums up to one. A defence that costs unbiasedness.
pub fn normalised(frequencies: &[f64]) -> Vec<f64> {
    let positive = || frequencies.iter().map(|f| f.max(0.0));
    let sum: f64 = positive().sum();
    if sum > 0.0 {
        positive().map(|f| f / sum).collect()
    } else {
        vec![1.0 / frequencies.len() as f64; frequencies.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Epsilon, Kind};
    use chacha20::ChaCha12Rng;
    use rand_core::SeedableRng;

    /// The published forms, in `E`, `d` and `r`.
    #[test]
    fn gains_are_the_published_ones() {
        let mut rng = ChaCha12Rng::from_seed([5; 32]);
        let (beta, true_share, d, targets) = (0.05, 0.2, 20u32, [3u32, 7, 11]);
        let r = 3.0;
        for epsilon in [0.5, 1.0, 2.0] {
            let e = libm::exp(epsilon);
            let of = |kind: Kind, attack: Attack, rng: &mut ChaCha12Rng| {
                let epsilon = Epsilon::new(epsilon).expect("a budget");
                let mechanism = kind.build(epsilon, d, Rounding::Stochastic).expect("a mechanism");
                let best = strongest(&*mechanism, &targets, rng);
                let support = attack.expected_support(&*mechanism, &targets, best).expect("levels");
                gain(beta, support, r, true_share, mechanism.support().expect("levels"))
            };
            for (kind, attack, published) in [
                (Kind::Grr, Attack::RandomReport, beta * (r / f64::from(d) - true_share)),
                (Kind::Grr, Attack::RandomItem, beta * (1.0 - true_share)),
                (
                    Kind::Grr,
                    Attack::MaximalGain,
                    beta * (1.0 - true_share) + beta * (f64::from(d) - r) / (e - 1.0),
                ),
                (Kind::Oue, Attack::RandomReport, beta * (r - true_share)),
                (Kind::Oue, Attack::RandomItem, beta * (1.0 - true_share)),
                (
                    Kind::Oue,
                    Attack::MaximalGain,
                    beta * (2.0 * r - true_share) + 2.0 * beta * r / (e - 1.0),
                ),
                (Kind::Olh, Attack::RandomReport, -beta * true_share),
                (Kind::Olh, Attack::RandomItem, beta * (1.0 - true_share)),
            ] {
                let found = of(kind, attack, &mut rng);
                assert!(
                    (found - published).abs() < 1e-9,
                    "{kind:?} {attack:?} {epsilon}: {found}, not {published}"
                );
            }
            // As OUE's, but for the whole number of hashes.
            let olh = of(Kind::Olh, Attack::MaximalGain, &mut rng);
            let published = beta * (2.0 * r - true_share) + 2.0 * beta * r / (e - 1.0);
            assert!((olh / published - 1.0).abs() < 0.2, "{olh}, not about {published}");
        }
    }

    #[test]
    fn normalised_frequencies_are_shares() {
        assert_eq!(normalised(&[0.5, -0.2, 1.5]), [0.25, 0.0, 0.75]);
        assert_eq!(normalised(&[-1.0, 0.0]), [0.5, 0.5]);
    }
}
