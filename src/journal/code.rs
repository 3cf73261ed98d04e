//! One record as bytes, and back.
//!
//! The events that come by the hundred thousand (frames, who sent them, who heard them, where the nodes are) have forms
//! of their own: columns of small differences, which are quick to write and compress well. All others are rare and are
//! what postcard makes of them. Whatever decodes encodes to the same bytes again.

use std::sync::Arc;

use roadveil_role::{LinkAddr, Reason, Time};

use super::error::Malformed;
use super::wire::{Reader, put_bytes, put_distance, put_number, unzigzag, zigzag};
use crate::event::{Event, Frame, NodeId, Packet, Position, Reception, Record, TxId};

/// What stands first in each record of the truth.
mod tag {
    /// The next record of the public part stands here.
    pub(super) const FRAME: u8 = 0;
    pub(super) const SENT: u8 = 1;
    pub(super) const HEARD: u8 = 2;
    pub(super) const PACKET: u8 = 3;
    pub(super) const DROPPED: u8 = 4;
    pub(super) const UNSENT: u8 = 5;
    pub(super) const REJECTED: u8 = 6;
    pub(super) const MOVED: u8 = 7;
    /// Postcard's form of the event.
    pub(super) const OTHER: u8 = 8;
}

/// What numbers and times are counted from. Begins anew with each batch, so that each can be read alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bases {
    /// Time of the last record.
    at: u64,
    /// Number of the last transmission that a record named.
    tx: u64,
    /// Time of the last public record.
    public_at: u64,
    /// Number of the last public transmission.
    public_tx: u64,
}

impl Bases {
    pub(super) const fn new(from: Time) -> Bases {
        Bases {
            at: from.0,
            tx: 0,
            public_at: from.0,
            public_tx: 0,
        }
    }

    pub(super) const fn at(&self) -> Time {
        Time(self.at)
    }
}

/// Appends a record; its time must not be before the last one's.
pub(super) fn put_record(bases: &mut Bases, record: &Record, public: &mut Vec<u8>, truth: &mut Vec<u8>) {
    let at = record.at.0;
    if let Event::Frame(frame) = &record.event {
        truth.push(tag::FRAME);
        put_number(public, at - bases.public_at);
        put_distance(public, bases.public_tx, frame.tx.0);
        public.extend_from_slice(&frame.from.0);
        public.extend_from_slice(&frame.to.0);
        put_number(public, frame.airtime);
        put_bytes(public, &frame.bytes);
        bases.public_at = at;
        bases.public_tx = frame.tx.0;
        bases.tx = frame.tx.0;
        bases.at = at;
        return;
    }
    let out = truth;
    out.push(tag_of(&record.event));
    put_number(out, at - bases.at);
    bases.at = at;
    match &record.event {
        Event::Sent { tx, node, attempt } => {
            put_tx(out, bases, *tx);
            put_number(out, u64::from(node.0));
            out.push(*attempt);
        }
        Event::Heard { tx, receptions } => {
            put_tx(out, bases, *tx);
            put_receptions(out, receptions);
        }
        Event::Packet(packet) => {
            put_tx(out, bases, packet.tx);
            put_number(out, u64::from(packet.from.0));
            put_number(out, u64::from(packet.to.0));
            match packet.fate {
                Ok(arrival) => {
                    out.push(0);
                    put_distance(out, at, arrival.0);
                }
                Err(why) => out.push(outcome(Some(why))),
            }
            put_bytes(out, &packet.bytes);
        }
        Event::Dropped { tx, node, why } => {
            put_tx(out, bases, *tx);
            put_number(out, u64::from(node.0));
            out.push(why.code());
        }
        Event::Unsent { node, why, head } => {
            put_number(out, u64::from(node.0));
            out.push(why.code());
            out.extend_from_slice(head);
        }
        Event::Rejected { node, role, tx, why } => {
            put_number(out, u64::from(node.0));
            out.push(*role);
            out.push(why.code());
            match tx {
                Some(tx) => {
                    out.push(1);
                    put_tx(out, bases, *tx);
                }
                None => out.push(0),
            }
        }
        Event::Moved(places) => put_places(out, places),
        other => put_other(out, other),
    }
}

