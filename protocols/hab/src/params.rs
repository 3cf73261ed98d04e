//! Parameters: declared for the scenario, gathered for the roles.

use core::time::Duration;

use roadveil_role::{ParamSpec, Params, plan};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// All parameters, as `roadveil protocol show hab` lists them.
pub const PARAMS: &[ParamSpec] = &[
    ParamSpec::count(
        "pool",
        1,
        100_000,
        64,
        "anonymous certificates of a vehicle, N_okey; 10000 in the paper's figure of storage. Each puts its name on the list when the vehicle is revoked",
    ),
    ParamSpec::span(
        "change_period",
        millis(100),
        secs(86_400),
        secs(60),
        "how long a vehicle signs under one key",
    ),
    ParamSpec::count(
        "brought",
        0,
        100_000,
        0,
        "revoked vehicles, none of them here, whose certificates vehicles know of from the beginning (ours)",
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

/// The parameters of a run, for the roles.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "each field is the parameter of that name, whose help says what it is"
)]
pub struct Config {
    pub pool: u64,
    pub change_period: Duration,
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
        Config {
            pool: params.count("pool"),
            change_period: params.span("change_period"),
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

    #[test]
    fn defaults_are_within_their_bounds() {
        for spec in PARAMS {
            assert!(spec.accept(spec.default_value()).is_ok(), "{}", spec.name);
        }
        assert_eq!(Config::new(&Params::defaults(PARAMS)).pool, 64);
    }
}
