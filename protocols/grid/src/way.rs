//! Ways to report over time, and what each meter keeps for it.

use roadveil_ldp::memo::Form;
use roadveil_ldp::plan::Method;

/// Who reports when, and whether answers are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A plan with a budget for a window.
    Planned(Method),
    /// Everybody in each slot with all of the budget, and no bound over slots: what not to do.
    Fresh,
    /// One remembered bit for each value of a grid.
    OneBitMean,
    /// Remembered answers in two rounds.
    Memo(Form),
    /// A few remembered bits of a few buckets.
    DBitFlip,
    /// Remembered answers of a few hashes.
    Loloha,
}

impl Way {
    /// The names in scenarios.
    pub const NAMES: &'static [&'static str] = &[
        "lpu",
        "lbu",
        "lsp",
        "lbd",
        "lba",
        "lpd",
        "lpa",
        "fresh",
        "1bit-mean",
        "l-sue",
        "l-osue",
        "l-grr",
        "dbitflip",
        "loloha",
    ];

    /// The way of that name.
    pub fn from_name(name: &str) -> Option<Way> {
        Some(match name {
            "fresh" => Way::Fresh,
            "1bit-mean" => Way::OneBitMean,
            "l-sue" => Way::Memo(Form::LSue),
            "l-osue" => Way::Memo(Form::LOsue),
            "l-grr" => Way::Memo(Form::LGrr),
            "dbitflip" => Way::DBitFlip,
            "loloha" => Way::Loloha,
            name => Way::Planned(Method::from_name(name)?),
        })
    }

    /// Does a meter answer what it answered before?
    pub fn remembers(self) -> bool {
        !matches!(self, Way::Planned(_) | Way::Fresh)
    }

    /// The plan behind it: whoever remembers reports in each slot.
    pub fn method(self) -> Method {
        match self {
            Way::Planned(method) => method,
            _ => Method::Lsp,
        }
    }
}
