//! Records, manifests and logs for tests.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use roadveil_role::{LinkAddr, Reason, Time, Value};

use crate::event::*;
use crate::journal::*;

fn node() -> impl Strategy<Value = NodeId> {
    prop_oneof![8 => 0u32..50, 1 => any::<u32>()].prop_map(NodeId)
}

fn tx() -> impl Strategy<Value = TxId> {
    prop_oneof![8 => 0u64..1000, 1 => any::<u64>()].prop_map(TxId)
}

fn reason() -> impl Strategy<Value = Reason> {
    proptest::sample::select(Reason::ALL)
}

fn text() -> impl Strategy<Value = Text> {
    "[a-z_é]{0,12}".prop_map(Text::from)
}

fn bytes() -> impl Strategy<Value = Arc<[u8]>> {
    vec(any::<u8>(), 0..80).prop_map(Arc::from)
}

fn position() -> impl Strategy<Value = Position> {
    (any::<i32>(), any::<i32>(), any::<u16>(), any::<u16>()).prop_map(|(x_cm, y_cm, speed_cm, heading_cdeg)| Position {
        x_cm,
        y_cm,
        speed_cm,
        heading_cdeg,
    })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<u64>().prop_map(Value::U64),
        any::<i64>().prop_map(Value::I64),
        (-1e12..1e12f64).prop_map(Value::F64),
        "[a-z]{0,8}".prop_map(Value::Text),
        vec(any::<u8>(), 0..8).prop_map(Value::Bytes),
        any::<u64>().prop_map(|at| Value::Time(Time(at))),
        (any::<u64>(), 0..1_000_000_000u32).prop_map(|(secs, nanos)| Value::Span(Duration::new(secs, nanos))),
    ]
}

/// Any event at all.
pub(in crate::journal) fn event() -> impl Strategy<Value = Event> {
    let addr = || any::<[u8; 6]>().prop_map(LinkAddr);
    let reception = || {
        (node(), any::<i8>(), proptest::option::of(reason())).prop_map(|(node, dbm, lost)| Reception {
            node,
            dbm,
            lost,
        })
    };
    let load = (node(), any::<[u16; 4]>()).prop_map(|(node, [queued, busy, received, channel])| Load {
        node,
        queued,
        busy,
        received,
        channel,
    });
    let receptions = prop_oneof![
        vec(reception(), 0..20),
        vec(reception(), 0..20).prop_map(|mut list| {
            list.sort_by_key(|reception| reception.node);
            list
        })
    ];
    prop_oneof![
        (tx(), addr(), addr(), any::<u64>(), bytes()).prop_map(|(tx, from, to, airtime, bytes)| Event::Frame(Frame {
            tx,
            from,
            to,
            airtime,
            bytes
        })),
        (tx(), node(), any::<u8>()).prop_map(|(tx, node, attempt)| Event::Sent { tx, node, attempt }),
        (tx(), receptions).prop_map(|(tx, receptions)| Event::Heard { tx, receptions }),
        (
            tx(),
            node(),
            node(),
            proptest::result::maybe_ok(any::<u64>().prop_map(Time), reason()),
            bytes()
        )
            .prop_map(|(tx, from, to, fate, bytes)| Event::Packet(Packet {
                tx,
                from,
                to,
                fate,
                bytes
            })),
        (tx(), node(), reason()).prop_map(|(tx, node, why)| Event::Dropped { tx, node, why }),
        (node(), reason(), any::<[u8; 2]>()).prop_map(|(node, why, head)| Event::Unsent { node, why, head }),
        (node(), any::<u8>(), proptest::option::of(tx()), reason()).prop_map(|(node, role, tx, why)| Event::Rejected {
            node,
            role,
            tx,
            why
        }),
        (node(), any::<u8>(), text(), any::<u64>()).prop_map(|(node, role, name, exchange)| Event::Step {
            node,
            role,
            name,
            exchange
        }),
        (node(), any::<u8>(), text()).prop_map(|(node, role, state)| Event::State { node, role, state }),
        (node(), any::<u8>(), text(), vec(("[a-z]{1,6}", value()), 0..4)).prop_map(|(node, role, name, fields)| {
            Event::Emitted {
                node,
                role,
                name,
                fields,
            }
        }),
        (node(), addr()).prop_map(|(node, addr)| Event::Readdressed { node, addr }),
        (node(), position()).prop_map(|(node, at)| Event::Joined { node, at }),
        (node(), any::<bool>()).prop_map(|(node, fault)| Event::Left { node, fault }),
        vec((node(), position()), 0..10).prop_map(Event::Moved),
        vec(load, 0..5).prop_map(Event::Load),
        vec(any::<(u8, u64)>(), 0..5).prop_map(Event::Charged),
        (node(), node(), any::<bool>()).prop_map(|(a, b, up)| Event::Link { a, b, up }),
        "[a-z ]{0,20}".prop_map(Event::Command),
    ]
}

/// Records in order, some together, some far apart.
pub(in crate::journal) fn records(count: usize) -> impl Strategy<Value = Vec<Record>> {
    let gap = prop_oneof![3 => Just(0u64), 6 => 0..20_000_000u64, 1 => 0..2_000_000_000u64];
    vec((gap, event()), 0..count).prop_map(|list| {
        let mut at = 0;
        list.into_iter()
            .map(|(gap, event)| {
                at += gap;
                Record { at: Time(at), event }
            })
            .collect()
    })
}

