//! Sealing: X25519 agreement, keys by HKDF-SHA-256, AES-256-GCM.
//!
//! A key is derived from a shared secret with everything public in the exchange as salt and the
//! protocol and the direction as info, and seals one message. Both are held by types: sealing
//! consumes the [`SealKey`], and what may be kept and copied, an [`OpenKey`], cannot seal. So a
//! nonce is never used twice under a key, and a retry has to resend the bytes it has.
//!
//! ```
//! # use chacha20::{ChaCha12Rng, rand_core::SeedableRng};
//! use roadveil_crypto::{EphemeralShare, Nonce, derive_key};
//!
//! # let mut rng = ChaCha12Rng::from_seed([1; 32]);
//! let (vehicle, rsu) = (EphemeralShare::random(&mut rng), EphemeralShare::random(&mut rng));
//! let (to_rsu, to_vehicle) = (vehicle.public(), rsu.public());
//! let public: [&[u8]; 2] = [to_rsu.as_ref(), to_vehicle.as_ref()];
//!
//! let shared = vehicle.agree(&to_vehicle)?;
//! let key = derive_key(&[shared.as_ref()], &public, "EXAMPLE", "vehicle to rsu");
//! let sealed = key.seal(Nonce(1), b"header", b"request");
//!
//! let shared = rsu.agree(&to_rsu)?;
//! let key = derive_key(&[shared.as_ref()], &public, "EXAMPLE", "vehicle to rsu");
//! assert_eq!(*key.open(Nonce(1), b"header", &sealed)?, b"request");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A key that has sealed is gone:
//!
//! ```compile_fail,E0382
//! # use roadveil_crypto::{Nonce, derive_key};
//! let key = derive_key(&[b"shared"], &[], "EXAMPLE", "up");
//! let first = key.seal(Nonce(1), b"", b"one");
//! let second = key.seal(Nonce(1), b"", b"two");
//! ```
//!
//! and one that is kept for the answer cannot seal:
//!
//! ```compile_fail,E0599
//! # use roadveil_crypto::{Nonce, derive_key};
//! let kept = derive_key(&[b"shared"], &[], "EXAMPLE", "down").into_open_key();
//! let sealed = kept.seal(Nonce(1), b"", b"answer");
//! ```

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::ops::Op;
use crate::secret::SecretBytes;
use crate::tally;

mod agreement;
mod gcm;

