//! Draws that several roles make.

use core::time::Duration;

use rand_core::Rng;
use roadveil_crypto::ByteArray;
use roadveil_role::{LinkAddr, Stream};

/// A span from nothing up to, not including, `limit`.
pub(crate) fn below(stream: &mut Stream, limit: Duration) -> Duration {
    let nanos = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
    // The high half of the product is uniform but for a bias of less than 2^-20 for any span under a day.
    Duration::from_nanos(((u128::from(stream.next_u64()) * u128::from(nanos)) >> 64) as u64)
}

/// Bytes.
pub(crate) fn bytes<const N: usize>(stream: &mut Stream) -> ByteArray<N> {
    let mut bytes = [0; N];
    stream.fill_bytes(&mut bytes);
    ByteArray(bytes)
}

/// A link address.
pub(crate) fn link_addr(stream: &mut Stream) -> LinkAddr {
    LinkAddr::local(bytes::<6>(stream).0)
}
