//! The wall clock, for what is paced or dated and decides nothing: how often a log is flushed, how fast a replay runs,
//! what a log is called. The only place of the journal that asks it; virtual time is the only time in a log's events.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "pacing, flushing and dating are about the person's time, and no event depends on them"
)]

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fmt, fs};

/// A moment of the host's steady clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(Instant);

impl Moment {
    pub(super) fn now() -> Moment {
        Moment(Instant::now())
    }

    /// What has passed since `earlier`; nothing, if that is later.
    pub(super) fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    pub(super) fn plus(self, span: Duration) -> Moment {
        Moment(self.0 + span)
    }
}

/// When a file was written, by its file system; the beginning of time where that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Written(SystemTime);

impl Written {
    pub(super) fn of(path: &Path) -> Written {
        Written(
            fs::metadata(path)
                .and_then(|file| file.modified())
                .unwrap_or(UNIX_EPOCH),
        )
    }
}

/// A second of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date {
    year: i64,
    month: u8,
    day: u8,
    second: u32,
}

impl Date {
    pub(super) fn now() -> Date {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |span| span.as_secs());
        Date::from_unix(seconds)
    }

    /// After Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day is the last of one.
    fn from_unix(seconds: u64) -> Date {
        let days = i64::try_from(seconds / 86_400).unwrap_or(0) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        Date {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: month as u8,
            day: day as u8,
            second: (seconds % 86_400) as u32,
        }
    }

    fn clock(self) -> (u32, u32, u32) {
        (self.second / 3_600, self.second / 60 % 60, self.second % 60)
    }

    /// As logs are named: `20260131-235959`.
    pub(super) fn compact(self) -> String {
        let (hour, minute, second) = self.clock();
        format!(
            "{:04}{:02}{:02}-{hour:02}{minute:02}{second:02}",
            self.year, self.month, self.day
        )
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = self.clock();
        write!(
            f,
            "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
            self.year, self.month, self.day
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_agree_with_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Date::from_unix(seconds).to_string(), text);
        }
        assert_eq!(Date::from_unix(1_735_689_599).compact(), "20241231-235959");
    }
}
