//! Files that a topology names: each is noted with its digest, so that a log can tell whether it is still the same.

use std::io::Read;
use std::path::Path;

use super::document::Item;
use super::error::Error;
use super::{Input, library};
use crate::world::source::{ReadError, Source};

/// Most that a file of text for a protocol may hold, bytes.
const MAX_TEXT: u64 = 32 << 20;

/// Reads files, and notes which.
pub(super) struct Files<'b> {
    base: &'b Path,
    inputs: Vec<Input>,
}

impl<'b> Files<'b> {
    /// Of a topology that lies in that folder.
    pub(super) fn new(base: &'b Path) -> Files<'b> {
        Files {
            base,
            inputs: Vec::new(),
        }
    }

    /// What was read.
    pub(super) fn into_inputs(self) -> Vec<Input> {
        self.inputs
    }

    /// Reads a file that the topology names, and notes its digest.
    pub(super) fn load<T>(
        &mut self,
        item: &Item<'_>,
        read: impl FnOnce(&Source) -> Result<T, ReadError>,
    ) -> Result<T, Error> {
        let written = item.text("the path of a file, or `builtin:NAME`")?;
        let source = resolve(item, written, self.base)?;
        let loaded = source.digest().and_then(|(bytes, digest)| {
            self.inputs.push(Input {
                path: written.to_owned(),
                bytes,
                digest,
            });
            read(&source)
        });
        loaded.map_err(|error| match error.place {
            // The fault is in the file; what to mend is there.
            Some(_) => Error::from(error),
            None => item.error(format!("`{}`: {error}", item.path)),
        })
    }

    /// What a file of text holds, unpacked. An empty path is no file.
    pub(super) fn text(&mut self, item: &Item<'_>) -> Result<String, Error> {
        if item.text("the path of a file, or `builtin:NAME`")?.is_empty() {
            return Ok(String::new());
        }
        self.load(item, |source| {
            let mut text = String::new();
            let read = source.open()?.take(MAX_TEXT + 1).read_to_string(&mut text);
            match read {
                Err(error) => Err(source.fault(text.len() as u64, format!("cannot be read as text: {error}"))),
                Ok(_) if text.trim().is_empty() => Err(source.fault(0, "the file is empty")),
                Ok(_) if text.len() as u64 > MAX_TEXT => {
                    Err(source.fault(MAX_TEXT, format!("the file is longer than {} MiB", MAX_TEXT >> 20)))
                }
                Ok(_) => Ok(text),
            }
        })
    }
}

/// The file that a path means.
fn resolve(item: &Item<'_>, written: &str, base: &Path) -> Result<Source, Error> {
    match written.strip_prefix("builtin:") {
        Some(name) => match library::data(name) {
            Some(bytes) => Ok(Source::memory(written, bytes)),
            None => Err(item.unknown("shipped file", name, library::data_names())),
        },
        None => Ok(Source::file(written, base.join(written))),
    }
}
