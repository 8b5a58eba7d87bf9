//! Answers to the upgrade that are none, or are not what was asked for.

use std::thread;
use std::time::Duration;

use crate::raw::{Raw, encoded, switching};
use crate::{assert_nothing_connected, assert_verdict, short_run};

const SWITCHING: &str =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";

/// This head is refused under this kind, and the words say why.
fn assert_refused(head: &str, kind: &str, words: &str) {
    let server = Raw::responding(head);
    let run = short_run(&server.url(), &[]);
    assert_nothing_connected(&run, "handshake", kind, words);
}

#[test]
fn another_status() {
    for (status, words) in [
        ("200 OK", "check the path"),
        (
            "302 Found\r\nLocation: ws://elsewhere.test/",
            "elsewhere.test",
        ),
        ("401 Unauthorized", "give credentials"),
        ("403 Forbidden", "--origin"),
        ("404 Not Found", "check the path"),
        ("426 Upgrade Required", "another protocol or version"),
        ("503 Service Unavailable", "overloaded"),
    ] {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        assert_refused(&head, "status", words);
        assert_refused(&head, "status", &status[..3]);
    }
}

#[test]
fn the_accept_key_is_missing_or_wrong() {
    let missing = format!("{SWITCHING}\r\n");
    assert_refused(&missing, "missing_accept", "no Sec-WebSocket-Accept");
    let wrong = format!("{SWITCHING}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    assert_refused(&wrong, "wrong_accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn what_was_not_asked_for_is_granted() {
    let head = format!("{SWITCHING}Sec-WebSocket-Accept: {{accept}}\r\n");
    let subprotocol = format!("{head}Sec-WebSocket-Protocol: chat\r\n\r\n");
    assert_refused(&subprotocol, "unasked_subprotocol", "--subprotocol chat");
    let extension = format!("{head}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
    assert_refused(&extension, "unasked_extension", "permessage-deflate");
}

#[test]
fn it_is_no_upgrade() {
    let accept = "Sec-WebSocket-Accept: {accept}\r\n\r\n";
    let head = format!("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n{accept}");
    assert_refused(&head, "missing_upgrade", "Upgrade: websocket");
    let head = format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n{accept}");
    assert_refused(&head, "missing_connection", "Connection: Upgrade");
}

#[test]
fn it_is_no_http() {
    assert_refused("SSH-2.0-OpenSSH_9.2\r\n", "garbage", "SSH-2.0");
    assert_refused("\x15\x03\x01\0\x02\x02\x46", "garbage", "TLS");
}

#[test]
fn the_header_has_no_end() {
    let server = Raw::start(|mut peer| {
        peer.request();
        peer.send(SWITCHING.as_bytes());
        // Ends when the client has hung up and the kernel says so.
        while std::io::Write::write_all(&mut peer.stream, b"X-Padding: and so on\r\n").is_ok() {}
    });
    let run = short_run(&server.url(), &[]);
    assert_nothing_connected(&run, "handshake", "head_too_long", "head");
}

#[test]
fn a_byte_a_second() {
    let server = Raw::start(|mut peer| {
        let request = peer.request();
        for byte in switching(&request).bytes() {
            peer.send(&[byte]);
            thread::sleep(Duration::from_secs(1));
        }
    });
    let run = short_run(&server.url(), &["--connect-timeout", "1500ms"]);
    let words = "no upgrade within 1.5s (--connect-timeout)";
    assert_nothing_connected(&run, "handshake", "timed_out", words);
}

/// The first frame may come in the segment that ends the handshake (RFC 6455 section 4.1).
#[test]
fn the_first_frame_comes_with_the_101() {
    let greeting = |frame: &'static [u8]| {
        Raw::start(move |mut peer| {
            let request = peer.request();
            let mut bytes = switching(&request).into_bytes();
            bytes.extend_from_slice(frame);
            peer.send(&bytes);
            while let Some(message) = peer.message() {
                peer.echo(&message);
            }
        })
    };
    let ping = greeting(&[0x89, 0x02, b'h', b'i']);
    let run = short_run(&ping.url(), &[]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["errors"], serde_json::json!([]));

    let text = greeting(&[0x81, 0x02, b'h', b'i']);
    let run = assert_verdict("doubtful", |strict| short_run(&text.url(), strict));
    assert_eq!(run.sent("unasked"), 2, "{}", run.story());
    assert!(run.sent("answered") > 0);
    assert_eq!(
        run.sent("failed"),
        0,
        "a greeting costs no message its answer"
    );
    assert!(run.has_caveat("unasked"));
}

/// A head cut anywhere is the same head.
#[test]
fn the_101_comes_in_pieces() {
    let server = Raw::start(|mut peer| {
        let request = peer.request();
        for piece in switching(&request).as_bytes().chunks(40) {
            peer.send(piece);
            thread::sleep(Duration::from_millis(5));
        }
        while let Some(message) = peer.message() {
            let frame = encoded(message.first, &message.payload);
            for piece in frame.chunks(frame.len() / 2) {
                peer.send(piece);
            }
        }
    });
    let run = short_run(&server.url(), &[]);
    assert_eq!(run.exit, 0, "{}", run.story());
    assert_eq!(run.document["errors"], serde_json::json!([]));
}
