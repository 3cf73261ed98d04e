//! Group signatures: who signs proves that he is some member, and leaves a mark by which only his token is told.
//!
//! After Boneh and Shacham, CCS 2004, section 5, written additively. **An adaptation**: the paper needs an isomorphism
//! `psi: G2 -> G1`, which BLS12-381 does not have. It hashes to `(u^, v^)` in G2 and maps both to `u = psi(u^)` and
//! `v = psi(v^)` in G1, with `T1 = alpha u`, `T2 = A + alpha v`, and tests `e(T2 - A, u^) = e(T1, v^)`. Here `H0` gives
//! `u^` in G2 and `v` in G1, `T1 = alpha u^` stays in G2, and the test is `e(T2 - A, u^) = e(v, T1)`: both sides are
//! `e(v, u^)^alpha`. The proof of knowledge and its equations are the paper's, with `u^` in the place of `u`.
//!
//! What everybody can compute of a signature is `e(T2, u^)/e(v, T1) = e(A, u^)`. With bases of its own for each message,
//! two of these are linked only by who solves DDH in G2 (with `A = aP`: given `u^_1, u^_2, a u^_1`, is this `a u^_2`?);
//! the paper has the decision linear assumption in its place (derived here).

use std::sync::{Arc, OnceLock};

use postcard_schema::Schema;
use roadveil_crypto::{
    ByteArray, Charge, Check, CheckDigest, DecodeError, Digest, G1, G1Bytes, G2, G2Bytes, Gt, Host, Op, PreparedG2,
    Question, Scalar, ScalarBytes, SecretBytes, Transcript, g1_generator_mul, pairing_product,
    pairing_product_prepared,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::group::{GroupKey, domain};
use crate::keys::MemberKey;
use crate::revocation::Token;

/// What signing costs, in the paper's form: 8 multiplications, two of them for `psi`, and 2 pairings.
pub const SIGN: Charge = Charge::of(Op::G1Mul, 8).and(Op::Pairing, 2);
/// What checking the proof costs: the 6 multiplications and 3 of the `4 + n` pairings.
pub const VERIFY: Charge = Charge::of(Op::G1Mul, 6).and(Op::Pairing, 3);

/// The random `r` of a message, from which its bases are hashed.
pub type Nonce = ByteArray<16>;

/// What the bases of a signature are hashed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The message and a nonce: section 5 of the paper, unlinkable.
    Message(Nonce),
    /// A period of time: the paper's trade-off, linkable within the period.
    Period(u64),
}

/// `sigma = (T1, T2, c, s_alpha, s_x, s_delta)`; the nonce and the message travel beside it. 272 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Proof {
    /// `T1 = alpha u^`. In the paper in G1.
    pub t1: G2Bytes,
    /// `T2 = A + alpha v`.
    pub t2: G1Bytes,
    /// The challenge.
    pub c: ScalarBytes,
    /// `s_alpha = r_alpha + c alpha`.
    pub s_alpha: ScalarBytes,
    /// `s_x = r_x + c x`.
    pub s_x: ScalarBytes,
    /// `s_delta = r_delta + c x alpha`.
    pub s_delta: ScalarBytes,
}

impl Proof {
    /// Its length on the wire.
    pub const BYTES: usize = 96 + 48 + 4 * 32;

    fn parts(&self) -> [(&'static str, &[u8]); 6] {
        [
            ("T1", self.t1.as_ref()),
            ("T2", self.t2.as_ref()),
            ("c", self.c.as_ref()),
            ("s_alpha", self.s_alpha.as_ref()),
            ("s_x", self.s_x.as_ref()),
            ("s_delta", self.s_delta.as_ref()),
        ]
    }
}

/// `(u^, v) = H0(gpk, M, r)`, or of a period.
#[derive(Clone, Debug)]
pub struct Bases {
    pub(crate) u_hat: G2,
    pub(crate) v: G1,
    lines: PreparedG2,
}

impl Bases {
    /// Hashes to the bases.
    pub fn new(group: &GroupKey, scope: Scope, message: &[u8]) -> Bases {
        let seed = seed(group, scope, message);
        let u_hat = G2::hash(seed.as_ref(), domain::U_HAT.as_bytes());
        Bases {
            v: G1::hash(seed.as_ref(), domain::V.as_bytes()),
            lines: PreparedG2::new(&u_hat),
            u_hat,
        }
    }

