//! roadveil emulates vehicular networks to study security and privacy protocols: real bytes and real cryptography
//! between virtual nodes, over modelled lossy channels, on a deterministic clock.
//!
//! This library is what the program of the same name is made of; `ARCHITECTURE.md` is its map. Modules higher in this
//! list use modules lower in it, never the other way:
//!
//! | module | what it does |
//! |---|---|
//! | [`cli`], [`command`] | reads the command line; what each command does |
//! | [`tui`], [`report`], [`study`] | the screen; summaries; many runs |
//! | [`session`] | a run from beginning to end |
//! | [`metrics`], [`journal`] | figures and display as folds over events; the event stream on disk |
//! | [`adversary`] | attackers, and privacy as they leave it |
//! | [`kernel`] | clock, queue, nodes, processors |
//! | [`radio`], [`backhaul`], [`world`], [`scenario`] | the air, the wires, where things are, topology files |
//! | [`event`], [`feed`], [`registry`] | the events; where a screen gets them from; the protocols |

#![forbid(unsafe_code)]

/// A line for a person, on stderr. Where nobody reads it (a closed pipe, a full disk) it is lost, and nothing else: what is
/// said beside a run must not end it.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($words)*);
    }};
}

pub mod adversary;
pub mod backhaul;
pub mod cli;
pub mod command;
pub mod event;
pub mod feed;
pub mod journal;
pub mod kernel;
pub mod lab;
pub mod metrics;
pub mod radio;
pub mod registry;
pub mod report;
pub mod scenario;
pub mod session;
pub mod study;
mod telemetry;
pub mod tui;
pub mod world;
