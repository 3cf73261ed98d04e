//! The chain from one antenna to another: path loss, walls and vehicles in the way, shadowing, fading.
//!
//! Between two places in the open a link costs two look-ups and no logarithm, and a fading draw one more.

use super::draw::{Burst, Draws, Key};
use super::fading::Nakagami;
use super::obstacle::Obstacles;
use super::params::{Fading, Params};
use super::path_loss::{Gain, PathLoss, decibels, linear};

/// A node's antenna.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Antenna {
    /// Height above the ground, metres.
    pub height_m: f64,
    /// Gain beyond what `power_dbm` holds, for sending and receiving alike, dB.
    pub gain_db: f64,
}

/// How a frame arrives, before fading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Mean power behind walls and vehicles, with shadowing and the gain of both antennas, milliwatts.
    pub mw: f32,
    /// What walls and vehicles took, dB.
    pub obstacles_db: f32,
    /// Distance, metres.
    pub metres: f32,
}

/// Where a node's antenna is.
#[derive(Clone, Copy, Debug)]
struct Spot {
    x: f64,
    y: f64,
    /// Height, metres.
    height: f32,
    /// What this end does to the power: its antenna's gain, and its share of the shadowing. Zero while the node is not
    /// there, so that nothing is above the floor.
    factor: f32,
}

/// The channel of one run.
#[derive(Clone, Debug)]
pub struct Channel {
    params: Params,
    spots: Vec<Spot>,
    /// Gain of each node's antenna as a factor.
    gains: Vec<f32>,
    reach: Vec<f64>,
    keys: Vec<Key>,
    gain: Gain,
    power_mw: f32,
    floor_mw: f32,
    obstacles: Obstacles,
    fading: Draws,
    nakagami: Option<Nakagami>,
}

impl Channel {
    /// The channel among nodes with these antennas and keys, by number, in the run with this seed. Nobody is there yet.
    pub fn new(params: &Params, obstacles: Obstacles, antennas: &[Antenna], keys: Vec<Key>, seed: u64) -> Channel {
        let spot = |antenna: &Antenna| Spot {
            x: 0.0,
            y: 0.0,
            height: antenna.height_m as f32,
            factor: 0.0,
        };
        Channel {
            spots: antennas.iter().map(spot).collect(),
            gains: antennas.iter().map(|antenna| linear(antenna.gain_db) as f32).collect(),
            reach: reaches(params, antennas),
            keys,
            gain: Gain::new(params),
            power_mw: linear(params.power_dbm) as f32,
            floor_mw: linear(params.floor_dbm) as f32,
            obstacles,
            fading: Draws::new(seed, "fading"),
            nakagami: (params.fading == Fading::Nakagami)
                .then(|| Nakagami::new(params.nakagami_m, params.nakagami_at_m)),
            params: params.clone(),
        }
    }

    /// Puts a node to a place (metres east and north), facing `heading_deg` (clockwise from north), from now on. With a
    /// `body` it is a vehicle that may stand between others.
    pub fn place(&mut self, node: u32, at: (f64, f64), _heading_deg: f64, _body: bool) {
        let spot = &mut self.spots[node as usize];
        (spot.x, spot.y) = at;
        spot.factor = self.gains[node as usize];
    }

    /// Takes a node away: no frame reaches it, or anybody from it.
    pub fn remove(&mut self, node: u32) {
        self.spots[node as usize].factor = 0.0;
    }

    /// After nodes have moved, and before links are asked for.
    pub fn settle(&mut self) {}

    /// Metres beyond which a node's frames stay below the floor for everybody: towards the best of all antennas, and with
    /// shadowing 2.5 standard deviations better than the mean. What is beyond that and stronger still (one link in 160)
    /// is not seen.
    pub fn reach(&self, node: u32) -> f64 {
        self.reach[node as usize]
    }

    /// Where a node was put, metres east and north.
    pub fn at(&self, node: u32) -> (f64, f64) {
        let spot = &self.spots[node as usize];
        (spot.x, spot.y)
    }

