//! Reading ahead what will be needed soon.
//!
//! Of a city, only what was read last is in the near cache. What lies beyond is fetched in order where each step waits for the
//! one before, and all at once where a loop does nothing but read: so whoever knows early of whom it will ask warms them.

use core::hint::black_box;

/// Reads a word of each line of cache that will be needed; `words` does nothing else.
#[inline]
pub fn warm(words: impl Iterator<Item = u64>) {
    black_box(words.fold(0, u64::wrapping_add));
}
