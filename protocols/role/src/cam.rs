//! When a vehicle says where it is: the generation rules of the Cooperative Awareness Message.
//!
//! After ETSI EN 302 637-2 v1.4.1, section 6.1.3. A station looks every [`CHECK`] (`T_CheckCamGen`) whether to generate a
//! message, and does if `T_GenCam_DCC` has passed since the last one and
//!
//! 1. it moved: its heading differs by more than 4 degrees from what the last message said, its place by more than 4 m, or
//!    its speed by more than 0.5 m/s; or
//! 2. `T_GenCam` has passed as well.
//!
//! `T_GenCam` is [`LONGEST`] at first. A message of the first kind sets it to the time that passed before it, so that the
//! rhythm of a manoeuvre goes on after it for [`CONSECUTIVE`] messages of the second kind; then it is [`LONGEST`] again.

use core::time::Duration;

use crate::{Fix, Time};

/// `T_GenCamMin`: the shortest time between two messages.
pub const SHORTEST: Duration = Duration::from_millis(100);
/// `T_GenCamMax`: the longest.
pub const LONGEST: Duration = Duration::from_secs(1);
/// `T_CheckCamGen`: the time between two looks, at most [`SHORTEST`].
pub const CHECK: Duration = SHORTEST;
/// `N_GenCam`: how many messages keep a manoeuvre's rhythm after it.
pub const CONSECUTIVE: u8 = 3;

/// Change of heading that is worth a message, degrees.
const HEADING: f64 = 4.0;
/// Change of place, metres.
const WAY: f64 = 4.0;
/// Change of speed, metres a second.
const SPEED: f64 = 0.5;

/// Why a message is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Condition 1: the station moved. Also the first message of all.
    Dynamics,
    /// Condition 2: the last message is long ago.
    Time,
}

/// Decides when messages are due.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// When the last message was generated, and what it said.
    last: Option<(Time, Fix)>,
    /// `T_GenCam`.
    longest: Duration,
    /// `T_GenCam_DCC`.
    shortest: Duration,
    /// Messages of the second kind since the last of the first.
    by_time: u8,
}

impl Default for Trigger {
    fn default() -> Trigger {
        Trigger {
            last: None,
            longest: LONGEST,
            shortest: SHORTEST,
            by_time: 0,
        }
    }
}

impl Trigger {
    /// Congestion control allows no shorter time between two messages from now on: `T_GenCam_DCC`, which is taken to the
    /// nearest that the standard allows.
    pub fn limit(&mut self, shortest: Duration) {
        self.shortest = shortest.clamp(SHORTEST, LONGEST);
    }

    /// Is a message due at `now`? If it is, it counts as generated, with this fix. To be asked every [`CHECK`], with the
    /// moment at which it should have been asked: a processor that is late now and then must not lose every other message.
    pub fn check(&mut self, now: Time, fix: &Fix) -> Option<Cause> {
        let Some((before, said)) = self.last else {
            self.last = Some((now, *fix));
            return Some(Cause::Dynamics);
        };
        let passed = now.since(before);
        if passed < self.shortest {
            return None;
        }
        let cause = if moved(&said, fix) {
            self.longest = passed.clamp(SHORTEST, LONGEST);
            self.by_time = 0;
            Cause::Dynamics
        } else if passed >= self.longest {
            self.by_time += 1;
            if self.by_time >= CONSECUTIVE {
                self.longest = LONGEST;
                self.by_time = 0;
            }
            Cause::Time
        } else {
            return None;
        };
        self.last = Some((now, *fix));
        Some(cause)
    }
}

/// Is `fix` so far from what was said that it is worth a message?
fn moved(said: &Fix, fix: &Fix) -> bool {
    let turned = (fix.heading - said.heading).rem_euclid(360.0);
    let (east, north) = (fix.x - said.x, fix.y - said.y);
    turned.min(360.0 - turned) > HEADING
        || east * east + north * north > WAY * WAY
        || (fix.speed - said.speed).abs() > SPEED
}

#[cfg(test)]
mod tests {
    use super::*;
    use Cause::{Dynamics, Time as Waited};

