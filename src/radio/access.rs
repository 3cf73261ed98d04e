//! Whose turn it is: carrier sense with back-off, for each node.
//!
//! Each access category has a queue and a back-off of its own (EDCA, IEEE 802.11-2020, 10.23.2), or all frames share one
//! (DCF). Nothing ticks: a category knows from when its slots count and how many are left, so the moment of its access
//! follows from how long the channel has been idle. When the channel becomes busy the slots that passed are taken off
//! ([`Mac::pause`]); when it is idle again, [`Mac::resume`] says when somebody's turn comes.
//!
//! A frame that finds the channel idle, no back-off left over, needs none: it goes out after its inter-frame space, also
//! if that is interrupted once it waits. Every frame is followed by a back-off, whether another one waits or not.

use std::collections::VecDeque;

use roadveil_role::{LinkAddr, Payload, Priority, Time};
use smallvec::{SmallVec, smallvec};

use super::draw::{Draws, Key};
use super::params::{MacLaw, Params};
use super::{EIFS_EXTRA, SIFS, SLOT};

/// A frame that waits for the channel.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The sender's address at the time of sending.
    pub from: LinkAddr,
    /// The receiver's address.
    pub to: LinkAddr,
    /// How urgent it is.
    pub priority: Priority,
    /// The frame, perhaps not built yet.
    pub payload: Payload,
    /// When the role sent it.
    pub since: Time,
    /// Attempts made before.
    pub attempt: u8,
    /// Did the receiver get it at an earlier attempt, of which the acknowledgement was lost?
    pub received: bool,
}

/// The channel as a node senses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sensed {
    /// Is somebody on the air?
    pub taken: bool,
    /// Is it taken, or reserved?
    pub busy: bool,
    /// Since when it is idle, if it is; in future while it is reserved.
    pub idle_since: Time,
    /// When the last frame ended, if it was spoilt, so that others may wait for an acknowledgement that this node cannot
    /// foresee.
    pub spoilt_at: Option<Time>,
}

/// An access category's contention.
#[derive(Clone, Debug)]
struct Category {
    queue: VecDeque<Outgoing>,
    /// Slots of the inter-frame space beyond SIFS.
    aifsn: u32,
    window: u32,
    least_window: u32,
    greatest_window: u32,
    /// Slots of back-off left.
    slots: u32,
    /// From when they count, if the channel is idle long enough.
    from: Time,
}

/// A node's medium access.
#[derive(Clone, Debug)]
pub struct Mac {
    /// On the air now, or waiting for an acknowledgement.
    pub sending: bool,
    /// Number of the plan that holds; every change of plan makes a new one.
    pub plan: u32,
    /// Does the back-off stand still?
    paused: bool,
    law: MacLaw,
    /// Most urgent first; only one with DCF.
    categories: SmallVec<[Category; 4]>,
    key: Key,
    draws_made: u64,
    limit: usize,
}

impl Mac {
    /// The medium access of the node with this key.
    pub fn new(key: Key, params: &Params) -> Mac {
        let (least, greatest) = (params.contention_window, params.contention_window_max);
        let category = |aifsn: u32, least_window: u32, greatest_window: u32| Category {
            queue: VecDeque::new(),
            aifsn,
            window: least_window,
            least_window,
            greatest_window,
            slots: 0,
            from: Time::ZERO,
        };
        // IEEE 802.11-2020, table 9-155: stations outside the context of a BSS.
        let categories = match params.mac {
            MacLaw::Edca => smallvec![
                category(2, least / 4, least / 2),
                category(3, least / 2, least),
                category(6, least, greatest),
                category(9, least, greatest),
            ],
            MacLaw::Dcf => smallvec![category(2, least, greatest)],
        };
        Mac {
            sending: false,
            plan: 0,
            paused: false,
            law: params.mac,
            categories,
            key,
            draws_made: 0,
            limit: params.queue,
        }
    }

    /// Is there no room for a frame of this priority?
    pub fn is_full(&self, priority: Priority) -> bool {
        self.categories[self.index(priority)].queue.len() >= self.limit
    }

    /// Is there nothing that could be held up by a busy channel: no frame, and no back-off left over?
    pub fn is_quiet(&self) -> bool {
        self.categories
            .iter()
            .all(|category| category.queue.is_empty() && category.slots == 0)
    }

    /// Does a frame wait?
    pub fn waits(&self) -> bool {
        self.categories.iter().any(|category| !category.queue.is_empty())
    }

