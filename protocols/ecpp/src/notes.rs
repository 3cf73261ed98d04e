//! What receivers of one frame work out once for all of them.

use std::sync::{Arc, OnceLock};

use roadveil_crypto::{Check, Digest, G1Bytes};
use roadveil_role::Noted;

use crate::cert::{CertId, Certificate};
use crate::messages::Msg;

/// A message as all receivers of its frame share it.
pub type Heard = Noted<Msg, Notes>;

/// Notes on a safety message, each made by the first receiver who needs it. Those on other messages stay empty.
#[derive(Debug, Default)]
pub struct Notes {
    certificate: OnceLock<(CertId, Arc<Certificate>)>,
    signature: OnceLock<Asked>,
}

/// The check of the signature, with what is no part of the message.
#[derive(Debug)]
struct Asked {
    parameters: Digest,
    key: G1Bytes,
    check: Check,
}

impl Notes {
    /// The certificate that the message carries, with its name. Vehicles that keep it keep one between them.
    pub(crate) fn certificate(&self, carried: &Certificate) -> &(CertId, Arc<Certificate>) {
        self.certificate.get_or_init(|| (carried.id(), Arc::new(*carried)))
    }

    /// The check of the message's signature under a key: noted for the key of the first who asks, which is everybody's
    /// unless two certificates have the same name.
    pub(crate) fn signature(&self, parameters: &Digest, key: &G1Bytes, make: impl Fn() -> Check) -> Check {
        let asked = self.signature.get_or_init(|| Asked {
            parameters: *parameters,
            key: *key,
            check: make(),
        });
        if asked.key == *key && asked.parameters == *parameters {
            asked.check.clone()
        } else {
            make()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::{ByteArray, SchnorrCheck, Signature};

    #[test]
    fn a_noted_check_serves_its_own_key_and_parameters_only() {
        let notes = Notes::default();
        let of = |key: G1Bytes| {
            Check::new(SchnorrCheck {
                domain: "ROADVEIL-TEST-V1",
                key,
                message: Arc::from([]),
                signature: Signature {
                    z: ByteArray([0; 16]),
                    s: ByteArray([0; 32]),
                },
            })
        };
        let (one, two) = (ByteArray([1; 48]), ByteArray([2; 48]));
        let ask = |parameters, key| notes.signature(&ByteArray([parameters; 32]), &key, || of(key));
        let first = ask(1, one);
        first.remember(roadveil_crypto::Verdict::Valid);
        assert!(ask(1, one).verdict().is_some(), "the same check");
        for (parameters, key) in [(1, two), (2, one)] {
            let other = ask(parameters, key);
            assert!(other.verdict().is_none() && other == of(key));
        }
    }
}
