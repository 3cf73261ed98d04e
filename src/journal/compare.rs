//! Compares a run made again with the log of the first, event by event.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use roadveil_role::{Time, Value};
use serde::Serialize;

use super::batches::Batches;
use super::check::{ChainCheck, Moment};
use super::damage::Damage;
use super::error::LogError;
use super::manifest::{End, Outcome};
use super::reader::Log;
use super::render::Line;
use crate::event::{Cast, Event, Record};

/// How many events before a difference are shown.
const CONTEXT: usize = 5;

/// The first event in which the two runs part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The event's number.
    pub index: u64,
    /// Its time: the earlier one, if they differ in it.
    pub at: Time,
    /// What the log has; `None`: it has no further event.
    pub logged: Option<String>,
    /// What happened now; `None`: nothing further.
    pub executed: Option<String>,
    /// The last events in which they agree.
    pub before: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the runs part at event {}, {} s", self.index, self.at)?;
        self.before.iter().try_for_each(|line| writeln!(f, "  both  {line}"))?;
        writeln!(f, "  log   {}", self.logged.as_deref().unwrap_or("(no further event)"))?;
        write!(
            f,
            "  now   {}",
            self.executed.as_deref().unwrap_or("(no further event)")
        )
    }
}

/// Is there a point in going on?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No difference so far.
    Same,
    /// The log has no more: what comes now it could not have.
    LogEnded,
    /// They differ; nothing that comes can mend it.
    Different,
}

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// How many events were compared.
    pub compared: u64,
    /// How many were not, because the log has lost them.
    pub skipped: u64,
    /// Time of the last event compared.
    pub reached: Time,
    /// The log has an end and was compared up to it. If not, what it has is the beginning of a run.
    pub whole: bool,
    /// The first difference.
    pub difference: Option<Difference>,
    /// Where the log's own chain does not hold: it was changed after it was written.
    pub broken_at: Option<Moment>,
    /// The end record does not fit the events: it was changed.
    pub end_differs: bool,
    /// Places of the log that do not decode.
    pub damage: Vec<Damage>,
}

/// A comparison in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The log is what its scenario does.
    Same,
    /// It is not.
    Different,
    /// What could be compared is the same, but some of the log does not decode.
    Damaged,
}

impl Comparison {
    /// In one word.
    pub fn verdict(&self) -> Verdict {
        if self.difference.is_some() {
            Verdict::Different
        } else if !self.damage.is_empty() {
            Verdict::Damaged
        } else if self.broken_at.is_some() || self.end_differs {
            Verdict::Different
        } else {
            Verdict::Same
        }
    }
}

/// Takes the records of a run made again and compares them with a log's.
#[derive(Debug)]
pub struct Comparator {
    batches: Batches,
    cast: Arc<Cast>,
    end: Option<End>,
    /// The log's next records, and the number of the first of them.
    logged: std::vec::IntoIter<Record>,
    logged_number: u64,
    log_ended: bool,
    /// The number of the next record executed.
    number: u64,
    before: VecDeque<(u64, Record)>,
    chain: ChainCheck,
    comparison: Comparison,
}

impl Comparator {
    /// A comparison with `log`, from its first event on.
    ///
    /// # Errors
    ///
    /// If the log cannot be opened again.
    pub fn new(log: &Log) -> Result<Comparator, LogError> {
        Ok(Comparator {
            batches: log.batches()?,
            cast: Arc::clone(log.cast()),
            end: log.end().cloned(),
            logged: Vec::new().into_iter(),
            logged_number: 0,
            log_ended: false,
            number: 0,
            before: VecDeque::with_capacity(CONTEXT),
            chain: ChainCheck::default(),
            comparison: Comparison {
                compared: 0,
                skipped: 0,
                reached: Time::ZERO,
                whole: false,
                difference: None,
                broken_at: None,
                end_differs: false,
                damage: Vec::new(),
            },
        })
    }

