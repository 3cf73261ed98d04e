//! A SUMO network: what the roads look like and where they meet.
//!
//! Read are `<edge>` with its `<lane>`s (internal edges, which lie inside junctions, are left out) and `<junction>`.
//! Connections, traffic lights and everything else are passed over.

use super::{Element, Fault, Visitor, walk};
use crate::world::source::{ReadError, Source};
use crate::world::{Junction, Rect, Road, RoadClass};

/// Most edges or junctions of a network.
const MAX_ITEMS: usize = 5_000_000;

/// Most points of all roads together.
const MAX_POINTS: usize = 50_000_000;

/// A network.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Its roads, in the order of the file.
    pub roads: Vec<Road>,
    /// Its junctions at which roads meet, in order of their id.
    pub junctions: Vec<Junction>,
    /// The box that the network says it fills.
    pub bounds: Option<Rect>,
}

/// Reads a network.
///
/// # Errors
/// If the file cannot be read or is no network.
pub fn read(source: &Source) -> Result<Network, ReadError> {
    let mut reader = NetReader::default();
    walk(source, &mut reader)?;
    let mut network = reader.network;
    network.junctions.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(twin) = network.junctions.windows(2).find(|pair| pair[0].id == pair[1].id) {
        let message = format!("junction \"{}\" is there twice", twin[0].id);
        return Err(ReadError {
            name: source.name.clone(),
            place: None,
            message,
        });
    }
    Ok(network)
}

/// The edge that is open.
#[derive(Debug, Default)]
struct Edge {
    shape: Option<Vec<(f64, f64)>>,
    /// Shapes of its lanes, as text: most edges need but one of them.
    lanes: Vec<String>,
    class: Option<RoadClass>,
}

/// What has been read so far.
#[derive(Debug, Default)]
struct NetReader {
    network: Network,
    edge: Option<Edge>,
    points: usize,
}

impl Visitor for NetReader {
    fn root(&self) -> &'static [&'static str] {
        &["net"]
    }

    fn open(&mut self, element: &Element<'_>) -> Result<(), Fault> {
        match (element.depth, element.name()) {
            (1, "location") => self.location(element),
            (1, "edge") => self.begin_edge(element),
            (1, "junction") => self.junction(element),
            (2, "lane") => self.lane(element),
            _ => Ok(()),
        }
    }

    fn close(&mut self, name: &str, depth: usize, at: u64) -> Result<(), Fault> {
        match (depth, name) {
            (1, "edge") => self.end_edge(at),
            _ => Ok(()),
        }
    }
}

impl NetReader {
    fn location(&mut self, element: &Element<'_>) -> Result<(), Fault> {
        let [bounds] = element.attributes(["convBoundary"])?;
        let text = element.required("convBoundary", &bounds)?;
        let edges: Vec<f64> = text
            .split(',')
            .filter_map(|part| part.parse().ok())
            .filter(|x: &f64| x.is_finite())
            .collect();
        let &[x0, y0, x1, y1] = edges.as_slice() else {
            return Err(element.wrong("convBoundary", text, "four numbers"));
        };
        self.network.bounds = Some(Rect { x0, y0, x1, y1 });
        Ok(())
    }

    fn begin_edge(&mut self, element: &Element<'_>) -> Result<(), Fault> {
        let [id, function, shape, class] = element.attributes(["id", "function", "shape", "type"])?;
        element.id("id", &id)?;
        // An edge inside a junction is no road, nor is a crossing or a walking area.
        if function.as_deref().is_some_and(|function| function != "normal") {
            return Ok(());
        }
        if self.network.roads.len() == MAX_ITEMS {
            return Err(element.fault(format!("the network has more than {MAX_ITEMS} edges")));
        }
        let shape = shape.map(|shape| element.shape(&shape)).transpose()?;
        self.edge = Some(Edge {
            shape,
            lanes: Vec::new(),
            class: class.as_deref().map(class_of),
        });
        Ok(())
    }

    fn lane(&mut self, element: &Element<'_>) -> Result<(), Fault> {
        let Some(edge) = &mut self.edge else { return Ok(()) };
        let [shape] = element.attributes(["shape"])?;
        let text = element.required("shape", &shape)?;
        if edge.lanes.len() == usize::from(u8::MAX) {
            return Err(element.fault("an edge has more than 255 lanes"));
        }
        // Only lanes of an edge without a shape of its own are looked at, but each must be a shape.
        if edge.shape.is_none() {
            element.shape(text)?;
        }
        edge.lanes.push(text.to_owned());
        Ok(())
    }

    fn end_edge(&mut self, at: u64) -> Result<(), Fault> {
        let Some(edge) = self.edge.take() else { return Ok(()) };
        if edge.lanes.is_empty() {
            return Err(Fault {
                at,
                message: "an edge has no lane".to_owned(),
            });
        }
        // The middle lane stands for the edge where its shape is the straight line between two junctions.
        let middle = || {
            let text = &edge.lanes[edge.lanes.len() / 2];
            text.split_ascii_whitespace().filter_map(|point| {
                let mut parts = point.split(',').filter_map(|part| part.parse::<f64>().ok());
                Some((parts.next()?, parts.next()?))
            })
        };
        let points: Vec<(f32, f32)> = match edge.shape {
            Some(shape) => shape.into_iter().map(narrow).collect(),
            None => middle().map(narrow).collect(),
        };
        if points.len() < 2 {
            return Err(Fault {
                at,
                message: "the shape of an edge has fewer than two points".to_owned(),
            });
        }
        self.points += points.len();
        if self.points > MAX_POINTS {
            return Err(Fault {
                at,
                message: format!("the roads have more than {MAX_POINTS} points"),
            });
        }
        let lanes = u8::try_from(edge.lanes.len()).unwrap_or(u8::MAX);
        self.network.roads.push(Road {
            points,
            lanes,
            class: edge.class.unwrap_or(RoadClass::Street),
        });
        Ok(())
    }

