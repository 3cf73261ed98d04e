//! Logs as they are written, and read back.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use roadveil_role::Time;

use super::sample::{self, Shared};
use crate::event::Record;
use crate::journal::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_log_has_the_records_of_its_run(records in sample::records(80)) {
        let (bytes, finished) = sample::log_bytes(&records);
        prop_assert_eq!(bytes.len() as u64, finished.bytes);
        let log = sample::open(bytes).expect("it opens");
        prop_assert_eq!(log.ending(), Ending::Closed);
        prop_assert_eq!(log.trailing(), 0);
        let read: Vec<_> = sample::read_all(&log).into_iter().map(|(_, record)| record).collect();
        prop_assert_eq!(&read, &records);
        let integrity = log.check().expect("it reads");
        prop_assert!(integrity.is_sound(), "{:?}", integrity);
        prop_assert_eq!(integrity.end, EndCheck::Agrees);
        prop_assert_eq!(integrity.chain, finished.stream_hash);
    }

    #[test]
    fn seeking_finds_the_records_from_a_moment_on(frames in 1u64..300, at in 0u64..2_000_000_000) {
        let records = sample::run(frames);
        let (bytes, _) = sample::log_bytes(&records);
        let log = sample::open(bytes).expect("it opens");
        let skipped = records.iter().filter(|record| record.at.0 < at).count();
        let mut number = skipped as u64;
        let mut read = Vec::new();
        for portion in log.records_from(Time(at)).expect("it opens") {
            let portion = portion.expect("it is whole");
            if !portion.records.is_empty() {
                prop_assert_eq!(portion.first, number);
            }
            number += portion.records.len() as u64;
            read.extend(portion.records);
        }
        prop_assert_eq!(&read, &records[skipped..]);
    }
}

#[test]
fn a_log_tells_what_its_run_was() {
    let records = sample::run(20);
    let (bytes, finished) = sample::log_bytes(&records);
    let log = sample::open(bytes).expect("it opens");
    assert_eq!(log.cast(), &sample::cast());
    let manifest = log.manifest();
    assert_eq!((manifest.seed, manifest.scenario.as_str()), (7, "four"));
    assert_eq!(manifest.text, sample::manifest().text);
    let end = log.end().expect("it ended");
    assert_eq!((end.outcome, end.events), (Outcome::Finished, records.len() as u64));
    assert_eq!((end.transmissions, end.stream_hash), (20, finished.stream_hash));
}

#[test]
fn an_empty_run_makes_a_log() {
    let (bytes, finished) = sample::log_bytes(&[]);
    let log = sample::open(bytes).expect("it opens");
    assert_eq!(finished.stream_hash, StreamHash::start());
    assert!(sample::read_all(&log).is_empty());
    assert_eq!(log.check().expect("it reads").end, EndCheck::Agrees);
}

#[test]
fn other_tools_can_read_it() {
    let records = sample::run(900);
    let (bytes, _) = sample::log_bytes(&records);
    let summary = mcap::Summary::read(&bytes).expect("a summary").expect("there is one");
    assert!(summary.chunk_indexes.len() > 5);
    let messages: Vec<_> = mcap::MessageStream::new(&bytes)
        .expect("an MCAP file")
        .map(|message| message.expect("a message"))
        .collect();
    let of = |topic: &str| {
        messages
            .iter()
            .filter(|message| message.channel.topic == topic)
            .collect::<Vec<_>>()
    };
    assert!(of("events").len() > 20 && of("events").len() == of("truth").len());
    let positions = of("positions");
    assert_eq!(positions.len(), 5);
    let schema = positions[0].channel.schema.as_ref().expect("a schema");
    assert_eq!(
        (schema.name.as_str(), schema.encoding.as_str()),
        ("foxglove.PosesInFrame", "jsonschema")
    );
    let last: serde_json::Value = serde_json::from_slice(&positions[4].data).expect("JSON");
    assert_eq!(
        (&last["timestamp"]["sec"], &last["frame_id"]),
        (&4.into(), &"map".into())
    );
    assert_eq!(
        (&last["names"][3], &last["poses"][3]["position"]["y"]),
        (&"car-3".into(), &7.93.into())
    );
}

#[test]
fn positions_can_be_switched_off_and_are_outside_the_hash() {
    let records = sample::run(500);
    let file = Shared::default();
    let options = Options {
        positions: false,
        level: 3,
        ..sample::options()
    };
    let mut recorder = Recorder::writing(sample::writer(&file, options), &sample::cast());
    recorder.record(&records).expect("it records");
    let finished = recorder
        .finish(Time::from_secs(3), Outcome::Interrupted)
        .expect("it finishes");
    assert_eq!(finished.stream_hash, sample::log_bytes(&records).1.stream_hash);
    let mut messages = mcap::MessageStream::new(&file.bytes())
        .expect("an MCAP file")
        .collect::<Vec<_>>();
    assert!(
        messages
            .drain(..)
            .all(|message| message.expect("a message").channel.topic != "positions")
    );
}

