//! One node's receiver: what it hears together, which frame it has locked on, and how much of that frame has suffered.
//!
//! ```text
//!   start        +4 us            +32 us      +40 us                          end
//!     |  preamble  |    training    |  signal   |  payload                      |
//!        detected?                    BPSK 1/2    at the frame's rate
//! ```
//!
//! A receiver follows one frame at a time. It locks on a preamble that is at least as strong as its sensitivity and stands
//! out of noise and interference after 4 us; within these, a stronger preamble takes over. Later ones are interference,
//! but for capture. Whenever the energy in the air changes, the time since the last change is one segment of the frame,
//! with one ratio of signal to noise and interference and one probability of surviving it (after the NIST error model).
//! So a receiver costs the same whether one frame overlaps or ten: it keeps their sum.

use roadveil_role::{Reason, Time};

use super::access::Sensed;
use super::error_rate::Rate;
use super::link_table::Errors;
use super::params::Params;
use super::{DETECTION, HEADER, PREAMBLE};

/// Power in attowatts (1e-18 W): whole numbers, so that what is added can be taken away again exactly.
pub type Power = u64;

/// Stronger than any frame that is received: what a node hears of itself.
pub const OWN: Power = 1 << 60;

/// Milliwatts as power; a hundred milliwatts at most, so that no sum can overflow.
pub fn power(milliwatts: f64) -> Power {
    (milliwatts * 1e15).min(1e17) as Power
}

/// What all receivers have in common.
#[derive(Debug)]
pub struct Phy {
    /// Weakest preamble that is detected.
    pub sensitivity: Power,
    /// Energy from which the channel is busy.
    pub sense: Power,
    preamble_ratio: f64,
    capture_ratio: f64,
    capture_ns: u64,
    noise: f64,
    header: Errors,
    payload: Errors,
    header_bits_per_ns: f64,
    payload_bits_per_ns: f64,
}

impl Phy {
    /// What the parameters say, for frames of this rate.
    pub fn new(params: &Params, rate: Rate) -> Phy {
        let ratio = |db: f64| libm::pow(10.0, db / 10.0);
        let bits_per_ns = |rate: Rate| rate.bits_per_symbol() as f64 / 8_000.0;
        Phy {
            sensitivity: power(ratio(params.sensitivity_dbm)),
            sense: power(ratio(params.carrier_sense_dbm)),
            preamble_ratio: ratio(params.preamble_snr_db),
            capture_ratio: ratio(params.capture_db),
            capture_ns: (params.capture_window_us * 1_000.0) as u64,
            noise: ratio(params.noise_dbm()) * 1e15,
            header: Errors::new(params.error_model, Rate::Bpsk12),
            payload: Errors::new(params.error_model, rate),
            header_bits_per_ns: bits_per_ns(Rate::Bpsk12),
            payload_bits_per_ns: bits_per_ns(rate),
        }
    }
}

/// Where a frame stands in its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Preamble,
    Header,
    Payload,
}

/// The frame that a receiver follows.
#[derive(Clone, Copy, Debug)]
struct Lock {
    place: Place,
    signal: Power,
    start: Time,
    /// From when the present interference holds.
    since: Time,
    header_loss: f32,
    payload_loss: f32,
    /// Random bits that decide whether the header and the payload survive what they suffered.
    coins: u64,
    stage: Stage,
    /// Was there ever interference worth the name?
    disturbed: bool,
}

/// A frame at one of its receivers: the frame's slot, and the index among those who hear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Slot of the frame.
    pub slot: u32,
    /// Index in the frame's list.
    pub index: u32,
}

/// A frame that a receiver gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Which.
    pub place: Place,
    /// Why.
    pub why: Reason,
}

/// A node's receiver.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    /// All frames present here, and this node's own.
    energy: Power,
    lock: Option<Lock>,
    sending: bool,
    /// The last frame of which the signal field was decoded was spoilt: others may wait for an acknowledgement of it.
    spoilt: bool,
    /// Does the node wait for the channel?
    pub contends: bool,
    /// Since when the energy is above the threshold, while it is.
    loud_since: Time,
    /// Nanoseconds above the threshold since the last account.
    loud_ns: u64,
    /// Since when the channel is idle, while it is; in future while it is reserved.
    idle_since: Time,
}

