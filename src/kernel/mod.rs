//! The kernel: a clock, a queue, and nodes whose processors take time.
//!
//! ```text
//!   queue ──> air and wires ──> a node's processor ──> a role's callback ──> effects ──> queue
//!                                  bounded queue         charges operations    released together
//!                                  by class              = virtual time        when the charge is paid
//! ```
//!
//! A frame that arrives at `a` joins the node's bounded queue; service starts at `s = max(a, free)`; the role sees `s`
//! during the whole callback, and its state changes there; what the callback charged, times the node's profile, is how
//! long the processor is taken; effects and events leave together at the end of that. If the node is down by then, they
//! are lost.
//!
//! One thread runs the kernel. Nothing that decides an outcome reads the wall clock, a thread's name, the order of a hash
//! map, or a pointer. Other threads compute checks and build frames ahead of time, which are pure functions.

mod callback;
mod checks;
mod known;
mod node;
mod processor;
mod queue;
#[cfg(test)]
mod tests;
mod traffic;
mod workers;

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::{Op, tally};
use roadveil_role::{Effect, HostAddr, LinkAddr, NodeSpec, Reason, Setup, SetupError, Time};

pub use callback::catches_panic;
pub use workers::Executed;

use crate::backhaul::Wires;
use crate::event::{Event, Load, NodeId, Position, Record, TxId};
use crate::radio::{Air, Antenna, Channel, Contention, Draws, Key, Obstacles, Outgoing, warm};
use crate::scenario::{self, Fault, Place, Profile, Scenario};
use checks::Checks;
use node::Node;
use processor::Item;
use queue::{Entry, NOBODY, Queue, What};

/// How often positions change: ten times a second, as often as anybody beacons.
const TICK: Duration = Duration::from_millis(100);
/// How often loads and charges are recorded.
const ACCOUNT: Duration = Duration::from_secs(1);

/// Entries between two looks of whoever drives the run.
const MOST_ENTRIES: usize = 1 << 16;

/// Records that are handed on at once where nobody waits for them: few enough to stay in the near cache until the log has
/// them. They make the same run in whatever portions.
pub const PORTION: usize = 512;

/// Records for which there is room before they come.
const MOST_READY: usize = 1 << 13;

/// What a person chooses of a run beside its scenario. None of it changes the event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Threads that compute, the kernel's own included.
    pub threads: usize,
    /// Are verdicts shared between receivers?
    pub share: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            threads: std::thread::available_parallelism().map_or(1, usize::from).min(16),
            share: true,
        }
    }
}

/// A run under way.
pub struct Kernel {
    scenario: Arc<Scenario>,
    now: Time,
    end: Time,
    ended: bool,
    queue: Queue,
    nodes: Vec<Node>,
    air: Air,
    wires: Wires,
    owners: BTreeMap<LinkAddr, u32>,
    checks: Checks,
    contention: Contention,
    /// Who goes first of those whose turn on the channel comes at the same moment.
    turns: Draws,
    gnss: Draws,
    /// Who finds the channel idle; kept to be used again.
    idle: Vec<u32>,
    ticks: u64,
    next_tx: u64,
    charged: Executed,
    out: Vec<Record>,
}

