//! What is left of a run for people and for scripts: a table, a JSON object, plots.
//!
//! A field, once shipped, keeps its name and unit; `docs/report.schema.json` describes them all.

mod json;
pub mod plot;
mod table;

pub use json::{SCHEMA, report};
pub use table::{figures, summary};
