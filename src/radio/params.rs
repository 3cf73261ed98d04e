//! What a scenario may say of the air, under `[radio]`.

use serde::Deserialize;

use crate::scenario::Invalid;

/// The channel and the receivers, alike for all nodes. Defaults: IEEE 802.11p at 5.9 GHz, 10 MHz, 6 Mbit/s.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// Transmit power with antenna gains, dBm.
    pub power_dbm: f64,
    /// Weakest power at which a preamble is decoded, dBm.
    pub sensitivity_dbm: f64,
    /// Power above which the channel counts as busy, dBm.
    pub carrier_sense_dbm: f64,
    /// Thermal noise in 10 MHz with the receiver's noise figure, dBm.
    pub noise_dbm: f64,
    /// Path loss at one metre, dB.
    pub reference_loss_db: f64,
    /// Exponent of the log-distance path loss.
    pub exponent: f64,
    /// Rayleigh-like fading after Nakagami, or none.
    pub fading: Fading,
    /// Signal-to-interference-and-noise ratio from which a 6 Mbit/s frame is received, dB.
    pub capture_db: f64,
    /// Attenuation for each wall crossed, dB (Sommer et al., WONS 2011: 9 dB).
    pub wall_db: f64,
    /// Attenuation for each metre inside a building, dB (Sommer et al., WONS 2011: 0.4 dB/m).
    pub indoor_db_per_m: f64,
    /// How many slots the back-off draws from: 0 to this number.
    pub contention_window: u32,
    /// Longest wait for the channel before a frame is dropped, milliseconds.
    pub lifetime_ms: u64,
    /// Retries of an unacknowledged unicast frame.
    pub retries: u32,
    /// Frames that wait in a node's transmit queue at most.
    pub queue: usize,
}

/// Small-scale fading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fading {
    /// Nakagami-m: m = 3 below 50 m, 1.5 below 150 m, 1 beyond.
    Nakagami,
    /// None: the mean power is received.
    None,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            power_dbm: 20.0,
            sensitivity_dbm: -92.0,
            carrier_sense_dbm: -85.0,
            noise_dbm: -97.0,
            reference_loss_db: 47.86,
            exponent: 2.5,
            fading: Fading::Nakagami,
            capture_db: 6.0,
            wall_db: 9.0,
            indoor_db_per_m: 0.4,
            contention_window: 15,
            lifetime_ms: 100,
            retries: 4,
            queue: 16,
        }
    }
}

impl Params {
    /// Checks every value.
    ///
    /// # Errors
    /// The first key whose value makes no sense, and what was expected.
    pub fn validate(&self) -> Result<(), Invalid> {
        let ranges = [
            ("power_dbm", self.power_dbm, -50.0, 60.0),
            ("sensitivity_dbm", self.sensitivity_dbm, -120.0, 0.0),
            ("carrier_sense_dbm", self.carrier_sense_dbm, -120.0, 0.0),
            ("noise_dbm", self.noise_dbm, -120.0, 0.0),
            ("reference_loss_db", self.reference_loss_db, 0.0, 150.0),
            ("exponent", self.exponent, 1.5, 8.0),
            ("capture_db", self.capture_db, -10.0, 50.0),
            ("wall_db", self.wall_db, 0.0, 100.0),
            ("indoor_db_per_m", self.indoor_db_per_m, 0.0, 20.0),
            ("contention_window", f64::from(self.contention_window), 1.0, 1023.0),
            ("lifetime_ms", self.lifetime_ms as f64, 1.0, 60_000.0),
            ("retries", f64::from(self.retries), 0.0, 20.0),
            ("queue", self.queue as f64, 1.0, 4096.0),
        ];
        for (key, value, min, max) in ranges {
            if !(min..=max).contains(&value) {
                return Err(Invalid {
                    key,
                    expected: format!("a number from {min} to {max}"),
                });
            }
        }
        Ok(())
    }
}
