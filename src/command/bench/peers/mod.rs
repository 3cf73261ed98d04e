//! `roadveil bench peers`: how fast this simulator is beside others on the same work, how its cost grows with the number
//! of nodes, and where its time goes.
//!
//! The others are programs that `benches/peers/build.sh` builds; what is not built is left out and named.

mod clock;
mod compare;
mod growth;
mod print;
mod share;
mod system;

use compare::Case;
use growth::Size;
use share::Parts;
use system::Absent;

use super::{Exit, Failure, print};
use crate::cli::{BenchPeers, PeersPart};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// How often everything is run.
    rounds: u32,
    /// Processor seconds that a run of a simulator is to take.
    target: f64,
    /// Virtual seconds of the longest highway.
    growth: f64,
    /// Virtual seconds of the city.
    share: u64,
}

const WHOLE: Effort = Effort {
    rounds: 5,
    target: 1.0,
    growth: 4.0,
    share: 30,
};

const QUICK: Effort = Effort {
    rounds: 3,
    target: 0.1,
    growth: 0.3,
    share: 5,
};

/// All that was measured.
#[derive(Clone, Debug)]
struct Measured {
    rounds: u32,
    cases: Vec<Case>,
    absent: Vec<Absent>,
    growth: Vec<Size>,
    parts: Option<Parts>,
}

/// Measures, and prints what came of it.
pub(super) fn bench(args: &BenchPeers) -> Result<Exit, Failure> {
    let effort = if args.quick { QUICK } else { WHOLE };
    let stuck = |why: String| Failure::Stuck(miette::miette!("{why}"));
    let tell = |part: &'static str| move |what: &str| say!("{part}: {what}");

    let asked = |part| args.only.is_empty() || args.only.contains(&part);

    let (mut cases, mut absent) = (Vec::new(), Vec::new());
    if asked(PeersPart::Simulators) {
        let (systems, missing) = system::systems(&args.peers);
        (cases, absent) = (compare::cases(&systems, &args.nodes), missing);
        compare::measure(&mut cases, effort.rounds, effort.target, tell("simulators"));
    }
    let mut growth = Vec::new();
    if asked(PeersPart::Growth) {
        growth = growth::measure(effort.rounds, effort.growth, tell("growth")).map_err(stuck)?;
    }
    let mut runs = Vec::new();
    if asked(PeersPart::Parts) {
        for round in 1..=effort.rounds {
            tell("parts")(&format!("round {round} of {}", effort.rounds));
            runs.push(share::measure(effort.share).map_err(stuck)?);
        }
    }
    let measured = Measured {
        rounds: effort.rounds,
        cases,
        absent,
        growth,
        parts: (!runs.is_empty()).then(|| share::middle(&runs)),
    };
    if args.json {
        print(&format!("{:#}\n", print::json(&measured)))?;
    } else {
        print(&print::tables(&measured))?;
    }
    Ok(Exit::Done)
}
