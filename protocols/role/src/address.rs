//! Where frames go: link addresses on the air, host addresses on the wires.

use core::fmt;

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

/// A link-layer address on the air, six bytes. Roles set it, and an on-board unit draws a new one with each pseudonym:
/// it is never a node's identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Schema)]
pub struct LinkAddr(pub [u8; 6]);

impl LinkAddr {
    /// Everyone in range.
    pub const BROADCAST: LinkAddr = LinkAddr([0xff; 6]);

    /// A locally administered unicast address made of `bytes`.
    pub const fn local(mut bytes: [u8; 6]) -> LinkAddr {
        bytes[0] = (bytes[0] & 0b1111_1100) | 0b0000_0010;
        LinkAddr(bytes)
    }

    /// Is this the broadcast address?
    pub fn is_broadcast(self) -> bool {
        self == LinkAddr::BROADCAST
    }
}

impl fmt::Display for LinkAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for LinkAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The address of a piece of fixed infrastructure on the wired backhaul. Vehicles have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Schema)]
pub struct HostAddr(pub u32);

impl fmt::Display for HostAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host:{}", self.0)
    }
}

/// Where a frame comes from or goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Address {
    /// Over the air.
    Link(LinkAddr),
    /// Over the wires.
    Host(HostAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Link(addr) => addr.fmt(f),
            Address::Host(addr) => addr.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_addresses_are_unicast_and_locally_administered() {
        for byte in 0..=255 {
            let addr = LinkAddr::local([byte; 6]);
            assert_eq!(addr.0[0] & 0b11, 0b10);
            assert!(!addr.is_broadcast());
        }
        assert_eq!(LinkAddr::local([0xff; 6]).to_string(), "fe:ff:ff:ff:ff:ff");
    }
}
