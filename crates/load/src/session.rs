//! One connection's life: opening handshake, round trips, closing handshake.
//!
//! A state machine that is given bytes and `now` and leaves what it wants written in
//! `Common::out`. It knows no socket, chooses no time, and does not say which connection is
//! opened next; that is the driver's affair.

mod beating;
mod compressed;
mod ending;
mod keeping_alive;
mod login;
mod opening;
mod splitting;

pub use opening::{Encrypted, Opened};

use wsbench_setting::Text;
use wsbench_wire::close::push_close;
use wsbench_wire::connection::{Connection, Endpoint, Event, Limits, Utf8};
use wsbench_wire::deflate::Codec;
use wsbench_wire::excerpt::excerpt;
use wsbench_wire::opcode::OpCode;

use crate::context::Context;
use crate::exchange::{Exchange, Piece};
use crate::failure::FailureKind;
use crate::lag::Obstacle;
use crate::meter::Unanswered;
use crate::nanos::Nanos;
use crate::splitter::Splitter;
use crate::tally::Phase;
use keeping_alive::KeepAlive;
use login::LoggingIn;
use opening::Upgrading;
use splitting::{Violation, splitter};

/// Time that the closing handshake may take, and then the server's FIN (RFC 6455 section 7.1.1
/// lets the client wait "a reasonable period"). Some servers never close.
pub const CLOSE_WAIT: Nanos = Nanos::from_secs(1);
/// A server may send messages this much longer than ours before they are refused outright.
const MESSAGE_SLACK: u64 = 16 * 1024 * 1024;

/// One connection, on which exchange `X` takes place while it is open.
#[derive(Debug)]
pub struct Session<X> {
    /// Number of the connection over the whole run, and its place in it.
    number: u32,
    place: u32,
    /// Instant at which the connect call was made.
    since: Nanos,
    state: State,
    wire: Connection,
    /// Compresses and decompresses, where that was agreed upon.
    codec: Option<Box<Codec>>,
    /// Rare things, kept off the session's size.
    rare: Option<Box<Rare>>,
    exchange: X,
}

#[derive(Debug)]
enum State {
    Connecting,
    Upgrading(Box<Upgrading>),
    LoggingIn(Box<LoggingIn>),
    Open,
    /// A close frame has been sent.
    Closing {
        until: Nanos,
        replied: bool,
        /// The exchange had done all it had to.
        is_done: bool,
    },
    Ended,
}

#[derive(Debug, Default)]
struct Rare {
    /// Payload of the latest ping that could not be answered at once.
    owed_pong: Option<Vec<u8>>,
    /// Our own pings; `None` when the plan has none.
    keep_alive: Option<KeepAlive>,
    /// Splits what comes into units; `None` where a WebSocket message is one.
    splitter: Option<Splitter>,
}

/// Task of the driver after it has called a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum SessionStatus {
    /// Write `Common::out`, if anything is there, and go on.
    Continue,
    /// The same; and the connection has just become a WebSocket that messages may flow on: it is
    /// upgraded, and logged in where the plan says so. What came with that may have ended it already:
    /// ask `is_ended`.
    Upgraded,
    /// Write `Common::out`, if anything is there, and drop the connection. It ended as it
    /// should.
    Finished,
    /// The same, but it failed.
    Failed,
}

/// Loss of a connection, as the driver's socket tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The kind.
    pub kind: FailureKind,
    /// The same in words, with the settings that help.
    pub words: Text,
    /// Phase of the connection's life in which it happened, where that is not as far as the session
    /// had come: on our own machine (descriptors, ports), or in the TLS handshake.
    pub phase: Option<Phase>,
}

impl<X: Exchange> Session<X> {
    /// A connection number `number` whose connect call is being made, at a place of the run: those that
    /// follow each other at one do the same.
    #[must_use]
    pub fn new(number: u32, place: u32, now: Nanos, context: &Context<X::Local>) -> Self {
        let exchange = X::new(number, place, &context.common.speech, &context.local);
        let limits = limits(&exchange, context);
        Self {
            number,
            place,
            since: now,
            state: State::Connecting,
            // The bytes are compared with our own, which are valid; what differs is examined.
            wire: Connection::new(Endpoint::Client, limits, Utf8::Skip),
            codec: None,
            rare: splitter(&exchange, context).map(|splitter| {
                let rare = Rare {
                    splitter: Some(splitter),
                    ..Rare::default()
                };
                Box::new(rare)
            }),
            exchange,
        }
    }

    /// True if the connect call is under way.
    #[must_use]
    pub fn is_connecting(&self) -> bool {
        matches!(self.state, State::Connecting)
    }

