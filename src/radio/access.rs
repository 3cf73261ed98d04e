//! Whose turn it is: carrier sense with back-off, for each node.
//!
//! A node that finds the channel busy draws a back-off and counts its slots down while the channel is idle; a frame of
//! somebody else freezes the count. Nothing ticks: the node plans the moment at which its count would reach zero, and
//! looks again then.

use std::collections::VecDeque;
use std::sync::Arc;

use roadveil_role::{LinkAddr, Time};

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
    /// The frame.
    pub bytes: Arc<[u8]>,
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

/// What a node senses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensed {
    /// When the first of the frames that it hears now began.
    pub since: Time,
    /// When the last of them ends.
    pub until: Time,
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

    /// Decides at `now`, with what is sensed, what to do about the first frame of the queue.
    pub fn turn(&mut self, now: Time, sensed: Option<Sensed>, draws: &Draws) -> Turn {
        match (self.count, sensed) {
            (None, None) => self.plan(now, 0),
            (None, Some(sensed)) => {
                let slots = self.draw(draws);
                self.plan(sensed.until, slots)
            }
            (Some((from, slots)), Some(sensed)) => {
                let counted = sensed.since.since(from + AIFS).as_nanos() / SLOT.as_nanos();
                let left = slots.saturating_sub(u32::try_from(counted).unwrap_or(u32::MAX));
                // A frame that froze a count of zero is a frame that began in the same slot: a new draw, as a busy
                // channel at the first look.
                let left = if left == 0 { self.draw(draws) } else { left };
                self.plan(sensed.until, left)
            }
            (Some((from, slots)), None) if now >= from + AIFS + SLOT * slots => {
                self.count = None;
                Turn::Send
            }
            (Some((from, slots)), None) => Turn::Wait(from + AIFS + SLOT * slots),
        }
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

    /// After an attempt that was not acknowledged: a wider window, as the standard doubles it.
    pub fn widen(&mut self, now: Time, draws: &Draws) {
        self.window = (self.window * 2 + 1).min(1023);
        self.after_frame(now, draws);
    }

    /// After a frame that is done with: the next one waits for a back-off of its own.
    pub fn after_success(&mut self, now: Time, params: &Params, draws: &Draws) {
        self.window = params.contention_window;
        self.after_frame(now, draws);
    }

    fn after_frame(&mut self, now: Time, draws: &Draws) {
        let slots = self.draw(draws);
        self.count = (!self.queue.is_empty()).then_some((now, slots));
    }

    /// Forgets everything: the node went down.
    pub fn reset(&mut self, params: &Params) {
        self.queue.clear();
        self.count = None;
        self.sending = false;
        self.window = params.contention_window;
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
        let now = Time::from_millis(1);
        let until = Time::from_millis(2);
        let Turn::Wait(at) = mac.turn(
            now,
            Some(Sensed {
                since: Time::ZERO,
                until,
            }),
            &draws,
        ) else {
            panic!("busy")
        };
        assert!(at >= until + AIFS && at <= until + AIFS + SLOT * 15);
        assert_eq!(mac.turn(at, None, &draws), Turn::Send);
    }

    #[test]
    fn a_frame_in_between_freezes_the_count() {
        let (mut mac, draws) = mac();
        mac.count = Some((Time::ZERO, 10));
        // Four whole slots have passed when somebody begins.
        let since = Time::ZERO + AIFS + SLOT * 4 + core::time::Duration::from_micros(5);
        let until = since + core::time::Duration::from_micros(400);
        let look = Time::ZERO + AIFS + SLOT * 10;
        assert_eq!(
            mac.turn(look, Some(Sensed { since, until }), &draws),
            Turn::Wait(until + AIFS + SLOT * 6)
        );
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
