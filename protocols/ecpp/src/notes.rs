//! What receivers of one frame work out once for all of them.

use std::sync::{Arc, OnceLock};

use roadveil_crypto::{Check, Digest};
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
    certificate: Arc<Certificate>,
    check: Check,
}

impl Notes {
    /// The certificate that the message carries, with its name. Vehicles that keep it keep one between them.
    pub(crate) fn certificate(&self, carried: &Certificate) -> &(CertId, Arc<Certificate>) {
        self.certificate.get_or_init(|| (carried.id(), Arc::new(*carried)))
    }

    /// The check of the message's signature under the key of a certificate: noted for the first who asks, whose key is
    /// everybody's unless two certificates have the same name.
    pub(crate) fn signature(
        &self,
        parameters: &Digest,
        certificate: &Arc<Certificate>,
        make: impl Fn() -> Check,
    ) -> Check {
        let asked = self.signature.get_or_init(|| Asked {
            parameters: *parameters,
            certificate: Arc::clone(certificate),
            check: make(),
        });
        let same_key = Arc::ptr_eq(&asked.certificate, certificate) || asked.certificate.y == certificate.y;
        if same_key && asked.parameters == *parameters {
            asked.check.clone()
        } else {
            make()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::Form;
    use crate::system::Validity;
    use roadveil_crypto::{ByteArray, G1Bytes, SchnorrCheck, Signature};

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
        let with = |key: u8| {
            Arc::new(Certificate {
                epoch: 1,
                validity: Validity { from: 0, until: 1 },
                y: ByteArray([key; 48]),
                proof: Form::Hidden.blank(),
            })
        };
        let ask = |parameters, key| notes.signature(&ByteArray([parameters; 32]), &with(key), || of(with(key).y));
        let first = ask(1, 1);
        first.remember(roadveil_crypto::Verdict::Valid);
        assert!(ask(1, 1).verdict().is_some(), "the same check");
        for (parameters, key) in [(1, 2), (2, 1)] {
            let other = ask(parameters, key);
            assert!(other.verdict().is_none() && other == of(with(key).y));
        }
    }
}
