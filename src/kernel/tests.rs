//! The kernel's promises, with a toy protocol whose roles do one thing each.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use postcard_schema::Schema;
use roadveil_crypto::{Charge, Check, CheckDigest, Host, Op, Question};
use roadveil_role::param::{Default as ParamDefault, ParamKind, ParamSpec};
use roadveil_role::view::{Emitted, Fold, View};
use roadveil_role::{
    Actor, Address, Built, Cardinality, Cx, Deployment, HostAddr, Message, Params, Protocol, Reason, Role, RoleSpec,
    Setup, SetupError, Time, Timer, Typed, Value,
};
use serde::{Deserialize, Serialize};

use super::{Kernel, Options};
use crate::event::{Event, NodeId, Record};
use crate::metrics::Summary;
use crate::scenario::{Origin, Scenario};
use crate::session::cast;

/// Beacons, checks what it hears, and does as its parameters say.
#[derive(Clone)]
struct Car {
    params: Params,
}

/// Sends a packet to host 0 every period.
#[derive(Clone)]
struct Office;

#[derive(Serialize, Deserialize, Schema)]
enum Toy {
    Beacon { number: u64 },
    Packet,
}

impl Message for Toy {
    const PROTOCOL: u8 = 250;
}

#[derive(Debug)]
struct Odd(u64);

impl Question for Odd {
    fn scheme(&self) -> &'static str {
        "toy.odd"
    }
    fn inputs(&self, digest: &mut CheckDigest) {
        digest.append_u64("number", self.0);
    }
    fn charge(&self) -> Charge {
        Charge::of(Op::G1Mul, 2)
    }
    fn answer(&self, _host: &Host) -> bool {
        self.0 % 2 == 1
    }
}

const BEACON: Timer = Timer(1);
const CANCELLED: Timer = Timer(2);

impl Actor for Car {
    type Msg = Toy;

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.state("driving");
        use rand::Rng;
        let spread = if self.params.flag("spread") {
            cx.rng("phase", 0).next_u64() % 90
        } else {
            0
        };
        cx.timer(Duration::from_millis(10 + spread), BEACON);
        cx.emit("clock", [("now", Value::Time(cx.now()))]);
        if self.params.flag("work_then_cancel") {
            // The wake-up falls due while the processor works off the start, and is cancelled before its turn.
            cx.timer(Duration::from_millis(1), CANCELLED);
            cx.timer(Duration::ZERO, Timer(3));
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, _from: Address, message: &Toy) -> Result<(), Reason> {
        let &Toy::Beacon { number } = message else {
            return Err(Reason::Unexpected);
        };
        if cx.check(&Check::new(Odd(number))).is_valid() {
            Ok(())
        } else {
            Err(Reason::BadSignature)
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        if timer == Timer(3) {
            cx.meter().add(Op::G1Mul, 10);
            cx.cancel(CANCELLED);
            return;
        }
        if timer == CANCELLED {
            cx.emit("rang", []);
            return;
        }
        if self.params.flag("panic") && cx.now() > Time::from_millis(500) {
            panic!("a toy that breaks");
        }
        cx.meter().add(Op::G1Mul, self.params.count("work") as u32);
        use rand::Rng;
        let number = cx.rng("number", 0).next_u64();
        let breaks = self.params.flag("break") && cx.now() > Time::from_millis(500);
        let job = move || {
            assert!(!breaks, "a job that breaks");
            Built::of(&Toy::Beacon { number }).anticipating(Check::new(Odd(number)))
        };
        if self.params.flag("later") {
            cx.broadcast_later(job);
            cx.emit_later("beacon", move || vec![("number", number.into())]);
        } else {
            cx.anticipate(Check::new(Odd(number)));
            cx.broadcast(&Toy::Beacon { number });
            cx.emit("beacon", [("number", number.into())]);
        }
        cx.timer_at(due + self.params.span("period"), BEACON);
    }
}

impl Actor for Office {
    type Msg = Toy;

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.timer(Duration::from_millis(100), BEACON);
    }

