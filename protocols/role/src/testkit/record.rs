//! What happened in a test network.

use core::fmt::Write;
use std::sync::Arc;

use crate::{Address, LinkAddr, Priority, Protocol, Reason, Time, Value};

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Record {
    /// When, on the network's clock.
    pub at: Time,
    /// The node's name.
    pub node: String,
    /// The role's name.
    pub role: String,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// The role sent a frame.
    Sent {
        /// Receiver.
        to: Address,
        /// How urgent.
        priority: Priority,
        /// Bytes.
        frame: Arc<[u8]>,
        /// Digests of the checks that the sender announced.
        anticipated: Vec<[u8; 32]>,
    },
    /// A frame arrived and is handed to the role.
    Received {
        /// The address from which it says it comes.
        from: Address,
        /// Bytes.
        frame: Arc<[u8]>,
    },
    /// The role asked a check.
    Asked {
        /// The check's scheme.
        scheme: &'static str,
        /// The check's digest.
        digest: [u8; 32],
        /// The verdict.
        valid: bool,
    },
    /// The role refused what it was handling.
    Rejected(Reason),
    /// The role reached a step.
    Step {
        /// The step.
        name: &'static str,
        /// Which run of the exchange.
        exchange: u64,
    },
    /// The role is in another state.
    State(&'static str),
    /// The role recorded something.
    Emitted {
        /// The event's name.
        name: &'static str,
        /// Its fields.
        fields: Vec<(&'static str, Value)>,
    },
    /// The radio answers to another address.
    Readdressed(LinkAddr),
}

impl Record {
    /// A line for a transcript; arrivals and checks have none, for the line that they lead to says enough.
    pub(super) fn line(&self, protocol: &Protocol) -> Option<String> {
        let mut line = format!("{} {:<8} ", self.at, self.node);
        // Writing to a string cannot fail.
        let _ = match &self.what {
            What::Sent { to, frame, .. } => {
                let name = protocol.message_name(frame).unwrap_or("?");
                writeln!(line, "sends {name} ({} bytes) to {to}", frame.len())
            }
            What::Rejected(why) => writeln!(line, "rejects: {why}"),
            What::Step { name, exchange } => writeln!(line, "step {name} #{exchange}"),
            What::State(state) => writeln!(line, "is {state}"),
            What::Emitted { name, fields } => {
                let _ = write!(line, "{name}");
                for (key, value) in fields {
                    let _ = write!(line, " {key}={value}");
                }
                writeln!(line)
            }
            What::Received { .. } | What::Asked { .. } | What::Readdressed(_) => return None,
        };
        Some(line)
    }
}
