//! Both ends of an HTTP/2 connection of ours, in memory: what a server's stream reads and writes is
//! what a client's does, whatever the windows, and ends are told in order.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use wsbench_transport::http2::{
    Carrier, CarrierStanding, Channel, Http2Error, PREFACE, ServerConnection, ServerStream,
};

/// A connection, with the bytes that are under way.
struct World {
    carrier: Carrier,
    server: ServerConnection,
    there: VecDeque<u8>,
    back: VecDeque<u8>,
}

/// Takes no more than some bytes at a time, as a socket would.
fn some(bytes: &[u8], into: &mut VecDeque<u8>) -> io::Result<usize> {
    let len = bytes
        .len()
        .min((64 * 1024_usize).saturating_sub(into.len()));
    into.extend(&bytes[..len]);
    match len {
        0 => Err(ErrorKind::WouldBlock.into()),
        len => Ok(len),
    }
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            carrier: Carrier::new(),
            server: ServerConnection::new(),
            there: VecDeque::new(),
            back: VecDeque::new(),
        };
        world.turn();
        assert_eq!(world.carrier.standing(), CarrierStanding::Up);
        world
    }

    /// Lets both ends talk until neither has anything to say.
    fn turn(&mut self) {
        loop {
            self.carrier.turn();
            let _ = self.carrier.send(|bytes| some(bytes, &mut self.there));
            let there: Vec<u8> = self.there.drain(..).collect();
            self.server.receive(&there);
            self.server.turn();
            let _ = self.server.send(|bytes| some(bytes, &mut self.back));
            let back: Vec<u8> = self.back.drain(..).collect();
            self.carrier.receive(&back);
            if there.is_empty() && back.is_empty() {
                return;
            }
        }
    }

    /// Opens a WebSocket by these words.
    fn ask(&mut self, number: usize, head: &str) -> (Channel, Option<ServerStream>) {
        let mut channel = Channel::new();
        for piece in head.as_bytes().chunks(7) {
            let written = channel.write(piece, &mut self.carrier, number, false);
            assert_eq!(written.unwrap(), piece.len());
        }
        self.turn();
        (channel, self.server.accept(|| number))
    }

    /// Opens a WebSocket to the end of its handshake.
    fn open(&mut self, number: usize) -> (Channel, ServerStream) {
        let (mut channel, stream) = self.ask(number, &head(number));
        let mut stream = stream.unwrap();
        let request = read(|buffer| stream.read(buffer));
        let request = String::from_utf8(request).unwrap();
        let begun = format!("GET /{number} HTTP/1.1\r\nHost: h:81\r\nUpgrade: websocket\r\n");
        assert!(request.starts_with(&begun), "{request}");
        assert!(request.contains("\r\nx-a: b\r\n"), "{request}");
        let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                      Connection: Upgrade\r\nX-C: d\r\n\r\n";
        for piece in answer.as_bytes().chunks(5) {
            assert_eq!(stream.write(piece).unwrap(), piece.len());
        }
        self.turn();
        let answer = read(|buffer| channel.read(buffer));
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        assert!(answer.contains("\r\nx-c: d\r\n"), "{answer}");
        (channel, stream)
    }
}

fn head(number: usize) -> String {
    format!(
        "GET /{number} HTTP/1.1\r\nHost: h:81\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         X-A: b\r\n\r\n"
    )
}

