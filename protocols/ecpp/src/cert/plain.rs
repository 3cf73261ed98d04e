//! The plain certificate: the RSU's signature, with its place in the open.
//!
//! Reconstruction, as a variant: BLMQ under `B_j` on `(Y_i, T_i, L_j)`. It is shorter and cheaper to make and to check than
//! the one that hides the place, and **says in every message where its holder asked for its key**; the authority needs no
//! `xi` to find the RSU, and neither does anybody else.

use postcard_schema::Schema;
use roadveil_crypto::{G1Bytes, SecretBytes, Transcript};
use serde::{Deserialize, Serialize};

use super::{Certificate, Proof};
use crate::blmq::{self, Blmq};
use crate::keys::RsuKey;
use crate::system::{Location, Master, System, Validity, domain};

/// The place `L_j` and the signature, 88 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Plain {
    /// The place of the RSU that issued it.
    pub location: Location,
    /// BLMQ under `B_j`.
    pub signature: Blmq,
}

impl Certificate {
    /// Certifies a key with a draw for it alone, in the plain form.
    pub fn issue_plain(
        system: &System,
        key: &RsuKey,
        y: G1Bytes,
        validity: Validity,
        draw: &SecretBytes<32>,
    ) -> Certificate {
        let mut certificate = Certificate {
            epoch: system.epoch(),
            validity,
            y,
            proof: Proof::Plain(Plain {
                location: key.location(),
                ..Plain::BLANK
            }),
        };
        let location = key.location();
        let bind = |transcript: &mut Transcript| bind(&certificate, location, transcript);
        let signature = blmq::sign(system, domain::PLAIN, key.b(), bind, draw);
        certificate.proof = Proof::Plain(Plain { location, signature });
        certificate
    }
}

fn bind(certificate: &Certificate, location: Location, transcript: &mut Transcript) {
    certificate.bind(transcript);
    transcript.append("location", &location.to_bytes());
}

impl Plain {
    /// A proof of nothing, of the length of any.
    pub(crate) const BLANK: Plain = Plain {
        location: Location { x_cm: 0, y_cm: 0 },
        signature: Blmq::BLANK,
    };

    /// Does it hold for the certificate?
    pub(super) fn verify(&self, certificate: &Certificate, system: &System) -> bool {
        let y = self.location.scalar(system);
        let bind = |transcript: &mut Transcript| bind(certificate, self.location, transcript);
        blmq::verify(system, domain::PLAIN, Master::Rsu, &y, bind, &self.signature)
    }

    /// All of it, one part after the other.
    pub(super) fn to_bytes(self) -> [u8; 88] {
        let mut bytes = [0; 88];
        bytes[..8].copy_from_slice(&self.location.to_bytes());
        bytes[8..40].copy_from_slice(self.signature.c.as_ref());
        bytes[40..].copy_from_slice(self.signature.z.as_ref());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Issuer;
    use crate::testing;
    use roadveil_crypto::{Host, Scalar, g1_generator_mul};

    const LASTS: Validity = Validity {
        from: 10_000,
        until: 70_000,
    };

    #[test]
    fn it_holds_for_its_place_key_and_time() {
        let authority = testing::authority();
        let system = authority.system();
        let key = authority.rsu_key(testing::PLACE).expect("a key");
        let y = |n| g1_generator_mul(&Scalar::from_u64(n)).encode();
        let certificate = Certificate::issue_plain(system, &key, y(7), LASTS, &testing::draw());
        let Proof::Plain(plain) = certificate.proof else {
            unreachable!("it is plain")
        };
        assert!(certificate.check(system).answer(&Host::new(4)).is_valid());
        assert_eq!(certificate.check(system).charge(), blmq::VERIFY);
        assert_eq!(authority.open(&certificate), Ok(Issuer::Place(testing::PLACE)));
        let elsewhere = Location { x_cm: 1, y_cm: 2 };
        let signature = Blmq {
            c: y(3).0[..32]
                .try_into()
                .map(roadveil_crypto::ByteArray)
                .expect("32 bytes"),
            ..plain.signature
        };
        for wrong in [
            Certificate { y: y(8), ..certificate },
            Certificate {
                epoch: 2,
                ..certificate
            },
            Certificate {
                validity: Validity { until: 70_001, ..LASTS },
                ..certificate
            },
            Certificate {
                proof: Proof::Plain(Plain {
                    location: elsewhere,
                    ..plain
                }),
                ..certificate
            },
            Certificate {
                proof: Proof::Plain(Plain { signature, ..plain }),
                ..certificate
            },
        ] {
            assert!(!wrong.verify(system));
            assert_ne!(wrong.id(), certificate.id());
        }
        assert!(!certificate.verify(testing::authority_of(2).system()));
        // The key of one place does not sign for another.
        let posing = RsuKey::posing(*key.y(), authority.rsu_key(elsewhere).expect("a key").b().clone());
        let forged = Certificate::issue_plain(system, &posing, y(7), LASTS, &testing::draw());
        assert!(!forged.verify(system));
    }
}
