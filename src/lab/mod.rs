//! The lab: attacks and mechanisms by themselves, run many times beside what theory says of them.
//!
//! Unlike a topology a lab has no network: what it shows is measured on the real code of a protocol, outside of a run. Each row
//! of its table stands beside a closed form, and the lab fails if they part by more than chance allows.

mod ldp_defences;
mod ldp_error;
mod ldp_inference;
mod ldp_poison;

use serde_json::{Map, Value, json};

/// One lab.
pub struct Lab {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// Runs it.
    pub run: fn() -> Outcome,
}

/// All labs.
pub const LABS: &[Lab] = &[
    Lab {
        name: "ldp-error",
        title: "the error of a mean over 1,000 meters under local differential privacy, by mechanism and epsilon",
        run: ldp_error::run,
    },
    Lab {
        name: "ldp-poison",
        title: "what false reports gain on frequencies and on the mean, and what normalisation leaves of it",
        run: ldp_poison::run,
    },
    Lab {
        name: "ldp-inference",
        title: "what who sees the reports infers of one home, by how reports are made",
        run: ldp_inference::run,
    },
    Lab {
        name: "ldp-defences",
        title: "what helps against false reports, and what does not",
        run: ldp_defences::run,
    },
];

/// What a lab found.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// What must be known to read it.
    pub notes: Vec<String>,
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Value>>,
    /// Rows that part from theory by more than chance allows.
    pub parted: Vec<String>,
}

impl Outcome {
    /// For a person.
    pub fn table(&self) -> String {
        let cell = |value: &Value| match value {
            Value::Number(number) if number.is_f64() => format!("{:.3}", number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        let heads = self.columns.iter().map(|column| column.replace('_', " "));
        let all: Vec<Vec<String>> = core::iter::once(heads.collect()).chain(rows).collect();
        let width = |column: usize| {
            all.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| width(column).unwrap_or(0))
            .collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
            cells.collect::<Vec<_>>().join("  ") + "\n"
        };
        let mut text: String = all.iter().map(line).collect();
        text.push('\n');
        for note in self.notes.iter().chain(&self.parted) {
            text.push_str(note);
            text.push('\n');
        }
        text
    }

    /// For a script.
    pub fn json(&self, lab: &str) -> Value {
        let row = |row: &Vec<Value>| {
            let columns = self.columns.iter().map(|column| (*column).to_owned());
            Value::Object(columns.zip(row.iter().cloned()).collect::<Map<_, _>>())
        };
        json!({
            "schema": "roadveil.lab/1",
            "lab": lab,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "notes": self.notes,
            "parted": self.parted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_its_rows_are_objects() {
        let outcome = Outcome {
            notes: vec!["note".to_owned()],
            columns: vec!["mechanism", "rmse_percent"],
            rows: vec![
                vec![json!("RR-1"), json!(3.1819)],
                vec![json!("a longer one"), json!(10)],
            ],
            parted: vec![],
        };
        assert_eq!(
            outcome.table(),
            "   mechanism  rmse percent\n        RR-1         3.182\na longer one            10\n\nnote\n"
        );
        assert_eq!(
            outcome.json("x")["rows"][1],
            json!({ "mechanism": "a longer one", "rmse_percent": 10 })
        );
    }
}
