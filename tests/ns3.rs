//! The air beside ns-3: `roadveil bench radio` must give the delivery ratios that ns-3.37 gives.
//!
//! Points are files in the form that both print, and a file's name says how it was made: `curve-nakagami-300B-exp2.2.csv`,
//! `clique-300B.csv`, `highway-200x10m-none-300B-exp2.5.csv`. Those of `tests/data/ns3` come along; those of
//! `../shared/data/ns3` are taken where they are, and so is ns-3 itself where `benches/peers/build.sh` built it. To hold
//! the air to another point, put its file beside the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Least frames on our side.
const FRAMES: u64 = 100_000;

/// Pairs of one bin: distance or nodes, sent, received.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    at: f64,
    sent: u64,
    received: u64,
}

impl Point {
    fn ratio(&self) -> f64 {
        self.received as f64 / self.sent as f64
    }

    /// The standard error of the count.
    fn error(&self) -> f64 {
        let ratio = self.ratio();
        (ratio * (1.0 - ratio) / self.sent as f64).sqrt()
    }
}

/// Reads points; rows of one place are summed.
fn read(csv: &str) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let row = Point {
            at: cells[1].parse().expect("a place"),
            sent: cells[2].parse().expect("a count"),
            received: cells[3].parse().expect("a count"),
        };
        match points.iter_mut().find(|point| point.at == row.at) {
            Some(point) => {
                point.sent += row.sent;
                point.received += row.received;
            }
            None => points.push(row),
        }
    }
    assert!(!points.is_empty(), "no points in {csv}");
    points
}

fn output(program: &Path, words: &[String]) -> String {
    let output = Command::new(program).args(words).output().expect("the program starts");
    assert!(
        output.status.success(),
        "{program:?} {words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// Our points.
fn ours(words: &[String]) -> Vec<Point> {
    let words = [&["bench".to_owned(), "radio".to_owned()], words].concat();
    read(&output(Path::new(env!("CARGO_BIN_EXE_roadveil")), &words))
}

/// Where ours are not within `points` and two standard errors of theirs, a line each.
fn differences(ours: &[Point], theirs: &[Point], points: f64) -> Vec<String> {
    let mut found = Vec::new();
    for their in theirs {
        let Some(our) = ours.iter().find(|our| our.at == their.at) else {
            found.push(format!("{}: we have no such point", their.at));
            continue;
        };
        let allowed = points + 2.0 * their.error();
        let difference = our.ratio() - their.ratio();
        if difference.abs() > allowed {
            found.push(format!(
                "{}: ns-3 {:.4}, ours {:.4}, {difference:+.4}, allowed {allowed:.4}",
                their.at,
                their.ratio(),
                our.ratio()
            ));
        }
    }
    if ours.len() != theirs.len() {
        found.push(format!("{} points, theirs are {}", ours.len(), theirs.len()));
    }
    found
}

/// The files of one layout in both folders.
fn files(mode: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in [root.join("tests/data/ns3"), root.join("../shared/data/ns3")] {
        let Ok(entries) = fs::read_dir(&folder) else {
            eprintln!("skipped: no {}", folder.display());
            continue;
        };
        let paths = entries.map(|entry| entry.expect("entry").path());
        files.extend(paths.filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with(mode) && name.ends_with(".csv")
        }));
    }
    files.sort();
    assert!(!files.is_empty(), "no points of a {mode}");
    files
}

/// A word of a file's name, such as `300` of `curve-none-300B-exp2.2`.
fn word<'n>(name: &'n str, before: &str, after: &str) -> &'n str {
    name.split('-')
        .find_map(|part| part.strip_prefix(before)?.strip_suffix(after))
        .unwrap_or_else(|| panic!("{name} does not say its {before}...{after}"))
}

fn flags(words: &[(&str, &str)]) -> Vec<String> {
    words
        .iter()
        .flat_map(|(flag, value)| [(*flag).to_owned(), (*value).to_owned()])
        .collect()
}

/// How many seeds it takes to send enough frames, `frames` in each.
fn seeds(frames: u64) -> String {
    FRAMES.div_ceil(frames).to_string()
}

