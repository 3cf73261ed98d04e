//! Points of G1 and G2, always in the group of prime order.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

use zeroize::{DefaultIsZeroes, Zeroizing};

use super::{DecodeError, Scalar};
use crate::ops::Op;
use crate::raw::curve::{g1, g2};
use crate::tally;
use crate::wire::{G1Bytes, G2Bytes};

/// Below this many terms a multi-scalar multiplication gains nothing over single ones.
const MSM_FROM: usize = 4;

macro_rules! point {
    (
        $(#[doc = $doc:literal])*
        $name:ident, $raw:ident, $point:ident, $affine:ident, $many:ident, $bytes:ident,
        $mul_op:ident, $decode_op:ident
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy)]
        pub struct $name(pub(crate) $raw::$point);

        impl $name {
            /// The generator that the standard fixes.
            #[must_use]
            pub fn generator() -> $name {
                $name($raw::generator())
            }

            /// The neutral element.
            #[must_use]
            pub fn identity() -> $name {
                $name($raw::$point::default())
            }

            /// Whether this is the neutral element.
            #[must_use]
            pub fn is_identity(&self) -> bool {
                $raw::is_identity(&self.0)
            }

            /// Decodes a point: canonical, on the curve, in the group of prime order, not the
            /// identity.
            ///
            /// # Errors
            ///
            /// A [`DecodeError`] that says which of these does not hold.
            ///
            /// # Cost
            ///
            /// A square root and a subgroup check, counted as one decoding.
            ///
            /// # Leaks
            ///
            /// The point, by its time: encodings are public.
            pub fn decode(bytes: &$bytes) -> Result<$name, DecodeError> {
                let _span = tally::add(Op::$decode_op, 1);
                let affine = $raw::uncompress(&bytes.0).ok_or(DecodeError::NotOnCurve)?;
                if $raw::affine_is_identity(&affine) {
                    return Err(DecodeError::Identity);
                }
                if !$raw::in_group(&affine) {
                    return Err(DecodeError::NotInGroup);
                }
                Ok($name($raw::from_affine(&affine)))
            }

            /// The compressed encoding, the only one in use. The identity has one too, which no
            /// decoding accepts.
            #[must_use]
            pub fn encode(&self) -> $bytes {
                $bytes::from($raw::compress(&self.0))
            }

            /// This point times a scalar.
            ///
            /// # Cost
            ///
            /// One multiplication.
            ///
            /// # Leaks
            ///
            /// Nothing: `blst` multiplies in constant time.
            #[must_use]
            pub fn mul(&self, scalar: &Scalar) -> $name {
                let _span = tally::add(Op::$mul_op, 1);
                $name($raw::mul(&self.0, &scalar.to_little_endian()))
            }

            /// Hashes a message to the group, by RFC 9380 with the suite
            /// `XMD:SHA-256_SSWU_RO_` and the caller's domain separation tag.
            ///
            /// # Cost
            ///
            /// One [`Op::HashToCurve`].
            ///
            /// # Leaks
            ///
            /// The message's length.
            #[must_use]
            pub fn hash(msg: &[u8], dst: &[u8]) -> $name {
                let _span = tally::add(Op::HashToCurve, 1);
                $name($raw::hash(msg, dst))
            }

            /// The sum of all points, each times its scalar.
            ///
            /// # Cost
            ///
            /// Counted as one multiplication a term; less time than that from a few terms on.
            ///
            /// # Leaks
            ///
            /// The scalars, by its time and memory access: keep secrets out.
            #[must_use]
            pub fn msm(terms: &[($name, Scalar)]) -> $name {
                let _span = tally::add(Op::$mul_op, terms.len());
                Self::sum_of_products(terms, 255)
            }

            /// [`msm`](Self::msm) of scalars below `2^bits`, uncounted.
            pub(crate) fn sum_of_products(terms: &[($name, Scalar)], bits: usize) -> $name {
                if terms.len() < MSM_FROM {
                    return terms
                        .iter()
                        .map(|(p, s)| $name($raw::mul(&p.0, &s.to_little_endian())))
                        .sum();
                }
                let points: Vec<_> = terms.iter().map(|(p, _)| p.0).collect();
                let width = bits.div_ceil(8);
                let mut scalars = Zeroizing::new(Vec::with_capacity(width * terms.len()));
                for (_, scalar) in terms {
                    scalars.extend_from_slice(&scalar.to_little_endian()[..width]);
                }
                $name(blst::$many::from(&points).mult(&scalars, bits))
            }

            pub(crate) fn to_affine(self) -> $raw::$affine {
                $raw::to_affine(&self.0)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &$name) -> bool {
                self.0 == other.0
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.encode())
            }
        }

        impl Default for $name {
            fn default() -> $name {
                $name::identity()
            }
        }

        // The identity is all zeroes, so wiping a point makes it the identity.
        impl DefaultIsZeroes for $name {}

        impl Neg for $name {
            type Output = $name;
            fn neg(self) -> $name {
                $name($raw::neg(&self.0))
            }
        }

        impl Neg for &$name {
            type Output = $name;
            fn neg(self) -> $name {
                -*self
            }
        }

        impl Add<&$name> for &$name {
            type Output = $name;
            fn add(self, other: &$name) -> $name {
                $name($raw::add(&self.0, &other.0))
            }
        }

        impl Sub<&$name> for &$name {
            type Output = $name;
            fn sub(self, other: &$name) -> $name {
                self + &-other
            }
        }

        by_value!($name, Add, add, $name, AddAssign, add_assign);
        by_value!($name, Sub, sub, $name, SubAssign, sub_assign);

        impl Mul<&Scalar> for &$name {
            type Output = $name;
            fn mul(self, scalar: &Scalar) -> $name {
                $name::mul(self, scalar)
            }
        }

        by_value!($name, Mul, mul, Scalar);

        impl Sum for $name {
            fn sum<I: Iterator<Item = $name>>(terms: I) -> $name {
                terms.fold($name::identity(), Add::add)
            }
        }
    };
}

