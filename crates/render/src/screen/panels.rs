//! The panels under the plots: percentiles, connections, the generator, errors.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use wsbench_record::document::Support;
use wsbench_record::units::{count, counted, percent};

use super::plots::panel;
use super::room::cut;
use super::theme::Theme;
use crate::live::{Figure, View};

/// Rows of the panels: six percentiles under a heading, and the frame.
pub(super) const TABLE_HEIGHT: u16 = 9;
/// Columns of the percentiles' panel: a name and two figures, and the frame.
const TIMES_WIDTH: u16 = 32;
/// Columns of the panels of connections and generator.
const STATE_WIDTH: u16 = 26;
/// Rows of the connections' panel.
const CONNECTIONS_HEIGHT: u16 = 4;
/// Cells of a thread's bar.
const BAR: usize = 12;

/// All of them, side by side.
pub(super) fn tables(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let [left, middle, right] = Layout::horizontal([
        Constraint::Length(TIMES_WIDTH),
        Constraint::Length(STATE_WIDTH),
        Constraint::Fill(1),
    ])
    .areas(area);
    let [upper, lower] =
        Layout::vertical([Constraint::Length(CONNECTIONS_HEIGHT), Constraint::Fill(1)])
            .areas(middle);
    times(frame, left, view, theme);
    connections(frame, upper, view, theme);
    generator(frame, lower, view, theme);
    errors(frame, right, view, theme);
}

/// Response and service time until now, side by side.
fn times(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let heading = format!("{:<8}{:>11}{:>11}", "", "response", "service");
    let mut lines = vec![Line::styled(heading, theme.quiet)];
    for (response, service) in view.response.iter().zip(&view.service) {
        lines.push(Line::from(vec![
            Span::styled(format!("{:<8}", response.name), theme.heading),
            figure(response, theme),
            figure(service, theme),
        ]));
    }
    let title = if view.is_open_loop {
        " latency, open loop "
    } else {
        " latency, closed loop "
    };
    put(frame, area, theme, title, lines);
}

fn figure(figure: &Figure, theme: Theme) -> Span<'static> {
    let look = match figure.support {
        Support::Known => theme.plain,
        Support::Low => theme.tail,
        Support::Unknown => theme.quiet,
    };
    Span::styled(format!("{:>11}", figure.words), look)
}

fn connections(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let look = if view.alive < view.asked {
        theme.doubt
    } else {
        theme.good
    };
    let alive = format!("{} of {} alive", count(view.alive), count(view.asked));
    let second = match view.clients {
        Some((completed, clients)) => {
            format!("{} of {} clients", count(completed), count(clients))
        }
        None => format!("{} answered", count(view.answered)),
    };
    let lines = vec![Line::styled(alive, look), Line::raw(second)];
    put(frame, area, theme, " connections ", lines);
}

/// CPU of each thread as a bar; of many, those that there is room for, the busiest first.
fn generator(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let rows = usize::from(area.height.saturating_sub(2));
    let mut threads: Vec<(usize, f64)> = view.cpu_shares.iter().copied().enumerate().collect();
    if threads.len() > rows {
        threads.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    }
    let title = if threads.len() > rows {
        format!(" busiest of {} threads ", threads.len())
    } else {
        " generator CPU ".to_owned()
    };
    let lines = threads
        .into_iter()
        .take(rows)
        .map(|(number, share)| thread(number, share, theme))
        .collect();
    put(frame, area, theme, &title, lines);
}

fn thread(number: usize, share: f64, theme: Theme) -> Line<'static> {
    let filled = (share.clamp(0.0, 1.0) * BAR as f64).round() as usize;
    let look = if share > 0.9 { theme.bad } else { theme.middle };
    Line::from(vec![
        Span::styled(format!("{number:<3}"), theme.quiet),
        Span::styled("■".repeat(filled), look),
        Span::styled("·".repeat(BAR - filled), theme.quiet),
        Span::raw(format!(" {:>6}", percent(share))),
    ])
}

fn errors(frame: &mut Frame<'_>, area: Rect, view: &View, theme: Theme) {
    let rows = usize::from(area.height.saturating_sub(2));
    let mut lines: Vec<Line<'_>> = view
        .errors
        .iter()
        .take(rows)
        .map(|(words, number)| Line::styled(format!("{} {words}", count(*number)), theme.bad))
        .collect();
    if lines.is_empty() {
        lines.push(Line::styled("none", theme.good));
    }
    if view.errors.len() > rows
        && let Some(last) = lines.last_mut()
    {
        let hidden = view.errors.len() - rows + 1;
        *last = Line::styled(
            format!("and {}", counted(hidden as u64, "other kind")),
            theme.bad,
        );
    }
    put(frame, area, theme, " errors ", lines);
}

fn put(frame: &mut Frame<'_>, area: Rect, theme: Theme, title: &str, lines: Vec<Line<'_>>) {
    let title = Line::styled(title.to_owned(), theme.heading);
    let room = area.width.saturating_sub(2);
    let lines: Vec<Line<'_>> = lines.into_iter().map(|line| cut(line, room)).collect();
    frame.render_widget(Paragraph::new(lines).block(panel(theme, title)), area);
}
