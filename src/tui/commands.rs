//! Every key and what it does: one table for the footer, the help and the dispatch, so that they cannot part.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::ui::Ui;
use crate::feed::Status;

mod table;

pub use table::COMMANDS;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// Stand still, or go on.
    Pause,
    /// To the next transmission.
    Step,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
    /// As fast as the machine can.
    MaxSpeed,
    /// One virtual second a second.
    RealTime,
    /// Five seconds back.
    SeekBack,
    /// Five seconds forward.
    SeekForward,
    /// Next pane.
    NextPane,
    /// Previous pane.
    PreviousPane,
    /// The pane of that number.
    Jump,
    /// Move.
    Up,
    /// Move.
    Down,
    /// Move.
    Left,
    /// Move.
    Right,
    /// A page.
    PageUp,
    /// A page.
    PageDown,
    /// To the first.
    First,
    /// To the last.
    Last,
    /// Open.
    Open,
    /// Back.
    Back,
    /// Magnify the map.
    ZoomIn,
    /// The opposite.
    ZoomOut,
    /// The whole map.
    Fit,
    /// Keep a node in the middle.
    Follow,
    /// Show what matches.
    Filter,
    /// Next loss.
    NextLoss,
    /// Previous loss.
    PreviousLoss,
    /// Another order.
    Sort,
    /// Help.
    Help,
    /// End.
    Quit,
    /// End, as interrupted.
    Interrupt,
}

/// Under which heading the help lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Time and speed.
    Time,
    /// Moving about.
    Move,
    /// The map.
    Map,
    /// Messages and nodes.
    Flow,
    /// The program.
    Program,
}

impl Group {
    /// All, in the order of the help.
    pub const ALL: [Group; 5] = [Group::Time, Group::Move, Group::Map, Group::Flow, Group::Program];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Group::Time => "Time",
            Group::Move => "Moving about",
            Group::Map => "Map",
            Group::Flow => "Messages and nodes",
            Group::Program => "Program",
        }
    }
}

/// A key as a terminal reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(pub KeyCode, pub KeyModifiers);

const fn char(letter: char) -> Key {
    Key(KeyCode::Char(letter), KeyModifiers::NONE)
}

const fn code(code: KeyCode) -> Key {
    Key(code, KeyModifiers::NONE)
}

impl Key {
    /// Is it this one? Shift is part of the character, and some terminals report it besides.
    pub fn matches(self, event: &KeyEvent) -> bool {
        self.0 == event.code && self.1 == event.modifiers.difference(KeyModifiers::SHIFT)
    }

    /// Its name.
    pub fn name(self) -> String {
        match self.0 {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(letter) if self.1.contains(KeyModifiers::CONTROL) => {
                format!("Ctrl-{}", letter.to_uppercase())
            }
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

/// A command.
pub struct Command {
    /// What it does.
    pub id: Id,
    /// The keys that ask for it.
    pub keys: &'static [Key],
    /// A word or two for the footer, as things stand.
    pub label: fn(&Ui, &Status) -> &'static str,
    /// A line for the help.
    pub help: &'static str,
    /// Its heading there.
    pub group: Group,
    /// The smaller, the sooner it gets a place in the footer; 0: never.
    pub rank: u8,
    /// Does it work now?
    pub works: fn(&Ui, &Status) -> bool,
    /// What to say if it does not; `None`: nothing happens.
    pub refusal: Option<&'static str>,
}

impl core::fmt::Debug for Command {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Command")
            .field("id", &self.id)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// The command that a key asks for.
pub fn find(event: &KeyEvent) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .find(|command| command.keys.iter().any(|key| key.matches(event)))
}

/// The commands that the footer shows, most useful first.
pub fn for_footer(ui: &Ui, status: &Status) -> Vec<&'static Command> {
    let mut commands: Vec<_> = COMMANDS
        .iter()
        .filter(|command| command.rank > 0 && (command.works)(ui, status))
        .collect();
    commands.sort_by_key(|command| command.rank);
    commands
}
