//! Tracking: the authority finds who signed a disputed message.
//!
//! Reconstruction: published is that there is a fast tracking, by RSU and authority together; its section was not
//! readable. Here:
//! 1. the authority judges the evidence and opens the certificate, `B_j = T_2 - xi T_1`: the key of the RSU that issued
//!    it;
//! 2. it asks that RSU for its record of `Y_i`, again every [`PATIENCE`] and at most [`TRIES`] times;
//! 3. it verifies `sigma_1` of the answer over the accused's `Y_i`, maps `RID_i` to the vehicle, and revokes it.
//!
//! An RSU cannot make `sigma_1` of anybody, and no honest vehicle signs another's `Y_i`: an RSU that lies keeps the
//! authority from finding anybody, and is named for it, but no honest vehicle is. The authority could make every
//! `sigma_1`: against the authority there is no such protection.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use roadveil_crypto::{ByteArray, Check, G1Bytes, Op, ScalarBytes, Signature};
use roadveil_role::{Address, Cx, HostAddr, Reason, Time, Timer};

use crate::cert::{CertId, Certificate, Form};
use crate::epochs::Epochs;
use crate::evidence::{Evidence, MAX_AGE};
use crate::keys::{Authority, Issuer};
use crate::messages::{Msg, Record, Trace};
use crate::params::Config;
use crate::rsu::records;
use crate::sigma1::Claim;
use crate::succession::Succession;
use crate::system::{Location, System, domain};

/// Wakes the authority for questions without an answer.
pub(crate) const TRACE: Timer = Timer(3);

/// How long an RSU has to answer before it is asked again.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// How often it is asked.
pub const TRIES: u32 = 8;

/// How many cases the authority keeps, open ones and those that a further report must not open again.
pub const CAPACITY: usize = 4096;

/// Whom the authority knows.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// RSUs by their keys `B_j`: a look-up takes logarithmic time.
    pub rsus: BTreeMap<G1Bytes, (HostAddr, String)>,
    /// The same by their places, for plain certificates.
    pub places: BTreeMap<Location, (HostAddr, String)>,
    /// Vehicles by their pseudo-identities, likewise.
    pub obus: BTreeMap<ScalarBytes, String>,
}

impl Registry {
    /// The RSU that issued a certificate.
    fn issuer(&self, issuer: &Issuer) -> Option<&(HostAddr, String)> {
        match issuer {
            Issuer::Key(b) => self.rsus.get(b),
            Issuer::Place(location) => self.places.get(location),
        }
    }
}

/// What became of the reports.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cases {
    registry: Registry,
    open: BTreeMap<u64, Case>,
    /// Of open and closed cases: until when a report on the certificate would be heard.
    known: BTreeMap<CertId, u64>,
    /// How often each RSU led to nobody.
    blamed: BTreeMap<String, u64>,
    count: u64,
}

/// A report for which an RSU is asked.
#[derive(Clone, Debug)]
struct Case {
    certificate: Certificate,
    host: HostAddr,
    rsu: String,
    since: Time,
    question: Trace,
    tries: u32,
}

impl Cases {
    pub(crate) fn new(registry: Registry) -> Cases {
        Cases {
            registry,
            ..Cases::default()
        }
    }

    /// Steps 1 and 2: judges a report, opens its certificate, and asks the RSU.
    pub(crate) fn open(
        &mut self,
        cx: &mut Cx<'_>,
        succession: &Succession,
        config: &Config,
        evidence: &Evidence,
    ) -> Result<(), Reason> {
        let authority = succession.authority();
        let (id, now) = (evidence.accused(), cx.now());
        if self.known.contains_key(&id) {
            return Err(Reason::Duplicate);
        }
        self.forget_old(now);
        if self.known.len() >= CAPACITY {
            return Err(Reason::Overloaded);
        }
        let rule = evidence.judge(cx, succession.epochs(), config)?;
        let certificate = evidence.certificate;
        if certificate.form() == Form::Hidden {
            cx.meter().add(Op::G1Mul, 1);
        }
        let issuer = authority.open(&certificate).map_err(|_| Reason::BadElement)?;
        self.known.insert(id, forgotten_at(&certificate));
        self.count += 1;
        let number = self.count;
        cx.step("report", number);
        let rule = rule.name().into();
        cx.emit("case_opened", [("pseudonym", id.as_ref().into()), ("rule", rule)]);
        let Some((host, rsu)) = self.registry.issuer(&issuer).cloned() else {
            // No RSU has that key: somebody who holds the master made one.
            self.untraceable(cx, &id, "", "no_such_rsu");
            return Ok(());
        };
        let question = ask(cx, authority, number, certificate.y);
        let case = Case {
            certificate,
            host,
            rsu,
            since: now,
            question,
            tries: 1,
        };
        cx.step("trace", number);
        cx.send(Address::Host(host), &Msg::Trace(question));
        self.open.insert(number, case);
        cx.timer(PATIENCE, TRACE);
        Ok(())
    }

