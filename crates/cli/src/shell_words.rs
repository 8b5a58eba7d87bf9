//! The command line as a shell would take it again, for the record and for repeating the run.
//!
//! What is a credential in it is withheld: a result is made to be shown to others. Files that results
//! went to are left out: whoever repeats a run does not mean to write over what it gave.

use std::ffi::OsString;
use std::mem;
use std::path::Path;

use wsbench_load::secret::{
    Redactor, WITHHELD, is_credential, shown_subprotocols, shown_text, shown_url,
};

/// Flags whose value is a credential as a whole.
const SECRET: [&str; 4] = ["-a", "--auth", "--bearer", "--cookie"];
/// The flag whose value is one when its name says so.
const HEADER: [&str; 2] = ["-H", "--header"];
/// The flag whose values are subprotocols: browsers, which set no headers, send tokens as such.
const SUBPROTOCOL: &str = "--subprotocol";
/// Flags whose value is a text in which some part may be one.
const TEXTS: [&str; 7] = [
    "-m",
    "--message",
    "--template",
    "--join",
    "--joined",
    "--ack",
    "--greeting",
];
/// The flag by which credentials are shown.
pub(crate) const SHOW: &str = "--show-secrets";
/// Short flags that take a value: what stands behind one in the same word is that value.
const SHORT_WITH_VALUE: &str = "HRacdflmnoprstxz";

/// Flags with a long name whose value may look like a flag.
const TAKES_ANYTHING: [&str; 3] = ["--message", "--template", "--join"];

/// Flags whose value is a file that a result goes to; those of one letter may stand behind others.
const PLACES: [&str; 9] = [
    "--output", "--html", "--junit", "--stream", "--hgrm", "--hlog", "--log", "-o", "-l",
];

/// A word as far as it names no place of a result.
enum ResultFile {
    /// It names none.
    Not,
    /// All of it is left out, with the next word where the file stands there.
    Whole { is_next: bool },
    /// Letters before it are flags of their own.
    Behind { letters: String, is_next: bool },
}

fn place(word: &str) -> ResultFile {
    if word.starts_with("--") {
        let (name, value) = word
            .split_once('=')
            .map_or((word, None), |(name, value)| (name, Some(value)));
        return if PLACES.contains(&name) {
            ResultFile::Whole {
                is_next: value.is_none(),
            }
        } else {
            ResultFile::Not
        };
    }
    let Some((letters, flag, behind)) = cluster(word) else {
        return ResultFile::Not;
    };
    let is_next = behind.is_empty();
    match (PLACES.contains(&&*format!("-{flag}")), letters) {
        (false, _) => ResultFile::Not,
        (true, "") => ResultFile::Whole { is_next },
        (true, _) => ResultFile::Behind {
            letters: format!("-{letters}"),
            is_next,
        },
    }
}

/// Parts of a word of flags of one letter: those before the one that takes a value, that one, and
/// its value, empty where it is the next word. `None` of any other word.
fn cluster(word: &str) -> Option<(&str, &str, &str)> {
    let letters = word.strip_prefix('-')?;
    let at = letters.find(|letter| SHORT_WITH_VALUE.contains(letter))?;
    let is_cluster = !letters.starts_with('-');
    is_cluster.then(|| (&letters[..at], &letters[at..=at], &letters[at + 1..]))
}

/// True of a flag whose value is the next word, whatever that looks like.
pub(crate) fn takes_next(word: &str) -> bool {
    TAKES_ANYTHING.contains(&word) || cluster(word).is_some_and(|(.., behind)| behind.is_empty())
}

/// The words in one line, quoted where a POSIX shell needs it; the program by its bare name.
pub(crate) fn shell_words(words: &[OsString]) -> String {
    let shows_all = words.iter().any(|word| word == SHOW);
    in_one_line(words, shows_all)
}

/// The same for other machines, which are told no credential whatever was asked for.
#[cfg(feature = "fleet")]
pub(crate) fn shell_words_for_others(words: &[OsString]) -> String {
    in_one_line(words, false)
}

