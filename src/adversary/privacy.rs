//! How well a tracker knows who is who, judged by the truth.
//!
//! | figure | what it is |
//! |---|---|
//! | anonymity set | pseudonyms within the gate of one that ended |
//! | entropy | of their probabilities, bits: `H = -sum p log2 p` (Serjantov, Danezis, PET 2002; Diaz and others, PET 2002) |
//! | degree | `H / log2 N` for a set of `N`; nought for one alone (Diaz and others) |
//! | linked | share of the changes of pseudonym at which the tracker goes on with the right one |
//! | tracked | the longest stretch of a trip that it follows without an error, over all changes in it |

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::sighting::Segment;
use super::tracker::{Candidate, Links, Settings};
use crate::event::NodeId;

/// What became of one change of pseudonym.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Pseudonyms within the gate.
    pub candidates: usize,
    /// Entropy of their probabilities, bits.
    pub entropy: f64,
    /// Entropy by the greatest that so many could have.
    pub degree: f64,
    /// Did the tracker go on with the right one?
    pub linked: bool,
    /// Did it go on with a wrong one?
    pub misled: bool,
}

/// One vehicle's way, from the first to the last that was heard of it without a long silence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trip {
    /// Whose.
    pub node: NodeId,
    /// Seconds.
    pub length: f64,
    /// Pseudonyms heard.
    pub pseudonyms: usize,
    /// Seconds of its longest stretch that was followed without an error.
    pub tracked: f64,
}

/// All that was judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Changes of pseudonym, both sides of which were heard.
    pub changes: Vec<Change>,
    /// Trips.
    pub trips: Vec<Trip>,
    /// Pseudonyms heard.
    pub pseudonyms: usize,
    /// Messages heard that say where their sender is.
    pub sightings: usize,
}

/// The figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Privacy {
    /// Changes.
    pub changes: usize,
    /// Mean size of the anonymity set.
    pub anonymity_set: f64,
    /// Mean entropy, bits.
    pub entropy_bits: f64,
    /// Mean degree of anonymity.
    pub degree: f64,
    /// Share of changes linked rightly.
    pub linked_share: f64,
    /// Share of changes linked wrongly.
    pub misled_share: f64,
    /// Trips.
    pub trips: usize,
    /// Trips with at least one change.
    pub trips_with_change: usize,
    /// Share of the trips of which more than 90 % of the time were followed.
    pub followed_share: f64,
    /// The same among those with at least one change.
    pub followed_with_change_share: f64,
    /// Mean of the longest stretch followed, seconds.
    pub tracked_mean_s: f64,
}

/// Judges what a tracker found.
pub fn judge(segments: &[Segment], links: &Links, settings: &Settings) -> Judged {
    let mut judged = Judged {
        pseudonyms: segments.len(),
        sightings: segments.iter().map(|segment| segment.sightings).sum(),
        ..Judged::default()
    };
    let mut by_node: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
    for (number, segment) in segments.iter().enumerate() {
        by_node.entry(segment.node).or_default().push(number);
    }
    for (node, numbers) in by_node {
        // A long silence ends a trip: nobody could bridge it.
        let bridged = |pair: &[usize]| gap(segments, pair[0], pair[1]) <= settings.silence;
        for trip in numbers.chunk_by(|&a, &b| bridged(&[a, b])) {
            judged.trips.push(judge_trip(node, trip, segments, links));
            for pair in trip.windows(2) {
                judged.changes.push(judge_change(pair[0], pair[1], links));
            }
        }
    }
    judged
}

/// Seconds of silence between two segments.
fn gap(segments: &[Segment], before: usize, after: usize) -> f64 {
    segments[after].first.at.as_secs_f64() - segments[before].last.at.as_secs_f64()
}

fn judge_change(end: usize, truth: usize, links: &Links) -> Change {
    let candidates = &links.candidates[end];
    let entropy = entropy(candidates);
    let most = libm::log2(candidates.len() as f64);
    Change {
        candidates: candidates.len(),
        entropy,
        degree: if most > 0.0 { entropy / most } else { 0.0 },
        linked: links.next[end] == Some(truth),
        misled: links.next[end].is_some_and(|next| next != truth),
    }
}

