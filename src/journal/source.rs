//! Where a log's bytes are: in a file, or in memory. Reading asks for places, never for all of it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The bytes of a log.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File(PathBuf),
    Memory(PathBuf, Arc<[u8]>),
}

impl Source {
    /// What errors call it.
    pub(super) fn path(&self) -> &Path {
        match self {
            Source::File(path) | Source::Memory(path, _) => path,
        }
    }

    pub(super) fn open(&self) -> io::Result<Handle> {
        match self {
            Source::File(path) => {
                let file = File::open(path)?;
                let size = file.metadata()?.len();
                Ok(Handle {
                    bytes: Bytes::File(file),
                    size,
                })
            }
            Source::Memory(_, bytes) => Ok(Handle {
                size: bytes.len() as u64,
                bytes: Bytes::Memory(Arc::clone(bytes)),
            }),
        }
    }
}

/// An open log. Its size is that of the moment when it was opened: a run may still be writing it.
#[derive(Debug)]
pub(super) struct Handle {
    bytes: Bytes,
    size: u64,
}

#[derive(Debug)]
enum Bytes {
    File(File),
    Memory(Arc<[u8]>),
}

impl Handle {
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Appends the `count` bytes from `offset` on to `out`, or as many as there are.
    pub(super) fn read(&mut self, offset: u64, count: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let count = count.min(self.size.saturating_sub(offset));
        match &mut self.bytes {
            Bytes::File(file) => {
                file.seek(SeekFrom::Start(offset))?;
                file.take(count).read_to_end(out)?;
            }
            Bytes::Memory(bytes) => {
                // Both fit: they lie within a slice.
                let start = (offset as usize).min(bytes.len());
                let end = start + count as usize;
                out.extend_from_slice(&bytes[start..end]);
            }
        }
        Ok(())
    }
}
