//! Many ECDSA signatures at once, if `R` is sent whole.
//!
//! ECDSA keeps only the abscissa of `R = u1 G + u2 Q`, so two points fit, and no sum over signatures can be formed. With
//! `R` itself, 33 bytes compressed in place of 32, `sum(w u1) G + sum(w u2 Q) = sum(w R)` with random weights `w` shows
//! that all hold (small exponents: Bellare, Garay, Rabin, EUROCRYPT 1998). The weights are hashed from the whole batch.

use p256::ecdsa as raw;
use p256::elliptic_curve::ops::{LinearCombination, Reduce};
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use sha2::{Digest as _, Sha256};

use super::{P256Key, P256Signature, framed, verify};
use crate::hash::Transcript;
use crate::wire::ByteArray;

/// A signature with its whole commitment: `R` compressed (SEC 1), and `s`. 65 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct P256SignatureR {
    /// The commitment.
    pub r: ByteArray<33>,
    /// The smaller `s`, big-endian.
    pub s: ByteArray<32>,
}

/// A signature of a batch.
#[derive(Clone, Copy, Debug)]
pub struct P256BatchItem<'a> {
    /// The signer's key.
    pub key: &'a P256Key,
    /// The domain in which it was signed.
    pub domain: &'static str,
    /// What was signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: P256SignatureR,
}

/// What the equation of one signature is made of.
struct Terms {
    key: ProjectivePoint,
    commitment: ProjectivePoint,
    u1: Scalar,
    u2: Scalar,
}

impl P256SignatureR {
    /// The long form of a valid signature; `None` if it is not valid.
    #[must_use]
    pub fn lengthen(
        key: &P256Key,
        domain: &'static str,
        message: &[u8],
        signature: &P256Signature,
    ) -> Option<P256SignatureR> {
        if !verify(key, domain, message, signature) {
            return None;
        }
        let (r, s) = raw::Signature::from_slice(&signature.0).ok()?.split_scalars();
        let inverse = Option::<Scalar>::from(s.as_ref().invert())?;
        let (u1, u2) = (hashed(domain, message) * inverse, *r.as_ref() * inverse);
        let commitment = ProjectivePoint::GENERATOR * u1 + point(key)? * u2;
        let mut bytes = [0; 33];
        bytes.copy_from_slice(commitment.to_affine().to_sec1_point(true).as_bytes());
        let s = ByteArray(signature.0[32..].try_into().ok()?);
        Some(P256SignatureR { r: ByteArray(bytes), s })
    }
}

impl P256BatchItem<'_> {
    /// Decodes it; `None` if anything is not canonical, or `s` is the larger of two.
    fn terms(&self) -> Option<Terms> {
        let P256SignatureR { r, s } = self.signature;
        let commitment = affine(&r.0)?;
        let abscissa = Scalar::reduce(&commitment.x());
        let signature = raw::Signature::from_scalars(FieldBytes::from(abscissa), FieldBytes::from(s.0)).ok()?;
        if signature.normalize_s() != signature {
            return None;
        }
        let (r, s) = signature.split_scalars();
        let inverse = Option::<Scalar>::from(s.as_ref().invert())?;
        Some(Terms {
            key: point(self.key)?,
            commitment: commitment.into(),
            u1: hashed(self.domain, self.message) * inverse,
            u2: *r.as_ref() * inverse,
        })
    }
}

