//! Whose turn it is: carrier sense with back-off, for each node.
//!
//! A node that finds the channel busy draws a back-off and counts its slots down while the channel is idle; a frame of
//! somebody else freezes the count. Nothing ticks: the node plans the moment at which its count would reach zero, and
//! looks again then.

use std::collections::VecDeque;

use roadveil_role::{LinkAddr, Payload, Priority, Time};

use super::draw::{Draws, Key};
use super::params::Params;
use super::{AIFS, SLOT};

/// A frame that waits for the channel.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The sender's address at the time of sending.
    pub from: LinkAddr,
    /// The receiver's address.
    pub to: LinkAddr,
    /// How urgent the role said it is.
    pub priority: Priority,
    /// The frame, perhaps not built yet.
    pub frame: Payload,
    /// When the role sent it.
    pub since: Time,
    /// Attempts made before.
    pub attempt: u8,
}

/// What a node does at its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The channel is busy, or was: look again then.
    Wait(Time),
    /// The first frame of the queue goes on the air now.
    Send,
}

/// A node's medium access.
#[derive(Clone, Debug)]
pub struct Mac {
    /// Frames that wait.
    pub queue: VecDeque<Outgoing>,
    /// On the air now, or waiting for an acknowledgement.
    pub sending: bool,
    /// A look at the channel is planned.
    pub planned: bool,
    key: Key,
    /// From when the count runs, and how many slots are left of it.
    count: Option<(Time, u32)>,
    window: u32,
    draws_made: u64,
}

impl Mac {
    /// The medium access of the node with this key.
    pub fn new(key: Key, params: &Params) -> Mac {
        Mac {
            queue: VecDeque::new(),
            sending: false,
            planned: false,
            key,
            count: None,
            window: params.contention_window,
            draws_made: 0,
        }
    }

    /// Decides at `now` what to do about the first frame of the queue; `busy_until` is when the last of the frames that
    /// are sensed now ends.
    pub fn turn(&mut self, now: Time, busy_until: Option<Time>, draws: &Draws) -> Turn {
        match (self.count, busy_until) {
            (None, None) => self.plan(now, 0),
            (None, Some(until)) => {
                let slots = self.draw(draws);
                self.plan(until, slots)
            }
            // Whatever began meanwhile has frozen the count, so only its end matters.
            (Some((from, slots)), _) if now >= from + AIFS + SLOT * slots => {
                self.count = None;
                Turn::Send
            }
            (Some((from, slots)), _) => Turn::Wait(from + AIFS + SLOT * slots),
        }
    }

    /// Somebody begins a frame that is sensed here, and the channel is taken until `taken`: the count stands still until
    /// then. A node whose own moment is now cannot know of it any more.
    pub fn freeze(&mut self, now: Time, taken: Time, draws: &Draws) {
        let Some((from, slots)) = self.count else { return };
        if now >= from + AIFS + SLOT * slots {
            return;
        }
        let counted = u32::try_from(now.since(from + AIFS).as_nanos() / SLOT.as_nanos()).unwrap_or(u32::MAX);
        // Without a back-off so far, the busy channel asks for one.
        let left = if slots == 0 {
            self.draw(draws)
        } else {
            slots.saturating_sub(counted)
        };
        self.count = Some((taken.max(from), left));
    }

    fn plan(&mut self, from: Time, slots: u32) -> Turn {
        self.count = Some((from, slots));
        Turn::Wait(from + AIFS + SLOT * slots)
    }

    fn draw(&mut self, draws: &Draws) -> u32 {
        self.draws_made += 1;
        draws
            .sequence(self.key, self.key, self.draws_made)
            .below_or(self.window)
    }

    /// After an attempt that was not acknowledged: a wider window, as the standard doubles it. The channel is idle from
    /// `idle` on.
    pub fn widen(&mut self, idle: Time, draws: &Draws) {
        self.window = (self.window * 2 + 1).min(1023);
        self.after_frame(idle, draws);
    }

    /// After a frame that is done with: the next one waits for a back-off of its own.
    pub fn after_success(&mut self, idle: Time, params: &Params, draws: &Draws) {
        self.window = params.contention_window;
        self.after_frame(idle, draws);
    }

