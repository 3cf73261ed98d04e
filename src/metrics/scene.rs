//! What a run looks like now: a bounded fold over the event stream, for the screen, for replay and for the snapshots that
//! make seeking fast.
//!
//! A [`Scene`] holds the nodes as they stand, the last few thousand transmissions with what became of them, counts, and
//! one figure a second for rates. Its memory is bounded by the cast, whatever the stream holds: a log is not trusted.
//!
//! A full city brings 400,000 receptions a second, all inside [`Event::Heard`], so that event is the one that must be
//! cheap: counts by index, one copy into memory that an older transmission has given back.

mod flow;
mod lines;
mod nodes;
mod rates;
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roadveil_role::{LinkAddr, Reason, Time};
use serde::{Deserialize, Serialize};

use crate::event::{Cast, Event, Frame, Map, NodeId, Packet, Reception, Record, TxId};

pub(crate) use flow::bit;
pub use flow::{After, Entry, Flow, Medium};
pub use lines::{Line, Lines, What};
pub use nodes::{Counts, NodeScene};
pub use rates::{Rate, Rates};

/// How many transmissions a scene remembers.
pub const FLOW_ROOM: usize = 4096;

/// A run as it stands at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scene {
    #[serde(skip, default = "nobody")]
    cast: Arc<Cast>,
    now: Time,
    nodes: Vec<NodeScene>,
    /// Apart from the nodes, so that the counts of a city fit into a processor's nearest cache.
    counts: Vec<Counts>,
    flow: Flow,
    totals: Totals,
    /// By the reason's code.
    reasons: Vec<u64>,
    messages: BTreeMap<(u8, u8), MessageCounts>,
    rates: Rates,
    lines: Lines,
    /// Whose address it is now. A node that takes a new one gives up the old.
    addresses: BTreeMap<LinkAddr, NodeId>,
    down: BTreeSet<(NodeId, NodeId)>,
    /// Nanoseconds of virtual time charged so far, by the operation's code.
    charged: Vec<u64>,
    loads_at: Time,
}

/// Counts over the whole run so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Transmissions that began, over the air and over the wires.
    pub sent: u64,
    /// Pairs of transmission and receiver that reached a role.
    pub delivered: u64,
    /// Pairs that did not.
    pub lost: u64,
    /// Refusals by roles; what is refused had been delivered.
    pub rejected: u64,
    /// Frames that never reached the air.
    pub unsent: u64,
}

impl Totals {
    /// Delivered pairs of all pairs, from 0 to 1; `None` before the first.
    pub fn share(&self) -> Option<f64> {
        let all = self.delivered + self.lost;
        (all > 0).then(|| self.delivered as f64 / all as f64)
    }
}

/// Counts of one message of one protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageCounts {
    /// Transmissions.
    pub sent: u64,
    /// Their bytes above the link layer.
    pub bytes: u64,
    /// Pairs delivered.
    pub delivered: u64,
    /// Pairs lost.
    pub lost: u64,
    /// Refusals.
    pub rejected: u64,
}

impl Scene {
    /// The scene before the first event.
    pub fn new(cast: Arc<Cast>) -> Scene {
        Scene::with_room(cast, FLOW_ROOM)
    }

    /// The same, remembering at most `room` transmissions.
    pub fn with_room(cast: Arc<Cast>, room: usize) -> Scene {
        let nodes: Vec<NodeScene> = cast.nodes.iter().map(|node| NodeScene::new(node.roles.len())).collect();
        Scene {
            now: Time::ZERO,
            counts: vec![Counts::default(); nodes.len()],
            nodes,
            flow: Flow::new(room),
            totals: Totals::default(),
            reasons: vec![0; Reason::ALL.len()],
            messages: BTreeMap::new(),
            rates: Rates::default(),
            lines: Lines::default(),
            addresses: BTreeMap::new(),
            down: BTreeSet::new(),
            charged: Vec::new(),
            loads_at: Time::ZERO,
            cast,
        }
    }

    /// A scene read from a snapshot, with the cast that the snapshot leaves out.
    #[must_use]
    pub fn with_cast(mut self, cast: Arc<Cast>) -> Scene {
        // The snapshot may be damaged: every table gets the length that the cast asks for.
        self.nodes.resize(cast.nodes.len(), NodeScene::new(0));
        for (node, known) in self.nodes.iter_mut().zip(&cast.nodes) {
            node.states.resize(known.roles.len(), None);
        }
        self.counts.resize(cast.nodes.len(), Counts::default());
        self.reasons.resize(Reason::ALL.len(), 0);
        self.flow.bound(FLOW_ROOM);
        self.cast = cast;
        self
    }

