//! Opens a log and reads it: whole, cut, or damaged.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use roadveil_role::Time;
use serde::Deserialize;

use super::batches::{Batches, Records};
use super::chunk::{self, ChunkRef, Entry, Unpacker};
use super::container::{self, MAX_CAST};
use super::damage::Damage;
use super::error::LogError;
use super::manifest::{End, Format, Manifest};
use super::source::{Handle, Source};
use super::walk::{Ending, MAGIC, walk};
use crate::event::Cast;

/// A run log. Holds where its chunks are, and nothing of their content.
#[derive(Clone, Debug)]
pub struct Log {
    pub(super) source: Source,
    pub(super) chunks: Arc<[ChunkRef]>,
    pub(super) unpacker: Unpacker,
    manifest: Arc<Manifest>,
    cast: Arc<Cast>,
    end: Option<End>,
    damage: Vec<Damage>,
    ending: Ending,
    trailing: u64,
    size: u64,
}

impl Log {
    /// Opens the log at `path`. One that a killed run left behind opens too; see [`Log::end`] and [`Log::ending`].
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is no log, or its manifest is missing or damaged.
    pub fn open(path: &Path) -> Result<Log, LogError> {
        Log::read(Source::File(path.to_owned()))
    }

    /// A log whose bytes are in memory. Errors name it `path`.
    ///
    /// # Errors
    ///
    /// As [`Log::open`].
    pub fn from_bytes(path: &Path, bytes: Arc<[u8]>) -> Result<Log, LogError> {
        Log::read(Source::Memory(path.to_owned(), bytes))
    }

    fn read(source: Source) -> Result<Log, LogError> {
        let path = source.path().to_owned();
        let io = |error: std::io::Error| LogError::Io {
            path: path.clone(),
            source: Arc::new(error),
        };
        let mut handle = source.open().map_err(io)?;
        let mut magic = Vec::new();
        handle.read(0, MAGIC.len() as u64, &mut magic).map_err(io)?;
        if magic.is_empty() {
            return Err(LogError::Empty { path });
        }
        if magic.starts_with(b"{\"") {
            return Err(LogError::Exported { path });
        }
        if !MAGIC.starts_with(&magic) {
            return Err(LogError::NotALog { path });
        }
        let mut found = walk(&mut handle).map_err(io)?;
        let Some(manifest) = found.manifest else {
            return Err(match found.profile {
                Some(profile) if profile != container::PROFILE => LogError::Foreign { path, profile },
                _ => LogError::Headless {
                    path,
                    what: "the manifest",
                },
            });
        };
        let manifest = read_manifest(&path, &manifest)?;
        let cast = found.cast.and_then(|cast| read_cast(&cast));
        let cast = cast.ok_or(LogError::Headless {
            path: path.clone(),
            what: "the list of nodes",
        })?;
        let end = found.end.and_then(|end| serde_json::from_slice(&end).ok());
        let unpacker = first_channels(&mut handle, &found.chunks).map_err(io)?;
        end_of_cut(&mut handle, &unpacker, &mut found.chunks).map_err(io)?;
        Ok(Log {
            source,
            chunks: found.chunks.into(),
            unpacker,
            manifest: Arc::new(manifest),
            cast: Arc::new(cast),
            end,
            damage: found.damage,
            ending: found.ending,
            trailing: found.trailing,
            size: handle.size(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// What the run was given.
    pub fn manifest(&self) -> &Arc<Manifest> {
        &self.manifest
    }

    /// Who took part, and the map.
    pub fn cast(&self) -> &Arc<Cast> {
        &self.cast
    }

    /// How the run ended. `None`: it was killed, or still runs, or the end of the file is lost.
    pub const fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// How the file ends.
    pub const fn ending(&self) -> Ending {
        self.ending
    }

    /// Bytes after the end of the log.
    pub const fn trailing(&self) -> u64 {
        self.trailing
    }

    /// Places where the file's structure is damaged. What is wrong within a chunk is found when it is read.
    pub fn structural_damage(&self) -> &[Damage] {
        &self.damage
    }

    /// The file's size.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// How far the log goes: the time at which the run ended, or of the last thing that its file tells of.
    pub fn reached(&self) -> Time {
        match &self.end {
            Some(end) => end.reached,
            None => self.chunks.last().map_or(Time::ZERO, |chunk| chunk.end),
        }
    }

    /// All batches, from the first.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub fn batches(&self) -> Result<Batches, LogError> {
        Batches::from_start(self)
    }

    /// The records from `time` on.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or read.
    pub fn records_from(&self, time: Time) -> Result<Records, LogError> {
        Records::from(self, time)
    }

    pub(super) fn open_source(&self) -> Result<Handle, LogError> {
        self.source.open().map_err(|error| self.io_error(error))
    }

    pub(super) fn io_error(&self, error: std::io::Error) -> LogError {
        LogError::Io {
            path: self.path().to_owned(),
            source: Arc::new(error),
        }
    }
}

/// The version stands apart: what follows it may be anything in another version.
#[derive(Deserialize)]
struct Versions {
    format: Format,
    #[serde(default)]
    roadveil: String,
}

fn read_manifest(path: &Path, bytes: &[u8]) -> Result<Manifest, LogError> {
    let headless = |_| LogError::Headless {
        path: path.to_owned(),
        what: "the manifest",
    };
    let versions: Versions = serde_json::from_slice(bytes).map_err(headless)?;
    versions.format.check_readable(path, &versions.roadveil)?;
    serde_json::from_slice(bytes).map_err(headless)
}

fn read_cast(packed: &[u8]) -> Option<Cast> {
    // The buffer grows with what comes out, so a small file cannot ask for much.
    let mut plain = Vec::new();
    let stream = zstd::stream::read::Decoder::new(packed).ok()?;
    stream.take(MAX_CAST as u64 + 1).read_to_end(&mut plain).ok()?;
    if plain.len() > MAX_CAST {
        return None;
    }
    postcard::from_bytes(&plain).ok()
}

/// The numbers that the log gives to its channels stand in its first chunk.
fn first_channels(handle: &mut Handle, chunks: &[ChunkRef]) -> std::io::Result<Unpacker> {
    let mut unpacker = Unpacker::default();
    if let Some(first) = chunks.first() {
        let content = chunk::read(handle, first)?;
        // If it is not whole, our own numbers stand.
        if content.fault.is_none() {
            unpacker.unpack(&content.plain).ok();
            unpacker.interrupt();
        }
    }
    Ok(unpacker)
}

/// A chunk that was cut off has less than its head says: its last time is that of the last batch that is left of it.
fn end_of_cut(handle: &mut Handle, unpacker: &Unpacker, chunks: &mut Vec<ChunkRef>) -> std::io::Result<()> {
    let Some(chunk) = chunks.last_mut().filter(|chunk| chunk.cut) else {
        return Ok(());
    };
    let content = chunk::read(handle, chunk)?;
    let entries = unpacker.clone().salvage(&content.plain);
    let last = entries.iter().filter_map(Entry::batch).map(|batch| batch.to).max();
    match last {
        Some(last) => chunk.end = last,
        None => chunks.truncate(chunks.len() - 1),
    }
    Ok(())
}
