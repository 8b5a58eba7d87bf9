//! A client and its server, from the client's request to the end of either.

use std::io;
use std::time::{Duration, Instant};

use mio::Registry;
use wsbench_load::nanos::Nanos;
use wsbench_load::plan::RESERVED_HEADERS;
use wsbench_transport::link::Link;
use wsbench_transport::stream::Stream;
use wsbench_wire::connection::Endpoint;
use wsbench_wire::handshake::{
    ClientHandshake, HandshakeError, Request, UpgradeRequest, headers_of, push_rejection,
    push_response, read_request,
};

use super::end::{FrameWord, Got, RelayEnd, register};
use super::transcript::{Conversation, Party, Transcribed};
use super::{Behind, Noted, RelayKept, Room};

/// Close code of who leaves (RFC 6455 section 7.4.1).
const GOING_AWAY: u16 = 1001;
/// Time for an end that does not take what waits for it, or does not go.
const LEAVING: Duration = Duration::from_secs(3);
/// Reads of one connection before others have their turn.
const MOST_READS: usize = 64;
/// Statuses of a server behind that cannot be asked, or does not answer (RFC 9110 section 15.6).
const BAD_GATEWAY: u16 = 502;
const GATEWAY_TIMEOUT: u16 = 504;

/// A client and its server.
#[derive(Debug)]
pub(super) struct RelayPair {
    /// Its number, from 1 in the order of upgrades; 0 before that.
    pub(super) number: u64,
    client: RelayEnd,
    stage: PairStage,
    /// Instant at which the client came.
    came: Instant,
    /// Place of its conversation, while one is kept.
    place: Option<usize>,
    /// Path and query of a connection that has just been opened.
    opened: Option<String>,
    /// Messages of the client's and of the server's.
    messages: [usize; 2],
}

/// The stage that it has come to.
#[derive(Debug)]
enum PairStage {
    /// The client asks; this has come of its request.
    Asked(Vec<u8>),
    /// The server is being connected to.
    Connecting(Box<Asking>, Link),
    /// The server has been asked; this has come of its response.
    Awaiting(Box<Asking>, RelayEnd, Vec<u8>),
    /// Both talk.
    Open(RelayEnd),
    /// Bytes that wait for either end are written, and no more is passed on.
    Leaving(Leaving),
}

/// Connection of which one end has gone, or that the relay lets go.
#[derive(Debug)]
struct Leaving {
    /// Absent where there was none yet.
    server: Option<RelayEnd>,
    /// Instant at which an end is not waited for any longer.
    until: Instant,
}

impl PairStage {
    fn leaving(server: Option<RelayEnd>) -> Self {
        Self::Leaving(Leaving {
            server,
            until: Instant::now() + LEAVING,
        })
    }
}

/// A request that is passed on.
#[derive(Debug)]
struct Asking {
    request: UpgradeRequest,
    resource: String,
    headers: Vec<(String, String)>,
    handshake: ClientHandshake,
    /// Frames that came with the request.
    early: Vec<u8>,
}

/// Outcome of a turn.
#[derive(Debug, Default)]
pub(super) struct Went {
    /// There is more to read than one turn reads.
    pub(super) has_more: bool,
    /// The connection is over.
    pub(super) is_over: bool,
    /// Why the client was turned away.
    pub(super) refused: Option<String>,
}

impl RelayPair {
    pub(super) fn new(client: Stream, registry: &Registry) -> io::Result<Self> {
        let mut link = Link::accepted(client, None)?;
        register(&mut link, registry)?;
        Ok(Self {
            number: 0,
            client: RelayEnd::new(link, Endpoint::Server),
            stage: PairStage::Asked(Vec::new()),
            came: Instant::now(),
            place: None,
            opened: None,
            messages: [0; 2],
        })
    }

    /// Path and query, once, of a connection that has been opened.
    pub(super) fn has_opened(&mut self) -> Option<String> {
        self.opened.take()
    }

    /// Its end, to be told.
    pub(super) fn closing(&self) -> Noted {
        Noted::Closed {
            number: self.number,
            messages: self.messages,
        }
    }

    /// Says to both ends that the relay leaves.
    pub(super) fn leave(&mut self) {
        let word = FrameWord::Close(Some(GOING_AWAY), "the relay ends".to_owned());
        if let PairStage::Open(server) = &mut self.stage {
            for end in [&mut self.client, server] {
                if !end.has_closed {
                    end.say(&word);
                }
            }
        }
    }

    /// Lets both ends go; true once they have gone.
    pub(super) fn is_gone(&mut self) -> bool {
        let server = match &mut self.stage {
            PairStage::Open(server) => Some(server),
            PairStage::Leaving(leaving) => leaving.server.as_mut(),
            _ => None,
        };
        let is_gone = server.is_none_or(RelayEnd::let_go);
        self.client.let_go() && is_gone
    }

