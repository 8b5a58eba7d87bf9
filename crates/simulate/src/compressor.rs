//! Compression at the simulated server: one connection's codec (RFC 7692), used plainly.

use std::fmt;

use wsbench_wire::connection::{Endpoint, Limits, MessageKind, Utf8};
use wsbench_wire::deflate::{AgreedParameters, Codec, Pool, Wish};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::{FrameBuffer, RSV1};

/// One connection's compression.
pub(crate) struct PeerCompressor {
    codec: Codec,
    pool: Pool,
}

impl PeerCompressor {
    pub(crate) fn new(terms: &AgreedParameters, wish: &Wish, limits: Limits) -> Self {
        Self {
            codec: Codec::new(Endpoint::Server, terms, wish, limits, Utf8::Check),
            pool: Pool::new(6),
        }
    }

    /// Content of a piece of a compressed message.
    pub(crate) fn inflate(
        &mut self,
        kind: MessageKind,
        mut payload: &[u8],
        last: bool,
    ) -> Result<Vec<u8>, ProtocolError> {
        let (mut bytes, mut room) = (Vec::new(), [0; 4096]);
        loop {
            let piece = self
                .codec
                .inflate(&mut self.pool, kind, &mut payload, last, &mut room)?;
            let Some(piece) = piece else {
                return Ok(bytes);
            };
            bytes.extend_from_slice(piece.bytes);
            if piece.last {
                return Ok(bytes);
            }
        }
    }

    /// Appends a message, compressed.
    pub(crate) fn push(&mut self, out: &mut FrameBuffer, kind: MessageKind, bytes: &[u8]) {
        let mut packed = Vec::new();
        self.codec.compress(&mut self.pool, &[bytes], &mut packed);
        out.push_message(kind.opcode(), RSV1, usize::MAX, || None, [&packed, &[]]);
    }
}

impl fmt::Debug for PeerCompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.codec.fmt(f)
    }
}
