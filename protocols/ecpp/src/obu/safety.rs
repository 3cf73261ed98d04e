//! Safety messages: when to say what, and what to believe.
//!
//! Reconstruction (the section of the book was not readable). Certificates are attached as IEEE 1609.2 does: always, once
//! a second or to new neighbours; otherwise a digest of eight bytes names the certificate, and who lacks it asks.

use core::time::Duration;
use std::sync::Arc;

use roadveil_crypto::{ByteArray, Charge, Op, SecretBytes, SigningKey, zss};
use roadveil_role::cam::Trigger;
use roadveil_role::{Built, Cx, Reason, Time};

use super::neighbours::Neighbour;
use super::signature::{check, check_r, statement};
use super::{BEACON, Obu};
use crate::cert::{CertId, Certificate};
use crate::messages::{Body, Cam, Credential, Msg, Safety, SafetyR, SafetyZ, Sigma};
use crate::notes::Notes;
use crate::params::{Attach, Beaconing, Config, Scheme, Verification};
use crate::system::{Location, System, domain};

/// How many unknown certificates are remembered.
const ASKED: usize = 64;
/// How long until one is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// In the mode `every-second`.
const SECOND: Duration = Duration::from_secs(1);

/// When the next message is due, and what it has to bring.
#[derive(Clone, Debug, Default)]
pub(super) struct Talk {
    /// Of `beaconing = "cam"`.
    trigger: Trigger,
    /// When the certificate was last attached.
    attached: Option<Time>,
    /// Somebody lacks it.
    pub(super) attach: bool,
    /// To ask for, with when it was heard of; the oldest first.
    wanted: Vec<(CertId, Time)>,
    /// What was asked for, and when; the oldest first.
    asked: Vec<(CertId, Time)>,
}

impl Talk {
    /// A new pseudonym, which nobody knows. It asks for nothing that the last one wanted or asked for: a question goes
    /// on the air, and whoever planted it would know both for one vehicle.
    pub(super) fn renew(&mut self) {
        *self = Talk::default();
    }

    fn attaches(&self, mode: Attach, now: Time) -> bool {
        match (mode, self.attached) {
            (_, None) | (Attach::Always, _) => true,
            (_, Some(_)) if self.attach => true,
            (Attach::EverySecond, Some(before)) => now.since(before) >= SECOND,
            (Attach::NewNeighbour, Some(_)) => false,
        }
    }

    /// Somebody spoke under a certificate that is not known. What was heard of longest ago makes room: digests that
    /// nobody has a certificate for cost nothing, and must not keep a vehicle from asking for others.
    fn want(&mut self, id: CertId, now: Time) {
        self.forget_old(now);
        if self.asked.iter().any(|(asked, _)| *asked == id) {
            return;
        }
        for list in [&mut self.asked, &mut self.wanted] {
            if list.len() >= ASKED {
                list.remove(0);
            }
            list.push((id, now));
        }
    }

    /// Somebody spoke under a certificate that is not known: it is asked for, and the message refused.
    pub(super) fn lacks(&mut self, id: CertId, now: Time) -> Reason {
        self.want(id, now);
        Reason::UnknownKey
    }

    /// What to ask for now.
    fn take_wanted(&mut self, now: Time) -> Vec<CertId> {
        if self.wanted.is_empty() {
            return Vec::new();
        }
        self.forget_old(now);
        let count = self.wanted.len().min(Body::WANTED);
        self.wanted.drain(..count).map(|(id, _)| id).collect()
    }

    fn forget_old(&mut self, now: Time) {
        for list in [&mut self.asked, &mut self.wanted] {
            list.retain(|(_, at)| now.since(*at) < ASK_AGAIN);
        }
    }

    /// It is known now.
    fn found(&mut self, id: &CertId) {
        self.wanted.retain(|(wanted, _)| wanted != id);
    }
}

