//! Where nodes stand, as a topology; which pairs of them count, and in which bin.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use roadveil_role::Streams;

use super::Setting;
use crate::cli::RadioMode;
use crate::command::bench::beacon;
use crate::radio::Fading;
use crate::scenario::{Error, Origin, Scenario};

/// Width of a bin of distance, metres.
const BIN: f64 = 25.0;
/// Side of the box in which a clique stands, metres.
const BOX: f64 = 70.0;
/// Farthest receiver of a curve, in bins.
const FARTHEST: u32 = 40;

/// How the air computes: as ns-3 does.
const PRESET: &str = "preset = \"ns3\"\n";

/// Nodes of one run.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::command::bench) struct Layout {
    mode: RadioMode,
    places: Vec<(f64, f64)>,
    /// Metres from the first to behind the last node of a highway.
    road: f64,
}

impl Layout {
    /// The nodes of the run with this seed.
    pub(in crate::command::bench) fn new(setting: &Setting, seed: u64) -> Layout {
        let places = match setting.mode {
            RadioMode::Curve => (0..=FARTHEST).map(|bin| (f64::from(bin) * BIN, 0.0)).collect(),
            RadioMode::Highway => (0..setting.nodes)
                .map(|node| (setting.spacing * node as f64, 0.0))
                .collect(),
            RadioMode::Clique => {
                let mut streams = Streams::new(seed, "clique", "bench");
                let stream = streams.get("place", 0);
                let mut along = || BOX * (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
                (0..setting.nodes).map(|_| (along(), along())).collect()
            }
        };
        Layout {
            mode: setting.mode,
            places,
            road: setting.spacing * setting.nodes as f64,
        }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Do a sender's frames count? On a highway those of the outer quarters do not: they have fewer neighbours.
    pub(super) fn counts(&self, sender: usize) -> bool {
        let x = self.places[sender].0;
        self.mode != RadioMode::Highway || (self.road * 0.25..=self.road * 0.75).contains(&x)
    }

    /// How many bins there are, empty ones among them.
    pub(super) fn bins(&self) -> usize {
        // The first and the last node are farthest from each other.
        self.bin(0, self.len() - 1) + 1
    }

    /// The bin of a pair of nodes.
    pub(super) fn bin(&self, a: usize, b: usize) -> usize {
        if self.mode == RadioMode::Clique {
            return 0;
        }
        let (from, to) = (self.places[a], self.places[b]);
        let (dx, dy) = (from.0 - to.0, from.1 - to.1);
        ((dx * dx + dy * dy).sqrt() / BIN).round() as usize
    }

    /// What stands for a bin in the output: the distance in its middle, or how many nodes there are.
    pub(super) fn label(&self, bin: usize) -> f64 {
        match self.mode {
            RadioMode::Clique => self.places.len() as f64,
            RadioMode::Curve | RadioMode::Highway => bin as f64 * BIN,
        }
    }

    /// The run as a scenario.
    ///
    /// # Errors
    /// If a topology cannot say what the setting asks for.
    pub(in crate::command::bench) fn scenario(&self, setting: &Setting, seed: u64) -> Result<Arc<Scenario>, Error> {
        let text = self.topology(setting, seed);
        Scenario::parse_with(&[&beacon::PROTOCOL], &text, Origin::Stdin, Path::new("."), &[]).map(Arc::new)
    }

    fn topology(&self, setting: &Setting, seed: u64) -> String {
        let fading = match setting.fading {
            Fading::Nakagami => "nakagami",
            Fading::None => "none",
        };
        // The curve's sender has the air for itself and needs no phase.
        let (length, beacons) = match setting.mode {
            RadioMode::Curve => (
                Duration::from_millis(10 * setting.frames + 500),
                "period = \"10ms\"\nphase = false\nfirst = \"100ms\"",
            ),
            RadioMode::Clique | RadioMode::Highway => (Duration::from_secs_f64(setting.seconds), "period = \"100ms\""),
        };
        let mut text = format!(
            "title = \"bench radio\"\nseed = {seed}\nduration = \"{}ns\"\n\
             [radio]\n{PRESET}exponent = {:?}\nfading = \"{fading}\"\n\
             [protocols.beacon]\nbytes = {}\n{beacons}\nlast = \"{}ns\"\n",
            length.as_nanos(),
            setting.exponent,
            setting.bytes,
            length.saturating_sub(setting.tail).as_nanos(),
        );
        for (number, (x, y)) in self.places.iter().enumerate() {
            let role = if setting.mode == RadioMode::Curve && number > 0 {
                "post"
            } else {
                "car"
            };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "[[node]]\nname = \"n{number}\"\nroles = [\"beacon.{role}\"]\nat = [{x:?}, {y:?}]\n"
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_highways_middle_half_counts_with_both_its_ends() {
        let layout = Layout::new(&Setting::new(RadioMode::Highway), 1);
        let counting: Vec<usize> = (0..layout.len()).filter(|&node| layout.counts(node)).collect();
        assert_eq!((counting.len(), counting[0], counting[100]), (101, 50, 150));
    }

    #[test]
    fn bins_are_25_m_wide_and_their_lower_edge_belongs_to_them() {
        let layout = Layout::new(&Setting::new(RadioMode::Highway), 1);
        let bins = [0, 1, 2, 3, 4, 6, 7].map(|other| layout.bin(0, other));
        assert_eq!(bins, [0, 0, 1, 1, 2, 2, 3]);
        assert_eq!(layout.label(2), 50.0);
        let half = Setting {
            spacing: 12.5,
            ..Setting::new(RadioMode::Highway)
        };
        assert_eq!(Layout::new(&half, 1).bin(0, 1), 1);
    }

    #[test]
    fn a_clique_is_another_in_each_seed_and_fits_its_box() {
        let setting = Setting::new(RadioMode::Clique);
        let layout = Layout::new(&setting, 1);
        assert_eq!(layout, Layout::new(&setting, 1));
        assert_ne!(layout, Layout::new(&setting, 2));
        assert!(
            layout
                .places
                .iter()
                .all(|(x, y)| (0.0..BOX).contains(x) && (0.0..BOX).contains(y))
        );
        assert!(layout.places.iter().any(|(x, _)| *x < 20.0) && layout.places.iter().any(|(x, _)| *x > 50.0));
        assert_eq!(layout.bin(0, 7), 0);
        assert_eq!(layout.label(0), 50.0);
    }

    #[test]
    fn every_setting_that_is_accepted_makes_a_scenario() {
        for mode in [RadioMode::Curve, RadioMode::Clique, RadioMode::Highway] {
            for (bytes, exponent, seconds, seed) in [
                (1, 1.5, 0.3, 0),
                (2304, 8.0, 0.333_333_333_3, 1_000_000_000_000_010_000),
            ] {
                let setting = Setting {
                    bytes,
                    exponent,
                    seconds,
                    frames: 1,
                    ..Setting::new(mode)
                };
                if let Err(error) = Layout::new(&setting, seed).scenario(&setting, seed) {
                    panic!("{setting:?}: {error}");
                }
            }
        }
    }
}