/// A value as a complaint about its flag may repeat it: `--bearer <TOKEN>` says which.
pub(crate) fn shown_value_of(flag: &str, value: &str) -> String {
    match known(flag.split([' ', '=']).next().unwrap_or_default()) {
        Some(name) => shown_value(name, value),
        None => shown_url(value).into_owned(),
    }
}

fn in_one_line(words: &[OsString], shows_all: bool) -> String {
    let mut line = Vec::with_capacity(words.len());
    let tokens = tokens(words);
    let mut flag = None;
    let (mut is_file, mut is_value_next) = (false, false);
    for (at, word) in words.iter().enumerate() {
        let word = word.to_string_lossy();
        if mem::take(&mut is_file) {
            is_value_next = false; // it was that of the file
            continue;
        }
        let is_value = is_value_next;
        is_value_next = !is_value && takes_next(&word);
        if at > 0 && flag.is_none() && !is_value {
            match place(&word) {
                ResultFile::Not => {}
                ResultFile::Whole { is_next } => {
                    is_file = is_next;
                    continue;
                }
                ResultFile::Behind { letters, is_next } => {
                    is_file = is_next;
                    line.push(letters);
                    continue;
                }
            }
        }
        let shown = match (Path::new(word.as_ref()).file_name(), flag.take()) {
            (Some(name), _) if at == 0 => name.to_string_lossy().into_owned(),
            _ if shows_all => word.into_owned(),
            (_, Some(SUBPROTOCOL)) => shown_subprotocol(&tokens, &word),
            (_, Some(flag)) => shown_value(flag, &word),
            (_, None) => {
                let (before, name, value) = parted(&word);
                flag = value.is_none().then_some(name).flatten();
                match (name, value) {
                    (Some(SUBPROTOCOL), Some(value)) => {
                        format!("{before}{}", shown_subprotocol(&tokens, value))
                    }
                    (Some(name), Some(value)) => format!("{before}{}", shown_value(name, value)),
                    _ => shown_url(&word).into_owned(),
                }
            }
        };
        line.push(quoted(&shown));
    }
    line.join(" ")
}

/// The flag of this name, where its value, or some part of it, may be a credential by itself.
fn known(name: &str) -> Option<&'static str> {
    let all = SECRET.iter().chain(&HEADER).chain(&TEXTS);
    all.copied().find(|flag| *flag == name)
}

/// Part of a word before a flag's value, the flag that withholds something of it, and the value,
/// where it stands in the same word.
fn parted(word: &str) -> (&str, Option<&'static str>, Option<&str>) {
    let known = |name: &str| known(name).or((name == SUBPROTOCOL).then_some(SUBPROTOCOL));
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((name, value)) => (&word[..=name.len()], known(name), Some(value)),
            None => ("", known(word), None),
        };
    }
    let Some((_, flag, behind)) = cluster(word) else {
        return ("", None, None);
    };
    let name = known(&format!("-{flag}"));
    if behind.is_empty() {
        return ("", name, None);
    }
    let value = behind.strip_prefix('=').unwrap_or(behind);
    (&word[..word.len() - value.len()], name, Some(value))
}

fn shown_value(flag: &str, value: &str) -> String {
    if SECRET.contains(&flag) {
        return WITHHELD.to_owned();
    }
    if TEXTS.contains(&flag) {
        return shown_text(value).into_owned();
    }
    match value.split_once(':') {
        Some((name, _)) if is_credential(name.trim()) => format!("{}: {WITHHELD}", name.trim()),
        Some((name, value)) => format!("{name}:{}", shown_text(value)),
        // It is no header, and may be one whose colon was forgotten.
        None if is_credential(value) => WITHHELD.to_owned(),
        None => value.to_owned(),
    }
}

/// The values of a flag in a command line, in order, with the flag's name and without it.
fn values(words: &[OsString]) -> Vec<(&'static str, String)> {
    let mut values = Vec::new();
    let mut flag = None;
    for word in words.iter().skip(1) {
        let word = word.to_string_lossy();
        if let Some(flag) = flag.take() {
            values.push((flag, word.into_owned()));
            continue;
        }
        match parted(&word) {
            (_, Some(name), Some(value)) => values.push((name, value.to_owned())),
            (_, name, _) => flag = name,
        }
    }
    values
}

