//! Roofs: what they feed in. Generated.

use rand_core::Rng;

use super::{Calendar, noise};

/// A roof.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Solar {
    seed: u64,
    /// At the best moment of a clear day, watts.
    peak: f64,
}

impl Solar {
    /// A roof as the draw gives it.
    pub fn draw(rng: &mut dyn Rng) -> Solar {
        let seed = rng.next_u64();
        Solar {
            seed,
            peak: 1500.0 + 2000.0 * noise(seed, 1, 0),
        }
    }

    /// What is fed in during a slot, watts. Clouds are the same for all roofs within the hour, each has a little of its own.
    pub fn watts(&self, calendar: Calendar, slot: u64) -> f64 {
        let hour = calendar.hour(slot);
        // From six to eight in the evening.
        let sun = libm::sin(core::f64::consts::PI * ((hour - 6.0) / 14.0).clamp(0.0, 1.0));
        let cloud = 0.55 + 0.45 * noise(0, 2 + hour as u64, calendar.day(slot));
        self.peak * sun * cloud * (0.9 + 0.1 * noise(self.seed, 3, slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha12Rng;
    use core::time::Duration;
    use rand_core::SeedableRng;

    #[test]
    fn the_sun_shines_by_day() {
        let calendar = Calendar::new(Duration::from_secs(3600));
        let roof = Solar::draw(&mut ChaCha12Rng::from_seed([1; 32]));
        assert!(roof.watts(calendar, 2) == 0.0 && roof.watts(calendar, 23) < 1e-9);
        assert!(roof.watts(calendar, 13) > 700.0 && roof.watts(calendar, 13) <= 3500.0);
    }
}
