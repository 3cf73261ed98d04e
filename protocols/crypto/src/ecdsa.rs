//! ECDSA over P-256 with SHA-256, for protocols of ordinary certificates: thin over `p256`.
//!
//! Nonces are deterministic (RFC 6979), keys are compressed (SEC 1), signatures are `(r, s)` of 64 bytes with the smaller
//! `s`; the larger one is refused, so that nobody makes a second signature of a first.

use std::fmt;
use std::sync::Arc;

use p256::ecdsa as raw;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use zeroize::Zeroizing;

use crate::check::{CheckDigest, Host, Question};
use crate::hash::Transcript;
use crate::ops::{Charge, Op};
use crate::secret::SecretBytes;
use crate::tally;
use crate::wire::ByteArray;

mod batch;

pub use batch::{P256BatchItem, P256SignatureR, verify_batch};

/// The scheme, as checks name it.
pub const SCHEME: &str = "ROADVEIL-ECDSA-P256-V1";

/// A public key: a compressed point, not validated yet.
pub type P256Key = ByteArray<33>;
/// A signature: `r` and `s`, big-endian.
pub type P256Signature = ByteArray<64>;

/// How often a key is derived again where a digest is no scalar; each time has a chance of about 2^-32.
const DERIVATIONS: u64 = 8;

/// A secret key. Overwritten when dropped; never printed.
#[derive(Clone)]
pub struct P256SigningKey {
    key: raw::SigningKey,
    public: P256Key,
}

impl P256SigningKey {
    /// The key that follows from a secret and a number: one of many that a seed stands for.
    ///
    /// # Panics
    ///
    /// With a chance of about 2^-256.
    ///
    /// # Cost
    ///
    /// One multiplication on the curve, uncounted.
    #[must_use]
    pub fn derive(seed: &SecretBytes<32>, domain: &'static str, index: u64) -> P256SigningKey {
        let mut transcript = Transcript::new(domain);
        transcript.append("seed", seed.expose()).append_u64("index", index);
        let derive = |attempt| {
            let digest = Zeroizing::new(transcript.clone().append_u64("attempt", attempt).digest().0);
            raw::SigningKey::from_slice(digest.as_ref()).ok()
        };
        match (0..DERIVATIONS).find_map(derive) {
            Some(key) => P256SigningKey::new(key),
            None => unreachable!("eight digests in a row were no scalars"),
        }
    }

    fn new(key: raw::SigningKey) -> P256SigningKey {
        let mut public = [0; 33];
        public.copy_from_slice(key.verifying_key().to_sec1_point(true).as_bytes());
        P256SigningKey {
            public: ByteArray(public),
            key,
        }
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> &P256Key {
        &self.public
    }

    /// Signs a message in a domain.
    ///
    /// # Cost
    ///
    /// One [`Op::EcdsaSign`].
    #[must_use]
    pub fn sign(&self, domain: &'static str, message: &[u8]) -> P256Signature {
        let _span = tally::add(Op::EcdsaSign, 1);
        let signature: raw::Signature = self.key.sign(&framed(domain, message));
        let mut bytes = [0; 64];
        bytes.copy_from_slice(&signature.normalize_s().to_bytes());
        ByteArray(bytes)
    }
}

impl fmt::Debug for P256SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P256SigningKey(..)")
    }
}

/// What is signed: the domain with its length, then the message.
fn framed(domain: &'static str, message: &[u8]) -> Vec<u8> {
    [&(domain.len() as u64).to_le_bytes(), domain.as_bytes(), message].concat()
}

/// Whether a signature holds.
///
/// # Cost
///
/// One [`Op::EcdsaVerify`], with the decoding of the key.
#[must_use]
pub fn verify(key: &P256Key, domain: &'static str, message: &[u8], signature: &P256Signature) -> bool {
    let _span = tally::add(Op::EcdsaVerify, 1);
    let Ok(key) = raw::VerifyingKey::from_sec1_bytes(&key.0) else {
        return false;
    };
    let Ok(signature) = raw::Signature::from_slice(&signature.0) else {
        return false;
    };
    signature.normalize_s() == signature && key.verify(&framed(domain, message), &signature).is_ok()
}

