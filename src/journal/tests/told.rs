//! What a person or a program is told of a log: lines, summary, comparison.

use std::io::{self, Write};

use proptest::prelude::*;
use roadveil_role::{Time, Value};

use super::damaged::rewrite;
use super::sample;
use crate::event::*;
use crate::journal::*;

fn compare(log: &Log, executed: &[Record], slice: usize) -> Comparison {
    let mut comparator = Comparator::new(log).expect("it opens");
    for records in executed.chunks(slice) {
        if comparator.push(records).expect("it reads") != Progress::Same {
            break;
        }
    }
    comparator.finish().expect("it reads")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_run_is_the_same_as_its_log(records in sample::records(60), slice in 1usize..20) {
        let log = sample::open(sample::log_bytes(&records).0).expect("it opens");
        let comparison = compare(&log, &records, slice);
        prop_assert_eq!(comparison.verdict(), Verdict::Same, "{:?}", comparison);
        prop_assert!(comparison.whole);
        prop_assert_eq!(comparison.compared, records.len() as u64);
    }

    #[test]
    fn the_first_difference_is_found(records in sample::records(60), place: prop::sample::Index, slice in 1usize..20) {
        prop_assume!(!records.is_empty());
        let log = sample::open(sample::log_bytes(&records).0).expect("it opens");
        let place = place.index(records.len());
        let mut other = records.clone();
        other[place].event = Event::Command("something else entirely".into());
        let difference = compare(&log, &other, slice).difference.expect("one");
        prop_assert_eq!(difference.index, place as u64);
        prop_assert_eq!(difference.at, records[place].at);
        prop_assert!(difference.logged.is_some() && difference.executed.is_some());
        prop_assert_eq!(difference.before.len(), place.min(5));
        // One event missing at the end, and one too many.
        let difference = compare(&log, &records[..records.len() - 1], slice).difference.expect("one");
        prop_assert_eq!((difference.index, difference.executed), (records.len() as u64 - 1, None));
        other.clone_from(&records);
        other.push(records[records.len() - 1].clone());
        let difference = compare(&log, &other, slice).difference.expect("one");
        prop_assert_eq!((difference.index, difference.logged), (records.len() as u64, None));
    }

    #[test]
    fn every_event_prints_as_one_line_and_one_object(record in sample::event(), number: u64, at: u64) {
        let record = Record { at: Time(at), event: record };
        let cast = sample::cast();
        let line = Line { number, record: &record, cast: &cast };
        prop_assert_eq!(line.to_string().lines().count(), 1);
        let json = serde_json::to_string(&line).expect("it serialises");
        prop_assert_eq!(json.lines().count(), 1);
        let object: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        prop_assert_eq!(&object["seq"], &serde_json::Value::from(number));
        prop_assert_eq!(&object["t_ns"], &serde_json::Value::from(at));
        prop_assert!(line.to_string().contains(object["kind"].as_str().expect("a string")));
    }
}

#[test]
fn a_log_cut_off_is_the_beginning_of_its_run() {
    let records = sample::run(300);
    let (bytes, _) = sample::log_bytes(&records);
    let log = sample::open(&bytes[..bytes.len() / 2]).expect("it opens");
    let comparison = compare(&log, &records, 10);
    assert_eq!(comparison.verdict(), Verdict::Same);
    assert!(!comparison.whole && comparison.compared > 100 && comparison.compared < records.len() as u64);
    // And a difference in what it has is found.
    let mut other = records;
    other[50].event = Event::Command("other".into());
    assert_eq!(compare(&log, &other, 10).difference.expect("one").index, 50);
}

#[test]
fn an_interrupted_run_is_compared_up_to_its_end() {
    let records = sample::run(100);
    let file = sample::Shared::default();
    let mut recorder = Recorder::writing(sample::writer(&file, sample::options()), &sample::cast());
    recorder.record(&records[..200]).expect("it records");
    recorder
        .finish(records[199].at, Outcome::Interrupted)
        .expect("it finishes");
    let log = sample::open(file.bytes()).expect("it opens");
    let comparison = compare(&log, &records, 30);
    assert_eq!(
        (comparison.verdict(), comparison.compared, comparison.whole),
        (Verdict::Same, 200, true)
    );
}

