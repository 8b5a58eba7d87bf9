//! A chart: what is drawn, before it is drawn.
//!
//! Its title is the question that it answers, the answer is the picture's label, and the same data
//! stand in a table beneath it. The page's script reads that table to tell values under the pointer,
//! so nothing is there for the script alone.

pub(super) mod drawing;
mod figure;
mod labels;
pub(super) mod scale;

pub(super) use figure::{caption, folded};
pub(super) use scale::{Axis, AxisUnit, Scale};

/// Series that are told apart by colour, dash and mark; those beyond them are grey.
pub(super) const LOOKS: usize = 4;
/// Points that a line is thinned to.
pub(super) const MOST_POINTS: usize = 200;

/// A chart with its words.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// Title: the question that it answers.
    pub(super) title: String,
    /// Words beside it: what is drawn, in which unit.
    pub(super) beside: String,
    /// The answer in words, which labels the picture.
    pub(super) answer: String,
    /// Along the page, of all panels.
    pub(super) x: Axis,
    /// One below the other.
    pub(super) panels: Vec<Panel>,
    /// Stretches along the page in which nothing lived.
    pub(super) dead: Vec<Dead>,
    /// Place along the page behind which nothing is known, and the greatest value, ns.
    pub(super) unknown: Option<Unknown>,
}

/// One picture within a chart.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    /// Up the page.
    pub(super) y: Axis,
    /// Height, px.
    pub(super) height: f64,
    /// Series that are drawn, the last on top.
    pub(super) series: Vec<Trace>,
    /// Levels across the panel: an objective.
    pub(super) levels: Vec<ReferenceLine>,
}

/// One line or cloud of points.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    /// Its name, which stands at its end.
    pub(super) name: String,
    /// Its look, by number; `None` is grey.
    pub(super) look: Option<usize>,
    /// Shape of it.
    pub(super) shape: Shape,
    /// True where its points are marked although they are joined.
    pub(super) has_dots: bool,
    /// True of one among many, which has no name on the picture.
    pub(super) is_thin: bool,
    /// Its points, by rising x where they are joined.
    pub(super) points: Vec<PlotPoint>,
}

/// Shape of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// Points.
    #[default]
    Cloud,
    /// Neighbours are joined.
    Line,
    /// Each point is the end of a level: rates of intervals.
    Steps,
}

/// One point.
#[derive(Clone, Debug, Default)]
pub(super) struct PlotPoint {
    /// Along the page.
    pub(super) x: f64,
    /// Up the page.
    pub(super) y: f64,
    /// Range that it covers along the page.
    pub(super) x_range: Option<(f64, f64)>,
    /// Range that it covers up the page: the cross, or the band of a line.
    pub(super) y_range: Option<(f64, f64)>,
    /// True where it is a bound or of an overload, and drawn hollow.
    pub(super) is_hollow: bool,
    /// True where it is marked on a line.
    pub(super) is_marked: bool,
    /// Text beside it; may be empty.
    pub(super) label: String,
    /// Name in full, for the table and the pointer; may be empty.
    pub(super) name: String,
}

impl PlotPoint {
    /// Its name, as far as it has one: in full, else as it is drawn, else that of all of its kind.
    pub(super) fn told<'a>(&'a self, kind: &'a str) -> &'a str {
        let names = [self.name.as_str(), &self.label, kind];
        let mut known = names.into_iter().filter(|name| !name.is_empty());
        known.next().unwrap_or_default()
    }
}

impl PlotPoint {
    /// A point without a range.
    pub(super) fn at(x: f64, y: f64) -> Self {
        Self {
            x,
            y,
            ..Self::default()
        }
    }
}

/// A level across a panel.
#[derive(Clone, Debug)]
pub(super) struct ReferenceLine {
    /// Name of what it is.
    pub(super) name: String,
    /// Place on the axis.
    pub(super) y: f64,
}

/// A stretch in which nothing lived.
#[derive(Clone, Debug)]
pub(super) struct Dead {
    /// Its beginning along the page.
    pub(super) from: f64,
    /// Its end.
    pub(super) to: f64,
    /// Cause, in a few words.
    pub(super) cause: String,
}

/// The part of a scale of percentiles that samples do not support.
#[derive(Clone, Debug)]
pub(super) struct Unknown {
    /// Its beginning along the page.
    pub(super) from: f64,
    /// The greatest value of all.
    pub(super) most: f64,
}

impl Plot {
    /// A chart of one panel.
    pub(super) fn new(title: &str, x: Axis, panel: Panel) -> Self {
        Self {
            title: title.to_owned(),
            beside: String::new(),
            answer: String::new(),
            x,
            panels: vec![panel],
            dead: Vec::new(),
            unknown: None,
        }
    }

    /// True if there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        let mut series = self.panels.iter().flat_map(|panel| &panel.series);
        series.all(|series| series.points.is_empty())
    }

    /// The axis along the page; nothing is written where nothing is known.
    fn extent(&self) -> scale::AxisRange {
        let mut extent = self.x.extent(&self.x_values());
        if let Some(unknown) = &self.unknown {
            extent.ticks.retain(|tick| *tick <= unknown.from + 1e-9);
        }
        extent
    }

    /// Every x that has to be on the chart.
    fn x_values(&self) -> Vec<f64> {
        let series = self.panels.iter().flat_map(|panel| &panel.series);
        let points = series.flat_map(|series| &series.points);
        let values = points.flat_map(|point| {
            let (low, high) = point.x_range.unwrap_or((point.x, point.x));
            [low, point.x, high]
        });
        let beyond = self.unknown.iter().map(|unknown| unknown.from + 0.7);
        let dead = self.dead.iter().map(|dead| dead.to);
        values.chain(beyond).chain(dead).collect()
    }
}

impl Panel {
    /// A panel without levels.
    pub(super) fn new(y: Axis, height: f64, series: Vec<Trace>) -> Self {
        Self {
            y,
            height,
            series,
            levels: Vec::new(),
        }
    }

    /// Every y that has to be on the panel.
    fn y_values(&self) -> Vec<f64> {
        let points = self.series.iter().flat_map(|series| &series.points);
        let ys = points.flat_map(|point| {
            let (low, high) = point.y_range.unwrap_or((point.y, point.y));
            [low, point.y, high]
        });
        ys.chain(self.levels.iter().map(|level| level.y)).collect()
    }
}

/// The class of a look.
pub(super) fn class(look: Option<usize>) -> String {
    match look {
        Some(look) if look < LOOKS => format!("c{look}"),
        _ => "grey".to_owned(),
    }
}

/// The mark of a look among the page's definitions.
pub(super) fn mark(look: Option<usize>) -> &'static str {
    match look {
        Some(1) => "#m1",
        Some(2) => "#m2",
        Some(3) => "#m3",
        _ => "#m0",
    }
}
