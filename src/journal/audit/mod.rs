//! Does the public half of a log betray whose the addresses are?
//!
//! A vehicle that changes its link address wants the new one not to be linked with the old. Whether radio, movement and
//! content link them is a question about a protocol. That numbers, order and addresses in the *stream* do not is a
//! promise of this program, and is what an audit tries: predictors that know nothing of radio choose, for each address
//! that a vehicle left, the one that it took. How often they are right is compared with chance: with the new addresses
//! dealt out anew among the vehicles that changed within the same ten seconds, between the same kinds of address. One
//! more asks whether frames of one moment stand in the order of the vehicles, changes or not.
//!
//! Where nodes attacked, the audit also asks whether their addresses can be told from others': see `labels`.
//!
//! What the air itself shows (time between frames, phase, size) is measured in the same way, and reported apart.
//!
//! | module | what it holds |
//! |---|---|
//! | `gather` | a fold: what the stream says of each address, and whose it was |
//! | `predict` | the predictors |
//! | `labels` | attackers, told from others |
//! | `permute` | bets, and how likely chance is to win as much |
//! | `draws` | the same draws everywhere |

mod draws;
mod gather;
mod labels;
mod permute;
mod predict;
#[cfg(test)]
mod tests;

use std::fmt;

use roadveil_role::Time;
use serde::Serialize;

use self::draws::Draws;
use self::gather::{Gathered, Watch};
use self::permute::{Compared, compare, compare_order, ways};
use self::predict::{Among, Context, METADATA, NODE_ORDER, PRIVACY, Predictor, TRIED, windows};
use super::damage::Damage;
use super::error::LogError;
use super::reader::Log;
pub use labels::{LabelScore, Labels};

/// How unlikely, after correction, a link must be by chance to be called a leak.
pub const LEVEL: f64 = 0.001;

/// Fewest permutations with which something can be called a leak.
pub const FEWEST_PERMUTATIONS: u64 = (TRIED as f64 / LEVEL) as u64 + 1;
const _: () = assert!(labels::TRIED <= TRIED, "enough for attackers too");

/// How an audit is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Seed of the permutations.
    pub seed: u64,
    /// How many; at least [`FEWEST_PERMUTATIONS`], or nothing can fail.
    pub permutations: u64,
    /// The level of the whole audit: how often one of a stream without a leak may fail.
    pub level: f64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 1,
            permutations: 20_000,
            level: LEVEL,
        }
    }
}

/// What came of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Conclusion {
    /// No metadata tells who is who better than chance.
    Passed,
    /// Some does.
    Failed,
    /// There are so few changes that even one who knew all could not be told from chance.
    Insufficient,
}

/// How one predictor did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The predictor.
    pub name: &'static str,
    /// What it goes by.
    pub by: &'static str,
    /// Changes in which it had a choice.
    pub of: usize,
    /// Those that it linked. A choice between several that look alike counts as a part.
    pub linked: f64,
    /// How many chance would link.
    pub chance: f64,
    /// How likely chance links as many.
    pub p: f64,
    /// The same, times the number of predictors that were tried beside it (Bonferroni), at most 1.
    pub corrected: f64,
}

/// What `log audit` shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// Frames that were heard.
    pub frames: u64,
    /// Link addresses that they came from.
    pub addresses: usize,
    /// Changes of address, by vehicles.
    pub changes: usize,
    /// Vehicles with at least one.
    pub vehicles: usize,
    /// Changes that have others of their kind beside them, among which to choose.
    pub comparable: usize,
    /// Windows in which they are.
    pub windows: usize,
    /// Seed of the permutations.
    pub seed: u64,
    /// How many permutations.
    pub permutations: u64,
    /// The level.
    pub level: f64,
    /// What must link nothing.
    pub metadata: Vec<Score>,
    /// What the air itself shows; it never fails an audit.
    pub privacy: Vec<Score>,
    /// Whether attackers can be told from others; nothing if no event of the log says that anybody attacked.
    pub attack: Option<Labels>,
    /// What could not be read of the log.
    #[serde(skip)]
    pub damage: Vec<Damage>,
}

/// Audits the public half of a log; truth is used for the scores alone.
///
/// # Errors
///
/// If the log cannot be read. Damage is no error but part of the answer.
pub fn audit(log: &Log, options: &Options) -> Result<Audit, LogError> {
    let mut watch = Watch::new(log.cast().clone());
    let mut damage = Vec::new();
    for portion in log.records_from(Time::ZERO)? {
        match portion {
            Ok(portion) => portion.records.iter().for_each(|record| watch.observe(record)),
            Err(LogError::Damaged { damage: found, .. }) => damage.push(found),
            Err(error) => return Err(error),
        }
    }
    let mut audit = judge(&watch.finish(), options);
    audit.damage = damage;
    Ok(audit)
}

