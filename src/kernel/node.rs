//! A node: its roles, its processor, its radio, its clock.

use core::mem::offset_of;
use core::num::NonZeroU8;
use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_role::{Fix, HostAddr, LinkAddr, Role, SetupError, Streams, Time, Timer};
use smallvec::SmallVec;

use super::processor::Processor;
use crate::event::{Load, NodeId, Position};
use crate::radio::{Contention, Draws, Gate, Key, Mac, Outgoing};
use crate::scenario::{self, Profile, Scenario};

/// What the kernel keeps of a role beside the role itself.
#[derive(Debug)]
pub(super) struct Seat {
    /// Number of its protocol on the wire.
    pub(super) protocol: u8,
    /// Its name without the protocol's.
    pub(super) name: &'static str,
    /// Timers that are set, with the number of the setting.
    pub(super) timers: Timers,
}

/// Timers that are set, each with the number of its setting. Most roles have one that rings again and again: it is kept where
/// nothing else has to be fetched, allocated or freed for it.
#[derive(Debug, Default)]
pub(super) struct Timers {
    one: Option<(Timer, u32)>,
    others: BTreeMap<Timer, u32>,
}

impl Timers {
    /// Sets a timer, anew if it is set.
    pub(super) fn set(&mut self, timer: Timer, setting: u32) {
        match &mut self.one {
            Some((one, known)) if *one == timer => *known = setting,
            None if !self.others.contains_key(&timer) => self.one = Some((timer, setting)),
            _ => {
                self.others.insert(timer, setting);
            }
        }
    }

    /// Is it set, by this setting?
    pub(super) fn is_set(&self, timer: Timer, setting: u32) -> bool {
        self.one == Some((timer, setting)) || self.others.get(&timer) == Some(&setting)
    }

    /// Sets it no longer.
    pub(super) fn cancel(&mut self, timer: Timer) {
        if self.one.is_some_and(|(one, _)| one == timer) {
            self.one = None;
        } else {
            self.others.remove(&timer);
        }
    }

    /// Sets none any longer.
    fn clear(&mut self) {
        *self = Timers::default();
    }
}

/// A node. What every frame that it hears asks for stands first and together, what every tick asks for behind it: a city's nodes
/// fit into no near cache, and a reception costs little but the lines that it reads.
#[repr(C, align(64))]
pub(super) struct Node {
    /// Is it in the world at this time?
    pub(super) present: bool,
    /// Did it fail, by the timeline or by a panic of a role?
    pub(super) failed: bool,
    /// Is it on the wires?
    wired: bool,
    /// The protocol of its first role.
    first: Option<NonZeroU8>,
    received: u16,
    pub(super) link_addr: LinkAddr,
    /// Counts switchings on and off.
    pub(super) life: u32,
    pub(super) roles: Roles,
    pub(super) profile: Arc<Profile>,
    /// Each role's randomness: continues also when the node is switched off and on.
    pub(super) streams: Box<[Streams]>,
    pub(super) processor: Processor,
    clock: Clock,
    /// Standard deviation of what its GNSS receiver says, metres.
    pub(super) gnss_sigma: f64,
    pub(super) fix: Fix,
    pub(super) position: Position,
    pub(super) radio: bool,
    /// Does it stand still for good?
    pub(super) settled: bool,
    /// Did a role of it panic? Then it stays down.
    pub(super) crashed: bool,
    /// Channel busy ratios since the last account, in thousandths, and how many there are.
    pub(super) channel_busy: u32,
    pub(super) channel_looks: u32,
    /// Since which tick, and how far east and north, its GNSS receiver is off.
    pub(super) gnss_error: (u64, f64, f64),
    /// As many as roles.
    pub(super) seats: SmallVec<[Seat; 1]>,
    /// With congestion control.
    pub(super) gate: Option<Box<Gate>>,
    pub(super) mac: Mac,
    pub(super) key: Key,
    /// Counts settings of timers: those that are set at one time differ, however often the count comes round.
    pub(super) settings: u32,
    accounted: Time,
    /// Roles handed out by number, until all are there.
    handed: BTreeMap<usize, Box<dyn Role>>,
}

/// A node's roles: one, mostly, which is kept without a list.
pub(super) type Roles = SmallVec<[Box<dyn Role>; 1]>;

/// A line of cache, bytes.
const LINE: usize = 64;

const _: () = assert!(
    offset_of!(Node, processor) <= LINE
        && offset_of!(Node, fix) <= 2 * LINE
        && offset_of!(Node, gnss_error) <= 3 * LINE,
    "what receptions read of a node has to fit into two lines of cache, what ticks read into one more"
);

