//! The ways to a server that are not the straight one, and who says what on them.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::raw::{Raw, switching};
use crate::running::embedded::Embedded;
use crate::running::{Process, head_of, measured, wsbench};
use rcgen::{CertificateParams, KeyPair};

/// What the requests for an upgrade said, and where they came from.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(SocketAddr, String)>>>);

impl Seen {
    /// An echo server whose requests are noted.
    fn by_server() -> (Raw, Self) {
        let seen = Self::default();
        let note = seen.clone();
        let server = Raw::start(move |mut peer| {
            let request = peer.request();
            let from = peer.stream.peer_addr().unwrap();
            peer.send(switching(&request).as_bytes());
            note.0.lock().unwrap().push((from, request));
            while let Some(message) = peer.message() {
                peer.echo(&message);
            }
        });
        (server, seen)
    }

    /// The value of a header in the first request.
    fn header(&self, name: &str) -> Option<String> {
        let seen = self.0.lock().unwrap();
        let values = seen[0].1.lines().filter_map(|line| line.split_once(": "));
        let mut of_name = values.filter(|(it, _)| it.eq_ignore_ascii_case(name));
        let found = of_name.next().map(|(_, value)| value.to_owned());
        assert!(of_name.next().is_none(), "{name} is there twice");
        found
    }

    /// How many connections came from each address.
    fn sources(&self) -> BTreeMap<String, usize> {
        let mut sources = BTreeMap::new();
        for (from, _) in self.0.lock().unwrap().iter() {
            *sources.entry(from.ip().to_string()).or_default() += 1;
        }
        sources
    }
}

fn authority(server: &Raw) -> String {
    let url = server.url();
    url.trim_start_matches("ws://")
        .trim_end_matches('/')
        .to_owned()
}

#[test]
fn connections_are_made_elsewhere_and_the_handshake_is_of_the_url() {
    let (server, seen) = Seen::by_server();
    let to = authority(&server);
    for words in [to.clone(), format!("no-such-host.invalid:81:{to}")] {
        let url = "ws://no-such-host.invalid:81/x";
        let run = measured(&["-n", "10", "-c", "1", "--connect-to", &words, url]);
        assert_eq!((run.exit, run.sent("answered")), (0, 10), "{}", run.story());
        assert_eq!(
            seen.header("Host").as_deref(),
            Some("no-such-host.invalid:81")
        );
        assert_eq!(run.document["plan"]["url"], url);
        assert_eq!(run.document["plan"]["connect_to"], to);
        assert_eq!(run.document["loopback"], true);
        seen.0.lock().unwrap().clear();
    }
}

