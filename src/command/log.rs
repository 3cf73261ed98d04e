//! `roadveil log ...`

use std::io::{BufWriter, stdout};
use std::path::Path;
use std::time::Duration;

use roadveil_role::Time;

use super::{Exit, Failure, print};
use crate::cli::LogCommand;
use crate::journal::select::{DEFAULT_DIRECTORY, resolve};
use crate::journal::{Log, cat, info};

/// Looks into a log.
pub(super) fn log(command: &LogCommand) -> Result<Exit, Failure> {
    match command {
        LogCommand::Info { log, json } => {
            let info = info(&open(log)?).map_err(Failure::input)?;
            let text = if *json {
                serde_json::to_string_pretty(&info).map_err(|error| Failure::Stuck(miette::miette!("{error}")))?
            } else {
                info.to_string()
            };
            print(&format!("{}\n", text.trim_end()))?;
        }
        LogCommand::Cat { log, json, from, to } => {
            let moment = |span: &Option<Duration>| span.map(|span| Time::ZERO + span);
            let mut out = BufWriter::new(stdout().lock());
            let printed = cat(&open(log)?, moment(from), moment(to), *json, &mut out).map_err(Failure::input)?;
            for damage in &printed.damage {
                eprintln!("note: {damage}");
            }
        }
    }
    Ok(Exit::Done)
}

fn open(name: &str) -> Result<Log, Failure> {
    let path = resolve(name, Path::new(DEFAULT_DIRECTORY)).map_err(Failure::input)?;
    Log::open(&path).map_err(Failure::input)
}
