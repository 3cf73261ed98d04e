//! What is inside each pane but the map.

pub mod chart;
pub mod events;
pub mod flow;
pub mod losses;
pub mod message;
pub mod node;
pub mod nodes;
pub mod views;
