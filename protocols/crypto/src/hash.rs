//! Hashing with domain separation: every input labelled and length-prefixed.

use sha2::{Digest as _, Sha512};
use zeroize::Zeroizing;

use crate::group::Scalar;
use crate::ops::Op;
use crate::tally;
use crate::wire::{Digest, ShortScalarBytes};

/// 128 bits of a transcript: a challenge.
pub type ShortScalar = ShortScalarBytes;

/// What a hash is taken of: a domain, then labelled byte strings, then what is wanted of them.
///
/// Inside is SHA-512 over frames, each an 8-byte little-endian length and that many bytes: first
/// the domain, then a label and its bytes for each input, last the name of the output. So two
/// transcripts give the same hash only if all of these are the same; moving a byte from one input
/// to the next gives another. Every output is its own hash: a scalar tells nothing of a digest.
///
/// Domains are unique and versioned, such as `ROADVEIL-ECPP-V1-CERT`.
///
/// # Leaks
///
/// The lengths. The state is wiped when dropped, so secrets may be appended.
#[derive(Clone)]
pub struct Transcript {
    state: Sha512,
}

impl Transcript {
    /// An empty transcript of this domain.
    #[must_use]
    pub fn new(domain: &'static str) -> Transcript {
        let mut state = Sha512::new();
        frame(&mut state, domain.as_bytes());
        Transcript { state }
    }

    /// Appends labelled bytes.
    pub fn append(&mut self, label: &'static str, bytes: &[u8]) -> &mut Self {
        frame(&mut self.state, label.as_bytes());
        frame(&mut self.state, bytes);
        self
    }

    /// Appends a labelled number, as 8 little-endian bytes.
    pub fn append_u64(&mut self, label: &'static str, number: u64) -> &mut Self {
        self.append(label, &number.to_le_bytes())
    }

    /// A scalar: all 512 bits, reduced, so its bias is below 2^-256.
    ///
    /// # Cost
    ///
    /// One [`Op::HashToScalar`].
    #[must_use]
    pub fn scalar(&self) -> Scalar {
        let _span = tally::add(Op::HashToScalar, 1);
        Scalar::reduce(self.output("scalar").as_ref())
    }

    /// A number of 128 bits.
    ///
    /// # Cost
    ///
    /// One [`Op::HashToScalar`].
    #[must_use]
    pub fn short(&self) -> ShortScalar {
        let _span = tally::add(Op::HashToScalar, 1);
        ShortScalar::from(self.first("short"))
    }

    /// A digest of 256 bits.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::from(self.first("digest"))
    }

    fn first<const N: usize>(&self, name: &'static str) -> [u8; N] {
        let output = self.output(name);
        std::array::from_fn(|i| output[i])
    }

    fn output(&self, name: &'static str) -> Zeroizing<[u8; 64]> {
        let mut state = self.state.clone();
        frame(&mut state, name.as_bytes());
        Zeroizing::new(state.finalize().into())
    }
}

/// Hides what was appended, which may be secret.
impl std::fmt::Debug for Transcript {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transcript(..)")
    }
}

fn frame(state: &mut Sha512, bytes: &[u8]) {
    state.update((bytes.len() as u64).to_le_bytes());
    state.update(bytes);
}

/// The scalar of a transcript of unlabelled parts.
///
/// # Cost
///
/// One [`Op::HashToScalar`].
#[must_use]
pub fn hash_to_scalar(domain: &'static str, parts: &[&[u8]]) -> Scalar {
    let mut transcript = Transcript::new(domain);
    for part in parts {
        transcript.append("part", part);
    }
    transcript.scalar()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_what_is_documented() {
        let mut by_hand = Sha512::new();
        for part in ["TEST", "label", "bytes", "n", "\x05\0\0\0\0\0\0\0", "digest"] {
            by_hand.update((part.len() as u64).to_le_bytes());
            by_hand.update(part);
        }
        let mut transcript = Transcript::new("TEST");
        transcript.append("label", b"bytes").append_u64("n", 5);
        assert_eq!(transcript.digest().0, by_hand.finalize()[..32]);
    }

    #[test]
    fn every_part_counts() {
        let base = hash_to_scalar("A", &[b"ab", b"c"]);
        assert_eq!(base, hash_to_scalar("A", &[b"ab", b"c"]));
        for other in [
            hash_to_scalar("B", &[b"ab", b"c"]),
            hash_to_scalar("A", &[b"a", b"bc"]),
            hash_to_scalar("A", &[b"abc"]),
            hash_to_scalar("A", &[b"ab", b"c", b""]),
            hash_to_scalar("A", &[b"c", b"ab"]),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn labels_and_outputs_are_apart() {
        let of = |label| {
            let mut transcript = Transcript::new("A");
            transcript.append(label, b"x");
            transcript
        };
        assert_ne!(of("a").digest(), of("b").digest());
        let transcript = of("a");
        assert_ne!(transcript.short().0, transcript.digest().0[..16]);
        assert_ne!(transcript.scalar().to_bytes(), transcript.digest());
    }

    #[test]
    fn reading_does_not_change_a_transcript() {
        let mut transcript = Transcript::new("A");
        transcript.append("a", b"x");
        let first = transcript.scalar();
        assert_eq!(first, transcript.scalar());
        transcript.append("a", b"x");
        assert_ne!(first, transcript.scalar());
    }
}