/// The operator by value and by mixed reference, from the one by reference.
macro_rules! by_value {
    ($name:ident, $trait:ident, $method:ident, $other:ident, $assign:ident, $assign_method:ident) => {
        by_value!($name, $trait, $method, $other);

        impl $assign<$other> for $name {
            fn $assign_method(&mut self, other: $other) {
                *self = $trait::$method(&*self, &other);
            }
        }

        impl $assign<&$other> for $name {
            fn $assign_method(&mut self, other: &$other) {
                *self = $trait::$method(&*self, other);
            }
        }
    };
    ($name:ident, $trait:ident, $method:ident, $other:ident) => {
        impl $trait<$other> for $name {
            type Output = $name;
            fn $method(self, other: $other) -> $name {
                $trait::$method(&self, &other)
            }
        }

        impl $trait<&$other> for $name {
            type Output = $name;
            fn $method(self, other: &$other) -> $name {
                $trait::$method(&self, other)
            }
        }

        impl $trait<$other> for &$name {
            type Output = $name;
            fn $method(self, other: $other) -> $name {
                $trait::$method(self, &other)
            }
        }
    };
}

point! {
    /// A point of G1, of 48 bytes when encoded: keys, commitments and signatures.
    ///
    /// # Leaks
    ///
    /// Sums and comparisons take a time that depends on whether points are equal or the identity.
    G1, g1, blst_p1, blst_p1_affine, p1_affines, G1Bytes, G1Mul, DecodeG1
}

point! {
    /// A point of G2, of 96 bytes when encoded.
    ///
    /// # Leaks
    ///
    /// Sums and comparisons take a time that depends on whether points are equal or the identity.
    G2, g2, blst_p2, blst_p2_affine, p2_affines, G2Bytes, G2Mul, DecodeG2
}
