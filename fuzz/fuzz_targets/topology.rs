//! A topology of any bytes is a scenario or an error that can be shown.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use roadveil::scenario::{Origin, Scenario};

fuzz_target!(|text: &str| {
    if let Err(error) = Scenario::parse(text, Origin::Stdin, Path::new("/nonexistent"), &[]) {
        assert!(!error.to_string().is_empty());
    }
});
