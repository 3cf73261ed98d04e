//! A small town: an authority, road-side units, vehicles.
#![allow(dead_code, reason = "each test program uses a part")]

use roadveil_gsb::PROTOCOL;
use roadveil_role::testkit::Net;
use roadveil_role::{HostAddr, NodeSpec, Params, Setup, Value};

/// One authority `ta`, one RSU `rsu`, vehicles `car-0` ... 10 m apart.
pub fn setup(seed: u64, cars: u32, changes: &[(&str, Value)]) -> Setup {
    let mut params = Params::defaults(PROTOCOL.params);
    for (name, value) in changes {
        params
            .set(PROTOCOL.params, name, value.clone())
            .expect("a valid parameter");
    }
    let node = |name: String, host: Option<u32>, x: f64, role: &str| NodeSpec {
        name,
        host: host.map(HostAddr),
        radio: role != "ta",
        place: Some((x, 0.0)),
        roles: vec![role.to_owned()],
    };
    let mut nodes = vec![
        node("ta".to_owned(), Some(1), 500.0, "ta"),
        node("rsu".to_owned(), Some(2), 0.0, "rsu"),
    ];
    nodes.extend((0..cars).map(|n| node(format!("car-{n}"), None, f64::from(n) * 10.0, "obu")));
    Setup { seed, params, nodes }
}

/// The town on the test kit.
pub fn town(seed: u64, cars: u32, changes: &[(&str, Value)]) -> Net {
    Net::deploy(&PROTOCOL, &setup(seed, cars, changes)).expect("sets up")
}

/// Sums a field of the events `counts` of a node.
pub fn count(net: &Net, node: &str, name: &str) -> u64 {
    let counts = net.events("counts").filter(|(record, _)| record.node == node);
    counts
        .map(|(_, fields)| match fields.iter().find(|(key, _)| *key == name) {
            Some((_, Value::U64(count))) => *count,
            _ => 0,
        })
        .sum()
}
