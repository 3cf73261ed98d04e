//! Runs a layout and counts who received what.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use roadveil_role::Time;

use super::layout::Layout;
use super::{Point, Setting};
use crate::command::Failure;
use crate::event::{Event, Record};
use crate::kernel::{Kernel, Options, PORTION};

/// Sender-receiver pairs of a bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pairs {
    sent: u64,
    received: u64,
}

/// Runs `seeds` seeds from the setting's on, on so many threads, and sums over them.
///
/// # Errors
/// If a run cannot be set up.
pub(super) fn points(setting: &Setting, seeds: u64, threads: usize) -> Result<Vec<Point>, Failure> {
    let layout = Layout::new(setting, setting.seed);
    let next = AtomicU64::new(0);
    let sum: Mutex<Result<Vec<Pairs>, Failure>> = Mutex::new(Ok(vec![Pairs::default(); layout.bins()]));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, usize::try_from(seeds).unwrap_or(usize::MAX)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= seeds {
                        break;
                    }
                    let counted = run(setting, setting.seed.wrapping_add(index));
                    // Sums do not depend on who comes first.
                    add(&mut sum.lock().unwrap_or_else(PoisonError::into_inner), counted);
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    let points = sum.iter().enumerate().map(|(bin, pairs)| Point {
        at: layout.label(bin),
        sent: pairs.sent,
        received: pairs.received,
    });
    Ok(points.filter(|point| point.sent > 0).collect())
}

fn add(sum: &mut Result<Vec<Pairs>, Failure>, counted: Result<Vec<Pairs>, Failure>) {
    match (sum.as_mut(), counted) {
        (Ok(sum), Ok(counted)) => {
            for (total, pairs) in sum.iter_mut().zip(counted) {
                total.sent += pairs.sent;
                total.received += pairs.received;
            }
        }
        (Ok(_), Err(error)) => *sum = Err(error),
        (Err(_), _) => {}
    }
}

/// One run: its pairs by bin.
fn run(setting: &Setting, seed: u64) -> Result<Vec<Pairs>, Failure> {
    let layout = Layout::new(setting, seed);
    let scenario = layout.scenario(setting, seed).map_err(Failure::input)?;
    let options = Options {
        threads: 1,
        share: true,
    };
    let mut kernel = Kernel::new(scenario, options).map_err(Failure::stuck)?;
    let mut count = Count::new(&layout);
    loop {
        let going = kernel.advance(Time::MAX, PORTION);
        for record in kernel.take_records() {
            count.observe(&record);
        }
        if !going {
            return Ok(count.finish());
        }
    }
}

/// Counts over one run's records. A frame counts as sent when its role sends it, also if it never reaches the air, and
/// for every other node, also if that is no candidate.
struct Count<'l> {
    layout: &'l Layout,
    /// Frames by sender.
    frames: Vec<u64>,
    /// Who sends what is on the air.
    on_air: BTreeMap<u64, usize>,
    bins: Vec<Pairs>,
}

impl<'l> Count<'l> {
    fn new(layout: &'l Layout) -> Count<'l> {
        Count {
            layout,
            frames: vec![0; layout.len()],
            on_air: BTreeMap::new(),
            bins: vec![Pairs::default(); layout.bins()],
        }
    }

    fn observe(&mut self, record: &Record) {
        match &record.event {
            Event::Sent { tx, node, .. } => {
                self.frames[node.index()] += 1;
                self.on_air.insert(tx.0, node.index());
            }
            Event::Unsent { node, .. } => self.frames[node.index()] += 1,
            Event::Heard { tx, receptions } => {
                let counts = |sender: &usize| self.layout.counts(*sender);
                let Some(sender) = self.on_air.remove(&tx.0).filter(counts) else {
                    return;
                };
                for reception in receptions.iter().filter(|reception| reception.lost.is_none()) {
                    self.bins[self.layout.bin(sender, reception.node.index())].received += 1;
                }
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Vec<Pairs> {
        for (sender, &frames) in self.frames.iter().enumerate() {
            if frames == 0 || !self.layout.counts(sender) {
                continue;
            }
            for other in (0..self.layout.len()).filter(|other| *other != sender) {
                self.bins[self.layout.bin(sender, other)].sent += frames;
            }
        }
        self.bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::RadioMode;
    use crate::radio::Fading;

    #[test]
    fn pairs_are_counted_as_ns3_radio_counts_them() {
        let curve = Setting {
            frames: 500,
            fading: Fading::None,
            ..Setting::new(RadioMode::Curve)
        };
        let counted = points(&curve, 1, 1).expect("runs");
        assert_eq!(counted.len(), 40);
        assert!(counted.iter().all(|point| point.sent == 521));
        assert_eq!((counted[0].at, counted[0].received), (25.0, 521));
        assert_eq!((counted[39].at, counted[39].received), (1000.0, 0));

        let highway = Setting {
            seconds: 3.0,
            ..Setting::new(RadioMode::Highway)
        };
        let counted = points(&highway, 1, 1).expect("runs");
        let sent: Vec<(f64, u64)> = counted.iter().take(3).map(|point| (point.at, point.sent)).collect();
        assert_eq!(sent, [(0.0, 5656), (25.0, 11312), (50.0, 16968)]);
        assert_eq!(counted.last().map(|point| point.at), Some(1500.0));
    }

    #[test]
    fn a_cliques_pairs_are_all_of_them_and_seeds_add_up() {
        let clique = Setting {
            nodes: 10,
            seconds: 2.0,
            ..Setting::new(RadioMode::Clique)
        };
        let one = points(&clique, 1, 1).expect("runs");
        assert_eq!(one.len(), 1);
        assert_eq!((one[0].at, one[0].sent), (10.0, 10 * 9 * 18));
        let second = points(
            &Setting {
                seed: 2,
                ..clique.clone()
            },
            1,
            1,
        )
        .expect("runs");
        let both = points(&clique, 2, 2).expect("runs");
        assert_eq!(both[0].sent, one[0].sent + second[0].sent);
        assert_eq!(both[0].received, one[0].received + second[0].received);
    }

    #[test]
    fn threads_change_nothing() {
        let setting = Setting {
            nodes: 40,
            seconds: 0.5,
            ..Setting::new(RadioMode::Highway)
        };
        assert_eq!(
            points(&setting, 5, 1).expect("runs"),
            points(&setting, 5, 4).expect("runs")
        );
    }
}
