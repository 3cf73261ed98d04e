//! The air: who hears a frame, how strongly, and what becomes of it there.
//!
//! A transmission is two events, its beginning and its end; nothing is scheduled for a receiver. At the beginning the
//! [`Neighbours`] grid gives the nodes in reach and [`Propagation`] their mean power; at the end [`Air::finish`] walks
//! that list once, with fading drawn for each receiver and interference summed over the frames that overlapped.
//!
//! Draws are counter-based on (seed, purpose, sender name, receiver name, time slot): they depend on no other draw and on
//! no other node.

mod access;
mod air;
mod channel;
mod decibel;
mod draw;
mod error_rate;
mod fading;
mod grid;
mod obstacle;
mod octaves;
mod params;
mod path_loss;
mod propagation;
mod shadowing;
mod vehicles;

pub use access::{Mac, Outgoing, Turn};
pub use air::{Air, Emission, Ended};
pub use channel::{Antenna, Channel, Fader, Link};
pub use draw::{Draws, Key};
pub use error_rate::{ErrorTable, Rate};
pub use grid::Neighbours;
pub use obstacle::Obstacles;
pub use params::{Dcc, Fading, MacLaw, Params, PathLossLaw, Preset, VehicleObstacles, Wanted};
pub use propagation::{Heard, Propagation};

use core::time::Duration;

/// A broadcast's candidates are the receivers whose mean power is at least the sensitivity less this, dB.
pub const CANDIDATE_MARGIN_DB: f64 = 10.0;

/// Short inter-frame space in a 10 MHz channel.
pub const SIFS: Duration = Duration::from_micros(32);
/// Slot in a 10 MHz channel.
pub const SLOT: Duration = Duration::from_micros(13);
/// Space before a frame may follow a busy channel: SIFS and two slots.
pub const AIFS: Duration = Duration::from_micros(58);
/// Bytes that the link layer adds: 24 of header, 8 of LLC and SNAP, 4 of checksum.
pub const LINK_OVERHEAD: usize = 36;
/// Bytes of an acknowledgement.
const ACK_BYTES: usize = 14;

/// How long `bytes` above the link layer are on the air at 6 Mbit/s in 10 MHz: preamble and signal field of 40 us, then
/// symbols of 8 us with 48 bits each, which also carry 16 service and 6 tail bits (IEEE 802.11-2020, clause 17).
pub fn airtime(bytes: usize) -> Duration {
    symbols(bytes + LINK_OVERHEAD)
}

/// How long an acknowledgement takes, with the space before it.
pub fn ack_time() -> Duration {
    SIFS + symbols(ACK_BYTES)
}

/// Airtime of a frame of so many bytes with its link-layer header.
fn symbols(bytes: usize) -> Duration {
    let bits = 16 + 6 + 8 * bytes as u64;
    Duration::from_micros(40 + 8 * bits.div_ceil(48))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn airtime_counts_whole_symbols() {
        // 300 bytes: 336 with the header, 2710 bits, 57 symbols.
        assert_eq!(airtime(300), Duration::from_micros(40 + 57 * 8));
        assert_eq!(ack_time(), Duration::from_micros(32 + 40 + 3 * 8));
    }
}
