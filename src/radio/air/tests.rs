//! Frames on the air, between nodes on a line in the open, without fading.

use core::time::Duration;

use roadveil_role::{LinkAddr, Payload, Priority};

use super::super::channel::Antenna;
use super::super::obstacle::Obstacles;
use super::super::params::{Fading, Preset, VehicleObstacles};
use super::*;

/// On the air for so long.
const FRAME: Duration = Duration::from_micros(496);

const CAR: Antenna = Antenna {
    height_m: 1.5,
    gain_db: 0.0,
};

fn params() -> Params {
    Params {
        fading: Fading::None,
        ..Params::preset(Preset::Ns3)
    }
}

/// Nodes at these metres to the east, all switched on.
fn air(params: Params, places: &[f64]) -> Air {
    let keys: Vec<Key> = (0..places.len()).map(|node| Key::of(&node.to_string())).collect();
    let antennas = vec![CAR; places.len()];
    let channel = Channel::new(&params, Obstacles::default(), &antennas, keys.clone(), 1);
    let mut air = Air::new(params, channel, keys, 1);
    let mut sorted = Vec::new();
    for (node, &x) in (0..).zip(places) {
        air.channel().place(node, (x, 0.0), 0.0, false);
        air.switch(node, true);
        sorted.push((node, x, 0.0));
    }
    air.channel().settle();
    air.sort(&sorted);
    air
}

fn emission(sender: u32, to: Option<u32>) -> Emission {
    let addr = |node: u32| LinkAddr::local([node as u8; 6]);
    Emission {
        tx: TxId(u64::from(sender)),
        kind: Kind::Data,
        sender,
        life: 1,
        addressee: to,
        bytes: Arc::from([0]),
        reserved: Time::ZERO,
        frame: Outgoing {
            from: addr(sender),
            to: to.map_or(LinkAddr::BROADCAST, addr),
            priority: Priority::default(),
            payload: Payload::Ready([0].into()),
            since: Time::ZERO,
            attempt: 0,
            received: false,
        },
    }
}

fn us(micros: u64) -> Time {
    Time(micros * 1_000)
}

/// A moment of a test.
#[derive(Clone, Copy)]
enum Then {
    Begin(u32),
    Switch(u32, bool),
}

/// What became of a frame: its slot, and at each candidate why it is lost, if it is.
type Outcome = (u32, Vec<(u32, Option<Reason>)>);

/// Does what is said at each microsecond, ends each frame in its time, and gives what became of it: of whom, at whom, why.
fn play(air: &mut Air, moments: &[(u64, Then)]) -> Vec<Outcome> {
    let mut ends: Vec<(Time, u32)> = Vec::new();
    let mut outcomes = Vec::new();
    let mut idle = Vec::new();
    let mut end_until = |air: &mut Air, ends: &mut Vec<(Time, u32)>, until: Time| {
        while let Some(&(at, slot)) = ends.first().filter(|(at, _)| *at <= until) {
            ends.remove(0);
            let (emission, receptions) = air.finish(at, slot, &mut idle).expect("on the air");
            let receptions = receptions.iter().map(|heard| (heard.node.0, heard.lost)).collect();
            outcomes.push((emission.sender, receptions));
        }
    };
    for &(at, then) in moments {
        end_until(air, &mut ends, us(at));
        match then {
            Then::Begin(sender) => ends.push((us(at) + FRAME, air.begin(us(at), emission(sender, None)).0)),
            Then::Switch(node, up) => air.switch(node, up),
        }
    }
    end_until(air, &mut ends, Time::MAX);
    assert_eq!(air.remains(), None);
    outcomes
}

#[test]
fn a_frame_has_an_outcome_at_each_candidate() {
    // -71.8, -80.3 and -85.4 dBm; a thousand metres are -102.9 dBm and not even a candidate.
    let mut air = air(params(), &[0.0, 50.0, 125.0, 200.0, 1_000.0]);
    let weak = Some(Reason::BelowSensitivity);
    assert_eq!(
        play(&mut air, &[(0, Then::Begin(0))]),
        [(0, vec![(1, None), (2, None), (3, weak)])]
    );
}

#[test]
fn a_frame_below_the_candidates_power_still_disturbs() {
    let low = Params {
        sensitivity_dbm: -70.0,
        ..params()
    };
    // -71.8 dBm are candidates, and too weak; -80.3 dBm are not candidates.
    let mut air = air(low, &[0.0, 50.0, 125.0]);
    let weak = Some(Reason::BelowSensitivity);
    assert_eq!(play(&mut air, &[(0, Then::Begin(0))]), [(0, vec![(1, weak)])]);
    air.begin(us(1_000), emission(0, None));
    assert!(air.remains().is_some_and(|left| left.contains("slot 0")));
    assert!(air.sense(2, us(1_005)).taken, "its energy is there");
}

