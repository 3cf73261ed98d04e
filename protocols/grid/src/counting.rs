//! How reports of a privacy level are made and counted, whatever the mechanism.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rand_core::Rng;
use roadveil_ldp::account::Nano;
use roadveil_ldp::alpha::{self, AlphaPoint};
use roadveil_ldp::dbit::{self, DBit};
use roadveil_ldp::draw::below;
use roadveil_ldp::loloha::{self, Loloha};
use roadveil_ldp::memo::{Memo, Memoised, Said};
use roadveil_ldp::one_bit::OneBit;
use roadveil_ldp::plan::Share;
use roadveil_ldp::reading::Levels;
use roadveil_ldp::{Epsilon, Estimate, Impossible, Mechanism, Reading, Report, Tally};
use roadveil_role::SetupError;

use crate::params::Config;
use crate::roster::Quantity;
use crate::way::Way;

/// Mechanisms that are kept at most.
const MOST_MADE: usize = 256;

/// Buckets that a meter draws, with dBitFlipPM.
const DRAWN: u32 = 4;

/// A mechanism with how it is counted.
#[derive(Clone, Debug)]
pub enum Counting {
    /// A report of its own each time.
    Fresh(Arc<dyn Mechanism>),
    /// A remembered bit.
    OneBitMean(Arc<AlphaPoint>),
    /// Remembered answers.
    Memo(Arc<Memoised>),
    /// Remembered bits of some buckets.
    DBit(Arc<DBit>),
    /// Remembered answers of a hash.
    Loloha(Arc<Loloha>),
}

impl Counting {
    /// How many bits a report has.
    pub fn bits(&self) -> u32 {
        match self {
            Counting::Fresh(mechanism) => mechanism.bits(),
            Counting::OneBitMean(_) => 1,
            Counting::Memo(memoised) => memoised.bits(),
            Counting::DBit(dbit) => dbit.drawn(),
            Counting::Loloha(loloha) => loloha.rounds().bits(),
        }
    }

    /// A report as bytes: as few as hold it.
    pub fn to_bytes(&self, report: Report) -> Vec<u8> {
        let bytes = self.bits().div_ceil(8) as usize;
        report.to_le_bytes().into_iter().take(bytes).collect()
    }

    /// A report from bytes; nothing if they are too many, too few, or say more than its bits.
    pub fn from_bytes(&self, bytes: &[u8]) -> Option<Report> {
        let mut word = [0; 8];
        let bits = self.bits();
        let fits = bytes.len() == bits.div_ceil(8) as usize;
        word.get_mut(..bytes.len()).filter(|_| fits)?.copy_from_slice(bytes);
        let report = Report::from_le_bytes(word);
        report
            .checked_shr(bits)
            .is_none_or(|beyond| beyond == 0)
            .then_some(report)
    }

    /// Nothing counted yet.
    pub fn tally(&self) -> Tally {
        match self {
            Counting::Fresh(mechanism) => Tally::new(&**mechanism),
            Counting::OneBitMean(_) => Tally {
                n: 0,
                counters: vec![0],
            },
            Counting::Memo(memoised) => memoised.tally(),
            Counting::DBit(dbit) => dbit.tally(),
            Counting::Loloha(loloha) => loloha.tally(),
        }
    }

    /// Counts a report of a meter that said `word` when it registered.
    ///
    /// # Errors
    /// If no such meter can have made it.
    pub fn count(&self, word: u64, report: Report, tally: &mut Tally) -> Result<(), Impossible> {
        match self {
            Counting::Fresh(mechanism) => tally.add(&**mechanism, report),
            Counting::OneBitMean(_) => {
                let ones = tally.counters.first_mut().ok_or(Impossible)?;
                if report > 1 {
                    return Err(Impossible);
                }
                *ones += report;
                tally.n += 1;
                Ok(())
            }
            Counting::Memo(memoised) => memoised.count(report, tally),
            Counting::DBit(dbit) => dbit.count(word, report, tally),
            Counting::Loloha(loloha) => {
                let function = u32::try_from(word).map_err(|_| Impossible)?;
                loloha.count(function, report, tally)
            }
        }
    }

