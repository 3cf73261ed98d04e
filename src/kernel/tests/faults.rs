//! Nodes and links that go down and come up, and roles that panic.

use roadveil_role::Reason;

use super::*;
use crate::metrics::Summary;
use crate::session::cast;

#[test]
fn a_job_that_panics_takes_its_node_down_when_the_frame_is_due() {
    let breaks = [("protocols.toy.later", "true"), ("protocols.toy.break", "true")];
    let records = run(CARS, &breaks);
    let left: Vec<_> = records
        .iter()
        .filter(|record| matches!(record.event, Event::Left { fault: true, .. }))
        .map(|record| record.at)
        .collect();
    assert_eq!(left.len(), 3);
    // Woken after 500 ms, and not before the frame's turn on the channel.
    assert!(
        left.iter()
            .all(|at| *at > Time(500_058_000) && *at < Time::from_millis(700))
    );
    let sends = |record: &Record| record.at > Time::from_millis(700) && matches!(record.event, Event::Frame(_));
    assert!(!records.iter().any(sends));
    for options in WAYS {
        assert!(records == run_with(CARS, &breaks, options), "{options:?}");
    }
}

#[test]
fn a_broken_job_of_a_node_that_is_down_keeps_it_down() {
    // Woken at 510 ms it works for 30 ms; it fails meanwhile, and what it had in hand is lost.
    let faults = "[[timeline]]\nat = \"520ms\"\ndown = \"a\"\n[[timeline]]\nat = \"1s\"\nup = \"a\"\n";
    let breaks = [
        ("protocols.toy.spread", "false"),
        ("protocols.toy.later", "true"),
        ("protocols.toy.break", "true"),
        ("protocols.toy.work", "50"),
        ("node.0.profile", "mnt-2008"),
    ];
    let text = format!("{CARS}\n{faults}");
    let records = run(&text, &breaks);
    assert!(sent_by(&records, 0, 0, 500) > 3);
    assert_eq!(sent_by(&records, 0, 500, 2000), 0);
    for options in WAYS {
        assert!(records == run_with(&text, &breaks, options), "{options:?}");
    }
}

#[test]
fn a_panic_takes_one_node_down_and_not_the_run() {
    let records = run(CARS, &[("protocols.toy.panic", "true")]);
    assert_eq!(
        count(&records, |event| matches!(event, Event::Left { fault: true, .. })),
        3
    );
    assert!(records.last().expect("records").at <= Time::from_secs(2));
    assert!(
        !records
            .iter()
            .any(|record| record.at > Time::from_millis(800) && matches!(record.event, Event::Frame(_)))
    );
}

#[test]
fn a_node_that_fails_while_it_waits_for_the_channel_sends_again_afterwards() {
    let faults = "[[timeline]]\nat = \"10.003ms\"\ndown = \"a\"\n[[timeline]]\nat = \"1s\"\nup = \"a\"\n";
    let records = run(
        &format!("{CARS}\n{faults}"),
        &[("protocols.toy.spread", "false"), ("protocols.toy.work", "0")],
    );
    assert_eq!(sent_by(&records, 0, 0, 1000), 0, "it was down before its turn came");
    assert!(sent_by(&records, 0, 1000, 2000) > 5);
    let lost = |event: &Event| {
        matches!(
            event,
            Event::Unsent {
                node: NodeId(0),
                why: Reason::NodeDown,
                ..
            }
        )
    };
    assert_eq!(count(&records, lost), 1, "what waited is lost with a reason");
}

#[test]
fn what_a_failing_node_had_in_hand_is_lost_with_a_reason() {
    // Woken at 10 ms, it works for 30 ms; it fails at 20 ms.
    let faults = "[[timeline]]\nat = \"20ms\"\ndown = \"a\"\n";
    let slow = [
        ("protocols.toy.spread", "false"),
        ("protocols.toy.work", "50"),
        ("node.0.profile", "mnt-2008"),
    ];
    let records = run(&format!("{CARS}\n{faults}"), &slow);
    assert_eq!(sent_by(&records, 0, 0, 2000), 0);
    let lost = |event: &Event| {
        matches!(
            event,
            Event::Unsent {
                node: NodeId(0),
                why: Reason::NodeDown,
                ..
            }
        )
    };
    assert_eq!(count(&records, lost), 1);
}

