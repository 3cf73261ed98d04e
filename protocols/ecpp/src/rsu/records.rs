//! What an RSU keeps of the keys that it issued: `(RID_i, Y_i, T_i, sigma_1)`, for tracking.

use std::collections::{BTreeMap, BTreeSet};

use postcard_schema::Schema;
use roadveil_crypto::{ByteArray, G1Bytes, ScalarBytes};
use roadveil_role::Time;
use serde::{Deserialize, Serialize};

use crate::blmq::Blmq;
use crate::sigma1::Claim;
use crate::system::Validity;

/// How many records an RSU keeps. One whose key is over goes first, then the oldest.
pub const CAPACITY: usize = 8192;

/// How many keys that still hold one pseudo-identity has of one RSU: a renewal that is lost again and again stays below,
/// and nobody fills the records alone.
pub const LIVE: usize = 16;

/// One issued key, as it is kept and as tracking asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Record {
    /// For whom.
    pub rid: ScalarBytes,
    /// For how long.
    pub validity: Validity,
    /// The OBU's own signature: with it an RSU cannot blame another OBU.
    pub sigma1: Blmq,
}

/// The records, sorted by `Y_i`: a look-up takes logarithmic time.
#[derive(Clone, Debug, Default)]
pub struct Records {
    by_key: BTreeMap<G1Bytes, (u64, Record)>,
    /// In the order in which they were kept.
    order: BTreeMap<u64, G1Bytes>,
    /// In the order in which their keys end.
    ends: BTreeSet<(u64, G1Bytes)>,
    /// Of each pseudo-identity, in the order in which its keys end.
    by_rid: BTreeSet<(ScalarBytes, u64, G1Bytes)>,
    kept: u64,
}

impl Records {
    /// The record of a short-time key.
    pub fn get(&self, y: &G1Bytes) -> Option<&Record> {
        self.by_key.get(y).map(|(_, record)| record)
    }

    /// A record of another pseudo-identity: for an RSU that lies.
    pub fn of_another(&self, rid: &ScalarBytes) -> Option<&Record> {
        let mut records = self.by_key.values().map(|(_, record)| record);
        records.find(|record| record.rid != *rid)
    }

    /// Is that key recorded for another pseudo-identity?
    pub fn conflicts(&self, claim: &Claim) -> bool {
        self.get(&claim.y).is_some_and(|record| record.rid != claim.rid)
    }

    /// Has that pseudo-identity as many other keys that hold now as it may?
    pub fn is_crowded(&self, claim: &Claim, now: Time) -> bool {
        let (rid, now) = (claim.rid, now.as_millis());
        let first = (rid, now.saturating_add(1), ByteArray([0; 48]));
        let live = self.by_rid.range(first..=(rid, u64::MAX, ByteArray([0xff; 48])));
        live.filter(|(_, _, y)| *y != claim.y).count() >= LIVE
    }

    /// Keeps a record, as the newest.
    pub fn keep(&mut self, claim: &Claim, sigma1: Blmq, now: Time) {
        self.forget(&claim.y);
        if self.by_key.len() >= CAPACITY
            && let Some(y) = self.dispensable(now)
        {
            self.forget(&y);
        }
        let Claim { rid, validity, y } = *claim;
        let record = Record { rid, validity, sigma1 };
        self.kept += 1;
        self.by_key.insert(y, (self.kept, record));
        self.order.insert(self.kept, y);
        self.ends.insert((validity.until, y));
        self.by_rid.insert((rid, validity.until, y));
    }

    /// What to give up for another: the key that ended longest ago, or the oldest record if all keys hold.
    fn dispensable(&self, now: Time) -> Option<G1Bytes> {
        let over = self.ends.first().filter(|(until, _)| *until <= now.as_millis());
        over.map(|(_, y)| *y).or_else(|| self.order.values().next().copied())
    }

    fn forget(&mut self, y: &G1Bytes) {
        if let Some((place, Record { rid, validity, .. })) = self.by_key.remove(y) {
            self.order.remove(&place);
            self.ends.remove(&(validity.until, *y));
            self.by_rid.remove(&(rid, validity.until, *y));
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::Scalar;

    fn claim(rid: u64, y: u64) -> Claim {
        let mut bytes = [0; 48];
        bytes[..8].copy_from_slice(&y.to_be_bytes());
        let validity = Validity { from: 0, until: 1 };
        Claim {
            rid: Scalar::from_u64(rid).to_bytes(),
            validity,
            y: ByteArray(bytes),
        }
    }

    const SIGMA: Blmq = Blmq {
        c: ByteArray([0; 32]),
        z: ByteArray([0; 48]),
    };

    #[test]
    fn a_key_belongs_to_one_identity() {
        let mut records = Records::default();
        assert!(records.is_empty() && !records.conflicts(&claim(1, 1)));
        records.keep(&claim(1, 1), SIGMA, Time::ZERO);
        assert!(!records.conflicts(&claim(1, 1)) && records.conflicts(&claim(2, 1)));
        assert_eq!(
            records.get(&claim(1, 1).y).map(|record| record.rid),
            Some(claim(1, 1).rid)
        );
    }

    #[test]
    fn the_oldest_goes_first_and_what_is_kept_again_is_new() {
        let mut records = Records::default();
        for y in 0..CAPACITY as u64 {
            records.keep(&claim(1, y), SIGMA, Time::ZERO);
        }
        records.keep(&claim(1, 1), SIGMA, Time::ZERO);
        for y in 0..3 {
            records.keep(&claim(1, CAPACITY as u64 + y), SIGMA, Time::ZERO);
        }
        assert_eq!(records.len(), CAPACITY);
        let has = |y| records.get(&claim(1, y).y).is_some();
        assert!(!has(0) && has(1) && !has(2) && !has(3) && has(4));
        assert_eq!(
            [records.order.len(), records.ends.len(), records.by_rid.len()],
            [CAPACITY; 3]
        );
    }

    #[test]
    fn what_is_over_goes_before_what_holds() {
        let mut records = Records::default();
        let until = |y, until| Claim {
            validity: Validity { from: 0, until },
            ..claim(1, y)
        };
        for y in 0..CAPACITY as u64 {
            records.keep(&until(y, if y == 70 { 5 } else { 10 }), SIGMA, Time::ZERO);
        }
        records.keep(&claim(2, u64::MAX), SIGMA, Time::from_millis(5));
        assert!(records.get(&claim(1, 70).y).is_none() && records.get(&claim(1, 0).y).is_some());
    }

    #[test]
    fn an_identity_has_so_many_keys_at_a_time() {
        let mut records = Records::default();
        for y in 0..LIVE as u64 {
            assert!(!records.is_crowded(&claim(1, y), Time::ZERO));
            records.keep(&claim(1, y), SIGMA, Time::ZERO);
        }
        assert!(records.is_crowded(&claim(1, 99), Time::ZERO));
        assert!(
            !records.is_crowded(&claim(1, 0), Time::ZERO),
            "a key that it has already"
        );
        assert!(!records.is_crowded(&claim(2, 99), Time::ZERO), "somebody else");
        assert!(
            !records.is_crowded(&claim(1, 99), Time::from_millis(1)),
            "they are over"
        );
    }
}
