//! The group public key, and what separates the protocol's hashes.

use roadveil_crypto::{Digest, G1, G2, PreparedG2, PublicKey, Transcript};

use crate::params::Mode;

/// Separates the protocol's hashes from all others and from each other.
pub mod domain {
    /// The digest of the group public key.
    pub const GROUP: &str = "ROADVEIL-GSB-V1-GROUP";
    /// What the bases of a signature are hashed from: `H0` of the paper.
    pub const BASES: &str = "ROADVEIL-GSB-V1-BASES";
    /// The base in G2.
    pub const U_HAT: &str = "ROADVEIL-GSB-V1-U-HAT_BLS12381G2_XMD:SHA-256_SSWU_RO_";
    /// The base in G1.
    pub const V: &str = "ROADVEIL-GSB-V1-V_BLS12381G1_XMD:SHA-256_SSWU_RO_";
    /// The challenge of a signature: `H` of the paper.
    pub const SIGNATURE: &str = "ROADVEIL-GSB-V1-SIGNATURE";
    /// Whether a signer is on a revocation list.
    pub const REVOCATION: &str = "ROADVEIL-GSB-V1-REVOCATION";
    /// The name of a tag in a table of revoked ones.
    pub const TAG: &str = "ROADVEIL-GSB-V1-TAG";
    /// The digest of a set of tokens.
    pub const TOKENS: &str = "ROADVEIL-GSB-V1-TOKENS";
    /// A page of the revocation list.
    pub const PAGE: &str = "ROADVEIL-GSB-V1-PAGE";
    /// Hedged nonces.
    pub const NONCE: &str = "ROADVEIL-GSB-V1-NONCE";
    /// Weights of the check of many keys at once.
    pub const WEIGHTS: &str = "ROADVEIL-GSB-V1-WEIGHTS";
}

/// The group public key `gpk = (P, P', w)` with `w = gamma P'`, and what makes it fast to use.
///
/// In its digest are also, and these are ours: the mode of the revocation check, so that a signature of one mode means
/// nothing in the other, and the key under which the manager signs its revocation list.
#[derive(Debug)]
pub struct GroupKey {
    digest: Digest,
    mode: Mode,
    w: G2,
    list_key: PublicKey,
    p_lines: PreparedG2,
    w_lines: PreparedG2,
}

impl GroupKey {
    /// Gathers the parts and takes their digest.
    pub fn new(w: G2, mode: Mode, list_key: PublicKey) -> GroupKey {
        let mut transcript = Transcript::new(domain::GROUP);
        transcript
            .append("P", G1::generator().encode().as_ref())
            .append("P'", G2::generator().encode().as_ref())
            .append("w", w.encode().as_ref());
        match mode {
            Mode::Linear => transcript.append("mode", b"linear"),
            Mode::Fast { period_ms } => transcript.append("mode", b"fast").append_u64("period", period_ms),
        };
        transcript.append("list key", list_key.bytes().as_ref());
        GroupKey {
            digest: transcript.digest(),
            mode,
            p_lines: PreparedG2::new(&G2::generator()),
            w_lines: PreparedG2::new(&w),
            w,
            list_key,
        }
    }

    /// The digest that every hash of the scheme includes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// How bases are made, and so how revocation is checked.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// `w = gamma P'`.
    pub fn w(&self) -> &G2 {
        &self.w
    }

    /// The key under which the revocation list is signed.
    pub fn list_key(&self) -> PublicKey {
        self.list_key
    }

    /// The lines of `P'`.
    pub fn p_lines(&self) -> &PreparedG2 {
        &self.p_lines
    }

    /// The lines of `w`.
    pub fn w_lines(&self) -> &PreparedG2 {
        &self.w_lines
    }

    /// A transcript that includes this key.
    pub fn transcript(&self, domain: &'static str) -> Transcript {
        let mut transcript = Transcript::new(domain);
        transcript.append("group", self.digest.as_ref());
        transcript
    }
}
