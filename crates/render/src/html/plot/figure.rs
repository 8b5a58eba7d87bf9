//! A chart on the page: the question, the picture, and the same data as a table.

use super::scale::AxisRange;
use super::{Plot, Shape, Trace};
use crate::html::grid::{Grid, GridCell};
use crate::html::markup::Markup;

impl Plot {
    /// The chart as a figure; `number` is its own on the page. Empty if there is nothing to draw.
    pub(in crate::html) fn figure(&self, number: usize) -> Markup {
        let mut figure = Markup::new();
        if self.is_empty() {
            return figure;
        }
        let id = format!("chart-{number}");
        figure.open("figure", &[("id", &id)]);
        figure.push(&caption(&self.title, &self.beside));
        figure.push(&super::drawing::svg(self));
        let table = self.table();
        if !table.is_empty() {
            figure.push(&folded(&table));
        }
        figure.close("figure");
        figure
    }

    /// The data, a row a place along the page; of clouds a row a point.
    fn table(&self) -> Grid {
        let series: Vec<(&Trace, &super::Axis)> = self
            .panels
            .iter()
            .flat_map(|panel| panel.series.iter().map(move |series| (series, &panel.y)))
            .filter(|(series, _)| !series.name.is_empty())
            .collect();
        let name = if self.x.name.is_empty() {
            self.x.unit.name()
        } else {
            &self.x.name
        };
        let mut grid = Grid::new().text(name);
        for (series, _) in &series {
            grid = grid.figures(&series.name);
        }
        if series
            .iter()
            .all(|(series, _)| series.shape == Shape::Cloud)
        {
            return self.points(&series);
        }
        let points = series.iter().flat_map(|(series, _)| &series.points);
        let mut xs: Vec<f64> = points.map(|point| point.x).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let extent = self.extent();
        for x in xs {
            grid.push(self.row(x, &extent, &series));
        }
        grid
    }

    fn row(&self, x: f64, extent: &AxisRange, series: &[(&Trace, &super::Axis)]) -> Vec<GridCell> {
        let place = (self.x.place(extent, x) * 1e3).round() / 1e3;
        let mut cells = vec![GridCell::text(&self.x.label(x)).sorted_by(place)];
        cells.extend(series.iter().map(|(series, axis)| {
            let at = series.points.iter().find(|point| point.x == x);
            let at = at.filter(|point| point.y.is_finite());
            GridCell::text(&at.map_or_else(String::new, |point| axis.figure(point.y)))
        }));
        cells
    }

    /// A row a point: its name and both figures.
    fn points(&self, series: &[(&Trace, &super::Axis)]) -> Grid {
        let y = self
            .panels
            .first()
            .map_or("", |panel| panel.y.name.as_str());
        let mut grid = Grid::new().text("").figures(&self.x.name).figures(y);
        for (series, axis) in series {
            for point in &series.points {
                let mut name = point.told(&series.name).to_owned();
                if !point.name.is_empty() {
                    name = format!("{name}: {}", series.name);
                }
                grid.push(vec![
                    GridCell::text(&name),
                    GridCell::text(&self.x.figure(point.x)),
                    GridCell::text(&axis.figure(point.y)),
                ]);
            }
        }
        grid
    }
}

/// The question and what stands beside it.
pub(in crate::html) fn caption(title: &str, beside: &str) -> Markup {
    let mut caption = Markup::new();
    caption.open("figcaption", &[]);
    caption.element("h2", &[], title);
    if !beside.is_empty() {
        caption.element("span", &[], beside);
    }
    caption.close("figcaption");
    caption
}

/// A table that is there for whoever cannot see the picture, and for the script.
pub(in crate::html) fn folded(table: &Grid) -> Markup {
    let mut folded = Markup::new();
    folded.open("details", &[("class", "data")]);
    folded.element("summary", &[], "the same as a table");
    folded.push(&table.markup()).close("details");
    folded
}
