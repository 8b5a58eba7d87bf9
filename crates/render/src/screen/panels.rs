//! The panels under the plots: the shape of the answers, and what is used.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use wsbench_load::result::AgentStanding;
use wsbench_record::document::Percentile;
use wsbench_record::units::{bytes, count, counted, percent, span};

use super::look::Look;
use super::plots::panel;
use super::room::cut;
use super::theme::Theme;
use crate::brief::shape;
use crate::foreign::printable;
use crate::live::{View, lost_agents};
use crate::mark;
use crate::summary::PERCENTILES;
use crate::times::TimeColumns;

/// Rows that the panels have at least.
pub(super) const HEIGHT: u16 = 8;
/// Columns of a name.
const NAME: usize = 11;
/// Columns of a name and of the words behind a bar.
const NAMED: u16 = 28;
/// Rows from which on the last second stands beside the whole run.
const TALL: usize = 13;

/// The histogram so far; by a key the percentiles.
pub(super) fn shape(frame: &mut Frame<'_>, area: Rect, view: &View, look: Look, theme: Theme) {
    if look.has_table {
        percentiles(frame, area, view, theme);
        return;
    }
    let clients = &view.document.plan.clients;
    let title = match view.gone_at_s {
        Some(gone) => format!(" answered, until {gone:.1} s "),
        None if !clients.exchange.flow.is_answered() => {
            format!(" {} so far ", clients.headline().info().caption)
        }
        None if clients.is_fanned_out() => " deliveries so far ".to_owned(),
        None if clients.is_open_loop() => " response times so far ".to_owned(),
        None => " round trips so far ".to_owned(),
    };
    // What was never answered is no part of a shape of answers.
    let spans = view.document.at(match view.gone_at_s {
        Some(_) => clients.headline_from_sent(),
        None => clients.headline(),
    });
    let block = panel(theme, Line::styled(title, theme.figure));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let columns = usize::from(inner.width.saturating_sub(2));
    let rows = inner.height.saturating_sub(1);
    let Some((shares, least, most)) = shape::shares(spans, columns) else {
        let words = Line::styled(mark::NO_SAMPLES, theme.quiet).centered();
        frame.render_widget(Paragraph::new(words), inner);
        return;
    };
    let mut lines: Vec<Line<'_>> = (0..rows)
        .map(|row| {
            let from_below = f64::from(rows - 1 - row);
            let cells = shares.iter().map(|share| {
                let filled = share * f64::from(rows) - from_below;
                // What there is at all is to be seen.
                let least = if *share > 0.0 && from_below == 0.0 {
                    0.1
                } else {
                    0.0
                };
                theme.glyphs.bar(filled.clamp(least, 1.0))
            });
            Line::styled(format!(" {}", cells.collect::<String>()), theme.middle)
        })
        .collect();
    let (least, most) = (span(least), span(most));
    let between = columns.saturating_sub(least.chars().count() + most.chars().count());
    let ends = format!(" {least}{}{most}", " ".repeat(between));
    lines.push(Line::styled(ends, theme.quiet));
    put(frame, inner, lines);
}

/// Columns of a figure.
const FIGURE: usize = 13;

/// The times that the load is about, percentile by percentile.
fn percentiles(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let block = panel(theme, Line::styled(" all times so far ", theme.figure));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let times = TimeColumns::of(&view.document);
    // What there is no room for stands in the result.
    let room = usize::from(inner.width).saturating_sub(8) / FIGURE;
    let columns = &times.columns()[..times.columns().len().min(room)];
    let heads = columns
        .iter()
        .map(|(info, _)| format!("{:>FIGURE$}", info.title));
    let heading = format!("{:<8}{}", "", heads.collect::<String>());
    let mut lines = vec![Line::styled(heading, theme.quiet)];
    for percentile in PERCENTILES {
        let mut line = Line::from(format!("{:<8}", percentile.label()));
        for (_, spans) in columns {
            let known = spans.known(percentile);
            let look = if known.is_weak() {
                theme.quiet
            } else {
                theme.plain
            };
            line.push_span(Span::styled(
                format!("{:>FIGURE$}", mark::words(known).0),
                look,
            ));
        }
        lines.push(line);
    }
    let longest = columns
        .iter()
        .map(|(_, spans)| format!("{:>FIGURE$}", mark::longest(spans)));
    lines.push(Line::from(format!(
        "{:<8}{}",
        "max",
        longest.collect::<String>()
    )));
    put(frame, inner, lines);
}

