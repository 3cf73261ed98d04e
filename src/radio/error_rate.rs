//! How likely a frame survives noise and interference: OFDM with convolutional codes, after the NIST model (Miller,
//! Validation of 802.11a/UWB coexistence simulation, NIST, 2003; Pei and Henderson, Validation of OFDM error rate model in
//! ns-3, 2010), as ns-3.37 computes it.
//!
//! A frame's bits fail one by one: `n` bits under one ratio of signal to noise and interference survive with
//! `exp(-n loss)`, where the loss is `-ln(1 - pe)` for a coded bit's error rate `pe`. Losses of a frame's pieces add up.

use super::octaves::{self, Octaves, locate};

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

impl Rate {
    /// Error rate of a bit before decoding.
    fn raw(self, sinr: f64) -> f64 {
        // Square constellations of side^2 points, with Gray coding; 3 / (2 (side^2 - 1)) is 1/10 and 1/42.
        let square =
            |side: f64, bits: f64, scale: f64| (side - 1.0) / (side * bits) * libm::erfc((sinr / scale).sqrt());
        match self {
            Rate::Bpsk12 | Rate::Bpsk34 => 0.5 * libm::erfc(sinr.sqrt()),
            Rate::Qpsk12 | Rate::Qpsk34 => 0.5 * libm::erfc((sinr / 2.0).sqrt()),
            Rate::Qam16R12 | Rate::Qam16R34 => square(4.0, 2.0, 10.0),
            Rate::Qam64R23 | Rate::Qam64R34 => square(8.0, 3.0, 42.0),
        }
    }

    /// The code: bits that enter its encoder at once, least distance, distance between terms, and how many bits are wrong
    /// on all paths of each distance (Pei and Henderson, tables 3.1.1 and 3.1.2).
    fn code(self) -> (f64, u32, u32, &'static [f64]) {
        match self {
            Rate::Bpsk12 | Rate::Qpsk12 | Rate::Qam16R12 => (1.0, 10, 2, &HALF),
            Rate::Qam64R23 => (2.0, 6, 1, &TWO_THIRDS),
            Rate::Bpsk34 | Rate::Qpsk34 | Rate::Qam16R34 | Rate::Qam64R34 => (3.0, 5, 1, &THREE_QUARTERS),
        }
    }
}

/// Wrong bits by distance 10, 12, ... 26.
const HALF: [f64; 9] = [
    36.0,
    211.0,
    1_404.0,
    11_633.0,
    77_433.0,
    502_690.0,
    3_322_763.0,
    21_292_910.0,
    134_365_911.0,
];
/// Wrong bits by distance 6, 7, ... 15.
const TWO_THIRDS: [f64; 10] = [
    3.0,
    70.0,
    285.0,
    1_276.0,
    6_160.0,
    27_128.0,
    117_019.0,
    498_860.0,
    2_103_891.0,
    8_784_123.0,
];
/// Wrong bits by distance 5, 6, ... 14.
const THREE_QUARTERS: [f64; 10] = [
    42.0,
    201.0,
    1_492.0,
    10_469.0,
    62_935.0,
    379_644.0,
    2_253_373.0,
    13_073_811.0,
    75_152_755.0,
    428_005_675.0,
];

/// Loss of a bit at a ratio of signal to noise and interference (powers, not dB): `-ln(1 - pe)`, infinite where the union
/// bound `pe` reaches 1.
pub fn bit_loss(rate: Rate, sinr: f64) -> f64 {
    let raw = rate.raw(sinr);
    let (inputs, least, step, wrong) = rate.code();
    let base = (4.0 * raw * (1.0 - raw)).sqrt();
    let factor = power(base, step);
    // Backwards: the small terms of high distances first, where the ratio is good.
    let sum = wrong.iter().rev().fold(0.0, |sum, &count| sum * factor + count);
    let coded = sum * power(base, least) / (2.0 * inputs);
    if coded >= 1.0 {
        f64::INFINITY
    } else {
        -libm::log1p(-coded)
    }
}