#[test]
fn the_name_in_the_certificate_is_the_urls_wherever_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let parameters = CertificateParams::new(vec!["elsewhere.example".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let place = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (cert, key_file) = (place("cert.pem"), place("key.pem"));
    fs::write(&cert, certificate.pem()).unwrap();
    fs::write(&key_file, key.serialize_pem()).unwrap();
    let server = Embedded::start(&["--cert", &cert, "--key", &key_file]);
    let to = format!("127.0.0.1:{}", server.port());
    let words = [
        "-n",
        "10",
        "-c",
        "1",
        "--cacert",
        &cert,
        "--connect-to",
        &to,
    ];
    let run = measured(&[&words[..], &["wss://elsewhere.example/"]].concat());
    assert_eq!((run.exit, run.sent("answered")), (0, 10), "{}", run.story());
    let run = measured(&[&words[..], &["wss://nowhere.example/"]].concat());
    assert!(run.errors("tls", "tls_wrong_host") > 0, "{}", run.story());
}

/// Everything that a run prints or keeps, as text.
fn everything(words: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let kept = directory.path().join("kept.json");
    let words = [words, &["-o", kept.to_str().unwrap()]].concat();
    let ended = Process::start(&mut wsbench(&words)).ended();
    assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
    let document = fs::read_to_string(&kept).unwrap();
    let again = ["report", kept.to_str().unwrap(), "--format", "markdown"];
    let again = Process::start(&mut wsbench(&again)).ended();
    [ended.stdout, ended.stderr, document, again.stdout].concat()
}

#[test]
fn credentials_are_sent_and_nothing_keeps_them() {
    for (words, header, value) in [
        (
            ["-a", "Aladdin:open sesame"],
            "Authorization",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        (
            ["--bearer", "open.sesame"],
            "Authorization",
            "Bearer open.sesame",
        ),
        (["--cookie", "a=sesame; b=c"], "Cookie", "a=sesame; b=c"),
        (
            ["-H", "Authorization: Digest sesame"],
            "Authorization",
            "Digest sesame",
        ),
    ] {
        let (server, seen) = Seen::by_server();
        let url = server.url();
        let told = everything(&[&["-n", "10", "-c", "1"], &words[..], &[url.as_str()]].concat());
        assert_eq!(seen.header(header).as_deref(), Some(value));
        for secret in ["sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="] {
            assert!(!told.contains(secret), "{words:?}: {told}");
        }
        assert!(told.contains("(withheld)"), "{told}");
    }
}

/// Also where several runs are made, whose documents have command lines of their own.
#[test]
fn an_experiment_keeps_no_credentials_either() {
    let (server, _) = Seen::by_server();
    let (other, _) = Seen::by_server();
    let (a, b) = (server.url(), other.url());
    let run = ["-n", "50", "-c", "1", "--bearer", "open-sesame"];
    for command in [
        [&["compare", &a, &b, "--rounds", "2"], &run[..]].concat(),
        [&["--repeat", "2"], &run[..], &[a.as_str()]].concat(),
    ] {
        let told = everything(&command);
        assert!(!told.contains("sesame"), "{told}");
        assert!(told.contains("(withheld)"), "{told}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn connections_are_spread_over_the_addresses_to_come_from() {
    let (server, seen) = Seen::by_server();
    let from = ["--source-ip", "127.0.0.2-127.0.0.4,127.0.0.9"];
    let run = measured(
        &[
            &["-n", "80", "-c", "8", "-t", "2"],
            &from[..],
            &[&server.url()],
        ]
        .concat(),
    );
    assert_eq!((run.exit, run.sent("answered")), (0, 80), "{}", run.story());
    let expected = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.9"];
    let expected = BTreeMap::from(expected.map(|address| (address.to_owned(), 2)));
    assert_eq!(seen.sources(), expected);
    assert_eq!(run.document["plan"]["source_ip"], from[1]);
    assert_eq!(run.document["plan"]["source_addresses"], 4);
}

#[cfg(target_os = "linux")]
#[test]
fn addresses_of_other_machines_are_refused_before_the_run() {
    let words = [
        "--format",
        "json",
        "-n",
        "1",
        "--source-ip",
        "203.0.113.9",
        "ws://127.0.0.1:9/",
    ];
    let ended = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
    assert!(
        ended.stderr.contains("cannot come from 203.0.113.9"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.stdout, "");
}

/// With a range of two ports, one address carries two connections to a server and four carry eight:
/// in a network of its own, since the range is the whole machine's.
#[cfg(target_os = "linux")]
#[test]
fn several_addresses_pass_the_limit_of_ports_of_one() {
    use std::process::Command;
    let can = Command::new("unshare").args(["-n", "true"]).status();
    if !can.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no network namespaces here");
        return;
    }
    let binary = snapbox::cmd::cargo_bin!("wsbench");
    let script = format!(
        "ip link set lo up && sysctl -qw net.ipv4.ip_local_port_range='40000 40001' || exit 77
         {0} serve --port 3999 --until-stdin-closes < /dev/zero > /dev/null &
         sleep 0.5
         {0} -n 100 -c 8 --format json --connect-timeout 2s $@ ws://127.0.0.1:3999/
         code=$?; kill $!; exit $code",
        binary.display()
    );
    let run = |flags: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["-n", "sh", "-c", &script, "sh"]).args(flags);
        Process::start(&mut command).ended()
    };
    let one = run(&[]);
    if one.status.code() == Some(77) {
        eprintln!("skipped: the range of ports cannot be set here");
        return;
    }
    assert_eq!(one.status.code(), Some(1), "{}{}", one.stdout, one.stderr);
    assert!(one.stderr.contains("--source-ip"), "{}", one.stderr);
    let four = run(&["--source-ip", "127.0.0.2-127.0.0.5"]);
    assert_eq!(
        four.status.code(),
        Some(0),
        "{}{}",
        four.stdout,
        four.stderr
    );
}

/// An embedded server on a Unix domain socket in a directory of its own.
fn unix_server(directory: &std::path::Path) -> (Embedded, String) {
    let path = directory.join("wsbench.sock").to_str().unwrap().to_owned();
    let server = Embedded::start(&["--unix-socket", &path]);
    assert_eq!(server.url, format!("unix:{path}"));
    (server, path)
}

#[test]
fn a_server_on_a_unix_socket_is_measured_and_has_nothing_of_tcp() {
    let directory = tempfile::tempdir().unwrap();
    let (mut server, path) = unix_server(directory.path());
    let words = ["-n", "400", "-c", "8", "--unix-socket", &path];
    let run = measured(&[&words[..], &["ws://example.test/"]].concat());
    assert_eq!(
        (run.exit, run.sent("answered")),
        (0, 400),
        "{}",
        run.story()
    );
    let handshake = &run.document["handshake_ns"];
    assert_eq!(handshake.get("tcp"), None, "{handshake}");
    assert_eq!(handshake["upgrade"]["count"], 8);
    assert_eq!(run.document["timestamps"], "user");
    assert_eq!(run.document.get("outside_ns"), None);
    assert_eq!(run.document["plan"]["unix_socket"], path);
    assert_eq!(run.document["addresses"][0], format!("unix:{path}"));
    assert_eq!(run.document["loopback"], true);
    assert_eq!(
        run.document["pressure"]["tcp_trouble"]
            .as_object()
            .map_or(0, |it| it.len()),
        0
    );
    let text = Process::start(&mut wsbench(
        &[&words[..], &["ws://example.test/"]].concat(),
    ))
    .ended();
    assert!(!text.stdout.contains("TCP"), "{}", text.stdout);
    let large = [
        "-n",
        "40",
        "-s",
        "1m",
        "-p",
        "2",
        "-c",
        "2",
        "--unix-socket",
        &path,
    ];
    let run = measured(&[&large[..], &["ws://example.test/"]].concat());
    assert_eq!((run.exit, run.sent("answered")), (0, 40), "{}", run.story());
    let kernel = [
        &["--timestamps", "kernel"],
        &words[..],
        &["ws://example.test/"],
    ]
    .concat();
    let refused = Process::start(&mut wsbench(&kernel)).ended();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stderr.contains("--timestamps auto"),
        "{}",
        refused.stderr
    );
    assert!(server.is_running());
}

#[test]
fn a_unix_socket_that_cannot_be_connected_to_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let short = |path: &str| {
        let words = [
            "-d",
            "300ms",
            "--warmup",
            "0",
            "-c",
            "2",
            "--unix-socket",
            path,
        ];
        measured(&[&words[..], &["ws://localhost/"]].concat())
    };
    let missing = directory
        .path()
        .join("missing")
        .to_str()
        .unwrap()
        .to_owned();
    let run = short(&missing);
    assert_eq!(run.exit, 1);
    assert!(
        run.errors("connect", "no_socket_file") > 0,
        "{}",
        run.story()
    );
    let (mut server, path) = unix_server(directory.path());
    server.kill();
    let run = short(&path);
    assert_eq!(run.exit, 1);
    assert!(
        run.example("connect", "refused")
            .contains("server that is gone"),
        "{}",
        run.story()
    );
    // What is left over gives way to a server, and one that is there does not.
    let (server, path) = unix_server(directory.path());
    let second = Process::start(&mut wsbench(&["serve", "--unix-socket", &path])).ended();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        second.stderr.contains("something is there already"),
        "{}",
        second.stderr
    );
    drop(server);
}

