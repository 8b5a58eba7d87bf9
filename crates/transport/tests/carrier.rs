//! A carrier against the server of `h2`, in memory, polled by hand: what goes in comes out, whatever
//! the windows, and every way in which it ends has its name.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::server::{Builder, Connection, Handshake};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use wsbench_transport::http2::{Carrier, CarrierStanding, Http2Error, Socket};
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{self, ClientHandshake};

/// What the server is told to do.
#[derive(Clone, Copy)]
struct Manners {
    takes_websockets: bool,
    status: StatusCode,
    /// Its window for each stream, octets.
    window: u32,
    streams: u32,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            takes_websockets: true,
            status: StatusCode::OK,
            window: 65_535,
            streams: 100,
        }
    }
}

/// The server's end: echoes whatever comes on each stream.
struct Server {
    handshake: Option<Pin<Box<Handshake<DuplexStream, Bytes>>>>,
    connection: Option<Connection<DuplexStream, Bytes>>,
    manners: Manners,
    asked: Vec<Request<()>>,
    streams: Vec<Stream>,
}

struct Stream {
    incoming: RecvStream,
    outgoing: SendStream<Bytes>,
    /// What of the client is not echoed yet.
    owed: Vec<u8>,
    /// How the client's side ended.
    ended: Option<Result<(), Reason>>,
}

impl Server {
    fn new(manners: Manners, wire: DuplexStream) -> Self {
        let mut builder = Builder::new();
        builder
            .initial_window_size(manners.window)
            .max_concurrent_streams(manners.streams);
        if manners.takes_websockets {
            builder.enable_connect_protocol();
        }
        Self {
            handshake: Some(Box::pin(builder.handshake(wire))),
            connection: None,
            manners,
            asked: Vec::new(),
            streams: Vec::new(),
        }
    }

    fn turn(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        if let Some(handshake) = &mut self.handshake {
            match handshake.as_mut().poll(&mut context) {
                Poll::Pending => return,
                Poll::Ready(made) => {
                    self.handshake = None;
                    self.connection = made.ok();
                }
            }
        }
        let Some(connection) = &mut self.connection else {
            return;
        };
        while let Poll::Ready(Some(Ok((request, mut respond)))) =
            connection.poll_accept(&mut context)
        {
            let (head, incoming) = request.into_parts();
            self.asked.push(Request::from_parts(head, ()));
            let refuses = self.manners.status != StatusCode::OK;
            let answer = Response::builder()
                .status(self.manners.status)
                .body(())
                .unwrap();
            let outgoing = respond.send_response(answer, refuses).unwrap();
            self.streams.push(Stream {
                incoming,
                outgoing,
                owed: Vec::new(),
                ended: None,
            });
        }
        for stream in &mut self.streams {
            stream.echo(&mut context);
        }
        // What the echoes have made is written by one more poll.
        let _ = connection.poll_accept(&mut context);
    }
}

impl Stream {
    fn echo(&mut self, context: &mut Context<'_>) {
        while self.ended.is_none() {
            match self.incoming.poll_data(context) {
                Poll::Pending => break,
                Poll::Ready(None) => self.ended = Some(Ok(())),
                Poll::Ready(Some(Ok(bytes))) => {
                    let flow = self.incoming.flow_control();
                    flow.release_capacity(bytes.len()).unwrap();
                    self.owed.extend_from_slice(&bytes);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.ended = Some(Err(error.reason().unwrap_or(Reason::NO_ERROR)));
                }
            }
        }
        if self.owed.is_empty() {
            return;
        }
        self.outgoing.reserve_capacity(self.owed.len());
        let _ = self.outgoing.poll_capacity(context);
        let len = self.outgoing.capacity().min(self.owed.len());
        if len > 0 {
            let bytes: Bytes = self.owed.drain(..len).collect();
            self.outgoing.send_data(bytes, false).unwrap();
        }
    }
}

/// Both ends, and the wire between them.
struct World {
    carrier: Carrier,
    wire: DuplexStream,
    server: Server,
}

impl World {
    fn new(manners: Manners) -> Self {
        let (wire, far) = tokio::io::duplex(16 * 1024);
        let mut world = Self {
            carrier: Carrier::new(),
            wire,
            server: Server::new(manners, far),
        };
        world.turns(20);
        world
    }

