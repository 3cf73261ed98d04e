//! `ldp-defences`: what helps against false reports, and what does not.
//!
//! Each row is an attack beside one defence: by how much an estimate is too high on average without it and with it,
//! what the defence alone costs where nobody lies, and how often an alarm is raised for good reason and for none.

mod alarms;

use chacha20::ChaCha12Rng;
use rand_core::SeedableRng;
use roadveil_ldp::attack::{Attack, gain, normalised, reading_at, shift, strongest};
use roadveil_ldp::defence::{Register, trimmed_mean};
use roadveil_ldp::draw::below;
use roadveil_ldp::one_bit::OneBit;
use roadveil_ldp::{Epsilon, Kind, Mechanism, Reading, Report, Rounding, Tally};
use serde_json::{Value, json};

use super::Outcome;
use alarms::{feeder, temporal};

/// Meters, of which some are false.
const METERS: u64 = 20_000;
const FALSE: u64 = 1000;
const FEW: u64 = 200;
/// Identities that are invented, by who owns so many meters.
const INVENTED: u64 = 4000;
const OWNED: u64 = 20;
const EPSILON: f64 = 1.0;
/// What meters read on average, and how much readings vary.
const MEAN: f64 = 0.3;
const VARIED: f64 = 0.2025 * (1.0 / 5.0 - 1.0 / 9.0);
/// Levels of frequencies, and those that are to seem frequent.
const LEVELS: u32 = 20;
const TARGETS: [u32; 3] = [3, 7, 11];
/// Other levels with which a false report says the mean of all.
const BALANCE: [u32; 2] = [12, 19];
/// Groups, and the part of them that is left out at either end.
const GROUPS: u64 = 50;
const TRIM: f64 = 0.1;
/// Deviations from which on an alarm is raised, and what readings may move in a slot.
const Z: f64 = 3.0;
const RAMP: f64 = 0.01;
const SLOTS: u64 = 24;
/// How often each is done.
const REPEATS: u32 = 60;

/// One row, in percent; what does not apply is not there.
#[derive(Default)]
struct Row {
    attack: String,
    defence: &'static str,
    /// False reports, and those that still count.
    counted: Option<[u64; 2]>,
    errors: Vec<Errors>,
    /// What the error without a defence is by theory.
    closed: Option<f64>,
    alarms: Option<Alarms>,
}

/// Of one repeat, as shares.
#[derive(Clone, Copy)]
struct Errors {
    undefended: f64,
    defended: f64,
    /// Defended where nobody lies.
    honest: f64,
}

/// How often alarms are raised under attack and without, of so many chances, beside theory.
struct Alarms {
    attack: f64,
    honest: f64,
    closed: [f64; 2],
    chances: f64,
}

/// Fills the table.
pub(super) fn run() -> Outcome {
    let mut outcome = Outcome {
        notes: notes(),
        columns: vec![
            "attack",
            "defence",
            "false_reports",
            "false_counted",
            "error_percent_undefended",
            "closed_form_percent",
            "error_percent_defended",
            "error_percent_honest",
            "alarms_percent",
            "alarms_closed_percent",
            "false_alarms_percent",
        ],
        rows: Vec::new(),
        parted: Vec::new(),
    };
    match rows() {
        Some(rows) => rows.into_iter().for_each(|row| write(&mut outcome, row)),
        None => outcome.parted.push("the lab itself is not sound".to_owned()),
    }
    outcome
}

/// What must be known to read it, and what does not help.
fn notes() -> Vec<String> {
    let beta = FALSE as f64 / METERS as f64;
    let gained = Epsilon::new(EPSILON).ok().and_then(|epsilon| {
        let oue = Kind::Oue.build(epsilon, LEVELS, Rounding::Stochastic).ok()?;
        let targets = TARGETS.len() as f64;
        Some(100.0 * gain(beta, targets, targets, TARGETED, oue.support()?))
    });
    vec![
        format!("{METERS} meters, epsilon {EPSILON}. Errors: by how much an estimate is too high on average, in percent: of the range for means, of all meters for the share of the levels {TARGETS:?} of {LEVELS} (GRR and OUE with normalisation). Defended: with the defence; honest: with it, and nobody lies, which is what it costs."),
        "signed: who invents meters gains nothing, who owns them all that they gained before.".to_owned(),
        "normalisation: negative frequencies are nothing, the rest sums up to one. It is no cure: with OUE it adds to what reports gain that support the targets alone.".to_owned(),
        format!("feeder total: an estimate further than {Z} deviations from what the feeder's own meter says is replaced by that. A few false meters move the mean by too little to be seen. Balanced: false reports support other levels, too, so that they say about the mean of all: no alarm, and the targets gain {:.1} percent all the same.", gained.unwrap_or(f64::NAN)),
        format!("trimmed groups: the mean of means of {GROUPS} groups without {TRIM} of them at either end. It helps where false meters are together, and not where they are everywhere; where groups differ it is off though nobody lies."),
        format!("temporal: a jump by more than {RAMP} of the range and {Z} deviations since the last estimate that was taken, which is held then. All meters report in each of {SLOTS} slots, at a fresh budget. Sudden: alarms in its first slot; each slot is another chance for it to be taken for true, and then it stays. Slow: one meter in twenty by the last slot, alarms in any slot. It is not seen."),
    ]
}