impl Receiver {
    /// Is the channel taken at `now`, as far as the node can know? A frame is noticed 4 us after its beginning.
    pub fn is_taken(&self, now: Time, phy: &Phy) -> bool {
        self.sending
            || (self.energy >= phy.sense && now >= self.loud_since + DETECTION)
            || self.lock.is_some_and(|lock| now >= lock.start + DETECTION)
    }

    /// The channel as the node's medium access sees it.
    pub fn sensed(&self, now: Time, phy: &Phy) -> Sensed {
        let taken = self.is_taken(now, phy);
        Sensed {
            taken,
            busy: taken || now < self.idle_since,
            idle_since: self.idle_since,
            spoilt: self.spoilt,
        }
    }

    /// Is the energy here above the threshold, or may a frame be followed from now on?
    pub fn may_become_taken(&self, phy: &Phy) -> bool {
        self.lock.is_some() || self.energy >= phy.sense
    }

    /// Is the node itself on the air?
    pub fn is_sending(&self) -> bool {
        self.sending
    }

    /// Nobody else may send until then: a frame for somebody is acknowledged.
    pub fn reserve(&mut self, until: Time) {
        self.idle_since = self.idle_since.max(until);
    }

    /// Nanoseconds up to `now` in which the channel was busy, since the last call.
    pub fn take_busy(&mut self, now: Time, phy: &Phy) -> u64 {
        if self.energy >= phy.sense {
            self.loud_ns += now.since(self.loud_since).as_nanos() as u64;
            self.loud_since = now;
        }
        core::mem::take(&mut self.loud_ns)
    }

    /// Goes on in time up to `now`, during which nothing changed: what became of the frame that is followed, if it was
    /// given up on the way.
    pub fn settle(&mut self, now: Time, phy: &Phy) -> Option<GivenUp> {
        let lock = self.lock.as_mut()?;
        let interference = (self.energy - lock.signal) as f64;
        if lock.stage == Stage::Preamble {
            if now < lock.start + DETECTION {
                return None;
            }
            if (lock.signal as f64) < (phy.noise + interference) * phy.preamble_ratio {
                return self.give_up(interference > 0.1 * phy.noise);
            }
            lock.stage = Stage::Header;
        }
        lock.suffer(now, interference, phy);
        if lock.stage == Stage::Header && now >= lock.start + HEADER {
            if !survives(lock.header_loss, lock.coins >> 32) {
                let disturbed = lock.disturbed;
                return self.give_up(disturbed);
            }
            lock.stage = Stage::Payload;
            self.spoilt = false;
        }
        None
    }

    fn give_up(&mut self, disturbed: bool) -> Option<GivenUp> {
        let why = if disturbed { Reason::Collision } else { Reason::Noise };
        self.lock.take().map(|lock| GivenUp { place: lock.place, why })
    }

    /// A frame begins to arrive. First what becomes of it, `None` as long as it is followed; then what became of the frame
    /// that was followed before, if this one takes over. [`Receiver::settle`] came first.
    pub fn arrive(
        &mut self,
        now: Time,
        place: Place,
        signal: Power,
        coins: u64,
        phy: &Phy,
    ) -> (Option<Reason>, Option<GivenUp>) {
        self.add(now, signal, phy);
        if self.sending {
            return (Some(Reason::HalfDuplex), None);
        }
        if signal < phy.sensitivity {
            return (Some(Reason::BelowSensitivity), None);
        }
        let mut before = None;
        if let Some(lock) = &self.lock {
            if !lock.yields_to(now, signal, phy) {
                return (Some(Reason::CaptureLost), None);
            }
            let why = Reason::CaptureLost;
            before = Some(GivenUp { place: lock.place, why });
        }
        self.lock = Some(Lock {
            place,
            signal,
            start: now,
            since: now,
            header_loss: 0.0,
            payload_loss: 0.0,
            coins,
            stage: Stage::Preamble,
            disturbed: false,
        });
        (None, before)
    }

