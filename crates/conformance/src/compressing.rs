//! The compression of one examined connection, our end of it.

use wsbench_wire::connection::{Endpoint, Limits, MessageKind, Utf8};
use wsbench_wire::deflate::{AgreedParameters, Codec, Pool, Wish};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::{FrameBuffer, RSV1};
use wsbench_wire::mask::MaskKey;

/// Octets that are decompressed at a time.
const ROOM: usize = 16 * 1024;
/// zlib's default, and what browsers use.
const LEVEL: u32 = 6;

/// One connection on which compression was agreed upon.
#[derive(Debug)]
pub(crate) struct Compressing {
    codec: Codec,
    pool: Pool,
    /// Octets of payload of the message being received, or of the latest one.
    payload: usize,
    is_under_way: bool,
}

impl Compressing {
    /// On these terms, of a message of at most so many octets.
    pub(crate) fn new(terms: &AgreedParameters, wish: &Wish, max_message: u64) -> Self {
        let limits = Limits { max_message };
        Self {
            codec: Codec::new(Endpoint::Client, terms, wish, limits, Utf8::Check),
            pool: Pool::new(LEVEL),
            payload: 0,
            is_under_way: false,
        }
    }

    /// A message, compressed, in so many frames.
    pub(crate) fn compose(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        frames: usize,
        first_mask: MaskKey,
    ) -> Vec<u8> {
        let mut packed = Vec::new();
        self.codec.compress(&mut self.pool, &[message], &mut packed);
        let fragment = packed.len().div_ceil(frames.max(1)).max(1);
        let mut next = u32::from_be_bytes(first_mask.0);
        let mask = || {
            let mask = MaskKey(next.to_be_bytes());
            next = next.wrapping_add(1);
            Some(mask)
        };
        let mut out = FrameBuffer::new();
        out.push_message(kind.opcode(), RSV1, fragment, mask, [&packed, &[]]);
        out.as_slice().to_vec()
    }

    /// Octets that the latest compressed message had in its frames; none when none came.
    pub(crate) const fn latest_payload(&self) -> usize {
        self.payload
    }

    /// Appends what a piece of a compressed message holds.
    pub(crate) fn inflate(
        &mut self,
        kind: MessageKind,
        mut payload: &[u8],
        last: bool,
        message: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        if !self.is_under_way {
            self.payload = 0;
        }
        self.payload += payload.len();
        self.is_under_way = !last;
        let mut room = [0; ROOM];
        let (codec, pool) = (&mut self.codec, &mut self.pool);
        while let Some(piece) = codec.inflate(pool, kind, &mut payload, last, &mut room)? {
            message.extend_from_slice(piece.bytes);
            if piece.last {
                break;
            }
        }
        Ok(())
    }
}
