//! The last transmissions and what became of each.

use std::collections::VecDeque;
use std::sync::Arc;

use roadveil_role::{LinkAddr, Reason, Time};
use serde::{Deserialize, Serialize};

use crate::event::{NodeId, Position, Reception, TxId};

/// Most later outcomes that one transmission remembers; there are seldom more than a handful.
const MAX_AFTER: usize = 1024;

/// What carried a transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Medium {
    /// The air.
    Air {
        /// The sender's link address.
        from: LinkAddr,
        /// The receiver's.
        to: LinkAddr,
        /// Nanoseconds on the air.
        airtime: u64,
    },
    /// The wires.
    Wire {
        /// When it arrives, or why it never does.
        fate: Result<Time, Reason>,
    },
}

/// What happened at a receiver after the radio had received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    /// The receiver.
    pub node: NodeId,
    /// The role that refused; `None`: dropped before any role saw it.
    pub role: Option<u8>,
    /// Why.
    pub why: Reason,
}

/// A transmission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub tx: TxId,
    /// When it began.
    pub at: Time,
    /// What carried it.
    pub medium: Medium,
    /// Its bytes above the link layer.
    pub bytes: Arc<[u8]>,
    /// Who sent it; unknown where the truth is missing.
    pub sender: Option<NodeId>,
    /// Where the sender was.
    pub place: Option<Position>,
    /// The addressee; `None` for everybody in reach, and for an address that nobody has.
    pub to: Option<NodeId>,
    /// 0 for the first attempt.
    pub attempt: u8,
    /// Outcomes at the candidate receivers; empty while the frame is on the air.
    pub receptions: Vec<Reception>,
    /// What happened at receivers later.
    pub after: Vec<After>,
    /// Receivers that got it.
    pub delivered: u32,
    /// Candidates that did not.
    pub lost: u32,
    /// Refusals.
    pub rejected: u32,
    /// Are the outcomes known? Until then the frame is on the air.
    pub ended: bool,
    /// Which reasons occur, a bit for each code: filters ask for it often.
    pub why: u64,
}

impl Entry {
    /// A transmission that has just begun.
    pub(super) fn new(tx: TxId, at: Time, medium: Medium, to: Option<NodeId>, bytes: Arc<[u8]>) -> Entry {
        Entry {
            tx,
            at,
            medium,
            bytes,
            sender: None,
            place: None,
            to,
            attempt: 0,
            receptions: Vec::new(),
            after: Vec::new(),
            delivered: 0,
            lost: 0,
            rejected: 0,
            ended: false,
            why: 0,
        }
    }

    /// Protocol and message number.
    pub fn head(&self) -> [u8; 2] {
        super::head(&self.bytes)
    }

    /// Is it meant for everybody in reach?
    pub fn is_broadcast(&self) -> bool {
        matches!(self.medium, Medium::Air { to, .. } if to.is_broadcast())
    }

    /// Did a candidate miss it, or a role refuse it?
    pub fn failed(&self) -> bool {
        self.lost > 0 || self.rejected > 0
    }

    /// The outcome at one candidate, with what happened later taken into account: `None` if it was taken in.
    pub fn outcome(&self, reception: &Reception) -> Option<Reason> {
        reception.lost.or_else(|| {
            self.after
                .iter()
                .find(|after| after.node == reception.node)
                .map(|after| after.why)
        })
    }

    pub(super) fn hear(&mut self, receptions: &[Reception]) {
        // A transmission ends once; a damaged log that ends it again must not make it grow.
        if self.ended {
            return;
        }
        self.ended = true;
        self.receptions.extend_from_slice(receptions);
        for reception in receptions {
            match reception.lost {
                None => self.delivered += 1,
                Some(why) => {
                    self.lost += 1;
                    self.why |= bit(why);
                }
            }
        }
    }

    pub(super) fn drop_at(&mut self, node: NodeId, why: Reason) {
        self.delivered = self.delivered.saturating_sub(1);
        self.lost += 1;
        self.add(After { node, role: None, why });
    }

    pub(super) fn reject_at(&mut self, node: NodeId, role: u8, why: Reason) {
        self.rejected += 1;
        self.add(After {
            node,
            role: Some(role),
            why,
        });
    }

    fn add(&mut self, after: After) {
        self.why |= bit(after.why);
        if self.after.len() < MAX_AFTER {
            self.after.push(after);
        }
    }
}

/// The bit of [`Entry::why`] that stands for a reason.
pub(crate) fn bit(why: Reason) -> u64 {
    const { assert!(Reason::ALL.len() <= 64, "a reason needs a bit") };
    1 << why.code()
}

/// The last transmissions, oldest first, in the order of their numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    entries: VecDeque<Entry>,
    room: usize,
}

impl Flow {
    pub(super) fn new(room: usize) -> Flow {
        Flow {
            entries: VecDeque::new(),
            room: room.max(1),
        }
    }

    /// Remembers at most so many from now on.
    pub(super) fn bound(&mut self, room: usize) {
        self.room = self.room.clamp(1, room);
        self.entries.drain(..self.entries.len().saturating_sub(self.room));
    }

    pub(super) fn push(&mut self, mut entry: Entry) {
        // Numbers only grow; what says otherwise is damaged, and would break the search below.
        if self.entries.back().is_some_and(|last| last.tx >= entry.tx) {
            return;
        }
        if self.entries.len() >= self.room
            && let Some(mut old) = self.entries.pop_front()
            && entry.receptions.is_empty()
        {
            old.receptions.clear();
            entry.receptions = old.receptions;
        }
        self.entries.push_back(entry);
    }

    pub(super) fn get_mut(&mut self, tx: TxId) -> Option<&mut Entry> {
        let index = self.index_of(tx)?;
        self.entries.get_mut(index)
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// None yet?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The transmission of that number, if it is remembered.
    pub fn get(&self, tx: TxId) -> Option<&Entry> {
        self.entries.get(self.index_of(tx)?)
    }

    /// The transmission at that place, 0 the oldest.
    pub fn at(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// Its place.
    pub fn index_of(&self, tx: TxId) -> Option<usize> {
        let first = self.entries.front()?.tx.0;
        // Numbers usually have no gaps, so the place can be computed; where they have, it is searched.
        let guess = usize::try_from(tx.0.checked_sub(first)?).ok()?;
        match self.entries.get(guess) {
            Some(entry) if entry.tx == tx => Some(guess),
            _ => self.entries.binary_search_by_key(&tx, |entry| entry.tx).ok(),
        }
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }
}
