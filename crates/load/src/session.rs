//! One connection's life: opening handshake, round trips, closing handshake.
//!
//! A state machine that is given bytes and `now` and leaves what it wants written in
//! `Context::out`. It knows no socket, chooses no time, and does not say which connection is
//! opened next; that is the driver's affair.

mod compressed;
mod ending;
mod keeping_alive;
mod opening;
mod thinking;

pub use opening::{Encrypted, Opened};

use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Connection, Event, Limits, MessageKind, Role, Utf8};
use wsbench_wire::deflate::Codec;
use wsbench_wire::error::ProtocolError;
use wsbench_wire::frame::OpCode;

use crate::answer::{CutShort, Finding, Inquiry, Suspect};
use crate::context::Context;
use crate::failure::FailureKind;
use crate::identity::Identity;
use crate::lag::{Bar, Obstacle};
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::pairing::Pairing;
use crate::plan::Verify;
use crate::series::Series;
use crate::tally::{LogRecord, Phase};
use keeping_alive::KeepAlive;
use opening::Upgrading;
use thinking::Thoughts;

/// How long the closing handshake may take, and then the server's FIN (RFC 6455 section 7.1.1
/// lets the client wait "a reasonable period"). Some servers never close.
pub const CLOSE_WAIT: Nanos = Nanos::from_secs(1);
/// One write carries messages until it is this long.
const WRITE_AT_MOST: usize = 256 * 1024;
/// A server may send messages this much longer than ours before they are refused outright.
const MESSAGE_SLACK: u64 = 16 * 1024 * 1024;

/// One connection.
#[derive(Debug)]
pub struct Session {
    /// Number over the whole run, part of every tag.
    number: u32,
    /// Round trips that this client has still to begin; `u32::MAX` where connections are held.
    budget: u32,
    /// When the connect call was made; later, when the upgrade was complete.
    since: Nanos,
    /// When the latest answer (or the upgrade) was received: the next message is due then.
    freed: Nanos,
    /// What last kept the connection from taking messages.
    bar: Bar,
    /// Places in flight that think; `None` when the plan has no pauses.
    thoughts: Option<Box<Thoughts>>,
    /// Bytes of the message being received that have matched so far.
    matched: usize,
    /// The time under load has been booked.
    load_is_booked: bool,
    state: State,
    wire: Connection,
    pairing: Pairing,
    /// Compresses and decompresses, where that was agreed upon.
    codec: Option<Box<Codec>>,
    /// Rare things, kept off the session's size.
    rare: Option<Box<Rare>>,
}

#[derive(Debug)]
enum State {
    Connecting,
    Upgrading(Box<Upgrading>),
    Open,
    /// A close frame has been sent.
    Closing {
        until: Nanos,
        replied: bool,
    },
    Ended,
}

#[derive(Debug, Default)]
struct Rare {
    suspect: Option<Suspect>,
    cut_short: Option<CutShort>,
    /// Payload of the latest ping that could not be answered at once.
    owed_pong: Option<Vec<u8>>,
    /// Service times of a client in the client-replacement model, for the raw log.
    times: Vec<Nanos>,
    /// Its pings; `None` when the plan has none.
    keep_alive: Option<KeepAlive>,
}

/// What the driver has to do after it has called a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Write `Context::out`, if anything is there, and go on.
    Continue,
    /// The same; and the connection has just become a WebSocket. What came with the response may
    /// have ended it already: ask `is_ended`.
    Upgraded,
    /// Write `Context::out`, if anything is there, and drop the connection. It ended as it
    /// should.
    Finished,
    /// The same, but it failed.
    Failed,
}

/// How a connection was lost, as the driver's socket tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The kind.
    pub kind: FailureKind,
    /// In words.
    pub words: String,
    /// Where in the connection's life it happened, where that is not as far as the session had
    /// come: on our own machine (descriptors, ports), or in the TLS handshake.
    pub phase: Option<Phase>,
}

impl Session {
    /// A connection number `number` whose connect call is being made.
    #[must_use]
    pub fn new(number: u32, now: Nanos, context: &Context) -> Self {
        let budget = context.plan.clients.round_trips().unwrap_or(u32::MAX);
        let limits = limits(context);
        Self {
            number,
            budget,
            since: now,
            freed: now,
            bar: Bar::NONE,
            thoughts: context.plan.clients.think.map(|_| Box::default()),
            matched: 0,
            load_is_booked: false,
            state: State::Connecting,
            // The bytes are compared with our own, which are valid; what differs is examined.
            wire: Connection::new(Role::Client, limits, Utf8::Skip),
            pairing: Pairing::default(),
            codec: None,
            rare: None,
        }
    }

