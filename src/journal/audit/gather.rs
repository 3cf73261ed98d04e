//! What the public half of a stream says of each link address, beside whose it was.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::Arc;

use roadveil_role::{LinkAddr, Time};

use super::draws::unit;
use crate::event::{Cast, Event, Frame, NodeId, Record, TxId};
use crate::registry;

/// A transmission's number is looked at modulo each number from 2 up to this.
pub(super) const MODULI: usize = 64;

/// A frame's place in the stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// When it began.
    pub(super) at: Time,
    /// Its number among the frames, as the records stand.
    pub(super) number: u64,
}

/// What somebody who has the public half knows of an address, from its first frame to its last.
#[derive(Clone, Debug)]
pub(super) struct Life {
    /// The address as a number, its first byte the highest.
    pub(super) addr: u64,
    /// Its first frame.
    pub(super) first: Place,
    /// Its last one.
    pub(super) last: Place,
    /// Its frames.
    pub(super) frames: u64,
    /// Those to everyone.
    broadcasts: u64,
    /// Bytes in all of them.
    bytes: u64,
    /// Numbers that are missing just before its frames.
    skipped: u64,
    /// Where its frames stand among those that began at the same moment: a sum of shares from 0 to 1, and how many.
    stands: (f64, u64),
    /// For each modulus, the sum of its transmissions' numbers as points on a circle.
    pub(super) residues: Vec<(f64, f64)>,
    /// Truth: whose it is.
    owner: Owner,
}

/// Whose an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Untold,
    One(NodeId),
    Several,
}

impl Life {
    fn new(addr: LinkAddr, place: Place) -> Life {
        Life {
            addr: addr.0.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
            first: place,
            last: place,
            frames: 0,
            broadcasts: 0,
            bytes: 0,
            skipped: 0,
            stands: (0.0, 0),
            residues: vec![(0.0, 0.0); MODULI - 1],
            owner: Owner::Untold,
        }
    }

    /// Does it mostly speak to everyone?
    pub(super) const fn is_broadcasting(&self) -> bool {
        self.broadcasts * 2 >= self.frames
    }

    /// Mean bytes of a frame.
    pub(super) fn size(&self) -> f64 {
        self.bytes as f64 / self.frames.max(1) as f64
    }

    /// Mean of the numbers that are missing before a frame.
    pub(super) fn skips(&self) -> f64 {
        self.skipped as f64 / self.frames.max(1) as f64
    }

    /// Where it stands among frames of the same moment, in standard deviations from the middle. If the records of a
    /// moment are in no order, this is drawn from one distribution, however many moments it shared: one who shared none
    /// gets a draw.
    pub(super) fn standing(&self) -> f64 {
        let (sum, count) = match self.stands {
            (_, 0) => (unit(self.addr), 1.0),
            (sum, count) => (sum, count as f64),
        };
        (sum - count / 2.0) / (count / 12.0).sqrt()
    }

    /// How alike the numbers of two addresses' transmissions are, over all moduli.
    pub(super) fn rhythm(&self, other: &Life) -> f64 {
        let scale = 1.0 / ((self.frames * other.frames) as f64).sqrt();
        let pairs = self.residues.iter().zip(&other.residues);
        scale * pairs.map(|(a, b)| a.0 * b.0 + a.1 * b.1).sum::<f64>()
    }

    fn add(&mut self, frame: &Frame, place: Place, skipped: u64, circle: &[Vec<(f64, f64)>]) {
        self.last = place;
        self.frames += 1;
        self.broadcasts += u64::from(frame.to.is_broadcast());
        self.bytes += frame.bytes.len() as u64;
        self.skipped += skipped;
        for (sum, points) in self.residues.iter_mut().zip(circle) {
            let (x, y) = points[(frame.tx.0 % points.len() as u64) as usize];
            *sum = (sum.0 + x, sum.1 + y);
        }
    }

    fn tell(&mut self, node: NodeId) {
        self.owner = match self.owner {
            Owner::Untold => Owner::One(node),
            Owner::One(known) if known == node => Owner::One(node),
            _ => Owner::Several,
        };
    }
}

/// A vehicle that went from one address to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    /// The address that it had.
    pub(super) old: usize,
    /// The one that it took.
    pub(super) new: usize,
    /// Truth: which vehicle.
    pub(super) vehicle: NodeId,
}

/// All that the predictors have.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    /// The addresses, in the order in which they were first heard.
    pub(super) lives: Vec<Life>,
    /// The changes of all vehicles, in the order in which the new addresses were first heard.
    pub(super) changes: Vec<Change>,
    /// Truth, for each address of one node: did that node attack before the address was last heard? `None` for one that
    /// several used, or nobody known.
    pub(super) labelled: Vec<Option<bool>>,
    /// The vehicles whose frames began at the same moment, as the records stand.
    pub(super) moments: Vec<Vec<NodeId>>,
    /// Frames in all.
    pub(super) frames: u64,
    /// Vehicles with at least one change.
    pub(super) vehicles: usize,
    /// The commonest time between frames of one address, nanoseconds.
    pub(super) period: u64,
}

/// Reads a stream.
#[derive(Debug)]
pub(super) struct Watch {
    cast: Arc<Cast>,
    index: BTreeMap<LinkAddr, usize>,
    lives: Vec<Life>,
    /// Frames whose sender has not been told.
    untold: BTreeMap<TxId, usize>,
    /// The addresses and numbers of the frames that began at the last moment.
    together: Vec<(usize, TxId)>,
    moment: Time,
    /// The addresses of frames that began together, for each moment with several.
    moments: Vec<Vec<usize>>,
    last_tx: Option<TxId>,
    frames: u64,
    /// Since when nodes attack.
    attacks: BTreeMap<NodeId, Time>,
    /// How often a time between frames of one address was met, by milliseconds.
    pauses: BTreeMap<u64, u64>,
    /// For each modulus, its residues as points on a circle.
    circle: Vec<Vec<(f64, f64)>>,
}

