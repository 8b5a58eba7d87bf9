//! The readiness loop of one thread: its listener, its connections, its timer.
//!
//! Events are edges: a connection is read until it is empty, and is heard of again when more comes.

#[cfg(feature = "http2")]
mod multiplexed;

#[cfg(feature = "http2")]
use std::collections::HashMap;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, UnixListener};
use mio::{Events, Interest, Poll, Registry, Token};
use wsbench_transport::link::Link;
use wsbench_transport::stream::Stream;
use wsbench_transport::tls::TlsServer;
use wsbench_wire::frame::FrameBuffer;

use crate::answering::Answering;
use crate::census::{Census, Presence};
use crate::compression::Compressor;
use crate::conduit::Conduit;
use crate::config::Config;
use crate::fate::Fate;
use crate::pace::{ConnectionKey, Pace};
use crate::parcel::{AT_ONCE, Departures, Late, Outgoing};
use crate::peer::{Peer, ThreadState};
use crate::stats::{Served, ServerStats};
use crate::timer::Timer;
use crate::unfinished::Unfinished;
#[cfg(feature = "http2")]
use multiplexed::Http2Connection;

const LISTENER: Token = Token(usize::MAX - 1);
const TIMER: Token = Token(usize::MAX - 2);

/// Time between two looks at the stop flag when nothing happens.
const LOOK_UP: Duration = Duration::from_millis(50);
/// Time for which no connection is accepted after the system had no descriptor or memory for one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// Octets of the buffer into which all connections of a thread are read.
const BUFFER: usize = 128 * 1024;
/// Events taken from the system at a time.
const EVENTS: usize = 1024;

/// A socket that connections are accepted from; it does not block.
pub(crate) enum Listener {
    /// Over TCP.
    Tcp(TcpListener),
    /// Within this machine.
    Unix(UnixListener),
}

impl Listener {
    fn register(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => registry.register(listener, LISTENER, Interest::READABLE),
            Self::Unix(listener) => registry.register(listener, LISTENER, Interest::READABLE),
        }
    }

    fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener.accept().map(|(stream, _)| Stream::Tcp(stream)),
            Self::Unix(listener) => listener.accept().map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}

/// Resources that a loop needs of the system, claimed before the run so that it cannot fail later.
pub(crate) struct Post {
    poll: Poll,
    registry: Registry,
    listener: Listener,
    timer: Timer,
}

impl Post {
    /// Takes a listening socket, set to non-blocking.
    pub(crate) fn new(mut listener: Listener) -> io::Result<Self> {
        let poll = Poll::new()?;
        listener.register(poll.registry())?;
        let timer = Timer::new(poll.registry(), TIMER)?;
        let registry = poll.registry().try_clone()?;
        Ok(Self {
            poll,
            registry,
            listener,
            timer,
        })
    }
}

/// The loop of one thread.
pub(crate) struct EventLoop<A: Answering, P> {
    poll: Poll,
    listener: Listener,
    timer: Timer,
    state: ThreadState<A, P>,
    peers: Vec<Option<Peer<A::Memory>>>,
    /// Places in `peers` that are free.
    free: Vec<usize>,
    serial: u64,
    /// Connections that have more to read, without the system telling so again.
    hungry: Vec<usize>,
    /// HTTP/2 connections, each in a place where there is no peer.
    #[cfg(feature = "http2")]
    multiplexed: HashMap<usize, Http2Connection<A::Memory>>,
    /// Those whose streams have acted.
    #[cfg(feature = "http2")]
    restless: Vec<usize>,
    /// Connections that have to have asked for their upgrade, the first that has to in front.
    awaited: VecDeque<(Instant, ConnectionKey)>,
    /// Time within which they have to.
    handshake_timeout: Duration,
    /// Copies for others that are not due yet.
    deliveries: Departures,
    /// Until when no connection is accepted.
    accepts_from: Option<Instant>,
    /// From one acceptance to the next at least.
    accept_delay: Duration,
    nodelay: bool,
    max_message: u64,
    /// With it connections are encrypted.
    tls: Option<TlsServer>,
    census: Arc<Census>,
}

