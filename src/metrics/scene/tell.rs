//! What a scene tells.

use std::borrow::Cow;
use std::sync::Arc;

use roadveil_role::{Reason, Time};

use super::{Counts, Flow, Lines, MessageCounts, NodeScene, Rates, Scene, Totals};
use crate::event::{Cast, Map, NodeId};

impl Scene {
    /// Who takes part.
    pub fn cast(&self) -> &Arc<Cast> {
        &self.cast
    }

    /// The map.
    pub fn map(&self) -> &Map {
        &self.cast.map
    }

    /// The moment of the last record.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The nodes, by number.
    pub fn nodes(&self) -> &[NodeScene] {
        &self.nodes
    }

    /// The node of that number.
    pub fn node(&self, id: NodeId) -> Option<&NodeScene> {
        self.nodes.get(id.index())
    }

    /// A node's counts.
    pub fn counts(&self, id: NodeId) -> Counts {
        self.counts.get(id.index()).copied().unwrap_or_default()
    }

    /// A node's name, or its number where the cast does not know it.
    pub fn name(&self, id: NodeId) -> Cow<'_, str> {
        match self.cast.nodes.get(id.index()) {
            Some(node) => node.name.as_str().into(),
            None => format!("#{}", id.0).into(),
        }
    }

    /// The last transmissions.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Counts over the whole run.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How often each reason was given, in the order of [`Reason::ALL`], those that never were left out.
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL
            .iter()
            .copied()
            .zip(self.reasons.iter().copied())
            .filter(|(_, count)| *count > 0)
    }

    /// Counts by protocol and message number.
    pub fn messages(&self) -> impl Iterator<Item = ([u8; 2], &MessageCounts)> {
        self.messages
            .iter()
            .map(|(&(protocol, message), counts)| ([protocol, message], counts))
    }

    /// Figures by second.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// The last steps, states and events of roles.
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Wired links that are down.
    pub fn links_down(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.down.iter().copied()
    }

    /// Nanoseconds of virtual time charged so far, by the operation's code.
    pub fn charged(&self) -> &[u64] {
        &self.charged
    }

    /// Transmissions in the last whole second, or in the first while it lasts.
    pub fn sent_per_s(&self) -> u32 {
        self.rates.last_whole(self.now).sent
    }
}
