//! The authority's masters, and the keys that it issues.

use std::sync::Arc;

use roadveil_crypto::{
    DecodeError, G1, G1Bytes, G2, Scalar, ScalarBytes, SigningKey, g1_generator_mul, pairing_product_prepared,
};
use roadveil_role::Streams;
use zeroize::{Zeroize, Zeroizing};

use crate::cert::{Certificate, Hidden, Proof};
use crate::system::{Location, Master, System, domain};

/// A point that is a secret key. Overwritten when dropped; never printed.
#[derive(Clone)]
pub struct SecretPoint(G1);

impl SecretPoint {
    /// Takes over a point.
    pub fn new(point: G1) -> SecretPoint {
        SecretPoint(point)
    }

    /// The point.
    pub fn expose(&self) -> &G1 {
        &self.0
    }
}

impl Drop for SecretPoint {
    fn drop(&mut self) {
        self.0 = G1::identity();
        // Without somebody who might look, the compiler would drop the write.
        core::hint::black_box(&self.0);
    }
}

impl core::fmt::Debug for SecretPoint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretPoint(..)")
    }
}

/// The trusted authority's secrets.
///
/// RSU keys and OBU keys have **separate** masters `u` and `v`. With one master, an OBU's own `(S_i, RID_i)` would
/// satisfy the relation of an RSU's key, and every OBU could issue itself certificates; that is derived here, and
/// a test keeps the attack.
pub struct Authority {
    u: Zeroizing<Scalar>,
    v: Zeroizing<Scalar>,
    xi: Zeroizing<Scalar>,
    list_key: SigningKey,
    system: Arc<System>,
}

impl Authority {
    /// Draws the masters, the opening key and the list key of an epoch, and publishes the parameters.
    pub fn new(epoch: u32, streams: &mut Streams) -> Authority {
        let mut draw = |purpose| Zeroizing::new(Scalar::random(streams.get(purpose, u64::from(epoch))));
        let (u, v, xi) = (draw("master u"), draw("master v"), draw("opening key"));
        let list_key = SigningKey::random(streams.get("list key", u64::from(epoch)));
        Authority::from_secrets(epoch, u, v, xi, list_key)
    }

    /// The authority with these secrets: for test vectors.
    pub fn from_secrets(
        epoch: u32,
        u: Zeroizing<Scalar>,
        v: Zeroizing<Scalar>,
        xi: Zeroizing<Scalar>,
        list_key: SigningKey,
    ) -> Authority {
        let h1 = System::h0_point().mul(&xi);
        let (u_public, v_public) = (G2::generator().mul(&u), G2::generator().mul(&v));
        let system = Arc::new(System::new(epoch, u_public, v_public, &h1, list_key.public()));
        Authority {
            u,
            v,
            xi,
            list_key,
            system,
        }
    }

    /// The authority of a later epoch: another master `u`, and all else alike.
    pub fn succeed(&self, epoch: u32, u: Zeroizing<Scalar>) -> Authority {
        let system = self.system.succeed(epoch, G2::generator().mul(&u));
        Authority {
            u,
            v: self.v.clone(),
            xi: self.xi.clone(),
            list_key: self.list_key.clone(),
            system,
        }
    }

    /// The public parameters.
    pub fn system(&self) -> &Arc<System> {
        &self.system
    }

    /// Signs revocation lists.
    pub fn list_key(&self) -> &SigningKey {
        &self.list_key
    }

    /// `B_j = 1/(u + h(L_j)) P`. `None` if `u + h(L_j) = 0`: then the masters must be drawn again.
    ///
    /// # Cost
    /// One inversion and one multiplication.
    pub fn rsu_key(&self, location: Location) -> Option<RsuKey> {
        let y = location.scalar(&self.system);
        let inverse = Zeroizing::new((*self.u + y).invert()?);
        Some(RsuKey {
            location,
            y,
            b: SecretPoint::new(g1_generator_mul(&inverse)),
        })
    }

    /// `S_i = 1/(v + RID_i) P`. `None` if `v + RID_i = 0`: then another `RID_i` must be drawn.
    ///
    /// # Cost
    /// One inversion and one multiplication.
    pub fn obu_key(&self, rid: Scalar) -> Option<ObuKey> {
        let inverse = Zeroizing::new((*self.v + rid).invert()?);
        Some(ObuKey {
            rid,
            s: SecretPoint::new(g1_generator_mul(&inverse)),
        })
    }

