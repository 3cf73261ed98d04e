//! What a command writes, and what it must not write over.

use std::fs;

use super::{code, roadveil, stderr};

#[test]
fn nothing_is_lost_that_a_command_did_not_write() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name);
    let run = |words: &[&str]| {
        let all = [&["run", "mine.toml", "--headless", "-q", "--duration", "100ms"], words].concat();
        let output = roadveil(folder.path(), &all);
        (code(&output), stderr(&output))
    };
    let topology = include_str!("../../topologies/three-cars.toml");
    fs::write(path("mine.toml"), topology).expect("writes");
    fs::write(path("notes.txt"), "mine").expect("writes");
    for words in [
        &["--log", "mine.toml"][..],
        &["--no-log", "--report", "mine.toml"],
        &["--log", "notes.txt"],
        &["--no-log", "--report", "notes.txt"],
        &["--log", "both", "--report", "./both"],
    ] {
        let (code, text) = run(words);
        assert!(code == 2 && text.contains("cannot write"), "{words:?}: {code} {text}");
    }
    assert_eq!(fs::read_to_string(path("mine.toml")).expect("reads"), topology);
    assert_eq!(fs::read_to_string(path("notes.txt")).expect("reads"), "mine");
    // Its own files of before it may replace.
    for _ in 0..2 {
        let (code, text) = run(&["--log", "a.mcap", "--report", "a.json"]);
        assert_eq!(code, 0, "{text}");
        let export = roadveil(folder.path(), &["log", "export", "a.mcap", "-o", "a.jsonl"]);
        assert_eq!(super::code(&export), 0, "{}", stderr(&export));
    }
    for onto in ["a.mcap", "mine.toml"] {
        let export = roadveil(folder.path(), &["log", "export", "a.mcap", "-o", onto]);
        assert_eq!(code(&export), 2, "{onto}: {}", stderr(&export));
    }
}

#[test]
fn a_run_that_cannot_write_its_report_leaves_no_log() {
    let folder = tempfile::tempdir().expect("folder");
    let run = roadveil(
        folder.path(),
        &["run", "three-cars", "--headless", "--report", "nowhere/r.json"],
    );
    assert_eq!(code(&run), 2, "{}", stderr(&run));
    let logs = fs::read_dir(folder.path().join("logs")).expect("logs");
    assert_eq!(logs.count(), 0);
    let seed = roadveil(folder.path(), &["run", "three-cars", "--headless", "--seed", "x"]);
    assert!(
        code(&seed) == 2 && stderr(&seed).contains("expected a whole number from 0"),
        "{}",
        stderr(&seed)
    );
}

#[test]
fn a_topology_is_checked_with_what_is_set() {
    let folder = tempfile::tempdir().expect("folder");
    let check = |set: &str| code(&roadveil(folder.path(), &["topology", "check", "city", "--set", set]));
    assert_eq!([check("radio.exponent=3"), check("radio.exponent=30")], [0, 2]);
}

#[test]
fn a_quiet_run_names_what_failed() {
    let folder = tempfile::tempdir().expect("folder");
    let expect = "title = \"t\"\n[[node]]\nname = \"a\"\nroles = [\"ecpp.ta\"]\nat = [0, 0]\n[[node]]\nname = \"r\"\nroles = [\"ecpp.rsu\"]\nat = [1, 1]\n\
                  [[expect]]\nthat = \"ecpp.keys_issued > 5\"\n[[expect]]\nthat = \"ecpp.keys_issued == 0\"\nat = \"60s\"\n";
    fs::write(folder.path().join("t.toml"), expect).expect("writes");
    let run = roadveil(
        folder.path(),
        &["run", "t.toml", "--headless", "-q", "--no-log", "--duration", "1s"],
    );
    assert_eq!((code(&run), stderr(&run).trim()), (1, "failed: ecpp.keys_issued > 5"));
    let check = roadveil(folder.path(), &["topology", "check", "t.toml"]);
    assert!(code(&check) == 0, "{}", stderr(&check));
}

#[test]
fn a_lab_prints_its_rows_beside_theory() {
    let folder = tempfile::tempdir().expect("folder");
    let run = roadveil(folder.path(), &["lab", "run", "ldp-error", "--json"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let lab: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let rows = lab["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 42);
    for row in rows {
        let number = |key: &str| row[key].as_f64().unwrap_or_else(|| panic!("{key} of {row}"));
        assert!(row["mechanism"].is_string() && number("epsilon") > 0.0, "{row}");
        let ratio = number("rmse_percent") / number("closed_form_percent");
        assert!((0.9..1.1).contains(&ratio), "{row}");
    }
    let unknown = roadveil(folder.path(), &["lab", "run", "ldp-eror"]);
    // Long lines are broken.
    let words = stderr(&unknown)
        .replace('│', " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(code(&unknown) == 2 && words.contains("did you mean"), "{words}");
    let list = roadveil(folder.path(), &["lab", "list", "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).expect("JSON");
    assert_eq!(list[0]["name"], "ldp-error");
}
