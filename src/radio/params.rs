//! What a scenario may say of the air, under `[radio]`.

use serde::Deserialize;

use super::CANDIDATE_MARGIN_DB;
use super::error_rate::Rate;
use crate::scenario::Invalid;

/// A set of values from which the keys of `[radio]` depart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Preset {
    /// European ITS-G5: receivers ten decibels better than the standard asks for, EDCA, capture.
    #[default]
    #[serde(rename = "its-g5")]
    ItsG5,
    /// What ns-3.37 computes for 802.11p outside the context of a BSS: DCF without QoS, the standard's weakest receiver.
    #[serde(rename = "ns3")]
    Ns3,
}

/// Path loss in the open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathLossLaw {
    /// One exponent.
    LogDistance,
    /// Free space up to the crossover distance, then the ground reflection.
    TwoRay,
    /// Two exponents.
    DualSlope,
}

/// How noise and interference spoil a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorModel {
    /// Closed form (Pei and Henderson, 2010; Miller, NIST, 2003).
    Nist,
    /// Link-level simulations, as ns-3 has them by default since 3.32.
    LinkTable,
}

/// Small-scale fading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fading {
    /// Nakagami-m, with m by distance.
    Nakagami,
    /// None: the mean power is received.
    None,
}

/// What vehicles between two antennas do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VehicleObstacles {
    /// Nothing.
    None,
    /// They diffract, as knife edges.
    KnifeEdge,
}

/// Who may send when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MacLaw {
    /// Four access categories (IEEE 802.11-2020, 10.23.2).
    Edca,
    /// One queue, as ns-3.37 has it: with EIFS, and with access at once after a space that was interrupted.
    Dcf,
}

/// Decentralised congestion control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dcc {
    /// None.
    Off,
    /// A gap between a node's frames by the channel busy ratio (ETSI TS 102 687, reactive).
    Reactive,
}

