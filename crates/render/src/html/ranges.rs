//! Figures with their intervals, a row each, on one axis: the table is the chart.

use super::grid::GridCell;
use super::markup::Markup;
use super::plot::drawing::{line, percent};
use super::plot::scale::AxisRange;
use super::plot::{Axis, caption, class, mark};

/// The chart of several figures.
#[derive(Clone, Debug)]
pub(super) struct Ranges {
    /// Title: the question that it answers.
    pub(super) title: String,
    /// Words beside it.
    pub(super) beside: String,
    /// Heads of the columns before the picture: whose it is, and further ones.
    pub(super) before: Vec<&'static str>,
    /// Heads of the columns behind it.
    pub(super) after: Vec<&'static str>,
    /// The axis that all share.
    pub(super) axis: Axis,
    /// Values that the axis has to hold; those beyond it are counted at its edge.
    pub(super) held: Vec<f64>,
    /// A value that all are held against, and how near to it nothing is told from it.
    pub(super) reference: Option<(f64, f64, f64)>,
    /// The figures, from above.
    pub(super) rows: Vec<Range>,
}

/// One figure.
#[derive(Clone, Debug, Default)]
pub(super) struct Range {
    /// Whose it is.
    pub(super) name: String,
    /// Cells before the picture.
    pub(super) before: Vec<String>,
    /// The figure; absent where only its ends are told.
    pub(super) value: Option<f64>,
    /// The ends of its interval.
    pub(super) ends: Option<(f64, f64)>,
    /// True where it is a bound, and drawn hollow.
    pub(super) is_hollow: bool,
    /// Values that it was made of.
    pub(super) dots: Vec<f64>,
    /// Words in the place of the picture: why there is none.
    pub(super) missing: String,
    /// Cells behind the picture, and the tone of the last.
    pub(super) after: Vec<String>,
    /// Class of the last cell.
    pub(super) tone: &'static str,
    /// Its look; `None` is grey.
    pub(super) look: Option<usize>,
}

/// The heading of a column; a cell like any other where it has no word.
fn heading(figure: &mut Markup, name: &str, class: &str) {
    match name {
        "" => figure.element("td", &[("class", class)], ""),
        name => figure.element("th", &[("scope", "col"), ("class", class)], name),
    };
}

impl Ranges {
    /// The chart.
    pub(super) fn figure(&self) -> Markup {
        let mut figure = Markup::new();
        if self.rows.is_empty() {
            return figure;
        }
        let mut held = self.held.clone();
        held.extend(self.reference.map(|(at, ..)| at));
        let extent = self.axis.extent(&held);
        figure.open("figure", &[("class", "ranges")]);
        figure.push(&caption(&self.title, &self.beside));
        figure.open("div", &[("class", "scroll"), ("tabindex", "0")]);
        figure.open("table", &[]).open("thead", &[]);
        figure.open("tr", &[]);
        for (at, name) in self.before.iter().enumerate() {
            let class = if at == 0 { "" } else { "r" };
            heading(&mut figure, name, class);
        }
        // A scale has no word, and so heads nothing for whoever hears the page.
        figure.open("td", &[("class", "bar")]);
        figure.push(&self.scale(&extent)).close("td");
        for (at, name) in self.after.iter().enumerate() {
            let class = if at + 1 == self.after.len() { "" } else { "r" };
            heading(&mut figure, name, class);
        }
        figure.close("tr").close("thead").open("tbody", &[]);
        for row in &self.rows {
            self.row(&mut figure, row, &extent);
        }
        figure.close("tbody").close("table").close("div");
        figure.close("figure");
        figure
    }

    fn row(&self, figure: &mut Markup, row: &Range, extent: &AxisRange) {
        figure.open("tr", &[]);
        figure.element("th", &[("scope", "row")], &row.name);
        for cell in &row.before {
            figure.element("td", &[("class", "r")], cell);
        }
        figure.open("td", &[("class", "bar")]);
        if row.missing.is_empty() {
            figure.push(&self.bar(row, extent));
        } else {
            figure.element("small", &[], &row.missing);
        }
        figure.close("td");
        for (at, cell) in row.after.iter().enumerate() {
            let is_last = at + 1 == row.after.len();
            let class = if is_last { row.tone } else { "r" };
            figure.element("td", &[("class", class)], cell);
        }
        figure.close("tr");
    }

    fn left(&self, extent: &AxisRange, value: f64) -> String {
        percent(self.axis.place(extent, value))
    }

