//! Counter-based randomness for the air and the wires: a draw is a function of its key and nothing else.

/// A name's part in a key: a digest of it, so that a draw follows the name and not the node's place in the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u64);

impl Key {
    /// The key of a node's, or a link's, name.
    pub fn of(name: &str) -> Key {
        let digest = blake3::derive_key("roadveil 1 radio names", name.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = digest;
        Key(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// All draws of one purpose in one run.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    root: u64,
}

impl Draws {
    /// The draws for `purpose` in the run with this seed.
    pub fn new(seed: u64, purpose: &str) -> Draws {
        Draws {
            root: mix(Key::of(purpose).0 ^ mix(seed)),
        }
    }

    /// 64 bits for two names and a counter.
    pub fn bits(&self, from: Key, to: Key, counter: u64) -> u64 {
        mix(mix(mix(self.root ^ from.0).wrapping_add(to.0.rotate_left(32))) ^ counter)
    }

    /// The draws for one name and a counter, of which there is one for each other name.
    pub fn burst(&self, from: Key, counter: u64) -> Burst {
        Burst {
            state: mix(mix(self.root ^ from.0) ^ counter),
        }
    }

    /// A sequence of draws for two names and a counter.
    pub fn sequence(&self, from: Key, to: Key, counter: u64) -> Sequence {
        Sequence {
            state: self.bits(from, to, counter),
        }
    }
}

/// Draws under one name and a counter: another name costs one mix.
///
/// It is SplitMix64 with the names' digests for a step: what two bursts or two names have in common is a difference of 64
/// bits that look random, which `mix` spreads over all bits.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    state: u64,
}

impl Burst {
    /// 64 bits for the other name.
    #[inline]
    pub fn bits(self, to: Key) -> u64 {
        mix(self.state.wrapping_add(to.0))
    }
}

/// Successive draws under one key.
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    state: u64,
}

impl Sequence {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number above 0 and at most 1: its logarithm is finite.
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// A whole number from 0 to `last`, by multiplication: the bias of 2^-32 is far below what a run could show.
    pub fn below_or(&mut self, last: u32) -> u32 {
        (((self.bits() >> 32) * (u64::from(last) + 1)) >> 32) as u32
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, variant 13 of Stafford): a bijection of 64 bits in which
/// each input bit flips about half of the output bits.
const fn mix(mut x: u64) -> u64 {
    x ^= x >> 30;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_every_part_of_the_key() {
        let (a, b) = (Key::of("a"), Key::of("b"));
        let draws = Draws::new(1, "fading");
        assert_eq!(draws.bits(a, b, 7), Draws::new(1, "fading").bits(a, b, 7));
        assert_ne!(draws.bits(a, b, 7), draws.bits(b, a, 7));
        assert_ne!(draws.bits(a, b, 7), draws.bits(a, b, 8));
        assert_ne!(draws.bits(a, b, 7), Draws::new(2, "fading").bits(a, b, 7));
        assert_ne!(draws.bits(a, b, 7), Draws::new(1, "backoff").bits(a, b, 7));
    }

    #[test]
    fn a_burst_depends_on_every_part_of_the_key() {
        let (a, b) = (Key::of("a"), Key::of("b"));
        let draws = Draws::new(1, "fading");
        assert_eq!(draws.burst(a, 7).bits(b), Draws::new(1, "fading").burst(a, 7).bits(b));
        assert_ne!(draws.burst(a, 7).bits(b), draws.burst(b, 7).bits(a));
        assert_ne!(draws.burst(a, 7).bits(b), draws.burst(a, 8).bits(b));
        assert_ne!(draws.burst(a, 7).bits(b), Draws::new(2, "fading").burst(a, 7).bits(b));
        assert_ne!(draws.burst(a, 7).bits(b), Draws::new(1, "backoff").burst(a, 7).bits(b));
    }

    #[test]
    fn bursts_are_uniform_and_independent_from_slot_to_slot_and_name_to_name() {
        let draws = Draws::new(3, "test");
        let names: Vec<Key> = (0..64).map(|name| Key::of(&name.to_string())).collect();
        let unit = |from: usize, to: usize, slot: u64| {
            draws.burst(names[from], slot).bits(names[to]) as f64 / 2f64.powi(64) - 0.5
        };
        let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
        let mut products = [0.0; 4];
        let mut flipped = [0u32; 64];
        for from in 0..63 {
            for to in 0..63 {
                for slot in 0..64 {
                    let one = unit(from, to, slot);
                    let others = [
                        unit(from, to, slot + 1),
                        unit(from, to + 1, slot),
                        unit(from + 1, to, slot),
                        unit(to, from, slot) * f64::from(u8::from(from != to)),
                    ];
                    n += 1.0;
                    sum += one;
                    squares += one * one;
                    for (product, other) in products.iter_mut().zip(others) {
                        *product += one * other;
                    }
                    let next = draws.burst(names[from], slot ^ 1).bits(names[to]);
                    let bits = draws.burst(names[from], slot).bits(names[to]) ^ next;
                    for (bit, flipped) in flipped.iter_mut().enumerate() {
                        *flipped += (bits >> bit & 1) as u32;
                    }
                }
            }
        }
        // Five standard errors: variance 1/12 of a unit, 1/180 of its square, 1/144 of a product; pairs of
        // names come twice, so that their sum has twice that variance.
        assert!(sum.abs() < 5.0 * f64::sqrt(n / 12.0), "{sum}");
        assert!((squares - n / 12.0).abs() < 5.0 * f64::sqrt(n / 180.0), "{squares}");
        for product in products {
            assert!(product.abs() < 5.0 * f64::sqrt(n / 72.0), "{products:?}");
        }
        // A flipped bit of the slot flips each bit of the draw half of the time; each pair of slots is seen twice.
        for flipped in flipped {
            assert!(
                (f64::from(flipped) - n / 2.0).abs() < 5.0 * f64::sqrt(n / 2.0),
                "{flipped} of {n}"
            );
        }
    }

    #[test]
    fn units_are_uniform() {
        let draws = Draws::new(3, "test");
        let key = Key::of("x");
        let (mut sum, mut squares, n) = (0.0, 0.0, 100_000);
        for counter in 0..n {
            let unit = draws.sequence(key, key, counter).unit();
            assert!(unit > 0.0 && unit <= 1.0);
            sum += unit;
            squares += unit * unit;
        }
        // Five standard errors of mean and second moment.
        assert!((sum / n as f64 - 0.5).abs() < 5.0 * 0.2887 / (n as f64).sqrt());
        assert!((squares / n as f64 - 1.0 / 3.0).abs() < 5.0 * 0.2981 / (n as f64).sqrt());
    }

    #[test]
    fn whole_numbers_cover_their_range_evenly() {
        let mut sequence = Draws::new(4, "test").sequence(Key::of("x"), Key::of("y"), 0);
        let mut counts = [0u32; 16];
        for _ in 0..160_000 {
            counts[sequence.below_or(15) as usize] += 1;
        }
        // 10,000 expected in each, standard deviation 97.
        assert!(
            counts.iter().all(|&count| (9_500..=10_500).contains(&count)),
            "{counts:?}"
        );
    }
}