    /// `e(A, u^)`: what all signatures of one member under these bases have in common.
    pub fn tag_of(&self, token: &Token) -> Gt {
        pairing_product_prepared(&[(*token.point(), &self.lines)])
    }
}

fn seed(group: &GroupKey, scope: Scope, message: &[u8]) -> Digest {
    let mut transcript = group.transcript(domain::BASES);
    match scope {
        Scope::Message(nonce) => transcript.append("message", message).append("nonce", nonce.as_ref()),
        Scope::Period(period) => transcript.append_u64("period", period),
    };
    transcript.digest()
}

/// What a signer commits to: `R1`, `R2`, `R3` of the paper. They do not travel; the challenge is their hash.
#[derive(Clone, Copy, Debug)]
pub struct Commitments {
    /// `R1`. In the paper in G1.
    pub r1: G2,
    /// `R2`.
    pub r2: Gt,
    /// `R3`. In the paper in G1.
    pub r3: G2,
}

/// The secrets of one signature.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Masks {
    /// Hides `A`.
    pub alpha: Scalar,
    /// Hides `alpha`.
    pub r_alpha: Scalar,
    /// Hides `x`.
    pub r_x: Scalar,
    /// Hides `x alpha`.
    pub r_delta: Scalar,
}

impl Masks {
    /// Derives them from a draw, hedged against a repeated one by the key and all that is signed.
    fn hedged(group: &GroupKey, key: &MemberKey, scope: Scope, message: &[u8], draw: &SecretBytes<32>) -> Masks {
        let mask = |label: &'static str| {
            let mut hedge = group.transcript(domain::NONCE);
            hedge.append("mask", label.as_bytes()).append("draw", draw.expose());
            hedge
                .append("A", key.token_bytes().as_ref())
                .append("x", key.x().to_bytes().as_ref());
            hedge
                .append("bases", seed(group, scope, message).as_ref())
                .append("message", message);
            hedge.scalar()
        };
        Masks {
            alpha: mask("alpha"),
            r_alpha: mask("r_alpha"),
            r_x: mask("r_x"),
            r_delta: mask("r_delta"),
        }
    }
}

impl core::fmt::Debug for Masks {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Masks(..)")
    }
}

/// Signs a message with a draw for it alone.
pub fn sign(
    group: &GroupKey,
    key: &MemberKey,
    scope: Scope,
    bases: &Bases,
    message: &[u8],
    draw: &SecretBytes<32>,
) -> Proof {
    let masks = Masks::hedged(group, key, scope, message, draw);
    sign_with(group, key, scope, bases, message, &masks)
}

/// Signs with these masks: for test vectors.
pub fn sign_with(
    group: &GroupKey,
    key: &MemberKey,
    scope: Scope,
    bases: &Bases,
    message: &[u8],
    masks: &Masks,
) -> Proof {
    let Masks {
        alpha,
        r_alpha,
        r_x,
        r_delta,
    } = masks;
    let (u_hat, v) = (&bases.u_hat, &bases.v);
    let t1 = u_hat.mul(alpha);
    let t2 = *key.a() + v.mul(alpha);
    let r1 = u_hat.mul(r_alpha);
    let r2 = pairing_product_prepared(&[
        (t2.mul(r_x) - v.mul(r_delta), group.p_lines()),
        (-v.mul(r_alpha), group.w_lines()),
    ]);
    // `r_x T1 - r_delta u^` with `T1` written out.
    let r3 = u_hat.mul(&(*alpha * *r_x - *r_delta));
    let (t1, t2) = (t1.encode(), t2.encode());
    let c = challenge(group, scope, message, (&t1, &t2), (&r1, &r2, &r3));
    Proof {
        t1,
        t2,
        c: c.to_bytes(),
        s_alpha: (*r_alpha + c * *alpha).to_bytes(),
        s_x: (*r_x + c * *key.x()).to_bytes(),
        s_delta: (*r_delta + c * (*key.x() * *alpha)).to_bytes(),
    }
}

