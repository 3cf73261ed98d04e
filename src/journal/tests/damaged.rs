//! Logs that were cut, hit or made up: they open or give an error, and never tell of anything that did not happen.

use std::sync::Arc;

use super::sample;
use crate::journal::*;

/// Every record that is read must be one of the run's, under its number.
fn assert_true(read: &[(u64, crate::event::Record)], records: &[crate::event::Record]) -> Result<(), String> {
    for (number, record) in read {
        if records.get(usize::try_from(*number).expect("small")) != Some(record) {
            return Err(format!("record {number} is {record:?}"));
        }
    }
    Ok(())
}

#[test]
fn a_log_cut_anywhere_has_a_prefix_of_its_run() {
    let records = sample::run(120);
    let (bytes, _) = sample::log_bytes(&records);
    let mut most = 0;
    let mut opened = false;
    for cut in 0..bytes.len() {
        let log = match sample::open(&bytes[..cut]) {
            Ok(log) => log,
            Err(LogError::Empty { .. }) => {
                assert_eq!(cut, 0);
                continue;
            }
            Err(LogError::Headless { .. }) => {
                assert!(!opened, "cut at {cut}");
                continue;
            }
            Err(error) => panic!("cut at {cut}: {error}"),
        };
        opened = true;
        // Reading all of it at each of many thousand places would take long; the chunks are what matters.
        if cut % 7 == 0 || cut + 4 * 1024 > bytes.len() {
            let read = sample::read_all(&log);
            assert!(
                read.iter().map(|(number, _)| *number).eq(0..read.len() as u64),
                "cut at {cut}"
            );
            assert_true(&read, &records).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
            assert!(read.len() >= most, "cut at {cut}");
            most = read.len();
            let integrity = log.check().expect("it reads");
            assert!(integrity.is_sound(), "cut at {cut}: {integrity:?}");
            assert_eq!(integrity.end == EndCheck::Agrees, log.end().is_some());
        }
    }
    assert_eq!(most, records.len());
}

#[test]
fn no_flipped_bit_makes_another_run() {
    let records = sample::run(60);
    let (bytes, finished) = sample::log_bytes(&records);
    let mut unnoticed = 0;
    for place in 0..bytes.len() {
        let mut hit = bytes.clone();
        hit[place] ^= 1 << (place % 8);
        let Ok(log) = sample::open(hit) else { continue };
        let read = sample::read_all(&log);
        let integrity = log.check().expect("it reads");
        if let Err(error) = assert_true(&read, &records) {
            panic!("bit at byte {place}: {error}; {integrity:?}");
        }
        if read.len() < records.len() {
            let told = !integrity.damage.is_empty() || matches!(log.ending(), Ending::Cut { .. });
            assert!(
                told,
                "bit at byte {place}: {} of {} records, {integrity:?}",
                read.len(),
                records.len()
            );
        } else if integrity.is_sound() {
            assert_eq!(integrity.chain, finished.stream_hash);
            unnoticed += 1;
        }
    }
    // Only what stands outside of chunks and attachments can be hit without loss: the index and the summary.
    assert!(unnoticed < bytes.len() / 2, "{unnoticed} of {}", bytes.len());
}

#[test]
fn a_bad_chunk_costs_its_own_time_and_no_more() {
    let records = sample::run(600);
    let (bytes, _) = sample::log_bytes(&records);
    let summary = mcap::Summary::read(&bytes).expect("a summary").expect("there is one");
    let chunk = &summary.chunk_indexes[4];
    let mut hit = bytes.clone();
    hit[(chunk.chunk_start_offset + chunk.chunk_length / 2) as usize] ^= 0x10;
    let log = sample::open(hit).expect("it opens");
    let read = sample::read_all(&log);
    assert_true(&read, &records).expect("the rest is true");
    let integrity = log.check().expect("it reads");
    assert_eq!(integrity.damage.len(), 1, "{integrity:?}");
    assert_eq!(read.len() as u64 + integrity.lost, records.len() as u64);
    assert!(integrity.lost > 0 && integrity.lost < 200);
    let (from, to) = (
        integrity.damage[0].from.expect("known"),
        integrity.damage[0].to.expect("known"),
    );
    for (number, record) in records.iter().enumerate() {
        let lost = read
            .binary_search_by_key(&(number as u64), |(number, _)| *number)
            .is_err();
        assert!(
            !lost || (from <= record.at && record.at <= to),
            "{number} at {}: {from} to {to}",
            record.at
        );
    }
    // The chain goes on behind the hole, and the end cannot be told.
    assert_eq!((integrity.broken_at, integrity.end), (None, EndCheck::Unknown));
}

