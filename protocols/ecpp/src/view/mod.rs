//! What a person sees of a run, and the figures of the report: a fold over the protocol's own events.

mod epochs;
mod load;
mod tracking;

use std::collections::BTreeMap;

use roadveil_role::Value;
use roadveil_role::view::{Emitted, Fold, View};

use epochs::Epochs;
use load::Load;
use tracking::Tracking;

/// Key issues that the series keeps.
const POINTS: usize = 4096;

/// How an OBU stands with its keys.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    /// It has a key.
    pub(crate) keyed: bool,
    /// It asks for one.
    pub(crate) asking: bool,
    /// The last RSU that it asked said no.
    pub(crate) denied: bool,
}

impl Standing {
    /// The word for it: the role and the fold say the same.
    pub(crate) fn name(self) -> &'static str {
        let Standing { keyed, asking, denied } = self;
        match (keyed, asking) {
            _ if denied => "refused",
            (false, true) => "requesting",
            (false, false) => "keyless",
            (true, true) => "renewing",
            (true, false) => "keyed",
        }
    }
}

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    obus: BTreeMap<String, Standing>,
    issued_by: BTreeMap<String, u64>,
    delays: Vec<(f64, f64)>,
    delay_sum: f64,
    delay_max: f64,
    issued: u64,
    obtained: u64,
    requested: u64,
    renewed: u64,
    expired: u64,
    given_up: u64,
    handovers: u64,
    refused: BTreeMap<String, u64>,
    revoked: u64,
    sent: u64,
    accepted: u64,
    rejected: u64,
    certificates: u64,
    load: Load,
    tracking: Tracking,
    epochs: Epochs,
}

impl Summary {
    /// No number before the first key: a mean of nothing must not pass for a good one.
    fn mean_delay(&self) -> f64 {
        if self.obtained == 0 {
            f64::NAN
        } else {
            self.delay_sum / self.obtained as f64
        }
    }

    fn accepted_share(&self) -> f64 {
        let all = self.accepted + self.rejected;
        if all == 0 {
            1.0
        } else {
            self.accepted as f64 / all as f64
        }
    }

    /// What an event says of how its OBU stands.
    fn stand(&mut self, event: &Emitted<'_>) {
        let change: fn(&mut Standing) = match event.name {
            "key_requested" => |obu| (obu.asking, obu.denied) = (true, false),
            "key_obtained" => |obu| (obu.keyed, obu.asking) = (true, false),
            "self_issued" => |obu| (obu.keyed, obu.asking, obu.denied) = (true, false, false),
            "key_expired" => |obu| obu.keyed = false,
            "key_lost" => |obu| *obu = Standing::default(),
            "key_denied" => |obu| (obu.asking, obu.denied) = (false, true),
            "rsu_given_up" => |obu| obu.asking = false,
            _ => return,
        };
        change(self.obus.entry(event.node.to_owned()).or_default());
    }

    fn refused(&self, why: &str) -> u64 {
        self.refused.get(why).copied().unwrap_or(0)
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
        self.stand(event);
        self.tracking.observe(event);
        self.load.observe(event);
        self.epochs.observe(event);
        match event.name {
            "key_requested" => self.requested += 1,
            "key_obtained" => {
                self.obtained += 1;
                self.renewed += u64::from(event.field("renewal") == Some(&Value::Bool(true)));
                if let Some(Value::Span(delay)) = event.field("delay") {
                    let millis = delay.as_secs_f64() * 1000.0;
                    self.delay_sum += millis;
                    self.delay_max = self.delay_max.max(millis);
                    if self.delays.len() < POINTS {
                        self.delays.push((event.at.as_secs_f64(), millis));
                    }
                }
            }
            "key_expired" => self.expired += 1,
            "key_issued" => {
                self.issued += 1;
                *self.issued_by.entry(event.node.to_owned()).or_default() += 1;
            }
            "key_refused" => {
                if let Some(Value::Text(why)) = event.field("why") {
                    *self.refused.entry(why.clone()).or_default() += 1;
                }
            }
            "rsu_given_up" => self.given_up += 1,
            "handover" => self.handovers += 1,
            "obu_revoked" => self.revoked += 1,
            "counts" => {
                self.sent += number(event, "sent");
                self.accepted += number(event, "accepted");
                self.rejected += number(event, "refused");
                self.certificates += number(event, "certificates");
            }
            _ => {}
        }
    }

