//! What a vehicle believes of other vehicles, check by check.

mod common;

use core::time::Duration;

use common::{count, issued, secs, setup, town};
use proptest::prelude::*;
use rand_core::SeedableRng;
use roadveil_crypto::{ByteArray, SigningKey};
use roadveil_ecpp::PROTOCOL;
use roadveil_ecpp::cert::{CertId, Certificate, Masks, Proof};
use roadveil_ecpp::keys::{RsuKey, SecretPoint};
use roadveil_ecpp::messages::{Body, Cam, Credential, Msg, Safety};
use roadveil_ecpp::setup::Issued;
use roadveil_ecpp::system::{Validity, domain};
use roadveil_role::testkit::{Channel, Fate, Net, What};
use roadveil_role::{Address, LinkAddr, Reason, Stream, Time, Value, decode, encode};

const FROM: Address = Address::Link(LinkAddr::local([7; 6]));

/// A town in which vehicles talk, and a safety message of `car-0` that brings its certificate.
fn talking(changes: &[(&str, Value)]) -> (Net, Safety) {
    let mut net = town(2, 1, 2, changes);
    net.run_until(Time::from_secs(5));
    let message = spoken(&net, "car-0", true).pop().expect("it spoke");
    (net, message)
}

/// The safety messages of a node, with their certificate or without.
fn spoken(net: &Net, node: &str, attached: bool) -> Vec<Safety> {
    let sent = net.sent().filter(|(record, ..)| record.node == node);
    sent.filter_map(|(_, _, frame)| match decode(frame) {
        Ok(Msg::Safety(message)) => {
            (matches!(message.credential, Credential::Certificate(_)) == attached).then_some(message)
        }
        _ => None,
    })
    .collect()
}

/// Why `car-1` refuses a message, or that it does not.
fn hears(net: &mut Net, message: &Safety) -> Result<(), Reason> {
    hears_bytes(net, &encode(&Msg::Safety(message.clone())))
}

fn hears_bytes(net: &mut Net, frame: &[u8]) -> Result<(), Reason> {
    net.set_air(Channel::lossy(1.0));
    let before = net.rejects("car-1").len();
    net.inject("car-1", FROM, frame, Duration::ZERO);
    let seen = |net: &Net| {
        let here = |what: &What| matches!(what, What::Received { frame: got, .. } if got.as_ref() == frame);
        net.records()
            .iter()
            .filter(|record| record.node == "car-1" && here(&record.what))
            .count()
    };
    let already = seen(net);
    let arrived = |net: &Net| seen(net) > already;
    assert!(net.run_until_or(net.now() + Duration::from_millis(1), arrived));
    net.rejects("car-1").get(before).map_or(Ok(()), |why| Err(*why))
}

/// A speaker with a key and certificate that a test made.
struct Speaker {
    key: SigningKey,
    certificate: Certificate,
    wanted: Vec<CertId>,
    rng: Stream,
}

impl Speaker {
    fn certified(issued: &Issued, rsu: &RsuKey, validity: Validity) -> Speaker {
        let mut rng = Stream::from_seed([4; 32]);
        let key = SigningKey::random(&mut rng);
        let system = issued.authority().system();
        let certificate = Certificate::issue(system, rsu, *key.public().bytes(), validity, &Masks::random(&mut rng));
        let wanted = Vec::new();
        Speaker {
            key,
            certificate,
            wanted,
            rng,
        }
    }

    fn says(&mut self, sequence: u32, now: Time) -> Safety {
        let cam = Cam {
            sequence,
            time: now.as_millis(),
            ..Cam::default()
        };
        let body = Body::padded(cam, self.wanted.clone(), 300);
        let mut bytes = encode(&body);
        bytes.extend_from_slice(self.certificate.id().as_ref());
        let signature = self.key.sign(&bytes, domain::MESSAGE, &mut self.rng);
        Safety {
            body,
            credential: Credential::Certificate(self.certificate),
            signature,
        }
    }
}

/// The town, with its keys in the open.
fn open_town() -> (Issued, Net) {
    let setup = setup(2, 1, 2, &[]);
    let mut net = Net::deploy(&PROTOCOL, &setup).expect("sets up");
    net.run_until(Time::from_secs(20));
    (issued(&setup), net)
}

const LASTS: Validity = Validity {
    from: 10_000,
    until: 80_000,
};

#[test]
fn a_fresh_certified_message_is_believed_once() {
    let (issued, mut net) = open_town();
    let rsu = issued.rsu_key("rsu-0").expect("an rsu");
    let mut speaker = Speaker::certified(&issued, rsu, LASTS);
    let message = speaker.says(0, net.now());
    assert_eq!(hears(&mut net, &message), Ok(()));
    assert_eq!(hears(&mut net, &message), Err(Reason::Duplicate));
    let later = speaker.says(1, net.now());
    let digest = Safety {
        credential: Credential::Digest(speaker.certificate.id()),
        ..later
    };
    assert_eq!(hears(&mut net, &digest), Ok(()));
    assert_eq!(hears(&mut net, &digest), Err(Reason::Duplicate));
}

