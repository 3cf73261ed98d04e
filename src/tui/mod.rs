//! The screen: shows a run under way and a log alike, because it is a fold over the same stream.
//!
//! The loop takes what the feed has, folds it, and draws at most so many frames a second, and only when something has
//! changed: a paused screen writes not one byte. State lives in three places that do not know each other:
//! [`Scene`] (the run), [`Ui`] (what the person chose), [`Cache`] (what makes frames cheap).
//!
//! | module | what it holds |
//! |---|---|
//! | [`ui`], [`commands`] | selection, focus, camera; every key, for dispatch, footer and help alike |
//! | [`screen`], [`layout`], [`chrome`], [`help`] | the frame and what stands around the panes |
//! | [`map`], [`panes`] | what is in them |
//! | [`picture`] | a frame as SVG |

pub mod chrome;
pub mod commands;
pub mod filter;
mod folds;
mod guard;
pub mod help;
pub mod layout;
pub mod map;
pub mod names;
pub mod panes;
pub mod picture;
pub mod screen;
mod signals;
pub mod text;
pub mod theme;
pub mod ui;

use std::io::{self, BufWriter, Stdout, Write};
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyEvent};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{execute, queue};
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::time::{Instant, MissedTickBehavior};

use crate::feed::{Control, Feed, Portion, Status};
use crate::metrics::scene::Scene;
use crate::scenario::Listener;

pub use folds::Folds;
pub use names::Protocols;
pub use screen::{Cache, Screen};
pub use theme::Theme;
pub use ui::{Action, Pane, Ui};

/// Time between two frames on a terminal of this machine.
const FRAME: Duration = Duration::from_millis(33);

/// The same over ssh, where bytes are dear.
const FRAME_REMOTE: Duration = Duration::from_millis(80);

/// A key is answered at once, but not more often than this.
const SHORTEST: Duration = Duration::from_millis(10);

/// How the screen is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The protocols that it can name, decode and show views of.
    pub protocols: Protocols,
    /// Who listens, and is to be shown what he knows.
    pub listeners: Vec<Listener>,
    /// How inks look.
    pub theme: Theme,
    /// Time between two frames.
    pub frame: Duration,
}

impl Options {
    /// As the environment asks: `NO_COLOR`, and whether the terminal is on another machine.
    pub fn from_env(protocols: Protocols) -> Options {
        let remote = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some());
        Options {
            protocols,
            listeners: Vec::new(),
            theme: Theme::from_env(),
            frame: if remote { FRAME_REMOTE } else { FRAME },
        }
    }
}

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The person has seen enough.
    Quit,
    /// Ctrl-C, or a signal.
    Interrupted,
}

/// Shows a feed until the person leaves. The terminal is as it was before when this returns, whatever it returns; the feed
/// has been told to stop.
///
/// # Errors
/// If the terminal cannot be used, or if another thread of the program panicked meanwhile.
pub async fn run(feed: Box<dyn Feed>, options: Options) -> io::Result<Exit> {
    let mut app = App::new(feed, options);
    let guard = guard::Guard::enter()?;
    let exit = app.events(&guard).await;
    app.feed.control(Control::Stop);
    exit
}

/// The same for callers without a runtime: on one of its own, on this thread, as the environment asks.
///
/// # Errors
/// As [`run`], and if the runtime cannot be made.
pub fn show(feed: Box<dyn Feed>, protocols: Protocols, listeners: &[Listener]) -> io::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let options = Options {
        listeners: listeners.to_vec(),
        ..Options::from_env(protocols)
    };
    runtime.block_on(run(feed, options))
}

type Screenful = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

struct App {
    feed: Box<dyn Feed>,
    options: Options,
    scene: Scene,
    folds: Folds,
    ui: Ui,
    cache: Cache,
    status: Status,
    dirty: bool,
}

