//! What a log is, in a few lines.

use std::fmt;

use roadveil_role::Time;
use serde::Serialize;

use super::check::{EndCheck, Integrity, Moment};
use super::damage::Damage;
use super::error::LogError;
use super::manifest::{Format, Manifest, Outcome};
use super::reader::Log;
use super::stream::StreamHash;
use super::walk::Ending;

/// What `log info` shows. Reading it reads the whole log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Info {
    /// The file.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// The log's format.
    pub format: Format,
    /// The version of roadveil that wrote it.
    pub roadveil: String,
    /// The scenario's name.
    pub scenario: String,
    /// Where its text came from.
    pub origin: String,
    /// What `--set` changed.
    pub overrides: Vec<(String, String)>,
    /// The seed.
    pub seed: u64,
    /// The protocols in use.
    pub protocols: Vec<String>,
    /// How many nodes take part.
    pub nodes: usize,
    /// When the run began, by the host's clock.
    pub started_at: String,
    /// How long it was meant to last, seconds.
    pub duration_s: f64,
    /// How far it came, seconds.
    pub reached_s: f64,
    /// How it ended: `finished`, `interrupted`, or `killed` where the log has no end.
    pub ended: &'static str,
    /// Events that can be read.
    pub events: u64,
    /// Frames on the air among them.
    pub frames: u64,
    /// Packets on the wires among them.
    pub packets: u64,
    /// Events that are known to be lost.
    pub lost: u64,
    /// Events a second of virtual time.
    pub events_per_s: f64,
    /// Bytes of the file an event.
    pub bytes_per_event: f64,
    /// The stream's hash, if the log is whole and its chain holds.
    pub stream_hash: Option<StreamHash>,
    /// What the end record says that it is.
    pub recorded_hash: Option<StreamHash>,
    /// Nothing is lost or changed.
    pub sound: bool,
    /// Where the chain breaks: somebody changed the log.
    pub broken_at: Option<Moment>,
    /// How the end record stands to the events.
    pub end: EndCheck,
    /// Bytes at the end that a killed writer left unfinished.
    pub cut_bytes: u64,
    /// Bytes after the log's end.
    pub trailing_bytes: u64,
    /// Places that do not decode.
    pub damage: Vec<Damage>,
}

/// Reads a log and says what it is.
///
/// # Errors
///
/// If the file cannot be read. Damage is no error but part of the answer.
pub fn info(log: &Log) -> Result<Info, LogError> {
    let integrity = log.check()?;
    let manifest: &Manifest = log.manifest();
    let reached = log.end().map_or(integrity.last, |end| end.reached);
    let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
    Ok(Info {
        path: log.path().display().to_string(),
        bytes: log.size(),
        format: manifest.format,
        roadveil: manifest.roadveil.clone(),
        scenario: manifest.scenario.clone(),
        origin: manifest.origin.clone(),
        overrides: manifest.overrides.clone(),
        seed: manifest.seed,
        protocols: manifest.protocols.clone(),
        nodes: log.cast().nodes.len(),
        started_at: manifest.host.started_at.clone(),
        duration_s: manifest.duration.as_secs_f64(),
        reached_s: reached.as_secs_f64(),
        ended: match log.end().map(|end| end.outcome) {
            Some(Outcome::Finished) => "finished",
            Some(Outcome::Interrupted) => "interrupted",
            None => "killed",
        },
        events: integrity.events,
        frames: integrity.frames,
        packets: integrity.packets,
        lost: integrity.lost,
        events_per_s: ratio(integrity.events as f64, reached.as_secs_f64()),
        bytes_per_event: ratio(log.size() as f64, integrity.events as f64),
        stream_hash: whole_hash(&integrity),
        recorded_hash: log.end().map(|end| end.stream_hash),
        sound: integrity.is_sound(),
        broken_at: integrity.broken_at,
        end: integrity.end,
        cut_bytes: if let Ending::Cut { bytes } = log.ending() {
            bytes
        } else {
            0
        },
        trailing_bytes: log.trailing(),
        damage: integrity.damage,
    })
}

/// A log without an end has a hash too: that of what it has.
fn whole_hash(integrity: &Integrity) -> Option<StreamHash> {
    let whole = integrity.damage.is_empty() && integrity.lost == 0 && integrity.broken_at.is_none();
    whole.then_some(integrity.chain)
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "log          {}", self.path)?;
        writeln!(f, "scenario     {} from {}", self.scenario, self.origin)?;
        for (path, value) in &self.overrides {
            writeln!(f, "             with {path} = {value}")?;
        }
        writeln!(f, "seed         {}", self.seed)?;
        writeln!(f, "protocols    {}", self.protocols.join(", "))?;
        writeln!(f, "nodes        {}", self.nodes)?;
        writeln!(
            f,
            "written      {} by roadveil {}, format {}",
            self.started_at, self.roadveil, self.format
        )?;
        writeln!(
            f,
            "ran          {:.3} of {:.3} s, {}",
            self.reached_s, self.duration_s, self.ended
        )?;
        writeln!(f, "events       {}, {:.0} a second", self.events, self.events_per_s)?;
        writeln!(f, "sent         {} frames, {} packets", self.frames, self.packets)?;
        writeln!(
            f,
            "size         {} bytes, {:.1} an event",
            self.bytes, self.bytes_per_event
        )?;
        match (self.stream_hash, self.recorded_hash) {
            (Some(hash), _) => writeln!(f, "stream hash  {hash}")?,
            (None, Some(hash)) => writeln!(f, "stream hash  {hash} as recorded; the events do not show it")?,
            (None, None) => {}
        }
        write!(f, "integrity    ")?;
        if self.sound && self.end == EndCheck::Agrees {
            return writeln!(f, "whole");
        }
        if self.sound {
            return writeln!(
                f,
                "sound as far as it goes; it has no end: its run was killed, or still runs, or the file was cut"
            );
        }
        if self.lost > 0 {
            write!(f, "{} events lost; ", self.lost)?;
        }
        match self.broken_at {
            Some(Moment { index, at }) => writeln!(f, "changed: the chain breaks at event {index}, {at} s")?,
            None if self.end == EndCheck::Differs => writeln!(f, "changed: the end record does not fit the events")?,
            None => writeln!(f, "damaged")?,
        }
        self.damage
            .iter()
            .try_for_each(|damage| writeln!(f, "             {damage}"))
    }
}

/// What a person should know of a log before trusting it; `None` where all is well. Does not read the log.
pub(super) fn note(log: &Log) -> Option<String> {
    let lost = log.structural_damage().len();
    if lost > 0 {
        return Some(format!("the log is damaged in {lost} places"));
    }
    match (log.end(), log.ending()) {
        (Some(_), _) => None,
        (None, Ending::Cut { .. }) => Some(format!("the log was cut off after {} s", short(log.reached()))),
        (None, _) => Some(format!(
            "the log has no end: its run was killed after {} s, or still runs, or the file was cut",
            short(log.reached())
        )),
    }
}

fn short(time: Time) -> String {
    format!("{:.1}", time.as_secs_f64())
}
