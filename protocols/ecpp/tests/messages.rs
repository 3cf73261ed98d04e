//! The form of the messages: sizes, canonical encoding, schema.

mod common;

use std::collections::BTreeMap;

use common::{secs, town};
use proptest::prelude::*;
use roadveil_ecpp::PROTOCOL;
use roadveil_ecpp::messages::{Body, Cam, Msg, Padding};
use roadveil_role::tree::describe;
use roadveil_role::{Time, Value, decode, encode};

/// The frames of each message that a run sends, by name.
fn frames(mode: &str) -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let lies = [("reporting", "on".into()), ("misbehave", "car-1@12s".into())];
    let mut frames = frames_with(&[&[("issue", mode.into())], lies.as_slice()].concat());
    let epochs = [("epoch_length", secs(10).into()), ("epoch_overlap", secs(2).into())];
    for (name, sent) in frames_with(&[&[("issue", mode.into())], epochs.as_slice()].concat()) {
        frames.entry(name).or_insert(sent);
    }
    frames
}

fn frames_with(changes: &[(&str, Value)]) -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let mut net = town(9, 1, 2, changes);
    net.run_until(Time::from_secs(15));
    let mut frames = BTreeMap::<_, Vec<_>>::new();
    for (_, _, frame) in net.sent() {
        let name = PROTOCOL.message_name(frame).expect("a message");
        frames.entry(name).or_default().push(frame.to_vec());
    }
    frames
}

#[test]
fn sizes_are_what_the_page_says() {
    let mut table = String::new();
    for mode in ["hardened", "paper"] {
        for (name, frames) in frames(mode) {
            let (min, max) = (frames.iter().map(Vec::len).min(), frames.iter().map(Vec::len).max());
            table += &format!(
                "{mode:<9} {name:<7} {:>4} to {:>4} bytes\n",
                min.unwrap_or(0),
                max.unwrap_or(0)
            );
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn frames_are_canonical_and_their_trees_whole() {
    for (name, frames) in frames("hardened").into_iter().chain(frames("paper")) {
        for frame in frames.iter().take(5) {
            let message: Msg = decode(frame).expect("decodes");
            assert_eq!(&encode(&message), frame);
            let tree = describe(PROTOCOL.messages, frame);
            assert_eq!(tree.value, name);
            assert!(!format!("{tree:?}").contains("malformed"), "{name}");
            for length in 0..frame.len() {
                assert!(decode::<Msg>(&frame[..length]).is_err(), "{name} cut to {length}");
            }
            assert!(decode::<Msg>(&[frame.as_slice(), &[0]].concat()).is_err());
        }
    }
}

#[test]
fn the_schema_names_every_message() {
    let names: Vec<_> = PROTOCOL.message_names().collect();
    assert_eq!(
        names,
        [
            "Beacon",
            "Req1",
            "Res1",
            "Req2",
            "Res2",
            "Safety",
            "List",
            "Ack",
            "Report",
            "Settled",
            "Trace",
            "Record",
            "SafetyR",
            "Emergency",
            "Epoch",
            "Handover",
            "Ready",
            "SafetyZ"
        ]
    );
}

/// A golden encoding: changing it changes what every log means.
#[test]
fn the_encoding_stays() {
    let cam = Cam {
        station: 1,
        sequence: 300,
        time: 70_000,
        x_cm: -5,
        y_cm: 6,
        speed_cm: 1389,
        heading_cdeg: 9000,
    };
    let body = Body {
        cam,
        wanted: vec![roadveil_crypto::ByteArray([0xaa; 8])],
        padding: Padding(3),
    };
    let hex: String = encode(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "0101ac02f0a204090ced0aa84601aaaaaaaaaaaaaaaa03000000");
}

proptest! {
    #[test]
    fn bodies_are_as_long_as_asked(bytes in 64usize..1400, station: u32, sequence: u32, time in 0u64..1 << 40, wanted in 0usize..4) {
        let cam = Cam { station, sequence, time, x_cm: i32::MIN, y_cm: i32::MAX, speed_cm: 5000, heading_cdeg: 35_999 };
        let wanted = vec![roadveil_crypto::ByteArray([1; 8]); wanted];
        let body = Body::padded(cam, wanted, bytes);
        let length = encode(&body).len() - 1;
        // A padding of 128 bytes cannot be told from one of 127 and a longer length.
        prop_assert!(length == bytes || length + 1 == bytes, "{length} of {bytes}");
        prop_assert_eq!(decode::<Body>(&encode(&body)).expect("decodes"), body);
    }
}
