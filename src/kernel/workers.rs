//! Threads that compute what somebody will ask for.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use roadveil_crypto::{Charge, Check, Host, Op, tally};
use roadveil_role::later::Work;

use super::callback::Caught;

/// Tasks of a kind that wait to be computed ahead at most; more are computed when they are asked for.
const AHEAD: usize = 4096;

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
    host: Arc<Host>,
    tasks: Mutex<Tasks>,
    more: Condvar,
    executed: Mutex<Executed>,
}

#[derive(Default)]
struct Tasks {
    /// Frames and values: needed first, and checks follow from them.
    works: VecDeque<Arc<dyn Work>>,
    checks: VecDeque<Check>,
    /// Threads that have nothing to do.
    idle: usize,
    closed: bool,
}

enum Task {
    Work(Arc<dyn Work>),
    Check(Check),
}

impl Tasks {
    fn pop(&mut self) -> Option<Task> {
        let work = self.works.pop_front().map(Task::Work);
        work.or_else(|| self.checks.pop_front().map(Task::Check))
    }
}

impl core::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Tasks")
            .field("works", &self.works.len())
            .field("checks", &self.checks.len())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a task, and wakes a thread if one sleeps.
    fn push(&self, add: impl FnOnce(&mut Tasks)) {
        let mut tasks = self.lock();
        add(&mut tasks);
        let idle = tasks.idle > 0;
        drop(tasks);
        if idle {
            self.more.notify_one();
        }
    }

    fn check(&self, check: Check) {
        self.push(|tasks| {
            if tasks.checks.len() < AHEAD {
                tasks.checks.push_back(check);
            }
        });
    }

    /// The next task, once there is one; nothing when there will be no more.
    fn next(&self) -> Option<Task> {
        let mut tasks = self.lock();
        loop {
            if let Some(task) = tasks.pop() {
                return Some(task);
            }
            if tasks.closed {
                return None;
            }
            tasks.idle += 1;
            tasks = self.more.wait(tasks).unwrap_or_else(PoisonError::into_inner);
            tasks.idle -= 1;
        }
    }

    /// A thread: takes tasks until there are no more to come.
    fn run(&self) {
        let _caught = Caught::begin();
        while let Some(task) = self.next() {
            // Whoever asks for what broke meets the panic where it belongs.
            let _ = catch_unwind(AssertUnwindSafe(|| self.perform(&task)));
        }
        let mut executed = self.executed.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut executed, &tally::take());
    }

    fn perform(&self, task: &Task) {
        match task {
            Task::Work(work) => work.work().iter().for_each(|check| self.check(check.clone())),
            Task::Check(check) if check.begin() => {
                check.settle(&self.host);
            }
            Task::Check(_) => {}
        }
    }
}

/// The threads, and what waits for them.
#[derive(Debug)]
pub struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// So many threads, which answer checks with `host`.
    pub fn new(count: usize, host: &Arc<Host>) -> Workers {
        let shared = Arc::new(Shared {
            host: Arc::clone(host),
            tasks: Mutex::default(),
            more: Condvar::new(),
            executed: Mutex::new([0; Op::ALL.len()]),
        });
        let threads = (0..count).filter_map(|index| {
            let shared = Arc::clone(&shared);
            // Without the thread its tasks are computed where they are asked for.
            std::thread::Builder::new()
                .name(format!("check-{index}"))
                .spawn(move || shared.run())
                .ok()
        });
        Workers {
            threads: threads.collect(),
            shared,
        }
    }

    /// Is there no thread?
    pub fn is_empty(&self) -> bool {
        self.threads.is_empty()
    }

    /// Has a check computed, if there is somebody to do it.
    pub fn check(&self, check: Check) {
        if !self.is_empty() {
            self.shared.check(check);
        }
    }

    /// Has work done, if there is somebody to do it.
    pub fn work(&self, work: Arc<dyn Work>) {
        if !self.is_empty() {
            self.shared.push(|tasks| {
                if tasks.works.len() < AHEAD {
                    tasks.works.push_back(work);
                }
            });
        }
    }

    /// Adds operations executed on whichever thread.
    pub fn credit(&self, charge: &Charge) {
        add(
            &mut self.shared.executed.lock().unwrap_or_else(PoisonError::into_inner),
            charge,
        );
    }

    /// Stops the threads: all operations that the calling thread and they executed since the last call.
    pub fn executed(&mut self) -> Executed {
        self.stop();
        self.credit(&tally::take());
        core::mem::replace(
            &mut *self.shared.executed.lock().unwrap_or_else(PoisonError::into_inner),
            [0; Op::ALL.len()],
        )
    }

    fn stop(&mut self) {
        let mut tasks = self.shared.lock();
        tasks.closed = true;
        // Nobody will ask for what still waits.
        tasks.works.clear();
        tasks.checks.clear();
        drop(tasks);
        self.shared.more.notify_all();
        for thread in self.threads.drain(..) {
            // It catches what a task does; there is nothing to hand on.
            let _ = thread.join();
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}