impl Kernel {
    /// Sets up a run of the scenario: keys are handed out, nothing has happened yet.
    ///
    /// # Errors
    /// If a protocol cannot be set up with the scenario's nodes and parameters, shown in its topology.
    pub fn new(scenario: Arc<Scenario>, options: Options) -> Result<Kernel, scenario::Error> {
        let seed = scenario.seed;
        // What this thread executed before is not this run's.
        tally::take();
        let keys: Vec<Key> = scenario.nodes.iter().map(|node| Key::of(&node.name)).collect();
        let addresses = Draws::new(seed, "link address");
        let contention = Contention::new(&scenario.radio, seed);
        let profiles = profiles(&scenario);
        let mut nodes: Vec<Node> = scenario
            .nodes
            .iter()
            .zip(profiles.into_iter().zip(&keys))
            .map(|(node, (profile, &key))| Node::new(node, profile, key, &scenario, &contention, &addresses))
            .collect();
        hand_out_roles(&scenario, &mut nodes)?;
        let outlines = scenario
            .world
            .buildings
            .iter()
            .map(|building| building.outline.as_slice());
        let obstacles = Obstacles::new(outlines, scenario.radio.wall_db, scenario.radio.indoor_db_per_m);
        let antennas: Vec<Antenna> = scenario
            .nodes
            .iter()
            .map(|node| Antenna {
                height_m: node.antenna_m,
                gain_db: node.antenna_db,
            })
            .collect();
        let channel = Channel::new(&scenario.radio, obstacles, &antennas, keys.clone(), seed);
        let mut kernel = Kernel {
            now: Time::ZERO,
            end: Time::ZERO + scenario.duration,
            ended: false,
            queue: Queue::default(),
            nodes,
            air: Air::new(scenario.radio.clone(), channel, keys.clone(), seed),
            wires: Wires::new(scenario.backhaul.clone(), special_links(&scenario), keys, seed),
            owners: BTreeMap::new(),
            checks: Checks::new(options.threads, options.share),
            contention,
            turns: Draws::new(seed, "turns"),
            gnss: Draws::new(seed, "gnss"),
            idle: Vec::new(),
            ticks: 0,
            next_tx: 0,
            charged: [0; Op::ALL.len()],
            out: Vec::new(),
            scenario,
        };
        kernel.checks.credit(&tally::take());
        kernel.queue.push(Time::ZERO, NOBODY, 0, What::Tick);
        kernel.queue.push(Time::ZERO + ACCOUNT, NOBODY, 0, What::Account);
        for (index, planned) in kernel.scenario.timeline.iter().enumerate() {
            kernel.queue.push(planned.at, NOBODY, 0, What::Fault(index));
        }
        Ok(kernel)
    }

    /// Virtual time reached.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Where the run ends.
    pub fn end(&self) -> Time {
        self.end
    }

    /// Has it reached its end?
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Does the next entry. Returns whether a transmission began, and nothing at the end of the run.
    pub fn step(&mut self) -> Option<bool> {
        if self.ended {
            return None;
        }
        if self.queue.next_at().is_none_or(|at| at > self.end) {
            self.close();
            return None;
        }
        let transmissions = self.next_tx;
        let lot = |node: u32, at: Time| {
            let name = Key::of(&self.scenario.nodes[node as usize - 1].name);
            self.turns.bits(name, name, at.0)
        };
        let entry = self.queue.pop_by_lot(lot)?;
        // Whose timer will be due within half a millisecond will mostly send.
        if let Some(nodes) = self.queue.woken_soon() {
            let (nodes, air) = (nodes.map(|node| node - 1), &self.air);
            warm(nodes.map(|node| self.nodes[node as usize].words_to_send() ^ air.words(node)));
        }
        self.now = entry.at;
        self.handle(entry);
        Some(self.next_tx > transmissions)
    }

    /// Runs until `until`, or until more than `records` have piled up, or for a good while. Returns false once the run has ended.
    pub fn advance(&mut self, until: Time, records: usize) -> bool {
        let mut entries = 0;
        // Bounded by work as well as by records: whoever drives the run must be able to stop it.
        while !self.ended && self.out.len() < records && entries < MOST_ENTRIES {
            entries += 1;
            match self.queue.next_at() {
                Some(at) if at > until && until < self.end => {
                    self.now = self.now.max(until);
                    return true;
                }
                _ => {
                    self.step();
                }
            }
        }
        !self.ended
    }

    /// The records since the last call.
    pub fn take_records(&mut self) -> Vec<Record> {
        // As many will come again: a list that grows would be copied over and over. But not as many as a whole run has.
        let next = Vec::with_capacity(self.out.len().min(MOST_READY));
        core::mem::replace(&mut self.out, next)
    }

