//! Which new pseudonym is whose old one: prediction, gating, and the best assignment of all.
//!
//! A pseudonym ends where it was heard for the last time. Within the gate of it are those that begin a little later, no
//! farther than a vehicle that moved so could be: by a Kalman prediction and a bound on the Mahalanobis distance. Among all
//! ends and beginnings that compete for each other, that assignment is taken that is likeliest as a whole (Kuhn and
//! Munkres), where no successor at all costs as much as the gate's rim.

use std::collections::BTreeMap;

use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;

use super::kalman::NOISE;
use super::sighting::Segment;
use crate::event::NodeId;

/// What the tracker takes for granted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Longest silence between two pseudonyms of a vehicle, seconds.
    pub silence: f64,
    /// Longest time in which both may be heard, seconds: a vehicle changes at once.
    pub overlap: f64,
    /// Greatest squared Mahalanobis distance, four degrees of freedom.
    pub gate: f64,
    /// Does it compare the powers with which the last message of one pseudonym and the first of another were received?
    pub power: bool,
    /// Does it read where validities begin? A key is asked for when the one before is about to go.
    pub validity: bool,
}

impl Default for Settings {
    /// Half a minute; a gate that lets 99.9 % pass.
    fn default() -> Settings {
        Settings {
            silence: 30.0,
            overlap: 0.2,
            gate: 18.467,
            power: false,
            validity: false,
        }
    }
}

/// A pseudonym that may follow another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Number of the segment.
    pub segment: usize,
    /// Negative logarithm of its likelihood.
    pub cost: f64,
}

/// What the tracker found.
#[derive(Clone, Debug, PartialEq)]
pub struct Links {
    /// For each segment, those that may follow it, in order of their numbers.
    pub candidates: Vec<Vec<Candidate>>,
    /// For each segment, the one that follows it in the likeliest assignment.
    pub next: Vec<Option<usize>>,
}

/// Too many pseudonyms compete for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// Most candidates in all, and most pairs of an end and a choice in one assignment: 160 and 400 MB.
const MAX_CANDIDATES: usize = 10_000_000;
const MAX_PAIRS: usize = 50_000_000;

/// Follows vehicles over their changes of pseudonym.
///
/// # Errors
/// If so many compete that they would fill the memory.
pub fn link(segments: &[Segment], settings: &Settings) -> Result<Links, TooMany> {
    let mut candidates = Vec::with_capacity(segments.len());
    let quantum = settings.validity.then(|| quantum(segments)).flatten();
    let mut all = 0;
    for (number, segment) in segments.iter().enumerate() {
        let found = gate(number, segment, segments, settings, quantum);
        all += found.len();
        if all > MAX_CANDIDATES {
            return Err(TooMany);
        }
        candidates.push(found);
    }
    let next = assign(
        &candidates,
        settings.gate + quantum.map_or(0.0, |quantum| rarity(settings, quantum)),
    )?;
    Ok(Links { candidates, next })
}

/// Those that may follow a segment. `segments` are in order of their first moments.
fn gate(
    number: usize,
    segment: &Segment,
    segments: &[Segment],
    settings: &Settings,
    quantum: Option<u64>,
) -> Vec<Candidate> {
    let end = segment.last.at.as_secs_f64();
    let begin = |other: &Segment| other.first.at.as_secs_f64();
    let from = segments.partition_point(|other| begin(other) < end - settings.overlap);
    let to = segments.partition_point(|other| begin(other) <= end + settings.silence);
    (from..to)
        .filter(|&other| other != number)
        .filter_map(|other| {
            // Of one whose validity is not known, the movement decides alone.
            let (asked, wider) = match quantum.zip(segments[other].begins) {
                Some((quantum, begins)) => (begins_cost(begins, end, quantum)?, rarity(settings, quantum)),
                None => (0.0, 0.0),
            };
            let first = segments[other].first;
            let later = segment.estimate.after((first.at.as_secs_f64() - end).max(0.0), NOISE);
            let (distance, determinant) = later.distance(first.state, NOISE);
            let powers = if settings.power {
                power_cost(segment.last.power, first.power)
            } else {
                0.0
            };
            (distance <= settings.gate + wider).then_some(Candidate {
                segment: other,
                cost: (distance + determinant) / 2.0 + asked + powers,
            })
        })
        .collect()
}

/// The largest number of milliseconds of which all validities that were heard begin on a multiple: what they are rounded
/// to, as far as a listener can tell. Nothing if he cannot.
fn quantum(segments: &[Segment]) -> Option<u64> {
    let gcd = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let begins = segments.iter().filter_map(|segment| segment.begins);
    Some(begins.fold(0, gcd)).filter(|quantum| *quantum > 0)
}

