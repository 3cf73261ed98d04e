//! The event stream on disk: write, read, seek, replay, compare.
//!
//! | module | what it holds |
//! |---|---|
//! | [`stream`] | records as batches of bytes, and the stream hash that chains them |
//! | [`manifest`] | what a log says of its run, before and after the events |
//! | [`recorder`], [`writer`] | a run's records to a hash and a file, each on a thread of its own |
//! | [`reader`], [`damage`] | a file to records, whether whole, cut or hit |
//! | [`check`], [`compare`] | is it what its run wrote, is it what its scenario does |
//! | [`player`] | a log as a feed for the screen |
//! | [`select`] | which log a person means |
//! | [`mod@cat`], [`mod@info`], [`render`] | what a person or a program is told of it |
//! | [`mod@export`] | a log handed on, with its truth or without |
//! | [`mod@audit`] | does the public half of a log betray whose the addresses are |
//!
//! A log is an MCAP file, so that other tools open it. Reading is ours: the usual readers check no checksum, allocate
//! what a file asks for, and stop where a run was killed.

pub mod audit;
mod batches;
pub mod cat;
pub mod check;
mod chunk;
mod code;
pub mod compare;
mod container;
pub mod damage;
pub mod error;
pub mod export;
pub mod info;
pub mod manifest;
pub mod player;
mod positions;
pub mod reader;
pub mod recorder;
pub mod render;
pub mod select;
mod source;
pub mod stream;
mod walk;
mod wall;
mod wire;
pub mod writer;

pub use audit::{Audit, audit};
pub use batches::{Batches, Portion, Records, Stretch};
pub use cat::{Printed, cat};
pub use check::{EndCheck, Integrity, Moment};
pub use compare::{Comparator, Comparison, Difference, Progress, Verdict};
pub use damage::{Damage, Fault};
pub use error::{JournalError, LogError, Malformed};
pub use export::export;
pub use info::{Info, info};
pub use manifest::{End, Format, HostFigures, InputFile, Manifest, Outcome};
pub use player::Player;
pub use reader::Log;
pub use recorder::{Finished, Recorder, RecorderThread};
pub use render::Line;
pub use stream::{Batch, Encoder, StreamHash};
pub use walk::Ending;
pub use writer::{Options, Writer};

#[cfg(test)]
mod tests;
