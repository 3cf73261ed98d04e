//! Frames on the air and packets on the wires, between the roles' sends and the receivers' processors.

use std::sync::Arc;

use roadveil_role::{Address, HostAddr, Inbound, LinkAddr, Payload, Reason, Time};

use super::Kernel;
use super::node::Node;
use super::processor::Class;
use super::queue::What;
use crate::event::{Event, Frame, NodeId, Packet, TxId};
use crate::radio::{Emission, Outgoing, Turn, ack_time, airtime};

impl Kernel {
    /// A role's frame joins the node's transmit queue.
    pub(super) fn transmit(&mut self, index: usize, frame: Outgoing) {
        let limit = self.air.params().queue;
        let node = &mut self.nodes[index];
        let why = if !node.radio {
            Some(Reason::NoSuchAddress)
        } else if node.mac.queue.len() >= limit {
            Some(Reason::QueueFull)
        } else {
            None
        };
        if let Some(why) = why {
            self.unsent(index, &frame.frame, why);
            return;
        }
        node.mac.queue.push_back(frame);
        self.seek_access(index);
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

    /// Looks at the channel now, unless a look is planned or a frame is on the air.
    fn seek_access(&mut self, index: usize) {
        let mac = &self.nodes[index].mac;
        if !mac.planned && !mac.sending {
            self.access(index);
        }
    }

    /// The node looks at the channel.
    pub(super) fn access(&mut self, index: usize) {
        self.nodes[index].mac.planned = false;
        let lifetime = core::time::Duration::from_millis(self.air.params().lifetime_ms);
        while let Some(frame) = self.nodes[index]
            .mac
            .queue
            .pop_front_if(|frame| self.now.since(frame.since) > lifetime)
        {
            self.unsent(index, &frame.frame, Reason::Expired);
        }
        if self.nodes[index].mac.queue.is_empty() {
            let params = self.air.params();
            self.nodes[index].mac.rest(params);
            return;
        }
        let busy_until = self.air.busy_until(index as u32, self.now);
        match self.nodes[index].mac.turn(self.now, busy_until, &self.backoff) {
            Turn::Wait(at) => {
                self.nodes[index].mac.planned = true;
                self.push_for(at, index, What::Access);
            }
            Turn::Send => {
                if let Some(frame) = self.nodes[index].mac.queue.pop_front() {
                    self.begin_frame(index, frame);
                }
            }
        }
    }

    fn begin_frame(&mut self, index: usize, frame: Outgoing) {
        let Some(bytes) = self.bytes(index, &frame.frame) else {
            return;
        };
        let tx = self.take_tx();
        let node = &mut self.nodes[index];
        node.mac.sending = true;
        let life = node.life;
        let here = (node.fix.x, node.fix.y);
        let airtime = airtime(bytes.len());
        let end = self.now + airtime;
        let unicast = !frame.to.is_broadcast();
        let mut heard = Vec::with_capacity(64);
        let gain = node.antenna_db;
        let reach = self.air.propagation().reach(gain + self.best_antenna_db);
        let (nodes, propagation) = (&self.nodes, self.air.propagation());
        self.grid.within(here.0, here.1, reach, |other| {
            let place = &nodes[other as usize];
            if other as usize != index && place.is_up() {
                heard.extend(propagation.mean(other, here, (place.fix.x, place.fix.y), gain + place.antenna_db));
            }
        });
        heard.sort_unstable_by_key(|heard| heard.node);
        let taken = if unicast { end + ack_time() } else { end };
        for sensing in heard.iter().filter(|heard| self.air.is_sensed(heard)) {
            self.nodes[sensing.node as usize]
                .mac
                .freeze(self.now, taken, &self.backoff);
        }
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
        self.air.begin(Emission {
            tx,
            sender: index as u32,
            from: frame.from,
            to: frame.to,
            priority: frame.priority,
            addressee: if unicast { self.owner(frame.to) } else { None },
            start: self.now,
            end,
            taken,
            attempt: frame.attempt,
            since: frame.since,
            life,
            bytes,
            heard,
            finished: false,
        });
        self.queue.push(end, index as u32 + 1, 0, What::FrameEnd(tx));
    }

    /// The node whose radio answers to an address: whoever set it last, or else any that has it.
    fn owner(&self, addr: LinkAddr) -> Option<u32> {
        self.owners.get(&addr).copied().or_else(|| {
            let answers = |node: &Node| node.radio && node.is_up() && node.link_addr == addr;
            self.nodes.iter().position(answers).map(|index| index as u32)
        })
    }

    /// A frame has ended: what became of it everywhere, and on to the receivers.
    pub(super) fn frame_ended(&mut self, tx: TxId) {
        let Some(ended) = self.air.finish(tx) else { return };
        let frame = ended.emission;
        let sender = frame.sender as usize;
        let from = Address::Link(frame.from);
        let unicast = !frame.to.is_broadcast();
        let delivered = unicast && ended.receptions.iter().any(|reception| reception.lost.is_none());
        let receivers: Vec<usize> = ended
            .receptions
            .iter()
            .filter(|reception| reception.lost.is_none())
            .map(|reception| reception.node.index())
            .collect();
        self.record(Event::Heard {
            tx,
            receptions: ended.receptions,
        });
        let class = if unicast { Class::Unicast } else { Class::Broadcast };
        let inbound = Arc::new(Inbound::new(Arc::clone(&frame.bytes)));
        for receiver in receivers {
            self.deliver(receiver, tx, from, &inbound, class);
        }
        let outgoing = Outgoing {
            from: frame.from,
            to: frame.to,
            priority: frame.priority,
            frame: Payload::Ready(frame.bytes),
            since: frame.since,
            attempt: frame.attempt,
        };
        if self.nodes[sender].life != frame.life {
            // The sender went down meanwhile, and its new life knows nothing of the frame.
            return;
        }
        if unicast {
            self.push_for(
                frame.taken,
                sender,
                What::Settle {
                    delivered,
                    frame: Box::new(outgoing),
                },
            );
        } else {
            self.done(sender);
        }
    }

    /// An acknowledgement came, or did not: the frame is done with, or tried again.
    pub(super) fn settle(&mut self, index: usize, delivered: bool, mut frame: Outgoing) {
        if delivered || u32::from(frame.attempt) >= self.air.params().retries {
            if !delivered {
                self.unsent(index, &frame.frame, Reason::RetryLimit);
            }
            self.done(index);
            return;
        }
        frame.attempt += 1;
        let idle = self.idle_from(index);
        let mac = &mut self.nodes[index].mac;
        mac.queue.push_front(frame);
        mac.sending = false;
        mac.widen(idle, &self.backoff);
        self.seek_access(index);
    }

    fn done(&mut self, index: usize) {
        let idle = self.idle_from(index);
        let params = self.air.params();
        let mac = &mut self.nodes[index].mac;
        mac.sending = false;
        mac.after_success(idle, params, &self.backoff);
        self.seek_access(index);
    }

    /// From when the channel is idle for a node, as it senses it now.
    fn idle_from(&self, index: usize) -> Time {
        self.air.busy_until(index as u32, self.now).unwrap_or(self.now)
    }

    /// A role's packet goes over the wires.
    pub(super) fn post(&mut self, index: usize, to: HostAddr, bytes: Arc<[u8]>) {
        let from = Address::Host(HostAddr(index as u32));
        let receiver = to.0 as usize;
        let wired =
            self.nodes[index].host.is_some() && self.nodes.get(receiver).is_some_and(|node| node.host.is_some());
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
            self.queue.push(at, to.0 + 1, 0, What::Arrive { tx, from, bytes });
        }
    }

    /// A packet is there.
    pub(super) fn arrived(&mut self, index: usize, tx: TxId, from: Address, bytes: Arc<[u8]>) {
        let inbound = Arc::new(Inbound::new(bytes));
        self.deliver(index, tx, from, &inbound, Class::Unicast);
    }
}
