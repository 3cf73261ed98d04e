//! Figures by second of virtual time.

use std::collections::VecDeque;

use roadveil_role::Time;
use serde::{Deserialize, Serialize};

/// How many seconds a scene remembers.
const ROOM: usize = 600;

/// The figures of one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Which second of the run.
    pub second: u64,
    /// Transmissions that began in it.
    pub sent: u32,
    /// Pairs of transmission and receiver that were delivered.
    pub delivered: u32,
    /// Pairs that were lost.
    pub lost: u32,
}

/// The last seconds, oldest first, without gaps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rates {
    seconds: VecDeque<Rate>,
}

impl Rates {
    /// The second of that moment. Moments never go back; one that does is counted in the last second.
    pub(super) fn at(&mut self, at: Time) -> &mut Rate {
        let second = at.0 / 1_000_000_000;
        let next = self.seconds.back().map_or(second, |last| last.second.saturating_add(1));
        // A long silence needs no more zeros than there is room for.
        for second in next.max(second.saturating_sub(ROOM as u64))..=second {
            if self.seconds.len() >= ROOM {
                self.seconds.pop_front();
            }
            self.seconds.push_back(Rate {
                second,
                ..Rate::default()
            });
        }
        let last = self.seconds.len().saturating_sub(1);
        // The loop above leaves at least one second.
        &mut self.seconds[last]
    }

    /// All, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Rate> + ExactSizeIterator {
        self.seconds.iter()
    }

    /// The figures of the last second that is over at `now`; in the first second, those so far.
    pub fn last_whole(&self, now: Time) -> Rate {
        let second = (now.0 / 1_000_000_000).saturating_sub(1);
        self.seconds
            .iter()
            .rev()
            .find(|rate| rate.second == second)
            .copied()
            .unwrap_or_default()
    }
}
