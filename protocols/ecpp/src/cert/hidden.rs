//! The location-hiding certificate.
//!
//! Reconstruction: a group-type signature on `(Y_i, T_i)` that proves possession of some `B_j = 1/(u + y) P` with
//! `y = h(L_j)` and shows neither. It is the proof of Boneh, Boyen and Shacham (2004) with one ElGamal mask instead of
//! linear encryption. Soundness rests on q-SDH; hiding the place rests on DDH in G1, and fails if `xi P'` or `xi U'`
//! is ever published. Its cost, 9 multiplications and 3 pairings, with a message signature of 2 multiplications makes
//! the `3 T_pair + 11 T_pmul` that literature quotes for ECPP: evidence, not proof, that the paper's is alike.
//!
//! Sign, with `B = B_j`:
//! 1. `a <- Z_q*; T_1 = a H0; T_2 = B + a H1; d = a y`
//! 2. `r_a, r_y, r_d <- Z_q*`
//! 3. `D1 = r_a H0; D2 = r_y T_1 - r_d H0; D3 = e(r_y T_2 - r_d H1, P') e(-r_a H1, U')`
//! 4. `c = H(Y_i, T_i, T_1, T_2, D1, D2, D3); s_a = r_a + c a; s_y = r_y + c y; s_d = r_d + c d`
//!
//! Verify: `D1' = s_a H0 - c T_1; D2' = s_y T_1 - s_d H0;
//! D3' = e(T_2, s_y P' + c U') e(H1, -s_a U' - s_d P') e(-cP, P')`, accepted iff `c = H(...)`.
//! Executed with two pairings whose second arguments are fixed:
//! `D3' = e(s_y T_2 - s_d H1 - cP, P') e(c T_2 - s_a H1, U')`.

use postcard_schema::Schema;
use roadveil_crypto::{
    ByteArray, Charge, DecodeError, G1, G1Bytes, Gt, Op, Scalar, ScalarBytes, g1_generator_mul,
    pairing_product_prepared,
};
use roadveil_role::Stream;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Certificate, Proof};
use crate::keys::RsuKey;
use crate::system::{Master, System, Validity, domain};

/// What signing costs in the paper's form: eight multiplications and two pairings.
pub const SIGN: Charge = Charge::of(Op::G1Mul, 8).and(Op::Pairing, 2);

/// What verifying costs in the paper's form: nine multiplications and three pairings.
pub const VERIFY: Charge = Charge::of(Op::G1Mul, 9).and(Op::Pairing, 3);

/// The proof `(T_1, T_2, c, s_a, s_y, s_d)`, 224 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Hidden {
    /// `T_1 = a H0`.
    pub t1: G1Bytes,
    /// `T_2 = B_j + a H1`.
    pub t2: G1Bytes,
    /// The challenge.
    pub c: ScalarBytes,
    /// `s_a = r_a + c a`.
    pub s_a: ScalarBytes,
    /// `s_y = r_y + c h(L_j)`.
    pub s_y: ScalarBytes,
    /// `s_d = r_d + c a h(L_j)`.
    pub s_d: ScalarBytes,
}

/// The secrets of one signature.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Masks {
    /// Hides `B_j`.
    pub a: Scalar,
    /// Hides `a`.
    pub r_a: Scalar,
    /// Hides `h(L_j)`.
    pub r_y: Scalar,
    /// Hides `a h(L_j)`.
    pub r_d: Scalar,
}

impl Masks {
    /// Draws them.
    pub fn random(rng: &mut Stream) -> Masks {
        let mut draw = || Scalar::random(rng);
        Masks {
            a: draw(),
            r_a: draw(),
            r_y: draw(),
            r_d: draw(),
        }
    }
}

impl core::fmt::Debug for Masks {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Masks(..)")
    }
}

