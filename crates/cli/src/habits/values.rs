//! Values by which a letter that other tools have as well shows whose was meant.

use std::path::Path;

use clap::ValueEnum;
use wsbench::quantity;

use crate::args::Measure;
use crate::output_args::Format;
use crate::usage::UsageError;

/// Methods of HTTP, as `-m` of hey, oha and autocannon has them.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// Letters that stand in the body of a request, and in no length of time.
const OF_BODIES: [char; 6] = ['{', '[', '=', '"', '@', '&'];

/// The tip for a value that our `argument`, as its usage names it, does not take, and another tool's
/// of the same letter does. A value that is missing is empty.
pub(crate) fn tip(argument: &str, value: &str) -> Option<&'static str> {
    let flag = argument.split(' ').next()?;
    let has_unit = value.ends_with(char::is_alphabetic) && quantity::span(value).is_ok();
    Some(match flag {
        "--size" if is_path(value, "lua") => {
            "-s of wrk is a script; here it is --message TEXT, --file FILE, --corpus FILE or \
             --template TEXT"
        }
        "--size" if is_stage(value) => "-s of k6 is a stage; here it is --stages LENGTH:RATE,…",
        "--size" if is_place(value) => "-s of websocat is a server; here it is wsbench serve",
        "--duration" if value.contains(OF_BODIES) => {
            "-d of hey and oha is a body; here it is --message TEXT"
        }
        "--threads" if has_unit => "-t of hey and oha is a time; here it is --timeout TIME",
        "--threads" if is_place(value) => "-t of websocat is text, which messages are here",
        "--messages" if is_place(value) => {
            "-n of websocat and autocannon has no value; leave it out"
        }
        "--auth" if is_number(value) => "-a of autocannon is a number of requests; here it is -n N",
        "--depth" if is_path(value, "csv") => {
            "-p of artillery is a file; here it is {csv:FILE:COLUMN} in --template"
        }
        "--roundtrips" if value.contains('/') => {
            "-r of tcpkali is a rate; here it is -R RATE, over all connections"
        }
        "--log" if value.is_empty() => {
            "-l of autocannon has no value; here p50 to p99.9 are always printed, leave it out"
        }
        _ => return None,
    })
}

/// What is wrong with a log that cannot be written, where its name is a URL: `-l` of autocannon has
/// no value.
pub(crate) fn as_log(path: &Path) -> Option<UsageError> {
    let is_url = path.to_str()?.contains("://");
    is_url.then_some(UsageError::Foreign {
        word: "-l without a value".to_owned(),
        tool: "autocannon",
        answer: "here p50 to p99.9 are always printed, and -l F writes a log; leave it out",
    })
}

/// What values were taken for that look as if another tool's flag had been meant.
pub(crate) fn notes(measure: &Measure) -> Vec<String> {
    let message = measure.payload.message.as_deref().unwrap_or_default();
    let log = measure.log.log.as_deref().and_then(Path::to_str);
    let log = log.filter(|log| measure.url.is_none() && (is_place(log) || is_number(log)));
    let output = measure.output.output.as_deref().and_then(Path::to_str);
    let output = output.filter(|name| measure.output.format.is_none() && is_format(name));
    let notes = [
        METHODS.contains(&message).then(|| {
            format!("-m is a message here: each is the text '{message}'; a WebSocket has no method")
        }),
        log.map(|log| format!("-l takes a file here: '{log}' is the log, and no server's address")),
        output.map(|name| {
            format!("-o takes a file here: '{name}' is one; --format {name} prints that format")
        }),
    ];
    notes.into_iter().flatten().collect()
}

/// True of the name of a format, which is none of a file.
fn is_format(name: &str) -> bool {
    <Format as ValueEnum>::from_str(name, false).is_ok()
}

fn is_path(value: &str, ending: &str) -> bool {
    let found = Path::new(value).extension();
    found.is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// True of a time and a rate, as `30s:10`.
fn is_stage(value: &str) -> bool {
    let parts = value.split_once(':');
    parts.is_some_and(|(length, rate)| quantity::span(length).is_ok() && is_number(rate))
}

/// True of a URL, and of a host and a port.
fn is_place(value: &str) -> bool {
    let port = value.rsplit_once(':').map(|(_, port)| port);
    let port = port.and_then(|port| port.split('/').next());
    value.contains("://") || port.is_some_and(is_number)
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::command_line::Cli;

    fn measure(words: &[&str]) -> Measure {
        let words = std::iter::once("wsbench").chain(words.iter().copied());
        Cli::try_parse_from(words).unwrap().measure
    }

    #[test]
    fn a_value_shows_whose_flag_was_meant() {
        for (argument, value, tool) in [
            ("--size <SIZE>", "script.lua", "wrk"),
            ("--size <SIZE>", "30s:10", "k6"),
            ("--size <SIZE>", "127.0.0.1:8080", "websocat"),
            ("--duration <TIME>", "{\"a\":1}", "hey"),
            ("--threads <N>", "10s", "hey"),
            ("--threads <N>", "ws://h/", "websocat"),
            ("--messages <N>", "ws://h/", "websocat"),
            ("--auth <USER:PASS>", "1000", "autocannon"),
            ("--depth <N>", "users.csv", "artillery"),
            ("--roundtrips <R>", "100/s", "tcpkali"),
            ("--log <F>", "", "autocannon"),
        ] {
            let tip = tip(argument, value).unwrap();
            assert!(tip.contains(tool), "{argument} {value}: {tip}");
        }
        for (argument, value) in [
            ("--size <SIZE>", "65m"),
            ("--size <SIZE>", "4k..64"),
            ("--duration <TIME>", "fast"),
            ("--threads <N>", "some"),
            ("--threads <N>", "0"),
            ("--messages <N>", "many"),
            ("--auth <USER:PASS>", "user"),
            ("--output <F>", ""),
        ] {
            assert_eq!(tip(argument, value), None, "{argument} {value}");
        }
    }

    #[test]
    fn what_is_right_has_no_note() {
        for words in [
            &["-m", "hello", "h:1"][..],
            &["-l", "log.csv"],
            &["-l", "a:1", "h:1"],
            &["-o", "csv.json"],
            &["-o", "csv", "--format", "csv"],
        ] {
            assert!(notes(&measure(words)).is_empty(), "{words:?}");
        }
        for (words, note) in [
            (&["-m", "POST", "h:1"][..], "-m is a message here"),
            (&["-l", "h:1"], "-l takes a file here"),
            (&["-l", "8080"], "-l takes a file here"),
            (&["-o", "csv", "h:1"], "--format csv prints"),
        ] {
            let notes = notes(&measure(words));
            assert!(notes[0].contains(note), "{notes:?}");
        }
    }

    #[test]
    fn a_log_that_is_a_url_is_autocannons() {
        let refused = as_log(Path::new("ws://h/")).unwrap().to_string();
        assert!(refused.contains("autocannon's"), "{refused}");
        assert!(as_log(Path::new("missing/log.csv")).is_none());
    }
}
