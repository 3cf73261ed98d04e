//! Initialisation: the group, a key for every OBU, and the list that vehicles bring.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::Scalar;
use roadveil_role::{Deployment, HostAddr, Params, Role, Setup, SetupError, Streams, Time, Typed, plan};

use crate::keys::{Manager, MemberKey};
use crate::obu::Obu;
use crate::params::Config;
use crate::revocation::{Revoked, Tokens};
use crate::rsu::Rsu;
use crate::ta::{Planned, Ta};

/// How often the manager draws again where a key does not exist; each time has a chance of about 2^-255.
const DRAWS: u64 = 8;

/// The protocol with its keys handed out.
#[derive(Debug)]
pub struct Issued {
    manager: Arc<Manager>,
    config: Arc<Config>,
    authority: String,
    rsus: BTreeMap<String, HostAddr>,
    obus: BTreeMap<String, Arc<MemberKey>>,
    brought: Arc<Tokens>,
    planned: Vec<Planned>,
}

impl Issued {
    /// Draws the group and issues keys. Every draw depends on the seed and on the name of the node alone.
    ///
    /// # Errors
    /// If an RSU has no wires, or `revoke` names nobody.
    pub fn new(setup: &Setup) -> Result<Issued, SetupError> {
        let config = Arc::new(Config::new(&setup.params));
        let with = |role: &'static str| {
            setup
                .nodes
                .iter()
                .filter(move |node| node.roles.iter().any(|name| name == role))
        };
        let ta = with("ta")
            .next()
            .ok_or_else(|| SetupError("no node is the authority, `gsb.ta`".to_owned()))?;
        let mut streams = Streams::new(setup.seed, &ta.name, "gsb setup");
        let manager = Arc::new(Manager::new(config.mode, &mut streams));
        let rsus = with("rsu").map(|node| {
            let wires = || SetupError(format!("rsu `{}` has no wires to the authority", node.name));
            Ok((node.name.clone(), node.host.ok_or_else(wires)?))
        });
        let rsus = rsus.collect::<Result<BTreeMap<_, _>, SetupError>>()?;
        let obus = with("obu").map(|node| {
            let mut streams = Streams::new(setup.seed, &node.name, "gsb setup");
            let missing = || SetupError(format!("obu `{}` has no key", node.name));
            let key = draw_key(&manager, &mut streams, "x").ok_or_else(missing)?;
            Ok((node.name.clone(), Arc::new(key)))
        });
        let obus = obus.collect::<Result<BTreeMap<_, _>, SetupError>>()?;
        check(&manager, &obus)?;
        Ok(Issued {
            brought: Arc::new(brought(&manager, &mut streams, config.brought)?),
            planned: planned(&setup.params, &obus)?,
            authority: ta.name.clone(),
            manager,
            config,
            rsus,
            obus,
        })
    }

    /// The group's manager.
    pub fn manager(&self) -> &Arc<Manager> {
        &self.manager
    }

    /// The parameters.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The list that vehicles bring.
    pub fn revoked(&self) -> Revoked {
        Revoked::new(self.brought.clone())
    }

    /// The key of an OBU: for tests and attackers.
    pub fn member_key(&self, node: &str) -> Option<&Arc<MemberKey>> {
        self.obus.get(node)
    }
}

fn draw_key(manager: &Manager, streams: &mut Streams, purpose: &'static str) -> Option<MemberKey> {
    (0..DRAWS).find_map(|_| manager.member(Scalar::random(streams.get(purpose, 0))))
}

/// Tokens of members that are revoked before the run, and play no part in it.
fn brought(manager: &Manager, streams: &mut Streams, count: u64) -> Result<Tokens, SetupError> {
    let missing = || SetupError("a revoked member has no key".to_owned());
    let token = |_| Ok(draw_key(manager, streams, "brought").ok_or_else(missing)?.token());
    Ok(Tokens::new((0..count).map(token).collect::<Result<_, SetupError>>()?))
}

/// The check on issue, by every OBU: all of them at once, and one by one if that fails.
fn check(manager: &Manager, obus: &BTreeMap<String, Arc<MemberKey>>) -> Result<(), SetupError> {
    let group = manager.group();
    if MemberKey::are_sound(group, obus.values().map(AsRef::as_ref)) {
        return Ok(());
    }
    let refusing = obus.iter().filter(|(_, key)| !key.is_sound(group));
    let names: Vec<String> = refusing.map(|(name, _)| format!("`{name}`")).collect();
    Err(SetupError(format!(
        "these obus refuse their keys: {}",
        names.join(", ")
    )))
}

fn planned(params: &Params, obus: &BTreeMap<String, Arc<MemberKey>>) -> Result<Vec<Planned>, SetupError> {
    let revocations = plan::revocations(params.text("revoke"))?.into_iter();
    let planned = revocations.map(|revocation| {
        let node = revocation.node;
        let key = plan::named("revoke", "obu", &node, obus)?;
        Ok(Planned {
            node,
            token: key.token_bytes(),
            at: Time::ZERO + revocation.after,
        })
    });
    planned.collect()
}

impl Deployment for Issued {
    fn role(&mut self, node: &str, role: &str) -> Result<Box<dyn Role>, SetupError> {
        let (group, config) = (self.manager.group().clone(), self.config.clone());
        let missing = || SetupError(format!("node `{node}` has no role `{role}`"));
        Ok(match role {
            "ta" if self.authority == node => Box::new(Typed(Ta::new(
                self.manager.clone(),
                config,
                self.rsus.values().copied().collect(),
                self.planned.clone(),
            ))),
            "rsu" if self.rsus.contains_key(node) => Box::new(Typed(Rsu::new(group, config))),
            "obu" => {
                let key = self.obus.get(node).ok_or_else(missing)?;
                Box::new(Typed(Obu::new(group, config, key.clone(), self.revoked())))
            }
            _ => return Err(missing()),
        })
    }
}
