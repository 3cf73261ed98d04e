//! A node as it stands.

use roadveil_role::LinkAddr;
use serde::{Deserialize, Serialize};

use crate::event::{Position, Text};

/// A node as it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NodeScene {
    /// Is it there, and switched on?
    pub present: bool,
    /// Where it is, or was last; unknown before it joined.
    pub position: Option<Position>,
    /// The address that its radio answers to.
    pub addr: Option<LinkAddr>,
    /// The state of each of its roles, as the role last said.
    pub states: Vec<Option<Text>>,
    /// Frames waiting for its processor.
    pub queued: u16,
    /// How busy its processor was lately, in thousandths.
    pub busy: u16,
    /// Frames a second that its radio received lately.
    pub received_per_s: u32,
    /// Channel busy ratio, in thousandths.
    pub channel: u16,
}

impl NodeScene {
    pub(super) fn new(roles: usize) -> NodeScene {
        NodeScene {
            states: vec![None; roles],
            ..NodeScene::default()
        }
    }

    /// The first role's state that is known.
    pub fn state(&self) -> Option<&str> {
        self.states.iter().flatten().next().map(|state| &**state)
    }

    /// Nothing was heard of its load.
    pub(super) fn rest(&mut self) {
        self.queued = 0;
        self.busy = 0;
        self.received_per_s = 0;
        self.channel = 0;
    }

    /// It is gone; where it was last stays known.
    pub(super) fn leave(&mut self) {
        self.present = false;
        self.rest();
    }
}

/// A node's counts over the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Transmissions.
    pub sent: u64,
    /// Transmissions of others that reached it.
    pub delivered: u64,
    /// Those that did not.
    pub lost: u64,
    /// Those that its roles refused.
    pub rejected: u64,
    /// Frames of its own that never reached the air.
    pub unsent: u64,
}

impl Counts {
    /// Counts one outcome.
    pub(super) fn settle(&mut self, delivered: bool) {
        self.delivered += u64::from(delivered);
        self.lost += u64::from(!delivered);
    }
}
