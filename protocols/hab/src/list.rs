//! The revocation list of a vehicle: names of certificates, really looked up.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cert::CertId;

/// What a vehicle brought, sorted and shared with all others who brought it, and what it learnt on the road.
#[derive(Clone, Debug)]
pub struct Revoked {
    brought: Arc<Vec<CertId>>,
    learnt: BTreeSet<CertId>,
}

impl Revoked {
    /// A list with which a vehicle sets out.
    pub fn new(mut brought: Vec<CertId>) -> Revoked {
        brought.sort_unstable();
        brought.dedup();
        Revoked {
            brought: Arc::new(brought),
            learnt: BTreeSet::new(),
        }
    }

    /// Is it on the list? About `log2` of its length comparisons.
    pub fn has(&self, id: &CertId) -> bool {
        self.brought.binary_search(id).is_ok() || self.learnt.contains(id)
    }

    /// Puts names on it; how many are new.
    pub fn learn(&mut self, ids: &[CertId]) -> usize {
        ids.iter()
            .filter(|id| self.brought.binary_search(id).is_err() && self.learnt.insert(**id))
            .count()
    }

    /// How many names are on it.
    pub fn len(&self) -> usize {
        self.brought.len() + self.learnt.len()
    }

    /// How many of them it learnt on the road.
    pub fn learnt(&self) -> usize {
        self.learnt.len()
    }

    /// Is it empty?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::ByteArray;

    #[test]
    fn what_is_on_it_is_found_and_counted_once() {
        let id = |n: u64| ByteArray(n.to_be_bytes());
        let mut list = Revoked::new(vec![id(5), id(3), id(5)]);
        assert_eq!((list.len(), list.learnt(), list.is_empty()), (2, 0, false));
        assert_eq!(list.learn(&[id(3), id(7), id(7)]), 1);
        for n in 0..10 {
            assert_eq!(list.has(&id(n)), [3, 5, 7].contains(&n), "{n}");
        }
        assert_eq!((list.len(), list.learnt()), (3, 1));
    }
}