/// By multiplication, which is alike everywhere.
fn power(base: f64, exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

/// The loss of a bit for one rate, by table.
#[derive(Clone, Debug)]
pub struct ErrorTable {
    losses: Octaves<STEPS>,
    certain: f64,
}

/// Points an octave, as a power of two: the loss falls with up to the fortieth power of the ratio.
const STEPS: u32 = 8;
/// Stands for an infinite loss: one byte survives it with probability zero.
const LOST: f64 = 1e3;
/// Bits of the longest frame.
const LONGEST: f64 = 8.0 * 4096.0;
/// Probability of losing such a frame from which it counts as received.
const NEGLIGIBLE: f64 = 1e-9;

impl ErrorTable {
    /// Tabulates a rate.
    pub fn new(rate: Rate) -> ErrorTable {
        let (mut low, mut high) = (locate::<STEPS>(0.01).0, locate::<STEPS>(1e4).0);
        let begin = octaves::start::<STEPS>;
        while high - low > 1 {
            let middle = u64::midpoint(low, high);
            if bit_loss(rate, begin(middle)) * LONGEST < NEGLIGIBLE {
                high = middle;
            } else {
                low = middle;
            }
        }
        let certain = begin(high);
        let loss = |sinr| bit_loss(rate, sinr).min(LOST);
        ErrorTable {
            losses: Octaves::new(certain / 64.0, certain, loss),
            certain,
        }
    }

    /// The ratio from which the longest frame counts as certain to survive.
    pub fn certain(&self) -> f64 {
        self.certain
    }

    /// Loss of a bit at a ratio of signal to noise and interference; zero from [`ErrorTable::certain`] on.
    #[inline]
    pub fn loss_per_bit(&self, sinr: f64) -> f64 {
        if sinr >= self.certain {
            0.0
        } else {
            f64::from(self.losses.at(sinr))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decibel::linear;
    use super::*;

    /// Losses at so many dB, evaluated apart from this code with forty digits (mpmath 1.3).
    const EVALUATED: [(Rate, f64, f64); 16] = [
        (Rate::Bpsk12, 2.0, 0.008_807_886_158_836_54),
        (Rate::Bpsk12, 4.0, 7.620_275_862_615_61e-6),
        (Rate::Bpsk34, 5.0, 0.004_541_242_504_459_37),
        (Rate::Bpsk34, 9.0, 1.557_870_344_786_11e-9),
        (Rate::Qpsk12, 5.0, 0.009_159_868_570_842_78),
        (Rate::Qpsk12, 8.0, 1.629_478_342_800_97e-7),
        (Rate::Qpsk34, 8.0, 0.004_716_943_996_364_01),
        (Rate::Qpsk34, 12.0, 1.638_297_763_462_39e-9),
        (Rate::Qam16R12, 10.0, 1.119_807_315_815_92),
        (Rate::Qam16R12, 15.0, 3.579_613_280_534_24e-8),
        (Rate::Qam16R34, 16.0, 5.939_843_457_435_11e-5),
        (Rate::Qam16R34, 18.0, 6.255_654_624_063_39e-8),
        (Rate::Qam64R23, 20.0, 0.000_559_212_017_906_415),
        (Rate::Qam64R23, 24.0, 3.157_278_686_412_75e-10),
        (Rate::Qam64R34, 22.0, 5.565_479_180_892_8e-5),
        (Rate::Qam64R34, 25.0, 1.206_958_045_928_4e-9),
    ];

    #[test]
    fn the_closed_form_has_the_values_evaluated_elsewhere() {
        for (rate, db, expected) in EVALUATED {
            let loss = bit_loss(rate, linear(db));
            assert!(
                (loss / expected - 1.0).abs() < 1e-9,
                "{rate:?} at {db} dB: {loss}, expected {expected}"
            );
        }
    }

    #[test]
    fn a_frame_of_1000_bytes_fails_once_in_ten_where_it_should() {
        // The same evaluation, dB. QPSK needs twice BPSK's ratio, 3.01 dB more.
        let points = [
            3.847_015, 6.733_678, 6.857_315, 9.743_978, 13.381_262, 16.484_124, 21.228_973, 22.487_208,
        ];
        for (rate, db) in Rate::ALL.into_iter().zip(points) {
            let lost = |db: f64| 1.0 - libm::exp(-8000.0 * bit_loss(rate, linear(db)));
            assert!(lost(db - 1e-5) > 0.1 && lost(db + 1e-5) < 0.1, "{rate:?}");
        }
    }

    #[test]
    fn a_bit_before_decoding_fails_as_hand_computed() {
        // erfc(1) = 0.157299, erfc(2) = 0.00467773.
        let close =
            |raw: f64, expected: f64| assert!((raw / expected - 1.0).abs() < 1e-5, "{raw}, expected {expected}");
        close(Rate::Bpsk12.raw(1.0), 0.5 * 0.157_299_2);
        close(Rate::Qpsk34.raw(8.0), 0.5 * 0.004_677_735);
        close(Rate::Qam16R12.raw(40.0), 3.0 / 8.0 * 0.004_677_735);
        close(Rate::Qam64R34.raw(42.0), 7.0 / 24.0 * 0.157_299_2);
    }

    #[test]
    fn nothing_survives_without_signal_and_everything_with_much() {
        for rate in Rate::ALL {
            let table = ErrorTable::new(rate);
            for sinr in [0.0, 1e-300, 1e-3, 0.1] {
                assert_eq!(bit_loss(rate, sinr), f64::INFINITY, "{rate:?} at {sinr}");
                assert_eq!(libm::exp(-8.0 * table.loss_per_bit(sinr)), 0.0, "{rate:?} at {sinr}");
            }
            assert_eq!(bit_loss(rate, 1e5), 0.0);
            for sinr in [table.certain(), 1e5, 1e300, f64::INFINITY] {
                assert_eq!(table.loss_per_bit(sinr), 0.0);
            }
            assert!(bit_loss(rate, table.certain()) * 32_768.0 < 1e-9);
            assert!(bit_loss(rate, table.certain() * 0.99) * 32_768.0 > 1e-9);
        }
    }

    #[test]
    fn by_table_frames_survive_as_often_as_by_formula() {
        for rate in Rate::ALL {
            let table = ErrorTable::new(rate);
            let mut worst: f64 = 0.0;
            for step in -1000..4000 {
                let sinr = linear(f64::from(step) / 100.0);
                for bytes in [100.0, 300.0, 1000.0, 3000.0] {
                    let survive = |loss: f64| libm::exp(-8.0 * bytes * loss);
                    worst = worst.max((survive(table.loss_per_bit(sinr)) - survive(bit_loss(rate, sinr))).abs());
                }
            }
            assert!(worst < 1e-3, "{rate:?}: {worst}");
        }
    }

    #[test]
    fn the_loss_falls_with_the_ratio() {
        for rate in Rate::ALL {
            let table = ErrorTable::new(rate);
            let losses = (-1000..4000).map(|step| table.loss_per_bit(linear(f64::from(step) / 100.0)));
            assert!(losses.is_sorted_by(|a, b| a >= b), "{rate:?}");
        }
    }
}
