use super::*;
use std::sync::Arc;

use crate::alone::{Bit, Rounds};
use crate::alpha::{self, AlphaPoint};
use crate::memo::{Form, Memo};
use crate::one_bit::OneBit;
use crate::{Epsilon, Kind, Rounding};
use chacha20::ChaCha12Rng;
use rand_core::SeedableRng;

fn budget(number: f64) -> Epsilon {
    Epsilon::new(number).expect("a budget")
}

fn rounds(form: Form) -> Memoised {
    Memoised::new(form, budget(2.0), budget(1.0), 4).expect("rounds")
}

/// All whose reports can be summed over.
fn mechanisms() -> Vec<Arc<dyn Mechanism>> {
    let kinds = [
        Kind::Rr1,
        Kind::RrK,
        Kind::Grr,
        Kind::Sue,
        Kind::Oue,
        Kind::Subset,
        Kind::Laplace,
        Kind::Piecewise,
    ];
    let build = |kind: Kind| kind.build(budget(1.5), 5, Rounding::Stochastic).expect("a mechanism");
    let mut all: Vec<Arc<dyn Mechanism>> = kinds.into_iter().map(build).collect();
    for form in [Form::LSue, Form::LOsue, Form::LGrr] {
        all.push(Arc::new(Rounds(rounds(form))));
    }
    for flip in [0.0, 0.2] {
        all.push(Arc::new(Bit(AlphaPoint::new(OneBit::new(budget(1.5)), 4, flip))));
    }
    all
}

fn at_home() -> Belief {
    Belief::new(&[0.0, 1.0, 2.0, 3.0, 3.0, 2.0, 1.0]).expect("a belief")
}

fn away() -> Belief {
    Belief::new(&[6.0, 3.0, 1.0]).expect("a belief")
}

/// A reading of a belief, drawn.
fn draw(belief: &Belief, rng: &mut ChaCha12Rng) -> Reading {
    let mut word = crate::draw::below(rng, 1 << 32) as f64 / 4_294_967_296.0;
    let bin = belief.weights.iter().position(|weight| {
        word -= weight;
        word < 0.0
    });
    Reading::from_share(belief.centre(bin.unwrap_or(0)))
}

#[test]
fn what_is_no_belief_is_none() {
    for weights in [
        &[][..],
        &[0.0, 0.0],
        &[1.0, -0.1],
        &[f64::NAN, 1.0],
        &[f64::INFINITY, 1.0],
    ] {
        assert_eq!(Belief::new(weights), None, "{weights:?}");
    }
    let belief = Belief::new(&[1.0, 3.0, 0.0, 0.0]).expect("a belief");
    assert_eq!(
        (belief.weights(), belief.likeliest()),
        (&[0.25, 0.75, 0.0, 0.0][..], 0.375)
    );
    assert!((belief.mean() - 0.3125).abs() < 1e-12);
}

/// One bit, by hand: with `E = 3` a 1 is as likely as `1/4 + x/2`.
#[test]
fn a_belief_is_the_one_of_bayes() {
    let mechanism = OneBit::new(budget(libm::log(3.0)));
    let mut belief = Belief::new(&[1.0, 1.0]).expect("a belief");
    belief.observe(&mechanism, 1);
    // At a quarter and three quarters of the range: 3/8 and 5/8.
    assert!((belief.weights[1] - 0.625).abs() < 1e-9, "{belief:?}");
    belief.observe(&mechanism, 0);
    assert!((belief.weights[1] - 0.5).abs() < 1e-9, "{belief:?}");
    let home = Belief::new(&[0.0, 1.0]).expect("a belief");
    let away = Belief::new(&[1.0, 0.0]).expect("a belief");
    // 0.2 of 5/8 beside 0.8 of 3/8.
    let occupied = |share| occupied(&mechanism, 1, &home, &away, share);
    assert!((occupied(0.2) - 0.125 / 0.425).abs() < 1e-9);
    assert_eq!((occupied(0.0), occupied(1.0)), (0.0, 1.0));
}

/// Where a report is of 64 bits whose chances are small: no float is large or small enough for the product.
#[test]
fn long_reports_are_no_matter() {
    let mechanism = Kind::Oue
        .build(budget(16.0), 64, Rounding::Stochastic)
        .expect("a mechanism");
    let mut belief = Belief::new(&[1.0; 64]).expect("a belief");
    belief.observe(&*mechanism, u64::MAX);
    assert!(
        belief.weights.iter().all(|weight| (weight - 1.0 / 64.0).abs() < 1e-3),
        "{belief:?}"
    );
    belief.observe(&*mechanism, 1 << 20);
    assert!((belief.likeliest() - 20.0 / 63.0).abs() < 0.02, "{belief:?}");
    assert_eq!(occupancy_accuracy(&*mechanism, &belief, &belief, 0.3), None);
}