/// CPU of both sides, memory, connections, what is out, errors.
pub(super) fn used(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let (title, look) = match view.gone_at_s {
        Some(_) => (" what is left ", theme.bad),
        None => (" what is used ", theme.figure),
    };
    let block = panel(theme, Line::styled(title, look));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let bar = usize::from(inner.width.saturating_sub(NAMED)).clamp(6, 22);
    let mut lines = vec![generator(view, theme, bar)];
    if view.agents.is_empty() || view.document.server.is_some() || view.gone_at_s.is_some() {
        lines.extend(server(view, theme, bar));
    }
    lines.push(alive(view, theme, bar));
    let out = match view.gone_at_s {
        Some(_) => "unanswered",
        None => "in flight",
    };
    lines.push(row(out, bar, &count(view.in_flight)));
    let rows = usize::from(inner.height);
    // A row is for errors.
    lines.extend(agents(
        view,
        theme,
        bar,
        rows.saturating_sub(lines.len() + 1),
    ));
    let is_tall = rows >= TALL && view.agents.is_empty();
    let room = if is_tall {
        3
    } else {
        rows.saturating_sub(lines.len())
    };
    let room = (usize::from(inner.width), room.max(1));
    lines.extend(errors(view, theme, bar, room));
    if is_tall {
        lines.extend(beside(view, theme));
    }
    put(frame, inner, lines);
}

/// A name, room for a bar, and words.
fn row(name: &str, bar: usize, words: &str) -> Line<'static> {
    Line::from(format!(" {name:<NAME$}{:bar$} {words}", ""))
}

fn with_bar(
    name: &str,
    share: f64,
    bar: usize,
    look: ratatui::style::Style,
    words: &str,
    theme: Theme,
) -> Line<'static> {
    let filled = (share.clamp(0.0, 1.0) * bar as f64).round() as usize;
    Line::from(vec![
        Span::raw(format!(" {name:<NAME$}")),
        Span::styled(theme.pick("■", "#").repeat(filled), look),
        Span::styled(theme.pick("·", ".").repeat(bar - filled), theme.quiet),
        Span::raw(format!(" {words}")),
    ])
}

/// The busiest thread of the generator.
fn generator(view: &View, theme: Theme, bar: usize) -> Line<'static> {
    let busiest = view.cpu_shares.iter().copied().fold(0.0, f64::max);
    let look = if busiest > 0.9 {
        theme.doubt
    } else {
        theme.middle
    };
    let words = format!("{} of a core", percent(busiest));
    with_bar("generator", busiest, bar, look, &words, theme)
}

/// CPU and memory of the server, where its process is known.
fn server(view: &View, theme: Theme, bar: usize) -> Vec<Line<'static>> {
    if view.gone_at_s.is_some() {
        let mut line = row("server", 0, "");
        line.push_span(Span::styled("gone", theme.bad));
        return vec![line];
    }
    let Some(server) = view.document.server else {
        let words = Span::styled("not known", theme.quiet);
        let mut line = row("server", bar, "");
        line.push_span(words);
        return vec![line];
    };
    let share = server.busiest_thread_share.or(server.cpu_share);
    let mut lines = Vec::new();
    if let (Some(share), Some(all)) = (share, server.cpu_share) {
        let words = format!("{} of a core", percent(all));
        lines.push(with_bar("server", share, bar, theme.middle, &words, theme));
    }
    let memory = server.rss_bytes.map(|amount| bytes(amount as f64));
    lines.extend(memory.map(|words| row("memory", bar, &words)));
    lines
}

