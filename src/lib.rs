//! roadveil emulates vehicular networks to study security and privacy protocols.

pub mod backhaul;
pub mod event;
pub mod feed;
pub mod journal;
pub mod kernel;
pub mod metrics;
pub mod radio;
pub mod registry;
pub mod report;
pub mod scenario;
pub mod tui;
pub mod world;