    fn after_frame(&mut self, idle: Time, draws: &Draws) {
        let slots = self.draw(draws);
        self.count = (!self.queue.is_empty()).then_some((idle, slots));
    }

    /// Nothing waits any more: the next frame begins anew.
    pub fn rest(&mut self, params: &Params) {
        self.count = None;
        self.window = params.contention_window;
    }

    /// The node went down: what waited comes back, and everything else is forgotten.
    pub fn reset(&mut self, params: &Params) -> VecDeque<Outgoing> {
        self.rest(params);
        self.sending = false;
        self.planned = false;
        core::mem::take(&mut self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mac() -> (Mac, Draws) {
        (Mac::new(Key::of("n"), &Params::default()), Draws::new(1, "backoff"))
    }

    #[test]
    fn an_idle_channel_is_taken_after_the_interframe_space() {
        let (mut mac, draws) = mac();
        let at = Time::from_millis(1);
        assert_eq!(mac.turn(at, None, &draws), Turn::Wait(at + AIFS));
        assert_eq!(mac.turn(at + AIFS, None, &draws), Turn::Send);
    }

    #[test]
    fn a_busy_channel_is_waited_out_with_a_back_off_within_the_window() {
        let (mut mac, draws) = mac();
        let until = Time::from_millis(2);
        let Turn::Wait(at) = mac.turn(Time::from_millis(1), Some(until), &draws) else {
            panic!("busy")
        };
        assert!(at >= until + AIFS && at <= until + AIFS + SLOT * 15);
        assert_eq!(mac.turn(at, None, &draws), Turn::Send);
    }

    #[test]
    fn a_frame_in_between_freezes_the_count_however_short_it_is() {
        let (mut mac, draws) = mac();
        mac.count = Some((Time::ZERO, 10));
        // Four whole slots have passed when somebody begins, and the frame is over before the count would have been.
        let since = Time::ZERO + AIFS + SLOT * 4 + core::time::Duration::from_micros(5);
        let until = since + core::time::Duration::from_micros(20);
        mac.freeze(since, until, &draws);
        let look = Time::ZERO + AIFS + SLOT * 10;
        assert_eq!(mac.turn(look, None, &draws), Turn::Wait(until + AIFS + SLOT * 6));
        assert_eq!(mac.turn(until + AIFS + SLOT * 6, None, &draws), Turn::Send);
    }

    #[test]
    fn a_frame_within_the_interframe_space_asks_for_a_back_off() {
        let (mut mac, draws) = mac();
        assert_eq!(mac.turn(Time::ZERO, None, &draws), Turn::Wait(Time::ZERO + AIFS));
        let until = Time::from_millis(1);
        mac.freeze(Time(20_000), until, &draws);
        let (from, slots) = mac.count.expect("frozen");
        assert!(from == until && slots <= 15);
    }

    #[test]
    fn a_frame_that_begins_at_the_nodes_own_moment_cannot_stop_it() {
        let (mut mac, draws) = mac();
        mac.count = Some((Time::ZERO, 3));
        let moment = Time::ZERO + AIFS + SLOT * 3;
        mac.freeze(moment, Time::from_millis(5), &draws);
        assert_eq!(mac.turn(moment, None, &draws), Turn::Send);
    }

    #[test]
    fn a_reset_gives_back_what_waited_and_forgets_the_plan() {
        let (mut mac, draws) = mac();
        mac.turn(Time::ZERO, None, &draws);
        mac.planned = true;
        mac.reset(&Params::default());
        assert!(!mac.planned && !mac.sending && mac.count.is_none());
    }

    #[test]
    fn an_unacknowledged_frame_widens_the_window() {
        let (mut mac, draws) = mac();
        for expected in [31, 63, 127, 255, 511, 1023, 1023] {
            mac.widen(Time::ZERO, &draws);
            assert_eq!(mac.window, expected);
        }
        mac.after_success(Time::ZERO, &Params::default(), &draws);
        assert_eq!(mac.window, 15);
    }
}
