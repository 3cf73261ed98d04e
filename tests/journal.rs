//! A run that is killed leaves a log that opens.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use roadveil::event::{Cast, CastNode, Event, Frame, Map, NodeId, Reception, Record, TxId};
use roadveil::journal::{EndCheck, Format, HostFigures, Log, Manifest, Options, Recorder, RecorderThread, Writer};
use roadveil_role::{LinkAddr, Time};

/// Where the child writes its log; set for it alone.
const CHILD: &str = "ROADVEIL_TEST_JOURNAL_CHILD";

/// Virtual time between two frames.
const STEP: u64 = 2_000_000;

/// What happens with the frame of that number: the run can be told without having been seen.
fn records(number: u64) -> [Record; 2] {
    let at = Time(number * STEP);
    let bytes: Arc<[u8]> = (0..6u64).flat_map(|part| (number * 7 + part).to_le_bytes()).collect();
    let from = LinkAddr::local([1; 6]);
    let frame = Frame {
        tx: TxId(number),
        from,
        to: LinkAddr::BROADCAST,
        airtime: 488_000,
        bytes,
    };
    let receptions = (0..20)
        .map(|node| Reception {
            node: NodeId(node),
            dbm: -70 - (number % 20) as i8,
            lost: None,
        })
        .collect();
    [
        Record {
            at,
            event: Event::Frame(frame),
        },
        Record {
            at: Time(at.0 + 488_000),
            event: Event::Heard {
                tx: TxId(number),
                receptions,
            },
        },
    ]
}

fn cast() -> Arc<Cast> {
    let node = |number: u32| CastNode {
        name: format!("car-{number}"),
        roles: Vec::new(),
        profile: "obu".into(),
        mobile: true,
    };
    Arc::new(Cast {
        scenario: "killed".into(),
        title: "Killed".into(),
        seed: 1,
        duration: Time::from_secs(3600),
        nodes: (0..20).map(node).collect(),
        protocols: Vec::new(),
        map: Map::default(),
    })
}

fn manifest() -> Manifest {
    Manifest {
        format: Format::CURRENT,
        roadveil: "0.1.0".into(),
        scenario: "killed".into(),
        origin: "builtin:killed".into(),
        text: String::new(),
        overrides: Vec::new(),
        seed: 1,
        duration: Time::from_secs(3600),
        inputs: Vec::new(),
        protocols: Vec::new(),
        host: HostFigures::now(),
    }
}

/// The run to be killed: in real time, until somebody ends it. Does nothing unless it is that child.
#[test]
fn child_that_runs_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let writer = Writer::create(Path::new(&path), &manifest(), &cast(), Options::default()).expect("a log");
    let mut recorder = RecorderThread::spawn(Recorder::writing(writer, &cast())).expect("a thread");
    let mut number = 0;
    // If its parent is gone, nobody kills it.
    for _ in 0..2_000 {
        let slice: Vec<Record> = (number..number + 5).flat_map(records).collect();
        number += 5;
        recorder.push(slice.into()).expect("it records");
        let mut out = std::io::stdout();
        writeln!(out, "pushed {number}")
            .and_then(|()| out.flush())
            .expect("the parent listens");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_killed_run_leaves_a_log_that_opens() {
    let directory = tempfile::tempdir().expect("a directory");
    for (attempt, millis) in [150, 1_700, 2_600].into_iter().enumerate() {
        let path = directory.path().join(format!("{attempt}.mcap"));
        let mut child = Command::new(std::env::current_exe().expect("this test's program"))
            .args(["--exact", "child_that_runs_until_it_is_killed", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"))
            .lines()
            .map_while(Result::ok);
        // Until it has begun; the rest of what it says waits in the pipe. The test's own output may stand in the line.
        let number = |line: String| line.split_once("pushed ")?.1.parse::<u64>().ok();
        let begun = lines.by_ref().find_map(number);
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().expect("it runs");
        child.wait().expect("it is gone");
        let pushed = lines.filter_map(number).last().or(begun).expect("it got somewhere");

        let log = Log::open(&path).expect("it opens");
        assert!(log.end().is_none());
        let mut read = 0u64;
        for portion in log.records_from(Time::ZERO).expect("it opens") {
            let portion = portion.expect("nothing in it is damaged");
            assert_eq!(portion.first, read);
            for record in portion.records {
                assert_eq!(record, records(read / 2)[(read % 2) as usize]);
                read += 1;
            }
        }
        // It runs in real time, at most; a second is what may be lost, and a little for a slow machine.
        let lost = Time(pushed.saturating_sub(read / 2) * STEP);
        assert!(
            lost <= Time::from_millis(1_500),
            "{lost} s of {} s lost",
            Time(pushed * STEP)
        );
        let integrity = log.check().expect("it reads");
        assert!(
            integrity.is_sound() && integrity.end == EndCheck::Absent,
            "{integrity:?}"
        );
    }
}
