//! A toy protocol: cars that beacon, offices that post packets, and some that only listen or answer.

use std::time::Duration;

use postcard_schema::Schema;
use roadveil_crypto::{Charge, Check, CheckDigest, Host, Op, Question};
use roadveil_role::param::{Default as ParamDefault, ParamKind, ParamSpec};
use roadveil_role::view::{Emitted, Fold, View};
use roadveil_role::{
    Actor, Address, Built, Cardinality, Cx, Deployment, HostAddr, Message, Params, Priority, Protocol, Reason, Role,
    RoleSpec, Setup, SetupError, Time, Timer, Typed, Value,
};
use serde::{Deserialize, Serialize};

/// Beacons, checks what it hears, and does as its parameters say.
#[derive(Clone)]
struct Car {
    params: Params,
}

/// Sends a packet to host 0 every period.
#[derive(Clone)]
struct Office;

#[derive(Serialize, Deserialize, Schema)]
enum Toy {
    Beacon { number: u64 },
    Packet,
    Answer { number: u64 },
    Load { padding: Vec<u8> },
}

impl Message for Toy {
    const PROTOCOL: u8 = 250;
}

#[derive(Debug)]
struct Odd(u64);

impl Question for Odd {
    fn scheme(&self) -> &'static str {
        "toy.odd"
    }
    fn inputs(&self, digest: &mut CheckDigest) {
        digest.append_u64("number", self.0);
    }
    fn charge(&self) -> Charge {
        Charge::of(Op::G1Mul, 2)
    }
    fn answer(&self, _host: &Host) -> bool {
        self.0 % 2 == 1
    }
}

const BEACON: Timer = Timer(1);
const CANCELLED: Timer = Timer(2);

impl Actor for Car {
    type Msg = Toy;

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.state("driving");
        use rand::Rng;
        let spread = if self.params.flag("spread") {
            cx.rng("phase", 0).next_u64() % 90
        } else {
            0
        };
        cx.timer(Duration::from_millis(10 + spread), BEACON);
        cx.emit("clock", [("now", Value::Time(cx.now()))]);
        if self.params.flag("work_then_cancel") {
            // The wake-up falls due while the processor works off the start, and is cancelled before its turn.
            cx.timer(Duration::from_millis(1), CANCELLED);
            cx.timer(Duration::ZERO, Timer(3));
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, _from: Address, message: &Toy) -> Result<(), Reason> {
        let number = match *message {
            Toy::Beacon { number } => number,
            Toy::Answer { number } => {
                cx.emit("answered", [("number", number.into())]);
                return Ok(());
            }
            Toy::Load { .. } => return Ok(()),
            Toy::Packet => return Err(Reason::Unexpected),
        };
        if cx.check(&Check::new(Odd(number))).is_valid() {
            Ok(())
        } else {
            Err(Reason::BadSignature)
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        if timer == Timer(3) {
            cx.meter().add(Op::G1Mul, 10);
            cx.cancel(CANCELLED);
            return;
        }
        if timer == CANCELLED {
            cx.emit("rang", []);
            return;
        }
        if self.params.flag("panic") && cx.now() > Time::from_millis(500) {
            panic!("a toy that breaks");
        }
        cx.meter().add(Op::G1Mul, self.params.count("work") as u32);
        use rand::Rng;
        let number = cx.rng("number", 0).next_u64();
        let breaks = self.params.flag("break") && cx.now() > Time::from_millis(500);
        let job = move || {
            assert!(!breaks, "a job that breaks");
            Built::of(&Toy::Beacon { number }).anticipating(Check::new(Odd(number)))
        };
        if self.params.flag("later") {
            cx.broadcast_later(job);
            cx.emit_later("beacon", move || vec![("number", number.into())]);
        } else {
            cx.anticipate(Check::new(Odd(number)));
            cx.broadcast(&Toy::Beacon { number });
            cx.emit("beacon", [("number", number.into())]);
        }
        let next = due + self.params.span("period");
        if next < Time::ZERO + self.params.span("until") {
            cx.timer_at(next, BEACON);
        }
    }
}

/// Answers beacons, each with a frame for its sender alone, after some work.
#[derive(Clone)]
struct Echo(Params);

impl Actor for Echo {
    type Msg = Toy;

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Toy) -> Result<(), Reason> {
        if let &Toy::Beacon { number } = message {
            cx.meter().add(Op::G1Mul, self.0.count("work") as u32);
            cx.send(from, &Toy::Answer { number });
        }
        Ok(())
    }
}

/// Sends several long frames at once every period, each `size` bytes long, or four of different priority, the more urgent
/// the longer by a byte.
#[derive(Clone)]
struct Burst(Params);

impl Actor for Burst {
    type Msg = Toy;

