//! Through proxies and along redirects: small ones of the test's own, on loopback.
#![cfg(unix)]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use crate::raw::Raw;
use crate::running::embedded::Embedded;
use crate::running::proxy::{Dialogue, Proxy, http, socks};
use crate::running::{Process, Run, measured, wsbench};

/// A run through a proxy.
fn through(proxy: &str, further: &[&str]) -> Run {
    measured(&[&["-n", "100", "-c", "4", "-x", proxy], further].concat())
}

fn assert_good(run: &Run) {
    assert_eq!(
        (run.exit, run.sent("answered")),
        (0, 100),
        "{}",
        run.story()
    );
    let handshake = &run.document["handshake_ns"];
    assert_eq!(handshake["proxy"]["count"], 4, "{handshake}");
    assert!(handshake["proxy"]["max"].as_u64() > Some(0), "{handshake}");
    assert_eq!(handshake["tcp"]["count"], 4, "{handshake}");
}

#[test]
fn a_plain_server_is_measured_through_each_kind_of_proxy() {
    let server = Embedded::start(&[]);
    let name = "ws://no-such-host.invalid:81/";
    for (scheme, dialogue) in [("http", http as Dialogue), ("socks5h", socks)] {
        let proxy = Proxy::leading_to(&server, dialogue, "");
        let url = format!("{scheme}://{}", proxy.address);
        let run = through(&url, &[name]);
        assert_good(&run);
        assert_eq!(proxy.asked(), ["no-such-host.invalid:81"; 4]);
        assert_eq!(run.document["plan"]["proxy"], url);
        assert_eq!(
            run.document["loopback"], false,
            "the server may be anywhere"
        );
    }
    // With socks5 the name is resolved here, and the proxy is given the address.
    let proxy = Proxy::leading_to(&server, socks, "");
    let url = format!("socks5://{}", proxy.address);
    assert_good(&through(&url, &["-4", "ws://127.0.0.1:81/"]));
    assert_eq!(proxy.asked(), ["127.0.0.1:81"; 4]);
}

#[test]
fn an_encrypted_server_is_measured_through_each_kind_of_proxy() {
    let directory = tempfile::tempdir().unwrap();
    let certificate = directory.path().join("cert.pem");
    let certificate = certificate.to_str().unwrap();
    let server = Embedded::start(&["--tls", "--write-cert", certificate]);
    for (scheme, dialogue) in [("http", http as Dialogue), ("socks5h", socks)] {
        let proxy = Proxy::leading_to(&server, dialogue, "");
        let url = format!("{scheme}://{}", proxy.address);
        let run = through(&url, &["--cacert", certificate, "wss://localhost/"]);
        assert_good(&run);
        assert_eq!(run.document["handshake_ns"]["tls"]["count"], 4);
        assert_eq!(proxy.asked(), ["localhost:443"; 4]);
        // The gate goes the same way.
        let gate = [
            "-n",
            "1",
            "-c",
            "1",
            "--gate",
            "-x",
            &url,
            "--cacert",
            certificate,
        ];
        let run = measured(&[&gate[..], &["wss://localhost/"]].concat());
        assert_eq!(run.exit, 0, "{}", run.story());
        assert!(proxy.asked().len() > 20);
    }
}

#[test]
fn a_check_goes_through_the_proxy_and_tells_what_is_wrong_with_it() {
    let server = Embedded::start(&[]);
    for (scheme, dialogue) in [("http", http as Dialogue), ("socks5h", socks)] {
        let proxy = Proxy::leading_to(&server, dialogue, "");
        let url = format!("{scheme}://{}", proxy.address);
        let words = ["check", "-x", &url, "ws://no-such-host.invalid:81/"];
        let checked = Process::start(&mut wsbench(&words)).ended();
        assert_eq!(checked.status.code(), Some(0), "{}", checked.stdout);
        let asked = proxy.asked();
        assert!(asked.len() > 20, "a connection for each case");
        assert!(asked.iter().all(|it| it == "no-such-host.invalid:81"));
    }
    let silent = Raw::start(|mut peer| peer.drain());
    let url = silent.url().replace("ws:", "http:");
    let words = ["check", "--patience", "200ms", "-x", &url, "ws://h/"];
    let checked = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(checked.status.code(), Some(4), "{}", checked.stdout);
    let said = "no connection: the proxy did not open the tunnel within 200ms";
    assert!(checked.stdout.contains(said), "{}", checked.stdout);
}

