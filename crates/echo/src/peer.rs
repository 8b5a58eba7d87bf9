//! One connection of the server: from the upgrade to the end.
//!
//! A peer reads until the socket is empty, answers everything that one read brought with one write,
//! and keeps memory of its own only for what is cut: half a head, half a message, what the socket
//! would not take. Which connections there are, and when to look at them, is `worker`'s affair.

use std::io::ErrorKind;
use std::mem;
use std::sync::Arc;

use mio::{Interest, Registry, Token};
use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, MessageKind, Utf8};
use wsbench_wire::deflate::Codec;
use wsbench_wire::frame::FrameBuffer;
use wsbench_wire::handshake::{HandshakeError, UpgradeRequest, push_rejection, read_request};

use crate::answering::{Answering, Next};
use crate::census::Presence;
use crate::compression::{CompressedConnection, Compressor};
use crate::conduit::Conduit;
use crate::fate::Fate;
use crate::in_place::frame_in_place;
use crate::pace::{AnswerFate, ConnectionKey, Held, Pace};
#[cfg(feature = "http2")]
use crate::preface::Preface;
use crate::stats::ServerStats;
use crate::unfinished::{OctetShare, Unfinished};

/// While more than this is unsent, a connection is not read from, octets.
const MAX_UNSENT: usize = 1 << 20;
/// Memory that a connection may keep between messages, octets.
const MAX_KEPT: usize = 64 * 1024;
/// Close code of a server that has no room for now (IANA's registry of WebSocket close codes).
const TRY_AGAIN_LATER: u16 = 1013;
/// Full reads in a row before other connections have their turn.
const READS_PER_TURN: usize = 8;

/// From so many octets on, a message that came alone is answered from where it was read: the copy
/// would cost as much as everything else that is done for it.
const IN_PLACE: usize = 4096;

/// State that the peers of one thread share.
pub(crate) struct ThreadState<A, P> {
    pub(crate) answering: A,
    pub(crate) pace: P,
    /// `None` when no compression is granted.
    pub(crate) compressor: Option<Compressor>,
    pub(crate) stats: ServerStats,
    /// Memory of messages that are not complete, over all threads.
    pub(crate) unfinished: Arc<Unfinished>,
    /// Octets of deliveries that may be unsent on a connection, or it is reset.
    pub(crate) most_unsent: usize,
    /// Buffer for what a read brings.
    pub(crate) buffer: Box<[u8]>,
    /// The answers to one read.
    pub(crate) out: FrameBuffer,
    pub(crate) registry: Registry,
}

/// Phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerPhase {
    /// The request to upgrade is awaited.
    Opening,
    /// Frames are exchanged.
    Open,
    /// Bytes that come are discarded.
    Deaf,
}

/// Place of the answers to a read.
enum Answers {
    /// In the state's buffer.
    Buffered(Next),
    /// At the end of the read itself: so many octets, which are to be sent back as they are.
    InPlace { kind: MessageKind, len: usize },
}

/// One connection.
pub(crate) struct Peer<M> {
    /// First, so that a connection that is dropped leaves the count before its socket closes; none
    /// for a stream, whose connection is counted.
    presence: Option<Presence>,
    conduit: Conduit,
    pub(crate) key: ConnectionKey,
    token: Token,
    phase: PeerPhase,
    wire: Connection,
    /// Codec, where compression was agreed upon.
    codec: Option<Box<Codec>>,
    max_message: u64,
    memory: M,
    /// While opening, the head so far; afterwards the message so far.
    partial: Vec<u8>,
    /// Memory that it takes of what all connections may.
    share: OctetShare,
    /// Bytes that the socket would not take, from `sent` on.
    unsent: FrameBuffer,
    sent: usize,
    /// Step that is to follow once all is sent.
    after: Next,
    /// Reading stopped because too much was unsent.
    paused: bool,
}