/// What is there now.
fn read(mut from: impl FnMut(&mut [u8]) -> io::Result<usize>) -> Vec<u8> {
    let mut buffer = vec![0; 64 * 1024];
    let mut all = Vec::new();
    loop {
        match from(&mut buffer) {
            Ok(0) => return all,
            Ok(len) => all.extend_from_slice(&buffer[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn the_client_begins_with_the_preface() {
    let mut first = Vec::new();
    let mut carrier = Carrier::new();
    let sent = carrier.send(|bytes| {
        first.extend_from_slice(bytes);
        Ok(bytes.len())
    });
    sent.unwrap();
    assert!(first.starts_with(PREFACE));
}

#[test]
fn many_streams_carry_their_own_bytes_each_way() {
    let mut world = World::new();
    let mut pairs: Vec<_> = (0..50).map(|number| world.open(number)).collect();
    for (number, (channel, _)) in pairs.iter_mut().enumerate() {
        let words = format!("to {number}");
        channel
            .write(words.as_bytes(), &mut world.carrier, number, false)
            .unwrap();
    }
    world.turn();
    let mut woken = Vec::new();
    world.server.take_woken(&mut woken);
    woken.sort_unstable();
    woken.dedup();
    assert_eq!(woken, (0..50).collect::<Vec<_>>());
    for (number, (_, stream)) in pairs.iter_mut().enumerate() {
        assert_eq!(
            read(|buffer| stream.read(buffer)),
            format!("to {number}").as_bytes()
        );
        stream.write(format!("from {number}").as_bytes()).unwrap();
    }
    world.turn();
    for (number, (channel, _)) in pairs.iter_mut().enumerate() {
        assert_eq!(
            read(|buffer| channel.read(buffer)),
            format!("from {number}").as_bytes()
        );
    }
}

/// Nobody reads until the window is shut; then all of it comes, and the window opens again.
#[test]
fn a_server_that_does_not_read_is_sent_no_more_than_its_window() {
    let mut world = World::new();
    let (mut channel, mut stream) = world.open(0);
    let piece = vec![7; 100_000];
    let mut sent = 0;
    loop {
        match channel.write(&piece, &mut world.carrier, 0, false) {
            Ok(len) => sent += len,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                break;
            }
        }
        world.turn();
        assert!(sent < 64 << 20, "there is no window");
    }
    assert_eq!(sent, 4 << 20);
    assert_eq!(read(|buffer| stream.read(buffer)).len(), sent);
    assert!(world.server.wants_turn(), "the window is to be opened");
    world.turn();
    assert!(channel.write(&piece, &mut world.carrier, 0, false).is_ok());
}

#[test]
fn what_a_server_writes_waits_for_the_clients_window() {
    let mut world = World::new();
    let (mut channel, mut stream) = world.open(0);
    let all: Vec<u8> = (0..10_000_000_u32).map(|at| (at % 251) as u8).collect();
    let (mut written, mut received) = (0, Vec::new());
    let mut was_shut = false;
    while received.len() < all.len() {
        while written < all.len() {
            match stream.write(&all[written..]) {
                Ok(len) => written += len,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    was_shut = true;
                    break;
                }
            }
            world.turn();
        }
        received.extend(read(|buffer| channel.read(buffer)));
        world.turn();
    }
    assert!(was_shut);
    assert_eq!(received, all);
}

#[test]
fn each_end_hears_of_the_others() {
    let mut world = World::new();
    let (mut channel, mut stream) = world.open(0);
    stream.write(b"last words").unwrap();
    stream.shut_down();
    world.turn();
    assert_eq!(read(|buffer| channel.read(buffer)), b"last words");
    assert!(channel.has_ended());
    assert!(!stream.has_ended());
    channel.close();
    world.turn();
    assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
    assert!(stream.has_ended());
    // Dropped before the end, a stream is reset, on either side.
    let (mut channel, stream) = world.open(1);
    drop(stream);
    world.turn();
    let error = channel.read(&mut [0; 8]).unwrap_err();
    let inner = error.get_ref().unwrap().downcast_ref().unwrap();
    assert!(matches!(inner, Http2Error::Reset(_)), "{inner:?}");
    let (channel, mut stream) = world.open(2);
    drop(channel);
    world.turn();
    assert!(stream.read(&mut [0; 8]).is_err());
}

#[test]
fn a_server_that_leaves_says_so() {
    let mut world = World::new();
    let (mut channel, _stream) = world.open(0);
    world.server.leave();
    world.turn();
    assert!(world.server.is_over());
    world.carrier.end();
    world.carrier.turn();
    assert!(matches!(
        world.carrier.standing(),
        CarrierStanding::Over(Http2Error::GoAway(_))
    ));
    assert!(channel.read(&mut [0; 8]).is_err());
}

/// A refusal has a head and ends; one that is no HTTP is told as an error.
#[test]
fn answers_that_refuse_arrive_as_they_were_meant() {
    let mut world = World::new();
    let (mut channel, stream) = world.ask(0, &head(0));
    let mut stream = stream.unwrap();
    let refusal = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno";
    let head_len = stream.write(refusal).unwrap();
    assert_eq!(stream.write(&refusal[head_len..]).unwrap(), 2);
    stream.shut_down();
    world.turn();
    let told = read(|buffer| channel.read(buffer));
    let told = String::from_utf8(told).unwrap();
    assert!(told.starts_with("HTTP/1.1 503 "), "{told}");
    assert!(told.ends_with("\r\n\r\nno"), "{told}");
    let (_, stream) = world.ask(1, &head(1));
    assert!(stream.unwrap().write(b"\x00\x01no HTTP\r\n\r\n").is_err());
}
