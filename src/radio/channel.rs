//! The chain from one antenna to another: path loss, walls and vehicles in the way, shadowing, fading.
//!
//! Distances are between the antennas, with the difference of their heights. Between two places in the open a link costs
//! one look-up and no logarithm, and a fading draw one more; shadowing is a factor of each end, computed when a node moves.

use super::decibel::{linear, quick_decibels, quick_linear};
use super::draw::{Burst, Draws, Key};
use super::fading::Nakagami;
use super::mutual::Mutual;
use super::obstacle::{Corridors, Inside, NONE, Obstacles, View, shared};
use super::params::{Fading, Params, VehicleObstacles};
use super::path_loss::{Gain, PathLoss};
use super::shadowing::Shadowing;
use super::sightlines::Sightlines;
use super::vehicles::{End, Vehicles};

/// A node's antenna.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Antenna {
    /// Height above the ground, metres.
    pub height_m: f64,
    /// Gain beyond what `power_dbm` holds, for sending and receiving alike, dB.
    pub gain_db: f64,
}

/// How a frame arrives, before fading: mean powers with shadowing and the gain of both antennas, milliwatts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// As if nothing stood in the way.
    pub open_mw: f32,
    /// Behind walls: what makes its receiver a candidate.
    pub walled_mw: f32,
    /// Behind walls and vehicles; nothing, if vehicles leave less than the floor.
    pub mw: f32,
    /// Distance, metres.
    pub metres: f32,
}

impl Link {
    /// The open link behind walls that take so many dB of it; `None` below the floor.
    #[inline]
    fn behind_walls(self, db: f64, floor_mw: f32) -> Option<Link> {
        if db == 0.0 {
            return Some(self);
        }
        let mw = self.open_mw * quick_linear(-db) as f32;
        let walled_mw = mw;
        (mw >= floor_mw).then_some(Link { walled_mw, mw, ..self })
    }

    /// The walled link behind vehicles that take so many dB of it, or of which one alone leaves less than the floor.
    #[inline]
    fn behind_vehicles(self, db: Option<f64>, floor_mw: f32) -> Link {
        let mw = match db {
            Some(0.0) => return self,
            Some(db) => self.walled_mw * quick_linear(-db) as f32,
            None => 0.0,
        };
        let mw = if mw >= floor_mw { mw } else { 0.0 };
        Link { mw, ..self }
    }
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
    /// The corridors without walls in which it is.
    inside: Inside,
}

/// The channel of one run.
#[derive(Clone, Debug)]
pub struct Channel {
    spots: Vec<Spot>,
    /// Gain of each node's antenna as a factor.
    gains: Vec<f32>,
    reach: Vec<f64>,
    behind: Behind,
    /// What the best of all ends does to the power, at most.
    best: f32,
    keys: Vec<Key>,
    gain: Gain,
    power_mw: f32,
    floor_mw: f32,
    shadowing: Option<Shadowing>,
    /// Is anything there that could stand in the way?
    obstructed: bool,
    obstacles: Obstacles,
    corridors: Corridors,
    sightlines: Sightlines,
    mutual: Mutual,
    vehicles: Option<Vehicles>,
    fading: Draws,
    nakagami: Option<Nakagami>,
}

/// Nearer than this, antennas are as if so far apart, metres.
const NEAREST: f64 = 1.0;
/// Rounding of logarithms must not take away what the power itself lets pass, dB.
const SLACK_DB: f64 = 1e-3;

impl Channel {
    /// The channel among nodes with these antennas and keys, by number, in the run with this seed. Nobody is there yet.
    pub fn new(params: &Params, obstacles: Obstacles, antennas: &[Antenna], keys: Vec<Key>, seed: u64) -> Channel {
        let spot = |antenna: &Antenna| Spot {
            x: 0.0,
            y: 0.0,
            height: antenna.height_m as f32,
            factor: 0.0,
            inside: [NONE; 2],
        };
        let vehicles = (params.vehicles == VehicleObstacles::KnifeEdge)
            .then(|| Vehicles::new(antennas.len(), params.vehicle_height_m, params.wavelength_m()));
        Channel {
            spots: antennas.iter().map(spot).collect(),
            gains: antennas.iter().map(|antenna| linear(antenna.gain_db) as f32).collect(),
            reach: reaches(params, antennas),
            behind: Behind::new(params, antennas),
            best: 0.0,
            keys,
            gain: Gain::new(params),
            power_mw: linear(params.power_dbm) as f32,
            floor_mw: linear(params.floor_dbm) as f32,
            shadowing: (params.shadowing_db > 0.0)
                .then(|| Shadowing::new(params.shadowing_db, params.shadowing_m, seed)),
            obstructed: !obstacles.is_empty() || vehicles.is_some(),
            obstacles,
            corridors: Corridors::new(antennas.len()),
            sightlines: Sightlines::new(antennas.len()),
            mutual: Mutual::new(antennas.len()),
            vehicles,
            fading: Draws::new(seed, "fading"),
            nakagami: (params.fading == Fading::Nakagami)
                .then(|| Nakagami::new(params.nakagami_m, params.nakagami_at_m)),
        }
    }

