//! What one role offers to another on the same node: small typed traits, called at once, at the caller's cost.
//!
//! The kernel lends a running role the others of its node as [`Peers`]. A service called through them runs with no
//! peers of its own, so there are no cycles.

use crate::contract::Role;
use crate::cx::Cx;

/// A role that signs with the credential its protocol keeps, for example under a pseudonym.
pub trait Signer {
    /// Signs `payload`; the result carries what a verifier needs. `None` without a valid credential.
    fn sign(&mut self, cx: &mut Cx<'_>, payload: &[u8]) -> Option<Vec<u8>>;
}

/// The other roles of the node, in the order of the scenario: those before the running role, and those after it.
#[derive(Default)]
pub struct Peers<'a> {
    before: &'a mut [Box<dyn Role>],
    after: &'a mut [Box<dyn Role>],
}

impl<'a> Peers<'a> {
    /// Splits a node's roles into the one that runs and its peers. `None` if there is no such role.
    pub fn split(roles: &'a mut [Box<dyn Role>], running: usize) -> Option<(&'a mut Box<dyn Role>, Peers<'a>)> {
        let (before, rest) = roles.split_at_mut_checked(running)?;
        let (role, after) = rest.split_first_mut()?;
        Some((role, Peers { before, after }))
    }

    /// The peers, in order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Box<dyn Role>> {
        self.before.iter_mut().chain(self.after.iter_mut())
    }
}

impl core::fmt::Debug for Peers<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Peers({})", self.before.len() + self.after.len())
    }
}
