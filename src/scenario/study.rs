//! Study files: one topology, many runs.
//!
//! ```toml
//! topology = "ecpp"                   # a shipped name, or a file beside this one
//! seeds = 20                          # 1 to 20; or a list of seeds
//! duration = "60s"
//! figures = ["ecpp.keys_issued", "frames.delivered"]
//! expect = false                      # leave the topology's expectations out
//!
//! [set]                               # for all runs, as --set has it
//! "radio.shadowing_db" = 3
//!
//! [vary]                              # each value with each of the others
//! "protocols.ecpp.key_lifetime" = ["20s", "60s"]
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::document::{Item, Section, Texts, printable};
use super::error::{Error, one_of};
use super::{Scenario, folder_of, library, read_text};

/// Most runs of a study.
pub const MAX_RUNS: usize = 100_000;
/// Largest seed: that of a topology.
const MAX_SEED: u64 = i64::MAX as u64;

/// What to run, and what to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// Its name: the shipped name, or the file's name without `.toml`.
    pub name: String,
    /// One line for a person.
    pub title: String,
    /// The topology: a shipped name or a path.
    pub topology: String,
    /// Seeds, each run once at each point.
    pub seeds: Vec<u64>,
    /// Virtual time of a run; the topology's own if not given.
    pub duration: Option<Duration>,
    /// Values that all runs have, as `--set` has them.
    pub set: Vec<(String, String)>,
    /// What differs: a path and its values.
    pub vary: Vec<(String, Vec<String>)>,
    /// Figures of the report.
    pub figures: Vec<String>,
    /// Are the topology's expectations looked at?
    pub expect: bool,
}

impl Study {
    /// A study of one topology as it is.
    pub fn of(topology: &str, seeds: Vec<u64>) -> Study {
        Study {
            name: topology.to_owned(),
            title: String::new(),
            topology: topology.to_owned(),
            seeds,
            duration: None,
            set: Vec::new(),
            vary: Vec::new(),
            figures: Vec::new(),
            expect: true,
        }
    }

    /// Loads a study: a file, or the name of a shipped one.
    ///
    /// # Errors
    /// A diagnostic for the first thing that is found to be wrong.
    pub fn load(what: &str) -> Result<Study, Error> {
        if let Some(shipped) = library::study(what) {
            return Study::parse(shipped.text, what, Path::new("."));
        }
        let path = Path::new(what);
        let mut file = std::fs::File::open(path).map_err(|error| {
            let known = || {
                library::studies()
                    .map(|shipped| shipped.name)
                    .chain([library::COMPARISON])
            };
            let problem = if error.kind() == std::io::ErrorKind::NotFound {
                "no such file or shipped study".to_owned()
            } else {
                format!("cannot be read: {error}")
            };
            Error::of(what, problem)
                .expected(format!("a study file, or {}", one_of(known())))
                .nearest(what, known())
        })?;
        if path.is_dir() {
            return Err(Error::of(what, "is a folder").expected("a study file"));
        }
        let text = read_text(what, &mut file)?;
        Study::parse(&text, what, folder_of(path))
    }

