//! Tunnels through proxies, in memory: the bytes of the RFCs, cut anywhere, and what refuses them.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use wsbench_wire::proxy::{Destination, Login, ProxyError, SocksFailure, Tunnel};

fn to(host: &str) -> Destination {
    Destination::Name {
        host: host.to_owned(),
        port: 8_080,
    }
}

fn login() -> Login {
    Login {
        user: "Aladdin".to_owned(),
        password: "open sesame".to_owned(),
    }
}

/// What the tunnel has to write, taken.
fn written(tunnel: &mut Tunnel) -> Vec<u8> {
    let bytes = tunnel.pending().to_vec();
    tunnel.wrote(bytes.len());
    bytes
}

#[test]
fn an_http_proxy_is_asked_to_connect() {
    let mut tunnel = Tunnel::http(&to("example.com"), None);
    let asked = "CONNECT example.com:8080 HTTP/1.1\r\nHost: example.com:8080\r\n\r\n";
    assert_eq!(written(&mut tunnel), asked.as_bytes());
    let mut tunnel = Tunnel::http(&to("::1"), Some(&login()));
    let asked = "CONNECT [::1]:8080 HTTP/1.1\r\nHost: [::1]:8080\r\n\
                 Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
    assert_eq!(written(&mut tunnel), asked.as_bytes());
}

#[test]
fn an_http_tunnel_opens_with_the_head_and_not_before() {
    let answer = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
    for cut in 0..answer.len() {
        let mut tunnel = Tunnel::http(&to("h"), None);
        written(&mut tunnel);
        tunnel.on_bytes(&answer[..cut]).unwrap();
        assert!(!tunnel.is_open(), "after {cut} bytes");
        tunnel.on_bytes(&answer[cut..]).unwrap();
        assert!(tunnel.is_open());
    }
}

#[test]
fn an_http_proxy_that_refuses_is_told_by_name() {
    let refused = |answer: &str, login: Option<&Login>| {
        let mut tunnel = Tunnel::http(&to("h"), login);
        tunnel.on_bytes(answer.as_bytes()).unwrap_err()
    };
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    let error = refused(answer, None);
    assert_eq!(error, ProxyError::AuthRequired { with_login: false });
    assert!(error.to_string().contains("USER:PASS"), "{error}");
    let error = refused(answer, Some(&login()));
    assert_eq!(error, ProxyError::AuthRequired { with_login: true });
    let error = refused("HTTP/1.0 502 Bad Gateway\r\n\r\n", None);
    assert!(matches!(error, ProxyError::Status { .. }), "{error:?}");
    assert!(
        error.to_string().contains("did not reach the server"),
        "{error}"
    );
    assert!(refused("\x05\x00", None).to_string().contains("socks5://"));
    assert!(matches!(
        refused("SSH-2.0", None),
        ProxyError::NoHttp { .. }
    ));
    let malformed = refused("HTTP/1.1 x\r\n\r\n", None);
    assert!(
        matches!(malformed, ProxyError::Malformed(_)),
        "{malformed:?}"
    );
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(20_000));
    assert!(matches!(refused(&endless, None), ProxyError::Malformed(_)));
    let trailing = "HTTP/1.1 200 OK\r\n\r\nabc";
    assert_eq!(refused(trailing, None), ProxyError::Trailing { bytes: 3 });
}

/// A whole dialogue of RFC 1928 and RFC 1929, its answers cut anywhere.
#[test]
fn a_socks_proxy_is_asked_step_by_step() {
    let login_asked = b"\x01\x07Aladdin\x0bopen sesame";
    let request = b"\x05\x01\x00\x03\x0bexample.com\x1f\x90";
    let answers: [&[u8]; 3] = [
        b"\x05\x02",
        b"\x01\x00",
        b"\x05\x00\x00\x01\x7f\0\0\x01\x12\x34",
    ];
    for step in [1, 2, 64] {
        let mut tunnel = Tunnel::socks(to("example.com"), Some(login()));
        let mut asked = Vec::new();
        for answer in answers {
            asked.push(written(&mut tunnel));
            assert!(!tunnel.is_open());
            for piece in answer.chunks(step) {
                tunnel.on_bytes(piece).unwrap();
            }
        }
        assert_eq!(asked, [&b"\x05\x02\x00\x02"[..], login_asked, request]);
        assert!(tunnel.is_open());
    }
}