    /// Puts a node to a place (metres east and north), facing `heading_deg` (clockwise from north), from now on. With a
    /// `body` it is a vehicle that may stand between others, and the place is its middle.
    pub fn place(&mut self, node: u32, at: (f64, f64), heading_deg: f64, body: bool) {
        let spot = &mut self.spots[node as usize];
        if spot.factor == 0.0 || (spot.x, spot.y) != at {
            let (dx, dy) = (at.0 - spot.x, at.1 - spot.y);
            let metres = (dx * dx + dy * dy).sqrt();
            self.sightlines.moved(node, metres);
            (spot.x, spot.y) = at;
            if !self.obstacles.is_empty() {
                let heading_deg = body.then_some(heading_deg);
                let (inside, obstacles) = (&mut spot.inside, &mut self.obstacles);
                self.corridors.follow(obstacles, node, at, metres, heading_deg, inside);
            }
            let shadowing = self
                .shadowing
                .as_ref()
                .map_or(1.0, |field| linear(field.at(at.0, at.1)));
            spot.factor = self.gains[node as usize] * shadowing as f32;
        }
        match &mut self.vehicles {
            Some(vehicles) if body => vehicles.place(node, at, heading_deg),
            Some(vehicles) => vehicles.remove(node),
            None => {}
        }
    }

    /// Takes a node away: no frame reaches it, or anybody from it.
    pub fn remove(&mut self, node: u32) {
        self.spots[node as usize].factor = 0.0;
        if let Some(vehicles) = &mut self.vehicles {
            vehicles.remove(node);
        }
    }

    /// Has to be called after nodes were placed or removed, before links are asked for.
    pub fn settle(&mut self) {
        self.mutual.moved();
        if let Some(vehicles) = &mut self.vehicles {
            vehicles.settle();
        }
        self.best = self.spots.iter().map(|spot| spot.factor).fold(0.0, f32::max);
    }

