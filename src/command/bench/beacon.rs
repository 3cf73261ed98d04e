//! A protocol that does nothing but beacon: what the air and the kernel are measured with.
//!
//! It is in no registry, so that no topology can name it but those made here and in `benches/`.

use std::sync::Arc;
use std::time::Duration;

use postcard_schema::Schema;
use roadveil_role::param::Default;
use roadveil_role::view::{Emitted, Fold, View};
use roadveil_role::{
    Address, Cardinality, Cx, Deployment, Inbound, LinkAddr, ParamKind, ParamSpec, Protocol, Role, RoleSpec, Setup,
    SetupError, Time, Timer, Value,
};

/// Its number on the wire.
const NUMBER: u8 = 251;

/// Longest payload of a beacon, bytes: the longest that 802.11 carries.
pub const MAX_BYTES: u64 = 2304;

/// Longest of its times.
const DAY: Duration = Duration::from_secs(24 * 3600);
const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// The protocol. `beacon.car` beacons and listens, `beacon.post` only listens.
pub static PROTOCOL: Protocol = Protocol {
    name: "beacon",
    number: NUMBER,
    title: "Beacons",
    paper: "none",
    summary: "Broadcasts frames of one length at one interval, and accepts whatever it hears.",
    roles: &[
        RoleSpec {
            name: "car",
            title: "beacons and listens",
            cardinality: Cardinality::Any,
            radio: true,
            wired: false,
        },
        RoleSpec {
            name: "post",
            title: "only listens",
            cardinality: Cardinality::Any,
            radio: true,
            wired: false,
        },
    ],
    messages: Message::SCHEMA,
    params: &[
        ParamSpec {
            name: "bytes",
            kind: ParamKind::Count { min: 1, max: MAX_BYTES },
            default: Default::Count(300),
            help: "length of a frame above the link layer",
        },
        ParamSpec {
            name: "period",
            kind: ParamKind::Span {
                min: Duration::from_micros(1),
                max: DAY,
            },
            default: Default::Span(Duration::from_millis(100)),
            help: "from one frame to the next",
        },
        ParamSpec {
            name: "first",
            kind: ParamKind::Span {
                min: Duration::ZERO,
                max: DAY,
            },
            default: Default::Span(Duration::ZERO),
            help: "moment of the first frame, before the phase is added",
        },
        ParamSpec {
            name: "phase",
            kind: ParamKind::Flag,
            default: Default::Flag(true),
            help: "does each node begin later by a part of the period that it draws?",
        },
        ParamSpec {
            name: "last",
            kind: ParamKind::Span {
                min: Duration::ZERO,
                max: YEAR,
            },
            default: Default::Span(YEAR),
            help: "no frame is sent after this moment",
        },
    ],
    attacks: &[],
    routine: &[],
    marks: &[],
    setup,
    fold: || Box::new(Nothing),
};

/// For the protocol's description alone: a frame may be shorter than any encoded message.
#[derive(Schema)]
#[expect(dead_code, reason = "only its schema is used")]
enum Message {
    Beacon,
}

fn setup(setup: &Setup) -> Result<Box<dyn Deployment>, SetupError> {
    let params = &setup.params;
    let mut frame = vec![0; usize::try_from(params.count("bytes")).unwrap_or(0)];
    if let Some(first) = frame.first_mut() {
        *first = NUMBER;
    }
    Ok(Box::new(Beacons {
        car: Car {
            frame: frame.into(),
            period: params.span("period"),
            first: params.span("first"),
            phase: params.flag("phase"),
            last: Time::ZERO + params.span("last"),
            heard: 0,
        },
    }))
}

struct Beacons {
    car: Car,
}

impl Deployment for Beacons {
    fn role(&mut self, _node: &str, role: &str) -> Result<Box<dyn Role>, SetupError> {
        Ok(match role {
            "car" => Box::new(self.car.clone()),
            _ => Box::new(Post { heard: 0 }),
        })
    }
}

/// Beacons, and counts what it hears.
#[derive(Clone)]
struct Car {
    /// One for all cars: what every node holds of its own would have to be fetched into the cache.
    frame: Arc<[u8]>,
    period: Duration,
    first: Duration,
    phase: bool,
    last: Time,
    heard: u64,
}

