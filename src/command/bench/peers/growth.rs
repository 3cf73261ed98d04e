//! What a virtual second costs with more nodes at the same density, with all that a run has but cryptography: fading, walls,
//! EDCA, nodes that drive, and the log on disk.
//!
//! The *road* is the place where only the size grows: a car each 100 m, so that its ends, where there are fewer neighbours,
//! matter little. In the *town* more are in reach of a frame the larger it is, up to its reach of 0.9 km, most of them
//! behind houses: there, costs are compared by the reception.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use roadveil_role::Time;

use super::clock::{median, own_cpu};
use super::share::Temporary;
use crate::command::bench::beacon;
use crate::event::Event;
use crate::journal::{self, Outcome, Recorder, Writer};
use crate::kernel::{Kernel, Options, PORTION};
use crate::scenario::{Origin, Scenario};
use crate::session::{self, Plan};

/// Numbers of nodes, each four times the one before.
const NODES: [u32; 4] = [50, 200, 800, 3200];

/// Crossings of the town with each number of nodes, from west to east and from south to north: 1.25 vehicles for each
/// stretch of street between two of them.
const CROSSINGS: [(u32, u32); 4] = [(5, 5), (9, 10), (18, 19), (36, 36)];

/// Metres from car to car on the road.
const SPACING: u32 = 100;

/// In so many slices a run goes on.
const SLICES: u32 = 20;

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// A car each 100 m along a line, houses on both sides.
    Road,
    /// The same with vehicles as obstacles.
    Blocked,
    /// Streets 100 m apart, a building in each block, traffic.
    Town,
}

impl Ground {
    /// All.
    pub(super) const ALL: [Ground; 3] = [Ground::Road, Ground::Blocked, Ground::Town];

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Ground::Road => "road",
            Ground::Blocked => "road-with-vehicles-in-the-way",
            Ground::Town => "town",
        }
    }

    /// What it is, for a person.
    pub(super) fn title(self) -> &'static str {
        match self {
            Ground::Road => "road: a car each 100 m between houses",
            Ground::Blocked => "the same road, vehicles as obstacles, too",
            Ground::Town => "town: streets 100 m apart, a building in each block",
        }
    }

    /// Does the number of neighbours stay alike, so that sizes can be compared by their cost?
    pub(super) fn is_even(self) -> bool {
        self != Ground::Town
    }

    /// The run as a topology, and the houses beside the road as SUMO polygons.
    fn topology(self, nodes: u32, span: f64) -> (String, String) {
        let mut text = format!("title = \"bench peers\"\nduration = \"{}ms\"\n", (span * 1e3).round());
        // Writing to a string cannot fail, here and below.
        if self == Ground::Town {
            let at = NODES.iter().position(|&known| known == nodes).unwrap_or(0);
            let (columns, rows) = CROSSINGS[at];
            let _ = write!(
                text,
                "[world.grid]\ncolumns = {columns}\nrows = {rows}\nblock = {SPACING}\nvehicles = {nodes}\nspeed = 12\n\
                 buildings = true\n\
                 [[node]]\nname = \"v{{}}\"\nroles = [\"beacon.car\"]\nevery = \"vehicle\"\n\
                 [protocols.beacon]\n"
            );
            return (text, String::new());
        }
        if self == Ground::Blocked {
            text.push_str("[radio]\nvehicles = \"knife-edge\"\n");
        }
        text.push_str("[protocols.beacon]\n");
        for node in 0..nodes {
            let (x, lane) = (node * SPACING, if node % 2 == 0 { 2 } else { -2 });
            let end = x + 100_000;
            let _ = write!(
                text,
                "[[node]]\nname = \"v{node}\"\nroles = [\"beacon.car\"]\nroute = [[{x}, {lane}], [{end}, {lane}]]\nspeed = 20\n"
            );
        }
        (text, houses(nodes * SPACING + 2_000))
    }
}

/// Houses of 20 m by 12 m on both sides of a road of so many metres, 12 m from its middle, a gap of 10 m after each.
fn houses(length: u32) -> String {
    let mut text = String::from("<additional>\n");
    for west in (0..length).step_by(30) {
        let east = west + 20;
        for (south, north) in [(12, 24), (-24, -12)] {
            let _ = writeln!(
                text,
                "<poly id=\"{west}/{south}\" type=\"building\" \
                 shape=\"{west},{south} {east},{south} {east},{north} {west},{north}\"/>"
            );
        }
    }
    text + "</additional>\n"
}

