//! The authority's part in the change of epochs: a new master, and a key for each RSU that may have one.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::seal::{OVERHEAD, blocks};
use roadveil_crypto::{G1Bytes, Nonce, Op, Scalar, SealKey, SecretBytes, derive_key};
use roadveil_role::{Address, Cx, HostAddr, Reason, Time, Timer, encode};
use zeroize::Zeroizing;

use crate::epochs::{Announcement, Epochs, Handover};
use crate::keys::Authority;
use crate::messages::{Msg, Sealed};
use crate::params::Config;
use crate::system::Location;
use crate::tracking::Cases;

/// Wakes the authority for the next step of a change of epochs, and for handovers that no RSU has answered.
pub(crate) const EPOCH: Timer = Timer(4);
pub(crate) const HANDOVER: Timer = Timer(5);

/// First wait for an RSU to be ready, and the longest.
const PATIENCE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// An RSU as it was installed.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The node's name.
    pub name: String,
    /// Where it stands.
    pub location: Location,
    /// What it shares with the authority since then.
    pub secret: Arc<SecretBytes<32>>,
}

/// The key under which an RSU gets its `B_j` of an epoch. It seals one message.
fn seal_key(secret: &SecretBytes<32>, announcement: &Announcement) -> SealKey {
    let epoch = announcement.epoch.to_be_bytes();
    let salt = [epoch.as_slice(), announcement.u.as_ref()];
    derive_key(&[secret.expose()], &salt, "ECPP installation", "ta to rsu: key")
}

fn nonce() -> Nonce {
    Nonce::new(1)
}

/// Seals a `B_j` for an RSU.
fn seal(cx: &mut Cx<'_>, secret: &SecretBytes<32>, announcement: &Announcement, b: &G1Bytes) -> Sealed {
    cx.meter().add(Op::Hkdf, 1);
    cx.meter().add(Op::AesGcmBlock, blocks(0, b.0.len()));
    Sealed(seal_key(secret, announcement).seal(nonce(), &[], b.as_ref()))
}

/// Opens what [`seal`] sealed.
pub(crate) fn open(cx: &mut Cx<'_>, secret: &SecretBytes<32>, handover: &Handover) -> Result<G1Bytes, Reason> {
    let sealed = &handover.key.0;
    if sealed.len() != size_of::<G1Bytes>() + OVERHEAD {
        return Err(Reason::Malformed);
    }
    cx.meter().add(Op::Hkdf, 1);
    cx.meter().add(Op::AesGcmBlock, blocks(0, size_of::<G1Bytes>()));
    let key = seal_key(secret, &handover.announcement);
    let plain = key.open(nonce(), &[], sealed).map_err(|_| Reason::BadCiphertext)?;
    let mut b = [0; size_of::<G1Bytes>()];
    b.copy_from_slice(&plain);
    Ok(b.into())
}

/// The authority through its epochs.
#[derive(Clone, Debug)]
pub(crate) struct Succession {
    authority: Arc<Authority>,
    next: Option<Arc<Authority>>,
    epochs: Epochs,
    installed: BTreeMap<HostAddr, Installed>,
    exclude_after: u64,
    excluded: Vec<HostAddr>,
    /// Handovers that their RSUs have not answered.
    waiting: BTreeMap<HostAddr, Vec<u8>>,
    patience: Duration,
}

impl Succession {
    pub(crate) fn new(
        authority: Arc<Authority>,
        config: &Config,
        installed: BTreeMap<HostAddr, Installed>,
    ) -> Succession {
        Succession {
            epochs: Epochs::new(authority.system().clone(), config.epochs),
            authority,
            next: None,
            installed,
            exclude_after: config.exclude_after,
            excluded: Vec::new(),
            waiting: BTreeMap::new(),
            patience: PATIENCE,
        }
    }

    /// With the masters of this epoch.
    pub(crate) fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// The parameters that are known.
    pub(crate) fn epochs(&self) -> &Epochs {
        &self.epochs
    }

