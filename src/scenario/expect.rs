//! `[[expect]]`: what the report of a run must show.

use std::fmt;

use roadveil_crypto::Op;
use roadveil_role::protocol::report_name;
use roadveil_role::{Reason, Time};

use super::document::{Item, printable};
use super::error::{Error, one_of};
use super::listener::FIGURES;
use super::{Configured, Listener};

/// Names with which a path into the report may begin, besides those of the scenario's protocols.
pub const ROOTS: &[&str] = &["events", "frames", "messages", "ops", "privacy"];

/// Figures under `frames`.
const FRAMES: &[&str] = &[
    "candidates",
    "delivered",
    "lost",
    "rejected",
    "retries",
    "sent",
    "unsent",
];

/// Most expectations.
const MAX_EXPECTATIONS: usize = 10_000;

/// How a figure stands to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `<`
    Less,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Relation {
    /// All, longest sign first, so that `>=` is not read as `>`.
    pub const ALL: [Relation; 6] = [
        Relation::AtLeast,
        Relation::AtMost,
        Relation::Equal,
        Relation::NotEqual,
        Relation::More,
        Relation::Less,
    ];

    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Relation::AtLeast => ">=",
            Relation::AtMost => "<=",
            Relation::More => ">",
            Relation::Less => "<",
            Relation::Equal => "==",
            Relation::NotEqual => "!=",
        }
    }

    /// Does `figure` stand so to `value`?
    pub fn holds(self, figure: f64, value: f64) -> bool {
        match self {
            Relation::AtLeast => figure >= value,
            Relation::AtMost => figure <= value,
            Relation::More => figure > value,
            Relation::Less => figure < value,
            Relation::Equal => figure == value,
            Relation::NotEqual => figure != value,
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.sign())
    }
}

/// Something that must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As it was written.
    pub text: String,
    /// The figure: a path into the report.
    pub path: String,
    /// How it must stand.
    pub relation: Relation,
    /// To what.
    pub value: f64,
    /// When; at the end of the run if not given.
    pub at: Option<Time>,
}

/// What an expectation must look like.
const EXPECTED: &str = "a figure, a relation and a number, such as \"ecpp.keys_issued >= 10\"";

/// Whose figures a report has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'s> {
    protocols: &'s [Configured],
    listeners: &'s [Listener],
}

impl Known<'_> {
    pub(super) fn of<'s>(protocols: &'s [Configured], listeners: &'s [Listener]) -> Known<'s> {
        Known { protocols, listeners }
    }
}

/// Reads all expectations.
pub(super) fn read(item: Option<Item<'_>>, known: Known<'_>) -> Result<Vec<Expectation>, Error> {
    let Some(item) = item else { return Ok(Vec::new()) };
    let sections = item.sections("[[expect]]")?;
    if sections.len() > MAX_EXPECTATIONS {
        return Err(item.wrong(format!("at most {MAX_EXPECTATIONS} expectations")));
    }
    let mut expectations = Vec::with_capacity(sections.len());
    for section in sections {
        let that = section.need("that", EXPECTED)?;
        let at = section.get("at").map(|item| item.positive_duration()).transpose()?;
        section.finish()?;
        let text = that.text(EXPECTED)?;
        let Some((path, relation, value)) = split(text) else {
            return Err(that.wrong(EXPECTED));
        };
        check_path(&that, path, known)?;
        let at = at.map(|at| Time::ZERO + at);
        expectations.push(Expectation {
            text: text.to_owned(),
            path: path.to_owned(),
            relation,
            value,
            at,
        });
    }
    Ok(expectations)
}

/// Takes an expectation apart.
fn split(text: &str) -> Option<(&str, Relation, f64)> {
    let (at, relation) = Relation::ALL
        .into_iter()
        .filter_map(|relation| Some((text.find(relation.sign())?, relation)))
        .min_by_key(|(at, _)| *at)?;
    let (path, rest) = text.split_at(at);
    let value = rest[relation.sign().len()..]
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())?;
    let path = path.trim();
    let plain = |segment: &str| {
        !segment.is_empty()
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/' | b'@' | b':'))
    };
    (path.len() <= 200 && path.split('.').all(plain)).then_some((path, relation, value))
}

