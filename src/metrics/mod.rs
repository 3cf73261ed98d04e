//! Figures of a run, each a fold over its events: the same for a run under way and for a log.

pub mod scene;
mod summary;

pub use summary::{Count, Summary};