#[test]
fn a_message_out_of_time_is_stale() {
    let (issued, mut net) = open_town();
    let mut speaker = Speaker::certified(&issued, issued.rsu_key("rsu-0").expect("an rsu"), LASTS);
    let now = net.now();
    for (sequence, (time, expected)) in [
        (now - secs(1), Ok(())),
        (now - Duration::from_millis(1100), Err(Reason::Stale)),
        (now + Duration::from_millis(1000), Ok(())),
        (now + Duration::from_millis(1100), Err(Reason::Stale)),
        (Time::ZERO, Err(Reason::Stale)),
        (Time(u64::MAX), Err(Reason::Stale)),
    ]
    .into_iter()
    .enumerate()
    {
        let message = speaker.says(sequence as u32, time);
        assert_eq!(hears(&mut net, &message), expected, "{time}");
    }
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    let (issued, mut net) = open_town();
    let rsu = issued.rsu_key("rsu-0").expect("an rsu");
    for (from, until, expected) in [
        (10_000, 20_050, Ok(())),
        (10_000, 20_000, Err(Reason::OutsideValidity)),
        (30_000, 90_000, Err(Reason::OutsideValidity)),
    ] {
        let mut speaker = Speaker::certified(&issued, rsu, Validity { from, until });
        let message = speaker.says(0, net.now());
        assert_eq!(hears(&mut net, &message), expected, "{from}..{until}");
    }
    // One that is known does not outlive its time either.
    let mut speaker = Speaker::certified(
        &issued,
        rsu,
        Validity {
            from: 10_000,
            until: 20_700,
        },
    );
    let message = speaker.says(0, net.now());
    assert_eq!(hears(&mut net, &message), Ok(()));
    net.run_until(Time::from_millis(20_700));
    let message = speaker.says(1, net.now());
    let digest = Safety {
        credential: Credential::Digest(speaker.certificate.id()),
        ..message
    };
    assert!(matches!(
        hears(&mut net, &digest),
        Err(Reason::OutsideValidity | Reason::UnknownKey)
    ));
}

/// An OBU that takes its member key for an RSU's and certifies itself: the masters are separate, so it fails.
#[test]
fn a_self_issued_certificate_is_refused() {
    let (issued, mut net) = open_town();
    let member = issued.obu_key("car-0").expect("a car");
    let posing = RsuKey::posing(*member.rid(), SecretPoint::new(*member.s().expose()));
    let mut speaker = Speaker::certified(&issued, &posing, LASTS);
    let message = speaker.says(0, net.now());
    assert_eq!(hears(&mut net, &message), Err(Reason::BadCertificate));
}

/// Who stole an RSU's key may certify for ever; nobody takes that for longer than an honest RSU would have certified.
#[test]
fn an_overlong_certificate_is_refused() {
    let (issued, mut net) = open_town();
    let rsu = issued.rsu_key("rsu-0").expect("an rsu");
    for (until, expected) in [
        (130_000, Ok(())),
        (130_001, Err(Reason::OverlongValidity)),
        (u64::MAX, Err(Reason::OverlongValidity)),
    ] {
        let mut speaker = Speaker::certified(&issued, rsu, Validity { from: 10_000, until });
        let message = speaker.says(0, net.now());
        assert_eq!(hears(&mut net, &message), expected, "{until}");
    }
}

/// Somebody plants digests with one vehicle and waits for who asks for them: the next pseudonym does not.
#[test]
fn a_new_pseudonym_asks_for_nothing_that_the_last_one_wanted() {
    let short = [
        ("key_lifetime", Value::Span(secs(12))),
        ("validity_quantum", Value::Span(secs(1))),
    ];
    let mut net = town(2, 1, 1, &short);
    let happened = |event: &'static str, times| move |net: &Net| net.events(event).count() == times;
    assert!(net.run_until_or(Time::from_secs(20), happened("key_requested", 2)));
    let model = spoken(&net, "car-0", false).pop().expect("it spoke");
    for planted in 0..60u64 {
        let mut message = model.clone();
        message.body.cam.time = net.now().as_millis();
        message.credential = Credential::Digest(ByteArray(planted.to_be_bytes()));
        net.inject("car-0", FROM, &encode(&Msg::Safety(message)), Duration::ZERO);
    }
    assert!(net.run_until_or(Time::from_secs(20), happened("key_obtained", 2)));
    let changed = net.now();
    let unknown = net
        .rejects("car-0")
        .iter()
        .filter(|why| **why == Reason::UnknownKey)
        .count();
    assert!(unknown >= 60, "{unknown}");
    net.run_until(changed + secs(2));
    let said: Vec<_> = [true, false].map(|attached| spoken(&net, "car-0", attached)).concat();
    let after = said
        .iter()
        .filter(|message| message.body.cam.time >= changed.as_millis());
    assert!(after.clone().count() > 10);
    assert!(after.clone().all(|message| message.body.wanted.is_empty()));
}

