//! The event stream on disk: write, read, seek, replay, compare.

mod batches;
pub mod cat;
pub mod check;
mod chunk;
mod code;
pub mod compare;
mod container;
pub mod damage;
pub mod error;
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

pub use batches::{Batches, Portion, Records, Stretch};
pub use cat::{Printed, cat};
pub use check::{EndCheck, Integrity, Moment};
pub use compare::{Comparator, Comparison, Difference, Progress, Verdict};
pub use damage::{Damage, Fault};
pub use error::{JournalError, LogError, Malformed};
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