/// Whole beliefs stay as they are on average: over all reports of a mechanism, weighted by how likely each is.
#[test]
fn beliefs_are_calibrated() {
    for mechanism in mechanisms() {
        let prior = at_home();
        let reports = (0..1u64 << mechanism.bits()).filter(|report| {
            let mut tally = Tally::new(&*mechanism);
            tally.add(&*mechanism, *report).is_ok()
        });
        let (mut mean, mut whole) = (vec![0.0; prior.weights.len()], 0.0);
        for report in reports {
            let chance = libm::exp(log_sum(&prior.joint(&*mechanism, report)) - 200.0);
            let mut after = prior.clone();
            after.observe(&*mechanism, report);
            whole += chance;
            for (mean, weight) in mean.iter_mut().zip(&after.weights) {
                *mean += chance * weight;
            }
        }
        for (mean, weight) in mean.iter().zip(&prior.weights) {
            assert!(
                (mean / whole - weight).abs() < 1e-9,
                "{}: {mean} {whole}",
                mechanism.name()
            );
        }
    }
}

/// The sum over all reports is how often the guess is right, by drawing: within five standard errors.
#[test]
fn the_accuracy_is_what_is_drawn() {
    let mut rng = ChaCha12Rng::from_seed([41; 32]);
    let (home, away, share) = (at_home(), away(), 0.6);
    for mechanism in mechanisms() {
        let exact = occupancy_accuracy(&*mechanism, &home, &away, share).expect("few reports");
        let n = 10_000u32;
        let right = (0..n).filter(|_| {
            let there = crate::draw::below(&mut rng, 10) < 6;
            let reading = draw(if there { &home } else { &away }, &mut rng);
            let report = mechanism.report(reading, &mut rng);
            (occupied(&*mechanism, report, &home, &away, share) > 0.5) == there
        });
        let found = right.count() as f64 / f64::from(n);
        let error = libm::sqrt(exact * (1.0 - exact) / f64::from(n));
        assert!(
            (found - exact).abs() < 5.0 * error,
            "{}: {found}, not {exact}",
            mechanism.name()
        );
        assert!(advantage(exact, share) >= -1e-12, "{}: {exact}", mechanism.name());
    }
    // Of two readings at the ends, as frequent: E/(E+1).
    let ends = |weights: &[f64]| Belief::new(weights).expect("a belief");
    let mut far = vec![0.0; 1 << 12];
    far[0] = 1.0;
    let low = ends(&far);
    far.reverse();
    let e = libm::exp(1.5);
    let exact = occupancy_accuracy(&OneBit::new(budget(1.5)), &ends(&far), &low, 0.5).expect("a bit");
    assert!((exact - e / (e + 1.0)).abs() < 1e-3, "{exact}");
}

/// One report alone: likelihoods are those of what is drawn, as means and variances are.
#[test]
fn one_report_alone_is_unbiased_and_varies_as_stated() {
    let mut rng = ChaCha12Rng::from_seed([42; 32]);
    for mechanism in mechanisms().iter().skip(8) {
        let (mut sum, mut squares, n) = (0.0, 0.0, 40_000u32);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..n {
            let report = mechanism.report(Reading::from_share(0.3), &mut rng);
            let mut one = Averaged::new();
            one.add(&**mechanism, report);
            let error = one.mean().expect("one") - 0.3;
            (sum, squares) = (sum + error, squares + error * error);
            *counts.entry(report).or_insert(0u32) += 1;
        }
        let (bias, variance) = (sum / f64::from(n), squares / f64::from(n));
        let stated = mechanism.variance(0.3);
        assert!(
            bias.abs() < 5.0 * libm::sqrt(stated / f64::from(n)),
            "{}: {bias}",
            mechanism.name()
        );
        assert!(
            (variance / stated - 1.0).abs() < 0.05,
            "{}: {variance} {stated}",
            mechanism.name()
        );
        let reports: Vec<Report> = counts.keys().copied().collect();
        let log = |report: &Report| log_likelihood(&**mechanism, Reading::from_share(0.3), *report);
        let logs: Vec<f64> = reports.iter().map(log).collect();
        let all = log_sum(&logs);
        for (report, log) in reports.iter().zip(&logs) {
            let expected = libm::exp(log - all) * f64::from(n);
            let found = f64::from(counts[report]);
            assert!(
                (found - expected).abs() < 5.0 * libm::sqrt(expected) + 1.0,
                "{} {report}: {found}, not {expected}",
                mechanism.name()
            );
        }
        assert!(mechanism.spent() <= mechanism.epsilon().get());
        assert!(mechanism.name() == "1BitMean" || mechanism.spent() > 0.999 * mechanism.epsilon().get());
    }
}

