//! Logs: written, verified, shown, cut, edited.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use roadveil::event::{Event, Record};
use roadveil::journal::{self, Log, Recorder, Writer};
use roadveil_role::Time;

use super::{code, roadveil, stderr, stdout};

/// A short run's log in a folder of its own.
fn logged(duration: &str) -> (tempfile::TempDir, PathBuf) {
    logged_of("three-cars", duration)
}

fn logged_of(topology: &str, duration: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("run.mcap");
    let words = [
        "run",
        topology,
        "--headless",
        "--quiet",
        "--duration",
        duration,
        "--log",
        "run.mcap",
    ];
    let output = roadveil(folder.path(), &words);
    assert!(matches!(code(&output), 0 | 1), "{}", stderr(&output));
    (folder, path)
}

/// The log again, with its records changed.
pub(super) fn rewrite(path: &Path, to: &Path, change: impl Fn(&mut Vec<Record>)) {
    let log = Log::open(path).expect("opens");
    let mut records: Vec<Record> = Vec::new();
    for portion in log.records_from(Time::ZERO).expect("opens") {
        records.extend(portion.expect("decodes").records);
    }
    change(&mut records);
    let writer = Writer::create(to, log.manifest(), log.cast(), journal::Options::default()).expect("creates");
    let mut recorder = Recorder::writing(writer, &Arc::clone(log.cast()));
    recorder.record(&records).expect("writes");
    recorder
        .finish(Time::from_secs(5), journal::Outcome::Finished)
        .expect("finishes");
}

#[test]
fn a_log_verifies_and_an_edited_one_does_not() {
    let (folder, path) = logged("5s");
    let output = roadveil(folder.path(), &["verify", "run.mcap"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("alike"));

    rewrite(&path, &folder.path().join("same.mcap"), |_| {});
    assert_eq!(code(&roadveil(folder.path(), &["verify", "same.mcap"])), 0);

    rewrite(&path, &folder.path().join("edited.mcap"), |records| {
        let place = records
            .iter()
            .position(|record| matches!(record.event, Event::Heard { .. }))
            .expect("a frame was heard");
        if let Event::Heard { receptions, .. } = &mut records[place].event {
            receptions[0].dbm += 1;
        }
    });
    let output = roadveil(folder.path(), &["verify", "edited.mcap"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stdout(&output).to_lowercase().contains("heard"), "{}", stdout(&output));
}

#[test]
fn what_no_longer_decodes_is_bad_input() {
    let (folder, path) = logged("5s");
    let good = fs::read(&path).expect("bytes");
    let bad = folder.path().join("bad.mcap");
    // A bit in the middle of the log: the checksum finds it.
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    fs::write(&bad, flipped).expect("writes");
    let output = roadveil(folder.path(), &["verify", "bad.mcap"]);
    assert_eq!(code(&output), 2, "{}{}", stdout(&output), stderr(&output));
    for rubbish in [&b""[..], b"rubbish", &good[..7]] {
        fs::write(&bad, rubbish).expect("writes");
        for words in [
            &["verify", "bad.mcap"][..],
            &["log", "info", "bad.mcap"],
            &["log", "cat", "bad.mcap"],
        ] {
            let output = roadveil(folder.path(), words);
            assert_eq!(code(&output), 2, "{words:?}: {}", stderr(&output));
            assert!(stderr(&output).contains("bad.mcap"), "{}", stderr(&output));
        }
    }
}

#[test]
fn a_cut_log_verifies_up_to_its_cut() {
    let (folder, path) = logged_of("city", "8s");
    let good = fs::read(&path).expect("bytes");
    fs::write(folder.path().join("cut.mcap"), &good[..good.len() * 2 / 3]).expect("writes");
    let output = roadveil(folder.path(), &["log", "info", "cut.mcap"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let output = roadveil(folder.path(), &["log", "info", "cut.mcap", "--json"]);
    let info: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(info["events"].as_u64().expect("events") > 1000, "{info}");
    let output = roadveil(folder.path(), &["verify", "cut.mcap"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn a_log_without_an_event_is_nothing_that_verifies() {
    let (folder, path) = logged("8s");
    let good = fs::read(&path).expect("bytes");
    // Cut within the first chunk, so that only the manifest is left.
    fs::write(folder.path().join("cut.mcap"), &good[..good.len() / 2]).expect("writes");
    let output = roadveil(folder.path(), &["verify", "cut.mcap"]);
    assert_eq!(code(&output), 2, "{}{}", stdout(&output), stderr(&output));
    assert!(stderr(&output).contains("no event to compare"), "{}", stderr(&output));
}

#[test]
fn a_killed_run_leaves_a_log_that_opens_and_verifies() {
    let folder = tempfile::tempdir().expect("folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_roadveil"))
        .args(["run", "city", "--headless", "--duration", "600s", "--log", "run.mcap"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let path = folder.path().join("run.mcap");
    // Chunks are written at least once a second: wait for the second one.
    for _ in 0..300 {
        std::thread::sleep(Duration::from_millis(100));
        if fs::metadata(&path).is_ok_and(|file| file.len() > 200_000) {
            break;
        }
    }
    child.kill().expect("SIGKILL");
    child.wait().expect("gone");
    let output = roadveil(folder.path(), &["log", "info", "run.mcap", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let info: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(info["events"].as_u64().expect("events") > 100, "{info}");
    let output = roadveil(folder.path(), &["verify", "run.mcap"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_closes_its_log() {
    let folder = tempfile::tempdir().expect("folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_roadveil"))
        .args(["run", "city", "--headless", "--duration", "600s", "--log", "run.mcap"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    // The run is on its way as soon as something of its log is there.
    let path = folder.path().join("run.mcap");
    for _ in 0..300 {
        std::thread::sleep(Duration::from_millis(100));
        if fs::metadata(&path).is_ok_and(|file| file.len() > 50_000) {
            break;
        }
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill");
    assert!(killed.success());
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    assert!(lines.any(|line| line.is_ok_and(|line| line.contains("ended before its time"))));
    let output = roadveil(folder.path(), &["log", "info", "run.mcap"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("interrupted"), "{}", stdout(&output));
    assert_eq!(code(&roadveil(folder.path(), &["verify", "run.mcap", "--quiet"])), 0);
}

/// The sample is the golden run's log: whoever changes the one renews the other
/// (`roadveil run three-cars --headless --seed 1 --duration 10s --log logs/sample.mcap`).
#[test]
fn the_sample_log_verifies() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = roadveil(root, &["verify", "logs/sample.mcap"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let info = roadveil(root, &["log", "info", "logs/sample.mcap", "--json"]);
    let info: serde_json::Value = serde_json::from_slice(&info.stdout).expect("JSON");
    assert_eq!(info["stream_hash"].as_str(), Some(include_str!("golden.txt").trim()));
}

#[test]
fn events_are_printed_a_json_object_a_line() {
    let (folder, _path) = logged("3s");
    let output = roadveil(folder.path(), &["log", "cat", "run.mcap", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    let mut frames = 0;
    for line in text.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        frames += u64::from(event["kind"] == "frame");
    }
    assert!(frames > 5);
}

#[test]
fn a_log_replayed_headless_has_the_figures_of_its_run() {
    let (folder, _path) = logged("5s");
    let output = roadveil(folder.path(), &["replay", "run.mcap", "--headless"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("ecpp."), "{}", stdout(&output));
}
