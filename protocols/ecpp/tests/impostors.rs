//! Who poses as an RSU, or stands between one and a vehicle.

mod common;

use core::time::Duration;
use std::sync::Arc;

use common::{field, issued, obu, one_rsu, secs, setup, town};
use proptest::prelude::*;
use rand_core::SeedableRng;
use roadveil_crypto::{ByteArray, Op, SecretBytes};
use roadveil_ecpp::beacon;
use roadveil_ecpp::messages::{Beacon, Msg, Res1, Res2};
use roadveil_ecpp::params::Config;
use roadveil_ecpp::rsu::Rsu;
use roadveil_ecpp::system::Location;
use roadveil_role::testkit::{Channel, Fate, Net, Node};
use roadveil_role::{Address, HostAddr, LinkAddr, Reason, Stream, Time, Typed, Value, decode, encode};

const FROM: Address = Address::Link(LinkAddr::local([7; 6]));

/// Why `car-0` refuses a frame.
fn hears(net: &mut Net, frame: &[u8]) -> Result<(), Reason> {
    let before = net.rejects("car-0").len();
    net.inject("car-0", FROM, frame, Duration::ZERO);
    net.run_until(net.now());
    net.rejects("car-0").get(before).map_or(Ok(()), |why| Err(*why))
}

#[test]
fn beacons_are_believed_only_if_they_can_be_true() {
    let issued = issued(&setup(4, 2, 1, &[]));
    let config = Config::clone(issued.config());
    let mut net = Net::new(4);
    net.add(Node::new("car-0").role(1, "obu", obu(&issued, "car-0", &config)));
    net.run_until(Time::from_secs(30));
    let system = issued.authority().system();
    let (here, there) = (
        issued.rsu_key("rsu-0").expect("an rsu"),
        issued.rsu_key("rsu-1").expect("an rsu"),
    );
    let mut rng = Stream::from_seed([1; 32]);
    let mut sign = |key, time| {
        beacon::sign(
            system,
            key,
            LinkAddr::local([1; 6]),
            time,
            &SecretBytes::random(&mut rng),
        )
    };
    let far = issued
        .authority()
        .rsu_key(Location { x_cm: 100_100, y_cm: 0 })
        .expect("a key");
    let good = sign(here, 30_000);
    let cases = [
        (Beacon { epoch: 9, ..good }, Err(Reason::WrongEpoch)),
        (sign(here, 28_999), Err(Reason::Stale)),
        (sign(here, 31_001), Err(Reason::Stale)),
        (sign(&far, 30_000), Err(Reason::WrongLocation)),
        // Signed under the key of another place, or of none.
        (
            Beacon {
                location: there.location(),
                ..good
            },
            Err(Reason::BadSignature),
        ),
        (
            Beacon {
                addr: LinkAddr::local([2; 6]),
                ..good
            },
            Err(Reason::BadSignature),
        ),
        (Beacon { time: 30_001, ..good }, Err(Reason::BadSignature)),
        (good, Ok(())),
        (good, Err(Reason::Duplicate)),
        (sign(here, 29_999), Err(Reason::Duplicate)),
        (sign(there, 29_500), Ok(())),
    ];
    for (number, (beacon, expected)) in cases.into_iter().enumerate() {
        assert_eq!(
            hears(&mut net, &encode(&Msg::Beacon(beacon))),
            expected,
            "case {number}"
        );
    }
}

#[test]
fn forged_beacons_are_checked_so_often_in_a_second() {
    let issued = issued(&setup(4, 1, 1, &[("certificate_rate", Value::U64(5))]));
    let config = Config::clone(issued.config());
    let mut net = Net::new(4);
    net.add(Node::new("car-0").role(1, "obu", obu(&issued, "car-0", &config)));
    net.run_until(Time::from_secs(30));
    let (system, key) = (issued.authority().system(), issued.rsu_key("rsu-0").expect("an rsu"));
    let mut rng = Stream::from_seed([1; 32]);
    let good = beacon::sign(
        system,
        key,
        LinkAddr::local([1; 6]),
        30_000,
        &SecretBytes::random(&mut rng),
    );
    let forged = encode(&Msg::Beacon(Beacon { time: 30_001, ..good }));
    let whys: Vec<_> = (0..8).map(|_| hears(&mut net, &forged).expect_err("forged")).collect();
    assert_eq!(whys[..5], [Reason::BadSignature; 5]);
    assert_eq!(whys[5..], [Reason::RateLimited; 3]);
}

