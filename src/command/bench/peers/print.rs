//! What was measured, as tables and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Measured;
use super::compare::Case;
use super::growth::{self, Ground};
use super::share::Parts;
use super::system::{System, Workload};

/// Most that sixteen times as many nodes may cost, in times.
const MOST: f64 = 20.0;

/// As tables, for a person.
pub(super) fn tables(measured: &Measured) -> String {
    let mut text = format!(
        "Medians of {} runs in turns, one thread each; processor time is all of a program's, loading included.\n\n",
        measured.rounds
    );
    if !measured.cases.is_empty() {
        simulators(&mut text, measured);
    }
    absent(&mut text, measured);
    if !measured.growth.is_empty() {
        growing(&mut text, measured);
    }
    if let Some(shares) = &measured.parts {
        parts(&mut text, shares);
    }
    text
}

fn simulators(text: &mut String, measured: &Measured) {
    let mut nodes: Vec<u32> = measured.cases.iter().map(|case| case.nodes).collect();
    nodes.sort_unstable();
    nodes.dedup();
    // Writing to a string cannot fail, here and below.
    let _ = write!(text, "{:44}", "Deliveries a processor second (virtual s)");
    let _ = nodes
        .iter()
        .try_for_each(|nodes| write!(text, "{:>18}", format!("{nodes} nodes")));
    text.push('\n');
    for workload in Workload::ALL {
        let cases: Vec<&Case> = measured.cases.iter().filter(|case| case.workload == workload).collect();
        if cases.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}", workload.title());
        let mut names: Vec<&str> = cases.iter().map(|case| case.system.name()).collect();
        names.dedup();
        for name in names {
            let of_system = |nodes: &u32| {
                cases
                    .iter()
                    .find(|case| case.nodes == *nodes && case.system.name() == name)
            };
            row(
                text,
                name,
                nodes
                    .iter()
                    .map(|nodes| of_system(nodes).and_then(|case| delivered(case))),
            );
            if name == System::Own.name() {
                let lost = |nodes: &u32| of_system(nodes).and_then(|case| received(case));
                row(text, "    with what was lost for a reason", nodes.iter().map(lost));
            }
        }
    }
    for error in measured.cases.iter().filter_map(|case| case.error.as_ref()) {
        let _ = writeln!(text, "failed: {error}");
    }
    text.push('\n');
}

fn row(text: &mut String, name: &str, cells: impl Iterator<Item = Option<String>>) {
    let _ = write!(text, "  {name:42}");
    for cell in cells {
        let _ = write!(text, "{:>18}", cell.unwrap_or_default());
    }
    text.push('\n');
}

fn delivered(case: &Case) -> Option<String> {
    let figures = case.figures()?;
    Some(format!("{} ({}x)", short(figures.deliveries), digits(figures.speed)))
}

fn received(case: &Case) -> Option<String> {
    case.figures()?.receptions.map(short)
}

fn absent(text: &mut String, measured: &Measured) {
    for absent in &measured.absent {
        let _ = writeln!(text, "not here: {} ({})", absent.name, absent.path.display());
    }
    if !measured.absent.is_empty() {
        text.push_str(
            "`sh build.sh` in benches/peers of the sources builds them; its README.md says what they need.\n\n",
        );
    }
}

