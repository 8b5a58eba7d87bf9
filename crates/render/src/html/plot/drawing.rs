//! A plot as a picture in SVG that is as wide as the page lets it be.
//!
//! The outer element is the area of the plot, and all that has a size of its own (letters, dots)
//! stands in it by percentages; lines are drawn in an inner one that is stretched, with strokes
//! that are not. So the picture is right at any width, without a script.

use super::scale::Extent;
use super::{Plot, Point, Trace};
use crate::html::markup::Markup;

/// Units of the inner picture along each side.
const INNER: f64 = 1_000.0;
/// Greys are thin.
const THIN: &str = "thin";

/// The picture.
pub(super) fn svg(plot: &Plot) -> Markup {
    let (x, y) = (
        plot.x.extent(&plot.x_values()),
        plot.y.extent(&plot.y_values()),
    );
    let frame = Frame { plot, x, y };
    let mut svg = Markup::new();
    let label = format!("{}: {} over {}", plot.title, plot.y.name, plot.x.name);
    svg.open(
        "svg",
        &[("class", "static"), ("role", "img"), ("aria-label", &label)],
    );
    frame.grid(&mut svg);
    let view = format!("0 0 {INNER} {INNER}");
    svg.open(
        "svg",
        &[
            ("class", "inner"),
            ("viewBox", &view),
            ("preserveAspectRatio", "none"),
            ("width", "100%"),
            ("height", "100%"),
        ],
    );
    for series in &plot.series {
        frame.line(&mut svg, series);
    }
    svg.close("svg");
    frame.levels(&mut svg);
    for series in &plot.series {
        frame.dots(&mut svg, series);
    }
    svg.close("svg");
    svg
}

/// A plot with the ends of its axes.
struct Frame<'a> {
    plot: &'a Plot,
    x: Extent,
    y: Extent,
}