/// One number of nodes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Size {
    /// Where.
    pub(super) ground: Ground,
    /// How many nodes.
    pub(super) nodes: u32,
    /// Receptions in a virtual second, delivered or lost with a reason.
    pub(super) receptions: f64,
    /// Processor seconds that a virtual second takes, of each run.
    pub(super) costs: Vec<f64>,
}

impl Size {
    /// Processor seconds that a virtual second takes, the middle of all runs.
    pub(super) fn cost(&self) -> f64 {
        median(self.costs.iter().copied())
    }

    /// Processor seconds that a reception takes.
    pub(super) fn each(&self) -> f64 {
        self.cost() / self.receptions
    }
}

/// Runs all sizes `rounds` times, the longest of them for so many virtual seconds and the shorter ones for longer, so that all
/// have as much to do. Those of one ground go on in turns, a [`SLICES`]th of the run each, so that whatever else the machine
/// does disturbs all alike. What a log's thread has yet to write when its turn ends counts for the next: as much for each, since
/// all have as much to do. Loading does not count.
///
/// # Errors
/// If a run cannot be loaded, or its log cannot be written.
pub(super) fn measure(rounds: u32, seconds: f64, mut tell: impl FnMut(&str)) -> Result<Vec<Size>, String> {
    let mut sizes: Vec<Size> = Ground::ALL
        .iter()
        .flat_map(|&ground| NODES.map(|nodes| (ground, nodes)))
        .map(|(ground, nodes)| Size {
            ground,
            nodes,
            receptions: 0.0,
            costs: Vec::new(),
        })
        .collect();
    for round in 1..=rounds {
        tell(&format!("round {round} of {rounds}"));
        for of_ground in sizes.chunks_mut(NODES.len()) {
            in_turns(of_ground, seconds)?;
        }
    }
    Ok(sizes)
}

/// Runs sizes in turns, once.
fn in_turns(sizes: &mut [Size], seconds: f64) -> Result<(), String> {
    let largest = f64::from(NODES[NODES.len() - 1]);
    let span = |size: &Size| seconds * largest / f64::from(size.nodes);
    let mut runs: Vec<Run> = Vec::new();
    for size in &*sizes {
        runs.push(Run::load(size.ground, size.nodes, span(size))?);
    }
    for slice in 1..=SLICES {
        for (run, size) in runs.iter_mut().zip(&*sizes) {
            run.advance(span(size) * f64::from(slice) / f64::from(SLICES))?;
        }
    }
    for (run, size) in runs.into_iter().zip(sizes) {
        let span = span(size);
        let (cost, receptions) = run.finish()?;
        size.costs.push(cost / span);
        size.receptions = receptions as f64 / span;
    }
    Ok(())
}

/// A run under way.
struct Run {
    kernel: Kernel,
    recorder: Recorder,
    /// Processor seconds so far, the writing of its log included.
    cost: f64,
    receptions: u64,
    /// Its log, as long as it lives.
    _file: Temporary,
}

impl Run {
    fn load(ground: Ground, nodes: u32, span: f64) -> Result<Run, String> {
        let options = Options {
            threads: 1,
            share: true,
        };
        let scenario = Arc::new(scenario(ground, nodes, span)?);
        let file = Temporary::new("mcap");
        let plan = Plan {
            scenario: Arc::clone(&scenario),
            origin: "bench".to_owned(),
            overrides: Vec::new(),
            options,
            log: Some(file.0.clone()),
            load_s: 0.0,
        };
        let cast = session::cast(&scenario);
        let writer = Writer::create(&file.0, &session::manifest(&plan), &cast, journal::Options::default());
        Ok(Run {
            kernel: Kernel::new(scenario, options).map_err(|error| error.to_string())?,
            recorder: Recorder::writing(writer.map_err(|error| error.to_string())?, &cast),
            cost: 0.0,
            receptions: 0,
            _file: file,
        })
    }

    /// Goes on up to so many virtual seconds.
    fn advance(&mut self, seconds: f64) -> Result<(), String> {
        let begin = own_cpu();
        let until = Time((seconds * 1e9) as u64);
        while self.kernel.advance(until, PORTION) && self.kernel.now() < until {
            self.record()?;
        }
        self.record()?;
        self.cost += own_cpu() - begin;
        Ok(())
    }

    fn record(&mut self) -> Result<(), String> {
        let records = self.kernel.take_records();
        for record in &records {
            if let Event::Heard { receptions: heard, .. } = &record.event {
                self.receptions += heard.len() as u64;
            }
        }
        self.recorder.record(&records).map_err(|error| error.to_string())
    }