impl Certificate {
    /// Certifies a key with masks drawn for it alone. They are hedged against a repeated draw by hashing them with key and
    /// statement.
    pub fn issue(system: &System, key: &RsuKey, y: G1Bytes, validity: Validity, drawn: &Masks) -> Certificate {
        let hedge = |label: &'static str, drawn: &Scalar| {
            let mut hedge = system.transcript(domain::NONCE);
            hedge
                .append("mask", label.as_bytes())
                .append("key", key.b().expose().encode().as_ref());
            hedge.append("draw", drawn.to_bytes().as_ref()).append("Y", y.as_ref());
            hedge
                .append_u64("from", validity.from)
                .append_u64("until", validity.until);
            hedge.scalar()
        };
        let masks = Masks {
            a: hedge("a", &drawn.a),
            r_a: hedge("r_a", &drawn.r_a),
            r_y: hedge("r_y", &drawn.r_y),
            r_d: hedge("r_d", &drawn.r_d),
        };
        Certificate::issue_with(system, key, y, validity, &masks)
    }

    /// Certifies a key with these masks: for test vectors.
    pub fn issue_with(system: &System, key: &RsuKey, y: G1Bytes, validity: Validity, masks: &Masks) -> Certificate {
        let Masks { a, r_a, r_y, r_d } = masks;
        let b = key.b().expose();
        let t1 = system.h0(a);
        let t2 = *b + system.h1(a);
        // `r_y T_1 - r_d H0` and `r_y T_2 - r_d H1` with `T_1` and `T_2` written out, so that tables serve.
        let r = *r_y * *a - *r_d;
        let d3 = pairing_product_prepared(&[
            (b.mul(r_y) + system.h1(&r), system.p_lines()),
            (-system.h1(r_a), system.lines(Master::Rsu)),
        ]);
        let mut proof = Hidden {
            t1: t1.encode(),
            t2: t2.encode(),
            ..Hidden::BLANK
        };
        let mut certificate = Certificate {
            epoch: system.epoch(),
            validity,
            y,
            proof: Proof::Hidden(proof),
        };
        let c = proof.challenge(&certificate, system, &system.h0(r_a), &system.h0(&r), &d3);
        proof.c = c.to_bytes();
        proof.s_a = (*r_a + c * *a).to_bytes();
        proof.s_y = (*r_y + c * *key.y()).to_bytes();
        proof.s_d = (*r_d + c * (*a * *key.y())).to_bytes();
        certificate.proof = Proof::Hidden(proof);
        certificate
    }
}

impl Hidden {
    /// A proof of nothing, of the length of any.
    pub(crate) const BLANK: Hidden = Hidden {
        t1: ByteArray([0; 48]),
        t2: ByteArray([0; 48]),
        c: ByteArray([0; 32]),
        s_a: ByteArray([0; 32]),
        s_y: ByteArray([0; 32]),
        s_d: ByteArray([0; 32]),
    };

    /// Does it hold for the certificate?
    pub(super) fn verify(&self, certificate: &Certificate, system: &System) -> Result<bool, DecodeError> {
        let (t1, t2) = (G1::decode(&self.t1)?, G1::decode(&self.t2)?);
        let (c, s_a) = (Scalar::from_bytes(&self.c)?, Scalar::from_bytes(&self.s_a)?);
        let (s_y, s_d) = (Scalar::from_bytes(&self.s_y)?, Scalar::from_bytes(&self.s_d)?);
        let d1 = system.h0(&s_a) - t1.mul(&c);
        let d2 = t1.mul(&s_y) - system.h0(&s_d);
        let d3 = pairing_product_prepared(&[
            (t2.mul(&s_y) - system.h1(&s_d) - g1_generator_mul(&c), system.p_lines()),
            (t2.mul(&c) - system.h1(&s_a), system.lines(Master::Rsu)),
        ]);
        Ok(self.challenge(certificate, system, &d1, &d2, &d3) == c)
    }

