//! `roadveil study ecpp`: the paper's comparisons, from measured operations.

use std::path::Path;

use serde_json::json;

use super::{Exit, Failure, print};
use crate::cli;
use crate::kernel::Options;
use crate::report::plot;
use crate::scenario::library;
use crate::study::rivals::{Settings, Sheet, compare};

/// Its name among the studies.
pub(super) const NAME: &str = library::COMPARISON;
/// One line for a person.
pub(super) const TITLE: &str = "ECPP, GSB and HAB: the paper's comparisons redrawn from measured operations";

/// A flag that only this study has, if it was given.
pub(super) fn given(args: &cli::Study) -> Option<&'static str> {
    [("--output", args.output.is_some()), ("--quick", args.quick)]
        .into_iter()
        .find_map(|(flag, given)| given.then_some(flag))
}

/// A flag that this study does not have, if it was given.
fn foreign(args: &cli::Study) -> Option<&'static str> {
    [
        ("--seeds", args.seeds.is_some()),
        ("--duration", args.duration.is_some()),
        ("--set", !args.set.is_empty()),
        ("--vary", !args.vary.is_empty()),
        ("--figure", !args.figures.is_empty()),
    ]
    .into_iter()
    .find_map(|(flag, given)| given.then_some(flag))
}

/// Measures, prints the tables, and puts them and the pictures into a folder if one was named.
pub(super) fn rivals(args: &cli::Study) -> Result<Exit, Failure> {
    if let Some(flag) = foreign(args) {
        return Err(Failure::Input(miette::miette!(
            "`study {NAME}` has no {flag}: it measures operations, not a topology; expected --output, --quick, --threads, \
             --json or --quiet"
        )));
    }
    if let Some(folder) = &args.output {
        // Before anything is measured: a folder that cannot be made is found at once.
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io(format_args!("cannot make {}", folder.display()), &error))?;
    }
    let settings = Settings {
        threads: args.threads.map_or_else(|| Options::default().threads, usize::from),
        quick: args.quick,
    };
    let tell = |what: &str| {
        if !args.quiet {
            say!("measuring {what}");
        }
    };
    let sheets = compare(settings, &tell).map_err(|error| Failure::stuck_by(&error))?;
    let json = format!("{:#}\n", json(&sheets));
    if let Some(folder) = &args.output {
        write(folder, &sheets, &json)?;
    }
    print(&if args.json { json } else { markdown(&sheets) })?;
    Ok(Exit::Done)
}

fn markdown(sheets: &[Sheet]) -> String {
    sheets.iter().map(Sheet::markdown).collect::<Vec<_>>().join("\n")
}

fn json(sheets: &[Sheet]) -> serde_json::Value {
    let sheets: Vec<serde_json::Value> = sheets.iter().map(Sheet::json).collect();
    json!({ "schema": "roadveil.study.ecpp/1", "tables": sheets })
}

/// The tables as `tables.md` and `tables.json`, and each picture.
fn write(folder: &Path, sheets: &[Sheet], json: &str) -> Result<(), Failure> {
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text)
            .map_err(|error| Failure::io(format_args!("cannot write {}", path.display()), &error))
    };
    put("tables.md", &markdown(sheets))?;
    put("tables.json", json)?;
    for (name, picture) in sheets.iter().flat_map(|sheet| &sheet.plots) {
        let svg = plot::svg(picture).map_err(|error| Failure::stuck_by(&error))?;
        put(&format!("{name}.svg"), &svg)?;
    }
    Ok(())
}
