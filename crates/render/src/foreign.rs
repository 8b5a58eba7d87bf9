//! Words of others, made fit to show: the one place through which they enter.
//!
//! Names, URLs, error messages and what a server says come from files and from the network. They
//! must not move a reader's cursor, change the colours of a terminal, begin a line of their own,
//! turn the direction of what stands beside them, or become markup. Whatever writes a form (the
//! page of text, tables, Markdown, CSV, HTML, the live screen, errors) cleans here what it is
//! given.

use crate::prose;

/// Most letters of a cell in a table for a terminal: a longer one would widen every row.
const CELL: usize = 400;

/// True if a letter shows nothing itself and changes how others are shown: control characters,
/// line and paragraph separators, and the marks that turn the direction of text (Unicode Standard
/// Annex 9; "Trojan Source", CVE-2021-42574).
fn is_commanding(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A letter as it may be shown.
fn shown(letter: char) -> char {
    if is_commanding(letter) {
        char::REPLACEMENT_CHARACTER
    } else {
        letter
    }
}

/// The words on one line, with every letter that commands made visible.
#[must_use]
pub fn printable(words: &str) -> String {
    words.chars().map(shown).collect()
}

/// The same of words that have lines, which stay; a tab is a space.
#[must_use]
pub fn printable_lines(words: &str) -> String {
    let letter = |letter| match letter {
        '\n' => letter,
        '\t' => ' ',
        letter => shown(letter),
    };
    words.replace("\r\n", "\n").chars().map(letter).collect()
}

/// Lines of [`printable_lines`] broken between their words into ones of at most `width` columns, the further
/// ones set in as far as the first; what fits stays as it is.
#[must_use]
pub fn broken_lines(lines: &str, width: usize) -> String {
    let lines = lines.split('\n').flat_map(|line| {
        if prose::width(line) <= width {
            return vec![line.to_owned()];
        }
        let text = line.trim_start_matches(' ');
        let margin = " ".repeat(line.len() - text.len());
        let room = width.saturating_sub(margin.len());
        let broken = prose::wrapped(text, room).into_iter();
        broken.map(|piece| format!("{margin}{piece}")).collect()
    });
    lines.collect::<Vec<String>>().join("\n")
}

/// The words of a cell in a table for a terminal, cut where they are endless.
pub(crate) fn clipped(words: &str) -> String {
    match words.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

/// Words in Markdown, so that they neither end a table's cell nor become markup.
pub(crate) fn markdown(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for letter in words.chars().map(shown) {
        if matches!(letter, '|' | '<' | '`' | '*' | '_' | '[' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

/// Words in Markdown as code within a line, between more backticks than stand in them.
pub(crate) fn markdown_code(words: &str) -> String {
    let words = printable(words);
    let fence = "`".repeat(longest_ticks(&words) + 1);
    match fence.len() {
        1 => format!("`{words}`"),
        _ => format!("{fence} {words} {fence}"),
    }
}

/// A command in Markdown as a block of code, ending with a line end.
pub(crate) fn markdown_block(command: &str) -> String {
    let command = printable(command);
    let fence = "`".repeat(longest_ticks(&command).max(2) + 1);
    format!("{fence}sh\n{command}\n{fence}\n")
}

/// The longest row of backticks.
fn longest_ticks(words: &str) -> usize {
    let rows = words.split(|letter| letter != '`').map(str::len);
    rows.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[31mb\r\n\u{9b}µ"), "a�[31mb���µ");
        assert_eq!(printable_lines("a\x1b[31mb\r\n\tµ"), "a�[31mb\n µ");
    }

    #[test]
    fn nothing_turns_the_direction_of_the_rest() {
        let turned = "\u{202e}a\u{2066}b\u{2069}\u{200f}\u{61c}\u{2028}";
        assert_eq!(printable(turned), "�a�b����");
        assert_eq!(printable("שלום العربية 漢字 👩‍💻"), "שלום العربية 漢字 👩‍💻");
    }

    #[test]
    fn words_stay_words_in_markdown() {
        assert_eq!(
            markdown("<b>|`x`*_[a](b)\n# c"),
            "\\<b>\\|\\`x\\`\\*\\_\\[a](b)�# c"
        );
        assert_eq!(markdown_code("a b"), "`a b`");
        assert_eq!(markdown_code("a ``b"), "``` a ``b ```");
        assert_eq!(markdown_block("a"), "```sh\na\n```\n");
        assert_eq!(markdown_block("```\nb"), "````sh\n```�b\n````\n");
    }

    #[test]
    fn lines_are_broken_where_they_do_not_fit_and_keep_their_margin() {
        let lines = "plan: 64 connections\n  as it is\n    to be broken here\n";
        assert_eq!(
            broken_lines(lines, 12),
            "plan: 64\nconnections\n  as it is\n    to be\n    broken\n    here\n"
        );
        assert_eq!(broken_lines(lines, 80), lines);
        assert_eq!(broken_lines("漢字 ab", 4), "漢字\nab");
    }

    #[test]
    fn endless_cells_are_cut() {
        assert_eq!(clipped("short"), "short");
        assert_eq!(clipped(&"µ".repeat(70_000)).chars().count(), CELL + 1);
    }
}