    /// A frame is over here. If it was the one that was followed: `Some` with why it is lost, or with nothing if it was
    /// received. [`Receiver::settle`] came first.
    pub fn leave(&mut self, now: Time, place: Place, signal: Power, phy: &Phy) -> Option<Option<Reason>> {
        let was_taken = self.lock.is_some() || self.energy >= phy.sense;
        self.remove(now, signal, phy);
        let outcome = match &self.lock {
            Some(lock) if lock.place == place => {
                let ok = survives(lock.payload_loss, lock.coins & 0xffff_ffff);
                let disturbed = lock.disturbed;
                self.spoilt = !ok;
                self.lock = None;
                let why = if disturbed { Reason::Collision } else { Reason::Noise };
                Some((!ok).then_some(why))
            }
            _ => None,
        };
        if was_taken {
            self.note_idle(now, phy);
        }
        outcome
    }

    /// The node itself begins to send: whatever it followed is lost.
    pub fn begin_sending(&mut self, now: Time, phy: &Phy) -> Option<GivenUp> {
        self.add(now, OWN, phy);
        self.sending = true;
        self.spoilt = false;
        let why = Reason::HalfDuplex;
        self.lock.take().map(|lock| GivenUp { place: lock.place, why })
    }

    /// The node's own frame is over.
    pub fn end_sending(&mut self, now: Time, phy: &Phy) {
        self.remove(now, OWN, phy);
        self.sending = false;
        self.note_idle(now, phy);
    }

    fn note_idle(&mut self, now: Time, phy: &Phy) {
        if !self.sending && self.lock.is_none() && self.energy < phy.sense {
            self.idle_since = self.idle_since.max(now);
        }
    }

    fn add(&mut self, now: Time, signal: Power, phy: &Phy) {
        let was_loud = self.energy >= phy.sense;
        self.energy += signal;
        if !was_loud && self.energy >= phy.sense {
            self.loud_since = now;
        }
    }

    fn remove(&mut self, now: Time, signal: Power, phy: &Phy) {
        let was_loud = self.energy >= phy.sense;
        self.energy -= signal;
        if was_loud && self.energy < phy.sense {
            self.loud_ns += now.since(self.loud_since).as_nanos() as u64;
        }
    }
}

impl Lock {
    /// Does a receiver leave this frame for a new one of this strength?
    fn yields_to(&self, now: Time, signal: Power, phy: &Phy) -> bool {
        if self.stage == Stage::Preamble {
            return signal > self.signal;
        }
        let detected = self.start + DETECTION;
        now.since(detected).as_nanos() < u128::from(phy.capture_ns)
            && signal as f64 >= self.signal as f64 * phy.capture_ratio
    }

    /// The segment from the last change up to `now`, under this interference.
    fn suffer(&mut self, now: Time, interference: f64, phy: &Phy) {
        let since = core::mem::replace(&mut self.since, now);
        let ratio = self.signal as f64 / (phy.noise + interference);
        self.disturbed |= interference > 0.1 * phy.noise;
        if ratio >= phy.payload.certain() && ratio >= phy.header.certain() {
            return;
        }
        let (signal, payload) = (self.start + PREAMBLE, self.start + HEADER);
        let in_header = overlap(since, now, signal, payload);
        if in_header > 0.0 {
            let bits = in_header * phy.header_bits_per_ns;
            self.header_loss += phy.header.loss(ratio, bits) as f32;
        }
        let in_payload = overlap(since, now, payload, Time::MAX);
        if in_payload > 0.0 {
            let bits = in_payload * phy.payload_bits_per_ns;
            self.payload_loss += phy.payload.loss(ratio, bits) as f32;
        }
    }
}

/// Nanoseconds that two spans share.
fn overlap(from: Time, to: Time, first: Time, last: Time) -> f64 {
    let (begin, end) = (from.max(first), to.min(last));
    end.0.saturating_sub(begin.0) as f64
}

/// Does a part of a frame that suffered so much survive? The coin has 32 bits.
fn survives(loss: f32, coin: u64) -> bool {
    loss == 0.0 || (coin as f64 + 0.5) / 4_294_967_296.0 < libm::exp(-f64::from(loss))
}
