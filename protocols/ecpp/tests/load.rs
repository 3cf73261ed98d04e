//! What a receiver verifies when there is much to verify, and what an RSU does when somebody floods it.

mod common;

use core::time::Duration;

use common::{count, field, secs, town};
use roadveil_crypto::Op;
use roadveil_ecpp::messages::{Credential, Msg, Safety, SafetyR};
use roadveil_role::testkit::{Channel, Net, Node, What};
use roadveil_role::{Address, LinkAddr, Reason, Time, Value, decode, encode};

const FROM: Address = Address::Link(LinkAddr::local([7; 6]));

fn batched(cars: u32, more: &[(&str, Value)]) -> Net {
    town(2, 1, cars, &[&[("verification", "batch".into())], more].concat())
}

/// What a node said in the form that batches verify.
fn spoken_r(net: &Net, node: &str) -> Vec<SafetyR> {
    let sent = net.sent().filter(|(record, ..)| record.node == node);
    let said = sent.filter_map(|(_, _, frame)| match decode(frame) {
        Ok(Msg::SafetyR(message)) => Some(message),
        _ => None,
    });
    said.collect()
}

/// Batches in which `car-1` verifies what a test hands it, with `car-0`'s last words, which it has not heard.
fn unheard(words: usize) -> (Net, Vec<SafetyR>) {
    let mut net = batched(2, &[]);
    net.run_until(Time::from_secs(8));
    net.set_air(Channel::lossy(1.0));
    net.run_until(net.now() + Duration::from_millis(950));
    let said = spoken_r(&net, "car-0");
    let unheard = said[said.len() - words..].to_vec();
    (net, unheard)
}

fn hand(net: &mut Net, message: &SafetyR) {
    net.inject("car-1", FROM, &encode(&Msg::SafetyR(message.clone())), Duration::ZERO);
}

/// What `car-1` accepts and refuses of what it is handed, once its batch is verified.
fn outcome(net: &mut Net) -> (u64, Vec<Reason>) {
    let accepted = count(net, "car-1", "accepted");
    let before = net.rejects("car-1").len();
    net.run_until(net.now() + secs(2));
    (
        count(net, "car-1", "accepted") - accepted,
        net.rejects("car-1")[before..].to_vec(),
    )
}

#[test]
fn batches_are_believed_as_single_messages_are() {
    let mut batches = batched(3, &[]);
    let mut singles = town(2, 1, 3, &[]);
    for net in [&mut batches, &mut singles] {
        net.run_until(Time::from_secs(10));
        assert_eq!(net.rejects("car-1").len(), 0, "{:?}", net.rejects("car-1"));
    }
    let (many, all) = (
        count(&batches, "car-1", "accepted"),
        count(&singles, "car-1", "accepted"),
    );
    // What waits when the run ends is not counted yet.
    assert!(many > 100 && all.abs_diff(many) <= 6, "{many} of {all}");
    assert!(batches.charged("car-1").get(Op::G1MsmTerm) > 0);
    assert_eq!(singles.charged("car-1").get(Op::G1MsmTerm), 0);
    assert!(spoken_r(&singles, "car-0").is_empty());
    let length = |net: &Net, number| {
        let frames = net
            .sent()
            .filter(|(record, _, frame)| record.node == "car-0" && frame[1] == number);
        frames.map(|(_, _, frame)| frame.len()).min()
    };
    assert_eq!(length(&batches, 12), length(&singles, 5).map(|short| short + 32));
}

#[test]
fn one_bad_signature_spoils_itself_alone() {
    let (mut net, mut words) = unheard(6);
    words[2].signature.s.0[31] ^= 1;
    words[4].signature.r = words[3].signature.r;
    net.charged("car-1");
    for message in &words {
        hand(&mut net, message);
    }
    assert_eq!(outcome(&mut net), (4, vec![Reason::BadSignature; 2]));
    // Six, then three and three, then one and two, twice, and the bad ones among the pairs: each batch is charged.
    let charge = net.charged("car-1");
    assert!(charge.get(Op::DecodeG1) > 6 + 3 + 3, "{charge:?}");
}

