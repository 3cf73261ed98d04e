//! Batches and their hash.

use proptest::prelude::*;
use roadveil_role::Time;

use super::sample;
use crate::event::{Event, Record};
use crate::journal::{Batch, Encoder, JournalError, Recorder, StreamHash};

fn batches(records: &[Record]) -> (Vec<Batch>, StreamHash) {
    let mut encoder = Encoder::new();
    let mut batches: Vec<_> = records
        .iter()
        .filter_map(|record| encoder.push(record).expect("records in order"))
        .collect();
    let (last, hash) = encoder.finish();
    batches.extend(last);
    (batches, hash)
}

proptest! {
    #[test]
    fn records_round_trip(records in sample::records(60)) {
        let (batches, hash) = batches(&records);
        let mut read = Vec::new();
        let mut state = StreamHash::start();
        for batch in &batches {
            prop_assert_eq!(batch.first, read.len() as u64);
            prop_assert_eq!(batch.before, state);
            prop_assert!(batch.is_sealed());
            state = batch.after;
            read.extend(batch.decode().expect("it decodes"));
        }
        prop_assert_eq!(state, hash);
        prop_assert_eq!(read, records);
    }

    #[test]
    fn slices_and_copies_of_open_batches_change_nothing(records in sample::records(60), size in 1usize..20) {
        let (_, hash) = batches(&records);
        let mut recorder = Recorder::hashing();
        for slice in records.chunks(size) {
            recorder.record(slice).expect("records in order");
        }
        let finished = recorder.finish(Time::MAX, crate::journal::Outcome::Finished).expect("no file");
        prop_assert_eq!(finished.stream_hash, hash);
        prop_assert_eq!(finished.events, records.len() as u64);
        let mut encoder = Encoder::new();
        for record in &records {
            encoder.push(record).expect("records in order");
            prop_assert!(encoder.open().is_some_and(|open| open.is_sealed() && open.decode().is_ok()));
        }
        prop_assert_eq!(encoder.finish().1, hash);
    }

    /// Decoding is canonical: whatever decodes is what its records encode to.
    #[test]
    fn bytes_that_decode_are_the_bytes_that_encode(
        records in sample::records(12),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        in_public: bool,
    ) {
        for mut batch in batches(&records).0 {
            let part = if in_public { &mut batch.public } else { &mut batch.truth };
            if !part.is_empty() {
                for (place, byte) in &changes {
                    let place = place.index(part.len());
                    part[place] = *byte;
                }
                if changes.is_empty() {
                    part.truncate(cut.index(part.len()));
                }
            }
            batch.count = batch.truth.len() as u32;
            // The count is part of the header; try every one that could be.
            for count in 1..=batch.truth.len().min(40) as u32 {
                batch.count = count;
                let Ok(decoded) = batch.decode() else { continue };
                let again = batches_of_one(&decoded);
                prop_assert_eq!(&again.public, &batch.public);
                prop_assert_eq!(&again.truth, &batch.truth);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(
        public in proptest::collection::vec(any::<u8>(), 0..64),
        truth in proptest::collection::vec(prop_oneof![0u8..12, any::<u8>()], 0..64),
        count in 0u32..8,
        from in any::<u64>(),
    ) {
        let before = StreamHash::start();
        let batch = Batch { first: 0, count, from: Time(from), to: Time(from), public, truth, before, after: before };
        let _ = batch.decode();
    }
}

/// Some records as one batch, whatever the rule says.
fn batches_of_one(records: &[Record]) -> Batch {
    let mut encoder = Encoder::new();
    for record in records {
        if encoder.push(record).expect("records in order").is_some() {
            panic!("the sample spans several batches");
        }
    }
    encoder.finish().0.expect("there are records")
}

#[test]
fn a_batch_ends_by_time_and_by_size() {
    let command = |at: u64, length: usize| Record {
        at: Time(at),
        event: Event::Command("x".repeat(length)),
    };
    let spans = |records: &[Record]| batches(records).0.iter().map(|batch| batch.count).collect::<Vec<_>>();
    assert_eq!(
        spans(&[command(0, 1), command(99_999_999, 1), command(100_000_000, 1)]),
        [2, 1]
    );
    assert_eq!(
        spans(&[command(5, 1), command(100_000_004, 1), command(100_000_005, 1)]),
        [2, 1]
    );
    assert_eq!(spans(&[command(0, 64 * 1024), command(0, 1), command(0, 1)]), [1, 2]);
}

#[test]
fn a_large_record_is_a_batch_and_a_huge_one_an_error() {
    let command = |length: usize| Record {
        at: Time::ZERO,
        event: Event::Command("x".repeat(length)),
    };
    let records = [command(3), command(5_000_000), command(3)];
    let (batches, _) = batches(&records);
    assert_eq!(batches.iter().map(|batch| batch.count).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(batches[0].decode().expect("it decodes"), records[..2]);
    let error = Encoder::new().push(&command(17 * 1024 * 1024)).expect_err("too large");
    assert!(matches!(error, JournalError::Oversized { index: 0, .. }), "{error}");
}

#[test]
fn batches_that_the_rule_does_not_make_are_refused() {
    let command = |at: u64, length: usize| Record {
        at: Time(at),
        event: Event::Command("x".repeat(length)),
    };
    // Two batches put into one, by size and by time.
    for records in [
        [command(0, 70_000), command(0, 9)],
        [command(0, 9), command(200_000_000, 9)],
    ] {
        let (batches, _) = batches(&records);
        let [first, second] = &batches[..] else {
            panic!("two batches")
        };
        let mut both = first.clone();
        both.count += second.count;
        both.to = second.to;
        // The second's times are counted from its own start.
        let mut tail = second.truth.clone();
        tail.remove(1);
        tail.splice(1..1, varint(second.from.0 - first.to.0));
        both.truth.extend(tail);
        assert!(both.decode().is_err());
    }
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

#[test]
fn a_record_that_goes_back_is_refused() {
    let mut encoder = Encoder::new();
    let record = |at: u64| Record {
        at: Time(at),
        event: Event::Command(String::new()),
    };
    encoder.push(&record(5)).expect("the first");
    assert!(matches!(
        encoder.push(&record(4)),
        Err(JournalError::Unordered { index: 1, .. })
    ));
}

#[test]
fn one_bit_of_one_event_changes_the_hash() {
    let records = sample::run(50);
    let (_, hash) = batches(&records);
    let mut changed = records.clone();
    if let Event::Heard { receptions, .. } = &mut changed[6].event {
        receptions[0].dbm ^= 1;
    }
    assert_ne!(batches(&changed).1, hash);
    assert_ne!(batches(&records[..records.len() - 1]).1, hash);
}

/// Fixed: a change here makes every hash ever published another one. Raise the format with it.
#[test]
fn the_hash_of_a_known_run_is_known() {
    assert_eq!(
        batches(&sample::run(200)).1.to_string(),
        "8d7d021fcd645dc946f37b04c00cbb4598eb4d9e510fc3d7161a841c4ce00aa7"
    );
}