    fn junction(&mut self, element: &Element<'_>) -> Result<(), Fault> {
        let [id, kind, x, y] = element.attributes(["id", "type", "x", "y"])?;
        let kind = element.required("type", &kind)?;
        // Where a lane waits inside a junction, where a road ends, and where only trains stop, no roads meet.
        if matches!(kind, "internal" | "dead_end" | "rail_signal" | "rail_crossing") {
            return Ok(());
        }
        if self.network.junctions.len() == MAX_ITEMS {
            return Err(element.fault(format!("the network has more than {MAX_ITEMS} junctions")));
        }
        let (x, y) = (element.coordinate("x", &x)?, element.coordinate("y", &y)?);
        let id = element.id("id", &id)?.to_owned();
        self.network.junctions.push(Junction { id, x, y, passes: 0 });
        Ok(())
    }
}

/// A point for drawing.
fn narrow((x, y): (f64, f64)) -> (f32, f32) {
    (x as f32, y as f32)
}

/// How important a road of a type such as `highway.primary` is.
fn class_of(kind: &str) -> RoadClass {
    let kind = kind.strip_prefix("highway.").unwrap_or(kind);
    match kind.split(['_', '|']).next().unwrap_or(kind) {
        "motorway" => RoadClass::Motorway,
        "trunk" | "primary" => RoadClass::Main,
        "secondary" | "tertiary" => RoadClass::Collector,
        _ => RoadClass::Street,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a network in memory.
    fn read_text(text: &str) -> Result<Network, String> {
        read(&Source::memory("n.net.xml", text.as_bytes().to_vec())).map_err(|error| error.to_string())
    }

    #[test]
    fn roads_and_junctions_are_kept_and_the_inside_of_junctions_is_not() {
        let network = read_text(
            r#"<net version="1.9">
            <location netOffset="0,0" convBoundary="0.00,-5.00,300.00,200.00" origBoundary="0,0,0,0" projParameter="!"/>
            <edge id=":a_0" function="internal"><lane id=":a_0_0" index="0" speed="1" length="1" shape="0,0 1,1"/></edge>
            <edge id="e" from="a" to="b" type="highway.primary_link">
                <lane id="e_0" index="0" speed="1" length="1" shape="0,1 10,1"/>
                <lane id="e_1" index="1" speed="1" length="1" shape="0,3 10,3,2.5"/>
            </edge>
            <edge id="f" shape="1,2 3,4 5,6"><lane shape="9,9 8,8"/></edge>
            <junction id="b" type="priority" x="10.00" y="0.00" shape="1,1"/>
            <junction id="a" type="traffic_light" x="0.00" y="0.00"/>
            <junction id="c" type="dead_end" x="0.00" y="0.00"/>
            <junction id=":a_1_0" type="internal" x="0.00" y="0.00"/>
            </net>"#,
        )
        .expect("it is a network");
        assert_eq!(
            network.bounds,
            Some(Rect {
                x0: 0.0,
                y0: -5.0,
                x1: 300.0,
                y1: 200.0
            })
        );
        assert_eq!(
            network
                .junctions
                .iter()
                .map(|junction| junction.id.as_str())
                .collect::<Vec<_>>(),
            ["a", "b"]
        );
        let [first, second] = network.roads.as_slice() else {
            panic!("two roads: {:?}", network.roads)
        };
        assert_eq!(
            (first.points.as_slice(), first.lanes),
            ([(0.0, 3.0), (10.0, 3.0)].as_slice(), 2)
        );
        assert_eq!(first.class, RoadClass::Main);
        assert_eq!((second.points.len(), second.class), (3, RoadClass::Street));
    }

    #[test]
    fn malformed_networks_are_refused() {
        let cases = [
            ("<net><edge id='e'></edge></net>", "an edge has no lane"),
            (
                "<net><edge id='e'><lane shape='1,1'/></edge></net>",
                "fewer than two points",
            ),
            (
                "<net><edge id='e'><lane shape='1,1 2'/></edge></net>",
                "expected points such as",
            ),
            (
                "<net><edge id='e'><lane shape='1,1 inf,2'/></edge></net>",
                "within 20000000 m of the origin",
            ),
            (
                "<net><edge id='e'><lane/></edge></net>",
                "<lane> has no attribute `shape`",
            ),
            (
                "<net><edge><lane shape='1,1 2,2'/></edge></net>",
                "<edge> has no attribute `id`",
            ),
            (
                "<net><junction id='j' type='priority' x='1' y='NaN'/></net>",
                "attribute `y` of <junction> is \"NaN\"",
            ),
            (
                "<net><junction id='a&#27;[2J' type='priority' x='1' y='1'/></net>",
                "printable characters",
            ),
            (
                "<net><junction id='j' type='priority' x='1' y='1'/><junction id='j' type='priority' x='1' y='1'/></net>",
                "twice",
            ),
            ("<net><location convBoundary='1,2,x,4'/></net>", "expected four numbers"),
        ];
        for (text, expected) in cases {
            let found = read_text(text).expect_err(text);
            assert!(found.contains(expected), "{text}: {found}");
        }
    }
}
