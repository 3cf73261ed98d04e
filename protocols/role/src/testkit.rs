//! Roles over an in-memory network with loss, reordering and duplication.
//!
//! [`Net`] is the smallest thing that runs roles: nodes with names, positions and clocks, one [`Channel`] for the air and
//! one for the wires, and a queue. Time jumps from one event to the next; operations take no time, but are counted for
//! each node ([`Net::charged`]). Everything that a role did is in [`Net::records`], in order. The same seed gives the
//! same records.
//!
//! What it leaves out is the emulator's business: propagation, medium access, processors that queue, faults.
//!
//! ```
//! use core::time::Duration;
//! use roadveil_role::testkit::{Channel, Net, Node};
//! use roadveil_role::{Actor, Address, Cx, Message, Reason, Time, Timer, Typed};
//! use postcard_schema::Schema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Clone, Serialize, Deserialize, Schema)]
//! enum Msg {
//!     Ping,
//!     Pong,
//! }
//!
//! impl Message for Msg {
//!     const PROTOCOL: u8 = 200;
//! }
//!
//! /// Asks until somebody answers.
//! #[derive(Clone)]
//! struct Asker;
//!
//! impl Actor for Asker {
//!     type Msg = Msg;
//!     fn start(&mut self, cx: &mut Cx<'_>) {
//!         self.wake(cx, Timer(0), Time::ZERO);
//!     }
//!     fn wake(&mut self, cx: &mut Cx<'_>, _: Timer, _: Time) {
//!         cx.broadcast(&Msg::Ping);
//!         cx.timer(Duration::from_millis(100), Timer(0));
//!     }
//!     fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Msg) -> Result<(), Reason> {
//!         match message {
//!             Msg::Ping => cx.send(from, &Msg::Pong),
//!             Msg::Pong => {
//!                 cx.cancel(Timer(0));
//!                 cx.emit("answered", []);
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let mut net = Net::new(7).air(Channel::lossy(0.5));
//! net.add(Node::new("a").at(0.0, 0.0).role(200, "asker", Box::new(Typed(Asker))));
//! net.add(Node::new("b").at(50.0, 0.0).role(200, "asker", Box::new(Typed(Asker))));
//! net.run_until(Time::from_secs(5));
//! assert!(net.events("answered").count() >= 2);
//! ```

mod channel;
mod node;
mod record;
mod restart;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand_core::Rng;
use roadveil_crypto::{Charge, Check, Host, Verdict};

pub use channel::{Channel, Fate, Transit, changing};
pub use node::Node;
pub use record::{Record, What};

use crate::cx::Loan;
use crate::random::Stream;
use crate::service::Peers;
use crate::{Address, Checker, Cx, Effect, Fix, Inbound, Payload, Protocol, Reason, Role, Setup, SetupError, Streams};
use crate::{Time, Timer, Value};

/// How many prepared values the host behind the checks keeps.
const HOST_CAPACITY: usize = 4096;

