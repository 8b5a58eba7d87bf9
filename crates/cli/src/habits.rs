//! Habits from other load generators: their flags and subcommands, answered with ours.
//!
//! A word that both have means ours. Where its value shows that the other tool's was meant, what is
//! said of it says so; where ours takes the value as well, a note tells what it was taken for.

use std::ffi::OsString;

use clap::Command;

use crate::shell_words::takes_next;
use crate::usage::UsageError;

mod table;
mod values;

use table::{FLAGS, Habit, ONE, SUBCOMMANDS};
pub(crate) use values::{as_log, notes, tip};

/// How alike a word is to a subcommand at least where that was meant: of `Jaro` and `Winkler`.
const ALIKE: f64 = 0.84;

/// The habit behind a flag, its value left away.
fn habit(word: &str) -> Option<&'static Habit> {
    let name = word.split('=').next().unwrap_or(word);
    FLAGS.iter().find(|(flag, ..)| *flag == name)
}

/// The answer to an unknown flag.
pub(crate) fn flag(word: &str) -> Option<UsageError> {
    habit(word).map(answer)
}

fn answer(habit: &Habit) -> UsageError {
    let (word, tool, answer) = *habit;
    let word = word.to_owned();
    UsageError::Foreign { word, tool, answer }
}

/// The answer to a word of several letters behind one dash, which would be read as flags of one
/// letter each: `-rate=50` is no `-r` of `ate=50`.
pub(crate) fn single_dash(command_line: &[OsString]) -> Option<UsageError> {
    if command_line.get(1).is_some_and(|word| word == ONE.0) {
        return Some(answer(&ONE));
    }
    let words = command_line
        .iter()
        .skip(1)
        .map(|word| word.to_string_lossy());
    let mut words = words.take_while(|word| word != "--");
    let mut is_value = false;
    words.find_map(|word| {
        let was_value = is_value;
        is_value = !was_value && takes_next(&word);
        if was_value {
            return None;
        }
        let is_long = word.starts_with('-') && !word.starts_with("--") && word.len() > 2;
        if is_long { flag(&word) } else { None }
    })
}

/// The answer to a first word that is no subcommand and looks like one: of another tool, or of
/// `ours` misspelt.
pub(crate) fn subcommand(
    command_line: &[OsString],
    ours: impl FnOnce() -> Command,
) -> Option<UsageError> {
    let is_help = command_line.get(1)? == "help";
    let word = command_line
        .get(1 + usize::from(is_help))?
        .to_string_lossy();
    // Only then is the whole command line described, which takes its time.
    let is_word = word.chars().all(|letter| letter.is_ascii_alphabetic());
    if !is_word || word.is_empty() {
        return None;
    }
    let ours = &ours();
    let is_known = ours.get_subcommands().any(|one| *one.get_name() == *word);
    let words = no_server(&word, ours).filter(|_| !is_known)?;
    Some(UsageError::NoSubcommand { words })
}

/// Why a word where a URL belongs is none.
fn no_server(word: &str, ours: &Command) -> Option<String> {
    let lower = word.to_lowercase();
    if let Some((_, tool, ours)) = SUBCOMMANDS.iter().find(|(theirs, ..)| *theirs == lower) {
        return Some(format!(
            "'{word}' is a subcommand of {tool}; here it is: {ours}"
        ));
    }
    let near = nearest(&lower, ours)?;
    Some(format!(
        "'{word}' is no subcommand; did you mean 'wsbench {near}'? (a server of that name is \
         ws://{word}/)"
    ))
}

