//! Where things stand, by the size of the terminal alone.

use ratatui::layout::Rect;

use super::ui::Pane;

/// The smallest screen that is drawn: columns and rows.
pub const MIN: (u16, u16) = (80, 24);

/// Three arrangements; a larger screen shows more panes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Small,
    Medium,
    Large,
}

impl Class {
    fn of(area: Rect) -> Class {
        match (area.width, area.height) {
            (160.., 44..) => Class::Large,
            (112.., 34..) => Class::Medium,
            _ => Class::Small,
        }
    }
}

/// A place on the screen: the panes that share it, as tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Who shares it.
    pub panes: &'static [Pane],
    /// Where, its title row included.
    pub area: Rect,
}

impl Place {
    /// Below the title.
    pub fn inner(&self) -> Rect {
        inner(self.area)
    }
}

/// The area below a pane's title.
pub fn inner(area: Rect) -> Rect {
    Rect {
        y: area.y.saturating_add(1),
        height: area.height.saturating_sub(1),
        ..area
    }
}

/// The whole screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// First row.
    pub header: Rect,
    /// Second row.
    pub timeline: Rect,
    /// Everything between.
    pub main: Rect,
    /// The panes.
    pub places: Vec<Place>,
    /// The column between left and right.
    pub gap: Rect,
    /// Last row.
    pub footer: Rect,
}

/// Too small to draw?
pub fn too_small(area: Rect) -> bool {
    area.width < MIN.0 || area.height < MIN.1
}

/// Arranges a screen.
pub fn layout(area: Rect) -> Layout {
    let row = |y: u16| Rect {
        x: area.x,
        y: area.y.saturating_add(y),
        width: area.width,
        height: 1.min(area.height),
    };
    let main = Rect {
        y: area.y.saturating_add(2),
        height: area.height.saturating_sub(3),
        ..area
    };
    let (places, gap) = match Class::of(area) {
        Class::Small => small(main),
        Class::Medium => medium(main),
        Class::Large => large(main),
    };
    Layout {
        header: row(0),
        timeline: row(1),
        main,
        places,
        gap,
        footer: row(area.height.saturating_sub(1)),
    }
}

fn place(panes: &'static [Pane], area: Rect) -> Place {
    Place { panes, area }
}

/// The upper `share` hundredths, and the rest.
fn above(area: Rect, share: u16) -> (Rect, Rect) {
    let height = part(area.height, share);
    (
        Rect { height, ..area },
        Rect {
            y: area.y + height,
            height: area.height - height,
            ..area
        },
    )
}

/// The left `share` hundredths, a column, and the rest.
fn beside(area: Rect, share: u16) -> (Rect, Rect, Rect) {
    let width = part(area.width, share);
    let rest = area.width.saturating_sub(width + 1);
    let gap = Rect {
        x: area.x + width,
        width: area.width.saturating_sub(width).min(1),
        ..area
    };
    (
        Rect { width, ..area },
        gap,
        Rect {
            x: area.x + area.width - rest,
            width: rest,
            ..area
        },
    )
}

fn part(length: u16, share: u16) -> u16 {
    u16::try_from(u32::from(length) * u32::from(share) / 100).unwrap_or(length)
}

/// Map and flow above, everything else in tabs below.
fn small(main: Rect) -> (Vec<Place>, Rect) {
    let (top, bottom) = above(main, 58);
    let (left, gap, right) = beside(top, 47);
    let places = vec![
        place(&[Pane::Map], left),
        place(&[Pane::Flow], right),
        place(
            &[Pane::Message, Pane::Nodes, Pane::Losses, Pane::Views, Pane::Events],
            bottom,
        ),
    ];
    (places, gap)
}

/// Map over message on the left, flow over nodes on the right.
fn medium(main: Rect) -> (Vec<Place>, Rect) {
    let (left, gap, right) = beside(main, 57);
    let (map, message) = above(left, 60);
    let (flow, nodes) = above(right, 60);
    let places = vec![
        place(&[Pane::Map], map),
        place(&[Pane::Flow], flow),
        place(&[Pane::Message, Pane::Losses, Pane::Views, Pane::Events], message),
        place(&[Pane::Nodes], nodes),
    ];
    (places, gap)
}

/// Two columns of two and three.
fn large(main: Rect) -> (Vec<Place>, Rect) {
    let (left, gap, right) = beside(main, 59);
    let (map, message) = above(left, 60);
    let (flow, rest) = above(right, 42);
    let (nodes, tabs) = above(rest, 50);
    let places = vec![
        place(&[Pane::Map], map),
        place(&[Pane::Flow], flow),
        place(&[Pane::Message, Pane::Views], message),
        place(&[Pane::Nodes], nodes),
        place(&[Pane::Losses, Pane::Events], tabs),
    ];
    (places, gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pane_has_one_place_at_every_size() {
        for (width, height) in [(80, 24), (111, 60), (112, 34), (159, 48), (160, 44), (300, 100)] {
            let layout = layout(Rect::new(0, 0, width, height));
            for pane in Pane::ALL
                .into_iter()
                .filter(|pane| !matches!(pane, Pane::Timeline | Pane::Node))
            {
                let count = layout.places.iter().filter(|place| place.panes.contains(&pane)).count();
                assert_eq!(count, 1, "{pane:?} at {width}x{height}");
            }
        }
    }

    #[test]
    fn nothing_overlaps_or_leaves_the_screen() {
        for width in (1..300).step_by(7) {
            for height in 1..100 {
                let screen = Rect::new(0, 0, width, height);
                let layout = layout(screen);
                for (index, place) in layout.places.iter().enumerate() {
                    assert_eq!(place.area.intersection(screen), place.area, "{width}x{height}");
                    for other in &layout.places[index + 1..] {
                        assert!(place.area.intersection(other.area).is_empty(), "{width}x{height}");
                    }
                }
            }
        }
    }
}
