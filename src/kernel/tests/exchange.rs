//! Frames for one node: answered, acknowledged, tried again, given up.

use roadveil_role::{LinkAddr, Reason};

use super::*;
use crate::event::{Reception, TxId};

const PAIR: &str = r#"
title = "pair"
duration = "2s"
[radio]
fading = "none"
[protocols.toy]
[[node]]
name = "a"
roles = ["toy.car"]
at = [0, 0]
[[node]]
name = "b"
roles = ["toy.echo"]
at = [50, 0]
"#;

/// A frame for one node: its number, when it began, which attempt, and what became of it.
#[derive(Debug, PartialEq)]
struct Unicast {
    tx: TxId,
    to: LinkAddr,
    at: Time,
    attempt: u8,
    receptions: Vec<Reception>,
}

/// All frames for one node, in the order in which they began.
fn unicasts(records: &[Record]) -> Vec<Unicast> {
    let mut found: Vec<Unicast> = Vec::new();
    for record in records {
        match &record.event {
            Event::Frame(frame) if !frame.to.is_broadcast() => found.push(Unicast {
                tx: frame.tx,
                to: frame.to,
                at: record.at,
                attempt: 0,
                receptions: Vec::new(),
            }),
            Event::Sent { tx, attempt, .. } => {
                if let Some(unicast) = found.iter_mut().find(|unicast| unicast.tx == *tx) {
                    unicast.attempt = *attempt;
                }
            }
            Event::Heard { tx, receptions } => {
                if let Some(unicast) = found.iter_mut().find(|unicast| unicast.tx == *tx) {
                    unicast.receptions.clone_from(receptions);
                }
            }
            _ => {}
        }
    }
    found
}

fn unsent(records: &[Record], by: u32) -> Vec<Reason> {
    let reasons = records.iter().filter_map(|record| match record.event {
        Event::Unsent { node, why, .. } if node.0 == by => Some(why),
        _ => None,
    });
    reasons.collect()
}

fn answered(records: &[Record]) -> usize {
    count(
        records,
        |event| matches!(event, Event::Emitted { name, .. } if &**name == "answered"),
    )
}

#[test]
fn a_frame_for_one_node_has_one_outcome_and_is_sent_once() {
    for mac in ["edca", "dcf"] {
        let records = run(PAIR, &[("radio.mac", mac)]);
        let all = unicasts(&records);
        assert!(all.len() >= 18, "{}", all.len());
        for unicast in &all {
            assert_eq!(unicast.attempt, 0, "acknowledged at once");
            let outcomes: Vec<_> = unicast
                .receptions
                .iter()
                .map(|reception| (reception.node, reception.lost))
                .collect();
            assert_eq!(outcomes, [(NodeId(0), None)]);
        }
        assert_eq!(answered(&records), all.len());
        assert_eq!(unsent(&records, 1), []);
    }
}

#[test]
fn nobody_sends_into_an_acknowledgement() {
    // A third one, with as much to say as it can, hears both.
    let third = "[[node]]\nname = \"c\"\nroles = [\"toy.burst\"]\nat = [25, 10]\n";
    let busy = [("protocols.toy.period", "20ms"), ("protocols.toy.each", "10")];
    let records = run(&format!("{PAIR}{third}"), &busy);
    let all = unicasts(&records);
    let first = all.iter().filter(|unicast| unicast.attempt == 0);
    let decoded = first.filter(|unicast| unicast.receptions[0].lost.is_none());
    assert!(decoded.clone().count() >= 50);
    for unicast in decoded {
        let again = all.iter().any(|other| {
            other.attempt > 0 && other.at > unicast.at && other.at < unicast.at + Duration::from_millis(5)
        });
        assert!(!again, "the acknowledgement of {:?} is lost", unicast.tx);
    }
}