fn growing(text: &mut String, measured: &Measured) {
    text.push_str("Growth at one density, loading not counted\n");
    let _ = writeln!(
        text,
        "{:>8}{:>24}{:>32}{:>26}{:>22}",
        "nodes", "receptions a virtual s", "processor ms for a virtual s", "a processor second", "ns for a reception"
    );
    for ground in Ground::ALL {
        let _ = writeln!(text, "{}", ground.title());
        for size in measured.growth.iter().filter(|size| size.ground == ground) {
            let _ = writeln!(
                text,
                "{:>8}{:>24.0}{:>32.2}{:>26}{:>22.0}",
                size.nodes,
                size.receptions,
                size.cost() * 1e3,
                short(size.receptions / size.cost()),
                size.each() * 1e9
            );
        }
        for (small, great) in growth::pairs(&measured.growth, ground) {
            let _ = write!(text, "  {} to {}: ", small.nodes, great.nodes);
            let factor = great.cost() / small.cost();
            if ground.is_even() {
                let verdict = if factor <= MOST { "within" } else { "beyond" };
                let _ = writeln!(
                    text,
                    "16 times the nodes cost {factor:.1} times as much, {verdict} {MOST:.0}"
                );
            } else {
                let (receptions, each) = (great.receptions / small.receptions, great.each() / small.each());
                let _ = writeln!(
                    text,
                    "16 times the nodes have {receptions:.1} times the receptions, each {each:.2} times as dear"
                );
            }
        }
    }
    text.push('\n');
}

fn parts(text: &mut String, parts: &Parts) {
    text.push_str("Where the time goes: city, each part measured by itself over the same events, one thread\n");
    let _ = writeln!(text, "{:>14}{:>32}{:>10}", "", "processor ms for a virtual s", "share");
    for (name, part) in parts.named() {
        let _ = writeln!(
            text,
            "{name:>14}{:>32.2}{:>9.1}%",
            part * 1e3,
            100.0 * part / parts.sum()
        );
    }
    let _ = writeln!(text, "{:>14}{:>32.2}", "sum", parts.sum() * 1e3);
    let _ = writeln!(
        text,
        "A headless run with its log took {:.2} as a whole; the parts but the screen add up to {:.2}. The screen draws 30 frames\n\
         of 160x48 in a virtual second, as at real-time pace.",
        parts.whole * 1e3,
        (parts.sum() - parts.screen) * 1e3
    );
}

/// A count with few letters.
fn short(count: f64) -> String {
    match count {
        count if count >= 1e6 => format!("{} M", digits(count / 1e6)),
        count if count >= 1e3 => format!("{} k", digits(count / 1e3)),
        count => digits(count),
    }
}

/// Three digits that count.
fn digits(number: f64) -> String {
    match number {
        number if number >= 99.95 => format!("{number:.0}"),
        number if number >= 9.995 => format!("{number:.1}"),
        number if number >= 0.9995 => format!("{number:.2}"),
        number => format!("{number:.3}"),
    }
}

/// As JSON, for a script.
pub(super) fn json(measured: &Measured) -> Value {
    let cases = measured.cases.iter().map(|case| {
        let mut value = json!({
            "system": case.system.name(),
            "workload": case.workload.name(),
            "nodes": case.nodes,
            "virtual_s": case.seconds,
            "runs_cpu_s": case.samples.iter().map(|sample| sample.cpu_s).collect::<Vec<_>>(),
            "error": case.error,
        });
        if let (Some(figures), Some(value)) = (case.figures(), value.as_object_mut()) {
            value.insert("cpu_s".to_owned(), json!(figures.cpu_s));
            value.insert("deliveries".to_owned(), json!(case.samples[0].deliveries));
            value.insert("deliveries_per_cpu_s".to_owned(), json!(figures.deliveries));
            value.insert("receptions_per_cpu_s".to_owned(), json!(figures.receptions));
            value.insert("virtual_s_per_cpu_s".to_owned(), json!(figures.speed));
        }
        value
    });
    let sizes = measured.growth.iter().map(|size| {
        json!({
            "ground": size.ground.name(),
            "nodes": size.nodes,
            "receptions_per_virtual_s": size.receptions,
            "cpu_s_per_virtual_s": size.cost(),
            "runs_cpu_s_per_virtual_s": size.costs,
        })
    });
    let factors = Ground::ALL.iter().flat_map(|&ground| {
        growth::pairs(&measured.growth, ground).map(move |(small, great)| {
            json!({
                "ground": ground.name(),
                "from": small.nodes,
                "to": great.nodes,
                "factor": great.cost() / small.cost(),
                "a_reception": great.each() / small.each(),
                "most": ground.is_even().then_some(MOST),
            })
        })
    });
    let parts = measured.parts.as_ref().map(|parts| {
        let each = |value: &dyn Fn(f64) -> f64| {
            let named = parts.named().into_iter();
            named
                .map(|(name, part)| (name.to_owned(), json!(value(part))))
                .collect::<serde_json::Map<_, _>>()
        };
        json!({
            "method": "each part measured by itself over the same events of `city`, one thread",
            "cpu_s_per_virtual_s": each(&|part| part),
            "share": each(&|part| part / parts.sum()),
            "whole_headless_run_cpu_s_per_virtual_s": parts.whole,
        })
    });
    json!({
        "rounds": measured.rounds,
        "simulators": cases.collect::<Vec<_>>(),
        "absent": measured.absent.iter().map(|absent| absent.name).collect::<Vec<_>>(),
        "growth": { "sizes": sizes.collect::<Vec<_>>(), "factors": factors.collect::<Vec<_>>() },
        "parts": parts,
    })
}

