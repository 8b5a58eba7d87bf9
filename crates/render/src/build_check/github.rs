//! A result as GitHub's runner takes it: a summary of the step in Markdown, and annotations, which
//! are lines of its log (docs.github.com, "Workflow commands").

use std::fmt::Write as _;

use wsbench_record::condition::{Judgement, State};

use super::BuildCheck;
use crate::foreign::{markdown as cell, printable_lines};

/// The summary of the step, ending with a line end.
#[must_use]
pub fn summary(check: &BuildCheck) -> String {
    let sign = match (check.has_failed(), check.doubts.is_empty()) {
        (true, _) => "❌",
        (false, false) => "⚠️",
        (false, true) => "✅",
    };
    let mut text = format!("### {sign} wsbench: {}\n\n", cell(&check.title));
    if let Some(why) = &check.invalid {
        let _ = writeln!(text, "**Invalid: {}**\n", cell(why));
    }
    if let Some(doubt) = check.doubts.first() {
        let more = match check.doubts.len() - 1 {
            0 => String::new(),
            more => format!(" (+{more} more)"),
        };
        let _ = writeln!(text, "⚠️ {}{more}\n", cell(doubt));
    }
    table(&mut text, ["figure", ""], check.figures.iter().map(pair));
    if !check.conditions.is_empty() {
        let rows = check.conditions.iter();
        table(&mut text, ["fail if", ""], rows.map(judged));
    }
    let _ = writeln!(
        text,
        "<details><summary>All that is known of it</summary>\n\n{}\n</details>",
        check.details
    );
    text
}

fn table(text: &mut String, head: [&str; 2], rows: impl Iterator<Item = [String; 2]>) {
    let _ = writeln!(text, "| {} | {} |\n|---|---|", head[0], head[1]);
    for [name, value] in rows {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    text.push('\n');
}

fn pair((name, value): &(String, String)) -> [String; 2] {
    [cell(name), cell(value)]
}

fn judged(judgement: &Judgement) -> [String; 2] {
    let sign = match judgement.state {
        State::Holds => "❌",
        State::DoesNotHold => "✅",
        State::CannotBeJudged => "❔",
    };
    let words = judgement.words.trim_start_matches(&judgement.condition);
    let words = words.trim_start_matches(": ");
    [
        cell(&judgement.condition),
        format!("{sign} {}", cell(words)),
    ]
}

/// The annotations, a line each: an error for what is invalid and for what holds, a warning for what
/// cannot be judged and for doubts.
#[must_use]
pub fn annotations(check: &BuildCheck) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(why) = &check.invalid {
        lines.push(annotation(
            "error",
            &format!("wsbench {}", check.title),
            why,
        ));
    }
    for judgement in &check.conditions {
        let (level, what) = match judgement.state {
            State::Holds => ("error", "holds"),
            State::CannotBeJudged => ("warning", "cannot be judged"),
            State::DoesNotHold => continue,
        };
        let title = format!("wsbench {} {what}", judgement.condition);
        lines.push(annotation(level, &title, &judgement.words));
    }
    if let Some(doubt) = check.doubts.first() {
        let title = format!("wsbench {} may be doubted", check.title);
        lines.push(annotation("warning", &title, doubt));
    }
    lines
}

/// `::error title=…::words`, with what would end a property or the line escaped as the runner's
/// toolkit does it.
fn annotation(level: &str, title: &str, words: &str) -> String {
    let data = |words: &str| {
        let words = printable_lines(words).replace('%', "%25");
        words.replace('\n', "%0A")
    };
    let title = data(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{level} title={title}::{}", data(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_words_ends_an_annotation() {
        let line = annotation("error", "a: b, 5 %", "x::y\r\n::warning::z 100%\u{1b}[0m");
        assert_eq!(
            line,
            "::error title=a%3A b%2C 5 %25::x::y%0A::warning::z 100%25\u{fffd}[0m"
        );
        assert_eq!(line.lines().count(), 1);
    }
}
