//! What moves: transmissions under way, the selected message, and on top of all the nodes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use roadveil_role::Time;

use super::{Grid, Ground, Viewport, nodes};
use crate::event::NodeId;
use crate::metrics::scene::{Entry, Medium, Scene};
use crate::tui::theme::Ink;
use crate::tui::ui::Ui;

/// How long a transmission stays on the map, nanoseconds of virtual time: long enough to be seen at real speed.
const TRACE: u64 = 200_000_000;

/// Most rings at once; of more, only those of the newest transmissions can be told apart.
const MAX_RINGS: usize = 24;

/// Most unicasts at once.
const MAX_LINES: usize = 200;

/// How far a ring has grown when it fades, metres.
const REACH: f64 = 150.0;

/// The same in dots: from far away a ring must be seen at all, from near it must not hide the map.
const DOTS: (f64, f64) = (5.0, 18.0);

/// Draws the map.
pub fn draw(scene: &Scene, ui: &Ui, area: Rect, buffer: &mut Buffer, ground: &mut Ground, moving: &mut Grid) {
    if area.is_empty() {
        return;
    }
    let theme = ui.theme();
    let view = ui.camera().viewport(scene, area);
    ground.grid(scene.cast(), view, area).blit(area, buffer, theme);
    moving.reset(area.width, area.height);
    activity(scene, view, moving);
    if let Some(entry) = ui.selected() {
        outcome(scene, entry, view, moving);
    }
    nodes::dots(scene, view, area, moving);
    moving.blit(area, buffer, theme);
    nodes::symbols(scene, ui, view, area, buffer);
}

/// Rings around senders of broadcasts, lines for everything that has one receiver.
fn activity(scene: &Scene, view: Viewport, grid: &mut Grid) {
    let since = scene.now().0.saturating_sub(TRACE);
    let (mut rings, mut lines) = (0, 0);
    for entry in scene.flow().iter().rev() {
        let end = match entry.medium {
            Medium::Wire { fate: Ok(arrives) } => arrives.0.max(entry.at.0),
            _ => entry.at.0,
        };
        // Packets on a slow link may be older than what came after them; past twice the time nothing is left to show.
        if entry.at.0 < since.saturating_sub(TRACE) {
            break;
        }
        let Some(from) = entry.place.map(|at| at.metres()).filter(|_| end >= since) else {
            continue;
        };
        match entry.medium {
            Medium::Air { .. } if entry.to.is_none() => {
                rings += 1;
                if rings <= MAX_RINGS {
                    ring(view, grid, from, scene.now().0 - entry.at.0.min(scene.now().0));
                }
            }
            Medium::Air { .. } => {
                lines += 1;
                if let Some(to) = entry.to.and_then(|to| place(scene, to)).filter(|_| lines <= MAX_LINES) {
                    let ink = if entry.lost > 0 && entry.delivered == 0 {
                        Ink::Bad
                    } else {
                        Ink::Unicast
                    };
                    grid.line(view.dots(from), view.dots(to), ink, 1);
                }
            }
            Medium::Wire { fate } => {
                lines += 1;
                if let Some(to) = entry.to.and_then(|to| place(scene, to)).filter(|_| lines <= MAX_LINES) {
                    wire(view, grid, (from, to), entry.at, fate.ok(), scene.now());
                }
            }
        }
    }
}

fn ring(view: Viewport, grid: &mut Grid, from: (f64, f64), age: u64) {
    let grown = age as f64 / TRACE as f64;
    let reach = (REACH / view.scale).clamp(DOTS.0, DOTS.1);
    grid.circle(view.dots(from), 1.0 + (reach - 1.0) * grown, Ink::Ring);
}

/// A packet, as far as it has come.
fn wire(
    view: Viewport,
    grid: &mut Grid,
    (from, to): ((f64, f64), (f64, f64)),
    left: Time,
    arrives: Option<Time>,
    now: Time,
) {
    let (from, to) = (view.dots(from), view.dots(to));
    let Some(arrives) = arrives else {
        return grid.line(from, to, Ink::Bad, 4);
    };
    let span = arrives.since(left).as_secs_f64();
    let share = if span > 0.0 {
        (now.since(left).as_secs_f64() / span).min(1.0)
    } else {
        1.0
    };
    let reached = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
    grid.line(from, reached, Ink::Wire, 2);
}

/// From the sender to every candidate: whole where it arrived, broken where it did not.
fn outcome(scene: &Scene, entry: &Entry, view: Viewport, grid: &mut Grid) {
    let Some(from) = entry.place.map(|at| at.metres()) else {
        return;
    };
    for reception in &entry.receptions {
        if let Some(to) = place(scene, reception.node) {
            let (ink, gap) = if entry.outcome(reception).is_none() {
                (Ink::Good, 1)
            } else {
                (Ink::Bad, 3)
            };
            grid.line(view.dots(from), view.dots(to), ink, gap);
        }
    }
}

fn place(scene: &Scene, node: NodeId) -> Option<(f64, f64)> {
    scene.node(node).and_then(|node| node.position).map(|at| at.metres())
}
