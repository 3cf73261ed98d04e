//! An OBU that has the key `B_j` of an RSU, and certifies itself.
//!
//! Ours, as an attack. Its certificates verify as any others: they hide whose key made them. The authority opens them, to
//! an RSU that has no record of them. Against this helps the end of the epoch, and nothing before.

use std::sync::Arc;

use roadveil_crypto::SigningKey;
use roadveil_role::{Cx, Time};

use super::{Obu, STEAL};
use crate::cert::{Certificate, Draw};
use crate::keys::RsuKey;
use crate::system::{System, Validity};

/// What it holds, and from when on.
#[derive(Clone, Debug)]
pub(super) struct Loot {
    pub(super) from: Time,
    pub(super) system: Arc<System>,
    pub(super) key: Arc<RsuKey>,
}

impl Obu {
    /// It holds the key from a moment on.
    pub(super) fn await_theft(&self, cx: &mut Cx<'_>) {
        if let Some(loot) = &self.loot {
            cx.timer_at(loot.from.max(cx.now()), STEAL);
        }
    }

    /// Has it somebody's key now?
    pub(super) fn steals(&self, now: Time) -> bool {
        self.loot.as_ref().is_some_and(|loot| now >= loot.from)
    }

    /// Certifies itself, as an RSU would certify it. When its epoch is over, it goes on and is believed no more.
    pub(super) fn certify_itself(&mut self, cx: &mut Cx<'_>) {
        let Some(loot) = self.loot.clone() else { return };
        self.exchanges += 1;
        let number = self.exchanges;
        cx.forget_exchanges(number);
        let now = cx.now();
        let calendar = self.epochs.calendar();
        let wanted = Validity::covering(now, self.config.key_lifetime, self.config.validity_quantum);
        let plausible = calendar.within(loot.system.epoch(), wanted);
        let validity = if now < plausible.end() { plausible } else { wanted };
        let key = Arc::new(SigningKey::random(cx.rng("x", number)));
        let form = self.config.certificate;
        let drawn = Draw::random(form, cx.rng("certificate", number));
        cx.meter().charge(form.sign_charge());
        let certificate = Certificate::certify(&loot.system, &loot.key, *key.public().bytes(), validity, &drawn);
        let pseudonym = certificate.id();
        self.asking = super::issue::Asking::Content;
        self.denied = false;
        self.wear(cx, key, certificate, loot.system);
        cx.emit(
            "self_issued",
            [
                ("pseudonym", pseudonym.as_ref().into()),
                ("until", validity.end().into()),
            ],
        );
    }
}
