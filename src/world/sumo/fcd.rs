//! SUMO floating car data: where each vehicle is at each time step.

use std::collections::BTreeMap;

use super::{Element, Fault, Visitor, seconds, walk};
use crate::world::Rect;
use crate::world::source::{ReadError, Source};
use crate::world::traces::{Recording, Sample, Traces};

/// Most samples that are kept.
const MAX_SAMPLES: usize = 20_000_000;

/// Most different vehicles.
const MAX_VEHICLES: usize = 1_000_000;

/// Fastest that a vehicle may be, metres a second.
const MAX_SPEED: f64 = 600.0;

/// What part of a recording is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cut {
    /// From this time on, nanoseconds after the first sample of the recording.
    pub begin: Option<u64>,
    /// Up to this time, likewise, inclusive.
    pub end: Option<u64>,
    /// Within this area, edges included.
    pub area: Option<Rect>,
}

impl Cut {
    /// Is a time after the first sample within `begin` and `end`?
    fn holds(&self, since: u64) -> bool {
        self.begin.is_none_or(|begin| since >= begin) && self.end.is_none_or(|end| since <= end)
    }
}

/// Reads a recording. Its first sample that the cut leaves is time 0.
///
/// # Errors
/// If the file cannot be read, is no recording, or if nothing is left of it.
pub fn read(source: &Source, cut: &Cut) -> Result<Traces, ReadError> {
    let mut reader = FcdReader {
        cut: *cut,
        ..FcdReader::default()
    };
    walk(source, &mut reader)?;
    let fail = |message: String| ReadError {
        name: source.name.clone(),
        place: None,
        message,
    };
    let (first, last) = (reader.first, reader.last);
    if reader.recording.samples == 0 {
        return Err(fail(match first.zip(last) {
            None => "holds no vehicle".to_owned(),
            Some((first, last)) => {
                let seconds = (last - first) as f64 / 1e9;
                format!(
                    "holds no vehicle within `begin`, `end` and `bbox`: it goes from 0 s to {seconds} s, counted from its first sample"
                )
            }
        }));
    }
    if reader.recording.times.len() < 2 {
        let steps = "holds a single time step within the cut: expected at least two, between which vehicles can move";
        return Err(fail(steps.to_owned()));
    }
    Ok(Traces::from_recording(reader.recording))
}

/// What has been read so far.
#[derive(Debug, Default)]
struct FcdReader {
    cut: Cut,
    recording: Recording,
    /// Vehicles by name.
    known: BTreeMap<String, u32>,
    /// The time of the time step that is open, or was the last, also if it is cut.
    last: Option<u64>,
    /// The time of the first sample, also if it is cut.
    first: Option<u64>,
}

impl Visitor for FcdReader {
    fn root(&self) -> &'static [&'static str] {
        &["fcd-export"]
    }

    fn open(&mut self, element: &Element<'_>) -> Result<(), Fault> {
        match (element.depth, element.name()) {
            (1, "timestep") => self.step(element),
            (2, "vehicle") => self.vehicle(element),
            _ => Ok(()),
        }
    }
}

impl FcdReader {
    fn step(&mut self, element: &Element<'_>) -> Result<(), Fault> {
        let [time] = element.attributes(["time"])?;
        let text = element.required("time", &time)?;
        let time = seconds(text).ok_or_else(|| element.wrong("time", text, "seconds such as `500.00`"))?;
        if self.last.is_some_and(|last| time <= last) {
            return Err(element.wrong("time", text, "a later time than that of the step before"));
        }
        self.last = Some(time);
        // Empty steps before the first sample that is kept do not count: that one is time 0.
        if self.recording.samples == 0 {
            self.recording.times.clear();
        }
        if self.first.is_none_or(|first| self.cut.holds(time - first)) {
            self.recording.times.push(time);
        }
        Ok(())
    }

    fn vehicle(&mut self, element: &Element<'_>) -> Result<(), Fault> {
        let Some(time) = self.last else {
            return Err(element.fault("a vehicle stands in no time step"));
        };
        let first = *self.first.get_or_insert(time);
        if !self.cut.holds(time - first) {
            // The first sample of all was not known to be one when its step began.
            if time == first {
                self.recording.times.clear();
            }
            return Ok(());
        }
        let [id, x, y, angle, speed] = element.attributes(["id", "x", "y", "angle", "speed"])?;
        let (x, y) = (element.coordinate("x", &x)?, element.coordinate("y", &y)?);
        let angle = element.number("angle", &angle, -360.0, 360.0)?;
        // SUMO writes a negative speed for a vehicle that is being taken off the road.
        let speed = element.number("speed", &speed, -1e9, MAX_SPEED)?.max(0.0);
        let id = element.id("id", &id)?;
        if self.cut.area.is_some_and(|area| !area.contains(x, y)) {
            return Ok(());
        }
        let vehicle = match self.known.get(id) {
            Some(&vehicle) => vehicle,
            None => self.newcomer(id, element)?,
        };
        if self.recording.samples == MAX_SAMPLES {
            return Err(element.fault(format!(
                "holds more than {MAX_SAMPLES} samples: cut it by `begin`, `end` or `bbox`"
            )));
        }
        let step = u32::try_from(self.recording.times.len().saturating_sub(1)).unwrap_or(u32::MAX);
        if !self.recording.add(vehicle, step, Sample::new(x, y, speed, angle)) {
            return Err(element.wrong("id", id, "no vehicle twice in one time step"));
        }
        Ok(())
    }

