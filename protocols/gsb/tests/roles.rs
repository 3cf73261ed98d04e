//! Vehicles hear each other, the revoked are refused, and everything else that a receiver must refuse.

mod common;

use core::time::Duration;

use common::{count, setup, town};
use roadveil_crypto::{ByteArray, Charge, G1, Op, Scalar};
use roadveil_gsb::PROTOCOL;
use roadveil_gsb::messages::{Msg, Page, Safety};
use roadveil_gsb::params::Mode;
use roadveil_gsb::setup::Issued;
use roadveil_gsb::signature::{Claim, Scope};
use roadveil_role::testkit::{Channel, Fate, Net, changing};
use roadveil_role::{Address, LinkAddr, Reason, Time, Value, decode, encode};

const MODES: [&str; 2] = ["linear", "fast"];

fn mode(name: &str) -> (&'static str, Value) {
    ("revocation_check", name.into())
}

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

fn safety(net: &Net, node: &str) -> Vec<(Time, Safety)> {
    net.sent()
        .filter(|(record, ..)| record.node == node)
        .filter_map(|(record, _, frame)| match decode(frame).expect("decodes") {
            Msg::Safety(safety) => Some((record.at, safety)),
            Msg::Page(_) => None,
        })
        .collect()
}

#[test]
fn vehicles_hear_each_other_ten_times_a_second() {
    for name in MODES {
        let net = run(town(1, 3, &[mode(name)]), 2100);
        for car in ["car-0", "car-1", "car-2"] {
            assert_eq!(net.rejects(car), [], "{name}");
            assert_eq!(safety(&net, car).len(), 21);
            assert!(count(&net, car, "accepted") >= 20);
        }
    }
}

#[test]
fn the_revoked_are_refused_once_their_token_is_known_and_others_are_not() {
    for name in MODES {
        let changes = [mode(name), ("revoke", "car-1@1s, car-1@2s".into())];
        let net = run(town(2, 3, &changes), 4000);
        assert_eq!(net.events("obu_revoked").count(), 1, "once is enough");
        assert_eq!(
            (net.state("car-1"), net.state("car-0")),
            (Some("revoked"), Some("keyed"))
        );
        for car in ["car-0", "car-2"] {
            let rejects = net.rejects(car);
            assert!(
                rejects.len() >= 15 && rejects.iter().all(|why| *why == Reason::Revoked),
                "{rejects:?}"
            );
            assert!(
                count(&net, car, "accepted") >= 35,
                "the other vehicle and the first second"
            );
        }
        assert_eq!(net.rejects("car-1"), []);
        assert_eq!(net.events("list_learnt").count(), 3);
    }
}

#[test]
fn whom_vehicles_know_from_the_beginning_harms_nobody_else() {
    for name in MODES {
        let net = run(town(3, 2, &[mode(name), ("brought", 20u64.into())]), 1300);
        assert_eq!(net.rejects("car-0"), []);
        let (_, fields) = net.events("counts").next().expect("counts");
        assert!(fields.contains(&("revoked", Value::U64(20))));
    }
}

#[test]
fn a_check_is_charged_as_the_literature_counts_it() {
    for (name, pairings) in [("linear", 4 + 20), ("fast", 3 + 2)] {
        let mut net = town(4, 2, &[mode(name), ("brought", 20u64.into())]);
        net.run_until(Time::from_millis(1000));
        let (sent, heard) = (safety(&net, "car-0").len(), safety(&net, "car-1").len());
        let (sent, heard) = (u32::try_from(sent).expect("few"), u32::try_from(heard).expect("few"));
        let expected = Charge::of(Op::G1Mul, 8 * sent + 6 * heard).and(Op::Pairing, 2 * sent + pairings * heard);
        assert_eq!(net.charged("car-0"), expected);
    }
}

