//! Public parameters, places and times: what everybody knows.

use core::time::Duration;
use std::sync::{Arc, OnceLock};

use postcard_schema::Schema;
use roadveil_crypto::{
    Check, Digest, G1, G1Table, G2, PreparedG2, PublicKey, Scalar, SchnorrCheck, Signature, Transcript,
};
use roadveil_role::{Fix, Time};
use serde::{Deserialize, Serialize};

/// Separates the protocol's hashes from all others and from each other.
pub mod domain {
    /// The digest of the public parameters.
    pub const PARAMETERS: &str = "ROADVEIL-ECPP-V1-PARAMETERS";
    /// `h(L_j)`.
    pub const LOCATION: &str = "ROADVEIL-ECPP-V1-LOCATION";
    /// The challenge of a certificate.
    pub const CERTIFICATE: &str = "ROADVEIL-ECPP-V1-CERTIFICATE";
    /// A certificate in the plain form.
    pub const PLAIN: &str = "ROADVEIL-ECPP-V1-PLAIN";
    /// The short digest by which a certificate is named.
    pub const CERTIFICATE_ID: &str = "ROADVEIL-ECPP-V1-CERTIFICATE-ID";
    /// The challenge of `sigma_1`.
    pub const SIGMA1: &str = "ROADVEIL-ECPP-V1-SIGMA1";
    /// The challenge of an RSU's beacon.
    pub const BEACON: &str = "ROADVEIL-ECPP-V1-BEACON";
    /// Proof of possession of `x_i`.
    pub const POSSESSION: &str = "ROADVEIL-ECPP-V1-POSSESSION";
    /// A safety message.
    pub const MESSAGE: &str = "ROADVEIL-ECPP-V1-MESSAGE";
    /// A safety message with a ZSS signature.
    pub const ZSS: &str = "ROADVEIL-ECPP-V1-ZSS";
    /// A payload of another role on the node.
    pub const SERVICE: &str = "ROADVEIL-ECPP-V1-SERVICE";
    /// The revocation list.
    pub const LIST: &str = "ROADVEIL-ECPP-V1-LIST";
    /// The announcement of an epoch.
    pub const EPOCH: &str = "ROADVEIL-ECPP-V1-EPOCH";
    /// The emergency list.
    pub const EMERGENCY: &str = "ROADVEIL-ECPP-V1-EMERGENCY";
    /// A question in tracking.
    pub const TRACE: &str = "ROADVEIL-ECPP-V1-TRACE";
    /// The name of a run of the key issue.
    pub const SESSION: &str = "ROADVEIL-ECPP-V1-SESSION";
    /// Hedged nonces.
    pub const NONCE: &str = "ROADVEIL-ECPP-V1-NONCE";
    /// What `H0` is hashed from.
    pub const H0: &str = "ROADVEIL-ECPP-V1-H0_BLS12381G1_XMD:SHA-256_SSWU_RO_";
}

/// Window of the tables for `H0` and `H1`.
const WINDOW: usize = 6;

/// The public parameters of one epoch, with what makes them fast to use.
///
/// Published are `U' = uP'` and `V' = vP'`; reconstruction are the bases `H0` (hashed from a fixed string) and
/// `H1 = xi H0`, the epoch, and the key under which the authority signs its revocation list.
#[derive(Debug)]
pub struct System {
    epoch: u32,
    digest: Digest,
    u: G2,
    v: G2,
    list_key: PublicKey,
    h0: Arc<G1Table>,
    h1: Arc<G1Table>,
    lines: Lines,
    /// The parameters of the epoch that followed, once somebody asked: a whole city works them out once.
    successor: OnceLock<Arc<System>>,
}

/// Second arguments of every pairing in the scheme, with their lines precomputed.
#[derive(Debug)]
struct Lines {
    p: PreparedG2,
    u: PreparedG2,
    v: PreparedG2,
}

/// Whose master secret a key was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Master {
    /// `u`: keys of RSUs, bound to a place.
    Rsu,
    /// `v`: keys of OBUs, bound to a pseudo-identity.
    Obu,
}

impl System {
    /// Gathers the parameters and takes their digest.
    pub fn new(epoch: u32, u: G2, v: G2, h1: &G1, list_key: PublicKey) -> System {
        let tables = [&System::h0_point(), h1].map(|base| Arc::new(G1Table::new(base, WINDOW)));
        System::with_tables(epoch, u, v, tables, list_key)
    }

