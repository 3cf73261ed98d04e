//! A city of the size that the screen must bear.

use roadveil::event::{Cast, Event, Load, Map, NodeId};
use roadveil_role::Reason;

use super::sample::{Run, addr, beacon, cast, got, missed, node, place};

/// A city: roads, buildings and vehicles in the numbers of a real one, everybody's beacons for `millis`.
pub fn city(vehicles: u32, millis: u64) -> Run {
    let mut dice = 1u64;
    let mut roll = move |sides: u32| {
        dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((dice >> 33) as u32) % sides
    };
    let mut map = Map {
        bounds: [0.0, 0.0, 5000.0, 5000.0],
        ..Map::default()
    };
    for _ in 0..18_000 {
        let (x, y) = (roll(5000) as f32, roll(5000) as f32);
        let along = roll(2) == 0;
        let step = |n: f32| {
            if along {
                (x + n * 25.0, y + n * 2.0)
            } else {
                (x - n * 2.0, y + n * 25.0)
            }
        };
        map.roads.push(vec![step(0.0), step(1.0), step(2.0), step(3.0)]);
    }
    for _ in 0..13_000 {
        let (x, y) = (roll(5000) as f32, roll(5000) as f32);
        map.buildings.push(vec![
            (x, y),
            (x + 15.0, y),
            (x + 15.0, y + 8.0),
            (x + 22.0, y + 8.0),
            (x + 22.0, y + 20.0),
            (x, y + 20.0),
        ]);
    }
    let mut nodes: Vec<_> = (0..40)
        .map(|number| node(format!("rsu-{number}"), "rsu", false))
        .collect();
    nodes.extend((0..vehicles).map(|number| node(format!("v{number}"), "obu", true)));
    let all = 40 + vehicles;
    let mut run = Run::new(Cast {
        scenario: "city".to_owned(),
        nodes,
        map,
        ..cast()
    });
    let mut places: Vec<(f64, f64)> = (0..all)
        .map(|_| (f64::from(roll(5000)), f64::from(roll(5000))))
        .collect();
    for (number, (x, y)) in (0u32..).zip(&places) {
        run.push(Event::Joined {
            node: NodeId(number),
            at: place(*x, *y),
        });
        run.push(Event::Readdressed {
            node: NodeId(number),
            addr: addr(number),
        });
        run.state(
            number,
            ["keyed", "keyed", "keyed", "requesting", "keyless"][number as usize % 5],
        );
    }
    for tenth in 0..millis / 100 {
        for (offset, car) in (40..all).enumerate() {
            run.at(tenth * 100 + offset as u64 * 100 / u64::from(vehicles.max(1)));
            let first = roll(all.saturating_sub(60).max(1));
            let heard = (first..(first + 60).min(all))
                .filter(|other| *other != car)
                .map(|other| match roll(3) {
                    0 => missed(other, -94, Reason::ALL[(other % 8) as usize]),
                    _ => got(other, -80),
                });
            let heard = heard.collect();
            run.frame(car, None, &beacon(tenth), heard);
        }
        run.at(tenth * 100 + 99);
        for place in &mut places[40..] {
            place.0 += 1.4;
        }
        let moves = (40..all).map(|car| (NodeId(car), place(places[car as usize].0, places[car as usize].1)));
        run.push(Event::Moved(moves.collect()));
        if tenth % 10 == 9 {
            let loads = (0..all).map(|node| Load {
                node: NodeId(node),
                queued: (node % 4) as u16,
                busy: (node % 1000) as u16,
                received: 600,
                channel: 150,
            });
            run.push(Event::Load(loads.collect()));
        }
    }
    run
}