    /// The mean behind a tally, with a variance that includes that of the readings over meters: who reports is a sample.
    pub fn estimate(&self, tally: &Tally) -> Option<Estimate> {
        match self {
            Counting::Fresh(mechanism) => Estimate::of(&**mechanism, tally),
            Counting::OneBitMean(alpha) => alpha.estimate(tally),
            Counting::Memo(memoised) => memoised.estimate(tally),
            Counting::DBit(dbit) => dbit.estimate(tally),
            Counting::Loloha(loloha) => loloha.estimate(tally),
        }
    }

    /// The mechanism, if each report is drawn anew.
    pub fn fresh(&self) -> Option<&dyn Mechanism> {
        match self {
            Counting::Fresh(mechanism) => Some(&**mechanism),
            _ => None,
        }
    }
}

/// What a meter remembers over its life. Stored, it says the same.
#[derive(Clone, Debug)]
pub enum Memory {
    /// Nothing.
    None,
    /// A bit for each value of its grid.
    OneBitMean(alpha::Meter),
    /// An answer for each level, and where it rounds up.
    Memo(Memo, u32),
    /// Bits for each of its buckets.
    DBit(dbit::Meter),
    /// An answer for each hash.
    Loloha(loloha::Meter),
}

impl Memory {
    /// Of a meter with so much to spend over its life.
    pub fn new(counting: &Counting, budget: f64, rng: &mut dyn Rng) -> Memory {
        match counting {
            Counting::Fresh(_) => Memory::None,
            Counting::OneBitMean(alpha) => Memory::OneBitMean(alpha::Meter::new(alpha, budget, rng)),
            Counting::Memo(memoised) => Memory::Memo(Memo::new(memoised, budget), Levels::threshold(rng)),
            Counting::DBit(dbit) => Memory::DBit(dbit::Meter::new(dbit, budget, rng)),
            Counting::Loloha(loloha) => Memory::Loloha(loloha::Meter::new(loloha, budget, rng)),
        }
    }

    /// What a meter says of itself when it registers: which buckets, which hash. It depends on no reading.
    pub fn word(&self) -> u64 {
        match self {
            Memory::DBit(meter) => meter.buckets(),
            Memory::Loloha(meter) => u64::from(meter.function()),
            _ => 0,
        }
    }

    /// What was spent over life.
    pub fn spent(&self) -> Nano {
        match self {
            Memory::None => Nano(0),
            Memory::OneBitMean(meter) => meter.spent(),
            Memory::Memo(memo, _) => memo.spent(),
            Memory::DBit(meter) => meter.spent(),
            Memory::Loloha(meter) => meter.spent(),
        }
    }

    /// What a meter that remembers says of a reading. Nothing of one that does not.
    pub fn say(&mut self, counting: &Counting, reading: Reading, rng: &mut dyn Rng) -> Option<Said> {
        Some(match (self, counting) {
            (Memory::OneBitMean(meter), Counting::OneBitMean(alpha)) => meter.say(alpha, reading, rng),
            (Memory::Memo(memo, threshold), Counting::Memo(memoised)) => {
                let level = memoised.levels().round_by(reading, *threshold);
                memo.say(memoised, level, rng)
            }
            (Memory::DBit(meter), Counting::DBit(dbit)) => meter.say(dbit, reading, rng),
            (Memory::Loloha(meter), Counting::Loloha(loloha)) => meter.say(loloha, reading, rng),
            _ => return None,
        })
    }
}

/// Budgets and mechanisms of all levels; each mechanism is made once.
#[derive(Debug)]
pub struct Toolbox {
    config: Arc<Config>,
    made: Mutex<BTreeMap<(Quantity, u64), Counting>>,
}

