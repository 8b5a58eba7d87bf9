//! Compression over real sockets, by bytes: RFC 7692's own example, what is granted, and bombs.
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in what it calls as well"
)]

mod running;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use running::{Running, round_trip};
use tungstenite::Message;
use wsbench_echo::{BindError, Calibration, Compression, Config, Misbehaviour, Server};
use wsbench_wire::connection::{Endpoint, Limits, Utf8};
use wsbench_wire::deflate::{AgreedParameters, Codec, Pool, Wish};
use wsbench_wire::frame::{FrameBuffer, RSV1};
use wsbench_wire::handshake::{ClientHandshake, Request};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

fn granting() -> Running {
    Running::start(|config| config.compression = Some(Compression::default()))
}

/// Connects, offers compression, and tells what was granted.
fn upgraded(server: &Running, wish: &Wish) -> (TcpStream, Option<AgreedParameters>) {
    let handshake = ClientHandshake::new([3; 16]).offering(wish.offer());
    let mut out = FrameBuffer::new();
    let request = Request {
        authority: "localhost",
        resource: "/",
        headers: &[],
        subprotocols: &[],
        origin: None,
    };
    handshake.push_request(&request, &mut out);
    let mut stream = server.connect();
    stream.write_all(out.as_slice()).unwrap();
    let mut head = Vec::new();
    loop {
        if let Some(upgraded) = handshake.read_response(&head, &[]).unwrap() {
            return (stream, upgraded.compression);
        }
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
}

fn send(stream: &mut TcpStream, payload: &[u8], fragment: usize) {
    let mut out = FrameBuffer::new();
    let mask = || Some(MaskKey([7, 1, 4, 9]));
    out.push_message(OpCode::Text, RSV1, fragment, mask, [payload, &[]]);
    stream.write_all(out.as_slice()).unwrap();
}

fn assert_received(stream: &mut TcpStream, expected: &[u8]) {
    let mut received = vec![0; expected.len()];
    stream.read_exact(&mut received).unwrap();
    assert_eq!(received, expected);
}

/// RFC 7692 sections 7.2.3.1 and 7.2.3.2: "Hello" twice, whole and in fragments of one octet.
#[test]
fn the_example_of_the_rfc_comes_back_as_the_rfc_has_it() {
    let server = granting();
    for fragment in [1, 100] {
        let (mut stream, terms) = upgraded(&server, &Wish::default());
        assert_eq!(terms, Some(AgreedParameters::default()));
        send(&mut stream, b"\xf2\x48\xcd\xc9\xc9\x07\x00", fragment);
        assert_received(&mut stream, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00");
        send(&mut stream, b"\xf2\x00\x11\x00\x00", fragment);
        assert_received(&mut stream, b"\xc1\x05\xf2\x00\x11\x00\x00");
        // A ping in between is answered, and is never compressed.
        stream.write_all(b"\x89\x80\x00\x00\x00\x00").unwrap();
        assert_received(&mut stream, b"\x8a\x00");
    }
    let stats = server.stop();
    assert_eq!((stats.messages, stats.protocol_errors), (4, 0));
}

#[test]
fn who_offers_nothing_is_answered_plainly() {
    let server = granting();
    let mut client = server.client();
    let message = Message::text("not compressed");
    assert_eq!(round_trip(&mut client, message.clone()), message);
    let plain = Running::plain();
    let (mut stream, terms) = upgraded(&plain, &Wish::default());
    assert_eq!(terms, None, "off by default");
    stream.write_all(b"\x81\x81\x00\x00\x00\x00x").unwrap();
    assert_received(&mut stream, b"\x81\x01x");
}

#[test]
fn a_bomb_is_refused_with_1009_and_nonsense_with_1007() {
    let server = Running::start(|config| {
        config.compression = Some(Compression::default());
        config.max_message = 100_000;
    });
    let limits = Limits {
        max_message: u64::MAX,
    };
    let wish = Wish::default();
    let mut codec = Codec::new(
        Endpoint::Client,
        &AgreedParameters::default(),
        &wish,
        limits,
        Utf8::Skip,
    );
    let mut bomb = Vec::new();
    codec.compress(&mut Pool::new(9), &[&vec![b'0'; 50 << 20]], &mut bomb);
    assert!(bomb.len() < 100_000);
    for (payload, code) in [(&bomb[..], 1009_u16), (b"\x06", 1007)] {
        let (mut stream, _) = upgraded(&server, &wish);
        send(&mut stream, payload, 1000);
        let mut close = [0; 4];
        stream.read_exact(&mut close).unwrap();
        assert_eq!(
            (close[0], u16::from_be_bytes([close[2], close[3]])),
            (0x88, code)
        );
    }
}

#[test]
fn what_would_break_the_order_of_a_compressed_connection_is_refused() {
    let bound = |calibration| {
        let mut config = Config::new("127.0.0.1:0".parse().unwrap());
        config.compression = Some(Compression::default());
        config.calibration = calibration;
        Server::bind(&config).map(drop)
    };
    let faulty = Calibration {
        misbehave: vec![Misbehaviour::Masked],
        ..Calibration::default()
    };
    assert!(matches!(bound(faulty), Err(BindError::CompressedDisorder)));
    let constant = Calibration {
        delay: wsbench_echo::TimeDistribution::Constant(Duration::from_millis(2)),
        ..Calibration::default()
    };
    assert!(bound(constant.clone()).is_ok());
    // And a delay is kept: the answers come, compressed, and in order.
    let server = Running::start(|config| {
        config.compression = Some(Compression::default());
        config.calibration = constant;
    });
    let (mut stream, _) = upgraded(&server, &Wish::default());
    let sent = std::time::Instant::now();
    send(&mut stream, b"\xf2\x48\xcd\xc9\xc9\x07\x00", 100);
    assert_received(&mut stream, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00");
    assert!(sent.elapsed() >= Duration::from_millis(2));
}