    /// Takes the next records of the run made again.
    ///
    /// # Errors
    ///
    /// If the log cannot be read. Damage is no error: what is lost is skipped.
    pub fn push(&mut self, executed: &[Record]) -> Result<Progress, LogError> {
        for record in executed {
            if self.comparison.difference.is_some() {
                return Ok(Progress::Different);
            }
            let number = self.number;
            self.number += 1;
            self.load()?;
            if !self.log_ended && self.logged_number > number {
                self.comparison.skipped += 1;
                continue;
            }
            let Some(logged) = self.logged.next() else {
                return Ok(self.past_the_log(number, record));
            };
            self.logged_number += 1;
            if !same(&logged, record) {
                self.differ(number, Some(&logged), Some(record));
                return Ok(Progress::Different);
            }
            self.comparison.compared += 1;
            self.comparison.reached = record.at;
            if self.before.len() == CONTEXT {
                self.before.pop_front();
            }
            self.before.push_back((number, logged));
        }
        Ok(if self.comparison.difference.is_some() {
            Progress::Different
        } else {
            Progress::Same
        })
    }

    /// Ends the comparison: the run made again has no more records, or whoever runs it has seen enough.
    ///
    /// # Errors
    ///
    /// If the log cannot be read.
    pub fn finish(mut self) -> Result<Comparison, LogError> {
        if self.comparison.difference.is_none() {
            self.load()?;
            if let Some(logged) = self.logged.as_slice().first().cloned() {
                self.differ(self.logged_number, Some(&logged), None);
            }
        }
        if let Some(end) = &self.end
            && self.comparison.difference.is_none()
            && self.comparison.damage.is_empty()
        {
            let agrees = self.chain.agrees(end.stream_hash) && end.events == self.logged_number;
            self.comparison.end_differs = !agrees;
            self.comparison.whole = agrees && self.log_ended;
        }
        Ok(self.comparison)
    }

    /// The run goes on where the log ends. Only a log that says that its run was over is at odds with that.
    fn past_the_log(&mut self, number: u64, record: &Record) -> Progress {
        let lost = self.end.as_ref().is_some_and(|end| number < end.events);
        if lost {
            self.comparison.skipped += 1;
            return Progress::LogEnded;
        }
        if self.end.as_ref().is_some_and(|end| end.outcome == Outcome::Finished) {
            self.differ(number, None, Some(record));
            return Progress::Different;
        }
        Progress::LogEnded
    }

    /// Makes sure that the log's next records are at hand, if it has any.
    fn load(&mut self) -> Result<(), LogError> {
        while self.logged.as_slice().is_empty() && !self.log_ended {
            match self.batches.next() {
                Some(Ok(stretch)) => {
                    if !self.chain.take(&stretch.batch, stretch.missing) && self.comparison.broken_at.is_none() {
                        let (index, at) = (stretch.batch.first, stretch.batch.from);
                        self.comparison.broken_at = Some(Moment { index, at });
                    }
                    self.logged_number = stretch.batch.first;
                    self.logged = stretch.records.into_iter();
                }
                Some(Err(LogError::Damaged { damage, .. })) => self.comparison.damage.push(damage),
                Some(Err(error)) => return Err(error),
                None => self.log_ended = true,
            }
        }
        Ok(())
    }

    fn differ(&mut self, index: u64, logged: Option<&Record>, executed: Option<&Record>) {
        // Two events that differ may look alike in the short form, so these two are shown in full.
        let full = |record: &Record| {
            let line = Line {
                number: index,
                record,
                cast: &self.cast,
            };
            serde_json::to_string(&line).unwrap_or_else(|_| line.to_string())
        };
        let times = [logged, executed].into_iter().flatten().map(|record| record.at);
        self.comparison.difference = Some(Difference {
            index,
            at: times.min().unwrap_or(self.comparison.reached),
            logged: logged.map(full),
            executed: executed.map(full),
            before: self
                .before
                .iter()
                .map(|(number, record)| {
                    Line {
                        number: *number,
                        record,
                        cast: &self.cast,
                    }
                    .to_string()
                })
                .collect(),
        });
    }
}

/// Are the two the same to the bit? Floats compare by their bits, as they are stored: the same not-a-number is the
/// same, and the two zeros are not.
fn same(a: &Record, b: &Record) -> bool {
    let (
        Event::Emitted {
            node,
            role,
            name,
            fields,
        },
        Event::Emitted {
            node: node_b,
            role: role_b,
            name: name_b,
            fields: fields_b,
        },
    ) = (&a.event, &b.event)
    else {
        return a == b;
    };
    (a.at, node, role, name, fields.len()) == (b.at, node_b, role_b, name_b, fields_b.len())
        && fields.iter().zip(fields_b).all(|((name, value), (name_b, value_b))| {
            name == name_b
                && match (value, value_b) {
                    (Value::F64(a), Value::F64(b)) => a.to_bits() == b.to_bits(),
                    (a, b) => a == b,
                }
        })
}
