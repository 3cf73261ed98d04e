//! What ships inside the program: topologies, studies, and the data files that they name as `builtin:NAME`.

use super::error::{Error, one_of};

/// A topology or a study that ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// One line for a person: its own `title`.
    pub title: &'static str,
    /// Its text.
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
        name: "ecpp-compromise",
        title: "ECPP: a stolen key of a road-side unit, and the epoch that ends it",
        text: include_str!("../../topologies/ecpp-compromise.toml"),
    },
    Shipped {
        name: "ecpp-misbehaviour",
        title: "ECPP: a liar is reported, tracked and revoked",
        text: include_str!("../../topologies/ecpp-misbehaviour.toml"),
    },
    Shipped {
        name: "ecpp-overload",
        title: "ECPP under load: a jam, and a flood of key requests",
        text: include_str!("../../topologies/ecpp-overload.toml"),
    },
    Shipped {
        name: "ecpp-privacy",
        title: "ECPP overheard: who follows whom over changes of pseudonym",
        text: include_str!("../../topologies/ecpp-privacy.toml"),
    },
    Shipped {
        name: "grid",
        title: "Smart meters report under local differential privacy, and the price follows",
        text: include_str!("../../topologies/grid.toml"),
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

/// The studies that ship, in the order in which a list shows them.
const STUDIES: &[Shipped] = &[
    Shipped {
        name: "grid-budget",
        title: "Smart grid: error of the demand, and what an aggregator infers, by method and budget",
        text: include_str!("../../topologies/studies/grid-budget.toml"),
    },
    Shipped {
        name: "key-lifetime",
        title: "ECPP: work of the road-side units by the lifetime of keys",
        text: include_str!("../../topologies/studies/key-lifetime.toml"),
    },
    Shipped {
        name: "key-storm",
        title: "ECPP: waiting for keys, by the rate of a flood of requests",
        text: include_str!("../../topologies/studies/key-storm.toml"),
    },
    Shipped {
        name: "privacy",
        title: "ECPP: who is followed, by lifetime of keys, silence and rounding of validities",
        text: include_str!("../../topologies/studies/privacy.toml"),
    },
    Shipped {
        name: "verification",
        title: "ECPP: age of what is believed, by what is verified",
        text: include_str!("../../topologies/studies/verification.toml"),
    },
];

/// The study that is no file: `roadveil study` compares ECPP with its rivals under this name.
pub const COMPARISON: &str = "ecpp";

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

/// All studies that ship.
pub fn studies() -> impl Iterator<Item = &'static Shipped> + Clone {
    STUDIES.iter()
}

/// The study of that name.
pub fn study(name: &str) -> Option<&'static Shipped> {
    STUDIES.iter().find(|shipped| shipped.name == name)
}

/// The bytes of the data file called `name`, without `builtin:`.
pub fn data(name: &str) -> Option<&'static [u8]> {
    DATA.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

/// The names of all data files.
pub fn data_names() -> impl Iterator<Item = &'static str> + Clone {
    DATA.iter().map(|(name, _)| *name)
}
