//! Parameters: declared for the scenario, gathered for the roles.

use core::time::Duration;

use roadveil_role::{ParamSpec, Params, plan};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// All parameters, as `roadveil protocol show gsb` lists them.
pub const PARAMS: &[ParamSpec] = &[
    ParamSpec::choice(
        "revocation_check",
        &["linear", "fast"],
        "linear",
        "linear takes a pairing for each revoked member; fast looks into a table, and makes messages linkable within a period",
    ),
    ParamSpec::span(
        "period",
        secs(1),
        secs(86_400),
        secs(60),
        "how long the bases of signatures stay the same, if revocation_check is fast",
    ),
    ParamSpec::count(
        "brought",
        0,
        100_000,
        0,
        "revoked members, none of them here, that vehicles know of from the beginning (ours)",
    ),
    ParamSpec::span(
        "beacon_period",
        millis(10),
        secs(60),
        millis(100),
        "time between an OBU's safety messages",
    ),
    ParamSpec::count(
        "body_bytes",
        32,
        1400,
        300,
        "length of a safety message before its security fields",
    ),
    ParamSpec::span(
        "freshness",
        millis(10),
        secs(60),
        secs(1),
        "how far a message's time may be from the receiver's clock",
    ),
    ParamSpec::span(
        "list_period",
        millis(100),
        secs(3600),
        secs(10),
        "time between whole revocation lists from the authority to the RSUs (ours)",
    ),
    ParamSpec::span(
        "relay_period",
        millis(50),
        secs(3600),
        secs(1),
        "time between two pages of the revocation list that an RSU broadcasts, in turn (ours)",
    ),
    plan::REVOKE,
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
}
