//! The key schedule of a key issue: from `R2` to one key for each sealed message.
//!
//! Published: `R2 = e(B_j, R1) = g^{r1}` seals. Derived: `R2` is static on the RSU's side, so who steals `B_j` later
//! decrypts all that was recorded, and nothing in `res1` is fresh. In **hardened** mode each side adds an X25519 share
//! and the RSU a nonce: `K = HKDF(R2 || X25519(E_obu, E_rsu); salt = R1 || E_obu || N_rsu || E_rsu; info = direction)`.
//! In **paper** mode there is `R2` alone, and a nonce that is drawn for each message and travels with it goes into the
//! salt. Either way a key seals one message: a retry resends identical bytes.

use roadveil_crypto::seal::{OVERHEAD, blocks};
use roadveil_crypto::{ByteArray, G2Bytes, Gt, Nonce, Op, OpenError, SealKey, SharedSecret, Transcript, derive_key};
use roadveil_role::{Cx, Reason};
use zeroize::Zeroizing;

use crate::messages::Sealed;
use crate::system::domain;

/// Longer than whatever is sealed here: what is longer is not even opened, let alone kept.
const LONGEST: usize = 512;

/// The name of one run of the key issue: the first eight bytes of a hash of `req1`.
pub type SessionId = ByteArray<8>;

/// A nonce that travels in clear.
pub type WireNonce = ByteArray<16>;

/// An X25519 share.
pub type Share = ByteArray<32>;

/// The sealed messages of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The RSU proves that it has `B_j`.
    Res1,
    /// The OBU asks.
    Req2,
    /// The RSU answers.
    Res2,
}

impl Part {
    fn direction(self) -> &'static str {
        match self {
            Part::Res1 => "rsu to obu: res1",
            Part::Req2 => "obu to rsu: req2",
            Part::Res2 => "rsu to obu: res2",
        }
    }

    fn nonce(self) -> Nonce {
        Nonce::new(match self {
            Part::Res1 => 1,
            Part::Req2 => 2,
            Part::Res2 => 3,
        })
    }
}

/// The name of the run that this `req1` opens.
pub fn session_id(r1: &G2Bytes, share: Option<&Share>) -> SessionId {
    let mut transcript = Transcript::new(domain::SESSION);
    transcript
        .append("R1", r1.as_ref())
        .append("E_obu", share.map_or(&[], |share| share.as_ref()));
    let digest = transcript.digest();
    let mut id = [0; 8];
    id.copy_from_slice(&digest.0[..8]);
    ByteArray(id)
}

/// What the shares of both sides add in hardened mode.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// The OBU's share.
    pub obu: Share,
    /// The RSU's nonce.
    pub nonce: WireNonce,
    /// The RSU's share.
    pub rsu: Share,
}

/// The secrets of a run, from which the key of each message is derived.
#[derive(Clone)]
pub struct Secrets {
    session: SessionId,
    r1: G2Bytes,
    r2: Zeroizing<Vec<u8>>,
    fresh: Option<(Fresh, Zeroizing<[u8; 32]>)>,
}

impl Secrets {
    /// Paper mode: `R2` alone.
    pub fn paper(r1: G2Bytes, r2: &Gt) -> Secrets {
        let session = session_id(&r1, None);
        Secrets {
            session,
            r1,
            r2: Zeroizing::new(r2.digest_bytes().to_vec()),
            fresh: None,
        }
    }

    /// Hardened mode: `R2`, and what the shares agree on.
    pub fn hardened(r1: G2Bytes, r2: &Gt, fresh: Fresh, agreed: &SharedSecret) -> Secrets {
        let session = session_id(&r1, Some(&fresh.obu));
        let agreed = Zeroizing::new(*agreed.as_bytes());
        Secrets {
            session,
            r1,
            r2: Zeroizing::new(r2.digest_bytes().to_vec()),
            fresh: Some((fresh, agreed)),
        }
    }

    /// The run's name.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// `R1`.
    pub fn r1(&self) -> &G2Bytes {
        &self.r1
    }

    /// The RSU's nonce, in hardened mode.
    pub fn rsu_nonce(&self) -> Option<&WireNonce> {
        self.fresh.as_ref().map(|(fresh, _)| &fresh.nonce)
    }

    /// The RSU's share, in hardened mode.
    pub fn rsu_share(&self) -> Option<&Share> {
        self.fresh.as_ref().map(|(fresh, _)| &fresh.rsu)
    }

