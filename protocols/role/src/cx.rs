//! What a role sees of the world, and what it may ask of it.

use core::time::Duration;
use std::sync::Arc;

use roadveil_crypto::{Charge, Check, Meter, Verdict};

use crate::later::{Built, Deferred, Payload, Plain, Work};
use crate::message::{Message, encode};
use crate::random::{Stream, Streams};
use crate::service::Peers;
use crate::{Address, HostAddr, LinkAddr, Priority, Reason, Time, Timer, Value};

/// What a GNSS receiver reports: metres in the scenario's plane, metres a second, degrees clockwise from north.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fix {
    /// East.
    pub x: f64,
    /// North.
    pub y: f64,
    /// Speed over ground.
    pub speed: f64,
    /// Heading.
    pub heading: f64,
}

/// Something that a role asked for. Effects are carried out in order, together, after the callback.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Hand a frame to the air or to the wires.
    Send {
        /// Receiver.
        to: Address,
        /// How urgent it is.
        priority: Priority,
        /// Encoded message, or the promise of one.
        frame: Payload,
        /// Checks that receivers will ask; computed while the frame is on its way, and no event. A promised frame brings
        /// further ones.
        anticipated: Vec<Check>,
    },
    /// Wake the role at `at` on the node's clock.
    Wake {
        /// Name of the timer.
        timer: Timer,
        /// When.
        at: Time,
    },
    /// Forget a timer, also if its wake-up is already waiting for the processor.
    Cancel(Timer),
    /// From now on the node's radio answers to this address.
    SetLinkAddr(LinkAddr),
    /// A word to another role on the same node.
    Local {
        /// The other role's name.
        role: &'static str,
        /// What to tell it.
        message: Vec<u8>,
    },
    /// Something happened that is worth recording.
    Emit {
        /// Name of the event, in the past tense.
        name: &'static str,
        /// Its fields.
        fields: Vec<(&'static str, Value)>,
    },
    /// The same, with fields that are computed meanwhile.
    EmitLater {
        /// Name of the event, in the past tense.
        name: &'static str,
        /// Its fields.
        fields: Deferred<Vec<(&'static str, Value)>>,
    },
    /// The role refused what it was handling.
    Reject(Reason),
    /// The role reached a step that its paper names.
    Step {
        /// The step.
        name: &'static str,
        /// Which run of the exchange, as the role counts.
        exchange: u64,
    },
    /// The role is in another state now, in a word for a table of nodes.
    State(&'static str),
}

/// Answers checks. Verdicts are shared between receivers: they follow from what is asked alone.
pub trait Checker {
    /// The verdict of the real check.
    fn check(&mut self, check: &Check) -> Verdict;

    /// Takes work that may be done ahead. Whoever does not is asked for nothing: it is done when its value is needed.
    fn ahead(&mut self, _work: Arc<dyn Work>) {}
}

/// Readings and tools that a runner lends to a role for one callback.
#[derive(Debug)]
pub struct Loan<'a> {
    /// The node's own clock.
    pub now: Time,
    /// The node's GNSS reading.
    pub fix: &'a Fix,
    /// The radio's present address.
    pub link_addr: LinkAddr,
    /// The node's address on the wires, if it has one.
    pub host: Option<HostAddr>,
    /// The role's randomness.
    pub streams: &'a mut Streams,
}

/// A role's context during one callback.
pub struct Cx<'a> {
    loan: Loan<'a>,
    checker: &'a mut dyn Checker,
    effects: &'a mut Vec<Effect>,
    peers: Peers<'a>,
    meter: Meter,
    anticipated: Vec<Check>,
    priority: Priority,
}

