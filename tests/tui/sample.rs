//! Small runs made by hand.

use std::sync::Arc;

use postcard_schema::Schema;
use roadveil::event::{Cast, CastNode, Event, Frame, Load, Map, NodeId, Packet, Position, Reception, Record, TxId};
use roadveil::feed::{Speed, Status};
use roadveil_role::view::{Emitted, Fold, View};
use roadveil_role::{
    Cardinality, LinkAddr, Message, Protocol, Reason, RoleSpec, Setup, SetupError, Time, Value, encode,
};
use serde::{Deserialize, Serialize};

/// Messages of a protocol that exists for these runs only.
#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
pub enum Demo {
    Beacon {
        time: u64,
        speed: u16,
        place: (i32, i32),
        signature: [u8; 16],
    },
    Request {
        pseudonym: [u8; 8],
        proof: Vec<u8>,
    },
    Grant {
        key: [u8; 16],
        valid_until: u64,
    },
    Report {
        items: Vec<u16>,
    },
}

impl Message for Demo {
    const PROTOCOL: u8 = 7;
}

fn setup(_: &Setup) -> Result<Box<dyn roadveil_role::Deployment>, SetupError> {
    Err(SetupError("only for show".to_owned()))
}

const fn role(name: &'static str, radio: bool, wired: bool) -> RoleSpec {
    RoleSpec {
        name,
        title: name,
        cardinality: Cardinality::Any,
        radio,
        wired,
    }
}

static DEMO: Protocol = Protocol {
    name: "demo",
    number: 7,
    title: "A protocol for show",
    paper: "",
    summary: "",
    roles: &[
        role("obu", true, false),
        role("rsu", true, true),
        role("ta", false, true),
    ],
    messages: Demo::SCHEMA,
    params: &[],
    attacks: &[],
    routine: &[],
    marks: &[],
    setup,
    fold: || Box::new(Keys::default()),
};

/// The protocols of these runs.
pub static PROTOCOLS: &[&Protocol] = &[&DEMO];

/// One view of each shape.
#[derive(Default)]
struct Keys {
    granted: Vec<(f64, f64)>,
    rows: Vec<Vec<String>>,
}

impl Fold for Keys {
    fn observe(&mut self, event: &Emitted<'_>) {
        let seconds = event.at.as_secs_f64();
        self.granted.push((seconds, self.granted.len() as f64));
        self.rows.push(vec![
            event.node.to_owned(),
            format!("{seconds:.3}"),
            event.role.to_owned(),
        ]);
    }

    fn views(&self) -> Vec<View> {
        let count = self.granted.len() as u64;
        vec![
            View::Gauge {
                title: "Vehicles with a key".to_owned(),
                share: count as f64 / 6.0,
                label: format!("{count} of 6"),
            },
            View::KeyValue {
                title: "Authority".to_owned(),
                pairs: vec![("epoch".to_owned(), "1".to_owned())],
            },
            View::Table {
                title: "Keys granted".to_owned(),
                columns: ["vehicle", "at, s", "role"].map(str::to_owned).to_vec(),
                rows: self.rows.clone(),
            },
            View::Series {
                title: "Keys granted over time".to_owned(),
                points: self.granted.clone(),
                band: vec![(0.0, 1.0); self.granted.len()],
                beside: None,
            },
            View::Histogram {
                title: "Delay, ms".to_owned(),
                bins: vec![(0.0, 3), (10.0, count)],
            },
            View::States {
                title: "States".to_owned(),
                states: vec![("keyed".to_owned(), count)],
            },
            View::Graph {
                title: "Who knows whom".to_owned(),
                vertices: vec!["rsu-1".to_owned(), "ta".to_owned()],
                edges: vec![(0, 1, "asks".to_owned())],
            },
        ]
    }

    fn figures(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}

/// Collects the records of a run.
pub struct Run {
    pub cast: Arc<Cast>,
    pub records: Vec<Record>,
    at: Time,
    tx: u64,
}

pub fn addr(node: u32) -> LinkAddr {
    let [a, b, c, d] = node.to_be_bytes();
    LinkAddr::local([2, 0xab, a, b, c, d])
}

pub fn place(x: f64, y: f64) -> Position {
    Position {
        x_cm: (x * 100.0) as i32,
        y_cm: (y * 100.0) as i32,
        speed_cm: 1389,
        heading_cdeg: 9000,
    }
}

impl Run {
    pub fn new(cast: Cast) -> Run {
        Run {
            cast: Arc::new(cast),
            records: Vec::new(),
            at: Time::ZERO,
            tx: 0,
        }
    }