impl<M> Peer<M> {
    /// A connection just accepted, and registered with `token`.
    pub(crate) fn new(
        presence: Option<Presence>,
        conduit: Conduit,
        key: ConnectionKey,
        token: Token,
        max_message: u64,
        memory: M,
    ) -> Self {
        Self {
            presence,
            conduit,
            key,
            token,
            phase: PeerPhase::Opening,
            wire: Connection::new(Endpoint::Server, Limits { max_message }, Utf8::Check),
            codec: None,
            max_message,
            memory,
            partial: Vec::new(),
            share: OctetShare::default(),
            unsent: FrameBuffer::new(),
            sent: 0,
            after: Next::Continue,
            paused: false,
        }
    }

    /// True if the request to upgrade is still awaited.
    pub(crate) fn is_opening(&self) -> bool {
        self.phase == PeerPhase::Opening
    }

    /// The place of the HTTP/2 connection that it is a stream of.
    #[cfg(feature = "http2")]
    #[inline]
    pub(crate) fn carrier(&self) -> Option<usize> {
        self.conduit.carrier()
    }

    /// Its place in the count, what it goes over, what has come over it, and what is remembered
    /// of it.
    #[cfg(feature = "http2")]
    pub(crate) fn into_parts(self) -> (Option<Presence>, Conduit, Vec<u8>, M) {
        (self.presence, self.conduit, self.partial, self.memory)
    }

    /// The socket can be read. With `to_the_end` the client has ended its half: a short read does
    /// not mean that nothing more comes, for the end itself does not announce itself again.
    pub(crate) fn read<A, P>(&mut self, state: &mut ThreadState<A, P>, to_the_end: bool) -> Fate
    where
        A: Answering<Memory = M>,
        P: Pace,
    {
        let mut buffer = mem::take(&mut state.buffer);
        let fate = self.read_into(&mut buffer, state, to_the_end);
        state.buffer = buffer;
        fate
    }

    fn read_into<A, P>(
        &mut self,
        buffer: &mut [u8],
        state: &mut ThreadState<A, P>,
        to_the_end: bool,
    ) -> Fate
    where
        A: Answering<Memory = M>,
        P: Pace,
    {
        for _ in 0..READS_PER_TURN {
            if self.unsent.len() - self.sent > MAX_UNSENT {
                self.paused = true;
                return Fate::Waits;
            }
            let count = match self.conduit.read(buffer) {
                // Whoever ends only its own half still gets what is unsent.
                Ok(0) => return self.end(Next::Finish),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Fate::Waits,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Fate::Gone,
            };
            state.pace.arrived();
            state.stats.bytes_received += count as u64;
            let fate = self.take_in(&mut buffer[..count], state);
            if fate != Fate::Waits {
                return fate;
            }
            if count < buffer.len() && !to_the_end {
                return Fate::Waits;
            }
        }
        Fate::Hungry
    }

    /// The socket can be written: sends what is unsent, and reads on where that had stopped.
    pub(crate) fn write<A, P>(&mut self, state: &mut ThreadState<A, P>) -> Fate
    where
        A: Answering<Memory = M>,
        P: Pace,
    {
        self.conduit.flush();
        if self.unsent.is_empty() {
            return Fate::Waits;
        }
        if self.flush(state) == Fate::Gone {
            return Fate::Gone;
        }
        if self.paused && self.unsent.len() - self.sent <= MAX_UNSENT {
            self.paused = false;
            // The end of the client's half may have been announced while nothing was read.
            return self.read(state, true);
        }
        Fate::Waits
    }

    /// Memory of the connection, once frames are exchanged on it.
    pub(crate) fn open_memory(&mut self) -> Option<&mut M> {
        let is_open = self.phase == PeerPhase::Open && self.after == Next::Continue;
        is_open.then_some(&mut self.memory)
    }

