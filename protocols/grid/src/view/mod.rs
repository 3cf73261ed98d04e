//! What a person sees of a run, and the figures of the report: a fold over the protocol's own events.

mod attacker;
mod load;

use std::collections::BTreeMap;

use roadveil_crypto::Charge;
use roadveil_role::Value;
use roadveil_role::view::{Emitted, Fold, View};

use crate::elgamal::{self, Cipher};
use crate::session;

use attacker::Attacker;
use load::Load;

/// A share; no number of nothing.
pub(crate) fn share(part: u64, of: u64) -> f64 {
    if of == 0 { f64::NAN } else { part as f64 / of as f64 }
}

/// A mean; no number of nothing.
pub(crate) fn mean(sum: f64, of: u64) -> f64 {
    if of == 0 { f64::NAN } else { sum / of as f64 }
}

/// No count of a run is larger, and sums of so many are none that overflow: a damaged log might say anything.
const MOST: u64 = 1 << 40;

pub(crate) fn count(event: &Emitted<'_>, field: &str) -> u64 {
    match event.field(field) {
        Some(Value::U64(number)) => (*number).min(MOST),
        _ => 0,
    }
}

pub(crate) fn number(event: &Emitted<'_>, field: &str) -> f64 {
    match event.field(field) {
        Some(Value::F64(number)) => *number,
        _ => f64::NAN,
    }
}

pub(crate) fn flag(event: &Emitted<'_>, field: &str) -> bool {
    matches!(event.field(field), Some(Value::Bool(true)))
}

pub(crate) fn text<'a>(event: &'a Emitted<'_>, field: &str) -> &'a str {
    match event.field(field) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

/// Operations in a few words.
fn operations(charge: Charge) -> String {
    let each: Vec<String> = charge.iter().map(|(op, n)| format!("{n} {op}")).collect();
    each.join(" ")
}

/// Messages of one kind: how many, and how long together.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    times: u64,
    bytes: u64,
}

impl Sent {
    fn add(&mut self, event: &Emitted<'_>) {
        self.times += 1;
        self.bytes += count(event, "bytes");
    }

    fn mean(self) -> f64 {
        mean(self.bytes as f64, self.times)
    }
}

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    load: Load,
    attacker: Attacker,
    reports: Sent,
    bits: u64,
    repeated: Sent,
    plain: Sent,
    cipher: Sent,
    compared: u64,
    exact: u64,
    unacknowledged: u64,
    /// What share of its budget each meter had spent when it reported last.
    spent: BTreeMap<String, f64>,
    spent_max: f64,
    used_max: f64,
    exhausted: u64,
    registrations: u64,
    changes: u64,
    twice: u64,
    jumps: u64,
    feeders: u64,
    alarms: u64,
    lies: u64,
    wanted: f64,
    got: f64,
}

impl Summary {
    fn reported(&mut self, event: &Emitted<'_>) {
        self.reports.add(event);
        self.bits += count(event, "bits");
        let spent = number(event, "spent");
        self.spent_max = self.spent_max.max(spent);
        let used = spent / number(event, "budget");
        self.used_max = self.used_max.max(used);
        match self.spent.get_mut(event.node) {
            Some(known) => *known = used,
            None => {
                self.spent.insert(event.node.to_owned(), used);
            }
        }
    }

    /// Sums of the comparators are over the same readings: they agree.
    fn compared(&mut self, event: &Emitted<'_>) {
        self.compared += 1;
        let (plain, ciphers) = (count(event, "plain_reports"), count(event, "cipher_reports"));
        let same = plain == ciphers && count(event, "plain_w") == count(event, "cipher_w");
        // Of one of them alone there is nothing to compare; the encrypted sum was opened, or not.
        let fits = same || plain == 0 || ciphers == 0;
        self.exact += u64::from(fits && !flag(event, "failed"));
    }

    fn budgets(&self) -> View {
        let mut bins = [0u64; 11];
        for used in self.spent.values() {
            // A float cast saturates.
            bins[((used * 10.0) as usize).min(10)] += 1;
        }
        let edge = |index: usize| index as f64 / 10.0;
        View::Histogram {
            title: "Privacy budgets, share spent: meters".to_owned(),
            bins: bins
                .into_iter()
                .enumerate()
                .map(|(index, count)| (edge(index), count))
                .collect(),
        }
    }

