//! An event as a line: for a person, and as JSON for a program.

use std::fmt;

use roadveil_crypto::Op;
use roadveil_role::{Reason, Time, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::event::{Cast, Event, Frame, Load, NodeId, Position, Reception, Record};

/// One event of a stream, with what is needed to name nodes and roles.
///
/// `Display` is the line for a person; serialised it is an object with stable keys: `seq`, `t` (seconds, as a decimal
/// string), `t_ns`, `kind`, and the event's own.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The event's number in the stream.
    pub number: u64,
    /// The event.
    pub record: &'a Record,
    /// Who takes part.
    pub cast: &'a Cast,
}

/// The name of an event's kind, as lines have it.
pub const fn kind(event: &Event) -> &'static str {
    match event {
        Event::Frame(_) => "frame",
        Event::Sent { .. } => "sent",
        Event::Heard { .. } => "heard",
        Event::Packet(_) => "packet",
        Event::Dropped { .. } => "dropped",
        Event::Unsent { .. } => "unsent",
        Event::Rejected { .. } => "rejected",
        Event::Step { .. } => "step",
        Event::State { .. } => "state",
        Event::Emitted { .. } => "emitted",
        Event::Readdressed { .. } => "readdressed",
        Event::Joined { .. } => "joined",
        Event::Left { .. } => "left",
        Event::Moved(_) => "moved",
        Event::Load(_) => "load",
        Event::Charged(_) => "charged",
        Event::Link { .. } => "link",
        Event::Command(_) => "command",
    }
}

/// Names by number; one that the cast lacks is shown as its number.
#[derive(Clone, Copy)]
struct Names<'a>(&'a Cast);

impl<'a> Names<'a> {
    fn node(self, node: NodeId) -> Name<'a> {
        Name(
            self.0.nodes.get(node.index()).map(|node| node.name.as_str()),
            u64::from(node.0),
        )
    }

    fn role(self, node: NodeId, role: u8) -> Name<'a> {
        let roles = self.0.nodes.get(node.index()).map_or(&[][..], |node| &node.roles);
        Name(roles.get(usize::from(role)).map(String::as_str), u64::from(role))
    }
}

/// The name of an operation; one of a later version is shown as its number.
fn operation(code: u8) -> Name<'static> {
    Name(Op::ALL.get(usize::from(code)).map(|op| op.name()), u64::from(code))
}

struct Name<'a>(Option<&'a str>, u64);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => f.pad(name),
            None => f.pad(&format!("#{}", self.1)),
        }
    }
}

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Seconds to the nanosecond, by integer arithmetic.
struct Seconds(Time);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0.0 / 1_000_000_000, self.0.0 % 1_000_000_000)
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// As many bytes as a line for a person has room for.
const GLIMPSE: usize = 12;

/// The beginning of a frame.
struct Glimpse<'a>(&'a [u8]);

impl fmt::Display for Glimpse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(GLIMPSE)];
        write!(
            f,
            "{}{}",
            Hex(shown),
            if shown.len() < self.0.len() { ".." } else { "" }
        )
    }
}

