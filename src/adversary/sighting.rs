//! What antennas hear of vehicles: where a sender says it is, under which link address.

use std::collections::BTreeMap;

use roadveil_role::tree::{Tree, describe};
use roadveil_role::{LinkAddr, Protocol, Time};

use super::kalman::{Estimate, NOISE, State};
use crate::event::{Cast, Event, Frame, NodeId, Reception, Record, TxId};

/// A message that says where its sender is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sighting {
    /// When it went on the air.
    pub at: Time,
    /// Where the sender says it is, and how fast.
    pub state: State,
    /// The antenna that received it best, and how strong, dBm; nothing if it was heard everywhere.
    pub power: Option<(NodeId, i8)>,
}

/// All that was heard under one link address: as much of it as a tracker needs, however much it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The address.
    pub addr: LinkAddr,
    /// What was heard first.
    pub first: Sighting,
    /// What was heard last.
    pub last: Sighting,
    /// How often it was heard.
    pub sightings: usize,
    /// Where its sender is at the end, by all that was heard.
    pub estimate: Estimate,
    /// Where the validity of its certificate begins, milliseconds of the sender's clock, if a message told.
    pub begins: Option<u64>,
    /// The node whose address it was. Truth: only to judge.
    pub node: NodeId,
}

impl Segment {
    /// An address that is heard for the first time.
    pub fn new(addr: LinkAddr, node: NodeId, first: Sighting) -> Segment {
        Segment {
            addr,
            first,
            last: first,
            sightings: 1,
            estimate: Estimate::new(first.state, NOISE),
            begins: None,
            node,
        }
    }

    /// It is heard again.
    pub fn add(&mut self, sighting: Sighting) {
        let passed = (sighting.at.as_secs_f64() - self.last.at.as_secs_f64()).max(0.0);
        self.estimate = self.estimate.after(passed, NOISE).with(sighting.state, NOISE);
        self.last = sighting;
        self.sightings += 1;
    }
}

/// Where the attacker's antennas are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Antennas {
    /// Everywhere: every frame is heard. The strongest listener that there can be.
    Everywhere,
    /// At these nodes: a frame is heard if one of their radios received it.
    At(Vec<NodeId>),
}

impl Antennas {
    /// By the names of nodes, separated by commas; `all` is everywhere, and `NAME*` all whose name begins so.
    ///
    /// # Errors
    /// A name that no node has.
    pub fn read(text: &str, cast: &Cast) -> Result<Antennas, String> {
        if text == "all" {
            return Ok(Antennas::Everywhere);
        }
        let mut nodes = Vec::new();
        for name in text.split(',').map(str::trim) {
            let fits = |known: &str| match name.strip_suffix('*') {
                Some(beginning) => known.starts_with(beginning),
                None => known == name,
            };
            let before = nodes.len();
            nodes.extend(
                (0..)
                    .zip(&cast.nodes)
                    .filter(|(_, node)| fits(&node.name))
                    .map(|(id, _)| NodeId(id)),
            );
            if nodes.len() == before {
                return Err(name.to_owned());
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        Ok(Antennas::At(nodes))
    }
}

/// What a frame said of its sender.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spoken {
    addr: LinkAddr,
    sighting: Sighting,
    /// Where the validity of the certificate that it brought begins.
    begins: Option<u64>,
    /// Truth.
    node: NodeId,
}

/// A fold over a run's records: frames that say where their sender is. Each is read once, whoever listens.
#[derive(Debug)]
pub struct Air {
    protocols: &'static [&'static Protocol],
    /// Frames that are on the air, with what they say.
    pending: BTreeMap<TxId, (LinkAddr, Sighting, Option<u64>)>,
    senders: BTreeMap<TxId, NodeId>,
}

