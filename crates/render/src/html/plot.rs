//! A plot: what is drawn, before anybody draws it.
//!
//! It is drawn twice. [`drawing`] makes a picture that is there without scripts and on paper; the
//! page's script replaces it by one that tells values under the pointer and zooms. Both see the
//! same axes, so neither says more than the other.

pub(super) mod drawing;
pub(super) mod scale;

use serde_json::{Value, json};

use super::markup::Markup;

pub(super) use scale::{Axis, Scale, Unit};

/// Colours that there are; a series beyond them is grey.
pub(super) const COLOURS: usize = 8;

/// A plot with its words.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// What is seen, in a few words.
    pub(super) title: String,
    /// What has to be known to read it; may be empty.
    pub(super) caption: String,
    /// Along the page.
    pub(super) x: Axis,
    /// Up the page.
    pub(super) y: Axis,
    /// What is drawn, the last on top.
    pub(super) series: Vec<Series>,
    /// Levels across the plot: an objective.
    pub(super) levels: Vec<Level>,
}

/// One line or cloud of points.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    /// Its name in the legend.
    pub(super) name: String,
    /// Which of the colours; `None` is grey.
    pub(super) colour: Option<usize>,
    /// Whether neighbouring points are joined.
    pub(super) is_joined: bool,
    /// Whether the line is dashed.
    pub(super) is_dashed: bool,
    /// Whether points are marked even where they are joined.
    pub(super) has_dots: bool,
    /// Its points, by rising x where they are joined.
    pub(super) points: Vec<Point>,
}

/// One point.
#[derive(Clone, Debug, Default)]
pub(super) struct Point {
    /// Along the page.
    pub(super) x: f64,
    /// Up the page.
    pub(super) y: f64,
    /// How far it reaches along the page.
    pub(super) x_range: Option<(f64, f64)>,
    /// How far it reaches up the page: the cross, or the band of a line.
    pub(super) y_range: Option<(f64, f64)>,
    /// Whether it is of an overload, and drawn hollow.
    pub(super) is_hollow: bool,
    /// What stands beside it; may be empty.
    pub(super) label: String,
}

impl Point {
    /// A point without a range.
    pub(super) fn at(x: f64, y: f64) -> Self {
        Self {
            x,
            y,
            ..Self::default()
        }
    }
}

/// A level across the plot.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// What it is.
    pub(super) name: String,
    /// Where.
    pub(super) y: f64,
}

impl Plot {
    /// Whether there is anything to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.is_empty())
    }

    /// The plot as a figure: the picture, its legend, and what the script needs to draw it again.
    /// `number` is its own on the page.
    pub(super) fn figure(&self, number: usize) -> Markup {
        let mut figure = Markup::new();
        if self.is_empty() {
            return figure;
        }
        let id = format!("plot-{number}");
        figure.open("figure", &[("class", "plot"), ("id", &id)]);
        figure.open("figcaption", &[]);
        figure.element("strong", &[], &self.title);
        if !self.caption.is_empty() {
            figure.text(" ").element("span", &[], &self.caption);
        }
        figure.close("figcaption");
        figure.element("div", &[("class", "y-name")], &self.y.name);
        figure.push(&drawing::svg(self));
        figure.element("div", &[("class", "x-name")], &self.x.name);
        figure.push(&self.legend());
        // Points that are told by labels and crosses are not for the script.
        if self.series.iter().all(|series| series.is_joined) {
            figure.open("script", &[("type", "application/json")]);
            figure.constant(&self.data().to_string().replace('<', "\\u003c"));
            figure.close("script");
        }
        figure.close("figure");
        figure
    }

    fn legend(&self) -> Markup {
        let mut legend = Markup::new();
        let named: Vec<&Series> = self
            .series
            .iter()
            .filter(|series| !series.name.is_empty())
            .collect();
        if named.len() > 1 {
            legend.open("ul", &[("class", "legend")]);
            for series in named {
                let class = series.class();
                let dashed = if series.is_dashed { " dashed" } else { "" };
                let class = format!("swatch {class}{dashed}");
                legend.open("li", &[]).open("i", &[("class", &class)]);
                legend.close("i").text(&series.name).close("li");
            }
            legend.close("ul");
        }
        legend
    }

    /// The plot for the script: the axes, one row of x for all series, and a row of y for each.
    fn data(&self) -> Value {
        let mut xs: Vec<f64> = self
            .series
            .iter()
            .flat_map(|series| series.points.iter().map(|point| point.x))
            .collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let series = self.series.iter().map(|series| {
            let along = |y: fn(&Point) -> Option<f64>| -> Vec<Option<f64>> {
                let at = |x: &f64| series.points.iter().find(|point| point.x == *x);
                xs.iter().map(|x| at(x).and_then(y)).collect()
            };
            let has_band = series.points.iter().any(|point| point.y_range.is_some());
            json!({
                "name": series.name,
                "colour": series.colour.map(|colour| colour % COLOURS),
                "dashed": series.is_dashed,
                "dots": series.has_dots,
                "ys": along(|point| Some(point.y)),
                "low": has_band.then(|| along(|point| Some(point.y_range?.0))),
                "high": has_band.then(|| along(|point| Some(point.y_range?.1))),
                "hollow": along(|point| point.is_hollow.then_some(1.0)),
            })
        });
        let levels = self.levels.iter();
        let levels = levels.map(|level| json!({ "name": level.name, "y": level.y }));
        json!({
            "x": self.x.data(&self.x_values()),
            "y": self.y.data(&self.y_values()),
            "xs": xs,
            "series": series.collect::<Vec<_>>(),
            "levels": levels.collect::<Vec<_>>(),
        })
    }

    /// Every x that has to be on the plot.
    fn x_values(&self) -> Vec<f64> {
        let points = self.series.iter().flat_map(|series| &series.points);
        points
            .flat_map(|point| {
                let (low, high) = point.x_range.unwrap_or((point.x, point.x));
                [low, point.x, high]
            })
            .collect()
    }

    /// Every y that has to be on the plot.
    fn y_values(&self) -> Vec<f64> {
        let points = self.series.iter().flat_map(|series| &series.points);
        let ys = points.flat_map(|point| {
            let (low, high) = point.y_range.unwrap_or((point.y, point.y));
            [low, point.y, high]
        });
        ys.chain(self.levels.iter().map(|level| level.y)).collect()
    }
}

impl Series {
    /// The class of its colour.
    fn class(&self) -> String {
        match self.colour {
            Some(colour) => format!("c{}", colour % COLOURS),
            None => "grey".to_owned(),
        }
    }
}