    fn bar(&self, row: &Range, extent: &AxisRange) -> Markup {
        let mut svg = Markup::new();
        let height = if row.dots.is_empty() { "20" } else { "34" };
        svg.open("svg", &[("height", height), ("aria-hidden", "true")]);
        if let Some((at, low, high)) = self.reference {
            let (from, to) = (self.axis.place(extent, low), self.axis.place(extent, high));
            let (x, width) = (percent(from), percent(to - from));
            let attributes = [
                ("class", "strip"),
                ("x", &*x),
                ("width", &*width),
                ("height", height),
            ];
            svg.element("rect", &attributes, "");
            let at = self.left(extent, at);
            line(&mut svg, "equal", (&at, "0"), (&at, height));
        }
        for tick in &extent.ticks {
            let at = self.left(extent, *tick);
            line(&mut svg, "", (&at, "0"), (&at, height));
        }
        reach(&mut svg, row, |value| self.axis.place(extent, value));
        self.dots(&mut svg, row, extent);
        svg.close("svg");
        svg
    }

    /// What the figure was made of, below it; what lies beyond the axis is counted at its edge.
    fn dots(&self, svg: &mut Markup, row: &Range, extent: &AxisRange) {
        let mut beyond = [0, 0];
        for dot in &row.dots {
            if *dot < extent.from {
                beyond[0] += 1;
            } else if *dot > extent.to {
                beyond[1] += 1;
            } else {
                let at = self.left(extent, *dot);
                let attributes = [
                    ("class", "grey hollow"),
                    ("href", "#ms"),
                    ("x", &*at),
                    ("y", "27"),
                ];
                svg.element("use", &attributes, "");
            }
        }
        let [below, above] = beyond;
        let edges = [
            (below, format!("‹{below}"), "0"),
            (above, format!("{above}›"), "100%"),
        ];
        for (_, words, x) in edges.iter().filter(|(number, ..)| *number > 0) {
            let attributes = [("x", *x), ("y", "31"), ("class", "m")];
            svg.element("text", &attributes, words);
        }
    }

    /// The values of the axis, as the head of the column.
    fn scale(&self, extent: &AxisRange) -> Markup {
        let mut svg = Markup::new();
        svg.open("svg", &[("height", "14"), ("aria-hidden", "true")]);
        let last = extent.ticks.len().saturating_sub(1);
        for (at, tick) in extent.ticks.iter().enumerate() {
            let class = if (last - at) % 2 == 1 && last > 3 {
                "m odd"
            } else {
                "m"
            };
            let x = self.left(extent, *tick);
            let words = match self.reference {
                Some((reference, ..)) if reference == *tick => "equal".to_owned(),
                _ => self.axis.label(*tick),
            };
            svg.element("text", &[("x", &x), ("y", "11"), ("class", class)], &words);
        }
        svg.close("svg");
        svg.element("small", &[], &self.axis.name);
        svg
    }
}

/// A figure and how far it reaches, 10 px from above; `place` is of a value along the axis.
pub(super) fn reach(svg: &mut Markup, row: &Range, place: impl Fn(f64) -> f64) {
    let look = class(row.look);
    if let Some((low, high)) = row.ends {
        let class = format!("range {look}");
        let (from, to) = (percent(place(low)), percent(place(high)));
        line(svg, &class, (&from, "10"), (&to, "10"));
        for end in [&from, &to] {
            line(svg, &class, (end, "6"), (end, "14"));
        }
    }
    if let Some(value) = row.value {
        let hollow = if row.is_hollow { " hollow" } else { "" };
        let class = format!("{look}{hollow}");
        let x = percent(place(value));
        let attributes = [
            ("href", mark(row.look)),
            ("class", &*class),
            ("x", &*x),
            ("y", "10"),
        ];
        svg.element("use", &attributes, "");
    }
}

/// A cell with the mark of a look before its words.
pub(super) fn swatched(words: &str, look: Option<usize>) -> GridCell {
    let mut cell = Markup::new();
    let attributes = [
        ("width", "12"),
        ("height", "10"),
        ("class", "swatch"),
        ("aria-hidden", "true"),
    ];
    cell.open("svg", &attributes);
    let class = class(look);
    let attributes = [
        ("href", mark(look)),
        ("class", &*class),
        ("x", "5"),
        ("y", "5"),
    ];
    cell.element("use", &attributes, "")
        .close("svg")
        .text(words);
    GridCell::markup(cell)
}
