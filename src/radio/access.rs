//! Whose turn it is: carrier sense with back-off, for each node.
//!
//! Each access category has a queue and a back-off of its own (EDCA, IEEE 802.11-2020, 10.23.2), or all frames share one
//! (DCF). Nothing ticks: a category knows from when its slots count and how many are left, so the moment of its access
//! follows from how long the channel has been idle. When the channel becomes busy the slots that passed are taken off
//! ([`Mac::pause`]); when it is idle again, [`Mac::resume`] says when somebody's turn comes.
//!
//! A frame that finds the channel idle, no back-off left over, needs none: it goes out after its inter-frame space, also
//! if that is interrupted once it waits. Every frame is followed by a back-off, whether another one waits or not.

use roadveil_role::{LinkAddr, Payload, Priority, Time};
use smallvec::SmallVec;

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

/// What the medium access of all nodes has in common.
#[derive(Debug)]
pub struct Contention {
    law: MacLaw,
    /// Most urgent category first; only one with DCF.
    rules: Vec<Rule>,
    /// Frames of one category that may wait at a node.
    limit: usize,
    draws: Draws,
}

/// How a category contends.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// Slots of the inter-frame space beyond SIFS.
    aifsn: u32,
    least_window: u32,
    greatest_window: u32,
}

impl Contention {
    /// What the parameters say, in the run with this seed.
    pub fn new(params: &Params, seed: u64) -> Contention {
        let (least, greatest) = (params.contention_window, params.contention_window_max);
        let rule = |aifsn: u32, least_window: u32, greatest_window: u32| Rule {
            aifsn,
            least_window,
            greatest_window,
        };
        // IEEE 802.11-2020, table 9-155: stations outside the context of a BSS.
        let rules = match params.mac {
            MacLaw::Edca => vec![
                rule(2, least / 4, least / 2),
                rule(3, least / 2, least),
                rule(6, least, greatest),
                rule(9, least, greatest),
            ],
            MacLaw::Dcf => vec![rule(2, least, greatest)],
        };
        Contention {
            law: params.mac,
            rules,
            limit: params.queue,
            draws: Draws::new(seed, "backoff"),
        }
    }

    /// The category of a priority.
    fn category(&self, priority: Priority) -> usize {
        match (self.law, priority) {
            (MacLaw::Dcf, _) | (_, Priority::Voice) => 0,
            (_, Priority::Video) => 1,
            (_, Priority::BestEffort) => 2,
            (_, Priority::Background) => 3,
        }
    }

    /// The end of a category's inter-frame space.
    fn space(&self, category: usize, sensed: Sensed) -> Time {
        let foreseen = sensed.spoilt_at.map_or(Time::ZERO, |at| at + EIFS_EXTRA);
        sensed.idle_since.max(foreseen) + SIFS + SLOT * self.rules[category].aifsn
    }
}

/// An access category's contention at a node.
#[derive(Clone, Copy, Debug, Default)]
struct Category {
    /// From when slots count, if the channel is idle long enough.
    from: Time,
    /// Slots of back-off left.
    slots: u32,
    window: u32,
}

/// A node's medium access. It is small, as most of a city's nodes have nothing to send at a time, and one frame when they do.
#[derive(Clone, Debug)]
pub struct Mac {
    /// Number of the plan that holds; every change of plan makes a new one.
    pub plan: u32,
    /// On the air now, or waiting for an acknowledgement.
    pub sending: bool,
    /// Does the back-off stand still?
    paused: bool,
    draws_made: u64,
    key: Key,
    /// As many as there are rules.
    categories: [Category; 4],
    /// What waits, each category's frames in order.
    queue: SmallVec<[Outgoing; 1]>,
}

impl Mac {
    /// A word of each of its lines, for [`warm`](super::warm::warm).
    pub fn words(&self) -> u64 {
        self.draws_made ^ u64::from(self.categories[3].window) ^ self.queue.len() as u64
    }

    /// The medium access of the node with this key.
    pub fn new(key: Key, common: &Contention) -> Mac {
        let mut categories = [Category::default(); 4];
        for (category, rule) in categories.iter_mut().zip(&common.rules) {
            category.window = rule.least_window;
        }
        Mac {
            plan: 0,
            sending: false,
            paused: false,
            draws_made: 0,
            key,
            categories,
            queue: SmallVec::new(),
        }
    }

    /// Is there no room for a frame of this priority?
    pub fn is_full(&self, priority: Priority, common: &Contention) -> bool {
        // Frames of all categories are at least as many.
        self.queue.len() >= common.limit && self.waiting(common.category(priority), common) >= common.limit
    }

