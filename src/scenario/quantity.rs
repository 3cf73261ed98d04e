//! Durations as people write them: `"60s"`, `"250ms"`, `"1.5s"`, `"2m"`.

use std::time::Duration;

/// What a duration must look like.
pub(super) const EXPECTED: &str = "a duration such as \"60s\", \"250ms\", \"1.5s\" or \"2m\"";

/// The longest duration that is read: a year.
const MAX_NANOS: u128 = 366 * 24 * 3_600 * 1_000_000_000;

/// Reads a duration, exactly to the nanosecond. `None` if it is none, or longer than a year.
pub fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let unit: u128 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty()
        || part.contains('.')
        || part.len() > 9
        || whole.len() > 18
        || (number.contains('.') && part.is_empty())
    {
        return None;
    }
    let whole: u128 = whole.parse().ok()?;
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let part: u128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let nanos = whole.checked_mul(unit)?.checked_add(part * unit / scale)?;
    (nanos <= MAX_NANOS).then(|| Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
}

/// Reads a duration that may have a sign: nanoseconds.
pub fn signed(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    Some(sign * i64::try_from(duration(text)?.as_nanos()).ok()?)
}

/// Writes a duration so that [`duration`] reads it back.
pub fn written(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    for (unit, name) in [(1_000_000_000, "s"), (1_000_000, "ms")] {
        if nanos.is_multiple_of(unit) {
            return format!("{}{name}", nanos / unit);
        }
    }
    format!("{nanos}ns")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_write_durations_in_many_ways() {
        let cases = [
            ("60s", 60_000_000_000),
            ("250ms", 250_000_000),
            ("1.5s", 1_500_000_000),
            ("2m", 120_000_000_000),
            ("2min", 120_000_000_000),
            ("0.25h", 900_000_000_000),
            ("10us", 10_000),
            ("7ns", 7),
            ("0s", 0),
        ];
        for (text, nanos) in cases {
            assert_eq!(duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
        for text in [
            "",
            "s",
            "60",
            "1e3s",
            "-5s",
            "nan s",
            "infs",
            "5 s",
            "5S",
            "1.s",
            ".5s",
            "1.2.3s",
            "99999999h",
            "1.0000000001s",
            "\u{663}s",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(signed("-20ms"), Some(-20_000_000));
        assert_eq!(signed("+1s"), Some(1_000_000_000));
        assert_eq!(signed("--1s"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos in 0_u64..1_000_000_000_000_000) {
            let span = Duration::from_nanos(nanos);
            prop_assert_eq!(duration(&written(span)), Some(span));
        }

        #[test]
        fn no_text_does_harm(text in ".{0,30}") {
            let _ = (duration(&text), signed(&text));
        }
    }
}
