//! `roadveil study`.

use serde_json::Value;

use super::{code, hash, roadveil, stderr, stdout};

/// A study in a folder of its own.
fn study(files: &[(&str, &str)], words: &[&str]) -> std::process::Output {
    let folder = tempfile::tempdir().expect("folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    roadveil(folder.path(), &[&["study"], words].concat())
}

const STUDY: &str = "topology = \"three-cars\"\nseeds = [4, 2]\nduration = \"3s\"\nfigures = [\"frames.delivered\"]\n\
                     [vary]\n\"radio.exponent\" = [2.5, 4]\n";

#[test]
fn a_study_is_a_table_with_a_line_for_each_point() {
    let output = study(&[("mine.toml", STUDY)], &["mine.toml", "--threads", "1"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let csv = stdout(&output);
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(
        rows[0],
        "radio.exponent,runs,failed,frames.delivered,frames.delivered +-"
    );
    assert!(
        rows[1].starts_with("2.5,2,0,") && rows[2].starts_with("4,2,0,") && rows.len() == 3,
        "{csv}"
    );
    assert!(stderr(&output).contains("4 runs in"));
    let other = study(&[("mine.toml", STUDY)], &["mine.toml", "--threads", "3", "--quiet"]);
    assert_eq!((stdout(&other), stderr(&other).as_str()), (csv, ""));
}

#[test]
fn each_run_is_the_one_that_its_seed_makes() {
    let output = study(&[("mine.toml", STUDY)], &["mine.toml", "--json", "--quiet"]);
    let value: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(value["schema"], "roadveil.study/1");
    let run = &value["runs"][2];
    assert_eq!((run["seed"].as_u64(), run["point"].as_u64()), (Some(4), Some(1)));
    let alone = hash(&[
        "three-cars",
        "--seed",
        "4",
        "--duration",
        "3s",
        "--set",
        "radio.exponent=4",
    ]);
    assert_eq!(run["stream_hash"], alone.as_str());
    assert_ne!(value["runs"][0]["stream_hash"], run["stream_hash"]);
}

#[test]
fn failed_expectations_are_counted_and_named() {
    let text = "[protocols.ecpp]\n[[node]]\nname = \"ta\"\nroles = [\"ecpp.ta\"]\n\
                [[node]]\nname = \"rsu\"\nroles = [\"ecpp.rsu\"]\nat = [0, 0]\n\
                [[expect]]\nthat = \"frames.sent > 1000000\"\n";
    let words = ["--topology", "lonely.toml", "--seeds", "3", "--duration", "1s"];
    let output = study(&[("lonely.toml", text)], &words);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert_eq!(stdout(&output), "runs,failed\n3,3\n");
    assert!(
        stderr(&output).contains("seed 2: frames.sent > 1000000"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_cannot_be_run_is_said_before_anything_is() {
    let refused = |files: &[(&str, &str)], words: &[&str], part: &str| {
        let output = study(files, words);
        assert_eq!(code(&output), 2, "{words:?}");
        assert!(stderr(&output).contains(part), "{words:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    };
    refused(&[], &["no-such"], "lifetime");
    refused(&[], &["ecppp"], "ecpp");
    refused(&[], &["--topology", "-"], "anew");
    refused(
        &[],
        &["--topology", "three-cars", "--vary", "radio.exponent=2,x"],
        "radio.exponent",
    );
    refused(
        &[],
        &["--topology", "three-cars", "--figure", "frames.deliverd"],
        "delivered",
    );
    refused(&[("s.toml", "topology = \"citty\"")], &["s.toml"], "city");
    refused(&[("s.toml", "topology = \"city\"\nsed = 1")], &["s.toml"], "seeds");
}

#[test]
fn those_that_ship_are_listed() {
    for words in [&["--list"][..], &[]] {
        let output = study(&[], words);
        assert!(code(&output) == 0 && stdout(&output).contains("key-lifetime"));
        assert!(stdout(&output).contains("ecpp  "), "{}", stdout(&output));
    }
}

/// The paper's comparisons: tables on stdout, the same in a folder with pictures.
#[test]
fn the_rivals_are_compared() {
    let folder = tempfile::tempdir().expect("folder");
    let words = ["study", "ecpp", "--quick", "--quiet", "-o", "deep/drawn", "--json"];
    let output = roadveil(folder.path(), &words);
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    let value: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(value["schema"], "roadveil.study.ecpp/1");
    let table = |name: &str| {
        let tables = value["tables"].as_array().expect("tables");
        let found = tables.iter().find(|table| table["name"] == name);
        found.unwrap_or_else(|| panic!("{name}")).clone()
    };
    // With 10 revoked: ECPP 20.1 ms, GSB 66.6 ms, as literature quotes.
    let row = &table("verification-mnt-2008")["rows"][2];
    assert_eq!(
        (row[0].as_u64(), row[1].as_f64(), row[3].as_f64()),
        (Some(10), Some(20.1), Some(66.6))
    );
    let row = &table("storage")["rows"][2];
    let units = [1, 3, 5].map(|column| row[column].as_u64());
    assert_eq!(units, [Some(2), Some(11), Some(110_000)]);
    let drawn = folder.path().join("deep/drawn");
    // Slow vehicles are served, and more of them than fast ones.
    let ratios: Vec<f64> = (0..2)
        .filter_map(|row| table("serving")["rows"][row][8].as_f64())
        .collect();
    assert!(ratios[0] > 0.95 && ratios[1] < ratios[0], "{ratios:?}");
    for picture in ["serving-speed", "serving-density", "serving-rate"] {
        assert!(drawn.join(format!("{picture}.svg")).exists(), "{picture}");
    }
    for picture in ["storage", "verification-mnt-2008", "verification-obu-2026", "tracking"] {
        let svg = std::fs::read_to_string(drawn.join(format!("{picture}.svg"))).expect(picture);
        assert!(svg.contains("<polyline") && svg.contains("GSB"), "{picture}");
    }
    let tables = std::fs::read_to_string(drawn.join("tables.md")).expect("tables");
    assert!(
        tables.contains("## Storage of a vehicle") && tables.contains("| 10 | 2 | 2 | 11 | 11 | 110000 | 110000 |")
    );
    assert_eq!(
        std::fs::read_to_string(drawn.join("tables.json")).expect("JSON"),
        stdout(&output)
    );
    // Points that the page in docs has too are there as they are printed: with 10 revoked or 10 vehicles, and what a key costs.
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/studies/ecpp/tables.md");
    let page = std::fs::read_to_string(page).expect("a page");
    let starts = [
        "| 10 |",
        "| RSU",
        "| vehicle |",
        "| ECPP | 10 |",
        "| GSB | 10 |",
        "| HAB | 10 |",
    ];
    let shared: Vec<&str> = tables
        .lines()
        .filter(|line| starts.iter().any(|start| line.starts_with(start)))
        .collect();
    assert_eq!(shared.len(), 3 + 5 + 3, "{shared:#?}");
    for row in shared {
        assert!(page.lines().any(|line| line == row), "the page lacks {row}");
    }
}

#[test]
fn each_kind_of_study_refuses_the_others_flags() {
    for (words, part) in [
        (&["ecpp", "--vary", "radio.exponent=2,3"][..], "has no --vary"),
        (&["ecpp", "--seeds", "3"], "has no --seeds"),
        (&["key-lifetime", "-o", "there"], "--output"),
        (&["--topology", "city", "--quick"], "--quick"),
    ] {
        let output = study(&[], words);
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{words:?}");
        assert!(stderr(&output).contains(part), "{words:?}: {}", stderr(&output));
    }
}