impl<A: Answering, P: Pace> EventLoop<A, P> {
    /// A loop that has not begun.
    pub(crate) fn new(
        post: Post,
        answering: A,
        pace: P,
        config: &Config,
        census: Arc<Census>,
        unfinished: Arc<Unfinished>,
    ) -> Self {
        let broadcast = config.calibration.broadcast.as_ref();
        let most_unsent = broadcast.and_then(|orders| orders.most_unsent);
        let state = ThreadState {
            answering,
            pace,
            compressor: config.compression.map(Compressor::new),
            stats: ServerStats::default(),
            unfinished,
            most_unsent: most_unsent.unwrap_or(usize::MAX),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            out: FrameBuffer::new(),
            registry: post.registry,
        };
        Self {
            poll: post.poll,
            listener: post.listener,
            timer: post.timer,
            state,
            peers: Vec::new(),
            free: Vec::new(),
            serial: 0,
            hungry: Vec::new(),
            #[cfg(feature = "http2")]
            multiplexed: HashMap::new(),
            #[cfg(feature = "http2")]
            restless: Vec::new(),
            awaited: VecDeque::new(),
            handshake_timeout: config.handshake_timeout,
            deliveries: Departures::default(),
            accepts_from: None,
            accept_delay: config.calibration.accept_delay,
            nodelay: !config.calibration.two_writes,
            max_message: config.max_message,
            tls: None,
            census,
        }
    }

    /// The same, with connections encrypted.
    pub(crate) fn encrypted(self, tls: Option<TlsServer>) -> Self {
        Self { tls, ..self }
    }

