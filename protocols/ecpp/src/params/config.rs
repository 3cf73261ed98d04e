//! The parameters as the roles read them, checked against each other.

use core::time::Duration;

use roadveil_role::{Params, SetupError, Time, cam};

use super::{Theft, Zone, thefts, zones};
use crate::cert::Form;
use crate::epochs::{Calendar, FIRST};
use crate::messages::Sigma;

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

/// Which safety messages an OBU verifies, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Each by itself, as it is heard.
    All,
    /// Each whose sender says that it is near.
    Relevant,
    /// Several together: they travel with `R` in place of the challenge.
    Batch,
}

/// How safety messages are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Schnorr under `Y_i = x_i P`.
    Schnorr,
    /// Zhang, Safavi-Naini and Susilo, under the same key.
    Zss,
}

impl Scheme {
    /// Is that a signature of this scheme?
    pub fn signs(self, signature: &Sigma) -> bool {
        match signature {
            Sigma::Schnorr(_) => self == Scheme::Schnorr,
            Sigma::Zss(_) => self == Scheme::Zss,
        }
    }
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
    pub keeps_phase: bool,
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
    pub verification: Verification,
    pub relevant_within: f64,
    pub batch_window: Duration,
    pub ages: bool,
    pub flood_rate: u64,
    pub pseudonym_pool: u64,
    pub emergency: bool,
    pub joint_change: Duration,
    pub mix_zones: Vec<Zone>,
    pub certificate: Form,
    pub signature: Scheme,
    pub epochs: Calendar,
    pub exclude_after: u64,
    pub steal: Vec<Theft>,
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
            keeps_phase: params.choice("phase") == "kept",
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
            verification: match params.choice("verification") {
                "relevant" => Verification::Relevant,
                "batch" => Verification::Batch,
                _ => Verification::All,
            },
            relevant_within: params.number("relevant_within"),
            batch_window: params.span("batch_window"),
            ages: params.choice("ages") == "on",
            flood_rate: params.count("flood_rate"),
            pseudonym_pool: params.count("pseudonym_pool"),
            emergency: params.choice("revocation") == "emergency",
            joint_change: params.span("joint_change"),
            mix_zones: zones(params.text("mix_zones"))?,
            certificate: match params.choice("certificate") {
                "plain" => Form::Plain,
                _ => Form::Hidden,
            },
            signature: match params.choice("signature") {
                "zss" => Scheme::Zss,
                _ => Scheme::Schnorr,
            },
            epochs: Calendar {
                length: params.span("epoch_length"),
                overlap: params.span("epoch_overlap"),
            },
            exclude_after: params.count("exclude_after"),
            steal: thefts(params.text("steal"))?,
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
        if self.joint_change > self.key_lifetime / 2 {
            return Err(SetupError(format!(
                "joint_change ({:?}) must be at most half of key_lifetime ({:?}), or keys end before they are used",
                self.joint_change, self.key_lifetime
            )));
        }
        if self.signature == Scheme::Zss && self.verification == Verification::Batch {
            return Err(SetupError(
                "verification = \"batch\" sums up Schnorr signatures: expected signature = \"schnorr\", or verification \
                 \"all\" or \"relevant\""
                    .to_owned(),
            ));
        }
        self.check_epochs()
    }

    fn check_epochs(&self) -> Result<(), SetupError> {
        let Calendar { length, overlap } = self.epochs;
        if self.epochs.turns() && 2 * overlap > length {
            return Err(SetupError(format!(
                "epoch_overlap ({overlap:?}) must be at most half of epoch_length ({length:?}), or three epochs meet"
            )));
        }
        let end = self.epochs.begins(FIRST + 1);
        if let Some(late) = self.steal.iter().find(|theft| Time::ZERO + theft.after >= end) {
            return Err(SetupError(format!(
                "steal: `{}` steals after {:?}; expected a moment of the first epoch, which ends after {length:?}",
                late.node, late.after
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::PARAMS;
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
            ("max_lifetime", Duration::from_secs(70)),
            ("renewal_latest", Duration::from_secs(31)),
            ("joint_change", Duration::from_secs(31)),
            ("renewal_earliest", Duration::from_secs(9)),
            ("epoch_length", Duration::from_secs(19)),
        ] {
            let mut params = Params::defaults(PARAMS);
            params.set(PARAMS, name, Value::Span(value)).expect("in range");
            assert!(Config::new(&params).is_err(), "{name}");
        }
    }

    #[test]
    fn zss_signatures_are_not_summed_up() {
        let mut params = Params::defaults(PARAMS);
        let mut holds_with = |name, value: &str| {
            params.set(PARAMS, name, value.into()).expect("in range");
            Config::new(&params).is_ok()
        };
        assert!(holds_with("signature", "zss") && !holds_with("verification", "batch"));
        assert!(holds_with("verification", "relevant"));
    }

    #[test]
    fn a_key_is_stolen_in_the_first_epoch() {
        let mut params = Params::defaults(PARAMS);
        let mut holds_with = |name, value: Value| {
            params.set(PARAMS, name, value).expect("in range");
            Config::new(&params).is_ok()
        };
        assert!(holds_with("steal", "car@60s:rsu".into()), "it does not end");
        assert!(!holds_with("epoch_length", Duration::from_secs(60).into()));
        assert!(holds_with("steal", "car@59s:rsu".into()));
    }

    #[test]
    fn a_short_key_is_renewed_in_its_second_half() {
        let mut params = Params::defaults(PARAMS);
        params
            .set(PARAMS, "key_lifetime", Value::Span(Duration::from_secs(12)))
            .expect("in range");
        let config = Config::new(&params).expect("agrees");
        assert_eq!(
            (config.renewal_earliest, config.renewal_latest),
            (Duration::from_secs(6), Duration::from_secs(3))
        );
    }
}