    fn traffic(&self) -> View {
        let bits = mean(self.bits as f64, self.reports.times);
        let payload = if bits.is_nan() {
            "-".to_owned()
        } else {
            format!("{bits:.1} bits")
        };
        let cipher = session::cost(Cipher::BYTES);
        let encrypted = elgamal::ENCRYPTION.iter().fold(cipher, |sum, (op, n)| sum.and(op, n));
        let added = elgamal::DECODING.iter().fold(cipher, |sum, (op, n)| sum.and(op, n));
        let (one, four) = (session::cost(1), session::cost(4));
        let row = |name: &str, sent: Sent, payload: &str, meter: Charge, aggregator: Charge| {
            let bytes = if sent.times == 0 {
                "-".to_owned()
            } else {
                format!("{:.1}", sent.mean())
            };
            let cells = [name.to_owned(), sent.times.to_string(), bytes, payload.to_owned()];
            cells
                .into_iter()
                .chain([operations(meter), operations(aggregator)])
                .collect()
        };
        View::Table {
            title: "What a reading costs".to_owned(),
            columns: ["message", "sent", "bytes", "payload", "meter", "aggregator"]
                .map(str::to_owned)
                .to_vec(),
            rows: vec![
                row("report", self.reports, &payload, one, one),
                row("again", self.repeated, &payload, Charge::NONE, one),
                row("in the clear", self.plain, "4 bytes", four, four),
                row("ElGamal", self.cipher, "96 bytes", encrypted, added),
            ],
        }
    }

    fn meters(&self) -> View {
        let pair = |name: &str, value: String| (name.to_owned(), value);
        View::KeyValue {
            title: "Meters, and alarms".to_owned(),
            pairs: vec![
                pair("most spent by a meter, epsilon", format!("{:.3}", self.spent_max)),
                pair("budgets exhausted", self.exhausted.to_string()),
                pair("reports without acknowledgement", self.unacknowledged.to_string()),
                pair("turned to another aggregator", self.changes.to_string()),
                pair("false reports", self.lies.to_string()),
                pair("alarms: a mean that jumped", self.jumps.to_string()),
                pair(
                    "alarms: estimate and feeder apart",
                    format!("{} of {}", self.alarms, self.feeders),
                ),
            ],
        }
    }
}

impl Fold for Summary {
    fn observe(&mut self, event: &Emitted<'_>) {
        match event.name {
            "metered" => {
                self.load.metered(event);
                self.attacker.metered(event);
            }
            "estimated" => self.load.estimated(event),
            "price_set" => self.load.priced(event),
            "inferred" => self.attacker.inferred(event),
            "reported" => self.reported(event),
            "repeated" => self.repeated.add(event),
            "compared_plain" => self.plain.add(event),
            "compared_cipher" => self.cipher.add(event),
            "compared" => self.compared(event),
            "unacknowledged" => self.unacknowledged += 1,
            "budget_exhausted" => self.exhausted += 1,
            "meter_registered" => self.registrations += 1,
            "aggregator_changed" => self.changes += 1,
            "reported_twice" => self.twice += count(event, "meters"),
            "jump_noticed" => self.jumps += 1,
            "feeder_compared" => {
                self.feeders += 1;
                self.alarms += u64::from(flag(event, "alarm"));
            }
            "false_report" => self.lies += 1,
            "car_left" => {
                self.wanted += number(event, "wanted_wh");
                self.got += number(event, "got_wh");
            }
            _ => {}
        }
    }

    fn views(&self) -> Vec<View> {
        let mut views = self.load.views();
        views.push(self.attacker.view());
        views.push(self.budgets());
        views.push(self.traffic());
        views.push(self.meters());
        views
    }

