//! Plots as SVG.

use std::fmt::Display;
use std::ops::Range;

use plotters::coord::ranged1d::ValueFormatter;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use thiserror::Error;

/// Width and height of a picture, pixels.
const SIZE: (u32, u32) = (760, 420);
/// Colours of the series, in their order: told apart also by those who do not see red and green apart.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 90, 160),
    RGBColor(200, 90, 0),
    RGBColor(0, 130, 95),
    RGBColor(140, 70, 140),
    RGBColor(90, 90, 90),
    RGBColor(185, 140, 0),
];
const FONT: &str = "sans-serif";

/// How values stand along the vertical axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// From 0 to 1, the legend below on the left: ratios fall towards the right, and leave that corner free.
    Ratio,
    /// From 0 to above the greatest, the legend above on the left.
    Linear,
    /// By powers of ten, the legend above on the left. What is not above 0 is not drawn.
    Log,
}

/// A plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// What is along the horizontal axis.
    pub x: String,
    /// What is along the vertical axis.
    pub y: String,
    /// How it stands there.
    pub scale: Scale,
    /// What is drawn, in this order.
    pub series: Vec<Series>,
}

/// Points of a plot that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Are its points joined by a line? Else each is a circle.
    pub joined: bool,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// A plot that cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cannot draw the plot: {0}")]
pub struct PlotError(String);

impl PlotError {
    fn of(error: impl Display) -> PlotError {
        PlotError(error.to_string())
    }
}

/// The plot as SVG, the same text for the same plot.
///
/// # Errors
/// If a coordinate cannot be drawn.
pub fn svg(plot: &Plot) -> Result<String, PlotError> {
    let mut text = String::new();
    draw(plot, SVGBackend::with_string(&mut text, SIZE).into_drawing_area())?;
    Ok(text)
}

fn draw(plot: &Plot, area: DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Result<(), PlotError> {
    area.fill(&WHITE).map_err(PlotError::of)?;
    let mut chart = ChartBuilder::on(&area);
    chart
        .caption(&plot.title, (FONT, 17))
        .margin(12)
        .margin_right(24)
        .x_label_area_size(42)
        .y_label_area_size(if plot.scale == Scale::Ratio { 54 } else { 76 });
    let (least, most) = extent(plot);
    // Room for the legend above what grows: a third of the height.
    let above = most * libm::sqrt(most / least).max(10.0);
    let chart = match plot.scale {
        Scale::Ratio => {
            let chart = chart.build_cartesian_2d(span(plot), 0.0..1.02);
            furnish(plot, chart.map_err(PlotError::of)?)
        }
        Scale::Linear => {
            let chart = chart.build_cartesian_2d(span(plot), 0.0..most * 1.4);
            furnish(plot, chart.map_err(PlotError::of)?)
        }
        Scale::Log => {
            let chart = chart.build_cartesian_2d(span(plot), (least / 2.0..above).log_scale());
            furnish(plot, chart.map_err(PlotError::of)?)
        }
    };
    chart?;
    area.present().map_err(PlotError::of)
}

/// Axes, points, legend.
fn furnish<'a, 'b: 'a, Y>(
    plot: &'a Plot,
    mut chart: ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, Y>>,
) -> Result<(), PlotError>
where
    Y: Ranged<ValueType = f64> + ValueFormatter<f64> + 'a,
{
    chart
        .configure_mesh()
        .x_desc(&plot.x)
        .y_desc(&plot.y)
        .y_labels(6)
        .x_label_formatter(&|x| x.to_string())
        // Whole numbers without decimals.
        .y_label_formatter(&|y| match plot.scale {
            Scale::Ratio => format!("{y:.1}"),
            Scale::Linear | Scale::Log => (libm::round(y * 1e6) / 1e6).to_string(),
        })
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.15))
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 14))
        .draw()
        .map_err(PlotError::of)?;
    for (series, colour) in plot.series.iter().zip(COLOURS.into_iter().cycle()) {
        let drawable = |point: &(f64, f64)| plot.scale != Scale::Log || point.1 > 0.0;
        let points = series.points.iter().copied().filter(drawable);
        let drawn = if series.joined {
            chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))
        } else {
            chart.draw_series(points.map(|point| Circle::new(point, 4, colour.stroke_width(2))))
        };
        let joined = series.joined;
        drawn.map_err(PlotError::of)?.label(&series.name).legend(move |(x, y)| {
            if joined {
                PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)).into_dyn()
            } else {
                Circle::new((x + 9, y), 4, colour.stroke_width(2)).into_dyn()
            }
        });
    }
    chart
        .configure_series_labels()
        .position(match plot.scale {
            Scale::Ratio => SeriesLabelPosition::LowerLeft,
            Scale::Linear | Scale::Log => SeriesLabelPosition::UpperLeft,
        })
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK.mix(0.3))
        .label_font((FONT, 13))
        .draw()
        .map_err(PlotError::of)
}

