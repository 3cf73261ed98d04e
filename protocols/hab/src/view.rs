//! What a person sees of a run, and the figures of the report: a fold over the protocol's own events.

use std::collections::BTreeMap;

use roadveil_role::view::{Emitted, Fold, View};
use roadveil_role::{Reason, Time, Value};

use crate::cert::Certificate;

/// Bytes of a key of the pool with its certificate.
const KEY_BYTES: u64 = 32 + Certificate::BYTES as u64;
/// Bytes of a name on the list.
const NAME_BYTES: u64 = 8;
/// Bytes that a message has besides its body: certificate and signature.
const SECURITY_BYTES: u64 = Certificate::BYTES as u64 + 64;

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    sent: u64,
    accepted: u64,
    refused: BTreeMap<String, u64>,
    certificates: u64,
    changes: u64,
    pool: u64,
    /// When the authority revoked somebody, and how many names were on the list then.
    revoked: Vec<(Time, u64)>,
    /// How many names each vehicle learnt.
    learnt: BTreeMap<String, u64>,
    delays: u64,
    delay_sum: f64,
    delay_max: f64,
    /// Longest list that a vehicle has, with what it brought.
    listed: u64,
}

impl Summary {
    fn refused(&self, why: Reason) -> u64 {
        self.refused.get(why.name()).copied().unwrap_or(0)
    }

    fn refused_all(&self) -> u64 {
        self.refused.values().sum()
    }

    /// No number before the first: a share of nothing must not pass for a good one.
    fn accepted_share(&self) -> f64 {
        let all = self.accepted + self.refused_all();
        if all == 0 {
            f64::NAN
        } else {
            self.accepted as f64 / all as f64
        }
    }

    fn mean_delay(&self) -> f64 {
        if self.delays == 0 {
            f64::NAN
        } else {
            self.delay_sum / self.delays as f64
        }
    }

    /// A vehicle knows of so many now: how long ago were they revoked? Pages may come in any order, so this is exact as
    /// long as one vehicle is revoked.
    fn learn(&mut self, event: &Emitted<'_>) {
        let known = number(event, "known");
        let before = self.learnt.insert(event.node.to_owned(), known).unwrap_or(0);
        let new = self
            .revoked
            .iter()
            .filter(|(_, names)| before < *names && *names <= known);
        for (at, _) in new {
            let millis = event.at.since(*at).as_secs_f64() * 1000.0;
            self.delays += 1;
            self.delay_sum += millis;
            self.delay_max = self.delay_max.max(millis);
        }
    }
}

fn number(event: &Emitted<'_>, field: &str) -> u64 {
    if let Some(Value::U64(number)) = event.field(field) {
        *number
    } else {
        0
    }
}

impl Fold for Summary {
    fn observe(&mut self, event: &Emitted<'_>) {
        match event.name {
            "obu_revoked" => self.revoked.push((event.at, number(event, "names"))),
            "key_changed" => self.changes += 1,
            "list_learnt" => self.learn(event),
            "refused" => {
                if let Some(Value::Text(why)) = event.field("why") {
                    *self.refused.entry(why.clone()).or_default() += number(event, "times");
                }
            }
            "counts" => {
                self.sent += number(event, "sent");
                self.accepted += number(event, "accepted");
                self.certificates += number(event, "certificates");
                self.pool = number(event, "pool");
                self.listed = self.listed.max(number(event, "names"));
            }
            _ => {}
        }
    }

    fn views(&self) -> Vec<View> {
        let refused = self
            .refused
            .iter()
            .map(|(why, times)| vec![why.clone(), times.to_string()]);
        let share = self.accepted_share();
        let names = self.revoked.last().map_or(0, |(_, names)| *names);
        let knowing = self.learnt.values().filter(|known| **known == names);
        vec![
            View::Gauge {
                title: "Safety messages accepted".to_owned(),
                share: if share.is_nan() { 1.0 } else { share },
                label: format!("{} of {}", self.accepted, self.accepted + self.refused_all()),
            },
            View::Table {
                title: "Safety messages refused".to_owned(),
                columns: vec!["why".to_owned(), "times".to_owned()],
                rows: refused.collect(),
            },
            View::KeyValue {
                title: "Revocation".to_owned(),
                pairs: vec![
                    ("revoked in this run".to_owned(), self.revoked.len().to_string()),
                    ("longest list of a vehicle".to_owned(), self.listed.to_string()),
                    ("vehicles that know of all".to_owned(), knowing.count().to_string()),
                ],
            },
        ]
    }

