//! Frames on the air, and what becomes of each at every receiver.

use std::sync::Arc;

use roadveil_role::{LinkAddr, Priority, Reason, Time};

use super::CANDIDATE_MARGIN_DB;
use super::draw::Key;
use super::params::Params;
use super::propagation::{Heard, Propagation, dbm, milliwatts};
use crate::event::{NodeId, Reception, TxId};

/// A frame on the air, or one that ended while another that overlapped it is still going on.
#[derive(Clone, Debug)]
pub struct Emission {
    /// Number of the transmission.
    pub tx: TxId,
    /// The sender.
    pub sender: u32,
    /// The sender's address.
    pub from: LinkAddr,
    /// The receiver's address.
    pub to: LinkAddr,
    /// How urgent the role said it is.
    pub priority: Priority,
    /// The node that has that address, for a unicast.
    pub addressee: Option<u32>,
    /// Beginning.
    pub start: Time,
    /// End of the frame.
    pub end: Time,
    /// Until when the channel is taken: the end, or the end of the acknowledgement.
    pub taken: Time,
    /// Attempts made before.
    pub attempt: u8,
    /// When the role sent it.
    pub since: Time,
    /// The sender's life in which it was sent.
    pub life: u32,
    /// The frame.
    pub bytes: Arc<[u8]>,
    /// Whom it reaches, by number.
    pub heard: Vec<Heard>,
    /// Has its end been dealt with? [`Air::finish`] sets it.
    pub finished: bool,
}

/// A frame that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The frame.
    pub emission: Emission,
    /// What became of it, by receiver.
    pub receptions: Vec<Reception>,
}

/// Time in which fading does not change: about the coherence time at 5.9 GHz and 50 km/h.
const FADING_SLOT_NS: u64 = 1_000_000;

/// The air of one run.
#[derive(Debug)]
pub struct Air {
    params: Params,
    propagation: Propagation,
    keys: Vec<Key>,
    on_air: Vec<Emission>,
    sensitivity_mw: f64,
    candidate_mw: f32,
    sense_mw: f32,
    noise_mw: f64,
    capture: f64,
}

impl Air {
    /// Empty air; `keys` holds each node's key, by number.
    pub fn new(params: Params, propagation: Propagation, keys: Vec<Key>) -> Air {
        Air {
            sensitivity_mw: milliwatts(params.sensitivity_dbm),
            candidate_mw: milliwatts(params.sensitivity_dbm - CANDIDATE_MARGIN_DB) as f32,
            sense_mw: milliwatts(params.carrier_sense_dbm) as f32,
            noise_mw: milliwatts(params.noise_dbm()),
            capture: milliwatts(params.capture_db),
            params,
            propagation,
            keys,
            on_air: Vec::new(),
        }
    }

    /// The parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The channel.
    pub fn propagation(&mut self) -> &mut Propagation {
        &mut self.propagation
    }

    /// Until when the channel is busy for `node`, as it senses it at `now`; its own frame counts. A frame that begins at
    /// this very moment cannot be sensed yet.
    pub fn busy_until(&self, node: u32, now: Time) -> Option<Time> {
        let audible = |emission: &&Emission| {
            emission.start < now
                && emission.taken > now
                && (emission.sender == node || level(emission, node).is_some_and(|heard| self.is_sensed(heard)))
        };
        self.on_air.iter().filter(audible).map(|emission| emission.taken).max()
    }

    /// Is a frame so strong there that the channel counts as busy?
    pub fn is_sensed(&self, heard: &Heard) -> bool {
        heard.mw >= self.sense_mw
    }

    /// Puts a frame on the air.
    pub fn begin(&mut self, emission: Emission) {
        self.on_air.push(emission);
    }

    /// Ends a frame: what became of it. `None` if there is no such frame.
    pub fn finish(&mut self, tx: TxId) -> Option<Ended> {
        let index = self.on_air.iter().position(|emission| emission.tx == tx)?;
        let receptions = self.receptions(index);
        self.on_air[index].finished = true;
        let ended = Ended {
            emission: self.on_air[index].clone(),
            receptions,
        };
        self.forget(ended.emission.end);
        Some(ended)
    }

    /// Drops frames that are over and overlapped nothing that is not. Two frames may end at the same moment, and each
    /// must still find the other.
    fn forget(&mut self, now: Time) {
        let oldest = self
            .on_air
            .iter()
            .filter(|emission| !emission.finished)
            .map(|emission| emission.start)
            .min();
        self.on_air.retain(|emission| {
            !emission.finished || emission.taken > now || oldest.is_some_and(|oldest| emission.end > oldest)
        });
    }