    /// A frame joins its queue; it comes back if that is full.
    ///
    /// # Errors
    /// The frame, if there is no room for it.
    pub fn enqueue(&mut self, now: Time, frame: Outgoing, sensed: Sensed, draws: &Draws) -> Result<(), Outgoing> {
        if !sensed.busy {
            self.count(now, sensed);
        }
        let index = self.index(frame.priority);
        let (law, sending) = (self.law, self.sending);
        let space = self.space(index, sensed);
        let category = &mut self.categories[index];
        if category.queue.len() >= self.limit {
            return Err(frame);
        }
        let first = category.queue.is_empty();
        category.queue.push_back(frame);
        if first && category.slots == 0 {
            if sensed.busy || sending {
                self.draw(index, now, draws);
            } else {
                category.from = match law {
                    MacLaw::Dcf => now + SIFS + SLOT * category.aifsn,
                    MacLaw::Edca => next_boundary(now, space),
                };
            }
        }
        Ok(())
    }

    /// The channel becomes busy, or busier: the slots that passed until it did count.
    pub fn pause(&mut self, now: Time, sensed: Sensed) {
        if !core::mem::replace(&mut self.paused, true) {
            self.count(now, sensed);
        }
        self.plan += 1;
    }

    /// The channel is idle. When somebody's turn comes, if it stays so, and the number of this plan.
    pub fn resume(&mut self, sensed: Sensed) -> Option<(Time, u32)> {
        self.paused = false;
        if self.sending {
            return None;
        }
        let waiting = (0..self.categories.len()).filter(|&index| !self.categories[index].queue.is_empty());
        let at = waiting.map(|index| self.due(index, sensed)).min()?;
        self.plan += 1;
        Some((at, self.plan))
    }

    /// The frame whose turn it is. A less urgent one whose turn it is as well has collided within the node: it draws a
    /// back-off from a wider window.
    pub fn take(&mut self, now: Time, sensed: Sensed, draws: &Draws) -> Option<Outgoing> {
        self.count(now, sensed);
        let is_due = |mac: &Mac, index: usize| !mac.categories[index].queue.is_empty() && mac.due(index, sensed) <= now;
        let winner = (0..self.categories.len()).find(|&index| is_due(self, index))?;
        for loser in winner + 1..self.categories.len() {
            if is_due(self, loser) {
                self.widen(loser);
                self.draw(loser, now, draws);
            }
        }
        self.plan += 1;
        self.categories[winner].queue.pop_front()
    }

    /// A frame is done with, for good or ill: a back-off follows.
    pub fn done(&mut self, now: Time, priority: Priority, draws: &Draws) {
        let index = self.index(priority);
        self.categories[index].window = self.categories[index].least_window;
        self.sending = false;
        self.draw(index, now, draws);
    }

    /// A frame was not acknowledged: it is the next one again, after a back-off from a wider window.
    pub fn retry(&mut self, now: Time, frame: Outgoing, draws: &Draws) {
        let index = self.index(frame.priority);
        self.categories[index].queue.push_front(frame);
        self.widen(index);
        self.sending = false;
        self.draw(index, now, draws);
    }

    /// The first frame that has waited longer than `lifetime`.
    pub fn pop_expired(&mut self, now: Time, lifetime: core::time::Duration) -> Option<Outgoing> {
        self.categories
            .iter_mut()
            .find_map(|category| category.queue.pop_front_if(|frame| now.since(frame.since) > lifetime))
    }

    /// The node went down: what waited comes back, and everything else is forgotten.
    pub fn reset(&mut self) -> Vec<Outgoing> {
        self.sending = false;
        self.plan += 1;
        let mut waited = Vec::new();
        for category in &mut self.categories {
            waited.extend(category.queue.drain(..));
            category.slots = 0;
            category.window = category.least_window;
        }
        waited
    }

    fn index(&self, priority: Priority) -> usize {
        match (self.law, priority) {
            (MacLaw::Dcf, _) | (_, Priority::Voice) => 0,
            (_, Priority::Video) => 1,
            (_, Priority::BestEffort) => 2,
            (_, Priority::Background) => 3,
        }
    }

    /// The end of a category's inter-frame space.
    fn space(&self, index: usize, sensed: Sensed) -> Time {
        let foreseen = sensed.spoilt_at.map_or(Time::ZERO, |at| at + EIFS_EXTRA);
        sensed.idle_since.max(foreseen) + SIFS + SLOT * self.categories[index].aifsn
    }

    /// When a category's turn comes.
    fn due(&self, index: usize, sensed: Sensed) -> Time {
        let category = &self.categories[index];
        category.from.max(self.space(index, sensed)) + SLOT * category.slots
    }