    /// Reads a study's text. A topology that is a file lies in `folder`.
    ///
    /// # Errors
    /// As [`Study::load`].
    pub fn parse(text: &str, label: &str, folder: &Path) -> Result<Study, Error> {
        let root = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let problem = format!("not TOML: {}", error.message().replace('\n', ", "));
            Error::at(label, text, span, problem)
        })?;
        let texts = Texts::new(label, text);
        let root = Section::root(&texts, &root);
        let stem = Path::new(label).file_stem().unwrap_or_default();
        let study = Study {
            name: stem.to_string_lossy().into_owned(),
            title: text_of(&root, "title")?.unwrap_or_default().to_owned(),
            topology: topology(&root, folder)?,
            seeds: root
                .get("seeds")
                .map_or_else(|| Ok((1..=20).collect()), |item| seeds(&item))?,
            duration: root.get("duration").map(|item| item.positive_duration()).transpose()?,
            set: root.get("set").map_or_else(|| Ok(Vec::new()), |item| settings(&item))?,
            vary: root.get("vary").map_or_else(|| Ok(Vec::new()), |item| varied(&item))?,
            figures: root
                .get("figures")
                .map_or_else(|| Ok(Vec::new()), |item| figures(&item))?,
            expect: root.get("expect").map_or(Ok(true), |item| item.flag())?,
        };
        root.finish()?;
        match study.runs() {
            Some(1..=MAX_RUNS) => Ok(study),
            _ => Err(Error::of(
                label,
                format!("asks for more than {MAX_RUNS} runs, or for none"),
            )),
        }
    }

    /// How many runs there are; `None` if too many to count.
    pub fn runs(&self) -> Option<usize> {
        let points = self.vary.iter().map(|(_, values)| values.len());
        points.chain([self.seeds.len()]).try_fold(1_usize, usize::checked_mul)
    }

    /// All points: one value of each path that varies, the last one varying fastest.
    pub fn points(&self) -> Vec<Vec<(String, String)>> {
        let mut points = vec![Vec::new()];
        for (path, values) in &self.vary {
            let with = |point: &Vec<(String, String)>| {
                let value = |value: &String| {
                    let mut point = point.clone();
                    point.push((path.clone(), value.clone()));
                    point
                };
                values.iter().map(value).collect::<Vec<_>>()
            };
            points = points.iter().flat_map(with).collect();
        }
        points
    }

    /// The scenario of a point; its seed is the topology's own.
    ///
    /// # Errors
    /// If the topology or a value is wrong, or a figure is none of its report's.
    pub fn scenario(&self, point: &[(String, String)]) -> Result<Scenario, Error> {
        let overrides: Vec<_> = self.set.iter().chain(point).cloned().collect();
        let mut scenario = Scenario::load(&self.topology, &overrides, None)?;
        if let Some(duration) = self.duration {
            scenario.duration = duration;
        }
        if !self.expect {
            scenario.expect.clear();
        }
        for figure in &self.figures {
            let known = super::expect::Known::of(&scenario.protocols, &scenario.listeners);
            super::expect::check_figure(&self.name, figure, known)?;
        }
        Ok(scenario)
    }
}

fn text_of<'d>(root: &Section<'d>, key: &'static str) -> Result<Option<&'d str>, Error> {
    root.get(key).map(|item| item.text("one line for a person")).transpose()
}

/// A shipped topology's name as it is, a file's path from where the study lies.
fn topology(root: &Section<'_>, folder: &Path) -> Result<String, Error> {
    const EXPECTED: &str = "the name of a shipped topology, or a file beside the study";
    let item = root.need("topology", EXPECTED)?;
    let what = item.text(EXPECTED)?;
    if library::find(what.strip_prefix("builtin:").unwrap_or(what)).is_ok() {
        return Ok(what.to_owned());
    }
    let path: PathBuf = folder.join(what);
    if !path.exists() {
        let names = || library::shipped().iter().map(|shipped| shipped.name);
        return Err(item
            .error(format!("there is no topology `{}`", printable(what)))
            .expected(format!("a file beside the study, or {}", one_of(names())))
            .nearest(what, names()));
    }
    Ok(path.display().to_string())
}

/// A number of seeds from 1 on, or a list of seeds.
fn seeds(item: &Item<'_>) -> Result<Vec<u64>, Error> {
    const EXPECTED: &str = "how many seeds, or a list of different seeds";
    if item.as_whole().is_some() {
        return Ok((1..=item.count(1, MAX_RUNS as u64)?).collect());
    }
    let seeds: Vec<u64> = item
        .array(EXPECTED)?
        .iter()
        .map(|seed| seed.count(0, MAX_SEED))
        .collect::<Result<_, _>>()?;
    let mut different = seeds.clone();
    different.sort_unstable();
    different.dedup();
    if seeds.is_empty() || different.len() < seeds.len() {
        return Err(item.wrong(EXPECTED));
    }
    Ok(seeds)
}

/// Paths with one value each.
fn settings(item: &Item<'_>) -> Result<Vec<(String, String)>, Error> {
    let section = item.section("[set]")?;
    section
        .entries()
        .map(|(path, _, value)| Ok((path.to_owned(), value_text(&value)?)))
        .collect()
}

/// Paths with several values each.
fn varied(item: &Item<'_>) -> Result<Vec<(String, Vec<String>)>, Error> {
    const EXPECTED: &str = "a list of values";
    let section = item.section("[vary]")?;
    section
        .entries()
        .map(|(path, _, values)| {
            let listed = values.array(EXPECTED)?;
            if listed.is_empty() {
                return Err(values.wrong(EXPECTED));
            }
            let texts = listed.iter().map(value_text).collect::<Result<_, _>>()?;
            Ok((path.to_owned(), texts))
        })
        .collect()
}

