//! Log-normal shadowing, correlated in space.
//!
//! The model is ours. Each end of a link contributes half of the variance: `S(a, b) = (F(a) + F(b)) sigma / sqrt 2`, where
//! `F` is a Gaussian field over the plane with mean 0, variance 1 and the correlation `exp(-d / correlation distance)`
//! that Gudmundson measured along a path (Electronics Letters 27(23), 1991). A link is alike in both directions, two links
//! that share one end are correlated by one half, as is usual where sites are correlated, and each node costs one
//! evaluation whenever it moves, however many links it has. The price: between ends `d` apart, the variance is
//! `sigma^2 (1 + exp(-d / correlation distance))`, which is more than `sigma^2` where they stand close together.
//!
//! The field is a sum of cosine waves (Shinozuka and Jan, Journal of Sound and Vibration 25(1), 1972). The exponential
//! correlation has the spectral density `a k / (a^2 + k^2)^(3/2)` over the radial wave number `k`, with
//! `a = 1 / correlation distance`: the share of wave numbers above `k` is `1 / sqrt(1 + (k / a)^2)`, so that a uniform `u`
//! gives `k = a sqrt(1 / u^2 - 1)`.

use core::f64::consts::{FRAC_1_SQRT_2, TAU};

use super::decibel::NEAREST;
use super::draw::{Draws, Key};

/// Waves.
const WAVES: usize = 128;
/// Waves that are added at once.
const LANES: usize = 4;
/// Greatest wave number, in units of the correlation distance's inverse: one in 10,000 would be above.
const SHORTEST: f64 = 1e4;
/// Inverse of the golden ratio: its multiples spread evenly over the turn.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The field of one run.
#[derive(Clone, Debug)]
pub struct Shadowing {
    /// What one end's sum of waves is multiplied with, dB.
    amplitude_db: f64,
    waves: Vec<Waves>,
}

/// Some waves: turns for each metre east and north, and turns at the origin.
#[derive(Clone, Copy, Debug, Default)]
struct Waves {
    east: [f64; LANES],
    north: [f64; LANES],
    phase: [f64; LANES],
}

impl Shadowing {
    /// Shadowing of links with this standard deviation, in the run with this seed.
    pub fn new(sigma_db: f64, correlation_m: f64, seed: u64) -> Shadowing {
        let mut draws = Draws::new(seed, "shadowing").sequence(Key::of("east"), Key::of("north"), 0);
        let first = draws.unit();
        let mut waves = vec![Waves::default(); WAVES / LANES];
        for index in 0..WAVES {
            // One wave number from each of so many equal shares of all, in directions that spread evenly: each wave is
            // drawn from the spectrum, and one run's field is nearer to it than with independent waves.
            let u = (index as f64 + draws.unit()) / WAVES as f64;
            let number = (1.0 / (u * u) - 1.0).max(0.0).sqrt().min(SHORTEST) / (TAU * correlation_m);
            let direction = TAU * (first + index as f64 * GOLDEN);
            let some = &mut waves[index / LANES];
            some.east[index % LANES] = number * libm::cos(direction);
            some.north[index % LANES] = number * libm::sin(direction);
            some.phase[index % LANES] = draws.unit();
        }
        Shadowing {
            amplitude_db: sigma_db * FRAC_1_SQRT_2 * (2.0 / WAVES as f64).sqrt(),
            waves,
        }
    }

    /// What a link's end at a place (metres east and north) contributes, dB.
    pub fn at(&self, x: f64, y: f64) -> f64 {
        let mut sums = [0.0; LANES];
        for some in &self.waves {
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum += cosine(some.east[lane] * x + some.north[lane] * y + some.phase[lane]);
            }
        }
        self.amplitude_db * sums.iter().sum::<f64>()
    }
}

/// The cosine of so many turns, with an error below 1e-8: operations that are alike everywhere, several at once.
#[inline]
fn cosine(turns: f64) -> f64 {
    let rest = turns - ((turns + NEAREST) - NEAREST);
    let square = rest * rest;
    SERIES.iter().rev().fold(0.0, |sum, term| sum * square + term)
}

