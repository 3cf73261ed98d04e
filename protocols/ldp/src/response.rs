//! Randomised response among so many: one's own, or with some chance any other.

use rand_core::Rng;

use crate::draw::{Chance, ONE, least};
use crate::epsilon::Epsilon;

/// Whole chances: of each other one, and what is left for one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    count: u32,
    other: u128,
}

impl Response {
    /// As often one's own as the budget allows, among two or more.
    pub(crate) fn new(epsilon: Epsilon, count: u32) -> Response {
        let odds = epsilon.exp_below();
        let others = u128::from(count - 1);
        // All alike is always allowed.
        let most = ONE / (others + 1);
        let holds = |other: u128| others * other <= ONE && odds.allow(ONE - others * other, other);
        let other = least(|other| other >= most || holds(other));
        Response { count, other }
    }

    /// With a chance of each other one that was found otherwise.
    pub(crate) fn with(count: u32, other: u128) -> Response {
        Response { count, other }
    }

    /// Among how many.
    pub(crate) fn count(self) -> u32 {
        self.count
    }

    /// The weights of one's own, and of each other.
    pub(crate) fn weights(self) -> (u128, u128) {
        (ONE - u128::from(self.count - 1) * self.other, self.other)
    }

    /// The weight of a response to one's own.
    pub(crate) fn weight(self, own: u32, response: u64) -> u128 {
        let (same, other) = self.weights();
        if u64::from(own) == response { same } else { other }
    }

    /// The same as numbers.
    pub(crate) fn chances(self) -> (f64, f64) {
        let (own, other) = self.weights();
        (Chance::of(own).get(), Chance::of(other).get())
    }

    /// What is said instead of one's own.
    pub(crate) fn say(self, own: u32, rng: &mut dyn Rng) -> u32 {
        let (same, other) = self.weights();
        match u128::from(rng.next_u64()).checked_sub(same) {
            None => own,
            Some(rest) => {
                // Below the number of others.
                let place = rest.checked_div(other).unwrap_or(0) as u32;
                (place + u32::from(place >= own)).min(self.count - 1)
            }
        }
    }
}
