//! The opening handshake (RFC 6455 section 4), both ends: an HTTP/1.1 head each way.
//!
//! A head is looked at only once all of it is here, so that a peer which sends it byte by byte
//! costs one cheap scan a read and never a parse a read; and it is given up as soon as its first
//! bytes cannot be HTTP, so that a server which talks something else does not hold the client
//! until a time-out. Of extensions compression alone is known, and only where the caller asks for it
//! ([`crate::deflate`]). Time limits are the caller's affair.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

mod client;
mod error;
mod head;
mod refusal;
mod server;

pub use client::{ClientHandshake, Request, Upgraded};
pub use error::HandshakeError;
pub use server::{
    UpgradeRequest, headers_of, push_rejection, push_response, push_response_with, read_request,
};

/// Octets of the longest head accepted, its blank line included.
pub const MAX_HEAD: usize = 16 * 1024;

/// The GUID of the protocol (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The `Sec-WebSocket-Accept` value, 28 characters, that answers a `Sec-WebSocket-Key`: base64 of
/// the SHA-1 of key and GUID (RFC 6455 section 4.2.2). The key is taken as it was sent, without
/// decoding it.
///
/// ```
/// // The example of RFC 6455 section 1.3.
/// let accept = wsbench_wire::handshake::accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
/// assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[must_use]
pub fn accept_key(key: &[u8]) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    STANDARD.encode(digest)
}
