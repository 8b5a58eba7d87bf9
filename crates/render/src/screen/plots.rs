//! The plots over time. The rate's axis begins at zero; times have a logarithmic axis, because a
//! median and a tail a hundred times as long are to be read from one plot.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use wsbench_record::units::{seconds, span};

use super::look::Look;
use super::raster::Raster;
use super::theme::Theme;
use crate::live::{IntervalFigures, View};
use crate::mark;
use crate::style::Glyphs;
use crate::times::Tempo;

/// Steps of an axis within a power of ten.
const STEPS: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

/// Frames of panels where there is nothing but ASCII.
const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// A vertical axis: its ends, and the labels of its top and its bottom.
struct VerticalAxis {
    bottom: f64,
    top: f64,
    labels: [String; 2],
}

/// The stretch of time that is shown, s.
struct TimeStretch {
    from: f64,
    to: f64,
}

impl TimeStretch {
    /// The whole window as far as it is known, or the newest part of it.
    fn of(view: &View, look: Look) -> Self {
        let newest = view.newest().map_or(0.0, |newest| newest.at_s);
        let whole = view.window_s.unwrap_or(newest).max(newest);
        let whole = whole.max(f64::MIN_POSITIVE);
        if look.zoom == 0 {
            return Self {
                from: 0.0,
                to: whole,
            };
        }
        let length = whole / f64::from(1_u32 << look.zoom.min(16));
        let to = newest.max(length);
        Self {
            from: to - length,
            to,
        }
    }

    fn place(&self, at_s: f64) -> f64 {
        (at_s - self.from) / (self.to - self.from)
    }

    /// The moments that are shown.
    fn moments<'a>(&self, view: &'a View) -> impl Iterator<Item = &'a IntervalFigures> {
        let (from, to) = (self.from, self.to * (1.0 + 1e-9));
        let moments = view.course.iter();
        moments.filter(move |moment| moment.at_s > from && moment.at_s <= to)
    }
}

/// The load over time, as steps: answers a second, or what flows in their place.
pub(super) fn rate(frame: &mut Frame<'_>, area: Rect, view: &View, look: Look, theme: Theme) {
    let counted = Tempo::of(&view.document.plan.clients);
    let title = Line::from(vec![
        Span::styled(format!(" {} ", counted.unit()), theme.middle),
        Span::styled(format!("{} ", theme.pick("──", "--")), theme.middle),
    ]);
    let stretch = TimeStretch::of(view, look);
    let greatest = stretch.moments(view).map(|moment| moment.figure);
    let asked = match counted {
        Tempo::Held => view.asked() as f64,
        _ => view.document.asked_messages_per_s.unwrap_or(0.0),
    };
    let top = step_above(greatest.fold(asked, f64::max));
    let scale = VerticalAxis {
        bottom: 0.0,
        top,
        labels: ["0".to_owned(), short(&counted.words(top))],
    };
    let mut points = Vec::new();
    let mut before = stretch.from;
    for moment in stretch.moments(view) {
        let y = moment.figure / top;
        points.push((stretch.place(before), y));
        points.push((stretch.place(moment.at_s), y));
        before = moment.at_s;
    }
    let lines = [(points, theme.middle, false)];
    plot(frame, area, view, theme, title, &stretch, &scale, &lines);
}

