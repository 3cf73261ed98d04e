//! What it costs to find who signed a disputed message, by the number of vehicles that could have.

use std::sync::Arc;

use roadveil_crypto::{Charge, Scalar, tally};
use roadveil_gsb::messages::Msg;
use roadveil_gsb::setup::Issued;
use roadveil_gsb::signature::{Claim, Scope, VERIFY};
use roadveil_role::{SetupError, Time, Value, decode};

use super::hearing::{cast, hear};
use super::probe::{Probe, setup};
use super::{Scheme, stated};

/// Nobody is looked for longer, virtual time.
const LIMIT: Time = Time::from_secs(60);

/// One search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tracking {
    /// Whose.
    pub scheme: Scheme,
    /// How many vehicles there are.
    pub vehicles: u64,
    /// What it costs the authority.
    pub authority: Charge,
    /// What it costs the RSU that issued the key, the judging of the report included.
    pub rsu: Charge,
    /// Comparisons in sorted tables, computed: `ceil(log2(n + 1))` for one of `n` entries.
    pub comparisons: u32,
}

/// Measures one search among so many vehicles, at least two.
///
/// # Errors
/// If the network cannot be set up, or finds nobody.
pub fn track(scheme: Scheme, vehicles: u64) -> Result<Tracking, SetupError> {
    let (authority, rsu, comparisons) = match scheme {
        Scheme::Ecpp => ecpp(vehicles)?,
        Scheme::Gsb => (gsb(vehicles)?, Charge::NONE, 0),
        // The authority verifies message and certificate, and looks the certificate up.
        Scheme::Hab => (
            hear(Scheme::Hab, 0)?.first,
            Charge::NONE,
            steps(vehicles * stated::POOL),
        ),
    };
    Ok(Tracking {
        scheme,
        vehicles,
        authority,
        rsu,
        comparisons,
    })
}

/// Comparisons of a binary search.
fn steps(entries: u64) -> u32 {
    u64::BITS - entries.leading_zeros()
}

/// One of two vehicles lies, the other reports it, authority and RSU find it. The rest are registered, far away.
fn ecpp(vehicles: u64) -> Result<(Charge, Charge, u32), SetupError> {
    let protocol = Scheme::Ecpp.protocol();
    let settings = [
        ("issue", Value::from("paper")),
        ("reporting", "on".into()),
        ("misbehave", "a@10s:speed".into()),
    ];
    let setup = setup(protocol, cast(vehicles.saturating_sub(2)), &settings)?;
    let mut probe = Probe::new(protocol, &setup)?;
    let (mut authority, mut rsu) = (Charge::NONE, Charge::NONE);
    while probe.count("ta", "traced") == 0 {
        let steps = probe.step(&["ta", "rsu"], LIMIT);
        for one in steps.ok_or_else(|| SetupError("ECPP: nobody was found within a minute".to_owned()))? {
            match (one.node.as_str(), one.message) {
                ("ta", Some("Report" | "Record")) => authority += one.charge,
                ("rsu", Some("Report" | "Trace")) => rsu += one.charge,
                _ => {}
            }
        }
    }
    let records = roadveil_ecpp::rsu::records::CAPACITY as u64;
    Ok((authority, rsu, steps(1) + steps(records) + steps(vehicles)))
}

/// The manager verifies a message that a vehicle heard, and tries the members one after the other; the signer comes last.
/// What that takes is no charge of a role: it is what was executed.
fn gsb(vehicles: u64) -> Result<Charge, SetupError> {
    let protocol = Scheme::Gsb.protocol();
    let setup = setup(protocol, cast(0), &[])?;
    let issued = Issued::new(&setup)?;
    let mut probe = Probe::new(protocol, &setup)?;
    let lacking = || SetupError("GSB: no message of a member was heard".to_owned());
    let frame = loop {
        let steps = probe.step(&["b"], LIMIT).ok_or_else(lacking)?;
        if let Some(one) = steps.into_iter().find(|one| one.is("b", "Safety")) {
            break one.frame;
        }
    };
    let Ok(Msg::Safety(safety)) = decode(&frame) else {
        return Err(lacking());
    };
    let (manager, signer) = (issued.manager(), issued.member_key("a").ok_or_else(lacking)?.token());
    let scope = Scope::Message(safety.nonce.ok_or_else(lacking)?);
    let claim = Claim::new(manager.group().clone(), scope, safety.body.bytes(), safety.proof);
    let claim = Arc::new(claim.map_err(|_| lacking())?);
    let others = (1..vehicles).filter_map(|x| Some(manager.member(Scalar::from_u64(x))?.token()));
    let tokens: Vec<_> = others.chain([signer]).collect();
    tally::take();
    let found = manager.open(&claim, &tokens);
    let mut charge = tally::take();
    if found != Some(tokens.len() - 1) {
        return Err(SetupError("GSB: the manager found somebody else".to_owned()));
    }
    charge += VERIFY;
    Ok(charge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::Op;

    #[test]
    fn ecpp_finds_at_a_cost_that_does_not_grow() {
        let (few, many) = (
            track(Scheme::Ecpp, 2).expect("found"),
            track(Scheme::Ecpp, 40).expect("found"),
        );
        assert_eq!((few.authority, few.rsu), (many.authority, many.rsu));
        assert!(few.comparisons < many.comparisons);
        // One message, its certificate, `sigma_1`: 3 + 1 pairings; the RSU judges the report as well.
        assert_eq!((few.authority.get(Op::Pairing), few.rsu.get(Op::Pairing)), (4, 3));
    }

    /// The manager's work is one pairing for each member, and those of proof and tag.
    #[test]
    fn gsb_tries_every_member() {
        let pairings = |vehicles| {
            let charge = track(Scheme::Gsb, vehicles).expect("found").authority;
            charge.get(Op::Pairing) + charge.get(Op::MillerLoop)
        };
        assert_eq!(pairings(30) - pairings(10), 20);
    }

    #[test]
    fn hab_looks_up() {
        let (few, many) = (
            track(Scheme::Hab, 10).expect("found"),
            track(Scheme::Hab, 1000).expect("found"),
        );
        assert_eq!((few.authority, few.authority.get(Op::EcdsaVerify)), (many.authority, 2));
        assert_eq!((few.comparisons, many.comparisons), (17, 24));
    }

    #[test]
    fn a_binary_search_takes_the_logarithm() {
        assert_eq!([1, 2, 3, 4, 7, 8, 8192].map(steps), [1, 2, 2, 3, 3, 4, 14]);
    }
}
