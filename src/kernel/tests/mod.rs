//! The kernel's promises, with a toy protocol whose roles do one thing each.

mod access;
mod chance;
mod exchange;
mod faults;
mod processor;
mod stream;
mod toy;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use roadveil_role::Time;

use super::{Kernel, Options};
use crate::event::{Event, NodeId, Record};
use crate::scenario::{Origin, Scenario};
use toy::TOY;

const CARS: &str = r#"
title = "toys"
duration = "2s"
[protocols.toy]
[[node]]
name = "a"
roles = ["toy.car"]
at = [0, 0]
[[node]]
name = "b"
roles = ["toy.car"]
at = [50, 0]
[[node]]
name = "c"
roles = ["toy.car"]
at = [300, 40]
"#;

fn scenario(text: &str, set: &[(&str, &str)]) -> Arc<Scenario> {
    let set: Vec<(String, String)> = set
        .iter()
        .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
        .collect();
    let parsed = Scenario::parse_with(&[&TOY], text, Origin::Stdin, Path::new("."), &set);
    Arc::new(parsed.unwrap_or_else(|error| panic!("{error}")))
}

fn run_with(text: &str, set: &[(&str, &str)], options: Options) -> Vec<Record> {
    let mut kernel = Kernel::new(scenario(text, set), options).expect("sets up");
    let mut records = Vec::new();
    while kernel.advance(Time::MAX, 100) {
        records.extend(kernel.take_records());
    }
    records.extend(kernel.take_records());
    records
}

fn run(text: &str, set: &[(&str, &str)]) -> Vec<Record> {
    run_with(
        text,
        set,
        Options {
            threads: 1,
            share: true,
        },
    )
}

fn count(records: &[Record], is: impl Fn(&Event) -> bool) -> usize {
    records.iter().filter(|record| is(&record.event)).count()
}

/// Every way to run, but for the one that is the measure of the others.
const WAYS: [Options; 4] = [way(2, true), way(4, true), way(1, false), way(4, false)];

const fn way(threads: usize, share: bool) -> Options {
    Options { threads, share }
}

fn sent_by(records: &[Record], node: u32, from_ms: u64, to_ms: u64) -> usize {
    let within = |at: Time| at >= Time::from_millis(from_ms) && at < Time::from_millis(to_ms);
    let sent = |record: &&Record| {
        within(record.at) && matches!(record.event, Event::Sent { node: NodeId(by), .. } if by == node)
    };
    records.iter().filter(sent).count()
}
