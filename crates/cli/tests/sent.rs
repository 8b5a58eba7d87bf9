//! What is sent is what the flags say, and what comes back is compared as they say: seen by servers of the
//! test's own.
#![cfg(unix)]

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::raw::{Frame, Raw, encoded};
use crate::running::embedded::Embedded;
use crate::running::{Process, measured, wsbench};

/// A server that echoes and keeps what it was sent.
fn noting() -> (Raw, Arc<Mutex<Vec<Frame>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    let server = Raw::start(move |mut peer| {
        peer.upgrade();
        while let Some(message) = peer.message() {
            note.lock().unwrap().push(message.clone());
            peer.echo(&message);
        }
    });
    (server, seen)
}

const TEXT: u8 = 1;
const BINARY: u8 = 2;

#[test]
fn what_is_given_is_sent_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message");
    fs::write(&file, "grüße\n").unwrap();
    let file = file.to_str().unwrap();
    let (server, seen) = noting();
    for (words, opcode, expected) in [
        (&["-m", "hello"][..], TEXT, "hello"),
        (&["-m", "hello", "--binary"], BINARY, "hello"),
        (&["-f", file], BINARY, "grüße\n"),
        (&["-f", file, "--text"], TEXT, "grüße\n"),
    ] {
        let run = measured(&[&["-n", "20", "-c", "2"], words, &[&server.url()]].concat());
        assert_eq!((run.exit, run.sent("answered")), (0, 20), "{}", run.story());
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(seen.len(), 20, "{words:?}");
        for message in seen {
            assert_eq!(message.opcode(), opcode, "{words:?}");
            assert_eq!(message.payload, expected.as_bytes(), "{words:?}");
        }
    }
    // Without either it is text, and binary on request.
    for (words, opcode) in [
        (&[][..], TEXT),
        (&["--text"], TEXT),
        (&["--binary"], BINARY),
    ] {
        measured(&[&["-n", "2", "-c", "1"], words, &[&server.url()]].concat());
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert!(seen.iter().all(|it| it.opcode() == opcode), "{words:?}");
        assert!(seen.iter().all(|it| it.payload.len() == 30), "{words:?}");
    }
}

/// Each message is a tag and a line, and those of a connection have the lines in their order.
#[test]
fn lines_come_from_standard_input_as_well() {
    let (server, seen) = noting();
    let words = ["--corpus", "-", "-n", "5", "-c", "1", "--format", "quiet"];
    let mut command = wsbench(&[&words[..], &[&server.url()]].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"one\ntwo\n").unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    let seen = seen.lock().unwrap();
    let texts = seen.iter().map(|it| String::from_utf8_lossy(&it.payload));
    let lines: Vec<String> = texts.map(|it| it[it.len() - 3..].to_owned()).collect();
    let first = usize::from(lines[0] == "two");
    let expected = ["one", "two"].into_iter().cycle().skip(first).take(5);
    assert_eq!(lines, expected.collect::<Vec<_>>());
}

/// 22 bytes of text and 16 of binary have room for a tag, and one less has none.
#[test]
fn messages_too_short_for_their_tag_are_matched_in_order() {
    let server = Embedded::start(&[]);
    for (kind, size, matched) in [
        ("--text", "22", "tag"),
        ("--text", "21", "order"),
        ("--binary", "16", "tag"),
        ("--binary", "15", "order"),
    ] {
        let words = ["-n", "20", "-c", "2", kind, "-s", size, &server.url];
        let run = measured(&words);
        assert_eq!(run.exit, 0, "{}", run.story());
        assert_eq!(run.document["plan"]["matched_by"], matched, "{kind} {size}");
    }
}

/// What a server answers, to be compared by each strictness.
type Answer = fn(&[u8]) -> (u8, Vec<u8>);

#[test]
fn each_strictness_compares_what_it_says() {
    let same: Answer = |said| (TEXT, said.to_vec());
    let as_binary: Answer = |said| (BINARY, said.to_vec());
    let within: Answer = |said| (TEXT, [b"{\"you said\":\"", said, b"\"}"].concat());
    let another: Answer = |said| (TEXT, vec![b'x'; said.len()]);
    let longer: Answer = |said| (TEXT, vec![b'x'; said.len() + 1]);
    for (answer, full, contains, length, none) in [
        (same, true, true, true, true),
        (as_binary, false, true, false, true),
        (within, false, true, false, true),
        (another, false, false, true, true),
        (longer, false, false, false, true),
    ] {
        let server = Raw::start(move |mut peer| {
            peer.upgrade();
            while let Some(message) = peer.message() {
                let (opcode, bytes) = answer(&message.payload);
                peer.send(&encoded(0x80 | opcode, &bytes));
            }
        });
        for (how, is_right) in [
            ("full", full),
            ("contains", contains),
            ("len", length),
            ("none", none),
        ] {
            let words = ["-n", "10", "-c", "1", "-m", "hello", "--timeout", "1s"];
            let run = measured(&[&words[..], &["--verify", how, &server.url()]].concat());
            let said = answer(b"hello");
            let expected = if is_right { 0 } else { 1 };
            assert_eq!(run.exit, expected, "{how} of {said:?}: {}", run.story());
        }
    }
}

/// A label that was given stands in whatever is told of the run.
#[test]
fn a_label_is_in_the_reports() {
    let server = Embedded::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["-n", "50", "-c", "1", "--name", "the label", "-o", "r.json"];
    let run = [&words[..], &[&server.url]].concat();
    let ended = Process::start(wsbench(&run).current_dir(folder.path())).ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    for format in ["text", "json", "csv", "markdown", "html", "github"] {
        let words = ["report", "r.json", "--format", format];
        let shown = Process::start(wsbench(&words).current_dir(folder.path())).ended();
        assert!(
            shown.stdout.contains("the label"),
            "{format}: {}",
            shown.stdout
        );
    }
}

#[test]
fn a_report_reads_standard_input_and_writes_where_it_is_told() {
    let server = Embedded::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let run = ["-n", "50", "-c", "1", "-o", "r.json", &server.url];
    let ended = Process::start(wsbench(&run).current_dir(folder.path())).ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let report = |words: &[&str]| {
        let mut command = wsbench(&[&["report"], words].concat());
        command.current_dir(folder.path());
        command.stdin(fs::File::open(folder.path().join("r.json")).unwrap());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let named = report(&["r.json"]);
    assert!(named.contains(" msg/s"), "{named}");
    assert_eq!(report(&["-"]), named);
    assert_eq!(report(&["r.json", "-o", "-"]), named);
    // The ending says the form, and what is said outweighs it.
    assert_eq!(report(&["r.json", "-o", "r.md"]), "");
    let written = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(written("r.md"), report(&["r.json", "--format", "markdown"]));
    report(&["r.json", "-o", "r.csv", "--format", "text"]);
    assert_eq!(written("r.csv"), named);
}
