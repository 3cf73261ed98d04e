//! The steps of a table walk over G1, in place.

use blst::{blst_p1, blst_p1_affine};

/// `a + b`, for equal points and the identity too.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn add_assign(a: &mut blst_p1, b: &blst_p1_affine) {
    let a: *mut blst_p1 = a;
    // SAFETY: two inputs by reference, one of them the output, as in `blst`'s own sums.
    unsafe { blst::blst_p1_add_or_double_affine(a, a, b) };
}

/// `2 a`.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn double_assign(a: &mut blst_p1) {
    let a: *mut blst_p1 = a;
    // SAFETY: one input by reference, which is the output, as in `blst`'s own multiplications.
    unsafe { blst::blst_p1_double(a, a) };
}

/// `-p`, for the identity too.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn neg(p: &blst_p1_affine) -> blst_p1_affine {
    let mut out = *p;
    let y: *mut blst::blst_fp = &mut out.y;
    // SAFETY: one field element by reference, negated in place as `blst` does to negate points.
    unsafe { blst::blst_fp_cneg(y, y, true) };
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::curve::g1;

    #[test]
    fn steps_agree_with_plain_arithmetic() {
        let g = g1::generator();
        let mut sum = g;
        double_assign(&mut sum);
        assert_eq!(sum, g1::add(&g, &g));
        add_assign(&mut sum, &g1::to_affine(&g));
        assert_eq!(sum, g1::add(&g, &g1::add(&g, &g)));
        assert_eq!(neg(&g1::to_affine(&g)), g1::to_affine(&g1::neg(&g)));
    }

    #[test]
    fn steps_are_complete() {
        let g = g1::generator();
        let affine = g1::to_affine(&g);
        let identity = blst_p1_affine::default();
        assert!(g1::affine_is_identity(&neg(&identity)));

        let mut sum = blst_p1::default();
        double_assign(&mut sum);
        assert!(g1::is_identity(&sum));
        add_assign(&mut sum, &identity);
        assert!(g1::is_identity(&sum));
        add_assign(&mut sum, &affine);
        assert_eq!(sum, g);
        add_assign(&mut sum, &identity);
        assert_eq!(sum, g);
        add_assign(&mut sum, &affine);
        assert_eq!(sum, g1::add(&g, &g));
        let opposite = neg(&g1::to_affine(&sum));
        add_assign(&mut sum, &opposite);
        assert!(g1::is_identity(&sum));
    }
}
