//! Compression: the RFC's own examples, every combination of parameters, every cut, and what is
//! against the rules.
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in what it calls as well"
)]

mod tokens;

use miniz_oxide::inflate::decompress_to_vec;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::deflate::{
    AgreedParameters, Codec, NegotiationError, Offer, Pool, WindowBits, Wish,
};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::{FrameBuffer, FrameHeader, RSV1};
use wsbench_wire::opcode::OpCode;

const LIMITS: Limits = Limits {
    max_message: 1 << 20,
};
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

fn codec(role: Endpoint, terms: &AgreedParameters) -> Codec {
    Codec::new(role, terms, &Wish::default(), LIMITS, Utf8::Check)
}

fn compressed(codec: &mut Codec, pool: &mut Pool, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    codec.compress(pool, &[message], &mut out);
    out
}

/// Decompresses a message whose payload comes in these pieces, `room` octets at a time.
fn inflated(
    codec: &mut Codec,
    pool: &mut Pool,
    kind: MessageKind,
    pieces: &[&[u8]],
    room: usize,
) -> Result<Vec<u8>, ProtocolError> {
    let mut message = Vec::new();
    let mut buffer = vec![0; room];
    for (i, mut piece) in pieces.iter().copied().enumerate() {
        let ends = i + 1 == pieces.len();
        while let Some(inflated) = codec.inflate(pool, kind, &mut piece, ends, &mut buffer)? {
            message.extend_from_slice(inflated.bytes);
            assert!(!inflated.bytes.is_empty() || inflated.last);
            if inflated.last {
                assert!(ends && piece.is_empty());
                return Ok(message);
            }
        }
        assert!(piece.is_empty(), "not last, and yet {} left", piece.len());
    }
    panic!("a message without an end")
}

fn text(codec: &mut Codec, pool: &mut Pool, payload: &[u8]) -> Result<Vec<u8>, ProtocolError> {
    inflated(codec, pool, MessageKind::Text, &[payload], 4096)
}

/// RFC 7692 sections 7.2.3.1 to 7.2.3.6.
#[test]
fn the_examples_of_the_rfc_are_read_and_written() {
    let mut pool = Pool::new(6);
    for payload in [
        &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..],
        b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    ] {
        let mut server = codec(Endpoint::Server, &AgreedParameters::default());
        // Twice, for what a message leaves behind must not be in the way of the next.
        for _ in 0..2 {
            assert_eq!(text(&mut server, &mut pool, payload), Ok(b"Hello".to_vec()));
        }
        assert_eq!(text(&mut server, &mut pool, b"\x00"), Ok(Vec::new()));
    }
    let mut client = codec(Endpoint::Client, &AgreedParameters::default());
    let mut server = codec(Endpoint::Server, &AgreedParameters::default());
    for payload in [
        &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..],
        b"\xf2\x00\x11\x00\x00",
    ] {
        assert_eq!(compressed(&mut client, &mut pool, b"Hello"), payload);
        assert_eq!(text(&mut server, &mut pool, payload), Ok(b"Hello".to_vec()));
        assert_eq!(compressed(&mut client, &mut pool, b""), b"\x00");
    }
    let forgetful = AgreedParameters {
        client_no_takeover: true,
        ..AgreedParameters::default()
    };
    let mut client = codec(Endpoint::Client, &forgetful);
    for _ in 0..3 {
        let payload = compressed(&mut client, &mut pool, b"Hello");
        assert_eq!(payload, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    }
}

