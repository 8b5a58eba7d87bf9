//! Secrets planted in every place that takes one, and looked for in everything that comes out: what
//! is printed, what is stored, in every format, and every complaint. The servers here send back all
//! that they were sent.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::raw::{Raw, encoded};
use crate::running::{Ended, Process, wsbench};

/// Each is found by this part, which stands nowhere else.
const MARK: &str = "hunter2";

/// A value that is to be seen nowhere. No two begin alike, so that none is found in another's place.
fn planted(place: &str) -> String {
    let digits = place
        .bytes()
        .fold(7_u64, |sum, byte| sum.wrapping_mul(31) ^ u64::from(byte));
    format!("{digits:010x}-{MARK}-{place}-{MARK}")
}

/// The places for secrets, with the words that plant one there. They are all in one command line
/// but for those that exclude each other.
fn places() -> BTreeMap<&'static str, Vec<String>> {
    let header = |line: String| vec!["-H".to_owned(), line];
    let mut places = BTreeMap::new();
    places.insert(
        "basic",
        vec!["-a".into(), format!("user:{}", planted("basic"))],
    );
    places.insert("bearer", vec!["--bearer".into(), planted("bearer")]);
    places.insert(
        "cookie",
        vec!["--cookie".into(), format!("sid={}", planted("cookie"))],
    );
    places.insert(
        "X-Info",
        header(format!("X-Info: theme=dark; token={}", planted("X-Info"))),
    );
    places.insert(
        "message",
        vec![
            "-m".into(),
            format!(r#"{{"room":1,"password":"{}"}}"#, planted("message")),
        ],
    );
    for name in [
        "X-Api-Key",
        "X-Auth-Token",
        "Proxy-Authorization",
        "X-Session-Id",
        "apikey",
    ] {
        places.insert(name, header(format!("{name}: {}", planted(name))));
    }
    places.insert(
        "subprotocol",
        vec![
            "--subprotocol".into(),
            "bearer".into(),
            format!("--subprotocol={}", planted("subprotocol")),
        ],
    );
    places
}

/// A path and a query with secrets under many names.
fn query() -> String {
    let names = [
        "token",
        "access_token",
        "apikey",
        "api_key",
        "X-Amz-Signature",
        "%70assword",
    ];
    let pairs: Vec<String> = names
        .iter()
        .map(|name| format!("{name}={}", planted(name)))
        .collect();
    let path = planted("path");
    format!("chat/token/{path}?room=1&{}", pairs.join("&"))
}

/// Runs a command in a folder; nothing that it says or leaves there holds a secret.
fn nothing_is_told(folder: &Path, words: &[String]) -> Ended {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ended = Process::start(wsbench(&words).current_dir(folder)).ended();
    // Base64 of a login is no less than the login.
    let encoded = ["aHVudGVyM", "h1bnRlcj", "odW50ZXIy"];
    let check = |place: &str, text: &str| {
        for secret in [MARK].iter().chain(&encoded) {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} in {place} of {words:?}");
        }
    };
    check("standard output", &ended.stdout);
    check("standard error", &ended.stderr);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let held = fs::read(&path).unwrap();
        check(&path.display().to_string(), &String::from_utf8_lossy(&held));
    }
    ended
}

/// A server that refuses, and sends back in its reason, a header and its body whatever it was asked.
fn refusing() -> Raw {
    Raw::start(|mut peer| {
        let request = peer.request();
        let line = request.lines().next().unwrap_or_default().to_owned();
        let of_header: Vec<&str> = request.lines().filter(|it| it.contains(MARK)).collect();
        let body = request.clone();
        peer.send(
            format!(
                "HTTP/1.1 403 {line}\r\nX-Said: {}\r\nWWW-Authenticate: {}\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                of_header.join(" "),
                of_header.first().unwrap_or(&""),
                body.len()
            )
            .as_bytes(),
        );
        peer.drain();
    })
}

/// A server that echoes twice and then closes with the request in its reason.
fn closing() -> Raw {
    Raw::start(|mut peer| {
        let request = peer.request();
        let head = crate::raw::switching(&request);
        peer.send(head.as_bytes());
        for _ in 0..2 {
            let Some(message) = peer.message() else {
                return;
            };
            peer.echo(&message);
        }
        let secret = request.lines().find(|line| line.contains(MARK));
        let mut reason = secret.unwrap_or_default().to_owned();
        reason.truncate(120);
        peer.send(&encoded(
            0x88,
            &[&4001_u16.to_be_bytes()[..], reason.as_bytes()].concat(),
        ));
        peer.drain();
    })
}

