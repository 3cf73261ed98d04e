//! Measured operations as tables and pictures, beside what is stated.

mod serving;

pub(super) use serving::serving;

use roadveil_crypto::Charge;

use super::sheet::{Cell, Sheet};
use super::{Hearing, Issue, Scheme, Tracking, stated};
use crate::report::plot::{Plot, Scale, Series};
use crate::scenario::{Profile, profile};

/// Most revoked of the paper's plots: `n` = 1 to 50 (published, for storage).
const PAPER_RANGE: u64 = 50;

/// Unit costs as quoted for the paper.
pub(super) const PUBLISHED: &str = "mnt-2008";
/// Today's, of a vehicle.
pub(super) const TODAY: &str = "obu-2026";
/// Today's, of an authority.
pub(super) const TODAY_TA: &str = "server";
/// Today's, of a road-side unit.
pub(super) const TODAY_RSU: &str = "rsu-2026";

/// Unit costs by the name of their profile: one of those above.
///
/// # Panics
/// If no such profile ships. Figures by other costs would pass for those that were asked for.
pub(super) fn costs(name: &str) -> Profile {
    let mut shipped = profile::shipped().into_iter();
    let found = shipped.find(|profile| profile.name == name);
    found.unwrap_or_else(|| unreachable!("the profile {name} ships: a test asks for each of this module"))
}

/// Milliseconds of a charge.
pub(super) fn ms(profile: &Profile, charge: &Charge) -> f64 {
    profile.time(charge).as_nanos() as f64 / 1e6
}

/// The operations of a charge, in words.
pub(super) fn operations(charge: &Charge) -> String {
    let each: Vec<String> = charge.iter().map(|(op, count)| format!("{count} {op}")).collect();
    if each.is_empty() {
        "none".to_owned()
    } else {
        each.join(", ")
    }
}

pub(super) fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(super) fn text(words: impl Into<String>) -> Cell {
    Cell::Text(words.into())
}

/// A line or circles.
pub(super) fn series(name: impl Into<String>, joined: bool, points: impl Iterator<Item = (f64, f64)>) -> Series {
    Series {
        name: name.into(),
        joined,
        points: points.collect(),
    }
}

/// Of one scheme, in order of the revoked.
fn of(hearings: &[Hearing], scheme: Scheme) -> impl Iterator<Item = &Hearing> {
    hearings.iter().filter(move |hearing| hearing.scheme == scheme)
}

/// Numbers of revoked that were measured.
fn numbers(hearings: &[Hearing]) -> impl Iterator<Item = u64> {
    of(hearings, Scheme::Ecpp).map(|hearing| hearing.revoked)
}

fn one(hearings: &[Hearing], scheme: Scheme, revoked: u64) -> Option<&Hearing> {
    of(hearings, scheme).find(|hearing| hearing.revoked == revoked)
}

/// What a vehicle stores.
pub(super) fn storage(hearings: &[Hearing]) -> Sheet {
    let row = |revoked| {
        let mut row = vec![Cell::Count(revoked)];
        for scheme in Scheme::ALL {
            let held = one(hearings, scheme, revoked);
            row.push(held.map_or(Cell::Nothing, |held| Cell::Count(held.units)));
            row.push(Cell::Count(stated::storage_units(scheme, revoked)));
        }
        row.extend(Scheme::ALL.map(|scheme| {
            one(hearings, scheme, revoked).map_or(Cell::Nothing, |held| Cell::Number(held.bytes as f64 / 1e3))
        }));
        row
    };
    let drawn = |scheme| of(hearings, scheme).filter(|held| held.revoked <= PAPER_RANGE);
    let mut lines: Vec<Series> = Vec::new();
    for scheme in Scheme::ALL {
        let points = drawn(scheme).map(|held| (held.revoked as f64, held.units as f64));
        lines.push(series(format!("{}, measured", scheme.name()), true, points));
        let points =
            drawn(scheme).map(|held| (held.revoked as f64, stated::storage_units(scheme, held.revoked) as f64));
        lines.push(series(format!("{}, published", scheme.name()), false, points));
    }
    Sheet {
        name: "storage".to_owned(),
        title: "Storage of a vehicle against revoked vehicles".to_owned(),
        notes: vec![
            "A unit is a key with its certificate, or an entry of a revocation list. Measured is what the vehicles of the run \
             hold: for ECPP the member key and the short-time key, for the rivals what their figures `storage_units` and \
             `storage_bytes` say (HAB's pool is counted, not stored; `pool` = 10000). Published: `S_ECPP = 2`, `S_GSB = n + 1`, \
             `S_HAB = (n + 1) 10^4`."
                .to_owned(),
            "Bytes are keys, certificates and entries as encoded here; an entry of HAB's list is a name of 8 bytes, so its \
             list is smaller than the published units suggest."
                .to_owned(),
        ],
        columns: texts(&[
            "revoked",
            "ECPP units",
            "published",
            "GSB units",
            "published",
            "HAB units",
            "published",
            "ECPP kB",
            "GSB kB",
            "HAB kB",
        ]),
        rows: numbers(hearings).map(row).collect(),
        plots: vec![(
            "storage".to_owned(),
            Plot {
                title: "What a vehicle stores".to_owned(),
                x: "revoked vehicles".to_owned(),
                y: "units".to_owned(),
                scale: Scale::Log,
                series: lines,
            },
        )],
    }
}