/// How much wider the gate is for validities that fit: a vehicle may have moved less likely and still be the one. Twice the
/// logarithm of how much rarer such a fit is by chance than any beginning within the silence.
fn rarity(settings: &Settings, quantum: u64) -> f64 {
    let fit = settings.silence / (quantum as f64 / 1000.0 + EXCHANGE);
    2.0 * libm::log(fit.max(1.0))
}

/// How long after the end of a pseudonym the next one's key was asked for at the latest, seconds: clocks, and a last
/// message that was not heard.
const ASKED_AFTER: f64 = 0.2;
/// How long an exchange takes, mean, seconds; and what a very long one costs at most.
const EXCHANGE: f64 = 0.3;
const LONGEST_COST: f64 = 8.0;

/// What it costs that a key whose validity begins there should follow a pseudonym that ended then: it was asked for within
/// a quantum after the beginning, and used when the exchange was over. Nothing if that is impossible.
fn begins_cost(begins: u64, end: f64, quantum: u64) -> Option<f64> {
    let begins = begins as f64 / 1000.0;
    let exchange = (end - (begins + quantum as f64 / 1000.0)).max(0.0);
    (begins <= end + ASKED_AFTER).then_some((exchange / EXCHANGE).min(LONGEST_COST))
}

/// Standard deviation of the difference of two received powers at one antenna, a little while apart, dB: fading.
const POWER_SIGMA: f64 = 6.0;

/// What it costs that two messages were received so differently. Powers at different antennas say nothing.
fn power_cost(last: Option<(NodeId, i8)>, first: Option<(NodeId, i8)>) -> f64 {
    match (last, first) {
        (Some((one, before)), Some((other, after))) if one == other => {
            let sigmas = (f64::from(before) - f64::from(after)) / POWER_SIGMA;
            sigmas * sigmas / 2.0
        }
        _ => 0.0,
    }
}

/// Costs as whole numbers: so many to the unit.
const SCALE: f64 = 1e6;
/// What a pair that is not possible costs.
const NEVER: i64 = 1 << 40;

/// The likeliest assignment: for each end its beginning, or none, at a cost of half the gate more than the dearest candidate.
fn assign(candidates: &[Vec<Candidate>], gate: f64) -> Result<Vec<Option<usize>>, TooMany> {
    let mut next = vec![None; candidates.len()];
    for group in groups(candidates) {
        let mut beginnings: Vec<usize> = group
            .iter()
            .flat_map(|&end| candidates[end].iter().map(|candidate| candidate.segment))
            .collect();
        beginnings.sort_unstable();
        beginnings.dedup();
        let costs = group
            .iter()
            .flat_map(|&end| &candidates[end])
            .map(|candidate| candidate.cost);
        let (least, most) = costs.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), cost| {
            (least.min(cost), most.max(cost))
        });
        if group.len().saturating_mul(beginnings.len() + group.len()) > MAX_PAIRS {
            return Err(TooMany);
        }
        // One column more for each end: no successor.
        let mut weights = Matrix::new(group.len(), beginnings.len() + group.len(), NEVER);
        for (row, &end) in group.iter().enumerate() {
            for candidate in &candidates[end] {
                if let Ok(column) = beginnings.binary_search(&candidate.segment) {
                    weights[(row, column)] = ((candidate.cost - least) * SCALE) as i64;
                }
            }
            weights[(row, beginnings.len() + row)] = ((most - least + gate / 2.0) * SCALE) as i64;
        }
        let (_, columns) = kuhn_munkres_min(&weights);
        for (&end, column) in group.iter().zip(columns) {
            next[end] = beginnings.get(column).copied();
        }
    }
    Ok(next)
}

