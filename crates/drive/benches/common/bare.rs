//! What bare loops do, which the instrument is held beside: they move bytes over `mio` and look at
//! none of them.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use wsbench_drive::host;
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{ClientHandshake, Request};

use crate::common;

/// Octets that are here; `None` when there are none.
pub(crate) fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> Option<usize> {
    match stream.read(buffer) {
        Ok(count) => Some(count),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}

/// Writes all, at the cost of spinning where the socket is full.
pub(crate) fn write_all(stream: &mut TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn upgrade_request() -> FrameBuffer {
    let mut request = FrameBuffer::new();
    let parts = Request {
        authority: "127.0.0.1",
        resource: "/",
        headers: &[],
        subprotocols: &[],
        origin: None,
    };
    ClientHandshake::new([7; 16]).push_request(&parts, &mut request);
    request
}

pub(crate) fn connect_and_upgrade(address: SocketAddr) -> TcpStream {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(upgrade_request().as_slice()).unwrap();
    let lines = BufReader::new(&stream).lines();
    assert!(lines.map(Result::unwrap).any(|line| line.is_empty()));
    stream.set_nonblocking(true).unwrap();
    TcpStream::from_std(stream)
}

/// Opens connections with a bare non-blocking loop, upgrades them, and holds them.
pub(crate) fn hold(count: usize) {
    host::pin_thread(0);
    host::raise_descriptor_limit();
    let address = common::server_address();
    let request = upgrade_request();
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 4096];
    let mut streams: Vec<TcpStream> = Vec::new();
    let (mut asked, mut upgraded) = (vec![false; count], 0);
    while upgraded < count {
        while streams.len() < count && streams.len() < upgraded + 128 {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut stream, Token(streams.len()), interest)
                .unwrap();
            streams.push(stream);
        }
        poll.poll(&mut events, None).unwrap();
        for event in &events {
            let index = event.token().0;
            if !asked[index] && event.is_writable() {
                asked[index] = true;
                write_all(&mut streams[index], request.as_slice());
            } else if let Some(read) = read(&mut streams[index], &mut buffer) {
                assert!(buffer[..read].ends_with(b"\r\n\r\n"));
                upgraded += 1;
            }
        }
    }
    common::tell();
}
