//! The kernel's queue: what happens when, ordered by (time, node, sequence).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use roadveil_role::{Address, Effect, Time, Timer};

use crate::event::TxId;
use crate::radio::Outgoing;

/// Something that will happen.
#[derive(Debug)]
pub(super) enum What {
    /// The world has moved on: positions, arrivals, departures.
    Tick,
    /// A second has passed: processor loads and charged operations are recorded.
    Account,
    /// The next fault of the timeline.
    Fault(usize),
    /// A timer is due, unless it was set anew or cancelled since.
    Due {
        role: usize,
        timer: Timer,
        due: Time,
        set: u64,
    },
    /// The processor takes up the next item.
    Serve,
    /// A callback's effects leave.
    Release(Box<Bundle>),
    /// A node's turn on the channel, if its plan still holds.
    Access { plan: u32 },
    /// The gatekeeper lets the next frame through.
    Open,
    /// A frame is noticed by those who wait for the channel.
    Noticed { slot: u32 },
    /// A frame's last symbol.
    FrameEnd { slot: u32 },
    /// The receiver of a frame acknowledges it; `to` sent it in that life.
    Acknowledge {
        tx: TxId,
        to: u32,
        life: u32,
        frame: Box<Outgoing>,
    },
    /// An acknowledgement came, or should have come by now.
    Settle { delivered: bool, frame: Box<Outgoing> },
    /// A packet arrives over the wires.
    Arrive { tx: TxId, from: Address, bytes: Arc<[u8]> },
}

/// The effects of one callback.
#[derive(Debug)]
pub(super) struct Bundle {
    pub(super) role: usize,
    pub(super) tx: Option<TxId>,
    pub(super) effects: Vec<Effect>,
}

/// An entry of the queue. `life` is the node's life for which it was made: what was planned before a failure does not
/// happen after it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: Time,
    pub(super) node: u32,
    pub(super) sequence: u64,
    pub(super) life: u32,
    pub(super) what: What,
}

/// The number that stands for the kernel itself where an entry belongs to no node; it sorts before the nodes.
pub(super) const NOBODY: u32 = 0;

impl Entry {
    fn key(&self) -> (Time, u32, u64) {
        (self.at, self.node, self.sequence)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// A heap of entries: at the sizes of a run no calendar queue is faster by more than a few per cent.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

impl Queue {
    /// Plans `what` for a node (its number plus one) or for nobody.
    pub(super) fn push(&mut self, at: Time, node: u32, life: u32, what: What) {
        self.sequence += 1;
        self.heap.push(Reverse(Entry {
            at,
            node,
            sequence: self.sequence,
            life,
            what,
        }));
    }

    /// When the next entry is due.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the next entry.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        self.heap.pop().map(|Reverse(entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_by_time_then_node_then_sequence() {
        let mut queue = Queue::default();
        for (at, node) in [(2, 1), (1, 2), (1, 1), (1, 1), (0, 9)] {
            queue.push(Time(at), node, 0, What::Serve);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.pop())
            .map(|entry| (entry.at.0, entry.node, entry.sequence))
            .collect();
        assert_eq!(order, [(0, 9, 5), (1, 1, 3), (1, 1, 4), (1, 2, 2), (2, 1, 1)]);
    }
}
