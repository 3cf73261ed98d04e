//! The program as its users meet it: commands in, output and exit codes out.

mod audit;
mod bench;
mod determinism;
mod grid;
mod logs;
mod outputs;
mod privacy;
mod studies;
mod topologies;
mod usage;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The program, in a folder of its own.
fn roadveil(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_roadveil"))
        .args(words)
        .current_dir(folder)
        .env_remove("ROADVEIL_LOG")
        .output()
        .expect("the program starts")
}

/// Exit code of a run of the program.
fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs headless without a log, and gives the report.
fn report(words: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("folder");
    let words = [&["run"], words, &["--headless", "--no-log", "--quiet", "--report", "-"]].concat();
    let output = roadveil(folder.path(), &words);
    assert!(matches!(code(&output), 0 | 1), "{words:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {}", stdout(&output)))
}

/// The stream hash of a run.
fn hash(words: &[&str]) -> String {
    report(words)["stream_hash"].as_str().expect("a hash").to_owned()
}