    /// Sends frames that follow from no message of this connection.
    pub(crate) fn deliver<A, P: Pace>(
        &mut self,
        frames: &[u8],
        state: &mut ThreadState<A, P>,
    ) -> Fate {
        if self.phase != PeerPhase::Open {
            return Fate::Waits;
        }
        let fate = self.send(frames, state);
        if self.unsent.len() - self.sent > state.most_unsent {
            return self.end(Next::Reset);
        }
        fate
    }

    /// Sends answers that were held back.
    pub(crate) fn release<A, P: Pace>(
        &mut self,
        held: &Held,
        state: &mut ThreadState<A, P>,
    ) -> Fate {
        self.send(&held.bytes, state).or(|| self.follow(held.next))
    }

    /// Answers what a read brought.
    #[inline]
    fn take_in<A, P>(&mut self, input: &mut [u8], state: &mut ThreadState<A, P>) -> Fate
    where
        A: Answering<Memory = M>,
        P: Pace,
    {
        match self.phase {
            PeerPhase::Open => self.take_frames(input, state),
            PeerPhase::Opening => self.take_head(input, state),
            PeerPhase::Deaf => Fate::Waits,
        }
    }

    fn take_head<A, P>(&mut self, input: &mut [u8], state: &mut ThreadState<A, P>) -> Fate
    where
        A: Answering<Memory = M>,
        P: Pace,
    {
        #[cfg(feature = "http2")]
        match Preface::of(&self.partial, input) {
            Preface::Absent => {}
            preface => {
                self.partial.extend_from_slice(input);
                return match preface {
                    Preface::Whole => Fate::Multiplexed,
                    _ => Fate::Waits,
                };
            }
        }
        // Nearly every head comes whole and is read where it lies.
        if self.partial.is_empty() {
            let request = read_request(input);
            if let Ok(None) = request {
                self.partial.extend_from_slice(input);
            }
            return self.open(request, input, state);
        }
        let mut head = mem::take(&mut self.partial);
        head.extend_from_slice(input);
        let request = read_request(&head);
        if let Ok(None) = request {
            self.partial = head;
            return Fate::Waits;
        }
        self.open(request, &mut head, state)
    }

    /// Answers the request at the front of `input`, and the frames behind it.
    fn open<A, P>(
        &mut self,
        request: Result<Option<UpgradeRequest>, HandshakeError>,
        input: &mut [u8],
        state: &mut ThreadState<A, P>,
    ) -> Fate
    where
        A: Answering<Memory = M>,
        P: Pace,
    {
        state.out.clear();
        let (next, consumed) = match request {
            Ok(None) => return Fate::Waits,
            Ok(Some(request)) => {
                state.stats.upgraded += 1;
                self.phase = PeerPhase::Open;
                let compressor = state.compressor.as_ref();
                let terms = compressor.and_then(|compressor| request.compression(&compressor.wish));
                if let (Some(compressor), Some(terms)) = (compressor, &terms) {
                    self.wire.allow_compression();
                    self.codec = Some(compressor.codec(terms, self.max_message));
                }
                let (memory, out) = (&mut self.memory, &mut state.out);
                let next = state
                    .answering
                    .upgrade(memory, &request, terms.as_ref(), out);
                (next, request.consumed)
            }
            Err(error) => {
                state.stats.refused += 1;
                push_rejection(&mut state.out, error.rejection());
                (Next::Drain, input.len())
            }
        };
        // The upgrade is not an answer: it is never held back.
        let out = mem::take(&mut state.out);
        let fate = self.send(out.as_slice(), state).or(|| self.follow(next));
        state.out = out;
        if fate == Fate::Gone || self.phase != PeerPhase::Open || consumed == input.len() {
            return fate;
        }
        self.take_frames(&mut input[consumed..], state)
    }

