//! A recording of any bytes, plain or gzip, can be read or cannot, and nothing else.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roadveil::world::source::Source;
use roadveil::world::sumo::fcd;

fuzz_target!(|bytes: &[u8]| {
    let source = Source::memory("fuzz", bytes.to_vec());
    let _ = fcd::read(&source, &fcd::Cut::default());
});
