//! A charging station: it serves one car after the other, and draws less where the price is high.

use std::sync::Arc;

use super::Calendar;
use super::sessions::Session;

/// How a station answers a price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Response {
    /// The price at which it draws all that it can, thousandths of a currency unit per kWh.
    pub base: u32,
    /// By which share it draws less for each share that the price is above that.
    pub elasticity: f64,
}

/// However dear it is: a driver who came to charge does charge.
const LEAST: f64 = 0.25;

impl Response {
    /// The share of its power that a station draws at a price.
    pub fn share(self, price: u32) -> f64 {
        let above = (f64::from(price) - f64::from(self.base)) / f64::from(self.base.max(1));
        (1.0 - self.elasticity * above).clamp(LEAST, 1.0)
    }
}

/// What ended when a car left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    /// What it wanted, watt-hours.
    pub wanted: f64,
    /// What it got.
    pub got: f64,
}

/// The state of a station.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    sessions: Arc<[Session]>,
    next: usize,
    power: f64,
    /// What the car that is there got so far, watt-hours.
    got: f64,
}

impl Station {
    /// One with those sessions, in order, and that power in watts.
    pub fn new(sessions: Arc<[Session]>, power: f64) -> Station {
        Station {
            sessions,
            next: 0,
            power,
            got: 0.0,
        }
    }

    /// Lets a slot pass: the mean power of it, and who left before it. Each slot is asked for once, in order.
    pub fn pass(&mut self, calendar: Calendar, slot: u64, response: f64) -> (f64, Vec<Served>) {
        let (from, length) = (calendar.seconds(slot), calendar.step());
        let mut left = Vec::new();
        while let Some(session) = self.sessions.get(self.next)
            && session.leaves <= from
        {
            left.push(Served {
                wanted: session.energy,
                got: self.got,
            });
            self.got = 0.0;
            self.next += 1;
        }
        let Some(session) = self
            .sessions
            .get(self.next)
            .filter(|session| session.arrives < from + length)
        else {
            return (0.0, left);
        };
        let there = session.leaves.min(from + length) - session.arrives.max(from);
        let most = self.power * response * there as f64 / 3600.0;
        let energy = most.min(session.energy - self.got).max(0.0);
        self.got += energy;
        (energy / calendar.hours(), left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn station() -> Station {
        let session = |arrives, leaves, energy| Session {
            arrives,
            leaves,
            energy,
        };
        Station::new(
            Arc::from([session(450, 4500, 4000.0), session(6000, 7000, 50_000.0)]),
            8000.0,
        )
    }

    #[test]
    fn a_car_gets_what_it_wants_or_what_time_allows() {
        let calendar = Calendar::new(Duration::from_secs(900));
        let mut station = station();
        let passed: Vec<(f64, Vec<Served>)> = (0..9).map(|slot| station.pass(calendar, slot, 1.0)).collect();
        // Half of the first slot, then two kilowatt-hours in a slot, then nothing more to get.
        assert_eq!(passed[0].0, 4000.0);
        assert_eq!(passed[1].0, 8000.0);
        assert!((passed[2].0 - 4000.0).abs() < 1e-9 && passed[3].0 == 0.0);
        assert_eq!(
            passed[5].1,
            [Served {
                wanted: 4000.0,
                got: 4000.0
            }]
        );
        assert_eq!(passed[8].1.len(), 1);
        let got = passed[8].1[0].got;
        assert!((got - 8000.0 * 1000.0 / 3600.0).abs() < 1e-6, "{got}");
    }

    #[test]
    fn a_high_price_slows_charging_and_does_not_stop_it() {
        let response = Response {
            base: 300,
            elasticity: 1.0,
        };
        assert_eq!(
            (response.share(300), response.share(100), response.share(450)),
            (1.0, 1.0, 0.5)
        );
        assert_eq!(response.share(100_000), 0.25);
        let calendar = Calendar::new(Duration::from_secs(900));
        let mut dear = station();
        assert_eq!(dear.pass(calendar, 1, 0.5).0, 4000.0);
    }
}
