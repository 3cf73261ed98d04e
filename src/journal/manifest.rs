//! What a log says of its run: before the events what it is, after them how it ended.

use std::fmt;
use std::path::Path;

use roadveil_role::Time;
use serde::{Deserialize, Serialize};

use super::error::LogError;
use super::stream::StreamHash;
use super::wall;

/// Version of the log's format. Raise it with any change after which an older reader would read something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Format(pub u32);

impl Format {
    /// The format that this version writes.
    pub const CURRENT: Format = Format(1);

    /// Can this version read that format?
    ///
    /// # Errors
    ///
    /// If it cannot; the error names `path` and the version that wrote it.
    pub fn check_readable(self, path: &Path, written_by: &str) -> Result<(), LogError> {
        if (Format(1)..=Format::CURRENT).contains(&self) {
            return Ok(());
        }
        Err(LogError::Version {
            path: path.to_owned(),
            found: self,
            written_by: written_by.to_owned(),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a run was given: enough to run it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The log's format.
    pub format: Format,
    /// The version of roadveil that wrote it.
    pub roadveil: String,
    /// The scenario's name.
    pub scenario: String,
    /// Where its text came from: a path, or `builtin:NAME`.
    pub origin: String,
    /// Its whole text.
    pub text: String,
    /// What `--set` changed, in that order: path and value.
    pub overrides: Vec<(String, String)>,
    /// The seed.
    pub seed: u64,
    /// How long the run was meant to last.
    pub duration: Time,
    /// The files that the scenario names.
    pub inputs: Vec<InputFile>,
    /// The protocols in use.
    pub protocols: Vec<String>,
    /// Figures of the host: no part of the stream, and they decide nothing.
    pub host: HostFigures,
}

/// A file that a scenario names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Its path as the scenario has it.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its BLAKE3 digest, in hexadecimal.
    pub blake3: String,
}

impl InputFile {
    /// What a log records of the file at `path` with that content.
    pub fn of(path: impl Into<String>, content: &[u8]) -> InputFile {
        InputFile {
            path: path.into(),
            bytes: content.len() as u64,
            blake3: blake3::hash(content).to_hex().to_string(),
        }
    }
}

/// Where and when the run was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFigures {
    /// When it began, by the host's clock, in UTC.
    pub started_at: String,
    /// Operating system.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// Processors that the program may use.
    pub cpus: u32,
}

impl HostFigures {
    /// Those of this host, now.
    pub fn now() -> HostFigures {
        HostFigures {
            started_at: wall::Date::now().to_string(),
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            cpus: std::thread::available_parallelism()
                .map_or(0, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It reached its duration.
    Finished,
    /// Somebody ended it before.
    Interrupted,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::Finished => "finished",
            Outcome::Interrupted => "interrupted",
        })
    }
}

/// Written when a run ends in good order; a log of a killed run has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Virtual time reached.
    pub reached: Time,
    /// How it ended.
    pub outcome: Outcome,
    /// How many events the stream has.
    pub events: u64,
    /// How many transmissions: frames on the air and packets on the wires.
    pub transmissions: u64,
    /// The hash of the whole stream.
    pub stream_hash: StreamHash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_formats_are_readable() {
        let check = |format: u32| Format(format).check_readable(Path::new("x.mcap"), "9.9.9");
        assert!(check(1).is_ok());
        assert!(check(0).is_err());
        let newer = check(2).expect_err("a newer format");
        assert!(
            newer.to_string().contains("x.mcap") && newer.to_string().contains("format 2"),
            "{newer}"
        );
    }
}