/// Taylor series of the cosine of a turn: `(-1)^n (2 pi)^(2n) / (2n)!`. At half a turn, the first that is left out is 4e-9.
const SERIES: [f64; 10] = {
    let mut series = [1.0; 10];
    let mut n = 1;
    while n < series.len() {
        series[n] = -series[n - 1] * (TAU * TAU) / ((2 * n - 1) * (2 * n)) as f64;
        n += 1;
    }
    series
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_is_one() {
        for step in -4000..4000 {
            let turns = f64::from(step) * 0.001_3;
            assert!((cosine(turns) - libm::cos(TAU * turns)).abs() < 1e-8, "{turns}");
        }
        assert!((cosine(123_456_789.25)).abs() < 1e-6);
    }

    /// Mean over many seeds of the product of two links' shadowing, over the variance, with its standard error.
    fn correlation(ends: [(f64, f64); 4]) -> (f64, f64) {
        let (seeds, sigma) = (4000, 6.0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for seed in 0..seeds {
            let field = Shadowing::new(sigma, 25.0, seed);
            let [a, b, c, d] = ends.map(|(x, y)| field.at(x, y));
            let product = (a + b) * (c + d) / (sigma * sigma);
            sum += product;
            squares += product * product;
        }
        let n = seeds as f64;
        let mean = sum / n;
        (mean, ((squares / n - mean * mean) / n).sqrt())
    }

    #[test]
    fn links_have_the_variance_and_the_correlation_of_the_model() {
        let far = (10_000.0, 0.0);
        let rho = |metres: f64| libm::exp(-metres / 25.0);
        // One end moves away by so much: half of the variance stays, half follows the field's correlation.
        for metres in [0.0, 5.0, 10.0, 25.0, 50.0, 100.0] {
            let diagonal = (metres * 0.6, metres * 0.8);
            let (found, error) = correlation([(0.0, 0.0), far, diagonal, far]);
            let expected = 0.5 + 0.5 * rho(metres);
            assert!(
                error < 0.03 && (found - expected).abs() < 4.0 * error,
                "{metres} m: {found}, expected {expected}"
            );
        }
        // Links without a common end.
        let (found, error) = correlation([(0.0, 0.0), far, (0.0, 500.0), (-3_000.0, 0.0)]);
        assert!(found.abs() < 4.0 * error, "{found}");
        // Ends so close together that they share their surroundings.
        let near = (0.0, 20.0);
        let (found, error) = correlation([(0.0, 0.0), near, (0.0, 0.0), near]);
        let expected = 1.0 + rho(20.0);
        assert!((found - expected).abs() < 4.0 * error, "{found}, expected {expected}");
    }

    #[test]
    fn one_run_has_mean_zero_and_the_variance_over_a_city() {
        for seed in 0..5 {
            let field = Shadowing::new(4.0, 25.0, seed);
            let (mut sum, mut squares, n) = (0.0, 0.0, 100);
            for row in 0..n {
                for column in 0..n {
                    let value = field.at(f64::from(column) * 73.0, f64::from(row) * 73.0);
                    sum += value;
                    squares += value * value;
                }
            }
            let mean = sum / f64::from(n * n);
            let variance = squares / f64::from(n * n) - mean * mean;
            assert!(mean.abs() < 0.2, "seed {seed}: mean {mean}");
            assert!((variance / 8.0 - 1.0).abs() < 0.1, "seed {seed}: variance {variance}");
        }
    }

    #[test]
    fn seeds_differ_and_none_is_none() {
        assert_ne!(
            Shadowing::new(4.0, 25.0, 1).at(7.0, 9.0),
            Shadowing::new(4.0, 25.0, 2).at(7.0, 9.0)
        );
        assert_eq!(Shadowing::new(0.0, 25.0, 1).at(7.0, 9.0), 0.0);
    }
}
