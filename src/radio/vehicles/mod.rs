//! Vehicles between two antennas: knife edges, over which a wave diffracts.
//!
//! A vehicle whose body the straight line between the antennas crosses in plan is an edge as high as its roof, as Boban,
//! Vinhoza, Ferreira, Barros and Tonguz have it (Impact of vehicles as obstacles in vehicular ad hoc networks, JSAC 29(1),
//! 2011). One edge takes the loss of ITU-R P.526. Of several, the worst counts, and on each side of it the worst between
//! its top and the antenna there, weighted with `1 - exp(-J / 6 dB)`: Deygout's construction as P.526-11 (2009) bounds it
//! for cascaded knife edges, without the constant that was fitted to hills there. Two and three roofs level with the
//! antennas take 9.9 and 13.7 dB, where theory has 9.5 and 12.0. Ground, bodies' depth, and paths around are left out.

mod bands;

use bands::Ground;

use super::decibel::{quick_decibels, quick_linear};

/// Length and width of a vehicle, metres.
const BODY: (f64, f64) = (4.5, 1.8);
/// A little more than half of its diagonal, metres.
const HALF_DIAGONAL: f64 = 2.43;
/// Bodies and rays are entered this much larger, metres, so that rounding cannot make a ray pass by.
const SLACK: f64 = 1e-3;
/// Of the loss over the worst edge, what counts in decibels is `exp(-J / 6 dB)`.
const WEIGHT: f64 = 10.0 / (6.0 * core::f64::consts::LN_10);
/// An edge so far below the line takes nothing.
const CLEAR: f64 = -0.78;
/// 6.9 dB, what an edge takes for `v = 0.1`.
const EDGE_FACTOR: f64 = 4.897_788_193_684_461;
/// Only what takes so much more than can be spared surely hides: 0.01 dB.
const ROUNDING: f64 = 1.002_305_238_077_9;
/// No edge is nearer to an antenna or to another edge than this, metres.
const NEAREST: f64 = 0.5;

/// An antenna at an end of a ray.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct End {
    /// The node's number: its own body is not in the way.
    pub node: u32,
    /// Metres east and north.
    pub at: (f64, f64),
    /// Metres above the ground.
    pub height: f64,
}

/// A vehicle's place, and the unit vector to where it is heading.
#[derive(Clone, Copy, Debug)]
struct Body {
    at: (f64, f64),
    ahead: (f64, f64),
    heading_deg: f64,
    present: bool,
}

/// All vehicles, sorted by where they are.
#[derive(Clone, Debug)]
pub struct Vehicles {
    roof: f64,
    /// Half waves a metre: two over the wavelength.
    half_waves: f64,
    bodies: Vec<Body>,
    /// Has a body changed since they were sorted?
    moved: bool,
    ground: Ground,
    found: Vec<Edge>,
}

/// A roof's place along a ray, as a share of its length, and how far it is above the line.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edge {
    along: f64,
    parameter: f64,
}

impl Vehicles {
    /// No vehicles yet, among so many nodes; roofs as high as `roof`, all in metres.
    pub fn new(nodes: usize, roof: f64, wavelength: f64) -> Vehicles {
        let body = Body {
            at: (0.0, 0.0),
            ahead: (0.0, 1.0),
            heading_deg: 0.0,
            present: false,
        };
        Vehicles {
            roof,
            half_waves: 2.0 / wavelength,
            bodies: vec![body; nodes],
            moved: false,
            ground: Ground::default(),
            found: Vec::new(),
        }
    }

    /// Puts the middle of a node's body to a place, facing so many degrees clockwise from north.
    pub fn place(&mut self, node: u32, at: (f64, f64), heading_deg: f64) {
        let body = &mut self.bodies[node as usize];
        if body.heading_deg != heading_deg {
            let (sine, cosine) = libm::sincos(heading_deg.to_radians());
            body.heading_deg = heading_deg;
            body.ahead = (sine, cosine);
        }
        self.moved |= !body.present || body.at != at;
        (body.at, body.present) = (at, true);
    }

