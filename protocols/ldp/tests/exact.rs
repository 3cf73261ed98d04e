//! What a mechanism promises, computed exactly from its own chances: no draw is in here but for the goodness of fit.

use std::sync::Arc;

use chacha20::ChaCha12Rng;
use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use rand_core::SeedableRng;
use roadveil_ldp::dbit::DBit;
use roadveil_ldp::mechanism::Likelihood;
use roadveil_ldp::memo::{Form, Memoised};
use roadveil_ldp::{Epsilon, Kind, Mechanism, Reading, Report, Rounding, Tally};

/// Levels, where a mechanism has any.
const LEVELS: u32 = 5;

fn build(kind: Kind, epsilon: f64) -> Arc<dyn Mechanism> {
    let epsilon = Epsilon::new(epsilon).expect("a budget");
    kind.build(epsilon, LEVELS, Rounding::Stochastic).expect("a mechanism")
}

/// All reports, or with OLH all under some functions.
fn outputs(kind: Kind, mechanism: &dyn Mechanism) -> Vec<Report> {
    let possible = |report: &Report| {
        let mut counters = vec![0; mechanism.counters()];
        mechanism.count(*report, &mut counters).is_ok()
    };
    let all = |bits: u32| 0..1u64 << bits;
    match kind {
        Kind::Olh => (0..64u64)
            .flat_map(|function| all(mechanism.bits() - 32).map(move |hash| hash << 32 | function))
            .filter(possible)
            .collect(),
        Kind::Hybrid => all(mechanism.bits() - 1)
            .chain([0, 1].map(|bit| 1 << (mechanism.bits() - 1) | bit))
            .filter(possible)
            .collect(),
        _ => all(mechanism.bits()).filter(possible).collect(),
    }
}

fn exact(likelihood: &Likelihood) -> BigUint {
    let product = |factors: &Vec<u128>| factors.iter().map(|factor| BigUint::from(*factor)).product::<BigUint>();
    likelihood.iter().map(product).sum()
}

/// A number below `e^epsilon`, by the first terms of the series: all are positive. Independent of the crate's own bound.
fn series(epsilon: f64) -> BigRational {
    let epsilon = BigRational::from_float(epsilon).expect("finite");
    let (mut term, mut sum) = (BigRational::one(), BigRational::zero());
    for k in 1..120 {
        sum += &term;
        term = term * &epsilon / BigRational::from_integer(BigInt::from(k));
    }
    sum
}

fn readings() -> Vec<Reading> {
    [0.0, 0.1, 0.25, 0.333, 0.5, 0.999, 1.0]
        .map(Reading::from_share)
        .to_vec()
}

/// The likelihood ratio over every output and all pairs of readings is at most `e^epsilon`, and what is said to be spent.
#[test]
fn no_ratio_exceeds_the_budget() {
    for kind in Kind::ALL {
        for epsilon in [0.05, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0] {
            if kind == Kind::Olh && epsilon > 8.0 {
                // Nine million hashes under each function.
                continue;
            }
            let mechanism = build(kind, epsilon);
            let bound = series(epsilon);
            // As a pair: to reduce each ratio would take minutes.
            let mut worst = (BigUint::zero(), BigUint::one());
            for output in outputs(kind, &*mechanism) {
                let likelihoods: Vec<BigUint> = readings()
                    .iter()
                    .map(|reading| exact(&mechanism.likelihood(*reading, output)))
                    .collect();
                let (most, least) = (
                    likelihoods.iter().max().expect("some"),
                    likelihoods.iter().min().expect("some"),
                );
                assert!(!least.is_zero(), "{kind:?} {epsilon}: {output} excludes a reading");
                if most * &worst.1 > &worst.0 * least {
                    worst = (most.clone(), least.clone());
                }
            }
            let worst = BigRational::new(worst.0.into(), worst.1.into());
            assert!(worst <= bound, "{kind:?} {epsilon}");
            let real = libm::log(worst.to_f64().expect("a number"));
            let spent = mechanism.spent();
            assert!(
                spent <= epsilon && real <= spent && spent - real < 1e-6,
                "{kind:?} {epsilon}: {real} of {spent}"
            );
            // The budget is used, not left: but for OLH and its kind, whose sets are of whole sizes.
            assert!(spent > epsilon * 0.999, "{kind:?} {epsilon}: {spent}");
        }
    }
}

