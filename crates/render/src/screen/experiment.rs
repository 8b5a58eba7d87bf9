//! The screen of an experiment: its table as it grows, each row on one axis.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use wsbench_record::audit::Verdict;

use super::look::Look;
use super::room::{cut, parted};
use super::theme::Theme;
use super::{KEYS_OF_EXPERIMENTS, footer};
use crate::comparison::factor;
use crate::live::experiment::{AxisLayout, ExperimentView, RowTone, TableRow};
use crate::prose::width;

/// An axis shorter than this says nothing.
const LEAST_AXIS: usize = 14;
/// Columns of a name and of a figure at most.
const MOST: usize = 18;

/// Draws it.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &ExperimentView,
    look: Look,
    theme: Theme,
) {
    let columns = area.width;
    let mut lines = vec![head(view, theme, columns)];
    if area.height > 6 {
        lines.push(parted(&view.plan, theme.quiet, columns));
    }
    if area.height > 3 {
        lines.push(bar(view, theme, columns));
    }
    lines.push(answer(view, theme, columns));
    let foot = foot(view, look, theme, columns);
    let room = usize::from(area.height).saturating_sub(lines.len() + foot.len());
    lines.extend(table(view, look, theme, usize::from(columns), room));
    while lines.len() + foot.len() < usize::from(area.height) {
        lines.push(Line::default());
    }
    lines.extend(foot);
    lines.truncate(area.height.into());
    frame.render_widget(Paragraph::new(lines), area);
}

fn head(view: &ExperimentView, theme: Theme, columns: u16) -> Line<'static> {
    let title = Span::styled(view.title.clone(), theme.figure);
    let used = title.width() + width(&view.clock);
    let room = usize::from(columns).saturating_sub(used);
    if room == 0 {
        return cut(Line::from(title), columns);
    }
    Line::from(vec![
        title,
        Span::raw(" ".repeat(room)),
        Span::styled(view.clock.clone(), theme.fact),
    ])
}

fn bar(view: &ExperimentView, theme: Theme, columns: u16) -> Line<'static> {
    let room = usize::from(columns);
    let filled = ((view.done * room as f64).round() as usize).min(room);
    Line::from(vec![
        Span::styled(theme.pick("━", "=").repeat(filled), theme.middle),
        Span::styled(theme.pick("─", "-").repeat(room - filled), theme.quiet),
    ])
}

fn answer(view: &ExperimentView, theme: Theme, columns: u16) -> Line<'static> {
    let line = Line::from(vec![
        Span::styled(view.answer.clone(), theme.figure),
        Span::raw(if view.answer.is_empty() { "" } else { "   " }),
        Span::styled(view.beside.clone(), theme.quiet),
    ]);
    cut(line, columns)
}

/// The run under way, the audit, the legend, the keys; where there is little room the last two go.
fn foot(view: &ExperimentView, look: Look, theme: Theme, columns: u16) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if !view.now.is_empty() {
        lines.push(Line::from(vec![
            Span::styled("now ", theme.fact),
            Span::raw(view.now.clone()),
        ]));
    }
    let (verdict, words) = &view.audit;
    let (sign, word, tone) = match verdict {
        Verdict::Ok => (theme.pick("✓", "+"), "good", theme.good),
        Verdict::Doubtful => (theme.pick("▲", "!"), "doubtful", theme.doubt),
        Verdict::Invalid => (theme.pick("✕", "x"), "invalid", theme.bad),
    };
    if !words.is_empty() {
        lines.push(Line::from(vec![
            Span::styled(format!("{sign} {word} so far: "), tone),
            Span::raw(words.clone()),
        ]));
    }
    lines.push(Line::styled(view.legend.clone(), theme.quiet));
    lines.push(footer(&KEYS_OF_EXPERIMENTS, look.is_paused, theme, columns));
    lines.into_iter().map(|line| cut(line, columns)).collect()
}

/// The rows that there is room for, the newest in sight, below the heads and the axis.
fn table(
    view: &ExperimentView,
    look: Look,
    theme: Theme,
    columns: usize,
    room: usize,
) -> Vec<Line<'static>> {
    if room < 3 || view.rows.is_empty() {
        return Vec::new();
    }
    let longest = |of: &dyn Fn(&TableRow) -> usize, head: &str| {
        let rows = view.rows.iter().map(of);
        rows.chain([width(head)]).max().unwrap_or(0)
    };
    let [first, second, third] = &view.heads;
    let names = longest(&|row| width(&row.name), first).min(MOST);
    let figures = longest(&|row| width(&row.figure), second).min(MOST);
    let after = longest(&|row| width(&row.after), third);
    let used = names + figures + 4;
    let after = after.min(columns.saturating_sub(used + 2) / 2 + 8);
    let axis = columns.saturating_sub(used + after + 2);
    let scale = (axis >= LEAST_AXIS).then(|| Ruler::of(view, axis));
    let last = view.rows.len();
    let rows = room - 2;
    let most = last.saturating_sub(rows);
    let by_itself = if view.is_from_above { 0 } else { most };
    let from = by_itself.saturating_add_signed(look.scroll).min(most);
    let words = |name: &str, figure: &str| {
        let (name, figure) = (clip(name, names), clip(figure, figures));
        let pad = names.saturating_sub(width(&name));
        let lead = figures.saturating_sub(width(&figure));
        format!(
            "{name}{} {}{figure}  ",
            " ".repeat(pad + 1),
            " ".repeat(lead)
        )
    };
    let mut heads = Line::styled(words(first, second), theme.quiet);
    if let Some(scale) = &scale {
        heads.push_span(Span::styled(format!("{}  ", scale.labels()), theme.quiet));
    }
    heads.push_span(Span::styled(clip(third, after), theme.quiet));
    let mut lines = vec![Line::default(), heads];
    for row in view.rows.iter().skip(from).take(rows) {
        let tone = look_of(row.tone, theme);
        let mut line = Line::from(Span::styled(
            words(&row.name, &row.figure),
            if row.tone == RowTone::Weak {
                theme.quiet
            } else {
                theme.plain
            },
        ));
        if let Some(scale) = &scale {
            for (letter, is_mark) in scale.row(row, theme) {
                let look = if is_mark { tone } else { theme.quiet };
                line.push_span(Span::styled(letter.to_string(), look));
            }
            line.push_span(Span::raw("  "));
        }
        line.push_span(Span::styled(clip(&row.after, after), tone));
        lines.push(line);
    }
    lines.truncate(room);
    lines
}

