//! Schnorr signatures over G1, with the generator as base point.
//!
//! A key is `Y = xP`. To sign, `R = kP`, `z = H(domain, Y, R, message)` of 128 bits, `s = k + zx`;
//! the signature is `(z, s)` of 48 bytes. To verify, recompute `R' = sP - zY` and compare
//! `H(domain, Y, R', message)` with `z`: only the key is ever decoded, and it can be prepared
//! once. This is Schnorr's original form (1991); 128 bits of challenge give 128 bits of security
//! (Neven, Smart and Warinschi, 2009).
//!
//! The form `(R, s)` of 80 bytes can be verified in batches, see [`verify_batch`]. It pays only
//! where single checks have no tables: it has to decode every `R`.
//!
//! ```
//! # use chacha20::{ChaCha12Rng, rand_core::SeedableRng};
//! use roadveil_crypto::schnorr::verify;
//! use roadveil_crypto::{PreparedKey, SigningKey};
//!
//! const DOMAIN: &str = "ROADVEIL-EXAMPLE-V1-BEACON";
//! # let mut rng = ChaCha12Rng::from_seed([1; 32]);
//! let key = SigningKey::random(&mut rng);
//! let signature = key.sign(b"here I am", DOMAIN, &mut rng);
//!
//! assert!(verify(&key.public(), DOMAIN, b"here I am", &signature));
//! let often = PreparedKey::new(key.public().bytes())?;
//! assert!(!verify(&often, DOMAIN, b"there I am", &signature));
//! # Ok::<(), roadveil_crypto::DecodeError>(())
//! ```

use std::fmt;

use postcard_schema::Schema;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::group::{DecodeError, G1, G1Comb, Scalar, g1_generator_mul, generator_table};
use crate::hash::Transcript;
use crate::ops::Op;
use crate::secret::SecretBytes;
use crate::tally;
use crate::wire::{G1Bytes, ScalarBytes, ShortScalarBytes};

mod batch;

pub use batch::{BatchItem, SignatureR, batch_charge, batches_asked, invalid_in_batch, verify_batch};

/// The scheme, as checks name it and as challenges are separated by.
pub const SCHEME: &str = "ROADVEIL-SCHNORR-V1";

/// How many teeth the comb of a prepared key has. With 6 it takes 6 KiB, so the keys of some
/// thousand signers fit into a host's caches; 8 would save a sixth of the time of a verification
/// for four times the memory and three times the time to build.
const TEETH: usize = 6;

/// A public key as it travels: an encoded point, not validated yet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, Schema)]
pub struct PublicKey(pub G1Bytes);

impl PublicKey {
    /// The bytes of the point.
    #[must_use]
    pub const fn bytes(&self) -> &G1Bytes {
        &self.0
    }
}

impl From<G1Bytes> for PublicKey {
    fn from(bytes: G1Bytes) -> PublicKey {
        PublicKey(bytes)
    }
}

/// A signature: challenge and response, 48 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, Schema)]
pub struct Signature {
    /// The challenge.
    pub z: ShortScalarBytes,
    /// The response.
    pub s: ScalarBytes,
}

/// A secret key, wiped when dropped.
#[derive(Clone)]
pub struct SigningKey {
    secret: Zeroizing<Scalar>,
    public: PublicKey,
}

impl SigningKey {
    /// Draws a key.
    ///
    /// # Cost
    ///
    /// One [`Op::G1Mul`].
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> SigningKey {
        SigningKey::of(Zeroizing::new(Scalar::random(rng)))
    }

    /// The key of a secret that a protocol derived; `None` for zero, whose public key would be
    /// the identity.
    ///
    /// # Cost
    ///
    /// One [`Op::G1Mul`].
    #[must_use]
    pub fn from_scalar(secret: &Scalar) -> Option<SigningKey> {
        (!secret.is_zero()).then(|| SigningKey::of(Zeroizing::new(*secret)))
    }

