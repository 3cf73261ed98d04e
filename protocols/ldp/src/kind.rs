//! Which mechanisms there are.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::epsilon::Epsilon;
use crate::k_ary::KAry;
use crate::laplace::Laplace;
use crate::mechanism::Mechanism;
use crate::olh::Olh;
use crate::one_bit::OneBit;
use crate::piecewise::{Hybrid, Piecewise};
use crate::reading::{Levels, Rounding};
use crate::subset::Subset;
use crate::unary::Unary;

/// A mechanism, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each has its name, and a module that says what it is")]
pub enum Kind {
    Rr1,
    RrK,
    Grr,
    Sue,
    Oue,
    Olh,
    Subset,
    Laplace,
    Duchi,
    Piecewise,
    Hybrid,
}

/// Why there is no such mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMechanism {
    /// It has no levels to tell apart.
    #[error("levels is {0}: expected 2 or more; with one level all reports are alike")]
    FewLevels(u32),
    /// A report would not fit into a word.
    #[error("levels is {found}: expected at most {most} with this mechanism")]
    ManyLevels {
        /// How many there are.
        found: u32,
        /// How many fit.
        most: u32,
    },
}

impl Kind {
    /// All of them, in the order of tables.
    pub const ALL: [Kind; 11] = [
        Kind::Rr1,
        Kind::RrK,
        Kind::Grr,
        Kind::Sue,
        Kind::Oue,
        Kind::Olh,
        Kind::Subset,
        Kind::Laplace,
        Kind::Duchi,
        Kind::Piecewise,
        Kind::Hybrid,
    ];

    /// The name in scenarios.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Rr1 => "rr-1",
            Kind::RrK => "rr-k",
            Kind::Grr => "grr",
            Kind::Sue => "sue",
            Kind::Oue => "oue",
            Kind::Olh => "olh",
            Kind::Subset => "subset",
            Kind::Laplace => "laplace",
            Kind::Duchi => "duchi",
            Kind::Piecewise => "piecewise",
            Kind::Hybrid => "hybrid",
        }
    }

    /// The mechanism of that name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Does it round readings to levels of the scenario's choice?
    pub fn has_levels(self) -> bool {
        self.most_levels().is_some()
    }

    fn most_levels(self) -> Option<u32> {
        match self {
            Kind::RrK | Kind::Grr | Kind::Olh => Some(4096),
            Kind::Sue | Kind::Oue | Kind::Subset => Some(crate::sets::MOST),
            Kind::Rr1 | Kind::Laplace | Kind::Duchi | Kind::Piecewise | Kind::Hybrid => None,
        }
    }

    /// Makes it, with that many levels if it has any.
    ///
    /// # Errors
    /// If it has too few or too many levels.
    pub fn build(self, epsilon: Epsilon, levels: u32, rounding: Rounding) -> Result<Arc<dyn Mechanism>, NoMechanism> {
        if let Some(most) = self.most_levels() {
            match levels {
                0 | 1 => return Err(NoMechanism::FewLevels(levels)),
                found if found > most => return Err(NoMechanism::ManyLevels { found, most }),
                _ => {}
            }
        }
        let levels = Levels::new(levels, rounding);
        Ok(match self {
            Kind::Rr1 => Arc::new(OneBit::new(epsilon)),
            Kind::RrK => Arc::new(KAry::new(epsilon, levels)),
            Kind::Grr => Arc::new(KAry::grr(epsilon, levels)),
            Kind::Sue => Arc::new(Unary::symmetric(epsilon, levels)),
            Kind::Oue => Arc::new(Unary::optimised(epsilon, levels)),
            Kind::Olh => Arc::new(Olh::new(epsilon, levels)),
            Kind::Subset => Arc::new(Subset::new(epsilon, levels)),
            Kind::Laplace => Arc::new(Laplace::new(epsilon)),
            Kind::Duchi => Arc::new(OneBit::duchi(epsilon)),
            Kind::Piecewise => Arc::new(Piecewise::new(epsilon)),
            Kind::Hybrid => Arc::new(Hybrid::new(epsilon)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Reading;
    use chacha20::ChaCha12Rng;
    use rand_core::SeedableRng;

    #[test]
    fn what_makes_no_mechanism_is_refused() {
        let one = Epsilon::new(1.0).expect("a budget");
        let build = |kind: Kind, levels| {
            kind.build(one, levels, Rounding::Stochastic)
                .map(|_| ())
                .map_err(|no| no.to_string())
        };
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
            assert_eq!(build(kind, 1).is_err(), kind.has_levels(), "{kind:?}");
            assert!(build(kind, 64).is_ok());
        }
        assert_eq!(
            build(Kind::Oue, 65),
            Err("levels is 65: expected at most 64 with this mechanism".to_owned())
        );
        assert!(build(Kind::RrK, 4096).is_ok() && build(Kind::RrK, 4097).is_err());
        assert_eq!(Kind::from_name("RR-1"), None);
    }

    /// What travels is the low bits of a word, and nothing of a report is above them.
    #[test]
    fn reports_fit_into_their_bits() {
        let mut rng = ChaCha12Rng::from_seed([3; 32]);
        for kind in Kind::ALL {
            for epsilon in [0.3, 2.0, 6.0] {
                let epsilon = Epsilon::new(epsilon).expect("a budget");
                let mechanism = kind.build(epsilon, 9, Rounding::Stochastic).expect("a mechanism");
                for step in 0..500 {
                    let reading = Reading::from_share(f64::from(step) / 500.0);
                    for report in [mechanism.report(reading, &mut rng), mechanism.any(&mut rng)] {
                        let above = report.checked_shr(mechanism.bits()).unwrap_or(0);
                        assert!(
                            above == 0,
                            "{kind:?}: {report:x} has more than {} bits",
                            mechanism.bits()
                        );
                    }
                }
            }
        }
    }
}