fn figures(item: &Item<'_>) -> Result<Vec<String>, Error> {
    const EXPECTED: &str = "figures of a report, such as \"ecpp.keys_issued\"";
    let texts = item.array(EXPECTED)?;
    texts
        .iter()
        .map(|text| text.text(EXPECTED).map(str::to_owned))
        .collect()
}

/// A value as `--set` takes it.
fn value_text(item: &Item<'_>) -> Result<String, Error> {
    match item.value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Ok(flag.to_string()),
        _ => Err(item.wrong("a text, a number, true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Study, Error> {
        Study::parse(text, "a/b.toml", Path::new("a"))
    }

    fn refused(text: &str) -> String {
        let error = parse(text).expect_err("it is wrong");
        format!("{:?}", miette::Report::new(error))
    }

    #[test]
    fn every_value_meets_every_other() {
        let study = parse(
            "topology = \"city\"\nseeds = [7, 9]\nduration = \"2s\"\nfigures = [\"events\"]\n\
             [set]\n\"radio.fading\" = \"none\"\n[vary]\n\"radio.exponent\" = [2, 2.5]\n\"radio.wall_db\" = [9]\n\
             \"protocols.ecpp.key_lifetime\" = [\"20s\", \"60s\", \"90s\"]\n",
        )
        .expect("good");
        assert_eq!(study.runs(), Some(12));
        let points = study.points();
        assert_eq!(points.len(), 6);
        let mut different = points.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), 6);
        assert!(points.iter().all(|point| point.len() == 3));
        let scenario = study.scenario(&points[5]).expect("good");
        assert_eq!(scenario.duration, Duration::from_secs(2));
        assert_eq!(scenario.radio.fading, crate::radio::Fading::None);
        assert_eq!(study.name, "b");
    }

    #[test]
    fn a_study_may_leave_expectations_out() {
        let expected = |line: &str| {
            let study = parse(&format!("topology = \"city\"\n{line}")).expect("good");
            study.scenario(&[]).expect("good").expect.len()
        };
        assert!(expected("") > 0);
        assert_eq!(expected("expect = true"), expected(""));
        assert_eq!(expected("expect = false"), 0);
    }

    #[test]
    fn a_topology_lies_beside_the_study() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("mine.toml"), "").expect("written");
        let study = Study::parse("topology = \"mine.toml\"", "b.toml", folder.path()).expect("good");
        assert_eq!(Path::new(&study.topology), folder.path().join("mine.toml"));
        assert!(refused("topology = \"citty\"").contains("did you mean `city`"));
        assert_eq!(parse("topology = \"city\"").expect("good").topology, "city");
        assert_eq!(parse("topology = \"city\"").expect("good").seeds.len(), 20);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("seeds = 3", "topology"),
            ("topology = \"city\"\nseeds = 0", "from 1"),
            ("topology = \"city\"\nseeds = []", "different seeds"),
            ("topology = \"city\"\nseeds = [1, 1]", "different seeds"),
            ("topology = \"city\"\nseed = 1", "seeds"),
            ("topology = \"city\"\nexpect = \"no\"", "true or false"),
            ("topology = \"city\"\n[vary]\nx = 3", "list of values"),
            ("topology = \"city\"\n[vary]\nx = []", "list of values"),
            ("topology = \"city\"\n[set]\nx = [1]", "a text, a number"),
            ("topology = \"city\"\nseeds = 100000\n[vary]\nx = [1, 2]", "100000 runs"),
            ("topology = ", "TOML"),
        ] {
            let said = refused(text);
            assert!(said.contains(part), "{text}: {said}");
        }
        let study = parse("topology = \"city\"\nfigures = [\"ecpp.keys_isued\"]").expect("good so far");
        let error = study.scenario(&[]).expect_err("no such figure");
        assert!(format!("{:?}", miette::Report::new(error)).contains("keys_issued"));
        assert!(Study::load("no-such-study").is_err());
        assert!(Study::load(".").is_err());
    }

    #[test]
    fn what_ships_is_good() {
        for shipped in library::studies() {
            let study = Study::load(shipped.name).expect("good");
            assert_eq!(study.title, shipped.title);
            for point in study.points() {
                study.scenario(&point).expect("good");
            }
        }
    }
}