#[test]
fn no_output_of_a_run_tells_a_secret() {
    for (server, is_refusing) in [(refusing(), true), (closing(), false)] {
        for leave_out in ["basic", "bearer"] {
            let folder = tempfile::tempdir().unwrap();
            let mut places = places();
            places.remove(leave_out);
            let planted = places.into_values().flatten();
            let mut run: Vec<String> = planted.collect();
            let url = format!("{}{}", server.url(), query());
            let amount = [
                "-c",
                "2",
                "-n",
                "20",
                "--connect-timeout",
                "2s",
                "-o",
                "r.json",
            ];
            run.extend(amount.map(str::to_owned));
            run.extend(["--html".to_owned(), "r.html".to_owned(), url]);
            let ended = nothing_is_told(folder.path(), &run);
            assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
            let stored = fs::read_to_string(folder.path().join("r.json")).unwrap();
            assert!(stored.contains("(withheld)"), "{stored}");
            assert!(stored.contains("room=1"), "what is no secret stays");
            let said = if is_refusing { "403" } else { "4001" };
            assert!(stored.contains(said), "{stored}");
            for format in ["text", "json", "csv", "markdown", "html", "quiet"] {
                let words = ["report", "r.json", "--format", format].map(str::to_owned);
                nothing_is_told(folder.path(), &words);
                let mut run = run.clone();
                let at = run.iter().position(|word| word == "-o").unwrap();
                run.drain(at..at + 4);
                run.extend(["--format".to_owned(), format.to_owned()]);
                nothing_is_told(folder.path(), &run);
            }
        }
    }
}

