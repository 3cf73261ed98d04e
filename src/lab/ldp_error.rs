//! `ldp-error`: how far a mean under local differential privacy is off.
//!
//! A thousand meters, each at a tenth of the range, report once; the estimate of their mean is off by so much of the range, root
//! mean square over many repeats. Beside it stands the closed form of the mechanism's variance.

use chacha20::ChaCha12Rng;
use rand_core::SeedableRng;
use roadveil_ldp::{Epsilon, Kind, Mechanism, Reading, Rounding, Tally};
use serde_json::json;

use super::Outcome;

/// Meters, and where they are.
const METERS: u64 = 1000;
const SHARE: f64 = 0.1;

/// How often they report.
const REPEATS: u32 = 2000;

/// The mechanisms of the table, with their levels.
const MECHANISMS: [(Kind, u32); 7] = [
    (Kind::Rr1, 2),
    (Kind::RrK, 5),
    (Kind::RrK, 11),
    (Kind::RrK, 33),
    (Kind::Piecewise, 2),
    (Kind::Hybrid, 2),
    (Kind::Laplace, 2),
];

const BUDGETS: [f64; 6] = [0.1, 0.5, 1.0, 2.0, 3.0, 4.0];

/// Fills the table.
pub(super) fn run() -> Outcome {
    let mut outcome = Outcome {
        notes: vec![
            format!("{METERS} meters at {SHARE} of the range, {REPEATS} repeats; percent of the range."),
            "closed form: from the mechanism's variance. Reconstruction: that randomised response is what Gai et al. (2022) use is \
             public, its encoding is not."
                .to_owned(),
        ],
        columns: vec!["mechanism", "epsilon", "spent", "rmse_percent", "closed_form_percent"],
        rows: Vec::new(),
        parted: Vec::new(),
    };
    for (number, (kind, levels)) in (0u8..).zip(MECHANISMS) {
        for (line, budget) in (0u8..).zip(BUDGETS) {
            // The budgets and levels above are within bounds.
            let Ok(epsilon) = Epsilon::new(budget) else { continue };
            let Ok(mechanism) = kind.build(epsilon, levels, Rounding::Stochastic) else {
                continue;
            };
            let mut seed = [0; 32];
            seed[..2].copy_from_slice(&[number, line]);
            let rmse = 100.0 * rmse(&*mechanism, &mut ChaCha12Rng::from_seed(seed));
            let closed = 100.0 * libm::sqrt(mechanism.variance(SHARE) / METERS as f64);
            let name = if kind == Kind::RrK {
                format!("RR-k G={}", levels - 1)
            } else {
                mechanism.name().to_owned()
            };
            // The root of a mean of squares of about normal errors varies by so much; five times that is one in a million.
            let room = 5.0 / libm::sqrt(2.0 * f64::from(REPEATS));
            if (rmse / closed - 1.0).abs() > room {
                outcome
                    .parted
                    .push(format!("{name} at {budget}: {rmse:.3}, not {closed:.3}"));
            }
            outcome.rows.push(vec![
                json!(name),
                json!(budget),
                json!(mechanism.spent()),
                json!(rmse),
                json!(closed),
            ]);
        }
    }
    outcome
}

/// The root of the mean squared error, as a share of the range.
fn rmse(mechanism: &dyn Mechanism, rng: &mut ChaCha12Rng) -> f64 {
    let reading = Reading::from_share(SHARE);
    let squares = (0..REPEATS).filter_map(|_| {
        let mut tally = Tally::new(mechanism);
        for _ in 0..METERS {
            tally.add(mechanism, mechanism.report(reading, rng)).ok()?;
        }
        let error = mechanism.mean(&tally)? - SHARE;
        Some(error * error)
    });
    libm::sqrt(squares.sum::<f64>() / f64::from(REPEATS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows are those of the closed forms that the literature has, to their three digits.
    #[test]
    fn the_table_is_that_of_the_closed_forms() {
        let outcome = run();
        assert_eq!(
            (outcome.rows.len(), outcome.parted.len()),
            (42, 0),
            "{:?}",
            outcome.parted
        );
        let closed = |name: &str, epsilon: f64| {
            let row = outcome
                .rows
                .iter()
                .find(|row| row[0] == json!(name) && row[1] == json!(epsilon));
            row.and_then(|row| row[4].as_f64()).expect("a row")
        };
        for (name, epsilon, percent) in [
            ("RR-1", 0.1, 31.6),
            ("RR-1", 1.0, 3.18),
            ("RR-1", 4.0, 1.04),
            ("RR-k G=4", 1.0, 4.41),
            ("RR-k G=4", 4.0, 0.66),
            ("RR-k G=10", 2.0, 2.73),
            ("RR-k G=32", 0.1, 296.6),
            ("PM", 1.0, 3.42),
            ("HM", 2.0, 1.61),
            ("Laplace", 1.0, 4.47),
        ] {
            let found = closed(name, epsilon);
            assert!(
                (found - percent).abs() < percent * 0.006 + 0.005,
                "{name} at {epsilon}: {found}, not {percent}"
            );
        }
    }
}
