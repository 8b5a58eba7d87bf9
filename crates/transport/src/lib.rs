//! Bytes to the other end, whatever lies between: sockets, the tunnels of proxies, TLS, and
//! WebSockets within HTTP/2.
//!
//! A [`Link`](link::Link) is one connection from socket to TLS, of either end, that does not block;
//! it comes about in [layers](openings::Layer), each timed apart. A [`Blocking`](blocking::Blocking)
//! is the same for a caller who has nothing else to do than to wait. How a connection is begun is
//! [`dial`]'s affair, and [`http2`] puts many WebSockets on one link. What the bytes mean is nobody's
//! here, nor what time it is: whoever wants openings timed brings a clock.
#![forbid(unsafe_code)]

pub mod address;
pub mod blocking;
pub mod dial;
#[cfg(feature = "http2")]
pub mod http2;
pub mod link;
pub mod openings;
mod ports;
pub mod stream;
pub mod tls;
