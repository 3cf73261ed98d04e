//! `roadveil verify`

use std::path::Path;

use super::{Exit, Failure, print, signals};
use crate::cli::Verify;
use crate::journal::select::{DEFAULT_DIRECTORY, resolve};
use crate::journal::{Comparison, Verdict};
use crate::kernel::Options;
use crate::session::{self, VerifyError};
use crate::telemetry;

/// Runs a log's scenario again and compares.
pub(super) fn verify(args: &Verify) -> Result<Exit, Failure> {
    telemetry::init(None);
    let path = resolve(&args.log, Path::new(DEFAULT_DIRECTORY)).map_err(Failure::input)?;
    let mut options = Options::default();
    if let Some(threads) = args.threads {
        options.threads = usize::from(threads);
    }
    let compared = match session::verify(
        &path,
        args.base.as_deref(),
        options,
        args.quiet,
        &signals::interruption(),
    ) {
        Ok(compared) => compared,
        Err(VerifyError::Interrupted) => return Ok(Exit::Interrupted),
        Err(error) => return Err(Failure::input(error)),
    };
    if !args.quiet {
        print(&describe(&path.display().to_string(), &compared))?;
    }
    match compared.verdict() {
        Verdict::Same if compared.compared == 0 => Err(Failure::Input(miette::miette!(
            help = "the file was cut before its first events, or its run ended before it had any",
            "{}: there is no event to compare",
            path.display()
        ))),
        Verdict::Same => Ok(Exit::Done),
        Verdict::Different => Ok(Exit::Failed),
        Verdict::Damaged => Err(Failure::Input(miette::miette!(
            help = "what decodes is as the run makes it; `roadveil log info` says which times are lost",
            "{}: some of the log does not decode",
            path.display()
        ))),
    }
}

/// What was found, for a person.
fn describe(path: &str, compared: &Comparison) -> String {
    let mut text = format!(
        "{path}: {} events alike, up to {} s",
        compared.compared, compared.reached
    );
    if compared.skipped > 0 {
        text += &format!("; {} not compared, because the log has lost them", compared.skipped);
    }
    if compared.difference.is_none() && compared.damage.is_empty() && !compared.whole {
        text += "; the log ends there, before its run did";
    }
    text.push('\n');
    if let Some(difference) = &compared.difference {
        text += &format!("{difference}\n");
    } else if let Some(moment) = &compared.broken_at {
        text += &format!(
            "the log's own hash chain breaks at event {}: it was changed after it was written\n",
            moment.index
        );
    } else if compared.end_differs {
        text += "the log's end record does not fit its events: it was changed after it was written\n";
    }
    text
}