/// The least value above 0, and the greatest.
fn extent(plot: &Plot) -> (f64, f64) {
    let values = || {
        plot.series
            .iter()
            .flat_map(|series| &series.points)
            .map(|point| point.1)
    };
    let above = || values().filter(|value| *value > 0.0);
    let (least, most) = (above().fold(f64::INFINITY, f64::min), above().fold(0.0, f64::max));
    if most > 0.0 { (least, most) } else { (0.1, 1.0) }
}

/// From 0 to behind the last point.
fn span(plot: &Plot) -> Range<f64> {
    let last = plot
        .series
        .iter()
        .flat_map(|series| &series.points)
        .map(|point| point.0)
        .fold(0.0, f64::max);
    0.0..if last > 0.0 { last * 1.05 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot() -> Plot {
        Plot {
            title: "a <b> & c".to_owned(),
            x: "metres".to_owned(),
            y: "ratio".to_owned(),
            scale: Scale::Ratio,
            series: vec![
                Series {
                    name: "ours".to_owned(),
                    joined: true,
                    points: vec![(0.0, 1.0), (100.0, 0.5)],
                },
                Series {
                    name: "theirs".to_owned(),
                    joined: false,
                    points: vec![(50.0, 0.75), (100.0, 0.5), (150.0, 0.25)],
                },
            ],
        }
    }

    #[test]
    fn lines_and_circles_are_drawn_and_text_is_escaped() {
        let svg = svg(&plot()).expect("drawn");
        assert!(svg.contains("a &lt;b&gt; &amp; c"), "{svg}");
        assert!(svg.contains("ours") && svg.contains("theirs") && svg.contains("metres"));
        // Three points and one in the legend.
        assert_eq!(svg.matches("<circle").count(), 4, "{svg}");
        assert_eq!(super::svg(&plot()).expect("drawn"), svg);
    }

    #[test]
    fn a_plot_of_nothing_is_a_plot() {
        for scale in [Scale::Ratio, Scale::Linear, Scale::Log] {
            let nothing = Plot {
                series: Vec::new(),
                scale,
                ..plot()
            };
            assert!(svg(&nothing).is_ok());
        }
    }

    #[test]
    fn values_above_one_have_their_place_on_other_scales_and_nothing_has_none_among_powers() {
        let high = |scale, y| Plot {
            scale,
            series: vec![Series {
                name: "ours".to_owned(),
                joined: false,
                points: vec![(1.0, y), (2.0, 2.0), (3.0, 500_000.0)],
            }],
            ..plot()
        };
        let circles = |scale, y| svg(&high(scale, y)).expect("drawn").matches("<circle").count();
        assert_eq!(circles(Scale::Linear, 0.0), 4);
        assert_eq!(circles(Scale::Log, 1.0), 4);
        assert_eq!(circles(Scale::Log, 0.0), 3, "no power of ten is 0");
        let of = |scale| svg(&high(scale, 1.0)).expect("drawn");
        assert_ne!(of(Scale::Linear), of(Scale::Log));
    }
}