    /// How a frame arrives, with the nodes where they were put; `None` below the floor.
    #[inline]
    pub fn link(&mut self, from: u32, to: u32) -> Option<Link> {
        let (a, b) = (&self.spots[from as usize], &self.spots[to as usize]);
        let (dx, dy, up) = (b.x - a.x, b.y - a.y, f64::from(b.height) - f64::from(a.height));
        let squared = (dx * dx + dy * dy + up * up).max(1.0);
        let heights = a.height * b.height;
        let mw = self.power_mw * self.gain.at(squared, heights * heights) * (a.factor * b.factor);
        if mw < self.floor_mw {
            return None;
        }
        let (from, to) = ((a.x, a.y), (b.x, b.y));
        let walls_db = self.obstacles.loss(from, to, decibels(f64::from(mw / self.floor_mw)))?;
        Some(Link {
            mw: mw * linear(-walls_db) as f32,
            obstacles_db: walls_db as f32,
            metres: squared.sqrt() as f32,
        })
    }

    /// The factor by which fading changes the mean power between two nodes in a time slot: one draw for the three.
    #[inline]
    pub fn fade(&self, from: u32, to: u32, slot: u64, metres: f32) -> f32 {
        self.fader(from, slot).factor(to, metres)
    }

    /// The fading of a sender's frame in a time slot, for all its receivers: cheaper than one by one, and the same.
    #[inline]
    pub fn fader(&self, from: u32, slot: u64) -> Fader<'_> {
        Fader {
            burst: self.fading.burst(self.keys[from as usize], slot),
            keys: &self.keys,
            nakagami: self.nakagami.as_ref(),
        }
    }

    /// The parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }
}

/// The fading of one sender in one time slot.
#[derive(Clone, Copy, Debug)]
pub struct Fader<'c> {
    burst: Burst,
    keys: &'c [Key],
    nakagami: Option<&'c Nakagami>,
}

impl Fader<'_> {
    /// The factor of the power at a receiver so far away.
    #[inline]
    pub fn factor(&self, to: u32, metres: f32) -> f32 {
        match self.nakagami {
            Some(nakagami) => nakagami.factor(self.burst.bits(self.keys[to as usize]), metres),
            None => 1.0,
        }
    }
}

/// Standard deviations of the shadowing with which the reach reckons.
const SHADOWING_MARGIN: f64 = 2.5;

/// Each node's reach: all laws let a higher antenna reach farther, so that the best one is as high as the highest and has
/// the gain of the strongest.
fn reaches(params: &Params, antennas: &[Antenna]) -> Vec<f64> {
    let highest = antennas.iter().map(|antenna| antenna.height_m).fold(0.0, f64::max);
    let strongest = antennas
        .iter()
        .map(|antenna| antenna.gain_db)
        .fold(f64::NEG_INFINITY, f64::max);
    let mut known: Vec<(Antenna, f64)> = Vec::new();
    antennas
        .iter()
        .map(|antenna| match known.iter().find(|(other, _)| other == antenna) {
            Some(&(_, reach)) => reach,
            None => {
                let shadowing = SHADOWING_MARGIN * params.shadowing_db;
                let budget = params.power_dbm + antenna.gain_db + strongest + shadowing - params.floor_dbm;
                let reach = PathLoss::new(params, antenna.height_m, highest).reach(budget);
                known.push((*antenna, reach));
                reach
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(params: &Params, nodes: usize) -> Channel {
        let antennas = vec![
            Antenna {
                height_m: 1.5,
                gain_db: 0.0
            };
            nodes
        ];
        let keys = (0..nodes).map(|node| Key::of(&node.to_string())).collect();
        Channel::new(params, Obstacles::default(), &antennas, keys, 1)
    }

    #[test]
    fn mean_power_follows_the_log_distance_law() {
        let params = Params::default();
        let mut channel = channel(&params, 2);
        channel.place(0, (0.0, 0.0), 0.0, false);
        for metres in [1.0, 10.0, 100.0, 400.0] {
            channel.place(1, (metres, 0.0), 0.0, false);
            let link = channel.link(0, 1).expect("in reach");
            let expected = 20.0 - 47.86 - 25.0 * libm::log10(metres);
            assert!((decibels(f64::from(link.mw)) - expected).abs() < 5e-4, "{metres}");
            assert_eq!(f64::from(link.metres), metres);
        }
        let reach = channel.reach(0);
        channel.place(1, (reach - 0.1, 0.0), 0.0, false);
        assert!(channel.link(0, 1).is_some());
        channel.place(1, (reach + 0.1, 0.0), 0.0, false);
        assert!(channel.link(0, 1).is_none());
        channel.place(1, (10.0, 0.0), 0.0, false);
        channel.remove(1);
        assert!(channel.link(0, 1).is_none());
    }
}
