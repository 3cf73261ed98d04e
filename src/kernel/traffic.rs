//! Frames on the air and packets on the wires, between the roles' sends and the receivers' processors.

use core::time::Duration;
use std::sync::Arc;

use roadveil_role::{Address, HostAddr, Inbound, LinkAddr, Payload, Priority, Reason, Time};

use super::Kernel;
use super::node::Node;
use super::processor::Class;
use super::queue::{Arriving, Received, What};
use crate::event::{Event, Frame, NodeId, Packet, Reception};
use crate::radio::{Admission, DETECTION, Emission, Kind, Outgoing, SIFS, ack_airtime, airtime, warm};

impl Kernel {
    /// A role's frame goes to the gatekeeper, and through it to the node's transmit queue.
    pub(super) fn transmit(&mut self, index: usize, frame: Outgoing) {
        if !self.nodes[index].radio {
            self.unsent(index, &frame.payload, Reason::NoSuchAddress);
            return;
        }
        self.expire_held(index);
        let Some(gate) = &mut self.nodes[index].gate else {
            self.enqueue(index, frame);
            return;
        };
        match gate.admit(self.now, frame) {
            Admission::Through(frame) => self.enqueue(index, frame),
            Admission::Held(Some(at)) => self.push_for(at, index, What::Open),
            Admission::Held(None) => {}
            Admission::Full(frame) => self.unsent(index, &frame.payload, Reason::QueueFull),
        }
    }

    fn enqueue(&mut self, index: usize, frame: Outgoing) {
        if self.nodes[index].mac.is_full(frame.priority, &self.contention) {
            self.expire_queued(index);
        }
        if !self.nodes[index].is_up() {
            // The job that builds an old frame panicked a moment ago.
            self.unsent(index, &frame.payload, Reason::NodeDown);
            return;
        }
        let sensed = self.air.sense(index as u32, self.now);
        match self.nodes[index].mac.enqueue(self.now, frame, sensed, &self.contention) {
            Ok(()) => self.seek_access(index),
            Err(frame) => self.give_up(index, &frame, Reason::QueueFull),
        }
    }

    /// The gatekeeper may be open: the next frame that is not too old.
    pub(super) fn open_gate(&mut self, index: usize) {
        self.expire_held(index);
        let gate = self.nodes[index].gate.as_mut();
        if let Some(frame) = gate.and_then(|gate| gate.release(self.now)) {
            self.enqueue(index, frame);
        }
    }

    /// For how long a frame is worth sending.
    fn lifetime(&self) -> Duration {
        Duration::from_millis(self.air.params().lifetime_ms)
    }

    /// Gives up what has waited too long before the gate. That does not shut it: old frames must not keep out new ones.
    fn expire_held(&mut self, index: usize) {
        let lifetime = self.lifetime();
        while let Some(gate) = &mut self.nodes[index].gate
            && let Some(frame) = gate.pop_expired(self.now, lifetime)
        {
            self.unsent(index, &frame.payload, Reason::Expired);
        }
    }

    /// Gives up what has waited too long for the channel.
    fn expire_queued(&mut self, index: usize) {
        let lifetime = self.lifetime();
        while let Some(frame) = self.nodes[index].mac.pop_expired(self.now, lifetime, &self.contention) {
            self.give_up(index, &frame, Reason::Expired);
        }
    }

    /// A frame that the gatekeeper let through does not reach the air, or not once more.
    fn give_up(&mut self, index: usize, frame: &Outgoing, why: Reason) {
        self.unsent(index, &frame.payload, why);
        if frame.attempt > 0 {
            self.shut_gate(index);
        } else if let Some(gate) = &mut self.nodes[index].gate
            && let Some(at) = gate.missed(self.now)
        {
            self.push_for(at, index, What::Open);
        }
    }

    /// A frame is done with: the gatekeeper shuts for a while.
    fn shut_gate(&mut self, index: usize) {
        if let Some(gate) = &mut self.nodes[index].gate
            && let Some(at) = gate.done(self.now)
        {
            self.push_for(at, index, What::Open);
        }
    }

    /// A frame that never reaches the air or the wires, or is given up.
    pub(super) fn unsent(&mut self, index: usize, frame: &Payload, why: Reason) {
        // What nobody can build was never a frame.
        let Some(frame) = self.bytes(index, frame) else { return };
        let head = [frame.first().copied().unwrap_or(0), frame.get(1).copied().unwrap_or(0)];
        self.record(Event::Unsent {
            node: NodeId(index as u32),
            why,
            head,
        });
    }

