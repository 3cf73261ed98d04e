//! Parameters: declared for the scenario, gathered for the roles.

use core::time::Duration;

use roadveil_role::param::Default as Preset;
use roadveil_role::{ParamKind, ParamSpec, Params, SetupError, cam};

const fn span(name: &'static str, min: Duration, max: Duration, default: Duration, help: &'static str) -> ParamSpec {
    ParamSpec {
        name,
        kind: ParamKind::Span { min, max },
        default: Preset::Span(default),
        help,
    }
}

const fn choice(
    name: &'static str,
    words: &'static [&'static str],
    default: &'static str,
    help: &'static str,
) -> ParamSpec {
    ParamSpec {
        name,
        kind: ParamKind::Choice(words),
        default: Preset::Choice(default),
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

const fn metres(name: &'static str, max: f64, default: f64, help: &'static str) -> ParamSpec {
    ParamSpec {
        name,
        kind: ParamKind::Number { min: 0.0, max },
        default: Preset::Number(default),
        help,
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// All parameters, as `roadveil protocol show ecpp` lists them.
pub const PARAMS: &[ParamSpec] = &[
    choice(
        "issue",
        &["hardened", "paper"],
        "hardened",
        "hardened has X25519 shares, an RSU nonce and a proof of possession (ours); paper is without our additions to steps 1 to 3",
    ),
    span(
        "key_lifetime",
        secs(1),
        secs(3600),
        secs(60),
        "how long an OBU wants a short-time key to hold",
    ),
    span(
        "max_lifetime",
        secs(1),
        secs(7200),
        secs(120),
        "longest validity that an RSU certifies (step 4b)",
    ),
    span(
        "validity_quantum",
        millis(0),
        secs(600),
        secs(10),
        "validities begin and end on multiples of this, so that they do not name their key; 0s for exact ones (ours)",
    ),
    span(
        "renewal_earliest",
        millis(0),
        secs(3600),
        secs(30),
        "renewal starts at a random moment, at most this long before expiry, and at most half of key_lifetime (ours)",
    ),
    span(
        "renewal_latest",
        millis(0),
        secs(3600),
        secs(10),
        "and at least this long before expiry, but never more than a quarter of key_lifetime",
    ),
    span(
        "silence",
        millis(0),
        secs(600),
        millis(0),
        "after a change of key nothing is said for a random time of at most this, so that the next place does not tell whose key it is (ours)",
    ),
    span(
        "beacon_period",
        millis(10),
        secs(60),
        millis(100),
        "time between an OBU's safety messages, if beaconing is fixed",
    ),
    choice(
        "beaconing",
        &["fixed", "cam"],
        "fixed",
        "fixed is one safety message each beacon_period; cam follows the vehicle's movement, by the rules of ETSI EN 302 637-2",
    ),
    count(
        "body_bytes",
        32,
        1400,
        300,
        "length of a safety message before its security fields",
    ),
    choice(
        "attach",
        &["every-second", "always", "new-neighbour"],
        "every-second",
        "when a safety message carries its certificate instead of its digest; asked-for certificates always travel",
    ),
    span(
        "freshness",
        millis(10),
        secs(60),
        secs(1),
        "how far a message's time may be from the receiver's clock",
    ),
    span(
        "rsu_beacon_period",
        millis(50),
        secs(60),
        secs(1),
        "time between an RSU's beacons",
    ),
    metres(
        "rsu_range",
        100_000.0,
        1000.0,
        "an OBU neither believes nor asks an RSU farther away than this, metres",
    ),
    metres(
        "handover_hysteresis",
        10_000.0,
        30.0,
        "another RSU is asked if it is nearer by more than this, metres",
    ),
    span(
        "retry_timeout",
        millis(10),
        secs(60),
        millis(300),
        "wait before a request is sent again; doubles with each try, with jitter",
    ),
    count(
        "retry_limit",
        0,
        20,
        5,
        "how often a request is sent again before its RSU is given up",
    ),
    span(
        "retry_rest",
        millis(0),
        secs(600),
        secs(3),
        "how long an RSU that was given up is left in peace",
    ),
    count(
        "request_rate",
        1,
        1_000_000,
        50,
        "key requests that an RSU takes up in a second; more are rejected as rate_limited",
    ),
    count(
        "certificate_rate",
        1,
        1_000_000,
        100,
        "certificates, and apart from them RSU beacons, that an OBU checks in a second; more are rejected as rate_limited (ours)",
    ),
    choice(
        "refusal",
        &["silent", "notice"],
        "silent",
        "a listed OBU gets no answer, as published, or a sealed notice (ours)",
    ),
    span(
        "list_period",
        millis(100),
        secs(3600),
        secs(10),
        "time between revocation lists from the authority to the RSUs",
    ),
    span(
        "list_max_age",
        secs(1),
        secs(86_400),
        secs(300),
        "an RSU whose revocation list is older issues no keys (ours)",
    ),
    ParamSpec {
        name: "revoke",
        kind: ParamKind::Text,
        default: Preset::Text(""),
        help: "OBUs that the authority revokes, and when: \"car-2@20s, car-7@1500ms\"",
    },
    choice(
        "reporting",
        &["off", "on"],
        "off",
        "on has OBUs report what breaks the rule of plausibility, and the authority track and revoke who signed it (ours)",
    ),
    ParamSpec {
        name: "misbehave",
        kind: ParamKind::Text,
        default: Preset::Text(""),
        help: "OBUs that lie in their safety messages, from when on, and how: \"car-2@20s, car-7@1500ms:speed\"; \
               scatter (each time elsewhere, the default), offset (400 m beside) or speed",
    },
    ParamSpec {
        name: "lying_rsus",
        kind: ParamKind::Text,
        default: Preset::Text(""),
        help: "RSUs that lie in tracking, and how: \"rsu-2, rsu-3:forged\"; another (another OBU's record, the default), \
               forged (its pseudo-identity on the true signature), none (no record) or silent",
    },
    metres(
        "position_slack",
        100_000.0,
        100.0,
        "how much farther apart than 100 m/s allow two places of one OBU may be, for errors of its receiver, metres (ours)",
    ),
    count(
        "report_rate",
        1,
        1_000_000,
        20,
        "reports that an OBU sends in a second, and that an RSU takes up; more are put off or rejected as rate_limited (ours)",
    ),
];

/// When a safety message carries its certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attach {
    /// Always.
    Always,
    /// Once a second.
    EverySecond,
    /// When a station is heard for the first time.
    NewNeighbour,
}

/// When an OBU says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beaconing {
    /// Every `beacon_period`.
    Fixed,
    /// When it moved, or when its last message is long ago: see [`roadveil_role::cam`].
    Cam,
}

/// The parameters of a run, for the roles.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "each field is the parameter of that name, whose help says what it is"
)]
pub struct Config {
    pub hardened: bool,
    pub key_lifetime: Duration,
    pub max_lifetime: Duration,
    pub validity_quantum: Duration,
    pub renewal_earliest: Duration,
    pub renewal_latest: Duration,
    pub silence: Duration,
    pub beacon_period: Duration,
    pub beaconing: Beaconing,
    pub body_bytes: usize,
    pub attach: Attach,
    pub freshness: Duration,
    pub rsu_beacon_period: Duration,
    pub rsu_range: f64,
    pub handover_hysteresis: f64,
    pub retry_timeout: Duration,
    pub retry_limit: u64,
    pub retry_rest: Duration,
    pub request_rate: u64,
    pub certificate_rate: u64,
    pub refusal_notice: bool,
    pub list_period: Duration,
    pub list_max_age: Duration,
    pub reporting: bool,
    pub position_slack: f64,
    pub report_rate: u64,
}