/// With the fast check, a token that is learnt costs a pairing in each period in which something is heard.
#[test]
fn tables_are_charged_when_they_are_first_needed() {
    let changes = [
        mode("fast"),
        ("revoke", "car-1@100ms".into()),
        ("relay_period", Value::Span(Duration::from_millis(50))),
        ("period", Value::Span(Duration::from_secs(1))),
    ];
    let mut net = town(5, 2, &changes);
    net.run_until(Time::from_millis(500));
    let before = u32::try_from(safety(&net, "car-0").len() + safety(&net, "car-1").len()).expect("few");
    let (sent, heard) = (safety(&net, "car-0").len(), safety(&net, "car-1").len());
    assert!(before > 6 && net.events("list_learnt").count() == 2);
    let charged = net.charged("car-0").get(Op::Pairing);
    let messages = u32::try_from(2 * sent + 5 * heard).expect("few");
    assert_eq!(charged, messages + 1, "one table");
    net.run_until(Time::from_millis(2500));
    let (sent, heard) = (safety(&net, "car-0").len() - sent, safety(&net, "car-1").len() - heard);
    let messages = u32::try_from(2 * sent + 5 * heard).expect("few");
    assert_eq!(net.charged("car-0").get(Op::Pairing), messages + 2, "two more periods");
}

#[test]
fn the_manager_tells_who_spoke() {
    for name in MODES {
        let setup = setup(6, 3, &[mode(name)]);
        let issued = Issued::new(&setup).expect("sets up");
        let net = run(Net::deploy(&PROTOCOL, &setup).expect("sets up"), 300);
        let (_, said) = safety(&net, "car-2").pop().expect("it spoke");
        let scope = match (issued.config().mode, said.nonce) {
            (Mode::Fast { period_ms }, None) => Scope::Period(said.body.cam.time / period_ms),
            (_, nonce) => Scope::Message(nonce.expect("a nonce")),
        };
        let group = issued.manager().group();
        let claim = Claim::new(group.clone(), scope, said.body.bytes(), said.proof).expect("decodes");
        assert!(claim.verify(None));
        let cars = ["car-0", "car-1", "car-2"];
        let tokens = cars.map(|car| issued.member_key(car).expect("a key").token());
        assert_eq!(issued.manager().open(&claim, &tokens), Some(2));
    }
}

#[test]
fn no_two_messages_share_a_name_unless_the_check_is_fast() {
    for (name, distinct) in [("linear", 10), ("fast", 1)] {
        let net = run(town(7, 1, &[mode(name)]), 1000);
        let said = safety(&net, "car-0");
        assert_eq!(said.len(), 10);
        let mut stations: Vec<u32> = said.iter().map(|(_, safety)| safety.body.cam.station).collect();
        stations.dedup();
        assert_eq!(stations.len(), distinct, "{name}");
    }
}

#[test]
fn every_changed_part_of_a_message_is_refused() {
    let one = |bytes: &ByteArray<32>| (Scalar::from_bytes(bytes).expect("a scalar") + Scalar::ONE).to_bytes();
    type Change = Box<dyn Fn(&mut Safety) + Send>;
    let changes: Vec<(Change, Reason)> = vec![
        (Box::new(|said| said.body.cam.x_cm += 1), Reason::BadSignature),
        (Box::new(|said| said.body.padding.0 -= 1), Reason::BadSignature),
        (Box::new(|said| said.body.cam.time += 5000), Reason::Stale),
        (
            Box::new(|said| said.proof.t2 = G1::generator().encode()),
            Reason::BadSignature,
        ),
        (
            Box::new(|said| said.proof.t2 = G1::identity().encode()),
            Reason::BadElement,
        ),
        (Box::new(|said| said.proof.t1 = ByteArray([0; 96])), Reason::BadElement),
        (
            Box::new(|said| said.proof.c = ByteArray([0xff; 32])),
            Reason::BadElement,
        ),
        (
            Box::new(move |said| said.proof.s_x = one(&said.proof.s_x)),
            Reason::BadSignature,
        ),
        (
            Box::new(move |said| said.proof.s_alpha = one(&said.proof.s_alpha)),
            Reason::BadSignature,
        ),
        (
            Box::new(move |said| said.proof.s_delta = one(&said.proof.s_delta)),
            Reason::BadSignature,
        ),
        (
            Box::new(|said| {
                said.nonce = match said.nonce {
                    Some(_) => None,
                    None => Some(ByteArray([1; 16])),
                }
            }),
            Reason::Malformed,
        ),
    ];
    for (change, why) in changes {
        let change = std::sync::Arc::new(std::sync::Mutex::new(change));
        for name in MODES {
            let change = change.clone();
            let tamper = changing("car-0", move |message: &mut Msg| {
                if let Msg::Safety(said) = message {
                    (change.lock().expect("not poisoned"))(said);
                }
            });
            let net = run(town(8, 2, &[mode(name)]).tamper(tamper), 250);
            refused(&net, "car-0", why);
            assert_eq!(net.rejects("car-1"), []);
        }
    }
}

