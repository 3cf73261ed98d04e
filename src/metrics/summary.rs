//! The figures that every report has: frames, messages, refusals, operations, and what each protocol counts itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::Op;
use roadveil_role::protocol::report_name;
use roadveil_role::view::{Emitted, Fold, View};
use roadveil_role::{Protocol, Reason, Time, Value};

use crate::adversary::{Listeners, Privacy};
use crate::event::{Cast, Event, Record};
use crate::scenario;

/// How many, and how many bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// Bytes above the link layer.
    pub bytes: u64,
}

/// How busy the channel was, as the radios found it: one look a node and second in which it was busy at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Channel {
    looks: u64,
    thousandths: u64,
    most: u16,
}

impl Channel {
    fn take(&mut self, thousandths: u16) {
        self.looks += u64::from(thousandths > 0);
        self.thousandths += u64::from(thousandths);
        self.most = self.most.max(thousandths);
    }
}

/// The figures so far.
pub struct Summary {
    cast: Arc<Cast>,
    protocols: Vec<(&'static Protocol, Box<dyn Fold>)>,
    listeners: Listeners,
    /// Events seen.
    pub events: u64,
    /// Transmissions, over the air and over the wires.
    pub sent: u64,
    /// Of these, retries.
    pub retries: u64,
    /// Receiver pairs in which a frame reached a role.
    pub delivered: u64,
    lost: Vec<u64>,
    rejected: Vec<u64>,
    unsent: Vec<u64>,
    messages: BTreeMap<(u8, u8), Count>,
    charged: Vec<u64>,
    channel: Channel,
    /// Virtual time of the last event.
    pub now: Time,
    /// Nodes that are up now.
    pub present: usize,
}

impl Summary {
    /// No figures yet, for a run with this cast; `protocols` are those that the program knows.
    pub fn new(cast: Arc<Cast>, protocols: &[&'static Protocol]) -> Summary {
        let folds = protocols
            .iter()
            .filter(|protocol| cast.protocols.iter().any(|name| name == protocol.name));
        Summary {
            protocols: folds.map(|&protocol| (protocol, (protocol.fold)())).collect(),
            listeners: Listeners::new(&[], &[]),
            cast,
            events: 0,
            sent: 0,
            retries: 0,
            delivered: 0,
            lost: vec![0; Reason::ALL.len()],
            rejected: vec![0; Reason::ALL.len()],
            unsent: vec![0; Reason::ALL.len()],
            messages: BTreeMap::new(),
            charged: vec![0; Op::ALL.len()],
            channel: Channel::default(),
            now: Time::ZERO,
            present: 0,
        }
    }

    /// The same with listeners, who know the messages of those protocols.
    #[must_use]
    pub fn listened_to(mut self, listeners: &[scenario::Listener], protocols: &'static [&'static Protocol]) -> Summary {
        self.listeners = Listeners::new(listeners, protocols);
        self
    }

    /// Takes one record in.
    pub fn observe(&mut self, record: &Record) {
        self.events += 1;
        self.listeners.observe(record);
        self.now = record.at;
        match &record.event {
            Event::Frame(frame) => self.count_message(&frame.bytes),
            Event::Sent { attempt, .. } => self.retries += u64::from(*attempt > 0),
            Event::Heard { receptions, .. } => {
                for reception in receptions {
                    match reception.lost {
                        None => self.delivered += 1,
                        Some(why) => self.lost[usize::from(why.code())] += 1,
                    }
                }
            }
            Event::Packet(packet) => {
                self.count_message(&packet.bytes);
                match packet.fate {
                    Ok(at) if at > self.cast.duration => self.lost[usize::from(Reason::RunEnded.code())] += 1,
                    Ok(_) => self.delivered += 1,
                    Err(why) => self.lost[usize::from(why.code())] += 1,
                }
            }
            Event::Dropped { why, .. } => {
                self.delivered = self.delivered.saturating_sub(1);
                self.lost[usize::from(why.code())] += 1;
            }
            Event::Unsent { why, .. } => self.unsent[usize::from(why.code())] += 1,
            Event::Rejected { why, .. } => self.rejected[usize::from(why.code())] += 1,
            Event::Charged(charges) => {
                for &(op, count) in charges {
                    if let Some(charged) = self.charged.get_mut(usize::from(op)) {
                        *charged += count;
                    }
                }
            }
            Event::Load(loads) => loads.iter().for_each(|load| self.channel.take(load.channel)),
            Event::Joined { .. } => self.present += 1,
            Event::Left { .. } => self.present = self.present.saturating_sub(1),
            Event::Emitted {
                node,
                role,
                name,
                fields,
            } => self.emitted(record.at, node.index(), usize::from(*role), name, fields),
            _ => {}
        }
    }

