//! A connection receiving: every rule of RFC 6455 section 5 by value, and every cut of a stream.
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in what it calls as well"
)]

mod session;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use session::{Seen, cut, see};
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::{FrameBuffer, FrameHeader};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

const KEY: MaskKey = MaskKey([0xa1, 0x02, 0x7f, 0xee]);
const LIMIT: u64 = 1000;

/// The error of a stream, which must come however the stream is cut.
fn error(role: Endpoint, bytes: &[u8]) -> ProtocolError {
    let (_, whole) = see(role, LIMIT, Utf8::Check, [bytes]);
    let (_, cut) = see(role, LIMIT, Utf8::Check, bytes.chunks(1));
    assert_eq!(
        whole, cut,
        "an error that depends on how the stream was cut"
    );
    whole.unwrap()
}

fn client_error(bytes: &[u8]) -> ProtocolError {
    error(Endpoint::Client, bytes)
}

#[test]
fn frames_are_masked_by_clients_alone() {
    assert_eq!(
        client_error(b"\x81\x80\0\0\0\0"),
        ProtocolError::MaskedByServer
    );
    assert_eq!(
        client_error(b"\x89\x80\0\0\0\0"),
        ProtocolError::MaskedByServer
    );
    assert_eq!(
        error(Endpoint::Server, b"\x81\x01x"),
        ProtocolError::UnmaskedByClient
    );
    assert_eq!(
        error(Endpoint::Server, b"\x88\x00"),
        ProtocolError::UnmaskedByClient
    );
}

#[test]
fn reserved_bits_are_refused_on_every_frame() {
    for rsv in 1..8_u8 {
        for opcode in [0x1, 0x2, 0x8, 0x9, 0xA] {
            let found = client_error(&[0x80 | rsv << 4 | opcode, 0]);
            assert_eq!(found, ProtocolError::ReservedBits(rsv));
        }
    }
}

#[test]
fn fragments_come_in_order() {
    let unexpected = ProtocolError::UnexpectedContinuation;
    assert_eq!(client_error(b"\x80\x00"), unexpected);
    assert_eq!(client_error(b"\x00\x01x"), unexpected);
    // Behind a message that has ended, whole or in fragments.
    assert_eq!(client_error(b"\x81\x01x\x80\x01x"), unexpected);
    assert_eq!(client_error(b"\x01\x01x\x80\x01x\x80\x01x"), unexpected);
    let interleaved = ProtocolError::InterleavedMessage;
    assert_eq!(client_error(b"\x01\x01x\x81\x01x"), interleaved);
    assert_eq!(client_error(b"\x01\x01x\x02\x01x"), interleaved);
    assert_eq!(client_error(b"\x02\x00\x89\x00\x82\x00"), interleaved);
}

#[test]
fn headers_at_fault_are_reported_as_they_are() {
    assert_eq!(client_error(b"\x83\x00"), ProtocolError::UnknownOpcode(3));
    assert_eq!(client_error(b"\x8f\x00"), ProtocolError::UnknownOpcode(15));
    assert_eq!(
        client_error(b"\x09\x00"),
        ProtocolError::FragmentedControl(OpCode::Ping)
    );
    assert_eq!(
        client_error(b"\x8a\x7e\x00\x7e"),
        ProtocolError::LongControl(OpCode::Pong)
    );
    assert_eq!(
        client_error(b"\x82\x7e\x00\x7d"),
        ProtocolError::NonMinimalLength(125)
    );
    let huge = b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00";
    assert_eq!(client_error(huge), ProtocolError::LengthTooLarge);
}

#[test]
fn close_bodies_are_judged() {
    assert_eq!(client_error(b"\x88\x01\x03"), ProtocolError::ShortCloseBody);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535_u16] {
        let [high, low] = code.to_be_bytes();
        let found = client_error(&[0x88, 2, high, low]);
        assert_eq!(found, ProtocolError::InvalidCloseCode(code));
    }
    let cut_off = client_error(b"\x88\x03\x03\xe8\xce");
    assert_eq!(cut_off, ProtocolError::InvalidCloseReason);
}