    /// Takes a node's body away.
    pub fn remove(&mut self, node: u32) {
        let body = &mut self.bodies[node as usize];
        self.moved |= body.present;
        body.present = false;
    }

    /// A word of a body, for [`warm`](super::warm::warm).
    pub fn words(&self, node: u32) -> u64 {
        self.bodies[node as usize].at.0.to_bits()
    }

    /// Sorts the bodies, if any has moved.
    pub fn settle(&mut self) {
        if core::mem::take(&mut self.moved) {
            self.ground.build(&self.bodies);
        }
    }

    /// What the vehicles between two antennas take, dB: the same in both directions. `None` if one of them alone takes more
    /// than the factor `spare` of the power.
    pub fn loss(&mut self, a: End, b: End, spare: f64) -> Option<f64> {
        let order = |end: &End| (end.at.1, end.height, end.node);
        let swap = b.at.0 < a.at.0 || (b.at.0 == a.at.0 && order(&b) < order(&a));
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let (dx, dy) = (b.at.0 - a.at.0, b.at.1 - a.at.1);
        let (mut length, mut too_high) = (0.0, f64::INFINITY);
        let mut hidden = false;
        let mut found = core::mem::take(&mut self.found);
        found.clear();
        self.ground.along(a.at, b.at, |node| {
            if node != a.node
                && node != b.node
                && let Some(along) = self.bodies[node as usize].crossed(a.at, b.at)
            {
                if found.is_empty() {
                    length = (dx * dx + dy * dy).sqrt();
                    too_high = hiding(spare);
                }
                let parameter = self.parameter(along, (0.0, a.height), (1.0, b.height), length);
                hidden = parameter > too_high;
                found.push(Edge { along, parameter });
            }
            !hidden
        });
        let loss = match (hidden, found.is_empty()) {
            (true, _) => None,
            (false, true) => Some(0.0),
            (false, false) => Some(self.cascade(&found, a, b, length)),
        };
        self.found = found;
        loss
    }

    /// The loss over all edges between two antennas. An edge that is there twice counts once.
    fn cascade(&self, edges: &[Edge], a: End, b: End, length: f64) -> f64 {
        let first = edges[0];
        if edges.len() == 1 {
            return knife_edge(first.parameter);
        }
        let main = edges.iter().fold(first, |main, edge| {
            let order = |edge: &Edge| (edge.parameter, -edge.along);
            if order(edge) > order(&main) { *edge } else { main }
        });
        let loss = knife_edge(main.parameter);
        if loss == 0.0 {
            return loss;
        }
        let top = (main.along, self.roof);
        let worst = |from: (f64, f64), to: (f64, f64)| {
            let between = edges.iter().filter(|edge| from.0 < edge.along && edge.along < to.0);
            between
                .map(|edge| self.parameter(edge.along, from, to, length))
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let before = knife_edge(worst((0.0, a.height), top));
        let behind = knife_edge(worst(top, (1.0, b.height)));
        loss + (1.0 - quick_linear(-loss * WEIGHT)) * (before + behind)
    }

    /// The diffraction parameter of an edge between two points of a ray: `h sqrt(2 / wavelength (1 / d1 + 1 / d2))` with
    /// its height over the line between them (ITU-R P.526-15, equation 26). Points are shares of the length, and heights.
    fn parameter(&self, along: f64, from: (f64, f64), to: (f64, f64), length: f64) -> f64 {
        let line = from.1 + (to.1 - from.1) * (along - from.0) / (to.0 - from.0);
        let (d1, d2) = (
            ((along - from.0) * length).max(NEAREST),
            ((to.0 - along) * length).max(NEAREST),
        );
        (self.roof - line) * (self.half_waves * (1.0 / d1 + 1.0 / d2)).sqrt()
    }
}

/// Loss over one knife edge, dB (ITU-R P.526-15, equation 31).
fn knife_edge(parameter: f64) -> f64 {
    if parameter <= CLEAR {
        return 0.0;
    }
    let v = parameter - 0.1;
    6.9 + 2.0 * quick_decibels((v * v + 1.0).sqrt() + v)
}

/// The diffraction parameter beyond which one knife edge takes more than a factor of the power: its loss, solved for it.
fn hiding(spare: f64) -> f64 {
    let root = (spare * ROUNDING / EDGE_FACTOR).sqrt();
    ((root - 1.0 / root) / 2.0 + 0.1).max(CLEAR)
}

impl Body {
    /// Where a ray crosses the body: the middle of what is inside, as a share of the ray's length.
    #[inline]
    fn crossed(&self, from: (f64, f64), to: (f64, f64)) -> Option<f64> {
        let (dx, dy) = (from.0 - self.at.0, from.1 - self.at.1);
        let (bx, by) = (to.0 - from.0, to.1 - from.1);
        // Most pass farther than half a diagonal from the middle, which takes no division to see.
        let aside = dx * by - dy * bx;
        if aside * aside > HALF_DIAGONAL * HALF_DIAGONAL * (bx * bx + by * by) {
            return None;
        }
        let (ahead, right) = (self.ahead, (self.ahead.1, -self.ahead.0));
        let (mut enters, mut leaves) = (0.0f64, 1.0f64);
        for (axis, half) in [(ahead, BODY.0 / 2.0), (right, BODY.1 / 2.0)] {
            let at = dx * axis.0 + dy * axis.1;
            let by = bx * axis.0 + by * axis.1;
            if by == 0.0 {
                if at.abs() > half {
                    return None;
                }
                continue;
            }
            let (one, other) = ((-half - at) / by, (half - at) / by);
            enters = enters.max(one.min(other));
            leaves = leaves.min(one.max(other));
        }
        (enters < leaves).then(|| f64::midpoint(enters, leaves))
    }

