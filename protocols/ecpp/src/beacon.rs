//! The RSU's beacon: its place, address and time, signed under `B_j`.
//!
//! Reconstruction. In the paper an OBU takes `L_j` from its own position; a beacon that is signed under the key of exactly
//! that place tells an OBU which RSUs there are and at which address, and is compared to the OBU's own position.

use std::sync::Arc;

use roadveil_crypto::{Charge, Check, CheckDigest, Host, Question, SecretBytes, Transcript};
use roadveil_role::LinkAddr;

use crate::blmq::{self, Blmq};
use crate::keys::RsuKey;
use crate::messages::Beacon;
use crate::system::{Location, Master, System, domain};

fn bind(epoch: u32, location: Location, addr: LinkAddr, time: u64) -> impl Fn(&mut Transcript) {
    move |transcript| {
        transcript
            .append_u64("epoch", u64::from(epoch))
            .append("location", &location.to_bytes());
        transcript.append("address", &addr.0).append_u64("time", time);
    }
}

/// A beacon, signed with a draw of its own.
pub fn sign(system: &System, key: &RsuKey, addr: LinkAddr, time: u64, draw: &SecretBytes<32>) -> Beacon {
    let (epoch, location) = (system.epoch(), key.location());
    let signature: Blmq = blmq::sign(system, domain::BEACON, key.b(), bind(epoch, location, addr, time), draw);
    Beacon {
        epoch,
        location,
        addr,
        time,
        signature,
    }
}

/// The check of its signature.
pub fn check(system: &Arc<System>, beacon: Beacon) -> Check {
    Check::new(BeaconCheck {
        system: system.clone(),
        beacon,
    })
}

#[derive(Debug)]
struct BeaconCheck {
    system: Arc<System>,
    beacon: Beacon,
}

impl Question for BeaconCheck {
    fn scheme(&self) -> &'static str {
        domain::BEACON
    }

    fn inputs(&self, digest: &mut CheckDigest) {
        let Beacon {
            epoch,
            location,
            addr,
            time,
            signature,
        } = &self.beacon;
        digest
            .append("parameters", self.system.digest().as_ref())
            .append_u64("epoch", u64::from(*epoch));
        digest
            .append("location", &location.to_bytes())
            .append("address", &addr.0)
            .append_u64("time", *time);
        digest
            .append("c", signature.c.as_ref())
            .append("Z", signature.z.as_ref());
    }

    fn charge(&self) -> Charge {
        blmq::VERIFY
    }

    fn answer(&self, _: &Host) -> bool {
        let Beacon {
            epoch,
            location,
            addr,
            time,
            signature,
        } = &self.beacon;
        let y = location.scalar(&self.system);
        let bind = bind(*epoch, *location, *addr, *time);
        *epoch == self.system.epoch() && blmq::verify(&self.system, domain::BEACON, Master::Rsu, &y, bind, signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn every_field_is_bound() {
        let authority = testing::authority();
        let system = authority.system();
        let key = authority.rsu_key(testing::PLACE).expect("a key");
        let beacon = sign(system, &key, LinkAddr::local([1; 6]), 5000, &testing::draw());
        let valid = |beacon| check(system, beacon).answer(&Host::new(4)).is_valid();
        assert!(valid(beacon));
        assert!(!valid(Beacon { epoch: 2, ..beacon }));
        assert!(!valid(Beacon {
            location: Location {
                x_cm: 10_001,
                ..testing::PLACE
            },
            ..beacon
        }));
        assert!(!valid(Beacon {
            addr: LinkAddr::local([2; 6]),
            ..beacon
        }));
        assert!(!valid(Beacon { time: 5001, ..beacon }));
        let elsewhere = authority.rsu_key(Location { x_cm: 0, y_cm: 0 }).expect("a key");
        let forged = sign(system, &elsewhere, beacon.addr, 5000, &testing::draw());
        assert!(
            !valid(Beacon {
                location: testing::PLACE,
                ..forged
            }),
            "the key of another place"
        );
    }
}
