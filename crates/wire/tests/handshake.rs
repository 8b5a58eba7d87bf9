//! The opening handshake, both ends: every rule of RFC 6455 section 4 by value, every cut of a head.
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in what it calls as well"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tungstenite::handshake::derive_accept_key;
use wsbench_wire::deflate::{WindowBits, Wish};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{
    ClientHandshake, HandshakeError, MAX_HEAD, Request, UpgradeRequest, Upgraded, accept_key,
    push_rejection, push_response, push_response_with, read_request,
};

/// The nonce of RFC 6455 section 1.3, whose key is `dGhlIHNhbXBsZSBub25jZQ==`.
const NONCE: [u8; 16] = *b"the sample nonce";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

fn handshake() -> ClientHandshake {
    ClientHandshake::new(NONCE)
}

/// A response with these headers.
fn response(headers: &[&str]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\n{}\r\n\r\n",
        headers.join("\r\n")
    );
    head.into_bytes()
}

/// The headers of a response in order.
fn orderly() -> Vec<String> {
    vec![
        "Upgrade: websocket".to_owned(),
        "Connection: Upgrade".to_owned(),
        format!("Sec-WebSocket-Accept: {ACCEPT}"),
    ]
}

/// The response in order, but with the header of this name replaced, or left out.
fn with(name: &str, line: Option<&str>) -> Vec<u8> {
    let mut headers = orderly();
    headers.retain(|header| !header.starts_with(&format!("{name}:")));
    headers.extend(line.map(str::to_owned));
    response(&headers.iter().map(String::as_str).collect::<Vec<_>>())
}

fn read(head: &[u8], offered: &[&str]) -> Result<Option<Upgraded>, HandshakeError> {
    let offered: Vec<String> = offered.iter().map(|&name| name.to_owned()).collect();
    handshake().read_response(head, &offered)
}

fn refusal(head: &[u8]) -> HandshakeError {
    read(head, &[]).unwrap_err()
}

#[test]
fn a_response_is_read_once_its_last_octet_is_here() {
    let mut bytes = with(
        "Sec-WebSocket-Protocol",
        Some("Sec-WebSocket-Protocol: chat"),
    );
    let consumed = bytes.len();
    // The first frame in the same segment stays where it is.
    bytes.extend_from_slice(b"\x81\x02hi\r\n\r\n");
    for cut in 0..bytes.len() {
        let upgraded = (cut >= consumed).then(|| Upgraded {
            consumed,
            subprotocol: Some("chat".to_owned()),
            compression: None,
        });
        assert_eq!(
            read(&bytes[..cut], &["soap", "chat"]),
            Ok(upgraded),
            "cut at {cut}"
        );
    }
}

