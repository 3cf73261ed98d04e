//! Tracking: whom the authority finds, and whom it never does.

mod common;

use core::time::Duration;

use common::accuser::{Accused, place};
use common::hand::{ADDR, Hand};
use common::{count, field, issued, secs, setup, town};
use roadveil_crypto::SigningKey;
use roadveil_ecpp::PROTOCOL;
use roadveil_ecpp::cert::Certificate;
use roadveil_ecpp::messages::{Answer, Msg, Record};
use roadveil_ecpp::params::Config;
use roadveil_ecpp::system::{Location, Validity};
use roadveil_role::testkit::{Channel, Fate, Net, What};
use roadveil_role::{Address, HostAddr, Reason, Time, Value, decode, encode};

/// The values of a field of all events of that name.
fn fields(net: &Net, event: &str, name: &str) -> Vec<String> {
    let of = |(key, value): &(&str, Value)| (*key == name).then(|| value.to_string());
    let events = net.events(event);
    events.filter_map(|(_, fields)| fields.iter().find_map(of)).collect()
}

/// A town in which `car-0` lies from 20 s on, after another 10 s.
fn lied(rsus: u32, changes: &[(&str, Value)]) -> Net {
    let lies = [("reporting", "on".into()), ("misbehave", "car-0@20s".into())];
    let mut net = town(7, rsus, 3, &[&lies, changes].concat());
    net.run_until(Time::from_secs(30));
    net
}

#[test]
fn who_lies_is_found_and_listed() {
    for kind in ["scatter", "offset", "speed"] {
        let net = lied(2, &[("misbehave", format!("car-0@20s:{kind}").into())]);
        assert_eq!(fields(&net, "traced", "obu"), ["car-0"], "{kind}");
        assert_eq!(fields(&net, "obu_revoked", "obu"), ["car-0"], "{kind}");
        assert_eq!(net.events("list_updated").count(), 2, "each RSU has the list");
        assert_eq!(net.events("untraceable").count(), 0);
        let at = |event| net.events(event).next().map(|(record, _)| record.at);
        let steps = [
            "misbehaved",
            "report_sent",
            "report_accepted",
            "case_opened",
            "traced",
            "list_updated",
        ]
        .map(at);
        assert!(steps.is_sorted() && steps[0] >= Some(Time::from_secs(20)), "{steps:?}");
        assert!(steps[5] < Some(Time::from_secs(21)), "{steps:?}");
    }
}

/// An RSU that lies keeps the authority from finding who it was, and is named; no vehicle is.
#[test]
fn an_rsu_that_lies_frames_nobody() {
    for (kind, why, framings) in [
        ("another", "false_record", 1),
        ("forged", "false_record", 1),
        ("none", "no_record", 0),
        ("silent", "no_answer", 0),
    ] {
        let net = lied(1, &[("lying_rsus", format!("rsu-0:{kind}").into())]);
        assert_eq!(net.events("case_opened").count(), 1, "{kind}");
        assert_eq!(fields(&net, "untraceable", "rsu"), ["rsu-0"], "{kind}");
        assert_eq!(fields(&net, "untraceable", "why"), [why], "{kind}");
        assert_eq!(net.events("framing_refused").count(), framings, "{kind}");
        assert_eq!(
            net.events("traced").count() + net.events("obu_revoked").count(),
            0,
            "{kind}"
        );
    }
}

/// Only the RSU that issued the key is asked: a liar elsewhere changes nothing, whoever passes the report on.
#[test]
fn the_rsu_that_issued_is_asked_whoever_reports() {
    let lies = [
        ("reporting", "on".into()),
        ("misbehave", "car-0@20s".into()),
        ("lying_rsus", "rsu-1".into()),
    ];
    let net = town(7, 2, 2, &lies);
    let mut net = net.tamper(|transit| {
        let report = matches!(decode(transit.frame), Ok(Msg::Report(_)));
        if report && transit.receiver == "rsu-0" {
            Fate::Drop
        } else {
            Fate::Pass
        }
    });
    net.run_until(Time::from_secs(22));
    assert_eq!(net.events("report_accepted").count(), 0);
    let report = net
        .sent()
        .find(|(_, _, frame)| matches!(decode(frame), Ok(Msg::Report(_))));
    let report = report.map(|(_, _, frame)| frame.to_vec()).expect("a report was sent");
    net.inject("rsu-1", ADDR, &report, Duration::ZERO);
    net.run_until(Time::from_secs(23));
    assert_eq!(fields(&net, "traced", "rsu"), ["rsu-0"]);
    assert_eq!(fields(&net, "traced", "obu"), ["car-0"]);
}

/// A record is no evidence against anybody who did not sign for this key, whatever an RSU makes of it.
#[test]
fn no_record_of_another_key_is_believed() {
    let setup = setup(5, 1, 3, &[("reporting", "on".into())]);
    let (issued, mut net) = (issued(&setup), Net::deploy(&PROTOCOL, &setup).expect("sets up"));
    net.run_until(Time::from_secs(20));
    // A key that the RSU made up, with a certificate of its own.
    let mut ghost = Accused::new(&issued, 1, Validity { from: 0, until: 60_000 });
    let report = encode(&Msg::Report(ghost.jump(net.now())));
    net.inject("ta", Address::Host(HostAddr(10)), &report, Duration::ZERO);
    net.run_until(Time::from_secs(21));
    assert_eq!(fields(&net, "untraceable", "why"), ["no_record"]);
    let twice = encode(&Msg::Record(Record { case: 1, record: None }));
    net.inject("ta", Address::Host(HostAddr(10)), &twice, Duration::ZERO);
    net.run_until(Time::from_secs(21));
    assert_eq!(
        net.rejects("ta"),
        [Reason::UnknownKey, Reason::Unexpected],
        "one answer counts"
    );
    assert_eq!(net.events("traced").count(), 0);
}

