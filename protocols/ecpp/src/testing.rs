//! Shared by the unit tests.

use rand_core::SeedableRng;
use roadveil_crypto::{Scalar, SecretBytes};
use roadveil_role::{Stream, Streams};
use zeroize::Zeroizing;

use crate::keys::Authority;
use crate::system::Location;

/// A place for an RSU.
pub(crate) const PLACE: Location = Location {
    x_cm: 10_000,
    y_cm: -2_500,
};

/// An authority.
pub(crate) fn authority() -> Authority {
    authority_of(1)
}

/// The authority of an epoch.
pub(crate) fn authority_of(epoch: u32) -> Authority {
    Authority::new(epoch, &mut Streams::new(1, "ta", "ta"))
}

/// A secret scalar.
pub(crate) fn secret(n: u64) -> Zeroizing<Scalar> {
    Zeroizing::new(Scalar::from_u64(n))
}

/// A stream.
pub(crate) fn rng() -> Stream {
    Stream::from_seed([1; 32])
}

/// A draw for one signature.
pub(crate) fn draw() -> SecretBytes<32> {
    SecretBytes::random(&mut rng())
}
