//! Parameters: declared for the scenario, gathered for the roles.

use core::time::Duration;

use roadveil_ldp::plan::Method;
use roadveil_ldp::{Epsilon, Kind, Rounding};
use roadveil_role::{ParamSpec, Params, SetupError, plan};

use crate::load::Calendar;
use crate::load::station::Response;
use crate::price::Rule;
use crate::way::Way;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn mechanism(name: &'static str, default: &'static str, help: &'static str) -> ParamSpec {
    const NAMES: &[&str] = &[
        "rr-1",
        "rr-k",
        "grr",
        "sue",
        "oue",
        "olh",
        "subset",
        "laplace",
        "duchi",
        "piecewise",
        "hybrid",
    ];
    ParamSpec::choice(name, NAMES, default, help)
}

/// All parameters, as `roadveil protocol show grid` lists them.
pub const PARAMS: &[ParamSpec] = &[
    ParamSpec::span(
        "slot",
        secs(1),
        secs(86_400),
        secs(900),
        "time between two rounds of reports",
    ),
    ParamSpec::span(
        "step",
        secs(1),
        secs(86_400),
        secs(900),
        "time of the load that passes in a slot: longer than the slot for a day in fast motion",
    ),
    mechanism(
        "mechanism",
        "rr-1",
        "how homes and roofs report: rr-1 is one bit by randomised response (reconstruction of Gai et al.)",
    ),
    mechanism("station_mechanism", "piecewise", "how charging stations report"),
    ParamSpec::count("levels", 2, 4096, 16, "levels of mechanisms that have some"),
    ParamSpec::flag(
        "nearest",
        false,
        "round to the nearest level instead of by chance: biased by up to half a level",
    ),
    ParamSpec::choice(
        "method",
        Way::NAMES,
        "lpu",
        "who reports when: lpu asks a new part of the meters in each slot with the whole budget; lbu, lsp, lbd, lba, lpd and lpa \
         are the others of LDP-IDS; fresh spends epsilon in every slot and bounds nothing; 1bit-mean, l-sue, l-osue, l-grr, \
         dbitflip and loloha remember their answers",
    ),
    ParamSpec::count(
        "window",
        1,
        10_000,
        4,
        "slots in a row within which a meter spends no more than its budget",
    ),
    ParamSpec::number(
        "epsilon",
        Epsilon::MIN,
        Epsilon::MAX,
        2.0,
        "privacy budget of homes and roofs",
    ),
    ParamSpec::number(
        "station_epsilon",
        Epsilon::MIN,
        Epsilon::MAX,
        6.0,
        "privacy budget of charging stations: they are few",
    ),
    ParamSpec::text(
        "privacy_levels",
        "budgets that homes and roofs choose, with the share of those who do: \"50%@1, 30%@2, 20%@4\"; empty: all have epsilon",
    ),
    ParamSpec::number(
        "single_epsilon",
        Epsilon::MIN,
        Epsilon::MAX,
        1.0,
        "what one report of a remembered answer spends by itself, below epsilon",
    ),
    ParamSpec::number(
        "life_budget",
        0.0,
        1e6,
        1e6,
        "what a meter may spend on remembered answers over its life, epsilon for each new value",
    ),
    ParamSpec::number(
        "flip",
        0.0,
        0.49,
        0.0,
        "chance that 1bit-mean flips a remembered bit when it is said: hides changes",
    ),
    ParamSpec::number(
        "home_range_w",
        1.0,
        1e6,
        3000.0,
        "largest reading of a home, watts: more is cut off",
    ),
    ParamSpec::number("solar_range_w", 1.0, 1e6, 4000.0, "largest reading of a roof, watts"),
    ParamSpec::number(
        "station_range_w",
        1.0,
        1e6,
        22_000.0,
        "power of a charging station, and its largest reading, watts",
    ),
    ParamSpec::file(
        "profile",
        "CSV of load profiles that homes follow, one row a slot: a column of times, then columns of load",
    ),
    ParamSpec::text(
        "profile_columns",
        "columns of the profile: names or beginnings with `*`, separated by commas; empty: all",
    ),
    ParamSpec::number("profile_scale_w", 1e-6, 1e6, 1500.0, "watts for a 1 in the profile"),
    ParamSpec::file(
        "sessions",
        "CSV of charging sessions: columns arrival, departure, delivered_energy (kWh), station_id",
    ),
    ParamSpec::choice(
        "price",
        &["linear", "time-of-use"],
        "linear",
        "rule of the price (reconstruction)",
    ),
    ParamSpec::count(
        "base_price",
        1,
        100_000,
        300,
        "price at the reference load, or off the peak; thousandths a kWh",
    ),
    ParamSpec::count(
        "price_slope",
        0,
        100_000,
        150,
        "linear: how much more for the reference load once more",
    ),
    ParamSpec::number(
        "reference_kw",
        0.001,
        1e6,
        500.0,
        "linear: net load at which the price is the base",
    ),
    ParamSpec::count("peak_price", 1, 100_000, 500, "time-of-use: price of the peak"),
    ParamSpec::number(
        "peak_from",
        0.0,
        24.0,
        17.0,
        "time-of-use: hour at which the peak begins",
    ),
    ParamSpec::number("peak_until", 0.0, 24.0, 21.0, "time-of-use: hour at which it ends"),
    ParamSpec::number(
        "elasticity",
        0.0,
        10.0,
        0.8,
        "share by which stations draw less for each share that the price is above its base",
    ),
    ParamSpec::choice(
        "beside",
        &["none", "plaintext", "elgamal", "both"],
        "none",
        "comparators that run beside the reports: they reveal readings to the aggregator, or cost what encryption costs",
    ),
    ParamSpec::count(
        "beside_every",
        1,
        10_000,
        24,
        "slots between two rounds of the comparators",
    ),
    ParamSpec::count(
        "tries",
        1,
        10,
        3,
        "how often a report is sent until it is acknowledged; the same bits each time",
    ),
    ParamSpec::flag(
        "feeder",
        true,
        "aggregators read a meter at the head of their feeder, and the control centre holds estimates against it",
    ),
    ParamSpec::flag(
        "curious",
        true,
        "aggregators try to infer readings, occupancy and averages from what they open (nothing on the air changes)",
    ),
    ParamSpec::choice(
        "false_reports",
        &["none", "largest", "random"],
        "none",
        "what false meters report: the largest mean that a report can say, or any report",
    ),
    ParamSpec::number(
        "false_share",
        0.0,
        0.9,
        0.1,
        "share of homes that are false, if any are",
    ),
    ParamSpec::count("false_from", 0, 1_000_000, 0, "slot from which they are"),
    ParamSpec::number(
        "ramp",
        0.0,
        1.0,
        0.15,
        "share of the range by which a mean may move in a slot before the control centre raises an alarm, beyond four deviations",
    ),
];

