//! The target group and the loops that lead to it.

use blst::{blst_fp6, blst_fp12};

use super::curve::g1::blst_p1_affine;
use super::curve::g2::blst_p2_affine;

/// How many lines a Miller loop evaluates: 63 doublings and 5 additions.
pub(crate) const LINES: usize = 68;

/// The additions of the Miller loop by the doublings that follow each: the set bits of the
/// curve's parameter `0xd201000000010000` after its first doubling.
pub(crate) const RUNS: [usize; 5] = [2, 3, 9, 32, 16];

/// `a b`, in place.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn mul_assign(a: &mut blst_fp12, b: &blst_fp12) {
    let a: *mut blst_fp12 = a;
    // SAFETY: the library's own binding makes this call in place; by reference, it copies nothing.
    unsafe { blst::blst_fp12_mul(a, a, b) };
}

/// The square of any element, in place.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn square_assign(a: &mut blst_fp12) {
    let a: *mut blst_fp12 = a;
    // SAFETY: `blst` makes this very call in place in its final exponentiation and Miller loop.
    unsafe { blst::blst_fp12_sqr(a, a) };
}

/// The square of an element of the cyclotomic subgroup, in place; others give nonsense.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn cyclotomic_square_assign(a: &mut blst_fp12) {
    let a: *mut blst_fp12 = a;
    // SAFETY: `blst` makes this very call in place in its final exponentiation and Miller loop.
    unsafe { blst::blst_fp12_cyclotomic_sqr(a, a) };
}

/// The conjugate: the inverse, in the cyclotomic subgroup.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn conjugate(a: &blst_fp12) -> blst_fp12 {
    let mut out = *a;
    // SAFETY: one element by reference, changed in place.
    unsafe { blst::blst_fp12_conjugate(&mut out) };
    out
}

/// `a` to the field's characteristic.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn frobenius(a: &blst_fp12) -> blst_fp12 {
    let mut out = blst_fp12::default();
    // SAFETY: one input and one output by reference; the power 1 is within the table that this
    // function indexes, which has entries for 1 to 3.
    unsafe { blst::blst_fp12_frobenius_map(&mut out, a, 1) };
    out
}

/// Multiplies by one evaluated line, which is sparse.
#[expect(unsafe_code, reason = "calls C")]
fn mul_by_line(a: &mut blst_fp12, line: &blst_fp6) {
    let a: *mut blst_fp12 = a;
    // SAFETY: `blst` makes this very call in place in its own Miller loop.
    unsafe { blst::blst_fp12_mul_by_xy00z0(a, a, line) };
}

/// The lines of a Miller loop over `q`, whatever the other argument will be.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn lines(q: &blst_p2_affine) -> Box<[blst_fp6; LINES]> {
    let mut lines = Box::new([blst_fp6::default(); LINES]);
    // SAFETY: exactly 68 elements are written, which the array's type provides.
    unsafe { blst::blst_precompute_lines(lines.as_mut_ptr(), q) };
    lines
}

/// `(-2x, 2y)` of a point: what a line is multiplied with to evaluate it there.
#[derive(Clone, Copy)]
struct Doubled(blst_p1_affine);

impl Doubled {
    #[expect(unsafe_code, reason = "calls C")]
    fn new(p: &blst_p1_affine) -> Doubled {
        let mut out = *p;
        let (x, y): (*mut _, *mut _) = (&mut out.x, &mut out.y);
        // SAFETY: three calls on field elements in place, as in `blst`'s own point arithmetic.
        unsafe {
            blst::blst_fp_add(x, x, x);
            blst::blst_fp_cneg(x, x, true);
            blst::blst_fp_add(y, y, y);
        }
        Doubled(out)
    }

    /// The line evaluated at the point.
    #[expect(unsafe_code, reason = "calls C")]
    fn evaluate(&self, line: &blst_fp6) -> blst_fp6 {
        let mut out = *line;
        let [_, by_x, by_y] = &mut out.fp2;
        for (coefficient, factor) in by_x
            .fp
            .iter_mut()
            .map(|c| (c, &self.0.x))
            .chain(by_y.fp.iter_mut().map(|c| (c, &self.0.y)))
        {
            let coefficient: *mut blst::blst_fp = coefficient;
            // SAFETY: field elements by reference, the output one of the inputs, as above.
            unsafe { blst::blst_fp_mul(coefficient, coefficient, factor) };
        }
        out
    }
}

/// The product of the Miller loops of all terms, none of them with the identity.
///
/// One accumulator for all, so its squarings are shared: the second and every further term costs
/// about half of a loop of its own.
pub(crate) fn miller_loop_lines(terms: &[(blst_p1_affine, &[blst_fp6; LINES])]) -> blst_fp12 {
    let terms: Vec<_> = terms.iter().map(|(p, lines)| (Doubled::new(p), *lines)).collect();
    let mut out = blst_fp12::default();
    let mut next = 0..LINES;
    let mut multiply = |out: &mut blst_fp12| {
        if let Some(i) = next.next() {
            for (p, lines) in &terms {
                mul_by_line(out, &p.evaluate(&lines[i]));
            }
        }
    };
    multiply(&mut out);
    for doublings in RUNS {
        multiply(&mut out);
        for _ in 0..doublings {
            square_assign(&mut out);
            multiply(&mut out);
        }
    }
    // The curve's parameter is negative.
    conjugate(&out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::curve::{g1, g2};

    fn point(n: u8) -> (blst_p1_affine, blst_p2_affine) {
        let mut number = [0; 32];
        number[0] = n;
        (
            g1::to_affine(&g1::mul(&g1::generator(), &number)),
            g2::to_affine(&g2::mul(&g2::generator(), &number)),
        )
    }

    #[test]
    fn shared_squarings_equal_the_librarys_loops() {
        assert_eq!(RUNS.len() + RUNS.iter().sum::<usize>() + 1, LINES);
        let mut expected = blst_fp12::default();
        let points: Vec<_> = (1..4).map(point).collect();
        let prepared: Vec<_> = points.iter().map(|(_, q)| lines(q)).collect();
        let mut terms = Vec::new();
        for ((p, q), lines) in points.iter().zip(&prepared) {
            mul_assign(&mut expected, &blst_fp12::miller_loop(q, p));
            terms.push((*p, &**lines));
            assert_eq!(miller_loop_lines(&terms), expected);
        }
        assert_eq!(miller_loop_lines(&[]), blst_fp12::default());
    }

    #[test]
    fn arithmetic_of_the_cyclotomic_subgroup() {
        let (p, q) = point(5);
        let a = blst_fp12::miller_loop(&q, &p).final_exp();
        let mut square = a;
        mul_assign(&mut square, &a);
        let (mut one_way, mut other_way) = (a, a);
        square_assign(&mut one_way);
        cyclotomic_square_assign(&mut other_way);
        assert_eq!(one_way, square);
        assert_eq!(other_way, square);

        let mut product = conjugate(&a);
        mul_assign(&mut product, &a);
        assert_eq!(product, blst_fp12::default());
        assert_ne!(frobenius(&a), a);
    }
}
