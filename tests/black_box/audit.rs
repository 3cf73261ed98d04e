//! Logs handed on without their truth, and audited for what gives it away.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use roadveil::event::{Event, NodeId, Record, TxId};
use roadveil::journal::Log;
use roadveil_role::LinkAddr;
use serde_json::Value;

use super::logs::rewrite;
use super::{code, roadveil, stderr, stdout};

/// A seed that stands out in whatever holds it.
const SEED: &str = "9876543210987";

/// A run's log in a folder of its own, with keys that live as long as that.
fn logged(topology: &str, duration: &str, lifetime: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("run.mcap");
    let set = format!("protocols.ecpp.key_lifetime={lifetime}");
    let words = ["run", topology, "--headless", "--quiet", "--log", "run.mcap"];
    let words = [&words[..], &["--duration", duration, "--set", &set, "--seed", SEED]].concat();
    let output = roadveil(folder.path(), &words);
    assert!(matches!(code(&output), 0 | 1), "{}", stderr(&output));
    (folder, path)
}

fn audited(folder: &Path, log: &str) -> (i32, Value) {
    let output = roadveil(folder, &["log", "audit", log, "--json"]);
    let audit = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(&output), stderr(&output)));
    (code(&output), audit)
}

/// The predictors that an audit calls leaks.
fn leaks(audit: &Value) -> Vec<&str> {
    let scores = audit["metadata"].as_array().expect("scores");
    let leak = |score: &&Value| score["corrected"].as_f64().expect("a number") < 0.001;
    scores
        .iter()
        .filter(leak)
        .map(|score| score["name"].as_str().expect("a name"))
        .collect()
}

