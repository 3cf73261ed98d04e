//! Running a role: from an item in a processor's queue to effects that leave.

use core::cell::Cell;
use core::mem::size_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use roadveil_crypto::Charge;
use roadveil_role::cx::Loan;
use roadveil_role::later::Broken;
use roadveil_role::service::Peers;
use roadveil_role::{Address, Cx, Effect, Fix, Inbound, LinkAddr, Payload, Priority, Reason, Time, Timer, Value};

use super::Kernel;
use super::node::Seat;
use super::processor::{Class, Item};
use super::queue::{Bundle, What};
use super::workers::add;
use crate::event::{Event, NodeId, TxId};
use crate::radio::Outgoing;

const _: () = assert!(
    size_of::<Bundle>() <= 64,
    "a bundle is boxed; keep it small all the same"
);

thread_local! {
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Will a panic on this thread be caught by the kernel? Then it takes one node down, and nothing else has to be done
/// about it.
pub fn catches_panic() -> bool {
    CAUGHT.get()
}

/// While it lives, [`catches_panic`].
pub(super) struct Caught;

impl Caught {
    pub(super) fn begin() -> Caught {
        CAUGHT.set(true);
        Caught
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        CAUGHT.set(false);
    }
}

impl Kernel {
    /// Gives a processor something to do: now if it is idle, else in its turn.
    pub(super) fn offer(&mut self, index: usize, class: Class, item: Item) {
        if !self.nodes[index].is_up() {
            // A role of the same node panicked a moment ago.
            self.drop_items(index, vec![item], Reason::NodeDown);
            return;
        }
        if self.nodes[index].processor.is_idle(self.now) {
            self.serve(index, item);
            return;
        }
        let dropped = self.nodes[index].processor.push(class, item);
        if let Some(Item::Frame { tx, .. }) = dropped {
            self.record(Event::Dropped {
                tx,
                node: NodeId(index as u32),
                why: Reason::QueueFull,
            });
        }
        self.plan_service(index);
    }

    fn plan_service(&mut self, index: usize) {
        let processor = &mut self.nodes[index].processor;
        if !processor.planned {
            processor.planned = true;
            let at = processor.free.max(self.now);
            self.push_for(at, index, What::Serve);
        }
    }

    /// The processor is free: the next item that still matters.
    pub(super) fn serve_next(&mut self, index: usize) {
        self.nodes[index].processor.planned = false;
        if let Some(item) = self.nodes[index].processor.pop() {
            self.serve(index, item);
        }
        let processor = &self.nodes[index].processor;
        if !processor.is_idle(processor.free.max(self.now)) {
            self.plan_service(index);
        }
    }

    /// A timer is due, unless it was set anew or cancelled.
    pub(super) fn timer_due(&mut self, index: usize, role: usize, timer: Timer, due: Time, set: u32) {
        if self.is_set(index, role, timer, set) {
            self.offer(index, Class::Own, Item::Wake { role, timer, due, set });
        }
    }

    fn is_set(&self, index: usize, role: usize, timer: Timer, set: u32) -> bool {
        self.nodes[index].seats[role].timers.is_set(timer, set)
    }

    /// Runs one callback at the present moment.
    fn serve(&mut self, index: usize, item: Item) {
        if let Item::Wake { role, timer, set, .. } = item {
            // Cancelled, or set anew, while it waited.
            if !self.is_set(index, role, timer, set) {
                return;
            }
            self.nodes[index].seats[role].timers.cancel(timer);
        }
        let (role, tx) = match &item {
            Item::Start { role } | Item::Wake { role, .. } | Item::Told { role, .. } => (*role, None),
            Item::Frame { role, tx, .. } => (*role, Some(*tx)),
        };
        let mut effects = Vec::new();
        let Some(charge) = self.call(index, role, &item, &mut effects) else {
            self.crash(index, self.nodes[index].seats[role].name);
            return;
        };
        add(&mut self.charged, &charge);
        let node = &mut self.nodes[index];
        let cost = node.profile.time(&charge);
        node.processor.free = self.now + cost;
        node.processor.busy = node
            .processor
            .busy
            .saturating_add(u64::try_from(cost.as_nanos()).unwrap_or(u64::MAX));
        if effects.is_empty() {
            return;
        }
        let bundle = Bundle { role, tx, effects };
        if cost.is_zero() {
            self.release(index, bundle);
        } else {
            let processor = &mut self.nodes[index].processor;
            processor.owes = true;
            let at = processor.free;
            self.push_for(at, index, What::Release(Box::new(bundle)));
        }
    }

    /// Calls the role. `None` if it panicked.
    fn call(&mut self, index: usize, role: usize, item: &Item, effects: &mut Vec<Effect>) -> Option<Charge> {
        let off = self.gnss_error(index);
        let node = &mut self.nodes[index];
        // A role that does not ask where it is costs no look at its place.
        let drawn;
        let fix = match off {
            None => &node.fix,
            Some((east, north)) => {
                drawn = Fix {
                    x: node.fix.x + east,
                    y: node.fix.y + north,
                    ..node.fix
                };
                &drawn
            }
        };
        let now = node.local(self.now);
        let by = match item {
            Item::Told { by, .. } => node.seats[*by].name,
            _ => "",
        };
        let loan = Loan {
            now,
            fix,
            link_addr: node.link_addr,
            host: node.host(index),
            streams: &mut node.streams[role],
        };
        let (actor, peers) = Peers::split(&mut node.roles, role)?;
        let mut cx = Cx::new(loan, &mut self.checks, effects, peers);
        let _caught = Caught::begin();
        catch_unwind(AssertUnwindSafe(|| {
            match item {
                Item::Start { .. } => actor.start(&mut cx),
                Item::Wake { timer, due, .. } => actor.wake(&mut cx, *timer, *due),
                Item::Frame { from, frame, .. } => actor.receive(&mut cx, *from, frame),
                Item::Told { message, .. } => actor.told(&mut cx, by, message),
            }
            cx.finish()
        }))
        .ok()
    }

    /// How far east and north the node's GNSS receiver is off, if it is: drawn anew at each tick.
    fn gnss_error(&mut self, index: usize) -> Option<(f64, f64)> {
        let node = &mut self.nodes[index];
        if node.gnss_sigma <= 0.0 {
            return None;
        }
        if node.gnss_error.0 != self.ticks {
            let mut draw = self.gnss.sequence(node.key, node.key, self.ticks);
            let radius = node.gnss_sigma * (-2.0 * libm::log(draw.unit())).sqrt();
            let angle = core::f64::consts::TAU * draw.unit();
            node.gnss_error = (self.ticks, radius * libm::cos(angle), radius * libm::sin(angle));
        }
        Some((node.gnss_error.1, node.gnss_error.2))
    }

    /// A role panicked, or a job that it handed over: a fault of the program, which must not take the run with it. The node
    /// stays down.
    fn crash(&mut self, index: usize, role: &str) {
        tracing::error!(node = index, role, at = %self.now, "a role panicked; its node is down");
        let was_up = self.nodes[index].is_up();
        self.nodes[index].failed = true;
        self.nodes[index].crashed = true;
        if was_up {
            self.go_down(index, true);
        }
    }

    /// The bytes of a node's frame, now that they are needed. `None` if the job that builds it panicked: that takes the
    /// node down, at the same moment whichever thread did the job.
    pub(super) fn bytes(&mut self, index: usize, frame: &Payload) -> Option<Arc<[u8]>> {
        let caught = Caught::begin();
        let bytes = self.checks.bytes(frame);
        drop(caught);
        if bytes.is_err() {
            self.crash(index, "a job of a role");
        }
        bytes.ok()
    }

    /// A callback's effects leave, in order.
    pub(super) fn release(&mut self, index: usize, bundle: Bundle) {
        self.nodes[index].processor.owes = false;
        let Bundle { role, tx, effects } = bundle;
        let mut effects = effects.into_iter();
        while let Some(effect) = effects.next() {
            if self.carry_out(index, role, tx, effect).is_err() {
                self.crash(index, self.nodes[index].seats[role].name);
            }
            if self.nodes[index].crashed {
                self.lose_effects(index, effects.as_slice());
                return;
            }
        }
    }

    fn carry_out(&mut self, index: usize, role: usize, tx: Option<TxId>, effect: Effect) -> Result<(), Broken> {
        let node = NodeId(index as u32);
        let seat = role as u8;
        match effect {
            Effect::Send {
                to,
                priority,
                frame,
                anticipated,
            } => {
                for check in &anticipated {
                    self.checks.anticipate(check);
                }
                self.send(index, to, priority, frame);
            }
            Effect::Wake { timer, at } => self.set_timer(index, role, timer, at),
            Effect::Cancel(timer) => {
                self.nodes[index].seats[role].timers.cancel(timer);
            }
            Effect::SetLinkAddr(addr) => self.readdress(index, addr),
            Effect::Local { role: name, message } => self.tell(index, role, name, message),
            Effect::Emit { name, fields } => self.emit(node, seat, name, fields),
            Effect::EmitLater { name, fields } => {
                let caught = Caught::begin();
                let fields = fields.try_get()?.clone();
                drop(caught);
                self.emit(node, seat, name, fields);
            }
            Effect::Reject(why) => self.record(Event::Rejected {
                node,
                role: seat,
                tx,
                why,
            }),
            Effect::Step { name, exchange } => self.record(Event::Step {
                node,
                role: seat,
                name: name.into(),
                exchange,
            }),
            Effect::State(state) => self.record(Event::State {
                node,
                role: seat,
                state: state.into(),
            }),
        }
        Ok(())
    }

    fn emit(&mut self, node: NodeId, role: u8, name: &'static str, fields: Vec<(&'static str, Value)>) {
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        self.record(Event::Emitted {
            node,
            role,
            name: name.into(),
            fields,
        });
    }

    fn set_timer(&mut self, index: usize, role: usize, timer: Timer, local: Time) {
        let node = &mut self.nodes[index];
        node.settings = node.settings.wrapping_add(1);
        let set = node.settings;
        node.seats[role].timers.set(timer, set);
        let at = node.global(local).max(self.now);
        if at > self.end {
            // It will not ring in this run; left out, it cannot pile up either.
            return;
        }
        self.push_for(
            at,
            index,
            What::Due {
                role: role as u8,
                timer,
                due: local,
                set,
            },
        );
    }

    fn readdress(&mut self, index: usize, addr: LinkAddr) {
        let old = core::mem::replace(&mut self.nodes[index].link_addr, addr);
        if self.owners.get(&old) == Some(&(index as u32)) {
            self.owners.remove(&old);
        }
        if self.nodes[index].radio {
            self.owners.insert(addr, index as u32);
        }
        self.record(Event::Readdressed {
            node: NodeId(index as u32),
            addr,
        });
    }

    fn tell(&mut self, index: usize, by: usize, name: &str, message: Vec<u8>) {
        let seats = &self.nodes[index].seats;
        let protocol = seats[by].protocol;
        let known = |seat: &Seat| seat.name == name && seat.protocol == protocol;
        if let Some(role) = seats.iter().position(known) {
            // Always through the queue: roles that answer each other must not nest.
            self.nodes[index]
                .processor
                .push(Class::Own, Item::Told { role, by, message });
            self.plan_service(index);
        }
    }

    fn send(&mut self, index: usize, to: Address, priority: Priority, frame: Payload) {
        match to {
            Address::Link(addr) => {
                let from = self.nodes[index].link_addr;
                let outgoing = Outgoing {
                    from,
                    to: addr,
                    priority,
                    payload: frame,
                    since: self.now,
                    attempt: 0,
                    received: false,
                };
                self.transmit(index, outgoing);
            }
            Address::Host(host) => {
                if let Some(bytes) = self.bytes(index, &frame) {
                    self.post(index, host, bytes);
                }
            }
        }
    }

    /// A frame is there for the node's roles.
    pub(super) fn deliver(&mut self, index: usize, tx: TxId, from: Address, frame: &Arc<Inbound>, class: Class) {
        let node = NodeId(index as u32);
        if !self.nodes[index].is_up() {
            self.record(Event::Dropped {
                tx,
                node,
                why: Reason::NodeDown,
            });
            return;
        }
        self.nodes[index].count_received();
        let Some(role) = frame
            .bytes()
            .first()
            .and_then(|protocol| self.nodes[index].speaker(*protocol))
        else {
            self.record(Event::Dropped {
                tx,
                node,
                why: Reason::NotSpoken,
            });
            return;
        };
        // Without sharing every receiver looks at the frame as if nobody had before.
        let frame = if self.checks.are_shared() {
            Arc::clone(frame)
        } else {
            Arc::new(Inbound::new(Arc::clone(frame.bytes())))
        };
        self.offer(index, class, Item::Frame { role, tx, from, frame });
    }
}
