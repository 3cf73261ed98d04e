//! What a scenario may say of the wires, under `[backhaul]`.

use serde::Deserialize;

use crate::scenario::Invalid;

/// Every pair of wired nodes is joined by a link of this kind, unless `[[backhaul.link]]` says otherwise.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Params {
    /// One-way latency, milliseconds.
    pub latency_ms: f64,
    /// Added latency, drawn uniformly from zero to this, milliseconds.
    pub jitter_ms: f64,
    /// Share of packets lost, 0 to 1.
    pub loss: f64,
    /// Bits a second, each direction.
    pub bandwidth_bps: f64,
    /// Packets that wait for a link at most.
    pub queue: usize,
    /// Links that differ.
    pub link: Vec<Link>,
}

/// A link that differs from the others. What is not given is as for the others.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The two nodes, by name.
    pub between: [String; 2],
    /// As in [`Params`].
    pub latency_ms: Option<f64>,
    /// As in [`Params`].
    pub jitter_ms: Option<f64>,
    /// As in [`Params`].
    pub loss: Option<f64>,
    /// As in [`Params`].
    pub bandwidth_bps: Option<f64>,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            latency_ms: 5.0,
            jitter_ms: 1.0,
            loss: 0.0,
            bandwidth_bps: 100e6,
            queue: 256,
            link: Vec::new(),
        }
    }
}

impl Params {
    /// Checks every value.
    ///
    /// # Errors
    /// The first key whose value makes no sense, and what was expected.
    pub fn validate(&self) -> Result<(), Invalid> {
        range("queue", Some(self.queue as f64), 1.0, 1e6)?;
        validate_link(
            Some(self.latency_ms),
            Some(self.jitter_ms),
            Some(self.loss),
            Some(self.bandwidth_bps),
        )?;
        self.link
            .iter()
            .try_for_each(|link| validate_link(link.latency_ms, link.jitter_ms, link.loss, link.bandwidth_bps))
    }
}

/// The ranges that hold for every link.
fn validate_link(
    latency: Option<f64>,
    jitter: Option<f64>,
    loss: Option<f64>,
    bandwidth: Option<f64>,
) -> Result<(), Invalid> {
    range("latency_ms", latency, 0.0, 60_000.0)?;
    range("jitter_ms", jitter, 0.0, 60_000.0)?;
    range("loss", loss, 0.0, 1.0)?;
    range("bandwidth_bps", bandwidth, 1.0, 1e12)
}

/// Is `value`, where given, within bounds?
fn range(key: &'static str, value: Option<f64>, min: f64, max: f64) -> Result<(), Invalid> {
    match value {
        Some(value) if !(min..=max).contains(&value) => Err(Invalid {
            key,
            expected: format!("a number from {min} to {max}"),
        }),
        _ => Ok(()),
    }
}