#[test]
fn messages_are_limited_over_all_their_fragments() {
    let limit = ProtocolError::MessageTooLong { limit: LIMIT };
    let frame = |fin, opcode, len: usize| {
        let mut out = FrameBuffer::new();
        out.push_frame(fin, opcode, None, &[&vec![b'x'; len]]);
        out.as_slice().to_vec()
    };
    assert_eq!(client_error(&frame(true, OpCode::Text, 1001)), limit);
    let parts = [
        frame(false, OpCode::Binary, 600),
        frame(true, OpCode::Continuation, 401),
    ];
    assert_eq!(client_error(&parts.concat()), limit);
    // The header alone is enough: nobody waits for, or stores, what will not be taken.
    assert_eq!(
        client_error(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"),
        limit
    );
    let whole = [
        frame(false, OpCode::Binary, 600),
        frame(true, OpCode::Continuation, 400),
    ];
    let (seen, error) = see(Endpoint::Client, LIMIT, Utf8::Check, [&whole.concat()[..]]);
    assert_eq!(error, None);
    assert_eq!(seen, [Seen::Message(MessageKind::Binary, vec![b'x'; 1000])]);
}

#[test]
fn lengths_that_add_up_beyond_64_bits_do_not_wrap() {
    let first = b"\x02\x7f\x7f\xff\xff\xff\xff\xff\xff\xff";
    let mut connection = Connection::new(
        Endpoint::Client,
        Limits {
            max_message: u64::MAX,
        },
        Utf8::Check,
    );
    let mut bytes = first.to_vec();
    assert_eq!(connection.receive(&mut &mut bytes[..]), Ok(None));
    assert!(connection.is_receiving_message() && connection.is_mid_frame());
}

#[test]
fn text_fails_at_the_first_octet_that_cannot_be_utf8() {
    let invalid = ProtocolError::InvalidUtf8;
    for text in [
        &b"\xff"[..],
        b"a\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90",
        b"\xe2\x82",
    ] {
        let frame = [&[0x81, text.len() as u8], text].concat();
        assert_eq!(client_error(&frame), invalid, "{text:x?}");
    }
    // Autobahn 6.4.2: inside a frame of which more is to come, at the octet that settles it.
    let start = b"\x81\x7e\x01\x00\xce\xba\xe1\xbd\xb9\xf4\x90";
    let (_, before) = see(
        Endpoint::Client,
        LIMIT,
        Utf8::Check,
        [&start[..start.len() - 1]],
    );
    assert_eq!(before, None);
    assert_eq!(client_error(start), invalid);
    // A character that the message's end cuts off.
    assert_eq!(client_error(b"\x01\x02\xe2\x82\x80\x00"), invalid);
    // Binary is anything; unchecked text is the caller's affair.
    assert_eq!(
        see(Endpoint::Client, LIMIT, Utf8::Check, [&b"\x82\x01\xff"[..]]).1,
        None
    );
    assert_eq!(
        see(Endpoint::Client, LIMIT, Utf8::Skip, [&b"\x81\x01\xff"[..]]).1,
        None
    );
    // The check starts afresh with every message.
    let two = b"\x01\x01\xc3\x80\x01\xa9\x81\x02\xc3\xa9";
    assert_eq!(
        see(Endpoint::Client, LIMIT, Utf8::Check, [&two[..]]).1,
        None
    );
}

#[test]
fn a_whole_message_is_one_piece() {
    let mut connection =
        Connection::new(Endpoint::Client, Limits { max_message: LIMIT }, Utf8::Check);
    let mut bytes = *b"\x81\x02hi\x82\x00\x81\x05ab";
    let mut input = &mut bytes[..];
    let piece = |kind, bytes, first, last| {
        Ok(Some(Event::Data {
            kind,
            bytes,
            first,
            last,
        }))
    };
    let text = MessageKind::Text;
    assert_eq!(
        connection.receive(&mut input),
        piece(text, b"hi", true, true)
    );
    assert_eq!(
        connection.receive(&mut input),
        piece(MessageKind::Binary, b"", true, true)
    );
    assert!(!connection.is_receiving_message() && !connection.is_mid_frame());
    assert_eq!(
        connection.receive(&mut input),
        piece(text, b"ab", true, false)
    );
    assert!(connection.is_receiving_message() && connection.is_mid_frame());
    assert_eq!(connection.receive(&mut input), Ok(None));
    let mut rest = *b"cde";
    let mut input = &mut rest[..];
    assert_eq!(
        connection.receive(&mut input),
        piece(text, b"cde", false, true)
    );
    assert_eq!(connection.receive(&mut input), Ok(None));
}

#[test]
fn empty_fragments_count_for_nothing_but_the_end() {
    let mut connection =
        Connection::new(Endpoint::Client, Limits { max_message: LIMIT }, Utf8::Check);
    let mut bytes = *b"\x01\x00\x00\x00\x00\x01x\x00\x00\x80\x00";
    let mut input = &mut bytes[..];
    let piece = |bytes, first, last| {
        let kind = MessageKind::Text;
        Ok(Some(Event::Data {
            kind,
            bytes,
            first,
            last,
        }))
    };
    assert_eq!(connection.receive(&mut input), piece(b"x", true, false));
    assert_eq!(connection.receive(&mut input), piece(b"", false, true));
    assert_eq!(connection.receive(&mut input), Ok(None));
}

#[test]
fn control_payloads_survive_until_the_next() {
    let mut connection =
        Connection::new(Endpoint::Server, Limits { max_message: LIMIT }, Utf8::Check);
    let mut out = FrameBuffer::new();
    out.push_frame(true, OpCode::Ping, Some(KEY), &[&[b'p'; 125]]);
    out.push_frame(true, OpCode::Pong, Some(KEY), &[]);
    let mut bytes = out.as_slice().to_vec();
    let mut input = &mut bytes[..];
    assert_eq!(connection.control(), b"");
    assert_eq!(connection.receive(&mut input), Ok(Some(Event::Ping)));
    assert_eq!(connection.control(), [b'p'; 125]);
    assert_eq!(connection.receive(&mut input), Ok(Some(Event::Pong)));
    assert_eq!(connection.control(), b"");
}

#[test]
fn nothing_is_heard_behind_a_close_or_an_error() {
    let mut connection =
        Connection::new(Endpoint::Client, Limits { max_message: LIMIT }, Utf8::Check);
    let mut bytes = *b"\x88\x05\x03\xe9off\x81\x02hi\xff\xff\xff";
    let mut input = &mut bytes[..];
    assert_eq!(connection.close_reason(), "");
    let close = Event::Close { code: Some(1001) };
    assert_eq!(connection.receive(&mut input), Ok(Some(close)));
    assert_eq!(connection.close_reason(), "off");
    assert_eq!(connection.receive(&mut input), Ok(None));
    assert!(input.is_empty());

    let mut connection =
        Connection::new(Endpoint::Client, Limits { max_message: LIMIT }, Utf8::Check);
    let mut bytes = *b"\x83\x00";
    let unknown = Err(ProtocolError::UnknownOpcode(3));
    assert_eq!(connection.receive(&mut &mut bytes[..]), unknown);
    let mut bytes = *b"\x81\x02hi";
    let mut input = &mut bytes[..];
    assert_eq!(connection.receive(&mut input), Ok(None));
    assert!(input.is_empty());
    assert_eq!(connection.close_reason(), "");
}

#[test]
fn a_close_without_a_body_has_no_code() {
    let (seen, error) = see(Endpoint::Client, LIMIT, Utf8::Check, [&b"\x88\x00"[..]]);
    assert_eq!((seen, error), (vec![Seen::Close(None)], None));
}

#[test]
fn a_connection_is_small() {
    assert!(
        size_of::<Connection>() <= 64,
        "{} bytes",
        size_of::<Connection>()
    );
}

#[test]
fn every_error_has_its_code_and_fits_into_a_close_frame() {
    let all = [
        (ProtocolError::UnknownOpcode(3), 1002),
        (ProtocolError::ReservedBits(4), 1002),
        (ProtocolError::FragmentedControl(OpCode::Ping), 1002),
        (ProtocolError::LongControl(OpCode::Ping), 1002),
        (ProtocolError::NonMinimalLength(3), 1002),
        (ProtocolError::LengthTooLarge, 1002),
        (ProtocolError::MaskedByServer, 1002),
        (ProtocolError::UnmaskedByClient, 1002),
        (ProtocolError::UnexpectedContinuation, 1002),
        (ProtocolError::InterleavedMessage, 1002),
        (ProtocolError::ShortCloseBody, 1002),
        (ProtocolError::InvalidCloseCode(0), 1002),
        (ProtocolError::InvalidCloseReason, 1007),
        (ProtocolError::InvalidUtf8, 1007),
        (ProtocolError::MessageTooLong { limit: 1 }, 1009),
        (ProtocolError::InvalidDeflate, 1007),
        (ProtocolError::InflatedTooLong { limit: u64::MAX }, 1009),
    ];
    for (error, code) in all {
        assert_eq!(error.close_code(), code);
        assert!(
            error.to_string().len() <= 123,
            "does not fit into a close frame: {error}"
        );
    }
}

/// Frames whose headers are mostly in order, so that streams get somewhere; all else is chance.
fn frame(role: Endpoint) -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![6 => 0..3_u8, 3 => 8..11_u8, 1 => 0..16_u8];
    let payload = prop_oneof![
        4 => "[aé€😀]{0,20}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..20),
        1 => vec(any::<u8>(), 120..300),
    ];
    let flags = (any::<bool>(), prop::bool::weighted(0.97), any::<[u8; 4]>());
    (opcode, payload, flags).prop_map(move |(opcode, payload, (fin, by_role, key))| {
        let masked = by_role == (role == Endpoint::Server);
        let header = FrameHeader {
            fin: fin || opcode >= 8,
            rsv: 0,
            opcode: OpCode::from_bits(opcode).unwrap_or(OpCode::Text),
            mask: masked.then_some(MaskKey(key)),
            len: payload.len() as u64,
        };
        let mut out = FrameBuffer::new();
        out.push_frame_as(header, &[&payload]);
        let mut bytes = out.as_slice().to_vec();
        bytes[0] = bytes[0] & 0xf0 | opcode;
        bytes
    })
}

