//! Buildings in the way: walls crossed and metres inside (Sommer, Eckhoff, German, Dressler, WONS 2011).
//!
//! | module | what it holds |
//! |---|---|
//! | `walls` | the walls in a grid, and the walk along a ray |
//! | `horizon` | how far one sees before walls certainly hide the rest |
//! | `corridors` | ground on which everybody sees everybody |

mod corridors;
mod horizon;
mod walls;

use core::cmp::Ordering;

pub use corridors::{Corridors, Inside, NONE, shared};
use horizon::Horizons;
pub use horizon::View;
use walls::{ASIDE, Point, Ray, Walls};

/// All buildings.
///
/// The loss between two places depends on them and the buildings alone, and is the same both ways: what is remembered
/// between two questions is only what can be seen from where.
#[derive(Clone, Debug, Default)]
pub struct Obstacles {
    wall_db: f64,
    indoor_db_per_m: f64,
    walls: Walls,
    horizons: Horizons,
    /// Walls found by the last walk, and where along the ray; kept for their memory only.
    found: Vec<u32>,
    crossings: Vec<Crossing>,
}

/// Which walls are known to be between two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sightline {
    walls: [u32; KEPT],
    count: u32,
    /// Are these all? Else there are so many at least, and `walls` says nothing.
    all: bool,
}

impl Sightline {
    /// Is there certainly nothing in the way?
    pub fn is_clear(&self) -> bool {
        self.all && self.count == 0
    }
}

/// Walls that a sightline can tell by number: those of one building, mostly.
const KEPT: usize = 2;

/// Places may be off by this much, metres: they are rounded to a raster of 1/256.
const SLACK: f64 = 0.02;

/// What a look from one place to another finds.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// What is in the way takes so much, dB; `None` if it is more than the margin.
    pub loss: Option<f64>,
    /// What is in the way.
    pub line: Sightline,
    /// So many metres both places may move, whichever way, and the line still holds.
    pub steady: f64,
}

/// A wall crossed.
#[derive(Clone, Copy, Debug)]
struct Crossing {
    building: u32,
    wall: u32,
    /// Share of the ray.
    along: f64,
}

