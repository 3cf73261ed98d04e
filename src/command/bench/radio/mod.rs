//! `roadveil bench radio`: delivery ratios of broadcasts, in the form in which ns-3 gives them.
//!
//! The layouts, the counting and the output are those of `benches/peers/ns3/radio.cc`, so that the two can be laid side by
//! side. Only phases and places are drawn from other generators: what must agree are ratios, not frames.

mod count;
mod layout;
mod print;
mod setting;

use std::fs;
use std::path::Path;

pub(super) use layout::Layout;
pub use setting::Setting;

use super::{Exit, Failure, print};
use crate::cli::{BenchRadio, RadioMode};
use crate::command::output::{Kind, may_write};

/// Pairs of one bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Distance in the bin's middle, metres; for a clique how many nodes there are.
    pub at: f64,
    /// Sender-receiver pairs to which a frame was sent.
    pub sent: u64,
    /// Those in which it was received.
    pub received: u64,
}

impl Point {
    /// Received by sent.
    pub fn ratio(&self) -> f64 {
        self.received as f64 / self.sent as f64
    }
}

/// Runs the layout and prints its points.
pub(super) fn bench(args: &BenchRadio) -> Result<Exit, Failure> {
    let settings = Setting::read(args)?;
    if let Some(path) = &args.svg {
        let read = args.with.as_deref().map(|other| (other, "the file of --with"));
        may_write(path, Kind::Picture, read.as_slice())?;
    }
    // Read before the run, so that a missing file costs no waiting.
    let others = args.with.as_deref().map(|path| read(path, args.mode)).transpose()?;
    let threads = args
        .threads
        .map_or_else(|| crate::kernel::Options::default().threads, usize::from);
    let mut points = Vec::new();
    for setting in &settings {
        points.extend(count::points(setting, u64::from(args.seeds), threads)?);
    }
    if let (Some(path), Some(setting)) = (&args.svg, settings.first()) {
        let name = args.with.as_deref().map(label);
        let others = name.as_deref().zip(others.as_deref());
        let picture =
            print::picture(setting, &points, others).map_err(|error| Failure::Stuck(miette::miette!("{error}")))?;
        fs::write(path, picture).map_err(|error| Failure::io(format!("cannot write {}", path.display()), &error))?;
    }
    if args.json {
        print(&format!("{:#}\n", print::json(&settings[0], args.seeds, &points)))?;
    } else {
        print(&print::csv(args.mode, &points))?;
    }
    Ok(Exit::Done)
}

/// A file in a legend: its name, and the folder in which it lies.
fn label(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name).map(Path::new);
    let name = path.with_extension("");
    let name = name.file_name().map(Path::new).unwrap_or(path);
    folder.unwrap_or(Path::new("")).join(name).display().to_string()
}

fn read(path: &Path, mode: RadioMode) -> Result<Vec<Point>, Failure> {
    let refused = |why: String| Failure::Input(miette::miette!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    print::read_csv(mode, &text).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_names_a_file_by_its_folder_and_name() {
        assert_eq!(label(Path::new("tests/data/ns3/clique-300B.csv")), "ns3/clique-300B");
        assert_eq!(label(Path::new("curve-exp2.2.csv")), "curve-exp2.2");
    }
}
