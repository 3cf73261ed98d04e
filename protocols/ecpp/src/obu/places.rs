//! A table in which each entry takes one line of a processor's cache.
//!
//! A vehicle looks up the sender of every message that it hears. A city's vehicles hear some hundred thousand messages a
//! second, and their tables fit into no cache: what a look-up costs is the lines that it reads. Here it reads one.

/// Places in the smallest table.
const LEAST: usize = 16;

/// Values by their names: open addressing with linear probing, at most half full. Names are hashes, so their low bits are
/// as good a place as any. Nothing depends on the order in which entries are walked.
#[derive(Clone, Debug)]
pub(super) struct Places<T> {
    /// As many as a power of two.
    places: Vec<Place<T>>,
    len: usize,
}

#[derive(Clone, Debug)]
#[repr(align(64))]
struct Place<T>(Option<(u64, T)>);

impl<T> Default for Places<T> {
    fn default() -> Places<T> {
        Places {
            places: empty(LEAST),
            len: 0,
        }
    }
}

fn empty<T>(size: usize) -> Vec<Place<T>> {
    core::iter::repeat_with(|| Place(None)).take(size).collect()
}

impl<T> Places<T> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The value of that name.
    pub(super) fn get_mut(&mut self, name: u64) -> Option<&mut T> {
        let place = self.find(name);
        self.places[place].0.as_mut().map(|(_, value)| value)
    }

    /// All entries, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let entries = self.places.iter().filter_map(|place| place.0.as_ref());
        entries.map(|(name, value)| (*name, value))
    }

    /// Puts a value in, in the place of the one of that name.
    pub(super) fn insert(&mut self, name: u64, value: T) {
        if 2 * (self.len + 1) > self.places.len() {
            self.grow();
        }
        let place = self.find(name);
        let before = self.places[place].0.replace((name, value));
        self.len += usize::from(before.is_none());
    }

    /// Takes the value of that name out.
    pub(super) fn remove(&mut self, name: u64) {
        let mut hole = self.find(name);
        if self.places[hole].0.take().is_none() {
            return;
        }
        self.len -= 1;
        // What came after it and would have liked its place or one before it moves up, so that no search ends too early.
        let mut next = self.after(hole);
        while let Some((name, _)) = self.places[next].0 {
            let wanted = self.home(name);
            if self.distance(wanted, next) >= self.distance(hole, next) {
                self.places.swap(hole, next);
                hole = next;
            }
            next = self.after(next);
        }
    }

    /// Where that name is, or the empty place in which it would be.
    fn find(&self, name: u64) -> usize {
        let mut place = self.home(name);
        while self.places[place].0.as_ref().is_some_and(|(found, _)| *found != name) {
            place = self.after(place);
        }
        place
    }

    fn grow(&mut self) {
        let size = 2 * self.places.len();
        let old = core::mem::replace(&mut self.places, empty(size));
        for (name, value) in old.into_iter().filter_map(|place| place.0) {
            let place = self.find(name);
            self.places[place].0 = Some((name, value));
        }
    }

    fn home(&self, name: u64) -> usize {
        name as usize & (self.places.len() - 1)
    }

    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }

    /// How many steps lead from one place to another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.places.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn a_table_holds_what_a_map_holds(steps in proptest::collection::vec((any::<bool>(), 0u64..60, any::<u32>()), 0..400)) {
            let (mut table, mut map) = (Places::default(), BTreeMap::new());
            for (insert, name, value) in steps {
                // Few homes for many names, so that they get into each other's way.
                let name = name * 8;
                if insert {
                    table.insert(name, value);
                    map.insert(name, value);
                } else {
                    table.remove(name);
                    map.remove(&name);
                }
                prop_assert_eq!(table.len(), map.len());
                for name in (0..60).map(|name| name * 8) {
                    prop_assert_eq!(table.get_mut(name).copied(), map.get(&name).copied());
                }
            }
            let walked: BTreeMap<_, _> = table.iter().map(|(name, value)| (name, *value)).collect();
            prop_assert_eq!(walked, map);
        }
    }
}
