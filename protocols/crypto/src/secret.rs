//! Secret byte strings: wiped when dropped, compared in constant time, never printed.

use std::fmt;

use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// `N` secret bytes.
///
/// # Leaks
///
/// Nothing by comparison; the length is public. `Debug` shows the length only.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes<const N: usize>([u8; N]);

impl<const N: usize> SecretBytes<N> {
    /// Takes over these bytes. The caller's copy, if it keeps one, is the caller's to wipe.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        SecretBytes(bytes)
    }

    /// Draws them.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut secret = SecretBytes([0; N]);
        rng.fill_bytes(&mut secret.0);
        secret
    }

    /// The bytes, for the one place that needs them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> ConstantTimeEq for SecretBytes<N> {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl<const N: usize> PartialEq for SecretBytes<N> {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl<const N: usize> Eq for SecretBytes<N> {}

impl<const N: usize> fmt::Debug for SecretBytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes<{N}>(..)")
    }
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
#[must_use]
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha12Rng;
    use chacha20::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn equality_is_of_every_byte() {
        let secret = SecretBytes::new([7; 32]);
        assert_eq!(secret, secret.clone());
        for i in 0..32 {
            let mut other = [7; 32];
            other[i] ^= 0x80;
            assert_ne!(secret, SecretBytes::new(other));
        }
        assert!(ct_eq(b"", b"") && ct_eq(b"ab", b"ab"));
        assert!(!ct_eq(b"ab", b"abc") && !ct_eq(b"ab", b"aB"));
    }

    #[test]
    fn nothing_is_printed() {
        let secret = SecretBytes::new([0xab; 4]);
        assert_eq!(format!("{secret:?}"), "SecretBytes<4>(..)");
    }

    #[test]
    fn wiping_leaves_zeroes() {
        let mut secret = SecretBytes::new([0xab; 16]);
        secret.zeroize();
        assert_eq!(secret.expose(), &[0; 16]);
    }

    #[test]
    fn draws_follow_the_stream() {
        let mut rng = ChaCha12Rng::from_seed([1; 32]);
        let first = SecretBytes::<32>::random(&mut rng);
        let second = SecretBytes::<32>::random(&mut rng);
        assert_ne!(first, second);
        assert_eq!(first, SecretBytes::random(&mut ChaCha12Rng::from_seed([1; 32])));
    }
}
