//! `[[node]]`: nodes by hand, and by rule.

use std::collections::BTreeSet;

use roadveil_role::{Protocol, Time};

use super::document::{Item, Section, printable};
use super::error::{Error, one_of};
use super::profile::Profiles;
use super::{ClockError, MAX_NODES, Node, Profile, RoleRef, area, quantity};
use crate::world::sumo::MAX_COORDINATE;
use crate::world::{AtEnd, Place, Route, World, plane};

/// Longest name of a node, characters.
const MAX_NAME: usize = 160;

/// Most points of a route.
const MAX_POINTS: usize = 100_000;

/// Nearest that two road-side units of a rule stand, unless it says otherwise, metres.
const SPACING: f64 = 150.0;

/// How far from their point several nodes stand at most, unless a rule says otherwise, metres.
const SPREAD: f64 = 100.0;

/// Height of an antenna above the ground, unless a node says otherwise, metres: on a car's roof.
const ANTENNA: f64 = 1.5;

/// One `[[node]]`, before the world is known.
pub(super) struct Rule<'d> {
    /// The node as it will be, with the name as it was written and no place yet.
    node: Node,
    name: Option<Item<'d>>,
    place: Wanted<'d>,
    section: Section<'d>,
    /// Roles with the place where they are named.
    pub(super) roles: Vec<(RoleRef, Item<'d>)>,
}

/// Where a rule's nodes are to be.
enum Wanted<'d> {
    /// Wherever: it is only wired.
    Nowhere,
    Here(f64, f64),
    Around {
        centre: (f64, f64),
        count: u32,
        spread: f64,
    },
    Along(Route),
    Vehicles {
        limit: usize,
    },
    Junctions {
        count: usize,
        spacing: f64,
        item: Item<'d>,
    },
}

impl Wanted<'_> {
    fn moves(&self) -> bool {
        matches!(self, Wanted::Along(_) | Wanted::Vehicles { .. })
    }

    fn many(&self) -> bool {
        matches!(
            self,
            Wanted::Vehicles { .. } | Wanted::Junctions { .. } | Wanted::Around { .. }
        )
    }
}

/// Reads all rules.
pub(super) fn read<'d>(
    root: &Section<'d>,
    item: Option<Item<'d>>,
    registry: &[&'static Protocol],
    profiles: &Profiles,
) -> Result<Vec<Rule<'d>>, Error> {
    let item = match item {
        Some(item) => item,
        None => root.need("node", "at least one [[node]]")?,
    };
    let sections = item.sections("[[node]]")?;
    sections
        .into_iter()
        .map(|section| read_rule(section, registry, profiles))
        .collect()
}