/// The subcommand of ours that a word is most like, where it is alike at all.
fn nearest(word: &str, ours: &Command) -> Option<String> {
    let ours = ours.get_subcommands().filter(|one| !one.is_hide_set());
    let ours = ours.map(|one| {
        let name = one.get_name().to_owned();
        (strsim::jaro_winkler(word, &name), name)
    });
    let nearest = ours.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (nearest.0 >= ALIKE).then_some(nearest.1)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::command_line::Cli;

    fn no_server(word: &str) -> Option<String> {
        let answer = subcommand(&["wsbench".into(), word.into()], Cli::command)?;
        Some(answer.to_string())
    }

    #[test]
    fn subcommands_are_suggested_for_what_is_like_them() {
        for (word, meant) in [
            ("swep", "sweep"),
            ("fnd", "find"),
            ("rnak", "rank"),
            ("comapre", "compare"),
            ("doctr", "doctor"),
            ("reprot", "report"),
        ] {
            let words = no_server(word).unwrap();
            assert!(words.contains(&format!("'wsbench {meant}'")), "{words}");
        }
        let words = ["wsbench", "help", "swep"].map(OsString::from);
        let answer = subcommand(&words, Cli::command).unwrap().to_string();
        assert!(answer.contains("'wsbench sweep'"), "{answer}");
        let words = ["wsbench", "help", "sweep"].map(OsString::from);
        assert!(subcommand(&words, Cli::command).is_none());
        for host in ["localhost", "example.com", "3000", ":3000", "gateway", "ws"] {
            assert_eq!(no_server(host), None, "{host}");
        }
    }

    #[test]
    fn subcommands_of_others_are_answered() {
        let words = no_server("attack").unwrap();
        assert!(
            words.contains("vegeta") && words.contains("wsbench -R"),
            "{words}"
        );
    }

    /// What is a flag here is no habit of elsewhere, or it could never be answered.
    #[test]
    fn no_habit_is_a_flag_of_ours() {
        let command = Cli::command();
        for (flag, ..) in FLAGS.iter().chain([&ONE]) {
            let is_ours = command.get_arguments().any(|ours| {
                let long = ours
                    .get_long()
                    .is_some_and(|long| *flag == format!("--{long}"));
                let short = ours.get_short_and_visible_aliases().unwrap_or_default();
                long || short.iter().any(|short| *flag == format!("-{short}"))
            });
            assert!(!is_ours, "{flag}");
        }
    }

    /// Every flag that an answer names is one of ours.
    #[test]
    fn answers_name_what_there_is() {
        let command = Cli::command();
        let answers = FLAGS.iter().chain([&ONE]).map(|(.., answer)| *answer);
        for answer in answers {
            let words = answer.split([' ', ',', ';', '\'', '.', '=']);
            for word in words.filter(|word| word.starts_with('-') && word.len() > 1) {
                let is_ours = command.get_arguments().any(|ours| {
                    let long = ours
                        .get_long()
                        .is_some_and(|long| word == format!("--{long}"));
                    let short = ours.get_short_and_visible_aliases().unwrap_or_default();
                    long || short.iter().any(|short| word == format!("-{short}"))
                });
                assert!(is_ours, "{word} in {answer}");
            }
        }
    }

    #[test]
    fn one_dash_before_a_long_word_is_seen_before_it_is_read_as_letters() {
        let line = |words: &[&str]| -> Vec<OsString> { words.iter().map(OsString::from).collect() };
        let found = single_dash(&line(&["wsbench", "-rate=50", "-duration", "5s"]));
        assert_eq!(
            found.unwrap().to_string(),
            "-rate is vegeta's; here it is -R RATE, over all connections"
        );
        assert!(single_dash(&line(&["wsbench", "-c100", "-d", "5s"])).is_none());
        assert!(single_dash(&line(&["wsbench", "--", "-rate=50"])).is_none());
        assert!(single_dash(&line(&["wsbench", "-1", "h:1"])).is_some());
        assert!(single_dash(&line(&["wsbench", "-n", "-1", "h:1"])).is_none());
        for flag in ["-m", "--message", "--template"] {
            let found = single_dash(&line(&["wsbench", flag, "-body", "h:1"]));
            assert!(found.is_none(), "{flag}: a message");
        }
        assert!(Cli::try_parse_from(["wsbench", "-c100", "-d5"]).is_ok());
    }
}