/// A plausible run: `frames` frames, 5 ms apart, each heard by a few, with steps and moves in between.
pub(in crate::journal) fn run(frames: u64) -> Vec<Record> {
    let mut records = Vec::new();
    for node in 0..4u32 {
        let at = Position {
            x_cm: 1000 * node as i32,
            ..Position::default()
        };
        records.push(Record {
            at: Time::ZERO,
            event: Event::Joined { node: NodeId(node), at },
        });
    }
    for number in 0..frames {
        let at = Time(number * 5_000_000);
        let sender = NodeId((number % 4) as u32);
        let bytes: Arc<[u8]> = blake3::hash(&number.to_le_bytes()).as_bytes().repeat(3).into();
        let from = LinkAddr::local([sender.0 as u8; 6]);
        let frame = Frame {
            tx: TxId(number),
            from,
            to: LinkAddr::BROADCAST,
            airtime: 488_000,
            bytes,
        };
        records.push(Record {
            at,
            event: Event::Frame(frame),
        });
        records.push(Record {
            at,
            event: Event::Sent {
                tx: TxId(number),
                node: sender,
                attempt: 0,
            },
        });
        let receptions = (0..4u32)
            .filter(|&node| node != sender.0)
            .map(|node| Reception {
                node: NodeId(node),
                dbm: -60 - node as i8,
                lost: (number % 7 == 0).then_some(Reason::Collision),
            })
            .collect();
        records.push(Record {
            at: Time(at.0 + 488_000),
            event: Event::Heard {
                tx: TxId(number),
                receptions,
            },
        });
        if number % 10 == 3 {
            let moved = (0..4u32).map(|node| {
                (
                    NodeId(node),
                    Position {
                        y_cm: number as i32,
                        ..Position::default()
                    },
                )
            });
            records.push(Record {
                at: Time(at.0 + 600_000),
                event: Event::Moved(moved.collect()),
            });
        }
        if number % 5 == 2 {
            let event = Event::Step {
                node: sender,
                role: 0,
                name: "request".into(),
                exchange: number,
            };
            records.push(Record {
                at: Time(at.0 + 700_000),
                event,
            });
        }
    }
    records
}

pub(in crate::journal) fn manifest() -> Manifest {
    Manifest {
        format: Format::CURRENT,
        roadveil: "0.1.0".into(),
        scenario: "four".into(),
        origin: "builtin:four".into(),
        text: "name = \"four\"\n".into(),
        overrides: vec![("radio.power_dbm".into(), "20".into())],
        seed: 7,
        duration: Time::from_secs(60),
        inputs: vec![InputFile::of("roads.net.xml", b"<net/>")],
        protocols: vec!["ecpp".into()],
        host: HostFigures::now(),
    }
}

pub(in crate::journal) fn cast() -> Arc<Cast> {
    let node = |number: u32| CastNode {
        name: format!("car-{number}"),
        roles: vec!["ecpp.obu".into()],
        profile: "obu".into(),
        mobile: true,
    };
    Arc::new(Cast {
        scenario: "four".into(),
        title: "Four cars".into(),
        seed: 7,
        duration: Time::from_secs(60),
        nodes: (0..4).map(node).collect(),
        protocols: vec!["ecpp".into()],
        map: Map {
            roads: vec![vec![(0.0, 0.0), (100.0, 0.0)]],
            buildings: Vec::new(),
            bounds: [0.0, 0.0, 100.0, 10.0],
        },
    })
}

/// A file in memory that can be read while it is written.
#[derive(Clone, Default)]
pub(in crate::journal) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(in crate::journal) fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("nobody panics with it").clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Small chunks, so that a small log has many.
pub(in crate::journal) fn options() -> Options {
    Options {
        chunk_bytes: 4 * 1024,
        chunk_age: Duration::from_secs(3600),
        ..Options::default()
    }
}

pub(in crate::journal) fn writer(file: &Shared, options: Options) -> Writer {
    Writer::onto(
        Box::new(file.clone()),
        Path::new("test.mcap"),
        &manifest(),
        &cast(),
        options,
    )
    .expect("memory takes it")
}

/// The bytes of a finished log.
pub(in crate::journal) fn log_bytes(records: &[Record]) -> (Vec<u8>, Finished) {
    let file = Shared::default();
    let mut recorder = Recorder::writing(writer(&file, options()), &cast());
    recorder.record(records).expect("it records");
    let reached = records.last().map_or(Time::ZERO, |record| record.at);
    let finished = recorder.finish(reached, Outcome::Finished).expect("it finishes");
    (file.bytes(), finished)
}

pub(in crate::journal) fn open(bytes: impl Into<Arc<[u8]>>) -> Result<Log, LogError> {
    Log::from_bytes(Path::new("test.mcap"), bytes.into())
}

/// All records that can be read, with their numbers.
pub(in crate::journal) fn read_all(log: &Log) -> Vec<(u64, Record)> {
    let portions = log.records_from(Time::ZERO).expect("memory opens");
    portions
        .filter_map(Result::ok)
        .flat_map(|portion| (portion.first..).zip(portion.records).collect::<Vec<_>>())
        .collect()
}
