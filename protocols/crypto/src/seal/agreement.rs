//! Agreement on a secret over X25519.

use std::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use x25519_dalek::StaticSecret;

use crate::ops::Op;
use crate::secret::SecretBytes;
use crate::tally;
use crate::wire::ByteArray;

/// Why an agreement was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("agree on a secret: the other share leads to zero, whatever ours is")]
pub struct AllZero;

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
        let _span = tally::add(Op::X25519, 1);
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
        let _span = tally::add(Op::X25519, 1);
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

/// What both ends of an agreement know, and nobody else: an input of
/// [`derive_key`](super::derive_key).
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

/// The vectors of RFC 7748.
#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> [u8; 32] {
        ByteArray::from_hex(text).expect("hexadecimal").0
    }

    fn x25519(scalar: [u8; 32], u: [u8; 32]) -> [u8; 32] {
        let shared = EphemeralShare::from(SecretBytes::new(scalar)).agree(&ByteArray(u));
        *shared.expect("not zero").as_bytes()
    }

    #[test]
    fn section_5_2() {
        for (scalar, u, expected) in [
            (
                "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
            ),
            (
                "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
            ),
        ] {
            assert_eq!(x25519(hex(scalar), hex(u)), hex(expected));
        }
    }

    #[test]
    fn section_5_2_iterated() {
        let mut u = [0; 32];
        u[0] = 9;
        let mut scalar = u;
        for i in 1..=1000 {
            (scalar, u) = (x25519(scalar, u), scalar);
            match i {
                1 => assert_eq!(
                    scalar,
                    hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
                ),
                1000 => assert_eq!(
                    scalar,
                    hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")
                ),
                _ => {}
            }
        }
    }

    #[test]
    fn section_6_1() {
        let end = |secret| EphemeralShare::from(SecretBytes::new(hex(secret)));
        let alice = end("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let bob = end("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        assert_eq!(
            alice.public().0,
            hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        );
        assert_eq!(
            bob.public().0,
            hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        );
        let shared = alice.agree(&bob.public());
        assert_eq!(shared, bob.agree(&alice.public()));
        assert_eq!(
            shared.expect("not zero").as_ref(),
            hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
        );
    }

    /// All points of small order, and their encodings that are not canonical.
    #[test]
    fn shares_that_lead_to_zero_are_refused() {
        let ours = EphemeralShare::from(SecretBytes::new([0x55; 32]));
        for share in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let mut share = ByteArray(hex(share));
            assert_eq!(ours.agree(&share), Err(AllZero), "{share}");
            // The highest bit is ignored.
            share.0[31] |= 0x80;
            assert_eq!(ours.agree(&share), Err(AllZero), "{share}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let ours = EphemeralShare::from(SecretBytes::new([0xab; 32]));
        let mut nine = ByteArray([0; 32]);
        nine.0[0] = 9;
        assert_eq!(format!("{ours:?}"), "EphemeralShare(..)");
        let shared = ours.agree(&nine).expect("the base point is of large order");
        assert_eq!(format!("{shared:?}"), "SharedSecret(SecretBytes<32>(..))");
    }
}
