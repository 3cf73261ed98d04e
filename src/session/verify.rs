//! Running a log's scenario again, and comparing event by event.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use miette::Diagnostic;
use thiserror::Error;

use super::{Progress, RunError};
use crate::journal::{self, Comparator, Comparison, Log, LogError};
use crate::kernel::{Kernel, Options, PORTION};
use crate::scenario::{Error as ScenarioError, Scenario};

/// Why a log cannot be verified.
#[derive(Debug, Error, Diagnostic)]
pub enum VerifyError {
    /// The log cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Log(#[from] LogError),
    /// Its scenario cannot be loaded again.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Scenario(#[from] ScenarioError),
    /// An input file is not what it was.
    #[error("{path} has changed since the run: the log recorded another digest")]
    #[diagnostic(help("verify with the files of that time: --base DIR names the folder that holds them"))]
    InputChanged {
        /// The file, as the scenario names it.
        path: String,
    },
    /// The run cannot begin.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(#[from] RunError),
    /// Somebody interrupted it.
    #[error("interrupted")]
    Interrupted,
}

/// Runs the log's scenario again, and compares.
///
/// # Errors
/// If the log, its scenario or its input files cannot be read, or the files have changed.
pub fn verify(
    path: &Path,
    base: Option<&Path>,
    options: Options,
    quiet: bool,
    interrupted: &AtomicBool,
) -> Result<Comparison, VerifyError> {
    let log = Log::open(path)?;
    let manifest = log.manifest().clone();
    let mut scenario = Scenario::reload(&manifest.text, &manifest.origin, &manifest.overrides, base)?;
    scenario.seed = manifest.seed;
    scenario.duration = manifest.duration.since(roadveil_role::Time::ZERO);
    for (input, recorded) in scenario.inputs.iter().zip(&manifest.inputs) {
        if blake3::Hash::from_bytes(input.digest).to_hex().as_str() != recorded.blake3 {
            return Err(VerifyError::InputChanged {
                path: recorded.path.clone(),
            });
        }
    }
    let mut kernel = Kernel::new(Arc::new(scenario), options).map_err(RunError::from)?;
    let mut comparator = Comparator::new(&log)?;
    let mut progress = Progress::new(kernel.end(), quiet);
    let mut going = journal::Progress::Same;
    while !kernel.is_ended() && going == journal::Progress::Same {
        if interrupted.load(Ordering::Relaxed) {
            return Err(VerifyError::Interrupted);
        }
        kernel.advance(kernel.end(), PORTION);
        going = comparator.push(&kernel.take_records())?;
        progress.at(kernel.now(), || "all alike so far".to_owned());
    }
    progress.done();
    Ok(comparator.finish()?)
}