#[test]
fn comparison_goes_on_behind_a_hole() {
    let records = sample::run(600);
    let (mut bytes, _) = sample::log_bytes(&records);
    let summary = mcap::Summary::read(&bytes).expect("a summary").expect("there is one");
    let chunk = &summary.chunk_indexes[4];
    bytes[(chunk.chunk_start_offset + chunk.chunk_length / 2) as usize] ^= 1;
    let log = sample::open(bytes).expect("it opens");
    let comparison = compare(&log, &records, 100);
    assert_eq!(comparison.verdict(), Verdict::Damaged);
    assert!(comparison.skipped > 0 && comparison.difference.is_none());
    assert_eq!(comparison.compared + comparison.skipped, records.len() as u64);
    let last = records.len() - 1;
    let mut other = records;
    other[last].event = Event::Command("other".into());
    assert_eq!(compare(&log, &other, 100).difference.expect("one").index, last as u64);
}

#[test]
fn an_edited_event_an_edited_chain_and_an_edited_end_are_differences() {
    let records = sample::run(200);
    let (bytes, _) = sample::log_bytes(&records);
    let edit = |change: fn(&mut Batch)| sample::open(rewrite(&bytes, change)).expect("it opens");
    let power = edit(|batch| {
        if let Some(byte) = batch
            .truth
            .iter_mut()
            .rev()
            .find(|byte| **byte == (-61i8).cast_unsigned())
        {
            *byte ^= 1;
        }
    });
    let comparison = compare(&power, &records, 10);
    assert_eq!((comparison.verdict(), comparison.damage.len()), (Verdict::Different, 0));
    let difference = comparison.difference.expect("one");
    assert!(difference.logged != difference.executed);
    assert!(
        difference.to_string().contains("log ") && difference.to_string().contains("now "),
        "{difference}"
    );
    // Nothing but the chain was changed: every event is the same, and still the log is not what its run wrote.
    let chain = edit(|batch| {
        if batch.first > 0 {
            std::mem::swap(&mut batch.before, &mut batch.after);
        }
    });
    let comparison = compare(&chain, &records, 10);
    assert_eq!(
        (comparison.verdict(), comparison.difference),
        (Verdict::Different, None)
    );
    assert!(comparison.broken_at.is_some());
    // The end record: another hash, with its checksum mended.
    let plain = String::from_utf8_lossy(&bytes).into_owned();
    assert!(plain.contains("\"stream_hash\""));
    let place = bytes
        .windows(15)
        .rposition(|window| window == b"\"stream_hash\": ")
        .expect("it is there")
        + 20;
    let mut hit = bytes.clone();
    hit[place] = if hit[place] == b'0' { b'1' } else { b'0' };
    let start = bytes
        .windows(12)
        .position(|window| window == b"roadveil.end")
        .expect("it is there")
        - 29;
    let length = u64::from_le_bytes(hit[start + 1..start + 9].try_into().expect("eight")) as usize;
    let sum = crc32fast::hash(&hit[start + 9..start + 9 + length - 4]);
    hit[start + 9 + length - 4..start + 9 + length].copy_from_slice(&sum.to_le_bytes());
    let log = sample::open(hit).expect("it opens");
    let comparison = compare(&log, &records, 10);
    assert!(comparison.end_differs && comparison.verdict() == Verdict::Different);
    assert_eq!(log.check().expect("it reads").end, EndCheck::Differs);
}

#[test]
fn floats_compare_by_their_bits() {
    let run = |value: f64| {
        let fields = vec![("x".to_owned(), Value::F64(value))];
        let event = Event::Emitted {
            node: NodeId(0),
            role: 0,
            name: "measured".into(),
            fields,
        };
        vec![Record { at: Time::ZERO, event }]
    };
    let verdict = |a: f64, b: f64| {
        let log = sample::open(sample::log_bytes(&run(a)).0).expect("it opens");
        compare(&log, &run(b), 1).verdict()
    };
    assert_eq!(verdict(f64::NAN, f64::NAN), Verdict::Same);
    assert_eq!(verdict(0.0, -0.0), Verdict::Different);
    assert_eq!(verdict(1.5, 1.5), Verdict::Same);
}

fn printed(log: &Log, from: Option<Time>, to: Option<Time>, json: bool) -> String {
    let mut out = Vec::new();
    let printed = cat(log, from, to, json, &mut out).expect("it prints");
    let text = String::from_utf8(out).expect("text");
    assert_eq!(text.lines().count() as u64, printed.lines);
    text
}

