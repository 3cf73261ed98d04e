//! What recording costs: a second of 800 vehicles that beacon, each heard by sixty, and what goes with it.
//!
//! `cargo bench --bench journal`; the sizes are printed before the times.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use roadveil::event::{Cast, CastNode, Event, Frame, Map, NodeId, Position, Reception, Record, TxId};
use roadveil::journal::{
    Encoder, Format, HostFigures, Log, Manifest, Options, Outcome, Recorder, RecorderThread, Writer,
};
use roadveil_role::{LinkAddr, Reason, Time};

const NODES: u32 = 800;
const RATE: u64 = 8_000;
const HEARD: u32 = 60;
const FRAME: usize = 300;

/// A sequence that looks random and is always the same.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// One second of a busy city. Two thirds of each frame are as good as random: signatures, keys, ciphertexts.
fn traffic() -> Vec<Record> {
    let mut draws = Draws(7);
    let mut records = Vec::new();
    let step = 1_000_000_000 / RATE;
    for number in 0..RATE {
        let at = number * step;
        let sender = NodeId((number % u64::from(NODES)) as u32);
        let mut bytes = vec![0x2a; FRAME];
        bytes[FRAME / 3..]
            .iter_mut()
            .for_each(|byte| *byte = draws.next() as u8);
        let from = LinkAddr::local([0, 0, 0, 0, (sender.0 >> 8) as u8, sender.0 as u8]);
        let frame = Frame {
            tx: TxId(number),
            from,
            to: LinkAddr::BROADCAST,
            airtime: 488_000,
            bytes: bytes.into(),
        };
        records.push(Record {
            at: Time(at),
            event: Event::Frame(frame),
        });
        records.push(Record {
            at: Time(at),
            event: Event::Sent {
                tx: TxId(number),
                node: sender,
                attempt: 0,
            },
        });
        // Neighbours are near in space, not in number.
        let mut node = 0;
        let receptions = (0..HEARD)
            .map(|_| {
                node += 1 + (draws.next() % 24) as u32;
                let lost = match draws.next() % 10 {
                    0..=6 => None,
                    7 | 8 => Some(Reason::Collision),
                    _ => Some(Reason::BelowSensitivity),
                };
                Reception {
                    node: NodeId(node),
                    dbm: -60 - (draws.next() % 35) as i8,
                    lost,
                }
            })
            .collect();
        records.push(Record {
            at: Time(at + step / 2),
            event: Event::Heard {
                tx: TxId(number),
                receptions,
            },
        });
        if number % 4 == 0 {
            let event = Event::Rejected {
                node: sender,
                role: 0,
                tx: Some(TxId(number)),
                why: Reason::Stale,
            };
            records.push(Record {
                at: Time(at + step / 2),
                event,
            });
        }
        if number % (RATE / 10) == 0 {
            let moved = (0..NODES).map(|node| {
                let draw = draws.next();
                let at = Position {
                    x_cm: (draw % 200_000) as i32,
                    y_cm: (draw >> 10) as i32 % 200_000,
                    speed_cm: (draw % 1_400) as u16,
                    heading_cdeg: (draw % 36_000) as u16,
                };
                (NodeId(node), at)
            });
            records.push(Record {
                at: Time(at + step / 2),
                event: Event::Moved(moved.collect()),
            });
        }
    }
    records
}

/// What is counted: one for each receiver of a frame, one for each other event.
fn events(records: &[Record]) -> usize {
    let count = |record: &Record| {
        if let Event::Heard { receptions, .. } = &record.event {
            receptions.len()
        } else {
            1
        }
    };
    records.iter().map(count).sum()
}

fn cast() -> Arc<Cast> {
    let node = |number: u32| CastNode {
        name: format!("car-{number}"),
        roles: vec!["ecpp.obu".into()],
        profile: "obu".into(),
        mobile: true,
    };
    Arc::new(Cast {
        scenario: "bench".into(),
        title: String::new(),
        seed: 1,
        duration: Time::from_secs(1),
        nodes: (0..NODES).map(node).collect(),
        protocols: Vec::new(),
        map: Map::default(),
    })
}

