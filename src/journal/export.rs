//! Hands a log on, a JSON object a line: whole, or only what an antenna could have recorded.

use std::io::Write;

use roadveil_role::Time;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::cat::{Printed, cat, end};
use super::error::LogError;
use super::reader::Log;
use super::render;
use crate::event::{Event, Frame, Record};
use crate::registry::PROTOCOLS;

/// Writes the events of `log` to `out`, all of them, or with `strip_truth` only the frames on the air.
///
/// A stripped export is a function of what was on the air. Its frames are counted from 0 among themselves, because a
/// log's transmission numbers count the packets on the wires as well; and frames that begin at the same nanosecond stand
/// in the order of their addresses and bytes, because a log has them in the order of the nodes.
///
/// Stops quietly when nobody reads on.
///
/// # Errors
///
/// If the log cannot be read or the output cannot be written.
pub fn export(log: &Log, strip_truth: bool, out: &mut dyn Write) -> Result<Printed, LogError> {
    if !strip_truth {
        return cat(log, None, None, true, out);
    }
    let mut printed = Printed::default();
    let mut together = Together::default();
    for portion in log.records_from(Time::ZERO)? {
        let portion = match portion {
            Ok(portion) => portion,
            Err(LogError::Damaged { damage, .. }) => {
                printed.damage.push(damage);
                continue;
            }
            Err(error) => return Err(error),
        };
        for record in portion.records {
            for heard in together.add(record) {
                let written = heard.write(printed.lines, out);
                if written.is_err() {
                    return end(written, printed);
                }
                printed.lines += 1;
            }
        }
    }
    for heard in together.take() {
        let written = heard.write(printed.lines, out);
        if written.is_err() {
            return end(written, printed);
        }
        printed.lines += 1;
    }
    end(out.flush(), printed)
}

/// Frames that began at the same moment, until a later one comes.
#[derive(Debug, Default)]
struct Together {
    frames: Vec<Heard>,
}

impl Together {
    /// Takes up a record; gives the frames that are complete by it.
    fn add(&mut self, record: Record) -> Vec<Heard> {
        let Event::Frame(frame) = record.event else {
            return Vec::new();
        };
        let complete = if self.frames.first().is_some_and(|first| first.at < record.at) {
            self.take()
        } else {
            Vec::new()
        };
        self.frames.push(Heard { at: record.at, frame });
        complete
    }

    /// The frames in an order that says nothing of who sent them.
    fn take(&mut self) -> Vec<Heard> {
        let key = |heard: &Heard| (heard.frame.from, heard.frame.to, heard.frame.bytes.clone());
        self.frames.sort_by_cached_key(key);
        std::mem::take(&mut self.frames)
    }
}

/// A frame as anyone in range has it.
#[derive(Debug)]
struct Heard {
    at: Time,
    frame: Frame,
}

impl Heard {
    fn write(&self, number: u64, out: &mut dyn Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut *out, &Numbered { number, heard: self })?;
        out.write_all(b"\n")
    }
}

struct Numbered<'a> {
    number: u64,
    heard: &'a Heard,
}

impl Serialize for Numbered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Heard { at, frame } = self.heard;
        let (protocol, message) = names(&frame.bytes);
        let mut map = serializer.serialize_map(Some(10))?;
        map.serialize_entry("n", &self.number)?;
        render::moment(&mut map, *at)?;
        render::addresses(&mut map, frame)?;
        map.serialize_entry("protocol", &protocol)?;
        map.serialize_entry("message", &message)?;
        render::content(&mut map, frame)?;
        map.end()
    }
}

/// Which protocol and which of its messages a frame says that it is.
fn names(bytes: &[u8]) -> (Option<&'static str>, Option<&'static str>) {
    let protocol = bytes
        .first()
        .and_then(|number| PROTOCOLS.iter().find(|protocol| protocol.number == *number));
    let message = protocol
        .zip(bytes.get(1))
        .and_then(|(protocol, number)| protocol.message_names().nth(usize::from(*number)));
    (protocol.map(|protocol| protocol.name), message)
}
