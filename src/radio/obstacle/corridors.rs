//! Ground on which everybody sees everybody: corridors without walls, mostly streets.
//!
//! A look along a line that finds no wall also tells by how many metres both ends may move before it can find one
//! ([`Look::steady`](super::Look)). So no wall is within so many metres of the line, and since what is within a distance of a
//! line is convex, no wall stands between any two places there: whoever is in the same corridor needs no look, as long as both
//! are in it. Vehicles find corridors as they drive: ahead and behind, as far as nothing stands in the way.

use std::collections::BTreeMap;

use super::Obstacles;
use super::walls::Point;

/// Numbers of corridors that a node is in, [`NONE`] in an empty place.
pub type Inside = [u32; 2];

/// No corridor.
pub const NONE: u32 = u32::MAX;

/// Nothing narrower is a corridor, metres to each side: the lanes of both directions are within it.
const NARROW: f64 = 4.0;
/// It is tried so far ahead and behind first, metres, and at most.
const LEAST: f64 = 16.0;
const MOST: f64 = 2_048.0;
/// How often the distance between what is free and what is not is halved.
const HALVINGS: usize = 4;
/// Side of a cell in which corridors are found, metres.
const CELL: f64 = 64.0;
/// A node looks for other corridors once in so many metres.
const EVERY: f32 = 8.0;
/// A corridor leads to where a vehicle is heading if this is the cosine between them, or more.
const ALIGNED: f64 = 0.9;
/// Most corridors, and most in one cell: bounds memory, and time where there are few walls and many ways.
const LIMIT: usize = 1 << 16;
const CROWD: usize = 32;

/// All corridors that were found. They change no loss, only what it costs to tell it.
#[derive(Clone, Debug, Default)]
pub struct Corridors {
    known: Vec<Corridor>,
    /// By column and row, which corridors lead through a cell. One that is missing there is one that is not found.
    cells: BTreeMap<(i32, i32), Vec<u32>>,
    /// Metres until each node looks for others.
    rest: Vec<f32>,
}

/// What is within a distance of a line.
#[derive(Clone, Copy, Debug)]
struct Corridor {
    from: Point,
    /// Unit vector.
    ahead: Point,
    length: f64,
    radius: f64,
}

impl Corridor {
    #[inline]
    fn holds(&self, at: Point) -> bool {
        let (dx, dy) = (at.0 - self.from.0, at.1 - self.from.1);
        let along = (dx * self.ahead.0 + dy * self.ahead.1).clamp(0.0, self.length);
        let (x, y) = (dx - along * self.ahead.0, dy - along * self.ahead.1);
        x * x + y * y <= self.radius * self.radius
    }

    fn leads(&self, towards: Point) -> bool {
        (self.ahead.0 * towards.0 + self.ahead.1 * towards.1).abs() >= ALIGNED
    }
}

impl Corridors {
    /// None are known yet to so many nodes.
    pub fn new(nodes: usize) -> Corridors {
        Corridors {
            rest: vec![0.0; nodes],
            ..Corridors::default()
        }
    }

    /// A node has moved so many metres and is in a place now. One that drives finds new corridors towards its heading
    /// (degrees clockwise from north).
    pub fn follow(
        &mut self,
        obstacles: &mut Obstacles,
        node: u32,
        at: Point,
        metres: f64,
        heading_deg: Option<f64>,
        inside: &mut Inside,
    ) {
        let left = |number: u32| number != NONE && !self.known[number as usize].holds(at);
        let lost = inside.map(left).contains(&true);
        let rest = &mut self.rest[node as usize];
        *rest -= metres as f32;
        if !lost && *rest > 0.0 {
            return;
        }
        *rest = EVERY;
        let towards = heading_deg.map(|degrees| libm::sincos(degrees.to_radians()));
        *inside = self.search(at);
        let leads = |towards| {
            let known = inside.iter().filter(|&&number| number != NONE);
            known
                .map(|&number| &self.known[number as usize])
                .any(|corridor| corridor.leads(towards))
        };
        if let Some(towards) = towards
            && !leads(towards)
            && self.has_room(at)
            && let Some(corridor) = find(obstacles, at, towards)
        {
            self.keep(corridor);
            *inside = self.search(at);
        }
    }

    /// May another corridor lead through a place?
    fn has_room(&self, at: Point) -> bool {
        let there = self.cells.get(&cell(at)).map_or(0, Vec::len);
        self.known.len() < LIMIT && there < CROWD
    }

