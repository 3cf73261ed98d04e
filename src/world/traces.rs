//! Recorded mobility: samples at time steps, interpolated between them.
//!
//! A vehicle is **there** from the first to the last sample of each stretch without a gap. A gap is a time step at which it
//! has no sample, or a distance between two steps of more than one and a half times the usual one (the median). A vehicle
//! that returns after a gap is the same vehicle, and so the same node: meanwhile it is nowhere, as if switched off.

use roadveil_role::{Fix, Time};

use super::TraceId;

/// One sample, 12 bytes: centimetres, centimetres a second, hundredths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    x: i32,
    y: i32,
    speed: u16,
    angle: u16,
}

/// Hundredths of a degree in a full turn.
const TURN: i32 = 36_000;

impl Sample {
    /// A sample from metres, metres a second and degrees clockwise from north, rounded to what is stored.
    pub fn new(x: f64, y: f64, speed: f64, angle: f64) -> Sample {
        // Casts saturate, and the readers hold the bounds.
        let angle = (libm::round(angle * 100.0) as i32).rem_euclid(TURN);
        Sample {
            x: libm::round(x * 100.0) as i32,
            y: libm::round(y * 100.0) as i32,
            speed: libm::round(speed * 100.0) as u16,
            angle: u16::try_from(angle).unwrap_or(0),
        }
    }

    /// The point, metres.
    pub fn point(&self) -> (f64, f64) {
        (f64::from(self.x) / 100.0, f64::from(self.y) / 100.0)
    }

    /// Between this sample (0) and `next` (1): positions and speed linearly, heading by the shorter arc.
    fn towards(&self, next: &Sample, share: f64) -> Fix {
        let between = |a: f64, b: f64| a + (b - a) * share;
        let turn = (i32::from(next.angle) - i32::from(self.angle) + TURN + TURN / 2).rem_euclid(TURN) - TURN / 2;
        let heading = f64::from(self.angle) + f64::from(turn) * share;
        let full = f64::from(TURN);
        let heading = if heading < 0.0 {
            heading + full
        } else if heading >= full {
            heading - full
        } else {
            heading
        };
        let (from, to) = (self.point(), next.point());
        Fix {
            x: between(from.0, to.0),
            y: between(from.1, to.1),
            speed: between(f64::from(self.speed), f64::from(next.speed)) / 100.0,
            heading: heading / 100.0,
        }
    }
}

/// What a reader hands over: samples by vehicle, at numbered time steps.
#[derive(Debug, Default)]
pub struct Recording {
    /// Times of the steps, nanoseconds of the recording, ascending.
    pub times: Vec<u64>,
    /// How many samples there are.
    pub samples: usize,
    vehicles: Vec<Seen>,
}

/// A vehicle of a recording.
#[derive(Debug)]
struct Seen {
    id: String,
    samples: Vec<(u32, Sample)>,
}

impl Recording {
    /// A vehicle that was not there before; its number.
    pub fn vehicle(&mut self, id: &str) -> u32 {
        self.vehicles.push(Seen {
            id: id.to_owned(),
            samples: Vec::new(),
        });
        u32::try_from(self.vehicles.len() - 1).unwrap_or(u32::MAX)
    }

    /// Adds a sample of a vehicle at a step. `false`, and nothing added, if it has one there already, or at a later step.
    #[must_use]
    pub fn add(&mut self, vehicle: u32, step: u32, sample: Sample) -> bool {
        let Some(seen) = self.vehicles.get_mut(vehicle as usize) else {
            return false;
        };
        let ascends = seen.samples.last().is_none_or(|(last, _)| *last < step);
        if ascends {
            seen.samples.push((step, sample));
            self.samples += 1;
        }
        ascends
    }
}

/// A vehicle's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The vehicle's name.
    pub id: String,
    /// At least one, in order of time.
    stretches: Box<[Stretch]>,
}

/// Samples at consecutive time steps.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stretch {
    /// The step of the first sample.
    first: usize,
    samples: Box<[Sample]>,
}

impl Trace {
    /// Its points in order, metres, stretch by stretch.
    pub fn stretches(&self) -> impl Iterator<Item = impl Iterator<Item = (f64, f64)>> {
        self.stretches
            .iter()
            .map(|stretch| stretch.samples.iter().map(Sample::point))
    }

