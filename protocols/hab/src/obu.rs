//! The on-board unit: it signs safety messages under one key of its pool after the other, and checks those of others.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::{Op, P256Key};
use roadveil_role::{Actor, Address, Body, Built, Cam, Cx, Reason, Time, Timer};

use crate::cert::{CertId, Certificate, Pool, Pseudonym, domain};
use crate::draw;
use crate::list::Revoked;
use crate::messages::{Msg, Page, Safety};
use crate::params::Config;

const BEACON: Timer = Timer(1);
const TICK: Timer = Timer(2);
const CHANGE: Timer = Timer(3);

/// Time between two records of what was counted.
const TICK_PERIOD: Duration = Duration::from_secs(1);

/// How long a certificate is remembered that is not heard any more.
const MEMORY: Duration = Duration::from_secs(10);

/// The OBU's role.
#[derive(Clone, Debug)]
pub struct Obu {
    authority: P256Key,
    config: Arc<Config>,
    pool: Pool,
    /// Which key of the pool is next.
    next: u64,
    pseudonym: Option<Arc<Pseudonym>>,
    sequence: u32,
    revoked: Revoked,
    neighbours: BTreeMap<CertId, Neighbour>,
    counts: Counts,
    state: &'static str,
}

/// A certificate that was checked.
#[derive(Clone, Debug)]
struct Neighbour {
    certificate: Certificate,
    /// Of its last message. Not the sequence number, which begins anew when the pool has gone round.
    time: Option<u64>,
    heard: Time,
}

/// What is counted, and recorded once a second.
#[derive(Clone, Debug, Default)]
struct Counts {
    sent: u64,
    accepted: u64,
    certificates: u64,
    refused: BTreeMap<Reason, u64>,
}

impl Obu {
    /// An OBU with its pool and the list that it brings.
    pub fn new(authority: P256Key, config: Arc<Config>, pool: Pool, revoked: Revoked) -> Obu {
        Obu {
            authority,
            config,
            pool,
            next: 0,
            pseudonym: None,
            sequence: 0,
            revoked,
            neighbours: BTreeMap::new(),
            counts: Counts::default(),
            state: "",
        }
    }

    /// The next key, with a link address of its own.
    fn change(&mut self, cx: &mut Cx<'_>) {
        self.pseudonym = Some(Arc::new(self.pool.take(self.next)));
        self.next = self.next.wrapping_add(1);
        self.sequence = 0;
        let addr = draw::link_addr(cx.rng("address", 0));
        cx.set_link_addr(addr);
        cx.emit("key_changed", [("keys", self.next.into())]);
        self.say_state(cx);
    }

    /// Is it on the list, as far as it knows?
    fn say_state(&mut self, cx: &mut Cx<'_>) {
        let own = self.pseudonym.as_ref();
        let revoked = own.is_some_and(|own| self.revoked.has(&own.id));
        let state = if revoked { "revoked" } else { "keyed" };
        if state != self.state {
            self.state = state;
            cx.state(state);
        }
    }

