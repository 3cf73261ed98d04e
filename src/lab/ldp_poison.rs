//! `ldp-poison`: what false reports gain.
//!
//! Of 20,000 meters one in twenty is false. On frequencies it wants three of twenty levels to seem frequent, on the mean the
//! largest that a report can say. Each gain is measured, with and without the false meters, beside its closed form, and once
//! more after normalisation.

use chacha20::ChaCha12Rng;
use rand_core::SeedableRng;
use roadveil_ldp::attack::{Attack, gain, normalised, reading_at, shift, strongest};
use roadveil_ldp::draw::below;
use roadveil_ldp::{Epsilon, Kind, Mechanism, Reading, Report, Rounding, Tally};
use serde_json::{Value, json};

use super::Outcome;

const GENUINE: u64 = 19_000;
const FALSE: u64 = 1000;
const BETA: f64 = FALSE as f64 / (GENUINE + FALSE) as f64;
const LEVELS: u32 = 20;
const TARGETS: [u32; 3] = [3, 7, 11];
const BUDGETS: [f64; 3] = [0.5, 1.0, 2.0];
const REPEATS: u32 = 20;
/// Where the meters of the mean are.
const SHARE: f64 = 0.3;

/// Fills the table.
pub(super) fn run() -> Outcome {
    let mut outcome = Outcome {
        notes: vec![
            format!("{GENUINE} meters and {FALSE} false ones, {REPEATS} repeats. Frequencies: targets {TARGETS:?} of {LEVELS} levels, gain in their share."),
            format!("Mean: meters at {SHARE} of the range, gain as a share of it. RPA any report, RIA of a target as if honest, MGA the most that a report can do."),
            "closed form: Cao, Jia and Gong (2021), with the chances as they were rounded; normalised: negative frequencies are nothing, the rest sums up to one. It is no cure: where false reports support nothing but targets it can add to the gain.".to_owned(),
        ],
        columns: vec!["mechanism", "attack", "epsilon", "gain", "closed_form", "standard_error", "normalised_gain"],
        rows: Vec::new(),
        parted: Vec::new(),
    };
    let mut seed = 0u8;
    for budget in BUDGETS {
        let Ok(epsilon) = Epsilon::new(budget) else { continue };
        let build = |kind: Kind| kind.build(epsilon, LEVELS, Rounding::Stochastic);
        for kind in [Kind::Grr, Kind::Oue, Kind::Olh] {
            let Ok(mechanism) = build(kind) else { continue };
            for attack in Attack::ALL {
                seed += 1;
                let mut rng = ChaCha12Rng::from_seed([seed; 32]);
                frequencies(&mut outcome, &*mechanism, attack, &mut rng);
            }
        }
        for kind in [Kind::Rr1, Kind::Piecewise] {
            let Ok(mechanism) = build(kind) else { continue };
            seed += 1;
            mean(&mut outcome, &*mechanism, &mut ChaCha12Rng::from_seed([seed; 32]));
        }
    }
    outcome
}

/// Genuine meters stand at level `v` with the chance `(v mod 4 + 1) / 50`.
fn level_of(rng: &mut ChaCha12Rng) -> u32 {
    let mut word = below(rng, 50);
    (0..LEVELS)
        .find(|level| {
            let weight = u64::from(level % 4 + 1);
            let here = word < weight;
            word = word.saturating_sub(weight);
            here
        })
        .unwrap_or(0)
}

fn true_share() -> f64 {
    TARGETS.iter().map(|level| f64::from(level % 4 + 1) / 50.0).sum()
}

fn targeted(frequencies: &[f64]) -> f64 {
    TARGETS
        .iter()
        .filter_map(|target| frequencies.get(*target as usize))
        .sum()
}

