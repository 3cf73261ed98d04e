//! What is lost of a log, and what is wrong with it.

use std::fmt;

use roadveil_role::Time;
use serde::Serialize;

/// A place in a log that does not decode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// Where in the file it begins.
    pub offset: u64,
    /// How many bytes of the file it takes.
    pub bytes: u64,
    /// The time from which events may be missing, as far as it is known.
    pub from: Option<Time>,
    /// The time up to which events may be missing, as far as it is known.
    pub to: Option<Time>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong at a damaged place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The checksum does not agree with the bytes.
    Checksum,
    /// The bytes do not decompress, or to another size than they say.
    Compression,
    /// A size is beyond what a log can have.
    Size,
    /// The container's records make no sense here.
    Structure,
    /// A batch of events does not decode.
    Events,
    /// The container says that this is compressed in a way that roadveil does not write.
    UnknownCompression,
    /// Events are missing though nothing around them is damaged.
    Missing,
}

impl Fault {
    /// In words.
    pub const fn describe(self) -> &'static str {
        match self {
            Fault::Checksum => "the checksum does not agree",
            Fault::Compression => "does not decompress",
            Fault::Size => "a size is not possible",
            Fault::Structure => "no MCAP record where one should be",
            Fault::Events => "the events do not decode",
            Fault::UnknownCompression => "compressed in an unknown way",
            Fault::Missing => "events are missing",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.fault.describe(), self.offset)?;
        match (self.from, self.to) {
            (Some(from), Some(to)) => write!(f, "; events from {from} s to {to} s may be lost"),
            (Some(from), None) => write!(f, "; events from {from} s on may be lost"),
            (None, Some(to)) => write!(f, "; events up to {to} s may be lost"),
            (None, None) => Ok(()),
        }
    }
}