impl fmt::Display for Line<'_> {
    /// Time, kind, node and what happened, in columns.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Names(self.cast);
        let event = &self.record.event;
        write!(f, "{:>14} {:<11} ", self.record.at.to_string(), kind(event))?;
        match event {
            Event::Frame(frame) => {
                let (length, airtime) = (frame.bytes.len(), frame.airtime / 1_000);
                write!(
                    f,
                    "{} > {} #{} {length} B {airtime} us ",
                    frame.from, frame.to, frame.tx.0
                )?;
                write!(f, "{}", Glimpse(&frame.bytes))
            }
            Event::Sent { tx, node, attempt: 0 } => write!(f, "{:<16} #{}", names.node(*node), tx.0),
            Event::Sent { tx, node, attempt } => write!(f, "{:<16} #{} retry {attempt}", names.node(*node), tx.0),
            Event::Heard { tx, receptions } => write!(f, "{:<16} #{} {}", "", tx.0, Tally(receptions)),
            Event::Packet(packet) => {
                write!(
                    f,
                    "{} > {} #{} ",
                    names.node(packet.from),
                    names.node(packet.to),
                    packet.tx.0
                )?;
                write!(f, "{} B ", packet.bytes.len())?;
                match packet.fate {
                    Ok(at) => write!(f, "arrives {at} ")?,
                    Err(why) => write!(f, "lost: {why} ")?,
                }
                write!(f, "{}", Glimpse(&packet.bytes))
            }
            Event::Dropped { tx, node, why } => write!(f, "{:<16} #{} {why}", names.node(*node), tx.0),
            Event::Unsent { node, why, head } => write!(f, "{:<16} {} {why}", names.node(*node), Hex(head)),
            Event::Rejected { node, role, tx, why } => {
                write!(f, "{:<16} {} {why}", names.node(*node), names.role(*node, *role))?;
                tx.map_or(Ok(()), |tx| write!(f, " #{}", tx.0))
            }
            Event::Step {
                node,
                role,
                name,
                exchange,
            } => {
                write!(
                    f,
                    "{:<16} {} {name} exchange {exchange}",
                    names.node(*node),
                    names.role(*node, *role)
                )
            }
            Event::State { node, role, state } => {
                write!(f, "{:<16} {} {state}", names.node(*node), names.role(*node, *role))
            }
            Event::Emitted {
                node,
                role,
                name,
                fields,
            } => {
                write!(f, "{:<16} {} {name}", names.node(*node), names.role(*node, *role))?;
                fields.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
            }
            Event::Readdressed { node, addr } => write!(f, "{:<16} {addr}", names.node(*node)),
            Event::Joined { node, at } => write!(f, "{:<16} at {}", names.node(*node), Place(*at)),
            Event::Left { node, fault: false } => write!(f, "{:<16}", names.node(*node)),
            Event::Left { node, fault: true } => write!(f, "{:<16} by a fault", names.node(*node)),
            Event::Moved(moved) => write!(f, "{:<16} {} nodes", "", moved.len()),
            Event::Load(loads) => {
                let busiest = loads.iter().max_by_key(|load| load.busy);
                write!(f, "{:<16} {} nodes", "", loads.len())?;
                busiest.map_or(Ok(()), |load| {
                    let (share, rest) = (load.busy / 10, load.busy % 10);
                    write!(
                        f,
                        ", most {} at {share}.{rest} %, {} waiting",
                        names.node(load.node),
                        load.queued
                    )
                })
            }
            Event::Charged(operations) => {
                write!(f, "{:<16}", "")?;
                operations
                    .iter()
                    .try_for_each(|(code, count)| write!(f, " {}={count}", operation(*code)))
            }
            Event::Link { a, b, up } => {
                write!(
                    f,
                    "{} - {} {}",
                    names.node(*a),
                    names.node(*b),
                    if *up { "up" } else { "down" }
                )
            }
            Event::Command(command) => write!(f, "{command}"),
        }
    }
}

/// What became of a frame, counted.
struct Tally<'a>(&'a [Reception]);

impl fmt::Display for Tally<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = self.0.iter().filter(|reception| reception.lost.is_none()).count();
        write!(f, "received by {received} of {}", self.0.len())?;
        for why in Reason::ALL {
            let count = self.0.iter().filter(|reception| reception.lost == Some(*why)).count();
            if count > 0 {
                write!(f, ", {count} {why}")?;
            }
        }
        Ok(())
    }
}