    /// Goes on as far as the sockets let it.
    pub(super) fn go_on(
        &mut self,
        behind: &Behind,
        registry: &Registry,
        kept: &mut RelayKept,
    ) -> Went {
        let mut went = Went::default();
        let is_late = self.came.elapsed() > behind.patience;
        loop {
            let stage = std::mem::replace(&mut self.stage, PairStage::Asked(Vec::new()));
            let step = match stage {
                PairStage::Asked(head) => self.ask(head, behind, registry),
                PairStage::Connecting(asking, link) => self.connect(asking, link, behind),
                PairStage::Awaiting(asking, server, head) => {
                    self.answer(asking, server, head, kept)
                }
                PairStage::Open(server) => self.pass_on(server, kept),
                PairStage::Leaving(leaving) => {
                    let until = leaving.until;
                    self.stage = PairStage::Leaving(leaving);
                    went.is_over = self.is_gone() || Instant::now() >= until;
                    return went;
                }
            };
            match step {
                PairStep::Next(stage) => self.stage = stage,
                PairStep::Wait(stage @ PairStage::Open(_)) => {
                    self.stage = stage;
                    return went;
                }
                PairStep::Wait(_) if is_late => {
                    let why = format!("nothing was agreed upon within {:?}", behind.patience);
                    went.refused = Some(self.turn_away(GATEWAY_TIMEOUT, why));
                }
                PairStep::Wait(stage) => {
                    self.stage = stage;
                    let _ = self.client.flush();
                    return went;
                }
                PairStep::More(stage) => {
                    self.stage = stage;
                    went.has_more = true;
                    return went;
                }
                PairStep::Refused(status, why) => went.refused = Some(self.turn_away(status, why)),
                PairStep::Gone => {
                    went.is_over = true;
                    return went;
                }
            }
        }
    }

    fn turn_away(&mut self, status: u16, why: String) -> String {
        push_rejection(self.client.out(), status);
        self.stage = PairStage::leaving(None);
        why
    }

    /// Reads the client's request.
    fn ask(&mut self, mut head: Vec<u8>, behind: &Behind, registry: &Registry) -> PairStep {
        let mut buffer = [0; 4096];
        match self.client.read(&mut buffer) {
            Got::Octets(len) => head.extend_from_slice(&buffer[..len]),
            Got::Nothing => return PairStep::Wait(PairStage::Asked(head)),
            Got::RelayEnd => return PairStep::Gone,
        }
        let request = match read_request(&head) {
            Ok(None) => return PairStep::Next(PairStage::Asked(head)),
            Ok(Some(request)) => request,
            Err(error) => {
                let why =
                    format!("a request is no WebSocket's, and nothing else is passed on: {error}");
                return PairStep::Refused(error.rejection(), why);
            }
        };
        let is_own = |(name, _): &(String, String)| {
            let mut reserved = RESERVED_HEADERS.iter();
            !reserved.any(|it| name.eq_ignore_ascii_case(it))
        };
        let resource = match request.resource.as_str() {
            "/" => behind.resource.clone(),
            other => other.to_owned(),
        };
        let mut nonce = [0; 16];
        fastrand::fill(&mut nonce);
        let asking = Asking {
            headers: headers_of(&head).into_iter().filter(is_own).collect(),
            handshake: ClientHandshake::new(nonce),
            early: head.split_off(request.consumed),
            request,
            resource,
        };
        let dialled = Link::dial(&mut behind.dialer.clone());
        let waited_for = dialled.and_then(|mut link| {
            register(&mut link, registry)?;
            Ok(link)
        });
        match waited_for {
            Ok(link) => PairStep::Next(PairStage::Connecting(Box::new(asking), link)),
            Err(error) => PairStep::Refused(BAD_GATEWAY, unreachable(&error)),
        }
    }

    /// Goes on with connecting to the server, and asks it.
    fn connect(&mut self, asking: Box<Asking>, mut link: Link, behind: &Behind) -> PairStep {
        let came = self.came;
        match link.advance(|| came.elapsed()) {
            Ok(None) => PairStep::Wait(PairStage::Connecting(asking, link)),
            Ok(Some(_)) => {
                let mut server = RelayEnd::new(link, Endpoint::Client);
                let request = Request {
                    authority: &behind.authority,
                    resource: &asking.resource,
                    headers: &asking.headers,
                    subprotocols: &asking.request.subprotocols,
                    origin: asking.request.origin.as_deref(),
                };
                asking.handshake.push_request(&request, server.out());
                PairStep::Next(PairStage::Awaiting(asking, server, Vec::new()))
            }
            Err(error) => PairStep::Refused(BAD_GATEWAY, unreachable(&error)),
        }
    }

