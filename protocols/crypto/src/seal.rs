//! Sealing: X25519 agreement, keys by HKDF-SHA-256, AES-256-GCM.
//!
//! A key is derived from a shared secret with everything public in the exchange as salt and the
//! protocol and the direction as info, and seals one message. Both are held by types: sealing
//! consumes the [`SealKey`], and what may be kept and copied, an [`OpenKey`], cannot seal. So a
//! nonce is never used twice under a key, and a retry has to resend the bytes it has.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use x25519_dalek::StaticSecret;
use zeroize::{Zeroize, Zeroizing};

use crate::ops::Op;
use crate::secret::SecretBytes;
use crate::tally;
use crate::wire::ByteArray;

/// By how many bytes a sealed message is longer than its plaintext: the authentication tag.
pub const OVERHEAD: usize = 16;

/// What version of the derivation and of the cipher the keys are for.
const DOMAIN: &str = "ROADVEIL-SEAL-V1";

/// A number that tells apart what is sealed in one exchange.
///
/// Since each key seals one message, it need not be unique for secrecy; it says which message of
/// the protocol this is, so that a sealed request never opens as an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Nonce(pub u64);

impl Nonce {
    /// A nonce of this number.
    #[must_use]
    pub const fn new(number: u64) -> Nonce {
        Nonce(number)
    }

    /// 96 bits, big-endian.
    fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[4..].copy_from_slice(&self.0.to_be_bytes());
        bytes
    }
}

impl From<u64> for Nonce {
    fn from(number: u64) -> Nonce {
        Nonce(number)
    }
}

/// Why a sealed message does not open: nothing more than this is to be learnt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("open a sealed message: it was not sealed so under this key")]
pub struct OpenError;

/// Why an agreement was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("agree on a secret: the other share leads to zero, whatever ours is")]
pub struct AllZero;

/// A key for one message in one direction.
///
/// It is not `Clone`, and sealing consumes it. A role that waits for an answer keeps an
/// [`OpenKey`]; one that has yet to answer keeps what its key is derived from.
pub struct SealKey(OpenKey);

/// A key that opens, and can be kept and copied.
#[derive(Clone)]
pub struct OpenKey(SecretBytes<32>);

/// Derives the key of one direction of an exchange.
///
/// `shared` are the secrets, `salt` everything public in the exchange, `direction` who seals, such
/// as `vehicle to rsu`. All are framed: parts do not run into each other.
///
/// # Cost
///
/// One [`Op::Hkdf`].
///
/// # Leaks
///
/// The lengths.
#[must_use]
pub fn derive_key(
    shared: &[&[u8]],
    salt: &[&[u8]],
    info_protocol: &'static str,
    direction: &'static str,
) -> SealKey {
    tally::add(Op::Hkdf, 1);
    let shared = Zeroizing::new(frames(shared));
    let info = frames(&[
        DOMAIN.as_bytes(),
        info_protocol.as_bytes(),
        direction.as_bytes(),
    ]);
    let hkdf = Hkdf::<Sha256>::new(Some(&frames(salt)), &shared);
    let mut key = [0; 32];
    hkdf.expand(&info, &mut key)
        // Impossible: HKDF-SHA-256 refuses only outputs above 8160 bytes.
        .expect("32 bytes are within what HKDF gives");
    let sealed = SealKey(OpenKey(SecretBytes::new(key)));
    key.zeroize();
    sealed
}

