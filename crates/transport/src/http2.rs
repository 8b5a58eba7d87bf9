//! WebSockets on one HTTP/2 connection (RFC 8441), the client's end, without a socket.
//!
//! The protocol is `h2`, which is asynchronous; here it is polled by hand, given bytes and asked for
//! bytes, so that a loop over readiness can own thousands of such connections. A [`Carrier`] is the
//! HTTP/2 connection, a [`Socket`] one of its streams. What a socket reads and writes is what it
//! would be on a TCP connection of its own, the opening handshake of HTTP/1.1 included: `gateway`
//! puts it into an extended CONNECT and back. Whoever drives it need not know of HTTP/2.

mod bell;
mod carrier;
mod error;
mod gateway;
mod pipe;
mod socket;

pub use carrier::{Carrier, Standing};
pub use error::Http2Error;
pub use socket::Socket;
