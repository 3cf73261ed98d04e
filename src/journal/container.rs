//! How a log is laid out in MCAP, known to writer and reader.
//!
//! | what | where |
//! |---|---|
//! | profile `roadveil` | header |
//! | [`Manifest`](super::Manifest), JSON | attachment `roadveil.manifest`, before the first chunk |
//! | [`Cast`](crate::event::Cast), postcard under zstd | attachment `roadveil.cast`, likewise |
//! | frames as an antenna hears them | channel `events`, a message a batch that has frames |
//! | all else, with the batch's header | channel `truth`, a message a batch |
//! | the batch under way | channel `open`: what a killed run would lose else; void once its batch follows |
//! | positions for Foxglove | channel `positions`, JSON |
//! | [`End`](super::End), JSON | attachment `roadveil.end`, after the last chunk |
//!
//! A message's log time is that of its last record, its publish time that of its first.

use roadveil_role::Time;

use super::error::Malformed;
use super::stream::{Batch, StreamHash};
use super::wire::Reader;

/// What an MCAP header says of a log of ours.
pub(super) const PROFILE: &str = "roadveil";
/// Names of the attachments.
pub(super) const MANIFEST: &str = "roadveil.manifest";
pub(super) const CAST: &str = "roadveil.cast";
pub(super) const END: &str = "roadveil.end";

/// Largest attachment, packed or not.
pub(super) const MAX_ATTACHMENT: usize = 64 * 1024 * 1024;
/// Largest list of nodes and map, unpacked: an empty road takes one byte there and many in memory.
pub(super) const MAX_CAST: usize = 16 * 1024 * 1024;
/// Largest chunk, packed or not: a batch of the largest record in it, in every form, leaves room.
pub(super) const MAX_CHUNK: usize = 64 * 1024 * 1024;

/// A channel of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Events,
    Truth,
    Open,
    Positions,
}

impl Topic {
    pub(super) const ALL: [Topic; 4] = [Topic::Events, Topic::Truth, Topic::Open, Topic::Positions];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Topic::Events => "events",
            Topic::Truth => "truth",
            Topic::Open => "open",
            Topic::Positions => "positions",
        }
    }

    /// The number that we give it. A reader goes by the names that the log gives to numbers, and by these only where
    /// the chunk with the names is lost.
    pub(super) const fn id(self) -> u16 {
        match self {
            Topic::Events => 1,
            Topic::Truth => 2,
            Topic::Open => 3,
            Topic::Positions => 4,
        }
    }

    pub(super) const fn encoding(self) -> &'static str {
        match self {
            Topic::Events => "x-roadveil-events-1",
            Topic::Truth | Topic::Open => "x-roadveil-truth-1",
            Topic::Positions => "json",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Topic> {
        Topic::ALL.into_iter().find(|topic| topic.name() == name)
    }
}

/// Bytes of a batch's header.
const HEADER: usize = 8 + 4 + 8 + 8 + 32 + 32;

/// The message for the truth of a batch: a header, and its bytes.
pub(super) fn truth_message(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + batch.truth.len());
    put_header(&mut out, batch);
    out.extend_from_slice(&batch.truth);
    out
}

/// The message for a batch under way: header, length of the public part, both parts.
pub(super) fn open_message(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + 8 + batch.public.len() + batch.truth.len());
    put_header(&mut out, batch);
    out.extend_from_slice(&(batch.public.len() as u64).to_le_bytes());
    out.extend_from_slice(&batch.public);
    out.extend_from_slice(&batch.truth);
    out
}

fn put_header(out: &mut Vec<u8>, batch: &Batch) {
    out.extend_from_slice(&batch.first.to_le_bytes());
    out.extend_from_slice(&batch.count.to_le_bytes());
    out.extend_from_slice(&batch.from.0.to_le_bytes());
    out.extend_from_slice(&batch.to.0.to_le_bytes());
    out.extend_from_slice(batch.before.bytes());
    out.extend_from_slice(batch.after.bytes());
}

/// Puts a batch together again. `public` is empty where it has no frames.
pub(super) fn read_batch(public: Vec<u8>, truth: &[u8]) -> Result<Batch, Malformed> {
    let mut reader = Reader::new(truth);
    let mut batch = read_header(&mut reader)?;
    batch.public = public;
    batch.truth = reader.rest().to_vec();
    Ok(batch)
}

/// Puts a batch under way together again.
pub(super) fn read_open(message: &[u8]) -> Result<Batch, Malformed> {
    let mut reader = Reader::new(message);
    let mut batch = read_header(&mut reader)?;
    let public = usize::try_from(u64::from_le_bytes(reader.array()?)).map_err(|_| Malformed::Short)?;
    batch.public = reader.take(public)?.to_vec();
    batch.truth = reader.rest().to_vec();
    Ok(batch)
}

fn read_header(reader: &mut Reader<'_>) -> Result<Batch, Malformed> {
    let batch = Batch {
        first: u64::from_le_bytes(reader.array()?),
        count: u32::from_le_bytes(reader.array()?),
        from: Time(u64::from_le_bytes(reader.array()?)),
        to: Time(u64::from_le_bytes(reader.array()?)),
        before: StreamHash::from_bytes(reader.array()?),
        after: StreamHash::from_bytes(reader.array()?),
        public: Vec::new(),
        truth: Vec::new(),
    };
    // A stream has fewer records than a number can count.
    if batch.first.checked_add(u64::from(batch.count)).is_none() || batch.to < batch.from || batch.count == 0 {
        return Err(Malformed::Disagrees);
    }
    Ok(batch)
}