    fn views(&self) -> Vec<View> {
        let mut states = BTreeMap::<_, u64>::new();
        for state in self.obus.values() {
            *states.entry(state.name()).or_default() += 1;
        }
        let share = self.accepted_share();
        let mut rows: Vec<_> = self
            .issued_by
            .iter()
            .map(|(rsu, keys)| vec![rsu.clone(), keys.to_string()])
            .collect();
        rows.extend(
            self.refused
                .iter()
                .map(|(why, times)| vec![format!("refused: {why}"), times.to_string()]),
        );
        let mut views = vec![
            View::States {
                title: "OBUs by key, last known".to_owned(),
                states: states
                    .into_iter()
                    .map(|(state, count)| (state.to_owned(), count))
                    .collect(),
            },
            View::Table {
                title: "Keys issued".to_owned(),
                columns: vec!["RSU".to_owned(), "keys".to_owned()],
                rows,
            },
            View::Series {
                title: "Key issue delay, ms".to_owned(),
                points: self.delays.clone(),
                band: Vec::new(),
                beside: None,
            },
            View::Gauge {
                title: "Safety messages accepted".to_owned(),
                share,
                label: format!("{} of {}", self.accepted, self.accepted + self.rejected),
            },
        ];
        views.extend(self.tracking.view());
        views.extend(self.load.view());
        views.extend(self.epochs.view());
        views
    }

    fn figures(&self) -> Vec<(&'static str, Value)> {
        let refused_all: u64 = self.refused.values().sum();
        let revoked = self.refused("revoked");
        let mut figures = vec![
            ("keys_requested", self.requested.into()),
            ("keys_issued", self.issued.into()),
            ("keys_obtained", self.obtained.into()),
            ("keys_renewed", self.renewed.into()),
            ("keys_expired", self.expired.into()),
            ("key_delay_mean_ms", self.mean_delay().into()),
            ("key_delay_max_ms", self.delay_max.into()),
            ("rsus_given_up", self.given_up.into()),
            ("handovers", self.handovers.into()),
            ("obus_revoked", self.revoked.into()),
            ("refused_revoked", revoked.into()),
            ("refused_other", (refused_all - revoked).into()),
            ("messages_sent", self.sent.into()),
            ("messages_accepted", self.accepted.into()),
            ("messages_refused", self.rejected.into()),
            (
                "messages_accepted_share",
                if self.accepted + self.rejected == 0 {
                    f64::NAN
                } else {
                    self.accepted_share()
                }
                .into(),
            ),
            ("certificates_checked", self.certificates.into()),
        ];
        figures.extend(self.tracking.figures());
        figures.extend(self.load.figures());
        figures.extend(self.epochs.figures());
        figures
    }
}

