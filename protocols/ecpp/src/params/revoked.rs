//! Whom a scenario has revoked, and when: `revoke`.

use core::time::Duration;

use roadveil_role::SetupError;

use super::moment::moment;

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
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let wrong = || {
                SetupError(format!(
                    "revoke: expected NODE@TIME such as \"car-2@20s\", found \"{part}\""
                ))
            };
            let (node, time) = part.rsplit_once('@').ok_or_else(wrong)?;
            let after = moment(time).ok_or_else(wrong)?;
            Ok(Revocation {
                node: node.trim().to_owned(),
                after,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revocations_are_read() {
        let read = revocations(" car-2@20s, b@x@1500ms,c@2m ").expect("well formed");
        let expected = [("car-2", 20_000), ("b@x", 1500), ("c", 120_000)];
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