    /// Opens a certificate: `B_j = T_2 - xi T_1`, the key of the RSU that issued it; a plain one says where that is. Only a
    /// certificate that verifies opens to anything that means something.
    ///
    /// # Errors
    /// If the certificate's points are none.
    ///
    /// # Cost
    /// One multiplication.
    pub fn open(&self, certificate: &Certificate) -> Result<Issuer, DecodeError> {
        match &certificate.proof {
            Proof::Plain(plain) => Ok(Issuer::Place(plain.location)),
            Proof::Hidden(Hidden { t1, t2, .. }) => {
                let (t1, t2) = (G1::decode(t1)?, G1::decode(t2)?);
                Ok(Issuer::Key((t2 - t1.mul(&self.xi)).encode()))
            }
        }
    }
}

impl core::fmt::Debug for Authority {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Authority")
            .field("epoch", &self.system.epoch())
            .finish_non_exhaustive()
    }
}

/// Who issued a certificate, as far as the certificate tells the authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// Who has this `B_j`.
    Key(G1Bytes),
    /// Who stands at this `L_j`.
    Place(Location),
}

/// An RSU's location-sensitive private key `B_j`, for exactly one place.
#[derive(Clone, Debug)]
pub struct RsuKey {
    location: Location,
    y: Scalar,
    b: SecretPoint,
}

impl RsuKey {
    /// A key that poses as an RSU's, with any `y` in the place of `h(L_j)`: for attackers.
    pub fn posing(y: Scalar, b: SecretPoint) -> RsuKey {
        RsuKey {
            location: Location { x_cm: 0, y_cm: 0 },
            y,
            b,
        }
    }

    /// The key that an RSU at that place was given, if it is that place's.
    ///
    /// # Cost
    /// One decoding, one multiplication and two pairings.
    pub fn received(system: &System, location: Location, b: &G1Bytes) -> Option<RsuKey> {
        let key = RsuKey {
            location,
            y: location.scalar(system),
            b: SecretPoint::new(G1::decode(b).ok()?),
        };
        key.is_sound(system).then_some(key)
    }

    /// The place `L_j`.
    pub fn location(&self) -> Location {
        self.location
    }

    /// `h(L_j)`.
    pub fn y(&self) -> &Scalar {
        &self.y
    }

    /// `B_j`.
    pub fn b(&self) -> &SecretPoint {
        &self.b
    }

    /// The RSU's check on issue: `e(B_j, h(L_j)P' + U') = e(P, P')`.
    pub fn is_sound(&self, system: &System) -> bool {
        relation(system, Master::Rsu, &self.location.scalar(system), self.b.expose())
    }
}

/// An OBU's member key: the pseudo-identity `RID_i` and `S_i`.
#[derive(Clone)]
pub struct ObuKey {
    rid: Scalar,
    s: SecretPoint,
}

impl ObuKey {
    /// Puts a key together: for tests and attackers.
    pub fn new(rid: Scalar, s: SecretPoint) -> ObuKey {
        ObuKey { rid, s }
    }

    /// `RID_i`.
    pub fn rid(&self) -> &Scalar {
        &self.rid
    }

    /// `RID_i` as it travels, sealed.
    pub fn rid_bytes(&self) -> ScalarBytes {
        self.rid.to_bytes()
    }

    /// `S_i`.
    pub fn s(&self) -> &SecretPoint {
        &self.s
    }

    /// The OBU's check on issue: `e(S_i, RID_i P' + V') = e(P, P')`.
    pub fn is_sound(&self, system: &System) -> bool {
        relation(system, Master::Obu, &self.rid, self.s.expose())
    }

    /// The same check for many keys at once, with a random weight for each from a hash of all: two pairings for a whole
    /// city. If one key is wrong it fails, but for a chance of 2^-128.
    pub fn are_sound<'a>(system: &System, keys: impl Iterator<Item = &'a ObuKey> + Clone) -> bool {
        let mut transcript = system.transcript(domain::NONCE);
        for key in keys.clone() {
            transcript
                .append("RID", key.rid_bytes().as_ref())
                .append("S", key.s.expose().encode().as_ref());
        }
        let (mut left, mut right, mut base) = (Vec::new(), Vec::new(), Scalar::ZERO);
        for (number, key) in (0u64..).zip(keys) {
            let weight = Scalar::from(transcript.clone().append_u64("weight", number).short());
            left.push((*key.s.expose(), weight * key.rid));
            right.push((*key.s.expose(), weight));
            base += weight;
        }
        if right.is_empty() {
            return true;
        }
        let left = G1::msm(&left) - g1_generator_mul(&base);
        let right = G1::msm(&right);
        pairing_product_prepared(&[(left, system.p_lines()), (right, system.lines(Master::Obu))]).is_identity()
    }
}