/// Reads the next record in stream order. Whether the public part is used up at the end is for the caller to ask.
pub(super) fn take_record(
    bases: &mut Bases,
    public: &mut Reader<'_>,
    truth: &mut Reader<'_>,
) -> Result<Record, Malformed> {
    let tag = truth.byte()?;
    if tag == tag::FRAME {
        let (at, frame) = take_frame(bases, public)?;
        // Public times run by themselves and must agree with the order that the truth gives.
        if at < bases.at {
            return Err(Malformed::Disagrees);
        }
        bases.at = at;
        bases.tx = frame.tx.0;
        return Ok(Record {
            at: Time(at),
            event: Event::Frame(frame),
        });
    }
    let at = bases.at.checked_add(truth.number()?).ok_or(Malformed::Number)?;
    bases.at = at;
    let event = match tag {
        tag::SENT => Event::Sent {
            tx: take_tx(truth, bases)?,
            node: take_node(truth)?,
            attempt: truth.byte()?,
        },
        tag::HEARD => Event::Heard {
            tx: take_tx(truth, bases)?,
            receptions: take_receptions(truth)?,
        },
        tag::PACKET => {
            let tx = take_tx(truth, bases)?;
            let from = take_node(truth)?;
            let to = take_node(truth)?;
            let fate = match lost(truth.byte()?)? {
                None => Ok(Time(truth.distance(at)?)),
                Some(why) => Err(why),
            };
            Event::Packet(Packet {
                tx,
                from,
                to,
                fate,
                bytes: Arc::from(truth.bytes()?),
            })
        }
        tag::DROPPED => Event::Dropped {
            tx: take_tx(truth, bases)?,
            node: take_node(truth)?,
            why: take_reason(truth)?,
        },
        tag::UNSENT => Event::Unsent {
            node: take_node(truth)?,
            why: take_reason(truth)?,
            head: truth.array()?,
        },
        tag::REJECTED => {
            let node = take_node(truth)?;
            let role = truth.byte()?;
            let why = take_reason(truth)?;
            let tx = match truth.byte()? {
                0 => None,
                1 => Some(take_tx(truth, bases)?),
                _ => return Err(Malformed::Unknown),
            };
            Event::Rejected { node, role, tx, why }
        }
        tag::MOVED => Event::Moved(take_places(truth)?),
        tag::OTHER => take_other(truth)?,
        _ => return Err(Malformed::Unknown),
    };
    Ok(Record { at: Time(at), event })
}

/// Reads the next record of the public part: all that an export without truth has.
pub(super) fn take_frame(bases: &mut Bases, public: &mut Reader<'_>) -> Result<(u64, Frame), Malformed> {
    let at = bases.public_at.checked_add(public.number()?).ok_or(Malformed::Number)?;
    let tx = public.distance(bases.public_tx)?;
    bases.public_at = at;
    bases.public_tx = tx;
    let frame = Frame {
        tx: TxId(tx),
        from: LinkAddr(public.array()?),
        to: LinkAddr(public.array()?),
        airtime: public.number()?,
        bytes: Arc::from(public.bytes()?),
    };
    Ok((at, frame))
}

const fn tag_of(event: &Event) -> u8 {
    match event {
        Event::Frame(_) => tag::FRAME,
        Event::Sent { .. } => tag::SENT,
        Event::Heard { .. } => tag::HEARD,
        Event::Packet(_) => tag::PACKET,
        Event::Dropped { .. } => tag::DROPPED,
        Event::Unsent { .. } => tag::UNSENT,
        Event::Rejected { .. } => tag::REJECTED,
        Event::Moved(_) => tag::MOVED,
        Event::Step { .. }
        | Event::State { .. }
        | Event::Emitted { .. }
        | Event::Readdressed { .. }
        | Event::Joined { .. }
        | Event::Left { .. }
        | Event::Load(_)
        | Event::Charged(_)
        | Event::Link { .. }
        | Event::Command(_) => tag::OTHER,
    }
}

fn put_tx(out: &mut Vec<u8>, bases: &mut Bases, tx: TxId) {
    put_distance(out, bases.tx, tx.0);
    bases.tx = tx.0;
}

fn take_tx(reader: &mut Reader<'_>, bases: &mut Bases) -> Result<TxId, Malformed> {
    bases.tx = reader.distance(bases.tx)?;
    Ok(TxId(bases.tx))
}