/// Chances of all outputs sum up to the same for each reading; the mean of an estimate is the reading, and its variance what
/// the mechanism says.
#[test]
fn estimates_are_unbiased_and_vary_as_stated() {
    for kind in Kind::ALL {
        for epsilon in [0.5, 1.0, 2.0, 4.0] {
            let mechanism = build(kind, epsilon);
            let outputs = outputs(kind, &*mechanism);
            let mut wholes = Vec::new();
            for reading in readings() {
                let weights: Vec<BigUint> = outputs
                    .iter()
                    .map(|output| exact(&mechanism.likelihood(reading, *output)))
                    .collect();
                if kind == Kind::Hybrid {
                    // Each branch by itself: the choice between them is no part of the likelihood.
                    continue;
                }
                let whole: BigUint = weights.iter().sum();
                let (mut mean, mut square) = (0.0, 0.0);
                for (output, weight) in outputs.iter().zip(&weights) {
                    let p = BigRational::new(weight.clone().into(), whole.clone().into())
                        .to_f64()
                        .expect("a number");
                    let mut tally = Tally::new(&*mechanism);
                    tally.add(&*mechanism, *output).expect("possible");
                    let estimate = mechanism.mean(&tally).expect("one report");
                    mean += p * estimate;
                    square += p * estimate * estimate;
                }
                wholes.push(whole);
                let share = reading.share();
                let (bias, variance) = (mean - share, square - mean * mean);
                let stated = mechanism.variance(share);
                // Some functions only: their hashes agree a little more or less often than by chance.
                let room = if kind == Kind::Olh { 0.4 } else { 1e-6 };
                assert!(bias.abs() < room, "{kind:?} {epsilon} at {share}: {bias}");
                let difference = (variance / stated - 1.0).abs();
                assert!(
                    difference < room.max(1e-6),
                    "{kind:?} {epsilon} at {share}: {variance}, stated {stated}"
                );
            }
            assert!(wholes.windows(2).all(|pair| pair[0] == pair[1]), "{kind:?} {epsilon}");
        }
    }
}

/// What is drawn is what the chances say: Pearson's test over outputs, at a level of one in a million.
#[test]
fn draws_fit_the_chances() {
    let mut rng = ChaCha12Rng::from_seed([3; 32]);
    for kind in Kind::ALL
        .into_iter()
        .filter(|kind| !matches!(kind, Kind::Olh | Kind::Hybrid))
    {
        let mechanism = build(kind, 2.0);
        let outputs = outputs(kind, &*mechanism);
        for share in [0.1, 0.8] {
            let reading = Reading::from_share(share);
            let weights: Vec<BigUint> = outputs
                .iter()
                .map(|output| exact(&mechanism.likelihood(reading, *output)))
                .collect();
            let whole: BigUint = weights.iter().sum();
            let draws = 200_000u32;
            let mut counts = vec![0u32; outputs.len()];
            for _ in 0..draws {
                let report = mechanism.report(reading, &mut rng);
                counts[outputs.binary_search(&report).expect("possible")] += 1;
            }
            // Outputs that are rare stand together.
            let (mut chi, mut bins, mut expected, mut seen) = (0.0, 0u32, 0.0, 0.0);
            for (weight, count) in weights.iter().zip(&counts) {
                let p = BigRational::new(weight.clone().into(), whole.clone().into())
                    .to_f64()
                    .expect("a number");
                expected += p * f64::from(draws);
                seen += f64::from(*count);
                if expected >= 20.0 {
                    chi += (seen - expected) * (seen - expected) / expected;
                    bins += 1;
                    (expected, seen) = (0.0, 0.0);
                }
            }
            let freedom = f64::from(bins.max(2) - 1);
            // Wilson and Hilferty: the cube root is about normal.
            let z = ((chi / freedom).cbrt() - (1.0 - 2.0 / (9.0 * freedom))) / (2.0 / (9.0 * freedom)).sqrt();
            assert!(z < 4.9, "{kind:?} at {share}: chi squared {chi} of {freedom}");
        }
    }
}

