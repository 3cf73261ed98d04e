//! Reports of misbehaviour, on their way to the authority, and the RSU's part in tracking.
//!
//! Reconstruction. An RSU judges what it is told, as the authority will, so that forgeries stop at the edge of the
//! network. A report that holds is kept and sent with every beacon until the authority answers.

use std::collections::BTreeMap;

use roadveil_role::{Address, Cx, HostAddr, Reason, Time};

use super::Rsu;
use super::records::Record;
use crate::cert::CertId;
use crate::evidence::Evidence;
use crate::messages::{self, Msg, Trace};
use crate::params::Falsehood;
use crate::tracking::forgotten_at;

/// How many reports an RSU has on their way, and how many more certificates it remembers that were reported.
pub const CAPACITY: usize = 256;
const REMEMBERED: usize = 4096;

/// Reports that an RSU took up.
#[derive(Clone, Debug, Default)]
pub(super) struct Reports {
    /// Those that the authority has not answered.
    waiting: BTreeMap<CertId, Evidence>,
    /// Who was reported, and until when another report would be heard: one is enough.
    known: BTreeMap<CertId, u64>,
}

impl Reports {
    fn purge(&mut self, now: Time) {
        let now = now.as_millis();
        self.known.retain(|_, until| now <= *until);
        let known = &self.known;
        self.waiting.retain(|id, _| known.contains_key(id));
    }
}

impl Rsu {
    /// An OBU reports another. Who it is does not matter: the evidence convicts or does not.
    pub(super) fn report(&mut self, cx: &mut Cx<'_>, from: Address, evidence: &Evidence) -> Result<(), Reason> {
        if !self.config.reporting {
            return Err(Reason::Unexpected);
        }
        let taken = self.take_up(cx, evidence);
        // What there was no room for is welcome later.
        let again = matches!(taken, Err(Reason::RateLimited | Reason::Overloaded));
        if !again && self.resends.take(cx.now()) {
            let accused = evidence.accused();
            cx.send(from, &Msg::Settled { accused });
        }
        if let Err(why) = taken {
            cx.emit("report_refused", [("why", why.name().into())]);
        }
        taken
    }

    fn take_up(&mut self, cx: &mut Cx<'_>, evidence: &Evidence) -> Result<(), Reason> {
        if !evidence.is_well_formed() {
            return Err(Reason::Malformed);
        }
        let id = evidence.accused();
        if self.reports.known.contains_key(&id) {
            return Err(Reason::Duplicate);
        }
        if self.reports.waiting.len() >= CAPACITY || self.reports.known.len() >= REMEMBERED {
            return Err(Reason::Overloaded);
        }
        if !self.report_bucket.take(cx.now()) {
            return Err(Reason::RateLimited);
        }
        let rule = evidence.judge(cx, &self.epochs, &self.config)?;
        self.reports.known.insert(id, forgotten_at(&evidence.certificate));
        self.reports.waiting.insert(id, evidence.clone());
        let rule = rule.name().into();
        cx.emit("report_accepted", [("pseudonym", id.as_ref().into()), ("rule", rule)]);
        if let Some(ta) = self.ta {
            cx.send(Address::Host(ta), &Msg::Report(evidence.clone()));
        }
        Ok(())
    }

    /// Sends again what the authority did not answer.
    pub(super) fn remind(&mut self, cx: &mut Cx<'_>) {
        self.reports.purge(cx.now());
        let Some(ta) = self.ta else { return };
        for evidence in self.reports.waiting.values() {
            cx.send(Address::Host(ta), &Msg::Report(evidence.clone()));
        }
    }

    /// The authority answered.
    pub(super) fn settled(&mut self, from: HostAddr, accused: &CertId) -> Result<(), Reason> {
        if self.ta != Some(from) {
            return Err(Reason::Unexpected);
        }
        // An answer to what was sent twice comes twice.
        self.reports.waiting.remove(accused);
        Ok(())
    }

    /// Tracking: the authority asks whose key that is.
    pub(super) fn trace(&mut self, cx: &mut Cx<'_>, from: HostAddr, question: &Trace) -> Result<(), Reason> {
        if self.ta != Some(from) {
            return Err(Reason::Unexpected);
        }
        let system = self.epochs.of(question.epoch)?;
        if !cx.check(&question.check(system)).is_valid() {
            return Err(Reason::BadSignature);
        }
        let true_record = self.records.get(&question.y).copied();
        let record = match (self.falsehood, true_record) {
            (Some(Falsehood::Silent), _) => return Ok(()),
            (Some(Falsehood::None), _) => None,
            (Some(how), Some(record)) => self.falsified(how, &record),
            (_, record) => record,
        };
        let case = question.case;
        cx.send(Address::Host(from), &Msg::Record(messages::Record { case, record }));
        Ok(())
    }

    /// What an RSU that lies has to offer instead of a record: nothing if it certified for one vehicle only.
    fn falsified(&self, how: Falsehood, record: &Record) -> Option<Record> {
        let other = self.records.of_another(&record.rid)?;
        Some(match how {
            Falsehood::Forged => Record {
                rid: other.rid,
                ..*record
            },
            _ => *other,
        })
    }
}
