//! `roadveil log ...`

use std::io::{BufWriter, stdout};
use std::path::Path;
use std::time::Duration;

use roadveil_role::Time;

use serde_json::json;

use super::{Exit, Failure, print};
use crate::cli::LogCommand;
use crate::journal::select::{DEFAULT_DIRECTORY, Entry, list, resolve};
use crate::journal::{Log, LogError, cat, info};

/// Looks into a log.
pub(super) fn log(command: &LogCommand) -> Result<Exit, Failure> {
    match command {
        LogCommand::List { json } => print(&list_logs(*json)?)?,
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
            let printed = cat(&open(log)?, moment(from), moment(to), *json, &mut out).map_err(|error| match error {
                LogError::Output { .. } => Failure::stuck(error),
                error => Failure::input(error),
            })?;
            for damage in &printed.damage {
                eprintln!("note: {damage}");
            }
        }
    }
    Ok(Exit::Done)
}

/// The logs of the default folder: a name a line, or an array of objects.
fn list_logs(as_json: bool) -> Result<String, Failure> {
    let entries = list(Path::new(DEFAULT_DIRECTORY)).map_err(Failure::input)?;
    if as_json {
        let entry = |entry: &Entry| json!({ "name": entry.name, "path": entry.path.display().to_string() });
        return Ok(format!("{:#}\n", json!(entries.iter().map(entry).collect::<Vec<_>>())));
    }
    Ok(entries.iter().map(|entry| format!("{}\n", entry.name)).collect())
}

fn open(name: &str) -> Result<Log, Failure> {
    let path = resolve(name, Path::new(DEFAULT_DIRECTORY)).map_err(Failure::input)?;
    Log::open(&path).map_err(Failure::input)
}