/// Entropy of candidates whose probabilities go with their likelihoods.
fn entropy(candidates: &[Candidate]) -> f64 {
    let least = candidates
        .iter()
        .map(|candidate| candidate.cost)
        .fold(f64::INFINITY, f64::min);
    let weights: Vec<f64> = candidates
        .iter()
        .map(|candidate| libm::exp(least - candidate.cost))
        .collect();
    let sum: f64 = weights.iter().sum();
    let share = |weight: &f64| weight / sum;
    let bits = |share: f64| if share > 0.0 { -share * libm::log2(share) } else { 0.0 };
    weights.iter().map(share).map(bits).sum()
}

fn judge_trip(node: NodeId, trip: &[usize], segments: &[Segment], links: &Links) -> Trip {
    let span = |from: usize, to: usize| segments[to].last.at.as_secs_f64() - segments[from].first.at.as_secs_f64();
    let followed = trip.chunk_by(|&a, &b| links.next[a] == Some(b));
    let stretch = |chunk: &[usize]| span(chunk[0], chunk[chunk.len() - 1]);
    Trip {
        node,
        length: span(trip[0], trip[trip.len() - 1]),
        pseudonyms: trip.len(),
        tracked: followed.map(stretch).fold(0.0, f64::max),
    }
}

impl Trip {
    /// Were more than 90 % of it followed?
    pub fn is_followed(&self) -> bool {
        self.tracked > 0.9 * self.length || self.length == 0.0
    }
}

impl Judged {
    /// The figures.
    pub fn figures(&self) -> Privacy {
        let changes = self.changes.len();
        let of_changes = |value: fn(&Change) -> f64| self.changes.iter().map(value).sum::<f64>() / changes as f64;
        let share = |trips: &mut dyn Iterator<Item = &Trip>| {
            let (mut all, mut followed) = (0, 0);
            for trip in trips {
                all += 1;
                followed += usize::from(trip.is_followed());
            }
            followed as f64 / f64::from(all)
        };
        let changed = || self.trips.iter().filter(|trip| trip.pseudonyms > 1);
        Privacy {
            changes,
            anonymity_set: of_changes(|change| change.candidates as f64),
            entropy_bits: of_changes(|change| change.entropy),
            degree: of_changes(|change| change.degree),
            linked_share: of_changes(|change| f64::from(u8::from(change.linked))),
            misled_share: of_changes(|change| f64::from(u8::from(change.misled))),
            trips: self.trips.len(),
            trips_with_change: changed().count(),
            followed_share: share(&mut self.trips.iter()),
            followed_with_change_share: share(&mut changed()),
            tracked_mean_s: self.trips.iter().map(|trip| trip.tracked).sum::<f64>() / self.trips.len() as f64,
        }
    }
}

impl Privacy {
    /// With names and what they are, for a person; NaN where there is nothing to count.
    pub fn named(&self) -> [(&'static str, f64, &'static str); 11] {
        [
            ("changes", self.changes as f64, "changes of pseudonym, both sides heard"),
            (
                "anonymity_set",
                self.anonymity_set,
                "new pseudonyms that each could be, mean",
            ),
            (
                "entropy_bits",
                self.entropy_bits,
                "uncertainty which of them it is, mean",
            ),
            ("degree", self.degree, "the same by the greatest possible, 0 to 1"),
            (
                "linked_share",
                self.linked_share,
                "changes after which the tracker goes on with the right one",
            ),
            (
                "misled_share",
                self.misled_share,
                "changes after which it goes on with a wrong one",
            ),
            (
                "trips",
                self.trips as f64,
                "trips of vehicles, from the first to the last heard",
            ),
            (
                "trips_with_change",
                self.trips_with_change as f64,
                "of them with a change of pseudonym",
            ),
            (
                "followed_share",
                self.followed_share,
                "trips followed for over 90 % of their time",
            ),
            (
                "followed_with_change_share",
                self.followed_with_change_share,
                "the same among those with a change",
            ),
            (
                "tracked_mean_s",
                self.tracked_mean_s,
                "longest stretch followed, seconds, mean over trips",
            ),
        ]
    }

