//! Before there is a WebSocket: connecting, TLS, the handshake.

use std::io::Write;
use std::thread;
use std::time::Duration;

use super::Name::{Caveat, Error, Nothing};
use super::{Row, SOON, Seen, echo, raw};
use crate::raw::{Raw, switching};
use crate::running::embedded::Embedded;
use crate::running::nobody::Nobody;
use crate::running::{Process, wsbench};
use crate::short_run;

/// `101` without its accept key and its end.
const SWITCHING: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = connect();
    rows.extend(proxy());
    rows.extend(tls());
    rows.extend(handshake());
    rows
}

fn connect() -> Vec<Row> {
    let phase = "Connect";
    vec![
        Row::of(phase, "refused", Error("connect", "refused"), || {
            short_run(&Nobody::anywhere().url("ws"), &[])
        }),
        Row::of(
            phase,
            "timed out: the SYN is swallowed",
            Error("connect", "timed_out"),
            || {
                let swallowing = crate::connect::Swallowing::start();
                short_run(&swallowing.url(), &["--connect-timeout", "300ms"])
            },
        ),
        Row::told(phase, "the host has no address", || {
            let words = ["-n", "5", "ws://no-such-host.invalid/"];
            let ended = Process::start(&mut wsbench(&words)).ended();
            assert!(
                ended.stderr.contains("cannot resolve host"),
                "{}",
                ended.stderr
            );
            Seen {
                counted: "before the run".to_owned(),
                said: "cannot resolve host 'no-such-host.invalid'".to_owned(),
                exit: ended.status.code().unwrap(),
                stands: None,
            }
        }),
        raw(
            phase,
            "accepted, then closed",
            Error("handshake", "closed"),
            |mut peer| {
                peer.request();
            },
        ),
        raw(
            phase,
            "accepted, then reset",
            Error("handshake", "reset"),
            |mut peer| {
                peer.request();
                peer.reset();
            },
        ),
        raw(
            phase,
            "accepted, then silent",
            Error("handshake", "timed_out"),
            |mut peer| {
                peer.drain();
            },
        ),
    ]
}

fn proxy() -> Vec<Row> {
    let phase = "Proxy";
    let silent = |scheme: &'static str| {
        let fault = format!("a proxy ({scheme}) accepts and is silent");
        Row::of(phase, fault, Error("proxy", "timed_out"), move || {
            let proxy = Raw::start(|mut peer| peer.drain());
            let proxy = proxy.url().replace("ws:", &format!("{scheme}:"));
            let words = ["--connect-timeout", "300ms", "-x", &proxy];
            let run = short_run("ws://no-such-host.invalid/", &words);
            assert!(
                run.connections("opened") > 0,
                "TCP was there: {}",
                run.story()
            );
            run
        })
    };
    vec![
        silent("http"),
        silent("socks5h"),
        Row::of(phase, "refused", Error("proxy", "refused"), || {
            let nobody = Nobody::anywhere();
            short_run("ws://no-such-host.invalid/", &["-x", &nobody.url("http")])
        }),
    ]
}

