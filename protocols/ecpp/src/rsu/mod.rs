//! The road-side unit: it announces itself, issues short-time keys, and keeps the revocation list.

pub mod records;
pub mod sessions;

use std::sync::Arc;

use roadveil_crypto::{EphemeralShare, G1, G2, Op, ScalarBytes, pairing};
use roadveil_role::{Actor, Address, Cx, HostAddr, LinkAddr, Reason, Time, Timer, decode, encode};

use crate::beacon;
use crate::bucket::Bucket;
use crate::cert::{self, Certificate};
use crate::draw;
use crate::keys::RsuKey;
use crate::messages::{Answer, List, Msg, Req1, Req2, Request, Res1, Res2};
use crate::params::Config;
use crate::schedule::{Fresh, Part, Secrets, WireNonce, open, seal, session_id};
use crate::sigma1::Claim;
use crate::system::System;
use records::Records;
use sessions::{Session, Sessions, Stage};

const BEACON: Timer = Timer(1);

/// The RSU's role.
#[derive(Clone, Debug)]
pub struct Rsu {
    system: Arc<System>,
    config: Arc<Config>,
    key: Arc<RsuKey>,
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

/// What became of a request: the answer to seal, or why there is none.
type Decision = Result<Answer, Reason>;

impl Rsu {
    /// An RSU with its key.
    pub fn new(system: Arc<System>, config: Arc<Config>, key: Arc<RsuKey>) -> Rsu {
        let bucket = Bucket::new(config.request_rate);
        let resends = Bucket::new(config.request_rate.saturating_mul(2));
        Rsu {
            system,
            config,
            key,
            addr: None,
            sessions: Sessions::default(),
            bucket,
            resends,
            records: Records::default(),
            list: Revoked::default(),
            ta: None,
            exchanges: 0,
        }
    }

    /// The records of issued keys.
    pub fn records(&self) -> &Records {
        &self.records
    }

    fn announce(&mut self, cx: &mut Cx<'_>, due: Time) {
        self.sessions.purge(cx.now());
        self.ask_for_list(cx);
        let addr = cx.link_addr();
        let time = cx.now().as_millis();
        cx.meter().charge(crate::blmq::SIGN);
        let beacon = beacon::sign(&self.system, &self.key, addr, time, cx.rng("beacon", 0));
        cx.anticipate(beacon::check(&self.system, beacon));
        cx.broadcast(&Msg::Beacon(beacon));
        let next = due + self.config.rsu_beacon_period;
        cx.timer_at(next.max(cx.now()), BEACON);
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
            return self.resend(cx, from, frame);
        }
        if request.share.is_some() != self.config.hardened {
            return Err(Reason::Unexpected);
        }
        if !self.bucket.take(cx.now()) {
            return Err(Reason::RateLimited);
        }
        cx.meter().add(Op::DecodeG2, 1);
        let r1 = G2::decode(&request.r1).map_err(|_| Reason::BadElement)?;
        cx.meter().add(Op::Pairing, 1);
        let r2 = pairing(self.key.b().expose(), &r1);
        let nonce: WireNonce = draw::bytes(cx.rng("nonce", 0));
        let (secrets, share) = match request.share {
            None => (Secrets::paper(request.r1, &r2), None),
            Some(obu) => {
                let own = EphemeralShare::random(cx.rng("share", 0));
                cx.meter().add(Op::X25519, 2);
                let fresh = Fresh {
                    obu,
                    nonce,
                    rsu: own.public(),
                };
                let agreed = own.agree(&obu).map_err(|_| Reason::BadElement)?;
                (
                    Secrets::hardened(request.r1, &r2, fresh.clone(), &agreed),
                    Some(fresh.rsu),
                )
            }
        };
        let sealed = seal(cx, &secrets, Part::Res1, self.drawn(&nonce), request.r1.as_ref());
        let frame = encode(&Msg::Res1(Res1 {
            session: id,
            nonce,
            share,
            sealed,
        }));
        self.exchanges += 1;
        cx.step("res1", self.exchanges);
        cx.send_bytes(from, frame.clone());
        let stage = Stage::AwaitsReq2(Box::new(secrets));
        self.sessions.open(
            cx.now(),
            id,
            Session {
                number: self.exchanges,
                began: cx.now(),
                res1: frame,
                stage,
            },
        );
        Ok(())
    }

