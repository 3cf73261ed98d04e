//! Reads a log's batches in order, chunk by chunk: never more than one chunk is in memory.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use roadveil_role::Time;

use super::chunk::{self, ChunkRef, Entry, Unpacker};
use super::damage::{Damage, Fault};
use super::error::LogError;
use super::reader::Log;
use super::source::Handle;
use super::stream::Batch;
use crate::event::Record;

/// A batch as it stands in a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The batch.
    pub batch: Batch,
    /// Its records.
    pub records: Vec<Record>,
    /// How many records before it are lost. Before the first stretch after a seek it is 0.
    pub missing: u64,
    /// It is a copy of a batch under way: all that a killed run left of it.
    pub open: bool,
}

/// The batches of a log. An error about damage is told once, and reading goes on after it; any other ends it.
#[derive(Debug)]
pub struct Batches {
    path: PathBuf,
    handle: Handle,
    chunks: Arc<[ChunkRef]>,
    next_chunk: usize,
    unpacker: Unpacker,
    /// Damage that is known from the walk and has not been told.
    structural: VecDeque<Damage>,
    queue: VecDeque<Entry>,
    /// A batch under way that has not been followed by the batch itself.
    open: Option<Batch>,
    /// What comes next, before anything else is read.
    pending: VecDeque<Result<Stretch, LogError>>,
    /// The number that the next record should have, if it is known.
    expected: Option<u64>,
    /// Time of the last record read.
    reached: Time,
    /// Something lost since the last batch has been told already.
    told: bool,
    /// How many events the run had, if it says.
    total: Option<u64>,
    done: bool,
}

impl Batches {
    pub(super) fn from_start(log: &Log) -> Result<Batches, LogError> {
        let mut batches = Batches::at_chunk(log, 0)?;
        batches.expected = Some(0);
        Ok(batches)
    }

    /// From a chunk with which one may begin to find all records from `time` on.
    pub(super) fn from_time(log: &Log, time: Time) -> Result<Batches, LogError> {
        let mut chunk = log.chunks.partition_point(|chunk| chunk.end < time);
        chunk = chunk.min(log.chunks.len().saturating_sub(1));
        // The heads have no checksum, so what they promise is looked up: the chunk must begin before `time`, else one
        // before it may have what is asked for.
        while chunk > 0 {
            let mut batches = Batches::at_chunk(log, chunk)?;
            batches.fill()?;
            match batches.queue.iter().find_map(|entry| {
                if let Entry::Batch(batch) = entry {
                    Some(batch)
                } else {
                    None
                }
            }) {
                Some(batch) if batch.from < time && batch.decode().is_ok() => break,
                _ => chunk -= 1,
            }
        }
        if chunk == 0 {
            Batches::from_start(log)
        } else {
            Batches::at_chunk(log, chunk)
        }
    }

    fn at_chunk(log: &Log, chunk: usize) -> Result<Batches, LogError> {
        let offset = chunk.checked_sub(1).map_or(0, |last| log.chunks[last].next);
        Ok(Batches {
            path: log.path().to_owned(),
            handle: log.open_source()?,
            chunks: Arc::clone(&log.chunks),
            next_chunk: chunk,
            unpacker: log.unpacker.clone(),
            structural: log
                .structural_damage()
                .iter()
                .filter(|damage| damage.offset >= offset)
                .cloned()
                .collect(),
            queue: VecDeque::new(),
            open: None,
            pending: VecDeque::new(),
            expected: None,
            reached: chunk.checked_sub(1).map_or(Time::ZERO, |last| log.chunks[last].end),
            told: false,
            total: log.end().map(|end| end.events),
            done: false,
        })
    }

    /// Reads the next chunk. False: there is none.
    fn fill(&mut self) -> Result<bool, LogError> {
        let Some(chunk) = self.chunks.get(self.next_chunk).copied() else {
            return Ok(false);
        };
        self.next_chunk += 1;
        self.tell_structural(chunk.offset);
        let read = chunk::read(&mut self.handle, &chunk).map_err(|source| LogError::Io {
            path: self.path.clone(),
            source: Arc::new(source),
        })?;
        match read.and_then(|plain| self.unpacker.unpack(&plain)) {
            Ok(entries) => self.queue.extend(entries),
            Err(fault) => {
                self.unpacker.interrupt();
                let error = self.damage(chunk.offset, chunk.next - chunk.offset, Some(chunk.end), fault);
                self.pending.push_back(Err(error));
            }
        }
        Ok(true)
    }

    /// Tells what the walk found damaged before that place in the file.
    fn tell_structural(&mut self, offset: u64) {
        while let Some(damage) = self.structural.pop_front_if(|damage| damage.offset <= offset) {
            self.told = true;
            self.pending.push_back(Err(LogError::Damaged {
                path: self.path.clone(),
                damage,
            }));
        }
    }