/// What hearing a message charges.
pub(super) fn counts(hearings: &[Hearing]) -> Sheet {
    let (least, most) = (
        numbers(hearings).min().unwrap_or(0),
        numbers(hearings).max().unwrap_or(0),
    );
    let row = |scheme: Scheme, what: &str, charge: fn(&Hearing) -> Charge| {
        let at = |revoked| one(hearings, scheme, revoked).map_or(Cell::Nothing, |held| text(operations(&charge(held))));
        vec![text(scheme.name()), text(what), at(least), at(most)]
    };
    let first = |held: &Hearing| held.first;
    let rows = vec![
        row(Scheme::Ecpp, "first of a key, with its certificate", first),
        row(Scheme::Ecpp, "later ones", |held| held.again),
        row(Scheme::Gsb, "every one", first),
        row(Scheme::Hab, "first of a key, with its certificate", first),
        row(Scheme::Hab, "later ones", |held| held.again),
    ];
    Sheet {
        name: "operations".to_owned(),
        title: "Operations of a receiver for one safety message".to_owned(),
        notes: vec![
            "Counted while a vehicle of the run handled the message. Literature (unconfirmed) quotes 3 pairings and 11 \
             multiplications for ECPP, 4 + n pairings and 6 multiplications for GSB. ECPP's certificate and messages are \
             reconstructions, GSB is an adaptation to today's groups: see docs/protocols."
                .to_owned(),
        ],
        columns: vec![
            "scheme".to_owned(),
            "message".to_owned(),
            format!("{least} revoked"),
            format!("{most} revoked"),
        ],
        rows,
        plots: Vec::new(),
    }
}

/// How long hearing a message takes under unit costs.
pub(super) fn verification(hearings: &[Hearing], costs: &Profile) -> Sheet {
    let quoted = costs.name == PUBLISHED;
    let first = |held: &Hearing| ms(costs, &held.first);
    let again = |held: &Hearing| ms(costs, &held.again);
    let row = |revoked| {
        let cell = |scheme, time: &dyn Fn(&Hearing) -> f64| Cell::known(one(hearings, scheme, revoked).map(time));
        let mut row = vec![
            Cell::Count(revoked),
            cell(Scheme::Ecpp, &first),
            cell(Scheme::Ecpp, &again),
            cell(Scheme::Gsb, &first),
            cell(Scheme::Hab, &first),
            cell(Scheme::Hab, &again),
        ];
        if quoted {
            row.push(Cell::known(stated::verification_ms(Scheme::Ecpp, revoked)));
            row.push(Cell::known(stated::verification_ms(Scheme::Gsb, revoked)));
        }
        row
    };
    let mut columns = texts(&[
        "revoked",
        "ECPP ms",
        "ECPP later ms",
        "GSB ms",
        "HAB ms",
        "HAB later ms",
    ]);
    if quoted {
        columns.extend(texts(&["ECPP quoted ms", "GSB quoted ms"]));
    }
    Sheet {
        name: format!("verification-{}", costs.name),
        title: format!(
            "Time to verify a safety message against revoked vehicles, unit costs `{}`",
            costs.name
        ),
        notes: vec![
            format!("Unit costs: {}.", costs.source),
            "\"Later\" is a message under a key whose certificate was verified before; GSB has no such thing."
                .to_owned(),
        ],
        columns,
        rows: numbers(hearings).map(row).collect(),
        plots: vec![(
            format!("verification-{}", costs.name),
            verification_plot(hearings, costs),
        )],
    }
}

