//! Rooms, logins and scenarios over the kernel, against the embedded server, whose deliveries and faults
//! are known. Nothing here asks for a time that a busy machine cannot keep.
#![cfg(unix)]

use std::fs;

use serde_json::Value;

use crate::running::embedded::Embedded;
use crate::running::{assert_refused, count, wsbench};

/// The exit code, the document and what was said of a run.
fn run(words: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, Value, String) {
    let usual = [
        "-d",
        "2s",
        "--warmup",
        "300ms",
        "--seed",
        "5",
        "--timeout",
        "1s",
        "--format",
        "json",
        "--no-state",
    ];
    let mut command = wsbench(&[words, &usual].concat());
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let document = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), document, said)
}

const ROOMS: [&str; 14] = [
    "--mode",
    "pubsub",
    "-c",
    "20",
    "-R",
    "50",
    "--rooms",
    "5",
    "--join",
    r#"{"join":"{room}"}"#,
    "--joined",
    r#"json:/joined={room}"#,
    "--template",
    r#"{"room":"{room}","text":"{tag}{fill}"}"#,
];

#[test]
fn each_message_reaches_the_members_of_its_room() {
    let server = Embedded::start(&["--broadcast"]);
    for threads in ["1", "2"] {
        let words = [&ROOMS[..], &["-s", "120", "-t", threads, &server.url]].concat();
        let (code, document, said) = run(&words, &[]);
        assert_eq!(code, Some(0), "{said} {:#}", document["audit"]);
        let sent = document["messages"]["sent"].as_u64().unwrap();
        assert_eq!(count(&document["deliveries"], "expected"), sent * 4);
        assert_eq!(count(&document["deliveries"], "received"), sent * 4);
        assert_eq!(count(&document["deliveries"], "out_of_room"), 0);
        let plan = &document["plan"];
        assert_eq!(plan["audience"], "room");
        assert_eq!(plan["rooms"]["count"], 5);
        assert_eq!(plan["login"][0]["content"], "(withheld)");
        assert_eq!(document["handshake_ns"]["login"]["count"], 20);
    }
}

#[test]
fn a_connection_of_several_rooms_receives_what_is_for_any_of_them() {
    let server = Embedded::start(&["--broadcast"]);
    for (each, receivers) in [("3", 12), ("all", 20)] {
        let words = [
            &ROOMS[..],
            &["--rooms-each", each, "-s", "120", &server.url],
        ]
        .concat();
        let (code, document, said) = run(&words, &[]);
        assert_eq!(code, Some(0), "{said} {:#}", document["audit"]);
        let sent = document["messages"]["sent"].as_u64().unwrap();
        assert_eq!(count(&document["deliveries"], "expected"), sent * receivers);
        assert_eq!(count(&document["deliveries"], "received"), sent * receivers);
        assert_eq!(count(&document["deliveries"], "out_of_room"), 0);
        assert_eq!(document["handshake_ns"]["login"]["count"], 20);
    }
}

/// A message for a room that its sender is in, and a receiver in none of the same.
#[test]
fn what_goes_to_none_of_the_rooms_of_a_connection_is_out_of_room() {
    let server = Embedded::start(&["--broadcast", "--misbehave", "cross-room:every=20"]);
    let words = [&ROOMS[..], &["--rooms-each", "2", &server.url]].concat();
    let (code, document, said) = run(&words, &[]);
    assert_eq!(code, Some(1), "{said} {:#}", document["audit"]);
    assert!(count(&document["deliveries"], "out_of_room") > 0);
    assert_eq!(count(&document["deliveries"], "missing"), 0);
}

/// A scenario whose requests name a room and what the login took.
#[test]
fn requests_name_their_room_and_what_the_login_took() {
    let server = Embedded::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rooms.toml");
    let text = format!(
        r#"
        url = "{}"
        rooms = {{ names = ["red", "green"] }}
        login = [{{ send = '{{"session":"s{{conn}}"}}', expect = {{ contains = "session" }}, take = {{ sid = "json:/session" }} }}]
        [[clients]]
        count = 4
        roles = ["request"]
        message = '{{"id":{{id}},"session":"{{cap.sid}}","room":"{{room}}"}}'
        "#,
        server.url
    );
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let (code, document, said) = run(&["--scenario", path], &[]);
    assert_eq!(code, Some(0), "{said} {:#}", document["audit"]);
    assert!(document["messages"]["answered"].as_u64().unwrap() > 20);
    let words = ["--scenario", path, "--failed", "json:/room"];
    let (code, ..) = run(&words, &[]);
    assert_eq!(code, Some(2), "the file says what fails");
}

