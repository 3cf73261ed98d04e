//! The trusted authority: it keeps the masters, and tells the RSUs over the wires whom not to serve.
//!
//! Published: RSUs look `RID_i` up in the newest revocation list fetched from the authority. How it gets to them is ours:
//! the whole list, signed and numbered, at once when it changes and again every `list_period`; an RSU acknowledges the
//! number, and a list that is not acknowledged is sent again, the same bytes, with back-off. The number 0 asks for the
//! list at once: an RSU says so after a failure.
//!
//! What it does with a report of misbehaviour is in [`crate::tracking`].

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::{ByteArray, Check, Op, ScalarBytes, Signature};
use roadveil_role::{Actor, Address, Cx, HostAddr, Reason, Time, Timer, encode};

use crate::emergency::Listed;
use crate::evidence::Evidence;
use crate::keys::Authority;
use crate::messages::{List, Msg, Record};
use crate::notes::Heard;
use crate::params::Config;
use crate::succession::{EPOCH, HANDOVER, Installed, Succession};
use crate::system::{System, domain};
use crate::tracking::{Cases, Registry, TRACE};

const PUBLISH: Timer = Timer(1);
const RESEND: Timer = Timer(2);
/// Timers from here on are entries of the schedule.
const REVOKE: u64 = 100;

/// First wait for an acknowledgement.
const PATIENCE: Duration = Duration::from_millis(500);
/// Longest.
const LONGEST: Duration = Duration::from_secs(8);

/// An OBU to revoke, and when.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The node's name, for the record.
    pub node: String,
    /// Its pseudo-identities.
    pub rids: Vec<ScalarBytes>,
    /// When.
    pub at: Time,
}

/// The authority's role.
#[derive(Clone, Debug)]
pub struct Ta {
    succession: Succession,
    config: Arc<Config>,
    planned: Vec<Planned>,
    /// The list's number that each RSU acknowledged.
    rsus: BTreeMap<HostAddr, u64>,
    revoked: Vec<ScalarBytes>,
    sequence: u64,
    frame: Vec<u8>,
    patience: Duration,
    cases: Cases,
    emergency: Listed,
}

impl Ta {
    /// An authority that serves the RSUs at those addresses.
    pub fn new(
        authority: Arc<Authority>,
        config: Arc<Config>,
        rsus: impl IntoIterator<Item = HostAddr>,
        planned: Vec<Planned>,
    ) -> Ta {
        let rsus = rsus.into_iter().map(|host| (host, 0)).collect();
        Ta {
            succession: Succession::new(authority, &config, BTreeMap::new()),
            config,
            planned,
            rsus,
            revoked: Vec::new(),
            sequence: 0,
            frame: Vec::new(),
            patience: PATIENCE,
            cases: Cases::default(),
            emergency: Listed::default(),
        }
    }

    /// An authority that tracks these.
    #[must_use]
    pub fn tracking(mut self, registry: Registry) -> Ta {
        self.cases = Cases::new(registry);
        self
    }

    /// An authority that knows how those RSUs were installed, and gives them keys in each epoch.
    #[must_use]
    pub fn installing(mut self, installed: BTreeMap<HostAddr, Installed>) -> Ta {
        let authority = self.succession.authority().clone();
        self.succession = Succession::new(authority, &self.config, installed);
        self
    }

    fn revoke_planned(&mut self, cx: &mut Cx<'_>, index: usize) {
        if let Some(Planned { node, rids, .. }) = self.planned.get(index).cloned() {
            self.revoke(cx, &node, &rids);
        }
    }

    /// Puts a vehicle on the list with all its pseudo-identities, if it is not on it.
    fn revoke(&mut self, cx: &mut Cx<'_>, obu: &str, rids: &[ScalarBytes]) {
        let before = self.revoked.len();
        for rid in rids {
            if let Err(place) = self.revoked.binary_search(rid) {
                self.revoked.insert(place, *rid);
            }
        }
        if let (Some(rid), true) = (rids.first(), self.revoked.len() > before) {
            cx.emit(
                "obu_revoked",
                [
                    ("obu", obu.into()),
                    ("rid", rid.as_ref().into()),
                    ("revoked", (self.revoked.len() as u64).into()),
                ],
            );
            self.publish(cx);
        }
    }

    /// A report that an RSU passes on. The RSU hears that it came, unless there is no room for it.
    fn report(&mut self, cx: &mut Cx<'_>, host: HostAddr, evidence: &Evidence) -> Result<(), Reason> {
        if !self.config.reporting || !self.rsus.contains_key(&host) {
            return Err(Reason::Unexpected);
        }
        let taken = self.cases.open(cx, &self.succession, &self.config, evidence);
        if taken != Err(Reason::Overloaded) {
            let accused = evidence.accused();
            cx.send(Address::Host(host), &Msg::Settled { accused });
        }
        if let Err(why) = taken {
            cx.emit("report_refused", [("why", why.name().into())]);
        }
        taken
    }

    /// An RSU tells whose key it was.
    fn record(&mut self, cx: &mut Cx<'_>, host: HostAddr, answer: &Record) -> Result<(), Reason> {
        let (found, certificate) = self.cases.answer(cx, self.succession.epochs(), host, answer)?;
        if self.config.emergency {
            let late = self.config.freshness;
            self.emergency.add(cx, self.succession.authority(), &certificate, late);
            self.spread_emergency(cx, None);
        }
        let rids = self.cases.rids_of(&found);
        self.revoke(cx, &found, &rids);
        Ok(())
    }

