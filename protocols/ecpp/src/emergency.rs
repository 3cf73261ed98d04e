//! The emergency list: certificates that vehicles refuse before they end, with `revocation = "emergency"`.
//!
//! Reconstruction, ours: published is that a listed vehicle gets no further key, so what it signs is accepted until its last
//! key ends. Here the authority also lists the certificates that it tracked, with the moment at which each ends, signs
//! the list, and the RSUs broadcast it with their beacons. A vehicle refuses what is said under a listed certificate
//! before it looks at anything else, and forgets an entry when its certificate has ended: so the list stays short.
//!
//! It names what tracking found. A vehicle that has another key already, which nobody reported, is heard under that one;
//! one that is revoked by schedule has no certificate that the authority knows. Whoever keeps a vehicle from hearing RSUs
//! keeps the list from it.

use core::time::Duration;
use std::collections::BTreeMap;

use postcard_schema::Schema;
use roadveil_crypto::{ByteArray, Check, Op, Signature};
use roadveil_role::{Cx, Reason, Time, encode};
use serde::{Deserialize, Serialize};

use crate::cert::{CertId, Certificate};
use crate::epochs::Epochs;
use crate::keys::Authority;
use crate::messages::Msg;
use crate::system::{System, domain};

/// Most entries of a list, so that it is one frame; of more, those go first that end first.
pub const CAPACITY: usize = 100;

/// A certificate that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Schema)]
pub struct Entry {
    /// When the certificate ends, milliseconds of its issuer's clock.
    pub until: u64,
    /// Its name.
    pub id: CertId,
}

/// The list, whole, signed by the authority.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Emergency {
    /// The epoch of the authority's masters.
    pub epoch: u32,
    /// Counts the lists.
    pub sequence: u64,
    /// Sorted, each once.
    pub entries: Vec<Entry>,
    /// Schnorr under the authority's list key, in a domain of its own.
    pub signature: Signature,
}

impl Entry {
    /// Does nobody accept the certificate any more, whose clock is late by `late` at most?
    pub(crate) fn is_over(&self, now: Time, late: Duration) -> bool {
        now >= Time::from_millis(self.until) + late
    }
}

impl Emergency {
    /// Has it the form of a list? What has not is not looked at.
    pub fn is_well_formed(&self) -> bool {
        self.entries.len() <= CAPACITY && self.entries.windows(2).all(|pair| pair[0] < pair[1])
    }

    fn statement(&self, system: &System) -> [u8; 32] {
        let mut transcript = system.transcript(domain::EMERGENCY);
        transcript
            .append_u64("epoch", u64::from(self.epoch))
            .append_u64("sequence", self.sequence)
            .append_u64("length", self.entries.len() as u64);
        for Entry { until, id } in &self.entries {
            transcript
                .append("certificate", id.as_ref())
                .append_u64("until", *until);
        }
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, system: &System) -> Check {
        system.list_check(domain::EMERGENCY, self.statement(system), self.signature)
    }

    /// Is it newer than `sequence`, well formed, of an epoch that is known, and the authority's? `None` if it is known already.
    pub(crate) fn accept(&self, cx: &mut Cx<'_>, epochs: &Epochs, sequence: u64) -> Result<Option<&[Entry]>, Reason> {
        let system = epochs.of(self.epoch)?;
        if self.sequence <= sequence {
            return Ok(None);
        }
        if !self.is_well_formed() {
            return Err(Reason::Malformed);
        }
        if !cx.check(&self.check(system)).is_valid() {
            return Err(Reason::BadSignature);
        }
        Ok(Some(&self.entries))
    }
}

/// The authority's side: what it lists, and the list as it travels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listed {
    entries: Vec<Entry>,
    sequence: u64,
    frame: Option<Vec<u8>>,
}

impl Listed {
    /// Lists a certificate, and signs the list anew. `late` is for vehicles whose clocks are.
    pub(crate) fn add(&mut self, cx: &mut Cx<'_>, authority: &Authority, certificate: &Certificate, late: Duration) {
        self.entries.retain(|entry| !entry.is_over(cx.now(), late));
        let (id, until) = (certificate.id(), certificate.validity.until);
        if let Err(place) = self.entries.binary_search(&Entry { until, id }) {
            self.entries.insert(place, Entry { until, id });
        }
        if self.entries.len() > CAPACITY {
            self.entries.remove(0);
        }
        self.sequence += 1;
        let system = authority.system();
        let mut list = Emergency {
            epoch: system.epoch(),
            sequence: self.sequence,
            entries: self.entries.clone(),
            signature: Signature {
                z: ByteArray([0; 16]),
                s: ByteArray([0; 32]),
            },
        };
        cx.meter().add(Op::G1Mul, 1);
        let statement = list.statement(system);
        let rng = cx.rng("emergency", 0);
        list.signature = authority.list_key().sign(&statement, domain::EMERGENCY, rng);
        cx.anticipate(list.check(system));
        cx.emit(
            "emergency_listed",
            [
                ("pseudonym", id.as_ref().into()),
                ("listed", (self.entries.len() as u64).into()),
            ],
        );
        self.frame = Some(encode(&Msg::Emergency(list)));
    }

    /// The list as it travels, if there is one.
    pub(crate) fn frame(&self) -> Option<&Vec<u8>> {
        self.frame.as_ref()
    }
}

/// A vehicle's side: which certificates it refuses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refused {
    sequence: u64,
    until: BTreeMap<CertId, u64>,
}

impl Refused {
    /// Is it refused?
    pub(crate) fn has(&self, id: &CertId) -> bool {
        !self.until.is_empty() && self.until.contains_key(id)
    }

    /// The newest list's number.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Takes a list that was checked.
    pub(crate) fn take(&mut self, sequence: u64, entries: &[Entry]) {
        self.sequence = sequence;
        self.until = entries.iter().map(|entry| (entry.id, entry.until)).collect();
    }

    /// Forgets certificates that have ended: `late` for clocks that are.
    pub(crate) fn forget_over(&mut self, now: Time, late: Duration) {
        self.until
            .retain(|id, until| !Entry { until: *until, id: *id }.is_over(now, late));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(until: u64, id: u8) -> Entry {
        let id = ByteArray([id; 8]);
        Entry { until, id }
    }

    fn list(entries: Vec<Entry>) -> Emergency {
        Emergency {
            epoch: 1,
            sequence: 1,
            entries,
            signature: Signature {
                z: ByteArray([0; 16]),
                s: ByteArray([0; 32]),
            },
        }
    }

    #[test]
    fn a_list_is_sorted_without_repetition_and_short() {
        assert!(list(vec![]).is_well_formed());
        assert!(list(vec![entry(1, 2), entry(1, 3), entry(2, 1)]).is_well_formed());
        assert!(!list(vec![entry(1, 2), entry(1, 2)]).is_well_formed());
        assert!(!list(vec![entry(2, 1), entry(1, 2)]).is_well_formed());
        let long = (0..=CAPACITY as u64).map(|until| entry(until, 1)).collect();
        assert!(!list(long).is_well_formed());
    }

    #[test]
    fn what_has_ended_is_forgotten() {
        let mut refused = Refused::default();
        refused.take(3, &[entry(1000, 1), entry(2000, 2)]);
        let has = |refused: &Refused, id| refused.has(&ByteArray([id; 8]));
        assert!(has(&refused, 1) && has(&refused, 2) && !has(&refused, 3));
        refused.forget_over(Time::from_millis(1500), Duration::from_millis(500));
        assert!(!has(&refused, 1) && has(&refused, 2));
        assert_eq!(refused.sequence(), 3);
    }
}
