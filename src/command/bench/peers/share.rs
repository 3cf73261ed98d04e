//! Where the time of a run goes: each part measured by itself, over the very same events.
//!
//! The city runs on one thread, its roles wrapped so that their callbacks are timed; in them and outside, the operations
//! of `roadveil-crypto` time themselves. What is left of the kernel's time is the radio's: queue, processors, air. Then
//! the records of that run are folded, recorded and shown, each in its turn.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use roadveil_crypto::tally;
use roadveil_role::service::Signer;
use roadveil_role::{Address, Cx, Deployment, Inbound, Protocol, Role, Setup, SetupError, Time, Timer};

use super::clock::{median, own_cpu, wall};
use crate::event::{Cast, Record};
use crate::feed::{Speed, Status};
use crate::journal::{self, Outcome, Recorder, Writer};
use crate::kernel::{Kernel, Options, PORTION};
use crate::metrics::Summary;
use crate::metrics::scene::Scene;
use crate::registry::{self, PROTOCOLS};
use crate::scenario::{Origin, Scenario, library};
use crate::session::{self, Plan};
use crate::tui::{Cache, Folds, Pane, Screen, Theme, Ui};

/// The topology that is run, and the protocol that it speaks.
const TOPOLOGY: &str = "city";
const PROTOCOL: &str = "ecpp";

/// Frames of the screen in a virtual second, at the pace of a live run.
const FRAMES: u64 = 30;
/// Columns and rows of the screen.
const SIZE: (u16, u16) = (160, 48);
/// Processor seconds of the parts of a run, for each virtual second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Parts {
    /// Queue, processors, air.
    pub(super) radio: f64,
    /// The roles, without their cryptography.
    pub(super) protocol: f64,
    /// Operations and checks of `roadveil-crypto`.
    pub(super) cryptography: f64,
    /// The fold that a report is made of.
    pub(super) figures: f64,
    /// Encoding, hashing, compressing and writing.
    pub(super) log: f64,
    /// The fold that a screen is drawn from, and drawing it.
    pub(super) screen: f64,
    /// A whole headless run with a log, measured by itself: what the parts but the screen must add up to.
    pub(super) whole: f64,
}

impl Parts {
    /// The parts with their names.
    pub(super) fn named(&self) -> [(&'static str, f64); 6] {
        [
            ("radio", self.radio),
            ("protocol", self.protocol),
            ("cryptography", self.cryptography),
            ("figures", self.figures),
            ("log", self.log),
            ("screen", self.screen),
        ]
    }

    /// All parts together.
    pub(super) fn sum(&self) -> f64 {
        self.named().iter().map(|(_, part)| part).sum()
    }
}

/// The middle of several runs, part by part.
pub(super) fn middle(runs: &[Parts]) -> Parts {
    let part = |read: fn(&Parts) -> f64| median(runs.iter().map(read));
    Parts {
        radio: part(|parts| parts.radio),
        protocol: part(|parts| parts.protocol),
        cryptography: part(|parts| parts.cryptography),
        figures: part(|parts| parts.figures),
        log: part(|parts| parts.log),
        screen: part(|parts| parts.screen),
        whole: part(|parts| parts.whole),
    }
}

/// Runs so many virtual seconds, once.
///
/// # Errors
/// If it cannot be run, recorded or drawn.
pub(super) fn measure(seconds: u64) -> Result<Parts, String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    let options = Options {
        threads: 1,
        share: true,
    };
    let shipped = library::find(TOPOLOGY).map_err(|error| said(&error))?;
    let load = |registry: &[&'static Protocol]| {
        let origin = Origin::Builtin(shipped.name);
        let mut scenario = Scenario::parse_with(registry, shipped.text, origin, ".".as_ref(), &[])
            .map_err(|error| error.to_string())?;
        scenario.duration = Duration::from_secs(seconds);
        Ok::<_, String>(Arc::new(scenario))
    };
    let plan = |log: Option<PathBuf>| {
        Ok::<_, String>(Plan {
            scenario: load(PROTOCOLS)?,
            origin: format!("builtin:{TOPOLOGY}"),
            overrides: Vec::new(),
            options,
            log,
            load_s: 0.0,
        })
    };
    let mut parts = Parts::default();
    let timed = TIMED.as_ref().ok_or_else(|| format!("no protocol {PROTOCOL}"))?;
    let run = kernel(load(&[timed])?, options, &mut parts)?;

