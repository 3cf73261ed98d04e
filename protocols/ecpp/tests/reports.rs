//! Reports of misbehaviour: who sends them, and what RSUs and the authority refuse.

mod common;

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use common::accuser::{Accused, place};
use common::hand::ADDR;
use common::{issued, secs, setup, town};
use proptest::prelude::*;
use roadveil_crypto::ByteArray;
use roadveil_ecpp::PROTOCOL;
use roadveil_ecpp::cert::{Certificate, Proof};
use roadveil_ecpp::evidence::Evidence;
use roadveil_ecpp::messages::{Cam, Msg, Record, Trace};
use roadveil_ecpp::setup::Issued;
use roadveil_ecpp::system::Validity;
use roadveil_role::testkit::{Channel, Fate, Net};
use roadveil_role::{Address, HostAddr, Reason, Time, Value, decode, encode};

const RSU: Address = Address::Host(HostAddr(10));
const TA: Address = Address::Host(HostAddr(1));
const HOLDS: Validity = Validity { from: 0, until: 60_000 };

/// A town in which nobody hears anybody, so that a test says everything.
fn world() -> (Issued, Net) {
    let setup = setup(5, 1, 2, &[("reporting", "on".into())]);
    let net = Net::deploy(&PROTOCOL, &setup).expect("sets up");
    let mut net = net.air(Channel::lossy(1.0));
    net.run_until(Time::from_secs(20));
    (issued(&setup), net)
}

/// What a node says to a frame.
fn told(net: &mut Net, node: &str, from: Address, frame: &[u8]) -> Result<(), Reason> {
    let before = net.rejects(node).len();
    net.inject(node, from, frame, Duration::ZERO);
    net.run_until(net.now());
    net.rejects(node).get(before).map_or(Ok(()), |why| Err(*why))
}

fn reported(net: &mut Net, evidence: &Evidence) -> Result<(), Reason> {
    told(net, "rsu-0", ADDR, &encode(&Msg::Report(evidence.clone())))
}

/// What RSU and authority, each on its own, say to a report that `twist` made of a good one.
fn twisted(twist: impl Fn(&mut Evidence, &mut Accused, Time)) -> Result<(), Reason> {
    let (issued, mut net) = world();
    let mut accused = Accused::new(&issued, 1, HOLDS);
    let now = net.now();
    let mut evidence = accused.jump(now);
    twist(&mut evidence, &mut accused, now);
    let frame = encode(&Msg::Report(evidence));
    let authority = told(&mut net, "ta", RSU, &frame);
    let rsu = told(&mut net, "rsu-0", ADDR, &frame);
    assert_eq!(rsu, authority, "an RSU passes on what the authority would take");
    let refused = net.events("report_refused").count();
    assert_eq!(refused, if rsu.is_err() { 2 } else { 0 }, "every refusal is an event");
    assert_eq!(net.events("case_opened").count(), usize::from(authority.is_ok()));
    rsu
}

#[test]
fn what_breaks_the_rule_is_taken_up() {
    assert_eq!(twisted(|_, _, _| {}), Ok(()));
    let fast = twisted(|evidence, accused, now| {
        let cam = Cam {
            speed_cm: 12_000,
            ..place(now, 0, 0)
        };
        *evidence = accused.evidence(&[cam]);
    });
    assert_eq!(fast, Ok(()));
}

#[test]
fn a_false_accusation_is_unfounded() {
    let unfounded =
        |cams: fn(Time) -> Vec<Cam>| twisted(|evidence, accused, now| *evidence = accused.evidence(&cams(now)));
    for (what, cams) in [
        (
            "three metres in a tenth of a second",
            (|now| vec![place(now, 100, 0), place(now, 0, 3)]) as fn(Time) -> Vec<Cam>,
        ),
        ("a minute's drive", |now| {
            vec![place(now, 20_000, 0), place(now, 0, 1000)]
        }),
        ("one honest message", |now| vec![place(now, 0, 0)]),
        ("the same message twice", |now| vec![place(now, 0, 0); 2]),
    ] {
        assert_eq!(unfounded(cams), Err(Reason::Unfounded), "{what}");
    }
}

#[test]
fn what_has_not_the_size_of_evidence_is_malformed() {
    type Twist = fn(&mut Evidence);
    for twist in [
        (|evidence| evidence.statements.clear()) as Twist,
        |evidence| evidence.statements = vec![evidence.statements[0].clone(); 3],
        |evidence| evidence.statements[1].wanted = vec![ByteArray([1; 8]); 5],
        |evidence| evidence.statements[0].padding = u16::MAX,
    ] {
        assert_eq!(twisted(|evidence, _, _| twist(evidence)), Err(Reason::Malformed));
    }
}

