//! Finds what a log has, from its first byte to its last, without trusting a length.
//!
//! A walk goes from record to record. Where no record makes sense it searches on for the next chunk, and it searches in
//! the records that it passes over too: a flipped bit in a kind or a length costs what it stands in and no more. The
//! index at the end of an MCAP file is not used: a killed run has none, and one way is easier to trust than two.

use std::io;

use roadveil_role::Time;

use super::chunk::{self, ChunkRef};
use super::container::{CAST, END, MANIFEST, MAX_ATTACHMENT};
use super::damage::{Damage, Fault};
use super::source::Handle;

/// What every MCAP file begins and ends with.
pub(super) const MAGIC: &[u8; 8] = b"\x89MCAP0\r\n";

/// Bytes before a record's content: its kind and its length.
pub(super) const PREFIX: u64 = 9;

/// Kinds of records.
mod op {
    pub(super) const HEADER: u8 = 0x01;
    pub(super) const FOOTER: u8 = 0x02;
    pub(super) const MESSAGE: u8 = 0x05;
    pub(super) const CHUNK: u8 = 0x06;
    pub(super) const ATTACHMENT: u8 = 0x09;
    /// The last kind that MCAP defines.
    pub(super) const LAST: u8 = 0x0f;
}

/// How a log's file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As an MCAP file should.
    Closed,
    /// After a whole record, without an end: the run was killed, or still runs.
    Open,
    /// Within a record: the run was killed while it wrote, or the file was cut.
    Cut {
        /// How many bytes are of no use.
        bytes: u64,
    },
}

/// What a walk found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) profile: Option<String>,
    pub(super) manifest: Option<Vec<u8>>,
    pub(super) cast: Option<Vec<u8>>,
    pub(super) end: Option<Vec<u8>>,
    pub(super) chunks: Vec<ChunkRef>,
    pub(super) damage: Vec<Damage>,
    pub(super) ending: Ending,
    /// Bytes after the end of an otherwise whole file.
    pub(super) trailing: u64,
}

/// Walks the whole file. It begins with [`MAGIC`].
pub(super) fn walk(handle: &mut Handle) -> io::Result<Found> {
    let mut found = Found {
        profile: None,
        manifest: None,
        cast: None,
        end: None,
        chunks: Vec::new(),
        damage: Vec::new(),
        ending: Ending::Open,
        trailing: 0,
    };
    let size = handle.size();
    let mut at = MAGIC.len() as u64;
    let mut head = Vec::new();
    while at < size {
        head.clear();
        handle.read(at, chunk::HEAD, &mut head)?;
        match step(handle, &mut found, at, &head)? {
            Step::To(next) => at = next,
            Step::End => {
                found.ending = Ending::Closed;
                found.trailing = size - at - PREFIX - FOOTER - MAGIC.len() as u64;
                break;
            }
            Step::Lost { cut } => match search(handle, at + 1, size)? {
                Some(next) => {
                    at_fault(&mut found, at, next);
                    at = next;
                }
                None => {
                    lose_tail(handle, &mut found, at, cut)?;
                    break;
                }
            },
        }
    }
    // A place that was passed over before a chunk was found lies before it; its times are known only now.
    for damage in &mut found.damage {
        let next = found.chunks.partition_point(|chunk| chunk.offset < damage.offset);
        damage.from = Some(next.checked_sub(1).map_or(Time::ZERO, |last| found.chunks[last].end));
        damage.to = found.chunks.get(next).map(|chunk| chunk.end);
    }
    Ok(found)
}

/// Bytes of a footer's content.
const FOOTER: u64 = 20;

enum Step {
    /// All is well; the next record is there.
    To(u64),
    /// The file's proper end.
    End,
    /// No record here. `cut`: one that would go on after the file's end.
    Lost { cut: bool },
}

fn step(handle: &mut Handle, found: &mut Found, at: u64, head: &[u8]) -> io::Result<Step> {
    let size = handle.size();
    let Some((&[kind, ref length @ ..], _)) = head.split_first_chunk::<{ PREFIX as usize }>() else {
        return Ok(Step::Lost { cut: true });
    };
    let length = u64::from_le_bytes(*length);
    let end = at
        .checked_add(PREFIX)
        .and_then(|start| start.checked_add(length))
        .filter(|&end| end <= size);
    // A chunk is known by its whole head, so one whose kind was hit is found as well.
    if let Some(chunk) = chunk::parse(head, at, size) {
        if kind != op::CHUNK {
            found.damage.push(damage(at, 1));
        }
        let next = chunk.next;
        found.chunks.push(chunk);
        return Ok(Step::To(next));
    }
    let Some(end) = end else {
        return Ok(Step::Lost {
            cut: (op::HEADER..=op::LAST).contains(&kind),
        });
    };
    match kind {
        op::HEADER => {
            let mut content = Vec::new();
            handle.read(at + PREFIX, length.min(1024), &mut content)?;
            found.profile = found.profile.take().or_else(|| string(&content));
        }
        op::FOOTER => {
            let mut magic = Vec::new();
            handle.read(end, MAGIC.len() as u64, &mut magic)?;
            if length == FOOTER && magic == MAGIC {
                return Ok(Step::End);
            }
            return Ok(Step::Lost {
                cut: magic.len() < MAGIC.len(),
            });
        }
        op::ATTACHMENT if length <= MAX_ATTACHMENT as u64 + 1024 => {
            let mut content = Vec::new();
            handle.read(at + PREFIX, length, &mut content)?;
            if let Some(attachment) = attachment(&content) {
                keep(found, attachment);
                return Ok(Step::To(end));
            }
            found.damage.push(damage(at, PREFIX + length));
        }
        // We write none outside of chunks, and there they would have no checksum.
        op::MESSAGE | op::CHUNK | 0 => return Ok(Step::Lost { cut: false }),
        kind if kind > op::LAST => return Ok(Step::Lost { cut: false }),
        _ => {}
    }
    // What is passed over without a checksum may be there only because its length was hit.
    if let Some(next) = search(handle, at + 1, end)? {
        at_fault(found, at, next);
        return Ok(Step::To(next));
    }
    Ok(Step::To(end))
}