    let plan_logged = plan(None)?;
    let cast = session::cast(&plan_logged.scenario);
    let begin = own_cpu();
    let mut summary = Summary::new(Arc::clone(&cast), PROTOCOLS);
    run.iter().flatten().for_each(|record| summary.observe(record));
    parts.figures = own_cpu() - begin;

    let file = Temporary::new("mcap");
    let begin = own_cpu();
    let writer = Writer::create(
        &file.0,
        &session::manifest(&plan_logged),
        &cast,
        journal::Options::default(),
    );
    let mut recorder = Recorder::writing(writer.map_err(|error| said(&error))?, &cast);
    for portion in &run {
        recorder.record(portion).map_err(|error| said(&error))?;
    }
    let reached = Time::from_secs(seconds);
    recorder
        .finish(reached, Outcome::Finished)
        .map_err(|error| said(&error))?;
    parts.log = own_cpu() - begin;

    let begin = own_cpu();
    show(&run, &cast, reached).map_err(|error| said(&error))?;
    parts.screen = own_cpu() - begin;

    let finished = session::run(plan(Some(file.0.clone()))?, true, &AtomicBool::new(false));
    parts.whole = finished.map_err(|error| said(&error))?.cpu_s;

    let seconds = seconds as f64;
    for part in [
        &mut parts.radio,
        &mut parts.protocol,
        &mut parts.cryptography,
        &mut parts.figures,
        &mut parts.log,
        &mut parts.screen,
        &mut parts.whole,
    ] {
        *part /= seconds;
    }
    Ok(parts)
}

/// Runs the kernel alone: its records, and how its time is shared. Processor time is what the clock of this process says;
/// how it divides is taken from the wall clock, which costs a callback less to read.
fn kernel(scenario: Arc<Scenario>, options: Options, parts: &mut Parts) -> Result<Vec<Vec<Record>>, String> {
    let mut kernel = Kernel::new(scenario, options).map_err(|error| error.to_string())?;
    let mut run = Vec::new();
    WITHIN.set(Within::default());
    tally::watch(true);
    let (begin, begin_cpu) = (wall(), own_cpu());
    loop {
        let going = kernel.advance(Time::MAX, PORTION);
        run.push(kernel.take_records());
        if !going {
            break;
        }
    }
    let (passed, cpu) = (begin.elapsed().as_secs_f64(), own_cpu() - begin_cpu);
    let cryptography = tally::watched().as_secs_f64();
    tally::watch(false);
    let within = WITHIN.get();
    let protocol = (within.roles.as_secs_f64() - within.cryptography.as_secs_f64()).max(0.0);
    parts.protocol = cpu * protocol / passed;
    parts.cryptography = cpu * cryptography / passed;
    parts.radio = cpu - parts.protocol - parts.cryptography;
    Ok(run)
}

/// Folds and draws a run as its screen would, into nothing.
fn show(run: &[Vec<Record>], cast: &Arc<Cast>, end: Time) -> io::Result<()> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1));
    let mut terminal = Terminal::with_options(CrosstermBackend::new(io::sink()), TerminalOptions { viewport })?;
    let mut scene = Scene::new(Arc::clone(cast));
    let mut folds = Folds::new(PROTOCOLS, &[], cast);
    let mut ui = Ui::new(PROTOCOLS, Theme::new(true));
    ui.resize(SIZE.0, SIZE.1);
    let mut cache = Cache::default();
    let mut frames = 0;
    for record in run.iter().flatten() {
        while record.at.0 * FRAMES > frames * 1_000_000_000 {
            frames += 1;
            ui.refresh(&scene);
            let status = Status {
                now: scene.now(),
                end,
                paused: false,
                finished: false,
                speed: Speed::Times(1.0),
                rate: 1.0,
                replay: false,
                note: None,
            };
            let views = if ui.shows(Pane::Views) {
                folds.views()
            } else {
                Vec::new()
            };
            let screen = Screen {
                scene: &scene,
                ui: &ui,
                status: &status,
                views: &views,
            };
            terminal.draw(|frame| frame.render_stateful_widget(&screen, frame.area(), &mut cache))?;
        }
        scene.observe(record);
        folds.observe(record, cast);
    }
    terminal.backend_mut().flush()
}

