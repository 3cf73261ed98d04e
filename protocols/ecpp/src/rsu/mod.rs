//! The road-side unit: it announces itself, issues short-time keys, and keeps the revocation list.

mod keys;
pub mod records;
mod reports;
pub mod sessions;

use std::sync::Arc;

use roadveil_crypto::{EphemeralShare, G1, G2, Op, ScalarBytes, SecretBytes, pairing};
use roadveil_role::{Actor, Address, Built, Cx, Deferred, HostAddr, LinkAddr, Reason, Time, Timer, decode, encode};

use crate::beacon;
use crate::bucket::Bucket;
use crate::cert::{Certificate, Draw};
use crate::draw;
use crate::emergency::Emergency;
use crate::epochs::Epochs;
use crate::keys::RsuKey;
use crate::messages::{Answer, List, Msg, Req1, Req2, Request, Res1, Res2, Sealed};
use crate::notes::Heard;
use crate::params::{Config, Falsehood};
use crate::schedule::{Fresh, Part, Secrets, WireNonce, charge_seal, open, session_id};
use crate::sigma1::Claim;
use crate::system::System;
use keys::Held;
use records::Records;
use reports::Reports;
use sessions::{Session, Sessions, Stage};

const BEACON: Timer = Timer(1);
const EPOCH: Timer = Timer(2);

/// The RSU's role.
#[derive(Clone, Debug)]
pub struct Rsu {
    epochs: Epochs,
    config: Arc<Config>,
    held: Held,
    addr: Option<LinkAddr>,
    sessions: Sessions,
    bucket: Bucket,
    /// For what is sent again: a replay costs its sender nothing, and the answer costs air.
    resends: Bucket,
    records: Records,
    list: Revoked,
    /// Where the lists come from.
    ta: Option<HostAddr>,
    exchanges: u64,
    reports: Reports,
    report_bucket: Bucket,
    /// How it lies in tracking, if it does.
    falsehood: Option<Falsehood>,
    /// The emergency list that it broadcasts.
    emergency: Option<Emergency>,
}

/// The newest revocation list.
#[derive(Clone, Debug, Default)]
struct Revoked {
    sequence: u64,
    time: Time,
    rids: Vec<ScalarBytes>,
    /// The RSU was away since, and may have missed a newer one.
    missed: bool,
}

impl Revoked {
    /// Can it be told from this list whom not to serve? Not if it is old, if a newer one may have been missed, or if none
    /// came yet: numbers begin with 1.
    fn is_current(&self, now: Time, config: &Config) -> Result<(), Reason> {
        if self.sequence == 0 || self.missed || now.since(self.time) > config.list_max_age {
            return Err(Reason::Stale);
        }
        Ok(())
    }
}

/// The certificate that a request gets.
type Grant = Deferred<Certificate>;

impl Rsu {
    /// An RSU with its key.
    pub fn new(system: Arc<System>, config: Arc<Config>, key: Arc<RsuKey>) -> Rsu {
        let bucket = Bucket::new(config.request_rate);
        let report_bucket = Bucket::new(config.report_rate);
        let resends = Bucket::new(config.request_rate.saturating_mul(2));
        Rsu {
            epochs: Epochs::new(system, config.epochs),
            config,
            held: Held::new(key),
            addr: None,
            sessions: Sessions::default(),
            bucket,
            resends,
            records: Records::default(),
            list: Revoked::default(),
            ta: None,
            exchanges: 0,
            reports: Reports::default(),
            report_bucket,
            falsehood: None,
            emergency: None,
        }
    }

    /// An RSU that lies in tracking.
    #[must_use]
    pub fn lying(mut self, how: Falsehood) -> Rsu {
        self.falsehood = Some(how);
        self
    }

    /// An RSU that shares a secret with the authority since it was installed.
    #[must_use]
    pub fn installed(mut self, secret: Arc<SecretBytes<32>>) -> Rsu {
        self.held.install(secret);
        self
    }

    /// The records of issued keys.
    pub fn records(&self) -> &Records {
        &self.records
    }

    fn announce(&mut self, cx: &mut Cx<'_>, due: Time) {
        self.sessions.purge(cx.now());
        self.ask_for_list(cx);
        self.remind(cx);
        if let Ok(key) = self.key(cx.now()) {
            self.beacon(cx, key);
        }
        self.announce_epoch(cx);
        self.cry(cx);
        let next = due + self.config.rsu_beacon_period;
        cx.timer_at(next.max(cx.now()), BEACON);
    }