#[cfg(test)]
mod tests {
    use super::super::compare::cases;
    use super::super::growth::Size;
    use super::super::system::{Absent, Sample};
    use super::*;

    fn measured() -> Measured {
        let mut cases = cases(&[System::Own], &[50, 100]);
        for case in &mut cases {
            case.seconds = 2.0;
            case.samples = vec![Sample {
                cpu_s: 0.5,
                deliveries: 1_000_000,
                receptions: Some(2_000_000),
            }];
        }
        cases[1].samples.clear();
        cases[1].error = Some("it broke".to_owned());
        let size = |nodes, cost| Size {
            ground: Ground::Road,
            nodes,
            receptions: 1000.0,
            costs: vec![cost],
        };
        Measured {
            rounds: 1,
            cases,
            absent: vec![Absent {
                name: "nexosim",
                path: "peers/bin/nexosim-beacons".into(),
            }],
            growth: vec![size(50, 0.001), size(800, 0.021)],
            parts: Some(Parts {
                radio: 0.75,
                log: 0.25,
                ..Parts::default()
            }),
        }
    }

    #[test]
    fn tables_say_what_was_measured_what_failed_and_what_is_not_there() {
        let text = tables(&measured());
        for part in [
            "50 nodes",
            "2.00 M (4.00x)",
            "4.00 M",
            "failed: it broke",
            "not here: nexosim (peers/bin/nexosim-beacons)",
            "build.sh",
            "16 times the nodes cost 21.0 times as much, beyond 20",
            "75.0%",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(text.lines().all(|line| line.len() < 130), "{text}");
    }

    #[test]
    fn what_was_not_asked_for_is_left_out() {
        let growth = Measured {
            cases: Vec::new(),
            absent: Vec::new(),
            parts: None,
            ..measured()
        };
        let text = tables(&growth);
        assert!(text.contains("Growth") && !text.contains("Deliveries") && !text.contains("Where the time"));
        assert!(json(&growth)["parts"].is_null());
    }

    #[test]
    fn json_has_the_same_figures() {
        let value = json(&measured());
        assert_eq!(value["simulators"][0]["deliveries_per_cpu_s"], 2e6);
        assert_eq!(value["simulators"][0]["virtual_s_per_cpu_s"], 4.0);
        assert_eq!(value["simulators"][1]["error"], "it broke");
        assert!(value["simulators"][1]["deliveries_per_cpu_s"].is_null());
        assert_eq!(value["growth"]["factors"][0]["factor"], 21.0);
        assert_eq!(value["parts"]["share"]["radio"], 0.75);
        assert_eq!(value["absent"][0], "nexosim");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            ["0.012", "1.50", "12.3", "123", "1.23 k", "45.0 k", "2.00 M"],
            [
                short(0.0123),
                short(1.5),
                short(12.34),
                short(123.4),
                short(1234.0),
                short(45_000.0),
                short(2_000_000.0)
            ]
        );
    }
}
