//! Diagnostics for developers: `tracing` to stderr in headless commands, to a file while a screen is shown.
//!
//! A warning means: look at this before you trust the numbers. `ROADVEIL_LOG` sets the filter, `warn` by default.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Name of the diagnostics file.
const FILE: &str = "roadveil.trace.log";

/// Sets diagnostics up: to a file in `folder`, or to stderr. Where the file cannot be made there are none, so that the
/// screen stays clean.
pub fn init(folder: Option<&Path>) {
    let filter = EnvFilter::try_from_env("ROADVEIL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let writer = match folder {
        None => BoxMakeWriter::new(std::io::stderr),
        Some(folder) => match fs::create_dir_all(folder).and_then(|()| File::create(folder.join(FILE))) {
            Ok(file) => BoxMakeWriter::new(Mutex::new(file)),
            Err(_) => return,
        },
    };
    // A second call, in a test, keeps the first setting.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(writer)
        .try_init();
}
