//! ECPP beside its two rivals, from measured operations: what the paper compares, redrawn.
//!
//! Each protocol runs on the test kit's network (`probe`), where every operation that a role charges is counted, callback
//! by callback. Counts become times under the published unit costs and under today's. What the paper and its literature
//! state stands beside, with its mark (`stated`); it is computed from their formulas and enters no measurement.

mod hearing;
mod issue;
mod probe;
mod serving;
mod sheet;
mod stated;
mod tables;
mod tracking;

pub use hearing::{Hearing, hear};
pub use issue::{Issue, issue};
pub use serving::{Serving, Situation};
pub use sheet::{Cell, Sheet};
pub use tracking::{Tracking, track};

use roadveil_role::{Protocol, SetupError};

use super::parallel::side_by_side;

/// Numbers of the revoked: the range of the paper's plots, and beyond.
const REVOKED: &[u64] = &[0, 10, 20, 30, 40, 50, 100, 200, 500, 1000];
/// The same for a look.
const FEW_REVOKED: &[u64] = &[0, 5, 10];

/// Who is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Short-time keys from road-side units.
    Ecpp,
    /// Group signatures with verifier-local revocation.
    Gsb,
    /// A huge pool of anonymous certificates.
    Hab,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Scheme; 3] = [Scheme::Ecpp, Scheme::Gsb, Scheme::Hab];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Ecpp => "ECPP",
            Scheme::Gsb => "GSB",
            Scheme::Hab => "HAB",
        }
    }

    /// Its protocol.
    fn protocol(self) -> &'static Protocol {
        match self {
            Scheme::Ecpp => &roadveil_ecpp::PROTOCOL,
            Scheme::Gsb => &roadveil_gsb::PROTOCOL,
            Scheme::Hab => &roadveil_hab::PROTOCOL,
        }
    }
}

/// Numbers of vehicles among which one is looked for.
const VEHICLES: &[u64] = &[10, 100, 200, 500, 1000];
/// The same for a look.
const FEW_VEHICLES: &[u64] = &[5, 10];

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Measurements at once.
    pub threads: usize,
    /// Fewer points: a look, no study.
    pub quick: bool,
}

/// Measures everything. `tell` hears what is measured next.
///
/// # Errors
/// If something cannot be measured.
pub fn compare(settings: Settings, tell: &dyn Fn(&str)) -> Result<Vec<Sheet>, SetupError> {
    let revoked = if settings.quick { FEW_REVOKED } else { REVOKED };
    tell("storage and verification");
    // The longest lists first: they take the longest.
    let longest = revoked.iter().rev();
    let points: Vec<(Scheme, u64)> = longest
        .flat_map(|&revoked| Scheme::ALL.map(|scheme| (scheme, revoked)))
        .collect();
    let mut hearings = side_by_side(&points, settings.threads, |&(scheme, revoked)| {
        Some(hear(scheme, revoked))
    })?;
    hearings.sort_by_key(|hearing| hearing.revoked);
    tell("key issue");
    let issues = side_by_side(&["paper", "hardened"], settings.threads, |mode| Some(issue(mode)))?;
    tell("tracking");
    let vehicles = if settings.quick { FEW_VEHICLES } else { VEHICLES };
    let points: Vec<(u64, Scheme)> = vehicles
        .iter()
        .flat_map(|&vehicles| Scheme::ALL.map(|scheme| (vehicles, scheme)))
        .collect();
    let searches = side_by_side(&points, settings.threads, |&(vehicles, scheme)| {
        Some(track(scheme, vehicles))
    })?;
    tell("serving ratio");
    let sweeps = serving::sweeps(settings.quick);
    let seconds = if settings.quick { 1.0 } else { 20.0 };
    let servings = serve(&sweeps, seconds, settings.threads)?;
    Ok(vec![
        tables::storage(&hearings),
        tables::counts(&hearings),
        tables::verification(&hearings, &tables::costs(tables::PUBLISHED)),
        tables::verification(&hearings, &tables::costs(tables::TODAY)),
        tables::issue(&issues),
        tables::tracking(&searches),
        tables::serving(&sweeps, &servings, &issues[0]),
    ])
}

/// Simulates the situations of all sweeps, each once with the published unit costs and once with today's.
fn serve(sweeps: &[serving::Sweep], seconds: f64, threads: usize) -> Result<Vec<[Serving; 2]>, SetupError> {
    let mut situations: Vec<Situation> = Vec::new();
    for situation in sweeps.iter().flat_map(|sweep| &sweep.situations) {
        if !situations.contains(situation) {
            situations.push(*situation);
        }
    }
    let jobs: Vec<_> = situations
        .iter()
        .flat_map(|situation| serving::PROCESSORS.map(|processors| (*situation, processors)))
        .collect();
    let servings = side_by_side(&jobs, threads, |&(situation, processors)| {
        Some(serving::serve(situation, processors, seconds))
    })?;
    Ok(servings.as_chunks().0.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_does_not_depend_on_threads() {
        let points = [(Scheme::Gsb, 3), (Scheme::Ecpp, 2), (Scheme::Hab, 1)];
        let hear = |threads| side_by_side(&points, threads, |&(scheme, revoked)| Some(hear(scheme, revoked)));
        assert_eq!(hear(1).expect("measured"), hear(3).expect("measured"));
        let mut sweep = serving::sweeps(true).swap_remove(0);
        sweep.situations = [10.0, 20.0]
            .map(|speed| Situation {
                speed,
                inside: 50.0,
                asking: 0.5,
            })
            .to_vec();
        let serve = |threads| serve(std::slice::from_ref(&sweep), 2.0, threads).expect("runs");
        assert_eq!(serve(1), serve(3));
    }
}
