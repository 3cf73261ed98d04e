//! Neutral shapes for what a person should see. A protocol folds its own events into them; screen, report and JSON draw
//! them; no protocol knows how.

use crate::{Time, Value};

/// An event that a role emitted, as a fold sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Emitted<'a> {
    /// When, on the kernel's clock.
    pub at: Time,
    /// The node's name.
    pub node: &'a str,
    /// The role's name, without the protocol's.
    pub role: &'a str,
    /// The event's name.
    pub name: &'a str,
    /// Its fields.
    pub fields: &'a [(String, Value)],
}

impl Emitted<'_> {
    /// The field called `name`.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// One thing to show.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// Rows under headings.
    Table {
        /// Title.
        title: String,
        /// Column headings.
        columns: Vec<String>,
        /// Rows, each as long as `columns`.
        rows: Vec<Vec<String>>,
    },
    /// Names and values.
    KeyValue {
        /// Title.
        title: String,
        /// Pairs, in order.
        pairs: Vec<(String, String)>,
    },
    /// A share of a whole.
    Gauge {
        /// Title.
        title: String,
        /// From 0 to 1.
        share: f64,
        /// What to write on it.
        label: String,
    },
    /// A quantity over time, with a band of confidence where there is one.
    Series {
        /// Title, with the unit.
        title: String,
        /// Seconds and value, in order of time.
        points: Vec<(f64, f64)>,
        /// Lower and upper bound for each point; empty for none.
        band: Vec<(f64, f64)>,
        /// Another course to compare it with: its name, and seconds and value in order of time.
        beside: Option<(String, Vec<(f64, f64)>)>,
    },
    /// Counts by bin.
    Histogram {
        /// Title, with the unit of the bins.
        title: String,
        /// Lower edge and count of each bin.
        bins: Vec<(f64, u64)>,
    },
    /// How many are in each state.
    States {
        /// Title.
        title: String,
        /// State and count.
        states: Vec<(String, u64)>,
    },
    /// Who is joined to whom.
    Graph {
        /// Title.
        title: String,
        /// Names of the vertices.
        vertices: Vec<String>,
        /// Edges by index, with a label.
        edges: Vec<(usize, usize, String)>,
    },
}

/// A fold over a protocol's own events: the same for a live run and for a log.
pub trait Fold: Send {
    /// Takes one event in.
    fn observe(&mut self, event: &Emitted<'_>);

    /// What to show now.
    fn views(&self) -> Vec<View>;

    /// The protocol's figures for the report: name and value. A name, once shipped, keeps its meaning and unit.
    fn figures(&self) -> Vec<(&'static str, Value)>;
}
