//! `roadveil bench radio` and `roadveil bench peers`. How close the air is to ns-3 is another test's concern.

use serde_json::Value;

use super::{code, roadveil, stderr, stdout};

/// Standard output of `bench radio` with these words.
fn radio(words: &str) -> String {
    let folder = tempfile::tempdir().expect("folder");
    let words: Vec<&str> = ["bench", "radio"].into_iter().chain(words.split(' ')).collect();
    let output = roadveil(folder.path(), &words);
    assert_eq!(code(&output), 0, "{words:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_curve_has_a_row_for_each_25_m_and_pairs_as_ns3_radio_counts_them() {
    let csv = radio("curve --fading none --bytes 300 --exponent 2.2 --frames 500");
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[0], "mode,distance_m,sent,received,ratio");
    assert_eq!(rows.len(), 41);
    // -82 dBm are 276 m at this exponent.
    assert_eq!(rows[11], "curve,275,521,521,1.0000");
    assert_eq!(rows[12], "curve,300,521,0,0.0000");
}

#[test]
fn values_come_with_flags_or_in_the_order_of_ns3_radio() {
    assert_eq!(
        radio("highway 40 20 400 1 3 none"),
        radio("highway --nodes 40 --spacing 20 --bytes 400 --seconds 1 --seed 3 --fading none")
    );
    assert_ne!(radio("clique 30 300 1 3"), radio("clique 30 300 1 4"));
}

#[test]
fn a_clique_has_a_row_for_each_number_of_nodes_whatever_the_threads() {
    let csv = radio("clique --nodes 5,10 --seconds 1.2 --seeds 3 --threads 1");
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows[0], "mode,nodes,sent,received,ratio");
    assert!(rows[1].starts_with("clique,5,600,"), "{csv}");
    assert!(rows[2].starts_with("clique,10,2700,"), "{csv}");
    assert_eq!(csv, radio("clique --nodes 5,10 --seconds 1.2 --seeds 3 --threads 3"));
}

#[test]
fn json_says_what_was_run() {
    let value: Value = serde_json::from_str(&radio("highway --nodes 20 --seconds 1 --json")).expect("JSON");
    assert_eq!(value["mode"], "highway");
    assert_eq!(value["parameters"]["fading"], "nakagami");
    assert_eq!(value["parameters"]["nodes"], 20);
    assert_eq!(value["points"][0]["distance_m"], 0.0);
    assert!(value["points"][0]["sent"].as_u64().is_some_and(|sent| sent > 0));
}

#[test]
fn a_picture_shows_ours_and_anothers() {
    let folder = tempfile::tempdir().expect("folder");
    let counts = "mode,distance_m,sent,received,ratio\ncurve,25,10,9,0.9\ncurve,50,10,5,0.5\n";
    std::fs::write(folder.path().join("other.csv"), counts).expect("written");
    let words = [
        "bench",
        "radio",
        "curve",
        "--frames",
        "50",
        "--svg",
        "p.svg",
        "--with",
        "other.csv",
    ];
    let output = roadveil(folder.path(), &words);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let picture = std::fs::read_to_string(folder.path().join("p.svg")).expect("drawn");
    assert!(picture.contains("roadveil") && picture.contains("other") && picture.contains("<circle"));
}

#[test]
fn absurd_values_are_exit_code_2_and_name_what_was_expected() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("bad.csv"), "no counts").expect("written");
    for (words, named) in [
        ("radio curve --bytes 0", "1 to 2304"),
        ("radio curve --bytes 2305", "1 to 2304"),
        ("radio curve --frames 0", "whole number"),
        ("radio curve --frames 1e30", "whole number"),
        ("radio curve --exponent NaN", "1.5 to 8"),
        ("radio clique --nodes 0", "2 to 10000"),
        ("radio clique --nodes 99999999", "2 to 10000"),
        ("radio clique --seconds 1e12", "0.3 to 3600"),
        ("radio highway --spacing=-1", "0.1 to 10000"),
        ("radio highway --seeds 0", "seeds"),
        ("radio highway --frames 5", "means nothing here"),
        ("radio circle", "curve"),
        ("radio", "<MODE>"),
        ("radio curve --svg p.svg --with missing.csv", "missing.csv"),
        ("radio curve --svg p.svg --with bad.csv", "bad.csv"),
        ("peers --nodes 1", "1"),
        ("peers --nodes many", "many"),
    ] {
        let words: Vec<&str> = ["bench"].into_iter().chain(words.split(' ')).collect();
        let output = roadveil(folder.path(), &words);
        assert_eq!(code(&output), 2, "{words:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(named), "{words:?}: {}", stderr(&output));
    }
}

#[test]
fn without_other_simulators_ours_is_measured_and_they_are_named() {
    let folder = tempfile::tempdir().expect("folder");
    let output = roadveil(folder.path(), &["bench", "peers", "--quick", "--nodes", "10", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["absent"], serde_json::json!(["ns-3", "nexosim", "turmoil"]));
    let simulators = value["simulators"].as_array().expect("an array");
    assert_eq!(simulators.len(), 2);
    assert!(simulators.iter().all(|case| {
        case["deliveries_per_cpu_s"].as_f64().is_some_and(|figure| figure > 0.0) && case["error"].is_null()
    }));
    assert_eq!(value["growth"]["factors"].as_array().map(Vec::len), Some(6));
    let shares = value["parts"]["share"].as_object().expect("an object");
    let sum: f64 = shares.values().filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{shares:?}");
    for part in ["radio", "protocol", "cryptography", "log", "screen"] {
        assert!(
            shares[part].as_f64().is_some_and(|share| share > 0.0),
            "{part}: {shares:?}"
        );
    }
}
