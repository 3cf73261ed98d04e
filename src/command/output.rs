//! Files that a command writes: never onto what it reads, and never onto what it cannot have written itself.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Failure;

/// What is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A log.
    Log,
    /// JSON: a report, or an export.
    Json,
    /// A topology, which a person may have changed since.
    Topology,
    /// A profile of this host.
    Profile,
    /// A picture as SVG.
    Picture,
}

/// How every MCAP file begins.
const MCAP: &[u8] = b"\x89MCAP";

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Log => "a log",
            Kind::Json => "JSON",
            Kind::Topology => "a topology",
            Kind::Profile => "a profile",
            Kind::Picture => "a picture",
        }
    }

    /// May a file that begins so be an earlier one of the kind, and be replaced?
    fn replaces(self, beginning: &[u8]) -> bool {
        match self {
            Kind::Log => beginning.starts_with(MCAP),
            Kind::Json => beginning.trim_ascii_start().first() == Some(&b'{'),
            Kind::Topology => false,
            Kind::Profile => beginning.starts_with(b"[profile.host]"),
            Kind::Picture => beginning.trim_ascii_start().starts_with(b"<svg"),
        }
    }
}

/// May a command that uses `others` (each with what it is) write there? An empty file may be written to, and what is no
/// file, such as a terminal.
///
/// # Errors
/// What is in the way.
pub(super) fn may_write(path: &Path, kind: Kind, others: &[(&Path, &str)]) -> Result<(), Failure> {
    if path == Path::new("-") {
        return Ok(());
    }
    let refused = |why: String| {
        Err(Failure::Input(miette::miette!(
            help = "name another file",
            "cannot write {} to {}: {why}",
            kind.name(),
            path.display()
        )))
    };
    if let Some((_, what)) = others.iter().find(|(other, _)| same(path, other)) {
        return refused(format!("it is {what}"));
    }
    let Ok(metadata) = fs::metadata(path) else {
        return Ok(());
    };
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(());
    }
    let mut beginning = [0; 64];
    let read = File::open(path)
        .and_then(|mut file| file.read(&mut beginning))
        .unwrap_or(0);
    if kind.replaces(&beginning[..read]) {
        Ok(())
    } else if kind == Kind::Topology {
        refused("there is such a file already, and it may have been changed since".to_owned())
    } else {
        refused(format!("what is there is not {}, and would be lost", kind.name()))
    }
}

/// Are both the same file, existing or to be?
fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| -> Option<(PathBuf, OsString)> {
        // Through links, where it exists.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = path.file_name()?.to_owned();
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.canonicalize().ok()?,
            _ => Path::new(".").canonicalize().ok()?,
        };
        Some((folder, name))
    };
    let one = real(one);
    one.is_some() && one == real(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_what_is_something_else_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let put = |name: &str, bytes: &[u8]| fs::write(path(name), bytes).expect("writes");
        put("city.toml", b"title = \"mine\"");
        put("old.mcap", b"\x89MCAP0\r\nrest");
        put("old.json", b"\n {\"schema\": 1}");
        put("old.svg", b"<svg width=\"1\">");
        put("host.toml", b"[profile.host]\nsource = \"measured\"");
        put("empty", b"");
        let may = |name: &str, kind, others: &[(&Path, &str)]| may_write(&path(name), kind, others).is_ok();
        for name in ["new", "empty"] {
            assert!(
                [Kind::Log, Kind::Json, Kind::Topology, Kind::Profile, Kind::Picture]
                    .iter()
                    .all(|kind| may(name, *kind, &[]))
            );
        }
        assert!(may("old.mcap", Kind::Log, &[]) && !may("old.mcap", Kind::Json, &[]));
        assert!(may("old.json", Kind::Json, &[]) && !may("old.json", Kind::Log, &[]));
        assert!(!may("city.toml", Kind::Log, &[]) && !may("city.toml", Kind::Topology, &[]));
        assert!(may("old.svg", Kind::Picture, &[]) && !may("old.json", Kind::Picture, &[]));
        assert!(may("host.toml", Kind::Profile, &[]) && !may("city.toml", Kind::Profile, &[]));
        let (old, new) = (path("old.mcap"), path("new"));
        assert!(!may("old.mcap", Kind::Log, &[(&old, "the log that is read")]));
        assert!(!may("new", Kind::Json, &[(&new, "the log")]), "both would be new");
        assert!(may_write(Path::new("/dev/null"), Kind::Log, &[]).is_ok());
        assert!(may_write(Path::new("-"), Kind::Json, &[(Path::new("-"), "stdin")]).is_ok());
    }
}