impl Toolbox {
    /// For a run's parameters.
    ///
    /// # Errors
    /// If there is no mechanism for one of the levels, or if a method splits a budget into parts that are too small.
    pub fn new(config: Arc<Config>) -> Result<Toolbox, SetupError> {
        let toolbox = Toolbox {
            config,
            made: Mutex::default(),
        };
        let least = match toolbox.config.way.method() {
            method if toolbox.config.way.remembers() || !method.splits_budget() => Share::ALL,
            method if method.is_adaptive() => Share::below(0.5 / toolbox.config.window as f64),
            _ => Share::below(1.0 / toolbox.config.window as f64),
        };
        for quantity in Quantity::ALL {
            for level in 0..toolbox.levels(quantity) {
                let budget = toolbox.budget(quantity, level);
                if least.epsilon(budget).is_none() {
                    return Err(SetupError(format!(
                        "window: {} slots leave less than {} of a budget of {} for a slot: expected a shorter window, a larger \
                         epsilon, or method lpu",
                        toolbox.config.window,
                        Epsilon::MIN,
                        budget.get()
                    )));
                }
                toolbox.make(quantity, least.of(budget))?;
            }
        }
        Ok(toolbox)
    }

    /// How many privacy levels there are for a quantity.
    pub fn levels(&self, quantity: Quantity) -> u8 {
        match quantity {
            Quantity::Station => 1,
            // At most 16 are read.
            _ => self.config.privacy_levels.len() as u8,
        }
    }

    /// The budget of a level.
    pub fn budget(&self, quantity: Quantity, level: u8) -> Nano {
        let epsilon = match quantity {
            Quantity::Station => self.config.station_epsilon,
            _ => match self.config.privacy_levels.get(usize::from(level)) {
                Some(level) => level.epsilon,
                None => return Nano(0),
            },
        };
        Nano::below(epsilon.get())
    }

    /// How reports at a share of a budget are counted. Nothing where it is too little for a mechanism.
    pub fn counting(&self, quantity: Quantity, level: u8, share: Share) -> Option<Counting> {
        let budget = self.budget(quantity, level);
        // Remembered answers are not divided.
        let share = if self.config.way.remembers() { Share::ALL } else { share };
        self.make(quantity, share.of(budget)).ok()
    }

