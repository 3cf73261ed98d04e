//! A node of the test network.

use roadveil_crypto::Charge;

use crate::{Address, Fix, HostAddr, LinkAddr, Role, Streams, Time};

/// A node: a name, a place, a clock, addresses, roles.
#[derive(Clone)]
pub struct Node {
    pub(super) name: String,
    pub(super) host: Option<HostAddr>,
    pub(super) link_addr: LinkAddr,
    pub(super) roles: Vec<Box<dyn Role>>,
    pub(super) parts: Vec<Part>,
    pub(super) charged: Charge,
    radio: bool,
    start: Fix,
    since: Time,
    clock: i64,
}

/// What the network keeps for one role.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) protocol: u8,
    pub(super) streams: Streams,
}

impl Node {
    /// A node at the origin, with a radio, without roles and off the wires.
    pub fn new(name: &str) -> Node {
        Node {
            name: name.to_owned(),
            host: None,
            link_addr: LinkAddr::local([0; 6]),
            roles: Vec::new(),
            parts: Vec::new(),
            charged: Charge::NONE,
            radio: true,
            start: Fix::default(),
            since: Time::ZERO,
            clock: 0,
        }
    }

    /// Stands there, in metres.
    pub fn at(mut self, x: f64, y: f64) -> Node {
        self.move_to(Time::ZERO, Fix { x, y, ..Fix::default() });
        self
    }

    /// Has no radio.
    pub fn without_radio(mut self) -> Node {
        self.radio = false;
        self
    }

    /// Stands on the wires.
    pub fn wired(mut self, host: HostAddr) -> Node {
        self.host = Some(host);
        self
    }

    /// Plays a role of the protocol with that number.
    pub fn role(mut self, protocol: u8, name: &str, role: Box<dyn Role>) -> Node {
        self.roles.push(role);
        self.parts.push(Part {
            name: name.to_owned(),
            protocol,
            streams: Streams::new(0, "", ""),
        });
        self
    }

    /// From `now` on it is at `fix`, and goes on with the fix's speed and heading.
    pub fn move_to(&mut self, now: Time, fix: Fix) {
        self.since = now;
        self.start = fix;
    }

    /// Sets its clock ahead of the network's by that many nanoseconds.
    pub fn set_clock(&mut self, ahead: i64) {
        self.clock = ahead;
    }

    /// The address to which its radio answers.
    pub fn link_addr(&self) -> LinkAddr {
        self.link_addr
    }

    /// Gives every role its streams.
    pub(super) fn seed(&mut self, seed: u64) {
        for part in &mut self.parts {
            part.streams = Streams::new(seed, &self.name, &part.name);
        }
    }

    /// Where it is.
    pub(super) fn fix(&self, now: Time) -> Fix {
        let way = self.start.speed * now.since(self.since).as_secs_f64();
        #[expect(
            clippy::disallowed_methods,
            reason = "a test kit; no run of the emulator depends on it"
        )]
        let (east, north) = self.start.heading.to_radians().sin_cos();
        Fix {
            x: self.start.x + way * east,
            y: self.start.y + way * north,
            ..self.start
        }
    }

    /// The network's time on this node's clock.
    pub(super) fn local(&self, now: Time) -> Time {
        Time(now.0.saturating_add_signed(self.clock))
    }

    /// A time of this node's clock on the network's.
    pub(super) fn global(&self, at: Time) -> Time {
        Time(at.0.saturating_add_signed(self.clock.saturating_neg()))
    }

    /// Does a frame to that address concern it?
    pub(super) fn answers_to(&self, to: Address) -> bool {
        match to {
            Address::Link(addr) => self.radio && (addr.is_broadcast() || addr == self.link_addr),
            Address::Host(host) => self.host == Some(host),
        }
    }
}

impl core::fmt::Debug for Node {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Node")
            .field("name", &self.name)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}
