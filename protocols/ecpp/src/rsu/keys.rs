//! The RSU's part in the change of epochs: it takes up its next key, turns, and tells everybody.

use std::sync::Arc;

use roadveil_crypto::{Op, SecretBytes};
use roadveil_role::{Address, Cx, HostAddr, Reason, Time};

use super::{EPOCH, Rsu};
use crate::epochs::{Announcement, Handover};
use crate::keys::RsuKey;
use crate::messages::Msg;
use crate::succession;
use crate::system::Location;

/// What an RSU holds from epoch to epoch.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Its place, to which all its keys are bound.
    location: Location,
    /// The key of the epoch in which it is, if it was given one.
    key: Option<Arc<RsuKey>>,
    /// The key of the next.
    next: Option<Arc<RsuKey>>,
    /// What it shares with the authority since it was installed; without it it gets no further keys.
    secret: Option<Arc<SecretBytes<32>>>,
    /// What it tells everybody.
    announcement: Option<Announcement>,
}

impl Held {
    pub(super) fn new(key: Arc<RsuKey>) -> Held {
        Held {
            location: key.location(),
            key: Some(key),
            next: None,
            secret: None,
            announcement: None,
        }
    }

    pub(super) fn install(&mut self, secret: Arc<SecretBytes<32>>) {
        self.secret = Some(secret);
    }
}

impl Rsu {
    /// The key under which it serves now.
    ///
    /// # Errors
    /// If it was given none for the epoch that has begun.
    pub(super) fn key(&self, now: Time) -> Result<Arc<RsuKey>, Reason> {
        let key = self.held.key.as_ref().filter(|_| !self.epochs.is_behind(now));
        key.cloned().ok_or(Reason::WrongEpoch)
    }

    /// Turns if the next epoch has begun, and waits for the one after.
    pub(super) fn tend_epochs(&mut self, cx: &mut Cx<'_>) {
        let calendar = self.epochs.calendar();
        if !calendar.turns() {
            return;
        }
        let now = cx.now();
        if self.epochs.turn(now) {
            self.held.key = self.held.next.take();
            // Runs under the old key lead to nothing: their vehicles turn, too.
            self.sessions = super::Sessions::default();
        }
        let serves = self.key(now).is_ok();
        cx.state(if serves { "serving" } else { "keyless" });
        cx.timer_at(calendar.begins(calendar.at(now).saturating_add(1)), EPOCH);
    }

    /// The authority hands over the key of the next epoch. It is told so each time, for the answer may be lost.
    pub(super) fn take_key(&mut self, cx: &mut Cx<'_>, from: HostAddr, handover: &Handover) -> Result<(), Reason> {
        if self.ta != Some(from) {
            return Err(Reason::Unexpected);
        }
        let secret = self.held.secret.clone().ok_or(Reason::Unexpected)?;
        let announcement = &handover.announcement;
        let epoch = announcement.epoch;
        if self.epochs.learn(cx, announcement, self.config.freshness)? {
            self.held.next = None;
            self.held.announcement = Some(*announcement);
        }
        if self.lacks_key_of(epoch) {
            let b = succession::open(cx, &secret, handover)?;
            for (op, times) in [(Op::DecodeG1, 1), (Op::G1Mul, 1), (Op::Pairing, 2)] {
                cx.meter().add(op, times);
            }
            let system = self.epochs.of(epoch)?;
            let key = RsuKey::received(system, self.held.location, &b).ok_or(Reason::BadElement)?;
            let key = Some(Arc::new(key));
            if epoch == self.epochs.current().epoch() {
                // It turned without one: what came before did not open.
                self.held.key = key;
            } else {
                self.held.next = key;
            }
            cx.step("handover", u64::from(epoch));
            self.tend_epochs(cx);
        }
        if epoch == self.epochs.newest() {
            cx.send(Address::Host(from), &Msg::Ready { epoch });
        }
        Ok(())
    }

    /// Is that the newest epoch, and has it no key for it?
    fn lacks_key_of(&self, epoch: u32) -> bool {
        let key = if epoch == self.epochs.current().epoch() {
            &self.held.key
        } else {
            &self.held.next
        };
        epoch == self.epochs.newest() && key.is_none()
    }

    /// Tells everybody of the newest epoch, with every beacon: some were away.
    pub(super) fn announce_epoch(&self, cx: &mut Cx<'_>) {
        if let Some(announcement) = self.held.announcement {
            cx.anticipate(announcement.check(self.epochs.current()));
            cx.broadcast(&Msg::Epoch(announcement));
        }
    }
}
