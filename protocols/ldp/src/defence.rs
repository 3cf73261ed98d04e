//! What helps against false reports, beside normalisation ([`attack::normalised`](crate::attack::normalised)): none
//! looks at a report by itself, for no single report is wrong.
//!
//! | defence | helps against | does not |
//! |---|---|---|
//! | [`Register`] | meters that are invented, and reports that are sent twice | meters that are owned |
//! | [`feeder_alarm`] | a mean that is far from what the feeder's own meter measured | less than the noise; frequencies whose mean stays |
//! | [`trimmed_mean`] | false meters that are together | such as are everywhere; and it costs a bias where groups differ |
//! | [`temporal_alarm`] | a mean that jumps | one that is moved slowly |
//!
//! Reconstruction: none of them is of a paper on local differential privacy. They are what an operator of meters has at
//! hand.

use std::collections::BTreeSet;

use crate::mechanism::Estimate;

/// Who may report in a slot, and has: of each enrolled identity one report counts.
///
/// That a report is of the identity that it names is a signature's matter, and not looked at here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    enrolled: BTreeSet<u64>,
    seen: BTreeSet<u64>,
}

impl Register {
    /// Of those identities.
    pub fn new(enrolled: impl IntoIterator<Item = u64>) -> Register {
        Register {
            enrolled: enrolled.into_iter().collect(),
            seen: BTreeSet::new(),
        }
    }

    /// Does a report of that identity count? The first of one that is enrolled does.
    pub fn accepts(&mut self, identity: u64) -> bool {
        self.enrolled.contains(&identity) && self.seen.insert(identity)
    }

    /// A new slot: all may report again.
    pub fn next_slot(&mut self) {
        self.seen.clear();
    }
}

/// Is an estimate further from what the feeder's own meter measured than noise explains, by `z` deviations? `metered`
/// is a share of the range for each meter, as the estimate is. Its losses are the caller's to take off.
pub fn feeder_alarm(estimate: &Estimate, metered: f64, z: f64) -> bool {
    (estimate.mean - metered).abs() > z * libm::sqrt(estimate.variance.max(0.0))
}

/// Has an estimate moved since the last slot by more than readings do, `ramp`, and noise explains, by `z` deviations?
/// Both must be of fresh reports: where answers are remembered errors are alike, and noise explains less.
pub fn temporal_alarm(last: &Estimate, now: &Estimate, ramp: f64, z: f64) -> bool {
    let deviation = libm::sqrt((last.variance + now.variance).max(0.0));
    (now.mean - last.mean).abs() > ramp + z * deviation
}

/// The mean of means of groups without the least and the largest, `trim` of all at either end, rounded down. Nothing of
/// no groups; below zero `trim` is nothing, and at least one group stays, or two in the middle of an even number.
pub fn trimmed_mean(groups: &[f64], trim: f64) -> Option<f64> {
    let mut sorted = groups.to_vec();
    sorted.sort_by(f64::total_cmp);
    let most = sorted.len().checked_sub(1)? / 2;
    // A float cast saturates, and what is no number is zero.
    let cut = ((sorted.len() as f64 * trim) as usize).min(most);
    let kept = sorted.get(cut..sorted.len() - cut)?;
    Some(kept.iter().sum::<f64>() / kept.len() as f64)
}

/// How often an alarm is raised that waits for more than `bound` in either direction, where what it looks at is normal
/// with that mean and deviation: the closed form of both alarms.
pub fn alarm_rate(mean: f64, deviation: f64, bound: f64) -> f64 {
    let above = |distance: f64| 0.5 * libm::erfc(distance / (deviation * core::f64::consts::SQRT_2));
    above(bound - mean) + above(bound + mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Epsilon, Kind, Reading, Rounding, Tally};
    use chacha20::ChaCha12Rng;
    use rand_core::SeedableRng;

    #[test]
    fn who_is_not_enrolled_or_has_reported_does_not_count() {
        let mut register = Register::new(0..10);
        assert!(register.accepts(3) && !register.accepts(3) && !register.accepts(10) && register.accepts(0));
        register.next_slot();
        assert!(register.accepts(3) && !register.accepts(u64::MAX));
    }

    #[test]
    fn alarms_are_raised_beyond_their_bounds() {
        let of = |mean| Estimate { mean, variance: 0.0001 };
        assert!(!feeder_alarm(&of(0.329), 0.3, 3.0) && feeder_alarm(&of(0.331), 0.3, 3.0));
        assert!(!feeder_alarm(&of(0.271), 0.3, 3.0) && feeder_alarm(&of(0.269), 0.3, 3.0));
        // Three deviations of a difference, 0.0424, and a ramp.
        assert!(!temporal_alarm(&of(0.3), &of(0.352), 0.01, 3.0) && temporal_alarm(&of(0.3), &of(0.353), 0.01, 3.0));
        assert!(!temporal_alarm(&of(0.3), &of(0.248), 0.01, 3.0) && temporal_alarm(&of(0.3), &of(0.247), 0.01, 3.0));
    }

    #[test]
    fn trimmed_means_leave_the_ends_out() {
        let mean = |trim| trimmed_mean(&[0.9, 0.1, 0.3, 0.2, 5.0], trim);
        assert!((mean(0.0).expect("groups") - 1.3).abs() < 1e-12);
        assert!((mean(0.2).expect("groups") - 1.4 / 3.0).abs() < 1e-12);
        assert_eq!(
            (mean(0.4), mean(7.0), mean(f64::INFINITY)),
            (Some(0.3), Some(0.3), Some(0.3))
        );
        assert_eq!((mean(f64::NAN), mean(-1.0)), (mean(0.0), mean(0.0)));
        assert_eq!(
            (trimmed_mean(&[], 0.1), trimmed_mean(&[0.25, 0.5], 0.5)),
            (None, Some(0.375))
        );
    }

    /// By the table of the normal distribution, and by drawing: an estimate of many bits is about normal.
    #[test]
    fn alarms_are_raised_as_often_as_stated() {
        assert!((alarm_rate(0.0, 1.0, 1.959_964) - 0.05).abs() < 1e-6);
        assert!((alarm_rate(2.0, 0.5, 1.0) - 0.977_25).abs() < 1e-5);
        let mut rng = ChaCha12Rng::from_seed([51; 32]);
        let epsilon = Epsilon::new(1.0).expect("a budget");
        let mechanism = Kind::Rr1.build(epsilon, 2, Rounding::Stochastic).expect("a mechanism");
        let (n, runs) = (400u32, 2000u32);
        let alarms = (0..runs).filter(|_| {
            let mut tally = Tally::new(&*mechanism);
            for _ in 0..n {
                let report = mechanism.report(Reading::from_share(0.3), &mut rng);
                tally.add(&*mechanism, report).expect("possible");
            }
            feeder_alarm(&Estimate::of(&*mechanism, &tally).expect("reports"), 0.2, 2.0)
        });
        let deviation = libm::sqrt(mechanism.variance(0.3) / f64::from(n));
        let (found, stated) = (
            alarms.count() as f64 / f64::from(runs),
            alarm_rate(0.1, deviation, 2.0 * deviation),
        );
        assert!((found - stated).abs() < 0.05, "{found}, not {stated}");
    }
}