    /// Runs until `stop` is set.
    pub(crate) fn run(mut self, stop: &AtomicBool) -> Served {
        let mut events = Events::with_capacity(EVENTS);
        while !stop.load(Ordering::Relaxed) {
            let time_out = self.time_out();
            match self.poll.poll(&mut events, Some(time_out)) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => panic!("a poll that exists cannot fail otherwise: {error}"),
            }
            self.state.pace.stall(stop);
            for event in &events {
                match event.token() {
                    LISTENER => self.accept(),
                    // A timer has no other purpose than to end the poll.
                    TIMER => {}
                    #[cfg(feature = "http2")]
                    Token(place) if self.serve_multiplexed(place, event) => {}
                    Token(place) => {
                        if event.is_writable() {
                            self.turn(place, |peer, state| peer.write(state));
                        }
                        let ended = event.is_read_closed() || event.is_error();
                        if event.is_readable() || ended {
                            self.turn(place, |peer, state| peer.read(state, ended));
                        }
                    }
                }
            }
            self.feed();
            if A::FANS_OUT {
                self.fan_out();
            }
            self.release();
            #[cfg(feature = "http2")]
            self.serve_restless();
            self.resume_accepting();
            self.drop_the_silent();
        }
        #[cfg(feature = "http2")]
        self.leave_multiplexed();
        Served {
            stats: self.state.stats,
            arrivals: self.state.pace.into_arrivals(),
        }
    }

    /// Time for which the next poll may wait.
    #[inline]
    fn time_out(&mut self) -> Duration {
        if !self.hungry.is_empty() {
            return Duration::ZERO;
        }
        let delivered = self.deliveries.next_due();
        let own = self.state.answering.next_due();
        let dues = [
            self.state.pace.next_due(),
            self.accepts_from,
            delivered,
            own,
        ];
        match dues.into_iter().flatten().min() {
            Some(due) => self.timer.time_out(due, LOOK_UP),
            None => LOOK_UP,
        }
    }

    /// Accepts what is waiting.
    fn accept(&mut self) {
        while self.accepts_from.is_none() {
            match self.listener.accept() {
                Ok(stream) => {
                    self.admit(stream);
                    if !self.accept_delay.is_zero() {
                        self.accepts_from = Some(Instant::now() + self.accept_delay);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if is_of_the_client(&error) => {}
                Err(_) => {
                    self.state.stats.accept_pauses += 1;
                    self.accepts_from = Some(Instant::now() + ACCEPT_PAUSE);
                }
            }
        }
    }

    /// Accepts again after a pause; the listener does not tell a second time.
    #[inline]
    fn resume_accepting(&mut self) {
        if let Some(from) = self.accepts_from
            && Instant::now() >= from
        {
            self.accepts_from = None;
            self.accept();
            // Counted from when it was due, so that a late wake-up is not passed on.
            if let (true, Some(next)) = (!self.accept_delay.is_zero(), self.accepts_from) {
                self.accepts_from = Some(next.min(from + self.accept_delay));
            }
        }
    }

    fn admit(&mut self, stream: Stream) {
        self.state.stats.connections += 1;
        let Some(memory) = self.state.answering.welcome() else {
            return;
        };
        let place = self.free_place();
        let token = Token(place);
        let registry = &self.state.registry;
        let nodelay = self.nodelay;
        let registered = Link::accepted(stream, self.tls.as_ref()).and_then(|mut link| {
            let interest = link.interest(Interest::READABLE);
            link.stream().set_nodelay(nodelay)?;
            registry.register(link.stream(), token, interest)?;
            Ok(link)
        });
        let Ok(link) = registered else {
            // The client has gone already, or the system has no memory: either way it is told by
            // the closing of the socket.
            self.free.push(place);
            return;
        };
        let presence = self.census.enter();
        self.place_peer(place, Some(presence), Conduit::Link(link), memory);
        let key = ConnectionKey {
            place,
            serial: self.serial,
        };
        let until = Instant::now() + self.handshake_timeout;
        self.awaited.push_back((until, key));
    }

    /// Drops connections whose request to upgrade has not come in time.
    #[inline]
    fn drop_the_silent(&mut self) {
        while let Some(&(until, key)) = self.awaited.front() {
            // Most have been upgraded long since, or are gone.
            let peer = self.peers.get(key.place).and_then(Option::as_ref);
            let is_silent = peer.is_some_and(|peer| peer.key == key && peer.is_opening());
            if is_silent && Instant::now() < until {
                return;
            }
            self.awaited.pop_front();
            if is_silent {
                self.state.stats.timed_out += 1;
                self.dismiss(key.place);
            }
        }
    }

    /// A place for a peer.
    fn free_place(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.peers.push(None);
            self.peers.len() - 1
        })
    }

    /// Puts a new peer into its place.
    fn place_peer(
        &mut self,
        place: usize,
        presence: Option<Presence>,
        conduit: Conduit,
        memory: A::Memory,
    ) {
        self.serial += 1;
        let serial = self.serial;
        let key = ConnectionKey { place, serial };
        let token = Token(place);
        let peer = Peer::new(presence, conduit, key, token, self.max_message, memory);
        self.peers[place] = Some(peer);
    }

    /// Lets a connection act, and sees to what becomes of it.
    #[inline]
    fn turn(
        &mut self,
        place: usize,
        act: impl FnOnce(&mut Peer<A::Memory>, &mut ThreadState<A, P>) -> Fate,
    ) {
        // An event may have been on its way for a connection that is gone.
        let Some(Some(peer)) = self.peers.get_mut(place) else {
            return;
        };
        #[cfg(feature = "http2")]
        if let Some(carrier) = peer.carrier()
            && self.restless.last() != Some(&carrier)
        {
            self.restless.push(carrier);
        }
        match act(peer, &mut self.state) {
            Fate::Waits => {}
            Fate::Hungry => self.hungry.push(place),
            Fate::Gone => self.dismiss(place),
            #[cfg(feature = "http2")]
            Fate::Multiplexed => self.multiplex(place),
        }
    }

    #[cold]
    fn dismiss(&mut self, place: usize) {
        if self.peers[place].take().is_some() {
            self.free.push(place);
        }
    }

    /// Gives those that have more to read their turn.
    #[inline]
    fn feed(&mut self) {
        if self.hungry.is_empty() {
            return;
        }
        for place in std::mem::take(&mut self.hungry) {
            #[cfg(feature = "http2")]
            if self.feed_multiplexed(place) {
                continue;
            }
            self.turn(place, |peer, state| peer.read(state, true));
        }
    }

    /// Sends the copies of messages for others: those that are due, and those of messages that have
    /// come.
    fn fan_out(&mut self) {
        let now = Instant::now();
        for late in self.deliveries.due(now + AT_ONCE) {
            self.turn(late.place, |peer, state| {
                if peer.key.serial == late.serial {
                    peer.deliver(&late.frames, state)
                } else {
                    Fate::Waits
                }
            });
        }
        while let Some(mut message) = self.state.answering.outgoing() {
            for place in 0..self.peers.len() {
                self.send_copy(place, &mut message, now);
            }
        }
    }

    /// Sends a copy of a message to the connection at a place, or has it wait until it is due.
    fn send_copy(&mut self, place: usize, message: &mut Outgoing, now: Instant) {
        let Some(Some(peer)) = self.peers.get_mut(place) else {
            return;
        };
        let serial = peer.key.serial;
        let Some(memory) = peer.open_memory() else {
            return;
        };
        let Some(parcel) = self.state.answering.copy_for(memory, message) else {
            return;
        };
        if parcel.frames.is_empty() {
            return;
        }
        if parcel.at <= now + AT_ONCE {
            self.turn(place, |peer, state| peer.deliver(&parcel.frames, state));
        } else {
            self.deliveries.add(Late {
                at: parcel.at,
                place,
                serial,
                frames: parcel.frames,
            });
        }
    }

    /// Sends the answers that are due.
    #[inline]
    fn release(&mut self) {
        while let Some(held) = self.state.pace.release() {
            self.turn(held.key.place, |peer, state| {
                if peer.key == held.key {
                    peer.release(&held, state)
                } else {
                    Fate::Waits
                }
            });
        }
    }
}

/// True if accepting failed because of the client that was to be accepted, who has gone
/// (accept(2)).
fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted
    )
}