#[test]
fn a_number_is_accepted_once_in_a_batch_too() {
    let (mut net, words) = unheard(2);
    for message in [&words[0], &words[1], &words[0]] {
        hand(&mut net, message);
    }
    assert_eq!(outcome(&mut net), (2, vec![Reason::Duplicate]));
    hand(&mut net, &words[1]);
    let (accepted, why) = outcome(&mut net);
    assert!(
        accepted == 0 && matches!(why[..], [Reason::Duplicate | Reason::Stale]),
        "{why:?}"
    );
}

/// A forged message with a true one's number does not keep the true one out.
#[test]
fn a_forgery_takes_nobodys_number() {
    let (mut net, words) = unheard(1);
    let mut forged = words[0].clone();
    forged.body.cam.x_cm += 1;
    hand(&mut net, &forged);
    hand(&mut net, &words[0]);
    assert_eq!(outcome(&mut net), (1, vec![Reason::BadSignature]));
}

#[test]
fn a_full_batch_does_not_wait() {
    let mut net = batched(14, &[("batch_window", Value::Span(secs(5)))]);
    net.run_until(Time::from_secs(12));
    // 13 others speak ten times a second: 64 messages are there long before the window ends.
    let accepted = count(&net, "car-1", "accepted");
    assert!(accepted > 300 && accepted.is_multiple_of(64), "{accepted}");
}

#[test]
fn the_long_form_is_refused_where_it_is_not_spoken() {
    let mut speaks = batched(2, &[]);
    speaks.run_until(Time::from_secs(8));
    let message = spoken_r(&speaks, "car-0").pop().expect("it spoke");
    let mut net = town(2, 1, 2, &[]);
    net.run_until(Time::from_secs(8));
    net.set_air(Channel::lossy(1.0));
    hand(&mut net, &message);
    net.run_until(net.now() + Duration::from_millis(1));
    assert_eq!(net.rejects("car-1"), [Reason::Unexpected]);
}

/// Evidence has the short form, whatever travelled.
#[test]
fn a_liar_in_batches_is_tracked_too() {
    let mut net = batched(3, &[("reporting", "on".into()), ("misbehave", "car-0@20s".into())]);
    net.run_until(Time::from_secs(25));
    assert_eq!(field(&net, "traced", "obu"), Some("car-0".into()));
    assert_eq!(
        net.events("report_refused")
            .filter(|(_, fields)| fields.iter().all(|(_, value)| *value != "duplicate".into()))
            .count(),
        0
    );
}

#[test]
fn what_is_far_is_not_verified() {
    // Ten vehicles in a row, 10 m apart: the last is 90 m from the first.
    let mut net = town(
        2,
        1,
        10,
        &[
            ("verification", "relevant".into()),
            ("relevant_within", Value::F64(35.0)),
        ],
    );
    net.run_until(Time::from_secs(10));
    let near_and_far = |node: &str| {
        let far = net
            .rejects(node)
            .iter()
            .filter(|why| **why == Reason::Irrelevant)
            .count();
        (count(&net, node, "accepted"), far)
    };
    let (end, end_far) = near_and_far("car-0");
    let (middle, middle_far) = near_and_far("car-5");
    assert!(
        end > 100 && end_far > 100 && middle > end,
        "{end} {end_far}, {middle} {middle_far}"
    );
    let certificates = |node: &str| {
        let asked = |what: &What| matches!(what, What::Asked { scheme, .. } if scheme.ends_with("CERTIFICATE"));
        net.records()
            .iter()
            .filter(|record| record.node == node && asked(&record.what))
            .count()
    };
    // Its own, and those of three neighbours.
    assert!(certificates("car-0") <= 4, "{}", certificates("car-0"));
    assert!(net.rejects("car-0").iter().all(|why| *why == Reason::Irrelevant));
}