fn tls() -> Vec<Row> {
    let phase = "TLS";
    let certified = |fault: &str, kind, name: &'static str, expires: bool, trusts: bool| {
        Row::of(phase, fault, Error("tls", kind), move || {
            let shown = crate::certified::Certified::start(name, expires);
            let certificate = shown.certificate();
            let trust = ["--cacert", certificate.to_str().unwrap()];
            short_run(&shown.server.url, if trusts { &trust } else { &[] })
        })
    };
    vec![
        certified(
            "self-signed, and not trusted",
            "tls_untrusted",
            "127.0.0.1",
            false,
            false,
        ),
        Row::of(
            phase,
            "of an intermediate that is not shown",
            Error("tls", "tls_untrusted"),
            || {
                let chained = crate::certified::Chained::start();
                let root = chained.root();
                short_run(&chained.server.url, &["--cacert", root.to_str().unwrap()])
            },
        ),
        Row::of(
            phase,
            "the host's name is unknown to the server",
            Error("tls", "tls_alert"),
            || {
                // The whole of its answer to our hello: a fatal alert, unrecognized_name.
                let server = Raw::start(|mut peer| {
                    let mut hello = [0; 16];
                    let _ = std::io::Read::read(&mut peer.stream, &mut hello);
                    peer.send(&[21, 3, 3, 0, 2, 2, 112]);
                    peer.drain();
                });
                short_run(&server.url().replace("ws:", "wss:"), &["-k"])
            },
        ),
        certified("expired", "tls_expired", "127.0.0.1", true, true),
        certified(
            "for another host",
            "tls_wrong_host",
            "elsewhere.example",
            false,
            true,
        ),
        Row::of(
            phase,
            "a plain server on wss",
            Error("tls", "tls_plain_server"),
            || {
                let server = Raw::start(|mut peer| {
                    peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                    peer.drain();
                });
                short_run(&server.url().replace("ws:", "wss:"), &["-k"])
            },
        ),
        Row::of(
            phase,
            "a TLS server on ws",
            Error("handshake", "garbage"),
            || {
                let shown = crate::certified::Certified::start("127.0.0.1", false);
                short_run(&shown.server.url.replace("wss:", "ws:"), &[])
            },
        ),
        Row::of(
            phase,
            "the handshake is cut",
            Error("tls", "tls_cut"),
            || {
                let server = Raw::start(|mut peer| {
                    let mut hello = [0; 16];
                    let _ = std::io::Read::read(&mut peer.stream, &mut hello);
                    peer.half_close();
                    peer.drain();
                });
                short_run(&server.url().replace("ws:", "wss:"), &["-k"])
            },
        ),
        Row::of(
            phase,
            "the server accepts and is silent",
            Error("tls", "timed_out"),
            || {
                let server = Raw::start(|mut peer| peer.drain());
                let url = server.url().replace("ws:", "wss:");
                let run = short_run(&url, &["-k", "--connect-timeout", "300ms"]);
                assert!(
                    run.connections("opened") > 0,
                    "TCP was there: {}",
                    run.story()
                );
                run
            },
        ),
        Row::of(
            phase,
            "refused, on wss",
            Error("connect", "refused"),
            || short_run(&Nobody::anywhere().url("wss"), &["-k"]),
        ),
    ]
}

