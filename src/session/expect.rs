//! Expectations: what a scenario says must hold, at a moment or at the end.

use roadveil_role::Time;

use crate::metrics::Summary;
use crate::scenario::Expectation;

/// An expectation and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The expectation as the scenario words it.
    pub text: String,
    /// When it was due; `None`: at the end.
    pub at: Option<Time>,
    /// Did it hold? `None`: its time was not reached.
    pub ok: Option<bool>,
    /// The figure found; `None` if there is none of that name, or it was not looked at.
    pub found: Option<f64>,
}

/// Looks at the figures when their time has come.
#[derive(Debug)]
pub struct Judge {
    waiting: Vec<(usize, Expectation)>,
    outcomes: Vec<Outcome>,
}

impl Judge {
    /// Nothing judged yet.
    pub fn new(expectations: &[Expectation]) -> Judge {
        let outcomes = expectations.iter().map(|expectation| Outcome {
            text: expectation.text.clone(),
            at: expectation.at,
            ok: None,
            found: None,
        });
        Judge {
            outcomes: outcomes.collect(),
            waiting: expectations.iter().cloned().enumerate().collect(),
        }
    }

    /// Before a record at `at` counts: judges what is due by then.
    pub fn before(&mut self, at: Time, summary: &Summary) {
        if self
            .waiting
            .iter()
            .any(|(_, expectation)| expectation.at.is_some_and(|due| due < at))
        {
            self.judge(summary, |expectation| expectation.at.is_some_and(|due| due < at));
        }
    }

    /// At the end of a run that got as far as `reached`; `whole` if that is its end.
    pub fn finish(mut self, reached: Time, whole: bool, summary: &Summary) -> Vec<Outcome> {
        self.judge(summary, |expectation| match expectation.at {
            Some(due) => due <= reached,
            None => whole,
        });
        self.outcomes
    }

    fn judge(&mut self, summary: &Summary, is_due: impl Fn(&Expectation) -> bool) {
        let outcomes = &mut self.outcomes;
        self.waiting.retain(|(index, expectation)| {
            let due = is_due(expectation);
            if due {
                let found = summary.figure(&expectation.path);
                outcomes[*index].found = found;
                outcomes[*index].ok =
                    Some(found.is_some_and(|found| expectation.relation.holds(found, expectation.value)));
            }
            !due
        });
    }
}