    fn beacon(&self, cx: &mut Cx<'_>, key: Arc<RsuKey>) {
        let addr = cx.link_addr();
        let time = cx.now().as_millis();
        cx.meter().charge(crate::blmq::SIGN);
        let draw = SecretBytes::random(cx.rng("beacon", 0));
        let system = self.epochs.current().clone();
        cx.broadcast_later(move || {
            let beacon = beacon::sign(&system, &key, addr, time, &draw);
            Built::of(&Msg::Beacon(beacon)).anticipating(beacon::check(&system, beacon))
        });
    }

    /// Broadcasts the emergency list, while it has an entry that has not ended.
    fn cry(&self, cx: &mut Cx<'_>) {
        let (now, late) = (cx.now(), self.config.freshness);
        let holds = |list: &&Emergency| list.entries.iter().any(|entry| !entry.is_over(now, late));
        if let Some(list) = self.emergency.as_ref().filter(holds) {
            if let Ok(system) = self.epochs.of(list.epoch) {
                cx.anticipate(list.check(system));
            }
            cx.broadcast(&Msg::Emergency(list.clone()));
        }
    }

    /// A new emergency list: it goes on the air at once, and with every beacon.
    fn emergency(&mut self, cx: &mut Cx<'_>, list: &Emergency) -> Result<(), Reason> {
        if !self.config.emergency {
            return Err(Reason::Unexpected);
        }
        let known = self.emergency.as_ref().map_or(0, |known| known.sequence);
        if list.accept(cx, &self.epochs, known)?.is_some() {
            self.emergency = Some(list.clone());
            self.cry(cx);
        }
        Ok(())
    }

    /// After a failure: tells the authority that it has no list that counts, until one comes.
    fn ask_for_list(&self, cx: &mut Cx<'_>) {
        if let Some(ta) = self.ta.filter(|_| self.list.missed) {
            cx.send(Address::Host(ta), &Msg::Ack { sequence: 0 });
        }
    }

    /// Steps 1 and 2.
    fn req1(&mut self, cx: &mut Cx<'_>, from: Address, request: &Req1) -> Result<(), Reason> {
        let id = session_id(&request.r1, request.share.as_ref());
        if let Some(session) = self.sessions.get(cx.now(), &id) {
            // A retry, or a replay: the same bytes again, never another encryption.
            let frame = session.res1.clone();
            return self.resend(cx, from, &frame);
        }
        if request.share.is_some() != self.config.hardened {
            return Err(Reason::Unexpected);
        }
        let key = self.key(cx.now())?;
        if !self.bucket.take(cx.now()) {
            return Err(Reason::RateLimited);
        }
        cx.meter().add(Op::DecodeG2, 1);
        let r1 = G2::decode(&request.r1).map_err(|_| Reason::BadElement)?;
        cx.meter().add(Op::Pairing, 1);
        let nonce: WireNonce = draw::bytes(cx.rng("nonce", 0));
        let shares = match request.share {
            None => None,
            Some(obu) => {
                let own = EphemeralShare::random(cx.rng("share", 0));
                cx.meter().add(Op::X25519, 2);
                let agreed = own.agree(&obu).map_err(|_| Reason::BadElement)?;
                Some((obu, own, agreed))
            }
        };
        let secrets = cx.defer({
            let bytes = request.r1;
            move || {
                let r2 = pairing(key.b().expose(), &r1);
                let Some((obu, own, agreed)) = shares else {
                    return Secrets::paper(bytes, &r2);
                };
                let rsu = own.public();
                Secrets::hardened(bytes, &r2, Fresh { obu, nonce, rsu }, &agreed)
            }
        });
        charge_seal(cx, request.r1.0.len());
        self.exchanges += 1;
        cx.step("res1", self.exchanges);
        let res1 = cx.send_later(from, {
            let (secrets, drawn) = (secrets.clone(), self.drawn(nonce));
            move || {
                let secrets = secrets.get();
                let sealed = secrets.seal(Part::Res1, drawn.as_ref(), secrets.r1().as_ref());
                Built::of(&Msg::Res1(Res1 {
                    session: secrets.session(),
                    nonce,
                    share: secrets.rsu_share().copied(),
                    sealed: Sealed(sealed),
                }))
            }
        });
        let stage = Stage::AwaitsReq2(secrets);
        self.sessions.open(
            cx.now(),
            id,
            Session {
                number: self.exchanges,
                began: cx.now(),
                res1,
                stage,
            },
        );
        Ok(())
    }