    /// Ends the computing threads: the operations that were really executed. A host figure.
    pub fn executed(&mut self) -> Executed {
        self.checks.executed()
    }

    /// Reached the end: the last account, and what still waited is lost.
    fn close(&mut self) {
        self.now = self.end;
        self.account();
        for index in 0..self.nodes.len() {
            let waiting: Vec<Item> = self.nodes[index].processor.drain().collect();
            self.drop_items(index, waiting, Reason::RunEnded);
            let node = &mut self.nodes[index];
            let unsent: Vec<Outgoing> = node.take_unsent(&self.contention);
            for frame in unsent {
                self.unsent(index, &frame.payload, Reason::RunEnded);
            }
        }
        self.ended = true;
    }

    fn record(&mut self, event: Event) {
        self.out.push(Record { at: self.now, event });
    }

    fn handle(&mut self, entry: Entry) {
        let index = (entry.node as usize).wrapping_sub(1);
        match entry.what {
            What::Tick => self.tick(),
            What::Account => {
                self.account();
                self.queue.push(self.now + ACCOUNT, NOBODY, 0, What::Account);
            }
            What::Fault(fault) => self.fault(fault),
            What::FrameEnd { slot } => self.frame_ended(slot),
            What::Noticed { slot } => self.noticed(slot),
            What::Arrive(packet) => self.arrived(index, *packet),
            // The rest is about the life for which it was planned. What a node had in hand when it went down is lost.
            What::Release(bundle) if self.nodes.get(index).is_some_and(|node| node.life != entry.life) => {
                self.lose_effects(index, &bundle.effects);
            }
            What::Acknowledge(received) if self.nodes.get(index).is_some_and(|node| node.life != entry.life) => {
                self.expect_nothing(received.by as usize, received.life, received.frame);
            }
            _ if self.nodes.get(index).is_none_or(|node| node.life != entry.life) => {}
            What::Due { role, timer, due, set } => self.timer_due(index, role.into(), timer, due, set),
            What::Serve => self.serve_next(index),
            What::Release(bundle) => self.release(index, *bundle),
            What::Open => self.open_gate(index),
            What::Access { plan } => self.access(index, plan),
            What::Acknowledge(received) => self.acknowledge(index, *received),
            What::Settle { delivered, frame } => self.settle(index, delivered, *frame),
        }
    }

    fn push_for(&mut self, at: Time, index: usize, what: What) {
        let life = self.nodes[index].life;
        self.queue.push(at, index as u32 + 1, life, what);
    }

