//! What a host keeps to answer checks faster.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// Prepared values (combs, tables, lines), shared by threads, bounded in number.
///
/// A prepared value is a pure function of its type and key, so that holding it or not decides
/// nothing but time. `answer` may be called from any thread.
///
/// The bound is kept in two generations: what is used enters the young one; when that is full it
/// becomes the old one, and what was old and not used since is forgotten.
pub struct Host {
    /// How many values a generation holds.
    capacity: usize,
    kept: Mutex<Kept>,
}

type Value = Arc<dyn Any + Send + Sync>;
type Generation = BTreeMap<TypeId, BTreeMap<Box<[u8]>, Value>>;

#[derive(Default)]
struct Kept {
    young: Generation,
    old: Generation,
    /// How many values are young.
    len: usize,
}

impl Host {
    /// A host that keeps up to `capacity` values: at least two.
    #[must_use]
    pub fn new(capacity: usize) -> Host {
        Host {
            capacity: (capacity / 2).max(1),
            kept: Mutex::default(),
        }
    }

    /// The value of this type for `key`: kept, or built now. `None` if it cannot be built, which
    /// is not remembered.
    ///
    /// `build` must be a pure function of `key`. Two threads that miss at once both build, and
    /// either value serves.
    pub fn prepared<T: Any + Send + Sync>(&self, key: &[u8], build: impl FnOnce() -> Option<T>) -> Option<Arc<T>> {
        if let Some(value) = self.lock(|kept| kept.get(TypeId::of::<T>(), key, self.capacity)) {
            return value.downcast().ok();
        }
        // Not under the lock: other threads go on meanwhile.
        let value = Arc::new(build()?);
        let entry: Value = Arc::clone(&value) as Value;
        self.lock(|kept| kept.put(TypeId::of::<T>(), key.into(), entry, self.capacity));
        Some(value)
    }

    /// How many values are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock(|kept| kept.len + kept.old.values().map(BTreeMap::len).sum::<usize>())
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock<R>(&self, f: impl FnOnce(&mut Kept) -> R) -> R {
        // A panic elsewhere leaves at worst a value forgotten.
        f(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn get(&mut self, kind: TypeId, key: &[u8], capacity: usize) -> Option<Value> {
        if let Some(value) = self.young.get(&kind).and_then(|values| values.get(key)) {
            return Some(Arc::clone(value));
        }
        let (key, value) = self.old.get_mut(&kind)?.remove_entry(key)?;
        self.put(kind, key, Arc::clone(&value), capacity);
        Some(value)
    }

    fn put(&mut self, kind: TypeId, key: Box<[u8]>, value: Value, capacity: usize) {
        if self.len >= capacity {
            self.old = mem::take(&mut self.young);
            self.len = 0;
        }
        let values = self.young.entry(kind).or_default();
        if values.insert(key, value).is_none() {
            self.len += 1;
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("capacity", &(2 * self.capacity))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_value_is_built_once_while_it_is_kept() {
        let host = Host::new(8);
        let built = Cell::new(0);
        let ask = |key: &[u8]| {
            host.prepared(key, || {
                built.set(built.get() + 1);
                Some(key.to_vec())
            })
        };
        for _ in 0..3 {
            assert_eq!(ask(b"a").as_deref(), Some(&b"a".to_vec()));
            assert_eq!(ask(b"b").as_deref(), Some(&b"b".to_vec()));
        }
        assert_eq!(built.get(), 2);
        assert_eq!(host.len(), 2);
    }

    #[test]
    fn types_have_keys_of_their_own() {
        let host = Host::new(8);
        assert_eq!(host.prepared(b"k", || Some(1u8)).as_deref(), Some(&1));
        assert_eq!(host.prepared(b"k", || Some(2u16)).as_deref(), Some(&2));
        assert_eq!(host.prepared(b"k", || Some(3u8)).as_deref(), Some(&1));
    }

    #[test]
    fn failures_are_not_kept() {
        let host = Host::new(8);
        assert_eq!(host.prepared::<u8>(b"k", || None), None);
        assert!(host.is_empty());
        assert_eq!(host.prepared(b"k", || Some(1u8)).as_deref(), Some(&1));
    }

    #[test]
    fn the_bound_holds_and_what_is_used_stays() {
        let host = Host::new(10);
        for i in 0u32..1000 {
            assert!(host.prepared(&i.to_le_bytes(), || Some(i)).is_some());
            assert_eq!(
                host.prepared(b"used", || (i == 0).then_some("built once")).as_deref(),
                Some(&"built once")
            );
            assert!(host.len() <= 10, "{} values", host.len());
        }
    }

    #[test]
    fn threads_share_it() {
        let host = Host::new(64);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for i in 0u32..500 {
                        let key = i % 40;
                        let value = host.prepared(&key.to_le_bytes(), || Some(key));
                        assert_eq!(value.as_deref(), Some(&key));
                    }
                });
            }
        });
        assert!(host.len() <= 64);
    }
}