/// Answers that somebody made up cost a vehicle `g^{r1}` once in a run, not each time.
#[test]
fn made_up_answers_do_not_cost_an_exponentiation_each() {
    let mut net = town(4, 1, 1, &[("rsu_beacon_period", Value::Span(secs(30)))]).tamper(|transit| {
        let answer = matches!(decode(transit.frame), Ok(Msg::Res1(_)));
        if answer { Fate::Drop } else { Fate::Pass }
    });
    let answer = |net: &Net| {
        net.sent().find_map(|(_, _, frame)| match decode(frame) {
            Ok(Msg::Res1(real)) => Some(real),
            _ => None,
        })
    };
    assert!(net.run_until_or(Time::from_secs(60), |net| answer(net).is_some()));
    let real = answer(&net).expect("it was sent");
    net.charged("car-0");
    for n in 0..10 {
        let nonce = ByteArray([n; 16]);
        let made_up = Msg::Res1(Res1 { nonce, ..real.clone() });
        assert_eq!(hears(&mut net, &encode(&made_up)), Err(Reason::BadCiphertext));
    }
    assert_eq!(net.charged("car-0").get(Op::GtExp), 1);
    assert_eq!(hears(&mut net, &encode(&Msg::Res1(real))), Ok(()));
}

/// Somebody plays back an RSU's beacon and answers in its place, without the key of that place.
#[test]
fn an_rsu_without_its_key_learns_nothing() {
    let setup = setup(4, 2, 1, &[]);
    let issued = issued(&setup);
    let config = Arc::new(Config::clone(issued.config()));
    let system = issued.authority().system().clone();
    let mut net = Net::new(4);
    // It has a key, but of another place.
    let elsewhere = issued.rsu_key("rsu-1").expect("an rsu").clone();
    let impostor = Rsu::new(system.clone(), config.clone(), elsewhere);
    net.add(
        Node::new("impostor")
            .wired(HostAddr(10))
            .role(1, "rsu", Box::new(Typed(impostor))),
    );
    net.add(
        Node::new("car-0")
            .at(5.0, 0.0)
            .role(1, "obu", obu(&issued, "car-0", &config)),
    );
    let place = issued.rsu_key("rsu-0").expect("an rsu").clone();
    let mut rng = Stream::from_seed([1; 32]);
    // Its own beacons are too far to matter here; every one is replaced by one of the real RSU, with its address.
    let mut net = net.tamper(move |transit| {
        if let Ok(Msg::Beacon(own)) = decode(transit.frame) {
            let real = beacon::sign(&system, &place, own.addr, own.time, &SecretBytes::random(&mut rng));
            *transit.frame = encode(&Msg::Beacon(real));
        }
        Fate::Pass
    });
    net.run_until(Time::from_secs(30));
    assert!(net.events("key_requested").count() >= 1);
    assert!(net.rejects("car-0").contains(&Reason::BadCiphertext));
    assert!(
        !net.sent()
            .any(|(_, _, frame)| matches!(decode(frame), Ok(Msg::Req2(_)))),
        "RID_i was not shown"
    );
    assert_eq!(net.state("car-0"), Some("requesting"));
}

/// Answers that somebody else made up do not stop the exchange.
#[test]
fn made_up_answers_do_no_harm() {
    let mut net = town(4, 1, 1, &[]).tamper(|transit| {
        let bytes = match decode(transit.frame) {
            // The name of the run is public: anybody may answer to it.
            Ok(Msg::Res1(real)) if transit.at < Time::from_secs(3) => encode(&Msg::Res1(Res1 {
                nonce: ByteArray([1; 16]),
                ..real
            })),
            Ok(Msg::Res2(real)) if transit.at < Time::from_secs(6) => encode(&Msg::Res2(Res2 {
                sealed: Default::default(),
                ..real
            })),
            _ => return Fate::Pass,
        };
        *transit.frame = bytes;
        Fate::Pass
    });
    net.run_until(Time::from_secs(20));
    assert_eq!(net.events("key_obtained").count(), 1);
    assert!(
        net.rejects("car-0")
            .iter()
            .filter(|why| **why == Reason::BadCiphertext)
            .count()
            >= 2
    );
    assert_eq!(net.events("key_issued").count(), 1, "the same request, again and again");
}

#[test]
fn answers_that_nobody_waits_for_are_refused() {
    let mut net = town(4, 1, 1, &[]);
    net.run_until(Time::from_secs(5));
    let frames: Vec<_> = net.sent().map(|(_, _, frame)| frame.to_vec()).collect();
    let find = |wanted: fn(&Msg) -> bool| {
        frames
            .iter()
            .find(|frame| decode(frame).is_ok_and(|message| wanted(&message)))
            .expect("it was sent")
            .clone()
    };
    let (res1, res2) = (
        find(|message| matches!(message, Msg::Res1(_))),
        find(|message| matches!(message, Msg::Res2(_))),
    );
    let req1 = find(|message| matches!(message, Msg::Req1(_)));
    for frame in [res1, res2, req1] {
        assert_eq!(hears(&mut net, &frame), Err(Reason::Unexpected));
    }
}

