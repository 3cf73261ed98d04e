//! The requests of the key issue: how a run begins in clear, and what is asked under seal.

use std::sync::Arc;

use roadveil_crypto::{ByteArray, EphemeralShare, G2, G2Bytes, Op, Scalar, SecretBytes, Signature, SigningKey};
use roadveil_role::{Built, Cx, encode};
use zeroize::Zeroizing;

use crate::blmq::{self, Blmq};
use crate::keys::ObuKey;
use crate::messages::{Msg, Req2, Request, Sealed};
use crate::schedule::{Part, Secrets, SessionId, Share, WireNonce, charge_seal, session_id};
use crate::sigma1::Claim;
use crate::system::{Location, Master, System, Validity};

/// How a run begins, in clear.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) r1: G2Bytes,
    pub(super) share: Option<Share>,
    pub(super) session: SessionId,
}

impl Opening {
    /// `R1 = r1 (h(L_j) P' + U')`, the share, and the name that both give the run.
    pub(super) fn new(system: &System, rsu: Location, secret: &Scalar, share: Option<&EphemeralShare>) -> Opening {
        let base = G2::generator().mul(&rsu.scalar(system)) + *system.public(Master::Rsu);
        let r1 = base.mul(secret).encode();
        let share = share.map(EphemeralShare::public);
        Opening {
            r1,
            share,
            session: session_id(&r1, share.as_ref()),
        }
    }
}

/// A request to be: all that it takes to sign and seal it.
pub(super) struct Petition {
    pub(super) system: Arc<System>,
    pub(super) member: Arc<ObuKey>,
    pub(super) secrets: Arc<Secrets>,
    pub(super) key: Arc<SigningKey>,
    pub(super) validity: Validity,
    pub(super) draw: SecretBytes<32>,
    /// For the proof of possession, in hardened mode.
    pub(super) proof: Option<SecretBytes<32>>,
    /// In paper mode.
    pub(super) nonce: Option<WireNonce>,
}

impl Petition {
    fn claim(&self) -> Claim {
        Claim {
            rid: self.member.rid_bytes(),
            validity: self.validity,
            y: *self.key.public().bytes(),
        }
    }

    fn request(&self, sigma1: Blmq, proof: Option<Signature>) -> Request {
        let Claim { rid, validity, y } = self.claim();
        Request {
            rid,
            validity,
            y,
            sigma1,
            proof,
        }
    }

    /// Charges what building it costs. The signatures have their length before they are made.
    pub(super) fn charge(&self, cx: &mut Cx<'_>) {
        cx.meter().charge(blmq::SIGN);
        if self.proof.is_some() {
            cx.meter().add(Op::G1Mul, 1);
        }
        let blank = Signature {
            z: ByteArray([0; 16]),
            s: ByteArray([0; 32]),
        };
        let proof = self.proof.as_ref().map(|_| blank);
        charge_seal(cx, encode(&self.request(Blmq::BLANK, proof)).len());
    }

    /// Signs and seals it, and says what the RSU will ask.
    pub(super) fn build(self) -> Built {
        let (claim, r1) = (self.claim(), self.secrets.r1());
        let sigma1 = claim.sign(&self.system, &self.member, &self.draw);
        let possession = self.secrets.rsu_nonce().zip(self.proof.as_ref());
        let possession = possession.map(|(nonce, draw)| {
            let proof = claim.prove(&self.system, &self.key, r1, nonce, draw);
            (proof, claim.check_possession(&self.system, r1, nonce, proof))
        });
        let request = self.request(sigma1, possession.as_ref().map(|(proof, _)| *proof));
        let plain = Zeroizing::new(encode(&request));
        let sealed = Sealed(self.secrets.seal(Part::Req2, self.nonce.as_ref(), &plain));
        let built = Built::of(&Msg::Req2(Req2 {
            session: self.secrets.session(),
            nonce: self.nonce,
            sealed,
        }));
        let built = built.anticipating(claim.check(&self.system, sigma1));
        match possession {
            Some((_, check)) => built.anticipating(check),
            None => built,
        }
    }
}
