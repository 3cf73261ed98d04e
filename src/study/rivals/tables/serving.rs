//! How many of those who ask an RSU serves, as a table and as pictures.

use super::{PUBLISHED, TODAY_RSU, costs, ms, series, text};
use crate::report::plot::{Plot, Scale};
use crate::study::rivals::serving::{RANGE, Serving, Situation, Sweep, varied};
use crate::study::rivals::sheet::{Cell, Sheet};
use crate::study::rivals::{Issue, stated};

/// How many of those who ask an RSU serves: of each situation with the published unit costs and with today's. `issue` is the
/// key whose cost the formula is given.
pub(in crate::study::rivals) fn serving(sweeps: &[Sweep], servings: &[[Serving; 2]], issue: &Issue) -> Sheet {
    let t_k = [PUBLISHED, TODAY_RSU].map(|name| ms(&costs(name), &issue.rsu));
    let of = |situation: &Situation| servings.iter().find(|[one, _]| one.situation == *situation);
    let row = |sweep: &Sweep, situation: &Situation| {
        let mut row = vec![
            text(sweep.name),
            Cell::Number(situation.speed),
            Cell::Number(situation.inside),
            Cell::Number(situation.asking),
            Cell::Number(situation.rate()),
            Cell::Number(stated::serving_ratio(situation.load(stated::T_K_MS))),
        ];
        for (index, t_k) in t_k.into_iter().enumerate() {
            let load = situation.load(t_k);
            row.extend([load, stated::serving_ratio(load)].map(Cell::Number));
            row.push(Cell::known(of(situation).map(|both| both[index].ratio())));
            row.push(Cell::known(of(situation).map(|both| both[index].in_vain())));
        }
        row
    };
    let rows = sweeps
        .iter()
        .flat_map(|sweep| sweep.situations.iter().map(move |situation| (sweep, situation)));
    let counted = || servings.iter().map(|[one, _]| one.arrived);
    let (fewest, most) = (counted().min().unwrap_or(0), counted().max().unwrap_or(0));
    let [old, new] = t_k.map(|t_k| format!("{t_k:.1}"));
    Sheet {
        name: "serving".to_owned(),
        title: "Serving ratio of an RSU against speed, density and request rate".to_owned(),
        notes: vec![
            format!(
                "The share of those who ask that get a key while they are in the coverage of R_range = {RANGE} m. Formula \
                 (literature, unconfirmed): `S = min(1, 1/load)`, `load = T_k v d rho / R_range`; d vehicles are in the coverage \
                 at a time, a share rho of them asks. `T_k` as measured, in the paper's mode: {old} ms with {PUBLISHED}, {new} ms \
                 with {TODAY_RSU}; as quoted {:.1} ms. The paper's ranges were not recovered: these are around the values \
                 worked out for it.",
                stated::T_K_MS
            ),
            format!(
                "Simulated: one RSU, its radio and its processor with a queue of 64 frames; vehicles that ask arrive at random, \
                 independently, and say nothing but what a key takes (safety messages of so many would fill the channel). Who \
                 gets no answer asks again, after 300 ms at first: that is ours, as are the beacons that vehicles wait for, \
                 each half second. A value is of one run, and of the {fewest} to {most} vehicles that came within the time that \
                 counts. \"In vain\" is the share of exchanges that the RSU opened, each a pairing, and that gave nobody a key: \
                 the vehicle had asked anew, or left, or the run was over."
            ),
        ],
        columns: vec![
            "varied".to_owned(),
            "v m/s".to_owned(),
            "d".to_owned(),
            "rho".to_owned(),
            "asking /s".to_owned(),
            "S, quoted T_k".to_owned(),
            format!("load, {PUBLISHED}"),
            "S by formula".to_owned(),
            "S simulated".to_owned(),
            "in vain".to_owned(),
            format!("load, {TODAY_RSU}"),
            "S by formula".to_owned(),
            "S simulated".to_owned(),
            "in vain".to_owned(),
        ],
        rows: rows.map(|(sweep, situation)| row(sweep, situation)).collect(),
        plots: sweeps.iter().map(|sweep| serving_plot(sweep, servings, t_k)).collect(),
    }
}

/// One sweep: lines by formula, circles simulated.
fn serving_plot(sweep: &Sweep, servings: &[[Serving; 2]], t_k: [f64; 2]) -> (String, Plot) {
    let by_formula = |t_k: f64| {
        let point = move |situation: &Situation| (varied(sweep, situation), stated::serving_ratio(situation.load(t_k)));
        sweep.situations.iter().map(point)
    };
    let simulated = |index: usize| {
        let of = |situation: &&Situation| servings.iter().find(|[one, _]| one.situation == **situation);
        let found = sweep
            .situations
            .iter()
            .filter_map(move |situation| Some((situation, of(&situation)?)));
        found.map(move |(situation, both)| (varied(sweep, situation), both[index].ratio()))
    };
    let mut lines = vec![series("formula, quoted T_k", true, by_formula(stated::T_K_MS))];
    for (index, name) in [PUBLISHED, TODAY_RSU].into_iter().enumerate() {
        lines.push(series(
            format!("formula, measured T_k, {name}"),
            true,
            by_formula(t_k[index]),
        ));
        lines.push(series(format!("simulated, {name}"), false, simulated(index)));
    }
    let plot = Plot {
        title: "Share of those who ask that an RSU serves".to_owned(),
        x: sweep.axis.to_owned(),
        y: "serving ratio".to_owned(),
        scale: Scale::Ratio,
        series: lines,
    };
    (format!("serving-{}", sweep.name), plot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::rivals::serving::sweeps;
    use roadveil_crypto::{Charge, Op};

    #[test]
    fn formulas_stand_beside_what_was_simulated() {
        let sweeps = sweeps(false);
        assert_eq!(sweeps.iter().map(|sweep| sweep.situations.len()).sum::<usize>(), 17);
        let situation = sweeps[0].situations[3];
        let of = |served| Serving {
            situation,
            arrived: 10,
            served,
            opened: 20,
            obtained: 15,
        };
        // 4 pairings of 4.5 ms: 18 ms for each of 42.7 askers a second are 0.768 times what the RSU can do.
        let issue = Issue {
            mode: "paper",
            rsu: Charge::of(Op::Pairing, 4),
            obu: Charge::NONE,
        };
        let sheet = serving(&sweeps, &[[of(7), of(10)]], &issue);
        let row = &sheet.rows[3];
        let number = |cell: &Cell| match cell {
            Cell::Number(number) => *number,
            other => panic!("{other:?}"),
        };
        assert!((number(&row[6]) - 0.768).abs() < 1e-9 && (number(&row[5]) - 0.673).abs() < 1e-3);
        assert_eq!((number(&row[7]), number(&row[8]), number(&row[12])), (1.0, 0.7, 1.0));
        assert_eq!(number(&row[9]), 0.25);
        assert_eq!(row.len(), sheet.columns.len());
        assert_eq!(sheet.rows[0][8], Cell::Nothing, "not simulated");
        assert_eq!(
            sheet.rows[9],
            [&[text("density")], &row[1..]].concat(),
            "the same situation"
        );
        let names: Vec<&str> = sheet.plots.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["serving-speed", "serving-density", "serving-rate"]);
        assert_eq!(sheet.plots[0].1.series[2].points, [(40.0, 0.7)]);
    }
}