/// A vehicle on its way asks the RSU that is near, and turns to the next when the first is silent.
#[test]
fn a_silent_rsu_is_given_up_for_another() {
    let mut net = town(4, 2, 1, &[]).tamper(|transit| {
        let from_first = transit.sender == "rsu-0" && transit.receiver == "car-0";
        // Its beacons are heard, its answers are not.
        if from_first && !matches!(decode(transit.frame), Ok(Msg::Beacon(_))) {
            Fate::Drop
        } else {
            Fate::Pass
        }
    });
    net.run_until(Time::from_secs(20));
    assert!(net.events("rsu_given_up").count() >= 1);
    assert_eq!(net.events("handover").count(), 1);
    assert_eq!(
        net.events("key_issued").next().map(|(record, _)| record.node.as_str()),
        Some("rsu-1")
    );
    assert_eq!(net.state("car-0"), Some("keyed"));
}

/// While it asks, a vehicle that passes another RSU turns to it.
#[test]
fn a_nearer_rsu_takes_over() {
    let mut net = town(4, 2, 1, &[]);
    let start = roadveil_role::Fix {
        x: 40.0,
        y: 5.0,
        speed: 25.0,
        heading: 90.0,
    };
    net.node("car-0").move_to(Time::ZERO, start);
    let mut net = net.tamper(|transit| {
        let answer = matches!(decode(transit.frame), Ok(Msg::Res1(_)));
        if answer && transit.sender == "rsu-0" {
            Fate::Drop
        } else {
            Fate::Pass
        }
    });
    net.run_until(Time::from_secs(15));
    assert_eq!(net.events("rsu_given_up").count(), 0, "it did not come to that");
    assert_eq!(net.events("handover").count(), 1);
    assert_eq!(net.state("car-0"), Some("keyed"));
    assert!(matches!(field(&net, "key_obtained", "delay"), Some(Value::Span(delay)) if delay > secs(1)));
}

/// The link address of the radio is another for each run and each pseudonym, and no two are alike.
#[test]
fn link_addresses_do_not_link() {
    let mut net = town(4, 1, 1, &[]);
    net.run_until(Time::from_secs(70));
    let mut asks = Vec::new();
    let mut talks = Vec::new();
    let mut addr = None;
    for record in net.records().iter().filter(|record| record.node == "car-0") {
        match &record.what {
            roadveil_role::testkit::What::Readdressed(new) => addr = Some(*new),
            roadveil_role::testkit::What::Sent { frame, .. } => match decode(frame) {
                Ok(Msg::Req1(_) | Msg::Req2(_)) => asks.push(addr),
                Ok(Msg::Safety(_)) => talks.push(addr),
                _ => {}
            },
            _ => {}
        }
    }
    asks.dedup();
    talks.dedup();
    assert_eq!(
        (asks.len(), talks.len()),
        (2, 2),
        "one for each run, one for each pseudonym"
    );
    let all: std::collections::BTreeSet<_> = asks.iter().chain(&talks).collect();
    assert_eq!(all.len(), 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Somebody turns bits in a share of all frames: nobody believes anything wrong, and the key comes all the same.
    #[test]
    fn turned_bits_delay_and_do_not_deceive(seed in any::<u64>(), every in 3usize..8) {
        let mut count = 0usize;
        let mut net = town(seed, 1, 2, &[]).tamper(move |transit| {
            count += 1;
            if count.is_multiple_of(every) {
                let at = (count / every * 7919) % transit.frame.len();
                transit.frame[at] ^= 1 << (count % 8);
            }
            Fate::Pass
        });
        net.set_wires(Channel::perfect());
        let done = net.run_until_or(Time::from_secs(120), |net| net.events("key_obtained").count() >= 2);
        prop_assert!(done);
        prop_assert_eq!(net.events("key_refused").count(), 0);
    }

    /// No bytes make a role fall over.
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), variant in 0u8..9) {
        let mut net = town(1, 1, 1, &[]);
        net.run_until(Time::from_secs(3));
        let frame = [&[1, variant], bytes.as_slice()].concat();
        for node in ["ta", "rsu-0", "car-0"] {
            for from in [FROM, Address::Host(HostAddr(1)), Address::Host(HostAddr(10))] {
                net.inject(node, from, &frame, Duration::ZERO);
            }
        }
        net.run_until(Time::from_millis(3001));
    }
}

#[test]
fn one_rsu_serves_many() {
    let issued = issued(&setup(6, 1, 40, &[]));
    let config = Config::clone(issued.config());
    let mut net = one_rsu(&issued, 6, &config);
    for n in 0..40 {
        let name = format!("car-{n}");
        net.add(
            Node::new(&name)
                .at(f64::from(n), 3.0)
                .role(1, "obu", obu(&issued, &name, &config)),
        );
    }
    net.run_until(Time::from_secs(4));
    assert_eq!(net.events("key_obtained").count(), 40);
}
