//! The revocation list: from the authority to the RSUs, and what they do with it.

mod common;

use core::time::Duration;
use std::sync::Arc;

use common::hand::Hand;
use common::{issued, obu, one_rsu, secs, setup, town};
use roadveil_crypto::{ByteArray, SigningKey};
use roadveil_ecpp::messages::{List, Msg};
use roadveil_ecpp::params::Config;
use roadveil_ecpp::rsu::Rsu;
use roadveil_ecpp::setup::Issued;
use roadveil_ecpp::system::Location;
use roadveil_ecpp::ta::{Planned, Ta};
use roadveil_role::testkit::{Channel, Fate, Net, Node};
use roadveil_role::{Address, HostAddr, Reason, Time, Typed, Value, decode, encode};

#[test]
fn a_revoked_vehicle_gets_no_key_and_no_answer() {
    let mut net = town(7, 1, 2, &[("revoke", "car-0@1ms".into())]);
    net.run_until(Time::from_secs(30));
    assert_eq!(net.state("car-0"), Some("requesting"));
    assert_eq!(net.state("car-1"), Some("keyed"));
    let refused = net.events("key_refused").collect::<Vec<_>>();
    assert!(!refused.is_empty() && refused.iter().all(|(_, fields)| fields[0].1 == Value::from("revoked")));
    let answered = net
        .sent()
        .filter(|(_, _, frame)| matches!(decode(frame), Ok(Msg::Res2(_))))
        .count();
    assert_eq!(answered, 1, "car-1 only");
}

#[test]
fn a_notice_makes_it_stop_asking_for_a_while() {
    let mut net = town(7, 1, 1, &[("revoke", "car-0@1ms".into()), ("refusal", "notice".into())]);
    net.run_until(Time::from_secs(60));
    assert_eq!(net.state("car-0"), Some("refused"));
    assert_eq!(net.events("key_requested").count(), 1);
    assert_eq!(net.events("key_denied").count(), 1);
    net.run_until(Time::from_secs(100));
    assert_eq!(net.events("key_requested").count(), 2, "nobody binds it for good");
}

/// An RSU at its place in `issued`, with an authority of its own that lists `car-0` or does not.
fn add_rsu(net: &mut Net, issued: &Issued, n: u32, config: &Config, lists: bool) {
    let config = Arc::new(config.clone());
    let rid = issued.obu_key("car-0").expect("a car").rid_bytes();
    let node = "car-0".to_owned();
    let planned = Planned {
        node,
        rids: vec![rid],
        at: Time::from_millis(1),
    };
    let planned = if lists { vec![planned] } else { Vec::new() };
    let ta = Ta::new(issued.authority().clone(), config.clone(), [HostAddr(10 + n)], planned);
    let (ta_name, name) = (format!("ta-{n}"), format!("rsu-{n}"));
    net.add(
        Node::new(&ta_name)
            .wired(HostAddr(100 + n))
            .role(1, "ta", Box::new(Typed(ta))),
    );
    let key = issued.rsu_key(&name).expect("an rsu").clone();
    let rsu = Rsu::new(issued.authority().system().clone(), config, key);
    net.add(
        Node::new(&name)
            .wired(HostAddr(10 + n))
            .role(1, "rsu", Box::new(Typed(rsu))),
    );
}

/// Whoever stole one `B_j` can make notices. Where nobody sends any they are refused, and elsewhere they keep a vehicle
/// from one RSU only.
#[test]
fn a_notice_of_one_rsu_keeps_nobody_from_the_others() {
    for (mode, denied) in [("silent", 0), ("notice", 1)] {
        let issued = issued(&setup(7, 2, 1, &[("refusal", mode.into())]));
        let config = Config::clone(issued.config());
        let mut net = Net::new(7);
        let dishonest = Config {
            refusal_notice: true,
            ..config.clone()
        };
        add_rsu(&mut net, &issued, 0, &dishonest, true);
        add_rsu(&mut net, &issued, 1, &config, false);
        let car = Node::new("car-0").at(5.0, 0.0);
        net.add(car.role(1, "obu", obu(&issued, "car-0", &config)));
        net.run_until(Time::from_secs(30));
        assert_eq!(net.events("key_denied").count(), denied, "{mode}");
        assert_eq!(
            net.rejects("car-0").contains(&Reason::Unexpected),
            denied == 0,
            "{mode}"
        );
        assert_eq!(net.state("car-0"), Some("keyed"), "{mode}");
        let issuer = net.events("key_issued").next().map(|(record, _)| record.node.clone());
        assert_eq!(issuer.as_deref(), Some("rsu-1"), "{mode}");
    }
}