/// Decides whether a frame sent at the first place is heard at the second.
type Reach = Box<dyn Fn(&Fix, &Fix) -> bool + Send>;
/// Sees and may change every frame on its way to every receiver.
type Tamper = Box<dyn FnMut(&mut Transit<'_>) -> Fate + Send>;

/// Something in the queue.
enum Pending {
    Start { role: usize },
    Frame { from: Address, frame: Arc<[u8]> },
    Wake { role: usize, timer: Timer, due: Time },
    Local { role: usize, by: String, message: Vec<u8> },
}

/// An in-memory network of nodes with roles.
pub struct Net {
    seed: u64,
    now: Time,
    sequence: u64,
    queue: BTreeMap<(Time, u64), (usize, Pending)>,
    timers: BTreeMap<(usize, usize, Timer), (Time, u64)>,
    nodes: Vec<Node>,
    air: Channel,
    wires: Channel,
    coins: Streams,
    reach: Reach,
    tamper: Tamper,
    host: Host,
    known: BTreeMap<[u8; 32], Verdict>,
    records: Vec<Record>,
}

impl Net {
    /// An empty network with perfect channels.
    pub fn new(seed: u64) -> Net {
        Net {
            seed,
            now: Time::ZERO,
            sequence: 0,
            queue: BTreeMap::new(),
            timers: BTreeMap::new(),
            nodes: Vec::new(),
            air: Channel::perfect(),
            wires: Channel::perfect(),
            coins: Streams::new(seed, "", "testkit"),
            reach: Box::new(|_, _| true),
            tamper: Box::new(|_| Fate::Pass),
            host: Host::new(HOST_CAPACITY),
            known: BTreeMap::new(),
            records: Vec::new(),
        }
    }

    /// A network in which a protocol was set up: each node of `setup` with its roles, at its place, or at the origin.
    ///
    /// # Errors
    /// Whatever the protocol's setup says.
    pub fn deploy(protocol: &Protocol, setup: &Setup) -> Result<Net, SetupError> {
        let mut net = Net::new(setup.seed);
        let mut deployment = (protocol.setup)(setup)?;
        for spec in &setup.nodes {
            let (x, y) = spec.place.unwrap_or_default();
            let mut node = Node::new(&spec.name).at(x, y);
            node.host = spec.host;
            if !spec.radio {
                node = node.without_radio();
            }
            for role in &spec.roles {
                node = node.role(protocol.number, role, deployment.role(&spec.name, role)?);
            }
            net.add(node);
        }
        Ok(net)
    }

    /// Replaces the air.
    pub fn air(mut self, channel: Channel) -> Net {
        self.air = channel;
        self
    }

    /// Replaces the wires.
    pub fn wires(mut self, channel: Channel) -> Net {
        self.wires = channel;
        self
    }

    /// Limits who hears whom on the air.
    pub fn reach(mut self, reach: impl Fn(&Fix, &Fix) -> bool + Send + 'static) -> Net {
        self.reach = Box::new(reach);
        self
    }

    /// Puts somebody between every sender and every receiver: a frame may be edited, dropped, or delivered again later.
    pub fn tamper(mut self, tamper: impl FnMut(&mut Transit<'_>) -> Fate + Send + 'static) -> Net {
        self.tamper = Box::new(tamper);
        self
    }

    /// Adds a node; its roles start now.
    ///
    /// # Panics
    /// If there is a node of that name.
    pub fn add(&mut self, mut node: Node) {
        assert!(
            self.nodes.iter().all(|other| other.name != node.name),
            "two nodes called {}",
            node.name
        );
        node.seed(self.seed);
        let index = self.nodes.len();
        for role in 0..node.roles.len() {
            self.push(self.now, index, Pending::Start { role });
        }
        self.nodes.push(node);
    }

    /// The present moment.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Changes the air from now on.
    pub fn set_air(&mut self, channel: Channel) {
        self.air = channel;
    }

    /// Changes the wires from now on.
    pub fn set_wires(&mut self, channel: Channel) {
        self.wires = channel;
    }

    /// A node, to move it or to set its clock.
    ///
    /// # Panics
    /// If there is no node of that name.
    pub fn node(&mut self, name: &str) -> &mut Node {
        let index = self.index(name);
        &mut self.nodes[index]
    }

    /// Hands `frame` to the node called `to` after a span, as if it came from `from`.
    pub fn inject(&mut self, to: &str, from: Address, frame: &[u8], after: core::time::Duration) {
        let node = self.index(to);
        self.push(
            self.now + after,
            node,
            Pending::Frame {
                from,
                frame: frame.into(),
            },
        );
    }

    /// Handles the next event. `false` if nothing will ever happen again.
    pub fn step(&mut self) -> bool {
        let Some(((at, _), (node, pending))) = self.queue.pop_first() else {
            return false;
        };
        self.now = at;
        match pending {
            Pending::Start { role } => self.call(node, role, |role, cx| role.start(cx)),
            Pending::Wake { role, timer, due } => {
                self.timers.remove(&(node, role, timer));
                self.call(node, role, |role, cx| role.wake(cx, timer, due));
            }
            Pending::Local { role, by, message } => self.call(node, role, |role, cx| role.told(cx, &by, &message)),
            Pending::Frame { from, frame } => self.deliver(node, from, &frame),
        }
        true
    }

    /// Handles every event up to and including `end`; then it is `end`.
    pub fn run_until(&mut self, end: Time) {
        while self.queue.first_key_value().is_some_and(|((at, _), _)| *at <= end) {
            self.step();
        }
        self.now = self.now.max(end);
    }

    /// Handles events until `done` says so, looked at after each; `false` if it did not by `limit`.
    pub fn run_until_or(&mut self, limit: Time, mut done: impl FnMut(&Net) -> bool) -> bool {
        while !done(self) {
            if self.queue.first_key_value().is_none_or(|((at, _), _)| *at > limit) {
                return false;
            }
            self.step();
        }
        true
    }

    /// Everything that happened, in order.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The frames that were sent, each with its record.
    pub fn sent(&self) -> impl Iterator<Item = (&Record, Address, &[u8])> {
        self.records.iter().filter_map(|record| match &record.what {
            What::Sent { to, frame, .. } => Some((record, *to, frame.as_ref())),
            _ => None,
        })
    }

    /// The events of that name, each with its fields.
    pub fn events<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Record, &'a [(&'static str, Value)])> {
        self.records.iter().filter_map(move |record| match &record.what {
            What::Emitted { name: found, fields } if *found == name => Some((record, fields.as_slice())),
            _ => None,
        })
    }

    /// Why the node called `node` refused frames, in order.
    pub fn rejects(&self, node: &str) -> Vec<Reason> {
        let of_node = self.records.iter().filter(|record| record.node == node);
        of_node
            .filter_map(|record| {
                if let What::Rejected(why) = record.what {
                    Some(why)
                } else {
                    None
                }
            })
            .collect()
    }

    /// The last state that the node called `node` named.
    pub fn state(&self, node: &str) -> Option<&'static str> {
        let of_node = self.records.iter().rev().filter(|record| record.node == node);
        of_node
            .filter_map(|record| {
                if let What::State(state) = record.what {
                    Some(state)
                } else {
                    None
                }
            })
            .next()
    }

    /// What the node called `node` charged since the last call.
    pub fn charged(&mut self, node: &str) -> Charge {
        core::mem::take(&mut self.node(node).charged)
    }

    /// All records as text, a line each, with messages by their names: for a golden transcript.
    pub fn transcript(&self, protocol: &Protocol) -> String {
        self.records.iter().filter_map(|record| record.line(protocol)).collect()
    }

    fn index(&self, name: &str) -> usize {
        match self.nodes.iter().position(|node| node.name == name) {
            Some(index) => index,
            None => panic!("no node called {name}"),
        }
    }

    fn push(&mut self, at: Time, node: usize, pending: Pending) -> (Time, u64) {
        let key = (at.max(self.now), self.sequence);
        self.sequence += 1;
        self.queue.insert(key, (node, pending));
        key
    }

    fn record(&mut self, node: usize, role: usize, what: What) {
        let Node { name, parts, .. } = &self.nodes[node];
        let role = parts.get(role).map_or_else(String::new, |part| part.name.clone());
        self.records.push(Record {
            at: self.now,
            node: name.clone(),
            role,
            what,
        });
    }

    /// Gives a frame to the roles that speak its protocol.
    fn deliver(&mut self, node: usize, from: Address, frame: &Arc<[u8]>) {
        for role in 0..self.nodes[node].roles.len() {
            if frame.first() == Some(&self.nodes[node].parts[role].protocol) {
                self.record(
                    node,
                    role,
                    What::Received {
                        from,
                        frame: frame.clone(),
                    },
                );
                let inbound = Inbound::new(frame.clone());
                self.call(node, role, |role, cx| role.receive(cx, from, &inbound));
            }
        }
    }

    /// Runs one callback of a role and carries out its effects.
    fn call(&mut self, node: usize, role: usize, call: impl FnOnce(&mut dyn Role, &mut Cx<'_>)) {
        let mut effects = Vec::new();
        let mut asked = Asked {
            known: &mut self.known,
            host: &self.host,
            answers: Vec::new(),
        };
        let state = &mut self.nodes[node];
        let fix = state.fix(self.now);
        let loan = Loan {
            now: state.local(self.now),
            fix: &fix,
            link_addr: state.link_addr,
            host: state.host,
            streams: &mut state.parts[role].streams,
        };
        let Some((running, peers)) = Peers::split(&mut state.roles, role) else {
            return;
        };
        let mut cx = Cx::new(loan, &mut asked, &mut effects, peers);
        call(running.as_mut(), &mut cx);
        let charge = cx.finish();
        let answers = asked.answers;
        state.charged += charge;
        for (scheme, digest, verdict) in answers {
            self.record(
                node,
                role,
                What::Asked {
                    scheme,
                    digest,
                    valid: verdict.is_valid(),
                },
            );
        }
        for effect in effects {
            self.carry_out(node, role, effect);
        }
    }

    fn carry_out(&mut self, node: usize, role: usize, effect: Effect) {
        match effect {
            Effect::Send {
                to,
                priority,
                frame,
                anticipated,
            } => {
                // A job is done at once, and what it breaks breaks the test.
                let (frame, further) = match &frame {
                    Payload::Ready(frame) => (frame.clone(), &[][..]),
                    Payload::Later(later) => (later.get().frame.clone(), &later.get().anticipated[..]),
                };
                let anticipated = anticipated.iter().chain(further).map(|check| *check.digest()).collect();
                self.record(
                    node,
                    role,
                    What::Sent {
                        to,
                        priority,
                        frame: frame.clone(),
                        anticipated,
                    },
                );
                self.send(node, to, &frame);
            }
            Effect::Wake { timer, at } => {
                self.forget(node, role, timer);
                let when = self.nodes[node].global(at);
                let key = self.push(when, node, Pending::Wake { role, timer, due: at });
                self.timers.insert((node, role, timer), key);
            }
            Effect::Cancel(timer) => self.forget(node, role, timer),
            Effect::SetLinkAddr(addr) => {
                self.nodes[node].link_addr = addr;
                self.record(node, role, What::Readdressed(addr));
            }
            Effect::Local { role: name, message } => {
                let Node { parts, .. } = &self.nodes[node];
                let by = parts[role].name.clone();
                if let Some(role) = parts.iter().position(|part| part.name == name) {
                    self.push(self.now, node, Pending::Local { role, by, message });
                }
            }
            Effect::Emit { name, fields } => self.record(node, role, What::Emitted { name, fields }),
            Effect::EmitLater { name, fields } => {
                let fields = fields.get().clone();
                self.record(node, role, What::Emitted { name, fields });
            }
            Effect::Reject(why) => self.record(node, role, What::Rejected(why)),
            Effect::Step { name, exchange } => self.record(node, role, What::Step { name, exchange }),
            Effect::State(state) => self.record(node, role, What::State(state)),
        }
    }

    fn forget(&mut self, node: usize, role: usize, timer: Timer) {
        if let Some(key) = self.timers.remove(&(node, role, timer)) {
            self.queue.remove(&key);
        }
    }

    /// Puts a frame on its way to everyone whom it may reach.
    fn send(&mut self, node: usize, to: Address, frame: &Arc<[u8]>) {
        let (from, channel) = match to {
            Address::Link(_) => (Address::Link(self.nodes[node].link_addr), self.air),
            Address::Host(_) => match self.nodes[node].host {
                Some(host) => (Address::Host(host), self.wires),
                None => return,
            },
        };
        let sender_fix = self.nodes[node].fix(self.now);
        for receiver in 0..self.nodes.len() {
            if receiver == node || !self.nodes[receiver].answers_to(to) {
                continue;
            }
            let on_air = matches!(to, Address::Link(_));
            if on_air && !(self.reach)(&sender_fix, &self.nodes[receiver].fix(self.now)) {
                continue;
            }
            let purpose = if on_air { "air" } else { "wires" };
            let arrivals = channel.arrivals(self.coins.get(purpose, (node as u64) << 32 | receiver as u64));
            for delay in arrivals {
                self.hand_over(node, receiver, from, to, frame, delay);
            }
        }
    }

    /// Lets the tamperer see one copy, and queues what he makes of it.
    fn hand_over(
        &mut self,
        node: usize,
        receiver: usize,
        from: Address,
        to: Address,
        frame: &Arc<[u8]>,
        delay: core::time::Duration,
    ) {
        let mut bytes = frame.to_vec();
        let mut transit = Transit {
            at: self.now,
            sender: &self.nodes[node].name,
            receiver: &self.nodes[receiver].name,
            from,
            to,
            frame: &mut bytes,
        };
        let again = match (self.tamper)(&mut transit) {
            Fate::Drop => return,
            Fate::Pass => None,
            Fate::Repeat(after) => Some(after),
        };
        let frame: Arc<[u8]> = bytes.into();
        self.push(
            self.now + delay,
            receiver,
            Pending::Frame {
                from,
                frame: frame.clone(),
            },
        );
        if let Some(after) = again {
            self.push(self.now + delay + after, receiver, Pending::Frame { from, frame });
        }
    }
}

impl core::fmt::Debug for Net {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Net")
            .field("now", &self.now)
            .field("queue", &self.queue.len())
            .finish_non_exhaustive()
    }
}

/// Answers every check and remembers that it was asked. A verdict follows from the inputs alone: many receivers of one frame
/// share it.
struct Asked<'a> {
    host: &'a Host,
    known: &'a mut BTreeMap<[u8; 32], Verdict>,
    answers: Vec<(&'static str, [u8; 32], Verdict)>,
}

impl Checker for Asked<'_> {
    fn check(&mut self, check: &Check) -> Verdict {
        if self.known.len() > HOST_CAPACITY {
            self.known.clear();
        }
        let known = self.known.entry(*check.digest());
        let verdict = *known.or_insert_with(|| check.answer(self.host));
        self.answers.push((check.scheme(), *check.digest(), verdict));
        verdict
    }
}

/// A draw from [0, 1).
fn coin(stream: &mut Stream) -> f64 {
    (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests;
