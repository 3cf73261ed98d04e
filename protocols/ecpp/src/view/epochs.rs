//! Epochs, and what a stolen key was worth.

use std::collections::{BTreeMap, BTreeSet};

use roadveil_role::view::{Emitted, View};
use roadveil_role::{Time, Value};

use super::{number, pseudonym};

/// Self-issued certificates that the fold remembers.
const REMEMBERED: usize = 65_536;

/// Who is in which epoch, and which certificates nobody should have issued.
#[derive(Clone, Debug, Default)]
pub(super) struct Epochs {
    /// The newest that has begun, by the authority; 0 before the second.
    newest: u64,
    excluded: u64,
    /// In which epoch each OBU is, and of which epoch its key is.
    turned: BTreeMap<String, u64>,
    keyed: BTreeMap<String, u64>,
    self_issued: u64,
    false_pseudonyms: BTreeSet<Vec<u8>>,
    admitted: u64,
    admitted_last: Option<Time>,
}

impl Epochs {
    pub(super) fn observe(&mut self, event: &Emitted<'_>) {
        match event.name {
            "epoch_begun" => self.newest = number(event, "epoch").max(self.newest),
            "rsu_excluded" => self.excluded += 1,
            "epoch_turned" => {
                self.turned.insert(event.node.to_owned(), number(event, "epoch"));
            }
            "key_obtained" => {
                let epoch = self.turned.get(event.node).copied().unwrap_or(1);
                self.keyed.insert(event.node.to_owned(), epoch);
            }
            "key_expired" | "key_lost" => {
                self.keyed.remove(event.node);
            }
            "self_issued" => {
                self.self_issued += 1;
                self.keyed.remove(event.node);
                if self.false_pseudonyms.len() < REMEMBERED {
                    self.false_pseudonyms.insert(pseudonym(event).to_vec());
                }
            }
            "admitted" if self.false_pseudonyms.contains(pseudonym(event)) => {
                self.admitted += 1;
                self.admitted_last = Some(event.at);
            }
            _ => {}
        }
    }

    /// OBUs with a key of the newest epoch that has begun.
    fn in_epoch(&self) -> u64 {
        let newest = self.newest.max(1);
        self.keyed.values().filter(|epoch| **epoch == newest).count() as u64
    }

    /// Nothing to see where no epoch ends and nobody steals.
    pub(super) fn view(&self) -> Option<View> {
        if self.newest + self.self_issued == 0 {
            return None;
        }
        let mut pairs = vec![
            ("epoch".to_owned(), self.newest.max(1).to_string()),
            ("OBUs with a key of it".to_owned(), self.in_epoch().to_string()),
            ("RSUs left out".to_owned(), self.excluded.to_string()),
        ];
        if self.self_issued > 0 {
            pairs.push(("certificates by a stolen key".to_owned(), self.self_issued.to_string()));
            let last = self.admitted_last.map_or(String::new(), |at| format!(", last at {at}"));
            pairs.push(("let in by others".to_owned(), format!("{}{last}", self.admitted)));
        }
        let title = "Epochs".to_owned();
        Some(View::KeyValue { title, pairs })
    }

    pub(super) fn figures(&self) -> Vec<(&'static str, Value)> {
        let last = self.admitted_last.map_or(f64::NAN, Time::as_secs_f64);
        vec![
            ("epoch", self.newest.max(1).into()),
            ("obus_in_epoch", self.in_epoch().into()),
            ("rsus_excluded", self.excluded.into()),
            ("self_issued", self.self_issued.into()),
            ("self_issued_admitted", self.admitted.into()),
            ("self_issued_admitted_last_s", last.into()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(fold: &mut Epochs, seconds: u64, node: &str, name: &str, field: (&str, Value)) {
        let fields = [(field.0.to_owned(), field.1)];
        let (at, role) = (Time::from_secs(seconds), "");
        fold.observe(&Emitted {
            at,
            node,
            role,
            name,
            fields: &fields,
        });
    }

    #[test]
    fn what_a_stolen_key_is_worth_is_counted() {
        let mut fold = Epochs::default();
        assert!(fold.view().is_none());
        let nothing = || ("", Value::U64(0));
        let named = |n: u8| ("pseudonym", Value::from([n; 8].as_slice()));
        for car in ["ann", "ben"] {
            observe(&mut fold, 1, car, "key_obtained", nothing());
        }
        let figure = |fold: &Epochs, name| {
            let figures: BTreeMap<_, _> = fold.figures().into_iter().collect();
            figures[name].clone()
        };
        assert_eq!(figure(&fold, "obus_in_epoch"), Value::U64(2));
        observe(&mut fold, 2, "ben", "self_issued", named(7));
        observe(&mut fold, 3, "ann", "admitted", named(7));
        observe(&mut fold, 4, "ann", "admitted", named(8));
        assert_eq!(figure(&fold, "self_issued_admitted"), Value::U64(1));
        assert_eq!(figure(&fold, "self_issued_admitted_last_s"), Value::F64(3.0));
        assert_eq!(figure(&fold, "obus_in_epoch"), Value::U64(1));
        observe(&mut fold, 60, "ta", "epoch_begun", ("epoch", Value::U64(2)));
        observe(&mut fold, 60, "ann", "epoch_turned", ("epoch", Value::U64(2)));
        assert_eq!(figure(&fold, "obus_in_epoch"), Value::U64(0), "its key is of the first");
        observe(&mut fold, 61, "ann", "key_obtained", nothing());
        assert_eq!(figure(&fold, "obus_in_epoch"), Value::U64(1));
        assert!(fold.view().is_some());
    }
}