#[test]
fn what_the_accused_did_not_sign_is_refused() {
    type Twist = fn(&mut Evidence);
    for (twist, why) in [
        (
            (|evidence| evidence.statements[0].cam.x_cm -= 1) as Twist,
            Reason::BadSignature,
        ),
        (
            |evidence| evidence.statements[1].cam.sequence += 1,
            Reason::BadSignature,
        ),
        (|evidence| evidence.statements[1].padding += 1, Reason::BadSignature),
        (
            |evidence| evidence.statements[0].wanted.push(ByteArray([1; 8])),
            Reason::BadSignature,
        ),
        (
            |evidence| evidence.statements[0].signature = evidence.statements[1].signature,
            Reason::BadSignature,
        ),
        (|evidence| flip(&mut evidence.certificate), Reason::BadCertificate),
        (
            |evidence| evidence.certificate.validity.until += 1,
            Reason::BadCertificate,
        ),
        (|evidence| evidence.certificate.epoch = 9, Reason::WrongEpoch),
    ] {
        assert_eq!(twisted(|evidence, _, _| twist(evidence)), Err(why));
    }
}

/// Statements of one vehicle under the certificate of another.
#[test]
fn nobody_is_accused_by_what_another_signed() {
    let (issued, mut net) = world();
    let (mut liar, honest) = (Accused::new(&issued, 1, HOLDS), Accused::new(&issued, 2, HOLDS));
    let evidence = Evidence {
        certificate: honest.certificate,
        ..liar.jump(net.now())
    };
    assert_eq!(reported(&mut net, &evidence), Err(Reason::BadSignature));
    let mut mixed = liar.jump(net.now());
    let mut honest = honest;
    mixed.statements[1] = honest.states(place(net.now(), 0, 1000));
    assert_eq!(
        reported(&mut net, &mixed),
        Err(Reason::BadSignature),
        "two vehicles in two places"
    );
}

#[test]
fn evidence_has_its_time() {
    let (issued, mut net) = world();
    net.run_until(Time::from_secs(100));
    let now = net.now();
    let of = |from: u64, until: u64| Accused::new(&issued, 1, Validity { from, until });
    for (mut accused, ago, why) in [
        (of(0, 60_000), 61_000, Reason::Stale),
        (of(0, 90_000), 5000, Reason::OutsideValidity),
        (of(99_000, 150_000), 20_000, Reason::OutsideValidity),
        (of(0, 121_000), 5000, Reason::OverlongValidity),
    ] {
        let evidence = accused.evidence(&[place(now, ago + 100, 0), place(now, ago, 9000)]);
        assert_eq!(reported(&mut net, &evidence), Err(why), "{ago}");
    }
    let mut accused = of(60_000, 150_000);
    let ahead = Cam {
        time: now.as_millis() + 2000,
        ..place(now, 0, 9000)
    };
    let evidence = accused.evidence(&[place(now, 0, 0), ahead]);
    assert_eq!(reported(&mut net, &evidence), Err(Reason::Stale), "ahead of its time");
    let mut over = of(30_000, 90_000);
    let evidence = over.evidence(&[place(now, 15_100, 0), place(now, 15_000, 9000)]);
    assert_eq!(reported(&mut net, &evidence), Ok(()), "its key is over, but held then");
}

#[test]
fn one_report_is_enough() {
    let (issued, mut net) = world();
    let mut accused = Accused::new(&issued, 1, HOLDS);
    let (one, other) = (accused.jump(net.now()), accused.jump(net.now()));
    assert_eq!(reported(&mut net, &one), Ok(()));
    assert_eq!(reported(&mut net, &one), Err(Reason::Duplicate), "played back");
    assert_eq!(reported(&mut net, &other), Err(Reason::Duplicate), "of somebody else");
    net.run_until(net.now() + secs(5));
    assert_eq!(net.events("case_opened").count(), 1);
    let again = told(&mut net, "ta", RSU, &encode(&Msg::Report(other)));
    assert_eq!(again, Err(Reason::Duplicate));
    let passed_on = net
        .sent()
        .filter(|(_, _, frame)| matches!(decode(frame), Ok(Msg::Report(_))));
    assert_eq!(passed_on.count(), 1, "the authority answered");
    let answers = net
        .sent()
        .filter(|(_, to, frame)| *to == ADDR && matches!(decode(frame), Ok(Msg::Settled { .. })));
    assert_eq!(answers.count(), 3, "and the unit, each time");
}

