//! Device profiles: how long each operation takes a processor, and where that is known from.

use std::collections::BTreeMap;
use std::time::Duration;

use roadveil_crypto::{Charge, Op};

use super::document::{Item, Section};
use super::error::{Error, one_of};

/// Operations that are timed.
const OPS: usize = Op::ALL.len();

/// Slowest that an operation may be, microseconds: a minute.
const MAX_MICROS: f64 = 60e6;

/// Figures of one processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name in scenarios.
    pub name: String,
    /// Where the figures come from.
    pub source: String,
    /// Is any figure derived by a ratio, rather than published or measured?
    pub derived: bool,
    nanos: [u64; OPS],
}

impl Profile {
    /// How long a charge takes: the sum of its operations, one after another.
    pub fn time(&self, charge: &Charge) -> Duration {
        let sum = charge.iter().fold(0_u64, |sum, (op, count)| {
            sum.saturating_add(self.nanos(op).saturating_mul(u64::from(count)))
        });
        Duration::from_nanos(sum)
    }

    /// How long one operation takes, nanoseconds.
    pub fn nanos(&self, op: Op) -> u64 {
        self.nanos[op as usize]
    }
}

/// What one core of the reference host takes, microseconds: BLST 0.3.17 on an AMD EPYC at about 3 GHz, minimum of three
/// rounds; `gt_mul`, `hash_to_scalar`, `hkdf` and `scalar_inv` are estimated from their parts.
/// `g1_msm_term` is 0.44 of `g1_mul`: the thirty-second part of a sum of 32 products, measured beside one product on
/// another host. `ecdsa_sign` and `ecdsa_verify` are those of p256 0.14, in Rust alone: others are five times as fast.
fn host_micros(op: Op) -> f64 {
    match op {
        Op::G1Mul => 81.0,
        Op::G2Mul => 178.0,
        Op::GtExp => 431.0,
        Op::GtMul => 2.3,
        Op::Pairing => 677.0,
        Op::MillerLoop => 282.0,
        Op::FinalExp => 395.0,
        Op::HashToCurve => 62.0,
        Op::HashToScalar => 0.5,
        Op::DecodeG1 => 68.0,
        Op::DecodeG2 => 86.0,
        Op::X25519 => 56.0,
        Op::AesGcmBlock => 0.015,
        Op::Hkdf => 0.4,
        Op::Sha256Block => 0.044,
        Op::ScalarInv => 2.0,
        Op::EcdsaSign => 93.0,
        Op::EcdsaVerify => 347.0,
        Op::G1MsmTerm => 36.0,
    }
}

/// A shipped profile.
fn shipped_profile(name: &str, source: &str, micros: impl Fn(Op) -> f64) -> Profile {
    Profile {
        name: name.to_owned(),
        source: source.to_owned(),
        derived: true,
        nanos: Op::ALL.map(|op| nanos(micros(op))),
    }
}

/// Whole nanoseconds in microseconds.
fn nanos(micros: f64) -> u64 {
    libm::round(micros * 1_000.0) as u64
}

/// The profiles that every scenario knows, by name.
pub fn shipped() -> Vec<Profile> {
    vec![
        shipped_profile(
            "mnt-2008",
            "g1_mul 0.6 ms and pairing 4.5 ms as quoted for ECPP (MNT curve, k = 6, Pentium IV 3 GHz, MIRACL): literature, \
             unconfirmed. All others derived: the reference host's ratio to pairing for miller_loop, final_exp, gt_exp and \
             gt_mul (factor 6.65), to g1_mul for the rest (factor 7.41)",
            |op| match op {
                Op::G1Mul => 600.0,
                Op::Pairing => 4_500.0,
                Op::MillerLoop | Op::FinalExp | Op::GtExp | Op::GtMul => host_micros(op) * 4_500.0 / 677.0,
                other => host_micros(other) * 600.0 / 81.0,
            },
        ),
        shipped_profile(
            "obu-2026",
            "derived: 8 times the reference host (BLST 0.3.17, one AMD EPYC core), an assumed factor for an automotive processor",
            |op| host_micros(op) * 8.0,
        ),
        shipped_profile(
            "rsu-2026",
            "derived: 4 times the reference host (BLST 0.3.17, one AMD EPYC core), an assumed factor for a road-side processor",
            |op| host_micros(op) * 4.0,
        ),
        shipped_profile(
            "server",
            "derived: the reference host itself (BLST 0.3.17, one AMD EPYC core), factor 1",
            host_micros,
        ),
    ]
}

