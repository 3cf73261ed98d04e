//! What an RSU refuses, check by check.

mod common;

use common::hand::{ADDR, Hand};
use common::{issued, one_rsu, secs, setup};
use proptest::prelude::*;
use roadveil_crypto::{ByteArray, G1, G2, Scalar, SigningKey};
use roadveil_ecpp::keys::{ObuKey, SecretPoint};
use roadveil_ecpp::messages::{Answer, Msg, Req1, Request};
use roadveil_ecpp::params::Config;
use roadveil_ecpp::rsu::records::LIVE;
use roadveil_ecpp::setup::Issued;
use roadveil_ecpp::system::{Location, Validity};
use roadveil_role::testkit::Net;
use roadveil_role::{Reason, Time, Value, encode};

const HERE: Location = Location { x_cm: 0, y_cm: 0 };

/// A network with one RSU, and the secrets of a run with it.
fn world(changes: &[(&str, Value)]) -> (Issued, Config, Net) {
    let issued = issued(&setup(5, 1, 2, changes));
    let config = Config::clone(issued.config());
    let mut net = one_rsu(&issued, 5, &config);
    net.run_until(Time::from_secs(20));
    (issued, config, net)
}

fn member(issued: &Issued) -> &ObuKey {
    issued.obu_key("car-0").expect("there is a car")
}

/// What the RSU says to a request that `twist` made dishonest.
fn twisted(changes: &[(&str, Value)], twist: impl FnOnce(&mut Request, &Issued)) -> Result<Answer, Reason> {
    let (issued, config, mut net) = world(changes);
    let mut hand = Hand::new(&issued, &config);
    let secrets = hand.open(&mut net, HERE);
    let key = SigningKey::random(&mut hand.rng);
    let mut request = hand.request(&secrets, member(&issued), &key, net.now());
    twist(&mut request, &issued);
    let answer = hand.ask(&mut net, &secrets, &request);
    let refused = net.events("key_refused").count();
    assert_eq!(refused, usize::from(answer.is_err()), "every refusal is an event");
    answer
}

#[test]
fn an_honest_request_is_granted() {
    for mode in ["hardened", "paper"] {
        assert!(
            matches!(twisted(&[("issue", mode.into())], |_, _| {}), Ok(Answer::Issued(_))),
            "{mode}"
        );
    }
}

#[test]
fn what_is_no_group_element_is_refused() {
    let (issued, config, mut net) = world(&[]);
    let mut hand = Hand::new(&issued, &config);
    let (_, r1) = hand.r1(HERE);
    let share = Some(ByteArray([9; 32]));
    let mut off_curve = r1;
    off_curve.0[95] ^= 1;
    let mut infinity = [0; 96];
    infinity[0] = 0xc0;
    let mut uncompressed = r1;
    uncompressed.0[0] &= 0x7f;
    for bad in [
        off_curve,
        ByteArray(infinity),
        ByteArray([0; 96]),
        ByteArray([0xff; 96]),
        uncompressed,
    ] {
        hand.say(&mut net, &Msg::Req1(Req1 { r1: bad, share }));
        assert_eq!(net.rejects("rsu-0").last(), Some(&Reason::BadElement), "{bad}");
    }
    // X25519 shares of small order, with which the secret would be known to everybody.
    for zero in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        let (_, r1) = hand.r1(HERE);
        hand.say(
            &mut net,
            &Msg::Req1(Req1 {
                r1,
                share: Some(ByteArray(zero)),
            }),
        );
        assert_eq!(net.rejects("rsu-0").last(), Some(&Reason::BadElement));
    }
    assert!(Hand::answers(&net).is_empty());
}

#[test]
fn a_point_outside_the_subgroup_is_refused() {
    let (issued, config, mut net) = world(&[]);
    let hand = Hand::new(&issued, &config);
    // Points on the twist of the full order: x counts up until there is one.
    let outside = (1u8..50).map(|x| {
        let mut bytes = [0; 96];
        bytes[0] = 0x80;
        bytes[95] = x;
        ByteArray(bytes)
    });
    for bytes in outside {
        assert!(G2::decode(&bytes).is_err());
        hand.say(
            &mut net,
            &Msg::Req1(Req1 {
                r1: bytes,
                share: Some(ByteArray([9; 32])),
            }),
        );
    }
    assert!(net.rejects("rsu-0").iter().all(|why| *why == Reason::BadElement));
    assert_eq!(net.rejects("rsu-0").len(), 49);
}