fn frequencies(outcome: &mut Outcome, mechanism: &dyn Mechanism, attack: Attack, rng: &mut ChaCha12Rng) {
    let best = strongest(mechanism, &TARGETS, rng);
    let one = |rng: &mut ChaCha12Rng| {
        let mut tally = Tally::new(mechanism);
        for _ in 0..GENUINE {
            let level = level_of(rng);
            tally
                .add(mechanism, mechanism.report(reading_at(mechanism, level), rng))
                .ok()?;
        }
        let before = mechanism.frequencies(&tally)?;
        for _ in 0..FALSE {
            tally
                .add(mechanism, attack.forge(mechanism, &TARGETS, best, rng))
                .ok()?;
        }
        let after = mechanism.frequencies(&tally)?;
        let normal = targeted(&normalised(&after)) - targeted(&normalised(&before));
        Some((targeted(&after) - targeted(&before), normal))
    };
    let gains: Vec<(f64, f64)> = (0..REPEATS).filter_map(|_| one(rng)).collect();
    let raw: Vec<f64> = gains.iter().map(|(gain, _)| *gain).collect();
    let normal = gains.iter().map(|(_, normal)| normal).sum::<f64>() / gains.len() as f64;
    let support = attack.expected_support(mechanism, &TARGETS, best);
    let closed = support.zip(mechanism.support()).map_or(f64::NAN, |(support, honest)| {
        gain(BETA, support, TARGETS.len() as f64, true_share(), honest)
    });
    row(outcome, mechanism, attack.name(), &raw, closed, json!(normal));
}

fn mean(outcome: &mut Outcome, mechanism: &dyn Mechanism, rng: &mut ChaCha12Rng) {
    let says = |report: Report| {
        let mut tally = Tally::new(mechanism);
        tally.add(mechanism, report).ok().and_then(|()| mechanism.mean(&tally))
    };
    // The largest that a report can say: of these mechanisms it is the last one.
    let last = (0..1u64 << mechanism.bits())
        .rev()
        .find(|report| says(*report).is_some())
        .unwrap_or(0);
    let one = |rng: &mut ChaCha12Rng| {
        let mut tally = Tally::new(mechanism);
        for _ in 0..GENUINE {
            tally
                .add(mechanism, mechanism.report(Reading::from_share(SHARE), rng))
                .ok()?;
        }
        let before = mechanism.mean(&tally)?;
        for _ in 0..FALSE {
            tally.add(mechanism, last).ok()?;
        }
        Some(mechanism.mean(&tally)? - before)
    };
    let gains: Vec<f64> = (0..REPEATS).filter_map(|_| one(rng)).collect();
    let closed = shift(BETA, says(last).unwrap_or(f64::NAN), SHARE);
    row(outcome, mechanism, "mean", &gains, closed, Value::Null);
}

fn row(outcome: &mut Outcome, mechanism: &dyn Mechanism, attack: &str, gains: &[f64], closed: f64, normal: Value) {
    let n = gains.len() as f64;
    let mean = gains.iter().sum::<f64>() / n;
    let variance = gains.iter().map(|gain| (gain - mean) * (gain - mean)).sum::<f64>() / (n - 1.0);
    let error = libm::sqrt(variance / n);
    let (name, budget) = (mechanism.name(), mechanism.epsilon().get());
    // Of twenty repeats: six standard errors are one in a hundred thousand.
    let parted = (mean - closed).abs() > 6.0 * error;
    if parted || !mean.is_finite() || !closed.is_finite() {
        outcome
            .parted
            .push(format!("{name} {attack} at {budget}: {mean:.4}, not {closed:.4}"));
    }
    outcome.rows.push(vec![
        json!(name),
        json!(attack),
        json!(budget),
        json!(mean),
        json!(closed),
        json!(error),
        normal,
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_those_of_the_closed_forms() {
        let outcome = run();
        assert_eq!(
            (outcome.rows.len(), outcome.parted.len()),
            (33, 0),
            "{:?}",
            outcome.parted
        );
        let find = |name: &str, attack: &str, budget: f64, column: usize| {
            let row = outcome
                .rows
                .iter()
                .find(|row| row[0] == json!(name) && row[1] == json!(attack) && row[2] == json!(budget));
            row.and_then(|row| row[column].as_f64()).expect("a row")
        };
        // A single bit: E/(E-1) - mu times beta.
        let e = libm::exp(1.0);
        assert!((find("RR-1", "mean", 1.0, 4) - BETA * (e / (e - 1.0) - SHARE)).abs() < 1e-9);
        // Normalisation takes most of what the strongest attack gains.
        assert!(find("GRR", "MGA", 0.5, 6) < 0.8 * find("GRR", "MGA", 0.5, 3));
    }

    #[test]
    fn meters_stand_where_they_should() {
        let mut rng = ChaCha12Rng::from_seed([6; 32]);
        let n = 50_000u32;
        let there = (0..n).filter(|_| TARGETS.contains(&level_of(&mut rng))).count() as f64;
        assert!((there / f64::from(n) - true_share()).abs() < 0.01);
    }
}
