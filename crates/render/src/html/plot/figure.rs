//! A plot on the page: the picture, its legend, and what the script needs to draw it again.

use serde_json::{Value, json};

use super::drawing;
use super::{COLOURS, Plot, Point, Trace};
use crate::html::markup::Markup;

impl Plot {
    /// The plot as a figure: the picture, its legend, and what the script needs to draw it again.
    /// `number` is its own on the page.
    pub(in crate::html) fn figure(&self, number: usize) -> Markup {
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
            figure.data(&self.data());
        }
        figure.close("figure");
        figure
    }

    fn legend(&self) -> Markup {
        let mut legend = Markup::new();
        let named: Vec<&Trace> = self
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
}
