//! Which log a person means, and what a new one is called.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::Diagnostic;
use thiserror::Error;

use super::wall::{Date, Written};

/// Where logs are, unless one says otherwise.
pub const DEFAULT_DIRECTORY: &str = "logs";

/// What names the newest log.
pub const LATEST: &str = "latest";

/// Ends the name of every log.
const EXTENSION: &str = "mcap";

/// Why it is not clear which log is meant.
#[derive(Clone, Debug, Error, Diagnostic)]
pub enum SelectError {
    /// No log has such a name.
    #[error("no log {selector:?}: neither a file nor the beginning of a name in {}", directory.display())]
    NotFound {
        /// What was asked for.
        selector: String,
        /// Where it was looked for.
        directory: PathBuf,
        /// What may have been meant.
        #[help]
        help: String,
    },
    /// Several logs have such a name.
    #[error("{selector:?} may be any of {} logs in {}", matches.len(), directory.display())]
    #[diagnostic(help("give more of the name:\n  {}", matches.join("\n  ")))]
    Ambiguous {
        /// What was asked for.
        selector: String,
        /// Where it was looked for.
        directory: PathBuf,
        /// Which they are.
        matches: Vec<String>,
    },
    /// There is no log yet.
    #[error("there is no log in {}", directory.display())]
    #[diagnostic(help("`roadveil run` writes one, unless told --no-log; a log elsewhere is named by its path"))]
    None {
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// The directory cannot be read.
    #[error("cannot read the directory {}", directory.display())]
    Directory {
        /// Which.
        directory: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
}

/// A log in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its run's name: the file's, without its extension.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

/// The logs in a directory, by name: the oldest first. None, if there is no such directory.
///
/// # Errors
///
/// If the directory cannot be read.
pub fn list(directory: &Path) -> Result<Vec<Entry>, SelectError> {
    let failed = |source| SelectError::Directory {
        directory: directory.to_owned(),
        source: Arc::new(source),
    };
    let files = match fs::read_dir(directory) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut entries = Vec::new();
    for file in files {
        let path = file.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION)
            && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
        {
            entries.push(Entry {
                name: name.to_owned(),
                path,
            });
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The log that `selector` names: a file, `latest`, or the beginning of one run's name in `directory`.
///
/// # Errors
///
/// If there is none, or more than one.
pub fn resolve(selector: &str, directory: &Path) -> Result<PathBuf, SelectError> {
    let path = Path::new(selector);
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let entries = list(directory)?;
    if selector == LATEST {
        return latest(entries).ok_or_else(|| SelectError::None {
            directory: directory.to_owned(),
        });
    }
    let wanted = selector.strip_suffix(".mcap").unwrap_or(selector);
    if let Some(entry) = entries.iter().find(|entry| entry.name == wanted) {
        return Ok(entry.path.clone());
    }
    let mut matches: Vec<&Entry> = entries
        .iter()
        .filter(|entry| !wanted.is_empty() && entry.name.starts_with(wanted))
        .collect();
    match (matches.pop(), matches.len()) {
        (Some(entry), 0) => Ok(entry.path.clone()),
        (Some(last), _) => Err(SelectError::Ambiguous {
            selector: selector.to_owned(),
            directory: directory.to_owned(),
            matches: matches
                .into_iter()
                .chain([last])
                .map(|entry| entry.name.clone())
                .collect(),
        }),
        (None, _) => Err(SelectError::NotFound {
            selector: selector.to_owned(),
            directory: directory.to_owned(),
            help: nearest(wanted, &entries),
        }),
    }
}

/// The newest by its name's date; several of one second by when they were written. A log with another name, such as
/// one that ships, is never the latest.
fn latest(entries: Vec<Entry>) -> Option<PathBuf> {
    entries
        .into_iter()
        .filter_map(|entry| {
            let date = entry.name.get(..DATE)?.to_owned();
            let dated = date.bytes().enumerate().all(|(place, byte)| {
                if place == DATE - 7 {
                    byte == b'-'
                } else {
                    byte.is_ascii_digit()
                }
            });
            dated.then(|| (date, Written::of(&entry.path), entry.path))
        })
        .max()
        .map(|(_, _, path)| path)
}

/// Characters of a date in a name.
const DATE: usize = "20260131-235959".len();

fn nearest(wanted: &str, entries: &[Entry]) -> String {
    // A name is long and has a date in front; people remember the end of it or a part.
    let score = |entry: &Entry| {
        let whole = strsim::jaro_winkler(wanted, &entry.name);
        let tail = strsim::jaro_winkler(wanted, entry.name.get(DATE + 1..).unwrap_or(&entry.name));
        let inside = if entry.name.contains(wanted) { 1.0 } else { 0.0 };
        whole.max(tail).max(inside)
    };
    let mut near: Vec<_> = entries.iter().map(|entry| (score(entry), &entry.name)).collect();
    near.retain(|(score, _)| *score > 0.7);
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| b.1.cmp(a.1)));
    if near.is_empty() {
        return match entries.len() {
            0 => "there is no log yet: `roadveil run` writes one".to_owned(),
            count => format!("`roadveil log list` shows all {count}"),
        };
    }
    let names: Vec<_> = near.iter().take(3).map(|(_, name)| format!("\n  {name}")).collect();
    format!("did you mean{}", names.concat())
}

/// Makes an empty file for a new log in `directory`, which is made too if need be. Its name is one that no other has:
/// date, scenario and seed, and a number if a second run begins within the second.
///
/// # Errors
///
/// If the directory or the file cannot be made.
pub fn reserve(directory: &Path, scenario: &str, seed: u64) -> io::Result<PathBuf> {
    reserve_at(directory, &Date::now().compact(), scenario, seed)
}

fn reserve_at(directory: &Path, date: &str, scenario: &str, seed: u64) -> io::Result<PathBuf> {
    fs::create_dir_all(directory)?;
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let scenario: String = scenario.chars().take(40).map(plain).collect();
    let mut number = 1u32;
    loop {
        let suffix = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let path = directory.join(format!("{date}-{scenario}-{seed}{suffix}.{EXTENSION}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 10_000 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs() -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a directory");
        for (date, scenario) in [
            ("20260101-120000", "city"),
            ("20260102-080000", "grid"),
            ("20260102-080000", "city"),
            ("20251231-235959", "grid"),
        ] {
            reserve_at(directory.path(), date, scenario, 1).expect("a new name");
        }
        fs::write(directory.path().join("sample.mcap"), "").expect("a file");
        fs::write(directory.path().join("README.md"), "").expect("a file");
        directory
    }

    fn name(path: &Path) -> &str {
        path.file_name().and_then(|name| name.to_str()).expect("a name")
    }

    #[test]
    fn a_beginning_that_fits_one_is_enough() {
        let logs = logs();
        for (selector, expected) in [
            ("20260101", "20260101-120000-city-1.mcap"),
            ("20260102-080000-g", "20260102-080000-grid-1.mcap"),
            ("20251231-235959-grid-1.mcap", "20251231-235959-grid-1.mcap"),
            ("sample", "sample.mcap"),
        ] {
            assert_eq!(name(&resolve(selector, logs.path()).expect("one")), expected);
        }
        let file = logs.path().join("README.md");
        let given = file.to_str().expect("a plain path");
        assert_eq!(resolve(given, Path::new("nowhere")).expect("a file"), file);
    }

    #[test]
    fn the_latest_is_the_last_by_date() {
        let logs = logs();
        let latest = resolve(LATEST, logs.path()).expect("one");
        assert!(name(&latest).starts_with("20260102-080000-"), "{latest:?}");
        let newer = reserve_at(logs.path(), "20260301-000000", "a", 2).expect("a new name");
        assert_eq!(resolve(LATEST, logs.path()).expect("one"), newer);
        assert!(matches!(
            resolve(LATEST, Path::new("nowhere")),
            Err(SelectError::None { .. })
        ));
    }

    #[test]
    fn what_is_not_clear_is_said() {
        let logs = logs();
        let Err(SelectError::Ambiguous { matches, .. }) = resolve("20260102", logs.path()) else {
            panic!("two")
        };
        assert_eq!(matches, ["20260102-080000-city-1", "20260102-080000-grid-1"]);
        let help = |selector: &str| match resolve(selector, logs.path()) {
            Err(SelectError::NotFound { help, .. }) => help,
            other => panic!("{selector}: {other:?}"),
        };
        assert!(help("grid").contains("20260102-080000-grid-1"), "{}", help("grid"));
        assert!(help("20260103-080000-city-1").contains("20260102-080000-city-1"));
        assert!(help("###").contains("log list"));
        assert!(help("").contains("2026"));
    }

    #[test]
    fn every_new_name_is_another() {
        let logs = logs();
        let names: Vec<_> = (0..3)
            .map(|_| reserve_at(logs.path(), "20260401-000000", "my town/é", 7).expect("a new name"))
            .collect();
        let names: Vec<_> = names.iter().map(|path| name(path)).collect();
        assert_eq!(
            names,
            [
                "20260401-000000-my-town---7.mcap",
                "20260401-000000-my-town---7-2.mcap",
                "20260401-000000-my-town---7-3.mcap"
            ]
        );
        assert!(
            reserve(&logs.path().join("deeper/still"), "city", 1)
                .expect("a new name")
                .is_file()
        );
    }
}
