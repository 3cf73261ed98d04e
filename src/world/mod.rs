//! Where things are: roads, buildings, and how vehicles move among them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`source`], [`sumo`] | input files, plain or gzip, and the streaming readers for SUMO's formats |
//! | [`traces`] | recorded mobility, interpolated between samples |
//! | [`route`] | mobility along a polyline at constant speed |
//! | [`grid`] | a built-in generator: streets, blocks, vehicles |
//! | [`busiest`] | which junctions most vehicles pass |
//!
//! Coordinates are metres in a plane, x to the east, y to the north. Nothing here reads a clock or draws at random but
//! the generator, which has a seed of its own: traffic is part of the scenario, not of the run.

pub mod busiest;
pub mod grid;
pub mod plane;
pub mod route;
pub mod source;
pub mod sumo;
pub mod traces;

use roadveil_role::{Fix, Time};

pub use plane::Rect;
pub use route::{AtEnd, Route};
pub use traces::{Trace, Traces};

/// A stretch of road, for drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Road {
    /// Its course, metres.
    pub points: Vec<(f32, f32)>,
    /// Lanes in its direction.
    pub lanes: u8,
    /// How important it is.
    pub class: RoadClass,
}

/// How important a road is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoadClass {
    /// Access and residential streets, and whatever is not known.
    Street,
    /// Tertiary and secondary roads.
    Collector,
    /// Primary and trunk roads.
    Main,
    /// Motorways.
    Motorway,
}

/// A building: an obstacle to radio waves.
#[derive(Clone, Debug, PartialEq)]
pub struct Building {
    /// Corners in order, metres; the last is joined to the first, and is not repeated.
    pub outline: Vec<(f64, f64)>,
}

/// A junction of the road network, of a kind at which roads meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Junction {
    /// Its name in the network.
    pub id: String,
    /// East, metres.
    pub x: f64,
    /// North, metres.
    pub y: f64,
    /// How many different vehicles pass it.
    pub passes: u32,
}

/// A vehicle that the world brings along, to become a node by rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Vehicle {
    /// Its name in the trace.
    pub id: String,
    /// How it moves.
    pub place: Place,
}

/// The number of a trace in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub u32);

/// The number of a route in its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

/// Where a node is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// It stands there, metres.
    Fixed {
        /// East.
        x: f64,
        /// North.
        y: f64,
    },
    /// It follows a recorded trace.
    Trace(TraceId),
    /// It drives along a route.
    Route(RouteId),
}

/// Everything that has a place.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Roads, for drawing.
    pub roads: Vec<Road>,
    /// Buildings.
    pub buildings: Vec<Building>,
    /// Junctions, in order of their id.
    pub junctions: Vec<Junction>,
    /// The area in which nodes move and stand, with a margin.
    pub bounds: Rect,
    /// Vehicles that the world brings along, in order of appearance.
    pub vehicles: Vec<Vehicle>,
    traces: Traces,
    routes: Vec<Route>,
}

impl World {
    /// Where and how fast a node at `place` is at a moment, interpolated between samples. `None`: not there yet, or gone.
    pub fn fix(&self, place: &Place, at: Time) -> Option<Fix> {
        match place {
            Place::Fixed { x, y } => Some(Fix {
                x: *x,
                y: *y,
                speed: 0.0,
                heading: 0.0,
            }),
            Place::Trace(id) => self.traces.fix(*id, at),
            Place::Route(id) => self.routes.get(id.0 as usize)?.fix(at),
        }
    }

    /// The first and the last moment at which a node at `place` exists; [`World::fix`] is `Some` at both. Between them a
    /// vehicle may be gone for a while ([`Traces::stretches`]). Something that never leaves is there until [`Time::MAX`].
    pub fn present(&self, place: &Place) -> (Time, Time) {
        match place {
            Place::Fixed { .. } => (Time::ZERO, Time::MAX),
            Place::Trace(id) => self.traces.present(*id),
            Place::Route(id) => self
                .routes
                .get(id.0 as usize)
                .map_or((Time::ZERO, Time::ZERO), Route::present),
        }
    }

    /// The recorded traces.
    pub fn traces(&self) -> &Traces {
        &self.traces
    }

    /// The routes.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Takes recorded traces in; each becomes a vehicle.
    pub fn set_traces(&mut self, traces: Traces) {
        for (index, trace) in traces.iter().enumerate() {
            let id = TraceId(u32::try_from(index).unwrap_or(u32::MAX));
            self.vehicles.push(Vehicle {
                id: trace.id.clone(),
                place: Place::Trace(id),
            });
        }
        self.traces = traces;
    }

    /// Takes a route in.
    pub fn add_route(&mut self, route: Route) -> Place {
        let id = RouteId(u32::try_from(self.routes.len()).unwrap_or(u32::MAX));
        self.routes.push(route);
        Place::Route(id)
    }

    /// Leaves out roads, buildings and junctions that lie wholly outside `area`.
    pub fn cut(&mut self, area: &Rect) {
        let near = |rect: Option<Rect>| rect.is_some_and(|rect| rect.overlaps(area));
        self.roads.retain(|road| {
            near(Rect::around(
                road.points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))),
            ))
        });
        self.buildings
            .retain(|building| near(Rect::around(building.outline.iter().copied())));
        self.junctions.retain(|junction| area.contains(junction.x, junction.y));
    }
}
