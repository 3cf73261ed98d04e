//! A topology for a SUMO network with its traffic: every vehicle speaks ECPP, road-side units stand where most pass.

use std::fmt::Write;
use std::path::{Component, Path, PathBuf};

use roadveil_role::Time;

use super::error::Error;
use crate::world::source::Source;
use crate::world::sumo::{fcd, net, poly};
use crate::world::{Rect, World};

/// Distance that the units keep where nothing is said, metres.
const SPACING: f64 = 150.0;

/// What to make a topology of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Import {
    /// SUMO network, plain or gzip.
    pub net: PathBuf,
    /// SUMO floating car data, plain or gzip.
    pub fcd: PathBuf,
    /// SUMO polygons, plain or gzip.
    pub poly: Option<PathBuf>,
    /// How many road-side units, at most: fewer where vehicles pass fewer junctions.
    pub rsu: u32,
    /// From this second on, counted from the first sample of the recording.
    pub begin: Option<f64>,
    /// Up to this second, inclusive.
    pub end: Option<f64>,
    /// What lies outside is left out.
    pub bbox: Option<Rect>,
    /// Where the topology will be written: paths in it are relative to that folder. Without it they are absolute.
    pub output: Option<PathBuf>,
}

/// Reads the files and writes a topology that names them.
///
/// # Errors
/// If a file cannot be read, if the cut makes no sense or leaves nothing, or if no vehicle passes a junction.
pub fn import(import: &Import) -> Result<String, Error> {
    let cut = cut(import)?;
    let source = |path: &Path| Source::file(path.display().to_string(), path);
    let network = net::read(&source(&import.net))?;
    let traces = fcd::read(&source(&import.fcd), &cut)?;
    let buildings = import
        .poly
        .as_deref()
        .map(|path| poly::read(&source(path)))
        .transpose()?;
    let span = traces.end().since(Time::ZERO).max(std::time::Duration::from_secs(1));
    let mut world = World::default();
    world.junctions = network.junctions;
    world.buildings = buildings.unwrap_or_default();
    let vehicles = traces.len();
    world.set_traces(traces);
    if let Some(area) = &cut.area {
        world.cut(area);
    }
    world.count_passes();
    let room = world.busiest_junctions(SPACING).len();
    let units = (import.rsu as usize).min(room);
    if units == 0 && import.rsu > 0 {
        let problem = "no vehicle of the trace passes a junction of the network";
        return Err(Error::of(import.fcd.display().to_string(), problem).expected("a trace of that network, in metres"));
    }
    let summary = format!(
        "{vehicles} vehicles, {} buildings; road-side units at the {units} junctions that most vehicles pass.",
        world.buildings.len()
    );
    Ok(write(import, units, &summary, &super::quantity::written(span)))
}

/// The cut, checked.
fn cut(import: &Import) -> Result<fcd::Cut, Error> {
    let time = |flag: &str, seconds: Option<f64>| match seconds {
        Some(seconds) if !(0.0..=1e9).contains(&seconds) => {
            Err(Error::of(flag, format!("is {seconds}")).expected("seconds from 0 to 1e9"))
        }
        Some(seconds) => Ok(Some((seconds * 1e9) as u64)),
        None => Ok(None),
    };
    let (begin, end) = (time("--begin", import.begin)?, time("--end", import.end)?);
    if let (Some(from), Some(to)) = (begin, end)
        && to <= from
    {
        return Err(Error::of("--end", "is not later than --begin").expected("a later second of the recording"));
    }
    let area = import.bbox;
    if area.is_some_and(|area| {
        !(area.x0 < area.x1 && area.y0 < area.y1 && area.width().is_finite() && area.height().is_finite())
    }) {
        return Err(Error::of("--bbox", "is no area")
            .expected("west,south,east,north in metres, west less than east, south less than north"));
    }
    Ok(fcd::Cut { begin, end, area })
}

/// Writes the topology.
fn write(import: &Import, units: usize, summary: &str, duration: &str) -> String {
    let folder = import.output.as_deref().and_then(Path::parent);
    let path = |path: &Path| quoted(&relative(path, folder));
    let name = import
        .fcd
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut line = |words: String| _ = writeln!(text, "{words}");
    line(format!("title = {}", quoted(&format!("Imported from {name}"))));
    line(format!("summary = {}", quoted(summary)));
    line(format!("duration = \"{duration}\"\n"));
    line("[world]".to_owned());
    line(format!("net = {}", path(&import.net)));
    line(format!("trace = {}", path(&import.fcd)));
    if let Some(poly) = &import.poly {
        line(format!("buildings = {}", path(poly)));
    }
    if let Some(begin) = import.begin {
        line(format!("begin = {begin:?}"));
    }
    if let Some(end) = import.end {
        line(format!("end = {end:?}"));
    }
    if let Some(Rect { x0, y0, x1, y1 }) = import.bbox {
        line(format!("bbox = [{x0:?}, {y0:?}, {x1:?}, {y1:?}]"));
    }
    line("\n[protocols.ecpp]\n".to_owned());
    line("[[node]]\nname = \"ta\"\nroles = [\"ecpp.ta\"]\n".to_owned());
    if units > 0 {
        line(format!(
            "# At the junctions that most vehicles pass, the busiest first.\n[[node]]\nname = \"rsu-{{}}\"\nroles = [\"ecpp.rsu\"]\nat = \"busiest-junctions\"\ncount = {units}\n"
        ));
    }
    line("[[node]]\nname = \"veh-{}\"\nroles = [\"ecpp.obu\"]\nevery = \"vehicle\"".to_owned());
    text
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// `path` as seen from `folder`: relative where they share more than the root, else absolute.
fn relative(path: &Path, folder: Option<&Path>) -> String {
    let full = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let from = folder.map(|folder| {
        if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        }
    });
    let relative = from
        .and_then(|folder| std::fs::canonicalize(folder).ok())
        .and_then(|from| {
            let shared = full
                .components()
                .zip(from.components())
                .take_while(|(a, b)| a == b)
                .map(|(a, _)| a);
            let shared: Vec<Component<'_>> = shared.collect();
            if !shared.iter().any(|part| matches!(part, Component::Normal(_))) {
                return None;
            }
            let up = from.components().skip(shared.len()).map(|_| Component::ParentDir);
            Some(up.chain(full.components().skip(shared.len())).collect::<PathBuf>())
        });
    relative.unwrap_or(full).display().to_string()
}