#[test]
fn a_flood_of_reports_is_held_to_its_rate() {
    let (issued, mut net) = world();
    let now = net.now();
    let flood: Vec<_> = (0..25)
        .map(|n| {
            reported(
                &mut net,
                &Accused::new(&issued, n + 1, HOLDS).evidence(&[place(now, 0, 0)]),
            )
        })
        .collect();
    let with = |why| flood.iter().filter(|said| **said == Err(why)).count();
    assert_eq!((with(Reason::Unfounded), with(Reason::RateLimited)), (20, 5));
}

#[test]
fn only_where_reporting_is_on_and_from_where_they_belong() {
    let (issued, mut net) = world();
    let mut accused = Accused::new(&issued, 1, HOLDS);
    let evidence = accused.jump(net.now());
    let frame = encode(&Msg::Report(evidence.clone()));
    for (node, from) in [
        ("ta", Address::Host(HostAddr(99))),
        ("rsu-0", TA),
        ("car-0", ADDR),
        ("car-0", TA),
    ] {
        assert_eq!(told(&mut net, node, from, &frame), Err(Reason::Unexpected), "{node}");
    }
    let mut off = town(5, 1, 1, &[]);
    off.run_until(Time::from_secs(20));
    assert_eq!(reported(&mut off, &evidence), Err(Reason::Unexpected));
    assert_eq!(told(&mut off, "ta", RSU, &frame), Err(Reason::Unexpected));
}

/// What belongs to tracking is held to its sender, its signature and its case.
#[test]
fn questions_and_answers_are_held_to_who_asked() {
    let (issued, mut net) = world();
    let mut accused = Accused::new(&issued, 1, HOLDS);
    let answer = |case| encode(&Msg::Record(Record { case, record: None }));
    assert_eq!(
        told(&mut net, "ta", RSU, &answer(1)),
        Err(Reason::Unexpected),
        "no such case"
    );
    let evidence = accused.jump(net.now());
    assert_eq!(told(&mut net, "ta", RSU, &encode(&Msg::Report(evidence))), Ok(()));
    let asked = |net: &Net| {
        net.sent().find_map(|(_, _, frame)| match decode(frame) {
            Ok(Msg::Trace(question)) => Some(question),
            _ => None,
        })
    };
    let question = asked(&net).expect("it asked");
    let elsewhere = Address::Host(HostAddr(11));
    assert_eq!(told(&mut net, "ta", elsewhere, &answer(1)), Err(Reason::Unexpected));
    assert_eq!(told(&mut net, "ta", ADDR, &answer(1)), Err(Reason::Unexpected));
    let mut ask = |from, question: Trace| told(&mut net, "rsu-0", from, &encode(&Msg::Trace(question)));
    assert_eq!(ask(ADDR, question), Err(Reason::Unexpected), "over the air");
    assert_eq!(ask(elsewhere, question), Err(Reason::Unexpected));
    assert_eq!(ask(TA, Trace { epoch: 9, ..question }), Err(Reason::WrongEpoch));
    assert_eq!(ask(TA, Trace { case: 9, ..question }), Err(Reason::BadSignature));
    let y = ByteArray([9; 48]);
    assert_eq!(ask(TA, Trace { y, ..question }), Err(Reason::BadSignature));
    assert_eq!(ask(TA, question), Ok(()));
    let settled = encode(&Msg::Settled {
        accused: accused.certificate.id(),
    });
    assert_eq!(told(&mut net, "rsu-0", elsewhere, &settled), Err(Reason::Unexpected));
    assert_eq!(told(&mut net, "rsu-0", ADDR, &settled), Err(Reason::Unexpected));
}

#[test]
fn each_vehicle_reports_a_certificate_once() {
    let lying = ("misbehave", Value::from("car-0@10s, car-1@12s:speed"));
    let mut net = town(3, 1, 4, &[("reporting", "on".into()), lying]);
    net.run_until(Time::from_secs(30));
    let mut sent = BTreeMap::<_, u32>::new();
    for (record, fields) in net.events("report_sent") {
        *sent.entry((record.node.clone(), fields[0].1.to_string())).or_default() += 1;
    }
    assert_eq!(sent.len(), 6, "three others report each liar");
    assert!(sent.values().all(|times| *times == 1), "{sent:?}");
    assert_eq!(net.events("report_accepted").count(), 2);
    assert_eq!(net.events("misbehaved").count(), 2);
}