fn manifest() -> Manifest {
    Manifest {
        format: Format::CURRENT,
        roadveil: String::new(),
        scenario: "bench".into(),
        origin: String::new(),
        text: String::new(),
        overrides: Vec::new(),
        seed: 1,
        duration: Time::from_secs(1),
        inputs: Vec::new(),
        protocols: Vec::new(),
        host: HostFigures::default(),
    }
}

/// Takes everything and counts it.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU64>);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn recorder(positions: bool) -> (Recorder, Counting) {
    let sink = Counting::default();
    let options = Options {
        positions,
        ..Options::default()
    };
    let writer = Writer::onto(
        Box::new(sink.clone()),
        Path::new("bench.mcap"),
        &manifest(),
        &cast(),
        options,
    )
    .expect("a sink that takes everything");
    (Recorder::writing(writer, &cast()), sink)
}

fn main() {
    let records = traffic();
    let counted = events(&records);
    let noise = RATE as f64 * (FRAME - FRAME / 3) as f64;
    let (mut recorder, sink) = recorder(false);
    recorder.record(&records).expect("it records");
    let finished = recorder
        .finish(Time::from_secs(1), Outcome::Finished)
        .expect("it finishes");
    let bytes = sink.0.load(Ordering::Relaxed) as f64;
    let (each, rest) = (bytes / counted as f64, (bytes - noise) / counted as f64);
    println!(
        "{counted} events (receptions counted singly) in {} records",
        records.len()
    );
    println!("{bytes:.0} bytes of log: {each:.2} an event, {rest:.2} without the frames' random bytes");
    println!("stream hash {}", finished.stream_hash);
    divan::main();
}

#[divan::bench]
fn encode_and_hash(bencher: Bencher<'_, '_>) {
    let records = traffic();
    bencher.counter(ItemsCount::new(events(&records))).bench_local(|| {
        let mut encoder = Encoder::new();
        for record in &records {
            black_box(encoder.push(record).expect("records in order"));
        }
        black_box(encoder.finish().1)
    });
}

/// The whole way, thread of the writer included, until all is written.
#[divan::bench(args = [false, true])]
fn write_log(bencher: Bencher<'_, '_>, positions: bool) {
    let records = traffic();
    bencher.counter(ItemsCount::new(events(&records))).bench_local(|| {
        let (mut recorder, _) = recorder(positions);
        recorder.record(&records).expect("it records");
        recorder
            .finish(Time::from_secs(1), Outcome::Finished)
            .expect("it finishes")
    });
}

/// What the thread of the kernel pays: handing over slices of 20 ms, fewer than may wait.
#[divan::bench]
fn hand_over(bencher: Bencher<'_, '_>) {
    let records = traffic();
    let slices: Vec<Arc<[Record]>> = records.chunks(records.len().div_ceil(50)).map(Arc::from).collect();
    bencher
        .counter(ItemsCount::new(events(&records)))
        .with_inputs(|| RecorderThread::spawn(Recorder::hashing()).expect("a thread"))
        .bench_local_values(|mut thread| {
            for slice in &slices {
                thread.push(Arc::clone(slice)).expect("it records");
            }
            thread
        });
}

#[divan::bench]
fn read_log(bencher: Bencher<'_, '_>) {
    let records = traffic();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("bench.mcap");
    let writer = Writer::create(&path, &manifest(), &cast(), Options::default()).expect("a log");
    let mut recorder = Recorder::writing(writer, &cast());
    recorder.record(&records).expect("it records");
    recorder
        .finish(Time::from_secs(1), Outcome::Finished)
        .expect("it finishes");
    let log = Log::open(&path).expect("it opens");
    bencher.counter(ItemsCount::new(events(&records))).bench_local(|| {
        let portions = log.records_from(Time::ZERO).expect("it opens");
        portions
            .map(|portion| portion.expect("whole").records.len())
            .sum::<usize>()
    });
}
