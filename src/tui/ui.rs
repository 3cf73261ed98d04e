//! What the person at the screen has chosen: focus, selection, camera, filter, overlays. Nothing here comes from the run,
//! and nothing of it travels there but [`Action`]s.

mod keys;
mod select;

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use super::filter::Filter;
use super::layout;
use super::map::Camera;
use super::names::Protocols;
use super::theme::Theme;
use crate::event::NodeId;
use crate::feed::Control;
use crate::metrics::scene::{Entry, Scene};

/// A part of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pane {
    /// Roads, buildings, nodes, radio activity.
    Map,
    /// Transmissions as they happen.
    Flow,
    /// The selected transmission, decoded, with its outcome at each receiver.
    Message,
    /// All nodes.
    Nodes,
    /// What was lost or refused, and why.
    Losses,
    /// What protocols have to show.
    Views,
    /// Steps, states and events of roles.
    Events,
    /// Where in the run it is.
    Timeline,
    /// One node; never but opened.
    Node,
}

impl Pane {
    /// All of them; the first seven by the number of their key.
    pub const ALL: [Pane; 9] = [
        Pane::Map,
        Pane::Flow,
        Pane::Message,
        Pane::Nodes,
        Pane::Losses,
        Pane::Views,
        Pane::Events,
        Pane::Timeline,
        Pane::Node,
    ];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Pane::Map => "Map",
            Pane::Flow => "Flow",
            Pane::Message => "Message",
            Pane::Nodes => "Nodes",
            Pane::Losses => "Losses",
            Pane::Views => "Views",
            Pane::Events => "Events",
            Pane::Timeline => "Timeline",
            Pane::Node => "Node",
        }
    }
}

/// The order of the table of nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By number.
    #[default]
    Number,
    /// Busiest first.
    Load,
    /// Longest queue first.
    Queue,
    /// Most refusals first.
    Refusals,
}

impl Sort {
    /// The heading of the column that decides it, where it is one.
    pub const fn column(self) -> Option<&'static str> {
        match self {
            Sort::Number => None,
            Sort::Load => Some("load"),
            Sort::Queue => Some("queue"),
            Sort::Refusals => Some("refused"),
        }
    }

    const fn next(self) -> Sort {
        match self {
            Sort::Number => Sort::Load,
            Sort::Load => Sort::Queue,
            Sort::Queue => Sort::Refusals,
            Sort::Refusals => Sort::Number,
        }
    }
}

/// What a key leads to outside the screen's own state.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Nothing at all; the screen is as it was.
    None,
    /// The screen looks different now.
    Redraw,
    /// Ask the feed.
    Control(Control),
    /// End.
    Quit,
    /// End, as interrupted.
    Interrupt,
}

/// The state of the screen.
#[derive(Clone, Debug)]
pub struct Ui {
    protocols: Protocols,
    theme: Theme,
    area: Rect,
    /// Panes, last used first: the first has the focus, and of those that share a place the earliest is shown.
    order: Vec<Pane>,
    /// Panes that were opened over the whole screen, one from another.
    opened: Vec<Pane>,
    help: bool,
    editing: Option<String>,
    filter: Filter,
    /// Kept apart from the scene, which forgets.
    selected: Option<Box<Entry>>,
    /// The row of the flow in which the selected message stands, so that the rest moves around it.
    selected_row: usize,
    node: Option<NodeId>,
    sort: Sort,
    camera: Camera,
    field: usize,
    scroll: BTreeMap<Pane, usize>,
    help_scroll: usize,
    note: Option<String>,
}

impl Ui {
    /// A screen on which nothing has been chosen.
    pub fn new(protocols: Protocols, theme: Theme) -> Ui {
        let order = Pane::ALL
            .into_iter()
            .filter(|pane| *pane != Pane::Node)
            .collect::<Vec<_>>();
        let mut ui = Ui {
            protocols,
            theme,
            area: Rect::new(0, 0, layout::MIN.0, layout::MIN.1),
            order,
            opened: Vec::new(),
            help: false,
            editing: None,
            filter: Filter::default(),
            selected: None,
            selected_row: 0,
            node: None,
            sort: Sort::default(),
            camera: Camera::default(),
            field: 0,
            scroll: BTreeMap::new(),
            help_scroll: 0,
            note: None,
        };
        ui.focus(Pane::Flow);
        ui
    }

