//! Multiples of a cached point of G1 by short numbers.

use std::fmt;

use blst::{blst_p1, blst_p1_affine, p1_affines};

use super::{G1, digits};
use crate::ops::Op;
use crate::raw::curve::g1;
use crate::raw::steps;
use crate::tally;
use crate::wire::ShortScalarBytes;

/// How many bits a comb takes in: those of a challenge.
const BITS: usize = 128;

/// A comb (Lim and Lee, 1994) over one point: the few precomputed sums with which a
/// multiplication by 128 bits costs `128 / teeth` doublings and as many additions.
///
/// Made for keys that are checked often: with 6 teeth it has 6 KiB and takes about as long to
/// build as a plain multiplication, which it beats five times over. For points that a whole
/// process shares there is [`G1Table`](super::G1Table).
///
/// # Leaks
///
/// The number, by its time and memory access.
#[derive(Clone)]
pub struct G1Comb {
    teeth: usize,
    /// `sums[n - 1]`: the sum of `2^(spacing i)` times the point over the set bits `i` of `n`.
    sums: Vec<blst_p1_affine>,
}

impl G1Comb {
    /// Precomputes the sums of `point`, with 2 to 10 teeth: a value outside is taken to the
    /// nearest of these.
    ///
    /// # Cost
    ///
    /// 128 doublings and `2^teeth` additions.
    #[must_use]
    pub fn new(point: &G1, teeth: usize) -> G1Comb {
        let teeth = teeth.clamp(2, 10);
        let mut sums: Vec<blst_p1> = Vec::with_capacity((1 << teeth) - 1);
        let mut tooth = point.0;
        for i in 0..teeth {
            if i > 0 {
                for _ in 0..BITS.div_ceil(teeth) {
                    steps::double_assign(&mut tooth);
                }
            }
            // With the new tooth alone, and added to every sum of the earlier ones.
            let earlier = sums.len();
            sums.push(tooth);
            for n in 0..earlier {
                let sum = g1::add(&sums[n], &tooth);
                sums.push(sum);
            }
        }
        G1Comb {
            teeth,
            sums: p1_affines::from(&sums).as_slice().to_vec(),
        }
    }

    /// The point times a number of 128 bits; equals [`G1::mul`] by it.
    ///
    /// # Cost
    ///
    /// One [`Op::G1Mul`].
    #[must_use]
    pub fn mul_short(&self, scalar: &ShortScalarBytes) -> G1 {
        let _span = tally::add(Op::G1Mul, 1);
        G1(self.walk(scalar))
    }

    /// [`mul_short`](G1Comb::mul_short), uncounted.
    pub(crate) fn walk(&self, scalar: &ShortScalarBytes) -> blst_p1 {
        let mut number = scalar.0;
        number.reverse();
        let spacing = BITS.div_ceil(self.teeth);
        let mut sum = blst_p1::default();
        for column in (0..spacing).rev() {
            steps::double_assign(&mut sum);
            let mut index = 0;
            for tooth in 0..self.teeth {
                index |= digits::bits(&number, column + spacing * tooth, 1) << tooth;
            }
            if index > 0 {
                steps::add_assign(&mut sum, &self.sums[index as usize - 1]);
            }
        }
        sum
    }

    /// The memory that the comb takes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        size_of_val(self.sums.as_slice())
    }
}

impl fmt::Debug for G1Comb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("G1Comb")
            .field("teeth", &self.teeth)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha12Rng;
    use chacha20::rand_core::{Rng, SeedableRng};

    use super::*;
    use crate::group::Scalar;

    #[test]
    fn multiples_equal_the_plain_path() {
        let mut rng = ChaCha12Rng::from_seed([8; 32]);
        let point = G1::generator().mul(&Scalar::random(&mut rng));
        for teeth in 2..=10 {
            let comb = G1Comb::new(&point, teeth);
            let mut shorts = vec![[0; 16], [0xff; 16], [0x80; 16]];
            shorts.resize_with(10, || std::array::from_fn(|_| rng.next_u32() as u8));
            for short in shorts {
                let expected = point.mul(&Scalar::from_short(&short));
                assert_eq!(comb.mul_short(&short.into()), expected, "{teeth} teeth");
            }
        }
    }

    #[test]
    fn sizes_are_as_documented() {
        assert_eq!(G1Comb::new(&G1::generator(), 6).size_bytes(), 63 * 96);
        assert_eq!(G1Comb::new(&G1::generator(), 0).teeth, 2);
    }

    #[test]
    fn the_identity_stays_the_identity() {
        let comb = G1Comb::new(&G1::identity(), 4);
        assert!(comb.mul_short(&[7; 16].into()).is_identity());
    }
}
