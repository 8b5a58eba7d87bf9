//! The server's end of one HTTP/2 connection that carries WebSockets (RFC 8441), and of its streams.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future as _;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::server::{Builder, Connection, Handshake, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::Request;
use wsbench_wire::handshake::MAX_HEAD;

use super::bell::Bells;
use super::error::Http2Error;
use super::pipe::Pipe;
use super::socket::{fill, push};
use super::{CONNECTION_WINDOW, STREAM_WINDOW, gateway};

/// Preface with which a client of HTTP/2 begins, whatever its version of TLS agreed upon (RFC 9113
/// section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// WebSockets that a client may have on one connection at a time.
const STREAMS: u32 = 1_000;
/// End of the head of an answer.
const BLANK_LINE: &[u8] = b"\r\n\r\n";

type Asked = (Request<RecvStream>, SendResponse<Bytes>);

/// One connection. The caller gives it what came ([`ServerConnection::receive`], the preface
/// included), lets it take its turn ([`ServerConnection::turn`]), takes the streams that have come
/// ([`ServerConnection::accept`]), goes on with those that it names
/// ([`ServerConnection::take_woken`]), and sends what it has to say ([`ServerConnection::send`]).
pub struct ServerConnection {
    pipe: Pipe,
    bells: Arc<Bells>,
    state: State,
    asked: VecDeque<Asked>,
}

enum State {
    Beginning(Pin<Box<Handshake<Pipe, Bytes>>>),
    Up(Box<Connection<Pipe, Bytes>>),
    Over,
}

impl ServerConnection {
    /// A connection over which nothing has been said.
    #[must_use]
    pub fn new() -> Self {
        let pipe = Pipe::default();
        let mut builder = Builder::new();
        builder
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_concurrent_streams(STREAMS)
            .enable_connect_protocol();
        let handshake = builder.handshake(pipe.clone());
        Self {
            pipe,
            bells: Arc::default(),
            state: State::Beginning(Box::pin(handshake)),
            asked: VecDeque::new(),
        }
    }

    /// These bytes have come.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.pipe.receive(bytes);
    }

    /// The end of the connection below has come.
    pub fn end(&mut self) {
        self.pipe.end();
    }

    /// Does what there is to do: reads what has come, makes ready what is to be sent.
    pub fn turn(&mut self) {
        while self.step() {}
    }

    /// One poll of all there is; says whether that has made for another.
    fn step(&mut self) -> bool {
        self.bells.take_connection();
        let waker = self.bells.of_connection();
        let mut context = Context::from_waker(&waker);
        match &mut self.state {
            State::Beginning(handshake) => match handshake.as_mut().poll(&mut context) {
                Poll::Pending => {}
                Poll::Ready(Ok(connection)) => {
                    self.state = State::Up(Box::new(connection));
                    return true;
                }
                Poll::Ready(Err(_)) => self.state = State::Over,
            },
            State::Up(connection) => {
                let is_over = loop {
                    match pin!(connection.accept()).poll(&mut context) {
                        Poll::Pending => break false,
                        Poll::Ready(Some(Ok(asked))) => self.asked.push_back(asked),
                        Poll::Ready(Some(Err(_)) | None) => break true,
                    }
                };
                if is_over {
                    self.state = State::Over;
                }
            }
            State::Over => return false,
        }
        self.bells.take_connection()
    }

    /// Gives what is to be sent to `write`, until nothing is left or it fails, and goes on with what
    /// had no room meanwhile.
    ///
    /// # Errors
    /// Those of `write`; what it has not taken is kept.
    pub fn send(&mut self, mut write: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        loop {
            let was_full = self.pipe.is_full();
            self.pipe.send(&mut write)?;
            if !was_full {
                return Ok(());
            }
            self.turn();
        }
    }

    /// True if something has come up that wants a turn, such as windows to be opened again.
    #[must_use]
    pub fn wants_turn(&self) -> bool {
        self.bells.take_connection()
    }

    /// Appends the numbers of the streams that can be gone on with, and forgets them.
    pub fn take_woken(&mut self, into: &mut Vec<usize>) {
        self.bells.take_sockets(into);
    }

    /// The next stream that a client has opened; `number` is given for each, and is what
    /// [`ServerConnection::take_woken`] calls it.
    pub fn accept(&mut self, number: impl FnOnce() -> usize) -> Option<ServerStream> {
        let (request, respond) = self.asked.pop_front()?;
        let waker = self.bells.of_socket(number());
        Some(ServerStream::new(waker, request, respond))
    }

    /// Tells the client that this is the end (GOAWAY without an error): its streams are over, and
    /// none of them for a fault.
    pub fn leave(&mut self) {
        if let State::Up(connection) = &mut self.state {
            connection.abrupt_shutdown(Reason::NO_ERROR);
        }
        self.turn();
    }

    /// True if it carries nothing any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl Default for ServerConnection {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ServerConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConnection")
            .field("is_over", &self.is_over())
            .finish_non_exhaustive()
    }
}

