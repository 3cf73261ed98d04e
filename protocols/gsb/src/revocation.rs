//! Verifier-local revocation: whoever checks a signature has the list, and the signer need not know of it.
//!
//! **Linear** (section 5 of the paper): for each token `A` on the list, is `e(T2 - A, u^) = e(v, T1)`? One pairing for the
//! right side and one for each token, and so it is charged, which makes `4 + n` pairings with the 3 of the proof. Executed
//! is the same with the quotient `e(T2, u^)/e(v, T1)`, computed once and compared with `e(A, u^)`.
//!
//! **Fast** (the paper's trade-off between privacy and speed): the bases of all signatures of a period are the same, so
//! `e(A, u^)` of the revoked is put in a table once in each period, and the quotient is looked up in it: two pairings,
//! whatever the list's length. What is looked up is the same for all messages of a vehicle in a period, so **messages are
//! linkable within a period, by everybody**.

use std::collections::BTreeSet;
use std::sync::Arc;

use roadveil_crypto::{
    Charge, Check, CheckDigest, DecodeError, Digest, G1, G1Bytes, Gt, Host, Op, Question, Transcript,
};

use crate::group::domain;
use crate::params::Mode;
use crate::signature::{Bases, Claim, Scope};

/// A revocation token: `A` of a member's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    point: G1,
    bytes: G1Bytes,
}

impl Token {
    pub(crate) fn new(point: G1) -> Token {
        Token {
            bytes: point.encode(),
            point,
        }
    }

    /// Decodes a token.
    ///
    /// # Errors
    /// If it is no point of the group, or the identity.
    pub fn decode(bytes: &G1Bytes) -> Result<Token, DecodeError> {
        let point = G1::decode(bytes)?;
        Ok(Token { point, bytes: *bytes })
    }

    /// The point.
    pub fn point(&self) -> &G1 {
        &self.point
    }

    /// As it travels.
    pub fn bytes(&self) -> &G1Bytes {
        &self.bytes
    }
}

/// A set of tokens, sorted, named by a digest.
#[derive(Clone, Debug)]
pub struct Tokens {
    digest: Digest,
    sorted: Vec<Token>,
}

