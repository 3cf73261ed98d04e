use core::time::Duration;

use postcard_schema::Schema;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::{Actor, HostAddr, LinkAddr, Message, Priority, Typed, encode};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
enum Msg {
    Count(u32),
}

impl Message for Msg {
    const PROTOCOL: u8 = 201;
}

/// Says numbers to everyone, and remembers by events which it heard.
#[derive(Clone)]
struct Counter {
    says: u32,
    said: u32,
}

impl Counter {
    fn boxed(says: u32) -> Box<dyn Role> {
        Box::new(Typed(Counter { says, said: 0 }))
    }
}

impl Actor for Counter {
    type Msg = Msg;

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.state("counting");
        cx.timer(Duration::from_millis(10), Timer(1));
        cx.timer(Duration::from_secs(100), Timer(2));
        cx.cancel(Timer(2));
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        assert_eq!(timer, Timer(1), "cancelled timers do not ring");
        assert_eq!(due, cx.now());
        if self.said < self.says {
            self.said += 1;
            cx.broadcast(&Msg::Count(self.said));
            cx.timer(Duration::from_secs(1), Timer(1));
            // Setting a timer again moves it.
            cx.timer(Duration::from_millis(10), Timer(1));
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Msg) -> Result<(), Reason> {
        let Msg::Count(number) = *message;
        if number == 0 {
            return Err(Reason::Unexpected);
        }
        cx.emit("heard", [("number", number.into()), ("from", from.to_string().into())]);
        cx.local("counter", vec![1]);
        Ok(())
    }

    fn told(&mut self, cx: &mut Cx<'_>, by: &str, message: &[u8]) {
        cx.emit("told", [("by", by.into()), ("message", message.into())]);
    }
}

fn pair(seed: u64, says: u32, air: Channel) -> Net {
    let mut net = Net::new(seed).air(air);
    net.add(Node::new("a").role(201, "counter", Counter::boxed(says)));
    net.add(Node::new("b").at(100.0, 0.0).role(201, "counter", Counter::boxed(0)));
    net
}

fn heard(net: &Net) -> Vec<u64> {
    let numbers = net.events("heard").filter_map(|(_, fields)| match fields[0].1 {
        Value::U64(number) => Some(number),
        _ => None,
    });
    numbers.collect()
}

#[test]
fn a_perfect_channel_delivers_all_in_order() {
    let mut net = pair(1, 20, Channel::perfect());
    net.run_until(Time::from_secs(10));
    assert_eq!(heard(&net), (1..=20).collect::<Vec<_>>());
    assert_eq!(net.now(), Time::from_secs(10));
    assert_eq!(net.state("a"), Some("counting"));
    assert_eq!(net.events("told").count(), 20);
    assert!(!net.step(), "nothing is left");
}

#[test]
fn loss_duplication_and_jitter_do_what_they_say() {
    let mut net = pair(1, 1000, Channel::lossy(0.3));
    net.run_until(Time::from_secs(20));
    assert!((650..750).contains(&heard(&net).len()));
    let mut net = pair(1, 1000, Channel::perfect().duplicating(0.2));
    net.run_until(Time::from_secs(20));
    assert!((1150..1250).contains(&heard(&net).len()));
    let mut net = pair(1, 100, Channel::perfect().jittering(Duration::from_millis(50)));
    net.run_until(Time::from_secs(20));
    let numbers = heard(&net);
    assert_eq!(numbers.len(), 100);
    assert!(!numbers.is_sorted(), "frames overtake each other");
}

#[test]
fn reach_limits_the_air() {
    let mut net = pair(1, 5, Channel::perfect()).reach(|a, b| (a.x - b.x).abs() < 50.0);
    net.run_until(Time::from_secs(1));
    assert!(heard(&net).is_empty());
}

#[test]
fn moving_nodes_move_and_clocks_are_their_own() {
    let mut net = Net::new(1);
    net.add(Node::new("a"));
    net.node("a").move_to(
        Time::from_secs(1),
        Fix {
            x: 5.0,
            y: 5.0,
            speed: 10.0,
            heading: 90.0,
        },
    );
    let fix = net.node("a").fix(Time::from_secs(3));
    assert!((fix.x - 25.0).abs() < 1e-9 && (fix.y - 5.0).abs() < 1e-9);
    net.node("a").set_clock(-500);
    assert_eq!(net.node("a").local(Time(700)), Time(200));
    assert_eq!(net.node("a").global(Time(200)), Time(700));
}

