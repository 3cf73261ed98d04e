//! What an RSU keeps of the keys that it issued: `(RID_i, Y_i, T_i, sigma_1)`, for tracking.

use std::collections::{BTreeMap, VecDeque};

use roadveil_crypto::{G1Bytes, ScalarBytes};

use crate::blmq::Blmq;
use crate::sigma1::Claim;
use crate::system::Validity;

/// How many records an RSU keeps; the oldest goes first.
pub const CAPACITY: usize = 8192;

/// One issued key.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    by_key: BTreeMap<G1Bytes, Record>,
    order: VecDeque<G1Bytes>,
}

impl Records {
    /// The record of a short-time key.
    pub fn get(&self, y: &G1Bytes) -> Option<&Record> {
        self.by_key.get(y)
    }

    /// Is that key recorded for another pseudo-identity?
    pub fn conflicts(&self, claim: &Claim) -> bool {
        self.get(&claim.y).is_some_and(|record| record.rid != claim.rid)
    }

    /// Keeps a record.
    pub fn keep(&mut self, claim: &Claim, sigma1: Blmq) {
        let record = Record {
            rid: claim.rid,
            validity: claim.validity,
            sigma1,
        };
        if self.by_key.insert(claim.y, record).is_none() {
            self.order.push_back(claim.y);
        }
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
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
    use roadveil_crypto::{ByteArray, Scalar};

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
        records.keep(&claim(1, 1), SIGMA);
        assert!(!records.conflicts(&claim(1, 1)) && records.conflicts(&claim(2, 1)));
        assert_eq!(
            records.get(&claim(1, 1).y).map(|record| record.rid),
            Some(claim(1, 1).rid)
        );
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut records = Records::default();
        for y in 0..CAPACITY as u64 + 3 {
            records.keep(&claim(1, y), SIGMA);
            records.keep(&claim(1, y), SIGMA);
        }
        assert_eq!(records.len(), CAPACITY);
        assert!(records.get(&claim(1, 2).y).is_none() && records.get(&claim(1, 3).y).is_some());
    }
}