/// `c = H(gpk, M, r, T1, T2, R1, R2, R3)`.
fn challenge(
    group: &GroupKey,
    scope: Scope,
    message: &[u8],
    (t1, t2): (&G2Bytes, &G1Bytes),
    (r1, r2, r3): (&G2, &Gt, &G2),
) -> Scalar {
    let mut transcript = group.transcript(domain::SIGNATURE);
    transcript
        .append("bases", seed(group, scope, message).as_ref())
        .append("message", message);
    transcript.append("T1", t1.as_ref()).append("T2", t2.as_ref());
    transcript
        .append("R1", r1.encode().as_ref())
        .append("R2", &r2.digest_bytes())
        .append("R3", r3.encode().as_ref());
    transcript.scalar()
}

/// A signature on a message, decoded: every point is of its group and not the identity, every scalar canonical.
#[derive(Debug)]
pub struct Claim {
    group: Arc<GroupKey>,
    scope: Scope,
    message: Vec<u8>,
    proof: Proof,
    t1: G2,
    t2: G1,
    c: Scalar,
    s_alpha: Scalar,
    s_x: Scalar,
    s_delta: Scalar,
    bases: OnceLock<Arc<Bases>>,
}

impl Claim {
    /// Decodes a signature.
    ///
    /// # Errors
    /// If a point or scalar is none.
    pub fn new(group: Arc<GroupKey>, scope: Scope, message: Vec<u8>, proof: Proof) -> Result<Claim, DecodeError> {
        Ok(Claim {
            t1: G2::decode(&proof.t1)?,
            t2: G1::decode(&proof.t2)?,
            c: Scalar::from_bytes(&proof.c)?,
            s_alpha: Scalar::from_bytes(&proof.s_alpha)?,
            s_x: Scalar::from_bytes(&proof.s_x)?,
            s_delta: Scalar::from_bytes(&proof.s_delta)?,
            group,
            scope,
            message,
            proof,
            bases: OnceLock::new(),
        })
    }

    /// Of which group.
    pub fn group(&self) -> &Arc<GroupKey> {
        &self.group
    }

    /// What its bases are hashed from.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Its bases, hashed when first asked for; those of a period are the host's, for all who sign in it.
    pub fn bases(&self, host: Option<&Host>) -> &Arc<Bases> {
        let hash = || Bases::new(&self.group, self.scope, &self.message);
        self.bases.get_or_init(|| match (self.scope, host) {
            (Scope::Period(_), Some(host)) => {
                let key = seed(&self.group, self.scope, &self.message);
                host.prepared(key.as_ref(), || Some(hash()))
                    .unwrap_or_else(|| Arc::new(hash()))
            }
            _ => Arc::new(hash()),
        })
    }

    /// Did some member of the group sign it? Whether that member is revoked is another question.
    pub fn verify(&self, host: Option<&Host>) -> bool {
        let Commitments { r1, r2, r3 } = self.commitments(host);
        self.is_challenged_by(&r1, &r2, &r3)
    }

    /// Is the challenge the hash of these commitments?
    pub(crate) fn is_challenged_by(&self, r1: &G2, r2: &Gt, r3: &G2) -> bool {
        let encoded = (&self.proof.t1, &self.proof.t2);
        challenge(&self.group, self.scope, &self.message, encoded, (r1, r2, r3)) == self.c
    }