    /// The terminal has this size now.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.area = Rect::new(0, 0, width, height);
    }

    /// Keeps the selected message as the scene last knew it, and lets go of one that the stream has gone back behind.
    pub fn refresh(&mut self, scene: &Scene) {
        if let Some(selected) = &mut self.selected {
            match scene.flow().get(selected.tx) {
                Some(entry) if entry.ended != selected.ended || entry.after.len() != selected.after.len() => {
                    **selected = entry.clone();
                }
                Some(_) => {}
                None if selected.at > scene.now() => self.selected = None,
                None => {}
            }
        }
    }

    /// What was drawn was only so long: scrolling ends there.
    pub fn limit(&mut self, limits: &BTreeMap<Pane, usize>, help: usize) {
        for (pane, limit) in limits {
            if let Some(scroll) = self.scroll.get_mut(pane) {
                *scroll = (*scroll).min(*limit);
            }
        }
        self.help_scroll = self.help_scroll.min(help);
    }

    fn focus(&mut self, pane: Pane) {
        self.order.retain(|other| *other != pane);
        self.order.insert(0, pane);
    }
}

/// What the screen asks when it draws.
impl Ui {
    /// The protocols that it can name and decode.
    pub fn protocols(&self) -> Protocols {
        self.protocols
    }

    /// How inks look.
    pub fn theme(&self) -> Theme {
        self.theme
    }

    /// The terminal's area.
    pub fn area(&self) -> Rect {
        self.area
    }

    /// The pane that keys go to.
    pub fn active(&self) -> Pane {
        self.opened.last().copied().unwrap_or(self.order[0])
    }

    /// The pane that fills the screen, if one was opened.
    pub fn opened(&self) -> Option<Pane> {
        self.opened.last().copied()
    }

    /// Which of the panes that share a place is shown.
    pub fn shown(&self, panes: &[Pane]) -> Pane {
        let first = self.order.iter().find(|pane| panes.contains(pane));
        first.or(panes.first()).copied().unwrap_or(Pane::Map)
    }

    /// Is the pane on the screen?
    pub fn shows(&self, pane: Pane) -> bool {
        match self.opened.last() {
            Some(opened) => *opened == pane,
            None => layout::layout(self.area)
                .places
                .iter()
                .any(|place| self.shown(place.panes) == pane),
        }
    }

    /// The area of a pane that is on the screen, below its title.
    pub fn inner(&self, pane: Pane) -> Option<Rect> {
        let layout = layout::layout(self.area);
        if self.opened.last() == Some(&pane) {
            return Some(layout::inner(layout.main));
        }
        layout
            .places
            .iter()
            .find(|place| place.panes.contains(&pane))
            .map(layout::Place::inner)
    }

    /// Is the help open?
    pub fn help_is_open(&self) -> bool {
        self.help
    }

    /// How far it is scrolled.
    pub fn help_scroll(&self) -> usize {
        self.help_scroll
    }

    /// Is something over the panes, or is there no room for them?
    pub fn covered(&self) -> bool {
        self.help || layout::too_small(self.area)
    }

    /// The filter as it is being typed.
    pub fn editing(&self) -> Option<&str> {
        self.editing.as_deref()
    }

    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The selected message.
    pub fn selected(&self) -> Option<&Entry> {
        self.selected.as_deref()
    }

    /// The row of the flow in which it stands.
    pub fn selected_row(&self) -> usize {
        self.selected_row
    }

    /// The selected node.
    pub fn node(&self) -> Option<NodeId> {
        self.node
    }

    /// The node that is meant: the selected one, or the selected message's sender if that pane has the focus.
    pub fn chosen_node(&self) -> Option<NodeId> {
        let sender = self.selected.as_ref().and_then(|entry| entry.sender);
        match self.active() {
            Pane::Flow | Pane::Message => sender.or(self.node),
            _ => self.node.or(sender),
        }
    }

    /// The node that the map keeps in its middle.
    pub fn followed(&self) -> Option<NodeId> {
        self.camera.follow
    }

    /// Where the map looks.
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// The order of the nodes.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// The field of the decoded message on which the cursor stands.
    pub fn field(&self) -> usize {
        self.field
    }

    /// How far a pane is scrolled: from the end in [`Pane::Events`], else from the beginning.
    pub fn scroll(&self, pane: Pane) -> usize {
        self.scroll.get(&pane).copied().unwrap_or(0)
    }

    /// What the footer says instead of keys.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Would Enter lead anywhere?
    pub fn can_open(&self) -> bool {
        match self.opened.last() {
            None | Some(Pane::Flow | Pane::Nodes) => self.active() != Pane::Timeline,
            Some(_) => false,
        }
    }

    /// Would Esc?
    pub fn can_go_back(&self) -> bool {
        self.help
            || (!layout::too_small(self.area)
                && (!self.opened.is_empty()
                    || !self.filter.is_empty()
                    || self.selected.is_some()
                    || self.camera.follow.is_some()))
    }
}
