//! Trivial ways to tell which new address follows an old one.

use std::collections::BTreeMap;

use super::gather::{Change, Gathered, Life};
use super::permute::Bets;

/// A predictor.
pub(super) struct Predictor {
    /// Its name, stable.
    pub(super) name: &'static str,
    /// What it goes by, for a person.
    pub(super) by: &'static str,
    /// Among which new addresses it chooses.
    pub(super) among: Among,
    /// What it bets in a window.
    bets: fn(&Context<'_>, &Window<'_>) -> Bets,
}

/// Among which new addresses a predictor chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Among {
    /// Those of the same kind of change, within a span of time.
    Span,
    /// Those that were first heard at the same nanosecond.
    Moment,
}

/// How long a span is, nanoseconds.
pub(super) const SPAN: u64 = 10_000_000_000;

/// Most changes of a window; one with more is parted, by time.
const MOST: usize = 400;

/// Bits of an address.
const BITS: u32 = 48;

/// What must say nothing: it is not on the air, or should be drawn anew with each address.
pub(super) const METADATA: &[Predictor] = &[
    Predictor {
        name: "record_order",
        by: "where its frames stand among those of the same moment",
        among: Among::Span,
        bets: |_, window| window.nearest(Life::standing),
    },
    Predictor {
        name: "record_succession",
        by: "first new address among those of the same moment follows the address that ended first",
        among: Among::Moment,
        bets: |_, window| window.same_rank(|old| old.last.number, |new| new.first.number),
    },
    Predictor {
        name: "number_residue",
        by: "transmission numbers modulo 2 to 64",
        among: Among::Span,
        bets: |_, window| window.least(|old, new| -old.rhythm(new)),
    },
    Predictor {
        name: "number_gaps",
        by: "transmission numbers that are missing before its frames",
        among: Among::Span,
        bets: |_, window| window.nearest(Life::skips),
    },
    Predictor {
        name: "address_near",
        by: "least difference of the addresses as numbers",
        among: Among::Span,
        bets: |_, window| window.least(|old, new| old.addr.abs_diff(new.addr) as f64),
    },
    Predictor {
        name: "address_high_bits",
        by: "most high bits alike",
        among: Among::Span,
        bets: |_, window| window.least(|old, new| -f64::from((old.addr ^ new.addr).leading_zeros())),
    },
    Predictor {
        name: "address_low_bits",
        by: "most low bits alike",
        among: Among::Span,
        bets: |_, window| window.least(|old, new| -f64::from((old.addr ^ new.addr).trailing_zeros())),
    },
    Predictor {
        name: "address_bits",
        by: "fewest bits that differ",
        among: Among::Span,
        bets: |_, window| window.least(|old, new| f64::from((old.addr ^ new.addr).count_ones())),
    },
    Predictor {
        name: "address_step",
        by: "the difference that most pairs of an old and a new address have",
        among: Among::Span,
        bets: |context, window| window.least(|old, new| -context.steps.commonness(step(old, new))),
    },
    Predictor {
        name: "address_mask",
        by: "the exclusive or that most pairs of an old and a new address have",
        among: Among::Span,
        bets: |context, window| window.least(|old, new| -context.masks.commonness(mask(old, new))),
    },
    Predictor {
        name: "address_rank",
        by: "rank of the new address among the new is that of the old among the old",
        among: Among::Span,
        bets: |_, window| window.same_rank(|old| old.addr, |new| new.addr),
    },
];

/// Beside them: do frames of one moment stand in the order of the vehicles?
pub(super) const NODE_ORDER: (&str, &str) = (
    "record_nodes",
    "neighbours among frames of the same moment that stand in the order of the vehicles",
);

/// How many ways of linking are tried on metadata.
pub(super) const TRIED: usize = METADATA.len() + 1;

/// What anyone in range learns from the air, whatever the stream looks like.
pub(super) const PRIVACY: &[Predictor] = &[
    Predictor {
        name: "time_gap",
        by: "least time between the last frame and the first",
        among: Among::Span,
        bets: |_, window| window.least(|old, new| old.last.at.distance(new.first.at).as_nanos() as f64),
    },
    Predictor {
        name: "phase",
        by: "same phase of the commonest period",
        among: Among::Span,
        bets: |context, window| {
            let phase = |at: u64| at % context.period;
            window.least(|old, new| {
                let apart = phase(old.last.at.0).abs_diff(phase(new.first.at.0));
                apart.min(context.period - apart) as f64
            })
        },
    },
    Predictor {
        name: "frame_size",
        by: "mean length of its frames",
        among: Among::Span,
        bets: |_, window| window.nearest(Life::size),
    },
    Predictor {
        name: "turn",
        by: "who took an address first is first to take another",
        among: Among::Span,
        bets: |_, window| window.same_rank(|old| old.first.number, |new| new.first.number),
    },
];