/// The profiles of a scenario.
#[derive(Debug)]
pub(super) struct Profiles(BTreeMap<String, Profile>);

impl Profiles {
    /// The shipped ones and those under `[profile.NAME]`.
    pub(super) fn read(item: Option<Item<'_>>) -> Result<Profiles, Error> {
        let mut profiles: BTreeMap<String, Profile> = shipped()
            .into_iter()
            .map(|profile| (profile.name.clone(), profile))
            .collect();
        let base = profiles.clone();
        if let Some(item) = item {
            for (name, _, item) in item.section("[profile]")?.entries() {
                let profile = read_profile(name, &item, &base)?;
                profiles.insert(name.to_owned(), profile);
            }
        }
        Ok(Profiles(profiles))
    }

    /// The profile that a node names.
    pub(super) fn named(&self, item: &Item<'_>) -> Result<Profile, Error> {
        let name = item.text("the name of a profile")?;
        let found = self.0.get(name).cloned();
        found.ok_or_else(|| item.unknown("profile", name, self.0.keys().map(String::as_str)))
    }

    /// A shipped profile, unless the scenario has its own of that name.
    pub(super) fn default(&self, name: &str) -> Profile {
        self.0
            .get(name)
            .cloned()
            .unwrap_or_else(|| shipped_profile(name, "", host_micros))
    }
}

/// A profile of the scenario's own: like a shipped one, scaled, with figures of its own.
fn read_profile(name: &str, item: &Item<'_>, base: &BTreeMap<String, Profile>) -> Result<Profile, Error> {
    let section: Section<'_> = item.section(format!("[profile.{name}]"))?;
    // A profile with a figure for every operation is like none.
    let complete = Op::ALL.iter().all(|op| section.get(op.name()).is_some());
    let like = match section.get("like") {
        Some(item) => {
            let like = item.text("the name of a shipped profile")?;
            Some(
                base.get(like)
                    .ok_or_else(|| item.unknown("profile", like, base.keys().map(String::as_str)))?,
            )
        }
        None if complete => None,
        None => {
            let expected = format!(
                "`like`, {}, or a figure for every operation",
                one_of(base.keys().map(String::as_str))
            );
            return Err(section
                .error(format!("[profile.{name}] is like no other profile"))
                .expected(expected));
        }
    };
    let scale = section.get("scale").map_or(Ok(1.0), |item| item.number(1e-6, 1e6))?;
    let source = section
        .get("source")
        .map(|item| item.text("where the figures come from, in words"))
        .transpose()?;
    let mut profile = Profile {
        name: name.to_owned(),
        source: source.map_or_else(
            || {
                like.map_or_else(
                    || "the scenario".to_owned(),
                    |like| format!("the scenario, like {}", like.name),
                )
            },
            str::to_owned,
        ),
        derived: like.is_some_and(|like| like.derived) && !complete,
        nanos: like.map_or([0; OPS], |like| {
            like.nanos.map(|nanos| libm::round(nanos as f64 * scale) as u64)
        }),
    };
    for op in Op::ALL {
        if let Some(item) = section.get(op.name()) {
            profile.nanos[op as usize] = nanos(item.number(0.0, MAX_MICROS)?);
        }
    }
    section.finish()?;
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_figures_stand_as_published() {
        let profiles = shipped();
        let mnt = profiles
            .iter()
            .find(|profile| profile.name == "mnt-2008")
            .expect("it ships");
        assert_eq!((mnt.nanos(Op::G1Mul), mnt.nanos(Op::Pairing)), (600_000, 4_500_000));
        assert_eq!(mnt.nanos(Op::MillerLoop) + mnt.nanos(Op::FinalExp), 4_500_000);
        for profile in &profiles {
            assert!(
                profile.derived && profile.source.contains("derived"),
                "{}",
                profile.name
            );
            assert!(Op::ALL.into_iter().all(|op| profile.nanos(op) > 0), "{}", profile.name);
        }
    }

    #[test]
    fn charges_add_up_and_saturate() {
        let profiles = shipped();
        let server = profiles
            .iter()
            .find(|profile| profile.name == "server")
            .expect("it ships");
        assert_eq!(server.time(&Charge::NONE), Duration::ZERO);
        assert_eq!(server.time(&Charge::of(Op::G1Mul, 3)), Duration::from_micros(243));
        assert!(server.time(&Charge::of(Op::Pairing, u32::MAX)) > Duration::from_secs(1_000_000));
    }
}
