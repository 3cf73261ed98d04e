//! Golden transcripts: what is said, step by step, over a perfect and over a lossy air.

mod common;

use common::town;
use roadveil_ecpp::PROTOCOL;
use roadveil_role::Time;
use roadveil_role::testkit::Channel;

fn transcript(loss: f64, mode: &str, revoke: &str) -> String {
    let mut net = town(11, 2, 2, &[("issue", mode.into()), ("revoke", revoke.into())]);
    net.set_air(
        Channel::lossy(loss)
            .duplicating(loss / 3.0)
            .jittering(core::time::Duration::from_millis(5)),
    );
    net.run_until(Time::from_millis(4_000));
    let all = net.transcript(&PROTOCOL);
    // Safety messages come ten times a second; the first two of each vehicle tell enough.
    let mut said = std::collections::BTreeMap::<String, u32>::new();
    all.lines()
        .filter(|line| {
            let node = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
            let count = said.entry(node).or_default();
            *count += u32::from(line.contains("sends Safety"));
            !line.contains("sends Safety") || *count <= 2
        })
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn perfect_air() {
    insta::assert_snapshot!(transcript(0.0, "hardened", ""));
}

#[test]
fn three_frames_in_ten_lost() {
    insta::assert_snapshot!(transcript(0.3, "hardened", ""));
}

#[test]
fn paper_mode() {
    insta::assert_snapshot!(transcript(0.0, "paper", ""));
}

#[test]
fn a_revoked_vehicle() {
    insta::assert_snapshot!(transcript(0.0, "hardened", "car-1@1ms"));
}
