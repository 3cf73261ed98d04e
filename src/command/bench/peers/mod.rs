//! `roadveil bench peers`: speed beside other simulators.
use super::{Exit, Failure};
use crate::cli::BenchPeers;

/// Measures.
pub(super) fn bench(_args: &BenchPeers) -> Result<Exit, Failure> {
    Ok(Exit::Done)
}
