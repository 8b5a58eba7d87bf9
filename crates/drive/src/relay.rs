//! A relay: it stands between a client and its server, passes on what either says, and keeps it.
//!
//! It waits for clients at an address of its own, asks the server for each what the client asked it
//! for (path, query, headers, subprotocols), and answers as the server does. Messages, pings, pongs and
//! closes are passed on as they come; a message in fragments arrives in one frame. Compression is
//! offered to nobody, so that nothing has to be unpacked. It is no part of a load: nothing here is made
//! to be fast.

mod end;
mod pair;
#[cfg(test)]
mod tests;
pub mod transcript;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use wsbench_load::plan::Plan;
use wsbench_transport::dial::Dialer;
use wsbench_transport::stream::Stream;

use self::pair::RelayPair;
use self::transcript::{Conversation, Transcript};
use crate::resolve::Resolved;
use crate::tls::{self, TlsError};

/// Connections at the same time; a further one waits until another ends.
const MOST_CONNECTIONS: usize = 256;
/// Connections in all that are kept; those after them are passed on alone.
const MOST_CONVERSATIONS: usize = 4_096;
/// Time between two looks whether it is to end.
const GLANCE: Duration = Duration::from_millis(50);
/// Time for what is still to be written when it ends.
const FAREWELL: Duration = Duration::from_millis(500);
const LISTENER: Token = Token(0);

/// The server that clients are passed on to, and the way to it.
#[derive(Clone, Debug)]
pub struct Behind {
    dialer: Dialer,
    /// The `Host` header.
    authority: String,
    /// Path and query for clients that ask for `/` alone.
    resource: String,
    /// Time that the server has to answer an upgrade.
    patience: Duration,
}

impl Behind {
    /// The server of `plan`, over HTTP/1.1.
    ///
    /// # Errors
    /// TLS cannot be had as the plan wants it.
    pub fn new(plan: &Plan, resolved: &Resolved) -> Result<Self, TlsError> {
        let secure = plan.target.secure;
        let tls = secure.then(|| tls::client(&plan.tls, &plan.target));
        let dialer = Dialer::new(resolved.addresses[0].clone())
            .from_sources(plan.connect.route.sources.addresses().clone(), 0, 1)
            .through(resolved.tunnel(plan))
            .encrypted(tls.transpose()?);
        Ok(Self {
            dialer,
            authority: plan.target.authority(),
            resource: plan.target.resource.clone(),
            patience: plan.connect.timeout.into(),
        })
    }
}

/// Conditions on which a relay ends by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct RelayEnding {
    /// So long after its beginning.
    pub after: Option<Duration>,
    /// Number of connections that have to come and go.
    pub connections: Option<u64>,
}

/// Event that whoever runs a relay may want to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// A connection is open, from the client to the server.
    Opened {
        /// Its number, from 1.
        number: u64,
        /// Path and query.
        resource: String,
    },
    /// A client was turned away.
    Refused {
        /// The reason in words.
        why: String,
    },
    /// A connection has ended.
    Closed {
        /// Its number, from 1.
        number: u64,
        /// Messages of the client's and of the server's.
        messages: [usize; 2],
    },
}

/// A relay that listens.
#[derive(Debug)]
pub struct Relay {
    listener: TcpListener,
    poll: Poll,
    behind: Behind,
}

