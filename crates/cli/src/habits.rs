//! Habits from other load generators: their flags and subcommands, answered with ours.
//!
//! Only words that this command line does not know come here; a word that both have means ours.

use std::ffi::OsString;

use clap::Command;

use crate::shell_words::takes_next;
use crate::usage::UsageError;

/// A word of another tool: the word, whose it is, what does the same here.
type Habit = (&'static str, &'static str, &'static str);

const ALWAYS_SHOWN: &str = "p50 to p99.9 are always printed; --percentiles LIST prints others";
const RATE: &str = "here it is -R RATE, over all connections";
const CONNECTIONS: &str = "here it is -c N, connections held at the same time";
const MESSAGES: &str = "here it is -n N, messages in all";
const THREADS: &str = "here it is -t N, generator threads";
const JSON: &str = "here it is --format json, or -o FILE.json to keep it";
const FAIL: &str = "here it is --fail-if CONDITION, such as 'p99>5ms' or 'errors>1%'";
const ALWAYS_WEBSOCKET: &str = "every run speaks WebSocket; leave it out";
const HELD: &str = "connections are held unless --clients N replaces them; leave it out";
const CONTENT: &str = "here it is --message TEXT, --file FILE, --corpus FILE or --template TEXT";

/// Flags by their double dash, or as they are written with one.
const FLAGS: &[Habit] = &[
    ("--latency", "wrk", ALWAYS_SHOWN),
    ("--script", "wrk", CONTENT),
    ("--u_latency", "wrk2", ALWAYS_SHOWN),
    ("--requests", "oha", MESSAGES),
    ("--query-per-second", "oha", RATE),
    ("-q", "oha and hey", RATE),
    ("--qps", "fortio", RATE),
    (
        "--latency-correction",
        "oha",
        "with -R times count from the moment a message was due",
    ),
    (
        "--disable-keepalive",
        "oha and hey",
        "here it is --clients N, each replaced after -r round trips",
    ),
    (
        "--no-color",
        "oha",
        "here it is NO_COLOR=1 in the environment",
    ),
    ("--json", "oha and autocannon", JSON),
    ("-j", "oha and autocannon", JSON),
    ("--concurrency", "siege", CONNECTIONS),
    ("-rate", "vegeta", RATE),
    ("-duration", "vegeta", "here it is -d TIME"),
    ("-targets", "vegeta", "here the URL is a word of its own"),
    ("--targets", "vegeta", "here the URL is a word of its own"),
    ("-connections", "vegeta", CONNECTIONS),
    ("-workers", "vegeta", THREADS),
    ("-max-workers", "vegeta", THREADS),
    ("-body", "vegeta", "here it is --file FILE"),
    ("-output", "vegeta", "here it is -o FILE"),
    ("-timeout", "vegeta", "here it is --timeout TIME"),
    ("-insecure", "vegeta", "here it is -k"),
    (
        "-disable-keepalive",
        "hey",
        "here it is --clients N, each replaced after -r round trips",
    ),
    ("-cpus", "hey", THREADS),
    ("--vus", "k6", CONNECTIONS),
    ("-u", "k6", CONNECTIONS),
    ("--iterations", "k6", MESSAGES),
    ("-i", "k6", MESSAGES),
    ("--stage", "k6", "here it is --stages LENGTH:RATE,…"),
    ("--rps", "k6", RATE),
    ("--out", "k6", "here it is -o FILE"),
    ("--summary-export", "k6", "here it is -o FILE.json"),
    (
        "--summary-trend-stats",
        "k6",
        "here it is --percentiles LIST",
    ),
    ("--thresholds", "k6", FAIL),
    ("--ws", "tcpkali", ALWAYS_WEBSOCKET),
    ("--websocket", "tcpkali", ALWAYS_WEBSOCKET),
    ("-T", "tcpkali", "here it is -d TIME"),
    ("--message-rate", "tcpkali", RATE),
    ("--message-file", "tcpkali", "here it is --file FILE"),
    ("--first-message", "tcpkali", CONTENT),
    (
        "--channel-lifetime",
        "tcpkali",
        "here it is --clients N, each replaced after -r round trips",
    ),
    (
        "--latency-marker",
        "tcpkali",
        "answers are matched by a tag in each message; leave it out",
    ),
    (
        "--latency-percentiles",
        "tcpkali",
        "here it is --percentiles LIST",
    ),
    ("--workers", "tcpkali and autocannon", THREADS),
    ("-w", "tcpkali and autocannon", THREADS),
    (
        "-e",
        "k6 and tcpkali",
        "here texts take variables as {env:NAME}, and escapes are the shell's: $'\\n'",
    ),
    ("--overallRate", "autocannon", RATE),
    (
        "--connectionRate",
        "autocannon",
        "here it is -R RATE, over all connections: so many times as much",
    ),
    ("--amount", "autocannon", MESSAGES),
    (
        "--pipelining",
        "autocannon",
        "here it is -p N, messages in flight on each connection",
    ),
    ("--bailout", "autocannon", FAIL),
    ("--body", "autocannon", "here it is --message TEXT"),
    ("--input", "autocannon", "here it is --file FILE"),
    ("--keepalive", "ab", HELD),
    ("--protocol", "websocat", "here it is --subprotocol NAME"),
    (
        "--ping-interval",
        "websocat",
        "here it is --keep-alive TIME",
    ),
    ("-b", "websocat", "here it is --binary"),
    (
        "--no-close",
        "websocat",
        "connections are closed in order at the end; leave it out",
    ),
    ("--basic-auth", "websocat", "here it is -a USER:PASS"),
    ("--quiet", "many tools", "here it is --format quiet"),
];

/// Subcommands, and what is done here in their place.
const SUBCOMMANDS: &[Habit] = &[
    ("attack", "vegeta", "wsbench -R RATE -d TIME URL"),
    ("encode", "vegeta", "wsbench report --format csv"),
    ("plot", "vegeta", "wsbench report -o page.html"),
    ("run", "k6", "wsbench -c N -d TIME URL"),
    ("cloud", "k6", "wsbench -c N -d TIME URL"),
    ("inspect", "k6", "wsbench doctor"),
    ("bench", "many tools", "wsbench URL"),
    ("test", "many tools", "wsbench check URL"),
    ("server", "many tools", "wsbench serve"),
    ("load", "fortio", "wsbench -R RATE -d TIME URL"),
    ("version", "many tools", "wsbench --version"),
];

/// How alike a word is to a subcommand at least where that was meant: of `Jaro` and `Winkler`.
const ALIKE: f64 = 0.84;

/// The habit behind a flag, its value left away.
fn habit(word: &str) -> Option<&'static Habit> {
    let name = word.split('=').next().unwrap_or(word);
    FLAGS.iter().find(|(flag, ..)| *flag == name)
}

/// The answer to an unknown flag.
pub(crate) fn flag(word: &str) -> Option<UsageError> {
    let (_, tool, answer) = *habit(word)?;
    Some(UsageError::Foreign {
        word: word.split('=').next().unwrap_or(word).to_owned(),
        tool,
        answer,
    })
}

/// The answer to a word of several letters behind one dash, which would be read as flags of one
/// letter each: `-rate=50` is no `-r` of `ate=50`.
pub(crate) fn single_dash(command_line: &[OsString]) -> Option<UsageError> {
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
        for (flag, ..) in FLAGS {
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
        let answers = FLAGS.iter().map(|(.., answer)| *answer);
        for answer in answers {
            let words = answer.split([' ', ',', ';', '\'', '.']);
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
        for flag in ["-m", "--message", "--template"] {
            let found = single_dash(&line(&["wsbench", flag, "-body", "h:1"]));
            assert!(found.is_none(), "{flag}: a message");
        }
        assert!(Cli::try_parse_from(["wsbench", "-c100", "-d5"]).is_ok());
    }
}
