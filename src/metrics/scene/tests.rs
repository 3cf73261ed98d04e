//! What a scene keeps, and what it does not let a stream do to it.

use proptest::prelude::*;

use super::*;
use crate::event::{CastNode, Load, Position};

fn cast(nodes: u32) -> Arc<Cast> {
    let node = |number: u32| CastNode {
        name: format!("n{number}"),
        roles: vec!["demo.obu".to_owned()],
        profile: "car".to_owned(),
        mobile: true,
    };
    let mut cast = Cast::clone(&nobody());
    cast.nodes = (0..nodes).map(node).collect();
    Arc::new(cast)
}

fn addr(number: u8) -> LinkAddr {
    LinkAddr::local([2, number, 0, 0, 0, 0])
}

fn frame(tx: u64, from: u8, to: LinkAddr) -> Event {
    Event::Frame(Frame {
        tx: TxId(tx),
        from: addr(from),
        to,
        airtime: 1000,
        bytes: [7, 1, 2].into(),
    })
}

fn heard(tx: u64, outcomes: &[(u32, Option<Reason>)]) -> Event {
    let reception = |&(node, lost): &(u32, Option<Reason>)| Reception {
        node: NodeId(node),
        dbm: -70,
        lost,
    };
    Event::Heard {
        tx: TxId(tx),
        receptions: outcomes.iter().map(reception).collect(),
    }
}

fn after(events: impl IntoIterator<Item = Event>) -> Scene {
    let mut scene = Scene::with_room(cast(4), 8);
    for (millis, event) in (0..).zip(events) {
        scene.observe(&Record {
            at: Time::from_millis(millis),
            event,
        });
    }
    scene
}

#[test]
fn a_frame_is_followed_to_each_receiver() {
    let scene = after([
        Event::Joined {
            node: NodeId(0),
            at: Position {
                x_cm: 500,
                ..Position::default()
            },
        },
        frame(0, 0, LinkAddr::BROADCAST),
        Event::Sent {
            tx: TxId(0),
            node: NodeId(0),
            attempt: 2,
        },
        heard(0, &[(1, None), (2, Some(Reason::Collision)), (3, None)]),
        Event::Dropped {
            tx: TxId(0),
            node: NodeId(3),
            why: Reason::QueueFull,
        },
        Event::Rejected {
            node: NodeId(1),
            role: 0,
            tx: Some(TxId(0)),
            why: Reason::BadSignature,
        },
    ]);
    let entry = scene.flow().get(TxId(0)).expect("entry");
    assert_eq!(
        (entry.delivered, entry.lost, entry.rejected, entry.attempt),
        (1, 2, 1, 2)
    );
    assert_eq!(entry.place.map(|at| at.x_cm), Some(500));
    let outcomes: Vec<_> = entry
        .receptions
        .iter()
        .map(|reception| entry.outcome(reception))
        .collect();
    assert_eq!(
        outcomes,
        [
            Some(Reason::BadSignature),
            Some(Reason::Collision),
            Some(Reason::QueueFull)
        ]
    );
    assert_eq!(
        scene.totals(),
        Totals {
            sent: 1,
            delivered: 1,
            lost: 2,
            rejected: 1,
            unsent: 0
        }
    );
    assert_eq!(scene.totals().share(), Some(1.0 / 3.0));
    assert_eq!(
        scene.counts(NodeId(3)),
        Counts {
            lost: 1,
            ..Counts::default()
        }
    );
    let (head, counts) = scene.messages().next().expect("message");
    assert_eq!(head, [7, 1]);
    assert_eq!(
        (
            counts.sent,
            counts.bytes,
            counts.delivered,
            counts.lost,
            counts.rejected
        ),
        (1, 3, 1, 2, 1)
    );
    let reasons: Vec<_> = scene.reasons().collect();
    assert_eq!(
        reasons,
        [
            (Reason::Collision, 1),
            (Reason::QueueFull, 1),
            (Reason::BadSignature, 1)
        ]
    );
    let rate = scene.rates().iter().next().expect("second");
    assert_eq!((rate.sent, rate.delivered, rate.lost), (1, 1, 2));
}

#[test]
fn a_unicast_finds_its_addressee_by_the_address_of_that_moment() {
    let scene = after([
        Event::Readdressed {
            node: NodeId(1),
            addr: addr(1),
        },
        frame(0, 0, addr(1)),
        Event::Readdressed {
            node: NodeId(1),
            addr: addr(9),
        },
        frame(1, 0, addr(1)),
        frame(2, 0, addr(9)),
    ]);
    let to: Vec<_> = scene.flow().iter().map(|entry| entry.to).collect();
    assert_eq!(to, [Some(NodeId(1)), None, Some(NodeId(1))]);
}

