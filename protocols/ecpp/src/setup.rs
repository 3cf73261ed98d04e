//! Initialisation: the authority's masters, and a key for every RSU and OBU, each with its check.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::{Scalar, SecretBytes};
use roadveil_role::{Deployment, HostAddr, NodeSpec, Role, Setup, SetupError, Streams, Time, Typed, plan};

use crate::epochs;
use crate::flooder::Flooder;
use crate::keys::{Authority, ObuKey, RsuKey};
use crate::obu::Obu;
use crate::params::{self, Config, Falsehood, Misbehaviour, Theft};
use crate::rsu::Rsu;
use crate::succession::Installed;
use crate::system::{Location, System};
use crate::ta::{Planned, Ta};
use crate::tracking::Registry;

/// How often the authority draws again where a key does not exist; each time has a chance of about 2^-255.
const DRAWS: u64 = 8;

/// The member keys of an OBU, in the order in which it uses them: at least one.
type Pool = Vec<Arc<ObuKey>>;

/// The protocol with its keys handed out.
#[derive(Debug)]
pub struct Issued {
    authority: Arc<Authority>,
    config: Arc<Config>,
    rsus: BTreeMap<String, (HostAddr, Arc<RsuKey>)>,
    obus: BTreeMap<String, Pool>,
    authorities: Vec<String>,
    flooders: Vec<String>,
    planned: Vec<Planned>,
    misbehaviours: Vec<Misbehaviour>,
    falsehoods: BTreeMap<String, Falsehood>,
    seed: u64,
}

impl Issued {
    /// Draws masters and issues keys. Every draw depends on the seed and on the name of the node alone.
    ///
    /// # Errors
    /// If an RSU has no place or no wires, or if parameters contradict each other.
    pub fn new(setup: &Setup) -> Result<Issued, SetupError> {
        let config = Arc::new(Config::new(&setup.params)?);
        let with = |role: &'static str| {
            setup
                .nodes
                .iter()
                .filter(move |node| node.roles.iter().any(|name| name == role))
        };
        let ta = with("ta")
            .next()
            .ok_or_else(|| SetupError("no node is the authority, `ecpp.ta`".to_owned()))?;
        let authority = Arc::new(Authority::new(
            epochs::FIRST,
            &mut Streams::new(setup.seed, &ta.name, "ecpp setup"),
        ));
        let system = authority.system();
        let rsus = with("rsu").map(|node| Ok((node.name.clone(), rsu(&authority, node)?)));
        let rsus = rsus.collect::<Result<BTreeMap<_, _>, SetupError>>()?;
        let pool = config.pseudonym_pool;
        let obus = with("obu").map(|node| Ok((node.name.clone(), obu(&authority, setup.seed, &node.name, pool)?)));
        let obus = obus.collect::<Result<BTreeMap<_, _>, SetupError>>()?;
        check(system, &rsus, &obus)?;
        let planned = planned(&setup.params, &obus)?;
        let misbehaviours = misbehaviours(&setup.params, &obus)?;
        let falsehoods = falsehoods(&setup.params, &rsus)?;
        check_thefts(&config, &rsus, &obus)?;
        let names = |role| with(role).map(|node| node.name.clone()).collect();
        let (authorities, flooders) = (names("ta"), names("flooder"));
        Ok(Issued {
            authority,
            config,
            rsus,
            obus,
            authorities,
            flooders,
            planned,
            misbehaviours,
            falsehoods,
            seed: setup.seed,
        })
    }

    /// Whom the authority knows: RSUs by their keys, OBUs by their pseudo-identities.
    pub fn registry(&self) -> Registry {
        let rsus = self.rsus.iter();
        let obus = self.obus.iter();
        Registry {
            rsus: rsus
                .map(|(name, (host, key))| (key.b().expose().encode(), (*host, name.clone())))
                .collect(),
            places: self
                .rsus
                .iter()
                .map(|(name, (host, key))| (key.location(), (*host, name.clone())))
                .collect(),
            obus: obus
                .flat_map(|(name, pool)| pool.iter().map(|key| (key.rid_bytes(), name.clone())))
                .collect(),
        }
    }

    /// The secret that an RSU shares with the authority since it was installed.
    fn secret(&self, rsu: &str) -> Arc<SecretBytes<32>> {
        let mut streams = Streams::new(self.seed, rsu, "ecpp setup");
        Arc::new(SecretBytes::random(streams.get("installation", 0)))
    }

    /// How each RSU was installed.
    pub fn installed(&self) -> BTreeMap<HostAddr, Installed> {
        let installed = self.rsus.iter().map(|(name, (host, key))| {
            let (name, location, secret) = (name.clone(), key.location(), self.secret(name));
            (*host, Installed { name, location, secret })
        });
        installed.collect()
    }

    /// The authority.
    pub fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// The parameters.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The first member key of an OBU: for tests and attackers.
    pub fn obu_key(&self, node: &str) -> Option<&Arc<ObuKey>> {
        self.obu_keys(node).first()
    }

    /// All member keys of an OBU, in the order in which it uses them; none of one that is not known.
    pub fn obu_keys(&self, node: &str) -> &[Arc<ObuKey>] {
        self.obus.get(node).map_or(&[], Vec::as_slice)
    }

    /// The key of an RSU: for tests and attackers.
    pub fn rsu_key(&self, node: &str) -> Option<&Arc<RsuKey>> {
        self.rsus.get(node).map(|(_, key)| key)
    }
}