    fn receptions(&self, index: usize) -> Vec<Reception> {
        let frame = &self.on_air[index];
        let overlapping: Vec<&Emission> = self
            .on_air
            .iter()
            .enumerate()
            .filter(|&(other, emission)| other != index && emission.start < frame.end && emission.end > frame.start)
            .map(|(_, emission)| emission)
            .collect();
        if frame.to.is_broadcast() {
            return frame
                .heard
                .iter()
                .filter(|heard| heard.mw >= self.candidate_mw)
                .map(|heard| self.reception(frame, heard, &overlapping))
                .collect();
        }
        let Some(addressee) = frame.addressee else {
            return Vec::new();
        };
        vec![match level(frame, addressee) {
            Some(heard) => self.reception(frame, heard, &overlapping),
            None => Reception {
                node: NodeId(addressee),
                dbm: i8::MIN,
                lost: Some(Reason::BelowSensitivity),
            },
        }]
    }

    /// What becomes of `frame` at one receiver: nothing at all while it sends itself, then strength, then interference.
    fn reception(&self, frame: &Emission, heard: &Heard, overlapping: &[&Emission]) -> Reception {
        let power = self.power(frame, heard);
        let lost = if overlapping.iter().any(|other| other.sender == heard.node) {
            Some(Reason::HalfDuplex)
        } else if power < self.sensitivity_mw {
            let open = power * milliwatts(f64::from(heard.walls_db));
            Some(if open >= self.sensitivity_mw {
                Reason::Obstacle
            } else {
                Reason::BelowSensitivity
            })
        } else if power < self.noise_mw * self.capture {
            Some(Reason::Noise)
        } else {
            self.interference(frame, heard.node, power, overlapping)
        };
        let dbm = dbm(power).round().clamp(-127.0, 127.0) as i8;
        Reception {
            node: NodeId(heard.node),
            dbm,
            lost,
        }
    }

    fn interference(&self, frame: &Emission, node: u32, power: f64, overlapping: &[&Emission]) -> Option<Reason> {
        let mut sum = 0.0;
        let mut captured = false;
        for other in overlapping {
            let Some(heard) = level(other, node) else { continue };
            let interfering = self.power(other, heard);
            sum += interfering;
            captured |= interfering > power * self.capture || (other.start < frame.start && interfering > power);
        }
        if power >= (self.noise_mw + sum) * self.capture {
            None
        } else if captured {
            Some(Reason::CaptureLost)
        } else {
            Some(Reason::Collision)
        }
    }

    /// Received power after fading, milliwatts.
    fn power(&self, frame: &Emission, heard: &Heard) -> f64 {
        let (from, to) = (self.keys[frame.sender as usize], self.keys[heard.node as usize]);
        f64::from(heard.mw)
            * self
                .propagation
                .fade(from, to, frame.start.0 / FADING_SLOT_NS, heard.metres)
    }
}

/// How strongly `emission` reaches `node`.
fn level(emission: &Emission, node: u32) -> Option<&Heard> {
    let index = emission.heard.binary_search_by_key(&node, |heard| heard.node).ok()?;
    emission.heard.get(index)
}

#[cfg(test)]
mod tests {
    use super::super::obstacle::Obstacles;
    use super::super::params::Fading;
    use super::*;

    /// Nodes on a line, and the air over them without fading.
    struct Line {
        air: Air,
        places: Vec<f64>,
    }

    impl Line {
        fn new(places: &[f64]) -> Line {
            let params = Params {
                fading: Fading::None,
                ..Params::default()
            };
            let propagation = Propagation::new(params.clone(), Obstacles::default(), 1);
            let keys = (0..places.len()).map(|index| Key::of(&index.to_string())).collect();
            Line {
                air: Air::new(params, propagation, keys),
                places: places.to_vec(),
            }
        }

