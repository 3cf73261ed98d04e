//! How likely a frame survives, from link-level simulations of an AWGN channel.
//!
//! The figures are those that ns-3 has used by default since its version 3.32 (R. Patidar, S. Jin and others, University of
//! Washington, 2020, from MATLAB's WLAN toolbox): the share of frames of 32 and of 1458 bytes that are lost, every half
//! decibel. Between two points of the table the share is interpolated, between frame lengths it follows
//! `1 - (1 - per)^(length / table's length)` (IEEE 802.11-14/0803r1). Receivers of the table need two to three decibels
//! less than the NIST model says. There is no table for 4.5 Mbit/s; the NIST model stands in.

use super::error_rate::{ErrorTable, Rate};
use super::params::ErrorModel;

/// The loss that a stretch of a frame suffers, by either model: minus the logarithm of its probability to survive.
#[derive(Clone, Debug)]
pub enum Errors {
    /// Closed form, bit by bit.
    Nist(ErrorTable),
    /// From simulations of the link.
    Linked(LinkTable),
}

impl Errors {
    /// The model for a rate.
    pub fn new(model: ErrorModel, rate: Rate) -> Errors {
        match (model, LinkTable::new(rate)) {
            (ErrorModel::LinkTable, Some(table)) => Errors::Linked(table),
            _ => Errors::Nist(ErrorTable::new(rate)),
        }
    }

    /// The ratio of signal to noise and interference from which nothing is lost.
    pub fn certain(&self) -> f64 {
        match self {
            Errors::Nist(table) => table.certain(),
            Errors::Linked(table) => table.certain,
        }
    }

    /// The loss of so many bits at this ratio.
    pub fn loss(&self, sinr: f64, bits: f64) -> f64 {
        match self {
            Errors::Nist(table) => bits * table.loss_per_bit(sinr),
            Errors::Linked(table) => table.loss(sinr, bits),
        }
    }
}

/// Shares of lost frames, for one rate.
#[derive(Clone, Debug)]
pub struct LinkTable {
    short: Curve,
    long: Curve,
    certain: f64,
}

