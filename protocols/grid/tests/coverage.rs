//! Do intervals hold the truth as often as they say?

mod common;

use core::time::Duration;

use common::{HOMES, Size, figure, grid, number, slots};
use roadveil_role::Value;

/// With the default method, LPU, over 40 seeds: a day of homes and roofs. The interval includes that only a part of the meters is
/// asked in each slot.
#[test]
fn intervals_hold_the_truth_nineteen_times_in_twenty() {
    let size = Size {
        homes: 160,
        solar: 160,
        ..HOMES
    };
    let changes = [
        ("step", Value::Span(Duration::from_secs(3600))),
        ("curious", false.into()),
    ];
    let (mut intervals, mut held) = (0.0, 0.0);
    for seed in 0..40 {
        let mut net = grid(1000 + seed, size, &changes);
        slots(&mut net, 25);
        intervals += number(&figure(&net, "intervals"));
        held += number(&figure(&net, "intervals_held"));
    }
    assert_eq!(intervals, 40.0 * 48.0);
    let coverage = held / intervals;
    assert!((0.93..=0.97).contains(&coverage), "{coverage}");
}
