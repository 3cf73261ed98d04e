//! Homes after a load-profile CSV, such as those of SimBench: a column of times, then columns of load, one row a slot.

use std::sync::Arc;

use rand_core::Rng;
use roadveil_ldp::draw::below;

use super::table::{BadTable, Table};
use super::unit;

/// Largest cell that a profile may have: normalised ones are below 1, measured ones are kilowatts or watts.
const MOST: f64 = 1e6;

/// The columns of a profile that are used.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    columns: Vec<Arc<[f64]>>,
    /// Watts for a 1 in the file.
    scale: f64,
}

/// A home that follows a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Follower {
    column: Arc<[f64]>,
    scale: f64,
}

impl Profile {
    /// Reads a profile. `wanted` names columns, separated by commas, each an exact name or a beginning with `*`; empty for all
    /// but the first, which has the times.
    ///
    /// # Errors
    /// What is wrong with the table, or that no column is so called.
    pub fn read(text: &str, wanted: &str, scale: f64) -> Result<Profile, BadTable> {
        let table = Table::read(text)?;
        let wanted: Vec<&str> = wanted
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        let mut columns = Vec::new();
        for name in &wanted {
            match name.strip_suffix('*') {
                None => columns.push(table.column(name)?),
                Some(beginning) => {
                    let before = columns.len();
                    let heads = table.heads().enumerate().skip(1);
                    columns.extend(
                        heads
                            .filter(|(_, head)| head.starts_with(beginning))
                            .map(|(index, _)| index),
                    );
                    if columns.len() == before {
                        // The error names the nearest.
                        return Err(table.column(beginning).err().unwrap_or_else(|| {
                            BadTable(format!("line 1: there is no column `{name}` behind the first"))
                        }));
                    }
                }
            }
        }
        if wanted.is_empty() {
            columns.extend(1..table.heads().count());
        }
        if columns.is_empty() {
            return Err(BadTable(
                "line 1: expected a column of times and at least one of load".to_owned(),
            ));
        }
        let read = |column: usize| table.numbers(column, 0.0, MOST).map(Arc::from);
        Ok(Profile {
            columns: columns.into_iter().map(read).collect::<Result<_, _>>()?,
            scale,
        })
    }

    /// A home that follows a column of its own, a little more or less.
    pub fn follower(&self, rng: &mut dyn Rng) -> Follower {
        let column = &self.columns[below(rng, self.columns.len() as u64) as usize];
        let more = 0.6 + 0.8 * unit(rng);
        Follower {
            column: column.clone(),
            scale: self.scale * more,
        }
    }
}

impl Follower {
    /// The load of a slot, watts. After the last row comes the first.
    pub fn watts(&self, slot: u64) -> f64 {
        let place = slot % (self.column.len() as u64).max(1);
        self.column.get(place as usize).map_or(0.0, |load| load * self.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chacha20::ChaCha12Rng;
    use rand_core::SeedableRng;

    const TEXT: &str = "time,H0-A,H0-B,G1\n0:00,0.1,0.2,0.9\n0:15,0.3,0.4,0.8\n";

    #[test]
    fn homes_follow_the_columns_that_are_named() {
        let profile = Profile::read(TEXT, "H0-*", 1000.0).expect("a profile");
        assert_eq!(profile.columns.len(), 2);
        let home = profile.follower(&mut ChaCha12Rng::from_seed([1; 32]));
        assert_eq!(home.watts(0), home.watts(2));
        assert!(home.watts(1) > home.watts(0) && (60.0..560.0).contains(&home.watts(1)));
        assert_eq!(Profile::read(TEXT, "", 1.0).expect("all").columns.len(), 3);
        assert_eq!(Profile::read(TEXT, "G1, H0-A", 1.0).expect("two").columns.len(), 2);
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        let wrong = |text: &str, wanted: &str| Profile::read(text, wanted, 1.0).expect_err("refused").0;
        assert!(wrong(TEXT, "X9").contains("there is no column `X9`"));
        assert!(wrong(TEXT, "X*").contains("there is no column"));
        assert!(wrong("time\n0:00\n", "").contains("at least one of load"));
        let negative = "time,a\n0:00,1\n0:15,-0.5\n";
        assert!(wrong(negative, "").starts_with("line 3, column `a`: expected a number from 0"));
        assert!(wrong("time,a\n0:00,1e7\n", "").contains("found `1e7`"));
    }
}
