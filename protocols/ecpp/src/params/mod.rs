//! Parameters: declared for the scenario, gathered for the roles.

mod config;
mod liars;
mod table;
mod zones;

pub use config::{Attach, Beaconing, Config, Scheme, Verification};
pub use liars::{Falsehood, Lie, Misbehaviour, Theft, falsehoods, misbehaviours, thefts};
pub use table::PARAMS;
pub use zones::{Zone, zones};