/// A count, then a length and its bytes for each part: no list is a prefix of another, which also
/// keeps salts apart that HMAC would pad with zeroes.
fn frames(parts: &[&[u8]]) -> Vec<u8> {
    let len = parts.iter().map(|part| 8 + part.len()).sum::<usize>();
    // Never grown, so a secret leaves no copy behind.
    let mut out = Vec::with_capacity(8 + len);
    out.extend_from_slice(&(parts.len() as u64).to_le_bytes());
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_le_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// How many [`Op::AesGcmBlock`]s sealing or opening takes: those of the associated data and of the
/// text, and the one of their lengths.
#[must_use]
pub fn blocks(aad_len: usize, text_len: usize) -> u32 {
    let blocks = aad_len.div_ceil(16) + text_len.div_ceil(16) + 1;
    u32::try_from(blocks).unwrap_or(u32::MAX)
}

impl SealKey {
    /// Seals a message; the key is used up.
    ///
    /// # Cost
    ///
    /// [`blocks`] of [`Op::AesGcmBlock`].
    ///
    /// # Leaks
    ///
    /// The lengths.
    #[must_use]
    pub fn seal(self, nonce: Nonce, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        tally::add(Op::AesGcmBlock, blocks(aad.len(), plaintext.len()) as usize);
        let payload = Payload {
            msg: plaintext,
            aad,
        };
        self.0
            .cipher()
            .encrypt(&nonce.to_bytes().into(), payload)
            // Impossible: GCM refuses only messages above 64 GiB.
            .expect("a message is shorter than 64 GiB")
    }

    /// Opens a message of the other end, which derived the same key.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if any bit of nonce, associated data or message is not as it was sealed.
    pub fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.0.open(nonce, aad, sealed)
    }

    /// Gives up sealing, for a key that can be kept until the other end's message comes.
    #[must_use]
    pub fn into_open_key(self) -> OpenKey {
        self.0
    }
}

impl OpenKey {
    /// Opens a message of the other end, which derived the same key.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if any bit of nonce, associated data or message is not as it was sealed.
    ///
    /// # Cost
    ///
    /// [`blocks`] of [`Op::AesGcmBlock`].
    ///
    /// # Leaks
    ///
    /// The lengths, and whether it opened.
    pub fn open(
        &self,
        nonce: Nonce,
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let text_len = sealed.len().saturating_sub(OVERHEAD);
        tally::add(Op::AesGcmBlock, blocks(aad.len(), text_len) as usize);
        self.cipher()
            .decrypt(&nonce.to_bytes().into(), Payload { msg: sealed, aad })
            .map(Zeroizing::new)
            .map_err(|_| OpenError)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.0.expose().into())
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

impl fmt::Debug for OpenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenKey(..)")
    }
}

/// One end's secret of an X25519 agreement (RFC 7748), wiped when dropped.
#[derive(Clone)]
pub struct EphemeralShare(StaticSecret);

impl EphemeralShare {
    /// Draws a secret.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> EphemeralShare {
        EphemeralShare(StaticSecret::random_from_rng(rng))
    }

    /// What the other end is sent.
    ///
    /// # Cost
    ///
    /// One [`Op::X25519`].
    #[must_use]
    pub fn public(&self) -> ByteArray<32> {
        tally::add(Op::X25519, 1);
        ByteArray(x25519_dalek::PublicKey::from(&self.0).to_bytes())
    }

    /// The secret shared with the end that sent `other`.
    ///
    /// # Errors
    ///
    /// [`AllZero`] if `other` is a point of small order, with which the secret would be known to
    /// everybody (RFC 7748, section 6.1).
    ///
    /// # Cost
    ///
    /// One [`Op::X25519`].
    ///
    /// # Leaks
    ///
    /// Nothing but that it failed.
    pub fn agree(&self, other: &ByteArray<32>) -> Result<SharedSecret, AllZero> {
        tally::add(Op::X25519, 1);
        let shared = self.0.diffie_hellman(&other.0.into());
        if shared.as_bytes().ct_eq(&[0; 32]).into() {
            return Err(AllZero);
        }
        Ok(SharedSecret(SecretBytes::new(shared.to_bytes())))
    }
}

impl From<SecretBytes<32>> for EphemeralShare {
    fn from(secret: SecretBytes<32>) -> EphemeralShare {
        EphemeralShare(StaticSecret::from(*secret.expose()))
    }
}

impl fmt::Debug for EphemeralShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EphemeralShare(..)")
    }
}

/// What both ends of an agreement know, and nobody else: an input of [`derive_key`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedSecret(SecretBytes<32>);

impl SharedSecret {
    /// The bytes, for deriving keys.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

impl AsRef<[u8]> for SharedSecret {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}