struct Place(Position);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (x, y) = self.0.metres();
        write!(f, "{x:.2}, {y:.2} m")
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = Names(self.cast);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("seq", &self.number)?;
        moment(&mut map, self.record.at)?;
        map.serialize_entry("kind", kind(&self.record.event))?;
        match &self.record.event {
            Event::Frame(frame) => {
                map.serialize_entry("tx", &frame.tx)?;
                addresses(&mut map, frame)?;
                content(&mut map, frame)?;
            }
            Event::Sent { tx, node, attempt } => {
                map.serialize_entry("tx", tx)?;
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("attempt", attempt)?;
            }
            Event::Heard { tx, receptions } => {
                map.serialize_entry("tx", tx)?;
                map.serialize_entry(
                    "receptions",
                    &Each(receptions, |reception: &Reception| Heard {
                        names,
                        reception: *reception,
                    }),
                )?;
            }
            Event::Packet(packet) => {
                map.serialize_entry("tx", &packet.tx)?;
                map.serialize_entry("from", &names.node(packet.from))?;
                map.serialize_entry("to", &names.node(packet.to))?;
                map.serialize_entry("arrives_ns", &packet.fate.ok())?;
                map.serialize_entry("why", &packet.fate.err().map(Reason::name))?;
                map.serialize_entry("length", &packet.bytes.len())?;
                map.serialize_entry("bytes", &Text(Hex(&packet.bytes)))?;
            }
            Event::Dropped { tx, node, why } => {
                map.serialize_entry("tx", tx)?;
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("why", why.name())?;
            }
            Event::Unsent { node, why, head } => {
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("why", why.name())?;
                map.serialize_entry("head", &Text(Hex(head)))?;
            }
            Event::Rejected { node, role, tx, why } => {
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("role", &names.role(*node, *role))?;
                map.serialize_entry("tx", tx)?;
                map.serialize_entry("why", why.name())?;
            }
            Event::Step {
                node,
                role,
                name,
                exchange,
            } => {
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("role", &names.role(*node, *role))?;
                map.serialize_entry("step", &**name)?;
                map.serialize_entry("exchange", exchange)?;
            }
            Event::State { node, role, state } => {
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("role", &names.role(*node, *role))?;
                map.serialize_entry("state", &**state)?;
            }
            Event::Emitted {
                node,
                role,
                name,
                fields,
            } => {
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("role", &names.role(*node, *role))?;
                map.serialize_entry("name", &**name)?;
                map.serialize_entry("fields", &Fields(fields))?;
            }
            Event::Readdressed { node, addr } => {
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("addr", &Text(addr))?;
            }
            Event::Joined { node, at } => {
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("at", at)?;
            }
            Event::Left { node, fault } => {
                map.serialize_entry("node", &names.node(*node))?;
                map.serialize_entry("fault", fault)?;
            }
            Event::Moved(moved) => {
                let entry = |(node, at): &(NodeId, Position)| Moved {
                    node: names.node(*node).to_string(),
                    at: *at,
                };
                map.serialize_entry("nodes", &Each(moved, entry))?;
            }
            Event::Load(loads) => {
                let entry = |load: &Load| Busy {
                    node: names.node(load.node).to_string(),
                    queued: load.queued,
                    busy_permille: load.busy,
                    received: load.received,
                    channel_permille: load.channel,
                };
                map.serialize_entry("nodes", &Each(loads, entry))?;
            }
            Event::Charged(operations) => map.serialize_entry("ops", &Operations(operations))?,
            Event::Link { a, b, up } => {
                map.serialize_entry("a", &names.node(*a))?;
                map.serialize_entry("b", &names.node(*b))?;
                map.serialize_entry("up", up)?;
            }
            Event::Command(command) => map.serialize_entry("command", command)?,
        }
        map.end()
    }
}

/// Serialises what displays, as a string.
struct Text<T>(T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Serialises a list, each item as what the function makes of it.
struct Each<'a, T, F>(&'a [T], F);

impl<T, U: Serialize, F: Fn(&T) -> U> Serialize for Each<'_, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

/// A moment, as every line has it.
pub(super) fn moment<M: SerializeMap>(map: &mut M, at: Time) -> Result<(), M::Error> {
    map.serialize_entry("t", &Text(Seconds(at)))?;
    map.serialize_entry("t_ns", &at.0)
}

/// Between whom a frame goes.
pub(super) fn addresses<M: SerializeMap>(map: &mut M, frame: &Frame) -> Result<(), M::Error> {
    map.serialize_entry("from", &Text(frame.from))?;
    map.serialize_entry("to", &Text(frame.to))
}

/// What a frame is on the air.
pub(super) fn content<M: SerializeMap>(map: &mut M, frame: &Frame) -> Result<(), M::Error> {
    map.serialize_entry("airtime_ns", &frame.airtime)?;
    map.serialize_entry("length", &frame.bytes.len())?;
    map.serialize_entry("bytes", &Text(Hex(&frame.bytes)))
}

struct Heard<'a> {
    names: Names<'a>,
    reception: Reception,
}

impl Serialize for Heard<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("node", &self.names.node(self.reception.node))?;
        let dbm = self.reception.dbm;
        map.serialize_entry("dbm", &(dbm != Reception::NO_POWER).then_some(dbm))?;
        map.serialize_entry("outcome", self.reception.lost.map_or("received", Reason::name))?;
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Moved {
    node: String,
    #[serde(flatten)]
    at: Position,
}

#[derive(serde::Serialize)]
struct Busy {
    node: String,
    queued: u16,
    busy_permille: u16,
    received: u16,
    channel_permille: u16,
}

struct Operations<'a>(&'a [(u8, u64)]);

impl Serialize for Operations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(code, count)| (operation(*code), count)))
    }
}

struct Fields<'a>(&'a [(String, Value)]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Field(value))))
    }
}

/// A value as plain JSON: moments and spans in nanoseconds, bytes in hexadecimal.
struct Field<'a>(&'a Value);

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::U64(value) => serializer.serialize_u64(*value),
            Value::I64(value) => serializer.serialize_i64(*value),
            Value::F64(value) => serializer.serialize_f64(*value),
            Value::Text(value) => serializer.serialize_str(value),
            Value::Bytes(bytes) => serializer.collect_str(&Hex(bytes)),
            Value::Time(time) => serializer.serialize_u64(time.0),
            Value::Span(span) => serializer.serialize_u64(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)),
        }
    }
}
