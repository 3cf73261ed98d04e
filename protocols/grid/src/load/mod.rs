//! What meters measure: homes, feed-in of roofs, charging stations. All of it is a function of the run's seed, the meter and the
//! slot (and, at a station, of the price): the truth behind the reports.
//!
//! | module | |
//! |---|---|
//! | [`home`] | homes, with people who come and go: generated |
//! | [`profile`] | homes after a load-profile CSV |
//! | [`solar`] | roofs: generated |
//! | [`sessions`], [`station`] | charging sessions, generated or of a CSV, and how a station serves them |
//! | [`source`] | what one meter measures, whatever it is |
//! | [`table`] | CSV with errors that name the place |
//!
//! Generated profiles are ours: shapes that look like a weekday of households, not measurements.

pub mod home;
pub mod profile;
pub mod sessions;
pub mod solar;
pub mod source;
pub mod station;
pub mod table;

use core::time::Duration;

use rand_core::Rng;

/// Slots and the time of day that they stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The time of the load that passes in one slot.
    step: Duration,
}

impl Calendar {
    /// Of slots that each stand for so much time, a second at least.
    pub fn new(step: Duration) -> Calendar {
        Calendar {
            step: step.max(Duration::from_secs(1)),
        }
    }

    /// Seconds from midnight of the first day to the beginning of a slot.
    pub fn seconds(self, slot: u64) -> u64 {
        slot.saturating_mul(self.step.as_secs())
    }

    /// The hour of the day at which a slot begins, with its fraction.
    pub fn hour(self, slot: u64) -> f64 {
        (self.seconds(slot) % 86_400) as f64 / 3600.0
    }

    /// Which day a slot begins on, from 0.
    pub fn day(self, slot: u64) -> u64 {
        self.seconds(slot) / 86_400
    }

    /// Which slot of a day this is, and how many a day has, one at least.
    pub fn of_day(self, slot: u64) -> (u64, u64) {
        let slots = (86_400 / self.step.as_secs()).max(1);
        (slot % slots, slots)
    }

    /// Hours in a slot.
    pub fn hours(self) -> f64 {
        self.step.as_secs_f64() / 3600.0
    }

    /// Seconds in a slot.
    pub fn step(self) -> u64 {
        self.step.as_secs()
    }
}

/// A number from 0 to 1 that depends on these alone: noise for the load, not for anything that is secret. SplitMix64 (Steele,
/// Lea and Flood 2014).
pub fn noise(seed: u64, what: u64, slot: u64) -> f64 {
    let mut z = seed ^ what.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ slot.wrapping_mul(0xd1b5_4a32_d192_ed03);
    for multiplier in [0xbf58_476d_1ce4_e5b9u64, 0x94d0_49bb_1331_11eb] {
        z = (z ^ (z >> 31))
            .wrapping_add(0x9e37_79b9_7f4a_7c15)
            .wrapping_mul(multiplier);
    }
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// A number from 0 to 1, without it.
pub(crate) fn unit(rng: &mut dyn Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A hump of height 1 around an hour, of that width in hours.
pub(crate) fn hump(hour: f64, around: f64, width: f64) -> f64 {
    let away = (hour - around) / width;
    libm::exp(-away * away / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_times_of_day() {
        let calendar = Calendar::new(Duration::from_secs(900));
        assert_eq!((calendar.hour(4), calendar.day(95), calendar.day(96)), (1.0, 0, 1));
        assert_eq!((calendar.of_day(97), calendar.hours()), ((1, 96), 0.25));
        let long = Calendar::new(Duration::from_secs(200_000));
        assert_eq!((long.of_day(5), long.day(1)), ((0, 1), 2));
        assert_eq!(Calendar::new(Duration::ZERO).step(), 1);
    }

    #[test]
    fn noise_is_even_and_depends_on_everything() {
        let draws: Vec<f64> = (0..20_000).map(|slot| noise(7, 3, slot)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let square = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / draws.len() as f64;
        assert!((square * 12.0 - 1.0).abs() < 0.05, "{square}");
        let lag = draws
            .windows(2)
            .map(|pair| (pair[0] - mean) * (pair[1] - mean))
            .sum::<f64>()
            / square;
        assert!((lag / draws.len() as f64).abs() < 0.03, "{lag}");
        assert!(noise(7, 3, 1) != noise(8, 3, 1) && noise(7, 3, 1) != noise(7, 4, 1));
    }
}
