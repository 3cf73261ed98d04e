//! How much one report's part in a mean varies, given the level of its meter; and an estimate with an honest interval.

use crate::mechanism::Estimate;
use crate::reading::Levels;
use crate::sets;

/// The variance of one report's part in the mean, as a function of the share `s` that its level stands for:
/// `flat + linear s + square s^2`. All forms here are such.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Noise {
    pub(crate) flat: f64,
    pub(crate) linear: f64,
    pub(crate) square: f64,
}

impl Noise {
    /// Where a report supports each level by itself: its own with one chance, and others with another.
    pub(crate) fn independent(levels: Levels, own: f64, other: f64) -> Noise {
        let rise = own - other;
        Noise {
            flat: power_sum(levels, 2) * other * (1.0 - other) / (rise * rise),
            linear: 0.0,
            square: (own * (1.0 - own) - other * (1.0 - other)) / (rise * rise),
        }
    }

    /// Where it supports one level: its own with one chance, and each other with another.
    pub(crate) fn single(levels: Levels, own: f64, other: f64) -> Noise {
        let rise = own - other;
        let (sum, squares) = (power_sum(levels, 1), power_sum(levels, 2));
        Noise {
            flat: (other * squares - other * other * sum * sum) / (rise * rise),
            linear: -2.0 * other * sum / rise,
            square: 1.0 / rise - 1.0,
        }
    }

    fn at(self, share: f64) -> f64 {
        self.flat + self.linear * share + self.square * share * share
    }

    /// Of a meter whose reading is that share and is rounded to a level by chance.
    pub(crate) fn variance(self, levels: Levels, share: f64) -> f64 {
        let mixture = levels.mixture(share);
        let noise: f64 = mixture.iter().map(|(level, p)| p * self.at(levels.share(*level))).sum();
        noise + sets::rounding_variance(levels, share)
    }

    /// The mean of those frequencies of `n` meters, as an estimate of the mean of what the meters' readings are drawn
    /// from: noise, and how far readings lie apart. The second moment that it needs is estimated from the frequencies,
    /// too.
    pub(crate) fn estimate(self, levels: Levels, frequencies: &[f64], n: u64) -> Option<Estimate> {
        let mean = sets::mean(levels, frequencies)?;
        let second = |(level, f): (u32, &f64)| f * levels.share(level) * levels.share(level);
        let second: f64 = (0..).zip(frequencies).map(second).sum();
        // Of shares within 0 and 1 there is no other.
        let inside = mean.clamp(0.0, 1.0);
        let second = second.clamp(inside * inside, inside);
        let noise = self.flat + self.linear * inside + self.square * second;
        let variance = (noise + second - inside * inside) / n as f64;
        Some(Estimate { mean, variance })
    }
}

/// The sum of powers of what levels stand for.
pub(crate) fn power_sum(levels: Levels, power: i32) -> f64 {
    (0..levels.count()).map(|level| levels.share(level).powi(power)).sum()
}
