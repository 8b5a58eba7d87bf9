//! The command line as a shell would take it again, for the record and for repeating the run.

use std::ffi::OsString;
use std::path::Path;

/// The words in one line, quoted where a POSIX shell needs it; the program by its bare name.
pub(crate) fn shell_words(words: &[OsString]) -> String {
    let quoted = words.iter().enumerate().map(|(at, word)| {
        let word = word.to_string_lossy();
        match Path::new(word.as_ref()).file_name() {
            Some(name) if at == 0 => quoted(&name.to_string_lossy()),
            _ => quoted(&word),
        }
    });
    quoted.collect::<Vec<String>>().join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_=+:,./@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // Within single quotes nothing has a meaning but the quote that ends them.
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        let words = [
            "/opt/bin/wsbench",
            "-H",
            "X-A: 1",
            "",
            "it's",
            "ws://h:1/a?b=c&d",
        ];
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        assert_eq!(
            shell_words(&words),
            r"wsbench -H 'X-A: 1' '' 'it'\''s' 'ws://h:1/a?b=c&d'"
        );
    }
}
