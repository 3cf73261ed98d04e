//! Attackers that belong to no single protocol, and what their success says of privacy.
//!
//! An attacker knows what antennas received: frames, when, from which link address, and what stands in them in the open.
//! Truth is used to judge, never to infer.
//!
//! | module | what it holds |
//! |---|---|
//! | [`sighting`] | what antennas hear of vehicles, out of the frames of a run |
//! | [`kalman`] | where something that moved so is by then, and how surely |
//! | [`tracker`] | which new pseudonym is whose old one |
//! | [`listener`] | the listeners of a scenario, from record to figure |
//! | [`privacy`] | how well that is known: anonymity, linking, trips followed |

pub mod kalman;
pub mod listener;
pub mod privacy;
pub mod sighting;
pub mod tracker;

pub use listener::{Listener, Listeners};
pub use privacy::{Judged, Privacy};
pub use sighting::{Air, Antennas, Ear, Segment, Sighting};
pub use tracker::{Links, Settings};