    fn damage(&mut self, offset: u64, bytes: u64, to: Option<Time>, fault: Fault) -> LogError {
        self.told = true;
        let to = to.filter(|&to| to >= self.reached);
        LogError::Damaged {
            path: self.path.clone(),
            damage: Damage {
                offset,
                bytes,
                from: Some(self.reached),
                to,
                fault,
            },
        }
    }

    /// The chunk that is being read, for messages.
    fn place(&self) -> (u64, u64) {
        let chunk = self.next_chunk.checked_sub(1).and_then(|last| self.chunks.get(last));
        chunk.map_or((0, 0), |chunk| (chunk.offset, chunk.next - chunk.offset))
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Open(batch) => {
                if self.expected.is_none_or(|expected| batch.first >= expected) {
                    self.open = Some(batch);
                }
            }
            Entry::Batch(batch) => {
                // The copy of a batch that is lost itself is better than nothing.
                if let Some(open) = self.open.take()
                    && open.end() <= batch.first
                {
                    self.give(open, true);
                }
                self.give(batch, false);
            }
            Entry::Bad => self.bad(None),
        }
    }

    fn bad(&mut self, to: Option<Time>) {
        let (offset, bytes) = self.place();
        let error = self.damage(offset, bytes, to, Fault::Events);
        self.pending.push_back(Err(error));
    }

    fn give(&mut self, batch: Batch, open: bool) {
        // A batch that is not after the last one is no part of the stream.
        if self.expected.is_some_and(|expected| batch.first < expected)
            || batch.from < self.reached && self.expected.is_some()
        {
            return self.bad(None);
        }
        let Ok(records) = batch.decode() else {
            return self.bad(Some(batch.to));
        };
        let missing = self.expected.map_or(0, |expected| batch.first - expected);
        if missing > 0 && !self.told {
            let (offset, _) = self.place();
            let error = self.damage(offset, 0, Some(batch.from), Fault::Missing);
            self.pending.push_back(Err(error));
        }
        self.told = false;
        self.expected = Some(batch.end());
        self.reached = batch.to;
        self.pending.push_back(Ok(Stretch {
            batch,
            records,
            missing,
            open,
        }));
    }

    fn end(&mut self) {
        self.done = true;
        self.tell_structural(u64::MAX);
        if let Some(open) = self.open.take() {
            self.give(open, true);
        }
        // The run says how many events it had; what is not there is lost, whether or not a place looks damaged.
        if let (Some(total), Some(expected)) = (self.total, self.expected)
            && expected < total
            && !self.told
        {
            let offset = self.chunks.last().map_or(0, |chunk| chunk.next);
            let error = self.damage(offset, 0, None, Fault::Missing);
            self.pending.push_back(Err(error));
        }
    }
}

impl Iterator for Batches {
    type Item = Result<Stretch, LogError>;

    fn next(&mut self) -> Option<Result<Stretch, LogError>> {
        loop {
            if let Some(next) = self.pending.pop_front() {
                return Some(next);
            }
            if let Some(entry) = self.queue.pop_front() {
                self.take(entry);
            } else if self.done {
                return None;
            } else {
                match self.fill() {
                    Ok(true) => {}
                    Ok(false) => self.end(),
                    Err(error) => {
                        self.done = true;
                        return Some(Err(error));
                    }
                }
            }
        }
    }
}

/// A log's records from a moment on.
#[derive(Debug)]
pub struct Records {
    batches: Batches,
    from: Time,
}

impl Records {
    pub(super) fn from(log: &Log, from: Time) -> Result<Records, LogError> {
        let batches = if from == Time::ZERO {
            Batches::from_start(log)?
        } else {
            Batches::from_time(log, from)?
        };
        Ok(Records { batches, from })
    }
}

/// Some records in a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Portion {
    /// The number of the first.
    pub first: u64,
    /// The records.
    pub records: Vec<Record>,
}

impl Iterator for Records {
    type Item = Result<Portion, LogError>;

    fn next(&mut self) -> Option<Result<Portion, LogError>> {
        loop {
            match self.batches.next()? {
                Ok(stretch) if stretch.batch.to < self.from => {}
                Ok(Stretch { batch, mut records, .. }) => {
                    let before = records.partition_point(|record| record.at < self.from);
                    records.drain(..before);
                    return Some(Ok(Portion {
                        first: batch.first + before as u64,
                        records,
                    }));
                }
                // What is lost before the moment asked for is nobody's concern here.
                Err(LogError::Damaged { damage, .. }) if damage.to.is_some_and(|to| to < self.from) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