#[test]
fn rubbish_after_the_end_or_in_place_of_a_log_is_survived() {
    let records = sample::run(60);
    let (bytes, _) = sample::log_bytes(&records);
    for rubbish in [
        &[0u8; 100][..],
        &[0xff; 3],
        b"\x06\xff\xff\xff\xff\xff\xff\xff\xff",
        &bytes[..200],
    ] {
        let mut longer = bytes.clone();
        longer.extend_from_slice(rubbish);
        let log = sample::open(longer).expect("it opens");
        assert_eq!(log.trailing(), rubbish.len() as u64);
        assert_eq!(sample::read_all(&log).len(), records.len());
        assert!(log.check().expect("it reads").is_sound());
    }
    assert!(matches!(sample::open(&b""[..]), Err(LogError::Empty { .. })));
    assert!(matches!(
        sample::open(&b"name = \"city\"\n"[..]),
        Err(LogError::NotALog { .. })
    ));
    assert!(matches!(sample::open(&[0u8; 4096][..]), Err(LogError::NotALog { .. })));
    assert!(matches!(sample::open(&bytes[..5]), Err(LogError::Headless { .. })));
    // Rubbish in the midst of it.
    let summary = mcap::Summary::read(&bytes).expect("a summary").expect("there is one");
    let place = summary.chunk_indexes[2].chunk_start_offset as usize;
    for rubbish in [&[0u8; 50][..], &[0xee; 70], b"\x07\xff\xff\xff\x00\x00\x00\x00\x00"] {
        let mut torn = bytes.clone();
        torn.splice(place..place, rubbish.iter().copied());
        let log = sample::open(torn).expect("it opens");
        assert_eq!(sample::read_all(&log).len(), records.len(), "{rubbish:?}");
        assert!(!log.check().expect("it reads").damage.is_empty());
    }
}

#[test]
fn an_mcap_file_of_somebody_else_is_named_so() {
    let mut bytes = Vec::new();
    let mut writer = mcap::WriteOptions::new()
        .profile("ros2")
        .create(std::io::Cursor::new(&mut bytes))
        .expect("memory takes it");
    writer.finish().expect("memory takes it");
    drop(writer);
    let error = sample::open(bytes).expect_err("not ours");
    assert!(
        matches!(&error, LogError::Foreign { profile, .. } if profile == "ros2"),
        "{error}"
    );
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let mut manifest = sample::manifest();
    manifest.format = Format(2);
    manifest.roadveil = "3.1.4".into();
    let file = sample::Shared::default();
    let path = std::path::Path::new("new.mcap");
    let writer = Writer::onto(
        Box::new(file.clone()),
        path,
        &manifest,
        &sample::cast(),
        Options::default(),
    );
    drop(writer.expect("memory takes it"));
    let error = sample::open(file.bytes()).expect_err("too new");
    assert!(
        matches!(&error, LogError::Version { written_by, .. } if written_by == "3.1.4"),
        "{error}"
    );
}

/// Sizes that a file claims are bounded before anything is allocated; a claim of petabytes would end the process.
#[test]
fn huge_lengths_allocate_nothing() {
    let records = sample::run(60);
    let (bytes, _) = sample::log_bytes(&records);
    let summary = mcap::Summary::read(&bytes).expect("a summary").expect("there is one");
    let chunk = summary.chunk_indexes[2].chunk_start_offset as usize;
    // Record length, uncompressed size, length of the compression's name, compressed size.
    for field in [1, 25, 37, 45] {
        for huge in [u64::MAX, 1 << 53, 1 << 40, 1 << 27] {
            let mut hit = bytes.clone();
            hit[chunk + field..chunk + field + 8].copy_from_slice(&huge.to_le_bytes());
            let log = sample::open(hit).expect("it opens");
            let read = sample::read_all(&log);
            assert_true(&read, &records).expect("the rest is true");
            assert!(read.len() < records.len() && !log.check().expect("it reads").damage.is_empty());
        }
    }
    // The same in the manifest's attachment: there is no log without it.
    let manifest = bytes
        .windows(17)
        .position(|window| window == b"roadveil.manifest")
        .expect("it is there");
    let mut hit = bytes.clone();
    hit[manifest - 28..manifest - 20].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(sample::open(hit), Err(LogError::Headless { .. })));
}

