//! `[world]`: where the roads, the buildings and the traffic come from.

use std::time::Duration;

use roadveil_role::Time;

use super::document::{Item, Section};
use super::error::Error;
use super::files::Files;
use crate::world::grid::Grid;
use crate::world::sumo::{MAX_COORDINATE, fcd, net, poly};
use crate::world::{Rect, Road, RoadClass, World};

/// How far beyond the outermost node the map goes, metres.
const MARGIN: f64 = 100.0;

/// A world, and how long what it was made of goes on.
pub(super) struct Area {
    pub(super) world: World,
    /// How long the recording goes on.
    pub(super) span: Option<Duration>,
}

/// Reads `[world]`, with the files that it names. Without it the world is an empty plane.
pub(super) fn read(item: Option<Item<'_>>, files: &mut Files<'_>) -> Result<Area, Error> {
    let mut area = Area {
        world: World::default(),
        span: None,
    };
    let Some(item) = item else { return Ok(area) };
    let section = item.section("[world]")?;
    let (net, trace, buildings) = (section.get("net"), section.get("trace"), section.get("buildings"));
    let (begin, end) = (section.get("begin"), section.get("end"));
    let (bbox, grid, roads) = (section.get("bbox"), section.get("grid"), section.get("roads"));
    section.finish()?;
    if let Some(grid) = grid {
        let grid = read_grid(&grid)?;
        if let Some(other) = [net, trace, buildings, begin, end, bbox, roads]
            .into_iter()
            .flatten()
            .next()
        {
            return Err(other
                .error(format!("`{}` and `world.grid` exclude each other", other.path))
                .expected("one of the two"));
        }
        area.world = grid.build();
        area.world.count_passes();
        return Ok(area);
    }

    let time = |item: &Item<'_>| -> Result<u64, Error> {
        match item.as_number() {
            // A bare number is seconds.
            Some(_) => Ok((item.number(0.0, 1e9)? * 1e9) as u64),
            None => Ok(u64::try_from(item.duration()?.as_nanos()).unwrap_or(u64::MAX)),
        }
    };
    let cut = fcd::Cut {
        begin: begin.as_ref().map(time).transpose()?,
        end: end.as_ref().map(time).transpose()?,
        area: bbox.as_ref().map(read_bbox).transpose()?,
    };
    if let (Some(from), Some(to), Some(item)) = (cut.begin, cut.end, &end)
        && to <= from
    {
        return Err(item.wrong("a time later than `world.begin`"));
    }
    for item in [&begin, &end].into_iter().flatten() {
        if trace.is_none() {
            return Err(item
                .error(format!("`{}` cuts a trace, and there is none", item.path))
                .expected("`trace` in [world]"));
        }
    }
    if let Some(item) = &net {
        let network = files.load(item, net::read)?;
        area.world.roads = network.roads;
        area.world.junctions = network.junctions;
        area.world.bounds = network.bounds.unwrap_or_default();
    }
    if let Some(item) = &buildings {
        area.world.buildings = files.load(item, poly::read)?;
    }
    if let Some(item) = &trace {
        let traces = files.load(item, |source| fcd::read(source, &cut))?;
        let extent = Rect::around(traces.iter().flat_map(|trace| trace.points()));
        if let (Some(extent), Some(_)) = (extent, &net)
            && area.world.bounds != Rect::default()
            && !area.world.bounds.grown(1_000.0).overlaps(&extent)
        {
            let error = item.error("no vehicle of the trace is within a kilometre of the network");
            return Err(error.expected("a trace of that network, in metres (written without --fcd-output.geo)"));
        }
        area.span = Some(traces.end().since(Time::ZERO));
        area.world.set_traces(traces);
    }
    if let Some(item) = &roads {
        area.world.roads.extend(read_roads(item)?);
    }
    if let Some(bbox) = &cut.area {
        area.world.cut(bbox);
        area.world.bounds = *bbox;
    }
    area.world.count_passes();
    Ok(area)
}

/// Reads `roads = [[[x, y], [x, y], ...], ...]`: roads by hand, which are only drawn.
fn read_roads(item: &Item<'_>) -> Result<Vec<Road>, Error> {
    let expected = "roads, each of them points [[x, y], [x, y], ...] in metres";
    let roads = item.array(expected)?.into_iter().map(|road| {
        let points = road.array(expected)?.into_iter().map(|point| {
            let [x, y] = point.numbers(MAX_COORDINATE, expected)?;
            Ok((x as f32, y as f32))
        });
        let points = points.collect::<Result<Vec<_>, Error>>()?;
        if points.len() < 2 {
            return Err(road.wrong("at least two points"));
        }
        Ok(Road {
            points,
            lanes: 2,
            class: RoadClass::Street,
        })
    });
    roads.collect()
}

/// Reads `bbox = [west, south, east, north]`.
fn read_bbox(item: &Item<'_>) -> Result<Rect, Error> {
    let expected = "four numbers in metres: west, south, east, north";
    let [x0, y0, x1, y1] = item.numbers(MAX_COORDINATE, expected)?;
    if x0 >= x1 || y0 >= y1 {
        return Err(item.wrong("west less than east, and south less than north"));
    }
    Ok(Rect { x0, y0, x1, y1 })
}

/// Reads `[world.grid]`.
fn read_grid(item: &Item<'_>) -> Result<Grid, Error> {
    let section: Section<'_> = item.section("[world.grid]")?;
    let count = |key, default: u64, min, max| {
        section
            .get(key)
            .map_or(Ok(default), |item: Item<'_>| item.count(min, max))
    };
    let number = |key, default: f64, min, max| {
        section
            .get(key)
            .map_or(Ok(default), |item: Item<'_>| item.number(min, max))
    };
    let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let grid = Grid {
        columns: narrow(count("columns", 6, 2, 100)?),
        rows: narrow(count("rows", 5, 2, 100)?),
        block: number("block", 120.0, 10.0, 5_000.0)?,
        vehicles: narrow(count("vehicles", 20, 0, 20_000)?),
        speed: number("speed", 12.0, 0.1, 100.0)?,
        buildings: section.get("buildings").map_or(Ok(true), |item| item.flag())?,
        seed: count("seed", 1, 0, i64::MAX as u64)?,
    };
    section.finish()?;
    Ok(grid)
}

/// Draws the map's edges: around all that moves, and all points at which something stands.
pub(super) fn set_bounds(world: &mut World, standing: impl Iterator<Item = (f64, f64)>) {
    let moving = world.traces().iter().flat_map(|trace| trace.points());
    let driving = world.routes().iter().flat_map(|route| route.points());
    if let Some(extent) = Rect::around(standing.chain(moving).chain(driving)) {
        world.bounds = extent.grown(MARGIN);
    } else if world.bounds == Rect::default() {
        world.bounds = world.bounds.grown(MARGIN);
    }
}
