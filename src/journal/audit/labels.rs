//! Does the public half of a log betray which addresses belong to attackers?
//!
//! A role that attacks says so in an event of its own, which is truth: [`roadveil_role::Protocol::attacks`] names them. From the
//! first such event of its node on, each address of the node is labelled. What a predictor goes by is compared between
//! labelled addresses and all others that were first heard within the same ten seconds and are of the same kind; chance
//! deals the labels out anew among them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Options;
use super::draws::Draws;
use super::gather::{Gathered, Life};
use super::predict::SPAN;

/// How many ways of telling attackers are tried on metadata.
pub(super) const TRIED: usize = METADATA.len();

/// A way to tell attackers.
struct Predictor {
    name: &'static str,
    by: &'static str,
    measure: Measure,
}

/// How labelled addresses are compared with the others.
enum Measure {
    /// By ranks of a figure, whichever way.
    Rank(fn(&Life) -> f64),
    /// By the bit of the address that tells most.
    Bits,
    /// By how alike their transmissions' numbers are, over all moduli.
    Residues,
}

/// What must say nothing.
const METADATA: &[Predictor] = &[
    Predictor {
        name: "label_order",
        by: "where its frames stand among those of the same moment",
        measure: Measure::Rank(Life::standing),
    },
    Predictor {
        name: "label_residue",
        by: "transmission numbers modulo 2 to 64",
        measure: Measure::Residues,
    },
    Predictor {
        name: "label_gaps",
        by: "transmission numbers that are missing before its frames",
        measure: Measure::Rank(Life::skips),
    },
    Predictor {
        name: "label_address",
        by: "the address as a number",
        measure: Measure::Rank(|life| life.addr as f64),
    },
    Predictor {
        name: "label_bits",
        by: "the bit of the address that tells most",
        measure: Measure::Bits,
    },
];

/// What the air itself shows.
const AIR: &[Predictor] = &[
    Predictor {
        name: "label_size",
        by: "mean length of its frames",
        measure: Measure::Rank(Life::size),
    },
    Predictor {
        name: "label_frames",
        by: "how many frames it sent",
        measure: Measure::Rank(|life| life.frames as f64),
    },
];

/// How one predictor did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelScore {
    /// The predictor.
    pub name: &'static str,
    /// What it goes by.
    pub by: &'static str,
    /// How far the labelled addresses stand out, in units of the predictor's own.
    pub apart: f64,
    /// How far they do if labels are dealt out by chance: the mean.
    pub chance: f64,
    /// How likely chance sets them as far apart.
    pub p: f64,
    /// The same, times the number of predictors that were tried beside it (Bonferroni), at most 1.
    pub corrected: f64,
}

/// Whether attackers can be told from the others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Labels {
    /// Addresses of nodes that attacked.
    pub labelled: usize,
    /// Those that have others beside them.
    pub comparable: usize,
    /// The others.
    pub others: usize,
    /// Could one who knew all be told from chance?
    pub enough: bool,
    /// What must tell nothing.
    pub metadata: Vec<LabelScore>,
    /// What the air itself shows; it never fails an audit.
    pub privacy: Vec<LabelScore>,
}

/// Compares; nothing if nobody attacked.
pub(super) fn labels(gathered: &Gathered, options: &Options) -> Option<Labels> {
    let labelled = gathered
        .labelled
        .iter()
        .filter(|labelled| **labelled == Some(true))
        .count();
    if labelled == 0 {
        return None;
    }
    let dealt = Dealt::new(gathered);
    let comparable = dealt.labels.iter().filter(|label| **label).count();
    let scored = |predictors: &'static [Predictor]| scores(&dealt, predictors, options);
    Some(Labels {
        labelled,
        comparable,
        others: dealt.labels.len() - comparable,
        enough: dealt.ways() > libm::log(TRIED as f64 / options.level),
        metadata: scored(METADATA),
        privacy: scored(AIR),
    })
}

/// The addresses of all windows that have some of both, window after window.
struct Dealt<'a> {
    lives: Vec<&'a Life>,
    labels: Vec<bool>,
    /// Lengths of the windows.
    windows: Vec<usize>,
}