fn rows() -> Option<Vec<Row>> {
    let epsilon = Epsilon::new(EPSILON).ok()?;
    let one_bit = OneBit::new(epsilon);
    let mut number = 0u8;
    let mut rng = || {
        number += 1;
        ChaCha12Rng::from_seed([number; 32])
    };
    let mut rows = vec![
        sybil(&one_bit, INVENTED, OWNED, &mut rng())?,
        sybil(&one_bit, 0, FALSE, &mut rng())?,
    ];
    let levels = |kind: Kind| kind.build(epsilon, LEVELS, Rounding::Stochastic).ok();
    for mechanism in [levels(Kind::Grr)?, levels(Kind::Oue)?] {
        for attack in Attack::ALL {
            rows.push(normalisation(&*mechanism, attack, &mut rng())?);
        }
    }
    for false_meters in [FALSE, FEW] {
        let name = format!("RR-1, mean, {false_meters} false");
        rows.push(feeder(&one_bit, name, false_meters, 1, &mut rng())?);
    }
    let oue = levels(Kind::Oue)?;
    let bits = |levels: &[u32]| levels.iter().fold(0, |bits, level| bits | 1u64 << level);
    let targets = bits(&TARGETS);
    for (name, report) in [
        ("MGA, unbalanced", targets),
        ("MGA, balanced", targets | bits(&BALANCE)),
    ] {
        rows.push(feeder(&*oue, format!("OUE, {name}"), FALSE, report, &mut rng())?);
    }
    for (together, alike) in [(true, true), (false, true), (true, false)] {
        rows.push(trimmed(&one_bit, together, alike, &mut rng())?);
    }
    for sudden in [true, false] {
        rows.push(temporal(&one_bit, sudden, &mut rng())?);
    }
    Some(rows)
}

/// A reading of a meter: 0.3 of the range on average, small ones more often.
fn reading(rng: &mut ChaCha12Rng) -> f64 {
    let uniform = below(rng, 1 << 20) as f64 / f64::from(1 << 20);
    0.15 + 0.45 * uniform * uniform
}

/// Reports of so many honest meters into a tally, and the sum of what they read.
fn honest(mechanism: &dyn Mechanism, meters: u64, tally: &mut Tally, rng: &mut ChaCha12Rng) -> Option<f64> {
    let mut sum = 0.0;
    for _ in 0..meters {
        let share = reading(rng);
        sum += share;
        let report = mechanism.report(Reading::from_share(share), rng);
        tally.add(mechanism, report).ok()?;
    }
    Some(sum)
}

/// What one report says of the mean.
fn says(mechanism: &dyn Mechanism, report: Report) -> Option<f64> {
    let mut tally = Tally::new(mechanism);
    tally.add(mechanism, report).ok()?;
    mechanism.mean(&tally)
}

/// Meters that are invented beside some that are owned: each says a 1.
fn sybil(one_bit: &OneBit, invented: u64, owned: u64, rng: &mut ChaCha12Rng) -> Option<Row> {
    let mut counted = 0;
    let mut errors = Vec::new();
    for _ in 0..REPEATS {
        let mut genuine = Tally::new(one_bit);
        let sum = honest(one_bit, METERS - owned, &mut genuine, rng)?;
        let owners: f64 = (0..owned).map(|_| reading(rng)).sum();
        let truth = (sum + owners) / METERS as f64;
        // The last identities are the attacker's, and those beyond are nobody's; each reports twice.
        let mut register = Register::new(0..METERS);
        let (mut all, mut defended) = (genuine.clone(), genuine.clone());
        counted = 0;
        for identity in METERS - owned..METERS + invented {
            all.add(one_bit, 1).ok()?;
            for _ in 0..2 {
                if register.accepts(identity) {
                    defended.add(one_bit, 1).ok()?;
                    counted += 1;
                }
            }
        }
        errors.push(Errors {
            undefended: one_bit.mean(&all)? - truth,
            defended: one_bit.mean(&defended)? - truth,
            honest: one_bit.mean(&genuine)? - sum / (METERS - owned) as f64,
        });
    }
    let beta = (owned + invented) as f64 / (METERS + invented) as f64;
    Some(Row {
        attack: format!("RR-1, mean, {owned} owned, {invented} invented"),
        defence: "signed, one a slot",
        counted: Some([owned + invented, counted]),
        errors,
        closed: Some(shift(beta, says(one_bit, 1)?, MEAN)),
        alarms: None,
    })
}