    fn turns(&mut self, turns: u32) {
        for _ in 0..turns {
            self.turn();
        }
    }

    fn turn(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        self.carrier.turn();
        let wire = &mut self.wire;
        let sent =
            self.carrier.send(
                |bytes| match Pin::new(&mut *wire).poll_write(&mut context, bytes) {
                    Poll::Ready(written) => written,
                    Poll::Pending => Err(ErrorKind::WouldBlock.into()),
                },
            );
        assert!(sent.is_ok() || sent.is_err_and(|it| it.kind() == ErrorKind::WouldBlock));
        self.server.turn();
        let mut space = [0; 4096];
        let mut buffer = ReadBuf::new(&mut space);
        let read = Pin::new(&mut self.wire).poll_read(&mut context, &mut buffer);
        match read {
            Poll::Pending => {}
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => self.carrier.end(),
            Poll::Ready(Ok(())) => self.carrier.receive(buffer.filled()),
            Poll::Ready(Err(error)) => panic!("{error}"),
        }
        self.carrier.turn();
    }

    fn open(&mut self, number: usize) -> Socket {
        let head = head();
        self.carrier.open(number, &head, false).unwrap()
    }

    /// Reads until so much is there, in so many turns at most.
    fn read(&mut self, socket: &mut Socket, len: usize) -> Vec<u8> {
        let mut got = Vec::new();
        let mut buffer = [0; 1000];
        for _ in 0..10_000 {
            match socket.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => got.extend_from_slice(&buffer[..len]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.turn(),
                Err(error) => panic!("{error}"),
            }
            if got.len() >= len {
                break;
            }
        }
        got
    }

    /// Reads the answer to the handshake to its end.
    fn read_head(&mut self, socket: &mut Socket) -> Vec<u8> {
        self.turns(5);
        let mut buffer = [0; 2000];
        let len = socket.read(&mut buffer).unwrap();
        buffer[..len].to_vec()
    }
}

fn handshake() -> ClientHandshake {
    ClientHandshake::new([7; 16])
}

fn head() -> Vec<u8> {
    let mut out = FrameBuffer::new();
    let request = handshake::Request {
        authority: "example.com:81",
        resource: "/chat?room=1",
        headers: &[("X-Tenant".to_owned(), "7".to_owned())],
        subprotocols: &["v1".to_owned()],
        origin: Some("https://example.com"),
    };
    handshake().push_request(&request, &mut out);
    out.as_slice().to_vec()
}

fn http2(error: &io::Error) -> Http2Error {
    let inner = error.get_ref().and_then(|it| it.downcast_ref());
    inner.cloned().unwrap_or_else(|| panic!("{error}"))
}

#[test]
fn the_handshake_is_an_extended_connect_and_its_answer_a_101() {
    let mut world = World::new(Manners::default());
    assert_eq!(world.carrier.standing(), CarrierStanding::Up);
    assert_eq!(world.carrier.streams(), Ok(100));
    let mut socket = world.open(3);
    let answer = world.read_head(&mut socket);
    let upgraded = handshake().read_response(&answer, &["v1".to_owned()]);
    assert_eq!(upgraded.unwrap().unwrap().consumed, answer.len());
    let asked = &world.server.asked[0];
    assert_eq!(asked.method(), http::Method::CONNECT);
    assert_eq!(asked.uri().to_string(), "http://example.com:81/chat?room=1");
    let protocol = asked.extensions().get::<h2::ext::Protocol>().unwrap();
    assert_eq!(protocol.as_str(), "websocket");
    let mut names: Vec<&str> = asked
        .headers()
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    names.sort_unstable();
    let wanted = [
        "origin",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "x-tenant",
    ];
    assert_eq!(names, wanted, "nothing of the connection, and no key");
}

