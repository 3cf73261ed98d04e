//! `roadveil log ...`

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::Path;
use std::time::Duration;

use roadveil_role::Time;
use serde::Serialize;
use serde_json::json;

use super::output::{Kind, may_write};
use super::{Exit, Failure, print};
use crate::adversary::privacy::judge;
use crate::adversary::{Air, Antennas, Ear, Settings, tracker};
use crate::cli::{ExportFormat, LogCommand, LogPrivacy};
use crate::journal::audit::Conclusion;
use crate::journal::select::{DEFAULT_DIRECTORY, Entry, list, resolve};
use crate::journal::{Log, LogError, Printed, audit, cat, export, info};
use crate::registry::PROTOCOLS;
use crate::scenario::nearest;

/// Looks into a log.
pub(super) fn log(command: &LogCommand) -> Result<Exit, Failure> {
    match command {
        LogCommand::List { json } => print(&list_logs(*json)?)?,
        LogCommand::Info { log, json } => {
            show(&info(&open(log)?).map_err(Failure::input)?, *json)?;
        }
        LogCommand::Cat { log, json, from, to } => {
            let moment = |span: &Option<Duration>| span.map(|span| Time::ZERO + span);
            let mut out = BufWriter::new(stdout().lock());
            tell(cat(&open(log)?, moment(from), moment(to), *json, &mut out))?;
        }
        LogCommand::Export {
            log,
            format: ExportFormat::Jsonl,
            strip_truth,
            output,
        } => {
            let log = open(log)?;
            let mut out = destination(output, log.path())?;
            tell(export(&log, *strip_truth, &mut out))?;
        }
        LogCommand::Audit {
            log,
            json,
            seed,
            permutations,
        } => {
            let options = audit::Options {
                seed: *seed,
                permutations: *permutations,
                ..audit::Options::default()
            };
            let log = open(log)?;
            note_short(&log);
            let audit = audit(&log, &options).map_err(Failure::input)?;
            for damage in &audit.damage {
                say!("note: {damage}");
            }
            show(&audit, *json)?;
            if audit.conclusion == Conclusion::Failed {
                return Ok(Exit::Failed);
            }
        }
        LogCommand::Privacy(args) => print(&privacy(args)?)?,
    }
    Ok(Exit::Done)
}

/// Figures of a part of a run are not those of all of it: says so.
fn note_short(log: &Log) {
    let (reached, end) = (log.reached(), log.cast().duration);
    if reached < end {
        say!(
            "note: the log holds {:.3} s of a run of {:.3} s",
            reached.as_secs_f64(),
            end.as_secs_f64()
        );
    }
}

/// What a tracker learns of a log's vehicles.
fn privacy(args: &LogPrivacy) -> Result<String, Failure> {
    let log = open(&args.log)?;
    note_short(&log);
    let antennas = Antennas::read(&args.antennas, log.cast()).map_err(|name| {
        let known: Vec<&str> = log.cast().nodes.iter().map(|node| node.name.as_str()).collect();
        let near = nearest(&name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Failure::Input(miette::miette!("--antennas: no node is called `{name}`{near}"))
    })?;
    let settings = Settings {
        silence: args.silence.as_secs_f64(),
        ..Settings::default()
    };
    let (mut air, mut ear) = (Air::new(PROTOCOLS), Ear::new(antennas));
    for portion in log.records_from(Time::ZERO).map_err(Failure::input)? {
        match portion {
            Ok(portion) => {
                let spoken = portion.records.iter().filter_map(|record| air.observe(record));
                spoken.for_each(|(spoken, receptions)| ear.hear(&spoken, receptions));
            }
            Err(LogError::Damaged { damage, .. }) => say!("note: {damage}"),
            Err(error) => return Err(Failure::input(error)),
        }
    }
    let segments = ear.segments();
    if segments.is_empty() {
        say!("note: no message that says where its sender is was heard there");
    }
    let links = tracker::link(&segments, &settings).map_err(|_| {
        Failure::Input(miette::miette!(
            help = "shorten --silence, or listen at fewer --antennas",
            "{}: too many pseudonyms could follow each other",
            args.log
        ))
    })?;
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

/// Prints what was found, for a person or as JSON.
fn show(found: &(impl Serialize + Display), json: bool) -> Result<(), Failure> {
    let text = if json {
        serde_json::to_string_pretty(found).map_err(|error| Failure::Stuck(miette::miette!("{error}")))?
    } else {
        found.to_string()
    };
    print(&format!("{}\n", text.trim_end()))
}

/// What came of printing events: damage is told, and keeps nobody from the rest.
fn tell(printed: Result<Printed, LogError>) -> Result<(), Failure> {
    let printed = printed.map_err(|error| match error {
        LogError::Output { .. } => Failure::stuck(error),
        error => Failure::input(error),
    })?;
    for damage in &printed.damage {
        say!("note: {damage}");
    }
    Ok(())
}

/// Where an export goes; never onto the log that it is made of.
fn destination(output: &Path, log: &Path) -> Result<Box<dyn Write>, Failure> {
    if output == Path::new("-") {
        return Ok(Box::new(BufWriter::new(stdout().lock())));
    }
    may_write(output, Kind::Json, &[(log, "the log itself")])?;
    match File::create(output) {
        Ok(file) => Ok(Box::new(BufWriter::new(file))),
        Err(error) => Err(Failure::Input(miette::miette!(
            "cannot write the export {}: {error}",
            output.display()
        ))),
    }
}

fn open(name: &str) -> Result<Log, Failure> {
    let path = resolve(name, Path::new(DEFAULT_DIRECTORY)).map_err(Failure::input)?;
    Log::open(&path).map_err(Failure::input)
}
