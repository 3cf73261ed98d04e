//! The target group of the pairing.

use std::fmt;
use std::iter::Product;
use std::ops::{Mul, MulAssign};

use blst::blst_fp12;
use zeroize::Zeroize;

use super::Scalar;
use super::digits;
use crate::ops::Op;
use crate::raw::target as raw;
use crate::tally;

/// The absolute value of the parameter of the curve; the parameter itself is negative.
const PARAMETER: u64 = 0xd201_0000_0001_0000;

/// The window in which [`Gt::pow`] reads its digits.
const WINDOW: usize = 4;

/// An element of the target group: what a pairing yields.
///
/// It is never encoded to travel and never decoded: 576 bytes cost more than what they prove, and
/// validating them costs a full exponentiation. [`digest_bytes`](Gt::digest_bytes) are for hashing.
///
/// # Leaks
///
/// Exponentiation takes a time that depends on the exponent; products and comparisons do not.
#[derive(Clone, Copy)]
pub struct Gt(pub(super) blst_fp12);

impl Gt {
    /// The neutral element.
    #[must_use]
    pub fn identity() -> Gt {
        Gt(blst_fp12::default())
    }

    /// Whether this is the neutral element: what a product of pairings is compared to.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        *self == Gt::identity()
    }

    /// This element to the power of a scalar.
    ///
    /// The Frobenius map of this group is the power of the curve's parameter, of 64 bits. So the
    /// scalar is split into four digits in that base, and the four short powers share their
    /// squarings.
    ///
    /// # Cost
    ///
    /// One [`Op::GtExp`].
    #[must_use]
    pub fn pow(&self, scalar: &Scalar) -> Gt {
        let _span = tally::add(Op::GtExp, 1);
        // powers[n - 1] is the n-th power, for n up to the largest signed digit.
        let mut powers = [[self.0; 1 << (WINDOW - 1)]; 4];
        for n in 1..powers[0].len() {
            let mut power = powers[0][n - 1];
            raw::mul_assign(&mut power, &self.0);
            powers[0][n] = power;
        }
        for i in 1..powers.len() {
            powers[i] = powers[i - 1].map(|power| to_parameter(&power));
        }
        let digits = split(scalar);
        let digits = digits.map(|digit| {
            let mut signed = [0; digits::signed_len(64, WINDOW)];
            for (slot, digit) in signed.iter_mut().zip(digits::signed(&digit.to_le_bytes(), 64, WINDOW)) {
                *slot = digit;
            }
            signed
        });
        let mut out = blst_fp12::default();
        for position in (0..digits::signed_len(64, WINDOW)).rev() {
            for _ in 0..WINDOW {
                raw::cyclotomic_square_assign(&mut out);
            }
            for (digits, powers) in digits.iter().zip(&powers) {
                multiply_by_digit(&mut out, powers, digits[position]);
            }
        }
        Gt(out)
    }

    /// The product with another element.
    #[must_use]
    pub fn mul(&self, other: &Gt) -> Gt {
        let _span = tally::add(Op::GtMul, 1);
        let mut out = self.0;
        raw::mul_assign(&mut out, &other.0);
        Gt(out)
    }

    /// The inverse, which in this group is the conjugate and costs nothing.
    #[must_use]
    pub fn invert(&self) -> Gt {
        Gt(raw::conjugate(&self.0))
    }

    /// Canonical bytes, for hashing only.
    #[must_use]
    pub fn digest_bytes(&self) -> [u8; 576] {
        self.0.to_bendian()
    }
}

/// The power of the absolute value of the curve's parameter.
pub(super) fn to_parameter(element: &blst_fp12) -> blst_fp12 {
    // The characteristic is the parameter, modulo the order; and the parameter is negative.
    raw::conjugate(&raw::frobenius(element))
}

/// The digits of a scalar in base [`PARAMETER`], lowest first. Four are enough: the order is
/// below the parameter's fourth power.
pub(super) fn split(scalar: &Scalar) -> [u64; 4] {
    let bytes = scalar.to_little_endian();
    let mut number: [u64; 4] = std::array::from_fn(|i| {
        let mut limb = [0; 8];
        limb.copy_from_slice(&bytes[8 * i..8 * i + 8]);
        u64::from_le_bytes(limb)
    });
    std::array::from_fn(|_| {
        let mut remainder = 0;
        for limb in number.iter_mut().rev() {
            let dividend = u128::from(remainder) << 64 | u128::from(*limb);
            // The remainder is below the divisor, so the quotient fits.
            *limb = (dividend / u128::from(PARAMETER)) as u64;
            remainder = (dividend % u128::from(PARAMETER)) as u64;
        }
        remainder
    })
}