#[test]
fn another_nonce_and_another_mode_are_refused() {
    let tamper = changing("car-0", |message: &mut Msg| {
        if let Msg::Safety(said) = message {
            said.nonce = Some(ByteArray([7; 16]));
        }
    });
    refused(&run(town(9, 2, &[]).tamper(tamper), 250), "car-0", Reason::BadSignature);
}

#[test]
fn what_was_heard_before_or_long_ago_is_refused() {
    let repeat = |transit: &mut roadveil_role::testkit::Transit<'_>| match transit.receiver {
        "car-0" => Fate::Repeat(Duration::from_millis(500)),
        "car-1" => Fate::Repeat(Duration::from_millis(1500)),
        _ => Fate::Pass,
    };
    let net = run(town(10, 2, &[]).tamper(repeat), 2500);
    refused(&net, "car-0", Reason::Duplicate);
    refused(&net, "car-1", Reason::Stale);
}

#[test]
fn a_member_of_another_group_is_refused() {
    let other = run(town(12, 1, &[]), 150);
    let (_, said) = safety(&other, "car-0").pop().expect("it spoke");
    let mut net = town(11, 1, &[]);
    let from = Address::Link(LinkAddr::local([1; 6]));
    net.inject("car-0", from, &encode(&Msg::Safety(said)), Duration::from_millis(150));
    refused(&run(net, 250), "car-0", Reason::BadSignature);
}

#[test]
fn no_page_is_believed_that_the_authority_did_not_sign() {
    let revoke = ("revoke", "car-1@100ms".into());
    let tamper = |receiver| {
        changing(receiver, |message: &mut Msg| {
            if let Msg::Page(page) = message {
                page.tokens[0] = G1::generator().encode();
            }
        })
    };
    let net = run(town(13, 2, &[revoke]).tamper(tamper("car-0")), 3500);
    refused(&net, "car-0", Reason::BadSignature);
    let revoke = ("revoke", "car-1@100ms".into());
    let net = run(town(13, 2, &[revoke]).tamper(tamper("rsu")), 3500);
    refused(&net, "rsu", Reason::BadSignature);
    assert_eq!(net.events("list_learnt").count(), 0);
}

/// Pages with what is no token, and too long ones: not even the authority's signature helps.
#[test]
fn what_is_no_token_is_not_learnt() {
    let setup = setup(14, 1, &[]);
    let issued = Issued::new(&setup).expect("sets up");
    let manager = issued.manager();
    let page = |tokens: Vec<_>| {
        let statement = Page::statement(manager.group(), 0, &tokens);
        let mut rng = roadveil_role::Streams::new(1, "test", "test");
        let domain = roadveil_gsb::group::domain::PAGE;
        let signature = manager.list_key().sign(&statement, domain, rng.get("list", 0));
        encode(&Msg::Page(Page {
            index: 0,
            tokens,
            signature,
        }))
    };
    let from = Address::Link(LinkAddr::local([1; 6]));
    for (tokens, why) in [
        (vec![G1::identity().encode()], Reason::BadElement),
        (vec![ByteArray([0; 48])], Reason::BadElement),
        (vec![G1::generator().encode(); 17], Reason::Malformed),
    ] {
        let mut net = Net::deploy(&PROTOCOL, &setup).expect("sets up");
        net.inject("car-0", from, &page(tokens.clone()), Duration::from_millis(5));
        if tokens.len() > 1 {
            net.inject(
                "rsu",
                Address::Host(roadveil_role::HostAddr(1)),
                &page(tokens),
                Duration::ZERO,
            );
        }
        let net = run(net, 20);
        refused(&net, "car-0", why);
        assert!(net.rejects("rsu").iter().all(|reason| *reason == why));
    }
}

