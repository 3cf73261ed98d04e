//! Where the map looks.

use ratatui::layout::Rect;

use crate::event::NodeId;
use crate::metrics::scene::Scene;

/// Closest look, metres a dot.
const CLOSEST: f64 = 0.1;

/// How much further than the whole map one can draw back.
const FURTHEST: f64 = 4.0;

/// Where the map looks: at everything, unless the person chose otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Camera {
    /// Metres east and north in the middle; `None`: the middle of the map.
    centre: Option<(f64, f64)>,
    /// Metres a dot; `None`: so that the whole map is seen.
    scale: Option<f64>,
    /// The node that stays in the middle.
    pub follow: Option<NodeId>,
}

/// What part of the world is seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Metres east at the left edge.
    pub left: f64,
    /// Metres north at the upper edge.
    pub top: f64,
    /// Metres a dot.
    pub scale: f64,
}

impl Viewport {
    /// A place in dots from the upper left corner.
    pub fn dots(&self, (x, y): (f64, f64)) -> (f64, f64) {
        ((x - self.left) / self.scale, (self.top - y) / self.scale)
    }
}

impl Camera {
    /// What is seen in an area of cells.
    pub fn viewport(&self, scene: &Scene, area: Rect) -> Viewport {
        let bounds = bounds(scene);
        let scale = self.scale.unwrap_or_else(|| fit(bounds, area));
        let followed = self
            .follow
            .and_then(|node| scene.node(node))
            .and_then(|node| node.position);
        let (x, y) = followed
            .map(|at| at.metres())
            .or(self.centre)
            .unwrap_or_else(|| middle(bounds));
        let (width, height) = dots(area);
        // Whole cells: while a followed node moves within one, the ground need not be drawn again.
        let snap = |at: f64, cell: f64| (at / cell).floor() * cell;
        Viewport {
            left: snap(x - width * scale / 2.0, 2.0 * scale),
            top: snap(y + height * scale / 2.0, 4.0 * scale),
            scale,
        }
    }

    /// Moves by shares of what is seen. Whoever moves the map no longer follows a node.
    pub fn pan(&mut self, scene: &Scene, area: Rect, east: f64, north: f64) {
        let seen = self.viewport(scene, area);
        let (width, height) = dots(area);
        let (x, y) = self.middle_of(&seen, area);
        let bounds = bounds(scene);
        // The map never leaves the screen for good.
        let x = (x + east * width * seen.scale).clamp(bounds[0], bounds[2]);
        let y = (y + north * height * seen.scale).clamp(bounds[1], bounds[3]);
        *self = Camera {
            centre: Some((x, y)),
            scale: self.scale,
            follow: None,
        };
    }

    /// Multiplies the metres a dot.
    pub fn zoom(&mut self, scene: &Scene, area: Rect, by: f64) {
        let fit = fit(bounds(scene), area);
        let scale = self.scale.unwrap_or(fit);
        self.scale = Some((scale * by).clamp(CLOSEST.min(fit), (fit * FURTHEST).max(CLOSEST)));
    }

    fn middle_of(&self, seen: &Viewport, area: Rect) -> (f64, f64) {
        let (width, height) = dots(area);
        let snapped = (
            seen.left + width * seen.scale / 2.0,
            seen.top - height * seen.scale / 2.0,
        );
        // Steps add up from where the person is, not from where the grid snapped to.
        if self.follow.is_some() {
            snapped
        } else {
            self.centre.unwrap_or(snapped)
        }
    }
}

fn dots(area: Rect) -> (f64, f64) {
    (f64::from(area.width.max(1)) * 2.0, f64::from(area.height.max(1)) * 4.0)
}

fn middle(bounds: [f64; 4]) -> (f64, f64) {
    (f64::midpoint(bounds[0], bounds[2]), f64::midpoint(bounds[1], bounds[3]))
}

/// Metres a dot at which the bounds fill the area, with a little room around.
fn fit(bounds: [f64; 4], area: Rect) -> f64 {
    let (width, height) = dots(area);
    ((bounds[2] - bounds[0]) / width)
        .max((bounds[3] - bounds[1]) / height)
        .max(CLOSEST)
        * 1.04
}

/// The map's corners, or those of where nodes are if it has none; always finite and with some extent.
fn bounds(scene: &Scene) -> [f64; 4] {
    let map = scene.map().bounds.map(f64::from);
    let wide =
        |bounds: [f64; 4]| bounds.iter().all(|at| at.is_finite()) && bounds[2] > bounds[0] && bounds[3] > bounds[1];
    if wide(map) {
        return map;
    }
    let places = scene
        .nodes()
        .iter()
        .filter_map(|node| node.position)
        .map(|at| at.metres());
    let around = places.fold(
        [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY],
        |bounds, (x, y)| [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x), bounds[3].max(y)],
    );
    // In steps, so that the view does not crawl along with every vehicle.
    let step = |at: f64, up: f64| ((at / 250.0).floor() + up) * 250.0;
    let stepped = [
        step(around[0], 0.0),
        step(around[1], 0.0),
        step(around[2], 1.0),
        step(around[3], 1.0),
    ];
    if wide(stepped) {
        stepped
    } else {
        [0.0, 0.0, 1000.0, 1000.0]
    }
}
