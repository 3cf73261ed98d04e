//! What issuing a short-time key of ECPP costs an RSU, `T_k`, and a vehicle.

use std::time::Duration;

use roadveil_crypto::Charge;
use roadveil_role::{SetupError, Time};

use super::Scheme;
use super::probe::{Cast, Probe, setup};

/// No key takes longer, virtual time.
const LIMIT: Time = Time::from_secs(30);

/// One key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Issue {
    /// The parameter `issue`.
    pub mode: &'static str,
    /// What it costs the RSU: the handling of `req1` and `req2`.
    pub rsu: Charge,
    /// What it costs the vehicle, beacons aside.
    pub obu: Charge,
}

/// Measures one key, from a perfect network with one vehicle.
///
/// # Errors
/// If the network cannot be set up, or issues no key.
pub fn issue(mode: &'static str) -> Result<Issue, SetupError> {
    let protocol = Scheme::Ecpp.protocol();
    let cast = [("ta", "ta", Some(1)), ("rsu", "rsu", Some(10)), ("car", "obu", None)];
    let cast = cast.into_iter().enumerate().map(|(index, (name, role, host))| Cast {
        name,
        role,
        host,
        place: (index as f64 * 10.0, 0.0),
    });
    let settings = [
        ("issue", mode.into()),
        // Nothing is said before the key is there, and nothing soon after.
        ("beacon_period", roadveil_role::Value::Span(Duration::from_secs(60))),
    ];
    let setup = setup(protocol, cast.map(|cast| cast.spec()).collect(), &settings)?;
    let mut probe = Probe::new(protocol, &setup)?;
    let (mut rsu, mut obu) = (Charge::NONE, Charge::NONE);
    while probe.count("car", "key_obtained") == 0 {
        let steps = probe.step(&["rsu", "car"], LIMIT);
        for one in steps.ok_or_else(|| SetupError("no key within half a minute".to_owned()))? {
            match (one.node.as_str(), one.message) {
                ("rsu", Some("Req1" | "Req2")) => rsu += one.charge,
                ("car", None | Some("Res1" | "Res2")) => obu += one.charge,
                _ => {}
            }
        }
    }
    Ok(Issue { mode, rsu, obu })
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::Op;

    /// The counts of our reconstruction: 9 multiplications and 4 pairings for the RSU, 13 and 3 for the vehicle.
    #[test]
    fn a_key_costs_what_the_reconstruction_says() {
        let counts = |charge: Charge| {
            let muls = charge.get(Op::G1Mul) + charge.get(Op::G2Mul);
            (
                muls,
                charge.get(Op::Pairing),
                charge.get(Op::GtExp),
                charge.get(Op::X25519),
            )
        };
        let paper = issue("paper").expect("measured");
        assert_eq!((counts(paper.rsu), counts(paper.obu)), ((9, 4, 1, 0), (13, 3, 2, 0)));
        // Hardened: two X25519 a side; the RSU checks a proof of possession, which the vehicle makes.
        let hardened = issue("hardened").expect("measured");
        assert_eq!(
            (counts(hardened.rsu), counts(hardened.obu)),
            ((11, 4, 1, 2), (14, 3, 2, 2))
        );
    }
}
