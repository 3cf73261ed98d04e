//! Who is asked in which slot, and with how much of its budget: the methods of LDP-IDS (Ren, Shi, Yu, Yang, Zhao and Xu 2022) as
//! plans of whoever counts.
//!
//! Meters have ranks, drawn once. A plan asks a run of ranks, which go round, for a report at a share of the budget. It depends on
//! what was reported and never on a reading; every meter keeps its own ledger and answers for no more than it has, whatever
//! the plan says. A share is a whole number of `10^-9`, and what it costs a whole number of nano-epsilons: sums are exact.
//!
//! A slot has one round, or two: the adaptive methods ask first whether the mean has moved.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::account::Nano;
use crate::epsilon::Epsilon;
use crate::mechanism::Estimate;

/// How the budget of a window is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the table of `stream` says what each is")]
pub enum Method {
    Lbu,
    Lsp,
    Lbd,
    Lba,
    Lpu,
    Lpd,
    Lpa,
}

impl Method {
    /// All of them.
    pub const ALL: [Method; 7] = [
        Method::Lbu,
        Method::Lsp,
        Method::Lbd,
        Method::Lba,
        Method::Lpu,
        Method::Lpd,
        Method::Lpa,
    ];

    /// The name in scenarios.
    pub fn name(self) -> &'static str {
        match self {
            Method::Lbu => "lbu",
            Method::Lsp => "lsp",
            Method::Lbd => "lbd",
            Method::Lba => "lba",
            Method::Lpu => "lpu",
            Method::Lpd => "lpd",
            Method::Lpa => "lpa",
        }
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }

    /// How many meters it needs to estimate anything: those that split meters and ask first give an estimate a quarter at most.
    pub fn fewest(self) -> u32 {
        match self {
            Method::Lpd | Method::Lpa => 4,
            _ => 1,
        }
    }

    /// Does it divide the budget of a meter over slots?
    pub fn splits_budget(self) -> bool {
        matches!(self, Method::Lbu | Method::Lbd | Method::Lba)
    }

    /// Does it ask first whether the mean has moved?
    pub fn is_adaptive(self) -> bool {
        matches!(self, Method::Lbd | Method::Lba | Method::Lpd | Method::Lpa)
    }
}

/// A share of a budget, in units of `10^-9`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u32);

impl Share {
    /// All of it.
    pub const ALL: Share = Share(1_000_000_000);

    /// Rounded down, and no more than all.
    pub fn below(share: f64) -> Share {
        // A float cast saturates, and what is no number is nothing.
        Share((share * 1e9) as u32).min(Share::ALL)
    }

    /// What it is of that budget, rounded down: shares that sum up to one cost no more than all.
    pub fn of(self, budget: Nano) -> Nano {
        let part = u128::from(budget.0) * u128::from(self.0) / u128::from(Share::ALL.0);
        Nano(u64::try_from(part).unwrap_or(u64::MAX))
    }

    /// As a budget that mechanisms take, if it is not too little for them.
    pub fn epsilon(self, budget: Nano) -> Option<Epsilon> {
        Epsilon::new(self.of(budget).get()).ok()
    }
}

/// Who is asked in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// With which share of the budget.
    pub share: Share,
    /// The first rank.
    pub first: u32,
    /// How many in a row, beginning anew behind the last.
    pub count: u32,
}

impl Ask {
    /// Is that rank, of so many, asked?
    pub fn asks(&self, rank: u32, of: u32) -> bool {
        rank < of && (u64::from(rank) + u64::from(of) - u64::from(self.first)) % u64::from(of) < u64::from(self.count)
    }
}

/// The plan of a stream of slots.
#[derive(Clone, Debug)]
pub struct Plan {
    method: Method,
    window: u64,
    meters: u32,
    /// Whose turn is next, and who of those asked rests: when, how many.
    next: u32,
    tired: VecDeque<(u64, u32)>,
    /// What was left over when meters were divided among slots.
    carry: u64,
    last: Option<Estimate>,
    /// What estimates of the last slots cost: shares of the half for estimates.
    spent: VecDeque<(u64, f64)>,
    /// Of the absorbing methods: the slot up to which nothing may be published, for what was spent in advance.
    pays_until: u64,
    /// The first slot whose part has not been used.
    unused_from: u64,
    /// The share that an estimate of the second round would take.
    offered: f64,
}

