//! Topologies and input files that are wrong, and real ones.

use std::fs;
use std::path::{Path, PathBuf};

use roadveil::scenario::{Error, Import, Origin, Place, Scenario, import, library};
use roadveil::world::source::Source;
use roadveil::world::sumo::{fcd, net, poly};
use roadveil::world::{Rect, World};
use roadveil_role::Time;

mod fake;

/// The repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Files of a folder below `tests/data`, in order of their names.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(ROOT).join("tests/data").join(folder)).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it is readable").path()).collect();
    files.sort();
    files
}

/// What a file says should be said of it: the rest of each line with `expect: `.
fn expectations(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text
        .lines()
        .filter_map(|line| Some(line.split_once("expect: ")?.1.trim_end_matches("-->").trim().to_owned()));
    lines.collect()
}

/// A scenario of a text, with paths relative to `base`.
fn parse(text: &str, origin: Origin, base: &Path) -> Result<Scenario, Error> {
    Scenario::parse_with(fake::REGISTRY, text, origin, base, &[])
}

#[test]
fn bad_topologies_say_where_and_what_was_expected() {
    let files = files("bad-topologies");
    assert!(files.len() >= 90, "only {} topologies", files.len());
    let mut failures = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).expect("it is text");
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        let expected = expectations(text.as_bytes());
        assert!(!expected.is_empty(), "{name} expects nothing");
        match parse(
            &text,
            Origin::File(name.clone().into()),
            path.parent().expect("it lies in a folder"),
        ) {
            Ok(_) => failures.push(format!("{name}: is good, but: {expected:?}")),
            Err(error) => {
                let said = error.to_string();
                failures.extend(
                    expected
                        .iter()
                        .filter(|part| !said.contains(*part))
                        .map(|part| format!("{said}\n    lacks: {part}")),
                );
                // The picture that a person sees has the same place.
                let shown = format!("{:?}", miette::Report::new(error.clone()));
                if let (Some(line), true) = (error.line(), error.file() == name) {
                    assert!(shown.contains(&format!("{name}:{line}")), "{shown}");
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Reads the files of a folder: `good...` are good, `bad...` are not and say why.
fn corpus<T>(folder: &str, read: impl Fn(&Source) -> Result<T, String>) {
    for path in files(folder) {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("it is readable");
        let outcome = read(&Source::file(name.clone(), &path));
        if name.starts_with("good") {
            assert!(outcome.is_ok(), "{:?}", outcome.err());
        } else {
            let said = outcome.err().unwrap_or_else(|| panic!("{name} is good"));
            assert!(said.starts_with(&name), "{said}");
            for part in expectations(&bytes) {
                assert!(said.contains(&part), "{said}\n    lacks: {part}");
            }
        }
        // Cut anywhere, or with any byte changed, it does no harm.
        for at in 0..bytes.len().min(3_000) {
            let _ = read(&Source::memory("cut", bytes[..at].to_vec()));
            let mut changed = bytes.clone();
            changed[at] ^= 0x11;
            let _ = read(&Source::memory("changed", changed));
        }
    }
}

#[test]
fn networks_of_all_kinds_do_no_harm() {
    corpus("sumo/net", |source| {
        net::read(source).map_err(|error| error.to_string())
    });
}

#[test]
fn recordings_of_all_kinds_do_no_harm() {
    corpus("sumo/fcd", |source| {
        fcd::read(source, &fcd::Cut::default()).map_err(|error| error.to_string())
    });
}

#[test]
fn polygons_of_all_kinds_do_no_harm() {
    corpus("sumo/poly", |source| {
        poly::read(source).map_err(|error| error.to_string())
    });
}

#[test]
fn a_truncated_file_that_ships_is_refused_wherever_it_ends() {
    let bytes = library::data("city.fcd.xml.gz").expect("it ships");
    for share in 1..20 {
        let cut = bytes[..bytes.len() * share / 20].to_vec();
        let error = fcd::read(&Source::memory("cut.gz", cut), &fcd::Cut::default()).expect_err("it is cut");
        assert!(error.to_string().contains("ends too early"), "{error}");
    }
}

#[test]
fn the_city_is_imported_and_the_import_is_a_topology() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = Path::new(ROOT).join("topologies/data");
    let mut wanted = Import {
        net: data.join("city.net.xml.gz"),
        fcd: data.join("city.fcd.xml.gz"),
        poly: Some(data.join("city.poly.xml.gz")),
        rsu: 5,
        begin: Some(10.0),
        end: Some(40.5),
        bbox: Some(Rect {
            x0: 0.0,
            y0: 0.0,
            x1: 600.0,
            y1: 500.0,
        }),
        output: Some(folder.path().join("city.toml")),
    };
    let text = import(&wanted).expect("the files are good");
    let scenario = parse(&text, Origin::Stdin, folder.path()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(scenario.duration.as_secs(), 30);
    assert_eq!(
        scenario
            .nodes
            .iter()
            .filter(|node| node.name.starts_with("rsu-"))
            .count(),
        5
    );
    assert_eq!(scenario.nodes.len(), 6 + scenario.world.vehicles.len());
    assert!(scenario.world.vehicles.len() > 20);
    assert!(scenario.inputs.iter().all(|input| input.bytes > 1_000));
    // More units than junctions: as many as there is room for.
    wanted.rsu = 1_000;
    let text = import(&wanted).expect("fewer units stand");
    assert!(parse(&text, Origin::Stdin, folder.path()).is_ok(), "{text}");
    // Without a place to write it to, paths are absolute.
    wanted.output = None;
    let text = import(&wanted).expect("the files are good");
    assert!(parse(&text, Origin::Stdin, Path::new("/nonexistent")).is_ok(), "{text}");

    for (change, expected) in [
        (
            Import {
                begin: Some(50.0),
                ..wanted.clone()
            },
            "--end: is not later than --begin",
        ),
        (
            Import {
                begin: Some(f64::NAN),
                ..wanted.clone()
            },
            "--begin: is NaN",
        ),
        (
            Import {
                bbox: Some(Rect::default()),
                ..wanted.clone()
            },
            "--bbox: is no area",
        ),
        (
            Import {
                begin: Some(5_000.0),
                end: None,
                ..wanted.clone()
            },
            "it goes from 0 s to 59 s",
        ),
        (
            Import {
                net: data.join("none.xml"),
                ..wanted.clone()
            },
            "none.xml: cannot be read: there is no such file",
        ),
        (
            Import {
                net: wanted.fcd.clone(),
                ..wanted.clone()
            },
            "found <fcd-export>: expected <net>",
        ),
        (
            Import {
                poly: Some(wanted.net.clone()),
                ..wanted.clone()
            },
            "found <net>: expected <additional>",
        ),
    ] {
        let error = import(&change).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// The real data, where it is.
fn luxembourg(name: &str) -> Option<Source> {
    let path = Path::new(ROOT).join("../shared/data/luxembourg").join(name);
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    }
    Some(Source::file(name, path))
}

#[test]
fn luxembourg_is_read_whole() {
    let (Some(net_source), Some(fcd_source), Some(poly_source)) = (
        luxembourg("lux.net.xml.gz"),
        luxembourg("fcd-centre-300s.xml.gz"),
        luxembourg("buildings.poly.xml.gz"),
    ) else {
        return;
    };
    let network = net::read(&net_source).expect("it is a network");
    assert_eq!(network.junctions.len(), 1_780 + 198);
    assert_eq!(
        network.bounds,
        Some(Rect {
            x0: 0.0,
            y0: 0.0,
            x1: 13_613.76,
            y1: 11_455.04
        })
    );
    // 15 of the 13,567 buildings of the file are points of interest without an outline.
    assert_eq!(poly::read(&poly_source).expect("these are polygons").len(), 13_552);
    let traces = fcd::read(&fcd_source, &fcd::Cut::default()).expect("it is a recording");
    assert_eq!(
        (traces.len(), traces.samples(), traces.end()),
        (1_278, 237_341, Time::from_secs(299))
    );
    let vehicle = traces.iter().next().expect("it is not empty");
    assert_eq!(
        (vehicle.id.as_str(), vehicle.points().next()),
        ("1", Some((7_478.59, 6_043.35)))
    );
    let returning = (0..1_278)
        .filter(|id| traces.stretches(roadveil::world::TraceId(*id)).count() > 1)
        .count();
    assert_eq!(returning, 36);

    let mut world = World::default();
    world.junctions = network.junctions;
    world.set_traces(traces);
    world.count_passes();
    let busiest = world.busiest_junctions(150.0);
    assert!(busiest.len() >= 30, "{} junctions", busiest.len());
    let passes: Vec<u32> = busiest.iter().map(|index| world.junctions[*index].passes).collect();
    assert!(
        passes.windows(2).all(|pair| pair[0] >= pair[1]) && passes[0] > 50,
        "{passes:?}"
    );
}

#[test]
fn luxembourg_is_imported_with_thirty_units() {
    let path = |name: &str| Path::new(ROOT).join("../shared/data/luxembourg").join(name);
    if luxembourg("lux.net.xml.gz").is_none() {
        return;
    }
    let wanted = Import {
        net: path("lux.net.xml.gz"),
        fcd: path("fcd-city-60s.xml.gz"),
        poly: Some(path("buildings.poly.xml.gz")),
        rsu: 30,
        ..Import::default()
    };
    let text = import(&wanted).expect("the files are good");
    let scenario = parse(&text, Origin::Stdin, Path::new(".")).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(scenario.nodes.len(), 1 + 30 + 1_990);
    assert_eq!(scenario.duration.as_secs(), 59);
    let moving = scenario
        .nodes
        .iter()
        .filter(|node| !matches!(node.place, Place::Fixed { .. }));
    for node in moving {
        let (first, last) = scenario.world.present(&node.place);
        assert!(scenario.world.fix(&node.place, first).is_some() && scenario.world.fix(&node.place, last).is_some());
    }
}
