//! Numbers modulo the order of the groups.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use blst::blst_fr;
use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

use super::DecodeError;
use crate::ops::Op;
use crate::raw::scalar as raw;
use crate::tally;
use crate::wire::{ScalarBytes, ShortScalarBytes};

/// A number modulo `r`, the prime order of the groups.
///
/// Scalars are often secret, so one has no `Debug` of its value, is compared in constant time and
/// can be wiped. It is `Copy`, for arithmetic's sake: what holds a secret scalar for longer than
/// a callback wraps it in [`Zeroizing`], as [`SigningKey`](crate::SigningKey) does.
///
/// # Leaks
///
/// Nothing: every operation here takes the same time for every value.
#[derive(Clone, Copy)]
pub struct Scalar(pub(crate) blst_fr);

impl Scalar {
    /// Zero.
    pub const ZERO: Scalar = Scalar(blst_fr { l: [0; 4] });

    /// One, in Montgomery form: `2^256 mod r`.
    pub const ONE: Scalar = Scalar(blst_fr {
        l: [
            0x0000_0001_ffff_fffe,
            0x5884_b7fa_0003_4802,
            0x998c_4fef_ecbc_4ff5,
            0x1824_b159_acc5_056f,
        ],
    });

    /// Draws a scalar uniformly from the non-zero ones.
    ///
    /// 512 bits are reduced, so the bias is below 2^-256. Zero is drawn again.
    #[must_use]
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Scalar {
        loop {
            let mut wide = Zeroizing::new([0; 64]);
            rng.fill_bytes(wide.as_mut());
            let scalar = Scalar::reduce(wide.as_ref());
            if !scalar.is_zero() {
                return scalar;
            }
        }
    }

    /// A small number.
    #[must_use]
    pub fn from_u64(n: u64) -> Scalar {
        Scalar(raw::from_limbs(&[n, 0, 0, 0]))
    }

    /// Reads a big-endian number below the order; zero is one.
    ///
    /// # Errors
    ///
    /// [`DecodeError::ScalarNotCanonical`] if the number is not below the order.
    pub fn from_bytes(bytes: &ScalarBytes) -> Result<Scalar, DecodeError> {
        raw::from_canonical(&bytes.0)
            .map(Scalar)
            .ok_or(DecodeError::ScalarNotCanonical)
    }

    /// The big-endian bytes.
    #[must_use]
    pub fn to_bytes(&self) -> ScalarBytes {
        let mut bytes = raw::to_little_endian(&self.0);
        bytes.reverse();
        ScalarBytes::from(bytes)
    }

    /// Reads a big-endian number of 128 bits: a challenge. Every such number is canonical.
    #[must_use]
    pub fn from_short(bytes: &[u8; 16]) -> Scalar {
        Scalar(raw::reduce(bytes))
    }

    /// A big-endian number of any length, modulo the order.
    pub(crate) fn reduce(bytes: &[u8]) -> Scalar {
        Scalar(raw::reduce(bytes))
    }

    /// The little-endian bytes, as multiplication wants them.
    pub(crate) fn to_little_endian(self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(raw::to_little_endian(&self.0))
    }

    /// The inverse, or `None` of zero.
    ///
    /// # Cost
    ///
    /// [`Op::ScalarInv`].
    #[must_use]
    pub fn invert(&self) -> Option<Scalar> {
        let _span = tally::add(Op::ScalarInv, 1);
        (!self.is_zero()).then(|| Scalar(raw::invert(&self.0)))
    }

    /// Whether this is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.ct_eq(&Scalar::ZERO).into()
    }
}