impl Relay {
    /// Listens at `address`; port 0 is one that is free.
    ///
    /// # Errors
    /// What the system says: the address is taken, or none of this machine's.
    pub fn bind(address: SocketAddr, behind: Behind) -> io::Result<Self> {
        let mut listener = TcpListener::bind(address)?;
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            listener,
            poll,
            behind,
        })
    }

    /// The address at which it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Passes on what is said until `ending`, or until `is_stopped`, and gives what was kept of it.
    ///
    /// # Errors
    /// The system's poll fails. What fails on a connection ends that one, and is noted.
    pub fn run(
        mut self,
        ending: RelayEnding,
        is_stopped: &dyn Fn() -> bool,
        noted: &mut dyn FnMut(Noted),
    ) -> io::Result<Transcript> {
        let mut kept = RelayKept {
            begun: Instant::now(),
            transcript: Transcript::default(),
            room: Room::default(),
        };
        let mut pairs: Vec<RelayPair> = Vec::new();
        let mut events = Events::with_capacity(256);
        let (mut opened, mut closed) = (0, 0);
        let mut more = false;
        loop {
            let is_over = is_stopped()
                || ending
                    .after
                    .is_some_and(|after| kept.begun.elapsed() >= after)
                || ending.connections.is_some_and(|most| closed >= most);
            if is_over {
                break;
            }
            let wait = if more { Duration::ZERO } else { GLANCE };
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            self.accept(&mut pairs, noted);
            more = false;
            pairs.retain_mut(|pair| {
                let went = pair.go_on(&self.behind, self.poll.registry(), &mut kept);
                if let Some(resource) = pair.has_opened() {
                    opened += 1;
                    pair.number = opened;
                    noted(Noted::Opened {
                        number: opened,
                        resource,
                    });
                }
                more |= went.has_more;
                if let Some(why) = went.refused {
                    noted(Noted::Refused { why });
                }
                if went.is_over && pair.number > 0 {
                    closed += 1;
                    noted(pair.closing());
                }
                !went.is_over
            });
        }
        farewell(pairs, noted);
        kept.transcript.left_out = kept.room.left_out;
        Ok(kept.transcript)
    }

    /// Takes the clients that have come.
    fn accept(&mut self, pairs: &mut Vec<RelayPair>, noted: &mut dyn FnMut(Noted)) {
        while pairs.len() < MOST_CONNECTIONS {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    let why = format!("a client could not be accepted: {error}");
                    return noted(Noted::Refused { why });
                }
            };
            let _ = stream.set_nodelay(true);
            match RelayPair::new(Stream::Tcp(stream), self.poll.registry()) {
                Ok(pair) => pairs.push(pair),
                Err(error) => noted(Noted::Refused {
                    why: format!("a client could not be accepted: {error}"),
                }),
            }
        }
    }
}

/// Says to both ends of each connection that the relay leaves, as far as they take it.
fn farewell(mut pairs: Vec<RelayPair>, noted: &mut dyn FnMut(Noted)) {
    for pair in &mut pairs {
        pair.leave();
    }
    let until = Instant::now() + FAREWELL;
    loop {
        // Each is asked, for it writes meanwhile.
        let gone = pairs.iter_mut().map(RelayPair::is_gone).filter(|it| *it);
        if gone.count() == pairs.len() || Instant::now() >= until {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    for pair in pairs.iter().filter(|pair| pair.number > 0) {
        noted(pair.closing());
    }
}

/// Transcript under way.
struct RelayKept {
    begun: Instant,
    transcript: Transcript,
    room: Room,
}

impl RelayKept {
    /// The place of a conversation that begins; `None` where no more are kept.
    fn begin(&mut self, conversation: Conversation) -> Option<usize> {
        let place = self.transcript.conversations.len();
        (place < MOST_CONVERSATIONS).then(|| {
            self.transcript.conversations.push(conversation);
            place
        })
    }
}

/// Room for messages.
#[derive(Debug)]
struct Room {
    messages: usize,
    octets: usize,
    left_out: u64,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            messages: 200_000,
            octets: 64 << 20,
            left_out: 0,
        }
    }
}

impl Room {
    /// Octets of a message that are kept.
    const LONGEST: usize = 64 << 10;

    /// Takes room for a message of so many octets; says whether there was any.
    fn take(&mut self, octets: usize) -> bool {
        let fits = self.messages > 0 && self.octets >= octets;
        if fits {
            self.messages -= 1;
            self.octets -= octets;
        } else {
            self.left_out += 1;
        }
        fits
    }
}
