//! What HAB costs on this host: signing, checking by the length of the revocation list, pools.
//!
//! `cargo bench -p roadveil-hab`

use std::sync::Arc;

use divan::{Bencher, black_box};
use roadveil_crypto::ecdsa::{self, P256BatchItem, P256Key, P256Signature, P256SignatureR, P256SigningKey};
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

/// `n` messages, each under a certificate that is known: one by one, and in a batch, if `R` is sent whole.
#[divan::bench(args = [1, 8, 32])]
fn signatures(bencher: Bencher, n: usize) {
    let signed = signed(n);
    bencher.counter(divan::counter::ItemsCount::new(n)).bench_local(|| {
        for (key, signature, _) in black_box(&signed) {
            assert!(ecdsa::verify(key, domain::MESSAGE, &[7; 309], signature));
        }
    });
}

#[divan::bench(args = [8, 32, 64])]
fn signatures_batch(bencher: Bencher, n: usize) {
    let signed = signed(n);
    let item = |(key, _, signature): &'_ (P256Key, P256Signature, P256SignatureR)| (*key, *signature);
    let keys: Vec<_> = signed.iter().map(item).collect();
    let items: Vec<_> = keys
        .iter()
        .map(|(key, signature)| P256BatchItem {
            key,
            domain: domain::MESSAGE,
            message: &[7; 309],
            signature: *signature,
        })
        .collect();
    bencher
        .counter(divan::counter::ItemsCount::new(n))
        .bench_local(|| assert!(ecdsa::verify_batch(black_box(&items))));
}

fn signed(n: usize) -> Vec<(P256Key, P256Signature, P256SignatureR)> {
    let one = |index| {
        let key = P256SigningKey::derive(&SecretBytes::new([3; 32]), domain::MESSAGE, index);
        let short = key.sign(domain::MESSAGE, &[7; 309]);
        let long = P256SignatureR::lengthen(key.public(), domain::MESSAGE, &[7; 309], &short);
        (*key.public(), short, long.expect("it holds"))
    };
    (0..n as u64).map(one).collect()
}

/// The look-up alone, in the list of `n` vehicles with pools of 10000: 80 MB for 1000 vehicles, 800 MB for 10000.
#[divan::bench(args = [0, 10, 100, 1000, 10_000])]
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
