//! A screen without a terminal: keys in, text out.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::StatefulWidget;
use roadveil::feed::Status;
use roadveil::metrics::scene::Scene;
use roadveil::tui::{Action, Cache, Folds, Screen, Theme, Ui};

use crate::sample::{self, PROTOCOLS, Run};

/// A screen and all that it needs.
pub struct Show {
    pub scene: Scene,
    pub ui: Ui,
    pub status: Status,
    pub folds: Folds,
    cache: Cache,
}

impl Show {
    pub fn new(run: Run) -> Show {
        Show::themed(run, Theme::new(true))
    }

    pub fn themed(run: Run, theme: Theme) -> Show {
        let mut scene = Scene::new(run.cast.clone());
        let mut folds = Folds::new(PROTOCOLS, &[], &run.cast);
        for record in &run.records {
            scene.observe(record);
            folds.observe(record, &run.cast);
        }
        let status = sample::live(scene.now());
        Show {
            ui: Ui::new(PROTOCOLS, theme),
            status,
            scene,
            folds,
            cache: Cache::default(),
        }
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.ui.resize(width, height);
    }

    /// Draws as the program does.
    pub fn buffer(&mut self) -> Buffer {
        let area: Rect = self.ui.area();
        let mut buffer = Buffer::empty(area);
        self.ui.refresh(&self.scene);
        let views = self.folds.views();
        let screen = Screen {
            scene: &self.scene,
            ui: &self.ui,
            status: &self.status,
            views: &views,
        };
        (&screen).render(area, &mut buffer, &mut self.cache);
        self.ui.limit(&self.cache.limits, self.cache.help_limit);
        buffer
    }

    pub fn text(&mut self) -> String {
        let buffer = self.buffer();
        let area = buffer.area;
        let row = |y| {
            (0..area.width)
                .map(|x| buffer[(x, y)].symbol())
                .collect::<String>()
                .trim_end()
                .to_owned()
        };
        (0..area.height).map(|y| row(y) + "\n").collect()
    }

    /// The text, and under each row a letter for the style of each cell, explained below.
    pub fn styled(&mut self) -> String {
        let buffer = self.buffer();
        let area = buffer.area;
        let mut styles: Vec<Style> = Vec::new();
        let mut text = String::new();
        for y in 0..area.height {
            let cells: Vec<_> = (0..area.width).map(|x| &buffer[(x, y)]).collect();
            let row: String = cells.iter().map(|cell| cell.symbol()).collect();
            let letters: String = cells.iter().map(|cell| letter(&mut styles, cell.style())).collect();
            text += &format!("{}\n{}\n", row.trim_end(), letters.trim_end());
        }
        for (index, style) in styles.iter().enumerate() {
            let Style {
                fg, bg, add_modifier, ..
            } = style;
            text += &format!("{}: {fg:?} on {bg:?} {add_modifier:?}\n", LETTERS[index]);
        }
        text
    }

    /// Presses keys by name, with blanks between, and draws after each; what the last one led to.
    pub fn press(&mut self, keys: &str) -> Action {
        keys.split_whitespace().fold(Action::None, |_, name| {
            let action = self.ui.key(&key(name), &self.scene, &self.status);
            self.buffer();
            action
        })
    }
}

const LETTERS: &[char] = &[
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
];

/// The letter of a style; a blank for none.
fn letter(styles: &mut Vec<Style>, style: Style) -> char {
    if style == Cell::EMPTY.style() {
        return ' ';
    }
    let index = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
        styles.push(style);
        styles.len() - 1
    });
    LETTERS[index]
}

/// A key by its name.
pub fn key(name: &str) -> KeyEvent {
    let code = match name {
        "space" => KeyCode::Char(' '),
        "tab" => KeyCode::Tab,
        "backtab" => return KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT),
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "backspace" => KeyCode::Backspace,
        "ctrl-c" => return KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
        "ctrl-u" => return KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL),
        letter => {
            let letter = letter.chars().next().unwrap();
            let shift = if letter.is_uppercase() {
                KeyModifiers::SHIFT
            } else {
                KeyModifiers::NONE
            };
            return KeyEvent::new(KeyCode::Char(letter), shift);
        }
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}
