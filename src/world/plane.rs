//! The plane: rectangles and distances.

/// So many places around a centre, evenly over a disc of that radius: a spiral by the golden angle, after Vogel (1979).
pub fn around(centre: (f64, f64), count: u32, radius: f64) -> impl Iterator<Item = (f64, f64)> {
    const GOLDEN_ANGLE: f64 = 2.399_963_229_728_653;
    (0..count).map(move |index| {
        let out = radius * libm::sqrt((f64::from(index) + 0.5) / f64::from(count));
        let angle = f64::from(index) * GOLDEN_ANGLE;
        // Millimetres are enough, and look better in a table.
        let place = |from: f64, by: f64| libm::round((from + out * by) * 1000.0) / 1000.0;
        (place(centre.0, libm::cos(angle)), place(centre.1, libm::sin(angle)))
    })
}

/// A rectangle with sides along the axes, metres.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Western edge.
    pub x0: f64,
    /// Southern edge.
    pub y0: f64,
    /// Eastern edge.
    pub x1: f64,
    /// Northern edge.
    pub y1: f64,
}

impl Rect {
    /// The smallest rectangle that holds all points. `None` without points.
    pub fn around(points: impl IntoIterator<Item = (f64, f64)>) -> Option<Rect> {
        points.into_iter().fold(None, |rect: Option<Rect>, (x, y)| {
            let Rect { x0, y0, x1, y1 } = rect.unwrap_or(Rect {
                x0: x,
                y0: y,
                x1: x,
                y1: y,
            });
            Some(Rect {
                x0: x0.min(x),
                y0: y0.min(y),
                x1: x1.max(x),
                y1: y1.max(y),
            })
        })
    }

    /// From west to east, metres.
    pub fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    /// From south to north, metres.
    pub fn height(&self) -> f64 {
        self.y1 - self.y0
    }

    /// The middle.
    pub fn centre(&self) -> (f64, f64) {
        ((self.x0 + self.x1) / 2.0, (self.y0 + self.y1) / 2.0)
    }

    /// Is the point inside, or on the edge?
    pub fn contains(&self, x: f64, y: f64) -> bool {
        (self.x0..=self.x1).contains(&x) && (self.y0..=self.y1).contains(&y)
    }

    /// Do the two share a point?
    pub fn overlaps(&self, other: &Rect) -> bool {
        self.x0 <= other.x1 && other.x0 <= self.x1 && self.y0 <= other.y1 && other.y0 <= self.y1
    }

    /// The smallest rectangle that holds both.
    #[must_use]
    pub fn union(&self, other: &Rect) -> Rect {
        Rect {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// This rectangle with every edge moved outwards by `margin` metres.
    #[must_use]
    pub fn grown(&self, margin: f64) -> Rect {
        Rect {
            x0: self.x0 - margin,
            y0: self.y0 - margin,
            x1: self.x1 + margin,
            y1: self.y1 + margin,
        }
    }
}

/// The square of the distance from `p` to the segment from `a` to `b`, square metres.
pub fn distance_squared(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let along = if length > 0.0 {
        (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (ex, ey) = (a.0 + along * dx - p.0, a.1 + along * dy - p.1);
    ex * ex + ey * ey
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_hold_their_points() {
        let rect = Rect::around([(1.0, 5.0), (-2.0, 3.0), (0.0, 9.0)]).expect("there are points");
        assert_eq!(
            rect,
            Rect {
                x0: -2.0,
                y0: 3.0,
                x1: 1.0,
                y1: 9.0
            }
        );
        assert_eq!((rect.width(), rect.height(), rect.centre()), (3.0, 6.0, (-0.5, 6.0)));
        assert!(rect.contains(-2.0, 9.0) && !rect.contains(1.1, 5.0));
        assert!(
            rect.overlaps(&rect.grown(1.0))
                && !rect.overlaps(&Rect {
                    x0: 2.0,
                    y0: 0.0,
                    x1: 3.0,
                    y1: 9.0
                })
        );
        assert_eq!(Rect::around([]), None);
    }

    #[test]
    fn distance_is_to_the_nearest_point_of_a_segment() {
        assert_eq!(distance_squared((0.0, 3.0), (-5.0, 0.0), (5.0, 0.0)), 9.0);
        assert_eq!(distance_squared((8.0, 4.0), (-5.0, 0.0), (5.0, 0.0)), 25.0);
        assert_eq!(distance_squared((3.0, 4.0), (0.0, 0.0), (0.0, 0.0)), 25.0);
    }

    #[test]
    fn places_around_a_centre_are_apart_and_within_the_radius() {
        let places: Vec<(f64, f64)> = around((100.0, -50.0), 200, 300.0).collect();
        assert_eq!(places.len(), 200);
        for (index, (x, y)) in places.iter().enumerate() {
            assert!(libm::hypot(x - 100.0, y + 50.0) <= 300.0);
            let nearest = places[..index].iter().map(|(u, v)| libm::hypot(x - u, y - v));
            assert!(nearest.fold(f64::INFINITY, f64::min) > 15.0);
        }
    }
}
