//! The screen: what it shows at several sizes, what each key does, and that nothing makes it fail.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "tui/city.rs"]
mod city;
#[path = "tui/keys.rs"]
mod keys;
#[path = "tui/looks.rs"]
mod looks;
#[path = "tui/sample.rs"]
mod sample;
#[path = "tui/show.rs"]
mod show;
#[path = "tui/storm.rs"]
mod storm;