    /// The same bytes again, so often in a second.
    fn resend(&mut self, cx: &mut Cx<'_>, to: Address, frame: Vec<u8>) -> Result<(), Reason> {
        if !self.resends.take(cx.now()) {
            return Err(Reason::RateLimited);
        }
        cx.send_bytes(to, frame);
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
                return self.resend(cx, from, frame);
            }
            Stage::Answered { .. } => return Err(Reason::Unexpected),
        };
        let plain = open(cx, &secrets, Part::Req2, request.nonce.as_ref(), &request.sealed)?;
        // From here on the sender is who began the run. While the RSU does not know whom to refuse, the run stays open: a
        // retry is taken up as soon as there is a list.
        if let Err(why) = self.list.is_current(cx.now(), &self.config) {
            cx.emit("key_refused", [("why", why.name().into())]);
            return Err(why);
        }
        // Now the run has its one answer.
        let decision = self.decide(cx, &secrets, &plain);
        let answer = match &decision {
            Ok(answer) => Ok(self.seal_answer(cx, &secrets, answer)),
            Err(Reason::Revoked) if self.config.refusal_notice => Ok(self.seal_answer(cx, &secrets, &Answer::Revoked)),
            Err(why) => Err(*why),
        };
        if let Ok(frame) = &answer {
            cx.step("res2", number);
            cx.send_bytes(from, frame.clone());
        }
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
    fn decide(&mut self, cx: &mut Cx<'_>, secrets: &Secrets, plain: &[u8]) -> Decision {
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
        if claim.validity.length() > self.config.max_lifetime {
            return Err(Reason::OverlongValidity);
        }
        if !claim.validity.holds(cx.now(), self.config.freshness) {
            return Err(Reason::OutsideValidity);
        }
        // 4c: did the member sign it, and does it hold the key?
        cx.meter().add(Op::DecodeG1, 1);
        G1::decode(&claim.y).map_err(|_| Reason::BadElement)?;
        if !cx.check(&claim.check(&self.system, request.sigma1)).is_valid() {
            return Err(Reason::BadSignature);
        }
        if let Some(nonce) = secrets.rsu_nonce() {
            let proof = request.proof.ok_or(Reason::BadProof)?;
            if !cx
                .check(&claim.check_possession(&self.system, secrets.r1(), nonce, proof))
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
        cx.meter().charge(cert::SIGN);
        let certificate = Certificate::issue(
            &self.system,
            &self.key,
            claim.y,
            claim.validity,
            cx.rng("certificate", 0),
        );
        cx.anticipate(certificate.check(&self.system));
        cx.emit(
            "key_issued",
            [
                ("rid", claim.rid.as_ref().into()),
                ("pseudonym", certificate.id().as_ref().into()),
                ("until", claim.validity.end().into()),
            ],
        );
        Ok(Answer::Issued(certificate.proof))
    }

    fn seal_answer(&self, cx: &mut Cx<'_>, secrets: &Secrets, answer: &Answer) -> Vec<u8> {
        let nonce = (!self.config.hardened).then(|| draw::bytes(cx.rng("nonce", 0)));
        let sealed = seal(cx, secrets, Part::Res2, nonce.as_ref(), &encode(answer));
        encode(&Msg::Res2(Res2 {
            session: secrets.session(),
            nonce,
            sealed,
        }))
    }

    /// The nonce that goes into a key besides `N_rsu`: only in paper mode.
    fn drawn<'a>(&self, nonce: &'a WireNonce) -> Option<&'a WireNonce> {
        (!self.config.hardened).then_some(nonce)
    }

    fn list(&mut self, cx: &mut Cx<'_>, from: HostAddr, list: &List) -> Result<(), Reason> {
        if list.epoch != self.system.epoch() {
            return Err(Reason::WrongEpoch);
        }
        if list.sequence < self.list.sequence {
            return Err(Reason::Stale);
        }
        if !list.revoked.is_sorted() {
            return Err(Reason::Malformed);
        }
        if !cx.check(&list.check(&self.system)).is_valid() {
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
    type Msg = Msg;

    fn start(&mut self, cx: &mut Cx<'_>) {
        let addr = self.addr.unwrap_or_else(|| draw::link_addr(cx.rng("address", 0)));
        self.addr = Some(addr);
        cx.set_link_addr(addr);
        cx.state("serving");
        self.list.missed = self.list.sequence > 0;
        self.ask_for_list(cx);
        let phase = draw::below(cx.rng("phase", 0), self.config.rsu_beacon_period);
        cx.timer(phase, BEACON);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Msg) -> Result<(), Reason> {
        match (from, message) {
            (Address::Link(_), Msg::Req1(request)) => self.req1(cx, from, request),
            (Address::Link(_), Msg::Req2(request)) => self.req2(cx, from, request),
            (Address::Host(host), Msg::List(list)) => self.list(cx, host, list),
            // What others say to everyone is none of its business.
            (Address::Link(_), Msg::Beacon(_) | Msg::Safety(_)) => Ok(()),
            _ => Err(Reason::Unexpected),
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, due: Time) {
        if timer == BEACON {
            self.announce(cx, due);
        }
    }
}
