//! Compression of messages: the extension permessage-deflate (RFC 7692), both ends.
//!
//! [`Wish`], [`Offer`] and [`AgreedParameters`] are the negotiation; a [`Codec`] carries the terms
//! out for one connection. Which messages are compressed, and how they are cut into frames, is the
//! caller's affair; so is time. A codec keeps memory only where the terms have it remember earlier
//! messages ("context takeover"); without, the connections of a thread lend each other what is in a
//! [`Pool`].
//!
//! Memory of a connection, as zlib has it: to compress, 4 × window + 128 KiB (about 256 KiB at
//! 2^15, 130 KiB at 2^9); to decompress, the window and 10 to 20 KiB. Without takeover, none.
//!
//! ```
//! use wsbench_wire::connection::{Limits, MessageKind, Endpoint, Utf8};
//! use wsbench_wire::deflate::{Codec, Offer, Pool, Wish};
//!
//! let wish = Wish::default();
//! let offer: Offer = wish.offer().to_string().parse().unwrap();
//! let terms = Wish::default().accept(&offer);
//!
//! let limits = Limits { max_message: 1024 };
//! let mut pool = Pool::new(6);
//! let mut client = Codec::new(Endpoint::Client, &terms, &wish, limits, Utf8::Skip);
//! let mut server = Codec::new(Endpoint::Server, &terms, &Wish::default(), limits, Utf8::Check);
//!
//! let mut sent = Vec::new();
//! client.compress(&mut pool, &[b"Hel", b"lo"], &mut sent);
//! assert_eq!(sent, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]); // RFC 7692 section 7.2.3.1
//!
//! let (mut input, mut buffer) = (&sent[..], [0; 64]);
//! let piece = server.inflate(&mut pool, MessageKind::Text, &mut input, true, &mut buffer);
//! let piece = piece.unwrap().unwrap();
//! assert!(piece.last);
//! assert_eq!(piece.bytes, b"Hello");
//! ```

mod codec;
mod inflater;
mod negotiation;

pub use codec::{Codec, Inflated, Pool};
pub use negotiation::{AgreedParameters, NegotiationError, Offer, WindowBits, Wish};
