//! Defences that raise an alarm: the feeder's own meter, and the slot before.

use chacha20::ChaCha12Rng;
use roadveil_ldp::attack::shift;
use roadveil_ldp::defence::{alarm_rate, feeder_alarm, temporal_alarm};
use roadveil_ldp::one_bit::OneBit;
use roadveil_ldp::{Estimate, Mechanism, Report, Tally};

use super::{Alarms, Errors, FALSE, MEAN, METERS, RAMP, REPEATS, Row, SLOTS, VARIED, Z, honest, says};

/// How often an attack over slots is done.
const RUNS: u32 = 30;

/// False meters that all say `report`, beside the feeder's own meter, which measures what all draw: the false ones,
/// too.
pub(super) fn feeder(
    mechanism: &dyn Mechanism,
    attack: String,
    lie: u64,
    report: Report,
    rng: &mut ChaCha12Rng,
) -> Option<Row> {
    let mut errors = Vec::new();
    let [mut raised, mut false_alarms] = [0u32; 2];
    for _ in 0..REPEATS {
        let mut tally = Tally::new(mechanism);
        let mut sum = honest(mechanism, METERS - lie, &mut tally, rng)?;
        let mut nobody = tally.clone();
        for _ in 0..lie {
            tally.add(mechanism, report).ok()?;
        }
        sum += honest(mechanism, lie, &mut nobody, rng)?;
        let metered = sum / METERS as f64;
        let published = |tally: &Tally, alarms: &mut u32| {
            let estimate = Estimate::of(mechanism, tally)?;
            let alarm = feeder_alarm(&estimate, metered, Z);
            *alarms += u32::from(alarm);
            Some((
                estimate.mean - metered,
                if alarm { 0.0 } else { estimate.mean - metered },
            ))
        };
        let (undefended, defended) = published(&tally, &mut raised)?;
        let (_, honest) = published(&nobody, &mut false_alarms)?;
        errors.push(Errors {
            undefended,
            defended,
            honest,
        });
    }
    let moved = shift(lie as f64 / METERS as f64, says(mechanism, report)?, MEAN);
    let rate = |moved, lie: u64| {
        let bound = Z * deviation(mechanism, MEAN + moved, 0, 0.0);
        alarm_rate(moved, deviation(mechanism, MEAN, lie, VARIED), bound)
    };
    let of_runs = |alarms: u32| f64::from(alarms) / f64::from(REPEATS);
    Some(Row {
        attack,
        defence: "feeder total",
        counted: Some([lie; 2]),
        errors,
        closed: Some(moved),
        alarms: Some(Alarms {
            attack: of_runs(raised),
            honest: of_runs(false_alarms),
            closed: [rate(moved, lie), rate(0.0, 0)],
            chances: f64::from(REPEATS),
        }),
    })
}

/// The deviation of an estimate of meters around that mean, of which some say the same always. `varied` is what
/// readings vary, where the estimate is compared with those of the same meters.
fn deviation(mechanism: &dyn Mechanism, mean: f64, lie: u64, varied: f64) -> f64 {
    let one = mechanism.variance(mean.clamp(0.0, 1.0)) - varied;
    libm::sqrt(one * (METERS - lie) as f64) / METERS as f64
}

/// An attack that begins in the middle, or grows with each slot.
pub(super) fn temporal(one_bit: &OneBit, sudden: bool, rng: &mut ChaCha12Rng) -> Option<Row> {
    let lies = |slot: u64| match sudden {
        true if slot < SLOTS / 2 => 0,
        true => FALSE,
        false => FALSE * slot / (SLOTS - 1),
    };
    let mut errors = Vec::new();
    let [mut raised, mut false_alarms] = [0u64; 2];
    for _ in 0..RUNS {
        let [mut taken, mut taken_of_nobody]: [Option<Estimate>; 2] = [None; 2];
        let mut last = None;
        for slot in 0..SLOTS {
            let (mut tally, lie) = (Tally::new(one_bit), lies(slot));
            honest(one_bit, METERS - lie, &mut tally, rng)?;
            let mut nobody = tally.clone();
            honest(one_bit, lie, &mut nobody, rng)?;
            tally.counters.iter_mut().for_each(|ones| *ones += lie);
            tally.n += lie;
            let look = |taken: &mut Option<Estimate>, tally: &Tally| {
                let now = Estimate::of(one_bit, tally)?;
                let alarm = taken.is_some_and(|taken| temporal_alarm(&taken, &now, RAMP, Z));
                if !alarm {
                    *taken = Some(now);
                }
                Some((alarm, now.mean))
            };
            let (alarm, mean) = look(&mut taken, &tally)?;
            raised += u64::from(alarm && (!sudden || slot == SLOTS / 2));
            false_alarms += u64::from(look(&mut taken_of_nobody, &nobody)?.0);
            last = Some(mean);
        }
        errors.push(Errors {
            undefended: last? - MEAN,
            defended: taken?.mean - MEAN,
            honest: taken_of_nobody?.mean - MEAN,
        });
    }
    let moved = |lie: u64| shift(lie as f64 / METERS as f64, says(one_bit, 1).unwrap_or(f64::NAN), MEAN);
    let root = |one: f64, other: f64| libm::sqrt(one * one + other * other);
    let rate = |before: u64, now: u64| {
        let noise = |lie| deviation(one_bit, MEAN, lie, 0.0);
        let assumed = |lie| deviation(one_bit, MEAN + moved(lie), 0, 0.0);
        let bound = RAMP + Z * root(assumed(before), assumed(now));
        alarm_rate(moved(now) - moved(before), root(noise(before), noise(now)), bound)
    };
    let (attack, chances) = if sudden {
        (rate(0, FALSE), f64::from(RUNS))
    } else {
        (
            rate(FALSE / 2, FALSE / 2 + FALSE / (SLOTS - 1)),
            (u64::from(RUNS) * (SLOTS - 1)) as f64,
        )
    };
    Some(Row {
        attack: format!("RR-1, mean, {}", if sudden { "sudden" } else { "slow" }),
        defence: "temporal",
        counted: Some([FALSE; 2]),
        errors,
        closed: Some(moved(FALSE)),
        alarms: Some(Alarms {
            attack: raised as f64 / chances,
            honest: false_alarms as f64 / (u64::from(RUNS) * (SLOTS - 1)) as f64,
            closed: [attack, rate(0, 0)],
            chances,
        }),
    })
}