impl Predictor {
    /// What it bets in each of the windows.
    pub(super) fn bets(&self, context: &Context<'_>, windows: &[Vec<Change>]) -> Vec<Bets> {
        let window = |changes| Window {
            lives: &context.gathered.lives,
            changes,
        };
        windows
            .iter()
            .map(|changes| (self.bets)(context, &window(changes)))
            .collect()
    }
}

/// The changes in the windows that a predictor chooses in. What changes a second time within a span is in a second window,
/// because in one an address would be an old one and a new one at once. Changes that are alone are left out.
pub(super) fn windows(gathered: &Gathered, among: Among) -> Vec<Vec<Change>> {
    let lives = &gathered.lives;
    let mut times: BTreeMap<_, u32> = BTreeMap::new();
    let mut windows: BTreeMap<_, Vec<Change>> = BTreeMap::new();
    for change in &gathered.changes {
        let (old, new) = (&lives[change.old], &lives[change.new]);
        let moment = match among {
            Among::Span => new.first.at.0 / SPAN,
            Among::Moment => new.first.at.0,
        };
        let kind = (moment, old.is_broadcasting(), new.is_broadcasting());
        let time = times.entry((kind, change.vehicle)).or_default();
        windows.entry((kind, *time)).or_default().push(*change);
        *time += 1;
    }
    let parts = windows.values().flat_map(|window| window.chunks(MOST));
    parts.filter(|part| part.len() > 1).map(<[Change]>::to_vec).collect()
}

/// What predictors know beyond their window.
pub(super) struct Context<'a> {
    gathered: &'a Gathered,
    period: u64,
    steps: Common,
    masks: Common,
}

impl Context<'_> {
    pub(super) fn new<'a>(gathered: &'a Gathered, windows: &[Vec<Change>]) -> Context<'a> {
        Context {
            gathered,
            period: gathered.period,
            steps: Common::of(gathered, windows, step),
            masks: Common::of(gathered, windows, mask),
        }
    }
}

/// How often something is met among all pairs of an old and a new address in a window.
struct Common(BTreeMap<u64, u32>);

impl Common {
    fn of(gathered: &Gathered, windows: &[Vec<Change>], what: fn(&Life, &Life) -> u64) -> Common {
        let mut met: BTreeMap<u64, u32> = BTreeMap::new();
        for window in windows {
            for (old, new) in window.iter().flat_map(|old| window.iter().map(move |new| (old, new))) {
                *met.entry(what(&gathered.lives[old.old], &gathered.lives[new.new]))
                    .or_default() += 1;
            }
        }
        Common(met)
    }

    fn commonness(&self, what: u64) -> f64 {
        f64::from(self.0.get(&what).copied().unwrap_or(0))
    }
}

const fn step(old: &Life, new: &Life) -> u64 {
    new.addr.wrapping_sub(old.addr) & ((1 << BITS) - 1)
}

const fn mask(old: &Life, new: &Life) -> u64 {
    new.addr ^ old.addr
}

/// Changes of one kind, at about the same time.
struct Window<'a> {
    lives: &'a [Life],
    changes: &'a [Change],
}

impl Window<'_> {
    /// Bets on the pairs of least cost.
    fn least(&self, cost: impl Fn(&Life, &Life) -> f64) -> Bets {
        Bets::on_least(self.changes.len(), |old, new| {
            cost(&self.lives[self.changes[old].old], &self.lives[self.changes[new].new])
        })
    }

    /// Bets on the new address whose figure is nearest.
    fn nearest(&self, figure: impl Fn(&Life) -> f64) -> Bets {
        self.least(|old, new| (figure(old) - figure(new)).abs())
    }

    /// Bets on the new address that has the same rank among the new as the old one among the old.
    fn same_rank(&self, old: impl Fn(&Life) -> u64, new: impl Fn(&Life) -> u64) -> Bets {
        let olds = ranks(self.changes.iter().map(|change| old(&self.lives[change.old])));
        let news = ranks(self.changes.iter().map(|change| new(&self.lives[change.new])));
        Bets::on_least(self.changes.len(), |old, new| olds[old].abs_diff(news[new]) as f64)
    }
}

/// How many are smaller, for each.
fn ranks(figures: impl Iterator<Item = u64>) -> Vec<usize> {
    let figures: Vec<u64> = figures.collect();
    let mut sorted = figures.clone();
    sorted.sort_unstable();
    let rank = |figure: &u64| sorted.partition_point(|other| other < figure);
    figures.iter().map(rank).collect()
}
