//! The protocols' own folds over their own events, and what listeners know.

use core::time::Duration;

use roadveil_role::Time;
use roadveil_role::protocol::Protocol;
use roadveil_role::view::{Emitted, Fold, View};

use super::names::Protocols;
use super::panes::views::Named;
use crate::adversary::{Listener, Listeners};
use crate::event::{Cast, Event, Record};
use crate::scenario;

/// One fold for each protocol of the run that the program knows, and one for each listener.
pub struct Folds {
    protocols: Vec<(&'static Protocol, Box<dyn Fold>)>,
    listeners: Listeners,
    /// What the listeners know, and of when: a tracker that looks at everything anew is asked once a second.
    known: Vec<View>,
    asked: Option<Time>,
    now: Time,
}

/// How long what listeners know is shown before they are asked again, virtual time.
const ASK_AGAIN: Duration = Duration::from_secs(1);

impl Folds {
    /// Fresh folds for the protocols of a cast, and for listeners.
    pub fn new(protocols: Protocols, listeners: &[scenario::Listener], cast: &Cast) -> Folds {
        let known = |name: &String| protocols.iter().copied().find(|protocol| protocol.name == name);
        let known = cast.protocols.iter().filter_map(known);
        Folds {
            protocols: known.map(|protocol| (protocol, (protocol.fold)())).collect(),
            listeners: Listeners::new(listeners, protocols),
            known: Vec::new(),
            asked: None,
            now: Time::ZERO,
        }
    }

    /// Takes a record in.
    pub fn observe(&mut self, record: &Record, cast: &Cast) {
        self.now = record.at;
        self.listeners.observe(record);
        let Event::Emitted {
            node,
            role,
            name,
            fields,
        } = &record.event
        else {
            return;
        };
        let Some(node) = cast.nodes.get(node.index()) else {
            return;
        };
        let Some((protocol, role)) = node.roles.get(usize::from(*role)).and_then(|role| role.split_once('.')) else {
            return;
        };
        if let Some((_, fold)) = self.protocols.iter_mut().find(|(known, _)| known.name == protocol) {
            fold.observe(&Emitted {
                at: record.at,
                node: &node.name,
                role,
                name,
                fields,
            });
        }
    }

    /// What they have to show now.
    pub fn views(&mut self) -> Vec<Named> {
        let protocols = self.protocols.iter();
        let mut views: Vec<Named> = protocols
            .map(|(protocol, fold)| (protocol.name, fold.views()))
            .collect();
        if self.listeners.iter().next().is_some() {
            if self.asked.is_none_or(|asked| self.now.since(asked) >= ASK_AGAIN) {
                self.known = self.listeners.iter().map(Listener::view).collect();
                self.asked = Some(self.now);
            }
            views.push(("privacy", self.known.clone()));
        }
        views
    }
}

impl core::fmt::Debug for Folds {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list()
            .entries(self.protocols.iter().map(|(protocol, _)| protocol.name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Map;
    use crate::registry::PROTOCOLS;

    #[test]
    fn what_listeners_know_is_shown_beside_what_protocols_show() {
        let cast = Cast {
            scenario: String::new(),
            title: String::new(),
            seed: 1,
            duration: Time::from_secs(1),
            nodes: Vec::new(),
            protocols: Vec::new(),
            map: Map::default(),
        };
        let ear = scenario::Listener {
            name: "ear".to_owned(),
            antennas: None,
            silence: Duration::from_secs(30),
            power: false,
            validity: false,
        };
        let titles = |folds: &mut Folds| {
            let views = folds.views().into_iter();
            let listeners = views
                .filter(|(name, _)| *name == "privacy")
                .flat_map(|(_, views)| views);
            let title = |view| match view {
                View::KeyValue { title, .. } => title,
                other => panic!("{other:?}"),
            };
            listeners.map(title).collect::<Vec<_>>()
        };
        assert_eq!(titles(&mut Folds::new(PROTOCOLS, &[], &cast)), [""; 0]);
        let mut folds = Folds::new(PROTOCOLS, &[ear], &cast);
        assert_eq!(titles(&mut folds), ["What ear knows of who is who"]);
    }
}