impl Drop for ObuKey {
    fn drop(&mut self) {
        self.rid.zeroize();
    }
}

impl core::fmt::Debug for ObuKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ObuKey(..)")
    }
}

/// `e(key, id P' + master) = e(P, P')`, regrouped to `e(id key - P, P') e(key, master) = 1`.
fn relation(system: &System, master: Master, id: &Scalar, key: &G1) -> bool {
    let left = key.mul(id) - G1::generator();
    pairing_product_prepared(&[(left, system.p_lines()), (*key, system.lines(master))]).is_identity()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn issued_keys_pass_their_checks() {
        let authority = testing::authority();
        let system = authority.system();
        let rsu = authority.rsu_key(testing::PLACE).expect("a key");
        assert!(rsu.is_sound(system));
        let obu = authority.obu_key(Scalar::from_u64(77)).expect("a key");
        assert!(obu.is_sound(system));
    }

    #[test]
    fn keys_for_another_place_identity_or_master_do_not_pass() {
        let authority = testing::authority();
        let system = authority.system();
        let rsu = authority.rsu_key(testing::PLACE).expect("a key");
        let elsewhere = RsuKey {
            location: Location { x_cm: 1, y_cm: 1 },
            ..rsu.clone()
        };
        assert!(!elsewhere.is_sound(system));
        let obu = authority.obu_key(Scalar::from_u64(77)).expect("a key");
        assert!(!ObuKey::new(Scalar::from_u64(78), obu.s().clone()).is_sound(system));
        assert!(
            !ObuKey::new(*rsu.y(), rsu.b().clone()).is_sound(system),
            "an RSU's key is no OBU's"
        );
        assert!(
            !RsuKey {
                location: testing::PLACE,
                y: *obu.rid(),
                b: obu.s().clone()
            }
            .is_sound(system)
        );
    }

    #[test]
    fn a_key_that_was_given_is_one_of_that_place_and_epoch() {
        let (one, place) = (testing::authority(), testing::PLACE);
        let two = one.succeed(2, testing::secret(22));
        let b = |authority: &Authority| authority.rsu_key(place).expect("a key").b().expose().encode();
        let received = |system: &System, place, b: &G1Bytes| RsuKey::received(system, place, b).is_some();
        assert!(received(one.system(), place, &b(&one)) && received(two.system(), place, &b(&two)));
        assert!(!received(two.system(), place, &b(&one)), "of another epoch");
        assert!(
            !received(two.system(), Location { x_cm: 1, y_cm: 1 }, &b(&two)),
            "of another place"
        );
        assert!(
            !received(one.system(), place, &roadveil_crypto::ByteArray([0xff; 48])),
            "no point"
        );
        // Member keys last, and certificates open as before.
        let obu = one.obu_key(Scalar::from_u64(77)).expect("a key");
        assert!(obu.is_sound(two.system()));
        assert_ne!(one.system().digest(), two.system().digest());
    }

    #[test]
    fn many_keys_are_checked_at_once() {
        let authority = testing::authority();
        let key = |n: u64| authority.obu_key(Scalar::from_u64(n)).expect("a key");
        let mut keys: Vec<_> = (1..20).map(key).collect();
        let sound = |keys: &[ObuKey]| ObuKey::are_sound(authority.system(), keys.iter());
        assert!(sound(&keys) && sound(&keys[..1]) && sound(&[]));
        keys[7] = ObuKey::new(Scalar::from_u64(100), keys[7].s().clone());
        assert!(!sound(&keys));
        // Errors that cancel each other in a sum without weights.
        let shift = |n: u64| G1::generator().mul(&(*authority.v + Scalar::from_u64(n)));
        let bad = [(key(1), shift(2)), (key(2), -shift(1))]
            .map(|(key, by)| ObuKey::new(*key.rid(), SecretPoint::new(*key.s().expose() + by)));
        assert!(!sound(&bad));
    }

    #[test]
    fn the_place_where_the_master_cancels_has_no_key() {
        let authority = testing::authority();
        assert!(authority.obu_key(-*authority.v).is_none());
    }

    #[test]
    fn nothing_secret_is_printed() {
        let authority = testing::authority();
        let rsu = authority.rsu_key(testing::PLACE).expect("a key");
        let text = format!("{authority:?} {:?} {:?}", rsu.b(), authority.obu_key(Scalar::ONE));
        assert_eq!(text, "Authority { epoch: 1, .. } SecretPoint(..) Some(ObuKey(..))");
    }
}