/// Multiplies by the power of a signed digit, where `powers[n - 1]` is the `n`-th.
pub(super) fn multiply_by_digit(out: &mut blst_fp12, powers: &[blst_fp12], digit: i32) {
    if digit == 0 {
        return;
    }
    let power = &powers[digit.unsigned_abs() as usize - 1];
    if digit < 0 {
        raw::mul_assign(out, &raw::conjugate(power));
    } else {
        raw::mul_assign(out, power);
    }
}

impl Zeroize for Gt {
    fn zeroize(&mut self) {
        for fp in self
            .0
            .fp6
            .iter_mut()
            .flat_map(|fp6| &mut fp6.fp2)
            .flat_map(|fp2| &mut fp2.fp)
        {
            fp.l.zeroize();
        }
    }
}

impl PartialEq for Gt {
    fn eq(&self, other: &Gt) -> bool {
        self.0 == other.0
    }
}

impl Eq for Gt {}

impl fmt::Debug for Gt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 576 bytes help nobody; a digest tells elements apart.
        let digest = blake3::hash(&self.digest_bytes());
        write!(f, "Gt({}..)", &digest.to_hex()[..16])
    }
}

impl Mul<&Gt> for &Gt {
    type Output = Gt;
    fn mul(self, other: &Gt) -> Gt {
        Gt::mul(self, other)
    }
}

impl Mul<Gt> for Gt {
    type Output = Gt;
    fn mul(self, other: Gt) -> Gt {
        Gt::mul(&self, &other)
    }
}

impl Mul<&Gt> for Gt {
    type Output = Gt;
    fn mul(self, other: &Gt) -> Gt {
        Gt::mul(&self, other)
    }
}

impl Mul<Gt> for &Gt {
    type Output = Gt;
    fn mul(self, other: Gt) -> Gt {
        Gt::mul(self, &other)
    }
}

impl MulAssign<&Gt> for Gt {
    fn mul_assign(&mut self, other: &Gt) {
        *self = Gt::mul(self, other);
    }
}

impl MulAssign for Gt {
    fn mul_assign(&mut self, other: Gt) {
        *self *= &other;
    }
}

impl Product for Gt {
    fn product<I: Iterator<Item = Gt>>(factors: I) -> Gt {
        factors.fold(Gt::identity(), Mul::mul)
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha12Rng;
    use chacha20::rand_core::SeedableRng;

    use super::*;
    use crate::group::{G1, G2, pairing};

    /// Square and multiply, bit by bit.
    fn naive(base: &Gt, scalar: &Scalar) -> Gt {
        let mut out = Gt::identity();
        for byte in scalar.to_bytes().0 {
            for bit in (0..8).rev() {
                out = out * out;
                if byte >> bit & 1 == 1 {
                    out *= base;
                }
            }
        }
        out
    }

    #[test]
    fn powers_equal_square_and_multiply() {
        let mut rng = ChaCha12Rng::from_seed([4; 32]);
        let base = pairing(&G1::generator(), &G2::generator());
        let mut scalars = vec![Scalar::ZERO, Scalar::ONE, -Scalar::ONE];
        // Digits at their ends: around powers of the parameter.
        let parameter = Scalar::from_u64(PARAMETER);
        for power in [parameter, parameter * parameter, parameter * parameter * parameter] {
            scalars.extend([power, power - Scalar::ONE, power + Scalar::ONE, -power]);
        }
        scalars.extend((0..8).map(|_| Scalar::random(&mut rng)));
        for scalar in &scalars {
            assert_eq!(base.pow(scalar), naive(&base, scalar));
        }
    }

    #[test]
    fn four_digits_make_the_scalar() {
        let mut rng = ChaCha12Rng::from_seed([5; 32]);
        for _ in 0..100 {
            let scalar = Scalar::random(&mut rng);
            let digits = split(&scalar);
            assert!(digits.iter().all(|&digit| digit < PARAMETER));
            let sum = digits.iter().rev().fold(Scalar::ZERO, |sum, &digit| {
                sum * Scalar::from_u64(PARAMETER) + Scalar::from_u64(digit)
            });
            assert_eq!(sum, scalar);
        }
    }

    #[test]
    fn it_is_a_group() {
        let a = pairing(&G1::generator(), &G2::generator());
        let b = a.pow(&Scalar::from_u64(5));
        assert_eq!(a * b, b * a);
        assert!((a * a.invert()).is_identity());
        assert_eq!(a.invert(), a.pow(&-Scalar::ONE));
        assert_eq!([a, a, a, a, a].into_iter().product::<Gt>(), b);
        assert_ne!(a.digest_bytes(), b.digest_bytes());
        assert_ne!(format!("{a:?}"), format!("{b:?}"));
        assert!(!a.is_identity());
    }
}
