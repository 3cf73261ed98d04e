//! Evidence of misbehaviour: what a vehicle signed, and the rule that it breaks.
//!
//! Reconstruction, all of it ours: published is that the source of a disputed message is tracked, not what makes a message
//! disputed. The rule is one that anybody can apply to what the accused signed itself. Whether a place was within reach
//! of a receiver is left out: to judge that, an RSU and the authority would have to believe the reporter where it was.
//!
//! * *speed*: one message that claims more than [`MAX_SPEED`];
//! * *jump*: two messages under one certificate whose places lie farther apart than [`MAX_SPEED`] covers in the time
//!   between them, and `position_slack` more, for errors of the accused's GNSS receiver.

use core::time::Duration;

use postcard_schema::Schema;
use roadveil_role::{Cx, Reason, Time};
use serde::{Deserialize, Serialize};

use crate::cert::{CertId, Certificate};
use crate::epochs::Epochs;
use crate::messages::{Body, Cam, Padding, Sigma};
use crate::obu::signature;
use crate::params::Config;

/// The fastest that a vehicle may claim to be, metres a second: 360 km/h.
pub const MAX_SPEED: u32 = 100;

/// How old a message may be that somebody is accused by.
pub const MAX_AGE: Duration = Duration::from_secs(60);

/// Which rule a vehicle broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It claims an impossible speed.
    Speed,
    /// It was in two places.
    Jump,
}

impl Rule {
    /// Its name in events.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Speed => "speed",
            Rule::Jump => "jump",
        }
    }
}

/// Does a message claim an impossible speed?
pub fn is_too_fast(cam: &Cam) -> bool {
    u32::from(cam.speed_cm) > MAX_SPEED * 100
}

/// Do two messages of one vehicle lie too far apart?
pub fn is_jump(config: &Config, one: &Cam, other: &Cam) -> bool {
    let apart = |a: i32, b: i32| i128::from(a) - i128::from(b);
    let (x, y) = (apart(one.x_cm, other.x_cm), apart(one.y_cm, other.y_cm));
    // A float cast saturates; a millisecond at the highest speed is a tenth of it in centimetres.
    let slack = i128::from((config.position_slack * 100.0) as u64);
    let reach = slack + i128::from(one.time.abs_diff(other.time)) * i128::from(MAX_SPEED) / 10;
    x * x + y * y > reach.saturating_mul(reach)
}

/// A signed safety message without its certificate, as short as it goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Statement {
    /// Where the vehicle said that it was.
    pub cam: Cam,
    /// Certificates that it asked for.
    pub wanted: Vec<CertId>,
    /// How many zero bytes the message was padded with.
    pub padding: u16,
    /// Under `Y_i`.
    pub signature: Sigma,
}

impl Statement {
    /// What a message stated.
    pub fn of(body: &Body, signature: Sigma) -> Statement {
        Statement {
            cam: body.cam,
            wanted: body.wanted.clone(),
            padding: body.padding.0,
            signature,
        }
    }

    fn body(&self) -> Body {
        Body {
            cam: self.cam,
            wanted: self.wanted.clone(),
            padding: Padding(self.padding),
        }
    }

    fn is_well_formed(&self) -> bool {
        self.wanted.len() <= Body::WANTED && usize::from(self.padding) <= Padding::MAX
    }
}

/// One or two messages under one certificate. They convict whoever signed them, whoever brings them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Evidence {
    /// Of the accused.
    pub certificate: Certificate,
    /// What it signed.
    pub statements: Vec<Statement>,
}

impl Evidence {
    /// The name of the accused's certificate.
    pub fn accused(&self) -> CertId {
        self.certificate.id()
    }

    /// Has it the size of evidence? What has not is not looked at.
    pub fn is_well_formed(&self) -> bool {
        matches!(self.statements.len(), 1 | 2) && self.statements.iter().all(Statement::is_well_formed)
    }

