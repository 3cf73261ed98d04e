//! `roadveil run`

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;

use super::output::{Kind, may_write};
use super::{Exit, Failure, print, signals};
use crate::cli::{Cli, Command, Run};
use crate::journal::JournalError;
use crate::journal::select::{DEFAULT_DIRECTORY, reserve};
use crate::kernel::Options;
use crate::registry::PROTOCOLS;
use crate::report;
use crate::scenario::Scenario;
use crate::session::{self, Finished, Plan, RunError};
use crate::{telemetry, tui};

/// Without a command: live where there is a terminal, else 30 s headless.
pub(super) fn by_default() -> Result<Exit, Failure> {
    let words: &[&str] = if is_interactive() {
        &["roadveil", "run"]
    } else {
        &["roadveil", "run", "--headless", "--duration", "30s"]
    };
    match Cli::try_parse_from(words).map(|cli| cli.command) {
        Ok(Some(Command::Run(args))) => run(args),
        _ => Err(Failure::Stuck(miette::miette!(
            "the default command line does not parse"
        ))),
    }
}

fn is_interactive() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

/// Runs a topology.
pub(super) fn run(args: Run) -> Result<Exit, Failure> {
    let live = !args.headless;
    if live && !is_interactive() {
        // A wrong name is wrong with a terminal and without.
        Scenario::load(&args.topology, &args.set, None).map_err(Failure::input)?;
        return Err(Failure::Input(miette::miette!(
            help = "run it with --headless, or in a terminal",
            "a live run needs a terminal on stdin and stdout"
        )));
    }
    check_outputs(&args)?;
    telemetry::init(live.then(|| Path::new(DEFAULT_DIRECTORY)));
    let plan = plan(&args)?;
    // What was made before the run could begin, and is empty if it did not.
    let reserved = (args.log.is_none()).then(|| plan.log.clone()).flatten();
    let tidy = |_: &Failure| reserved.iter().for_each(|path| remove_if_empty(path));
    let new_report = check_report_path(&args).inspect_err(tidy)?;
    let made: Vec<PathBuf> = reserved.into_iter().chain(new_report).collect();
    let tidied = |failure: Failure| {
        made.iter().for_each(|path| remove_if_empty(path));
        failure
    };
    if live {
        let (finished, left) = run_live(plan, args.speed).map_err(tidied)?;
        let exit = conclude(&finished, &args)?;
        return Ok(if left == tui::Exit::Interrupted {
            Exit::Interrupted
        } else {
            exit
        });
    }
    let finished = run_headless(plan, args.quiet).map_err(tidied)?;
    conclude(&finished, &args)
}

/// Neither the log nor the report may fall on the topology, on each other, or on what is none of theirs.
fn check_outputs(args: &Run) -> Result<(), Failure> {
    let topology = (Path::new(&args.topology), "the topology that is to be run");
    if let Some(log) = &args.log {
        may_write(log, Kind::Log, &[topology])?;
    }
    if let Some(report) = &args.report {
        let log = args.log.as_deref().map(|log| (log, "the log of this run"));
        let others: Vec<_> = core::iter::once(topology).chain(log).collect();
        may_write(report, Kind::Json, &others)?;
    }
    Ok(())
}

/// Removes a file that nothing was written to: a log of nothing would pass for the latest.
fn remove_if_empty(path: &Path) {
    if fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0) {
        // If it cannot be removed it stays: the failure that is told is another.
        let _ = fs::remove_file(path);
    }
}

/// A report that cannot be written is found before the run, not after it. Its path, if there was no such file before.
fn check_report_path(args: &Run) -> Result<Option<PathBuf>, Failure> {
    let Some(path) = args.report.as_deref().filter(|path| *path != Path::new("-")) else {
        return Ok(None);
    };
    let new = !path.exists();
    match fs::OpenOptions::new().create(true).append(true).open(path) {
        Ok(_) => Ok(new.then(|| path.to_owned())),
        Err(error) => Err(Failure::Input(miette::miette!(
            "cannot write the report {}: {error}",
            path.display()
        ))),
    }
}

