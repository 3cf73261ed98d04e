//! Where a screen gets its events from: a run under way, or a log. The screen cannot tell which.

use std::sync::Arc;

use roadveil_role::Time;

use crate::event::{Cast, Record};

/// A stream of records, paced against the wall clock, that can be paused, stepped and, where it is a log, sought.
pub trait Feed {
    /// Who takes part, and the map.
    fn cast(&self) -> &Arc<Cast>;

    /// What has come since the last call; never waits. Empty while paused.
    fn poll(&mut self) -> Vec<Portion>;

    /// How it stands.
    fn status(&self) -> Status;

    /// Asks for something; takes effect as soon as possible.
    fn control(&mut self, control: Control);
}

/// A piece of the stream.
#[derive(Clone, Debug)]
pub enum Portion {
    /// Forget everything: the stream starts again from its beginning.
    Restart,
    /// The next records.
    Records(Arc<[Record]>),
}

/// How fast virtual time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as the machine can.
    Max,
    /// So many virtual seconds a second.
    Times(f64),
}

/// What a person may ask of a feed.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// Stand still.
    Pause,
    /// Go on.
    Resume,
    /// While paused: go on to the next transmission, and stand still again.
    Step,
    /// Change the pace.
    Speed(Speed),
    /// Go to a moment. A run under way can only go forward; a log goes anywhere.
    Seek(Time),
    /// End; the run's log is closed in good order.
    Stop,
}

/// How a feed stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// Virtual time reached.
    pub now: Time,
    /// Where it ends.
    pub end: Time,
    /// Standing still?
    pub paused: bool,
    /// Nothing more will come.
    pub finished: bool,
    /// Pace asked for.
    pub speed: Speed,
    /// Pace achieved lately, virtual seconds a second.
    pub rate: f64,
    /// Is it a log?
    pub replay: bool,
    /// What a person should know: a damaged log, a failed write.
    pub note: Option<String>,
}