    /// Its points in order, metres.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.stretches().flatten()
    }
}

/// All traces of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// Times of the steps, nanoseconds of the run.
    times: Vec<u64>,
    /// The distance between steps where it is the same everywhere, nanoseconds.
    step: Option<u64>,
    traces: Vec<Trace>,
}

impl Traces {
    /// Cuts a recording into stretches. Its first sample is time 0.
    pub fn from_recording(recording: Recording) -> Traces {
        let Recording {
            mut times, vehicles, ..
        } = recording;
        let start = times.first().copied().unwrap_or(0);
        times.iter_mut().for_each(|time| *time = time.saturating_sub(start));
        let mut distances: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        distances.sort_unstable();
        let usual = distances.get(distances.len() / 2).copied().unwrap_or(0);
        let step = (distances.first() == distances.last())
            .then_some(usual)
            .filter(|step| *step > 0);

        let joined = |a: u32, b: u32| {
            let (from, to) = (times.get(a as usize), times.get(b as usize));
            b == a + 1
                && from
                    .zip(to)
                    .is_some_and(|(from, to)| to - from <= usual.saturating_add(usual / 2))
        };
        let cut = |seen: Seen| {
            let stretches = seen.samples.chunk_by(|a, b| joined(a.0, b.0)).filter_map(|stretch| {
                let first = stretch.first()?.0 as usize;
                Some(Stretch {
                    first,
                    samples: stretch.iter().map(|(_, sample)| *sample).collect(),
                })
            });
            Trace {
                stretches: stretches.collect(),
                id: seen.id,
            }
        };
        let traces = vehicles
            .into_iter()
            .map(cut)
            .filter(|trace| !trace.stretches.is_empty())
            .collect();
        Traces { times, step, traces }
    }

    /// The traces, in the order in which their vehicles first appear; the position is the [`TraceId`].
    pub fn iter(&self) -> impl Iterator<Item = &Trace> {
        self.traces.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.traces.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.traces.is_empty()
    }

    /// How many samples there are.
    pub fn samples(&self) -> usize {
        self.traces
            .iter()
            .flat_map(|trace| &trace.stretches)
            .map(|stretch| stretch.samples.len())
            .sum()
    }

    /// The last moment at which any vehicle is there.
    pub fn end(&self) -> Time {
        let last = self
            .traces
            .iter()
            .filter_map(|trace| self.span(trace.stretches.last()?))
            .map(|(_, last)| last);
        last.max().unwrap_or(Time::ZERO)
    }

    /// The first and the last moment of each stretch of a trace, in order.
    pub fn stretches(&self, id: TraceId) -> impl Iterator<Item = (Time, Time)> {
        self.traces
            .get(id.0 as usize)
            .into_iter()
            .flat_map(|trace| &trace.stretches)
            .filter_map(|stretch| self.span(stretch))
    }

    /// The first and the last moment of a trace; both zero if there is no such trace.
    pub fn present(&self, id: TraceId) -> (Time, Time) {
        let mut stretches = self.stretches(id);
        let Some((first, last)) = stretches.next() else {
            return (Time::ZERO, Time::ZERO);
        };
        (first, stretches.last().map_or(last, |(_, last)| last))
    }

    /// The first and the last moment of a stretch.
    fn span(&self, stretch: &Stretch) -> Option<(Time, Time)> {
        let last = (stretch.first + stretch.samples.len()).checked_sub(1)?;
        Some((Time(*self.times.get(stretch.first)?), Time(*self.times.get(last)?)))
    }

