//! Colours and what stands for them where there are none.
//!
//! Only the sixteen colours that every terminal has, as the person set them, and no background: light and dark terminals
//! are both readable. Under `NO_COLOR` each ink is a modifier instead, and every symbol that matters differs in shape too.

use ratatui::style::{Color, Modifier, Style};

/// What something is drawn with: its meaning, not its colour. Later ones win where two share a cell of the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ink {
    /// Ordinary text.
    #[default]
    Plain,
    /// Less important text, lines between panes.
    Dim,
    /// Headings.
    Title,
    /// The pane that keys go to.
    Focus,
    /// Buildings.
    Building,
    /// Roads.
    Road,
    /// A packet on the wires.
    Wire,
    /// A broadcast on its way.
    Ring,
    /// A unicast on its way.
    Unicast,
    /// Fixed nodes.
    Fixed,
    /// A vehicle that says nothing of its state.
    Other,
    /// A vehicle without a key.
    Keyless,
    /// A vehicle that is asking for one.
    Requesting,
    /// A vehicle that holds one.
    Keyed,
    /// A vehicle whose key was revoked.
    Revoked,
    /// Delivered.
    Good,
    /// Lost, refused, failed.
    Bad,
    /// Wants attention.
    Warn,
}

/// How inks look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    colour: bool,
}

impl Theme {
    /// With colours, or without.
    pub const fn new(colour: bool) -> Theme {
        Theme { colour }
    }

    /// As the environment asks: `NO_COLOR`, if set and not empty, means none.
    pub fn from_env() -> Theme {
        Theme::new(std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
    }

    /// The style of an ink.
    pub const fn style(self, ink: Ink) -> Style {
        if self.colour { coloured(ink) } else { plain(ink) }
    }

    /// The style of what is selected, in the pane that keys go to or in another.
    pub const fn selected(self, focused: bool) -> Style {
        // One colour for the whole row, or it falls apart into the colours of its parts.
        let style = Style::new().fg(Color::Reset).add_modifier(Modifier::REVERSED);
        if focused {
            style
        } else {
            style.add_modifier(Modifier::DIM)
        }
    }
}

const fn coloured(ink: Ink) -> Style {
    let style = Style::new();
    match ink {
        Ink::Plain | Ink::Other => style,
        Ink::Dim | Ink::Building | Ink::Road => style.fg(Color::DarkGray),
        Ink::Title => style.add_modifier(Modifier::BOLD),
        Ink::Focus => style.fg(Color::Cyan).add_modifier(Modifier::BOLD),
        Ink::Wire => style.fg(Color::Blue),
        Ink::Ring => style.fg(Color::Cyan),
        Ink::Unicast | Ink::Warn => style.fg(Color::Yellow),
        Ink::Fixed => style.fg(Color::LightBlue).add_modifier(Modifier::BOLD),
        Ink::Keyless => style.fg(Color::Gray),
        Ink::Requesting => style.fg(Color::LightYellow),
        Ink::Keyed | Ink::Good => style.fg(Color::Green),
        Ink::Revoked => style.fg(Color::Magenta).add_modifier(Modifier::BOLD),
        Ink::Bad => style.fg(Color::Red),
    }
}

const fn plain(ink: Ink) -> Style {
    let style = Style::new();
    match ink {
        Ink::Plain | Ink::Other | Ink::Good | Ink::Keyed | Ink::Keyless | Ink::Wire => style,
        Ink::Dim | Ink::Building | Ink::Road => style.add_modifier(Modifier::DIM),
        Ink::Title | Ink::Fixed | Ink::Ring | Ink::Requesting => style.add_modifier(Modifier::BOLD),
        Ink::Focus | Ink::Unicast => style.add_modifier(Modifier::BOLD).add_modifier(Modifier::UNDERLINED),
        Ink::Bad | Ink::Warn | Ink::Revoked => style.add_modifier(Modifier::UNDERLINED),
    }
}

/// What a role's state says about its key. Protocols name their states as they like, so this goes by the words that they
/// use; what it does not know is shown by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// Nothing is known.
    Other,
    /// None yet.
    Keyless,
    /// Asking for one.
    Requesting,
    /// Holds one.
    Keyed,
    /// It was taken away, or refused.
    Revoked,
}

/// Does a state's name have the word, or one that begins with it? "invalid" does not say "valid".
fn says(state: &str, word: &str) -> bool {
    if word.contains(' ') {
        return state.contains(word);
    }
    state
        .split(|letter: char| !letter.is_alphanumeric())
        .any(|part| part.starts_with(word))
}

impl KeyState {
    /// What the state's name says.
    pub fn of(state: Option<&str>) -> KeyState {
        const WORDS: &[(KeyState, &[&str])] = &[
            (KeyState::Revoked, &["revoked", "refused", "expelled", "blocked"]),
            (KeyState::Keyless, &["keyless", "no key", "without", "unregistered"]),
            (
                KeyState::Requesting,
                &[
                    "request",
                    "wait",
                    "asking",
                    "pending",
                    "joining",
                    "proving",
                    "handshake",
                ],
            ),
            (
                KeyState::Keyed,
                &[
                    "key",
                    "renewing",
                    "certified",
                    "valid",
                    "registered",
                    "ready",
                    "joined",
                    "active",
                    "serving",
                ],
            ),
        ];
        let Some(state) = state else { return KeyState::Other };
        let state = state.to_lowercase();
        WORDS
            .iter()
            .find(|(_, words)| words.iter().any(|word| says(&state, word)))
            .map_or(KeyState::Other, |(known, _)| *known)
    }

    /// How it is drawn.
    pub const fn ink(self) -> Ink {
        match self {
            KeyState::Other => Ink::Other,
            KeyState::Keyless => Ink::Keyless,
            KeyState::Requesting => Ink::Requesting,
            KeyState::Keyed => Ink::Keyed,
            KeyState::Revoked => Ink::Revoked,
        }
    }

    /// Its shape on the map, which differs where colours do not.
    pub const fn symbol(self) -> char {
        match self {
            KeyState::Other => '•',
            KeyState::Keyless => '○',
            KeyState::Requesting => '◌',
            KeyState::Keyed => '●',
            KeyState::Revoked => '✕',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_known_by_their_words() {
        assert_eq!(KeyState::of(None), KeyState::Other);
        assert_eq!(KeyState::of(Some("keyless")), KeyState::Keyless);
        assert_eq!(KeyState::of(Some("requesting key")), KeyState::Requesting);
        assert_eq!(KeyState::of(Some("keyed")), KeyState::Keyed);
        assert_eq!(KeyState::of(Some("renewing")), KeyState::Keyed);
        assert_eq!(KeyState::of(Some("refused")), KeyState::Revoked);
        assert_eq!(KeyState::of(Some("Revoked")), KeyState::Revoked);
        assert_eq!(KeyState::of(Some("singing")), KeyState::Other);
    }

    #[test]
    fn without_colour_no_ink_has_one() {
        for ink in [
            Ink::Plain,
            Ink::Dim,
            Ink::Focus,
            Ink::Ring,
            Ink::Keyed,
            Ink::Revoked,
            Ink::Good,
            Ink::Bad,
            Ink::Warn,
        ] {
            let style = Theme::new(false).style(ink);
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}
