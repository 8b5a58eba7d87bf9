//! WebSocket framing for client and server, sans-IO (RFC 6455).
//!
//! Bytes go in, events come out; frames are written into a buffer that the caller owns. Nothing
//! here reads a clock, opens a socket or draws a random number: masks and nonces are given. On the
//! hot path nothing is allocated: a frame is parsed where the read left it, and written in one
//! pass over its bytes.
//!
//! A round trip in memory, client to server:
//!
//! ```
//! use wsbench_wire::connection::{Connection, Event, Limits, MessageKind, Endpoint, Utf8};
//! use wsbench_wire::frame::FrameBuffer;
//! use wsbench_wire::opcode::OpCode;
//! use wsbench_wire::mask::MaskKey;
//!
//! let mut sent = FrameBuffer::new();
//! sent.push_frame(true, OpCode::Text, Some(MaskKey([1, 2, 3, 4])), &[b"tag", b" and filling"]);
//!
//! let mut server = Connection::new(Endpoint::Server, Limits { max_message: 1024 }, Utf8::Check);
//! let mut received = sent.as_slice().to_vec();
//! let mut input = &mut received[..];
//! let event = server.receive(&mut input).unwrap();
//! assert_eq!(
//!     event,
//!     Some(Event::Data {
//!         kind: MessageKind::Text,
//!         bytes: b"tag and filling",
//!         first: true,
//!         last: true
//!     })
//! );
//! assert!(input.is_empty());
//! ```
#![forbid(unsafe_code)]

pub mod close;
pub mod connection;
pub mod deflate;
pub mod error;
pub mod excerpt;
pub mod frame;
pub mod handshake;
pub mod mask;
pub mod opcode;
pub mod proxy;
mod utf8;
