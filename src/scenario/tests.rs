//! Topologies as a whole.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use roadveil_role::{Time, Value};

use super::*;

#[path = "../../tests/fake/mod.rs"]
mod fake;

/// Three nodes, as short as it gets.
const SMALL: &str = r#"
title = "Small"
duration = "10s"
seed = 7
[radio]
exponent = 3
[protocols.ecpp]
key_lifetime = "30s"
[[node]]
name = "ta"
roles = ["ecpp.ta"]
[[node]]
name = "rsu"
roles = ["ecpp.rsu"]
at = [10, -5]
[[node]]
name = "car"
roles = ["ecpp.obu"]
route = [[0, 0], [100, 0]]
speed = 10
profile = "mnt-2008"
clock_offset = "-2ms"
clock_drift_ppm = 1.5
queue = 3
antenna_db = 2.5
antenna_m = 3.2
[[timeline]]
at = "5s"
link_down = ["rsu", "ta"]
[[timeline]]
at = "2s"
down = "rsu"
[[expect]]
that = "ecpp.keys_issued >= 1"
at = "9s"
"#;

/// A scenario of a text.
fn parse(text: &str, overrides: &[(&str, &str)]) -> Result<Scenario, Error> {
    let overrides: Vec<_> = overrides
        .iter()
        .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
        .collect();
    Scenario::parse_with(
        fake::REGISTRY,
        text,
        Origin::File("dir/small.toml".into()),
        Path::new("."),
        &overrides,
    )
}

#[test]
fn a_topology_becomes_a_scenario() {
    let scenario = parse(SMALL, &[]).expect("it is good");
    assert_eq!(
        (scenario.name.as_str(), scenario.title.as_str(), scenario.seed),
        ("small", "Small", 7)
    );
    assert_eq!(
        (scenario.text.as_str(), scenario.duration),
        (SMALL, Duration::from_secs(10))
    );
    assert_eq!(scenario.radio.exponent, 3.0);
    let [ta, rsu, car] = scenario.nodes.as_slice() else {
        panic!("three nodes: {:?}", scenario.nodes)
    };
    assert!(ta.wired && !ta.radio && ta.profile.name == "server");
    assert!(rsu.wired && rsu.radio && rsu.profile.name == "rsu-2026" && rsu.queue == 64);
    assert!(!car.wired && car.radio && car.profile.name == "mnt-2008" && car.queue == 3);
    assert_eq!(
        car.clock,
        ClockError {
            offset_ns: -2_000_000,
            drift_ppb: 1_500
        }
    );
    assert_eq!((car.antenna_db, car.antenna_m), (2.5, 3.2));
    assert_eq!((rsu.antenna_db, rsu.antenna_m), (0.0, 1.5));
    assert_eq!(rsu.place, Place::Fixed { x: 10.0, y: -5.0 });
    assert_eq!(ta.place, Place::Fixed { x: 50.0, y: -2.5 });
    assert_eq!(
        scenario
            .world
            .fix(&car.place, Time::from_secs(3))
            .map(|fix| (fix.x, fix.speed)),
        Some((30.0, 10.0))
    );
    let [configured] = scenario.protocols.as_slice() else {
        panic!("one protocol")
    };
    assert_eq!(configured.params.span("key_lifetime"), Duration::from_secs(30));
    let planned = |at, fault| Planned {
        at: Time::from_secs(at),
        fault,
    };
    assert_eq!(
        scenario.timeline,
        [planned(2, Fault::NodeDown(1)), planned(5, Fault::LinkDown(1, 0))]
    );
    assert_eq!(scenario.expect[0].at, Some(Time::from_secs(9)));
    assert_eq!(scenario.node("car"), Some(2));
    assert!(
        scenario
            .describe()
            .contains("3 nodes: 1 ecpp.obu, 1 ecpp.rsu, 1 ecpp.ta"),
        "{}",
        scenario.describe()
    );
    assert!(scenario.world.bounds.contains(100.0, 0.0));
}

