//! Where the nodes are, once a second of virtual time, in a form that Foxglove draws. Outside the stream hash: it says
//! nothing that the events do not say.

use std::sync::Arc;

use roadveil_role::Time;
use serde::Serialize;

use crate::event::{Cast, Event, Position, Record};

/// The schema's name, by which Foxglove knows what to draw.
pub(super) const SCHEMA_NAME: &str = "foxglove.PosesInFrame";

/// The part of Foxglove's schema that we write, and the names of the nodes, which it ignores.
pub(super) const SCHEMA: &[u8] = br#"{
  "title": "foxglove.PosesInFrame",
  "description": "Poses of the nodes, and their names in the same order",
  "type": "object",
  "properties": {
    "timestamp": {"type": "object", "title": "time",
      "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}},
    "frame_id": {"type": "string"},
    "poses": {"type": "array", "items": {"type": "object", "title": "foxglove.Pose", "properties": {
      "position": {"type": "object", "title": "foxglove.Vector3",
        "properties": {"x": {"type": "number"}, "y": {"type": "number"}, "z": {"type": "number"}}},
      "orientation": {"type": "object", "title": "foxglove.Quaternion",
        "properties": {"x": {"type": "number"}, "y": {"type": "number"}, "z": {"type": "number"}, "w": {"type": "number"}}}
    }}},
    "names": {"type": "array", "items": {"type": "string"}}
  }
}"#;

const SECOND: u64 = 1_000_000_000;

/// Follows the nodes.
#[derive(Debug)]
pub(super) struct Positions {
    cast: Arc<Cast>,
    places: Vec<Option<Position>>,
    next: u64,
}

impl Positions {
    pub(super) fn new(cast: Arc<Cast>) -> Positions {
        let places = vec![None; cast.nodes.len()];
        Positions { cast, places, next: 0 }
    }

    /// Takes the next record. Returns a message if it is the first after a whole second: what was known at that second.
    pub(super) fn take(&mut self, record: &Record) -> Option<(Time, Vec<u8>)> {
        let message = (record.at.0 > self.next).then(|| self.message()).flatten();
        if record.at.0 > self.next {
            self.next = record.at.0.div_ceil(SECOND).saturating_mul(SECOND);
        }
        match &record.event {
            Event::Joined { node, at } => self.put(node.index(), Some(*at)),
            Event::Left { node, .. } => self.put(node.index(), None),
            Event::Moved(moved) => moved.iter().for_each(|(node, at)| self.put(node.index(), Some(*at))),
            _ => {}
        }
        message
    }

    fn put(&mut self, index: usize, at: Option<Position>) {
        if let Some(place) = self.places.get_mut(index) {
            *place = at;
        }
    }

    fn message(&self) -> Option<(Time, Vec<u8>)> {
        let present = || {
            self.cast
                .nodes
                .iter()
                .zip(&self.places)
                .filter_map(|(node, place)| place.map(|place| (&node.name, place)))
        };
        let message = Poses {
            timestamp: Stamp {
                sec: self.next / SECOND,
                nsec: self.next % SECOND,
            },
            frame_id: "map",
            poses: present().map(|(_, at)| Pose::of(at)).collect(),
            names: present().map(|(name, _)| name.as_str()).collect(),
        };
        // It cannot fail (no maps, no foreign types); if it did, the log would lack a picture and no event.
        serde_json::to_vec(&message).ok().map(|bytes| (Time(self.next), bytes))
    }
}

#[derive(Serialize)]
struct Poses<'a> {
    timestamp: Stamp,
    frame_id: &'static str,
    poses: Vec<Pose>,
    names: Vec<&'a str>,
}

#[derive(Serialize)]
struct Stamp {
    sec: u64,
    nsec: u64,
}

#[derive(Serialize)]
struct Pose {
    position: Vector,
    orientation: Quaternion,
}

#[derive(Serialize)]
struct Vector {
    x: f64,
    y: f64,
    z: f64,
}

#[derive(Serialize)]
struct Quaternion {
    x: f64,
    y: f64,
    z: f64,
    w: f64,
}

impl Pose {
    fn of(at: Position) -> Pose {
        let (x, y) = at.metres();
        // Headings count clockwise from north, angles of the plane the other way round from east.
        let half = (90.0 - f64::from(at.heading_cdeg) / 100.0).to_radians() / 2.0;
        Pose {
            position: Vector { x, y, z: 0.0 },
            orientation: Quaternion {
                x: 0.0,
                y: 0.0,
                z: libm::sin(half),
                w: libm::cos(half),
            },
        }
    }
}
