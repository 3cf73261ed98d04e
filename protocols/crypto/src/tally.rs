//! What this thread really executed.
//!
//! A tally is a figure of the host: it depends on caches and on the split of work between threads,
//! so nothing that decides an outcome may read it. It feeds `ops.*.executed` in reports.

use std::cell::Cell;

use crate::ops::{Charge, Op};

thread_local! {
    static EXECUTED: Cell<Charge> = const { Cell::new(Charge::NONE) };
}

/// What this thread executed since the last take.
///
/// A pairing counts as [`Op::Pairing`]; a product of `n` pairings as `n` of [`Op::MillerLoop`] and
/// one [`Op::FinalExp`]. A multiplication counts the same whether a table sped it up or not, and a
/// multi-scalar multiplication counts its terms.
pub fn take() -> Charge {
    EXECUTED.replace(Charge::NONE)
}

/// Counts `n` of `op` as executed by this thread.
pub(crate) fn add(op: Op, n: usize) {
    // A count beyond `u32` saturates, as a charge does.
    let n = u32::try_from(n).unwrap_or(u32::MAX);
    EXECUTED.set(EXECUTED.get().and(op, n));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_count_apart() {
        take();
        add(Op::GtExp, 2);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                add(Op::GtMul, 1);
                take()
            });
            assert_eq!(other.join().expect("it counts"), Charge::of(Op::GtMul, 1));
        });
        assert_eq!(take(), Charge::of(Op::GtExp, 2));
        assert!(take().is_empty());
    }
}
