//! The event stream on disk: write, read, seek, replay, compare.

mod code;
mod container;
pub mod damage;
pub mod error;
pub mod manifest;
mod positions;
pub mod recorder;
pub mod stream;
mod wall;
mod wire;
pub mod writer;

pub use damage::{Damage, Fault};
pub use error::{JournalError, LogError, Malformed};
pub use manifest::{End, Format, HostFigures, InputFile, Manifest, Outcome};
pub use recorder::{Finished, Recorder, RecorderThread};
pub use stream::{Batch, Encoder, StreamHash};
pub use writer::{Options, Writer};
