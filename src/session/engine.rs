//! The kernel with everything that listens to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use miette::Diagnostic;
use roadveil_role::Time;
use thiserror::Error;

use super::{Judge, Outcome, Plan, cast, manifest};
use crate::event::{Cast, Record};
use crate::journal::{self, JournalError, Recorder, RecorderThread, StreamHash, Writer};
use crate::kernel::{Executed, Kernel};
use crate::metrics::Summary;
use crate::registry::PROTOCOLS;
use crate::scenario;

/// Why a run could not begin or go on.
#[derive(Clone, Debug, Error, Diagnostic)]
pub enum RunError {
    /// A protocol could not be set up.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Setup(#[from] scenario::Error),
    /// The log could not be written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Journal(#[from] JournalError),
}

/// A run under way, with its journal and its figures.
#[derive(Debug)]
pub struct Engine {
    plan: Plan,
    kernel: Kernel,
    recorder: RecorderThread,
    summary: Summary,
    judge: Judge,
    cast: Arc<Cast>,
    worked: Duration,
    cpu_at_start: f64,
    cpu_at_end: Option<f64>,
}

/// What is left of a run.
#[derive(Debug)]
pub struct Finished {
    /// What was run.
    pub plan: Plan,
    /// Hash of the event stream.
    pub stream_hash: StreamHash,
    /// The figures.
    pub summary: Summary,
    /// What became of the expectations.
    pub expectations: Vec<Outcome>,
    /// Virtual time reached.
    pub reached: Time,
    /// Did it reach its end?
    pub whole: bool,
    /// Operations really executed, by number. A host figure.
    pub executed: Executed,
    /// Wall seconds that the run worked, without loading and without standing still. A host figure.
    pub wall_s: f64,
    /// Processor seconds of all threads, without loading. A host figure.
    pub cpu_s: f64,
    /// The log, if one was written, and its size in bytes.
    pub log: Option<(PathBuf, u64)>,
}

impl Engine {
    /// Sets everything up; nothing has happened yet.
    ///
    /// # Errors
    /// If a protocol cannot be set up, or the log cannot be created.
    pub fn new(plan: Plan) -> Result<Engine, RunError> {
        let cast = cast(&plan.scenario);
        let (started, cpu_at_start) = (wall(), cpu_seconds());
        let kernel = Kernel::new(Arc::clone(&plan.scenario), plan.options)?;
        let recorder = match &plan.log {
            Some(path) => {
                let writer = Writer::create(path, &manifest(&plan), &cast, journal::Options::default())?;
                Recorder::writing(writer, &cast)
            }
            None => Recorder::hashing(),
        };
        Ok(Engine {
            recorder: RecorderThread::spawn(recorder)?,
            summary: Summary::new(Arc::clone(&cast), PROTOCOLS).listened_to(&plan.scenario.listeners, PROTOCOLS),
            judge: Judge::new(&plan.scenario.expect),
            kernel,
            cast,
            plan,
            worked: started.elapsed(),
            cpu_at_start,
            cpu_at_end: None,
        })
    }

    /// Who takes part.
    pub fn cast(&self) -> &Arc<Cast> {
        &self.cast
    }

    /// Virtual time reached.
    pub fn now(&self) -> Time {
        self.kernel.now()
    }

    /// Where the run ends.
    pub fn end(&self) -> Time {
        self.kernel.end()
    }

    /// Has it reached its end?
    pub fn is_ended(&self) -> bool {
        self.kernel.is_ended()
    }

    /// The figures so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Runs until `until`, or until about `records` have come: those records.
    ///
    /// # Errors
    /// If they cannot be recorded.
    pub fn advance(&mut self, until: Time, records: usize) -> Result<Arc<[Record]>, RunError> {
        let begin = wall();
        self.kernel.advance(until, records);
        let taken = self.take();
        self.worked += begin.elapsed();
        taken
    }

    /// Runs until the next transmission has begun, or for a second: its records.
    ///
    /// # Errors
    /// If they cannot be recorded.
    pub fn step(&mut self) -> Result<Arc<[Record]>, RunError> {
        let until = self.kernel.now() + Duration::from_secs(1);
        while self.kernel.step() == Some(false) && self.kernel.now() < until {}
        self.take()
    }

    fn take(&mut self) -> Result<Arc<[Record]>, RunError> {
        let records: Arc<[Record]> = self.kernel.take_records().into();
        for record in &*records {
            self.judge.before(record.at, &self.summary);
            self.summary.observe(record);
        }
        if self.kernel.is_ended() && self.cpu_at_end.is_none() {
            self.cpu_at_end = Some(cpu_seconds());
        }
        if !records.is_empty() {
            self.recorder.push(Arc::clone(&records))?;
        }
        Ok(records)
    }

    /// Closes the journal: what is left of the run.
    ///
    /// # Errors
    /// If the last records cannot be written.
    pub fn finish(mut self) -> Result<Finished, RunError> {
        let (reached, whole) = (self.kernel.now(), self.kernel.is_ended());
        let executed = self.kernel.executed();
        let outcome = if whole {
            journal::Outcome::Finished
        } else {
            journal::Outcome::Interrupted
        };
        let begin = wall();
        let recorded = self.recorder.finish(reached, outcome)?;
        let wall_s = (self.worked + begin.elapsed()).as_secs_f64();
        let cpu_s = self.cpu_at_end.unwrap_or_else(cpu_seconds) - self.cpu_at_start;
        Ok(Finished {
            stream_hash: recorded.stream_hash,
            expectations: self.judge.finish(reached, whole, &self.summary),
            summary: self.summary,
            reached,
            whole,
            executed,
            wall_s,
            cpu_s,
            log: self.plan.log.clone().map(|path| (path, recorded.bytes)),
            plan: self.plan,
        })
    }
}

/// The wall clock, for host figures.
#[expect(clippy::disallowed_methods, reason = "how long a run takes is a host figure")]
fn wall() -> Instant {
    Instant::now()
}

/// Processor seconds that this process has used.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