/// Reads one `[[node]]`.
fn read_rule<'d>(section: Section<'d>, registry: &[&'static Protocol], profiles: &Profiles) -> Result<Rule<'d>, Error> {
    let name = section.get("name");
    let radio = section.get("radio");
    let listens = radio
        .as_ref()
        .is_some_and(|item| item.value.get_ref().as_bool() == Some(true));
    let roles = section.need("roles", "an array such as [\"ecpp.obu\"]")?;
    let roles = read_roles(&roles, registry, listens)?;
    let place = read_place(&section)?;
    let needs_wire = roles.iter().find(|(role, _)| role.role.wired);
    let needs_radio = roles.iter().find(|(role, _)| role.role.radio);
    let wired = section.get("wired");
    let is_wired = wired.as_ref().map_or(Ok(needs_wire.is_some()), |item| item.flag())?;
    let has_radio = radio.as_ref().map_or(Ok(needs_radio.is_some()), |item| item.flag())?;
    if let (Some((role, _)), Some(item), false) = (needs_wire, &wired, is_wired) {
        return Err(item.wrong(format!("true: `{}` stands on the wires", role.name())));
    }
    if let (Some((role, _)), Some(item), false) = (needs_radio, &radio, has_radio) {
        return Err(item.wrong(format!("true: `{}` needs a radio", role.name())));
    }
    if is_wired && place.moves() {
        let error = match (&wired, needs_wire) {
            (_, Some((role, item))) => {
                item.error(format!("`{}` stands on the wires, and this node moves", role.name()))
            }
            (Some(item), None) => item.error("a node that moves cannot be wired"),
            (None, None) => section.error("a node that moves cannot be wired"),
        };
        return Err(error.expected("a node `at` a point or at junctions"));
    }
    if has_radio && matches!(place, Wanted::Nowhere) {
        return Err(section
            .error("a node with a radio has no place")
            .expected("`at`, `route` or `every` in [[node]]"));
    }
    let usual = match (place.moves(), has_radio) {
        (true, _) => "obu-2026",
        (false, true) => "rsu-2026",
        (false, false) => "server",
    };
    let profile: Profile = match section.get("profile") {
        Some(item) => profiles.named(&item)?,
        None => profiles.default(usual),
    };
    let offset = section.get("clock_offset").map(|item| {
        let expected = "a duration such as \"20ms\" or \"-1.5s\"";
        quantity::signed(item.text(expected)?).ok_or_else(|| item.wrong(expected))
    });
    let drift = section.get("clock_drift_ppm").map(|item| item.number(-1e5, 1e5));
    let clock = ClockError {
        offset_ns: offset.transpose()?.unwrap_or(0),
        drift_ppb: libm::round(drift.transpose()?.unwrap_or(0.0) * 1_000.0) as i64,
    };
    let node = Node {
        name: name
            .as_ref()
            .map(|item| item.text("a name"))
            .transpose()?
            .unwrap_or_default()
            .to_owned(),
        roles: roles.iter().map(|(role, _)| *role).collect(),
        profile,
        place: Place::Fixed { x: 0.0, y: 0.0 },
        wired: is_wired,
        radio: has_radio,
        clock,
        gnss_sigma: section
            .get("gnss_sigma")
            .map_or(Ok(0.0), |item| item.number(0.0, 10_000.0))?,
        queue: section.get("queue").map_or(Ok(64), |item| item.count(1, 1_000_000))? as usize,
        antenna_db: section
            .get("antenna_db")
            .map_or(Ok(0.0), |item| item.number(-100.0, 100.0))?,
        antenna_m: section
            .get("antenna_m")
            .map_or(Ok(ANTENNA), |item| item.number(0.1, 200.0))?,
    };
    section.finish()?;
    check_name(&section, name.as_ref(), &node.name, place.many())?;
    Ok(Rule {
        node,
        name,
        place,
        section,
        roles,
    })
}

/// Reads `roles = ["protocol.role", ...]`. A node that only listens has none.
fn read_roles<'d>(
    item: &Item<'d>,
    registry: &[&'static Protocol],
    listens: bool,
) -> Result<Vec<(RoleRef, Item<'d>)>, Error> {
    let expected = "an array of roles such as [\"ecpp.obu\"]";
    let items = item.array(expected)?;
    if items.is_empty() && !listens {
        return Err(item.wrong("at least one role, or `radio = true` for a node that only listens"));
    }
    let mut roles: Vec<(RoleRef, Item<'d>)> = Vec::new();
    for item in items {
        let text = item.text(expected)?;
        let all = registry.iter().flat_map(|protocol| {
            protocol
                .roles
                .iter()
                .map(|role| format!("{}.{}", protocol.name, role.name))
        });
        let found = text.split_once('.').and_then(|(protocol, role)| {
            let protocol: &'static Protocol = registry.iter().find(|known| known.name == protocol)?;
            Some(RoleRef {
                protocol,
                role: protocol.role(role)?,
            })
        });
        let Some(role) = found else {
            let all: Vec<String> = all.collect();
            return Err(item.unknown("role", text, all.iter().map(String::as_str)));
        };
        if roles.iter().any(|(other, _)| other.name() == role.name()) {
            return Err(item
                .error(format!("role `{text}` is there twice"))
                .expected("each role once"));
        }
        roles.push((role, item));
    }
    Ok(roles)
}

/// Reads where the nodes of a rule are to be.
fn read_place<'d>(section: &Section<'d>) -> Result<Wanted<'d>, Error> {
    let (at, route, every) = (section.get("at"), section.get("route"), section.get("every"));
    let (speed, start, at_end) = (section.get("speed"), section.get("start"), section.get("at_end"));
    let (count, spacing, limit) = (section.get("count"), section.get("spacing"), section.get("limit"));
    let spread = section.get("spread");
    let given: Vec<&Item<'d>> = [&at, &route, &every].into_iter().flatten().collect();
    if let [_, second, ..] = given.as_slice() {
        return Err(second
            .error("`at`, `route` and `every` exclude each other")
            .expected("one of them"));
    }
    let by_junction = at.as_ref().is_some_and(|item| item.value.get_ref().is_str());
    // A key that means nothing here was meant to mean something.
    let misplaced = [
        (&speed, route.is_some(), "a `route`"),
        (&start, route.is_some(), "a `route`"),
        (&at_end, route.is_some(), "a `route`"),
        (&count, at.is_some(), "`at`"),
        (
            &spread,
            at.is_some() && !by_junction && count.is_some(),
            "`at = [x, y]` and `count`",
        ),
        (&spacing, by_junction, "`at = \"busiest-junctions\"`"),
        (&limit, every.is_some(), "`every = \"vehicle\"`"),
    ];
    for (item, belongs, to) in misplaced {
        if let (Some(item), false) = (item, belongs) {
            return Err(item
                .error(format!("`{}` says something only of a node with {to}", item.path))
                .expected(to));
        }
    }
    if let Some(item) = every {
        match item.text("\"vehicle\"")? {
            "vehicle" => {}
            other => return Err(item.unknown("kind of thing", other, ["vehicle"])),
        }
        let limit = limit.map_or(Ok(u64::MAX), |item| item.count(0, u64::MAX))?;
        return Ok(Wanted::Vehicles {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
        });
    }
    if let Some(item) = route {
        return read_route(section, &item, speed, start, at_end);
    }
    let Some(item) = at else { return Ok(Wanted::Nowhere) };
    if by_junction {
        match item.text("a place")? {
            "busiest-junctions" => {}
            other => return Err(item.unknown("place", other, ["busiest-junctions"])),
        }
        let count = match count {
            Some(count) => count.count(1, MAX_NODES as u64)?,
            None => {
                return Err(section
                    .error("a node at the busiest junctions has no `count`")
                    .expected("`count`: how many"));
            }
        };
        let spacing = spacing.map_or(Ok(SPACING), |item| item.number(0.0, 1e6))?;
        return Ok(Wanted::Junctions {
            count: usize::try_from(count).unwrap_or(MAX_NODES),
            spacing,
            item,
        });
    }
    let [x, y] = item.numbers(MAX_COORDINATE, "a point [x, y] in metres, or \"busiest-junctions\"")?;
    let Some(count) = count else {
        return Ok(Wanted::Here(x, y));
    };
    Ok(Wanted::Around {
        centre: (x, y),
        count: u32::try_from(count.count(1, MAX_NODES as u64)?).unwrap_or(u32::MAX),
        spread: spread.map_or(Ok(SPREAD), |item| item.number(0.0, 1e5))?,
    })
}

