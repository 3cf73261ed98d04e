//! Points as CSV, JSON and a picture; another's points from CSV.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Point, Setting};
use crate::cli::RadioMode;
use crate::radio::Fading;
use crate::report::plot::{Plot, PlotError, Scale, Series, svg};

/// A layout's name, as in the first column.
fn name(mode: RadioMode) -> &'static str {
    match mode {
        RadioMode::Curve => "curve",
        RadioMode::Clique => "clique",
        RadioMode::Highway => "highway",
    }
}

/// What the second column holds.
fn second(mode: RadioMode) -> &'static str {
    match mode {
        RadioMode::Clique => "nodes",
        RadioMode::Curve | RadioMode::Highway => "distance_m",
    }
}

fn fading(setting: &Setting) -> &'static str {
    match setting.fading {
        Fading::Nakagami => "nakagami",
        Fading::None => "none",
    }
}

/// The rows, with their header.
pub(super) fn csv(mode: RadioMode, points: &[Point]) -> String {
    let mut text = format!("mode,{},sent,received,ratio\n", second(mode));
    for point in points {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{},{},{},{},{:.4}",
            name(mode),
            point.at,
            point.sent,
            point.received,
            point.ratio()
        );
    }
    text
}

/// Reads what [`csv`] writes; rows of the same place are summed, so that a file may hold several seeds.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn read_csv(mode: RadioMode, text: &str) -> Result<Vec<Point>, String> {
    let mut points: Vec<Point> = Vec::new();
    let header = format!("mode,{},", second(mode));
    if !text.starts_with(&header) {
        return Err(format!(
            "expected counts of a {}: a first line `{header}...`",
            name(mode)
        ));
    }
    for (number, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty()) {
        let row = row(mode, line).ok_or_else(|| {
            format!(
                "line {}: expected `{},{},SENT,RECEIVED,...`",
                number + 1,
                name(mode),
                second(mode).to_uppercase()
            )
        })?;
        match points.iter_mut().find(|point| point.at == row.at) {
            Some(point) => {
                point.sent += row.sent;
                point.received += row.received;
            }
            None => points.push(row),
        }
    }
    points.sort_by(|a, b| a.at.total_cmp(&b.at));
    Ok(points)
}

fn row(mode: RadioMode, line: &str) -> Option<Point> {
    let mut cells = line.split(',').map(str::trim);
    (cells.next()? == name(mode)).then_some(())?;
    let point = Point {
        at: cells.next()?.parse().ok().filter(|at: &f64| at.is_finite())?,
        sent: count(cells.next()?)?,
        received: count(cells.next()?)?,
    };
    (point.sent > 0 && point.received <= point.sent).then_some(point)
}

/// A count that leaves room for summing many.
fn count(text: &str) -> Option<u64> {
    text.parse().ok().filter(|count| *count < 1 << 48)
}

/// The points with what was asked for.
pub(super) fn json(setting: &Setting, seeds: u32, points: &[Point]) -> Value {
    let mut parameters = json!({
        "fading": fading(setting),
        "bytes": setting.bytes,
        "exponent": setting.exponent,
        "seed": setting.seed,
        "seeds": seeds,
    });
    let own: &[(&str, Value)] = match setting.mode {
        RadioMode::Curve => &[("frames", json!(setting.frames))],
        RadioMode::Clique => &[("seconds", json!(setting.seconds))],
        RadioMode::Highway => &[
            ("nodes", json!(setting.nodes)),
            ("seconds", json!(setting.seconds)),
            ("spacing", json!(setting.spacing)),
        ],
    };
    for (key, value) in own {
        parameters[*key] = value.clone();
    }
    let points: Vec<Value> = points
        .iter()
        .map(|point| {
            json!({
                second(setting.mode): point.at,
                "sent": point.sent,
                "received": point.received,
                "ratio": point.ratio(),
            })
        })
        .collect();
    json!({ "mode": name(setting.mode), "parameters": parameters, "points": points })
}

/// Our points and, under their name, another's.
///
/// # Errors
/// If it cannot be drawn.
pub(super) fn picture(
    setting: &Setting,
    points: &[Point],
    others: Option<(&str, &[Point])>,
) -> Result<String, PlotError> {
    let mut title = format!(
        "{}: {} bytes, exponent {}, fading {}",
        name(setting.mode),
        setting.bytes,
        setting.exponent,
        fading(setting)
    );
    if setting.mode == RadioMode::Highway {
        let _ = write!(title, ", {} nodes {} m apart", setting.nodes, setting.spacing);
    }
    // Where next to nothing is received there is nothing to see.
    let far = points
        .iter()
        .chain(others.map_or(&[][..], |(_, points)| points))
        .filter(|point| point.ratio() > 0.002)
        .map(|point| point.at)
        .fold(0.0, f64::max);
    let series = |name: &str, joined: bool, points: &[Point]| Series {
        name: name.to_owned(),
        joined,
        points: points
            .iter()
            .filter(|point| point.at <= far + 50.0)
            .map(|point| (point.at, point.ratio()))
            .collect(),
    };
    let mut drawn = vec![series("roadveil", points.len() > 1, points)];
    drawn.extend(others.map(|(name, points)| series(name, false, points)));
    svg(&Plot {
        title,
        x: match setting.mode {
            RadioMode::Clique => "nodes".to_owned(),
            RadioMode::Curve | RadioMode::Highway => "distance (m)".to_owned(),
        },
        y: "delivery ratio".to_owned(),
        scale: Scale::Ratio,
        series: drawn,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: [Point; 2] = [
        Point {
            at: 25.0,
            sent: 4021,
            received: 4021,
        },
        Point {
            at: 150.0,
            sent: 4021,
            received: 3188,
        },
    ];

    #[test]
    fn rows_are_as_ns3_radio_prints_them() {
        assert_eq!(
            csv(RadioMode::Curve, &POINTS),
            "mode,distance_m,sent,received,ratio\ncurve,25,4021,4021,1.0000\ncurve,150,4021,3188,0.7928\n"
        );
        assert!(csv(RadioMode::Clique, &[]).starts_with("mode,nodes,"));
    }

    #[test]
    fn what_is_written_is_read_and_seeds_are_summed() {
        let text = csv(RadioMode::Curve, &POINTS);
        assert_eq!(read_csv(RadioMode::Curve, &text).as_deref(), Ok(&POINTS[..]));
        let twice = format!("{text}curve,25,10,4,0.4000\n");
        let points = read_csv(RadioMode::Curve, &twice).expect("good");
        assert_eq!((points.len(), points[0].sent, points[0].received), (2, 4031, 4025));
    }

    #[test]
    fn what_is_no_csv_of_the_layout_is_refused() {
        let header = "mode,distance_m,sent,received,ratio\n";
        for bad in [
            "",
            "curve,25,1,1,1\n",
            "mode,nodes,sent,received,ratio\n",
            &format!("{header}highway,25,1,1,1\n"),
            &format!("{header}curve,25,1\n"),
            &format!("{header}curve,NaN,1,1,1\n"),
            &format!("{header}curve,25,1,2,1\n"),
            &format!("{header}curve,25,0,0,1\n"),
            &format!("{header}curve,25,18446744073709551615,1,1\n"),
        ] {
            assert!(read_csv(RadioMode::Curve, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_picture_names_both() {
        let picture = picture(&Setting::new(RadioMode::Curve), &POINTS, Some(("ns3.csv", &POINTS))).expect("drawn");
        assert!(picture.contains("roadveil") && picture.contains("ns3.csv") && picture.contains("300 bytes"));
        assert_eq!(picture.matches("<circle").count(), 3);
    }
}