/// RFC 7692 section 7.2.3.1 as frames, whole, in fragments with a ping among them, octet by octet.
#[test]
fn compressed_frames_are_told_from_others() {
    let stream = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\
        \x41\x03\xf2\x48\xcd\x89\x01x\x80\x04\xc9\xc9\x07\x00\x81\x02hi\xc2\x01\x00";
    for step in 1..=stream.len() {
        let mut connection = Connection::new(Endpoint::Client, LIMITS, Utf8::Check);
        connection.allow_compression();
        let (mut payload, mut seen) = (Vec::new(), Vec::new());
        for chunk in stream.chunks(step) {
            let mut chunk = chunk.to_vec();
            let mut input = &mut chunk[..];
            while let Some(event) = connection.receive(&mut input).unwrap() {
                match event {
                    Event::Deflated { kind, bytes, last } => {
                        payload.extend_from_slice(bytes);
                        assert!(last || connection.is_receiving_message());
                        if last {
                            seen.push((Some(kind), std::mem::take(&mut payload)));
                        }
                    }
                    Event::Data { bytes, last, .. } => {
                        payload.extend_from_slice(bytes);
                        if last {
                            seen.push((None, std::mem::take(&mut payload)));
                        }
                    }
                    Event::Ping => assert_eq!(connection.control(), b"x"),
                    other => panic!("{other:?}"),
                }
            }
        }
        let hello = b"\xf2\x48\xcd\xc9\xc9\x07\x00".to_vec();
        let expected = [
            (Some(MessageKind::Text), hello.clone()),
            (Some(MessageKind::Text), hello),
            (None, b"hi".to_vec()),
            (Some(MessageKind::Binary), b"\x00".to_vec()),
        ];
        assert_eq!(seen, expected, "{step} octets at a time");
    }
}

#[test]
fn the_bit_stands_on_the_first_frame_of_a_message_alone() {
    let error = |allowed: bool, stream: &[u8]| {
        let mut connection = Connection::new(Endpoint::Client, LIMITS, Utf8::Check);
        if allowed {
            connection.allow_compression();
        }
        let mut stream = stream.to_vec();
        let mut input = &mut stream[..];
        loop {
            match connection.receive(&mut input) {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some(error),
            }
        }
    };
    let reserved = Some(ProtocolError::ReservedBits(RSV1));
    assert_eq!(error(true, b"\xc1\x01\x00"), None);
    assert_eq!(error(false, b"\xc1\x01\x00"), reserved);
    for frame in [&b"\xc9\x00"[..], b"\xca\x00", b"\xc8\x00"] {
        assert_eq!(error(true, frame), reserved, "a control frame");
    }
    for first in [0x41, 0x01] {
        assert_eq!(error(true, &[first, 1, b'x', 0xc0, 1, b'x']), reserved);
    }
    for rsv in [1, 2, 3, 5, 6, 7_u8] {
        let found = error(true, &[0x81 | rsv << 4, 0]);
        assert_eq!(found, Some(ProtocolError::ReservedBits(rsv)));
    }
}

#[test]
fn a_bomb_is_refused_after_as_much_as_was_agreed_to() {
    let mut pool = Pool::new(9);
    let mut client = codec(Endpoint::Client, &AgreedParameters::default());
    let bomb = compressed(&mut client, &mut pool, &vec![b'0'; 64 << 20]);
    assert!(
        bomb.len() < 100_000,
        "{} octets that become 64 MiB",
        bomb.len()
    );
    let mut server = codec(Endpoint::Server, &AgreedParameters::default());
    let (mut input, mut buffer, mut given) = (&bomb[..], [0; 4096], 0);
    let error = loop {
        let kind = MessageKind::Text;
        match server.inflate(&mut pool, kind, &mut input, true, &mut buffer) {
            Ok(piece) => given += piece.unwrap().bytes.len() as u64,
            Err(error) => break error,
        }
    };
    let limit = LIMITS.max_message;
    assert_eq!(error, ProtocolError::InflatedTooLong { limit });
    assert_eq!(error.close_code(), 1009);
    assert!(given <= limit, "{given} of at most {limit}");
    // Exactly the limit is no bomb, in a message of any buffer.
    let mut client = codec(Endpoint::Client, &AgreedParameters::default());
    let mut server = codec(Endpoint::Server, &AgreedParameters::default());
    for len in [limit as usize, limit as usize + 1] {
        let payload = compressed(&mut client, &mut pool, &vec![b'0'; len]);
        let is_taken = text(&mut server, &mut pool, &payload).is_ok();
        assert_eq!(is_taken, len as u64 <= limit, "{len}");
    }
}

