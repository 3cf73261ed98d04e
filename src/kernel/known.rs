//! Checks that somebody asked or announced, by the digest of their inputs.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use roadveil_crypto::Check;

/// Looked up by digest and never walked, so its order decides nothing.
#[expect(clippy::disallowed_types, reason = "looked up by digest, never iterated")]
type ByDigest = std::collections::HashMap<[u8; 32], Check, BuildHasherDefault<Uniform>>;

/// Checks kept before the older half is forgotten.
const KEPT: usize = 1 << 15;

/// The hash of a digest is the digest: it is uniform already.
#[derive(Debug, Default)]
struct Uniform(u64);

impl Hasher for Uniform {
    fn write(&mut self, bytes: &[u8]) {
        if let Some((first, _)) = bytes.split_first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// The length of the digest says nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Checks by digest, bounded: one for all that are equal.
#[derive(Debug, Default)]
pub struct Known(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    recent: ByDigest,
    older: ByDigest,
}

impl Known {
    /// The check that stands for all that are equal to this one: the first of them. With it, whether it is this one,
    /// of which nobody knew.
    pub fn first(&self, check: &Check) -> (Check, bool) {
        let mut known = self.lock();
        if let Some(found) = known.find(check.digest()) {
            return (found.clone(), false);
        }
        known.keep(check.clone());
        (check.clone(), true)
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn find(&mut self, digest: &[u8; 32]) -> Option<&Check> {
        if !self.recent.contains_key(digest) {
            let check = self.older.remove(digest)?;
            self.recent.insert(*digest, check);
        }
        self.recent.get(digest)
    }

    fn keep(&mut self, check: Check) {
        if self.recent.len() >= KEPT {
            self.older = core::mem::take(&mut self.recent);
        }
        self.recent.insert(*check.digest(), check);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::{ByteArray, SchnorrCheck, Signature};

    fn check(number: u64) -> Check {
        Check::new(SchnorrCheck {
            domain: "ROADVEIL-TEST-V1",
            key: ByteArray([0; 48]),
            message: number.to_le_bytes().to_vec().into(),
            signature: Signature {
                z: ByteArray([0; 16]),
                s: ByteArray([0; 32]),
            },
        })
    }

    #[test]
    fn equal_checks_are_one() {
        let known = Known::default();
        let (first, new) = known.first(&check(1));
        assert!(new && first.begin());
        let (again, new) = known.first(&check(1));
        assert!(!new && !again.begin(), "the same one");
        assert!(known.first(&check(2)).1);
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_used_stays() {
        let known = Known::default();
        for number in 0..3 * KEPT as u64 {
            known.first(&check(number));
            assert!(number == 0 || !known.first(&check(0)).1);
        }
        let kept = known.lock();
        assert!(kept.recent.len() + kept.older.len() <= 2 * KEPT);
    }
}