    /// Goes on to the end: processor seconds and receptions.
    fn finish(mut self) -> Result<(f64, u64), String> {
        let begin = own_cpu();
        while self.kernel.advance(Time::MAX, PORTION) {
            self.record()?;
        }
        self.record()?;
        let now = self.kernel.now();
        let ended = self.recorder.finish(now, Outcome::Finished);
        ended.map_err(|error| error.to_string())?;
        Ok((self.cost + own_cpu() - begin, self.receptions))
    }
}

/// One run, loaded.
fn scenario(ground: Ground, nodes: u32, span: f64) -> Result<Scenario, String> {
    let (mut text, houses) = ground.topology(nodes, span);
    let file = Temporary::new("poly.xml");
    if !houses.is_empty() {
        std::fs::write(&file.0, houses).map_err(|error| format!("{}: {error}", file.0.display()))?;
        let _ = write!(text, "[world]\nbuildings = {:?}\n", file.0);
    }
    Scenario::parse_with(&[&beacon::PROTOCOL], &text, Origin::Stdin, Path::new("."), &[])
        .map_err(|error| error.to_string())
}

/// The sizes of a ground of which one has sixteen times as many nodes as the other: the smaller and the greater.
pub(super) fn pairs(sizes: &[Size], ground: Ground) -> impl Iterator<Item = (&Size, &Size)> {
    let of_ground = move || sizes.iter().filter(move |size| size.ground == ground);
    of_ground()
        .flat_map(move |small| of_ground().map(move |great| (small, great)))
        .filter(|(small, great)| great.nodes == 16 * small.nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_road_has_houses_and_as_many_neighbours_at_any_length() {
        let of = |ground, nodes| scenario(ground, nodes, 1.0).expect("good");
        assert_eq!(
            of(Ground::Road, 50).world.buildings.len(),
            2 * (50 * 100 + 2_000_u32).div_ceil(30) as usize
        );
        assert!(!of(Ground::Town, 50).world.buildings.is_empty());
        assert_ne!(of(Ground::Blocked, 50).radio, of(Ground::Road, 50).radio);
    }

    #[test]
    fn sixteen_times_the_nodes_are_compared_by_their_middle_runs() {
        let size = |ground, nodes, costs: &[f64]| Size {
            ground,
            nodes,
            receptions: 1.0,
            costs: costs.to_vec(),
        };
        let sizes = [
            size(Ground::Road, 50, &[1.0, 9.0, 1.0]),
            size(Ground::Road, 200, &[4.0, 4.0, 4.0]),
            size(Ground::Road, 800, &[18.0, 18.0, 1.0]),
            size(Ground::Road, 3200, &[80.0, 80.0, 99.0]),
            size(Ground::Town, 50, &[2.0]),
            size(Ground::Town, 800, &[34.0]),
        ];
        let factors = |ground| {
            let factor = |(small, great): (&Size, &Size)| (small.nodes, great.nodes, great.cost() / small.cost());
            pairs(&sizes, ground).map(factor).collect::<Vec<_>>()
        };
        assert_eq!(factors(Ground::Road), [(50, 800, 18.0), (200, 3200, 20.0)]);
        assert_eq!(factors(Ground::Town), [(50, 800, 17.0)]);
        assert_eq!(factors(Ground::Blocked), []);
    }

    #[test]
    fn all_sizes_have_as_much_to_do() {
        let sizes = measure(1, 0.2, |_| {}).expect("runs");
        assert_eq!(sizes.len(), Ground::ALL.len() * NODES.len());
        let per_node = |size: &Size| size.receptions / f64::from(size.nodes);
        for of_ground in sizes.chunks(NODES.len()) {
            assert_eq!(of_ground.iter().map(|size| size.nodes).collect::<Vec<_>>(), NODES);
            let (small, great) = (per_node(&of_ground[0]), per_node(&of_ground[3]));
            if of_ground[0].ground.is_even() {
                // But for both ends, where there are fewer neighbours.
                assert!((0.95..1.15).contains(&(great / small)), "{small} and {great}");
            }
        }
        assert!(sizes.iter().all(|size| size.cost() > 0.0));
    }

    #[test]
    fn a_town_has_as_many_vehicles_for_a_street_whatever_its_size() {
        for (nodes, (columns, rows)) in NODES.into_iter().zip(CROSSINGS) {
            let stretches = columns * (rows - 1) + rows * (columns - 1);
            let each = f64::from(nodes) / f64::from(stretches);
            assert!((1.2..1.3).contains(&each), "{nodes}: {each}");
        }
    }
}