    #[inline]
    fn take_frames<A, P>(&mut self, input: &mut [u8], state: &mut ThreadState<A, P>) -> Fate
    where
        A: Answering<Memory = M>,
        P: Pace,
    {
        state.out.clear();
        let answers = match (&mut self.codec, &mut state.compressor) {
            (Some(codec), Some(compressor)) => {
                let peer = CompressedConnection {
                    key: self.key,
                    codec,
                    wire: &mut self.wire,
                    message: &mut self.partial,
                };
                let (pace, out, stats) = (&mut state.pace, &mut state.out, &mut state.stats);
                Answers::Buffered(compressor.answer(peer, pace, input, out, stats))
            }
            _ => self.answer(input, state),
        };
        let next = match answers {
            Answers::Buffered(next) if self.partial.is_empty() && self.share.is_empty() => next,
            Answers::Buffered(next) => self.weighed(next, state),
            Answers::InPlace { kind, len } => {
                let start = input.len() - len;
                if let Some(frame) = frame_in_place(kind, input, start) {
                    return self.send(frame, state);
                }
                let out = &mut state.out;
                out.push_frame(true, kind.opcode(), None, &[&input[start..]]);
                Next::Continue
            }
        };
        if state.out.is_empty() && next == Next::Continue {
            return Fate::Waits;
        }
        let out = mem::take(&mut state.out);
        let fate = self.send(out.as_slice(), state).or(|| self.follow(next));
        state.out = out;
        fate
    }

    /// Counts the memory of the message that is not complete; where all of them take too much, this
    /// one is given up.
    #[cold]
    fn weighed<A, P>(&mut self, next: Next, state: &mut ThreadState<A, P>) -> Next {
        let taken = match self.partial.is_empty() {
            true => 0,
            false => self.partial.capacity() as u64,
        };
        if self.share.set(taken, &state.unfinished) || next != Next::Continue {
            return next;
        }
        state.stats.turned_away += 1;
        // Others have the memory from now on, not when this connection is closed.
        self.partial = Vec::new();
        self.share.clear();
        let reason = "messages that are not complete take too much memory";
        push_close(&mut state.out, None, Some(TRY_AGAIN_LATER), reason);
        Next::Drain
    }

    /// Answers frame by frame into the state's buffer.
    #[inline]
    fn answer<A, P>(&mut self, mut input: &mut [u8], state: &mut ThreadState<A, P>) -> Answers
    where
        A: Answering<Memory = M>,
        P: Pace,
    {
        let (memory, out, key) = (&mut self.memory, &mut state.out, self.key);
        let (answering, pace) = (&mut state.answering, &mut state.pace);
        loop {
            let (next, turn) = match self.wire.receive(&mut input) {
                Ok(None) => return Answers::Buffered(Next::Continue),
                Ok(Some(Event::Data {
                    kind,
                    bytes,
                    first: true,
                    last: true,
                })) => {
                    state.stats.messages += 1;
                    let len = bytes.len();
                    let alone = input.is_empty() && out.is_empty();
                    if A::VERBATIM && P::IMMEDIATE && len >= IN_PLACE && alone {
                        return Answers::InPlace { kind, len };
                    }
                    let next = answering.message(memory, kind, bytes, out);
                    (next, pace.message(key, out.as_slice(), next))
                }
                Ok(Some(Event::Data {
                    kind, bytes, last, ..
                })) => {
                    self.partial.extend_from_slice(bytes);
                    if !last {
                        continue;
                    }
                    state.stats.messages += 1;
                    let next = answering.message(memory, kind, &self.partial, out);
                    self.partial.clear();
                    self.partial.shrink_to(MAX_KEPT);
                    (next, pace.message(key, out.as_slice(), next))
                }
                Ok(Some(Event::Deflated { .. })) => continue, // nobody allowed compression
                Ok(Some(Event::Ping)) => {
                    answering.ping(memory, self.wire.control(), out);
                    (
                        Next::Continue,
                        pace.aside(key, out.as_slice(), Next::Continue),
                    )
                }
                Ok(Some(Event::Pong)) => continue,
                Ok(Some(Event::Close { code })) => {
                    let next = answering.close(memory, code, out);
                    (next, pace.aside(key, out.as_slice(), next))
                }
                Err(error) => {
                    state.stats.protocol_errors += 1;
                    push_close(out, None, Some(error.close_code()), &error.to_string());
                    (Next::Drain, pace.aside(key, out.as_slice(), Next::Drain))
                }
            };
            if turn != AnswerFate::AtOnce {
                out.clear();
            }
            if next != Next::Continue {
                match turn {
                    AnswerFate::AtOnce => return Answers::Buffered(next),
                    AnswerFate::Later => return Answers::Buffered(Next::Continue),
                    AnswerFate::Never => {}
                }
            }
        }
    }

