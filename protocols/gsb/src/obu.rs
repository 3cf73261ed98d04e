//! The on-board unit: it signs safety messages for the group, and checks those of others against its revocation list.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::{Op, ScalarBytes, SecretBytes};
use roadveil_role::{Actor, Address, Body, Built, Cam, Cx, LinkAddr, Reason, Time, Timer};

use crate::draw;
use crate::group::GroupKey;
use crate::keys::MemberKey;
use crate::messages::{Msg, Page, Safety};
use crate::notes::{Heard, Notes};
use crate::params::{Config, Mode};
use crate::revocation::{Revoked, Token};
use crate::signature::{Bases, Claim, SIGN, Scope, sign};

const BEACON: Timer = Timer(1);
const TICK: Timer = Timer(2);

/// Time between two records of what was counted.
const TICK_PERIOD: Duration = Duration::from_secs(1);

/// For how many periods a vehicle has tables: the present one, and its neighbour at the turn.
const TABLES: usize = 2;

/// The OBU's role.
#[derive(Clone, Debug)]
pub struct Obu {
    group: Arc<GroupKey>,
    config: Arc<Config>,
    key: Arc<MemberKey>,
    revoked: Revoked,
    voice: Voice,
    /// Challenges of messages that were accepted, with their times: nobody draws one twice.
    seen: BTreeMap<ScalarBytes, Time>,
    /// How many learnt tokens stand in the table of a period.
    tabled: BTreeMap<u64, usize>,
    counts: Counts,
}

/// Under which name it speaks: of one message, or of one period.
#[derive(Clone, Debug, Default)]
struct Voice {
    period: Option<(u64, Arc<Bases>)>,
    station: u32,
    sequence: u32,
}

/// What is counted, and recorded once a second.
#[derive(Clone, Debug, Default)]
struct Counts {
    sent: u64,
    accepted: u64,
    refused: BTreeMap<Reason, u64>,
}

impl Obu {
    /// An OBU with its member key and the list that it brings.
    pub fn new(group: Arc<GroupKey>, config: Arc<Config>, key: Arc<MemberKey>, revoked: Revoked) -> Obu {
        Obu {
            group,
            config,
            key,
            revoked,
            voice: Voice::default(),
            seen: BTreeMap::new(),
            tabled: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// A safety message. Without a period every message has a link address and a station number of its own: with a fixed
    /// one they would be linked, whatever the signature hides.
    fn speak(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now().as_millis();
        let (scope, bases) = match self.config.mode {
            Mode::Linear => {
                self.rename(cx);
                (Scope::Message(draw::bytes(cx.rng("nonce", 0))), None)
            }
            Mode::Fast { period_ms } => {
                let period = now / period_ms;
                (Scope::Period(period), Some(self.period_bases(cx, period)))
            }
        };
        let speech = Speech {
            group: self.group.clone(),
            key: self.key.clone(),
            revoked: self.revoked.clone(),
            scope,
            bases,
            cam: Cam::now(cx, self.voice.station, self.voice.sequence),
            bytes: self.config.body_bytes,
            draw: SecretBytes::random(cx.rng("message", 0)),
        };
        self.voice.sequence = self.voice.sequence.wrapping_add(1);
        cx.meter().charge(SIGN);
        cx.broadcast_later(move || speech.build());
        self.counts.sent += 1;
    }

    /// A new name.
    fn rename(&mut self, cx: &mut Cx<'_>) {
        let addr: LinkAddr = draw::link_addr(cx.rng("address", 0));
        let [_, _, a, b, c, d] = addr.0;
        cx.set_link_addr(addr);
        self.voice.station = u32::from_be_bytes([a, b, c, d]);
        self.voice.sequence = 0;
    }

    /// The bases of a period, hashed once, under a name of its own.
    fn period_bases(&mut self, cx: &mut Cx<'_>, period: u64) -> Arc<Bases> {
        match &self.voice.period {
            Some((known, bases)) if *known == period => bases.clone(),
            _ => {
                self.rename(cx);
                let bases = Arc::new(Bases::new(&self.group, Scope::Period(period), &[]));
                self.voice.period = Some((period, bases.clone()));
                bases
            }
        }
    }

    /// Is it fresh, is it new, did a member sign it, is that member not revoked?
    fn hear(&mut self, cx: &mut Cx<'_>, safety: &Safety, notes: &Notes) -> Result<(), Reason> {
        let now = cx.now();
        let time = Time::from_millis(safety.body.cam.time);
        if now.distance(time) > self.config.freshness {
            return Err(Reason::Stale);
        }
        let scope = match (self.config.mode, safety.nonce) {
            (Mode::Linear, Some(nonce)) => Scope::Message(nonce),
            (Mode::Fast { period_ms }, None) => Scope::Period(safety.body.cam.time / period_ms),
            _ => return Err(Reason::Malformed),
        };
        if self.seen.contains_key(&safety.proof.c) {
            return Err(Reason::Duplicate);
        }
        let claim = notes
            .claim(&self.group, scope, safety)
            .map_err(|_| Reason::BadElement)?;
        if !cx.check(&claim.check()).is_valid() {
            return Err(Reason::BadSignature);
        }
        self.prepare_table(cx, scope);
        if !cx.check(&self.revoked.check(&claim)).is_valid() {
            return Err(Reason::Revoked);
        }
        self.seen.insert(safety.proof.c, time);
        Ok(())
    }

    /// What the table of a period lacks is computed when it is first needed: a pairing for each token. What the vehicle
    /// brought it brought with tables.
    fn prepare_table(&mut self, cx: &mut Cx<'_>, scope: Scope) {
        let Scope::Period(period) = scope else { return };
        let learnt = self.revoked.learnt();
        let tabled = self.tabled.entry(period).or_default();
        let lacking = learnt.saturating_sub(*tabled);
        *tabled = learnt;
        if lacking > 0 {
            cx.meter().add(Op::Pairing, u32::try_from(lacking).unwrap_or(u32::MAX));
        }
        while self.tabled.len() > TABLES {
            self.tabled.pop_first();
        }
    }

    /// A page of the revocation list. What says nothing new costs nothing.
    fn learn(&mut self, cx: &mut Cx<'_>, page: &Page) -> Result<(), Reason> {
        if page.tokens.len() > Page::TOKENS {
            return Err(Reason::Malformed);
        }
        let new = page.tokens.iter().filter(|token| !self.revoked.has(token));
        let new: Vec<_> = new.copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        if !cx.check(&page.check(&self.group)).is_valid() {
            return Err(Reason::BadSignature);
        }
        cx.meter()
            .add(Op::DecodeG1, u32::try_from(new.len()).unwrap_or(u32::MAX));
        let tokens: Result<Vec<Token>, _> = new.iter().map(Token::decode).collect();
        let tokens = tokens.map_err(|_| Reason::BadElement)?;
        self.revoked = self.revoked.with(tokens);
        let known = self.revoked.learnt() as u64;
        cx.emit(
            "list_learnt",
            [("new", (new.len() as u64).into()), ("known", known.into())],
        );
        if new.contains(&self.key.token_bytes()) {
            cx.state("revoked");
        }
        Ok(())
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        let Counts {
            sent,
            accepted,
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
                ("revoked", (self.revoked.len() as u64).into()),
            ],
        );
        // A message as old as this is refused for its age.
        let (now, freshness) = (cx.now(), self.config.freshness);
        self.seen
            .retain(|_, time| now.distance(*time) <= freshness + TICK_PERIOD);
        cx.timer(TICK_PERIOD, TICK);
    }
}

impl Actor for Obu {
    type Msg = Heard;