/// One stream, read and written like a connection of HTTP/1.1 that does not block: first comes the
/// head of a request to upgrade, and what is written first is the head of the answer to it. Dropped
/// before both ends have ended it, it is reset (CANCEL), as a TCP connection would be.
#[derive(Debug)]
pub struct ServerStream {
    waker: Waker,
    sending: Sending,
    receiving: RecvStream,
    /// Bytes that have come and have not been read.
    inbox: Bytes,
    /// The client has ended its side, or the stream.
    is_over: bool,
}

#[derive(Debug)]
enum Sending {
    /// The head of the answer, as far as it was written.
    Answering(SendResponse<Bytes>, Vec<u8>),
    Open(SendStream<Bytes>),
}

impl ServerStream {
    fn new(waker: Waker, request: Request<RecvStream>, respond: SendResponse<Bytes>) -> Self {
        let (parts, receiving) = request.into_parts();
        Self {
            waker,
            sending: Sending::Answering(respond, Vec::new()),
            receiving,
            inbox: gateway::request_head(&parts),
            is_over: false,
        }
    }

    /// Reads until the buffer is full or nothing is there; zero is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there now; its number is rung for when there is. Others are
    /// final, with an [`Http2Error`] within.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self {
            waker,
            receiving,
            inbox,
            is_over,
            ..
        } = self;
        fill(inbox, buffer, || {
            let mut context = Context::from_waker(waker);
            let piece = match receiving.poll_data(&mut context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => None,
                Poll::Ready(Some(piece)) => Some(piece.and_then(|piece| {
                    receiving.flow_control().release_capacity(piece.len())?;
                    Ok(piece)
                })),
            };
            *is_over |= !matches!(piece, Some(Ok(_)));
            Poll::Ready(piece.map(|piece| piece.map_err(Http2Error::from)))
        })
    }

    /// Hands over what the windows of HTTP/2 let through; the connection takes its turn afterwards.
    ///
    /// # Errors
    /// `WouldBlock` when they let nothing through; its number is rung for when they do, or when the
    /// stream is over. Others are final, with an [`Http2Error`] within.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sending {
            Sending::Open(sending) => push(sending, &self.waker, bytes),
            Sending::Answering(respond, head) => {
                let had = head.len();
                head.extend_from_slice(bytes);
                let blank = head
                    .windows(BLANK_LINE.len())
                    .position(|it| it == BLANK_LINE);
                let Some(end) = blank.map(|at| at + BLANK_LINE.len()) else {
                    if head.len() > MAX_HEAD {
                        return Err(ErrorKind::InvalidData.into());
                    }
                    return Ok(bytes.len());
                };
                let answer = gateway::answer(&head[..end]).map_err(io::Error::other)?;
                let sending = respond.send_response(answer, false);
                let sending = sending.map_err(|error| io::Error::other(Http2Error::from(error)))?;
                self.sending = Sending::Open(sending);
                Ok(end - had)
            }
        }
    }

    /// Ends our side of it, or all of it where nothing was answered.
    pub fn shut_down(&mut self) {
        match &mut self.sending {
            Sending::Answering(respond, _) => respond.send_reset(Reason::CANCEL),
            // Whether that arrives is no matter.
            Sending::Open(sending) => drop(sending.send_data(Bytes::new(), true)),
        }
    }

    /// True if the client's end of it has been read.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.is_over
    }
}
