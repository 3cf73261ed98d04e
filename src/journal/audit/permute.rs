//! Is a predictor better than chance? Compared with all ways, or many, in which new addresses could have been dealt out.

use super::draws::Draws;

/// What a predictor says of the changes of one window: for each, how much it bets on each of the window's new addresses.
/// Bets of one change sum to 1; the address that the vehicle took in truth stands on the diagonal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bets {
    size: usize,
    bets: Vec<f64>,
}

impl Bets {
    /// Bets on the least cost; on all of those that cost the same, alike. A cost that is no number is the highest.
    pub(super) fn on_least(size: usize, cost: impl Fn(usize, usize) -> f64) -> Bets {
        let mut bets = Vec::with_capacity(size * size);
        for old in 0..size {
            let costs: Vec<f64> = (0..size).map(|new| cost(old, new)).map(last_if_nan).collect();
            let least = costs.iter().copied().fold(f64::INFINITY, f64::min);
            let count = costs.iter().filter(|cost| **cost == least).count();
            bets.extend(
                costs
                    .iter()
                    .map(|cost| if *cost == least { 1.0 / count as f64 } else { 0.0 }),
            );
        }
        Bets { size, bets }
    }

    /// How much is won if the change of that number took the new address of that number.
    fn won(&self, dealt: &[usize]) -> f64 {
        dealt
            .iter()
            .enumerate()
            .map(|(old, new)| self.bets[old * self.size + new])
            .sum()
    }
}

const fn last_if_nan(cost: f64) -> f64 {
    if cost.is_nan() { f64::INFINITY } else { cost }
}

/// What came of comparing one predictor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Compared {
    /// Changes that it linked; a bet on several counts as a part.
    pub(super) linked: f64,
    /// How likely it is that chance links as many.
    pub(super) p: f64,
}

/// Compares predictors on the same windows: `predictors[k][w]` are the bets of predictor `k` in window `w`. New addresses
/// are dealt out anew `count` times, always within their window: what changes with time, or from one kind of address to
/// another, so cannot look like a link. With `k` of `n` that win as much, p is `(1 + k) / (1 + n)`, which holds its level
/// for any `n` (Phipson and Smyth 2010).
pub(super) fn compare(predictors: &[Vec<Bets>], count: u64, mut draws: Draws) -> Vec<Compared> {
    let sizes = predictors.first().map_or(&[][..], |bets| bets);
    let mut dealt: Vec<Vec<usize>> = sizes.iter().map(|bets| (0..bets.size).collect()).collect();
    let won = |bets: &[Bets], dealt: &[Vec<usize>]| -> f64 {
        bets.iter().zip(dealt).map(|(bets, dealt)| bets.won(dealt)).sum()
    };
    let linked: Vec<f64> = predictors.iter().map(|bets| won(bets, &dealt)).collect();
    let mut as_good = vec![0u64; predictors.len()];
    for _ in 0..count {
        dealt.iter_mut().for_each(|dealt| draws.shuffle(dealt));
        for ((bets, linked), as_good) in predictors.iter().zip(&linked).zip(&mut as_good) {
            // Sums of the same parts in another order differ in their last bits.
            *as_good += u64::from(won(bets, &dealt) >= linked - 1e-9);
        }
    }
    linked
        .into_iter()
        .zip(as_good)
        .map(|(linked, as_good)| Compared {
            linked,
            p: (1 + as_good) as f64 / (1 + count) as f64,
        })
        .collect()
}

/// Compares the order in moments with chance: how many neighbours in them are in rising order, and how likely it is that
/// so many, or so few, are by chance. Also how many pairs of neighbours there are.
pub(super) fn compare_order<T: Ord + Copy>(moments: &[Vec<T>], count: u64, mut draws: Draws) -> (Compared, usize) {
    let pairs: usize = moments.iter().map(|moment| moment.len().saturating_sub(1)).sum();
    let linked = rising(moments);
    let mut dealt = moments.to_vec();
    let mut as_good = 0u64;
    for _ in 0..count {
        dealt.iter_mut().for_each(|moment| draws.shuffle(moment));
        as_good += u64::from((2 * rising(&dealt)).abs_diff(pairs) >= (2 * linked).abs_diff(pairs));
    }
    let compared = Compared {
        linked: linked as f64,
        p: (1 + as_good) as f64 / (1 + count) as f64,
    };
    (compared, pairs)
}

