//! Which messages the flow shows.

use roadveil_role::Reason;

use super::names::{self, Protocols};
use crate::event::NodeId;
use crate::metrics::scene::{Entry, Medium, Scene};

/// Words that must all match: a message's name, its sender's or addressee's, a reason, or one of `lost`, `refused`, `wire`,
/// `air`. What each word matches is worked out once, so that a long flow is filtered by looking at numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    messages: Vec<[u8; 2]>,
    reasons: u64,
    nodes: Vec<bool>,
}

impl Filter {
    /// The filter of that text; the empty text lets everything pass.
    pub fn new(text: &str, protocols: Protocols, scene: &Scene) -> Filter {
        let words = text
            .split_whitespace()
            .map(|word| Word::new(&word.to_lowercase(), protocols, scene))
            .collect();
        Filter {
            text: text.trim().to_owned(),
            words,
        }
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Does everything pass?
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Has a line of text all the words?
    pub fn has(&self, line: &str) -> bool {
        let line = line.to_lowercase();
        self.words.iter().all(|word| line.contains(&word.text))
    }

    /// Does the flow show it?
    pub fn matches(&self, entry: &Entry) -> bool {
        self.words.iter().all(|word| word.matches(entry))
    }
}

impl Word {
    fn new(text: &str, protocols: Protocols, scene: &Scene) -> Word {
        let messages = protocols
            .iter()
            .flat_map(|protocol| {
                let all = protocol.name.to_lowercase().contains(text);
                let numbers = (0u8..).zip(protocol.message_names());
                numbers
                    .filter(move |(_, name)| all || name.to_lowercase().contains(text))
                    .map(|(number, _)| [protocol.number, number])
            })
            .collect();
        let reasons = Reason::ALL.iter().filter(|reason| reason.name().contains(text));
        Word {
            text: text.to_owned(),
            messages,
            reasons: reasons.fold(0, |bits, &reason| bits | crate::metrics::scene::bit(reason)),
            nodes: scene
                .cast()
                .nodes
                .iter()
                .map(|node| node.name.to_lowercase().contains(text))
                .collect(),
        }
    }

    fn is_node(&self, node: Option<NodeId>) -> bool {
        node.and_then(|node| self.nodes.get(node.index()).copied())
            .unwrap_or(false)
    }

    fn matches(&self, entry: &Entry) -> bool {
        let special = match self.text.as_str() {
            "lost" => entry.lost > 0,
            "refused" => entry.rejected > 0,
            "wire" => matches!(entry.medium, Medium::Wire { .. }),
            "air" => matches!(entry.medium, Medium::Air { .. }),
            _ => false,
        };
        special
            || self.messages.contains(&entry.head())
            || entry.why & self.reasons != 0
            || self.is_node(entry.sender)
            || self.is_node(entry.to)
            // What no protocol names is shown by its numbers, and is found by them.
            || (self.messages.is_empty() && self.text.contains('/') && names::message(&[], entry.head()) == self.text)
    }
}