        fn begin(&mut self, tx: u64, sender: usize, start_us: u64, to: LinkAddr, addressee: Option<u32>) {
            let mut heard = Vec::new();
            for (node, &place) in self.places.iter().enumerate() {
                if node != sender {
                    let from = (self.places[sender], 0.0);
                    heard.extend(self.air.propagation().mean(node as u32, from, (place, 0.0), 0.0));
                }
            }
            let (start, end) = (Time(start_us * 1000), Time((start_us + 400) * 1000));
            self.air.begin(Emission {
                tx: TxId(tx),
                sender: sender as u32,
                from: LinkAddr::local([sender as u8; 6]),
                to,
                priority: Priority::default(),
                addressee,
                start,
                end,
                taken: end,
                attempt: 0,
                since: start,
                life: 0,
                bytes: Arc::from([]),
                heard,
                finished: false,
            });
        }

        fn lost(&mut self, tx: u64) -> Vec<(u32, Option<Reason>)> {
            let ended = self.air.finish(TxId(tx)).expect("on the air");
            ended
                .receptions
                .iter()
                .map(|reception| (reception.node.0, reception.lost))
                .collect()
        }
    }

    #[test]
    fn a_lone_frame_reaches_the_near_and_not_the_far() {
        let mut line = Line::new(&[0.0, 100.0, 500.0, 3000.0]);
        line.begin(0, 0, 0, LinkAddr::BROADCAST, None);
        assert_eq!(line.lost(0), [(1, None), (2, Some(Reason::BelowSensitivity))]);
        assert!(line.air.on_air.is_empty());
    }

    #[test]
    fn equal_frames_collide_and_a_stronger_one_is_captured() {
        // 1 and 2 stand between the senders 0 and 3: 1 near 0, 2 in the middle.
        let mut line = Line::new(&[0.0, 20.0, 150.0, 300.0]);
        line.begin(0, 0, 0, LinkAddr::BROADCAST, None);
        line.begin(1, 3, 100, LinkAddr::BROADCAST, None);
        assert_eq!(
            line.lost(0),
            [(1, None), (2, Some(Reason::Collision)), (3, Some(Reason::HalfDuplex))]
        );
        let second = line.lost(1);
        assert_eq!(second[0], (0, Some(Reason::HalfDuplex)));
        assert_eq!(second[1], (1, Some(Reason::CaptureLost)));
        assert_eq!(second[2], (2, Some(Reason::Collision)));
    }

    #[test]
    fn a_frame_that_overlaps_a_finished_one_still_counts() {
        let mut line = Line::new(&[0.0, 150.0, 300.0]);
        line.begin(0, 0, 0, LinkAddr::BROADCAST, None);
        line.begin(1, 2, 399, LinkAddr::BROADCAST, None);
        assert_eq!(line.lost(0)[0], (1, Some(Reason::Collision)));
        assert_eq!(line.lost(1)[1], (1, Some(Reason::Collision)));
        assert!(line.air.on_air.is_empty());
    }

    #[test]
    fn frames_that_begin_and_end_together_each_have_an_outcome() {
        let mut line = Line::new(&[0.0, 150.0, 300.0]);
        line.begin(0, 0, 0, LinkAddr::BROADCAST, None);
        line.begin(1, 2, 0, LinkAddr::BROADCAST, None);
        assert_eq!(line.lost(0)[0], (1, Some(Reason::Collision)));
        assert_eq!(line.lost(1)[1], (1, Some(Reason::Collision)));
        assert!(line.air.on_air.is_empty());
    }

    #[test]
    fn carrier_sense_hears_the_near_and_not_a_frame_that_begins_this_moment() {
        let mut line = Line::new(&[0.0, 100.0, 600.0]);
        line.begin(0, 0, 0, LinkAddr::BROADCAST, None);
        assert_eq!(line.air.busy_until(1, Time::ZERO), None);
        assert_eq!(line.air.busy_until(1, Time(1)), Some(Time(400_000)));
        assert_eq!(line.air.busy_until(2, Time(1)), None);
        assert_eq!(line.air.busy_until(1, Time(400_000)), None);
    }

    #[test]
    fn a_unicast_has_its_addressee_as_the_only_candidate() {
        let mut line = Line::new(&[0.0, 100.0, 120.0, 9000.0]);
        line.begin(0, 0, 0, LinkAddr::local([2; 6]), Some(2));
        assert_eq!(line.lost(0), [(2, None)]);
        line.begin(1, 0, 1000, LinkAddr::local([3; 6]), Some(3));
        assert_eq!(line.lost(1), [(3, Some(Reason::BelowSensitivity))]);
        line.begin(2, 0, 2000, LinkAddr::local([9; 6]), None);
        assert_eq!(line.lost(2), []);
    }
}
