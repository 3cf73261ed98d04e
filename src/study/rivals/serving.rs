//! How many of the vehicles that ask an RSU for a key get one while they are in its coverage.
//!
//! Simulated with the kernel, radio and all: vehicles that ask arrive at random at one end of a straight road through the
//! coverage, at `rho d v / R_range` a second, and leave at the other. Beside it stands `S = min(1, 1/load)` with
//! `load = T_k v d rho / R_range` (literature, unconfirmed), once with `T_k` as measured and once as quoted.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use rand::Rng;
use roadveil_role::{SetupError, Streams, Time};

use super::tables;
use crate::event::Event;
use crate::kernel::{Kernel, Options, PORTION};
use crate::scenario::{self, Origin, Scenario};

/// Length of the coverage along the road, `R_range`, metres. The paper's value was not recovered.
pub(super) const RANGE: f64 = 300.0;

/// Nodes before the first vehicle.
const FIXED: usize = 2;

/// One situation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Situation {
    /// `v`, m/s.
    pub speed: f64,
    /// `d`, vehicles in the coverage at a time.
    pub inside: f64,
    /// `rho`, the share of them that asks.
    pub asking: f64,
}

impl Situation {
    /// Those who arrive and ask, each second.
    pub fn rate(&self) -> f64 {
        self.asking * self.inside * self.speed / RANGE
    }

    /// How many times the work that an RSU can do they bring, if a key takes it so many milliseconds.
    pub fn load(&self, t_k_ms: f64) -> f64 {
        self.rate() * t_k_ms / 1e3
    }

    /// Seconds for which a vehicle is in the coverage.
    fn dwell(&self) -> f64 {
        RANGE / self.speed
    }
}

/// What came of one situation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Serving {
    /// The situation.
    pub situation: Situation,
    /// Vehicles that arrived within the time that counts.
    pub arrived: u64,
    /// Those of them that got a key before they left.
    pub served: u64,
    /// Exchanges that the RSU opened in the whole run: it computed a pairing, and answered.
    pub opened: u64,
    /// Keys that vehicles obtained in the whole run.
    pub obtained: u64,
}

impl Serving {
    /// The share that was served; NaN if nobody came.
    pub fn ratio(&self) -> f64 {
        self.served as f64 / self.arrived as f64
    }

    /// The share of exchanges that the RSU opened and that gave nobody a key; NaN if it opened none.
    pub fn in_vain(&self) -> f64 {
        1.0 - self.obtained as f64 / self.opened as f64
    }
}

/// Profiles of RSU and vehicles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Processors {
    pub(super) rsu: &'static str,
    pub(super) obu: &'static str,
}

/// Those of the published unit costs, and today's.
pub(super) const PROCESSORS: [Processors; 2] = [
    Processors {
        rsu: tables::PUBLISHED,
        obu: tables::PUBLISHED,
    },
    Processors {
        rsu: tables::TODAY_RSU,
        obu: tables::TODAY,
    },
];

/// What is varied, one after the other, around the situation of the worked values: 40 m/s, 400 vehicles, 0.8 of them ask.
/// The paper's ranges were not recovered.
pub(super) struct Sweep {
    /// Its name for scripts.
    pub(super) name: &'static str,
    /// What is varied, with its unit.
    pub(super) axis: &'static str,
    /// The situations, in order.
    pub(super) situations: Vec<Situation>,
}

/// The value that a sweep varies.
pub(super) fn varied(sweep: &Sweep, situation: &Situation) -> f64 {
    match sweep.name {
        "speed" => situation.speed,
        "density" => situation.inside,
        _ => situation.asking,
    }
}

/// The sweeps; few points for a look.
pub(super) fn sweeps(quick: bool) -> Vec<Sweep> {
    let base = Situation {
        speed: 40.0,
        inside: 400.0,
        asking: 0.8,
    };
    let some = |values: &[f64]| {
        // The second and the base, which all sweeps share.
        let few = [values[1], values[3]];
        if quick { few.to_vec() } else { values.to_vec() }
    };
    let speeds = some(&[10.0, 20.0, 30.0, 40.0, 50.0, 60.0]).into_iter();
    let insides = some(&[100.0, 200.0, 300.0, 400.0, 500.0, 600.0]).into_iter();
    let shares = some(&[0.2, 0.4, 0.6, 0.8, 1.0]).into_iter();
    vec![
        Sweep {
            name: "speed",
            axis: "speed v (m/s)",
            situations: speeds.map(|speed| Situation { speed, ..base }).collect(),
        },
        Sweep {
            name: "density",
            axis: "vehicles in the coverage d",
            situations: insides.map(|inside| Situation { inside, ..base }).collect(),
        },
        Sweep {
            name: "rate",
            axis: "share that asks rho",
            situations: shares.map(|asking| Situation { asking, ..base }).collect(),
        },
    ]
}