/// Declares the parameters once: the struct, what a scenario may say of each, and the presets.
macro_rules! parameters {
    ($( $(#[$doc:meta])* $key:ident: $type:ty = $its:expr, $ns3:expr; )*) => {
        /// The channel, the receivers and the medium access, alike for all nodes.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Params {
            $( $(#[$doc])* pub $key: $type, )*
        }

        /// What `[radio]` says: a preset, and what differs from it.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Wanted {
            /// From which the other keys depart.
            pub preset: Preset,
            $( $(#[$doc])* pub $key: Option<$type>, )*
        }

        impl Params {
            /// The values of a preset.
            pub fn preset(preset: Preset) -> Params {
                match preset {
                    Preset::ItsG5 => Params { $( $key: $its, )* },
                    Preset::Ns3 => Params { $( $key: $ns3, )* },
                }
            }
        }

        impl Wanted {
            /// The preset, with what differs from it.
            pub fn params(self) -> Params {
                let preset = Params::preset(self.preset);
                Params { $( $key: self.$key.unwrap_or(preset.$key), )* }
            }
        }
    };
}

parameters! {
    /// Transmit power with antenna gains, dBm.
    power_dbm: f64 = 20.0, 20.0;
    /// Carrier frequency, GHz: decides where the ground reflection begins to matter, and how vehicles diffract.
    frequency_ghz: f64 = 5.9, 5.9;
    /// Data rate in a 10 MHz channel, Mbit/s: 3, 4.5, 6, 9, 12, 18, 24 or 27.
    rate_mbps: f64 = 6.0, 6.0;
    /// What the receiver adds to the thermal noise of -104 dBm, dB.
    noise_figure_db: f64 = 7.0, 7.0;
    /// What spoils a frame: `nist` or `link-table`.
    error_model: ErrorModel = ErrorModel::Nist, ErrorModel::LinkTable;
    /// Weakest power at which a preamble is detected, dBm (IEEE 802.11-2020 asks for -82 at 6 Mbit/s in 10 MHz).
    sensitivity_dbm: f64 = -92.0, -82.0;
    /// Weakest ratio of signal to noise and interference at which a preamble is detected, dB.
    preamble_snr_db: f64 = 4.0, 4.0;
    /// A preamble so much stronger than the frame that is being received takes the receiver over, dB.
    capture_db: f64 = 5.0, 5.0;
    /// For how long after a preamble's detection that can happen, microseconds; 0: never.
    capture_window_us: f64 = 16.0, 0.0;
    /// Energy of 802.11 signals above which the channel counts as busy, dBm.
    carrier_sense_dbm: f64 = -85.0, -85.0103;
    /// Mean power below which a frame is neither received nor disturbs, dBm; not above `sensitivity_dbm` less 10 dB.
    floor_dbm: f64 = -102.0, -104.0;
    /// Path loss in the open: `log-distance`, `two-ray` or `dual-slope`.
    path_loss: PathLossLaw = PathLossLaw::LogDistance, PathLossLaw::LogDistance;
    /// Path loss at one metre, dB.
    reference_loss_db: f64 = 47.86, 47.86;
    /// Exponent of the path loss; with `dual-slope`, up to the breakpoint.
    exponent: f64 = 2.5, 2.5;
    /// Where the second slope begins, metres.
    breakpoint_m: f64 = 100.0, 100.0;
    /// Exponent beyond the breakpoint.
    far_exponent: f64 = 3.8, 3.8;
    /// Standard deviation of the shadowing, dB; 0: none.
    shadowing_db: f64 = 0.0, 0.0;
    /// Distance in which the shadowing's correlation falls to 1/e, metres.
    shadowing_m: f64 = 25.0, 25.0;
    /// Small-scale fading: `nakagami` or `none`.
    fading: Fading = Fading::Nakagami, Fading::Nakagami;
    /// Shape m of Nakagami fading near, farther and far.
    nakagami_m: [f64; 3] = [3.0, 1.5, 1.0], [3.0, 1.5, 1.0];
    /// Distances at which the second and the third shape begin, metres.
    nakagami_at_m: [f64; 2] = [50.0, 150.0], [50.0, 150.0];
    /// Attenuation for each wall crossed, dB (Sommer et al., WONS 2011: 9 dB).
    wall_db: f64 = 9.0, 9.0;
    /// Attenuation for each metre inside a building, dB (Sommer et al., WONS 2011: 0.4 dB/m).
    indoor_db_per_m: f64 = 0.4, 0.4;
    /// Vehicles between two antennas: `none` or `knife-edge`.
    vehicles: VehicleObstacles = VehicleObstacles::None, VehicleObstacles::None;
    /// Height of a vehicle's roof, metres.
    vehicle_height_m: f64 = 1.5, 1.5;
    /// Medium access: `edca` or `dcf`.
    mac: MacLaw = MacLaw::Edca, MacLaw::Dcf;
    /// Least contention window of background and best effort, slots: 0 to this number are drawn.
    contention_window: u32 = 15, 15;
    /// Greatest contention window, slots.
    contention_window_max: u32 = 1023, 1023;
    /// Longest wait for the channel before a frame is dropped, milliseconds.
    lifetime_ms: u64 = 100, 500;
    /// Retries of an unacknowledged unicast frame.
    retries: u32 = 4, 7;
    /// Frames that wait in each of a node's transmit queues at most.
    queue: usize = 16, 500;
    /// Decentralised congestion control: `off` or `reactive`.
    dcc: Dcc = Dcc::Off, Dcc::Off;
}

impl Default for Params {
    fn default() -> Params {
        Params::preset(Preset::ItsG5)
    }
}

/// Thermal noise at 290 K in 10 MHz, dBm: `10 log10(k T B / 1 mW)`.
const THERMAL_NOISE_DBM: f64 = -103.976;

impl Params {
    /// Noise of a receiver, dBm.
    pub fn noise_dbm(&self) -> f64 {
        THERMAL_NOISE_DBM + self.noise_figure_db
    }

    /// Mean power from which a receiver is a candidate for a broadcast, dBm.
    pub fn candidate_dbm(&self) -> f64 {
        self.sensitivity_dbm - CANDIDATE_MARGIN_DB
    }

    /// Wavelength, metres.
    pub fn wavelength_m(&self) -> f64 {
        0.299_792_458 / self.frequency_ghz
    }

    /// Checks every value.
    ///
    /// # Errors
    /// The first key whose value makes no sense, and what was expected.
    pub fn validate(&self) -> Result<(), Invalid> {
        let ranges = [
            ("power_dbm", self.power_dbm, -50.0, 60.0),
            ("frequency_ghz", self.frequency_ghz, 0.1, 100.0),
            ("noise_figure_db", self.noise_figure_db, 0.0, 30.0),
            ("sensitivity_dbm", self.sensitivity_dbm, -110.0, 0.0),
            ("preamble_snr_db", self.preamble_snr_db, -10.0, 30.0),
            ("capture_db", self.capture_db, 0.0, 50.0),
            ("capture_window_us", self.capture_window_us, 0.0, 10_000.0),
            ("carrier_sense_dbm", self.carrier_sense_dbm, -110.0, 0.0),
            ("floor_dbm", self.floor_dbm, -130.0, self.candidate_dbm()),
            ("reference_loss_db", self.reference_loss_db, 0.0, 150.0),
            ("exponent", self.exponent, 1.5, 8.0),
            ("breakpoint_m", self.breakpoint_m, 1.0, 100_000.0),
            ("far_exponent", self.far_exponent, 1.5, 8.0),
            ("shadowing_db", self.shadowing_db, 0.0, 20.0),
            ("shadowing_m", self.shadowing_m, 0.1, 10_000.0),
            ("wall_db", self.wall_db, 0.0, 100.0),
            ("indoor_db_per_m", self.indoor_db_per_m, 0.0, 20.0),
            ("vehicle_height_m", self.vehicle_height_m, 0.1, 10.0),
            ("contention_window", f64::from(self.contention_window), 1.0, 1023.0),
            (
                "contention_window_max",
                f64::from(self.contention_window_max),
                f64::from(self.contention_window),
                1023.0,
            ),
            ("lifetime_ms", self.lifetime_ms as f64, 1.0, 60_000.0),
            ("retries", f64::from(self.retries), 0.0, 20.0),
            ("queue", self.queue as f64, 1.0, 4096.0),
        ];
        let wrong = |key, expected| Err(Invalid { key, expected });
        for (key, value, min, max) in ranges {
            if !(min..=max).contains(&value) {
                return wrong(key, format!("a number from {min} to {max}"));
            }
        }
        if Rate::from_mbps(self.rate_mbps).is_none() {
            return wrong("rate_mbps", "3, 4.5, 6, 9, 12, 18, 24 or 27".to_owned());
        }
        if !self.nakagami_m.iter().all(|m| (0.5..=50.0).contains(m)) {
            return wrong("nakagami_m", "three numbers from 0.5 to 50".to_owned());
        }
        let [second, third] = self.nakagami_at_m;
        if !(0.0 <= second && second <= third && third.is_finite()) {
            return wrong("nakagami_at_m", "two distances, the nearer one first".to_owned());
        }
        Ok(())
    }
}
