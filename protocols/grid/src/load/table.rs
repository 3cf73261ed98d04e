//! CSV: columns by name, and errors that say where.

use csv::{ReaderBuilder, StringRecord, Trim};

/// Most rows and most columns that are read.
const MOST_ROWS: usize = 4_000_000;
const MOST_COLUMNS: usize = 10_000;

/// Why a table cannot be read; a fragment that names the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTable(pub String);

/// A table in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    heads: StringRecord,
    /// Rows with their line in the file.
    rows: Vec<(u64, StringRecord)>,
}

impl Table {
    /// Reads text with a line of heads. Every row has as many cells.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn read(text: &str) -> Result<Table, BadTable> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
        let heads = reader.headers().map_err(|error| explain(&error))?.clone();
        let named = heads.iter().any(|head| !head.is_empty());
        if !named {
            return Err(BadTable(
                "line 1: expected names of columns, separated by commas".to_owned(),
            ));
        }
        if heads.len() > MOST_COLUMNS {
            return Err(BadTable(format!("line 1: expected at most {MOST_COLUMNS} columns")));
        }
        let names = || heads.iter().enumerate();
        if let Some((_, twice)) = names().find(|(index, head)| heads.iter().take(*index).any(|other| other == *head)) {
            return Err(BadTable(format!("line 1: two columns are called `{}`", shown(twice))));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| explain(&error))?;
            let line = record.position().map_or(0, csv::Position::line);
            if rows.len() == MOST_ROWS {
                return Err(BadTable(format!("line {line}: expected at most {MOST_ROWS} rows")));
            }
            rows.push((line, record));
        }
        if rows.is_empty() {
            return Err(BadTable("there is no row below the names of columns".to_owned()));
        }
        Ok(Table { heads, rows })
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Is there none? Never, of what was read.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Names of columns.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        self.heads.iter()
    }

    /// The place of a column.
    ///
    /// # Errors
    /// If there is none of that name; the error has the nearest.
    pub fn column(&self, name: &str) -> Result<usize, BadTable> {
        self.heads.iter().position(|head| head == name).ok_or_else(|| {
            let nearest = self
                .heads
                .iter()
                .max_by(|one, other| strsim::jaro_winkler(name, one).total_cmp(&strsim::jaro_winkler(name, other)));
            let nearest = nearest.unwrap_or_default();
            BadTable(format!(
                "line 1: there is no column `{}`; the nearest is `{}`",
                shown(name),
                shown(nearest)
            ))
        })
    }

    /// The cells of a column, with their lines.
    pub fn cells(&self, column: usize) -> impl Iterator<Item = (u64, &str)> {
        self.rows
            .iter()
            .map(move |(line, row)| (*line, row.get(column).unwrap_or_default()))
    }

    /// A column of numbers within bounds.
    ///
    /// # Errors
    /// The first cell that is none.
    pub fn numbers(&self, column: usize, least: f64, most: f64) -> Result<Vec<f64>, BadTable> {
        let name = self.heads.get(column).unwrap_or_default();
        let number = |(line, cell): (u64, &str)| {
            let number: Option<f64> = cell.parse().ok();
            number.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
                let (name, cell) = (shown(name), shown(cell));
                BadTable(format!(
                    "line {line}, column `{name}`: expected a number from {least} to {most}, found `{cell}`"
                ))
            })
        };
        self.cells(column).map(number).collect()
    }
}

/// Text of a file as an error may show it.
pub(crate) fn shown(text: &str) -> String {
    let printable = |c: char| if c.is_control() { '?' } else { c };
    let mut shown: String = text.chars().take(40).map(printable).collect();
    if text.chars().nth(40).is_some() {
        shown.push_str("...");
    }
    shown
}

fn explain(error: &csv::Error) -> BadTable {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => BadTable(format!(
            "line {}: expected {expected_len} cells, as the first line has, found {len}",
            pos.as_ref().map_or(0, csv::Position::line)
        )),
        _ => BadTable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wrong(text: &str) -> String {
        Table::read(text).expect_err(text).0
    }

    #[test]
    fn what_is_no_table_is_named_with_its_line() {
        assert!(wrong("").contains("expected names of columns"));
        assert!(wrong("a,b\n").contains("no row"));
        assert_eq!(wrong("a,b,a\n1,2,3\n"), "line 1: two columns are called `a`");
        assert_eq!(
            wrong("a,b\n1,2\n1\n"),
            "line 3: expected 2 cells, as the first line has, found 1"
        );
    }

    #[test]
    fn cells_are_numbers_within_bounds() {
        let table = Table::read("time, load\n0:00, 1.5\n0:15, -3\n").expect("a table");
        let column = table.column("load").expect("there");
        assert_eq!(
            table.numbers(column, 0.0, 100.0).expect_err("negative").0,
            "line 3, column `load`: expected a number from 0 to 100, found `-3`"
        );
        assert_eq!(table.numbers(column, -5.0, 100.0).expect("numbers"), [1.5, -3.0]);
        let missing = table.column("lod").expect_err("none").0;
        assert!(missing.ends_with("the nearest is `load`"), "{missing}");
        for absurd in ["NaN", "inf", "1e999", "", "1,5", "0x10", "12 kW"] {
            let text = format!("a\n\"{absurd}\"\n");
            assert!(
                Table::read(&text).and_then(|table| table.numbers(0, 0.0, 1e6)).is_err(),
                "{absurd}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-c0-9,.\"\n\r\\-]{0,60}") {
            if let Ok(table) = Table::read(&text) {
                let _ = table.numbers(0, -1e9, 1e9);
                prop_assert!(!table.is_empty());
            }
        }
    }
}
