//! Load, supply and price: estimates beside the truth.

use std::collections::BTreeMap;

use roadveil_role::Value;
use roadveil_role::view::{Emitted, View};

use super::{count, mean, number, share, text};

/// Slots that series keep.
const POINTS: usize = 4096;
/// Slots for which the truth is kept until its estimate comes.
const PENDING: u64 = 16;

/// A stream in a slot.
#[derive(Clone, Copy, Debug)]
struct Known {
    supply: bool,
    fresh: bool,
    watts: f64,
    radius: f64,
}

/// A total over time, kilowatts.
#[derive(Clone, Debug, Default)]
struct Course {
    points: Vec<(f64, f64)>,
    band: Vec<(f64, f64)>,
    truth: Vec<(f64, f64)>,
    slots: u64,
    sum: f64,
    true_sum: f64,
    square: f64,
}

impl Course {
    fn push(&mut self, at: f64, watts: f64, radius: f64, truth: f64) {
        self.slots += 1;
        self.sum += watts;
        self.true_sum += truth;
        self.square += (watts - truth) * (watts - truth);
        if self.points.len() < POINTS {
            self.points.push((at, watts / 1000.0));
            self.band.push(((watts - radius) / 1000.0, (watts + radius) / 1000.0));
            self.truth.push((at, truth / 1000.0));
        }
    }

    fn view(&self, title: &str) -> View {
        View::Series {
            title: title.to_owned(),
            points: self.points.clone(),
            band: self.band.clone(),
            beside: Some(("true".to_owned(), self.truth.clone())),
        }
    }

    /// The root mean squared error, in percent of the true mean.
    fn error(&self) -> f64 {
        let rmse = libm::sqrt(mean(self.square, self.slots));
        100.0 * rmse / mean(self.true_sum, self.slots)
    }
}

/// The last that is known of a stream, for a table.
#[derive(Clone, Debug)]
struct Row {
    /// Of which slot the estimate is.
    slot: u64,
    region: String,
    quantity: String,
    watts: f64,
    radius: f64,
    truth: f64,
    reports: u64,
    asked: u64,
    held: u64,
    intervals: u64,
}

/// The part of the fold.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    /// By slot and stream: is it supply, and the true sum.
    truth: BTreeMap<u64, BTreeMap<u64, (bool, f64)>>,
    cut: u64,
    estimates: BTreeMap<u64, Known>,
    rows: BTreeMap<u64, Row>,
    demand: Course,
    supply: Course,
    slots: u64,
    /// Slots of which a stream had no estimate yet, and those of which one had an earlier slot's.
    partial: u64,
    old: u64,
    intervals: u64,
    held: u64,
    reports: u64,
    asked: u64,
    prices: Vec<(f64, f64)>,
    price_count: u64,
    price_sum: f64,
    price_least: f64,
    price_most: f64,
}

impl Load {
    pub(super) fn metered(&mut self, event: &Emitted<'_>) {
        let (slot, stream) = (count(event, "slot"), count(event, "stream"));
        self.cut += u64::from(super::flag(event, "cut"));
        let known = self.truth.entry(slot).or_default().entry(stream);
        known.or_insert((event.role == "solar", 0.0)).1 += number(event, "watts");
        while self
            .truth
            .first_key_value()
            .is_some_and(|(first, _)| first + PENDING < slot)
        {
            self.truth.pop_first();
        }
    }

    pub(super) fn estimated(&mut self, event: &Emitted<'_>) {
        let (slot, stream) = (count(event, "slot"), count(event, "stream"));
        let (watts, radius) = (number(event, "watts"), number(event, "radius_w"));
        let truth = self
            .truth
            .get(&slot)
            .and_then(|streams| streams.get(&stream))
            .map_or(f64::NAN, |(_, sum)| *sum);
        let (reports, asked) = (count(event, "reports"), count(event, "asked"));
        self.reports += reports;
        self.asked += asked;
        // An estimate of an earlier slot says nothing of this one's interval.
        let fresh = super::flag(event, "fresh");
        let intervals = u64::from(fresh);
        let held = u64::from(fresh && (watts - truth).abs() <= radius);
        self.intervals += intervals;
        self.held += held;
        let quantity = text(event, "quantity");
        let known = Known {
            supply: quantity == "solar",
            fresh,
            watts,
            radius,
        };
        self.estimates.insert(stream, known);
        let row = self.rows.entry(stream).or_insert_with(|| Row {
            region: text(event, "region").to_owned(),
            quantity: quantity.to_owned(),
            slot,
            watts,
            radius,
            truth,
            reports,
            asked,
            held: 0,
            intervals: 0,
        });
        (row.watts, row.radius, row.truth, row.reports, row.asked) = (watts, radius, truth, reports, asked);
        if fresh {
            row.slot = slot;
        }
        row.held += held;
        row.intervals += intervals;
    }