impl Obu {
    /// The moment for a safety message, while there is a valid key: every `beacon_period`, or a look at whether one is due.
    pub(super) fn talk(&mut self, cx: &mut Cx<'_>, due: Time) {
        let now = cx.now();
        if self.valid_pseudonym(now).is_none() {
            return;
        }
        let mixes = self.mixes(cx);
        let is_due = match self.config.beaconing {
            _ if mixes => false,
            Beaconing::Fixed => true,
            Beaconing::Cam => self.talk.trigger.check(due, &cx.position()).is_some(),
        };
        if is_due {
            self.speak(cx);
        }
        // Due times add up without drift; a processor that fell behind skips what it missed.
        let rhythm = self.config.rhythm();
        let next = due + rhythm;
        cx.timer_at(if next > now { next } else { now + rhythm }, BEACON);
    }

    /// Is it in a mix zone? Where it enters one, it asks for a new key.
    fn mixes(&mut self, cx: &mut Cx<'_>) -> bool {
        if self.config.mix_zones.is_empty() {
            return false;
        }
        let fix = cx.position();
        let inside = self.config.mix_zones.iter().any(|zone| zone.has(&fix));
        if inside && !self.mixing {
            self.want_key(cx);
        }
        self.mixing = inside;
        inside
    }

    /// A safety message.
    fn speak(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now();
        let config = self.config.clone();
        let attach = self.talk.attaches(config.attach, now);
        // While an exchange runs, the radio answers to the exchange's address.
        let other_addr = match &self.asking {
            super::issue::Asking::Exchanging(exchange) => Some(exchange.addr),
            _ => None,
        };
        let Some((id, sequence)) = self.pseudonym.as_ref().map(|own| (own.id, own.sequence)) else {
            return;
        };
        let cam = cam(cx, id, sequence);
        let cam = self.falsify(cx, cam);
        let Some(pseudonym) = self.pseudonym.as_mut() else {
            return;
        };
        let wanted = self.talk.take_wanted(now);
        if attach {
            self.talk.attached = Some(now);
            self.talk.attach = false;
        }
        let speech = Speech {
            system: Arc::clone(&pseudonym.system),
            key: Arc::clone(&pseudonym.key),
            certificate: Arc::clone(&pseudonym.certificate),
            id,
            cam,
            wanted,
            bytes: config.body_bytes,
            attach,
            scheme: config.signature,
            batched: config.verification == Verification::Batch,
            draw: SecretBytes::random(cx.rng("message", 0)),
        };
        pseudonym.sequence = pseudonym.sequence.wrapping_add(1);
        cx.meter().charge(match config.signature {
            Scheme::Schnorr => Charge::of(Op::G1Mul, 1),
            Scheme::Zss => zss::SIGN,
        });
        if let Some(other) = other_addr {
            cx.set_link_addr(pseudonym.addr);
            cx.broadcast_later(move || speech.build());
            cx.set_link_addr(other);
        } else {
            cx.broadcast_later(move || speech.build());
        }
        self.counts.sent += 1;
    }

    /// A safety message, which is counted.
    pub(super) fn hear(
        &mut self,
        cx: &mut Cx<'_>,
        body: &Body,
        credential: &Credential,
        signature: Sigma,
        notes: &Notes,
    ) -> Result<(), Reason> {
        let result = self.judge(cx, body, credential, signature, notes);
        match result {
            Ok(()) => self.counts.accepted += 1,
            Err(_) => self.counts.refused += 1,
        }
        result
    }

    /// A.4: is it fresh, is its certificate good, is it new, does its signature hold?
    fn judge(
        &mut self,
        cx: &mut Cx<'_>,
        body: &Body,
        credential: &Credential,
        signature: Sigma,
        notes: &Notes,
    ) -> Result<(), Reason> {
        if !self.config.signature.signs(&signature) {
            return Err(Reason::Unexpected);
        }
        let now = cx.now();
        let (id, asked_for) = self.screen(cx, body, credential, notes)?;
        let neighbour = self.neighbours.get_mut(&id).ok_or_else(|| self.talk.lacks(id, now))?;
        neighbour.may_say(body.cam.sequence, now, &self.config)?;
        let certificate = &neighbour.certificate;
        let parameters = self.epochs.of(certificate.epoch)?.digest();
        let check = notes.signature(parameters, certificate, || {
            check(parameters, &certificate.y, id, body.clone(), signature)
        });
        if !cx.check(&check).is_valid() {
            return Err(Reason::BadSignature);
        }
        neighbour.accept(body.cam.sequence, now);
        self.talk.attach |= asked_for;
        self.watch(cx, id, body, signature);
        self.record_ages(cx, core::iter::once(body.cam.time));
        Ok(())
    }

