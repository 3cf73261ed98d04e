//! Epochs on the master `u`: what a stolen `B_j` is worth, and for how long.

mod common;

use core::time::Duration;

use common::{field, issued, secs, setup, town};
use roadveil_crypto::{ByteArray, G2, Scalar, Signature};
use roadveil_ecpp::PROTOCOL;
use roadveil_ecpp::epochs::{Announcement, Handover};
use roadveil_ecpp::messages::{Msg, Sealed};
use roadveil_role::testkit::{Channel, Fate, Net, Record, What};
use roadveil_role::{Address, HostAddr, LinkAddr, Reason, Time, Value, decode, encode};

const FROM: Address = Address::Link(LinkAddr::local([7; 6]));
const TA: Address = Address::Host(HostAddr(1));

/// Epochs of a minute, keys of 20 s, overlaps of 10 s.
fn minutes() -> Vec<(&'static str, Value)> {
    vec![
        ("epoch_length", secs(60).into()),
        ("key_lifetime", secs(20).into()),
        ("reporting", "on".into()),
    ]
}

fn with(changes: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    [minutes(), changes.to_vec()].concat()
}

fn whys(net: &Net, node: &str, since: Time) -> Vec<Reason> {
    let why = |record: &Record| match record.what {
        What::Rejected(why) if record.node == node && record.at >= since => Some(why),
        _ => None,
    };
    net.records().iter().filter_map(why).collect()
}

fn announcements(net: &Net) -> Vec<Announcement> {
    let sent = net.sent().filter_map(|(_, to, frame)| match (to, decode(frame)) {
        (Address::Link(_), Ok(Msg::Epoch(announcement))) => Some(announcement),
        _ => None,
    });
    sent.collect()
}

fn handovers(net: &Net, to: u32) -> Vec<(Time, Handover)> {
    let sent = net.sent().filter_map(|(record, host, frame)| match decode(frame) {
        Ok(Msg::Handover(handover)) if host == Address::Host(HostAddr(to)) => Some((record.at, handover)),
        _ => None,
    });
    sent.collect()
}

fn events_of(net: &Net, event: &str, node: &str) -> Vec<Time> {
    let events = net.events(event).filter(|(record, _)| record.node == node);
    events.map(|(record, _)| record.at).collect()
}

#[test]
fn without_epochs_nothing_of_them_is_seen() {
    let mut net = town(7, 2, 3, &[]);
    net.run_until(Time::from_secs(90));
    assert!(announcements(&net).is_empty() && handovers(&net, 10).is_empty());
    assert_eq!(
        net.events("epoch_turned").count() + net.events("epoch_begun").count(),
        0
    );
}

#[test]
fn everybody_goes_on_in_the_next_epoch() {
    let mut net = town(7, 2, 3, &minutes());
    net.run_until(Time::from_secs(200));
    let begun: Vec<Time> = net.events("epoch_begun").map(|(record, _)| record.at).collect();
    assert_eq!(begun, [60, 120, 180].map(Time::from_secs));
    for car in ["car-0", "car-1", "car-2"] {
        assert_eq!(events_of(&net, "epoch_turned", car).len(), 3, "{car}");
        assert_eq!(events_of(&net, "key_expired", car), [], "{car} is never without a key");
        // A key of the new epoch within the first half of the overlap and a second, for beacons and the exchange.
        let obtained = events_of(&net, "key_obtained", car);
        for epoch in begun.iter() {
            let soon = |at: &&Time| **at > *epoch && at.since(*epoch) < secs(7);
            assert_eq!(
                obtained.iter().filter(soon).count(),
                1,
                "{car} after {epoch:?}: {obtained:?}"
            );
        }
    }
    // Keys are handed out an overlap before, and once, for each RSU says that it is ready.
    let handed: Vec<Time> = handovers(&net, 11).into_iter().map(|(at, _)| at).collect();
    assert_eq!(handed, [50, 110, 170].map(Time::from_secs));
    let reasons = ["car-0", "car-1", "car-2", "rsu-0", "rsu-1", "ta"].map(|node| whys(&net, node, Time::from_secs(5)));
    assert!(reasons.iter().all(Vec::is_empty), "{reasons:?}");
}

