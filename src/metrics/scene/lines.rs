//! The last things that roles and the run itself had to say, apart from transmissions.

use std::collections::VecDeque;

use roadveil_role::{Reason, Time, Value};
use serde::{Deserialize, Serialize};

use crate::event::{NodeId, Text};

/// How many lines a scene remembers.
const ROOM: usize = 1024;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    pub at: Time,
    /// Where; `None` for the run itself.
    pub node: Option<NodeId>,
    /// Which of the node's roles, where it is a role that speaks.
    pub role: u8,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// A role reached a step that its paper names.
    Step {
        /// The step.
        name: Text,
        /// Which run of the exchange.
        exchange: u64,
    },
    /// A role is in another state.
    State(Text),
    /// A role recorded something of its own.
    Emitted {
        /// The event's name.
        name: Text,
        /// Its fields.
        fields: Vec<(String, Value)>,
    },
    /// A role refused something that no remembered frame brought.
    Rejected(Reason),
    /// A frame never reached the air.
    Unsent {
        /// Why.
        why: Reason,
        /// Its protocol and message number.
        head: [u8; 2],
    },
    /// The node came, or came back.
    Joined,
    /// The node is gone.
    Left {
        /// Was it a fault?
        fault: bool,
    },
    /// A wired link to the other node went down or came up.
    Link {
        /// The other end.
        other: NodeId,
        /// Up?
        up: bool,
    },
    /// Somebody typed a command.
    Command(Text),
}

/// The last lines, oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lines {
    lines: VecDeque<Line>,
    /// How many there were in all: the number of the line after the last.
    total: u64,
}

impl Lines {
    pub(super) fn push(&mut self, at: Time, node: Option<NodeId>, role: u8, what: What) {
        if self.lines.len() >= ROOM {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { at, node, role, what });
        self.total += 1;
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// None yet?
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many there were in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Line> + ExactSizeIterator {
        self.lines.iter()
    }
}
