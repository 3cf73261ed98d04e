//! Many runs of one topology: over seeds and parameters, one run a core, and what came of them as a table.
//!
//! A run of a study has one thread that computes, so that as many runs as there are cores go on at once without waiting for
//! each other. A run's figures do not depend on which runs beside it, or in which order they end.

mod parallel;
pub mod rivals;
mod table;

pub use table::{Cell, Row, Table};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::kernel::Options;
use crate::scenario::{Scenario, Study};
use crate::session::{self, Plan, RunError};
use parallel::side_by_side;

/// What one run came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Number of the point.
    pub point: usize,
    /// The seed.
    pub seed: u64,
    /// The study's figures, in its order; NaN for one that had no value.
    pub figures: Vec<f64>,
    /// Expectations that did not hold, as they are worded.
    pub failed: Vec<String>,
    /// Hash of its event stream.
    pub stream_hash: String,
}

/// Runs everything, `threads` at once, and tells of each run as it ends. In order of points, and of seeds within. Fewer than
/// all if it was interrupted.
///
/// # Errors
/// The first run, in that order, that could not be set up.
pub fn run(
    study: &Study,
    scenarios: &[Scenario],
    threads: usize,
    interrupted: &AtomicBool,
    tell: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Run>, RunError> {
    let jobs: Vec<(usize, u64)> = (0..scenarios.len())
        .flat_map(|point| study.seeds.iter().map(move |&seed| (point, seed)))
        .collect();
    let ended = AtomicUsize::new(0);
    side_by_side(&jobs, threads, |&job| {
        let result = one(study, &scenarios[job.0], job, interrupted).transpose()?;
        tell(ended.fetch_add(1, Ordering::Relaxed) + 1);
        Some(result)
    })
}

/// One run; nothing if it was interrupted.
fn one(
    study: &Study,
    scenario: &Scenario,
    (point, seed): (usize, u64),
    interrupted: &AtomicBool,
) -> Result<Option<Run>, RunError> {
    let mut scenario = scenario.clone();
    scenario.seed = seed;
    let finished = session::run(
        Plan {
            origin: scenario.origin.to_string(),
            overrides: scenario.overrides.clone(),
            scenario: Arc::new(scenario),
            options: Options {
                threads: 1,
                share: true,
            },
            log: None,
            load_s: 0.0,
        },
        true,
        interrupted,
    )?;
    if !finished.whole {
        return Ok(None);
    }
    let figure = |path: &String| finished.summary.figure(path).unwrap_or(f64::NAN);
    let failed = finished.expectations.iter().filter(|outcome| outcome.ok == Some(false));
    Ok(Some(Run {
        point,
        seed,
        figures: study.figures.iter().map(figure).collect(),
        failed: failed.map(|outcome| outcome.text.clone()).collect(),
        stream_hash: finished.stream_hash.to_string(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study() -> Study {
        Study {
            duration: Some(std::time::Duration::from_secs(3)),
            vary: vec![("radio.exponent".to_owned(), vec!["2.5".to_owned(), "4".to_owned()])],
            figures: vec!["frames.delivered".to_owned(), "ecpp.key_delay_mean_ms".to_owned()],
            ..Study::of("three-cars", vec![1, 2, 3])
        }
    }

    fn runs(study: &Study, threads: usize) -> Vec<Run> {
        let scenarios: Vec<Scenario> = study
            .points()
            .iter()
            .map(|point| study.scenario(point).expect("good"))
            .collect();
        run(study, &scenarios, threads, &AtomicBool::new(false), &|_| {}).expect("runs")
    }

    #[test]
    fn a_table_does_not_depend_on_how_many_run_at_once() {
        let study = study();
        let alone = runs(&study, 1);
        let order: Vec<(usize, u64)> = alone.iter().map(|run| (run.point, run.seed)).collect();
        assert_eq!(order, [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (1, 3)]);
        let text = |runs: &[Run]| format!("{runs:?}");
        assert_eq!(text(&runs(&study, 4)), text(&alone));
        assert_ne!(alone[0].stream_hash, alone[1].stream_hash);
        assert_ne!(alone[0].figures, alone[3].figures);
    }

    #[test]
    fn a_run_of_a_study_is_the_run_itself() {
        let study = study();
        let run = &runs(&study, 2)[1];
        let mut scenario = study.scenario(&study.points()[0]).expect("good");
        scenario.seed = 2;
        let plan = Plan {
            origin: String::new(),
            overrides: Vec::new(),
            scenario: Arc::new(scenario),
            options: Options::default(),
            log: None,
            load_s: 0.0,
        };
        let finished = session::run(plan, true, &AtomicBool::new(false)).expect("runs");
        assert_eq!(run.stream_hash, finished.stream_hash.to_string());
    }

    #[test]
    fn an_interrupted_study_ends_with_what_it_has() {
        let study = study();
        let scenarios = [study.scenario(&[]).expect("good")];
        let runs = run(&study, &scenarios, 2, &AtomicBool::new(true), &|_| {}).expect("ends");
        assert_eq!(runs, []);
    }
}