/// What is known of a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Release {
    /// The mean; of an earlier slot if it was held. Nothing before the first.
    pub estimate: Option<Estimate>,
    /// Is it of this slot?
    pub fresh: bool,
}

impl Plan {
    /// For so many meters, with a window of so many slots, one at least.
    pub fn new(method: Method, window: u64, meters: u32) -> Plan {
        Plan {
            method,
            window: window.max(1),
            meters,
            next: 0,
            tired: VecDeque::new(),
            carry: 0,
            last: None,
            spent: VecDeque::new(),
            pays_until: 0,
            unused_from: 0,
            offered: 0.0,
        }
    }

    /// The first round of a slot. Slots are numbered upwards.
    pub fn open(&mut self, slot: u64) -> Option<Ask> {
        let w = self.window as f64;
        match self.method {
            Method::Lbu => self.everybody(1.0 / w),
            Method::Lsp if slot.is_multiple_of(self.window) => self.everybody(1.0),
            Method::Lsp => None,
            Method::Lpu => self.turn(slot, self.window),
            Method::Lbd | Method::Lba => self.everybody(0.5 / w),
            Method::Lpd | Method::Lpa => self.turn(slot, 2 * self.window),
        }
    }

    /// What to ask, of the adaptive methods, after the first round gave `seen`: nothing unless the mean has moved by more than
    /// an estimate would be off. `variance` is that of an estimate at a share from so many meters.
    pub fn look(&mut self, slot: u64, seen: Option<Estimate>, variance: impl Fn(Share, u32) -> f64) -> Option<Ask> {
        self.offered = self.share(slot);
        match self.method {
            Method::Lbd | Method::Lba => {
                let ask = self.everybody(self.offered / 2.0)?;
                self.moved(seen, variance(ask.share, ask.count)).then_some(ask)
            }
            Method::Lpd | Method::Lpa => {
                let count = (f64::from(self.meters) / 2.0 * self.offered) as u32;
                let moved = count > 0 && self.moved(seen, variance(Share::ALL, count));
                moved.then(|| self.take(slot, count)).flatten()
            }
            _ => None,
        }
    }

    /// Ends a slot with the estimate of its last round, if one came of it. What was held is said again.
    pub fn settle(&mut self, slot: u64, found: Option<Estimate>) -> Release {
        if found.is_some() && self.method.is_adaptive() {
            self.publish(slot, self.offered);
        }
        self.last = found.or(self.last);
        Release {
            estimate: self.last,
            fresh: found.is_some(),
        }
    }

    fn everybody(&self, share: f64) -> Option<Ask> {
        let share = Share::below(share);
        (share > Share(0) && self.meters > 0).then_some(Ask {
            share,
            first: 0,
            count: self.meters,
        })
    }

    /// Asks a part of the meters, so that in so many slots each has its turn; with fewer meters than slots nobody in some.
    fn turn(&mut self, slot: u64, parts: u64) -> Option<Ask> {
        self.carry += u64::from(self.meters);
        let count = self.carry / parts;
        self.carry %= parts;
        // Not more than there are meters.
        self.take(slot, count as u32)
    }

    /// Asks that many whose turn it is, of those who have rested for a window.
    fn take(&mut self, slot: u64, count: u32) -> Option<Ask> {
        let rested = |(at, _): &mut (u64, u32)| slot.saturating_sub(*at) >= self.window;
        while self.tired.pop_front_if(rested).is_some() {}
        let resting = self.tired.iter().map(|(_, count)| count).sum();
        let count = count.min(self.meters.saturating_sub(resting));
        if count == 0 {
            return None;
        }
        let first = self.next;
        self.tired.push_back((slot, count));
        self.next = ((u64::from(first) + u64::from(count)) % u64::from(self.meters)) as u32;
        Some(Ask {
            share: Share::ALL,
            first,
            count,
        })
    }

