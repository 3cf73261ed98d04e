//! Prints a log's events, one a line.

use std::io::{self, Write};
use std::sync::Arc;

use roadveil_role::Time;

use super::damage::Damage;
use super::error::LogError;
use super::reader::Log;
use super::render::Line;

/// What was printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// How many lines.
    pub lines: u64,
    /// What could not be read; its events are not among the lines.
    pub damage: Vec<Damage>,
}

/// Prints the events from `from` on and before `to`: as lines for a person, or with `json` as an object a line. Stops
/// quietly when nobody reads on, as when the output goes to `head`.
///
/// # Errors
///
/// If the log cannot be read or the output cannot be written.
pub fn cat(
    log: &Log,
    from: Option<Time>,
    to: Option<Time>,
    json: bool,
    out: &mut dyn Write,
) -> Result<Printed, LogError> {
    let mut printed = Printed::default();
    for portion in log.records_from(from.unwrap_or(Time::ZERO))? {
        let portion = match portion {
            Ok(portion) => portion,
            Err(LogError::Damaged { damage, .. }) => {
                printed.damage.push(damage);
                continue;
            }
            Err(error) => return Err(error),
        };
        for (number, record) in (portion.first..).zip(&portion.records) {
            if to.is_some_and(|to| record.at >= to) {
                return end(out.flush(), printed);
            }
            let written = write(
                out,
                Line {
                    number,
                    record,
                    cast: log.cast(),
                },
                json,
            );
            if written.is_err() {
                return end(written, printed);
            }
            printed.lines += 1;
        }
    }
    end(out.flush(), printed)
}

fn write(out: &mut dyn Write, line: Line<'_>, json: bool) -> io::Result<()> {
    if json {
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        out.write_all(b"\n")
    } else {
        writeln!(out, "{line}")
    }
}

pub(super) fn end(written: io::Result<()>, printed: Printed) -> Result<Printed, LogError> {
    match written {
        Ok(()) => Ok(printed),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(printed),
        Err(error) => Err(LogError::Output {
            source: Arc::new(error),
        }),
    }
}
