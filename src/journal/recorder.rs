//! Records a run: encodes, hashes, and hands what it has to the writer of the log, if there is one.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use roadveil_role::Time;

use super::error::JournalError;
use super::manifest::{End, Outcome};
use super::positions::Positions;
use super::stream::{Encoder, StreamHash};
use super::wall::Moment;
use super::writer::Writer;
use crate::event::{Cast, Event, Record};

/// What a run's recording came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The hash of the whole stream.
    pub stream_hash: StreamHash,
    /// How many events it has.
    pub events: u64,
    /// How many transmissions: frames on the air and packets on the wires.
    pub transmissions: u64,
    /// The log's size; 0 without one.
    pub bytes: u64,
}

/// Takes a run's records in order.
#[derive(Debug)]
pub struct Recorder {
    encoder: Encoder,
    writer: Option<Writer>,
    positions: Option<Positions>,
    transmissions: u64,
    /// When the last batch was handed over, or a copy of the one under way.
    kept_at: Moment,
    /// How many events the log has by then.
    kept: u64,
}

impl Recorder {
    /// A recorder for the hash alone.
    pub fn hashing() -> Recorder {
        Recorder {
            encoder: Encoder::new(),
            writer: None,
            positions: None,
            transmissions: 0,
            kept_at: Moment::now(),
            kept: 0,
        }
    }

    /// A recorder that writes a log.
    pub fn writing(writer: Writer, cast: &Arc<Cast>) -> Recorder {
        let positions = writer.wants_positions().then(|| Positions::new(Arc::clone(cast)));
        Recorder {
            writer: Some(writer),
            positions,
            ..Recorder::hashing()
        }
    }

    /// Takes the next records.
    ///
    /// # Errors
    ///
    /// If they are out of order, or if the log could not be written: this time or before.
    pub fn record(&mut self, records: &[Record]) -> Result<(), JournalError> {
        for record in records {
            if matches!(record.event, Event::Frame(_) | Event::Packet(_)) {
                self.transmissions += 1;
            }
            let done = self.encoder.push(record)?;
            let Some(writer) = &mut self.writer else { continue };
            if let Some(batch) = done {
                self.kept = batch.end();
                self.kept_at = Moment::now();
                writer.push(batch)?;
            }
            if let Some((at, message)) = self.positions.as_mut().and_then(|positions| positions.take(record)) {
                writer.push_positions(at, message)?;
            }
        }
        self.keep()
    }

    /// Puts a copy of the batch under way into the log, if it has waited for long. A batch ends by virtual time, and
    /// in a run that is slow or paused that may take any time; without the copy a kill would lose it.
    ///
    /// # Errors
    ///
    /// If the log could not be written.
    pub fn keep(&mut self) -> Result<(), JournalError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if self.kept == self.encoder.events() {
            return Ok(());
        }
        let now = Moment::now();
        if now.since(self.kept_at) >= writer.patience() {
            if let Some(batch) = self.encoder.open() {
                writer.push_open(batch)?;
            }
            self.kept_at = now;
            self.kept = self.encoder.events();
        }
        Ok(())
    }

    /// Ends the stream, and the log.
    ///
    /// # Errors
    ///
    /// If the log could not be written.
    pub fn finish(self, reached: Time, outcome: Outcome) -> Result<Finished, JournalError> {
        let events = self.encoder.events();
        let transmissions = self.transmissions;
        let (last, stream_hash) = self.encoder.finish();
        let mut bytes = 0;
        if let Some(mut writer) = self.writer {
            if let Some(batch) = last {
                writer.push(batch)?;
            }
            bytes = writer.finish(End {
                reached,
                outcome,
                events,
                transmissions,
                stream_hash,
            })?;
        }
        Ok(Finished {
            stream_hash,
            events,
            transmissions,
            bytes,
        })
    }
}

/// Slices of records that may wait for the recorder; beyond it the run waits.
const WAITING: usize = 64;

/// How often a recorder that hears nothing looks whether the batch under way should be kept.
const IDLE: Duration = Duration::from_millis(100);

/// A [`Recorder`] on a thread of its own, so that encoding and hashing cost the run nothing but the handing over.
#[derive(Debug)]
pub struct RecorderThread {
    slices: Option<SyncSender<Arc<[Record]>>>,
    thread: Option<JoinHandle<Result<Recorder, JournalError>>>,
    failure: Option<JournalError>,
}

impl RecorderThread {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn spawn(recorder: Recorder) -> Result<RecorderThread, JournalError> {
        let (slices, received) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("journal-recorder".into())
            .spawn(move || record_all(recorder, &received))
            .map_err(|source| JournalError::Thread {
                source: Arc::new(source),
            })?;
        Ok(RecorderThread {
            slices: Some(slices),
            thread: Some(thread),
            failure: None,
        })
    }

    /// Hands over the next records; waits while too many wait.
    ///
    /// # Errors
    ///
    /// If earlier records could not be recorded. It stays so: every further call returns the same error.
    pub fn push(&mut self, records: Arc<[Record]>) -> Result<(), JournalError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.slices.as_ref().is_some_and(|slices| slices.send(records).is_ok()) {
            return Ok(());
        }
        // Nobody listens: the recorder failed, and says how when it is joined.
        let failure = self.join().err().unwrap_or(JournalError::Stopped);
        self.failure = Some(failure.clone());
        Err(failure)
    }

    /// Waits until all is recorded, and ends the stream, and the log.
    ///
    /// # Errors
    ///
    /// If anything could not be recorded.
    pub fn finish(mut self, reached: Time, outcome: Outcome) -> Result<Finished, JournalError> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.join()?.finish(reached, outcome)
    }

    fn join(&mut self) -> Result<Recorder, JournalError> {
        self.slices = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) | None => Err(JournalError::Stopped),
        }
    }
}

impl Drop for RecorderThread {
    /// A run that is dropped without its end still has its log closed before the program goes on.
    fn drop(&mut self) {
        if self.thread.is_some() {
            drop(self.join());
        }
    }
}

fn record_all(mut recorder: Recorder, slices: &Receiver<Arc<[Record]>>) -> Result<Recorder, JournalError> {
    loop {
        match slices.recv_timeout(IDLE) {
            Ok(records) => recorder.record(&records)?,
            Err(RecvTimeoutError::Timeout) => recorder.keep()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(recorder),
        }
    }
}
