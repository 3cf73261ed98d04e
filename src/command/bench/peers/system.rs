//! The simulators that are compared: this one, in this process, and others, as programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use roadveil_role::Time;

use super::clock::{children_cpu, own_cpu};
use crate::cli::RadioMode;
use crate::command::bench::radio::{Layout, Setting};
use crate::event::Event;
use crate::kernel::{Kernel, Options, PORTION};
use crate::radio::Fading;

/// Metres from node to node on the highway: about ten receivers a frame, whatever the number of nodes.
const SPACING: f64 = 25.0;

/// What every node does 10 times a second, with 300 bytes, and who can hear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Workload {
    /// A node each 25 m along a line, 802.11p without fading.
    Highway,
    /// All within a box of 70 m, 802.11p without fading.
    Clique,
    /// Everyone hears everyone at once: no radio.
    Ideal,
}

impl Workload {
    /// All.
    pub(super) const ALL: [Workload; 3] = [Workload::Highway, Workload::Clique, Workload::Ideal];

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Workload::Highway => "highway",
            Workload::Clique => "clique",
            Workload::Ideal => "ideal",
        }
    }

    /// What it is, for a person.
    pub(super) fn title(self) -> &'static str {
        match self {
            Workload::Highway => "highway: a node each 25 m, 802.11p",
            Workload::Clique => "clique: all in a box of 70 m, 802.11p",
            Workload::Ideal => "ideal: everyone hears everyone, no radio",
        }
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// Processor seconds, user's and system's.
    pub(super) cpu_s: f64,
    /// Frames that a node received.
    pub(super) deliveries: u64,
    /// The same with those that were lost for a reason, where that is known.
    pub(super) receptions: Option<u64>,
}

/// A simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum System {
    /// This one.
    Own,
    /// A program.
    Program {
        /// The simulator's name.
        name: &'static str,
        /// The program.
        path: PathBuf,
        /// Does it have a radio? Then it is told what to run.
        radio: bool,
    },
}

/// A simulator that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Absent {
    /// Its name.
    pub(super) name: &'static str,
    /// The program that was looked for.
    pub(super) path: PathBuf,
}

/// Name, program, and whether it has a radio.
const OTHERS: [(&str, &str, bool); 3] = [
    ("ns-3", "ns3-radio", true),
    ("nexosim", "nexosim-beacons", false),
    ("turmoil", "turmoil-beacons", false),
];

/// This simulator and those that were built in the folder; and those that were not.
pub(super) fn systems(folder: &Path) -> (Vec<System>, Vec<Absent>) {
    let mut found = vec![System::Own];
    let mut absent = Vec::new();
    for (name, program, radio) in OTHERS {
        let path = folder.join("bin").join(program);
        if path.is_file() {
            // A path without a folder in front would be looked for elsewhere.
            let path = path.canonicalize().unwrap_or(path);
            found.push(System::Program { name, path, radio });
        } else {
            absent.push(Absent { name, path });
        }
    }
    (found, absent)
}

impl System {
    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            System::Own => "roadveil",
            System::Program { name, .. } => name,
        }
    }

    /// Can it run that?
    pub(super) fn runs(&self, workload: Workload) -> bool {
        match self {
            System::Own => workload != Workload::Ideal,
            System::Program { radio, .. } => *radio || workload == Workload::Ideal,
        }
    }

    /// Runs it on one thread for so many virtual seconds. Its processor time is all of it, from loading to the end.
    ///
    /// # Errors
    /// Why it could not.
    pub(super) fn run(&self, workload: Workload, nodes: u32, seconds: f64) -> Result<Sample, String> {
        match self {
            System::Own => own(workload, nodes, seconds),
            System::Program { path, radio, .. } => {
                let mut words = Vec::new();
                if *radio {
                    words.extend([workload.name(), "--count"].map(str::to_owned));
                }
                let mut flag =
                    |name: &str, value: &dyn core::fmt::Display| words.extend([name.to_owned(), value.to_string()]);
                flag("--nodes", &nodes);
                flag("--seconds", &seconds);
                if *radio && workload == Workload::Highway {
                    flag("--spacing", &SPACING);
                    flag("--fading", &"none");
                }
                program(path, &words)
            }
        }
    }
}

