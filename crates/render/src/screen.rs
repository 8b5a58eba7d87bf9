//! The live screen: draws a [`View`] of a run, or of an experiment, and nothing else.
//!
//! It owns no terminal: raw mode, the alternate screen and keys are the binary's affair. It draws
//! into whatever room there is; where there is little, panels are dropped, the least needed first,
//! and where there is none nothing is drawn.

mod experiment;
mod head;
mod look;
mod panels;
mod plots;
mod raster;
mod room;
mod theme;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use room::cut;
use theme::Theme;

pub use look::{Key, Look};

use crate::live::View;
use crate::live::experiment::ExperimentView;
use crate::style::Style;

/// From this size on every panel has its place.
const FULL_WIDTH: u16 = 60;
/// See [`FULL_WIDTH`].
const FULL_HEIGHT: u16 = 20;
/// A plot smaller than this says nothing.
const PLOT_WIDTH: u16 = 28;
/// See [`PLOT_WIDTH`].
const PLOT_HEIGHT: u16 = 5;
/// Keys of a run's screen, with what they do.
const KEYS: [(&str, &str, &str); 6] = [
    ("p", "pause", "hold the view still; the run goes on"),
    ("+ -", "time axis", "show less of the time axis, or more"),
    (
        "l",
        "percentiles",
        "p50 p90 p99 p99.9, or p75 p95 p99.9 p99.99",
    ),
    (
        "h",
        "histogram",
        "the histogram, or all percentiles in its place",
    ),
    ("?", "help", "this text"),
    (
        "q",
        "quit",
        "end the load, wait for the last answers, report",
    ),
];
/// Keys of an experiment's screen.
const KEYS_OF_EXPERIMENTS: [(&str, &str, &str); 5] = [
    ("↑ ↓", "rows", "further rows, where there are more than fit"),
    ("← →", "figure", "the figure that the rows are drawn by"),
    ("p", "pause", "hold the view still; the runs go on"),
    ("?", "help", "this text"),
    (
        "q",
        "quit",
        "end after what is under way, report what is known",
    ),
];

/// Draws the view of a run over the whole frame; `style.width` is not looked at, the frame has its
/// own.
pub fn draw(frame: &mut Frame<'_>, view: &View, look: Look, style: Style) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let theme = Theme::new(style);
    if area.width >= FULL_WIDTH && area.height >= FULL_HEIGHT {
        full(frame, area, view, look, theme);
    } else {
        compact(frame, area, view, look, theme);
    }
    if look.has_help {
        help(frame, area, &KEYS, theme);
    }
}

/// Draws the view of an experiment over the whole frame.
pub fn draw_experiment(frame: &mut Frame<'_>, view: &ExperimentView, look: Look, style: Style) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let theme = Theme::new(style);
    experiment::draw(frame, area, view, look, theme);
    if look.has_help {
        help(frame, area, &KEYS_OF_EXPERIMENTS, theme);
    }
}

/// Everything, each in a place of its own.
fn full(frame: &mut Frame<'_>, area: Rect, view: &View, look: Look, theme: Theme) {
    let words = head::lines(view, look, theme, area.width);
    let height = u16::try_from(words.len()).unwrap_or(u16::MAX);
    let lower = panels::HEIGHT.max(area.height.saturating_sub(height + 1) / 2);
    let [head, plots, below, foot] = Layout::vertical([
        Constraint::Length(height),
        Constraint::Min(PLOT_HEIGHT),
        Constraint::Length(lower),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(words), head);
    let halves =
        |area| Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas::<2>(area);
    let [left, right] = halves(plots);
    plots::rate(frame, left, view, look, theme);
    plots::times(frame, right, view, look, theme);
    let [left, right] = halves(below);
    panels::shape(frame, left, view, look, theme);
    panels::used(frame, right, view, theme);
    let keys = footer(&KEYS, look.is_paused, theme, foot.width);
    frame.render_widget(Paragraph::new(keys), foot);
}

/// One line a subject, by need; what room is left is a plot.
fn compact(frame: &mut Frame<'_>, area: Rect, view: &View, look: Look, theme: Theme) {
    let lines = head::by_need(view, look, theme, area);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let [words, plot] =
        Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Paragraph::new(lines), words);
    if plot.width >= PLOT_WIDTH && plot.height >= PLOT_HEIGHT {
        plots::rate(frame, plot, view, look, theme);
    }
}

/// The keys in a line; where there is no room for all, those in the middle go first, and those that
/// explain and end stay.
fn footer(
    keys: &[(&'static str, &'static str, &str)],
    is_paused: bool,
    theme: Theme,
    width: u16,
) -> Line<'static> {
    let mut shown: Vec<(&'static str, &'static str)> = keys
        .iter()
        .map(|(key, word, _)| match *key {
            "p" if is_paused => ("p", "paused: go on"),
            "↑ ↓" => (theme.pick("↑ ↓", "up down"), *word),
            "← →" => (theme.pick("← →", "left right"), *word),
            key => (key, *word),
        })
        .collect();
    let line = |shown: &[(&'static str, &'static str)]| {
        let mut line = Line::default();
        for (at, (key, word)) in shown.iter().enumerate() {
            line.push_span(Span::raw(if at == 0 { "" } else { "  " }));
            line.push_span(Span::styled(*key, theme.key));
            line.push_span(Span::raw(format!(" {word}")));
        }
        line
    };
    while line(&shown).width() > width.into() && shown.len() > 2 {
        shown.remove(shown.len() - 3);
    }
    cut(line(&shown), width)
}

/// The keys with what they do, over everything.
fn help(frame: &mut Frame<'_>, area: Rect, keys: &[(&str, &str, &str)], theme: Theme) {
    let lines: Vec<Line<'_>> = keys
        .iter()
        .map(|(key, _, words)| {
            Line::from(vec![
                Span::styled(format!(" {key:<5}"), theme.figure),
                Span::raw(format!("{words} ")),
            ])
        })
        .collect();
    let width = lines.iter().map(Line::width).max().unwrap_or(0) as u16 + 2;
    let height = lines.len() as u16 + 2;
    let (width, height) = (width.min(area.width), height.min(area.height));
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    frame.render_widget(Clear, place);
    let room = width.saturating_sub(2);
    let lines: Vec<Line<'_>> = lines.into_iter().map(|line| cut(line, room)).collect();
    let block = plots::panel(theme, Line::styled(" keys ", theme.figure));
    frame.render_widget(Paragraph::new(lines).block(block), place);
}
