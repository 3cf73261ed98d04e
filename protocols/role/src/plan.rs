//! Lists that a parameter holds as text, such as whom a scenario has revoked, and when.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::{ParamSpec, SetupError};

/// The parameter `revoke`, which [`revocations`] reads.
pub const REVOKE: ParamSpec = ParamSpec::text(
    "revoke",
    "OBUs that the authority revokes, and when: \"car-2@20s, car-7@1500ms\"",
);

/// An OBU that the authority revokes on schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The node's name.
    pub node: String,
    /// After this much time.
    pub after: Duration,
}

/// Reads the parameter `revoke`: `NODE@TIME`, separated by commas.
///
/// # Errors
/// What could not be read.
pub fn revocations(text: &str) -> Result<Vec<Revocation>, SetupError> {
    list(text, "revoke: expected NODE@TIME such as \"car-2@20s\"", |entry| {
        let (node, time) = entry.rsplit_once('@')?;
        Some(Revocation {
            node: node.trim().to_owned(),
            after: moment(time)?,
        })
    })
}

/// Reads entries that commas separate; empty ones are passed over. `expected` says in an error what an entry looks like.
///
/// # Errors
/// The first entry of which `read` makes nothing.
pub fn list<T>(text: &str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, SetupError> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| read(entry).ok_or_else(|| SetupError(format!("{expected}, found \"{entry}\""))))
        .collect()
}

/// Looks a node up that a parameter names, `what` being what such nodes are called: `obu`, `rsu`.
///
/// # Errors
/// If there is none of that name; the error has the nearest that there is.
pub fn named<'a, T>(
    parameter: &str,
    what: &str,
    name: &str,
    known: &'a BTreeMap<String, T>,
) -> Result<&'a T, SetupError> {
    known.get(name).ok_or_else(|| {
        let names = known.keys().map(|known| (strsim::jaro_winkler(name, known), known));
        let nearest = names.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let meant = match nearest {
            Some((alike, nearest)) if alike > ALIKE => format!("; did you mean `{nearest}`?"),
            Some((_, some)) => format!("; there are {} of them, such as `{some}`", known.len()),
            None => "; there is none".to_owned(),
        };
        SetupError(format!("{parameter}: no {what} is called `{name}`{meant}"))
    })
}

/// From where on one name may be meant by another.
const ALIKE: f64 = 0.8;

/// Reads a time such as `1500ms`, `20s` or `2m`.
pub fn moment(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    Some(match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" | "min" => Duration::from_secs(number.saturating_mul(60)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_or_the_nearest_is_named() {
        let known = BTreeMap::from([("car-1".to_owned(), 1), ("car-12".to_owned(), 12)]);
        let named = |name| named("revoke", "obu", name, &known).map_err(|error| error.0);
        assert_eq!(named("car-12"), Ok(&12));
        assert_eq!(
            named("car-2"),
            Err("revoke: no obu is called `car-2`; did you mean `car-12`?".to_owned())
        );
        let far = "revoke: no obu is called `x`; there are 2 of them, such as `car-12`";
        assert_eq!(named("x"), Err(far.to_owned()));
        let nobody = BTreeMap::<_, u8>::new();
        let none = super::named("revoke", "obu", "x", &nobody).map_err(|error| error.0);
        assert_eq!(none, Err("revoke: no obu is called `x`; there is none".to_owned()));
    }

    #[test]
    fn revocations_are_read() {
        let read = revocations(" car-2@20s, b@x@1500ms,c@2m,d@1min ").expect("well formed");
        let expected = [("car-2", 20_000), ("b@x", 1500), ("c", 120_000), ("d", 60_000)];
        let expected = expected.map(|(node, after)| Revocation {
            node: node.to_owned(),
            after: Duration::from_millis(after),
        });
        assert_eq!(read, expected);
        assert_eq!(revocations(""), Ok(vec![]));
        for wrong in [
            "car-2",
            "car-2@",
            "car-2@20",
            "car-2@s",
            "car-2@20h",
            "car-2@-1s",
            "car-2@99999999999999999999s",
        ] {
            assert!(revocations(wrong).is_err(), "{wrong}");
        }
    }
}