impl Node {
    /// A node that is not yet in the world.
    pub(super) fn new(
        node: &scenario::Node,
        profile: Arc<Profile>,
        key: Key,
        scenario: &Scenario,
        contention: &Contention,
        addresses: &Draws,
    ) -> Node {
        let [a, b, c, d, e, f, ..] = addresses.bits(key, key, 0).to_le_bytes();
        let seats = node.roles.iter().map(|role| Seat {
            protocol: role.protocol.number,
            name: role.role.name,
            timers: Timers::default(),
        });
        let streams = node.roles.iter().map(|role| {
            let name = format!("{}.{}", role.protocol.name, role.role.name);
            Streams::new(scenario.seed, &node.name, &name)
        });
        Node {
            roles: Roles::new(),
            seats: seats.collect(),
            streams: streams.collect(),
            processor: Processor::new(node.queue),
            gate: Gate::new(&scenario.radio).map(Box::new),
            mac: Mac::new(key, contention),
            channel_busy: 0,
            channel_looks: 0,
            profile,
            first: node.roles.first().and_then(|role| NonZeroU8::new(role.protocol.number)),
            link_addr: LinkAddr::local([a, b, c, d, e, f]),
            wired: node.wired,
            radio: node.radio,
            key,
            fix: Fix::default(),
            position: Position::default(),
            present: false,
            failed: false,
            crashed: false,
            settled: false,
            life: 0,
            settings: 0,
            received: 0,
            accounted: Time::ZERO,
            clock: Clock::new(node.clock, epoch(scenario)),
            gnss_sigma: node.gnss_sigma,
            gnss_error: (u64::MAX, 0.0, 0.0),
            handed: BTreeMap::new(),
        }
    }

    /// Takes the role for one of its seats.
    pub(super) fn give(&mut self, seat: usize, role: Box<dyn Role>) {
        self.handed.insert(seat, role);
    }

    /// All roles are there: puts them in order.
    pub(super) fn seat_roles(&mut self) -> Result<(), SetupError> {
        self.roles = core::mem::take(&mut self.handed).into_values().collect();
        if self.roles.len() == self.seats.len() {
            Ok(())
        } else {
            Err(SetupError("a role's protocol is not part of the scenario".to_owned()))
        }
    }

    /// Which of its roles speaks that protocol: there is at most one.
    pub(super) fn speaker(&self, protocol: u8) -> Option<usize> {
        if self.first.is_some_and(|first| first.get() == protocol) {
            return Some(0);
        }
        self.seats.iter().position(|seat| seat.protocol == protocol)
    }

    /// Its address on the wires, if it has one; it has this number.
    pub(super) fn host(&self, number: usize) -> Option<HostAddr> {
        self.wired.then_some(HostAddr(number as u32))
    }

    /// A word of each line that a frame reads which it receives, for [`warm`](crate::radio::warm).
    pub(super) fn words(&self) -> u64 {
        u64::from(self.life) ^ self.gnss_sigma.to_bits()
    }

    /// The same for a timer, and for a frame that it sends then.
    pub(super) fn words_to_send(&self) -> u64 {
        self.words() ^ self.seats.len() as u64 ^ self.mac.words() ^ u64::from(self.settings)
    }

    /// Does it work now?
    pub(super) fn is_up(&self) -> bool {
        self.present && !self.failed
    }

    /// Counts a frame that its radio received.
    pub(super) fn count_received(&mut self) {
        self.received = self.received.saturating_add(1);
    }

    /// Forgets what does not survive being switched off.
    /// Frames that waited for the channel come back.
    pub(super) fn shut_down(&mut self, now: Time, contention: &Contention) -> Vec<Outgoing> {
        let unworked = u64::try_from(self.processor.free.since(now).as_nanos()).unwrap_or(u64::MAX);
        self.processor.busy = self.processor.busy.saturating_sub(unworked);
        self.processor.planned = false;
        self.processor.owes = false;
        self.processor.free = Time::ZERO;
        for seat in &mut self.seats {
            seat.timers.clear();
        }
        self.take_unsent(contention)
    }

    /// What waits at its radio, and will not be sent.
    pub(super) fn take_unsent(&mut self, contention: &Contention) -> Vec<Outgoing> {
        let held = self.gate.iter_mut().flat_map(|gate| gate.reset());
        held.chain(self.mac.reset(contention)).collect()
    }

    /// Its load since the last account; `None` if it did nothing at all.
    pub(super) fn account(&mut self, id: u32, now: Time) -> Option<Load> {
        // Work that is charged beyond now belongs to the next account.
        let ahead = self.processor.free.since(now).as_nanos() as u64;
        let span = now.since(self.accounted).as_nanos().max(1) as u64;
        let worked = self.processor.busy.saturating_sub(ahead);
        self.processor.busy = self.processor.busy.min(ahead);
        self.accounted = now;
        let load = Load {
            node: NodeId(id),
            queued: u16::try_from(self.processor.waiting()).unwrap_or(u16::MAX),
            busy: (worked.saturating_mul(1000) / span).min(1000) as u16,
            received: core::mem::take(&mut self.received),
            channel: (core::mem::take(&mut self.channel_busy) / core::mem::take(&mut self.channel_looks).max(1)) as u16,
        };
        (load.queued > 0 || load.busy > 0 || load.received > 0 || load.channel > 0).then_some(load)
    }