    /// Half of the extent east and north.
    fn extent(&self) -> (f64, f64) {
        let (sine, cosine) = (self.ahead.0.abs(), self.ahead.1.abs());
        let (ahead, across) = (BODY.0 / 2.0, BODY.1 / 2.0);
        (
            ahead * sine + across * cosine + SLACK,
            ahead * cosine + across * sine + SLACK,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WAVELENGTH: f64 = 0.299_792_458 / 5.9;

    fn end(node: u32, x: f64, y: f64, height: f64) -> End {
        End {
            node,
            at: (x, y),
            height,
        }
    }

    /// Vehicles with such roofs, from number 2 on.
    fn of(roof: f64, places: &[(f64, f64, f64)]) -> Vehicles {
        let mut vehicles = Vehicles::new(places.len() + 2, roof, WAVELENGTH);
        for (node, &(x, y, heading)) in (2..).zip(places) {
            vehicles.place(node, (x, y), heading);
        }
        vehicles.settle();
        vehicles
    }

    /// With as much to spare as nothing takes.
    fn loss(vehicles: &mut Vehicles, a: End, b: End) -> f64 {
        vehicles.loss(a, b, f64::INFINITY).expect("can be spared")
    }

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-6, "{value}, expected {expected}");
    }

    #[test]
    fn one_edge_as_evaluated_elsewhere() {
        for (parameter, loss) in [
            (-10.0, 0.0),
            (-0.78, 0.0),
            (-0.779_9, 0.004_690),
            (-0.5, 1.959_250),
            (0.0, 6.032_852),
            (1.0, 13.925_729),
            (2.4, 20.539_266),
        ] {
            assert!(
                (knife_edge(parameter) - loss).abs() < 1e-4,
                "{parameter}: {}",
                knife_edge(parameter)
            );
        }
    }

