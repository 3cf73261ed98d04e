//! Topology files: from TOML to a scenario in which everything is named, placed and checked.
//!
//! | module | what it does |
//! |---|---|
//! | [`library`] | the topologies and data files that ship |
//! | [`mod@import`] | a topology for a SUMO network with its traffic |
//! | [`profile`] | how long operations take a device |
//! | [`study`] | one topology, many runs |
//! | [`quantity`] | durations as people write them |
//! | `document`, `overrides` | TOML with places; `--set path=value` |
//! | `area`, `nodes`, `timeline`, `expect`, `protocols` | the parts of a topology |
//!
//! A scenario is a function of the topology's text, the overrides and the files that it names, and of nothing else.

mod area;
mod document;
mod error;
mod expect;
mod files;
pub mod import;
pub mod library;
mod listener;
mod nodes;
mod overrides;
pub mod profile;
mod protocols;
pub mod quantity;
pub mod study;
mod timeline;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use roadveil_role::{Params, Protocol, RoleSpec};
use toml::de::DeTable;

pub use error::{Error, Invalid, nearest};
pub use expect::{Expectation, Relation};
pub use import::{Import, import};
pub use listener::{FIGURES as PRIVACY_FIGURES, Listener, listeners_of_log};
pub use profile::Profile;
pub use study::Study;
pub use timeline::{Fault, Planned};

pub use crate::world::{Place, RouteId, TraceId, World};

use document::{Section, Texts};

/// Most nodes of a scenario.
pub const MAX_NODES: usize = 100_000;

/// Longest topology file, bytes.
const MAX_TEXT: usize = 8 << 20;

/// A checked scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: the shipped name, the file's name without `.toml`, or `stdin`.
    pub name: String,
    /// One line for a person.
    pub title: String,
    /// A few sentences for a person.
    pub summary: String,
    /// The topology, verbatim.
    pub text: String,
    /// Where the topology came from.
    pub origin: Origin,
    /// The folder to which paths in the topology are relative.
    pub base: PathBuf,
    /// The overrides that were applied, in order.
    pub overrides: Vec<(String, String)>,
    /// Seed of everything that is drawn at random.
    pub seed: u64,
    /// How long a headless run takes, virtual time.
    pub duration: Duration,
    /// Nodes in the order of the topology; vehicles of a rule in order of appearance.
    pub nodes: Vec<Node>,
    /// Roads, buildings and mobility.
    pub world: World,
    /// The air.
    pub radio: crate::radio::Params,
    /// The wires.
    pub backhaul: crate::backhaul::Params,
    /// Protocols that some node speaks, in the order of the registry.
    pub protocols: Vec<Configured>,
    /// What happens to nodes and links, in order of time.
    pub timeline: Vec<Planned>,
    /// Who listens to the air.
    pub listeners: Vec<Listener>,
    /// What the run must show.
    pub expect: Vec<Expectation>,
    /// Files that the topology names.
    pub inputs: Vec<Input>,
}

/// Where a topology came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// One that ships.
    Builtin(&'static str),
    /// Standard input.
    Stdin,
}

impl fmt::Display for Origin {
    /// As a person names it, and as [`Scenario::reload`] takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(path) => path.display().fmt(f),
            Origin::Builtin(name) => write!(f, "builtin:{name}"),
            Origin::Stdin => f.write_str("-"),
        }
    }
}

impl Origin {
    /// The scenario's name.
    fn name(&self) -> String {
        match self {
            Origin::File(path) => path
                .file_stem()
                .map_or_else(|| "topology".to_owned(), |stem| stem.to_string_lossy().into_owned()),
            Origin::Builtin(name) => (*name).to_owned(),
            Origin::Stdin => "stdin".to_owned(),
        }
    }
}

/// A file that a topology names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The path as it was written.
    pub path: String,
    /// How long it is as it is stored.
    pub bytes: u64,
    /// BLAKE3 of its bytes as they are stored.
    pub digest: [u8; 32],
}

/// A protocol with its parameters.
#[derive(Clone, Debug)]
pub struct Configured {
    /// The protocol.
    pub protocol: &'static Protocol,
    /// Its parameters.
    pub params: Params,
}

/// A role of a node.
#[derive(Clone, Copy, Debug)]
pub struct RoleRef {
    /// The protocol.
    pub protocol: &'static Protocol,
    /// The role.
    pub role: &'static RoleSpec,
}

impl RoleRef {
    /// `PROTOCOL.ROLE`, as in a topology.
    pub fn name(&self) -> String {
        format!("{}.{}", self.protocol.name, self.role.name)
    }
}

