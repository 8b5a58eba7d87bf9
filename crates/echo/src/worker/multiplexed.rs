//! WebSockets on HTTP/2 connections (RFC 8441): each stream is a peer like any other, whose carrier
//! has its turn after it.

use std::io::{self, ErrorKind, Read as _};
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Interest, Token};
use socket2::SockRef;
use wsbench_transport::http2::ServerConnection;
use wsbench_transport::link::Link;

use super::EventLoop;
use crate::answering::Answering;
use crate::census::Presence;
use crate::conduit::Conduit;
use crate::fate::Fate;
use crate::pace::Pace;

/// Full reads of one connection in a row, before others have their turn.
const READS_IN_A_ROW: usize = 8;
/// Time that clients have to close once they were told to, at most.
const FAREWELL: Duration = Duration::from_secs(1);
/// Pause before the next look at whether they have.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// One HTTP/2 connection.
pub(super) struct Http2Connection<M> {
    /// First, so that the connection leaves the count before its socket closes.
    _presence: Option<Presence>,
    link: Link,
    http: ServerConnection,
    /// Memory that is kept of the connection, until its first stream takes it.
    memory: Option<M>,
    /// It has more to read, without the system telling so again.
    is_hungry: bool,
    /// Nothing more can be sent on it.
    is_broken: bool,
}

impl<M> Http2Connection<M> {
    /// Throws away what has come, and says whether its client has closed.
    fn has_left(&mut self, buffer: &mut [u8]) -> bool {
        let stream = self.link.stream();
        let socket = SockRef::from(&*stream);
        for _ in 0..READS_IN_A_ROW {
            match (&*socket).read(buffer) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
        false
    }

    /// Reads what is there.
    fn receive(&mut self, buffer: &mut [u8]) {
        self.is_hungry = true;
        for _ in 0..READS_IN_A_ROW {
            let read = self
                .link
                .read(buffer, |mut stream, buffer| stream.read(buffer));
            match read {
                Ok(0) => self.http.end(),
                Ok(len) => {
                    self.http.receive(&buffer[..len]);
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => {
                    self.is_broken = true;
                    self.http.end();
                }
            }
            self.is_hungry = false;
            return;
        }
    }

    /// Lets HTTP/2 do what there is to do, and sends what comes of it.
    fn turn(&mut self) {
        self.http.turn();
        let sent = self.http.send(|bytes| self.link.write(bytes));
        self.is_broken |= sent.is_err_and(|error| error.kind() != ErrorKind::WouldBlock);
    }
}

impl<A: Answering, P: Pace> EventLoop<A, P> {
    /// The peer in `place` turned out to be an HTTP/2 connection: serves it as such.
    pub(super) fn multiplex(&mut self, place: usize) {
        let Some((presence, Conduit::Link(mut link), first, memory)) =
            self.peers[place].take().map(|peer| peer.into_parts())
        else {
            return;
        };
        let both = Interest::READABLE | Interest::WRITABLE;
        let registry = &self.state.registry;
        let listening: io::Result<()> = registry.reregister(link.stream(), Token(place), both);
        if listening.is_err() {
            self.free.push(place);
            return;
        }
        let mut http = ServerConnection::new();
        http.receive(&first);
        self.multiplexed.insert(
            place,
            Http2Connection {
                _presence: presence,
                link,
                http,
                memory: Some(memory),
                is_hungry: true,
                is_broken: false,
            },
        );
        self.serve(place);
    }

    /// True if there is an HTTP/2 connection in `place`; goes on with it then.
    #[inline]
    pub(super) fn serve_multiplexed(&mut self, place: usize, event: &Event) -> bool {
        if self.multiplexed.is_empty() {
            return false;
        }
        let Some(connection) = self.multiplexed.get_mut(&place) else {
            return false;
        };
        if event.is_writable() {
            let _ = connection.link.flush(); // a failure shows at the next read
        }
        connection.is_hungry |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.serve(place);
        true
    }

    /// True if there is an HTTP/2 connection in `place` that has more to read; reads on then.
    pub(super) fn feed_multiplexed(&mut self, place: usize) -> bool {
        let is_one = self.multiplexed.contains_key(&place);
        if is_one {
            self.serve(place);
        }
        is_one
    }

    /// Goes on with the connections whose streams have acted.
    pub(super) fn serve_restless(&mut self) {
        while let Some(place) = self.restless.pop() {
            self.serve(place);
        }
    }

    /// Goes on with an HTTP/2 connection until nothing is left to do for it or its streams.
    fn serve(&mut self, place: usize) {
        let Some(mut connection) = self.multiplexed.remove(&place) else {
            return;
        };
        if connection.is_hungry {
            connection.receive(&mut self.state.buffer);
        }
        let mut woken = Vec::new();
        loop {
            connection.turn();
            let mut at = place;
            while let Some(stream) = connection.http.accept(|| {
                at = self.free_place();
                at
            }) {
                let memory = connection.memory.take();
                match memory.or_else(|| self.state.answering.welcome()) {
                    // It is turned away: dropping it resets it.
                    None => self.free.push(at),
                    Some(memory) => {
                        let conduit = Conduit::Stream(Box::new(stream), place);
                        self.place_peer(at, None, conduit, memory);
                        woken.push(at);
                    }
                }
            }
            connection.http.take_woken(&mut woken);
            if woken.is_empty() && !connection.http.wants_turn() {
                break;
            }
            for at in woken.drain(..) {
                self.turn(at, |peer, state| match peer.write(state) {
                    Fate::Gone => Fate::Gone,
                    _ => peer.read(state, true),
                });
            }
        }
        self.restless.retain(|other| *other != place);
        if connection.http.is_over() || connection.is_broken {
            self.end_streams_of(place);
            self.free.push(place);
            return;
        }
        if connection.is_hungry {
            self.hungry.push(place);
        }
        self.multiplexed.insert(place, connection);
    }

    /// Drops what is left on a connection that is over.
    fn end_streams_of(&mut self, carrier: usize) {
        for place in 0..self.peers.len() {
            let peer = self.peers[place].as_ref();
            if peer.is_some_and(|peer| peer.carrier() == Some(carrier)) {
                self.dismiss(place);
            }
        }
    }

    /// Says goodbye to the clients of all connections, and reads on until they have closed, or for
    /// [`FAREWELL`]: a socket that is closed over unread bytes resets its connection, and the kernel
    /// of the client throws away what it had not read yet (RFC 9112 section 9.6).
    pub(super) fn leave_multiplexed(&mut self) {
        for connection in self.multiplexed.values_mut() {
            connection.http.leave();
            connection.turn();
            let stream = connection.link.stream();
            let _ = SockRef::from(&*stream).shutdown(Shutdown::Write);
        }
        let until = Instant::now() + FAREWELL;
        let mut buffer = [0; 4096];
        let mut staying: Vec<_> = self.multiplexed.values_mut().collect();
        while !staying.is_empty() && Instant::now() < until {
            staying.retain_mut(|connection| !connection.has_left(&mut buffer));
            thread::sleep(BETWEEN_LOOKS);
        }
    }
}