    /// Is there nothing that could be held up by a busy channel: no frame, and no back-off left over?
    pub fn is_quiet(&self) -> bool {
        self.queue.is_empty() && self.categories.iter().all(|category| category.slots == 0)
    }

    /// Does a frame wait?
    #[cfg(test)]
    pub fn waits(&self) -> bool {
        !self.queue.is_empty()
    }

    /// A frame joins its queue; it comes back if that is full.
    ///
    /// # Errors
    /// The frame, if there is no room for it.
    pub fn enqueue(&mut self, now: Time, frame: Outgoing, sensed: Sensed, common: &Contention) -> Result<(), Outgoing> {
        if !sensed.busy {
            self.count(now, sensed, common);
        }
        if self.is_full(frame.priority, common) {
            return Err(frame);
        }
        let index = common.category(frame.priority);
        let first = !self.has(index, common);
        self.queue.push(frame);
        if first && self.categories[index].slots == 0 {
            if sensed.busy || self.sending {
                self.draw(index, now, common);
            } else {
                self.categories[index].from = match common.law {
                    MacLaw::Dcf => now + SIFS + SLOT * common.rules[index].aifsn,
                    MacLaw::Edca => next_boundary(now, common.space(index, sensed)),
                };
            }
        }
        Ok(())
    }

    /// The channel becomes busy, or busier: the slots that passed until it did count.
    pub fn pause(&mut self, now: Time, sensed: Sensed, common: &Contention) {
        if !core::mem::replace(&mut self.paused, true) {
            self.count(now, sensed, common);
        }
        self.plan += 1;
    }

    /// The channel is idle. When somebody's turn comes, if it stays so, and the number of this plan.
    pub fn resume(&mut self, sensed: Sensed, common: &Contention) -> Option<(Time, u32)> {
        self.paused = false;
        if self.sending {
            return None;
        }
        let waiting = self.queue.iter().map(|frame| common.category(frame.priority));
        let at = waiting.map(|index| self.due(index, sensed, common)).min()?;
        self.plan += 1;
        Some((at, self.plan))
    }

    /// The frame whose turn it is. A less urgent one whose turn it is as well has collided within the node: it draws a
    /// back-off from a wider window.
    pub fn take(&mut self, now: Time, sensed: Sensed, common: &Contention) -> Option<Outgoing> {
        self.count(now, sensed, common);
        let is_due = |mac: &Mac, index: usize| mac.has(index, common) && mac.due(index, sensed, common) <= now;
        let count = common.rules.len();
        let winner = (0..count).find(|&index| is_due(self, index))?;
        for loser in winner + 1..count {
            if is_due(self, loser) {
                self.widen(loser, common);
                self.draw(loser, now, common);
            }
        }
        self.plan += 1;
        let first = self.first(winner, common)?;
        Some(self.queue.remove(first))
    }

    /// A frame is done with, for good or ill: a back-off follows.
    pub fn done(&mut self, now: Time, priority: Priority, common: &Contention) {
        let index = common.category(priority);
        self.categories[index].window = common.rules[index].least_window;
        self.sending = false;
        self.draw(index, now, common);
    }

    /// A frame was not acknowledged: it is the next one again, after a back-off from a wider window.
    pub fn retry(&mut self, now: Time, frame: Outgoing, common: &Contention) {
        let index = common.category(frame.priority);
        self.queue.insert(0, frame);
        self.widen(index, common);
        self.sending = false;
        self.draw(index, now, common);
    }

    /// The first frame that has waited longer than `lifetime`.
    pub fn pop_expired(&mut self, now: Time, lifetime: core::time::Duration, common: &Contention) -> Option<Outgoing> {
        if self.queue.is_empty() {
            return None;
        }
        let mut firsts = (0..common.rules.len()).filter_map(|index| self.first(index, common));
        let expired = firsts.find(|&first| now.since(self.queue[first].since) > lifetime)?;
        Some(self.queue.remove(expired))
    }

    /// The node went down: what waited comes back, and everything else is forgotten.
    pub fn reset(&mut self, common: &Contention) -> Vec<Outgoing> {
        self.sending = false;
        self.plan += 1;
        for (category, rule) in self.categories.iter_mut().zip(&common.rules) {
            category.slots = 0;
            category.window = rule.least_window;
        }
        let mut waited: Vec<Outgoing> = self.queue.drain(..).collect();
        waited.sort_by_key(|frame| common.category(frame.priority));
        waited
    }

