//! A curious aggregator: it does what it should, and tries to learn from what it opens. Nothing of it travels.
//!
//! It knows what is public: what homes are like at that time of day (from other homes than these), and the mechanism. Of each
//! report it asks, by Bayes, what the home's reading was and whether anybody was there; and it averages all reports of a home.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_ldp::infer::{Averaged, Belief, occupied};
use roadveil_ldp::{Mechanism, Report as Bits};
use roadveil_role::Cx;

use crate::load::Calendar;
use crate::load::home::Home;
use crate::params::Config;
use crate::roster::{Quantity, Roster};

/// Bins of a belief.
const BINS: usize = 40;
/// Homes from which it knows what homes are like: none of the run's.
const OTHERS: u64 = 600;

/// What homes are like in a slot of the day.
#[derive(Clone, Debug)]
struct Prior {
    slot: u64,
    all: Belief,
    at_home: Belief,
    away: Belief,
    share_at_home: f64,
}

/// What it knows.
#[derive(Clone, Debug)]
pub struct Curious {
    roster: Arc<Roster>,
    calendar: Calendar,
    range: f64,
    prior: Option<Prior>,
    averages: BTreeMap<u32, Averaged>,
}

impl Curious {
    /// Of an aggregator of a run whose homes are generated ones: of others it has no public picture.
    pub fn new(roster: Arc<Roster>, config: &Config) -> Curious {
        Curious {
            roster,
            calendar: config.calendar,
            range: config.ranges[Quantity::Home.index()],
            prior: None,
            averages: BTreeMap::new(),
        }
    }

    /// Thinks about a report.
    pub fn observe(
        &mut self,
        cx: &mut Cx<'_>,
        meter: u32,
        slot: u64,
        quantity: Quantity,
        mechanism: &dyn Mechanism,
        bits: Bits,
    ) {
        if quantity != Quantity::Home {
            return;
        }
        let Some(name) = self.roster.meter(meter).map(|meter| meter.name.clone()) else {
            return;
        };
        let average = self.averages.entry(meter).or_default();
        average.add(mechanism, bits);
        let (mean, reports) = (average.mean().unwrap_or(f64::NAN), average.reports());
        let range = self.range;
        let Some(prior) = self.prior(slot) else { return };
        let mut belief = prior.all.clone();
        belief.observe(mechanism, bits);
        let there = occupied(mechanism, bits, &prior.at_home, &prior.away, prior.share_at_home);
        cx.emit(
            "inferred",
            [
                ("meter", name.into()),
                ("slot", slot.into()),
                ("guess_w", (belief.mean() * range).into()),
                ("prior_w", (prior.all.mean() * range).into()),
                ("occupied", (there >= 0.5).into()),
                ("prior_occupied", (prior.share_at_home >= 0.5).into()),
                ("average_w", (mean * range).into()),
                ("reports", reports.into()),
            ],
        );
    }

    /// What homes are like in a slot; made when the slot begins.
    fn prior(&mut self, slot: u64) -> Option<&Prior> {
        if self.prior.as_ref().is_none_or(|prior| prior.slot != slot) {
            self.prior = look_at_others(self.calendar, slot, self.range);
        }
        self.prior.as_ref()
    }
}

/// Other homes in that slot.
fn look_at_others(calendar: Calendar, slot: u64, range: f64) -> Option<Prior> {
    // A little everywhere: nothing is impossible because it was not seen.
    let mut weights = [[0.01; BINS], [0.01; BINS]];
    let mut there = 0u64;
    for other in 0..OTHERS {
        let home = Home::of(0x5eed_0000_0000_0000 ^ other.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let occupied = home.occupied(calendar, slot);
        // A float cast saturates.
        let bin = (home.watts(calendar, slot) / range * BINS as f64) as usize;
        weights[usize::from(occupied)][bin.min(BINS - 1)] += 1.0;
        there += u64::from(occupied);
    }
    let [away, at_home] = weights;
    let all: Vec<f64> = away
        .iter()
        .zip(&at_home)
        .map(|(away, at_home)| away + at_home)
        .collect();
    Some(Prior {
        slot,
        all: Belief::new(&all)?,
        at_home: Belief::new(&at_home)?,
        away: Belief::new(&away)?,
        share_at_home: there as f64 / OTHERS as f64,
    })
}