fn damage(offset: u64, bytes: u64) -> Damage {
    Damage {
        offset,
        bytes,
        from: None,
        to: None,
        fault: Fault::Structure,
    }
}

fn at_fault(found: &mut Found, at: u64, next: u64) {
    // The same place may have been noted as a damaged attachment already.
    if found.damage.last().is_none_or(|last| last.offset != at) {
        found.damage.push(damage(at, next - at));
    }
}

/// Nothing more can be found after `at`.
fn lose_tail(handle: &mut Handle, found: &mut Found, at: u64, cut: bool) -> io::Result<()> {
    let size = handle.size();
    let mut tail = Vec::new();
    handle.read(size.saturating_sub(MAGIC.len() as u64), MAGIC.len() as u64, &mut tail)?;
    let closed = tail == MAGIC;
    if found.end.is_some() {
        // Events come before the end record; what is odd after it is index or rubbish.
        found.ending = if closed { Ending::Closed } else { Ending::Open };
        found.trailing = size - at;
    } else if cut && !closed {
        found.ending = Ending::Cut { bytes: size - at };
    } else {
        // It goes to the file's end and has no end record: something was hit, or somebody appended something.
        found.ending = if closed { Ending::Closed } else { Ending::Open };
        found.damage.push(damage(at, size - at));
    }
    Ok(())
}

fn keep(found: &mut Found, attachment: Attachment) {
    let place = match attachment.name.as_str() {
        MANIFEST => &mut found.manifest,
        CAST => &mut found.cast,
        END => &mut found.end,
        _ => return,
    };
    if place.is_none() {
        *place = Some(attachment.data);
    }
}

struct Attachment {
    name: String,
    data: Vec<u8>,
}

/// An attachment whose parts and checksum agree.
fn attachment(content: &[u8]) -> Option<Attachment> {
    let (body, sum) = content.split_last_chunk::<4>()?;
    let sum = u32::from_le_bytes(*sum);
    // MCAP writes 0 for "no checksum".
    if sum != 0 && crc32fast::hash(body) != sum {
        return None;
    }
    let rest = body.get(16..)?;
    let name = string(rest)?;
    let rest = &rest[4 + name.len()..];
    let media_type = string(rest)?;
    let (length, data) = rest[4 + media_type.len()..].split_first_chunk::<8>()?;
    (u64::from_le_bytes(*length) == data.len() as u64).then(|| Attachment {
        name,
        data: data.to_vec(),
    })
}

/// MCAP's form of a string: its length in four bytes, then its bytes.
fn string(bytes: &[u8]) -> Option<String> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let text = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    String::from_utf8(text.to_vec()).ok()
}

/// Bytes that a search looks at in one go.
const WINDOW: u64 = 256 * 1024;

/// The first place in `from..to` where a chunk or the end record begins.
fn search(handle: &mut Handle, from: u64, to: u64) -> io::Result<Option<u64>> {
    let mut window = Vec::new();
    let mut at = from;
    while at < to {
        window.clear();
        // Beginnings are looked for in the window, and need what follows them.
        handle.read(at, WINDOW + chunk::HEAD, &mut window)?;
        let starts = usize::try_from((to - at).min(WINDOW)).unwrap_or(usize::MAX);
        for start in 0..starts.min(window.len()) {
            let head = &window[start..];
            let place = at + start as u64;
            if chunk::looks_like_one(head) && chunk::parse(head, place, handle.size()).is_some()
                || looks_like_end(head) && holds_end(handle, place, head)?
            {
                return Ok(Some(place));
            }
        }
        at += WINDOW;
    }
    Ok(None)
}

/// Where an attachment's name stands in its record.
const NAME: usize = PREFIX as usize + 16;

fn looks_like_end(head: &[u8]) -> bool {
    head.len() > NAME + 4 && head[NAME] == END.len() as u8 && head[NAME + 4..].starts_with(END.as_bytes())
}

fn holds_end(handle: &mut Handle, at: u64, head: &[u8]) -> io::Result<bool> {
    let Some((&[kind, ref length @ ..], _)) = head.split_first_chunk::<{ PREFIX as usize }>() else {
        return Ok(false);
    };
    let length = u64::from_le_bytes(*length);
    // The end record is small.
    if kind != op::ATTACHMENT || length > 4 * 1024 {
        return Ok(false);
    }
    let mut content = Vec::new();
    handle.read(at + PREFIX, length, &mut content)?;
    Ok(attachment(&content).is_some_and(|attachment| attachment.name == END))
}