impl App {
    fn new(feed: Box<dyn Feed>, options: Options) -> App {
        let cast = feed.cast().clone();
        App {
            scene: Scene::new(cast.clone()),
            folds: Folds::new(options.protocols, &options.listeners, &cast),
            ui: Ui::new(options.protocols, options.theme),
            cache: Cache::default(),
            status: steady(feed.status()),
            dirty: true,
            feed,
            options,
        }
    }

    async fn events(&mut self, guard: &guard::Guard) -> io::Result<Exit> {
        let mut terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout())))?;
        let size = terminal.size()?;
        self.ui.resize(size.width, size.height);
        let mut signals = signals::Signals::new()?;
        let mut keys = EventStream::new();
        let mut tick = tokio::time::interval(self.options.frame);
        // A terminal that is slow to take a frame gets fewer, not a burst of late ones.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut drawn = Instant::now();
        loop {
            let key = tokio::select! {
                biased;
                () = signals.next() => return Ok(Exit::Interrupted),
                event = keys.next() => match event {
                    Some(Ok(event)) => match self.take(&event) {
                        Action::Quit => return Ok(Exit::Quit),
                        Action::Interrupt => return Ok(Exit::Interrupted),
                        _ => true,
                    },
                    Some(Err(error)) => return Err(error),
                    // The terminal is gone.
                    None => return Ok(Exit::Interrupted),
                },
                _ = tick.tick() => false,
            };
            if guard.panicked() {
                return Err(io::Error::other("a part of the program has failed; see above"));
            }
            self.drain();
            if self.dirty && (!key || drawn.elapsed() >= SHORTEST) {
                self.draw(&mut terminal)?;
                drawn = Instant::now();
            }
        }
    }

    /// Takes an event of the terminal.
    fn take(&mut self, event: &Event) -> Action {
        match event {
            Event::Key(key) => self.key(key),
            Event::Resize(width, height) => {
                self.ui.resize(*width, *height);
                self.dirty = true;
                Action::Redraw
            }
            _ => Action::None,
        }
    }

    fn key(&mut self, key: &KeyEvent) -> Action {
        let action = self.ui.key(key, &self.scene, &self.status);
        match &action {
            Action::None => {}
            Action::Control(control) => {
                self.feed.control(control.clone());
                self.dirty = true;
            }
            _ => self.dirty = true,
        }
        action
    }

    /// Folds what has come.
    fn drain(&mut self) {
        for portion in self.feed.poll() {
            match portion {
                Portion::Restart => {
                    let cast = self.feed.cast().clone();
                    self.scene = Scene::new(cast.clone());
                    self.folds = Folds::new(self.options.protocols, &self.options.listeners, &cast);
                }
                Portion::Records(records) => {
                    for record in records.iter() {
                        self.scene.observe(record);
                        self.folds.observe(record, self.scene.cast());
                    }
                }
            }
            self.dirty = true;
        }
        let status = steady(self.feed.status());
        if status != self.status {
            self.status = status;
            self.dirty = true;
        }
    }

    fn draw(&mut self, terminal: &mut Screenful) -> io::Result<()> {
        self.dirty = false;
        self.ui.refresh(&self.scene);
        let views = if self.ui.shows(Pane::Views) {
            self.folds.views()
        } else {
            Vec::new()
        };
        let screen = Screen {
            scene: &self.scene,
            ui: &self.ui,
            status: &self.status,
            views: &views,
        };
        queue!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
        terminal.draw(|frame| frame.render_stateful_widget(&screen, frame.area(), &mut self.cache))?;
        execute!(terminal.backend_mut(), EndSynchronizedUpdate)?;
        terminal.backend_mut().flush()?;
        self.ui.limit(&self.cache.limits, self.cache.help_limit);
        Ok(())
    }
}

/// The status without what may change while nothing moves: a paused screen stands still.
fn steady(mut status: Status) -> Status {
    if status.paused || status.finished {
        status.rate = 0.0;
    }
    status
}

#[cfg(test)]
mod tests;