    fn figures(&self) -> Vec<(&'static str, Value)> {
        let mut figures = self.load.figures();
        figures.extend([
            ("reports_sent", self.reports.times.into()),
            ("reports_repeated", self.repeated.times.into()),
            ("reports_unacknowledged", self.unacknowledged.into()),
            ("report_bits", mean(self.bits as f64, self.reports.times).into()),
            ("report_bytes", self.reports.mean().into()),
            ("plain_bytes", self.plain.mean().into()),
            ("elgamal_bytes", self.cipher.mean().into()),
            ("sums_compared", self.compared.into()),
            ("sums_agree", self.exact.into()),
            ("budget_spent_max", self.spent_max.into()),
            ("budget_used_max", self.used_max.into()),
            ("budgets_exhausted", self.exhausted.into()),
            ("registrations", self.registrations.into()),
            ("aggregator_changes", self.changes.into()),
            ("reported_twice", self.twice.into()),
            ("jumps", self.jumps.into()),
            ("feeder_checks", self.feeders.into()),
            ("feeder_alarms", self.alarms.into()),
            ("false_reports", self.lies.into()),
            (
                "energy_served_share",
                (if self.wanted > 0.0 {
                    self.got / self.wanted
                } else {
                    f64::NAN
                })
                .into(),
            ),
        ]);
        figures.extend(self.attacker.figures());
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_role::Time;

    fn observe(fold: &mut Summary, at: u64, (node, role): (&str, &str), name: &str, fields: &[(&str, Value)]) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        fold.observe(&Emitted {
            at: Time::from_secs(at),
            node,
            role,
            name,
            fields: &fields,
        });
    }