/// A budget that meters chose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Of all homes and roofs.
    pub share: f64,
    /// The budget.
    pub epsilon: Epsilon,
}

/// What false meters report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The report that says the most.
    Largest,
    /// Any.
    Random,
}

/// The parameters of a run, for the roles.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "each field is the parameter of that name, whose help says what it is"
)]
pub struct Config {
    pub slot: Duration,
    pub calendar: Calendar,
    pub mechanism: Kind,
    pub station_mechanism: Kind,
    pub levels: u32,
    pub rounding: Rounding,
    pub way: Way,
    pub window: u64,
    pub privacy_levels: Vec<Level>,
    pub station_epsilon: Epsilon,
    pub single_epsilon: Epsilon,
    pub life_budget: f64,
    pub flip: f64,
    /// Of homes, roofs, stations: watts.
    pub ranges: [f64; 3],
    pub price: Rule,
    pub response: Response,
    pub plaintext: bool,
    pub elgamal: bool,
    pub beside_every: u64,
    pub tries: u64,
    pub feeder: bool,
    pub curious: bool,
    pub lie: Option<Lie>,
    pub false_share: f64,
    pub false_from: u64,
    pub ramp: f64,
}

impl Config {
    /// Gathers the parameters.
    ///
    /// # Errors
    /// If parameters do not go together.
    pub fn new(params: &Params) -> Result<Config, SetupError> {
        // Names and bounds were checked against the declarations above.
        let kind = |name: &str| Kind::from_name(params.choice(name)).unwrap_or(Kind::Rr1);
        let epsilon =
            |name: &str| Epsilon::new(params.number(name)).map_err(|error| SetupError(format!("{name}: {error}")));
        // Bounded by their declarations: the casts keep them.
        let price = |name: &str| params.count(name) as u32;
        let base = price("base_price");
        let beside = params.choice("beside");
        let config = Config {
            slot: params.span("slot"),
            calendar: Calendar::new(params.span("step")),
            mechanism: kind("mechanism"),
            station_mechanism: kind("station_mechanism"),
            levels: params.count("levels") as u32,
            rounding: if params.flag("nearest") {
                Rounding::Nearest
            } else {
                Rounding::Stochastic
            },
            way: Way::from_name(params.choice("method")).unwrap_or(Way::Planned(Method::Lpu)),
            window: params.count("window"),
            privacy_levels: levels(params.text("privacy_levels"), epsilon("epsilon")?)?,
            station_epsilon: epsilon("station_epsilon")?,
            single_epsilon: epsilon("single_epsilon")?,
            life_budget: params.number("life_budget"),
            flip: params.number("flip"),
            ranges: ["home_range_w", "solar_range_w", "station_range_w"].map(|name| params.number(name)),
            price: match params.choice("price") {
                "time-of-use" => Rule::TimeOfUse {
                    base,
                    peak: price("peak_price"),
                    from: params.number("peak_from"),
                    until: params.number("peak_until"),
                },
                _ => Rule::Linear {
                    base,
                    slope: price("price_slope"),
                    reference: params.number("reference_kw") * 1000.0,
                },
            },
            response: Response {
                base,
                elasticity: params.number("elasticity"),
            },
            plaintext: matches!(beside, "plaintext" | "both"),
            elgamal: matches!(beside, "elgamal" | "both"),
            beside_every: params.count("beside_every"),
            tries: params.count("tries"),
            feeder: params.flag("feeder"),
            curious: params.flag("curious"),
            lie: match params.choice("false_reports") {
                "largest" => Some(Lie::Largest),
                "random" => Some(Lie::Random),
                _ => None,
            },
            false_share: params.number("false_share"),
            false_from: params.count("false_from"),
            ramp: params.number("ramp"),
        };
        Ok(config)
    }