/// Somebody changes an event and mends every checksum: it decodes, and the chain tells.
#[test]
fn an_edited_log_decodes_and_is_found_out() {
    let records = sample::run(200);
    let (bytes, _) = sample::log_bytes(&records);
    let edited = rewrite(&bytes, |batch| {
        if batch.first == 0 {
            // The strength of the first reception.
            let last = batch.truth.len() - 1;
            let place = batch
                .truth
                .iter()
                .rposition(|&byte| byte == (-61i8).cast_unsigned())
                .unwrap_or(last);
            batch.truth[place] ^= 1;
        }
    });
    let log = sample::open(edited).expect("it opens");
    let integrity = log.check().expect("it reads");
    assert!(integrity.damage.is_empty(), "{integrity:?}");
    assert_eq!(integrity.broken_at.expect("found out").index, 0);
    let read = sample::read_all(&log);
    assert_eq!(read.len(), records.len());
    assert!(assert_true(&read, &records).is_err());
    // The same log rewritten by another tool without a change is as good as before.
    let copied = sample::open(rewrite(&bytes, |_| {})).expect("it opens");
    assert!(copied.check().expect("it reads").is_sound());
}

/// Writes a log anew as another tool would: other chunks, other numbers for channels, attachments first.
pub(super) fn rewrite(bytes: &[u8], mut change: impl FnMut(&mut Batch)) -> Vec<u8> {
    let log = sample::open(bytes).expect("it opens");
    let mut out = Vec::new();
    let mut writer = mcap::WriteOptions::new()
        .profile("roadveil")
        .chunk_size(Some(3_000))
        .create(std::io::Cursor::new(&mut out))
        .expect("memory takes it");
    let summary = mcap::Summary::read(bytes).expect("a summary").expect("there is one");
    for index in &summary.attachment_indexes {
        let attachment = mcap::read::attachment(bytes, index).expect("an attachment");
        writer.attach(&attachment).expect("memory takes it");
    }
    let none = std::collections::BTreeMap::new();
    let truth = writer.add_channel(0, "truth", "x", &none).expect("a channel");
    let events = writer.add_channel(0, "events", "x", &none).expect("a channel");
    for (number, stretch) in log.batches().expect("it opens").enumerate() {
        let mut batch = stretch.expect("it is whole").batch;
        change(&mut batch);
        let mut message = |channel_id, data: &[u8]| {
            let (sequence, log_time) = (number as u32, batch.to.0);
            let header = mcap::records::MessageHeader {
                channel_id,
                sequence,
                log_time,
                publish_time: 0,
            };
            writer.write_to_known_channel(&header, data).expect("memory takes it");
        };
        message(events, &batch.public);
        message(truth, &container::truth_message(&batch));
    }
    writer.finish().expect("memory takes it");
    drop(writer);
    out
}

/// A file in memory that is shared does not change under a reader.
#[test]
fn a_log_still_being_written_opens() {
    let records = sample::run(200);
    let file = sample::Shared::default();
    let mut writer = sample::writer(&file, sample::options());
    let log = sample::open(file.bytes()).expect("it opens at once");
    assert_eq!((log.ending(), log.end()), (Ending::Open, None));
    let mut encoder = Encoder::new();
    for record in &records {
        if let Some(batch) = encoder.push(record).expect("records in order") {
            writer.push(batch).expect("memory takes it");
        }
    }
    // Dropped without an end: as after a panic.
    drop(writer);
    let bytes: Arc<[u8]> = file.bytes().into();
    let log = sample::open(bytes).expect("it opens");
    assert_eq!((log.ending(), log.end()), (Ending::Closed, None));
    let integrity = log.check().expect("it reads");
    assert!(integrity.is_sound() && integrity.end == EndCheck::Absent && integrity.events > 400);
}
