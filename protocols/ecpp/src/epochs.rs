//! Epochs on the master `u`: what makes an end of stolen keys.
//!
//! Reconstruction. A certificate hides who issued it, so whoever steals a `B_j` issues certificates that nobody can trace,
//! and no list stops them: they hold until `U'` does. Here the authority draws a new `u` for each epoch. `v`, `xi` and the
//! list key stay, and with them all member keys: nothing changes for a vehicle but one point.
//!
//! * Epochs begin on multiples of `epoch_length`, by everybody's clock.
//! * `epoch_overlap` before one begins, the authority hands each RSU its next `B_j`, sealed under a secret that was put
//!   into the RSU when it was installed, with the signed [`Announcement`] of the next `U'`. It goes on until the RSU
//!   says that it is ready. An RSU whose certificates could not be traced too often gets none (`exclude_after`).
//! * RSUs broadcast the announcement, and turn when the epoch begins. Vehicles turn, too, and forget the RSUs that they
//!   knew; they renew their keys at a random moment of the first half of the overlap.
//! * What was certified in an epoch is accepted until `epoch_overlap` after its end, and no longer, whatever it says.

use core::time::Duration;
use std::sync::Arc;

use postcard_schema::Schema;
use roadveil_crypto::{ByteArray, Check, G2, G2Bytes, Op, Signature, Transcript};
use roadveil_role::{Cx, Reason, Time};
use serde::{Deserialize, Serialize};

use crate::cert::Certificate;
use crate::keys::Authority;
use crate::messages::Sealed;
use crate::system::{Master, System, Validity, domain};

/// The epoch in which a run begins.
pub const FIRST: u32 = 1;

/// When epochs begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// How long each is; zero for one without end.
    pub length: Duration,
    /// How long before an epoch begins its keys are handed out, and how long after it what was certified in it still counts.
    pub overlap: Duration,
}

impl Calendar {
    /// Does an epoch ever end?
    pub fn turns(&self) -> bool {
        !self.length.is_zero()
    }

    /// The epoch of a moment.
    pub fn at(&self, now: Time) -> u32 {
        let passed = now.since(Time::ZERO).as_nanos().checked_div(self.length.as_nanos());
        u32::try_from(passed.unwrap_or(0)).unwrap_or(u32::MAX - 1) + FIRST
    }

    /// When an epoch begins; [`Time::MAX`] if it never does.
    pub fn begins(&self, epoch: u32) -> Time {
        let epochs = u128::from(epoch.saturating_sub(FIRST));
        if epochs > 0 && !self.turns() {
            return Time::MAX;
        }
        Time(u64::try_from(self.length.as_nanos() * epochs).unwrap_or(u64::MAX))
    }

    /// Until when what was certified in an epoch counts.
    pub fn expires(&self, epoch: u32) -> Time {
        match self.begins(epoch.saturating_add(1)) {
            Time::MAX => Time::MAX,
            end => end + self.overlap,
        }
    }

    /// A validity that ends with its epoch, if it would end later. All that are cut off end alike, and link nobody.
    pub fn within(&self, epoch: u32, validity: Validity) -> Validity {
        Validity {
            until: validity.until.min(self.expires(epoch).as_millis()),
            ..validity
        }
    }

    /// Does a validity end with its epoch at the latest?
    pub fn covers(&self, epoch: u32, validity: &Validity) -> bool {
        !self.turns() || validity.until <= self.expires(epoch).as_millis()
    }
}

/// The parameters that somebody knows: of the epoch in which it is, of the one before, and of the next.
#[derive(Clone, Debug)]
pub struct Epochs {
    current: Arc<System>,
    calendar: Calendar,
    previous: Option<Arc<System>>,
    next: Option<Arc<System>>,
}

impl Epochs {
    /// Knows one epoch.
    pub fn new(system: Arc<System>, calendar: Calendar) -> Epochs {
        Epochs {
            current: system,
            calendar,
            previous: None,
            next: None,
        }
    }

    /// Of the epoch in which it is.
    pub fn current(&self) -> &Arc<System> {
        &self.current
    }

