//! Files of which each connection takes a row, `{csv:FILE:COLUMN}`: what a server is sent, and that nothing
//! else tells of it.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::raw::{Raw, switching};
use crate::running::embedded::Embedded;
use crate::running::{Process, assert_refused, measured, wsbench};

/// Users of whom the third has the first row of a second round.
const USERS: &str = "name,token\nann,hidden-ann\n\"bob, jr\",hidden-bob\n";

/// The file of users in a folder, as a path.
fn users(folder: &Path) -> String {
    let file = folder.join("users.csv");
    fs::write(&file, USERS).unwrap();
    file.to_str().unwrap().to_owned()
}

/// What a connection said of itself: a header of its handshake, and its first message.
type Said = (String, String);

/// A server that echoes, and notes what each connection said.
fn noting() -> (Raw, Arc<Mutex<Vec<Said>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    let server = Raw::start(move |mut peer| {
        let request = peer.request();
        peer.send(switching(&request).as_bytes());
        let header = request
            .lines()
            .find_map(|line| line.strip_prefix("X-User: "));
        let mut header = header.map(str::to_owned);
        while let Some(message) = peer.message() {
            if let Some(header) = header.take() {
                let text = String::from_utf8_lossy(&message.payload).into_owned();
                note.lock().unwrap().push((header, text));
            }
            peer.echo(&message);
        }
    });
    (server, seen)
}

#[test]
fn each_connection_takes_its_row_into_its_handshake_and_its_messages() {
    let folder = tempfile::tempdir().unwrap();
    let file = users(folder.path());
    let (server, seen) = noting();
    let header = format!("X-User: {{conn}} {{csv:{file}:name}}");
    let text = format!("{{conn}}/{{csv:{file}:token}}/{{seq}}");
    let words = [
        "-c",
        "3",
        "-n",
        "30",
        "-H",
        &header,
        "--template",
        &text,
        &server.url(),
    ];
    let run = measured(&words);
    assert_eq!((run.exit, run.sent("answered")), (0, 30), "{}", run.story());
    let seen: BTreeSet<Said> = seen.lock().unwrap().drain(..).collect();
    let of = |conn: u32, name: &str, token: &str| {
        (format!("{conn} {name}"), format!("{conn}/{token}/0"))
    };
    let expected = [
        of(0, "ann", "hidden-ann"),
        of(1, "bob, jr", "hidden-bob"),
        of(2, "ann", "hidden-ann"),
    ];
    assert_eq!(seen, expected.into());
    // By connection and number, although a column stands between them.
    assert_eq!(run.document["plan"]["matched_by"], "tag");
    let told = format!("{}{}", run.document, run.story());
    assert!(!told.contains("hidden-"), "{told}");
    assert_eq!(run.document["plan"]["payload"]["template"], *text);
}

/// What a login says and awaits has the row as well, and no file that is written holds it.
#[test]
fn rows_in_a_login_are_in_no_document() {
    let server = Embedded::start(&["--broadcast"]);
    let folder = tempfile::tempdir().unwrap();
    users(folder.path());
    fs::write(
        folder.path().join("app.toml"),
        r#"
        login = [{ send = '{"join":"{csv:users.csv:token}"}', expect = { json = { "/joined" = "{csv:users.csv:token}" } } }]
        headers = { Authorization = "Bearer {csv:users.csv:token}" }
        [[clients]]
        count = 2
        roles = ["request"]
        message = '{"id":{id},"as":"{csv:users.csv:name}"}'
        "#,
    )
    .unwrap();
    let words = [
        "--scenario",
        "app.toml",
        "-d",
        "300ms",
        "-o",
        "r.json",
        "--html",
        "r.html",
        &server.url,
    ];
    let ended = Process::start(wsbench(&words).current_dir(folder.path())).ended();
    let told = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{told}");
    assert!(!told.contains("hidden-"), "{told}");
    for name in ["r.json", "r.html"] {
        let written = fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(!written.contains("hidden-"), "{name}");
    }
    let document = fs::read_to_string(folder.path().join("r.json")).unwrap();
    assert!(document.contains("{csv:users.csv:name}"), "{document}");
}

/// A server that refuses a login tells what it was sent; we do not.
#[test]
fn a_server_that_repeats_a_row_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let file = users(folder.path());
    let server = Raw::start(|mut peer| {
        peer.upgrade();
        while let Some(message) = peer.message() {
            let words = String::from_utf8_lossy(&message.payload).into_owned();
            peer.send(&crate::raw::encoded(
                0x81,
                format!("no entry for {words}").as_bytes(),
            ));
        }
    });
    let join = format!("{{csv:{file}:token}}");
    let run = measured(&[
        "-c",
        "1",
        "-n",
        "1",
        "--join",
        &join,
        "--joined",
        "welcome",
        &server.url(),
    ]);
    let told = format!("{}{}", run.document, run.story());
    assert!(
        told.contains("no entry for (withheld)") && !told.contains("hidden-"),
        "{told}"
    );
}

#[test]
fn files_without_rows_are_refused_where_they_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = users(folder.path());
    let path = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (empty, bare, ragged) = (
        path("empty.csv", ""),
        path("bare.csv", "token\n"),
        path("ragged.csv", "name,token\nann,hidden\nbob\n"),
    );
    for (place, told) in [
        (
            format!("{{csv:{file}}}"),
            "names no column of a file".to_owned(),
        ),
        (
            format!("{{csv:{file}:tokn}}"),
            format!("{file} has no column tokn among the 2 that its first line names"),
        ),
        (
            format!("{{csv:{empty}:token}}"),
            format!("{empty} is empty"),
        ),
        (
            format!("{{csv:{bare}:token}}"),
            format!("{bare} has no row"),
        ),
        (
            format!("{{csv:{ragged}:token}}"),
            format!("{ragged} has 1 values in line 3"),
        ),
        (
            "{csv:/not/there.csv:token}".to_owned(),
            "/not/there.csv cannot be read: ".to_owned(),
        ),
    ] {
        assert_refused(
            &["--join", &place],
            &format!("--join{}", told_behind(&place, &told)),
        );
        assert_refused(&["-H", &format!("A: {place}")], &told);
        assert_refused(&["--template", &place], &told);
    }
    let scenario = format!(
        "url = \"ws://h/?token={{csv:{file}:token}}\"\n[[clients]]\ncount = 1\nroles = [\"idle\"]\n"
    );
    let scenario = path("app.toml", &scenario);
    assert_refused(
        &["--scenario", &scenario],
        "app.toml:1: url: a row of a file differs",
    );
    let wrong =
        format!("[[clients]]\ncount = 1\nroles = [\"idle\"]\njoin = \"{{csv:{file}:tokn}}\"\n");
    let wrong = path("wrong.toml", &wrong);
    assert_refused(&["--scenario", &wrong], "wrong.toml:4: join: {csv:");
}

/// The words behind a flag: of a text that is wrong clap tells, and of what is not there the plan.
fn told_behind(place: &str, told: &str) -> String {
    match told.starts_with("names no column") {
        true => format!(" <TEXT>': at byte 0: '{place}' {told}"),
        false => format!(": {place}: {told}"),
    }
}