    fn receive(&mut self, _cx: &mut Cx<'_>, _from: Address, _message: &Toy) -> Result<(), Reason> {
        Ok(())
    }

    fn wake(&mut self, cx: &mut Cx<'_>, _timer: Timer, due: Time) {
        cx.send(Address::Host(HostAddr(0)), &Toy::Packet);
        cx.timer_at(due + Duration::from_millis(100), BEACON);
    }
}

struct Toys(Params);

impl Deployment for Toys {
    fn role(&mut self, _node: &str, role: &str) -> Result<Box<dyn Role>, SetupError> {
        Ok(if role == "car" {
            Box::new(Typed(Car { params: self.0.clone() }))
        } else {
            Box::new(Typed(Office))
        })
    }
}

struct Nothing;

impl Fold for Nothing {
    fn observe(&mut self, _event: &Emitted<'_>) {}
    fn views(&self) -> Vec<View> {
        Vec::new()
    }
    fn figures(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}

static TOY: Protocol = Protocol {
    name: "toy",
    number: 250,
    title: "A toy",
    paper: "none",
    summary: "",
    roles: &[
        RoleSpec {
            name: "car",
            title: "",
            cardinality: Cardinality::Any,
            radio: true,
            wired: false,
        },
        RoleSpec {
            name: "office",
            title: "",
            cardinality: Cardinality::Any,
            radio: false,
            wired: true,
        },
    ],
    messages: Toy::SCHEMA,
    params: &[
        ParamSpec {
            name: "period",
            kind: ParamKind::Span {
                min: Duration::from_millis(1),
                max: Duration::from_secs(10),
            },
            default: ParamDefault::Span(Duration::from_millis(100)),
            help: "",
        },
        ParamSpec {
            name: "work",
            kind: ParamKind::Count { min: 0, max: 1000 },
            default: ParamDefault::Count(1),
            help: "",
        },
        ParamSpec {
            name: "spread",
            kind: ParamKind::Flag,
            default: ParamDefault::Flag(true),
            help: "",
        },
        ParamSpec {
            name: "panic",
            kind: ParamKind::Flag,
            default: ParamDefault::Flag(false),
            help: "",
        },
        ParamSpec {
            name: "later",
            kind: ParamKind::Flag,
            default: ParamDefault::Flag(false),
            help: "",
        },
        ParamSpec {
            name: "break",
            kind: ParamKind::Flag,
            default: ParamDefault::Flag(false),
            help: "",
        },
        ParamSpec {
            name: "work_then_cancel",
            kind: ParamKind::Flag,
            default: ParamDefault::Flag(false),
            help: "",
        },
    ],
    marks: &[],
    setup: |setup: &Setup| Ok(Box::new(Toys(setup.params.clone()))),
    fold: || Box::new(Nothing),
};

const CARS: &str = r#"
title = "toys"
duration = "2s"
[protocols.toy]
[[node]]
name = "a"
roles = ["toy.car"]
at = [0, 0]
[[node]]
name = "b"
roles = ["toy.car"]
at = [50, 0]
[[node]]
name = "c"
roles = ["toy.car"]
at = [300, 40]
"#;

fn scenario(text: &str, set: &[(&str, &str)]) -> Arc<Scenario> {
    let set: Vec<(String, String)> = set
        .iter()
        .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
        .collect();
    let parsed = Scenario::parse_with(&[&TOY], text, Origin::Stdin, Path::new("."), &set);
    Arc::new(parsed.unwrap_or_else(|error| panic!("{error}")))
}

fn run_with(text: &str, set: &[(&str, &str)], options: Options) -> Vec<Record> {
    let mut kernel = Kernel::new(scenario(text, set), options).expect("sets up");
    let mut records = Vec::new();
    while kernel.advance(Time::MAX, 100) {
        records.extend(kernel.take_records());
    }
    records.extend(kernel.take_records());
    records
}

fn run(text: &str, set: &[(&str, &str)]) -> Vec<Record> {
    run_with(
        text,
        set,
        Options {
            threads: 1,
            share: true,
        },
    )
}

fn count(records: &[Record], is: impl Fn(&Event) -> bool) -> usize {
    records.iter().filter(|record| is(&record.event)).count()
}

#[test]
fn time_never_goes_back_and_every_candidate_has_one_outcome() {
    let records = run(CARS, &[]);
    assert!(records.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let mut summary = Summary::new(cast(&scenario(CARS, &[])), &[]);
    records.iter().for_each(|record| summary.observe(record));
    let frames = count(&records, |event| matches!(event, Event::Frame(_)));
    assert!(frames >= 3 * 18, "{frames}");
    let heard: usize = records
        .iter()
        .map(|record| match &record.event {
            Event::Heard { receptions, .. } => receptions.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(summary.candidates(), heard as u64);
    assert!(summary.delivered > 0);
}

#[test]
fn threads_and_sharing_do_not_show_in_the_stream() {
    let base = run(CARS, &[]);
    for options in WAYS {
        assert!(base == run_with(CARS, &[], options), "{options:?}");
    }
    assert!(base != run(CARS, &[("seed", "2")]));
    assert!(base != run(CARS, &[("radio.exponent", "3")]));
}

/// Every way to run, but for the one that is the measure of the others.
const WAYS: [Options; 4] = [way(2, true), way(4, true), way(1, false), way(4, false)];

const fn way(threads: usize, share: bool) -> Options {
    Options { threads, share }
}

/// What the nodes of one run send and get, without the numbers that count everybody's transmissions.
fn doings(records: &[Record], nodes: u32) -> Vec<String> {
    let mut senders = std::collections::BTreeMap::new();
    for record in records {
        if let Event::Sent { tx, node, .. } = &record.event {
            senders.insert(*tx, *node);
        }
    }
    let mine = |tx| senders.get(&tx).is_some_and(|node: &NodeId| node.0 < nodes);
    let lines = records.iter().filter_map(|record| match &record.event {
        Event::Frame(frame) if mine(frame.tx) => Some(format!("{} {:?} {:?}", record.at, frame.from, frame.bytes)),
        Event::Heard { tx, receptions } if mine(*tx) => {
            let receptions: Vec<_> = receptions.iter().filter(|reception| reception.node.0 < nodes).collect();
            Some(format!("{} {receptions:?}", record.at))
        }
        _ => None,
    });
    lines.collect()
}

#[test]
fn another_node_far_away_changes_nothing_here() {
    let more = format!("{CARS}\n[[node]]\nname = \"far\"\nroles = [\"toy.car\"]\nat = [50000, 0]\n");
    let (alone, beside) = (doings(&run(CARS, &[]), 3), doings(&run(&more, &[]), 3));
    assert!(alone.len() > 50);
    assert_eq!(alone, beside);
}

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
fn frames_that_are_built_later_are_the_same_frames() {
    let base = run(CARS, &[]);
    let later = [("protocols.toy.later", "true")];
    assert!(base == run(CARS, &later));
    for options in WAYS {
        assert!(base == run_with(CARS, &later, options), "{options:?}");
    }
}

#[test]
fn a_job_that_panics_takes_its_node_down_when_the_frame_is_due() {
    let breaks = [("protocols.toy.later", "true"), ("protocols.toy.break", "true")];
    let records = run(CARS, &breaks);
    let left: Vec<_> = records
        .iter()
        .filter(|record| matches!(record.event, Event::Left { fault: true, .. }))
        .map(|record| record.at)
        .collect();
    assert_eq!(left.len(), 3);
    // Woken after 500 ms, and not before the frame's turn on the channel.
    assert!(
        left.iter()
            .all(|at| *at > Time(500_058_000) && *at < Time::from_millis(700))
    );
    let sends = |record: &Record| record.at > Time::from_millis(700) && matches!(record.event, Event::Frame(_));
    assert!(!records.iter().any(sends));
    for options in WAYS {
        assert!(records == run_with(CARS, &breaks, options), "{options:?}");
    }
}

#[test]
fn a_broken_job_of_a_node_that_is_down_keeps_it_down() {
    // Woken at 510 ms it works for 30 ms; it fails meanwhile, and what it had in hand is lost.
    let faults = "[[timeline]]\nat = \"520ms\"\ndown = \"a\"\n[[timeline]]\nat = \"1s\"\nup = \"a\"\n";
    let breaks = [
        ("protocols.toy.spread", "false"),
        ("protocols.toy.later", "true"),
        ("protocols.toy.break", "true"),
        ("protocols.toy.work", "50"),
        ("node.0.profile", "mnt-2008"),
    ];
    let text = format!("{CARS}\n{faults}");
    let records = run(&text, &breaks);
    assert!(sent_by(&records, 0, 0, 500) > 3);
    assert_eq!(sent_by(&records, 0, 500, 2000), 0);
    for options in WAYS {
        assert!(records == run_with(&text, &breaks, options), "{options:?}");
    }
}

#[test]
fn a_panic_takes_one_node_down_and_not_the_run() {
    let records = run(CARS, &[("protocols.toy.panic", "true")]);
    assert_eq!(
        count(&records, |event| matches!(event, Event::Left { fault: true, .. })),
        3
    );
    assert!(records.last().expect("records").at <= Time::from_secs(2));
    assert!(
        !records
            .iter()
            .any(|record| record.at > Time::from_millis(800) && matches!(record.event, Event::Frame(_)))
    );
}

fn sent_by(records: &[Record], node: u32, from_ms: u64, to_ms: u64) -> usize {
    let within = |at: Time| at >= Time::from_millis(from_ms) && at < Time::from_millis(to_ms);
    let sent = |record: &&Record| {
        within(record.at) && matches!(record.event, Event::Sent { node: NodeId(by), .. } if by == node)
    };
    records.iter().filter(sent).count()
}

#[test]
fn a_node_that_fails_while_it_waits_for_the_channel_sends_again_afterwards() {
    let faults = "[[timeline]]\nat = \"10.003ms\"\ndown = \"a\"\n[[timeline]]\nat = \"1s\"\nup = \"a\"\n";
    let records = run(
        &format!("{CARS}\n{faults}"),
        &[("protocols.toy.spread", "false"), ("protocols.toy.work", "0")],
    );
    assert_eq!(sent_by(&records, 0, 0, 1000), 0, "it was down before its turn came");
    assert!(sent_by(&records, 0, 1000, 2000) > 5);
    let lost = |event: &Event| {
        matches!(
            event,
            Event::Unsent {
                node: NodeId(0),
                why: Reason::NodeDown,
                ..
            }
        )
    };
    assert_eq!(count(&records, lost), 1, "what waited is lost with a reason");
}

#[test]
fn what_a_failing_node_had_in_hand_is_lost_with_a_reason() {
    // Woken at 10 ms, it works for 30 ms; it fails at 20 ms.
    let faults = "[[timeline]]\nat = \"20ms\"\ndown = \"a\"\n";
    let slow = [
        ("protocols.toy.spread", "false"),
        ("protocols.toy.work", "50"),
        ("node.0.profile", "mnt-2008"),
    ];
    let records = run(&format!("{CARS}\n{faults}"), &slow);
    assert_eq!(sent_by(&records, 0, 0, 2000), 0);
    let lost = |event: &Event| {
        matches!(
            event,
            Event::Unsent {
                node: NodeId(0),
                why: Reason::NodeDown,
                ..
            }
        )
    };
    assert_eq!(count(&records, lost), 1);
}

#[test]
fn a_node_that_failed_and_then_leaves_the_world_leaves_once() {
    let text = CARS.replacen(
        "at = [50, 0]",
        "route = [[50, 0], [60, 0]]\nspeed = 10\nat_end = \"leave\"",
        1,
    );
    let records = run(&format!("{text}\n[[timeline]]\nat = \"500ms\"\ndown = \"b\"\n"), &[]);
    assert_eq!(
        count(&records, |event| matches!(event, Event::Left { node: NodeId(1), .. })),
        1
    );
    let mut summary = Summary::new(cast(&scenario(CARS, &[])), &[]);
    records.iter().for_each(|record| summary.observe(record));
    assert_eq!(summary.present, 2);
}

#[test]
fn a_node_whose_role_panicked_stays_down_whatever_the_timeline_says() {
    let faults = "[[timeline]]\nat = \"1.5s\"\nup = \"a\"\n";
    let records = run(&format!("{CARS}\n{faults}"), &[("protocols.toy.panic", "true")]);
    assert_eq!(sent_by(&records, 0, 800, 2000), 0);
}

#[test]
fn a_node_is_heard_as_soon_as_it_is_up() {
    let faults = "[[timeline]]\nat = \"100ms\"\ndown = \"b\"\n[[timeline]]\nat = \"1.001s\"\nup = \"b\"\n";
    let records = run(&format!("{CARS}\n{faults}"), &[("protocols.toy.period", "10ms")]);
    let hears = records.iter().any(|record| match &record.event {
        Event::Heard { receptions, .. }
            if record.at > Time::from_millis(1001) && record.at < Time::from_millis(1090) =>
        {
            receptions.iter().any(|reception| reception.node == NodeId(1))
        }
        _ => false,
    });
    assert!(hears);
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

#[test]
fn two_roles_of_one_protocol_do_not_share_a_node() {
    let text = CARS.replacen("[\"toy.car\"]", "[\"toy.car\", \"toy.office\"]", 1);
    let result = Kernel::new(
        scenario(&text, &[]),
        Options {
            threads: 1,
            share: true,
        },
    );
    assert!(result.is_err_and(|error| error.to_string().contains("a has two roles")));
}

#[test]
fn slices_of_the_run_do_not_show_in_the_stream() {
    let base = run(CARS, &[]);
    let mut kernel = Kernel::new(
        scenario(CARS, &[]),
        Options {
            threads: 2,
            share: true,
        },
    )
    .expect("sets up");
    let mut records = Vec::new();
    let mut until = Time::ZERO;
    while !kernel.is_ended() {
        until += Duration::from_micros(137);
        kernel.advance(until, 3);
        records.extend(kernel.take_records());
    }
    assert!(base == records);
}

#[test]
fn faults_take_nodes_and_links_down_and_up() {
    let text = r#"
title = "faults"
duration = "3s"
[protocols.toy]
[[node]]
name = "hub"
roles = ["toy.office"]
at = [0, 0]
[[node]]
name = "spoke"
roles = ["toy.office"]
at = [10, 0]
[[node]]
name = "car"
roles = ["toy.car"]
at = [20, 0]
[[node]]
name = "other"
roles = ["toy.car"]
at = [60, 0]
[[timeline]]
at = "1s"
link_down = ["hub", "spoke"]
[[timeline]]
at = "2s"
link_up = ["hub", "spoke"]
[[timeline]]
at = "1s"
down = "car"
[[timeline]]
at = "2s"
up = "car"
"#;
    let records = run(text, &[]);
    let packets = |from: u64, to: u64| {
        let within = |at: Time| at > Time::from_millis(from) && at < Time::from_millis(to);
        let fates = records.iter().filter_map(|record| match &record.event {
            Event::Packet(packet) if within(record.at) && packet.from == NodeId(1) => Some(packet.fate.is_ok()),
            _ => None,
        });
        fates.collect::<Vec<bool>>()
    };
    assert!(packets(0, 1000).iter().all(|arrives| *arrives) && packets(0, 1000).len() >= 8);
    assert!(packets(1001, 2000).iter().all(|arrives| !*arrives) && packets(1001, 2000).len() >= 8);
    assert!(packets(2001, 3000).iter().all(|arrives| *arrives));
    let sent = |from: u64, to: u64| {
        let within = |at: Time| at > Time::from_millis(from) && at < Time::from_millis(to);
        records
            .iter()
            .filter(|record| within(record.at) && matches!(record.event, Event::Sent { node: NodeId(2), .. }))
            .count()
    };
    assert!(sent(0, 1000) > 5 && sent(1002, 2000) == 0 && sent(2001, 3000) > 5);
    assert_eq!(
        count(&records, |event| matches!(event, Event::Joined { node: NodeId(2), .. })),
        2
    );
}
