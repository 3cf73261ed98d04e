//! Initialisation: the authority, a pool for every OBU, and the list that vehicles bring.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::SecretBytes;
use roadveil_role::{Deployment, HostAddr, Params, Role, Setup, SetupError, Streams, Time, Typed, plan};

use crate::cert::{Authority, Pool};
use crate::draw;
use crate::list::Revoked;
use crate::obu::Obu;
use crate::params::Config;
use crate::rsu::Rsu;
use crate::ta::{Planned, Ta};

/// Most names that vehicles bring: 80 MB of them.
const MOST_BROUGHT: u64 = 10_000_000;

/// The protocol with its keys handed out.
#[derive(Debug)]
pub struct Issued {
    authority: Arc<Authority>,
    config: Arc<Config>,
    node: String,
    rsus: BTreeMap<String, HostAddr>,
    obus: BTreeMap<String, Pool>,
    brought: Revoked,
    planned: Vec<Planned>,
}

impl Issued {
    /// Draws the authority's key and the seeds of all pools. Every draw depends on the seed and on the name of the node alone.
    ///
    /// # Errors
    /// If an RSU has no wires, `revoke` names nobody, or vehicles would bring too long a list.
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
            .ok_or_else(|| SetupError("no node is the authority, `hab.ta`".to_owned()))?;
        let mut streams = Streams::new(setup.seed, &ta.name, "hab setup");
        let authority = Arc::new(Authority::new(&SecretBytes::random(streams.get("authority", 0))));
        let rsus = with("rsu").map(|node| {
            let wires = || SetupError(format!("rsu `{}` has no wires to the authority", node.name));
            Ok((node.name.clone(), node.host.ok_or_else(wires)?))
        });
        let rsus = rsus.collect::<Result<BTreeMap<_, _>, SetupError>>()?;
        let obus = with("obu").map(|node| {
            let mut streams = Streams::new(setup.seed, &node.name, "hab setup");
            let seed = SecretBytes::random(streams.get("pool", 0));
            (node.name.clone(), Pool::new(seed, config.pool, authority.clone()))
        });
        let obus = obus.collect();
        Ok(Issued {
            brought: brought(&mut streams, &config)?,
            planned: planned(&setup.params, &obus)?,
            node: ta.name.clone(),
            authority,
            config,
            rsus,
            obus,
        })
    }

    /// The authority.
    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// The pool of an OBU: for tests and attackers.
    pub fn pool(&self, node: &str) -> Option<&Pool> {
        self.obus.get(node)
    }
}

/// Names of certificates of vehicles that were revoked before the run: digests, as good as drawn.
fn brought(streams: &mut Streams, config: &Config) -> Result<Revoked, SetupError> {
    let names = config.brought.saturating_mul(config.pool);
    if names > MOST_BROUGHT {
        return Err(SetupError(format!(
            "brought times pool is {names} names; at most {MOST_BROUGHT} fit"
        )));
    }
    let stream = streams.get("brought", 0);
    Ok(Revoked::new((0..names).map(|_| draw::bytes(stream)).collect()))
}

fn planned(params: &Params, obus: &BTreeMap<String, Pool>) -> Result<Vec<Planned>, SetupError> {
    let revocations = plan::revocations(params.text("revoke"))?.into_iter();
    let planned = revocations.map(|revocation| {
        let node = revocation.node;
        let pool = plan::named("revoke", "obu", &node, obus)?;
        Ok(Planned {
            node,
            pool: pool.clone(),
            at: Time::ZERO + revocation.after,
        })
    });
    planned.collect()
}

impl Deployment for Issued {
    fn role(&mut self, node: &str, role: &str) -> Result<Box<dyn Role>, SetupError> {
        let (authority, config) = (*self.authority.public(), self.config.clone());
        let missing = || SetupError(format!("node `{node}` has no role `{role}`"));
        Ok(match role {
            "ta" if self.node == node => Box::new(Typed(Ta::new(
                self.authority.clone(),
                config,
                self.rsus.values().copied().collect(),
                self.planned.clone(),
            ))),
            "rsu" if self.rsus.contains_key(node) => Box::new(Typed(Rsu::new(authority, config))),
            "obu" => {
                let pool = self.obus.get(node).ok_or_else(missing)?.clone();
                Box::new(Typed(Obu::new(authority, config, pool, self.brought.clone())))
            }
            _ => return Err(missing()),
        })
    }
}