#[test]
fn overrides_are_checked_like_the_file() {
    let set = [
        ("radio.exponent", "2.2"),
        ("protocols.ecpp.key_lifetime", "45s"),
        ("node.2.queue", "10"),
        ("node.rsu.at", "[1,2]"),
        ("seed", "99"),
    ];
    let scenario = parse(SMALL, &set).expect("all are good");
    assert_eq!(
        (scenario.radio.exponent, scenario.seed, scenario.nodes[2].queue),
        (2.2, 99, 10)
    );
    assert_eq!(
        scenario.protocols[0]
            .params
            .iter()
            .find(|(name, _)| *name == "key_lifetime"),
        Some(("key_lifetime", &Value::Span(Duration::from_secs(45))))
    );
    assert_eq!(scenario.nodes[1].place, Place::Fixed { x: 1.0, y: 2.0 });
    assert_eq!(scenario.overrides.len(), 5);
    let cases = [
        (
            ("radoi.exponent", "3"),
            "--set:1:1: unknown key `radoi`: expected one of",
        ),
        (("radio.exponnet", "3"), "--set:1:7: unknown key `exponnet` in [radio]"),
        (
            ("radio.exponent", "nan"),
            "--set:1:16: `radio.exponent` is nan: expected a number from 1.5 to 8",
        ),
        (("radio.exponent", "3x"), "--set:1:16: "),
        (
            ("protocols.ecpp.key_lifetime", "30"),
            "--set:1:29: `protocols.ecpp.key_lifetime` is 30: expected a duration",
        ),
        (
            ("protocols.ecpp.mode", "papr"),
            "--set:1:21: unknown word `papr`: expected one of `paper`, `hardened`; did you mean `paper`?",
        ),
        (
            ("node.3.queue", "1"),
            "--set:1:6: `3` names no element of `node`: expected a number from 0 to 2",
        ),
        (("node.cra.queue", "1"), "did you mean `car`?"),
        (("title.x", "1"), "--set:1:7: `title` is no table"),
    ];
    for (set, expected) in cases {
        let error = parse(SMALL, &[set]).expect_err(expected).to_string();
        assert!(error.contains(expected), "{set:?}: {error}");
    }
}