/// Median and 99th percentile of the times that tell the course, over time. Where the server is gone
/// they end.
pub(super) fn times(frame: &mut Frame<'_>, area: Rect, view: &View, look: Look, theme: Theme) {
    let clients = &view.document.plan.clients;
    // Answers need no name: they are what everybody looks for.
    let name = match clients.exchange.flow.is_answered() {
        true => String::new(),
        false => format!(" {}", clients.course().info().title),
    };
    let title = Line::from(vec![
        Span::styled(name, theme.quiet),
        Span::styled(format!(" p50 {}  ", theme.pick("──", "--")), theme.middle),
        Span::styled(format!("p99 {} ", theme.pick("╌╌", "- ")), theme.tail),
    ]);
    let stretch = TimeStretch::of(view, look);
    let known = |of: fn(&IntervalFigures) -> Option<u64>| -> Vec<(f64, f64)> {
        let moments = stretch.moments(view);
        let known = moments.filter_map(|moment| Some((moment.at_s, of(moment)?.max(1) as f64)));
        known.collect()
    };
    let (medians, tails) = (known(|moment| moment.p50_ns), known(|moment| moment.p99_ns));
    let heights = medians.iter().chain(&tails).map(|(_, ns)| *ns);
    let least = heights.clone().fold(f64::INFINITY, f64::min);
    let most = heights.fold(0.0, f64::max);
    if least > most {
        waiting(frame, area, theme, title, mark::NO_SAMPLES);
        return;
    }
    let (bottom, top) = (step_below(least), step_above(most));
    let scale = VerticalAxis {
        bottom,
        top,
        labels: [bottom, top].map(|ns| short(&span(ns))),
    };
    let placed = |points: Vec<(f64, f64)>| -> Vec<(f64, f64)> {
        let height = (top / bottom).ln();
        let points = points.into_iter();
        points
            .map(|(at_s, ns)| (stretch.place(at_s), (ns / bottom).ln() / height))
            .collect()
    };
    let lines = [
        (placed(tails), theme.tail, true),
        (placed(medians), theme.middle, false),
    ];
    plot(frame, area, view, theme, title, &stretch, &scale, &lines);
}

/// A figure of an axis without the zeros behind its point.
fn short(words: &str) -> String {
    let end =
        words.find(|letter: char| !(letter.is_ascii_digit() || letter == '.' || letter == ','));
    let (digits, unit) = words.split_at(end.unwrap_or(words.len()));
    if digits.contains('.') {
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        return format!("{digits}{unit}");
    }
    words.to_owned()
}

type Drawn = (Vec<(f64, f64)>, ratatui::style::Style, bool);

#[expect(
    clippy::too_many_arguments,
    reason = "a frame, its words, its axes and its lines"
)]
fn plot(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    theme: Theme,
    title: Line<'_>,
    stretch: &TimeStretch,
    scale: &VerticalAxis,
    lines: &[Drawn],
) {
    if view.newest().is_none() {
        waiting(frame, area, theme, title, "waiting for the first interval");
        return;
    }
    let label = |s: f64| {
        Line::styled(
            format!(" {} ", seconds((s * 10.0).round() / 10.0)),
            theme.quiet,
        )
    };
    let from = if stretch.from <= 0.0 {
        Line::styled(" 0 s ", theme.quiet)
    } else {
        label(stretch.from)
    };
    let block = panel(theme, title)
        .title_bottom(from)
        .title_bottom(label(stretch.to).right_aligned());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let [bottom, top] = &scale.labels;
    let columns = bottom.chars().count().max(top.chars().count()) as u16;
    if inner.width < columns + 4 || inner.height < 2 || scale.top <= scale.bottom {
        return;
    }
    let edge = theme.pick("│", "|");
    let rows = (0..inner.height).map(|row| {
        let words = match row {
            0 => top.as_str(),
            last if last + 1 == inner.height => bottom.as_str(),
            _ => "",
        };
        let width = usize::from(columns);
        Line::styled(format!("{words:>width$}{edge}"), theme.quiet)
    });
    frame.render_widget(Paragraph::new(rows.collect::<Vec<_>>()), inner);
    let mut raster = Raster::new(Rect {
        x: inner.x + columns + 1,
        width: inner.width - columns - 1,
        ..inner
    });
    for (points, look, is_dashed) in lines {
        raster.line(points, *look, *is_dashed);
    }
    raster.put(frame.buffer_mut(), theme.glyphs);
}

/// A panel with nothing to plot yet.
fn waiting(frame: &mut Frame<'_>, area: Rect, theme: Theme, title: Line<'_>, words: &str) {
    let words = Paragraph::new(Line::styled(words, theme.quiet)).centered();
    frame.render_widget(words.block(panel(theme, title)), area);
}

/// The frame of a panel.
pub(super) fn panel(theme: Theme, title: Line<'_>) -> Block<'_> {
    let set = match theme.glyphs {
        Glyphs::Unicode => border::PLAIN,
        Glyphs::Ascii => ASCII,
    };
    Block::bordered()
        .border_set(set)
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
        assert_eq!(short("50.0 µs"), "50 µs");
        assert_eq!(short("1,000"), "1,000");
    }
}