impl Tokens {
    /// A set of these.
    pub fn new(mut tokens: Vec<Token>) -> Tokens {
        tokens.sort_by_key(|token| token.bytes);
        tokens.dedup_by_key(|token| token.bytes);
        let mut transcript = Transcript::new(domain::TOKENS);
        for token in &tokens {
            transcript.append("A", token.bytes.as_ref());
        }
        Tokens {
            digest: transcript.digest(),
            sorted: tokens,
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Is this one among them?
    pub fn has(&self, bytes: &G1Bytes) -> bool {
        self.sorted.binary_search_by_key(bytes, |token| token.bytes).is_ok()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Token> {
        self.sorted.iter()
    }
}

/// A vehicle's revocation list: what it brought, and what it learnt on the road. Two sets, so that one more token makes no
/// new table of the many that were there.
#[derive(Clone, Debug)]
pub struct Revoked {
    brought: Arc<Tokens>,
    learnt: Arc<Tokens>,
}

impl Revoked {
    /// A list with which a vehicle sets out.
    pub fn new(brought: Arc<Tokens>) -> Revoked {
        Revoked {
            brought,
            learnt: Arc::new(Tokens::new(Vec::new())),
        }
    }

    /// The list with these besides.
    pub fn with(&self, tokens: impl IntoIterator<Item = Token>) -> Revoked {
        let all = self.learnt.iter().copied().chain(tokens);
        Revoked {
            brought: self.brought.clone(),
            learnt: Arc::new(Tokens::new(all.collect())),
        }
    }

    /// How many are on it.
    pub fn len(&self) -> usize {
        self.brought.len() + self.learnt.len()
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of them it learnt on the road.
    pub fn learnt(&self) -> usize {
        self.learnt.len()
    }

    /// Is this one on it?
    pub fn has(&self, bytes: &G1Bytes) -> bool {
        self.brought.has(bytes) || self.learnt.has(bytes)
    }

    /// The check that the signer is not on it, to be asked of the context. The proof must hold: of a false one it says
    /// nothing.
    pub fn check(&self, claim: &Arc<Claim>) -> Check {
        Check::new(RevocationCheck {
            claim: claim.clone(),
            revoked: self.clone(),
        })
    }
}

/// Is the signer not on the list?
#[derive(Debug)]
struct RevocationCheck {
    claim: Arc<Claim>,
    revoked: Revoked,
}

/// Names of `e(A, u^)` for a set of tokens and the bases of a period.
struct Table(BTreeSet<Digest>);

impl Table {
    fn new(bases: &Bases, tokens: &Tokens) -> Table {
        Table(tokens.iter().map(|token| name(&bases.tag_of(token))).collect())
    }
}

fn name(tag: &Gt) -> Digest {
    Transcript::new(domain::TAG).append("tag", &tag.digest_bytes()).digest()
}

impl RevocationCheck {
    fn sets(&self) -> [&Tokens; 2] {
        [&self.revoked.brought, &self.revoked.learnt]
    }

    /// One token after the other.
    fn linear(&self) -> bool {
        let tag = self.claim.tag();
        let mut tokens = self.sets().into_iter().flat_map(Tokens::iter);
        tokens.all(|token| self.claim.tag_of(token) != tag)
    }

    /// The name of a table: of the group, the period and the tokens.
    fn table_name(&self, tokens: &Tokens) -> Digest {
        let mut transcript = self.claim.group().transcript(domain::REVOCATION);
        if let Scope::Period(period) = self.claim.scope() {
            transcript.append_u64("period", period);
        }
        transcript.append("tokens", tokens.digest.as_ref()).digest()
    }

    /// A look into each set's table, which the host keeps for all vehicles.
    fn fast(&self, host: &Host) -> bool {
        let bases = self.claim.bases(Some(host));
        let name = name(&self.claim.tag());
        self.sets()
            .into_iter()
            .filter(|tokens| !tokens.is_empty())
            .all(|tokens| {
                let key = self.table_name(tokens);
                let table = host.prepared(key.as_ref(), || Some(Table::new(bases, tokens)));
                table.is_some_and(|table| !table.0.contains(&name))
            })
    }
}

impl Question for RevocationCheck {
    fn scheme(&self) -> &'static str {
        domain::REVOCATION
    }

    fn inputs(&self, digest: &mut CheckDigest) {
        self.claim.inputs(digest);
        for tokens in self.sets() {
            digest.append("tokens", tokens.digest.as_ref());
        }
    }

    fn charge(&self) -> Charge {
        match self.claim.group().mode() {
            Mode::Linear => {
                let pairings = u32::try_from(self.revoked.len()).unwrap_or(u32::MAX).saturating_add(1);
                Charge::of(Op::Pairing, pairings)
            }
            Mode::Fast { .. } => Charge::of(Op::Pairing, 2),
        }
    }

    fn answer(&self, host: &Host) -> bool {
        match self.claim.group().mode() {
            Mode::Linear => self.linear(),
            Mode::Fast { .. } => self.fast(host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, Signer};
    use roadveil_crypto::Scalar;

    const MESSAGE: &[u8] = b"here I am";

    fn tokens(signer: &Signer, members: impl IntoIterator<Item = u64>) -> Vec<Token> {
        let key = |x| signer.manager.member(Scalar::from_u64(x)).expect("a key").token();
        members.into_iter().map(key).collect()
    }

    #[test]
    fn the_revoked_are_found_and_nobody_else_wherever_they_stand() {
        let host = Host::new(64);
        for mode in testing::MODES {
            let signer = Signer::new(mode, 5);
            let claim = signer.claim(MESSAGE);
            let empty = Revoked::new(Arc::new(Tokens::new(Vec::new())));
            assert!(empty.check(&claim).answer(&host).is_valid() && empty.is_empty());
            let others = Revoked::new(Arc::new(Tokens::new(tokens(&signer, 6..9))));
            assert!(others.check(&claim).answer(&host).is_valid());
            let learnt = others.with(tokens(&signer, [4, 5]));
            assert!(!learnt.check(&claim).answer(&host).is_valid());
            let brought = Revoked::new(Arc::new(Tokens::new(tokens(&signer, 3..7))));
            assert!(!brought.check(&claim).answer(&host).is_valid());
            assert_eq!((learnt.len(), learnt.learnt(), others.len()), (5, 2, 3));
        }
    }

    /// The paper's test of one token is the one that is executed.
    #[test]
    fn the_executed_form_equals_the_papers() {
        use roadveil_crypto::{G2, pairing};
        let signer = Signer::new(Mode::Linear, 5);
        let claim = signer.claim(MESSAGE);
        let (u_hat, v, t1, t2) = claim.for_test();
        for (member, expected) in [(5, true), (6, false)] {
            let a = *tokens(&signer, [member])[0].point();
            let paper = pairing(&(t2 - a), &u_hat) == pairing(&v, &t1);
            assert_eq!(paper, expected);
            assert_eq!(claim.tag_of(&Token::new(a)) == claim.tag(), expected);
        }
        assert_ne!(u_hat, G2::identity());
    }

    #[test]
    fn a_check_is_of_its_list() {
        let signer = Signer::new(Mode::Linear, 5);
        let claim = signer.claim(MESSAGE);
        let one = Revoked::new(Arc::new(Tokens::new(tokens(&signer, [6]))));
        let two = one.with(tokens(&signer, [7]));
        assert_ne!(one.check(&claim), two.check(&claim));
        assert_eq!(two.check(&claim), one.with(tokens(&signer, [7, 7])).check(&claim));
        assert_eq!(one.check(&claim).charge(), Charge::of(Op::Pairing, 2));
        assert_eq!(two.check(&claim).charge(), Charge::of(Op::Pairing, 3));
        let fast = Signer::new(testing::MODES[1], 5);
        assert_eq!(two.check(&fast.claim(MESSAGE)).charge(), Charge::of(Op::Pairing, 2));
    }

    #[test]
    fn what_is_no_point_is_no_token() {
        assert!(Token::decode(&G1::identity().encode()).is_err());
        assert!(Token::decode(&roadveil_crypto::ByteArray([0; 48])).is_err());
        assert!(Token::decode(&G1::generator().encode()).is_ok());
    }
}