    /// Where the first frame of a category is in the queue.
    fn first(&self, index: usize, common: &Contention) -> Option<usize> {
        self.queue
            .iter()
            .position(|frame| common.category(frame.priority) == index)
    }

    fn has(&self, index: usize, common: &Contention) -> bool {
        self.first(index, common).is_some()
    }

    /// How many frames of a category wait.
    fn waiting(&self, index: usize, common: &Contention) -> usize {
        let of_category = |frame: &&Outgoing| common.category(frame.priority) == index;
        self.queue.iter().filter(of_category).count()
    }

    /// When a category's turn comes.
    fn due(&self, index: usize, sensed: Sensed, common: &Contention) -> Time {
        let category = &self.categories[index];
        category.from.max(common.space(index, sensed)) + SLOT * category.slots
    }

    /// Takes off the slots that have passed up to `now` in a channel that is idle, or was until now. With EDCA the
    /// inter-frame space ends on a slot boundary at which one is taken off already.
    fn count(&mut self, now: Time, sensed: Sensed, common: &Contention) {
        for index in 0..common.rules.len() {
            let category = &mut self.categories[index];
            let begin = category.from.max(common.space(index, sensed));
            if begin > now {
                continue;
            }
            let passed = (now.0 - begin.0) / SLOT.as_nanos() as u64;
            let passed = passed + u64::from(common.law == MacLaw::Edca);
            let counted = category.slots.min(u32::try_from(passed).unwrap_or(u32::MAX));
            category.slots -= counted;
            category.from = begin + SLOT * counted;
        }
    }

    fn widen(&mut self, index: usize, common: &Contention) {
        let category = &mut self.categories[index];
        category.window = (category.window * 2 + 1).min(common.rules[index].greatest_window);
    }