#[test]
fn a_packet_is_a_transmission_with_one_receiver() {
    let packet = |tx, fate| {
        Event::Packet(Packet {
            tx: TxId(tx),
            from: NodeId(0),
            to: NodeId(1),
            fate,
            bytes: [7, 0].into(),
        })
    };
    let scene = after([packet(0, Ok(Time::from_millis(5))), packet(1, Err(Reason::LinkDown))]);
    assert_eq!(
        scene.totals(),
        Totals {
            sent: 2,
            delivered: 1,
            lost: 1,
            ..Totals::default()
        }
    );
    assert_eq!(scene.counts(NodeId(0)).sent, 2);
    assert!(
        scene
            .flow()
            .iter()
            .all(|entry| entry.ended && entry.receptions.len() == 1)
    );
}

#[test]
fn nodes_come_and_go_and_idle_nodes_are_idle() {
    let load = |node, busy| Load {
        node: NodeId(node),
        queued: 3,
        busy,
        received: 50,
        channel: 0,
    };
    let scene = after([
        Event::Joined {
            node: NodeId(0),
            at: Position::default(),
        },
        Event::Load(vec![load(0, 700), load(1, 1200)]),
        Event::Load(vec![load(1, 500)]),
        Event::State {
            node: NodeId(1),
            role: 0,
            state: "keyed".into(),
        },
        Event::Left {
            node: NodeId(1),
            fault: true,
        },
        Event::Link {
            a: NodeId(2),
            b: NodeId(1),
            up: false,
        },
        Event::Link {
            a: NodeId(3),
            b: NodeId(1),
            up: false,
        },
        Event::Link {
            a: NodeId(1),
            b: NodeId(3),
            up: true,
        },
    ]);
    assert_eq!((scene.nodes()[0].busy, scene.nodes()[0].queued), (0, 0));
    assert!(scene.nodes()[0].present && !scene.nodes()[1].present);
    assert_eq!(scene.nodes()[1].state(), Some("keyed"));
    assert_eq!(scene.links_down().collect::<Vec<_>>(), [(NodeId(1), NodeId(2))]);
}

#[test]
fn received_frames_are_counted_by_the_second() {
    let mut scene = Scene::new(cast(1));
    let load = Event::Load(vec![Load {
        node: NodeId(0),
        queued: 0,
        busy: 0,
        received: 50,
        channel: 0,
    }]);
    scene.observe(&Record {
        at: Time::from_millis(500),
        event: load,
    });
    assert_eq!(scene.nodes()[0].received_per_s, 100);
}

#[test]
fn the_flow_forgets_the_oldest_and_finds_the_rest() {
    let scene = after((0..100).step_by(3).map(|tx| frame(tx, 0, LinkAddr::BROADCAST)));
    let flow = scene.flow();
    assert_eq!(flow.len(), 8);
    assert_eq!(flow.get(TxId(0)), None);
    for (index, entry) in flow.iter().enumerate() {
        assert_eq!(flow.index_of(entry.tx), Some(index));
        assert_eq!(flow.index_of(TxId(entry.tx.0 + 1)), None);
    }
}

#[test]
fn what_ends_twice_or_begins_twice_does_not_grow() {
    let once = [(1, None), (2, None)];
    let scene = after([
        frame(5, 0, LinkAddr::BROADCAST),
        heard(5, &once),
        heard(5, &once),
        frame(5, 0, LinkAddr::BROADCAST),
        frame(4, 0, LinkAddr::BROADCAST),
    ]);
    assert_eq!(scene.flow().len(), 1);
    assert_eq!(scene.flow().get(TxId(5)).map(|entry| entry.receptions.len()), Some(2));
}

