//! What an OBU does for other roles on its node; clocks; setup; the description of the protocol.

mod common;

use common::{issued, obu, one_rsu, secs, setup, town};
use postcard_schema::Schema;
use rand_core::SeedableRng;
use roadveil_crypto::Host;
use roadveil_ecpp::cert::{Certificate, Masks};
use roadveil_ecpp::params::Config;
use roadveil_ecpp::signed::Signed;
use roadveil_ecpp::{MARKS, PROTOCOL};
use roadveil_role::testkit::{Channel, Net, Node};
use roadveil_role::view::Emitted;
use roadveil_role::{Actor, Address, Cx, Message, Reason, Setup, Source, Stream, Time, Timer, Typed, Value, decode};
use serde::{Deserialize, Serialize};

/// Another protocol, whose messages are signed with what the node's ECPP role offers.
#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
enum Offer {
    Sell { watts: u32, signed: Vec<u8> },
}

impl Message for Offer {
    const PROTOCOL: u8 = 200;
}

#[derive(Clone)]
struct Trader;

impl Actor for Trader {
    type Msg = Offer;
    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.timer(secs(1), Timer(1));
    }
    fn wake(&mut self, cx: &mut Cx<'_>, _: Timer, _: Time) {
        match cx.sign(b"1000 W") {
            Some(signed) => cx.broadcast(&Offer::Sell { watts: 1000, signed }),
            None => cx.emit("nothing_to_sign_with", []),
        }
        cx.timer(secs(1), Timer(1));
    }
    fn receive(&mut self, _: &mut Cx<'_>, _: Address, _: &Offer) -> Result<(), Reason> {
        Ok(())
    }
}

#[test]
fn other_roles_sign_with_the_pseudonym() {
    let issued = issued(&setup(1, 1, 1, &[]));
    let config = Config::clone(issued.config());
    let mut net = one_rsu(&issued, 1, &config);
    let car = Node::new("car-0")
        .at(10.0, 0.0)
        .role(1, "obu", obu(&issued, "car-0", &config));
    net.add(car.role(200, "trader", Box::new(Typed(Trader))));
    net.run_until(Time::from_secs(10));
    let offers: Vec<_> = net
        .sent()
        .filter_map(|(record, _, frame)| Some((record.at, decode::<Offer>(frame).ok()?)))
        .collect();
    assert!(offers.len() >= 7);
    assert_eq!(
        offers.len() + net.events("nothing_to_sign_with").count(),
        10,
        "without a key nothing is signed"
    );
    let (at, Offer::Sell { signed, .. }) = &offers[0];
    let signed: Signed = decode(signed).expect("decodes");
    let system = issued.authority().system();
    let holds = |payload: &[u8]| {
        let checks = signed.checks(system, secs(120), *at, payload).expect("valid now");
        checks.iter().all(|check| check.answer(&Host::new(8)).is_valid())
    };
    assert!(holds(b"1000 W"));
    assert!(!holds(b"9000 W"));
    assert_eq!(
        signed.checks(system, secs(120), Time::from_secs(200), b"").err(),
        Some(Reason::OutsideValidity)
    );
    assert_eq!(
        signed.checks(system, secs(60), *at, b"1000 W").err(),
        Some(Reason::OverlongValidity),
        "it holds for 70 s"
    );
    // Another certificate for the same key: it holds, and the signature does not hold with it.
    let (rsu, mut rng) = (issued.rsu_key("rsu-0").expect("an rsu"), Stream::from_seed([1; 32]));
    let Certificate { y, validity, .. } = signed.certificate;
    let exchanged = Signed {
        certificate: Certificate::issue(system, rsu, y, validity, &Masks::random(&mut rng)),
        ..signed.clone()
    };
    let checks = exchanged.checks(system, secs(120), *at, b"1000 W").expect("valid now");
    let verdicts = checks.map(|check| check.answer(&Host::new(8)).is_valid());
    assert_eq!(verdicts, [true, false]);
    let other = common::issued(&setup(2, 1, 1, &[]));
    let checks = signed
        .checks(other.authority().system(), secs(120), *at, b"1000 W")
        .expect("valid now");
    assert!(!checks[0].answer(&Host::new(8)).is_valid(), "another authority");
}