    /// Takes off the slots that have passed up to `now` in a channel that is idle, or was until now. With EDCA the
    /// inter-frame space ends on a slot boundary at which one is taken off already.
    fn count(&mut self, now: Time, sensed: Sensed) {
        for index in 0..self.categories.len() {
            let begin = self.categories[index].from.max(self.space(index, sensed));
            if begin > now {
                continue;
            }
            let passed = (now.0 - begin.0) / SLOT.as_nanos() as u64;
            let passed = passed + u64::from(self.law == MacLaw::Edca);
            let category = &mut self.categories[index];
            let counted = category.slots.min(u32::try_from(passed).unwrap_or(u32::MAX));
            category.slots -= counted;
            category.from = begin + SLOT * counted;
        }
    }

    fn widen(&mut self, index: usize) {
        let category = &mut self.categories[index];
        category.window = (category.window * 2 + 1).min(category.greatest_window);
    }

    fn draw(&mut self, index: usize, now: Time, draws: &Draws) {
        self.draws_made += 1;
        let mut draw = draws.sequence(self.key, self.key, self.draws_made);
        let category = &mut self.categories[index];
        category.slots = draw.below_or(category.window);
        category.from = now;
    }
}

/// The first slot boundary after `now`, counted from the end of the inter-frame space; that end, if it is yet to come.
fn next_boundary(now: Time, space: Time) -> Time {
    if now <= space {
        return space;
    }
    let slots = (now.0 - space.0) / SLOT.as_nanos() as u64 + 1;
    Time(space.0 + slots * SLOT.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::params::Preset;
    use super::*;

    const DIFS: core::time::Duration = core::time::Duration::from_micros(58);

    fn mac(law: MacLaw) -> (Mac, Draws) {
        let params = Params {
            mac: law,
            ..Params::preset(Preset::Ns3)
        };
        (Mac::new(Key::of("n"), &params), Draws::new(1, "backoff"))
    }

    fn frame(priority: Priority) -> Outgoing {
        Outgoing {
            from: LinkAddr::local([1; 6]),
            to: LinkAddr::BROADCAST,
            priority,
            payload: Payload::Ready([0].into()),
            since: Time::ZERO,
            attempt: 0,
            received: false,
        }
    }

    fn idle(since_us: u64) -> Sensed {
        Sensed {
            taken: false,
            busy: false,
            idle_since: Time(since_us * 1_000),
            spoilt_at: None,
        }
    }

    fn busy(since_us: u64) -> Sensed {
        Sensed {
            taken: true,
            busy: true,
            ..idle(since_us)
        }
    }

    fn turn(mac: &mut Mac, sensed: Sensed) -> Option<Time> {
        mac.resume(sensed).map(|(at, _)| at)
    }

    fn us(micros: u64) -> Time {
        Time(micros * 1_000)
    }

    #[test]
    fn an_idle_channel_is_taken_after_the_interframe_space() {
        let (mut mac, draws) = mac(MacLaw::Dcf);
        mac.enqueue(us(1_000), frame(Priority::Voice), idle(0), &draws)
            .expect("room");
        assert_eq!(turn(&mut mac, idle(0)), Some(us(1_000) + DIFS));
        assert!(mac.take(us(1_000) + DIFS, idle(0), &draws).is_some());
        assert!(!mac.waits());
    }

    #[test]
    fn a_space_that_is_interrupted_begins_anew_without_a_back_off() {
        let (mut mac, draws) = mac(MacLaw::Dcf);
        mac.enqueue(us(1_000), frame(Priority::Voice), idle(0), &draws)
            .expect("room");
        mac.pause(us(1_030), idle(0));
        assert_eq!(turn(&mut mac, idle(1_500)), Some(us(1_500) + DIFS));
    }

    #[test]
    fn a_busy_channel_asks_for_a_back_off_within_the_window() {
        let (mut mac, draws) = mac(MacLaw::Dcf);
        let mut seen = [false; 16];
        for _ in 0..300 {
            mac.enqueue(us(1_000), frame(Priority::Voice), busy(0), &draws)
                .expect("room");
            let at = turn(&mut mac, idle(1_500)).expect("waits");
            let slots = (at.0 - (us(1_500) + DIFS).0) / SLOT.as_nanos() as u64;
            seen[slots as usize] = true;
            mac.reset();
        }
        assert_eq!(seen, [true; 16]);
    }

    #[test]
    fn a_pause_takes_off_whole_slots_only() {
        let (mut mac, draws) = mac(MacLaw::Dcf);
        mac.enqueue(us(1_000), frame(Priority::Voice), busy(0), &draws)
            .expect("room");
        mac.categories[0].slots = 10;
        // Four whole slots after the space have passed when somebody begins, and the frame is short.
        mac.pause(
            us(1_500) + DIFS + SLOT * 4 + core::time::Duration::from_micros(5),
            idle(1_500),
        );
        assert_eq!(turn(&mut mac, idle(2_000)), Some(us(2_000) + DIFS + SLOT * 6));
    }

    #[test]
    fn every_frame_is_followed_by_a_back_off() {
        let (mut mac, draws) = mac(MacLaw::Dcf);
        mac.enqueue(us(0), frame(Priority::Voice), idle(0), &draws)
            .expect("room");
        assert!(mac.take(us(58), idle(0), &draws).is_some());
        mac.sending = true;
        assert_eq!(turn(&mut mac, idle(0)), None);
        mac.done(us(600), Priority::Voice, &draws);
        mac.categories[0].slots = 7;
        // A frame that comes before the back-off is over waits for the rest of it.
        mac.enqueue(us(600) + DIFS + SLOT * 2, frame(Priority::Voice), idle(600), &draws)
            .expect("room");
        assert_eq!(turn(&mut mac, idle(600)), Some(us(600) + DIFS + SLOT * 7));
    }

    #[test]
    fn a_spoilt_frame_extends_the_space() {
        let (mut mac, draws) = mac(MacLaw::Dcf);
        mac.enqueue(us(1_000), frame(Priority::Voice), busy(0), &draws)
            .expect("room");
        mac.categories[0].slots = 0;
        let spoilt = Sensed {
            spoilt_at: Some(us(1_500)),
            ..idle(1_500)
        };
        assert_eq!(turn(&mut mac, spoilt), Some(us(1_500) + DIFS + EIFS_EXTRA));
        // What kept the channel busy after it is over later, and hides part of the longer space.
        let longer = Sensed {
            spoilt_at: Some(us(1_500)),
            ..idle(1_550)
        };
        assert_eq!(turn(&mut mac, longer), Some(us(1_500) + DIFS + EIFS_EXTRA));
        let long_ago = Sensed {
            spoilt_at: Some(us(1_500)),
            ..idle(1_700)
        };
        assert_eq!(turn(&mut mac, long_ago), Some(us(1_700) + DIFS));
    }

    #[test]
    fn edca_serves_the_urgent_first_and_the_others_back_off() {
        let (mut mac, draws) = mac(MacLaw::Edca);
        for priority in [
            Priority::Background,
            Priority::BestEffort,
            Priority::Video,
            Priority::Voice,
        ] {
            mac.enqueue(us(1_000), frame(priority), busy(0), &draws).expect("room");
        }
        for category in &mut mac.categories {
            category.slots = 0;
        }
        let at = us(2_000) + SIFS + SLOT * 9;
        let first = mac.take(at, idle(2_000), &draws).expect("due");
        assert_eq!(first.priority, Priority::Voice);
        let windows: Vec<u32> = mac.categories.iter().map(|category| category.window).collect();
        assert_eq!(windows, [3, 15, 31, 31]);
    }

    #[test]
    fn edca_begins_on_slot_boundaries() {
        let (mut mac, draws) = mac(MacLaw::Edca);
        let space = us(100) + SIFS + SLOT * 6;
        mac.enqueue(us(1_000), frame(Priority::BestEffort), idle(100), &draws)
            .expect("room");
        let at = turn(&mut mac, idle(100)).expect("waits");
        assert!(at > us(1_000) && at <= us(1_000) + SLOT);
        assert_eq!((at.0 - space.0) % SLOT.as_nanos() as u64, 0);
    }

    #[test]
    fn an_unacknowledged_frame_widens_the_window_and_a_new_one_begins_anew() {
        let (mut mac, draws) = mac(MacLaw::Dcf);
        for expected in [31, 63, 127, 255, 511, 1023, 1023] {
            mac.retry(us(0), frame(Priority::Voice), &draws);
            assert_eq!(mac.categories[0].window, expected);
        }
        mac.done(us(0), Priority::Voice, &draws);
        assert_eq!(mac.categories[0].window, 15);
    }

    #[test]
    fn a_full_queue_gives_the_frame_back() {
        let (mut mac, draws) = mac(MacLaw::Edca);
        mac.limit = 1;
        assert!(mac.enqueue(us(0), frame(Priority::Voice), idle(0), &draws).is_ok());
        assert!(mac.enqueue(us(0), frame(Priority::Voice), idle(0), &draws).is_err());
        assert!(mac.enqueue(us(0), frame(Priority::Video), idle(0), &draws).is_ok());
        assert_eq!(mac.reset().len(), 2);
        assert!(mac.is_quiet());
    }
}