    /// The price of the next slot ends this one.
    pub(super) fn priced(&mut self, event: &Emitted<'_>) {
        let at = event.at.as_secs_f64();
        let price = count(event, "price") as f64;
        if self.price_count == 0 {
            (self.price_least, self.price_most) = (price, price);
        }
        self.price_count += 1;
        self.price_sum += price;
        self.price_least = self.price_least.min(price);
        self.price_most = self.price_most.max(price);
        if self.prices.len() < POINTS {
            self.prices.push((at, price / 1000.0));
        }
        let slot = count(event, "slot").saturating_sub(1);
        let estimates = core::mem::take(&mut self.estimates);
        let Some(truth) = self.truth.get(&slot) else { return };
        self.slots += 1;
        self.old += u64::from(estimates.values().any(|known| !known.fresh));
        // A total of which a part is missing is none.
        if truth.keys().any(|stream| !estimates.contains_key(stream)) {
            self.partial += 1;
            return;
        }
        for supply in [false, true] {
            let here = || estimates.values().filter(|known| known.supply == supply);
            if here().next().is_none() {
                continue;
            }
            let watts = here().map(|known| known.watts).sum();
            let variance: f64 = here().map(|known| known.radius * known.radius).sum();
            let truth = truth
                .values()
                .filter(|(is_supply, _)| *is_supply == supply)
                .map(|(_, sum)| sum)
                .sum();
            let course = if supply { &mut self.supply } else { &mut self.demand };
            course.push(at, watts, libm::sqrt(variance), truth);
        }
    }

    pub(super) fn views(&self) -> Vec<View> {
        let kilo = |watts: f64| format!("{:.1}", watts / 1000.0);
        let row = |row: &Row| {
            vec![
                row.region.clone(),
                row.quantity.clone(),
                row.slot.to_string(),
                kilo(row.watts),
                format!("±{}", kilo(row.radius)),
                kilo(row.truth),
                format!("{}/{}", row.reports, row.asked),
                format!("{}/{}", row.held, row.intervals),
            ]
        };
        vec![
            self.demand.view("Demand, kW"),
            self.supply.view("Supply, kW"),
            View::Series {
                title: "Price, per kWh".to_owned(),
                points: self.prices.clone(),
                band: Vec::new(),
                beside: None,
            },
            View::Table {
                title: "Regions, kW".to_owned(),
                columns: [
                    "region", "meters", "slot", "estimate", "95 %", "true", "reports", "held",
                ]
                .map(str::to_owned)
                .to_vec(),
                rows: self.rows.values().map(row).collect(),
            },
        ]
    }

    pub(super) fn figures(&self) -> Vec<(&'static str, Value)> {
        let known = |price: f64| if self.price_count == 0 { f64::NAN } else { price };
        let kilo = |sum: f64, slots: u64| Value::F64(mean(sum, slots) / 1000.0);
        vec![
            ("slots", self.slots.into()),
            ("slots_partial", self.partial.into()),
            ("slots_held", self.old.into()),
            ("intervals", self.intervals.into()),
            ("intervals_held", self.held.into()),
            ("coverage", share(self.held, self.intervals).into()),
            ("demand_kw", kilo(self.demand.sum, self.demand.slots)),
            ("demand_true_kw", kilo(self.demand.true_sum, self.demand.slots)),
            ("demand_error_percent", self.demand.error().into()),
            ("supply_kw", kilo(self.supply.sum, self.supply.slots)),
            ("supply_true_kw", kilo(self.supply.true_sum, self.supply.slots)),
            ("supply_error_percent", self.supply.error().into()),
            ("radius_mean_kw", kilo(self.demand.band_sum(), self.demand.slots)),
            ("reports_asked", self.asked.into()),
            ("reports_counted", self.reports.into()),
            ("readings_cut", self.cut.into()),
            ("price_mean", mean(self.price_sum, self.price_count).into()),
            ("price_min", known(self.price_least).into()),
            ("price_max", known(self.price_most).into()),
        ]
    }
}

impl Course {
    /// Half of all bands together, watts.
    fn band_sum(&self) -> f64 {
        self.band.iter().map(|(low, high)| (high - low) / 2.0 * 1000.0).sum()
    }
}