/// An RSU that no list has reached serves nobody, and takes up the run as soon as one has.
#[test]
fn without_a_list_nothing_is_issued() {
    let mut net = town(7, 1, 1, &[("revoke", "car-0@100s".into())]).tamper(|transit| {
        let cut = transit.sender == "ta" && transit.at < Time::from_secs(3);
        if cut { Fate::Drop } else { Fate::Pass }
    });
    let refused = |net: &Net| net.events("key_refused").count();
    net.run_until(Time::from_secs(3));
    assert!(refused(&net) >= 1 && net.rejects("rsu-0").iter().all(|why| *why == Reason::Stale));
    assert_eq!(net.events("key_issued").count(), 0);
    net.run_until(Time::from_secs(8));
    assert_eq!(net.events("key_issued").count(), 1);
    assert_eq!(net.events("key_requested").count(), 1, "the same run");
}

/// Revocation takes effect when the next key is due, as published: until then the old one is good.
#[test]
fn revocation_takes_effect_at_the_next_issue() {
    let mut net = town(7, 1, 2, &[("revoke", "car-0@20s".into())]);
    net.run_until(Time::from_secs(30));
    assert_eq!(net.state("car-0"), Some("keyed"));
    net.run_until(Time::from_secs(80));
    assert_eq!(
        net.events("key_obtained")
            .filter(|(record, _)| record.node == "car-0")
            .count(),
        1
    );
    assert_eq!(net.events("key_expired").count(), 1);
    assert_eq!(net.events("list_updated").count(), 1);
    let late = net.sent().filter(|(record, _, frame)| {
        record.node == "car-0" && record.at > Time::from_secs(70) && matches!(decode(frame), Ok(Msg::Safety(_)))
    });
    assert_eq!(late.count(), 0);
}

#[test]
fn unknown_names_and_bad_schedules_are_no_setup() {
    for text in ["nobody@3s", "car-0", "car-0@soon"] {
        let error = (roadveil_ecpp::PROTOCOL.setup)(&setup(7, 1, 1, &[("revoke", text.into())])).err();
        assert!(error.expect("an error").0.starts_with("revoke: "), "{text}");
    }
}

/// A list is sent again, the same bytes, until it is acknowledged.
#[test]
fn lists_cross_lossy_wires() {
    for seed in 0..5 {
        let mut net = town(seed, 3, 1, &[("revoke", "car-0@1s".into())]);
        net.set_wires(
            Channel::lossy(0.5)
                .duplicating(0.2)
                .jittering(Duration::from_millis(300)),
        );
        let arrived = net.run_until_or(Time::from_secs(60), |net| net.events("list_updated").count() == 3);
        assert!(arrived);
        net.set_wires(Channel::perfect());
        net.run_until(net.now() + secs(30));
        let lists: Vec<_> = net
            .sent()
            .filter(|(record, ..)| record.node == "ta")
            .map(|(.., frame)| frame.to_vec())
            .collect();
        let mut distinct = lists.clone();
        distinct.sort();
        distinct.dedup();
        assert!(distinct.len() < lists.len());
        let sequences: std::collections::BTreeSet<_> = distinct.iter().map(|frame| sequence(frame)).collect();
        assert_eq!(sequences.len(), distinct.len(), "one encoding for each number");
    }
}

fn sequence(frame: &[u8]) -> u64 {
    if let Ok(Msg::List(list)) = decode(frame) {
        list.sequence
    } else {
        panic!("not a list")
    }
}

fn list_of(net: &Net) -> List {
    let list = net.sent().find_map(|(_, _, frame)| {
        if let Ok(Msg::List(list)) = decode(frame) {
            Some(list)
        } else {
            None
        }
    });
    list.expect("a list was sent")
}

#[test]
fn lists_are_held_to_their_signature_and_order() {
    let mut net = town(7, 1, 1, &[("revoke", "car-0@15s".into())]);
    net.run_until(Time::from_secs(5));
    let first = list_of(&net);
    net.run_until(Time::from_secs(18));
    let mut hears = |list: &List| {
        let before = net.rejects("rsu-0").len();
        net.inject(
            "rsu-0",
            Address::Host(HostAddr(1)),
            &encode(&Msg::List(list.clone())),
            Duration::ZERO,
        );
        net.run_until(net.now());
        net.rejects("rsu-0").get(before).map_or(Ok(()), |why| Err(*why))
    };
    assert_eq!(hears(&first), Err(Reason::Stale), "an old list is not taken back");
    let forged = List {
        sequence: 99,
        ..first.clone()
    };
    assert_eq!(hears(&forged), Err(Reason::BadSignature));
    assert_eq!(
        hears(&List {
            epoch: 9,
            ..forged.clone()
        }),
        Err(Reason::WrongEpoch)
    );
    let unsorted = List {
        revoked: vec![ByteArray([2; 32]), ByteArray([1; 32])],
        ..forged
    };
    assert_eq!(hears(&unsorted), Err(Reason::Malformed));
    let mut tampered = first;
    tampered.sequence = 99;
    tampered.signature.s.0[31] ^= 1;
    assert_eq!(hears(&tampered), Err(Reason::BadSignature));
    assert_eq!(net.events("list_updated").count(), 1);
}