    /// Plans the node's turn, if the channel is idle; if not, [`Kernel::frame_ended`] comes back to it.
    fn seek_access(&mut self, index: usize) {
        self.air.contend(index as u32, true);
        let sensed = self.air.sense(index as u32, self.now);
        if sensed.taken {
            return;
        }
        if let Some((at, plan)) = self.nodes[index].mac.resume(sensed, &self.contention) {
            self.push_for(at.max(self.now), index, What::Access { plan });
        }
    }

    /// Those who wait for the channel notice that somebody has begun: their back-off stands still.
    pub(super) fn noticed(&mut self, slot: u32) {
        for node in self.air.take_watched(slot) {
            let sensed = self.air.sense(node, self.now);
            let mac = &mut self.nodes[node as usize].mac;
            if sensed.taken {
                mac.pause(self.now, sensed, &self.contention);
                if mac.is_quiet() {
                    self.air.contend(node, false);
                }
            }
        }
    }

    /// The node's turn has come, by this plan.
    pub(super) fn access(&mut self, index: usize, plan: u32) {
        if self.nodes[index].mac.plan != plan {
            return;
        }
        self.expire_queued(index);
        let sensed = self.air.sense(index as u32, self.now);
        if sensed.taken {
            // Somebody began before this node had anything to send.
            self.nodes[index].mac.pause(self.now, sensed, &self.contention);
            return;
        }
        match self.nodes[index].mac.take(self.now, sensed, &self.contention) {
            Some(frame) => self.begin_frame(index, frame),
            None => self.seek_access(index),
        }
    }

    fn begin_frame(&mut self, index: usize, mut frame: Outgoing) {
        let Some(bytes) = self.bytes(index, &frame.payload) else {
            return;
        };
        frame.payload = Payload::Ready(Arc::clone(&bytes));
        let tx = self.take_tx();
        let node = &mut self.nodes[index];
        node.mac.sending = true;
        let life = node.life;
        let rate = self.air.rate();
        let airtime = airtime(bytes.len(), rate);
        let end = self.now + airtime;
        let unicast = !frame.to.is_broadcast();
        self.record(Event::Frame(Frame {
            tx,
            from: frame.from,
            to: frame.to,
            airtime: airtime.as_nanos() as u64,
            bytes: Arc::clone(&bytes),
        }));
        self.record(Event::Sent {
            tx,
            node: NodeId(index as u32),
            attempt: frame.attempt,
        });
        let emission = Emission {
            tx,
            kind: Kind::Data,
            sender: index as u32,
            life,
            addressee: if unicast { self.owner(frame.to) } else { None },
            bytes,
            reserved: if unicast { end + SIFS + ack_airtime(rate) } else { end },
            frame,
        };
        self.put_on_air(index, end, emission);
    }

    fn put_on_air(&mut self, index: usize, end: Time, emission: Emission) {
        let (slot, watch) = self.air.begin(self.now, emission);
        // Most of them get it when it ends.
        warm(self.air.followers(slot).map(|node| self.nodes[node as usize].words()));
        if watch {
            self.queue
                .push(self.now + DETECTION, index as u32 + 1, 0, What::Noticed { slot });
        }
        self.queue.push(end, index as u32 + 1, 0, What::FrameEnd { slot });
    }

    /// The node whose radio answers to an address: whoever set it last, or else any that has it.
    fn owner(&self, addr: LinkAddr) -> Option<u32> {
        self.owners.get(&addr).copied().or_else(|| {
            let answers = |node: &Node| node.radio && node.is_up() && node.link_addr == addr;
            self.nodes.iter().position(answers).map(|index| index as u32)
        })
    }

    /// A frame has ended: what became of it everywhere, and on to the receivers and to those who wait for the channel.
    pub(super) fn frame_ended(&mut self, slot: u32) {
        let mut idle = core::mem::take(&mut self.idle);
        if let Some((emission, receptions)) = self.air.finish(self.now, slot, &mut idle) {
            match emission.kind {
                Kind::Data => self.data_ended(emission, receptions),
                Kind::Ack => self.ack_ended(emission, &receptions),
            }
        }
        for node in idle.drain(..) {
            self.seek_access(node as usize);
        }
        self.idle = idle;
    }

