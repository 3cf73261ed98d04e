//! Vehicles hear each other, the revoked are refused, and everything else that a receiver must refuse.

mod common;

use core::time::Duration;

use common::{count, setup, town};
use roadveil_crypto::{ByteArray, Charge, Op};
use roadveil_hab::PROTOCOL;
use roadveil_hab::cert::trace;
use roadveil_hab::messages::{Msg, Page, Safety};
use roadveil_hab::setup::Issued;
use roadveil_role::testkit::{Channel, Fate, Net, Transit, changing};
use roadveil_role::{Address, HostAddr, LinkAddr, Reason, Time, Value, decode, encode};

fn run(mut net: Net, millis: u64) -> Net {
    net.run_until(Time::from_millis(millis));
    net
}

/// Only these refusals, and some of them.
fn refused(net: &Net, node: &str, why: Reason) {
    let rejects = net.rejects(node);
    assert!(
        !rejects.is_empty() && rejects.iter().all(|reason| *reason == why),
        "{why}: {rejects:?}"
    );
}

fn safety(net: &Net, node: &str) -> Vec<Safety> {
    net.sent()
        .filter(|(record, ..)| record.node == node)
        .filter_map(|(_, _, frame)| match decode(frame).expect("decodes") {
            Msg::Safety(safety) => Some(safety),
            Msg::Page(_) => None,
        })
        .collect()
}

fn every(millis: u64) -> Value {
    Value::Span(Duration::from_millis(millis))
}

#[test]
fn vehicles_hear_each_other_and_check_a_certificate_once() {
    let mut net = town(1, 3, &[]);
    net.run_until(Time::from_millis(2100));
    for car in ["car-0", "car-1", "car-2"] {
        assert_eq!(net.rejects(car), []);
        assert_eq!(safety(&net, car).len(), 21);
        assert!(count(&net, car, "accepted") >= 20);
    }
    let heard = safety(&net, "car-1").len() + safety(&net, "car-2").len();
    let verified = u32::try_from(heard).expect("few") + 2;
    assert_eq!(
        net.charged("car-0"),
        Charge::of(Op::EcdsaSign, 21).and(Op::EcdsaVerify, verified)
    );
}

#[test]
fn keys_change_and_nothing_of_the_old_one_stays() {
    let net = run(
        town(2, 2, &[("change_period", every(1000)), ("pool", 3u64.into())]),
        5500,
    );
    let said = safety(&net, "car-0");
    let mut names: Vec<_> = said
        .iter()
        .map(|said| (said.certificate.id(), said.body.cam.station))
        .collect();
    names.dedup();
    assert!((5..=7).contains(&names.len()), "{}", names.len());
    assert_eq!(names[0], names[3], "after the last key comes the first");
    assert_eq!(net.rejects("car-1"), []);
}

#[test]
fn the_revoked_are_refused_under_all_their_keys_and_others_are_not() {
    let changes = [
        ("revoke", "car-1@1s, car-1@2s".into()),
        ("change_period", every(1000)),
        ("relay_period", every(100)),
    ];
    let net = run(town(3, 3, &changes), 4000);
    assert_eq!(net.events("obu_revoked").count(), 1, "once is enough");
    assert_eq!(
        (net.state("car-1"), net.state("car-0")),
        (Some("revoked"), Some("keyed"))
    );
    for car in ["car-0", "car-2"] {
        let rejects = net.rejects(car);
        assert!(rejects.len() >= 25 && rejects.iter().all(|why| *why == Reason::Revoked));
        assert!(count(&net, car, "accepted") >= 35);
    }
    assert_eq!(net.rejects("car-1"), []);
}

#[test]
fn whom_vehicles_know_from_the_beginning_harms_nobody_else() {
    let net = run(town(4, 2, &[("brought", 20u64.into())]), 1300);
    assert_eq!(net.rejects("car-0"), []);
    let (_, fields) = net.events("counts").next().expect("counts");
    assert!(fields.contains(&("names", Value::U64(20 * 64))));
}

