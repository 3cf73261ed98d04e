//! The report as a table for a person.

use core::fmt::Write;

use roadveil_role::{Reason, Time, Value};

use crate::event::Cast;
use crate::kernel::Executed;
use crate::metrics::Summary;
use crate::session::Finished;

/// Width of the first column.
const LABEL: usize = 24;

/// The summary, as it stands on stderr after a run.
pub fn summary(finished: &Finished) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, finished);
    text
}

fn write(text: &mut String, finished: &Finished) -> std::fmt::Result {
    let summary = &finished.summary;
    let scenario = &finished.plan.scenario;
    let reached = finished.reached.as_secs_f64();
    writeln!(text, "{}  (seed {})", scenario.title, scenario.seed)?;
    let how = if finished.whole { "" } else { ", ended before its time" };
    let factor = reached / finished.wall_s.max(1e-9);
    let (wall, cpu) = (finished.wall_s, finished.cpu_s);
    line(
        text,
        "time",
        &format!(
            "{reached:.1} s{how}; {wall:.2} s of wall time, {factor:.2} x real time, {cpu:.2} s of processor time"
        ),
    )?;
    line(text, "stream hash", &finished.stream_hash.to_string())?;
    write_figures(text, summary, Some(&finished.executed))?;
    for outcome in &finished.expectations {
        let found = outcome
            .found
            .map_or_else(|| "nothing to measure".to_owned(), |found| format!("found {found}"));
        let verdict = match outcome.ok {
            Some(true) => "held",
            Some(false) => "FAILED",
            None => "not reached",
        };
        let found = if outcome.ok.is_none() {
            String::new()
        } else {
            format!(" ({found})")
        };
        let at = outcome
            .at
            .map_or_else(String::new, |at| format!(" at {} s", at.as_secs_f64()));
        line(text, "expectation", &format!("{verdict}: {}{at}{found}", outcome.text))?;
    }
    if let Some((path, bytes)) = &finished.log {
        line(
            text,
            "log",
            &format!("{} ({:.1} MB)", path.display(), *bytes as f64 / 1e6),
        )?;
    }
    Ok(())
}

/// The figures of a log that goes up to `reached`, as a table.
pub fn figures(cast: &Cast, summary: &Summary, reached: Time) -> String {
    let mut text = format!("{}  (seed {})\n", cast.title, cast.seed);
    // Writing to a string cannot fail.
    let _ = line(
        &mut text,
        "time",
        &format!("{:.1} s of {:.1} s", reached.as_secs_f64(), cast.duration.as_secs_f64()),
    );
    let _ = write_figures(&mut text, summary, None);
    text
}

/// The figures that a run and a log share. Operations really executed are known of a run only.
fn write_figures(text: &mut String, summary: &Summary, executed: Option<&Executed>) -> std::fmt::Result {
    line(text, "events", &summary.events.to_string())?;
    line(
        text,
        "frames",
        &format!("{} sent, {} of them retries", summary.sent, summary.retries),
    )?;
    let share = 100.0 * summary.delivered as f64 / (summary.candidates() as f64).max(1.0);
    line(
        text,
        "received",
        &format!(
            "{} of {} candidates ({share:.1} %)",
            summary.delivered,
            summary.candidates()
        ),
    )?;
    if let Some((mean, most)) = summary.channel_busy_ratio() {
        let value = format!("busy {:.1} % of the time, {:.1} % at most", 100.0 * mean, 100.0 * most);
        line(text, "channel", &value)?;
    }
    reasons(text, "lost", summary.lost())?;
    reasons(text, "refused", summary.rejected())?;
    reasons(text, "never sent", summary.unsent())?;
    for (protocol, name, count) in summary.messages() {
        let mean = count.bytes as f64 / (count.count as f64).max(1.0);
        line(
            text,
            &format!("{protocol}.{name}"),
            &format!("{} sent, {mean:.0} bytes on average", count.count),
        )?;
    }
    for (op, charged) in summary.charged() {
        match executed.map(|executed| executed[op as usize]) {
            Some(executed) if charged > 0 || executed > 0 => {
                line(text, op.name(), &format!("{charged} charged, {executed} executed"))?
            }
            None if charged > 0 => line(text, op.name(), &format!("{charged} charged"))?,
            _ => {}
        }
    }
    for (protocol, figures) in summary.figures() {
        for (name, value) in figures {
            line(text, &format!("{protocol}.{name}"), &brief(&value))?;
        }
    }
    for (listener, figures) in summary.privacy() {
        match figures {
            None => line(text, &format!("privacy.{listener}"), "too many pseudonyms to follow")?,
            Some(figures) => figures.named().into_iter().try_for_each(|(name, value, _)| {
                let value = brief(&Value::F64(value));
                line(
                    text,
                    &format!("privacy.{listener}.{name}"),
                    value.trim_end_matches(".000"),
                )
            })?,
        }
    }
    Ok(())
}

/// A figure as a person wants it: three decimals are enough.
fn brief(value: &Value) -> String {
    match value {
        Value::F64(number) if number.is_finite() => format!("{number:.3}"),
        Value::F64(_) => "nothing to measure".to_owned(),
        other => other.to_string(),
    }
}

fn line(text: &mut String, label: &str, value: &str) -> std::fmt::Result {
    writeln!(text, "  {label:LABEL$}  {value}")
}

fn reasons(text: &mut String, label: &str, counts: impl Iterator<Item = (Reason, u64)>) -> std::fmt::Result {
    let mut counts: Vec<(Reason, u64)> = counts.collect();
    counts.sort_by_key(|&(reason, count)| (core::cmp::Reverse(count), reason));
    if counts.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = counts
        .iter()
        .map(|(reason, count)| format!("{reason} {count}"))
        .collect();
    line(text, label, &list.join(", "))
}
