//! Sums without noise: additively homomorphic ElGamal "in the exponent" over G1 of BLS12-381, the comparator whose cost local
//! differential privacy saves (Cramer, Gennaro and Schoenmakers 1997 for the form; the group is ours).
//!
//! A reading `m` in watts is `(r G, m G + r X)`. Ciphertexts add up; whoever has the secret of `X` finds the sum `M G`, and
//! `M` by baby steps and giant steps. It sees the sum alone, but an aggregator that is dishonest may have it open a single
//! ciphertext: nothing here prevents that.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use postcard_schema::Schema;
use rand_core::CryptoRng;
use roadveil_crypto::{Charge, DecodeError, G1, G1Bytes, Op, Scalar, g1_generator_mul};
use serde::{Deserialize, Serialize};

/// Baby steps.
const BABY: u64 = 1 << 12;
/// Largest sum that is found, watts: 268 MW.
pub const MOST: u64 = BABY << 16;

/// What an encryption costs: `r G`, `m G` and `r X`.
pub const ENCRYPTION: Charge = Charge::of(Op::G1Mul, 3);
/// What adding costs besides decoding: nothing that papers count.
pub const DECODING: Charge = Charge::of(Op::DecodeG1, 2);
/// What opening a sum costs besides the search.
pub const DECRYPTION: Charge = Charge::of(Op::G1Mul, 1);

/// A ciphertext on the wire: 96 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Cipher {
    /// `r G`.
    pub c1: G1Bytes,
    /// `m G + r X`.
    pub c2: G1Bytes,
}

impl Cipher {
    /// Its length.
    pub const BYTES: usize = 96;

    /// As bytes, `c1` first.
    pub fn to_bytes(self) -> Vec<u8> {
        [self.c1.0, self.c2.0].concat()
    }

    /// From bytes; the points are not validated yet.
    pub fn from_bytes(bytes: &[u8]) -> Option<Cipher> {
        let (c1, c2) = bytes.split_at_checked(48)?;
        Some(Cipher {
            c1: roadveil_crypto::ByteArray(c1.try_into().ok()?),
            c2: roadveil_crypto::ByteArray(c2.try_into().ok()?),
        })
    }
}

/// A sum of ciphertexts.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    c1: G1,
    c2: G1,
}

impl Default for Sum {
    fn default() -> Sum {
        Sum {
            c1: G1::identity(),
            c2: G1::identity(),
        }
    }
}

impl Sum {
    /// Adds another sum.
    pub fn merge(&mut self, other: &Sum) {
        self.c1 += other.c1;
        self.c2 += other.c2;
    }

    /// Adds a ciphertext, whose points are validated.
    ///
    /// # Errors
    /// If one of them is none.
    pub fn add(&mut self, cipher: &Cipher) -> Result<(), DecodeError> {
        let (c1, c2) = (G1::decode(&cipher.c1)?, G1::decode(&cipher.c2)?);
        self.c1 += c1;
        self.c2 += c2;
        Ok(())
    }

    /// As it travels. Nothing of an empty sum, or of one that came out as the point at infinity: neither has an encoding
    /// that a receiver takes.
    pub fn cipher(&self) -> Option<Cipher> {
        let real = !self.c1.is_identity() && !self.c2.is_identity();
        real.then(|| Cipher {
            c1: self.c1.encode(),
            c2: self.c2.encode(),
        })
    }
}

/// The public key: what a meter encrypts under.
#[derive(Clone, Debug)]
pub struct Public(G1);

impl Public {
    /// Encrypts a number.
    pub fn encrypt<R: CryptoRng + ?Sized>(&self, number: u64, rng: &mut R) -> Cipher {
        let r = Scalar::random(rng);
        let c2 = g1_generator_mul(&Scalar::from_u64(number)) + self.0.mul(&r);
        Cipher {
            c1: g1_generator_mul(&r).encode(),
            c2: c2.encode(),
        }
    }
}

/// The secret key, of the control centre.
#[derive(Clone)]
pub struct Secret {
    x: Scalar,
    /// Made when the first sum is opened.
    steps: Arc<OnceLock<BTreeMap<Vec<u8>, u64>>>,
}

impl Secret {
    /// Draws one.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Secret {
        Secret {
            x: Scalar::random(rng),
            steps: Arc::default(),
        }
    }

    /// Its public key.
    pub fn public(&self) -> Public {
        Public(g1_generator_mul(&self.x))
    }

    /// Opens a sum: nothing if a point is none, or if the sum is above `limit` or [`MOST`]. It takes as long as the limit is high.
    pub fn open(&self, sum: &Cipher, limit: u64) -> Option<u64> {
        let (c1, c2) = (G1::decode(&sum.c1).ok()?, G1::decode(&sum.c2).ok()?);
        let mut left = c2 - c1.mul(&self.x);
        let steps = self.steps.get_or_init(baby_steps);
        let giant = -g1_generator_mul(&Scalar::from_u64(BABY));
        for turn in 0..=limit.min(MOST - BABY) / BABY {
            let found = if left.is_identity() {
                Some(&0)
            } else {
                steps.get(left.encode().0.as_slice())
            };
            if let Some(rest) = found {
                return Some(turn * BABY + rest).filter(|found| *found <= limit);
            }
            left += giant;
        }
        None
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// `i G` for every `i` from 1 to [`BABY`], less one.
fn baby_steps() -> BTreeMap<Vec<u8>, u64> {
    let one = G1::generator();
    let mut point = G1::identity();
    (1..BABY)
        .map(|index| {
            point += one;
            (point.encode().0.to_vec(), index)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha12Rng;
    use rand_core::SeedableRng;

    #[test]
    fn the_sum_of_ciphertexts_is_that_of_the_numbers() {
        let mut rng = ChaCha12Rng::from_seed([1; 32]);
        let secret = Secret::random(&mut rng);
        let public = secret.public();
        let numbers = [0, 1, 4095, 4096, 250_000, 0];
        let mut sum = Sum::default();
        for number in numbers {
            let cipher = public.encrypt(number, &mut rng);
            assert_eq!(Cipher::from_bytes(&cipher.to_bytes()), Some(cipher));
            assert_eq!(secret.open(&cipher, MOST), Some(number));
            assert_eq!(secret.open(&cipher, number.saturating_sub(1)).is_some(), number == 0);
            sum.add(&cipher).expect("points");
        }
        assert_eq!(
            sum.cipher().and_then(|sum| secret.open(&sum, MOST)),
            Some(numbers.iter().sum())
        );
        assert_eq!(Sum::default().cipher(), None);
        // The same number twice is not the same ciphertext, and another's key opens nothing.
        assert!(public.encrypt(7, &mut rng) != public.encrypt(7, &mut rng));
        let other = Secret::random(&mut rng);
        assert!(other.steps.get().is_none());
    }

    #[test]
    fn what_are_no_points_is_refused() {
        let mut rng = ChaCha12Rng::from_seed([2; 32]);
        let public = Secret::random(&mut rng).public();
        let good = public.encrypt(5, &mut rng);
        let mut sum = Sum::default();
        let zero = Cipher {
            c1: roadveil_crypto::ByteArray([0; 48]),
            ..good
        };
        assert!(sum.add(&zero).is_err());
        let mut bent = good;
        bent.c2.0[20] ^= 1;
        let before = sum.clone();
        if sum.add(&bent).is_err() {
            assert_eq!(sum, before);
        }
        assert_eq!(Cipher::from_bytes(&[0; 95]), None);
        assert_eq!(Cipher::from_bytes(&[0; 97]), None);
    }
}