/// Of many reports the mean is within five standard errors, and the frequencies are those of the levels.
#[test]
fn many_reports_tell_the_mean() {
    let mut rng = ChaCha12Rng::from_seed([4; 32]);
    for kind in Kind::ALL {
        for rounding in [Rounding::Stochastic, Rounding::Nearest] {
            let epsilon = Epsilon::new(1.0).expect("a budget");
            let mechanism = kind.build(epsilon, LEVELS, rounding).expect("a mechanism");
            let n = 40_000u32;
            let mut tally = Tally::new(&*mechanism);
            for _ in 0..n {
                let report = mechanism.report(Reading::from_share(0.3), &mut rng);
                tally.add(&*mechanism, report).expect("possible");
            }
            let mean = mechanism.mean(&tally).expect("reports");
            let error = (mechanism.variance(0.3) / f64::from(n)).sqrt();
            // Rounded to the nearest of 0, 1/4, ... it is biased, if it is rounded at all.
            let expected = if rounding == Rounding::Nearest && kind.has_levels() {
                0.25
            } else {
                0.3
            };
            assert!(
                (mean - expected).abs() < 5.0 * error,
                "{kind:?} {rounding:?}: {mean} +- {error}"
            );
            if let Some(frequencies) = mechanism.frequencies(&tally) {
                assert_eq!(frequencies.len(), LEVELS as usize);
                assert!(
                    (frequencies.iter().sum::<f64>() - 1.0).abs() < 0.2,
                    "{kind:?}: {frequencies:?}"
                );
            }
        }
    }
}

#[test]
fn a_report_that_nobody_made_is_not_counted() {
    for kind in Kind::ALL {
        let mechanism = build(kind, 1.0);
        let mut tally = Tally::new(&*mechanism);
        for report in [u64::MAX, u64::MAX >> 1, (1 << 62) + 5] {
            let counted = tally.add(&*mechanism, report);
            assert!(counted.is_err() && tally.n == 0, "{kind:?} took {report:x}");
        }
        assert!(tally.counters.iter().all(|counter| *counter == 0) || kind == Kind::Olh);
        assert_eq!(mechanism.mean(&tally), None, "nothing of nothing");
    }
}

/// The errors of a mean over 1,000 meters at a tenth of the range, as closed forms give them for the published mechanisms, in
/// percent of the range. On a grid they are a little larger.
#[test]
fn errors_are_those_of_the_closed_forms() {
    let columns = [
        (Kind::Rr1, 0),
        (Kind::RrK, 5),
        (Kind::RrK, 11),
        (Kind::RrK, 33),
        (Kind::Piecewise, 0),
        (Kind::Hybrid, 0),
        (Kind::Laplace, 0),
    ];
    let table = [
        (0.1, [31.6, 54.5, 105.9, 296.6, 36.3, 31.6, 44.7]),
        (0.5, [6.33, 9.88, 18.2, 49.2, 7.06, 6.33, 8.94]),
        (1.0, [3.18, 4.41, 7.59, 19.4, 3.42, 3.27, 4.47]),
        (2.0, [1.65, 1.81, 2.73, 6.04, 1.60, 1.61, 2.24]),
        (3.0, [1.20, 1.01, 1.35, 2.64, 0.99, 1.04, 1.49]),
        (4.0, [1.04, 0.66, 0.76, 1.37, 0.68, 0.74, 1.12]),
    ];
    for (epsilon, row) in table {
        let epsilon = Epsilon::new(epsilon).expect("a budget");
        for ((kind, levels), expected) in columns.into_iter().zip(row) {
            let mechanism = kind.build(epsilon, levels, Rounding::Stochastic).expect("a mechanism");
            let percent = 100.0 * (mechanism.variance(0.1) / 1000.0).sqrt();
            // The table has three digits.
            let room = expected * 0.006 + 0.005;
            assert!(
                (percent - expected).abs() < room,
                "{kind:?} {levels} {epsilon:?}: {percent}, not {expected}"
            );
        }
    }
}

