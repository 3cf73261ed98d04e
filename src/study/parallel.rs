//! Jobs side by side, one a core.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Does all jobs, `threads` at once. Results are in the order of the jobs, whichever ends first; fewer than all if `work`
/// gave nothing, after which its thread takes up no more.
///
/// # Errors
/// The first in that order.
pub(super) fn side_by_side<J: Sync, T: Send, E: Send>(
    jobs: &[J],
    threads: usize,
    work: impl Fn(&J) -> Option<Result<T, E>> + Sync,
) -> Result<Vec<T>, E> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<T, E>>>> = Mutex::new(jobs.iter().map(|_| None).collect());
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(result) = jobs.get(at).and_then(&work) else {
                return;
            };
            results.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(jobs.len()) {
            scope.spawn(worker);
        }
        worker();
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_the_order_of_their_jobs_however_many_work() {
        let jobs: Vec<u64> = (0..50).collect();
        for threads in [1, 4] {
            let twice: Result<_, ()> = side_by_side(&jobs, threads, |job| Some(Ok(job * 2)));
            assert_eq!(twice, Ok((0..50).map(|job| job * 2).collect::<Vec<_>>()));
        }
    }

    #[test]
    fn the_first_that_failed_is_the_result() {
        let jobs: Vec<u64> = (0..50).collect();
        let failed = side_by_side(&jobs, 3, |job| Some(if *job % 7 == 6 { Err(*job) } else { Ok(()) }));
        assert_eq!(failed, Err(6));
    }

    #[test]
    fn who_gets_nothing_takes_up_no_more() {
        let jobs: Vec<u64> = (0..50).collect();
        let some: Result<_, ()> = side_by_side(&jobs, 1, |job| (*job < 5).then_some(Ok(*job)));
        assert_eq!(some, Ok(vec![0, 1, 2, 3, 4]));
    }
}