    /// Channel busy ratio: its mean over the nodes and seconds in which it was busy at all, and its greatest value;
    /// `None` if no radio ever found the channel busy.
    pub fn channel_busy_ratio(&self) -> Option<(f64, f64)> {
        let Channel {
            looks,
            thousandths,
            most,
        } = self.channel;
        (most > 0).then(|| (thousandths as f64 / looks as f64 / 1e3, f64::from(most) / 1e3))
    }

    fn count_message(&mut self, bytes: &[u8]) {
        self.sent += 1;
        if let [protocol, message, ..] = bytes {
            let count = self.messages.entry((*protocol, *message)).or_default();
            count.count += 1;
            count.bytes += bytes.len() as u64;
        }
    }

    fn emitted(&mut self, at: Time, node: usize, role: usize, name: &str, fields: &[(String, Value)]) {
        let Some(node) = self.cast.nodes.get(node) else { return };
        let Some((protocol, role)) = node.roles.get(role).and_then(|role| role.split_once('.')) else {
            return;
        };
        if let Some((_, fold)) = self.protocols.iter_mut().find(|(known, _)| known.name == protocol) {
            fold.observe(&Emitted {
                at,
                node: &node.name,
                role,
                name,
                fields,
            });
        }
    }

    /// Receiver pairs lost, by reason; reasons without any are left out.
    pub fn lost(&self) -> impl Iterator<Item = (Reason, u64)> {
        by_reason(&self.lost)
    }

    /// Frames that a role refused, by reason.
    pub fn rejected(&self) -> impl Iterator<Item = (Reason, u64)> {
        by_reason(&self.rejected)
    }

    /// Frames that never reached the air or the wires, by reason.
    pub fn unsent(&self) -> impl Iterator<Item = (Reason, u64)> {
        by_reason(&self.unsent)
    }

    /// Receiver pairs of both kinds: every candidate of every transmission has exactly one outcome.
    pub fn candidates(&self) -> u64 {
        self.delivered + self.lost.iter().sum::<u64>()
    }

    /// Messages sent, by protocol and name.
    pub fn messages(&self) -> impl Iterator<Item = (&'static str, String, Count)> {
        self.messages.iter().filter_map(|(&(number, message), &count)| {
            let (protocol, _) = self.protocols.iter().find(|(protocol, _)| protocol.number == number)?;
            let name = protocol.message_names().nth(usize::from(message))?;
            Some((protocol.name, report_name(name), count))
        })
    }

    /// Operations charged in virtual time.
    pub fn charged(&self) -> impl Iterator<Item = (Op, u64)> {
        Op::ALL.iter().zip(&self.charged).map(|(&op, &count)| (op, count))
    }

    /// What each protocol counts itself.
    pub fn figures(&self) -> impl Iterator<Item = (&'static str, Vec<(&'static str, Value)>)> {
        self.protocols
            .iter()
            .map(|(protocol, fold)| (protocol.name, fold.figures()))
    }

    /// What each listener knows; nothing of one who hears too many to follow.
    pub fn privacy(&self) -> impl Iterator<Item = (&str, Option<Privacy>)> {
        self.listeners
            .iter()
            .map(|listener| (listener.name(), listener.figures()))
    }

    /// What each protocol shows.
    pub fn views(&self) -> Vec<View> {
        self.protocols.iter().flat_map(|(_, fold)| fold.views()).collect()
    }