    /// Whether the connection is being made: TCP, the upgrade or the login is under way.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        matches!(
            self.state,
            State::Connecting | State::Upgrading(_) | State::LoggingIn(_)
        )
    }

    /// True if messages may flow.
    #[inline]
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// The stay is over: begins nothing further, and closes once nothing is awaited.
    pub fn retire(&mut self, context: &mut Context<X::Local>, now: Nanos) {
        self.exchange.retire(now);
        if self.is_done() {
            self.finish(context, now);
        }
    }

    /// Instant at which the connect call was made.
    #[must_use]
    pub fn since(&self) -> Nanos {
        self.since
    }

    /// True if the session is over.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Requests in flight.
    #[inline]
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.exchange.in_flight()
    }

    /// True if any message was answered.
    #[must_use]
    pub fn has_answers(&self) -> bool {
        self.exchange.has_answers()
    }

    /// Bytes have been read; `received` is the clock right after that read.
    pub fn on_bytes(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        bytes: &mut [u8],
    ) -> SessionStatus {
        match &mut self.state {
            State::Open | State::Closing { .. } if context.common.is_plain_to_read => {
                self.on_frames::<true>(context, received, bytes)
            }
            State::Open | State::Closing { .. } => {
                self.on_frames::<false>(context, received, bytes)
            }
            State::Upgrading(upgrading) => {
                upgrading.head.extend_from_slice(bytes);
                self.on_head(context, received)
            }
            State::LoggingIn(_) => self.on_login_bytes(context, received, bytes),
            State::Connecting | State::Ended => SessionStatus::Continue,
        }
    }

    /// `PLAIN`: messages come as they are, and each is a unit; what else there may be costs nothing there.
    fn on_frames<const PLAIN: bool>(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        bytes: &mut [u8],
    ) -> SessionStatus {
        let mut input = bytes;
        let mut may_be_answers = PLAIN;
        loop {
            if may_be_answers && self.wire.is_between_messages() {
                let io = &mut context.io(&mut self.codec);
                may_be_answers = self.exchange.take_answers(io, received, &mut input);
            }
            match self.wire.receive(&mut input) {
                Ok(None) => break,
                Ok(Some(Event::Data {
                    kind, bytes, last, ..
                })) if PLAIN => {
                    let piece = Piece { kind, bytes, last };
                    let io = &mut context.io(&mut self.codec);
                    self.exchange.on_piece(io, received, piece);
                }
                Ok(Some(Event::Ping)) => self.push_pong(context),
                Ok(Some(Event::Pong)) => self.on_pong(context, received),
                Ok(Some(Event::Close { code })) => self.on_close_frame(context, received, code),
                Ok(Some(event)) => {
                    if let Err(violation) = self.take_message(context, received, event) {
                        return self.on_violation(context, received, &violation);
                    }
                }
                Err(error) => return self.on_violation(context, received, &error.into()),
            }
        }
        if self.is_done() {
            self.finish(context, received);
        }
        SessionStatus::Continue
    }

    /// True if this client has nothing left to do but to close.
    #[inline]
    fn is_done(&self) -> bool {
        self.is_open() && self.exchange.is_done()
    }

    /// What is due and waits could not be sent here until `now`: the socket took no bytes, or it waited for
    /// another session that has gone.
    pub fn on_unblocked(&mut self, now: Nanos, by: Obstacle) {
        self.exchange.on_unblocked(now, by);
    }

    /// Pings are answered with their own payload (RFC 6455 section 5.5.2). A server that does not
    /// read is owed one pong, to the latest ping (section 5.5.3), so that pongs cannot pile up.
    fn push_pong(&mut self, context: &mut Context<X::Local>) {
        if !matches!(self.state, State::Open | State::LoggingIn(_)) {
            return;
        }
        if context.common.congested {
            let latest = self.wire.control().to_vec();
            self.rare.get_or_insert_default().owed_pong = Some(latest);
            return;
        }
        let mask = context.common.mask();
        context
            .common
            .out
            .push_frame(true, OpCode::Pong, Some(mask), &[self.wire.control()]);
    }

    /// The server has taken what it had been written: answers its latest ping, if that is open.
    #[cold]
    pub fn push_owed_pong(&mut self, context: &mut Context<X::Local>) {
        let owed = self.rare.as_mut().and_then(|rare| rare.owed_pong.take());
        let is_up = matches!(self.state, State::Open | State::LoggingIn(_));
        if let (Some(payload), true) = (owed, is_up) {
            let mask = context.common.mask();
            context
                .common
                .out
                .push_frame(true, OpCode::Pong, Some(mask), &[&payload]);
        }
    }

    /// A pong that answers no ping of ours is unsolicited: allowed (RFC 6455 section 5.5.3), and
    /// counted apart. It is no answer: a server that sends pongs in place of echoes answers nothing.
    fn on_pong(&mut self, context: &mut Context<X::Local>, received: Nanos) {
        if !self.accept_pong(context, received) {
            context.common.meter.tally.pongs_unasked += 1;
        }
    }

    fn on_close_frame(
        &mut self,
        context: &mut Context<X::Local>,
        received: Nanos,
        code: Option<u16>,
    ) {
        // 1005 stands for "no code given" and never goes over the wire (section 7.4.1).
        *context
            .common
            .meter
            .tally
            .close_codes
            .entry(code.unwrap_or(1005))
            .or_default() += 1;
        if self.is_done() {
            // The close came in one read with the last answer; it might as well have come later.
            self.finish(context, received);
        }
        if let State::Closing { until, replied, .. } = &mut self.state {
            (*until, *replied) = (received + CLOSE_WAIT, true);
            return;
        }
        let in_flight = self.exchange.in_flight();
        let key = (Phase::Close, FailureKind::ClosedByServer, code);
        let reason = self.wire.close_reason();
        context.common.meter.fail_with(received, key, || {
            let code = code.map_or("no code".into(), |code| format!("code {code}"));
            let said = said(reason);
            format!(
                "the server closed with {code}{said} and {}",
                unanswered(in_flight)
            )
        });
        let mask = context.common.mask();
        push_close(&mut context.common.out, Some(mask), code, "");
        self.stop_load(context, received);
        self.give_up(context, received, Unanswered::Failed);
        self.state = State::Closing {
            until: received + CLOSE_WAIT,
            replied: true,
            is_done: false,
        };
    }

    #[cold]
    fn on_violation(
        &mut self,
        context: &mut Context<X::Local>,
        now: Nanos,
        violation: &Violation,
    ) -> SessionStatus {
        let meter = &mut context.common.meter;
        meter.fail(now, Phase::Frames, violation.kind(), || {
            compressed::told(violation)
        });
        if matches!(self.state, State::Open | State::LoggingIn(_)) {
            let mask = context.common.mask();
            let code = Some(violation.close_code());
            push_close(&mut context.common.out, Some(mask), code, "");
        }
        self.end(context, now, Unanswered::Failed);
        SessionStatus::Failed
    }

    /// Composes what is due after answers into `Common::out`. `now` is asked only where pauses end
    /// at times of their own.
    #[inline]
    pub fn pump(&mut self, context: &mut Context<X::Local>, now: impl FnOnce() -> Nanos) {
        let may_send = context.common.sending && self.is_open();
        let io = &mut context.io(&mut self.codec);
        self.exchange.pump(io, may_send, now);
    }

    /// Open loop: composes the message that was due at `due`, unless the connection takes none now;
    /// says whether it did.
    #[inline]
    pub fn send_due(&mut self, context: &mut Context<X::Local>, due: Nanos) -> bool {
        let may_send = context.common.sending && self.is_open();
        may_send
            && self
                .exchange
                .send_due(&mut context.io(&mut self.codec), due)
    }

    /// Instant at which `pump` has something to compose next; `None` when no time is known.
    #[inline]
    #[must_use]
    pub fn next_due(&self, context: &Context<X::Local>) -> Option<Nanos> {
        let may_send = context.common.sending && self.is_open();
        self.exchange.next_due().filter(|_| may_send)
    }

    /// The write that carries what was composed begins at `sent`.
    #[inline]
    pub fn on_sent(&mut self, context: &mut Context<X::Local>, sent: Nanos) {
        context.common.book_composed(sent);
        let io = &mut context.io(&mut self.codec);
        self.exchange.on_sent(io, sent);
    }
}

/// Limits of what is taken from a server, decompressed or not.
fn limits<X: Exchange>(exchange: &X, context: &Context<X::Local>) -> Limits {
    Limits {
        max_message: exchange.longest_answer(&context.local) * 2 + MESSAGE_SLACK,
    }
}

/// The words of the peer in quotation marks and brackets, behind a space; nothing where it said nothing.
fn said(words: &str) -> String {
    match excerpt(words.as_bytes()) {
        words if words.is_empty() => String::new(),
        words => format!(" (\"{words}\")"),
    }
}

/// `5 messages unanswered`.
fn unanswered(in_flight: u32) -> String {
    match in_flight {
        1 => "1 message unanswered".into(),
        many => format!("{many} messages unanswered"),
    }
}