#[test]
fn a_certificate_of_another_authority_or_epoch_is_refused() {
    let (_, mut net) = open_town();
    let other = issued(&setup(3, 1, 2, &[]));
    let mut speaker = Speaker::certified(&other, other.rsu_key("rsu-0").expect("an rsu"), LASTS);
    let mut message = speaker.says(0, net.now());
    assert_eq!(hears(&mut net, &message), Err(Reason::BadCertificate));
    if let Credential::Certificate(certificate) = &mut message.credential {
        certificate.epoch += 1;
    }
    assert_eq!(hears(&mut net, &message), Err(Reason::WrongEpoch));
}

#[test]
fn a_digest_that_nobody_knows_is_asked_for() {
    let (issued, mut net) = open_town();
    let mut speaker = Speaker::certified(&issued, issued.rsu_key("rsu-0").expect("an rsu"), LASTS);
    let id = speaker.certificate.id();
    let message = speaker.says(0, net.now());
    let digest = Safety {
        credential: Credential::Digest(id),
        ..message
    };
    assert_eq!(hears(&mut net, &digest), Err(Reason::UnknownKey));
    net.run_until(net.now() + secs(1));
    let asked = spoken(&net, "car-1", true)
        .into_iter()
        .chain(spoken(&net, "car-1", false));
    assert_eq!(
        asked.filter(|message| message.body.wanted.contains(&id)).count(),
        1,
        "once, and not again at once"
    );
    assert!(
        spoken(&net, "car-1", false)
            .iter()
            .all(|message| encode(&message.body).len() == 301)
    );
}

/// Forged certificates use up what a vehicle checks in a second, and no more; who is known is heard all the same.
#[test]
fn forged_certificates_are_checked_so_often_in_a_second() {
    let setup = setup(2, 1, 2, &[("certificate_rate", Value::U64(5))]);
    let mut net = Net::deploy(&PROTOCOL, &setup).expect("sets up");
    net.run_until(Time::from_secs(20));
    let issued = issued(&setup);
    let rsu = issued.rsu_key("rsu-0").expect("an rsu");
    let mut known = Speaker::certified(&issued, rsu, LASTS);
    let message = known.says(0, net.now());
    assert_eq!(hears(&mut net, &message), Ok(()));
    let mut forger = Speaker::certified(&issued, rsu, LASTS);
    let mut whys = Vec::new();
    for sequence in 0..8 {
        let Proof::Hidden(hidden) = &mut forger.certificate.proof else {
            panic!("it hides its issuer")
        };
        let byte = &mut hidden.s_a.0[31];
        *byte = byte.wrapping_add(1);
        let message = forger.says(sequence, net.now());
        whys.push(hears(&mut net, &message).expect_err("forged"));
    }
    assert_eq!(whys[..4], [Reason::BadCertificate; 4]);
    assert_eq!(whys[4..], [Reason::RateLimited; 4]);
    let message = known.says(1, net.now());
    assert_eq!(hears(&mut net, &message), Ok(()));
}

#[test]
fn a_message_that_asks_for_too_much_is_malformed() {
    let (issued, mut net) = open_town();
    let mut speaker = Speaker::certified(&issued, issued.rsu_key("rsu-0").expect("an rsu"), LASTS);
    for (wanted, expected) in [(Body::WANTED, Ok(())), (Body::WANTED + 1, Err(Reason::Malformed))] {
        speaker.wanted = vec![ByteArray([1; 8]); wanted];
        let message = speaker.says(wanted as u32, net.now());
        assert_eq!(hears(&mut net, &message), expected, "{wanted}");
    }
}

/// In the mode `new-neighbour` a certificate travels first of all, when a station is new, and when it is asked for.
#[test]
fn certificates_are_attached_when_they_must() {
    let attached = |mode: &str, from: u64| {
        let (mut net, _) = talking(&[("attach", mode.into())]);
        net.run_until(Time::from_secs(15));
        let after = |message: &&Safety| message.body.cam.time >= from * 1000;
        let share = |attached| spoken(&net, "car-0", attached).iter().filter(after).count();
        assert!(count(&net, "car-1", "accepted") > 100);
        (share(true), share(false))
    };
    let (with, without) = attached("always", 0);
    assert!(with > 100 && without == 0);
    let (with, without) = attached("every-second", 5);
    assert!(
        (9..=11).contains(&with) && (85..=95).contains(&without),
        "{with} {without}"
    );
    let (with, without) = attached("new-neighbour", 5);
    assert!(with == 0 && without > 90, "{with} {without}");
    let (with, _) = attached("new-neighbour", 0);
    assert!((1..=3).contains(&with), "{with}");
}