/// Whether all signatures hold; with one that does not, they seem to with probability 2^-128.
///
/// # Cost
///
/// For `n` signatures one sum of `2 n + 1` products over P-256, and `2 n` points to decode; not counted.
#[must_use]
pub fn verify_batch(items: &[P256BatchItem<'_>]) -> bool {
    let Some(terms) = items.iter().map(P256BatchItem::terms).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let seed = seed(items);
    let mut sum = Vec::with_capacity(2 * terms.len() + 1);
    let mut generator = Scalar::ZERO;
    for (index, terms) in (0..).zip(&terms) {
        let weight = weight(&seed.0, index);
        generator += weight * terms.u1;
        sum.push((terms.key, weight * terms.u2));
        sum.push((-terms.commitment, weight));
    }
    sum.push((ProjectivePoint::GENERATOR, generator));
    ProjectivePoint::lincomb_vartime(sum.as_slice()) == ProjectivePoint::IDENTITY
}

fn seed(items: &[P256BatchItem<'_>]) -> crate::wire::Digest {
    let mut transcript = Transcript::new("ROADVEIL-ECDSA-P256-V1-BATCH");
    for item in items {
        transcript
            .append("domain", item.domain.as_bytes())
            .append("key", item.key.as_ref())
            .append("message", item.message)
            .append("commitment", item.signature.r.as_ref())
            .append("response", item.signature.s.as_ref());
    }
    transcript.digest()
}

/// 128 bits of a hash of the batch and the place in it.
fn weight(seed: &[u8], index: u64) -> Scalar {
    let short = Transcript::new("ROADVEIL-ECDSA-P256-V1-WEIGHT")
        .append("batch", seed)
        .append_u64("item", index)
        .short();
    let mut bytes = FieldBytes::default();
    bytes[16..].copy_from_slice(short.as_ref());
    Scalar::reduce(&bytes)
}

fn hashed(domain: &'static str, message: &[u8]) -> Scalar {
    let digest: [u8; 32] = Sha256::digest(framed(domain, message)).into();
    Scalar::reduce(&FieldBytes::from(digest))
}

fn point(key: &P256Key) -> Option<ProjectivePoint> {
    affine(&key.0).map(ProjectivePoint::from)
}

/// A point of the curve, not the identity.
fn affine(bytes: &[u8; 33]) -> Option<AffinePoint> {
    let key = raw::VerifyingKey::from_sec1_bytes(bytes).ok()?;
    Some(*key.as_affine())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecdsa::P256SigningKey;
    use crate::secret::SecretBytes;

    const DOMAIN: &str = "ROADVEIL-TEST-V1";

    fn signed(n: u64) -> Vec<(P256Key, Vec<u8>, P256SignatureR)> {
        let one = |index: u64| {
            let key = P256SigningKey::derive(&SecretBytes::new([1; 32]), DOMAIN, index);
            let message = index.to_le_bytes().to_vec();
            let short = key.sign(DOMAIN, &message);
            let long = P256SignatureR::lengthen(key.public(), DOMAIN, &message, &short).expect("it holds");
            (*key.public(), message, long)
        };
        (0..n).map(one).collect()
    }

    fn holds(signed: &[(P256Key, Vec<u8>, P256SignatureR)]) -> bool {
        let item =
            |(key, message, signature): &'_ (P256Key, Vec<u8>, P256SignatureR)| (*key, message.clone(), *signature);
        let owned: Vec<_> = signed.iter().map(item).collect();
        let items: Vec<_> = owned
            .iter()
            .map(|(key, message, signature)| P256BatchItem {
                key,
                domain: DOMAIN,
                message,
                signature: *signature,
            })
            .collect();
        verify_batch(&items)
    }

    #[test]
    fn batches_of_valid_signatures_hold() {
        for n in [0, 1, 2, 3, 8, 20] {
            assert!(holds(&signed(n)), "{n}");
        }
    }

    #[test]
    fn no_part_of_any_may_change() {
        let good = signed(5);
        for bit in (0..8 * 33).step_by(29) {
            let mut bad = good.clone();
            bad[3].2.r.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!holds(&bad), "R, bit {bit}");
            let mut bad = good.clone();
            bad[0].2.s.0[bit / 8 % 32] ^= 1 << (bit % 8);
            assert!(!holds(&bad), "s, bit {bit}");
        }
        let mut bad = good.clone();
        bad[2].1.push(0);
        assert!(!holds(&bad), "another message");
        let mut bad = good.clone();
        bad[2].0 = good[1].0;
        assert!(!holds(&bad), "another key");
    }

    /// Without weights these errors would cancel.
    #[test]
    fn exchanged_responses_do_not_cancel() {
        let mut bad = signed(4);
        let (first, second) = (bad[0].2.s, bad[1].2.s);
        (bad[0].2.s, bad[1].2.s) = (second, first);
        assert!(!holds(&bad));
    }

    #[test]
    fn what_is_no_point_or_scalar_or_has_the_larger_s_is_refused() {
        let good = signed(2);
        for r in [[0; 33], [0xff; 33], [2; 33]] {
            let mut bad = good.clone();
            bad[0].2.r = ByteArray(r);
            assert!(!holds(&bad));
        }
        for s in [[0; 32], [0xff; 32]] {
            let mut bad = good.clone();
            bad[0].2.s = ByteArray(s);
            assert!(!holds(&bad));
        }
        // `(-R, q - s)` satisfies the equation.
        let mut bad = good;
        bad[0].2.r.0[0] ^= 1;
        let s = Scalar::reduce(&FieldBytes::from(bad[0].2.s.0));
        bad[0].2.s = ByteArray((-s).to_bytes().into());
        assert!(!holds(&bad));
    }

    #[test]
    fn what_does_not_hold_has_no_long_form() {
        let key = P256SigningKey::derive(&SecretBytes::new([1; 32]), DOMAIN, 0);
        let mut short = key.sign(DOMAIN, b"message");
        short.0[5] ^= 1;
        assert_eq!(P256SignatureR::lengthen(key.public(), DOMAIN, b"message", &short), None);
    }
}