impl Frame<'_> {
    /// Place of a value along the page, in percent.
    fn left(&self, value: f64) -> String {
        percent(self.plot.x.place(&self.x, value))
    }

    /// Place of a value down the page, in percent.
    fn top(&self, value: f64) -> String {
        percent(1.0 - self.plot.y.place(&self.y, value))
    }

    /// Place of a point in the inner picture.
    fn inner(&self, x: f64, y: f64) -> String {
        let x = INNER * self.plot.x.place(&self.x, x);
        let y = INNER * (1.0 - self.plot.y.place(&self.y, y));
        format!("{x:.1},{y:.1}")
    }

    /// Lines across at the values that are written, and the values.
    fn grid(&self, svg: &mut Markup) {
        for tick in &self.y.ticks {
            let top = self.top(*tick);
            line(svg, "grid", ("0", &top), ("100%", &top));
            svg.element(
                "text",
                &[
                    ("x", "0"),
                    ("dx", "-8"),
                    ("y", &top),
                    ("dy", "4"),
                    ("class", "e"),
                ],
                &self.plot.y.label(*tick),
            );
        }
        let last = self.x.ticks.len().saturating_sub(1);
        for (at, tick) in self.x.ticks.iter().enumerate() {
            let left = self.left(*tick);
            line(svg, "tick", (&left, "100%"), (&left, "101.5%"));
            // Of many values every other one has no room on a narrow page.
            let class = if (last - at) % 2 == 1 && last > 3 {
                "m odd"
            } else {
                "m"
            };
            svg.element(
                "text",
                &[("x", &left), ("y", "100%"), ("dy", "20"), ("class", class)],
                &self.plot.x.label(*tick),
            );
        }
        line(svg, "axis", ("0", "100%"), ("100%", "100%"));
    }

    fn line(&self, svg: &mut Markup, series: &Trace) {
        let class = series.class();
        let band: Vec<(&Point, (f64, f64))> = series
            .points
            .iter()
            .filter_map(|point| Some((point, point.y_range?)))
            .collect();
        if series.is_joined && band.len() > 1 {
            let highs = band
                .iter()
                .map(|(point, (_, high))| self.inner(point.x, *high));
            let lows = band.iter().rev();
            let lows = lows.map(|(point, (low, _))| self.inner(point.x, *low));
            let corners: Vec<String> = highs.chain(lows).collect();
            let class = format!("band {class}");
            svg.element(
                "polygon",
                &[("class", &class), ("points", &corners.join(" "))],
                "",
            );
        }
        if series.is_joined && series.points.len() > 1 {
            let points = series.points.iter();
            let points: Vec<String> = points.map(|p| self.inner(p.x, p.y)).collect();
            let dashed = if series.is_dashed { " dashed" } else { "" };
            let thin = if series.colour.is_none() { THIN } else { "" };
            let class = format!("line {class}{dashed} {thin}");
            svg.open(
                "polyline",
                &[("class", &class), ("points", &points.join(" "))],
            );
            svg.element("title", &[], &series.name).close("polyline");
        }
    }

    fn dots(&self, svg: &mut Markup, series: &Trace) {
        let is_alone = series.points.len() == 1;
        for point in &series.points {
            let (left, top) = (self.left(point.x), self.top(point.y));
            if !series.is_joined {
                self.cross(svg, series, point);
            }
            if series.has_dots || !series.is_joined || is_alone || point.is_hollow {
                let hollow = if point.is_hollow { " hollow" } else { "" };
                let class = format!("dot {}{hollow}", series.class());
                svg.open(
                    "circle",
                    &[("class", &class), ("cx", &left), ("cy", &top), ("r", "4")],
                );
                let name = if point.label.is_empty() {
                    &series.name
                } else {
                    &point.label
                };
                let (x, y) = (self.plot.x.label(point.x), self.plot.y.label(point.y));
                let words = format!("{name}: {} {x}, {} {y}", self.plot.x.name, self.plot.y.name);
                svg.element("title", &[], words.trim_start_matches(": "));
                svg.close("circle");
            }
            if !point.label.is_empty() && series.colour.is_some() {
                let is_right = self.plot.x.place(&self.x, point.x) > 0.7;
                let (dx, class) = if is_right {
                    ("-8", "e name")
                } else {
                    ("8", "name")
                };
                svg.element(
                    "text",
                    &[
                        ("x", &left),
                        ("y", &top),
                        ("dx", dx),
                        ("dy", "-6"),
                        ("class", class),
                    ],
                    &point.label,
                );
            }
        }
    }

    /// Draws how far a point reaches.
    fn cross(&self, svg: &mut Markup, series: &Trace, point: &Point) {
        let class = format!("cross {}", series.class());
        let (left, top) = (self.left(point.x), self.top(point.y));
        if let Some((low, high)) = point.x_range {
            line(
                svg,
                &class,
                (&self.left(low), &top),
                (&self.left(high), &top),
            );
        }
        if let Some((low, high)) = point.y_range {
            line(
                svg,
                &class,
                (&left, &self.top(low)),
                (&left, &self.top(high)),
            );
        }
    }

    fn levels(&self, svg: &mut Markup) {
        for level in &self.plot.levels {
            let top = self.top(level.y);
            line(svg, "level", ("0", &top), ("100%", &top));
            svg.element(
                "text",
                &[
                    ("x", "0"),
                    ("y", &top),
                    ("dx", "6"),
                    ("dy", "-5"),
                    ("class", "level"),
                ],
                &level.name,
            );
        }
    }
}

/// A straight line between two places.
pub(in crate::html) fn line(svg: &mut Markup, class: &str, from: (&str, &str), to: (&str, &str)) {
    let attributes = [
        ("class", class),
        ("x1", from.0),
        ("y1", from.1),
        ("x2", to.0),
        ("y2", to.1),
    ];
    svg.element("line", &attributes, "");
}

/// A share of a side.
fn percent(share: f64) -> String {
    format!("{:.2}%", 100.0 * share)
}