    /// Takes one record in. Records of nodes that the cast does not know count in the totals only.
    pub fn observe(&mut self, record: &Record) {
        self.now = self.now.max(record.at);
        match &record.event {
            Event::Frame(frame) => self.frame(record.at, frame),
            Event::Packet(packet) => self.packet(record.at, packet),
            Event::Sent { tx, node, attempt } => self.sent(*tx, *node, *attempt),
            Event::Heard { tx, receptions } => self.heard(*tx, receptions),
            Event::Dropped { tx, node, why } => self.dropped(*tx, *node, *why),
            Event::Unsent { node, why, head } => {
                self.totals.unsent += 1;
                count(&mut self.reasons, *why);
                if let Some(counts) = self.counts.get_mut(node.index()) {
                    counts.unsent += 1;
                }
                self.lines
                    .push(record.at, Some(*node), 0, What::Unsent { why: *why, head: *head });
            }
            Event::Rejected { node, role, tx, why } => self.rejected(record.at, *node, *role, *tx, *why),
            Event::Step {
                node,
                role,
                name,
                exchange,
            } => {
                self.lines.push(
                    record.at,
                    Some(*node),
                    *role,
                    What::Step {
                        name: name.clone(),
                        exchange: *exchange,
                    },
                );
            }
            Event::State { node, role, state } => {
                if let Some(slot) = self
                    .nodes
                    .get_mut(node.index())
                    .and_then(|node| node.states.get_mut(usize::from(*role)))
                {
                    *slot = Some(state.clone());
                }
                self.lines
                    .push(record.at, Some(*node), *role, What::State(state.clone()));
            }
            Event::Emitted {
                node,
                role,
                name,
                fields,
            } => {
                let what = What::Emitted {
                    name: name.clone(),
                    fields: fields.clone(),
                };
                self.lines.push(record.at, Some(*node), *role, what);
            }
            Event::Readdressed { node, addr } => self.readdressed(*node, *addr),
            Event::Joined { node, at } => {
                if let Some(known) = self.nodes.get_mut(node.index()) {
                    known.present = true;
                    known.position = Some(*at);
                    // At the start everybody joins: that is no news.
                    if record.at > Time::ZERO {
                        self.lines.push(record.at, Some(*node), 0, What::Joined);
                    }
                }
            }
            Event::Left { node, fault } => {
                if let Some(known) = self.nodes.get_mut(node.index()) {
                    known.leave();
                }
                self.lines.push(record.at, Some(*node), 0, What::Left { fault: *fault });
            }
            Event::Moved(moves) => {
                for (node, at) in moves {
                    if let Some(known) = self.nodes.get_mut(node.index()) {
                        known.position = Some(*at);
                    }
                }
            }
            Event::Load(loads) => self.load(record.at, loads),
            Event::Charged(charges) => {
                for &(op, nanos) in charges {
                    let op = usize::from(op);
                    if self.charged.len() <= op {
                        self.charged.resize(op + 1, 0);
                    }
                    self.charged[op] = self.charged[op].saturating_add(nanos);
                }
            }
            Event::Link { a, b, up } => {
                let known = a.index().max(b.index()) < self.nodes.len();
                let pair = (*a.min(b), *a.max(b));
                if *up {
                    self.down.remove(&pair);
                } else if known {
                    self.down.insert(pair);
                }
                self.lines
                    .push(record.at, Some(*a), 0, What::Link { other: *b, up: *up });
            }
            Event::Command(text) => self.lines.push(record.at, None, 0, What::Command(text.as_str().into())),
        }
    }

    fn frame(&mut self, at: Time, frame: &Frame) {
        let to = (!frame.to.is_broadcast())
            .then(|| self.addresses.get(&frame.to).copied())
            .flatten();
        let medium = Medium::Air {
            from: frame.from,
            to: frame.to,
            airtime: frame.airtime,
        };
        self.begun(at, &frame.bytes);
        self.flow
            .push(Entry::new(frame.tx, at, medium, to, frame.bytes.clone()));
    }

    fn packet(&mut self, at: Time, packet: &Packet) {
        let medium = Medium::Wire { fate: packet.fate };
        self.begun(at, &packet.bytes);
        let mut entry = Entry::new(packet.tx, at, medium, Some(packet.to), packet.bytes.clone());
        let lost = packet.fate.err();
        entry.sender = Some(packet.from);
        entry.place = self.nodes.get(packet.from.index()).and_then(|node| node.position);
        entry.hear(&[Reception {
            node: packet.to,
            dbm: 0,
            lost,
        }]);
        self.flow.push(entry);
        if let Some(counts) = self.counts.get_mut(packet.from.index()) {
            counts.sent += 1;
        }
        if let Some(counts) = self.counts.get_mut(packet.to.index()) {
            counts.settle(lost.is_none());
        }
        if let Some(why) = lost {
            count(&mut self.reasons, why);
        }
        self.settled(
            Some(head(&packet.bytes)),
            u64::from(lost.is_none()),
            u64::from(lost.is_some()),
        );
    }

    fn begun(&mut self, at: Time, bytes: &[u8]) {
        self.totals.sent += 1;
        self.rates.at(at).sent += 1;
        let message = self.message(head(bytes));
        message.sent += 1;
        message.bytes += bytes.len() as u64;
    }

    fn sent(&mut self, tx: TxId, node: NodeId, attempt: u8) {
        let place = self.nodes.get(node.index()).and_then(|node| node.position);
        if let Some(counts) = self.counts.get_mut(node.index()) {
            counts.sent += 1;
        }
        if let Some(entry) = self.flow.get_mut(tx) {
            entry.sender = Some(node);
            entry.attempt = attempt;
            entry.place = place;
        }
    }