impl Role for Car {
    fn start(&mut self, cx: &mut Cx<'_>) {
        let mut wait = self.first;
        if self.phase {
            wait += drawn(cx, self.period);
        }
        cx.timer(wait, Timer(0));
    }

    fn receive(&mut self, _cx: &mut Cx<'_>, _from: Address, frame: &Inbound) {
        self.heard += u64::from(frame.bytes().len() == self.frame.len());
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        if due > self.last {
            return;
        }
        cx.send_bytes(Address::Link(LinkAddr::BROADCAST), self.frame.to_vec());
        cx.timer_at(due + self.period, timer);
    }

    fn boxed_clone(&self) -> Box<dyn Role> {
        Box::new(self.clone())
    }
}

/// A part of the period, to the nanosecond.
fn drawn(cx: &mut Cx<'_>, period: Duration) -> Duration {
    use rand::Rng;
    let nanos = u128::from(cx.rng("phase", 0).next_u64()) * period.as_nanos();
    Duration::from_nanos(u64::try_from(nanos >> 64).unwrap_or(0))
}

/// Counts what it hears.
#[derive(Clone)]
struct Post {
    heard: u64,
}

impl Role for Post {
    fn start(&mut self, _cx: &mut Cx<'_>) {}

    fn receive(&mut self, _cx: &mut Cx<'_>, _from: Address, _frame: &Inbound) {
        self.heard += 1;
    }

    fn wake(&mut self, _cx: &mut Cx<'_>, _timer: Timer, _due: Time) {}

    fn boxed_clone(&self) -> Box<dyn Role> {
        Box::new(self.clone())
    }
}

struct Nothing;

impl Fold for Nothing {
    fn observe(&mut self, _event: &Emitted<'_>) {}
    fn views(&self) -> Vec<View> {
        Vec::new()
    }
    fn figures(&self) -> Vec<(&'static str, Value)> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::event::Event;
    use crate::kernel::{Kernel, Options};
    use crate::scenario::{Origin, Scenario};

    /// Moments and lengths of the frames that go on the air, in nanoseconds and bytes.
    fn frames(params: &str, seed: u64) -> Vec<(u64, usize)> {
        let text = format!(
            "seed = {seed}\nduration = \"1s\"\n[protocols.beacon]\n{params}\n\
             [[node]]\nname = \"a\"\nroles = [\"beacon.car\"]\nat = [0, 0]\n\
             [[node]]\nname = \"b\"\nroles = [\"beacon.post\"]\nat = [10, 0]\n"
        );
        let scenario = Scenario::parse_with(&[&PROTOCOL], &text, Origin::Stdin, Path::new("."), &[]).expect("good");
        let mut kernel = Kernel::new(Arc::new(scenario), Options::default()).expect("sets up");
        while kernel.advance(Time::MAX, usize::MAX) {}
        let sent = kernel
            .take_records()
            .into_iter()
            .filter_map(|record| match record.event {
                Event::Frame(frame) => Some((record.at.0, frame.bytes.len())),
                _ => None,
            });
        sent.collect()
    }

    #[test]
    fn a_frame_has_the_length_asked_for_down_to_one_byte() {
        for bytes in [1, 2, 131, 300, 2304] {
            let sent = frames(&format!("bytes = {bytes}"), 1);
            assert_eq!(sent.len(), 10);
            assert!(sent.iter().all(|(_, length)| *length == bytes));
        }
    }

    #[test]
    fn phases_are_drawn_within_the_period_or_left_out() {
        let first = |seed| frames("", seed)[0].0;
        assert_ne!(first(1), first(2));
        assert!((1..50).all(|seed| first(seed) < 101_000_000));
        let sent = frames(
            "phase = false\nfirst = \"100ms\"\nperiod = \"10ms\"\nlast = \"300ms\"",
            1,
        );
        assert_eq!(sent.len(), 21, "both ends belong to it");
        assert!(sent[0].0 >= 100_000_000);
    }
}