    fn figures(fold: &Summary) -> BTreeMap<&'static str, Value> {
        fold.figures().into_iter().collect()
    }

    #[test]
    fn estimates_are_held_against_the_truth() {
        let mut fold = Summary::default();
        assert!(matches!(figures(&fold)["coverage"], Value::F64(share) if share.is_nan()));
        for (slot, watts, radius) in [(1u64, 900.0, 150.0), (2, 2000.0, 300.0)] {
            for home in ["h1", "h2"] {
                let fields = [("slot", slot.into()), ("watts", 500.0.into()), ("stream", 0u64.into())];
                observe(&mut fold, 10 * slot, (home, "meter"), "metered", &fields);
            }
            let fields = [("slot", slot.into()), ("watts", 300.0.into()), ("stream", 1u64.into())];
            observe(&mut fold, 10 * slot, ("s1", "solar"), "metered", &fields);
            for (stream, quantity, watts) in [(0u64, "meter", watts), (1, "solar", 310.0)] {
                let fields = [
                    ("slot", slot.into()),
                    ("stream", stream.into()),
                    ("region", "west".into()),
                    ("quantity", quantity.into()),
                    ("watts", watts.into()),
                    ("radius_w", radius.into()),
                    ("fresh", true.into()),
                    ("reports", 2u64.into()),
                    ("asked", 3u64.into()),
                ];
                observe(&mut fold, 10 * slot + 5, ("cc", "centre"), "estimated", &fields);
            }
            let fields = [("slot", (slot + 1).into()), ("price", 250u64.into())];
            observe(&mut fold, 10 * slot + 5, ("cc", "centre"), "price_set", &fields);
        }
        let found = figures(&fold);
        assert_eq!(
            (&found["intervals"], &found["coverage"]),
            (&Value::U64(4), &Value::F64(0.75))
        );
        assert_eq!(
            (&found["reports_counted"], &found["reports_asked"]),
            (&Value::U64(8), &Value::U64(12))
        );
        assert_eq!(found["demand_true_kw"], Value::F64(1.0));
        assert_eq!(found["demand_kw"], Value::F64(1.45));
        assert_eq!(found["price_mean"], Value::F64(250.0));
        assert!(fold.views().len() >= 7);
    }

    /// A log may say anything.
    #[test]
    fn absurd_events_are_borne() {
        let mut fold = Summary::default();
        let (huge, odd) = (Value::U64(u64::MAX), Value::F64(f64::NAN));
        let names = [
            "slot", "stream", "reports", "asked", "price", "bits", "bytes", "meters", "watts", "spent", "budget",
            "plain_w",
        ];
        let fields: Vec<(&str, Value)> = names.iter().map(|name| (*name, huge.clone())).collect();
        let others: Vec<(&str, Value)> = names.iter().map(|name| (*name, odd.clone())).collect();
        let events = [
            "metered",
            "estimated",
            "price_set",
            "inferred",
            "reported",
            "repeated",
            "compared",
            "reported_twice",
            "car_left",
            "feeder_compared",
        ];
        for fields in [&fields, &others, &fields] {
            for name in events {
                observe(&mut fold, 1, ("x", "meter"), name, fields);
            }
        }
        assert!(!fold.figures().is_empty() && !fold.views().is_empty());
    }

    #[test]
    fn what_an_attacker_infers_is_held_against_the_truth() {
        let mut fold = Summary::default();
        for (slot, watts, there, guessed) in [(1u64, 1000.0, 1u64, true), (2, 200.0, 0, true), (3, 300.0, 0, false)] {
            let fields = [
                ("slot", slot.into()),
                ("watts", watts.into()),
                ("occupied", there.into()),
            ];
            observe(&mut fold, slot, ("h1", "meter"), "metered", &fields);
            let fields = [
                ("meter", "h1".into()),
                ("slot", slot.into()),
                ("guess_w", 600.0.into()),
                ("prior_w", 500.0.into()),
                ("occupied", guessed.into()),
                ("prior_occupied", true.into()),
                ("average_w", 700.0.into()),
                ("reports", slot.into()),
            ];
            observe(&mut fold, slot, ("agg", "aggregator"), "inferred", &fields);
        }
        let found = figures(&fold);
        assert_eq!(found["occupancy_accuracy"], Value::F64(2.0 / 3.0));
        assert_eq!(found["occupancy_guessing"], Value::F64(1.0 / 3.0));
        assert_eq!(found["reading_error_w"], Value::F64((400.0 + 400.0 + 300.0) / 3.0));
        assert_eq!(found["average_error_w"], Value::F64(200.0));
    }

    #[test]
    fn bytes_budgets_and_faults_are_counted() {
        let mut fold = Summary::default();
        let report = [
            ("bytes", 28u64.into()),
            ("bits", 1u64.into()),
            ("spent", 2.0.into()),
            ("budget", 4.0.into()),
        ];
        observe(&mut fold, 1, ("h1", "meter"), "reported", &report);
        observe(
            &mut fold,
            1,
            ("h1", "meter"),
            "compared_cipher",
            &[("bytes", 123u64.into())],
        );
        observe(&mut fold, 1, ("h1", "meter"), "budget_exhausted", &[]);
        let sums = [
            ("plain_reports", 2u64.into()),
            ("plain_w", 5u64.into()),
            ("cipher_reports", 2u64.into()),
            ("cipher_w", 6u64.into()),
        ];
        observe(&mut fold, 2, ("cc", "centre"), "compared", &sums);
        let found = figures(&fold);
        assert_eq!(
            (&found["report_bytes"], &found["report_bits"]),
            (&Value::F64(28.0), &Value::F64(1.0))
        );
        assert_eq!(
            (&found["elgamal_bytes"], &found["budget_spent_max"]),
            (&Value::F64(123.0), &Value::F64(2.0))
        );
        assert_eq!(
            (&found["sums_compared"], &found["sums_agree"]),
            (&Value::U64(1), &Value::U64(0))
        );
        let costs = fold.views().into_iter().find_map(|view| match view {
            View::Table { title, rows, .. } if title == "What a reading costs" => Some(rows),
            _ => None,
        });
        let costs = costs.expect("a table");
        assert_eq!(
            costs[0][2..],
            ["28.0", "1.0 bits", "3 aes_gcm_block 1 hkdf", "3 aes_gcm_block 1 hkdf"]
        );
        assert_eq!(
            costs[3][4..],
            ["3 g1_mul 8 aes_gcm_block 1 hkdf", "2 decode_g1 8 aes_gcm_block 1 hkdf"]
        );
        assert_eq!(
            (&found["budgets_exhausted"], &found["budget_used_max"]),
            (&Value::U64(1), &Value::F64(0.5))
        );
    }
}
