//! Many signatures at once.

use std::fmt;

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::{Signature, VerifyingKey, challenge, commitment};
use crate::group::{G1, Scalar, generator_table};
use crate::hash::Transcript;
use crate::ops::{Charge, Op};
use crate::tally;
use crate::wire::{G1Bytes, ScalarBytes};

/// A signature in the form that batches verify: commitment and response, 80 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, Schema)]
pub struct SignatureR {
    /// The commitment.
    pub r: G1Bytes,
    /// The response.
    pub s: ScalarBytes,
}

impl SignatureR {
    /// The short form of the same signature. One is valid if and only if the other is, but for
    /// the commitment's encoding, which the short form does not carry.
    #[must_use]
    pub fn shorten(&self, key: &G1Bytes, domain: &'static str, msg: &[u8]) -> Signature {
        Signature {
            z: challenge(domain, key, &self.r, msg),
            s: self.s,
        }
    }

    /// The long form of a valid signature; `None` if it is not valid.
    #[must_use]
    pub fn lengthen<K: VerifyingKey + ?Sized>(
        key: &K,
        domain: &'static str,
        msg: &[u8],
        signature: &Signature,
    ) -> Option<SignatureR> {
        let r = commitment(key, signature)?.encode();
        (challenge(domain, key.encoding(), &r, msg) == signature.z).then_some(SignatureR { r, s: signature.s })
    }

    /// Whether this is the signature of `msg` in `domain` under `key`, on its own.
    ///
    /// The commitment is not decoded: it is compared with the one that the equation gives.
    #[must_use]
    pub fn verify<K: VerifyingKey + ?Sized>(&self, key: &K, domain: &'static str, msg: &[u8]) -> bool {
        let signature = self.shorten(key.encoding(), domain, msg);
        commitment(key, &signature).is_some_and(|r| r.encode() == self.r)
    }
}

/// One signature of a batch.
#[derive(Clone, Copy)]
pub struct BatchItem<'a> {
    /// The signer's key: encoded, or prepared.
    pub key: &'a dyn VerifyingKey,
    /// The domain in which it was signed.
    pub domain: &'static str,
    /// What was signed.
    pub msg: &'a [u8],
    /// The signature.
    pub signature: SignatureR,
}

impl BatchItem<'_> {
    /// Whether it holds on its own.
    #[must_use]
    pub fn verify(&self) -> bool {
        self.signature.verify(self.key, self.domain, self.msg)
    }
}

impl fmt::Debug for BatchItem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchItem")
            .field("key", self.key.encoding())
            .field("domain", &self.domain)
            .field("signature", &self.signature)
            .finish_non_exhaustive()
    }
}

/// Whether all signatures hold: `sum(w s) P = sum(w R) + sum(w z Y)` with a weight `w` of 128 bits
/// for each, which is a hash of the whole batch. A batch with an invalid signature passes with
/// probability 2^-128; one without always passes.
///
/// # Cost
///
/// For `n` signatures `2 n + 1` of [`Op::G1Mul`], `n` of [`Op::HashToScalar`] for the challenges
/// and as many for the weights, `n` of [`Op::DecodeG1`] for the commitments, and one more for each
/// encoded key.
///
/// # Leaks
///
/// Everything, by its time: all of it is public.
#[must_use]
pub fn verify_batch(items: &[BatchItem<'_>]) -> bool {
    if let [item] = items {
        return item.verify();
    }
    holds(items).unwrap_or(false)
}

/// `None` if anything in the batch does not decode.
fn holds(items: &[BatchItem<'_>]) -> Option<bool> {
    let seed = {
        let mut transcript = Transcript::new("ROADVEIL-SCHNORR-V1-BATCH");
        for item in items {
            transcript
                .append("domain", item.domain.as_bytes())
                .append("key", item.key.encoding().as_ref())
                .append("message", item.msg)
                .append("commitment", item.signature.r.as_ref())
                .append("response", item.signature.s.as_ref());
        }
        transcript.digest()
    };
    let mut responses = Scalar::ZERO;
    let mut commitments = Vec::with_capacity(items.len());
    let mut keys = Vec::with_capacity(items.len());
    for (i, item) in (0..).zip(items) {
        let BatchItem {
            key,
            domain,
            msg,
            signature: SignatureR { r, s },
        } = item;
        let weight = Scalar::from(
            Transcript::new("ROADVEIL-SCHNORR-V1-WEIGHT")
                .append("batch", seed.as_ref())
                .append_u64("item", i)
                .short(),
        );
        let z = Scalar::from(challenge(domain, key.encoding(), r, msg));
        responses += weight * Scalar::from_bytes(s).ok()?;
        commitments.push((G1::decode(r).ok()?, weight));
        keys.push((key.validated()?, weight * z));
    }
    let _span = tally::add(Op::G1Mul, 2 * items.len() + 1);
    let mut sum = -(G1::sum_of_products(&commitments, 128) + G1::sum_of_products(&keys, 255));
    generator_table().accumulate(&mut sum.0, &*responses.to_little_endian(), 255);
    Some(sum.is_identity())
}

/// What verifying a batch of `n` costs a node that has the keys decoded: `n` commitments to decode, and one sum of
/// `2 n + 1` products. A batch of one is verified as a single signature is: two multiplications.
#[must_use]
pub fn batch_charge(n: usize) -> Charge {
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    match n {
        0 => Charge::NONE,
        1 => Charge::of(Op::G1Mul, 2),
        n => Charge::of(Op::DecodeG1, n).and(Op::G1MsmTerm, n.saturating_mul(2).saturating_add(1)),
    }
}

/// The sizes of the batches that [`invalid_in_batch`] verifies, in its order, for signatures of which it is known
/// whether they hold.
#[must_use]
pub fn batches_asked(holds: &[bool]) -> Vec<usize> {
    let mut asked = Vec::new();
    let mut parts = vec![holds];
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        asked.push(part.len());
        if part.len() > 1 && part.contains(&false) {
            let (left, right) = part.split_at(part.len() / 2);
            parts.extend([right, left]);
        }
    }
    asked
}

/// The places of the signatures that do not hold, in order: none if the batch holds, else what
/// halving it leads to, each place confirmed on its own.
///
/// # Cost
///
/// One batch if all hold; up to twice the logarithm of its size more for each that does not.
///
/// # Leaks
///
/// Everything, by its time: all of it is public.
#[must_use]
pub fn invalid_in_batch(items: &[BatchItem<'_>]) -> Vec<usize> {
    let mut invalid = Vec::new();
    // Halves yet to be looked at, the leftmost last.
    let mut parts = vec![(0, items)];
    while let Some((start, items)) = parts.pop() {
        if verify_batch(items) {
            continue;
        }
        if items.len() == 1 {
            invalid.push(start);
            continue;
        }
        let (left, right) = items.split_at(items.len() / 2);
        parts.push((start + left.len(), right));
        parts.push((start, left));
    }
    invalid
}
