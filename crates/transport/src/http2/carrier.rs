//! One HTTP/2 connection that carries WebSockets.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::Ping;
use h2::client::{Builder, Connection, SendRequest};

use super::bell::Bells;
use super::error::Http2Error;
use super::pipe::Pipe;
use super::socket::Socket;
use super::{CONNECTION_WINDOW, STREAM_WINDOW, gateway};

/// More than this is not kept for `h2` to take.
const UNREAD_AT_MOST: usize = 2 * CONNECTION_WINDOW as usize;
/// Beginning of an HTTP/1.1 server's answer to the preface.
const HTTP_1: &[u8] = b"HTTP/1.";

type Made = Result<(SendRequest<Bytes>, Connection<Pipe, Bytes>), h2::Error>;
type Answered = Pin<Box<dyn Future<Output = Result<(), h2::Error>> + Send>>;

/// One connection. The caller gives it what came ([`Carrier::receive`]), lets it take its turn
/// ([`Carrier::turn`]), sends what it has to say ([`Carrier::send`]) and looks whom to go to
/// ([`Carrier::take_woken`]).
pub struct Carrier {
    pipe: Pipe,
    bells: Arc<Bells>,
    state: State,
    /// The first octets that came, to tell who does not speak HTTP/2.
    first: Vec<u8>,
}

enum State {
    /// The server's settings have not come: they are known to have come once it answers a ping,
    /// for they are the first that it says (RFC 9113 section 3.4).
    Settling(Lines, Answered),
    Up(Lines),
    Over(Http2Error),
}

struct Lines {
    requests: SendRequest<Bytes>,
    connection: Connection<Pipe, Bytes>,
}

impl Lines {
    /// Why no further stream may be opened, where that is so.
    fn refusal(&self) -> Option<Http2Error> {
        let mut context = Context::from_waker(Waker::noop());
        match self.requests.clone().poll_ready(&mut context) {
            Poll::Ready(Err(error)) => Some(error.into()),
            Poll::Ready(Ok(())) | Poll::Pending => None,
        }
    }
}

/// Standing of a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierStanding<'a> {
    /// The server's settings are awaited.
    Settling,
    /// It carries WebSockets, as many as [`Carrier::streams`] says.
    Up,
    /// It carries nothing any more.
    Over(&'a Http2Error),
}

impl Carrier {
    /// A connection over which nothing has been said. Begin with [`Carrier::send`].
    #[must_use]
    pub fn new() -> Self {
        let pipe = Pipe::default();
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            // Clients that hang up early are no attack of the server's.
            .max_local_error_reset_streams(None);
        let mut making = std::pin::pin!(builder.handshake::<_, Bytes>(pipe.clone()));
        // It only writes, and the pipe takes that at once.
        let made: Poll<Made> = making
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let state = match made {
            Poll::Ready(Ok((requests, mut connection))) => {
                let pings = connection.ping_pong();
                let answered = async move {
                    let mut pings = pings.expect("nobody has taken it before");
                    pings.ping(Ping::opaque()).await.map(drop)
                };
                let lines = Lines {
                    requests,
                    connection,
                };
                State::Settling(lines, Box::pin(answered))
            }
            Poll::Ready(Err(error)) => State::Over(error.into()),
            Poll::Pending => State::Over(Http2Error::Cut),
        };
        let mut carrier = Self {
            pipe,
            bells: Arc::default(),
            state,
            first: Vec::new(),
        };
        carrier.turn();
        carrier
    }

    /// These bytes have come.
    pub fn receive(&mut self, bytes: &[u8]) {
        if self.first.len() < HTTP_1.len() {
            let missing = HTTP_1.len() - self.first.len();
            self.first.extend(bytes.iter().take(missing));
        }
        self.pipe.receive(bytes);
    }