#[test]
fn addresses_are_sent_as_addresses() {
    let asked = |to: Destination| {
        let mut tunnel = Tunnel::socks(to, None);
        assert_eq!(written(&mut tunnel), b"\x05\x01\x00");
        tunnel.on_bytes(b"\x05\x00").unwrap();
        written(&mut tunnel)
    };
    assert_eq!(
        asked(to("127.0.0.1")),
        b"\x05\x01\x00\x01\x7f\0\0\x01\x1f\x90"
    );
    let address = Destination::Address("[::1]:80".parse().unwrap());
    let expected = [&b"\x05\x01\x00\x04"[..], &[0; 15], b"\x01\x00\x50"].concat();
    assert_eq!(asked(address), expected);
}

#[test]
fn a_reply_may_name_the_bound_address_in_any_form() {
    for bound in [
        &b"\x01\x00\x00\x00\x00\x00\x00"[..],
        b"\x03\x03abc\x00\x00",
        &[&b"\x04"[..], &[0; 18]].concat(),
    ] {
        let mut tunnel = Tunnel::socks(to("h"), None);
        written(&mut tunnel);
        tunnel.on_bytes(b"\x05\x00").unwrap();
        written(&mut tunnel);
        let reply = [b"\x05\x00\x00", bound].concat();
        tunnel.on_bytes(&reply[..reply.len() - 1]).unwrap();
        assert!(!tunnel.is_open());
        tunnel.on_bytes(&reply[reply.len() - 1..]).unwrap();
        assert!(tunnel.is_open());
    }
}

#[test]
fn a_socks_proxy_that_refuses_is_told_by_name() {
    let refused = |login: Option<Login>, answers: &[&[u8]]| {
        let mut tunnel = Tunnel::socks(to("h"), login);
        let mut outcomes = answers.iter().map(|answer| {
            written(&mut tunnel);
            tunnel.on_bytes(answer)
        });
        outcomes.find_map(Result::err).unwrap()
    };
    assert_eq!(
        refused(None, &[b"H"]),
        ProxyError::WrongVersion { got: b'H' }
    );
    assert!(refused(None, &[b"H"]).to_string().contains("http://"));
    assert_eq!(
        refused(None, &[b"\x05\xff"]),
        ProxyError::NoMethod { with_login: false }
    );
    assert_eq!(refused(None, &[b"\x05\x02"]), ProxyError::UnaskedMethod(2));
    let denied = refused(Some(login()), &[b"\x05\x02", b"\x01\x01"]);
    assert_eq!(denied, ProxyError::LoginRefused(1));
    for (reply, failure) in [
        (1, SocksFailure::General),
        (2, SocksFailure::NotAllowed),
        (3, SocksFailure::NetworkUnreachable),
        (4, SocksFailure::HostUnreachable),
        (5, SocksFailure::ConnectionRefused),
        (6, SocksFailure::TtlExpired),
        (7, SocksFailure::CommandUnsupported),
        (8, SocksFailure::AddressUnsupported),
        (9, SocksFailure::Unassigned(9)),
    ] {
        // Told as soon as the code is there: some hang up without the rest.
        let error = refused(None, &[b"\x05\x00", &[5, reply]]);
        assert_eq!(error, ProxyError::Socks(failure));
    }
    let wrong = refused(None, &[b"\x05\x00", b"\x05\x00\x00\x09"]);
    assert!(matches!(wrong, ProxyError::Malformed(_)), "{wrong:?}");
}

#[test]
fn nobody_reads_the_password_off_a_debug_print() {
    let tunnel = Tunnel::socks(to("h"), Some(login()));
    assert!(!format!("{tunnel:?}").contains("sesame"));
}
