//! What the kernel and the air cost: `cargo bench --bench kernel`.
//!
//! `highway` has a protocol that only beacons 300 bytes ten times a second, so that it shows clock, queue, air and
//! processors without cryptography; its items are receptions, delivered or lost. `city` is the shipped city, with the real
//! protocol and its cryptography.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use postcard_schema::Schema;
use roadveil::event::{Event, Record};
use roadveil::kernel::{Kernel, Options};
use roadveil::scenario::{Origin, Scenario};
use roadveil_role::view::{Emitted, Fold, View};
use roadveil_role::{
    Actor, Address, Cardinality, Cx, Deployment, Message, Protocol, Reason, Role, RoleSpec, Setup, SetupError, Time,
    Timer, Typed, Value,
};
use serde::{Deserialize, Serialize};

fn main() {
    divan::main();
}

/// Beacons, and accepts whatever it hears.
#[derive(Clone)]
struct Beacon;

#[derive(Serialize, Deserialize, Schema)]
enum Frame {
    Beacon { body: Vec<u8> },
}

impl Message for Frame {
    const PROTOCOL: u8 = 251;
}

impl Actor for Beacon {
    type Msg = Frame;

    fn start(&mut self, cx: &mut Cx<'_>) {
        use rand::Rng;
        let phase = cx.rng("phase", 0).next_u64() % 100_000;
        cx.timer(Duration::from_micros(phase), Timer(0));
    }

    fn receive(&mut self, _cx: &mut Cx<'_>, _from: Address, _message: &Frame) -> Result<(), Reason> {
        Ok(())
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        cx.broadcast(&Frame::Beacon { body: vec![0; 296] });
        cx.timer_at(due + Duration::from_millis(100), timer);
    }
}

struct Beacons;

impl Deployment for Beacons {
    fn role(&mut self, _node: &str, _role: &str) -> Result<Box<dyn Role>, SetupError> {
        Ok(Box::new(Typed(Beacon)))
    }
}

struct Nothing;

impl Fold for Nothing {
    fn observe(&mut self, _event: &Emitted<'_>) {}
    fn views(&self) -> Vec<View> {
        Vec::new()
    }
    fn figures(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}

static BEACON: Protocol = Protocol {
    name: "beacon",
    number: 251,
    title: "Beacons",
    paper: "none",
    summary: "",
    roles: &[RoleSpec {
        name: "car",
        title: "",
        cardinality: Cardinality::Any,
        radio: true,
        wired: false,
    }],
    messages: Frame::SCHEMA,
    params: &[],
    marks: &[],
    setup: |_: &Setup| Ok(Box::new(Beacons)),
    fold: || Box::new(Nothing),
};

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
    Arc::new(Scenario::parse_with(&[&BEACON], &text, Origin::Stdin, Path::new("."), &[]).expect("a good topology"))
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
