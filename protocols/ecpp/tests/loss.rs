//! The key issue over links that lose, repeat and reorder.

mod common;

use core::time::Duration;

use common::town;
use proptest::prelude::*;
use roadveil_role::testkit::Channel;
use roadveil_role::{Time, Value};

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is lost, repeated and reordered, as long as two frames in five arrive, every vehicle gets its key.
    #[test]
    fn keys_are_obtained_whatever_is_lost(
        seed in any::<u64>(),
        loss in 0.0..0.6f64,
        twice in 0.0..0.5f64,
        jitter in 0u64..400,
        paper in any::<bool>(),
    ) {
        let mode = if paper { "paper" } else { "hardened" };
        let air = Channel::lossy(loss).duplicating(twice).jittering(Duration::from_millis(jitter));
        let mut net = town(seed, 1, 2, &[("issue", mode.into())]);
        net.set_air(air);
        let obtained = |net: &roadveil_role::testkit::Net| net.events("key_obtained").count() >= 2;
        let done = net.run_until_or(Time::from_secs(300), obtained);
        prop_assert!(done, "loss {loss}, twice {twice}, jitter {jitter} ms:\n{:?}", net.rejects("car-0"));
    }
}

/// A key is renewed before it expires, over a lossy link, and messages never stop.
#[test]
fn keys_are_renewed_in_time() {
    let mut net = town(3, 1, 2, &[]);
    net.set_air(Channel::lossy(0.2));
    net.run_until(Time::from_secs(300));
    let renewals = net
        .events("key_obtained")
        .filter(|(record, fields)| record.node == "car-0" && fields.contains(&("renewal", Value::Bool(true))));
    assert!((4..=8).contains(&renewals.count()));
    assert_eq!(net.events("key_expired").count(), 0);
    let sent: u64 = common::count(&net, "car-0", "sent");
    assert!(sent > 2900, "{sent}");
}