/// Reads a route.
fn read_route<'d>(
    section: &Section<'d>,
    item: &Item<'d>,
    speed: Option<Item<'d>>,
    start: Option<Item<'d>>,
    at_end: Option<Item<'d>>,
) -> Result<Wanted<'d>, Error> {
    let expected = "points [[x, y], [x, y], ...] in metres";
    let points = item.array(expected)?;
    if points.len() > MAX_POINTS {
        return Err(item.wrong(format!("at most {MAX_POINTS} points")));
    }
    let points = points
        .iter()
        .map(|point| point.numbers(MAX_COORDINATE, expected).map(|[x, y]| (x, y)));
    let points = points.collect::<Result<Vec<_>, Error>>()?;
    let Some(speed) = speed else {
        return Err(section
            .error("a node with a `route` has no `speed`")
            .expected("`speed`: metres a second"));
    };
    let speed = speed.number(0.01, 200.0)?;
    let start = start.map(|item| item.duration()).transpose()?.unwrap_or_default();
    let at_end = match at_end {
        None => AtEnd::Stay,
        Some(item) => match item.text("\"stay\", \"leave\", \"return\" or \"repeat\"")? {
            "stay" => AtEnd::Stay,
            "leave" => AtEnd::Leave,
            "return" => AtEnd::Return,
            "repeat" => AtEnd::Repeat,
            other => return Err(item.unknown("end of a route", other, ["stay", "leave", "return", "repeat"])),
        },
    };
    let route = Route::new(&points, speed, Time::ZERO + start, at_end);
    route
        .map(Wanted::Along)
        .ok_or_else(|| item.wrong("at least two points that differ"))
}

/// Is the name, or the pattern, one that can be used?
fn check_name(section: &Section<'_>, item: Option<&Item<'_>>, name: &str, many: bool) -> Result<(), Error> {
    let Some(item) = item else {
        return match many {
            true => Ok(()),
            false => Err(section.error("a node has no `name`").expected("`name` in [[node]]")),
        };
    };
    let fits = !name.is_empty()
        && name.chars().count() <= MAX_NAME
        && !name.chars().any(|c| c.is_control() || c.is_whitespace());
    if !fits {
        return Err(item.wrong(format!("1 to {MAX_NAME} characters without spaces")));
    }
    match (many, name.matches("{}").count()) {
        (true, 1) | (false, 0) => Ok(()),
        (true, _) => Err(item.wrong("a pattern with one `{}`, such as \"rsu-{}\"")),
        (false, _) => Err(item.wrong("a name without `{}`: this is one node")),
    }
}

