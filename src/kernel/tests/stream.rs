//! The stream of events: the same for the same scenario and seed, and complete.

use super::*;
use crate::metrics::Summary;
use crate::session::cast;

#[test]
fn time_never_goes_back_and_every_candidate_has_one_outcome() {
    let records = run(CARS, &[]);
    assert!(records.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let mut summary = Summary::new(cast(&scenario(CARS, &[])), &[]);
    records.iter().for_each(|record| summary.observe(record));
    let frames = count(&records, |event| matches!(event, Event::Frame(_)));
    assert!(frames >= 3 * 18, "{frames}");
    let heard: usize = records
        .iter()
        .map(|record| match &record.event {
            Event::Heard { receptions, .. } => receptions.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(summary.candidates(), heard as u64);
    assert!(summary.delivered > 0);
}

#[test]
fn threads_and_sharing_do_not_show_in_the_stream() {
    let base = run(CARS, &[]);
    for options in WAYS {
        assert!(base == run_with(CARS, &[], options), "{options:?}");
    }
    assert!(base != run(CARS, &[("seed", "2")]));
    assert!(base != run(CARS, &[("radio.exponent", "3")]));
}

/// What the nodes of one run send and get, without the numbers that count everybody's transmissions.
fn doings(records: &[Record], nodes: u32) -> Vec<String> {
    let mut senders = std::collections::BTreeMap::new();
    for record in records {
        if let Event::Sent { tx, node, .. } = &record.event {
            senders.insert(*tx, *node);
        }
    }
    let mine = |tx| senders.get(&tx).is_some_and(|node: &NodeId| node.0 < nodes);
    let lines = records.iter().filter_map(|record| match &record.event {
        Event::Frame(frame) if mine(frame.tx) => Some(format!("{} {:?} {:?}", record.at, frame.from, frame.bytes)),
        Event::Heard { tx, receptions } if mine(*tx) => {
            let receptions: Vec<_> = receptions.iter().filter(|reception| reception.node.0 < nodes).collect();
            Some(format!("{} {receptions:?}", record.at))
        }
        _ => None,
    });
    lines.collect()
}

#[test]
fn another_node_far_away_changes_nothing_here() {
    let more = format!("{CARS}\n[[node]]\nname = \"far\"\nroles = [\"toy.car\"]\nat = [50000, 0]\n");
    let (alone, beside) = (doings(&run(CARS, &[]), 3), doings(&run(&more, &[]), 3));
    assert!(alone.len() > 50);
    assert_eq!(alone, beside);
}

#[test]
fn frames_that_are_built_later_are_the_same_frames() {
    let base = run(CARS, &[]);
    let later = [("protocols.toy.later", "true")];
    assert!(base == run(CARS, &later));
    for options in WAYS {
        assert!(base == run_with(CARS, &later, options), "{options:?}");
    }
}

#[test]
fn slices_of_the_run_do_not_show_in_the_stream() {
    let base = run(CARS, &[]);
    let mut kernel = Kernel::new(
        scenario(CARS, &[]),
        Options {
            threads: 2,
            share: true,
        },
    )
    .expect("sets up");
    let mut records = Vec::new();
    let mut until = Time::ZERO;
    while !kernel.is_ended() {
        until += Duration::from_micros(137);
        kernel.advance(until, 3);
        records.extend(kernel.take_records());
    }
    assert!(base == records);
}

#[test]
fn two_roles_of_one_protocol_do_not_share_a_node() {
    let text = CARS.replacen("[\"toy.car\"]", "[\"toy.car\", \"toy.office\"]", 1);
    let result = Kernel::new(
        scenario(&text, &[]),
        Options {
            threads: 1,
            share: true,
        },
    );
    assert!(result.is_err_and(|error| error.to_string().contains("a has two roles")));
}
