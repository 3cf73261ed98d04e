//! A protocol on the test kit's network, with what each callback was charged.

use roadveil_crypto::Charge;
use roadveil_role::testkit::{Net, What};
use roadveil_role::view::Emitted;
use roadveil_role::{HostAddr, NodeSpec, Params, Protocol, Setup, SetupError, Time, Value};

/// Those farther apart than this do not hear each other, metres.
const REACH: f64 = 1_000.0;

/// Seed of all draws. Counts of operations do not depend on it.
const SEED: u64 = 1;

/// A node to be: its name, its role, its address on the wires, its place.
pub(super) struct Cast<'a> {
    pub(super) name: &'a str,
    pub(super) role: &'static str,
    pub(super) host: Option<u32>,
    pub(super) place: (f64, f64),
}

impl Cast<'_> {
    /// As a protocol sees it.
    pub(super) fn spec(&self) -> NodeSpec {
        NodeSpec {
            name: self.name.to_owned(),
            host: self.host.map(HostAddr),
            radio: self.role != "ta",
            place: Some(self.place),
            roles: vec![self.role.to_owned()],
        }
    }
}

/// One callback of a node that is watched.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Handled {
    /// The node.
    pub(super) node: String,
    /// The message that it handled; none if it was a timer.
    pub(super) message: Option<&'static str>,
    /// The message's frame, if there was one.
    pub(super) frame: Vec<u8>,
    /// Was the message refused?
    pub(super) refused: bool,
    /// What it was charged.
    pub(super) charge: Charge,
}

impl Handled {
    /// Did `node` handle a message of that name, and not refuse it?
    pub(super) fn is(&self, node: &str, message: &str) -> bool {
        self.node == node && self.message == Some(message) && !self.refused
    }
}

/// A network under observation.
pub(super) struct Probe {
    protocol: &'static Protocol,
    net: Net,
    /// How many of its records were looked at.
    seen: usize,
}

/// What a protocol is set up with.
pub(super) fn setup(
    protocol: &Protocol,
    nodes: Vec<NodeSpec>,
    settings: &[(&str, Value)],
) -> Result<Setup, SetupError> {
    let mut params = Params::defaults(protocol.params);
    for (name, value) in settings {
        let set = params.set(protocol.params, name, value.clone());
        set.map_err(|problem| SetupError(format!("{name}: {problem}")))?;
    }
    Ok(Setup {
        seed: SEED,
        params,
        nodes,
    })
}

impl Probe {
    /// Sets up a network.
    ///
    /// # Errors
    /// What the protocol says of it.
    pub(super) fn new(protocol: &'static Protocol, setup: &Setup) -> Result<Probe, SetupError> {
        let net = Net::deploy(protocol, setup)?.reach(|one, other| {
            let (x, y) = (one.x - other.x, one.y - other.y);
            x * x + y * y <= REACH * REACH
        });
        Ok(Probe { protocol, net, seen: 0 })
    }

    /// Handles the next event, and says what became of it if one of the `watched` handled it. `None` if there is none, or if
    /// it is beyond `limit`.
    pub(super) fn step(&mut self, watched: &[&str], limit: Time) -> Option<Vec<Handled>> {
        if !self.net.step() || self.net.now() > limit {
            return None;
        }
        let mut handled = Vec::new();
        let new = &self.net.records()[self.seen..];
        for name in watched {
            let of_node = || new.iter().filter(|record| record.node == *name);
            let frame = of_node().find_map(|record| match &record.what {
                What::Received { frame, .. } => Some(frame.to_vec()),
                _ => None,
            });
            let refused = of_node().any(|record| matches!(record.what, What::Rejected(_)));
            handled.push(Handled {
                node: (*name).to_owned(),
                message: frame.as_deref().and_then(|frame| self.protocol.message_name(frame)),
                frame: frame.unwrap_or_default(),
                refused,
                charge: Charge::NONE,
            });
        }
        self.seen = self.net.records().len();
        for one in &mut handled {
            one.charge = self.net.charged(&one.node);
        }
        handled.retain(|one| one.message.is_some() || !one.charge.is_empty());
        Some(handled)
    }

    /// How often a node recorded an event of that name.
    pub(super) fn count(&self, node: &str, event: &str) -> usize {
        self.net.events(event).filter(|(record, _)| record.node == node).count()
    }

    /// A figure of the protocol's report, so far; none if it has no such figure.
    pub(super) fn figure(&self, name: &str) -> Option<u64> {
        let mut fold = (self.protocol.fold)();
        for record in self.net.records() {
            let What::Emitted { name, fields } = &record.what else {
                continue;
            };
            let fields: Vec<(String, Value)> = fields
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect();
            fold.observe(&Emitted {
                at: record.at,
                node: &record.node,
                role: &record.role,
                name,
                fields: &fields,
            });
        }
        fold.figures().into_iter().find_map(|(key, value)| match value {
            Value::U64(value) if key == name => Some(value),
            _ => None,
        })
    }
}