/// What the thief says is let in until the epoch is over, whoever revokes it, and for the overlap; then no more.
#[test]
fn a_stolen_key_certifies_until_the_epoch_is_over() {
    let stolen = with(&[
        ("steal", "car-0@20s:rsu-1".into()),
        ("revoke", "car-0@15s".into()),
        ("misbehave", "car-0@25s".into()),
    ]);
    let mut net = town(7, 2, 3, &stolen);
    net.run_until(Time::from_secs(110));
    let issued = events_of(&net, "self_issued", "car-0");
    assert!(issued.len() >= 4 && issued[0] == Time::from_secs(20), "{issued:?}");
    let own: Vec<Value> = net
        .events("self_issued")
        .map(|(_, fields)| {
            fields
                .iter()
                .find(|(key, _)| *key == "pseudonym")
                .map(|(_, value)| value.clone())
                .expect("named")
        })
        .collect();
    let admitted: Vec<Time> = net
        .events("admitted")
        .filter(|(_, fields)| {
            fields
                .iter()
                .any(|(key, value)| *key == "pseudonym" && own.contains(value))
        })
        .map(|(record, _)| record.at)
        .collect();
    // Loss: others let it in under each of its keys, and the authority finds nobody.
    assert!(
        admitted.iter().filter(|at| **at < Time::from_secs(60)).count() >= 4,
        "{admitted:?}"
    );
    assert!(net.events("untraceable").count() >= 2);
    assert_eq!(field(&net, "untraceable", "rsu"), Some("rsu-1".into()));
    assert_eq!(field(&net, "untraceable", "why"), Some("no_record".into()));
    assert_eq!(net.events("traced").count(), 0, "and nobody is blamed");
    // Recovery: after the overlap nothing of it is let in, though it goes on.
    let over = Time::from_secs(70);
    assert!(admitted.iter().all(|at| *at < over), "{admitted:?}");
    assert!(issued.iter().any(|at| *at >= over), "it goes on: {issued:?}");
    let refused = whys(&net, "car-1", over);
    assert!(
        refused.len() > 100
            && refused
                .iter()
                .all(|why| matches!(why, Reason::OverlongValidity | Reason::UnknownKey | Reason::WrongEpoch)),
        "{refused:?}"
    );
    // Others are heard as before.
    assert!(
        events_of(&net, "key_obtained", "car-2")
            .iter()
            .any(|at| *at > Time::from_secs(60))
    );
}

/// A revoked vehicle has a key for as long as its last certificate; one with a stolen key, without epochs, for ever.
#[test]
fn without_epochs_a_stolen_key_certifies_for_ever() {
    let changes = [("steal", "car-0@20s:rsu-1".into()), ("key_lifetime", secs(20).into())];
    let mut net = town(7, 2, 2, &changes);
    net.run_until(Time::from_secs(300));
    let last = events_of(&net, "admitted", "car-1")
        .into_iter()
        .max()
        .expect("it was let in");
    assert!(last > Time::from_secs(280), "{last:?}");
    assert_eq!(whys(&net, "car-1", Time::from_secs(5)), []);
}

/// An RSU whose certificates led to nobody gets no further key, and is silent from the next epoch on.
#[test]
fn an_rsu_that_cannot_be_traced_is_left_out() {
    let lies = with(&[
        ("misbehave", "car-0@20s".into()),
        ("lying_rsus", "rsu-0:none".into()),
        ("exclude_after", 1u64.into()),
    ]);
    let mut net = town(7, 2, 3, &lies);
    net.run_until(Time::from_secs(90));
    assert_eq!(field(&net, "rsu_excluded", "rsu"), Some("rsu-0".into()));
    assert_eq!((handovers(&net, 10).len(), handovers(&net, 11).len()), (0, 1));
    let beacons = |node: &str| {
        let sent = net.sent().filter(|(record, _, frame)| {
            record.node == node && record.at >= Time::from_secs(60) && matches!(decode(frame), Ok(Msg::Beacon(_)))
        });
        sent.count()
    };
    assert!(beacons("rsu-0") == 0 && beacons("rsu-1") > 25);
    // The others have keys of the one that is left.
    for car in ["car-1", "car-2"] {
        assert!(
            events_of(&net, "key_obtained", car)
                .iter()
                .any(|at| *at > Time::from_secs(60)),
            "{car}"
        );
    }
}

