//! The opening handshake of HTTP/1.1 (RFC 6455 section 4) as an extended CONNECT of HTTP/2, and the
//! answer to that as one of HTTP/1.1 (RFC 8441 section 5); for a client, and for a server the other
//! way round.
//!
//! `Sec-WebSocket-Key` and its answer have no place in HTTP/2, where they would prove nothing: they
//! end here. What else the handshake agrees upon goes through unchanged.

use bytes::Bytes;
use h2::ext::Protocol;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, request, response};
use wsbench_wire::handshake::accept_key;

use super::error::Http2Error;

/// Headers of a connection of HTTP/1.1, which are none of HTTP/2 (RFC 9113 section 8.2.2, RFC 8441
/// section 5).
const OF_CONNECTION: [&str; 8] = [
    "host",
    "upgrade",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "sec-websocket-key",
    "sec-websocket-accept",
];
/// The key of every request that comes over HTTP/2, which has none: 16 octets of zero.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";
/// Headers that a request may have.
const MOST_HEADERS: usize = 128;

/// A request, and the key that its answer is for.
#[derive(Debug)]
pub(crate) struct KeyedRequest {
    pub(crate) request: Request<()>,
    pub(crate) key: Vec<u8>,
}

/// Puts the head of an upgrade into an extended CONNECT.
///
/// # Errors
/// [`Http2Error::Request`]: it is no whole head, or says what HTTP/2 cannot.
pub(crate) fn request(head: &[u8], is_secure: bool) -> Result<KeyedRequest, Http2Error> {
    let wrong = |words: String| Http2Error::Request(words);
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(wrong("its head is cut".to_owned())),
        Err(error) => return Err(wrong(error.to_string())),
    }
    let value_of = |name: &str| {
        let found = parsed.headers.iter();
        let mut found = found.filter(|header| header.name.eq_ignore_ascii_case(name));
        found.next().map(|header| header.value)
    };
    let key = value_of("sec-websocket-key").unwrap_or_default().to_vec();
    let uri = Uri::builder()
        .scheme(if is_secure { "https" } else { "http" })
        .authority(value_of("host").unwrap_or_default())
        .path_and_query(parsed.path.unwrap_or("/"))
        .build()
        .map_err(|error| wrong(error.to_string()))?;
    let mut request = Request::new(());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = uri;
    *request.version_mut() = http::Version::HTTP_2;
    let protocol = Protocol::from_static("websocket");
    request.extensions_mut().insert(protocol);
    push_fields(request.headers_mut(), parsed.headers).map_err(wrong)?;
    Ok(KeyedRequest { request, key })
}

/// The head that a server of HTTP/1.1 would have answered with: 101 for any success.
pub(crate) fn response(parts: &response::Parts, key: &[u8]) -> Bytes {
    let mut head = Vec::with_capacity(256);
    if parts.status.is_success() {
        head.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\n");
        head.extend_from_slice(b"Upgrade: websocket\r\nConnection: Upgrade\r\n");
        head.extend_from_slice(b"Sec-WebSocket-Accept: ");
        head.extend_from_slice(accept_key(key).as_bytes());
        head.extend_from_slice(b"\r\n");
    } else {
        let reason = parts.status.canonical_reason().unwrap_or_default();
        let line = format!("HTTP/1.1 {} {reason}\r\n", parts.status.as_u16());
        head.extend_from_slice(line.as_bytes());
    }
    push_headers(&mut head, &parts.headers);
    head.into()
}

/// Appends what of the headers is none of a connection's, and the end of the head.
fn push_headers(head: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        if OF_CONNECTION.contains(&name.as_str()) {
            continue;
        }
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
}

/// The head with which a client of HTTP/1.1 would have asked the same: for an upgrade, where it is
/// an extended CONNECT for a WebSocket.
pub(crate) fn request_head(parts: &request::Parts) -> Bytes {
    let protocol = parts.extensions.get::<Protocol>();
    let is_upgrade = protocol.is_some_and(|protocol| protocol.as_str() == "websocket");
    let method = match is_upgrade && parts.method == Method::CONNECT {
        true => "GET",
        false => parts.method.as_str(),
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let host = parts.uri.authority().map(|it| it.as_str().as_bytes());
    let host = host.or_else(|| Some(parts.headers.get("host")?.as_bytes()));
    let mut head = Vec::with_capacity(512);
    head.extend_from_slice(format!("{method} {path} HTTP/1.1\r\nHost: ").as_bytes());
    head.extend_from_slice(host.unwrap_or_default());
    head.extend_from_slice(b"\r\n");
    if is_upgrade {
        head.extend_from_slice(b"Upgrade: websocket\r\nConnection: Upgrade\r\n");
        head.extend_from_slice(format!("Sec-WebSocket-Key: {KEY}\r\n").as_bytes());
    }
    push_headers(&mut head, &parts.headers);
    head.into()
}

/// The answer of HTTP/2 that the head of one of HTTP/1.1 stands for: 200 for a 101.
///
/// # Errors
/// [`Http2Error::Violation`]: it is no whole head, or says what HTTP/2 cannot.
pub(crate) fn answer(head: &[u8]) -> Result<Response<()>, Http2Error> {
    let wrong = |words: String| Http2Error::Violation(words);
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(wrong("its head is cut".to_owned())),
        Err(error) => return Err(wrong(error.to_string())),
    }
    let code = match parsed.code.unwrap_or_default() {
        101 => 200,
        code => code,
    };
    let mut answer = Response::new(());
    *answer.status_mut() = StatusCode::from_u16(code).map_err(|error| wrong(error.to_string()))?;
    push_fields(answer.headers_mut(), parsed.headers).map_err(wrong)?;
    Ok(answer)
}

/// Appends what of the fields is none of a connection's.
fn push_fields(into: &mut HeaderMap, fields: &[httparse::Header<'_>]) -> Result<(), String> {
    for field in fields {
        let is_of = |name: &&str| field.name.eq_ignore_ascii_case(name);
        if OF_CONNECTION.iter().any(is_of) {
            continue;
        }
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", field.name);
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|it| wrong(&it))?;
        let value = HeaderValue::from_bytes(field.value).map_err(|it| wrong(&it))?;
        into.append(name, value);
    }
    Ok(())
}