fn take_node(reader: &mut Reader<'_>) -> Result<NodeId, Malformed> {
    reader.number_u32().map(NodeId)
}

fn take_reason(reader: &mut Reader<'_>) -> Result<Reason, Malformed> {
    Reason::from_code(reader.byte()?).ok_or(Malformed::Unknown)
}

/// One byte: received, or why not.
const fn outcome(lost: Option<Reason>) -> u8 {
    match lost {
        None => 0,
        // There are far fewer than 255 reasons; a test holds it.
        Some(why) => why.code() + 1,
    }
}

fn lost(outcome: u8) -> Result<Option<Reason>, Malformed> {
    match outcome.checked_sub(1) {
        None => Ok(None),
        Some(code) => Reason::from_code(code).map(Some).ok_or(Malformed::Unknown),
    }
}

/// Writes how many nodes there are, and their numbers: as gaps where they ascend, as they nearly always do, else as
/// differences. Which of the two follows from the list, so each list has one form.
fn put_nodes<T>(out: &mut Vec<u8>, list: &[T], node: impl Fn(&T) -> u32) {
    let ascending = list.is_sorted_by(|a, b| node(a) < node(b));
    put_number(out, (list.len() as u64) << 1 | u64::from(ascending));
    if ascending {
        let mut next = 0;
        for item in list {
            let number = u64::from(node(item));
            put_number(out, number - next);
            next = number + 1;
        }
    } else {
        let mut last = 0;
        for item in list {
            let number = i64::from(node(item));
            put_number(out, zigzag(number - last));
            last = number;
        }
    }
}

/// Reads a list of nodes of which each takes at least `least` bytes, its columns together.
fn take_nodes(reader: &mut Reader<'_>, least: usize) -> Result<Vec<NodeId>, Malformed> {
    let head = reader.number()?;
    let count = usize::try_from(head >> 1).map_err(|_| Malformed::Short)?;
    if count.checked_mul(least).is_none_or(|bytes| bytes > reader.rest().len()) {
        return Err(Malformed::Short);
    }
    let mut nodes = Vec::with_capacity(count);
    if head & 1 == 1 {
        let mut next = 0u64;
        for _ in 0..count {
            let number = next.checked_add(reader.number()?).ok_or(Malformed::Number)?;
            nodes.push(NodeId(u32::try_from(number).map_err(|_| Malformed::Number)?));
            next = number + 1;
        }
    } else {
        let mut last = 0i64;
        for _ in 0..count {
            last = last.checked_add(unzigzag(reader.number()?)).ok_or(Malformed::Number)?;
            nodes.push(NodeId(u32::try_from(last).map_err(|_| Malformed::Number)?));
        }
        if nodes.is_sorted_by(|a, b| a < b) {
            return Err(Malformed::Number);
        }
    }
    Ok(nodes)
}

fn put_receptions(out: &mut Vec<u8>, receptions: &[Reception]) {
    // Room for the usual case at once: the loops below then never grow the buffer.
    out.reserve(receptions.len() * 4 + LONGEST_COUNT);
    put_nodes(out, receptions, |reception| reception.node.0);
    out.extend(receptions.iter().map(|reception| outcome(reception.lost)));
    out.extend(receptions.iter().map(|reception| reception.dbm.cast_unsigned()));
}

/// Bytes of the largest count.
const LONGEST_COUNT: usize = 10;

fn take_receptions(reader: &mut Reader<'_>) -> Result<Vec<Reception>, Malformed> {
    let nodes = take_nodes(reader, 3)?;
    let outcomes = reader.take(nodes.len())?;
    let powers = reader.take(nodes.len())?;
    nodes
        .into_iter()
        .zip(outcomes.iter().zip(powers))
        .map(|(node, (&outcome, &dbm))| {
            Ok(Reception {
                node,
                dbm: dbm.cast_signed(),
                lost: lost(outcome)?,
            })
        })
        .collect()
}