#[test]
fn frames_can_be_edited_dropped_repeated_and_injected() {
    let mut net = pair(1, 3, Channel::perfect()).tamper(|transit| match transit.frame.as_mut_slice() {
        [_, _, 1] => Fate::Drop,
        [_, _, number @ 2] => {
            *number = 0;
            Fate::Pass
        }
        _ => Fate::Repeat(Duration::from_secs(1)),
    });
    net.inject(
        "b",
        Address::Link(LinkAddr::local([9; 6])),
        &encode(&Msg::Count(77)),
        Duration::from_secs(3),
    );
    net.inject(
        "b",
        Address::Link(LinkAddr::local([9; 6])),
        &[201, 0, 0x80, 0],
        Duration::from_secs(4),
    );
    net.inject(
        "b",
        Address::Link(LinkAddr::local([9; 6])),
        &[202, 0],
        Duration::from_secs(4),
    );
    net.run_until(Time::from_secs(10));
    assert_eq!(heard(&net), [3, 3, 77]);
    assert_eq!(net.rejects("b"), [Reason::Unexpected, Reason::Malformed]);
    assert_eq!(net.sent().count(), 3, "what is injected was not sent");
}

#[test]
fn the_wires_lead_to_hosts_only() {
    #[derive(Clone)]
    struct Caller;
    impl Actor for Caller {
        type Msg = Msg;
        fn start(&mut self, cx: &mut Cx<'_>) {
            cx.send(Address::Host(HostAddr(2)), &Msg::Count(1));
        }
        fn receive(&mut self, cx: &mut Cx<'_>, from: Address, _: &Msg) -> Result<(), Reason> {
            assert_eq!(from, Address::Host(HostAddr(1)));
            cx.emit("called", []);
            Ok(())
        }
    }
    let mut net = Net::new(1).air(Channel::lossy(1.0));
    for (name, host) in [("a", HostAddr(1)), ("b", HostAddr(2)), ("c", HostAddr(3))] {
        net.add(Node::new(name).wired(host).role(201, "caller", Box::new(Typed(Caller))));
    }
    net.run_until_or(Time::from_secs(1), |net| net.events("called").count() == 1);
    assert!(net.events("called").all(|(record, _)| record.node == "b"));
}

#[test]
fn a_priority_holds_for_the_sends_that_follow_in_the_same_callback() {
    #[derive(Clone)]
    struct Warner;
    impl Actor for Warner {
        type Msg = Msg;
        fn start(&mut self, cx: &mut Cx<'_>) {
            cx.broadcast(&Msg::Count(1));
            cx.priority(Priority::Voice);
            cx.broadcast(&Msg::Count(2));
            cx.priority(Priority::Background);
            cx.broadcast(&Msg::Count(3));
            cx.timer(Duration::from_secs(1), Timer(1));
        }
        fn wake(&mut self, cx: &mut Cx<'_>, _: Timer, _: Time) {
            cx.broadcast(&Msg::Count(4));
        }
        fn receive(&mut self, _: &mut Cx<'_>, _: Address, _: &Msg) -> Result<(), Reason> {
            Ok(())
        }
    }
    let mut net = Net::new(1);
    net.add(Node::new("a").role(201, "warner", Box::new(Typed(Warner))));
    net.run_until(Time::from_secs(2));
    let priorities = net.records().iter().filter_map(|record| match record.what {
        What::Sent { priority, .. } => Some(priority),
        _ => None,
    });
    assert_eq!(
        priorities.collect::<Vec<_>>(),
        [
            Priority::BestEffort,
            Priority::Voice,
            Priority::Background,
            Priority::BestEffort
        ]
    );
}

proptest! {
    #[test]
    fn the_same_seed_gives_the_same_records(seed in any::<u64>(), loss in 0.0..1.0f64) {
        let run = || {
            let mut net = pair(seed, 30, Channel::lossy(loss).duplicating(0.3).jittering(Duration::from_millis(30)));
            net.run_until(Time::from_secs(5));
            format!("{:?}", net.records())
        };
        prop_assert_eq!(run(), run());
    }
}
