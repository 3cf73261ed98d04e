//! The event stream on disk: write, read, seek, replay, compare.

mod batches;
pub mod check;
mod chunk;
mod code;
mod container;
pub mod damage;
pub mod error;
pub mod manifest;
mod positions;
pub mod reader;
pub mod recorder;
mod source;
pub mod stream;
mod walk;
mod wall;
mod wire;
pub mod writer;

pub use damage::{Damage, Fault};
pub use error::{JournalError, LogError, Malformed};
pub use manifest::{End, Format, HostFigures, InputFile, Manifest, Outcome};
pub use recorder::{Finished, Recorder, RecorderThread};
pub use stream::{Batch, Encoder, StreamHash};
pub use writer::{Options, Writer};
pub use batches::{Batches, Portion, Records, Stretch};
pub use check::{EndCheck, Integrity, Moment};
pub use reader::Log;
pub use walk::Ending;

#[cfg(test)]
mod tests;