fn put_places(out: &mut Vec<u8>, places: &[(NodeId, Position)]) {
    put_nodes(out, places, |(node, _)| node.0);
    for (_, at) in places {
        put_number(out, zigzag(i64::from(at.x_cm)));
    }
    for (_, at) in places {
        put_number(out, zigzag(i64::from(at.y_cm)));
    }
    for (_, at) in places {
        out.extend_from_slice(&at.speed_cm.to_le_bytes());
    }
    for (_, at) in places {
        out.extend_from_slice(&at.heading_cdeg.to_le_bytes());
    }
}

fn take_places(reader: &mut Reader<'_>) -> Result<Vec<(NodeId, Position)>, Malformed> {
    let nodes = take_nodes(reader, 7)?;
    let mut places: Vec<_> = nodes.into_iter().map(|node| (node, Position::default())).collect();
    for (_, at) in &mut places {
        at.x_cm = reader.signed()?;
    }
    for (_, at) in &mut places {
        at.y_cm = reader.signed()?;
    }
    for (_, at) in &mut places {
        at.speed_cm = u16::from_le_bytes(reader.array()?);
    }
    for (_, at) in &mut places {
        at.heading_cdeg = u16::from_le_bytes(reader.array()?);
    }
    Ok(places)
}

fn put_other(out: &mut Vec<u8>, event: &Event) {
    let start = out.len();
    match postcard::to_extend(event, std::mem::take(out)) {
        Ok(written) => *out = written,
        // Postcard fails on types without a length known before and on full buffers; an event has no such type and a
        // vector is never full.
        Err(error) => unreachable!("an event does not encode: {error} (after {start} bytes)"),
    }
}

fn take_other(reader: &mut Reader<'_>) -> Result<Event, Malformed> {
    let bytes = reader.rest();
    let (event, rest) = postcard::take_from_bytes::<Event>(bytes).map_err(|_| Malformed::Unknown)?;
    // An event with a form of its own has only that one.
    if tag_of(&event) != tag::OTHER {
        return Err(Malformed::Unknown);
    }
    // Postcard reads overlong numbers and lengths too; what it read must be what it would write.
    let taken = reader.take(bytes.len() - rest.len())?;
    let mut again = Vec::with_capacity(taken.len());
    put_other(&mut again, &event);
    if again == taken {
        Ok(event)
    } else {
        Err(Malformed::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_an_outcome_byte() {
        for &why in Reason::ALL {
            assert_eq!(lost(outcome(Some(why))), Ok(Some(why)));
        }
        assert_eq!(lost(outcome(None)), Ok(None));
        assert!(Reason::ALL.len() < 255);
        assert_eq!(lost(255), Err(Malformed::Unknown));
    }

    #[test]
    fn a_list_has_one_form() {
        let mut sorted = Vec::new();
        put_nodes(&mut sorted, &[1u32, 5, 6], |&node| node);
        assert_eq!(sorted, [3 << 1 | 1, 1, 3, 0]);
        let mut mixed = Vec::new();
        put_nodes(&mut mixed, &[5u32, 1, u32::MAX], |&node| node);
        let nodes = take_nodes(&mut Reader::new(&mixed), 1).expect("it decodes");
        assert_eq!(nodes, [NodeId(5), NodeId(1), NodeId(u32::MAX)]);
        // The same ascending list, written as differences.
        assert_eq!(
            take_nodes(&mut Reader::new(&[3 << 1, 2, 8, 2]), 1),
            Err(Malformed::Number)
        );
    }

    #[test]
    fn a_count_of_receptions_that_cannot_be_true_allocates_nothing() {
        let mut bytes = Vec::new();
        put_number(&mut bytes, u64::MAX);
        bytes.extend([0; 64]);
        assert_eq!(take_receptions(&mut Reader::new(&bytes)), Err(Malformed::Short));
        assert_eq!(take_places(&mut Reader::new(&bytes)), Err(Malformed::Short));
    }

    #[test]
    fn a_frequent_event_is_not_read_in_postcards_form() {
        let event = Event::Moved(Vec::new());
        let bytes = postcard::to_allocvec(&event).expect("it encodes");
        assert_eq!(take_other(&mut Reader::new(&bytes)), Err(Malformed::Unknown));
        let command = Event::Command("pause".into());
        let bytes = postcard::to_allocvec(&command).expect("it encodes");
        assert_eq!(take_other(&mut Reader::new(&bytes)), Ok(command));
    }
}