#[cfg(feature = "http2")]
#[test]
fn http2_goes_through_the_proxy_and_so_do_its_gate_and_check() {
    let server = Embedded::start(&[]);
    let proxy = Proxy::leading_to(&server, http, "");
    let url = format!("http://{}", proxy.address);
    let way = ["--http", "2", "-x", &url, "ws://no-such-host.invalid:81/"];
    let words = ["-n", "40", "-c", "4", "-t", "1", "--gate"];
    let run = measured(&[&words[..], &way].concat());
    assert_eq!((run.exit, run.sent("answered")), (0, 40), "{}", run.story());
    assert_eq!(run.document["conformance"]["counts"]["failed"], 0);
    let checked = Process::start(&mut wsbench(&[&["check"][..], &way].concat())).ended();
    assert_eq!(checked.status.code(), Some(0), "{}", checked.stdout);
}

#[test]
fn redirects_are_followed_through_the_proxy() {
    let server = Embedded::start(&[]);
    let redirect = redirecting("302 Found", "ws://no-such-host.invalid:81/there");
    let port = |authority: &str| {
        authority
            .trim_end_matches('/')
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
    };
    let (first, last) = (
        port(&redirect.url()).unwrap(),
        server.port().parse().unwrap(),
    );
    let front = Proxy::leading(
        move |asked| if asked.ends_with(":80") { first } else { last },
        http,
        "",
    );
    let url = format!("http://{}", front.address);
    let words = ["-n", "20", "-c", "1", "--follow-redirects", "-x", &url];
    let run = measured(&[&words[..], &["ws://no-such-host.invalid:80/here"]].concat());
    assert_eq!((run.exit, run.sent("answered")), (0, 20), "{}", run.story());
    assert_eq!(
        run.document["plan"]["url"],
        "ws://no-such-host.invalid:81/there"
    );
    let asked = front.asked();
    assert_eq!(asked[0], "no-such-host.invalid:80");
    assert!(asked[1..].iter().all(|it| it == "no-such-host.invalid:81"));
}

#[test]
fn a_proxy_that_wants_a_login_gets_it_and_nothing_keeps_it() {
    let server = Embedded::start(&[]);
    // The example of RFC 7617 section 2.
    let basic = "QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    for (scheme, dialogue, login, kind) in [
        ("http", http as Dialogue, basic, "auth_required"),
        ("socks5h", socks, "Aladdin:open sesame", "no_method"),
    ] {
        let proxy = Proxy::leading_to(&server, dialogue, login);
        let url = |login: &str| format!("{scheme}://{login}{}", proxy.address);
        let run = through(&url("Aladdin:open%20sesame@"), &["ws://h/"]);
        assert_good(&run);
        assert!(
            !run.document.to_string().contains("sesame"),
            "{}",
            run.document
        );
        assert_eq!(run.document["plan"]["proxy"], url(""));
        let refused = through(&url(""), &["ws://h/"]);
        assert_eq!(refused.exit, 1);
        assert!(refused.errors("proxy", kind) > 0, "{}", refused.story());
        let wrong = through(&url("Aladdin:hidden@"), &["ws://h/"]);
        let kinds = ["auth_required", "login_refused"];
        let told: u64 = kinds.iter().map(|kind| wrong.errors("proxy", kind)).sum();
        assert!(told > 0, "{}", wrong.story());
        assert!(!wrong.story().contains("hidden"), "{}", wrong.story());
    }
}

