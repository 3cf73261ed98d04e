//! What a frame meets on its way.

use core::time::Duration;

use super::coin;
use crate::random::Stream;
use crate::{Address, Message, Time, decode, encode};

/// A channel with independent losses, duplicates and delays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channel {
    loss: f64,
    duplication: f64,
    delay: Duration,
    jitter: Duration,
}

impl Channel {
    /// Nothing is lost, nothing arrives twice, everything takes a millisecond.
    pub const fn perfect() -> Channel {
        Channel {
            loss: 0.0,
            duplication: 0.0,
            delay: Duration::from_millis(1),
            jitter: Duration::ZERO,
        }
    }

    /// A perfect channel, but that it loses this share of the frames, for each receiver on its own.
    pub const fn lossy(share: f64) -> Channel {
        Channel {
            loss: share,
            ..Channel::perfect()
        }
    }

    /// Delivers this share of the frames twice.
    pub const fn duplicating(self, share: f64) -> Channel {
        Channel {
            duplication: share,
            ..self
        }
    }

    /// Takes this long.
    pub const fn delayed(self, delay: Duration) -> Channel {
        Channel { delay, ..self }
    }

    /// Takes up to this much longer, drawn for each frame: frames overtake each other.
    pub const fn jittering(self, jitter: Duration) -> Channel {
        Channel { jitter, ..self }
    }

    /// The delays after which copies of one frame arrive at one receiver.
    pub(super) fn arrivals(&self, coins: &mut Stream) -> impl Iterator<Item = Duration> + use<> {
        let lost = coin(coins) < self.loss;
        let copies = if lost {
            0
        } else {
            1 + usize::from(coin(coins) < self.duplication)
        };
        let delays = [(); 2].map(|()| self.delay + self.jitter.mul_f64(coin(coins)));
        delays.into_iter().take(copies)
    }
}

/// A frame on its way to one receiver, as somebody in between sees it.
#[derive(Debug)]
pub struct Transit<'a> {
    /// When it was sent.
    pub at: Time,
    /// The sending node's name.
    pub sender: &'a str,
    /// The receiving node's name.
    pub receiver: &'a str,
    /// The address that it says it comes from.
    pub from: Address,
    /// The address to which it was sent.
    pub to: Address,
    /// Its bytes, to read or to change.
    pub frame: &'a mut Vec<u8>,
}

/// A tamperer who changes every message on its way to a node.
///
/// # Panics
/// If a frame to that node is no message of the protocol.
pub fn changing<M: Message>(
    receiver: &'static str,
    change: impl Fn(&mut M) + Send,
) -> impl FnMut(&mut Transit<'_>) -> Fate + Send {
    move |transit: &mut Transit<'_>| {
        if transit.receiver == receiver {
            match decode::<M>(transit.frame) {
                Ok(mut message) => {
                    change(&mut message);
                    *transit.frame = encode(&message);
                }
                Err(error) => panic!("a frame to {receiver} is no message: {error}"),
            }
        }
        Fate::Pass
    }
}

/// What becomes of a frame on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, as it is now.
    Pass,
    /// It never arrives.
    Drop,
    /// It arrives, and once more after this span.
    Repeat(Duration),
}
