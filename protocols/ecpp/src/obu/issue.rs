//! The OBU's side of the key issue: steps 1, 3a, 3b and 5, with retries, renewal and handover.

use core::time::Duration;
use std::sync::Arc;

use roadveil_crypto::secret::ct_eq;
use roadveil_crypto::{
    EphemeralShare, Gt, Op, Scalar, SecretBytes, SigningKey, g1_generator_mul, pairing_product_prepared,
};
use roadveil_role::{Address, Built, Cx, Deferred, LinkAddr, Reason, Time, decode};
use zeroize::Zeroizing;

use super::petition::{Opening, Petition};
use super::{BEACON, EXPIRE, JOINT, Obu, Pseudonym, RENEW, RETRY};
use crate::cert::Certificate;
use crate::draw;
use crate::keys::ObuKey;
use crate::messages::{Answer, Msg, Req1, Res1, Res2};
use crate::schedule::{Fresh, Part, Secrets, open};
use crate::system::{Location, System, Validity};

/// How long an RSU is left in peace that said no. A notice proves no more than that somebody holds some `B_j`, and one
/// such key may be stolen: it binds for that place and for a while, and the vehicle looks for another RSU.
const LONG_REST: Duration = Duration::from_secs(60);

/// Does it need a key, and how far is it?
#[derive(Clone, Debug)]
pub(super) enum Asking {
    /// It has what it needs.
    Content,
    /// It needs a key and knows no RSU to ask.
    Looking(Need),
    /// It is about to ask: not at once, for others heard the same beacon.
    Waiting(Need),
    /// It asks.
    Exchanging(Box<Exchange>),
}

impl Asking {
    /// Since when it needs a key, if it needs one.
    pub(super) fn need(&self) -> Option<Need> {
        match self {
            Asking::Content => None,
            Asking::Looking(need) | Asking::Waiting(need) => Some(*need),
            Asking::Exchanging(exchange) => Some(exchange.need),
        }
    }
}

/// Since when it needs a key, and since when it asks for one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    since: Time,
    asked: Option<Time>,
}

/// A key that was obtained.
#[derive(Clone, Debug)]
pub(super) struct Next {
    key: Arc<SigningKey>,
    certificate: Certificate,
    need: Need,
    obtained: Time,
}

/// One run of the key issue.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    number: u64,
    need: Need,
    rsu: Location,
    to: LinkAddr,
    /// The link address of this run.
    pub(super) addr: LinkAddr,
    opening: Deferred<Opening>,
    /// The request that is to be answered; a retry sends the same bytes.
    frame: Deferred<Built>,
    tries: u64,
    stage: Stage,
}

/// What it waits for.
#[derive(Clone, Debug)]
enum Stage {
    Res1 {
        share: Option<EphemeralShare>,
        /// `g^{r1}`.
        r2: Deferred<Zeroizing<Gt>>,
        /// It was charged: answers that somebody made up do not cost it again.
        paid: bool,
    },
    Res2 {
        secrets: Arc<Secrets>,
        key: Arc<SigningKey>,
        validity: Validity,
    },
}

/// The member key for an exchange: they take turns, so that the RSUs of several exchanges cannot tell by `RID_i` that they
/// served one vehicle.
fn turn(members: &[Arc<ObuKey>], exchange: u64) -> Option<Arc<ObuKey>> {
    let turn = exchange.saturating_sub(1).checked_rem(members.len() as u64)?;
    members.get(usize::try_from(turn).ok()?).cloned()
}

impl Obu {
    /// A key is needed from now on.
    pub(super) fn want_key(&mut self, cx: &mut Cx<'_>) {
        if self.steals(cx.now()) {
            return self.certify_itself(cx);
        }
        if matches!(self.asking, Asking::Content) && self.next.is_none() {
            self.asking = Asking::Looking(Need {
                since: cx.now(),
                asked: None,
            });
            self.look(cx);
        }
    }

    /// Asks soon, if there is somebody to ask.
    fn look(&mut self, cx: &mut Cx<'_>) {
        if let Asking::Looking(need) = self.asking
            && self.rsus.choose(cx.now(), &cx.position(), &self.config).is_some()
        {
            self.asking = Asking::Waiting(need);
            let pause = draw::below(cx.rng("pause", 0), self.config.retry_timeout);
            cx.timer(pause, RETRY);
        }
    }

    /// A beacon was believed: there may be somebody to ask now, or somebody nearer.
    pub(super) fn heard_rsu(&mut self, cx: &mut Cx<'_>) {
        match &self.asking {
            Asking::Looking(_) => self.look(cx),
            Asking::Exchanging(exchange) => {
                let (rsu, need) = (exchange.rsu, exchange.need);
                let better = self.rsus.choose(cx.now(), &cx.position(), &self.config);
                if let Some(better) = better.filter(|better| better.location != rsu) {
                    self.begin(cx, better.location, need);
                }
            }
            _ => {}
        }
    }

