//! Same scenario, same seed, same bytes; anything else, other bytes.

use super::{hash, report};

const RUN: &[&str] = &["three-cars", "--duration", "8s"];

fn with(words: &[&str]) -> String {
    hash(&[RUN, words].concat())
}

#[test]
fn threads_and_sharing_change_nothing() {
    let base = with(&[]);
    assert_eq!(base, with(&[]));
    assert_eq!(base, with(&["--threads", "1"]));
    assert_eq!(base, with(&["--threads", "2"]));
    assert_eq!(base, with(&["--threads", "1", "--no-share"]));
}

#[test]
fn seed_radio_and_protocol_change_the_stream() {
    let base = with(&[]);
    assert_eq!(base, with(&["--seed", &report(RUN)["seed"].to_string()]));
    assert_ne!(base, with(&["--seed", "4242"]));
    assert_ne!(base, with(&["--set", "radio.exponent=3.1"]));
    assert_ne!(base, with(&["--set", "protocols.ecpp.beacon_period=200ms"]));
}

/// The golden run. A change of its hash is a change of what a run is: make it on purpose, and give the reason in
/// CHANGELOG.md.
#[test]
fn the_golden_run_is_what_it_was() {
    assert_eq!(
        hash(&["three-cars", "--seed", "1", "--duration", "10s"]),
        include_str!("golden.txt").trim()
    );
}

#[test]
fn what_is_executed_is_a_host_figure_and_what_is_charged_is_not() {
    let shared = report(&[RUN, &["--threads", "1"]].concat());
    let each = report(&[RUN, &["--threads", "1", "--no-share"]].concat());
    let figure = |report: &serde_json::Value, op: &str, what: &str| report["ops"][op][what].as_u64().unwrap_or(0);
    for op in ["g1_mul", "pairing", "hash_to_scalar"] {
        assert_eq!(figure(&shared, op, "charged"), figure(&each, op, "charged"), "{op}");
    }
    let executed =
        |report: &serde_json::Value| figure(report, "miller_loop", "executed") + figure(report, "g1_mul", "executed");
    assert!(executed(&each) > executed(&shared));
    assert!(figure(&shared, "g1_mul", "charged") > 0);
}