impl Config {
    /// Gathers the parameters.
    ///
    /// # Errors
    /// If they contradict each other.
    pub fn new(params: &Params) -> Result<Config, SetupError> {
        let lifetime = params.span("key_lifetime");
        let (earliest, latest) = (params.span("renewal_earliest"), params.span("renewal_latest"));
        if latest > earliest {
            return Err(SetupError(
                "renewal_latest must not be longer than renewal_earliest".to_owned(),
            ));
        }
        let config = Config {
            hardened: params.choice("issue") == "hardened",
            key_lifetime: lifetime,
            max_lifetime: params.span("max_lifetime"),
            validity_quantum: params.span("validity_quantum"),
            // A window for long keys must not have short ones renewed as soon as they are there.
            renewal_earliest: earliest.min(lifetime / 2),
            renewal_latest: latest.min(lifetime / 4),
            silence: params.span("silence"),
            beacon_period: params.span("beacon_period"),
            beaconing: match params.choice("beaconing") {
                "cam" => Beaconing::Cam,
                _ => Beaconing::Fixed,
            },
            body_bytes: usize::try_from(params.count("body_bytes")).unwrap_or(usize::MAX),
            attach: match params.choice("attach") {
                "always" => Attach::Always,
                "new-neighbour" => Attach::NewNeighbour,
                _ => Attach::EverySecond,
            },
            freshness: params.span("freshness"),
            rsu_beacon_period: params.span("rsu_beacon_period"),
            rsu_range: params.number("rsu_range"),
            handover_hysteresis: params.number("handover_hysteresis"),
            retry_timeout: params.span("retry_timeout"),
            retry_limit: params.count("retry_limit"),
            retry_rest: params.span("retry_rest"),
            request_rate: params.count("request_rate"),
            certificate_rate: params.count("certificate_rate"),
            refusal_notice: params.choice("refusal") == "notice",
            list_period: params.span("list_period"),
            list_max_age: params.span("list_max_age"),
            reporting: params.choice("reporting") == "on",
            position_slack: params.number("position_slack"),
            report_rate: params.count("report_rate"),
        };
        config.check()?;
        Ok(config)
    }