#[test]
fn a_node_that_failed_and_then_leaves_the_world_leaves_once() {
    let text = CARS.replacen(
        "at = [50, 0]",
        "route = [[50, 0], [60, 0]]\nspeed = 10\nat_end = \"leave\"",
        1,
    );
    let records = run(&format!("{text}\n[[timeline]]\nat = \"500ms\"\ndown = \"b\"\n"), &[]);
    assert_eq!(
        count(&records, |event| matches!(event, Event::Left { node: NodeId(1), .. })),
        1
    );
    let mut summary = Summary::new(cast(&scenario(CARS, &[])), &[]);
    records.iter().for_each(|record| summary.observe(record));
    assert_eq!(summary.present, 2);
}

#[test]
fn a_node_whose_role_panicked_stays_down_whatever_the_timeline_says() {
    let faults = "[[timeline]]\nat = \"1.5s\"\nup = \"a\"\n";
    let records = run(&format!("{CARS}\n{faults}"), &[("protocols.toy.panic", "true")]);
    assert_eq!(sent_by(&records, 0, 800, 2000), 0);
}

#[test]
fn a_node_is_heard_as_soon_as_it_is_up() {
    let faults = "[[timeline]]\nat = \"100ms\"\ndown = \"b\"\n[[timeline]]\nat = \"1.001s\"\nup = \"b\"\n";
    let records = run(&format!("{CARS}\n{faults}"), &[("protocols.toy.period", "10ms")]);
    let hears = records.iter().any(|record| match &record.event {
        Event::Heard { receptions, .. }
            if record.at > Time::from_millis(1001) && record.at < Time::from_millis(1090) =>
        {
            receptions.iter().any(|reception| reception.node == NodeId(1))
        }
        _ => false,
    });
    assert!(hears);
}

#[test]
fn faults_take_nodes_and_links_down_and_up() {
    let text = r#"
title = "faults"
duration = "3s"
[protocols.toy]
[[node]]
name = "hub"
roles = ["toy.office"]
at = [0, 0]
[[node]]
name = "spoke"
roles = ["toy.office"]
at = [10, 0]
[[node]]
name = "car"
roles = ["toy.car"]
at = [20, 0]
[[node]]
name = "other"
roles = ["toy.car"]
at = [60, 0]
[[timeline]]
at = "1s"
link_down = ["hub", "spoke"]
[[timeline]]
at = "2s"
link_up = ["hub", "spoke"]
[[timeline]]
at = "1s"
down = "car"
[[timeline]]
at = "2s"
up = "car"
"#;
    let records = run(text, &[]);
    let packets = |from: u64, to: u64| {
        let within = |at: Time| at > Time::from_millis(from) && at < Time::from_millis(to);
        let fates = records.iter().filter_map(|record| match &record.event {
            Event::Packet(packet) if within(record.at) && packet.from == NodeId(1) => Some(packet.fate.is_ok()),
            _ => None,
        });
        fates.collect::<Vec<bool>>()
    };
    assert!(packets(0, 1000).iter().all(|arrives| *arrives) && packets(0, 1000).len() >= 8);
    assert!(packets(1001, 2000).iter().all(|arrives| !*arrives) && packets(1001, 2000).len() >= 8);
    assert!(packets(2001, 3000).iter().all(|arrives| *arrives));
    let sent = |from: u64, to: u64| {
        let within = |at: Time| at > Time::from_millis(from) && at < Time::from_millis(to);
        records
            .iter()
            .filter(|record| within(record.at) && matches!(record.event, Event::Sent { node: NodeId(2), .. }))
            .count()
    };
    assert!(sent(0, 1000) > 5 && sent(1002, 2000) == 0 && sent(2001, 3000) > 5);
    assert_eq!(
        count(&records, |event| matches!(event, Event::Joined { node: NodeId(2), .. })),
        2
    );
}
