//! A log may be any bytes at all: it opens or gives an error, and a batch that decodes has one form.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use roadveil::journal::{Batch, Encoder, Log, StreamHash};
use roadveil_role::Time;

fuzz_target!(|data: &[u8]| {
    if let Ok(log) = Log::from_bytes(Path::new("fuzz.mcap"), data.into()) {
        let _ = log.check();
        let _ = log.records_from(Time::from_secs(1)).map(Iterator::count);
    }
    // The same bytes as a batch: two of them say how it is parted.
    let Some((&[count, split], rest)) = data.split_first_chunk() else {
        return;
    };
    let (public, truth) = rest.split_at(usize::from(split).min(rest.len()));
    let state = StreamHash::start();
    let mut batch = Batch {
        first: 0,
        count: u32::from(count),
        from: Time::ZERO,
        to: Time::ZERO,
        public: public.to_vec(),
        truth: truth.to_vec(),
        before: state,
        after: state,
    };
    // The last time is found by trying: without it a batch that is otherwise sound is refused.
    for to in [0, 1, 1_000, 1_000_000] {
        batch.to = Time(to);
        let Ok(records) = batch.decode() else { continue };
        let mut encoder = Encoder::new();
        for record in &records {
            assert!(encoder.push(record).expect("decoded records are in order").is_none());
        }
        let (again, _) = encoder.finish();
        let again = again.expect("a batch has records");
        assert_eq!((again.public, again.truth), (batch.public.clone(), batch.truth.clone()));
    }
});
