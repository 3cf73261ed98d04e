//! Checks, computed once and shared between receivers, if need be ahead of time on other threads.
//!
//! A check is a pure function of its inputs, so it makes no difference who computes it, when, or how often. What is kept
//! here is bounded, is found by a digest of all inputs, and decides nothing: `--no-share` and any number of threads give
//! the same run.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use roadveil_crypto::{Charge, Check, Host, Op, Verdict, tally};
use roadveil_role::Checker;

/// Looked up by digest and never walked, so its order decides nothing.
#[expect(clippy::disallowed_types, reason = "looked up by digest, never iterated")]
type Slots = std::collections::HashMap<[u8; 32], Arc<Slot>>;

/// Verdicts kept before the older half is forgotten.
const KEPT: usize = 1 << 15;

/// Checks that wait to be computed ahead at most; more are computed when they are asked.
const AHEAD: usize = 4096;

/// A check and its verdict, once somebody has computed it.
#[derive(Debug)]
struct Slot {
    check: Check,
    state: AtomicU8,
    done: Condvar,
    lock: Mutex<()>,
}

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const VALID: u8 = 2;
const INVALID: u8 = 3;

impl Slot {
    fn new(check: Check) -> Arc<Slot> {
        Arc::new(Slot {
            check,
            state: AtomicU8::new(WAITING),
            done: Condvar::new(),
            lock: Mutex::new(()),
        })
    }

    /// Computes the verdict, unless somebody else does or did.
    fn work(&self, host: &Host) {
        if self
            .state
            .compare_exchange(WAITING, RUNNING, Ordering::AcqRel, Ordering::Acquire)
            .is_err()
        {
            return;
        }
        // A check that panics must leave its slot open: whoever asks next computes it, and meets the panic himself.
        let unwound = Reopen(self);
        let state = if self.check.answer(host).is_valid() {
            VALID
        } else {
            INVALID
        };
        core::mem::forget(unwound);
        self.settle(state);
    }

    /// Changes the state from running, and wakes whoever waits for that.
    fn settle(&self, state: u8) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.state.store(state, Ordering::Release);
        self.done.notify_all();
    }

    /// The verdict, computed here if nobody has begun.
    fn verdict(&self, host: &Host) -> Verdict {
        loop {
            self.work(host);
            let mut guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            while self.state.load(Ordering::Acquire) == RUNNING {
                guard = self.done.wait(guard).unwrap_or_else(PoisonError::into_inner);
            }
            match self.state.load(Ordering::Acquire) {
                VALID => return Verdict::Valid,
                INVALID => return Verdict::Invalid,
                // Whoever computed it panicked.
                _ => {}
            }
        }
    }
}

/// Opens a slot again while a panic unwinds.
struct Reopen<'a>(&'a Slot);

impl Drop for Reopen<'_> {
    fn drop(&mut self) {
        self.0.settle(WAITING);
    }
}

/// Operations really executed, by number of the operation. A host figure.
pub type Executed = [u64; Op::ALL.len()];

/// Adds a charge to a table of operations.
pub fn add(executed: &mut Executed, charge: &Charge) {
    for (op, count) in charge.iter() {
        executed[op as usize] += u64::from(count);
    }
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    host: Host,
    jobs: Mutex<Jobs>,
    more: Condvar,
    executed: Mutex<Executed>,
}

#[derive(Debug, Default)]
struct Jobs {
    waiting: VecDeque<Arc<Slot>>,
    closed: bool,
}

/// The checks of one run.
#[derive(Debug)]
pub struct Checks {
    shared: Arc<Shared>,
    share: bool,
    recent: Slots,
    older: Slots,
    workers: Vec<JoinHandle<()>>,
}

impl Checks {
    /// Checks computed on `threads` threads in all, the calling one included; shared between receivers or not.
    pub fn new(threads: usize, share: bool) -> Checks {
        let shared = Arc::new(Shared {
            host: Host::new(4096),
            jobs: Mutex::default(),
            more: Condvar::new(),
            executed: Mutex::new([0; Op::ALL.len()]),
        });
        let count = if share { threads.saturating_sub(1) } else { 0 };
        let workers = (0..count)
            .filter_map(|index| {
                let shared = Arc::clone(&shared);
                // Without the thread its jobs are computed where they are asked for.
                std::thread::Builder::new()
                    .name(format!("check-{index}"))
                    .spawn(move || work(&shared))
                    .ok()
            })
            .collect();
        Checks {
            shared,
            share,
            recent: Slots::default(),
            older: Slots::default(),
            workers,
        }
    }

    /// Has a check computed ahead of being asked.
    pub fn anticipate(&mut self, check: Check) {
        if self.workers.is_empty() || self.find(check.digest()).is_some() {
            return;
        }
        let slot = self.keep(check);
        let mut jobs = self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.waiting.len() >= AHEAD {
            return;
        }
        jobs.waiting.push_back(slot);
        drop(jobs);
        self.shared.more.notify_one();
    }

