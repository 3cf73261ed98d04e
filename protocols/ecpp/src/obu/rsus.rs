//! RSUs that an OBU has heard of.

use core::time::Duration;

use roadveil_role::{Cx, Fix, LinkAddr, Reason, Time};

use super::Obu;
use crate::beacon;
use crate::messages::Beacon;
use crate::params::Config;
use crate::system::Location;

/// How many RSUs an OBU remembers; the one heard longest ago goes first.
const CAPACITY: usize = 32;

/// For how many of its beacon periods an RSU counts as present.
const PRESENT: u32 = 3;

/// An RSU whose beacon was believed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Known {
    pub(super) location: Location,
    pub(super) addr: LinkAddr,
    /// The beacon's own time: a later beacon must be newer.
    pub(super) time: u64,
    pub(super) heard: Time,
    pub(super) rests_until: Time,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Rsus {
    known: Vec<Known>,
    /// The one asked last.
    last: Option<Location>,
}

impl Rsus {
    pub(super) fn get(&self, location: Location) -> Option<&Known> {
        self.known.iter().find(|rsu| rsu.location == location)
    }

    fn remember(&mut self, beacon: &Beacon, now: Time) {
        let Beacon {
            location, addr, time, ..
        } = *beacon;
        if let Some(rsu) = self.known.iter_mut().find(|rsu| rsu.location == location) {
            *rsu = Known {
                addr,
                time,
                heard: now,
                ..*rsu
            };
            return;
        }
        if self.known.len() >= CAPACITY {
            let oldest = self.known.iter().enumerate().min_by_key(|(_, rsu)| rsu.heard);
            if let Some((oldest, _)) = oldest {
                self.known.swap_remove(oldest);
            }
        }
        self.known.push(Known {
            location,
            addr,
            time,
            heard: now,
            rests_until: Time::ZERO,
        });
    }

    /// Believes none any more.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Leaves an RSU in peace for a while.
    pub(super) fn rest(&mut self, location: Location, until: Time) {
        if let Some(rsu) = self.known.iter_mut().find(|rsu| rsu.location == location) {
            rsu.rests_until = until;
        }
    }

    /// The RSU to ask now: the nearest that is present, or the one asked last unless another is nearer by more than
    /// the hysteresis.
    pub(super) fn choose(&self, now: Time, fix: &Fix, config: &Config) -> Option<Known> {
        let present = |rsu: &&Known| {
            now.since(rsu.heard) <= config.rsu_beacon_period * PRESENT
                && rsu.rests_until <= now
                && rsu.location.distance(fix) <= config.rsu_range
        };
        let nearest = self.known.iter().filter(present).min_by(|a, b| {
            a.location
                .distance(fix)
                .total_cmp(&b.location.distance(fix))
                .then(a.location.cmp(&b.location))
        })?;
        let last = self.last.and_then(|last| self.get(last)).filter(present);
        let stay = last
            .filter(|last| last.location.distance(fix) <= nearest.location.distance(fix) + config.handover_hysteresis);
        Some(*stay.unwrap_or(nearest))
    }

    /// Remembers who is asked; was it another before?
    pub(super) fn ask(&mut self, location: Location) -> bool {
        let before = self.last.replace(location);
        before.is_some_and(|before| before != location)
    }
}

impl Obu {
    /// A beacon is believed if its time is fresh and newer than the last one's, its place is plausible for a receiver
    /// who is where the GNSS says, and its signature is that place's.
    pub(super) fn rsu_beacon(&mut self, cx: &mut Cx<'_>, beacon: Beacon) -> Result<(), Reason> {
        let now = cx.now();
        if beacon.epoch != self.epochs.current().epoch() {
            return Err(Reason::WrongEpoch);
        }
        if now.distance(Time::from_millis(beacon.time)) > self.config.freshness {
            return Err(Reason::Stale);
        }
        if self
            .rsus
            .get(beacon.location)
            .is_some_and(|known| beacon.time <= known.time)
        {
            return Err(Reason::Duplicate);
        }
        if beacon.location.distance(&cx.position()) > self.config.rsu_range {
            return Err(Reason::WrongLocation);
        }
        if !self.beacons.take(now) {
            return Err(Reason::RateLimited);
        }
        if !cx.check(&beacon::check(self.epochs.current(), beacon)).is_valid() {
            return Err(Reason::BadSignature);
        }
        self.rsus.remember(&beacon, now);
        self.heard_rsu(cx);
        Ok(())
    }

    /// Puts off an RSU that did not answer.
    pub(super) fn give_up(&mut self, now: Time, location: Location) {
        let rest: Duration = self.config.retry_rest;
        self.rsus.rest(location, now + rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::PARAMS;
    use roadveil_crypto::ByteArray;
    use roadveil_role::Params;

    fn beacon(x: i32, time: u64) -> Beacon {
        let signature = crate::blmq::Blmq {
            c: ByteArray([0; 32]),
            z: ByteArray([0; 48]),
        };
        let location = Location { x_cm: x * 100, y_cm: 0 };
        Beacon {
            epoch: 1,
            location,
            addr: LinkAddr::local([1; 6]),
            time,
            signature,
        }
    }

    #[test]
    fn the_nearest_is_asked_with_hysteresis_and_not_while_it_rests() {
        let config = Config::new(&Params::defaults(PARAMS)).expect("defaults agree");
        let mut rsus = Rsus::default();
        let at = |x| Fix { x, ..Fix::default() };
        let choose = |rsus: &Rsus, now, x| rsus.choose(now, &at(x), &config).map(|rsu| rsu.location.x_cm / 100);
        assert_eq!(choose(&rsus, Time::ZERO, 0.0), None);
        rsus.remember(&beacon(0, 1), Time::ZERO);
        rsus.remember(&beacon(200, 1), Time::ZERO);
        assert_eq!(choose(&rsus, Time::ZERO, 90.0), Some(0));
        assert!(!rsus.ask(Location { x_cm: 0, y_cm: 0 }));
        assert_eq!(choose(&rsus, Time::ZERO, 110.0), Some(0), "nearer by 20 m only");
        assert_eq!(choose(&rsus, Time::ZERO, 120.0), Some(200));
        assert!(rsus.ask(Location { x_cm: 20_000, y_cm: 0 }), "a handover");
        rsus.rest(Location { x_cm: 20_000, y_cm: 0 }, Time::from_secs(2));
        assert_eq!(choose(&rsus, Time::from_secs(1), 190.0), Some(0));
        assert_eq!(choose(&rsus, Time::from_secs(2), 190.0), Some(200));
        assert_eq!(choose(&rsus, Time::from_secs(4), 190.0), None, "not heard of for long");
        rsus.remember(&beacon(0, 2), Time::from_secs(4));
        assert_eq!(choose(&rsus, Time::from_secs(4), 1001.0), None, "too far");
    }

    #[test]
    fn the_one_heard_longest_ago_is_forgotten() {
        let mut rsus = Rsus::default();
        for n in 0..40 {
            rsus.remember(&beacon(n, 1), Time(n as u64));
        }
        assert_eq!(rsus.known.len(), CAPACITY);
        assert!(rsus.get(beacon(7, 1).location).is_none() && rsus.get(beacon(8, 1).location).is_some());
    }
}