#[test]
fn what_is_written_comes_back_whatever_the_windows() {
    let mut world = World::new(Manners {
        window: 1_000,
        ..Manners::default()
    });
    let mut sockets = [world.open(0), world.open(1)];
    for socket in &mut sockets {
        assert!(world.read_head(socket).starts_with(b"HTTP/1.1 101"));
    }
    let sent: [Vec<u8>; 2] =
        [3, 5].map(|step: u32| (0..300_000_u32).map(|at| (at * step % 251) as u8).collect());
    let mut written = [0; 2];
    let mut received = [Vec::new(), Vec::new()];
    let mut was_blocked = false;
    let mut buffer = [0; 1500];
    while received[0].len() < sent[0].len() || received[1].len() < sent[1].len() {
        for (at, socket) in sockets.iter_mut().enumerate() {
            while written[at] < sent[at].len() {
                match socket.write(&sent[at][written[at]..]) {
                    Ok(len) => written[at] += len,
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::WouldBlock);
                        was_blocked = true;
                        break;
                    }
                }
            }
            while let Ok(len) = socket.read(&mut buffer) {
                received[at].extend_from_slice(&buffer[..len]);
            }
        }
        world.turn();
    }
    assert!(was_blocked, "the server's windows hold the writer back");
    assert!(received == sent, "each socket has its own bytes back");
}

#[test]
fn who_is_woken_is_who_has_something_to_read() {
    let mut world = World::new(Manners::default());
    let mut sockets = [world.open(4), world.open(9)];
    for socket in &mut sockets {
        world.read_head(socket);
        assert!(socket.read(&mut [0; 10]).is_err(), "nothing more");
    }
    let mut woken = Vec::new();
    world.carrier.take_woken(&mut woken);
    woken.clear();
    sockets[1].write(b"hello").unwrap();
    world.turns(3);
    world.carrier.take_woken(&mut woken);
    assert_eq!(woken, [9]);
    assert_eq!(world.read(&mut sockets[1], 5), b"hello");
}

#[test]
fn a_refusal_is_one_of_http_1() {
    let mut world = World::new(Manners {
        status: StatusCode::FORBIDDEN,
        ..Manners::default()
    });
    let mut socket = world.open(0);
    let answer = world.read_head(&mut socket);
    assert!(answer.starts_with(b"HTTP/1.1 403 Forbidden\r\n"));
    assert!(answer.ends_with(b"\r\n\r\n"));
}

#[test]
fn a_server_without_websockets_is_named() {
    let world = World::new(Manners {
        takes_websockets: false,
        ..Manners::default()
    });
    let over = CarrierStanding::Over(&Http2Error::NoWebSockets);
    assert_eq!(world.carrier.standing(), over);
}

#[test]
fn as_many_streams_as_the_server_allows_are_known() {
    let world = World::new(Manners {
        streams: 7,
        ..Manners::default()
    });
    assert_eq!(world.carrier.streams(), Ok(7));
}