    fn figures(&self) -> Vec<(&'static str, Value)> {
        let known = [
            Reason::Revoked,
            Reason::BadSignature,
            Reason::BadCertificate,
            Reason::Stale,
            Reason::Duplicate,
        ];
        let other = self.refused_all() - known.iter().map(|why| self.refused(*why)).sum::<u64>();
        vec![
            ("messages_sent", self.sent.into()),
            ("messages_accepted", self.accepted.into()),
            ("messages_refused", self.refused_all().into()),
            ("messages_accepted_share", self.accepted_share().into()),
            ("refused_revoked", self.refused(Reason::Revoked).into()),
            ("refused_bad_signature", self.refused(Reason::BadSignature).into()),
            ("refused_bad_certificate", self.refused(Reason::BadCertificate).into()),
            ("refused_stale", self.refused(Reason::Stale).into()),
            ("refused_duplicate", self.refused(Reason::Duplicate).into()),
            ("refused_other", other.into()),
            ("obus_revoked", (self.revoked.len() as u64).into()),
            ("list_learnt", self.learnt.values().sum::<u64>().into()),
            ("list_delay_mean_ms", self.mean_delay().into()),
            ("list_delay_max_ms", self.delay_max.into()),
            ("list_length_max", self.listed.into()),
            ("storage_units", (self.listed + self.pool).into()),
            (
                "storage_bytes",
                (self.listed * NAME_BYTES + self.pool * KEY_BYTES).into(),
            ),
            ("security_bytes", SECURITY_BYTES.into()),
            ("certificates_checked", self.certificates.into()),
            ("keys_changed", self.changes.into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(fold: &mut Summary, at: u64, node: &str, name: &str, fields: &[(&str, Value)]) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        fold.observe(&Emitted {
            at: Time::from_secs(at),
            node,
            role: "obu",
            name,
            fields: &fields,
        });
    }

    #[test]
    fn figures_follow_the_events() {
        let mut fold = Summary::default();
        let figures: BTreeMap<_, _> = fold.figures().into_iter().collect();
        assert!(matches!(figures["messages_accepted_share"], Value::F64(share) if share.is_nan()));
        observe(&mut fold, 1, "ta", "obu_revoked", &[("names", 5u64.into())]);
        observe(&mut fold, 2, "ta", "obu_revoked", &[("names", 10u64.into())]);
        observe(&mut fold, 3, "a", "list_learnt", &[("known", 5u64.into())]);
        observe(&mut fold, 6, "a", "list_learnt", &[("known", 10u64.into())]);
        let refused = [("why", "revoked".into()), ("times", 3u64.into())];
        observe(&mut fold, 6, "a", "refused", &refused);
        observe(
            &mut fold,
            6,
            "a",
            "refused",
            &[("why", "malformed".into()), ("times", 1u64.into())],
        );
        let counts = [
            ("sent", 10u64.into()),
            ("accepted", 12u64.into()),
            ("names", 10u64.into()),
            ("pool", 5u64.into()),
        ];
        observe(&mut fold, 7, "a", "counts", &counts);
        observe(&mut fold, 7, "a", "something_else", &[]);
        let figures: BTreeMap<_, _> = fold.figures().into_iter().collect();
        assert_eq!(figures["messages_refused"], Value::U64(4));
        assert_eq!(figures["messages_accepted_share"], Value::F64(0.75));
        assert_eq!(
            (&figures["refused_revoked"], &figures["refused_other"]),
            (&Value::U64(3), &Value::U64(1))
        );
        assert_eq!(figures["list_delay_mean_ms"], Value::F64(3000.0));
        assert_eq!(figures["list_delay_max_ms"], Value::F64(4000.0));
        assert_eq!(
            (&figures["storage_units"], &figures["storage_bytes"]),
            (&Value::U64(15), &Value::U64(10 * 8 + 5 * 129))
        );
        assert_eq!(fold.views().len(), 3);
    }
}
