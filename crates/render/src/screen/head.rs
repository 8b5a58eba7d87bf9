//! The lines above the plots: what is measured, how far it is, the figures, the audit and the limit,
//! in the order in which a result has them.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use wsbench_load::result::Stage;
use wsbench_record::audit::Verdict;
use wsbench_record::document::Percentile;
use wsbench_record::units::{asked_rate, count, counted};

use super::look::Look;
use super::room::{cut, fitting, parted};
use super::theme::Theme;
use crate::brief::{died, trust};
use crate::live::{SeenFailure, View, lost_agents, word};
use crate::mark;
use crate::times::Tempo;

/// The percentiles in the line of figures.
const QUOTED: [Percentile; 4] = [
    Percentile::P50,
    Percentile::P90,
    Percentile::P99,
    Percentile::P99_9,
];
/// The others, by a key.
const TAILS: [Percentile; 4] = [
    Percentile::P75,
    Percentile::P95,
    Percentile::P99_9,
    Percentile::P99_99,
];

/// All of them.
pub(super) fn lines(view: &View, look: Look, theme: Theme, width: u16) -> Vec<Line<'_>> {
    let mut lines = vec![
        title(view, theme, width),
        parted(&view.plan, theme.quiet, width),
        bar(view, theme, width),
        figures(view, look, theme, width),
        audit(view, theme, width),
    ];
    lines.extend(limit(view, theme, width));
    lines
}

/// A line a subject where there is little room, the most needed kept.
pub(super) fn by_need(view: &View, look: Look, theme: Theme, area: Rect) -> Vec<Line<'_>> {
    let width = area.width;
    let mut by_need = vec![
        (2, throughput(view, theme, width)),
        (3, percentiles(view, look, theme, width)),
        (4, state(view, theme, width)),
        (5, audit(view, theme, width)),
        (1, bar(view, theme, width)),
        (0, title(view, theme, width)),
    ];
    if view.document.audit.verdict != Verdict::Ok && area.height > 1 {
        // A doubt is needed more than the tail.
        by_need.swap(1, 3);
    }
    by_need.truncate(area.height.into());
    by_need.sort_by_key(|(place, _)| *place);
    by_need.into_iter().map(|(_, line)| line).collect()
}

/// The target on the left and where the run stands on the right.
fn title(view: &View, theme: Theme, width: u16) -> Line<'_> {
    let standing = view.standing();
    let title = Span::styled(&*view.title, theme.figure);
    let used = title.width() + standing.chars().count();
    let room = usize::from(width).saturating_sub(used);
    if room == 0 {
        return cut(Line::from(title), width);
    }
    let look = if view.gone_at_s.is_some() {
        theme.bad
    } else {
        theme.fact
    };
    Line::from(vec![
        title,
        Span::raw(" ".repeat(room)),
        Span::styled(standing, look),
    ])
}

/// The share that is done; from where the server was gone it is told apart.
fn bar(view: &View, theme: Theme, width: u16) -> Line<'static> {
    let room = usize::from(width);
    let filled = ((view.done * room as f64).round() as usize).min(room);
    let dead = match (view.gone_at_s, view.document.duration_s) {
        (Some(gone), measured) if measured > 0.0 => {
            let share = (1.0 - gone / measured).clamp(0.0, 1.0);
            ((share * filled as f64).round() as usize).min(filled)
        }
        _ => 0,
    };
    Line::from(vec![
        Span::styled(theme.pick("━", "=").repeat(filled - dead), theme.middle),
        Span::styled(theme.pick("╍", "x").repeat(dead), theme.bad),
        Span::styled(theme.pick("─", "-").repeat(room - filled), theme.quiet),
    ])
}

/// The rate and the percentiles, as many as fit: of those the second goes first.
fn figures(view: &View, look: Look, theme: Theme, width: u16) -> Line<'static> {
    let [first, second, third, fourth] = chosen(look);
    let line = |gap: usize, percentiles: &[Percentile]| {
        let mut line = throughput(view, theme, width);
        for percentile in percentiles {
            line.push_span(Span::raw(" ".repeat(gap)));
            let spans = percentile_spans(view, *percentile, theme);
            spans.into_iter().for_each(|span| line.push_span(span));
        }
        line
    };
    let ways = vec![
        line(3, &[first, second, third, fourth]),
        line(2, &[first, second, third, fourth]),
        line(3, &[first, third, fourth]),
        line(2, &[first, third, fourth]),
        line(3, &[first, third]),
        line(2, &[first, third]),
        line(3, &[third]),
        line(2, &[third]),
        line(0, &[]),
    ];
    fitting(ways, width)
}

fn chosen(look: Look) -> [Percentile; 4] {
    if look.has_tails { TAILS } else { QUOTED }
}

/// The newest rate, and beside it what was asked where it is not that.
fn throughput(view: &View, theme: Theme, width: u16) -> Line<'static> {
    let Some(newest) = view.newest() else {
        return cut(Line::styled(word(view.stage), theme.fact), width);
    };
    let is_dead = view.gone_at_s.is_some();
    let look = if is_dead { theme.bad } else { theme.figure };
    let counted = Tempo::of(&view.document.plan.clients);
    let figure = format!("{} {}", counted.words(newest.figure), counted.unit());
    let figure = Span::styled(figure, look);
    let asked = view.document.asked_messages_per_s.filter(|_| is_dead);
    let asked = asked.map_or_else(String::new, |asked| {
        format!(" ({} asked)", asked_rate(asked))
    });
    let both = Line::from(vec![figure.clone(), Span::styled(asked, theme.quiet)]);
    fitting(vec![both, Line::from(figure)], width)
}