impl Dealt<'_> {
    fn new(gathered: &Gathered) -> Dealt<'_> {
        let mut windows: BTreeMap<(u64, bool), Vec<(&Life, bool)>> = BTreeMap::new();
        for (life, labelled) in gathered.lives.iter().zip(&gathered.labelled) {
            if let Some(labelled) = labelled {
                let window = (life.first.at.0 / SPAN, life.is_broadcasting());
                windows.entry(window).or_default().push((life, *labelled));
            }
        }
        windows.retain(|_, window| window.iter().any(|one| one.1) && window.iter().any(|one| !one.1));
        let (lives, labels) = windows.values().flatten().copied().unzip();
        Dealt {
            lives,
            labels,
            windows: windows.values().map(Vec::len).collect(),
        }
    }

    /// Natural logarithm of the number of ways to deal the labels out.
    fn ways(&self) -> f64 {
        let choose = |all: usize, some: usize| {
            let ln = |n: usize| libm::lgamma(n as f64 + 1.0);
            ln(all) - ln(some) - ln(all - some)
        };
        let mut rest = self.labels.as_slice();
        let mut ways = 0.0;
        for size in &self.windows {
            let (window, after) = rest.split_at(*size);
            ways += choose(*size, window.iter().filter(|label| **label).count());
            rest = after;
        }
        ways
    }

    fn shuffle(&self, labels: &mut [bool], draws: &mut Draws) {
        let mut rest = labels;
        for size in &self.windows {
            let (window, after) = rest.split_at_mut(*size);
            draws.shuffle(window);
            rest = after;
        }
    }

    /// For each address one or several figures, whose sum over the labelled ones is zero in the mean over all ways.
    fn figures(&self, measure: &Measure) -> Vec<Vec<f64>> {
        let mut figures = vec![Vec::new(); self.lives.len()];
        let mut start = 0;
        for size in &self.windows {
            let window = start..start + size;
            let lives = &self.lives[window.clone()];
            let centred: Vec<Vec<f64>> = match measure {
                Measure::Rank(figure) => vec![ranks(lives.iter().map(|life| figure(life)))],
                Measure::Bits => (0..48).map(|bit| bits(lives, bit)).collect(),
                Measure::Residues => return self.lives.iter().map(|life| life.residue_points()).collect(),
            };
            for column in centred {
                for (place, figure) in window.clone().zip(column) {
                    figures[place].push(figure);
                }
            }
            start += size;
        }
        figures
    }
}

/// Ranks in a window from -1/2 to 1/2, equals at their mean.
fn ranks(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let figures: Vec<f64> = figures.collect();
    let mut sorted = figures.clone();
    sorted.sort_by(f64::total_cmp);
    let rank = |figure: &f64| {
        let below = sorted.partition_point(|other| other < figure);
        let upto = sorted.partition_point(|other| other <= figure);
        (below + upto) as f64 / 2.0 / sorted.len() as f64 - 0.5
    };
    figures.iter().map(rank).collect()
}

/// One bit of the addresses of a window, without its mean.
fn bits(lives: &[&Life], bit: u32) -> Vec<f64> {
    let set: Vec<f64> = lives.iter().map(|life| (life.addr >> bit & 1) as f64).collect();
    let mean = set.iter().sum::<f64>() / set.len() as f64;
    set.iter().map(|set| set - mean).collect()
}

impl Measure {
    /// How far sums over the labelled addresses are from those that chance has in the mean.
    fn apart(&self, sums: &[f64]) -> f64 {
        match self {
            Measure::Rank(_) | Measure::Bits => sums.iter().map(|sum| sum.abs()).fold(0.0, f64::max),
            Measure::Residues => sums.iter().map(|sum| sum * sum).sum::<f64>(),
        }
    }
}

fn scores(dealt: &Dealt<'_>, predictors: &'static [Predictor], options: &Options) -> Vec<LabelScore> {
    let permutations = options.permutations;
    let tried = predictors.len() as f64;
    let score = |predictor: &Predictor| {
        let figures = dealt.figures(&predictor.measure);
        let apart = |labels: &[bool]| {
            let mut sums = vec![0.0; figures.first().map_or(0, Vec::len)];
            for (figures, _) in figures.iter().zip(labels).filter(|(_, label)| **label) {
                sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
            }
            predictor.measure.apart(&sums)
        };
        let seen = apart(&dealt.labels);
        let (mut labels, mut draws) = (dealt.labels.clone(), Draws::new(options.seed));
        let (mut as_far, mut sum) = (0u64, 0.0);
        for _ in 0..permutations {
            dealt.shuffle(&mut labels, &mut draws);
            let by_chance = apart(&labels);
            sum += by_chance;
            // Sums of the same parts in another order differ in their last bits.
            as_far += u64::from(by_chance >= seen - 1e-9);
        }
        let p = (1 + as_far) as f64 / (1 + permutations) as f64;
        LabelScore {
            name: predictor.name,
            by: predictor.by,
            apart: seen,
            chance: sum / permutations.max(1) as f64,
            p,
            corrected: (p * tried).min(1.0),
        }
    };
    predictors.iter().map(score).collect()
}

impl Life {
    /// Its transmissions' numbers as one point on each of the circles of the moduli, of length 1 if they are all alike.
    fn residue_points(&self) -> Vec<f64> {
        let frames = self.frames.max(1) as f64;
        let both = self.residues.iter().flat_map(|(x, y)| [*x, *y]);
        both.map(|sum| sum / frames.sqrt()).collect()
    }
}

impl std::fmt::Display for Labels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "\nattackers: {} addresses of nodes that attacked; {} of them with {} others beside them",
            self.labelled, self.comparable, self.others
        )?;
        let head = format!("{:>16} {:>6} {:>8} {:>8}", "apart", "chance", "p", "all");
        writeln!(f, "metadata             {head}  what it goes by")?;
        self.metadata.iter().try_for_each(|score| writeln!(f, "{score}"))?;
        writeln!(f, "the air itself")?;
        self.privacy.iter().try_for_each(|score| writeln!(f, "{score}"))?;
        if !self.enough {
            writeln!(f, "  (too few attackers, or too few others, to say anything of them)")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for LabelScore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let LabelScore { name, by, .. } = self;
        write!(
            f,
            "  {name:<18} {:>16.2} {:>6.2} {:>8.5} {:>8.5}  {by}",
            self.apart, self.chance, self.p, self.corrected
        )
    }
}
