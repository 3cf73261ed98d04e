//! Exact draws: every probability is a whole number of `2^-64`, and what is drawn has exactly that.

use rand_core::Rng;

/// One in whole numbers: `2^64`.
pub const ONE: u128 = 1 << 64;

/// Something that happens with a probability of so many `2^-64`, from never to always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chance(u128);

impl Chance {
    /// So many `2^-64`; more than [`ONE`] is always.
    pub fn of(weight: u128) -> Chance {
        Chance(weight.min(ONE))
    }

    /// Of `part` in `whole`, rounded down. What is impossible (`whole` of zero) never happens.
    pub fn ratio(part: u64, whole: u64) -> Chance {
        let weight = (u128::from(part) << 64).checked_div(u128::from(whole));
        Chance::of(weight.unwrap_or(0))
    }

    /// So many `2^-64`.
    pub fn weight(self) -> u128 {
        self.0
    }

    /// As a number.
    pub fn get(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    /// That it does not happen.
    pub fn complement(self) -> Chance {
        Chance(ONE - self.0)
    }

    /// Does it happen? One word is drawn, whatever the chance.
    pub fn happens<R: Rng + ?Sized>(self, rng: &mut R) -> bool {
        u128::from(rng.next_u64()) < self.0
    }
}

/// A whole number below `limit`, each alike, by rejection. Zero where there is no other.
pub fn below<R: Rng + ?Sized>(rng: &mut R, limit: u64) -> u64 {
    if limit < 2 {
        return 0;
    }
    // The largest multiple of the limit: what is not below it would favour some.
    let fair = u64::MAX - (u64::MAX % limit + 1) % limit;
    loop {
        let word = rng.next_u64();
        if word <= fair {
            return word % limit;
        }
    }
}

/// The least weight from 1 to [`ONE`] from which on `holds`, which must go on holding for larger ones.
pub fn least(holds: impl Fn(u128) -> bool) -> u128 {
    let (mut low, mut high) = (1, ONE);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha12Rng;
    use rand_core::SeedableRng;

    #[test]
    fn never_and_always_are_just_that() {
        let mut rng = ChaCha12Rng::from_seed([1; 32]);
        for _ in 0..1000 {
            assert!(!Chance::of(0).happens(&mut rng) && Chance::of(ONE).happens(&mut rng));
        }
        assert_eq!(
            (Chance::ratio(1, 2).weight(), Chance::ratio(1, 0).weight()),
            (ONE / 2, 0)
        );
        assert_eq!(Chance::of(ONE + 1), Chance::of(0).complement());
    }

    #[test]
    fn numbers_are_below_their_limit_and_alike() {
        let mut rng = ChaCha12Rng::from_seed([2; 32]);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[below(&mut rng, 7) as usize] += 1;
        }
        // 10 000 each with a deviation of 93.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 500), "{counts:?}");
        assert_eq!((below(&mut rng, 0), below(&mut rng, 1)), (0, 0));
        assert!(below(&mut rng, u64::MAX) < u64::MAX);
    }

    #[test]
    fn the_least_that_holds() {
        assert_eq!(least(|weight| weight >= 12_345), 12_345);
        assert_eq!((least(|_| true), least(|_| false)), (1, ONE));
    }
}
