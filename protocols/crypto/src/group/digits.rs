//! Digits of scalars, as table walks consume them.

/// How many signed digits of `window` bits a number of `bits` bits has, the last carry included.
pub(super) const fn signed_len(bits: usize, window: usize) -> usize {
    bits / window + 1
}

/// `window` bits of a little-endian number, from bit `at` on; beyond its end are zeroes.
pub(super) fn bits(number: &[u8], at: usize, window: usize) -> u32 {
    let byte = |i: usize| u32::from(number.get(at / 8 + i).copied().unwrap_or(0));
    let word = byte(0) | byte(1) << 8 | byte(2) << 16;
    word >> (at % 8) & ((1 << window) - 1)
}

/// The digits of a little-endian number below `2^bits` in base `2^window`, lowest first, each
/// between `-2^(window-1)` and `2^(window-1)`.
///
/// Signed digits halve a table: the negative of a point, or the inverse of an element of the
/// target group, costs nothing.
pub(super) fn signed(number: &[u8], bits: usize, window: usize) -> impl Iterator<Item = i32> {
    let half = 1 << (window - 1);
    let mut carry = 0;
    (0..signed_len(bits, window)).map(move |i| {
        // At most 16 bits, so the cast is exact.
        let digit = self::bits(number, i * window, window) as i32 + carry;
        carry = i32::from(digit > half);
        digit - (carry << window)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_make_the_number(number: u128, window in 2usize..=12) {
            let number = number >> 1;
            let mut sum = 0i128;
            for (i, digit) in signed(&number.to_le_bytes(), 127, window).enumerate() {
                prop_assert!(digit.unsigned_abs() <= 1 << (window - 1));
                sum = sum.wrapping_add(i128::from(digit) << (i * window));
            }
            prop_assert_eq!(sum as u128, number);
        }

        #[test]
        fn windows_make_the_number(number: u128, window in 1usize..=16) {
            let bytes = number.to_le_bytes();
            let mut sum = 0u128;
            for at in (0..128).step_by(window) {
                sum |= u128::from(bits(&bytes, at, window)) << at;
            }
            prop_assert_eq!(sum, number);
        }
    }
}