#[test]
fn nobody_else_announces_an_epoch() {
    let setup = setup(7, 2, 3, &minutes());
    let mut net = Net::deploy(&PROTOCOL, &setup).expect("sets up");
    net.run_until(Time::from_secs(45));
    net.set_air(Channel::lossy(1.0));
    let authority = issued(&setup).authority().clone();
    let u = G2::generator().mul(&Scalar::from_u64(7)).encode();
    let forged = Announcement {
        epoch: 2,
        u,
        signature: Signature {
            z: ByteArray([1; 16]),
            s: ByteArray([1; 32]),
        },
    };
    let verdict = forged.check(authority.system()).answer(&roadveil_crypto::Host::new(4));
    assert!(!verdict.is_valid());
    let hand = |net: &mut Net, node: &str, from, message: Msg| {
        let before = net.rejects(node).len();
        net.inject(node, from, &encode(&message), Duration::ZERO);
        net.run_until(net.now() + Duration::from_millis(1));
        net.rejects(node).get(before).copied()
    };
    // Not before it begins soon, at 50 s and a second for clocks.
    assert_eq!(
        hand(&mut net, "car-1", FROM, Msg::Epoch(forged)),
        Some(Reason::WrongEpoch)
    );
    net.run_until(Time::from_millis(49_500));
    assert_eq!(
        hand(&mut net, "car-1", FROM, Msg::Epoch(forged)),
        Some(Reason::BadSignature)
    );
    let identity = Announcement {
        u: ByteArray([0xc0; 96]),
        ..forged
    };
    assert_eq!(
        hand(&mut net, "car-1", FROM, Msg::Epoch(identity)),
        Some(Reason::BadElement)
    );
    let later = Announcement { epoch: 3, ..forged };
    assert_eq!(
        hand(&mut net, "car-1", FROM, Msg::Epoch(later)),
        Some(Reason::WrongEpoch)
    );
    let known = Announcement { epoch: 1, ..forged };
    assert_eq!(
        hand(&mut net, "car-1", FROM, Msg::Epoch(known)),
        None,
        "it has nothing to learn"
    );
    net.run_until(Time::from_millis(49_900));
    let key = Sealed(vec![0; 64]);
    let handover = |announcement, key: &Sealed| {
        Msg::Handover(Handover {
            announcement,
            key: key.clone(),
        })
    };
    assert_eq!(
        hand(&mut net, "rsu-0", TA, handover(forged, &key)),
        Some(Reason::BadSignature)
    );
    let elsewhere = Address::Host(HostAddr(99));
    assert_eq!(
        hand(&mut net, "rsu-0", elsewhere, handover(forged, &key)),
        Some(Reason::Unexpected)
    );
    // A true announcement, with a key that is none, and with that of another RSU.
    net.run_until(Time::from_secs(51));
    let [(_, own)] = &handovers(&net, 10)[..] else {
        panic!("one")
    };
    let [(_, other)] = &handovers(&net, 11)[..] else {
        panic!("one")
    };
    let mut late = Net::deploy(&PROTOCOL, &setup).expect("sets up").tamper(|transit| {
        let handover = matches!(decode(transit.frame), Ok(Msg::Handover(_)));
        if handover { Fate::Drop } else { Fate::Pass }
    });
    late.run_until(Time::from_millis(50_100));
    let broken = handover(own.announcement, &key);
    assert_eq!(hand(&mut late, "rsu-0", TA, broken), Some(Reason::BadCiphertext));
    let short = handover(own.announcement, &Sealed(vec![0; 63]));
    assert_eq!(hand(&mut late, "rsu-0", TA, short), Some(Reason::Malformed));
    let others = handover(own.announcement, &other.key);
    assert_eq!(
        hand(&mut late, "rsu-0", TA, others),
        Some(Reason::BadCiphertext),
        "sealed for another"
    );
    assert_eq!(hand(&mut late, "rsu-0", TA, handover(own.announcement, &own.key)), None);
    assert_eq!(
        hand(&mut late, "ta", Address::Host(HostAddr(99)), Msg::Ready { epoch: 2 }),
        Some(Reason::Unexpected)
    );
    assert_eq!(
        hand(&mut late, "ta", Address::Host(HostAddr(10)), Msg::Ready { epoch: 3 }),
        Some(Reason::Unexpected)
    );
}