    fn with_tables(epoch: u32, u: G2, v: G2, [h0, h1]: [Arc<G1Table>; 2], list_key: PublicKey) -> System {
        let encoded = |table: &G1Table| table.mul(&Scalar::ONE).encode();
        let mut transcript = Transcript::new(domain::PARAMETERS);
        transcript.append_u64("epoch", u64::from(epoch));
        transcript
            .append("P", G1::generator().encode().as_ref())
            .append("P'", G2::generator().encode().as_ref());
        transcript
            .append("U'", u.encode().as_ref())
            .append("V'", v.encode().as_ref());
        transcript
            .append("H0", encoded(&h0).as_ref())
            .append("H1", encoded(&h1).as_ref());
        transcript.append("list key", list_key.bytes().as_ref());
        System {
            epoch,
            digest: transcript.digest(),
            lines: Lines {
                p: PreparedG2::new(&G2::generator()),
                u: PreparedG2::new(&u),
                v: PreparedG2::new(&v),
            },
            u,
            v,
            list_key,
            h0,
            h1,
            successor: OnceLock::new(),
        }
    }

    /// The parameters of a later epoch: another `U'`, and all else alike.
    pub fn succeed(&self, epoch: u32, u: G2) -> Arc<System> {
        let make = || {
            let tables = [Arc::clone(&self.h0), Arc::clone(&self.h1)];
            Arc::new(System::with_tables(epoch, u, self.v, tables, self.list_key))
        };
        let known = self.successor.get_or_init(make);
        if known.epoch == epoch && known.u == u {
            Arc::clone(known)
        } else {
            make()
        }
    }

    /// The base whose discrete logarithm nobody knows.
    pub fn h0_point() -> G1 {
        G1::hash(b"H0", domain::H0.as_bytes())
    }

    /// The epoch of the master `u`: what is certified in another epoch does not hold.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The digest that every challenge includes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// `U'` or `V'`.
    pub fn public(&self, master: Master) -> &G2 {
        match master {
            Master::Rsu => &self.u,
            Master::Obu => &self.v,
        }
    }

    /// The key under which the revocation list is signed.
    pub fn list_key(&self) -> PublicKey {
        self.list_key
    }

    /// The lines of `P'`.
    pub fn p_lines(&self) -> &PreparedG2 {
        &self.lines.p
    }

    /// The lines of `U'` or `V'`.
    pub fn lines(&self, master: Master) -> &PreparedG2 {
        match master {
            Master::Rsu => &self.lines.u,
            Master::Obu => &self.lines.v,
        }
    }

    /// `s H0`.
    pub fn h0(&self, scalar: &Scalar) -> G1 {
        self.h0.mul(scalar)
    }

    /// `s H1`.
    pub fn h1(&self, scalar: &Scalar) -> G1 {
        self.h1.mul(scalar)
    }

    /// The check of a statement that the authority signed under its list key in a domain.
    pub(crate) fn list_check(&self, domain: &'static str, statement: [u8; 32], signature: Signature) -> Check {
        Check::new(SchnorrCheck {
            domain,
            key: *self.list_key.bytes(),
            message: statement.into(),
            signature,
        })
    }

    /// A transcript for a challenge of this system.
    pub fn transcript(&self, domain: &'static str) -> Transcript {
        let mut transcript = Transcript::new(domain);
        transcript.append("parameters", self.digest.as_ref());
        transcript
    }
}

/// A place `L_j`, in whole centimetres of the scenario's plane: the only form in which it is hashed, signed and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Schema)]
pub struct Location {
    /// East.
    pub x_cm: i32,
    /// North.
    pub y_cm: i32,
}

impl Location {
    /// The place at those metres. Far outside the plane it is the nearest that can be encoded.
    pub fn from_metres(x: f64, y: f64) -> Location {
        // A float cast saturates, and a place that is not a number is the origin.
        Location {
            x_cm: (x * 100.0).round() as i32,
            y_cm: (y * 100.0).round() as i32,
        }
    }

    /// Metres east and north.
    pub fn metres(self) -> (f64, f64) {
        (f64::from(self.x_cm) / 100.0, f64::from(self.y_cm) / 100.0)
    }