#[test]
fn who_is_hidden_by_a_vehicle_is_a_candidate_and_hears_nothing() {
    let lorries = Params {
        vehicles: VehicleObstacles::KnifeEdge,
        vehicle_height_m: 4.0,
        ..params()
    };
    // In the open -77.9 and -85.4 dBm; the lorry ten metres ahead takes 27 dB, which leaves less than the floor of -104.
    let mut air = air(lorries, &[0.0, 10.0, 100.0, 200.0]);
    for (node, x) in [(0, 0.0), (1, 10.0), (2, 100.0), (3, 200.0)] {
        air.channel().place(node, (x, 0.0), 90.0, true);
    }
    air.channel().settle();
    let (slot, _) = air.begin(us(0), emission(0, None));
    assert!(!air.sense(2, us(10)).taken, "no energy is there");
    let (_, receptions) = air.finish(us(496), slot, &mut Vec::new()).expect("on the air");
    let of = |node: u32| {
        receptions
            .iter()
            .find(|heard| heard.node.0 == node)
            .expect("a candidate")
    };
    assert_eq!(of(1).lost, None);
    assert_eq!((of(2).lost, of(2).dbm), (Some(Reason::Obstacle), Reception::NO_POWER));
    assert_eq!(
        of(3).lost,
        Some(Reason::BelowSensitivity),
        "it would be in the open, too"
    );

    let (slot, _) = air.begin(us(1_000), emission(0, Some(2)));
    let (_, receptions) = air.finish(us(1_496), slot, &mut Vec::new()).expect("on the air");
    assert_eq!(receptions.len(), 1);
    assert_eq!((receptions[0].node.0, receptions[0].lost), (2, Some(Reason::Obstacle)));
    assert_eq!(air.remains(), None);
}

#[test]
fn two_that_begin_together_hear_nothing_of_each_other_and_spoil_the_rest() {
    let mut air = air(params(), &[0.0, 100.0, 50.0]);
    let (own, hit, lost) = (
        Some(Reason::HalfDuplex),
        Some(Reason::Collision),
        Some(Reason::CaptureLost),
    );
    let outcomes = play(&mut air, &[(0, Then::Begin(0)), (0, Then::Begin(1))]);
    assert_eq!(
        outcomes,
        [(0, vec![(1, own), (2, hit)]), (1, vec![(0, own), (2, lost)])]
    );
}

#[test]
fn the_near_one_of_two_that_begin_together_is_received() {
    // 10 and 130 m: 27.8 dB apart.
    let mut air = air(params(), &[0.0, 140.0, 10.0]);
    for first in [0, 1] {
        let moments = [(0, Then::Begin(first)), (0, Then::Begin(1 - first))];
        let at_third: Vec<_> = play(&mut air, &moments)
            .into_iter()
            .map(|(sender, heard)| (sender, heard.last().expect("the third").1))
            .collect();
        let lost = Some(Reason::CaptureLost);
        let expected =
            [(first, first), (1 - first, 1 - first)].map(|(sender, _)| (sender, if sender == 0 { None } else { lost }));
        assert_eq!(at_third, expected);
    }
}

#[test]
fn frames_that_follow_each_other_without_a_gap_are_both_received() {
    let mut air = air(params(), &[0.0, 50.0, 60.0]);
    let outcomes = play(&mut air, &[(0, Then::Begin(0)), (496, Then::Begin(1))]);
    assert_eq!(outcomes[0].1, [(1, None), (2, None)]);
    assert_eq!(outcomes[1].1, [(0, None), (2, None)]);
}

#[test]
fn of_three_that_overlap_the_first_is_followed_and_all_are_lost() {
    let mut air = air(params(), &[0.0, 60.0, 120.0, 55.0]);
    let outcomes = play(
        &mut air,
        &[(0, Then::Begin(0)), (100, Then::Begin(1)), (200, Then::Begin(2))],
    );
    let at_fourth: Vec<_> = outcomes
        .iter()
        .map(|(sender, heard)| (*sender, heard.iter().find(|(node, _)| *node == 3).expect("hears").1))
        .collect();
    let late = Some(Reason::CaptureLost);
    assert_eq!(at_fourth, [(0, Some(Reason::Collision)), (1, late), (2, late)]);
    // They are not the worse for it.
    assert_eq!(play(&mut air, &[(2_000, Then::Begin(0))])[0].1.len(), 3);
}