    fn start(&mut self, cx: &mut Cx<'_>) {
        use rand::Rng;
        let spread = if self.0.flag("spread") {
            cx.rng("phase", 0).next_u64() % (self.0.span("period").as_micros() as u64)
        } else {
            0
        };
        cx.timer(Duration::from_millis(10) + Duration::from_micros(spread), BEACON);
    }

    fn receive(&mut self, _cx: &mut Cx<'_>, _from: Address, _message: &Toy) -> Result<(), Reason> {
        Ok(())
    }

    fn wake(&mut self, cx: &mut Cx<'_>, _timer: Timer, due: Time) {
        cx.meter().add(Op::G1Mul, self.0.count("work") as u32);
        let size = self.0.count("size") as usize;
        if self.0.flag("priorities") {
            for (longer, priority) in PRIORITIES.into_iter().enumerate() {
                cx.priority(priority);
                let padding = vec![0; size + longer];
                cx.broadcast(&Toy::Load { padding });
            }
        } else {
            for _ in 0..self.0.count("each") {
                cx.broadcast(&Toy::Load { padding: vec![0; size] });
            }
        }
        let next = due + self.0.span("period");
        if next < Time::ZERO + self.0.span("until") {
            cx.timer_at(next, BEACON);
        }
    }
}

/// Priorities, the least urgent first.
const PRIORITIES: [Priority; 4] = [
    Priority::Background,
    Priority::BestEffort,
    Priority::Video,
    Priority::Voice,
];

/// Listens and says nothing.
#[derive(Clone)]
struct Ear;

impl Actor for Ear {
    type Msg = Toy;

    fn receive(&mut self, _cx: &mut Cx<'_>, _from: Address, _message: &Toy) -> Result<(), Reason> {
        Ok(())
    }
}

impl Actor for Office {
    type Msg = Toy;

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.timer(Duration::from_millis(100), BEACON);
    }

    fn receive(&mut self, _cx: &mut Cx<'_>, _from: Address, _message: &Toy) -> Result<(), Reason> {
        Ok(())
    }

    fn wake(&mut self, cx: &mut Cx<'_>, _timer: Timer, due: Time) {
        cx.send(Address::Host(HostAddr(0)), &Toy::Packet);
        cx.timer_at(due + Duration::from_millis(100), BEACON);
    }
}

struct Toys(Params);

impl Deployment for Toys {
    fn role(&mut self, _node: &str, role: &str) -> Result<Box<dyn Role>, SetupError> {
        let params = self.0.clone();
        Ok(match role {
            "car" => Box::new(Typed(Car { params })),
            "echo" => Box::new(Typed(Echo(params))),
            "burst" => Box::new(Typed(Burst(params))),
            "ear" => Box::new(Typed(Ear)),
            _ => Box::new(Typed(Office)),
        })
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

const fn on_the_air(name: &'static str) -> RoleSpec {
    RoleSpec {
        name,
        title: "",
        cardinality: Cardinality::Any,
        radio: true,
        wired: false,
    }
}

const fn flag(name: &'static str, default: bool) -> ParamSpec {
    ParamSpec {
        name,
        kind: ParamKind::Flag,
        default: ParamDefault::Flag(default),
        help: "",
    }
}

const fn number(name: &'static str, max: u64, default: u64) -> ParamSpec {
    ParamSpec {
        name,
        kind: ParamKind::Count { min: 0, max },
        default: ParamDefault::Count(default),
        help: "",
    }
}

const fn span(name: &'static str, default: Duration) -> ParamSpec {
    ParamSpec {
        name,
        kind: ParamKind::Span {
            min: Duration::from_millis(1),
            max: Duration::from_secs(1000),
        },
        default: ParamDefault::Span(default),
        help: "",
    }
}

pub(super) static TOY: Protocol = Protocol {
    name: "toy",
    number: 250,
    title: "A toy",
    paper: "none",
    summary: "",
    roles: &[
        on_the_air("car"),
        on_the_air("echo"),
        on_the_air("burst"),
        on_the_air("ear"),
        RoleSpec {
            name: "office",
            title: "",
            cardinality: Cardinality::Any,
            radio: false,
            wired: true,
        },
    ],
    messages: Toy::SCHEMA,
    params: &[
        span("period", Duration::from_millis(100)),
        span("until", Duration::from_secs(1000)),
        number("work", 1000, 1),
        number("size", 1 << 16, 300),
        number("each", 100, 1),
        flag("spread", true),
        flag("priorities", false),
        flag("panic", false),
        flag("later", false),
        flag("break", false),
        flag("work_then_cancel", false),
    ],
    attacks: &[],
    routine: &[],
    marks: &[],
    setup: |setup: &Setup| Ok(Box::new(Toys(setup.params.clone()))),
    fold: || Box::new(Nothing),
};