fn look_of(tone: RowTone, theme: Theme) -> Style {
    match tone {
        RowTone::Plain => theme.middle,
        RowTone::Good => theme.good,
        RowTone::Bad => theme.bad,
        RowTone::Open => theme.doubt,
        RowTone::Now => theme.fact,
        RowTone::Weak => theme.quiet,
    }
}

/// Words cut to so many columns.
fn clip(words: &str, columns: usize) -> String {
    if width(words) <= columns {
        return words.to_owned();
    }
    let mut clipped = String::new();
    for letter in words.chars() {
        if width(&clipped) + width(&letter.to_string()) + 1 > columns {
            break;
        }
        clipped.push(letter);
    }
    if columns > 0 {
        clipped.push('…');
    }
    clipped
}

/// The axis of the rows.
struct Ruler {
    axis: AxisLayout,
    from: f64,
    to: f64,
    columns: usize,
}

impl Ruler {
    fn of(view: &ExperimentView, columns: usize) -> Self {
        let values = view.rows.iter().flat_map(|row| {
            let ends = row.ends.into_iter().flat_map(|(low, high)| [low, high]);
            ends.chain(row.value)
        });
        let values: Vec<f64> = values
            .filter(|value| value.is_finite() && *value > 0.0)
            .collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(0.0, f64::max);
        let (from, to) = match view.axis {
            _ if values.is_empty() => (0.5, 2.0),
            AxisLayout::Linear => (0.0, most * 1.1),
            AxisLayout::Log => (least / 1.3, most * 1.3),
            AxisLayout::Ratios => {
                let far = most.max(1.0 / least).max(1.05) * 1.05;
                (1.0 / far, far)
            }
        };
        Self {
            axis: view.axis,
            from,
            to,
            columns,
        }
    }

    fn place(&self, value: f64) -> usize {
        let share = match self.axis {
            AxisLayout::Linear => (value - self.from) / (self.to - self.from),
            AxisLayout::Log | AxisLayout::Ratios => {
                (value / self.from).ln() / (self.to / self.from).ln()
            }
        };
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        };
        ((share * self.columns as f64) as usize).min(self.columns - 1)
    }

    /// Both ends of the axis; of ratios also where both are equal.
    fn labels(&self) -> String {
        let write = |value: f64| match self.axis {
            AxisLayout::Ratios => factor(value),
            _ => String::new(),
        };
        let mut text = vec![' '; self.columns];
        let mut put = |at: usize, words: &str| {
            let start = at.min(self.columns.saturating_sub(width(words)));
            for (offset, letter) in words.chars().enumerate() {
                if let Some(cell) = text.get_mut(start + offset) {
                    *cell = letter;
                }
            }
        };
        put(0, &write(self.from));
        put(self.columns, &write(self.to));
        if self.axis == AxisLayout::Ratios {
            put(self.place(1.0), "1");
        }
        text.into_iter().collect()
    }

    /// The letters of a row, each with whether it is of the row's own mark.
    fn row(&self, row: &TableRow, theme: Theme) -> Vec<(char, bool)> {
        let first = |unicode: &'static str, ascii: &'static str| {
            theme.pick(unicode, ascii).chars().next().unwrap_or(' ')
        };
        let mut cells = vec![(' ', false); self.columns];
        if self.axis == AxisLayout::Ratios {
            cells[self.place(1.0)] = (first("│", "|"), false);
        }
        if let Some((low, high)) = row.ends {
            let (from, to) = (self.place(low), self.place(high));
            for cell in &mut cells[from..=to.max(from)] {
                *cell = (first("─", "-"), true);
            }
            cells[from] = (first("├", "|"), true);
            cells[to.max(from)] = (first("┤", "|"), true);
        }
        if let Some(value) = row.value {
            let letter = match row.tone {
                RowTone::Plain | RowTone::Good => first("●", "o"),
                RowTone::Bad => first("○", "O"),
                RowTone::Open => '?',
                RowTone::Now => first("━", "="),
                RowTone::Weak => first("·", "."),
            };
            cells[self.place(value)] = (letter, true);
        }
        cells
    }
}
