//! Optimised local hashing, OLH (Wang, Blocki, Li and Jha 2017): the level's hash under a function of the meter's own,
//! by k-ary randomised response.

use rand_core::Rng;

use crate::draw::below;
use crate::epsilon::Epsilon;
use crate::mechanism::{Impossible, Likelihood, Mechanism, Report, Support, Tally};
use crate::noise::Noise;
use crate::reading::{Levels, Reading};
use crate::response::Response;
use crate::sets;

/// A prime above every level: `2^61 - 1`.
const PRIME: u128 = (1 << 61) - 1;

/// The mechanism. A report is the number of a hash function, of 32 bits, and a hash.
#[derive(Clone, Debug)]
pub struct Olh {
    epsilon: Epsilon,
    levels: Levels,
    /// Among the hashes.
    response: Response,
}

/// The hash of a level under a function: any three levels are hashed independently over functions, but for `2^-29`.
///
/// Three and not two: the variance of a mean asks how often two levels share the hash of a third. With a line in place
/// of this parabola three levels in a row do so twice as often as by chance, for four hashes, and a mean varies more
/// than is stated.
pub(crate) fn hash(function: u32, level: u32, g: u32) -> u32 {
    // Coefficients from the number by two rounds of SplitMix64.
    let mix = |n: u64| {
        let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u128::from(n ^ (n >> 31)) % PRIME
    };
    let seed = u64::from(function).wrapping_mul(4);
    let level = u128::from(level);
    let coefficients = [0x9e37_79b9_7f4a_7c15, 0x3c6e_f372_fe94_f82b, 0xdaa6_6d2c_7ddf_7440];
    let value = coefficients.into_iter().fold(0, |value, offset: u64| {
        (value * level + mix(seed.wrapping_add(offset))) % PRIME
    });
    // Below `g`.
    (value % u128::from(g)) as u32
}

impl Olh {
    /// With the number of hashes that makes the least error: `e^epsilon + 1`, rounded.
    pub fn new(epsilon: Epsilon, levels: Levels) -> Olh {
        let g = libm::floor(epsilon.exp() + 0.5) as u32 + 1;
        Olh {
            epsilon,
            levels,
            response: Response::new(epsilon, g),
        }
    }

    /// The chances that a report supports the level, and any other level.
    fn chances(&self) -> (f64, f64) {
        (self.response.chances().0, 1.0 / f64::from(self.response.count()))
    }

    fn split(report: Report) -> (u32, u32) {
        // The halves of a word: the function below, the hash above.
        (report as u32, (report >> 32) as u32)
    }
}

impl Mechanism for Olh {
    fn name(&self) -> &'static str {
        "OLH"
    }

    fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    fn spent(&self) -> f64 {
        self.epsilon.spent(&[self.response.weights()])
    }

    fn bits(&self) -> u32 {
        u32::BITS + u32::BITS - (self.response.count() - 1).leading_zeros()
    }

    fn report(&self, reading: Reading, rng: &mut dyn Rng) -> Report {
        let level = self.levels.round(reading, rng);
        let function = (rng.next_u64() >> 32) as u32;
        let hashed = self.response.say(hash(function, level, self.response.count()), rng);
        u64::from(hashed) << 32 | u64::from(function)
    }

    fn any(&self, rng: &mut dyn Rng) -> Report {
        let function = rng.next_u64() >> 32;
        below(rng, u64::from(self.response.count())) << 32 | function
    }

    fn support(&self) -> Option<Support> {
        let (own, other) = self.chances();
        Some(Support { own, other, any: other })
    }

    /// Given the function, which is drawn alike for all readings.
    fn likelihood(&self, reading: Reading, report: Report) -> Likelihood {
        let (function, hashed) = Olh::split(report);
        let own = |level| hash(function, level, self.response.count());
        self.levels.likelihood(reading, |level| {
            vec![self.response.weight(own(level), u64::from(hashed))]
        })
    }

    fn counters(&self) -> usize {
        self.levels.count() as usize
    }

    fn count(&self, report: Report, counters: &mut [u64]) -> Result<(), Impossible> {
        let (function, hashed) = Olh::split(report);
        if hashed >= self.response.count() {
            return Err(Impossible);
        }
        for (level, counter) in (0..).zip(counters) {
            *counter += u64::from(hash(function, level, self.response.count()) == hashed);
        }
        Ok(())
    }

    fn mean(&self, tally: &Tally) -> Option<f64> {
        sets::mean(self.levels, &self.frequencies(tally)?)
    }

    fn variance(&self, share: f64) -> f64 {
        let (own, other) = self.chances();
        Noise::independent(self.levels, own, other).variance(self.levels, share)
    }

    fn frequencies(&self, tally: &Tally) -> Option<Vec<f64>> {
        let (own, other) = self.chances();
        sets::frequencies(tally, own, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Over functions, hashes of two levels agree as often as by chance.
    #[test]
    fn hashes_are_pairwise_independent() {
        for g in [2u32, 4, 9] {
            let functions = 40_000u32;
            let same = (0..functions).filter(|f| hash(*f, 3, g) == hash(*f, 17, g)).count() as f64;
            let expected = f64::from(functions) / f64::from(g);
            assert!((same - expected).abs() < 5.0 * libm::sqrt(expected), "{g}: {same}");
        }
    }

    /// And three levels, in a row or not, share a hash as often as by chance.
    #[test]
    fn hashes_of_three_levels_are_independent() {
        for g in [2u32, 4, 9] {
            for [a, b, c] in [[0, 1, 2], [3, 7, 11], [1, 2, 4], [0, 5, 19]] {
                let functions = 40_000u32;
                let alike = |f: &u32| hash(*f, a, g) == hash(*f, b, g) && hash(*f, b, g) == hash(*f, c, g);
                let same = (0..functions).filter(alike).count() as f64;
                let expected = f64::from(functions) / f64::from(g * g);
                assert!(
                    (same - expected).abs() < 5.0 * libm::sqrt(expected),
                    "{g} {a} {b} {c}: {same}"
                );
            }
        }
    }

    /// Over many functions a mean varies as is stated.
    #[test]
    fn the_variance_is_what_is_stated() {
        use crate::reading::Rounding;
        use chacha20::ChaCha12Rng;
        use rand_core::SeedableRng;
        let mut rng = ChaCha12Rng::from_seed([16; 32]);
        for (epsilon, share) in [(1.0, 0.3), (2.0, 0.8)] {
            let levels = Levels::new(12, Rounding::Stochastic);
            let olh = Olh::new(Epsilon::new(epsilon).expect("a budget"), levels);
            let n = 20_000u32;
            let squares = (0..n).map(|_| {
                let mut tally = Tally::new(&olh);
                let report = olh.report(Reading::from_share(share), &mut rng);
                tally.add(&olh, report).expect("possible");
                let error = olh.mean(&tally).expect("one") - share;
                error * error
            });
            let (found, stated) = (squares.sum::<f64>() / f64::from(n), olh.variance(share));
            // A square varies by less than twice its mean.
            assert!(
                (found / stated - 1.0).abs() < 0.06,
                "{epsilon}: {found}, stated {stated}"
            );
        }
    }
}
