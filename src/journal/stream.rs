//! The stream of events as batches of bytes, and its hash.
//!
//! Records are gathered into batches by a rule that looks at nothing but the records: so the same events make the same
//! batches, whatever the threads, the pace or the slices in which they were handed over. The stream hash chains the
//! batches, so that a log that was cut short still proves what it has.
//!
//! A batch has two parts. The public part holds frames as an antenna hears them; the truth holds all else, and where
//! between its records the frames stand.

use std::fmt;
use std::str::FromStr;

use roadveil_role::Time;
use serde::{Deserialize, Serialize};

use super::code::{Bases, put_record, take_record};
use super::error::{JournalError, Malformed};
use super::wire::Reader;
use crate::event::Record;

/// A batch that has this many bytes takes no further record.
pub const BATCH_BYTES: usize = 64 * 1024;
/// A batch spans less than this, in nanoseconds of virtual time.
pub const BATCH_SPAN: u64 = 100_000_000;
/// No record may take more bytes than this, so that a reader can bound what it allocates.
pub const MAX_RECORD: usize = 16 * 1024 * 1024;

/// Separates this hash from every other use of the same function.
const CHAIN: &str = "ROADVEIL-JOURNAL-V1-CHAIN";

/// A state of the chain over the batches of a run; the last one is the run's stream hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamHash([u8; 32]);

impl StreamHash {
    /// The hash of a run in which nothing has happened.
    pub fn start() -> StreamHash {
        StreamHash(blake3::derive_key(CHAIN, b""))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) const fn from_bytes(bytes: [u8; 32]) -> StreamHash {
        StreamHash(bytes)
    }

    /// The next state. Every part has its length before it, so no two batches have the same input.
    fn next(&self, batch: &Batch) -> StreamHash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        hasher.update(&batch.first.to_le_bytes());
        hasher.update(&batch.from.0.to_le_bytes());
        hasher.update(&batch.count.to_le_bytes());
        for part in [&batch.public, &batch.truth] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        StreamHash(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for StreamHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StreamHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no stream hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stream hash is 64 hexadecimal digits")]
pub struct NotAHash;

impl FromStr for StreamHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<StreamHash, NotAHash> {
        let hash = blake3::Hash::from_hex(text).map_err(|_| NotAHash)?;
        Ok(StreamHash(*hash.as_bytes()))
    }
}

impl Serialize for StreamHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<StreamHash, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Some records in a row, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The number of its first record, counted from 0 in the whole stream.
    pub first: u64,
    /// How many records it has.
    pub count: u32,
    /// Time of its first record.
    pub from: Time,
    /// Time of its last record.
    pub to: Time,
    /// Its frames, as an antenna hears them.
    pub public: Vec<u8>,
    /// All else.
    pub truth: Vec<u8>,
    /// State of the chain before it.
    pub before: StreamHash,
    /// State of the chain after it.
    pub after: StreamHash,
}

impl Batch {
    /// The number that the record after its last one has.
    pub const fn end(&self) -> u64 {
        self.first.saturating_add(self.count as u64)
    }

    /// Does the state after it follow from the state before it and its content?
    pub fn is_sealed(&self) -> bool {
        self.before.next(self) == self.after
    }

    /// Its records.
    ///
    /// # Errors
    ///
    /// If the bytes are not what [`Encoder`] makes of some records.
    pub fn decode(&self) -> Result<Vec<Record>, Malformed> {
        let mut public = Reader::new(&self.public);
        let mut truth = Reader::new(&self.truth);
        let mut bases = Bases::new(self.from);
        // Each record takes at least one byte of the truth.
        let mut records = Vec::with_capacity((self.count as usize).min(self.truth.len()).min(BATCH_BYTES));
        while !truth.is_empty() {
            // The rule of the encoder, held here too: it bounds what a batch of many small records unpacks to.
            let used = self.public.len() - public.rest().len() + self.truth.len() - truth.rest().len();
            if used >= BATCH_BYTES {
                return Err(Malformed::Disagrees);
            }
            let record = take_record(&mut bases, &mut public, &mut truth)?;
            if records.is_empty() && record.at != self.from {
                return Err(Malformed::Disagrees);
            }
            records.push(record);
        }
        if bases.at().0 - self.from.0 >= BATCH_SPAN {
            return Err(Malformed::Disagrees);
        }
        if !public.is_empty() || records.len() != self.count as usize || records.is_empty() || bases.at() != self.to {
            return Err(Malformed::Disagrees);
        }
        Ok(records)
    }
}

