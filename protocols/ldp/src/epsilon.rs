//! Privacy budgets, and bounds of `e^epsilon` that hold.

use serde::{Deserialize, Serialize};

/// A privacy budget `epsilon`: whoever sees a report may believe in any reading by `e^epsilon` more than before, at most,
/// relative to any other.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Epsilon(f64);

/// Why a number is no budget.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("epsilon is {0}: expected a number from {min} to {max}", min = Epsilon::MIN, max = Epsilon::MAX)]
pub struct NoEpsilon(f64);

impl Epsilon {
    /// The least budget. With less, a mean over a million meters is worth nothing.
    pub const MIN: f64 = 0.01;
    /// The largest. With more, there is no privacy to speak of: `e^16` is nine million.
    pub const MAX: f64 = 16.0;

    /// Takes a number for a budget.
    ///
    /// # Errors
    /// If it is not a number, or not within [`MIN`](Epsilon::MIN) and [`MAX`](Epsilon::MAX).
    pub fn new(epsilon: f64) -> Result<Epsilon, NoEpsilon> {
        if (Epsilon::MIN..=Epsilon::MAX).contains(&epsilon) {
            Ok(Epsilon(epsilon))
        } else {
            Err(NoEpsilon(epsilon))
        }
    }

    /// What is really spent where weights have those ratios together: the logarithm of their product, rounded up. Whole
    /// weights were chosen so that it is at most the budget.
    pub(crate) fn spent(self, ratios: &[(u128, u128)]) -> f64 {
        let spent: f64 = ratios
            .iter()
            .map(|(likely, unlikely)| ln_above(*likely, *unlikely))
            .sum();
        spent.next_up().min(self.0)
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// `e^epsilon`, to the nearest but for a unit in the last place.
    pub fn exp(self) -> f64 {
        libm::exp(self.0)
    }

    /// A number of which it is sure that it is at most `e^epsilon`.
    pub fn exp_below(self) -> Odds {
        Odds::of(below(self.0))
    }

    /// A number of which it is sure that it is at most `e^(epsilon/2)`.
    pub fn half_exp_below(self) -> Odds {
        Odds::of(below(self.0 / 2.0))
    }
}

impl TryFrom<f64> for Epsilon {
    type Error = NoEpsilon;
    fn try_from(epsilon: f64) -> Result<Epsilon, NoEpsilon> {
        Epsilon::new(epsilon)
    }
}

impl From<Epsilon> for f64 {
    fn from(epsilon: Epsilon) -> f64 {
        epsilon.0
    }
}

/// `e^x` is computed within a unit in the last place; four units are room enough.
fn below(x: f64) -> f64 {
    (0..4).fold(libm::exp(x), |bound, _| bound.next_down())
}

/// A number from 1 to `e^16` as `mantissa / 2^shift`, for comparisons without rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Odds {
    mantissa: u64,
    shift: u32,
}

impl Odds {
    /// The same number. Below 1, which no budget gives but by the last bits, it is 1.
    fn of(number: f64) -> Odds {
        let bits = number.max(1.0).to_bits();
        let exponent = (bits >> 52) as u32 - 1023;
        Odds {
            mantissa: (bits & ((1 << 52) - 1)) | 1 << 52,
            shift: 52 - exponent,
        }
    }

    /// Is `likely` at most so many times `unlikely`? Both are weights up to `2^64`.
    pub fn allow(self, likely: u128, unlikely: u128) -> bool {
        // 64 bits and 52 at most, and 64 and 53.
        (likely << self.shift) <= unlikely * u128::from(self.mantissa)
    }

    /// The largest weight that is at most so many times another of up to `2^64`.
    pub fn most(self, unlikely: u128) -> u128 {
        (unlikely * u128::from(self.mantissa)) >> self.shift
    }

    /// Is one product at most so many times the other? Each is of a weight up to `2^64` and a small number, up to 64.
    pub fn allow_product(self, likely: (u128, u32), unlikely: (u128, u32)) -> bool {
        let product = |(weight, times): (u128, u32)| weight * u128::from(times);
        // 71 bits and 52, and 71 and 53.
        (product(likely) << self.shift) <= product(unlikely) * u128::from(self.mantissa)
    }
}

/// The natural logarithm of a ratio of weights, rounded up.
fn ln_above(likely: u128, unlikely: u128) -> f64 {
    let ratio = (likely as f64 / unlikely as f64).next_up().next_up().next_up();
    (0..4).fold(libm::log(ratio), |bound, _| bound.next_up())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_budget_is_refused() {
        for number in [0.0, -1.0, f64::NAN, f64::INFINITY, 0.009, 16.1, 1e300] {
            let refused = Epsilon::new(number).expect_err("no budget");
            assert!(
                refused.to_string().contains("expected a number from 0.01 to 16"),
                "{refused}"
            );
        }
        assert!(Epsilon::new(0.01).is_ok() && Epsilon::new(16.0).is_ok());
    }

    #[test]
    fn odds_compare_without_rounding() {
        let two = Odds::of(2.0);
        let big = 1u128 << 63;
        assert!(two.allow(2 * big, big) && !two.allow(2 * big, big - 1) && two.allow(2 * big - 1, big));
        let ten = Odds::of(10.0);
        assert!(ten.allow(10, 1) && !ten.allow(11, 1) && ten.allow(0, 0));
        assert_eq!((two.most(21), ten.most(big), ten.most(0)), (42, 10 * big, 0));
        assert!(ten.allow_product((10, 3), (3, 1)) && !ten.allow_product((31, 1), (1, 3)));
    }

    proptest! {
        #[test]
        fn bounds_are_below_and_near(epsilon in Epsilon::MIN..Epsilon::MAX) {
            let epsilon = Epsilon::new(epsilon).expect("a budget");
            let Odds { mantissa, shift } = epsilon.exp_below();
            let bound = mantissa as f64 / (1u64 << shift) as f64;
            prop_assert!(bound < epsilon.exp() && bound > epsilon.exp() * (1.0 - 1e-14));
            let half = epsilon.half_exp_below();
            let half = half.mantissa as f64 / (1u64 << half.shift) as f64;
            prop_assert!(half * half <= epsilon.exp());
        }
    }
}