    /// The timer of an exchange, or of the pause before it.
    pub(super) fn retry(&mut self, cx: &mut Cx<'_>) {
        match &mut self.asking {
            Asking::Waiting(need) => {
                let need = *need;
                match self.rsus.choose(cx.now(), &cx.position(), &self.config) {
                    Some(rsu) => self.begin(cx, rsu.location, need),
                    None => self.asking = Asking::Looking(need),
                }
            }
            Asking::Exchanging(exchange) if exchange.tries <= self.config.retry_limit => {
                exchange.tries += 1;
                let tries = exchange.tries;
                cx.send_again(Address::Link(exchange.to), &exchange.frame);
                self.patience(cx, tries);
            }
            Asking::Exchanging(exchange) => {
                let (rsu, need) = (exchange.rsu, exchange.need);
                cx.emit("rsu_given_up", [("tries", exchange.tries.into())]);
                self.give_up(cx.now(), rsu);
                self.asking = Asking::Looking(need);
                self.rest_address(cx);
                self.look(cx);
            }
            _ => {}
        }
    }

    /// Waits for an answer: twice as long with each try, but at most eight times as long, and up to a quarter more.
    fn patience(&mut self, cx: &mut Cx<'_>, tries: u64) {
        let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(3);
        let wait = self.config.retry_timeout * (1 << doublings);
        let jitter = draw::below(cx.rng("jitter", self.exchanges), wait / 4);
        cx.timer(wait + jitter, RETRY);
    }

    /// Step 1: `r1 <- Z_q*; R1 = r1 (h(L_j) P' + U')`.
    fn begin(&mut self, cx: &mut Cx<'_>, rsu: Location, need: Need) {
        let Some(known) = self.rsus.get(rsu) else { return };
        let to = known.addr;
        if self.rsus.ask(rsu) {
            cx.emit("handover", [("x", rsu.metres().0.into()), ("y", rsu.metres().1.into())]);
        }
        self.denied = false;
        self.exchanges += 1;
        let number = self.exchanges;
        cx.forget_exchanges(number);
        let addr = draw::link_addr(cx.rng("address", number));
        cx.set_link_addr(addr);
        let secret = Zeroizing::new(Scalar::random(cx.rng("r1", number)));
        cx.meter().add(Op::G2Mul, 2);
        let share = self.config.hardened.then(|| {
            cx.meter().add(Op::X25519, 1);
            EphemeralShare::random(cx.rng("share", number))
        });
        let opening = cx.defer({
            let (system, secret, share) = (self.epochs.current().clone(), secret.clone(), share.clone());
            move || Opening::new(&system, rsu, &secret, share.as_ref())
        });
        cx.step("req1", number);
        cx.emit("key_requested", [("exchange", number.into())]);
        let frame = cx.send_later(Address::Link(to), {
            let opening = opening.clone();
            move || {
                let Opening { r1, share, .. } = *opening.get();
                Built::of(&Msg::Req1(Req1 { r1, share }))
            }
        });
        // Charged when an answer comes, of which the RSU may make a hundred: until then the host has time for it.
        let system = self.epochs.current().clone();
        let r2 = cx.defer(move || {
            // g^{r1} = e(r1 P, P'): no arithmetic in the target group.
            Zeroizing::new(pairing_product_prepared(&[(
                g1_generator_mul(&secret),
                system.p_lines(),
            )]))
        });
        let stage = Stage::Res1 { share, r2, paid: false };
        let need = Need {
            asked: need.asked.or(Some(cx.now())),
            ..need
        };
        let exchange = Exchange {
            number,
            need,
            rsu,
            to,
            addr,
            opening,
            frame,
            tries: 1,
            stage,
        };
        self.asking = Asking::Exchanging(Box::new(exchange));
        self.patience(cx, 1);
    }

