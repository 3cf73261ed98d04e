//! What is installed before a run begins: keys, regions, ranks, privacy levels, loads.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::{P256Key, P256SigningKey, SecretBytes, Transcript};
use roadveil_ldp::plan::Share;
use roadveil_ldp::stream::shuffled;
use roadveil_role::{Deployment, LinkAddr, NodeSpec, Params, Role, Setup, SetupError, Streams, Typed};

use crate::aggregator::Aggregator;
use crate::centre::Centre;
use crate::counting::{Memory, Toolbox};
use crate::curious::Curious;
use crate::elgamal::Secret;
use crate::feeder::Feeder;
use crate::load::home::Home;
use crate::load::profile::Profile;
use crate::load::sessions::{self, Session};
use crate::load::solar::Solar;
use crate::load::source::Source;
use crate::load::station::Station;
use crate::load::unit;
use crate::messages::domain;
use crate::meter::{Meter, Parts};
use crate::params::Config;
use crate::roster::{self, Installed, Quantity, Roster, Stream};

/// Most meters of a run: the numbers of ranks and of meters are 32 bits, and a tally has a bit for each.
const MOST_METERS: usize = 1 << 22;

/// The protocol with everything installed.
#[derive(Debug)]
pub struct Issued {
    seed: u64,
    config: Arc<Config>,
    tools: Arc<Toolbox>,
    roster: Arc<Roster>,
    centre: String,
    secret: Secret,
    numbers: BTreeMap<String, u32>,
    aggregators: BTreeMap<String, u16>,
    profile: Option<Profile>,
    sessions: Option<Vec<Arc<[Session]>>>,
}

impl Issued {
    /// Installs everything. Every draw depends on the seed and on names alone.
    ///
    /// # Errors
    /// If parameters do not go together, a file is not what it should be, or a node cannot reach what it needs.
    pub fn new(setup: &Setup) -> Result<Issued, SetupError> {
        let config = Arc::new(Config::new(&setup.params)?);
        let tools = Arc::new(Toolbox::new(config.clone())?);
        let with = |role: &'static str| {
            setup
                .nodes
                .iter()
                .filter(move |node| node.roles.iter().any(|name| name == role))
        };
        let centre = with("centre")
            .next()
            .ok_or_else(|| SetupError("no node is the control centre, `grid.centre`".to_owned()))?;
        let hosts: Vec<&NodeSpec> = with("aggregator").collect();
        let aggregators = hosts
            .iter()
            .map(|node| aggregator(setup.seed, node))
            .collect::<Result<Vec<_>, _>>()?;
        let (meters, streams) = meters(setup, &config, &hosts)?;
        let mut draw = Streams::new(setup.seed, &centre.name, "grid setup");
        let secret = Secret::random(draw.get("elgamal", 0));
        let no_wires = || SetupError(format!("centre `{}` has no wires", centre.name));
        let roster = Roster {
            centre: centre.host.ok_or_else(no_wires)?,
            centre_key: *device(setup.seed, &centre.name).public(),
            elgamal: Arc::new(secret.public()),
            meters,
            streams,
            aggregators,
        };
        let numbers = (0..)
            .zip(&roster.meters)
            .map(|(number, meter)| (meter.name.clone(), number))
            .collect();
        let names = (0..)
            .zip(&roster.aggregators)
            .map(|(number, aggregator)| (aggregator.name.clone(), number))
            .collect();
        Ok(Issued {
            seed: setup.seed,
            profile: profile(&setup.params)?,
            sessions: read_sessions(&setup.params)?,
            roster: Arc::new(roster),
            config,
            tools,
            centre: centre.name.clone(),
            secret,
            numbers,
            aggregators: names,
        })
    }

    /// Who was installed.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// The key of a device: for tests and attackers.
    pub fn key(&self, node: &str) -> P256SigningKey {
        device(self.seed, node)
    }

    fn meter(&self, node: &str, quantity: Quantity) -> Option<Meter> {
        let number = *self.numbers.get(node)?;
        let me = self.roster.meter(number)?;
        let mut draw = Streams::new(self.seed, node, "grid setup");
        let counting = self.tools.counting(quantity, me.level, Share::ALL)?;
        let memory = Memory::new(&counting, self.config.life_budget, draw.get("memory", 0));
        let lies = unit(draw.get("lies", 0)) < self.config.false_share && self.config.lie.is_some();
        let parts = Parts {
            number,
            key: Arc::new(device(self.seed, node)),
            source: self.source(node, quantity, &mut draw),
            memory,
            lies: lies && quantity == Quantity::Home,
        };
        Meter::new(parts, self.roster.clone(), self.config.clone(), self.tools.clone())
    }

    /// The load behind an aggregator's feeder: that of its region.
    fn feeder(&self, aggregator: u16) -> Feeder {
        let here = self.roster.meters.iter().filter_map(|meter| {
            let stream = self
                .roster
                .stream_of(meter)
                .filter(|stream| stream.region == aggregator)?;
            let mut draw = Streams::new(self.seed, &meter.name, "grid setup");
            Some((stream.quantity, self.source(&meter.name, stream.quantity, &mut draw)))
        });
        Feeder::new(self.config.clone(), here.collect())
    }

    fn source(&self, node: &str, quantity: Quantity, draw: &mut Streams) -> Source {
        let rng = draw.get("load", 0);
        match quantity {
            Quantity::Home => match &self.profile {
                Some(profile) => Source::Follower(profile.follower(rng)),
                None => Source::Home(Home::draw(rng)),
            },
            Quantity::Solar => Source::Solar(Solar::draw(rng)),
            Quantity::Station => {
                let sessions = match &self.sessions {
                    Some(known) => {
                        // Stations of the file in order, and again from the first.
                        let names = self
                            .numbers
                            .iter()
                            .filter(|(_, number)| self.quantity(**number) == Some(Quantity::Station));
                        let index = names.map(|(name, _)| name).position(|name| name == node).unwrap_or(0);
                        known
                            .get(index % known.len().max(1))
                            .cloned()
                            .unwrap_or_else(|| Arc::from([]))
                    }
                    None => sessions::generate(DAYS, rng).into(),
                };
                Source::Station(Station::new(sessions, self.config.ranges[quantity.index()]))
            }
        }
    }

    fn quantity(&self, number: u32) -> Option<Quantity> {
        let stream = self.roster.stream_of(self.roster.meter(number)?)?;
        Some(stream.quantity)
    }
}

