//! What mechanisms have in common whose reports support some levels and not others.

use rand_core::Rng;

use crate::draw::below;
use crate::mechanism::{Impossible, Report, Tally};
use crate::reading::{Levels, Rounding};

/// As many levels as a word has bits.
pub(crate) const MOST: u32 = u64::BITS;

/// The levels, or as many of them as fit into a word.
pub(crate) fn bounded(levels: Levels) -> Levels {
    if levels.count() > MOST {
        Levels::new(MOST, Rounding::Stochastic)
    } else {
        levels
    }
}

/// Counts the levels of a set of bits.
pub(crate) fn count(report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
    if report.checked_shr(counters.len() as u32).unwrap_or(0) != 0 {
        return Err(Impossible);
    }
    for (bit, counter) in counters.iter_mut().enumerate() {
        *counter += report >> bit & 1;
    }
    Ok(())
}

/// Shares of the levels: each is supported with the chance `own` by who is there, and `other` by who is not.
pub(crate) fn frequencies(tally: &Tally, own: f64, other: f64) -> Option<Vec<f64>> {
    let f = |count: &u64| (*count as f64 / tally.n as f64 - other) / (own - other);
    (tally.n > 0).then(|| tally.counters.iter().map(f).collect())
}

/// The variance of the share of a level, of one report, where its true share is `f`.
pub(crate) fn frequency_variance(f: f64, own: f64, other: f64) -> f64 {
    let supported = f * own + (1.0 - f) * other;
    supported * (1.0 - supported) / ((own - other) * (own - other))
}

/// The mean of frequencies.
pub(crate) fn mean(levels: Levels, frequencies: &[f64]) -> Option<f64> {
    let shares = (0..levels.count()).map(|level| levels.share(level));
    Some(frequencies.iter().zip(shares).map(|(f, share)| f * share).sum())
}

/// A set of so many of them, each such set alike.
pub(crate) fn choose(among: impl ExactSizeIterator<Item = u32>, size: u32, rng: &mut dyn Rng) -> u64 {
    let (mut set, mut missing, mut others) = (0, u64::from(size), among.len() as u64);
    for one in among {
        // With the chance that it is one of those that are missing.
        if below(rng, others) < missing {
            set |= 1 << one;
            missing -= 1;
        }
        others -= 1;
    }
    set
}

/// The variance of rounding to a level by chance.
pub(crate) fn rounding_variance(levels: Levels, share: f64) -> f64 {
    let moment = |power: i32| -> f64 {
        let mixture = levels.mixture(share);
        mixture
            .iter()
            .map(|(level, p)| p * levels.share(*level).powi(power))
            .sum()
    };
    moment(2) - moment(1) * moment(1)
}