    /// When epochs begin.
    pub fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// Is the epoch in which it is over by the clock? Then it has missed the next.
    pub fn is_behind(&self, now: Time) -> bool {
        self.current.epoch() < self.calendar.at(now)
    }

    /// The newest epoch that it knows.
    pub fn newest(&self) -> u32 {
        self.next.as_ref().unwrap_or(&self.current).epoch()
    }

    /// The parameters of an epoch.
    ///
    /// # Errors
    /// [`Reason::WrongEpoch`] if it knows none of that.
    pub fn of(&self, epoch: u32) -> Result<&Arc<System>, Reason> {
        let known = core::iter::once(&self.current).chain(&self.previous).chain(&self.next);
        let mut known = known.filter(|system| system.epoch() == epoch);
        known.next().ok_or(Reason::WrongEpoch)
    }

    /// The parameters under which a certificate is to be checked.
    ///
    /// # Errors
    /// If it is of no epoch that is known, or would outlive its own.
    pub fn judge(&self, certificate: &Certificate) -> Result<&Arc<System>, Reason> {
        let system = self.of(certificate.epoch)?;
        if !self.calendar.covers(certificate.epoch, &certificate.validity) {
            return Err(Reason::OverlongValidity);
        }
        Ok(system)
    }

    /// Learns the parameters of an epoch from the authority. Was it news?
    ///
    /// # Errors
    /// If there are no epochs, if it is of one that does not begin soon, or if the authority did not sign it.
    pub fn learn(&mut self, cx: &mut Cx<'_>, announcement: &Announcement, early: Duration) -> Result<bool, Reason> {
        if !self.calendar.turns() {
            return Err(Reason::Unexpected);
        }
        if !self.is_news(announcement) {
            return Ok(false);
        }
        if announcement.epoch > self.calendar.at(cx.now() + self.calendar.overlap + early) {
            return Err(Reason::WrongEpoch);
        }
        cx.meter().add(Op::DecodeG2, 1);
        let u = G2::decode(&announcement.u).map_err(|_| Reason::BadElement)?;
        if !cx.check(&announcement.check(&self.current)).is_valid() {
            return Err(Reason::BadSignature);
        }
        self.next = Some(self.current.succeed(announcement.epoch, u));
        Ok(true)
    }

    /// Is it of a later epoch than all that are known?
    pub fn is_news(&self, announcement: &Announcement) -> bool {
        announcement.epoch > self.newest()
    }

    /// The authority's own way to the next epoch.
    pub(crate) fn prepare(&mut self, system: Arc<System>) {
        self.next = Some(system);
    }

    /// Goes over to the next epoch if it is known and has begun. Has it?
    pub fn turn(&mut self, now: Time) -> bool {
        let begun = |next: &mut Arc<System>| next.epoch() <= self.calendar.at(now);
        let Some(next) = self.next.take_if(begun) else {
            return false;
        };
        self.previous = Some(core::mem::replace(&mut self.current, next));
        true
    }
}

/// The public half of the next master, `U' = uP'`, signed under the authority's list key.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Announcement {
    /// Of which epoch.
    pub epoch: u32,
    /// `U'`.
    pub u: G2Bytes,
    /// Schnorr under the list key, in a domain of its own.
    pub signature: Signature,
}

impl Announcement {
    /// Signs what an authority published.
    pub(crate) fn sign(cx: &mut Cx<'_>, authority: &Authority) -> Announcement {
        let system = authority.system();
        let mut announcement = Announcement {
            epoch: system.epoch(),
            u: system.public(Master::Rsu).encode(),
            signature: Signature {
                z: ByteArray([0; 16]),
                s: ByteArray([0; 32]),
            },
        };
        cx.meter().add(Op::G1Mul, 1);
        let statement = announcement.statement(system);
        announcement.signature = authority.list_key().sign(&statement, domain::EPOCH, cx.rng("epoch", 0));
        cx.anticipate(announcement.check(system));
        announcement
    }

