//! A built-in city: streets along a grid, a building in each block, vehicles on closed tours.
//!
//! The generator has a seed of its own: two runs of a scenario with different seeds see the same traffic, as they would
//! with a recording.

use roadveil_role::Time;

use super::{AtEnd, Building, Junction, Place, Rect, Road, RoadClass, Route, Vehicle, World};

/// How far right of the middle of the street vehicles drive, metres.
const LANE: f64 = 2.0;

/// How far buildings stand back from the middle of the street, metres.
const SETBACK: f64 = 12.0;

/// Blocks that a vehicle walks before it turns home, at most: tours take memory.
const LONGEST_WALK: u32 = 40;

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Streets from south to north, at least 2.
    pub columns: u32,
    /// Streets from west to east, at least 2.
    pub rows: u32,
    /// Distance between streets, metres.
    pub block: f64,
    /// Vehicles.
    pub vehicles: u32,
    /// Mean speed, metres a second; each vehicle has its own, within a fifth of it.
    pub speed: f64,
    /// Does a building fill each block?
    pub buildings: bool,
    /// Seed of the traffic.
    pub seed: u64,
}

/// A crossing, by column and row.
type Crossing = (u32, u32);

impl Grid {
    /// Builds the city.
    pub fn build(&self) -> World {
        let mut world = World {
            roads: self.roads(),
            junctions: self.junctions(),
            bounds: Rect {
                x0: 0.0,
                y0: 0.0,
                x1: f64::from(self.columns - 1) * self.block,
                y1: f64::from(self.rows - 1) * self.block,
            },
            ..World::default()
        };
        if self.buildings && self.block > 2.0 * SETBACK {
            world.buildings = self.blocks();
        }
        for number in 0..self.vehicles {
            let mut dice = Dice {
                seed: self.seed,
                vehicle: number,
                throws: 0,
            };
            let place = self
                .tour(&mut dice)
                .map_or(Place::Fixed { x: 0.0, y: 0.0 }, |route| world.add_route(route));
            world.vehicles.push(Vehicle {
                id: number.to_string(),
                place,
            });
        }
        world
    }

    /// Where a crossing is.
    fn point(&self, (column, row): Crossing) -> (f64, f64) {
        (f64::from(column) * self.block, f64::from(row) * self.block)
    }

    fn roads(&self) -> Vec<Road> {
        let road = |from, to| {
            let narrow = |(x, y): (f64, f64)| (x as f32, y as f32);
            let points = vec![narrow(self.point(from)), narrow(self.point(to))];
            Road {
                points,
                lanes: 2,
                class: RoadClass::Street,
            }
        };
        let up = (0..self.columns).map(|column| road((column, 0), (column, self.rows - 1)));
        let across = (0..self.rows).map(|row| road((0, row), (self.columns - 1, row)));
        up.chain(across).collect()
    }

    fn junctions(&self) -> Vec<Junction> {
        let mut junctions: Vec<Junction> = (0..self.columns)
            .flat_map(|column| (0..self.rows).map(move |row| (column, row)))
            .map(|crossing| {
                let (x, y) = self.point(crossing);
                Junction {
                    id: format!("{:03}/{:03}", crossing.0, crossing.1),
                    x,
                    y,
                    passes: 0,
                }
            })
            .collect();
        junctions.sort_by(|a, b| a.id.cmp(&b.id));
        junctions
    }

