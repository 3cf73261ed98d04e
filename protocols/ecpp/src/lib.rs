//! ECPP: Efficient Conditional Privacy Preservation Protocol for Secure Vehicular Communications (R. Lu, X. Lin, H. Zhu,
//! P.-H. Ho, X. Shen; INFOCOM 2008, doi 10.1109/INFOCOM.2008.179).
//!
//! Road-side units issue short-time anonymous keys on the fly, so that a vehicle stores no pool of keys and no revocation
//! list. A trusted authority can find who is behind a key; nobody else can.
//!
//! **Not all of this is the paper's.** Its text was read only in parts: what is published, what is forced by published
//! equations, and what is a reconstruction of ours is in [`MARKS`], and said at each place.
//!
//! | module | part of the protocol |
//! |---|---|
//! | [`system`], [`keys`], [`setup`] | initialisation: parameters, masters, RSU keys, OBU keys, their checks |
//! | [`beacon`], [`schedule`], [`sigma1`], [`cert`], [`blmq`] | key issue: who signs and seals what |
//! | [`messages`], [`notes`] | everything that travels, and what its receivers work out once for all of them |
//! | [`ta`], [`rsu`], [`obu`] | the roles |
//! | [`flooder`] | an attacker on an RSU's processor |
//! | [`evidence`], [`tracking`] | misbehaviour: what shows it, and how the authority finds who it was |
//! | [`emergency`] | certificates that are refused before they end |
//! | [`epochs`] | masters that follow each other, so that a stolen RSU key comes to an end |
//! | [`signed`] | what an OBU signs for other roles on its node |
//! | [`params`], [`view`] | what a scenario may set, and what a person sees |

pub mod beacon;
pub mod blmq;
mod bucket;
pub mod cert;
mod draw;
pub mod emergency;
pub mod epochs;
pub mod evidence;
pub mod flooder;
pub mod keys;
mod marks;
pub mod messages;
pub mod notes;
pub mod obu;
pub mod params;
pub mod rsu;
pub mod schedule;
pub mod setup;
pub mod sigma1;
pub mod signed;
pub mod succession;
pub mod system;
pub mod ta;
#[cfg(test)]
mod testing;
pub mod tracking;
pub mod view;

use postcard_schema::Schema;
use roadveil_role::{Cardinality, Protocol, RoleSpec};

pub use marks::MARKS;

/// The protocol's number on the wire.
pub const NUMBER: u8 = 1;

/// The protocol's description of itself.
pub static PROTOCOL: Protocol = Protocol {
    name: "ecpp",
    number: NUMBER,
    title: "Conditional privacy with short-time anonymous keys from road-side units",
    paper: "R. Lu, X. Lin, H. Zhu, P.-H. Ho, X. Shen: ECPP: Efficient Conditional Privacy Preservation Protocol for Secure \
            Vehicular Communications. INFOCOM 2008. doi 10.1109/INFOCOM.2008.179",
    summary: "A vehicle asks a road-side unit for a short-time key, after the unit has proved that it holds the key of its \
              place. The unit refuses revoked vehicles, and certifies the key without showing which unit it is. Vehicles \
              sign their safety messages under such keys; receivers need neither a revocation list nor a pool of keys. \
              Parts of the paper were not readable: see what is marked as reconstruction.",
    roles: &[
        RoleSpec {
            name: "ta",
            title: "trusted authority",
            cardinality: Cardinality::One,
            radio: false,
            wired: true,
        },
        RoleSpec {
            name: "rsu",
            title: "road-side unit",
            cardinality: Cardinality::Some,
            radio: true,
            wired: true,
        },
        RoleSpec {
            name: "obu",
            title: "on-board unit",
            cardinality: Cardinality::Any,
            radio: true,
            wired: false,
        },
        RoleSpec {
            name: "flooder",
            title: "attacker who floods a road-side unit with key requests",
            cardinality: Cardinality::Any,
            radio: true,
            wired: false,
        },
    ],
    messages: messages::Msg::SCHEMA,
    params: params::PARAMS,
    attacks: &["misbehaved", "flooded", "self_issued"],
    routine: &["counts", "verified", "admitted"],
    marks: MARKS,
    setup: |setup| Ok(Box::new(setup::Issued::new(setup)?)),
    fold: || Box::new(view::Summary::default()),
};