#[test]
fn a_second_without_anything_is_a_second() {
    let mut scene = Scene::new(cast(1));
    for second in [0, 3, 100_000] {
        let event = frame(second, 0, LinkAddr::BROADCAST);
        scene.observe(&Record {
            at: Time::from_secs(second),
            event,
        });
        let seconds: Vec<_> = scene.rates().iter().map(|rate| rate.second).collect();
        assert!(seconds.len() <= 600);
        assert!(seconds.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        assert_eq!(seconds.last(), Some(&second));
    }
}

#[test]
fn a_scene_survives_being_stored() {
    let scene = after([
        Event::Joined {
            node: NodeId(0),
            at: Position::default(),
        },
        frame(0, 0, LinkAddr::BROADCAST),
        heard(0, &[(1, None), (2, Some(Reason::Noise))]),
        Event::State {
            node: NodeId(0),
            role: 0,
            state: "keyed".into(),
        },
        Event::Command("pause".to_owned()),
    ]);
    let bytes = postcard::to_extend(&scene, Vec::new()).expect("bytes");
    let stored = postcard::from_bytes::<Scene>(&bytes)
        .expect("scene")
        .with_cast(scene.cast().clone());
    assert_eq!(format!("{stored:?}"), format!("{scene:?}"));
    // A snapshot of another run must not leave tables too short for this one.
    let mut other = postcard::from_bytes::<Scene>(&bytes).expect("scene").with_cast(cast(9));
    other.observe(&Record {
        at: Time::ZERO,
        event: heard(0, &[(8, None)]),
    });
    assert_eq!(other.counts(NodeId(8)).delivered, 1);
}

fn reason() -> impl Strategy<Value = Reason> {
    (0..Reason::ALL.len()).prop_map(|index| Reason::ALL[index])
}

fn node() -> impl Strategy<Value = NodeId> {
    prop_oneof![(0u32..6).prop_map(NodeId), any::<u32>().prop_map(NodeId)]
}

fn event() -> impl Strategy<Value = Event> {
    let tx = || (0u64..20).prop_map(TxId);
    let receptions = || prop::collection::vec((0u32..6, proptest::option::of(reason())), 0..5);
    prop_oneof![
        (0u64..20, any::<u8>(), any::<bool>()).prop_map(|(tx, from, all)| frame(
            tx,
            from,
            if all { LinkAddr::BROADCAST } else { addr(from) }
        )),
        (0u64..20, receptions()).prop_map(|(tx, outcomes)| heard(tx, &outcomes)),
        (tx(), node(), any::<u8>()).prop_map(|(tx, node, attempt)| Event::Sent { tx, node, attempt }),
        (tx(), node(), reason()).prop_map(|(tx, node, why)| Event::Dropped { tx, node, why }),
        (node(), any::<u8>(), proptest::option::of(tx()), reason()).prop_map(|(node, role, tx, why)| Event::Rejected {
            node,
            role,
            tx,
            why
        }),
        (node(), reason(), any::<[u8; 2]>()).prop_map(|(node, why, head)| Event::Unsent { node, why, head }),
        (node(), any::<u8>()).prop_map(|(node, role)| Event::State {
            node,
            role,
            state: "s".into()
        }),
        (node(), any::<u8>()).prop_map(|(node, number)| Event::Readdressed {
            node,
            addr: addr(number)
        }),
        node().prop_map(|node| Event::Joined {
            node,
            at: Position::default()
        }),
        (node(), any::<bool>()).prop_map(|(node, fault)| Event::Left { node, fault }),
        (node(), any::<u16>()).prop_map(|(node, busy)| Event::Load(vec![Load {
            node,
            queued: busy,
            busy,
            received: busy,
            channel: busy,
        }])),
        (node(), node(), any::<bool>()).prop_map(|(a, b, up)| Event::Link { a, b, up }),
        any::<(u8, u64)>().prop_map(|charge| Event::Charged(vec![charge, charge])),
        (node(), node(), reason()).prop_map(|(from, to, why)| Event::Packet(Packet {
            tx: TxId(3),
            from,
            to,
            fate: Err(why),
            bytes: [].into()
        })),
    ]
}

proptest! {
    /// Whatever a stream says, the scene stays within its bounds and its sums agree.
    #[test]
    fn no_stream_breaks_a_scene(events in prop::collection::vec((any::<u64>(), event()), 0..200)) {
        let mut scene = Scene::with_room(cast(4), 8);
        for (at, event) in events {
            scene.observe(&Record { at: Time(at), event });
            prop_assert!(scene.flow().len() <= 8);
            prop_assert!(scene.lines().len() <= 1024);
            prop_assert!(scene.rates().iter().len() <= 600);
            prop_assert!(scene.links_down().count() <= 16);
            prop_assert_eq!(scene.nodes().len(), 4);
        }
        for entry in scene.flow().iter() {
            prop_assert!(entry.receptions.len() <= 5);
        }
    }
}