    /// Whether the connect call is under way.
    #[must_use]
    pub fn is_connecting(&self) -> bool {
        matches!(self.state, State::Connecting)
    }

    /// Whether the connection is being made: TCP or the upgrade is under way.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        matches!(self.state, State::Connecting | State::Upgrading(_))
    }

    /// Whether messages may flow.
    #[inline]
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Requests in flight.
    #[inline]
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.pairing.in_flight()
    }

    /// Whether any message was answered.
    #[must_use]
    pub fn has_answers(&self) -> bool {
        self.pairing.has_answers()
    }

    /// Bytes have been read; `received` is the clock right after that read.
    pub fn on_bytes(&mut self, context: &mut Context, received: Nanos, bytes: &mut [u8]) -> Flow {
        match &mut self.state {
            State::Open | State::Closing { .. } if context.compression.is_some() => {
                self.on_frames::<true>(context, received, bytes)
            }
            State::Open | State::Closing { .. } => {
                self.on_frames::<false>(context, received, bytes)
            }
            State::Upgrading(upgrading) => {
                upgrading.head.extend_from_slice(bytes);
                self.on_head(context, received)
            }
            State::Connecting | State::Ended => Flow::Continue,
        }
    }

    /// `COMPRESSION`: it was offered, which costs the plain path nothing where it was not.
    fn on_frames<const COMPRESSION: bool>(
        &mut self,
        context: &mut Context,
        received: Nanos,
        bytes: &mut [u8],
    ) -> Flow {
        let mut input = bytes;
        loop {
            match self.wire.receive(&mut input) {
                Ok(None) => break,
                Ok(Some(Event::Data {
                    kind, bytes, last, ..
                })) => {
                    if COMPRESSION {
                        Self::on_uncompressed(context, received, bytes.len(), last);
                    }
                    self.on_piece(context, received, kind, bytes, last);
                }
                Ok(Some(Event::Deflated { kind, bytes, last })) => {
                    let outcome = self.on_compressed(context, received, kind, bytes, last);
                    if let Err(error) = outcome {
                        return self.on_violation(context, received, &error);
                    }
                }
                Ok(Some(Event::Ping)) => self.push_pong(context),
                Ok(Some(Event::Pong)) => self.on_pong(context, received),
                Ok(Some(Event::Close { code })) => self.on_close_frame(context, received, code),
                Err(error) => return self.on_violation(context, received, &error),
            }
        }
        if self.has_done_its_round_trips() {
            self.finish(context, received);
        }
        Flow::Continue
    }

    /// Whether this client has nothing left to do but to close.
    #[inline]
    fn has_done_its_round_trips(&self) -> bool {
        self.is_open() && self.budget == 0 && self.pairing.in_flight() == 0
    }

    /// One piece of a message: compared where it stands, and collected only once it differs.
    #[inline]
    fn on_piece(
        &mut self,
        context: &mut Context,
        received: Nanos,
        kind: MessageKind,
        piece: &[u8],
        last: bool,
    ) {
        let collecting = self
            .rare
            .as_ref()
            .is_some_and(|rare| rare.suspect.is_some());
        if let (false, Some(oldest)) = (collecting, self.pairing.oldest()) {
            let identity = Identity {
                connection: self.number,
                sequence: oldest,
            };
            context.source.prepare(identity, self.pairing.oldest_due());
            let expected = context.source.message(identity);
            let (fits, complete) = match context.verify {
                Verify::Full => (
                    kind == context.source.kind() && expected.matches_at(self.matched, piece),
                    self.matched + piece.len() == expected.len(),
                ),
                Verify::Length => (
                    kind == context.source.kind() && self.matched + piece.len() <= expected.len(),
                    self.matched + piece.len() == expected.len(),
                ),
                Verify::None => (true, true),
            };
            if fits && !last {
                self.matched += piece.len();
                return;
            }
            if fits && complete {
                self.matched = 0;
                self.on_answer(context, received, oldest);
                return;
            }
        }
        self.on_suspicious_piece(context, received, kind, piece, last);
    }

    #[cold]
    fn on_suspicious_piece(
        &mut self,
        context: &mut Context,
        received: Nanos,
        kind: MessageKind,
        piece: &[u8],
        last: bool,
    ) {
        let rare = self.rare.get_or_insert_default();
        if rare.suspect.is_none() {
            let mut suspect = Suspect::new(kind);
            if let Some(sequence) = self.pairing.oldest() {
                let identity = Identity {
                    connection: self.number,
                    sequence,
                };
                context.source.prepare(identity, self.pairing.oldest_due());
                suspect.push_matched(context, identity, self.matched);
            }
            rare.suspect = Some(suspect);
            self.matched = 0;
        }
        let Some(suspect) = &mut rare.suspect else {
            return;
        };
        suspect.push(piece, context);
        if !last {
            return;
        }
        let Some(suspect) = rare.suspect.take() else {
            return;
        };
        let in_flight = self.pairing.in_flight();
        let mut inquiry = Inquiry {
            connection: self.number,
            pairing: &mut self.pairing,
            cut_short: &mut rare.cut_short,
            received,
        };
        match inquiry.judge(&suspect, context) {
            Finding::Answer(number) => self.on_answer(context, received, number),
            // A wrong answer frees its place in flight all the same.
            Finding::Fault => self.on_places_freed(context, received, in_flight),
        }
    }

    /// The right bytes for request `number` have come.
    #[inline]
    fn on_answer(&mut self, context: &mut Context, received: Nanos, number: u64) {
        let in_flight = self.pairing.in_flight();
        if number == 0 || context.meter.keeps_log() {
            self.on_notable_answer(context, received, number);
        } else {
            match self.pairing.answer(number) {
                crate::pairing::Matched::Answer { times, reordered } => {
                    context.meter.answered(times, received, reordered);
                }
                _ => self.on_repeated_answer(context, received, number),
            }
        }
        self.on_places_freed(context, received, in_flight);
    }

    /// There were `before` messages in flight; what is over by now has made room at `at`.
    #[inline]
    fn on_places_freed(&mut self, context: &mut Context, at: Nanos, before: u32) {
        if self.pairing.in_flight() == before {
            return;
        }
        self.freed = at;
        if before >= context.depth {
            self.bar = Bar {
                until: at,
                by: Obstacle::Limit,
            };
        }
        if self.thoughts.is_some() {
            self.think(context, at);
        }
    }

    /// The socket takes bytes again, which it did not until `now`.
    pub fn on_writable_again(&mut self, now: Nanos) {
        self.bar = Bar {
            until: now,
            by: Obstacle::Socket,
        };
    }

    #[cold]
    fn on_repeated_answer(&mut self, context: &mut Context, received: Nanos, number: u64) {
        self.inquiry(received, |inquiry| {
            inquiry.accept(number, context);
        });
    }

    /// An answer that more is done with than counting: the first one, and those that are logged.
    fn on_notable_answer(&mut self, context: &mut Context, received: Nanos, number: u64) {
        let times = self.pairing.times(number);
        let is_right = self.inquiry(received, |inquiry| inquiry.accept(number, context));
        let (Some(times), true) = (times, is_right) else {
            return;
        };
        if number == 0 {
            context.meter.tally.times[Series::FirstMessage].record(received - times.sent);
        }
        if !context.meter.keeps_log() {
            return;
        }
        if context.plan.logs_by_client() {
            self.rare
                .get_or_insert_default()
                .times
                .push(received - times.sent);
        } else if times.due >= context.meter.window().opens {
            context.meter.tally.log.push(LogRecord::RoundTrip {
                connection: self.number,
                sequence: number,
                due: times.due,
                sent: times.sent,
                received,
            });
        }
    }

    fn inquiry<T>(&mut self, received: Nanos, ask: impl FnOnce(&mut Inquiry<'_>) -> T) -> T {
        let mut cut_short = self.rare.as_ref().and_then(|rare| rare.cut_short);
        ask(&mut Inquiry {
            connection: self.number,
            pairing: &mut self.pairing,
            cut_short: &mut cut_short,
            received,
        })
    }

    /// Pings are answered with their own payload (RFC 6455 section 5.5.2). A server that does not
    /// read is owed one pong, to the latest ping (section 5.5.3), so that pongs cannot pile up.
    fn push_pong(&mut self, context: &mut Context) {
        if !self.is_open() {
            return;
        }
        if context.congested {
            let latest = self.wire.control().to_vec();
            self.rare.get_or_insert_default().owed_pong = Some(latest);
            return;
        }
        let mask = context.mask();
        context
            .out
            .push_frame(true, OpCode::Pong, Some(mask), &[self.wire.control()]);
    }

    /// The server has taken what it had been written: answers its latest ping, if that is open.
    #[cold]
    pub fn push_owed_pong(&mut self, context: &mut Context) {
        let owed = self.rare.as_mut().and_then(|rare| rare.owed_pong.take());
        if let (Some(payload), true) = (owed, self.is_open()) {
            let mask = context.mask();
            context
                .out
                .push_frame(true, OpCode::Pong, Some(mask), &[&payload]);
        }
    }

    /// A pong that answers no ping of ours is unsolicited: allowed (RFC 6455 section 5.5.3), but no
    /// answer. A server that sends pongs in place of echoes must not pass for a working one.
    fn on_pong(&mut self, context: &mut Context, received: Nanos) {
        if self.accept_pong(context, received) {
            return;
        }
        let len = self.wire.control().len();
        context
            .meter
            .fail(received, Phase::Answers, FailureKind::UnaskedPong, || {
                format!("a pong of {len} bytes that answers no ping of ours; a pong is no echo")
            });
    }

    fn on_close_frame(&mut self, context: &mut Context, received: Nanos, code: Option<u16>) {
        // 1005 stands for "no code given" and never goes over the wire (section 7.4.1).
        *context
            .meter
            .tally
            .close_codes
            .entry(code.unwrap_or(1005))
            .or_default() += 1;
        if self.has_done_its_round_trips() {
            // The close came in one read with the last answer; it might as well have come later.
            self.finish(context, received);
        }
        if let State::Closing { until, replied } = &mut self.state {
            (*until, *replied) = (received + CLOSE_WAIT, true);
            return;
        }
        let in_flight = self.pairing.in_flight();
        context
            .meter
            .fail(received, Phase::Close, FailureKind::ClosedByServer, || {
                let code = code.map_or("no code".into(), |code| format!("code {code}"));
                format!(
                    "the server closed with {code} and {}",
                    unanswered(in_flight)
                )
            });
        let mask = context.mask();
        push_close(&mut context.out, Some(mask), code, "");
        self.stop_load(context, received);
        self.give_up_in_flight(context, received, Unanswered::Failed);
        self.budget = self.budget.max(1); // it has not done its round trips and will not
        self.state = State::Closing {
            until: received + CLOSE_WAIT,
            replied: true,
        };
    }

    #[cold]
    fn on_violation(&mut self, context: &mut Context, now: Nanos, error: &ProtocolError) -> Flow {
        context
            .meter
            .fail(now, Phase::Frames, (*error).into(), || error.to_string());
        if self.is_open() {
            let mask = context.mask();
            push_close(&mut context.out, Some(mask), Some(error.close_code()), "");
        }
        self.end(context, now, Unanswered::Failed);
        Flow::Failed
    }

    /// Closed loop: composes what is due into `Context::out`, up to the depth in flight and within
    /// the quota.
    #[inline]
    pub fn pump(&mut self, context: &mut Context) {
        if !context.sending || !self.is_open() {
            return;
        }
        let due = self.freed.max(context.meter.window().load_from);
        while self.has_room(context) && self.budget > 0 && context.may_send(due) {
            if self.budget != u32::MAX {
                self.budget -= 1;
            }
            self.compose(context, due);
        }
    }

    /// Open loop: composes the message that was due at `due`, unless the connection has as many in
    /// flight as it may; says whether it did.
    #[inline]
    pub fn send_due(&mut self, context: &mut Context, due: Nanos) -> bool {
        let has_room = context.sending && self.is_open() && self.has_room(context);
        if has_room {
            self.compose(context, due);
        }
        has_room
    }

    /// Whether another message may be in flight, and its bytes in the present write.
    #[inline]
    fn has_room(&self, context: &Context) -> bool {
        self.pairing.in_flight() < context.depth && context.out.len() < WRITE_AT_MOST
    }

    #[inline]
    fn compose(&mut self, context: &mut Context, due: Nanos) {
        if !context.is_plain {
            return self.compose_in_pieces(context, due);
        }
        let sequence = self.pairing.compose(due);
        let mask = context.mask();
        let identity = Identity {
            connection: self.number,
            sequence,
        };
        context.source.prepare(identity, Some(due));
        let message = context.source.message(identity);
        let opcode = match context.source.kind() {
            MessageKind::Text => OpCode::Text,
            MessageKind::Binary => OpCode::Binary,
        };
        context
            .out
            .push_frame(true, opcode, Some(mask), &message.parts());
    }

    /// The write that carries what was composed begins at `sent`.
    #[inline]
    pub fn stamp(&mut self, context: &mut Context, sent: Nanos) {
        if !context.is_plain {
            Self::book_composed(context, sent);
        }
        let bar = self.bar;
        self.pairing.stamp(sent, |times, count| {
            context.meter.sent_behind(times, bar, count);
        });
    }
}

/// What is taken from a server, decompressed or not.
fn limits(context: &Context) -> Limits {
    Limits {
        max_message: context.plan.clients.exchange.payload.max_len() as u64 * 2 + MESSAGE_SLACK,
    }
}

/// `5 messages unanswered`.
fn unanswered(in_flight: u32) -> String {
    match in_flight {
        1 => "1 message unanswered".into(),
        many => format!("{many} messages unanswered"),
    }
}
