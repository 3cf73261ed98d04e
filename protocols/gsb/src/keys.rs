//! The manager's secret, and the keys of the members.

use std::sync::Arc;

use roadveil_crypto::{G1, G1Bytes, G2, Scalar, SigningKey, g1_generator_mul, pairing_product_prepared};
use roadveil_role::Streams;
use zeroize::Zeroizing;

use crate::group::{GroupKey, domain};
use crate::params::Mode;
use crate::revocation::Token;
use crate::signature::Claim;

/// The group manager's secrets. In the paper the issuer is not needed after set-up, and whoever holds the tokens opens
/// signatures; here both are the trusted authority.
pub struct Manager {
    gamma: Zeroizing<Scalar>,
    list_key: SigningKey,
    group: Arc<GroupKey>,
}

impl Manager {
    /// Draws `gamma` and the key for the revocation list.
    pub fn new(mode: Mode, streams: &mut Streams) -> Manager {
        let gamma = Zeroizing::new(Scalar::random(streams.get("gamma", 0)));
        let list_key = SigningKey::random(streams.get("list key", 0));
        Manager::from_secrets(mode, gamma, list_key)
    }

    /// The manager with these secrets: for test vectors.
    pub fn from_secrets(mode: Mode, gamma: Zeroizing<Scalar>, list_key: SigningKey) -> Manager {
        let w = G2::generator().mul(&gamma);
        Manager {
            group: Arc::new(GroupKey::new(w, mode, list_key.public())),
            gamma,
            list_key,
        }
    }

    /// The group public key.
    pub fn group(&self) -> &Arc<GroupKey> {
        &self.group
    }

    /// The key under which the revocation list is signed.
    pub fn list_key(&self) -> &SigningKey {
        &self.list_key
    }

    /// `A = 1/(gamma + x) P`. `None` if `gamma + x` is zero: draw again.
    pub fn member(&self, x: Scalar) -> Option<MemberKey> {
        let x = Zeroizing::new(x);
        let exponent = Zeroizing::new((*self.gamma + *x).invert()?);
        Some(MemberKey {
            a: Zeroizing::new(g1_generator_mul(&exponent)),
            x,
        })
    }

    /// Whose signature is it? The manager tries the tokens of all members, one after the other, as the paper does; the
    /// result is the place in `tokens`. The signature must have been checked before.
    pub fn open<'a>(&self, claim: &Claim, tokens: impl IntoIterator<Item = &'a Token>) -> Option<usize> {
        let tag = claim.tag();
        tokens.into_iter().position(|token| claim.tag_of(token) == tag)
    }
}

impl core::fmt::Debug for Manager {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Manager(..)")
    }
}

/// A member's key `gsk = (A, x)`; `A` alone is the token by which the member is revoked.
pub struct MemberKey {
    a: Zeroizing<G1>,
    x: Zeroizing<Scalar>,
}

impl MemberKey {
    /// A key as it stands: for tests and attackers.
    pub fn from_parts(a: G1, x: Scalar) -> MemberKey {
        MemberKey {
            a: Zeroizing::new(a),
            x: Zeroizing::new(x),
        }
    }

    /// `A`.
    pub fn a(&self) -> &G1 {
        &self.a
    }

    /// `x`.
    pub fn x(&self) -> &Scalar {
        &self.x
    }

    /// The revocation token, which the manager keeps as well.
    pub fn token(&self) -> Token {
        Token::new(*self.a)
    }

    /// The token as it travels.
    pub fn token_bytes(&self) -> G1Bytes {
        self.a.encode()
    }

    /// The check on issue: `e(A, w + xP') = e(P, P')`.
    pub fn is_sound(&self, group: &GroupKey) -> bool {
        MemberKey::are_sound(group, [self])
    }

    /// The same for many keys at once, with random weights `z_i`:
    /// `e(sum z_i (x_i A_i - P), P') e(sum z_i A_i, w) = 1`.
    pub fn are_sound<'a>(group: &GroupKey, keys: impl IntoIterator<Item = &'a MemberKey>) -> bool {
        let keys: Vec<&MemberKey> = keys.into_iter().collect();
        let mut weights = group.transcript(domain::WEIGHTS);
        for key in &keys {
            weights
                .append("A", key.a.encode().as_ref())
                .append("x", key.x.to_bytes().as_ref());
        }
        let (mut with_p, mut with_w) = (G1::identity(), G1::identity());
        for (index, key) in keys.iter().enumerate() {
            let weight = weights.clone().append_u64("index", index as u64).scalar();
            let weighted = key.a.mul(&weight);
            with_p += weighted.mul(&key.x) - g1_generator_mul(&weight);
            with_w += weighted;
        }
        pairing_product_prepared(&[(with_p, group.p_lines()), (with_w, group.w_lines())]).is_identity()
    }
}

impl core::fmt::Debug for MemberKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("MemberKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn issued_keys_are_sound_and_others_are_not() {
        let manager = testing::manager(Mode::Linear);
        let keys: Vec<_> = (1..6)
            .map(|x| manager.member(Scalar::from_u64(x)).expect("a key"))
            .collect();
        assert!(MemberKey::are_sound(manager.group(), &keys));
        let wrong = MemberKey::from_parts(*keys[0].a(), *keys[1].x());
        assert!(!wrong.is_sound(manager.group()));
        assert!(!MemberKey::are_sound(manager.group(), keys.iter().chain([&wrong])));
        let other = testing::manager_of(2, Mode::Linear);
        assert!(!keys[0].is_sound(other.group()), "a key is of its group");
    }

    #[test]
    fn no_key_where_the_exponent_is_zero() {
        let gamma = Zeroizing::new(Scalar::from_u64(7));
        let list_key = SigningKey::from_scalar(&Scalar::ONE).expect("not zero");
        let manager = Manager::from_secrets(Mode::Linear, gamma, list_key);
        assert!(manager.member(-Scalar::from_u64(7)).is_none());
    }

    #[test]
    fn secrets_are_not_printed() {
        let manager = testing::manager(Mode::Linear);
        let key = manager.member(Scalar::ONE).expect("a key");
        assert_eq!(format!("{manager:?} {key:?}"), "Manager(..) MemberKey(..)");
    }
}