    /// What comes before the signature, in either form of a message: is it fresh, near enough to matter, and somebody
    /// else's, and is the certificate that it brings good? The certificate's name, and whether the sender asks for ours.
    pub(super) fn screen(
        &mut self,
        cx: &mut Cx<'_>,
        body: &Body,
        credential: &Credential,
        notes: &Notes,
    ) -> Result<(CertId, bool), Reason> {
        if body.wanted.len() > Body::WANTED {
            return Err(Reason::Malformed);
        }
        if cx.now().distance(Time::from_millis(body.cam.time)) > self.config.freshness {
            return Err(Reason::Stale);
        }
        if self.config.verification == Verification::Relevant && is_far(cx, &body.cam, &self.config) {
            return Err(Reason::Irrelevant);
        }
        let (id, carried) = match credential {
            Credential::Digest(id) => (*id, None),
            Credential::Certificate(certificate) => {
                let (id, certificate) = notes.certificate(certificate);
                (*id, Some(certificate))
            }
        };
        let own = self.pseudonym.as_ref().map(|own| own.id);
        if own == Some(id) {
            // Nobody else speaks under this key: somebody plays it back.
            return Err(Reason::Duplicate);
        }
        if self.emergency.has(&id) {
            return Err(Reason::Revoked);
        }
        if let Some(certificate) = carried
            && !self.knows(&id, certificate)
        {
            self.admit(cx, id, certificate)?;
        }
        Ok((id, own.is_some_and(|own| body.wanted.contains(&own))))
    }

    /// Records how old messages were when their verification ended, with `ages = "on"`: the event leaves when the
    /// processor is done.
    pub(super) fn record_ages(&self, cx: &mut Cx<'_>, made: impl Iterator<Item = u64>) {
        if !self.config.ages {
            return;
        }
        let (mut messages, mut sum, mut oldest) = (0u64, 0u64, u64::MAX);
        for time in made {
            messages += 1;
            sum = sum.saturating_add(time);
            oldest = oldest.min(time);
        }
        if messages > 0 {
            let fields = [("messages", messages), ("made", sum), ("oldest", oldest)];
            cx.emit("verified", fields.map(|(name, number)| (name, number.into())));
        }
    }

    /// Is exactly this certificate known?
    fn knows(&mut self, id: &CertId, certificate: &Arc<Certificate>) -> bool {
        let known = self.neighbours.get_mut(id).map(|known| &known.certificate);
        // Those who heard it in the same frame have it in the same place.
        known.is_some_and(|known| Arc::ptr_eq(known, certificate) || known == certificate)
    }

    /// Checks a certificate and keeps it.
    fn admit(&mut self, cx: &mut Cx<'_>, id: CertId, certificate: &Arc<Certificate>) -> Result<(), Reason> {
        let system = self.epochs.judge(certificate)?;
        if !certificate.validity.holds(cx.now(), self.config.freshness) {
            return Err(Reason::OutsideValidity);
        }
        // No honest RSU certifies for so long: one that does has lost its key, and its certificates do not last.
        if certificate.validity.length() > self.config.max_lifetime {
            return Err(Reason::OverlongValidity);
        }
        if certificate.form() != self.config.certificate {
            return Err(Reason::BadCertificate);
        }
        if !self.admissions.take(cx.now()) {
            return Err(Reason::RateLimited);
        }
        self.counts.certificates += 1;
        if !cx.check(&certificate.check(system)).is_valid() {
            return Err(Reason::BadCertificate);
        }
        if !self.config.steal.is_empty() {
            // For the study of what a stolen key is worth: who was let in.
            cx.emit("admitted", [("pseudonym", id.as_ref().into())]);
        }
        self.neighbours.keep(&id, certificate, cx.now());
        self.talk.found(&id);
        self.talk.attach |= self.config.attach == Attach::NewNeighbour;
        Ok(())
    }
}

