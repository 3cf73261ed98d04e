//! What HAB costs on this host: signing, checking by the length of the revocation list, pools.
//!
//! `cargo bench -p roadveil-hab`

use std::sync::Arc;

use divan::{Bencher, black_box};
use roadveil_crypto::{ByteArray, Host, SecretBytes};
use roadveil_hab::cert::{Authority, CertId, Pool, domain};
use roadveil_hab::list::Revoked;
use roadveil_hab::messages::Safety;
use roadveil_role::{Body, Cam};

fn main() {
    divan::main();
}

fn pool(size: u64) -> Pool {
    let authority = Arc::new(Authority::new(&SecretBytes::new([1; 32])));
    Pool::new(SecretBytes::new([2; 32]), size, authority)
}

fn body() -> Body {
    Body::padded(Cam::default(), 300)
}

fn safety() -> Safety {
    let pseudonym = pool(64).take(0);
    let statement = Safety::statement(&body(), &pseudonym.id);
    Safety {
        body: body(),
        certificate: pseudonym.certificate,
        signature: pseudonym.key.sign(domain::MESSAGE, &statement),
    }
}

/// A list of `n` vehicles with pools of 10000.
fn list(n: u64) -> Revoked {
    let name = |k: u64| -> CertId { ByteArray(k.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()) };
    Revoked::new((0..n * 10_000).map(name).collect())
}

#[divan::bench]
fn sign(bencher: Bencher) {
    let pseudonym = pool(64).take(0);
    let statement = Safety::statement(&body(), &pseudonym.id);
    bencher.bench_local(|| pseudonym.key.sign(domain::MESSAGE, black_box(&statement)));
}

/// A message under a known certificate.
#[divan::bench(args = [0, 10, 100])]
fn verify_known(bencher: Bencher, n: u64) {
    let (revoked, safety, host) = (list(n), safety(), Host::new(4));
    bencher.bench_local(|| {
        assert!(!revoked.has(&safety.certificate.id()) && safety.check().answer(&host).is_valid());
    });
}

/// A message under a new certificate.
#[divan::bench]
fn verify_new(bencher: Bencher) {
    let (safety, host) = (safety(), Host::new(4));
    let authority = Authority::new(&SecretBytes::new([1; 32]));
    bencher.bench_local(|| {
        let certificate = safety.certificate.check(authority.public());
        assert!(certificate.answer(&host).is_valid() && safety.check().answer(&host).is_valid());
    });
}

/// The look-up alone, in the list of `n` vehicles with pools of 10000.
#[divan::bench(args = [0, 10, 100, 1000])]
fn look_up(bencher: Bencher, n: u64) {
    let (revoked, id) = (list(n), safety().certificate.id());
    bencher.bench_local(|| revoked.has(black_box(&id)));
}

/// The names of a vehicle's pool, when it is revoked.
#[divan::bench(args = [64, 1000], sample_count = 5, sample_size = 1)]
fn names(bencher: Bencher, size: u64) {
    let pool = pool(size);
    bencher.bench_local(|| pool.ids());
}
