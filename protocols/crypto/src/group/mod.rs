//! The groups of BLS12-381, their pairing, and the tables that make fixed operands cheap.

mod comb;
mod digits;
mod gt;
mod gt_table;
mod pairing;
mod point;
mod scalar;
mod table;

pub use comb::G1Comb;
pub use gt::Gt;
pub use gt_table::GtTable;
pub use pairing::{PreparedG2, pairing, pairing_product, pairing_product_prepared};
pub use point::{G1, G2};
pub use scalar::Scalar;
pub(crate) use table::generator_table;
pub use table::{G1Table, g1_generator_mul};

/// Why bytes are no scalar or no point.
///
/// These are the ways in which a message can be malformed; a role turns them into a rejection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// The number is not below the group's order.
    #[error("decode a scalar: the number is not below the order of the group")]
    ScalarNotCanonical,
    /// The flags, the field element or the infinity encoding are not the canonical ones, or no
    /// point of the curve has this coordinate.
    #[error("decode a point: not the canonical encoding of a point of the curve")]
    NotOnCurve,
    /// The point is on the curve, but not in the group of prime order.
    #[error("decode a point: outside the group of prime order")]
    NotInGroup,
    /// The identity, which no protocol here has a use for: as a key or a commitment it makes
    /// equations hold for everybody.
    #[error("decode a point: the identity is not accepted")]
    Identity,
}
