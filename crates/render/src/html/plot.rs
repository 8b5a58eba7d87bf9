//! A plot: what is drawn, before anybody draws it.
//!
//! It is drawn twice. [`drawing`] makes a picture that is there without scripts and on paper; the
//! page's script replaces it by one that tells values under the pointer and zooms. Both see the
//! same axes, so neither says more than the other.

pub(super) mod drawing;
mod figure;
pub(super) mod scale;

pub(super) use scale::{Axis, Scale, Unit};

/// Colours that there are; a series beyond them is grey.
pub(super) const COLOURS: usize = 8;

/// A plot with its words.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// Title of what is seen, in a few words.
    pub(super) title: String,
    /// Words that are needed to read it; may be empty.
    pub(super) caption: String,
    /// Along the page.
    pub(super) x: Axis,
    /// Up the page.
    pub(super) y: Axis,
    /// Series that are drawn, the last on top.
    pub(super) series: Vec<Trace>,
    /// Levels across the plot: an objective.
    pub(super) levels: Vec<Level>,
}

/// One line or cloud of points.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    /// Its name in the legend.
    pub(super) name: String,
    /// Number of its colour; `None` is grey.
    pub(super) colour: Option<usize>,
    /// True where neighbouring points are joined.
    pub(super) is_joined: bool,
    /// True where the line is dashed.
    pub(super) is_dashed: bool,
    /// True where points are marked even where they are joined.
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
    /// Range that it covers along the page.
    pub(super) x_range: Option<(f64, f64)>,
    /// Range that it covers up the page: the cross, or the band of a line.
    pub(super) y_range: Option<(f64, f64)>,
    /// True where it is of an overload, and drawn hollow.
    pub(super) is_hollow: bool,
    /// Text beside it; may be empty.
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
    /// Name of what it is.
    pub(super) name: String,
    /// Place on the axis.
    pub(super) y: f64,
}

impl Plot {
    /// True if there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.series.iter().all(|series| series.points.is_empty())
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

impl Trace {
    /// The class of its colour.
    fn class(&self) -> String {
        match self.colour {
            Some(colour) => format!("c{}", colour % COLOURS),
            None => "grey".to_owned(),
        }
    }
}