    /// Step 3: `R2' = g^{r1}`; the RSU has `B_j` iff `Dec_{R2'}(C) = R1`. Then the request proper.
    pub(super) fn res1(&mut self, cx: &mut Cx<'_>, response: &Res1) -> Result<(), Reason> {
        let Asking::Exchanging(exchange) = &mut self.asking else {
            return Err(Reason::Unexpected);
        };
        if response.session != exchange.opening.get().session {
            return Err(Reason::Unexpected);
        }
        let r1 = exchange.opening.get().r1;
        let Stage::Res1 { share, r2, paid } = &mut exchange.stage else {
            return Err(Reason::Duplicate);
        };
        if !core::mem::replace(paid, true) {
            cx.meter().add(Op::GtExp, 1);
        }
        let (secrets, drawn) = match (&*share, response.share) {
            (None, None) => (Secrets::paper(r1, r2.get()), Some(&response.nonce)),
            (Some(own), Some(rsu)) => {
                cx.meter().add(Op::X25519, 1);
                let agreed = own.agree(&rsu).map_err(|_| Reason::BadElement)?;
                let fresh = Fresh {
                    obu: exchange.opening.get().share.ok_or(Reason::Unexpected)?,
                    nonce: response.nonce,
                    rsu,
                };
                (Secrets::hardened(r1, r2.get(), fresh, &agreed), None)
            }
            _ => return Err(Reason::Unexpected),
        };
        let plain = open(cx, &secrets, Part::Res1, drawn, &response.sealed)?;
        if !ct_eq(&plain, r1.as_ref()) {
            return Err(Reason::BadCiphertext);
        }
        // 3b: `x_i`, `Y_i = x_i P`, `T_i`, `sigma_1`.
        let number = exchange.number;
        let member = turn(&self.members, number).ok_or(Reason::Unexpected)?;
        cx.meter().add(Op::G1Mul, 1);
        let key = Arc::new(SigningKey::random(cx.rng("x", number)));
        let validity = Validity::covering(cx.now(), self.config.key_lifetime, self.config.validity_quantum);
        let system = self.epochs.current().clone();
        let validity = self.epochs.calendar().within(system.epoch(), validity);
        let secrets = Arc::new(secrets);
        let asking = Petition {
            system,
            member,
            secrets: secrets.clone(),
            key: key.clone(),
            validity,
            draw: SecretBytes::random(cx.rng("sigma1", number)),
            proof: secrets
                .rsu_nonce()
                .map(|_| SecretBytes::random(cx.rng("proof", number))),
            nonce: share.is_none().then(|| draw::bytes(cx.rng("nonce", number))),
        };
        asking.charge(cx);
        cx.step("req2", number);
        exchange.frame = cx.send_later(Address::Link(exchange.to), move || asking.build());
        exchange.tries = 1;
        exchange.stage = Stage::Res2 { secrets, key, validity };
        self.patience(cx, 1);
        Ok(())
    }

    /// Step 5: the certificate is checked before it is used.
    pub(super) fn res2(&mut self, cx: &mut Cx<'_>, response: &Res2) -> Result<(), Reason> {
        let Asking::Exchanging(exchange) = &self.asking else {
            return Err(Reason::Unexpected);
        };
        if response.session != exchange.opening.get().session {
            return Err(Reason::Unexpected);
        }
        let Stage::Res2 { secrets, key, validity } = &exchange.stage else {
            return Err(Reason::Unexpected);
        };
        let plain = open(cx, secrets, Part::Res2, response.nonce.as_ref(), &response.sealed)?;
        let proof = match decode::<Answer>(&plain).map_err(|_| Reason::Malformed)? {
            Answer::Issued(proof) => proof,
            // Published is silence: where nobody sends notices, a notice is a trick.
            Answer::Revoked if !self.config.refusal_notice => return Err(Reason::Unexpected),
            Answer::Revoked => {
                let (rsu, need) = (exchange.rsu, exchange.need);
                self.denied(cx, rsu, need);
                return Ok(());
            }
        };
        let certificate = Certificate {
            epoch: self.epochs.current().epoch(),
            validity: *validity,
            y: *key.public().bytes(),
            proof,
        };
        let formed = certificate.form() == self.config.certificate;
        if !formed || !cx.check(&certificate.check(self.epochs.current())).is_valid() {
            return Err(Reason::BadCertificate);
        }
        let (key, number, need) = (key.clone(), exchange.number, exchange.need);
        cx.step("key", number);
        let next = Next {
            key,
            certificate,
            need,
            obtained: cx.now(),
        };
        let joint = self.config.joint_change;
        if joint.is_zero() || self.valid_pseudonym(cx.now()).is_none() {
            self.adopt(cx, next);
        } else {
            self.keep_for(cx, next, joint);
        }
        Ok(())
    }

    /// Keeps a key until the next common moment; until then it goes on under the one before.
    fn keep_for(&mut self, cx: &mut Cx<'_>, next: Next, joint: Duration) {
        let joint = u64::try_from(joint.as_millis()).unwrap_or(u64::MAX).max(1);
        let moment = (cx.now().as_millis() / joint + 1).saturating_mul(joint);
        self.next = Some(Box::new(next));
        self.asking = Asking::Content;
        cx.cancel(RETRY);
        self.rest_address(cx);
        cx.timer_at(Time::from_millis(moment), JOINT);
    }