    pub fn at(&mut self, millis: u64) -> &mut Run {
        self.at = Time::from_millis(millis);
        self
    }

    pub fn push(&mut self, event: Event) -> &mut Run {
        self.records.push(Record { at: self.at, event });
        self
    }

    /// A frame, heard at once: what lasts half a millisecond does not matter here.
    pub fn frame(&mut self, from: u32, to: Option<u32>, message: &Demo, receptions: Vec<Reception>) -> TxId {
        let tx = self.begin(from, to, message);
        self.push(Event::Heard { tx, receptions });
        tx
    }

    pub fn begin(&mut self, from: u32, to: Option<u32>, message: &Demo) -> TxId {
        let tx = TxId(self.tx);
        self.tx += 1;
        let bytes: Arc<[u8]> = encode(message).into();
        let to = to.map_or(LinkAddr::BROADCAST, addr);
        self.push(Event::Frame(Frame {
            tx,
            from: addr(from),
            to,
            airtime: 488_000,
            bytes,
        }));
        self.push(Event::Sent {
            tx,
            node: NodeId(from),
            attempt: 0,
        });
        tx
    }

    pub fn packet(&mut self, from: u32, to: u32, message: &Demo, fate: Result<Time, Reason>) -> TxId {
        let tx = TxId(self.tx);
        self.tx += 1;
        let bytes = encode(message).into();
        self.push(Event::Packet(Packet {
            tx,
            from: NodeId(from),
            to: NodeId(to),
            fate,
            bytes,
        }));
        tx
    }