/// How many days of sessions are generated.
const DAYS: u64 = 60;

/// The key of a device.
fn device(seed: u64, node: &str) -> P256SigningKey {
    let mut draw = Streams::new(seed, node, "grid setup");
    let secret = SecretBytes::random(draw.get("key", 0));
    P256SigningKey::derive(&secret, domain::DEVICE_KEY, 0)
}

fn aggregator(seed: u64, node: &NodeSpec) -> Result<roster::Aggregator, SetupError> {
    let no_wires = || SetupError(format!("aggregator `{}` has no wires to the control centre", node.name));
    let key: P256Key = *device(seed, &node.name).public();
    // An address that follows from the key: it is installed, and hides nothing.
    let digest = Transcript::new(domain::DEVICE_KEY)
        .append("link", key.as_ref())
        .digest();
    let mut link = [0; 6];
    link.copy_from_slice(&digest.0[..6]);
    Ok(roster::Aggregator {
        name: node.name.clone(),
        host: node.host.ok_or_else(no_wires)?,
        link: node.radio.then(|| LinkAddr::local(link)),
        key,
    })
}

/// All meters with their regions, streams and ranks.
fn meters(setup: &Setup, config: &Config, hosts: &[&NodeSpec]) -> Result<(Vec<Installed>, Vec<Stream>), SetupError> {
    let quantity = |node: &NodeSpec| node.roles.iter().find_map(|role| Quantity::of_role(role));
    let nodes: Vec<(&NodeSpec, Quantity)> = setup
        .nodes
        .iter()
        .filter_map(|node| Some((node, quantity(node)?)))
        .collect();
    if nodes.is_empty() {
        return Err(SetupError(
            "no node is a meter: expected at least one with `grid.meter`, `grid.solar` or `grid.station`".to_owned(),
        ));
    }
    if nodes.len() > MOST_METERS {
        return Err(SetupError(format!(
            "{} meters: expected at most {MOST_METERS}",
            nodes.len()
        )));
    }
    let mut members: BTreeMap<(u16, Quantity), Vec<usize>> = BTreeMap::new();
    let mut orders = Vec::with_capacity(nodes.len());
    for (index, (node, quantity)) in nodes.iter().enumerate() {
        let order = nearest(node, hosts)?;
        let region = order.first().copied().unwrap_or(0);
        members.entry((region, *quantity)).or_default().push(index);
        orders.push(order);
    }
    let mut installed: Vec<Option<Installed>> = vec![None; nodes.len()];
    let mut streams = Vec::with_capacity(members.len());
    for ((region, quantity), members) in members {
        let stream = u16::try_from(streams.len()).map_err(|_| SetupError("too many regions".to_owned()))?;
        // Not more than there are meters.
        let count = members.len() as u32;
        let region_name = hosts.get(usize::from(region)).map_or("", |node| node.name.as_str());
        let mut draw = Streams::new(setup.seed, region_name, "grid setup");
        let ranks = shuffled(count, draw.get("ranks", quantity as u64));
        for (index, rank) in members.into_iter().zip(ranks) {
            let node = nodes[index].0;
            installed[index] = Some(Installed {
                name: node.name.clone(),
                stream,
                rank,
                level: level(setup.seed, &node.name, quantity, config),
                key: *device(setup.seed, &node.name).public(),
                aggregators: orders[index].as_slice().into(),
            });
        }
        let least = config.way.method().fewest();
        if count < least && !config.way.remembers() {
            return Err(SetupError(format!(
                "method: `{}` estimates from a quarter of the meters at first, and `{region_name}` has {count} with the role `{}`: \
                 expected {least} at least, or `lpu`",
                config.way.method().name(),
                quantity.role()
            )));
        }
        streams.push(Stream {
            region,
            quantity,
            meters: count,
        });
    }
    // Every index is in one of the streams.
    Ok((installed.into_iter().flatten().collect(), streams))
}

