//! How likely a frame survives noise and interference: OFDM with convolutional codes, after the NIST model.

/// Data rates of a 10 MHz channel (IEEE 802.11-2020, table 17-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rate {
    /// BPSK, code rate 1/2.
    Bpsk12,
    /// BPSK, code rate 3/4.
    Bpsk34,
    /// QPSK, code rate 1/2.
    Qpsk12,
    /// QPSK, code rate 3/4.
    Qpsk34,
    /// 16-QAM, code rate 1/2.
    Qam16R12,
    /// 16-QAM, code rate 3/4.
    Qam16R34,
    /// 64-QAM, code rate 2/3.
    Qam64R23,
    /// 64-QAM, code rate 3/4.
    Qam64R34,
}

impl Rate {
    /// All of them, slowest first.
    pub const ALL: [Rate; 8] = [
        Rate::Bpsk12,
        Rate::Bpsk34,
        Rate::Qpsk12,
        Rate::Qpsk34,
        Rate::Qam16R12,
        Rate::Qam16R34,
        Rate::Qam64R23,
        Rate::Qam64R34,
    ];

    /// Data bits of a symbol of 8 us.
    pub fn bits_per_symbol(self) -> u64 {
        match self {
            Rate::Bpsk12 => 24,
            Rate::Bpsk34 => 36,
            Rate::Qpsk12 => 48,
            Rate::Qpsk34 => 72,
            Rate::Qam16R12 => 96,
            Rate::Qam16R34 => 144,
            Rate::Qam64R23 => 192,
            Rate::Qam64R34 => 216,
        }
    }

    /// The rate with so many Mbit/s.
    pub fn from_mbps(mbps: f64) -> Option<Rate> {
        Rate::ALL
            .into_iter()
            .find(|rate| rate.bits_per_symbol() as f64 / 8.0 == mbps)
    }
}