#[test]
fn nobody_sends_messages_to_the_authority_or_safety_messages_over_wires() {
    let said = run(town(15, 1, &[]), 150);
    let (_, said) = safety(&said, "car-0").pop().expect("it spoke");
    let frame = encode(&Msg::Safety(said));
    let mut net = town(15, 1, &[]);
    let wire = Address::Host(roadveil_role::HostAddr(2));
    net.inject("ta", wire, &frame, Duration::ZERO);
    net.inject("car-0", wire, &frame, Duration::ZERO);
    let net = run(net, 50);
    assert_eq!(
        (net.rejects("ta"), net.rejects("car-0")),
        (vec![Reason::Unexpected], vec![Reason::Unexpected])
    );
}

/// More revoked than fit on a page, over an air and wires that lose: all of them are learnt.
#[test]
fn a_long_list_arrives_over_lossy_links() {
    let revoke: Vec<String> = (1..20).map(|n| format!("car-{n}@{}ms", 100 + n)).collect();
    let changes = [
        ("revoke", revoke.join(",").as_str().into()),
        ("relay_period", Value::Span(Duration::from_millis(50))),
        ("list_period", Value::Span(Duration::from_millis(500))),
        // Quiet: it is about the list.
        ("beacon_period", Value::Span(Duration::from_secs(60))),
    ];
    let lossy = town(16, 20, &changes)
        .air(Channel::lossy(0.3))
        .wires(Channel::lossy(0.3));
    let net = run(lossy, 5000);
    assert_eq!(net.events("obu_revoked").count(), 19);
    for car in 0..20 {
        let name = format!("car-{car}");
        let known = net.events("list_learnt").filter(|(record, _)| record.node == name);
        let known = known
            .last()
            .and_then(|(_, fields)| fields.iter().find(|(key, _)| *key == "known"));
        assert_eq!(known.map(|(_, known)| known.clone()), Some(Value::U64(19)), "{name}");
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
    let mut without = setup(1, 1, &[]);
    without.nodes.remove(0);
    assert!(fails(without).contains("gsb.ta"));
    let mut without = setup(1, 1, &[]);
    without.nodes[1].host = None;
    assert!(fails(without).contains("wires"));
}

#[test]
fn frames_are_canonical_their_trees_whole_and_their_sizes_as_the_page_says() {
    for (name, bytes) in [("linear", 591), ("fast", 575)] {
        let net = run(town(19, 1, &[mode(name), ("revoke", "car-0@10ms".into())]), 1500);
        for (_, _, frame) in net.sent() {
            let message: Msg = decode(frame).expect("decodes");
            assert_eq!(encode(&message), frame);
            for length in 0..frame.len() {
                assert!(decode::<Msg>(&frame[..length]).is_err());
            }
            let tree = roadveil_role::tree::describe(PROTOCOL.messages, frame);
            assert!(!format!("{tree:?}").contains("malformed"));
            match message {
                Msg::Safety(_) => assert_eq!(frame.len(), bytes, "{name}"),
                Msg::Page(_) => assert_eq!(frame.len(), 100, "a page of one token"),
            }
        }
    }
    let names: Vec<_> = PROTOCOL.message_names().collect();
    assert_eq!(names, ["Safety", "Page"]);
}