    /// What is generated in so many looks while the vehicle moves like this, `n` being the number of the look: the moment in
    /// units of a look, and why.
    fn drive(trigger: &mut Trigger, looks: core::ops::Range<u32>, fix: impl Fn(f64) -> Fix) -> Vec<(u32, Cause)> {
        let look = |n: u32| {
            trigger
                .check(Time::ZERO + CHECK * n, &fix(f64::from(n)))
                .map(|cause| (n, cause))
        };
        looks.filter_map(look).collect()
    }

    fn still(_: f64) -> Fix {
        Fix::default()
    }

    /// East at so many metres a look.
    fn east(metres: f64) -> impl Fn(f64) -> Fix {
        move |n| Fix {
            x: metres * n,
            speed: 10.0 * metres,
            heading: 90.0,
            ..Fix::default()
        }
    }

    #[test]
    fn a_parked_vehicle_speaks_once_a_second() {
        let said = drive(&mut Trigger::default(), 0..41, still);
        assert_eq!(
            said,
            [(0, Dynamics), (10, Waited), (20, Waited), (30, Waited), (40, Waited)]
        );
    }

    #[test]
    fn a_moving_one_speaks_when_it_is_more_than_four_metres_on() {
        // 2 m a look: 4 m are not more than 4 m.
        let said = drive(&mut Trigger::default(), 0..10, east(2.0));
        assert_eq!(said, [(0, Dynamics), (3, Dynamics), (6, Dynamics), (9, Dynamics)]);
        let said = drive(&mut Trigger::default(), 0..4, east(5.0));
        assert_eq!(said.len(), 4, "never oftener than ten times a second");
        // 0.35 m a look takes twelve: the second that passes comes first.
        let said = drive(&mut Trigger::default(), 0..21, east(0.35));
        assert_eq!(said, [(0, Dynamics), (10, Waited), (20, Waited)]);
    }

    #[test]
    fn turning_and_braking_are_worth_a_message() {
        let turn = |n: f64| Fix {
            heading: (357.0 + 1.5 * n) % 360.0,
            ..Fix::default()
        };
        // Across north: 4.5 degrees in three looks.
        assert_eq!(
            drive(&mut Trigger::default(), 0..7, turn),
            [(0, Dynamics), (3, Dynamics), (6, Dynamics)]
        );
        let brake = |n: f64| Fix {
            speed: 20.0 - 0.3 * n,
            ..Fix::default()
        };
        assert_eq!(
            drive(&mut Trigger::default(), 0..5, brake),
            [(0, Dynamics), (2, Dynamics), (4, Dynamics)]
        );
    }

    #[test]
    fn a_manoeuvres_rhythm_goes_on_for_three_messages() {
        let mut trigger = Trigger::default();
        // A jump at the fourth look, then it stands.
        let jump = |n: f64| Fix {
            x: if n < 4.0 { 0.0 } else { 100.0 },
            ..Fix::default()
        };
        let said = drive(&mut trigger, 0..40, jump);
        let expected = [
            (0, Dynamics),
            (4, Dynamics),
            (8, Waited),
            (12, Waited),
            (16, Waited),
            (26, Waited),
            (36, Waited),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn another_manoeuvre_begins_the_count_anew() {
        let jumps = |n: f64| Fix {
            x: 100.0 * f64::from(u8::from(n >= 2.0) + u8::from(n >= 7.0)),
            ..Fix::default()
        };
        let said = drive(&mut Trigger::default(), 0..26, jumps);
        let expected = [
            (0, Dynamics),
            (2, Dynamics),
            (4, Waited),
            (6, Waited),
            (7, Dynamics),
            (8, Waited),
            (9, Waited),
            (10, Waited),
            (20, Waited),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn congestion_control_spreads_messages_and_cannot_silence_a_station() {
        let mut trigger = Trigger::default();
        trigger.limit(Duration::from_millis(450));
        let said = drive(&mut trigger, 0..16, east(5.0));
        assert_eq!(said, [(0, Dynamics), (5, Dynamics), (10, Dynamics), (15, Dynamics)]);
        trigger.limit(Duration::from_secs(100));
        assert_eq!(drive(&mut trigger, 16..40, east(5.0)), [(25, Dynamics), (35, Dynamics)]);
        trigger.limit(Duration::ZERO);
        assert_eq!(drive(&mut trigger, 40..43, east(5.0)).len(), 3);
    }
}