    fn find(&mut self, digest: &[u8; 32]) -> Option<Arc<Slot>> {
        if let Some(slot) = self.recent.get(digest) {
            return Some(Arc::clone(slot));
        }
        let slot = self.older.remove(digest)?;
        self.recent.insert(*digest, Arc::clone(&slot));
        Some(slot)
    }

    fn keep(&mut self, check: Check) -> Arc<Slot> {
        if self.recent.len() >= KEPT {
            self.older = core::mem::take(&mut self.recent);
        }
        let digest = *check.digest();
        let slot = Slot::new(check);
        self.recent.insert(digest, Arc::clone(&slot));
        slot
    }

    /// Adds operations executed outside of checks, on whichever thread.
    pub fn credit(&mut self, charge: &Charge) {
        add(
            &mut self.shared.executed.lock().unwrap_or_else(PoisonError::into_inner),
            charge,
        );
    }

    /// Stops the workers: all operations that this thread and they executed since the last call.
    pub fn executed(&mut self) -> Executed {
        self.stop();
        let mut executed = *self.shared.executed.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut executed, &tally::take());
        executed
    }

    fn stop(&mut self) {
        let mut jobs = self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.closed = true;
        // Nobody will ask for what still waits.
        jobs.waiting.clear();
        drop(jobs);
        self.shared.more.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches what a check does; there is nothing to hand on.
            let _ = worker.join();
        }
    }
}

impl Drop for Checks {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Checker for Checks {
    fn check(&mut self, check: &Check) -> Verdict {
        if !self.share {
            return check.answer(&self.shared.host);
        }
        let slot = self.find(check.digest()).unwrap_or_else(|| self.keep(check.clone()));
        slot.verdict(&self.shared.host)
    }
}

/// A worker: takes jobs until there are no more to come.
fn work(shared: &Shared) {
    loop {
        let mut jobs = shared.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        while jobs.waiting.is_empty() && !jobs.closed {
            jobs = shared.more.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
        let Some(slot) = jobs.waiting.pop_front() else { break };
        drop(jobs);
        // Whoever asks for this check computes it again, and meets the panic where it belongs.
        let _ = catch_unwind(AssertUnwindSafe(|| slot.work(&shared.host)));
    }
    let mut executed = shared.executed.lock().unwrap_or_else(PoisonError::into_inner);
    add(&mut executed, &tally::take());
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::{CheckDigest, Question};
    use std::sync::atomic::AtomicUsize;

    #[derive(Debug)]
    struct Even {
        number: u64,
        asked: Arc<AtomicUsize>,
    }

    impl Question for Even {
        fn scheme(&self) -> &'static str {
            "test.even"
        }
        fn inputs(&self, digest: &mut CheckDigest) {
            digest.append("number", &self.number.to_le_bytes());
        }
        fn charge(&self) -> Charge {
            Charge::NONE
        }
        fn answer(&self, _host: &Host) -> bool {
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.number.is_multiple_of(2)
        }
    }

    fn ask(checks: &mut Checks, asked: &Arc<AtomicUsize>, number: u64) -> bool {
        checks
            .check(&Check::new(Even {
                number,
                asked: Arc::clone(asked),
            }))
            .is_valid()
    }

    #[test]
    fn a_verdict_is_computed_once_and_the_same_whoever_computes_it() {
        for threads in [1, 2, 4] {
            let asked = Arc::new(AtomicUsize::new(0));
            let mut checks = Checks::new(threads, true);
            for number in 0..100 {
                checks.anticipate(Check::new(Even {
                    number,
                    asked: Arc::clone(&asked),
                }));
            }
            for round in 0..300 {
                assert_eq!(ask(&mut checks, &asked, round % 100), round % 2 == 0);
            }
            assert_eq!(asked.load(Ordering::Relaxed), 100);
        }
    }

    #[derive(Debug)]
    struct Broken;

    impl Question for Broken {
        fn scheme(&self) -> &'static str {
            "test.broken"
        }
        fn inputs(&self, _digest: &mut CheckDigest) {}
        fn charge(&self) -> Charge {
            Charge::NONE
        }
        fn answer(&self, _host: &Host) -> bool {
            panic!("a check that breaks")
        }
    }

    #[test]
    fn a_check_that_panics_panics_for_everybody_and_hangs_nobody() {
        for threads in [1, 3] {
            let mut checks = Checks::new(threads, true);
            checks.anticipate(Check::new(Broken));
            for _ in 0..3 {
                assert!(catch_unwind(AssertUnwindSafe(|| checks.check(&Check::new(Broken)))).is_err());
            }
        }
    }

    #[test]
    fn without_sharing_every_receiver_computes() {
        let asked = Arc::new(AtomicUsize::new(0));
        let mut checks = Checks::new(4, false);
        for _ in 0..10 {
            assert!(ask(&mut checks, &asked, 2));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 10);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let asked = Arc::new(AtomicUsize::new(0));
        let mut checks = Checks::new(1, true);
        for number in 0..3 * KEPT as u64 {
            ask(&mut checks, &asked, number);
        }
        assert!(checks.recent.len() + checks.older.len() <= 2 * KEPT);
    }
}
