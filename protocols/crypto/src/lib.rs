//! The cryptography that the protocols of roadveil share: groups, hashing, sealing, signatures,
//! checks and the meter that says what all of it costs.
//!
//! The crate is thin: curve arithmetic is [`blst`], sealing is `x25519-dalek`, `hkdf` and `aes-gcm`,
//! hashing is `sha2` and `blake3`. What is added here is what a protocol author would otherwise get
//! wrong: decoding that accepts one encoding of one valid point and nothing else, hashing in which
//! every input is labelled and length-prefixed, keys that seal one message, nonces that are hedged,
//! and secrets that are wiped and cannot be printed.
//!
//! # Notation
//!
//! Groups are written additively (`G1`, `G2`) but for the target group [`Gt`], which is written
//! multiplicatively; the pairing is `e: G1 x G2 -> Gt`, all of prime order `r` (BLS12-381).
//!
//! # Side channels
//!
//! roadveil is an emulator: both ends of every exchange live in one process, so an attacker who
//! could time an operation could as well read its secrets. Walks over precomputed tables, products
//! of many terms and exponentiation in [`Gt`] take a time that depends on the scalar. Each says so
//! under "Leaks". Do not lift them into a vehicle.
//!
//! # Cost
//!
//! Every primitive adds to [`tally`] what it executed. That is a figure of the host. What a node
//! is *charged* in virtual time is stated apart, by [`Check::charge`] and through a [`Meter`], and
//! follows the paper's form of a scheme, not the shortcuts taken here.
//!
//! # `unsafe`
//!
//! Denied, but in the private module `raw`, where each function wraps one call of `blst`.
#![deny(unsafe_code)]

pub mod check;
pub mod ecdsa;
pub mod group;
pub mod hash;
pub mod ops;
mod raw;
pub mod schnorr;
pub mod seal;
pub mod secret;
pub mod tally;
pub mod wire;
pub mod zss;

pub use check::{Check, CheckDigest, Host, Question, SchnorrCheck, Verdict};
pub use ecdsa::{EcdsaCheck, P256Key, P256Signature, P256SigningKey};
pub use group::{
    DecodeError, G1, G1Comb, G1Table, G2, Gt, GtTable, PreparedG2, Scalar, g1_generator_mul, pairing, pairing_product,
    pairing_product_prepared,
};
pub use hash::{ShortScalar, Transcript, hash_to_scalar};
pub use ops::{Charge, Meter, Op};
pub use schnorr::{PreparedKey, PublicKey, Signature, SignatureR, SigningKey};
pub use seal::{AllZero, EphemeralShare, Nonce, OpenError, OpenKey, SealKey, SharedSecret, derive_key};
pub use secret::SecretBytes;
pub use wire::{ByteArray, Digest, G1Bytes, G2Bytes, ScalarBytes, ShortScalarBytes};