    /// What is signed: the epoch's number and `U'`, and what all epochs have in common.
    fn statement(&self, system: &System) -> [u8; 32] {
        let mut transcript = Transcript::new(domain::EPOCH);
        transcript
            .append("V'", system.public(Master::Obu).encode().as_ref())
            .append("list key", system.list_key().bytes().as_ref());
        transcript
            .append_u64("epoch", u64::from(self.epoch))
            .append("U'", self.u.as_ref());
        transcript.digest().0
    }

    /// The check of its signature, by the parameters of any epoch.
    pub fn check(&self, system: &System) -> Check {
        system.list_check(domain::EPOCH, self.statement(system), self.signature)
    }
}

/// What an RSU gets for the next epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Handover {
    /// The epoch, for everybody.
    pub announcement: Announcement,
    /// `B_j`, sealed for this RSU.
    pub key: Sealed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use proptest::prelude::*;

    const MINUTES: Calendar = Calendar {
        length: Duration::from_secs(60),
        overlap: Duration::from_secs(10),
    };

    fn validity(until: u64) -> Validity {
        Validity { from: 0, until }
    }

    #[test]
    fn epochs_begin_on_multiples_and_expire_later() {
        let at = |millis| MINUTES.at(Time::from_millis(millis));
        assert_eq!((at(0), at(59_999), at(60_000), at(180_000)), (1, 1, 2, 4));
        let seconds = Time::from_secs;
        assert_eq!((MINUTES.begins(1), MINUTES.begins(3)), (Time::ZERO, seconds(120)));
        assert_eq!((MINUTES.expires(1), MINUTES.expires(2)), (seconds(70), seconds(130)));
        let endless = Calendar {
            length: Duration::ZERO,
            ..MINUTES
        };
        assert_eq!((endless.at(Time::MAX), endless.begins(1)), (1, Time::ZERO));
        assert_eq!((endless.begins(2), endless.expires(1)), (Time::MAX, Time::MAX));
        assert!(endless.covers(1, &validity(u64::MAX)) && endless.within(1, validity(7)) == validity(7));
    }

    proptest! {
        #[test]
        fn every_moment_is_in_its_epoch(now in any::<u64>(), length in 1u64..u64::MAX) {
            let calendar = Calendar { length: Duration::from_nanos(length), overlap: Duration::ZERO };
            let (now, epoch) = (Time(now), calendar.at(Time(now)));
            prop_assert!(calendar.begins(epoch) <= now || epoch == u32::MAX);
            prop_assert!(now < calendar.begins(epoch.saturating_add(1)) || calendar.begins(epoch.saturating_add(1)) == Time::MAX || epoch == u32::MAX);
        }
    }

    #[test]
    fn a_validity_ends_with_its_epoch() {
        assert_eq!(MINUTES.within(1, validity(110_000)), validity(70_000));
        assert_eq!(MINUTES.within(1, validity(69_000)), validity(69_000));
        assert!(MINUTES.covers(1, &validity(70_000)) && !MINUTES.covers(1, &validity(70_001)));
    }

    #[test]
    fn who_knows_the_next_epoch_turns_when_it_begins() {
        let one = testing::authority();
        let two = one.succeed(2, testing::secret(22));
        let mut epochs = Epochs::new(one.system().clone(), MINUTES);
        assert!(!epochs.turn(Time::from_secs(60)), "it does not know any other");
        assert!(epochs.is_behind(Time::from_secs(60)) && !epochs.is_behind(Time::from_secs(59)));
        epochs.prepare(two.system().clone());
        assert_eq!((epochs.newest(), epochs.current().epoch()), (2, 1));
        assert!(!epochs.turn(Time::from_secs(59)));
        assert!(epochs.of(1).is_ok() && epochs.of(2).is_ok());
        assert_eq!(epochs.of(3).err(), Some(Reason::WrongEpoch));
        assert!(epochs.turn(Time::from_secs(60)) && !epochs.turn(Time::from_secs(60)));
        assert_eq!(epochs.current().epoch(), 2);
        assert!(
            epochs.of(1).is_ok(),
            "what was certified before still counts for a while"
        );
        epochs.prepare(two.succeed(3, testing::secret(33)).system().clone());
        assert!(epochs.turn(Time::from_secs(120)));
        assert!(epochs.of(1).is_err());
    }
}
