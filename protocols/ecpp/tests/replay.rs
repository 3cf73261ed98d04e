//! What is played back, and what a thief of an RSU's key can do.

mod common;

use std::collections::BTreeMap;

use common::hand::Hand;
use common::{issued, one_rsu, setup};
use roadveil_crypto::{G2, SigningKey, pairing};
use roadveil_ecpp::messages::{Msg, Req1, Request};
use roadveil_ecpp::params::Config;
use roadveil_ecpp::schedule::{Part, Secrets};
use roadveil_ecpp::setup::Issued;
use roadveil_ecpp::system::Location;
use roadveil_role::testkit::Net;
use roadveil_role::{Reason, Time, decode, encode};

const HERE: Location = Location { x_cm: 0, y_cm: 0 };

struct World {
    issued: Issued,
    config: Config,
    net: Net,
}

fn world(mode: &str) -> World {
    let issued = issued(&setup(5, 1, 2, &[("issue", mode.into())]));
    let config = Config::clone(issued.config());
    let mut net = one_rsu(&issued, 5, &config);
    net.run_until(Time::from_secs(20));
    World { issued, config, net }
}

impl World {
    /// The RSU after a loss of memory: same key, other randomness.
    fn restarted(&self) -> Net {
        let mut net = one_rsu(&self.issued, 6, &self.config);
        net.run_until(Time::from_secs(20));
        net
    }

    /// One honest run; its `req1` and `req2`.
    fn run(&mut self) -> (Vec<u8>, Vec<u8>) {
        let mut hand = Hand::new(&self.issued, &self.config);
        let secrets = hand.open(&mut self.net, HERE);
        let key = SigningKey::random(&mut hand.rng);
        let request = hand.request(
            &secrets,
            self.issued.obu_key("car-0").expect("a car"),
            &key,
            self.net.now(),
        );
        let req2 = hand.req2(&secrets, &encode(&request));
        hand.say_bytes(&mut self.net, &req2);
        let received = self.net.records().iter().find_map(|record| match &record.what {
            roadveil_role::testkit::What::Received { frame, .. } if frame.get(1) == Some(&1) => Some(frame.to_vec()),
            _ => None,
        });
        (received.expect("req1"), req2)
    }
}

/// However often a run is played back, and also to an RSU that forgot it, no two ciphertexts are ever made under one
/// (key, nonce): what repeats is the same to the byte, and what is new has a new nonce in clear.
#[test]
fn a_replayed_request_never_yields_two_ciphertexts_under_one_nonce() {
    for mode in ["hardened", "paper"] {
        let mut world = world(mode);
        let (req1, req2) = world.run();
        let mut nets = [world.restarted()];
        let hand = Hand::new(&world.issued, &world.config);
        for net in core::iter::once(&mut world.net).chain(&mut nets) {
            for _ in 0..5 {
                hand.say_bytes(net, &req1);
                hand.say_bytes(net, &req2);
            }
        }
        let mut sealed = BTreeMap::new();
        let mut messages = 0;
        for net in core::iter::once(&world.net).chain(&nets) {
            for frame in Hand::answers(net) {
                messages += 1;
                let (kind, key_and_nonce, ciphertext) = match decode(&frame) {
                    Ok(Msg::Res1(m)) => (1, (m.session.0.to_vec(), m.nonce.0.to_vec(), m.share), m.sealed.0),
                    Ok(Msg::Res2(m)) => (
                        2,
                        (m.session.0.to_vec(), m.nonce.map_or(vec![], |n| n.0.to_vec()), None),
                        m.sealed.0,
                    ),
                    other => panic!("{other:?}"),
                };
                let before = sealed.insert((kind, key_and_nonce), ciphertext.clone());
                assert!(
                    before.is_none_or(|before| before == ciphertext),
                    "{mode}: two ciphertexts under one nonce"
                );
            }
        }
        assert!(messages > 10, "{messages}");
    }
}

/// In hardened mode the RSU's nonce makes a recorded `req2` worthless to an RSU that forgot the run; in paper mode
/// nothing is fresh, and the RSU issues again for the same key. Derived here.
#[test]
fn a_recorded_run_is_worth_nothing_in_hardened_mode_only() {
    for (mode, issued, why) in [("hardened", 0, Some(Reason::BadCiphertext)), ("paper", 1, None)] {
        let mut world = world(mode);
        let (req1, req2) = world.run();
        let mut net = world.restarted();
        let hand = Hand::new(&world.issued, &world.config);
        hand.say_bytes(&mut net, &req1);
        hand.say_bytes(&mut net, &req2);
        assert_eq!(net.events("key_issued").count(), issued, "{mode}");
        assert_eq!(net.rejects("rsu-0").first().copied(), why, "{mode}");
    }
}

/// Who steals `B_j` later reads every recorded run of paper mode, and none of hardened mode. Derived here.
#[test]
fn a_stolen_rsu_key_opens_recorded_runs_in_paper_mode_only() {
    for (mode, opens) in [("paper", true), ("hardened", false)] {
        let mut world = world(mode);
        let (req1, req2) = world.run();
        let (Ok(Msg::Req1(Req1 { r1, .. })), Ok(Msg::Req2(request))) = (decode(&req1), decode(&req2)) else {
            panic!("not the recorded messages");
        };
        let b = world.issued.rsu_key("rsu-0").expect("an rsu").b();
        let r2 = pairing(b.expose(), &G2::decode(&r1).expect("a point"));
        let thief = Secrets::paper(r1, &r2);
        let plain = thief.open(Part::Req2, request.nonce.as_ref(), &request.sealed.0);
        assert_eq!(plain.is_ok(), opens, "{mode}");
        if let Ok(plain) = plain {
            let request: Request = decode(&plain).expect("a request");
            assert_eq!(request.rid, world.issued.obu_key("car-0").expect("a car").rid_bytes());
        }
    }
}

/// A run that was answered stays answered: another request in it is refused, whoever knows its keys.
#[test]
fn a_run_has_one_answer() {
    let mut world = world("hardened");
    let mut hand = Hand::new(&world.issued, &world.config);
    let secrets = hand.open(&mut world.net, HERE);
    let member = world.issued.obu_key("car-0").expect("a car");
    let (one, two) = (SigningKey::random(&mut hand.rng), SigningKey::random(&mut hand.rng));
    let now = world.net.now();
    let [first, second] = [one, two].map(|key| hand.request(&secrets, member, &key, now));
    assert!(hand.ask(&mut world.net, &secrets, &first).is_ok());
    assert!(hand.ask(&mut world.net, &secrets, &first).is_ok(), "a retry");
    assert_eq!(hand.ask(&mut world.net, &secrets, &second), Err(Reason::Unexpected));
    assert_eq!(world.net.events("key_issued").count(), 1);
}
