//! Messages that wait to be verified together, with `verification = "batch"`.
//!
//! Reconstruction. All that is cheap is checked when a message is heard, and its certificate with it; its signature waits
//! for others, for `batch_window` at most. What is charged is what a processor needs for one sum over the whole batch, and
//! for its halves where it does not hold, until each signature that does not hold is found. The emulator computes each
//! verdict by itself, once for all receivers, as it does for single messages: a batch holds if all of it does, but for a
//! chance of 2^-128.

use std::sync::Arc;

use roadveil_crypto::{Check, Signature, schnorr};
use roadveil_role::{Cx, Reason};

use super::signature::{check_r, shorten};
use super::{BATCH, Obu};
use crate::cert::{CertId, Certificate};
use crate::messages::{Body, SafetyR, Sigma};
use crate::notes::Notes;
use crate::params::Verification;

/// How many messages make a batch that waits no longer.
pub(super) const FULL: usize = 64;

/// A message of which all is checked but the signature.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    id: CertId,
    /// Under which it was said: a name alone could be that of two.
    certificate: Arc<Certificate>,
    body: Body,
    /// In the short form, as evidence has it.
    signature: Signature,
    check: Check,
    asked_for: bool,
}

impl Obu {
    /// A.4 in batches: as [`hear`](Obu::hear), but for the signature.
    pub(super) fn hear_r(&mut self, cx: &mut Cx<'_>, message: &SafetyR, notes: &Notes) -> Result<(), Reason> {
        if self.config.verification != Verification::Batch {
            return Err(Reason::Unexpected);
        }
        let now = cx.now();
        let SafetyR {
            body,
            credential,
            signature,
        } = message;
        let (id, asked_for) = self.screen(cx, body, credential, notes)?;
        let neighbour = self.neighbours.get_mut(&id).ok_or_else(|| self.talk.lacks(id, now))?;
        neighbour.may_say(body.cam.sequence, now, &self.config)?;
        let certificate = &neighbour.certificate;
        let parameters = self.epochs.of(certificate.epoch)?.digest();
        let check = notes.signature(parameters, certificate, || {
            check_r(parameters, &certificate.y, id, body.clone(), *signature)
        });
        self.waiting.push(Waiting {
            id,
            certificate: Arc::clone(certificate),
            body: body.clone(),
            signature: shorten(&certificate.y, &id, body, signature),
            check,
            asked_for,
        });
        match self.waiting.len() {
            1 => cx.timer(self.config.batch_window, BATCH),
            FULL => {
                cx.cancel(BATCH);
                self.verify_batch(cx);
            }
            _ => {}
        }
        Ok(())
    }

    /// Verifies what waits, and believes what holds.
    pub(super) fn verify_batch(&mut self, cx: &mut Cx<'_>) {
        let waiting = core::mem::take(&mut self.waiting);
        let holds: Vec<bool> = waiting.iter().map(|one| cx.verdict(&one.check).is_valid()).collect();
        for size in schnorr::batches_asked(&holds) {
            cx.meter().charge(schnorr::batch_charge(size));
        }
        let mut made = Vec::with_capacity(waiting.len());
        for (one, holds) in waiting.iter().zip(holds) {
            match self.believe(cx, one, holds) {
                Ok(()) => {
                    self.counts.accepted += 1;
                    made.push(one.body.cam.time);
                }
                Err(why) => {
                    self.counts.refused += 1;
                    cx.reject(why);
                }
            }
        }
        self.record_ages(cx, made.into_iter());
    }

    /// One message of a batch. While it waited, its key may have ended or been listed, or another message of its number
    /// been accepted.
    fn believe(&mut self, cx: &mut Cx<'_>, one: &Waiting, holds: bool) -> Result<(), Reason> {
        if self.emergency.has(&one.id) {
            return Err(Reason::Revoked);
        }
        if !holds {
            return Err(Reason::BadSignature);
        }
        let now = cx.now();
        let sequence = one.body.cam.sequence;
        let neighbour = self.neighbours.get_mut(&one.id);
        let neighbour = neighbour
            .filter(|neighbour| neighbour.certificate == one.certificate)
            .ok_or(Reason::UnknownKey)?;
        neighbour.may_say(sequence, now, &self.config)?;
        neighbour.accept(sequence, now);
        self.talk.attach |= one.asked_for;
        self.watch(cx, one.id, &one.body, Sigma::Schnorr(one.signature));
        Ok(())
    }
}
