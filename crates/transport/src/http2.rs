//! WebSockets on one HTTP/2 connection (RFC 8441), without a socket.
//!
//! The protocol is `h2`, which is asynchronous; here it is polled by hand, given bytes and asked for
//! bytes, so that a loop over readiness can own thousands of such connections. A [`Carrier`] is the
//! HTTP/2 connection, a [`Socket`] one of its streams, a [`Channel`] one that is yet to be opened. What a socket reads and writes is what it
//! would be on a TCP connection of its own, the opening handshake of HTTP/1.1 included: `gateway`
//! puts it into an extended CONNECT and back. Whoever drives it need not know of HTTP/2. The same of
//! the server's end are [`ServerConnection`] and [`ServerStream`].

mod bell;
mod carrier;
mod channel;
mod error;
mod gateway;
mod pipe;
mod server;
mod socket;

pub use carrier::{Carrier, CarrierStanding};
pub use channel::Channel;
pub use error::Http2Error;
pub use server::{PREFACE, ServerConnection, ServerStream};
pub use socket::Socket;

/// Octets that the other end may send on one stream before we have read it: as much as the kernel
/// takes for a TCP connection of its own, roughly, so that HTTP/2's windows are not what is
/// measured.
const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
/// The same for all streams of a connection together.
const CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;
