//! How much a role takes up in a second.

use roadveil_role::Time;

/// A bucket that fills with time, up to what a second brings.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    rate: u64,
    /// In units of a billionth of a token.
    level: u64,
    filled: Time,
}

const TOKEN: u64 = 1_000_000_000;

impl Bucket {
    /// A full bucket, for `rate` a second.
    pub(crate) fn new(rate: u64) -> Bucket {
        Bucket {
            rate,
            level: rate.saturating_mul(TOKEN),
            filled: Time::ZERO,
        }
    }

    /// Takes one token, if there is one.
    pub(crate) fn take(&mut self, now: Time) -> bool {
        // A nanosecond brings `rate` billionths of a token.
        let passed = now.0.saturating_sub(self.filled.0);
        self.filled = now;
        self.level = self
            .level
            .saturating_add(passed.saturating_mul(self.rate))
            .min(self.rate.saturating_mul(TOKEN));
        let enough = self.level >= TOKEN;
        if enough {
            self.level -= TOKEN;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_rate() {
        let mut bucket = Bucket::new(10);
        let taken = |bucket: &mut Bucket, now| (0..100).filter(|_| bucket.take(now)).count();
        assert_eq!(taken(&mut bucket, Time::ZERO), 10);
        assert_eq!(taken(&mut bucket, Time::from_millis(99)), 0);
        assert_eq!(taken(&mut bucket, Time::from_millis(500)), 5);
        assert_eq!(taken(&mut bucket, Time::from_secs(1000)), 10);
        let steady = (0..1000)
            .filter(|n| bucket.take(Time::from_millis(2_000_000 + 10 * n)))
            .count();
        assert!((100..=120).contains(&steady), "{steady}");
    }
}