    fn heard(&mut self, tx: TxId, receptions: &[Reception]) {
        let mut delivered = 0;
        for reception in receptions {
            // One branch for each of the two outcomes, tables by index: this is the hot loop of the fold.
            match reception.lost {
                None => delivered += 1,
                Some(why) => count(&mut self.reasons, why),
            }
            if let Some(counts) = self.counts.get_mut(reception.node.index()) {
                counts.settle(reception.lost.is_none());
            }
        }
        let lost = receptions.len() as u64 - delivered;
        let head = self.flow.get_mut(tx).map(|entry| {
            entry.hear(receptions);
            entry.head()
        });
        self.settled(head, delivered, lost);
    }

    /// Counts pairs whose outcome is known. Nobody remembers the message of a frame that ends after it was forgotten.
    fn settled(&mut self, head: Option<[u8; 2]>, delivered: u64, lost: u64) {
        self.totals.delivered += delivered;
        self.totals.lost += lost;
        let rate = self.rates.at(self.now);
        rate.delivered = rate
            .delivered
            .saturating_add(u32::try_from(delivered).unwrap_or(u32::MAX));
        rate.lost = rate.lost.saturating_add(u32::try_from(lost).unwrap_or(u32::MAX));
        if let Some(head) = head {
            let message = self.message(head);
            message.delivered += delivered;
            message.lost += lost;
        }
    }

    /// A frame that had been received is lost after all.
    fn dropped(&mut self, tx: TxId, node: NodeId, why: Reason) {
        count(&mut self.reasons, why);
        self.totals.delivered = self.totals.delivered.saturating_sub(1);
        self.totals.lost += 1;
        let rate = self.rates.at(self.now);
        rate.delivered = rate.delivered.saturating_sub(1);
        rate.lost = rate.lost.saturating_add(1);
        if let Some(counts) = self.counts.get_mut(node.index()) {
            counts.delivered = counts.delivered.saturating_sub(1);
            counts.lost += 1;
        }
        if let Some(entry) = self.flow.get_mut(tx) {
            entry.drop_at(node, why);
            let head = entry.head();
            let message = self.message(head);
            message.delivered = message.delivered.saturating_sub(1);
            message.lost += 1;
        }
    }

    fn rejected(&mut self, at: Time, node: NodeId, role: u8, tx: Option<TxId>, why: Reason) {
        count(&mut self.reasons, why);
        self.totals.rejected += 1;
        if let Some(counts) = self.counts.get_mut(node.index()) {
            counts.rejected += 1;
        }
        match tx.and_then(|tx| self.flow.get_mut(tx)) {
            Some(entry) => {
                entry.reject_at(node, role, why);
                let head = entry.head();
                self.message(head).rejected += 1;
            }
            // Refused without a frame, or one that is long forgotten: the line is the only place left to say so.
            None => self.lines.push(at, Some(node), role, What::Rejected(why)),
        }
    }

    fn readdressed(&mut self, node: NodeId, addr: LinkAddr) {
        let Some(known) = self.nodes.get_mut(node.index()) else {
            return;
        };
        if let Some(old) = known.addr.replace(addr)
            && self.addresses.get(&old) == Some(&node)
        {
            self.addresses.remove(&old);
        }
        self.addresses.insert(addr, node);
    }

    fn load(&mut self, at: Time, loads: &[crate::event::Load]) {
        // One event may name only the nodes that had something to do; the others were idle.
        if at > self.loads_at {
            self.nodes.iter_mut().for_each(NodeScene::rest);
        }
        let span = at.since(self.loads_at).as_millis().max(1);
        for load in loads {
            if let Some(known) = self.nodes.get_mut(load.node.index()) {
                known.queued = load.queued;
                known.busy = load.busy.min(1000);
                known.channel = load.channel.min(1000);
                known.received_per_s = u32::try_from(u128::from(load.received) * 1000 / span).unwrap_or(u32::MAX);
            }
        }
        self.loads_at = at;
    }

    fn message(&mut self, head: [u8; 2]) -> &mut MessageCounts {
        self.messages.entry(head.into()).or_default()
    }
}

/// Counts a reason. The table is as long as there are reasons, but for a damaged snapshot's.
fn count(reasons: &mut [u64], why: Reason) {
    if let Some(count) = reasons.get_mut(usize::from(why.code())) {
        *count += 1;
    }
}

/// A frame's protocol and message number; zeros where it is too short to have them.
fn head(bytes: &[u8]) -> [u8; 2] {
    [bytes.first().copied().unwrap_or(0), bytes.get(1).copied().unwrap_or(0)]
}

/// The cast of a scene that was read from a snapshot, until the real one is given.
fn nobody() -> Arc<Cast> {
    Arc::new(Cast {
        scenario: String::new(),
        title: String::new(),
        seed: 0,
        duration: Time::ZERO,
        nodes: Vec::new(),
        protocols: Vec::new(),
        map: Map::default(),
    })
}

#[cfg(test)]
mod tests;