    /// The commitments that the responses lead to: the signer's, if it is one.
    pub fn commitments(&self, host: Option<&Host>) -> Commitments {
        let Claim { t1, t2, c, .. } = self;
        let Bases { u_hat, v, .. } = &**self.bases(host);
        let r1 = u_hat.mul(&self.s_alpha) - t1.mul(c);
        let r2 = pairing_product_prepared(&[
            (
                t2.mul(&self.s_x) - v.mul(&self.s_delta) - g1_generator_mul(c),
                self.group.p_lines(),
            ),
            (t2.mul(c) - v.mul(&self.s_alpha), self.group.w_lines()),
        ]);
        let r3 = t1.mul(&self.s_x) - u_hat.mul(&self.s_delta);
        Commitments { r1, r2, r3 }
    }

    /// What the equations of a batch are made of: bases, `T1`, `T2`, the challenge and the responses.
    pub(crate) fn parts(&self, host: Option<&Host>) -> (Arc<Bases>, (G2, G1), [Scalar; 4]) {
        let bases = Arc::clone(self.bases(host));
        (
            bases,
            (self.t1, self.t2),
            [self.c, self.s_alpha, self.s_x, self.s_delta],
        )
    }

    /// `e(T2, u^)/e(v, T1) = e(A, u^)` of whoever signed.
    pub fn tag(&self) -> Gt {
        let bases = self.bases(None);
        pairing_product(&[(self.t2, bases.u_hat), (-bases.v, self.t1)])
    }

    /// `e(A, u^)` of a token under the bases of this signature.
    pub fn tag_of(&self, token: &Token) -> Gt {
        self.bases(None).tag_of(token)
    }

    /// `u^`, `v`, `T1` and `T2`.
    #[cfg(test)]
    pub(crate) fn for_test(&self) -> (G2, G1, G2, G1) {
        let bases = self.bases(None);
        (bases.u_hat, bases.v, self.t1, self.t2)
    }

    /// The same with a response that does not fit.
    #[cfg(test)]
    pub(crate) fn altered(&self, part: usize) -> Claim {
        let mut proof = self.proof;
        let response = match part {
            0 => &mut proof.s_alpha,
            1 => &mut proof.s_x,
            _ => &mut proof.s_delta,
        };
        *response = (Scalar::from_bytes(response).expect("a scalar") + Scalar::ONE).to_bytes();
        Claim::new(self.group.clone(), self.scope, self.message.clone(), proof).expect("decodes")
    }

    /// Appends all that says which signature it is, but for the group.
    pub(crate) fn append_to(&self, transcript: &mut Transcript) {
        transcript
            .append("bases", seed(&self.group, self.scope, &self.message).as_ref())
            .append("message", &self.message);
        for (label, bytes) in self.proof.parts() {
            transcript.append(label, bytes);
        }
    }

    /// Appends all that the answer to any question about it depends on.
    pub(crate) fn inputs(&self, digest: &mut CheckDigest) {
        digest.append("group", self.group.digest().as_ref());
        match self.scope {
            Scope::Message(nonce) => digest.append("nonce", nonce.as_ref()),
            Scope::Period(period) => digest.append_u64("period", period),
        };
        digest.append("message", &self.message);
        for (label, bytes) in self.proof.parts() {
            digest.append(label, bytes);
        }
    }

    /// The check of the proof, to be asked of the context.
    pub fn check(self: &Arc<Self>) -> Check {
        Check::new(SignatureCheck(self.clone()))
    }
}

/// Did some member sign?
#[derive(Debug)]
struct SignatureCheck(Arc<Claim>);

