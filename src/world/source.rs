//! Input files: plain or gzip, from disk or built in, bounded in size.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;

/// The most that a file may hold once it is decompressed, bytes.
pub const MAX_BYTES: u64 = 2 << 30;

/// The most that one element or text of a file may take, bytes.
pub const MAX_PIECE: u64 = 16 << 20;

/// Where the bytes of an input come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// A file.
    File(PathBuf),
    /// Bytes in memory: a shipped file.
    Memory(Cow<'static, [u8]>),
}

/// An input with the name by which a person knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as it was written.
    pub name: String,
    /// Where the bytes are.
    pub bytes: Bytes,
}

/// An input that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The input.
    pub name: String,
    /// Line and column, from 1, where they are known.
    pub place: Option<(u64, u64)>,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.name, self.message),
            None => write!(f, "{}: {}", self.name, self.message),
        }
    }
}

impl std::error::Error for ReadError {}

impl Source {
    /// An input that is a file.
    pub fn file(name: impl Into<String>, path: impl Into<PathBuf>) -> Source {
        Source {
            name: name.into(),
            bytes: Bytes::File(path.into()),
        }
    }

    /// An input that is in memory.
    pub fn memory(name: impl Into<String>, bytes: impl Into<Cow<'static, [u8]>>) -> Source {
        Source {
            name: name.into(),
            bytes: Bytes::Memory(bytes.into()),
        }
    }

    /// Number and BLAKE3 digest of the bytes as they are stored, compressed if they are.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn digest(&self) -> Result<(u64, [u8; 32]), ReadError> {
        let mut hasher = blake3::Hasher::new();
        let mut raw = self.raw().map_err(|error| self.unreadable(&error))?;
        loop {
            let piece = raw.fill_buf().map_err(|error| self.unreadable(&error))?;
            if piece.is_empty() {
                return Ok((hasher.count(), *hasher.finalize().as_bytes()));
            }
            hasher.update(piece);
            let taken = piece.len();
            raw.consume(taken);
        }
    }

    /// Opens the input and decompresses it if it starts like gzip, whatever its name ends in.
    ///
    /// # Errors
    /// If the file is missing, is no file, or cannot be read.
    pub fn open(&self) -> Result<Bounded, ReadError> {
        let mut raw = self.raw().map_err(|error| self.unreadable(&error))?;
        let gzip = raw
            .fill_buf()
            .map_err(|error| self.unreadable(&error))?
            .starts_with(&[0x1f, 0x8b]);
        let inner: Box<dyn BufRead> = if gzip {
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(raw)))
        } else {
            raw
        };
        Ok(Bounded {
            inner,
            total: 0,
            piece: 0,
        })
    }

    /// The bytes as they are stored.
    fn raw(&self) -> io::Result<Box<dyn BufRead>> {
        match &self.bytes {
            Bytes::File(path) => {
                // A pipe or a device could block for ever or never end.
                if !std::fs::metadata(path)?.is_file() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
                }
                Ok(Box::new(BufReader::with_capacity(1 << 16, File::open(path)?)))
            }
            Bytes::Memory(Cow::Borrowed(bytes)) => Ok(Box::new(*bytes)),
            Bytes::Memory(Cow::Owned(bytes)) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
        }
    }

    /// A fault of the input as a whole.
    fn unreadable(&self, error: &io::Error) -> ReadError {
        ReadError {
            name: self.name.clone(),
            place: None,
            message: format!("cannot be read: {}", explain(error)),
        }
    }

    /// A fault at a byte of the decompressed input. The lines before it are counted only now, by reading again: a fault
    /// is rare, and counting all the while would slow every reading down.
    pub fn fault(&self, offset: u64, message: impl Into<String>) -> ReadError {
        ReadError {
            name: self.name.clone(),
            place: self.place_of(offset),
            message: message.into(),
        }
    }

    /// Line and column of a byte.
    fn place_of(&self, offset: u64) -> Option<(u64, u64)> {
        let mut reader = self.open().ok()?;
        let (mut line, mut column, mut left) = (1, 1, offset);
        while left > 0 {
            // What decompression cannot give any more lies behind the last byte that it gave.
            let Ok(piece) = reader.fill_buf() else { break };
            let taken = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if taken == 0 {
                break;
            }
            for &byte in &piece[..taken] {
                match byte {
                    b'\n' => (line, column) = (line + 1, 1),
                    // Continuation bytes of UTF-8 are no column of their own.
                    0x80..=0xbf => {}
                    _ => column += 1,
                }
            }
            reader.consume(taken);
            reader.new_piece();
            left -= taken as u64;
        }
        Some((line, column))
    }
}

/// What an I/O error means to a person.
fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// A reader that refuses to go on for ever.
pub struct Bounded {
    inner: Box<dyn BufRead>,
    total: u64,
    piece: u64,
}

impl Bounded {
    /// From here on another element or text is read.
    pub fn new_piece(&mut self) {
        self.piece = 0;
    }
}

impl fmt::Debug for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Read for Bounded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let taken = self.fill_buf()?.read(buf)?;
        self.consume(taken);
        Ok(taken)
    }
}

impl BufRead for Bounded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.total > MAX_BYTES {
            return Err(io::Error::other(format!("it holds more than {} MiB", MAX_BYTES >> 20)));
        }
        if self.piece > MAX_PIECE {
            return Err(io::Error::other(format!(
                "an element or text is longer than {} MiB",
                MAX_PIECE >> 20
            )));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, taken: usize) {
        self.total += taken as u64;
        self.piece += taken as u64;
        self.inner.consume(taken);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// `bytes`, compressed.
    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("memory takes bytes");
        encoder.finish().expect("memory takes bytes")
    }

    #[test]
    fn plain_and_gzip_read_alike_and_digest_apart() {
        let plain = Source::memory("a", &b"line one\nline two\n"[..]);
        let packed = Source::memory("b", gzip(b"line one\nline two\n"));
        for source in [&plain, &packed] {
            let mut text = String::new();
            source
                .open()
                .expect("memory opens")
                .read_to_string(&mut text)
                .expect("it is text");
            assert_eq!(text, "line one\nline two\n");
        }
        assert_eq!(
            plain.digest(),
            Ok((18, *blake3::hash(b"line one\nline two\n").as_bytes()))
        );
        assert_ne!(plain.digest(), packed.digest());
    }

    #[test]
    fn faults_name_line_and_column() {
        let source = Source::memory("f.xml", gzip("ab\nc\u{fc}d\nx".as_bytes()));
        assert_eq!(source.fault(0, "no").place, Some((1, 1)));
        assert_eq!(source.fault(4, "no").place, Some((2, 2)));
        assert_eq!(source.fault(6, "no").place, Some((2, 3)));
        assert_eq!(source.fault(8, "no").to_string(), "f.xml:3:1: no");
        assert_eq!(source.fault(800, "no").place, Some((3, 2)));
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let missing = Source::file("nowhere.xml", "/nonexistent/nowhere.xml")
            .open()
            .expect_err("it is missing");
        assert_eq!(
            missing.to_string(),
            "nowhere.xml: cannot be read: there is no such file"
        );
        assert!(Source::file("here", ".").open().is_err());
    }

    #[test]
    fn one_piece_has_a_bound() {
        let source = Source::memory("long", vec![b'x'; (MAX_PIECE as usize) + (1 << 20)]);
        let mut reader = source.open().expect("memory opens");
        let mut kept = [0; 1 << 16];
        let outcome = (0..).find_map(|_| reader.read(&mut kept).err());
        assert!(outcome.is_some_and(|error| error.to_string().contains("longer than 16 MiB")));
    }
}
