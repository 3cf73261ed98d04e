//! Work that a callback hands over: pure values, computed by whoever has time first.
//!
//! Signing a message decides nothing in the role that sends it, and takes a host many times longer than all the rest of
//! the callback. So a role draws what is random, charges what it costs, and hands over the work as a [`Deferred`] value:
//! a job on inputs of its own, without the context. The runner may have it computed on another thread while virtual time
//! goes on; whoever needs the value computes it if nobody has begun, and waits if somebody has. A job is a **pure function
//! of what it was given**, so none of this can be seen in a run.

use core::fmt;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use roadveil_crypto::Check;

use crate::message::{Message, encode};

/// A frame that a job built, and the checks that its receivers will ask.
#[derive(Clone, Debug)]
pub struct Built {
    /// The encoded message.
    pub frame: Arc<[u8]>,
    /// Computed while the frame is on its way, and no event.
    pub anticipated: Vec<Check>,
}

impl Built {
    /// The frame that carries `message`.
    pub fn of<M: Message>(message: &M) -> Built {
        Built {
            frame: encode(message).into(),
            anticipated: Vec::new(),
        }
    }

    /// Announces a check that receivers of the frame will ask.
    #[must_use]
    pub fn anticipating(mut self, check: Check) -> Built {
        self.anticipated.push(check);
        self
    }
}

/// The job of a value panicked: there is no value, for anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job of a deferred value panicked")]
pub struct Broken;

/// A value that is computed when somebody has time, at the latest when somebody asks. Clones are one value.
pub struct Deferred<T>(Arc<Shared<T>>);

struct Shared<T> {
    begun: AtomicBool,
    job: Mutex<Option<Job<T>>>,
    value: OnceLock<Result<T, Broken>>,
}

type Job<T> = Box<dyn FnOnce() -> T + Send>;

impl<T> Deferred<T> {
    /// The value that `job` returns: a pure function of what it captured.
    pub fn new(job: impl FnOnce() -> T + Send + 'static) -> Deferred<T> {
        Deferred(Arc::new(Shared {
            begun: AtomicBool::new(false),
            job: Mutex::new(Some(Box::new(job))),
            value: OnceLock::new(),
        }))
    }

    /// The value.
    ///
    /// # Panics
    /// If its job does: then for everybody who asks, and always.
    pub fn get(&self) -> &T {
        match self.try_get() {
            Ok(value) => value,
            Err(broken) => panic!("{broken}"),
        }
    }

    /// The value, or that there is none.
    ///
    /// # Errors
    /// If its job panics.
    pub fn try_get(&self) -> Result<&T, Broken> {
        let compute = || {
            self.0.begun.store(true, Ordering::Relaxed);
            let job = self.0.job.lock().unwrap_or_else(PoisonError::into_inner).take();
            // Only the first who comes here finds the job, and nobody comes here after him.
            catch_unwind(AssertUnwindSafe(job.ok_or(Broken)?)).map_err(|_| Broken)
        };
        self.0.value.get_or_init(compute).as_ref().map_err(|broken| *broken)
    }

    /// Has nobody begun to compute it? Then the caller has, from now on: a worker that is told no does something else.
    #[must_use]
    pub fn begin(&self) -> bool {
        !self.0.begun.swap(true, Ordering::Relaxed)
    }
}

impl<T> Clone for Deferred<T> {
    fn clone(&self) -> Deferred<T> {
        Deferred(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Deferred<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deferred(..)")
    }
}

/// Something that a worker can do ahead of being asked.
pub trait Work: Send + Sync {
    /// Does it, unless somebody has begun. Returns checks that somebody will ask soon.
    fn work(&self) -> &[Check];
}

/// A value of which nothing else follows.
pub(crate) struct Plain<T>(pub(crate) Deferred<T>);

impl<T: Send + Sync> Work for Plain<T> {
    fn work(&self) -> &[Check] {
        if self.0.begin() {
            // Whoever asks is told whether there is a value.
            let _ = self.0.try_get();
        }
        &[]
    }
}

/// A frame, whose receivers will ask.
impl Work for Deferred<Built> {
    fn work(&self) -> &[Check] {
        if !self.begin() {
            return &[];
        }
        self.try_get().map_or(&[], |built| &built.anticipated)
    }
}

/// The bytes of a frame, or the promise of them.
#[derive(Clone, Debug)]
pub enum Payload {
    /// They are there.
    Ready(Arc<[u8]>),
    /// They will be when they are asked for.
    Later(Deferred<Built>),
}

impl Payload {
    /// The bytes: computed here, if nobody has begun.
    ///
    /// # Errors
    /// If the job that builds them panics.
    pub fn bytes(&self) -> Result<&Arc<[u8]>, Broken> {
        match self {
            Payload::Ready(bytes) => Ok(bytes),
            Payload::Later(later) => later.try_get().map(|built| &built.frame),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_job_runs_once_whoever_asks_and_however_often() {
        let ran = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ran);
        let value = Deferred::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            vec![1, 2, 3]
        });
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(value.clone().get(), &[1, 2, 3]));
            }
        });
        assert_eq!(value.get().len(), 3);
        assert_eq!(ran.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn nothing_runs_before_it_is_asked_for_and_one_worker_begins() {
        let value = Deferred::new(|| 7);
        assert!(value.0.value.get().is_none());
        assert!(value.begin() && !value.begin());
        let again = Plain(value.clone());
        assert!(
            again.work().is_empty() && value.0.value.get().is_none(),
            "somebody else has begun"
        );
        assert_eq!(
            value.get(),
            &7,
            "who needs it does not wait for a worker that never comes"
        );
    }

    #[test]
    fn a_job_that_panics_is_broken_for_everybody() {
        let value: Deferred<u8> = Deferred::new(|| panic!("a job that breaks"));
        assert!(Plain(value.clone()).work().is_empty(), "a worker survives it");
        for _ in 0..2 {
            assert_eq!(value.try_get(), Err(Broken));
            assert!(catch_unwind(AssertUnwindSafe(|| *value.get())).is_err());
        }
    }

    #[test]
    fn a_worker_hears_of_the_checks_that_follow_once() {
        let check = Check::new(roadveil_crypto::SchnorrCheck {
            domain: "ROADVEIL-TEST-V1",
            key: Default::default(),
            message: Arc::from([]),
            signature: roadveil_crypto::Signature {
                z: Default::default(),
                s: Default::default(),
            },
        });
        let expected = check.clone();
        let later = Deferred::new(move || Built {
            frame: Arc::from([1, 2]),
            anticipated: vec![check],
        });
        assert_eq!(later.work(), &[expected]);
        assert!(later.work().is_empty());
        assert_eq!(Payload::Later(later).bytes().map(|bytes| bytes.len()), Ok(2));
    }
}
