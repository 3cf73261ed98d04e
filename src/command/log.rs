//! `roadveil log ...`

use std::io::{BufWriter, stdout};
use std::path::Path;
use std::time::Duration;

use roadveil_role::Time;

use super::{Exit, Failure, print};
use crate::cli::LogCommand;
use crate::journal::{CatOptions, DEFAULT_FOLDER, Info, Log, cat, select};

/// Looks into a log.
pub(super) fn log(command: &LogCommand) -> Result<Exit, Failure> {
    match command {
        LogCommand::Info { log, json } => {
            let info = Info::of(&open(log)?).map_err(Failure::input)?;
            let text = if *json { format!("{:#}\n", info.to_json()) } else { format!("{info}\n") };
            print(&text)?;
        }
        LogCommand::Cat { log, json, from, to } => {
            let moment = |span: &Option<Duration>, otherwise| span.map_or(otherwise, |span| Time::ZERO + span);
            let options = CatOptions { from: moment(from, Time::ZERO), to: moment(to, Time::MAX), json: *json };
            cat(&open(log)?, &options, &mut BufWriter::new(stdout().lock())).map_err(Failure::input)?;
        }
    }
    Ok(Exit::Done)
}

fn open(name: &str) -> Result<Log, Failure> {
    let path = select(name, Path::new(DEFAULT_FOLDER)).map_err(Failure::input)?;
    Log::open(&path).map_err(Failure::input)
}