    /// The node's own clock when the kernel's says `now`.
    pub(super) fn local(&self, now: Time) -> Time {
        self.clock.local(now)
    }

    /// The first moment of the kernel's clock at which the node's own says `local`, or more, to a few nanoseconds.
    pub(super) fn global(&self, local: Time) -> Time {
        self.clock.global(local)
    }
}

/// A node's own clock.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// What it reads at the start of the run, nanoseconds.
    start: u64,
    /// How much it gains, parts in 10^9.
    drift_ppb: i64,
}

impl Clock {
    /// The clock with this error in a run at whose start a true one reads `epoch`.
    fn new(error: scenario::ClockError, epoch: i128) -> Clock {
        Clock {
            start: clamp(epoch + i128::from(error.offset_ns)).0,
            drift_ppb: error.drift_ppb,
        }
    }

    fn local(self, now: Time) -> Time {
        if self.drift_ppb == 0 {
            return Time(now.0.saturating_add(self.start));
        }
        let drifted = i128::from(now.0) + i128::from(now.0) * i128::from(self.drift_ppb) / 1_000_000_000;
        clamp(drifted + i128::from(self.start))
    }

    fn global(self, local: Time) -> Time {
        if self.drift_ppb == 0 {
            return Time(local.0.saturating_sub(self.start));
        }
        let shifted = i128::from(local.0) - i128::from(self.start);
        let mut global = clamp(shifted * 1_000_000_000 / (1_000_000_000 + i128::from(self.drift_ppb)));
        // Both ways round down: a timer must not ring before its time on the node's own clock.
        while self.local(global) < local && global < Time::MAX {
            global = Time(global.0 + 1);
        }
        global
    }
}

/// What all clocks of a run read at its start: as much as the slowest of them is behind.
fn epoch(scenario: &Scenario) -> i128 {
    let behind = scenario
        .nodes
        .iter()
        .map(|node| -i128::from(node.clock.offset_ns))
        .max();
    behind.unwrap_or(0).max(0)
}

fn clamp(nanos: i128) -> Time {
    Time(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
}

/// A position for the log, to the centimetre.
pub(super) fn position(fix: &Fix) -> Position {
    let centimetres = |metres: f64| (metres * 100.0).round() as i32;
    Position {
        x_cm: centimetres(fix.x),
        y_cm: centimetres(fix.y),
        speed_cm: (fix.speed * 100.0).round() as u16,
        heading_cdeg: (fix.heading.rem_euclid(360.0) * 100.0).round() as u16 % 36_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_clock_without_drift_is_one_that_drifts_by_nothing(
            offset_ns in -3_600_000_000_000..3_600_000_000_000i64, more in 0..3_600_000_000_000i128, at: u64,
        ) {
            let epoch = i128::from(offset_ns.min(0).unsigned_abs()) + more;
            let clock = Clock::new(scenario::ClockError { offset_ns, drift_ppb: 0 }, epoch);
            let ahead = i128::from(offset_ns) + epoch;
            prop_assert_eq!(clock.local(Time(at)), clamp(i128::from(at) + ahead));
            prop_assert_eq!(clock.global(Time(at)), clamp(i128::from(at) - ahead));
        }

        #[test]
        fn a_timer_rings_when_the_clock_says_so_and_not_before(
            offset_ns in -3_600_000_000_000..3_600_000_000_000i64, drift_ppb in -100_000_000..100_000_000i64,
            at in 0..1_000_000_000_000_000_000u64,
        ) {
            let epoch = i128::from(offset_ns.min(0).unsigned_abs());
            let clock = Clock::new(scenario::ClockError { offset_ns, drift_ppb }, epoch);
            let rings = clock.global(Time(at));
            prop_assert!(clock.local(rings) >= Time(at));
            // Where it loses time, rounding may make it a few nanoseconds late.
            prop_assert!(rings.0 < 5 || clock.local(Time(rings.0 - 5)) < Time(at));
        }

        #[test]
        fn timers_are_those_set_last_and_not_cancelled(deeds in proptest::collection::vec((0..4u64, 0..3u8), 0..40)) {
            let (mut timers, mut expected) = (Timers::default(), BTreeMap::new());
            for (setting, (timer, deed)) in (0..).zip(deeds) {
                let timer = Timer(timer);
                if deed > 0 {
                    timers.set(timer, setting);
                    expected.insert(timer, setting);
                } else {
                    timers.cancel(timer);
                    expected.remove(&timer);
                }
                for timer in (0..4).map(Timer) {
                    for setting in 0..40 {
                        prop_assert_eq!(timers.is_set(timer, setting), expected.get(&timer) == Some(&setting));
                    }
                }
            }
        }
    }
}
