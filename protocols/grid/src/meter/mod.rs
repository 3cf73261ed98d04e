//! A meter: at a home, a roof, or a charging station. It measures in each slot, and reports when it is asked.
//!
//! What is stored survives a restart: ledger, remembered answers, which aggregator it turns to, and what it reported last. So a
//! report that is sent again, for whatever reason, has the same bits, and costs nothing more. Session and timers do not survive.

mod reports;

use core::time::Duration;
use std::sync::Arc;

use roadveil_crypto::{EphemeralShare, Op, P256SigningKey};
use roadveil_ldp::Report as Bits;
use roadveil_ldp::account::{Nano, Window};
use roadveil_ldp::plan::Share;
use roadveil_role::{Actor, Address, Cx, Reason, Time, Timer};

use crate::counting::{Memory, Toolbox};
use crate::load::source::{Measured, Source};
use crate::load::unit;
use crate::messages::{Asked, Call, Msg, Register, Registered, domain};
use crate::params::Config;
use crate::roster::{Installed, Roster, Stream};
use crate::session::Session;
use crate::way::Way;

const TICK: Timer = Timer(1);
const SEND: Timer = Timer(2);
const WATCH: Timer = Timer(3);
const REGISTER: Timer = Timer(4);
const COMPARE: Timer = Timer(5);

/// How often a meter asks one aggregator for a session before it turns to the next.
const REGISTRATIONS: u32 = 3;

/// Parts of a slot, in thousandths.
pub mod part {
    /// From the beginning of a slot, when a meter measures at the latest: with the call, whose price a station answers, if it came.
    pub const MEASURE: u32 = 100;
    /// From a call on, within which meters begin to report.
    pub const SPREAD: u32 = 250;
    /// Between two tries.
    pub const RETRY: u32 = 30;
    /// From a call to the end of its round.
    pub const ROUND: u32 = 380;
    /// Without a call, after which a meter turns to another aggregator: two calls may be lost.
    pub const WATCH: u32 = 2300;
    /// Between two registrations.
    pub const REGISTER: u32 = 200;
    /// How far the time of a call may be from a meter's clock.
    pub const FRESH: u32 = 900;
}

/// A report that was made: stored, so that it is the same when it is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Made {
    slot: u64,
    round: u8,
    bits: Bits,
}

/// A report on its way.
#[derive(Clone, Debug)]
struct Pending {
    slot: u64,
    round: u8,
    frame: Arc<[u8]>,
    tries: u64,
    until: Time,
}

/// A session that was asked for.
#[derive(Clone, Debug)]
struct Asking {
    secret: EphemeralShare,
    register: Register,
    tries: u32,
}

/// The meter's role.
#[derive(Clone, Debug)]
pub struct Meter {
    number: u32,
    me: Installed,
    stream: Stream,
    range: f64,
    key: Arc<P256SigningKey>,
    roster: Arc<Roster>,
    config: Arc<Config>,
    tools: Arc<Toolbox>,
    /// Does its owner report what is not so?
    lies: bool,
    // Stored.
    source: Source,
    measured: Option<(u64, Measured)>,
    ledger: Window,
    memory: Memory,
    made: Option<Made>,
    /// Which of its aggregators it turns to.
    at: usize,
    // Not stored.
    session: Option<Session>,
    asking: Option<Asking>,
    pending: Option<Pending>,
    compare: Option<(u64, f64)>,
    /// Slot and round of the last call.
    called: Option<(u64, u8)>,
    price: u32,
}

/// What a meter is made of.
#[derive(Debug)]
pub struct Parts {
    /// Its number in the roster.
    pub number: u32,
    /// Its key.
    pub key: Arc<P256SigningKey>,
    /// Where its readings come from.
    pub source: Source,
    /// What it remembers.
    pub memory: Memory,
    /// Does its owner lie?
    pub lies: bool,
}

impl Meter {
    /// A meter of the roster. Nothing if it is not there.
    pub fn new(parts: Parts, roster: Arc<Roster>, config: Arc<Config>, tools: Arc<Toolbox>) -> Option<Meter> {
        let me = roster.meter(parts.number)?.clone();
        let stream = *roster.stream_of(&me)?;
        let budget = tools.budget(stream.quantity, me.level);
        // Fresh reports have no bound, and are counted all the same.
        let most = if config.way == Way::Fresh {
            Nano(u64::MAX)
        } else {
            budget
        };
        Some(Meter {
            number: parts.number,
            range: config.ranges[stream.quantity.index()],
            ledger: Window::new(most, config.window),
            price: config.price.first(),
            stream,
            me,
            key: parts.key,
            roster,
            config,
            tools,
            lies: parts.lies,
            source: parts.source,
            measured: None,
            memory: parts.memory,
            made: None,
            at: 0,
            session: None,
            asking: None,
            pending: None,
            compare: None,
            called: None,
        })
    }