/// Ends that compete for the same beginnings, directly or over others; those without any candidate are in none.
fn groups(candidates: &[Vec<Candidate>]) -> Vec<Vec<usize>> {
    // Each end's group is the root of a tree; a beginning joins all who might take it.
    let mut root: Vec<usize> = (0..candidates.len()).collect();
    fn find(root: &mut [usize], mut at: usize) -> usize {
        while root[at] != at {
            root[at] = root[root[at]];
            at = root[at];
        }
        at
    }
    let mut claimed: BTreeMap<usize, usize> = BTreeMap::new();
    for (end, list) in candidates.iter().enumerate() {
        for candidate in list {
            let other = *claimed.entry(candidate.segment).or_insert(end);
            let (a, b) = (find(&mut root, end), find(&mut root, other));
            root[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for end in (0..candidates.len()).filter(|&end| !candidates[end].is_empty()) {
        groups.entry(find(&mut root, end)).or_default().push(end);
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adversary::kalman::State;
    use crate::adversary::sighting::Sighting;
    use proptest::prelude::*;
    use roadveil_role::{LinkAddr, Time};

    /// A vehicle heard ten times a second between two moments (tenths of a second), at such a place and velocity at time 0.
    pub(crate) fn drive(node: u32, addr: u8, tenths: (u64, u64), at: (f64, f64), speed: (f64, f64)) -> Segment {
        let sighting = |tenth: u64| {
            let t = tenth as f64 / 10.0;
            Sighting {
                at: Time::from_millis(tenth * 100),
                state: State {
                    at: [at.0 + speed.0 * t, at.1 + speed.1 * t],
                    speed: [speed.0, speed.1],
                },
                power: None,
            }
        };
        let addr = LinkAddr::local([0, 0, 0, 0, 0, addr]);
        let mut segment = Segment::new(addr, NodeId(node), sighting(tenths.0));
        (tenths.0 + 1..=tenths.1).for_each(|tenth| segment.add(sighting(tenth)));
        segment
    }

    fn linked(mut segments: Vec<Segment>) -> Vec<(u8, Option<u8>)> {
        segments.sort_by_key(|segment| (segment.first.at, segment.addr));
        let name = |number: usize| segments[number].addr.0[5];
        let links = link(&segments, &Settings::default()).expect("few");
        let mut named: Vec<(u8, Option<u8>)> = (0..segments.len())
            .map(|end| (name(end), links.next[end].map(name)))
            .collect();
        named.sort_unstable();
        named
    }

    #[test]
    fn one_vehicle_on_an_empty_road_is_followed() {
        let segments = vec![
            drive(1, 1, (0, 99), (0.0, 0.0), (15.0, 0.0)),
            drive(1, 2, (100, 199), (0.0, 0.0), (15.0, 0.0)),
            drive(1, 3, (230, 300), (0.0, 0.0), (15.0, 0.0)),
        ];
        assert_eq!(linked(segments), [(1, Some(2)), (2, Some(3)), (3, None)]);
    }

    #[test]
    fn two_that_meet_are_told_apart_by_their_direction() {
        let segments = vec![
            drive(1, 1, (0, 99), (-150.0, 0.0), (15.0, 0.0)),
            drive(2, 2, (0, 99), (150.0, 3.0), (-15.0, 0.0)),
            drive(1, 3, (100, 199), (-150.0, 0.0), (15.0, 0.0)),
            drive(2, 4, (100, 199), (150.0, 3.0), (-15.0, 0.0)),
        ];
        assert_eq!(linked(segments), [(1, Some(3)), (2, Some(4)), (3, None), (4, None)]);
    }

    #[test]
    fn the_best_of_all_is_not_the_best_of_each() {
        // In a row, all change at once. The nearest beginning to the second vehicle's end belongs to the first.
        let segments = vec![
            drive(1, 1, (0, 99), (0.0, 0.0), (10.0, 0.0)),
            drive(2, 2, (0, 99), (6.0, 0.0), (10.0, 0.0)),
            drive(1, 3, (101, 199), (4.0, 0.0), (10.0, 0.0)),
            drive(2, 4, (101, 199), (10.0, 0.0), (10.0, 0.0)),
        ];
        assert_eq!(linked(segments)[..2], [(1, Some(3)), (2, Some(4))]);
    }

    #[test]
    fn who_is_too_far_or_too_late_or_too_early_is_none() {
        let first = drive(1, 1, (0, 99), (0.0, 0.0), (15.0, 0.0));
        for other in [
            drive(1, 2, (100, 199), (400.0, 0.0), (15.0, 0.0)),
            drive(1, 2, (500, 600), (0.0, 0.0), (15.0, 0.0)),
            drive(1, 2, (50, 199), (0.0, 0.0), (15.0, 0.0)),
            drive(1, 2, (100, 199), (300.0, 0.0), (-15.0, 0.0)),
        ] {
            assert_eq!(linked(vec![first.clone(), other])[0], (1, None));
        }
    }

    #[test]
    fn a_crowd_that_would_fill_the_memory_is_refused() {
        // All compete for one: a matrix of 8,000 by 8,001.
        let one = Candidate {
            segment: 9_000,
            cost: 1.0,
        };
        assert_eq!(assign(&vec![vec![one]; 8_000], 4.0), Err(TooMany));
    }

    /// Two vehicles side by side fall silent for some seconds: nothing tells who is who but when their keys were asked for.
    #[test]
    fn an_exact_validity_links_over_a_silence_and_a_rounded_one_does_not() {
        let segments = |rounded: u64| {
            let with = |mut segment: Segment, begins: u64| {
                segment.begins = Some(begins - begins % rounded);
                segment
            };
            vec![
                with(drive(1, 1, (0, 99), (0.0, 0.0), (10.0, 0.0)), 0),
                with(drive(2, 2, (0, 129), (0.0, 1.0), (10.0, 0.0)), 0),
                // The second is heard again first, and a little nearer to where the other was.
                with(drive(2, 3, (160, 250), (0.0, 0.4), (10.0, 0.0)), 12_600),
                with(drive(1, 4, (170, 250), (0.0, 0.6), (10.0, 0.0)), 9_700),
            ]
        };
        let settings = |validity| Settings {
            validity,
            ..Settings::default()
        };
        let candidates = |rounded, validity| {
            let links = link(&segments(rounded), &settings(validity)).expect("few");
            links.candidates[..2].iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(candidates(1, false), [2, 2], "who does not look cannot tell");
        // The second's was not asked for when the first ended; the first's could be, by an exchange of three seconds.
        assert_eq!(candidates(1, true), [1, 2]);
        assert_eq!(candidates(10_000, true), [2, 2]);
        let links = link(&segments(1), &settings(true)).expect("few");
        assert_eq!(links.next[..2], [Some(3), Some(2)]);
    }

    #[test]
    fn the_quantum_is_told_from_what_is_heard() {
        let with = |begins: Option<u64>| Segment {
            begins,
            ..drive(1, 1, (0, 9), (0.0, 0.0), (1.0, 0.0))
        };
        let of = |begins: &[Option<u64>]| quantum(&begins.iter().map(|begins| with(*begins)).collect::<Vec<_>>());
        assert_eq!(of(&[Some(20_000), None, Some(50_000), Some(0)]), Some(10_000));
        assert_eq!(of(&[Some(20_000), Some(50_001)]), Some(1));
        assert_eq!((of(&[None]), of(&[Some(0)])), (None, None), "nothing to tell it by");
    }

    #[test]
    fn powers_at_one_antenna_tell_and_at_two_say_nothing() {
        let at = |node, dbm| Some((NodeId(node), dbm));
        assert_eq!(power_cost(at(1, -60), at(1, -72)), 2.0);
        assert_eq!(power_cost(at(1, -60), at(2, -72)), 0.0);
        assert_eq!(power_cost(None, at(1, -60)), 0.0);
        // Two beginnings alike in place and movement: the power decides, if it is looked at.
        let with = |mut segment: Segment, dbm: i8| {
            (segment.first.power, segment.last.power) = (at(1, dbm), at(1, dbm));
            segment
        };
        let segments = [
            with(drive(1, 1, (0, 99), (0.0, 0.0), (10.0, 0.0)), -60),
            with(drive(2, 2, (101, 199), (0.0, 2.0), (10.0, 0.0)), -60),
            with(drive(1, 3, (101, 199), (0.0, 1.0), (10.0, 0.0)), -75),
        ];
        let next = |power| {
            let settings = Settings {
                power,
                ..Settings::default()
            };
            link(&segments, &settings).expect("few").next[0]
        };
        assert_eq!((next(false), next(true)), (Some(2), Some(1)));
    }

    /// The least cost over all assignments, tried one by one.
    fn exhaustive(candidates: &[Vec<Candidate>], none: f64, end: usize, taken: &mut Vec<usize>) -> f64 {
        let Some(list) = candidates.get(end) else { return 0.0 };
        let mut best = none * f64::from(u8::from(!list.is_empty())) + exhaustive(candidates, none, end + 1, taken);
        for candidate in list {
            if !taken.contains(&candidate.segment) {
                taken.push(candidate.segment);
                best = best.min(candidate.cost + exhaustive(candidates, none, end + 1, taken));
                taken.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_assignment_is_better(
            costs in proptest::collection::vec(proptest::collection::vec(prop::option::of(0.0..9.0f64), 5), 1..6),
        ) {
            let candidates: Vec<Vec<Candidate>> = costs.iter()
                .map(|row| (0..).zip(row)
                    .filter_map(|(segment, cost)| cost.map(|cost| Candidate { segment, cost }))
                    .collect())
                .collect();
            // One group, so that "none" costs the same for all: every end may also take what nobody wants.
            let mut padded = candidates.clone();
            for row in &mut padded {
                row.push(Candidate { segment: 99, cost: 9.0 });
            }
            let next = assign(&padded, 4.0).expect("few");
            let all = || padded.iter().flatten().map(|candidate| candidate.cost);
            let none = all().fold(f64::NEG_INFINITY, f64::max) + 2.0;
            let cost: f64 = padded.iter().zip(&next).map(|(row, next)| match next {
                Some(next) => row.iter().find(|candidate| candidate.segment == *next).map_or(f64::NAN, |found| found.cost),
                None => none,
            }).sum();
            let mut used: Vec<usize> = next.iter().flatten().copied().collect();
            used.sort_unstable();
            prop_assert!(used.windows(2).all(|pair| pair[0] != pair[1]));
            prop_assert!((cost - exhaustive(&padded, none, 0, &mut Vec::new())).abs() < 1e-4);
        }
    }
}
