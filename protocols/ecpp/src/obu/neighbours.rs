//! The keys of other stations: each certificate is checked once, then only signatures.

use std::sync::Arc;

use roadveil_role::Time;

use super::places::Places;
use crate::cert::{CertId, Certificate};
use crate::system::Validity;

/// How many keys an OBU keeps; the one heard longest ago goes first.
pub(super) const CAPACITY: usize = 2048;

/// A key whose certificate was checked.
#[derive(Clone, Debug)]
pub(super) struct Neighbour {
    /// Shared with whoever heard it in the same frame.
    pub(super) certificate: Arc<Certificate>,
    pub(super) validity: Validity,
    heard: Time,
    window: Window,
}

/// Which sequence numbers were accepted: the highest, and the 64 below it.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    highest: u32,
    /// Bit `n`: `highest - n` was accepted.
    seen: u64,
}

impl Window {
    fn is_new(self, sequence: u32) -> bool {
        match self.highest.checked_sub(sequence) {
            None => true,
            Some(age) => age < 64 && self.seen & (1 << age) == 0,
        }
    }

    fn accept(&mut self, sequence: u32) {
        match self.highest.checked_sub(sequence) {
            None => {
                self.seen = self.seen.checked_shl(sequence - self.highest).unwrap_or(0) | 1;
                self.highest = sequence;
            }
            Some(age) => self.seen |= 1u64.checked_shl(age).unwrap_or(0),
        }
    }
}

impl Neighbour {
    /// Was no message of that number accepted, and is it not too old to tell?
    pub(super) fn is_new(&self, sequence: u32) -> bool {
        self.window.is_new(sequence)
    }

    /// A message of that number was accepted.
    pub(super) fn accept(&mut self, sequence: u32, now: Time) {
        self.window.accept(sequence);
        self.heard = now;
    }
}

// With its name it takes one line of a cache.
const _: () = assert!(
    size_of::<Neighbour>() <= 56,
    "a neighbour is looked up for every message"
);

/// All of them, by the names of their certificates.
#[derive(Clone, Debug, Default)]
pub(super) struct Neighbours(Places<Neighbour>);

impl Neighbours {
    pub(super) fn get_mut(&mut self, id: &CertId) -> Option<&mut Neighbour> {
        self.0.get_mut(u64::from_be_bytes(id.0))
    }

    /// Keeps a certificate that was checked.
    pub(super) fn keep(&mut self, id: &CertId, certificate: &Arc<Certificate>, now: Time) {
        if self.0.len() >= CAPACITY {
            self.forget_expired(now);
        }
        if self.0.len() >= CAPACITY {
            let oldest = self.0.iter().min_by_key(|(id, known)| (known.heard, *id));
            if let Some(oldest) = oldest.map(|(id, _)| id) {
                self.0.remove(oldest);
            }
        }
        self.0.insert(
            u64::from_be_bytes(id.0),
            Neighbour {
                certificate: Arc::clone(certificate),
                validity: certificate.validity,
                heard: now,
                window: Window::default(),
            },
        );
    }

    /// Forgets keys whose time is over.
    pub(super) fn forget_expired(&mut self, now: Time) {
        let over = |known: &Neighbour| now >= known.validity.end();
        let over: Vec<u64> = self
            .0
            .iter()
            .filter(|(_, known)| over(known))
            .map(|(id, _)| id)
            .collect();
        for id in over {
            self.0.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_window_accepts_nothing_twice(numbers in proptest::collection::vec(0u32..200, 0..300)) {
            let mut window = Window::default();
            let mut accepted = BTreeSet::new();
            for number in numbers {
                if window.is_new(number) {
                    prop_assert!(accepted.insert(number), "{} twice", number);
                    window.accept(number);
                } else {
                    let highest = accepted.last().copied().unwrap_or(0);
                    prop_assert!(accepted.contains(&number) || number + 64 <= highest);
                }
            }
        }
    }

    #[test]
    fn a_window_takes_what_is_late_and_survives_the_ends() {
        let mut window = Window::default();
        for number in [0, 5, 3, 4, u32::MAX, u32::MAX - 1] {
            assert!(window.is_new(number));
            window.accept(number);
            assert!(!window.is_new(number));
        }
        assert!(!window.is_new(6), "too old to tell");
    }
}
