//! Path loss in the open.

use core::f64::consts::{LN_10, PI};

use super::octaves::Octaves;
use super::params::{Params, PathLossLaw};

/// Beyond this many metres the earth is in the way, whatever the parameters say.
pub const FARTHEST: f64 = 100_000.0;

/// Points an octave of the squared distance in the table of gains, as a power of two.
const STEPS: u32 = 8;

/// A law of path loss between antennas of two heights, in closed form.
#[derive(Clone, Copy, Debug)]
pub enum PathLoss {
    /// `reference + 10 exponent log10(d)`.
    LogDistance {
        /// At one metre, dB.
        reference_db: f64,
        /// Exponent.
        exponent: f64,
    },
    /// Free space up to the crossover `4 pi ht hr / wavelength`, then the reflection from flat ground, `d^4 / (ht hr)^2`
    /// (Rappaport, Wireless Communications, 2002, section 4.6).
    TwoRay {
        /// Wavelength, metres.
        wavelength: f64,
        /// Product of the antennas' heights, square metres.
        heights: f64,
    },
    /// One exponent up to the breakpoint, another beyond (Cheng, Henty, Stancil, Bai, Mudalige, JSAC 25(8), 2007).
    DualSlope {
        /// At one metre, dB.
        reference_db: f64,
        /// Exponent up to the breakpoint.
        exponent: f64,
        /// Breakpoint, metres.
        breakpoint: f64,
        /// Exponent beyond it.
        far_exponent: f64,
    },
}

impl PathLoss {
    /// The law that the parameters choose, between antennas so many metres above the ground.
    pub fn new(params: &Params, tx_height: f64, rx_height: f64) -> PathLoss {
        let (reference_db, exponent) = (params.reference_loss_db, params.exponent);
        match params.path_loss {
            PathLossLaw::LogDistance => PathLoss::LogDistance { reference_db, exponent },
            PathLossLaw::TwoRay => PathLoss::TwoRay {
                wavelength: params.wavelength_m(),
                heights: tx_height * rx_height,
            },
            PathLossLaw::DualSlope => PathLoss::DualSlope {
                reference_db,
                exponent,
                breakpoint: params.breakpoint_m,
                far_exponent: params.far_exponent,
            },
        }
    }

    /// Loss over a distance, dB. Nearer than one metre it is that at one metre.
    pub fn db(&self, metres: f64) -> f64 {
        let decades = |ratio: f64| 10.0 * libm::log10(ratio);
        let metres = metres.max(1.0);
        match *self {
            PathLoss::LogDistance { reference_db, exponent } => reference_db + exponent * decades(metres),
            PathLoss::TwoRay { wavelength, heights } => {
                let free = 4.0 * PI * metres / wavelength;
                let reflected = metres * metres / heights;
                2.0 * decades(if metres * wavelength < 4.0 * PI * heights {
                    free
                } else {
                    reflected
                })
            }
            PathLoss::DualSlope {
                reference_db,
                exponent,
                breakpoint,
                far_exponent,
            } => {
                let (near, far) = (metres.min(breakpoint), (metres / breakpoint).max(1.0));
                reference_db + exponent * decades(near) + far_exponent * decades(far)
            }
        }
    }

    /// The distance over which so much is lost, metres, by bisection: all laws rise. From 1 m to [`FARTHEST`].
    pub fn reach(&self, budget_db: f64) -> f64 {
        let (mut low, mut high) = (1.0, FARTHEST);
        if self.db(high) <= budget_db {
            return high;
        }
        // Seventy halvings of the ratio leave nothing between.
        for _ in 0..70 {
            let middle = f64::sqrt(low * high);
            if self.db(middle) <= budget_db {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

/// The same as a factor of the power by squared distance, without a logarithm.
#[derive(Clone, Debug)]
pub enum Gain {
    /// By table; a distance is squared and multiplied by the scale, so that a breakpoint is a point of the table.
    Table {
        /// Factor of the squared distance.
        scale: f64,
        /// Gains.
        table: Octaves<STEPS>,
    },
    /// Two rays: the weaker of `free / d^2` and `(ht hr)^2 / d^4`, which change places at the crossover.
    TwoRay {
        /// Square of the wavelength over 4 pi.
        free: f32,
    },
}

impl Gain {
    /// The gains of the law that the parameters choose, for all heights.
    pub fn new(params: &Params) -> Gain {
        let law = PathLoss::new(params, 1.0, 1.0);
        let scale = match law {
            PathLoss::TwoRay { wavelength, .. } => {
                let amplitude = wavelength / (4.0 * PI);
                return Gain::TwoRay {
                    free: (amplitude * amplitude) as f32,
                };
            }
            PathLoss::LogDistance { .. } => 1.0,
            // A power of two there.
            PathLoss::DualSlope { breakpoint, .. } => 1.0 / (breakpoint * breakpoint),
        };
        let table = Octaves::new(scale, FARTHEST * FARTHEST * scale, |scaled| {
            linear(-law.db((scaled / scale).sqrt()))
        });
        Gain::Table { scale, table }
    }

    /// Received power over sent power at a squared distance (square metres, not below 1), between antennas whose heights
    /// have this product, squared.
    #[inline]
    pub fn at(&self, squared: f64, heights: f32) -> f32 {
        match self {
            Gain::Table { scale, table } => table.at(squared * scale),
            Gain::TwoRay { free } => {
                let inverse = 1.0 / squared as f32;
                (free * inverse).min(heights * (inverse * inverse))
            }
        }
    }
}

/// Decibels as a ratio of powers; dBm as milliwatts.
pub fn linear(db: f64) -> f64 {
    libm::exp(db * (LN_10 / 10.0))
}

/// A ratio of powers in decibels; milliwatts as dBm.
pub fn decibels(ratio: f64) -> f64 {
    10.0 * libm::log10(ratio)
}
