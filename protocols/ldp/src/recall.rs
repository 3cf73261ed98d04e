//! Answers that a meter remembers, with the ledger of what they cost: what all remembered forms have in common.

use std::collections::BTreeMap;

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use crate::account::{Memory, Nano};
use crate::mechanism::Report;
use crate::memo::Said;

/// Answers by value. Stored and read they are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recall {
    answers: BTreeMap<u32, Report>,
    ledger: Memory,
    /// The answer that was given last, or one of nothing if there was none to give.
    last: Option<Report>,
}

impl Recall {
    /// With a budget over the life of the meter, of which each new value costs so much.
    pub(crate) fn new(budget: f64, cost: f64) -> Recall {
        Recall {
            answers: BTreeMap::new(),
            ledger: Memory::new(Nano::below(budget), Nano::above(cost)),
            last: None,
        }
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> Nano {
        self.ledger.spent()
    }

    /// The answer for a value, drawn when it is first asked for. With the budget spent it is the one that was given
    /// last; and if there was none ever, one of `nothing`, which depends on no value and is remembered too.
    pub(crate) fn answer(
        &mut self,
        value: u32,
        rng: &mut dyn Rng,
        draw: impl FnOnce(&mut dyn Rng) -> Report,
        nothing: impl FnOnce(&mut dyn Rng) -> Report,
    ) -> Said {
        if self.ledger.spend(value).is_ok() {
            let answer = *self.answers.entry(value).or_insert_with(|| draw(rng));
            self.last = Some(answer);
            Said::Level(answer)
        } else {
            Said::Exhausted(*self.last.get_or_insert_with(|| nothing(rng)))
        }
    }
}