    fn of(secret: Zeroizing<Scalar>) -> SigningKey {
        let public = PublicKey(g1_generator_mul(&secret).encode());
        SigningKey { secret, public }
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The secret, for proofs about it.
    #[must_use]
    pub fn secret(&self) -> &Scalar {
        &self.secret
    }

    /// Signs a message.
    ///
    /// The nonce is hedged: a hash of key, domain, message and a draw. So it neither repeats when
    /// a stream of randomness does, nor can be told without the key.
    ///
    /// # Cost
    ///
    /// One [`Op::G1Mul`] and two [`Op::HashToScalar`].
    ///
    /// # Leaks
    ///
    /// The nonce, by the time and memory access of a table walk.
    pub fn sign<R: CryptoRng + ?Sized>(&self, msg: &[u8], domain: &'static str, rng: &mut R) -> Signature {
        self.sign_hedged(msg, domain, &SecretBytes::random(rng))
    }

    /// Signs a message with a draw made before: for whoever signs where there is no randomness.
    ///
    /// # Cost
    ///
    /// As [`sign`](SigningKey::sign), which draws and then does this.
    ///
    /// # Leaks
    ///
    /// As [`sign`](SigningKey::sign).
    #[must_use]
    pub fn sign_hedged(&self, msg: &[u8], domain: &'static str, draw: &SecretBytes<32>) -> Signature {
        let (signature, _) = self.sign_both(msg, domain, draw);
        signature
    }

    /// Signs a message, in the form that batches verify.
    ///
    /// # Cost
    ///
    /// As [`sign`](SigningKey::sign).
    ///
    /// # Leaks
    ///
    /// As [`sign`](SigningKey::sign).
    pub fn sign_r<R: CryptoRng + ?Sized>(&self, msg: &[u8], domain: &'static str, rng: &mut R) -> SignatureR {
        self.sign_r_hedged(msg, domain, &SecretBytes::random(rng))
    }

    /// Signs a message, in the form that batches verify, with a draw made before.
    ///
    /// # Cost
    ///
    /// As [`sign`](SigningKey::sign).
    ///
    /// # Leaks
    ///
    /// As [`sign`](SigningKey::sign).
    #[must_use]
    pub fn sign_r_hedged(&self, msg: &[u8], domain: &'static str, draw: &SecretBytes<32>) -> SignatureR {
        let (Signature { s, .. }, r) = self.sign_both(msg, domain, draw);
        SignatureR { r, s }
    }

    fn sign_both(&self, msg: &[u8], domain: &'static str, draw: &SecretBytes<32>) -> (Signature, G1Bytes) {
        let nonce = self.nonce(msg, domain, draw);
        let r = g1_generator_mul(&nonce).encode();
        let z = challenge(domain, &self.public.0, &r, msg);
        let s = (*nonce + Scalar::from(z) * *self.secret).to_bytes();
        (Signature { z, s }, r)
    }

    fn nonce(&self, msg: &[u8], domain: &'static str, draw: &SecretBytes<32>) -> Zeroizing<Scalar> {
        let mut key = self.secret.to_bytes();
        let mut transcript = Transcript::new("ROADVEIL-SCHNORR-V1-NONCE");
        transcript
            .append("key", key.as_ref())
            .append("domain", domain.as_bytes())
            .append("message", msg)
            .append("draw", draw.expose());
        key.0.zeroize();
        // Zero, which would give the key away, has probability 2^-255 and is hashed again.
        loop {
            let nonce = Zeroizing::new(transcript.scalar());
            if !nonce.is_zero() {
                return nonce;
            }
            transcript.append("again", b"");
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {})", self.public.0)
    }
}

/// `H(domain, Y, R, message)`. The key is in it, so a signature holds under one key only.
fn challenge(domain: &'static str, key: &G1Bytes, r: &G1Bytes, msg: &[u8]) -> ShortScalarBytes {
    let mut transcript = Transcript::new(SCHEME);
    transcript
        .append("domain", domain.as_bytes())
        .append("key", key.as_ref())
        .append("commitment", r.as_ref())
        .append("message", msg);
    transcript.short()
}

/// A public key that was validated, with a comb: for a key that is to verify more than once.
#[derive(Clone, Debug)]
pub struct PreparedKey {
    bytes: G1Bytes,
    point: G1,
    comb: G1Comb,
}

impl PreparedKey {
    /// Decodes and prepares a key.
    ///
    /// # Errors
    ///
    /// A [`DecodeError`] if it is no valid point.
    ///
    /// # Cost
    ///
    /// One [`Op::DecodeG1`], and the time of about one multiplication for the comb.
    pub fn new(key: &G1Bytes) -> Result<PreparedKey, DecodeError> {
        G1::decode(key).map(PreparedKey::from_point)
    }

