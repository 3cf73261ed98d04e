//! Whom to report: an OBU remembers what others signed last, and compares.
//!
//! Reconstruction: see [`crate::evidence`] for the rule. A report goes by unicast to the RSU that a key would be asked of,
//! and waits while there is none. It bears no name and no signature of the reporter: the evidence is enough. It is sent
//! again until the RSU answers, a few times, but never from another link address: two addresses from which the same
//! evidence comes are one vehicle's. The answer is not signed; who makes one up keeps this vehicle from repeating
//! itself, and no other.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use roadveil_role::{Address, Cx, LinkAddr, Reason, Time};

use super::Obu;
use crate::bucket::Bucket;
use crate::cert::{CertId, Certificate};
use crate::evidence::{Evidence, MAX_AGE, Statement, is_jump, is_too_fast};
use crate::messages::{Body, Cam, Msg, Sigma};
use crate::params::{Config, Lie};

/// How many senders an OBU remembers a message of, and how many it remembers to have reported.
const CAPACITY: usize = 2048;

/// How many reports wait for an RSU; the oldest goes first.
const WAITING: usize = 16;

/// How often a report is sent, and how long an RSU has to answer it.
const TRIES: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(1);

/// How far a lie is from the truth, centimetres.
const ASIDE: i32 = 40_000;

/// What a lying OBU claims to drive, centimetres a second: 540 km/h.
const TOO_FAST: u16 = 15_000;

/// What an OBU remembers of others' messages, with `reporting = "on"`.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// What was accepted last under each certificate, and when that ends.
    last: BTreeMap<CertId, (u64, Statement)>,
    /// Who was reported, and when the certificate ends: one report is enough.
    reported: BTreeMap<CertId, u64>,
    waiting: VecDeque<Unanswered>,
    bucket: Bucket,
}

/// A report that no RSU has answered.
#[derive(Clone, Debug)]
struct Unanswered {
    accused: CertId,
    evidence: Evidence,
    /// How often it was sent, from where, and when last.
    tries: u32,
    sent: Option<(LinkAddr, Time)>,
}

impl Unanswered {
    /// Is it never to be sent again?
    fn is_over(&self, now: Time, addr: LinkAddr) -> bool {
        let times = self.evidence.statements.iter().map(|statement| statement.cam.time);
        let oldest = times.min().map_or(Time::ZERO, Time::from_millis);
        let elsewhere = self.sent.is_some_and(|(from, _)| from != addr);
        self.tries >= TRIES || elsewhere || now.since(oldest) >= MAX_AGE
    }

    fn is_due(&self, now: Time) -> bool {
        self.sent.is_none_or(|(_, at)| now.since(at) >= PATIENCE)
    }
}

impl Watch {
    pub(super) fn new(config: &Config) -> Watch {
        Watch {
            last: BTreeMap::new(),
            reported: BTreeMap::new(),
            waiting: VecDeque::new(),
            bucket: Bucket::new(config.report_rate),
        }
    }

    /// Forgets whose time is over.
    fn purge(&mut self, now: Time) {
        let millis = now.as_millis();
        self.last.retain(|_, (until, _)| millis < *until);
        self.reported.retain(|_, until| millis < *until);
    }

    /// Compares a message that was accepted with what came before it. What breaks the rule is evidence.
    fn see(
        &mut self,
        config: &Config,
        id: CertId,
        certificate: &Certificate,
        statement: Statement,
    ) -> Option<Evidence> {
        let until = certificate.validity.until;
        if self.last.len() >= CAPACITY && !self.last.contains_key(&id) {
            self.last.pop_first();
        }
        let before = self.last.insert(id, (until, statement.clone()));
        if self.reported.contains_key(&id) || self.reported.len() >= CAPACITY {
            return None;
        }
        let statements = if is_too_fast(&statement.cam) {
            vec![statement]
        } else {
            let (_, before) = before.filter(|(_, before)| is_jump(config, &before.cam, &statement.cam))?;
            vec![before, statement]
        };
        self.reported.insert(id, until);
        Some(Evidence {
            certificate: *certificate,
            statements,
        })
    }