#[test]
fn a_stripped_export_has_what_was_on_the_air_and_nothing_else() {
    for topology in ["three-cars", "ecpp", "city"] {
        let (folder, path) = logged(topology, "8s", "20s");
        let output = roadveil(folder.path(), &["log", "export", "run.mcap", "--strip-truth"]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = stdout(&output);
        let info = roadveil(folder.path(), &["log", "info", "run.mcap", "--json"]);
        let info: Value = serde_json::from_slice(&info.stdout).expect("JSON");
        assert_eq!(Some(text.lines().count() as u64), info["frames"].as_u64());

        let mut before = (0, String::new());
        for (number, line) in text.lines().enumerate() {
            let frame: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let mut keys: Vec<&str> = frame
                .as_object()
                .expect("an object")
                .keys()
                .map(String::as_str)
                .collect();
            keys.sort_unstable();
            let public = "airtime_ns bytes from length message n protocol t t_ns to";
            assert_eq!(keys.join(" "), public, "{line}");
            assert_eq!(frame["n"].as_u64(), Some(number as u64), "{line}");
            assert_eq!(frame["protocol"], "ecpp", "{line}");
            assert!(frame["message"].is_string(), "{line}");
            let now = (frame["t_ns"].as_u64().expect("t"), frame["from"].to_string());
            assert!(
                before < now,
                "frames of one moment stand in the order of their addresses: {line}"
            );
            before = now;
        }
        // The protocol's name is on the air, and one topology is called like it.
        let text = text.replace("\"protocol\":\"ecpp\"", "");
        let log = Log::open(&path).expect("opens");
        let names = log.cast().nodes.iter().map(|node| node.name.as_str());
        for secret in names.chain(["truth", "seed", SEED, topology, "scenario", "node"]) {
            assert!(!text.contains(secret), "{topology}: {secret} is in the export");
        }
    }
}

#[test]
fn a_whole_export_is_what_cat_prints() {
    let (folder, _path) = logged("three-cars", "3s", "20s");
    let words = ["log", "export", "run.mcap", "--format", "jsonl", "-o", "run.jsonl"];
    let output = roadveil(folder.path(), &words);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    let cat = roadveil(folder.path(), &["log", "cat", "run.mcap", "--json"]);
    assert_eq!(fs::read(folder.path().join("run.jsonl")).expect("written"), cat.stdout);
}

#[test]
fn an_export_is_no_log_and_does_not_overwrite_one() {
    let (folder, path) = logged("three-cars", "3s", "20s");
    for strip in [&[][..], &["--strip-truth"]] {
        let words = [&["log", "export", "run.mcap", "-o", "run.jsonl"], strip].concat();
        assert_eq!(code(&roadveil(folder.path(), &words)), 0);
        for words in [
            &["verify", "run.jsonl"][..],
            &["log", "info", "run.jsonl"],
            &["log", "audit", "run.jsonl"],
        ] {
            let output = roadveil(folder.path(), words);
            assert_eq!(code(&output), 2, "{words:?}: {}", stderr(&output));
            assert!(stderr(&output).contains("JSON, not a run log"), "{}", stderr(&output));
        }
    }
    let before = fs::read(&path).expect("bytes");
    for (onto, named) in [
        ("./run.mcap", "the log itself"),
        ("no/such/folder/e.jsonl", "no/such/folder"),
    ] {
        let output = roadveil(folder.path(), &["log", "export", "run.mcap", "-o", onto]);
        assert_eq!(code(&output), 2, "{onto}: {}", stderr(&output));
        assert!(stderr(&output).contains(named), "{}", stderr(&output));
    }
    assert_eq!(fs::read(&path).expect("bytes"), before);
}

#[test]
fn the_shipped_topologies_betray_nobody_by_order_numbers_or_addresses() {
    for (topology, duration, lifetime) in [("city", "40s", "8s"), ("ecpp", "50s", "8s")] {
        let (folder, _path) = logged(topology, duration, lifetime);
        let (code, audit) = audited(folder.path(), "run.mcap");
        assert_eq!(
            (code, &audit["conclusion"]),
            (0, &"passed".into()),
            "{topology}: {audit:#}"
        );
        assert!(audit["comparable"].as_u64() > Some(60), "{topology}: {audit:#}");
        // There are frames of one moment, so that their order is really tried.
        assert!(audit["metadata"][0]["of"].as_u64() > Some(15), "{topology}: {audit:#}");
        assert_eq!(audited(folder.path(), "run.mcap").1, audit);
    }
}

/// Eight of thirty vehicles lie: nothing but what they say tells them from the others.
#[test]
fn attackers_are_not_betrayed_by_order_numbers_or_addresses() {
    let liars: Vec<String> = (1..=8).map(|n| format!("veh-{n}@2s")).collect();
    let folder = tempfile::tempdir().expect("folder");
    let misbehave = format!("protocols.ecpp.misbehave={}", liars.join(", "));
    let words = [
        "run",
        "ecpp",
        "--headless",
        "--quiet",
        "--log",
        "run.mcap",
        "--duration",
        "50s",
    ];
    let set = ["--set", "protocols.ecpp.key_lifetime=8s", "--set", &misbehave];
    let output = roadveil(folder.path(), &[&words[..], &set].concat());
    assert!(matches!(code(&output), 0 | 1), "{}", stderr(&output));
    let (code, audit) = audited(folder.path(), "run.mcap");
    assert_eq!((code, &audit["conclusion"]), (0, &"passed".into()), "{audit:#}");
    let attack = &audit["attack"];
    assert!(
        attack["enough"] == true && attack["comparable"].as_u64() > Some(40),
        "{attack:#}"
    );
    assert!(attack["others"].as_u64() > Some(100), "{attack:#}");
    // The same log with a bit of the address set for liars.
    let path = folder.path().join("run.mcap");
    rewrite(&path, &folder.path().join("marked.mcap"), |records| mark_liars(records));
    let (code, audit) = audited(folder.path(), "marked.mcap");
    assert_eq!(code, 1, "{audit:#}");
    let found = audit["attack"]["metadata"].as_array().expect("scores");
    let bits = found
        .iter()
        .find(|score| score["name"] == "label_bits")
        .expect("it is tried");
    assert!(bits["corrected"].as_f64() < Some(0.001), "{audit:#}");
}

/// The lowest bit of each liar's addresses is set, and nobody else's changes.
fn mark_liars(records: &mut [Record]) {
    let senders = senders(records);
    let says = |record: &Record| match &record.event {
        Event::Emitted { node, name, .. } if &**name == "misbehaved" => Some(*node),
        _ => None,
    };
    let liars: Vec<NodeId> = records.iter().filter_map(says).collect();
    for record in records {
        if let Event::Frame(frame) = &mut record.event
            && liars.contains(&senders[&frame.tx])
        {
            frame.from.0[5] |= 1;
        }
    }
}

#[test]
fn few_changes_are_insufficient_and_no_failure() {
    let (folder, _path) = logged("three-cars", "5s", "60s");
    let (code, audit) = audited(folder.path(), "run.mcap");
    assert_eq!((code, &audit["conclusion"]), (0, &"insufficient".into()), "{audit:#}");
    let output = roadveil(folder.path(), &["log", "audit", "run.mcap"]);
    assert!(stdout(&output).contains("insufficient") && stdout(&output).contains("key_lifetime"));
    let output = roadveil(folder.path(), &["log", "audit", "run.mcap", "--permutations", "100"]);
    assert_eq!(super::code(&output), 2);
}

#[test]
fn planted_leaks_are_caught() {
    let (folder, path) = logged("ecpp", "50s", "8s");
    rewrite(&path, &folder.path().join("counted.mcap"), |records| {
        count_addresses_up(records)
    });
    let (code, audit) = audited(folder.path(), "counted.mcap");
    assert_eq!((code, &audit["conclusion"]), (1, &"failed".into()), "{audit:#}");
    assert!(leaks(&audit).contains(&"address_near"), "{audit:#}");

    rewrite(&path, &folder.path().join("sorted.mcap"), |records| {
        sort_moments(records)
    });
    let (code, audit) = audited(folder.path(), "sorted.mcap");
    assert_eq!((code, leaks(&audit)), (1, vec!["record_nodes"]), "{audit:#}");
    let output = roadveil(folder.path(), &["log", "audit", "sorted.mcap"]);
    assert!(stdout(&output).contains("FAILED") && stdout(&output).contains("record_nodes"));
}

/// Who sent what.
fn senders(records: &[Record]) -> BTreeMap<TxId, NodeId> {
    let sender = |record: &Record| match record.event {
        Event::Sent { tx, node, .. } => Some((tx, node)),
        _ => None,
    };
    records.iter().filter_map(sender).collect()
}

/// Each node's next address is its last one and one.
fn count_addresses_up(records: &mut [Record]) {
    let senders = senders(records);
    let mut counted: BTreeMap<LinkAddr, LinkAddr> = BTreeMap::new();
    let mut taken: BTreeMap<NodeId, u8> = BTreeMap::new();
    for record in records {
        let Event::Frame(frame) = &mut record.event else {
            continue;
        };
        let node = senders[&frame.tx];
        frame.from = *counted.entry(frame.from).or_insert_with(|| {
            let taken = taken.entry(node).or_default();
            *taken += 1;
            // Scattered, so that one node's do not follow another's.
            let base = (node.0 * 7919 % 1009) as u16;
            let [high, low] = base.to_be_bytes();
            LinkAddr::local([2, high, low, 0, 0, *taken])
        });
    }
}

/// Frames of one moment stand in the order of the nodes.
fn sort_moments(records: &mut [Record]) {
    let senders = senders(records);
    let frames: Vec<usize> = (0..records.len())
        .filter(|place| matches!(records[*place].event, Event::Frame(_)))
        .collect();
    let sender = |record: &Record| match &record.event {
        Event::Frame(frame) => senders[&frame.tx],
        other => panic!("{other:?}"),
    };
    let times: Vec<_> = records.iter().map(|record| record.at).collect();
    for moment in frames.chunk_by(|a, b| times[*a] == times[*b]) {
        // A frame is followed by who sent it.
        let mut pairs: Vec<_> = moment
            .iter()
            .map(|place| (records[*place].clone(), records[place + 1].clone()))
            .collect();
        pairs.sort_by_key(|(frame, _)| sender(frame));
        for (place, (frame, sent)) in moment.iter().zip(pairs) {
            (records[*place], records[place + 1]) = (frame, sent);
        }
    }
}
