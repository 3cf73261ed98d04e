//! Which junctions most vehicles pass.

use std::collections::BTreeMap;

use super::plane::distance_squared;
use super::{Place, World};

/// A vehicle passes a junction if it comes as near as this, metres.
pub const PASSING: f64 = 20.0;

/// Side of a cell of the grid in which junctions are looked up, metres.
const CELL: f64 = 100.0;

impl World {
    /// Counts for every junction how many different vehicles pass within [`PASSING`] metres of it. The way between two
    /// samples counts too, so that a fast vehicle does not jump over a junction.
    pub fn count_passes(&mut self) {
        let cell = |x: f64| (x / CELL).floor() as i64;
        let mut cells: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        for (index, junction) in self.junctions.iter().enumerate() {
            for cx in cell(junction.x - PASSING)..=cell(junction.x + PASSING) {
                for cy in cell(junction.y - PASSING)..=cell(junction.y + PASSING) {
                    cells.entry((cx, cy)).or_default().push(index);
                }
            }
        }
        // For each junction the vehicle that was counted last: vehicles are taken one after another.
        let mut last = vec![None; self.junctions.len()];
        let mut passes = vec![0_u32; self.junctions.len()];
        let mut visit = |vehicle: usize, from: (f64, f64), to: (f64, f64)| {
            for cx in cell(from.0.min(to.0))..=cell(from.0.max(to.0)) {
                for cy in cell(from.1.min(to.1))..=cell(from.1.max(to.1)) {
                    for &index in cells.get(&(cx, cy)).into_iter().flatten() {
                        let junction = &self.junctions[index];
                        let near = distance_squared((junction.x, junction.y), from, to) <= PASSING * PASSING;
                        if near && last[index] != Some(vehicle) {
                            last[index] = Some(vehicle);
                            passes[index] += 1;
                        }
                    }
                }
            }
        };
        for (index, trace) in self.traces.iter().enumerate() {
            trace
                .stretches()
                .for_each(|stretch| segments(stretch, |from, to| visit(index, from, to)));
        }
        for (index, vehicle) in self.vehicles.iter().enumerate() {
            let Place::Route(id) = vehicle.place else { continue };
            let Some(route) = self.routes.get(id.0 as usize) else {
                continue;
            };
            segments(route.points(), |from, to| visit(usize::MAX - index, from, to));
        }
        for (junction, passes) in self.junctions.iter_mut().zip(passes) {
            junction.passes = passes;
        }
    }

    /// The numbers of the junctions that most vehicles pass, busiest first, each at least `spacing` metres from all before
    /// it; of equals, the one whose id sorts first. Junctions that nobody passes are none of them.
    pub fn busiest_junctions(&self, spacing: f64) -> Vec<usize> {
        let mut ranked: Vec<usize> = (0..self.junctions.len())
            .filter(|index| self.junctions[*index].passes > 0)
            .collect();
        // Junctions are in order of their id, and the sort is stable.
        ranked.sort_by_key(|index| core::cmp::Reverse(self.junctions[*index].passes));
        let mut chosen: Vec<usize> = Vec::new();
        for index in ranked {
            let here = &self.junctions[index];
            let far = |other: &usize| {
                let (dx, dy) = (here.x - self.junctions[*other].x, here.y - self.junctions[*other].y);
                dx * dx + dy * dy >= spacing * spacing
            };
            if chosen.iter().all(far) {
                chosen.push(index);
            }
        }
        chosen
    }
}

/// Calls `visit` with each pair of successive points.
fn segments(mut points: impl Iterator<Item = (f64, f64)>, mut visit: impl FnMut((f64, f64), (f64, f64))) {
    let Some(mut from) = points.next() else { return };
    for to in points {
        // A jump across the map is no way that anything drove, and would visit every cell between.
        if (to.0 - from.0).abs().max((to.1 - from.1).abs()) < 2_000.0 {
            visit(from, to);
        }
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use roadveil_role::Time;

    use super::*;
    use crate::world::{AtEnd, Junction, Route, Vehicle};

    /// Junctions along a street, ten metres apart, and vehicles that drive `ends` metres of it.
    fn street(ends: &[f64]) -> World {
        let mut world = World::default();
        for index in 0..10 {
            world.junctions.push(Junction {
                id: format!("j{index}"),
                x: f64::from(index) * 100.0,
                y: 15.0,
                passes: 0,
            });
        }
        for (index, end) in ends.iter().enumerate() {
            let route = Route::new(&[(0.0, 0.0), (*end, 0.0)], 10.0, Time::ZERO, AtEnd::Stay).expect("it has a length");
            let place = world.add_route(route);
            world.vehicles.push(Vehicle {
                id: index.to_string(),
                place,
            });
        }
        world.count_passes();
        world
    }

    #[test]
    fn passes_are_counted_once_a_vehicle_and_also_between_samples() {
        let world = street(&[50.0, 250.0, 260.0, 900.0]);
        let passes: Vec<u32> = world.junctions.iter().map(|junction| junction.passes).collect();
        assert_eq!(passes, [4, 3, 3, 1, 1, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn busiest_first_apart_and_ties_by_id() {
        let world = street(&[50.0, 250.0, 260.0]);
        assert_eq!(world.busiest_junctions(0.0), [0, 1, 2]);
        assert_eq!(world.busiest_junctions(150.0), [0, 2]);
        assert!(street(&[]).busiest_junctions(1.0).is_empty());
    }
}