impl ConstantTimeEq for Scalar {
    fn ct_eq(&self, other: &Scalar) -> Choice {
        // The Montgomery form is reduced, hence unique.
        self.0.l.ct_eq(&other.0.l)
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Scalar) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Scalar {}

impl Default for Scalar {
    fn default() -> Scalar {
        Scalar::ZERO
    }
}

impl Zeroize for Scalar {
    fn zeroize(&mut self) {
        self.0.l.zeroize();
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scalar(..)")
    }
}

impl From<u64> for Scalar {
    fn from(n: u64) -> Scalar {
        Scalar::from_u64(n)
    }
}

impl From<ShortScalarBytes> for Scalar {
    fn from(bytes: ShortScalarBytes) -> Scalar {
        Scalar::from_short(&bytes.0)
    }
}

impl Neg for Scalar {
    type Output = Scalar;
    fn neg(self) -> Scalar {
        Scalar(raw::neg(&self.0))
    }
}

impl Neg for &Scalar {
    type Output = Scalar;
    fn neg(self) -> Scalar {
        -*self
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $assign:ident $assign_method:ident $raw:ident;)*) => {$(
        impl $trait<&Scalar> for &Scalar {
            type Output = Scalar;
            fn $method(self, other: &Scalar) -> Scalar {
                Scalar(raw::$raw(&self.0, &other.0))
            }
        }
        impl $trait<Scalar> for Scalar {
            type Output = Scalar;
            fn $method(self, other: Scalar) -> Scalar {
                (&self).$method(&other)
            }
        }
        impl $trait<&Scalar> for Scalar {
            type Output = Scalar;
            fn $method(self, other: &Scalar) -> Scalar {
                (&self).$method(other)
            }
        }
        impl $trait<Scalar> for &Scalar {
            type Output = Scalar;
            fn $method(self, other: Scalar) -> Scalar {
                self.$method(&other)
            }
        }
        impl $assign<Scalar> for Scalar {
            fn $assign_method(&mut self, other: Scalar) {
                *self = (&*self).$method(&other);
            }
        }
        impl $assign<&Scalar> for Scalar {
            fn $assign_method(&mut self, other: &Scalar) {
                *self = (&*self).$method(other);
            }
        }
    )*};
}

operators! {
    Add add AddAssign add_assign add;
    Sub sub SubAssign sub_assign sub;
    Mul mul MulAssign mul_assign mul;
}

impl Sum for Scalar {
    fn sum<I: Iterator<Item = Scalar>>(terms: I) -> Scalar {
        terms.fold(Scalar::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha12Rng;
    use chacha20::rand_core::SeedableRng;

    use super::*;

    /// The order, big-endian.
    const ORDER: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

    #[test]
    fn constants_are_what_they_say() {
        assert_eq!(Scalar::ONE, Scalar::from_u64(1));
        assert_eq!(Scalar::ZERO, Scalar::from_u64(0));
        assert_eq!(Scalar::default(), Scalar::ZERO);
    }

    #[test]
    fn only_numbers_below_the_order_decode() {
        let order = ScalarBytes::from_hex(ORDER).expect("hexadecimal");
        assert_eq!(Scalar::from_bytes(&order), Err(DecodeError::ScalarNotCanonical));
        assert!(Scalar::from_bytes(&ScalarBytes::from([0xff; 32])).is_err());
        let mut below = order;
        below.0[31] = 0;
        let largest = Scalar::from_bytes(&below).expect("r - 1 is below r");
        assert_eq!(largest, -Scalar::ONE);
        assert_eq!(largest.to_bytes(), below);
        let zero = ScalarBytes::default();
        assert_eq!(Scalar::from_bytes(&zero), Ok(Scalar::ZERO));
        assert_eq!(Scalar::ZERO.to_bytes(), zero);
    }

    #[test]
    fn short_numbers_are_big_endian() {
        let mut bytes = [0; 16];
        bytes[14] = 1;
        assert_eq!(Scalar::from_short(&bytes), Scalar::from_u64(256));
        assert_eq!(Scalar::from(ShortScalarBytes::from(bytes)), 256.into());
    }

    #[test]
    fn inverses_exist_but_for_zero() {
        let mut rng = ChaCha12Rng::from_seed([3; 32]);
        let a = Scalar::random(&mut rng);
        assert_eq!(a.invert().map(|inverse| inverse * a), Some(Scalar::ONE));
        assert_eq!(Scalar::ZERO.invert(), None);
    }

    #[test]
    fn values_are_wiped_and_not_printed() {
        let mut a = Scalar::from_u64(5);
        assert_eq!(format!("{a:?}"), "Scalar(..)");
        a.zeroize();
        assert!(a.is_zero());
    }

    #[test]
    fn zero_is_never_drawn() {
        // A stream that yields zeroes once, and then something else.
        struct Zeroes(u8);
        impl rand_core::TryRng for Zeroes {
            type Error = std::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                Ok(0)
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Ok(0)
            }
            fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
                bytes.fill(self.0);
                self.0 += 1;
                Ok(())
            }
        }
        impl rand_core::TryCryptoRng for Zeroes {}
        assert_eq!(Scalar::random(&mut Zeroes(0)), Scalar::reduce(&[1; 64]));
    }
}