    /// How far a receiver is from it, in metres.
    pub fn distance(self, fix: &Fix) -> f64 {
        let (x, y) = self.metres();
        ((x - fix.x) * (x - fix.x) + (y - fix.y) * (y - fix.y)).sqrt()
    }

    /// Eight bytes, big-endian.
    pub fn to_bytes(self) -> [u8; 8] {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&self.x_cm.to_be_bytes());
        bytes[4..].copy_from_slice(&self.y_cm.to_be_bytes());
        bytes
    }

    /// `h(L_j)`, bound to the parameters and thereby to the epoch.
    pub fn scalar(self, system: &System) -> Scalar {
        system
            .transcript(domain::LOCATION)
            .append("location", &self.to_bytes())
            .scalar()
    }
}

/// The validity `T_i` of a short-time key: milliseconds on the issuer's clock, from one up to but not including the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
pub struct Validity {
    /// First millisecond.
    pub from: u64,
    /// First millisecond after.
    pub until: u64,
}

impl Validity {
    /// A validity that covers `lifetime` from `now` on, widened to boundaries that all keys share: an exact `T_i` would
    /// name its key. A quantum of zero gives the exact one.
    pub fn covering(now: Time, lifetime: Duration, quantum: Duration) -> Validity {
        let quantum = u64::try_from(quantum.as_millis()).unwrap_or(u64::MAX).max(1);
        let now = now.as_millis();
        let end = now.saturating_add(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
        Validity {
            from: now - now % quantum,
            until: end.div_ceil(quantum).saturating_mul(quantum),
        }
    }

    /// Is `now` inside, for a clock that may be late by `tolerance`?
    pub fn holds(&self, now: Time, tolerance: Duration) -> bool {
        self.from <= (now + tolerance).as_millis() && now.as_millis() < self.until
    }

    /// How long it is; zero if it ends before it begins.
    pub fn length(&self) -> Duration {
        Duration::from_millis(self.until.saturating_sub(self.from))
    }

    /// Its end.
    pub fn end(&self) -> Time {
        Time::from_millis(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_whole_centimetres() {
        let place = Location::from_metres(12.345_001, -0.004);
        assert_eq!(place, Location { x_cm: 1235, y_cm: 0 });
        assert_eq!(place.to_bytes(), [0, 0, 4, 0xd3, 0, 0, 0, 0]);
        assert_eq!(
            Location::from_metres(1e30, f64::NAN),
            Location {
                x_cm: i32::MAX,
                y_cm: 0
            }
        );
        assert!(
            (place.distance(&Fix {
                x: 12.35,
                y: 3.0,
                ..Fix::default()
            }) - 3.0)
                .abs()
                < 1e-9
        );
    }

    #[test]
    fn places_and_epochs_hash_apart() {
        let (one, two) = (crate::testing::authority_of(1), crate::testing::authority_of(2));
        let place = Location { x_cm: 1, y_cm: 2 };
        assert_eq!(place.scalar(one.system()), place.scalar(one.system()));
        assert_ne!(place.scalar(one.system()), place.scalar(two.system()));
        assert_ne!(
            place.scalar(one.system()),
            Location { x_cm: 2, y_cm: 1 }.scalar(one.system())
        );
    }

    #[test]
    fn validities_share_boundaries() {
        let ten = Duration::from_secs(10);
        let minute = Duration::from_secs(60);
        let one = Validity::covering(Time::from_millis(12_345), minute, ten);
        let other = Validity::covering(Time::from_millis(18_999), minute, ten);
        assert_eq!(
            one,
            Validity {
                from: 10_000,
                until: 80_000
            }
        );
        assert_eq!(one, other, "two cars that ask within one quantum get the same validity");
        let exact = Validity::covering(Time::from_millis(12_345), minute, Duration::ZERO);
        assert_eq!(
            exact,
            Validity {
                from: 12_345,
                until: 72_345
            }
        );
        assert!(one.holds(Time::from_millis(10_000), Duration::ZERO));
        assert!(one.holds(Time::from_millis(9_000), Duration::from_secs(1)));
        assert!(!one.holds(Time::from_millis(8_999), Duration::from_secs(1)));
        assert!(one.holds(Time::from_millis(79_999), Duration::ZERO));
        assert!(!one.holds(Time::from_millis(80_000), Duration::from_secs(1)));
        assert_eq!(Validity { from: 5, until: 3 }.length(), Duration::ZERO);
    }
}