    fn make(&self, quantity: Quantity, cost: Nano) -> Result<Counting, SetupError> {
        // What another thread left half done is whole: an entry is put in at once.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counting) = made.get(&(quantity, cost.0)) {
            return Ok(counting.clone());
        }
        let counting = self.build(quantity, cost)?;
        // Adaptive methods come by many shares; what is forgotten is made anew.
        if made.len() >= MOST_MADE {
            made.clear();
        }
        made.insert((quantity, cost.0), counting.clone());
        Ok(counting)
    }

    fn build(&self, quantity: Quantity, cost: Nano) -> Result<Counting, SetupError> {
        let config = &self.config;
        let of = quantity.role();
        let named = |what: &str, error: &dyn core::fmt::Display| SetupError(format!("{what} of `{of}`: {error}"));
        let epsilon = Epsilon::new(cost.get()).map_err(|error| named("budget", &error))?;
        let (kind, single) = match quantity {
            Quantity::Station => (config.station_mechanism, half(epsilon)),
            _ => (config.mechanism, config.single_epsilon),
        };
        Ok(match config.way {
            Way::Planned(_) | Way::Fresh => Counting::Fresh(
                kind.build(epsilon, config.levels, config.rounding)
                    .map_err(|error| named("levels and mechanism", &error))?,
            ),
            Way::OneBitMean => {
                let gaps = config.levels.saturating_sub(1).max(1);
                Counting::OneBitMean(Arc::new(AlphaPoint::new(OneBit::new(epsilon), gaps, config.flip)))
            }
            Way::Memo(form) => Counting::Memo(Arc::new(
                Memoised::new(form, epsilon, single, config.levels)
                    .map_err(|error| named("single_epsilon, epsilon and levels", &error))?,
            )),
            Way::DBitFlip => {
                let drawn = DRAWN.min(config.levels);
                Counting::DBit(Arc::new(
                    DBit::new(epsilon, config.levels, drawn).map_err(|error| named("levels", &error))?,
                ))
            }
            Way::Loloha => Counting::Loloha(Arc::new(
                Loloha::new(epsilon, single, config.levels)
                    .map_err(|error| named("single_epsilon, epsilon and levels", &error))?,
            )),
        })
    }

    /// The mean of a stream from the tallies of its levels: each weighted by how many reports it has and what one is worth at
    /// half of the range, so that weights do not depend on what was reported.
    pub fn pooled(&self, quantity: Quantity, share: Share, tallies: &BTreeMap<u8, Tally>) -> Option<Estimate> {
        let (mut weights, mut mean, mut variance) = (0.0, 0.0, 0.0);
        for (level, tally) in tallies {
            let counting = self.counting(quantity, *level, share)?;
            let Some(estimate) = counting.estimate(tally) else {
                continue;
            };
            let weight = tally.n as f64 / self.worth(quantity, *level, share, &counting);
            weights += weight;
            mean += weight * estimate.mean;
            variance += weight * weight * estimate.variance;
        }
        (weights > 0.0).then(|| Estimate {
            mean: mean / weights,
            variance: variance / (weights * weights),
        })
    }

    /// The variance of a report at half of the range; of one bit with the same budget, where answers are remembered.
    fn worth(&self, quantity: Quantity, level: u8, share: Share, counting: &Counting) -> f64 {
        match counting.fresh() {
            Some(mechanism) => mechanism.variance(0.5),
            None => {
                let epsilon = share.epsilon(self.budget(quantity, level));
                epsilon.map_or(1.0, |epsilon| OneBit::new(epsilon).variance(0.5))
            }
        }
    }

    /// The variance of the mean of so many reports at a share of the budget, levels mixed as they were chosen.
    pub fn variance(&self, quantity: Quantity, share: Share, count: u32) -> f64 {
        let shares: Vec<f64> = match quantity {
            Quantity::Station => vec![1.0],
            _ => self.config.privacy_levels.iter().map(|level| level.share).collect(),
        };
        let precision = |(level, part): (usize, f64)| {
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            let counting = self.counting(quantity, level, share);
            counting.map_or(0.0, |counting| part / self.worth(quantity, level, share, &counting))
        };
        let all: f64 = shares.into_iter().enumerate().map(precision).sum();
        1.0 / (all * f64::from(count)).max(f64::MIN_POSITIVE)
    }
}

/// What one report of a station's remembered answer spends.
fn half(epsilon: Epsilon) -> Epsilon {
    Epsilon::new(epsilon.get() / 2.0).unwrap_or(epsilon)
}

/// The report that says the largest mean, of some that were drawn: what a false meter sends.
pub fn largest(counting: &Counting, word: u64, rng: &mut dyn Rng) -> Report {
    const TRIES: u32 = 64;
    let most = 1u64.checked_shl(counting.bits()).map_or(u64::MAX, |end| end - 1);
    let alone = |report: Report| {
        let mut tally = counting.tally();
        counting.count(word, report, &mut tally).ok()?;
        Some((counting.estimate(&tally)?.mean, report))
    };
    let drawn: Vec<Report> = (0..TRIES).map(|_| any(counting, rng)).collect();
    let found = [most].into_iter().chain(drawn).filter_map(alone);
    found
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map_or(0, |(_, report)| report)
}

/// A report drawn alike from all that there are: it depends on no reading.
pub fn any(counting: &Counting, rng: &mut dyn Rng) -> Report {
    match counting {
        Counting::Fresh(mechanism) => mechanism.any(rng),
        Counting::OneBitMean(_) => rng.next_u64() >> 63,
        Counting::Memo(memoised) => below(rng, memoised.reports()),
        Counting::DBit(dbit) => rng.next_u64() >> (u64::BITS - dbit.drawn()),
        Counting::Loloha(loloha) => below(rng, loloha.rounds().reports()),
    }
}