#[test]
fn what_is_no_deflate_stream_is_refused() {
    let mut pool = Pool::new(6);
    let mut server = codec(Endpoint::Server, &AgreedParameters::default());
    // A block of type 3; a stored block whose length does not match; a reference to nothing.
    for payload in [
        &b"\x06"[..],
        b"\x00\x05\x00\x00\x00hello",
        b"\xf2\x00\x11\x00\x00",
    ] {
        let found = text(&mut server, &mut pool, payload);
        assert_eq!(found, Err(ProtocolError::InvalidDeflate));
        server = codec(Endpoint::Server, &AgreedParameters::default());
    }
    assert_eq!(ProtocolError::InvalidDeflate.close_code(), 1007);
}

#[test]
fn who_refers_to_what_was_to_be_forgotten_is_found_out() {
    let mut pool = Pool::new(6);
    let forgetful = AgreedParameters {
        client_no_takeover: true,
        ..AgreedParameters::default()
    };
    let mut server = codec(Endpoint::Server, &forgetful);
    let first = text(&mut server, &mut pool, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    assert_eq!(first, Ok(b"Hello".to_vec()));
    let second = text(&mut server, &mut pool, b"\xf2\x00\x11\x00\x00");
    assert_eq!(second, Err(ProtocolError::InvalidDeflate));
}

#[test]
fn text_is_checked_behind_the_compression() {
    let mut pool = Pool::new(6);
    let mut client = codec(Endpoint::Client, &AgreedParameters::default());
    for (message, is_text) in [
        ("größer".as_bytes(), true),
        (b"gr\xfc\xdfe", false),
        (b"cut \xe2\x82", false),
    ] {
        let mut server = codec(Endpoint::Server, &AgreedParameters::default());
        let mut own = codec(Endpoint::Client, &AgreedParameters::default());
        let payload = compressed(&mut own, &mut pool, message);
        for room in [1, 2, 4096] {
            let mut server = codec(Endpoint::Server, &AgreedParameters::default());
            let found = inflated(&mut server, &mut pool, MessageKind::Text, &[&payload], room);
            let expected = if is_text {
                Ok(message.to_vec())
            } else {
                Err(ProtocolError::InvalidUtf8)
            };
            assert_eq!(found, expected);
        }
        let binary = inflated(&mut server, &mut pool, MessageKind::Binary, &[&payload], 9);
        assert_eq!(binary, Ok(message.to_vec()));
    }
    assert_eq!(compressed(&mut client, &mut pool, b""), [0]);
}

/// The window is a promise to a peer that may keep no more: 2^8 included, which zlib cannot do.
#[test]
fn no_reference_goes_further_back_than_the_window() {
    let words = [
        "temperature",
        "pressure",
        "humidity",
        "\"station\":",
        "{}",
        "42",
        "ok",
        "wind",
    ];
    let mut random = 7_u64;
    let mut message = || {
        let mut text = String::new();
        for _ in 0..120 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            text.push_str(words[(random >> 33) as usize % words.len()]);
        }
        text
    };
    let messages: Vec<String> = (0..40).map(|_| message()).collect();
    for level in 1..=9 {
        for window in 8..=15 {
            let terms = AgreedParameters {
                client_bits: Some(bits(window)),
                ..AgreedParameters::default()
            };
            let mut pool = Pool::new(level);
            let mut client = codec(Endpoint::Client, &terms);
            let mut stream = Vec::new();
            for message in &messages {
                stream.extend(compressed(&mut client, &mut pool, message.as_bytes()));
                stream.extend(TAIL);
            }
            let reading = tokens::read(&stream);
            assert_eq!(reading.text, messages.concat().as_bytes());
            let window = 1 << window;
            // Near ones are preferred, so that of a large window not much is seen.
            assert!(
                (window / 4).min(2048) <= reading.farthest && reading.farthest <= window,
                "level {level}: {} back in a window of {window}",
                reading.farthest
            );
        }
    }
}