    #[test]
    fn one_vehicle_as_hand_computed() {
        let (a, b) = (end(0, 0.0, 0.0, 1.5), end(1, 20.0, 0.0, 1.5));
        // A roof level with the antennas: v = 0.
        close(loss(&mut of(1.5, &[(10.0, 0.0, 90.0)]), a, b), 6.032_852_209);
        // 1.5 m above them, in the middle of 20 m: v = 4.208593.
        close(loss(&mut of(3.0, &[(10.0, 0.0, 0.0)]), a, b), 25.320_332_472);
        // Towards a mast of 6 m, 1.05 m above the line: v = 2.195830.
        let mast = end(1, 100.0, 0.0, 6.0);
        close(loss(&mut of(3.0, &[(10.0, 0.0, 90.0)]), a, mast), 19.804_526_545);
        // A car is 0.45 m below that line: v = -0.94.
        close(loss(&mut of(1.5, &[(10.0, 0.0, 90.0)]), a, mast), 0.0);
    }

    #[test]
    fn several_vehicles_as_hand_computed() {
        // At 20, 50 and 90 m of 120: v = 2.305, 1.743, 1.984. Behind the first, 0.616 and 1.438.
        let (a, b) = (end(0, 0.0, 0.0, 1.5), end(1, 120.0, 0.0, 1.5));
        let mut three = of(3.0, &[(20.0, 0.0, 90.0), (50.0, 0.0, 90.0), (90.0, 0.0, 90.0)]);
        close(loss(&mut three, a, b), 36.101_462_457);
        // Level with the antennas, any number of roofs is two or three edges.
        let level: Vec<_> = (1..12).map(|index| (f64::from(index) * 10.0, 0.0, 90.0)).collect();
        close(loss(&mut of(1.5, &level[..1]), a, b), 6.032_852_209);
        close(loss(&mut of(1.5, &level[..2]), a, b), 9.858_460_736);
        assert!(loss(&mut of(1.5, &level), a, b) < 13.7);
    }

    #[test]
    fn only_bodies_that_stand_across_the_ray_count() {
        let (a, b) = (end(0, 0.0, 0.0, 1.5), end(1, 100.0, 0.0, 1.5));
        let lost = |places: &[(f64, f64, f64)]| loss(&mut of(1.5, places), a, b) > 0.0;
        // Half as long as 4.5 m, half as wide as 1.8 m.
        assert!(lost(&[(50.0, 2.2, 0.0)]) && !lost(&[(50.0, 2.3, 0.0)]));
        assert!(lost(&[(50.0, 0.85, 90.0)]) && !lost(&[(50.0, 0.95, 90.0)]));
        // At 45 degrees, (2.25 + 0.9) / sqrt 2 = 2.227.
        assert!(lost(&[(50.0, -2.22, 45.0)]) && !lost(&[(50.0, -2.24, 45.0)]));
        // Behind the ends.
        assert!(!lost(&[(-3.0, 0.0, 90.0)]) && !lost(&[(103.0, 0.0, 90.0)]));
        // The ends' own bodies, and one that has left.
        let mut vehicles = of(1.5, &[(50.0, 0.0, 0.0)]);
        vehicles.place(0, (0.0, 0.0), 90.0);
        vehicles.place(1, (100.0, 0.0), 90.0);
        vehicles.settle();
        close(loss(&mut vehicles, a, b), 6.032_852_209);
        vehicles.remove(2);
        vehicles.settle();
        assert_eq!(loss(&mut vehicles, a, b), 0.0);
    }

    #[test]
    fn one_stray_vehicle_does_not_cost_memory() {
        let mut vehicles = of(1.5, &[(50.0, 0.0, 0.0), (1e8, -1e8, 0.0)]);
        assert!(vehicles.ground.cells() <= bands::MAX_CELLS + 1);
        let (a, b) = (end(0, 0.0, 0.0, 1.5), end(1, 100.0, 0.0, 1.5));
        close(loss(&mut vehicles, a, b), 6.032_852_209);
    }

