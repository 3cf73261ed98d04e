//! The event stream: everything that happens in a run, in order.
//!
//! Kernel, radio, roles, faults and commands append [`Record`]s; the journal stores them; screen, metrics, reports and
//! replay are folds over them. To a fold a live run and a log are the same thing.
//!
//! Two halves share one order. The **public** half is what an antenna could have recorded: [`Event::Frame`]. The
//! **truth** is everything else: who sent, who received, where everyone was, what the roles said. Truth never travels.

use std::sync::Arc;

use roadveil_role::{LinkAddr, Reason, Time, Value};
use serde::{Deserialize, Serialize};

/// A node's number: its place in the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index into a table of nodes.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A transmission's number: over the air and over the wires, counted from 0 in the order of their beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TxId(pub u64);

/// One event with its moment on the kernel's clock. Moments never go back within a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When it happened.
    pub at: Time,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Public: a frame went on the air at the record's time.
    Frame(Frame),
    /// Truth: who sent the frame or packet of that number.
    Sent {
        /// The transmission.
        tx: TxId,
        /// The sender.
        node: NodeId,
        /// 0 for the first attempt, else which retry this is.
        attempt: u8,
    },
    /// Truth: the frame ended; what became of it at each candidate receiver.
    Heard {
        /// The transmission.
        tx: TxId,
        /// One entry for each candidate, in the order of their numbers.
        receptions: Vec<Reception>,
    },
    /// Truth: a packet went over the wires at the record's time.
    Packet(Packet),
    /// Truth: a frame that had been received was dropped before its role saw it.
    Dropped {
        /// The transmission.
        tx: TxId,
        /// Where.
        node: NodeId,
        /// Why.
        why: Reason,
    },
    /// Truth: a frame never reached the air.
    Unsent {
        /// The sender.
        node: NodeId,
        /// Why: its lifetime was over, its queue was full, its retries were used up, nobody has the address.
        why: Reason,
        /// The frame's protocol and message number: its first two bytes.
        head: [u8; 2],
    },
    /// Truth: a role refused what it was handling.
    Rejected {
        /// Where.
        node: NodeId,
        /// Which of the node's roles.
        role: u8,
        /// The frame, if it was handling one.
        tx: Option<TxId>,
        /// Why.
        why: Reason,
    },
    /// Truth: a role reached a step that its paper names.
    Step {
        /// Where.
        node: NodeId,
        /// Which of the node's roles.
        role: u8,
        /// The step.
        name: Text,
        /// Which run of the exchange.
        exchange: u64,
    },
    /// Truth: a role is in another state.
    State {
        /// Where.
        node: NodeId,
        /// Which of the node's roles.
        role: u8,
        /// The state.
        state: Text,
    },
    /// Truth: a role recorded something of its own.
    Emitted {
        /// Where.
        node: NodeId,
        /// Which of the node's roles.
        role: u8,
        /// The event's name.
        name: Text,
        /// Its fields.
        fields: Vec<(String, Value)>,
    },
    /// Truth: a node's radio answers to another address now.
    Readdressed {
        /// The node.
        node: NodeId,
        /// The address.
        addr: LinkAddr,
    },
    /// Truth: a node came into being, or came back, at that place.
    Joined {
        /// The node.
        node: NodeId,
        /// Where.
        at: Position,
    },
    /// Truth: a node is gone: its trace ended, or it failed.
    Left {
        /// The node.
        node: NodeId,
        /// Was it a fault on schedule or by command?
        fault: bool,
    },
    /// Truth: where the moving nodes are now.
    Moved(Vec<(NodeId, Position)>),
    /// Truth: how busy the processors were since the last such event.
    Load(Vec<Load>),
    /// Truth: what the last second's operations cost, charged in virtual time.
    Charged(Vec<(u8, u64)>),
    /// Truth: a wired link went down or came up.
    Link {
        /// One end.
        a: NodeId,
        /// The other.
        b: NodeId,
        /// Up?
        up: bool,
    },
    /// Truth: somebody typed a command.
    Command(String),
}

/// Short text that comes from a program's own constants and is shared, not copied.
pub type Text = Arc<str>;

/// A frame on the air, as an antenna records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Number of the transmission.
    pub tx: TxId,
    /// The sender's link address.
    pub from: LinkAddr,
    /// The receiver's link address.
    pub to: LinkAddr,
    /// How long it is on the air, nanoseconds.
    pub airtime: u64,
    /// The frame's bytes above the link layer.
    pub bytes: Arc<[u8]>,
}

/// A packet on the wires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// Number of the transmission.
    pub tx: TxId,
    /// The sender.
    pub from: NodeId,
    /// The receiver.
    pub to: NodeId,
    /// When it arrives, or why it never does.
    pub fate: Result<Time, Reason>,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// What became of a frame at one candidate receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reception {
    /// The receiver.
    pub node: NodeId,
    /// Received power, whole dBm; [`Reception::NO_POWER`] if its mean is below the floor, where nobody computes it.
    pub dbm: i8,
    /// `None`: received. Else why not.
    pub lost: Option<Reason>,
}

impl Reception {
    /// Stands for a power that is too small to be told.
    pub const NO_POWER: i8 = i8::MIN;
}

/// Where a node is: centimetres east and north, centimetres a second, hundredths of a degree clockwise from north.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// East.
    pub x_cm: i32,
    /// North.
    pub y_cm: i32,
    /// Speed.
    pub speed_cm: u16,
    /// Heading.
    pub heading_cdeg: u16,
}

impl Position {
    /// Metres east and north.
    pub fn metres(self) -> (f64, f64) {
        (f64::from(self.x_cm) / 100.0, f64::from(self.y_cm) / 100.0)
    }
}

/// How busy a node was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// The node.
    pub node: NodeId,
    /// Frames waiting for its processor now.
    pub queued: u16,
    /// Share of the time since the last event that its processor worked, in thousandths.
    pub busy: u16,
    /// Frames received by its radio since the last event.
    pub received: u16,
    /// Channel busy ratio: share of the time in which its radio found the channel busy, in thousandths.
    pub channel: u16,
}

impl Event {
    /// Could an antenna have recorded it?
    pub const fn is_public(&self) -> bool {
        matches!(self, Event::Frame(_))
    }
}

/// What the folds must know of a run before its first event: names, roles, the map. Stored in the log, so that a log can
/// be shown where its input files are not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cast {
    /// The scenario's name.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The seed.
    pub seed: u64,
    /// How long the run is meant to last.
    pub duration: Time,
    /// All nodes, by number.
    pub nodes: Vec<CastNode>,
    /// Protocols in use, by name, in the order of their first role.
    pub protocols: Vec<String>,
    /// The map.
    pub map: Map,
}

/// A node as folds know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CastNode {
    /// Its name.
    pub name: String,
    /// Its roles, as `protocol.role`, in the order of their numbers.
    pub roles: Vec<String>,
    /// The device profile's name.
    pub profile: String,
    /// Does it move?
    pub mobile: bool,
}

/// The map's lines, metres.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// Roads.
    pub roads: Vec<Vec<(f32, f32)>>,
    /// Buildings, closed.
    pub buildings: Vec<Vec<(f32, f32)>>,
    /// Lower left and upper right corner.
    pub bounds: [f32; 4],
}
