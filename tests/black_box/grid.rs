//! Smart-grid reporting, as its users meet it.

use std::fs;

use super::{code, hash, report, roadveil, stderr, stdout};

/// A street with an aggregator, in ten slots of a second.
const STREET: &str = r#"
title = "A street"
duration = "11s"
[protocols.grid]
slot = "1s"
beside = "both"
beside_every = 4
[[node]]
name = "centre"
roles = ["grid.centre"]
[[node]]
name = "street"
roles = ["grid.aggregator"]
at = [0, 0]
radio = true
[[node]]
name = "home-{}"
roles = ["grid.meter"]
at = [0, 0]
count = 40
spread = 60
radio = true
[[node]]
name = "roof-{}"
roles = ["grid.solar"]
at = [0, 0]
count = 8
wired = true
"#;

fn street(changes: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("folder");
    let mut text = STREET.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    fs::write(folder.path().join("street.toml"), &text).expect("written");
    (folder, text)
}

/// The error of a street that is not one: it ends with exit code 2.
fn wrong(changes: &[(&str, &str)], files: &[(&str, &str)]) -> String {
    let (folder, _) = street(changes);
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    let output = roadveil(folder.path(), &["run", "street.toml", "--headless", "--no-log"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    // Messages are wrapped, also within paths.
    stderr(&output)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" │ ", " ")
}

#[test]
fn a_run_estimates_load_with_intervals() {
    let report = report(&["grid", "--duration", "60s"]);
    let figure = |name: &str| {
        report["grid"][name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name}: {report:#}"))
    };
    assert!(figure("slots") >= 10.0);
    assert!((0.75..=1.0).contains(&figure("coverage")), "{}", figure("coverage"));
    let (estimated, known) = (figure("demand_kw"), figure("demand_true_kw"));
    assert!(
        (estimated / known - 1.0).abs() < 0.5 && known > 100.0,
        "{estimated} {known}"
    );
    assert_eq!((figure("budget_used_max"), figure("budgets_exhausted")), (1.0, 0.0));
    assert!(figure("report_bits") < 2.0 && figure("report_bytes") < 30.0);
    assert!(figure("occupancy_accuracy") >= 0.5);
}

#[test]
fn the_same_street_has_the_same_hash_and_its_log_verifies_and_replays() {
    let (folder, _) = street(&[]);
    let path = folder.path().join("street.toml");
    let path = path.to_str().expect("text");
    let one = hash(&[path, "--threads", "1"]);
    assert_eq!(one, hash(&[path, "--threads", "2"]));
    assert_eq!(one, hash(&[path, "--no-share"]));
    assert_ne!(one, hash(&[path, "--seed", "2"]));
    let run = roadveil(
        folder.path(),
        &["run", "street.toml", "--headless", "--log", "street.mcap"],
    );
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    assert!(stderr(&run).contains("grid.coverage"), "{}", stderr(&run));
    let verified = roadveil(folder.path(), &["verify", "street.mcap"]);
    assert_eq!(code(&verified), 0, "{}", stderr(&verified));
    let replayed = roadveil(folder.path(), &["replay", "street.mcap", "--headless"]);
    assert_eq!(code(&replayed), 0, "{}", stderr(&replayed));
    assert!(stdout(&replayed).contains("grid.coverage"), "{}", stdout(&replayed));
}

#[test]
fn a_profile_is_read_with_the_topology_and_named_in_its_log() {
    let profile = "time,H0-A,H0-B\n0:00,0.1,0.2\n0:15,0.3,0.4\n";
    let (folder, _) = street(&[(
        "slot = \"1s\"",
        "slot = \"1s\"\nprofile = \"load.csv\"\nprofile_columns = \"H0-*\"",
    )]);
    fs::write(folder.path().join("load.csv"), profile).expect("written");
    let checked = roadveil(folder.path(), &["topology", "check", "street.toml"]);
    assert_eq!(code(&checked), 0, "{}", stderr(&checked));
    assert!(stdout(&checked).contains("reads load.csv"), "{}", stdout(&checked));
    let run = roadveil(
        folder.path(),
        &["run", "street.toml", "--headless", "--log", "street.mcap"],
    );
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    fs::write(folder.path().join("load.csv"), profile.replace("0.4", "0.9")).expect("written");
    let verified = roadveil(folder.path(), &["verify", "street.mcap"]);
    assert_ne!(code(&verified), 0, "another file makes another run");
}

#[test]
fn what_is_no_street_is_an_error_that_names_the_place() {
    let profile = ("slot = \"1s\"", "slot = \"1s\"\nprofile = \"load.csv\"");
    let missing = wrong(&[profile], &[]);
    assert!(
        missing.contains("there is no such file") && missing.contains("load.csv"),
        "{missing}"
    );
    let negative = wrong(&[profile], &[("load.csv", "time,a\n0:00,0.5\n0:15,-2\n")]);
    assert!(
        negative.contains("profile: line 3, column `a`: expected a number from 0"),
        "{negative}"
    );
    let ragged = wrong(&[profile], &[("load.csv", "time,a\n0:00,0.5,7\n")]);
    assert!(ragged.contains("line 2: expected 2 cells"), "{ragged}");
    for (value, said) in [
        ("0", "from 0.01 to 16"),
        ("nan", "from 0.01 to 16"),
        ("1e9", "from 0.01 to 16"),
    ] {
        let epsilon = format!("slot = \"1s\"\nepsilon = {value}");
        let error = wrong(&[("slot = \"1s\"", &epsilon)], &[]);
        assert!(error.contains(said), "{error}");
    }
    let levels = wrong(&[("slot = \"1s\"", "slot = \"1s\"\nlevels = 1")], &[]);
    assert!(levels.contains("from 2 to 4096"), "{levels}");
    let nobody = wrong(&[("count = 40", "count = 0")], &[]);
    assert!(nobody.contains("from 1 to"), "{nobody}");
    let twice = wrong(&[("roof-{}", "home-{}")], &[]);
    assert!(twice.contains("a second node is called `home-1`"), "{twice}");
    let adrift = wrong(&[("count = 8\nwired = true", "count = 8")], &[]);
    assert!(
        adrift.contains("meter `roof-1` has neither wires nor a radio"),
        "{adrift}"
    );
    let mechanism = wrong(&[("slot = \"1s\"", "slot = \"1s\"\nmechanism = \"rr1\"")], &[]);
    assert!(mechanism.contains("rr-1"), "{mechanism}");
}