    /// Has the mean moved by more than an estimate with that variance would be off? `seen` is what was asked for that.
    fn moved(&self, seen: Option<Estimate>, variance: f64) -> bool {
        match (self.last, seen) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(last), Some(seen)) => {
                // The square of the difference is too large by the variance of what is seen, on average.
                let apart = (seen.mean - last.mean) * (seen.mean - last.mean) - seen.variance;
                apart > variance
            }
        }
    }

    /// The share of the half for estimates that may be spent in a slot.
    fn share(&mut self, slot: u64) -> f64 {
        match self.method {
            Method::Lbd | Method::Lpd => {
                let window = self.window;
                let over = |(at, _): &mut (u64, f64)| slot.saturating_sub(*at) >= window;
                while self.spent.pop_front_if(over).is_some() {}
                let left = 1.0 - self.spent.iter().map(|(_, share)| share).sum::<f64>();
                left.max(0.0) / 2.0
            }
            _ if slot < self.pays_until => 0.0,
            _ => (slot + 1).saturating_sub(self.unused_from).min(self.window) as f64 / self.window as f64,
        }
    }

    /// So much of it was spent.
    fn publish(&mut self, slot: u64, share: f64) {
        self.spent.push_back((slot, share));
        // Absorbed were so many slots' parts; as many slots, less this one, publish nothing.
        let absorbed = libm::round(share * self.window as f64) as u64;
        self.pays_until = slot + absorbed.max(1);
        self.unused_from = self.pays_until;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranks_go_round() {
        let ask = Ask {
            share: Share::ALL,
            first: 8,
            count: 4,
        };
        let asked: Vec<u32> = (0..12).filter(|rank| ask.asks(*rank, 10)).collect();
        assert_eq!(asked, [0, 1, 8, 9]);
        assert!(!ask.asks(0, 0));
    }

    #[test]
    fn shares_cost_no_more_than_all() {
        let budget = Nano(1_000_000_007);
        for parts in 1..200u32 {
            let one = Share::below(1.0 / f64::from(parts)).of(budget);
            assert!(one.0 * u64::from(parts) <= budget.0);
        }
        assert_eq!(Share::below(7.0), Share::ALL);
        assert_eq!((Share::below(f64::NAN), Share::below(-1.0)), (Share(0), Share(0)));
        assert!(Share::below(1e-4).epsilon(Nano(1_000_000_000)).is_none());
    }

    /// Each meter once in a window, whatever their number; no slot asks much more than another.
    #[test]
    fn all_have_their_turn() {
        for meters in [1, 3, 4, 50, 1001] {
            let mut plan = Plan::new(Method::Lpu, 4, meters);
            let counts: Vec<u32> = (0..12).map(|slot| plan.open(slot).map_or(0, |ask| ask.count)).collect();
            assert_eq!(counts.iter().sum::<u32>(), 3 * meters, "{counts:?}");
            let (least, most) = (counts.iter().min(), counts.iter().max());
            assert!(
                most.zip(least).is_some_and(|(most, least)| most - least <= 1),
                "{counts:?}"
            );
        }
    }

    proptest! {
        /// Whatever is found: the shares that a rank is asked for within any window sum up to no more than all.
        #[test]
        fn no_plan_overruns_a_window(
            method in 0usize..7, window in 1u64..9, meters in 0u32..50, means in prop::collection::vec(0.0f64..1.0, 1..60),
        ) {
            let method = Method::ALL[method];
            let mut plan = Plan::new(method, window, meters);
            let mut asked: Vec<(u64, Ask)> = Vec::new();
            for (slot, mean) in means.into_iter().enumerate() {
                let slot = slot as u64;
                let seen = Some(Estimate { mean, variance: 0.01 });
                let first = plan.open(slot);
                let second = plan.look(slot, seen, |_, _| 0.02);
                asked.extend(first.into_iter().chain(second).map(|ask| (slot, ask)));
                let found = second.or(first.filter(|_| !method.is_adaptive()));
                plan.settle(slot, found.and(seen));
                for rank in 0..meters {
                    let inside = asked.iter().filter(|(at, ask)| slot - at < window && ask.asks(rank, meters));
                    prop_assert!(inside.map(|(_, ask)| u64::from(ask.share.0)).sum::<u64>() <= 1_000_000_000);
                }
            }
        }
    }
}
