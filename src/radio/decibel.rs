//! Powers and decibels: exact where something is set up, quick where a link is computed.
//!
//! The quick ones are polynomials of the exact operations that IEEE 754 has, so that they too are alike everywhere.

use core::f64::consts::{LN_2, LN_10, LOG2_10, SQRT_2};

/// Decibels as a ratio of powers; dBm as milliwatts.
pub fn linear(db: f64) -> f64 {
    libm::exp(db * (LN_10 / 10.0))
}

/// A ratio of powers in decibels; milliwatts as dBm. What tests compare with.
#[cfg(test)]
pub fn decibels(ratio: f64) -> f64 {
    10.0 * libm::log10(ratio)
}

/// Decibels as a ratio of powers, with a relative error below 1e-8, from -3000 to 3000 dB.
#[inline]
pub fn quick_linear(db: f64) -> f64 {
    let octaves = db * (LOG2_10 / 10.0);
    let whole = (octaves + NEAREST) - NEAREST;
    let x = (octaves - whole) * LN_2;
    let rest = EXPONENTIAL.iter().rev().fold(0.0, |sum, term| sum * x + term);
    rest * f64::from_bits(((whole as i64 + 1023) as u64) << 52)
}

/// A ratio of powers in decibels, with an error below 1e-6 dB, for normal numbers.
#[inline]
pub fn quick_decibels(ratio: f64) -> f64 {
    // The mantissa between 0.7 and 1.4, and the exponent to it.
    let bits = ratio.to_bits().wrapping_sub(HALF_OCTAVE);
    let octaves = bits.cast_signed() >> 52;
    let mantissa = f64::from_bits((bits & ((1 << 52) - 1)) + HALF_OCTAVE);
    // ln m = 2 artanh((m - 1) / (m + 1)); s is at most 0.172, and 2 s^9 / 9 is the first term that is left out.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let z = s * s;
    let ln = 2.0 * s * (1.0 + z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0))));
    (10.0 / LN_10) * ln + (10.0 / LOG2_10) * octaves as f64
}

/// The exponential series. At half an octave, x = 0.35, the first term that is left out is 5e-9.
const EXPONENTIAL: [f64; 8] = [
    1.0,
    1.0,
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
];

/// The bits of the square root of one half.
const HALF_OCTAVE: u64 = (SQRT_2 / 2.0).to_bits();

/// Added and taken away again, it leaves the nearest whole number of a double below 2^51.
pub const NEAREST: f64 = 1.5 * (1u64 << 52) as f64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_as_hand_computed() {
        for (ratio, db) in [(1.0, 0.0), (100.0, 20.0), (1e-7, -70.0), (2.0, 3.010_299_957)] {
            assert!((decibels(ratio) - db).abs() < 1e-8);
            assert!((linear(db) / ratio - 1.0).abs() < 1e-8);
        }
    }

    #[test]
    fn the_quick_ones_are_close_to_the_exact() {
        for step in -30_000..30_000 {
            let db = f64::from(step) * 0.010_1;
            assert!((quick_linear(db) / linear(db) - 1.0).abs() < 1e-8, "{db} dB");
            let ratio = linear(db);
            assert!((quick_decibels(ratio) - db).abs() < 1e-6, "{db} dB");
        }
        assert_eq!(quick_linear(0.0), 1.0);
        assert_eq!(quick_decibels(1.0), 0.0);
    }
}
