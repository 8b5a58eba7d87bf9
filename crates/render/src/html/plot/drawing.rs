//! A chart as one picture in SVG that is as wide as the page lets it be.
//!
//! The outer element is the area of the panels: its height is of pixels, its width is the page's.
//! What has a size of its own (letters, marks) stands in it by percentages along the page; lines are
//! drawn in inner ones that are stretched, with strokes that are not. So the picture is right at any
//! width, without a script.

use super::scale::AxisRange;
use super::{Panel, Plot, PlotPoint, Shape, Trace, Unknown, class, labels, mark};
use crate::html::markup::Markup;

/// Units of an inner picture along the page.
const INNER: f64 = 1_000.0;
/// Room between two panels, px.
const BETWEEN: f64 = 18.0;

/// The picture.
pub(super) fn svg(plot: &Plot) -> Markup {
    let x = plot.extent();
    let gaps = BETWEEN * (plot.panels.len().saturating_sub(1)) as f64;
    let height = gaps + plot.panels.iter().map(|panel| panel.height).sum::<f64>();
    let has_names = plot.has_names() || plot.unknown.is_some();
    let greatest = plot.unknown.as_ref();
    let greatest =
        greatest.map(|unknown| format!("max {}", wsbench_record::units::span(unknown.most)));
    let label = match plot.answer.as_str() {
        "" => plot.title.clone(),
        answer => format!("{} {answer}", plot.title),
    };
    let height_px = format!("{height}");
    let bare = if has_names { "plot" } else { "plot bare" };
    let mut svg = Markup::new();
    svg.open(
        "svg",
        &[
            ("class", bare),
            ("height", &height_px),
            ("role", "img"),
            ("aria-label", &label),
        ],
    );
    let mut ends = Vec::new();
    let mut top = 0.0;
    for panel in &plot.panels {
        let y = panel.y.extent(&panel.y_values());
        let frame = PanelAxes {
            plot,
            panel,
            x: &x,
            y,
            top,
        };
        frame.draw(&mut svg, &mut ends, greatest.as_deref());
        top += panel.height + BETWEEN;
    }
    x_axis(&mut svg, plot, &x, height);
    names(&mut svg, &ends, height);
    svg.close("svg");
    svg
}

/// The end of a line, where its name stands.
struct LineEnd<'a> {
    name: &'a str,
    class: String,
    /// Along the page, percent.
    left: f64,
    /// Down the picture, px.
    top: f64,
}

/// One panel with the ends of its axes.
struct PanelAxes<'a> {
    plot: &'a Plot,
    panel: &'a Panel,
    x: &'a AxisRange,
    y: AxisRange,
    /// Its upper edge, px.
    top: f64,
}

impl<'a> PanelAxes<'a> {
    fn draw(&self, svg: &mut Markup, ends: &mut Vec<LineEnd<'a>>, greatest: Option<&'a str>) {
        self.unknown(svg);
        self.grid(svg);
        let view = format!("0 0 {INNER} {}", self.panel.height);
        let (top, height) = (tenth(self.top), tenth(self.panel.height));
        svg.open(
            "svg",
            &[
                ("viewBox", &view),
                ("preserveAspectRatio", "none"),
                ("width", "100%"),
                ("y", &top),
                ("height", &height),
            ],
        );
        for series in &self.panel.series {
            self.line(svg, series);
        }
        svg.close("svg");
        self.dead(svg);
        self.levels(svg);
        for series in &self.panel.series {
            self.marks(svg, series);
            if let (Some(last), true) = (series.points.last(), series.is_named()) {
                ends.push(LineEnd {
                    name: &series.name,
                    class: class(series.look),
                    left: 100.0 * self.plot.x.place(self.x, last.x),
                    top: self.down(last.y),
                });
            }
        }
        if let (Some(words), Some(unknown)) = (greatest, &self.plot.unknown) {
            ends.push(self.greatest(svg, words, unknown));
        }
    }

    /// Place of a value along the page, in percent.
    fn left(&self, value: f64) -> String {
        percent(self.plot.x.place(self.x, value))
    }

    /// Place of a value down the whole picture, px.
    fn down(&self, value: f64) -> f64 {
        self.top + self.panel.height * (1.0 - self.panel.y.place(&self.y, value))
    }

    /// Place of a point in the inner picture.
    fn inner(&self, x: f64, y: f64) -> String {
        let x = INNER * self.plot.x.place(self.x, x);
        let y = self.down(y) - self.top;
        format!("{} {}", tenth(x), tenth(y))
    }

    /// Lines across at the values that are written, and the values.
    fn grid(&self, svg: &mut Markup) {
        for tick in &self.y.ticks {
            let top = tenth(self.down(*tick));
            let class = if *tick == 0.0 { "axis" } else { "" };
            line(svg, class, ("0", &top), ("100%", &top));
            let words = self.panel.y.label(*tick);
            let attributes = [("x", "-8"), ("y", &*top), ("dy", "4"), ("class", "e")];
            svg.element("text", &attributes, &words);
        }
        if self.plot.x.scale == super::Scale::Nines {
            let (from, to) = (tenth(self.top), tenth(self.top + self.panel.height));
            for tick in &self.x.ticks {
                let left = self.left(*tick);
                line(svg, "", (&left, &from), (&left, &to));
            }
        }
    }