    fn challenge(&self, certificate: &Certificate, system: &System, d1: &G1, d2: &G1, d3: &Gt) -> Scalar {
        let mut transcript = system.transcript(domain::CERTIFICATE);
        certificate.bind(&mut transcript);
        transcript.append("T1", self.t1.as_ref()).append("T2", self.t2.as_ref());
        transcript
            .append("D1", d1.encode().as_ref())
            .append("D2", d2.encode().as_ref());
        transcript.append("D3", &d3.digest_bytes());
        transcript.scalar()
    }

    /// All of it, one part after the other.
    pub(super) fn to_bytes(self) -> [u8; 224] {
        let mut bytes = [0; 224];
        let parts: [&[u8]; 6] = [&self.t1.0, &self.t2.0, &self.c.0, &self.s_a.0, &self.s_y.0, &self.s_d.0];
        let mut rest = bytes.as_mut_slice();
        for part in parts {
            let (place, after) = rest.split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = after;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Authority, Issuer, SecretPoint};
    use crate::system::Location;
    use crate::testing;
    use roadveil_crypto::{G2, Host, pairing, tally};

    const LASTS: Validity = Validity {
        from: 10_000,
        until: 70_000,
    };

    fn fresh(authority: &Authority) -> (Certificate, RsuKey) {
        let key = authority.rsu_key(testing::PLACE).expect("a key");
        let y = g1_generator_mul(&Scalar::from_u64(1234)).encode();
        (
            Certificate::issue(authority.system(), &key, y, LASTS, &Masks::random(&mut testing::rng())),
            key,
        )
    }

    fn proof_of(certificate: &Certificate) -> Hidden {
        match certificate.proof {
            Proof::Hidden(hidden) => hidden,
            Proof::Plain(_) => unreachable!("it hides its issuer"),
        }
    }

    #[test]
    fn holds_and_opens_to_its_issuer() {
        let authority = testing::authority();
        let (certificate, key) = fresh(&authority);
        assert!(certificate.verify(authority.system()));
        assert!(certificate.check(authority.system()).answer(&Host::new(4)).is_valid());
        let of = |key: &RsuKey| Ok(Issuer::Key(key.b().expose().encode()));
        assert_eq!(authority.open(&certificate), of(&key));
        let elsewhere = authority.rsu_key(Location { x_cm: 0, y_cm: 0 }).expect("a key");
        assert_ne!(authority.open(&certificate), of(&elsewhere));
    }

    #[test]
    fn every_part_is_bound() {
        let authority = testing::authority();
        let (certificate, _) = fresh(&authority);
        let other = g1_generator_mul(&Scalar::from_u64(4321)).encode();
        let proof = proof_of(&certificate);
        let with = |proof| Certificate {
            proof: Proof::Hidden(proof),
            ..certificate
        };
        for wrong in [
            Certificate {
                y: other,
                ..certificate
            },
            Certificate {
                validity: Validity { until: 70_001, ..LASTS },
                ..certificate
            },
            Certificate {
                validity: Validity { from: 9_999, ..LASTS },
                ..certificate
            },
            Certificate {
                epoch: 2,
                ..certificate
            },
            with(Hidden { t1: other, ..proof }),
            with(Hidden { t2: other, ..proof }),
        ] {
            assert!(!wrong.verify(authority.system()));
            assert_ne!(wrong.id(), certificate.id());
        }
        let plain = proof.to_bytes();
        for bit in (0..8 * 224).step_by(97) {
            let mut bytes = plain;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut parts = bytes.as_slice();
            let mut take = |n: usize| {
                let (part, rest) = parts.split_at(n);
                parts = rest;
                part.to_vec()
            };
            let mut point = || ByteArray(take(48).try_into().expect("48 bytes"));
            let (t1, t2) = (point(), point());
            let mut scalar = || ByteArray(take(32).try_into().expect("32 bytes"));
            let proof = Hidden {
                t1,
                t2,
                c: scalar(),
                s_a: scalar(),
                s_y: scalar(),
                s_d: scalar(),
            };
            assert!(!with(proof).verify(authority.system()), "bit {bit}");
        }
    }

    #[test]
    fn another_epoch_does_not_hold() {
        let (certificate, _) = fresh(&testing::authority_of(1));
        let next = testing::authority_of(2);
        assert!(!certificate.verify(next.system()));
        assert!(
            !Certificate {
                epoch: 2,
                ..certificate
            }
            .verify(next.system())
        );
    }

    /// The paper's own form, with three pairings and multiplications in both groups, gives the same commitments.
    #[test]
    fn the_executed_form_equals_the_papers() {
        let authority = testing::authority();
        let system = authority.system();
        let (certificate, _) = fresh(&authority);
        let proof = proof_of(&certificate);
        let Hidden {
            t1,
            t2,
            c,
            s_a,
            s_y,
            s_d,
        } = &proof;
        let point = |bytes| G1::decode(bytes).expect("a point");
        let scalar = |bytes| Scalar::from_bytes(bytes).expect("a scalar");
        let (t1, t2) = (point(t1), point(t2));
        let (c, s_a, s_y, s_d) = (scalar(c), scalar(s_a), scalar(s_y), scalar(s_d));
        let (p, u) = (G2::generator(), *system.public(Master::Rsu));
        let (h0, h1) = (system.h0(&Scalar::ONE), system.h1(&Scalar::ONE));
        let d1 = h0.mul(&s_a) - t1.mul(&c);
        let d2 = t1.mul(&s_y) - h0.mul(&s_d);
        let d3 = pairing(&t2, &(p.mul(&s_y) + u.mul(&c)))
            * pairing(&h1, &-(u.mul(&s_a) + p.mul(&s_d)))
            * pairing(&-g1_generator_mul(&c), &p);
        assert_eq!(proof.challenge(&certificate, system, &d1, &d2, &d3), c);
    }

    /// The attack that separate masters prevent: with one master, a member key is as good as an RSU's.
    #[test]
    fn an_obu_certifies_itself_only_if_one_master_serves_both() {
        let mut streams = roadveil_role::Streams::new(3, "ta", "ta");
        let mut draw = |purpose| zeroize::Zeroizing::new(Scalar::random(streams.get(purpose, 0)));
        let (u, v, xi) = (draw("u"), draw("v"), draw("xi"));
        let list_key = || roadveil_crypto::SigningKey::from_scalar(&Scalar::from_u64(8)).expect("not zero");
        let forge = |authority: &Authority| {
            let member = authority.obu_key(Scalar::from_u64(99)).expect("a key");
            let posing = RsuKey::posing(*member.rid(), SecretPoint::new(*member.s().expose()));
            let y = g1_generator_mul(&Scalar::from_u64(7)).encode();
            let forever = Validity {
                from: 0,
                until: u64::MAX,
            };
            Certificate::issue(
                authority.system(),
                &posing,
                y,
                forever,
                &Masks::random(&mut testing::rng()),
            )
        };
        let one = Authority::from_secrets(1, u.clone(), u.clone(), xi.clone(), list_key());
        assert!(forge(&one).verify(one.system()), "one master: the forgery holds");
        let two = Authority::from_secrets(1, u, v, xi, list_key());
        assert!(!forge(&two).verify(two.system()), "separate masters: it does not");
    }

    #[test]
    fn charge_and_execution_are_what_the_documentation_says() {
        let authority = testing::authority();
        let (certificate, _) = fresh(&authority);
        let check = certificate.check(authority.system());
        assert_eq!(check.charge(), Charge::of(Op::G1Mul, 9).and(Op::Pairing, 3));
        tally::take();
        assert!(check.answer(&Host::new(4)).is_valid());
        let done = tally::take();
        assert_eq!(
            (done.get(Op::MillerLoop), done.get(Op::FinalExp), done.get(Op::G2Mul)),
            (2, 1, 0)
        );
        assert_eq!(
            (done.get(Op::GtExp), done.get(Op::GtMul)),
            (0, 0),
            "no arithmetic in the target group"
        );
    }
}
