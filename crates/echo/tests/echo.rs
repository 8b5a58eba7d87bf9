//! The plain echo over real sockets: what comes back, how it ends, and what it counts.
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test is its report, in what it calls as well"
)]

mod running;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use running::{Client, Running, round_trip};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};
use wsbench_echo::{BindError, Calibration, Config, Server, Stall};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{ClientHandshake, Request};
use wsbench_wire::mask::MaskKey;
use wsbench_wire::opcode::OpCode;

/// The request of a client that writes its own bytes.
fn request() -> (ClientHandshake, FrameBuffer) {
    let handshake = ClientHandshake::new([3; 16]);
    let mut out = FrameBuffer::new();
    let request = Request {
        authority: "localhost",
        resource: "/",
        headers: &[],
        subprotocols: &[],
        origin: None,
    };
    handshake.push_request(&request, &mut out);
    (handshake, out)
}

/// Connects and upgrades; what follows are frames.
fn upgraded(server: &Running) -> TcpStream {
    let (handshake, out) = request();
    let mut stream = server.connect();
    stream.write_all(out.as_slice()).unwrap();
    let mut head = Vec::new();
    while handshake.read_response(&head, &[]).unwrap().is_none() {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    stream
}

#[test]
fn messages_of_all_sizes_come_back_as_they_went() {
    let server = Running::plain();
    let mut client = server.client();
    for len in [
        0,
        1,
        2,
        125,
        126,
        127,
        1000,
        65_535,
        65_536,
        131_072,
        1 << 20,
    ] {
        let text: String = "aé€😀".chars().cycle().take(len / 2).collect();
        let text = Message::text(text);
        assert_eq!(round_trip(&mut client, text.clone()), text, "text, {len}");
        let bytes: Vec<u8> = (0..len).map(|i| (i * 7 % 251) as u8).collect();
        let binary = Message::binary(bytes);
        assert_eq!(
            round_trip(&mut client, binary.clone()),
            binary,
            "binary, {len}"
        );
    }
    let stats = server.stop();
    assert_eq!(stats.messages, 22);
    assert_eq!(
        (stats.connections, stats.upgraded, stats.peak_connections),
        (1, 1, 1)
    );
}

#[test]
fn many_in_flight_come_back_in_order() {
    let server = Running::plain();
    let mut client = server.client();
    for i in 0..500 {
        client.write(Message::text(format!("message {i}"))).unwrap();
    }
    client.flush().unwrap();
    for i in 0..500 {
        assert_eq!(
            client.read().unwrap(),
            Message::text(format!("message {i}"))
        );
    }
}

#[test]
fn a_ping_between_fragments_is_answered_between() {
    let server = Running::plain();
    let mut stream = upgraded(&server);
    let mask = Some(MaskKey([9, 8, 7, 6]));
    let mut out = FrameBuffer::new();
    out.push_frame(false, OpCode::Text, mask, &[b"first, "]);
    out.push_frame(true, OpCode::Ping, mask, &[b"now"]);
    out.push_frame(false, OpCode::Continuation, mask, &[]);
    out.push_frame(true, OpCode::Continuation, mask, &[b"last"]);
    // Octet by octet, so that every header and payload is cut.
    for octet in out.as_slice() {
        stream.write_all(&[*octet]).unwrap();
    }
    let mut expected = FrameBuffer::new();
    expected.push_frame(true, OpCode::Pong, None, &[b"now"]);
    expected.push_frame(true, OpCode::Text, None, &[b"first, last"]);
    let mut received = vec![0; expected.len()];
    stream.read_exact(&mut received).unwrap();
    assert_eq!(received, expected.as_slice());
}

/// Large messages are answered from where they were read, if that can be.
#[test]
fn large_messages_come_back_however_their_reads_fell() {
    let server = Running::plain();
    let mut stream = upgraded(&server);
    let mask = Some(MaskKey([5, 6, 7, 8]));
    for len in [4095, 4096, 5000, 65_535, 65_536, 70_000] {
        let payload: Vec<u8> = (0..len).map(|i| (i * 13 % 249) as u8).collect();
        let mut frame = FrameBuffer::new();
        frame.push_frame(true, OpCode::Binary, mask, &[&payload]);
        let header = frame.len() - len;
        let mut expected = FrameBuffer::new();
        expected.push_frame(true, OpCode::Binary, None, &[&payload]);
        for cut in [0, 1, header - 1, header, header + 1, header + 5] {
            // What comes before the cut has been read once the ping before it is answered.
            let mut first = FrameBuffer::new();
            first.push_frame(true, OpCode::Ping, mask, &[]);
            first.push_raw(&frame.as_slice()[..cut]);
            stream.write_all(first.as_slice()).unwrap();
            let mut pong = [0; 2];
            stream.read_exact(&mut pong).unwrap();
            assert_eq!(pong, [0x8a, 0x00]);
            stream.write_all(&frame.as_slice()[cut..]).unwrap();
            let mut received = vec![0; expected.len()];
            stream.read_exact(&mut received).unwrap();
            assert!(
                received == expected.as_slice(),
                "{len} octets, cut at {cut}"
            );
        }
        // With a message before it, and one behind it, in the same write.
        let mut three = FrameBuffer::new();
        three.push_frame(true, OpCode::Text, mask, &[b"before"]);
        three.push_raw(frame.as_slice());
        three.push_frame(true, OpCode::Text, mask, &[b"behind"]);
        stream.write_all(three.as_slice()).unwrap();
        let expected = [
            &b"\x81\x06before"[..],
            expected.as_slice(),
            b"\x81\x06behind",
        ]
        .concat();
        let mut received = vec![0; expected.len()];
        stream.read_exact(&mut received).unwrap();
        assert!(received == expected, "{len} octets, in company");
    }
}

#[test]
fn a_request_octet_by_octet_and_frames_right_behind_it() {
    let server = Running::plain();
    let (handshake, mut out) = request();
    let mask = Some(MaskKey([1, 2, 3, 4]));
    out.push_frame(true, OpCode::Binary, mask, &[b"early"]);
    for piece in [1, 7, out.len()] {
        let mut stream = server.connect();
        for octets in out.as_slice().chunks(piece) {
            stream.write_all(octets).unwrap();
        }
        let mut received = Vec::new();
        stream.shutdown(Shutdown::Write).unwrap();
        stream.read_to_end(&mut received).unwrap();
        let upgraded = handshake.read_response(&received, &[]).unwrap().unwrap();
        assert_eq!(
            &received[upgraded.consumed..],
            b"\x82\x05early",
            "pieces of {piece}"
        );
    }
}

#[test]
fn closing_gives_the_code_back_and_ends_the_stream() {
    let server = Running::plain();
    for code in [
        Some(CloseCode::Normal),
        Some(CloseCode::Library(4321)),
        None,
    ] {
        let mut client = server.client();
        let frame = code.map(|code| CloseFrame {
            code,
            reason: "done".into(),
        });
        client.close(frame).unwrap();
        let answer = client.read().unwrap();
        let Message::Close(answer) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(answer.map(|frame| frame.code), code);
        assert!(matches!(client.read(), Err(Error::ConnectionClosed)));
    }
}

/// Everything that comes until the server ends the stream; a reset fails.
fn rest_of(mut stream: &TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    rest
}

#[test]
fn whoever_breaks_the_protocol_is_told_why() {
    let server = Running::start(|config| config.max_message = 1000);
    let mask = Some(MaskKey([1, 2, 3, 4]));
    let frame = |opcode, mask, bytes: &[u8]| {
        let mut out = FrameBuffer::new();
        out.push_frame(true, opcode, mask, &[bytes]);
        // More behind it, which must not turn the close into a reset.
        out.push_raw(&[0; 20_000]);
        out
    };
    for (out, code) in [
        (frame(OpCode::Text, None, b"unmasked"), 1002_u16),
        (frame(OpCode::Text, mask, b"\xff"), 1007),
        (frame(OpCode::Binary, mask, &[0; 1001]), 1009),
        (frame(OpCode::Continuation, mask, b"of what?"), 1002),
    ] {
        let mut stream = upgraded(&server);
        stream.write_all(out.as_slice()).unwrap();
        let rest = rest_of(&stream);
        assert_eq!(rest[0], 0x88, "a close frame");
        assert_eq!(rest[2..4], code.to_be_bytes());
    }
    assert_eq!(server.stop().protocol_errors, 4);
}

#[test]
fn requests_that_are_not_in_order_are_refused_by_status() {
    let server = Running::plain();
    for (request, status) in [
        (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], "426"),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
        (b"\x16\x03\x01 a TLS client", "400"),
    ] {
        let mut stream = server.connect();
        stream.write_all(request).unwrap();
        let answer = String::from_utf8(rest_of(&stream)).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
    let stats = server.stop();
    assert_eq!(
        (stats.refused, stats.upgraded, stats.connections),
        (3, 0, 3)
    );
}

#[test]
fn the_first_subprotocol_offered_is_granted() {
    let server = Running::plain();
    let mut stream = server.connect();
    let offered = ["wamp".to_owned(), "soap".to_owned()];
    let handshake = ClientHandshake::new([5; 16]);
    let mut out = FrameBuffer::new();
    let request = Request {
        authority: "localhost",
        resource: "/",
        headers: &[],
        subprotocols: &offered,
        origin: None,
    };
    handshake.push_request(&request, &mut out);
    stream.write_all(out.as_slice()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let upgraded = handshake
        .read_response(&rest_of(&stream), &offered)
        .unwrap();
    assert_eq!(upgraded.unwrap().subprotocol.as_deref(), Some("wamp"));
}

/// A client that sends far more than it reads must not cost the server memory without bound, and
/// must get every octet back once it does read.
#[test]
fn a_reader_that_stalls_stops_the_server_from_reading() {
    let server = Running::plain();
    let mut stream = upgraded(&server);
    let mut frame = FrameBuffer::new();
    frame.push_frame(
        true,
        OpCode::Binary,
        Some(MaskKey([7; 4])),
        &[&[42; 60_000]],
    );
    stream.set_nonblocking(true).unwrap();
    // Write until nothing has been taken for so many tries in a row that the server has stopped.
    let (mut written, mut refused) = (0, 0);
    while refused < 50 {
        let offset = written % frame.len();
        match stream.write(&frame.as_slice()[offset..]) {
            Ok(count) => (written, refused) = (written + count, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                refused += 1;
                std::thread::sleep(std::time::Duration::from_millis(4));
            }
            Err(error) => panic!("{error}"),
        }
        assert!(
            written < 1 << 30,
            "a gigabyte was taken without an octet having been read"
        );
    }
    stream.set_nonblocking(false).unwrap();
    // The rest of the frame under way is sent while the answers are read.
    let rest = &frame.as_slice()[written % frame.len()..];
    let messages = written / frame.len() + 1;
    std::thread::scope(|scope| {
        let mut writer = stream.try_clone().unwrap();
        scope.spawn(move || writer.write_all(rest).unwrap());
        let mut answer = vec![0; 4 + 60_000];
        for _ in 0..messages {
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(answer[..4], [0x82, 126, 0xea, 0x60]);
            assert!(answer[4..].iter().all(|&octet| octet == 42));
        }
    });
    assert_eq!(server.stop().messages, messages as u64);
}

#[test]
fn clients_that_vanish_make_room() {
    let server = Running::plain();
    for _ in 0..50 {
        let mut client: Client = server.client();
        client.send(Message::text("and gone")).unwrap();
        assert_eq!(client.read().unwrap(), Message::text("and gone"));
    }
    let mut last = server.client();
    assert_eq!(
        round_trip(&mut last, Message::text("x")),
        Message::text("x")
    );
    let stats = server.stop();
    assert_eq!((stats.connections, stats.messages), (51, 51));
    assert!(stats.peak_connections <= 51);
}

#[test]
fn several_threads_share_one_port() {
    let server = Running::start(|config| config.threads = 3);
    let mut clients: Vec<Client> = (0..30).map(|_| server.client()).collect();
    for (i, client) in clients.iter_mut().enumerate() {
        let message = Message::text(format!("client {i}"));
        assert_eq!(round_trip(client, message.clone()), message);
    }
    let stats = server.stop();
    assert_eq!(
        (stats.connections, stats.messages, stats.peak_connections),
        (30, 30, 30)
    );
}

/// Whoever has seen the server end its half may open the next connection: to the server, too, there
/// never were two at a time.
#[test]
fn a_successor_is_never_counted_beside_its_predecessor() {
    let server = Running::start(|config| config.threads = 3);
    // They are kept: their own half is open, and their sockets are still there.
    let mut predecessors = Vec::new();
    for number in 0..20 {
        let mut client = server.client();
        if number % 2 == 0 {
            client.close(None).unwrap();
        } else {
            // Not masked, so that the server closes, and discards what may still come.
            client.get_mut().write_all(b"\x81\x01x").unwrap();
        }
        client.get_mut().read_to_end(&mut Vec::new()).unwrap();
        predecessors.push(client);
    }
    let stats = server.stop();
    assert_eq!((stats.connections, stats.peak_connections), (20, 1));
}

#[test]
fn a_taken_port_is_refused_even_to_a_server_that_shares_its_own() {
    for threads in [1, 2] {
        let first = Running::start(|config| config.threads = threads);
        for others in [1, 2] {
            let config = Config {
                threads: others,
                ..Config::new(first.address)
            };
            let second = Server::bind(&config).map(|server| server.local_addr());
            assert!(
                matches!(second, Err(BindError::Listen { .. })),
                "{second:?}"
            );
        }
    }
}

#[test]
fn what_cannot_be_is_refused_before_the_run() {
    let plain = Config::new("127.0.0.1:0".parse().unwrap());
    let refused = |config: &Config| Server::bind(config).map(|_| ()).unwrap_err();
    let none = Config {
        threads: 0,
        ..plain.clone()
    };
    assert!(matches!(refused(&none), BindError::NoThreads));
    let no_core = Config {
        cpus: vec![1_000_000],
        ..plain.clone()
    };
    assert!(matches!(
        refused(&no_core),
        BindError::Pin { cpu: 1_000_000, .. }
    ));
    let second = std::time::Duration::from_secs(1);
    let endless = Config {
        calibration: Calibration {
            stall: Some(Stall {
                every: second,
                length: second,
            }),
            ..Calibration::default()
        },
        ..plain
    };
    assert!(matches!(refused(&endless), BindError::EndlessStall));
}

/// A client that asks for nothing, or for half of an upgrade, is not waited for.
#[test]
fn whoever_asks_for_nothing_is_dropped() {
    let server = Running::start(|config| {
        config.handshake_timeout = std::time::Duration::from_millis(200);
    });
    let (mut silent, mut half) = (server.connect(), server.connect());
    let mut client = server.client();
    half.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n").unwrap();
    for connection in [&mut silent, &mut half] {
        let mut rest = Vec::new();
        let ended = connection.read_to_end(&mut rest);
        assert!(rest.is_empty(), "{ended:?}");
    }
    assert_eq!(
        round_trip(&mut client, Message::text("a")),
        Message::text("a")
    );
    let stats = server.stop();
    assert_eq!(
        (stats.connections, stats.upgraded, stats.timed_out),
        (3, 1, 2)
    );
}

/// Messages that are begun and never ended take no more than was allowed, over all connections.
#[test]
fn messages_without_an_end_are_turned_away_and_the_others_served() {
    let server = Running::start(|config| {
        config.threads = 2;
        config.max_unfinished = 1 << 20;
    });
    let begun = |octets: usize| {
        let mut client = server.client();
        // Binary, no FIN, a length of 64 bits, a mask of nothing (RFC 6455 section 5.2).
        let mut frame = vec![0x02, 0xff];
        frame.extend_from_slice(&(1_u64 << 24).to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.resize(frame.len() + octets, 7);
        client.get_mut().write_all(&frame).unwrap();
        client
    };
    let _small = begun(100 << 10);
    let mut large = begun(3 << 20);
    match large.read() {
        Ok(Message::Close(Some(close))) => assert_eq!(u16::from(close.code), 1013, "{close:?}"),
        other => panic!("{other:?}"),
    }
    drop(large);
    let mut client = server.client();
    let whole = Message::binary(vec![1; 300 << 10]);
    assert_eq!(round_trip(&mut client, whole.clone()), whole);
    assert_eq!(server.stop().turned_away, 1);
}