/// A report that is lost is sent again, the same bytes, and not for ever.
#[test]
fn a_lost_report_is_sent_again() {
    for (until, taken) in [(12, 1), (60, 0)] {
        let lying = ("misbehave", Value::from("car-0@10s"));
        let net = town(3, 1, 2, &[("reporting", "on".into()), lying]);
        let mut net = net.tamper(move |transit| {
            let report = matches!(decode(transit.frame), Ok(Msg::Report(_))) && transit.receiver == "rsu-0";
            if report && transit.at < Time::from_secs(until) {
                Fate::Drop
            } else {
                Fate::Pass
            }
        });
        net.run_until(Time::from_secs(40));
        assert_eq!(net.events("report_sent").count(), 1, "one report");
        assert_eq!(net.events("traced").count(), taken);
        let reports = net
            .sent()
            .filter(|(record, _, frame)| record.node == "car-1" && matches!(decode(frame), Ok(Msg::Report(_))));
        let frames: Vec<_> = reports.map(|(_, _, frame)| frame.to_vec()).collect();
        assert!(frames.len() > 1 && frames.len() <= 4 && frames.iter().all(|frame| *frame == frames[0]));
    }
}

/// Two link addresses from which the same evidence comes would be known for one vehicle's.
#[test]
fn no_report_comes_from_two_addresses() {
    let changes = [
        ("reporting", "on".into()),
        ("misbehave", "car-0@10s".into()),
        ("key_lifetime", Value::Span(secs(5))),
        ("validity_quantum", Value::Span(secs(1))),
    ];
    let senders = Arc::new(Mutex::new(BTreeMap::<_, Vec<Address>>::new()));
    let seen = Arc::clone(&senders);
    let mut net = town(3, 1, 6, &changes).tamper(move |transit| {
        if !matches!(decode(transit.frame), Ok(Msg::Report(_))) || transit.receiver != "rsu-0" {
            return Fate::Pass;
        }
        let report = (transit.sender.to_owned(), transit.frame.clone());
        seen.lock()
            .expect("one thread")
            .entry(report)
            .or_default()
            .push(transit.from);
        Fate::Drop
    });
    net.run_until(Time::from_secs(25));
    let senders = senders.lock().expect("one thread");
    let times: Vec<_> = senders.values().map(Vec::len).collect();
    let again = times.iter().any(|times| *times > 1);
    assert!(again && times.iter().any(|times| *times < 4), "some give up: {times:?}");
    for from in senders.values() {
        assert!(from.iter().all(|address| *address == from[0]), "{from:?}");
    }
}

/// A vehicle that knows no RSU keeps its report until it hears of one.
#[test]
fn a_report_waits_for_an_rsu() {
    let lying = ("misbehave", Value::from("car-0@10s"));
    let net = town(3, 1, 2, &[("reporting", "on".into()), lying]);
    let mut net = net.tamper(|transit| {
        let deaf = transit.receiver == "car-1" && transit.sender == "rsu-0" && transit.at < Time::from_secs(30);
        if deaf { Fate::Drop } else { Fate::Pass }
    });
    net.run_until(Time::from_secs(29));
    assert_eq!(net.events("report_sent").count(), 0);
    net.run_until(Time::from_secs(33));
    assert_eq!(net.events("report_sent").count(), 1);
    assert_eq!(net.events("traced").count(), 1);
}

/// Vehicles that drive, with receivers that err by some metres, are not reported; and where nobody reports, nobody is.
#[test]
fn honest_vehicles_are_not_reported() {
    let mut net = town(3, 1, 3, &[("reporting", "on".into())]);
    net.run_until(Time::from_secs(60));
    assert_eq!(net.events("report_sent").count(), 0);
    let mut net = town(3, 1, 3, &[("misbehave", "car-0@10s".into())]);
    net.run_until(Time::from_secs(20));
    assert_eq!(
        (net.events("misbehaved").count(), net.events("report_sent").count()),
        (1, 0)
    );
}

#[test]
fn unknown_names_are_no_setup() {
    for (name, text) in [
        ("misbehave", "nobody@3s"),
        ("misbehave", "car-0"),
        ("misbehave", "car-0@1s:well"),
        ("lying_rsus", "car-0"),
        ("lying_rsus", "rsu-0:well"),
    ] {
        let error = (PROTOCOL.setup)(&setup(7, 1, 1, &[(name, text.into())])).err();
        assert!(error.expect("an error").0.starts_with(name), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// A report with one bit changed convicts nobody.
    #[test]
    fn no_bit_of_a_report_is_free(place in any::<prop::sample::Index>(), bit in 0u8..8) {
        let (issued, mut net) = world();
        let mut frame = encode(&Msg::Report(Accused::new(&issued, 1, HOLDS).jump(net.now())));
        let place = place.index(frame.len());
        frame[place] ^= 1 << bit;
        prop_assert!(told(&mut net, "rsu-0", ADDR, &frame).is_err() || place == 0);
        prop_assert_eq!(net.events("report_accepted").count(), 0);
    }
}

/// Turns a bit of the certificate's proof.
fn flip(certificate: &mut Certificate) {
    if let Proof::Hidden(hidden) = &mut certificate.proof {
        hidden.s_a.0[31] ^= 1;
    }
}
