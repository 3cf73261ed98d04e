//! A run without a screen: to its end, with progress on stderr.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use roadveil_role::Time;

use super::{Engine, Finished, Plan, RunError};
use crate::kernel::PORTION;

/// How far a run has come, for a person: a bar on a terminal, a line for each tenth elsewhere.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    end: Time,
    tenth: u64,
}

impl Progress {
    /// Progress to `end`; silent if `quiet`.
    pub fn new(end: Time, quiet: bool) -> Progress {
        let bar = (!quiet && stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(end.as_millis());
            let template = "{bar:30} {msg}  elapsed {elapsed}, left {eta}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Progress {
            bar,
            end,
            tenth: if quiet { u64::MAX } else { 0 },
        }
    }

    /// The run has come to `now`.
    pub fn at(&mut self, now: Time, what: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_position(now.as_millis());
            bar.set_message(format!(
                "{:.1} s of {:.1} s, {}",
                now.as_secs_f64(),
                self.end.as_secs_f64(),
                what()
            ));
        } else if self.tenth != u64::MAX {
            let tenth = now.as_millis() * 10 / self.end.as_millis().max(1);
            if tenth > self.tenth {
                self.tenth = tenth;
                say!(
                    "{:.1} s of {:.1} s, {}",
                    now.as_secs_f64(),
                    self.end.as_secs_f64(),
                    what()
                );
            }
        }
    }

    /// No more progress: clears the bar.
    pub fn done(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Runs to the end, or until `interrupted` is set.
///
/// # Errors
/// If the run cannot begin, or its log cannot be written.
pub fn run(plan: Plan, quiet: bool, interrupted: &AtomicBool) -> Result<Finished, RunError> {
    let mut engine = Engine::new(plan)?;
    let mut progress = Progress::new(engine.end(), quiet);
    while !engine.is_ended() && !interrupted.load(Ordering::Relaxed) {
        engine.advance(engine.end(), PORTION)?;
        let summary = engine.summary();
        progress.at(engine.now(), || {
            format!(
                "{} nodes, {} frames, {} events",
                summary.present, summary.sent, summary.events
            )
        });
    }
    progress.done();
    engine.finish()
}