/// A clock within the tolerance does no harm; one beyond it keeps its vehicle from the road.
#[test]
fn clocks_may_be_a_little_wrong() {
    for (ahead, works) in [(900, true), (-900, true), (1500, false), (-1500, false)] {
        let mut net = town(1, 1, 2, &[]);
        net.node("car-0").set_clock(ahead * 1_000_000);
        // No clock shows a time before the start, so the first seconds pass in silence.
        net.set_air(Channel::lossy(1.0));
        net.run_until(Time::from_secs(10));
        net.set_air(Channel::perfect());
        net.run_until(Time::from_secs(30));
        assert_eq!(net.state("car-0") == Some("keyed"), works, "{ahead} ms");
        if works {
            let refused: u64 = common::count(&net, "car-1", "refused");
            assert!(
                common::count(&net, "car-1", "accepted") > 50 && refused < 5,
                "{ahead} ms: {refused}"
            );
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_a_new_node_changes_no_other() {
    let run = |cars| {
        let mut net = town(5, 1, cars, &[]);
        net.run_until(Time::from_secs(3));
        net
    };
    assert_eq!(run(2).transcript(&PROTOCOL), run(2).transcript(&PROTOCOL));
    let keys = |net: &Net| issued_for(net, "car-0");
    assert_eq!(keys(&run(1)), keys(&run(3)));
}

/// The short-time key that a vehicle took, by its certificate's validity and request time.
fn issued_for(net: &Net, car: &str) -> Option<(Time, Vec<u8>)> {
    let of_car = |record: &&roadveil_role::testkit::Record| record.node == car;
    net.records()
        .iter()
        .filter(of_car)
        .find_map(|record| match &record.what {
            roadveil_role::testkit::What::Sent { frame, .. } if frame[1] == 1 => Some((record.at, frame.to_vec())),
            _ => None,
        })
}

/// A vehicle that fails loses its key, says so, and asks for another.
#[test]
fn a_failure_loses_the_key() {
    let mut net = town(1, 1, 1, &[]);
    net.run_until(Time::from_secs(5));
    assert_eq!(net.state("car-0"), Some("keyed"));
    assert_eq!(net.events("key_lost").count(), 0);
    net.restart("car-0");
    net.step();
    assert_eq!(net.events("key_lost").count(), 1);
    net.run_until(Time::from_secs(10));
    assert_eq!(net.state("car-0"), Some("keyed"));
    assert_eq!(net.events("key_obtained").count(), 2);
}

#[test]
fn impossible_scenarios_are_no_setup() {
    let good = setup(1, 2, 1, &[]);
    let error = |setup: &Setup| (PROTOCOL.setup)(setup).err().map(|error| error.0).unwrap_or_default();
    assert_eq!(error(&good), "");
    let mut no_ta = good.clone();
    no_ta.nodes.remove(0);
    assert_eq!(error(&no_ta), "no node is the authority, `ecpp.ta`");
    let mut moving = good.clone();
    moving.nodes[1].place = None;
    assert_eq!(error(&moving), "rsu `rsu-0` moves; its key is bound to a place");
    let mut unwired = good.clone();
    unwired.nodes[1].host = None;
    assert_eq!(error(&unwired), "rsu `rsu-0` has no wires to the authority");
    let mut together = good.clone();
    together.nodes[2].place = together.nodes[1].place;
    assert!(error(&together).starts_with("rsus `rsu-0` and `rsu-1` stand at the same place"));
    let mut deployment = (PROTOCOL.setup)(&good).expect("sets up");
    for (node, role) in [
        ("car-0", "rsu"),
        ("rsu-0", "obu"),
        ("rsu-0", "ta"),
        ("nobody", "obu"),
        ("ta", "judge"),
    ] {
        assert!(deployment.role(node, role).is_err(), "{node} {role}");
    }
}

#[test]
fn the_description_is_honest_and_whole() {
    assert!(MARKS.iter().any(|mark| mark.source == Source::Published));
    assert!(
        MARKS
            .iter()
            .filter(|mark| mark.source == Source::Reconstruction)
            .count()
            > 5
    );
    for mark in MARKS {
        assert!(!mark.note.contains("as in the paper") && !mark.part.is_empty() && !mark.note.is_empty());
    }
    for spec in PROTOCOL.params {
        assert!(!spec.help.is_empty());
    }
    let mut fold = (PROTOCOL.fold)();
    let mut net = town(1, 1, 2, &[]);
    net.run_until(Time::from_secs(10));
    for record in net.records() {
        if let roadveil_role::testkit::What::Emitted { name, fields } = &record.what {
            let fields: Vec<_> = fields
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect();
            let (at, node, role) = (record.at, record.node.as_str(), record.role.as_str());
            fold.observe(&Emitted {
                at,
                node,
                role,
                name,
                fields: &fields,
            });
        }
    }
    let figure = |wanted: &str| {
        fold.figures()
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    assert_eq!(figure("keys_issued"), Some(Value::U64(2)));
    assert_eq!(figure("keys_obtained"), Some(Value::U64(2)));
    assert!(matches!(figure("messages_accepted"), Some(Value::U64(n)) if n > 100));
    assert!(matches!(figure("key_delay_mean_ms"), Some(Value::F64(ms)) if ms > 1.0 && ms < 500.0));
}
