//! The screen: what it shows at several sizes, what each key does, and that nothing makes it fail.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

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