    /// The common moment.
    pub(super) fn use_next(&mut self, cx: &mut Cx<'_>) {
        if let Some(next) = self.next.take() {
            cx.cancel(JOINT);
            self.adopt(cx, *next);
        }
    }

    /// An RSU said no: it is left in peace for long, and another may be asked.
    fn denied(&mut self, cx: &mut Cx<'_>, rsu: Location, need: Need) {
        cx.emit("key_denied", []);
        cx.cancel(RETRY);
        self.rsus.rest(rsu, cx.now() + LONG_REST.max(self.config.retry_rest));
        self.asking = Asking::Looking(need);
        self.denied = true;
        self.rest_address(cx);
        self.look(cx);
    }

    /// A key that was obtained is used from now on.
    fn adopt(&mut self, cx: &mut Cx<'_>, next: Next) {
        let Next {
            key,
            certificate,
            need,
            obtained,
        } = next;
        let (pseudonym, until, renewal) = (certificate.id(), certificate.validity.end(), self.pseudonym.is_some());
        let system = self.epochs.current().clone();
        self.wear(cx, key, certificate, system);
        self.asking = Asking::Content;
        cx.emit(
            "key_obtained",
            [
                ("delay", obtained.since(need.asked.unwrap_or(obtained)).into()),
                ("waited", obtained.since(need.since).into()),
                ("pseudonym", pseudonym.as_ref().into()),
                ("until", until.into()),
                ("renewal", renewal.into()),
            ],
        );
    }

    /// A new pseudonym: another key, another station, another link address, another rhythm.
    pub(super) fn wear(
        &mut self,
        cx: &mut Cx<'_>,
        key: Arc<SigningKey>,
        certificate: Certificate,
        system: Arc<System>,
    ) {
        let now = cx.now();
        let (id, number) = (certificate.id(), self.exchanges);
        let addr = draw::link_addr(cx.rng("pseudonym", number));
        let (latest, earliest) = (self.config.renewal_latest, self.config.renewal_earliest);
        let lead = latest + draw::below(cx.rng("renewal", number), earliest.saturating_sub(latest));
        let end = certificate.validity.end();
        cx.set_link_addr(addr);
        cx.cancel(RETRY);
        cx.timer_at(end, EXPIRE);
        if end >= self.epochs.calendar().expires(certificate.epoch) {
            // Another key of this epoch would end no later: the next is asked for when the next epoch has begun.
            cx.cancel(RENEW);
        } else {
            cx.timer_at((end - lead).max(now), RENEW);
        }
        let phase = draw::below(cx.rng("phase", number), self.config.rhythm());
        // Who spoke before has a past to be told apart from; the first key has none.
        let silence = match &self.pseudonym {
            Some(_) => draw::below(cx.rng("silence", number), self.config.silence),
            None => Duration::ZERO,
        };
        match self.beat.filter(|_| self.config.keeps_phase) {
            Some(beat) => cx.timer_at(on_beat(beat, now + silence, self.config.rhythm()), BEACON),
            None => {
                self.beat = Some(now + silence + phase);
                cx.timer(silence + phase, BEACON);
            }
        }
        self.talk.renew();
        self.pseudonym = Some(Pseudonym {
            key,
            certificate: Arc::new(certificate),
            system,
            id,
            addr,
            sequence: 0,
        });
    }

    /// After an exchange that led to nothing: the address of the pseudonym again, or none that anybody saw.
    pub(super) fn rest_address(&mut self, cx: &mut Cx<'_>) {
        let addr = match &self.pseudonym {
            Some(pseudonym) => pseudonym.addr,
            None => draw::link_addr(cx.rng("address", 0)),
        };
        cx.set_link_addr(addr);
    }
}

/// The first moment after another on a beat of that rhythm.
fn on_beat(beat: Time, after: Time, rhythm: Duration) -> Time {
    let rhythm = u64::try_from(rhythm.as_nanos()).unwrap_or(u64::MAX).max(1);
    let beats = after.0.saturating_sub(beat.0) / rhythm + 1;
    Time(beat.0.saturating_add(rhythm.saturating_mul(beats)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_goes_on() {
        let tenth = Duration::from_millis(100);
        let next = |after| on_beat(Time::from_millis(1_030), Time::from_millis(after), tenth).as_millis();
        assert_eq!(
            (next(1_030), next(1_031), next(1_129), next(1_130)),
            (1_130, 1_130, 1_130, 1_230)
        );
        assert_eq!(next(0), 1_130, "never before the first");
        assert_eq!(on_beat(Time::MAX, Time::MAX, Duration::ZERO), Time::MAX);
    }
}
