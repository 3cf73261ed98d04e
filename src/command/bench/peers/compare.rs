//! Simulators on the same work, in turns.

use super::clock::median;
use super::system::{Sample, System, Workload};

/// Shortest and longest run, virtual seconds: beacons of all phases at least once.
const SHORTEST: f64 = 0.2;
const LONGEST: f64 = 30.0;

/// One simulator on one workload with one number of nodes.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The simulator.
    pub(super) system: System,
    /// What it runs.
    pub(super) workload: Workload,
    /// How many nodes.
    pub(super) nodes: u32,
    /// Virtual seconds of a run.
    pub(super) seconds: f64,
    /// Its runs.
    pub(super) samples: Vec<Sample>,
    /// Why it could not run.
    pub(super) error: Option<String>,
}

/// Middle figures of a case's runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    /// Processor seconds of a run.
    pub(super) cpu_s: f64,
    /// Deliveries in a processor second.
    pub(super) deliveries: f64,
    /// Receptions, delivered or lost, in a processor second.
    pub(super) receptions: Option<f64>,
    /// Virtual seconds in a processor second.
    pub(super) speed: f64,
}

impl Case {
    /// The figures; `None` if it could not run.
    pub(super) fn figures(&self) -> Option<Figures> {
        let first = self.samples.first()?;
        // A clock that has not moved measures nothing.
        let each = |count: u64| median(self.samples.iter().map(|sample| count as f64 / sample.cpu_s.max(1e-6)));
        Some(Figures {
            cpu_s: median(self.samples.iter().map(|sample| sample.cpu_s)),
            deliveries: each(first.deliveries),
            receptions: first.receptions.map(each),
            speed: median(self.samples.iter().map(|sample| self.seconds / sample.cpu_s.max(1e-6))),
        })
    }

    /// Runs it once; after a failure no more.
    fn sample(&mut self) {
        if self.error.is_some() {
            return;
        }
        match self.system.run(self.workload, self.nodes, self.seconds) {
            Ok(sample) => self.samples.push(sample),
            Err(error) => self.error = Some(error),
        }
    }
}

/// All that these systems can run with so many nodes.
pub(super) fn cases(systems: &[System], nodes: &[u32]) -> Vec<Case> {
    let mut cases = Vec::new();
    for workload in Workload::ALL {
        for system in systems.iter().filter(|system| system.runs(workload)) {
            cases.extend(nodes.iter().map(|&nodes| Case {
                system: system.clone(),
                workload,
                nodes,
                seconds: SHORTEST,
                samples: Vec::new(),
                error: None,
            }));
        }
    }
    cases
}

/// Finds for each case how long it must run to take about `target` processor seconds, and then runs all of them
/// `rounds` times in turns, so that whatever else this machine does disturbs all alike.
pub(super) fn measure(cases: &mut [Case], rounds: u32, target: f64, mut tell: impl FnMut(&str)) {
    tell("how long each must run");
    for case in &mut *cases {
        case.sample();
        if let Some(sample) = case.samples.pop() {
            case.seconds = span(sample.cpu_s, target);
        }
    }
    for round in 1..=rounds {
        tell(&format!("round {round} of {rounds}"));
        cases.iter_mut().for_each(Case::sample);
    }
}

/// How many virtual seconds take about `target` processor seconds if the shortest run took so many: in tenths.
fn span(cpu_s: f64, target: f64) -> f64 {
    let wanted = SHORTEST * target / cpu_s.max(1e-3);
    (wanted * 10.0).round().clamp(SHORTEST * 10.0, LONGEST * 10.0) / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_as_long_as_it_must_be_within_bounds() {
        assert_eq!(span(0.1, 1.0), 2.0);
        assert_eq!(span(100.0, 1.0), SHORTEST);
        assert_eq!(span(0.0, 1.0), LONGEST);
    }

    #[test]
    fn only_what_a_system_can_run_is_a_case_and_all_are_run_in_turns() {
        let mut cases = cases(&[System::Own], &[10, 20]);
        assert_eq!(cases.len(), 4);
        measure(&mut cases, 3, 0.001, |_| {});
        for case in &cases {
            assert_eq!((case.samples.len(), &case.error), (3, &None));
            // Repeats of a run are the same run.
            assert!(
                case.samples
                    .iter()
                    .all(|sample| sample.deliveries == case.samples[0].deliveries)
            );
            let figures = case.figures().expect("measured");
            assert!(figures.deliveries > 0.0 && figures.receptions.is_some_and(|each| each >= figures.deliveries));
        }
    }

    #[test]
    fn what_fails_is_tried_once_and_says_why() {
        let broken = System::Program {
            name: "broken",
            path: "/bin/false".into(),
            radio: false,
        };
        let mut cases = cases(&[broken], &[10]);
        measure(&mut cases, 3, 0.001, |_| {});
        assert!(cases[0].figures().is_none());
        assert!(
            cases[0]
                .error
                .as_ref()
                .is_some_and(|error| error.contains("/bin/false"))
        );
    }
}
