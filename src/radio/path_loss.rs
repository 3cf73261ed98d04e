//! Path loss in the open.

use core::f64::consts::PI;

use super::decibel::linear;
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
        self.law_db(metres.max(1.0))
    }

    /// The law itself, which goes on below one metre.
    fn law_db(&self, metres: f64) -> f64 {
        let decades = |ratio: f64| 10.0 * libm::log10(ratio);
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
            linear(-law.law_db((scaled / scale).sqrt()))
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

#[cfg(test)]
mod tests {
    use super::super::decibel::decibels;
    use super::*;

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-3, "{value}, expected {expected}");
    }

    fn law(path_loss: PathLossLaw) -> Params {
        Params {
            path_loss,
            ..Params::default()
        }
    }

    #[test]
    fn log_distance_as_hand_computed() {
        let loss = PathLoss::new(&law(PathLossLaw::LogDistance), 1.5, 1.5);
        close(loss.db(1.0), 47.86);
        close(loss.db(10.0), 72.86);
        close(loss.db(200.0), 47.86 + 25.0 * 2.301_03);
        close(loss.db(0.1), 47.86);
    }

    #[test]
    fn two_ray_as_hand_computed() {
        let loss = PathLoss::new(&law(PathLossLaw::TwoRay), 1.5, 1.5);
        // Free space at 5.9 GHz: 32.447 dB at 1 km and 1 MHz, so 47.864 dB at 1 m.
        close(loss.db(1.0), 47.864);
        close(loss.db(100.0), 87.864);
        // The crossover is at 4 pi 1.5 1.5 / 0.050812 m = 556.45 m; there the two agree.
        close(loss.db(556.0), 47.864 + 20.0 * 2.745_075);
        close(loss.db(1000.0), 40.0 * 3.0 - 20.0 * libm::log10(2.25));
        close(loss.db(556.45), 40.0 * libm::log10(556.45) - 20.0 * libm::log10(2.25));
        // From a mast of 6 m the ground's reflection begins four times as far away.
        let mast = PathLoss::new(&law(PathLossLaw::TwoRay), 6.0, 1.5);
        close(mast.db(2000.0), 47.864 + 20.0 * 3.301_03);
        close(mast.db(3000.0), 40.0 * 3.477_121 - 20.0 * libm::log10(9.0));
    }

    #[test]
    fn dual_slope_as_hand_computed() {
        let loss = PathLoss::new(&law(PathLossLaw::DualSlope), 1.5, 1.5);
        close(loss.db(100.0), 47.86 + 50.0);
        close(loss.db(50.0), 47.86 + 25.0 * 1.698_97);
        close(loss.db(1000.0), 47.86 + 50.0 + 38.0);
    }

    const LAWS: [PathLossLaw; 3] = [PathLossLaw::LogDistance, PathLossLaw::TwoRay, PathLossLaw::DualSlope];

    #[test]
    fn reach_is_where_the_budget_ends() {
        for path_loss in LAWS {
            let loss = PathLoss::new(&law(path_loss), 1.5, 4.0);
            for metres in [1.5, 30.0, 99.0, 101.0, 550.0, 2_000.0, 80_000.0] {
                let reach = loss.reach(loss.db(metres));
                assert!(
                    (reach / metres - 1.0).abs() < 1e-9,
                    "{path_loss:?}: {reach}, expected {metres}"
                );
            }
            assert_eq!(loss.reach(1e4), FARTHEST);
            assert!((loss.reach(0.0) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn gains_are_those_of_the_closed_form() {
        let mut wanted: Vec<Params> = LAWS.map(law).into();
        for (exponent, breakpoint_m, far_exponent) in [(1.5, 1.0, 4.0), (4.0, 87.3, 2.0), (2.0, 1234.5, 5.0)] {
            for path_loss in LAWS {
                wanted.push(Params {
                    exponent,
                    breakpoint_m,
                    far_exponent,
                    ..law(path_loss)
                });
            }
        }
        for params in wanted {
            let gain = Gain::new(&params);
            for (tx, rx) in [(1.5, 1.5), (1.5, 6.0), (30.0, 0.5)] {
                let loss = PathLoss::new(&params, tx, rx);
                let heights = (tx * rx * tx * rx) as f32;
                let mut metres = 1.0;
                while metres < FARTHEST {
                    let expected = linear(-loss.db(metres));
                    let found = f64::from(gain.at(metres * metres, heights));
                    assert!(
                        (found / expected - 1.0).abs() < 1e-4,
                        "{loss:?} at {metres} m: {found}, expected {expected}, {} dB",
                        decibels(found / expected)
                    );
                    metres *= 1.000_37;
                }
            }
        }
    }
}
