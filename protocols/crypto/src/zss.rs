//! ZSS signatures (Zhang, Safavi-Naini and Susilo, PKC 2004), with the groups exchanged.
//!
//! A key is `Y = xP` in G1, as that of [`schnorr`](crate::schnorr): the same key serves both, for their hashes have domains
//! of their own. To sign, `h = H(domain, Y, message)` and `sigma = 1/(x + h) P'` in G2, of 96 bytes. To verify,
//! `e(Y + hP, sigma) = e(P, P')`. Signing is deterministic and draws nothing; its security rests on the inversion of `x + h`
//! (k+1 exponent problem) in the random oracle model.
//!
//! Published is the scheme on a symmetric pairing. With keys in G2 signatures would be of 48 bytes, and keys of 96.
//!
//! ```
//! # use chacha20::{ChaCha12Rng, rand_core::SeedableRng};
//! use roadveil_crypto::{SigningKey, zss};
//!
//! const DOMAIN: &str = "ROADVEIL-EXAMPLE-V1-BEACON";
//! # let mut rng = ChaCha12Rng::from_seed([1; 32]);
//! let key = SigningKey::random(&mut rng);
//! let signature = zss::sign(&key, DOMAIN, b"here I am").expect("but for a chance of 2^-255");
//!
//! assert!(zss::verify(key.public().bytes(), DOMAIN, b"here I am", &signature));
//! assert!(!zss::verify(key.public().bytes(), DOMAIN, b"there I am", &signature));
//! ```

use zeroize::Zeroizing;

use crate::group::{G1, G2, Scalar, g1_generator_mul, pairing_product};
use crate::hash::Transcript;
use crate::ops::{Charge, Op};
use crate::schnorr::SigningKey;
use crate::wire::{G1Bytes, G2Bytes};

const SCHEME: &str = "ROADVEIL-ZSS-V1";

/// What signing costs: one multiplication in G2.
pub const SIGN: Charge = Charge::of(Op::G2Mul, 1);

/// What verifying costs: one multiplication and one pairing, beside `e(P, P')`, which is known.
pub const VERIFY: Charge = Charge::of(Op::G1Mul, 1).and(Op::Pairing, 1);

fn challenge(domain: &'static str, key: &G1Bytes, msg: &[u8]) -> Scalar {
    let mut transcript = Transcript::new(SCHEME);
    transcript
        .append("domain", domain.as_bytes())
        .append("key", key.as_ref())
        .append("message", msg);
    transcript.scalar()
}

/// Signs a message. `None` if `x + h = 0`, which has a chance of about 2^-255: such a message has no signature.
///
/// # Cost
///
/// One inversion, one [`Op::G2Mul`] and one [`Op::HashToScalar`].
#[must_use]
pub fn sign(key: &SigningKey, domain: &'static str, msg: &[u8]) -> Option<G2Bytes> {
    let h = challenge(domain, key.public().bytes(), msg);
    let inverse = Zeroizing::new(Zeroizing::new(*key.secret() + h).invert()?);
    Some(G2::generator().mul(&inverse).encode())
}

/// Whether `signature` is that of `msg` in `domain` under `key`.
///
/// # Cost
///
/// One [`Op::DecodeG1`], one [`Op::DecodeG2`], one [`Op::G1Mul`] and a product of two pairings.
///
/// # Leaks
///
/// Everything, by its time: all of it is public.
#[must_use]
pub fn verify(key: &G1Bytes, domain: &'static str, msg: &[u8], signature: &G2Bytes) -> bool {
    let (Ok(y), Ok(sigma)) = (G1::decode(key), G2::decode(signature)) else {
        return false;
    };
    let left = y + g1_generator_mul(&challenge(domain, key, msg));
    pairing_product(&[(left, sigma), (-G1::generator(), G2::generator())]).is_identity()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::pairing;
    use proptest::prelude::*;

    const DOMAIN: &str = "ROADVEIL-TEST-V1";

    fn key(secret: u64) -> SigningKey {
        SigningKey::from_scalar(&Scalar::from_u64(secret)).expect("not zero")
    }

    fn signed(secret: u64, msg: &[u8]) -> (G1Bytes, G2Bytes) {
        let key = key(secret);
        (*key.public().bytes(), sign(&key, DOMAIN, msg).expect("has one"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_is_signed_verifies_and_nothing_else(secret in 1u64.., msg in any::<Vec<u8>>(), bit in 0usize..768) {
            let (y, sigma) = signed(secret, &msg);
            prop_assert!(verify(&y, DOMAIN, &msg, &sigma));
            prop_assert!(!verify(&y, "ROADVEIL-TEST-V2", &msg, &sigma));
            prop_assert!(!verify(&y, DOMAIN, &[&msg[..], &[0]].concat(), &sigma));
            let other = key(secret ^ 1 << 40 | 1 << 41);
            prop_assert!(other.public().bytes() == &y || !verify(other.public().bytes(), DOMAIN, &msg, &sigma));
            let mut broken = sigma;
            broken.0[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify(&y, DOMAIN, &msg, &broken));
        }
    }

    /// The published equation: `e(Y + hP, sigma) = e(P, P')`, by its own pairings.
    #[test]
    fn the_published_equation_holds() {
        let (y, sigma) = signed(99, b"here");
        let h = challenge(DOMAIN, &y, b"here");
        let (y, sigma) = (G1::decode(&y).expect("a point"), G2::decode(&sigma).expect("a point"));
        let left = y + G1::generator().mul(&h);
        assert_eq!(pairing(&left, &sigma), pairing(&G1::generator(), &G2::generator()));
        // By hand: the secret is known here.
        let inverse = (Scalar::from_u64(99) + h).invert().expect("not zero");
        assert_eq!(sigma, G2::generator().mul(&inverse));
    }

    #[test]
    fn signing_draws_nothing() {
        assert_eq!(signed(5, b"same"), signed(5, b"same"));
    }

    #[test]
    fn what_is_no_point_does_not_verify() {
        let (y, sigma) = signed(5, b"here");
        let identity = G2::identity().encode();
        assert!(!verify(&y, DOMAIN, b"here", &identity));
        assert!(!verify(&G1::identity().encode(), DOMAIN, b"here", &sigma));
        assert!(!verify(&crate::wire::ByteArray([0xff; 48]), DOMAIN, b"here", &sigma));
    }
}