#[test]
fn a_run_for_another_place_opens_nothing() {
    let (issued, config, mut net) = world(&[]);
    let mut hand = Hand::new(&issued, &config);
    let secrets = hand.open(&mut net, Location { x_cm: 100, y_cm: 0 });
    let answers = Hand::answers(&net);
    let Ok(Msg::Res1(response)) = roadveil_role::decode(&answers[0]) else {
        panic!("no res1")
    };
    let part = roadveil_ecpp::schedule::Part::Res1;
    assert!(
        secrets.open(part, None, &response.sealed.0).is_err(),
        "the RSU has no key of that place"
    );
    let key = SigningKey::random(&mut hand.rng);
    let request = hand.request(&secrets, member(&issued), &key, net.now());
    assert_eq!(hand.ask(&mut net, &secrets, &request), Err(Reason::BadCiphertext));
}

#[test]
fn validities_are_held() {
    let now = 20_000;
    let case = |from, until| {
        let (issued, config, mut net) = world(&[]);
        let mut hand = Hand::new(&issued, &config);
        let secrets = hand.open(&mut net, HERE);
        let key = SigningKey::random(&mut hand.rng);
        let request = hand.request_for(&secrets, member(&issued), &key, Validity { from, until });
        hand.ask(&mut net, &secrets, &request).map(|_| ())
    };
    assert_eq!(case(now, now + 120_000), Ok(()));
    assert_eq!(case(now, now + 120_001), Err(Reason::OverlongValidity));
    assert_eq!(case(0, u64::MAX), Err(Reason::OverlongValidity));
    assert_eq!(case(now - 10_000, now), Err(Reason::OutsideValidity), "already over");
    assert_eq!(
        case(now + 10_000, now + 60_000),
        Err(Reason::OutsideValidity),
        "not yet begun"
    );
    assert_eq!(
        case(now + 60_000, now),
        Err(Reason::OutsideValidity),
        "ends before it begins"
    );
}

#[test]
fn a_signature_of_somebody_else_is_refused() {
    let wrong = [
        twisted(&[], |request, issued| {
            request.rid = issued.obu_key("car-1").expect("a car").rid_bytes()
        }),
        twisted(&[], |request, _| request.validity.until -= 1),
        twisted(&[], |request, _| request.sigma1.c.0[31] ^= 1),
        twisted(&[], |request, _| request.sigma1.z.0[47] ^= 1),
        twisted(&[], |request, _| request.rid = ByteArray([0xff; 32])),
        twisted(&[], |request, _| request.y = G1::generator().encode()),
    ];
    for answer in wrong {
        assert_eq!(answer, Err(Reason::BadSignature));
    }
    assert_eq!(
        twisted(&[], |request, _| request.y.0[0] &= 0x7f),
        Err(Reason::BadElement)
    );
    assert_eq!(
        twisted(&[], |request, _| request.y = ByteArray([0; 48])),
        Err(Reason::BadElement)
    );
}

#[test]
fn a_member_key_that_the_authority_never_made_is_refused() {
    let (issued, config, mut net) = world(&[]);
    let mut hand = Hand::new(&issued, &config);
    let secrets = hand.open(&mut net, HERE);
    let key = SigningKey::random(&mut hand.rng);
    let made_up = ObuKey::new(
        Scalar::from_u64(5),
        SecretPoint::new(G1::generator().mul(&Scalar::from_u64(6))),
    );
    let request = hand.request(&secrets, &made_up, &key, net.now());
    assert_eq!(hand.ask(&mut net, &secrets, &request), Err(Reason::BadSignature));
}

#[test]
fn possession_is_proved_in_hardened_mode() {
    assert_eq!(twisted(&[], |request, _| request.proof = None), Err(Reason::BadProof));
    let flip = |request: &mut Request, _: &Issued| {
        if let Some(proof) = &mut request.proof {
            proof.s.0[31] ^= 1;
        }
    };
    assert_eq!(twisted(&[], flip), Err(Reason::BadProof));
}

