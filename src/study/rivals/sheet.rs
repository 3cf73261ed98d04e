//! A table for people and for scripts, with its pictures.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::report::plot::Plot;

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// Its name for scripts.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What must be known to read it, a paragraph each.
    pub notes: Vec<String>,
    /// What stands in the columns, with units.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// Pictures, each with the name of its file without `.svg`.
    pub plots: Vec<(String, Plot)>,
}

/// What stands in a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A quantity.
    Number(f64),
    /// Not known, or not applicable.
    Nothing,
}

impl Cell {
    /// A quantity, if there is one.
    pub fn known(number: Option<f64>) -> Cell {
        number.map_or(Cell::Nothing, Cell::Number)
    }

    fn text(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Count(count) => count.to_string(),
            Cell::Number(number) if *number >= 100.0 => format!("{number:.0}"),
            Cell::Number(number) if *number >= 10.0 => format!("{number:.1}"),
            Cell::Number(number) => format!("{number:.2}"),
            Cell::Nothing => String::new(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Cell::Text(text) => json!(text),
            Cell::Count(count) => json!(count),
            Cell::Number(number) => json!(number),
            Cell::Nothing => Value::Null,
        }
    }
}

impl Sheet {
    /// As Markdown: notes, then the table.
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        for note in &self.notes {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(text, "{note}\n");
        }
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        text += &line(self.columns.clone());
        let words = |column: usize| matches!(self.rows.first().and_then(|row| row.get(column)), Some(Cell::Text(_)));
        let rule = |column| if words(column) { "---" } else { "--:" };
        let _ = writeln!(
            text,
            "|{}|",
            (0..self.columns.len()).map(rule).collect::<Vec<_>>().join("|")
        );
        for row in &self.rows {
            text += &line(row.iter().map(Cell::text).collect());
        }
        text
    }

    /// As JSON: all digits of every number, nothing as `null`.
    pub fn json(&self) -> Value {
        let rows: Vec<Vec<Value>> = self
            .rows
            .iter()
            .map(|row| row.iter().map(Cell::json).collect())
            .collect();
        json!({
            "name": self.name,
            "title": self.title,
            "notes": self.notes,
            "columns": self.columns,
            "rows": rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_for_people_and_for_scripts() {
        let sheet = Sheet {
            name: "cost".to_owned(),
            title: "Cost".to_owned(),
            notes: vec!["Of something.".to_owned()],
            columns: ["what", "n", "ms", "stated"].map(str::to_owned).to_vec(),
            rows: vec![
                vec![
                    Cell::Text("a".to_owned()),
                    Cell::Count(3),
                    Cell::Number(20.125),
                    Cell::known(None),
                ],
                vec![
                    Cell::Text("b".to_owned()),
                    Cell::Count(0),
                    Cell::Number(0.5),
                    Cell::known(Some(123.4)),
                ],
            ],
            plots: Vec::new(),
        };
        let expected = "## Cost\n\nOf something.\n\n| what | n | ms | stated |\n|---|--:|--:|--:|\n\
                        | a | 3 | 20.1 |  |\n| b | 0 | 0.50 | 123 |\n";
        assert_eq!(sheet.markdown(), expected);
        let json = sheet.json();
        assert_eq!(json["rows"][0], json!(["a", 3, 20.125, null]));
        assert_eq!((&json["name"], &json["columns"][2]), (&json!("cost"), &json!("ms")));
    }
}
