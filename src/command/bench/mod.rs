//! `roadveil bench`: what this machine can do, and what the air does, beside others.
//!
//! | module | what it measures |
//! |---|---|
//! | `host` | the cryptography, beside the device profiles |
//! | `radio` | delivery ratios of the air, in the form in which ns-3 gives them |
//! | `peers` | deliveries a processor second beside other simulators, growth, where the time goes |
//! | [`beacon`] | the protocol that the last two run |

pub mod beacon;
mod host;
mod peers;
pub mod radio;

use super::{Exit, Failure, print};
use crate::cli::{Bench, BenchCommand};

/// Does what is asked for.
pub(super) fn bench(args: &Bench) -> Result<Exit, Failure> {
    match &args.what {
        None => host::bench(args),
        Some(BenchCommand::Radio(args)) => radio::bench(args),
        Some(BenchCommand::Peers(args)) => peers::bench(args),
    }
}