    /// The figure at a path of the report, such as `frames.lost.collision` or `ecpp.keys_issued`. A reason or message
    /// that did not occur is zero; an unknown path is nothing, and so is a mean of nothing.
    pub fn figure(&self, path: &str) -> Option<f64> {
        let parts: Vec<&str> = path.split('.').collect();
        let count = |count: u64| Some(count as f64);
        match parts.as_slice() {
            ["events"] => count(self.events),
            ["frames", "sent"] => count(self.sent),
            ["frames", "retries"] => count(self.retries),
            ["frames", "candidates"] => count(self.candidates()),
            ["frames", "delivered"] => count(self.delivered),
            ["frames", "lost", reason] => count(self.lost[usize::from(Reason::from_name(reason)?.code())]),
            ["frames", "rejected", reason] => count(self.rejected[usize::from(Reason::from_name(reason)?.code())]),
            ["frames", "unsent", reason] => count(self.unsent[usize::from(Reason::from_name(reason)?.code())]),
            ["ops", op, "charged"] => count(self.charged[Op::from_name(op)? as usize]),
            ["messages", protocol, message, what] => {
                let (known, _) = self.protocols.iter().find(|(known, _)| known.name == *protocol)?;
                let number = known.message_names().position(|name| report_name(name) == *message)?;
                let found = self
                    .messages
                    .get(&(known.number, number as u8))
                    .copied()
                    .unwrap_or_default();
                match *what {
                    "count" => count(found.count),
                    "bytes" => count(found.bytes),
                    _ => None,
                }
            }
            ["privacy", listener, figure] => {
                let listener = self.listeners.iter().find(|known| known.name() == *listener)?;
                let figures = listener.figures()?.named();
                let (_, value, _) = figures.into_iter().find(|(name, ..)| name == figure)?;
                Some(value).filter(|value| value.is_finite())
            }
            [protocol, name] => {
                let (_, fold) = self.protocols.iter().find(|(known, _)| known.name == *protocol)?;
                let figures = fold.figures();
                let (_, value) = figures.into_iter().find(|(figure, _)| figure == name)?;
                number(&value)
            }
            _ => None,
        }
    }
}

impl core::fmt::Debug for Summary {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Summary")
            .field("events", &self.events)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

fn by_reason(counts: &[u64]) -> impl Iterator<Item = (Reason, u64)> {
    Reason::ALL
        .iter()
        .zip(counts)
        .filter(|(_, count)| **count > 0)
        .map(|(&reason, &count)| (reason, count))
}

/// A value as a number, where it is one: spans in seconds.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::U64(value) => Some(*value as f64),
        Value::I64(value) => Some(*value as f64),
        // A mean of nothing is no number, and nothing can be expected of it.
        Value::F64(value) => Some(*value).filter(|value| value.is_finite()),
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Span(span) => Some(span.as_secs_f64()),
        Value::Time(time) => Some(time.as_secs_f64()),
        Value::Text(_) | Value::Bytes(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Map, NodeId, Packet, Reception, TxId};

    fn summary() -> Summary {
        Summary::new(
            Arc::new(Cast {
                scenario: "test".to_owned(),
                title: String::new(),
                seed: 1,
                duration: Time::from_secs(10),
                nodes: Vec::new(),
                protocols: Vec::new(),
                map: Map::default(),
            }),
            &[],
        )
    }

    fn observe(summary: &mut Summary, event: Event) {
        summary.observe(&Record {
            at: Time::from_secs(1),
            event,
        });
    }

    #[test]
    fn every_candidate_has_one_outcome() {
        let mut summary = summary();
        let reception = |node, lost| Reception {
            node: NodeId(node),
            dbm: -70,
            lost,
        };
        let receptions = vec![
            reception(0, None),
            reception(1, Some(Reason::Collision)),
            reception(2, None),
        ];
        observe(
            &mut summary,
            Event::Heard {
                tx: TxId(0),
                receptions,
            },
        );
        observe(
            &mut summary,
            Event::Dropped {
                tx: TxId(0),
                node: NodeId(2),
                why: Reason::QueueFull,
            },
        );
        let packet = |fate| {
            Event::Packet(Packet {
                tx: TxId(1),
                from: NodeId(0),
                to: NodeId(1),
                fate,
                bytes: Arc::from([1, 0]),
            })
        };
        observe(&mut summary, packet(Ok(Time::from_secs(2))));
        observe(&mut summary, packet(Ok(Time::from_secs(11))));
        observe(&mut summary, packet(Err(Reason::LinkDown)));
        assert_eq!((summary.delivered, summary.candidates()), (2, 6));
        assert_eq!(summary.figure("frames.lost.queue_full"), Some(1.0));
        assert_eq!(summary.figure("frames.lost.run_ended"), Some(1.0));
        assert_eq!(summary.figure("frames.lost.jammed"), Some(0.0));
        assert_eq!(summary.figure("frames.lost.jamed"), None);
        assert_eq!(summary.figure("frames.sent"), Some(3.0));
        assert_eq!(summary.figure("nonsense"), None);
    }
}
