//! Bad usage and odd circumstances.

use super::{code, report, roadveil, stderr, stdout};

#[test]
fn bad_usage_is_exit_code_2_and_names_what_is_wrong() {
    let folder = tempfile::tempdir().expect("folder");
    for (words, named) in [
        (&["runn"][..], "run"),
        (&["run", "citty", "--headless"], "city"),
        (&["run", "missing.toml", "--headless"], "missing.toml"),
        (&["run", "--headless", "--duration=-3s"], "duration"),
        (&["run", "--headless", "--duration", "soon"], "60s"),
        (&["run", "--headless", "--threads", "0"], "threads"),
        (&["run", "--headless", "--set", "radio.exponant=3"], "exponent"),
        (&["run", "--headless", "--set", "radio.exponent=NaN"], "exponent"),
        (
            &["run", "--headless", "--log", "no/such/folder/x.mcap"],
            "no/such/folder",
        ),
        (&["run", "--speed", "fast"], "pace"),
        (&["replay", "nothing-like-it"], "nothing-like-it"),
        (&["verify", "nothing-like-it"], "nothing-like-it"),
        (&["log", "info", "nothing-like-it"], "nothing-like-it"),
        (&["topology", "show", "citty"], "city"),
        (&["protocol", "show", "ecp"], "ecpp"),
        (
            &["topology", "import", "--net", "a.xml", "--fcd", "b.xml", "-o", "t.toml"],
            "a.xml",
        ),
    ] {
        let output = roadveil(folder.path(), words);
        assert_eq!(code(&output), 2, "{words:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(named),
            "{words:?} should name {named}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_live_run_without_a_terminal_says_what_to_do() {
    let folder = tempfile::tempdir().expect("folder");
    let output = roadveil(folder.path(), &["run", "three-cars"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--headless"), "{}", stderr(&output));
}

#[test]
fn without_a_command_and_without_a_terminal_it_runs_headless_and_summarises() {
    let folder = tempfile::tempdir().expect("folder");
    let output = roadveil(folder.path(), &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("30.0 s"), "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
    assert_eq!(
        std::fs::read_dir(folder.path().join("logs"))
            .expect("logs")
            .filter(|entry| {
                entry
                    .as_ref()
                    .is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "mcap"))
            })
            .count(),
        1
    );
    assert_eq!(code(&roadveil(folder.path(), &["log", "info"])), 0);
}

#[test]
fn protocols_say_what_is_reconstruction() {
    let folder = tempfile::tempdir().expect("folder");
    let output = roadveil(folder.path(), &["protocol", "show", "ecpp"]);
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).contains("reconstruction"));
}

#[test]
fn the_report_is_what_its_schema_says() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../../docs/report.schema.json")).expect("JSON");
    let report = report(&["three-cars", "--duration", "4s"]);
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    // The schema must be able to refuse.
    assert!(!validator.is_valid(&serde_json::json!({ "schema": "roadveil.report/1" })));
}

#[test]
fn what_nobody_reads_on_stderr_ends_no_run() {
    let folder = tempfile::tempdir().expect("folder");
    for words in [
        &[
            "run",
            "three-cars",
            "--headless",
            "--duration",
            "3s",
            "--log",
            "run.mcap",
            "--report",
            "-",
        ][..],
        &["verify", "run.mcap"],
        &["study", "--topology", "three-cars", "--seeds", "2", "--duration", "1s"],
        &["run", "no-such-topology"],
    ] {
        // Every write to it fails.
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("there is one");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_roadveil"))
            .args(words)
            .current_dir(folder.path())
            .stderr(full)
            .output()
            .expect("the program starts");
        let expected = if words[1] == "no-such-topology" { 2 } else { 0 };
        assert_eq!(code(&output), expected, "{words:?}");
        assert!(
            expected > 0 || words[0] == "verify" || !output.stdout.is_empty(),
            "{words:?}"
        );
    }
}