    fn key(&self, part: Part, drawn: Option<&WireNonce>) -> SealKey {
        let drawn = drawn.map_or(&[][..], |nonce| nonce.as_ref());
        match &self.fresh {
            None => derive_key(&[&self.r2], &[self.r1.as_ref(), drawn], "ECPP paper", part.direction()),
            Some((fresh, agreed)) => derive_key(
                &[&self.r2, agreed.as_ref()],
                &[
                    self.r1.as_ref(),
                    fresh.obu.as_ref(),
                    fresh.nonce.as_ref(),
                    fresh.rsu.as_ref(),
                    drawn,
                ],
                "ECPP hardened",
                part.direction(),
            ),
        }
    }

    /// Seals one message. In paper mode `drawn` must be new for each.
    pub fn seal(&self, part: Part, drawn: Option<&WireNonce>, plaintext: &[u8]) -> Vec<u8> {
        self.key(part, drawn)
            .seal(part.nonce(), self.session.as_ref(), plaintext)
    }

    /// Opens one message.
    ///
    /// # Errors
    /// If it was not sealed so by the other side of this run.
    pub fn open(&self, part: Part, drawn: Option<&WireNonce>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.key(part, drawn).open(part.nonce(), self.session.as_ref(), sealed)
    }
}

impl core::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Secrets")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Charges the sealing of a text of that length, which a job does.
pub(crate) fn charge_seal(cx: &mut Cx<'_>, length: usize) {
    cx.meter().add(Op::Hkdf, 1);
    cx.meter().add(Op::AesGcmBlock, blocks(size_of::<SessionId>(), length));
}

/// Opens and charges as much as sealing did: the tag is no text.
pub(crate) fn open(
    cx: &mut Cx<'_>,
    secrets: &Secrets,
    part: Part,
    drawn: Option<&WireNonce>,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, Reason> {
    if sealed.0.len() > LONGEST {
        return Err(Reason::Malformed);
    }
    charge_seal(cx, sealed.0.len().saturating_sub(OVERHEAD));
    secrets.open(part, drawn, &sealed.0).map_err(|_| Reason::BadCiphertext)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use roadveil_crypto::{EphemeralShare, G1, G2, pairing};

    fn gt(n: u64) -> Gt {
        pairing(&G1::generator().mul(&n.into()), &G2::generator())
    }

    fn pair() -> (Secrets, Secrets) {
        let mut rng = testing::rng();
        let (obu, rsu) = (EphemeralShare::random(&mut rng), EphemeralShare::random(&mut rng));
        let fresh = Fresh {
            obu: obu.public(),
            nonce: ByteArray([7; 16]),
            rsu: rsu.public(),
        };
        let r1 = ByteArray([1; 96]);
        let one = Secrets::hardened(r1, &gt(5), fresh.clone(), &obu.agree(&fresh.rsu).expect("not zero"));
        let two = Secrets::hardened(r1, &gt(5), fresh.clone(), &rsu.agree(&fresh.obu).expect("not zero"));
        (one, two)
    }

    #[test]
    fn both_sides_derive_the_same_keys_and_each_message_has_its_own() {
        let (obu, rsu) = pair();
        let sealed = obu.seal(Part::Req2, None, b"please");
        assert_eq!(
            rsu.open(Part::Req2, None, &sealed).expect("opens").as_slice(),
            b"please"
        );
        assert!(rsu.open(Part::Res1, None, &sealed).is_err());
        assert!(
            rsu.open(Part::Res2, None, &sealed).is_err(),
            "what is sealed cannot be reflected"
        );
    }

    #[test]
    fn a_thief_of_b_j_needs_the_shares_too() {
        let (obu, _) = pair();
        let sealed = obu.seal(Part::Req2, None, b"please");
        let knows_r2 = Secrets::paper(ByteArray([1; 96]), &gt(5));
        assert!(knows_r2.open(Part::Req2, None, &sealed).is_err());
        // In paper mode R2 is all there is: derived weakness, kept.
        let nonce = ByteArray([9; 16]);
        let recorded = Secrets::paper(ByteArray([1; 96]), &gt(5)).seal(Part::Req2, Some(&nonce), b"please");
        assert!(knows_r2.open(Part::Req2, Some(&nonce), &recorded).is_ok());
    }

    #[test]
    fn drawn_nonces_keep_keys_apart() {
        let paper = Secrets::paper(ByteArray([1; 96]), &gt(5));
        let [one, two] = [1, 2].map(|n| paper.seal(Part::Res1, Some(&ByteArray([n; 16])), b"same"));
        assert_ne!(one, two);
        assert!(paper.open(Part::Res1, Some(&ByteArray([2; 16])), &one).is_err());
    }
}
