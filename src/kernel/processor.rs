//! A node's processor: one callback at a time, and a bounded queue before it.

use std::collections::VecDeque;
use std::sync::Arc;

use roadveil_role::{Address, Inbound, Time, Timer};

use crate::event::TxId;

/// What waits for a processor.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// The node was switched on.
    Start { role: usize },
    /// A timer rang.
    Wake {
        role: usize,
        timer: Timer,
        due: Time,
        set: u32,
    },
    /// A frame arrived.
    Frame {
        role: usize,
        tx: TxId,
        from: Address,
        frame: Arc<Inbound>,
    },
    /// Another role of this node said something.
    Told { role: usize, by: usize, message: Vec<u8> },
}

/// In which order items are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Timers, starts and words between roles: first, and without bound, since a node makes them itself.
    Own,
    /// Frames for this node alone.
    Unicast,
    /// Frames for everyone.
    Broadcast,
}

/// A processor. It is small: every frame that its node hears looks at it.
#[derive(Clone, Debug)]
pub(super) struct Processor {
    /// Until when it works on the present callback.
    pub(super) free: Time,
    /// Nanoseconds worked since the last account.
    pub(super) busy: u64,
    /// Is a service planned?
    pub(super) planned: bool,
    /// Effects of the last callback have not left yet: nothing may overtake them.
    pub(super) owes: bool,
    /// Items that wait, and how many of them are frames.
    items: u32,
    frames: u32,
    bound: u32,
    /// Where they wait; nothing ever had to at most processors.
    queues: Option<Box<Queues>>,
}

/// Items that wait, by class.
#[derive(Clone, Debug, Default)]
struct Queues {
    own: VecDeque<Item>,
    unicast: VecDeque<Item>,
    broadcast: VecDeque<Item>,
}

impl Processor {
    /// An idle processor whose queue holds so many frames.
    pub(super) fn new(bound: usize) -> Processor {
        Processor {
            free: Time::ZERO,
            busy: 0,
            planned: false,
            owes: false,
            items: 0,
            frames: 0,
            bound: u32::try_from(bound).unwrap_or(u32::MAX),
            queues: None,
        }
    }

    /// Can it take up an item right now?
    pub(super) fn is_idle(&self, now: Time) -> bool {
        !self.owes && self.free <= now && self.items == 0
    }

    /// Frames that wait.
    pub(super) fn waiting(&self) -> usize {
        self.frames as usize
    }

    /// Queues an item. A full queue drops the newest of the lowest class: what comes back is lost.
    pub(super) fn push(&mut self, class: Class, item: Item) -> Option<Item> {
        let full = self.frames >= self.bound;
        let queues = self.queues.get_or_insert_default();
        match class {
            Class::Own => queues.own.push_back(item),
            Class::Broadcast if full => return Some(item),
            Class::Broadcast => queues.broadcast.push_back(item),
            Class::Unicast if full => match queues.broadcast.pop_back() {
                Some(dropped) => {
                    queues.unicast.push_back(item);
                    return Some(dropped);
                }
                None => return Some(item),
            },
            Class::Unicast => queues.unicast.push_back(item),
        }
        self.items += 1;
        self.frames += u32::from(class != Class::Own);
        None
    }

    /// The next item in order of class.
    pub(super) fn pop(&mut self) -> Option<Item> {
        let queues = self.queues.as_mut()?;
        let own = queues.own.pop_front();
        let is_frame = own.is_none();
        let item = own
            .or_else(|| queues.unicast.pop_front())
            .or_else(|| queues.broadcast.pop_front())?;
        self.items -= 1;
        self.frames -= u32::from(is_frame);
        Some(item)
    }

    /// Empties the queue, in order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Item> {
        core::iter::from_fn(move || self.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tx: u64) -> Item {
        Item::Frame {
            role: 0,
            tx: TxId(tx),
            from: Address::Host(roadveil_role::HostAddr(0)),
            frame: Arc::new(Inbound::new(Arc::from([]))),
        }
    }

    fn number(item: &Item) -> u64 {
        match item {
            Item::Frame { tx, .. } => tx.0,
            _ => 1000,
        }
    }

    #[test]
    fn classes_are_served_in_order_and_a_full_queue_drops_the_newest_of_the_lowest() {
        let mut processor = Processor::new(3);
        assert!(processor.push(Class::Broadcast, frame(1)).is_none());
        assert!(processor.push(Class::Broadcast, frame(2)).is_none());
        assert!(processor.push(Class::Unicast, frame(3)).is_none());
        assert_eq!(
            processor.push(Class::Broadcast, frame(4)).map(|item| number(&item)),
            Some(4)
        );
        assert_eq!(
            processor.push(Class::Unicast, frame(5)).map(|item| number(&item)),
            Some(2)
        );
        assert_eq!(
            processor.push(Class::Unicast, frame(6)).map(|item| number(&item)),
            Some(1)
        );
        assert_eq!(
            processor.push(Class::Unicast, frame(7)).map(|item| number(&item)),
            Some(7)
        );
        assert!(processor.push(Class::Own, Item::Start { role: 0 }).is_none());
        let order: Vec<u64> = processor.drain().map(|item| number(&item)).collect();
        assert_eq!(order, [1000, 3, 5, 6]);
    }
}