#[test]
fn what_is_not_http_is_refused_by_its_first_wrong_octet() {
    for (bytes, start) in [
        (&b"\x00"[..], r"\x00"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH-2.0-OpenSSH_"),
        (b"HTTP/2", "HTTP/2"),
        (
            b"\x15\x03\x01\x00\x02\x02\x46",
            r"\x15\x03\x01\x00\x02\x02F",
        ),
    ] {
        let start = start.to_owned();
        assert_eq!(refusal(bytes), HandshakeError::Garbage { start });
    }
    let tls = refusal(b"\x15\x03\x01\x00\x02\x02\x46").to_string();
    assert!(tls.contains("wss://"), "{tls}");
    assert_eq!(read(b"", &[]), Ok(None));
    assert_eq!(read(b"HTTP/1.", &[]), Ok(None));
}

#[test]
fn heads_that_are_not_well_formed_are_refused() {
    for head in [
        &b"HTTP/1.1 abc\r\n\r\n"[..],
        b"HTTP/1.1 101 ok\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 ok\r\nA: \x00\r\n\r\n",
        b"HTTP/1.7 101 ok\r\n\r\n",
    ] {
        let error = refusal(head);
        assert!(matches!(error, HandshakeError::Malformed(_)), "{error:?}");
    }
    // More headers than anyone sends.
    let many = vec!["A: b"; 200];
    assert!(matches!(
        refusal(&response(&many)),
        HandshakeError::Malformed(_)
    ));
}

#[test]
fn a_head_that_does_not_end_is_given_up() {
    let mut head = b"HTTP/1.1 101 ok\r\nA: ".to_vec();
    head.resize(MAX_HEAD - 1, b'x');
    assert_eq!(read(&head, &[]), Ok(None));
    head.push(b'x');
    assert_eq!(refusal(&head), HandshakeError::HeadTooLong);
}

#[test]
fn a_status_other_than_101_is_told_with_its_reason() {
    let head = b"HTTP/1.1 302 Found\r\nLocation: wss://example.org/ws\r\n\r\n";
    let expected = HandshakeError::Status {
        code: 302,
        reason: "Found".to_owned(),
        location: Some("wss://example.org/ws".to_owned()),
        said: String::new(),
        is_cut: false,
    };
    let found = refusal(head);
    assert_eq!(found, expected);
    let message = found.to_string();
    assert!(
        message.contains("302 Found → wss://example.org/ws"),
        "{message}"
    );
    // Also by a server of HTTP/1.0, and without a reason.
    let old = HandshakeError::Status {
        code: 404,
        reason: String::new(),
        location: None,
        said: String::new(),
        is_cut: false,
    };
    assert_eq!(refusal(b"HTTP/1.0 404\r\n\r\n"), old);
    for (code, advice) in [
        (403, "upgrade.origin"),
        (404, "path"),
        (401, "upgrade.credentials"),
        (503, "fewer"),
    ] {
        let message = refusal(format!("HTTP/1.1 {code} \r\n\r\n").as_bytes()).to_string();
        assert!(message.contains(advice), "{message}");
    }
}

#[test]
fn interim_responses_before_the_upgrade_are_passed_over() {
    let upgrade = response(&orderly().iter().map(String::as_str).collect::<Vec<_>>());
    for interim in [
        &b"HTTP/1.1 100 Continue\r\n\r\n"[..],
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\n\nHTTP/1.1 199 Miscellaneous\n\n",
    ] {
        let all = [interim, &upgrade].concat();
        for cut in 0..all.len() {
            assert_eq!(read(&all[..cut], &[]), Ok(None), "{cut}");
        }
        let upgraded = read(&all, &[]).unwrap().unwrap();
        assert_eq!(upgraded.consumed, all.len());
        // The response itself is judged as ever, and what is no HTTP is told at once.
        let refused = [interim, b"HTTP/1.1 503 Busy\r\n\r\n"].concat();
        let error = refusal(&refused);
        assert!(
            matches!(error, HandshakeError::Status { code: 503, .. }),
            "{error:?}"
        );
        let foreign = [interim, b"\x81\x02"].concat();
        let error = refusal(&foreign);
        assert!(matches!(error, HandshakeError::Garbage { .. }), "{error:?}");
    }
}

#[test]
fn interim_responses_without_end_are_given_up() {
    let endless = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100_000);
    assert_eq!(refusal(&endless), HandshakeError::HeadTooLong);
}

