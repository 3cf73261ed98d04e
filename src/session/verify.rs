//! Running a log's scenario again, and comparing event by event.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use miette::Diagnostic;
use thiserror::Error;

use super::{Progress, RunError};
use crate::journal::{Comparator, Log, LogError};
use crate::kernel::{Kernel, Options};
use crate::scenario::{Error as ScenarioError, Scenario};

pub use crate::journal::Difference;

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

/// What verifying found.
#[derive(Debug)]
pub struct Verified {
    /// Events compared.
    pub events: u64,
    /// The first difference, if there is one.
    pub difference: Option<Difference>,
    /// What a person should know besides: a log that is cut or damaged.
    pub notes: Vec<String>,
}

/// Runs the log's scenario again, and compares.
///
/// # Errors
/// If the log, its scenario or its input files cannot be read, or the files have changed.
pub fn verify(path: &Path, base: Option<&Path>, options: Options, quiet: bool, interrupted: &AtomicBool) -> Result<Verified, VerifyError> {
    let log = Log::open(path)?;
    let manifest = log.manifest().clone();
    let mut scenario = Scenario::reload(&manifest.text, &manifest.origin, &manifest.overrides, base)?;
    scenario.seed = manifest.seed;
    scenario.duration = manifest.duration.since(roadveil_role::Time::ZERO);
    for (input, recorded) in scenario.inputs.iter().zip(&manifest.inputs) {
        if blake3::Hash::from_bytes(input.digest).to_hex().as_str() != recorded.blake3 {
            return Err(VerifyError::InputChanged { path: recorded.path.clone() });
        }
    }
    let mut kernel = Kernel::new(Arc::new(scenario), options).map_err(RunError::from)?;
    let mut comparator = Comparator::new(log)?;
    let mut progress = Progress::new(kernel.end(), quiet);
    while !kernel.is_ended() && !comparator.is_done() {
        if interrupted.load(Ordering::Relaxed) {
            return Err(VerifyError::Interrupted);
        }
        kernel.advance(kernel.end(), 4096);
        comparator.push(&kernel.take_records())?;
        progress.at(kernel.now(), || format!("{} events alike", comparator.compared()));
    }
    progress.done();
    Ok(comparator.finish(kernel.is_ended())?.into())
}
