//! What a study's runs came to, as a table.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Run;
use crate::scenario::Study;

/// A figure over the seeds of one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Runs in which it had a value.
    pub runs: usize,
    /// Mean; NaN if it had none.
    pub mean: f64,
    /// Half width of the 95 % confidence interval of the mean (Student's t); NaN with fewer than two values.
    pub half: f64,
}

/// One point.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Values of what varies.
    pub values: Vec<String>,
    /// How many runs there were.
    pub runs: usize,
    /// In how many of them an expectation failed.
    pub failed: usize,
    /// The study's figures.
    pub cells: Vec<Cell>,
}

/// All points.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Paths of what varies.
    pub paths: Vec<String>,
    /// Names of the figures.
    pub figures: Vec<String>,
    /// A row a point.
    pub rows: Vec<Row>,
}

impl Cell {
    /// Over these values, of which NaN are none.
    pub fn of(values: impl Iterator<Item = f64>) -> Cell {
        let values: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let half = match values.len() {
            0 | 1 => f64::NAN,
            length => student(length - 1) * (squares / (count - 1.0) / count).sqrt(),
        };
        Cell {
            runs: values.len(),
            mean,
            half,
        }
    }
}

/// The 97.5 % quantile of Student's t distribution with so many degrees of freedom: the closed forms for one and two, and for
/// more the expansion of Abramowitz and Stegun (26.7.5), which is off by less than 0.5 % at three and less beyond.
fn student(freedom: usize) -> f64 {
    const NORMAL: f64 = 1.959_963_984_540_054;
    match freedom {
        1 => 12.706_204_736_174_7,
        2 => 4.302_652_729_749_46,
        _ => {
            let (n, x) = (freedom as f64, NORMAL);
            let power = |exponent: i32| libm::pow(x, f64::from(exponent));
            let first = (power(3) + x) / 4.0;
            let second = (5.0 * power(5) + 16.0 * power(3) + 3.0 * x) / 96.0;
            let third = (3.0 * power(7) + 19.0 * power(5) + 17.0 * power(3) - 15.0 * x) / 384.0;
            let fourth =
                (79.0 * power(9) + 776.0 * power(7) + 1482.0 * power(5) - 1920.0 * power(3) - 945.0 * x) / 92_160.0;
            x + first / n + second / (n * n) + third / (n * n * n) + fourth / (n * n * n * n)
        }
    }
}

impl Table {
    /// Of a study's runs.
    pub fn of(study: &Study, runs: &[Run]) -> Table {
        let rows = study.points().into_iter().enumerate().map(|(point, values)| {
            let of_point = || runs.iter().filter(move |run| run.point == point);
            let cell = |figure: usize| Cell::of(of_point().map(|run| run.figures[figure]));
            Row {
                values: values.into_iter().map(|(_, value)| value).collect(),
                runs: of_point().count(),
                failed: of_point().filter(|run| !run.failed.is_empty()).count(),
                cells: (0..study.figures.len()).map(cell).collect(),
            }
        });
        Table {
            paths: study.vary.iter().map(|(path, _)| path.clone()).collect(),
            figures: study.figures.clone(),
            rows: rows.collect(),
        }
    }

    /// In how many runs an expectation failed.
    pub fn failed(&self) -> usize {
        self.rows.iter().map(|row| row.failed).sum()
    }

    /// As CSV: what varies, runs, failed runs, and for each figure its mean and the half width of its interval. A value
    /// that does not exist is empty.
    pub fn csv(&self) -> String {
        let mut head: Vec<String> = self.paths.iter().map(|path| quoted(path)).collect();
        head.extend(["runs".to_owned(), "failed".to_owned()]);
        for figure in &self.figures {
            head.extend([quoted(figure), quoted(&format!("{figure} +-"))]);
        }
        let mut text = head.join(",") + "\n";
        for row in &self.rows {
            let mut fields: Vec<String> = row.values.iter().map(|value| quoted(value)).collect();
            fields.extend([row.runs.to_string(), row.failed.to_string()]);
            for cell in &row.cells {
                fields.extend([number(cell.mean), number(cell.half)]);
            }
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", fields.join(","));
        }
        text
    }