    /// Whom a node surely does not reach.
    pub fn sight(&mut self, from: u32) -> Sight<'_> {
        let spot = self.spots[from as usize];
        let beyond = self.behind.two_walls(spot.factor * self.best);
        Sight {
            view: self.obstacles.view((spot.x, spot.y)),
            beyond: beyond * beyond,
        }
    }

    /// A word of each line that a link to or from a node reads, for [`warm`](super::warm::warm).
    pub fn words(&self, node: u32) -> u64 {
        let vehicles = self.vehicles.as_ref();
        let between = vehicles.map_or(0, |vehicles| vehicles.words(node) ^ self.mutual.words(node));
        self.spots[node as usize].x.to_bits() ^ between
    }

    /// Where a node was put last.
    pub fn at(&self, node: u32) -> (f64, f64) {
        let spot = &self.spots[node as usize];
        (spot.x, spot.y)
    }

    /// Metres in plan beyond which a node's frames stay below the floor for everybody: towards the best of all antennas,
    /// and with shadowing 2.5 standard deviations better than its median, so that one link in 160 that is a little farther
    /// and better still is not seen.
    pub fn reach(&self, node: u32) -> f64 {
        self.reach[node as usize]
    }

    /// How a frame arrives, with the nodes where they were put; `None` if walls leave less than the floor. Alike in both
    /// directions.
    pub fn link(&mut self, from: u32, to: u32) -> Option<Link> {
        let open = self.open(from, to)?;
        if !self.obstructed {
            return Some(open);
        }
        let walls_db = self.walls(from, to, open.mw, None)?;
        self.behind(from, to, open, walls_db)
    }

    /// How a node's frame arrives at others, in order of number, above the floor: [`Channel::link`] for each of them, at less
    /// cost if it was asked before.
    pub fn links(&mut self, from: u32, others: impl Iterator<Item = u32>, found: &mut Vec<(u32, Link)>) {
        if !self.obstructed {
            found.extend(others.filter_map(|to| Some((to, self.open(from, to)?))));
            return;
        }
        let inside = self.spots[from as usize].inside;
        let (walls, vehicles) = (!self.obstacles.is_empty(), self.vehicles.is_some());
        let walled = |spots: &[Spot], to: u32| walls && !shared(inside, spots[to as usize].inside);
        let mut sightlines = core::mem::take(&mut self.sightlines);
        let mut begun = false;
        for to in others {
            if !vehicles && !walled(&self.spots, to) {
                found.extend(self.open(from, to).map(|link| (to, link)));
                continue;
            }
            if !core::mem::replace(&mut begun, true) {
                sightlines.begin(from);
                self.mutual.begin(from);
            }
            let link = if let Some(link) = self.mutual.recall(to) {
                sightlines.pass(to);
                link
            } else {
                let known = walled(&self.spots, to).then_some(&mut sightlines);
                let link = self.behind_obstacles(from, to, known);
                self.mutual.tell(from, to, link);
                link
            };
            found.extend(link.map(|link| (to, link)));
        }
        if begun {
            sightlines.end(from);
        }
        self.sightlines = sightlines;
    }

    /// A link by what is known of the walls in the way: there are none, unless they are handed over.
    fn behind_obstacles(&mut self, from: u32, to: u32, known: Option<&mut Sightlines>) -> Option<Link> {
        let open = self.open(from, to)?;
        let walls_db = match known {
            Some(known) => self.walls(from, to, open.mw, Some(known))?,
            None => 0.0,
        };
        self.behind(from, to, open, walls_db)
    }

    /// A link as if nothing stood in the way.
    #[inline]
    fn open(&self, from: u32, to: u32) -> Option<Link> {
        let (a, b) = (&self.spots[from as usize], &self.spots[to as usize]);
        let (dx, dy, up) = (b.x - a.x, b.y - a.y, f64::from(b.height - a.height));
        let squared = (dx * dx + dy * dy + up * up).max(NEAREST * NEAREST);
        let heights = a.height * b.height;
        let mw = self.power_mw * self.gain.at(squared, heights * heights) * (a.factor * b.factor);
        (mw >= self.floor_mw).then(|| Link {
            open_mw: mw,
            walled_mw: mw,
            mw,
            metres: squared.sqrt() as f32,
        })
    }

    /// A link behind walls that take so much of it, dB, and vehicles.
    fn behind(&mut self, from: u32, to: u32, open: Link, walls_db: f64) -> Option<Link> {
        let walled = open.behind_walls(walls_db, self.floor_mw)?;
        let Some(vehicles) = &mut self.vehicles else {
            return Some(walled);
        };
        let spare = f64::from(walled.mw) / f64::from(self.floor_mw);
        let end = |node: u32| {
            let spot = &self.spots[node as usize];
            End {
                node,
                at: (spot.x, spot.y),
                height: f64::from(spot.height),
            }
        };
        let vehicles_db = vehicles.loss(end(from), end(to), spare);
        Some(walled.behind_vehicles(vehicles_db, self.floor_mw))
    }

    /// What walls take of a link, dB, by what is known if that tells; `None` if they leave less than the floor.
    fn walls(&mut self, from: u32, to: u32, open_mw: f32, mut known: Option<&mut Sightlines>) -> Option<f64> {
        let line = known.as_mut().and_then(|known| known.recall(from, to));
        if line.is_some_and(|line| line.is_clear()) {
            return Some(0.0);
        }
        let (a, b) = (self.at(from), self.at(to));
        let margin_db = quick_decibels(f64::from(open_mw) / f64::from(self.floor_mw)) + SLACK_DB;
        if let Some(line) = line
            && let Some(loss) = self.obstacles.recall(a, b, margin_db, &line)
        {
            return loss;
        }
        let look = self.obstacles.look(a, b, margin_db);
        if let Some(known) = known {
            known.keep(from, to, look.line, look.steady);
        }
        look.loss
    }

    /// The factor by which fading changes the mean power between two nodes in a time slot: one draw for the three.
    #[inline]
    pub fn fade(&self, from: u32, to: u32, slot: u64, metres: f32) -> f32 {
        self.fader(from, slot).factor(to, metres)
    }

    /// The fading of a sender's frame in a time slot: the same draws, for many receivers at less cost.
    #[inline]
    pub fn fader(&self, from: u32, slot: u64) -> Fader<'_> {
        Fader {
            burst: self.fading.burst(self.keys[from as usize], slot),
            keys: &self.keys,
            nakagami: self.nakagami.as_ref(),
        }
    }
}

