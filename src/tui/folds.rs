//! The protocols' own folds over their own events.

use roadveil_role::protocol::Protocol;
use roadveil_role::view::{Emitted, Fold};

use super::names::Protocols;
use super::panes::views::Named;
use crate::event::{Cast, Event, Record};

/// One fold for each protocol of the run that the program knows.
pub struct Folds(Vec<(&'static Protocol, Box<dyn Fold>)>);

impl Folds {
    /// Fresh folds for the protocols of a cast.
    pub fn new(protocols: Protocols, cast: &Cast) -> Folds {
        let known = |name: &String| protocols.iter().copied().find(|protocol| protocol.name == name);
        Folds(
            cast.protocols
                .iter()
                .filter_map(known)
                .map(|protocol| (protocol, (protocol.fold)()))
                .collect(),
        )
    }

    /// Takes a record in, if a role emitted it.
    pub fn observe(&mut self, record: &Record, cast: &Cast) {
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
        if let Some((_, fold)) = self.0.iter_mut().find(|(known, _)| known.name == protocol) {
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
    pub fn views(&self) -> Vec<Named> {
        self.0
            .iter()
            .map(|(protocol, fold)| (protocol.name, fold.views()))
            .collect()
    }
}

impl core::fmt::Debug for Folds {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(protocol, _)| protocol.name))
            .finish()
    }
}
