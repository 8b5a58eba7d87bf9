//! The plots over time. The rate's axis begins at zero; times have a logarithmic axis, because a
//! median and a tail a hundred times as long are to be read from one plot.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, BorderType, Chart, Dataset, GraphType, Paragraph};
use wsbench_record::units::{self, rate as rate_words, seconds, span};

use super::theme::Theme;
use crate::live::{Moment, View};
use crate::mark;

/// Steps of an axis within a power of ten.
const STEPS: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

/// Answers a second over time.
pub(super) fn rate(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let newest = view.newest().map_or_else(
        || units::UNKNOWN.to_owned(),
        |newest| format!("{} msg/s", rate_words(newest.per_s)),
    );
    let title = Line::from(vec![
        Span::styled(" rate ", theme.heading),
        Span::styled(format!("{newest} "), theme.headline),
    ]);
    let points: Vec<(f64, f64)> = view
        .course
        .iter()
        .map(|moment| (moment.at_s, moment.per_s))
        .collect();
    let greatest = points.iter().map(|(_, y)| *y).fold(0.0, f64::max);
    let top = step_above(greatest);
    let line = Dataset::default()
        .marker(Marker::Braille)
        .graph_type(GraphType::Line)
        .style(theme.headline)
        .data(&points);
    let y = Scale {
        bounds: [0.0, top],
        labels: ["0".to_owned(), rate_words(top / 2.0), rate_words(top)],
    };
    plot(frame, area, view, theme, title, vec![line], y);
}

/// Median and 99th percentile of service time over time, and the median of how long answers waited
/// in the generator's own queue, where stamps tell it.
pub(super) fn times(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let exact = |of: fn(&Moment) -> Option<u64>| mark::exact(view.newest().and_then(of));
    let title = Line::from(vec![
        Span::styled(" service time ", theme.heading),
        Span::styled(
            format!("p50 {} ", exact(|moment| moment.p50_ns)),
            theme.middle,
        ),
        Span::styled(
            format!("p99 {} ", exact(|moment| moment.p99_ns)),
            theme.tail,
        ),
    ]);
    let title = with_wait(title, view, area.width, theme);
    let points = |of: fn(&Moment) -> Option<u64>| -> Vec<(f64, f64)> {
        let moments = view.course.iter();
        moments
            .filter_map(|moment| Some((moment.at_s, (of(moment)?.max(1) as f64).log10())))
            .collect()
    };
    let medians = points(|moment| moment.p50_ns);
    let tails = points(|moment| moment.p99_ns);
    let waits = points(|moment| moment.wait_p50_ns);
    let line = |data, look, marker| {
        Dataset::default()
            .marker(marker)
            .graph_type(GraphType::Line)
            .style(look)
            .data(data)
    };
    // Without colour the two lines are told apart by their marks.
    let tail_marker = if theme.colour {
        Marker::Braille
    } else {
        Marker::Dot
    };
    let lines = vec![
        line(&waits, theme.headline, Marker::Dot),
        line(&medians, theme.middle, Marker::Braille),
        line(&tails, theme.tail, tail_marker),
    ];
    let heights = medians.iter().chain(&tails).chain(&waits).map(|(_, y)| *y);
    let least = heights.clone().fold(f64::INFINITY, f64::min);
    let most = heights.fold(f64::NEG_INFINITY, f64::max);
    if least > most {
        waiting(frame, area, theme, title, mark::NO_SAMPLES);
        return;
    }
    let bottom = step_below(10_f64.powf(least)).log10();
    let top = step_above(10_f64.powf(most)).log10();
    let y = Scale {
        bounds: [bottom, top],
        labels: [bottom, (bottom + top) / 2.0, top].map(|y| span(10_f64.powf(y).round())),
    };
    plot(frame, area, view, theme, title, lines, y);
}

/// The title with the newest wait, where there is one and room for it.
fn with_wait<'a>(mut title: Line<'a>, view: &View, width: u16, theme: Theme) -> Line<'a> {
    if let Some(wait) = view.newest().and_then(|moment| moment.wait_p50_ns) {
        let words = format!("own queue {} ", mark::exact(Some(wait)));
        // The frame takes a corner on each side.
        if title.width() + words.chars().count() + 2 <= width.into() {
            title.push_span(Span::styled(words, theme.headline));
        }
    }
    title
}

/// A vertical axis: its ends, and its labels from the bottom.
struct Scale {
    bounds: [f64; 2],
    labels: [String; 3],
}

fn plot(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    theme: Theme,
    title: Line<'_>,
    lines: Vec<Dataset<'_>>,
    y: Scale,
) {
    let Some(newest) = view.newest() else {
        waiting(frame, area, theme, title, "waiting for the first interval");
        return;
    };
    let end = newest.at_s.max(f64::MIN_POSITIVE);
    let chart = Chart::new(lines)
        .block(panel(theme, title))
        .legend_position(None)
        .x_axis(
            Axis::default()
                .style(theme.quiet)
                .bounds([0.0, end])
                .labels(["0s".to_owned(), seconds(newest.at_s)]),
        )
        .y_axis(
            Axis::default()
                .style(theme.quiet)
                .bounds(y.bounds)
                .labels(y.labels),
        );
    frame.render_widget(chart, area);
}

/// A panel with nothing to plot yet.
fn waiting(frame: &mut Frame<'_>, area: Rect, theme: Theme, title: Line<'_>, words: &str) {
    let words = Paragraph::new(Line::styled(words, theme.quiet)).centered();
    frame.render_widget(words.block(panel(theme, title)), area);
}

/// The frame of a panel.
pub(super) fn panel(theme: Theme, title: Line<'_>) -> Block<'_> {
    Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.quiet)
        .title(title)
}

/// The least of 1, 2 or 5 times a power of ten that is not below the value; 1 for nothing.
fn step_above(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    // A hair of tolerance: 2000 / 10^3 may come out above 2.
    let step = STEPS
        .iter()
        .find(|step| *step * power >= value * (1.0 - 1e-9));
    power * step.copied().unwrap_or(10.0)
}

/// The greatest of 1, 2 or 5 times a power of ten that is below the value.
fn step_below(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let step = STEPS.iter().rev().find(|step| *step * power < value);
    // At a whole power the step below is half of it.
    power * step.copied().unwrap_or(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_figures() {
        assert_eq!(step_above(84_200.0), 100_000.0);
        assert_eq!(step_above(2_000.0), 2_000.0);
        assert_eq!(step_above(2_001.0), 5_000.0);
        assert_eq!(step_above(0.0), 1.0);
        assert_eq!(step_above(f64::NAN), 1.0);
        assert_eq!(step_below(410.0), 200.0);
        assert_eq!(step_below(1_000.0), 500.0);
        assert_eq!(step_below(1.0), 0.5);
    }
}
