//! The protocol's messages.

use postcard_schema::Schema;
use roadveil_crypto::{Check, EcdsaCheck, P256Key, P256Signature, Transcript};
use roadveil_role::{Body, Message};
use serde::{Deserialize, Serialize};

use crate::NUMBER;
use crate::cert::{CertId, Certificate, domain};

/// Everything that travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub enum Msg {
    /// OBU to all: a safety message.
    Safety(Safety),
    /// Authority to RSU, over the wires, and RSU to all: a page of the revocation list.
    Page(Page),
}

impl Message for Msg {
    const PROTOCOL: u8 = NUMBER;
}

/// A safety message with its signature and the certificate of the key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Safety {
    /// What is signed.
    pub body: Body,
    /// Of the key under which.
    pub certificate: Certificate,
    /// ECDSA.
    pub signature: P256Signature,
}

impl Safety {
    /// What is signed: the body, and the name of the certificate.
    pub fn statement(body: &Body, id: &CertId) -> Vec<u8> {
        [body.bytes().as_slice(), id.as_ref()].concat()
    }

    /// The check of the signature.
    pub fn check(&self) -> Check {
        Check::new(EcdsaCheck {
            domain: domain::MESSAGE,
            key: self.certificate.key,
            message: Safety::statement(&self.body, &self.certificate.id()).into(),
            signature: self.signature,
        })
    }
}

/// Some names on the revocation list, signed by the authority. The list only grows: a page fills up, then the next begins.
/// Reconstruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Page {
    /// Which page.
    pub index: u32,
    /// Names of revoked certificates, in the order of their revocation.
    pub revoked: Vec<CertId>,
    /// ECDSA under the authority's key.
    pub signature: P256Signature,
}

impl Page {
    /// Most names on a page: 1024 bytes of them.
    pub const NAMES: usize = 128;

    /// What the authority signs.
    pub fn statement(index: u32, revoked: &[CertId]) -> [u8; 32] {
        let mut transcript = Transcript::new(domain::PAGE);
        transcript
            .append_u64("index", u64::from(index))
            .append_u64("length", revoked.len() as u64);
        for id in revoked {
            transcript.append("id", id.as_ref());
        }
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, authority: &P256Key) -> Check {
        Check::new(EcdsaCheck {
            domain: domain::PAGE,
            key: *authority,
            message: Page::statement(self.index, &self.revoked).as_slice().into(),
            signature: self.signature,
        })
    }
}