#[test]
fn the_authority_tells_who_spoke() {
    let setup = setup(5, 3, &[]);
    let issued = Issued::new(&setup).expect("sets up");
    let net = run(Net::deploy(&PROTOCOL, &setup).expect("sets up"), 300);
    let said = safety(&net, "car-2").pop().expect("it spoke");
    let pools = ["car-0", "car-1", "car-2"].map(|car| issued.pool(car).expect("a pool"));
    assert_eq!(trace(&said.certificate, pools), Some(2));
}

#[test]
fn every_changed_part_of_a_message_is_refused() {
    let other = safety(&run(town(99, 1, &[]), 150), "car-0").pop().expect("it spoke");
    type Change = Box<dyn Fn(&mut Safety) + Send>;
    let changes: Vec<(Change, Reason)> = vec![
        (Box::new(|said| said.body.cam.x_cm += 1), Reason::BadSignature),
        (Box::new(|said| said.body.padding.0 -= 1), Reason::BadSignature),
        (Box::new(|said| said.body.cam.time += 5000), Reason::Stale),
        (Box::new(|said| said.signature.0[5] ^= 1), Reason::BadSignature),
        (
            Box::new(|said| said.signature = ByteArray([0; 64])),
            Reason::BadSignature,
        ),
        (
            Box::new(|said| said.certificate.signature.0[40] ^= 1),
            Reason::BadCertificate,
        ),
        (Box::new(|said| said.certificate.key.0[9] ^= 1), Reason::BadCertificate),
        (
            Box::new(|said| said.certificate.key = ByteArray([0; 33])),
            Reason::BadCertificate,
        ),
        // A certificate of another authority.
        (
            Box::new(move |said| said.certificate = other.certificate),
            Reason::BadCertificate,
        ),
    ];
    for (change, why) in changes {
        let tamper = changing("car-0", move |message: &mut Msg| {
            if let Msg::Safety(said) = message {
                change(said);
            }
        });
        let net = run(town(6, 2, &[]).tamper(tamper), 250);
        refused(&net, "car-0", why);
        assert_eq!(net.rejects("car-1"), []);
    }
}

#[test]
fn what_was_heard_before_or_long_ago_or_is_ones_own_is_refused() {
    let repeat = |transit: &mut Transit<'_>| match transit.receiver {
        "car-0" => Fate::Repeat(Duration::from_millis(500)),
        "car-1" => Fate::Repeat(Duration::from_millis(1500)),
        _ => Fate::Pass,
    };
    let net = run(town(7, 2, &[]).tamper(repeat), 2500);
    refused(&net, "car-0", Reason::Duplicate);
    refused(&net, "car-1", Reason::Stale);
    let said = safety(&run(town(7, 1, &[]), 150), "car-0").pop().expect("it spoke");
    let mut net = town(7, 1, &[]);
    let from = Address::Link(LinkAddr::local([1; 6]));
    net.inject("car-0", from, &encode(&Msg::Safety(said)), Duration::from_millis(160));
    refused(&run(net, 250), "car-0", Reason::Duplicate);
}

#[test]
fn no_page_is_believed_that_the_authority_did_not_sign() {
    let revoke = || [("revoke", "car-1@100ms".into())];
    let tamper = |receiver| {
        changing(receiver, |message: &mut Msg| {
            if let Msg::Page(page) = message {
                page.revoked[0] = ByteArray([1; 8]);
            }
        })
    };
    let net = run(town(8, 2, &revoke()).tamper(tamper("car-0")), 3500);
    refused(&net, "car-0", Reason::BadSignature);
    let net = run(town(8, 2, &revoke()).tamper(tamper("rsu")), 3500);
    refused(&net, "rsu", Reason::BadSignature);
    assert_eq!(net.events("list_learnt").count(), 0);
}

