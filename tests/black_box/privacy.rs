//! `roadveil log privacy`.

use std::path::Path;

use serde_json::Value;

use super::{code, roadveil, stderr, stdout};

/// A run of a small town in which vehicles change their keys often, logged.
fn run(folder: &Path, words: &[&str]) {
    let fixed = [
        "run",
        "city",
        "--headless",
        "--quiet",
        "--log",
        "run.mcap",
        "--set",
        "protocols.ecpp.key_lifetime=10s",
        "--set",
        "protocols.ecpp.validity_quantum=1s",
    ];
    let output = roadveil(folder, &[&fixed, words].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

fn figures(folder: &Path, words: &[&str]) -> Value {
    let output = roadveil(folder, &[&["log", "privacy", "run.mcap", "--json"], words].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).expect("JSON")
}

#[test]
fn who_hears_everything_follows_nearly_everyone_and_who_hears_less_knows_less() {
    let folder = tempfile::tempdir().expect("folder");
    run(folder.path(), &["--duration", "25s"]);
    let number = |value: &Value, name: &str| value[name].as_f64().expect("a number");
    let all = figures(folder.path(), &[]);
    assert!(number(&all, "changes") > 20.0, "{all}");
    // A message ten times a second, and no silence at a change: a pseudonym hides nobody.
    assert!(number(&all, "linked_share") > 0.9, "{all}");
    let one = figures(folder.path(), &["--antennas", "rsu-1"]);
    assert!(number(&one, "sightings") < number(&all, "sightings"), "{one}");
    assert!(number(&one, "tracked_mean_s") < number(&all, "tracked_mean_s"), "{one}");
    let rsus = figures(folder.path(), &["--antennas", "rsu-*"]);
    assert_eq!(
        rsus,
        figures(folder.path(), &["--antennas", "rsu-6,rsu-5,rsu-4,rsu-3,rsu-2,rsu-1"])
    );
    // Over no silence at all nobody links: the next message is a tenth of a second later.
    let deaf = figures(folder.path(), &["--silence", "1ms"]);
    assert_eq!(number(&deaf, "changes"), 0.0);
}

#[test]
fn what_is_asked_wrongly_is_said() {
    let folder = tempfile::tempdir().expect("folder");
    run(folder.path(), &["--duration", "1s"]);
    let output = roadveil(
        folder.path(),
        &["log", "privacy", "run.mcap", "--antennas", "rsu-1,rsv-2"],
    );
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("rsv-2") && stderr(&output).contains("rsu-2"),
        "{}",
        stderr(&output)
    );
    let output = roadveil(folder.path(), &["log", "privacy", "no-such.mcap"]);
    assert_eq!(code(&output), 2);
    let output = roadveil(folder.path(), &["log", "privacy", "run.mcap"]);
    assert!(stdout(&output).contains("linked_share"), "{}", stdout(&output));
    assert!(!stderr(&output).contains("note"), "{}", stderr(&output));
    let whole = std::fs::read(folder.path().join("run.mcap")).expect("read");
    run(folder.path(), &["--duration", "4s"]);
    let longer = std::fs::read(folder.path().join("run.mcap")).expect("read");
    assert!(longer.len() > whole.len());
    std::fs::write(folder.path().join("cut.mcap"), &longer[..longer.len() - 20_000]).expect("written");
    for what in ["privacy", "audit"] {
        let output = roadveil(folder.path(), &["log", what, "cut.mcap"]);
        assert!(
            stderr(&output).contains("of a run of 4.000 s"),
            "{what}: {}",
            stderr(&output)
        );
    }
}

/// The listeners of a topology: in the report, in a replay, and, for one who has no cue, as `log privacy` finds it.
#[test]
fn listeners_of_a_topology_are_in_its_report_and_its_replay() {
    let folder = tempfile::tempdir().expect("folder");
    let words = [
        "run",
        "ecpp-privacy",
        "--headless",
        "--quiet",
        "--duration",
        "25s",
        "--log",
        "run.mcap",
    ];
    let output = roadveil(folder.path(), &[&words[..], &["--report", "-"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let listeners = report["privacy"].as_object().expect("listeners");
    let names: Vec<&str> = listeners.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["curious", "everywhere", "gauger", "reader", "stranger", "units"]
    );
    for (name, antennas) in [
        ("everywhere", "all"),
        ("stranger", "ear-*"),
        ("units", "rsu-*"),
        ("curious", "rsu-1"),
    ] {
        let mut found = figures(folder.path(), &["--antennas", antennas]);
        for other in ["pseudonyms", "sightings"] {
            found.as_object_mut().expect("figures").remove(other);
        }
        assert_eq!(listeners[name], found, "{name}");
    }
    let number = |name: &str, figure: &str| listeners[name][figure].as_f64().expect("a number");
    assert!(number("everywhere", "changes") > number("curious", "changes"));
    let output = roadveil(folder.path(), &["replay", "run.mcap", "--headless"]);
    let text = stdout(&output);
    let line = |figure: &str| text.lines().find(|line| line.contains(figure)).map(str::to_owned);
    let changes = line("privacy.everywhere.changes").expect("it is there");
    assert!(
        changes.ends_with(&format!("  {}", number("everywhere", "changes"))),
        "{changes}"
    );
    assert_eq!(code(&roadveil(folder.path(), &["verify", "run.mcap"])), 0);
}

/// A key that says when it was asked for gives away, after a silence, whose it is.
#[test]
fn an_exact_validity_links_over_a_silence() {
    let folder = tempfile::tempdir().expect("folder");
    let linked = |quantum: &str| {
        let quantum = format!("protocols.ecpp.validity_quantum={quantum}");
        let words = [
            "run",
            "ecpp-privacy",
            "--headless",
            "--quiet",
            "--no-log",
            "--report",
            "-",
        ];
        let set = ["--set", "protocols.ecpp.silence=12s", "--set", &quantum];
        let output = roadveil(folder.path(), &[&words[..], &set].concat());
        let report: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
        let share = |name: &str| report["privacy"][name]["linked_share"].as_f64().expect("a number");
        share("reader") - share("everywhere")
    };
    let (exact, rounded) = (linked("0s"), linked("10s"));
    assert!(exact > 0.08 && exact > rounded, "{exact} {rounded}");
}
