//! Who is near: a uniform grid over the radios, rebuilt when they have moved. Never all pairs.

/// Nodes by cell, in compressed rows: the nodes of cell `c` are `nodes[start[c]..start[c + 1]]`, in order of number.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    origin: (f64, f64),
    cell: f64,
    columns: usize,
    rows: usize,
    start: Vec<u32>,
    /// With metres east and north of the origin: of any other, `f32` could tell too few.
    nodes: Vec<(u32, f32, f32)>,
}

/// Most cells: bounds memory where one node strays far away.
const MAX_CELLS: usize = 1 << 20;

impl Neighbours {
    /// The grid over `places` (number, metres east and north) with cells of about `cell` metres.
    pub fn build(places: &[(u32, f64, f64)], cell: f64) -> Neighbours {
        let Some(&(_, x, y)) = places.first() else {
            return Neighbours::default();
        };
        let (mut low, mut high) = ((x, y), (x, y));
        for &(_, x, y) in places {
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        let mut cell = cell.max(1.0);
        let count = |cell: f64| {
            (
                ((high.0 - low.0) / cell) as usize + 1,
                ((high.1 - low.1) / cell) as usize + 1,
            )
        };
        while count(cell).0.saturating_mul(count(cell).1) > MAX_CELLS {
            cell *= 2.0;
        }
        let (columns, rows) = count(cell);
        let mut grid = Neighbours {
            origin: low,
            cell,
            columns,
            rows,
            start: vec![0; columns * rows + 1],
            nodes: Vec::new(),
        };
        for &(_, x, y) in places {
            let index = grid.cell_of(x, y);
            grid.start[index + 1] += 1;
        }
        for index in 0..columns * rows {
            grid.start[index + 1] += grid.start[index];
        }
        grid.nodes = vec![(0, 0.0, 0.0); places.len()];
        let mut next = grid.start.clone();
        for &(node, x, y) in places {
            let index = grid.cell_of(x, y);
            grid.nodes[next[index] as usize] = (node, (x - low.0) as f32, (y - low.1) as f32);
            next[index] += 1;
        }
        grid
    }

    fn cell_of(&self, x: f64, y: f64) -> usize {
        let column = (((x - self.origin.0) / self.cell) as usize).min(self.columns - 1);
        let row = (((y - self.origin.1) / self.cell) as usize).min(self.rows - 1);
        row * self.columns + column
    }

    /// Calls `visit` with the number of every node within `radius` metres of (`x`, `y`), and how far east and north of it the
    /// node is, cell by cell.
    #[inline]
    pub fn within(&self, x: f64, y: f64, radius: f64, mut visit: impl FnMut(u32, (f64, f64))) {
        if self.nodes.is_empty() {
            return;
        }
        let (x, y) = (x - self.origin.0, y - self.origin.1);
        let clamp = |value: f64, count: usize| ((value / self.cell).max(0.0) as usize).min(count - 1);
        let columns = clamp(x - radius, self.columns)..=clamp(x + radius, self.columns);
        let rows = clamp(y - radius, self.rows)..=clamp(y + radius, self.rows);
        // A centimetre more: the places are stored as f32.
        let limit = (radius + 0.01) * (radius + 0.01);
        for row in rows {
            let first = self.start[row * self.columns + columns.start()] as usize;
            let last = self.start[row * self.columns + columns.end() + 1] as usize;
            for &(node, node_x, node_y) in &self.nodes[first..last] {
                let (dx, dy) = (f64::from(node_x) - x, f64::from(node_y) - y);
                if dx * dx + dy * dy <= limit {
                    visit(node, (dx, dy));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_comparing_all_pairs_finds(
            places in proptest::collection::vec((-500.0..2000.0f64, -300.0..900.0f64), 0..60),
            x in -800.0..2500.0f64, y in -800.0..1500.0f64, radius in 1.0..900.0f64, cell in 20.0..400.0f64,
        ) {
            let places: Vec<(u32, f64, f64)> =
                places.iter().enumerate().map(|(index, (x, y))| (index as u32, *x, *y)).collect();
            let grid = Neighbours::build(&places, cell);
            let mut found = Vec::new();
            grid.within(x, y, radius, |node, by| found.push((node, by)));
            found.sort_unstable_by_key(|&(node, _)| node);
            let away = |&&(_, px, py): &&(u32, f64, f64)| (px - x).hypot(py - y);
            // Who stands on the rim, to the centimetre, may be found or not.
            let inside = places.iter().filter(|place| away(place) <= radius).map(|place| place.0);
            prop_assert!(inside.into_iter().all(|node| found.iter().any(|&(other, _)| other == node)));
            for (node, by) in found {
                let place = &places[node as usize];
                prop_assert!(away(&place) <= radius + 0.02);
                prop_assert!((place.1 - x - by.0).abs() < 0.01 && (place.2 - y - by.1).abs() < 0.01);
            }
        }
    }

    #[test]
    fn one_stray_node_does_not_cost_memory() {
        let grid = Neighbours::build(&[(0, 0.0, 0.0), (1, 1e9, 1e9)], 10.0);
        assert!(grid.start.len() <= MAX_CELLS + 1);
    }
}
