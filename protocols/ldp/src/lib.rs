//! Local differential privacy for readings of meters: mechanisms with exact chances, estimates with their errors.
//!
//! A meter reports something that depends on its reading by chance, so that nobody who sees the report learns much of the
//! reading; who counts many reports can still tell the mean of many readings. All chances are whole numbers of `2^-64` (or
//! weights that are drawn without rounding), chosen so that no ratio of likelihoods exceeds `e^epsilon`: that is compared in whole
//! numbers with a bound below `e^epsilon`, and no floating-point number decides what is drawn.
//!
//! | module | |
//! |---|---|
//! | [`epsilon`], [`draw`], [`reading`] | budgets, exact draws, readings in whole steps |
//! | [`mechanism`] | what all mechanisms have in common; tallies and estimates |
//! | [`one_bit`], [`k_ary`], [`unary`], [`olh`], [`subset`], [`laplace`], [`piecewise`] | mechanisms |
//! | [`kind`] | which there are, by name |
//! | [`plan`], [`stream`] | a mean in each slot, with a budget for any window of slots: who is asked, and meters in memory |
//! | [`account`] | what a meter has spent |
//! | [`memo`], [`alpha`], [`dbit`], [`loloha`] | answers that are remembered |
//! | [`alone`] | one report of those by itself, as a mechanism |
//! | [`infer`] | what who sees the reports may infer of one meter |
//! | [`attack`], [`defence`] | false reports, what they gain, and what helps |

pub mod account;
pub mod alone;
pub mod alpha;
pub mod attack;
pub mod dbit;
pub mod defence;
pub mod draw;
pub mod epsilon;
pub mod infer;
pub mod k_ary;
pub mod kind;
pub mod laplace;
pub mod loloha;
pub mod mechanism;
pub mod memo;
mod noise;
pub mod olh;
pub mod one_bit;
pub mod piecewise;
pub mod plan;
pub mod reading;
mod recall;
mod response;
mod sets;
pub mod stream;
pub mod subset;
pub mod unary;

pub use epsilon::Epsilon;
pub use kind::Kind;
pub use mechanism::{Estimate, Impossible, Mechanism, Report, Tally};
pub use reading::{Levels, Reading, Rounding};