    fn acknowledged(&mut self, cx: &mut Cx<'_>, host: HostAddr, sequence: u64) -> Result<(), Reason> {
        let acknowledged = self.rsus.get_mut(&host).ok_or(Reason::Unexpected)?;
        if sequence > self.sequence {
            return Err(Reason::Unexpected);
        }
        *acknowledged = sequence.max(*acknowledged);
        if sequence == 0 {
            // It asks, after a failure: it refuses everybody until it has the list, so no back-off.
            cx.send_bytes(Address::Host(host), self.frame.clone());
            self.spread_emergency(cx, Some(host));
            self.succession.remind_one(cx, host);
        }
        Ok(())
    }

    /// A step of a change of epochs. In a new epoch lists are signed anew.
    fn tend_epochs(&mut self, cx: &mut Cx<'_>) {
        if self.succession.tend(cx, &mut self.cases) {
            self.publish(cx);
        }
    }

    /// The emergency list, if there is one, to one RSU or to all.
    fn spread_emergency(&self, cx: &mut Cx<'_>, to: Option<HostAddr>) {
        let Some(frame) = self.emergency.frame() else { return };
        for host in self.rsus.keys().filter(|host| to.is_none_or(|to| to == **host)) {
            cx.send_bytes(Address::Host(*host), frame.clone());
        }
    }

    /// A new list for everyone.
    fn publish(&mut self, cx: &mut Cx<'_>) {
        self.sequence += 1;
        let authority = self.succession.authority();
        let mut list = List {
            epoch: authority.system().epoch(),
            sequence: self.sequence,
            time: cx.now().as_millis(),
            revoked: self.revoked.clone(),
            signature: Signature {
                z: ByteArray([0; 16]),
                s: ByteArray([0; 32]),
            },
        };
        let statement = list.statement(authority.system());
        cx.meter().add(Op::G1Mul, 1);
        list.signature = authority.list_key().sign(&statement, domain::LIST, cx.rng("list", 0));
        cx.anticipate(list.check(authority.system()));
        cx.step("list", self.sequence);
        self.frame = encode(&Msg::List(list));
        for host in self.rsus.keys() {
            cx.send_bytes(Address::Host(*host), self.frame.clone());
        }
        self.spread_emergency(cx, None);
        self.patience = PATIENCE;
        cx.timer(self.patience, RESEND);
        cx.timer(self.config.list_period, PUBLISH);
    }

    fn resend(&mut self, cx: &mut Cx<'_>) {
        let late = self
            .rsus
            .iter()
            .filter(|(_, acknowledged)| **acknowledged < self.sequence);
        let late: Vec<HostAddr> = late.map(|(host, _)| *host).collect();
        for host in &late {
            cx.send_bytes(Address::Host(*host), self.frame.clone());
            self.spread_emergency(cx, Some(*host));
        }
        if !late.is_empty() {
            self.patience = (self.patience * 2).min(LONGEST);
            cx.timer(self.patience, RESEND);
        }
    }
}

impl Actor for Ta {
    type Msg = Heard;

    fn start(&mut self, cx: &mut Cx<'_>) {
        cx.state("serving");
        self.succession.tend(cx, &mut self.cases);
        self.publish(cx);
        for (index, planned) in self.planned.iter().enumerate() {
            let listed = |rid| self.revoked.binary_search(rid).is_ok();
            if !planned.rids.iter().all(listed) {
                cx.timer_at(planned.at, Timer(REVOKE + index as u64));
            }
        }
        self.cases.wait(cx);
        self.succession.remind(cx);
    }

    fn receive(&mut self, cx: &mut Cx<'_>, from: Address, message: &Heard) -> Result<(), Reason> {
        match (from, &message.message) {
            (Address::Host(host), &Msg::Ack { sequence }) => self.acknowledged(cx, host, sequence),
            (Address::Host(host), Msg::Report(evidence)) => self.report(cx, host, evidence),
            (Address::Host(host), Msg::Record(answer)) => self.record(cx, host, answer),
            (Address::Host(host), &Msg::Ready { epoch }) => self.succession.ready(host, epoch),
            _ => Err(Reason::Unexpected),
        }
    }

    fn wake(&mut self, cx: &mut Cx<'_>, timer: Timer, _: Time) {
        match timer {
            PUBLISH => self.publish(cx),
            RESEND => self.resend(cx),
            TRACE => self.cases.chase(cx),
            EPOCH => self.tend_epochs(cx),
            HANDOVER => self.succession.remind(cx),
            Timer(other) => {
                self.revoke_planned(cx, usize::try_from(other.saturating_sub(REVOKE)).unwrap_or(usize::MAX))
            }
        }
    }
}

impl List {
    /// What the authority signs.
    fn statement(&self, system: &System) -> [u8; 32] {
        let mut transcript = system.transcript(domain::LIST);
        transcript
            .append_u64("epoch", u64::from(self.epoch))
            .append_u64("sequence", self.sequence);
        transcript
            .append_u64("time", self.time)
            .append_u64("length", self.revoked.len() as u64);
        for rid in &self.revoked {
            transcript.append("RID", rid.as_ref());
        }
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, system: &System) -> Check {
        system.list_check(domain::LIST, self.statement(system), self.signature)
    }
}