/// Of each load the connections are the members of all rooms.
#[test]
fn the_greatest_audience_of_a_room_is_searched_for() {
    let server = Embedded::start(&["--broadcast"]);
    let search = [
        "find",
        "--mode",
        "pubsub",
        "--rooms",
        "2",
        "--over",
        "audience",
        "-R",
        "40",
        "--start",
        "3",
        "--join",
        r#"{"join":"{room}"}"#,
        "--joined",
        r#"json:/joined={room}"#,
        "--template",
        r#"{"room":"{room}","text":"{tag}{fill}"}"#,
        "--slo",
        "delivery.p50<10s",
        "-d",
        "500ms",
        "--warmup",
        "200ms",
        "--trials",
        "2",
        "--limit",
        "30s",
        "--format",
        "json",
        "--no-state",
    ];
    let refused = |without: &str| {
        let words = search
            .iter()
            .filter(|word| **word != without && **word != "40");
        let words: Vec<&str> = words.copied().collect();
        let output = wsbench(&words).arg(&server.url).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        said
    };
    assert!(refused("-R").contains("give --rate"));
    let output = wsbench(&search).arg(&server.url).output().unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(found["over"]["audience"]["rooms"], 2, "{said}");
    // A load is a number of receivers, each time a whole one.
    let trials = found["trials"].as_array().unwrap();
    assert_eq!(trials[0]["load"], 3.0, "{said}");
    for trial in trials {
        assert_eq!(trial["load"].as_f64().unwrap() % 1.0, 0.0, "{said}");
    }
}

#[test]
fn deliveries_to_another_room_make_the_run_invalid() {
    let server = Embedded::start(&["--broadcast", "--misbehave", "cross-room:every=20"]);
    let words = [&ROOMS[..], &[&server.url]].concat();
    let (code, document, _) = run(&words, &[]);
    assert_eq!(code, Some(1));
    let astray = count(&document["deliveries"], "out_of_room");
    let expected = count(&document["deliveries"], "expected") / 20;
    assert!(
        astray.abs_diff(expected) <= expected / 2 + 2,
        "{astray} of {expected}"
    );
    assert_eq!(count(&document["deliveries"], "missing"), 0);
}

#[test]
fn a_login_that_is_refused_or_never_ends_is_told_in_the_servers_words() {
    let server = Embedded::start(&[]);
    // An echo says what it has heard, and that is not what is awaited.
    let refused = [
        "--join",
        "let me in",
        "--joined",
        "prefix:welcome",
        "-c",
        "2",
        &server.url,
    ];
    let (code, document, _) = run(&refused, &[]);
    assert_eq!(code, Some(1));
    let error = &document["errors"][0];
    assert_eq!(
        (&error["phase"], &error["kind"]),
        (&"login".into(), &"login_refused".into())
    );
    let words = error["example"].as_str().unwrap();
    assert!(words.contains("“let me in”"), "{words}");
    let audit = document["audit"].to_string();
    assert!(
        audit.contains("none of 2 connections was logged in"),
        "{audit}"
    );
    assert!(!audit.contains("is the server listening"), "{audit}");
    // A greeting is passed over, and then nothing comes.
    let never = [&refused[..], &["--greeting", "let me"]].concat();
    let (code, document, _) = run(&never, &[]);
    assert_eq!(code, Some(1));
    let error = &document["errors"][0];
    assert_eq!(
        (&error["phase"], &error["kind"]),
        (&"login".into(), &"timed_out".into())
    );
    let words = error["example"].as_str().unwrap();
    assert!(
        words.contains("nothing within 1") && words.contains("what came was “let me in”"),
        "{words}"
    );
}