    /// Time between two moments at which an OBU may say something.
    pub fn rhythm(&self) -> Duration {
        match self.beaconing {
            Beaconing::Fixed => self.beacon_period,
            Beaconing::Cam => cam::CHECK,
        }
    }

    fn check(&self) -> Result<(), SetupError> {
        let longest = self.key_lifetime + 2 * self.validity_quantum;
        if longest > self.max_lifetime {
            return Err(SetupError(format!(
                "max_lifetime ({:?}) must be at least key_lifetime and twice validity_quantum ({longest:?}), \
                 or every RSU refuses every key",
                self.max_lifetime
            )));
        }
        Ok(())
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
            let wrong = || {
                SetupError(format!(
                    "revoke: expected NODE@TIME such as \"car-2@20s\", found \"{part}\""
                ))
            };
            let (node, time) = part.rsplit_once('@').ok_or_else(wrong)?;
            let after = moment(time).ok_or_else(wrong)?;
            Ok(Revocation {
                node: node.trim().to_owned(),
                after,
            })
        })
        .collect()
}

/// Reads a time such as `1500ms`, `20s` or `2m`.
fn moment(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    Some(match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" | "min" => Duration::from_secs(number.saturating_mul(60)),
        _ => return None,
    })
}

/// How an OBU lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Each message names another place.
    Scatter,
    /// All messages name a place beside the true one: two of them contradict each other only where it begins.
    Offset,
    /// Its speed is impossible.
    Speed,
}

/// An OBU that lies in its safety messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// The node's name.
    pub node: String,
    /// After this much time.
    pub after: Duration,
    /// How.
    pub lie: Lie,
}

/// Reads the parameter `misbehave`: `NODE@TIME` or `NODE@TIME:KIND`, separated by commas.
///
/// # Errors
/// What could not be read.
pub fn misbehaviours(text: &str) -> Result<Vec<Misbehaviour>, SetupError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let wrong = || {
                SetupError(format!(
                    "misbehave: expected NODE@TIME or NODE@TIME:KIND such as \"car-2@20s:speed\" with one of scatter, \
                     offset, speed, found \"{part}\""
                ))
            };
            let (node, how) = part.rsplit_once('@').ok_or_else(wrong)?;
            let (time, kind) = how.split_once(':').unwrap_or((how, "scatter"));
            let lie = match kind.trim() {
                "scatter" => Lie::Scatter,
                "offset" => Lie::Offset,
                "speed" => Lie::Speed,
                _ => return Err(wrong()),
            };
            Ok(Misbehaviour {
                node: node.trim().to_owned(),
                after: moment(time.trim()).ok_or_else(wrong)?,
                lie,
            })
        })
        .collect()
}

/// How an RSU lies in tracking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Falsehood {
    /// With a true record of another OBU.
    Another,
    /// With the pseudo-identity of another OBU on the accused's own signature.
    Forged,
    /// It says that it has no record.
    None,
    /// It says nothing.
    Silent,
}

