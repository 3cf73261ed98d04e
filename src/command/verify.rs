//! `roadveil verify`

use std::path::Path;

use super::{Exit, Failure, print, signals};
use crate::cli::Verify;
use crate::journal::{DEFAULT_FOLDER, select};
use crate::kernel::Options;
use crate::session::{self, VerifyError};
use crate::telemetry;

/// Runs a log's scenario again and compares.
pub(super) fn verify(args: &Verify) -> Result<Exit, Failure> {
    telemetry::init(None);
    let path = select(&args.log, Path::new(DEFAULT_FOLDER)).map_err(Failure::input)?;
    let mut options = Options::default();
    if let Some(threads) = args.threads {
        options.threads = usize::from(threads);
    }
    let verified = match session::verify(&path, args.base.as_deref(), options, args.quiet, &signals::interruption()) {
        Ok(verified) => verified,
        Err(VerifyError::Interrupted) => return Ok(Exit::Interrupted),
        Err(error) => return Err(Failure::input(error)),
    };
    if !args.quiet {
        for note in &verified.notes {
            eprintln!("note: {note}");
        }
        match &verified.difference {
            None => print(&format!("{}: {} events, all alike\n", path.display(), verified.events))?,
            Some(difference) => print(&format!("{}: {difference}\n", path.display()))?,
        }
    }
    Ok(if verified.difference.is_some() { Exit::Failed } else { Exit::Done })
}