/// Loads the topology and decides where the log goes.
#[expect(clippy::disallowed_methods, reason = "how long loading takes is a host figure")]
fn plan(args: &Run) -> Result<Plan, Failure> {
    let started = Instant::now();
    let mut scenario = Scenario::load(&args.topology, &args.set, None).map_err(Failure::input)?;
    if let Some(seed) = args.seed {
        scenario.seed = seed;
    }
    if let Some(duration) = args.duration {
        if duration < Duration::from_millis(1) {
            return Err(Failure::Input(miette::miette!(
                "--duration is too short: expected at least 1ms"
            )));
        }
        scenario.duration = duration;
    }
    let mut options = Options {
        share: !args.no_share,
        ..Options::default()
    };
    if let Some(threads) = args.threads {
        options.threads = usize::from(threads);
    }
    let log = match (&args.log, args.no_log) {
        (Some(path), _) => Some(path.clone()),
        (None, true) => None,
        (None, false) => Some(new_log(&scenario)?),
    };
    Ok(Plan {
        origin: scenario.origin.to_string(),
        overrides: args.set.clone(),
        load_s: started.elapsed().as_secs_f64(),
        scenario: Arc::new(scenario),
        options,
        log,
    })
}

fn new_log(scenario: &Scenario) -> Result<PathBuf, Failure> {
    let folder = Path::new(DEFAULT_DIRECTORY);
    reserve(folder, &scenario.name, scenario.seed).map_err(|error| {
        Failure::io(
            format!("cannot make a log in {} (use --log FILE or --no-log)", folder.display()),
            &error,
        )
    })
}

fn run_headless(plan: Plan, quiet: bool) -> Result<Finished, Failure> {
    session::run(plan, quiet, &signals::interruption()).map_err(failure)
}

fn run_live(plan: Plan, speed: crate::feed::Speed) -> Result<(Finished, tui::Exit), Failure> {
    let scenario = Arc::clone(&plan.scenario);
    let (feed, handle) = session::start(plan, speed).map_err(failure)?;
    let left = tui::show(Box::new(feed), PROTOCOLS, &scenario.listeners);
    // Whatever became of the screen: the run is ended in good order, and its log closed.
    let finished = handle.finish().map_err(failure)?;
    let left = left.map_err(|error| Failure::io("the terminal failed", &error))?;
    Ok((finished, left))
}

/// A run that cannot be set up has a bad topology; one that cannot create its log was named a bad file; else it is stuck.
fn failure(error: RunError) -> Failure {
    match error {
        RunError::Setup(_) | RunError::Journal(JournalError::Create { .. }) => Failure::input(error),
        RunError::Journal(_) => Failure::stuck(error),
    }
}

/// Summary, report, exit code.
fn conclude(finished: &Finished, args: &Run) -> Result<Exit, Failure> {
    if !args.quiet {
        say!("{}", report::summary(finished).trim_end_matches('\n'));
    }
    if let Some(path) = &args.report {
        let text = format!("{:#}\n", report::report(finished));
        if path == Path::new("-") {
            print(&text)?;
        } else {
            fs::write(path, text)
                .map_err(|error| Failure::io(format!("cannot write the report {}", path.display()), &error))?;
        }
    }
    if args.headless && !finished.whole {
        return Ok(Exit::Interrupted);
    }
    let failed: Vec<&str> = finished
        .expectations
        .iter()
        .filter(|outcome| outcome.ok == Some(false))
        .map(|outcome| outcome.text.as_str())
        .collect();
    if args.quiet && !failed.is_empty() {
        say!("failed: {}", failed.join("; "));
    }
    Ok(if failed.is_empty() { Exit::Done } else { Exit::Failed })
}
