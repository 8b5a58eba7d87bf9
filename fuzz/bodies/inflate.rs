//! Compressed messages: no payload yields more than was agreed to, and what we compress comes back.

use wsbench_wire::connection::{Endpoint, Limits, MessageKind, Utf8};
use wsbench_wire::deflate::{AgreedParameters, Codec, Pool, WindowBits, Wish};
use wsbench_wire::error::ProtocolError;

/// Octets of the longest message, decompressed.
const LIMITS: Limits = Limits {
    max_message: 1 << 16,
};

/// The first octet is what was agreed upon, the second how long a read is; a payload follows.
pub(crate) fn attempt(data: &[u8]) {
    let [how, piece, payload @ ..] = data else {
        return;
    };
    if payload.is_empty() {
        return; // no piece, no last piece
    }
    let terms = AgreedParameters {
        server_no_takeover: how & 1 != 0,
        client_no_takeover: how & 2 != 0,
        server_bits: WindowBits::new(8 + (how >> 2 & 7)),
        client_bits: WindowBits::new(8 + (how >> 5)),
    };
    let wish = Wish::default();
    let codec = |role, utf8| Codec::new(role, &terms, &wish, LIMITS, utf8);
    let mut pool = Pool::new(1);

    // As it came from a peer, whole and in pieces, into much room and little.
    let kind = if how & 1 == 0 {
        MessageKind::Text
    } else {
        MessageKind::Binary
    };
    let piece = usize::from(*piece % 63) + 1;
    let mut client = codec(Endpoint::Client, Utf8::Check);
    let whole = inflated(&mut client, &mut pool, kind, &[payload], 4096);
    let mut client = codec(Endpoint::Client, Utf8::Check);
    let pieces: Vec<&[u8]> = payload.chunks(piece).collect();
    let cut = inflated(&mut client, &mut pool, kind, &pieces, piece);
    assert_eq!(whole.is_ok(), cut.is_ok(), "reads of {piece} octets");
    if let (Ok(whole), Ok(cut)) = (whole, cut) {
        assert_eq!(whole, cut, "reads of {piece} octets");
    }

    // As a message of a server that keeps the largest window, whatever was agreed on.
    let wide = AgreedParameters {
        server_bits: None,
        ..terms
    };
    let mut server = Codec::new(Endpoint::Server, &wide, &wish, LIMITS, Utf8::Skip);
    let mut client = codec(Endpoint::Client, Utf8::Skip);
    for _ in 0..2 {
        let mut packed = Vec::new();
        server.compress(&mut pool, &[payload], &mut packed);
        let pieces: Vec<&[u8]> = packed.chunks(piece).collect();
        match inflated(&mut client, &mut pool, MessageKind::Binary, &pieces, 512) {
            Ok(back) => assert_eq!(back, payload),
            Err(error) => {
                assert!(
                    matches!(error, ProtocolError::WindowExceeded { .. }),
                    "{error}"
                );
                break;
            }
        }
    }

    // As a message of ours, twice, so that the second may refer to the first.
    let (mut client, mut server) = (
        codec(Endpoint::Client, Utf8::Skip),
        codec(Endpoint::Server, Utf8::Skip),
    );
    let mut packed = Vec::new();
    for _ in 0..2 {
        packed.clear();
        client.compress(&mut pool, &[payload], &mut packed);
        let pieces: Vec<&[u8]> = packed.chunks(piece).collect();
        let back = inflated(&mut server, &mut pool, MessageKind::Binary, &pieces, 512);
        assert_eq!(back.as_deref(), Ok(payload));
    }
}

/// The message that these pieces of a payload make.
fn inflated(
    codec: &mut Codec,
    pool: &mut Pool,
    kind: MessageKind,
    pieces: &[&[u8]],
    room: usize,
) -> Result<Vec<u8>, ProtocolError> {
    let (mut message, mut room) = (Vec::new(), vec![0; room]);
    for (at, piece) in pieces.iter().enumerate() {
        let (mut input, last) = (*piece, at + 1 == pieces.len());
        while let Some(piece) = codec.inflate(pool, kind, &mut input, last, &mut room)? {
            message.extend_from_slice(piece.bytes);
            assert!(message.len() as u64 <= LIMITS.max_message);
            if piece.last {
                return Ok(message);
            }
        }
    }
    Ok(message)
}