impl Air {
    /// An air in which those protocols are spoken.
    pub fn new(protocols: &'static [&'static Protocol]) -> Air {
        Air {
            protocols,
            pending: BTreeMap::new(),
            senders: BTreeMap::new(),
        }
    }

    /// Takes one record in. Where a frame ends: what it said, and what became of it at each radio. Messages to everyone
    /// alone count: one to a single station may say where another vehicle was, as a report does.
    pub fn observe<'r>(&mut self, record: &'r Record) -> Option<(Spoken, &'r [Reception])> {
        match &record.event {
            Event::Frame(frame) if frame.to.is_broadcast() => {
                if let Some((state, begins)) = self.read(frame) {
                    let sighting = Sighting {
                        at: record.at,
                        state,
                        power: None,
                    };
                    self.pending.insert(frame.tx, (frame.from, sighting, begins));
                }
                None
            }
            Event::Sent { tx, node, .. } if self.pending.contains_key(tx) => {
                self.senders.insert(*tx, *node);
                None
            }
            Event::Heard { tx, receptions } => {
                let (pending, sender) = (self.pending.remove(tx), self.senders.remove(tx));
                let ((addr, sighting, begins), node) = pending.zip(sender)?;
                let spoken = Spoken {
                    addr,
                    sighting,
                    begins,
                    node,
                };
                Some((spoken, receptions))
            }
            _ => None,
        }
    }

    /// Where a frame says that its sender is, if it does: the fields of a Cooperative Awareness Message, in whatever
    /// protocol's message.
    fn read(&self, frame: &Frame) -> Option<(State, Option<u64>)> {
        let number = *frame.bytes.first()?;
        let protocol = self.protocols.iter().find(|protocol| protocol.number == number)?;
        let tree = describe(protocol.messages, &frame.bytes);
        Some((said(&tree)?, begins(&tree)))
    }
}

/// What antennas hear of it.
#[derive(Debug)]
pub struct Ear {
    antennas: Antennas,
    segments: BTreeMap<LinkAddr, Segment>,
}

impl Ear {
    /// Nothing heard yet.
    pub fn new(antennas: Antennas) -> Ear {
        Ear {
            antennas,
            segments: BTreeMap::new(),
        }
    }

    /// Takes in what was spoken, if an antenna received it.
    pub fn hear(&mut self, spoken: &Spoken, receptions: &[Reception]) {
        let Some(power) = self.received(receptions) else { return };
        let Spoken { addr, node, begins, .. } = *spoken;
        let sighting = Sighting {
            power,
            ..spoken.sighting
        };
        let segment = self.segments.entry(addr);
        let segment = segment
            .and_modify(|segment| segment.add(sighting))
            .or_insert_with(|| Segment::new(addr, node, sighting));
        segment.begins = segment.begins.or(begins);
    }

    /// Was it received, and how strong by which antenna?
    fn received(&self, receptions: &[Reception]) -> Option<Option<(NodeId, i8)>> {
        let Antennas::At(nodes) = &self.antennas else {
            return Some(None);
        };
        let here = |reception: &&Reception| reception.lost.is_none() && nodes.binary_search(&reception.node).is_ok();
        let best = receptions
            .iter()
            .filter(here)
            .max_by_key(|reception| (reception.dbm, reception.node));
        best.map(|best| Some((best.node, best.dbm)))
    }

    /// What was heard so far under each address, in order of the first moment.
    pub fn segments(&self) -> Vec<Segment> {
        let mut segments: Vec<Segment> = self.segments.values().cloned().collect();
        segments.sort_by_key(|segment| (segment.first.at, segment.addr));
        segments
    }
}

/// Looks for a validity, and where it begins: the fields of a certificate, in whatever protocol's message.
fn begins(tree: &Tree) -> Option<u64> {
    if tree.name == "validity" {
        return tree.parts.iter().find(|part| part.name == "from")?.value.parse().ok();
    }
    tree.parts.iter().find_map(begins)
}