/// `B_j` for the place where the node stands.
fn rsu(authority: &Authority, node: &NodeSpec) -> Result<(HostAddr, Arc<RsuKey>), SetupError> {
    let name = &node.name;
    let (x, y) = node
        .place
        .ok_or_else(|| SetupError(format!("rsu `{name}` moves; its key is bound to a place")))?;
    let host = node
        .host
        .ok_or_else(|| SetupError(format!("rsu `{name}` has no wires to the authority")))?;
    let key = authority.rsu_key(Location::from_metres(x, y));
    // With a chance of 2^-255 the master cancels the place; the paper draws `u` again, which another seed does.
    let key = key.ok_or_else(|| SetupError(format!("the place of rsu `{name}` has no key; take another seed")))?;
    Ok((host, Arc::new(key)))
}

/// So many pseudo-identities with their member keys, each from a stream of its own and of the OBU's name.
fn obu(authority: &Authority, seed: u64, name: &str, pool: u64) -> Result<Pool, SetupError> {
    let mut streams = Streams::new(seed, name, "ecpp setup");
    let key = |pair| {
        let mut draws = (0..DRAWS).map(|_| Scalar::random(streams.get("RID", pair)));
        let key = draws.find_map(|rid| authority.obu_key(rid));
        key.map(Arc::new)
            .ok_or_else(|| SetupError(format!("obu `{name}` has no key")))
    };
    (0..pool).map(key).collect()
}

/// The checks on issue, by RSU and OBU.
fn check(
    system: &System,
    rsus: &BTreeMap<String, (HostAddr, Arc<RsuKey>)>,
    obus: &BTreeMap<String, Pool>,
) -> Result<(), SetupError> {
    let mut places = BTreeMap::new();
    for (name, (_, key)) in rsus {
        if !key.is_sound(system) {
            return Err(SetupError(format!("rsu `{name}` refuses its key")));
        }
        if let Some(other) = places.insert(key.location(), name) {
            return Err(SetupError(format!(
                "rsus `{other}` and `{name}` stand at the same place, and so have the same key"
            )));
        }
    }
    if ObuKey::are_sound(system, obus.values().flatten().map(AsRef::as_ref)) {
        return Ok(());
    }
    let refusing = obus
        .iter()
        .filter(|(_, pool)| !pool.iter().all(|key| key.is_sound(system)))
        .map(|(name, _)| format!("`{name}`"));
    Err(SetupError(format!(
        "these obus refuse their keys: {}",
        refusing.collect::<Vec<_>>().join(", ")
    )))
}

