//! Processors that take time, and clocks of their own.

use roadveil_role::{Reason, Value};

use super::*;

#[test]
fn a_busy_processor_queues_and_a_full_queue_drops() {
    // Verifying costs 2 x 0.6 ms and each beacon 100 x 0.6 ms: the processor is busy 60 % of the time, in one piece.
    let slow: Vec<(&str, &str)> = vec![
        ("protocols.toy.work", "100"),
        ("node.0.profile", "mnt-2008"),
        ("node.1.profile", "mnt-2008"),
        ("node.0.queue", "1"),
        ("node.1.queue", "1"),
        ("protocols.toy.period", "70ms"),
    ];
    let dense: String = (0..12)
        .map(|n| format!("[[node]]\nname = \"d{n}\"\nroles = [\"toy.car\"]\nat = [{n}, 9]\n"))
        .collect();
    let records = run(&format!("{CARS}\n{dense}"), &slow);
    assert!(
        count(&records, |event| matches!(
            event,
            Event::Dropped {
                why: Reason::QueueFull,
                node: NodeId(0),
                ..
            }
        )) > 5
    );
    let busy = records.iter().find_map(|record| match &record.event {
        Event::Load(loads) => loads.iter().find(|load| load.node == NodeId(0)).map(|load| load.busy),
        _ => None,
    });
    assert!(busy.is_some_and(|busy| busy > 700), "{busy:?}");
}

#[test]
fn effects_leave_when_the_charge_is_paid() {
    let records = run(
        CARS,
        &[
            ("protocols.toy.spread", "false"),
            ("protocols.toy.work", "50"),
            ("node.0.profile", "mnt-2008"),
        ],
    );
    let frame = records
        .iter()
        .find(|record| matches!(record.event, Event::Sent { node: NodeId(0), .. }))
        .expect("sent");
    // Woken at 10 ms, 50 x 0.6 ms of work, then the next slot boundary and what the channel demands.
    assert!(
        frame.at > Time(40_000_000) && frame.at < Time(43_000_000),
        "{}",
        frame.at
    );
}

#[test]
fn cancelling_removes_a_wake_up_that_waits_for_the_processor() {
    let records = run(CARS, &[("protocols.toy.work_then_cancel", "true")]);
    assert_eq!(
        count(
            &records,
            |event| matches!(event, Event::Emitted { name, .. } if &**name == "rang")
        ),
        0
    );
}

#[test]
fn a_node_reads_its_own_clock() {
    let records = run(CARS, &[("node.1.clock_offset", "250ms")]);
    let clocks: Vec<Value> = records
        .iter()
        .filter_map(|record| match &record.event {
            Event::Emitted { name, fields, .. } if &**name == "clock" => fields.first().map(|(_, value)| value.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        clocks,
        [
            Value::Time(Time::ZERO),
            Value::Time(Time::from_millis(250)),
            Value::Time(Time::ZERO)
        ]
    );
}

#[test]
fn clocks_that_are_behind_or_drift_keep_their_timers() {
    for (offset, drift) in [("-1.5s", "0"), ("0s", "20"), ("0s", "-20"), ("2s", "1.5")] {
        let set = [
            ("protocols.toy.spread", "false"),
            ("node.0.clock_offset", offset),
            ("node.0.clock_drift_ppm", drift),
        ];
        let records = run(CARS, &set);
        // Ten a second, whatever the clock says of the hour.
        assert!(
            (18..=20).contains(&sent_by(&records, 0, 0, 2000)),
            "offset {offset}, drift {drift}"
        );
    }
    for drift in [-100_000, -20_000, -1, 0, 1, 1_500, 20_000, 100_000] {
        let mut parsed = (*scenario(CARS, &[])).clone();
        parsed.nodes[0].clock.drift_ppb = drift;
        let kernel = Kernel::new(
            Arc::new(parsed),
            Options {
                threads: 1,
                share: true,
            },
        )
        .expect("sets up");
        for local in (0..50).map(|n| Time::from_millis(n * 100)) {
            let rings = kernel.nodes[0].global(local);
            assert!(
                kernel.nodes[0].local(rings) >= local,
                "a timer rings before its time at {drift} ppb"
            );
        }
    }
}
