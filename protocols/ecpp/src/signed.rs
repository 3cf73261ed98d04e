//! What an OBU signs for another role on its node.

use core::time::Duration;
use std::sync::Arc;

use postcard_schema::Schema;
use roadveil_crypto::{Check, SchnorrCheck, Signature};
use roadveil_role::{Message, Reason, Time};
use serde::{Deserialize, Serialize};

use crate::NUMBER;
use crate::cert::{CertId, Certificate};
use crate::system::{System, domain};

/// A signature on a payload that travels in some other protocol's message, with the certificate that it needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Signed {
    /// Whose it is, by pseudonym.
    pub certificate: Certificate,
    /// Schnorr under `Y_i`, in a domain of its own: no payload is ever a safety message.
    pub signature: Signature,
}

impl Message for Signed {
    const PROTOCOL: u8 = NUMBER;
}

/// What is signed: the payload, and the certificate under which. Without that, somebody could put another certificate of
/// the same key to the signature.
pub(crate) fn statement(id: &CertId, payload: &[u8]) -> Vec<u8> {
    [payload, id.as_ref()].concat()
}

impl Signed {
    /// The checks that a verifier asks of its context: the certificate and the signature.
    ///
    /// # Errors
    /// If the certificate is of another epoch, not valid at `now`, or valid for longer than `max_lifetime`.
    pub fn checks(
        &self,
        system: &Arc<System>,
        max_lifetime: Duration,
        now: Time,
        payload: &[u8],
    ) -> Result<[Check; 2], Reason> {
        if self.certificate.epoch != system.epoch() {
            return Err(Reason::WrongEpoch);
        }
        if !self.certificate.validity.holds(now, Duration::ZERO) {
            return Err(Reason::OutsideValidity);
        }
        if self.certificate.validity.length() > max_lifetime {
            return Err(Reason::OverlongValidity);
        }
        let (domain, key, signature) = (domain::SERVICE, self.certificate.y, self.signature);
        let signature = Check::new(SchnorrCheck {
            domain,
            key,
            message: statement(&self.certificate.id(), payload).into(),
            signature,
        });
        Ok([self.certificate.check(system), signature])
    }
}
