//! The report as JSON.

use roadveil_crypto::Op;
use roadveil_role::{Reason, Value};
use serde_json::{Map, Number, Value as Json, json};

use crate::adversary::Privacy;
use crate::scenario::PRIVACY_FIGURES;
use crate::session::Finished;

/// Name and version of the report's form.
pub const SCHEMA: &str = "roadveil.report/1";

/// The report of a run.
pub fn report(finished: &Finished) -> Json {
    let summary = &finished.summary;
    let scenario = &finished.plan.scenario;
    let duration_s = finished.reached.as_secs_f64();
    let mut report = json!({
        "schema": SCHEMA,
        "roadveil": env!("CARGO_PKG_VERSION"),
        "scenario": scenario.name,
        "seed": scenario.seed,
        "duration_s": duration_s,
        "finished": finished.whole,
        "stream_hash": finished.stream_hash.to_string(),
        "load_s": finished.plan.load_s,
        "wall_s": finished.wall_s,
        "cpu_s": finished.cpu_s,
        "real_time_factor": duration_s / finished.wall_s.max(1e-9),
        "threads": finished.plan.options.threads,
        "events": summary.events,
        "nodes": scenario.nodes.len(),
        "frames": {
            "sent": summary.sent,
            "retries": summary.retries,
            "candidates": summary.candidates(),
            "delivered": summary.delivered,
            "lost": reasons(summary.lost()),
            "rejected": reasons(summary.rejected()),
            "unsent": reasons(summary.unsent()),
        },
        "channel_busy_ratio": summary.channel_busy_ratio().map(|(mean, most)| json!({ "mean": mean, "max": most })),
        "privacy": privacy(finished),
        "messages": messages(finished),
        "ops": operations(finished),
        "expect": finished.expectations.iter().map(|outcome| json!({
            "text": outcome.text,
            "at_s": outcome.at.map(roadveil_role::Time::as_secs_f64),
            "ok": outcome.ok,
            "found": outcome.found,
        })).collect::<Vec<_>>(),
        "log": finished.log.as_ref().map(|(path, bytes)| json!({ "path": path.display().to_string(), "bytes": bytes })),
    });
    if let Some(report) = report.as_object_mut() {
        for (protocol, figures) in summary.figures() {
            let figures = figures
                .into_iter()
                .map(|(name, figure)| (name.to_owned(), value(&figure)))
                .collect();
            report.insert(protocol.to_owned(), Json::Object(figures));
        }
    }
    report
}

fn reasons(counts: impl Iterator<Item = (Reason, u64)>) -> Json {
    Json::Object(
        counts
            .map(|(reason, count)| (reason.name().to_owned(), json!(count)))
            .collect(),
    )
}

/// What listeners know, by their names; null where there was nothing to count, or too much.
fn privacy(finished: &Finished) -> Json {
    let null = || {
        PRIVACY_FIGURES
            .iter()
            .map(|name| ((*name).to_owned(), Json::Null))
            .collect()
    };
    let of = |figures: Option<Privacy>| figures.map_or_else(|| Json::Object(null()), |figures| figures.json());
    let listeners = finished.summary.privacy();
    Json::Object(
        listeners
            .map(|(name, figures)| (name.to_owned(), of(figures)))
            .collect(),
    )
}

fn messages(finished: &Finished) -> Json {
    let mut messages: Map<String, Json> = Map::new();
    for (protocol, name, count) in finished.summary.messages() {
        let of_protocol = messages.entry(protocol).or_insert_with(|| json!({}));
        if let Some(of_protocol) = of_protocol.as_object_mut() {
            of_protocol.insert(name, json!({ "count": count.count, "bytes": count.bytes }));
        }
    }
    Json::Object(messages)
}

fn operations(finished: &Finished) -> Json {
    let counts = finished.summary.charged().filter_map(|(op, charged): (Op, u64)| {
        let executed = finished.executed[op as usize];
        (charged > 0 || executed > 0).then(|| {
            (
                op.name().to_owned(),
                json!({ "charged": charged, "executed": executed }),
            )
        })
    });
    Json::Object(counts.collect())
}

/// A value as JSON: spans and moments in seconds, bytes in hexadecimal.
fn value(value: &Value) -> Json {
    let number = |number: f64| Number::from_f64(number).map_or(Json::Null, Json::Number);
    match value {
        Value::Bool(value) => json!(value),
        Value::U64(value) => json!(value),
        Value::I64(value) => json!(value),
        Value::F64(value) => number(*value),
        Value::Text(text) => json!(text),
        Value::Bytes(_) => json!(value.to_string()),
        Value::Time(time) => number(time.as_secs_f64()),
        Value::Span(span) => number(span.as_secs_f64()),
    }
}
