//! Nodes on the map: dots where they crowd, symbols where there is room, names where one looks closely.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::{Grid, Viewport};
use crate::event::{CastNode, NodeId};
use crate::metrics::scene::{NodeScene, Scene};
use crate::tui::theme::{Ink, KeyState};
use crate::tui::ui::Ui;

/// Closer than this, metres a dot, vehicles have symbols however many there are.
const SYMBOLS_UNTIL: f64 = 4.0;

/// Closer than this, nodes have names.
const NAMES_UNTIL: f64 = 1.5;

/// One symbol for so many cells is not yet a crowd.
const CELLS_A_SYMBOL: usize = 8;

/// At most so many nodes have names at any distance: a small run is told apart at a glance.
const ALWAYS_NAMED: usize = 16;

/// The symbol of a node that does not move.
pub fn fixed_symbol(node: &CastNode) -> char {
    let plays = |role: &str| node.roles.iter().any(|name| name.rsplit('.').next() == Some(role));
    if plays("rsu") { '◆' } else { '■' }
}

/// Are vehicles drawn as symbols? Decided by the whole cast, so that the map does not change its looks from frame to frame.
fn has_room(scene: &Scene, view: Viewport, area: Rect) -> bool {
    let vehicles = scene.cast().nodes.iter().filter(|node| node.mobile).count();
    view.scale <= SYMBOLS_UNTIL || vehicles * CELLS_A_SYMBOL <= usize::from(area.width) * usize::from(area.height)
}

fn present(scene: &Scene) -> impl Iterator<Item = (NodeId, &CastNode, &NodeScene, (f64, f64))> {
    (0u32..)
        .map(NodeId)
        .zip(&scene.cast().nodes)
        .zip(scene.nodes())
        .filter_map(|((id, cast), node)| {
            let at = node.position.filter(|_| node.present)?;
            Some((id, cast, node, at.metres()))
        })
}

/// Draws vehicles as dots where there is no room for symbols.
pub fn dots(scene: &Scene, view: Viewport, area: Rect, grid: &mut Grid) {
    if has_room(scene, view, area) {
        return;
    }
    for (_, _, node, at) in present(scene).filter(|(_, cast, ..)| cast.mobile) {
        let (x, y) = view.dots(at);
        grid.dot(x.floor() as i32, y.floor() as i32, KeyState::of(node.state()).ink());
    }
}

/// Draws symbols and names.
pub fn symbols(scene: &Scene, ui: &Ui, view: Viewport, area: Rect, buffer: &mut Buffer) {
    let vehicles = has_room(scene, view, area);
    let theme = ui.theme();
    let names = view.scale <= NAMES_UNTIL || scene.cast().nodes.len() <= ALWAYS_NAMED;
    let mut taken = vec![false; usize::from(area.width) * usize::from(area.height)];
    let mut labels = Vec::new();
    for (id, cast, node, at) in present(scene) {
        let chosen = ui.node() == Some(id) || ui.followed() == Some(id);
        if cast.mobile && !vehicles && !chosen {
            continue;
        }
        let Some((x, y)) = cell(view, at, area) else { continue };
        let (symbol, style) = if cast.mobile {
            let state = KeyState::of(node.state());
            (state.symbol(), theme.style(state.ink()))
        } else {
            (fixed_symbol(cast), theme.style(Ink::Fixed))
        };
        let style = if chosen {
            style.add_modifier(Modifier::REVERSED)
        } else {
            style
        };
        // A fixed node stays visible under a vehicle that passes it.
        let index = usize::from(y) * usize::from(area.width) + usize::from(x);
        if cast.mobile && taken[index] && !chosen {
            continue;
        }
        taken[index] = true;
        if let Some(cell) = buffer.cell_mut((area.x + x, area.y + y)) {
            cell.set_char(symbol).set_style(Style::reset().patch(style));
        }
        if names || chosen {
            labels.push((x, y, cast.name.as_str(), style));
        }
    }
    for (x, y, name, style) in labels {
        label(area, buffer, &mut taken, (x, y), name, style);
    }
}

/// Writes a name to the right of its symbol, or to the left, where nothing else stands; else not at all.
fn label(area: Rect, buffer: &mut Buffer, taken: &mut [bool], (x, y): (u16, u16), name: &str, style: Style) {
    let length = u16::try_from(name.chars().count()).unwrap_or(u16::MAX);
    let right = x
        .checked_add(1)
        .filter(|start| start.checked_add(length).is_some_and(|end| end <= area.width));
    let left = x.checked_sub(length);
    let row = usize::from(y) * usize::from(area.width);
    for start in [right, left].into_iter().flatten() {
        let cells = row + usize::from(start)..row + usize::from(start + length);
        let Some(cells) = taken.get_mut(cells).filter(|cells| cells.iter().all(|taken| !taken)) else {
            continue;
        };
        cells.fill(true);
        buffer.set_stringn(
            area.x + start,
            area.y + y,
            name,
            usize::from(length),
            Style::reset().patch(style),
        );
        return;
    }
}

/// The cell of a place, if it is on the map.
fn cell(view: Viewport, at: (f64, f64), area: Rect) -> Option<(u16, u16)> {
    let (x, y) = view.dots(at);
    let (x, y) = ((x / 2.0).floor(), (y / 4.0).floor());
    let inside = x >= 0.0 && y >= 0.0 && x < f64::from(area.width) && y < f64::from(area.height);
    // Within the area, so both fit.
    inside.then_some((x as u16, y as u16))
}
