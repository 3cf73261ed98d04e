//! The air: who hears a frame, how strongly, and what becomes of it there.
//!
//! A transmission is two events, its beginning and its end; nothing is scheduled for a receiver. At the beginning the
//! [`Neighbours`] grid gives the nodes in reach, [`Channel`] the power that arrives at each, and each `receiver`
//! takes up, or passes over, one more frame; at the end [`Air::finish`] asks each what became of it. `access` decides
//! who sends when.
//!
//! Draws are counter-based on (seed, purpose, sender name, receiver name, time slot): they depend on no other draw and on
//! no other node. The time that light takes is left out: it is 0.3 us for a hundred metres, against slots of 13 us.

mod access;
mod air;
mod channel;
mod dcc;
mod decibel;
mod draw;
mod error_rate;
mod fading;
mod grid;
mod link_table;
mod mutual;
mod obstacle;
mod octaves;
mod params;
mod path_loss;
mod receiver;
mod shadowing;
mod sightlines;
mod vehicles;
mod warm;

pub use access::{Contention, Mac, Outgoing, Sensed};
pub use air::{Air, Emission, Kind};
pub use channel::{Antenna, Channel, Fader, Link};
pub use dcc::{Admission, Gate};
pub use draw::{Draws, Key};
pub use error_rate::{ErrorTable, Rate};
pub use grid::Neighbours;
pub use obstacle::Obstacles;
pub use params::{Dcc, ErrorModel, Fading, MacLaw, Params, PathLossLaw, Preset, VehicleObstacles, Wanted};
pub use warm::warm;

use core::time::Duration;

/// A broadcast's candidates are the receivers whose mean power is at least the sensitivity less this, dB.
pub const CANDIDATE_MARGIN_DB: f64 = 10.0;

/// Short inter-frame space in a 10 MHz channel.
pub const SIFS: Duration = Duration::from_micros(32);
/// Slot in a 10 MHz channel.
pub const SLOT: Duration = Duration::from_micros(13);
/// What a space after a spoilt frame takes longer: an acknowledgement at the slowest rate, with the space before it.
pub const EIFS_EXTRA: Duration = Duration::from_micros(32 + 88);
/// After so long a preamble is detected, and energy noticed.
pub const DETECTION: Duration = Duration::from_micros(4);
/// Preamble in a 10 MHz channel.
pub const PREAMBLE: Duration = Duration::from_micros(32);
/// Preamble and signal field.
pub const HEADER: Duration = Duration::from_micros(40);
/// Bytes that the link layer adds: 24 of header, 8 of LLC and SNAP, 4 of checksum.
pub const LINK_OVERHEAD: usize = 36;
/// Bytes of an acknowledgement.
const ACK_BYTES: usize = 14;

/// How long `bytes` above the link layer are on the air in 10 MHz: preamble and signal field, then symbols of 8 us, which
/// also carry 16 service and 6 tail bits (IEEE 802.11-2020, clause 17).
pub fn airtime(bytes: usize, rate: Rate) -> Duration {
    symbols(bytes + LINK_OVERHEAD, rate)
}

/// How long an acknowledgement is on the air.
pub fn ack_airtime(rate: Rate) -> Duration {
    symbols(ACK_BYTES, rate)
}

/// Airtime of a frame of so many bytes with its link-layer header.
fn symbols(bytes: usize, rate: Rate) -> Duration {
    let bits = 16 + 6 + 8 * bytes as u64;
    HEADER + Duration::from_micros(8 * bits.div_ceil(rate.bits_per_symbol()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn airtime_counts_whole_symbols() {
        // 300 bytes: 336 with the header, 2710 bits, 57 symbols.
        assert_eq!(airtime(300, Rate::Qpsk12), Duration::from_micros(40 + 57 * 8));
        assert_eq!(ack_airtime(Rate::Qpsk12), Duration::from_micros(40 + 3 * 8));
        assert_eq!(SIFS + ack_airtime(Rate::Bpsk12), EIFS_EXTRA);
    }
}
