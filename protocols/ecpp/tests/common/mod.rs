//! A small town: an authority, road-side units, vehicles.
#![allow(dead_code, reason = "each test program uses a part")]

pub mod accuser;
pub mod hand;

use core::time::Duration;
use std::sync::Arc;

use roadveil_ecpp::PROTOCOL;
use roadveil_ecpp::obu::Obu;
use roadveil_ecpp::params::Config;
use roadveil_ecpp::rsu::Rsu;
use roadveil_ecpp::setup::Issued;
use roadveil_ecpp::ta::Ta;
use roadveil_role::testkit::{Net, Node};
use roadveil_role::{HostAddr, NodeSpec, Params, Setup, Typed, Value};

/// One authority `ta`, RSUs `rsu-0` ... every 200 m along the x axis, vehicles `car-0` ... 10 m apart, beside it.
pub fn setup(seed: u64, rsus: u32, cars: u32, changes: &[(&str, Value)]) -> Setup {
    let mut params = Params::defaults(PROTOCOL.params);
    for (name, value) in changes {
        params
            .set(PROTOCOL.params, name, value.clone())
            .expect("a valid parameter");
    }
    let node = |name: String, host: Option<u32>, place: Option<(f64, f64)>, role: &str| NodeSpec {
        name,
        host: host.map(HostAddr),
        radio: role != "ta",
        place,
        roles: vec![role.to_owned()],
    };
    let mut nodes = vec![node("ta".to_owned(), Some(1), Some((0.0, 500.0)), "ta")];
    nodes.extend((0..rsus).map(|n| {
        node(
            format!("rsu-{n}"),
            Some(10 + n),
            Some((f64::from(n) * 200.0, 0.0)),
            "rsu",
        )
    }));
    nodes.extend((0..cars).map(|n| node(format!("car-{n}"), None, Some((f64::from(n) * 10.0, 5.0)), "obu")));
    Setup { seed, params, nodes }
}

/// The town on the test kit.
pub fn town(seed: u64, rsus: u32, cars: u32, changes: &[(&str, Value)]) -> Net {
    Net::deploy(&PROTOCOL, &setup(seed, rsus, cars, changes)).expect("sets up")
}

/// The same town, with its keys in the open and room for other roles.
pub fn issued(setup: &Setup) -> Issued {
    Issued::new(setup).expect("sets up")
}

/// A network with one authority and one RSU at the origin.
pub fn one_rsu(issued: &Issued, seed: u64, config: &Config) -> Net {
    let config = Arc::new(config.clone());
    let system = issued.authority().system().clone();
    let key = issued.rsu_key("rsu-0").expect("there is an rsu").clone();
    let ta = Ta::new(issued.authority().clone(), config.clone(), [HostAddr(10)], Vec::new());
    let mut net = Net::new(seed);
    net.add(Node::new("ta").wired(HostAddr(1)).role(1, "ta", Box::new(Typed(ta))));
    net.add(
        Node::new("rsu-0")
            .wired(HostAddr(10))
            .role(1, "rsu", Box::new(Typed(Rsu::new(system, config, key)))),
    );
    net
}

/// An OBU's role, with the configuration of its own.
pub fn obu(issued: &Issued, name: &str, config: &Config) -> Box<Typed<Obu>> {
    let key = issued.obu_key(name).expect("there is such an obu").clone();
    Box::new(Typed(Obu::new(
        issued.authority().system().clone(),
        Arc::new(config.clone()),
        vec![key],
    )))
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A field of the first event of that name.
pub fn field(net: &Net, event: &str, name: &str) -> Option<Value> {
    let (_, fields) = net.events(event).next()?;
    fields
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.clone())
}

/// Sums a field of the events `counts`.
pub fn count(net: &Net, node: &str, name: &str) -> u64 {
    let counts = net.events("counts").filter(|(record, _)| record.node == node);
    counts
        .map(|(_, fields)| match fields.iter().find(|(key, _)| *key == name) {
            Some((_, Value::U64(count))) => *count,
            _ => 0,
        })
        .sum()
}