fn text<'a>(event: &'a Emitted<'_>, field: &str) -> &'a str {
    match event.field(field) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

fn pseudonym<'a>(event: &'a Emitted<'_>) -> &'a [u8] {
    match event.field("pseudonym") {
        Some(Value::Bytes(bytes)) => bytes,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;
    use roadveil_role::Time;

    fn observe(fold: &mut Summary, node: &str, name: &str, fields: &[(&str, Value)]) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        fold.observe(&Emitted {
            at: Time::from_secs(1),
            node,
            role: "obu",
            name,
            fields: &fields,
        });
    }

    #[test]
    fn figures_follow_the_events() {
        let mut fold = Summary::default();
        observe(&mut fold, "car", "key_requested", &[]);
        observe(&mut fold, "rsu", "key_issued", &[]);
        let obtained = [("delay", Duration::from_millis(40).into()), ("renewal", false.into())];
        observe(&mut fold, "car", "key_obtained", &obtained);
        observe(&mut fold, "rsu", "key_refused", &[("why", "revoked".into())]);
        observe(&mut fold, "rsu", "key_refused", &[("why", "bad_proof".into())]);
        let counts = [
            ("sent", 10u64.into()),
            ("accepted", 30u64.into()),
            ("refused", 10u64.into()),
        ];
        observe(&mut fold, "car", "counts", &counts);
        observe(&mut fold, "car", "something_else", &[]);
        let figures: BTreeMap<_, _> = fold.figures().into_iter().collect();
        assert_eq!(figures["keys_issued"], Value::U64(1));
        assert_eq!(figures["key_delay_mean_ms"], Value::F64(40.0));
        assert_eq!(figures["refused_revoked"], Value::U64(1));
        assert_eq!(figures["refused_other"], Value::U64(1));
        assert_eq!(figures["messages_accepted_share"], Value::F64(0.75));
        assert_eq!(fold.views().len(), 4);
        assert!(matches!(&fold.views()[0], View::States { states, .. } if states == &[("keyed".to_owned(), 1)]));
    }

    #[test]
    fn a_revocation_is_measured_from_report_to_silence() {
        let mut fold = Summary::default();
        let mut observe = |millis, node, name, fields: &[(&str, Value)]| {
            let own = |(key, value): &(&str, Value)| ((*key).to_owned(), value.clone());
            let fields: Vec<_> = fields.iter().map(own).collect();
            let (at, role) = (Time::from_millis(millis), "");
            fold.observe(&Emitted {
                at,
                node,
                role,
                name,
                fields: &fields,
            });
        };
        let pseudonym = ("pseudonym", Value::from([7u8; 8].as_slice()));
        let obu = ("obu", "car".into());
        observe(500, "rsu", "list_updated", &[("revoked", 1u64.into())]);
        observe(1000, "ann", "report_sent", std::slice::from_ref(&pseudonym));
        observe(1100, "ben", "report_sent", std::slice::from_ref(&pseudonym));
        observe(1101, "rsu", "report_accepted", std::slice::from_ref(&pseudonym));
        observe(1102, "rsu", "report_refused", &[("why", "duplicate".into())]);
        observe(1103, "rsu", "report_refused", &[("why", "unfounded".into())]);
        observe(
            900,
            "ta",
            "obu_revoked",
            &[("obu", "another".into()), ("revoked", 1u64.into())],
        );
        observe(1200, "ta", "traced", &[obu.clone(), pseudonym.clone()]);
        observe(1200, "ta", "obu_revoked", &[obu.clone(), ("revoked", 2u64.into())]);
        observe(1250, "rsu", "list_updated", &[("revoked", 2u64.into())]);
        observe(9200, "car", "key_expired", &[]);
        observe(9300, "ann", "key_expired", &[]);
        observe(9400, "ta", "untraceable", &[("rsu", "rsu".into())]);
        let figures: BTreeMap<_, _> = fold.figures().into_iter().collect();
        for (name, count) in [
            ("reports_sent", 2),
            ("reports_accepted", 1),
            ("reports_repeated", 1),
            ("reports_refused", 1),
            ("traced", 1),
            ("untraceable", 1),
        ] {
            assert_eq!(figures[name], Value::U64(count), "{name}");
        }
        for (name, millis) in [
            ("revocation_delay_mean_ms", 200.0),
            ("list_delay_max_ms", 50.0),
            ("last_key_after_list_max_ms", 8000.0),
        ] {
            assert_eq!(figures[name], Value::F64(millis), "{name}");
        }
        assert!(matches!(fold.views().last(), Some(View::KeyValue { .. })));
    }

    #[test]
    fn an_obu_stands_where_its_role_says() {
        let mut fold = Summary::default();
        for (event, expected) in [
            ("key_requested", "requesting"),
            ("key_obtained", "keyed"),
            ("key_requested", "renewing"),
            ("key_expired", "requesting"),
            ("rsu_given_up", "keyless"),
            ("key_requested", "requesting"),
            ("key_denied", "refused"),
            ("key_requested", "requesting"),
            ("key_obtained", "keyed"),
            ("key_lost", "keyless"),
            ("key_requested", "requesting"),
            ("self_issued", "keyed"),
        ] {
            observe(&mut fold, "car", event, &[]);
            assert_eq!(fold.obus["car"].name(), expected, "{event}");
        }
    }
}
