//! What a curious aggregator infers, beside the truth and beside guessing.

use std::collections::BTreeMap;

use roadveil_role::Value;
use roadveil_role::view::{Emitted, View};

use super::{count, flag, mean, number, share, text};

/// The truth of a meter's slot, and of all slots that it reported.
#[derive(Clone, Copy, Debug, Default)]
struct Truth {
    slot: u64,
    watts: f64,
    /// 0: nobody is there; 1: somebody is; 2: it is not known.
    occupied: u64,
    /// Over the slots that it reported: how many, the sum, the sum of what would have been guessed.
    reports: u64,
    sum: f64,
    guessed: f64,
    /// The average as the aggregator has it.
    average: f64,
}

/// The part of the fold.
#[derive(Clone, Debug, Default)]
pub(super) struct Attacker {
    meters: BTreeMap<String, Truth>,
    readings: u64,
    error: f64,
    guess_error: f64,
    occupancies: u64,
    right: u64,
    guessed_right: u64,
}

impl Attacker {
    pub(super) fn metered(&mut self, event: &Emitted<'_>) {
        if event.role != "meter" {
            return;
        }
        if !self.meters.contains_key(event.node) {
            self.meters.insert(event.node.to_owned(), Truth::default());
        }
        if let Some(truth) = self.meters.get_mut(event.node) {
            truth.slot = count(event, "slot");
            truth.watts = number(event, "watts");
            truth.occupied = count(event, "occupied");
        }
    }

    pub(super) fn inferred(&mut self, event: &Emitted<'_>) {
        let Some(truth) = self.meters.get_mut(text(event, "meter")) else {
            return;
        };
        if truth.slot != count(event, "slot") {
            return;
        }
        let (guess, prior) = (number(event, "guess_w"), number(event, "prior_w"));
        self.readings += 1;
        self.error += (guess - truth.watts).abs();
        self.guess_error += (prior - truth.watts).abs();
        truth.reports += 1;
        truth.sum += truth.watts;
        truth.guessed += prior;
        truth.average = number(event, "average_w");
        if truth.occupied < 2 {
            self.occupancies += 1;
            let there = truth.occupied == 1;
            self.right += u64::from(flag(event, "occupied") == there);
            self.guessed_right += u64::from(flag(event, "prior_occupied") == there);
        }
    }

    /// Mean errors over meters of what they draw on average: by averaging reports, and by guessing.
    fn averages(&self) -> (f64, f64) {
        let (mut error, mut guess, mut n) = (0.0, 0.0, 0);
        for truth in self.meters.values().filter(|truth| truth.reports > 0) {
            let known = mean(truth.sum, truth.reports);
            error += (truth.average - known).abs();
            guess += (mean(truth.guessed, truth.reports) - known).abs();
            n += 1;
        }
        (mean(error, n), mean(guess, n))
    }

    pub(super) fn view(&self) -> View {
        let percent = |part: u64| match self.occupancies {
            0 => "-".to_owned(),
            all => format!("{:.1} %", 100.0 * share(part, all)),
        };
        let watts = |watts: f64| {
            if watts.is_nan() {
                "-".to_owned()
            } else {
                format!("{watts:.0} W")
            }
        };
        let (average, guess) = self.averages();
        let rows = [
            (
                "is anybody there: right",
                percent(self.right),
                percent(self.guessed_right),
            ),
            (
                "a reading: off by",
                watts(mean(self.error, self.readings)),
                watts(mean(self.guess_error, self.readings)),
            ),
            ("a home's average: off by", watts(average), watts(guess)),
        ];
        View::Table {
            title: "What a curious aggregator infers".to_owned(),
            columns: ["of a home", "from reports", "by guessing"].map(str::to_owned).to_vec(),
            rows: rows
                .into_iter()
                .map(|(what, from, by)| vec![what.to_owned(), from, by])
                .collect(),
        }
    }

    pub(super) fn figures(&self) -> Vec<(&'static str, Value)> {
        let (average, guess) = self.averages();
        let (right, guessed) = (
            share(self.right, self.occupancies),
            share(self.guessed_right, self.occupancies),
        );
        vec![
            ("occupancy_accuracy", right.into()),
            ("occupancy_guessing", guessed.into()),
            ("occupancy_advantage", (right - guessed).into()),
            ("reading_error_w", mean(self.error, self.readings).into()),
            ("reading_guess_error_w", mean(self.guess_error, self.readings).into()),
            ("average_error_w", average.into()),
            ("average_guess_error_w", guess.into()),
        ]
    }
}