    /// The part of a slot that is so many thousandths of it.
    pub fn part(&self, thousandths: u32) -> Duration {
        self.slot / 1000 * thousandths
    }
}

/// Reads `privacy_levels`: `SHARE%@EPSILON`, separated by commas; the shares sum up to 100.
fn levels(text: &str, epsilon: Epsilon) -> Result<Vec<Level>, SetupError> {
    let expected = "privacy_levels: expected SHARE%@EPSILON such as \"50%@1, 30%@2, 20%@4\"";
    let read = |entry: &str| {
        let (share, epsilon) = entry.split_once("%@")?;
        Some((share.trim().parse::<f64>().ok()?, epsilon.trim().parse::<f64>().ok()?))
    };
    let entries = plan::list(text, expected, read)?;
    if entries.is_empty() {
        return Ok(vec![Level { share: 1.0, epsilon }]);
    }
    if entries.len() > MOST_LEVELS {
        return Err(SetupError(format!(
            "privacy_levels: expected at most {MOST_LEVELS} of them"
        )));
    }
    let all: f64 = entries.iter().map(|(share, _)| share).sum();
    if !entries.iter().all(|(share, _)| (0.0..=100.0).contains(share)) || (all - 100.0).abs() > 1e-6 {
        return Err(SetupError(format!(
            "privacy_levels: expected shares that sum up to 100 %, found {all} %"
        )));
    }
    let level = |(share, epsilon): (f64, f64)| {
        let epsilon = Epsilon::new(epsilon).map_err(|error| SetupError(format!("privacy_levels: {error}")))?;
        Ok(Level {
            share: share / 100.0,
            epsilon,
        })
    };
    entries.into_iter().map(level).collect()
}

/// Most privacy levels.
const MOST_LEVELS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use roadveil_role::Value;

    #[test]
    fn defaults_are_within_their_bounds() {
        for spec in PARAMS {
            assert!(spec.accept(spec.default_value()).is_ok(), "{}", spec.name);
        }
        let config = Config::new(&Params::defaults(PARAMS)).expect("goes together");
        assert_eq!((config.way, config.mechanism), (Way::Planned(Method::Lpu), Kind::Rr1));
        assert_eq!(config.part(500), config.slot / 2);
        for kind in Kind::ALL {
            let mut params = Params::defaults(PARAMS);
            params
                .set(PARAMS, "mechanism", Value::from(kind.name()))
                .expect("a name");
            assert_eq!(Config::new(&params).expect("goes together").mechanism, kind);
        }
    }

    #[test]
    fn privacy_levels_are_read_or_refused() {
        let two = Epsilon::new(2.0).expect("a budget");
        let read = |text| levels(text, two).map_err(|error| error.0);
        let found = read("50%@1, 30%@2,20%@4").expect("levels");
        assert_eq!(
            found.iter().map(|level| level.epsilon.get()).collect::<Vec<_>>(),
            [1.0, 2.0, 4.0]
        );
        assert_eq!(
            read("").expect("one"),
            [Level {
                share: 1.0,
                epsilon: two
            }]
        );
        for (wrong, why) in [
            ("50%@1", "sum up to 100"),
            ("50@1, 50@2", "expected SHARE%@EPSILON"),
            ("100%@0", "epsilon is 0: expected a number from 0.01 to 16"),
            ("100%@NaN", "epsilon is NaN"),
            ("100%@1e9", "epsilon is 1000000000"),
            ("150%@1, -50%@2", "sum up to 100"),
        ] {
            let error = read(wrong).expect_err(wrong);
            assert!(error.contains(why), "{error}");
        }
    }
}
