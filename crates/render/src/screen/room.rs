//! Lines made to fit: a figure is shown whole or not at all, and words that are cut off say so.
//!
//! A terminal that cuts `1.71ms` to `1.71m` has changed the figure.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Mark where words were cut off.
const CUT: char = '…';

/// The first of these lines that fits, or the last one cut.
pub(super) fn fitting(lines: Vec<Line<'_>>, width: u16) -> Line<'_> {
    let mut shortest = Line::default();
    for line in lines {
        if line.width() <= width.into() {
            return line;
        }
        shortest = line;
    }
    cut(shortest, width)
}

/// Words with commas between them, as many whole parts as fit, and a mark where that is not all.
pub(super) fn parted(words: &str, look: Style, width: u16) -> Line<'static> {
    let all = Line::styled(words.to_owned(), look);
    if all.width() <= width.into() {
        return all;
    }
    let ends = words.rmatch_indices(", ");
    let fits = |&(end, _): &(usize, &str)| Span::raw(&words[..end]).width() + 3 <= width.into();
    match { ends }.find(fits) {
        Some((end, _)) => Line::styled(format!("{}, {CUT}", &words[..end]), look),
        None => cut(all, width),
    }
}

/// The line, cut to the width with an ellipsis where it is longer.
pub(super) fn cut(line: Line<'_>, width: u16) -> Line<'_> {
    let width = usize::from(width);
    if line.width() <= width {
        return line;
    }
    let look = line.style;
    let mut room = width.saturating_sub(1);
    let mut kept: Vec<Span<'static>> = Vec::new();
    for span in &line.spans {
        let mut words = String::new();
        for letter in span.content.chars() {
            let columns = Span::raw(letter.to_string()).width();
            if columns > room {
                room = 0;
                break;
            }
            room -= columns;
            words.push(letter);
        }
        kept.push(Span::styled(words, span.style));
        if room == 0 {
            break;
        }
    }
    if width > 0 {
        kept.push(Span::raw(CUT.to_string()));
    }
    Line::from(kept).style(look)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_shown_in_whole_parts() {
        let of =
            |width| parted("64 connections, closed loop, 3 s", Style::new(), width).to_string();
        assert_eq!(of(32), "64 connections, closed loop, 3 s");
        assert_eq!(of(31), "64 connections, closed loop, …");
        assert_eq!(of(29), "64 connections, …");
        assert_eq!(of(10), "64 connec…");
    }

    #[test]
    fn cut_lines_say_so_and_keep_to_the_width() {
        let line = || Line::from(vec![Span::raw("p99 "), Span::raw("1.71ms")]);
        assert_eq!(cut(line(), 10), line());
        assert_eq!(cut(line(), 9).to_string(), "p99 1.71…");
        assert_eq!(cut(line(), 4).to_string(), "p99…");
        assert_eq!(cut(line(), 1).to_string(), "…");
        assert_eq!(cut(line(), 0).to_string(), "");
        assert_eq!(cut(Line::raw("測試測試"), 6).to_string(), "測試…");
    }

    #[test]
    fn the_first_line_that_fits_is_taken() {
        let lines = || vec![Line::raw("long words"), Line::raw("short")];
        assert_eq!(fitting(lines(), 10).to_string(), "long words");
        assert_eq!(fitting(lines(), 9).to_string(), "short");
        assert_eq!(fitting(lines(), 3).to_string(), "sh…");
        assert_eq!(fitting(vec![], 3).to_string(), "");
    }
}