impl<'a> Cx<'a> {
    /// A context for one callback. For runners: the kernel and the test kit.
    pub fn new(loan: Loan<'a>, checker: &'a mut dyn Checker, effects: &'a mut Vec<Effect>, peers: Peers<'a>) -> Cx<'a> {
        Cx {
            loan,
            checker,
            effects,
            peers,
            meter: Meter::default(),
            anticipated: Vec::new(),
            priority: Priority::default(),
        }
    }

    /// Ends the callback: what it charged.
    pub fn finish(mut self) -> Charge {
        self.meter.take()
    }

    /// The node's own clock, unchanged during the whole callback.
    pub fn now(&self) -> Time {
        self.loan.now
    }

    /// The node's GNSS reading.
    pub fn position(&self) -> Fix {
        *self.loan.fix
    }

    /// The address that the radio answers to now.
    pub fn link_addr(&self) -> LinkAddr {
        self.loan.link_addr
    }

    /// The node's address on the wires, if it stands on one.
    pub fn host(&self) -> Option<HostAddr> {
        self.loan.host
    }

    /// The stream of random numbers for `purpose` in `exchange`; it continues and never restarts.
    ///
    /// # Panics
    /// If the exchange was forgotten.
    pub fn rng(&mut self, purpose: &'static str, exchange: u64) -> &mut Stream {
        self.loan.streams.get(purpose, exchange)
    }

    /// Says that all exchanges from 1 up to, not including, `below` are over: they draw nothing more, and their streams
    /// take no more room. Exchange 0, for what there is only once, is never over.
    pub fn forget_exchanges(&mut self, below: u64) {
        self.loan.streams.forget(below);
    }

    /// Sends `message` to one receiver, with the checks announced since the last send.
    pub fn send<M: Message>(&mut self, to: Address, message: &M) {
        self.send_bytes(to, encode(message));
    }

    /// Sends `message` to everyone in range, with the checks announced since the last send.
    pub fn broadcast<M: Message>(&mut self, message: &M) {
        self.send(Address::Link(LinkAddr::BROADCAST), message);
    }

    /// Sends bytes that were encoded before: a retry resends identical bytes, never a new encryption.
    pub fn send_bytes(&mut self, to: Address, frame: impl Into<Arc<[u8]>>) {
        self.send_payload(to, Payload::Ready(frame.into()));
    }

    /// Sends a frame that `job` builds when there is time, at the latest when the frame is due: on the air, or in the hands
    /// of the wires. The job is a pure function of what it captured: whatever it needs of chance is drawn before, and
    /// whatever it costs is charged before. If it panics, the node goes down when the frame is due.
    ///
    /// What comes back sends the same bytes again, by [`send_again`](Cx::send_again).
    pub fn send_later(&mut self, to: Address, job: impl FnOnce() -> Built + Send + 'static) -> Deferred<Built> {
        let built = Deferred::new(job);
        self.checker.ahead(Arc::new(built.clone()));
        self.send_again(to, &built);
        built
    }

    /// Sends to everyone in range what `job` builds: see [`send_later`](Cx::send_later).
    pub fn broadcast_later(&mut self, job: impl FnOnce() -> Built + Send + 'static) {
        self.send_later(Address::Link(LinkAddr::BROADCAST), job);
    }

    /// Sends a frame that was handed over to be built before: a retry resends identical bytes.
    pub fn send_again(&mut self, to: Address, built: &Deferred<Built>) {
        self.send_payload(to, Payload::Later(built.clone()));
    }

    fn send_payload(&mut self, to: Address, frame: Payload) {
        let anticipated = core::mem::take(&mut self.anticipated);
        self.effects.push(Effect::Send {
            to,
            priority: self.priority,
            frame,
            anticipated,
        });
    }

    /// A value that the role will need in a later callback, or a later job: `job` computes it when there is time, at the
    /// latest when somebody asks. The job is a pure function of what it captured, as in [`send_later`](Cx::send_later); if
    /// it panics, so does whoever asks.
    pub fn defer<T: Send + Sync + 'static>(&mut self, job: impl FnOnce() -> T + Send + 'static) -> Deferred<T> {
        let value = Deferred::new(job);
        self.checker.ahead(Arc::new(Plain(value.clone())));
        value
    }

    /// Says how urgent the sends are that follow in this callback. Without a word they are best effort.
    pub fn priority(&mut self, priority: Priority) {
        self.priority = priority;
    }

    /// Announces a check that receivers of the next frame will ask, so that it may be computed meanwhile.
    pub fn anticipate(&mut self, check: Check) {
        self.anticipated.push(check);
    }

    /// Wakes the role after a span. A timer that is set already moves.
    pub fn timer(&mut self, after: Duration, timer: Timer) {
        self.timer_at(self.loan.now + after, timer);
    }

    /// Wakes the role at a moment of the node's clock: a beacon timed so does not drift.
    pub fn timer_at(&mut self, at: Time, timer: Timer) {
        self.effects.push(Effect::Wake { timer, at });
    }

    /// Forgets a timer.
    pub fn cancel(&mut self, timer: Timer) {
        self.effects.push(Effect::Cancel(timer));
    }

    /// Asks a check: charges what it states, and returns the verdict of the real check.
    pub fn check(&mut self, check: &Check) -> Verdict {
        self.meter.charge(check.charge());
        self.checker.check(check)
    }

    /// The verdict of a real check, uncharged: for checks that a node makes together, at a price of its own.
    pub fn verdict(&mut self, check: &Check) -> Verdict {
        self.checker.check(check)
    }

    /// Where a role charges its other operations.
    pub fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// Records that something happened.
    pub fn emit<const N: usize>(&mut self, name: &'static str, fields: [(&'static str, Value); N]) {
        self.effects.push(Effect::Emit {
            name,
            fields: fields.into(),
        });
    }

    /// Records that something happened, with fields that follow from a deferred value. They are asked for when the event
    /// leaves, with the callback's other effects.
    pub fn emit_later(
        &mut self,
        name: &'static str,
        fields: impl FnOnce() -> Vec<(&'static str, Value)> + Send + 'static,
    ) {
        self.effects.push(Effect::EmitLater {
            name,
            fields: Deferred::new(fields),
        });
    }

    /// Records that the role refused what it is handling.
    pub fn reject(&mut self, why: Reason) {
        self.effects.push(Effect::Reject(why));
    }

    /// Records a step that the paper names.
    pub fn step(&mut self, name: &'static str, exchange: u64) {
        self.effects.push(Effect::Step { name, exchange });
    }

    /// Names the state in which the role is now.
    pub fn state(&mut self, state: &'static str) {
        self.effects.push(Effect::State(state));
    }

    /// Sets the address that the radio answers to.
    pub fn set_link_addr(&mut self, addr: LinkAddr) {
        self.loan.link_addr = addr;
        self.effects.push(Effect::SetLinkAddr(addr));
    }

    /// Tells another role on this node something; it hears of it as of a frame, later.
    pub fn local(&mut self, role: &'static str, message: Vec<u8>) {
        self.effects.push(Effect::Local { role, message });
    }

    /// Signs `payload` with whatever credential a role of this node offers, at this role's cost. `None` if no role
    /// offers one, or if it holds no valid credential now.
    pub fn sign(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        self.with_peers(|peers, cx| peers.iter_mut().find_map(|role| role.signer()?.sign(cx, payload)))
    }

    /// Runs `call` with the other roles of this node taken out of the context, so that a service cannot call back.
    fn with_peers<T>(&mut self, call: impl FnOnce(&mut Peers<'_>, &mut Cx<'_>) -> T) -> T {
        let mut peers = core::mem::take(&mut self.peers);
        let result = call(&mut peers, self);
        self.peers = peers;
        result
    }
}

impl core::fmt::Debug for Cx<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Cx")
            .field("loan", &self.loan)
            .field("effects", &self.effects)
            .finish_non_exhaustive()
    }
}