#[test]
fn a_frame_for_one_node_has_one_outcome() {
    let mut air = air(params(), &[0.0, 50.0, 60.0, 1_500.0]);
    let mut idle = Vec::new();
    let mut outcome = |to: Option<u32>, at: u64| {
        let mut emission = emission(0, to);
        emission.frame.to = LinkAddr::local([9; 6]);
        let (slot, _) = air.begin(us(at), emission);
        let (_, receptions) = air.finish(us(at) + FRAME, slot, &mut idle).expect("there");
        receptions
            .iter()
            .map(|heard| (heard.node.0, heard.lost))
            .collect::<Vec<_>>()
    };
    assert_eq!(outcome(Some(2), 0), [(2, None)]);
    assert_eq!(outcome(Some(3), 1_000), [(3, Some(Reason::BelowSensitivity))]);
    assert_eq!(outcome(None, 2_000), [], "nobody has the address");
}

#[test]
fn bystanders_of_a_frame_for_one_node_keep_off_until_its_acknowledgement_is_over() {
    let mut air = air(params(), &[0.0, 50.0, 60.0]);
    let reserved = us(496 + 32 + 88);
    let (slot, _) = air.begin(
        us(0),
        Emission {
            reserved,
            ..emission(0, Some(1))
        },
    );
    air.finish(us(496), slot, &mut Vec::new());
    assert_eq!(air.sense(1, us(496)).idle_since, us(496));
    let bystander = air.sense(2, us(496));
    assert_eq!(
        (bystander.taken, bystander.busy, bystander.idle_since),
        (false, true, reserved)
    );
}

#[test]
fn who_is_switched_off_in_mid_frame_loses_it() {
    for back in [None, Some(200), Some(600)] {
        let mut air = air(params(), &[0.0, 50.0, 60.0]);
        let mut moments = vec![(0, Then::Begin(0)), (100, Then::Switch(1, false))];
        moments.extend(back.map(|at| (at, Then::Switch(1, true))));
        let outcomes = play(&mut air, &moments);
        assert_eq!(outcomes, [(0, vec![(1, Some(Reason::NodeDown)), (2, None)])]);
        // What it did not hear does not weigh on it afterwards.
        air.switch(1, true);
        assert!(!air.sense(1, us(2_000)).taken);
        assert_eq!(play(&mut air, &[(2_000, Then::Begin(0))])[0].1, [(1, None), (2, None)]);
    }
}

#[test]
fn who_is_switched_off_while_it_sends_is_heard_to_the_end() {
    let mut air = air(params(), &[0.0, 50.0]);
    let moments = [
        (0, Then::Begin(0)),
        (100, Then::Switch(0, false)),
        (200, Then::Switch(0, true)),
    ];
    assert_eq!(play(&mut air, &moments), [(0, vec![(1, None)])]);
    let (slot, _) = air.begin(us(2_000), emission(0, None));
    air.switch(0, false);
    air.switch(0, true);
    assert!(
        air.is_sending(0) && air.sense(0, us(2_100)).taken,
        "its old frame is still there"
    );
    air.finish(us(2_496), slot, &mut Vec::new());
    assert!(!air.sense(0, us(2_496)).taken);
}

#[test]
fn who_is_off_hears_nothing_and_who_comes_up_late_neither() {
    let mut air = air(params(), &[0.0, 50.0]);
    air.switch(1, false);
    assert_eq!(
        play(&mut air, &[(0, Then::Begin(0)), (100, Then::Switch(1, true))]),
        [(0, vec![])]
    );
}

#[test]
fn those_who_wait_are_told_of_the_beginning_and_of_the_end() {
    let mut air = air(params(), &[0.0, 50.0, 60.0, 1_500.0]);
    for node in [2, 3] {
        air.contend(node, true);
    }
    let (slot, watch) = air.begin(us(0), emission(0, None));
    assert!(watch);
    assert_eq!(air.take_watched(slot), [2]);
    let mut idle = Vec::new();
    let (other, _) = air.begin(us(400), emission(1, None));
    air.finish(us(496), slot, &mut idle);
    assert!(idle.is_empty(), "another one is on the air");
    air.finish(us(896), other, &mut idle);
    assert_eq!(idle, [2]);
    assert_eq!(air.sense(2, us(896)).idle_since, us(896));
}

#[test]
fn a_channel_that_was_taken_for_a_frame_given_up_is_idle_from_then_on() {
    // Followed at -90 dBm, sensed as energy only from -85 dBm on. A louder one drowns its signal field.
    let params = Params {
        fading: Fading::None,
        capture_window_us: 0.0,
        ..Params::preset(Preset::ItsG5)
    };
    let mut air = air(params, &[0.0, 330.0, 650.0]);
    air.contend(1, true);
    let (first, _) = air.begin(us(0), emission(0, None));
    assert!(air.sense(1, us(5)).taken);
    let (second, _) = air.begin(us(6), emission(2, None));
    let mut idle = Vec::new();
    air.finish(us(496), first, &mut idle);
    let sensed = air.sense(1, us(496));
    assert!(!sensed.taken && sensed.idle_since >= us(46), "{sensed:?}");
    air.finish(us(502), second, &mut idle);
}