    /// Where a ray crosses a body, from its four sides: the ends that are inside, and where sides are crossed.
    fn crossed_by_sides(a: (f64, f64), b: (f64, f64), (x, y, heading): (f64, f64, f64)) -> Option<f64> {
        let (sine, cosine) = libm::sincos(heading.to_radians());
        let corner = |ahead: f64, right: f64| (x + ahead * sine + right * cosine, y + ahead * cosine - right * sine);
        let corners = [
            corner(2.25, 0.9),
            corner(2.25, -0.9),
            corner(-2.25, -0.9),
            corner(-2.25, 0.9),
        ];
        let cross = |o: (f64, f64), p: (f64, f64), q: (f64, f64)| (p.0 - o.0) * (q.1 - o.1) - (p.1 - o.1) * (q.0 - o.0);
        let inside = |p: (f64, f64)| (0..4).all(|side| cross(corners[side], corners[(side + 1) % 4], p) > 0.0);
        let mut turns: Vec<f64> = Vec::new();
        turns.extend(inside(a).then_some(0.0));
        turns.extend(inside(b).then_some(1.0));
        for side in 0..4 {
            let (p, q) = (corners[side], corners[(side + 1) % 4]);
            let (from_p, from_q) = (cross(a, b, p), cross(a, b, q));
            let (from_a, from_b) = (cross(p, q, a), cross(p, q, b));
            if from_p * from_q < 0.0 && from_a * from_b < 0.0 {
                turns.push(from_a / (from_a - from_b));
            }
        }
        (turns.len() == 2).then(|| f64::midpoint(turns[0], turns[1]))
    }

    proptest! {
        #[test]
        fn the_grid_finds_what_trying_every_vehicle_finds(
            places in proptest::collection::vec((-300.0..300.0f64, -200.0..200.0f64, 0.0..360.0f64), 1..120),
            a in (-400.0..400.0f64, -300.0..300.0f64), b in (-400.0..400.0f64, -300.0..300.0f64),
            turned in 0..4, heights in (0.5..8.0f64, 0.5..8.0f64), spare_db in 0.0..30.0f64,
        ) {
            // Half of the rays go exactly along an axis.
            let b = match turned { 0 => (a.0, b.1), 1 => (b.0, a.1), _ => b };
            let mut vehicles = of(2.0, &places);
            let (a, b) = (end(0, a.0, a.1, heights.0), end(1, b.0, b.1, heights.1));
            let found = loss(&mut vehicles, a, b);
            prop_assert_eq!(found, loss(&mut vehicles, b, a));
            // Only what cannot be spared is left out.
            let hidden = vehicles.loss(a, b, quick_linear(spare_db));
            prop_assert!(hidden == Some(found) || (hidden.is_none() && found > spare_db), "{:?} {}", hidden, found);
            let (first, second) = if a.at <= b.at { (a, b) } else { (b, a) };
            let length = (a.at.0 - b.at.0).hypot(a.at.1 - b.at.1);
            let edges: Vec<Edge> = places.iter()
                .filter_map(|&place| crossed_by_sides(first.at, second.at, place))
                .map(|along| Edge {
                    along,
                    parameter: vehicles.parameter(along, (0.0, first.height), (1.0, second.height), length),
                })
                .collect();
            let expected = if edges.is_empty() { 0.0 } else { vehicles.cascade(&edges, first, second, length) };
            prop_assert!((found - expected).abs() < 1e-6, "{} expected {}", found, expected);
        }

        #[test]
        fn a_grid_built_anew_is_the_one_that_moved(
            places in proptest::collection::vec((-300.0..300.0f64, -200.0..200.0f64, 0.0..360.0f64), 1..60),
            a in (-400.0..400.0f64, -300.0..300.0f64), b in (-400.0..400.0f64, -300.0..300.0f64),
        ) {
            let mut moved = of(2.0, &vec![(9.0, 9.0, 9.0); places.len()]);
            for (node, &(x, y, heading)) in (2..).zip(&places) {
                moved.place(node, (x, y), heading);
            }
            moved.settle();
            let (a, b) = (end(0, a.0, a.1, 1.5), end(1, b.0, b.1, 1.5));
            prop_assert_eq!(loss(&mut of(2.0, &places), a, b), loss(&mut moved, a, b));
        }
    }
}