fn own(workload: Workload, nodes: u32, seconds: f64) -> Result<Sample, String> {
    let begin = own_cpu();
    let mut run = Run::new(workload, nodes, seconds)?;
    let (deliveries, receptions) = run.finish();
    Ok(Sample {
        cpu_s: own_cpu() - begin,
        deliveries,
        receptions: Some(receptions),
    })
}

/// A run of this simulator, loaded.
pub(super) struct Run(Kernel);

impl Run {
    /// Loads it.
    pub(super) fn new(workload: Workload, nodes: u32, seconds: f64) -> Result<Run, String> {
        let mode = if workload == Workload::Highway {
            RadioMode::Highway
        } else {
            RadioMode::Clique
        };
        let setting = Setting {
            fading: Fading::None,
            nodes: u64::from(nodes),
            seconds,
            spacing: SPACING,
            tail: std::time::Duration::ZERO,
            ..Setting::new(mode)
        };
        let scenario = Layout::new(&setting, setting.seed)
            .scenario(&setting, setting.seed)
            .map_err(|error| error.to_string())?;
        let options = Options {
            threads: 1,
            share: true,
        };
        Kernel::new(scenario, options)
            .map(Run)
            .map_err(|error| error.to_string())
    }

    /// Runs it to its end: deliveries, and receptions in all.
    pub(super) fn finish(&mut self) -> (u64, u64) {
        let (mut deliveries, mut receptions) = (0, 0);
        loop {
            let going = self.0.advance(Time::MAX, PORTION);
            for record in self.0.take_records() {
                if let Event::Heard { receptions: heard, .. } = &record.event {
                    receptions += heard.len() as u64;
                    deliveries += heard.iter().filter(|reception| reception.lost.is_none()).count() as u64;
                }
            }
            if !going {
                return (deliveries, receptions);
            }
        }
    }
}

/// Runs a program that prints `deliveries=N`.
fn program(path: &Path, words: &[String]) -> Result<Sample, String> {
    let begin = children_cpu();
    let output = Command::new(path)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", path.display()))?;
    let cpu_s = children_cpu() - begin;
    let said = String::from_utf8_lossy(&output.stdout);
    let deliveries = said
        .split_whitespace()
        .find_map(|word| word.strip_prefix("deliveries=")?.parse().ok());
    match deliveries {
        Some(deliveries) if output.status.success() => Ok(Sample {
            cpu_s,
            deliveries,
            receptions: None,
        }),
        _ => Err(format!(
            "{} {} ({}) did not say its deliveries: {}{}",
            path.display(),
            words.join(" "),
            output.status,
            said.trim(),
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_highways_density_does_not_depend_on_its_length() {
        let run = |nodes| Run::new(Workload::Highway, nodes, 0.5).expect("loads").finish();
        let (short, long) = (run(100), run(400));
        let each = |(deliveries, _): (u64, u64), nodes: u64| deliveries as f64 / (nodes * 5) as f64;
        // Ten receivers, and fewer at both ends.
        assert!((9.0..10.0).contains(&each(short, 100)), "{short:?}");
        assert!((9.5..10.0).contains(&each(long, 400)), "{long:?}");
        assert!(long.0 <= long.1);
    }

    #[test]
    fn what_is_not_built_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        let (found, absent) = systems(folder.path());
        assert_eq!(found, [System::Own]);
        assert_eq!(absent.len(), OTHERS.len());
        std::fs::create_dir(folder.path().join("bin")).expect("folder");
        std::fs::write(folder.path().join("bin/nexosim-beacons"), "").expect("file");
        let (found, absent) = systems(folder.path());
        assert_eq!(found[1].name(), "nexosim");
        assert!(found[1].runs(Workload::Ideal) && !found[1].runs(Workload::Highway));
        assert_eq!(absent.len(), OTHERS.len() - 1);
    }

    #[test]
    fn a_program_that_fails_or_says_nothing_is_refused_with_what_it_said() {
        let sh = |text: &str| program(Path::new("/bin/sh"), &["-c".to_owned(), text.to_owned()]);
        let sample = sh("echo sent=10 deliveries=90").expect("good");
        assert_eq!((sample.deliveries, sample.receptions), (90, None));
        assert!(sh("echo deliveries=90; exit 1").is_err());
        assert!(
            sh("echo something else")
                .expect_err("no count")
                .contains("something else")
        );
        assert!(sh("echo broken >&2; exit 2").expect_err("failed").contains("broken"));
        assert!(program(Path::new("/no/such/program"), &[]).is_err());
    }
}
