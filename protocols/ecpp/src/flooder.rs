//! An attacker who keeps an RSU busy: it asks for keys, and never goes on.
//!
//! Ours. `req1` is anybody's: before step 3 the RSU cannot tell a member from a stranger, and has to decode a point, compute
//! a pairing and agree on a key for each. The flooder's points are good ones, drawn afresh, so that no cache helps.

use core::time::Duration;
use std::sync::Arc;

use roadveil_crypto::{EphemeralShare, G2, Op, Scalar};
use roadveil_role::{Actor, Address, Built, Cx, LinkAddr, Reason, Time, Timer};

use crate::draw;
use crate::messages::{Msg, Req1};
use crate::notes::Heard;
use crate::params::Config;

const REQUEST: Timer = Timer(1);

/// How many requests one event tells of.
const TOLD: u64 = 100;

/// The flooder's role.
#[derive(Clone, Debug)]
pub struct Flooder {
    config: Arc<Config>,
    /// The RSU that it heard first.
    victim: Option<LinkAddr>,
    requests: u64,
}

impl Flooder {
    /// A flooder that waits to hear of an RSU.
    pub fn new(config: Arc<Config>) -> Flooder {
        Flooder {
            config,
            victim: None,
            requests: 0,
        }
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1) / u32::try_from(self.config.flood_rate).unwrap_or(u32::MAX).max(1)
    }

    fn request(&mut self, cx: &mut Cx<'_>, due: Time) {
        let Some(victim) = self.victim else { return };
        self.requests += 1;
        cx.meter().add(Op::G2Mul, 1);
        let secret = Scalar::random(cx.rng("r1", 0));
        let share = self.config.hardened.then(|| {
            cx.meter().add(Op::X25519, 1);
            EphemeralShare::random(cx.rng("share", 0)).public()
        });
        cx.send_later(Address::Link(victim), move || {
            let r1 = G2::generator().mul(&secret).encode();
            Built::of(&Msg::Req1(Req1 { r1, share }))
        });
        if self.requests.is_multiple_of(TOLD) {
            cx.emit("flooded", [("requests", TOLD.into())]);
        }
        // A processor that fell behind skips what it missed.
        let next = due + self.period();
        cx.timer_at(next.max(cx.now()), REQUEST);
    }
}

impl Actor for Flooder {
    type Msg = Heard;

    fn start(&mut self, cx: &mut Cx<'_>) {
        let addr = draw::link_addr(cx.rng("address", 0));
        cx.set_link_addr(addr);
        cx.state("listening");
        self.victim = None;
    }

    /// It takes the first RSU that it hears at its word, and is deaf to all else.
    fn receive(&mut self, cx: &mut Cx<'_>, _from: Address, message: &Heard) -> Result<(), Reason> {
        if let (Msg::Beacon(beacon), None) = (&message.message, self.victim) {
            self.victim = Some(beacon.addr);
            cx.state("flooding");
            cx.timer(self.period(), REQUEST);
        }
        Ok(())
    }

    fn wake(&mut self, cx: &mut Cx<'_>, _timer: Timer, due: Time) {
        self.request(cx, due);
    }
}
