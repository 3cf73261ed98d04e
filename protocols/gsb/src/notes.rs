//! What receivers of one frame work out once for all of them.

use std::sync::{Arc, OnceLock};

use roadveil_crypto::DecodeError;
use roadveil_role::Noted;

use crate::group::GroupKey;
use crate::messages::{Msg, Safety};
use crate::signature::{Claim, Scope};

/// A message as all receivers of its frame share it.
pub type Heard = Noted<Msg, Notes>;

/// The decoded signature of a safety message.
#[derive(Clone, Debug, Default)]
pub struct Notes(OnceLock<Result<Arc<Claim>, DecodeError>>);

impl Notes {
    /// The signature, decoded by the first who asks for it: everybody's, unless it is for another group or scope.
    pub(crate) fn claim(
        &self,
        group: &Arc<GroupKey>,
        scope: Scope,
        safety: &Safety,
    ) -> Result<Arc<Claim>, DecodeError> {
        let decode = || Claim::new(group.clone(), scope, safety.body.bytes(), safety.proof).map(Arc::new);
        match self.0.get_or_init(decode) {
            Ok(claim) if claim.group().digest() == group.digest() && claim.scope() == scope => Ok(claim.clone()),
            Ok(_) => decode(),
            // Whether bytes are elements depends on nothing else.
            Err(why) => Err(*why),
        }
    }
}
