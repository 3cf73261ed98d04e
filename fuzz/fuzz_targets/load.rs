//! Load profiles and charging sessions may be any text: they are read, or refused with a place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roadveil_grid::load::profile::Profile;
use roadveil_grid::load::sessions;

fuzz_target!(|text: &str| {
    let _ = Profile::read(text, "", 1.0);
    let _ = Profile::read(text, "H0-*, a", 1.0);
    if let Ok(stations) = sessions::read(text) {
        for session in stations.iter().flatten() {
            assert!(session.arrives < session.leaves && session.energy >= 0.0);
        }
    }
});
