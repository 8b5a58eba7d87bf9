//! Figures with their intervals, one below the other on one axis: ratios, ranks, spreads.

use super::grid::Cell;
use super::markup::Markup;
use super::plot::drawing::line;
use super::plot::{Axis, COLOURS};

/// The picture of several figures.
#[derive(Clone, Debug)]
pub(super) struct Ranges {
    /// Title of what is seen.
    pub(super) title: String,
    /// Words that are needed to read it; may be empty.
    pub(super) caption: String,
    /// The axis that all share.
    pub(super) axis: Axis,
    /// A value that all are held against.
    pub(super) reference: Option<f64>,
    /// The figures, from above.
    pub(super) rows: Vec<Range>,
}

/// One figure.
#[derive(Clone, Debug, Default)]
pub(super) struct Range {
    /// Whose it is.
    pub(super) name: String,
    /// The figure; absent where only its ends are known.
    pub(super) value: Option<f64>,
    /// The ends of its interval.
    pub(super) ends: Option<(f64, f64)>,
    /// Values that it was made of.
    pub(super) dots: Vec<f64>,
    /// The figure in words.
    pub(super) words: String,
    /// Number of its colour; `None` is grey.
    pub(super) colour: Option<usize>,
}

impl Ranges {
    /// The picture, as a table that is read without it, too.
    pub(super) fn figure(&self) -> Markup {
        let mut figure = Markup::new();
        if self.rows.is_empty() {
            return figure;
        }
        let values = self.rows.iter().flat_map(|row| {
            let ends = row.ends.into_iter().flat_map(|(low, high)| [low, high]);
            ends.chain(row.value).chain(row.dots.iter().copied())
        });
        let values: Vec<f64> = values.chain(self.reference).collect();
        let extent = self.axis.extent(&values);
        let left = |value: f64| format!("{:.2}%", 100.0 * self.axis.place(&extent, value));
        figure.open("figure", &[("class", "ranges")]);
        figure.open("figcaption", &[]);
        figure.element("strong", &[], &self.title);
        if !self.caption.is_empty() {
            figure.text(" ").element("span", &[], &self.caption);
        }
        figure.close("figcaption");
        figure.open("table", &[]).open("tbody", &[]);
        for row in &self.rows {
            figure.open("tr", &[]);
            figure.element("th", &[("scope", "row")], &row.name);
            figure.open("td", &[]);
            figure.push(&self.bar(row, &extent.ticks, &left));
            figure.close("td");
            figure.element("td", &[("class", "words")], &row.words);
            figure.close("tr");
        }
        figure.close("tbody");
        figure.push(&self.foot(&extent.ticks, &left));
        figure.close("table").close("figure");
        figure
    }

    fn bar(&self, row: &Range, ticks: &[f64], left: &dyn Fn(f64) -> String) -> Markup {
        let mut svg = Markup::new();
        let label = format!("{}: {}", row.name, row.words);
        svg.open(
            "svg",
            &[("class", "bar"), ("role", "img"), ("aria-label", &label)],
        );
        for tick in ticks {
            let at = left(*tick);
            line(&mut svg, "grid", (&at, "0"), (&at, "100%"));
        }
        if let Some(reference) = self.reference {
            let at = left(reference);
            line(&mut svg, "reference", (&at, "0"), (&at, "100%"));
        }
        let class = match row.colour {
            Some(colour) => format!("c{}", colour % COLOURS),
            None => "grey".to_owned(),
        };
        for dot in &row.dots {
            circle(&mut svg, &format!("dot faint {class}"), &left(*dot), "3");
        }
        if let Some((low, high)) = row.ends {
            let class = format!("range {class}");
            line(&mut svg, &class, (&left(low), "50%"), (&left(high), "50%"));
        }
        if let Some(value) = row.value {
            circle(&mut svg, &format!("dot {class}"), &left(value), "5");
        }
        svg.close("svg");
        svg
    }

    fn foot(&self, ticks: &[f64], left: &dyn Fn(f64) -> String) -> Markup {
        let mut foot = Markup::new();
        foot.open("tfoot", &[]).open("tr", &[]);
        foot.element("th", &[], "");
        foot.open("td", &[])
            .open("svg", &[("class", "scale"), ("aria-hidden", "true")]);
        let last = ticks.len().saturating_sub(1);
        for (at, tick) in ticks.iter().enumerate() {
            let class = if (last - at) % 2 == 1 && last > 3 {
                "m odd"
            } else {
                "m"
            };
            let attributes = [("x", left(*tick)), ("y", "15".to_owned())];
            let attributes: Vec<(&'static str, &str)> = attributes
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .chain([("class", class)])
                .collect();
            foot.element("text", &attributes, &self.axis.label(*tick));
        }
        foot.close("svg");
        foot.element("div", &[("class", "x-name")], &self.axis.name);
        foot.close("td");
        foot.element("td", &[], "").close("tr").close("tfoot");
        foot
    }
}

/// A cell with a swatch before its words.
pub(super) fn swatched(words: &str, colour: Option<usize>) -> Cell {
    let class = match colour {
        Some(colour) => format!("swatch c{}", colour % COLOURS),
        None => "swatch grey".to_owned(),
    };
    let mut cell = Markup::new();
    cell.open("i", &[("class", &class)]).close("i").text(words);
    Cell::markup(cell)
}

fn circle(svg: &mut Markup, class: &str, left: &str, radius: &str) {
    let attributes = [("class", class), ("cx", left), ("cy", "50%"), ("r", radius)];
    svg.element("circle", &attributes, "");
}