/// Looks for a struct with position, speed and heading.
fn said(tree: &Tree) -> Option<State> {
    let field = |name: &str| {
        let part = tree.parts.iter().find(|part| part.name == name)?;
        part.value.parse::<f64>().ok()
    };
    if let (Some(x), Some(y), Some(speed), Some(heading)) =
        (field("x_cm"), field("y_cm"), field("speed_cm"), field("heading_cdeg"))
    {
        let (sine, cosine) = libm::sincos((heading / 100.0).to_radians());
        let speed = speed / 100.0;
        return Some(State {
            at: [x / 100.0, y / 100.0],
            speed: [speed * sine, speed * cosine],
        });
    }
    tree.parts.iter().find_map(said)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::{CastNode, Map};
    use crate::registry::PROTOCOLS;
    use postcard_schema::Schema;
    use roadveil_role::message::encode;
    use roadveil_role::view::Fold;
    use roadveil_role::{Deployment, Message, Reason, Setup, SetupError};
    use serde::{Deserialize, Serialize};

    /// A message with a position somewhere inside, and one without.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
    enum Said {
        Here { counter: u8, inner: Inner },
        Nothing,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
    struct Inner {
        x_cm: i32,
        y_cm: i32,
        speed_cm: u16,
        heading_cdeg: u16,
    }

    impl Message for Said {
        const PROTOCOL: u8 = 250;
    }

    static TALK: Protocol = Protocol {
        name: "talk",
        number: 250,
        title: "",
        paper: "",
        summary: "",
        roles: &[],
        messages: Said::SCHEMA,
        params: &[],
        attacks: &[],
        routine: &[],
        marks: &[],
        setup: |_: &Setup| -> Result<Box<dyn Deployment>, SetupError> { Err(SetupError(String::new())) },
        fold: || -> Box<dyn Fold> { (PROTOCOLS[0].fold)() },
    };
    static TALKS: &[&Protocol] = &[&TALK];

    fn cast() -> Cast {
        let node = |name: &str| CastNode {
            name: name.to_owned(),
            roles: Vec::new(),
            profile: String::new(),
            mobile: false,
        };
        Cast {
            scenario: String::new(),
            title: String::new(),
            seed: 1,
            duration: Time::ZERO,
            nodes: ["rsu-1", "rsu-2", "car"].map(node).into(),
            protocols: Vec::new(),
            map: Map::default(),
        }
    }

    /// What is heard of a frame with these bytes, sent by node 2 and received by node 1 but not by node 0.
    fn heard(antennas: Antennas, bytes: &[u8]) -> Vec<Segment> {
        heard_to(LinkAddr::BROADCAST, antennas, bytes)
    }

    fn heard_to(to: LinkAddr, antennas: Antennas, bytes: &[u8]) -> Vec<Segment> {
        let (mut air, mut ear) = (Air::new(TALKS), Ear::new(antennas));
        let tx = TxId(7);
        let reception = |node, lost| Reception {
            node: NodeId(node),
            dbm: -70,
            lost,
        };
        for event in [
            Event::Frame(Frame {
                tx,
                from: LinkAddr([1; 6]),
                to,
                airtime: 1,
                bytes: Arc::from(bytes),
            }),
            Event::Sent {
                tx,
                node: NodeId(2),
                attempt: 0,
            },
            Event::Heard {
                tx,
                receptions: vec![reception(0, Some(Reason::Noise)), reception(1, None)],
            },
        ] {
            let at = Time::from_secs(3);
            if let Some((spoken, receptions)) = air.observe(&Record { at, event }) {
                ear.hear(&spoken, receptions);
            }
        }
        ear.segments()
    }

    fn here() -> Vec<u8> {
        let inner = Inner {
            x_cm: -1250,
            y_cm: 300,
            speed_cm: 1000,
            heading_cdeg: 9000,
        };
        encode(&Said::Here { counter: 9, inner })
    }

    #[test]
    fn a_position_is_read_wherever_it_stands_in_a_message() {
        let segments = heard(Antennas::Everywhere, &here());
        let state = segments[0].first.state;
        assert_eq!(state.at, [-12.5, 3.0]);
        // Eastward.
        assert!((state.speed[0] - 10.0).abs() < 1e-9 && state.speed[1].abs() < 1e-9);
        assert_eq!(
            (segments[0].node, segments[0].first.at),
            (NodeId(2), Time::from_secs(3))
        );
        for bytes in [&encode(&Said::Nothing)[..], &[], &[1, 2, 3], &here()[..4]] {
            assert_eq!(heard(Antennas::Everywhere, bytes), []);
        }
    }

    /// A report tells one station where somebody else was.
    #[test]
    fn what_is_said_to_one_station_is_no_place_of_its_sender() {
        let to = |to| heard_to(to, Antennas::Everywhere, &here()).len();
        assert_eq!((to(LinkAddr::local([3; 6])), to(LinkAddr::BROADCAST)), (0, 1));
    }

    #[test]
    fn only_what_an_antenna_received_is_heard() {
        let at = |text: &str| Antennas::read(text, &cast()).expect("known");
        assert_eq!(heard(at("rsu-1"), &here()).len(), 0);
        assert_eq!(heard(at("rsu-2"), &here()).len(), 1);
        assert_eq!(heard(at("rsu-*"), &here()).len(), 1);
        assert_eq!(at("all"), Antennas::Everywhere);
        assert_eq!(at("rsu-2, rsu-1,rsu-1"), Antennas::At(vec![NodeId(0), NodeId(1)]));
        assert_eq!(Antennas::read("rsu-1,tram-*", &cast()), Err("tram-*".to_owned()));
    }
}