    /// As JSON; what does not exist is null.
    pub fn json(&self) -> Value {
        let named = self.named().into_iter();
        let fields = named.map(|(name, value, _)| (name.to_owned(), json!(value.is_finite().then_some(value))));
        Value::Object(fields.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::kalman::State;
    use super::super::sighting::Sighting;
    use super::*;
    use roadveil_role::{LinkAddr, Time};

    fn segment(node: u32, addr: u8, seconds: (u64, u64)) -> Segment {
        let sighting = |second: u64| Sighting {
            at: Time::from_secs(second),
            state: State {
                at: [0.0, 0.0],
                speed: [0.0, 0.0],
            },
            power: None,
        };
        let addr = LinkAddr::local([0, 0, 0, 0, 0, addr]);
        let mut segment = Segment::new(addr, NodeId(node), sighting(seconds.0));
        segment.add(sighting(seconds.1));
        segment
    }

    fn candidate(segment: usize, cost: f64) -> Candidate {
        Candidate { segment, cost }
    }

    /// Vehicle 1 changes at 10 s and at 20 s, vehicle 2 at 10 s; the tracker is right at the first, wrong at the second, and
    /// gives up at the third.
    fn judged() -> Judged {
        let segments = [
            segment(1, 1, (0, 10)),
            segment(2, 2, (0, 10)),
            segment(1, 3, (10, 20)),
            segment(2, 4, (12, 40)),
            segment(1, 5, (20, 30)),
            segment(1, 6, (100, 101)),
        ];
        let links = Links {
            candidates: vec![
                vec![candidate(2, 1.0), candidate(3, 1.0)],
                vec![candidate(3, 1.0)],
                vec![candidate(3, 2.0), candidate(4, 2.0 + libm::log(3.0))],
                vec![],
                vec![],
                vec![],
            ],
            next: vec![Some(2), None, Some(3), None, None, None],
        };
        judge(&segments, &links, &Settings::default())
    }

    #[test]
    fn changes_are_judged_one_by_one() {
        let changes = judged().changes;
        assert_eq!(changes.len(), 3);
        // Vehicle 1: two alike, then three to one; vehicle 2: one alone.
        assert_eq!(
            (changes[0].candidates, changes[0].entropy, changes[0].degree),
            (2, 1.0, 1.0)
        );
        assert!(changes[0].linked && !changes[0].misled);
        assert!((changes[1].entropy - 0.811_278).abs() < 1e-6);
        assert!(!changes[1].linked && changes[1].misled);
        assert_eq!((changes[2].entropy, changes[2].degree), (0.0, 0.0));
        assert!(!changes[2].linked && !changes[2].misled);
    }

    #[test]
    fn trips_are_followed_up_to_the_first_error_and_end_at_a_long_silence() {
        let trips = judged().trips;
        let of = |node: u32| trips.iter().filter(move |trip| trip.node == NodeId(node));
        let lengths: Vec<(f64, f64, usize)> = of(1).map(|trip| (trip.length, trip.tracked, trip.pseudonyms)).collect();
        assert_eq!(lengths, [(30.0, 20.0, 3), (1.0, 1.0, 1)]);
        let lengths: Vec<(f64, f64)> = of(2).map(|trip| (trip.length, trip.tracked)).collect();
        assert_eq!(lengths, [(40.0, 28.0)]);
    }

    #[test]
    fn figures_are_means() {
        let figures = judged().figures();
        assert_eq!((figures.changes, figures.trips, figures.trips_with_change), (3, 3, 2));
        assert!((figures.linked_share - 1.0 / 3.0).abs() < 1e-12);
        assert!((figures.followed_share - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(figures.followed_with_change_share, 0.0);
        assert!((figures.tracked_mean_s - 49.0 / 3.0).abs() < 1e-12);
        assert!((figures.anonymity_set - 5.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_heard_is_nothing_known() {
        let judged = judge(
            &[],
            &Links {
                candidates: vec![],
                next: vec![],
            },
            &Settings::default(),
        );
        assert!(judged.figures().linked_share.is_nan());
        assert!(judged.figures().json()["linked_share"].is_null());
    }
}
