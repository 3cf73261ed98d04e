//! The shared channel: who sends when, who hears nothing, and what congestion control does.

use roadveil_role::Reason;

use super::*;
use crate::event::Frame;

/// Nodes of a role on a line.
fn line(role: &str, places: &[u32]) -> String {
    let mut text = String::from("title = \"line\"\nduration = \"4s\"\n[radio]\nfading = \"none\"\n[protocols.toy]\n");
    for (number, place) in places.iter().enumerate() {
        text += &format!("[[node]]\nname = \"n{number}\"\nroles = [\"toy.{role}\"]\nat = [{place}, 0]\n");
    }
    text
}

/// The frames of a run with the node that sent each, in the order in which they began.
fn frames(records: &[Record]) -> Vec<(Time, u32, &Frame)> {
    let mut found: Vec<(Time, u32, &Frame)> = Vec::new();
    for record in records {
        match &record.event {
            Event::Frame(frame) => found.push((record.at, u32::MAX, frame)),
            Event::Sent { node, .. } => found.last_mut().expect("its frame comes first").1 = node.0,
            _ => {}
        }
    }
    found
}

/// Of the frames of two nodes, how many began while the other was on the air, for longer than it takes to notice it.
fn overlaps(records: &[Record], nodes: [u32; 2]) -> usize {
    let of: Vec<_> = frames(records)
        .into_iter()
        .filter(|(_, by, _)| nodes.contains(by))
        .collect();
    let overlap = |pair: &&[(Time, u32, &Frame)]| {
        let (first, second) = (&pair[0], &pair[1]);
        first.1 != second.1
            && second.0 >= first.0 + Duration::from_micros(4)
            && second.0 < first.0 + Duration::from_nanos(first.2.airtime)
    };
    of.windows(2).filter(overlap).count()
}

/// Why frames of node `by` were lost at node `at`, and how many were not.
fn outcomes(records: &[Record], by: u32, at: u32) -> Vec<Option<Reason>> {
    let mine: std::collections::BTreeSet<_> = frames(records)
        .into_iter()
        .filter(|(_, sender, _)| *sender == by)
        .map(|(.., frame)| frame.tx)
        .collect();
    let heard = records.iter().filter_map(|record| match &record.event {
        Event::Heard { tx, receptions } if mine.contains(tx) => Some(receptions),
        _ => None,
    });
    heard
        .flatten()
        .filter(|reception| reception.node.0 == at)
        .map(|reception| reception.lost)
        .collect()
}

fn unsent(records: &[Record], why: Reason) -> usize {
    count(
        records,
        |event| matches!(event, Event::Unsent { why: found, .. } if *found == why),
    )
}

const LONG: [(&str, &str); 3] = [
    ("radio.preset", "ns3"),
    ("protocols.toy.size", "1500"),
    ("protocols.toy.period", "5ms"),
];

#[test]
fn hidden_terminals_collide_in_the_middle() {
    // 125 m are -80.3 dBm; 250 m are -87.8 dBm and neither followed nor sensed.
    let records = run(
        &line("burst", &[0, 125, 250]).replacen("toy.burst\"]\nat = [125", "toy.ear\"]\nat = [125", 1),
        &LONG,
    );
    assert!(overlaps(&records, [0, 2]) > 100);
    let lost = outcomes(&records, 0, 1);
    let spoilt = |why: &&Option<Reason>| matches!(why, Some(Reason::Collision | Reason::CaptureLost));
    let share = lost.iter().filter(spoilt).count() as f64 / lost.len() as f64;
    assert!(lost.len() > 700 && share > 0.5, "{share} of {}", lost.len());
}

#[test]
fn exposed_terminals_wait_for_each_other() {
    // In each other's hearing, with an ear on either side that hears only one of them.
    let records = run(&line("burst", &[0, 100]), &LONG);
    assert!(frames(&records).len() > 1500);
    assert_eq!(overlaps(&records, [0, 1]), 0);
}

#[test]
fn who_sends_does_not_hear() {
    let text = line("car", &[0, 50, 2000]);
    let records = run(&text, &[("protocols.toy.spread", "false"), ("duration", "50ms")]);
    // Both wake at 10 ms in a channel that was never busy: they begin at the same slot boundary.
    let all = frames(&records);
    assert_eq!(all[0].0, all[1].0);
    assert_eq!(outcomes(&records, 0, 1)[0], Some(Reason::HalfDuplex));
    assert_eq!(outcomes(&records, 1, 0)[0], Some(Reason::HalfDuplex));
}

