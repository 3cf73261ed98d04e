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

/// Milliwatts as power; ten milliwatts at most, so that the sum of a thousand frames does not overflow.
pub fn power(milliwatts: f64) -> Power {
    (milliwatts * 1e15).min(1e16) as Power
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
    /// The least power that rounds to -149 dBm, to -148 dBm, and so on.
    decibels: Vec<Power>,
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
            decibels: (-149..=0).map(|dbm| power(ratio(f64::from(dbm) - 0.5))).collect(),
        }
    }

    /// Power in whole dBm, rounded; -127 dBm at least.
    pub fn whole_dbm(&self, power: Power) -> i8 {
        // Three decibels double: the number of bits says where to look, and a few steps find the place.
        let bits = (u64::BITS - power.leading_zeros()) as usize;
        let from = (bits * 3).saturating_sub(4).min(self.decibels.len());
        let steps = self.decibels[from..]
            .iter()
            .take_while(|&&least| least <= power)
            .count();
        i8::try_from(-150 + (from + steps) as i32).unwrap_or(i8::MIN).max(-127)
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
    /// Random bits that decide whether the header and the payload survive what they suffered.
    coins: u64,
    /// From when the present interference holds, nanoseconds after the start.
    since: u32,
    header_loss: f32,
    payload_loss: f32,
    stage: Stage,
    /// Did it take over from a frame for which the channel was taken? Then it is taken without a gap.
    held: bool,
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

/// A node's receiver: two lines of cache, the second of which is read where a frame is followed or the channel is loud.
#[derive(Clone, Debug, Default)]
#[repr(C, align(64))]
pub struct Receiver {
    /// All frames present here, and this node's own.
    energy: Power,
    lock: Option<Lock>,
    sending: bool,
    /// Does the node wait for the channel?
    pub contends: bool,
    /// When the last frame of which the signal field was decoded ended, if it was spoilt: others may wait for an
    /// acknowledgement of it.
    spoilt_at: Option<Time>,
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
            || self.lock.is_some_and(|lock| lock.held || now >= lock.start + DETECTION)
    }

    /// The channel as the node's medium access sees it.
    pub fn sensed(&self, now: Time, phy: &Phy) -> Sensed {
        let taken = self.is_taken(now, phy);
        Sensed {
            taken,
            busy: taken || now < self.idle_since,
            idle_since: self.idle_since,
            spoilt_at: self.spoilt_at,
        }
    }

    /// Is the energy here above the threshold, or may a frame be followed from now on?
    pub fn may_become_taken(&self, phy: &Phy) -> bool {
        self.lock.is_some() || self.energy >= phy.sense
    }

    /// A word of each of its lines, for [`warm`](super::warm::warm).
    pub fn words(&self) -> u64 {
        self.energy ^ self.idle_since.0
    }

    /// Is the node itself on the air?
    pub fn is_sending(&self) -> bool {
        self.sending
    }

    /// Is there nothing on the air here?
    #[cfg(test)]
    pub fn is_at_rest(&self) -> bool {
        self.energy == 0 && self.lock.is_none() && !self.sending
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
        let lock_held = lock.held;
        let interference = (self.energy - lock.signal) as f64;
        if lock.stage == Stage::Preamble {
            if now < lock.start + DETECTION {
                return None;
            }
            if (lock.signal as f64) < (phy.noise + interference) * phy.preamble_ratio {
                // Nobody has noticed it, unless it took over.
                return self.give_up(now, lock_held, interference > 0.1 * phy.noise, phy);
            }
            lock.stage = Stage::Header;
        }
        lock.suffer(now, interference, phy);
        if lock.stage == Stage::Header && now >= lock.start + HEADER {
            if !survives(lock.header_loss, lock.coins >> 32) {
                let disturbed = lock.disturbed;
                return self.give_up(now, true, disturbed, phy);
            }
            lock.stage = Stage::Payload;
            self.spoilt_at = None;
        }
        None
    }

    /// The frame that was followed is followed no longer. If the channel was taken for it, it may be idle from now on.
    fn give_up(&mut self, now: Time, noticed: bool, disturbed: bool, phy: &Phy) -> Option<GivenUp> {
        let why = if disturbed { Reason::Collision } else { Reason::Noise };
        let given_up = self.drop_lock(why);
        if noticed {
            self.note_idle(now, phy);
        }
        given_up
    }

    fn drop_lock(&mut self, why: Reason) -> Option<GivenUp> {
        self.lock.take().map(|lock| GivenUp { place: lock.place, why })
    }

    /// The node is switched on or off: what it followed is lost, and what it knew is forgotten.
    pub fn switch(&mut self) -> Option<GivenUp> {
        self.contends = false;
        self.spoilt_at = None;
        self.drop_lock(Reason::NodeDown)
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
        let (mut before, mut held) = (None, false);
        if let Some(lock) = &self.lock {
            if !lock.yields_to(now, signal, phy) {
                return (Some(Reason::CaptureLost), None);
            }
            let why = Reason::CaptureLost;
            before = Some(GivenUp { place: lock.place, why });
            held = lock.held || lock.stage != Stage::Preamble;
        }
        self.lock = Some(Lock {
            place,
            signal,
            start: now,
            since: 0,
            header_loss: 0.0,
            payload_loss: 0.0,
            coins,
            stage: Stage::Preamble,
            held,
            disturbed: false,
        });
        (None, before)
    }

    /// A frame is over here. If it was the one that was followed: `Some` with why it is lost, or with nothing if it was
    /// received. [`Receiver::settle`] came first.
    pub fn leave(&mut self, now: Time, place: Place, signal: Power, phy: &Phy) -> Option<Option<Reason>> {
        let was_taken = self.is_taken(now, phy);
        self.remove(now, signal, phy);
        let outcome = match &self.lock {
            Some(lock) if lock.place == place => {
                let ok = survives(lock.payload_loss, lock.coins & 0xffff_ffff);
                let disturbed = lock.disturbed;
                self.spoilt_at = (!ok).then_some(now);
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
        self.spoilt_at = None;
        self.drop_lock(Reason::HalfDuplex)
    }

    /// The node's own frame is over.
    pub fn end_sending(&mut self, now: Time, phy: &Phy) {
        self.remove(now, OWN, phy);
        self.sending = false;
        self.note_idle(now, phy);
    }

    fn note_idle(&mut self, now: Time, phy: &Phy) {
        if !self.is_taken(now, phy) {
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
        // Four seconds fit: more than the longest message takes at the slowest rate.
        let passed = u32::try_from(now.0 - self.start.0).unwrap_or(u32::MAX);
        let since = Time(self.start.0 + u64::from(core::mem::replace(&mut self.since, passed)));
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
    let (loss, coin) = (f64::from(loss), (coin as f64 + 0.5) / 4_294_967_296.0);
    // The exponential is above its tangent, which tells of most frames at less cost.
    coin < 1.0 - loss - 1e-9 || coin < libm::exp(-loss)
}

const _: () = assert!(
    core::mem::offset_of!(Receiver, contends) < 64,
    "what every frame reads has to fit into one line of cache"
);

#[cfg(test)]
mod tests {
    use super::super::params::Preset;
    use super::*;
    use core::time::Duration;

    const FRAME: Duration = Duration::from_micros(496);

    fn phy() -> Phy {
        Phy::new(&Params::preset(Preset::Ns3), Rate::Qpsk12)
    }

    fn at(dbm: f64) -> Power {
        power(libm::pow(10.0, dbm / 10.0))
    }

    fn us(micros: u64) -> Time {
        Time(micros * 1_000)
    }

    fn place(slot: u32) -> Place {
        Place { slot, index: 0 }
    }

    /// A receiver with the frames that reach it, each as (microseconds, dBm), and what becomes of each.
    fn hear(phy: &Phy, frames: &[(u64, f64)], coins: u64) -> Vec<Option<Reason>> {
        let mut receiver = Receiver::default();
        let mut lost = vec![None; frames.len()];
        let mut moments: Vec<(Time, bool, u32)> = Vec::new();
        for (slot, &(start, _)) in frames.iter().enumerate() {
            moments.push((us(start), true, slot as u32));
            moments.push((us(start) + FRAME, false, slot as u32));
        }
        moments.sort();
        for (now, begins, slot) in moments {
            let signal = at(frames[slot as usize].1);
            let settled = receiver.settle(now, phy);
            let replaced = if begins {
                let (why, replaced) = receiver.arrive(now, place(slot), signal, coins, phy);
                lost[slot as usize] = why;
                replaced
            } else {
                if let Some(why) = receiver.leave(now, place(slot), signal, phy) {
                    lost[slot as usize] = why;
                }
                None
            };
            for given_up in [settled, replaced].into_iter().flatten() {
                lost[given_up.place.slot as usize] = Some(given_up.why);
            }
        }
        assert_eq!(receiver.energy, 0, "what came has gone");
        lost
    }

    #[test]
    fn a_lone_frame_needs_the_sensitivity() {
        let phy = phy();
        assert_eq!(hear(&phy, &[(0, -81.9)], 0), [None]);
        assert_eq!(hear(&phy, &[(0, -82.1)], 0), [Some(Reason::BelowSensitivity)]);
    }

    #[test]
    fn a_weak_one_fails_by_noise_where_the_receiver_would_follow_it() {
        let phy = Phy::new(&Params::preset(Preset::ItsG5), Rate::Qpsk12);
        // Noise at -97 dBm: five decibels are enough for the preamble, and not for the payload.
        assert_eq!(hear(&phy, &[(0, -91.9)], u64::MAX), [Some(Reason::Noise)]);
        assert_eq!(hear(&phy, &[(0, -85.0)], u64::MAX), [None]);
    }

    #[test]
    fn within_the_detection_the_stronger_preamble_wins_and_later_the_first() {
        let phy = phy();
        let taken = Some(Reason::CaptureLost);
        assert_eq!(hear(&phy, &[(0, -75.0), (3, -60.0)], 0), [taken, None]);
        assert_eq!(hear(&phy, &[(0, -60.0), (3, -75.0)], 0), [None, taken]);
        // After it, the first one is followed, and drowned by the stronger one.
        let lost = hear(&phy, &[(0, -75.0), (5, -60.0)], u64::MAX);
        assert_eq!(lost, [Some(Reason::Collision), taken]);
    }

    #[test]
    fn with_capture_a_much_stronger_preamble_takes_over_for_a_while() {
        let params = Params {
            capture_window_us: 16.0,
            ..Params::preset(Preset::Ns3)
        };
        let phy = Phy::new(&params, Rate::Qpsk12);
        let taken = Some(Reason::CaptureLost);
        assert_eq!(hear(&phy, &[(0, -75.0), (15, -60.0)], 0), [taken, None]);
        assert_eq!(hear(&phy, &[(0, -75.0), (25, -60.0)], u64::MAX)[1], taken);
    }

    #[test]
    fn two_preambles_alike_spoil_each_other() {
        let lost = hear(&phy(), &[(0, -70.0), (1, -71.0)], 0);
        assert_eq!(lost, [Some(Reason::Collision), Some(Reason::CaptureLost)]);
    }

    #[test]
    fn what_a_frame_suffers_depends_on_how_much_of_it_is_overlapped() {
        let phy = phy();
        let survivors = |overlap: u64| {
            let survives = |coin: u64| hear(&phy, &[(0, -70.0), (496 - overlap, -72.6)], coin << 22)[0].is_none();
            (0..1000).filter(|&coin| survives(coin)).count()
        };
        let (few, many) = (survivors(40), survivors(400));
        assert!(few > many + 100, "{few} and {many} of 1000");
    }

    #[test]
    fn the_channel_is_noticed_after_four_microseconds_and_idle_at_the_end() {
        let phy = phy();
        let mut receiver = Receiver::default();
        receiver.arrive(us(10), place(0), at(-70.0), 0, &phy);
        assert!(!receiver.is_taken(us(13), &phy));
        assert!(receiver.is_taken(us(14), &phy));
        receiver.settle(us(506), &phy);
        receiver.leave(us(506), place(0), at(-70.0), &phy);
        assert!(!receiver.is_taken(us(506), &phy));
        assert_eq!(receiver.sensed(us(506), &phy).idle_since, us(506));
        assert_eq!(receiver.take_busy(us(1_000), &phy), 496_000);
    }

    #[test]
    fn energy_of_frames_too_weak_to_follow_keeps_the_channel_busy() {
        let phy = phy();
        let mut receiver = Receiver::default();
        receiver.arrive(us(0), place(0), at(-84.0), 0, &phy);
        assert!(receiver.is_taken(us(4), &phy));
        let mut faint = Receiver::default();
        faint.arrive(us(0), place(0), at(-86.0), 0, &phy);
        assert!(!faint.is_taken(us(4), &phy));
        // A second one makes enough of it.
        faint.arrive(us(10), place(1), at(-86.0), 0, &phy);
        assert!(faint.is_taken(us(14), &phy));
    }

    #[test]
    fn who_sends_hears_nothing() {
        let phy = phy();
        let mut receiver = Receiver::default();
        receiver.arrive(us(0), place(0), at(-60.0), 0, &phy);
        receiver.settle(us(100), &phy);
        let lost = receiver.begin_sending(us(100), &phy).expect("followed one");
        assert_eq!(lost.why, Reason::HalfDuplex);
        let (why, _) = receiver.arrive(us(200), place(1), at(-60.0), 0, &phy);
        assert_eq!(why, Some(Reason::HalfDuplex));
        receiver.leave(us(496), place(0), at(-60.0), &phy);
        receiver.end_sending(us(600), &phy);
        assert!(receiver.is_taken(us(600), &phy), "the other one is still there");
    }

    #[test]
    fn a_spoilt_frame_extends_the_space_until_the_next_one_is_decoded() {
        let phy = phy();
        let mut receiver = Receiver::default();
        receiver.arrive(us(0), place(0), at(-70.0), u64::MAX >> 32, &phy);
        receiver.settle(us(100), &phy);
        receiver.arrive(us(100), place(1), at(-70.0), 0, &phy);
        receiver.settle(us(496), &phy);
        let outcome = receiver.leave(us(496), place(0), at(-70.0), &phy);
        assert_eq!(outcome, Some(Some(Reason::Collision)));
        receiver.settle(us(596), &phy);
        receiver.leave(us(596), place(1), at(-70.0), &phy);
        let sensed = receiver.sensed(us(596), &phy);
        assert_eq!((sensed.spoilt_at, sensed.idle_since), (Some(us(496)), us(596)));
        receiver.arrive(us(700), place(2), at(-60.0), 0, &phy);
        receiver.settle(us(1_196), &phy);
        receiver.leave(us(1_196), place(2), at(-60.0), &phy);
        assert_eq!(receiver.sensed(us(1_196), &phy).spoilt_at, None);
    }

    #[test]
    fn the_longest_message_at_the_slowest_rate_ends_while_a_lock_can_tell_the_time() {
        let longest = super::super::airtime(roadveil_role::message::MAX_FRAME, Rate::Bpsk12);
        assert!(u32::try_from(longest.as_nanos()).is_ok(), "{longest:?}");
    }

    #[test]
    fn decibels_are_rounded() {
        let phy = phy();
        for tenths in -1260..-150 {
            let dbm = f64::from(tenths) / 10.0 + 0.03;
            assert_eq!(phy.whole_dbm(at(dbm)), dbm.round() as i8, "{dbm}");
        }
        assert_eq!(phy.whole_dbm(0), -127);
    }
}