/// Reads the parameter `lying_rsus`: `NODE` or `NODE:KIND`, separated by commas.
///
/// # Errors
/// What could not be read.
pub fn falsehoods(text: &str) -> Result<Vec<(String, Falsehood)>, SetupError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (node, kind) = part.rsplit_once(':').unwrap_or((part, "another"));
            let falsehood = match kind.trim() {
                "another" => Falsehood::Another,
                "forged" => Falsehood::Forged,
                "none" => Falsehood::None,
                "silent" => Falsehood::Silent,
                _ => {
                    return Err(SetupError(format!(
                        "lying_rsus: expected NODE or NODE:KIND with one of another, forged, none, silent, found \"{part}\""
                    )));
                }
            };
            Ok((node.trim().to_owned(), falsehood))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_role::Value;

    #[test]
    fn defaults_are_within_their_bounds_and_agree() {
        for spec in PARAMS {
            assert!(spec.accept(spec.default_value()).is_ok(), "{}", spec.name);
        }
        let config = Config::new(&Params::defaults(PARAMS)).expect("defaults agree");
        assert!(config.hardened);
        assert_eq!(config.attach, Attach::EverySecond);
    }

    #[test]
    fn contradictions_are_refused() {
        for (name, value) in [
            ("max_lifetime", secs(70)),
            ("renewal_latest", secs(31)),
            ("renewal_earliest", secs(9)),
        ] {
            let mut params = Params::defaults(PARAMS);
            params.set(PARAMS, name, Value::Span(value)).expect("in range");
            assert!(Config::new(&params).is_err(), "{name}");
        }
    }

    #[test]
    fn a_short_key_is_renewed_in_its_second_half() {
        let mut params = Params::defaults(PARAMS);
        params
            .set(PARAMS, "key_lifetime", Value::Span(secs(12)))
            .expect("in range");
        let config = Config::new(&params).expect("agrees");
        assert_eq!((config.renewal_earliest, config.renewal_latest), (secs(6), secs(3)));
    }

    #[test]
    fn revocations_are_read() {
        let read = revocations(" car-2@20s, b@x@1500ms,c@2m ").expect("well formed");
        let expected = [("car-2", 20_000), ("b@x", 1500), ("c", 120_000)];
        let expected = expected.map(|(node, after)| Revocation {
            node: node.to_owned(),
            after: millis(after),
        });
        assert_eq!(read, expected);
        assert_eq!(revocations(""), Ok(vec![]));
        for wrong in [
            "car-2",
            "car-2@",
            "car-2@20",
            "car-2@s",
            "car-2@20h",
            "car-2@-1s",
            "car-2@99999999999999999999s",
        ] {
            assert!(revocations(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn misbehaviours_are_read() {
        let read = misbehaviours("car-2@20s, b@x@5ms:offset,c@1m: speed ,d@3s:scatter").expect("well formed");
        let expected = [
            ("car-2", 20_000, Lie::Scatter),
            ("b@x", 5, Lie::Offset),
            ("c", 60_000, Lie::Speed),
            ("d", 3000, Lie::Scatter),
        ];
        let expected = expected.map(|(node, after, lie)| Misbehaviour {
            node: node.to_owned(),
            after: millis(after),
            lie,
        });
        assert_eq!(read, expected);
        assert_eq!(misbehaviours(" , "), Ok(vec![]));
        for wrong in [
            "car-2",
            "car-2@20",
            "car-2@20s:",
            "car-2@20s:badly",
            "car-2:speed",
            "car-2@:speed",
        ] {
            assert!(misbehaviours(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn falsehoods_are_read() {
        let read = falsehoods("rsu-1, rsu-2:forged, a:b:none,c: silent").expect("well formed");
        let expected = [
            ("rsu-1", Falsehood::Another),
            ("rsu-2", Falsehood::Forged),
            ("a:b", Falsehood::None),
            ("c", Falsehood::Silent),
        ];
        assert_eq!(read, expected.map(|(node, falsehood)| (node.to_owned(), falsehood)));
        assert_eq!(falsehoods(""), Ok(vec![]));
        for wrong in ["rsu-1:", "rsu-1:honest"] {
            assert!(falsehoods(wrong).is_err(), "{wrong}");
        }
    }
}