fn alive(view: &View, theme: Theme, bar: usize) -> Line<'static> {
    let asked = view.asked();
    let share = view.alive as f64 / asked.max(1) as f64;
    let look = match view.alive {
        0 => theme.bad,
        alive if alive < asked => theme.doubt,
        _ => theme.good,
    };
    let words = format!("{} of {}", count(view.alive), count(asked));
    let mut line = with_bar("alive", share, bar, look, &words, theme);
    if view.alive == 0 && asked > 0 {
        line.push_span(Span::styled(
            format!(" {}", theme.pick("✕", "x")),
            theme.bad,
        ));
    }
    line
}

/// The machines of a fleet, a row each, or in one where there is little room: whose share of the rate each
/// has, or why it has none.
fn agents(view: &View, theme: Theme, bar: usize, rows: usize) -> Vec<Line<'static>> {
    let agents = &view.agents;
    if agents.is_empty() {
        return Vec::new();
    }
    if agents.len() > rows {
        let Some(lost) = lost_agents(agents) else {
            return vec![row("agents", bar, &format!("all {} there", agents.len()))];
        };
        let mut line = row("agents", 0, "");
        line.push_span(Span::styled(lost, theme.bad));
        return vec![line];
    }
    let one = |it: &AgentStanding| {
        let name = printable(&it.name);
        match (&it.lost, it.share) {
            (Some(why), _) => {
                let words = format!(" {name:<NAME$}lost: {}", printable(why));
                Line::styled(words, theme.bad)
            }
            (None, Some(share)) => {
                let words = format!("{} of rate", percent(share));
                with_bar(&name, share, bar, theme.middle, &words, theme)
            }
            (None, None) => row(&name, bar, &it.step),
        }
    };
    agents.iter().map(one).collect()
}

/// Failures by kind: by what they mean where that fits, else by name.
fn errors(
    view: &View,
    theme: Theme,
    bar: usize,
    (width, rows): (usize, usize),
) -> Vec<Line<'static>> {
    if view.errors.is_empty() {
        return vec![row("errors", bar, "none")];
    }
    let shown = if view.errors.len() > rows {
        rows - 1
    } else {
        rows
    };
    let mut lines: Vec<Line<'static>> = view
        .errors
        .iter()
        .take(shown)
        .map(|seen| {
            let told =
                |words: &str| Line::styled(format!(" {} {words}", count(seen.count)), theme.bad);
            let line = told(&seen.words);
            match line.width() <= width {
                true => line,
                false => told(&seen.name),
            }
        })
        .collect();
    let hidden = view.errors.len().saturating_sub(shown);
    if hidden > 0 {
        let words = format!(" and {} more", counted(hidden as u64, "kind"));
        lines.push(Line::styled(words, theme.bad));
    }
    lines
}

/// The last interval beside the whole run.
fn beside(view: &View, theme: Theme) -> Vec<Line<'static>> {
    let Some(newest) = view.newest() else {
        return Vec::new();
    };
    let spans = &view.times;
    let heading = format!(" {:<8}{:>15}{:>16}", "", "last interval", "whole run");
    let mut lines = vec![Line::default(), Line::styled(heading, theme.quiet)];
    let newest_of = |percentile| match percentile {
        Percentile::P50 => mark::exact(newest.p50_ns),
        Percentile::P99 => mark::exact(newest.p99_ns),
        _ => String::new(),
    };
    for percentile in [
        Percentile::P50,
        Percentile::P90,
        Percentile::P99,
        Percentile::P99_9,
    ] {
        let known = spans.known(percentile);
        let (figure, half) = mark::words(known);
        let name = percentile.label();
        let look = if known.is_weak() {
            theme.quiet
        } else {
            theme.plain
        };
        lines.push(Line::from(vec![
            Span::raw(format!(" {name:<8}{:>15}", newest_of(percentile))),
            Span::styled(format!("{figure:>16}"), look),
            Span::styled(format!(" {half}"), theme.quiet),
        ]));
    }
    let (last, all) = (mark::exact(newest.max_ns), mark::longest(spans));
    lines.push(Line::from(format!(" {:<8}{last:>15}{all:>16}", "max")));
    lines
}

fn put(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'_>>) {
    let lines: Vec<Line<'_>> = lines
        .into_iter()
        .map(|line| cut(line, area.width))
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}