/// The percentiles alone, the tail first to stay.
fn percentiles(view: &View, look: Look, theme: Theme, width: u16) -> Line<'static> {
    if view.times.is_empty() {
        return cut(Line::styled(mark::NO_SAMPLES, theme.quiet), width);
    }
    let [first, second, third, fourth] = chosen(look);
    let line = |chosen: &[Percentile]| {
        let mut line = Line::default();
        for (at, percentile) in chosen.iter().enumerate() {
            if at > 0 {
                line.push_span(Span::raw("  "));
            }
            let spans = percentile_spans(view, *percentile, theme);
            spans.into_iter().for_each(|span| line.push_span(span));
        }
        line
    };
    let ways = [
        line(&[first, second, third, fourth]),
        line(&[first, second, third]),
        line(&[first, third]),
        line(&[third]),
    ];
    fitting(ways.into(), width)
}

/// `p99 190 µs ±5`, as the line of a result has it: of a weak figure the interval alone, dim; a bound
/// with its sign.
fn percentile_spans(view: &View, percentile: Percentile, theme: Theme) -> Vec<Span<'static>> {
    let known = view.times.known(percentile);
    let (figure, beside) = mark::alone(known);
    let look = if known.is_weak() {
        theme.quiet
    } else {
        theme.figure
    };
    let mut spans = vec![
        Span::raw(format!("{} ", percentile.label())),
        Span::styled(figure, look),
    ];
    if !beside.is_empty() {
        spans.push(Span::styled(format!(" {beside}"), theme.quiet));
    }
    spans
}

/// The audit so far: the gravest doubt, else what speaks for the figures.
fn audit(view: &View, theme: Theme, width: u16) -> Line<'static> {
    let document = &view.document;
    if view.stage == Stage::Connecting && document.audit.verdict == Verdict::Ok {
        let words = format!("{} of {} open", count(view.alive), count(view.asked()));
        return cut(Line::styled(words, theme.quiet), width);
    }
    let (sign, verdict, _) = trust::sign(document.audit.verdict);
    let look = match document.audit.verdict {
        Verdict::Ok => theme.good,
        Verdict::Doubtful => theme.doubt,
        Verdict::Invalid => theme.bad,
    };
    let sign = match sign {
        "✓" => theme.pick("✓", "+"),
        "▲" => theme.pick("▲", "!"),
        _ => theme.pick("✕", "x"),
    };
    let mut doubts = document.audit.doubts();
    let words = match doubts.next() {
        Some(gravest) => match doubts.count() {
            0 => gravest.message.clone(),
            more => format!("{} (+{more} more)", gravest.message),
        },
        None => grounds(view).join(", "),
    };
    let line = Line::from(vec![
        Span::styled(format!("{sign} {verdict} so far: "), look),
        Span::raw(words),
    ]);
    cut(line, width)
}

/// Grounds for the figures so far.
fn grounds(view: &View) -> Vec<String> {
    let document = &view.document;
    let mut grounds = Vec::new();
    let is_open = document.plan.clients.is_open_loop();
    if is_open && !wsbench_judge::limit::is_rate_missed(document) {
        grounds.push("rate held".to_owned());
    }
    if document.messages.answered > 0 {
        grounds.push("all answers right".to_owned());
    }
    grounds.push(match view.clients {
        Some((completed, clients)) => {
            format!("{} of {} clients done", count(completed), count(clients))
        }
        None => format!("{} of {} alive", count(view.alive), count(view.asked())),
    });
    grounds
}

/// What limits the rate so far; of a server that is gone, the cause.
fn limit(view: &View, theme: Theme, width: u16) -> Option<Line<'static>> {
    if view.document.audit.verdict == Verdict::Invalid {
        let cause = died::cause(&view.document.errors, died::FURTHER)?;
        let line = Line::from(vec![
            Span::styled(format!("{} ", theme.pick("✕", "x")), theme.bad),
            Span::styled(cause, theme.bad),
        ]);
        return Some(cut(line, width));
    }
    let limit = view.document.audit.limit.as_ref()?;
    let colon = if limit.message.is_empty() { "" } else { ": " };
    let sign = theme.pick("◆", "*");
    let line = Line::from(vec![
        Span::styled(
            format!("{sign} limited by {}", limit.by.words()),
            theme.fact,
        ),
        Span::raw(format!("{colon}{}", limit.message)),
    ]);
    Some(cut(line, width))
}

/// Connections and errors.
fn state(view: &View, theme: Theme, width: u16) -> Line<'static> {
    let errors = SeenFailure::sum(&view.errors);
    let look = if errors == 0 { theme.plain } else { theme.bad };
    let words = counted(errors, "error");
    let connections = format!("{}/{}", view.alive, view.asked());
    let lines = [
        format!("{connections} conns  "),
        format!("{connections}  "),
        String::new(),
    ];
    let lost = lost_agents(&view.agents).map(|lost| Span::styled(format!("  {lost}"), theme.bad));
    let line = |before| {
        let mut line = Line::from(vec![Span::raw(before), Span::styled(words.clone(), look)]);
        line.spans.extend(lost.clone());
        line
    };
    fitting(lines.map(line).into(), width)
}
