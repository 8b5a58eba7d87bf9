//! Prose broken over lines, by the columns that it takes on a terminal.

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use wsbench_record::units::EITHER_SIDE;

/// Stands for a space at which no line is broken.
pub(crate) const GLUE: &str = "\u{a0}";

/// Units that follow a number behind a space.
const UNITS: [&str; 12] = [
    "ns", "µs", "ms", "s", "%", "B", "kB", "MB", "GB", "TB", "msg/s", "min",
];

/// The columns that a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    display_width(text)
}

/// The text broken at spaces into lines of at most `width` columns; what is longer and cannot be
/// broken has a line of its own. A number stays with its unit and its interval, a flag with its
/// value. At least one line.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let options = Options::new(width.max(1))
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let text = glued(text);
    let lines = textwrap::wrap(&text, options).into_iter();
    lines.map(|line| line.replace(GLUE, " ")).collect()
}

/// A command broken between its words into lines of at most `width` columns, where that can be: each
/// but the last ends with a backslash, so that a shell reads them as one. What stands in quotes is
/// one word, and a flag stays with its value.
pub(crate) fn command(text: &str, width: usize) -> Vec<String> {
    if self::width(text) <= width {
        return vec![text.to_owned()];
    }
    const GOES_ON: &str = " \\";
    let words = shell_words(text);
    let mut lines: Vec<String> = Vec::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let mut piece = (*word).to_owned();
        let is_flag = word.starts_with('-') && !word.contains('=');
        if let Some(value) = words.next_if(|next| is_flag && !next.starts_with('-')) {
            piece.push(' ');
            piece.push_str(value);
        }
        match lines.last_mut() {
            Some(line) if self::width(line) + 1 + self::width(&piece) + GOES_ON.len() <= width => {
                line.push(' ');
                line.push_str(&piece);
            }
            _ => lines.push(piece),
        }
    }
    let last = lines.len() - 1;
    lines[..last]
        .iter_mut()
        .for_each(|line| line.push_str(GOES_ON));
    lines
}

/// The words of a command, quotes and all. A quotation mark behind a backslash, outside of quotes,
/// begins none.
fn shell_words(text: &str) -> Vec<&str> {
    let (mut quote, mut is_escaped) = (None, false);
    let parts = text.split(move |letter: char| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        match (quote, letter) {
            (None, '\\') => is_escaped = true,
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            _ => {}
        }
        quote.is_none() && letter == ' '
    });
    parts.filter(|word| !word.is_empty()).collect()
}

/// The text with glue for every space within a number or a flag.
fn glued(text: &str) -> String {
    let mut text_glued = String::with_capacity(text.len());
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        text_glued.push_str(word);
        if let Some(next) = words.peek() {
            text_glued.push_str(if belong_together(word, next) {
                GLUE
            } else {
                " "
            });
        }
    }
    text_glued
}

/// True of two words that one reads as one.
fn belong_together(word: &str, next: &str) -> bool {
    let bare = next.trim_end_matches([',', ';', '.', ':', ')']);
    // `4.88k` is one as well.
    let is_number = word
        .trim_end_matches(['k', 'M', 'G'])
        .ends_with(|last: char| last.is_ascii_digit());
    let is_unit = UNITS.contains(&bare) || bare.ends_with("/s");
    let has_value = next.starts_with(|first: char| first.is_alphanumeric() || first == '\'');
    let is_value = word.trim_start_matches('(').starts_with('-')
        && word.ends_with(|last: char| last.is_alphanumeric())
        && word.len() > 1
        && has_value
        && !next.starts_with(|first: char| first.is_lowercase() && next.len() > 1);
    (is_number && is_unit)
        || next.starts_with(EITHER_SIDE)
        || matches!(word, "≥" | "≤" | "×")
        || word.starts_with("(+")
        || next == "×"
        || is_value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_break_at_spaces_only() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable is", 4), ["unbreakable", "is"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(wrapped("a b", 0), ["a", "b"]);
    }

    #[test]
    fn numbers_and_flags_stay_whole_and_wide_letters_count_as_two() {
        assert_eq!(
            wrapped("p50 227 µs ±1 of it", 6),
            ["p50", "227 µs ±1", "of it"]
        );
        assert_eq!(wrapped("fewer (-c 16), or", 9), ["fewer", "(-c 16),", "or"]);
        assert_eq!(wrapped("at ≥ 272k msg/s.", 8), ["at", "≥ 272k msg/s."]);
        assert_eq!(wrapped("漢字 漢字 ab", 7), ["漢字", "漢字 ab"]);
    }

    #[test]
    fn a_broken_command_is_one_command_to_a_shell() {
        let own = r"wsbench -m 'it'\''s ok' -c 16";
        assert_eq!(
            command(own, 24),
            [r"wsbench \", r"-m 'it'\''s ok' -c 16"],
            "no break within quotes"
        );
        let text = "wsbench find --slo 'p99<20ms and more' -c 16 localhost:3000 --seed 1783984035";
        assert_eq!(command(text, 100), [text]);
        assert_eq!(
            command(text, 30),
            [
                "wsbench find \\",
                "--slo 'p99<20ms and more' \\",
                "-c 16 localhost:3000 \\",
                "--seed 1783984035",
            ]
        );
        for width in 20..100 {
            let joined = command(text, width).join("\n").replace("\\\n", "");
            assert_eq!(joined, text, "{width}");
        }
    }

    proptest! {
        /// Nothing is lost, nothing is broken within, and no line is too wide that could be broken.
        #[test]
        fn words_wrap_at_any_width(
            words in prop::collection::vec("[a-zµ漢—]{1,12}|-[a-z] [0-9]{1,3}|[0-9]{1,6} (ms|%|kB)", 1..60),
            width in 40_usize..=200,
        ) {
            let text = words.join(" ");
            let lines = wrapped(&text, width);
            prop_assert_eq!(lines.join(" "), text.clone());
            for line in &lines {
                let is_whole = words.iter().any(|word| word == line);
                prop_assert!(super::width(line) <= width || is_whole, "{}", line);
            }
            for word in words.iter().filter(|word| word.contains(' ')) {
                prop_assert!(lines.iter().any(|line| line.contains(word.as_str())), "{}", word);
            }
        }
    }
}