/// How far a node's clock is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockError {
    /// At the start of the run, nanoseconds.
    pub offset_ns: i64,
    /// How much it gains, parts in 10^9.
    pub drift_ppb: i64,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its roles, in the order of the topology.
    pub roles: Vec<RoleRef>,
    /// How fast its processor is.
    pub profile: Profile,
    /// Where it is.
    pub place: Place,
    /// Does it stand on the wired backhaul?
    pub wired: bool,
    /// Does it have a radio?
    pub radio: bool,
    /// Its clock.
    pub clock: ClockError,
    /// Standard deviation of its GNSS receiver along each axis, metres.
    pub gnss_sigma: f64,
    /// Frames that wait for its processor at most.
    pub queue: usize,
    /// Antenna gain beyond what `radio.power_dbm` holds, dB, for sending and receiving alike.
    pub antenna_db: f64,
    /// Height of its antenna above the ground, metres.
    pub antenna_m: f64,
}

impl Scenario {
    /// Loads a topology: a file, `-` for standard input, or the name of a shipped one. Where a file and a shipped one are
    /// called alike, the file must be given as a path (`./city`).
    ///
    /// `overrides` are `path=value` pairs. `base` is the folder to which paths in it are relative; by default the file's
    /// own, or the working directory.
    ///
    /// # Errors
    /// A diagnostic for the first thing that is found to be wrong.
    pub fn load(what: &str, overrides: &[(String, String)], base: Option<&Path>) -> Result<Scenario, Error> {
        let here = Path::new(".");
        if what == "-" {
            let text = read_text("-", &mut std::io::stdin().lock())?;
            return Scenario::parse(&text, Origin::Stdin, base.unwrap_or(here), overrides);
        }
        let name = what.strip_prefix("builtin:").unwrap_or(what);
        if let Ok(shipped) = library::find(name) {
            return Scenario::parse(
                shipped.text,
                Origin::Builtin(shipped.name),
                base.unwrap_or(here),
                overrides,
            );
        }
        let path = Path::new(what);
        let mut file = match std::fs::File::open(path) {
            Ok(file) if path.is_dir() => {
                drop(file);
                return Err(
                    Error::of(what, "is a folder").expected("a topology file or the name of a shipped topology")
                );
            }
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(no_such_topology(what)),
            Err(error) => return Err(Error::of(what, format!("cannot be read: {error}"))),
        };
        let text = read_text(what, &mut file)?;
        Scenario::parse(
            &text,
            Origin::File(path.to_owned()),
            base.unwrap_or_else(|| folder_of(path)),
            overrides,
        )
    }

    /// Makes the scenario of a log again: from the text and the overrides that it holds, and what [`Origin`] displayed.
    /// `base` is the folder to which paths are relative; by default the one in which the topology lay.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn reload(
        text: &str,
        origin: &str,
        overrides: &[(String, String)],
        base: Option<&Path>,
    ) -> Result<Scenario, Error> {
        let here = Path::new(".");
        let shipped = origin
            .strip_prefix("builtin:")
            .and_then(|name| library::find(name).ok());
        let (origin, folder) = match (origin, shipped) {
            ("-", _) => (Origin::Stdin, here),
            (_, Some(shipped)) => (Origin::Builtin(shipped.name), here),
            (path, None) => (Origin::File(PathBuf::from(path)), folder_of(Path::new(path))),
        };
        Scenario::parse(text, origin, base.unwrap_or(folder), overrides)
    }

    /// Makes a scenario of a topology's text. Paths in it are relative to `base`.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn parse(text: &str, origin: Origin, base: &Path, overrides: &[(String, String)]) -> Result<Scenario, Error> {
        Scenario::parse_with(crate::registry::PROTOCOLS, text, origin, base, overrides)
    }

    /// As [`Scenario::parse`], with protocols other than the registered ones.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn parse_with(
        registry: &[&'static Protocol],
        text: &str,
        origin: Origin,
        base: &Path,
        overrides: &[(String, String)],
    ) -> Result<Scenario, Error> {
        let label = origin.to_string();
        if text.len() > MAX_TEXT {
            return Err(Error::of(label, format!("is longer than {} MiB", MAX_TEXT >> 20)));
        }
        let mut root = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Error::at(
                &label,
                text,
                span,
                format!("not TOML: {}", error.message().replace('\n', ", ")),
            )
        })?;
        let mut texts = Texts::new(&label, text);
        overrides::apply(&mut root, overrides, &mut texts)?;
        let root = Section::root(&texts, &root);
        let mut scenario = Builder {
            registry,
            base,
            root: &root,
        }
        .build(&origin)?;
        scenario.text = text.to_owned();
        scenario.origin = origin;
        scenario.overrides = overrides.to_vec();
        Ok(scenario)
    }

    /// The number of the node called `name`.
    pub fn node(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }

    /// A few lines for a person who checks a topology.
    pub fn describe(&self) -> String {
        let mut roles: BTreeMap<String, usize> = BTreeMap::new();
        self.nodes
            .iter()
            .flat_map(|node| &node.roles)
            .for_each(|role| *roles.entry(role.name()).or_default() += 1);
        let roles: Vec<String> = roles
            .into_iter()
            .map(|(name, count)| format!("{count} {name}"))
            .collect();
        let world = &self.world;
        let mut lines = vec![
            format!("{}: {}", self.name, self.title),
            format!("  {} nodes: {}", self.nodes.len(), roles.join(", ")),
            format!("  {} vehicles of a trace or a grid", world.vehicles.len()),
            format!(
                "  {} roads, {} junctions, {} buildings",
                world.roads.len(),
                world.junctions.len(),
                world.buildings.len()
            ),
            format!(
                "  {:.0} m x {:.0} m, {} s, seed {}",
                world.bounds.width(),
                world.bounds.height(),
                self.duration.as_secs_f64(),
                self.seed
            ),
            format!(
                "  {} faults planned, {} listeners, {} expectations",
                self.timeline.len(),
                self.listeners.len(),
                self.expect.len()
            ),
        ];
        let end = roadveil_role::Time::ZERO + self.duration;
        let late = self.timeline.iter().filter(|planned| planned.at > end).count();
        let unseen = self
            .expect
            .iter()
            .filter(|expected| expected.at.is_some_and(|at| at > end))
            .count();
        if late + unseen > 0 {
            lines.push(format!(
                "  note: the run ends before {late} of the faults and {unseen} of the expectations"
            ));
        }
        for input in &self.inputs {
            let digest: String = input.digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            lines.push(format!("  reads {} (blake3 {digest}...)", input.path));
        }
        lines.join("\n")
    }
}