#[test]
fn the_headers_of_an_upgrade_must_be_there() {
    for line in [None, Some("Upgrade: h2c"), Some("Upgrade: websockets")] {
        assert_eq!(
            refusal(&with("Upgrade", line)),
            HandshakeError::MissingUpgrade
        );
    }
    for line in [
        None,
        Some("Connection: keep-alive"),
        Some("Connection: notUpgrade"),
    ] {
        assert_eq!(
            refusal(&with("Connection", line)),
            HandshakeError::MissingConnection
        );
    }
    let accept = "Sec-WebSocket-Accept";
    assert_eq!(refusal(&with(accept, None)), HandshakeError::MissingAccept);
    let wrong = with(
        accept,
        Some("Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    );
    let expected = HandshakeError::WrongAccept {
        expected: ACCEPT.to_owned(),
        received: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
    };
    assert_eq!(refusal(&wrong), expected);
    let again = format!("Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Accept: {ACCEPT}");
    let twice = with(accept, Some(&again));
    assert_eq!(
        refusal(&twice),
        HandshakeError::Repeated("Sec-WebSocket-Accept")
    );
    let old = [
        b"HTTP/1.0 101 ok",
        &with("", None)[b"HTTP/1.1 101 Switching Protocols".len()..],
    ];
    assert_eq!(refusal(&old.concat()), HandshakeError::OldHttp);
}

#[test]
fn names_and_tokens_are_compared_without_case_and_among_others() {
    let head = response(&[
        "UPGRADE:  h2c , WebSocket",
        "connection: keep-alive, uPGRADE",
        &format!("sec-websocket-ACCEPT:\t{ACCEPT}  "),
    ]);
    assert!(read(&head, &[]).unwrap().is_some());
    // In two headers of the same name, too, and with lines that end in LF alone.
    let head = response(&[
        "Upgrade: websocket",
        "Connection: keep-alive",
        "Connection: Upgrade",
        &format!("Sec-WebSocket-Accept: {ACCEPT}"),
    ]);
    let bare = String::from_utf8(head).unwrap().replace('\r', "");
    assert!(read(bare.as_bytes(), &[]).unwrap().is_some());
}

#[test]
fn nothing_is_granted_that_was_not_asked_for() {
    let chat = with("-", Some("Sec-WebSocket-Protocol: chat"));
    assert_eq!(
        refusal(&chat),
        HandshakeError::UnaskedSubprotocol("chat".to_owned())
    );
    let both = with("-", Some("Sec-WebSocket-Protocol: soap, chat"));
    let unasked = HandshakeError::UnaskedSubprotocol("soap, chat".to_owned());
    assert_eq!(read(&both, &["soap", "chat"]), Err(unasked));
    let upgraded = read(&chat, &["chat"]).unwrap().unwrap();
    assert_eq!(upgraded.subprotocol.as_deref(), Some("chat"));
    // Offered and not taken up: that is the server's right.
    let none = read(&with("-", None), &["chat"]).unwrap().unwrap();
    assert_eq!(none.subprotocol, None);
    let extension = with(
        "-",
        Some("Sec-WebSocket-Extensions: permessage-deflate; server_max=9"),
    );
    let granted = "permessage-deflate; server_max=9".to_owned();
    assert_eq!(
        refusal(&extension),
        HandshakeError::UnaskedExtension(granted)
    );
    let empty = with("-", Some("Sec-WebSocket-Extensions: "));
    assert!(
        read(&empty, &[]).unwrap().is_some(),
        "an empty list grants nothing"
    );
}

/// What a client of ours sends.
fn sent(request: &Request<'_>) -> String {
    let mut out = FrameBuffer::new();
    handshake().push_request(request, &mut out);
    String::from_utf8(out.as_slice().to_vec()).unwrap()
}

const PLAIN: Request<'_> = Request {
    authority: "example.org:8080",
    resource: "/chat?room=1",
    headers: &[],
    subprotocols: &[],
    origin: None,
};

#[test]
fn a_request_is_written_as_the_rfc_has_it() {
    let expected = "GET /chat?room=1 HTTP/1.1\r\n\
        Host: example.org:8080\r\n\
        Upgrade: websocket\r\n\
        Connection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert_eq!(sent(&PLAIN), expected);
    assert_eq!(handshake().key(), b"dGhlIHNhbXBsZSBub25jZQ==");
}

#[test]
fn a_header_of_the_users_replaces_ours() {
    let headers = [
        ("host".to_owned(), "other.example".to_owned()),
        ("X-Load".to_owned(), "yes".to_owned()),
    ];
    let request = sent(&Request {
        headers: &headers,
        origin: Some("http://example.org"),
        ..PLAIN
    });
    assert_eq!(request.to_lowercase().matches("\r\nhost: ").count(), 1);
    assert!(request.contains("\r\nhost: other.example\r\n"));
    assert!(request.contains("\r\nX-Load: yes\r\n"));
    assert!(request.contains("\r\nOrigin: http://example.org\r\n"));
}

#[test]
fn a_request_is_read_once_its_last_octet_is_here() {
    let offered = ["soap".to_owned(), "chat".to_owned()];
    let mut bytes = sent(&Request {
        subprotocols: &offered,
        origin: Some("http://example.org"),
        ..PLAIN
    })
    .into_bytes();
    let expected = UpgradeRequest {
        consumed: bytes.len(),
        key: "dGhlIHNhbXBsZSBub25jZQ==".to_owned(),
        resource: "/chat?room=1".to_owned(),
        host: "example.org:8080".to_owned(),
        origin: Some("http://example.org".to_owned()),
        subprotocols: offered.to_vec(),
        extensions: Vec::new(),
    };
    bytes.extend_from_slice(b"\x81\x80\0\0\0\0");
    for cut in 0..bytes.len() {
        let request = (cut >= expected.consumed).then(|| expected.clone());
        assert_eq!(read_request(&bytes[..cut]), Ok(request), "cut at {cut}");
    }
}

#[test]
fn requests_that_are_not_in_order_are_refused_by_kind() {
    let refused = |from: &str, to: &str| {
        let request = sent(&PLAIN);
        assert!(request.contains(from), "nothing to replace");
        let error = read_request(request.replace(from, to).as_bytes()).unwrap_err();
        let status = error.rejection();
        (error, status)
    };
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let wrong_key = |key: &str| HandshakeError::WrongKey(key.to_owned());
    let wrong_version = |version: &str| HandshakeError::WrongVersion(version.to_owned());
    assert_eq!(
        refused("GET", "POST"),
        (HandshakeError::Method("POST".to_owned()), 405)
    );
    assert_eq!(
        refused("HTTP/1.1", "HTTP/1.0"),
        (HandshakeError::OldHttp, 505)
    );
    assert_eq!(
        refused("Host: example.org:8080\r\n", ""),
        (HandshakeError::MissingHost, 400)
    );
    assert_eq!(
        refused("Upgrade: websocket\r\n", ""),
        (HandshakeError::MissingUpgrade, 426)
    );
    assert_eq!(
        refused("Connection: Upgrade\r\n", ""),
        (HandshakeError::MissingConnection, 426)
    );
    assert_eq!(refused(key, ""), (HandshakeError::MissingKey, 400));
    assert_eq!(
        refused("jZQ==", "jZ"),
        (wrong_key("dGhlIHNhbXBsZSBub25jZ"), 400)
    );
    assert_eq!(
        refused("dGhlIHNhbXBsZSBub25jZQ==", "AAAA"),
        (wrong_key("AAAA"), 400)
    );
    let twice = format!("{key}{key}");
    assert_eq!(
        refused(key, &twice),
        (HandshakeError::Repeated("Sec-WebSocket-Key"), 400)
    );
    assert_eq!(
        refused("Version: 13", "Version: 8"),
        (wrong_version("8"), 426)
    );
    assert_eq!(
        refused("Sec-WebSocket-Version: 13\r\n", ""),
        (wrong_version(""), 426)
    );
    let (malformed, status) = refused("Host:", "Host");
    assert!(matches!(malformed, HandshakeError::Malformed(_)) && status == 400);
}

#[test]
fn what_is_no_request_is_refused_by_its_first_octets() {
    for bytes in [
        &b"\x16\x03\x01"[..],
        b"get / HTTP/1.1\r\n",
        b"GET\r\n",
        b" GET",
        b"AVERYLONGMETHODNAME",
    ] {
        let error = read_request(bytes).unwrap_err();
        assert!(matches!(error, HandshakeError::Garbage { .. }), "{error:?}");
    }
    for begun in [&b""[..], b"G", b"GET", b"GET ", b"BASELINE-CONTROL /"] {
        assert_eq!(read_request(begun), Ok(None));
    }
    assert_eq!(read_request(&vec![b'A'; MAX_HEAD][..17]), Ok(None));
    let mut endless = b"GET /".to_vec();
    endless.resize(MAX_HEAD, b'x');
    assert_eq!(read_request(&endless), Err(HandshakeError::HeadTooLong));
    assert_eq!(HandshakeError::HeadTooLong.rejection(), 431);
}

#[test]
fn extensions_offered_are_kept_with_their_parameters() {
    let offers = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x\r\n";
    let request = sent(&PLAIN).replace(
        "Upgrade: websocket\r\n",
        &format!("Upgrade: websocket\r\n{offers}"),
    );
    let request = read_request(request.as_bytes()).unwrap().unwrap();
    assert_eq!(
        request.extensions,
        ["permessage-deflate; client_max_window_bits", "x"]
    );
}

#[test]
fn both_ends_of_ours_agree() {
    let offered = ["a".to_owned(), "b".to_owned()];
    let bytes = sent(&Request {
        subprotocols: &offered,
        ..PLAIN
    });
    let request = read_request(bytes.as_bytes()).unwrap().unwrap();
    for chosen in [None, Some("b")] {
        let mut out = FrameBuffer::new();
        push_response(&mut out, &request, chosen);
        let expected = Upgraded {
            consumed: out.len(),
            subprotocol: chosen.map(str::to_owned),
            compression: None,
        };
        assert_eq!(
            handshake().read_response(out.as_slice(), &offered),
            Ok(Some(expected))
        );
    }
}

#[test]
fn compression_is_offered_granted_and_declined() {
    let wish = Wish {
        server_no_takeover: true,
        client_bits: WindowBits::new(10),
        ..Wish::default()
    };
    let offering = handshake().offering(wish.offer());
    let mut out = FrameBuffer::new();
    offering.push_request(&PLAIN, &mut out);
    let request = read_request(out.as_slice()).unwrap().unwrap();
    assert_eq!(
        request.extensions,
        ["permessage-deflate; server_no_context_takeover; client_max_window_bits=10"]
    );
    let terms = request.compression(&Wish::default()).unwrap();
    let answers = [
        (Some(terms), Some(terms)),
        (None, None), // a server may decline
    ];
    for (granted, expected) in answers {
        let mut out = FrameBuffer::new();
        push_response_with(&mut out, &request, None, granted.as_ref());
        let upgraded = offering.read_response(out.as_slice(), &[]).unwrap();
        assert_eq!(upgraded.unwrap().compression, expected);
    }
}

#[test]
fn a_server_takes_the_first_offer_that_is_in_order() {
    let request = |value: &str| {
        let headers = [("Sec-WebSocket-Extensions".to_owned(), value.to_owned())];
        let bytes = sent(&Request {
            headers: &headers,
            ..PLAIN
        });
        let request = read_request(bytes.as_bytes()).unwrap().unwrap();
        let terms = request.compression(&Wish::default());
        terms.map(|terms| terms.to_string())
    };
    let granted = |parameters: &str| Some(format!("permessage-deflate{parameters}"));
    assert_eq!(request("permessage-deflate"), granted(""));
    assert_eq!(
        request(
            "x-other, permessage-deflate; level=9, \
             permessage-deflate; server_max_window_bits=9, permessage-deflate"
        ),
        granted("; server_max_window_bits=9")
    );
    assert_eq!(request("permessage-deflate; level=9"), None);
    assert_eq!(request("permessage-bzip2"), None);
}

#[test]
fn answers_to_an_offer_that_are_none_are_refused() {
    let refused = |value: &str| {
        let header = format!("Sec-WebSocket-Extensions: {value}");
        let bytes = with("-", Some(&header));
        let wish = Wish {
            client_bits: WindowBits::new(10),
            ..Wish::default()
        };
        handshake()
            .offering(wish.offer())
            .read_response(&bytes, &[])
            .unwrap_err()
    };
    for (value, part) in [
        (
            "permessage-deflate; client_max_window_bits=11",
            "at most 10",
        ),
        ("permessage-deflate; level=9", "no parameter \"level\""),
        ("permessage-deflate, permessage-deflate", "twice"),
        ("permessage-deflate; client_max_window_bits", "cannot have"),
    ] {
        let error = refused(value);
        assert!(
            matches!(error, HandshakeError::WrongExtension(_)),
            "{value}: {error:?}"
        );
        assert!(error.to_string().contains(part), "{error}");
    }
    for value in ["permessage-bzip2", "permessage-deflate, foo"] {
        let error = refused(value);
        assert!(
            matches!(error, HandshakeError::UnaskedExtension(_)),
            "{value}: {error:?}"
        );
    }
}

#[test]
fn rejections_say_what_the_status_demands() {
    let rejected = |status| {
        let mut out = FrameBuffer::new();
        push_rejection(&mut out, status);
        let head = String::from_utf8(out.as_slice().to_vec()).unwrap();
        match refusal(head.as_bytes()) {
            HandshakeError::Status { code, .. } => assert_eq!(code, status),
            other => panic!("{other:?}"),
        }
        head
    };
    assert!(rejected(426).contains("\r\nSec-WebSocket-Version: 13\r\n"));
    assert!(rejected(405).contains("\r\nAllow: GET\r\n"));
    assert!(rejected(503).starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    assert!(rejected(599).contains("\r\nContent-Length: 0\r\n"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x6455),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_oracle_derives_the_same_accept_value(key in vec(any::<u8>(), 0..60)) {
        prop_assert_eq!(accept_key(&key), derive_accept_key(&key));
    }

    /// Bytes by chance behind a beginning that is in order make no panic, at either end, and a head
    /// that was refused or read is not taken back when more comes.
    #[test]
    fn any_bytes_are_survived(tail in "[a-zA-Z:/ ,;=\r\n\\x00-\\xff]{0,120}", cut in any::<usize>()) {
        for start in ["HTTP/1.1 101 ok\r\n", "GET / HTTP/1.1\r\n", "HTTP/1.1", ""] {
            let bytes = [start.as_bytes(), tail.as_bytes()].concat();
            let part = &bytes[..cut % (bytes.len() + 1)];
            if !matches!(read(part, &[]), Ok(None)) {
                prop_assert_eq!(read(part, &[]).is_ok(), read(&bytes, &[]).is_ok());
            }
            if !matches!(read_request(part), Ok(None)) {
                prop_assert_eq!(read_request(part).is_ok(), read_request(&bytes).is_ok());
            }
        }
    }
}

#[test]
fn a_refusal_is_told_in_the_servers_words() {
    for (answer, words) in [
        (
            "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"x\"\r\n\r\n",
            "401 No (WWW-Authenticate: Bearer realm=\"x\")",
        ),
        (
            "HTTP/1.1 429 Slow\r\nRetry-After: 30\r\nContent-Length: 9\r\n\r\nslow\ndown",
            "429 Slow (Retry-After: 30; \"slow down\"): ",
        ),
        (
            "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "403 No (\"hello",
        ),
        (
            "HTTP/1.1 521 \r\nServer: \x1b]frontline\r\n\r\n",
            "malformed",
        ),
        (
            "HTTP/1.1 521 \r\nServer: frontline\r\n\r\n",
            "521  (Server: frontline): a proxy in front speaks",
        ),
        (
            "HTTP/1.1 400 Bad\r\n\r\n<p>The plain HTTP request was sent to HTTPS port</p>",
            ": a TLS port: try wss://",
        ),
        (
            "HTTP/1.1 403 No\r\nContent-Encoding: gzip\r\n\r\n\x1f\x0b",
            "403 No: ",
        ),
    ] {
        let told = refusal(answer.as_bytes()).to_string();
        assert!(told.contains(words), "{told}");
        assert!(
            told.len() < 700 && !told.contains(char::is_control),
            "{told}"
        );
    }
}

/// What is announced and has not come is waited for, as far as it would be told.
#[test]
fn a_refusal_whose_body_is_still_to_come_says_so() {
    for (answer, is_cut) in [
        ("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhell", true),
        ("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nhello", false),
        ("HTTP/1.1 403 No\r\n\r\n", false),
        (
            "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
            true,
        ),
    ] {
        assert_eq!(refusal(answer.as_bytes()).is_cut(), is_cut, "{answer}");
    }
    let long = format!(
        "HTTP/1.1 403 No\r\nContent-Length: 99999\r\n\r\n{}",
        "x".repeat(300)
    );
    assert!(!refusal(long.as_bytes()).is_cut(), "enough has come");
}

#[test]
fn a_malformed_head_is_told_with_the_line_that_is_wrong() {
    for (line, shown) in [
        ("X-Folded: one\r\n two", "\"two\""),
        ("X-Wide : one", "\"X-Wide : one\""),
        ("no colon at all", "\"no colon at all\""),
    ] {
        let head = format!("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n{line}\r\n\r\n");
        let told = refusal(head.as_bytes()).to_string();
        assert!(told.contains(shown), "{told}");
    }
    let many = format!("HTTP/1.1 101 x\r\n{}\r\n", "A: b\r\n".repeat(200));
    assert!(
        refusal(many.as_bytes())
            .to_string()
            .contains("more than 128 headers")
    );
}