/// Turns records into batches.
#[derive(Debug)]
pub struct Encoder {
    chain: StreamHash,
    first: u64,
    count: u32,
    from: Time,
    bases: Bases,
    public: Vec<u8>,
    truth: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder::new()
    }
}

impl Encoder {
    /// An encoder at the start of a stream.
    pub fn new() -> Encoder {
        Encoder {
            chain: StreamHash::start(),
            first: 0,
            count: 0,
            from: Time::ZERO,
            bases: Bases::new(Time::ZERO),
            public: Vec::new(),
            truth: Vec::new(),
        }
    }

    /// How many records were pushed.
    pub const fn events(&self) -> u64 {
        self.first + self.count as u64
    }

    /// Adds a record. Returns the batch before it, if the record begins another.
    ///
    /// # Errors
    ///
    /// If the record is earlier than the one before it, or larger than [`MAX_RECORD`]. The encoder is then useless.
    pub fn push(&mut self, record: &Record) -> Result<Option<Batch>, JournalError> {
        let before = self.bases.at();
        if record.at < before {
            return Err(JournalError::Unordered {
                index: self.events(),
                at: record.at,
                before,
            });
        }
        let full = self.public.len() + self.truth.len() >= BATCH_BYTES
            || record.at.0 - self.from.0 >= BATCH_SPAN
            || self.count == u32::MAX;
        let done = if full { self.close() } else { None };
        if self.count == 0 {
            self.from = record.at;
            self.bases = Bases::new(record.at);
        }
        let size = self.public.len() + self.truth.len();
        put_record(&mut self.bases, record, &mut self.public, &mut self.truth);
        let bytes = self.public.len() + self.truth.len() - size;
        if bytes > MAX_RECORD {
            return Err(JournalError::Oversized {
                index: self.events(),
                bytes,
            });
        }
        self.count += 1;
        Ok(done)
    }

    /// The last batch, if there are records that no batch has yet, and the hash of the whole stream.
    pub fn finish(mut self) -> (Option<Batch>, StreamHash) {
        let last = self.close();
        (last, self.chain)
    }

    /// The records that no batch has yet, as the batch that they would make if the stream ended here. Whoever keeps
    /// it must forget it when the batch itself comes.
    pub fn open(&self) -> Option<Batch> {
        (self.count > 0).then(|| self.seal(self.public.clone(), self.truth.clone()))
    }

    fn close(&mut self) -> Option<Batch> {
        if self.count == 0 {
            return None;
        }
        // The next batch is likely to be as large as this one, or a little larger.
        let room = |bytes: &Vec<u8>| Vec::with_capacity(bytes.len() + bytes.len() / 8);
        let (public, truth) = (room(&self.public), room(&self.truth));
        let public = std::mem::replace(&mut self.public, public);
        let truth = std::mem::replace(&mut self.truth, truth);
        let batch = self.seal(public, truth);
        self.chain = batch.after;
        self.first = batch.end();
        self.count = 0;
        Some(batch)
    }

    fn seal(&self, public: Vec<u8>, truth: Vec<u8>) -> Batch {
        let mut batch = Batch {
            first: self.first,
            count: self.count,
            from: self.from,
            to: self.bases.at(),
            public,
            truth,
            before: self.chain,
            after: self.chain,
        };
        batch.after = self.chain.next(&batch);
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_from_its_digits() {
        let hash = StreamHash::start();
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("12".parse::<StreamHash>(), Err(NotAHash));
        let json = serde_json::to_string(&hash).expect("it serialises");
        assert_eq!(serde_json::from_str::<StreamHash>(&json).expect("it reads"), hash);
    }

    #[test]
    fn an_empty_stream_has_the_hash_of_the_start() {
        assert_eq!(Encoder::new().finish(), (None, StreamHash::start()));
    }
}
