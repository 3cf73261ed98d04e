//! Draws beside those of another library: counts that OpenDP 0.16 made with the same chances are kept in `data/opendp.csv`, because
//! its generator takes no seed. Two samples of one distribution agree within chance.

use chacha20::ChaCha12Rng;
use rand_core::SeedableRng;
use roadveil_ldp::{Epsilon, Kind, Mechanism, Reading, Report, Rounding};

const DRAWS: u32 = 400_000;

/// What a report adds to which of the counts.
fn bins(name: &str, report: Report, outputs: u64) -> Vec<usize> {
    match name {
        "sue" => (0..8).filter(|bit| report >> bit & 1 == 1).collect(),
        "laplace" => {
            // The middle of all outputs is the level of half of the range without noise.
            let noise = report as i64 - (outputs - 1) as i64 / 2;
            vec![(noise.div_euclid(32) + 11).clamp(0, 21) as usize]
        }
        _ => vec![report as usize],
    }
}

/// How many outputs there are: the first that nobody can have made.
fn outputs(mechanism: &dyn Mechanism) -> u64 {
    let made = |report: u64| mechanism.count(report, &mut vec![0; mechanism.counters()]).is_ok();
    (0..1u64 << mechanism.bits())
        .rev()
        .find(|report| made(*report))
        .map_or(0, |last| last + 1)
}

#[test]
fn draws_are_those_of_opendp_within_chance() {
    let text = include_str!("data/opendp.csv");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split(',');
        let (name, epsilon) = (fields.next().expect("a name"), fields.next().expect("a budget"));
        let theirs: Vec<f64> = fields.map(|count| count.parse().expect("a count")).collect();
        let (kind, levels, share) = match name {
            "rr-1" => (Kind::Rr1, 2, 1.0),
            "grr" => (Kind::Grr, 10, 3.0 / 9.0),
            "sue" => (Kind::Sue, 8, 2.0 / 7.0),
            _ => (Kind::Laplace, 2, 0.5),
        };
        let epsilon = Epsilon::new(epsilon.parse().expect("a number")).expect("a budget");
        // To the nearest level: shares of a third have no exact reading.
        let mechanism = kind.build(epsilon, levels, Rounding::Nearest).expect("a mechanism");
        let mut rng = ChaCha12Rng::from_seed([31; 32]);
        let outputs = outputs(&*mechanism);
        let mut ours = vec![0.0; theirs.len()];
        for _ in 0..DRAWS {
            let report = mechanism.report(Reading::from_share(share), &mut rng);
            for bin in bins(name, report, outputs) {
                ours[bin] += 1.0;
            }
        }
        // Of bits each is a sample by itself: what is not set is counted, too.
        let draws = f64::from(DRAWS);
        let pairs: Vec<(f64, f64)> = match name {
            "sue" => ours
                .iter()
                .zip(&theirs)
                .flat_map(|(a, b)| [(*a, *b), (draws - a, draws - b)])
                .collect(),
            _ => ours.iter().copied().zip(theirs.iter().copied()).collect(),
        };
        let square: f64 = pairs.iter().map(|(a, b)| (a - b) * (a - b) / (a + b)).sum();
        let freedom = if name == "sue" { 8.0 } else { ours.len() as f64 - 1.0 };
        // Five deviations above the mean of chi-square.
        assert!(
            square < freedom + 5.0 * f64::sqrt(2.0 * freedom),
            "{name}: {square} with {freedom}"
        );
    }
}