#[test]
fn a_server_that_is_started_may_listen_on_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s").to_str().unwrap().to_owned();
    let binary = snapbox::cmd::cargo_bin!("wsbench");
    let exec = format!("{} serve --unix-socket {path}", binary.display());
    let words = [
        "-n",
        "40",
        "-c",
        "2",
        "--exec",
        &exec,
        "--unix-socket",
        &path,
    ];
    let run = measured(&[&words[..], &["ws://localhost/"]].concat());
    assert_eq!((run.exit, run.sent("answered")), (0, 40), "{}", run.story());
    assert!(
        !std::path::Path::new(&path).exists(),
        "the server removes its file"
    );
}

#[test]
fn a_check_and_the_gate_come_from_the_given_address() {
    let (server, seen) = Seen::by_server();
    let checked = Process::start(&mut wsbench(&[
        "check",
        "--patience",
        "100ms",
        "--source-ip",
        "127.0.0.7",
        &server.url(),
    ]));
    let checked = checked.ended();
    let from: Vec<String> = seen.sources().into_keys().collect();
    assert_eq!(from, ["127.0.0.7"], "{}", checked.stdout);
    seen.0.lock().unwrap().clear();
    let words = ["-n", "1", "-c", "1", "--source-ip", "127.0.0.8", "--gate"];
    measured(&[&words[..], &[&server.url()]].concat());
    let from: Vec<String> = seen.sources().into_keys().collect();
    assert_eq!(from, ["127.0.0.8"]);
    // TEST-NET-3 (RFC 5737) is nobody's.
    let words = ["check", "--source-ip", "203.0.113.9", &server.url()];
    let refused = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("--source-ip"), "{}", refused.stderr);
}