/// The privacy level that a meter's owner chose.
fn level(seed: u64, node: &str, quantity: Quantity, config: &Config) -> u8 {
    if quantity == Quantity::Station {
        return 0;
    }
    let mut draw = Streams::new(seed, node, "grid setup");
    let mut left = unit(draw.get("level", 0));
    let found = config.privacy_levels.iter().position(|level| {
        left -= level.share;
        left < 0.0
    });
    // At most 16 levels are read.
    found.unwrap_or(config.privacy_levels.len() - 1) as u8
}

/// Aggregators that a meter can turn to, the nearest first: on the air only those that have a radio.
fn nearest(node: &NodeSpec, hosts: &[&NodeSpec]) -> Result<Vec<u16>, SetupError> {
    let wired = node.host.is_some();
    if !wired && !node.radio {
        return Err(SetupError(format!(
            "meter `{}` has neither wires nor a radio: expected `wired = true` or `radio = true`",
            node.name
        )));
    }
    let away = |other: &NodeSpec| match (node.place, other.place) {
        (Some((x, y)), Some((u, v))) => libm::hypot(x - u, y - v),
        _ => 0.0,
    };
    let mut found: Vec<(f64, u16)> = (0..)
        .zip(hosts)
        .filter(|(_, host)| wired || host.radio)
        .map(|(number, host)| (away(host), number))
        .collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    if found.is_empty() {
        return Err(SetupError(format!(
            "meter `{}` is on the air, and no aggregator has a radio",
            node.name
        )));
    }
    Ok(found.into_iter().map(|(_, number)| number).collect())
}

fn profile(params: &Params) -> Result<Option<Profile>, SetupError> {
    let (text, columns) = (params.text("profile"), params.text("profile_columns"));
    if text.is_empty() {
        return match columns.is_empty() {
            true => Ok(None),
            false => Err(SetupError(
                "profile_columns: names columns of `profile`, and there is none".to_owned(),
            )),
        };
    }
    let read = Profile::read(text, columns, params.number("profile_scale_w"));
    read.map(Some).map_err(|error| SetupError(format!("profile: {error}")))
}

fn read_sessions(params: &Params) -> Result<Option<Vec<Arc<[Session]>>>, SetupError> {
    let text = params.text("sessions");
    if text.is_empty() {
        return Ok(None);
    }
    let read = sessions::read(text).map_err(|error| SetupError(format!("sessions: {error}")))?;
    Ok(Some(read.into_iter().map(Arc::from).collect()))
}

impl Deployment for Issued {
    fn role(&mut self, node: &str, role: &str) -> Result<Box<dyn Role>, SetupError> {
        let missing = || SetupError(format!("node `{node}` has no role `{role}`"));
        let (roster, config, tools) = (self.roster.clone(), self.config.clone(), self.tools.clone());
        let key = || Arc::new(device(self.seed, node));
        if let Some(quantity) = Quantity::of_role(role) {
            return Ok(Box::new(Typed(self.meter(node, quantity).ok_or_else(missing)?)));
        }
        Ok(match role {
            "centre" if self.centre == node => {
                Box::new(Typed(Centre::new(key(), self.secret.clone(), roster, config, tools)))
            }
            "aggregator" => {
                let number = *self.aggregators.get(node).ok_or_else(missing)?;
                let curious = (config.curious && self.profile.is_none()).then(|| Curious::new(roster.clone(), &config));
                let feeder = config.feeder.then(|| self.feeder(number));
                let aggregator = Aggregator::new(number, key(), roster, config, tools, curious, feeder);
                Box::new(Typed(aggregator.ok_or_else(missing)?))
            }
            _ => return Err(missing()),
        })
    }
}
