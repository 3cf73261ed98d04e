//! The meter at the head of a region's feeder: it sees what the region draws altogether, and nobody's share of it.
//!
//! An aggregator reads it for each slot. It is emulated by the same load as the meters behind it, so it is exact but for stations
//! that did not hear the price of a slot. Against false reports it is worth what estimates are: see `docs/ldp.md`.

use std::sync::Arc;

use crate::load::source::Source;
use crate::params::Config;
use crate::roster::Quantity;

/// The feeder of a region.
#[derive(Clone, Debug)]
pub struct Feeder {
    config: Arc<Config>,
    sources: Vec<(Quantity, Source)>,
    next: u64,
    last: i64,
}

impl Feeder {
    /// Of a region with that load behind it.
    pub fn new(config: Arc<Config>, sources: Vec<(Quantity, Source)>) -> Feeder {
        Feeder {
            config,
            sources,
            next: 0,
            last: 0,
        }
    }

    /// The net load of a slot, watts: what is drawn less what is fed in. Slots are asked for in order; those between are made up
    /// for at this price, a day of them at most.
    pub fn read(&mut self, slot: u64, price: u32) -> i64 {
        let (_, day) = self.config.calendar.of_day(slot);
        for slot in self.next.max(slot.saturating_sub(day))..=slot {
            let mut net = 0.0;
            for (quantity, source) in &mut self.sources {
                let range = self.config.ranges[quantity.index()];
                let measured = source.pass(self.config.calendar, slot, self.config.response, price, range);
                net += if quantity.is_supply() {
                    -measured.watts
                } else {
                    measured.watts
                };
            }
            self.next = slot + 1;
            // Some megawatts at most.
            self.last = libm::round(net) as i64;
        }
        self.last
    }
}