#[test]
fn each_fault_of_a_proxy_has_a_name_and_an_end() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let faulty = |scheme: &str, further: &[&str], answer: &'static [u8]| {
        let server = Raw::start(move |mut peer| {
            let mut some = [0; 64];
            let _ = peer.stream.read(&mut some);
            peer.send(answer);
            peer.drain();
        });
        let url = server.url().replace("ws:", &format!("{scheme}:"));
        let words = ["-d", "300ms", "--warmup", "0", "-c", "2", "-x", &url];
        measured(&[&words[..], further, &["ws://h/"]].concat())
    };
    let refused = through(&format!("http://{nobody}"), &["ws://h/"]);
    let silent = faulty("http", &["--connect-timeout", "300ms"], b"");
    let words = silent.example("proxy", "timed_out");
    assert!(words.contains("did not open the tunnel"), "{words}");
    assert!(silent.connections("opened") > 0, "{}", silent.story());
    for (kind, run) in [
        ("refused", refused),
        (
            "status",
            faulty("http", &[], b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
        ),
        ("no_http", faulty("http", &[], b"\x05\xff")),
        (
            "wrong_version",
            faulty("socks5h", &[], b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ),
        ("no_method", faulty("socks5h", &[], b"\x05\xff")),
        (
            "socks_connection_refused",
            faulty("socks5h", &[], b"\x05\x00\x05\x05\x00\x01"),
        ),
        (
            "socks_host_unreachable",
            faulty("socks5h", &[], b"\x05\x00\x05\x04\x00\x01"),
        ),
    ] {
        assert_eq!(run.exit, 1, "{kind}: {}", run.story());
        assert!(run.errors("proxy", kind) > 0, "{kind}: {}", run.story());
        assert_eq!(
            run.document["handshake_ns"].get("proxy"),
            None,
            "no samples"
        );
    }
}

/// A server that redirects every handshake.
fn redirecting(status: &str, location: impl Into<String>) -> Raw {
    let head = format!(
        "HTTP/1.1 {status}\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        location.into()
    );
    Raw::responding(head)
}

#[test]
fn redirects_are_followed_once_before_the_run() {
    let server = Embedded::start(&[]);
    let end = format!("http://{}/chat", server.authority());
    let second = redirecting("307 Temporary Redirect", &end);
    let first = redirecting("302 Found", second.url());
    let words = ["-n", "50", "-c", "2", "--bearer", "t"];
    let run = measured(&[&words[..], &["--follow-redirects", &first.url()]].concat());
    assert_eq!((run.exit, run.sent("answered")), (0, 50), "{}", run.story());
    let plan = &run.document["plan"];
    assert_eq!(plan["url"], end.replace("http:", "ws:"));
    assert_eq!(
        plan["redirected_from"],
        serde_json::json!([first.url(), second.url()])
    );
    assert_eq!(
        plan["headers"],
        serde_json::json!([]),
        "credentials stay behind"
    );
    let told = Process::start(&mut wsbench(
        &[&words[..], &["--follow-redirects", &first.url()]].concat(),
    ));
    let told = told.ended();
    let line = format!("2 redirects from {}", first.url());
    assert!(told.stderr.contains(&line), "{}", told.stderr);
    // Where it is not asked for, it is told.
    let run = measured(&[&words[..], &[&first.url()]].concat());
    assert_eq!(run.exit, 1);
    let example = run.example("handshake", "status");
    assert!(
        example.contains(&second.url()) && example.contains("--follow-redirects"),
        "{example}"
    );
}

#[test]
fn redirects_in_a_circle_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let location = url.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 301 Moved\r\nLocation: {location}\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let words = ["-n", "1", "--follow-redirects=3", &url];
    let ended = Process::start(&mut wsbench(&words)).ended();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("more than 3 redirects"),
        "{}",
        ended.stderr
    );
}

#[test]
fn from_an_encrypted_server_to_a_plain_one_only_on_request() {
    let directory = tempfile::tempdir().unwrap();
    let (cert, key) = (
        directory.path().join("c.pem"),
        directory.path().join("k.pem"),
    );
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(&cert, own.cert.pem()).unwrap();
    fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let plain = Embedded::start(&[]);
    // TLS in front of a redirecting server: by hand, one connection after the other.
    let url = tls_redirect(&own, format!("http://{}/", plain.authority()));
    let words = ["-n", "10", "-c", "1", "-k", "--follow-redirects"];
    let refused = Process::start(&mut wsbench(&[&words[..], &[&url]].concat())).ended();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        refused.stderr.contains("--follow-to-plain"),
        "{}",
        refused.stderr
    );
    let run = measured(&[&words[..], &["--follow-to-plain", &url]].concat());
    assert_eq!((run.exit, run.sent("answered")), (0, 10), "{}", run.story());
}

fn tls_redirect(own: &rcgen::CertifiedKey<rcgen::KeyPair>, location: String) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let _ = stream.read(&mut [0; 4096]);
            let head = format!("HTTP/1.1 308 Permanent Redirect\r\nLocation: {location}\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.read(&mut [0; 4096]);
        }
    });
    url
}
