//! The client's end of the opening handshake (RFC 6455 section 4.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use httparse::{EMPTY_HEADER, Response, Status};

use super::head::{Headers, MAX_HEADERS, end_of_head_from, malformed_at, start_of};
use super::{HandshakeError, accept_key};
use crate::deflate::{AgreedParameters, NegotiationError, Offer};
use crate::frame::FrameBuffer;

/// Beginning of every response; a server of HTTP/1.0 is told apart later.
const PREFIX: &[u8] = b"HTTP/1.";

/// Requests of the upgrade. Names and values are sent as they are: the caller has seen to it that
/// none has a line break in it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The `Host` header: host, and port unless it is the default (RFC 6455 section 4.1).
    pub authority: &'a str,
    /// Path and query, beginning with `/`.
    pub resource: &'a str,
    /// Further headers, name and value, in order. A `Host` or an `Origin` among them replaces ours.
    pub headers: &'a [(String, String)],
    /// Subprotocols offered, in order of preference.
    pub subprotocols: &'a [String],
    /// The `Origin` header.
    pub origin: Option<&'a str>,
}

impl Request<'_> {
    fn gives(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    }
}

/// Agreement of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgraded {
    /// Octets of the head; what lies behind are frames already.
    pub consumed: usize,
    /// The subprotocol chosen, one of those offered.
    pub subprotocol: Option<String>,
    /// The compression granted; `None` when none was offered, or the server declined.
    pub compression: Option<AgreedParameters>,
}

/// One handshake under way: the key that was sent, and the compression offered. 32 bytes.
///
/// ```
/// use wsbench_wire::frame::FrameBuffer;
/// use wsbench_wire::handshake::{ClientHandshake, Request, read_request, push_response};
///
/// let handshake = ClientHandshake::new([7; 16]);
/// let mut sent = FrameBuffer::new();
/// let request = Request {
///     authority: "localhost:3000",
///     resource: "/chat",
///     headers: &[],
///     subprotocols: &[],
///     origin: None,
/// };
/// handshake.push_request(&request, &mut sent);
///
/// let asked = read_request(sent.as_slice()).unwrap().expect("the head is whole");
/// let mut answer = FrameBuffer::new();
/// push_response(&mut answer, &asked, None);
///
/// let upgraded = handshake.read_response(answer.as_slice(), &[]).unwrap().unwrap();
/// assert_eq!(upgraded.consumed, answer.len());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ClientHandshake {
    key: [u8; 24],
    offer: Option<Offer>,
}

impl ClientHandshake {
    /// A handshake with this nonce, which is to be drawn anew for each connection (section 4.1).
    #[must_use]
    pub fn new(nonce: [u8; 16]) -> Self {
        let mut key = [0; 24];
        let written = STANDARD
            .encode_slice(nonce, &mut key)
            .expect("16 octets are 24 characters of base64");
        debug_assert_eq!(written, key.len());
        Self { key, offer: None }
    }

    /// The same, with compression offered (RFC 7692).
    #[must_use]
    pub const fn offering(self, offer: Offer) -> Self {
        Self {
            offer: Some(offer),
            ..self
        }
    }

    /// The `Sec-WebSocket-Key`: 24 characters of base64.
    #[must_use]
    pub const fn key(&self) -> &[u8; 24] {
        &self.key
    }