/// Why a report has no such figure.
enum Missing {
    /// A part of its name is none of these.
    Unknown {
        what: &'static str,
        found: String,
        valid: Vec<String>,
    },
    /// It ends too early: how it goes on.
    Unfinished(&'static str),
}

/// How a listener's name goes on.
const PRIVACY: &str = "a listener and a figure, such as privacy.ear.linked_share";

/// How a message's name goes on.
const MESSAGES: &str = "a message and `count` or `bytes`, such as messages.ecpp.safety.count";

/// Can the report have such a figure? If not, the error is the item's.
fn check_path(item: &Item<'_>, path: &str, known: Known<'_>) -> Result<(), Error> {
    look_for(path, known).map_err(|missing| match missing {
        Missing::Unknown { what, found, valid } => item.unknown(what, &found, valid.iter().map(String::as_str)),
        Missing::Unfinished(expected) => item.wrong(expected),
    })
}

/// Can the report have such a figure? If not, the error is that of a file called so.
pub(super) fn check_figure(file: &str, path: &str, known: Known<'_>) -> Result<(), Error> {
    look_for(path, known).map_err(|missing| match missing {
        Missing::Unknown { what, found, valid } => {
            let valid = || valid.iter().map(String::as_str);
            Error::of(
                file,
                format!(
                    "no figure `{}`: unknown {what} `{}`",
                    printable(path),
                    printable(&found)
                ),
            )
            .expected(one_of(valid()))
            .nearest(&found, valid())
        }
        Missing::Unfinished(expected) => Error::of(file, format!("no figure `{}`", printable(path))).expected(expected),
    })
}

fn look_for(path: &str, known: Known<'_>) -> Result<(), Missing> {
    let Known { protocols, listeners } = known;
    let segments: Vec<&str> = path.split('.').collect();
    let names = || protocols.iter().map(|configured| configured.protocol.name);
    let known = |found: &str, what: &'static str, valid: Vec<&str>| match valid.contains(&found) {
        true => Ok(()),
        false => Err(Missing::Unknown {
            what,
            found: found.to_owned(),
            valid: valid.into_iter().map(str::to_owned).collect(),
        }),
    };
    match segments.as_slice() {
        ["frames", "lost" | "rejected" | "unsent", reason, ..] => known(
            reason,
            "reason",
            Reason::ALL.iter().map(|reason| reason.name()).collect(),
        ),
        ["frames", figure, ..] => known(figure, "figure of `frames`", FRAMES.to_vec()),
        ["messages", protocol, message, what] if names().any(|name| name == *protocol) => {
            let sent = protocols
                .iter()
                .filter(|configured| configured.protocol.name == *protocol)
                .flat_map(|configured| configured.protocol.message_names().map(report_name));
            let sent: Vec<String> = sent.collect();
            known(message, "message", sent.iter().map(String::as_str).collect())?;
            known(what, "figure of a message", vec!["count", "bytes"])
        }
        ["messages", protocol, ..] if !names().any(|name| name == *protocol) => {
            known(protocol, "protocol", names().collect())
        }
        ["messages", ..] => Err(Missing::Unfinished(MESSAGES)),
        ["ops", op, what] if Op::from_name(op).is_some() => {
            // What was executed is a host figure: a run must not succeed or fail by it.
            known(what, "figure of an operation", vec!["charged"])
        }
        ["ops", op, ..] => known(op, "operation", Op::ALL.iter().map(|op| op.name()).collect()),
        ["privacy", listener, figure] => {
            known(
                listener,
                "listener",
                listeners.iter().map(|other| other.name.as_str()).collect(),
            )?;
            known(figure, "figure of a listener", FIGURES.to_vec())
        }
        ["privacy", ..] => Err(Missing::Unfinished(PRIVACY)),
        [protocol, figure] if names().any(|name| name == *protocol) => {
            // A fresh fold already knows the names of its figures; one that names none yet may have any.
            let own = protocols
                .iter()
                .filter(|configured| configured.protocol.name == *protocol);
            let figures: Vec<&str> = own
                .flat_map(|configured| (configured.protocol.fold)().figures())
                .map(|(name, _)| name)
                .collect();
            if figures.is_empty() {
                Ok(())
            } else {
                known(figure, "figure", figures)
            }
        }
        [root, ..] => known(root, "figure", names().chain(ROOTS.iter().copied()).collect()),
        [] => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_taken_apart() {
        assert_eq!(
            split("ecpp.keys_issued >= 10"),
            Some(("ecpp.keys_issued", Relation::AtLeast, 10.0))
        );
        assert_eq!(
            split("frames.lost.collision<1e3"),
            Some(("frames.lost.collision", Relation::Less, 1_000.0))
        );
        assert_eq!(split("a != -0.5"), Some(("a", Relation::NotEqual, -0.5)));
        for text in [
            "",
            "a",
            "a >=",
            ">= 3",
            "a >= b",
            "a >= nan",
            "a >= inf",
            "a b >= 3",
            "a..b >= 3",
            "a = 3",
            "a >= 3 >= 4",
            "a\u{1b}b > 1",
        ] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn relations_hold_as_written() {
        let holding = |figure: f64| {
            Relation::ALL
                .into_iter()
                .filter(|relation| relation.holds(figure, 2.0))
                .map(Relation::sign)
                .collect::<Vec<_>>()
        };
        assert_eq!(holding(1.0), ["<=", "!=", "<"]);
        assert_eq!(holding(2.0), [">=", "<=", "=="]);
        assert_eq!(holding(3.0), [">=", "!=", ">"]);
        assert!(holding(f64::NAN) == ["!="]);
    }
}
