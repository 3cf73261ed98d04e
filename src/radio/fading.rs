//! Nakagami-m fading: the factor of the power is Gamma distributed with shape m and mean 1 (Nakagami, 1960).
//!
//! One 64-bit draw is turned into one value by a table of quantiles, in octaves towards both tails, so that a receiver
//! costs a look-up and no logarithm.

use super::octaves::{locate, start};

/// Points an octave of the probability, as a power of two.
const STEPS: u32 = 6;
/// Octaves from the median towards each tail: the least probability told from nothing is `2^-41`.
const OCTAVES: u64 = 40;
/// Values of one tail: where cells begin, and the median.
const TAIL: usize = (OCTAVES as usize) << STEPS;
/// Values of one shape.
const SHAPE: usize = 2 * (TAIL + 1);

/// Quantiles for the shape near, farther and far.
#[derive(Clone, Debug)]
pub struct Nakagami {
    at: [f32; 2],
    values: Vec<f32>,
}

impl Nakagami {
    /// Shapes `m`; the second and the third begin at the distances `at`, metres.
    pub fn new(m: [f64; 3], at: [f64; 2]) -> Nakagami {
        Nakagami {
            at: at.map(|metres| metres as f32),
            values: m.iter().flat_map(|&m| quantiles(m)).collect(),
        }
    }

    /// The factor that a draw gives at a distance.
    #[inline]
    pub fn factor(&self, bits: u64, metres: f32) -> f32 {
        let shape = usize::from(metres >= self.at[0]) + usize::from(metres >= self.at[1]);
        // All ones in the upper half, where the draw is counted from the other end.
        let upper = bits.cast_signed() >> 63;
        let from_tail = ((bits.cast_signed() ^ upper) & !UNTOLD).max(FIRST);
        let (cell, share) = locate::<STEPS>(from_tail as f64);
        let tail = upper.unsigned_abs() as usize * (TAIL + 1);
        let index = shape * SHAPE + tail + (cell - locate_first()) as usize;
        let (here, next) = (self.values[index], self.values[index + 1]);
        here + (next - here) * share
    }
}

/// The least count from a tail that is told apart; a draw has 63 bits below the one that chooses the tail.
const FIRST: i64 = 1 << (63 - OCTAVES);

/// The last bits of the draw, without which the rest is a double.
const UNTOLD: i64 = (1 << 10) - 1;

/// The cell in which the table begins.
#[inline]
fn locate_first() -> u64 {
    locate::<STEPS>(FIRST as f64).0
}

/// Quantiles of a shape: where cells begin, from the lower tail to the median and then from the upper tail to the median.
fn quantiles(m: f64) -> Vec<f32> {
    let mut values = vec![0.0; SHAPE];
    let whole = f64::from(2u32).powi(64);
    let gamma = Gamma::new(m);
    let mut log_x = libm::log(m);
    for index in (0..=TAIL).rev() {
        let probability = start::<STEPS>(locate_first() + index as u64) / whole;
        log_x = gamma.lower_quantile(libm::log(probability), log_x);
        values[index] = (libm::exp(log_x) / m) as f32;
    }
    let mut x = libm::exp(gamma.lower_quantile(-core::f64::consts::LN_2, libm::log(m)));
    for index in (0..=TAIL).rev() {
        let probability = start::<STEPS>(locate_first() + index as u64) / whole;
        x = gamma.upper_quantile(libm::log(probability), x);
        values[TAIL + 1 + index] = (x / m) as f32;
    }
    values
}

/// The Gamma distribution of scale 1.
#[derive(Clone, Copy, Debug)]
struct Gamma {
    shape: f64,
    log_gamma: f64,
}

impl Gamma {
    fn new(shape: f64) -> Gamma {
        Gamma {
            shape,
            log_gamma: libm::lgamma(shape),
        }
    }

    /// `x` times the density there, divided by `Gamma(shape)` last so that nothing overflows.
    fn density_by_log(&self, x: f64, log_x: f64) -> f64 {
        libm::exp(self.shape * log_x - x - self.log_gamma)
    }

    /// Probability below `x`, as a share of `x` times the density there: the series of the lower incomplete gamma function
    /// (Abramowitz and Stegun, 6.5.29).
    fn below(&self, x: f64) -> f64 {
        let mut term = 1.0 / self.shape;
        let (mut sum, mut n) = (term, self.shape);
        while term > sum * 1e-12 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        sum
    }

    /// Probability above `x`, as a share of `x` times the density there: the continued fraction of the upper incomplete
    /// gamma function (Abramowitz and Stegun, 6.5.31) from front to back, after Lentz. For `x` above the shape.
    fn above(&self, x: f64) -> f64 {
        let mut b = x + 1.0 - self.shape;
        let (mut c, mut d) = (f64::MAX, 1.0 / b);
        let mut fraction = d;
        for n in 1..10_000 {
            let n = f64::from(n);
            let a = -n * (n - self.shape);
            b += 2.0;
            d = 1.0 / (a * d + b);
            c = b + a / c;
            fraction *= c * d;
            if (c * d - 1.0).abs() < 1e-12 {
                break;
            }
        }
        fraction
    }

    /// The logarithm of the quantile whose lower probability has this logarithm, at most ln 1/2, by Newton's method from
    /// near it. The logarithm of the probability is concave over that of `x`: from anywhere the second step is below the
    /// root, and all that follow climb.
    fn lower_quantile(&self, log_probability: f64, near: f64) -> f64 {
        let mut log_x = near;
        for _ in 0..50 {
            let x = libm::exp(log_x);
            let share = self.below(x);
            let log_p = self.shape * log_x - x - self.log_gamma + libm::log(share);
            let step = (log_probability - log_p) * share;
            log_x += step;
            if step.abs() < 1e-7 {
                break;
            }
        }
        log_x
    }

    /// The quantile whose upper probability has this logarithm, at most ln 1/2, by Newton's method from near it.
    fn upper_quantile(&self, log_probability: f64, near: f64) -> f64 {
        let mut x = near;
        for _ in 0..50 {
            let log_x = libm::log(x);
            let density = self.density_by_log(x, log_x);
            let above = if x < self.shape + 1.0 {
                1.0 - density * self.below(x)
            } else {
                density * self.above(x)
            };
            let step = (libm::log(above) - log_probability) * above / density * x;
            x += step;
            if step.abs() < 1e-7 * x {
                break;
            }
        }
        x
    }
}