/// Does the sender say that it is farther away than what matters? Only its word is known before its signature is checked:
/// whoever lies itself near is checked.
fn is_far(cx: &Cx<'_>, cam: &Cam, config: &Config) -> bool {
    let Cam { x_cm, y_cm, .. } = *cam;
    Location { x_cm, y_cm }.distance(&cx.position()) > config.relevant_within
}

impl Neighbour {
    /// May a message of that number be said under its key now?
    pub(super) fn may_say(&self, sequence: u32, now: Time, config: &Config) -> Result<(), Reason> {
        if !self.validity.holds(now, config.freshness) {
            return Err(Reason::OutsideValidity);
        }
        if !self.is_new(sequence) {
            return Err(Reason::Duplicate);
        }
        Ok(())
    }
}

/// What the vehicle says of itself.
fn cam(cx: &Cx<'_>, id: CertId, sequence: u32) -> Cam {
    let fix = cx.position();
    let Location { x_cm, y_cm } = Location::from_metres(fix.x, fix.y);
    let [a, b, c, d, ..] = id.0;
    Cam {
        station: u32::from_be_bytes([a, b, c, d]),
        sequence,
        time: cx.now().as_millis(),
        x_cm,
        y_cm,
        // A float cast saturates.
        speed_cm: (fix.speed * 100.0).round() as u16,
        heading_cdeg: (fix.heading * 100.0).round() as u16,
    }
}

/// A safety message to be: all that it takes to build and sign it.
struct Speech {
    system: Arc<System>,
    key: Arc<SigningKey>,
    certificate: Arc<Certificate>,
    id: CertId,
    cam: Cam,
    wanted: Vec<CertId>,
    bytes: usize,
    attach: bool,
    scheme: Scheme,
    batched: bool,
    draw: SecretBytes<32>,
}

impl Speech {
    /// Signs it, and says what its receivers will ask.
    fn build(self) -> Built {
        let Speech { certificate, id, .. } = self;
        let body = Body::padded(self.cam, self.wanted, self.bytes);
        let statement = statement(&id, &body);
        let (parameters, y) = (self.system.digest(), &certificate.y);
        let credential = if self.attach {
            Credential::Certificate(*certificate)
        } else {
            Credential::Digest(id)
        };
        let (check, message) = if self.batched {
            let signature = self.key.sign_r_hedged(&statement, domain::MESSAGE, &self.draw);
            let message = SafetyR {
                body: body.clone(),
                credential,
                signature,
            };
            (check_r(parameters, y, id, body, signature), Msg::SafetyR(message))
        } else if self.scheme == Scheme::Zss {
            // A message without a signature, which has a chance of 2^-255, goes out with one that nobody believes.
            let signature = zss::sign(&self.key, domain::ZSS, &statement).unwrap_or(ByteArray([0; 96]));
            let message = SafetyZ {
                body: body.clone(),
                credential,
                signature,
            };
            (
                check(parameters, y, id, body, Sigma::Zss(signature)),
                Msg::SafetyZ(message),
            )
        } else {
            let signature = self.key.sign_hedged(&statement, domain::MESSAGE, &self.draw);
            let message = Safety {
                body: body.clone(),
                credential,
                signature,
            };
            (
                check(parameters, y, id, body, Sigma::Schnorr(signature)),
                Msg::Safety(message),
            )
        };
        let mut built = Built::of(&message);
        if self.attach {
            built = built.anticipating(certificate.check(&self.system));
        }
        built.anticipating(check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_digests_does_not_keep_a_new_one_out() {
        let mut talk = Talk::default();
        let id = |n: u64| ByteArray(n.to_be_bytes());
        for n in 0..1000 {
            talk.want(id(n), Time::ZERO);
        }
        assert_eq!((talk.wanted.len(), talk.asked.len()), (ASKED, ASKED));
        talk.want(id(5000), Time::from_millis(1));
        let now = Time::from_millis(400);
        let asked: Vec<_> = (0..ASKED).flat_map(|_| talk.take_wanted(now)).collect();
        assert!(asked.contains(&id(5000)) && asked.len() == ASKED);
        talk.want(id(6000), now);
        assert!(talk.take_wanted(now + ASK_AGAIN).is_empty(), "it is not heard any more");
    }
}