    /// Where a trace is at a moment. `None` before its first sample, after its last, and in a gap.
    pub fn fix(&self, id: TraceId, at: Time) -> Option<Fix> {
        let trace = self.traces.get(id.0 as usize)?;
        // The step at or before the moment.
        let step = match self.step {
            Some(step) => usize::try_from(at.0 / step).ok()?,
            None => self.times.partition_point(|time| *time <= at.0).checked_sub(1)?,
        };
        let begun = trace.stretches.partition_point(|stretch| stretch.first <= step);
        let stretch = trace.stretches.get(begun.checked_sub(1)?)?;
        let index = step - stretch.first;
        let sample = stretch.samples.get(index)?;
        let since = at.0 - self.times.get(step)?;
        match stretch.samples.get(index + 1) {
            Some(next) => {
                let span = self.times.get(step + 1)? - self.times.get(step)?;
                Some(sample.towards(next, since as f64 / span as f64))
            }
            None if since == 0 => Some(sample.towards(sample, 0.0)),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A recording of one vehicle with samples at these steps, at `x` ten metres times the step.
    fn one(times: &[u64], steps: &[u32]) -> Traces {
        let mut recording = Recording {
            times: times.to_vec(),
            ..Recording::default()
        };
        let vehicle = recording.vehicle("v");
        for &step in steps {
            assert!(recording.add(vehicle, step, Sample::new(f64::from(step) * 10.0, -1.0, 5.0, 0.0)));
        }
        Traces::from_recording(recording)
    }

    #[test]
    fn heading_turns_the_shorter_way() {
        let north_west = Sample::new(0.0, 0.0, 0.0, 350.0);
        let north_east = Sample::new(0.0, 0.0, 0.0, 30.0);
        assert_eq!(north_west.towards(&north_east, 0.25).heading, 0.0);
        assert_eq!(north_west.towards(&north_east, 0.5).heading, 10.0);
        assert_eq!(north_east.towards(&north_west, 0.25).heading, 20.0);
        assert_eq!(north_east.towards(&north_west, 1.0).heading, 350.0);
        assert_eq!(Sample::new(0.0, 0.0, 0.0, 360.0), Sample::new(0.0, 0.0, 0.0, 0.0));
        assert_eq!(Sample::new(0.0, 0.0, 0.0, -90.0), Sample::new(0.0, 0.0, 0.0, 270.0));
    }

    #[test]
    fn uneven_steps_interpolate_and_a_long_one_is_a_gap() {
        let traces = one(&[5, 15, 29, 39, 139, 149], &[0, 1, 2, 3, 4, 5]);
        assert_eq!((traces.len(), traces.samples(), traces.end()), (1, 6, Time(144)));
        let id = TraceId(0);
        assert_eq!(
            traces.stretches(id).collect::<Vec<_>>(),
            [(Time(0), Time(34)), (Time(134), Time(144))]
        );
        assert_eq!(traces.present(id), (Time(0), Time(144)));
        assert_eq!(traces.fix(id, Time(17)).map(|fix| fix.x), Some(15.0));
        assert_eq!(traces.fix(id, Time(34)).map(|fix| fix.x), Some(30.0));
        assert_eq!(
            (
                traces.fix(id, Time(35)),
                traces.fix(id, Time(133)),
                traces.fix(id, Time(145))
            ),
            (None, None, None)
        );
        assert_eq!(traces.fix(TraceId(9), Time(0)), None);
    }

    #[test]
    fn a_single_sample_is_there_for_a_moment() {
        let traces = one(&[0, 10, 20, 30], &[0, 2, 3]);
        assert_eq!(
            traces.stretches(TraceId(0)).collect::<Vec<_>>(),
            [(Time(0), Time(0)), (Time(20), Time(30))]
        );
        assert!(traces.fix(TraceId(0), Time(0)).is_some() && traces.fix(TraceId(0), Time(1)).is_none());
    }

    proptest! {
        #[test]
        fn fixes_exist_exactly_within_stretches(
            gaps in prop::collection::vec(1_u64..40, 2..30),
            there in prop::collection::vec(any::<bool>(), 30),
            probe in 0_u64..1_300,
        ) {
            let times: Vec<u64> = gaps.iter().scan(0, |time, gap| { *time += gap; Some(*time) }).collect();
            let steps: Vec<u32> = (0..times.len() as u32).filter(|step| there[*step as usize]).collect();
            let traces = one(&times, &steps);
            let id = TraceId(0);
            let inside = traces.stretches(id).any(|(first, last)| (first..=last).contains(&Time(probe)));
            prop_assert_eq!(traces.fix(id, Time(probe)).is_some(), inside);
            prop_assert_eq!(traces.samples(), steps.len());
            if !traces.is_empty() {
                let (first, last) = traces.present(id);
                prop_assert!(traces.fix(id, first).is_some() && traces.fix(id, last).is_some());
            }
        }
    }
}