    /// As JSON, with every run.
    pub fn json(&self, study: &Study, runs: &[Run]) -> Value {
        let finite = |value: f64| value.is_finite().then_some(value);
        let rows = self.rows.iter().map(|row| {
            let cells = self.figures.iter().zip(&row.cells).map(|(figure, cell)| {
                let cell = json!({ "mean": finite(cell.mean), "half_width_95": finite(cell.half), "runs": cell.runs });
                (figure.clone(), cell)
            });
            let values = self
                .paths
                .iter()
                .cloned()
                .zip(row.values.iter().map(|value| json!(value)));
            json!({
                "point": values.collect::<serde_json::Map<_, _>>(),
                "runs": row.runs,
                "failed": row.failed,
                "figures": cells.collect::<serde_json::Map<_, _>>(),
            })
        });
        let runs = runs.iter().map(|run| {
            let figures = self
                .figures
                .iter()
                .cloned()
                .zip(run.figures.iter().map(|&value| json!(finite(value))));
            json!({
                "point": run.point,
                "seed": run.seed,
                "stream_hash": run.stream_hash,
                "failed": run.failed,
                "figures": figures.collect::<serde_json::Map<_, _>>(),
            })
        });
        json!({
            "schema": "roadveil.study/1",
            "study": study.name,
            "topology": study.topology,
            "rows": rows.collect::<Vec<_>>(),
            "runs": runs.collect::<Vec<_>>(),
        })
    }
}

/// A field of CSV (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// Six digits that count; nothing for NaN.
fn number(value: f64) -> String {
    if value.is_nan() {
        return String::new();
    }
    let digits = (5 - libm::log10(value.abs().max(1e-300)).floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        for (freedom, expected) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (9, 2.262),
            (19, 2.093),
            (29, 2.045),
            (100, 1.984),
        ] {
            let found = student(freedom);
            assert!(
                (found / expected - 1.0).abs() < 0.005,
                "{freedom}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn a_cell_has_mean_and_interval() {
        let cell = Cell::of([2.0, 4.0, f64::NAN, 6.0].into_iter());
        assert_eq!((cell.runs, cell.mean), (3, 4.0));
        // A standard deviation of two over the root of three, times 4.303.
        assert!((cell.half - 4.968).abs() < 1e-3);
        assert!(Cell::of([1.0].into_iter()).half.is_nan());
        assert!(Cell::of(std::iter::empty()).mean.is_nan());
    }

    #[test]
    fn tables_are_csv_and_json() {
        let study = Study {
            vary: vec![("a.b".to_owned(), vec!["x, y".to_owned(), "z".to_owned()])],
            figures: vec!["events".to_owned()],
            ..Study::of("city", vec![1, 2])
        };
        let run = |point, seed, figure, failed: &[&str]| Run {
            point,
            seed,
            figures: vec![figure],
            failed: failed.iter().map(|text| (*text).to_owned()).collect(),
            stream_hash: "ab".to_owned(),
        };
        let runs = [
            run(0, 1, 1.0, &[]),
            run(0, 2, 2.0, &["events > 1"]),
            run(1, 1, f64::NAN, &[]),
        ];
        let table = Table::of(&study, &runs);
        assert_eq!(table.failed(), 1);
        assert_eq!(
            table.csv(),
            "a.b,runs,failed,events,events +-\n\"x, y\",2,1,1.5,6.3531\nz,1,0,,\n"
        );
        let value = table.json(&study, &runs);
        assert_eq!(value["rows"][0]["figures"]["events"]["mean"], 1.5);
        assert!(value["rows"][1]["figures"]["events"]["mean"].is_null());
        assert_eq!(value["runs"][1]["failed"][0], "events > 1");
    }

    #[test]
    fn numbers_have_six_digits() {
        for (value, text) in [
            (0.0, "0"),
            (123_456_789.0, "123456789"),
            (1.0 / 3.0, "0.333333"),
            (12.5, "12.5"),
            (0.000_123_456_789, "0.000123457"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