    pub fn state(&mut self, node: u32, state: &str) -> &mut Run {
        self.push(Event::State {
            node: NodeId(node),
            role: 0,
            state: state.into(),
        })
    }
}

pub fn got(node: u32, dbm: i8) -> Reception {
    Reception {
        node: NodeId(node),
        dbm,
        lost: None,
    }
}

pub fn missed(node: u32, dbm: i8, why: Reason) -> Reception {
    Reception {
        node: NodeId(node),
        dbm,
        lost: Some(why),
    }
}

pub fn node(name: String, role: &str, mobile: bool) -> CastNode {
    CastNode {
        name,
        roles: vec![format!("demo.{role}")],
        profile: if mobile { "car" } else { "box" }.to_owned(),
        mobile,
    }
}

pub fn beacon(time: u64) -> Demo {
    Demo::Beacon {
        time,
        speed: 1389,
        place: (100, -200),
        signature: *b"0123456789abcdef",
    }
}

/// A town of five by five blocks.
fn town() -> Map {
    let mut map = Map {
        bounds: [0.0, 0.0, 600.0, 400.0],
        ..Map::default()
    };
    for step in 0..=4u8 {
        let y = f32::from(step) * 100.0;
        map.roads.push(vec![(0.0, y), (600.0, y)]);
    }
    for step in 0..=4u8 {
        let x = f32::from(step) * 150.0;
        map.roads.push(vec![(x, 0.0), (x, 400.0)]);
        for block in 0..4u8 {
            let (x, y) = (x + 30.0, f32::from(block) * 100.0 + 25.0);
            map.buildings
                .push(vec![(x, y), (x + 90.0, y), (x + 90.0, y + 50.0), (x, y + 50.0)]);
        }
    }
    map
}

/// Three road-side units (0 to 2), the authority (3), six cars (4 to 9).
pub fn cast() -> Cast {
    let mut nodes: Vec<_> = (1..=3)
        .map(|number| node(format!("rsu-{number}"), "rsu", false))
        .collect();
    nodes.push(node("ta".to_owned(), "ta", false));
    nodes.extend((1..=6).map(|number| node(format!("car-{number}"), "obu", true)));
    Cast {
        scenario: "six-cars".to_owned(),
        title: "Six cars in a small town".to_owned(),
        seed: 1,
        duration: Time::from_secs(60),
        nodes,
        protocols: vec!["demo".to_owned()],
        map: town(),
    }
}

/// A run with everything in it: requests, grants, losses of several kinds, refusals, a failed node, a link down.
pub fn six_cars() -> Run {
    let mut run = Run::new(cast());
    let places = [(150.0, 100.0), (300.0, 300.0), (450.0, 100.0), (580.0, 390.0)];
    let cars = [
        (20.0, 100.0),
        (120.0, 200.0),
        (300.0, 140.0),
        (420.0, 300.0),
        (450.0, 260.0),
        (560.0, 100.0),
    ];
    for (number, (x, y)) in (0u32..).zip(places.into_iter().chain(cars)) {
        run.push(Event::Joined {
            node: NodeId(number),
            at: place(x, y),
        });
        if number != 3 {
            run.push(Event::Readdressed {
                node: NodeId(number),
                addr: addr(number),
            });
        }
    }
    for car in 4..10 {
        run.state(car, "keyless");
    }
    for second in 0..12 {
        run.at(second * 1000);
        for car in 4..10u32 {
            let others = (0..10).filter(|other| *other != 3 && *other != car);
            let heard = others.map(|other| match (other + car + second as u32) % 7 {
                0 => missed(other, -93, Reason::Collision),
                1 => missed(other, -97, Reason::BelowSensitivity),
                _ => got(other, -60 - (other as i8)),
            });
            run.frame(car, None, &beacon(second), heard.collect());
        }
        let moves = (4..10u32).map(|car| {
            let (x, y) = cars[car as usize - 4];
            (NodeId(car), place(x + second as f64 * 2.0, y))
        });
        run.push(Event::Moved(moves.collect()));
        run.push(Event::Load(
            (0..10u32)
                .map(|node| Load {
                    node: NodeId(node),
                    queued: (node % 3) as u16,
                    busy: (node * 111) as u16,
                    received: (node * 5) as u16,
                    channel: 150,
                })
                .collect(),
        ));
    }
    run.at(12_100);
    run.state(4, "requesting");
    let request = Demo::Request {
        pseudonym: *b"\x01\x02\x03\x04\x05\x06\x07\x08",
        proof: (0..48).collect(),
    };
    run.push(Event::Step {
        node: NodeId(4),
        role: 0,
        name: "request key".into(),
        exchange: 1,
    });
    run.frame(4, Some(0), &request, vec![got(0, -61)]);
    run.at(12_104);
    run.packet(0, 3, &request, Ok(Time::from_millis(12_109)));
    run.at(12_109);
    run.push(Event::Step {
        node: NodeId(3),
        role: 0,
        name: "check proof".into(),
        exchange: 1,
    });
    run.at(12_121);
    let grant = Demo::Grant {
        key: [0xa5; 16],
        valid_until: 72_000,
    };
    run.packet(3, 0, &grant, Ok(Time::from_millis(12_126)));
    run.at(12_130);
    run.frame(0, Some(4), &grant, vec![got(4, -62)]);
    run.at(12_133);
    run.state(4, "keyed");
    let fields = vec![
        ("valid_until".to_owned(), Value::U64(72_000)),
        ("epoch".to_owned(), Value::U64(1)),
    ];
    run.push(Event::Emitted {
        node: NodeId(4),
        role: 0,
        name: "key_obtained".into(),
        fields,
    });
    run.at(12_140);
    let bad = run.frame(
        5,
        None,
        &beacon(99),
        vec![got(0, -70), got(4, -66), missed(6, -90, Reason::Obstacle), got(7, -80)],
    );
    run.at(12_142);
    run.push(Event::Rejected {
        node: NodeId(0),
        role: 0,
        tx: Some(bad),
        why: Reason::BadSignature,
    });
    run.push(Event::Dropped {
        tx: bad,
        node: NodeId(7),
        why: Reason::QueueFull,
    });
    run.push(Event::Unsent {
        node: NodeId(8),
        why: Reason::Expired,
        head: [7, 1],
    });
    run.push(Event::Left {
        node: NodeId(2),
        fault: true,
    });
    run.push(Event::Link {
        a: NodeId(2),
        b: NodeId(3),
        up: false,
    });
    run.packet(1, 3, &Demo::Report { items: vec![1, 300, 7] }, Err(Reason::LinkLoss));
    run.state(9, "revoked");
    run.state(6, "requesting");
    run.push(Event::Command("fail rsu-3".to_owned()));
    run.at(12_200);
    run.frame(6, None, &beacon(12_200), vec![got(1, -72), got(7, -75), got(8, -71)]);
    run.begin(4, None, &beacon(12_200));
    run
}

/// A feed that runs at one virtual second a second, at that moment.
pub fn live(now: Time) -> Status {
    Status {
        now,
        end: Time::from_secs(60),
        paused: false,
        finished: false,
        speed: Speed::Times(1.0),
        rate: 0.99,
        replay: false,
        note: None,
    }
}