/// Subprotocols that carry a token.
fn tokens(words: &[OsString]) -> Vec<String> {
    let offered = values(words)
        .into_iter()
        .filter(|(flag, _)| *flag == SUBPROTOCOL);
    let offered: Vec<String> = offered.map(|(_, name)| name).collect();
    let shown = shown_subprotocols(&offered).into_iter().zip(offered);
    let tokens = shown.filter(|(shown, name)| shown != name);
    tokens.map(|(_, name)| name).collect()
}

fn shown_subprotocol(tokens: &[String], name: &str) -> String {
    if tokens.iter().any(|token| token == name) {
        return WITHHELD.to_owned();
    }
    name.to_owned()
}

/// The credentials in a command line, however wrong it is in other respects, so that no complaint
/// about it repeats them. None where they are to be shown.
pub(crate) fn secrets(words: &[OsString]) -> Redactor {
    let mut secrets = Redactor::default();
    if words.iter().any(|word| word == SHOW) {
        return secrets;
    }
    for word in words {
        secrets.add_url(&word.to_string_lossy());
    }
    for (flag, value) in values(words) {
        match flag {
            SUBPROTOCOL => {}
            _ if TEXTS.contains(&flag) => secrets.add_text(&value),
            _ if HEADER.contains(&flag) => {
                if let Some((name, value)) = value.split_once(':') {
                    secrets.add_header(name.trim(), value);
                }
            }
            "--cookie" => secrets.add_header("Cookie", &value),
            _ => {
                secrets.add(&value);
                secrets.add_login(&value);
            }
        }
    }
    secrets.add_subprotocols(&tokens(words));
    secrets
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

    fn line(words: &[&str]) -> String {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        shell_words(&words)
    }

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(
            line(&[
                "/opt/bin/wsbench",
                "-H",
                "X-A: 1",
                "",
                "it's",
                "ws://h:1/a?b=c&d",
            ]),
            r"wsbench -H 'X-A: 1' '' 'it'\''s' 'ws://h:1/a?b=c&d'"
        );
    }

    #[test]
    fn files_of_results_are_left_out() {
        for words in [
            &["w", "-o", "before.json", "-c", "8", "h:1"][..],
            &[
                "w", "-c", "8", "-o", "a.json", "--html", "a.html", "-l", "l", "h:1",
            ],
            &["w", "-c", "8", "-obefore.json", "h:1"],
            &["w", "-c", "8", "--output=before.json", "h:1"],
            &[
                "w", "--output", "a b", "-c", "8", "--html", "p.html", "h:1", "-l", "x.csv",
            ],
        ] {
            assert_eq!(line(words), "w -c 8 h:1");
        }
        assert_eq!(line(&["w", "-ko", "f", "h:1"]), "w -k h:1");
        assert_eq!(line(&["w", "-m", "-o", "h:1"]), "w -m -o h:1", "a message");
        for words in [
            &["w", "--message", "-o", "h:1"][..],
            &["w", "--template", "-o{id}", "h:1"],
            &["w", "-m", "-m", "h:1"],
        ] {
            assert_eq!(line(words), words.join(" ").replace("-o{id}", "'-o{id}'"));
        }
        assert_eq!(line(&["w", "-m", "-m", "-o", "f", "h:1"]), "w -m -m h:1");
    }

    #[test]
    fn credentials_are_withheld_however_they_are_spelt() {
        for words in [
            &["w", "-a", "u:hidden"][..],
            &["w", "-au:hidden"],
            &["w", "-a=u:hidden"],
            &["w", "-ka", "u:hidden"],
            &["w", "-4kau:hidden"],
            &["w", "--auth", "u:hidden"],
            &["w", "--auth=u:hidden"],
            &["w", "--bearer", "hidden"],
            &["w", "--bearer=hidden"],
            &["w", "--cookie", "a=hidden"],
            &["w", "--cookie=a=hidden"],
            &["w", "-H", "Authorization: Basic hidden"],
            &["w", "-HCookie: hidden"],
            &["w", "--header", "PROXY-authorization:hidden"],
            &["w", "--header=authorization : hidden"],
            &["w", "ws://u:hidden@h:1/x"],
            &["w", "--bearer", "--hidden"],
            &["w", "-x", "http://u:hidden@proxy:1"],
            &["w", "--proxy=socks5://u:hidden@proxy:1"],
            &["w", "ws://h:1/?access_token=hidden"],
            &["w", "h:1/?v=1&apikey=hidden"],
            &["w", "-H", "X-Api-Key: hidden"],
            &["w", "--subprotocol", "bearer", "--subprotocol=hidden"],
            &["w", "--subprotocol", "bearer", "--subprotocol", "hidden"],
            &["w", "-m", "{\"token\":\"hidden\"}"],
            &["w", "-mpassword=hidden"],
            &["w", "--join", "{\"room\":\"{room}\",\"token\":\"hidden\"}"],
            &["w", "--template={\"id\":{id},\"key\":\"hidden\"}"],
            &["w", "-H", "X-Info: a=b; token=hidden"],
            &["w", "u:hidden@h:1/x"],
        ] {
            let line = line(words);
            assert!(!line.contains("hidden"), "{line}");
            assert!(line.contains(WITHHELD), "{line}");
        }
    }

    /// Whoever asks to see credentials does not ask for other machines to see them.
    #[cfg(feature = "fleet")]
    #[test]
    fn other_machines_are_told_no_credential() {
        let words = [
            "w",
            "--show-secrets",
            "--bus",
            "nats://u:hidden@h",
            "--bearer",
            "hidden",
            "h:1",
        ];
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let line = shell_words_for_others(&words);
        assert!(!line.contains("hidden"), "{line}");
        assert!(shell_words(&words).contains("--bearer hidden"));
    }

    #[test]
    fn complaints_repeat_no_credential_however_short_it_is() {
        for (flag, value, shown) in [
            ("--bearer <TOKEN>", "x y", "(withheld)"),
            ("--auth <USER:PASS>", "x", "(withheld)"),
            ("--header <LINE>", "X-Api-Key: x", "X-Api-Key: (withheld)"),
            ("--otlp <URL>", "http://u:p@h/", "http://(withheld)@h/"),
            ("--push-gateway <URL>", "u:p@h", "(withheld)@h"),
            ("--rate <RATE>", "fast", "fast"),
        ] {
            assert_eq!(shown_value_of(flag, value), shown);
        }
    }

    #[test]
    fn what_is_no_credential_stays() {
        for words in [
            "w -c 4 -n 5 ws://h:1/a@b",
            "w -s 64..4k --name auth",
            "w -m a h:1",
            "w -ck h:1",
            "w -H X-A:1 --subprotocol chat",
        ] {
            assert_eq!(line(&words.split(' ').collect::<Vec<_>>()), words);
        }
        assert_eq!(line(&["w", "-a", "u:p", "h:1"]), "w -a '(withheld)' h:1");
    }

    #[test]
    fn credentials_are_shown_where_that_is_asked_for() {
        let shown = line(&["w", "-a", "u:p", "--show-secrets", "ws://h/?token=x"]);
        assert_eq!(shown, "w -a u:p --show-secrets 'ws://h/?token=x'");
    }

    /// A short flag with a value that this module does not know would make it misread a cluster.
    #[test]
    fn every_short_flag_with_a_value_is_known() {
        use clap::CommandFactory;
        let command = crate::command_line::Cli::command();
        let all = command.get_subcommands().chain([&command]);
        for argument in all.flat_map(clap::Command::get_arguments) {
            let shorts = argument.get_short_and_visible_aliases().unwrap_or_default();
            let takes = argument.get_action().takes_values();
            for short in shorts {
                assert_eq!(SHORT_WITH_VALUE.contains(short), takes, "-{short}");
            }
        }
    }
}