    fn start(&mut self, cx: &mut Cx<'_>) {
        let revoked = self.revoked.has(&self.key.token_bytes());
        cx.state(if revoked { "revoked" } else { "keyed" });
        self.voice = Voice::default();
        self.rename(cx);
        let phase = draw::below(cx.rng("phase", 0), self.config.beacon_period);
        cx.timer(phase, BEACON);
        let phase = draw::below(cx.rng("phase", 0), TICK_PERIOD);
        cx.timer(phase, TICK);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Heard) -> Result<(), Reason> {
        match (from, &message.message) {
            (Address::Link(_), Msg::Safety(safety)) => {
                let result = self.hear(cx, safety, &message.notes);
                match result {
                    Ok(()) => self.counts.accepted += 1,
                    Err(why) => *self.counts.refused.entry(why).or_default() += 1,
                }
                result
            }
            (Address::Link(_), Msg::Page(page)) => self.learn(cx, page),
            _ => Err(Reason::Unexpected),
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        if timer == TICK {
            return self.tick(cx);
        }
        self.speak(cx);
        // Due times add up without drift; a processor that fell behind skips what it missed.
        let (now, period) = (cx.now(), self.config.beacon_period);
        let next = due + period;
        cx.timer_at(if next > now { next } else { now + period }, BEACON);
    }
}

/// A safety message to be: all that it takes to build and sign it.
struct Speech {
    group: Arc<GroupKey>,
    key: Arc<MemberKey>,
    revoked: Revoked,
    scope: Scope,
    /// Those of the period.
    bases: Option<Arc<Bases>>,
    cam: Cam,
    bytes: usize,
    draw: SecretBytes<32>,
}

impl Speech {
    /// Signs it, and says what its receivers will ask: those who know of the same members as the sender.
    fn build(self) -> Built {
        let Speech { group, key, scope, .. } = self;
        let body = Body::padded(self.cam, self.bytes);
        let message = body.bytes();
        let bases = self
            .bases
            .unwrap_or_else(|| Arc::new(Bases::new(&group, scope, &message)));
        let proof = sign(&group, &key, scope, &bases, &message, &self.draw);
        let nonce = match scope {
            Scope::Message(nonce) => Some(nonce),
            Scope::Period(_) => None,
        };
        let built = Built::of(&Msg::Safety(Safety { body, nonce, proof }));
        match Claim::new(group, scope, message, proof).map(Arc::new) {
            Ok(claim) => built
                .anticipating(claim.check())
                .anticipating(self.revoked.check(&claim)),
            // Only if a mask cancelled: then it is refused like any other.
            Err(_) => built,
        }
    }
}