/// What a server that keeps to this window may send to a client that keeps no more.
fn windowed(window: u8) -> AgreedParameters {
    AgreedParameters {
        server_bits: Some(bits(window)),
        ..AgreedParameters::default()
    }
}

/// To the octet: a reference as far back as the window reaches is read, and one beyond it is not,
/// however the payload is cut and however little room there is.
#[test]
fn who_refers_beyond_the_window_that_was_agreed_on_is_found_out() {
    for window in 8..15 {
        for beyond in [0, 1] {
            let distance = (1 << window) + beyond;
            let mut octet = noise_of(u64::from(window));
            let noise: Vec<u8> = (0..distance).map(|_| octet()).collect();
            let message = [&noise[..], &noise[..100]].concat();
            let mut pool = Pool::new(9);
            let mut server = codec(Endpoint::Server, &AgreedParameters::default());
            let payload = compressed(&mut server, &mut pool, &message);
            let stream = [&payload[..], &TAIL].concat();
            assert_eq!(tokens::read(&stream).farthest, distance);
            let halves = payload.split_at(payload.len() / 2);
            let octets: Vec<&[u8]> = payload.chunks(1).collect();
            for pieces in [&[&payload[..]][..], &[halves.0, halves.1], &octets] {
                for room in [1, 100, 1 << 16] {
                    let mut client = codec(Endpoint::Client, &windowed(window));
                    let kind = MessageKind::Binary;
                    let found = inflated(&mut client, &mut pool, kind, pieces, room);
                    let expected = if beyond == 0 {
                        Ok(message.clone())
                    } else {
                        Err(ProtocolError::WindowExceeded { bits: window })
                    };
                    assert_eq!(found, expected, "2^{window}, {room} octets of room");
                }
            }
        }
    }
    assert_eq!(
        ProtocolError::WindowExceeded { bits: 10 }.to_string(),
        "a message compressed against more than the agreed window of 2^10 octets: the peer's \
         compression breaks its own terms"
    );
}

/// Octets that nothing can be made of, the same for the same seed.
fn noise_of(seed: u64) -> impl FnMut() -> u8 {
    let mut state = seed;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as u8
    }
}

/// A narrow window is no excuse for what is no DEFLATE stream, or refers to nothing.
#[test]
fn what_is_no_stream_is_told_from_what_exceeds_the_window() {
    let mut pool = Pool::new(9);
    for window in 8..=15 {
        let filled = vec![b'.'; 40_000];
        for (before, payload) in [
            (false, &b"\x06"[..]),
            (false, b"\x00\x05\x00\x00\x00hello"),
            (false, b"\xf2\x00\x11\x00\x00"),
            (true, b"\x06"),
            (true, b"\x00\x05\x00\x00\x00hello"),
        ] {
            let mut server = codec(Endpoint::Server, &windowed(window));
            let mut client = codec(Endpoint::Client, &windowed(window));
            if before {
                let first = compressed(&mut server, &mut pool, &filled);
                assert_eq!(text(&mut client, &mut pool, &first), Ok(filled.clone()));
            }
            let found = text(&mut client, &mut pool, payload);
            assert_eq!(found, Err(ProtocolError::InvalidDeflate), "2^{window}");
        }
    }
}

