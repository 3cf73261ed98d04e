//! Charging sessions: generated, or of a CSV such as ACN-Data has them (Lee, Li and Low 2019).

use std::collections::BTreeMap;

use rand_core::Rng;

use super::noise;
use super::table::{BadTable, Table, shown};

/// Largest energy of a session, kWh: above that of any car.
const MOST_KWH: f64 = 1000.0;
/// Longest session, seconds.
const LONGEST: u64 = 14 * 86_400;

/// A car at a charging station.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Session {
    /// When it comes, seconds from midnight of the first day.
    pub arrives: u64,
    /// When it goes.
    pub leaves: u64,
    /// What it takes, watt-hours.
    pub energy: f64,
}

/// Reads sessions with columns `arrival`, `departure`, `delivered_energy (kWh)` and `station_id`: those of each station in order of
/// arrival, without what overlaps. The first day is that of the earliest arrival. Times are the station's local ones.
///
/// # Errors
/// What is wrong, and in which line.
pub fn read(text: &str) -> Result<Vec<Vec<Session>>, BadTable> {
    let table = Table::read(text)?;
    let column = |name| table.column(name);
    let (arrival, departure) = (column("arrival")?, column("departure")?);
    let (energy, station) = (column("delivered_energy (kWh)")?, column("station_id")?);
    let energies = table.numbers(energy, 0.0, MOST_KWH)?;
    let time = |(line, cell): (u64, &str)| {
        seconds(cell).ok_or_else(|| {
            let found = shown(cell);
            BadTable(format!(
                "line {line}: expected a time such as 2019-05-01 06:33:14, found `{found}`"
            ))
        })
    };
    let arrivals = table.cells(arrival).map(time).collect::<Result<Vec<_>, _>>()?;
    let departures = table.cells(departure).map(time).collect::<Result<Vec<_>, _>>()?;
    let midnight = arrivals.iter().min().map_or(0, |first| first - first % 86_400);
    let mut stations: BTreeMap<&str, Vec<Session>> = BTreeMap::new();
    for ((line, name), ((arrives, leaves), kwh)) in table
        .cells(station)
        .zip(arrivals.iter().zip(&departures).zip(&energies))
    {
        if leaves <= arrives || leaves - arrives > LONGEST {
            return Err(BadTable(format!(
                "line {line}: expected a departure after the arrival, and within two weeks of it"
            )));
        }
        stations.entry(name).or_default().push(Session {
            arrives: arrives - midnight,
            leaves: leaves - midnight,
            energy: kwh * 1000.0,
        });
    }
    Ok(stations.into_values().map(in_order).collect())
}

/// By arrival; who comes before the last has left is left out: a station has one place.
fn in_order(mut sessions: Vec<Session>) -> Vec<Session> {
    sessions.sort_by_key(|session| (session.arrives, session.leaves));
    let mut free = 0;
    sessions.retain(|session| {
        let fits = session.arrives >= free;
        if fits {
            free = session.leaves;
        }
        fits
    });
    sessions
}

/// Sessions of a public station over some days: one in the morning, one in the afternoon or evening, now and then one at night.
/// Generated.
pub fn generate(days: u64, rng: &mut dyn Rng) -> Vec<Session> {
    let seed = rng.next_u64();
    let mut sessions = Vec::new();
    for day in 0..days {
        for (which, (hour, chance)) in [(8.0, 0.75), (13.5, 0.6), (18.0, 0.8), (23.0, 0.25)]
            .into_iter()
            .enumerate()
        {
            let draw = |what: u64| noise(seed, 8 * which as u64 + what, day);
            if draw(0) > chance {
                continue;
            }
            let arrives = day as f64 * 86_400.0 + (hour - 1.0 + 2.5 * draw(1)) * 3600.0;
            let stays = (1.0 + 2.5 * draw(2)) * 3600.0;
            sessions.push(Session {
                // Both are positive: float casts saturate.
                arrives: arrives as u64,
                leaves: (arrives + stays) as u64,
                energy: 6_000.0 + 24_000.0 * draw(3),
            });
        }
    }
    in_order(sessions)
}

