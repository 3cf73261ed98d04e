//! The map: roads and buildings, vehicles by what they know, radio activity, and where the selected message went.
//!
//! A canvas of many small shapes costs milliseconds; a grid of braille dots costs microseconds. What stands still is drawn
//! once for each camera position and copied; only what moves is drawn for each frame. Nothing here knows the wall clock:
//! a ring grows with virtual time, so a paused map stands still.

mod camera;
mod draw;
mod grid;
mod ground;
mod nodes;

pub use camera::{Camera, Viewport};
pub use draw::draw;
pub use grid::Grid;
pub use ground::Ground;
