//! Checks a log by itself, without running its scenario again.

use roadveil_role::Time;
use serde::Serialize;

use super::damage::Damage;
use super::error::LogError;
use super::reader::Log;
use super::stream::{Batch, StreamHash};
use crate::event::Event;

/// What a log is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Integrity {
    /// Events that can be read.
    pub events: u64,
    /// Frames on the air among them.
    pub frames: u64,
    /// Packets on the wires among them.
    pub packets: u64,
    /// Events that are known to be lost.
    pub lost: u64,
    /// Places that do not decode.
    pub damage: Vec<Damage>,
    /// The first event of a batch whose content is not what its run wrote, or that does not follow on the one before:
    /// somebody changed the log.
    pub broken_at: Option<Moment>,
    /// Up to where the chain from the first event on holds without a hole.
    pub proven_to: Time,
    /// State of the chain there: the stream hash, if the log is whole.
    pub chain: StreamHash,
    /// Is the end record there, and does it agree with the events?
    pub end: EndCheck,
    /// Time of the last event.
    pub last: Time,
}

/// A place in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// The event's number.
    pub index: u64,
    /// Its time.
    pub at: Time,
}

/// How the end record stands to the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCheck {
    /// There is none: the run was killed, or the end of its log is lost.
    Absent,
    /// It says what the events say.
    Agrees,
    /// It does not, and no event is known to be lost: somebody changed the log.
    Differs,
    /// Events are lost, so it cannot be told.
    Unknown,
}

impl Integrity {
    /// Nothing is lost or changed. A log that was cut short can be sound: it has less, and that is true.
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.broken_at.is_none() && self.end != EndCheck::Differs
    }
}

impl Log {
    /// Reads all of the log, and checks its chain.
    ///
    /// # Errors
    ///
    /// If the file cannot be read. Damage is no error here but part of the result.
    pub fn check(&self) -> Result<Integrity, LogError> {
        let mut chain = ChainCheck::default();
        let mut integrity = Integrity {
            events: 0,
            frames: 0,
            packets: 0,
            lost: 0,
            damage: Vec::new(),
            broken_at: None,
            proven_to: Time::ZERO,
            chain: StreamHash::start(),
            end: EndCheck::Absent,
            last: Time::ZERO,
        };
        let mut whole = true;
        let mut next = 0;
        for stretch in self.batches()? {
            let stretch = match stretch {
                Ok(stretch) => stretch,
                Err(LogError::Damaged { damage, .. }) => {
                    whole = false;
                    integrity.damage.push(damage);
                    continue;
                }
                Err(error) => return Err(error),
            };
            integrity.lost += stretch.missing;
            whole &= stretch.missing == 0;
            let holds = chain.take(&stretch.batch, stretch.missing);
            if !holds && integrity.broken_at.is_none() {
                integrity.broken_at = Some(Moment {
                    index: stretch.batch.first,
                    at: stretch.batch.from,
                });
            }
            if whole && integrity.broken_at.is_none() {
                integrity.proven_to = stretch.batch.to;
                integrity.chain = stretch.batch.after;
            }
            for record in &stretch.records {
                match record.event {
                    Event::Frame(_) => integrity.frames += 1,
                    Event::Packet(_) => integrity.packets += 1,
                    _ => {}
                }
            }
            integrity.events += stretch.records.len() as u64;
            integrity.last = stretch.batch.to;
            next = stretch.batch.end();
        }
        if let Some(end) = self.end() {
            integrity.lost += end.events.saturating_sub(next);
            let agrees = chain.agrees(end.stream_hash)
                && end.events == next
                && end.transmissions == integrity.frames + integrity.packets;
            integrity.end = match (agrees, integrity.damage.is_empty() && integrity.lost == 0) {
                (true, true) => EndCheck::Agrees,
                (_, false) => EndCheck::Unknown,
                (false, true) => EndCheck::Differs,
            };
        }
        Ok(integrity)
    }
}

/// Follows the chain from batch to batch; after a hole, from what the next batch says of the state before it.
#[derive(Debug)]
pub(super) struct ChainCheck {
    state: StreamHash,
}

impl Default for ChainCheck {
    fn default() -> ChainCheck {
        ChainCheck {
            state: StreamHash::start(),
        }
    }
}

impl ChainCheck {
    /// Does the chain end in that state?
    pub(super) fn agrees(&self, hash: StreamHash) -> bool {
        self.state == hash
    }

    /// Is the batch what its run wrote, and does it follow on the one before it?
    pub(super) fn take(&mut self, batch: &Batch, missing: u64) -> bool {
        let follows = missing > 0 || batch.before == self.state;
        self.state = batch.after;
        follows && batch.is_sealed()
    }
}
