//! GSB: safety messages under group signatures with verifier-local revocation (D. Boneh, H. Shacham; CCS 2004,
//! doi 10.1145/1030083.1030106), the first of the two rivals with which the paper of ECPP compares itself.
//!
//! Every vehicle signs as some member of one group. Nobody but the manager can tell which, and nobody can tell whether two
//! messages are of one member. A member is revoked by his token: whoever has the list checks every signature against it.
//!
//! **An adaptation and in parts a reconstruction**: the paper works in groups with an isomorphism from G2 to G1, and has
//! no road. See [`MARKS`] and [`signature`].
//!
//! | module | part of the protocol |
//! |---|---|
//! | [`group`], [`keys`], [`setup`] | the group, its manager, its members |
//! | [`batch`] | what a batch of signatures would cost |
//! | [`signature`], [`revocation`] | signing, checking, opening; the list |
//! | [`messages`], [`notes`] | what travels, and what its receivers work out once for all of them |
//! | [`ta`], [`rsu`], [`obu`] | the roles |
//! | [`params`], [`view`] | what a scenario may set, and what a person sees |

pub mod batch;
mod draw;
pub mod group;
pub mod keys;
mod marks;
pub mod messages;
pub mod notes;
pub mod obu;
pub mod params;
pub mod revocation;
pub mod rsu;
pub mod setup;
pub mod signature;
pub mod ta;
#[cfg(test)]
mod testing;
pub mod view;

use postcard_schema::Schema;
use roadveil_role::{Cardinality, Protocol, RoleSpec};

pub use marks::MARKS;

/// The protocol's number on the wire.
pub const NUMBER: u8 = 2;

/// The protocol's description of itself.
pub static PROTOCOL: Protocol = Protocol {
    name: "gsb",
    number: NUMBER,
    title: "Group signatures with verifier-local revocation",
    paper: "D. Boneh, H. Shacham: Group signatures with verifier-local revocation. CCS 2004. doi 10.1145/1030083.1030106; \
            as the rival GSB of ECPP (Lu et al., INFOCOM 2008)",
    summary: "Vehicles sign their safety messages as members of one group; only the manager can tell who signed. Receivers \
              check every signature against a revocation list that road-side units broadcast: one pairing for each revoked \
              member, or a look into a table if messages may be linked within a period. An adaptation to groups without \
              the paper's isomorphism: see what is marked as reconstruction.",
    roles: &[
        RoleSpec {
            name: "ta",
            title: "trusted authority, the group's manager",
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
