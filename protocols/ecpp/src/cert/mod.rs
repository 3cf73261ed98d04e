//! Certificates of short-time keys, in one of two forms.

pub mod hidden;
pub mod plain;

use std::sync::Arc;

use postcard_schema::Schema;
use roadveil_crypto::{ByteArray, Charge, Check, CheckDigest, G1Bytes, Host, Question, SecretBytes, Transcript};
use roadveil_role::Stream;
use serde::{Deserialize, Serialize};

pub use hidden::{Hidden, Masks};
pub use plain::Plain;

use crate::blmq;
use crate::keys::RsuKey;
use crate::system::{System, Validity, domain};

/// The name of a certificate in messages that do not carry it: the first eight bytes of a hash of it.
pub type CertId = ByteArray<8>;

/// `(Y_i, T_i, Cert_i)`: a short-time public key that some RSU of this epoch vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Certificate {
    /// The epoch of the authority's masters.
    pub epoch: u32,
    /// The validity `T_i`.
    pub validity: Validity,
    /// The short-time public key `Y_i`.
    pub y: G1Bytes,
    /// The RSU's proof.
    pub proof: Proof,
}

/// How an RSU vouches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub enum Proof {
    /// By a proof that does not show which RSU it is.
    Hidden(Hidden),
    /// By its signature, with its place in the open.
    Plain(Plain),
}

/// One form or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// [`Hidden`].
    Hidden,
    /// [`Plain`].
    Plain,
}

impl Form {
    /// What signing costs.
    pub fn sign_charge(self) -> Charge {
        match self {
            Form::Hidden => hidden::SIGN,
            Form::Plain => blmq::SIGN,
        }
    }

    /// A proof of nothing, of the length of any of that form.
    pub(crate) fn blank(self) -> Proof {
        match self {
            Form::Hidden => Proof::Hidden(Hidden::BLANK),
            Form::Plain => Proof::Plain(Plain::BLANK),
        }
    }
}

/// What is drawn for one certificate.
#[derive(Debug)]
pub enum Draw {
    /// Of the one form.
    Hidden(Masks),
    /// Of the other.
    Plain(SecretBytes<32>),
}

impl Draw {
    /// Draws it.
    pub fn random(form: Form, rng: &mut Stream) -> Draw {
        match form {
            Form::Hidden => Draw::Hidden(Masks::random(rng)),
            Form::Plain => Draw::Plain(SecretBytes::random(rng)),
        }
    }
}

impl Certificate {
    /// Certifies a key in the form for which something was drawn.
    pub fn certify(system: &System, key: &RsuKey, y: G1Bytes, validity: Validity, drawn: &Draw) -> Certificate {
        match drawn {
            Draw::Hidden(masks) => Certificate::issue(system, key, y, validity, masks),
            Draw::Plain(draw) => Certificate::issue_plain(system, key, y, validity, draw),
        }
    }

    /// Which form it has.
    pub fn form(&self) -> Form {
        match self.proof {
            Proof::Hidden(_) => Form::Hidden,
            Proof::Plain(_) => Form::Plain,
        }
    }

    /// Did an RSU of this system issue it? Its validity in time is the receiver's business.
    pub fn verify(&self, system: &System) -> bool {
        self.epoch == system.epoch()
            && match &self.proof {
                Proof::Hidden(hidden) => hidden.verify(self, system).unwrap_or(false),
                Proof::Plain(plain) => plain.verify(self, system),
            }
    }

    fn bind(&self, transcript: &mut Transcript) {
        transcript
            .append_u64("epoch", u64::from(self.epoch))
            .append("Y", self.y.as_ref());
        transcript
            .append_u64("from", self.validity.from)
            .append_u64("until", self.validity.until);
    }

    /// Its name in messages that do not carry it.
    pub fn id(&self) -> CertId {
        let mut transcript = Transcript::new(domain::CERTIFICATE_ID);
        self.bind(&mut transcript);
        // The forms differ in their lengths, which are part of what is hashed.
        match self.proof {
            Proof::Hidden(hidden) => transcript.append("proof", &hidden.to_bytes()),
            Proof::Plain(plain) => transcript.append("proof", &plain.to_bytes()),
        };
        let digest = transcript.digest();
        let mut id = [0; 8];
        id.copy_from_slice(&digest.0[..8]);
        ByteArray(id)
    }

    /// The check, to be asked of the context.
    pub fn check(self, system: &Arc<System>) -> Check {
        Check::new(CertificateCheck {
            system: system.clone(),
            certificate: self,
        })
    }
}

/// Does a certificate hold?
#[derive(Debug)]
struct CertificateCheck {
    system: Arc<System>,
    certificate: Certificate,
}

impl Question for CertificateCheck {
    fn scheme(&self) -> &'static str {
        domain::CERTIFICATE
    }

    fn inputs(&self, digest: &mut CheckDigest) {
        let Certificate {
            epoch,
            validity,
            y,
            proof,
        } = &self.certificate;
        digest
            .append("parameters", self.system.digest().as_ref())
            .append_u64("epoch", u64::from(*epoch));
        digest
            .append_u64("from", validity.from)
            .append_u64("until", validity.until);
        digest.append("Y", y.as_ref());
        match proof {
            Proof::Hidden(hidden) => digest.append("proof", &hidden.to_bytes()),
            Proof::Plain(plain) => digest.append("proof", &plain.to_bytes()),
        };
    }

    fn charge(&self) -> Charge {
        match self.certificate.proof {
            Proof::Hidden(_) => hidden::VERIFY,
            Proof::Plain(_) => blmq::VERIFY,
        }
    }

    fn answer(&self, _: &Host) -> bool {
        self.certificate.verify(&self.system)
    }
}