impl Watch {
    pub(super) fn new(cast: Arc<Cast>) -> Watch {
        let point = |residue: usize, modulus: usize| {
            let (sin, cos) = libm::sincos(TAU * residue as f64 / modulus as f64);
            (cos, sin)
        };
        Watch {
            cast,
            index: BTreeMap::new(),
            lives: Vec::new(),
            untold: BTreeMap::new(),
            together: Vec::new(),
            moment: Time::ZERO,
            moments: Vec::new(),
            last_tx: None,
            frames: 0,
            attacks: BTreeMap::new(),
            pauses: BTreeMap::new(),
            circle: (2..=MODULI)
                .map(|modulus| (0..modulus).map(|residue| point(residue, modulus)).collect())
                .collect(),
        }
    }

    pub(super) fn observe(&mut self, record: &Record) {
        match &record.event {
            Event::Frame(frame) => self.hear(record.at, frame),
            Event::Sent { tx, node, .. } => {
                if let Some(life) = self.untold.remove(tx) {
                    self.lives[life].tell(*node);
                }
            }
            Event::Emitted { node, role, name, .. } if self.is_attack(*node, *role, name) => {
                self.attacks.entry(*node).or_insert(record.at);
            }
            _ => {}
        }
    }

    /// Does a role say by that event that it attacks?
    fn is_attack(&self, node: NodeId, role: u8, event: &str) -> bool {
        let node = self.cast.nodes.get(node.index());
        let role = node.and_then(|node| node.roles.get(usize::from(role)));
        let protocol = role.and_then(|role| registry::protocol(role.split('.').next()?));
        protocol.is_some_and(|protocol| protocol.attacks.contains(&event))
    }

    fn hear(&mut self, at: Time, frame: &Frame) {
        if at > self.moment {
            self.settle();
            self.moment = at;
        }
        let place = Place {
            at,
            number: self.frames,
        };
        self.frames += 1;
        let last = self.last_tx.replace(frame.tx);
        let skipped = last.map_or(0, |last| frame.tx.0.saturating_sub(last.0.saturating_add(1)));
        let life = *self.index.entry(frame.from).or_insert(self.lives.len());
        match self.lives.get(life) {
            None => self.lives.push(Life::new(frame.from, place)),
            Some(known) => {
                let pause = at.since(known.last.at).as_nanos() as u64;
                *self.pauses.entry((pause + 500_000) / 1_000_000).or_default() += 1;
            }
        }
        self.lives[life].add(frame, place, skipped, &self.circle);
        self.untold.insert(frame.tx, life);
        self.together.push((life, frame.tx));
    }

    /// Notes who stood where among the frames of one moment. The share is spread over the place that it stands for, so
    /// that it is uniform between 0 and 1 if there is no order, for few frames as for many.
    fn settle(&mut self) {
        let count = self.together.len() as f64;
        let together = std::mem::take(&mut self.together);
        if together.len() < 2 {
            return;
        }
        for (rank, (life, tx)) in together.iter().enumerate() {
            let stands = &mut self.lives[*life].stands;
            *stands = (stands.0 + (rank as f64 + unit(tx.0)) / count, stands.1 + 1);
        }
        self.moments.push(together.into_iter().map(|(life, _)| life).collect());
    }

    pub(super) fn finish(mut self) -> Gathered {
        self.settle();
        let commonest = self
            .pauses
            .iter()
            .max_by_key(|(pause, count)| (**count, u64::MAX - **pause));
        let period = commonest.map_or(0, |(pause, _)| *pause).max(1) * 1_000_000;
        let (changes, vehicles) = self.changes();
        let owners = |lives: &Vec<usize>| {
            lives
                .iter()
                .filter_map(|life| self.vehicle(&self.lives[*life]))
                .collect()
        };
        let moments = self.moments.iter().map(owners).collect();
        let labelled = |life: &Life| match life.owner {
            Owner::One(node) => Some(self.attacks.get(&node).is_some_and(|since| *since <= life.last.at)),
            _ => None,
        };
        let labelled = self.lives.iter().map(labelled).collect();
        Gathered {
            changes,
            labelled,
            moments,
            vehicles,
            period,
            frames: self.frames,
            lives: self.lives,
        }
    }

    /// The vehicle that an address belongs to. What stands has nothing to hide.
    fn vehicle(&self, life: &Life) -> Option<NodeId> {
        match life.owner {
            Owner::One(node) if self.cast.nodes.get(node.index()).is_some_and(|node| node.mobile) => Some(node),
            _ => None,
        }
    }

    /// The changes of those that move. The address before one is the last broadcasting one of the vehicle, because this
    /// is what it was known by; if there was none, the last of any kind. So each new address belongs to one change.
    fn changes(&self) -> (Vec<Change>, usize) {
        let mut last: BTreeMap<NodeId, usize> = BTreeMap::new();
        let mut changed: BTreeMap<NodeId, ()> = BTreeMap::new();
        let mut changes = Vec::new();
        for (new, life) in self.lives.iter().enumerate() {
            let Some(node) = self.vehicle(life) else { continue };
            let old = last.get(&node).copied();
            if let Some(old) = old {
                changes.push(Change {
                    old,
                    new,
                    vehicle: node,
                });
                changed.insert(node, ());
            }
            if life.is_broadcasting() || !old.is_some_and(|old| self.lives[old].is_broadcasting()) {
                last.insert(node, new);
            }
        }
        (changes, changed.len())
    }
}