    /// Step 3: an RSU's answer. Whom did it name, if that can be believed?
    pub(crate) fn answer(
        &mut self,
        cx: &mut Cx<'_>,
        epochs: &Epochs,
        from: HostAddr,
        answer: &Record,
    ) -> Result<(String, Certificate), Reason> {
        let case = self.open.get(&answer.case).filter(|case| case.host == from);
        let case = case.cloned().ok_or(Reason::Unexpected)?;
        // Whatever it says, it said it: whoever lied is not asked until it lies better.
        self.open.remove(&answer.case);
        cx.step("record", answer.case);
        let id = case.certificate.id();
        let Some(record) = answer.record else {
            self.untraceable(cx, &id, &case.rsu, "no_record");
            return Err(Reason::UnknownKey);
        };
        // Its `sigma_1` was made in the epoch of the certificate.
        let Ok(system) = epochs.of(case.certificate.epoch) else {
            self.untraceable(cx, &id, &case.rsu, "epoch_over");
            return Err(Reason::WrongEpoch);
        };
        match self.believe(cx, system, &case, &record) {
            Ok(obu) => {
                let rid = record.rid;
                cx.emit(
                    "traced",
                    [
                        ("obu", obu.as_str().into()),
                        ("rsu", case.rsu.as_str().into()),
                        ("pseudonym", id.as_ref().into()),
                        ("rid", rid.as_ref().into()),
                        ("delay", cx.now().since(case.since).into()),
                    ],
                );
                Ok((obu, case.certificate))
            }
            Err(why) => {
                let rsu = case.rsu.as_str();
                cx.emit("framing_refused", [("rsu", rsu.into()), ("why", why.name().into())]);
                self.untraceable(cx, &id, rsu, "false_record");
                Err(why)
            }
        }
    }

    /// Nobody was found. That names the RSU, and no vehicle.
    fn untraceable(&mut self, cx: &mut Cx<'_>, id: &CertId, rsu: &str, why: &str) {
        *self.blamed.entry(rsu.to_owned()).or_default() += 1;
        let fields = [
            ("pseudonym", id.as_ref().into()),
            ("rsu", rsu.into()),
            ("why", why.into()),
        ];
        cx.emit("untraceable", fields);
    }

    /// How often an RSU led to nobody.
    pub(crate) fn blamed(&self, rsu: &str) -> u64 {
        self.blamed.get(rsu).copied().unwrap_or(0)
    }

    /// An RSU has another key.
    pub(crate) fn know(&mut self, b: G1Bytes, host: HostAddr, rsu: &str) {
        self.registry.rsus.insert(b, (host, rsu.to_owned()));
    }

    /// All pseudo-identities of a vehicle: they are revoked together.
    pub(crate) fn rids_of(&self, obu: &str) -> Vec<ScalarBytes> {
        let obus = self.registry.obus.iter().filter(|(_, name)| *name == obu);
        obus.map(|(rid, _)| *rid).collect()
    }

    /// Does the record show who asked for `Y_i`? Its `T_i` is what that vehicle signed last, and need not be the
    /// certificate's: an RSU keeps one record of a key, and a vehicle that asks twice must not get away with it.
    fn believe(
        &self,
        cx: &mut Cx<'_>,
        system: &Arc<System>,
        case: &Case,
        record: &records::Record,
    ) -> Result<String, Reason> {
        let claim = Claim {
            rid: record.rid,
            validity: record.validity,
            y: case.certificate.y,
        };
        if !cx.check(&claim.check(system, record.sigma1)).is_valid() {
            return Err(Reason::BadSignature);
        }
        self.registry.obus.get(&record.rid).cloned().ok_or(Reason::UnknownKey)
    }

    /// Asks again where there is no answer, and gives up after the last time.
    pub(crate) fn chase(&mut self, cx: &mut Cx<'_>) {
        let over: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, case)| case.tries >= TRIES)
            .map(|(number, _)| *number)
            .collect();
        for case in over
            .iter()
            .filter_map(|number| self.open.remove(number))
            .collect::<Vec<_>>()
        {
            self.untraceable(cx, &case.certificate.id(), &case.rsu, "no_answer");
        }
        for case in self.open.values_mut() {
            case.tries += 1;
            cx.send(Address::Host(case.host), &Msg::Trace(case.question));
        }
        self.wait(cx);
    }

    /// Wakes the authority while somebody is asked: after a failure, too.
    pub(crate) fn wait(&self, cx: &mut Cx<'_>) {
        if !self.open.is_empty() {
            cx.timer(PATIENCE, TRACE);
        }
    }

    /// Forgets closed cases on which a report would be refused as too old.
    fn forget_old(&mut self, now: Time) {
        self.known.retain(|_, until| now.as_millis() <= *until);
    }
}

/// From when on a report on a certificate is refused, whatever it brings: its messages are too old.
pub(crate) fn forgotten_at(certificate: &Certificate) -> u64 {
    let age = u64::try_from(MAX_AGE.as_millis()).unwrap_or(u64::MAX);
    certificate.validity.until.saturating_add(age)
}

/// A question to an RSU.
fn ask(cx: &mut Cx<'_>, authority: &Authority, case: u64, y: G1Bytes) -> Trace {
    let system = authority.system();
    let blank = Signature {
        z: ByteArray([0; 16]),
        s: ByteArray([0; 32]),
    };
    let mut question = Trace {
        epoch: system.epoch(),
        case,
        y,
        signature: blank,
    };
    cx.meter().add(Op::G1Mul, 1);
    let statement = question.statement(system);
    question.signature = authority.list_key().sign(&statement, domain::TRACE, cx.rng("trace", 0));
    cx.anticipate(question.check(system));
    question
}

impl Trace {
    /// What the authority signs.
    fn statement(&self, system: &System) -> [u8; 32] {
        let mut transcript = system.transcript(domain::TRACE);
        transcript
            .append_u64("epoch", u64::from(self.epoch))
            .append_u64("case", self.case)
            .append("Y", self.y.as_ref());
        transcript.digest().0
    }

    /// The check of its signature.
    pub fn check(&self, system: &System) -> Check {
        system.list_check(domain::TRACE, self.statement(system), self.signature)
    }
}
