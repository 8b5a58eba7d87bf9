//! The live screen: draws a [`View`] and nothing else.
//!
//! It owns no terminal: raw mode, the alternate screen and keys are the binary's affair. It draws
//! into whatever room there is; where there is little, panels are dropped, the least needed first,
//! and where there is none nothing is drawn.

mod panels;
mod plots;
mod room;
mod theme;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use room::{cut, fitting};
use theme::Theme;

use crate::live::View;
use crate::mark;
use crate::prose::wrapped;
use crate::style::Style;

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
    let doubts = doubt_lines(view, theme, area.width);
    let plan = plan_lines(view, theme, area);
    let parts = parts_line(view, theme, area.width);
    let [head, order, gauge, plots, tables, whose, audit] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(rows(&plan)),
        Constraint::Length(1),
        Constraint::Min(PLOT_HEIGHT),
        Constraint::Length(panels::TABLE_HEIGHT),
        Constraint::Length(u16::from(parts.is_some())),
        Constraint::Length(rows(&doubts)),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(title_line(view, theme, head.width)), head);
    frame.render_widget(Paragraph::new(plan), order);
    frame.render_widget(Paragraph::new(gauge_line(view, theme, gauge.width)), gauge);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(plots);
    plots::rate(frame, left, view, theme);
    plots::times(frame, right, view, theme);
    panels::tables(frame, tables, view, theme);
    if let Some(parts) = parts {
        frame.render_widget(Paragraph::new(parts), whose);
    }
    frame.render_widget(Paragraph::new(doubts), audit);
}

/// Rows that these lines take.
fn rows(lines: &[Line<'_>]) -> u16 {
    u16::try_from(lines.len()).unwrap_or(u16::MAX)
}

/// One line a subject, by need: the rate first, the plan last. What room is left is a plot.
fn compact(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let doubt = doubt_lines(view, theme, area.width).swap_remove(0);
    let mut by_need = vec![
        (2, rate_line(view, theme, area.width)),
        (3, times_line(view, theme, area.width)),
        (4, state_line(view, theme, area.width)),
        (1, gauge_line(view, theme, area.width)),
        (0, title_line(view, theme, area.width)),
        (5, doubt),
    ];
    if !view.doubts.is_empty() {
        // A doubt is needed more than the name of what is being measured.
        let last = by_need.len() - 1;
        by_need.swap(last - 1, last);
    }
    by_need.truncate(area.height.into());
    by_need.sort_by_key(|(place, _)| *place);
    let lines: Vec<Line<'_>> = by_need.into_iter().map(|(_, line)| line).collect();
    let [words, plot] =
        Layout::vertical([Constraint::Length(rows(&lines)), Constraint::Fill(1)]).areas(area);
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
        return cut(Line::from(title), width);
    }
    Line::from(vec![
        title,
        Span::raw(" ".repeat(room)),
        Span::styled(stage, theme.heading),
    ])
}

/// The plan: in two lines where there is height to spare.
fn plan_lines(view: &View, theme: Theme, area: Rect) -> Vec<Line<'_>> {
    let wrapped = wrapped(&view.plan, area.width.into());
    if area.height > FULL_HEIGHT && wrapped.len() == 2 {
        let lines = wrapped.into_iter();
        return lines.map(|line| Line::styled(line, theme.quiet)).collect();
    }
    vec![cut(Line::styled(&*view.plan, theme.quiet), area.width)]
}

/// Share that is done, in words, and as a bar where there is room for one that says something.
fn gauge_line(view: &View, theme: Theme, width: u16) -> Line<'static> {
    const SHORTEST_BAR: usize = 8;
    let share = format!("{:.0} %", (view.done * 100.0).floor());
    let words = format!(" {share:>5}  {}", view.clock());
    let room = usize::from(width).saturating_sub(words.chars().count());
    if room < SHORTEST_BAR {
        let lines = [words.trim_start(), &share].map(|words| Line::raw(words.to_owned()));
        return fitting(lines.into(), width);
    }
    let filled = ((view.done * room as f64).round() as usize).min(room);
    Line::from(vec![
        Span::styled("━".repeat(filled), theme.headline),
        Span::styled("─".repeat(room - filled), theme.quiet),
        Span::raw(words),
    ])
}

/// The newest rate.
fn rate_line(view: &View, theme: Theme, width: u16) -> Line<'static> {
    let rate = match view.newest() {
        Some(newest) => format!("{} msg/s", wsbench_record::units::rate(newest.per_s)),
        None => view.stage_word().to_owned(),
    };
    cut(Line::styled(rate, theme.headline), width)
}

/// The newest percentiles; the tail alone where both do not fit.
fn times_line(view: &View, theme: Theme, width: u16) -> Line<'static> {
    let Some(newest) = view.newest() else {
        return cut(Line::styled(mark::NO_SAMPLES, theme.quiet), width);
    };
    let median = [
        Span::styled("p50 ", theme.quiet),
        Span::styled(mark::exact(newest.p50_ns), theme.middle),
    ];
    let tail = [
        Span::styled("p99 ", theme.quiet),
        Span::styled(mark::exact(newest.p99_ns), theme.tail),
    ];
    let both = |gap| {
        let gap = std::iter::once(Span::raw(gap));
        Line::from_iter(
            median
                .iter()
                .cloned()
                .chain(gap)
                .chain(tail.iter().cloned()),
        )
    };
    let alone = Line::from(tail.to_vec());
    fitting(vec![both("  "), both(" "), alone], width)
}

/// Whose the service time was until now, where kernel stamps tell.
fn parts_line(view: &View, theme: Theme, width: u16) -> Option<Line<'static>> {
    let (outside, wait) = view.parts_p50_ns?;
    let line = Line::from(vec![
        Span::styled("service time, p50: outside ", theme.quiet),
        Span::styled(mark::exact(Some(outside)), theme.middle),
        Span::styled(", own queue ", theme.quiet),
        Span::styled(mark::exact(Some(wait)), theme.headline),
        Span::styled(" (answers that waited for wsbench)", theme.quiet),
    ]);
    Some(cut(line, width))
}

/// Connections and errors.
fn state_line(view: &View, theme: Theme, width: u16) -> Line<'static> {
    let errors = view.error_count();
    let look = if errors == 0 { theme.plain } else { theme.bad };
    let words = wsbench_record::units::counted(errors, "error");
    let connections = format!("{}/{}", view.alive, view.asked);
    let lines = [
        format!("{connections} conns  "),
        format!("{connections}  "),
        String::new(),
    ];
    let line = |before| Line::from(vec![Span::raw(before), Span::styled(words.clone(), look)]);
    fitting(lines.map(line).into(), width)
}

/// Doubts that speak against the figures so far. At least one line.
fn doubt_lines(view: &View, theme: Theme, width: u16) -> Vec<Line<'_>> {
    if view.doubts.is_empty() {
        let line = Line::styled("audit: no doubts so far", theme.good);
        return vec![cut(line, width)];
    }
    let hidden = view.doubts.len().saturating_sub(DOUBTS_SHOWN);
    let mut lines: Vec<Line<'_>> = view
        .doubts
        .iter()
        .take(DOUBTS_SHOWN)
        .map(|doubt| Line::styled(format!("doubt: {doubt}"), theme.doubt))
        .collect();
    if hidden > 0
        && let Some(last) = lines.last_mut()
    {
        last.push_span(format!(" (+{hidden} more)"));
    }
    lines.into_iter().map(|line| cut(line, width)).collect()
}
