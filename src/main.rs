//! The program: reads the command line and hands over.

use std::process::ExitCode;

use clap::Parser;
use roadveil::{cli::Cli, command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    command::dispatch(Cli::parse())
}