/// Simulates one situation. Vehicles come from the beginning to the end; those count who come within `seconds`, after as long
/// as it takes to cross the coverage, at least ten seconds.
///
/// # Errors
/// If the run cannot be set up.
pub(super) fn serve(situation: Situation, processors: Processors, seconds: f64) -> Result<Serving, SetupError> {
    let dwell = situation.dwell();
    let begin = dwell.max(10.0);
    let end = begin + seconds;
    let arrivals = arrivals(&situation, end + dwell);
    let text = topology(&situation, processors, &arrivals, end + dwell);
    let scenario = Scenario::parse(&text, Origin::Stdin, Path::new("."), &[]);
    let unready = |error: scenario::Error| SetupError(error.to_string());
    let scenario = Arc::new(scenario.map_err(unready)?);
    let options = Options {
        threads: 1,
        share: true,
    };
    let Outcome { with_key, opened } = run(Kernel::new(scenario, options).map_err(unready)?);
    let obtained = with_key.len() as u64;
    let counts = |index: &usize| (begin..end).contains(&arrivals[*index]);
    let arrived = (0..arrivals.len()).filter(counts);
    let served = with_key.into_iter().filter(counts);
    Ok(Serving {
        situation,
        arrived: arrived.count() as u64,
        served: served.count() as u64,
        opened,
        obtained,
    })
}

/// What is read off a run.
#[derive(Default)]
struct Outcome {
    /// Vehicles that obtained a key. Who has left obtains none.
    with_key: BTreeSet<usize>,
    /// Exchanges that the RSU opened.
    opened: u64,
}

/// Runs to the end.
fn run(mut kernel: Kernel) -> Outcome {
    let mut outcome = Outcome::default();
    loop {
        let going = kernel.advance(Time::MAX, PORTION);
        for record in kernel.take_records() {
            match &record.event {
                Event::Emitted { node, name, .. } if &**name == "key_obtained" => {
                    outcome.with_key.insert(node.index().saturating_sub(FIXED));
                }
                Event::Step { name, .. } if &**name == "res1" => outcome.opened += 1,
                _ => {}
            }
        }
        if !going {
            return outcome;
        }
    }
}

/// When vehicles that ask arrive, seconds: independent of each other, the same for the same situation.
fn arrivals(situation: &Situation, end: f64) -> Vec<f64> {
    let mut streams = Streams::new(1, "serving", "arrivals");
    let stream = streams.get("gap", 0);
    let mut at = 0.0;
    let mut arrivals = Vec::new();
    loop {
        // Uniform in (0, 1].
        let uniform = ((stream.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        at -= libm::log(uniform) / situation.rate();
        if at >= end {
            return arrivals;
        }
        arrivals.push(at);
    }
}

/// The run: an authority, an RSU in the middle of the coverage, and the vehicles, which say nothing but what a key takes.
fn topology(situation: &Situation, processors: Processors, arrivals: &[f64], span: f64) -> String {
    let half = RANGE / 2.0;
    let Processors { rsu, obu } = processors;
    let mut text = format!(
        "title = \"serving ratio\"\nduration = \"{}ms\"\n\
         [protocols.ecpp]\nissue = \"paper\"\nbeacon_period = \"60s\"\nrsu_beacon_period = \"500ms\"\nrsu_range = {half}\n\
         key_lifetime = \"100s\"\nrequest_rate = 1000\n\
         [[node]]\nname = \"ta\"\nroles = [\"ecpp.ta\"]\n\
         [[node]]\nname = \"rsu\"\nroles = [\"ecpp.rsu\"]\nat = [0, 0]\nprofile = \"{rsu}\"\n",
        libm::ceil(span * 1e3)
    );
    for (index, at) in arrivals.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "[[node]]\nname = \"v{index}\"\nroles = [\"ecpp.obu\"]\nroute = [[-{half}, 5], [{half}, 5]]\nspeed = {}\n\
             start = \"{}ms\"\nat_end = \"leave\"\nprofile = \"{obu}\"\n",
            situation.speed,
            libm::round(at * 1e3)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_is_work_by_time() {
        let situation = Situation {
            speed: 40.0,
            inside: 400.0,
            asking: 0.8,
        };
        // As worked out from the quoted formula: 42.7 askers a second, each 34.8 ms.
        assert!((situation.rate() - 42.667).abs() < 1e-3);
        assert!((situation.load(34.8) - 1.4848).abs() < 1e-4);
    }

    #[test]
    fn arrivals_come_at_their_rate_and_in_order() {
        let situation = Situation {
            speed: 30.0,
            inside: 100.0,
            asking: 0.5,
        };
        let all = arrivals(&situation, 1000.0);
        let expected = situation.rate() * 1000.0;
        assert!(
            (all.len() as f64 / expected - 1.0).abs() < 0.05,
            "{} of {expected}",
            all.len()
        );
        assert!(all.is_sorted() && all[0] > 0.0);
    }

    /// Few are all served; with several times the work that it can do an RSU serves a part.
    #[test]
    fn an_rsu_serves_what_it_can() {
        let serve = |speed, inside| {
            let situation = Situation {
                speed,
                inside,
                asking: 1.0,
            };
            serve(situation, PROCESSORS[0], 2.0).expect("runs")
        };
        let light = serve(30.0, 20.0);
        assert!(light.arrived > 0 && light.served == light.arrived, "{light:?}");
        let heavy = serve(60.0, 500.0);
        assert!(heavy.situation.load(28.0) > 2.5 && heavy.arrived > 100);
        assert!(heavy.ratio() < 0.6, "{heavy:?}");
        assert_eq!(light.in_vain(), 0.0);
        assert!(heavy.in_vain() > 0.1 && heavy.obtained < heavy.opened, "{heavy:?}");
    }
}