    /// Reads the server's response, and answers the client alike.
    fn answer(
        &mut self,
        asking: Box<Asking>,
        mut server: RelayEnd,
        mut head: Vec<u8>,
        kept: &mut RelayKept,
    ) -> PairStep {
        let mut buffer = [0; 4096];
        let got = match server.flush() {
            Ok(_) => server.read(&mut buffer),
            Err(_) => Got::RelayEnd,
        };
        match got {
            Got::Octets(len) => head.extend_from_slice(&buffer[..len]),
            Got::Nothing => return PairStep::Wait(PairStage::Awaiting(asking, server, head)),
            Got::RelayEnd => {
                let why = "the server closed the connection before its response".to_owned();
                return PairStep::Refused(BAD_GATEWAY, why);
            }
        }
        let offered = &asking.request.subprotocols;
        let upgraded = match asking.handshake.read_response(&head, offered) {
            Ok(None) => return PairStep::Next(PairStage::Awaiting(asking, server, head)),
            Ok(Some(upgraded)) => upgraded,
            Err(error @ HandshakeError::Status { .. }) => {
                return PairStep::Refused(error.status().unwrap_or(BAD_GATEWAY), error.to_string());
            }
            Err(error) => return PairStep::Refused(BAD_GATEWAY, error.to_string()),
        };
        let chosen = upgraded.subprotocol.as_deref();
        push_response(self.client.out(), &asking.request, chosen);
        let Asking {
            request,
            resource,
            headers,
            mut early,
            ..
        } = *asking;
        self.opened = Some(resource.clone());
        self.place = kept.begin(Conversation {
            opened: elapsed(kept.begun),
            resource,
            headers,
            origin: request.origin,
            subprotocols: request.subprotocols,
            said: Vec::new(),
        });
        let mut rest = head.split_off(upgraded.consumed);
        let is_fine = self.hear(Party::Server, &mut server, &mut rest, kept)
            && self.hear(Party::Client, &mut server, &mut early, kept);
        PairStep::Next(match is_fine {
            true => PairStage::Open(server),
            false => PairStage::leaving(Some(server)),
        })
    }

    /// Passes on what either end says.
    fn pass_on(&mut self, mut server: RelayEnd, kept: &mut RelayKept) -> PairStep {
        let mut buffer = vec![0; 64 << 10];
        for _ in 0..MOST_READS {
            let mut has_read = false;
            for by in [Party::Server, Party::Client] {
                let (from, to) = match by {
                    Party::Client => (&mut self.client, &server),
                    Party::Server => (&mut server, &self.client),
                };
                if !to.has_room() {
                    continue;
                }
                match from.read(&mut buffer) {
                    Got::Nothing => {}
                    Got::Octets(len) => {
                        has_read = true;
                        if !self.hear(by, &mut server, &mut buffer[..len], kept) {
                            return PairStep::Next(PairStage::leaving(Some(server)));
                        }
                    }
                    Got::RelayEnd => return PairStep::Next(PairStage::leaving(Some(server))),
                }
            }
            let is_broken = self.client.flush().is_err() || server.flush().is_err();
            let both = self.client.has_closed && server.has_closed;
            if is_broken || both && self.client.is_written() && server.is_written() {
                return PairStep::Next(PairStage::leaving(Some(server)));
            }
            if !has_read {
                return PairStep::Wait(PairStage::Open(server));
            }
        }
        PairStep::More(PairStage::Open(server))
    }

    /// Passes on what `by` has said in `bytes`; false where that broke the protocol.
    fn hear(
        &mut self,
        by: Party,
        server: &mut RelayEnd,
        bytes: &mut [u8],
        kept: &mut RelayKept,
    ) -> bool {
        let (from, to) = match by {
            Party::Client => (&mut self.client, server),
            Party::Server => (server, &mut self.client),
        };
        let mut words = Vec::new();
        let heard = from.hear(bytes, &mut words);
        for word in words {
            to.say(&word);
            if let FrameWord::Message(kind, content) = word {
                self.messages[usize::from(by == Party::Server)] += 1;
                keep(kept, self.place, by, kind, content);
            }
        }
        let Err(error) = heard else { return true };
        let close = FrameWord::Close(Some(error.close_code()), error.to_string());
        to.say(&close);
        from.say(&close);
        false
    }
}

/// Keeps a message, as far as there is room for it.
fn keep(
    kept: &mut RelayKept,
    place: Option<usize>,
    by: Party,
    kind: wsbench_wire::connection::MessageKind,
    mut content: Vec<u8>,
) {
    let at = elapsed(kept.begun);
    let is_cut = content.len() > Room::LONGEST;
    content.truncate(Room::LONGEST);
    content.shrink_to_fit();
    let conversation = place.and_then(|place| kept.transcript.conversations.get_mut(place));
    if kept.room.take(content.len())
        && let Some(conversation) = conversation
    {
        conversation.said.push(Transcribed {
            at,
            by,
            kind,
            content,
            is_cut,
        });
    }
}

fn elapsed(begun: Instant) -> Nanos {
    Nanos(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

fn unreachable(error: &io::Error) -> String {
    format!("the server cannot be reached: {error}")
}

/// Consequence of a step.
enum PairStep {
    /// On, at once.
    Next(PairStage),
    /// On, once a socket is ready.
    Wait(PairStage),
    /// On, once others had their turn.
    More(PairStage),
    /// The client is turned away with a status, and the reason.
    Refused(u16, String),
    /// The client has gone before anything was agreed upon.
    Gone,
}