impl Obstacles {
    /// Sorts the walls of `buildings` (outlines in metres, closed or not); each wall takes `wall_db`, each metre inside
    /// `indoor_db_per_m`. An outline with a corner that is no finite number is left out.
    pub fn new<'a>(buildings: impl IntoIterator<Item = &'a [Point]>, wall_db: f64, indoor_db_per_m: f64) -> Obstacles {
        let walls = Walls::new(buildings);
        Obstacles {
            wall_db,
            indoor_db_per_m,
            horizons: if walls.is_empty() {
                Horizons::default()
            } else {
                Horizons::new(&walls)
            },
            walls,
            ..Obstacles::default()
        }
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.walls.is_empty()
    }

    /// What can be seen from a place; `None` if nothing is there that could hide anything.
    pub fn view(&mut self, from: Point) -> Option<&View> {
        if self.walls.is_empty() {
            return None;
        }
        let from = self.walls.place(from);
        Some(self.horizons.from(&self.walls, from))
    }

    /// What walls and rooms between two places take, dB; `None` if it is more than `margin_db`.
    pub fn look(&mut self, a: Point, b: Point, margin_db: f64) -> Look {
        let (a, b) = (self.walls.place(a), self.walls.place(b));
        let ray = Ray::new(a, b);
        let wall_db = self.wall_db;
        let too_many = |walls: usize| walls as f64 * wall_db > margin_db;
        let steady = if self.walls.is_empty() {
            self.found.clear();
            ASIDE
        } else {
            self.walls.cross(&ray, too_many, &mut self.found)
        };
        let mut line = Sightline {
            walls: [0; KEPT],
            count: self.found.len() as u32,
            all: self.found.len() <= KEPT && !too_many(self.found.len()),
        };
        if line.all {
            line.walls[..self.found.len()].copy_from_slice(&self.found);
        }
        Look {
            loss: self.through(&ray, margin_db),
            line,
            steady: (steady - SLACK).max(0.0),
        }
    }

    /// The same by what is known from before, if that is enough to tell.
    pub fn recall(&mut self, a: Point, b: Point, margin_db: f64, line: &Sightline) -> Option<Option<f64>> {
        if f64::from(line.count) * self.wall_db > margin_db {
            return Some(None);
        }
        if !line.all {
            return None;
        }
        self.found.clear();
        self.found.extend_from_slice(&line.walls[..line.count as usize]);
        let ray = Ray::new(self.walls.place(a), self.walls.place(b));
        Some(self.through(&ray, margin_db))
    }

    /// What the walls found take, with the rooms behind them.
    fn through(&mut self, ray: &Ray, margin_db: f64) -> Option<f64> {
        let walls_db = self.found.len() as f64 * self.wall_db;
        if walls_db > margin_db {
            return None;
        }
        let inside = if self.found.is_empty() { 0.0 } else { self.inside(ray) };
        let loss = walls_db + inside * self.indoor_db_per_m;
        (loss <= margin_db).then_some(loss)
    }

    /// How many metres of a ray lie inside of buildings, from where it crosses the walls found.
    fn inside(&mut self, ray: &Ray) -> f64 {
        let (from, to) = if ray.a < ray.b { (ray.a, ray.b) } else { (ray.b, ray.a) };
        self.crossings.clear();
        self.crossings.extend(self.found.iter().map(|&wall| Crossing {
            building: self.walls.owner(wall),
            wall,
            along: self.walls.along(wall, from, to),
        }));
        self.crossings.sort_unstable_by(|x, y| {
            (x.building, x.along, x.wall)
                .partial_cmp(&(y.building, y.along, y.wall))
                .unwrap_or(Ordering::Equal)
        });
        let mut inside = 0.0;
        for crossed in self.crossings.chunk_by(|x, y| x.building == y.building) {
            let begins_inside = crossed.len() % 2 == 1 && self.walls.contains(crossed[0].building, from);
            let turns = crossed.iter().map(|crossing| crossing.along);
            let mut entered = None;
            for turn in begins_inside.then_some(0.0).into_iter().chain(turns) {
                match entered.take() {
                    None => entered = Some(turn),
                    Some(entered) => inside += turn - entered,
                }
            }
            inside += entered.map_or(0.0, |entered| 1.0 - entered);
        }
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        inside * (dx * dx + dy * dy).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn square(x: f64, y: f64, side: f64) -> Vec<(f64, f64)> {
        vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    }

    fn of(buildings: &[Vec<(f64, f64)>]) -> Obstacles {
        Obstacles::new(buildings.iter().map(Vec::as_slice), 9.0, 0.4)
    }

    #[test]
    fn a_building_in_between_is_two_walls_and_its_depth() {
        let mut obstacles = of(&[square(101.0, -9.0, 20.0), square(301.0, -9.0, 10.0)]);
        let mut loss = |a, b| obstacles.look(a, b, 100.0).loss.expect("within the margin");
        let close = |loss: f64, expected: f64| assert!((loss - expected).abs() < 1e-4, "{loss}, expected {expected}");
        close(loss((0.0, 0.0), (400.0, 0.0)), 4.0 * 9.0 + 30.0 * 0.4);
        close(loss((400.0, 0.0), (0.0, 0.0)), 4.0 * 9.0 + 30.0 * 0.4);
        close(loss((0.0, 0.0), (200.0, 0.0)), 2.0 * 9.0 + 20.0 * 0.4);
        close(loss((0.0, 100.0), (400.0, 100.0)), 0.0);
        // From within: one wall, and eleven metres up to it; the same from without.
        close(loss((110.0, 0.0), (200.0, 0.0)), 9.0 + 11.0 * 0.4);
        close(loss((10.0, 0.0), (110.0, 0.0)), 9.0 + 9.0 * 0.4);
        // Within one building: no wall, and no metre counted, since no wall tells of it.
        close(loss((106.0, 0.0), (116.0, 2.0)), 0.0);
    }

    #[test]
    fn what_takes_more_than_the_margin_is_nothing_whatever_was_asked_before() {
        let mut obstacles = of(&[square(101.0, -9.0, 20.0), square(301.0, -9.0, 10.0)]);
        let (a, b) = ((0.0, 0.0), (400.0, 0.0));
        for margin in [5.0, 30.0, 100.0, 30.0, 47.9, 48.1, 5.0] {
            assert_eq!(
                obstacles.look(a, b, margin).loss.is_some(),
                margin > 48.0,
                "margin {margin}"
            );
            assert_eq!(
                of(&[square(101.0, -9.0, 20.0), square(301.0, -9.0, 10.0)])
                    .look(b, a, margin)
                    .loss,
                obstacles.look(a, b, margin).loss
            );
        }
    }

    #[test]
    fn no_buildings_cost_nothing() {
        assert_eq!(of(&[]).look((0.0, 0.0), (10.0, 0.0), 3.0).loss, Some(0.0));
    }

    /// Walls crossed, and metres inside, by trying every wall of every building.
    fn by_brute_force(buildings: &[Vec<Point>], a: Point, b: Point) -> f64 {
        let by = (b.0 - a.0, b.1 - a.1);
        let length = (by.0 * by.0 + by.1 * by.1).sqrt();
        let mut loss = 0.0;
        for outline in buildings {
            let mut turns: Vec<f64> = Vec::new();
            for pair in outline.windows(2) {
                let wall = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
                let to = (pair[0].0 - a.0, pair[0].1 - a.1);
                let under = by.0 * wall.1 - by.1 * wall.0;
                let (along, on_wall) = (
                    (to.0 * wall.1 - to.1 * wall.0) / under,
                    (to.0 * by.1 - to.1 * by.0) / under,
                );
                if (0.0..=1.0).contains(&along) && (0.0..=1.0).contains(&on_wall) {
                    turns.push(along);
                }
            }
            loss += turns.len() as f64 * 9.0;
            let inside = |at: Point| {
                let (low, high) = (outline[0], outline[2]);
                at.0 > low.0 && at.0 < high.0 && at.1 > low.1 && at.1 < high.1
            };
            // One that holds both ends has no wall that tells of it.
            if !turns.is_empty() {
                turns.sort_by(f64::total_cmp);
                let begin = inside(a).then_some(0.0);
                let end = inside(b).then_some(1.0);
                let turns: Vec<f64> = begin.into_iter().chain(turns).chain(end).collect();
                loss += turns
                    .chunks(2)
                    .map(|pair| (pair[1] - pair[0]) * length * 0.4)
                    .sum::<f64>();
            }
        }
        loss
    }

    #[test]
    fn a_street_is_open_along_and_hidden_aside() {
        let blocks = (0..6)
            .flat_map(|x| (0..6).map(move |y| square(f64::from(x) * 100.0 + 12.0, f64::from(y) * 100.0 + 12.0, 76.0)));
        let mut obstacles = of(&blocks.collect::<Vec<_>>());
        let view = *obstacles.view((250.0, 300.0)).expect("there are walls");
        for by in [(200.0, 0.0), (-200.0, 0.0), (30.0, 2.0), (0.0, 60.0)] {
            assert!(
                !view.hides(by),
                "{by:?} is in the street, or nearer than the block's far side"
            );
        }
        for by in [(0.0, 180.0), (0.0, -180.0), (60.0, 180.0), (-150.0, 150.0)] {
            assert!(view.hides(by), "{by:?} is behind a block");
        }
        // A building hides nothing from who is in it; far away from all, nothing is known to be hidden.
        let view = *obstacles.view((350.0, 350.0)).expect("there are walls");
        assert!(!view.hides((60.0, 0.0)) && view.hides((160.0, 0.0)));
        assert!(!obstacles.view((-9e6, 4.0)).expect("there are walls").hides((9e6, 0.0)));
        assert!(of(&[]).view((0.0, 0.0)).is_none());
    }

    proptest! {
        #[test]
        fn the_grid_finds_what_trying_every_wall_finds(
            squares in proptest::collection::vec((0i32..800, 0i32..600, 5i32..90), 1..25),
            ends in proptest::collection::vec((-200i32..1000, -200i32..800, -200i32..1000, -200i32..800), 1..12),
        ) {
            let whole = |value: i32| f64::from(value);
            let buildings: Vec<_> = squares.iter().map(|&(x, y, side)| square(whole(x), whole(y), whole(side))).collect();
            let mut obstacles = of(&buildings);
            // Many rays of one city, each in both directions and with several margins: what was found before may only
            // make it faster. Ends lie off the corners' raster, on that of the rays.
            for _ in 0..2 {
                for &(ax, ay, bx, by) in &ends {
                    let (a, b) = ((whole(ax) + 0.25, whole(ay) + 0.375), (whole(bx) + 0.625, whole(by) + 0.125));
                    let expected = by_brute_force(&buildings, a, b);
                    for margin in [5.0, 12.0, 17.0, 30.0, 100.0, 1e6] {
                        for (from, to) in [(a, b), (b, a)] {
                            let loss = obstacles.look(from, to, margin).loss;
                            if (expected - margin).abs() > 0.01 {
                                prop_assert_eq!(loss.is_some(), expected < margin, "{} in {}", expected, margin);
                            }
                            if let Some(loss) = loss {
                                prop_assert!((loss - expected).abs() < 0.01, "{} instead of {}", loss, expected);
                            }
                        }
                    }
                }
            }
        }

        #[test]
        fn a_line_holds_while_both_ends_move_as_little_as_it_says(
            outlines in proptest::collection::vec(
                (0.0..300.0f64, 0.0..300.0f64, proptest::collection::vec((-40.0..40.0f64, -40.0..40.0f64), 3..7)), 1..12),
            ends in proptest::collection::vec((-60.0..360.0f64, -60.0..360.0f64, -60.0..360.0f64, -60.0..360.0f64), 8),
            steps in proptest::collection::vec((0.0..core::f64::consts::TAU, 0.0..=1.0f64), 12),
            margins in (3.0..40.0f64, 3.0..40.0f64),
        ) {
            let buildings: Vec<Vec<Point>> = outlines.iter()
                .map(|(x, y, corners)| corners.iter().map(|corner| (x + corner.0, y + corner.1)).collect())
                .collect();
            let mut obstacles = of(&buildings);
            for &(ax, ay, bx, by) in &ends {
                let look = obstacles.look((ax, ay), (bx, by), margins.0);
                for pair in steps.chunks(2) {
                    let moved = |(x, y): Point, (turn, share): (f64, f64)| {
                        let (sine, cosine) = libm::sincos(turn);
                        (x + look.steady * share * cosine, y + look.steady * share * sine)
                    };
                    let (a, b) = (moved((ax, ay), pair[0]), moved((bx, by), pair[1]));
                    for margin in [margins.0, margins.1] {
                        let there = obstacles.look(a, b, margin);
                        if let Some(loss) = obstacles.recall(a, b, margin, &look.line) {
                            prop_assert_eq!(loss, there.loss);
                        } else {
                            prop_assert!(!look.line.all);
                        }
                        if look.line.is_clear() {
                            prop_assert_eq!(there.loss, Some(0.0));
                        }
                    }
                }
            }
        }

        #[test]
        fn what_is_hidden_is_behind_two_walls(
            outlines in proptest::collection::vec(
                (0.0..600.0f64, 0.0..600.0f64, proptest::collection::vec((-40.0..40.0f64, -40.0..40.0f64), 3..7)), 1..30),
            from in (-50.0..650.0f64, -50.0..650.0f64),
            rays in proptest::collection::vec((-700.0..700.0f64, -700.0..700.0f64), 40),
        ) {
            // Any outline: walls may cross each other, corners may lie on a line.
            let buildings: Vec<Vec<Point>> = outlines.iter()
                .map(|(x, y, corners)| corners.iter().map(|corner| (x + corner.0, y + corner.1)).collect())
                .collect();
            let mut obstacles = of(&buildings);
            for by in rays {
                if obstacles.view(from).expect("there are walls").hides(by) {
                    // As much as that, the table of who is near may be off.
                    for off in [(0.0, 0.0), (0.01, -0.01), (-0.01, 0.01)] {
                        let to = (from.0 + by.0 + off.0, from.1 + by.1 + off.1);
                        prop_assert_eq!(obstacles.look(from, to, 17.9).loss, None);
                        prop_assert_eq!(obstacles.look(to, from, 17.9).loss, None);
                    }
                }
            }
        }
    }
}