/// The paper's range, with what literature quotes as circles if the unit costs are the published ones.
fn verification_plot(hearings: &[Hearing], costs: &Profile) -> Plot {
    let drawn = |scheme| of(hearings, scheme).filter(|held| held.revoked <= PAPER_RANGE);
    let line = |scheme: Scheme| {
        let points = drawn(scheme).map(|held| (held.revoked as f64, ms(costs, &held.first)));
        series(format!("{}, measured", scheme.name()), true, points)
    };
    let mut lines: Vec<Series> = Scheme::ALL.map(line).to_vec();
    if costs.name == PUBLISHED {
        for scheme in [Scheme::Ecpp, Scheme::Gsb] {
            let stated = |held: &Hearing| Some((held.revoked as f64, stated::verification_ms(scheme, held.revoked)?));
            let points = drawn(scheme).filter_map(stated);
            lines.push(series(format!("{}, quoted", scheme.name()), false, points));
        }
    }
    Plot {
        title: format!("Verifying a message with its certificate, unit costs {}", costs.name),
        x: "revoked vehicles".to_owned(),
        y: "time (ms)".to_owned(),
        scale: Scale::Linear,
        series: lines,
    }
}

/// What a short-time key costs.
pub(super) fn issue(issues: &[Issue]) -> Sheet {
    let (published, obu, rsu) = (costs(PUBLISHED), costs(TODAY), costs(TODAY_RSU));
    let mut rows = Vec::new();
    for issue in issues {
        for (who, charge, today) in [("RSU (T_k)", &issue.rsu, &rsu), ("vehicle", &issue.obu, &obu)] {
            rows.push(vec![
                text(who),
                text(issue.mode),
                text(operations(charge)),
                Cell::Number(ms(&published, charge)),
                Cell::Number(ms(today, charge)),
            ]);
        }
    }
    rows.push(vec![
        text("RSU (T_k), quoted"),
        text("paper"),
        text("13 multiplications, 6 pairings"),
        Cell::Number(stated::T_K_MS),
        Cell::Nothing,
    ]);
    Sheet {
        name: "key-issue".to_owned(),
        title: "What one short-time key of ECPP costs".to_owned(),
        notes: vec![
            "Counted over one exchange, req1 to res2; beacons are not in it. Steps 1 to 4a are published, `sigma_1` and the \
             certificate are reconstructions, and our count is not the quoted one (literature, unconfirmed). `hardened` adds \
             forward secrecy and a proof of possession, which are ours."
                .to_owned(),
        ],
        columns: vec![
            "who".to_owned(),
            "issue".to_owned(),
            "operations".to_owned(),
            format!("ms, {PUBLISHED}"),
            format!("ms, {TODAY_RSU} / {TODAY}"),
        ],
        rows,
        plots: Vec::new(),
    }
}

