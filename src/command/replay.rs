//! `roadveil replay`

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use roadveil_role::Time;

use super::{Exit, Failure, print};
use crate::cli::Replay;
use crate::feed::{Control, Feed};
use crate::journal::select::{DEFAULT_DIRECTORY, resolve};
use crate::journal::{Log, LogError, Player};
use crate::metrics::Summary;
use crate::registry::PROTOCOLS;
use crate::scenario::{Listener, listeners_of_log};
use crate::{report, telemetry, tui};

/// Shows a log.
pub(super) fn replay(args: &Replay) -> Result<Exit, Failure> {
    let path = resolve(&args.log, Path::new(DEFAULT_DIRECTORY)).map_err(Failure::input)?;
    let log = Log::open(&path).map_err(Failure::input)?;
    let from = args.from.map_or(Time::ZERO, |from| Time::ZERO + from);
    let interactive = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if args.headless || !interactive {
        telemetry::init(None);
        return headless(&log, from);
    }
    telemetry::init(Some(Path::new(DEFAULT_DIRECTORY)));
    let listeners = listeners(&log);
    let mut player = Player::new(log).map_err(Failure::input)?;
    player.control(Control::Speed(args.speed));
    if from > Time::ZERO {
        player.control(Control::Seek(from));
    }
    match tui::show(Box::new(player), PROTOCOLS, &listeners) {
        Ok(tui::Exit::Quit) => Ok(Exit::Done),
        Ok(tui::Exit::Interrupted) => Ok(Exit::Interrupted),
        Err(error) => Err(Failure::io("the terminal failed", &error)),
    }
}

/// The listeners of the log's topology.
fn listeners(log: &Log) -> Vec<Listener> {
    let manifest = log.manifest();
    let names = log.cast().nodes.iter().map(|node| node.name.as_str());
    listeners_of_log(&manifest.text, &manifest.overrides, names).unwrap_or_else(|error| {
        say!("note: the log's listeners cannot be told: {error}");
        Vec::new()
    })
}

/// Folds the whole log, and prints what it comes to.
fn headless(log: &Log, from: Time) -> Result<Exit, Failure> {
    let mut summary = Summary::new(Arc::clone(log.cast()), PROTOCOLS).listened_to(&listeners(log), PROTOCOLS);
    for portion in log.records_from(from).map_err(Failure::input)? {
        match portion {
            Ok(portion) => portion.records.iter().for_each(|record| summary.observe(record)),
            Err(LogError::Damaged { damage, .. }) => say!("note: {damage}"),
            Err(error) => return Err(Failure::input(error)),
        }
    }
    if from > Time::ZERO {
        say!("note: figures of the events from {from} s on; what came before is not counted");
    }
    // A run goes on after its last event; a log without an end tells no more than that.
    let reached = log.end().map_or(summary.now, |end| end.reached);
    print(&report::figures(log.cast(), &summary, reached))?;
    Ok(Exit::Done)
}
