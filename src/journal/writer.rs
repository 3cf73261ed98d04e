//! Writes a log: a thread of its own, fed with finished batches.
//!
//! A chunk is gathered in memory and written whole when it has 1 MiB or is nearly a second old by the wall clock: a
//! killed run leaves whole chunks and loses about the last second. Only this thread compresses and touches the disk.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use mcap::records::MessageHeader;
use mcap::write::NoSeek;
use mcap::{Attachment, Compression, McapError, WriteOptions};
use roadveil_role::Time;
use serde::Serialize;

use super::container::{self, Topic};
use super::error::JournalError;
use super::manifest::{End, Manifest};
use super::positions;
use super::stream::Batch;
use super::wall::Moment;
use crate::event::Cast;

/// How a log is written. None of it changes the events or their hash.
#[derive(Clone, Debug)]
pub struct Options {
    /// Level of compression, 1 (fast) to 19.
    pub level: u32,
    /// Also write positions for Foxglove, once a second of virtual time?
    pub positions: bool,
    /// A chunk that has so many bytes is written.
    pub chunk_bytes: usize,
    /// A chunk that is so old, by the wall clock, is written. With the time that a batch takes to fill it makes up
    /// the second that a killed run may lose.
    pub chunk_age: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            level: 1,
            positions: true,
            chunk_bytes: 1024 * 1024,
            chunk_age: Duration::from_millis(800),
        }
    }
}

/// Batches that may wait for the disk; beyond it the run waits. About 4 MiB.
const WAITING: usize = 64;

/// What the writing thread is told.
enum Order {
    Batch(Batch),
    /// A batch under way: write it now.
    Open(Batch),
    Positions(Time, Vec<u8>),
    End(End),
}

/// A log being written.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    options: Options,
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<io::Result<u64>>>,
    failure: Option<JournalError>,
}

impl Writer {
    /// Creates the file, or empties it, and writes what the run is. It is a log that opens when this returns.
    ///
    /// # Errors
    ///
    /// If the file cannot be created or written.
    pub fn create(path: &Path, manifest: &Manifest, cast: &Cast, options: Options) -> Result<Writer, JournalError> {
        let file = File::create(path).map_err(|source| JournalError::Create {
            path: path.to_owned(),
            source: Arc::new(source),
        })?;
        Writer::onto(Box::new(file), path, manifest, cast, options)
    }

    /// Writes to `sink`; errors name `path`.
    ///
    /// # Errors
    ///
    /// If the sink does not take what the run is.
    pub fn onto(
        sink: Box<dyn Write + Send>,
        path: &Path,
        manifest: &Manifest,
        cast: &Cast,
        options: Options,
    ) -> Result<Writer, JournalError> {
        let write = |source| JournalError::Write {
            path: path.to_owned(),
            source: Arc::new(source),
        };
        let file = LogFile::begin(sink, manifest, cast, &options).map_err(write)?;
        let (orders, received) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("journal-writer".into())
            .spawn(move || file.obey(&received))
            .map_err(|source| JournalError::Thread {
                source: Arc::new(source),
            })?;
        Ok(Writer {
            path: path.to_owned(),
            options,
            orders: Some(orders),
            thread: Some(thread),
            failure: None,
        })
    }

    /// Where the log is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does the log want positions?
    pub const fn wants_positions(&self) -> bool {
        self.options.positions
    }

    /// How long a batch may be under way before it is worth a copy in the log.
    pub(super) fn patience(&self) -> Duration {
        self.options.chunk_age / 2
    }

    /// Hands over a finished batch; waits while too many wait for the disk.
    ///
    /// # Errors
    ///
    /// If an earlier batch could not be written.
    pub fn push(&mut self, batch: Batch) -> Result<(), JournalError> {
        self.order(Order::Batch(batch))
    }

    pub(super) fn push_open(&mut self, batch: Batch) -> Result<(), JournalError> {
        self.order(Order::Open(batch))
    }

    pub(super) fn push_positions(&mut self, at: Time, message: Vec<u8>) -> Result<(), JournalError> {
        self.order(Order::Positions(at, message))
    }

    /// Writes how the run ended, closes the file, and returns its size.
    ///
    /// # Errors
    ///
    /// If anything could not be written.
    pub fn finish(mut self, end: End) -> Result<u64, JournalError> {
        self.order(Order::End(end))?;
        self.join()
    }

    fn order(&mut self, order: Order) -> Result<(), JournalError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok()) {
            return Ok(());
        }
        // Nobody listens: the thread met an error and ended, and says which when it is joined.
        let failure = match self.join() {
            Err(failure) => failure,
            Ok(_) => JournalError::Stopped,
        };
        self.failure = Some(failure.clone());
        Err(failure)
    }

    fn join(&mut self) -> Result<u64, JournalError> {
        self.orders = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(Ok(bytes))) => Ok(bytes),
            Some(Ok(Err(source))) => Err(JournalError::Write {
                path: self.path.clone(),
                source: Arc::new(source),
            }),
            Some(Err(_)) | None => Err(JournalError::Stopped),
        }
    }
}

impl Drop for Writer {
    /// A log that is dropped without its end, as in a panic, is closed before the program goes on.
    fn drop(&mut self) {
        if self.thread.is_some() {
            drop(self.join());
        }
    }
}

/// The file, as the writing thread has it.
struct LogFile {
    mcap: mcap::Writer<NoSeek<BufWriter<Box<dyn Write + Send>>>>,
    chunk_bytes: usize,
    chunk_age: Duration,
    /// Bytes in the chunk under way, before compression.
    gathered: usize,
    /// When it must be written.
    due: Option<Moment>,
    sequence: u32,
}