/// Compares every file of a layout; `words` makes of its name what we are to run, for each of its parts.
fn compare(mode: &str, points: f64, words: impl Fn(&str, &[Point]) -> Vec<Vec<String>>) {
    let mut found = Vec::new();
    for file in files(mode) {
        let theirs = read(&fs::read_to_string(&file).expect("readable"));
        let name = file.file_stem().and_then(|name| name.to_str()).expect("a name");
        let ours: Vec<Point> = words(name, &theirs).iter().flat_map(|words| ours(words)).collect();
        found.extend(
            differences(&ours, &theirs, points)
                .into_iter()
                .map(|difference| format!("{}: {difference}", file.display())),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn reception_by_distance_is_that_of_ns3() {
    compare("curve", 0.02, |name, _| {
        let fading = if name.contains("nakagami") { "nakagami" } else { "none" };
        let mut words = vec!["curve".to_owned()];
        words.extend(flags(&[
            ("--fading", fading),
            ("--bytes", word(name, "", "B")),
            ("--exponent", word(name, "exp", "")),
            ("--frames", &FRAMES.to_string()),
        ]));
        vec![words]
    });
}

// Contention: phases, and places in a clique, are drawn once in a run, so that ns-3's counts scatter from seed to seed by
// more than their standard error. Hence a point more, over many seeds of ours.

#[test]
fn contention_of_those_who_hear_each_other_is_that_of_ns3() {
    compare("clique", 0.03, |name, theirs| {
        let bytes = word(name, "", "B");
        let of_size = |point: &Point| {
            let nodes = point.at as u64;
            let mut words = vec!["clique".to_owned()];
            words.extend(flags(&[
                ("--nodes", &nodes.to_string()),
                ("--bytes", bytes),
                ("--seconds", "4"),
                ("--seeds", &seeds(nodes * 38)),
            ]));
            words
        };
        theirs.iter().map(of_size).collect()
    });
}

#[test]
fn contention_with_hidden_senders_is_that_of_ns3() {
    compare("highway", 0.03, |name, _| {
        let (nodes, spacing) = word(name, "", "m").split_once('x').expect("nodes x spacing");
        let fading = if name.contains("nakagami") { "nakagami" } else { "none" };
        let mut words = vec!["highway".to_owned()];
        words.extend(flags(&[
            ("--nodes", nodes),
            ("--spacing", spacing),
            ("--fading", fading),
            ("--bytes", word(name, "", "B")),
            ("--exponent", word(name, "exp", "")),
            ("--seconds", "3"),
            ("--seeds", &seeds(nodes.parse::<u64>().expect("nodes") * 28)),
        ]));
        vec![words]
    });
}

/// ns-3 where it is built: points that are listed nowhere.
#[test]
fn points_made_now_are_those_of_ns3() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/bin/ns3-radio");
    if !program.is_file() {
        eprintln!(
            "skipped: no {}; benches/peers/build.sh makes it where ns-3 is installed",
            program.display()
        );
        return;
    }
    let mut found = Vec::new();
    for (bytes, exponent, fading) in [
        ("777", "2.7", "nakagami"),
        ("40", "2.3", "nakagami"),
        ("2304", "2.1", "none"),
    ] {
        let words = |frames: &str| {
            let mut words = vec!["curve".to_owned()];
            words.extend(flags(&[
                ("--bytes", bytes),
                ("--exponent", exponent),
                ("--fading", fading),
                ("--frames", frames),
            ]));
            words
        };
        let theirs = read(&output(&program, &words("2000")));
        let differences = differences(&ours(&words(&FRAMES.to_string())), &theirs, 0.02);
        found.extend(
            differences
                .into_iter()
                .map(|line| format!("{bytes} bytes, {exponent}, {fading}: {line}")),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_difference_is_found() {
    let their = Point {
        at: 100.0,
        sent: 10_000,
        received: 5_000,
    };
    let our = |received| Point { received, ..their };
    // Two points and two standard errors of half a point.
    assert!(differences(&[our(5_299)], &[their], 0.02).is_empty());
    assert_eq!(differences(&[our(5_301)], &[their], 0.02).len(), 1);
    assert_eq!(differences(&[our(4_699)], &[their], 0.02).len(), 1);
    assert!(!differences(&[], &[their], 0.02).is_empty());
    assert!(!differences(&[our(5_000), Point { at: 125.0, ..their }], &[their], 0.02).is_empty());
    // Another exponent is another curve.
    let words = |exponent| flags(&[("--exponent", exponent), ("--frames", "2000")]);
    let curve = |exponent| ours(&[vec!["curve".to_owned()], words(exponent)].concat());
    assert!(!differences(&curve("2.5"), &curve("2.6"), 0.02).is_empty());
}
