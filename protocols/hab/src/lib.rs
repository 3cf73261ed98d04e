//! HAB: safety messages under a huge pool of anonymous certificates (after M. Raya, J.-P. Hubaux: Securing vehicular ad hoc
//! networks; Journal of Computer Security 15(1), 2007), the second of the two rivals with which the paper of ECPP compares
//! itself.
//!
//! Every vehicle has thousands of keys, each certified without its name, and uses one after the other. To revoke it, all its
//! certificates go on a list that every vehicle keeps.
//!
//! What is published and what is ours is in [`MARKS`].
//!
//! | module | part of the protocol |
//! |---|---|
//! | [`cert`], [`setup`] | the authority, certificates, pools |
//! | [`list`] | the revocation list of a vehicle |
//! | [`messages`] | what travels |
//! | [`ta`], [`rsu`], [`obu`] | the roles |
//! | [`params`], [`view`] | what a scenario may set, and what a person sees |

pub mod cert;
mod draw;
pub mod list;
mod marks;
pub mod messages;
pub mod obu;
pub mod params;
pub mod rsu;
pub mod setup;
pub mod ta;
pub mod view;

use postcard_schema::Schema;
use roadveil_role::{Cardinality, Protocol, RoleSpec};

pub use marks::MARKS;

/// The protocol's number on the wire.
pub const NUMBER: u8 = 3;

/// The protocol's description of itself.
pub static PROTOCOL: Protocol = Protocol {
    name: "hab",
    number: NUMBER,
    title: "A huge pool of anonymous certificates, with a revocation list",
    paper: "M. Raya, J.-P. Hubaux: Securing vehicular ad hoc networks. Journal of Computer Security 15(1), 2007; as the rival \
            HAB of ECPP (Lu et al., INFOCOM 2008)",
    summary: "Every vehicle has thousands of ECDSA keys with anonymous certificates and signs under one after the other. All \
              certificates of a revoked vehicle go on a list that road-side units broadcast and every vehicle keeps.",
    roles: &[
        RoleSpec {
            name: "ta",
            title: "trusted authority, which certifies all keys",
            cardinality: Cardinality::One,
            radio: false,
            wired: true,
        },
        RoleSpec {
            name: "rsu",
            title: "road-side unit, which relays the revocation list",
            cardinality: Cardinality::Any,
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
    ],
    messages: messages::Msg::SCHEMA,
    params: params::PARAMS,
    attacks: &[],
    routine: &["counts"],
    marks: MARKS,
    setup: |setup| Ok(Box::new(setup::Issued::new(setup)?)),
    fold: || Box::new(view::Summary::default()),
};
