//! Frames on the air and packets on the wires, between the roles' sends and the receivers' processors.

use std::sync::Arc;

use roadveil_role::{Address, HostAddr, Reason};

use super::Kernel;
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
            self.unsent(index, &frame, why);
            return;
        }
        node.mac.queue.push_back(frame);
        self.seek_access(index);
    }

    fn unsent(&mut self, index: usize, frame: &Outgoing, why: Reason) {
        let head = [
            frame.bytes.first().copied().unwrap_or(0),
            frame.bytes.get(1).copied().unwrap_or(0),
        ];
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
            self.unsent(index, &frame, Reason::Expired);
        }
        if self.nodes[index].mac.queue.is_empty() {
            return;
        }
        let sensed = self.air.sense(index as u32, self.now);
        match self.nodes[index].mac.turn(self.now, sensed, &self.backoff) {
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
        let tx = self.take_tx();
        let node = &mut self.nodes[index];
        node.mac.sending = true;
        let here = (node.fix.x, node.fix.y);
        let airtime = airtime(frame.bytes.len());
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
        self.record(Event::Frame(Frame {
            tx,
            from: frame.from,
            to: frame.to,
            airtime: airtime.as_nanos() as u64,
            bytes: Arc::clone(&frame.bytes),
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
            addressee: self.owners.get(&frame.to).copied(),
            start: self.now,
            end,
            taken: if unicast { end + ack_time() } else { end },
            attempt: frame.attempt,
            since: frame.since,
            bytes: frame.bytes,
            heard,
            finished: false,
        });
        self.queue.push(end, index as u32 + 1, 0, What::FrameEnd(tx));
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
        for receiver in receivers {
            self.deliver(receiver, tx, from, &frame.bytes, class);
        }
        let outgoing = Outgoing {
            from: frame.from,
            to: frame.to,
            bytes: frame.bytes,
            since: frame.since,
            attempt: frame.attempt,
        };
        if !self.nodes[sender].is_up() {
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
                self.unsent(index, &frame, Reason::RetryLimit);
            }
            self.done(index);
            return;
        }
        frame.attempt += 1;
        let mac = &mut self.nodes[index].mac;
        mac.queue.push_front(frame);
        mac.sending = false;
        mac.widen(self.now, &self.backoff);
        self.seek_access(index);
    }

    fn done(&mut self, index: usize) {
        let params = self.air.params();
        let mac = &mut self.nodes[index].mac;
        mac.sending = false;
        mac.after_success(self.now, params, &self.backoff);
        self.seek_access(index);
    }

    /// A role's packet goes over the wires.
    pub(super) fn post(&mut self, index: usize, to: HostAddr, bytes: Arc<[u8]>) {
        let from = Address::Host(HostAddr(index as u32));
        let receiver = to.0 as usize;
        let wired =
            self.nodes[index].host.is_some() && self.nodes.get(receiver).is_some_and(|node| node.host.is_some());
        if !wired {
            let head = [bytes.first().copied().unwrap_or(0), bytes.get(1).copied().unwrap_or(0)];
            self.record(Event::Unsent {
                node: NodeId(index as u32),
                why: Reason::NoSuchAddress,
                head,
            });
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
        self.deliver(index, tx, from, &bytes, Class::Unicast);
    }
}
