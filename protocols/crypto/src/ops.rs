//! Operations by the names that the field uses, and counts of them.

use std::fmt;
use std::ops::AddAssign;

macro_rules! operations {
    ($($(#[doc = $doc:literal])* $variant:ident => $name:literal,)*) => {
        /// One cryptographic operation, as papers count them and device profiles time them.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Op {
            $($(#[doc = $doc])* $variant,)*
        }

        /// How many operations there are.
        const COUNT: usize = [$(Op::$variant),*].len();

        impl Op {
            /// Every operation, in the order in which [`Charge::iter`] yields them.
            pub const ALL: [Op; COUNT] = [$(Op::$variant),*];

            /// The name in profiles, reports and logs, such as `g1_mul`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Op::$variant => $name,)*
                }
            }
        }
    };
}

operations! {
    /// A point of G1 times a scalar.
    G1Mul => "g1_mul",
    /// A point of G2 times a scalar.
    G2Mul => "g2_mul",
    /// An element of the target group raised to a scalar.
    GtExp => "gt_exp",
    /// A product of two elements of the target group.
    GtMul => "gt_mul",
    /// One whole pairing, as papers count it: a Miller loop and a final exponentiation.
    Pairing => "pairing",
    /// A Miller loop without its final exponentiation: a term of a pairing product.
    MillerLoop => "miller_loop",
    /// A final exponentiation: one for each pairing product.
    FinalExp => "final_exp",
    /// Hashing a byte string to a point.
    HashToCurve => "hash_to_curve",
    /// Hashing byte strings to a scalar.
    HashToScalar => "hash_to_scalar",
    /// Decoding and validating a point of G1.
    DecodeG1 => "decode_g1",
    /// Decoding and validating a point of G2.
    DecodeG2 => "decode_g2",
    /// An X25519 function: a public share, or an agreement.
    X25519 => "x25519",
    /// A block of 16 bytes through AES-256-GCM, encrypted or authenticated.
    AesGcmBlock => "aes_gcm_block",
    /// A key derived by HKDF-SHA-256.
    Hkdf => "hkdf",
    /// A block of 64 bytes through SHA-256.
    Sha256Block => "sha256_block",
    /// The inverse of a scalar.
    ScalarInv => "scalar_inv",
    /// An ECDSA signature over P-256.
    EcdsaSign => "ecdsa_sign",
    /// The verification of one, with the decoding of the key.
    EcdsaVerify => "ecdsa_verify",
    /// A point of G1 times a scalar within a sum of some thirty such products, which share their doublings.
    G1MsmTerm => "g1_msm_term",
}

impl Op {
    /// The operation of this name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.into_iter().find(|op| op.name() == name)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How many of each operation: what a check costs, a callback was charged, or a thread executed.
///
/// Counts stop at `u32::MAX` rather than wrap, so a hostile input cannot make an expensive
/// callback look cheap.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Charge {
    counts: [u32; COUNT],
    /// One bit for each operation that occurs: most callbacks charge nothing, or one.
    occurs: u32,
}

const _: () = assert!(COUNT <= u32::BITS as usize, "an operation has no bit");

impl Charge {
    /// Nothing at all.
    pub const NONE: Charge = Charge {
        counts: [0; COUNT],
        occurs: 0,
    };

    /// `n` of one operation.
    #[must_use]
    pub const fn of(op: Op, n: u32) -> Charge {
        Charge::NONE.and(op, n)
    }

    /// This charge and `n` of one operation more.
    #[must_use]
    pub const fn and(mut self, op: Op, n: u32) -> Charge {
        let slot = op as usize;
        self.counts[slot] = self.counts[slot].saturating_add(n);
        self.occurs |= ((n > 0) as u32) << slot;
        self
    }

    /// Adds `n` of one operation.
    pub fn add(&mut self, op: Op, n: u32) {
        *self = self.and(op, n);
    }

    /// How many of one operation.
    #[must_use]
    pub const fn get(&self, op: Op) -> u32 {
        self.counts[op as usize]
    }

    /// The operations that occur, with their counts, in the order of [`Op::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Op, u32)> {
        let mut left = self.occurs;
        std::iter::from_fn(move || {
            let slot = left.trailing_zeros() as usize;
            let op = *Op::ALL.get(slot)?;
            left &= left - 1;
            Some((op, self.counts[slot]))
        })
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.occurs == 0
    }
}

impl AddAssign for Charge {
    fn add_assign(&mut self, other: Charge) {
        for (op, n) in other.iter() {
            self.add(op, n);
        }
    }
}

/// What a role charges to its node during one callback.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Meter(Charge);

impl Meter {
    /// A meter at zero.
    #[must_use]
    pub fn new() -> Meter {
        Meter::default()
    }

    /// Charges `n` of one operation.
    pub fn add(&mut self, op: Op, n: u32) {
        self.0.add(op, n);
    }

    /// Charges all of `charge`.
    pub fn charge(&mut self, charge: Charge) {
        self.0 += charge;
    }

    /// What was charged since the last take; the meter is back at zero.
    pub fn take(&mut self) -> Charge {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for op in Op::ALL {
            assert_eq!(Op::from_name(op.name()), Some(op));
            assert_eq!(Op::ALL[op as usize], op);
        }
        assert_eq!(Op::from_name("g1mul"), None);
        assert_eq!(Op::from_name(""), None);
    }

    #[test]
    fn charges_add_up() {
        const CHARGE: Charge = Charge::of(Op::G1Mul, 2).and(Op::Pairing, 3);
        let mut sum = CHARGE;
        sum += CHARGE;
        sum.add(Op::G1Mul, 1);
        assert_eq!(sum.get(Op::G1Mul), 5);
        assert_eq!(sum.iter().collect::<Vec<_>>(), [(Op::G1Mul, 5), (Op::Pairing, 6)]);
        assert!(!sum.is_empty() && Charge::NONE.is_empty());
        assert_eq!(Charge::of(Op::G1MsmTerm, 0), Charge::NONE);
        for op in Op::ALL {
            assert_eq!(Charge::of(op, 2).iter().collect::<Vec<_>>(), [(op, 2)]);
        }
    }

    #[test]
    fn counts_saturate() {
        let mut sum = Charge::of(Op::X25519, u32::MAX);
        sum.add(Op::X25519, 1);
        sum += Charge::of(Op::X25519, 7);
        assert_eq!(sum.get(Op::X25519), u32::MAX);
    }

    #[test]
    fn a_meter_is_emptied_by_taking() {
        let mut meter = Meter::new();
        meter.add(Op::Hkdf, 2);
        meter.charge(Charge::of(Op::Hkdf, 1).and(Op::X25519, 1));
        assert_eq!(meter.take(), Charge::of(Op::Hkdf, 3).and(Op::X25519, 1));
        assert!(meter.take().is_empty());
    }
}
