//! `ldp-inference`: what a curious aggregator infers of one home.
//!
//! Three attacks, against five ways to report. Is somebody at home? By Bayes, of a home that stands still for so many
//! slots: the hardest case for who hides, and the easiest for who averages. What is its reading? By averaging what
//! reports say. When did it change? A report that differs from the one before says so. Each is measured beside its
//! closed form.

use chacha20::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};
use roadveil_ldp::account::{Nano, Window};
use roadveil_ldp::alone::{Bit, Rounds};
use roadveil_ldp::alpha::{self, AlphaPoint};
use roadveil_ldp::draw::below;
use roadveil_ldp::infer::{Averaged, Belief, Changes, Score, Showing};
use roadveil_ldp::infer::{accuracy, advantage, averaging_error, chances, occupancy_accuracy, occupied};
use roadveil_ldp::k_ary::KAry;
use roadveil_ldp::memo::{Form, Memo, Memoised};
use roadveil_ldp::one_bit::OneBit;
use roadveil_ldp::{Epsilon, Mechanism, Reading, Report};
use serde_json::{Value, json};

use super::Outcome;

/// Bins of a reading's range, at home and away: as parts of so many.
const AT_HOME: [f64; 10] = [1.0, 3.0, 5.0, 5.0, 4.0, 3.0, 2.0, 1.0, 1.0, 0.0];
const AWAY: [f64; 10] = [12.0, 6.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
/// How often somebody is at home.
const SHARE: f64 = 0.5;

/// Homes of a row.
const HOMES: u32 = 2000;
/// Slots of the window of LPU.
const WINDOW: u64 = 48;
/// For how many slots a home stands still.
const STILL: [u64; 3] = [1, 16, 96];
/// Over how many slots reports are averaged, and of which reading.
const AVERAGED: [u64; 4] = [1, 16, 96, 672];
const READING: f64 = 0.3;
/// Between which readings a home changes, how often, and for how many reports.
const BETWEEN: [f64; 2] = [0.05, 0.6];
const CHANGES: f64 = 0.1;
const REPORTS: u64 = 40;
/// More than any life here costs.
const AMPLE: f64 = 1000.0;

/// How reports are made.
struct Way {
    name: String,
    /// One report by itself.
    alone: Box<dyn Mechanism>,
    /// What draws the answer that is remembered, and the chances that it is said, and a certain other. Nothing of fresh
    /// reports.
    remembered: Option<(Box<dyn Mechanism>, f64, f64)>,
    how: How,
}

enum How {
    Fresh(OneBit),
    Rotating(OneBit),
    Rounds(Memoised),
    Bit(AlphaPoint),
}

/// One meter.
enum Meter<'a> {
    Fresh(&'a OneBit),
    /// With the slot of the window in which it reports, and its ledger.
    Rotating(&'a OneBit, u64, Window),
    /// With the threshold by which it rounds.
    Rounds(&'a Memoised, u32, Memo),
    Bit(&'a AlphaPoint, alpha::Meter),
}

impl Way {
    fn meter(&self, rng: &mut dyn Rng) -> Meter<'_> {
        match &self.how {
            How::Fresh(one_bit) => Meter::Fresh(one_bit),
            How::Rotating(one_bit) => {
                let cost = Nano::above(one_bit.epsilon().get());
                Meter::Rotating(one_bit, below(rng, WINDOW), Window::new(cost, WINDOW))
            }
            // Below `2^20`.
            How::Rounds(rounds) => Meter::Rounds(rounds, below(rng, 1 << 20) as u32, Memo::new(rounds, AMPLE)),
            How::Bit(bit) => Meter::Bit(bit, alpha::Meter::new(bit, AMPLE, rng)),
        }
    }

    /// How many slots lie between two reports.
    fn every(&self) -> u64 {
        if matches!(self.how, How::Rotating(_)) {
            WINDOW
        } else {
            1
        }
    }
}

impl Meter<'_> {
    /// Its report in a slot, if it is its turn.
    fn say(&mut self, slot: u64, reading: Reading, rng: &mut dyn Rng) -> Option<Report> {
        Some(match self {
            Meter::Fresh(one_bit) => one_bit.report(reading, rng),
            Meter::Rotating(one_bit, turn, ledger) => {
                let due = slot % WINDOW == *turn;
                let cost = Nano::above(one_bit.epsilon().get());
                if !due || ledger.spend(slot, cost).is_err() {
                    return None;
                }
                one_bit.report(reading, rng)
            }
            Meter::Rounds(rounds, threshold, memo) => {
                let level = rounds.levels().round_by(reading, *threshold);
                memo.say(rounds, level, rng).report()
            }
            Meter::Bit(bit, meter) => meter.say(bit, reading, rng).report(),
        })
    }
}

/// The five ways.
fn ways() -> Option<Vec<Way>> {
    let epsilon = |number| Epsilon::new(number).ok();
    let one_bit = OneBit::new(epsilon(1.0)?);
    let rounds = Memoised::new(Form::LGrr, epsilon(2.0)?, epsilon(1.0)?, 4).ok()?;
    let [.., p2, q2] = rounds.weights().map(|weight| weight as f64 / libm::exp2(64.0));
    let fresh = |name: &str, how: How| Way {
        name: name.to_owned(),
        alone: Box::new(one_bit.clone()),
        remembered: None,
        how,
    };
    let bit = |name: &str, flip: f64| {
        let point = AlphaPoint::new(one_bit.clone(), 16, flip);
        Way {
            name: name.to_owned(),
            alone: Box::new(Bit(point.clone())),
            remembered: Some((Box::new(one_bit.clone()), 1.0 - flip, flip)),
            how: How::Bit(point),
        }
    };
    Some(vec![
        fresh("fresh, no ledger", How::Fresh(one_bit.clone())),
        fresh("LPU, 48 slots", How::Rotating(one_bit.clone())),
        Way {
            name: "L-GRR".to_owned(),
            alone: Box::new(Rounds(rounds.clone())),
            remembered: Some((Box::new(KAry::grr(rounds.forever(), rounds.levels())), p2, q2)),
            how: How::Rounds(rounds),
        },
        bit("1BitMean", 0.0),
        bit("1BitMean, flip 0.2", 0.2),
    ])
}

/// Fills the table.
pub(super) fn run() -> Outcome {
    let mut outcome = Outcome {
        notes: vec![
            format!("{HOMES} homes a row. Fresh and LPU: RR-1 at epsilon 1; L-GRR: 4 levels, forever 2, one report 1; 1BitMean: epsilon 1 for each of 17 values."),
            format!("occupancy: how often Bayes guesses right whether somebody is at home ({SHARE} are) after so many slots in which the reading stands still; advantage: over always guessing the more frequent."),
            format!("averaging: how far the mean of debiased reports of a home at {READING} is off, root mean square, as a share of the range. LPU reports once in a window."),
            format!("changes: a home moves between {BETWEEN:?} of the range with the chance {CHANGES} in each slot; of LPU: since the report before, 48 slots ago, so that every other report is of a change."),
            "fresh reports and no ledger: the error falls with the root of the slots. Remembered: it stops, and so does what is learnt of who is at home; but a change shows, and surely where nothing is flipped.".to_owned(),
        ],
        columns: vec![
            "attack", "reports", "slots", "found", "closed_form", "standard_error", "advantage", "closed_form_advantage",
        ],
        rows: Vec::new(),
        parted: Vec::new(),
    };
    let (Some(ways), Some(home), Some(away)) = (ways(), Belief::new(&AT_HOME), Belief::new(&AWAY)) else {
        outcome.parted.push("the lab itself is not sound".to_owned());
        return outcome;
    };
    for (number, way) in (0u8..).zip(&ways) {
        let rng = |attack: u8, place: u8| {
            let mut seed = [61; 32];
            seed[..3].copy_from_slice(&[number, attack, place]);
            ChaCha12Rng::from_seed(seed)
        };
        for (place, slots) in (0u8..).zip(STILL) {
            occupancy(&mut outcome, way, &home, &away, slots, &mut rng(0, place));
        }
        for (place, slots) in (0u8..).zip(AVERAGED).filter(|(_, slots)| *slots >= way.every()) {
            averaging(&mut outcome, way, slots, &mut rng(1, place));
        }
        changes(&mut outcome, way, &mut rng(2, 0));
    }
    outcome
}

/// A reading of a belief: the centre of a bin.
fn draw(belief: &Belief, rng: &mut dyn Rng) -> Reading {
    let mut word = below(rng, 1 << 32) as f64 / libm::exp2(32.0);
    let bin = belief.weights().iter().position(|weight| {
        word -= weight;
        word < 0.0
    });
    Reading::from_share((bin.unwrap_or(0) as f64 + 0.5) / belief.weights().len() as f64)
}

/// What is believed of a home after its reports.
fn believes(way: &Way, reports: &[Report], home: &Belief, away: &Belief) -> f64 {
    let Some((first, said, other)) = &way.remembered else {
        // Each is another draw of one reading.
        let (mut home, mut away, mut share) = (home.clone(), away.clone(), SHARE);
        for report in reports {
            share = occupied(&*way.alone, *report, &home, &away, share);
            home.observe(&*way.alone, *report);
            away.observe(&*way.alone, *report);
        }
        return share;
    };
    // All are of one answer, which is not seen. Where nothing is added to it all are alike, and the first is enough.
    let reports = if *other > 0.0 {
        reports
    } else {
        &reports[..reports.len().min(1)]
    };
    let (Some(at_home), Some(not)) = (chances(&**first, home), chances(&**first, away)) else {
        return SHARE;
    };
    let seen = |answer: usize| {
        let same = |report: &Report| *report == answer as u64;
        reports
            .iter()
            .map(|report| if same(report) { *said } else { *other })
            .product()
    };
    let seen: Vec<f64> = (0..at_home.len()).map(seen).collect();
    let of = |chances: &[f64]| -> f64 { chances.iter().zip(&seen).map(|(chance, seen)| chance * seen).sum() };
    let (at_home, not) = (SHARE * of(&at_home), (1.0 - SHARE) * of(&not));
    at_home / (at_home + not)
}

fn occupancy(outcome: &mut Outcome, way: &Way, home: &Belief, away: &Belief, slots: u64, rng: &mut ChaCha12Rng) {
    let right = (0..HOMES).filter(|_| {
        let there = (below(rng, 1000) as f64) < 1000.0 * SHARE;
        let reading = draw(if there { home } else { away }, rng);
        let mut meter = way.meter(rng);
        let reports: Vec<Report> = (0..slots).filter_map(|slot| meter.say(slot, reading, rng)).collect();
        (believes(way, &reports, home, away) > 0.5) == there
    });
    let found = right.count() as f64 / f64::from(HOMES);
    let closed = closed_accuracy(way, home, away, slots).unwrap_or(f64::NAN);
    let error = libm::sqrt(closed * (1.0 - closed) / f64::from(HOMES));
    let over = |accuracy: f64| json!(advantage(accuracy, SHARE));
    row(
        outcome,
        ["occupancy", &way.name],
        slots,
        [found, closed, error],
        [over(found), over(closed)],
    );
}

/// How often the best guess is right, summed over all that may be reported.
fn closed_accuracy(way: &Way, home: &Belief, away: &Belief, slots: u64) -> Option<f64> {
    let Some((first, said, other)) = &way.remembered else {
        let fresh = |reports: u64| {
            let of = |belief: &Belief| ones(&*way.alone, belief, reports);
            Some(accuracy(of(home)?.into_iter().zip(of(away)?), SHARE))
        };
        // So many reports, or with some chance one more.
        let (surely, rest) = (slots / way.every(), slots % way.every());
        let more = rest as f64 / way.every() as f64;
        return Some((1.0 - more) * fresh(surely)? + more * fresh(surely + 1)?);
    };
    if *other <= 0.0 || slots == 1 {
        return occupancy_accuracy(&*way.alone, home, away, SHARE);
    }
    let (at_home, not) = (chances(&**first, home)?, chances(&**first, away)?);
    let (log_said, log_other) = (libm::log(*said), libm::log(*other));
    let factorial = |n: u64| libm::lgamma(n as f64 + 1.0);
    let pairs = compositions(slots, at_home.len()).into_iter().map(|counts| {
        let ways = factorial(slots) - counts.iter().map(|count| factorial(*count)).sum::<f64>();
        let of = |chances: &[f64]| -> f64 {
            let given = |(chance, count): (&f64, &u64)| {
                chance * libm::exp(ways + *count as f64 * log_said + (slots - count) as f64 * log_other)
            };
            chances.iter().zip(&counts).map(given).sum()
        };
        (of(&at_home), of(&not))
    });
    Some(accuracy(pairs, SHARE))
}

/// How likely so many fresh bits of one reading have 0, 1, ... ones.
fn ones(one_bit: &dyn Mechanism, belief: &Belief, reports: u64) -> Option<Vec<f64>> {
    let bins = belief.weights().len();
    let mut all = vec![0.0; reports as usize + 1];
    for (bin, weight) in belief.weights().iter().enumerate() {
        let mut alone = vec![0.0; bins];
        *alone.get_mut(bin)? = 1.0;
        let one = *chances(one_bit, &Belief::new(&alone)?)?.get(1)?;
        // One bit after the other.
        let mut here = vec![1.0];
        for _ in 0..reports {
            let (stay, rise) = (here.iter().chain([&0.0]), [&0.0].into_iter().chain(&here));
            here = stay
                .zip(rise)
                .map(|(stay, rise)| stay * (1.0 - one) + rise * one)
                .collect();
        }
        all.iter_mut().zip(&here).for_each(|(all, here)| *all += weight * here);
    }
    Some(all)
}

/// All ways to split a number into so many parts.
fn compositions(number: u64, parts: usize) -> Vec<Vec<u64>> {
    if parts <= 1 {
        return vec![vec![number]];
    }
    let with = |first: u64| {
        let rest = compositions(number - first, parts - 1).into_iter();
        rest.map(move |mut rest| {
            rest.push(first);
            rest
        })
    };
    (0..=number).flat_map(with).collect()
}

fn averaging(outcome: &mut Outcome, way: &Way, slots: u64, rng: &mut ChaCha12Rng) {
    let reading = Reading::from_share(READING);
    let squares: Vec<f64> = (0..HOMES)
        .filter_map(|_| {
            let (mut meter, mut averaged) = (way.meter(rng), Averaged::new());
            for slot in 0..slots {
                if let Some(report) = meter.say(slot, reading, rng) {
                    averaged.add(&*way.alone, report);
                }
            }
            averaged.mean().map(|mean| (mean - READING) * (mean - READING))
        })
        .collect();
    let n = squares.len() as f64;
    let mean = squares.iter().sum::<f64>() / n;
    let variance = squares.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / (n - 1.0);
    let found = libm::sqrt(mean);
    let error = libm::sqrt(variance / n) / (2.0 * found);
    let one = way.alone.variance(READING);
    // What the answer is off stays, however often it is said.
    let stays = way
        .remembered
        .as_ref()
        .map_or(0.0, |(first, ..)| first.variance(READING));
    let fresh = averaging_error((one - stays).max(0.0), slots / way.every());
    let closed = libm::sqrt(stays + fresh * fresh);
    row(
        outcome,
        ["averaging", &way.name],
        slots,
        [found, closed, error],
        [Value::Null, Value::Null],
    );
}

fn changes(outcome: &mut Outcome, way: &Way, rng: &mut ChaCha12Rng) {
    let slots = REPORTS * way.every();
    let readings = BETWEEN.map(Reading::from_share);
    let scores: Vec<Score> = (0..HOMES)
        .map(|_| {
            let (mut meter, mut changes, mut score) = (way.meter(rng), Changes::new(), Score::default());
            let mut at = below(rng, 2) as usize;
            let mut before = at;
            for slot in 0..slots {
                at ^= usize::from((below(rng, 1000) as f64) < 1000.0 * CHANGES);
                if let Some(report) = meter.say(slot, readings[at], rng) {
                    if let Some(found) = changes.differs(report) {
                        score.add(found, at != before);
                    }
                    before = at;
                }
            }
            score
        })
        .collect();
    let showing = match &way.how {
        How::Fresh(one_bit) | How::Rotating(one_bit) => {
            let [one, other] = readings.map(|reading| one_bit.chance(reading).get());
            Showing::of_fresh_bits(one, other)
        }
        How::Rounds(rounds) => Showing::of_levels(rounds),
        How::Bit(bit) => {
            let [one, other] = readings.map(|reading| bit.one_bit().chance(reading).get());
            Showing::of_bits(one, other, bit.flip().get())
        }
    };
    // That an odd number of changes lies between two reports.
    let odd = (1.0 - libm::pow(1.0 - 2.0 * CHANGES, way.every() as f64)) / 2.0;
    let recall = |score: &Score| (score.hits, score.hits + score.missed);
    let precision = |score: &Score| (score.hits, score.hits + score.false_alarms);
    for (attack, [found, error], closed) in [
        ("changes, recall", ratio(scores.iter().map(recall)), showing.changed),
        (
            "changes, precision",
            ratio(scores.iter().map(precision)),
            showing.precision(odd),
        ),
    ] {
        row(
            outcome,
            [attack, &way.name],
            slots,
            [found, closed, error],
            [Value::Null, Value::Null],
        );
    }
}

/// The ratio of sums over homes, with its standard error: what a home has more than its part varies.
fn ratio(homes: impl Iterator<Item = (u64, u64)> + Clone) -> [f64; 2] {
    let sum = |of: fn((u64, u64)) -> u64| homes.clone().map(of).sum::<u64>() as f64;
    let (part, whole) = (sum(|one| one.0), sum(|one| one.1));
    let ratio = part / whole;
    let squares = homes.map(|(part, whole)| {
        let more = part as f64 - ratio * whole as f64;
        more * more
    });
    [ratio, libm::sqrt(squares.sum::<f64>()) / whole]
}

fn row(outcome: &mut Outcome, names: [&str; 2], slots: u64, figures: [f64; 3], advantages: [Value; 2]) {
    let [found, closed, error] = figures;
    let [attack, reports] = names;
    // Of some forty rows: five standard errors are one in forty thousand.
    if (found - closed).abs() > 5.0 * error + 1e-9 || !found.is_finite() || !closed.is_finite() {
        outcome.parted.push(format!(
            "{attack}, {reports}, {slots} slots: {found:.4}, not {closed:.4}"
        ));
    }
    let [over, closed_over] = advantages;
    outcome.rows.push(vec![
        json!(attack),
        json!(reports),
        json!(slots),
        json!(found),
        json!(closed),
        json!(error),
        over,
        closed_over,
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inferred_is_what_the_closed_forms_have() {
        let outcome = run();
        assert_eq!(
            (outcome.rows.len(), outcome.parted.len()),
            (43, 0),
            "{:?}",
            outcome.parted
        );
        let found = |attack: &str, reports: &str, slots: u64| {
            let row = outcome
                .rows
                .iter()
                .find(|row| row[0] == json!(attack) && row[1] == json!(reports) && row[2] == json!(slots));
            row.and_then(|row| row[3].as_f64()).expect("a row")
        };
        // Fresh noise averages out; what is remembered does not.
        let falls = |reports| found("averaging", reports, 672) / found("averaging", reports, 1);
        assert!(falls("fresh, no ledger") < 0.05 && falls("1BitMean") > 0.9);
        assert!(found("occupancy", "fresh, no ledger", 96) > 0.8);
        assert!(found("occupancy", "1BitMean", 96) < 0.7);
        // What is remembered and said as it is never seems to change where it does not.
        assert_eq!(found("changes, precision", "1BitMean", 40), 1.0);
        assert!(found("changes, precision", "1BitMean, flip 0.2", 40) < 0.2);
    }

    #[test]
    fn numbers_are_split_in_all_ways() {
        assert_eq!(compositions(2, 2), [[2, 0], [1, 1], [0, 2]]);
        assert_eq!(compositions(6, 4).len(), 84);
        assert!(compositions(6, 4).iter().all(|parts| parts.iter().sum::<u64>() == 6));
    }
}