/// Fresh reports average out as their number has it; a remembered bit does not.
#[test]
fn averaging_goes_as_far_as_reports_are_fresh() {
    let mut rng = ChaCha12Rng::from_seed([43; 32]);
    let (one_bit, reading, meters, reports) = (OneBit::new(budget(1.0)), Reading::from_share(0.3), 2000u32, 64u64);
    let remembered = AlphaPoint::new(one_bit.clone(), 4, 0.0);
    let alone = Bit(remembered.clone());
    let (mut fresh, mut again) = (0.0, 0.0);
    for _ in 0..meters {
        let (mut one, mut other) = (Averaged::new(), Averaged::new());
        let mut meter = alpha::Meter::new(&remembered, 100.0, &mut rng);
        for _ in 0..reports {
            one.add(&one_bit, one_bit.report(reading, &mut rng));
            other.add(&alone, meter.say(&remembered, reading, &mut rng).report());
        }
        one.add(&one_bit, 2);
        assert_eq!(one.reports(), reports, "what nobody reports is left out");
        let error = |of: &Averaged| of.mean().expect("reports") - 0.3;
        fresh += error(&one) * error(&one) / f64::from(meters);
        again += error(&other) * error(&other) / f64::from(meters);
    }
    let closed = averaging_error(one_bit.variance(0.3), reports);
    assert!((libm::sqrt(fresh) / closed - 1.0).abs() < 0.1, "{fresh}, not {closed}");
    let closed = averaging_error(alone.variance(0.3), 1);
    assert!((libm::sqrt(again) / closed - 1.0).abs() < 0.1, "{again}, not {closed}");
    assert_eq!(Averaged::new().mean(), None);
}

/// Reports in a row differ as often as the closed forms have it.
#[test]
fn changes_show_as_often_as_stated() {
    let mut rng = ChaCha12Rng::from_seed([44; 32]);
    let grid = [Reading::from_share(0.0), Reading::from_share(0.75)];
    let bits = |flip| AlphaPoint::new(OneBit::new(budget(2.0)), 4, flip);
    let chance = |at: usize| bits(0.0).one_bit().chance(grid[at]).get();
    let rounds = rounds(Form::LGrr);
    // What says a report of one of two levels, in each slot.
    let mut check = |name: &str, meter: &mut dyn FnMut(&mut ChaCha12Rng) -> Speaker, closed: Showing| {
        let mut score = Score::default();
        for _ in 0..8000 {
            let (mut say, mut changes) = (meter(&mut rng), Changes::new());
            let mut before = 0;
            for at in [0, 0, 1, 1] {
                let found = changes.differs(say(at, &mut rng));
                found.into_iter().for_each(|found| score.add(found, at != before));
                before = at;
            }
        }
        let false_rate = score.false_alarms as f64 / (score.false_alarms + score.quiet) as f64;
        let recall = score.recall().expect("changes");
        assert!(
            (recall - closed.changed).abs() < 0.03,
            "{name}: {recall}, not {closed:?}"
        );
        assert!(
            (false_rate - closed.same).abs() < 0.03,
            "{name}: {false_rate}, not {closed:?}"
        );
        let precision = score.precision().expect("found");
        assert!(
            (precision - closed.precision(1.0 / 3.0)).abs() < 0.03,
            "{name}: {precision}"
        );
    };
    type Speaker = Box<dyn FnMut(usize, &mut ChaCha12Rng) -> Report>;
    for flip in [0.0, 0.2] {
        let mut meter = |rng: &mut ChaCha12Rng| -> Speaker {
            let mechanism = bits(flip);
            let mut meter = alpha::Meter::new(&mechanism, 100.0, rng);
            Box::new(move |at, rng| meter.say(&mechanism, grid[at], rng).report())
        };
        check("1BitMean", &mut meter, Showing::of_bits(chance(0), chance(1), flip));
    }
    let mut fresh =
        |_: &mut ChaCha12Rng| -> Speaker { Box::new(move |at, rng| OneBit::new(budget(2.0)).report(grid[at], rng)) };
    check("RR-1", &mut fresh, Showing::of_fresh_bits(chance(0), chance(1)));
    let mut two = |_: &mut ChaCha12Rng| -> Speaker {
        let (mut memo, rounds) = (Memo::new(&rounds, 100.0), rounds.clone());
        Box::new(move |at, rng| memo.say(&rounds, 3 * at as u32, rng).report())
    };
    check("L-GRR", &mut two, Showing::of_levels(&rounds));
    assert_eq!((Score::default().precision(), Score::default().recall()), (None, None));
}
