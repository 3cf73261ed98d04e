//! What one meter measures, whatever it is.

use roadveil_ldp::Reading;

use super::Calendar;
use super::home::Home;
use super::profile::Follower;
use super::solar::Solar;
use super::station::{Response, Served, Station};

/// Where a meter's readings come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A generated home.
    Home(Home),
    /// A home that follows a profile.
    Follower(Follower),
    /// A roof.
    Solar(Solar),
    /// A charging station.
    Station(Station),
}

/// What a meter read in a slot.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Mean power over the slot, watts: within the meter's range.
    pub watts: f64,
    /// Was it outside of the range, and cut off?
    pub cut: bool,
    /// Was anybody there? Known of generated homes.
    pub occupied: Option<bool>,
    /// Who left a station.
    pub served: Vec<Served>,
}

impl Source {
    /// Lets a slot pass. Each is asked for once, in order.
    pub fn pass(&mut self, calendar: Calendar, slot: u64, response: Response, price: u32, range: f64) -> Measured {
        let mut served = Vec::new();
        let mut occupied = None;
        let watts = match self {
            Source::Home(home) => {
                occupied = Some(home.occupied(calendar, slot));
                home.watts(calendar, slot)
            }
            Source::Follower(home) => home.watts(slot),
            Source::Solar(roof) => roof.watts(calendar, slot),
            Source::Station(station) => {
                let (watts, left) = station.pass(calendar, slot, response.share(price));
                served = left;
                watts
            }
        };
        let inside = watts.clamp(0.0, range);
        Measured {
            watts: inside,
            // What is no number is outside, too.
            cut: inside != watts,
            occupied,
            served,
        }
    }
}

/// A reading as a share of a range.
pub fn reading(watts: f64, range: f64) -> Reading {
    Reading::from_share(watts / range)
}
