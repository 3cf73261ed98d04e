//! What an OBU signs for another role on its node.

use std::sync::Arc;

use postcard_schema::Schema;
use roadveil_crypto::{Check, SchnorrCheck, Signature};
use roadveil_role::{Message, Reason, Time};
use serde::{Deserialize, Serialize};

use crate::NUMBER;
use crate::cert::Certificate;
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

impl Signed {
    /// The checks that a verifier asks of its context: the certificate and the signature.
    ///
    /// # Errors
    /// If the certificate is of another epoch, or not valid at `now`.
    pub fn checks(&self, system: &Arc<System>, now: Time, payload: &[u8]) -> Result<[Check; 2], Reason> {
        if self.certificate.epoch != system.epoch() {
            return Err(Reason::WrongEpoch);
        }
        if !self.certificate.validity.holds(now, core::time::Duration::ZERO) {
            return Err(Reason::OutsideValidity);
        }
        let (domain, key, signature) = (domain::SERVICE, self.certificate.y, self.signature);
        let signature = Check::new(SchnorrCheck {
            domain,
            key,
            message: payload.into(),
            signature,
        });
        Ok([self.certificate.check(system), signature])
    }
}
