//! Whatever nodes there are, and whenever they go down and come up: the books balance, and the run ends.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::event::TxId;

#[derive(Clone, Debug)]
struct World {
    nodes: Vec<(&'static str, u16, bool)>,
    switchings: Vec<(usize, u16, u16)>,
    set: Vec<(&'static str, String)>,
}

fn world() -> impl Strategy<Value = World> {
    let role = prop::sample::select(vec!["car", "echo", "burst", "ear"]);
    let nodes = prop::collection::vec((role, 0..900u16, prop::bool::weighted(0.2)), 2..9);
    let switchings = prop::collection::vec((0..9usize, 10..1000u16, 0..300u16), 0..8);
    let pick = |options: &[&'static str]| prop::sample::select(options.to_vec());
    let radio = (
        pick(&["edca", "dcf"]),
        pick(&["off", "reactive"]),
        pick(&["1", "16"]),
        pick(&["1", "20", "400"]),
        pick(&["1", "15"]),
        pick(&["0", "4"]),
        pick(&["3", "6", "27"]),
        pick(&["its-g5", "ns3"]),
        pick(&["0", "30", "10000"]),
    );
    let load = (
        pick(&["0", "300", "2000"]),
        pick(&["0", "1", "6"]),
        pick(&["3ms", "40ms"]),
        any::<bool>(),
        0..1000u32,
    );
    (nodes, switchings, radio, load).prop_map(|(nodes, switchings, radio, load)| World {
        nodes,
        switchings,
        set: vec![
            ("radio.preset", radio.7.to_owned()),
            ("radio.mac", radio.0.to_owned()),
            ("radio.dcc", radio.1.to_owned()),
            ("radio.queue", radio.2.to_owned()),
            ("radio.lifetime_ms", radio.3.to_owned()),
            ("radio.contention_window", radio.4.to_owned()),
            ("radio.retries", radio.5.to_owned()),
            ("radio.rate_mbps", radio.6.to_owned()),
            ("radio.capture_window_us", radio.8.to_owned()),
            ("protocols.toy.size", load.0.to_owned()),
            ("protocols.toy.each", load.1.to_owned()),
            ("protocols.toy.period", load.2.to_owned()),
            ("protocols.toy.priorities", load.3.to_string()),
            ("seed", load.4.to_string()),
        ],
    })
}

impl World {
    /// A second of sending, and long enough after it for everything that waits.
    fn text(&self) -> String {
        let mut text = "title = \"chance\"\nduration = \"4s\"\n[protocols.toy]\nuntil = \"1s\"\n".to_owned();
        for (number, (role, x, moves)) in self.nodes.iter().enumerate() {
            let place = if *moves {
                format!("route = [[{x}, 0], [{}, 9]]\nspeed = 30\nat_end = \"leave\"", x + 20)
            } else {
                format!("at = [{x}, 0]")
            };
            text += &format!("[[node]]\nname = \"n{number}\"\nroles = [\"toy.{role}\"]\n{place}\n");
        }
        for (node, at, off) in &self.switchings {
            let (node, at) = (node % self.nodes.len(), u32::from(*at) * 1_000 + 137);
            let up = at + u32::from(*off) * 7;
            text += &format!("[[timeline]]\nat = \"{at}us\"\ndown = \"n{node}\"\n");
            text += &format!("[[timeline]]\nat = \"{up}us\"\nup = \"n{node}\"\n");
        }
        text
    }
}

/// What a stream says of its transmissions balances.
fn balances(records: &[Record]) -> Result<(), TestCaseError> {
    let mut open: BTreeMap<TxId, (bool, u8)> = BTreeMap::new();
    for record in records {
        match &record.event {
            Event::Frame(frame) => {
                prop_assert!(open.insert(frame.tx, (frame.to.is_broadcast(), 0)).is_none());
            }
            Event::Sent { tx, .. } => open.get_mut(tx).expect("its frame comes first").1 += 1,
            Event::Heard { tx, receptions } => {
                let Some((broadcast, sent)) = open.remove(tx) else {
                    return Err(TestCaseError::fail(format!("{tx:?} is heard of twice")));
                };
                prop_assert_eq!(sent, 1);
                prop_assert!(broadcast || receptions.len() <= 1);
                prop_assert!(receptions.windows(2).all(|pair| pair[0].node < pair[1].node));
            }
            _ => {}
        }
    }
    prop_assert!(open.is_empty(), "{} never end", open.len());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_frame_ends_and_nothing_is_left_of_it(world in world()) {
        let set: Vec<(&str, &str)> = world.set.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let one = Options { threads: 1, share: true };
        let mut kernel = Kernel::new(scenario(&world.text(), &set), one).expect("sets up");
        let almost = Time::from_millis(3_990);
        let mut entries = 0_u64;
        while kernel.queue.next_at().is_some_and(|at| at < almost) {
            kernel.step();
            entries += 1;
            prop_assert!(entries < 3_000_000, "it does not come to an end");
        }
        prop_assert_eq!(kernel.air.remains(), None);
        for (number, node) in kernel.nodes.iter().enumerate() {
            prop_assert!(!node.mac.sending, "node {number} still waits for its frame's end");
            prop_assert!(!node.mac.waits(), "node {number} never had its turn");
            prop_assert!(node.gate.iter().all(|gate| gate.held.is_empty()), "the gate of node {number} never opened");
        }
        let records = kernel.take_records();
        prop_assert!(records.windows(2).all(|pair| pair[0].at <= pair[1].at));
        balances(&records)?;
    }
}