/// Seconds from 1970 to a time as it is written, without regard to its zone: `2019-05-01 06:33:14-07:00`.
fn seconds(text: &str) -> Option<u64> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let time = time.get(..8)?;
    let three = |text: &str, by: char| -> Option<[u64; 3]> {
        let mut parts = text.split(by);
        let mut next = || {
            let part = parts.next()?;
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        let found = [next()?, next()?, next()?];
        parts.next().is_none().then_some(found)
    };
    let [year, month, day] = three(date, '-')?;
    let [hour, minute, second] = three(time, ':')?;
    let fits = (1970..=9999).contains(&year) && (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
    if !fits || day == 0 || day > days_of(year, month) {
        return None;
    }
    let years = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum::<u64>();
    let months = (1..month).map(|month| days_of(year, month)).sum::<u64>();
    Some((years + months + day - 1) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha12Rng;
    use proptest::prelude::*;
    use rand_core::SeedableRng;

    #[test]
    fn times_are_read_or_refused() {
        assert_eq!(seconds("1970-01-01 00:00:00"), Some(0));
        assert_eq!(seconds("2019-05-01 06:33:14-07:00"), Some(1_556_692_394));
        assert_eq!(seconds("2020-02-29T23:59:59Z"), Some(1_583_020_799));
        for wrong in [
            "",
            "2019-05-01",
            "2019-13-01 00:00:00",
            "2019-02-29 00:00:00",
            "2019-05-01 24:00:00",
            "2019-05-01 1:2:3",
            "2019-05-+1 00:00:00",
            "1969-05-01 00:00:00",
            "2019-05-00 00:00:00",
            "yesterday at noon",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sessions_of_a_station_do_not_overlap() {
        let text = "arrival,departure,delivered_energy (kWh),station_id\n\
                    2019-05-01 06:00:00,2019-05-01 08:00:00,10,A\n\
                    2019-05-01 07:00:00,2019-05-01 09:00:00,5,A\n\
                    2019-05-02 06:00:00,2019-05-02 08:00:00,7.5,A\n\
                    2019-05-01 10:00:00,2019-05-01 11:00:00,3,B\n";
        let stations = read(text).expect("sessions");
        assert_eq!(stations.len(), 2);
        assert_eq!(stations[0].len(), 2);
        assert_eq!(stations[0][1].arrives, 86_400 + 6 * 3600);
        assert_eq!(stations[1][0].energy, 3000.0);
    }

    #[test]
    fn what_are_no_sessions_is_refused() {
        let heads = "arrival,departure,delivered_energy (kWh),station_id\n";
        let wrong = |row: &str| read(&format!("{heads}{row}\n")).expect_err("refused").0;
        assert!(wrong("2019-05-01 06:00:00,2019-05-01 05:00:00,1,A").contains("line 2: expected a departure after"));
        assert!(wrong("noon,2019-05-01 05:00:00,1,A").contains("expected a time such as"));
        let negative = wrong("2019-05-01 06:00:00,2019-05-01 07:00:00,-1,A");
        assert!(
            negative.contains("expected a number from 0 to 1000, found `-1`"),
            "{negative}"
        );
        assert!(
            read("arrival,departure,energy,station_id\n1,2,3,4\n")
                .expect_err("refused")
                .0
                .contains("delivered_energy")
        );
    }

    proptest! {
        /// Whatever a file says, it is sessions that fit, or an error that names a line.
        #[test]
        fn any_rows_are_read_or_refused(
            rows in prop::collection::vec("[0-9T: \\-]{0,22},2019-05-0[0-9] [0-9:]{8},[0-9.eE\\-]{0,6},[A-C]?", 0..6),
        ) {
            let text = format!("arrival,departure,delivered_energy (kWh),station_id\n{}\n", rows.join("\n"));
            match read(&text) {
                Ok(stations) => {
                    for session in stations.iter().flatten() {
                        prop_assert!(session.arrives < session.leaves && session.energy >= 0.0);
                    }
                }
                Err(error) => prop_assert!(!error.0.is_empty()),
            }
        }
    }

    #[test]
    fn generated_days_have_some_sessions_each() {
        let sessions = generate(10, &mut ChaCha12Rng::from_seed([2; 32]));
        assert!((10..40).contains(&sessions.len()), "{}", sessions.len());
        assert!(sessions.windows(2).all(|pair| pair[0].leaves <= pair[1].arrives));
    }
}
