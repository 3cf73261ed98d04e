//! Multiples of a fixed point of G1.

use std::fmt;
use std::sync::LazyLock;

use blst::{blst_p1, blst_p1_affine, p1_affines};

use super::{G1, Scalar, digits};
use crate::ops::Op;
use crate::raw::curve::g1;
use crate::raw::steps;
use crate::tally;
use crate::wire::ShortScalarBytes;

/// Precomputed multiples of one point, for multiplication without doublings.
///
/// For each window of the scalar there is a row with the multiples that its signed digit can ask
/// for. With a window of 8 bits the table has 384 KiB, takes some milliseconds to build, and a
/// multiplication costs 32 additions: for a point that a whole process shares. For the many points
/// of a cache there is [`G1Comb`](super::G1Comb).
///
/// # Leaks
///
/// The scalar, by its time and memory access.
#[derive(Clone)]
pub struct G1Table {
    window: usize,
    /// The `n`-th multiples of `2^(window i)` times the point, row by row, `n` from 1.
    rows: Vec<blst_p1_affine>,
}

impl G1Table {
    /// Precomputes the multiples of `point`, in windows of 2 to 10 bits: a value outside is taken
    /// to the nearest of these.
    ///
    /// # Cost
    ///
    /// `2^(window-1)` additions for each of `255 / window` rows.
    #[must_use]
    pub fn new(point: &G1, window: usize) -> G1Table {
        let window = window.clamp(2, 10);
        let height = 1 << (window - 1);
        let len = digits::signed_len(255, window);
        let mut rows = Vec::with_capacity(height * len);
        let mut base = point.0;
        for _ in 0..len {
            let mut multiple = base;
            for _ in 1..height {
                rows.push(multiple);
                multiple = g1::add(&multiple, &base);
            }
            rows.push(multiple);
            // The last is 2^(window-1) times the base; its double starts the next row.
            steps::double_assign(&mut multiple);
            base = multiple;
        }
        G1Table {
            window,
            rows: p1_affines::from(&rows).as_slice().to_vec(),
        }
    }

    /// The point times a scalar; equals [`G1::mul`].
    ///
    /// # Cost
    ///
    /// One [`Op::G1Mul`].
    #[must_use]
    pub fn mul(&self, scalar: &Scalar) -> G1 {
        let _span = tally::add(Op::G1Mul, 1);
        let mut sum = blst_p1::default();
        self.accumulate(&mut sum, &*scalar.to_little_endian(), 255);
        G1(sum)
    }

    /// The point times a number of 128 bits, in half of the time.
    ///
    /// # Cost
    ///
    /// One [`Op::G1Mul`].
    #[must_use]
    pub fn mul_short(&self, scalar: &ShortScalarBytes) -> G1 {
        let _span = tally::add(Op::G1Mul, 1);
        let mut number = scalar.0;
        number.reverse();
        let mut sum = blst_p1::default();
        self.accumulate(&mut sum, &number, 128);
        G1(sum)
    }

    /// Adds the point times a little-endian number below `2^bits` to `sum`, uncounted.
    pub(crate) fn accumulate(&self, sum: &mut blst_p1, number: &[u8], bits: usize) {
        let rows = self.rows.chunks_exact(1 << (self.window - 1));
        for (row, digit) in rows.zip(digits::signed(number, bits, self.window)) {
            if digit == 0 {
                continue;
            }
            let multiple = &row[digit.unsigned_abs() as usize - 1];
            if digit < 0 {
                steps::add_assign(sum, &steps::neg(multiple));
            } else {
                steps::add_assign(sum, multiple);
            }
        }
    }

    /// The memory that the table takes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        size_of_val(self.rows.as_slice())
    }
}

impl fmt::Debug for G1Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("G1Table")
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

/// The table of the generator, built when first used.
pub(crate) fn generator_table() -> &'static G1Table {
    static TABLE: LazyLock<G1Table> = LazyLock::new(|| G1Table::new(&G1::generator(), 8));
    &TABLE
}

/// The generator of G1 times a scalar, by a table that the whole process shares.
///
/// # Cost
///
/// One [`Op::G1Mul`]; the first call also builds the table, some milliseconds.
///
/// # Leaks
///
/// The scalar, by its time and memory access.
#[must_use]
pub fn g1_generator_mul(scalar: &Scalar) -> G1 {
    generator_table().mul(scalar)
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha12Rng;
    use chacha20::rand_core::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn multiples_equal_the_plain_path() {
        let mut rng = ChaCha12Rng::from_seed([7; 32]);
        let point = G1::generator().mul(&Scalar::random(&mut rng));
        for window in 2..=9 {
            let table = G1Table::new(&point, window);
            let mut scalars = vec![Scalar::ZERO, Scalar::ONE, -Scalar::ONE];
            scalars.extend((0..6).map(|_| Scalar::random(&mut rng)));
            for scalar in &scalars {
                assert_eq!(table.mul(scalar), point.mul(scalar), "window {window}");
            }
            let mut shorts = vec![[0; 16], [0xff; 16], [0x80; 16]];
            shorts.resize_with(6, || std::array::from_fn(|_| rng.next_u32() as u8));
            for short in shorts {
                let expected = point.mul(&Scalar::from_short(&short));
                assert_eq!(table.mul_short(&short.into()), expected);
            }
        }
    }

    #[test]
    fn the_generator_has_a_table_of_the_documented_size() {
        let scalar = Scalar::from_u64(0x0123_4567_89ab_cdef);
        assert_eq!(g1_generator_mul(&scalar), G1::generator().mul(&scalar));
        assert_eq!(generator_table().size_bytes(), 384 * 1024);
        assert_eq!(G1Table::new(&G1::generator(), 99).window, 10);
    }

    #[test]
    fn the_identity_stays_the_identity() {
        let table = G1Table::new(&G1::identity(), 4);
        assert!(table.mul(&Scalar::from_u64(123)).is_identity());
    }
}