/// Who can be told from afar to be out of reach, without looking at the walls.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'c> {
    view: Option<&'c View>,
    /// Square of the distance beyond which two walls leave less than the floor.
    beyond: f64,
}

impl Sight<'_> {
    /// Is there surely no link to a node so many metres east and north? Then [`Channel::link`] finds none.
    #[inline(always)]
    pub fn hides(&self, by: (f64, f64)) -> bool {
        by.0 * by.0 + by.1 * by.1 > self.beyond && self.view.is_some_and(|view| view.hides(by))
    }
}

/// Beyond which distance two walls leave less than the floor, by what both ends do to the power.
#[derive(Clone, Debug)]
struct Behind(Vec<f64>);

/// What both ends do to the power, from so many dB on.
const LEAST_ENDS_DB: i32 = -60;
/// And how many steps of 1 dB there are.
const ENDS: i32 = 160;
/// A link is kept if it is so little below the floor, dB: its power is rounded.
const ROUNDING_DB: f64 = 0.01;

impl Behind {
    fn new(params: &Params, antennas: &[Antenna]) -> Behind {
        let highest = antennas.iter().map(|antenna| antenna.height_m).fold(0.0, f64::max);
        let law = PathLoss::new(params, highest, highest);
        let reach = |ends: i32| {
            let budget = params.power_dbm + f64::from(LEAST_ENDS_DB + ends) - params.floor_dbm;
            law.reach(budget - 2.0 * params.wall_db + ROUNDING_DB)
        };
        Behind((0..ENDS).map(reach).collect())
    }

    /// The distance, metres, for ends that multiply the power by so much at most.
    fn two_walls(&self, factor: f32) -> f64 {
        let step = quick_decibels(f64::from(factor).max(1e-30)).ceil() as i32 - LEAST_ENDS_DB;
        usize::try_from(step.max(0))
            .ok()
            .and_then(|step| self.0.get(step).copied())
            .unwrap_or(f64::INFINITY)
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

/// Each node's reach. With all laws a higher antenna is heard at least as far, so that none is better than one that is as
/// high as the highest and as strong as the strongest.
fn reaches(params: &Params, antennas: &[Antenna]) -> Vec<f64> {
    let best = |value: fn(&Antenna) -> f64| antennas.iter().map(value).fold(f64::NEG_INFINITY, f64::max);
    let (highest, strongest) = (best(|antenna| antenna.height_m), best(|antenna| antenna.gain_db));
    let mut known: Vec<(Antenna, f64)> = Vec::new();
    let reach = |antenna: &Antenna| match known.iter().find(|(other, _)| other == antenna) {
        Some(&(_, reach)) => reach,
        None => {
            let shadowing = SHADOWING_MARGIN * params.shadowing_db;
            let budget = params.power_dbm + antenna.gain_db + strongest + shadowing - params.floor_dbm;
            let reach = PathLoss::new(params, antenna.height_m, highest).reach(budget);
            known.push((*antenna, reach));
            reach
        }
    };
    antennas.iter().map(reach).collect()
}

#[cfg(test)]
mod tests {
    use super::super::decibel::decibels;
    use super::super::params::PathLossLaw;
    use super::*;
    use proptest::prelude::*;

    const CAR: Antenna = Antenna {
        height_m: 1.5,
        gain_db: 0.0,
    };

    fn of(params: &Params, obstacles: Obstacles, antennas: &[Antenna]) -> Channel {
        let keys = (0..antennas.len()).map(|node| Key::of(&node.to_string())).collect();
        Channel::new(params, obstacles, antennas, keys, 1)
    }

    fn still() -> Params {
        Params {
            fading: Fading::None,
            ..Params::default()
        }
    }

    /// Puts nodes onto a line to the east.
    fn line(channel: &mut Channel, places: &[f64]) {
        for (node, &x) in (0..).zip(places) {
            channel.place(node, (x, 0.0), 90.0, true);
        }
        channel.settle();
    }

    fn dbm(link: Option<Link>) -> f64 {
        decibels(f64::from(link.expect("above the floor").mw))
    }

    /// What walls and vehicles took of a link.
    fn taken_db(link: Option<Link>) -> f64 {
        let link = link.expect("above the floor");
        decibels(f64::from(link.open_mw)) - decibels(f64::from(link.mw))
    }

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-3, "{value}, expected {expected}");
    }

