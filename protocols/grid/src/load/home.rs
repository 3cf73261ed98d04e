//! Homes: a base load, and what people do when they are there. Generated.

use rand_core::Rng;

use super::{Calendar, hump, noise};

/// A home with its people's habits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Home {
    seed: u64,
    /// What is always on, watts.
    base: f64,
    /// How much more when people are there and awake, at the most, watts.
    active: f64,
    /// When they leave and come back, hours; nobody leaves if the first is the later.
    leave: f64,
    back: f64,
}

/// A number around zero, of about a normal distribution with deviation one: the sum of twelve draws.
fn around_zero(draw: impl Fn(u64) -> f64) -> f64 {
    (0..12).map(draw).sum::<f64>() - 6.0
}

impl Home {
    /// A home as the draw gives it.
    pub fn draw(rng: &mut dyn Rng) -> Home {
        Home::of(rng.next_u64())
    }

    /// The home of a number.
    pub fn of(seed: u64) -> Home {
        let draw = |what| noise(seed, what, 0);
        let about = |mean: f64, deviation: f64, from: u64| mean + deviation * around_zero(|n| draw(from + n));
        let works = draw(1) < 0.7;
        Home {
            seed,
            base: 80.0 + 170.0 * draw(2),
            active: 500.0 + 1100.0 * draw(3),
            leave: if works { about(8.0, 0.8, 10) } else { 24.0 },
            back: if works { about(17.3, 1.3, 30) } else { 0.0 },
        }
    }

    /// Is anybody there? By day those who work are not; who does not work goes out for an hour or two.
    pub fn occupied(&self, calendar: Calendar, slot: u64) -> bool {
        let hour = calendar.hour(slot);
        if self.leave < self.back {
            return !(self.leave..self.back).contains(&hour);
        }
        // Out between nine and five, an hour at a time, one in four.
        let out = (9.0..17.0).contains(&hour) && noise(self.seed, 60 + hour as u64, calendar.day(slot)) < 0.25;
        !out
    }

    /// The load of a slot, watts.
    pub fn watts(&self, calendar: Calendar, slot: u64) -> f64 {
        let hour = calendar.hour(slot);
        let ripple = 0.8 + 0.4 * noise(self.seed, 4, slot);
        let base = self.base * ripple;
        if !self.occupied(calendar, slot) {
            return base;
        }
        // What people do by the hour, and a kettle or a washing machine now and then.
        let busy = 0.08 + 0.55 * hump(hour, 7.2, 0.9) + 0.35 * hump(hour, 12.5, 1.2) + hump(hour, 19.3, 2.1);
        let appliance = if noise(self.seed, 5, slot) < 0.12 * busy {
            900.0
        } else {
            0.0
        };
        base + self.active * busy * (0.6 + 0.8 * noise(self.seed, 6, slot)) + appliance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    #[test]
    fn a_street_has_the_shape_of_a_weekday() {
        let calendar = Calendar::new(Duration::from_secs(900));
        let street: Vec<Home> = (0..500).map(Home::of).collect();
        let mean = |hour: u64| {
            let watts = street.iter().map(|home| home.watts(calendar, 4 * hour));
            watts.sum::<f64>() / street.len() as f64
        };
        let there = |hour: u64| street.iter().filter(|home| home.occupied(calendar, 4 * hour)).count();
        assert!((150.0..350.0).contains(&mean(3)), "{}", mean(3));
        assert!(
            mean(19) > 3.0 * mean(3) && mean(19) > 1.5 * mean(10),
            "{} {}",
            mean(19),
            mean(10)
        );
        assert!(
            there(3) == 500 && there(11) < 250 && there(22) > 480,
            "{} {}",
            there(11),
            there(22)
        );
        let most = (0..96).flat_map(|slot| street.iter().map(move |home| home.watts(calendar, slot)));
        assert!(most.fold(0.0, f64::max) < 4_500.0);
    }
}
