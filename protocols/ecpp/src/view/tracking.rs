//! Reports, tracking and revocation, and how long they take.

use std::collections::BTreeMap;

use roadveil_role::view::{Emitted, View};
use roadveil_role::{Time, Value};

use super::{number, pseudonym, text};

/// Certificates of which the fold keeps when they were first reported.
const REPORTED: usize = 4096;

/// Reports, tracking, and how long a revocation takes: from the first report of a vehicle to its listing, from there until
/// every RSU that heard of it has the list, and until the vehicle's last key has ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracking {
    misbehaving: u64,
    sent: u64,
    accepted: u64,
    repeated: u64,
    refused: u64,
    traced: u64,
    framings: u64,
    /// The RSUs whose answers led to nobody, or that gave none.
    untraceable: BTreeMap<String, u64>,
    reported: BTreeMap<Vec<u8>, Time>,
    /// OBUs on the list, in the order in which they got there, and how long it was then.
    listed: Vec<(String, Time, u64)>,
    /// How long a list each RSU knows.
    known: BTreeMap<String, u64>,
    /// Of vehicles that were tracked.
    revocation: Delay,
    /// Of all vehicles on the list.
    list: Delay,
    last_key: Delay,
    /// When the newest emergency list was signed, and how long until each vehicle had it.
    cried: Option<Time>,
    emergency: Delay,
    emergency_listed: u64,
}

/// Spans, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Delay {
    count: u64,
    sum: f64,
    max: f64,
}

impl Delay {
    fn add(&mut self, from: Time, to: Time) {
        let millis = to.since(from).as_secs_f64() * 1000.0;
        self.count += 1;
        self.sum += millis;
        self.max = self.max.max(millis);
    }

    /// No number before the first.
    fn mean(self) -> f64 {
        if self.count == 0 {
            f64::NAN
        } else {
            self.sum / self.count as f64
        }
    }

    fn max(self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.max }
    }
}

impl Tracking {
    pub(super) fn observe(&mut self, event: &Emitted<'_>) {
        match event.name {
            "misbehaved" => self.misbehaving += 1,
            "report_sent" => {
                self.sent += 1;
                if self.reported.len() < REPORTED {
                    self.reported.entry(pseudonym(event).to_vec()).or_insert(event.at);
                }
            }
            "report_accepted" => self.accepted += 1,
            "report_refused" if text(event, "why") == "duplicate" => self.repeated += 1,
            "report_refused" => self.refused += 1,
            "framing_refused" => self.framings += 1,
            "untraceable" => *self.untraceable.entry(text(event, "rsu").to_owned()).or_default() += 1,
            "traced" => self.traced(event),
            "obu_revoked" => self
                .listed
                .push((text(event, "obu").to_owned(), event.at, number(event, "revoked"))),
            "list_updated" => self.list_reached(event),
            "emergency_listed" => {
                self.emergency_listed += 1;
                self.cried = Some(event.at);
            }
            "emergency_learnt" => {
                if let Some(cried) = self.cried {
                    self.emergency.add(cried, event.at);
                }
            }
            "key_expired" => {
                if let Some((_, at, _)) = self.listed.iter().find(|(obu, ..)| obu == event.node) {
                    self.last_key.add(*at, event.at);
                }
            }
            _ => {}
        }
    }

    /// A vehicle that is listed already is not revoked again.
    fn traced(&mut self, event: &Emitted<'_>) {
        self.traced += 1;
        let listed = self.listed.iter().any(|(obu, ..)| obu == text(event, "obu"));
        if let Some(reported) = self.reported.get(pseudonym(event)).filter(|_| !listed) {
            self.revocation.add(*reported, event.at);
        }
    }

    /// An RSU has the list with so many entries: a vehicle has one for each of its pseudo-identities.
    fn list_reached(&mut self, event: &Emitted<'_>) {
        let entries = number(event, "revoked");
        let known = self.known.entry(event.node.to_owned()).or_default();
        for (_, at, length) in &self.listed {
            if (*known + 1..=entries).contains(length) {
                self.list.add(*at, event.at);
            }
        }
        *known = entries.max(*known);
    }

    /// Nothing to see where nobody reports.
    pub(super) fn view(&self) -> Option<View> {
        if self.sent + self.misbehaving + self.accepted + self.refused == 0 {
            return None;
        }
        let count = |name: &str, count: u64| (name.to_owned(), count.to_string());
        let span = |name: &str, delay: Delay| (name.to_owned(), format!("{:.0} ms", delay.mean()));
        let mut pairs = vec![
            count("OBUs that lie", self.misbehaving),
            count("reports sent", self.sent),
            (
                "taken up, refused".to_owned(),
                format!("{}, {}", self.accepted, self.refused),
            ),
            count("traced", self.traced),
            count("framings refused", self.framings),
        ];
        if self.revocation.count > 0 {
            pairs.push(span("from report to list", self.revocation));
        }
        if self.emergency.count > 0 {
            pairs.push(span("until vehicles refuse it", self.emergency));
        }
        if self.last_key.count > 0 {
            pairs.push(span("from list to end of key", self.last_key));
        }
        let untraceable = self.untraceable.iter();
        pairs.extend(untraceable.map(|(rsu, times)| (format!("untraceable at {rsu}"), times.to_string())));
        let title = "Misbehaviour and tracking".to_owned();
        Some(View::KeyValue { title, pairs })
    }

    pub(super) fn figures(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("obus_misbehaving", self.misbehaving.into()),
            ("reports_sent", self.sent.into()),
            ("reports_accepted", self.accepted.into()),
            ("reports_repeated", self.repeated.into()),
            ("reports_refused", self.refused.into()),
            ("traced", self.traced.into()),
            ("untraceable", self.untraceable.values().sum::<u64>().into()),
            ("framings_refused", self.framings.into()),
            ("revocation_delay_mean_ms", self.revocation.mean().into()),
            ("revocation_delay_max_ms", self.revocation.max().into()),
            ("list_delay_mean_ms", self.list.mean().into()),
            ("list_delay_max_ms", self.list.max().into()),
            ("last_key_after_list_mean_ms", self.last_key.mean().into()),
            ("last_key_after_list_max_ms", self.last_key.max().into()),
            ("emergency_listed", self.emergency_listed.into()),
            ("emergency_delay_mean_ms", self.emergency.mean().into()),
            ("emergency_delay_max_ms", self.emergency.max().into()),
        ]
    }
}