    fn wait(&mut self, accused: CertId, evidence: Evidence) {
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Unanswered {
            accused,
            evidence,
            tries: 0,
            sent: None,
        });
    }
}

impl Obu {
    /// Looks at a message that was accepted.
    pub(super) fn watch(&mut self, cx: &mut Cx<'_>, id: CertId, body: &Body, signature: Sigma) {
        let Some(watch) = &mut self.watch else { return };
        let Some(sender) = self.neighbours.get_mut(&id) else {
            return;
        };
        let statement = Statement::of(body, signature);
        if let Some(evidence) = watch.see(&self.config, id, &sender.certificate, statement) {
            watch.wait(id, evidence);
            self.report(cx);
        }
    }

    /// Sends the reports that wait, if there is an RSU to tell.
    pub(super) fn report(&mut self, cx: &mut Cx<'_>) {
        let (now, from) = (cx.now(), cx.link_addr());
        let Some(watch) = &mut self.watch else { return };
        watch.waiting.retain(|waiting| !waiting.is_over(now, from));
        if watch.waiting.is_empty() {
            return;
        }
        let Some(rsu) = self.rsus.choose(now, &cx.position(), &self.config) else {
            return;
        };
        for waiting in watch.waiting.iter_mut().filter(|waiting| waiting.is_due(now)) {
            if !watch.bucket.take(now) {
                return;
            }
            if waiting.tries == 0 {
                let rule = waiting.evidence.rule(&self.config).map_or("", |rule| rule.name());
                let pseudonym = waiting.accused.as_ref().into();
                cx.emit("report_sent", [("pseudonym", pseudonym), ("rule", rule.into())]);
            }
            waiting.tries += 1;
            waiting.sent = Some((from, now));
            cx.send(Address::Link(rsu.addr), &Msg::Report(waiting.evidence.clone()));
        }
    }

    /// An RSU answered, whatever it thinks of it.
    pub(super) fn report_settled(&mut self, accused: &CertId) -> Result<(), Reason> {
        let watch = self.watch.as_mut().ok_or(Reason::Unexpected)?;
        watch.waiting.retain(|waiting| waiting.accused != *accused);
        Ok(())
    }

    /// Forgets what is over, and tries again to send what waits.
    pub(super) fn tend_watch(&mut self, cx: &mut Cx<'_>) {
        if let Some(watch) = &mut self.watch {
            watch.purge(cx.now());
            self.report(cx);
        }
    }

    /// What an OBU that misbehaves says instead of the truth.
    pub(super) fn falsify(&mut self, cx: &mut Cx<'_>, cam: Cam) -> Cam {
        let Some(lying) = self.lying.as_mut().filter(|lying| cx.now() >= lying.from) else {
            return cam;
        };
        if !core::mem::replace(&mut lying.began, true) {
            cx.emit("misbehaved", []);
        }
        lying.lie.told(cam)
    }
}

/// That an OBU lies, from when on and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lying {
    pub(super) from: Time,
    pub(super) lie: Lie,
    pub(super) began: bool,
}

impl Lie {
    /// The lie to a truth.
    fn told(self, cam: Cam) -> Cam {
        let (x, y) = match (self, cam.sequence % 4) {
            (Lie::Speed, _) => {
                return Cam {
                    speed_cm: TOO_FAST,
                    ..cam
                };
            }
            (Lie::Offset, _) | (Lie::Scatter, 0) => (ASIDE, 0),
            (Lie::Scatter, 1) => (0, ASIDE),
            (Lie::Scatter, 2) => (-ASIDE, 0),
            (Lie::Scatter, _) => (0, -ASIDE),
        };
        Cam {
            x_cm: cam.x_cm.saturating_add(x),
            y_cm: cam.y_cm.saturating_add(y),
            ..cam
        }
    }
}