    /// The same bytes again, so often in a second.
    fn resend(&mut self, cx: &mut Cx<'_>, to: Address, frame: &Deferred<Built>) -> Result<(), Reason> {
        if !self.resends.take(cx.now()) {
            return Err(Reason::RateLimited);
        }
        cx.send_again(to, frame);
        Ok(())
    }

    /// Steps 3b and 4.
    fn req2(&mut self, cx: &mut Cx<'_>, from: Address, request: &Req2) -> Result<(), Reason> {
        let session = self
            .sessions
            .get(cx.now(), &request.session)
            .ok_or(Reason::Unexpected)?;
        let number = session.number;
        let secrets = match &session.stage {
            Stage::AwaitsReq2(secrets) => secrets.clone(),
            Stage::Answered {
                request: answered,
                answer,
            } if answered == request => {
                // A retry, or a replay: the same bytes again.
                let frame = answer.clone()?;
                return self.resend(cx, from, &frame);
            }
            Stage::Answered { .. } => return Err(Reason::Unexpected),
        };
        let plain = open(cx, secrets.get(), Part::Req2, request.nonce.as_ref(), &request.sealed)?;
        // From here on the sender is who began the run. While the RSU does not know whom to refuse, the run stays open: a
        // retry is taken up as soon as there is a list.
        if let Err(why) = self.list.is_current(cx.now(), &self.config) {
            cx.emit("key_refused", [("why", why.name().into())]);
            return Err(why);
        }
        let key = self.key(cx.now())?;
        // Now the run has its one answer.
        let decision = self.decide(cx, &key, secrets.get(), &plain);
        let answer = match &decision {
            Ok(grant) => Ok(Some(grant.clone())),
            Err(Reason::Revoked) if self.config.refusal_notice => Ok(None),
            Err(why) => Err(*why),
        };
        let answer = answer.map(|grant| self.answer(cx, from, number, secrets, grant));
        if let Some(session) = self.sessions.get_mut(&request.session) {
            session.stage = Stage::Answered {
                request: request.clone(),
                answer,
            };
        }
        decision
            .map(|_| ())
            .inspect_err(|why| cx.emit("key_refused", [("why", why.name().into())]))
    }

    /// Step 4: every check, in the order of the paper, then the certificate.
    fn decide(&mut self, cx: &mut Cx<'_>, key: &Arc<RsuKey>, secrets: &Secrets, plain: &[u8]) -> Result<Grant, Reason> {
        let system = self.epochs.current().clone();
        let request = decode::<Request>(plain).map_err(|_| Reason::Malformed)?;
        let claim = Claim {
            rid: request.rid,
            validity: request.validity,
            y: request.y,
        };
        // 4a: is it listed?
        if self.list.rids.binary_search(&claim.rid).is_ok() {
            return Err(Reason::Revoked);
        }
        // 4b: is the validity short enough, and does it hold now?
        let calendar = self.epochs.calendar();
        if claim.validity.length() > self.config.max_lifetime || !calendar.covers(system.epoch(), &claim.validity) {
            return Err(Reason::OverlongValidity);
        }
        if !claim.validity.holds(cx.now(), self.config.freshness) {
            return Err(Reason::OutsideValidity);
        }
        // 4c: did the member sign it, and does it hold the key?
        cx.meter().add(Op::DecodeG1, 1);
        G1::decode(&claim.y).map_err(|_| Reason::BadElement)?;
        if !cx.check(&claim.check(&system, request.sigma1)).is_valid() {
            return Err(Reason::BadSignature);
        }
        if let Some(nonce) = secrets.rsu_nonce() {
            let proof = request.proof.ok_or(Reason::BadProof)?;
            if !cx
                .check(&claim.check_possession(&system, secrets.r1(), nonce, proof))
                .is_valid()
            {
                return Err(Reason::BadProof);
            }
            if self.records.conflicts(&claim) {
                return Err(Reason::KeyConflict);
            }
        }
        if self.records.is_crowded(&claim, cx.now()) {
            return Err(Reason::RateLimited);
        }
        self.records.keep(&claim, request.sigma1, cx.now());
        let form = self.config.certificate;
        cx.meter().charge(form.sign_charge());
        let drawn = Draw::random(form, cx.rng("certificate", 0));
        let grant = cx.defer({
            let key = key.clone();
            move || Certificate::certify(&system, &key, claim.y, claim.validity, &drawn)
        });
        let certificate = grant.clone();
        cx.emit_later("key_issued", move || {
            vec![
                ("rid", claim.rid.as_ref().into()),
                ("pseudonym", certificate.get().id().as_ref().into()),
                ("until", claim.validity.end().into()),
            ]
        });
        Ok(grant)
    }

