//! What ships inside the program: topologies, and the data files that they name as `builtin:NAME`.

use super::error::{Error, one_of};

/// A topology that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// One line for a person: the topology's own `title`.
    pub title: &'static str,
    /// The topology.
    pub text: &'static str,
}

impl Shipped {
    /// One line for a person.
    pub fn title(&self) -> &'static str {
        self.title
    }
}

/// The topologies that ship, in the order in which a list shows them.
const SHIPPED: &[Shipped] = &[
    Shipped {
        name: "city",
        title: "A small city: a minute of recorded traffic among buildings",
        text: include_str!("../../topologies/city.toml"),
    },
    Shipped {
        name: "ecpp",
        title: "ECPP in a grid of streets: an RSU fails, a vehicle is revoked",
        text: include_str!("../../topologies/ecpp.toml"),
    },
    Shipped {
        name: "gsb",
        title: "GSB on a straight road: four cars sign as one group, one of them is revoked",
        text: include_str!("../../topologies/gsb.toml"),
    },
    Shipped {
        name: "hab",
        title: "HAB on a straight road: four cars with pools of certificates, one of them is revoked",
        text: include_str!("../../topologies/hab.toml"),
    },
    Shipped {
        name: "three-cars",
        title: "Three cars on a straight road",
        text: include_str!("../../topologies/three-cars.toml"),
    },
];

/// A topology to begin with, full of comments: what `topology new` prints.
pub const STARTER: &str = include_str!("starter.toml");

/// Data files, by name.
const DATA: &[(&str, &[u8])] = &[
    (
        "city.fcd.xml.gz",
        include_bytes!("../../topologies/data/city.fcd.xml.gz"),
    ),
    (
        "city.net.xml.gz",
        include_bytes!("../../topologies/data/city.net.xml.gz"),
    ),
    (
        "city.poly.xml.gz",
        include_bytes!("../../topologies/data/city.poly.xml.gz"),
    ),
];

/// All topologies that ship.
pub fn shipped() -> &'static [Shipped] {
    SHIPPED
}

/// The one of that name.
///
/// # Errors
/// If there is none.
pub fn find(name: &str) -> Result<&'static Shipped, Error> {
    let names = || SHIPPED.iter().map(|shipped| shipped.name);
    let found = SHIPPED.iter().find(|shipped| shipped.name == name);
    found.ok_or_else(|| {
        Error::of(name, "there is no such shipped topology")
            .expected(one_of(names()))
            .nearest(name, names())
    })
}

/// The bytes of the data file called `name`, without `builtin:`.
pub fn data(name: &str) -> Option<&'static [u8]> {
    DATA.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

/// The names of all data files.
pub fn data_names() -> impl Iterator<Item = &'static str> + Clone {
    DATA.iter().map(|(name, _)| *name)
}
