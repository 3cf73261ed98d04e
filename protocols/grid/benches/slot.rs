//! One slot of many meters through the real mechanism, from the reading to the estimate, with and without the cryptography of the
//! reports: `cargo bench -p roadveil-grid`.
//!
//! Meters are made, report, and are forgotten one after the other, so that memory does not grow with their number. With
//! cryptography each report is sealed and opened in a session of its own (HKDF-SHA-256 and AES-256-GCM, twice: report and
//! acknowledgement at both ends); the X25519 agreement of the session is that of registration, and is not of the slot.

use chacha20::ChaCha12Rng;
use divan::{Bencher, counter::ItemsCount};
use rand_core::SeedableRng;
use roadveil_crypto::{EphemeralShare, Meter as Charges, SharedSecret};
use roadveil_grid::load::Calendar;
use roadveil_grid::load::home::Home;
use roadveil_grid::session::{Place, Session, What};
use roadveil_ldp::{Epsilon, Estimate, Kind, Mechanism, Reading, Rounding, Tally};

const METERS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// A slot in the evening.
const SLOT: u64 = 76;
const RANGE: f64 = 3000.0;

fn main() {
    divan::main();
}

fn mechanism(kind: Kind) -> std::sync::Arc<dyn Mechanism> {
    let epsilon = Epsilon::new(2.0).expect("a budget");
    kind.build(epsilon, 16, Rounding::Stochastic).expect("a mechanism")
}

/// A slot: what is estimated, as a share of the range.
fn slot(meters: u32, mechanism: &dyn Mechanism, secret: Option<&SharedSecret>) -> Option<Estimate> {
    let calendar = Calendar::new(core::time::Duration::from_secs(900));
    let mut rng = ChaCha12Rng::from_seed([7; 32]);
    let mut tally = Tally::new(mechanism);
    let mut charges = Charges::new();
    for meter in 0..meters {
        let watts = Home::of(u64::from(meter)).watts(calendar, SLOT);
        let mut report = mechanism.report(Reading::from_share(watts / RANGE), &mut rng);
        if let Some(secret) = secret {
            let mut exchange = [0; 32];
            exchange[..4].copy_from_slice(&meter.to_le_bytes());
            let session = Session::new(secret.clone(), exchange);
            let place = Place {
                meter,
                slot: SLOT,
                round: 0,
                what: What::Report,
            };
            let sealed = session.seal(&mut charges, place, &report.to_le_bytes()[..1]);
            let opened = session.open(&mut charges, place, &sealed, 1).ok()?;
            report = u64::from(*opened.first()?);
            let place = Place {
                what: What::Ack,
                ..place
            };
            let sealed = session.seal(&mut charges, place, &[]);
            session.open(&mut charges, place, &sealed, 0).ok()?;
        }
        tally.add(mechanism, report).ok()?;
    }
    Estimate::of(mechanism, &tally)
}

#[divan::bench(args = METERS, sample_count = 5, sample_size = 1)]
fn one_bit(bencher: Bencher, meters: u32) {
    let mechanism = mechanism(Kind::Rr1);
    bencher
        .counter(ItemsCount::new(meters))
        .bench(|| slot(meters, &*mechanism, None));
}

#[divan::bench(args = METERS, sample_count = 5, sample_size = 1)]
fn one_bit_sealed(bencher: Bencher, meters: u32) {
    let mechanism = mechanism(Kind::Rr1);
    let mut rng = ChaCha12Rng::from_seed([8; 32]);
    let (one, other) = (EphemeralShare::random(&mut rng), EphemeralShare::random(&mut rng));
    let secret = one.agree(&other.public()).expect("not zero");
    bencher
        .counter(ItemsCount::new(meters))
        .bench(|| slot(meters, &*mechanism, Some(&secret)));
}

#[divan::bench(args = METERS, sample_count = 5, sample_size = 1)]
fn k_ary(bencher: Bencher, meters: u32) {
    let mechanism = mechanism(Kind::RrK);
    bencher
        .counter(ItemsCount::new(meters))
        .bench(|| slot(meters, &*mechanism, None));
}

#[divan::bench(args = METERS, sample_count = 5, sample_size = 1)]
fn olh(bencher: Bencher, meters: u32) {
    let mechanism = mechanism(Kind::Olh);
    bencher
        .counter(ItemsCount::new(meters))
        .bench(|| slot(meters, &*mechanism, None));
}

/// The comparator: encrypt, decode, add; what the aggregator opens at the end is left out.
#[divan::bench(args = [1_000, 10_000], sample_count = 2, sample_size = 1)]
fn elgamal(bencher: Bencher, meters: u32) {
    use roadveil_grid::elgamal::{Secret, Sum};
    let mut rng = ChaCha12Rng::from_seed([9; 32]);
    let public = Secret::random(&mut rng).public();
    bencher.counter(ItemsCount::new(meters)).bench_local(|| {
        let mut sum = Sum::default();
        for meter in 0..meters {
            let cipher = public.encrypt(u64::from(meter) % 3000, &mut rng);
            sum.add(&cipher).expect("points");
        }
        sum
    });
}