/// A scenario of publishers and subscribers for the embedded server.
const SCENARIO: &str = r#"
rooms = { names = ["news", "sport"] }
login = [ { send = "hello {env:WSBENCH_TEST_TOKEN}", settle = "50ms" } ]
reply = [ { on = "hello" } ]
[[clients]]
count = 10
roles = ["subscribe"]
join = '{"join":"{room}"}'
joined = { json = { "/joined" = "{room}" } }
[[clients]]
count = 2
roles = ["publish"]
rate = "50/s"
join = '{"join":"{room}"}'
joined = { json = { "/joined" = "{room}" } }
message = '{"n":{n},"text":"{tag}{fill}"}'
size = 80
"#;

#[test]
fn a_scenario_of_publishers_and_subscribers_is_run_and_shows_no_secret() {
    let server = Embedded::start(&["--broadcast", "--to-others"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.toml");
    fs::write(&file, SCENARIO).unwrap();
    let file = file.to_str().unwrap();
    let token = [("WSBENCH_TEST_TOKEN", "open-sesame")];
    let (code, document, said) = run(&["--scenario", file, &server.url], &token);
    assert_eq!(
        code,
        Some(0),
        "{said} {:#} {:#}",
        document["audit"],
        document["errors"]
    );
    let sent = document["messages"]["sent"].as_u64().unwrap();
    assert!(sent > 50, "{sent}");
    assert_eq!(count(&document["deliveries"], "received"), sent * 5);
    assert_eq!(count(&document["deliveries"], "unasked"), 0);
    assert_eq!(document["connections"]["upgraded"], 12);
    assert_eq!(document["plan"]["scenario"], file);
    assert_eq!(document["plan"]["roles"][0]["connections"], 2);
    assert!(!document.to_string().contains("open-sesame"));
    assert!(document["repeat"].is_null() || !said.contains("open-sesame"));
    // Flags outweigh the file.
    let (code, document, said) = run(&["--scenario", file, "-R", "20", &server.url], &token);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        document["plan"]["arrival"]["stretches"][0]["to_per_s"],
        20.0
    );
}

const SEVERAL: &str = r#"rooms = 2
login = [{ send = '{"join":"{room}"}', expect = { json = { "/joined" = "{room}" } } }]
[[clients]]
count = 10
roles = ["subscribe"]
[[clients]]
count = 2
roles = ["publish"]
rate = "40/s"
message = '{"n":{n},"text":"{tag}{fill}"}'
size = 80
[[clients]]
count = 4
roles = ["publish"]
rate = "160/s"
message = '{"typing":"{tag}"}'
"#;

#[test]
fn several_kinds_of_clients_publish_and_all_of_it_arrives() {
    let server = Embedded::start(&["--broadcast", "--to-others"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.toml");
    fs::write(&file, SEVERAL).unwrap();
    let file = file.to_str().unwrap();
    let (code, document, said) = run(
        &["--scenario", file, "--expect", "unordered", &server.url],
        &[],
    );
    assert_eq!(code, Some(0), "{said} {:#}", document["audit"]);
    let sent = document["messages"]["sent"].as_u64().unwrap();
    assert!(sent > 100, "{sent}");
    let deliveries = &document["deliveries"];
    assert_eq!(count(deliveries, "received"), count(deliveries, "expected"));
    assert_eq!(count(deliveries, "corrupted"), 0);
    let voices = [0, 1].map(|role| document["plan"]["roles"][role]["voice"]["share"].as_f64());
    assert_eq!(voices, [Some(0.2), Some(0.8)]);
    // The longer messages are a fifth of them.
    let each = document["bytes"]["sent"].as_f64().unwrap() / sent as f64;
    assert!((38.0..75.0).contains(&each), "{each} bytes a message");
    // No one size is theirs.
    let (code, _, said) = run(&["--scenario", file, "-s", "100", &server.url], &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("--size says what the scenario says"),
        "{said}"
    );
}

#[test]
fn what_makes_no_scenario_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let right = write(
        "right.toml",
        &SCENARIO.replace("{env:WSBENCH_TEST_TOKEN}", ""),
    );
    let wrong = write(
        "wrong.toml",
        &fs::read_to_string(&right)
            .unwrap()
            .replace("{tag}", "{tog}"),
    );
    let lacking = write("lacking.toml", SCENARIO);
    for (words, told) in [
        (
            &["--scenario", &wrong][..],
            "wrong.toml:16: message: at byte 17: '{tog}' is not known",
        ),
        (
            &["--scenario", &lacking],
            "send: the environment has no WSBENCH_TEST_TOKEN; export it",
        ),
        (
            &["--scenario", "not-there.toml"],
            "not-there.toml cannot be read",
        ),
        (
            &["--scenario", &right, "--mode", "echo"],
            "--mode says what the scenario says",
        ),
        (
            &["--scenario", &right, "-c", "5"],
            "several kinds of clients",
        ),
        (
            &["--scenario", &right, "--preset", "nats"],
            "--preset says what the scenario says",
        ),
        (&["--preset", "socketio"], "there is no preset 'socketio'"),
    ] {
        assert_refused(words, told);
    }
}

#[test]
fn what_makes_no_rooms_and_no_words_is_refused() {
    for (words, told) in [
        (&["--mode", "pubsub", "-R", "5"][..], "--mode needs --rooms"),
        (
            &["--mode", "pubsub", "-R", "5", "--rooms", "100", "-c", "9"],
            "--rooms is above 9",
        ),
        (&["--rooms", "5"], "--rooms needs --mode"),
        (
            &["--rooms-each", "2"],
            "--rooms-each says in how many of --rooms",
        ),
        (
            &[
                "--mode",
                "pubsub",
                "-R",
                "5",
                "--rooms",
                "3",
                "--rooms-each",
                "4",
            ],
            "--rooms-each is above 3",
        ),
        (&["--joined", "ok"], "--joined is of --join"),
        (&["--join", "{tog}"], "'{tog}' is not known"),
        (&["--join", "{room}"], "needs --rooms"),
        (
            &["--join", "{env:WSBENCH_TEST_TOKEN}"],
            "the environment has no WSBENCH_TEST_TOKEN",
        ),
        (
            &[
                "--mode",
                "broadcast",
                "-R",
                "5",
                "--template",
                "{tag}",
                "-s",
                "50",
            ],
            "--template has no {fill}",
        ),
        (
            &["--mode", "broadcast", "-R", "5", "--template", "{fill}"],
            "has to have one {tag}",
        ),
    ] {
        assert_refused(words, told);
    }
}

#[test]
fn presets_are_listed_and_printed() {
    let list = wsbench(&["preset"]).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    for name in [
        "socket.io",
        "graphql",
        "stomp",
        "nats",
        "phoenix",
        "signalr",
        "pusher",
    ] {
        assert!(list.lines().any(|line| line.starts_with(name)), "{list}");
    }
    let printed = wsbench(&["preset", "stomp"]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("subprotocol = \"v12.stomp\""), "{printed}");
    let unknown = wsbench(&["preset", "smtp"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

/// A text is signed for each client where it is said, and where it is awaited; the key is told nowhere.
#[test]
fn texts_are_signed_by_a_key_of_the_environment() {
    let server = Embedded::start(&["--broadcast"]);
    let signed = "{hmac:sha256:env:SIGNING:room-{conn}}";
    let join = format!(r#"{{"join":"{signed}"}}"#);
    let joined = format!("json:/joined={signed}");
    let usual = ["--mode", "broadcast", "-c", "5", "-R", "50"];
    let rest = ["--join", &join, "--joined", &joined, &server.url];
    let words = [&usual[..], &rest].concat();
    let (code, _, said) = run(&words, &[]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("--join: the environment has no SIGNING"),
        "{said}"
    );
    let (_, document, said) = run(&words, &[("SIGNING", "f00lish")]);
    let told = format!("{document}{said}");
    assert!(!told.contains("f00lish"), "{told}");
    assert_eq!(
        document["connections"]["upgraded"], 5,
        "{:#}",
        document["errors"]
    );
    // Each is in a room of its own, which nobody else's message is for.
    let sent = document["messages"]["sent"].as_u64().unwrap();
    assert_eq!(count(&document["deliveries"], "received"), sent);
}