/// What is needed to build a scenario.
struct Builder<'b, 'd> {
    registry: &'b [&'static Protocol],
    base: &'b Path,
    root: &'b Section<'d>,
}

impl Builder<'_, '_> {
    /// Reads all sections. Their keys are named before anything expensive is done, so that a misspelt one is found at once.
    fn build(&self, origin: &Origin) -> Result<Scenario, Error> {
        let root = self.root;
        let title = root
            .get("title")
            .map(|item| item.text("one line for a person"))
            .transpose()?
            .unwrap_or_default();
        let summary = root
            .get("summary")
            .map(|item| item.text("a few sentences"))
            .transpose()?
            .unwrap_or_default();
        let seed = root.get("seed").map_or(Ok(1), |item| item.count(0, i64::MAX as u64))?;
        let duration = root.get("duration").map(|item| item.positive_duration()).transpose()?;
        let (world, node, radio, backhaul) = (
            root.get("world"),
            root.get("node"),
            root.get("radio"),
            root.get("backhaul"),
        );
        let (profile, protocols) = (root.get("profile"), root.get("protocols"));
        let (timeline, listener, expect) = (root.get("timeline"), root.get("listener"), root.get("expect"));
        root.finish()?;

        let radio = protocols::radio(radio)?;
        let profiles = profile::Profiles::read(profile)?;
        let mut files = files::Files::new(self.base);
        let tables = protocols::Tables::read(protocols, self.registry, &mut files)?;
        let rules = nodes::read(root, node, self.registry, &profiles)?;
        let area = area::read(world, &mut files)?;
        let (mut world, inputs) = (area.world, files.into_inputs());
        let nodes = nodes::expand(&rules, &mut world)?;
        let configured = tables.configure(root, &rules, &nodes)?;
        let names: BTreeMap<&str, usize> = nodes
            .iter()
            .enumerate()
            .map(|(index, node)| (node.name.as_str(), index))
            .collect();
        let backhaul = protocols::backhaul(backhaul, &names, &nodes)?;
        let timeline = timeline::read(timeline, &names, &nodes)?;
        let radio_at = |index: usize| nodes.get(index).is_some_and(|node| node.radio);
        let listeners = listener::read(listener, &names, radio_at)?;
        let expect = expect::read(expect, expect::Known::of(&configured, &listeners))?;
        let duration = duration
            .or_else(|| area.span.filter(|span| !span.is_zero()))
            .unwrap_or(Duration::from_secs(60));
        Ok(Scenario {
            name: origin.name(),
            title: title.to_owned(),
            summary: summary.to_owned(),
            text: String::new(),
            origin: origin.clone(),
            base: self.base.to_owned(),
            overrides: Vec::new(),
            seed,
            duration,
            nodes,
            world,
            radio,
            backhaul,
            protocols: configured,
            timeline,
            listeners,
            expect,
            inputs,
        })
    }
}

/// The folder in which a file lies.
fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Reads a topology's text, bounded.
fn read_text(name: &str, reader: &mut impl Read) -> Result<String, Error> {
    let mut bytes = Vec::new();
    reader
        .take(MAX_TEXT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::of(name, format!("cannot be read: {error}")))?;
    if bytes.len() > MAX_TEXT {
        return Err(Error::of(name, format!("is longer than {} MiB", MAX_TEXT >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        Error::at(name, &text, text.len()..text.len(), "not TOML: a byte that is no UTF-8")
    })
}

/// There is neither a file nor a shipped topology of that name.
fn no_such_topology(what: &str) -> Error {
    let names = || library::shipped().iter().map(|shipped| shipped.name);
    let expected = format!("a file, or {}", error::one_of(names()));
    Error::of(what, "there is no such topology")
        .expected(expected)
        .nearest(what, names())
}

#[cfg(test)]
mod tests;