#[test]
fn a_server_of_http_1_is_named() {
    let mut carrier = Carrier::new();
    carrier.receive(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    carrier.end();
    carrier.turn();
    assert_eq!(
        carrier.standing(),
        CarrierStanding::Over(&Http2Error::Http1)
    );
    let mut carrier = Carrier::new();
    carrier.receive(b"SSH-2.0-OpenSSH_9.2p1 and something more\r\n");
    carrier.turn();
    let CarrierStanding::Over(Http2Error::Violation(_)) = carrier.standing() else {
        panic!("{:?}", carrier.standing());
    };
}

#[test]
fn a_connection_that_is_cut_ends_all_that_is_on_it() {
    let mut world = World::new(Manners::default());
    let mut socket = world.open(0);
    world.read_head(&mut socket);
    world.carrier.end();
    world.carrier.turn();
    assert_eq!(
        world.carrier.standing(),
        CarrierStanding::Over(&Http2Error::Cut)
    );
    let error = socket.read(&mut [0; 10]).unwrap_err();
    assert_eq!(http2(&error), Http2Error::Cut);
}

#[test]
fn a_goaway_is_named_with_its_reason() {
    let mut world = World::new(Manners::default());
    let mut socket = world.open(0);
    world.read_head(&mut socket);
    let connection = world.server.connection.as_mut().unwrap();
    connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
    world.turns(5);
    let CarrierStanding::Over(Http2Error::GoAway(reason)) = world.carrier.standing() else {
        panic!("{:?}", world.carrier.standing());
    };
    assert!(!reason.is_empty());
}

#[test]
fn a_reset_stream_is_told_from_one_that_ended() {
    let mut world = World::new(Manners::default());
    let mut sockets = [world.open(0), world.open(1)];
    for socket in &mut sockets {
        world.read_head(socket);
    }
    world.server.streams[0]
        .outgoing
        .send_reset(Reason::INTERNAL_ERROR);
    world.server.streams[1]
        .outgoing
        .send_data(Bytes::from_static(b"bye"), true)
        .unwrap();
    world.turns(5);
    let error = sockets[0].read(&mut [0; 10]).unwrap_err();
    assert!(matches!(http2(&error), Http2Error::Reset(_)), "{error}");
    assert_eq!(sockets[1].read(&mut [0; 10]).unwrap(), 3);
    assert!(sockets[1].has_ended());
    assert_eq!(sockets[1].read(&mut [0; 10]).unwrap(), 0);
}

#[test]
fn an_end_behind_data_is_known_with_it() {
    let mut world = World::new(Manners::default());
    let mut sockets = [world.open(0), world.open(1)];
    for socket in &mut sockets {
        world.read_head(socket);
    }
    let [reset, trailed] = &mut world.server.streams[..] else {
        panic!("two streams");
    };
    let last = Bytes::from_static(b"last");
    reset.outgoing.send_data(last.clone(), false).unwrap();
    trailed.outgoing.send_data(last, false).unwrap();
    trailed
        .outgoing
        .send_trailers(http::HeaderMap::new())
        .unwrap();
    world.turns(3);
    world.server.streams[0].outgoing.send_reset(Reason::CANCEL);
    world.turns(3);
    for socket in &mut sockets {
        // Nobody is woken for what came behind; whoever reads has to be told to go on.
        let mut buffer = [0; 100];
        assert_eq!(socket.read(&mut buffer).unwrap(), 4);
        assert!(socket.has_ended());
    }
    let [mut reset, mut trailed] = sockets;
    let error = reset.read(&mut [0; 10]).unwrap_err();
    assert!(matches!(http2(&error), Http2Error::Reset(_)), "{error}");
    assert_eq!(trailed.read(&mut [0; 10]).unwrap(), 0);
}

#[test]
fn a_server_about_to_leave_keeps_what_is_there_and_takes_no_more() {
    let mut world = World::new(Manners::default());
    let mut socket = world.open(0);
    world.read_head(&mut socket);
    let connection = world.server.connection.as_mut().unwrap();
    connection.graceful_shutdown();
    world.turns(10);
    assert_eq!(world.carrier.standing(), CarrierStanding::Up);
    let refused = world.carrier.streams().unwrap_err();
    assert!(matches!(refused, Http2Error::GoAway(_)), "{refused}");
    socket.write(b"still here").unwrap();
    assert_eq!(world.read(&mut socket, 10), b"still here");
}

#[test]
fn a_request_that_is_none_is_our_own_fault() {
    let mut world = World::new(Manners::default());
    let head = b"GET / HTTP/1.1\r\nHost: a\r\nTE: gzip\r\n\r\n";
    let refused = world.carrier.open(0, head, false).unwrap_err();
    assert!(matches!(refused, Http2Error::Request(_)), "{refused}");
}

#[test]
fn a_stream_that_fills_the_limit_is_reset_when_it_is_dropped() {
    let mut world = World::new(Manners {
        streams: 1,
        ..Manners::default()
    });
    let mut socket = world.open(0);
    world.read_head(&mut socket);
    drop(socket);
    world.turns(5);
    assert_eq!(world.server.streams[0].ended, Some(Err(Reason::CANCEL)));
}

#[test]
fn what_was_ended_by_the_server_is_closed_in_order_and_else_reset() {
    let mut world = World::new(Manners::default());
    let mut sockets = [world.open(0), world.open(1)];
    for socket in &mut sockets {
        world.read_head(socket);
    }
    let ending = &mut world.server.streams[0].outgoing;
    ending.send_data(Bytes::new(), true).unwrap();
    world.turns(5);
    let [mut ended, open] = sockets;
    assert_eq!(ended.read(&mut [0; 10]).unwrap(), 0);
    ended.close();
    open.close();
    world.turns(5);
    let seen: Vec<_> = world.server.streams.iter().map(|it| it.ended).collect();
    assert_eq!(seen, [Some(Ok(())), Some(Err(Reason::CANCEL))]);
}

#[test]
fn a_head_that_is_none_is_refused() {
    let mut world = World::new(Manners::default());
    for head in [
        &b"nothing\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let refused = world.carrier.open(0, head, false).unwrap_err();
        assert!(matches!(refused, Http2Error::Request(_)), "{refused}");
    }
}
