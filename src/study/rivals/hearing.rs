//! What hearing a safety message costs, and what a vehicle stores, by the number of the revoked.

use std::time::Duration;

use roadveil_crypto::{Charge, G1Bytes, ScalarBytes};
use roadveil_ecpp::messages::{Credential, Msg};
use roadveil_role::{NodeSpec, SetupError, Time, Value, decode};

use super::probe::{Cast, Handled, Probe, setup};
use super::{Scheme, stated};

/// No network takes longer than this to come to two messages, virtual time.
const LIMIT: Time = Time::from_secs(60);

/// Bytes of a scalar and of a point as they are stored.
const SCALAR: u64 = size_of::<ScalarBytes>() as u64;
const POINT: u64 = size_of::<G1Bytes>() as u64;

/// One scheme with so many revoked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hearing {
    /// Whose.
    pub scheme: Scheme,
    /// How many vehicles are revoked.
    pub revoked: u64,
    /// What the first message of a sender costs a receiver, its certificate included.
    pub first: Charge,
    /// What the next one costs.
    pub again: Charge,
    /// What a vehicle stores: keys with their certificates, and entries of a revocation list.
    pub units: u64,
    /// The same in bytes, keys and entries alone.
    pub bytes: u64,
}

/// Measures one scheme with so many revoked, on a network of two vehicles that hear each other.
///
/// # Errors
/// If the network cannot be set up, or comes to no messages.
pub fn hear(scheme: Scheme, revoked: u64) -> Result<Hearing, SetupError> {
    let listed = if scheme == Scheme::Ecpp { revoked } else { 0 };
    let setup = setup(scheme.protocol(), cast(listed), &settings(scheme, revoked))?;
    let mut probe = Probe::new(scheme.protocol(), &setup)?;
    let mut heard: Vec<Handled> = Vec::new();
    let (units, bytes) = loop {
        let steps = probe.step(&["b"], LIMIT);
        let steps = steps.ok_or_else(|| SetupError(format!("{}: no messages within a minute", scheme.name())))?;
        heard.extend(steps.into_iter().filter(|one| one.is("b", "Safety")));
        let ready =
            heard.len() >= 2 && probe.count("b", "counts") > 0 && probe.count("ta", "obu_revoked") as u64 == listed;
        if ready && let Some(stored) = stored(scheme, &probe, &heard) {
            break stored;
        }
    };
    Ok(Hearing {
        scheme,
        revoked,
        first: heard[0].charge,
        again: heard[1].charge,
        units,
        bytes,
    })
}

/// An authority, an RSU, two vehicles beside it, and so many far away from all.
pub(super) fn cast(far: u64) -> Vec<NodeSpec> {
    let near = [
        ("ta", "ta", Some(1)),
        ("rsu", "rsu", Some(10)),
        ("a", "obu", None),
        ("b", "obu", None),
    ];
    let near = near.into_iter().enumerate().map(|(index, (name, role, host))| Cast {
        name,
        role,
        host,
        place: (index as f64 * 10.0, 0.0),
    });
    let mut nodes: Vec<NodeSpec> = near.map(|cast| cast.spec()).collect();
    nodes.extend((0..far).map(|index| {
        let cast = Cast {
            name: &format!("x-{index}"),
            role: "obu",
            host: None,
            place: (1e6, 0.0),
        };
        cast.spec()
    }));
    nodes
}

/// ECPP in the paper's mode, and its revoked are vehicles of the run; the rivals' vehicles bring a list.
fn settings(scheme: Scheme, revoked: u64) -> Vec<(&'static str, Value)> {
    let slow = ("beacon_period", Value::Span(Duration::from_secs(1)));
    match scheme {
        Scheme::Ecpp => {
            let names: Vec<String> = (0..revoked).map(|index| format!("x-{index}@0s")).collect();
            vec![slow, ("issue", "paper".into()), ("revoke", names.join(", ").into())]
        }
        Scheme::Gsb => vec![slow, ("brought", revoked.into())],
        Scheme::Hab => vec![slow, ("brought", revoked.into()), ("pool", stated::POOL.into())],
    }
}

/// Units and bytes of what vehicles hold; none as long as they have not said. The rivals' protocols have it among their
/// figures. An ECPP vehicle holds `(RID, S)`, each short-time key that it obtained, and nothing of the revocation list, which
/// goes over the wires alone.
fn stored(scheme: Scheme, probe: &Probe, heard: &[Handled]) -> Option<(u64, u64)> {
    if scheme != Scheme::Ecpp {
        let units = probe.figure("storage_units").filter(|units| *units > 0)?;
        return Some((units, probe.figure("storage_bytes")?));
    }
    let keys = probe.count("b", "key_obtained") as u64;
    if keys == 0 {
        return None;
    }
    let certificate = heard.iter().find_map(|one| match decode(&one.frame) {
        Ok(Msg::Safety(safety)) => match safety.credential {
            Credential::Certificate(certificate) => postcard::to_allocvec(&certificate).ok(),
            Credential::Digest(_) => None,
        },
        _ => None,
    })?;
    let key = SCALAR + certificate.len() as u64;
    Some((1 + keys, SCALAR + POINT + keys * key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::Op;

    fn counts(charge: &Charge) -> (u32, u32, u32) {
        (
            charge.get(Op::G1Mul) + charge.get(Op::G2Mul),
            charge.get(Op::Pairing),
            charge.get(Op::EcdsaVerify),
        )
    }

    /// The counts that literature quotes: 11 multiplications and 3 pairings whatever `n`, 6 and `4 + n`.
    #[test]
    fn counts_are_those_that_are_quoted() {
        for n in [0, 1, 7] {
            let of = |scheme| hear(scheme, n).expect("measured");
            let (ecpp, gsb, hab) = (of(Scheme::Ecpp), of(Scheme::Gsb), of(Scheme::Hab));
            assert_eq!(
                (counts(&ecpp.first), counts(&ecpp.again)),
                ((11, 3, 0), (2, 0, 0)),
                "{n}"
            );
            let linear = (6, 4 + n as u32, 0);
            assert_eq!((counts(&gsb.first), counts(&gsb.again)), (linear, linear), "{n}");
            assert_eq!((counts(&hab.first), counts(&hab.again)), ((0, 0, 2), (0, 0, 1)), "{n}");
        }
    }

    #[test]
    fn vehicles_store_what_is_published() {
        for n in [0, 1, 7] {
            for scheme in Scheme::ALL {
                let hearing = hear(scheme, n).expect("measured");
                assert_eq!(hearing.units, stated::storage_units(scheme, n), "{scheme:?} with {n}");
            }
        }
        let bytes = |scheme, n| hear(scheme, n).expect("measured").bytes;
        assert_eq!(bytes(Scheme::Ecpp, 7), bytes(Scheme::Ecpp, 0));
        assert_eq!(bytes(Scheme::Gsb, 7), 80 + 7 * 48);
        assert_eq!(bytes(Scheme::Hab, 7), 10_000 * 129 + 70_000 * 8);
    }
}
