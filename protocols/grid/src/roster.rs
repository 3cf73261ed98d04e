//! Who was installed where: what every role knows from the beginning.

use std::sync::Arc;

use roadveil_crypto::P256Key;
use roadveil_role::{HostAddr, LinkAddr};

use crate::elgamal;

/// What a meter measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// The load of a home.
    Home,
    /// What a roof feeds in.
    Solar,
    /// The load of a charging station.
    Station,
}

impl Quantity {
    /// All of them, in the order of tables.
    pub const ALL: [Quantity; 3] = [Quantity::Home, Quantity::Solar, Quantity::Station];

    /// The role of its meters.
    pub fn role(self) -> &'static str {
        match self {
            Quantity::Home => "meter",
            Quantity::Solar => "solar",
            Quantity::Station => "station",
        }
    }

    /// The quantity of a role.
    pub fn of_role(role: &str) -> Option<Quantity> {
        Quantity::ALL.into_iter().find(|quantity| quantity.role() == role)
    }

    /// Its place among [`ALL`](Quantity::ALL).
    pub fn index(self) -> usize {
        self as usize
    }

    /// Is it supply, and not demand?
    pub fn is_supply(self) -> bool {
        self == Quantity::Solar
    }
}

/// A meter as it was installed.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The node's name.
    pub name: String,
    /// Which stream its reports belong to.
    pub stream: u16,
    /// Its rank there, drawn once.
    pub rank: u32,
    /// The privacy level that its owner chose; of stations the only one.
    pub level: u8,
    /// Under which it registers.
    pub key: P256Key,
    /// Aggregators in the order in which it turns to them.
    pub aggregators: Arc<[u16]>,
}

/// All meters of a region that measure one quantity: their mean is estimated by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The region: the aggregator whose it is.
    pub region: u16,
    /// What its meters measure.
    pub quantity: Quantity,
    /// How many there are.
    pub meters: u32,
}

/// An aggregator as it was installed.
#[derive(Clone, Debug)]
pub struct Aggregator {
    /// The node's name, which is the region's.
    pub name: String,
    /// Its address on the wires.
    pub host: HostAddr,
    /// Its address on the air, if it has a radio.
    pub link: Option<LinkAddr>,
    /// Under which it signs.
    pub key: P256Key,
}

/// Everything that was installed.
#[derive(Clone, Debug)]
pub struct Roster {
    /// Meters, by their number.
    pub meters: Vec<Installed>,
    /// Streams, by their number.
    pub streams: Vec<Stream>,
    /// Aggregators, by their number.
    pub aggregators: Vec<Aggregator>,
    /// The control centre's address on the wires.
    pub centre: HostAddr,
    /// Under which it signs.
    pub centre_key: P256Key,
    /// What comparators encrypt under.
    pub elgamal: Arc<elgamal::Public>,
}

impl Roster {
    /// A meter.
    pub fn meter(&self, number: u32) -> Option<&Installed> {
        self.meters.get(number as usize)
    }

    /// The stream of a meter.
    pub fn stream_of(&self, meter: &Installed) -> Option<&Stream> {
        self.streams.get(usize::from(meter.stream))
    }
}