/// The wires lose every other handover and every other answer: it is repeated until the RSU is ready.
#[test]
fn handovers_are_repeated_until_they_are_answered() {
    let mut handed = 0u32;
    let net = town(7, 2, 2, &minutes());
    let mut net = net.tamper(move |transit| match decode(transit.frame) {
        Ok(Msg::Handover(_) | Msg::Ready { .. }) => {
            handed += 1;
            if handed.is_multiple_of(4) {
                Fate::Pass
            } else {
                Fate::Drop
            }
        }
        _ => Fate::Pass,
    });
    net.run_until(Time::from_secs(59));
    let before = handovers(&net, 10).len();
    assert!((2..=12).contains(&before), "{before}");
    net.run_until(Time::from_secs(90));
    assert!(
        events_of(&net, "key_obtained", "car-0")
            .iter()
            .any(|at| *at > Time::from_secs(60))
    );
}

/// Who was away for an epoch learns the one that it comes back to.
#[test]
fn who_was_away_comes_back() {
    let mut net = town(7, 1, 2, &minutes()).reach(|a, b| (a.x - b.x).abs() < 1000.0);
    net.run_until(Time::from_secs(45));
    net.node("car-1").move_to(
        Time::from_secs(45),
        roadveil_role::Fix {
            x: 1e6,
            ..Default::default()
        },
    );
    net.run_until(Time::from_secs(150));
    assert_eq!(events_of(&net, "epoch_turned", "car-1"), []);
    net.node("car-1").move_to(
        Time::from_secs(150),
        roadveil_role::Fix {
            x: 10.0,
            ..Default::default()
        },
    );
    net.run_until(Time::from_secs(160));
    assert_eq!(events_of(&net, "epoch_turned", "car-1").len(), 1);
    assert!(
        events_of(&net, "key_obtained", "car-1")
            .iter()
            .any(|at| *at > Time::from_secs(150))
    );
}

/// An RSU restarts, and the authority does: each finds out in which epoch it is.
#[test]
fn a_restart_loses_no_epoch() {
    let mut net = town(7, 2, 2, &minutes());
    net.run_until(Time::from_secs(55));
    net.restart("rsu-0");
    net.restart("ta");
    net.run_until(Time::from_secs(65));
    net.restart("rsu-1");
    net.restart("car-1");
    net.run_until(Time::from_secs(130));
    assert_eq!(net.events("epoch_begun").count(), 2);
    for car in ["car-0", "car-1"] {
        assert!(
            events_of(&net, "key_obtained", car)
                .iter()
                .any(|at| *at > Time::from_secs(120)),
            "{car}"
        );
    }
}

#[test]
fn a_key_is_stolen_from_somebody_by_somebody() {
    for (steal, says) in [
        ("nobody@5s:rsu-0", "nobody"),
        ("car-0@5s:nobody", "nobody"),
        ("car-0@60s:rsu-0", "first epoch"),
    ] {
        let setup = setup(7, 1, 1, &with(&[("steal", steal.into())]));
        let error = Net::deploy(&PROTOCOL, &setup).expect_err("refused").to_string();
        assert!(error.contains(says), "{error}");
    }
}

/// A true announcement with a key that does not open makes an RSU turn without one: it takes the true key when that comes, and
/// does not say before that it is ready.
#[test]
fn an_rsu_that_turned_without_a_key_takes_it_later() {
    let setup = setup(7, 1, 2, &minutes());
    let mut net = Net::deploy(&PROTOCOL, &setup).expect("sets up");
    net.run_until(Time::from_secs(51));
    let [(_, own)] = &handovers(&net, 10)[..] else {
        panic!("one")
    };
    let mut late = Net::deploy(&PROTOCOL, &setup).expect("sets up").tamper(|transit| {
        let handover = matches!(decode(transit.frame), Ok(Msg::Handover(_)));
        if handover { Fate::Drop } else { Fate::Pass }
    });
    late.run_until(Time::from_millis(50_100));
    let key = Sealed(vec![0; 64]);
    let announcement = own.announcement;
    late.inject(
        "rsu-0",
        TA,
        &encode(&Msg::Handover(Handover { announcement, key })),
        Duration::ZERO,
    );
    late.run_until(Time::from_secs(65));
    let ready = |net: &Net| {
        net.sent()
            .filter(|(_, _, frame)| matches!(decode(frame), Ok(Msg::Ready { .. })))
            .count()
    };
    assert_eq!((ready(&late), whys(&late, "rsu-0", Time::from_secs(50)).len()), (0, 1));
    late.inject("rsu-0", TA, &encode(&Msg::Handover(own.clone())), Duration::ZERO);
    late.run_until(Time::from_secs(80));
    assert_eq!(ready(&late), 1);
    assert!(
        events_of(&late, "key_obtained", "car-0")
            .iter()
            .any(|at| *at > Time::from_secs(65))
    );
}
