//! A chunk of the file: found by its head, read only if sizes and checksum agree.

use std::collections::BTreeMap;
use std::io;

use roadveil_role::Time;

use super::container::{self, MAX_CHUNK, Topic};
use super::damage::Fault;
use super::error::Malformed;
use super::source::Handle;
use super::stream::Batch;
use super::walk::PREFIX;
use super::wire::Reader;

/// More than the head of any chunk.
pub(super) const HEAD: u64 = 96;

/// Where a chunk is, and what its head says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkRef {
    /// Where its record begins.
    pub(super) offset: u64,
    /// Where the next record begins.
    pub(super) next: u64,
    /// Time of its last record, as the head says; nothing but speed may depend on it.
    pub(super) end: Time,
    data: u64,
    packed: u64,
    plain: u64,
    sum: u32,
    packing: Packing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    Zstd,
    Unknown,
}

/// Where the name of the compression stands in a chunk's record.
const PACKING: usize = PREFIX as usize + 8 + 8 + 8 + 4;
/// Bytes of a chunk's content besides that name and the data.
const FIXED: u64 = 8 + 8 + 8 + 4 + 4 + 8;

/// Does it look like a chunk of ours? Quick, for searches.
pub(super) fn looks_like_one(head: &[u8]) -> bool {
    head.get(PACKING..PACKING + 8) == Some(b"\x04\0\0\0zstd")
}

/// The chunk that begins at `at`, if its sizes agree with each other and with the file's. The kind is left to the
/// caller, but where the sizes alone are weak evidence.
pub(super) fn parse(head: &[u8], at: u64, size: u64) -> Option<ChunkRef> {
    let mut reader = Reader::new(head);
    let kind = reader.byte().ok()?;
    let mut number = || reader.array().ok().map(u64::from_le_bytes);
    let length = number()?;
    let _start = number()?;
    let end = number()?;
    let plain = number()?;
    let sum = u32::from_le_bytes(reader.array().ok()?);
    let name = u32::from_le_bytes(reader.array().ok()?);
    let packing = match reader.take(usize::try_from(name).ok()?).ok()? {
        b"" => Packing::None,
        b"zstd" => Packing::Zstd,
        _ => Packing::Unknown,
    };
    if packing != Packing::Zstd && kind != 0x06 {
        return None;
    }
    let packed = u64::from_le_bytes(reader.array().ok()?);
    let data = at + PREFIX + FIXED + u64::from(name);
    let next = data.checked_add(packed)?;
    let whole = next <= size && length == FIXED + u64::from(name) + packed;
    whole.then_some(ChunkRef {
        offset: at,
        next,
        end: Time(end),
        data,
        packed,
        plain,
        sum,
        packing,
    })
}

/// Reads a chunk: the bytes that its records were, or what is wrong.
pub(super) fn read(handle: &mut Handle, chunk: &ChunkRef) -> io::Result<Result<Vec<u8>, Fault>> {
    if chunk.packed > MAX_CHUNK as u64 || chunk.plain > MAX_CHUNK as u64 {
        return Ok(Err(Fault::Size));
    }
    let mut packed = Vec::with_capacity(chunk.packed as usize);
    handle.read(chunk.data, chunk.packed, &mut packed)?;
    let plain = match chunk.packing {
        Packing::None => packed,
        Packing::Unknown => return Ok(Err(Fault::UnknownCompression)),
        Packing::Zstd => {
            let mut plain = Vec::with_capacity(chunk.plain as usize);
            match zstd::bulk::Decompressor::new()?.decompress_to_buffer(&packed, &mut plain) {
                Ok(_) => plain,
                Err(_) => return Ok(Err(Fault::Compression)),
            }
        }
    };
    if plain.len() as u64 != chunk.plain {
        return Ok(Err(Fault::Compression));
    }
    // MCAP writes 0 for "no checksum". The chain of the batches covers the events even then.
    if chunk.sum != 0 && crc32fast::hash(&plain) != chunk.sum {
        return Ok(Err(Fault::Checksum));
    }
    Ok(Ok(plain))
}

/// A batch found in a chunk.
#[derive(Debug)]
pub(super) enum Entry {
    Batch(Batch),
    /// A batch as it stood when it was under way.
    Open(Batch),
    /// A message that is no batch.
    Bad,
}

/// What is known between the chunks of a file.
#[derive(Clone, Debug)]
pub(super) struct Unpacker {
    topics: BTreeMap<u16, Topic>,
    /// The public part of a batch whose truth comes next, under that number. We write both into one chunk; a tool that
    /// wrote the file anew may not.
    public: Option<(u32, Vec<u8>)>,
}

impl Default for Unpacker {
    fn default() -> Unpacker {
        Unpacker {
            topics: Topic::ALL.into_iter().map(|topic| (topic.id(), topic)).collect(),
            public: None,
        }
    }
}

impl Unpacker {
    /// Takes a chunk's records apart.
    pub(super) fn unpack(&mut self, plain: &[u8]) -> Result<Vec<Entry>, Fault> {
        let mut reader = Reader::new(plain);
        let mut entries = Vec::new();
        while !reader.is_empty() {
            let (kind, content) = record(&mut reader).map_err(|_| Fault::Structure)?;
            match kind {
                op::CHANNEL => self.channel(content),
                op::MESSAGE => entries.extend(self.message(content)?),
                _ => {}
            }
        }
        Ok(entries)
    }

    /// Forgets what the next chunk was to go on with.
    pub(super) fn interrupt(&mut self) {
        self.public = None;
    }

    fn message(&mut self, content: &[u8]) -> Result<Option<Entry>, Fault> {
        let (&[a, b, c, d, e, f], rest) = content.split_first_chunk().ok_or(Fault::Structure)?;
        let number = u32::from_le_bytes([c, d, e, f]);
        // Both times are in the batch's own header too.
        let (_, data) = rest.split_at_checked(16).ok_or(Fault::Structure)?;
        Ok(match self.topics.get(&u16::from_le_bytes([a, b])) {
            Some(Topic::Events) => {
                self.public = Some((number, data.to_vec()));
                None
            }
            Some(Topic::Truth) => {
                let public = self
                    .public
                    .take()
                    .filter(|(of, _)| *of == number)
                    .map(|(_, public)| public);
                Some(container::read_batch(public.unwrap_or_default(), data).map_or(Entry::Bad, Entry::Batch))
            }
            Some(Topic::Open) => Some(container::read_open(data).map_or(Entry::Bad, Entry::Open)),
            Some(Topic::Positions) | None => None,
        })
    }

    fn channel(&mut self, content: &[u8]) {
        if let Some((id, topic)) = channel(content) {
            self.topics.insert(id, topic);
        }
    }
}

/// Kinds of records within a chunk.
mod op {
    pub(super) const CHANNEL: u8 = 0x04;
    pub(super) const MESSAGE: u8 = 0x05;
}

fn record<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), Malformed> {
    let kind = reader.byte()?;
    let length = u64::from_le_bytes(reader.array()?);
    let content = reader.take(usize::try_from(length).map_err(|_| Malformed::Short)?)?;
    Ok((kind, content))
}

fn channel(content: &[u8]) -> Option<(u16, Topic)> {
    let mut reader = Reader::new(content);
    let id = u16::from_le_bytes(reader.array().ok()?);
    let _schema: [u8; 2] = reader.array().ok()?;
    let length = u32::from_le_bytes(reader.array().ok()?);
    let name = reader.take(usize::try_from(length).ok()?).ok()?;
    Some((id, Topic::from_name(std::str::from_utf8(name).ok()?)?))
}
