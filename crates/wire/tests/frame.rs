//! Headers and the buffer of frames to send, octet by octet.
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in what it calls as well"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use wsbench_wire::close::{MAX_REASON, is_valid_close_code, push_close};
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::{FrameBuffer, FrameHeader, masked_frame_len};
use wsbench_wire::mask::{MaskKey, mask_in_place};
use wsbench_wire::opcode::OpCode;

/// The lengths around every change of form.
const LENGTHS: [u64; 10] = [
    0,
    1,
    125,
    126,
    127,
    65_535,
    65_536,
    65_537,
    1 << 32,
    (1 << 63) - 1,
];

const OPCODES: [OpCode; 6] = [
    OpCode::Continuation,
    OpCode::Text,
    OpCode::Binary,
    OpCode::Close,
    OpCode::Ping,
    OpCode::Pong,
];

#[test]
fn messages_in_a_row_are_the_frames_that_each_of_them_would_be() {
    let front: [[u8; 8]; 3] = [*b"abcdefgh", *b"ijklmnop", *b"qrstuvwx"];
    let back: Vec<u8> = (0..70_000_u32).map(|at| (at * 7 % 251) as u8).collect();
    for front_len in [0, 1, 16, 22, 24] {
        for back_len in (0..130).chain([65_510, 65_535, 70_000]) {
            let back = &back[..back_len];
            let keys = [[1, 2, 3, 4], [250, 0, 9, 77], [8; 4]].map(MaskKey);
            let (mut together, mut each) = (FrameBuffer::new(), FrameBuffer::new());
            for buffer in [&mut together, &mut each] {
                buffer.push_raw(b"before");
            }
            let mut next = keys.iter();
            together.push_masked(OpCode::Text, front_len, back, keys.len(), || {
                (*next.next().unwrap(), front)
            });
            for key in keys {
                let parts = [&front.as_flattened()[..front_len], back];
                each.push_frame(true, OpCode::Text, Some(key), &parts);
            }
            assert!(
                together.as_slice() == each.as_slice(),
                "{front_len} and {back_len}"
            );
            let frames = keys.len() * masked_frame_len(front_len + back_len);
            assert_eq!(together.len(), "before".len() + frames);
        }
    }
}

#[test]
fn a_header_reads_back_as_written_and_not_before_its_last_octet() {
    let masks = [None, Some(MaskKey([1, 2, 3, 4]))];
    for opcode in OPCODES {
        for mask in masks {
            for len in LENGTHS {
                for rsv in 0..8 {
                    let header = FrameHeader {
                        fin: true,
                        rsv,
                        opcode,
                        mask,
                        len,
                    };
                    reads_back(header);
                    let fin = false;
                    reads_back(FrameHeader { fin, ..header });
                }
            }
        }
    }
}

fn reads_back(header: FrameHeader) {
    let mut bytes = [0xee; FrameHeader::MAX_LEN];
    let end = header.encode(&mut bytes);
    assert!(
        bytes[end..].iter().all(|&octet| octet == 0xee),
        "wrote behind its end"
    );
    let read = FrameHeader::parse(&bytes);
    if header.opcode.is_control() && !header.fin {
        assert_eq!(read, Err(ProtocolError::FragmentedControl(header.opcode)));
        return;
    }
    if header.opcode.is_control() && header.len > 125 {
        assert_eq!(read, Err(ProtocolError::LongControl(header.opcode)));
        return;
    }
    assert_eq!(read, Ok(Some((header, end))));
    for cut in 0..end {
        assert_eq!(
            FrameHeader::parse(&bytes[..cut]),
            Ok(None),
            "{cut} of {end} octets"
        );
    }
}

