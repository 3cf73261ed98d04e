//! How long a revoked vehicle is heard: until its last key ends, as published, or until the emergency list is there (A.7, row 8).

mod common;

use core::time::Duration;

use common::{secs, town};
use roadveil_crypto::ByteArray;
use roadveil_ecpp::emergency::{Emergency, Entry};
use roadveil_ecpp::messages::Msg;
use roadveil_role::testkit::{Channel, Net, What};
use roadveil_role::{Address, HostAddr, LinkAddr, Reason, Time, Value, decode, encode};

const FROM: Address = Address::Link(LinkAddr::local([7; 6]));

/// A town in which `car-0` lies from 20 s on, and keys hold for a minute.
fn lied(revocation: &str) -> Net {
    let changes = [
        ("reporting", Value::from("on")),
        ("misbehave", "car-0@20s".into()),
        ("revocation", revocation.into()),
    ];
    town(7, 2, 3, &changes)
}

/// When `car-1` last accepted a message of `car-0`: the last of its checks of a signature under that key that it made, for
/// what is refused before is not checked.
fn last_checked(net: &Net) -> Time {
    let accused = |record: &&roadveil_role::testkit::Record| {
        let what = &record.what;
        record.node == "car-1" && matches!(what, What::Asked { scheme, valid: true, .. } if scheme.ends_with("MESSAGE"))
    };
    net.records()
        .iter()
        .filter(accused)
        .map(|record| record.at)
        .max()
        .expect("it heard")
}

fn refused(net: &Net, since: Time) -> usize {
    let why = |record: &&roadveil_role::testkit::Record| {
        record.node == "car-1" && record.at >= since && matches!(record.what, What::Rejected(Reason::Revoked))
    };
    net.records().iter().filter(why).count()
}

fn listed_at(net: &Net) -> Time {
    net.events("obu_revoked").next().expect("it is revoked").0.at
}

fn lists(net: &Net) -> Vec<Emergency> {
    let sent = net.sent().filter_map(|(_, _, frame)| match decode(frame) {
        Ok(Msg::Emergency(list)) => Some(list),
        _ => None,
    });
    sent.collect()
}

#[test]
fn without_a_list_a_revoked_vehicle_is_heard_until_its_key_ends() {
    let mut net = lied("issue");
    net.run_until(Time::from_secs(40));
    assert_eq!(refused(&net, Time::ZERO), 0);
    assert!(lists(&net).is_empty() && net.events("emergency_listed").count() == 0);
    assert!(listed_at(&net) < Time::from_secs(22));
}

#[test]
fn with_it_nothing_is_accepted_within_a_second() {
    let mut net = lied("emergency");
    net.run_until(Time::from_secs(40));
    let listed = listed_at(&net);
    assert!(listed < Time::from_secs(22));
    let learnt: Vec<_> = net.events("emergency_learnt").map(|(record, _)| record.at).collect();
    assert_eq!(learnt.len(), 3, "each vehicle learns it once, the liar too");
    assert!(learnt.iter().all(|at| at.since(listed) < secs(1)), "{learnt:?}");
    // It goes on lying ten times a second; all of that is refused.
    let since = listed + secs(1);
    assert!(refused(&net, since) > 150, "{}", refused(&net, since));
    assert!(last_checked(&net) > since, "others are heard");
    let list = lists(&net).pop().expect("it is broadcast");
    assert_eq!(list.entries.len(), 1);
    // With every beacon, while the certificate holds.
    assert!(lists(&net).len() > 20);
    net.run_until(Time::from_millis(list.entries[0].until) + secs(3));
    let before = lists(&net).iter().filter(|list| !list.entries.is_empty()).count();
    net.run_until(net.now() + secs(5));
    let air = |net: &Net| {
        let sent = net.sent().filter(|(record, to, frame)| {
            record.node.starts_with("rsu")
                && matches!(to, Address::Link(_))
                && matches!(decode(frame), Ok(Msg::Emergency(_)))
        });
        sent.map(|(record, ..)| record.at).max().expect("it was")
    };
    assert!(
        air(&net) < Time::from_millis(list.entries[0].until) + secs(1),
        "{before}"
    );
}

