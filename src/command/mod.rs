//! What each command does, and with which exit code it ends.

pub mod bench;
mod lab;
mod log;
mod output;
mod protocol;
mod replay;
mod rivals;
mod run;
mod signals;
mod study;
mod topology;
mod verify;

use std::process::ExitCode;

use miette::{Diagnostic, Report};

use crate::cli::{Cli, Command};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// An expectation failed, or a difference or a leak was found.
    Failed,
    /// Interrupted.
    Interrupted,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub enum Failure {
    /// Bad usage, or an input that is missing, unreadable or invalid.
    Input(Report),
    /// It could not go on: writing failed, or something inside.
    Stuck(Report),
}

impl Failure {
    /// A failure of the input.
    pub fn input(error: impl Diagnostic + Send + Sync + 'static) -> Failure {
        Failure::Input(Report::new(error))
    }

    /// A failure to go on.
    pub fn stuck(error: impl Diagnostic + Send + Sync + 'static) -> Failure {
        Failure::Stuck(Report::new(error))
    }

    /// A failure to go on that says nothing more than itself.
    pub fn stuck_by(error: &dyn core::fmt::Display) -> Failure {
        Failure::Stuck(miette::miette!("{error}"))
    }

    /// A failure to read or write, with what was being done.
    pub fn io(doing: impl core::fmt::Display, error: &std::io::Error) -> Failure {
        Failure::Stuck(miette::miette!("{doing}: {error}"))
    }
}

/// Does what the command line asks for.
pub fn dispatch(cli: Cli) -> ExitCode {
    let done = match cli.command {
        None => run::by_default(),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Lab(command)) => lab::lab(&command),
        Some(Command::Study(args)) => study::study(&args),
        Some(Command::Replay(args)) => replay::replay(&args),
        Some(Command::Verify(args)) => verify::verify(&args),
        Some(Command::Log(command)) => log::log(&command),
        Some(Command::Topology(command)) => topology::topology(&command),
        Some(Command::Protocol(command)) => protocol::protocol(&command),
        Some(Command::Bench(args)) => bench::bench(&args),
    };
    match done {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::Failed) => ExitCode::from(1),
        Ok(Exit::Interrupted) => ExitCode::from(130),
        Err(Failure::Input(report)) => {
            say!("{report:?}");
            ExitCode::from(2)
        }
        Err(Failure::Stuck(report)) => {
            say!("{report:?}");
            ExitCode::from(3)
        }
    }
}

/// Prints to stdout; a reader that has gone away is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::io("cannot write to stdout", &error))
        }
        _ => Ok(()),
    }
}