pub use agreement::{AllZero, EphemeralShare, SharedSecret};
pub use gcm::OVERHEAD;

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
pub fn derive_key(shared: &[&[u8]], salt: &[&[u8]], info_protocol: &'static str, direction: &'static str) -> SealKey {
    let _span = tally::add(Op::Hkdf, 1);
    let shared = Zeroizing::new(frames(shared));
    let info = frames(&[DOMAIN.as_bytes(), info_protocol.as_bytes(), direction.as_bytes()]);
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
        gcm::encrypt(&self.0.0, nonce.to_bytes(), aad, plaintext)
    }

    /// Opens a message of the other end, which derived the same key.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if any bit of nonce, associated data or message is not as it was sealed.
    pub fn open(&self, nonce: Nonce, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
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
    pub fn open(&self, nonce: Nonce, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        gcm::decrypt(&self.0, nonce.to_bytes(), aad, sealed).map(Zeroizing::new)
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

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::*;

    fn key() -> SealKey {
        derive_key(&[b"shared"], &[b"a", b"b"], "TEST", "up")
    }

    /// HMAC by RFC 2104, so that the derivation is pinned without the crate that does it.
    fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let mut block = [0; 64];
        if key.len() > 64 {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let mut inner = Sha256::new_with_prefix(block.map(|b| b ^ 0x36));
        parts.iter().for_each(|part| inner.update(part));
        let outer = Sha256::new_with_prefix(block.map(|b| b ^ 0x5c));
        outer.chain_update(inner.finalize()).finalize().into()
    }

    #[test]
    fn keys_are_those_of_rfc_5869_over_frames() {
        let shared = b"\x01\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0shared";
        let salt = b"\x02\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0a\x01\0\0\0\0\0\0\0b";
        let info = b"\x03\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0ROADVEIL-SEAL-V1\
                     \x04\0\0\0\0\0\0\0TEST\x02\0\0\0\0\0\0\0up";
        let extracted = hmac(salt, &[shared]);
        let expanded = hmac(&extracted, &[info, &[1]]);
        assert_eq!(key().0.0.expose(), &expanded);
    }

    #[test]
    fn every_part_of_the_exchange_makes_another_key() {
        type Parts = &'static [&'static [u8]];
        let parts: [(Parts, Parts, _, _); 9] = [
            (&[b"shared"], &[b"a", b"b"], "TEST", "up"),
            (&[b"shares"], &[b"a", b"b"], "TEST", "up"),
            (&[b"sha", b"red"], &[b"a", b"b"], "TEST", "up"),
            (&[b"shared"], &[b"ab"], "TEST", "up"),
            (&[b"shared"], &[b"a", b"b", b""], "TEST", "up"),
            (&[b"shared"], &[b"a", b"b\0"], "TEST", "up"),
            (&[b"shared"], &[b"b", b"a"], "TEST", "up"),
            (&[b"shared"], &[b"a", b"b"], "TESTU", "p"),
            (&[b"shared"], &[b"a", b"b"], "TEST", "down"),
        ];
        let keys = parts
            .map(|(shared, salt, protocol, direction)| derive_key(shared, salt, protocol, direction).into_open_key());
        for (i, one) in keys.iter().enumerate() {
            for (j, other) in keys.iter().enumerate() {
                assert_eq!(one.0 == other.0, i == j, "{i} {j}");
            }
        }
    }

    #[test]
    fn what_is_sealed_opens_at_the_other_end() {
        for len in [0, 1, 15, 16, 17, 300] {
            let text = vec![0x5a; len];
            let sealed = key().seal(Nonce(1), b"aad", &text);
            assert_eq!(sealed.len(), len + OVERHEAD);
            let opened = key().open(Nonce(1), b"aad", &sealed);
            assert_eq!(opened.as_deref(), Ok(&text));
            let kept = key().into_open_key().clone();
            assert_eq!(kept.open(Nonce(1), b"aad", &sealed).as_deref(), Ok(&text));
        }
    }

    #[test]
    fn nothing_altered_opens() {
        let sealed = key().seal(Nonce(7), b"aad", b"text");
        let key = key();
        for bit in 0..8 * sealed.len() {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key.open(Nonce(7), b"aad", &altered), Err(OpenError));
        }
        for len in 0..sealed.len() {
            assert_eq!(key.open(Nonce(7), b"aad", &sealed[..len]), Err(OpenError));
        }
        assert_eq!(key.open(Nonce(8), b"aad", &sealed), Err(OpenError));
        assert_eq!(key.open(Nonce(7), b"aae", &sealed), Err(OpenError));
        assert_eq!(key.open(Nonce(7), b"", &sealed), Err(OpenError));
        let other = derive_key(&[b"shared"], &[b"a", b"b"], "TEST", "down");
        assert_eq!(other.open(Nonce(7), b"aad", &sealed), Err(OpenError));
    }

    #[test]
    fn operations_are_tallied() {
        tally::take();
        let _ = key().seal(Nonce(1), &[0; 17], &[0; 300]);
        let expected = crate::Charge::of(Op::Hkdf, 1).and(Op::AesGcmBlock, 2 + 19 + 1);
        assert_eq!(tally::take(), expected);
    }

    #[test]
    fn keys_are_not_printed() {
        assert_eq!(
            format!("{:?} {:?}", key(), key().into_open_key()),
            "SealKey(..) OpenKey(..)"
        );
    }
}