#[test]
fn a_full_queue_refuses_and_an_old_frame_expires() {
    let text = line("burst", &[0, 50]);
    let burst = [
        ("protocols.toy.each", "10"),
        ("protocols.toy.size", "1500"),
        ("protocols.toy.period", "200ms"),
        ("protocols.toy.until", "1s"),
    ];
    for mac in ["edca", "dcf"] {
        let set = |more: &[(&'static str, &'static str)]| [&burst, more, &[("radio.mac", mac)]].concat();
        let all = run(&text, &set(&[]));
        let sends = frames(&all).len();
        assert_eq!(sends % 10, 0, "everything is sent");
        let full = run(&text, &set(&[("radio.queue", "4")]));
        assert_eq!(
            (frames(&full).len(), unsent(&full, Reason::QueueFull)),
            (sends / 10 * 4, sends / 10 * 6)
        );
        // Two milliseconds each: those whose turn comes within five are sent.
        let old = run(&text, &set(&[("radio.lifetime_ms", "5")]));
        let (sent, expired) = (frames(&old).len(), unsent(&old, Reason::Expired));
        assert_eq!(sent + expired, sends);
        assert!((2 * sends / 10..=3 * sends / 10).contains(&sent), "{sent} of {sends}");
        // What expired has made room.
        let both = run(&text, &set(&[("radio.lifetime_ms", "5"), ("radio.queue", "4")]));
        assert_eq!(frames(&both).len(), sent);
    }
}

#[test]
fn the_most_urgent_goes_first_in_a_busy_channel() {
    let places: Vec<u32> = (0..12).collect();
    let records = run(
        &line("burst", &places),
        &[
            ("protocols.toy.priorities", "true"),
            ("protocols.toy.period", "50ms"),
            ("protocols.toy.size", "500"),
            ("radio.lifetime_ms", "60000"),
            ("radio.queue", "4096"),
        ],
    );
    let all = frames(&records);
    let longest = all.iter().map(|(.., frame)| frame.bytes.len()).max().expect("frames");
    let (mut pairs, mut first) = (0, 0);
    for node in 0..12 {
        let of = |length: usize| {
            all.iter()
                .filter(move |(_, by, frame)| *by == node && frame.bytes.len() == length)
                .map(|(at, ..)| *at)
        };
        assert!(of(longest).count() > 70, "{}", of(longest).count());
        for (voice, background) in of(longest).zip(of(longest - 3)) {
            pairs += 1;
            first += usize::from(voice < background);
        }
    }
    assert!(pairs > 600 && first == pairs, "{first} of {pairs}");
}

/// Thousandths of the time in which the node's channel was busy, second by second.
fn busy(records: &[Record], node: u32) -> Vec<u16> {
    let loads = records.iter().filter_map(|record| match &record.event {
        Event::Load(loads) => loads.iter().find(|load| load.node.0 == node),
        _ => None,
    });
    loads.map(|load| load.channel).collect()
}

#[test]
fn the_busy_ratio_is_the_share_of_the_time_on_the_air() {
    let places: Vec<u32> = (0..11).map(|n| 3 * n).collect();
    let text = line("burst", &places).replacen("toy.burst", "toy.ear", 1);
    let records = run(
        &text,
        &[("protocols.toy.size", "1000"), ("protocols.toy.period", "100ms")],
    );
    for (second, measured) in busy(&records, 0).into_iter().enumerate().take(4).skip(1) {
        let within = |at: Time| at >= Time::from_secs(second as u64) && at < Time::from_secs(second as u64 + 1);
        let on_air: u64 = frames(&records)
            .iter()
            .filter(|(at, ..)| within(*at))
            .map(|(.., frame)| frame.airtime)
            .sum();
        let expected = on_air as f64 / 1e6;
        assert!((140.0..150.0).contains(&expected), "{expected}");
        assert!(
            (f64::from(measured) - expected).abs() < 2.0,
            "{measured}, expected {expected}"
        );
    }
    assert_eq!(overlaps(&records, [1, 2]), 0);
}

#[test]
fn congestion_control_lets_everything_through_in_a_quiet_channel() {
    let text = line("burst", &[0, 40, 80]);
    let quiet = [("protocols.toy.period", "150ms"), ("protocols.toy.until", "3s")];
    let free = run(&text, &quiet);
    let held = run(&text, &[&quiet[..], &[("radio.dcc", "reactive")]].concat());
    assert_eq!(frames(&free).len(), frames(&held).len());
    assert_eq!(count(&held, |event| matches!(event, Event::Unsent { .. })), 0);
}

#[test]
fn congestion_control_slows_senders_down_in_a_busy_channel_and_starves_none() {
    let places: Vec<u32> = (0..30).collect();
    let text = line("burst", &places);
    let load = [("protocols.toy.size", "1500")];
    let free = run(&text, &load);
    let held = run(&text, &[&load[..], &[("radio.dcc", "reactive")]].concat());
    let late = |records: &[Record]| {
        let all = frames(records);
        (0..30)
            .map(|node| {
                let mine = |(at, by, _): &&(Time, u32, &Frame)| *by == node && *at >= Time::from_secs(2);
                all.iter().filter(mine).count()
            })
            .collect::<Vec<usize>>()
    };
    let (free, held_counts) = (late(&free), late(&held));
    let (all, fewer): (usize, usize) = (free.iter().sum(), held_counts.iter().sum());
    assert!(fewer * 10 < all * 7, "{fewer} of {all}");
    // A second between two frames at most: at least one in two.
    assert!(held_counts.iter().all(|count| *count >= 2), "{held_counts:?}");
    assert!(busy(&held, 0).last().expect("a load") < busy(&run(&text, &load), 0).last().expect("a load"));
}
