//! Parameters: declared for the scenario, gathered for the roles.

use core::time::Duration;

use roadveil_role::param::Default as Preset;
use roadveil_role::{ParamKind, ParamSpec, Params, SetupError};

const fn span(name: &'static str, min: Duration, max: Duration, default: Duration, help: &'static str) -> ParamSpec {
    ParamSpec {
        name,
        kind: ParamKind::Span { min, max },
        default: Preset::Span(default),
        help,
    }
}

const fn count(name: &'static str, min: u64, max: u64, default: u64, help: &'static str) -> ParamSpec {
    ParamSpec {
        name,
        kind: ParamKind::Count { min, max },
        default: Preset::Count(default),
        help,
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// All parameters, as `roadveil protocol show gsb` lists them.
pub const PARAMS: &[ParamSpec] = &[
    ParamSpec {
        name: "revocation_check",
        kind: ParamKind::Choice(&["linear", "fast"]),
        default: Preset::Choice("linear"),
        help: "linear takes a pairing for each revoked member; fast looks into a table, and makes messages linkable within a period",
    },
    span(
        "period",
        secs(1),
        secs(86_400),
        secs(60),
        "how long the bases of signatures stay the same, if revocation_check is fast",
    ),
    count(
        "brought",
        0,
        100_000,
        0,
        "revoked members, none of them here, that vehicles know of from the beginning (ours)",
    ),
    span(
        "beacon_period",
        millis(10),
        secs(60),
        millis(100),
        "time between an OBU's safety messages",
    ),
    count(
        "body_bytes",
        32,
        1400,
        300,
        "length of a safety message before its security fields",
    ),
    span(
        "freshness",
        millis(10),
        secs(60),
        secs(1),
        "how far a message's time may be from the receiver's clock",
    ),
    span(
        "list_period",
        millis(100),
        secs(3600),
        secs(10),
        "time between whole revocation lists from the authority to the RSUs (ours)",
    ),
    span(
        "relay_period",
        millis(50),
        secs(3600),
        secs(1),
        "time between two pages of the revocation list that an RSU broadcasts, in turn (ours)",
    ),
    ParamSpec {
        name: "revoke",
        kind: ParamKind::Text,
        default: Preset::Text(""),
        help: "OBUs that the authority revokes, and when: \"car-2@20s, car-7@1500ms\"",
    },
];

/// How bases are made, and with that, how revocation is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Bases of each message's own; one pairing for each revoked member.
    Linear,
    /// Bases of a period; a table of the revoked.
    Fast {
        /// How long a period is, milliseconds.
        period_ms: u64,
    },
}

/// The parameters of a run, for the roles.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "each field is the parameter of that name, whose help says what it is"
)]
pub struct Config {
    pub mode: Mode,
    pub brought: u64,
    pub beacon_period: Duration,
    pub body_bytes: usize,
    pub freshness: Duration,
    pub list_period: Duration,
    pub relay_period: Duration,
}

impl Config {
    /// Gathers the parameters.
    pub fn new(params: &Params) -> Config {
        let period_ms = u64::try_from(params.span("period").as_millis()).unwrap_or(u64::MAX);
        Config {
            mode: match params.choice("revocation_check") {
                "fast" => Mode::Fast { period_ms },
                _ => Mode::Linear,
            },
            brought: params.count("brought"),
            beacon_period: params.span("beacon_period"),
            body_bytes: usize::try_from(params.count("body_bytes")).unwrap_or(usize::MAX),
            freshness: params.span("freshness"),
            list_period: params.span("list_period"),
            relay_period: params.span("relay_period"),
        }
    }
}

/// An OBU that the authority revokes on schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The node's name.
    pub node: String,
    /// After this much time.
    pub after: Duration,
}

/// Reads the parameter `revoke`: `NODE@TIME`, separated by commas.
///
/// # Errors
/// What could not be read.
pub fn revocations(text: &str) -> Result<Vec<Revocation>, SetupError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            revocation(part).ok_or_else(|| {
                SetupError(format!(
                    "revoke: expected NODE@TIME such as \"car-2@20s\", found \"{part}\""
                ))
            })
        })
        .collect()
}

fn revocation(part: &str) -> Option<Revocation> {
    let (node, time) = part.rsplit_once('@')?;
    let digits = time.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    let after = match &time[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" | "min" => Duration::from_secs(number.saturating_mul(60)),
        _ => return None,
    };
    Some(Revocation {
        node: node.trim().to_owned(),
        after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_role::Value;

    #[test]
    fn defaults_are_within_their_bounds() {
        for spec in PARAMS {
            assert!(spec.accept(spec.default_value()).is_ok(), "{}", spec.name);
        }
        let mut params = Params::defaults(PARAMS);
        assert_eq!(Config::new(&params).mode, Mode::Linear);
        params.set(PARAMS, "revocation_check", "fast".into()).expect("a word");
        params.set(PARAMS, "period", Value::Span(secs(5))).expect("a span");
        assert_eq!(Config::new(&params).mode, Mode::Fast { period_ms: 5000 });
    }

    #[test]
    fn revocations_are_read_or_refused() {
        let read = revocations("a@20s, b@1500ms,c@2min").expect("good");
        let spans: Vec<u128> = read.iter().map(|one| one.after.as_millis()).collect();
        assert_eq!(spans, [20_000, 1500, 120_000]);
        assert_eq!(revocations("").expect("nothing"), []);
        for wrong in ["a", "a@", "a@20", "a@s", "a@-1s", "a@1h"] {
            assert!(revocations(wrong).is_err(), "{wrong}");
        }
    }
}