/// Registering somebody else's key: the proof of possession prevents it, and without a proof (paper mode) it works.
#[test]
fn nobody_registers_a_key_that_he_does_not_hold() {
    for (mode, expected) in [("hardened", Err(Reason::BadProof)), ("paper", Ok(()))] {
        let (issued, config, mut net) = world(&[("issue", mode.into())]);
        let mut hand = Hand::new(&issued, &config);
        let victim = SigningKey::random(&mut hand.rng);
        let secrets = hand.open(&mut net, HERE);
        let mut request = hand.request(&secrets, member(&issued), &victim, net.now());
        if let Some(proof) = &mut request.proof {
            // He cannot sign with the victim's key; a signature of his own is the best he has.
            let own = SigningKey::random(&mut hand.rng);
            *proof = own.sign(b"mine", roadveil_ecpp::system::domain::POSSESSION, &mut hand.rng);
        }
        assert_eq!(hand.ask(&mut net, &secrets, &request).map(|_| ()), expected, "{mode}");
    }
}

#[test]
fn a_key_recorded_for_one_identity_is_refused_to_another() {
    let (issued, config, mut net) = world(&[]);
    let mut hand = Hand::new(&issued, &config);
    let key = SigningKey::random(&mut hand.rng);
    let mut ask = |car| {
        let secrets = hand.open(&mut net, HERE);
        let request = hand.request(&secrets, issued.obu_key(car).expect("a car"), &key, net.now());
        hand.ask(&mut net, &secrets, &request).map(|_| ())
    };
    assert_eq!(ask("car-0"), Ok(()));
    assert_eq!(ask("car-0"), Ok(()), "the same OBU may ask again");
    assert_eq!(ask("car-1"), Err(Reason::KeyConflict));
}

#[test]
fn an_rsu_takes_up_so_many_requests_in_a_second() {
    let (issued, config, mut net) = world(&[("request_rate", Value::U64(5))]);
    let mut hand = Hand::new(&issued, &config);
    let ask = |hand: &mut Hand<'_>, net: &mut Net| {
        let (_, r1) = hand.r1(HERE);
        hand.say(
            net,
            &Msg::Req1(Req1 {
                r1,
                share: Some(ByteArray([9; 32])),
            }),
        );
    };
    (0..8).for_each(|_| ask(&mut hand, &mut net));
    assert_eq!(Hand::answers(&net).len(), 5);
    assert_eq!(net.rejects("rsu-0"), [Reason::RateLimited; 3]);
    net.run_until(net.now() + secs(1));
    ask(&mut hand, &mut net);
    assert_eq!(Hand::answers(&net).len(), 6);
}

/// A replay costs its sender nothing: the RSU repeats itself so often in a second.
#[test]
fn an_rsu_repeats_itself_so_often_in_a_second() {
    let (issued, config, mut net) = world(&[("request_rate", Value::U64(5))]);
    let mut hand = Hand::new(&issued, &config);
    let secrets = hand.open(&mut net, HERE);
    let key = SigningKey::random(&mut hand.rng);
    let request = hand.request(&secrets, member(&issued), &key, net.now());
    let req2 = hand.req2(&secrets, &encode(&request));
    hand.say_bytes(&mut net, &req2);
    let answered = Hand::answers(&net).len();
    (0..15).for_each(|_| hand.say_bytes(&mut net, &req2));
    assert_eq!(Hand::answers(&net).len(), answered + 10);
    assert_eq!(net.rejects("rsu-0"), [Reason::RateLimited; 5]);
    net.run_until(net.now() + secs(1));
    hand.say_bytes(&mut net, &req2);
    assert_eq!(Hand::answers(&net).len(), answered + 11);
}

#[test]
fn nothing_long_is_opened() {
    let (issued, config, mut net) = world(&[]);
    let mut hand = Hand::new(&issued, &config);
    let secrets = hand.open(&mut net, HERE);
    let long = hand.req2(&secrets, &[0; 100_000]);
    hand.say_bytes(&mut net, &long);
    assert_eq!(net.rejects("rsu-0"), [Reason::Malformed]);
    let key = SigningKey::random(&mut hand.rng);
    let request = hand.request(&secrets, member(&issued), &key, net.now());
    assert!(
        hand.ask(&mut net, &secrets, &request).is_ok(),
        "the run was not used up"
    );
}

