//! Shared by the unit tests.

use std::sync::Arc;

use roadveil_crypto::{ByteArray, Scalar, SecretBytes};
use roadveil_role::Streams;

use crate::group::GroupKey;
use crate::keys::{Manager, MemberKey};
use crate::params::Mode;
use crate::signature::{Bases, Claim, Scope, sign};

/// Both ways to check for revocation.
pub(crate) const MODES: [Mode; 2] = [Mode::Linear, Mode::Fast { period_ms: 60_000 }];

/// A manager.
pub(crate) fn manager(mode: Mode) -> Manager {
    manager_of(1, mode)
}

/// The manager of a seed.
pub(crate) fn manager_of(seed: u64, mode: Mode) -> Manager {
    Manager::new(mode, &mut Streams::new(seed, "ta", "ta"))
}

/// A member with its manager, in period 7.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) manager: Arc<Manager>,
    pub(crate) key: Arc<MemberKey>,
    pub(crate) period: u64,
}

impl Signer {
    pub(crate) fn new(mode: Mode, x: u64) -> Signer {
        let manager = Arc::new(manager(mode));
        let key = Arc::new(manager.member(Scalar::from_u64(x)).expect("a key"));
        Signer {
            manager,
            key,
            period: 7,
        }
    }

    pub(crate) fn group(&self) -> &Arc<GroupKey> {
        self.manager.group()
    }

    /// A signature, decoded.
    pub(crate) fn claim(&self, message: &[u8]) -> Arc<Claim> {
        let scope = match self.group().mode() {
            Mode::Linear => Scope::Message(ByteArray([3; 16])),
            Mode::Fast { .. } => Scope::Period(self.period),
        };
        let bases = Bases::new(self.group(), scope, message);
        let draw = SecretBytes::new([1; 32]);
        let proof = sign(self.group(), &self.key, scope, &bases, message, &draw);
        Arc::new(Claim::new(self.group().clone(), scope, message.to_vec(), proof).expect("decodes"))
    }
}
