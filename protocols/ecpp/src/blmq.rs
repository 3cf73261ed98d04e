//! BLMQ identity-based signatures (Barreto, Libert, McCullagh, Quisquater 2005) on keys of the form `1/(m + id) P`.
//!
//! Reconstruction: the paper's `sigma_1` and its RSU beacon were not readable. `sigma_1` is this signature under the
//! OBU's `S_i`, the RSU's beacon the same under `B_j`.
//!
//! `k <- Z_q*; w = g^k; c = H(w, ...); Z = (k + c) S`; the signature is `(c, Z)`. To verify,
//! `w' = e(Z, id P' + M') g^{-c}`, accepted iff `c = H(w', ...)`. Executed without arithmetic in the target group:
//! `g^k = e(kP, P')` and `w' = e(id Z - cP, P') e(Z, M')`, both with precomputed lines.

use postcard_schema::Schema;
use roadveil_crypto::{
    ByteArray, Charge, G1, G1Bytes, Gt, Op, Scalar, ScalarBytes, SecretBytes, Transcript, g1_generator_mul,
    pairing_product_prepared,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keys::SecretPoint;
use crate::system::{Master, System, domain};

/// A signature `(c, Z)`, 80 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Blmq {
    /// The challenge.
    pub c: ScalarBytes,
    /// `Z = (k + c) S`.
    pub z: G1Bytes,
}

impl Blmq {
    /// No signature, of the length of any.
    pub(crate) const BLANK: Blmq = Blmq {
        c: ByteArray([0; 32]),
        z: ByteArray([0; 48]),
    };
}

/// What signing costs in the paper's form: `g^k` and one multiplication.
pub const SIGN: Charge = Charge::of(Op::GtExp, 1).and(Op::G1Mul, 1);

/// What verifying costs in the paper's form: `id P'`, one pairing and `g^{-c}`.
pub const VERIFY: Charge = Charge::of(Op::G2Mul, 1).and(Op::Pairing, 1).and(Op::GtExp, 1);

/// Signs what `bind` appends to the challenge's transcript. The nonce is hedged: a hash of key, statement and `draw`,
/// which is for this signature alone.
pub fn sign(
    system: &System,
    domain: &'static str,
    key: &SecretPoint,
    bind: impl Fn(&mut Transcript),
    draw: &SecretBytes<32>,
) -> Blmq {
    let mut hedge = system.transcript(domain::NONCE);
    hedge
        .append("domain", domain.as_bytes())
        .append("key", key.expose().encode().as_ref());
    hedge.append("draw", draw.expose());
    bind(&mut hedge);
    sign_with(system, domain, key, bind, &Zeroizing::new(hedge.scalar()))
}

/// Signs with this nonce: for test vectors.
pub fn sign_with(
    system: &System,
    domain: &'static str,
    key: &SecretPoint,
    bind: impl Fn(&mut Transcript),
    k: &Scalar,
) -> Blmq {
    let w = pairing_product_prepared(&[(g1_generator_mul(k), system.p_lines())]);
    let c = challenge(system, domain, &w, bind);
    Blmq {
        c: c.to_bytes(),
        z: key.expose().mul(&Zeroizing::new(*k + c)).encode(),
    }
}

/// Was `signature` made with the key of `id` under `master`, on what `bind` appends?
pub fn verify(
    system: &System,
    domain: &'static str,
    master: Master,
    id: &Scalar,
    bind: impl Fn(&mut Transcript),
    signature: &Blmq,
) -> bool {
    let (Ok(c), Ok(z)) = (Scalar::from_bytes(&signature.c), G1::decode(&signature.z)) else {
        return false;
    };
    let left = z.mul(id) - g1_generator_mul(&c);
    let w = pairing_product_prepared(&[(left, system.p_lines()), (z, system.lines(master))]);
    challenge(system, domain, &w, bind) == c
}

fn challenge(system: &System, domain: &'static str, w: &Gt, bind: impl Fn(&mut Transcript)) -> Scalar {
    let mut transcript = system.transcript(domain);
    transcript.append("w", &w.digest_bytes());
    bind(&mut transcript);
    transcript.scalar()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn say(text: &'static str) -> impl Fn(&mut Transcript) {
        move |transcript| {
            transcript.append("text", text.as_bytes());
        }
    }

    #[test]
    fn holds_for_its_key_statement_domain_and_master_only() {
        let authority = testing::authority();
        let system = authority.system();
        let id = Scalar::from_u64(5);
        let key = authority.obu_key(id).expect("a key");
        let signature = sign(system, domain::SIGMA1, key.s(), say("yes"), &testing::draw());
        assert!(verify(system, domain::SIGMA1, Master::Obu, &id, say("yes"), &signature));
        assert!(!verify(system, domain::SIGMA1, Master::Obu, &id, say("no"), &signature));
        assert!(!verify(
            system,
            domain::BEACON,
            Master::Obu,
            &id,
            say("yes"),
            &signature
        ));
        assert!(!verify(
            system,
            domain::SIGMA1,
            Master::Rsu,
            &id,
            say("yes"),
            &signature
        ));
        assert!(!verify(
            system,
            domain::SIGMA1,
            Master::Obu,
            &Scalar::from_u64(6),
            say("yes"),
            &signature
        ));
        let other = testing::authority_of(2);
        assert!(!verify(
            other.system(),
            domain::SIGMA1,
            Master::Obu,
            &id,
            say("yes"),
            &signature
        ));
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let authority = testing::authority();
        let system = authority.system();
        let id = Scalar::from_u64(5);
        let key = authority.obu_key(id).expect("a key");
        let signature = sign(system, domain::SIGMA1, key.s(), say("yes"), &testing::draw());
        for bit in (0..256).step_by(37) {
            let mut bad = signature;
            bad.c.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(system, domain::SIGMA1, Master::Obu, &id, say("yes"), &bad));
        }
        for bit in (0..384).step_by(53) {
            let mut bad = signature;
            bad.z.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(system, domain::SIGMA1, Master::Obu, &id, say("yes"), &bad));
        }
    }

    #[test]
    fn nonces_differ_by_statement_and_by_draw() {
        let authority = testing::authority();
        let key = authority.obu_key(Scalar::from_u64(5)).expect("a key");
        let sign = |text, draw| sign(authority.system(), domain::SIGMA1, key.s(), say(text), &draw).z;
        let first = sign("yes", testing::draw());
        assert_ne!(first, sign("yes", SecretBytes::new([1; 32])));
        assert_ne!(first, sign("no", testing::draw()));
        assert_eq!(first, sign("yes", testing::draw()));
    }
}