/// Nor does a complaint about a command line that is wrong in one way or another.
#[test]
fn no_complaint_repeats_a_secret() {
    let secret = planted("wrong");
    let of = |words: &[&str]| -> Vec<String> { words.iter().map(|it| (*it).to_owned()).collect() };
    for words in [
        of(&["--bearer", &format!("{secret}\n"), "h:1"]),
        of(&["--bearer", &format!("{secret} and more"), "h:1"]),
        of(&["-a", &secret, "h:1"]),
        of(&["--cookie", &secret, "h:1"]),
        of(&["-H", &format!("X-Api-Key: {secret}\n"), "h:1"]),
        of(&["-H", &format!("Authorization : {secret}\r\nX: y"), "h:1"]),
        of(&[&format!("ws://user:{secret}@h/")]),
        of(&[&format!("http://h/?token={secret}")]),
        of(&[&format!("ftp://h/?token={secret}")]),
        of(&[&format!("ws://h:99999/?token={secret}")]),
        of(&[&format!("ws://h/?token={secret}#fragment")]),
        of(&["-x", &format!("socks9://user:{secret}@h:1"), "h:1"]),
        of(&["--bearer", &secret, "--no-such-flag", "h:1"]),
        of(&[
            "--bearer",
            &secret,
            "-H",
            &format!("Authorization: {secret}"),
            "h:1",
        ]),
        of(&["--bearer", &secret, "h:1", "one-word-too-many"]),
        of(&[
            "compare",
            &format!("ws://h/?token={secret}"),
            "no-such-file",
        ]),
        of(&["check", &format!("ws://user:{secret}@h/")]),
        of(&[&format!("user:{secret}@h:1")]),
        of(&["-m", &format!("token={secret}"), "--no-such-flag", "h:1"]),
        of(&["--otlp", &format!("http://user:{secret}@h:1"), "h:1"]),
        of(&[&format!("--remote-write=http://user:{secret}@h:1"), "h:1"]),
        of(&["--push-gateway", &format!("user:{secret}@h:1"), "h:1"]),
        of(&[
            "record",
            &format!("ws://h/?token={secret}"),
            "--listen",
            "x",
        ]),
        of(&["find", "--slo", "p99<1", &format!("ws://h/?token={secret}")]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let ended = nothing_is_told(folder.path(), &words);
        assert_ne!(ended.status.code(), Some(0), "{words:?}");
        assert!(!ended.stderr.is_empty(), "{words:?}");
    }
}

/// Nor one that is too short to be looked for wherever it may stand.
#[test]
fn no_complaint_repeats_a_short_secret() {
    const SHORT: &str = "zq7";
    for words in [
        ["--bearer", "zq7 x"],
        ["--bearer=zq7 x", "h:1"],
        ["-a", SHORT],
        ["--cookie", SHORT],
        ["-H", "X-Api-Key zq7"],
        ["--otlp", "http://u:zq7@h:1"],
        ["--remote-write", "ftp://u:zq7@h:1"],
        ["--push-gateway", "u:zq7@h:1"],
        ["-x", "socks9://u:zq7@h:1"],
        ["ws://u:zq7@h/", "-q"],
        ["http://h/?pin=zq7", "-q"],
        ["ws://h:99999/?pin=zq7", "-q"],
    ] {
        let ended = Process::start(&mut wsbench(&words)).ended();
        assert_eq!(ended.status.code(), Some(2), "{words:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains(SHORT), "{words:?}: {}", ended.stderr);
    }
}

/// What is awaited is a secret by its name in JSON, or within a URL, as what is said is.
#[test]
fn no_document_tells_what_is_awaited_of_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let server = closing();
    let by_name = format!("json:/data/token={}", planted("awaited"));
    let by_url = format!("see ws://user:{}@h/", planted("awaited-url"));
    for pattern in [by_name, by_url] {
        let words = ["-n", "2", "-c", "1", "--join", "hello", "-o", "r.json"];
        let mut words: Vec<String> = words.map(str::to_owned).to_vec();
        words.extend(["--joined".to_owned(), pattern, server.url()]);
        nothing_is_told(folder.path(), &words);
        assert!(folder.path().join("r.json").exists());
    }
}

/// A recording holds none, in whatever form it was said.
#[test]
fn no_recording_tells_a_secret() {
    let said = [
        format!("PASS oauth:{}", planted("oauth")),
        format!("PRIVMSG NickServ :IDENTIFY {}", planted("identify")),
        format!("CONNECT\npasscode:{}\n\n\0", planted("stomp")),
        format!(r#"{{"type":"auth","token":"{}"}}"#, planted("json")),
        format!(
            "see ws://user:{}@h/?sid={}",
            planted("login"),
            planted("sid")
        ),
    ];
    let messages: Vec<serde_json::Value> = (0_u32..)
        .zip(&said)
        .map(
            |(at, data)| serde_json::json!({"type": "send", "time": at, "opcode": 1, "data": data}),
        )
        .collect();
    let header = |name: &str, value: String| serde_json::json!({"name": name, "value": value});
    let har = serde_json::json!({"log": {"entries": [{
        "request": {
            "url": format!("ws://h/{}", query()),
            "headers": [
                header("X-Info", format!("a=b; token={}", planted("info"))),
                header("X-Api-Key", planted("api-key")),
                header("Cookie", format!("sid={}; theme=dark", planted("cookie"))),
                header("Sec-WebSocket-Protocol", format!("bearer, {}", planted("subprotocol"))),
            ],
        },
        "_webSocketMessages": messages,
    }]}});
    let kept = tempfile::tempdir().unwrap();
    let path = kept.path().join("app.har");
    fs::write(&path, har.to_string()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = path.to_str().unwrap();
    let words = ["record", "--har", path, "-o", "app.toml"].map(str::to_owned);
    let ended = nothing_is_told(folder.path(), &words);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let written = fs::read_to_string(folder.path().join("app.toml")).unwrap();
    assert!(
        written.contains("{env:") && written.contains("room=1"),
        "{written}"
    );
}

/// Nor do redirects, and the host that they lead to hears none of them.
#[test]
fn redirects_carry_no_secret_to_another_host() {
    let other = Raw::start(|mut peer| {
        let request = peer.request();
        let heard: Vec<&str> = request
            .lines()
            .skip(1)
            .filter(|line| line.contains(MARK))
            .collect();
        let status = if heard.is_empty() {
            "404 Clean"
        } else {
            "500 Heard"
        };
        peer.send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes());
        peer.drain();
    });
    // Another port is another server.
    let to = other.url();
    let first = Raw::start(move |mut peer| {
        peer.request();
        let location = format!("{to}?token={}", planted("location"));
        peer.send(
            format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
                .as_bytes(),
        );
        peer.drain();
    });
    let folder = tempfile::tempdir().unwrap();
    let mut words: Vec<String> = places().into_values().flatten().collect();
    let at = words.iter().position(|word| word == "-a").unwrap();
    words.drain(at..at + 2);
    words.extend(["--follow-redirects", "-n", "1", "-c", "1"].map(str::to_owned));
    words.push(format!("{}{}", first.url(), query()));
    let ended = nothing_is_told(folder.path(), &words);
    let story = format!("{}{}", ended.stdout, ended.stderr);
    assert!(story.contains("404 Clean"), "the other was asked: {story}");
    assert!(!story.contains("500 Heard"), "and heard a secret: {story}");
}

/// Whoever wants them has them.
#[test]
fn secrets_are_shown_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = closing();
    let token = planted("bearer");
    let words = [
        "--bearer",
        &token,
        "-n",
        "2",
        "-c",
        "1",
        "--show-secrets",
        "-o",
        "r.json",
    ];
    let url = server.url();
    let words = [&words[..], &[url.as_str()]].concat();
    Process::start(wsbench(&words).current_dir(folder.path())).ended();
    let stored = fs::read_to_string(folder.path().join("r.json")).unwrap();
    assert!(stored.matches(&token).count() >= 2, "{stored}");
}
