//! What can go wrong with a log, told so that a person knows what to do.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use miette::Diagnostic;
use roadveil_role::Time;
use thiserror::Error;

use super::damage::Damage;
use super::manifest::Format;

/// Why bytes are no batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// They end too early, or a length in them goes beyond their end.
    #[error("the bytes end too early")]
    Short,
    /// A number is written in more bytes than it needs, or is too large for its field.
    #[error("a number is not in its one form")]
    Number,
    /// An event, a reason or a field that this version does not know, or in a form that is not its one form.
    #[error("no such event or reason")]
    Unknown,
    /// Bytes are left over, or count or times disagree with the header.
    #[error("the batch does not agree with its header")]
    Disagrees,
}

/// Why a run's events could not be recorded.
#[derive(Clone, Debug, Error, Diagnostic)]
pub enum JournalError {
    /// The log could not be created.
    #[error("cannot create the log {}", path.display())]
    #[diagnostic(help("name another file with --log, or run without one: --no-log"))]
    Create {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The log could not be written.
    #[error("cannot write the log {}", path.display())]
    #[diagnostic(help("what was written before stays readable; is the disk full?"))]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// A record is earlier than the one before it: a mistake of whoever made the stream.
    #[error("record {index} is at {at} s, before {before} s of the record before it")]
    Unordered {
        /// The record's number.
        index: u64,
        /// Its time.
        at: Time,
        /// The time that it must not be before.
        before: Time,
    },
    /// One record is larger than a reader would accept.
    #[error(
        "record {index} takes {bytes} bytes in the log, more than {}",
        super::stream::MAX_RECORD
    )]
    Oversized {
        /// The record's number.
        index: u64,
        /// Its size.
        bytes: usize,
    },
    /// The system gave no thread.
    #[error("cannot start a thread for the log")]
    Thread {
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The thread that records is gone.
    #[error("the recorder has stopped")]
    Stopped,
}

/// Why a log cannot be read.
#[derive(Clone, Debug, Error, Diagnostic)]
pub enum LogError {
    /// The file cannot be opened or read.
    #[error("cannot read {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The file has no bytes.
    #[error("{} is empty", path.display())]
    #[diagnostic(help("the run that should have written it ended before it wrote anything"))]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a run log", path.display())]
    #[diagnostic(help("expected an MCAP file written by `roadveil run --log`"))]
    NotALog {
        /// Which file.
        path: PathBuf,
    },
    /// The file is what `log export` or `log cat --json` made of a log.
    #[error("{} is JSON, not a run log", path.display())]
    #[diagnostic(help(
        "an export cannot be verified, replayed or looked into, because it lacks what its run was given; name the log (.mcap) it was made of"
    ))]
    Exported {
        /// Which file.
        path: PathBuf,
    },
    /// An MCAP file, but of another program.
    #[error("{} is an MCAP file, but not a run log of roadveil: its profile is {profile:?}", path.display())]
    #[diagnostic(help("expected the profile \"roadveil\""))]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What it says that it is.
        profile: String,
    },
    /// A log in a format that this version cannot read.
    #[error("{} is a log of format {found}; this version of roadveil reads up to {}", path.display(), Format::CURRENT)]
    #[diagnostic(help("read it with roadveil {written_by} or later"))]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: Format,
        /// The version that wrote it.
        written_by: String,
    },
    /// What says of which run the log is cannot be read.
    #[error("{}: {what} is missing or damaged", path.display())]
    #[diagnostic(help("without it the log cannot be shown; the events may still be there for another MCAP tool"))]
    Headless {
        /// Which file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// Some of the log does not decode. Reading can go on after it.
    #[error("{}: {damage}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is lost.
        damage: Damage,
    },
    /// What was asked of the log could not be printed.
    #[error("cannot write the output")]
    Output {
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
}
