//! `roadveil log ...`

use std::io::{BufWriter, stdout};
use std::path::Path;
use std::time::Duration;

use roadveil_role::Time;

use serde_json::json;

use super::{Exit, Failure, print};
use crate::adversary::privacy::judge;
use crate::adversary::{Antennas, Ear, Settings, tracker};
use crate::cli::{LogCommand, LogPrivacy};
use crate::journal::select::{DEFAULT_DIRECTORY, Entry, list, resolve};
use crate::journal::{Log, LogError, cat, info};
use crate::registry::PROTOCOLS;
use crate::scenario::nearest;

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
        LogCommand::Privacy(args) => print(&privacy(args)?)?,
    }
    Ok(Exit::Done)
}

/// What a tracker learns of a log's vehicles.
fn privacy(args: &LogPrivacy) -> Result<String, Failure> {
    let log = open(&args.log)?;
    let antennas = Antennas::read(&args.antennas, log.cast()).map_err(|name| {
        let known: Vec<&str> = log.cast().nodes.iter().map(|node| node.name.as_str()).collect();
        let near = nearest(&name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Failure::Input(miette::miette!("--antennas: no node is called `{name}`{near}"))
    })?;
    let settings = Settings {
        silence: args.silence.as_secs_f64(),
        ..Settings::default()
    };
    let mut ear = Ear::new(antennas, PROTOCOLS);
    for portion in log.records_from(Time::ZERO).map_err(Failure::input)? {
        match portion {
            Ok(portion) => portion.records.iter().for_each(|record| ear.observe(record)),
            Err(LogError::Damaged { damage, .. }) => eprintln!("note: {damage}"),
            Err(error) => return Err(Failure::input(error)),
        }
    }
    let segments = ear.finish();
    let links = tracker::link(&segments, &settings);
    let judged = judge(&segments, &links, &settings);
    let figures = judged.figures();
    if args.json {
        let mut value = figures.json();
        value["pseudonyms"] = json!(judged.pseudonyms);
        value["sightings"] = json!(judged.sightings);
        return Ok(format!("{value:#}\n"));
    }
    let mut text = format!(
        "{} messages heard, under {} pseudonyms\n",
        judged.sightings, judged.pseudonyms
    );
    for (name, value, what) in figures.named() {
        let value = if value.is_finite() {
            format!("{value:.3}")
        } else {
            "-".to_owned()
        };
        text += &format!("{name:28}{:>10}  {what}\n", value.trim_end_matches(".000"));
    }
    Ok(text)
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