    /// What it may still spend in a slot, of its window.
    pub fn left(&self, slot: u64) -> Nano {
        self.ledger.left(slot)
    }

    /// The slot that runs, by its own clock.
    fn slot(&self, now: Time) -> u64 {
        (u128::from(now.0) / self.config.slot.as_nanos().max(1)) as u64
    }

    /// Measures whatever slots have passed since the last, up to this one.
    fn measure(&mut self, cx: &mut Cx<'_>, slot: u64) {
        // After a long time without power only the last day is made up for.
        let (_, day) = self.config.calendar.of_day(slot);
        let from = match &self.measured {
            Some((last, _)) => (last + 1).max(slot.saturating_sub(day)),
            None => slot,
        };
        let to = slot;
        for slot in from..=to {
            let (calendar, response) = (self.config.calendar, self.config.response);
            let measured = self.source.pass(calendar, slot, response, self.price, self.range);
            for served in &measured.served {
                cx.emit(
                    "car_left",
                    [("wanted_wh", served.wanted.into()), ("got_wh", served.got.into())],
                );
            }
            // What was slept through is nobody's truth any more.
            if slot == to {
                cx.emit(
                    "metered",
                    [
                        ("slot", slot.into()),
                        ("watts", measured.watts.into()),
                        ("cut", measured.cut.into()),
                        ("occupied", measured.occupied.map_or(2u64, u64::from).into()),
                        ("stream", u64::from(self.me.stream).into()),
                    ],
                );
            }
            self.measured = Some((slot, measured));
        }
    }

    /// The aggregator that it turns to: its number, and its address as it reaches it.
    fn aggregator(&self, cx: &Cx<'_>) -> Option<(u16, Address)> {
        let number = *self.me.aggregators.get(self.at)?;
        let aggregator = self.roster.aggregators.get(usize::from(number))?;
        let address = match cx.host() {
            Some(_) => Address::Host(aggregator.host),
            None => Address::Link(aggregator.link?),
        };
        Some((number, address))
    }

    fn register(&mut self, cx: &mut Cx<'_>) {
        let tries = self.asking.as_ref().map_or(0, |asking| asking.tries);
        if tries >= REGISTRATIONS {
            self.turn(cx);
        }
        let Some((aggregator, to)) = self.aggregator(cx) else {
            return;
        };
        let tries = if tries >= REGISTRATIONS { 0 } else { tries };
        let secret = EphemeralShare::random(cx.rng("session", 0));
        cx.meter().add(Op::X25519, 1);
        cx.meter().add(Op::EcdsaSign, 1);
        let mut register = Register {
            meter: self.number,
            aggregator,
            word: self.memory.word(),
            share: secret.public(),
            time: cx.now().as_millis(),
            signature: roadveil_crypto::ByteArray([0; 64]),
        };
        register.signature = self.key.sign(domain::REGISTER, &register.statement());
        cx.anticipate(register.check(&self.me.key));
        cx.send(to, &Msg::Register(register.clone()));
        self.asking = Some(Asking {
            secret,
            register,
            tries: tries + 1,
        });
        cx.state("registering");
        let after = self.jittered(cx, part::REGISTER);
        cx.timer(after, REGISTER);
    }

    /// A part of a slot, up to half as long again: meters that failed together do not come again together.
    fn jittered(&self, cx: &mut Cx<'_>, thousandths: u32) -> Duration {
        let span = self.config.part(thousandths);
        span + span.mul_f64(0.5 * unit(cx.rng("jitter", 0)))
    }

    /// Turns to the next aggregator.
    fn turn(&mut self, cx: &mut Cx<'_>) {
        self.session = None;
        self.asking = None;
        self.pending = None;
        let others = self.me.aggregators.len();
        self.at = (self.at + 1) % others.max(1);
        if others > 1 {
            let now = self
                .me
                .aggregators
                .get(self.at)
                .and_then(|number| self.roster.aggregators.get(usize::from(*number)));
            let name = now.map_or_else(String::new, |aggregator| aggregator.name.clone());
            cx.emit("aggregator_changed", [("to", name.into())]);
        }
    }

