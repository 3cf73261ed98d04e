//! The contract between a protocol and whatever runs it.
//!
//! A protocol is a set of **roles** (an on-board unit, a road-side unit, a trusted authority ...). A role is a pure state
//! machine: it is told of a start, a frame, a timer or a word from a neighbouring role, and asks its [`Cx`] for effects.
//! It has no clock, socket, thread, file or randomness but the context's.
//!
//! > **Effects are carried out in order, together, after the callback has returned; nothing that a role can call blocks
//! > or fails.** The time of a callback is the moment at which the node's processor took it up; its effects leave when
//! > the operations that it charged are done.
//!
//! | module | what it holds |
//! |---|---|
//! | [`time`], [`address`], [`priority`] | virtual time, link addresses on the air, host addresses on the wires, urgency |
//! | [`cx`], [`contract`] | the context, the effects, the two traits: [`Role`] for the runner, [`Actor`] for the author |
//! | [`later`] | work that a callback hands over, to be computed when there is time |
//! | [`inbound`] | a frame as all its receivers share it |
//! | [`message`], [`tree`] | canonical frames, and their decoded form drawn from the schema |
//! | [`reason`] | every reason for which a frame can be lost or refused |
//! | [`random`] | streams keyed by seed, node, role, purpose and exchange |
//! | [`protocol`], [`param`], [`plan`] | what a protocol says of itself: roles, parameters, marks, how to build it |
//! | [`cam`] | when a vehicle says where it is, after ETSI EN 302 637-2 |
//! | [`service`] | what a role may offer to another on the same node |
//! | [`view`] | neutral shapes for what a person should see |
//! | [`testkit`] | roles over an in-memory network with loss, reordering and duplication |

#![forbid(unsafe_code)]

pub mod address;
pub mod body;
pub mod cam;
pub mod contract;
pub mod cx;
pub mod inbound;
pub mod later;
pub mod message;
pub mod param;
pub mod plan;
pub mod priority;
pub mod protocol;
pub mod random;
pub mod reason;
pub mod service;
pub mod testkit;
pub mod time;
pub mod tree;
pub mod value;
pub mod view;

pub use address::{Address, HostAddr, LinkAddr};
pub use body::{Body, Cam, Padding};
pub use contract::{Actor, Role, Typed};
pub use cx::{Checker, Cx, Effect, Fix};
pub use inbound::{Inbound, Noted};
pub use later::{Built, Deferred, Payload};
pub use message::{DecodeError, Message, decode, encode};
pub use param::{ParamKind, ParamSpec, Params};
pub use priority::Priority;
pub use protocol::{Cardinality, Deployment, Mark, NodeSpec, Protocol, RoleSpec, Setup, SetupError, Source};
pub use random::{Stream, Streams};
pub use reason::{Layer, Reason};
pub use time::{Time, Timer};
pub use value::Value;
