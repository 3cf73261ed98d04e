//! Mobility by hand: along a polyline, at constant speed.

use roadveil_role::{Fix, Time};

/// What happens at the end of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtEnd {
    /// The vehicle stays there, parked.
    Stay,
    /// It leaves the world.
    Leave,
    /// It turns and drives back, and so on.
    Return,
    /// It goes on from the first point, to which the last is joined, and so on.
    Repeat,
}

/// A polyline with a timetable.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    legs: Vec<Leg>,
    length: f64,
    speed: f64,
    start: Time,
    at_end: AtEnd,
    ahead: f64,
}

/// A straight piece.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Leg {
    from: (f64, f64),
    to: (f64, f64),
    /// Metres of the route before it.
    before: f64,
    length: f64,
    /// Degrees clockwise from north.
    heading: f64,
}

impl Route {
    /// A route through `points` at `speed` metres a second (more than zero), from `start` on. `None` if it has no length.
    pub fn new(points: &[(f64, f64)], speed: f64, start: Time, at_end: AtEnd) -> Option<Route> {
        let mut legs: Vec<Leg> = Vec::with_capacity(points.len());
        let back = (at_end == AtEnd::Repeat).then(|| points.first()).flatten();
        let ends = points.iter().skip(1).chain(back);
        for (&from, &to) in points.iter().zip(ends) {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = (dx * dx + dy * dy).sqrt();
            if length > 0.0 {
                let before = legs.last().map_or(0.0, |leg| leg.before + leg.length);
                legs.push(Leg {
                    from,
                    to,
                    before,
                    length,
                    heading: heading(dx, dy),
                });
            }
        }
        let length = legs.last().map(|leg| leg.before + leg.length)?;
        (speed > 0.0 && length.is_finite()).then_some(Route {
            legs,
            length,
            speed,
            start,
            at_end,
            ahead: 0.0,
        })
    }

    /// The same route, begun `metres` further on. For routes that never end.
    #[must_use]
    pub fn begun(mut self, metres: f64) -> Route {
        self.ahead = metres;
        self
    }

    /// Its points in order, metres.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.legs
            .first()
            .map(|leg| leg.from)
            .into_iter()
            .chain(self.legs.iter().map(|leg| leg.to))
    }

    /// The first and the last moment at which the vehicle is there.
    pub fn present(&self) -> (Time, Time) {
        let last = match self.at_end {
            // Rounded down: at the last moment it has not quite left.
            AtEnd::Leave => Time(self.start.0.saturating_add((self.length / self.speed * 1e9) as u64)),
            AtEnd::Stay | AtEnd::Return | AtEnd::Repeat => Time::MAX,
        };
        (self.start, last)
    }

    /// Where the vehicle is at a moment. `None` before it starts and after it left.
    pub fn fix(&self, at: Time) -> Option<Fix> {
        let (first, last) = self.present();
        if at < first || at > last {
            return None;
        }
        let driven = at.since(self.start).as_nanos() as f64 / 1e9 * self.speed + self.ahead;
        let (along, backwards, parked) = match self.at_end {
            AtEnd::Stay | AtEnd::Leave => (driven.min(self.length), false, driven >= self.length),
            AtEnd::Repeat => (driven % self.length, false, false),
            AtEnd::Return => {
                let along = driven % (2.0 * self.length);
                if along < self.length {
                    (along, false, false)
                } else {
                    (2.0 * self.length - along, true, false)
                }
            }
        };
        let index = self.legs.partition_point(|leg| leg.before <= along).saturating_sub(1);
        let leg = self.legs.get(index)?;
        let share = ((along - leg.before) / leg.length).clamp(0.0, 1.0);
        let heading = if backwards {
            (leg.heading + 180.0) % 360.0
        } else {
            leg.heading
        };
        Some(Fix {
            x: leg.from.0 + (leg.to.0 - leg.from.0) * share,
            y: leg.from.1 + (leg.to.1 - leg.from.1) * share,
            speed: if parked { 0.0 } else { self.speed },
            heading,
        })
    }
}

/// Degrees clockwise from north of a direction.
fn heading(dx: f64, dy: f64) -> f64 {
    let degrees = libm::atan2(dx, dy).to_degrees();
    if degrees < 0.0 { degrees + 360.0 } else { degrees }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten metres east, then ten metres south, at five metres a second, from second 1 on.
    fn bend(at_end: AtEnd) -> Route {
        Route::new(
            &[(0.0, 0.0), (10.0, 0.0), (10.0, -10.0)],
            5.0,
            Time::from_secs(1),
            at_end,
        )
        .expect("it has a length")
    }

    /// Place, speed and heading at a time in milliseconds.
    fn at(route: &Route, millis: u64) -> Option<(f64, f64, f64, f64)> {
        route
            .fix(Time::from_millis(millis))
            .map(|fix| (fix.x, fix.y, fix.speed, fix.heading))
    }

    #[test]
    fn vehicles_drive_bend_and_end_as_told() {
        let route = bend(AtEnd::Stay);
        assert_eq!(at(&route, 999), None);
        assert_eq!(at(&route, 1_000), Some((0.0, 0.0, 5.0, 90.0)));
        assert_eq!(at(&route, 2_000), Some((5.0, 0.0, 5.0, 90.0)));
        assert_eq!(at(&route, 4_000), Some((10.0, -5.0, 5.0, 180.0)));
        assert_eq!(at(&route, 60_000), Some((10.0, -10.0, 0.0, 180.0)));
        assert_eq!(route.present(), (Time::from_secs(1), Time::MAX));

        let route = bend(AtEnd::Leave);
        assert_eq!(route.present(), (Time::from_secs(1), Time::from_secs(5)));
        assert_eq!(at(&route, 5_000).map(|(x, y, ..)| (x, y)), Some((10.0, -10.0)));
        assert_eq!(at(&route, 5_001), None);

        assert_eq!(at(&bend(AtEnd::Return), 6_000), Some((10.0, -5.0, 5.0, 0.0)));
        assert_eq!(at(&bend(AtEnd::Return), 10_000), Some((5.0, 0.0, 5.0, 90.0)));
        let round = bend(AtEnd::Repeat);
        assert!(round.fix(Time::from_secs(3_600)).is_some());
        assert_eq!(round.points().last(), Some((0.0, 0.0)));
    }

    #[test]
    fn a_route_needs_a_length_and_a_speed() {
        assert_eq!(
            Route::new(&[(1.0, 1.0), (1.0, 1.0)], 5.0, Time::ZERO, AtEnd::Stay),
            None
        );
        assert_eq!(Route::new(&[(1.0, 1.0)], 5.0, Time::ZERO, AtEnd::Repeat), None);
        assert_eq!(
            Route::new(&[(1.0, 1.0), (2.0, 1.0)], 0.0, Time::ZERO, AtEnd::Stay),
            None
        );
        assert!(Route::new(&[(1.0, 1.0), (2.0, 1.0)], 3.0, Time::ZERO, AtEnd::Stay).is_some());
    }
}