    /// The world moves on: who is where, who came, who went.
    fn tick(&mut self) {
        let mut moved = Vec::new();
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            if node.settled {
                continue;
            }
            let fix = self.scenario.world.fix(&self.scenario.nodes[index].place, self.now);
            let present = node.present;
            match fix {
                Some(fix) => {
                    let position = node::position(&fix);
                    let changed = position != node.position;
                    let node = &mut self.nodes[index];
                    (node.fix, node.position) = (fix, position);
                    node.settled = matches!(self.scenario.nodes[index].place, Place::Fixed { .. });
                    let body = !node.settled;
                    if changed || !present {
                        self.air
                            .channel()
                            .place(index as u32, (fix.x, fix.y), fix.heading, body);
                    }
                    if !present {
                        node.present = true;
                        self.come_up(index);
                    } else if changed {
                        moved.push((NodeId(index as u32), position));
                    }
                }
                None if present => {
                    let was_up = self.nodes[index].is_up();
                    self.nodes[index].present = false;
                    self.air.channel().remove(index as u32);
                    if was_up {
                        self.go_down(index, false);
                    }
                }
                None => {}
            }
        }
        if !moved.is_empty() {
            self.record(Event::Moved(moved));
        }
        self.air.channel().settle();
        self.sort_into_grid();
        self.measure_channel();
        self.ticks += 1;
        self.queue.push(self.now + TICK, NOBODY, 0, What::Tick);
    }

    /// How busy every radio's channel was since the last tick.
    fn measure_channel(&mut self) {
        for (index, node) in self.nodes.iter_mut().enumerate().filter(|(_, node)| node.radio) {
            let busy = self.air.take_busy(index as u32, self.now);
            if node.is_up() && self.ticks > 0 {
                let thousandths = (busy.saturating_mul(1_000) / TICK.as_nanos() as u64).min(1_000) as u16;
                node.channel_busy += u32::from(thousandths);
                node.channel_looks += 1;
                if let Some(gate) = &mut node.gate {
                    gate.observe(thousandths);
                }
            }
        }
    }

    /// Sorts the radios that are on into the grid, by where they are.
    fn sort_into_grid(&mut self) {
        let mut places: Vec<(u32, f64, f64)> = Vec::with_capacity(self.nodes.len());
        let heard = self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.is_up() && node.radio);
        places.extend(heard.map(|(index, node)| (index as u32, node.fix.x, node.fix.y)));
        self.air.sort(&places);
    }

    /// Records how busy everybody was and what the operations cost.
    fn account(&mut self) {
        let loads: Vec<Load> = self
            .nodes
            .iter_mut()
            .enumerate()
            .filter_map(|(index, node)| node.account(index as u32, self.now))
            .collect();
        if !loads.is_empty() {
            self.record(Event::Load(loads));
        }
        let charged: Vec<(u8, u64)> = self
            .charged
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(op, count)| (op as u8, *count))
            .collect();
        if !charged.is_empty() {
            self.record(Event::Charged(charged));
            self.charged = [0; Op::ALL.len()];
        }
    }

    fn fault(&mut self, index: usize) {
        let Some(planned) = self.scenario.timeline.get(index) else {
            return;
        };
        match planned.fault {
            Fault::NodeDown(node) => {
                let was_up = self.nodes[node].is_up();
                self.nodes[node].failed = true;
                if was_up {
                    self.go_down(node, true);
                }
            }
            Fault::NodeUp(node) => {
                if self.nodes[node].crashed {
                    return;
                }
                let was_failed = core::mem::replace(&mut self.nodes[node].failed, false);
                if was_failed && self.nodes[node].present {
                    self.come_up(node);
                    self.sort_into_grid();
                }
            }
            Fault::LinkDown(a, b) => self.set_link(a, b, false),
            Fault::LinkUp(a, b) => self.set_link(a, b, true),
        }
    }

    fn set_link(&mut self, a: usize, b: usize, up: bool) {
        self.wires.set_link(a as u32, b as u32, up);
        self.record(Event::Link {
            a: NodeId(a as u32),
            b: NodeId(b as u32),
            up,
        });
    }

    /// A node is switched on: its radio answers, and every role starts.
    fn come_up(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        if node.failed {
            return;
        }
        node.life += 1;
        let (id, at, addr) = (NodeId(index as u32), node.position, node.link_addr);
        self.record(Event::Joined { node: id, at });
        if self.nodes[index].radio {
            self.air.switch(index as u32, true);
            self.owners.insert(addr, index as u32);
            self.record(Event::Readdressed { node: id, addr });
        }
        for role in 0..self.nodes[index].roles.len() {
            self.offer(index, processor::Class::Own, Item::Start { role });
        }
    }

    /// A node is gone: what waited is lost, what was planned does not happen.
    fn go_down(&mut self, index: usize, fault: bool) {
        let node = &mut self.nodes[index];
        node.life += 1;
        self.air.switch(index as u32, false);
        let waiting: Vec<Item> = node.processor.drain().collect();
        let addr = node.link_addr;
        let unsent = node.shut_down(self.now, &self.contention);
        if self.owners.get(&addr) == Some(&(index as u32)) {
            self.owners.remove(&addr);
        }
        self.drop_items(index, waiting, Reason::NodeDown);
        for frame in unsent {
            self.unsent(index, &frame.payload, Reason::NodeDown);
        }
        self.record(Event::Left {
            node: NodeId(index as u32),
            fault,
        });
    }

    fn drop_items(&mut self, index: usize, items: Vec<Item>, why: Reason) {
        for item in items {
            if let Item::Frame { tx, .. } = item {
                self.record(Event::Dropped {
                    tx,
                    node: NodeId(index as u32),
                    why,
                });
            }
        }
    }

    /// A node went down while it worked: what it was about to send is lost.
    fn lose_effects(&mut self, index: usize, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Send { frame, .. } = effect {
                self.unsent(index, frame, Reason::NodeDown);
            }
        }
    }

    fn take_tx(&mut self) -> TxId {
        let tx = TxId(self.next_tx);
        self.next_tx += 1;
        tx
    }
}

