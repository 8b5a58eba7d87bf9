//! The server's end of the opening handshake (RFC 6455 section 4.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use httparse::{EMPTY_HEADER, Status};

use super::head::{Headers, MAX_HEADERS, end_of_head, malformed, start_of};
use super::{HandshakeError, accept_key};
use crate::deflate::{AgreedParameters, Wish};
use crate::frame::FrameBuffer;

/// A client's request to upgrade, found to be in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeRequest {
    /// Octets of the head; what lies behind are frames already.
    pub consumed: usize,
    /// `Sec-WebSocket-Key`, 24 characters of base64.
    pub key: String,
    /// Path and query.
    pub resource: String,
    /// The `Host` header.
    pub host: String,
    /// The `Origin` header: sent by browsers, and by those who wish to look like one.
    pub origin: Option<String>,
    /// Subprotocols offered, in order of preference.
    pub subprotocols: Vec<String>,
    /// Extensions offered, each with its parameters, in order of preference.
    pub extensions: Vec<String>,
}

impl UpgradeRequest {
    /// The compression that a server with this wish grants: to the client's first offer that is in
    /// order, for one that is not must be declined (RFC 7692 section 7.1). `None`: none is offered.
    #[must_use]
    pub fn compression(&self, wish: &Wish) -> Option<AgreedParameters> {
        let mut offers = self
            .extensions
            .iter()
            .filter_map(|offer| offer.parse().ok());
        offers.next().map(|offer| wish.accept(&offer))
    }
}

/// Reads a request. `head` is everything received so far. `Ok(None)`: the head is not complete,
/// read more.
///
/// # Errors
/// [`HandshakeError::Garbage`] as soon as the first bytes cannot be an HTTP method; all else once
/// the head is complete, or longer than [`super::MAX_HEAD`]. Refuse the request with
/// [`push_rejection`] and [`HandshakeError::rejection`].
pub fn read_request(head: &[u8]) -> Result<Option<UpgradeRequest>, HandshakeError> {
    if !may_begin_with_method(head) {
        let start = start_of(head);
        return Err(HandshakeError::Garbage { start });
    }
    let Some(end) = end_of_head(head)? else {
        return Ok(None);
    };
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(&head[..end]).map_err(malformed)? {
        Status::Complete(consumed) => judge(&request, consumed).map(Some),
        Status::Partial => Err(HandshakeError::Malformed("blank line too early".to_owned())),
    }
}

/// True if these may be the first bytes of a request: a word in capitals, then a blank. No method
/// registered has more than 17 letters.
fn may_begin_with_method(head: &[u8]) -> bool {
    let word = head.iter().take_while(|octet| octet.is_ascii_uppercase());
    match word.count() {
        0 => head.is_empty(),
        letters if letters > 17 => false,
        letters => matches!(head.get(letters), None | Some(b' ' | b'-')),
    }
}

/// Holds the request against section 4.2.1.
fn judge(
    request: &httparse::Request<'_, '_>,
    consumed: usize,
) -> Result<UpgradeRequest, HandshakeError> {
    let headers = Headers(request.headers);
    match request.method {
        Some("GET") => {}
        method => {
            return Err(HandshakeError::Method(
                method.unwrap_or_default().to_owned(),
            ));
        }
    }
    if request.version != Some(1) {
        return Err(HandshakeError::OldHttp);
    }
    let host = headers.single("Host")?.ok_or(HandshakeError::MissingHost)?;
    if !headers.list_has("Upgrade", "websocket") {
        return Err(HandshakeError::MissingUpgrade);
    }
    if !headers.list_has("Connection", "upgrade") {
        return Err(HandshakeError::MissingConnection);
    }
    let key = headers
        .single("Sec-WebSocket-Key")?
        .ok_or(HandshakeError::MissingKey)?;
    if STANDARD.decode(&key).map(|nonce| nonce.len()) != Ok(16) {
        return Err(HandshakeError::WrongKey(key));
    }
    let version = headers.single("Sec-WebSocket-Version")?.unwrap_or_default();
    if version != "13" {
        return Err(HandshakeError::WrongVersion(version));
    }
    Ok(UpgradeRequest {
        consumed,
        key,
        resource: request.path.unwrap_or_default().to_owned(),
        host,
        origin: headers.first("Origin"),
        subprotocols: headers.list("Sec-WebSocket-Protocol"),
        extensions: headers.list("Sec-WebSocket-Extensions"),
    })
}

/// Appends the response that grants the request, with one of the subprotocols offered or none
/// (section 4.2.2), and without extensions.
pub fn push_response(out: &mut FrameBuffer, request: &UpgradeRequest, subprotocol: Option<&str>) {
    push_response_with(out, request, subprotocol, None);
}

/// The same, with compression where it was granted ([`UpgradeRequest::compression`]).
pub fn push_response_with(
    out: &mut FrameBuffer,
    request: &UpgradeRequest,
    subprotocol: Option<&str>,
    compression: Option<&AgreedParameters>,
) {
    out.push_raw(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    );
    if let Some(chosen) = subprotocol {
        out.push_raw(b"Sec-WebSocket-Protocol: ");
        out.push_raw(chosen.as_bytes());
        out.push_raw(b"\r\n");
    }
    if let Some(terms) = compression {
        out.push_raw(format!("Sec-WebSocket-Extensions: {terms}\r\n").as_bytes());
    }
    out.push_raw(b"Sec-WebSocket-Accept: ");
    out.push_raw(accept_key(request.key.as_bytes()).as_bytes());
    out.push_raw(b"\r\n\r\n");
}

/// Appends a response that refuses the upgrade with this status, without a body; the connection is
/// to be closed behind it. A 426 names the version spoken here (section 4.4), a 405 the method.
pub fn push_rejection(out: &mut FrameBuffer, status: u16) {
    out.push_raw(format!("HTTP/1.1 {status} {}\r\n", reason_phrase(status)).as_bytes());
    match status {
        426 => out.push_raw(b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"),
        405 => out.push_raw(b"Allow: GET\r\n"),
        _ => {}
    }
    out.push_raw(b"Connection: close\r\nContent-Length: 0\r\n\r\n");
}

/// The reason phrase of the statuses that a server of ours gives; of any other, none.
const fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

/// The headers of a request that [`read_request`] has found to be in order: name and value, as they
/// came, for whoever passes it on. Octets that are not UTF-8 are replaced. Nothing of a head that is
/// not whole.
#[must_use]
pub fn headers_of(head: &[u8]) -> Vec<(String, String)> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let Ok(Status::Complete(_)) = request.parse(head) else {
        return Vec::new();
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).trim().to_owned();
    let pairs = request.headers.iter();
    pairs
        .map(|header| (header.name.to_owned(), text(header.value)))
        .collect()
}
