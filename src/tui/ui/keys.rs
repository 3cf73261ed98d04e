//! From a key to what it does.

use core::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use roadveil_role::Time;

use super::{Action, Pane, Ui};
use crate::feed::{Control, Speed, Status};
use crate::metrics::scene::Scene;
use crate::tui::commands::{self, Command, Id};
use crate::tui::filter::Filter;
use crate::tui::layout;

/// Slowest and fastest paces that `-` and `+` lead to.
const PACES: (f64, f64) = (1.0 / 64.0, 1024.0);

/// Longest filter.
const MAX_FILTER: usize = 80;

impl Ui {
    /// Takes a key. Keys that mean nothing here do nothing.
    pub fn key(&mut self, event: &KeyEvent, scene: &Scene, status: &Status) -> Action {
        if event.kind == KeyEventKind::Release {
            return Action::None;
        }
        let command = commands::find(event);
        // Ctrl-C ends the program whatever else goes on.
        if command.is_some_and(|command| command.id == Id::Interrupt) {
            return Action::Interrupt;
        }
        if self.editing.is_some() {
            return self.edit(event, scene);
        }
        let Some(command) = command else { return Action::None };
        if (command.works)(self, status) {
            self.note = None;
            return self.perform(command.id, event, scene, status);
        }
        self.refuse(command)
    }

    fn refuse(&mut self, command: &Command) -> Action {
        match command.refusal {
            Some(why) if !self.covered() => {
                self.note = Some(why.to_owned());
                Action::Redraw
            }
            _ => Action::None,
        }
    }

    fn perform(&mut self, id: Id, event: &KeyEvent, scene: &Scene, status: &Status) -> Action {
        match id {
            Id::Pause => return Action::Control(if status.paused { Control::Resume } else { Control::Pause }),
            Id::Step => {
                if status.paused {
                    // What is stepped to is what is looked at.
                    self.selected = None;
                }
                return Action::Control(if status.paused { Control::Step } else { Control::Pause });
            }
            Id::Faster | Id::Slower => return self.pace(id == Id::Faster, status.speed),
            Id::MaxSpeed => return Action::Control(Control::Speed(Speed::Max)),
            Id::RealTime => return Action::Control(Control::Speed(Speed::Times(1.0))),
            Id::SeekBack => return seek(status, -5),
            Id::SeekForward => return seek(status, 5),
            Id::Quit => return Action::Quit,
            Id::Interrupt => return Action::Interrupt,
            Id::Left | Id::Right => return self.sideways(id == Id::Right, scene, status),
            Id::First | Id::Last if self.active() == Pane::Timeline && !self.help => {
                return self.seek_to(if id == Id::First { Time::ZERO } else { status.end }, status);
            }
            Id::NextPane => self.cycle(1),
            Id::PreviousPane => self.cycle(-1),
            Id::Jump => self.jump(event),
            Id::Up => self.vertical(scene, -1, false),
            Id::Down => self.vertical(scene, 1, false),
            Id::PageUp => self.vertical(scene, -1, true),
            Id::PageDown => self.vertical(scene, 1, true),
            Id::First => self.end(scene, false),
            Id::Last => self.end(scene, true),
            Id::Open => self.open(scene),
            Id::Back => self.back(),
            Id::ZoomIn => self.zoom(scene, 1.0 / 1.5),
            Id::ZoomOut => self.zoom(scene, 1.5),
            Id::Fit => self.camera = super::Camera::default(),
            Id::Follow => {
                self.camera.follow = if self.camera.follow.is_some() {
                    None
                } else {
                    self.chosen_node()
                }
            }
            Id::Filter => {
                self.editing = Some(self.filter.text().to_owned());
                self.go_to(Pane::Flow);
            }
            Id::NextLoss => self.next_loss(scene, true),
            Id::PreviousLoss => self.next_loss(scene, false),
            Id::Sort => self.sort = self.sort.next(),
            Id::Help => {
                self.help = !self.help;
                self.help_scroll = 0;
            }
        }
        Action::Redraw
    }