    /// The lines of a series, and the band about them.
    fn line(&self, svg: &mut Markup, series: &Trace) {
        let class = class(series.look);
        let band: Vec<(&PlotPoint, (f64, f64))> = series
            .points
            .iter()
            .filter_map(|point| Some((point, point.y_range?)))
            .collect();
        if series.shape == Shape::Line && band.len() > 1 {
            let highs = band.iter();
            let highs = highs.map(|(point, (_, high))| self.inner(point.x, *high));
            let lows = band.iter().rev();
            let lows = lows.map(|(point, (low, _))| self.inner(point.x, *low));
            let corners: Vec<String> = highs.chain(lows).collect();
            let (class, d) = (format!("band {class}"), format!("M{}z", corners.join(" ")));
            svg.element("path", &[("class", &class), ("d", &d)], "");
        }
        let d = match series.shape {
            Shape::Cloud => return,
            Shape::Line => self.joined(series),
            Shape::Steps => self.steps(series),
        };
        if !d.is_empty() {
            let thin = if series.is_thin { " thin" } else { "" };
            let class = format!("line {class}{thin}");
            svg.element("path", &[("class", &class), ("d", &d)], "");
        }
    }

    /// The path of joined points; a point that is no number breaks it.
    fn joined(&self, series: &Trace) -> String {
        let mut d = String::new();
        let mut is_begun = false;
        for point in &series.points {
            if point.y.is_finite() {
                d.push(if is_begun { ' ' } else { 'M' });
                d.push_str(&self.inner(point.x, point.y));
            }
            is_begun = point.y.is_finite();
        }
        d
    }

    /// The path of levels, each of which ends where its point stands.
    fn steps(&self, series: &Trace) -> String {
        let mut d = String::new();
        let mut from = self.x.from;
        for point in &series.points {
            let (start, end) = (self.inner(from, point.y), self.inner(point.x, point.y));
            d.push_str(if d.is_empty() { "M" } else { " " });
            d.push_str(&format!("{start} {end}"));
            from = point.x;
        }
        d
    }

    /// The marks of a series, and how far its points reach.
    fn marks(&self, svg: &mut Markup, series: &Trace) {
        let is_alone = series.points.len() == 1;
        for point in series.points.iter().filter(|point| point.y.is_finite()) {
            let is_cloud = series.shape == Shape::Cloud;
            if is_cloud {
                self.cross(svg, series, point);
            }
            if series.has_dots || is_cloud || is_alone || point.is_hollow || point.is_marked {
                self.mark(svg, series, point);
            }
            if !point.label.is_empty() {
                self.named(svg, series, point);
            }
        }
    }

    fn mark(&self, svg: &mut Markup, series: &Trace, point: &PlotPoint) {
        let hollow = if point.is_hollow { " hollow" } else { "" };
        let class = format!("{}{hollow}", class(series.look));
        let (left, top) = (self.left(point.x), tenth(self.down(point.y)));
        let attributes = [
            ("href", mark(series.look)),
            ("class", &class),
            ("x", &left),
            ("y", &top),
        ];
        if series.shape != Shape::Cloud {
            svg.element("use", &attributes, "");
            return;
        }
        let name = point.told(&series.name);
        let (x, y) = (self.plot.x.label(point.x), self.panel.y.label(point.y));
        svg.open("use", &attributes);
        let words = format!("{name}: {x}, {y}");
        svg.element("title", &[], words.trim_start_matches(": "));
        svg.close("use");
    }

    fn named(&self, svg: &mut Markup, series: &Trace, point: &PlotPoint) {
        let is_right = self.plot.x.place(self.x, point.x) > 0.7;
        let (dx, end) = if is_right { ("-8", " e") } else { ("8", "") };
        let class = format!("name {}{end}", class(series.look));
        let (left, top) = (self.left(point.x), tenth(self.down(point.y)));
        let attributes = [
            ("x", &*left),
            ("y", &*top),
            ("dx", dx),
            ("dy", "-5"),
            ("class", &*class),
        ];
        svg.element("text", &attributes, &point.label);
    }

    /// Draws how far a point reaches.
    fn cross(&self, svg: &mut Markup, series: &Trace, point: &PlotPoint) {
        let class = format!("range {}", class(series.look));
        let (left, top) = (self.left(point.x), tenth(self.down(point.y)));
        if let Some((low, high)) = point.x_range {
            let (from, to) = (self.left(low), self.left(high));
            line(svg, &class, (&from, &top), (&to, &top));
        }
        if let Some((low, high)) = point.y_range {
            let (from, to) = (tenth(self.down(low)), tenth(self.down(high)));
            line(svg, &class, (&left, &from), (&left, &to));
        }
    }

