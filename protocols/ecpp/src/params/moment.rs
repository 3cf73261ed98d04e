//! Moments within lists of nodes.

use core::time::Duration;

/// Reads a time such as `1500ms`, `20s` or `2m`.
pub(super) fn moment(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().ok()?;
    Some(match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" | "min" => Duration::from_secs(number.saturating_mul(60)),
        _ => return None,
    })
}
