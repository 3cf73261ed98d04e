//! Who lies or steals, and how: `misbehave`, `lying_rsus` and `steal`.

use core::time::Duration;

use roadveil_role::SetupError;
use roadveil_role::plan::{list, moment};

/// How an OBU lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Each message names another place.
    Scatter,
    /// All messages name a place beside the true one: two of them contradict each other only where it begins.
    Offset,
    /// Its speed is impossible.
    Speed,
}

/// An OBU that lies in its safety messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misbehaviour {
    /// The node's name.
    pub node: String,
    /// After this much time.
    pub after: Duration,
    /// How.
    pub lie: Lie,
}

/// Reads the parameter `misbehave`: `NODE@TIME` or `NODE@TIME:KIND`, separated by commas.
///
/// # Errors
/// What could not be read.
pub fn misbehaviours(text: &str) -> Result<Vec<Misbehaviour>, SetupError> {
    let expected = "misbehave: expected NODE@TIME or NODE@TIME:KIND such as \"car-2@20s:speed\" with one of scatter, \
                    offset, speed";
    list(text, expected, |entry| {
        let (node, how) = entry.rsplit_once('@')?;
        let (time, kind) = how.split_once(':').unwrap_or((how, "scatter"));
        let lie = match kind.trim() {
            "scatter" => Lie::Scatter,
            "offset" => Lie::Offset,
            "speed" => Lie::Speed,
            _ => return None,
        };
        Some(Misbehaviour {
            node: node.trim().to_owned(),
            after: moment(time.trim())?,
            lie,
        })
    })
}

/// How an RSU lies in tracking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Falsehood {
    /// With a true record of another OBU.
    Another,
    /// With the pseudo-identity of another OBU on the accused's own signature.
    Forged,
    /// It says that it has no record.
    None,
    /// It says nothing.
    Silent,
}

/// Reads the parameter `lying_rsus`: `NODE` or `NODE:KIND`, separated by commas.
///
/// # Errors
/// What could not be read.
pub fn falsehoods(text: &str) -> Result<Vec<(String, Falsehood)>, SetupError> {
    let expected = "lying_rsus: expected NODE or NODE:KIND with one of another, forged, none, silent";
    list(text, expected, |entry| {
        let (node, kind) = entry.rsplit_once(':').unwrap_or((entry, "another"));
        let falsehood = match kind.trim() {
            "another" => Falsehood::Another,
            "forged" => Falsehood::Forged,
            "none" => Falsehood::None,
            "silent" => Falsehood::Silent,
            _ => return None,
        };
        Some((node.trim().to_owned(), falsehood))
    })
}

/// An OBU that has the key `B_j` of an RSU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theft {
    /// The OBU.
    pub node: String,
    /// After this much time.
    pub after: Duration,
    /// The RSU.
    pub rsu: String,
}

/// Reads the parameter `steal`: `NODE@TIME:RSU`, separated by commas.
///
/// # Errors
/// What could not be read.
pub fn thefts(text: &str) -> Result<Vec<Theft>, SetupError> {
    let expected = "steal: expected NODE@TIME:RSU such as \"car-9@30s:rsu-2\"";
    list(text, expected, |entry| {
        let (node, what) = entry.rsplit_once('@')?;
        let (time, rsu) = what.split_once(':')?;
        let rsu = rsu.trim();
        Some(Theft {
            node: node.trim().to_owned(),
            after: moment(time.trim())?,
            rsu: (!rsu.is_empty()).then(|| rsu.to_owned())?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misbehaviours_are_read() {
        let read = misbehaviours("car-2@20s, b@x@5ms:offset,c@1m: speed ,d@3s:scatter").expect("well formed");
        let expected = [
            ("car-2", 20_000, Lie::Scatter),
            ("b@x", 5, Lie::Offset),
            ("c", 60_000, Lie::Speed),
            ("d", 3000, Lie::Scatter),
        ];
        let expected = expected.map(|(node, after, lie)| Misbehaviour {
            node: node.to_owned(),
            after: Duration::from_millis(after),
            lie,
        });
        assert_eq!(read, expected);
        assert_eq!(misbehaviours(" , "), Ok(vec![]));
        for wrong in [
            "car-2",
            "car-2@20",
            "car-2@20s:",
            "car-2@20s:badly",
            "car-2:speed",
            "car-2@:speed",
        ] {
            assert!(misbehaviours(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn thefts_are_read() {
        let theft = |node: &str, millis, rsu: &str| Theft {
            node: node.to_owned(),
            after: Duration::from_millis(millis),
            rsu: rsu.to_owned(),
        };
        let read = thefts("car-9@30s:rsu-2, a@b@5ms: c:d").expect("well formed");
        assert_eq!(read, [theft("car-9", 30_000, "rsu-2"), theft("a@b", 5, "c:d")]);
        assert_eq!(thefts(""), Ok(vec![]));
        for wrong in [
            "car-9",
            "car-9@30s",
            "car-9@30s:",
            "car-9@:rsu",
            "car-9:rsu@30s",
            "car-9@30:rsu",
        ] {
            assert!(thefts(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn falsehoods_are_read() {
        let read = falsehoods("rsu-1, rsu-2:forged, a:b:none,c: silent").expect("well formed");
        let expected = [
            ("rsu-1", Falsehood::Another),
            ("rsu-2", Falsehood::Forged),
            ("a:b", Falsehood::None),
            ("c", Falsehood::Silent),
        ];
        assert_eq!(read, expected.map(|(node, falsehood)| (node.to_owned(), falsehood)));
        assert_eq!(falsehoods(""), Ok(vec![]));
        for wrong in ["rsu-1:", "rsu-1:honest"] {
            assert!(falsehoods(wrong).is_err(), "{wrong}");
        }
    }
}