    fn blocks(&self) -> Vec<Building> {
        (0..self.columns - 1)
            .flat_map(|column| (0..self.rows - 1).map(move |row| (column, row)))
            .map(|corner| {
                let (x0, y0) = self.point(corner);
                let (x1, y1) = self.point((corner.0 + 1, corner.1 + 1));
                let (x0, y0, x1, y1) = (x0 + SETBACK, y0 + SETBACK, x1 - SETBACK, y1 - SETBACK);
                Building {
                    outline: vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1)],
                }
            })
            .collect()
    }

    /// A closed tour: a walk of some blocks without turning back, then home.
    fn tour(&self, dice: &mut Dice) -> Option<Route> {
        let home = (dice.throw(self.columns), dice.throw(self.rows));
        let mut stops = vec![home];
        let (mut here, mut before) = (home, None);
        for _ in 0..((self.columns + self.rows) * 2).min(LONGEST_WALK) {
            let ways: Vec<Crossing> = self.neighbours(here).filter(|next| Some(*next) != before).collect();
            let next = *ways.get(dice.throw(u32::try_from(ways.len()).unwrap_or(1)) as usize)?;
            before = Some(here);
            here = next;
            stops.push(here);
        }
        while here.0 != home.0 {
            here.0 = if here.0 < home.0 { here.0 + 1 } else { here.0 - 1 };
            stops.push(here);
        }
        while here.1 != home.1 {
            here.1 = if here.1 < home.1 { here.1 + 1 } else { here.1 - 1 };
            stops.push(here);
        }
        stops.pop();
        let speed = self.speed * (0.8 + 0.4 * dice.share());
        let points = self.keep_right(&stops);
        let length = points.len() as f64 * self.block;
        let route = Route::new(&points, speed, Time::ZERO, AtEnd::Repeat)?;
        Some(route.begun(libm::round(dice.share() * length * 100.0) / 100.0))
    }

    /// The crossings next to one.
    fn neighbours(&self, (column, row): Crossing) -> impl Iterator<Item = Crossing> {
        let (columns, rows) = (self.columns, self.rows);
        [(1, 0), (0, 1), (-1, 0), (0, -1)]
            .into_iter()
            .filter_map(move |(dx, dy)| {
                let next = (column.checked_add_signed(dx)?, row.checked_add_signed(dy)?);
                (next.0 < columns && next.1 < rows).then_some(next)
            })
    }

    /// The tour's points, each moved to the right of the ways into and out of its crossing.
    fn keep_right(&self, stops: &[Crossing]) -> Vec<(f64, f64)> {
        let count = stops.len();
        let right = |from: Crossing, to: Crossing| {
            let (dx, dy) = (f64::from(to.0) - f64::from(from.0), f64::from(to.1) - f64::from(from.1));
            (dy * LANE, -dx * LANE)
        };
        (0..count)
            .map(|index| {
                let (before, here, after) = (
                    stops[(index + count - 1) % count],
                    stops[index],
                    stops[(index + 1) % count],
                );
                let (x, y) = self.point(here);
                let (into, out) = (right(before, here), right(here, after));
                // On a straight way the two are the same; in a bend each moves the point along one axis.
                if into == out {
                    (x + into.0, y + into.1)
                } else {
                    (x + into.0 + out.0, y + into.1 + out.1)
                }
            })
            .collect()
    }
}

/// Numbers drawn for one vehicle: a hash of seed, vehicle and count, so that vehicles do not depend on each other.
struct Dice {
    seed: u64,
    vehicle: u32,
    throws: u32,
}

impl Dice {
    /// 64 uniform bits.
    fn bits(&mut self) -> u64 {
        let mut hasher = blake3::Hasher::new_derive_key("roadveil 2026 grid traffic");
        hasher
            .update(&self.seed.to_le_bytes())
            .update(&self.vehicle.to_le_bytes())
            .update(&self.throws.to_le_bytes());
        self.throws += 1;
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number below `sides`; zero if that is zero.
    fn throw(&mut self, sides: u32) -> u32 {
        // Multiply and shift: the bias is below sides / 2^64.
        u32::try_from((u128::from(self.bits()) * u128::from(sides)) >> 64).unwrap_or(0)
    }

    /// A number from 0 to 1, exclusive.
    fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRID: Grid = Grid {
        columns: 4,
        rows: 3,
        block: 100.0,
        vehicles: 25,
        speed: 10.0,
        buildings: true,
        seed: 7,
    };

    #[test]
    fn a_city_has_streets_blocks_crossings_and_vehicles() {
        let world = GRID.build();
        assert_eq!(
            (world.roads.len(), world.buildings.len(), world.junctions.len()),
            (7, 6, 12)
        );
        assert_eq!(world.vehicles.len(), 25);
        assert_eq!(
            world.bounds,
            Rect {
                x0: 0.0,
                y0: 0.0,
                x1: 300.0,
                y1: 200.0
            }
        );
    }

    #[test]
    fn vehicles_stay_on_the_streets_for_ever() {
        let world = GRID.build();
        for vehicle in &world.vehicles {
            for second in (0..4_000).step_by(37) {
                let fix = world
                    .fix(&vehicle.place, Time::from_secs(second))
                    .expect("a tour has no end");
                let off = |v: f64| (v / 100.0 - libm::round(v / 100.0)).abs() * 100.0;
                assert!(
                    off(fix.x) <= 2.0 * LANE + 0.01 || off(fix.y) <= 2.0 * LANE + 0.01,
                    "{fix:?}"
                );
                assert!((8.0..12.0).contains(&fix.speed), "{fix:?}");
            }
        }
    }

    #[test]
    fn traffic_depends_on_the_seed_and_not_on_how_many_drive() {
        let at = Time::from_secs(100);
        let fixes = |grid: Grid| {
            let world = grid.build();
            world
                .vehicles
                .iter()
                .map(|vehicle| world.fix(&vehicle.place, at))
                .collect::<Vec<_>>()
        };
        assert_eq!(fixes(GRID), fixes(GRID));
        assert_ne!(fixes(GRID), fixes(Grid { seed: 8, ..GRID }));
        assert_eq!(fixes(GRID)[..5], fixes(Grid { vehicles: 5, ..GRID }));
    }
}