/// A forged list silences nobody, and a list played back changes nothing.
#[test]
fn nobody_else_makes_a_list() {
    let mut net = lied("emergency");
    net.run_until(Time::from_secs(25));
    let good = lists(&net).pop().expect("it is broadcast");
    net.set_air(Channel::lossy(1.0));
    let hand = |net: &mut Net, list: &Emergency| {
        let before = net.rejects("car-1").len();
        net.inject("car-1", FROM, &encode(&Msg::Emergency(list.clone())), Duration::ZERO);
        net.run_until(net.now() + Duration::from_millis(1));
        net.rejects("car-1").get(before).copied()
    };
    let newer = Emergency {
        sequence: good.sequence + 1,
        ..good.clone()
    };
    assert_eq!(hand(&mut net, &newer), Some(Reason::BadSignature));
    let another = |entries: Vec<Entry>| Emergency {
        entries,
        ..newer.clone()
    };
    let entry = Entry {
        until: u64::MAX,
        id: ByteArray([7; 8]),
    };
    assert_eq!(hand(&mut net, &another(vec![entry])), Some(Reason::BadSignature));
    assert_eq!(hand(&mut net, &another(vec![entry, entry])), Some(Reason::Malformed));
    let elsewhere = Emergency {
        epoch: 9,
        ..newer.clone()
    };
    assert_eq!(hand(&mut net, &elsewhere), Some(Reason::WrongEpoch));
    assert_eq!(hand(&mut net, &good), None, "it is known");
    // Over the wires to an RSU, likewise.
    let before = net.rejects("rsu-0").len();
    net.inject(
        "rsu-0",
        Address::Host(HostAddr(1)),
        &encode(&Msg::Emergency(newer)),
        Duration::ZERO,
    );
    net.run_until(net.now() + Duration::from_millis(1));
    assert_eq!(net.rejects("rsu-0")[before..], [Reason::BadSignature]);
}

#[test]
fn forged_lists_are_checked_so_often_in_a_second() {
    let changes = [
        ("revocation", Value::from("emergency")),
        ("certificate_rate", Value::U64(5)),
    ];
    let mut net = town(7, 1, 2, &changes);
    net.run_until(Time::from_secs(5));
    net.set_air(Channel::lossy(1.0));
    net.run_until(Time::from_secs(7));
    let before = net.rejects("car-1").len();
    for sequence in 1..=8 {
        let forged = Emergency {
            epoch: 1,
            sequence,
            entries: Vec::new(),
            signature: roadveil_crypto::Signature {
                z: ByteArray([1; 16]),
                s: ByteArray([1; 32]),
            },
        };
        net.inject("car-1", FROM, &encode(&Msg::Emergency(forged)), Duration::ZERO);
    }
    net.run_until(net.now() + Duration::from_millis(10));
    let whys = &net.rejects("car-1")[before..];
    assert_eq!(
        whys.iter().filter(|why| **why == Reason::BadSignature).count(),
        5,
        "{whys:?}"
    );
    assert_eq!(
        whys.iter().filter(|why| **why == Reason::RateLimited).count(),
        3,
        "{whys:?}"
    );
}

#[test]
fn where_nobody_has_lists_they_are_not_taken() {
    let mut with = lied("emergency");
    with.run_until(Time::from_secs(25));
    let list = lists(&with).pop().expect("it is broadcast");
    let mut net = lied("issue");
    net.run_until(Time::from_secs(10));
    net.set_air(Channel::lossy(1.0));
    for node in ["car-1", "rsu-0"] {
        let from = if node == "car-1" {
            FROM
        } else {
            Address::Host(HostAddr(1))
        };
        net.inject(node, from, &encode(&Msg::Emergency(list.clone())), Duration::ZERO);
        net.run_until(net.now() + Duration::from_millis(1));
        assert_eq!(net.rejects(node).last(), Some(&Reason::Unexpected), "{node}");
    }
}

/// What was said under a listed certificate and waits in a batch when the list comes is refused with the rest of the batch:
/// several at one moment, while on the air it is one at a time.
#[test]
fn what_waits_in_a_batch_is_refused_too() {
    let changes = [
        ("reporting", Value::from("on")),
        ("misbehave", "car-0@20s".into()),
        ("revocation", "emergency".into()),
        ("verification", "batch".into()),
        ("batch_window", Value::Span(Duration::from_millis(900))),
    ];
    let mut net = town(7, 2, 3, &changes);
    net.run_until(Time::from_secs(30));
    let learnt = net
        .events("emergency_learnt")
        .find(|(record, _)| record.node == "car-1");
    let learnt = learnt.expect("it learns the list").0.at;
    let refusals: Vec<Time> = net
        .records()
        .iter()
        .filter(|record| record.node == "car-1" && matches!(record.what, What::Rejected(Reason::Revoked)))
        .map(|record| record.at)
        .collect();
    assert!(refusals.iter().all(|at| *at >= learnt));
    assert!(refusals.windows(2).any(|pair| pair[0] == pair[1]), "{refusals:?}");
}
