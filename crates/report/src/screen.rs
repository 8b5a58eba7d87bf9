//! The live screen: draws a [`View`] and nothing else.
//!
//! It owns no terminal: raw mode, the alternate screen and keys are the binary's affair. It draws
//! into whatever room there is; where there is little, panels are dropped, the least needed first,
//! and where there is none nothing is drawn.

mod panels;
mod plots;
mod theme;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::live::View;
use crate::style::Style;
use theme::Theme;

/// From this size on every panel has its place.
const FULL_WIDTH: u16 = 72;
/// See [`FULL_WIDTH`].
const FULL_HEIGHT: u16 = 20;
/// A plot smaller than this says nothing.
const PLOT_WIDTH: u16 = 30;
/// See [`PLOT_WIDTH`].
const PLOT_HEIGHT: u16 = 6;
/// Doubts shown at once, the rest being counted.
const DOUBTS_SHOWN: usize = 3;

/// Draws the view over the whole frame; `style.width` is not looked at, the frame has its own.
pub fn draw(frame: &mut Frame<'_>, view: &View, style: Style) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let theme = Theme::new(style.colour);
    if area.width >= FULL_WIDTH && area.height >= FULL_HEIGHT {
        full(frame, area, view, theme);
    } else {
        compact(frame, area, view, theme);
    }
}

/// Everything, each in a panel of its own.
fn full(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let doubts = doubt_lines(view, theme);
    let doubts_height = u16::try_from(doubts.len()).unwrap_or(u16::MAX);
    let [head, plan, gauge, plots, tables, audit] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(PLOT_HEIGHT),
        Constraint::Length(panels::TABLE_HEIGHT),
        Constraint::Length(doubts_height),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(title_line(view, theme, head.width)), head);
    frame.render_widget(Paragraph::new(Line::styled(&*view.plan, theme.quiet)), plan);
    frame.render_widget(Paragraph::new(gauge_line(view, theme, gauge.width)), gauge);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(plots);
    plots::rate(frame, left, view, theme);
    plots::times(frame, right, view, theme);
    panels::tables(frame, tables, view, theme);
    frame.render_widget(Paragraph::new(doubts), audit);
}

/// One line a subject, by need: the rate first, the plan last. What room is left is a plot.
fn compact(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let mut by_need = vec![
        (2, rate_line(view, theme)),
        (3, times_line(view, theme)),
        (4, state_line(view, theme)),
        (1, gauge_line(view, theme, area.width)),
    ];
    if view.doubts.is_empty() {
        by_need.push((0, title_line(view, theme, area.width)));
        by_need.push((5, doubt_lines(view, theme).swap_remove(0)));
    } else {
        by_need.push((5, doubt_lines(view, theme).swap_remove(0)));
        by_need.push((0, title_line(view, theme, area.width)));
    }
    by_need.truncate(area.height.into());
    by_need.sort_by_key(|(place, _)| *place);
    let lines: Vec<Line<'_>> = by_need.into_iter().map(|(_, line)| line).collect();
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let [words, plot] =
        Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Paragraph::new(lines), words);
    if plot.width >= PLOT_WIDTH && plot.height >= PLOT_HEIGHT {
        plots::rate(frame, plot, view, theme);
    }
}

/// The target on the left and what is going on on the right.
fn title_line(view: &View, theme: Theme, width: u16) -> Line<'_> {
    let stage = view.stage_word();
    let title = Span::styled(&*view.title, theme.headline);
    let used = title.width() + stage.len();
    let room = usize::from(width).saturating_sub(used);
    if room == 0 {
        return Line::from(title);
    }
    Line::from(vec![
        title,
        Span::raw(" ".repeat(room)),
        Span::styled(stage, theme.heading),
    ])
}

/// How much is done, as a bar and in words.
fn gauge_line(view: &View, theme: Theme, width: u16) -> Line<'static> {
    let words = format!(" {:>3.0} %  {}", (view.done * 100.0).floor(), view.clock());
    let room = usize::from(width).saturating_sub(words.chars().count());
    let filled = (view.done * room as f64).round() as usize;
    Line::from(vec![
        Span::styled("━".repeat(filled.min(room)), theme.headline),
        Span::styled("─".repeat(room.saturating_sub(filled)), theme.quiet),
        Span::raw(words),
    ])
}

/// The newest rate.
fn rate_line(view: &View, theme: Theme) -> Line<'static> {
    let rate = match view.newest() {
        Some(newest) => format!("{} msg/s", crate::units::rate(newest.per_s)),
        None => view.stage_word().to_owned(),
    };
    Line::styled(rate, theme.headline)
}

/// The newest percentiles.
fn times_line(view: &View, theme: Theme) -> Line<'static> {
    let Some(newest) = view.newest() else {
        return Line::styled(crate::mark::NO_SAMPLES, theme.quiet);
    };
    Line::from(vec![
        Span::styled("p50 ", theme.quiet),
        Span::styled(crate::mark::exact(newest.p50_ns), theme.middle),
        Span::styled(" p99 ", theme.quiet),
        Span::styled(crate::mark::exact(newest.p99_ns), theme.tail),
    ])
}

/// Connections and errors.
fn state_line(view: &View, theme: Theme) -> Line<'static> {
    let errors = view.error_count();
    let tone = if errors == 0 { theme.plain } else { theme.bad };
    Line::from(vec![
        Span::raw(format!("{}/{} conns ", view.alive, view.asked)),
        Span::styled(crate::units::counted(errors, "error"), tone),
    ])
}

/// What speaks against the figures so far. At least one line.
fn doubt_lines(view: &View, theme: Theme) -> Vec<Line<'_>> {
    if view.doubts.is_empty() {
        return vec![Line::styled("audit: no doubts so far", theme.good)];
    }
    let mut lines: Vec<Line<'_>> = view
        .doubts
        .iter()
        .take(DOUBTS_SHOWN)
        .map(|doubt| Line::styled(format!("doubt: {doubt}"), theme.doubt))
        .collect();
    let hidden = view.doubts.len().saturating_sub(DOUBTS_SHOWN);
    if hidden > 0
        && let Some(last) = lines.last_mut()
    {
        last.push_span(format!(" (+{hidden} more)"));
    }
    lines
}
