//! The kernel's queue: what happens when, ordered by (time, node, sequence); turns on the channel at one time by lot.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
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
        role: u8,
        timer: Timer,
        due: Time,
        set: u32,
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
    /// The receiver of a frame acknowledges it.
    Acknowledge(Box<Received>),
    /// An acknowledgement came, or should have come by now.
    Settle { delivered: bool, frame: Box<Outgoing> },
    /// A packet arrives over the wires.
    Arrive(Box<Arriving>),
}

/// A frame that is to be acknowledged.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) tx: TxId,
    /// Who sent it, in that life.
    pub(super) by: u32,
    pub(super) life: u32,
    pub(super) frame: Outgoing,
}

/// A packet on the wires.
#[derive(Debug)]
pub(super) struct Arriving {
    pub(super) tx: TxId,
    pub(super) from: Address,
    pub(super) bytes: Arc<[u8]>,
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

const _: () = assert!(
    size_of::<Entry>() <= 48,
    "every entry is moved several times in the heap: box what is large"
);

impl Entry {
    const fn is_turn(&self) -> bool {
        matches!(self.what, What::Access { .. })
    }

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

/// A stretch of time, as a power of two of nanoseconds: about 0.5 ms.
const STRETCH: u32 = 19;

/// Entries of the present stretch of time in a heap, later ones by their stretch.
///
/// Most entries are the next beacons of all nodes, a tenth of a second ahead, and frames that end within a millisecond. In one
/// heap each of the latter would sink through all of the former, which fit into no near cache.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// All entries up to the end of the stretch `present`; empty only if there is no entry at all.
    near: BinaryHeap<Reverse<Entry>>,
    present: u64,
    far: BTreeMap<u64, Vec<Entry>>,
    /// An empty list, kept for its memory.
    spare: Vec<Entry>,
    sequence: u64,
    /// Has another stretch become the present one?
    moved_on: bool,
}

impl Queue {
    /// Plans `what` for a node (its number plus one) or for nobody.
    pub(super) fn push(&mut self, at: Time, node: u32, life: u32, what: What) {
        self.sequence += 1;
        let entry = Entry {
            at,
            node,
            sequence: self.sequence,
            life,
            what,
        };
        let stretch = at.0 >> STRETCH;
        if self.near.is_empty() {
            self.present = stretch;
        }
        if stretch <= self.present {
            self.near.push(Reverse(entry));
            return;
        }
        let spare = &mut self.spare;
        self.far
            .entry(stretch)
            .or_insert_with(|| core::mem::take(spare))
            .push(entry);
    }

    /// Once in each stretch: the nodes (their numbers plus one) of which a timer will be due in it.
    pub(super) fn woken_soon(&mut self) -> Option<impl Iterator<Item = u32>> {
        let timers = |Reverse(entry): &Reverse<Entry>| matches!(entry.what, What::Due { .. }).then_some(entry.node);
        core::mem::take(&mut self.moved_on).then(|| self.near.iter().filter_map(timers))
    }

    /// When the next entry is due.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.near.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the next entry.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        let Reverse(entry) = self.near.pop()?;
        if self.near.is_empty()
            && let Some((stretch, mut entries)) = self.far.pop_first()
        {
            self.present = stretch;
            self.moved_on = true;
            self.near.extend(entries.drain(..).map(Reverse));
            self.spare = entries;
        }
        Some(entry)
    }

    /// Takes the next entry; of several turns on the channel at one moment, the one with the least lot, which is given for
    /// a node and a moment. Else frames of one moment would stand in the order of the nodes, and tell who sent them.
    pub(super) fn pop_by_lot(&mut self, lot: impl Fn(u32, Time) -> u64) -> Option<Entry> {
        let first = self.pop()?;
        let at = first.at;
        if !first.is_turn() || self.next_at() != Some(at) {
            return Some(first);
        }
        let (mut turns, mut others) = (vec![first], Vec::new());
        while self.next_at() == Some(at)
            && let Some(entry) = self.pop()
        {
            if entry.is_turn() { &mut turns } else { &mut others }.push(entry);
        }
        turns.sort_by_cached_key(|entry| Reverse((lot(entry.node, at), entry.sequence)));
        let next = turns.pop();
        self.near.extend(turns.into_iter().chain(others).map(Reverse));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_pushed_and_taken_in_between_comes_in_order(
            deeds in proptest::collection::vec((0..3u8, 0..40_000_000u64, 0..4u32), 1..200),
        ) {
            let mut queue = Queue::default();
            let mut expected: Vec<(u64, u32, u64)> = Vec::new();
            let (mut now, mut pushed) = (0, 0);
            for (deed, ahead, node) in deeds {
                if deed > 0 {
                    pushed += 1;
                    queue.push(Time(now + ahead), node, 0, What::Serve);
                    expected.push((now + ahead, node, pushed));
                    expected.sort_unstable();
                } else if !expected.is_empty() {
                    let next = expected.remove(0);
                    prop_assert_eq!(queue.next_at(), Some(Time(next.0)));
                    let entry = queue.pop().expect("there is one");
                    prop_assert_eq!((entry.at.0, entry.node, entry.sequence), next);
                    now = next.0;
                }
            }
            let rest: Vec<_> = std::iter::from_fn(|| queue.pop())
                .map(|entry| (entry.at.0, entry.node, entry.sequence))
                .collect();
            prop_assert_eq!(rest, expected);
            prop_assert_eq!(queue.next_at(), None);
        }
    }

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

    #[test]
    fn turns_of_one_moment_come_by_lot_and_all_else_as_it_was() {
        let mut queue = Queue::default();
        for (at, node, turn) in [
            (1, 2, false),
            (5, 1, true),
            (5, 2, false),
            (5, 3, true),
            (5, 4, true),
            (9, 1, true),
        ] {
            let what = if turn { What::Access { plan: 0 } } else { What::Serve };
            queue.push(Time(at), node, 0, what);
        }
        let lots = [0, 20, 0, 30, 10];
        let order: Vec<_> = std::iter::from_fn(|| queue.pop_by_lot(|node, _| lots[node as usize]))
            .map(|entry| (entry.at.0, entry.node))
            .collect();
        assert_eq!(order, [(1, 2), (5, 4), (5, 1), (5, 2), (5, 3), (9, 1)]);
    }
}