#[test]
fn lines_have_columns_and_objects_have_keys() {
    let log = sample::open(sample::log_bytes(&sample::run(8)).0).expect("it opens");
    let text = printed(&log, Some(Time::from_millis(10)), Some(Time::from_millis(16)), false);
    insta::assert_snapshot!(text, @r##"
    0.010000 frame       02:02:02:02:02:02 > ff:ff:ff:ff:ff:ff #2 96 B 488 us ea21c7b3c885cf2fb547bb51..
    0.010000 sent        car-2            #2
    0.010488 heard                        #2 received by 3 of 3
    0.010700 step        car-2            ecpp.obu request exchange 2
    0.015000 frame       02:03:03:03:03:03 > ff:ff:ff:ff:ff:ff #3 96 B 488 us e3d5003ead1a936380020220..
    0.015000 sent        car-3            #3
    0.015488 heard                        #3 received by 3 of 3
    0.015600 moved                        4 nodes
    "##);
    let json = printed(&log, Some(Time::from_millis(10)), Some(Time::from_millis(16)), true);
    insta::assert_snapshot!(json, @r##"
    {"seq":10,"t":"0.010000000","t_ns":10000000,"kind":"frame","tx":2,"from":"02:02:02:02:02:02","to":"ff:ff:ff:ff:ff:ff","airtime_ns":488000,"length":96,"bytes":"ea21c7b3c885cf2fb547bb51016c8bbbaca21db264cc9f332769ad8dd895f0a3ea21c7b3c885cf2fb547bb51016c8bbbaca21db264cc9f332769ad8dd895f0a3ea21c7b3c885cf2fb547bb51016c8bbbaca21db264cc9f332769ad8dd895f0a3"}
    {"seq":11,"t":"0.010000000","t_ns":10000000,"kind":"sent","tx":2,"node":"car-2","attempt":0}
    {"seq":12,"t":"0.010488000","t_ns":10488000,"kind":"heard","tx":2,"receptions":[{"node":"car-0","dbm":-60,"outcome":"received"},{"node":"car-1","dbm":-61,"outcome":"received"},{"node":"car-3","dbm":-63,"outcome":"received"}]}
    {"seq":13,"t":"0.010700000","t_ns":10700000,"kind":"step","node":"car-2","role":"ecpp.obu","step":"request","exchange":2}
    {"seq":14,"t":"0.015000000","t_ns":15000000,"kind":"frame","tx":3,"from":"02:03:03:03:03:03","to":"ff:ff:ff:ff:ff:ff","airtime_ns":488000,"length":96,"bytes":"e3d5003ead1a936380020220637f7b8e1c2812992da64345e823b227195fb97ce3d5003ead1a936380020220637f7b8e1c2812992da64345e823b227195fb97ce3d5003ead1a936380020220637f7b8e1c2812992da64345e823b227195fb97c"}
    {"seq":15,"t":"0.015000000","t_ns":15000000,"kind":"sent","tx":3,"node":"car-3","attempt":0}
    {"seq":16,"t":"0.015488000","t_ns":15488000,"kind":"heard","tx":3,"receptions":[{"node":"car-0","dbm":-60,"outcome":"received"},{"node":"car-1","dbm":-61,"outcome":"received"},{"node":"car-2","dbm":-62,"outcome":"received"}]}
    {"seq":17,"t":"0.015600000","t_ns":15600000,"kind":"moved","nodes":[{"node":"car-0","x_cm":0,"y_cm":3,"speed_cm":0,"heading_cdeg":0},{"node":"car-1","x_cm":0,"y_cm":3,"speed_cm":0,"heading_cdeg":0},{"node":"car-2","x_cm":0,"y_cm":3,"speed_cm":0,"heading_cdeg":0},{"node":"car-3","x_cm":0,"y_cm":3,"speed_cm":0,"heading_cdeg":0}]}
    "##);
}

#[test]
fn a_range_is_half_open() {
    let records = sample::run(100);
    let log = sample::open(sample::log_bytes(&records).0).expect("it opens");
    let (from, to) = (Time::from_millis(105), Time::from_millis(305));
    let lines = printed(&log, Some(from), Some(to), true);
    let expected = records
        .iter()
        .filter(|record| record.at >= from && record.at < to)
        .count();
    assert_eq!(lines.lines().count(), expected);
    assert_eq!(printed(&log, None, None, false).lines().count(), records.len());
    assert_eq!(printed(&log, Some(Time::from_secs(9)), None, false), "");
}

struct Closed(usize);

impl Write for Closed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A frame of that number and address, as sent by that node, 5 ms after the one before it or at the same moment.
fn sent(records: &mut Vec<Record>, later: bool, tx: u64, node: u32, from: u8) {
    let last = records.last().map_or(Time::ZERO, |record| record.at);
    let at = Time(last.0 + if later { 5_000_000 } else { 0 });
    let frame = Frame {
        tx: TxId(tx),
        from: roadveil_role::LinkAddr::local([from; 6]),
        to: roadveil_role::LinkAddr::BROADCAST,
        airtime: 488_000,
        bytes: [1, 5, from].into(),
    };
    let (tx, node) = (TxId(tx), NodeId(node));
    records.push(Record {
        at,
        event: Event::Frame(frame),
    });
    records.push(Record {
        at,
        event: Event::Sent { tx, node, attempt: 0 },
    });
}

#[test]
fn a_stripped_export_numbers_anew_and_orders_what_began_together() {
    let mut records = Vec::new();
    for (later, tx, node, from) in [
        (true, 3, 0, 9),
        (true, 4, 1, 7),
        (false, 8, 2, 5),
        (false, 9, 3, 6),
        (true, 11, 0, 9),
        (true, 12, 3, 6),
        (false, 13, 2, 5),
    ] {
        sent(&mut records, later, tx, node, from);
    }
    let log = sample::open(sample::log_bytes(&records).0).expect("it opens");
    let mut out = Vec::new();
    let exported = export(&log, true, &mut out).expect("it prints");
    assert_eq!((exported.lines, exported.damage.len()), (7, 0));
    let text = String::from_utf8(out).expect("text");
    let first = text.lines().next().expect("a line");
    insta::assert_snapshot!(first, @r#"{"n":0,"t":"0.005000000","t_ns":5000000,"from":"0a:09:09:09:09:09","to":"ff:ff:ff:ff:ff:ff","protocol":"ecpp","message":"Safety","airtime_ns":488000,"length":3,"bytes":"010509"}"#);
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert!(lines.iter().enumerate().all(|(number, line)| line["n"] == number));
    let order: Vec<_> = lines
        .iter()
        .map(|line| line["bytes"].as_str().expect("bytes"))
        .collect();
    assert_eq!(
        order,
        ["010509", "010505", "010506", "010507", "010509", "010505", "010506"]
    );
    // Another order of the records of a moment is the same export.
    records[2..8].rotate_left(2);
    let log = sample::open(sample::log_bytes(&records).0).expect("it opens");
    let mut again = Vec::new();
    export(&log, true, &mut again).expect("it prints");
    assert_eq!(String::from_utf8(again).expect("text"), text);
}

#[test]
fn nobody_reading_on_is_a_quiet_end_and_a_full_disk_is_not() {
    let log = sample::open(sample::log_bytes(&sample::run(100)).0).expect("it opens");
    for json in [false, true] {
        let mut out = io::BufWriter::with_capacity(64, Closed(5));
        cat(&log, None, None, json, &mut out).expect("a quiet end");
        let error = cat(&log, None, None, json, &mut &mut [0u8; 100][..]).expect_err("no room");
        assert!(matches!(error, LogError::Output { .. }), "{error}");
    }
    let mut out = io::BufWriter::with_capacity(64, Closed(5));
    export(&log, true, &mut out).expect("a quiet end");
    let error = export(&log, true, &mut &mut [0u8; 100][..]).expect_err("no room");
    assert!(matches!(error, LogError::Output { .. }), "{error}");
}

#[test]
fn the_summary_says_what_a_log_is() {
    let records = sample::run(300);
    let (bytes, finished) = sample::log_bytes(&records);
    let whole = info(&sample::open(&bytes[..]).expect("it opens")).expect("it reads");
    assert_eq!(
        (whole.events, whole.frames, whole.packets),
        (records.len() as u64, 300, 0)
    );
    assert_eq!(
        (whole.stream_hash, whole.ended, whole.sound),
        (Some(finished.stream_hash), "finished", true)
    );
    let text = whole.to_string();
    for part in [
        "four from builtin:four",
        "seed         7",
        "integrity    whole",
        "radio.power_dbm = 20",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let json = serde_json::to_value(&whole).expect("it serialises");
    assert_eq!(json["stream_hash"], finished.stream_hash.to_string());
    let cut = info(&sample::open(&bytes[..bytes.len() * 2 / 3]).expect("it opens")).expect("it reads");
    assert_eq!((cut.ended, cut.sound, cut.recorded_hash), ("killed", true, None));
    assert!(cut.stream_hash.is_some() && cut.to_string().contains("no end"), "{cut}");
    let mut hit = bytes;
    let middle = hit.len() / 2;
    hit[middle] ^= 0x20;
    let hit = info(&sample::open(hit).expect("it opens")).expect("it reads");
    assert!(!hit.sound && hit.lost > 0 && hit.stream_hash.is_none());
    assert!(hit.to_string().contains("events lost"), "{hit}");
}
