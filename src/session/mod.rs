//! A run from beginning to end: the kernel, its journal, its figures, and whoever drives it.
//!
//! ```text
//!   scenario ──> Engine { kernel ──records──> recorder (own thread: encode, hash, write)
//!                                  └────────> summary and expectations }
//!   headless: drives it to its end, with progress
//!   live:     drives it at a pace on a thread of its own, and hands the records to a screen as a Feed
//!   verify:   drives it beside a log, and stops at the first difference
//! ```

mod cast;
mod engine;
mod expect;
mod headless;
mod live;
mod verify;

pub use cast::{cast, manifest};
pub use engine::{Engine, Finished, RunError};
pub use expect::{Judge, Outcome};
pub use headless::{Progress, run};
pub use live::{LiveFeed, LiveHandle, start};
pub use verify::{VerifyError, verify};

use std::path::PathBuf;
use std::sync::Arc;

use crate::kernel;
use crate::scenario::Scenario;

/// What to run, and what to keep of it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario, with every override applied.
    pub scenario: Arc<Scenario>,
    /// Where its text came from.
    pub origin: String,
    /// What `--set` changed.
    pub overrides: Vec<(String, String)>,
    /// Threads and sharing.
    pub options: kernel::Options,
    /// Where the log goes; `None` for none.
    pub log: Option<PathBuf>,
    /// Wall seconds that loading took.
    pub load_s: f64,
}
