//! The wires: latency, jitter, loss, bandwidth and a queue, for each pair of wired nodes.

mod params;

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use roadveil_role::{Reason, Time};

pub use params::{Link, Params};

use crate::radio::{Draws, Key};

/// The wires of one run.
#[derive(Clone, Debug)]
pub struct Wires {
    params: Params,
    draws: Draws,
    keys: Vec<Key>,
    special: BTreeMap<(u32, u32), Link>,
    lanes: BTreeMap<(u32, u32), Lane>,
    down: BTreeMap<(u32, u32), bool>,
}

/// One direction of a link.
#[derive(Clone, Debug, Default)]
struct Lane {
    /// When the packets that wait or travel leave the sender.
    leaving: VecDeque<Time>,
    /// Packets handed in so far: the counter of the draws.
    packets: u64,
}

impl Wires {
    /// The wires between nodes with these keys, by number; `special` names links that differ.
    pub fn new(params: Params, special: BTreeMap<(u32, u32), Link>, keys: Vec<Key>, seed: u64) -> Wires {
        Wires {
            params,
            draws: Draws::new(seed, "backhaul"),
            keys,
            special,
            lanes: BTreeMap::new(),
            down: BTreeMap::new(),
        }
    }

    /// Takes the link between two nodes down or up.
    pub fn set_link(&mut self, a: u32, b: u32, up: bool) {
        self.down.insert((a.min(b), a.max(b)), !up);
    }

    /// Sends `bytes` from one node to another at `now`: when they arrive, or why they never do.
    ///
    /// # Errors
    /// The reason for which the packet is lost.
    pub fn send(&mut self, now: Time, from: u32, to: u32, bytes: usize) -> Result<Time, Reason> {
        let pair = (from.min(to), from.max(to));
        let special = self.special.get(&pair);
        let pick = |own: fn(&Link) -> Option<f64>, common: f64| special.and_then(own).unwrap_or(common);
        let latency = pick(|link| link.latency_ms, self.params.latency_ms);
        let jitter = pick(|link| link.jitter_ms, self.params.jitter_ms);
        let loss = pick(|link| link.loss, self.params.loss);
        let bandwidth = pick(|link| link.bandwidth_bps, self.params.bandwidth_bps);

        let lane = self.lanes.entry((from, to)).or_default();
        lane.packets += 1;
        let mut draw = self
            .draws
            .sequence(self.keys[from as usize], self.keys[to as usize], lane.packets);
        let (coin, wobble) = (draw.unit(), draw.unit());
        if self.down.get(&pair).copied().unwrap_or(false) {
            return Err(Reason::LinkDown);
        }
        while lane.leaving.front().is_some_and(|&leaves| leaves <= now) {
            lane.leaving.pop_front();
        }
        if lane.leaving.len() >= self.params.queue {
            return Err(Reason::LinkFull);
        }
        let begins = lane.leaving.back().copied().unwrap_or(now).max(now);
        let leaves = begins + seconds(bytes as f64 * 8.0 / bandwidth);
        lane.leaving.push_back(leaves);
        if coin <= loss {
            return Err(Reason::LinkLoss);
        }
        Ok(leaves + seconds((latency + jitter * wobble) / 1e3))
    }
}

/// A span of so many seconds, to the nanosecond.
fn seconds(seconds: f64) -> Duration {
    Duration::from_nanos((seconds * 1e9).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wires(params: Params) -> Wires {
        Wires::new(
            params,
            BTreeMap::new(),
            (0..3).map(|index| Key::of(&index.to_string())).collect(),
            1,
        )
    }

    #[test]
    fn a_packet_takes_its_serialisation_and_latency() {
        let mut wires = wires(Params {
            latency_ms: 5.0,
            jitter_ms: 0.0,
            bandwidth_bps: 1e6,
            ..Params::default()
        });
        // 1250 bytes at 1 Mbit/s: 10 ms, and the second waits for the first.
        assert_eq!(wires.send(Time::ZERO, 0, 1, 1250), Ok(Time::from_millis(15)));
        assert_eq!(wires.send(Time::ZERO, 0, 1, 1250), Ok(Time::from_millis(25)));
        assert_eq!(wires.send(Time::ZERO, 1, 0, 1250), Ok(Time::from_millis(15)));
    }

    #[test]
    fn a_full_queue_a_dead_link_and_bad_luck_lose_packets() {
        let mut wires = wires(Params {
            queue: 2,
            bandwidth_bps: 1e3,
            jitter_ms: 0.0,
            ..Params::default()
        });
        assert!(wires.send(Time::ZERO, 0, 1, 100).is_ok());
        assert!(wires.send(Time::ZERO, 0, 1, 100).is_ok());
        assert_eq!(wires.send(Time::ZERO, 0, 1, 100), Err(Reason::LinkFull));
        wires.set_link(1, 0, false);
        assert_eq!(wires.send(Time::from_secs(10), 0, 1, 100), Err(Reason::LinkDown));
        wires.set_link(0, 1, true);
        assert!(wires.send(Time::from_secs(10), 0, 1, 100).is_ok());
    }

    #[test]
    fn the_share_of_lost_packets_is_as_asked() {
        let mut wires = wires(Params {
            loss: 0.3,
            ..Params::default()
        });
        let lost = (0..10_000)
            .filter(|&n| wires.send(Time::from_secs(n), 0, 1, 10).is_err())
            .count();
        // Five standard deviations of 46.
        assert!((2770..=3230).contains(&lost), "{lost}");
    }
}
