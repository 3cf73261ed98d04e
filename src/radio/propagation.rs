//! How strongly a frame arrives: log-distance path loss, walls, Nakagami fading.

use super::CANDIDATE_MARGIN_DB;
use super::draw::{Draws, Key};
use super::obstacle::Obstacles;
use super::params::{Fading, Params};

/// A node that a frame reaches, with the mean power there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// The node's number.
    pub node: u32,
    /// Mean power behind the walls, milliwatts.
    pub mw: f32,
    /// What the walls took, dB.
    pub walls_db: f32,
    /// Distance, metres.
    pub metres: f32,
}

/// The channel of one run.
#[derive(Clone, Debug)]
pub struct Propagation {
    params: Params,
    obstacles: Obstacles,
    fading: Draws,
    floor: f64,
    reach: f64,
}

impl Propagation {
    /// The channel with these parameters and buildings, in the run with this seed.
    pub fn new(params: Params, obstacles: Obstacles, seed: u64) -> Propagation {
        // Weaker than a candidate's mean, a frame may still be sensed, or spoil another.
        let floor = (params.sensitivity_dbm - CANDIDATE_MARGIN_DB)
            .min(params.carrier_sense_dbm)
            .min(params.sensitivity_dbm - params.capture_db);
        let budget = params.power_dbm - params.reference_loss_db - floor;
        let reach = libm::pow(10.0, budget / (10.0 * params.exponent)).clamp(1.0, FARTHEST);
        Propagation {
            params,
            obstacles,
            fading: Draws::new(seed, "fading"),
            floor,
            reach,
        }
    }

    /// Distance beyond which a frame matters to nobody, metres, with so much antenna gain at both ends together.
    pub fn reach(&self, gain_db: f64) -> f64 {
        if gain_db == 0.0 {
            return self.reach;
        }
        (self.reach * libm::pow(10.0, gain_db / (10.0 * self.params.exponent))).clamp(1.0, FARTHEST)
    }

    /// The mean power at `to` of a frame sent from `from`, with so much antenna gain at both ends together; `None` if too
    /// weak to be received, to be sensed, or to spoil another frame.
    pub fn mean(&mut self, node: u32, from: (f64, f64), to: (f64, f64), gain_db: f64) -> Option<Heard> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let squared = (dx * dx + dy * dy).max(1.0);
        let open = self.params.power_dbm + gain_db
            - self.params.reference_loss_db
            - 5.0 * self.params.exponent * libm::log10(squared);
        if open < self.floor {
            return None;
        }
        let walls_db = self.obstacles.loss(from, to, open - self.floor)?;
        Some(Heard {
            node,
            mw: milliwatts(open - walls_db) as f32,
            walls_db: walls_db as f32,
            metres: squared.sqrt() as f32,
        })
    }

    /// The factor by which fading changes the mean power between two nodes in a time slot: Gamma distributed with mean 1
    /// and the shape m of Nakagami (m = 3 below 50 m, 1.5 below 150 m, 1 beyond), which is an Erlang sum for whole m,
    /// and half a squared normal more for 1.5.
    pub fn fade(&self, from: Key, to: Key, slot: u64, metres: f32) -> f64 {
        if self.params.fading == Fading::None {
            return 1.0;
        }
        let mut draw = self.fading.sequence(from, to, slot);
        if metres < 50.0 {
            -libm::log(draw.unit() * draw.unit() * draw.unit()) / 3.0
        } else if metres < 150.0 {
            let whole = -libm::log(draw.unit());
            let cosine = libm::cos(core::f64::consts::TAU * draw.unit());
            (whole - libm::log(draw.unit()) * cosine * cosine) / 1.5
        } else {
            -libm::log(draw.unit())
        }
    }
}

/// Beyond this many metres the earth is in the way, whatever the parameters say.
const FARTHEST: f64 = 100_000.0;

/// dBm as milliwatts.
pub fn milliwatts(dbm: f64) -> f64 {
    libm::exp(dbm * (core::f64::consts::LN_10 / 10.0))
}

/// Milliwatts as dBm.
pub fn dbm(milliwatts: f64) -> f64 {
    10.0 * libm::log10(milliwatts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(params: Params) -> Propagation {
        Propagation::new(params, Obstacles::default(), 1)
    }

    #[test]
    fn mean_power_follows_the_log_distance_law() {
        let mut channel = channel(Params::default());
        for metres in [1.0, 10.0, 100.0, 400.0] {
            let heard = channel.mean(0, (0.0, 0.0), (metres, 0.0), 0.0).expect("in reach");
            let expected = 20.0 - 47.86 - 25.0 * libm::log10(metres);
            assert!((dbm(f64::from(heard.mw)) - expected).abs() < 1e-4);
        }
        let reach = channel.reach(0.0);
        assert!(channel.mean(0, (0.0, 0.0), (reach - 0.1, 0.0), 0.0).is_some());
        assert!(channel.mean(0, (0.0, 0.0), (reach + 0.1, 0.0), 0.0).is_none());
        let farther = channel.reach(6.0);
        assert!(channel.mean(0, (0.0, 0.0), (farther - 0.1, 0.0), 6.0).is_some());
        assert!(channel.mean(0, (0.0, 0.0), (farther + 0.1, 0.0), 6.0).is_none());
    }

    #[test]
    fn walls_weaken() {
        let building = [(40.0, -10.0), (50.0, -10.0), (50.0, 10.0), (40.0, 10.0)];
        let mut channel = Propagation::new(Params::default(), Obstacles::new([building.as_slice()], 9.0, 0.4), 1);
        let heard = channel.mean(0, (0.0, 0.0), (100.0, 0.0), 0.0).expect("in reach");
        assert!((f64::from(heard.walls_db) - (2.0 * 9.0 + 10.0 * 0.4)).abs() < 1e-3);
    }

    #[test]
    fn fading_has_mean_one_and_the_variance_of_its_shape() {
        let channel = channel(Params::default());
        for (metres, m) in [(20.0, 3.0), (100.0, 1.5), (300.0, 1.0)] {
            let n = 200_000;
            let (mut sum, mut squares) = (0.0, 0.0);
            for slot in 0..n {
                let fade = channel.fade(Key::of("a"), Key::of("b"), slot, metres);
                sum += fade;
                squares += fade * fade;
            }
            let mean = sum / n as f64;
            let variance = squares / n as f64 - mean * mean;
            assert!((mean - 1.0).abs() < 0.01, "m = {m}: mean {mean}");
            assert!((variance - 1.0 / m).abs() < 0.03, "m = {m}: variance {variance}");
        }
    }
}
