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
        let [here, next] = self.values[index..index + 2] else {
            return 1.0;
        };
        here + (next - here) * share
    }
}

/// The least count from a tail that is told apart; a draw has 63 bits below the one that chooses the tail.
const FIRST: i64 = 1 << (63 - OCTAVES);

/// Draws there are.
const WHOLE: f64 = (1u64 << 63) as f64 * 2.0;

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
    let gamma = Gamma::new(m);
    let mut log_x = libm::log(m);
    for index in (0..=TAIL).rev() {
        let probability = start::<STEPS>(locate_first() + index as u64) / WHOLE;
        log_x = gamma.lower_quantile(libm::log(probability), log_x);
        values[index] = (libm::exp(log_x) / m) as f32;
    }
    let mut x = libm::exp(gamma.lower_quantile(-core::f64::consts::LN_2, libm::log(m)));
    for index in (0..=TAIL).rev() {
        let probability = start::<STEPS>(locate_first() + index as u64) / WHOLE;
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

#[cfg(test)]
mod tests {
    use super::super::draw::{Draws, Key};
    use super::*;
    use core::f64::consts::PI;

    /// One shape at all distances.
    fn of(m: f64) -> Nakagami {
        Nakagami::new([m; 3], [50.0, 150.0])
    }

    /// Probabilities below and above `x` in closed form, for the shapes that have one.
    fn tails(m: f64, x: f64) -> (f64, f64) {
        let y = m * x;
        let root = y.sqrt();
        // What the recurrence of the incomplete gamma function takes from shape 1/2 to 3/2.
        let half = 2.0 * root / PI.sqrt() * libm::exp(-y);
        match m {
            0.5 => (libm::erf(root), libm::erfc(root)),
            1.0 => (-libm::expm1(-y), libm::exp(-y)),
            1.5 => (libm::erf(root) - half, libm::erfc(root) + half),
            3.0 => {
                let above = libm::exp(-y) * (1.0 + y + y * y / 2.0);
                (1.0 - above, above)
            }
            _ => panic!("no closed form for m = {m}"),
        }
    }

    /// Draws from one tail to the other, close together at both.
    fn sweep() -> Vec<u64> {
        let mut draws = vec![0];
        while let Some(&last) = draws.last()
            && last < 1 << 63
        {
            draws.push(last + 1 + last / 1009);
        }
        draws.pop();
        let upper: Vec<u64> = draws.iter().rev().map(|draw| !draw).collect();
        draws.extend(upper);
        draws
    }

    #[test]
    fn quantiles_are_those_of_the_closed_forms() {
        for m in [0.5, 1.0, 1.5, 3.0] {
            let fading = of(m);
            let mut worst: f64 = 0.0;
            for bits in sweep() {
                let (below, above) = tails(m, f64::from(fading.factor(bits, 10.0)));
                let (u, v) = (bits as f64 / WHOLE, !bits as f64 / WHOLE);
                worst = worst.max((below - u).abs());
                // In the tails, relative to the little that is left there; for the closed forms cancel near zero.
                if (1e-6..0.5).contains(&u) {
                    assert!((below / u - 1.0).abs() < 1e-3, "m = {m}, u = {u}: {below}");
                }
                if (1e-11..0.5).contains(&v) {
                    assert!((above / v - 1.0).abs() < 1e-3, "m = {m}, 1 - u = {v}: {above}");
                }
            }
            assert!(worst < 2e-5, "m = {m}: {worst}");
        }
    }

    #[test]
    fn a_greater_draw_is_a_greater_factor() {
        for m in [0.5, 0.7, 1.0, 1.5, 3.0, 10.0, 50.0] {
            let fading = of(m);
            let factors: Vec<f32> = sweep().into_iter().map(|bits| fading.factor(bits, 10.0)).collect();
            assert!(factors.is_sorted(), "m = {m}");
            assert!(factors.iter().all(|factor| *factor > 0.0 && factor.is_finite()));
        }
    }

    #[test]
    fn the_mean_is_one_and_the_variance_that_of_the_shape() {
        for m in [0.5, 0.8, 1.0, 1.5, 3.0, 7.0, 50.0] {
            // Evenly over all draws: the integral of the quantile function, without sampling error.
            let fading = of(m);
            let (mut sum, mut squares, n) = (0.0, 0.0, 1u64 << 18);
            for step in 0..n {
                let factor = f64::from(fading.factor((step << 46) + (1 << 45), 10.0));
                sum += factor;
                squares += factor * factor;
            }
            let mean = sum / n as f64;
            let variance = squares / n as f64 - mean * mean;
            assert!((mean - 1.0).abs() < 1e-4, "m = {m}: mean {mean}");
            assert!((variance * m - 1.0).abs() < 2e-3, "m = {m}: variance {variance}");
        }
    }

    #[test]
    fn draws_of_a_run_have_that_mean_and_variance() {
        let fading = Nakagami::new([3.0, 1.5, 1.0], [50.0, 150.0]);
        for (metres, m) in [
            (0.0, 3.0),
            (49.9, 3.0),
            (50.0, 1.5),
            (149.0, 1.5),
            (150.0, 1.0),
            (9e4, 1.0),
        ] {
            let draws = Draws::new(1, "fading");
            let (mut sum, mut squares, n) = (0.0, 0.0, 200_000);
            for slot in 0..n {
                let bits = draws.burst(Key::of("a"), slot).bits(Key::of("b"));
                let factor = f64::from(fading.factor(bits, metres));
                sum += factor;
                squares += factor * factor;
            }
            let mean = sum / n as f64;
            let variance = squares / n as f64 - mean * mean;
            // Five standard errors: that of the variance follows from the fourth moment, 3 (1 + 2 / m) / m^2.
            let error = (1.0 / m / n as f64).sqrt();
            assert!((mean - 1.0).abs() < 5.0 * error, "m = {m}: mean {mean}");
            let error = ((2.0 + 6.0 / m) / (m * m * n as f64)).sqrt();
            assert!((variance - 1.0 / m).abs() < 5.0 * error, "m = {m}: variance {variance}");
        }
    }
}
