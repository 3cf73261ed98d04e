//! Real load profiles and charging sessions, where they are at hand: `../shared/data` beside the repository, or what
//! `ROADVEIL_DATA` names. Without them these tests say so and pass.

mod common;

use std::io::Read;
use std::path::PathBuf;

use common::{HOMES, Size, field, figure, grid, number, slots};
use roadveil_grid::load::profile::Profile;
use roadveil_grid::load::sessions;

/// The unpacked text of a file.
fn text(name: &str) -> Option<String> {
    let folder = std::env::var_os("ROADVEIL_DATA").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")));
    let Ok(file) = std::fs::File::open(folder.join(name)) else {
        println!("skipped: {name} is not at hand");
        return None;
    };
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("unpacks");
    Some(text)
}

#[test]
fn homes_follow_measured_profiles() {
    let Some(text) = text("load/simbench-2016-p.csv.gz") else {
        return;
    };
    let profile = Profile::read(&text, "H0-*", 3000.0).expect("a profile");
    let mut rng = <chacha20::ChaCha12Rng as rand_core::SeedableRng>::from_seed([1; 32]);
    let home = profile.follower(&mut rng);
    let day: Vec<f64> = (0..96).map(|slot| home.watts(slot)).collect();
    assert!(day.iter().all(|watts| (0.0..=4200.0).contains(watts)) && day.iter().any(|watts| *watts > 300.0));
    assert!(
        Profile::read(&text, "H9-*", 1.0)
            .expect_err("none")
            .0
            .contains("the nearest is `H0-")
    );

    let size = Size { homes: 120, ..HOMES };
    let changes = [
        ("profile", text.into()),
        ("profile_columns", "H0-*".into()),
        ("profile_scale_w", 2000.0.into()),
    ];
    let mut net = grid(1, size, &changes);
    slots(&mut net, 30);
    let coverage = number(&figure(&net, "coverage"));
    assert!(coverage > 0.8, "{coverage}");
    assert!(number(&figure(&net, "demand_true_kw")) > 5.0);
}

#[test]
fn stations_serve_recorded_sessions() {
    let Some(text) = text("acn/caltech-2019-05-08.csv.gz") else {
        return;
    };
    let stations = sessions::read(&text).expect("sessions");
    let all: usize = stations.iter().map(Vec::len).sum();
    assert!(
        stations.len() > 40 && all > 3000,
        "{} stations, {all} sessions",
        stations.len()
    );
    let size = Size {
        homes: 4,
        stations: 20,
        ..HOMES
    };
    let mut net = grid(2, size, &[("sessions", text.into())]);
    slots(&mut net, 97);
    let wanted: f64 = field(&net, "car_left", "wanted_wh").iter().map(number).sum();
    let got: f64 = field(&net, "car_left", "got_wh").iter().map(number).sum();
    assert!(wanted > 10_000.0 && got > 0.5 * wanted, "{got} of {wanted}");
}