#[test]
fn a_list_does_not_come_over_the_air() {
    let mut net = town(7, 1, 1, &[]);
    net.run_until(Time::from_secs(2));
    let list = encode(&Msg::List(list_of(&net)));
    net.inject("rsu-0", common::hand::ADDR, &list, Duration::ZERO);
    net.run_until(Time::from_secs(2));
    assert_eq!(net.rejects("rsu-0"), [Reason::Unexpected]);
}

#[test]
fn acknowledgements_are_held_to_what_was_sent() {
    let mut net = town(7, 1, 1, &[]);
    net.run_until(Time::from_secs(2));
    for (from, sequence) in [(10, 5), (11, 1), (10, 1)] {
        net.inject(
            "ta",
            Address::Host(HostAddr(from)),
            &encode(&Msg::Ack { sequence }),
            Duration::ZERO,
        );
    }
    net.run_until(Time::from_secs(2));
    assert_eq!(
        net.rejects("ta"),
        [Reason::Unexpected; 2],
        "not sent yet; no RSU of ours"
    );
}

/// An RSU that failed may have missed a list: it asks, and issues nothing until it has one.
#[test]
fn after_a_failure_an_rsu_asks_for_the_list() {
    let rarely = ("list_period", Value::Span(secs(1000)));
    let setup = setup(7, 1, 1, &[rarely, ("revoke", "car-0@40s".into())]);
    let issued = issued(&setup);
    let config = Config::clone(issued.config());
    let net = Net::deploy(&roadveil_ecpp::PROTOCOL, &setup).expect("sets up");
    let mut net = net.air(Channel::lossy(1.0)).tamper(|transit| {
        let cut = transit.sender == "ta" && (Time::from_secs(39)..Time::from_secs(60)).contains(&transit.at);
        if cut { Fate::Drop } else { Fate::Pass }
    });
    let ask = |net: &mut Net, at: u64| {
        net.run_until(Time::from_millis(at));
        let mut hand = Hand::new(&issued, &config);
        hand.rng = rand_core::SeedableRng::from_seed([(at / 100) as u8; 32]);
        let secrets = hand.open(net, Location { x_cm: 0, y_cm: 0 });
        let key = SigningKey::random(&mut hand.rng);
        let request = hand.request(&secrets, issued.obu_key("car-0").expect("a car"), &key, net.now());
        hand.ask(net, &secrets, &request).map(|_| ())
    };
    net.run_until(Time::from_secs(20));
    net.restart("rsu-0");
    assert_eq!(ask(&mut net, 20_100), Ok(()), "nothing was missed");
    net.run_until(Time::from_secs(45));
    net.restart("rsu-0");
    assert_eq!(ask(&mut net, 45_100), Err(Reason::Stale), "it cannot know");
    assert_eq!(ask(&mut net, 59_900), Err(Reason::Stale));
    assert_eq!(
        ask(&mut net, 61_500),
        Err(Reason::Revoked),
        "asked for with every beacon"
    );
}

/// An RSU that was cut off for too long no longer knows whom not to serve.
#[test]
fn a_list_that_is_too_old_stops_the_issue() {
    let issued = issued(&setup(5, 1, 1, &[("list_max_age", Value::Span(secs(30)))]));
    let config = Config::clone(issued.config());
    let mut net = one_rsu(&issued, 5, &config).tamper(|transit| {
        if transit.at > Time::from_secs(10) && transit.sender == "ta" {
            Fate::Drop
        } else {
            Fate::Pass
        }
    });
    let mut ask = |at| {
        net.run_until(Time::from_secs(at));
        let mut hand = Hand::new(&issued, &config);
        hand.rng = rand_core::SeedableRng::from_seed([at as u8; 32]);
        let secrets = hand.open(&mut net, Location { x_cm: 0, y_cm: 0 });
        let key = SigningKey::random(&mut hand.rng);
        let request = hand.request(&secrets, issued.obu_key("car-0").expect("a car"), &key, net.now());
        hand.ask(&mut net, &secrets, &request).map(|_| ())
    };
    assert_eq!(ask(20), Ok(()));
    assert_eq!(ask(45), Err(Reason::Stale));
}
