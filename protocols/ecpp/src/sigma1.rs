//! What an OBU signs when it asks for a key: `sigma_1` and the proof of possession.

use std::sync::Arc;

use roadveil_crypto::{
    ByteArray, Charge, Check, CheckDigest, G1Bytes, G2Bytes, Host, Question, Scalar, ScalarBytes, SchnorrCheck,
    SecretBytes, Signature, SigningKey, Transcript,
};

use crate::blmq::{self, Blmq};
use crate::keys::ObuKey;
use crate::system::{Master, System, Validity, domain};

/// What `sigma_1` is about: `RID_i, T_i, Y_i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The pseudo-identity `RID_i`.
    pub rid: ScalarBytes,
    /// The validity `T_i`.
    pub validity: Validity,
    /// The short-time public key `Y_i`.
    pub y: G1Bytes,
}

impl Claim {
    fn bind(&self, transcript: &mut Transcript) {
        transcript.append("RID", self.rid.as_ref());
        transcript
            .append_u64("from", self.validity.from)
            .append_u64("until", self.validity.until);
        transcript.append("Y", self.y.as_ref());
    }

    /// `sigma_1` under the member key `S_i`, with a draw of its own. Reconstruction.
    pub fn sign(&self, system: &System, key: &ObuKey, draw: &SecretBytes<32>) -> Blmq {
        blmq::sign(
            system,
            domain::SIGMA1,
            key.s(),
            |transcript| self.bind(transcript),
            draw,
        )
    }

    /// `sigma_1` with this nonce: for test vectors.
    pub fn sign_with(&self, system: &System, key: &ObuKey, k: &Scalar) -> Blmq {
        blmq::sign_with(system, domain::SIGMA1, key.s(), |transcript| self.bind(transcript), k)
    }

    /// Does `sigma_1` hold?
    pub fn verify(&self, system: &System, sigma1: &Blmq) -> bool {
        let Ok(rid) = Scalar::from_bytes(&self.rid) else {
            return false;
        };
        blmq::verify(
            system,
            domain::SIGMA1,
            Master::Obu,
            &rid,
            |transcript| self.bind(transcript),
            sigma1,
        )
    }

    /// The check of `sigma_1`, to be asked of the context.
    pub fn check(self, system: &Arc<System>, sigma1: Blmq) -> Check {
        Check::new(Sigma1Check {
            system: system.clone(),
            claim: self,
            sigma1,
        })
    }

    /// What the proof of possession signs: the claim, `R1` and the RSU's nonce, else a bad RSU could replay it.
    fn possession(&self, system: &System, r1: &G2Bytes, nonce: &ByteArray<16>) -> [u8; 32] {
        let mut transcript = system.transcript(domain::POSSESSION);
        self.bind(&mut transcript);
        transcript.append("R1", r1.as_ref()).append("N_rsu", nonce.as_ref());
        transcript.digest().0
    }

    /// Proves knowledge of `x_i` with `Y_i = x_i P`, with a draw of its own. Reconstruction, in hardened mode.
    pub fn prove(
        &self,
        system: &System,
        key: &SigningKey,
        r1: &G2Bytes,
        nonce: &ByteArray<16>,
        draw: &SecretBytes<32>,
    ) -> Signature {
        key.sign_hedged(&self.possession(system, r1, nonce), domain::POSSESSION, draw)
    }

    /// The check of the proof of possession.
    pub fn check_possession(&self, system: &System, r1: &G2Bytes, nonce: &ByteArray<16>, proof: Signature) -> Check {
        let message = self.possession(system, r1, nonce).into();
        Check::new(SchnorrCheck {
            domain: domain::POSSESSION,
            key: self.y,
            message,
            signature: proof,
        })
    }
}

/// Does `sigma_1` hold on a claim?
#[derive(Debug)]
struct Sigma1Check {
    system: Arc<System>,
    claim: Claim,
    sigma1: Blmq,
}

impl Question for Sigma1Check {
    fn scheme(&self) -> &'static str {
        domain::SIGMA1
    }

    fn inputs(&self, digest: &mut CheckDigest) {
        digest
            .append("parameters", self.system.digest().as_ref())
            .append("RID", self.claim.rid.as_ref());
        digest
            .append_u64("from", self.claim.validity.from)
            .append_u64("until", self.claim.validity.until);
        digest.append("Y", self.claim.y.as_ref());
        digest
            .append("c", self.sigma1.c.as_ref())
            .append("Z", self.sigma1.z.as_ref());
    }

    fn charge(&self) -> Charge {
        blmq::VERIFY
    }

    fn answer(&self, _: &Host) -> bool {
        self.claim.verify(&self.system, &self.sigma1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn binds_identity_validity_and_key() {
        let authority = testing::authority();
        let system = authority.system();
        let key = authority.obu_key(Scalar::from_u64(9)).expect("a key");
        let mut rng = testing::rng();
        let short = SigningKey::random(&mut rng);
        let claim = Claim {
            rid: key.rid_bytes(),
            validity: Validity { from: 0, until: 60_000 },
            y: *short.public().bytes(),
        };
        let sigma1 = claim.sign(system, &key, &testing::draw());
        assert!(claim.check(system, sigma1).answer(&Host::new(4)).is_valid());
        let other = SigningKey::random(&mut rng);
        for wrong in [
            Claim {
                rid: Scalar::from_u64(10).to_bytes(),
                ..claim
            },
            Claim {
                validity: Validity { from: 0, until: 60_001 },
                ..claim
            },
            Claim {
                validity: Validity { from: 1, until: 60_000 },
                ..claim
            },
            Claim {
                y: *other.public().bytes(),
                ..claim
            },
        ] {
            assert!(!wrong.check(system, sigma1).answer(&Host::new(4)).is_valid());
        }
    }

    #[test]
    fn possession_is_bound_to_the_exchange() {
        let authority = testing::authority();
        let system = authority.system();
        let mut rng = testing::rng();
        let short = SigningKey::random(&mut rng);
        let claim = Claim {
            rid: Scalar::from_u64(9).to_bytes(),
            validity: Validity { from: 0, until: 60_000 },
            y: *short.public().bytes(),
        };
        let (r1, nonce) = (ByteArray([1; 96]), ByteArray([2; 16]));
        let proof = claim.prove(system, &short, &r1, &nonce, &testing::draw());
        let valid = |claim: Claim, r1, nonce| {
            claim
                .check_possession(system, &r1, &nonce, proof)
                .answer(&Host::new(4))
                .is_valid()
        };
        assert!(valid(claim, r1, nonce));
        assert!(!valid(claim, ByteArray([3; 96]), nonce));
        assert!(!valid(claim, r1, ByteArray([3; 16])));
        assert!(!valid(
            Claim {
                rid: Scalar::from_u64(10).to_bytes(),
                ..claim
            },
            r1,
            nonce
        ));
    }
}