    /// The end of the stream has come.
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
        let (State::Settling(lines, _) | State::Up(lines)) = &mut self.state else {
            return false;
        };
        let over = match Pin::new(&mut lines.connection).poll(&mut context) {
            Poll::Pending => None,
            // In order, as far as it knows: with a GOAWAY before, or without.
            Poll::Ready(Ok(())) => Some(match lines.refusal() {
                Some(error @ Http2Error::GoAway(_)) => error,
                _ => Http2Error::Cut,
            }),
            Poll::Ready(Err(error)) => Some(error.into()),
        };
        if let Some(error) = over {
            self.state = State::Over(if self.first == HTTP_1 {
                Http2Error::Http1
            } else {
                error
            });
            return false;
        }
        if let State::Settling(_, answered) = &mut self.state {
            match answered.as_mut().poll(&mut context) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => self.settle(),
                Poll::Ready(Err(error)) => self.state = State::Over(error.into()),
            }
        }
        // As by the first poll of the ping, which has made one that is to be sent.
        self.bells.take_connection()
    }

    fn settle(&mut self) {
        let settling = std::mem::replace(&mut self.state, State::Over(Http2Error::NoWebSockets));
        if let State::Settling(lines, _) = settling
            && lines.requests.is_extended_connect_protocol_enabled()
        {
            self.state = State::Up(lines);
        }
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

    /// Appends the numbers of the sockets that can be gone on with, and forgets them.
    pub fn take_woken(&mut self, into: &mut Vec<usize>) {
        self.bells.take_sockets(into);
    }

    /// Standing of it.
    #[must_use]
    pub fn standing(&self) -> CarrierStanding<'_> {
        match &self.state {
            State::Settling(..) => CarrierStanding::Settling,
            State::Up(_) => CarrierStanding::Up,
            State::Over(error) => CarrierStanding::Over(error),
        }
    }

    /// As many WebSockets at a time as the server allows (`SETTINGS_MAX_CONCURRENT_STREAMS`); none
    /// while its settings are awaited.
    ///
    /// # Errors
    /// It takes no further ones: the server is about to leave (GOAWAY), whatever becomes of those
    /// that are there; or it is over.
    pub fn streams(&self) -> Result<usize, Http2Error> {
        match &self.state {
            State::Settling(..) => Ok(0),
            State::Up(lines) => match lines.refusal() {
                Some(error) => Err(error),
                None => Ok(lines.requests.current_max_send_streams()),
            },
            State::Over(error) => Err(error.clone()),
        }
    }

    /// True if the server has sent more than its windows let it, or what is not read is never
    /// answered: it is not worth the memory.
    #[must_use]
    pub fn is_flooded(&self) -> bool {
        self.pipe.unread() > UNREAD_AT_MOST
    }

    /// Asks for a WebSocket, with the head that would open it over HTTP/1.1. `number` is what
    /// [`Carrier::take_woken`] calls it.
    ///
    /// # Errors
    /// The carrier is not up, or the head cannot be put into a request.
    pub fn open(
        &mut self,
        number: usize,
        head: &[u8],
        is_secure: bool,
    ) -> Result<Socket, Http2Error> {
        let lines = match &mut self.state {
            State::Up(lines) => lines,
            State::Settling(..) => return Err(Http2Error::NoWebSockets),
            State::Over(error) => return Err(error.clone()),
        };
        let asked = gateway::request(head, is_secure)?;
        // A copy, which keeps no stream alive that has to wait for its turn (`h2` keeps the last).
        let mut requests = lines.requests.clone();
        let ends = requests
            .send_request(asked.request, false)
            .map_err(|error| {
                let is_theirs = error.is_io() || error.is_go_away() || error.is_reset();
                if is_theirs {
                    error.into()
                } else {
                    Http2Error::Request(error.to_string())
                }
            })?;
        let waker = self.bells.of_socket(number);
        Ok(Socket::new(waker, asked.key, ends))
    }
}

impl Default for Carrier {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let standing = self.standing();
        f.debug_struct("Carrier")
            .field("standing", &standing)
            .finish_non_exhaustive()
    }
}