    /// The longest corridors that hold a place.
    fn search(&self, at: Point) -> Inside {
        let mut inside = [NONE; 2];
        let length = |number: u32| self.known.get(number as usize).map_or(0.0, |corridor| corridor.length);
        for &number in self.cells.get(&cell(at)).into_iter().flatten() {
            if !self.known[number as usize].holds(at) {
                continue;
            }
            if length(number) > length(inside[0]) {
                inside = [number, inside[0]];
            } else if length(number) > length(inside[1]) {
                inside[1] = number;
            }
        }
        inside
    }

    fn keep(&mut self, corridor: Corridor) {
        let number = self.known.len() as u32;
        let right = (corridor.ahead.1, -corridor.ahead.0);
        for step in 0..=(2.0 * corridor.length / CELL) as u32 {
            let along = f64::from(step) * CELL / 2.0;
            for aside in [-corridor.radius / 2.0, corridor.radius / 2.0] {
                let place = |from: f64, ahead: f64, right: f64| from + along * ahead + aside * right;
                let at = (
                    place(corridor.from.0, corridor.ahead.0, right.0),
                    place(corridor.from.1, corridor.ahead.1, right.1),
                );
                let found = self.cells.entry(cell(at)).or_default();
                if found.len() < CROWD && found.last() != Some(&number) {
                    found.push(number);
                }
            }
        }
        self.known.push(corridor);
    }
}

/// Does nothing stand between two nodes, by the corridors that they are in?
#[inline]
pub fn shared(one: Inside, other: Inside) -> bool {
    let is_in = |number: u32| number != NONE && (number == other[0] || number == other[1]);
    is_in(one[0]) || is_in(one[1])
}

/// Column and row of a place.
fn cell(at: Point) -> (i32, i32) {
    ((at.0 / CELL).floor() as i32, (at.1 / CELL).floor() as i32)
}

/// The corridor that leads through a place.
fn find(obstacles: &mut Obstacles, at: Point, towards: Point) -> Option<Corridor> {
    let behind = free(obstacles, at, (-towards.0, -towards.1));
    let ahead = free(obstacles, at, towards);
    let radius = match (behind, ahead) {
        (None, None) => return None,
        (Some(only), None) | (None, Some(only)) => only.1,
        (Some(one), Some(other)) => one.1.min(other.1),
    };
    let (behind, ahead) = (behind.map_or(0.0, |free| free.0), ahead.map_or(0.0, |free| free.0));
    Some(Corridor {
        from: (at.0 - behind * towards.0, at.1 - behind * towards.1),
        ahead: towards,
        length: behind + ahead,
        radius,
    })
}