/// Its word is all that there is before its signature is checked; then it is held to it.
#[test]
fn who_lies_itself_near_is_verified() {
    let mut net = town(
        2,
        1,
        10,
        &[
            ("verification", "relevant".into()),
            ("relevant_within", Value::F64(35.0)),
        ],
    );
    net.run_until(Time::from_secs(10));
    let far = net
        .sent()
        .filter(|(record, ..)| record.node == "car-9")
        .filter_map(|(_, _, frame)| match decode(frame) {
            Ok(Msg::Safety(message)) if matches!(message.credential, Credential::Certificate(_)) => Some(message),
            _ => None,
        });
    let mut message: Safety = far.last().expect("it spoke");
    message.body.cam.x_cm = 1_000;
    message.body.cam.time = net.now().as_millis();
    net.set_air(Channel::lossy(1.0));
    let before = net.rejects("car-0").len();
    net.inject("car-0", FROM, &encode(&Msg::Safety(message)), Duration::ZERO);
    net.run_until(net.now() + Duration::from_millis(1));
    assert_eq!(net.rejects("car-0")[before..], [Reason::BadSignature]);
}

#[test]
fn ages_are_recorded_for_what_is_accepted() {
    let silent = |net: &Net| net.events("verified").count() == 0;
    let mut net = town(2, 1, 2, &[]);
    net.run_until(Time::from_secs(8));
    assert!(silent(&net), "off by default");
    for verification in ["all", "batch"] {
        let mut net = town(2, 1, 3, &[("ages", "on".into()), ("verification", verification.into())]);
        net.run_until(Time::from_secs(8));
        let of = |name: &str| -> u64 {
            let events = net.events("verified").filter(|(record, _)| record.node == "car-1");
            events
                .map(|(_, fields)| match fields.iter().find(|(key, _)| *key == name) {
                    Some((_, Value::U64(number))) => *number,
                    _ => 0,
                })
                .sum()
        };
        let counted = count(&net, "car-1", "accepted");
        assert!(
            of("messages") >= counted && of("messages") - counted < 30,
            "{verification}"
        );
        assert!(of("made") > 0 && of("oldest") <= of("made"));
    }
}

/// The flooder's requests take their share of what the RSU takes up; those of vehicles wait.
#[test]
fn a_flood_of_requests_is_taken_up_so_often_in_a_second() {
    let delay = |rate: Option<u64>| {
        let changes = [
            ("flood_rate", Value::U64(rate.unwrap_or(1))),
            ("request_rate", Value::U64(20)),
        ];
        let setup = common::setup(3, 1, 5, &changes);
        let issued = common::issued(&setup);
        let mut net = Net::deploy(&roadveil_ecpp::PROTOCOL, &setup).expect("sets up");
        if rate.is_some() {
            let flooder = roadveil_ecpp::flooder::Flooder::new(issued.config().clone());
            net.add(
                Node::new("mallory")
                    .at(5.0, 5.0)
                    .role(1, "flooder", Box::new(roadveil_role::Typed(flooder))),
            );
        }
        net.run_until(Time::from_secs(20));
        let limited = net
            .rejects("rsu-0")
            .iter()
            .filter(|why| **why == Reason::RateLimited)
            .count();
        let spans: Vec<_> = net
            .events("key_obtained")
            .filter_map(|(_, fields)| match fields.iter().find(|(key, _)| *key == "delay") {
                Some((_, Value::Span(delay))) => Some(*delay),
                _ => None,
            })
            .collect();
        (limited, spans)
    };
    let (none, calm) = delay(None);
    let (limited, stormy) = delay(Some(200));
    assert_eq!((none, calm.len()), (0, 5));
    assert!(limited > 2000, "{limited}");
    let longest = |spans: &[Duration]| spans.iter().copied().max();
    assert!(
        stormy.len() < 5 || longest(&stormy) > longest(&calm),
        "{calm:?} {stormy:?}"
    );
}

/// What an altered frame does in a batch: it is refused, or it is the same message.
#[test]
fn altered_batches_are_refused() {
    for bit in (0..8 * 400).step_by(131) {
        let (mut net, words) = unheard(1);
        let frame = encode(&Msg::SafetyR(words[0].clone()));
        let mut bad = frame.clone();
        let at = 1 + bit / 8 % (frame.len() - 1);
        bad[at] ^= 1 << (bit % 8);
        net.inject("car-1", FROM, &bad, Duration::ZERO);
        let (accepted, why) = outcome(&mut net);
        assert!(accepted == 0 && !why.is_empty(), "byte {at}: {why:?}");
    }
}