    /// Appends the request to `out`.
    pub fn push_request(&self, request: &Request<'_>, out: &mut FrameBuffer) {
        let mut push = |parts: &[&str]| {
            for part in parts {
                out.push_raw(part.as_bytes());
            }
        };
        push(&["GET ", request.resource, " HTTP/1.1\r\n"]);
        if !request.gives("Host") {
            push(&["Host: ", request.authority, "\r\n"]);
        }
        push(&["Upgrade: websocket\r\nConnection: Upgrade\r\n"]);
        if let Some(origin) = request.origin.filter(|_| !request.gives("Origin")) {
            push(&["Origin: ", origin, "\r\n"]);
        }
        if !request.subprotocols.is_empty() {
            let offered = request.subprotocols.join(", ");
            push(&["Sec-WebSocket-Protocol: ", &offered, "\r\n"]);
        }
        if let Some(offer) = self.offer {
            push(&["Sec-WebSocket-Extensions: ", &offer.to_string(), "\r\n"]);
        }
        for (name, value) in request.headers {
            push(&[name, ": ", value, "\r\n"]);
        }
        out.push_raw(b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
        out.push_raw(&self.key);
        out.push_raw(b"\r\n\r\n");
    }

    /// Reads the response. `head` is everything received so far, `offered` the subprotocols of the
    /// request. `Ok(None)`: the head is not complete, read more. Interim responses before it (100
    /// Continue, 103 Early Hints) are passed over (RFC 9110 section 15.2), within the same bound.
    ///
    /// # Errors
    /// [`HandshakeError::Garbage`] as soon as the first bytes cannot be HTTP; all else once the
    /// head is complete, or longer than [`super::MAX_HEAD`].
    pub fn read_response(
        &self,
        head: &[u8],
        offered: &[String],
    ) -> Result<Option<Upgraded>, HandshakeError> {
        let mut from = 0;
        loop {
            let rest = &head[from..];
            if rest.iter().zip(PREFIX).any(|(have, want)| have != want) {
                let start = start_of(rest);
                return Err(HandshakeError::Garbage { start });
            }
            let Some(end) = end_of_head_from(head, from)? else {
                return Ok(None);
            };
            let mut headers = [EMPTY_HEADER; MAX_HEADERS];
            let mut response = Response::new(&mut headers);
            let Status::Complete(_) = response
                .parse(&head[from..end])
                .map_err(|error| malformed_at(error, &head[from..end]))?
            else {
                let early = "blank line too early".to_owned();
                return Err(HandshakeError::Malformed(early));
            };
            if is_interim(response.code) {
                from = end;
                continue;
            }
            let subprotocol = self.judge(&response, &head[end..], offered)?;
            let extensions = Headers(response.headers).list("Sec-WebSocket-Extensions");
            return Ok(Some(Upgraded {
                consumed: end,
                subprotocol,
                compression: self.granted(extensions)?,
            }));
        }
    }

    /// Holds the response against section 4.1, in the order of its list; returns the subprotocol.
    fn judge(
        &self,
        response: &Response<'_, '_>,
        body: &[u8],
        offered: &[String],
    ) -> Result<Option<String>, HandshakeError> {
        let headers = Headers(response.headers);
        match response.code {
            Some(101) => {}
            code => {
                return Err(super::refusal::told(
                    code.unwrap_or(0),
                    response.reason,
                    headers,
                    body,
                ));
            }
        }
        if response.version != Some(1) {
            return Err(HandshakeError::OldHttp);
        }
        if !headers.list_has("Upgrade", "websocket") {
            return Err(HandshakeError::MissingUpgrade);
        }
        if !headers.list_has("Connection", "upgrade") {
            return Err(HandshakeError::MissingConnection);
        }
        let received = headers
            .single("Sec-WebSocket-Accept")?
            .ok_or(HandshakeError::MissingAccept)?;
        let expected = accept_key(&self.key);
        if received != expected {
            return Err(HandshakeError::WrongAccept { expected, received });
        }
        match headers.single("Sec-WebSocket-Protocol")? {
            Some(chosen) if !offered.contains(&chosen) => {
                Err(HandshakeError::UnaskedSubprotocol(chosen))
            }
            chosen => Ok(chosen),
        }
    }

    /// The compression among the extensions of the response: at most one, and one that was asked
    /// for (RFC 6455 section 9.1, RFC 7692 section 5.1).
    fn granted(&self, extensions: Vec<String>) -> Result<Option<AgreedParameters>, HandshakeError> {
        let mut granted = None;
        for extension in extensions {
            let Some(offer) = self.offer else {
                return Err(HandshakeError::UnaskedExtension(extension));
            };
            let terms: AgreedParameters = match extension.parse() {
                Ok(terms) => terms,
                Err(NegotiationError::OtherExtension(_)) => {
                    return Err(HandshakeError::UnaskedExtension(extension));
                }
                Err(error) => return Err(HandshakeError::WrongExtension(error)),
            };
            terms
                .check_against(&offer)
                .map_err(HandshakeError::WrongExtension)?;
            if granted.replace(terms).is_some() {
                let twice = NegotiationError::Repeated("permessage-deflate");
                return Err(HandshakeError::WrongExtension(twice));
            }
        }
        Ok(granted)
    }
}

/// True of the 1xx codes other than 101: more responses follow (RFC 9110 section 15.2).
fn is_interim(code: Option<u16>) -> bool {
    code.is_some_and(|code| (100..200).contains(&code) && code != 101)
}
