//! What a virtual second costs with more nodes at the same density.

use super::clock::{median, own_cpu};
use super::system::{Run, Workload};

/// Numbers of nodes, each four times the one before.
const NODES: [u32; 4] = [50, 200, 800, 3200];

/// One number of nodes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Size {
    /// How many nodes.
    pub(super) nodes: u32,
    /// Receptions in a virtual second.
    pub(super) receptions: f64,
    /// Processor seconds that a virtual second takes, of each run.
    pub(super) costs: Vec<f64>,
}

impl Size {
    /// Processor seconds that a virtual second takes, the middle of all runs.
    pub(super) fn cost(&self) -> f64 {
        median(self.costs.iter().copied())
    }
}

/// Runs highways of all sizes in turns, `rounds` times, the longest of them for so many virtual seconds and the shorter
/// ones for longer, so that all have as much to do. Loading does not count.
///
/// # Errors
/// If a run cannot be loaded.
pub(super) fn measure(rounds: u32, seconds: f64, mut tell: impl FnMut(&str)) -> Result<Vec<Size>, String> {
    let mut sizes = NODES.map(|nodes| Size {
        nodes,
        receptions: 0.0,
        costs: Vec::new(),
    });
    let largest = f64::from(NODES[NODES.len() - 1]);
    for round in 1..=rounds {
        tell(&format!("round {round} of {rounds}"));
        for size in &mut sizes {
            let span = seconds * largest / f64::from(size.nodes);
            let mut run = Run::new(Workload::Highway, size.nodes, span)?;
            let begin = own_cpu();
            let (_, receptions) = run.finish();
            size.costs.push((own_cpu() - begin) / span);
            size.receptions = receptions as f64 / span;
        }
    }
    Ok(sizes.into())
}

/// How many times as much sixteen times as many nodes cost: smaller and greater number of nodes, and the factor.
pub(super) fn factors(sizes: &[Size]) -> Vec<(u32, u32, f64)> {
    let pairs = sizes
        .iter()
        .flat_map(|small| sizes.iter().map(move |great| (small, great)));
    pairs
        .filter(|(small, great)| great.nodes == 16 * small.nodes)
        .map(|(small, great)| (small.nodes, great.nodes, great.cost() / small.cost()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_times_the_nodes_are_compared_by_their_middle_runs() {
        let size = |nodes, costs: &[f64]| Size {
            nodes,
            receptions: 1.0,
            costs: costs.to_vec(),
        };
        let sizes = [
            size(50, &[1.0, 9.0, 1.0]),
            size(200, &[4.0, 4.0, 4.0]),
            size(800, &[18.0, 18.0, 1.0]),
            size(3200, &[80.0, 80.0, 99.0]),
        ];
        assert_eq!(factors(&sizes), [(50, 800, 18.0), (200, 3200, 20.0)]);
    }

    #[test]
    fn all_sizes_have_as_much_to_do() {
        let sizes = measure(1, 0.2, |_| {}).expect("runs");
        assert_eq!(sizes.iter().map(|size| size.nodes).collect::<Vec<_>>(), NODES);
        let per_node = |size: &Size| size.receptions / f64::from(size.nodes);
        // But for both ends, where there are fewer neighbours.
        assert!(per_node(&sizes[3]) / per_node(&sizes[0]) < 1.3);
        assert!(sizes.iter().all(|size| size.cost() > 0.0));
    }
}