#[test]
fn offers_and_answers_are_read_strictly() {
    let offer = |text: &str| text.parse::<Offer>();
    let terms = |text: &str| text.parse::<AgreedParameters>();
    let plain = Offer {
        server_no_takeover: false,
        client_no_takeover: false,
        server_bits: None,
        client_bits: None,
    };
    assert_eq!(offer("permessage-deflate"), Ok(plain));
    let all = "permessage-deflate ;server_no_context_takeover; client_no_context_takeover; \
        server_max_window_bits = \"8\" ; client_max_window_bits=15";
    let everything = Offer {
        server_no_takeover: true,
        client_no_takeover: true,
        server_bits: Some(bits(8)),
        client_bits: Some(Some(bits(15))),
    };
    assert_eq!(offer(all), Ok(everything));
    assert_eq!(offer(&everything.to_string()), Ok(everything));
    assert_eq!(
        offer("x-webkit-deflate-frame"),
        Err(NegotiationError::OtherExtension(
            "x-webkit-deflate-frame".into()
        ))
    );
    assert_eq!(
        terms("permessage-deflate; mem_level=9"),
        Err(NegotiationError::UnknownParameter("mem_level".into()))
    );
    for parameter in ["server_no_context_takeover", "client_no_context_takeover"] {
        let twice = format!("permessage-deflate; {parameter}; {parameter}");
        assert_eq!(terms(&twice), Err(NegotiationError::Repeated(parameter)));
        let valued = offer(&format!("permessage-deflate; {parameter}=1"));
        let value = "1".to_owned();
        assert_eq!(
            valued,
            Err(NegotiationError::InvalidValue { parameter, value })
        );
    }
    for parameter in ["server_max_window_bits", "client_max_window_bits"] {
        let twice = format!("permessage-deflate; {parameter}=9; {parameter}=9");
        assert_eq!(offer(&twice), Err(NegotiationError::Repeated(parameter)));
        for value in [
            "7", "16", "08", "+9", "9.0", "nine", "\"\"", "-9", "265", "",
        ] {
            let text = format!("permessage-deflate; {parameter}={value}");
            let value = value.trim_matches('"').to_owned();
            let wrong = NegotiationError::InvalidValue { parameter, value };
            assert_eq!(offer(&text), Err(wrong.clone()), "{text}");
            assert_eq!(terms(&text), Err(wrong), "{text}");
        }
    }
    // Without a value one is a hint in an offer, the other nowhere anything.
    assert!(offer("permessage-deflate; client_max_window_bits").is_ok());
    assert!(terms("permessage-deflate; client_max_window_bits").is_err());
    assert!(offer("permessage-deflate; server_max_window_bits").is_err());
}

#[test]
fn an_answer_must_fit_its_offer() {
    let check = |offer: &str, answer: &str| {
        let read = |parameters: &str| format!("permessage-deflate{parameters}");
        let terms: AgreedParameters = read(answer).parse().unwrap();
        terms.check_against(&read(offer).parse().unwrap())
    };
    assert_eq!(check("", ""), Ok(()));
    assert_eq!(
        check("", "; server_max_window_bits=9; client_no_context_takeover"),
        Ok(())
    );
    assert_eq!(
        check("; client_max_window_bits", "; client_max_window_bits=8"),
        Ok(())
    );
    let server = "server_max_window_bits";
    let client = "client_max_window_bits";
    assert_eq!(
        check("; server_no_context_takeover", ""),
        Err(NegotiationError::Ignored("server_no_context_takeover"))
    );
    assert_eq!(
        check("; server_max_window_bits=10", ""),
        Err(NegotiationError::Ignored(server))
    );
    let widened = |parameter, most, found| {
        Err(NegotiationError::Widened {
            parameter,
            most: bits(most),
            bits: bits(found),
        })
    };
    assert_eq!(
        check("; server_max_window_bits=10", "; server_max_window_bits=11"),
        widened(server, 10, 11)
    );
    assert_eq!(
        check("; client_max_window_bits=10", "; client_max_window_bits=11"),
        widened(client, 10, 11)
    );
    assert_eq!(
        check("", "; client_max_window_bits=15"),
        Err(NegotiationError::Unasked(client))
    );
}

fn any_bits() -> impl Strategy<Value = Option<WindowBits>> {
    (7..=15_u8).prop_map(WindowBits::new)
}