fn judge(gathered: &Gathered, options: &Options) -> Audit {
    let spans = windows(gathered, Among::Span);
    let comparable = spans.iter().map(Vec::len).sum();
    let mut audit = Audit {
        conclusion: Conclusion::Insufficient,
        frames: gathered.frames,
        addresses: gathered.lives.len(),
        changes: gathered.changes.len(),
        vehicles: gathered.vehicles,
        comparable,
        windows: spans.len(),
        seed: options.seed,
        permutations: options.permutations,
        level: options.level,
        metadata: Vec::new(),
        privacy: Vec::new(),
        attack: labels::labels(gathered, options),
        damage: Vec::new(),
    };
    audit.metadata = scores(gathered, METADATA, options, TRIED);
    audit.metadata.insert(0, node_order(gathered, options));
    audit.privacy = scores(gathered, PRIVACY, options, PRIVACY.len());
    // Dealt out in fewer ways, a predictor that is always right would still not be unlikely enough.
    let enough = ways(spans.iter().map(Vec::len)) > libm::log(TRIED as f64 / options.level);
    let leaks = audit.leaks().next().is_some();
    audit.conclusion = match (leaks, enough) {
        (true, _) => Conclusion::Failed,
        (false, true) => Conclusion::Passed,
        (false, false) => Conclusion::Insufficient,
    };
    audit
}

/// Whether order within a moment says whose frames they are, changes of address or not.
fn node_order(gathered: &Gathered, options: &Options) -> Score {
    let (compared, of) = compare_order(&gathered.moments, options.permutations, Draws::new(options.seed));
    score(NODE_ORDER, compared, of, of as f64 / 2.0, TRIED)
}

fn score((name, by): (&'static str, &'static str), compared: Compared, of: usize, chance: f64, tried: usize) -> Score {
    Score {
        name,
        by,
        of,
        linked: compared.linked,
        chance,
        p: compared.p,
        corrected: (compared.p * tried as f64).min(1.0),
    }
}

/// How the predictors do, in their order; `tried` are looked at together.
fn scores(gathered: &Gathered, predictors: &[Predictor], options: &Options, tried: usize) -> Vec<Score> {
    let scored = |among: Among| {
        let windows = windows(gathered, among);
        let context = Context::new(gathered, &windows);
        let chosen = || predictors.iter().filter(move |predictor| predictor.among == among);
        let bets: Vec<_> = chosen().map(|predictor| predictor.bets(&context, &windows)).collect();
        let compared = compare(&bets, options.permutations, Draws::new(options.seed));
        let of = windows.iter().map(Vec::len).sum();
        // One bet each, and each new address as likely as any other of the window: one a window.
        let chance = windows.len() as f64;
        chosen()
            .zip(compared)
            .map(|(predictor, compared)| score((predictor.name, predictor.by), compared, of, chance, tried))
            .collect::<Vec<_>>()
    };
    let mut scores = scored(Among::Span);
    scores.extend(scored(Among::Moment));
    scores.sort_by_key(|score| predictors.iter().position(|predictor| predictor.name == score.name));
    scores
}

impl Audit {
    /// What links addresses, or tells attackers, and must not.
    pub fn leaks(&self) -> impl Iterator<Item = &'static str> {
        let links = self.metadata.iter().map(|score| (score.name, score.corrected));
        let labels = self.attack.iter().flat_map(|labels| &labels.metadata);
        let labels = labels.map(|score| (score.name, score.corrected));
        let leak = |(name, corrected): (&'static str, f64)| (corrected < self.level).then_some(name);
        links.chain(labels).filter_map(leak)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Score { name, by, of, .. } = self;
        if *of == 0 {
            return write!(f, "  {name:<18} {:>40}  {by}", "never had a choice");
        }
        write!(
            f,
            "  {name:<18} {:>7.1} of {of:<5} {:>6.1} {:>8.5} {:>8.5}  {by}",
            self.linked, self.chance, self.p, self.corrected
        )
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "heard        {} frames from {} link addresses",
            self.frames, self.addresses
        )?;
        writeln!(
            f,
            "changes      {} by {} vehicles; {} have others beside them, in {} windows",
            self.changes, self.vehicles, self.comparable, self.windows
        )?;
        writeln!(
            f,
            "compared     with {} ways to deal out the new addresses, seed {}\n",
            self.permutations, self.seed
        )?;
        let head = format!("{:>16} {:>6} {:>8} {:>8}", "linked", "chance", "p", "all");
        writeln!(f, "metadata             {head}  what it goes by")?;
        self.metadata.iter().try_for_each(|score| writeln!(f, "{score}"))?;
        writeln!(f, "\nprivacy: what the air itself shows; it never fails an audit")?;
        self.privacy.iter().try_for_each(|score| writeln!(f, "{score}"))?;
        if let Some(attack) = &self.attack {
            write!(f, "{attack}")?;
        }
        writeln!(f)?;
        match self.conclusion {
            Conclusion::Passed => writeln!(
                f,
                "passed       no metadata tells who is who better than chance (level {})",
                self.level
            ),
            Conclusion::Failed => {
                let names: Vec<_> = self.leaks().collect();
                writeln!(f, "FAILED       the stream betrays who is who by {}", names.join(", "))
            }
            Conclusion::Insufficient => writeln!(
                f,
                "insufficient too few changes of address at about the same time to say anything: run longer, with more\n             vehicles, or with keys that live shorter, such as --set protocols.ecpp.key_lifetime=10s"
            ),
        }
    }
}
