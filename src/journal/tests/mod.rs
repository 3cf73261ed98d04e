//! What the parts of the journal do together.

mod damaged;
pub(super) mod sample;
mod stream;
mod told;
mod written;
