//! A Kalman filter for something that keeps its velocity but for small accelerations (white noise acceleration; Bar-Shalom, Li,
//! Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, section 6.2). Both axes are alike and
//! independent, so that each has a 2x2 covariance and they share it.

/// Position and velocity, metres and metres a second, east and north.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Metres.
    pub at: [f64; 2],
    /// Metres a second.
    pub speed: [f64; 2],
}

/// What the filter takes for granted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Standard deviation of a reported position along an axis, metres.
    pub position: f64,
    /// Standard deviation of a reported velocity along an axis, metres a second.
    pub speed: f64,
    /// Density of the accelerations: variance of the velocity after a second is its square, metres a second squared.
    pub acceleration: f64,
}

/// GNSS errors of 3 m, speeds to 0.7 m/s, accelerations of city traffic.
pub const NOISE: Noise = Noise {
    position: 3.0,
    speed: 0.7,
    acceleration: 1.5,
};

/// An estimate with its covariance along either axis: `[[pp, pv], [pv, vv]]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Where it is, most likely.
    pub state: State,
    /// Variance of the position.
    pub pp: f64,
    /// Covariance of position and velocity.
    pub pv: f64,
    /// Variance of the velocity.
    pub vv: f64,
}

impl Estimate {
    /// From one report.
    pub fn new(report: State, noise: Noise) -> Estimate {
        Estimate {
            state: report,
            pp: noise.position * noise.position,
            pv: 0.0,
            vv: noise.speed * noise.speed,
        }
    }

    /// So many seconds later.
    #[must_use]
    pub fn after(&self, seconds: f64, noise: Noise) -> Estimate {
        let (t, q) = (seconds, noise.acceleration * noise.acceleration);
        let mut state = self.state;
        for axis in 0..2 {
            state.at[axis] += state.speed[axis] * t;
        }
        Estimate {
            state,
            pp: self.pp + 2.0 * t * self.pv + t * t * self.vv + q * t * t * t / 3.0,
            pv: self.pv + t * self.vv + q * t * t / 2.0,
            vv: self.vv + q * t,
        }
    }

    /// With another report of the present.
    #[must_use]
    pub fn with(&self, report: State, noise: Noise) -> Estimate {
        let (a, b, d) = self.innovation(noise);
        let determinant = a * d - b * b;
        // Gain: P S^-1, with P = [[pp, pv], [pv, vv]].
        let gain = |first: f64, second: f64| {
            (
                (first * d - second * b) / determinant,
                (second * a - first * b) / determinant,
            )
        };
        let (of_position, of_speed) = (gain(self.pp, self.pv), gain(self.pv, self.vv));
        let mut state = self.state;
        for axis in 0..2 {
            let off = (
                report.at[axis] - self.state.at[axis],
                report.speed[axis] - self.state.speed[axis],
            );
            state.at[axis] += of_position.0 * off.0 + of_position.1 * off.1;
            state.speed[axis] += of_speed.0 * off.0 + of_speed.1 * off.1;
        }
        Estimate {
            state,
            pp: self.pp - of_position.0 * self.pp - of_position.1 * self.pv,
            pv: self.pv - of_position.0 * self.pv - of_position.1 * self.vv,
            vv: self.vv - of_speed.0 * self.pv - of_speed.1 * self.vv,
        }
    }

    /// How far a report is off: the squared Mahalanobis distance over both axes, positions and velocities (four degrees of
    /// freedom), and the logarithm of the determinant of its covariance.
    pub fn distance(&self, report: State, noise: Noise) -> (f64, f64) {
        let (a, b, d) = self.innovation(noise);
        let determinant = a * d - b * b;
        let axis = |axis: usize| {
            let (p, v) = (
                report.at[axis] - self.state.at[axis],
                report.speed[axis] - self.state.speed[axis],
            );
            (d * p * p - 2.0 * b * p * v + a * v * v) / determinant
        };
        (axis(0) + axis(1), 2.0 * libm::log(determinant))
    }

    /// Covariance of what a report differs by, along an axis.
    fn innovation(&self, noise: Noise) -> (f64, f64, f64) {
        (
            self.pp + noise.position * noise.position,
            self.pv,
            self.vv + noise.speed * noise.speed,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: Noise = Noise {
        position: 2.0,
        speed: 0.5,
        acceleration: 1.0,
    };

    fn state(x: f64, vx: f64) -> State {
        State {
            at: [x, 0.0],
            speed: [vx, 0.0],
        }
    }

    #[test]
    fn it_goes_on_straight_and_less_surely() {
        let later = Estimate::new(state(10.0, 20.0), NOISE).after(2.0, NOISE);
        assert_eq!(later.state, state(50.0, 20.0));
        // 4 + 4 * 0.25 + 8 / 3; 2 * 0.25 + 2; 0.25 + 2.
        assert!((later.pp - (5.0 + 8.0 / 3.0)).abs() < 1e-12);
        assert!((later.pv - 2.5).abs() < 1e-12 && (later.vv - 2.25).abs() < 1e-12);
        // In two steps it is the same as in one.
        let twice = Estimate::new(state(10.0, 20.0), NOISE)
            .after(0.5, NOISE)
            .after(1.5, NOISE);
        assert!((twice.pp - later.pp).abs() < 1e-9 && (twice.pv - later.pv).abs() < 1e-9);
    }

    #[test]
    fn equal_reports_are_averaged() {
        let first = Estimate::new(state(0.0, 0.0), NOISE);
        let both = first.with(state(4.0, 1.0), NOISE);
        assert_eq!(both.state, state(2.0, 0.5));
        assert!((both.pp - 2.0).abs() < 1e-12 && (both.vv - 0.125).abs() < 1e-12);
    }

    #[test]
    fn a_distance_counts_standard_deviations() {
        let estimate = Estimate::new(state(0.0, 0.0), NOISE);
        // The sum of two variances of 4 and of 0.25.
        let (distance, determinant) = estimate.distance(state(8.0_f64.sqrt(), 0.5_f64.sqrt()), NOISE);
        assert!((distance - 2.0).abs() < 1e-12);
        assert!((determinant - 2.0 * libm::log(4.0)).abs() < 1e-12);
    }

    #[test]
    fn many_reports_find_the_velocity() {
        let mut estimate = Estimate::new(state(0.0, 0.0), Noise { speed: 30.0, ..NOISE });
        for step in 1..200 {
            let report = state(f64::from(step) * 1.5, 0.0);
            let blind = Noise { speed: 1e3, ..NOISE };
            estimate = estimate.after(0.1, NOISE).with(report, blind);
        }
        assert!((estimate.state.speed[0] - 15.0).abs() < 0.2, "{estimate:?}");
    }
}
