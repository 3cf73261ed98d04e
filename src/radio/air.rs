//! Frames on the air, and what becomes of each at every receiver.
//!
//! A frame is two events, its beginning and its end, and walks the list of those who hear it once at each. What happens
//! in between happens in the [`Receiver`]s, when the next frame reaches them. Slots and lists are used again, so that
//! the air allocates nothing once it has seen its busiest moment.

use std::sync::Arc;

use roadveil_role::{Reason, Time};

use super::access::{Outgoing, Sensed};
use super::channel::{Channel, Link};
use super::decibel::linear;
use super::draw::{Draws, Key};
use super::error_rate::Rate;
use super::grid::Neighbours;
use super::params::Params;
use super::receiver::{GivenUp, Phy, Place, Power, Receiver, power};
use super::warm::warm;
use crate::event::{NodeId, Reception, TxId};

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A role's frame.
    Data,
    /// The acknowledgement of one.
    Ack,
}

/// A frame on the air.
#[derive(Clone, Debug)]
pub struct Emission {
    /// Number of the transmission; an acknowledgement has that of the frame it acknowledges.
    pub tx: TxId,
    /// What it is.
    pub kind: Kind,
    /// The sender.
    pub sender: u32,
    /// The sender's life in which it was sent.
    pub life: u32,
    /// The node that it is for, unless it is for everyone.
    pub addressee: Option<u32>,
    /// Its bytes; an acknowledgement has none that matter.
    pub bytes: Arc<[u8]>,
    /// Until when others keep off the channel for its acknowledgement.
    pub reserved: Time,
    /// The frame, or the one that is acknowledged.
    pub frame: Outgoing,
}

/// One who hears a frame.
#[derive(Clone, Copy, Debug)]
struct Heard {
    power: Power,
    node: u32,
    /// Why it is lost there, as far as that is decided.
    lost: Option<Reason>,
    candidate: bool,
    /// Does the receiver know of it? Not if vehicles leave less than the floor.
    arrives: bool,
}

/// A place for a frame on the air, used again and again.
#[derive(Debug, Default)]
struct Slot {
    emission: Option<Emission>,
    heard: Vec<Heard>,
    watched: Vec<u32>,
}

/// Time in which fading does not change: about the coherence time at 5.9 GHz and 50 km/h.
const FADING_SLOT_NS: u64 = 1_000_000;

/// From so many nodes in reach on, it pays to find out what can be seen from where the sender is.
const CROWD: usize = 48;

/// The air of one run.
#[derive(Debug)]
pub struct Air {
    params: Params,
    rate: Rate,
    phy: Phy,
    channel: Channel,
    grid: Neighbours,
    receivers: Vec<Receiver>,
    up: Vec<bool>,
    /// Frames that each node has sent: their numbers are part of the error coins.
    sent: Vec<u64>,
    keys: Vec<Key>,
    errors: Draws,
    slots: Vec<Slot>,
    free: Vec<u32>,
    near: Vec<(u32, (f64, f64))>,
    links: Vec<(u32, Link)>,
    candidate_mw: f32,
    /// Power that changes nothing for anybody.
    negligible: Power,
}

impl Air {
    /// Empty air; `keys` holds each node's key, by number.
    pub fn new(params: Params, channel: Channel, keys: Vec<Key>, seed: u64) -> Air {
        let rate = Rate::from_mbps(params.rate_mbps).unwrap_or(Rate::Qpsk12);
        Air {
            rate,
            phy: Phy::new(&params, rate),
            channel,
            grid: Neighbours::default(),
            receivers: vec![Receiver::default(); keys.len()],
            up: vec![false; keys.len()],
            sent: vec![0; keys.len()],
            errors: Draws::new(seed, "errors"),
            slots: Vec::new(),
            free: Vec::new(),
            near: Vec::new(),
            links: Vec::new(),
            candidate_mw: linear(params.candidate_dbm()) as f32,
            negligible: power(linear(params.floor_dbm)),
            keys,
            params,
        }
    }

    /// The parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The channel.
    pub fn channel(&mut self) -> &mut Channel {
        &mut self.channel
    }

    /// At which rate frames are sent.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Who hears others from now on, and where (number, metres east and north).
    pub fn sort(&mut self, places: &[(u32, f64, f64)]) {
        let reach = places
            .iter()
            .map(|&(node, ..)| self.channel.reach(node))
            .fold(1.0, f64::max);
        self.grid = Neighbours::build(places, reach / 4.0);
    }

