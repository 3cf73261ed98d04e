//! The listeners of a scenario: a fold over a run's records that knows at any time what their trackers have found.

use roadveil_role::Protocol;
use roadveil_role::view::View;

use super::privacy::{Judged, Privacy, judge};
use super::sighting::{Air, Antennas, Ear};
use super::tracker::{self, Settings, TooMany};
use crate::event::{NodeId, Record};
use crate::scenario;

/// All listeners of a scenario.
#[derive(Debug)]
pub struct Listeners {
    air: Air,
    listeners: Vec<Listener>,
}

impl Listeners {
    /// Nothing heard yet; they know the messages of those protocols.
    pub fn new(listeners: &[scenario::Listener], protocols: &'static [&'static Protocol]) -> Listeners {
        Listeners {
            air: Air::new(protocols),
            listeners: listeners.iter().map(Listener::new).collect(),
        }
    }

    /// Takes one record in.
    pub fn observe(&mut self, record: &Record) {
        if self.listeners.is_empty() {
            return;
        }
        if let Some((spoken, receptions)) = self.air.observe(record) {
            let ears = self.listeners.iter_mut().map(|listener| &mut listener.ear);
            ears.for_each(|ear| ear.hear(&spoken, receptions));
        }
    }

    /// Each of them, in the order of the scenario.
    pub fn iter(&self) -> impl Iterator<Item = &Listener> {
        self.listeners.iter()
    }
}

/// A listener with what it has heard.
#[derive(Debug)]
pub struct Listener {
    name: String,
    settings: Settings,
    ear: Ear,
}

impl Listener {
    fn new(listener: &scenario::Listener) -> Listener {
        let node = |index: &usize| NodeId(u32::try_from(*index).unwrap_or(u32::MAX));
        let antennas = match &listener.antennas {
            None => Antennas::Everywhere,
            Some(nodes) => Antennas::At(nodes.iter().map(node).collect()),
        };
        Listener {
            name: listener.name.clone(),
            settings: Settings {
                silence: listener.silence.as_secs_f64(),
                power: listener.power,
                validity: listener.validity,
                ..Settings::default()
            },
            ear: Ear::new(antennas),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its tracker has found, judged by the truth.
    ///
    /// # Errors
    /// If so many pseudonyms could follow each other that they would fill the memory.
    pub fn judged(&self) -> Result<Judged, TooMany> {
        let segments = self.ear.segments();
        let links = tracker::link(&segments, &self.settings)?;
        Ok(judge(&segments, &links, &self.settings))
    }

    /// The figures so far; nothing if they are too many to tell.
    pub fn figures(&self) -> Option<Privacy> {
        self.judged().ok().map(|judged| judged.figures())
    }

    /// What a person sees.
    pub fn view(&self) -> View {
        let title = format!("What {} knows of who is who", self.name);
        let pairs = match self.figures() {
            None => vec![("too many pseudonyms".to_owned(), "to follow".to_owned())],
            Some(figures) => pairs(&figures),
        };
        View::KeyValue { title, pairs }
    }
}

fn pairs(figures: &Privacy) -> Vec<(String, String)> {
    let share = |share: f64| match share.is_finite() {
        true => format!("{:.0} %", 100.0 * share),
        false => "-".to_owned(),
    };
    let number = |number: f64, unit: &str| match number.is_finite() {
        true => format!("{number:.2}{unit}"),
        false => "-".to_owned(),
    };
    [
        ("changes of pseudonym heard", figures.changes.to_string()),
        ("linked rightly", share(figures.linked_share)),
        ("linked wrongly", share(figures.misled_share)),
        ("anonymity set", number(figures.anonymity_set, "")),
        ("entropy", number(figures.entropy_bits, " bits")),
        ("degree of anonymity", number(figures.degree, "")),
        ("trips", figures.trips.to_string()),
        ("followed for over 90 %", share(figures.followed_share)),
        (
            "the same, of those with a change",
            share(figures.followed_with_change_share),
        ),
        ("longest stretch followed, mean", number(figures.tracked_mean_s, " s")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adversary::tracker::Links;

    #[test]
    fn the_figures_are_those_that_a_scenario_may_name() {
        let nothing = Links {
            candidates: Vec::new(),
            next: Vec::new(),
        };
        let figures = judge(&[], &nothing, &Settings::default()).figures();
        assert_eq!(figures.named().map(|(name, ..)| name), scenario::PRIVACY_FIGURES);
        let pairs = pairs(&figures);
        assert!(
            pairs
                .iter()
                .any(|(name, value)| name == "linked rightly" && value == "-")
        );
    }
}
