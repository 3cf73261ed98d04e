//! How often vehicles speak.

mod common;

use common::{secs, town};
use roadveil_role::testkit::Net;
use roadveil_role::{Fix, Priority, Time, testkit::What};

/// The moments at which a node sent safety messages from `from` on.
fn spoke(net: &Net, node: &str, from: Time) -> Vec<Time> {
    let sent = net
        .sent()
        .filter(|(record, _, frame)| record.node == node && record.at >= from && frame[1] == 5);
    sent.map(|(record, ..)| record.at).collect()
}

#[test]
fn by_the_clock_a_message_comes_each_period() {
    let mut net = town(3, 1, 2, &[]);
    net.run_until(Time::from_secs(20));
    let spoke = spoke(&net, "car-0", Time::from_secs(10));
    assert!(spoke.windows(2).all(|pair| pair[1].since(pair[0]) == secs(1) / 10));
    assert_eq!(spoke.len(), 100);
}

#[test]
fn by_movement_a_parked_vehicle_is_quiet_and_a_fast_one_is_not() {
    let mut net = town(3, 1, 2, &[("beaconing", "cam".into())]);
    net.run_until(Time::from_secs(10));
    net.node("car-1").move_to(
        Time::from_secs(10),
        Fix {
            x: 10.0,
            y: 5.0,
            speed: 19.0,
            heading: 90.0,
        },
    );
    net.run_until(Time::from_secs(20));
    let parked = spoke(&net, "car-0", Time::from_secs(10));
    assert!(parked.windows(2).all(|pair| pair[1].since(pair[0]) == secs(1)));
    assert_eq!(parked.len(), 10);
    // 1.9 m a look: the third is the first that is more than 4 m on.
    let fast = spoke(&net, "car-1", Time::from_secs(11));
    assert!(fast.windows(2).all(|pair| pair[1].since(pair[0]) == secs(3) / 10));
    assert_eq!(fast.len(), 30);
}

#[test]
fn after_a_change_of_key_a_vehicle_is_silent_for_a_random_time() {
    let pauses = |silence: u64| {
        let changes = [
            ("key_lifetime", roadveil_role::Value::Span(secs(12))),
            ("silence", roadveil_role::Value::Span(secs(silence))),
        ];
        let mut net = town(3, 1, 2, &changes);
        net.run_until(Time::from_secs(100));
        let began: Vec<(String, Time)> = net
            .events("key_obtained")
            .map(|(record, _)| (record.node.clone(), record.at))
            .collect();
        // The first key of each vehicle does not count: it was silent before.
        let mut seen = Vec::new();
        let mut pauses = Vec::new();
        for (node, at) in began.into_iter().filter(|(_, at)| *at < Time::from_secs(85)) {
            let first = spoke(&net, &node, at)[0];
            if seen.contains(&node) {
                pauses.push(first.since(at));
            } else {
                assert!(first.since(at) <= secs(1) / 10);
                seen.push(node);
            }
        }
        pauses
    };
    let most = |pauses: &[core::time::Duration]| pauses.iter().copied().max().expect("there were changes");
    assert!(most(&pauses(0)) <= secs(1) / 10);
    let silent = pauses(4);
    assert!(silent.len() >= 10);
    assert!(
        most(&silent) > secs(2) && most(&silent) <= secs(4) + secs(1) / 10,
        "{silent:?}"
    );
    assert!(silent.iter().any(|pause| *pause < secs(2)), "{silent:?}");
}

#[test]
fn a_new_pseudonym_begins_with_a_message() {
    let changes = [
        ("beaconing", "cam".into()),
        ("key_lifetime", roadveil_role::Value::Span(secs(12))),
    ];
    let mut net = town(3, 1, 1, &changes);
    net.run_until(Time::from_secs(40));
    let began: Vec<Time> = net.events("key_obtained").map(|(record, _)| record.at).collect();
    assert!(began.len() >= 3);
    for at in &began {
        let first = spoke(&net, "car-0", *at).first().copied();
        assert!(
            first.is_some_and(|first| first.since(*at) < secs(1) / 10),
            "{at}: {first:?}"
        );
    }
}

/// ETSI maps awareness messages to DP2, which is best effort.
#[test]
fn everything_is_best_effort() {
    let mut net = town(3, 1, 2, &[]);
    net.run_until(Time::from_secs(10));
    let mut priorities = net.records().iter().filter_map(|record| match record.what {
        What::Sent { priority, .. } => Some(priority),
        _ => None,
    });
    assert!(priorities.all(|priority| priority == Priority::BestEffort));
}
