//! Powers of a fixed element of the target group.

use blst::blst_fp12;

use super::gt::{multiply_by_digit, split, to_parameter};
use super::{Gt, Scalar, digits};
use crate::ops::Op;
use crate::raw::target as raw;
use crate::tally;

/// Precomputed powers of one base, for exponentiation without squarings.
///
/// The scalar is split into four digits of 64 bits in the base of the curve's parameter. All four
/// powers come from one table, since the Frobenius map is the power of that parameter and costs
/// far less than a product: so the table has a quarter of the size that 255 bits would need. With a
/// window of 6 bits it has 198 KiB and a power costs 44 products; with 8, 648 KiB and 36 products.
///
/// # Leaks
///
/// The scalar, by its time and memory access.
#[derive(Clone)]
pub struct GtTable {
    window: usize,
    /// The `n`-th powers of the base's power of `2^(window i)`, row by row, `n` from 1.
    rows: Vec<blst_fp12>,
}

impl GtTable {
    /// Precomputes the powers of `base`, in windows of 2 to 10 bits: a value outside is taken to
    /// the nearest of these.
    ///
    /// # Cost
    ///
    /// `2^(window-1)` products for each of `64 / window` rows.
    #[must_use]
    pub fn new(base: &Gt, window: usize) -> GtTable {
        let window = window.clamp(2, 10);
        let height = 1 << (window - 1);
        let len = digits::signed_len(64, window);
        let mut rows = Vec::with_capacity(height * len);
        let mut base = base.0;
        for _ in 0..len {
            let mut power = base;
            for _ in 1..height {
                rows.push(power);
                raw::mul_assign(&mut power, &base);
            }
            rows.push(power);
            // The last is base^(2^(window-1)); its square starts the next row.
            raw::cyclotomic_square_assign(&mut power);
            base = power;
        }
        GtTable { window, rows }
    }

    /// The base to the power of a scalar; equals [`Gt::pow`].
    ///
    /// # Cost
    ///
    /// One [`Op::GtExp`].
    #[must_use]
    pub fn pow(&self, scalar: &Scalar) -> Gt {
        let _span = tally::add(Op::GtExp, 1);
        let mut out = blst_fp12::default();
        for (i, digit) in split(scalar).into_iter().enumerate().rev() {
            if i < 3 {
                out = to_parameter(&out);
            }
            let digit = digit.to_le_bytes();
            let digits = digits::signed(&digit, 64, self.window);
            let rows = self.rows.chunks_exact(1 << (self.window - 1));
            for (row, digit) in rows.zip(digits) {
                multiply_by_digit(&mut out, row, digit);
            }
        }
        Gt(out)
    }

    /// The memory that the table takes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        size_of_val(self.rows.as_slice())
    }
}

impl std::fmt::Debug for GtTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GtTable")
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha12Rng;
    use chacha20::rand_core::SeedableRng;

    use super::*;
    use crate::group::{G1, G2, pairing};

    #[test]
    fn powers_equal_the_plain_path() {
        let mut rng = ChaCha12Rng::from_seed([6; 32]);
        let base = pairing(&G1::generator(), &G2::generator()).pow(&Scalar::random(&mut rng));
        for window in [2, 3, 4, 5, 6, 8] {
            let table = GtTable::new(&base, window);
            for scalar in [Scalar::ZERO, Scalar::ONE, -Scalar::ONE] {
                assert_eq!(table.pow(&scalar), base.pow(&scalar));
            }
            for _ in 0..4 {
                let scalar = Scalar::random(&mut rng);
                assert_eq!(table.pow(&scalar), base.pow(&scalar), "window {window}");
            }
        }
    }

    #[test]
    fn sizes_are_as_documented() {
        let table = GtTable::new(&Gt::identity(), 6);
        assert_eq!(table.size_bytes(), 198 * 1024);
        assert!(table.pow(&Scalar::from_u64(9)).is_identity());
        assert_eq!(GtTable::new(&Gt::identity(), 0).window, 2);
    }
}