impl Question for SignatureCheck {
    fn scheme(&self) -> &'static str {
        domain::SIGNATURE
    }

    fn inputs(&self, digest: &mut CheckDigest) {
        self.0.inputs(digest);
    }

    fn charge(&self) -> Charge {
        VERIFY
    }

    fn answer(&self, host: &Host) -> bool {
        self.0.verify(Some(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Mode;
    use crate::testing::{self, Signer};
    use roadveil_crypto::{G2, pairing, tally};

    const MESSAGE: &[u8] = b"here I am";

    #[test]
    fn what_a_member_signs_holds_in_both_modes() {
        for mode in testing::MODES {
            let signer = Signer::new(mode, 5);
            let claim = signer.claim(MESSAGE);
            assert!(claim.verify(None));
            assert!(claim.check().answer(&Host::new(4)).is_valid());
        }
    }

    #[test]
    fn every_part_is_bound() {
        for mode in testing::MODES {
            let signer = Signer::new(mode, 5);
            let claim = signer.claim(MESSAGE);
            let (good, scope) = (claim.proof, claim.scope);
            let one = Scalar::ONE;
            let scalar = |bytes: &ScalarBytes| (Scalar::from_bytes(bytes).expect("a scalar") + one).to_bytes();
            let wrong = [
                Proof {
                    t1: (claim.t1 + G2::generator()).encode(),
                    ..good
                },
                Proof {
                    t2: (claim.t2 + G1::generator()).encode(),
                    ..good
                },
                Proof {
                    c: scalar(&good.c),
                    ..good
                },
                Proof {
                    s_alpha: scalar(&good.s_alpha),
                    ..good
                },
                Proof {
                    s_x: scalar(&good.s_x),
                    ..good
                },
                Proof {
                    s_delta: scalar(&good.s_delta),
                    ..good
                },
            ];
            for proof in wrong {
                let claim = Claim::new(signer.group().clone(), scope, MESSAGE.to_vec(), proof).expect("decodes");
                assert!(!claim.verify(None), "{proof:?}");
            }
            let other = Claim::new(signer.group().clone(), scope, b"here I was".to_vec(), good).expect("decodes");
            assert!(!other.verify(None), "another message");
            let elsewhere = match scope {
                Scope::Message(_) => Scope::Message(ByteArray([9; 16])),
                Scope::Period(period) => Scope::Period(period + 1),
            };
            let other = Claim::new(signer.group().clone(), elsewhere, MESSAGE.to_vec(), good).expect("decodes");
            assert!(!other.verify(None), "another nonce or period");
        }
    }

    #[test]
    fn what_is_no_element_is_not_decoded() {
        let signer = Signer::new(Mode::Linear, 5);
        let Claim { proof, scope, .. } = *signer.claim(MESSAGE);
        let refuse = |proof| Claim::new(signer.group().clone(), scope, MESSAGE.to_vec(), proof).err();
        let identity_1 = G1::identity().encode();
        let identity_2 = G2::identity().encode();
        assert_eq!(
            refuse(Proof {
                t1: identity_2,
                ..proof
            }),
            Some(DecodeError::Identity)
        );
        assert_eq!(
            refuse(Proof {
                t2: identity_1,
                ..proof
            }),
            Some(DecodeError::Identity)
        );
        let full = ByteArray([0xff; 32]);
        for wrong in [
            Proof { c: full, ..proof },
            Proof { s_alpha: full, ..proof },
            Proof { s_x: full, ..proof },
            Proof { s_delta: full, ..proof },
        ] {
            assert_eq!(refuse(wrong), Some(DecodeError::ScalarNotCanonical));
        }
        assert!(
            refuse(Proof {
                t1: ByteArray([0; 96]),
                ..proof
            })
            .is_some()
        );
        assert!(
            refuse(Proof {
                t2: ByteArray([0; 48]),
                ..proof
            })
            .is_some()
        );
    }

    #[test]
    fn another_group_and_another_mode_do_not_hold() {
        let signer = Signer::new(Mode::Linear, 5);
        let Claim { proof, scope, .. } = *signer.claim(MESSAGE);
        let other = testing::manager_of(2, Mode::Linear);
        let claim = Claim::new(other.group().clone(), scope, MESSAGE.to_vec(), proof).expect("decodes");
        assert!(!claim.verify(None));
        let fast = testing::manager(testing::MODES[1]);
        assert_eq!(fast.group().w(), signer.group().w());
        let claim = Claim::new(fast.group().clone(), scope, MESSAGE.to_vec(), proof).expect("decodes");
        assert!(!claim.verify(None));
    }

    /// A key that the manager did not issue proves nothing.
    #[test]
    fn who_is_no_member_signs_in_vain() {
        let mut signer = Signer::new(Mode::Linear, 5);
        signer.key = Arc::new(MemberKey::from_parts(*signer.key.a(), Scalar::from_u64(6)));
        assert!(!signer.claim(MESSAGE).verify(None));
    }

    /// The paper's own form of `R2`, in the target group, gives the same challenge.
    #[test]
    fn the_executed_form_equals_the_papers() {
        let signer = Signer::new(Mode::Linear, 5);
        let claim = signer.claim(MESSAGE);
        let Bases { u_hat, v, .. } = &**claim.bases(None);
        let (w, p2) = (signer.group().w(), G2::generator());
        let r2 = pairing(&claim.t2, &p2).pow(&claim.s_x)
            * pairing(v, w).pow(&-claim.s_alpha)
            * pairing(v, &p2).pow(&-claim.s_delta)
            * (pairing(&claim.t2, w) * pairing(&G1::generator(), &p2).invert()).pow(&claim.c);
        let r1 = u_hat.mul(&claim.s_alpha) - claim.t1.mul(&claim.c);
        let r3 = claim.t1.mul(&claim.s_x) - u_hat.mul(&claim.s_delta);
        let encoded = (&claim.proof.t1, &claim.proof.t2);
        let c = challenge(&claim.group, claim.scope, MESSAGE, encoded, (&r1, &r2, &r3));
        assert_eq!(c, claim.c);
    }

    #[test]
    fn one_draw_twice_gives_other_masks_for_another_message() {
        let signer = Signer::new(testing::MODES[1], 5);
        let (first, second) = (signer.claim(b"one"), signer.claim(b"two"));
        assert_eq!(first.scope, second.scope);
        assert_ne!(first.proof.t1, second.proof.t1);
        assert_ne!(first.proof.s_alpha, second.proof.s_alpha);
    }

    #[test]
    fn the_manager_opens_and_nobody_opens_without_the_token() {
        for mode in testing::MODES {
            let signer = Signer::new(mode, 5);
            let claim = signer.claim(MESSAGE);
            let tokens: Vec<Token> = (3..8)
                .map(|x| signer.manager.member(Scalar::from_u64(x)).expect("a key").token())
                .collect();
            assert_eq!(signer.manager.open(&claim, &tokens), Some(2));
            assert_eq!(signer.manager.open(&claim, &tokens[..2]), None);
        }
    }

    /// What the fast check costs in privacy, and the linear one does not.
    #[test]
    fn messages_of_a_period_are_linked_and_others_are_not() {
        let linear = Signer::new(testing::MODES[0], 5);
        assert_ne!(linear.claim(b"one").tag(), linear.claim(b"two").tag());
        let fast = Signer::new(testing::MODES[1], 5);
        assert_eq!(fast.claim(b"one").tag(), fast.claim(b"two").tag());
        let next = Signer {
            period: 8,
            ..fast.clone()
        };
        assert_ne!(fast.claim(b"one").tag(), next.claim(b"one").tag());
    }

    #[test]
    fn charge_and_execution_are_what_the_documentation_says() {
        let claim = Signer::new(Mode::Linear, 5).claim(MESSAGE);
        let check = claim.check();
        assert_eq!(check.charge(), Charge::of(Op::G1Mul, 6).and(Op::Pairing, 3));
        tally::take();
        assert!(check.answer(&Host::new(4)).is_valid());
        let done = tally::take();
        assert_eq!((done.get(Op::MillerLoop), done.get(Op::FinalExp)), (2, 1));
        assert_eq!(
            (done.get(Op::G1Mul), done.get(Op::G2Mul), done.get(Op::GtExp)),
            (5, 4, 0)
        );
        assert_eq!(done.get(Op::HashToCurve), 2);
    }
}