/// Of remembered answers: what all reports together tell is what the answer tells, at most `e^forever`; and one report alone tells
/// at most `e^single`, and uses it. Over both rounds a chance is a sum of products of whole numbers.
#[test]
fn two_rounds_spend_what_they_may() {
    for form in [Form::LSue, Form::LOsue, Form::LGrr] {
        for (forever, single) in [(0.5, 0.25), (1.0, 0.1), (2.0, 1.0), (4.0, 3.9), (8.0, 2.0), (16.0, 1.0)] {
            for levels in [2u32, 5, 64] {
                let budget = |number| Epsilon::new(number).expect("a budget");
                let rounds = Memoised::new(form, budget(forever), budget(single), levels).expect("rounds");
                let [p1, q1, p2, q2] = rounds.weights().map(BigUint::from);
                let one = BigUint::from(1u128 << 64);
                let others = BigUint::from(levels - 1);
                let (first, both) = if form == Form::LGrr {
                    let own = &p1 * &p2 + &others * &q1 * &q2;
                    // Of one other: its answer is reported, or the own answer, or that of another still.
                    let other = &p1 * &q2 + &q1 * &p2 + (&others - 1u8) * &q1 * &q2;
                    ((p1.clone(), q1.clone()), (own, other))
                } else {
                    let set = |p: &BigUint| p * &p2 + (&one - p) * &q2;
                    let (own, other) = (set(&p1), set(&q1));
                    let whole = &one * &one;
                    // The bit of one level is set and that of another is not, beside the other way round.
                    let pair = |p: &BigUint, q: &BigUint, one: &BigUint| (p * (one - q), q * (one - p));
                    (pair(&p1, &q1, &one), pair(&own, &other, &whole))
                };
                let ratio = |(most, least): (BigUint, BigUint)| BigRational::new(most.into(), least.into());
                let (first, both) = (ratio(first), ratio(both));
                assert!(first <= series(forever), "{form:?} {forever} {levels}");
                assert!(both <= series(single), "{form:?} {forever} {single} {levels}");
                let used = libm::log(both.to_f64().expect("a number"));
                assert!(used > single * 0.999, "{form:?} {forever} {single} {levels}: {used}");
            }
        }
    }
}

/// Of remembered bits about some buckets: whatever buckets a meter drew, no answer is more than `e^epsilon` likelier at one level
/// than at another; and that is used where a meter has two buckets.
#[test]
fn an_answer_about_buckets_spends_what_it_may() {
    for epsilon in [0.05, 1.0, 2.0, 8.0, 16.0] {
        for drawn in [1, 2, 5] {
            let mechanism = DBit::new(Epsilon::new(epsilon).expect("a budget"), 5, drawn).expect("a mechanism");
            let mut worst = (BigUint::zero(), BigUint::one());
            for set in (0..1u64 << 5).filter(|set| set.count_ones() == drawn) {
                for report in 0..1u64 << drawn {
                    let of = |level| exact(&vec![mechanism.likelihood(set, level, report)]);
                    let all: Vec<BigUint> = (0..5).map(of).collect();
                    let (most, least) = (all.iter().max().expect("some"), all.iter().min().expect("some"));
                    if most * &worst.1 > &worst.0 * least {
                        worst = (most.clone(), least.clone());
                    }
                }
            }
            let worst = BigRational::new(worst.0.into(), worst.1.into());
            assert!(worst <= series(epsilon), "{epsilon} {drawn}");
            let used = libm::log(worst.to_f64().expect("a number"));
            // With one bucket an answer differs in one bit from the other, by half of it.
            let expected = if drawn == 1 { epsilon / 2.0 } else { epsilon };
            assert!(
                used > 0.999 * expected && used < 1.001 * expected,
                "{epsilon} {drawn}: {used}"
            );
        }
    }
}