/// A stream of frames, the last of them cut off, with a few octets overwritten.
fn stream(role: Endpoint) -> impl Strategy<Value = Vec<u8>> {
    let damage = vec((any::<prop::sample::Index>(), any::<u8>()), 0..2);
    let cut_off = any::<prop::sample::Index>();
    (vec(frame(role), 0..8), damage, cut_off).prop_map(|(frames, damage, cut_off)| {
        let kept = frames.len().saturating_sub(1);
        let end = frames[..kept].iter().map(Vec::len).sum::<usize>();
        let mut bytes = frames.concat();
        let last = bytes.len() - end;
        bytes.truncate(end + cut_off.index(last + 1));
        for (at, octet) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = octet;
            }
        }
        bytes
    })
}

fn role() -> impl Strategy<Value = Endpoint> {
    prop_oneof![Just(Endpoint::Client), Just(Endpoint::Server)]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x6455),
        ..ProptestConfig::default()
    })]

    /// However a stream is cut, the same is seen and the same error ends it. Messages that precede
    /// an error in the same frame run are seen either way.
    #[test]
    fn cuts_change_nothing(
        (role, bytes) in role().prop_flat_map(|role| (Just(role), stream(role))),
        cuts in vec(any::<usize>(), 0..10),
        check in any::<bool>(),
    ) {
        let utf8 = if check { Utf8::Check } else { Utf8::Skip };
        let whole = see(role, LIMIT, utf8, [&bytes[..]]);
        prop_assert_eq!(&see(role, LIMIT, utf8, cut(&bytes, &cuts)), &whole);
        prop_assert_eq!(&see(role, LIMIT, utf8, bytes.chunks(1)), &whole);
    }

    /// Bytes by chance make no panic.
    #[test]
    fn any_bytes_are_survived(role in role(), bytes in vec(any::<u8>(), 0..200)) {
        let whole = see(role, LIMIT, Utf8::Check, [&bytes[..]]);
        prop_assert_eq!(see(role, LIMIT, Utf8::Check, bytes.chunks(3)), whole);
    }

    /// Client to server and back: masked, in fragments, with pings between them.
    #[test]
    fn a_round_trip_brings_back_what_was_sent(
        messages in vec((any::<bool>(), "[aé€😀]{0,60}", any::<[u8; 4]>(), 1..5_usize), 1..6),
        cuts in vec(any::<usize>(), 0..10),
    ) {
        let mut out = FrameBuffer::new();
        let mut expected = Vec::new();
        for (text, payload, key, pieces) in &messages {
            let kind = if *text { MessageKind::Text } else { MessageKind::Binary };
            let size = payload.len().div_ceil(*pieces).max(1);
            let mut parts: Vec<&[u8]> = payload.as_bytes().chunks(size).collect();
            parts.resize((*pieces).max(parts.len()), &[]);
            for (i, part) in parts.iter().enumerate() {
                let opcode = if i == 0 { kind.opcode() } else { OpCode::Continuation };
                let mask = Some(MaskKey(*key));
                out.push_frame(i + 1 == parts.len(), opcode, mask, &[part]);
                if i + 1 < parts.len() {
                    out.push_frame(true, OpCode::Ping, mask, &[&[i as u8]]);
                    expected.push(Seen::Ping(vec![i as u8]));
                }
            }
            expected.push(Seen::Message(kind, payload.clone().into_bytes()));
        }
        let pieces = cut(out.as_slice(), &cuts);
        let (at_server, error) = see(Endpoint::Server, LIMIT, Utf8::Check, pieces);
        prop_assert_eq!(error, None);
        prop_assert_eq!(&at_server, &expected);
        // The server sends all of it back, pings as pongs.
        let mut back = FrameBuffer::new();
        for seen in &at_server {
            match seen {
                Seen::Message(kind, bytes) => back.push_frame(true, kind.opcode(), None, &[bytes]),
                Seen::Ping(payload) => back.push_frame(true, OpCode::Pong, None, &[payload]),
                other => prop_assert!(false, "nobody sent {:?}", other),
            }
        }
        let pieces = cut(back.as_slice(), &cuts);
        let (at_client, error) = see(Endpoint::Client, LIMIT, Utf8::Check, pieces);
        prop_assert_eq!(error, None);
        let expected: Vec<Seen> = expected
            .into_iter()
            .map(|seen| match seen {
                Seen::Ping(payload) => Seen::Pong(payload),
                other => other,
            })
            .collect();
        prop_assert_eq!(at_client, expected);
    }
}