/// A vehicle that has one key certified for two validities leaves the RSU one record: it is found all the same.
#[test]
fn a_key_certified_twice_is_traced() {
    let setup = setup(5, 1, 2, &[("reporting", "on".into())]);
    let issued = issued(&setup);
    let config = Config::clone(issued.config());
    let mut net = Net::deploy(&PROTOCOL, &setup)
        .expect("sets up")
        .air(Channel::lossy(1.0));
    net.run_until(Time::from_secs(20));
    let mut hand = Hand::new(&issued, &config);
    let key = SigningKey::random(&mut hand.rng);
    let member = issued.obu_key("car-0").expect("a car");
    let mut certify = |net: &mut Net, until| {
        let validity = Validity { from: 20_000, until };
        let secrets = hand.open(net, Location { x_cm: 0, y_cm: 0 });
        let request = hand.request_for(&secrets, member, &key, validity);
        let answer = hand.ask(net, &secrets, &request);
        let Ok(Answer::Issued(proof)) = answer else {
            panic!("{answer:?}")
        };
        let (epoch, y) = (issued.authority().system().epoch(), *key.public().bytes());
        Certificate {
            epoch,
            validity,
            y,
            proof,
        }
    };
    let first = certify(&mut net, 60_000);
    certify(&mut net, 70_000);
    let mut accused = Accused {
        certificate: first,
        key: key.clone(),
        rng: rand_core::SeedableRng::from_seed([3; 32]),
    };
    net.run_until(Time::from_secs(21));
    let report = encode(&Msg::Report(
        accused.evidence(&[place(net.now(), 100, 0), place(net.now(), 0, 900)]),
    ));
    net.inject("rsu-0", ADDR, &report, Duration::ZERO);
    net.run_until(Time::from_secs(22));
    assert_eq!(fields(&net, "traced", "obu"), ["car-0"], "{:?}", net.rejects("ta"));
}

/// Reports, questions and answers are sent again until they arrive.
#[test]
fn tracking_crosses_lossy_wires() {
    for seed in 0..4 {
        let lies = [("reporting", "on".into()), ("misbehave", "car-0@20s".into())];
        let mut net = town(seed, 2, 3, &lies).wires(Channel::lossy(0.3).duplicating(0.2));
        net.run_until(Time::from_secs(45));
        assert_eq!(fields(&net, "traced", "obu"), ["car-0"], "{seed}");
        assert_eq!(net.events("case_opened").count(), 1, "{seed}");
    }
}

/// An authority or an RSU that fails goes on with what it had.
#[test]
fn tracking_survives_failures() {
    let lies = [("reporting", "on".into()), ("misbehave", "car-0@20s".into())];
    let net = town(7, 1, 2, &lies);
    let mut net = net.tamper(|transit| {
        let cut = transit.sender == "ta" && (Time::from_secs(20)..Time::from_secs(22)).contains(&transit.at);
        if cut { Fate::Drop } else { Fate::Pass }
    });
    net.run_until(Time::from_millis(21_500));
    net.restart("ta");
    net.restart("rsu-0");
    net.run_until(Time::from_secs(30));
    assert_eq!(fields(&net, "traced", "obu"), ["car-0"]);
}

/// The end of it: by a receiver's clock nothing of a revoked vehicle is accepted after its last key has ended.
#[test]
fn after_its_last_key_nobody_hears_it() {
    let lies = [
        ("reporting", "on".into()),
        ("misbehave", "car-0@20s".into()),
        ("key_lifetime", Value::Span(secs(20))),
    ];
    let net = town(7, 1, 2, &lies);
    // car-1 hears no RSU, gets no key and says nothing but its report: what it counts is what car-0 says.
    let mut net = net.tamper(|transit| {
        let answer = matches!(decode(transit.frame), Ok(Msg::Res1(_)));
        if answer && transit.receiver == "car-1" {
            Fate::Drop
        } else {
            Fate::Pass
        }
    });
    // Its clock is ahead, so that car-0 goes on for longer than its key holds there.
    net.node("car-1").set_clock(800_000_000);
    net.run_until(Time::from_secs(70));
    assert_eq!(fields(&net, "traced", "obu"), ["car-0"]);
    let ends = net.events("key_obtained").filter(|(record, _)| record.node == "car-0");
    let ends = ends.filter_map(|(_, fields)| match fields.iter().find(|(key, _)| *key == "until") {
        Some((_, Value::Time(end))) => Some(*end),
        _ => None,
    });
    let end = ends.max().expect("it had a key") - Duration::from_millis(800);
    let said = net.records().iter().filter(|record| {
        let heard = |frame: &[u8]| matches!(decode(frame), Ok(Msg::Safety(_)));
        record.node == "car-1" && matches!(&record.what, What::Received { frame, .. } if heard(frame))
    });
    let (before, after): (Vec<_>, Vec<_>) = said.partition(|record| record.at < end);
    assert!(after.len() >= 5, "{}", after.len());
    assert_eq!(count(&net, "car-1", "accepted"), before.len() as u64);
    assert_eq!(count(&net, "car-1", "refused"), after.len() as u64);
    assert_eq!(field(&net, "key_expired", "none"), None);
    assert!(net.rejects("car-1").iter().all(|why| *why == Reason::OutsideValidity));
    assert_eq!(net.state("car-0"), Some("requesting"), "and it gets no other");
}
