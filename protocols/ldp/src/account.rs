//! What a meter has spent: fresh reports by slot, remembered answers by value.
//!
//! Two ledgers, for the two ways to spend. A **fresh** report costs its `epsilon` in its slot, and the sum over any `w` slots in
//! a row is bounded (w-event privacy: Kellaris, Papadopoulos, Xiao and Papadias 2014). A **remembered** answer costs once for each
//! value that was ever answered for, however often it is repeated.
//!
//! Amounts are whole nano-epsilons, rounded up: sums are exact, and a ledger that is stored and read is the same.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

/// Budget in units of `10^-9`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Nano(pub u64);

impl Nano {
    /// Rounded up: nothing is spent that is not counted. What is no number, or negative, is nothing.
    pub fn above(epsilon: f64) -> Nano {
        // A float cast saturates.
        Nano(libm::ceil(epsilon * 1e9) as u64)
    }

    /// Rounded down: nothing is allowed that was not.
    pub fn below(epsilon: f64) -> Nano {
        Nano(libm::floor(epsilon * 1e9) as u64)
    }

    /// As a number.
    pub fn get(self) -> f64 {
        self.0 as f64 / 1e9
    }

    fn plus(self, other: Nano) -> Nano {
        Nano(self.0.saturating_add(other.0))
    }
}

/// Why nothing more may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The window would cost more than its budget.
    #[error("the budget of the window is spent")]
    Spent,
    /// The slot lies before one that was charged already: clocks do not go back.
    #[error("the slot is over")]
    Past,
}

/// The ledger of fresh reports: the cost of any `window` slots in a row never exceeds the budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    budget: Nano,
    window: u64,
    /// What was spent in which slot: those of the last window, in order.
    spent: VecDeque<(u64, Nano)>,
    /// The last slot that was charged, with whatever: what was before it may be forgotten.
    last: u64,
}

impl Window {
    /// Of so many slots, one at least.
    pub fn new(budget: Nano, window: u64) -> Window {
        Window {
            budget,
            window: window.max(1),
            spent: VecDeque::new(),
            last: 0,
        }
    }

    /// What the window that ends with that slot has cost so far.
    pub fn cost(&self, slot: u64) -> Nano {
        let inside = |(at, _): &&(u64, Nano)| *at <= slot && slot - *at < self.window.max(1);
        self.spent
            .iter()
            .filter(inside)
            .fold(Nano(0), |sum, (_, cost)| sum.plus(*cost))
    }

    /// What may still be spent in that slot.
    pub fn left(&self, slot: u64) -> Nano {
        Nano(self.budget.0.saturating_sub(self.cost(slot).0))
    }

    /// Spends in a slot. A later slot only: so no window between is overrun.
    ///
    /// # Errors
    /// If the window that ends there would cost more than the budget, or if the slot is before the last that was charged.
    pub fn spend(&mut self, slot: u64, cost: Nano) -> Result<(), Refused> {
        if slot < self.last {
            return Err(Refused::Past);
        }
        if self.cost(slot).plus(cost) > self.budget {
            return Err(Refused::Spent);
        }
        while self
            .spent
            .front()
            .is_some_and(|(at, _)| slot - *at >= self.window.max(1))
        {
            self.spent.pop_front();
        }
        self.last = slot;
        if cost > Nano(0) {
            self.spent.push_back((slot, cost));
        }
        Ok(())
    }
}

/// The ledger of remembered answers: a value costs when it is answered for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    budget: Nano,
    cost: Nano,
    values: BTreeSet<u32>,
}

impl Memory {
    /// With a budget over the life of the meter, of which each new value costs so much.
    pub fn new(budget: Nano, cost: Nano) -> Memory {
        Memory {
            budget,
            cost,
            values: BTreeSet::new(),
        }
    }

    /// What was spent so far.
    pub fn spent(&self) -> Nano {
        Nano(self.cost.0.saturating_mul(self.values.len() as u64))
    }

    /// Answers for a value.
    ///
    /// # Errors
    /// If it is new and the budget does not suffice.
    pub fn spend(&mut self, value: u32) -> Result<(), Refused> {
        if self.values.contains(&value) {
            return Ok(());
        }
        if self.spent().plus(self.cost) > self.budget {
            return Err(Refused::Spent);
        }
        self.values.insert(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A ledger that was stored by somebody else: a window of no slots would be none.
    #[test]
    fn a_window_of_nothing_is_one_of_a_slot() {
        let stored = r#"{"budget":5,"window":0,"spent":[],"last":0}"#;
        let mut ledger: Window = serde_json::from_str(stored).expect("reads");
        assert_eq!(ledger.spend(3, Nano(5)), Ok(()));
        assert_eq!(ledger.spend(3, Nano(1)), Err(Refused::Spent));
    }

    #[test]
    fn amounts_are_rounded_against_the_spender() {
        assert_eq!(
            (Nano::above(0.1), Nano::below(0.1)),
            (Nano(100_000_000), Nano(100_000_000))
        );
        assert_eq!((Nano::above(1e-12), Nano::below(1e-12)), (Nano(1), Nano(0)));
        assert_eq!(
            (Nano::above(-1.0), Nano::above(f64::NAN), Nano::above(1e300)),
            (Nano(0), Nano(0), Nano(u64::MAX))
        );
    }

    /// What a run does to a ledger.
    #[derive(Clone, Debug)]
    enum Step {
        Spend { later: u64, cost: u64 },
        Restart,
        Back { by: u64 },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (0u64..5, 0u64..400).prop_map(|(later, cost)| Step::Spend { later, cost }),
            1 => Just(Step::Restart),
            1 => (1u64..4).prop_map(|by| Step::Back { by }),
        ];
        prop::collection::vec(step, 1..200)
    }

    proptest! {
        /// Whatever is asked, lost, restarted or set back: no window exceeds its budget.
        #[test]
        fn no_window_exceeds_its_budget(steps in steps(), budget in 0u64..1000, window in 0u64..12) {
            let mut ledger = Window::new(Nano(budget), window);
            let (mut slot, mut paid) = (0u64, Vec::<(u64, u64)>::new());
            for step in steps {
                match step {
                    Step::Spend { later, cost } => {
                        slot += later;
                        let left = ledger.left(slot);
                        match ledger.spend(slot, Nano(cost)) {
                            Ok(()) => paid.push((slot, cost)),
                            Err(Refused::Spent) => prop_assert!(cost > left.0),
                            Err(Refused::Past) => prop_assert!(paid.last().is_some_and(|(last, _)| *last > slot)),
                        }
                    }
                    Step::Restart => {
                        let stored = serde_json::to_string(&ledger).expect("stores");
                        ledger = serde_json::from_str(&stored).expect("reads");
                    }
                    Step::Back { by } => slot = slot.saturating_sub(by),
                }
            }
            for (from, _) in &paid {
                let inside = paid.iter().filter(|(at, _)| at >= from && at - from < window.max(1));
                let sum: u64 = inside.map(|(_, cost)| cost).sum();
                prop_assert!(sum <= budget, "{sum} of {budget} from {from}");
            }
        }

        #[test]
        fn a_value_costs_once(values in prop::collection::vec(0u32..20, 1..100), budget in 0u64..50) {
            let mut memory = Memory::new(Nano(budget), Nano(3));
            let mut answered = BTreeSet::new();
            for value in values {
                if memory.spend(value).is_ok() {
                    answered.insert(value);
                }
                prop_assert!(memory.spent().0 <= budget && memory.spent().0 == 3 * answered.len() as u64);
            }
        }
    }
}