    fn levels(&self, svg: &mut Markup) {
        for level in &self.panel.levels {
            let top = tenth(self.down(level.y));
            line(svg, "level", ("0", &top), ("100%", &top));
            let attributes = [("x", "6"), ("y", &*top), ("dy", "-5"), ("class", "level")];
            svg.element("text", &attributes, &level.name);
        }
    }

    /// Stretches in which nothing lived, with the cause of the first.
    fn dead(&self, svg: &mut Markup) {
        for (at, dead) in self.plot.dead.iter().enumerate() {
            let place = |value| self.plot.x.place(self.x, value);
            let (from, to) = (place(dead.from), place(dead.to));
            let (top, height) = (tenth(self.top), tenth(self.panel.height));
            let attributes = [
                ("class", "dead"),
                ("x", &*percent(from)),
                ("width", &*percent(to - from)),
                ("y", &*top),
                ("height", &*height),
            ];
            svg.element("rect", &attributes, "");
            if at == 0 && self.top == 0.0 {
                let attributes = [
                    ("class", "dead m"),
                    ("x", &*percent((from + to) / 2.0)),
                    ("y", "14"),
                ];
                svg.element("text", &attributes, &dead.cause);
            }
        }
    }

    /// The field of percentiles that samples do not support.
    fn unknown(&self, svg: &mut Markup) {
        let Some(unknown) = &self.plot.unknown else {
            return;
        };
        let from = self.plot.x.place(self.x, unknown.from);
        let height = tenth(self.panel.height);
        let attributes = [
            ("class", "off"),
            ("x", &*percent(from)),
            ("width", &*percent(1.0 - from)),
            ("height", &*height),
        ];
        svg.element("rect", &attributes, "");
        let (middle, low) = (percent((1.0 + from) / 2.0), tenth(self.panel.height - 8.0));
        let attributes = [("class", "m"), ("x", &*middle), ("y", &*low)];
        svg.element("text", &attributes, "not known");
    }

    /// The greatest value, in the field of what is not known.
    fn greatest(&self, svg: &mut Markup, words: &'a str, unknown: &Unknown) -> LineEnd<'a> {
        let top = self.down(unknown.most).max(self.top + 6.0);
        let (left, at) = (percent(0.99), tenth(top));
        let attributes = [("href", "#mx"), ("class", "c0"), ("x", &*left), ("y", &*at)];
        svg.element("use", &attributes, "");
        LineEnd {
            name: words,
            class: "plain".to_owned(),
            left: 100.0,
            top,
        }
    }
}

impl Plot {
    /// True where names stand at the ends of lines.
    fn has_names(&self) -> bool {
        let mut series = self.panels.iter().flat_map(|panel| &panel.series);
        series.any(Trace::is_named)
    }
}

impl Trace {
    fn is_named(&self) -> bool {
        self.shape != Shape::Cloud && !self.is_thin && !self.name.is_empty()
    }
}

/// The values along the page.
fn x_axis(svg: &mut Markup, plot: &Plot, x: &AxisRange, height: f64) {
    let bottom = tenth(height);
    line(svg, "axis", ("0", &bottom), ("100%", &bottom));
    let last = x.ticks.len().saturating_sub(1);
    for (at, tick) in x.ticks.iter().enumerate() {
        let left = percent(plot.x.place(x, *tick));
        // Of many values every other one has no room on a narrow page.
        let class = if (last - at) % 2 == 1 && last > 3 {
            "m odd"
        } else {
            "m"
        };
        let attributes = [
            ("x", &*left),
            ("y", &*bottom),
            ("dy", "15"),
            ("class", class),
        ];
        svg.element("text", &attributes, &plot.x.label(*tick));
    }
    if !plot.x.name.is_empty() {
        let attributes = [("x", "100%"), ("y", &*bottom), ("dy", "28"), ("class", "e")];
        svg.element("text", &attributes, &plot.x.name);
    }
}

/// The names at the ends of lines, each with a leader.
fn names(svg: &mut Markup, ends: &[LineEnd<'_>], height: f64) {
    let wanted: Vec<f64> = ends.iter().map(|end| end.top).collect();
    for (end, place) in ends.iter().zip(labels::apart(&wanted, height)) {
        let (left, top) = (format!("{:.1}%", end.left), tenth(end.top));
        if end.left < 98.0 {
            line(svg, "", (&left, &top), ("100%", &top));
        }
        svg.open("svg", &[("x", "100%")]);
        let d = format!("M0 {top}L8 {}", tenth(place));
        svg.element("path", &[("d", &d)], "");
        let (class, base) = (format!("end {}", end.class), tenth(place + 4.0));
        let attributes = [("class", &*class), ("x", "11"), ("y", &*base)];
        svg.element("text", &attributes, end.name).close("svg");
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
    let skip = usize::from(class.is_empty());
    svg.element("line", &attributes[skip..], "");
}

/// A share of a side.
pub(in crate::html) fn percent(share: f64) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// A place to a tenth.
fn tenth(place: f64) -> String {
    let text = format!("{place:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}
