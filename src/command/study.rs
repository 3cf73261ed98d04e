//! `roadveil study`

use std::io::{IsTerminal, stderr};
use std::sync::Mutex;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Exit, Failure, print, rivals, signals};
use crate::cli;
use crate::kernel::Options;
use crate::scenario::study::MAX_RUNS;
use crate::scenario::{Scenario, Study, library};
use crate::study::{self, Run, Table};

/// Runs a study and prints its table.
#[expect(clippy::disallowed_methods, reason = "how long a study takes is a host figure")]
pub(super) fn study(args: &cli::Study) -> Result<Exit, Failure> {
    if args.list || (args.study.is_none() && args.topology.is_none()) {
        return list();
    }
    if args.study.as_deref() == Some(rivals::NAME) {
        return rivals::rivals(args);
    }
    if let Some(flag) = rivals::given(args) {
        return Err(Failure::Input(miette::miette!(
            "only `roadveil study {}` has {flag}: another study prints one table",
            rivals::NAME
        )));
    }
    let study = asked_for(args)?;
    let scenarios = load(&study)?;
    let threads = args.threads.map_or_else(|| Options::default().threads, usize::from);
    let progress = Progress::new(study.runs().unwrap_or(0), args.quiet);
    let begin = Instant::now();
    let interrupted = signals::interruption();
    let runs = study::run(&study, &scenarios, threads, &interrupted, &|ended| progress.at(ended))
        .map_err(|error| Failure::Input(miette::Report::new(error)))?;
    progress.done();
    let table = Table::of(&study, &runs);
    if args.json {
        print(&format!("{:#}\n", table.json(&study, &runs)))?;
    } else {
        print(&table.csv())?;
    }
    if !args.quiet {
        conclude(&table, &runs, begin.elapsed().as_secs_f64(), threads);
    }
    Ok(if runs.len() < study.runs().unwrap_or(0) {
        say!(
            "interrupted: {} of {} runs are in the table",
            runs.len(),
            study.runs().unwrap_or(0)
        );
        Exit::Interrupted
    } else if table.failed() > 0 {
        Exit::Failed
    } else {
        Exit::Done
    })
}

fn list() -> Result<Exit, Failure> {
    let line = |shipped: &library::Shipped| format!("{:20} {}\n", shipped.name, shipped.title);
    let rivals = format!("{:20} {}\n", rivals::NAME, rivals::TITLE);
    print(&library::studies().map(line).chain([rivals]).collect::<String>())?;
    Ok(Exit::Done)
}

/// The study with what the command line changes of it.
fn asked_for(args: &cli::Study) -> Result<Study, Failure> {
    let mut study = match (&args.study, &args.topology) {
        (Some(name), _) => Study::load(name).map_err(Failure::input)?,
        (None, Some(topology)) if topology == "-" => {
            return Err(Failure::Input(miette::miette!(
                "a study reads its topology anew for each point: expected a file or a shipped name, not `-`"
            )));
        }
        (None, Some(topology)) => Study::of(topology, (1..=20).collect()),
        (None, None) => return Err(Failure::Input(miette::miette!("expected a study or --topology"))),
    };
    if let Some(seeds) = args.seeds {
        study.seeds = (1..=u64::from(seeds)).collect();
    }
    study.duration = args.duration.or(study.duration);
    study.set.extend(args.set.iter().cloned());
    for (path, values) in &args.vary {
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        study.vary.push((path.clone(), values));
    }
    study.figures.extend(args.figures.iter().cloned());
    if study.runs().is_none_or(|runs| runs > MAX_RUNS) {
        return Err(Failure::Input(miette::miette!(
            "more than {MAX_RUNS} runs: vary less, or use fewer seeds"
        )));
    }
    Ok(study)
}

/// All points, checked before the first is run.
fn load(study: &Study) -> Result<Vec<Scenario>, Failure> {
    let points = study.points();
    points
        .iter()
        .map(|point| study.scenario(point).map_err(Failure::input))
        .collect()
}

/// What a person wants to know besides the table.
fn conclude(table: &Table, runs: &[Run], wall_s: f64, threads: usize) {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let cpu_s = used.tv_sec as f64 + used.tv_nsec as f64 / 1e9;
    say!(
        "{} runs in {wall_s:.1} s, {threads} at once; {cpu_s:.1} processor seconds: {:.2} cores busy",
        runs.len(),
        cpu_s / wall_s.max(1e-9)
    );
    if table.failed() > 0 {
        say!("{} runs failed an expectation:", table.failed());
    }
    for run in runs.iter().filter(|run| !run.failed.is_empty()).take(10) {
        say!(
            "  point {}, seed {}: {}",
            run.point + 1,
            run.seed,
            run.failed.join("; ")
        );
    }
}

/// A bar on a terminal, a line for each tenth elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
    all: usize,
    told: Mutex<usize>,
}

impl Progress {
    fn new(all: usize, quiet: bool) -> Progress {
        let bar = (!quiet && stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(all as u64);
            let template = "{bar:30} {pos} of {len} runs  elapsed {elapsed}, left {eta}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Progress {
            bar,
            all,
            told: Mutex::new(if quiet { usize::MAX } else { 0 }),
        }
    }

    fn at(&self, ended: usize) {
        if let Some(bar) = &self.bar {
            bar.set_position(ended as u64);
            return;
        }
        let tenth = ended * 10 / self.all.max(1);
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if *told < tenth {
            *told = tenth;
            say!("{ended} of {} runs", self.all);
        }
    }

    fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
