//! What this thread really executed, and how long that took if somebody wants to know.
//!
//! A tally is a figure of the host: it depends on caches and on the split of work between threads,
//! so nothing that decides an outcome may read it. It feeds `ops.*.executed` in reports, and the
//! share of cryptography in `roadveil bench peers`.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::ops::{Charge, Op};

thread_local! {
    static EXECUTED: Cell<Charge> = const { Cell::new(Charge::NONE) };
    static WATCH: Cell<Option<Watch>> = const { Cell::new(None) };
}

/// What this thread executed since the last take.
///
/// A pairing counts as [`Op::Pairing`]; a product of `n` pairings as `n` of [`Op::MillerLoop`] and
/// one [`Op::FinalExp`]. A multiplication counts the same whether a table sped it up or not, and a
/// multi-scalar multiplication counts its terms.
pub fn take() -> Charge {
    EXECUTED.replace(Charge::NONE)
}

/// Measures from now on how long this thread's operations and checks take, or does so no more.
pub fn watch(on: bool) {
    WATCH.set(on.then_some(Watch {
        depth: 0,
        since: None,
        spent: Duration::ZERO,
    }));
}

/// How long operations and checks took since [`watch`], wall time. Nothing without a watch.
pub fn watched() -> Duration {
    WATCH.get().map_or(Duration::ZERO, |watch| watch.spent)
}

/// Counts `n` of `op` as executed by this thread, from here to the end of the span.
#[must_use = "the operation ends when this is dropped"]
pub(crate) fn add(op: Op, n: usize) -> Span {
    // A count beyond `u32` saturates, as a charge does.
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    EXECUTED.set(EXECUTED.get().and(op, n));
    span()
}

/// Work that is measured where it is watched. Spans within spans count once.
#[must_use = "the work ends when this is dropped"]
pub(crate) fn span() -> Span {
    if let Some(mut watch) = WATCH.get() {
        if watch.depth == 0 {
            watch.since = Some(now());
        }
        watch.depth += 1;
        WATCH.set(Some(watch));
    }
    Span(())
}

/// Ends its work when it is dropped.
pub(crate) struct Span(());

impl Drop for Span {
    fn drop(&mut self) {
        let Some(mut watch) = WATCH.get() else { return };
        // A watch that began within a span sees only its end.
        watch.depth = watch.depth.saturating_sub(1);
        if watch.depth == 0
            && let Some(since) = watch.since.take()
        {
            watch.spent += since.elapsed();
        }
        WATCH.set(Some(watch));
    }
}

#[derive(Clone, Copy)]
struct Watch {
    depth: u32,
    since: Option<Instant>,
    spent: Duration,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a figure of the host, and only where it is asked for"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_count_apart() {
        take();
        drop(add(Op::GtExp, 2));
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                drop(add(Op::GtMul, 1));
                take()
            });
            assert_eq!(other.join().expect("it counts"), Charge::of(Op::GtMul, 1));
        });
        assert_eq!(take(), Charge::of(Op::GtExp, 2));
        assert!(take().is_empty());
    }

    #[test]
    fn a_watch_sees_operations_once_and_nothing_else() {
        drop(span());
        assert_eq!(watched(), Duration::ZERO);
        watch(true);
        assert_eq!(watched(), Duration::ZERO);
        let begin = now();
        {
            let _outer = span();
            let _inner = add(Op::GtMul, 1);
            while begin.elapsed() < Duration::from_millis(2) {}
        }
        let within = begin.elapsed();
        let spent = watched();
        // Counted twice, it would be twice as long.
        assert!(
            spent >= Duration::from_millis(1) && spent <= within,
            "{spent:?} of {within:?}"
        );
        watch(false);
        assert_eq!(watched(), Duration::ZERO);
    }

    #[test]
    fn a_watch_within_a_span_does_not_go_wrong() {
        let outer = span();
        watch(true);
        drop(outer);
        assert_eq!(watched(), Duration::ZERO);
        watch(false);
    }
}
