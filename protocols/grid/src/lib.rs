//! Smart-grid reporting under local differential privacy, after N. Gai, K. Xue, B. Zhu, J. Yang, J. Liu, D. He: An efficient data
//! aggregation scheme with local differential privacy in smart grid; Digital Communications and Networks 8(3), 2022.
//!
//! In each slot a control centre calls for reports. Meters answer through an aggregator with something that depends on their
//! reading by chance; the aggregator counts, the centre estimates load and supply of each region with an interval, and sets the
//! price of the next slot, to which charging stations respond. Nobody but the meter learns its reading.
//!
//! The mechanism of the paper is not public in full: what is ours is in [`MARKS`].
//!
//! # A slot
//!
//! | part of the slot | |
//! |---|---|
//! | 0.02 | the centre calls, with who is asked, by the plan, and the price; aggregators pass it on |
//! | 0.02 to 0.1 | meters measure: with the call, whose price stations answer, at 0.1 at the latest |
//! | 0.03 to 0.27 | those who are asked report, each when it draws; thrice if need be, the same bits |
//! | 0.40 | aggregators close the round and send counts; what comes later is refused |
//! | 0.49 | the centre settles: it releases an estimate, or, with a method that first asks whether the mean has moved, calls again |
//!
//! | module | part of the protocol |
//! |---|---|
//! | [`load`] | what meters measure |
//! | [`way`], [`counting`] | how they report over time, and how that is counted |
//! | [`messages`], [`session`] | what travels, and how it is sealed |
//! | [`roster`], [`setup`] | who is installed where |
//! | [`meter`], [`aggregator`], [`centre`], [`price`] | the roles, and the price |
//! | [`curious`] | what an aggregator infers |
//! | [`feeder`] | a physical total, against false reports |
//! | [`elgamal`] | sums without noise, to compare with |
//! | [`params`], [`view`] | what a scenario may set, and what a person sees |

pub mod aggregator;
pub mod centre;
pub mod counting;
pub mod curious;
pub mod elgamal;
pub mod feeder;
pub mod load;
mod marks;
pub mod messages;
pub mod meter;
pub mod params;
pub mod price;
pub mod roster;
pub mod session;
pub mod setup;
pub mod view;
pub mod way;

use postcard_schema::Schema;
use roadveil_role::{Cardinality, Protocol, RoleSpec};

pub use marks::MARKS;

/// The protocol's number on the wire.
pub const NUMBER: u8 = 4;

const fn role(name: &'static str, title: &'static str, cardinality: Cardinality, wired: bool) -> RoleSpec {
    RoleSpec {
        name,
        title,
        cardinality,
        radio: false,
        wired,
    }
}

/// The protocol's description of itself.
pub static PROTOCOL: Protocol = Protocol {
    name: "grid",
    number: NUMBER,
    title: "Smart-grid reporting under local differential privacy",
    paper: "N. Gai, K. Xue, B. Zhu, J. Yang, J. Liu, D. He: An efficient data aggregation scheme with local differential privacy in \
            smart grid. Digital Communications and Networks 8(3), 2022; mechanism and messages are reconstruction",
    summary: "Meters of homes, roofs and charging stations report in each slot by randomised response, so that nobody learns a \
              reading. Aggregators count, a control centre estimates load and supply with intervals and sets the price of the next \
              slot, and charging responds to it.",
    roles: &[
        role(
            "centre",
            "control centre, which estimates load and sets the price",
            Cardinality::One,
            true,
        ),
        role(
            "aggregator",
            "aggregator of a region, which counts reports",
            Cardinality::Some,
            true,
        ),
        role(
            "meter",
            "smart meter of a home, on the wires or with a radio",
            Cardinality::Any,
            false,
        ),
        role("solar", "meter of a roof's feed-in", Cardinality::Any, false),
        role("station", "meter of a charging station", Cardinality::Any, false),
    ],
    messages: messages::Msg::SCHEMA,
    params: params::PARAMS,
    attacks: &["false_report", "false_meter"],
    routine: &[
        "metered",
        "feeder_compared",
        "reported",
        "repeated",
        "inferred",
        "round_closed",
        "compared_plain",
        "compared_cipher",
        "meter_registered",
    ],
    marks: MARKS,
    setup: |setup| Ok(Box::new(setup::Issued::new(setup)?)),
    fold: || Box::new(view::Summary::default()),
};
