//! Topologies: listed, shown, checked, and refused with the place and the nearest valid name.

use std::fs;
use std::path::Path;

use super::{code, report, roadveil, stderr, stdout};

#[test]
fn every_shipped_topology_shows_checks_and_runs_anywhere() {
    let folder = tempfile::tempdir().expect("folder");
    let list = roadveil(folder.path(), &["topology", "list", "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).expect("JSON");
    let list = list.as_array().expect("an array");
    assert!(list.len() >= 3);
    for topology in list {
        let name = topology["name"].as_str().expect("a name");
        assert!(!topology["title"].as_str().expect("a title").is_empty());
        let shown = roadveil(folder.path(), &["topology", "show", name]);
        assert_eq!(code(&shown), 0);
        fs::write(folder.path().join("shown.toml"), &shown.stdout).expect("writes");
        let checked = roadveil(folder.path(), &["topology", "check", "shown.toml"]);
        assert_eq!(code(&checked), 0, "{name}: {}", stderr(&checked));
        let run = roadveil(
            folder.path(),
            &["run", "shown.toml", "--headless", "--no-log", "--duration", "1s"],
        );
        assert_eq!(code(&run), 0, "{name}: {}", stderr(&run));
    }
}

#[test]
fn a_new_topology_checks() {
    let folder = tempfile::tempdir().expect("folder");
    let new = roadveil(folder.path(), &["topology", "new"]);
    fs::write(folder.path().join("new.toml"), &new.stdout).expect("writes");
    let checked = roadveil(folder.path(), &["topology", "check", "new.toml"]);
    assert_eq!(code(&checked), 0, "{}", stderr(&checked));
}

#[test]
fn a_mistake_is_shown_where_it_is_with_the_nearest_valid_name() {
    let folder = tempfile::tempdir().expect("folder");
    let text = stdout(&roadveil(folder.path(), &["topology", "show", "three-cars"]));
    let wrong = text.replacen("ecpp.obu", "ecpp.obi", 1);
    assert_ne!(text, wrong);
    fs::write(folder.path().join("wrong.toml"), wrong).expect("writes");
    for words in [
        &["topology", "check", "wrong.toml"][..],
        &["run", "wrong.toml", "--headless", "--no-log"],
    ] {
        let output = roadveil(folder.path(), words);
        assert_eq!(code(&output), 2);
        let text = stderr(&output);
        assert!(text.contains("wrong.toml:") && text.contains("ecpp.obu"), "{text}");
    }
}

#[test]
fn a_failed_expectation_is_an_exit_code() {
    let folder = tempfile::tempdir().expect("folder");
    let mut text = stdout(&roadveil(folder.path(), &["topology", "show", "three-cars"]));
    text.push_str("\n[[expect]]\nthat = \"frames.lost.jammed >= 1\"\n");
    fs::write(folder.path().join("t.toml"), text).expect("writes");
    let output = roadveil(
        folder.path(),
        &["run", "t.toml", "--headless", "--no-log", "--duration", "1s"],
    );
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("FAILED"), "{}", stderr(&output));
}

#[test]
fn the_shipped_expectations_hold_at_full_length() {
    let list = roadveil(Path::new("."), &["topology", "list", "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).expect("JSON");
    for topology in list.as_array().expect("an array") {
        let name = topology["name"].as_str().expect("a name");
        let report = report(&[name]);
        assert_eq!(report["finished"], true);
        let expectations = report["expect"].as_array().expect("expectations");
        assert!(!expectations.is_empty(), "{name}");
        for expectation in expectations {
            assert_eq!(expectation["ok"], true, "{name}: {expectation}");
        }
        let frames = &report["frames"];
        let lost: u64 = frames["lost"]
            .as_object()
            .expect("reasons")
            .values()
            .filter_map(serde_json::Value::as_u64)
            .sum();
        assert_eq!(
            frames["candidates"].as_u64(),
            Some(frames["delivered"].as_u64().expect("delivered") + lost)
        );
    }
}

/// What only a protocol can judge is refused when it is set up, with its name, the parameter, and what was meant.
#[test]
fn a_protocol_says_which_value_it_cannot_take() {
    let folder = tempfile::tempdir().expect("folder");
    for (set, says) in [
        (
            "revoke=veh-99@5s",
            "revoke: no obu is called `veh-99`; did you mean `veh-9`?",
        ),
        ("steal=veh-1@5s:rsu-3", "steal: no rsu is called `rsu-3`; did you mean"),
        ("steal=veh-1", "steal: expected NODE@TIME:RSU"),
        (
            "misbehave=x@5s",
            "misbehave: no obu is called `x`; there are 10 of them",
        ),
        (
            "lying_rsus=rsu-9:none",
            "lying_rsus: no rsu is called `rsu-9`; did you mean",
        ),
        ("mix_zones=1/2", "mix_zones: expected X/Y/"),
        (
            "epoch_length=15s",
            "epoch_overlap (10s) must be at most half of epoch_length (15s)",
        ),
        ("joint_change=11s", "joint_change"),
        ("max_lifetime=20s", "max_lifetime"),
    ] {
        let set = format!("protocols.ecpp.{set}");
        let run = roadveil(
            folder.path(),
            &[
                "run",
                "ecpp-misbehaviour",
                "--headless",
                "--no-log",
                "--duration",
                "1s",
                "--set",
                &set,
            ],
        );
        let words = |text: &str| text.replace("│", " ").split_whitespace().collect::<Vec<_>>().join(" ");
        let error = words(&stderr(&run));
        // Long lines are broken at hyphens, too.
        let (error, says) = (error.replace("- ", "-"), words(says));
        assert_eq!(code(&run), 2, "{set}: {error}");
        assert!(
            error.contains(&says) && error.contains("[protocols.ecpp]") && error.contains("--set:1:"),
            "{set}: {error}"
        );
    }
}

/// The same out of the topology, with file, line and column.
#[test]
fn a_protocol_shows_where_the_value_stands_that_it_cannot_take() {
    let folder = tempfile::tempdir().expect("folder");
    let starter = String::from_utf8(roadveil(folder.path(), &["topology", "new"]).stdout).expect("text");
    let table = starter.find("[protocols.ecpp]\n").expect("a table") + "[protocols.ecpp]\n".len();
    let line = starter[..table].lines().count() + 1;
    let (above, below) = starter.split_at(table);
    let path = folder.path().join("mine.toml");
    fs::write(&path, format!("{above}mix_zones = \"nowhere\"\n{below}")).expect("writes");
    let check = roadveil(folder.path(), &["topology", "check", "mine.toml"]);
    assert_eq!(code(&check), 2);
    let error = stderr(&check);
    assert!(error.contains(&format!("mine.toml:{line}:13")), "{error}");
    assert!(error.contains("expected X/Y/RADIUS"), "{error}");
    // What a stranger wrote is quoted, but neither whole nor as a command to the terminal.
    let long = "x".repeat(100_000);
    fs::write(&path, format!("{above}mix_zones = \"\\u001b[2J{long}\"\n{below}")).expect("writes");
    let error = stderr(&roadveil(
        folder.path(),
        &["run", "mine.toml", "--headless", "--no-log"],
    ));
    let message = error.split("mine.toml:").nth(1).expect("a place");
    let message = message.split('╭').next().expect("a message");
    assert!(
        message.len() < 1_000 && message.contains("u{1b}"),
        "{} bytes",
        message.len()
    );
    assert!(!error.contains('\u{1b}'), "escapes");
}