/// Makes nodes of all rules, and draws the map's edges around them. What needs no place is put in the middle.
pub(super) fn expand(rules: &[Rule<'_>], world: &mut World) -> Result<Vec<Node>, Error> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut standing = Vec::new();
    let mut anywhere = Vec::new();
    let mut names = BTreeSet::new();
    for rule in rules {
        let places = places(rule, world)?;
        if nodes.len() + places.len() > MAX_NODES {
            let problem = format!("these are more than {MAX_NODES} nodes");
            return Err(rule
                .section
                .error(problem)
                .expected(format!("at most {MAX_NODES}: set `limit`, or cut the trace")));
        }
        for (name, place) in places {
            if !names.insert(name.clone()) {
                let problem = format!("a second node is called `{}`", printable(&name));
                let error = rule
                    .name
                    .as_ref()
                    .map_or_else(|| rule.section.error(&problem), |item| item.error(&problem));
                return Err(error.expected("a name for each node"));
            }
            match (&rule.place, place) {
                (Wanted::Nowhere, _) => anywhere.push(nodes.len()),
                (_, Place::Fixed { x, y }) => standing.push((x, y)),
                _ => {}
            }
            nodes.push(Node {
                name,
                place,
                ..rule.node.clone()
            });
        }
    }
    area::set_bounds(world, standing.into_iter());
    let (x, y) = world.bounds.centre();
    for index in anywhere {
        nodes[index].place = Place::Fixed { x, y };
    }
    Ok(nodes)
}

/// Names and places of a rule's nodes.
fn places(rule: &Rule<'_>, world: &mut World) -> Result<Vec<(String, Place)>, Error> {
    let written = rule.node.name.clone();
    let pattern = |usual: &str, filling: &str| {
        let pattern = if written.is_empty() { usual } else { written.as_str() };
        pattern.replacen("{}", filling, 1)
    };
    match &rule.place {
        // Where that is, is known when everything else has its place.
        Wanted::Nowhere => Ok(vec![(written, Place::Fixed { x: 0.0, y: 0.0 })]),
        Wanted::Here(x, y) => Ok(vec![(written, Place::Fixed { x: *x, y: *y })]),
        Wanted::Around { centre, count, spread } => Ok(plane::around(*centre, *count, *spread)
            .enumerate()
            .map(|(index, (x, y))| (pattern("node-{}", &(index + 1).to_string()), Place::Fixed { x, y }))
            .collect()),
        Wanted::Along(route) => Ok(vec![(written, world.add_route(route.clone()))]),
        Wanted::Vehicles { .. } if world.vehicles.is_empty() && world.traces().is_empty() => {
            let error = rule.section.error("there is no vehicle: the topology has no traffic");
            Err(error.expected("`trace` in [world], or [world.grid] with `vehicles`"))
        }
        Wanted::Vehicles { limit } => {
            let vehicles = world.vehicles.iter().take(*limit);
            Ok(vehicles
                .map(|vehicle| (pattern("veh-{}", &vehicle.id), vehicle.place))
                .collect())
        }
        Wanted::Junctions { count, spacing, item } => {
            let found = world.busiest_junctions(*spacing);
            if found.len() < *count {
                let problem = match (world.junctions.is_empty(), found.len()) {
                    (true, _) => "there are no junctions: the topology has no `world.net`".to_owned(),
                    (false, available) => {
                        format!(
                            "`count` is {count}, and vehicles pass only {available} junctions at least {spacing} m apart"
                        )
                    }
                };
                return Err(item.error(problem).expected(one_of([
                    "a smaller count",
                    "a smaller spacing",
                    "a larger area",
                ])));
            }
            let places = found.into_iter().take(*count).enumerate();
            Ok(places
                .map(|(index, junction)| {
                    let junction = &world.junctions[junction];
                    (
                        pattern("rsu-{}", &(index + 1).to_string()),
                        Place::Fixed {
                            x: junction.x,
                            y: junction.y,
                        },
                    )
                })
                .collect())
        }
    }
}