#[test]
fn own_profiles_are_like_shipped_ones_or_complete() {
    use roadveil_crypto::Op;
    let with = |profile: &str| {
        parse(
            &format!("{SMALL}\n[profile.mine]\n{profile}"),
            &[("node.car.profile", "mine")],
        )
    };
    let scenario = with("like = 'mnt-2008'\nscale = 0.5\ng1_mul = 100\nsource = 'x'").expect("it is good");
    let mine = &scenario.nodes[2].profile;
    assert_eq!(
        (mine.nanos(Op::G1Mul), mine.nanos(Op::Pairing), mine.derived),
        (100_000, 2_250_000, true)
    );
    let all: String = Op::ALL.iter().map(|op| format!("{} = 1.5\n", op.name())).collect();
    let scenario = with(&all).expect("it is complete");
    assert!(!scenario.nodes[2].profile.derived);
    for (profile, expected) in [
        ("", "[profile.mine] is like no other profile"),
        (
            "like = 'mnt-2009'",
            "unknown profile `mnt-2009`: expected one of `mnt-2008`, `obu-2026`, `rsu-2026`, `server`; did you mean `mnt-2008`?",
        ),
        (
            "like = 'server'\ng1_mull = 3",
            "unknown key `g1_mull` in [profile.mine]",
        ),
        (
            "like = 'server'\ng1_mul = -3",
            "`profile.mine.g1_mul` is -3: expected a number from 0 to",
        ),
        (
            "like = 'server'\ng1_mul = inf",
            "`profile.mine.g1_mul` is inf: expected a number",
        ),
    ] {
        let error = with(profile).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn shipped_topologies_are_good_and_say_what_a_list_says() {
    for shipped in library::shipped() {
        let parsed = Scenario::parse_with(
            crate::registry::PROTOCOLS,
            shipped.text,
            Origin::Builtin(shipped.name),
            Path::new("/nonexistent"),
            &[],
        );
        let scenario = parsed.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (scenario.title.as_str(), scenario.title.as_str()),
            (shipped.title, shipped.title())
        );
        assert!(
            !scenario.summary.is_empty() && !scenario.expect.is_empty(),
            "{}",
            shipped.name
        );
        assert!(scenario.inputs.iter().all(|input| input.path.starts_with("builtin:")));
        // And with the protocols as they really are.
        let loaded = Scenario::load(shipped.name, &[], None).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(loaded.name, shipped.name);
    }
    let starter = Scenario::parse_with(fake::REGISTRY, library::STARTER, Origin::Stdin, Path::new("."), &[]);
    assert!(starter.is_ok(), "{starter:?}");
    assert_eq!(
        library::find("three-car").expect_err("it has an s").suggestion(),
        Some("three-cars")
    );
}

#[test]
fn the_city_has_its_vehicles_buildings_and_units() {
    let text = library::find("city").expect("it ships").text;
    let scenario =
        Scenario::parse_with(fake::REGISTRY, text, Origin::Builtin("city"), Path::new("."), &[]).expect("it is good");
    assert_eq!(scenario.world.vehicles.len(), 62);
    assert_eq!(scenario.nodes.len(), 62 + 6 + 1);
    assert!(
        scenario.world.buildings.len() > 60 && scenario.world.roads.len() > 100,
        "{}",
        scenario.describe()
    );
    assert_eq!(scenario.inputs.len(), 3);
    // The units stand apart, and the first is at the busiest junction.
    let units: Vec<(f64, f64)> = scenario
        .nodes
        .iter()
        .filter(|node| node.name.starts_with("rsu-"))
        .filter_map(|node| match node.place {
            Place::Fixed { x, y } => Some((x, y)),
            _ => None,
        })
        .collect();
    for (index, a) in units.iter().enumerate() {
        assert!(units[..index].iter().all(|b| (a.0 - b.0).hypot(a.1 - b.1) >= 200.0));
    }
    let most = scenario.world.junctions.iter().map(|junction| junction.passes).max();
    let first = scenario
        .world
        .junctions
        .iter()
        .find(|junction| (junction.x, junction.y) == units[0]);
    assert_eq!(first.map(|junction| junction.passes), most);
}

#[test]
fn a_log_s_scenario_is_made_again() {
    let text = library::find("city").expect("it ships").text;
    let origins = [("builtin:city", "city"), ("-", "stdin"), ("some/where.toml", "where")];
    for (origin, name) in origins {
        let scenario =
            Scenario::reload(text, origin, &[("seed".to_owned(), "3".to_owned())], None).expect("it is good");
        assert_eq!(
            (scenario.name.as_str(), scenario.seed, scenario.origin.to_string()),
            (name, 3, origin.to_owned())
        );
    }
}

#[test]
fn what_cannot_be_loaded_says_why() {
    let cases = [
        (
            "citty",
            "citty: there is no such topology: expected a file, or one of `city`,",
        ),
        ("citty", "did you mean `city`?"),
        ("/nonexistent/x.toml", "/nonexistent/x.toml: there is no such topology"),
        ("src", "src: is a folder"),
        ("topologies/data/city.net.xml.gz", "not TOML: a byte that is no UTF-8"),
    ];
    for (what, expected) in cases {
        let error = Scenario::load(what, &[], None).expect_err(what).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Pieces of which strange topologies are made.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\n",
    "#",
    "nan",
    "inf",
    "-1",
    "1e309",
    "99999999999999999999999",
    "0x",
    "true",
    "\u{20ac}",
    "\0",
    "[[node]]",
    "[world.grid]",
    "vehicles = 3",
    "at = \"busiest-junctions\"",
    "every = \"vehicle\"",
    "count = 2",
    "name = \"{}\"",
    "\"0s\"",
    "1979-05-27",
    "{}",
    "[[backhaul.link]]\nbetween = [\"rsu\", \"ta\"]\nloss = 2",
    "\"ecpp.obu\"",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_topology_does_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..40, prop::sample::select(PIECES)), 1..6),
    ) {
        let mut text: Vec<char> = SMALL.chars().collect();
        for (at, removed, piece) in changes {
            let at = at.index(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, piece.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = parse(&text, &[]) {
            prop_assert!(error.line().is_none_or(|line| line >= 1 && line <= text.lines().count() + 1));
            let shown = format!("{:?}", miette::Report::new(error));
            prop_assert!(!shown.is_empty());
        }
    }

    #[test]
    fn no_override_does_harm(path in "[a-z.0-9]{0,20}|(radio|node|protocols|seed|node.0|node.car)(\\.[a-z_]{0,10}){0,3}", value in ".{0,12}") {
        let _ = parse(SMALL, &[(&path, &value)]);
    }
}