/// Shares of lost frames in hundred-thousandths, every half decibel from the first number on.
type Curve = (f64, &'static [u32]);

/// From so many bytes on, the table of long frames applies.
const LONG_FROM: f64 = 400.0;
/// Lengths of the frames in the tables, bytes.
const SHORT_BYTES: f64 = 32.0;
const LONG_BYTES: f64 = 1458.0;
/// Steps of a decibel.
const STEPS: f64 = 2.0;
/// Stands for an infinite loss.
const LOST: f64 = 1e6;

impl LinkTable {
    /// The table of a rate, if there is one.
    pub fn new(rate: Rate) -> Option<LinkTable> {
        let (short, long) = curves(rate)?;
        let last = |curve: Curve| curve.0 + (curve.1.len() - 1) as f64 / STEPS;
        Some(LinkTable {
            short,
            long,
            certain: libm::pow(10.0, last(short).max(last(long)) / 10.0),
        })
    }

    /// The loss of so many bits at this ratio.
    fn loss(&self, sinr: f64, bits: f64) -> f64 {
        if sinr >= self.certain {
            return 0.0;
        }
        let db = 10.0 * libm::log10(sinr.max(1e-12));
        let bytes = (bits / 8.0).floor().max(1.0);
        let (curve, length) = if bytes < LONG_FROM {
            (self.short, SHORT_BYTES)
        } else {
            (self.long, LONG_BYTES)
        };
        let lost = share(curve, db);
        if lost >= 1.0 {
            LOST
        } else {
            -libm::log1p(-lost) * bytes / length
        }
    }
}

/// The share of lost frames at so many decibels.
fn share((first, shares): Curve, db: f64) -> f64 {
    let steps = (db - first) * STEPS;
    if steps < 0.0 {
        return 1.0;
    }
    let (index, part) = (steps as usize, steps.fract());
    match (shares.get(index), shares.get(index + 1)) {
        (Some(&here), Some(&next)) => (f64::from(here) * (1.0 - part) + f64::from(next) * part) / 1e5,
        _ => 0.0,
    }
}

#[rustfmt::skip]
fn curves(rate: Rate) -> Option<(Curve, Curve)> {
    let curves: (Curve, Curve) = match rate {
        Rate::Bpsk34 => return None,
        Rate::Bpsk12 => ((-3.5, &[100_000, 99_500, 94_080, 82_590, 58_950, 30_830, 12_540, 3_440, 850, 150, 24, 9, 0]), (-1.0, &[100_000, 99_400, 81_850, 29_080, 6_630, 1_120, 150, 15, 1, 0])),
        Rate::Qpsk12 => ((-0.5, &[100_000, 99_210, 96_710, 83_490, 58_740, 31_690, 11_820, 3_640, 850, 160, 26, 3, 0]), (2.0, &[100_000, 99_700, 79_440, 30_080, 7_280, 1_200, 150, 23, 0])),
        Rate::Qpsk34 => ((2.0, &[100_000, 99_400, 95_880, 85_120, 59_900, 31_250, 11_710, 3_390, 780, 160, 28, 8, 0]), (4.5, &[100_000, 99_800, 75_780, 30_100, 6_760, 1_220, 230, 35, 4, 0])),
        Rate::Qam16R12 => ((4.0, &[100_000, 99_900, 99_800, 96_900, 88_430, 74_090, 46_510, 25_710, 10_800, 3_810, 1_190, 320, 76, 17, 3, 0]), (7.5, &[100_000, 99_400, 84_050, 43_410, 14_190, 3_740, 860, 190, 36, 5, 0])),
        Rate::Qam16R34 => ((8.0, &[100_000, 99_900, 94_790, 79_890, 59_230, 33_700, 15_720, 5_420, 1_580, 400, 110, 27, 9, 0]), (11.0, &[100_000, 92_690, 51_390, 18_260, 4_650, 1_100, 260, 41, 10, 0])),
        Rate::Qam64R23 => ((11.5, &[100_000, 99_800, 96_530, 89_700, 73_010, 52_570, 30_580, 15_750, 6_460, 2_410, 790, 230, 69, 18, 4, 2, 0]), (14.5, &[100_000, 99_900, 94_790, 66_250, 29_780, 10_580, 3_340, 910, 230, 64, 17, 2, 0])),
        Rate::Qam64R34 => ((13.0, &[100_000, 99_010, 96_250, 83_980, 68_660, 46_340, 25_200, 11_450, 4_610, 1_580, 490, 160, 39, 11, 2, 0]), (16.0, &[100_000, 99_500, 87_960, 51_390, 20_910, 6_390, 1_860, 460, 130, 23, 2, 0])),
    };
    Some(curves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(db: f64) -> f64 {
        libm::pow(10.0, db / 10.0)
    }

    #[test]
    fn the_points_of_the_tables_come_out_again() {
        let table = LinkTable::new(Rate::Qpsk12).expect("has one");
        for (db, bytes, lost) in [
            (2.0, 32.0, 0.3169),
            (4.0, 32.0, 0.0016),
            (2.5, 1458.0, 0.997),
            (5.5, 1458.0, 0.00023),
        ] {
            let survives = libm::exp(-table.loss(linear(db) * (1.0 + 1e-12), bytes * 8.0));
            assert!(
                (1.0 - survives - lost).abs() < 1e-5,
                "{db} dB, {bytes} bytes: {survives}"
            );
        }
    }

    #[test]
    fn it_is_lost_below_and_certain_above() {
        for rate in Rate::ALL {
            let errors = Errors::new(ErrorModel::LinkTable, rate);
            assert_eq!(errors.loss(errors.certain(), 8_000.0), 0.0);
            assert!(errors.loss(linear(-10.0), 8_000.0) > 100.0);
            let mut before = f64::MAX;
            for step in 0..600 {
                let loss = errors.loss(linear(-5.0 + 0.05 * f64::from(step)), 8_000.0);
                assert!(loss <= before, "{rate:?} at step {step}");
                before = loss;
            }
        }
    }

    #[test]
    fn it_is_kinder_than_the_closed_form() {
        for rate in Rate::ALL.into_iter().filter(|rate| LinkTable::new(*rate).is_some()) {
            let (nist, linked) = (
                Errors::new(ErrorModel::Nist, rate),
                Errors::new(ErrorModel::LinkTable, rate),
            );
            assert!(linked.certain() < nist.certain(), "{rate:?}");
        }
    }
}