    /// A safety message.
    fn speak(&mut self, cx: &mut Cx<'_>) {
        let Some(pseudonym) = self.pseudonym.clone() else {
            return;
        };
        let [a, b, c, d, ..] = pseudonym.id.0;
        let cam = Cam::now(cx, u32::from_be_bytes([a, b, c, d]), self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        let (bytes, authority) = (self.config.body_bytes, self.authority);
        cx.meter().add(Op::EcdsaSign, 1);
        cx.broadcast_later(move || speech(&pseudonym, cam, bytes, &authority));
        self.counts.sent += 1;
    }

    /// Is it fresh, is its certificate not revoked and good, is it new, does its signature hold?
    fn hear(&mut self, cx: &mut Cx<'_>, safety: &Safety) -> Result<(), Reason> {
        let now = cx.now();
        let time = safety.body.cam.time;
        if now.distance(Time::from_millis(time)) > self.config.freshness {
            return Err(Reason::Stale);
        }
        let id = safety.certificate.id();
        if self.pseudonym.as_ref().is_some_and(|own| own.id == id) {
            // Nobody else speaks under this key: somebody plays it back.
            return Err(Reason::Duplicate);
        }
        if self.revoked.has(&id) {
            return Err(Reason::Revoked);
        }
        let known = self.neighbours.get(&id).map(|known| known.certificate);
        if known != Some(safety.certificate) {
            self.admit(cx, id, &safety.certificate)?;
        }
        let last = self.neighbours.get(&id).and_then(|known| known.time);
        if last.is_some_and(|last| time <= last) {
            return Err(Reason::Duplicate);
        }
        if !cx.check(&safety.check()).is_valid() {
            return Err(Reason::BadSignature);
        }
        if let Some(known) = self.neighbours.get_mut(&id) {
            (known.time, known.heard) = (Some(time), now);
        }
        Ok(())
    }

    /// Checks a certificate and keeps it.
    fn admit(&mut self, cx: &mut Cx<'_>, id: CertId, certificate: &Certificate) -> Result<(), Reason> {
        self.counts.certificates += 1;
        if !cx.check(&certificate.check(&self.authority)).is_valid() {
            return Err(Reason::BadCertificate);
        }
        let neighbour = self.neighbours.entry(id).or_insert(Neighbour {
            certificate: *certificate,
            time: None,
            heard: cx.now(),
        });
        // Another signature of the authority on the same key is as good.
        neighbour.certificate = *certificate;
        Ok(())
    }

    /// A page of the revocation list. What says nothing new costs nothing.
    fn learn(&mut self, cx: &mut Cx<'_>, page: &Page) -> Result<(), Reason> {
        if page.revoked.len() > Page::NAMES {
            return Err(Reason::Malformed);
        }
        if page.revoked.iter().all(|id| self.revoked.has(id)) {
            return Ok(());
        }
        if !cx.check(&page.check(&self.authority)).is_valid() {
            return Err(Reason::BadSignature);
        }
        let new = self.revoked.learn(&page.revoked) as u64;
        let known = self.revoked.learnt() as u64;
        cx.emit("list_learnt", [("new", new.into()), ("known", known.into())]);
        self.say_state(cx);
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let Counts {
            sent,
            accepted,
            certificates,
            refused,
        } = core::mem::take(&mut self.counts);
        let refused_all: u64 = refused.values().sum();
        for (why, times) in refused {
            cx.emit("refused", [("why", why.name().into()), ("times", times.into())]);
        }
        cx.emit(
            "counts",
            [
                ("sent", sent.into()),
                ("accepted", accepted.into()),
                ("refused", refused_all.into()),
                ("certificates", certificates.into()),
                ("names", (self.revoked.len() as u64).into()),
                ("pool", self.config.pool.into()),
            ],
        );
        // Longer than a message stays fresh, or it could be played back.
        let (now, memory) = (cx.now(), MEMORY.max(2 * self.config.freshness));
        self.neighbours.retain(|_, known| now.since(known.heard) <= memory);
        cx.timer(TICK_PERIOD, TICK);
    }
}

/// Signs a message, and says what its receivers will ask.
fn speech(pseudonym: &Pseudonym, cam: Cam, bytes: usize, authority: &P256Key) -> Built {
    let body = Body::padded(cam, bytes);
    let statement = Safety::statement(&body, &pseudonym.id);
    let safety = Safety {
        body,
        certificate: pseudonym.certificate,
        signature: pseudonym.key.sign(domain::MESSAGE, &statement),
    };
    let (certificate, message) = (safety.certificate.check(authority), safety.check());
    Built::of(&Msg::Safety(safety))
        .anticipating(certificate)
        .anticipating(message)
}

impl Actor for Obu {
    type Msg = Msg;

    fn start(&mut self, cx: &mut Cx<'_>) {
        self.change(cx);
        let mut phase = |limit| draw::below(cx.rng("phase", 0), limit);
        let phases = [self.config.beacon_period, TICK_PERIOD, self.config.change_period].map(&mut phase);
        for (after, timer) in phases.into_iter().zip([BEACON, TICK, CHANGE]) {
            cx.timer(after, timer);
        }
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Msg) -> Result<(), Reason> {
        match (from, message) {
            (Address::Link(_), Msg::Safety(safety)) => {
                let result = self.hear(cx, safety);
                match result {
                    Ok(()) => self.counts.accepted += 1,
                    Err(why) => *self.counts.refused.entry(why).or_default() += 1,
                }
                result
            }
            (Address::Link(_), Msg::Page(page)) => self.learn(cx, page),
            (Address::Host(_), _) => Err(Reason::Unexpected),
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        let period = match timer {
            TICK => return self.tick(cx),
            CHANGE => {
                self.change(cx);
                self.config.change_period
            }
            _ => {
                self.speak(cx);
                self.config.beacon_period
            }
        };
        // Due times add up without drift; a processor that fell behind skips what it missed.
        let (now, next) = (cx.now(), due + period);
        cx.timer_at(if next > now { next } else { now + period }, timer);
    }
}