#[test]
fn a_check_the_gate_and_redirects_go_over_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let (_server, path) = unix_server(directory.path());
    let words = ["check", "--unix-socket", &path, "ws://h/"];
    let checked = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(checked.status.code(), Some(0), "{}", checked.stdout);
    let words = ["-n", "10", "-c", "1", "--unix-socket", &path];
    let further = ["--gate", "--follow-redirects", "ws://h/"];
    let run = measured(&[&words[..], &further].concat());
    assert_eq!((run.exit, run.sent("answered")), (0, 10), "{}", run.story());
    assert_eq!(run.document["conformance"]["counts"]["failed"], 0);
}

#[test]
fn what_flags_say_of_the_handshake_is_said_in_it() {
    let (server, seen) = Seen::by_server();
    let flags = [
        "-H",
        "X-Tenant: 7",
        "-H",
        "X-Two: 2",
        "--cookie",
        "a=1",
        "--cookie",
        "b=2; c=3",
        "--origin",
        "https://a.example",
        "--subprotocol",
        "chat.v2",
        "--subprotocol",
        "chat.v1",
    ];
    let words = ["-d", "300ms", "--warmup", "0", "-c", "1"];
    measured(&[&words[..], &flags, &[&server.url()]].concat());
    for (name, value) in [
        ("X-Tenant", "7"),
        ("X-Two", "2"),
        ("Cookie", "a=1; b=2; c=3"),
        ("Origin", "https://a.example"),
        ("Sec-WebSocket-Protocol", "chat.v2, chat.v1"),
    ] {
        assert_eq!(seen.header(name).as_deref(), Some(value), "{name}");
    }
}

/// Host is the URL's, whatever is connected to.
#[test]
fn what_is_said_over_a_unix_socket_is_of_the_url() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("s");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        head_of(&mut stream)
    });
    let words = ["-d", "300ms", "--warmup", "0", "-c", "1", "--unix-socket"];
    let place = [path.to_str().unwrap(), "ws://example.test:81/chat"];
    measured(&[&words[..], &place].concat());
    let request = heard.join().unwrap();
    assert!(request.starts_with("GET /chat HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains("\r\nHost: example.test:81\r\n"),
        "{request}"
    );
}