/// Whether an ECDSA signature holds: the check of [`verify`].
#[derive(Clone, Debug)]
pub struct EcdsaCheck {
    /// The domain in which it was signed.
    pub domain: &'static str,
    /// The signer's key.
    pub key: P256Key,
    /// What was signed.
    pub message: Arc<[u8]>,
    /// The signature.
    pub signature: P256Signature,
}

impl Question for EcdsaCheck {
    fn scheme(&self) -> &'static str {
        SCHEME
    }

    fn inputs(&self, digest: &mut CheckDigest) {
        digest
            .append("domain", self.domain.as_bytes())
            .append("key", self.key.as_ref())
            .append("message", &self.message)
            .append("signature", self.signature.as_ref());
    }

    fn charge(&self) -> Charge {
        Charge::of(Op::EcdsaVerify, 1)
    }

    fn answer(&self, _: &Host) -> bool {
        verify(&self.key, self.domain, &self.message, &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Check;

    const DOMAIN: &str = "ROADVEIL-TEST-V1";

    fn key(index: u64) -> P256SigningKey {
        P256SigningKey::derive(&SecretBytes::new([1; 32]), DOMAIN, index)
    }

    #[test]
    fn what_is_signed_holds_and_nothing_else() {
        let key = key(0);
        let signature = key.sign(DOMAIN, b"message");
        assert_eq!(signature, key.sign(DOMAIN, b"message"), "deterministic");
        assert!(verify(key.public(), DOMAIN, b"message", &signature));
        assert!(!verify(key.public(), DOMAIN, b"massage", &signature));
        assert!(!verify(key.public(), "ROADVEIL-TEST-V2", b"message", &signature));
        assert!(!verify(self::key(1).public(), DOMAIN, b"message", &signature));
        for bit in (0..512).step_by(37) {
            let mut altered = signature;
            altered.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(key.public(), DOMAIN, b"message", &altered));
        }
    }

    #[test]
    fn what_is_no_key_or_no_signature_is_refused() {
        let key = key(0);
        let signature = key.sign(DOMAIN, b"message");
        for wrong in [ByteArray([0; 33]), ByteArray([0xff; 33]), ByteArray([2; 33])] {
            assert!(!verify(&wrong, DOMAIN, b"message", &signature));
        }
        for wrong in [ByteArray([0; 64]), ByteArray([0xff; 64])] {
            assert!(!verify(key.public(), DOMAIN, b"message", &wrong));
        }
    }

    /// `(r, q - s)` holds as well for who does not look.
    #[test]
    fn the_other_s_is_refused() {
        let key = key(0);
        let signature = raw::Signature::from_slice(&key.sign(DOMAIN, b"message").0).expect("a signature");
        let (r, s) = signature.split_scalars();
        let other = raw::Signature::from_scalars(*r, -*s).expect("a signature");
        assert!(
            key.key
                .verifying_key()
                .verify(&framed(DOMAIN, b"message"), &other)
                .is_ok()
        );
        let other = ByteArray(other.to_bytes().as_slice().try_into().expect("64 bytes"));
        assert!(!verify(key.public(), DOMAIN, b"message", &other));
    }

    #[test]
    fn a_check_asks_the_same_and_costs_one() {
        let key = key(0);
        let check = Check::new(EcdsaCheck {
            domain: DOMAIN,
            key: *key.public(),
            message: Arc::from(*b"message"),
            signature: key.sign(DOMAIN, b"message"),
        });
        assert_eq!(check.charge(), Charge::of(Op::EcdsaVerify, 1));
        tally::take();
        assert!(check.answer(&Host::new(4)).is_valid());
        assert_eq!(tally::take(), Charge::of(Op::EcdsaVerify, 1));
        assert_eq!(format!("{key:?}"), "P256SigningKey(..)");
    }
}
