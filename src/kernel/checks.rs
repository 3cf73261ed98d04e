//! Checks and deferred values: computed once, shared between receivers, if need be ahead of time on other threads.
//!
//! A check is a pure function of its inputs, and so is a deferred value; it makes no difference who computes it, when, or
//! how often. What is kept here is bounded, is found by a digest of all inputs, and decides nothing: `--no-share` and any
//! number of threads give the same run.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use roadveil_crypto::{Charge, Check, Host, Verdict};
use roadveil_role::later::{Broken, Work};
use roadveil_role::{Checker, Payload};

use super::workers::{Executed, Workers};

/// Looked up by digest and never walked, so its order decides nothing.
#[expect(clippy::disallowed_types, reason = "looked up by digest, never iterated")]
type Known = std::collections::HashMap<[u8; 32], Check, BuildHasherDefault<Uniform>>;

/// Checks kept before the older half is forgotten.
const KEPT: usize = 1 << 15;

/// The hash of a digest is the digest: it is uniform already.
#[derive(Debug, Default)]
struct Uniform(u64);

impl Hasher for Uniform {
    fn write(&mut self, bytes: &[u8]) {
        if let Some((first, _)) = bytes.split_first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// The length of the digest says nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The checks of one run.
#[derive(Debug)]
pub struct Checks {
    host: Arc<Host>,
    workers: Workers,
    share: bool,
    recent: Known,
    older: Known,
}

impl Checks {
    /// Checks computed on `threads` threads in all, the calling one included; shared between receivers or not.
    pub fn new(threads: usize, share: bool) -> Checks {
        let host = Arc::new(Host::new(4096));
        let count = if share { threads.saturating_sub(1) } else { 0 };
        Checks {
            workers: Workers::new(count, &host),
            host,
            share,
            recent: Known::default(),
            older: Known::default(),
        }
    }

    /// Are verdicts, and whatever else follows from a frame alone, shared between receivers?
    pub fn are_shared(&self) -> bool {
        self.share
    }

    /// Has a check computed ahead of being asked.
    pub fn anticipate(&mut self, check: Check) {
        if !self.workers.is_empty() && self.expect(&check) {
            self.workers.check(check);
        }
    }

    /// A frame's bytes, built now if nobody has begun; its receivers' checks are computed next.
    ///
    /// # Errors
    /// If the job that builds it panics.
    pub fn bytes(&mut self, frame: &Payload) -> Result<Arc<[u8]>, Broken> {
        let later = match frame {
            Payload::Ready(bytes) => return Ok(Arc::clone(bytes)),
            Payload::Later(later) => later,
        };
        let here = later.begin();
        let built = later.try_get()?;
        if !self.workers.is_empty() {
            for check in &built.anticipated {
                // A worker that built the frame has gone on to its checks; receivers only have to find them.
                if self.expect(check) && here {
                    self.workers.check(check.clone());
                }
            }
        }
        Ok(Arc::clone(&built.frame))
    }

    /// Makes a check one that can be found. False if an equal one is there.
    fn expect(&mut self, check: &Check) -> bool {
        let new = self.find(check.digest()).is_none();
        if new {
            self.keep(check.clone());
        }
        new
    }

    fn find(&mut self, digest: &[u8; 32]) -> Option<&Check> {
        if !self.recent.contains_key(digest) {
            let check = self.older.remove(digest)?;
            self.recent.insert(*digest, check);
        }
        self.recent.get(digest)
    }

    fn keep(&mut self, check: Check) {
        if self.recent.len() >= KEPT {
            self.older = core::mem::take(&mut self.recent);
        }
        self.recent.insert(*check.digest(), check);
    }

    /// Adds operations executed outside of checks, on whichever thread.
    pub fn credit(&mut self, charge: &Charge) {
        self.workers.credit(charge);
    }

    /// Stops the workers: all operations that this thread and they executed since the last call.
    pub fn executed(&mut self) -> Executed {
        self.workers.executed()
    }
}

impl Checker for Checks {
    fn check(&mut self, check: &Check) -> Verdict {
        if !self.share {
            return check.answer(&self.host);
        }
        // Whoever heard the same frame before has asked this very check.
        if let Some(verdict) = check.verdict() {
            return verdict;
        }
        let known = self.find(check.digest()).cloned();
        let verdict = known.as_ref().unwrap_or(check).settle(&self.host);
        if known.is_some() {
            check.remember(verdict);
        } else {
            self.keep(check.clone());
        }
        verdict
    }

    fn ahead(&mut self, work: Arc<dyn Work>) {
        self.workers.work(work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::{CheckDigest, Question};
    use roadveil_role::{Built, Deferred};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

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
    fn a_frame_is_built_once_and_its_checks_are_found() {
        for threads in [1, 2, 4] {
            let (built, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let mut checks = Checks::new(threads, true);
            let frames: Vec<Deferred<Built>> = (0..100u8)
                .map(|number| {
                    let (built, asked) = (Arc::clone(&built), Arc::clone(&asked));
                    Deferred::new(move || {
                        built.fetch_add(1, Ordering::Relaxed);
                        Built {
                            frame: Arc::from([number]),
                            anticipated: vec![Check::new(Even {
                                number: number.into(),
                                asked,
                            })],
                        }
                    })
                })
                .collect();
            for frame in &frames {
                checks.ahead(Arc::new(frame.clone()));
            }
            for round in 0..300u32 {
                let number = round % 100;
                let frame = Payload::Later(frames[number as usize].clone());
                assert_eq!(checks.bytes(&frame).as_deref(), Ok(&[number as u8][..]));
                assert_eq!(ask(&mut checks, &asked, number.into()), number % 2 == 0);
            }
            assert_eq!(built.load(Ordering::Relaxed), 100);
            assert_eq!(asked.load(Ordering::Relaxed), 100);
        }
    }

    #[test]
    fn a_frame_whose_job_panics_is_broken_whoever_did_it_and_workers_go_on() {
        for threads in [1, 2] {
            let mut checks = Checks::new(threads, true);
            let broken: Deferred<Built> = Deferred::new(|| panic!("a job that breaks"));
            checks.ahead(Arc::new(broken.clone()));
            let frame = Payload::Later(broken);
            assert!(checks.bytes(&frame).is_err() && checks.bytes(&frame).is_err());
            let good = Deferred::new(|| Built {
                frame: Arc::from([1]),
                anticipated: Vec::new(),
            });
            checks.ahead(Arc::new(good.clone()));
            assert!(checks.bytes(&Payload::Later(good)).is_ok());
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
