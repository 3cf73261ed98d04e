//! Readings as fractions of a range, in whole numbers, and levels to which they are rounded.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::draw::{Chance, below};
use crate::mechanism::Likelihood;

/// A reading as a share of the range of its meter: from 0 to [`FULL`](Reading::FULL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reading(u32);

impl Reading {
    /// All of the range.
    pub const FULL: Reading = Reading(1 << 20);

    /// Of that many steps of `2^-20`; more than [`FULL`](Reading::FULL) is all of it.
    pub fn of(steps: u32) -> Reading {
        Reading(steps.min(Reading::FULL.0))
    }

    /// The nearest to a share; below 0 and above 1 it is at the end, and what is no number is 0.
    pub fn from_share(share: f64) -> Reading {
        // A float cast saturates, and what is no number is zero.
        Reading::of((share * f64::from(Reading::FULL.0)).round() as u32)
    }

    /// The share.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(Reading::FULL.0)
    }

    /// Steps of `2^-20`.
    pub fn steps(self) -> u32 {
        self.0
    }
}

/// How a reading between two levels is rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Up with a chance of how far up it is: on average it is what it was.
    #[default]
    Stochastic,
    /// To the nearest: on average it is off by up to half a level.
    Nearest,
}

/// Levels from 0 to the full range, evenly: two at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    count: u32,
    rounding: Rounding,
}

impl Levels {
    /// That many levels; fewer than two are two.
    pub(crate) fn new(count: u32, rounding: Rounding) -> Levels {
        Levels {
            count: count.max(2),
            rounding,
        }
    }

    /// How many.
    pub fn count(self) -> u32 {
        self.count
    }

    /// The level below a reading or at it, and the chance that it is rounded up from there.
    pub fn split(self, reading: Reading) -> (u32, Chance) {
        let gaps = u64::from(self.count - 1);
        let scaled = u64::from(reading.0) * gaps;
        let full = u64::from(Reading::FULL.0);
        let (low, rest) = (scaled / full, scaled % full);
        let up = match self.rounding {
            Rounding::Stochastic => Chance::ratio(rest, full),
            Rounding::Nearest => Chance::of(if 2 * rest >= full { crate::draw::ONE } else { 0 }),
        };
        // At most as many as there are gaps.
        (low as u32, up)
    }

    /// Rounds a reading to a level.
    pub fn round<R: Rng + ?Sized>(self, reading: Reading, rng: &mut R) -> u32 {
        let (low, up) = self.split(reading);
        (low + u32::from(up.happens(rng))).min(self.count - 1)
    }

    /// A threshold for [`round_by`](Levels::round_by), of one meter and drawn once.
    pub fn threshold<R: Rng + ?Sized>(rng: &mut R) -> u32 {
        // Below `2^20`.
        below(rng, u64::from(Reading::FULL.0)) as u32
    }

    /// Rounds a reading to a level by a threshold: up if it is within so much of the next. Over thresholds it is on average what
    /// it was, as if by chance; of one meter a reading that moves a little stays where it was (alpha-point rounding: Ding,
    /// Kulkarni and Yekhanin 2017). The threshold takes the place of the rounding that these levels have.
    pub fn round_by(self, reading: Reading, threshold: u32) -> u32 {
        let scaled = u64::from(reading.0) * u64::from(self.count - 1);
        let full = u64::from(Reading::FULL.0);
        let (low, rest) = (scaled / full, scaled % full);
        // At most as many as there are levels.
        (low + u64::from(rest + u64::from(threshold) >= full)).min(u64::from(self.count - 1)) as u32
    }

    /// The reading that is nearest to a level.
    pub fn reading(self, level: u32) -> Reading {
        Reading::from_share(self.share(level))
    }

    /// How likely something is, given how likely it is at each level.
    pub(crate) fn likelihood(self, reading: Reading, at: impl Fn(u32) -> Vec<u128>) -> Likelihood {
        let (low, up) = self.split(reading);
        let of = |rounded: Chance, level: u32| {
            let level = level.min(self.count - 1);
            core::iter::once(rounded.weight()).chain(at(level)).collect()
        };
        vec![of(up.complement(), low), of(up, low + 1)]
    }

    /// The share that a level stands for.
    pub fn share(self, level: u32) -> f64 {
        f64::from(level) / f64::from(self.count - 1)
    }

    /// The levels to which a share may be rounded, with how likely each is.
    pub(crate) fn mixture(self, share: f64) -> [(u32, f64); 2] {
        let (low, up) = self.split(Reading::from_share(share));
        [(low, up.complement().get()), ((low + 1).min(self.count - 1), up.get())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::ONE;

    #[test]
    fn shares_are_whole_steps_and_stay_in_the_range() {
        assert_eq!(Reading::from_share(0.5).steps(), 1 << 19);
        assert_eq!(
            (Reading::from_share(-3.0).steps(), Reading::from_share(f64::NAN).steps()),
            (0, 0)
        );
        assert_eq!(
            (Reading::from_share(7.0), Reading::from_share(f64::INFINITY)),
            (Reading::FULL, Reading::FULL)
        );
    }

    #[test]
    fn levels_lie_around_a_reading() {
        let levels = Levels::new(5, Rounding::Stochastic);
        let at = |share| levels.split(Reading::from_share(share));
        assert_eq!(at(0.0), (0, Chance::of(0)));
        assert_eq!(at(0.25), (1, Chance::of(0)));
        assert_eq!(at(0.375), (1, Chance::of(ONE / 2)));
        assert_eq!(at(1.0), (4, Chance::of(0)));
        let nearest = Levels::new(5, Rounding::Nearest);
        let at = |share| nearest.split(Reading::from_share(share));
        assert_eq!((at(0.374), at(0.375)), ((1, Chance::of(0)), (1, Chance::of(ONE))));
        assert_eq!(Levels::new(0, Rounding::Nearest).count(), 2);
    }
}