    /// Prepares a key that was decoded already.
    #[must_use]
    pub fn from_point(point: G1) -> PreparedKey {
        PreparedKey {
            bytes: point.encode(),
            point,
            comb: G1Comb::new(&point, TEETH),
        }
    }

    /// The key's encoding.
    #[must_use]
    pub fn bytes(&self) -> &G1Bytes {
        &self.bytes
    }

    /// The key's point.
    #[must_use]
    pub fn point(&self) -> &G1 {
        &self.point
    }
}

/// What verifies signatures: an encoded key, which is decoded each time, or a [`PreparedKey`].
pub trait VerifyingKey: Send + Sync {
    /// The encoding, as challenges hash it.
    fn encoding(&self) -> &G1Bytes;

    /// The point, or `None` if there is no valid one.
    fn validated(&self) -> Option<G1>;

    /// `zY`, or `None` if there is no valid key.
    fn times(&self, z: &ShortScalarBytes) -> Option<G1>;
}

impl VerifyingKey for G1Bytes {
    fn encoding(&self) -> &G1Bytes {
        self
    }

    fn validated(&self) -> Option<G1> {
        G1::decode(self).ok()
    }

    fn times(&self, z: &ShortScalarBytes) -> Option<G1> {
        Some(self.validated()?.mul(&Scalar::from(*z)))
    }
}

impl VerifyingKey for PublicKey {
    fn encoding(&self) -> &G1Bytes {
        &self.0
    }

    fn validated(&self) -> Option<G1> {
        self.0.validated()
    }

    fn times(&self, z: &ShortScalarBytes) -> Option<G1> {
        self.0.times(z)
    }
}

impl VerifyingKey for PreparedKey {
    fn encoding(&self) -> &G1Bytes {
        &self.bytes
    }

    fn validated(&self) -> Option<G1> {
        Some(self.point)
    }

    fn times(&self, z: &ShortScalarBytes) -> Option<G1> {
        Some(self.comb.mul_short(z))
    }
}

/// Whether `signature` is that of `msg` in `domain` under `key`.
///
/// # Cost
///
/// Two [`Op::G1Mul`] and one [`Op::HashToScalar`]; with an encoded key one [`Op::DecodeG1`] more.
///
/// # Leaks
///
/// Everything, by its time: all of it is public.
#[must_use]
pub fn verify<K: VerifyingKey + ?Sized>(key: &K, domain: &'static str, msg: &[u8], signature: &Signature) -> bool {
    commitment(key, signature).is_some_and(|r| challenge(domain, key.encoding(), &r.encode(), msg) == signature.z)
}

/// `sP - zY`, if key and response are valid and it is not the identity: a signer's nonce is never
/// zero, and [`SignatureR`] cannot even express it, so both forms accept the same signatures.
fn commitment<K: VerifyingKey + ?Sized>(key: &K, signature: &Signature) -> Option<G1> {
    let s = Scalar::from_bytes(&signature.s).ok()?;
    let mut sum = -key.times(&signature.z)?;
    let _span = tally::add(Op::G1Mul, 1);
    generator_table().accumulate(&mut sum.0, &*s.to_little_endian(), 255);
    (!sum.is_identity()).then_some(sum)
}
