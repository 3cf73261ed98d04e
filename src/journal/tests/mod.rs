//! What the parts of the journal do together.

mod damaged;
mod sample;
mod stream;
mod written;