fn handshake() -> Vec<Row> {
    let phase = "Handshake";
    let responding = |fault: &str, kind, head: String| {
        Row::of(phase, fault, Error("handshake", kind), move || {
            let server = Raw::responding(head.clone());
            short_run(&server.url(), &SOON)
        })
    };
    let accept = "Sec-WebSocket-Accept: {accept}\r\n";
    let wrong = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let mut rows: Vec<Row> = [
        "200 OK",
        "302 Found\r\nLocation: ws://elsewhere.test/",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "426 Upgrade Required",
        "503 Service Unavailable",
    ]
    .map(|status| {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        responding(&status[..3], "status", head)
    })
    .into();
    rows.extend([
        responding(
            "no accept key",
            "missing_accept",
            format!("{SWITCHING}\r\n"),
        ),
        responding(
            "a wrong accept key",
            "wrong_accept",
            format!("{SWITCHING}{wrong}"),
        ),
        responding(
            "a subprotocol that was not asked for",
            "unasked_subprotocol",
            format!("{SWITCHING}{accept}Sec-WebSocket-Protocol: chat\r\n\r\n"),
        ),
        responding(
            "an empty subprotocol",
            "unasked_subprotocol",
            format!("{SWITCHING}{accept}Sec-WebSocket-Protocol: \r\n\r\n"),
        ),
        Row::of(
            phase,
            "the offer of subprotocols as it came",
            Error("handshake", "unasked_subprotocol"),
            || {
                let head = "Sec-WebSocket-Protocol: chat, superchat\r\n\r\n";
                let server = Raw::responding(format!(
                    "{SWITCHING}Sec-WebSocket-Accept: {{accept}}\r\n{head}"
                ));
                let offers = ["--subprotocol", "chat", "--subprotocol", "superchat"];
                short_run(&server.url(), &[&offers[..], &SOON].concat())
            },
        ),
        Row::of(
            phase,
            "none of the subprotocols that were offered",
            Caveat("subprotocol"),
            || {
                let server = Raw::start(|mut peer| {
                    peer.upgrade();
                    echo(&mut peer);
                });
                short_run(&server.url(), &["--subprotocol", "chat"])
            },
        ),
        responding(
            "an extension that was not asked for",
            "unasked_extension",
            format!("{SWITCHING}{accept}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
        ),
        granting(
            "a window of the server's that is wider than was asked for",
            "wrong_extension",
            "server-bits=10",
            "server_max_window_bits=12",
        ),
        granting(
            "a window of the server's that was asked for and is not granted",
            "wrong_extension",
            "server-bits=10",
            "client_max_window_bits=10",
        ),
        granting(
            "a window of ours that is wider than was offered",
            "wrong_extension",
            "client-bits=10",
            "client_max_window_bits=12",
        ),
        granting(
            "a window that there is not: 2^16",
            "wrong_extension",
            "takeover",
            "server_max_window_bits=16",
        ),
        granting(
            "a window without its size",
            "wrong_extension",
            "takeover",
            "client_max_window_bits",
        ),
        Row::of(
            phase,
            "narrower windows than were asked for, both ways",
            Nothing,
            || {
                let server = Embedded::start(&["--compress=9"]);
                let run = short_run(&server.url, &["--compress"]);
                let accepted = run.document["compression"]["accepted"].to_string();
                for bits in ["server_max_window_bits=9", "client_max_window_bits=9"] {
                    assert!(accepted.contains(bits), "{accepted}");
                }
                run
            },
        ),
        responding("no HTTP", "garbage", "SSH-2.0-OpenSSH_9.2\r\n".to_owned()),
        raw(
            phase,
            "a head without end",
            Error("handshake", "head_too_long"),
            |mut peer| {
                peer.request();
                peer.send(SWITCHING.as_bytes());
                while peer.stream.write_all(b"X-Padding: and so on\r\n").is_ok() {}
            },
        ),
        a_byte_a_second(phase),
        refusing(
            "401 with a challenge",
            "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"chat\"",
            "",
        ),
        refusing(
            "403 with a body behind it",
            "403 Forbidden",
            "{\"error\":\"your\\u0020origin\nis not allowed\"}",
        ),
        refusing(
            "429 with a time to wait",
            "429 Too Many Requests\r\nRetry-After: 30",
            "slow down",
        ),
        refusing(
            "521 of a proxy in front",
            "521 <none>\r\nServer: frontline",
            "",
        ),
        refusing(
            "400 of a TLS port that is spoken to plainly",
            "400 Bad Request",
            "<html>The plain HTTP request was sent to HTTPS port</html>",
        ),
        responding(
            "a header on two lines",
            "malformed_head",
            format!("{SWITCHING}{accept}X-Folded: one\r\n two\r\n\r\n"),
        ),
        responding(
            "a blank before the colon",
            "malformed_head",
            format!("{SWITCHING}{accept}X-Wide : one\r\n\r\n"),
        ),
        raw(
            phase,
            "100 Continue and 103 Early Hints before the upgrade",
            Nothing,
            |mut peer| {
                let request = peer.request();
                let hints =
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
                peer.send(hints.as_bytes());
                peer.send(switching(&request).as_bytes());
                echo(&mut peer);
            },
        ),
        raw(
            phase,
            "101 and a ping in one segment",
            Nothing,
            |mut peer| {
                let request = peer.request();
                let mut bytes = switching(&request).into_bytes();
                bytes.extend_from_slice(&[0x89, 0x02, b'h', b'i']);
                peer.send(&bytes);
                echo(&mut peer);
            },
        ),
        raw(
            phase,
            "101 and a message in one segment",
            Caveat("unasked"),
            |mut peer| {
                let request = peer.request();
                let mut bytes = switching(&request).into_bytes();
                bytes.extend_from_slice(&[0x81, 0x02, b'h', b'i']);
                peer.send(&bytes);
                echo(&mut peer);
            },
        ),
    ]);
    rows
}

/// A server that answers our wish for compression with these parameters.
fn granting(fault: &str, kind: &'static str, wish: &'static str, parameters: &'static str) -> Row {
    Row::of("Handshake", fault, Error("handshake", kind), move || {
        let server = Raw::responding(format!(
            "{SWITCHING}Sec-WebSocket-Accept: {{accept}}\r\n\
             Sec-WebSocket-Extensions: permessage-deflate; {parameters}\r\n\r\n"
        ));
        let wish = format!("--compress={wish}");
        short_run(&server.url(), &[&[wish.as_str()], &SOON[..]].concat())
    })
}

/// A refusal with a reason: its body comes in a segment of its own.
fn refusing(fault: &str, head: &'static str, body: &'static str) -> Row {
    raw(
        "Handshake",
        fault,
        Error("handshake", "status"),
        move |mut peer| {
            peer.request();
            let length = body.len();
            peer.send(format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n").as_bytes());
            thread::sleep(Duration::from_millis(20));
            peer.send(body.as_bytes());
            peer.drain();
        },
    )
}

/// Its limit leaves a busy machine time for the first of them.
fn a_byte_a_second(phase: &'static str) -> Row {
    let fault = "a byte a second";
    Row::of(phase, fault, Error("handshake", "timed_out"), || {
        let server = Raw::start(|mut peer| {
            let request = peer.request();
            for byte in switching(&request).bytes() {
                peer.send(&[byte]);
                thread::sleep(Duration::from_secs(1));
            }
        });
        short_run(&server.url(), &["--connect-timeout", "1500ms"])
    })
}