#[test]
fn the_examples_of_the_rfc() {
    // RFC 6455 section 5.7.
    let mut out = FrameBuffer::new();
    out.push_frame(true, OpCode::Text, None, &[b"Hello"]);
    assert_eq!(out.as_slice(), [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    out.clear();
    let key = Some(MaskKey([0x37, 0xfa, 0x21, 0x3d]));
    out.push_frame(true, OpCode::Text, key, &[b"Hello"]);
    let masked = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    assert_eq!(out.as_slice(), masked);
    out.clear();
    out.push_frame(false, OpCode::Text, None, &[b"Hel"]);
    out.push_frame(true, OpCode::Continuation, None, &[b"lo"]);
    assert_eq!(out.as_slice(), b"\x01\x03Hel\x80\x02lo");
    out.clear();
    out.push_frame(true, OpCode::Binary, None, &[&[7; 256]]);
    assert_eq!(out.as_slice()[..4], [0x82, 0x7e, 0x01, 0x00]);
    out.clear();
    out.push_frame(true, OpCode::Binary, None, &[&[7; 65_536]]);
    assert_eq!(out.as_slice()[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
}

#[test]
fn unknown_opcodes_are_refused_by_their_first_octet() {
    for bits in 0..16_u8 {
        let known = OpCode::from_bits(bits);
        assert_eq!(
            known.is_some(),
            OPCODES.iter().any(|opcode| opcode.bits() == bits)
        );
        match known {
            Some(opcode) => assert_eq!(opcode.bits(), bits),
            None => assert_eq!(
                FrameHeader::parse(&[0x80 | bits]),
                Err(ProtocolError::UnknownOpcode(bits))
            ),
        }
    }
}

#[test]
fn control_frames_are_refused_as_early_as_can_be() {
    for opcode in [OpCode::Close, OpCode::Ping, OpCode::Pong] {
        let fragmented = FrameHeader::parse(&[opcode.bits()]);
        assert_eq!(fragmented, Err(ProtocolError::FragmentedControl(opcode)));
        for len in [126, 127, 0x80 | 126, 0x80 | 127] {
            let long = FrameHeader::parse(&[0x80 | opcode.bits(), len]);
            assert_eq!(long, Err(ProtocolError::LongControl(opcode)));
        }
    }
}

#[test]
fn lengths_must_be_in_the_fewest_octets_and_below_two_to_the_63() {
    let parse = |len: &[u8]| FrameHeader::parse(&[&[0x82], len].concat());
    for short in [0, 1, 125_u16] {
        let [high, low] = short.to_be_bytes();
        let error = Err(ProtocolError::NonMinimalLength(short.into()));
        assert_eq!(parse(&[126, high, low]), error);
    }
    for short in [0, 125, 126, 65_535_u64] {
        let bytes = [&[127], &short.to_be_bytes()[..]].concat();
        assert_eq!(parse(&bytes), Err(ProtocolError::NonMinimalLength(short)));
    }
    for long in [1 << 63, u64::MAX] {
        let bytes = [&[127], &long.to_be_bytes()[..]].concat();
        assert_eq!(parse(&bytes), Err(ProtocolError::LengthTooLarge));
    }
}

#[test]
fn a_cleared_buffer_keeps_its_memory_and_shows_nothing_of_its_past() {
    let mut out = FrameBuffer::new();
    assert!(out.is_empty() && out.capacity() == 0);
    out.push_frame(true, OpCode::Binary, None, &[&[0xaa; 10_000]]);
    let capacity = out.capacity();
    for _ in 0..100 {
        out.clear();
        assert!(out.is_empty() && out.as_slice().is_empty());
        out.push_frame(
            true,
            OpCode::Text,
            Some(MaskKey([0; 4])),
            &[b"ab", b"", b"c"],
        );
        out.push_raw(b"raw");
        assert_eq!(out.as_slice(), b"\x81\x83\0\0\0\0abcraw");
        assert_eq!(out.len(), 12);
        assert_eq!(out.capacity(), capacity);
    }
    out.shrink(20_000);
    assert_eq!(out.capacity(), capacity, "content is kept");
    out.clear();
    out.shrink(100);
    assert_eq!(out.capacity(), 0);
}

#[test]
fn what_was_sent_is_forgotten_from_the_front() {
    let mut out = FrameBuffer::new();
    out.push_raw(b"abcdef");
    out.consume(0);
    out.consume(4);
    assert_eq!(out.as_slice(), b"ef");
    out.push_raw(b"gh");
    assert_eq!(out.as_slice(), b"efgh");
    out.consume(4);
    assert!(out.is_empty());
}

#[test]
fn a_header_of_the_callers_making_may_lie() {
    let mut out = FrameBuffer::new();
    let header = FrameHeader {
        fin: false,
        rsv: 0b101,
        opcode: OpCode::Ping,
        mask: None,
        len: 200,
    };
    out.push_frame_as(header, &[b"short"]);
    assert_eq!(out.as_slice(), b"\x59\x7e\x00\xc8short");
}

#[test]
fn close_frames_carry_code_and_reason() {
    let mut out = FrameBuffer::new();
    push_close(&mut out, None, Some(1000), "bye");
    assert_eq!(out.as_slice(), b"\x88\x05\x03\xe8bye");
    out.clear();
    push_close(&mut out, None, None, "not sent without a code");
    assert_eq!(out.as_slice(), [0x88, 0x00]);
    out.clear();
    // 122 octets, then a character of two that does not fit any more.
    let reason = "x".repeat(MAX_REASON - 1) + "é";
    push_close(&mut out, None, Some(1001), &reason);
    assert_eq!(out.len(), 2 + 2 + MAX_REASON - 1);
    assert!(out.as_slice().ends_with(b"xx"));
}

#[test]
fn close_codes_by_their_ranges() {
    let valid: Vec<u16> = (0..=u16::MAX)
        .filter(|&code| is_valid_close_code(code))
        .collect();
    let expected: Vec<u16> = (1000..=1003)
        .chain(1007..=1014)
        .chain(3000..=4999)
        .collect();
    assert_eq!(valid, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(0x6455), ..ProptestConfig::default() })]

    /// The parts of a payload, masked one behind the other, are the payload masked as one.
    #[test]
    fn parts_are_masked_as_one(
        parts in vec(vec(any::<u8>(), 0..100), 0..5),
        key in any::<[u8; 4]>(),
        before in 0..40_usize,
    ) {
        let mut out = FrameBuffer::new();
        out.push_raw(&vec![0xcc; before]);
        let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        out.push_frame(true, OpCode::Binary, Some(MaskKey(key)), &slices);
        let (header, start) = FrameHeader::parse(&out.as_slice()[before..]).unwrap().unwrap();
        let mut payload = out.as_slice()[before + start..].to_vec();
        mask_in_place(MaskKey(key), 0, &mut payload);
        prop_assert_eq!(&payload, &parts.concat());
        prop_assert_eq!(header.len, payload.len() as u64);
        prop_assert_eq!(header.mask, Some(MaskKey(key)));
    }

    /// No bytes make the parser panic or read past what it was given.
    #[test]
    fn any_bytes_are_a_header_or_not(bytes in vec(any::<u8>(), 0..20)) {
        if let Ok(Some((header, end))) = FrameHeader::parse(&bytes) {
            prop_assert!(end <= bytes.len() && end <= FrameHeader::MAX_LEN);
            let mut again = [0; FrameHeader::MAX_LEN];
            prop_assert_eq!(header.encode(&mut again), end);
            prop_assert_eq!(&again[..end], &bytes[..end]);
        }
    }
}
