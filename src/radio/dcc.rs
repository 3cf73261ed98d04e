//! Decentralised congestion control, reactive (ETSI TS 102 687 V1.2.1, 5.3 and annex A).
//!
//! A gatekeeper stands before the medium access. After a frame it stays shut for a while that depends on how busy the
//! channel is; what comes meanwhile waits. The channel busy ratio is measured every 100 ms, and the state follows it by
//! one step at a time. Times are those of the standard for frames of up to a millisecond (table A.1); power and rate
//! stay as they are.

use core::time::Duration;
use std::collections::VecDeque;

use roadveil_role::Time;

use super::access::Outgoing;
use super::params::{Dcc, Params};

/// Channel busy ratio below which a state holds, in thousandths, and the gap between two frames in it.
const STATES: [(u16, Duration); 5] = [
    (300, Duration::from_millis(100)),
    (400, Duration::from_millis(200)),
    (500, Duration::from_millis(400)),
    (600, Duration::from_millis(500)),
    (u16::MAX, Duration::from_millis(1_000)),
];

/// What becomes of a frame at the gate.
#[derive(Clone, Debug)]
pub enum Admission {
    /// It goes on to the medium access at once.
    Through(Outgoing),
    /// It waits; the gate opens then, if that is known.
    Held(Option<Time>),
    /// There is no room for it before the gate.
    Full(Outgoing),
}

/// A node's gatekeeper.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Frames that wait before it.
    pub held: VecDeque<Outgoing>,
    state: usize,
    limit: usize,
    /// When it opens again; never, as long as a frame that it let through is not done with.
    opens: Time,
}

impl Gate {
    /// An open gate; none without control.
    pub fn new(params: &Params) -> Option<Gate> {
        (params.dcc == Dcc::Reactive).then(|| Gate {
            held: VecDeque::new(),
            state: 0,
            limit: params.queue,
            opens: Time::ZERO,
        })
    }

    /// Takes a measurement of the channel busy ratio, in thousandths: one step towards the state that it asks for.
    pub fn observe(&mut self, busy: u16) {
        let wanted = STATES
            .iter()
            .position(|&(below, _)| busy < below)
            .unwrap_or(STATES.len() - 1);
        match self.state.cmp(&wanted) {
            core::cmp::Ordering::Less => self.state += 1,
            core::cmp::Ordering::Greater => self.state -= 1,
            core::cmp::Ordering::Equal => {}
        }
    }

    /// A frame wants through.
    pub fn admit(&mut self, now: Time, frame: Outgoing) -> Admission {
        if self.held.is_empty() && now >= self.opens {
            self.opens = Time::MAX;
            return Admission::Through(frame);
        }
        if self.held.len() >= self.limit {
            return Admission::Full(frame);
        }
        self.held.push_back(frame);
        Admission::Held(self.next())
    }

    /// The frame that it let through is done with: when it opens for the next one, if one waits.
    pub fn done(&mut self, now: Time) -> Option<Time> {
        self.opens = now + STATES[self.state].1;
        self.next()
    }

    /// The frame that it let through never reached the air: it opens at once.
    pub fn missed(&mut self, now: Time) -> Option<Time> {
        self.opens = now;
        self.next()
    }

    /// The first frame that has waited before it for longer than `lifetime`.
    pub fn pop_expired(&mut self, now: Time, lifetime: Duration) -> Option<Outgoing> {
        self.held.pop_front_if(|frame| now.since(frame.since) > lifetime)
    }

    /// When it opens for the next frame, if one waits and that is known.
    fn next(&self) -> Option<Time> {
        (!self.held.is_empty() && self.opens < Time::MAX).then_some(self.opens)
    }

    /// It may be open now: the next frame.
    pub fn release(&mut self, now: Time) -> Option<Outgoing> {
        if now < self.opens {
            return None;
        }
        let frame = self.held.pop_front()?;
        self.opens = Time::MAX;
        Some(frame)
    }

    /// The node went down: what waited comes back.
    pub fn reset(&mut self) -> impl Iterator<Item = Outgoing> {
        self.opens = Time::ZERO;
        self.state = 0;
        core::mem::take(&mut self.held).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_role::{LinkAddr, Payload, Priority};

    fn frame() -> Outgoing {
        Outgoing {
            from: LinkAddr::local([1; 6]),
            to: LinkAddr::BROADCAST,
            priority: Priority::BestEffort,
            payload: Payload::Ready([0].into()),
            since: Time::ZERO,
            attempt: 0,
            received: false,
        }
    }

    fn gate() -> Gate {
        let params = Params {
            dcc: Dcc::Reactive,
            queue: 2,
            ..Params::default()
        };
        Gate::new(&params).expect("reactive")
    }

    #[test]
    fn without_control_there_is_no_gate() {
        assert!(Gate::new(&Params::default()).is_none());
    }

    #[test]
    fn the_gap_follows_the_load_step_by_step() {
        for (busy, gap) in [(0, 100), (299, 100), (300, 200), (450, 400), (599, 500), (900, 1_000)] {
            let mut gate = gate();
            for _ in 0..STATES.len() {
                gate.observe(busy);
            }
            assert!(matches!(gate.admit(Time::ZERO, frame()), Admission::Through(_)));
            assert!(matches!(gate.admit(Time::ZERO, frame()), Admission::Held(None)));
            assert_eq!(
                gate.done(Time::from_millis(5)),
                Some(Time::from_millis(5 + gap)),
                "{busy}"
            );
        }
        let mut gate = gate();
        gate.observe(900);
        assert_eq!(gate.state, 1);
    }

    #[test]
    fn who_comes_to_a_shut_gate_learns_when_it_opens() {
        let mut gate = gate();
        gate.admit(Time::ZERO, frame());
        assert_eq!(gate.done(Time::ZERO), None, "nobody waits yet");
        let early = gate.admit(Time::from_millis(20), frame());
        assert!(matches!(early, Admission::Held(Some(at)) if at == Time::from_millis(100)));
        assert!(gate.release(Time::from_millis(100)).is_some());
    }

    #[test]
    fn one_frame_passes_at_a_time_and_the_rest_waits_in_order() {
        let mut gate = gate();
        assert!(matches!(gate.admit(Time::ZERO, frame()), Admission::Through(_)));
        assert!(matches!(gate.admit(Time::ZERO, frame()), Admission::Held(None)));
        assert!(matches!(gate.admit(Time::ZERO, frame()), Admission::Held(None)));
        let third = gate.admit(Time::ZERO, frame());
        assert!(matches!(third, Admission::Full(_)), "there is room for two");
        assert!(
            gate.release(Time::from_secs(100)).is_none(),
            "the first is not done with"
        );
        let opens = gate.done(Time::ZERO).expect("two wait");
        assert!(gate.release(Time(opens.0 - 1)).is_none());
        assert!(gate.release(opens).is_some());
        assert!(gate.release(opens).is_none());
        assert_eq!(gate.reset().count(), 1);
    }
}
