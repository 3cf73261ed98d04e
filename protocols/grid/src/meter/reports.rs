//! What a meter reports, and what it sends beside it to compare with.

use roadveil_ldp::Report as Bits;
use roadveil_ldp::memo::Said;
use roadveil_ldp::plan::Share;
use roadveil_role::{Address, Cx, Reason, encode};

use super::{Made, Meter, Pending, SEND, part};
use crate::counting::{Counting, any, largest};
use crate::load::source::reading;
use crate::messages::{Ack, Asked, Beside, Call, Msg, Report};
use crate::params::Lie;
use crate::session::{Place, What};

impl Meter {
    /// Makes the report that is asked for, and plans to send it.
    pub(super) fn answer(&mut self, cx: &mut Cx<'_>, call: &Call, asked: Asked) -> Result<(), Reason> {
        let share = Share(asked.share).min(Share::ALL);
        let counting = self.tools.counting(self.stream.quantity, self.me.level, share);
        let counting = counting.ok_or(Reason::Unfounded)?;
        let made = match self.made {
            Some(made) if (made.slot, made.round) == (call.slot, call.round) => made,
            _ => Made {
                slot: call.slot,
                round: call.round,
                bits: self.make(cx, call.slot, share, &counting),
            },
        };
        self.made = Some(made);
        let Some(session) = &self.session else { return Ok(()) };
        let place = Place {
            meter: self.number,
            slot: made.slot,
            round: made.round,
            what: What::Report,
        };
        let sealed = session.seal(cx.meter(), place, &counting.to_bytes(made.bits));
        let frame = encode(&Msg::Report(Report {
            meter: self.number,
            slot: made.slot,
            round: made.round,
            sealed,
        }));
        self.pending = Some(Pending {
            slot: made.slot,
            round: made.round,
            frame: frame.into(),
            tries: 0,
            until: cx.now() + self.config.part(part::ROUND),
        });
        let after = self.spread(cx);
        cx.timer(after, SEND);
        Ok(())
    }

    /// The bits of a report, paid for. Where the budget is spent they depend on no reading, and nothing shows outside.
    fn make(&mut self, cx: &mut Cx<'_>, slot: u64, share: Share, counting: &Counting) -> Bits {
        let watts = self.measured.as_ref().map_or(0.0, |(_, measured)| measured.watts);
        let reading = reading(watts, self.range);
        let word = self.memory.word();
        let lie = self.config.lie.filter(|_| self.lies && slot >= self.config.false_from);
        if let Some(lie) = lie {
            cx.emit("false_report", [("slot", slot.into())]);
            let rng = cx.rng("lie", 0);
            return match lie {
                Lie::Largest => largest(counting, word, rng),
                Lie::Random => any(counting, rng),
            };
        }
        let rng = cx.rng("report", 0);
        let (bits, exhausted) = match self.memory.say(counting, reading, rng) {
            Some(Said::Level(bits)) => (bits, false),
            Some(Said::Exhausted(bits)) => (bits, true),
            None => {
                let cost = share.of(self.tools.budget(self.stream.quantity, self.me.level));
                match (self.ledger.spend(slot, cost), counting.fresh()) {
                    (Ok(()), Some(mechanism)) => (mechanism.report(reading, rng), false),
                    _ => (any(counting, rng), true),
                }
            }
        };
        if exhausted {
            cx.emit("budget_exhausted", [("slot", slot.into())]);
        }
        bits
    }

    pub(super) fn send(&mut self, cx: &mut Cx<'_>) {
        let Some((_, to)) = self.aggregator(cx) else { return };
        let now = cx.now();
        let Some(pending) = &mut self.pending else { return };
        if pending.tries >= self.config.tries || now > pending.until {
            // It may have been counted all the same; who does not answer at all is asked for a new session.
            let (slot, tries) = (pending.slot, pending.tries);
            self.pending = None;
            cx.emit("unacknowledged", [("slot", slot.into()), ("tries", tries.into())]);
            self.session = None;
            self.register(cx);
            return;
        }
        pending.tries += 1;
        let (frame, first) = (pending.frame.clone(), pending.tries == 1);
        let bytes = frame.len() as u64;
        cx.send_bytes(to, frame);
        let window = self.ledger.cost(self.made.map_or(0, |made| made.slot));
        let spent = if self.config.way.remembers() {
            self.memory.spent()
        } else {
            window
        };
        let budget = match self.config.way.remembers() {
            true => self.config.life_budget,
            false => self.tools.budget(self.stream.quantity, self.me.level).get(),
        };
        let bits = self.payload_bits();
        if first {
            cx.emit(
                "reported",
                [
                    ("bytes", bytes.into()),
                    ("bits", u64::from(bits).into()),
                    ("spent", spent.get().into()),
                    ("budget", budget.into()),
                    ("level", u64::from(self.me.level).into()),
                ],
            );
        } else {
            cx.emit("repeated", [("bytes", bytes.into())]);
        }
        let after = self.jittered(cx, part::RETRY);
        cx.timer(after, SEND);
    }

    fn payload_bits(&self) -> u32 {
        let counting = self.tools.counting(self.stream.quantity, self.me.level, Share::ALL);
        counting.map_or(0, |counting| counting.bits())
    }

    pub(super) fn acknowledged(&mut self, cx: &mut Cx<'_>, ack: &Ack) -> Result<(), Reason> {
        if ack.meter != self.number {
            return Ok(());
        }
        let session = self.session.as_ref().ok_or(Reason::UnknownKey)?;
        let here = |pending: &&Pending| (pending.slot, pending.round) == (ack.slot, ack.round);
        if self.pending.as_ref().filter(here).is_none() {
            // Of a try that was answered already.
            return Ok(());
        }
        let place = Place {
            meter: self.number,
            slot: ack.slot,
            round: ack.round,
            what: What::Ack,
        };
        session
            .open(cx.meter(), place, &ack.sealed, 0)
            .map_err(|_| Reason::BadCiphertext)?;
        self.pending = None;
        cx.cancel(SEND);
        Ok(())
    }

    /// Sends readings for the comparators.
    pub(super) fn compare(&mut self, cx: &mut Cx<'_>) {
        let (Some((slot, watts)), Some((_, to))) = (self.compare.take(), self.aggregator(cx)) else {
            return;
        };
        let Some(session) = self.session.clone() else { return };
        // A reading is within its range: up to a megawatt.
        let watts = libm::round(watts) as u64;
        let place = |what| Place {
            meter: self.number,
            slot,
            round: 0,
            what,
        };
        if self.config.plaintext {
            let sealed = session.seal(cx.meter(), place(What::Plain), &(watts as u32).to_le_bytes());
            self.say_beside(cx, to, slot, false, sealed);
        }
        if self.config.elgamal {
            let cipher = self.roster.elgamal.encrypt(watts, cx.rng("elgamal", 0));
            cx.meter().charge(crate::elgamal::ENCRYPTION);
            let sealed = session.seal(cx.meter(), place(What::Cipher), &cipher.to_bytes());
            self.say_beside(cx, to, slot, true, sealed);
        }
    }

    fn say_beside(&self, cx: &mut Cx<'_>, to: Address, slot: u64, cipher: bool, sealed: Vec<u8>) {
        let frame = encode(&Msg::Beside(Beside {
            meter: self.number,
            slot,
            cipher,
            sealed,
        }));
        let name = if cipher { "compared_cipher" } else { "compared_plain" };
        cx.emit(name, [("bytes", (frame.len() as u64).into())]);
        cx.send_bytes(to, frame);
    }
}