    #[test]
    fn mean_power_follows_the_law_up_to_the_reach() {
        for path_loss in [PathLossLaw::LogDistance, PathLossLaw::TwoRay, PathLossLaw::DualSlope] {
            let params = Params { path_loss, ..still() };
            let mut channel = of(&params, Obstacles::default(), &[CAR, CAR]);
            let law = PathLoss::new(&params, 1.5, 1.5);
            for metres in [0.0, 0.7, 1.0, 10.0, 99.0, 100.0, 400.0] {
                line(&mut channel, &[0.0, metres]);
                let link = channel.link(0, 1);
                close(dbm(link), 20.0 - law.db(metres));
                assert_eq!(link.expect("there").metres, metres.max(1.0) as f32);
                assert_eq!(taken_db(link), 0.0);
                assert_eq!(link, channel.link(1, 0));
            }
            let reach = channel.reach(0);
            line(&mut channel, &[0.0, reach * 0.999]);
            assert!(channel.link(0, 1).is_some());
            line(&mut channel, &[0.0, reach * 1.001]);
            assert_eq!(channel.link(0, 1), None);
        }
    }

    #[test]
    fn antennas_add_their_gains_and_stand_at_different_heights() {
        let mast = Antenna {
            height_m: 7.5,
            gain_db: 5.0,
        };
        let mut channel = of(&still(), Obstacles::default(), &[CAR, mast, CAR]);
        line(&mut channel, &[0.0, 8.0, 8.0]);
        // 8 m along and 6 m up are 10 m.
        close(dbm(channel.link(0, 1)), 20.0 + 5.0 - 47.86 - 25.0);
        close(dbm(channel.link(0, 2)), 20.0 - 47.86 - 25.0 * libm::log10(8.0));
        // The budget to the mast is 5 dB more, from the mast to another 10 dB more.
        let exponent = 2.5;
        let car = libm::pow(10.0, (20.0 + 5.0 - 47.86 + 102.0) / (10.0 * exponent));
        close(channel.reach(0), car);
        close(channel.reach(1), car * libm::pow(10.0, 5.0 / (10.0 * exponent)));

        let params = Params {
            path_loss: PathLossLaw::TwoRay,
            ..still()
        };
        let mut channel = of(&params, Obstacles::default(), &[CAR, mast]);
        line(&mut channel, &[0.0, 5000.0]);
        close(
            dbm(channel.link(0, 1)),
            25.0 - PathLoss::new(&params, 1.5, 7.5).db(5000.0),
        );
    }

    #[test]
    fn who_is_not_there_hears_nothing() {
        let mut channel = of(&still(), Obstacles::default(), &[CAR, CAR]);
        assert_eq!(channel.link(0, 1), None);
        line(&mut channel, &[0.0, 10.0]);
        assert!(channel.link(0, 1).is_some());
        channel.remove(0);
        assert_eq!((channel.link(0, 1), channel.link(1, 0)), (None, None));
        channel.place(0, (0.0, 0.0), 0.0, true);
        assert!(channel.link(0, 1).is_some());
        assert_eq!(channel.at(1), (10.0, 0.0));
    }

    #[test]
    fn walls_weaken_and_hide_what_falls_below_the_floor() {
        let building = [(40.0, -10.0), (50.0, -10.0), (50.0, 10.0), (40.0, 10.0)];
        let walls = Obstacles::new([building.as_slice()], 9.0, 0.4);
        let mut channel = of(&still(), walls, &[CAR, CAR, CAR, CAR]);
        line(&mut channel, &[0.0, 100.0, 30.0, 700.0]);
        let link = channel.link(0, 1);
        close(taken_db(link), 2.0 * 9.0 + 10.0 * 0.4);
        close(dbm(link), 20.0 - 47.86 - 50.0 - 22.0);
        assert_eq!(taken_db(channel.link(0, 2)), 0.0);
        // -98.99 dBm in the open.
        assert_eq!(channel.link(0, 3), None);
        channel.place(0, (60.0, 0.0), 0.0, true);
        channel.settle();
        assert!(channel.link(0, 3).is_some());
    }