    /// The rule that the statements break.
    pub fn rule(&self, config: &Config) -> Option<Rule> {
        match self.statements.as_slice() {
            [one] if is_too_fast(&one.cam) => Some(Rule::Speed),
            [one, other] if is_jump(config, &one.cam, &other.cam) => Some(Rule::Jump),
            _ => None,
        }
    }

    /// Judges it: nothing is believed of who brings it. Cheap checks come first.
    ///
    /// # Errors
    /// Why it convicts nobody: what it shows breaks no rule (`unfounded`), is too old or of another epoch, was said
    /// outside of the certificate's validity, or does not verify.
    pub fn judge(&self, cx: &mut Cx<'_>, epochs: &Epochs, config: &Config) -> Result<Rule, Reason> {
        if !self.is_well_formed() {
            return Err(Reason::Malformed);
        }
        let system = epochs.judge(&self.certificate)?;
        if self.certificate.validity.length() > config.max_lifetime {
            return Err(Reason::OverlongValidity);
        }
        for statement in &self.statements {
            let said = Time::from_millis(statement.cam.time);
            if said > cx.now() + config.freshness || cx.now().since(said) > MAX_AGE {
                return Err(Reason::Stale);
            }
            if !self.certificate.validity.holds(said, config.freshness) {
                return Err(Reason::OutsideValidity);
            }
        }
        let rule = self.rule(config).ok_or(Reason::Unfounded)?;
        if self.certificate.form() != config.certificate {
            return Err(Reason::BadCertificate);
        }
        if !cx.check(&self.certificate.check(system)).is_valid() {
            return Err(Reason::BadCertificate);
        }
        let id = self.accused();
        for statement in &self.statements {
            if !config.signature.signs(&statement.signature) {
                return Err(Reason::BadSignature);
            }
            let (body, y) = (statement.body(), &self.certificate.y);
            let check = signature::check(system.digest(), y, id, body, statement.signature);
            if !cx.check(&check).is_valid() {
                return Err(Reason::BadSignature);
            }
        }
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::PARAMS;
    use proptest::prelude::*;
    use roadveil_role::Params;

    fn config() -> Config {
        Config::new(&Params::defaults(PARAMS)).expect("defaults agree")
    }

    fn at(time: u64, x_cm: i32) -> Cam {
        Cam {
            time,
            x_cm,
            ..Cam::default()
        }
    }

    #[test]
    fn a_jump_is_more_than_the_highest_speed_and_the_slack() {
        let config = config();
        for (millis, x_cm, jumps) in [
            (0, 10_000, false),
            (0, 10_001, true),
            (1000, 20_000, false),
            (1000, 20_001, true),
            (0, -10_001, true),
            (0, i32::MAX, true),
        ] {
            assert_eq!(
                is_jump(&config, &at(5000, 0), &at(5000 + millis, x_cm)),
                jumps,
                "{millis} ms, {x_cm} cm"
            );
            assert_eq!(
                is_jump(&config, &at(5000 + millis, x_cm), &at(5000, 0)),
                jumps,
                "either way"
            );
        }
        let (east, west) = (at(0, i32::MAX), at(u64::MAX, i32::MIN));
        assert!(!is_jump(&config, &east, &west), "no overflow");
    }

    #[test]
    fn a_speed_is_too_high_beyond_the_limit() {
        let fast = |speed_cm| {
            is_too_fast(&Cam {
                speed_cm,
                ..Cam::default()
            })
        };
        assert!(!fast(10_000) && fast(10_001) && fast(u16::MAX));
    }

    proptest! {
        #[test]
        fn whoever_drives_as_fast_as_a_car_breaks_no_rule(
            speed in 0.0f64..70.0, millis in 0u64..10_000, east in -1.0f64..1.0, error in 0.0f64..49.0,
        ) {
            let way = speed * millis as f64 / 1000.0 + 2.0 * error;
            let cm = |metres: f64| (metres * 100.0) as i32;
            let end = Cam { time: millis, x_cm: cm(way * east), y_cm: cm(way * (1.0 - east * east).sqrt()), ..Cam::default() };
            prop_assert!(!is_jump(&config(), &Cam::default(), &end));
        }
    }
}