fn any_wish() -> impl Strategy<Value = Wish> {
    (any::<bool>(), any::<bool>(), any_bits(), any_bits()).prop_map(
        |(server_no_takeover, client_no_takeover, server_bits, client_bits)| Wish {
            server_no_takeover,
            client_no_takeover,
            server_bits,
            client_bits,
        },
    )
}

/// Messages that resemble each other, some empty, some that cannot be compressed.
fn any_messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let word = prop_oneof!["[a-d]{1,6}", Just("{\"key\": \"value\"}, ".to_owned())];
    let words = vec(word, 0..400).prop_map(|words| words.concat().into_bytes());
    let noise = vec(any::<u8>(), 0..3000);
    vec(prop_oneof![words, noise, Just(Vec::new())], 1..12)
}

/// Cuts a payload where these say, wherever they lie.
fn cut<'a>(payload: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|at| at % (payload.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for to in places.into_iter().chain([payload.len()]) {
        pieces.push(&payload[from..to]);
        from = to;
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x7692),
        ..ProptestConfig::default()
    })]

    /// Whatever the two ends wish for, they understand each other, in both directions; and what is
    /// sent is understood by another implementation.
    #[test]
    fn the_two_ends_understand_each_other(
        of_client in any_wish(), of_server in any_wish(), messages in any_messages(),
        places in vec(any::<usize>(), 0..4), room in prop_oneof![1..40_usize, Just(9000)],
        level in 1..=9_u32,
    ) {
        let offer: Offer = of_client.offer().to_string().parse().unwrap();
        let terms = of_server.accept(&offer);
        prop_assert_eq!(terms.check_against(&offer), Ok(()));
        prop_assert_eq!(terms.to_string().parse(), Ok(terms));
        let mut pools = [Pool::new(level), Pool::new(level)];
        let codec = |role, wish: &Wish| Codec::new(role, &terms, wish, LIMITS, Utf8::Check);
        let (mut client, mut server) =
            (codec(Endpoint::Client, &of_client), codec(Endpoint::Server, &of_server));
        let mut stream = Vec::new();
        for message in &messages {
            let payload = compressed(&mut client, &mut pools[0], message);
            let pieces = cut(&payload, &places);
            let kind = MessageKind::Binary;
            let received = inflated(&mut server, &mut pools[1], kind, &pieces, room);
            prop_assert_eq!(received.as_ref(), Ok(message));
            stream.extend_from_slice(&payload);
            stream.extend(TAIL);
            if of_client.client_no_takeover {
                let alone = [&payload[..], &TAIL, &[3, 0]].concat();
                prop_assert_eq!(&decompress_to_vec(&alone).unwrap(), message);
            }
            // And back, in two parts.
            let mut answer = Vec::new();
            let (front, back) = message.split_at(message.len() / 3);
            server.compress(&mut pools[1], &[front, back], &mut answer);
            let pieces = cut(&answer, &places);
            let received = inflated(&mut client, &mut pools[0], kind, &pieces, room);
            prop_assert_eq!(received.as_ref(), Ok(message));
        }
        stream.extend([3, 0]); // an empty final block
        prop_assert_eq!(decompress_to_vec(&stream).unwrap(), messages.concat());
    }

    /// Payloads by chance end in a message or an error, never in a panic, however they are cut.
    #[test]
    fn any_payload_is_survived(
        payload in vec(any::<u8>(), 0..200), places in vec(any::<usize>(), 0..4), room in 1..300_usize,
        window in 8..=15_u8,
    ) {
        let mut pool = Pool::new(6);
        let kind = MessageKind::Binary;
        let whole = {
            let mut client = codec(Endpoint::Client, &windowed(window));
            inflated(&mut client, &mut pool, kind, &[&payload], 4096)
        };
        let mut client = codec(Endpoint::Client, &windowed(window));
        let pieces = cut(&payload, &places);
        prop_assert_eq!(inflated(&mut client, &mut pool, kind, &pieces, room), whole);
    }

    /// Frames, masks and compression together, in fragments of any size.
    #[test]
    fn fragments_of_any_size_carry_a_compressed_message(
        messages in any_messages(), fragment in 1..2000_usize, step in 1..5000_usize,
    ) {
        let terms = AgreedParameters::default();
        let mut pool = Pool::new(6);
        let mut client = codec(Endpoint::Client, &terms);
        let mut server = codec(Endpoint::Server, &terms);
        let mut out = FrameBuffer::new();
        for message in &messages {
            let payload = compressed(&mut client, &mut pool, message);
            let pieces = payload.chunks(fragment);
            let count = pieces.len();
            for (i, piece) in pieces.enumerate() {
                let header = FrameHeader {
                    fin: i + 1 == count,
                    rsv: if i == 0 { RSV1 } else { 0 },
                    opcode: if i == 0 { OpCode::Binary } else { OpCode::Continuation },
                    mask: Some(wsbench_wire::mask::MaskKey([1, 2, 3, 4])),
                    len: piece.len() as u64,
                };
                out.push_frame_as(header, &[piece]);
            }
        }
        let mut connection = Connection::new(Endpoint::Server, LIMITS, Utf8::Check);
        connection.allow_compression();
        let (mut received, mut present) = (Vec::new(), Vec::new());
        let mut buffer = [0; 700];
        for chunk in out.as_slice().chunks(step) {
            let mut chunk = chunk.to_vec();
            let mut input = &mut chunk[..];
            while let Some(event) = connection.receive(&mut input).unwrap() {
                let Event::Deflated { kind, bytes, last } = event else {
                    panic!("{event:?}");
                };
                let mut bytes = bytes;
                while let Some(piece) =
                    server.inflate(&mut pool, kind, &mut bytes, last, &mut buffer).unwrap()
                {
                    present.extend_from_slice(piece.bytes);
                    if piece.last {
                        received.push(std::mem::take(&mut present));
                        break;
                    }
                }
            }
        }
        prop_assert_eq!(received, messages);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0x7692),
        ..ProptestConfig::default()
    })]

    /// A window that was agreed on is held: the first message that a server with another one has
    /// compressed against more is refused as that, and everything before it is read.
    #[test]
    fn a_window_that_was_agreed_on_is_held(
        agreed in 8..=15_u8, kept in 8..=15_u8, messages in any_messages(), no_takeover: bool,
        places in vec(any::<usize>(), 0..4), room in prop_oneof![1..40_usize, Just(9000)],
        level in 1..=9_u32,
    ) {
        let on = |window| AgreedParameters { server_no_takeover: no_takeover, ..windowed(window) };
        let mut pool = Pool::new(level);
        let mut server = codec(Endpoint::Server, &on(kept));
        let mut client = codec(Endpoint::Client, &on(agreed));
        // Again and again, so that a reference may go as far back as it likes.
        let repeated = messages.iter().cycle().take(3 * messages.len());
        let (mut stream, mut before) = (Vec::new(), 0);
        let mut refused = None;
        for message in repeated {
            let payload = compressed(&mut server, &mut pool, message);
            if no_takeover {
                stream.clear();
            }
            before = stream.len();
            stream.extend_from_slice(&payload);
            stream.extend(TAIL);
            let pieces = cut(&payload, &places);
            let kind = MessageKind::Binary;
            match inflated(&mut client, &mut pool, kind, &pieces, room) {
                Ok(received) => prop_assert_eq!(&received, message),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        let farthest = |stream: &[u8]| tokens::read(stream).farthest;
        if let Some(error) = refused {
            prop_assert_eq!(error, ProtocolError::WindowExceeded { bits: agreed });
            prop_assert!(farthest(&stream) > 1 << agreed);
            prop_assert!(farthest(&stream[..before]) <= 1 << agreed);
        } else {
            prop_assert!(farthest(&stream) <= 1 << agreed);
        }
    }
}