/// What it costs to find who signed.
pub(super) fn tracking(searches: &[Tracking]) -> Sheet {
    let (published, ta, rsu) = (costs(PUBLISHED), costs(TODAY_TA), costs(TODAY_RSU));
    let before = |search: &Tracking| ms(&published, &search.authority) + ms(&published, &search.rsu);
    let today = |search: &Tracking| ms(&ta, &search.authority) + ms(&rsu, &search.rsu);
    let row = |search: &Tracking| {
        vec![
            text(search.scheme.name()),
            Cell::Count(search.vehicles),
            text(operations(&search.authority)),
            text(operations(&search.rsu)),
            Cell::Count(u64::from(search.comparisons)),
            Cell::Number(before(search)),
            Cell::Number(today(search)),
        ]
    };
    let line = |scheme: Scheme| {
        let of_scheme = searches.iter().filter(move |search| search.scheme == scheme);
        series(
            scheme.name(),
            true,
            of_scheme.map(|search| (search.vehicles as f64, before(search))),
        )
    };
    Sheet {
        name: "tracking".to_owned(),
        title: "What it costs to find who signed a message".to_owned(),
        notes: vec![
            "ECPP: counted while authority and RSU handled a report of one false message, from report to vehicle: the RSU judges \
             the report and answers the authority; the authority judges it, too, opens the certificate, asks, verifies \
             `sigma_1`, and signs the new revocation list. All of that is a reconstruction; published is that tracking is fast."
                .to_owned(),
            "GSB: the manager verifies the message (charged as literature quotes, without a list) and tries the tokens of all \
             members (as executed); the signer comes last, so on average it is half of that. HAB: the authority verifies message \
             and certificate, and looks the certificate up among all pools; that it has such a table is assumed."
                .to_owned(),
            "Comparisons in sorted tables are computed, not counted: `ceil(log2(n + 1))` for a table of n entries; ECPP's are the \
             authority's RSUs and vehicles, and the RSU's records (8192 at most). The paper's own rows were not found; \
             literature says that GSB and HAB track more slowly."
                .to_owned(),
        ],
        columns: vec![
            "scheme".to_owned(),
            "vehicles".to_owned(),
            "operations of the authority".to_owned(),
            "of the RSU".to_owned(),
            "comparisons".to_owned(),
            format!("ms, {PUBLISHED}"),
            format!("ms, {TODAY_TA} and {TODAY_RSU}"),
        ],
        rows: searches.iter().map(row).collect(),
        plots: vec![(
            "tracking".to_owned(),
            Plot {
                title: format!("Finding who signed a message, unit costs {PUBLISHED}"),
                x: "vehicles".to_owned(),
                y: "time of authority and RSU (ms)".to_owned(),
                scale: Scale::Log,
                series: Scheme::ALL.map(line).to_vec(),
            },
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_crypto::Op;

    fn hearings() -> Vec<Hearing> {
        let hearing = |scheme, revoked: u64, first, again| Hearing {
            scheme,
            revoked,
            first,
            again,
            units: revoked + 1,
            bytes: 1000,
        };
        let ecpp = (Charge::of(Op::G1Mul, 11).and(Op::Pairing, 3), Charge::of(Op::G1Mul, 2));
        let gsb = |n| Charge::of(Op::G1Mul, 6).and(Op::Pairing, 4 + n);
        let hab = (Charge::of(Op::EcdsaVerify, 2), Charge::of(Op::EcdsaVerify, 1));
        [0_u32, 50, 100]
            .into_iter()
            .flat_map(|n| {
                [
                    hearing(Scheme::Ecpp, u64::from(n), ecpp.0, ecpp.1),
                    hearing(Scheme::Gsb, u64::from(n), gsb(n), gsb(n)),
                    hearing(Scheme::Hab, u64::from(n), hab.0, hab.1),
                ]
            })
            .collect()
    }

    #[test]
    fn every_profile_that_is_named_ships() {
        for name in [PUBLISHED, TODAY, TODAY_RSU, TODAY_TA] {
            assert_eq!(costs(name).name, name);
        }
    }

    #[test]
    fn quoted_counts_under_published_costs_make_the_quoted_times() {
        let sheet = verification(&hearings(), &costs(PUBLISHED));
        assert_eq!(sheet.rows.len(), 3);
        let row = &sheet.rows[1];
        assert_eq!(row.len(), sheet.columns.len());
        assert_eq!((&row[1], &row[3]), (&Cell::Number(20.1), &Cell::Number(246.6)));
        assert_eq!((&row[6], &row[7]), (&Cell::Number(20.1), &Cell::Number(246.6)));
        let plot = &sheet.plots[0].1;
        assert_eq!(plot.series.len(), 5);
        assert!(
            plot.series.iter().all(|series| series.points.len() == 2),
            "the paper's range"
        );
    }

    #[test]
    fn nothing_is_quoted_under_todays_costs() {
        let sheet = verification(&hearings(), &costs(TODAY));
        assert_eq!(
            (sheet.columns.len(), sheet.rows[0].len(), sheet.plots[0].1.series.len()),
            (6, 6, 3)
        );
    }

    #[test]
    fn tables_have_a_cell_for_each_column() {
        let issues = [Issue {
            mode: "paper",
            rsu: Charge::of(Op::Pairing, 4),
            obu: Charge::NONE,
        }];
        let searches = [Tracking {
            scheme: Scheme::Gsb,
            vehicles: 10,
            authority: Charge::of(Op::Pairing, 10),
            rsu: Charge::NONE,
            comparisons: 0,
        }];
        let sheets = [
            storage(&hearings()),
            counts(&hearings()),
            issue(&issues),
            tracking(&searches),
        ];
        assert_eq!(sheets[3].rows[0][5], Cell::Number(45.0));
        for sheet in sheets {
            assert!(!sheet.rows.is_empty());
            assert!(
                sheet.rows.iter().all(|row| row.len() == sheet.columns.len()),
                "{}",
                sheet.name
            );
        }
        assert_eq!(counts(&hearings()).rows[2][3], text("6 g1_mul, 104 pairing"));
        assert_eq!(issue(&issues).rows[1][2], text("none"));
    }
}
