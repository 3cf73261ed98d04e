//! Intervals of remembered forms hold the truth as often as they say.
//!
//! The truth is the mean of what readings are *drawn from*, not that of the meters that happened to be drawn: so an
//! interval has how far readings lie apart in it. Errors of a remembered form are alike in all slots, so that nothing
//! could be learnt from many slots of one run: each of a thousand runs is a slot of new meters.

use chacha20::ChaCha12Rng;
use rand_core::SeedableRng;
use roadveil_ldp::alpha::{self, AlphaPoint};
use roadveil_ldp::dbit::{self, DBit};
use roadveil_ldp::draw::below;
use roadveil_ldp::loloha::{self, Loloha};
use roadveil_ldp::memo::{Form, Memo, Memoised};
use roadveil_ldp::one_bit::OneBit;
use roadveil_ldp::{Epsilon, Estimate, Reading, Tally};

const METERS: u32 = 400;
const RUNS: u32 = 1000;
/// More than any life costs.
const AMPLE: f64 = 1000.0;

/// A reading of an evening: 0.15 of the range and up to half of it more, small ones more often. On average it is 0.15 +
/// 0.5 / 3.
fn reading(rng: &mut ChaCha12Rng) -> Reading {
    let uniform = below(rng, 1 << 20) as f64 / f64::from(1 << 20);
    Reading::from_share(0.15 + 0.5 * uniform * uniform)
}

const TRUTH: f64 = 0.15 + 0.5 / 3.0;

/// How often the interval holds the truth, and how its length compares with the spread of the estimates.
fn covers(name: &str, seed: u8, run: impl Fn(&mut ChaCha12Rng) -> Option<Estimate>) {
    let estimates: Vec<Estimate> = (0..RUNS)
        .map(|number| {
            let mut bytes = [seed; 32];
            bytes[..4].copy_from_slice(&number.to_le_bytes());
            run(&mut ChaCha12Rng::from_seed(bytes)).expect("reports")
        })
        .collect();
    let inside = estimates.iter().filter(|one| (one.mean - TRUTH).abs() <= one.radius());
    let coverage = inside.count() as f64 / f64::from(RUNS);
    let mean = |of: &dyn Fn(&Estimate) -> f64| estimates.iter().map(of).sum::<f64>() / f64::from(RUNS);
    let spread = mean(&|one| (one.mean - TRUTH) * (one.mean - TRUTH)) / mean(&|one| one.variance);
    println!("{name}: {coverage}, spread by variance {spread:.3}");
    assert!((0.93..=0.97).contains(&coverage), "{name}: {coverage}");
    assert!((spread - 1.0).abs() < 0.2, "{name}: {spread}");
}

fn budget(number: f64) -> Epsilon {
    Epsilon::new(number).expect("a budget")
}

#[test]
fn memos_cover() {
    for (seed, form, forever, single) in [
        (1, Form::LSue, 2.0, 1.0),
        (2, Form::LOsue, 2.0, 1.0),
        (3, Form::LGrr, 2.0, 1.0),
        (4, Form::LGrr, 6.0, 5.0),
        (5, Form::LSue, 8.0, 7.0),
    ] {
        let rounds = Memoised::new(form, budget(forever), budget(single), 8).expect("rounds");
        covers(&format!("{form:?} {forever}"), seed, |rng| {
            let mut tally = rounds.tally();
            for _ in 0..METERS {
                let level = rounds.levels().round(reading(rng), rng);
                let said = Memo::new(&rounds, AMPLE).say(&rounds, level, rng);
                rounds.count(said.report(), &mut tally).ok()?;
            }
            rounds.estimate(&tally)
        });
    }
}

#[test]
fn remembered_bits_cover() {
    for (seed, epsilon, flip) in [(11, 1.0, 0.0), (12, 4.0, 0.0), (13, 2.0, 0.2)] {
        let mechanism = AlphaPoint::new(OneBit::new(budget(epsilon)), 8, flip);
        covers(&format!("1BitMean {epsilon} {flip}"), seed, |rng| {
            let bits = (0..METERS).map(|_| {
                let mut meter = alpha::Meter::new(&mechanism, AMPLE, rng);
                let reading = reading(rng);
                meter.say(&mechanism, reading, rng).report()
            });
            let counters = vec![bits.sum()];
            mechanism.estimate(&Tally {
                n: u64::from(METERS),
                counters,
            })
        });
    }
}

#[test]
fn bits_about_buckets_cover() {
    for (seed, epsilon, drawn) in [(21, 1.0, 2), (22, 2.0, 8), (23, 8.0, 4)] {
        let mechanism = DBit::new(budget(epsilon), 8, drawn).expect("a mechanism");
        covers(&format!("dBitFlipPM {epsilon} {drawn}"), seed, |rng| {
            let mut tally = mechanism.tally();
            for _ in 0..METERS {
                let mut meter = dbit::Meter::new(&mechanism, AMPLE, rng);
                let reading = reading(rng);
                let said = meter.say(&mechanism, reading, rng);
                mechanism.count(meter.buckets(), said.report(), &mut tally).ok()?;
            }
            mechanism.estimate(&tally)
        });
    }
}

#[test]
fn hashes_cover() {
    let optimal = |forever, single| Loloha::new(budget(forever), budget(single), 8).expect("a mechanism");
    let binary = Loloha::binary(budget(2.0), budget(1.0), 8).expect("a mechanism");
    for (seed, mechanism) in [(31, optimal(2.0, 1.0)), (32, optimal(6.0, 5.0)), (33, binary)] {
        covers(&format!("LOLOHA {}", mechanism.hashes()), seed, |rng| {
            let mut tally = mechanism.tally();
            for _ in 0..METERS {
                let mut meter = loloha::Meter::new(&mechanism, AMPLE, rng);
                let reading = reading(rng);
                let said = meter.say(&mechanism, reading, rng);
                mechanism.count(meter.function(), said.report(), &mut tally).ok()?;
            }
            mechanism.estimate(&tally)
        });
    }
}