    fn draw(&mut self, index: usize, now: Time, common: &Contention) {
        self.draws_made += 1;
        let mut draw = common.draws.sequence(self.key, self.key, self.draws_made);
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

    fn mac(law: MacLaw) -> (Mac, Contention) {
        let params = Params {
            mac: law,
            ..Params::preset(Preset::Ns3)
        };
        let common = Contention::new(&params, 1);
        (Mac::new(Key::of("n"), &common), common)
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

    fn turn(mac: &mut Mac, common: &Contention, sensed: Sensed) -> Option<Time> {
        mac.resume(sensed, common).map(|(at, _)| at)
    }

    fn us(micros: u64) -> Time {
        Time(micros * 1_000)
    }

    #[test]
    fn an_idle_channel_is_taken_after_the_interframe_space() {
        let (mut mac, common) = mac(MacLaw::Dcf);
        mac.enqueue(us(1_000), frame(Priority::Voice), idle(0), &common)
            .expect("room");
        assert_eq!(turn(&mut mac, &common, idle(0)), Some(us(1_000) + DIFS));
        assert!(mac.take(us(1_000) + DIFS, idle(0), &common).is_some());
        assert!(!mac.waits());
    }

    #[test]
    fn a_space_that_is_interrupted_begins_anew_without_a_back_off() {
        let (mut mac, common) = mac(MacLaw::Dcf);
        mac.enqueue(us(1_000), frame(Priority::Voice), idle(0), &common)
            .expect("room");
        mac.pause(us(1_030), idle(0), &common);
        assert_eq!(turn(&mut mac, &common, idle(1_500)), Some(us(1_500) + DIFS));
    }

    #[test]
    fn a_busy_channel_asks_for_a_back_off_within_the_window() {
        let (mut mac, common) = mac(MacLaw::Dcf);
        let mut seen = [false; 16];
        for _ in 0..300 {
            mac.enqueue(us(1_000), frame(Priority::Voice), busy(0), &common)
                .expect("room");
            let at = turn(&mut mac, &common, idle(1_500)).expect("waits");
            let slots = (at.0 - (us(1_500) + DIFS).0) / SLOT.as_nanos() as u64;
            seen[slots as usize] = true;
            mac.reset(&common);
        }
        assert_eq!(seen, [true; 16]);
    }

    #[test]
    fn a_pause_takes_off_whole_slots_only() {
        let (mut mac, common) = mac(MacLaw::Dcf);
        mac.enqueue(us(1_000), frame(Priority::Voice), busy(0), &common)
            .expect("room");
        mac.categories[0].slots = 10;
        // Four whole slots after the space have passed when somebody begins, and the frame is short.
        mac.pause(
            us(1_500) + DIFS + SLOT * 4 + core::time::Duration::from_micros(5),
            idle(1_500),
            &common,
        );
        assert_eq!(turn(&mut mac, &common, idle(2_000)), Some(us(2_000) + DIFS + SLOT * 6));
    }

    #[test]
    fn every_frame_is_followed_by_a_back_off() {
        let (mut mac, common) = mac(MacLaw::Dcf);
        mac.enqueue(us(0), frame(Priority::Voice), idle(0), &common)
            .expect("room");
        assert!(mac.take(us(58), idle(0), &common).is_some());
        mac.sending = true;
        assert_eq!(turn(&mut mac, &common, idle(0)), None);
        mac.done(us(600), Priority::Voice, &common);
        mac.categories[0].slots = 7;
        // A frame that comes before the back-off is over waits for the rest of it.
        mac.enqueue(us(600) + DIFS + SLOT * 2, frame(Priority::Voice), idle(600), &common)
            .expect("room");
        assert_eq!(turn(&mut mac, &common, idle(600)), Some(us(600) + DIFS + SLOT * 7));
    }

    #[test]
    fn a_spoilt_frame_extends_the_space() {
        let (mut mac, common) = mac(MacLaw::Dcf);
        mac.enqueue(us(1_000), frame(Priority::Voice), busy(0), &common)
            .expect("room");
        mac.categories[0].slots = 0;
        let spoilt = Sensed {
            spoilt_at: Some(us(1_500)),
            ..idle(1_500)
        };
        assert_eq!(turn(&mut mac, &common, spoilt), Some(us(1_500) + DIFS + EIFS_EXTRA));
        // What kept the channel busy after it is over later, and hides part of the longer space.
        let longer = Sensed {
            spoilt_at: Some(us(1_500)),
            ..idle(1_550)
        };
        assert_eq!(turn(&mut mac, &common, longer), Some(us(1_500) + DIFS + EIFS_EXTRA));
        let long_ago = Sensed {
            spoilt_at: Some(us(1_500)),
            ..idle(1_700)
        };
        assert_eq!(turn(&mut mac, &common, long_ago), Some(us(1_700) + DIFS));
    }

    #[test]
    fn edca_serves_the_urgent_first_and_the_others_back_off() {
        let (mut mac, common) = mac(MacLaw::Edca);
        for priority in [
            Priority::Background,
            Priority::BestEffort,
            Priority::Video,
            Priority::Voice,
        ] {
            mac.enqueue(us(1_000), frame(priority), busy(0), &common).expect("room");
        }
        for category in &mut mac.categories {
            category.slots = 0;
        }
        let at = us(2_000) + SIFS + SLOT * 9;
        let first = mac.take(at, idle(2_000), &common).expect("due");
        assert_eq!(first.priority, Priority::Voice);
        assert_eq!(mac.categories.map(|category| category.window), [3, 15, 31, 31]);
    }

    #[test]
    fn edca_begins_on_slot_boundaries() {
        let (mut mac, common) = mac(MacLaw::Edca);
        let space = us(100) + SIFS + SLOT * 6;
        mac.enqueue(us(1_000), frame(Priority::BestEffort), idle(100), &common)
            .expect("room");
        let at = turn(&mut mac, &common, idle(100)).expect("waits");
        assert!(at > us(1_000) && at <= us(1_000) + SLOT);
        assert_eq!((at.0 - space.0) % SLOT.as_nanos() as u64, 0);
    }

    #[test]
    fn an_unacknowledged_frame_widens_the_window_and_a_new_one_begins_anew() {
        let (mut mac, common) = mac(MacLaw::Dcf);
        for expected in [31, 63, 127, 255, 511, 1023, 1023] {
            mac.retry(us(0), frame(Priority::Voice), &common);
            assert_eq!(mac.categories[0].window, expected);
        }
        mac.done(us(0), Priority::Voice, &common);
        assert_eq!(mac.categories[0].window, 15);
    }

    #[test]
    fn a_full_queue_gives_the_frame_back() {
        let (mut mac, mut common) = mac(MacLaw::Edca);
        common.limit = 1;
        assert!(mac.enqueue(us(0), frame(Priority::Voice), idle(0), &common).is_ok());
        assert!(mac.enqueue(us(0), frame(Priority::Voice), idle(0), &common).is_err());
        assert!(mac.enqueue(us(0), frame(Priority::Video), idle(0), &common).is_ok());
        assert_eq!(mac.reset(&common).len(), 2);
        assert!(mac.is_quiet());
    }
}