    #[test]
    fn vehicles_weaken_beside_walls() {
        let building = [(40.0, -10.0), (50.0, -10.0), (50.0, 10.0), (40.0, 10.0)];
        let walls = Obstacles::new([building.as_slice()], 9.0, 0.4);
        let params = Params {
            vehicles: VehicleObstacles::KnifeEdge,
            ..still()
        };
        let mut channel = of(&params, walls, &[CAR, CAR, CAR]);
        line(&mut channel, &[0.0, 60.0, 55.0]);
        let link = channel.link(0, 1);
        // A roof level with the antennas: 6.033 dB.
        close(taken_db(link), 22.0 + 6.033);
        let walled = link.expect("there").walled_mw;
        close(
            decibels(f64::from(walled)),
            20.0 - 47.86 - 25.0 * libm::log10(60.0) - 22.0,
        );
        close(dbm(link), 20.0 - 47.86 - 25.0 * libm::log10(60.0) - 22.0 - 6.033);
        assert_eq!(link, channel.link(1, 0));
        // Without a body it is in nobody's way.
        channel.place(2, (55.0, 0.0), 90.0, false);
        channel.settle();
        close(taken_db(channel.link(0, 1)), 22.0);
    }

    #[test]
    fn who_is_hidden_by_vehicles_alone_has_a_link_without_power() {
        let params = Params {
            vehicles: VehicleObstacles::KnifeEdge,
            vehicle_height_m: 4.0,
            ..still()
        };
        let mut channel = of(&params, Obstacles::default(), &[CAR, CAR, CAR]);
        line(&mut channel, &[0.0, 200.0, 10.0]);
        // -85.39 dBm in the open, and the lorry's roof takes more than the 17 dB that are left.
        let link = channel.link(0, 1).expect("no wall is in the way");
        close(
            decibels(f64::from(link.open_mw)),
            20.0 - 47.86 - 25.0 * libm::log10(200.0),
        );
        assert_eq!((link.walled_mw, link.mw), (link.open_mw, 0.0));
        let mut found = Vec::new();
        channel.links(0, 1..2, &mut found);
        assert_eq!(found, [(1, link)]);
    }

    #[test]
    fn shadowing_is_the_sum_of_both_ends() {
        let params = Params {
            shadowing_db: 6.0,
            shadowing_m: 40.0,
            ..still()
        };
        let mut channel = of(&params, Obstacles::default(), &[CAR, CAR]);
        let field = Shadowing::new(6.0, 40.0, 1);
        let (mut sum, mut squares, n) = (0.0, 0.0, 400);
        for step in 0..n {
            let (x, y) = (f64::from(step) * 137.0, f64::from(step % 20) * 211.0);
            channel.place(0, (x, y), 0.0, true);
            channel.place(1, (x + 120.0, y), 0.0, true);
            channel.settle();
            let link = channel.link(0, 1);
            let shadowed = dbm(link) - (20.0 - 47.86 - 25.0 * libm::log10(120.0));
            close(shadowed, field.at(x, y) + field.at(x + 120.0, y));
            assert_eq!(link, channel.link(1, 0));
            sum += shadowed;
            squares += shadowed * shadowed;
        }
        let mean = sum / f64::from(n);
        let variance = squares / f64::from(n) - mean * mean;
        // A variance of 36 (1 + exp(-3)) = 37.8, from 400 links.
        assert!(mean.abs() < 4.0 * (37.8 / f64::from(n)).sqrt(), "{mean}");
        assert!(
            (variance / 37.8 - 1.0).abs() < 4.0 * (2.0 / f64::from(n)).sqrt(),
            "{variance}"
        );
        // 15 dB more than without.
        let without = of(&still(), Obstacles::default(), &[CAR]).reach(0);
        close(channel.reach(0) / without, libm::pow(10.0, 15.0 / 25.0));
    }

    #[test]
    fn fading_follows_names_slot_and_distance() {
        let channel = of(&Params::default(), Obstacles::default(), &[CAR, CAR, CAR]);
        let fade = channel.fade(0, 1, 7, 100.0);
        assert_eq!(fade, channel.fader(0, 7).factor(1, 100.0));
        for other in [
            channel.fade(1, 0, 7, 100.0),
            channel.fade(0, 2, 7, 100.0),
            channel.fade(0, 1, 8, 100.0),
            channel.fade(0, 1, 7, 20.0),
        ] {
            assert_ne!(fade, other);
        }
        let n = 100_000;
        for (metres, m) in [(20.0, 3.0), (100.0, 1.5), (300.0, 1.0)] {
            let factors = || (0..n).map(|slot| f64::from(channel.fade(0, 1, slot, metres)));
            let mean = factors().sum::<f64>() / n as f64;
            assert!((mean - 1.0).abs() < 5.0 / f64::sqrt(m * n as f64), "m = {m}: {mean}");
        }
        let still = of(&still(), Obstacles::default(), &[CAR, CAR]);
        assert_eq!(still.fade(0, 1, 7, 100.0), 1.0);
    }

