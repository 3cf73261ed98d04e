//! Draws for statistics: the same on every platform and in every version, and good for nothing else.

/// Golden ratio, as SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) steps by it.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A number between 0 and 1 that belongs to `word`, as if drawn.
pub(super) fn unit(word: u64) -> f64 {
    ((mix(word.wrapping_add(1).wrapping_mul(STEP)) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// SplitMix64.
#[derive(Clone, Debug)]
pub(super) struct Draws(u64);

impl Draws {
    pub(super) const fn new(seed: u64) -> Draws {
        Draws(mix(seed ^ STEP))
    }

    pub(super) const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0 up to, not including, `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // The high half of the product; its bias is less than 2^-32 for any list that fits in memory.
        ((u128::from(self.word()) * limit as u128) >> 64) as usize
    }

    /// Any order of `list` is as likely as any other.
    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}