    fn registered(&mut self, cx: &mut Cx<'_>, from: Address, answer: &Registered) -> Result<(), Reason> {
        if answer.meter != self.number {
            return Ok(());
        }
        let asking = self.asking.as_ref().ok_or(Reason::Unexpected)?;
        let (number, expected) = self.aggregator(cx).ok_or(Reason::Unexpected)?;
        if from != expected {
            return Err(Reason::Unexpected);
        }
        let key = self
            .roster
            .aggregators
            .get(usize::from(number))
            .map(|aggregator| aggregator.key);
        let check = answer.check(&key.ok_or(Reason::UnknownKey)?, &asking.register);
        if !cx.check(&check).is_valid() {
            return Err(Reason::BadSignature);
        }
        cx.meter().add(Op::X25519, 1);
        let shared = asking.secret.agree(&answer.share).map_err(|_| Reason::BadElement)?;
        self.session = Some(Session::new(shared, answer.statement(&asking.register)));
        self.asking = None;
        cx.cancel(REGISTER);
        cx.state("reporting");
        cx.emit("meter_registered", [("aggregator", u64::from(number).into())]);
        let after = self.jittered(cx, part::WATCH);
        cx.timer(after, WATCH);
        Ok(())
    }

    fn call(&mut self, cx: &mut Cx<'_>, from: Address, call: &Call) -> Result<(), Reason> {
        let (_, expected) = self.aggregator(cx).ok_or(Reason::Unexpected)?;
        // Calls of other aggregators, and those that were heard before, are for others.
        let here = (call.slot, call.round);
        if from != expected || self.called == Some(here) {
            return Ok(());
        }
        if self.called.is_some_and(|last| here < last) {
            return Err(Reason::Stale);
        }
        if Time::from_millis(call.issued).distance(cx.now()) > self.config.part(part::FRESH) {
            return Err(Reason::Stale);
        }
        if !cx.check(&call.check(&self.roster.centre_key)).is_valid() {
            return Err(Reason::BadSignature);
        }
        self.called = Some(here);
        self.price = call.price;
        if self.session.is_some() {
            let after = self.jittered(cx, part::WATCH);
            cx.timer(after, WATCH);
        }
        self.measure(cx, call.slot);
        if call.beside {
            let watts = self.measured.as_ref().map_or(0.0, |(_, measured)| measured.watts);
            self.compare = Some((call.slot, watts));
            let after = self.spread(cx);
            cx.timer(after, COMPARE);
        }
        match call.asks(self.me.stream) {
            Some(asked) if self.is_asked(asked) => self.answer(cx, call, *asked),
            _ => Ok(()),
        }
    }

    fn is_asked(&self, asked: &Asked) -> bool {
        let ask = roadveil_ldp::plan::Ask {
            share: Share(asked.share),
            first: asked.first,
            count: asked.count,
        };
        ask.asks(self.me.rank, self.stream.meters)
    }

    /// When within the round it reports: drawn.
    fn spread(&self, cx: &mut Cx<'_>) -> Duration {
        let draw = unit(cx.rng("spread", 0));
        self.config.part(part::SPREAD).mul_f64(0.04 + 0.96 * draw)
    }
}

impl Actor for Meter {
    type Msg = Msg;

    fn start(&mut self, cx: &mut Cx<'_>) {
        self.session = None;
        self.asking = None;
        self.pending = None;
        self.compare = None;
        self.called = None;
        cx.state("off line");
        if self.lies {
            cx.emit("false_meter", []);
        }
        let next = self.slot(cx.now()) + 1;
        cx.timer_at(self.begin(next) + self.config.part(part::MEASURE), TICK);
        // All meters start at one moment; they register within half a slot.
        let draw = unit(cx.rng("jitter", 0));
        cx.timer(self.config.part(500).mul_f64(draw), REGISTER);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Msg) -> Result<(), Reason> {
        match message {
            Msg::Registered(answer) => self.registered(cx, from, answer),
            Msg::Call(call) => self.call(cx, from, call),
            Msg::Ack(ack) => self.acknowledged(cx, ack),
            // What meters say to aggregators is heard by all.
            _ => Ok(()),
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        match timer {
            TICK => {
                // A clock that was set ahead: the slots between have passed.
                let slot = self.slot(due).max(self.slot(cx.now()));
                self.measure(cx, slot);
                cx.timer_at(self.begin(slot + 1) + self.config.part(part::MEASURE), TICK);
            }
            SEND => self.send(cx),
            WATCH => {
                cx.emit("call_missed", []);
                self.turn(cx);
                self.register(cx);
            }
            REGISTER => self.register(cx),
            COMPARE => self.compare(cx),
            _ => {}
        }
    }
}

impl Meter {
    /// When a slot begins.
    fn begin(&self, slot: u64) -> Time {
        let nanos = u128::from(slot) * self.config.slot.as_nanos();
        Time(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
