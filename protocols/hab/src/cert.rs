//! Anonymous certificates: the authority's, a vehicle's pool of them, and their names on the revocation list.

use std::sync::Arc;

use postcard_schema::Schema;
use roadveil_crypto::{ByteArray, Check, EcdsaCheck, P256Key, P256Signature, P256SigningKey, SecretBytes, Transcript};
use serde::{Deserialize, Serialize};

/// Separates the protocol's signatures and hashes from all others and from each other.
pub mod domain {
    /// A certificate.
    pub const CERTIFICATE: &str = "ROADVEIL-HAB-V1-CERTIFICATE";
    /// The name of a certificate.
    pub const CERTIFICATE_ID: &str = "ROADVEIL-HAB-V1-CERTIFICATE-ID";
    /// A safety message.
    pub const MESSAGE: &str = "ROADVEIL-HAB-V1-MESSAGE";
    /// A page of the revocation list.
    pub const PAGE: &str = "ROADVEIL-HAB-V1-PAGE";
    /// A key of a vehicle's pool.
    pub const POOL_KEY: &str = "ROADVEIL-HAB-V1-POOL-KEY";
    /// The authority's key.
    pub const AUTHORITY_KEY: &str = "ROADVEIL-HAB-V1-AUTHORITY-KEY";
}

/// The name of a certificate: what the revocation list holds.
pub type CertId = ByteArray<8>;

/// A public key that the authority vouches for, without a word of whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Certificate {
    /// The key.
    pub key: P256Key,
    /// The authority's.
    pub signature: P256Signature,
}

impl Certificate {
    /// Its length on the wire.
    pub const BYTES: usize = 33 + 64;

    /// Its name: of the key, so that another signature on the same key does not make another certificate.
    pub fn id(&self) -> CertId {
        id(&self.key)
    }

    /// The check of the authority's signature, to be asked of the context.
    pub fn check(&self, authority: &P256Key) -> Check {
        Check::new(EcdsaCheck {
            domain: domain::CERTIFICATE,
            key: *authority,
            message: self.key.0.as_slice().into(),
            signature: self.signature,
        })
    }
}

fn id(key: &P256Key) -> CertId {
    let digest = Transcript::new(domain::CERTIFICATE_ID)
        .append("key", key.as_ref())
        .digest();
    let mut id = [0; 8];
    id.copy_from_slice(&digest.0[..8]);
    ByteArray(id)
}

/// The trusted authority's key.
#[derive(Debug)]
pub struct Authority(P256SigningKey);

impl Authority {
    /// The authority of a seed.
    pub fn new(seed: &SecretBytes<32>) -> Authority {
        Authority(P256SigningKey::derive(seed, domain::AUTHORITY_KEY, 0))
    }

    /// Its public key.
    pub fn public(&self) -> &P256Key {
        self.0.public()
    }

    /// Certifies a key.
    pub fn certify(&self, key: &P256Key) -> Certificate {
        Certificate {
            key: *key,
            signature: self.0.sign(domain::CERTIFICATE, key.as_ref()),
        }
    }

    /// Signs a page of the revocation list.
    pub fn sign_page(&self, statement: &[u8]) -> P256Signature {
        self.0.sign(domain::PAGE, statement)
    }
}

/// A vehicle's pool of keys and certificates.
///
/// A real one stores all of them. Here a key is derived from a seed, and its certificate signed, when it is first used:
/// signatures are deterministic, so it is the one that would have been in store. What storage costs is computed from the
/// size of the pool, and nothing is charged for what a real vehicle finds in its memory.
#[derive(Clone, Debug)]
pub struct Pool {
    seed: SecretBytes<32>,
    size: u64,
    authority: Arc<Authority>,
}

/// A key of a pool with its certificate.
#[derive(Debug)]
pub struct Pseudonym {
    /// The key.
    pub key: P256SigningKey,
    /// The certificate.
    pub certificate: Certificate,
    /// The certificate's name.
    pub id: CertId,
}

impl Pool {
    /// A pool of `size` keys, at least one.
    pub fn new(seed: SecretBytes<32>, size: u64, authority: Arc<Authority>) -> Pool {
        Pool {
            seed,
            size: size.max(1),
            authority,
        }
    }

    fn key(&self, index: u64) -> P256SigningKey {
        P256SigningKey::derive(&self.seed, domain::POOL_KEY, index % self.size)
    }

    /// The key of that number. After the last comes the first.
    pub fn take(&self, index: u64) -> Pseudonym {
        let key = self.key(index);
        let certificate = self.authority.certify(key.public());
        Pseudonym {
            id: certificate.id(),
            certificate,
            key,
        }
    }

    /// The names of all its certificates: what the authority puts on the list to revoke the vehicle.
    pub fn ids(&self) -> Vec<CertId> {
        (0..self.size).map(|index| id(self.key(index).public())).collect()
    }
}

/// Who has this certificate? The authority goes through the pools of all vehicles; the result is the place in `pools`.
/// An authority with a table of all names would look it up: `n N` entries, of which none is kept here.
pub fn trace<'a>(certificate: &Certificate, pools: impl IntoIterator<Item = &'a Pool>) -> Option<usize> {
    let id = certificate.id();
    pools.into_iter().position(|pool| pool.ids().contains(&id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::Host;

    fn pool(seed: u8) -> Pool {
        let authority = Arc::new(Authority::new(&SecretBytes::new([9; 32])));
        Pool::new(SecretBytes::new([seed; 32]), 5, authority)
    }

    #[test]
    fn certificates_hold_for_their_authority_only() {
        let host = Host::new(4);
        let pool = pool(1);
        let Pseudonym { certificate, .. } = pool.take(0);
        assert!(certificate.check(pool.authority.public()).answer(&host).is_valid());
        let other = Authority::new(&SecretBytes::new([8; 32]));
        assert!(!certificate.check(other.public()).answer(&host).is_valid());
        let swapped = Certificate {
            key: pool.take(1).certificate.key,
            ..certificate
        };
        assert!(!swapped.check(pool.authority.public()).answer(&host).is_valid());
        assert_ne!(swapped.id(), certificate.id());
    }

    #[test]
    fn a_pool_is_as_large_as_said_and_goes_round() {
        let pool = pool(1);
        let mut ids = pool.ids();
        assert_eq!((0..5).map(|index| pool.take(index).id).collect::<Vec<_>>(), ids);
        assert_eq!(
            pool.take(7).certificate,
            pool.take(2).certificate,
            "the same bytes again"
        );
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 5);
    }

    #[test]
    fn the_authority_finds_whose_a_certificate_is() {
        let pools = [pool(1), pool(2), pool(3)];
        assert_eq!(trace(&pools[1].take(3).certificate, &pools), Some(1));
        assert_eq!(trace(&pool(4).take(3).certificate, &pools), None);
    }
}