impl core::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Kernel")
            .field("now", &self.now)
            .field("nodes", &self.nodes.len())
            .finish_non_exhaustive()
    }
}

/// Each node's profile; nodes with equal ones share them.
fn profiles(scenario: &Scenario) -> Vec<Arc<Profile>> {
    let mut known: Vec<Arc<Profile>> = Vec::new();
    let of = |node: &scenario::Node| match known.iter().find(|profile| ***profile == node.profile) {
        Some(profile) => Arc::clone(profile),
        None => {
            known.push(Arc::new(node.profile.clone()));
            Arc::clone(&known[known.len() - 1])
        }
    };
    scenario.nodes.iter().map(of).collect()
}

/// Lets every protocol hand out its keys, and gives each node its roles.
fn hand_out_roles(scenario: &Scenario, nodes: &mut [Node]) -> Result<(), scenario::Error> {
    for configured in &scenario.protocols {
        let protocol = configured.protocol;
        let refused = |why: SetupError| scenario.refused(protocol, &why);
        let members = scenario.nodes.iter().enumerate().filter_map(|(index, node)| {
            let roles: Vec<String> = node
                .roles
                .iter()
                .filter(|role| role.protocol.number == protocol.number)
                .map(|role| role.role.name.to_owned())
                .collect();
            let place = match node.place {
                Place::Fixed { x, y } => Some((x, y)),
                _ => None,
            };
            let host = node.wired.then_some(HostAddr(index as u32));
            (!roles.is_empty()).then(|| NodeSpec {
                name: node.name.clone(),
                host,
                radio: node.radio,
                place,
                roles,
            })
        });
        let setup = Setup {
            seed: scenario.seed,
            params: configured.params.clone(),
            nodes: members.collect(),
        };
        if let Some(node) = setup.nodes.iter().find(|node| node.roles.len() > 1) {
            // A frame would be for both, and its one outcome could not be told.
            let roles = node.roles.join(" and ");
            return Err(refused(SetupError(format!(
                "{} has two roles of it, {roles}: give each a node of its own",
                node.name
            ))));
        }
        let mut deployment = (protocol.setup)(&setup).map_err(refused)?;
        for (node, planned) in nodes.iter_mut().zip(&scenario.nodes) {
            for (slot, role) in planned
                .roles
                .iter()
                .enumerate()
                .filter(|(_, role)| role.protocol.number == protocol.number)
            {
                node.give(slot, deployment.role(&planned.name, role.role.name).map_err(refused)?);
            }
        }
    }
    let seated = nodes.iter_mut().try_for_each(Node::seat_roles);
    seated.map_err(|why| scenario::Error::of(scenario.origin.to_string(), why.0))
}

/// Links that differ, by the numbers of their ends. The scenario has checked the names.
fn special_links(scenario: &Scenario) -> BTreeMap<(u32, u32), crate::backhaul::Link> {
    let number = |name: &String| {
        scenario
            .nodes
            .iter()
            .position(|node| node.name == *name)
            .map(|index| index as u32)
    };
    scenario
        .backhaul
        .link
        .iter()
        .filter_map(|link| {
            let (a, b) = (number(&link.between[0])?, number(&link.between[1])?);
            Some(((a.min(b), a.max(b)), link.clone()))
        })
        .collect()
}

/// A position for the log, from a fix.
pub fn position(fix: &roadveil_role::Fix) -> Position {
    node::position(fix)
}