/// For how many metres no wall is near on the way into a direction, and how far aside the nearest is.
fn free(obstacles: &mut Obstacles, at: Point, towards: Point) -> Option<(f64, f64)> {
    let mut aside = |length: f64| {
        let look = obstacles.look(at, (at.0 + length * towards.0, at.1 + length * towards.1), 0.0);
        (look.line.is_clear() && look.steady >= NARROW).then_some((length, look.steady))
    };
    let (mut known, mut length) = (None, LEAST);
    while length <= MOST
        && let Some(free) = aside(length)
    {
        known = Some(free);
        length *= 2.0;
    }
    let mut step = known?.0;
    for _ in 0..HALVINGS {
        step /= 2.0;
        known = aside(known?.0 + step).or(known);
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn house(x: f64, y: f64, wide: f64, deep: f64) -> Vec<Point> {
        vec![(x, y), (x + wide, y), (x + wide, y + deep), (x, y + deep)]
    }

    fn of(buildings: &[Vec<Point>]) -> Obstacles {
        Obstacles::new(buildings.iter().map(Vec::as_slice), 9.0, 0.4)
    }

    /// Two rows of houses 24 m apart for a kilometre, and one at the western end.
    fn street() -> Obstacles {
        let row = |y| (0..33).map(move |number| house(f64::from(number) * 30.0, y, 20.0, 12.0));
        let mut houses: Vec<_> = row(12.0).chain(row(-24.0)).collect();
        houses.push(house(-60.0, -30.0, 20.0, 60.0));
        of(&houses)
    }

    fn enter(corridors: &mut Corridors, obstacles: &mut Obstacles, node: u32, at: Point, heading: f64) -> Inside {
        let mut inside = [NONE; 2];
        corridors.follow(obstacles, node, at, 1e3, Some(heading), &mut inside);
        inside
    }

    #[test]
    fn a_street_is_one_corridor_for_all_who_drive_in_it() {
        let (mut corridors, mut street) = (Corridors::new(4), street());
        let one = enter(&mut corridors, &mut street, 0, (300.0, 2.0), 90.0);
        for (node, x) in [(1, 20.0), (2, 900.0), (3, -20.0)] {
            let other = enter(&mut corridors, &mut street, node, (x, -2.0), 270.0);
            assert!(shared(one, other), "at {x}: {one:?} and {other:?}");
        }
        assert_eq!(corridors.known.len(), 1);
        // It ends before the house in the west.
        let Corridor { from, radius, .. } = corridors.known[0];
        assert!(
            (-36.0..=-20.0).contains(&from.0) && radius >= NARROW,
            "{from:?}, {radius}"
        );
        // Who stands behind the houses is in none.
        let mut inside = one;
        corridors.follow(&mut street, 0, (300.0, 40.0), 40.0, None, &mut inside);
        assert_eq!(inside, [NONE; 2]);
        assert!(!shared(inside, inside));
    }

    #[test]
    fn at_a_crossing_one_is_in_both_streets() {
        let blocks = (0..6).flat_map(|x| {
            (0..6).map(move |y| house(f64::from(x) * 100.0 + 12.0, f64::from(y) * 100.0 + 12.0, 76.0, 76.0))
        });
        let mut town = of(&blocks.collect::<Vec<_>>());
        let mut corridors = Corridors::new(3);
        let west = enter(&mut corridors, &mut town, 0, (240.0, 201.0), 90.0);
        let south = enter(&mut corridors, &mut town, 1, (299.0, 150.0), 0.0);
        assert!(!shared(west, south));
        let crossing = enter(&mut corridors, &mut town, 2, (300.0, 200.0), 0.0);
        assert!(shared(crossing, west) && shared(crossing, south));
    }

    #[test]
    fn nothing_is_found_where_walls_are_near() {
        let mut narrow = of(&[house(0.0, 3.0, 200.0, 9.0), house(0.0, -12.0, 200.0, 9.0)]);
        let mut corridors = Corridors::new(1);
        let inside = enter(&mut corridors, &mut narrow, 0, (100.0, 0.0), 90.0);
        assert_eq!((inside, corridors.known.len()), ([NONE; 2], 0));
    }

    #[test]
    fn where_everybody_drives_another_way_there_are_not_more_and_more() {
        let (mut corridors, mut plain) = (Corridors::new(1), of(&[house(-9e3, 0.0, 10.0, 10.0)]));
        for drive in 0..2_000 {
            let (x, y) = (f64::from(drive % 40) * 10.0, f64::from(drive / 40) * 10.0);
            enter(&mut corridors, &mut plain, 0, (x, y), f64::from(drive) * 7.0);
        }
        assert!(corridors.cells.values().all(|found| found.len() <= CROWD));
        assert!(corridors.known.len() < 1_000, "{}", corridors.known.len());
    }

    proptest! {
        #[test]
        fn nothing_stands_between_two_in_one_corridor(
            outlines in proptest::collection::vec(
                (0.0..300.0f64, 0.0..300.0f64, proptest::collection::vec((-40.0..40.0f64, -40.0..40.0f64), 3..7)), 1..8),
            drives in proptest::collection::vec((-60.0..360.0f64, -60.0..360.0f64, 0.0..360.0f64), 1..6),
            pairs in proptest::collection::vec(((0.0..=1.0f64, -1.0..=1.0f64), (0.0..=1.0f64, -1.0..=1.0f64)), 20),
        ) {
            let buildings: Vec<Vec<Point>> = outlines.iter()
                .map(|(x, y, corners)| corners.iter().map(|corner| (x + corner.0, y + corner.1)).collect())
                .collect();
            let mut obstacles = of(&buildings);
            let mut corridors = Corridors::new(1);
            for (x, y, heading) in drives {
                enter(&mut corridors, &mut obstacles, 0, (x, y), heading);
            }
            for corridor in corridors.known.clone() {
                let place = |(along, aside): (f64, f64)| {
                    let along = along * (corridor.length + 2.0 * corridor.radius) - corridor.radius;
                    let aside = aside * corridor.radius;
                    (
                        corridor.from.0 + along * corridor.ahead.0 + aside * corridor.ahead.1,
                        corridor.from.1 + along * corridor.ahead.1 - aside * corridor.ahead.0,
                    )
                };
                for &(a, b) in &pairs {
                    let (a, b) = (place(a), place(b));
                    if corridor.holds(a) && corridor.holds(b) {
                        prop_assert_eq!(obstacles.look(a, b, 0.0).loss, Some(0.0), "{:?} {:?}", a, b);
                    }
                }
            }
        }
    }
}