    /// Sends, behind what is unsent; keeps what the socket does not take.
    #[inline]
    fn send<A, P: Pace>(&mut self, mut bytes: &[u8], state: &mut ThreadState<A, P>) -> Fate {
        if !self.unsent.is_empty() {
            self.unsent.push_raw(bytes);
            return Fate::Waits;
        }
        let mut front = state.pace.cut(bytes);
        while !bytes.is_empty() {
            let piece = match mem::take(&mut front) {
                0 => bytes,
                front => &bytes[..front],
            };
            match self.conduit.write(piece) {
                Ok(count) => {
                    state.stats.bytes_sent += count as u64;
                    bytes = &bytes[count..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.unsent.push_raw(bytes);
                    return self.listen_for(Interest::READABLE | Interest::WRITABLE, state);
                }
                Err(_) => return Fate::Gone,
            }
        }
        Fate::Waits
    }

    /// Sends what is unsent, as far as the socket takes it.
    fn flush<A, P>(&mut self, state: &mut ThreadState<A, P>) -> Fate {
        while self.sent < self.unsent.len() {
            match self.conduit.write(&self.unsent.as_slice()[self.sent..]) {
                Ok(count) => {
                    state.stats.bytes_sent += count as u64;
                    self.sent += count;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.forget_sent();
                    return Fate::Waits;
                }
                Err(_) => return Fate::Gone,
            }
        }
        self.unsent.clear();
        self.unsent.shrink(MAX_KEPT);
        self.sent = 0;
        let after = mem::replace(&mut self.after, Next::Continue);
        self.listen_for(Interest::READABLE, state)
            .or(|| self.follow(after))
    }

    /// Gives room back once more than half of what is unsent has been sent after all, so that each
    /// octet is moved a constant number of times.
    fn forget_sent(&mut self) {
        if self.sent > self.unsent.len() / 2 {
            self.unsent.consume(self.sent);
            self.sent = 0;
        }
    }

    /// Carries out what is to follow, now or once all is sent.
    #[inline]
    fn follow(&mut self, next: Next) -> Fate {
        if next == Next::Continue {
            return Fate::Waits;
        }
        self.end(next)
    }

    #[cold]
    fn end(&mut self, next: Next) -> Fate {
        if next == Next::Reset {
            self.conduit.reset();
            return Fate::Gone;
        }
        self.phase = PeerPhase::Deaf;
        self.partial = Vec::new();
        self.share.clear();
        if !self.unsent.is_empty() {
            self.after = next;
            return Fate::Waits;
        }
        match next {
            Next::Finish if self.conduit.finish() => Fate::Gone,
            Next::Drain => {
                self.presence = None;
                match self.conduit.shut_down() {
                    Ok(()) => Fate::Waits,
                    Err(_) => Fate::Gone,
                }
            }
            _ => Fate::Waits,
        }
    }

    #[cold]
    fn listen_for<A, P>(&mut self, interest: Interest, state: &ThreadState<A, P>) -> Fate {
        let listening = self
            .conduit
            .listen_for(&state.registry, self.token, interest);
        match listening {
            Ok(()) => Fate::Waits,
            Err(_) => Fate::Gone,
        }
    }
}