    /// A node is switched on or off.
    pub fn switch(&mut self, node: u32, up: bool) {
        self.up[node as usize] = up;
        let lost = self.receivers[node as usize].switch();
        mark(&mut self.slots, lost);
    }

    /// The channel as a node senses it.
    pub fn sense(&mut self, node: u32, now: Time) -> Sensed {
        let receiver = &mut self.receivers[node as usize];
        let given_up = receiver.settle(now, &self.phy);
        let sensed = receiver.sensed(now, &self.phy);
        mark(&mut self.slots, given_up);
        sensed
    }

    /// From now on, or no longer, a node has to know when the channel becomes busy and idle.
    pub fn contend(&mut self, node: u32, contends: bool) {
        self.receivers[node as usize].contends = contends;
    }

    /// Nanoseconds up to `now` in which a node's channel was busy, since the last call.
    pub fn take_busy(&mut self, node: u32, now: Time) -> u64 {
        self.receivers[node as usize].take_busy(now, &self.phy)
    }

    /// Is a node on the air?
    pub fn is_sending(&self, node: u32) -> bool {
        self.receivers[node as usize].is_sending()
    }

    /// Puts a frame on the air: its slot, and whether somebody has to be told of it as soon as it is noticed.
    pub fn begin(&mut self, now: Time, emission: Emission) -> (u32, bool) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        let sender = emission.sender;
        let given_up = self.receivers[sender as usize].begin_sending(now, &self.phy);
        mark(&mut self.slots, given_up);
        let Slot {
            mut heard, mut watched, ..
        } = core::mem::take(&mut self.slots[slot as usize]);
        self.look_around(sender);
        self.arrive_everywhere(now, slot, sender, &mut heard, &mut watched);
        let watch = !watched.is_empty();
        self.slots[slot as usize] = Slot {
            emission: Some(emission),
            heard,
            watched,
        };
        (slot, watch)
    }

    /// Who is near enough to hear a node, by number. Of a crowd, those who are surely hidden are left out at once.
    fn look_around(&mut self, sender: u32) {
        let (x, y) = self.channel.at(sender);
        let reach = self.channel.reach(sender);
        self.near.clear();
        let (near, up) = (&mut self.near, &self.up);
        self.grid.within(x, y, reach, |node, by| {
            if node != sender && up[node as usize] {
                near.push((node, by));
            }
        });
        if near.len() >= CROWD {
            let sight = self.channel.sight(sender);
            near.retain(|&(_, by)| !sight.hides(by));
        }
        near.sort_unstable_by_key(|&(node, _)| node);
        warm(self.near.iter().map(|&(node, _)| self.words(node)));
    }

    /// Who follows a frame that has just begun.
    pub fn followers(&self, slot: u32) -> impl Iterator<Item = u32> {
        let heard = self.slots[slot as usize].heard.iter();
        heard.filter(|heard| heard.lost.is_none()).map(|heard| heard.node)
    }

    /// A word of each line that a frame of a node or to it reads here, for [`warm`].
    pub fn words(&self, node: u32) -> u64 {
        self.receivers[node as usize].words() ^ self.channel.words(node)
    }

    /// A frame begins to arrive at all who are near.
    fn arrive_everywhere(&mut self, now: Time, slot: u32, sender: u32, heard: &mut Vec<Heard>, watched: &mut Vec<u32>) {
        let number = self.sent[sender as usize];
        self.sent[sender as usize] += 1;
        let coins = self.errors.burst(self.keys[sender as usize], number);
        let mut links = core::mem::take(&mut self.links);
        let near = self.near.iter().map(|&(node, _)| node);
        self.channel.links(sender, near, &mut links);
        let fader = self.channel.fader(sender, now.0 / FADING_SLOT_NS);
        for (node, link) in links.drain(..) {
            let candidate = link.walled_mw >= self.candidate_mw;
            if link.mw == 0.0 && !candidate {
                continue;
            }
            let fade = fader.factor(node, link.metres);
            let strength = power(f64::from(link.mw * fade));
            let arrives = link.mw > 0.0;
            if arrives && strength < self.negligible && !candidate {
                continue;
            }
            let mut lost = Some(Reason::BelowSensitivity);
            if arrives {
                let place = Place {
                    slot,
                    index: heard.len() as u32,
                };
                let receiver = &mut self.receivers[node as usize];
                let given_up = receiver.settle(now, &self.phy);
                let coins = coins.bits(self.keys[node as usize]);
                let replaced;
                (lost, replaced) = receiver.arrive(now, place, strength, coins, &self.phy);
                if receiver.contends && receiver.may_become_taken(&self.phy) {
                    watched.push(node);
                }
                mark(&mut self.slots, given_up);
                mark(&mut self.slots, replaced);
            }
            heard.push(Heard {
                power: strength,
                node,
                lost: match lost {
                    Some(Reason::BelowSensitivity) => Some(self.too_weak(&link, fade)),
                    other => other,
                },
                candidate,
                arrives,
            });
        }
        self.links = links;
    }

    /// Why a frame is too weak: behind walls or vehicles, it may have been strong enough without them.
    fn too_weak(&self, link: &Link, fade: f32) -> Reason {
        if link.mw < link.open_mw && power(f64::from(link.open_mw * fade)) >= self.phy.sensitivity {
            Reason::Obstacle
        } else {
            Reason::BelowSensitivity
        }
    }

    /// Who has to be told of a frame, now that it is noticed.
    pub fn take_watched(&mut self, slot: u32) -> Vec<u32> {
        core::mem::take(&mut self.slots[slot as usize].watched)
    }

    /// Ends a frame: the frame and what became of it at each candidate. Appends to `idle` who waits for the channel and
    /// finds it idle now.
    pub fn finish(&mut self, now: Time, slot: u32, idle: &mut Vec<u32>) -> Option<(Emission, Vec<Reception>)> {
        let Slot {
            emission,
            mut heard,
            mut watched,
        } = core::mem::take(&mut self.slots[slot as usize]);
        let emission = emission?;
        self.receivers[emission.sender as usize].end_sending(now, &self.phy);
        let everyone = emission.frame.to.is_broadcast() && emission.kind == Kind::Data;
        let count = if everyone { heard.len() } else { 1 };
        let mut receptions = Vec::with_capacity(count);
        for (index, entry) in heard.iter_mut().enumerate() {
            let place = Place {
                slot,
                index: index as u32,
            };
            if entry.arrives {
                self.leave(now, place, entry, &emission, idle);
            }
            let is_for = emission.addressee == Some(entry.node);
            if is_for || (everyone && entry.candidate) {
                receptions.push(Reception {
                    node: NodeId(entry.node),
                    dbm: if entry.arrives {
                        self.phy.whole_dbm(entry.power)
                    } else {
                        Reception::NO_POWER
                    },
                    lost: entry.lost,
                });
            }
        }
        if let Some(addressee) = emission.addressee
            && receptions.is_empty()
        {
            receptions.push(Reception {
                node: NodeId(addressee),
                dbm: Reception::NO_POWER,
                lost: Some(Reason::BelowSensitivity),
            });
        }
        heard.clear();
        watched.clear();
        self.slots[slot as usize] = Slot {
            emission: None,
            heard,
            watched,
        };
        self.free.push(slot);
        Some((emission, receptions))
    }

    /// What is left of frames: a slot in use, or a receiver that hears, follows or sends one.
    #[cfg(test)]
    pub fn remains(&self) -> Option<String> {
        let used = self.slots.iter().position(|slot| slot.emission.is_some());
        let left = self.receivers.iter().position(|receiver| !receiver.is_at_rest());
        let slot = used.map(|slot| format!("slot {slot}"));
        slot.or_else(|| left.map(|node| format!("node {node}: {:?}", self.receivers[node])))
    }

    /// A frame ends at a node.
    fn leave(&mut self, now: Time, place: Place, entry: &mut Heard, emission: &Emission, idle: &mut Vec<u32>) {
        let receiver = &mut self.receivers[entry.node as usize];
        let given_up = receiver.settle(now, &self.phy);
        if let Some(outcome) = receiver.leave(now, place, entry.power, &self.phy) {
            entry.lost = outcome;
            if outcome.is_none() && emission.addressee != Some(entry.node) {
                receiver.reserve(emission.reserved);
            }
        }
        if receiver.contends && !receiver.is_taken(now, &self.phy) {
            idle.push(entry.node);
        }
        match given_up {
            Some(GivenUp { place: other, why }) if other == place => entry.lost = Some(why),
            other => mark(&mut self.slots, other),
        }
    }
}

/// Writes down why a frame is lost at one of its receivers.
fn mark(slots: &mut [Slot], given_up: Option<GivenUp>) {
    if let Some(GivenUp { place, why }) = given_up
        && let Some(heard) = slots[place.slot as usize].heard.get_mut(place.index as usize)
    {
        heard.lost = Some(why);
    }
}

#[cfg(test)]
mod tests;
