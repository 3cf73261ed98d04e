//! Randomness for roles: one stream for each (seed, node, role, purpose, exchange).
//!
//! A draw depends on nothing else. Adding a node, a message or a parameter leaves every other draw as it was, so two
//! branches of a run differ only where they should. A stream continues and never restarts: asking for the same purpose
//! and exchange again goes on where the last draw ended, so a nonce is never drawn twice. A role with many exchanges says
//! which are over; their streams are gone for good.

use std::collections::BTreeMap;

use chacha20::ChaCha12Rng;
use rand_core::SeedableRng;

/// The generator behind a stream: ChaCha with 12 rounds, named here because a generator that may change between
/// versions of a library would change every run.
pub type Stream = ChaCha12Rng;

/// All streams of one role on one node.
pub struct Streams {
    root: [u8; 32],
    open: BTreeMap<(&'static str, u64), Box<Stream>>,
    /// Exchanges from 1 up to, not including, this one are over.
    over: u64,
}

impl Streams {
    /// The streams of `role` on the node called `node`, in the run with this `seed`.
    pub fn new(seed: u64, node: &str, role: &str) -> Streams {
        let mut hasher = blake3::Hasher::new_derive_key("roadveil 1 role streams");
        hasher.update(&seed.to_le_bytes());
        absorb(&mut hasher, node.as_bytes());
        absorb(&mut hasher, role.as_bytes());
        Streams {
            root: *hasher.finalize().as_bytes(),
            open: BTreeMap::new(),
            over: 0,
        }
    }

    /// The stream for `purpose` in `exchange` (a number that the role gives to a run of a handshake; 0 where there is
    /// only one).
    ///
    /// # Panics
    /// If the exchange was forgotten: its streams would restart, and draw their nonces again.
    pub fn get(&mut self, purpose: &'static str, exchange: u64) -> &mut Stream {
        assert!(
            exchange == 0 || exchange >= self.over,
            "exchange {exchange} is over, and draws nothing more for {purpose}"
        );
        let root = &self.root;
        self.open.entry((purpose, exchange)).or_insert_with(|| {
            let mut hasher = blake3::Hasher::new_keyed(root);
            absorb(&mut hasher, purpose.as_bytes());
            hasher.update(&exchange.to_le_bytes());
            Box::new(Stream::from_seed(*hasher.finalize().as_bytes()))
        })
    }
}

impl Streams {
    /// Closes the streams of all exchanges from 1 up to, not including, `below`, for good. Exchange 0 is never over.
    pub fn forget(&mut self, below: u64) {
        if below > self.over {
            self.over = below;
            self.open
                .retain(|(_, exchange), _| *exchange == 0 || *exchange >= below);
        }
    }
}

impl Clone for Streams {
    /// Copies every stream at its present position: a branch draws what the original would have drawn.
    fn clone(&self) -> Streams {
        let open = self.open.iter().map(|(key, stream)| (*key, Box::new(copy(stream))));
        Streams {
            root: self.root,
            open: open.collect(),
            over: self.over,
        }
    }
}

/// The generator is not `Clone`, lest a nonce be drawn twice by oversight; a branch of a run wants exactly that.
fn copy(stream: &Stream) -> Stream {
    Stream::deserialize_state(&stream.serialize_state())
}

impl core::fmt::Debug for Streams {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Streams")
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}

/// Hashes `bytes` with its length, so that no two lists of inputs run together.
fn absorb(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::Rng;

    #[test]
    fn a_stream_depends_on_every_part_of_its_key_and_on_nothing_else() {
        let first =
            |seed, node, role, purpose, exchange| Streams::new(seed, node, role).get(purpose, exchange).next_u64();
        let base = first(1, "car", "obu", "key", 0);
        assert_eq!(base, first(1, "car", "obu", "key", 0));
        assert_ne!(base, first(2, "car", "obu", "key", 0));
        assert_ne!(base, first(1, "ca", "robu", "key", 0));
        assert_ne!(base, first(1, "car", "obu", "sign", 0));
        assert_ne!(base, first(1, "car", "obu", "key", 1));
        let mut streams = Streams::new(1, "car", "obu");
        streams.get("sign", 7).next_u64();
        assert_eq!(base, streams.get("key", 0).next_u64());
    }

    #[test]
    fn a_copy_goes_on_where_the_original_stands() {
        let mut streams = Streams::new(1, "car", "obu");
        streams.get("key", 0).next_u64();
        streams.get("key", 0).next_u32();
        streams.get("key", 0).fill_bytes(&mut [0; 7]);
        let mut copy = streams.clone();
        for purpose in ["key", "sign"] {
            assert_eq!(streams.get(purpose, 0).next_u64(), copy.get(purpose, 0).next_u64());
        }
    }

    #[test]
    fn what_is_over_is_closed_and_the_rest_goes_on() {
        let (mut streams, mut other) = (Streams::new(1, "car", "obu"), Streams::new(1, "car", "obu"));
        for exchange in 0..5 {
            assert_eq!(
                streams.get("key", exchange).next_u64(),
                other.get("key", exchange).next_u64()
            );
        }
        streams.forget(3);
        streams.forget(2);
        assert_eq!(streams.open.len(), 3);
        for exchange in [0, 3, 4, 5] {
            assert_eq!(
                streams.get("key", exchange).next_u64(),
                other.get("key", exchange).next_u64()
            );
        }
    }

    #[test]
    #[should_panic(expected = "exchange 2 is over")]
    fn a_closed_stream_never_restarts() {
        let mut streams = Streams::new(1, "car", "obu");
        streams.get("key", 2).next_u64();
        streams.forget(3);
        streams.clone().get("key", 2);
    }

    #[test]
    fn a_stream_continues() {
        let mut streams = Streams::new(1, "car", "obu");
        let first = streams.get("key", 0).next_u64();
        assert_ne!(first, streams.get("key", 0).next_u64());
    }
}