#[test]
fn what_is_too_long_or_on_the_wrong_way_is_refused() {
    let page = |names| {
        encode(&Msg::Page(Page {
            index: 0,
            revoked: vec![ByteArray([1; 8]); names],
            signature: ByteArray([1; 64]),
        }))
    };
    let (wire, air) = (Address::Host(HostAddr(1)), Address::Link(LinkAddr::local([1; 6])));
    let mut net = town(9, 1, &[]);
    net.inject("car-0", air, &page(129), Duration::ZERO);
    net.inject("rsu", wire, &page(129), Duration::ZERO);
    net.inject("ta", wire, &page(1), Duration::ZERO);
    let net = run(net, 50);
    refused(&net, "car-0", Reason::Malformed);
    refused(&net, "rsu", Reason::Malformed);
    refused(&net, "ta", Reason::Unexpected);
    let mut net = town(9, 1, &[]);
    net.inject("car-0", wire, &page(1), Duration::ZERO);
    refused(&run(net, 50), "car-0", Reason::Unexpected);
}

/// Pages of five vehicles over an air and wires that lose: all names are learnt.
#[test]
fn a_long_list_arrives_over_lossy_links() {
    let revoke: Vec<String> = (1..6).map(|n| format!("car-{n}@{}ms", 100 + n)).collect();
    let changes = [
        ("revoke", revoke.join(",").as_str().into()),
        ("relay_period", every(50)),
        ("list_period", every(500)),
        ("beacon_period", every(60_000)),
        ("pool", 100u64.into()),
    ];
    let lossy = town(10, 6, &changes)
        .air(Channel::lossy(0.3))
        .wires(Channel::lossy(0.3));
    let net = run(lossy, 5000);
    for car in 0..6 {
        let name = format!("car-{car}");
        let known = net.events("list_learnt").filter(|(record, _)| record.node == name);
        let known = known
            .last()
            .and_then(|(_, fields)| fields.iter().find(|(key, _)| *key == "known"));
        assert_eq!(known.map(|(_, known)| known.clone()), Some(Value::U64(500)), "{name}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let transcript = |seed| run(town(seed, 2, &[]), 500).transcript(&PROTOCOL);
    assert_eq!(transcript(17), transcript(17));
    assert_ne!(transcript(17), transcript(18));
}

#[test]
fn set_up_says_what_is_wrong() {
    let fails = |setup| Issued::new(&setup).expect_err("fails").to_string();
    assert!(fails(setup(1, 1, &[("revoke", "nobody@1s".into())])).contains("`nobody`"));
    let many = [("brought", 100_000u64.into()), ("pool", 100_000u64.into())];
    assert!(fails(setup(1, 1, &many)).contains("names"));
    let mut without = setup(1, 1, &[]);
    without.nodes.remove(0);
    assert!(fails(without).contains("hab.ta"));
    let mut without = setup(1, 1, &[]);
    without.nodes[1].host = None;
    assert!(fails(without).contains("wires"));
}

#[test]
fn frames_are_canonical_their_trees_whole_and_their_sizes_as_the_page_says() {
    let net = run(town(19, 1, &[("revoke", "car-0@10ms".into())]), 1500);
    for (_, _, frame) in net.sent() {
        let message: Msg = decode(frame).expect("decodes");
        assert_eq!(encode(&message), frame);
        for length in 0..frame.len() {
            assert!(decode::<Msg>(&frame[..length]).is_err());
        }
        let tree = roadveil_role::tree::describe(PROTOCOL.messages, frame);
        assert!(!format!("{tree:?}").contains("malformed"));
        match message {
            Msg::Safety(_) => assert_eq!(frame.len(), 463),
            Msg::Page(_) => assert_eq!(frame.len(), 68 + 64 * 8, "a page of one pool"),
        }
    }
    let names: Vec<_> = PROTOCOL.message_names().collect();
    assert_eq!(names, ["Safety", "Page"]);
}

/// A golden signature: RFC 6979 makes it the same in every version of the library.
#[test]
fn the_first_message_of_a_seed_stays() {
    let said = safety(&run(town(20, 1, &[]), 150), "car-0");
    let first = &said.first().expect("it spoke").certificate;
    assert_eq!(
        (first.id().to_string().as_str(), &first.signature.to_string()[..16]),
        ("f74c100125ab4843", "e50e2a22491ce2dc")
    );
}