    fn data_ended(&mut self, emission: Emission, mut receptions: Vec<Reception>) {
        let Emission {
            tx,
            sender,
            life,
            addressee,
            bytes,
            mut frame,
            ..
        } = emission;
        let unicast = !frame.to.is_broadcast();
        let decoded = unicast && receptions.iter().any(|reception| reception.lost.is_none());
        if decoded && core::mem::replace(&mut frame.received, true) {
            // It came before; only its acknowledgement was lost.
            for reception in &mut receptions {
                reception.lost = Some(Reason::Duplicate);
            }
        }
        let receivers: Vec<usize> = receptions
            .iter()
            .filter(|reception| reception.lost.is_none())
            .map(|reception| reception.node.index())
            .collect();
        self.record(Event::Heard { tx, receptions });
        let from = Address::Link(frame.from);
        let class = if unicast { Class::Unicast } else { Class::Broadcast };
        let inbound = Arc::new(Inbound::new(bytes));
        for receiver in receivers {
            self.deliver(receiver, tx, from, &inbound, class);
        }
        let sender = sender as usize;
        if !unicast {
            self.done(sender, life, frame.priority);
            return;
        }
        match addressee {
            Some(to) if decoded && self.nodes[to as usize].is_up() => {
                let by = sender as u32;
                let received = Box::new(Received { tx, by, life, frame });
                self.push_for(self.now + SIFS, to as usize, What::Acknowledge(received));
            }
            _ => self.expect_nothing(sender, life, frame),
        }
    }

    /// No acknowledgement will come: the sender finds out when it would have been over.
    pub(super) fn expect_nothing(&mut self, sender: usize, life: u32, frame: Outgoing) {
        let at = self.now + SIFS + ack_airtime(self.air.rate());
        let (delivered, frame) = (false, Box::new(frame));
        self.queue
            .push(at, sender as u32 + 1, life, What::Settle { delivered, frame });
    }

    /// A node acknowledges a frame, unless it is sending itself.
    pub(super) fn acknowledge(&mut self, index: usize, received: Received) {
        let Received { tx, by, life, frame } = received;
        if self.air.is_sending(index as u32) {
            self.expect_nothing(by as usize, life, frame);
            return;
        }
        let end = self.now + ack_airtime(self.air.rate());
        let sensed = self.air.sense(index as u32, self.now);
        self.nodes[index].mac.pause(self.now, sensed, &self.contention);
        let emission = Emission {
            tx,
            kind: Kind::Ack,
            sender: index as u32,
            life,
            addressee: Some(by),
            bytes: Arc::from([]),
            reserved: end,
            frame,
        };
        self.put_on_air(index, end, emission);
    }

    fn ack_ended(&mut self, emission: Emission, receptions: &[Reception]) {
        let Emission {
            sender,
            life,
            addressee,
            frame,
            ..
        } = emission;
        let delivered = receptions.iter().all(|reception| reception.lost.is_none());
        if let Some(to) = addressee
            && self.nodes[to as usize].life == life
        {
            self.settle(to as usize, delivered, frame);
        }
        self.seek_access(sender as usize);
    }

    /// An acknowledgement came, or did not: the frame is done with, or tried again.
    pub(super) fn settle(&mut self, index: usize, delivered: bool, mut frame: Outgoing) {
        let life = self.nodes[index].life;
        if delivered || u32::from(frame.attempt) >= self.air.params().retries {
            if !delivered {
                self.unsent(index, &frame.payload, Reason::RetryLimit);
            }
            self.done(index, life, frame.priority);
            return;
        }
        frame.attempt += 1;
        self.nodes[index].mac.retry(self.now, frame, &self.contention);
        self.seek_access(index);
    }

    /// A frame is done with. A sender that went down meanwhile knows nothing of it in its new life.
    fn done(&mut self, index: usize, life: u32, priority: Priority) {
        if self.nodes[index].life == life {
            self.nodes[index].mac.done(self.now, priority, &self.contention);
            self.shut_gate(index);
        }
        self.seek_access(index);
    }

    /// A role's packet goes over the wires.
    pub(super) fn post(&mut self, index: usize, to: HostAddr, bytes: Arc<[u8]>) {
        let from = Address::Host(HostAddr(index as u32));
        let receiver = to.0 as usize;
        let wired = self.nodes[index].host(index).is_some()
            && self
                .nodes
                .get(receiver)
                .is_some_and(|node| node.host(receiver).is_some());
        if !wired {
            self.unsent(index, &Payload::Ready(bytes), Reason::NoSuchAddress);
            return;
        }
        let tx = self.take_tx();
        let fate = self.wires.send(self.now, index as u32, to.0, bytes.len());
        self.record(Event::Packet(Packet {
            tx,
            from: NodeId(index as u32),
            to: NodeId(to.0),
            fate,
            bytes: Arc::clone(&bytes),
        }));
        if let Ok(at) = fate {
            self.queue
                .push(at, to.0 + 1, 0, What::Arrive(Box::new(Arriving { tx, from, bytes })));
        }
    }

    /// A packet is there.
    pub(super) fn arrived(&mut self, index: usize, packet: Arriving) {
        let inbound = Arc::new(Inbound::new(packet.bytes));
        self.deliver(index, packet.tx, packet.from, &inbound, Class::Unicast);
    }
}