/// A vehicle that missed the certificate asks, and gets it with the next message.
#[test]
fn a_missed_certificate_comes_on_request() {
    let mut net = town(2, 1, 2, &[("attach", "new-neighbour".into())]).tamper(|transit| {
        let missed = transit.at < Time::from_secs(5) && transit.sender == "car-0" && transit.receiver == "car-1";
        if missed && transit.frame.len() > 600 {
            Fate::Drop
        } else {
            Fate::Pass
        }
    });
    net.run_until(Time::from_secs(8));
    let last = net.rejects("car-1");
    assert!(last.contains(&Reason::UnknownKey));
    let asked = spoken(&net, "car-1", false)
        .iter()
        .filter(|message| !message.body.wanted.is_empty())
        .count();
    assert!(asked >= 1);
    let before = count(&net, "car-1", "accepted");
    net.run_until(Time::from_secs(12));
    assert!(count(&net, "car-1", "accepted") > before + 30);
}

#[test]
fn ones_own_words_played_back_are_refused() {
    let (mut net, _) = talking(&[]);
    let own = spoken(&net, "car-1", true).pop().expect("it spoke");
    let replayed = encode(&Msg::Safety(own));
    assert!(matches!(
        hears_bytes(&mut net, &replayed),
        Err(Reason::Duplicate | Reason::Stale)
    ));
}

/// What a sender announces with a frame is what its receivers ask.
#[test]
fn announced_checks_are_the_checks_that_are_asked() {
    let (net, _) = talking(&[("attach", "always".into())]);
    let mut announced = std::collections::BTreeSet::new();
    let mut asked = 0;
    for record in net.records() {
        match &record.what {
            What::Sent { anticipated, .. } => announced.extend(anticipated.iter().copied()),
            What::Asked { digest, valid, scheme } => {
                asked += 1;
                assert!(*valid && announced.contains(digest), "{scheme} was not announced");
            }
            _ => {}
        }
    }
    assert!(asked > 50);
}

#[test]
fn every_cut_message_is_malformed() {
    let (mut net, message) = talking(&[]);
    let frame = encode(&Msg::Safety(message));
    for length in 1..frame.len() {
        assert_eq!(
            hears_bytes(&mut net, &frame[..length]),
            Err(Reason::Malformed),
            "{length}"
        );
    }
    let longer = [frame.as_slice(), &[0]].concat();
    assert_eq!(hears_bytes(&mut net, &longer), Err(Reason::Malformed));
}

#[test]
fn padding_is_zero_bytes() {
    let (mut net, message) = talking(&[]);
    let frame = encode(&Msg::Safety(message));
    let mut bad = frame;
    bad[250] ^= 1;
    assert_eq!(hears_bytes(&mut net, &bad), Err(Reason::Malformed));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// No message is believed of which a bit was turned on the way.
    #[test]
    fn tampered_messages_are_refused(position in 0.0..1.0f64, bit in 0u8..8, attached in any::<bool>()) {
        let (mut net, _) = talking(&[]);
        // One that car-1 has not heard: car-0 speaks while the air is dead.
        net.set_air(Channel::lossy(1.0));
        net.run_until(net.now() + Duration::from_millis(1050));
        let message = spoken(&net, "car-0", attached).pop().expect("it spoke");
        let frame = encode(&Msg::Safety(message));
        let mut bad = frame.clone();
        let at = 1 + ((frame.len() - 1) as f64 * position) as usize;
        bad[at] ^= 1 << bit;
        prop_assert!(hears_bytes(&mut net, &bad).is_err(), "byte {at}");
        prop_assert_eq!(hears_bytes(&mut net, &frame), Ok(()));
    }
}

#[test]
fn a_host_has_nothing_to_say_to_a_vehicle() {
    let (mut net, message) = talking(&[]);
    let before = net.rejects("car-1").len();
    for message in [Msg::Ack { sequence: 1 }, Msg::Safety(message)] {
        net.inject(
            "car-1",
            Address::Host(roadveil_role::HostAddr(1)),
            &encode(&message),
            Duration::ZERO,
        );
    }
    net.set_air(Channel::lossy(1.0));
    net.run_until(net.now() + Duration::from_millis(1));
    assert_eq!(net.rejects("car-1")[before..], [Reason::Unexpected; 2]);
}