/// A file that is removed again.
pub(super) struct Temporary(pub(super) PathBuf);

impl Temporary {
    /// In the folder for temporary files, with this ending. No two of them are alike, not even in one process.
    pub(super) fn new(ending: &str) -> Temporary {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("roadveil-bench-{}-{number}.{ending}", std::process::id());
        Temporary(std::env::temp_dir().join(name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed from a folder for temporary files is left to whoever clears that.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Time within callbacks of this thread's roles.
#[derive(Clone, Copy, Default)]
struct Within {
    roles: Duration,
    cryptography: Duration,
}

thread_local! {
    static WITHIN: Cell<Within> = const { Cell::new(Within { roles: Duration::ZERO, cryptography: Duration::ZERO }) };
}

/// The protocol, with roles whose callbacks are timed.
static TIMED: LazyLock<Option<Protocol>> = LazyLock::new(|| {
    registry::protocol(PROTOCOL).map(|protocol| Protocol {
        setup: |setup: &Setup| match registry::protocol(PROTOCOL) {
            Some(protocol) => Ok(Box::new(TimedDeployment((protocol.setup)(setup)?))),
            None => Err(SetupError(format!("no protocol {PROTOCOL}"))),
        },
        ..*protocol
    })
});

struct TimedDeployment(Box<dyn Deployment>);

impl Deployment for TimedDeployment {
    fn role(&mut self, node: &str, role: &str) -> Result<Box<dyn Role>, SetupError> {
        Ok(Box::new(TimedRole(self.0.role(node, role)?)))
    }
}

struct TimedRole(Box<dyn Role>);

/// Does the work of a callback, and adds what it took.
fn timed(work: impl FnOnce()) {
    let (begin, cryptography) = (wall(), tally::watched());
    work();
    let mut within = WITHIN.get();
    within.roles += begin.elapsed();
    within.cryptography += tally::watched().saturating_sub(cryptography);
    WITHIN.set(within);
}

impl Role for TimedRole {
    fn start(&mut self, cx: &mut Cx<'_>) {
        timed(|| self.0.start(cx));
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, frame: &Inbound) {
        timed(|| self.0.receive(cx, from, frame));
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        timed(|| self.0.wake(cx, timer, due));
    }

    fn told(&mut self, cx: &mut Cx<'_>, by: &str, message: &[u8]) {
        timed(|| self.0.told(cx, by, message));
    }

    fn signer(&mut self) -> Option<&mut dyn Signer> {
        self.0.signer()
    }

    fn boxed_clone(&self) -> Box<dyn Role> {
        Box::new(TimedRole(self.0.boxed_clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_takes_time_and_the_wrapping_changes_no_event() {
        let options = Options {
            threads: 1,
            share: true,
        };
        let load = |registry: &[&'static Protocol]| {
            let shipped = library::find(TOPOLOGY).expect("ships");
            let origin = Origin::Builtin(shipped.name);
            let mut scenario = Scenario::parse_with(registry, shipped.text, origin, ".".as_ref(), &[]).expect("good");
            scenario.duration = Duration::from_secs(3);
            Arc::new(scenario)
        };
        let mut parts = Parts::default();
        let timed = kernel(load(&[TIMED.as_ref().expect("it is registered")]), options, &mut parts).expect("runs");
        let plain = kernel(load(PROTOCOLS), options, &mut Parts::default()).expect("runs");
        assert_eq!(timed.concat(), plain.concat());
        for (name, part) in parts.named().into_iter().take(3) {
            assert!(part > 0.0, "{name} takes {part}");
        }
    }

    #[test]
    fn a_run_is_measured_whole_and_leaves_nothing_behind() {
        let parts = measure(1).expect("measured");
        assert!(parts.whole > 0.0 && parts.sum() > parts.screen);
        assert!(parts.named().iter().all(|(_, part)| part.is_finite() && *part >= 0.0));
        assert!(!Temporary::new("mcap").0.exists());
    }

    #[test]
    fn the_middle_is_taken_part_by_part() {
        let run = |radio, log| Parts {
            radio,
            log,
            ..Parts::default()
        };
        let middle = middle(&[run(1.0, 9.0), run(2.0, 7.0), run(30.0, 8.0)]);
        assert_eq!((middle.radio, middle.log), (2.0, 8.0));
    }
}
