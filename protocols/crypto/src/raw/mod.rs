//! The only place that calls C: each function here wraps one or two calls of `blst`, and is safe
//! for all inputs that its types admit.
//!
//! The argument is the same throughout, so it is made once here and each `SAFETY` comment points
//! at what is particular: `blst` reads its inputs through pointers to plain structures of limbs,
//! which a Rust reference of the same `repr(C)` type provides; it writes one whole value to its
//! output, which a `&mut` to an initialised local provides; it keeps no pointer and no global
//! state. Its arithmetic is total: no field element makes it read or write out of bounds, so
//! whether a point *means* anything is a question of correctness, answered in `group`, not of safety.

pub(crate) mod curve;
pub(crate) mod scalar;
pub(crate) mod steps;
pub(crate) mod target;