/// Neighbours in rising order.
fn rising<T: Ord>(moments: &[Vec<T>]) -> usize {
    let count = |moment: &Vec<T>| moment.windows(2).filter(|pair| pair[0] < pair[1]).count();
    moments.iter().map(count).sum()
}

/// Natural logarithm of the number of ways to deal out new addresses in windows of those sizes.
pub(super) fn ways(sizes: impl Iterator<Item = usize>) -> f64 {
    sizes.map(|size| libm::lgamma(size as f64 + 1.0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bet_goes_to_the_least_cost_and_is_shared_by_equals() {
        let costs = [[0.0, 1.0, 2.0], [3.0, 3.0, 9.0], [f64::NAN, f64::NAN, f64::NAN]];
        let bets = Bets::on_least(3, |old, new| costs[old][new]);
        let third = 1.0 / 3.0;
        assert_eq!(bets.bets, [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, third, third, third]);
        assert!((bets.won(&[0, 1, 2]) - (1.5 + third)).abs() < 1e-12);
        assert!((bets.won(&[1, 2, 0]) - third).abs() < 1e-12);
    }

    #[test]
    fn one_who_knows_is_beyond_chance_and_one_who_says_nothing_is_at_it() {
        let windows = |cost: fn(usize, usize) -> f64| (0..5).map(|_| Bets::on_least(6, cost)).collect::<Vec<_>>();
        let knows = windows(|old, new| old.abs_diff(new) as f64);
        let silent = windows(|_, _| 0.0);
        let wrong = windows(|old, new| -(old.abs_diff(new) as f64));
        let compared = compare(&[knows, silent, wrong], 2_000, Draws::new(1));
        assert_eq!((compared[0].linked, compared[0].p), (30.0, 1.0 / 2_001.0));
        assert!((compared[1].linked - 5.0).abs() < 1e-9);
        assert_eq!(compared[1].p, 1.0);
        assert_eq!((compared[2].linked, compared[2].p), (0.0, 1.0));
    }

    #[test]
    fn with_few_ways_p_is_the_share_of_the_ways() {
        // Of the 6 ways to deal out 3, one wins all three: p goes to 1/6, and never below.
        let knows = vec![Bets::on_least(3, |old, new| old.abs_diff(new) as f64)];
        let compared = compare(&[knows], 20_000, Draws::new(2));
        assert!((compared[0].p - 1.0 / 6.0).abs() < 0.01, "{compared:?}");
        assert!((ways([3, 2].into_iter()) - libm::log(12.0)).abs() < 1e-9);
    }

    #[test]
    fn an_order_up_or_down_is_beyond_chance_and_a_mixed_one_is_not() {
        let up = vec![vec![1, 2], vec![3, 5, 9], vec![4, 6], vec![1, 9], vec![2, 3, 4]];
        let down: Vec<Vec<i32>> = up.iter().map(|moment| moment.iter().rev().copied().collect()).collect();
        let mixed = vec![vec![1, 2], vec![9, 3, 5], vec![6, 4], vec![1, 9], vec![3, 2, 4]];
        let compared = |moments: &[Vec<i32>]| compare_order(moments, 20_000, Draws::new(3));
        let (Compared { linked, p }, pairs) = compared(&up);
        assert_eq!((linked, pairs), (7.0, 7));
        // Two of 2 * 6 * 2 * 2 * 6 orders are as extreme.
        assert!((p - 2.0 / 288.0).abs() < 0.003, "{p}");
        assert!((compared(&down).0.p - p).abs() < 0.003 && compared(&down).0.linked == 0.0);
        assert!(compared(&mixed).0.p > 0.5);
        assert_eq!(compared(&[]), (Compared { linked: 0.0, p: 1.0 }, 0));
    }
}
