//! The variants `certificate = "plain"` and `signature = "zss"`: what works alike, what they show, and that forms do not mix.

mod common;

use core::time::Duration;

use common::{count, secs, town};
use roadveil_crypto::Op;
use roadveil_ecpp::cert::{Certificate, Form, Proof};
use roadveil_ecpp::messages::{Credential, Msg};
use roadveil_ecpp::system::Location;
use roadveil_role::testkit::{Channel, Net};
use roadveil_role::{Address, LinkAddr, Reason, Time, Value, decode, encode};

const FROM: Address = Address::Link(LinkAddr::local([7; 6]));

const PLAIN: (&str, &str) = ("certificate", "plain");
const ZSS: (&str, &str) = ("signature", "zss");

fn variant(choices: &[(&'static str, &str)], more: &[(&'static str, Value)]) -> Net {
    let choices = choices.iter().map(|(name, value)| (*name, Value::from(*value)));
    town(7, 2, 3, &choices.chain(more.iter().cloned()).collect::<Vec<_>>())
}

/// The certificate that a frame brings, if it is a safety message with one.
fn carried(frame: &[u8]) -> Option<Certificate> {
    let credential = match decode(frame) {
        Ok(Msg::Safety(safety)) => safety.credential,
        Ok(Msg::SafetyZ(safety)) => safety.credential,
        _ => return None,
    };
    match credential {
        Credential::Certificate(certificate) => Some(certificate),
        Credential::Digest(_) => None,
    }
}

/// The last frame of that kind, with a certificate.
fn spoken(net: &Net, node: &str) -> Vec<u8> {
    let of = net
        .sent()
        .filter(|(record, _, frame)| record.node == node && carried(frame).is_some());
    of.last().expect("it spoke").2.to_vec()
}

#[test]
fn all_that_works_works_in_each() {
    for choices in [&[PLAIN][..], &[ZSS], &[PLAIN, ZSS]] {
        let more = [
            ("reporting", "on".into()),
            ("misbehave", "car-0@20s".into()),
            ("revocation", "emergency".into()),
            ("key_lifetime", secs(20).into()),
            ("epoch_length", secs(40).into()),
        ];
        let mut net = variant(choices, &more);
        net.run_until(Time::from_secs(70));
        for car in ["car-1", "car-2"] {
            assert!(count(&net, car, "accepted") > 300, "{choices:?}");
            let keyed = net
                .events("key_obtained")
                .any(|(record, _)| record.node == car && record.at > Time::from_secs(40));
            assert!(keyed, "{choices:?}: {car} has a key of the second epoch");
        }
        let found: Vec<_> = net
            .events("traced")
            .filter_map(|(_, fields)| fields.first().cloned())
            .collect();
        assert_eq!(found, [("obu", "car-0".into())], "{choices:?}");
        assert_eq!(net.events("untraceable").count(), 0);
        assert_eq!(net.events("emergency_listed").count(), 1);
        let whys = net.rejects("car-1");
        let expected = |why: &Reason| matches!(why, Reason::Revoked);
        assert!(whys.iter().all(expected), "{choices:?}: {whys:?}");
    }
}

/// The plain form says where its holder asked, to everybody; the other does not.
#[test]
fn a_plain_certificate_shows_its_place() {
    let mut net = variant(&[PLAIN], &[]);
    net.run_until(Time::from_secs(10));
    let certificate = carried(&spoken(&net, "car-1")).expect("there is one");
    let Proof::Plain(plain) = certificate.proof else {
        panic!("it is plain")
    };
    assert_eq!(plain.location, Location { x_cm: 0, y_cm: 0 }, "that of rsu-0");
    let mut hidden = variant(&[], &[]);
    hidden.run_until(Time::from_secs(10));
    assert_eq!(
        carried(&spoken(&hidden, "car-1")).map(|certificate| certificate.form()),
        Some(Form::Hidden)
    );
    assert_eq!(
        spoken(&hidden, "car-1").len() - spoken(&net, "car-1").len(),
        224 - 82,
        "and it is shorter"
    );
}

/// What each costs the one who checks it, in the form of the paper.
#[test]
fn a_variant_is_charged_as_what_it_is() {
    let charged = |choices| {
        let mut net = variant(choices, &[("certificate_rate", Value::U64(1_000_000))]);
        net.run_until(Time::from_secs(10));
        let charge = net.charged("car-1");
        (charge.get(Op::Pairing), charge.get(Op::G2Mul), charge.get(Op::G1Mul))
    };
    let (hidden, plain, zss) = (charged(&[]), charged(&[PLAIN]), charged(&[ZSS]));
    assert!(plain.0 < hidden.0 && plain.2 < hidden.2, "{plain:?} {hidden:?}");
    // A pairing for each message that it hears, and a multiplication in G2 for each that it says.
    assert!(zss.0 > hidden.0 + 100 && zss.1 > hidden.1 + 50, "{zss:?} {hidden:?}");
}

#[test]
fn forms_do_not_mix() {
    let nets = [&[][..], &[PLAIN], &[ZSS]].map(|choices| {
        let mut net = variant(choices, &[]);
        net.run_until(Time::from_secs(10));
        net.set_air(Channel::lossy(1.0));
        net
    });
    let frames = [0, 1, 2].map(|of| spoken(&nets[of], "car-0"));
    for (to, mut net) in nets.into_iter().enumerate() {
        for (of, frame) in frames.iter().enumerate().filter(|(of, _)| *of != to) {
            let before = net.rejects("car-2").len();
            net.inject("car-2", FROM, frame, Duration::ZERO);
            net.run_until(net.now() + Duration::from_millis(1));
            let expected = if of == 2 || to == 2 {
                Reason::Unexpected
            } else {
                Reason::BadCertificate
            };
            assert_eq!(net.rejects("car-2").get(before), Some(&expected), "{of} to {to}");
        }
    }
}

/// A twisted signature, place or message is refused in each.
#[test]
fn what_is_twisted_is_refused() {
    let mut net = variant(&[PLAIN, ZSS], &[]);
    net.run_until(Time::from_secs(10));
    net.set_air(Channel::lossy(1.0));
    let Ok(Msg::SafetyZ(good)) = decode(&spoken(&net, "car-0")) else {
        panic!("a safety message")
    };
    let mut hand = |twist: &dyn Fn(&mut roadveil_ecpp::messages::SafetyZ)| {
        let mut message = good.clone();
        twist(&mut message);
        let before = net.rejects("car-2").len();
        net.inject("car-2", FROM, &encode(&Msg::SafetyZ(message)), Duration::ZERO);
        net.run_until(net.now() + Duration::from_millis(1));
        net.rejects("car-2").get(before).copied()
    };
    let later = |message: &mut roadveil_ecpp::messages::SafetyZ| message.body.cam.sequence += 1000;
    assert_eq!(hand(&|_| {}), Some(Reason::Duplicate));
    assert_eq!(hand(&later), Some(Reason::BadSignature));
    assert_eq!(
        hand(&|message| {
            later(message);
            message.signature = roadveil_crypto::ByteArray([0xc0; 96]);
        }),
        Some(Reason::BadSignature)
    );
    assert_eq!(
        hand(&|message| {
            if let Credential::Certificate(Certificate {
                proof: Proof::Plain(plain),
                ..
            }) = &mut message.credential
            {
                plain.location.x_cm += 1;
            }
        }),
        Some(Reason::BadCertificate)
    );
}
