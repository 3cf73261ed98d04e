//! What the kernel and the air cost: `cargo bench --bench kernel`.
//!
//! `highway` only beacons 300 bytes ten times a second, so that it shows clock, queue, air and
//! processors without cryptography; its items are receptions, delivered or lost. `city` is the shipped city, with the real
//! protocol and its cryptography.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use roadveil::command::bench::beacon;
use roadveil::event::{Event, Record};
use roadveil::kernel::{Kernel, Options};
use roadveil::scenario::{Origin, Scenario};
use roadveil_role::Time;

fn main() {
    divan::main();
}

/// A line of cars, one every 25 m, for one second.
fn highway(cars: usize) -> Arc<Scenario> {
    let nodes: String = (0..cars)
        .map(|car| {
            format!(
                "[[node]]\nname = \"c{car}\"\nroles = [\"beacon.car\"]\nat = [{}, 0]\n",
                car * 25
            )
        })
        .collect();
    let text = format!("title = \"highway\"\nduration = \"1s\"\n[protocols.beacon]\n{nodes}");
    Arc::new(
        Scenario::parse_with(&[&beacon::PROTOCOL], &text, Origin::Stdin, Path::new("."), &[]).expect("a good topology"),
    )
}

fn run(scenario: &Arc<Scenario>) -> Vec<Record> {
    let mut kernel = Kernel::new(Arc::clone(scenario), Options::default()).expect("sets up");
    let mut records = Vec::new();
    while kernel.advance(Time::MAX, 4096) {
        records.append(&mut kernel.take_records());
    }
    records.append(&mut kernel.take_records());
    records
}

/// Receptions in a run, delivered or lost.
fn receptions(records: &[Record]) -> usize {
    let heard = records.iter().map(|record| match &record.event {
        Event::Heard { receptions, .. } => receptions.len(),
        _ => 0,
    });
    heard.sum()
}

#[divan::bench(args = [50, 200, 800, 3200], sample_count = 5)]
fn highway_second(bencher: Bencher<'_, '_>, cars: usize) {
    let scenario = highway(cars);
    let items = receptions(&run(&scenario));
    bencher.counter(ItemsCount::new(items)).bench(|| run(&scenario));
}

#[divan::bench(sample_count = 5)]
fn city_ten_seconds(bencher: Bencher<'_, '_>) {
    let mut scenario = Scenario::load("city", &[], None).expect("it ships");
    scenario.duration = Duration::from_secs(10);
    let scenario = Arc::new(scenario);
    let items = receptions(&run(&scenario));
    bencher.counter(ItemsCount::new(items)).bench(|| run(&scenario));
}