fn planned(params: &roadveil_role::Params, obus: &BTreeMap<String, Pool>) -> Result<Vec<Planned>, SetupError> {
    let revocations = plan::revocations(params.text("revoke"))?.into_iter();
    let planned = revocations.map(|revocation| {
        let node = revocation.node;
        let pool = plan::named("revoke", "obu", &node, obus)?;
        Ok(Planned {
            node,
            rids: pool.iter().map(|key| key.rid_bytes()).collect(),
            at: Time::ZERO + revocation.after,
        })
    });
    planned.collect()
}

fn misbehaviours(
    params: &roadveil_role::Params,
    obus: &BTreeMap<String, Pool>,
) -> Result<Vec<Misbehaviour>, SetupError> {
    let misbehaviours = params::misbehaviours(params.text("misbehave"))?;
    for lying in &misbehaviours {
        plan::named("misbehave", "obu", &lying.node, obus)?;
    }
    Ok(misbehaviours)
}

fn check_thefts(
    config: &Config,
    rsus: &BTreeMap<String, (HostAddr, Arc<RsuKey>)>,
    obus: &BTreeMap<String, Pool>,
) -> Result<(), SetupError> {
    for Theft { node, rsu, .. } in &config.steal {
        plan::named("steal", "obu", node, obus)?;
        plan::named("steal", "rsu", rsu, rsus)?;
    }
    Ok(())
}

fn falsehoods(
    params: &roadveil_role::Params,
    rsus: &BTreeMap<String, (HostAddr, Arc<RsuKey>)>,
) -> Result<BTreeMap<String, Falsehood>, SetupError> {
    let falsehoods = params::falsehoods(params.text("lying_rsus"))?;
    for (node, _) in &falsehoods {
        plan::named("lying_rsus", "rsu", node, rsus)?;
    }
    Ok(falsehoods.into_iter().collect())
}

impl Deployment for Issued {
    fn role(&mut self, node: &str, role: &str) -> Result<Box<dyn Role>, SetupError> {
        let (system, config) = (self.authority.system().clone(), self.config.clone());
        let missing = || SetupError(format!("node `{node}` has no role `{role}`"));
        Ok(match role {
            "ta" if self.authorities.iter().any(|name| name == node) => {
                let rsus = self.rsus.values().map(|(host, _)| *host);
                let ta = Ta::new(self.authority.clone(), config, rsus, self.planned.clone());
                let ta = ta.tracking(self.registry()).installing(self.installed());
                Box::new(Typed(ta))
            }
            "rsu" => {
                let (_, key) = self.rsus.get(node).ok_or_else(missing)?;
                let rsu = Rsu::new(system, config, key.clone()).installed(self.secret(node));
                Box::new(Typed(match self.falsehoods.get(node) {
                    Some(how) => rsu.lying(*how),
                    None => rsu,
                }))
            }
            "obu" => {
                let pool = self.obus.get(node).ok_or_else(missing)?;
                let mut obu = Obu::new(system, config.clone(), pool.clone());
                let lying = self.misbehaviours.iter().find(|lying| lying.node == node);
                if let Some(Misbehaviour { after, lie, .. }) = lying {
                    obu = obu.lying(Time::ZERO + *after, *lie);
                }
                let theft = config.steal.iter().find(|theft| theft.node == node);
                if let Some(theft) = theft {
                    let key = self.rsu_key(&theft.rsu).ok_or_else(missing)?;
                    obu = obu.stealing(Time::ZERO + theft.after, key.clone());
                }
                Box::new(Typed(obu))
            }
            "flooder" if self.flooders.iter().any(|name| name == node) => Box::new(Typed(Flooder::new(config))),
            _ => return Err(missing()),
        })
    }
}