#[test]
fn a_frame_for_a_node_that_left_is_tried_again_and_given_up() {
    // The answer takes the old device 30 ms; the node that it is for fails meanwhile.
    let text = format!("{PAIR}[[timeline]]\nat = \"30ms\"\ndown = \"a\"\n");
    let slow = [
        ("protocols.toy.spread", "false"),
        ("protocols.toy.work", "50"),
        ("node.1.profile", "mnt-2008"),
        ("node.0.profile", "server"),
        ("radio.retries", "3"),
    ];
    let records = run(&text, &slow);
    let all = unicasts(&records);
    let attempts: Vec<u8> = all.iter().map(|unicast| unicast.attempt).collect();
    assert_eq!(attempts, [0, 1, 2, 3]);
    assert!(
        all.iter().all(|unicast| unicast.receptions.is_empty()),
        "nobody has the address"
    );
    assert_eq!(unsent(&records, 1), [Reason::RetryLimit]);
    // Each one waits for the time of an acknowledgement before the next.
    let gaps = all.windows(2).map(|pair| pair[1].at.since(pair[0].at));
    assert!(gaps.min().expect("four") > Duration::from_micros(200));
}

#[test]
fn a_frame_for_a_node_out_of_reach_is_lost_there() {
    // What it heard 290 m away it answers after 600 ms, more than 400 m away.
    let text = PAIR.replacen("at = [0, 0]", "route = [[340, 0], [3000, 0]]\nspeed = 200", 1);
    let slow = [
        ("protocols.toy.spread", "false"),
        ("protocols.toy.work", "1000"),
        ("node.1.profile", "mnt-2008"),
        ("node.0.profile", "server"),
        ("radio.retries", "0"),
    ];
    let records = run(&text, &slow);
    let all = unicasts(&records);
    assert!(!all.is_empty());
    for unicast in all {
        let [reception] = unicast.receptions[..] else {
            panic!("one outcome: {unicast:?}")
        };
        assert_eq!(
            (reception.node, reception.lost),
            (NodeId(0), Some(Reason::BelowSensitivity))
        );
    }
}

/// `b` answers `a`, 100 m away, while `c` sends one long frame after the other: too weak at `b` to be sensed there, strong
/// enough to spoil an acknowledgement, and out of `a`'s hearing.
const DEAF: &str = r#"
title = "hidden from one"
duration = "1s"
[radio]
fading = "none"
rate_mbps = 12
sensitivity_dbm = -86
path_loss = "dual-slope"
breakpoint_m = 225
far_exponent = 8
[protocols.toy]
spread = false
work = 50
size = 2000
each = 16
[[node]]
name = "a"
roles = ["toy.car"]
at = [0, 0]
profile = "server"
[[node]]
name = "b"
roles = ["toy.echo"]
at = [100, 0]
profile = "mnt-2008"
[[node]]
name = "c"
roles = ["toy.burst"]
at = [321, 0]
profile = "mnt-2008"
"#;

#[test]
fn a_frame_whose_acknowledgement_is_lost_is_received_once() {
    let records = run(DEAF, &[]);
    let all = unicasts(&records);
    let outcomes: Vec<(u8, Option<Reason>)> = all
        .iter()
        .map(|unicast| (unicast.attempt, unicast.receptions[0].lost))
        .collect();
    let repeated = outcomes
        .windows(2)
        .filter(|pair| *pair == [(0, None), (1, Some(Reason::Duplicate))])
        .count();
    assert!(repeated >= 3, "{outcomes:?}");
    // However often a frame came, its role saw it once.
    let delivered = all.iter().filter(|unicast| unicast.receptions[0].lost.is_none());
    assert_eq!(answered(&records), delivered.count());
    // Without the noise beside it everything is acknowledged at once.
    let quiet = run(DEAF, &[("protocols.toy.each", "0")]);
    assert!(unicasts(&quiet).len() >= 8);
    assert!(unicasts(&quiet).iter().all(|unicast| unicast.attempt == 0));
}
