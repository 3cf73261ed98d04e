//! A small grid: a control centre, aggregators, meters.
#![allow(dead_code, reason = "each test program uses a part")]

use core::time::Duration;

use roadveil_grid::PROTOCOL;
use roadveil_grid::messages::Msg;
use roadveil_role::testkit::Net;
use roadveil_role::{HostAddr, NodeSpec, Params, Setup, Time, Value, decode};

/// A slot of the test grids, and what it stands for.
pub const SLOT: u64 = 10;

/// How many of what there are.
#[derive(Clone, Copy)]
pub struct Size {
    pub aggregators: u32,
    pub homes: u32,
    pub solar: u32,
    pub stations: u32,
    /// Are homes on the air?
    pub air: bool,
}

pub const HOMES: Size = Size {
    aggregators: 1,
    homes: 12,
    solar: 0,
    stations: 0,
    air: false,
};

/// Centre `centre`, aggregators `agg-0`..., meters `home-0`..., `roof-0`..., `charger-0`...
pub fn setup(seed: u64, size: Size, changes: &[(&str, Value)]) -> Setup {
    let mut params = Params::defaults(PROTOCOL.params);
    let slots = [
        ("slot", Value::Span(Duration::from_secs(SLOT))),
        ("step", Value::Span(Duration::from_secs(900))),
    ];
    for (name, value) in slots.iter().chain(changes) {
        params
            .set(PROTOCOL.params, name, value.clone())
            .expect("a valid parameter");
    }
    let node = |name: String, host: Option<u32>, radio: bool, x: f64, role: &str| NodeSpec {
        name,
        host: host.map(HostAddr),
        radio,
        place: Some((x, 0.0)),
        roles: vec![role.to_owned()],
    };
    let mut nodes = vec![node("centre".to_owned(), Some(1), false, 0.0, "centre")];
    nodes.extend((0..size.aggregators).map(|n| {
        node(
            format!("agg-{n}"),
            Some(10 + n),
            size.air,
            f64::from(n) * 500.0,
            "aggregator",
        )
    }));
    let wired = |from: u32, n: u32| (!size.air).then_some(from + n);
    nodes.extend((0..size.homes).map(|n| node(format!("home-{n}"), wired(1000, n), size.air, 10.0, "meter")));
    nodes.extend((0..size.solar).map(|n| node(format!("roof-{n}"), wired(20_000, n), size.air, 10.0, "solar")));
    nodes.extend((0..size.stations).map(|n| node(format!("charger-{n}"), Some(30_000 + n), false, 10.0, "station")));
    Setup { seed, params, nodes }
}

/// The grid on the test kit.
pub fn grid(seed: u64, size: Size, changes: &[(&str, Value)]) -> Net {
    Net::deploy(&PROTOCOL, &setup(seed, size, changes)).expect("sets up")
}

/// Runs to the end of so many slots.
pub fn slots(net: &mut Net, slots: u64) {
    net.run_until(Time::from_secs(slots * SLOT));
}

/// Runs to a share of a slot, in thousandths.
pub fn within(net: &mut Net, slot: u64, thousandths: u64) {
    net.run_until(Time::from_millis(slot * SLOT * 1000 + thousandths * SLOT));
}

/// The values of a field of all events of a name.
pub fn field(net: &Net, event: &str, name: &str) -> Vec<Value> {
    let of = |fields: &[(&'static str, Value)]| {
        fields
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.clone())
    };
    net.events(event).filter_map(|(_, fields)| of(fields)).collect()
}

/// The figure of the report.
pub fn figure(net: &Net, name: &str) -> Value {
    let mut fold = (PROTOCOL.fold)();
    for record in net.records() {
        let roadveil_role::testkit::What::Emitted { name, fields } = &record.what else {
            continue;
        };
        let fields: Vec<(String, Value)> = fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        fold.observe(&roadveil_role::view::Emitted {
            at: record.at,
            node: &record.node,
            role: &record.role,
            name,
            fields: &fields,
        });
    }
    let figures = fold.figures();
    figures
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
        .expect("a figure")
}

pub fn number(value: &Value) -> f64 {
    match value {
        Value::F64(number) => *number,
        Value::U64(number) => *number as f64,
        other => panic!("{other:?} is no number"),
    }
}

/// All messages that a node sent.
pub fn sent(net: &Net, node: &str) -> Vec<Msg> {
    let of = net.sent().filter(|(record, ..)| record.node == node);
    of.map(|(_, _, frame)| decode(frame).expect("decodes")).collect()
}