impl LogFile {
    fn begin(sink: Box<dyn Write + Send>, manifest: &Manifest, cast: &Cast, options: &Options) -> io::Result<LogFile> {
        let mut mcap = WriteOptions::new()
            .profile(container::PROFILE)
            .library(concat!("roadveil ", env!("CARGO_PKG_VERSION")))
            .compression(Some(Compression::Zstd))
            .compression_level(options.level)
            // The file's bytes depend on this number, and this thread has nothing else to do.
            .compression_threads(0)
            // Chunks are closed here, so that both parts of a batch are always in one.
            .chunk_size(None)
            // A chunk that is begun in the file and filled in later would be left with nonsense lengths by a kill.
            .disable_seeking(true)
            .create(NoSeek::new(BufWriter::new(sink)))
            .map_err(io_error)?;
        attach(
            &mut mcap,
            container::MANIFEST,
            Time::ZERO,
            &json(manifest)?,
            "application/json",
        )?;
        attach(
            &mut mcap,
            container::CAST,
            Time::ZERO,
            &packed(cast)?,
            "application/x-roadveil-cast-1+zstd",
        )?;
        let schema = mcap
            .add_schema(positions::SCHEMA_NAME, "jsonschema", positions::SCHEMA)
            .map_err(io_error)?;
        for topic in Topic::ALL {
            let schema = if topic == Topic::Positions { schema } else { 0 };
            mcap.add_channel_with_id(topic.id(), schema, topic.name(), topic.encoding(), &BTreeMap::new())
                .map_err(io_error)?;
        }
        mcap.flush().map_err(io_error)?;
        Ok(LogFile {
            mcap,
            chunk_bytes: options.chunk_bytes,
            chunk_age: options.chunk_age,
            gathered: 0,
            due: None,
            sequence: 0,
        })
    }

    /// Does what it is told until the end; returns the file's size.
    fn obey(mut self, orders: &Receiver<Order>) -> io::Result<u64> {
        loop {
            let order = match self.due {
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => orders.recv_timeout(due.since(Moment::now())),
            };
            match order {
                Ok(Order::Batch(batch)) => self.batch(&batch)?,
                Ok(Order::Open(batch)) => {
                    self.message(Topic::Open, batch.from, batch.to, &container::open_message(&batch))?;
                    self.flush()?;
                }
                Ok(Order::Positions(at, message)) => self.message(Topic::Positions, at, at, &message)?,
                Ok(Order::End(end)) => {
                    attach(
                        &mut self.mcap,
                        container::END,
                        end.reached,
                        &json(&end)?,
                        "application/json",
                    )?;
                    return self.close();
                }
                Err(RecvTimeoutError::Timeout) => self.flush()?,
                // The run was dropped without an end, as in a panic: what came is kept, and the log says that it has no
                // end.
                Err(RecvTimeoutError::Disconnected) => return self.close(),
            }
            if self.gathered >= self.chunk_bytes || self.due.is_some_and(|due| Moment::now() >= due) {
                self.flush()?;
            }
        }
    }

    fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        // One number for both parts: it is how a reader knows that they belong together.
        self.sequence = self.sequence.wrapping_add(1);
        if !batch.public.is_empty() {
            self.message(Topic::Events, batch.from, batch.to, &batch.public)?;
        }
        self.message(Topic::Truth, batch.from, batch.to, &container::truth_message(batch))
    }

    fn message(&mut self, topic: Topic, from: Time, to: Time, data: &[u8]) -> io::Result<()> {
        // Log time is the later of the two, so that a chunk's last time bounds its records: seeking goes by it.
        let (sequence, log_time, publish_time) = (self.sequence, to.0, from.0);
        let header = MessageHeader {
            channel_id: topic.id(),
            sequence,
            log_time,
            publish_time,
        };
        self.mcap.write_to_known_channel(&header, data).map_err(io_error)?;
        self.gathered += data.len();
        if self.due.is_none() {
            self.due = Some(Moment::now().plus(self.chunk_age));
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.gathered = 0;
        self.due = None;
        self.mcap.flush().map_err(io_error)
    }

    fn close(mut self) -> io::Result<u64> {
        self.mcap.finish().map_err(io_error)?;
        let mut sink = self.mcap.into_inner();
        sink.flush()?;
        io::Seek::stream_position(&mut sink)
    }
}

fn attach(
    mcap: &mut mcap::Writer<NoSeek<BufWriter<Box<dyn Write + Send>>>>,
    name: &str,
    at: Time,
    data: &[u8],
    media_type: &str,
) -> io::Result<()> {
    if data.len() > container::MAX_ATTACHMENT {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{name} has {} bytes", data.len()),
        ));
    }
    let attachment = Attachment {
        log_time: at.0,
        create_time: at.0,
        name: name.to_owned(),
        media_type: media_type.to_owned(),
        data: Cow::Borrowed(data),
    };
    mcap.attach(&attachment).map_err(io_error)
}

fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    serde_json::to_vec_pretty(value).map_err(io::Error::other)
}

fn packed(cast: &Cast) -> io::Result<Vec<u8>> {
    let plain = postcard::to_allocvec(cast).map_err(io::Error::other)?;
    if plain.len() > container::MAX_CAST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("names and map have {} bytes", plain.len()),
        ));
    }
    zstd::bulk::compress(&plain, 3)
}

fn io_error(error: McapError) -> io::Error {
    match error {
        McapError::Io(error) => error,
        other => io::Error::other(other),
    }
}