#[test]
fn a_recorder_on_a_thread_records_the_same() {
    let records = sample::run(300);
    let file = Shared::default();
    let recorder = Recorder::writing(sample::writer(&file, sample::options()), &sample::cast());
    let mut thread = RecorderThread::spawn(recorder).expect("a thread");
    for slice in records.chunks(7) {
        thread.push(slice.into()).expect("it records");
    }
    let finished = thread
        .finish(Time::from_secs(2), Outcome::Finished)
        .expect("it finishes");
    assert_eq!(finished.stream_hash, sample::log_bytes(&records).1.stream_hash);
    let read = sample::read_all(&sample::open(file.bytes()).expect("it opens"));
    assert_eq!(read.len(), records.len());
}

#[test]
fn a_full_disk_is_an_error_of_the_run_and_stays_one() {
    for device in ["/dev/full"] {
        let path = Path::new(device);
        if !path.exists() {
            continue;
        }
        let error = Writer::create(path, &sample::manifest(), &sample::cast(), Options::default());
        assert!(matches!(error, Err(JournalError::Write { .. })), "{error:?}");
    }
    // A disk that fills up later.
    let sink = Box::new(Filling { room: 5_000 });
    let writer = Writer::onto(
        sink,
        Path::new("full.mcap"),
        &sample::manifest(),
        &sample::cast(),
        sample::options(),
    )
    .expect("room for the head");
    let recorder = Recorder::writing(writer, &sample::cast());
    let mut thread = RecorderThread::spawn(recorder).expect("a thread");
    let records: Arc<[Record]> = sample::run(2_000).into();
    let mut failure = None;
    for start in 0..1_000u64 {
        let later: Arc<[Record]> = records
            .iter()
            .map(|record| Record {
                at: Time(record.at.0 + start * 20_000_000_000),
                event: record.event.clone(),
            })
            .collect();
        if let Err(error) = thread.push(later) {
            failure = Some(error);
            break;
        }
    }
    let failure = failure.expect("the disk is full");
    assert!(
        matches!(&failure, JournalError::Write { path, .. } if path == Path::new("full.mcap")),
        "{failure:?}"
    );
    assert!(matches!(thread.push(records), Err(JournalError::Write { .. })));
    assert!(matches!(
        thread.finish(Time::MAX, Outcome::Finished),
        Err(JournalError::Write { .. })
    ));
}

struct Filling {
    room: usize,
}

impl std::io::Write for Filling {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.room < bytes.len() {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.room -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_log_that_cannot_be_created_says_where() {
    let path = Path::new("no/such/directory/run.mcap");
    let error = Writer::create(path, &sample::manifest(), &sample::cast(), Options::default())
        .expect_err("there is no such directory");
    assert!(matches!(error, JournalError::Create { .. }) && error.to_string().contains("no/such/directory"));
}

/// What a run has done is in its file within the second, however slowly its virtual time passes.
#[test]
fn a_batch_under_way_is_kept() {
    let records = sample::run(10);
    let file = Shared::default();
    let options = Options {
        chunk_age: Duration::from_millis(20),
        ..sample::options()
    };
    let recorder = Recorder::writing(sample::writer(&file, options), &sample::cast());
    let mut thread = RecorderThread::spawn(recorder).expect("a thread");
    let read = |file: &Shared| sample::read_all(&sample::open(file.bytes()).expect("it opens"));
    let wait = |wanted: usize| {
        for _ in 0..500 {
            if read(&file).len() == wanted {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{} of {wanted} records in the file", read(&file).len());
    };
    // All within one batch: nothing but the copy can have them.
    thread.push(records[..9].into()).expect("it records");
    wait(9);
    thread.push(records[9..14].into()).expect("it records");
    wait(14);
    thread.push(records[14..].into()).expect("it records");
    let finished = thread
        .finish(Time::from_secs(1), Outcome::Finished)
        .expect("it finishes");
    let log = sample::open(file.bytes()).expect("it opens");
    let read: Vec<_> = sample::read_all(&log).into_iter().map(|(_, record)| record).collect();
    assert_eq!(read, records);
    let integrity = log.check().expect("it reads");
    assert!(integrity.is_sound() && integrity.chain == finished.stream_hash);
}
