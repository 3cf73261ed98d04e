//! The scalar field, in Montgomery form.

use blst::{blst_fr, blst_scalar};

macro_rules! binary {
    ($($(#[doc = $doc:literal])* $name:ident => $call:ident;)*) => {$(
        $(#[doc = $doc])*
        #[expect(unsafe_code, reason = "calls C")]
        pub(crate) fn $name(a: &blst_fr, b: &blst_fr) -> blst_fr {
            let mut out = blst_fr::default();
            // SAFETY: two inputs and one output of the field's type, by reference.
            unsafe { blst::$call(&mut out, a, b) };
            out
        }
    )*};
}

binary! {
    /// `a + b`.
    add => blst_fr_add;
    /// `a - b`.
    sub => blst_fr_sub;
    /// `a b`.
    mul => blst_fr_mul;
}

/// `-a`.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn neg(a: &blst_fr) -> blst_fr {
    let mut out = blst_fr::default();
    // SAFETY: one input and one output of the field's type, by reference.
    unsafe { blst::blst_fr_cneg(&mut out, a, true) };
    out
}

/// `1 / a`, and zero for zero; in constant time.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn invert(a: &blst_fr) -> blst_fr {
    let mut out = blst_fr::default();
    // SAFETY: one input and one output of the field's type, by reference.
    unsafe { blst::blst_fr_inverse(&mut out, a) };
    out
}

/// A small number as a field element.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn from_limbs(limbs: &[u64; 4]) -> blst_fr {
    let mut out = blst_fr::default();
    // SAFETY: the input is read as exactly four limbs, which the array's type guarantees.
    unsafe { blst::blst_fr_from_uint64(&mut out, limbs.as_ptr()) };
    out
}

/// The 32 big-endian bytes as a field element, if their number is below the order.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn from_canonical(bytes: &[u8; 32]) -> Option<blst_fr> {
    let mut scalar = blst_scalar::default();
    let mut out = blst_fr::default();
    // SAFETY: the input is read as exactly 32 bytes, which the array's type guarantees.
    unsafe { blst::blst_scalar_from_bendian(&mut scalar, bytes.as_ptr()) };
    // SAFETY: reads one scalar by reference.
    let canonical = unsafe { blst::blst_scalar_fr_check(&scalar) };
    // SAFETY: one input and one output by reference; the value was reduced or will be dropped.
    unsafe { blst::blst_fr_from_scalar(&mut out, &scalar) };
    canonical.then_some(out)
}

/// A big-endian number of any length, reduced.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn reduce(bytes: &[u8]) -> blst_fr {
    let mut scalar = blst_scalar::default();
    let mut out = blst_fr::default();
    // SAFETY: pointer and length are those of one slice; zero, for which it returns false, is
    // written all the same.
    unsafe { blst::blst_scalar_from_be_bytes(&mut scalar, bytes.as_ptr(), bytes.len()) };
    // SAFETY: one input and one output by reference, the input below the order.
    unsafe { blst::blst_fr_from_scalar(&mut out, &scalar) };
    out
}

/// The number below the order, little-endian, as point multiplication wants it.
#[expect(unsafe_code, reason = "calls C")]
pub(crate) fn to_little_endian(a: &blst_fr) -> [u8; 32] {
    let mut scalar = blst_scalar::default();
    // SAFETY: one input and one output by reference.
    unsafe { blst::blst_scalar_from_fr(&mut scalar, a) };
    // The library's type wipes itself when dropped; the copy is the caller's to wipe.
    scalar.b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(n: u64) -> blst_fr {
        from_limbs(&[n, 0, 0, 0])
    }

    #[test]
    fn arithmetic_of_small_numbers() {
        assert_eq!(add(&small(2), &small(3)), small(5));
        assert_eq!(sub(&small(7), &small(3)), small(4));
        assert_eq!(mul(&small(6), &small(7)), small(42));
        assert_eq!(add(&neg(&small(9)), &small(9)), small(0));
        assert_eq!(mul(&invert(&small(9)), &small(9)), small(1));
        assert_eq!(invert(&small(0)), small(0));
    }

    #[test]
    fn bytes_of_small_numbers() {
        let mut big = [0; 32];
        big[31] = 5;
        let mut little = [0; 32];
        little[0] = 5;
        assert_eq!(from_canonical(&big), Some(small(5)));
        assert_eq!(to_little_endian(&small(5)), little);
        assert_eq!(from_canonical(&[0xff; 32]), None);
    }

    #[test]
    fn reduction_takes_any_length() {
        assert_eq!(reduce(&[]), small(0));
        assert_eq!(reduce(&[7]), small(7));
        assert_eq!(reduce(&[1, 0]), small(256));
        let mut wide = [0; 64];
        wide[63] = 3;
        assert_eq!(reduce(&wide), small(3));
        // 2^256 - 1 is not zero, and one more than it is 2^256.
        let mut power = [0; 33];
        power[0] = 1;
        assert_eq!(add(&reduce(&[0xff; 32]), &small(1)), reduce(&power));
    }
}