    /// A key while the filter is being typed.
    fn edit(&mut self, event: &KeyEvent, scene: &Scene) -> Action {
        let Some(text) = &mut self.editing else {
            return Action::None;
        };
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            KeyCode::Enter => {
                self.filter = Filter::new(text, self.protocols, scene);
                self.editing = None;
                if self.selected.as_ref().is_some_and(|entry| !self.filter.matches(entry)) {
                    self.selected = None;
                }
            }
            KeyCode::Esc => self.editing = None,
            KeyCode::Backspace => drop(text.pop()),
            KeyCode::Char('u') if control => text.clear(),
            KeyCode::Char(letter) if !control && !letter.is_control() && text.chars().count() < MAX_FILTER => {
                text.push(letter)
            }
            _ => return Action::None,
        }
        Action::Redraw
    }

    fn pace(&mut self, faster: bool, speed: Speed) -> Action {
        let speed = match speed {
            Speed::Max if faster => return Action::None,
            // From no limit at all, down to one that a person can follow.
            Speed::Max => 16.0,
            Speed::Times(times) => (if faster { times * 2.0 } else { times / 2.0 }).clamp(PACES.0, PACES.1),
        };
        Action::Control(Control::Speed(Speed::Times(speed)))
    }

    fn sideways(&mut self, right: bool, scene: &Scene, status: &Status) -> Action {
        match self.active() {
            Pane::Map => self.pan(scene, if right { 1.0 } else { -1.0 }, 0.0),
            Pane::Timeline if status.replay => return seek(status, if right { 1 } else { -1 }),
            Pane::Timeline => return self.seek_to(status.now, status),
            _ if self.opened.is_empty() => return self.tab(right),
            _ => return Action::None,
        }
        Action::Redraw
    }

    /// To the neighbour among the panes that share a place.
    fn tab(&mut self, right: bool) -> Action {
        let active = self.active();
        let layout = layout::layout(self.area);
        let Some(panes) = layout
            .places
            .iter()
            .map(|place| place.panes)
            .find(|panes| panes.contains(&active))
        else {
            return Action::None;
        };
        let here = panes.iter().position(|pane| *pane == active).unwrap_or(0);
        let there = if right { here + 1 } else { here.wrapping_sub(1) };
        match panes.get(there) {
            Some(pane) => {
                self.focus(*pane);
                Action::Redraw
            }
            None => Action::None,
        }
    }

    fn seek_to(&mut self, to: Time, status: &Status) -> Action {
        if status.replay {
            return Action::Control(Control::Seek(to));
        }
        match commands::COMMANDS.iter().find(|command| command.id == Id::SeekBack) {
            Some(command) => self.refuse(command),
            None => Action::None,
        }
    }

    /// To the next place, or, where one pane fills the screen, to the next pane.
    fn cycle(&mut self, by: isize) {
        let active = self.active();
        if let Some(last) = self.opened.last_mut() {
            let panes = &Pane::ALL[..7];
            let here = panes.iter().position(|pane| *pane == active).unwrap_or(3);
            *last = panes[wrapped(here, by, panes.len())];
            return;
        }
        let layout = layout::layout(self.area);
        let mut stops: Vec<Pane> = layout.places.iter().map(|place| self.shown(place.panes)).collect();
        stops.push(Pane::Timeline);
        let here = stops.iter().position(|pane| *pane == active).unwrap_or(0);
        self.focus(stops[wrapped(here, by, stops.len())]);
    }

    fn jump(&mut self, event: &KeyEvent) {
        let KeyCode::Char(digit) = event.code else { return };
        let pane = digit
            .to_digit(10)
            .and_then(|digit| (digit as usize).checked_sub(1))
            .and_then(|index| Pane::ALL.get(index));
        if let Some(pane) = pane {
            self.go_to(*pane);
        }
    }

    /// Gives a pane the focus, and the screen if another pane had it.
    pub(super) fn go_to(&mut self, pane: Pane) {
        if let Some(last) = self.opened.last_mut() {
            *last = pane;
        }
        self.focus(pane);
    }

    fn open(&mut self, scene: &Scene) {
        let pane = match self.active() {
            Pane::Flow => {
                if self.selected.is_none() {
                    self.select_latest(scene);
                }
                if self.selected.is_none() {
                    return;
                }
                Pane::Message
            }
            Pane::Nodes => {
                if self.node.is_none() {
                    self.vertical(scene, 1, false);
                }
                if self.node.is_none() {
                    return;
                }
                Pane::Node
            }
            other => other,
        };
        self.opened.push(pane);
    }

    fn back(&mut self) {
        if self.help {
            self.help = false;
            return;
        }
        if self.opened.pop().is_some() {
            return;
        }
        if !self.filter.is_empty() {
            self.filter = Filter::default();
            return;
        }
        if self.selected.take().is_none() {
            self.camera.follow = None;
        }
    }
}

/// `by` places on, around the end.
fn wrapped(here: usize, by: isize, count: usize) -> usize {
    here.saturating_add_signed(by.rem_euclid(count.max(1).cast_signed())) % count.max(1)
}

/// Seeks by so many seconds, within the run.
fn seek(status: &Status, seconds: i64) -> Action {
    let by = Duration::from_secs(seconds.unsigned_abs());
    let to = if seconds < 0 {
        status.now - by
    } else {
        (status.now + by).min(status.end)
    };
    Action::Control(Control::Seek(to))
}