    /// Seals what was granted, or a notice that nothing was.
    fn answer(
        &self,
        cx: &mut Cx<'_>,
        to: Address,
        number: u64,
        secrets: Deferred<Secrets>,
        grant: Option<Grant>,
    ) -> Deferred<Built> {
        let nonce = (!self.config.hardened).then(|| draw::bytes(cx.rng("nonce", 0)));
        let blank = match &grant {
            Some(_) => Answer::Issued(self.config.certificate.blank()),
            None => Answer::Revoked,
        };
        charge_seal(cx, encode(&blank).len());
        cx.step("res2", number);
        let system = self.epochs.current().clone();
        cx.send_later(to, move || {
            let certificate = grant.as_ref().map(Deferred::get);
            let answer = match certificate {
                Some(certificate) => Answer::Issued(certificate.proof),
                None => Answer::Revoked,
            };
            let secrets = secrets.get();
            let sealed = Sealed(secrets.seal(Part::Res2, nonce.as_ref(), &encode(&answer)));
            let built = Built::of(&Msg::Res2(Res2 {
                session: secrets.session(),
                nonce,
                sealed,
            }));
            match certificate {
                Some(certificate) => built.anticipating(certificate.check(&system)),
                None => built,
            }
        })
    }

    /// The nonce that goes into a key besides `N_rsu`: only in paper mode.
    fn drawn(&self, nonce: WireNonce) -> Option<WireNonce> {
        (!self.config.hardened).then_some(nonce)
    }

    fn list(&mut self, cx: &mut Cx<'_>, from: HostAddr, list: &List) -> Result<(), Reason> {
        let system = self.epochs.of(list.epoch)?;
        if list.sequence < self.list.sequence {
            return Err(Reason::Stale);
        }
        if !list.revoked.is_sorted() {
            return Err(Reason::Malformed);
        }
        if !cx.check(&list.check(system)).is_valid() {
            return Err(Reason::BadSignature);
        }
        self.ta = Some(from);
        self.list.missed = false;
        let sequence = list.sequence;
        cx.send(Address::Host(from), &Msg::Ack { sequence });
        if list.sequence > self.list.sequence {
            if list.revoked.len() != self.list.rids.len() {
                cx.emit("list_updated", [("revoked", (list.revoked.len() as u64).into())]);
            }
            self.list = Revoked {
                sequence: list.sequence,
                time: Time::from_millis(list.time),
                rids: list.revoked.clone(),
                missed: false,
            };
        }
        Ok(())
    }
}

impl Actor for Rsu {
    type Msg = Heard;

    fn start(&mut self, cx: &mut Cx<'_>) {
        let addr = self.addr.unwrap_or_else(|| draw::link_addr(cx.rng("address", 0)));
        self.addr = Some(addr);
        cx.set_link_addr(addr);
        cx.state("serving");
        self.tend_epochs(cx);
        self.list.missed = self.list.sequence > 0;
        self.ask_for_list(cx);
        let phase = draw::below(cx.rng("phase", 0), self.config.rsu_beacon_period);
        cx.timer(phase, BEACON);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Heard) -> Result<(), Reason> {
        match (from, &message.message) {
            (Address::Link(_), Msg::Req1(request)) => self.req1(cx, from, request),
            (Address::Link(_), Msg::Req2(request)) => self.req2(cx, from, request),
            (Address::Host(host), Msg::List(list)) => self.list(cx, host, list),
            (Address::Host(_), Msg::Emergency(list)) => self.emergency(cx, list),
            (Address::Host(host), Msg::Handover(handover)) => self.take_key(cx, host, handover),
            (Address::Link(_), Msg::Report(evidence)) => self.report(cx, from, evidence),
            (Address::Host(host), Msg::Settled { accused }) => self.settled(host, accused),
            (Address::Host(host), Msg::Trace(question)) => self.trace(cx, host, question),
            // What others say to everyone is none of its business.
            (
                Address::Link(_),
                Msg::Beacon(_) | Msg::Safety(_) | Msg::SafetyR(_) | Msg::SafetyZ(_) | Msg::Emergency(_) | Msg::Epoch(_),
            ) => Ok(()),
            _ => Err(Reason::Unexpected),
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        match timer {
            EPOCH => self.tend_epochs(cx),
            _ => self.announce(cx, due),
        }
    }
}