    /// Does what is due, and waits for what is next: to hand out keys, or to turn. Has it turned?
    pub(crate) fn tend(&mut self, cx: &mut Cx<'_>, cases: &mut Cases) -> bool {
        let calendar = self.epochs.calendar();
        if !calendar.turns() {
            return false;
        }
        let now = cx.now();
        // After a failure, epochs may have been missed.
        let mut turned = false;
        for epoch in [calendar.at(now), calendar.at(now + calendar.overlap)] {
            if epoch > self.epochs.newest() {
                self.prepare(cx, cases, epoch);
            }
            turned |= self.turn(cx, now);
        }
        let (current, newest) = (self.epochs.current().epoch(), self.epochs.newest());
        let next = if newest > current {
            calendar.begins(newest)
        } else {
            calendar.begins(current.saturating_add(1)) - calendar.overlap
        };
        cx.timer_at(next, EPOCH);
        turned
    }

    /// Draws the master of an epoch, and hands out keys.
    fn prepare(&mut self, cx: &mut Cx<'_>, cases: &mut Cases, epoch: u32) {
        let u = Zeroizing::new(Scalar::random(cx.rng("master u", u64::from(epoch))));
        let authority = Arc::new(self.authority.succeed(epoch, u));
        let announcement = Announcement::sign(cx, &authority);
        self.exclude(cx, cases);
        self.waiting.clear();
        for (host, installed) in &self.installed {
            if self.excluded.contains(host) {
                continue;
            }
            // With a chance of 2^-255 the master cancels the place: it is served again in the next epoch.
            let Some(key) = authority.rsu_key(installed.location) else {
                continue;
            };
            cx.meter().add(Op::G1Mul, 1);
            let b = key.b().expose().encode();
            cases.know(b, *host, &installed.name);
            let key = seal(cx, &installed.secret, &announcement, &b);
            let frame = encode(&Msg::Handover(Handover { announcement, key }));
            cx.send_bytes(Address::Host(*host), frame.clone());
            self.waiting.insert(*host, frame);
        }
        cx.step("epoch", u64::from(epoch));
        self.epochs.prepare(authority.system().clone());
        self.next = Some(authority);
        self.patience = PATIENCE;
        cx.timer(self.patience, HANDOVER);
    }

    /// Whose certificates led to nobody too often gets no further key.
    fn exclude(&mut self, cx: &mut Cx<'_>, cases: &Cases) {
        if self.exclude_after == 0 {
            return;
        }
        for (host, Installed { name, .. }) in &self.installed {
            let times = cases.blamed(name);
            if times >= self.exclude_after && !self.excluded.contains(host) {
                self.excluded.push(*host);
                cx.emit("rsu_excluded", [("rsu", name.as_str().into()), ("cases", times.into())]);
            }
        }
    }

    fn turn(&mut self, cx: &mut Cx<'_>, now: Time) -> bool {
        if !self.epochs.turn(now) {
            return false;
        }
        if let Some(next) = self.next.take() {
            self.authority = next;
        }
        let (epoch, excluded) = (self.epochs.current().epoch(), self.excluded.len() as u64);
        cx.emit("epoch_begun", [("epoch", epoch.into()), ("excluded", excluded.into())]);
        true
    }

    /// An RSU has its key for an epoch.
    pub(crate) fn ready(&mut self, host: HostAddr, epoch: u32) -> Result<(), Reason> {
        if !self.installed.contains_key(&host) || epoch > self.epochs.newest() {
            return Err(Reason::Unexpected);
        }
        if epoch == self.epochs.newest() {
            self.waiting.remove(&host);
        }
        Ok(())
    }

    /// Hands out again what was not answered.
    pub(crate) fn remind(&mut self, cx: &mut Cx<'_>) {
        for (host, frame) in &self.waiting {
            cx.send_bytes(Address::Host(*host), frame.clone());
        }
        if !self.waiting.is_empty() {
            self.patience = (self.patience * 2).min(LONGEST);
            cx.timer(self.patience, HANDOVER);
        }
    }

    /// An RSU is back from a failure: it hears at once what it has not answered.
    pub(crate) fn remind_one(&self, cx: &mut Cx<'_>, host: HostAddr) {
        if let Some(frame) = self.waiting.get(&host) {
            cx.send_bytes(Address::Host(host), frame.clone());
        }
    }
}