    #[test]
    fn a_nodes_draws_and_shadowing_do_not_depend_on_who_else_is_there() {
        let params = Params {
            shadowing_db: 6.0,
            ..Params::default()
        };
        let name = |name: &str| Key::of(name);
        let mut two = Channel::new(&params, Obstacles::default(), &[CAR; 2], vec![name("a"), name("b")], 9);
        let mut three = Channel::new(
            &params,
            Obstacles::default(),
            &[CAR; 3],
            vec![name("new"), name("a"), name("b")],
            9,
        );
        line(&mut two, &[0.0, 50.0]);
        line(&mut three, &[-20.0, 0.0, 50.0]);
        assert_eq!(two.link(0, 1), three.link(1, 2));
        assert_eq!(two.fade(0, 1, 3, 50.0), three.fade(1, 2, 3, 50.0));
    }

    proptest! {
        #[test]
        fn who_is_out_of_sight_has_no_link(
            blocks in proptest::collection::vec((0.0..600.0f64, 0.0..600.0f64, 10.0..80.0f64), 1..20),
            places in proptest::collection::vec((0.0..700.0f64, 0.0..700.0f64), 20),
            gains in (-6.0..9.0f64, -6.0..9.0f64), shadowing_db in prop::sample::select(vec![0.0, 6.0]),
            law in prop::sample::select(vec![PathLossLaw::LogDistance, PathLossLaw::TwoRay, PathLossLaw::DualSlope]),
            wall_db in 3.0..15.0f64, seed: u64,
        ) {
            let params = Params { path_loss: law, shadowing_db, wall_db, exponent: 3.0, ..still() };
            let outline = |&(x, y, side): &(f64, f64, f64)| [(x, y), (x + side, y), (x + side, y + side), (x, y + side)];
            let outlines: Vec<_> = blocks.iter().map(outline).collect();
            let walls = Obstacles::new(outlines.iter().map(|outline| outline.as_slice()), wall_db, 0.0);
            let mut antennas = vec![CAR; places.len()];
            antennas[1] = Antenna { height_m: 6.0, gain_db: gains.0 };
            antennas[2].gain_db = gains.1;
            let keys = (0..places.len()).map(|node| Key::of(&node.to_string())).collect();
            let mut channel = Channel::new(&params, walls, &antennas, keys, seed);
            for (node, &at) in (0..).zip(&places) {
                channel.place(node, at, 0.0, false);
            }
            channel.settle();
            for from in 0..places.len() as u32 {
                for to in 0..places.len() as u32 {
                    let (a, b) = (places[from as usize], places[to as usize]);
                    if from != to && channel.sight(from).hides((b.0 - a.0, b.1 - a.1)) {
                        prop_assert_eq!(channel.link(from, to), None);
                    }
                }
            }
        }

        #[test]
        fn what_is_remembered_changes_no_link(
            blocks in proptest::collection::vec((0.0..250.0f64, 0.0..250.0f64, 5.0..60.0f64), 0..8),
            places in proptest::collection::vec((0.0..300.0f64, 0.0..300.0f64), 8),
            moves in proptest::collection::vec((0..8u32, -2.0..2.0f64, -2.0..2.0f64, 0..20u32), 1..60),
            vehicles in prop::sample::select(vec![VehicleObstacles::None, VehicleObstacles::KnifeEdge]),
        ) {
            let params = Params { vehicles, shadowing_db: 4.0, exponent: 3.0, ..still() };
            let outline = |&(x, y, side): &(f64, f64, f64)| [(x, y), (x + side, y), (x + side, y + side), (x, y + side)];
            let outlines: Vec<_> = blocks.iter().map(outline).collect();
            let walls = Obstacles::new(outlines.iter().map(|outline| outline.as_slice()), 9.0, 0.4);
            let mut channel = of(&params, walls, &[CAR; 8]);
            // They look for corridors along the blocks' sides, and across.
            let heading = |node: u32| f64::from(node) * 45.0;
            let mut places = places;
            for (node, &at) in (0..).zip(&places) {
                channel.place(node, at, heading(node), true);
            }
            channel.settle();
            for (moved, east, north, deed) in moves {
                let at = &mut places[moved as usize];
                // Most drive; some jump, some go, and come back later.
                *at = if deed == 0 { (at.1, at.0) } else { (at.0 + east, at.1 + north) };
                if deed == 1 {
                    channel.remove(moved);
                } else {
                    channel.place(moved, *at, heading(moved), true);
                }
                channel.settle();
                let expected = |channel: &mut Channel, from| -> Vec<(u32, Link)> {
                    let others = (0..8).filter(|&to| to != from);
                    others.filter_map(|to| Some((to, channel.link(from, to)?))).collect()
                };
                for from in [moved, (moved + 3) % 8, moved] {
                    let mut found = Vec::new();
                    channel.links(from, (0..8).filter(|&to| to != from), &mut found);
                    prop_assert_eq!(found, expected(&mut channel, from));
                }
            }
        }

        #[test]
        fn the_chain_is_the_sum_of_its_parts(
            places in proptest::collection::vec((-200.0..200.0f64, -200.0..200.0f64, 0.0..360.0f64), 3..30),
            heights in (0.5..12.0f64, 0.5..12.0f64), gains in (-6.0..6.0f64, -6.0..6.0f64),
            law in prop::sample::select(vec![PathLossLaw::LogDistance, PathLossLaw::TwoRay, PathLossLaw::DualSlope]),
            seed: u64,
        ) {
            let params = Params {
                path_loss: law,
                shadowing_db: 4.0,
                vehicles: VehicleObstacles::KnifeEdge,
                vehicle_height_m: 2.0,
                ..still()
            };
            let building = [(-30.0, -25.0), (10.0, -20.0), (15.0, 30.0), (-20.0, 20.0)];
            let walls = || Obstacles::new([building.as_slice()], 9.0, 0.4);
            let mut antennas = vec![CAR; places.len()];
            antennas[0] = Antenna { height_m: heights.0, gain_db: gains.0 };
            antennas[1] = Antenna { height_m: heights.1, gain_db: gains.1 };
            let keys = (0..places.len()).map(|node| Key::of(&node.to_string())).collect();
            let mut channel = Channel::new(&params, walls(), &antennas, keys, seed);
            let mut vehicles = Vehicles::new(places.len(), 2.0, params.wavelength_m());
            for (node, &(x, y, heading)) in (0..).zip(&places) {
                channel.place(node, (x, y), heading, true);
                vehicles.place(node, (x, y), heading);
            }
            channel.settle();
            vehicles.settle();

            let (a, b) = ((places[0].0, places[0].1), (places[1].0, places[1].1));
            let metres = (a.0 - b.0).hypot(a.1 - b.1).hypot(heights.0 - heights.1);
            let field = Shadowing::new(4.0, params.shadowing_m, seed);
            let ends = (
                End { node: 0, at: a, height: heights.0 },
                End { node: 1, at: b, height: heights.1 },
            );
            let walls_db = walls().look(a, b, f64::INFINITY).loss.expect("no margin");
            let vehicles_db = vehicles.loss(ends.0, ends.1, f64::INFINITY).expect("can be spared");
            let expected = params.power_dbm + gains.0 + gains.1 + field.at(a.0, a.1) + field.at(b.0, b.1)
                - PathLoss::new(&params, heights.0, heights.1).db(metres) - walls_db - vehicles_db;
            let floor = params.floor_dbm;
            match channel.link(0, 1) {
                Some(link) => {
                    let [open, walled, mean] = [link.open_mw, link.walled_mw, link.mw].map(|mw| decibels(f64::from(mw)));
                    prop_assert!((open - expected - walls_db - vehicles_db).abs() < 1e-3);
                    prop_assert!((walled - expected - vehicles_db).abs() < 1e-3 && walled >= floor - 1e-3);
                    if link.mw == 0.0 {
                        prop_assert!(expected < floor + 1e-3);
                    } else {
                        prop_assert!((mean - expected).abs() < 1e-3 && expected >= floor - 1e-3);
                    }
                    prop_assert!((f64::from(link.metres) - metres.max(1.0)).abs() < 1e-3);
                }
                None => prop_assert!(expected + vehicles_db < floor + 1e-3),
            }
            prop_assert_eq!(channel.link(0, 1), channel.link(1, 0));
        }
    }
}