/// A meter's level: `v` with the chance `(v mod 4 + 1) / 50`.
fn level(rng: &mut ChaCha12Rng) -> u32 {
    let word = below(rng, 50) as u32;
    // Of ten words each four levels in a row have one, two, three and four.
    let place = match word % 10 {
        0 => 0,
        1 | 2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    word / 10 * 4 + place
}

fn targeted(frequencies: &[f64]) -> f64 {
    let of = |target: &u32| frequencies.get(*target as usize);
    TARGETS.iter().filter_map(of).sum()
}

/// The share of the targets among honest meters.
const TARGETED: f64 = 12.0 / 50.0;

fn normalisation(mechanism: &dyn Mechanism, attack: Attack, rng: &mut ChaCha12Rng) -> Option<Row> {
    let best = strongest(mechanism, &TARGETS, rng);
    let mut errors = Vec::new();
    for _ in 0..REPEATS / 3 {
        let mut tally = Tally::new(mechanism);
        for _ in 0..METERS - FALSE {
            let report = mechanism.report(reading_at(mechanism, level(rng)), rng);
            tally.add(mechanism, report).ok()?;
        }
        let before = normalised(&mechanism.frequencies(&tally)?);
        for _ in 0..FALSE {
            let report = attack.forge(mechanism, &TARGETS, best, rng);
            tally.add(mechanism, report).ok()?;
        }
        let after = mechanism.frequencies(&tally)?;
        errors.push(Errors {
            undefended: targeted(&after) - TARGETED,
            defended: targeted(&normalised(&after)) - TARGETED,
            honest: targeted(&before) - TARGETED,
        });
    }
    let beta = FALSE as f64 / METERS as f64;
    let support = attack.expected_support(mechanism, &TARGETS, best)?;
    let closed = gain(beta, support, TARGETS.len() as f64, TARGETED, mechanism.support()?);
    Some(Row {
        attack: format!("{}, {}", mechanism.name(), attack.name()),
        defence: "normalisation",
        counted: Some([FALSE; 2]),
        errors,
        closed: Some(closed),
        alarms: None,
    })
}

/// False meters in a few groups, or in all; groups that read alike, or of which a tenth reads more.
fn trimmed(one_bit: &OneBit, together: bool, alike: bool, rng: &mut ChaCha12Rng) -> Option<Row> {
    let size = METERS / GROUPS;
    let mut errors = Vec::new();
    for _ in 0..REPEATS {
        let (mut sum, mut all) = (0.0, Tally::new(one_bit));
        let (mut attacked, mut genuine) = (Vec::new(), Vec::new());
        for group in 0..GROUPS {
            // On average nothing: nine groups of ten read less, and one more.
            let more = match (alike, group % 10) {
                (true, _) => 0.0,
                (false, 9) => 0.36,
                (false, _) => -0.04,
            };
            let lie = if together {
                FALSE.saturating_sub(group * size).min(size)
            } else {
                FALSE / GROUPS
            };
            let (mut tally, mut nobody) = (Tally::new(one_bit), Tally::new(one_bit));
            for meter in 0..size {
                let share = reading(rng) + more;
                sum += share;
                let report = one_bit.report(Reading::from_share(share), rng);
                nobody.add(one_bit, report).ok()?;
                tally.add(one_bit, if meter < lie { 1 } else { report }).ok()?;
            }
            all.merge(&tally).ok()?;
            attacked.push(one_bit.mean(&tally)?);
            genuine.push(one_bit.mean(&nobody)?);
        }
        let truth = sum / METERS as f64;
        errors.push(Errors {
            undefended: one_bit.mean(&all)? - truth,
            defended: trimmed_mean(&attacked, TRIM)? - truth,
            honest: trimmed_mean(&genuine, TRIM)? - truth,
        });
    }
    let at = if together { "in three groups" } else { "everywhere" };
    let groups = if alike { "" } else { ", groups differ" };
    // Of the false meters' own: in the first groups, which read less where groups differ.
    let own = if alike { MEAN } else { MEAN - 0.04 };
    Some(Row {
        attack: format!("RR-1, mean, false {at}{groups}"),
        defence: "trimmed groups",
        counted: Some([FALSE; 2]),
        errors,
        closed: Some(shift(FALSE as f64 / METERS as f64, says(one_bit, 1)?, own)),
        alarms: None,
    })
}

/// The mean of errors, with its standard error.
fn mean(errors: &[Errors], of: fn(&Errors) -> f64) -> [f64; 2] {
    let n = errors.len() as f64;
    let mean = errors.iter().map(of).sum::<f64>() / n;
    let squares = errors.iter().map(|one| (of(one) - mean) * (of(one) - mean));
    [mean, libm::sqrt(squares.sum::<f64>() / (n - 1.0) / n)]
}

fn write(outcome: &mut Outcome, row: Row) {
    let [found, error] = mean(&row.errors, |one| one.undefended);
    let name = format!("{}, {}", row.attack, row.defence);
    // Of some twenty repeats: six standard errors are one in a hundred thousand.
    let closed = row.closed.unwrap_or(f64::NAN);
    if (found - closed).abs() > 6.0 * error || !found.is_finite() || !closed.is_finite() {
        outcome
            .parted
            .push(format!("{name}: error {found:.4}, not {closed:.4}"));
    }
    let alarms = row.alarms.as_ref();
    let both = alarms.map(|alarms| [(alarms.attack, alarms.closed[0]), (alarms.honest, alarms.closed[1])]);
    for (found, closed) in both.into_iter().flatten() {
        let chances = alarms.map_or(1.0, |alarms| alarms.chances);
        // Where next to none is expected, two may still be seen.
        let room = 5.0 * libm::sqrt(closed * (1.0 - closed) / chances) + 2.0 / chances;
        if (found - closed).abs() > room {
            outcome
                .parted
                .push(format!("{name}: alarms {found:.4}, not {closed:.4}"));
        }
    }
    let percent = |share: Option<f64>| share.map_or(Value::Null, |share| json!(100.0 * share));
    outcome.rows.push(vec![
        json!(row.attack),
        json!(row.defence),
        json!(row.counted.map(|[all, _]| all)),
        json!(row.counted.map(|[_, counted]| counted)),
        percent(Some(found)),
        percent(row.closed),
        percent(Some(mean(&row.errors, |one| one.defended)[0])),
        percent(Some(mean(&row.errors, |one| one.honest)[0])),
        percent(alarms.map(|alarms| alarms.attack)),
        percent(alarms.map(|alarms| alarms.closed[0])),
        percent(alarms.map(|alarms| alarms.honest)),
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_helps_and_what_does_not() {
        let outcome = run();
        assert_eq!(
            (outcome.rows.len(), outcome.parted.len()),
            (17, 0),
            "{:?}",
            outcome.parted
        );
        let find = |attack: &str, column: &str| {
            let row = outcome.rows.iter().find(|row| row[0] == json!(attack));
            let column = outcome.columns.iter().position(|name| *name == column);
            row.and_then(|row| row[column?].as_f64()).expect("a row")
        };
        let both = |attack| {
            (
                find(attack, "error_percent_undefended"),
                find(attack, "error_percent_defended"),
            )
        };
        let helps = |attack| {
            let (before, after) = both(attack);
            after.abs() < 0.25 * before.abs()
        };
        assert_eq!(find("RR-1, mean, 20 owned, 4000 invented", "false_counted"), 20.0);
        for attack in [
            "RR-1, mean, 20 owned, 4000 invented",
            "RR-1, mean, 1000 false",
            "OUE, MGA, unbalanced",
            "RR-1, mean, false in three groups",
            "RR-1, mean, sudden",
        ] {
            assert!(helps(attack), "{attack}: {:?}", both(attack));
        }
        for attack in [
            "RR-1, mean, 1000 owned, 0 invented",
            "RR-1, mean, 200 false",
            "RR-1, mean, false everywhere",
            "RR-1, mean, slow",
            "OUE, MGA",
        ] {
            assert!(!helps(attack), "{attack}: {:?}", both(attack));
        }
        assert!(find("OUE, MGA, balanced", "alarms_percent") < 10.0);
        assert!(find("RR-1, mean, slow", "alarms_percent") < 5.0);
    }

    #[test]
    fn meters_stand_where_they_should() {
        let mut rng = ChaCha12Rng::from_seed([7; 32]);
        let n = 50_000u32;
        let there = (0..n).filter(|_| TARGETS.contains(&level(&mut rng))).count() as f64;
        assert!((there / f64::from(n) - TARGETED).abs() < 0.01);
        let mean = (0..n).map(|_| reading(&mut rng)).sum::<f64>() / f64::from(n);
        assert!((mean - MEAN).abs() < 0.003, "{mean}");
    }
}
