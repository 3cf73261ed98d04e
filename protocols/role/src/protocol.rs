//! What a protocol says of itself: enough to list it, to configure it, and to build its roles.

use core::fmt;

use postcard_schema::schema::{DataModelType, NamedType};
use thiserror::Error;

use crate::HostAddr;
use crate::contract::Role;
use crate::param::{ParamSpec, Params};
use crate::view::Fold;

/// How many nodes of a run play a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    /// Exactly one.
    One,
    /// At least one.
    Some,
    /// Any number.
    Any,
}

/// A role as the scenario names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleSpec {
    /// Its name: the role is `PROTOCOL.NAME` in a scenario.
    pub name: &'static str,
    /// For a person.
    pub title: &'static str,
    /// How many a run has.
    pub cardinality: Cardinality,
    /// Does it need a radio?
    pub radio: bool,
    /// Does it stand on the wired backhaul? A moving node cannot.
    pub wired: bool,
}

/// Where a formula or message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Seen in published text.
    Published,
    /// Forced by equations that were seen.
    Forced,
    /// Standard in the literature; the number is not confirmed.
    Literature,
    /// Our reconstruction; it may differ from the paper.
    Reconstruction,
    /// Derived by us from the published formulas.
    Derived,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Source::Published => "published",
            Source::Forced => "forced by published equations",
            Source::Literature => "literature, unconfirmed",
            Source::Reconstruction => "reconstruction",
            Source::Derived => "derived here",
        })
    }
}

/// One part of a protocol and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The part.
    pub part: &'static str,
    /// Where it comes from.
    pub source: Source,
    /// What that means, with the place in the paper where there is one.
    pub note: &'static str,
}

/// A node as a protocol sees it while it sets up.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// Its name in the scenario.
    pub name: String,
    /// Its address on the wires, if it stands on one.
    pub host: Option<HostAddr>,
    /// Has it a radio?
    pub radio: bool,
    /// Where it stands, in metres, if it does not move.
    pub place: Option<(f64, f64)>,
    /// Its roles of this protocol, without the protocol's name.
    pub roles: Vec<String>,
}

/// What a protocol is set up from.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// The run's seed.
    pub seed: u64,
    /// The protocol's parameters.
    pub params: Params,
    /// Every node that has a role of this protocol, in the order of the scenario.
    pub nodes: Vec<NodeSpec>,
}

/// Why a protocol cannot be set up; a lowercase fragment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct SetupError(pub String);

/// A protocol with its keys handed out, ready to give each node its role.
pub trait Deployment: Send {
    /// The role called `role` for the node called `node`.
    ///
    /// # Errors
    /// If the node was not part of the setup, or has no such role.
    fn role(&mut self, node: &str, role: &str) -> Result<Box<dyn Role>, SetupError>;
}

/// A protocol's description of itself.
#[derive(Clone, Copy)]
pub struct Protocol {
    /// Its name in scenarios, reports and commands.
    pub name: &'static str,
    /// Its number on the wire.
    pub number: u8,
    /// For a person.
    pub title: &'static str,
    /// Authors, title, venue, identifier.
    pub paper: &'static str,
    /// What it does, in a few sentences.
    pub summary: &'static str,
    /// Its roles.
    pub roles: &'static [RoleSpec],
    /// The schema of its messages: an enum.
    pub messages: &'static NamedType,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// Events by which a role says that its node attacks: truth, which nothing on the air may betray but the attack itself.
    pub attacks: &'static [&'static str],
    /// Events that every node sends all the time, such as counts: logs and figures have them, and a screen leaves them out
    /// unless it is asked for them.
    pub routine: &'static [&'static str],
    /// What is published and what is reconstruction.
    pub marks: &'static [Mark],
    /// Hands out keys.
    pub setup: fn(&Setup) -> Result<Box<dyn Deployment>, SetupError>,
    /// A fresh fold over the protocol's own events.
    pub fold: fn() -> Box<dyn Fold>,
}

impl Protocol {
    /// The names of its messages, by their number in a frame.
    pub fn message_names(&self) -> impl Iterator<Item = &'static str> {
        let variants = match self.messages.ty {
            DataModelType::Enum(variants) => *variants,
            _ => &[],
        };
        variants.iter().map(|variant| variant.name)
    }

    /// The name of the message in `frame`, which need not be whole or valid. `None` for another protocol's frame.
    pub fn message_name(&self, frame: &[u8]) -> Option<&'static str> {
        match frame {
            // A protocol has fewer than 128 messages, so the number is the second byte.
            [protocol, message, ..] if *protocol == self.number => self.message_names().nth(usize::from(*message)),
            _ => None,
        }
    }

    /// The role of that name.
    pub fn role(&self, name: &str) -> Option<&'static RoleSpec> {
        self.roles.iter().find(|role| role.name == name)
    }
}

/// A message's name as reports write it: `SafetyMessage` as `safety_message`.
pub fn report_name(message: &str) -> String {
    let mut text = String::with_capacity(message.len() + 4);
    for (index, letter) in message.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protocol")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_write_names_in_snake_case() {
        assert_eq!(report_name("SafetyMessage"), "safety_message");
        assert_eq!(report_name("Req1"), "req1");
    }
}
