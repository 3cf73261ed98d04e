//! The protocol's messages.

use postcard_schema::Schema;
use roadveil_crypto::{Check, G1Bytes, SchnorrCheck, Signature};
use roadveil_role::{Body, Message};
use serde::{Deserialize, Serialize};

use crate::NUMBER;
use crate::group::{GroupKey, domain};
use crate::signature::{Nonce, Proof};

/// Everything that travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[expect(
    clippy::large_enum_variant,
    reason = "messages live for one callback; a box would be an allocation for each"
)]
pub enum Msg {
    /// OBU to all: a safety message.
    Safety(Safety),
    /// Authority to RSU, over the wires, and RSU to all: a page of the revocation list.
    Page(Page),
}

impl Message for Msg {
    const PROTOCOL: u8 = NUMBER;
}

/// A safety message: the body, signed on behalf of the group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Safety {
    /// What is signed.
    pub body: Body,
    /// `r`, from which the bases are hashed; absent if they are those of the body's period.
    pub nonce: Option<Nonce>,
    /// The group signature.
    pub proof: Proof,
}

/// Some tokens of the revocation list, signed by the authority. The list only grows: a page fills up, then the next begins.
/// Reconstruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Page {
    /// Which page.
    pub index: u32,
    /// Tokens of revoked members, in the order of their revocation.
    pub tokens: Vec<G1Bytes>,
    /// Schnorr under the authority's list key.
    pub signature: Signature,
}

impl Page {
    /// Most tokens on a page: with 768 bytes of them, and its signature, it is about as long as a safety message.
    pub const TOKENS: usize = 16;

    /// What the authority signs.
    pub fn statement(group: &GroupKey, index: u32, tokens: &[G1Bytes]) -> [u8; 32] {
        let mut transcript = group.transcript(domain::PAGE);
        transcript
            .append_u64("index", u64::from(index))
            .append_u64("length", tokens.len() as u64);
        for token in tokens {
            transcript.append("A", token.as_ref());
        }
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, group: &GroupKey) -> Check {
        Check::new(SchnorrCheck {
            domain: domain::PAGE,
            key: *group.list_key().bytes(),
            message: Page::statement(group, self.index, &self.tokens).into(),
            signature: self.signature,
        })
    }
}
