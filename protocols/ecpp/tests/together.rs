//! Vehicles that change their keys together: at common moments, and in mix zones.

mod common;

use common::{secs, town};
use roadveil_ecpp::messages::Msg;
use roadveil_role::testkit::Net;
use roadveil_role::{Fix, Time, Value, decode};

fn short(more: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    let mut changes = vec![
        ("key_lifetime", Value::Span(secs(20))),
        ("validity_quantum", Value::Span(secs(1))),
    ];
    changes.extend_from_slice(more);
    changes
}

/// When vehicles began to use their second and later keys.
fn renewals(net: &Net) -> Vec<Time> {
    let renewed = net
        .events("key_obtained")
        .filter(|(_, fields)| fields.contains(&("renewal", true.into())));
    renewed.map(|(record, _)| record.at).collect()
}

/// The link addresses of the safety messages of a node, in the order of their first use, with when each was used.
fn spoken(net: &Net, node: &str) -> Vec<Time> {
    let sent = net
        .sent()
        .filter(|(record, _, frame)| record.node == node && matches!(decode(frame), Ok(Msg::Safety(_))));
    sent.map(|(record, ..)| record.at).collect()
}

#[test]
fn keys_are_used_from_common_moments_on() {
    let since = |net: &Net| -> Vec<u64> { renewals(net).iter().map(|at| at.as_millis() % 5_000).collect() };
    let mut together = town(5, 2, 4, &short(&[("joint_change", Value::Span(secs(5)))]));
    together.run_until(Time::from_secs(90));
    let joint = since(&together);
    assert!(joint.len() >= 12 && joint.iter().all(|after| *after < 50), "{joint:?}");
    let mut alone = town(5, 2, 4, &short(&[]));
    alone.run_until(Time::from_secs(90));
    let scattered = since(&alone);
    assert!(
        scattered.iter().filter(|after| **after > 50).count() > 8,
        "{scattered:?}"
    );
    // Nobody falls silent for it, and the wait is no part of the delay of an issue.
    let silence = |net: &Net| {
        let spoken = spoken(net, "car-0");
        spoken
            .windows(2)
            .map(|pair| pair[1].since(pair[0]))
            .max()
            .expect("it spoke")
    };
    assert!(silence(&together) < secs(1), "{:?}", silence(&together));
    let delays = together
        .events("key_obtained")
        .filter_map(|(_, fields)| fields.iter().find(|(key, _)| *key == "delay"));
    assert!(
        delays
            .into_iter()
            .all(|(_, delay)| matches!(delay, Value::Span(delay) if *delay < secs(3)))
    );
    assert_eq!(together.events("key_expired").count(), 0);
}

fn put(net: &mut Net, car: &str, x: f64) {
    let now = net.now();
    let fix = Fix {
        x,
        y: 5.0,
        ..Fix::default()
    };
    net.node(car).move_to(now, fix);
}

/// Two vehicles are together at the junction: both fall silent, and come out under new keys.
#[test]
fn in_a_mix_zone_vehicles_say_nothing_and_change() {
    let zones = [
        ("mix_zones", Value::from("500/5/50")),
        ("key_lifetime", Value::Span(secs(60))),
    ];
    let mut net = town(5, 1, 3, &zones);
    net.run_until(Time::from_secs(15));
    let before = net.events("key_obtained").count();
    assert_eq!(before, 3);
    for car in ["car-0", "car-1"] {
        put(&mut net, car, 500.0);
    }
    net.run_until(Time::from_secs(22));
    let inside = |net: &Net, car| {
        spoken(net, car)
            .iter()
            .filter(|at| **at > Time::from_millis(15_200))
            .count()
    };
    assert_eq!((inside(&net, "car-0"), inside(&net, "car-1")), (0, 0));
    assert!(inside(&net, "car-2") > 50, "who is elsewhere speaks on");
    assert_eq!(
        net.events("key_obtained").count(),
        before + 2,
        "each gets one key for its visit"
    );
    for car in ["car-0", "car-1"] {
        put(&mut net, car, 0.0);
    }
    net.run_until(Time::from_secs(26));
    let after = |net: &Net, car| spoken(net, car).iter().filter(|at| **at > Time::from_secs(22)).count();
    assert!(after(&net, "car-0") > 30 && after(&net, "car-1") > 30);
    assert_eq!(net.events("key_obtained").count(), before + 2);
}

/// The rhythm of messages is drawn anew with each key, or goes on and links them.
#[test]
fn a_rhythm_that_goes_on_links_two_keys() {
    let phases = |phase: &str| {
        let mut net = town(5, 2, 2, &short(&[("phase", phase.into())]));
        net.run_until(Time::from_secs(90));
        assert!(renewals(&net).len() >= 6);
        let phases = spoken(&net, "car-0").into_iter().map(|at| at.as_millis() % 100);
        phases.collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!((phases("kept"), phases("redrawn") > 2), (1, true));
}