#[test]
fn a_run_is_over_after_a_minute() {
    let (issued, config, mut net) = world(&[]);
    let mut hand = Hand::new(&issued, &config);
    let secrets = hand.open(&mut net, HERE);
    net.run_until(net.now() + secs(60));
    let key = SigningKey::random(&mut hand.rng);
    let request = hand.request(&secrets, member(&issued), &key, net.now());
    assert_eq!(hand.ask(&mut net, &secrets, &request), Err(Reason::Unexpected));
}

#[test]
fn one_identity_holds_so_many_keys_of_an_rsu() {
    let (issued, config, mut net) = world(&[]);
    let mut hand = Hand::new(&issued, &config);
    let mut ask = |net: &mut Net| {
        let secrets = hand.open(net, HERE);
        let key = SigningKey::random(&mut hand.rng);
        let request = hand.request(&secrets, member(&issued), &key, net.now());
        hand.ask(net, &secrets, &request).map(|_| ())
    };
    for _ in 0..LIVE {
        assert_eq!(ask(&mut net), Ok(()));
    }
    assert_eq!(ask(&mut net), Err(Reason::RateLimited));
    net.run_until(net.now() + secs(80));
    assert_eq!(ask(&mut net), Ok(()), "the others are over");
}

#[test]
fn modes_do_not_mix() {
    for (mode, share) in [("hardened", None), ("paper", Some(ByteArray([9; 32])))] {
        let (issued, config, mut net) = world(&[("issue", mode.into())]);
        let mut hand = Hand::new(&issued, &config);
        let (_, r1) = hand.r1(HERE);
        hand.say(&mut net, &Msg::Req1(Req1 { r1, share }));
        assert_eq!(net.rejects("rsu-0"), [Reason::Unexpected], "no downgrade: {mode}");
    }
}

#[test]
fn requests_out_of_place_are_refused() {
    let (issued, config, mut net) = world(&[]);
    let mut hand = Hand::new(&issued, &config);
    let secrets = hand.open(&mut net, HERE);
    // Of no run.
    let nowhere = Msg::Req2(roadveil_ecpp::messages::Req2 {
        session: ByteArray([1; 8]),
        nonce: None,
        sealed: Default::default(),
    });
    hand.say(&mut net, &nowhere);
    assert_eq!(net.rejects("rsu-0").last(), Some(&Reason::Unexpected));
    // Sealed, but nonsense: the sender is who began the run, and the run is over.
    let nonsense = hand.req2(&secrets, b"nonsense");
    hand.say_bytes(&mut net, &nonsense);
    assert_eq!(net.rejects("rsu-0").last(), Some(&Reason::Malformed));
    let key = SigningKey::random(&mut hand.rng);
    let request = hand.request(&secrets, member(&issued), &key, net.now());
    assert_eq!(hand.ask(&mut net, &secrets, &request), Err(Reason::Unexpected));
    // What only others get.
    let ack = encode(&Msg::Ack { sequence: 1 });
    net.inject("rsu-0", ADDR, &ack, secs(0));
    net.run_until(net.now() + secs(1));
    assert_eq!(net.rejects("rsu-0").last(), Some(&Reason::Unexpected));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever bit of a sealed request is turned, the RSU refuses it, and the honest request after it is granted.
    #[test]
    fn tampered_requests_are_refused_and_do_no_harm(bit in 0usize..8 * 200) {
        let (issued, config, mut net) = world(&[]);
        let mut hand = Hand::new(&issued, &config);
        let secrets = hand.open(&mut net, HERE);
        let key = SigningKey::random(&mut hand.rng);
        let request = hand.request(&secrets, member(&issued), &key, net.now());
        let frame = hand.req2(&secrets, &encode(&request));
        let mut bad = frame.clone();
        bad[2 + bit / 8] ^= 1 << (bit % 8);
        hand.say_bytes(&mut net, &bad);
        let whys = net.rejects("rsu-0");
        prop_assert_eq!(whys.len(), 1);
        prop_assert!(matches!(whys[0], Reason::BadCiphertext | Reason::Unexpected | Reason::Malformed), "{}", whys[0]);
        hand.say_bytes(&mut net, &frame);
        prop_assert_eq!(net.events("key_issued").count(), 1);
    }
}