    fn newcomer(&mut self, id: &str, element: &Element<'_>) -> Result<u32, Fault> {
        if self.known.len() == MAX_VEHICLES {
            return Err(element.fault(format!("holds more than {MAX_VEHICLES} vehicles")));
        }
        let vehicle = self.recording.vehicle(id);
        self.known.insert(id.to_owned(), vehicle);
        Ok(vehicle)
    }
}

#[cfg(test)]
mod tests {
    use roadveil_role::Time;

    use super::*;
    use crate::world::TraceId;

    /// Reads a recording in memory.
    fn read_text(text: &str, cut: &Cut) -> Result<Traces, String> {
        read(&Source::memory("f.xml", text.as_bytes().to_vec()), cut).map_err(|error| error.to_string())
    }

    /// A recording of steps of one second from second 100; each letter is a vehicle, at ten metres times its place.
    fn recording(steps: &[&str]) -> String {
        let mut text = "<fcd-export>\n".to_owned();
        for (number, vehicles) in steps.iter().enumerate() {
            text += &format!("<timestep time=\"{}.00\">\n", 100 + number);
            for vehicle in vehicles.chars() {
                text += &format!(
                    "<vehicle id=\"{vehicle}\" x=\"{}.0\" y=\"5.25\" angle=\"90\" type=\"t\" speed=\"10.0\"/>\n",
                    number * 10
                );
            }
            text += "</timestep>\n";
        }
        text + "</fcd-export>\n"
    }

    #[test]
    fn vehicles_come_go_and_return() {
        let traces =
            read_text(&recording(&["", "ab", "ab", "b", "ba", "a"]), &Cut::default()).expect("it is a recording");
        let names: Vec<_> = traces.iter().map(|trace| trace.id.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let seconds = |from, to| (Time::from_secs(from), Time::from_secs(to));
        assert_eq!(
            traces.stretches(TraceId(0)).collect::<Vec<_>>(),
            [seconds(0, 1), seconds(3, 4)]
        );
        assert_eq!(
            (traces.present(TraceId(0)), traces.present(TraceId(1))),
            (seconds(0, 4), seconds(0, 3))
        );
        let fix = traces.fix(TraceId(0), Time::from_millis(250)).expect("it is there");
        assert_eq!((fix.x, fix.y, fix.speed, fix.heading), (12.5, 5.25, 10.0, 90.0));
        assert_eq!(traces.fix(TraceId(0), Time::from_millis(1_001)), None);
        assert_eq!(traces.fix(TraceId(0), Time::from_millis(2_999)), None);
    }

    #[test]
    fn a_cut_moves_time_zero() {
        let text = recording(&["a", "a", "a", "a"]);
        let cut = Cut {
            begin: Some(1_000_000_000),
            end: Some(2_000_000_000),
            area: None,
        };
        let traces = read_text(&text, &cut).expect("two steps are left");
        assert_eq!(traces.present(TraceId(0)), (Time::ZERO, Time::from_secs(1)));
        assert_eq!(traces.fix(TraceId(0), Time::ZERO).map(|fix| fix.x), Some(10.0));
        let area = Some(Rect {
            x0: 15.0,
            y0: 0.0,
            x1: 99.0,
            y1: 10.0,
        });
        let traces = read_text(&text, &Cut { area, ..Cut::default() }).expect("two steps are left");
        assert_eq!(traces.fix(TraceId(0), Time::ZERO).map(|fix| fix.x), Some(20.0));
        let nothing = read_text(
            &text,
            &Cut {
                begin: Some(900_000_000_000),
                ..Cut::default()
            },
        );
        assert!(nothing.is_err_and(|error| error.contains("no vehicle within")));
    }

    #[test]
    fn malformed_recordings_are_refused() {
        let cases = [
            (recording(&[]), "f.xml: holds no vehicle"),
            (recording(&["a"]), "f.xml: holds a single time step"),
            (
                recording(&["a", "aa"]),
                "f.xml:7:1: attribute `id` of <vehicle> is \"a\": expected no vehicle twice",
            ),
            (
                recording(&["a", "a"]).replace("101.00", "100.00"),
                "f.xml:5:1: attribute `time` of <timestep> is \"100.00\": expected a later",
            ),
            (
                recording(&["a", "a"]).replace("101.00", "abc"),
                "f.xml:5:1: attribute `time`",
            ),
            (
                recording(&["a", "a"]).replace("x=\"10.0\"", "x=\"inf\""),
                "f.xml:6:1: attribute `x` of <vehicle> is \"inf\"",
            ),
            (
                recording(&["a", "a"]).replace("x=\"10.0\"", ""),
                "<vehicle> has no attribute `x`",
            ),
            (
                recording(&["a", "a"]).replace("speed=\"10.0\"", "speed=\"1e30\""),
                "attribute `speed`",
            ),
            (
                recording(&["a", "a"]).replace("angle=\"90\"", ""),
                "<vehicle> has no attribute `angle`",
            ),
            (
                recording(&["a", "a"]).replace("</fcd-export>", ""),
                "ends inside an element",
            ),
        ];
        for (text, expected) in cases {
            let found = read_text(&text, &Cut::default()).expect_err(expected);
            assert!(found.starts_with(expected) || found.contains(expected), "{found}");
        }
    }
}
